//! `lemmascope run`: measures experiments and leaves records, plots and a summary.

use std::path::PathBuf;
use std::process::ExitCode;

use super::json::pretty;
use super::plot::draw_all;
use super::progress::Progress;
use super::{DEFAULT_ALPHA, DEFAULT_SEED, EffortName, FailOn, interruptible, note, parse_alpha, print};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, read_all};
use crate::fit;
use crate::output::write_whole;
use crate::record::{self, Record};
use crate::runner::{self, Conditions, Finished, Plan, Shard, checkpoint};
use crate::summary;

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments; without any, all of the folder experiments.
    files: Vec<PathBuf>,
    /// The folder for records, plots and the summary.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// The seed of the random streams.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = super::parse_seed)]
    seed: u64,
    /// How many threads; all cores without it. The records do not depend on it.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The chance that any verdict of the run is wrong.
    #[arg(long, default_value_t = DEFAULT_ALPHA, value_parser = parse_alpha)]
    alpha: f64,
    /// How many replicates are spent.
    #[arg(long, value_enum, default_value = "default")]
    effort: EffortName,
    /// Measure part I of N only, and keep it as a checkpoint; run --resume merges the parts.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    shard: Option<Shard>,
    /// Take over what checkpoints in the results' folder hold.
    #[arg(long)]
    resume: bool,
    /// Exit with 1 where a bound is violated inside its hypotheses.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Exit with 3 where a cell inside the hypotheses stays undecided.
    #[arg(long)]
    strict: bool,
    /// Print JSON: the files and the verdict table.
    #[arg(long)]
    json: bool,
    /// Show no progress and no table.
    #[arg(long)]
    quiet: bool,
}

fn parse_shard(text: &str) -> std::result::Result<Shard, String> {
    let parts: Option<(usize, usize)> =
        text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    match parts {
        Some((index, count)) if 1 <= index && index <= count => Ok(Shard { index: index - 1, count }),
        _ => Err("write I/N with 1 <= I <= N, such as 1/4".into()),
    }
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let plan = Plan {
        experiments: read_all(&arguments.files)?,
        seed: arguments.seed,
        alpha: arguments.alpha,
        effort: arguments.effort.into(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads.unwrap_or(0).into())
        .build()
        .map_err(|error| Error::input(format!("cannot start threads ({error}); name fewer with --threads")))?;
    let design = plan.design()?;
    if !arguments.resume && arguments.shard.is_none() && !checkpoint::own_files(&arguments.out, &design).is_empty() {
        note("checkpoints of this run are here and not taken over; --resume would go on with them");
    }
    let finished = pool.install(|| measure(&plan, arguments))?;
    let Finished::Complete(paths) = finished else {
        if !arguments.quiet {
            print("this part is measured; when all parts' checkpoints are in the folder, run --resume merges them")?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let records = paths.iter().map(|path| record::read(path)).collect::<Result<Vec<_>>>()?;
    let sets: Vec<(&Experiment, &[Record])> = plan.experiments.iter().zip(records.iter().map(Vec::as_slice)).collect();
    pool.install(|| draw_all(&sets, &arguments.out))?;
    if let Some(fits) = fit::to_csv(&sets) {
        write_whole(&arguments.out.join("fits.csv"), &fits)?;
    }
    let origin = format!(
        "lemmascope {}, seed {}, chance that any verdict is wrong at most {}.",
        env!("CARGO_PKG_VERSION"),
        arguments.seed,
        arguments.alpha
    );
    super::report::write(&sets, &arguments.out, &origin)?;
    let tallies = summary::tally(sets);
    write_whole(&arguments.out.join("summary.md"), summary::markdown(&tallies, &origin).as_bytes())?;
    checkpoint::remove(&arguments.out, &design);
    if arguments.json {
        print(&pretty(&serde_json::json!({ "records": paths, "out": arguments.out, "tallies": tallies })))?;
    } else if !arguments.quiet {
        print(&summary::table(&tallies))?;
        print(&format!("records, plots, summary.md and findings.md are in {}", arguments.out.display()))?;
    }
    let any = |count: fn(&summary::Tally) -> usize| tallies.iter().any(|tally| count(tally) > 0);
    Ok(match () {
        () if arguments.fail_on == Some(FailOn::Violated) && any(|tally| tally.violated) => ExitCode::from(1),
        () if arguments.strict && any(|tally| tally.undecided) => ExitCode::from(3),
        () => ExitCode::SUCCESS,
    })
}

/// Measures with a progress bar, until done or Ctrl-C.
fn measure(plan: &Plan, arguments: &Arguments) -> Result<Finished> {
    let interrupted = interruptible("stopping after the cells under way; Ctrl-C again stops at once")?;
    let progress = Progress::new(arguments.quiet);
    let conditions = Conditions {
        out: &arguments.out,
        shard: arguments.shard,
        resume: arguments.resume,
        interrupted: &interrupted,
        progress: &|done, total| progress.show(done, total),
    };
    let finished = runner::run(plan, &conditions);
    progress.finish();
    finished
}
