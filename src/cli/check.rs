//! `lemmascope check`: measures again and compares the verdicts with a baseline's: the gate of a CI.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::json::pretty;
use super::options::{CiArguments, ExperimentArguments, MeasuringArguments, SamplingArguments};
use super::run::{kept, watched};
use super::watch::Watch;
use super::{note, print, thread_pool};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, judged_by};
use crate::output::{FolderLock, write_together};
use crate::record::{self, Record};
use crate::run::outlook::Outlook;
use crate::run::{Conditions, Plan, Takes, checkpoint};
use crate::show::report::folder::record_files;
use crate::show::report::gate::Comparison;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chosen: ExperimentArguments,
    /// The folder of the baseline's records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    baseline: PathBuf,
    /// A bound that decides the exit code (repeatable); by default those that each experiment names under judge, or else the
    /// printed one.
    #[arg(long, value_name = "BOUND")]
    judge: Vec<String>,
    /// Write the fresh records over the baseline's, after showing what changes.
    #[arg(long)]
    accept: bool,
    #[command(flatten)]
    measuring: MeasuringArguments,
    #[command(flatten)]
    sampling: SamplingArguments,
    /// Exit with 3 where a cell inside the hypotheses is undecided that is not so in the baseline.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    ci: CiArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress; what fails is still listed.
    #[arg(long)]
    quiet: bool,
}

/// The folder within the baseline's in which a check keeps what it has measured until it ends.
const SCRATCH: &str = ".check";

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.measuring.commands.apply();
    arguments.ci.check()?;
    let experiments = judged_by(arguments.chosen.read()?, &arguments.judge)?;
    let known =
        experiments.iter().map(|experiment| known(experiment, &arguments.baseline)).collect::<Result<Vec<_>>>()?;
    let plan = Plan {
        shares: shares(&experiments, &known),
        experiments,
        seed: arguments.sampling.seed,
        alpha: arguments.sampling.alpha,
        effort: arguments.measuring.effort.into(),
    };
    let outlook = Outlook::new(&plan, &plan.tasks(), &arguments.baseline);
    watched(&outlook, (arguments.measuring.time_limit, arguments.quiet), |watch| {
        let fresh = measure(&plan, &outlook, arguments, watch)?;
        watch.writing(|| compare(&plan, &known, &fresh, arguments))
    })
}

/// Compares what was measured with what is known; shows the differences, or takes them over.
fn compare(plan: &Plan, known: &[Vec<Record>], fresh: &[Fresh], arguments: &Arguments) -> Result<ExitCode> {
    let mut comparison = Comparison::default();
    for ((experiment, known), fresh) in plan.experiments.iter().zip(known).zip(fresh) {
        comparison.add(experiment, |bound| experiment.judges(bound), known, &fresh.records);
    }
    if arguments.chosen.is_all() {
        unmeasured(&plan.experiments, &arguments.baseline, &mut comparison)?;
    }
    if arguments.json {
        print(&pretty(&comparison))?;
    } else if !arguments.ci.annotates() {
        print(&comparison.text())?;
    }
    arguments.ci.write(&comparison.gate())?;
    if arguments.accept {
        let files: Vec<(PathBuf, &[u8])> =
            fresh.iter().map(|fresh| (fresh.path(&arguments.baseline), &*fresh.csv)).collect();
        write_together(&files)?;
        note(&format!("the baseline {} holds the fresh records now", arguments.baseline.display()));
        return Ok(ExitCode::SUCCESS);
    }
    Ok(match () {
        () if !comparison.passes() => ExitCode::from(1),
        () if arguments.strict && !comparison.undecided.is_empty() => ExitCode::from(3),
        () => ExitCode::SUCCESS,
    })
}

/// The baseline's records of an experiment; none where it has none of this name.
fn known(experiment: &Experiment, baseline: &Path) -> Result<Vec<Record>> {
    if !baseline.is_dir() {
        return Err(Error::input(format!(
            "the baseline {} is not a folder; write it with lemmascope run --out {}",
            baseline.display(),
            baseline.display()
        )));
    }
    let path = baseline.join(format!("{}.csv", experiment.name));
    let records = if path.exists() { record::read(&path)? } else { Vec::new() };
    let same = |record: &&Record| {
        record.claim != experiment.claim.statement().id
            || record.what_if != experiment.claim.what_if()
            || (!experiment.chain && record.formula != experiment.claim.formula(&record.bound))
    };
    match records.iter().find(same) {
        None => Ok(records),
        Some(other) => Err(Error::OtherDesign(format!(
            "{} is of another claim than the experiment makes now: there, {} is {} {} of {}{}; measure the baseline again \
             with lemmascope run --out {}, or take the fresh records with check --accept after moving it away",
            path.display(),
            other.bound,
            other.relation,
            other.formula,
            other.claim,
            if other.what_if.is_empty() { String::new() } else { format!(" ({})", other.what_if) },
            baseline.display()
        ))),
    }
}

/// The chance of error that each cell of the baseline took, but for proved ones: the same cells of a smaller run are as strict.
fn shares(experiments: &[Experiment], known: &[Vec<Record>]) -> BTreeMap<String, f64> {
    let share = |(experiment, records): (&Experiment, &Vec<Record>)| {
        let least = records.iter().map(|record| record.alpha).filter(|alpha| *alpha > 0.0).reduce(f64::min)?;
        Some((experiment.name.clone(), least))
    };
    experiments.iter().zip(known).filter_map(share).collect()
}

/// Counts the files of the baseline that no experiment measures.
fn unmeasured(experiments: &[Experiment], baseline: &Path, comparison: &mut Comparison) -> Result<()> {
    let measured: BTreeSet<&str> = experiments.iter().map(|experiment| experiment.name.as_str()).collect();
    for name in record_files(baseline)?.into_iter().filter(|name| !measured.contains(name.as_str())) {
        note(&format!("{name}.csv of the baseline is measured by no experiment; remove it, or bring {name}.toml back"));
        comparison.add_unmeasured(&record::read(&baseline.join(format!("{name}.csv")))?);
    }
    Ok(())
}

/// What was measured of one experiment.
struct Fresh {
    name: String,
    csv: Vec<u8>,
    records: Vec<Record>,
}

impl Fresh {
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.csv", self.name))
    }
}

/// Measures into a folder of its own, which is gone afterwards; after an interruption it waits there for --resume.
fn measure(plan: &Plan, outlook: &Outlook, arguments: &Arguments, watch: &Watch) -> Result<Vec<Fresh>> {
    let lock = FolderLock::take(&arguments.baseline.join(SCRATCH))?;
    let scratch = arguments.baseline.join(SCRATCH);
    // What is measured is kept beside the baseline, where the next run or check finds it.
    let store = (!arguments.measuring.fresh).then(|| kept(&arguments.baseline));
    let conditions = Conditions {
        out: &scratch,
        takes: Takes::of(arguments.measuring.resume, arguments.measuring.fresh),
        store: store.as_ref(),
        timings: &arguments.baseline,
        interrupted: watch.flag(),
        progress: &|event, unit| outlook.note(event, unit),
    };
    let measured = thread_pool(arguments.measuring.threads)?.install(|| crate::run::run(plan, &conditions));
    // Kept where something is to be resumed, and else removed.
    let paths = measured.inspect_err(|_| checkpoint::remove_if_empty(&scratch))?;
    let read = |(path, experiment): (&PathBuf, &Experiment)| {
        let csv = std::fs::read(path).map_err(Error::read(path))?;
        Ok(Fresh { name: experiment.name.clone(), csv, records: record::read(path)? })
    };
    let fresh = paths.iter().zip(&plan.experiments).map(read).collect::<Result<Vec<_>>>()?;
    drop(lock);
    std::fs::remove_dir_all(&scratch).map_err(Error::write(&scratch))?;
    Ok(fresh)
}
