//! `lemmascope merge`: joins the shards of a run into its records, plots and pages.

use std::path::PathBuf;
use std::process::ExitCode;

use super::run::{Shown, kept, show, watched};
use super::thread_pool;
use crate::error::Result;
use crate::experiment::judged_by;
use crate::output::FolderLock;
use crate::run::outlook::Outlook;
use crate::run::shard::{Joined, join};
use crate::run::{Conditions, Plan, Takes};

#[derive(clap::Args)]
pub struct Arguments {
    /// The folders of the shards, each shard in one of them only. The experiments' files are read again, from where the shards
    /// read them.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// The folder for records, plots and the summary.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// The number of threads; by default one per core. The records do not depend on it.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    shown: Shown,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let joined = join(&arguments.folders)?;
    let Joined { plan, .. } = &joined;
    let outlook = Outlook::new(plan, &plan.tasks(), &arguments.out);
    watched(&outlook, (None, arguments.shown.quiet), |watch| {
        let _lock = FolderLock::take(&arguments.out)?;
        let store = kept(&arguments.out);
        let plan = joined.into_store(&store);
        let plan = Plan { experiments: judged_by(plan.experiments, &arguments.shown.judge)?, ..plan };
        let pool = thread_pool(arguments.threads)?;
        let conditions = Conditions {
            out: &arguments.out,
            takes: Takes::Nothing,
            store: Some(&store),
            timings: &arguments.out,
            interrupted: watch.flag(),
            progress: &|event, place| outlook.note(event, place),
        };
        pool.install(|| crate::run::run(&plan, &conditions))?;
        let files: Vec<PathBuf> = plan.experiments.iter().filter_map(|own| own.path.clone()).collect();
        show(plan, &arguments.out, &files, &arguments.shown, (&pool, Some(&store)), watch)
    })
}
