//! `lemmascope run`: measures experiments and leaves records, plots and a summary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::dry_run::Estimates;
use super::json::pretty;
use super::options::{CiArguments, ExperimentArguments, MeasuringArguments, SamplingArguments};
use super::plot::draw_all;
use super::progress::left;
use super::watch::{Show, Stop, Watch};
use super::{FailOn, VERBOSE, note, print, thread_pool};
use crate::error::{Error, FAILED, Result};
use crate::experiment::{Experiment, judged_by};
use crate::output::FolderLock;
use crate::record::Record;
use crate::run::outlook::{Left, Outlook};
use crate::run::shard::Shard;
use crate::run::{Conditions, Plan, Takes, checkpoint};
use crate::show::ci::{Case, Gate, Rule};
use crate::show::report::folder::Folder;
use crate::show::report::gate::counted;
use crate::show::report::joined::{Set, join};
use crate::show::summary;
use crate::store::{self, Store};
use crate::verdict::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chosen: ExperimentArguments,
    /// The folder for records, plots and the summary.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    #[command(flatten)]
    measuring: MeasuringArguments,
    #[command(flatten)]
    sampling: SamplingArguments,
    /// Measure part I of N only, into the file shard-I-of-N.cells of the results' folder; lemmascope merge joins the parts. auto, or
    /// auto/N, takes I from SLURM_ARRAY_TASK_ID, HQ_TASK_ID or PARALLEL_SEQ.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    shard: Option<Shard>,
    /// Measure nothing: say which cells would be, and about how long that and how much memory it would take.
    #[arg(long, conflicts_with = "shard")]
    dry_run: bool,
    #[command(flatten)]
    shown: Shown,
}

/// What is shown of records that are written, and what makes the exit code.
#[derive(clap::Args)]
pub struct Shown {
    /// Exit with 1 where a judged bound is violated inside its hypotheses; refuted: also where a constant is refuted.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Exit with 3 where a judged bound stays undecided at a cell inside the hypotheses.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub ci: CiArguments,
    /// Print JSON: the files and the verdict table.
    #[arg(long)]
    json: bool,
    /// A bound that decides the exit code (repeatable); by default those that each experiment names under judge, or else the
    /// printed one.
    #[arg(long, value_name = "BOUND")]
    pub judge: Vec<String>,
    /// Show no progress and no table.
    #[arg(long)]
    pub quiet: bool,
}

fn parse_shard(text: &str) -> std::result::Result<Shard, String> {
    Shard::parse(text, |name| std::env::var(name).ok())
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.measuring.commands.apply();
    arguments.shown.ci.check()?;
    let plan = Plan {
        experiments: judged_by(arguments.chosen.read()?, &arguments.shown.judge)?,
        seed: arguments.sampling.seed,
        alpha: arguments.sampling.alpha,
        effort: arguments.measuring.effort.into(),
        shares: BTreeMap::new(),
    };
    let threads = arguments.measuring.threads.map_or_else(rayon::current_num_threads, usize::from);
    let estimates = || Estimates::new(&plan, &arguments.out, threads);
    if arguments.dry_run {
        print(&if arguments.shown.json { pretty(&estimates()) } else { estimates().text() })?;
        return Ok(ExitCode::SUCCESS);
    }
    if VERBOSE.load(Ordering::Relaxed) {
        note(&estimates().text().replace(". Nothing was measured", ""));
    }
    let tasks = arguments.shard.map_or_else(|| plan.tasks(), |shard| shard.tasks(&plan));
    let outlook = Outlook::new(&plan, &tasks, &arguments.out);
    watched(&outlook, (arguments.measuring.time_limit, arguments.shown.quiet), |watch| match arguments.shard {
        None => measure_and_show(plan, &outlook, arguments, watch),
        Some(shard) => measure_shard(&plan, shard, &outlook, arguments, watch),
    })
}

/// Carries out a run while its progress is shown.
pub fn watched(
    outlook: &Outlook,
    limits: (Option<f64>, bool),
    work: impl FnOnce(&Watch) -> Result<ExitCode>,
) -> Result<ExitCode> {
    let show = Show { line: &|seconds| progress(outlook, seconds), stopped: &|stop| Err(interruption(outlook, stop)) };
    Watch::over(limits, &show, work)
}

/// How far a run is, and how long it will still take.
fn progress(outlook: &Outlook, seconds: f64) -> String {
    let (done, total) = outlook.counts();
    let rest = match outlook.left().filter(|_| outlook.is_open()) {
        Some(Left { seconds, unknown: 0 }) => left(Some(seconds)),
        Some(Left { seconds, unknown }) => format!(
            ", more than {seconds:.0} s left: {} of a kind of which none is measured yet",
            counted(unknown, "cell")
        ),
        None => String::new(),
    };
    format!("{done}/{total} cells, {seconds:.0} s{rest}")
}

/// The error of a run that was stopped, once all that it has measured is kept.
fn interruption(outlook: &Outlook, stop: Stop) -> Error {
    // What ended by itself has kept everything.
    if stop.ended.is_none() && outlook.is_open() {
        outlook.wait_until_kept(PATIENCE);
    }
    let (done, total) = outlook.counts();
    Error::Interrupted(format!(
        "{}: {done} of {total} cells are measured and kept; continue with --resume",
        stop.reason
    ))
}

/// How long a full disk may hinder the last checkpoint.
const PATIENCE: Duration = Duration::from_secs(5);

fn measure_and_show(plan: Plan, outlook: &Outlook, arguments: &Arguments, watch: &Watch) -> Result<ExitCode> {
    let _lock = FolderLock::take(&arguments.out)?;
    let takes = Takes::of(arguments.measuring.resume, arguments.measuring.fresh);
    if takes == Takes::Own {
        match checkpoint::read_own(&arguments.out, &plan.design()?) {
            Ok(kept) if kept.is_empty() => {}
            Ok(_) => note("going on with what an interrupted run of this design has kept here"),
            Err(error) => note(&format!("{error}; without --resume this run measures it again")),
        }
    }
    let store = (!arguments.measuring.fresh).then(|| kept(&arguments.out));
    let pool = thread_pool(arguments.measuring.threads)?;
    let conditions = Conditions {
        out: &arguments.out,
        takes,
        store: store.as_ref(),
        timings: &arguments.out,
        interrupted: watch.flag(),
        progress: &|event, place| outlook.note(event, place),
    };
    pool.install(|| crate::run::run(&plan, &conditions))?;
    show(plan, &arguments.out, &arguments.chosen.files, &arguments.shown, (&pool, store.as_ref()), watch)
}

/// What earlier runs into a folder of results have measured; what cannot be taken over is said, and replaced.
pub fn kept(out: &Path) -> Store {
    let path = store::path(out);
    Store::read(&path).unwrap_or_else(|refused| {
        refused.text(&path).iter().for_each(|text| note(text));
        Store::new(path, "")
    })
}

/// Measures a part of a run into its file.
fn measure_shard(
    plan: &Plan,
    shard: Shard,
    outlook: &Outlook,
    arguments: &Arguments,
    watch: &Watch,
) -> Result<ExitCode> {
    let out = &arguments.out;
    let (store, said) = match arguments.measuring.fresh {
        true => (shard.begin(plan, out)?, None),
        false => shard.open(plan, out, arguments.measuring.resume)?,
    };
    said.iter().for_each(|text| note(text));
    let conditions = Conditions {
        out,
        takes: Takes::Nothing,
        store: Some(&store),
        timings: out,
        interrupted: watch.flag(),
        progress: &|event, place| outlook.note(event, place),
    };
    let file = thread_pool(arguments.measuring.threads)?.install(|| shard.run(plan, &store, &conditions))?;
    let next = "lemmascope merge DIR... joins the parts when all are measured";
    if arguments.shown.json {
        print(&pretty(&serde_json::json!({ "shard": file, "out": out, "next": next })))?;
    } else if !arguments.shown.quiet {
        print(&format!("this part is in {}; {next}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Draws the plots and writes the pages of a run whose records are there; prints the verdict table.
pub fn show(
    plan: Plan,
    out: &Path,
    files: &[PathBuf],
    shown: &Shown,
    (pool, store): (&rayon::ThreadPool, Option<&Store>),
    watch: &Watch,
) -> Result<ExitCode> {
    let (shares, design) = (plan.shares(), plan.design()?);
    let names: Vec<String> = plan.experiments.iter().map(|experiment| experiment.name.clone()).collect();
    let folder = Folder::read(out, plan.experiments, files)?;
    let sets: Vec<Set> = folder.sets().into_iter().filter(|(own, _)| names.contains(&own.name)).collect();
    pool.install(|| draw_all(&sets, out, watch, &AtomicUsize::new(0), store))?;
    store.map_or(Ok(()), Store::save)?;
    super::report::write(&folder, out, watch)?;
    let tallies = summary::tally(sets.iter().copied());
    checkpoint::remove(out, &design);
    if shown.json {
        let records: Vec<PathBuf> = names.iter().map(|name| out.join(format!("{name}.csv"))).collect();
        print(&pretty(&serde_json::json!({ "records": records, "out": out, "alpha": shares, "tallies": tallies })))?;
    } else if !shown.quiet && !shown.ci.annotates() {
        print(&summary::table(&tallies))?;
        let crate::run::Shares { alpha, intervals, each, covers } = shares;
        print(&format!(
            "chance of error at most {alpha} over {intervals} intervals, {each:.3e} each; it covers {covers}"
        ))?;
        print(&format!(
            "records, plots and pages are in {0}; open {0}/{1} in a browser",
            out.display(),
            super::report::REPORT
        ))?;
    }
    gate(&sets, shown)
}

/// The exit code: what the judged bounds say. What makes it fail is listed, also where nothing else is shown.
fn gate(sets: &[Set], shown: &Shown) -> Result<ExitCode> {
    let mut gate = Gate::default();
    for set in sets {
        gate.cases.extend(cases(*set, shown));
    }
    let judged = gate.cases.iter().any(|case| case.rule != Some(Rule::Failed));
    if (shown.fail_on.is_some() || shown.strict) && !judged {
        gate.cases.push(Case::of_gate(Rule::NothingJudged));
    }
    if !shown.ci.annotates() {
        gate.cases.iter().filter(|case| case.rule.is_some()).for_each(|case| note(&failure(case)));
    }
    shown.ci.write(&gate)?;
    let has = |wanted: &[Rule]| gate.cases.iter().any(|case| case.rule.is_some_and(|rule| wanted.contains(&rule)));
    Ok(match () {
        () if has(&[Rule::Violated, Rule::Refuted]) => ExitCode::from(1),
        () if has(&[Rule::Failed]) => ExitCode::from(FAILED),
        () if has(&[Rule::NothingJudged]) => ExitCode::from(1),
        () if has(&[Rule::Undecided]) => ExitCode::from(3),
        () => ExitCode::SUCCESS,
    })
}

/// What the gate looks at of one experiment: cells that could not be measured, and the judged bounds' verdicts.
fn cases((experiment, records): Set, shown: &Shown) -> Vec<Case> {
    let fails = |verdict: Verdict| match (shown.fail_on, verdict) {
        (Some(_), Verdict::Violated) => Some(Rule::Violated),
        (Some(FailOn::Refuted), verdict) if verdict.is_missed() => Some(Rule::Refuted),
        _ => None,
    };
    let failed = records.iter().filter(|record| record.verdict == Verdict::Failed);
    let failed =
        failed.map(|record| Case::new(experiment, record, Some(Rule::Failed), format!("failed: {}", record.reason())));
    let mut cases: Vec<Case> = failed.collect();
    for bound in judged_bounds(experiment, records) {
        let joined = join([(experiment, records)], |record| record.bound == bound);
        for joined in joined.iter().filter(|joined| !joined.best.outside() && joined.best.verdict != Verdict::Failed) {
            let open = shown.strict && joined.best.verdict == Verdict::Undecided;
            let (record, rule) = match joined.missed.and_then(|record| Some((record, fails(record.verdict)?))) {
                Some((record, rule)) => (record, Some(rule)),
                None => (joined.best, open.then_some(Rule::Undecided)),
            };
            cases.push(Case::new(experiment, record, rule, said(record)));
        }
    }
    cases
}

/// The names of the bounds that an experiment's exit code looks at.
fn judged_bounds<'a>(experiment: &Experiment, records: &'a [Record]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for record in records {
        if experiment.judges(&record.bound) && !names.contains(&record.bound.as_str()) {
            names.push(&record.bound);
        }
    }
    names
}

/// The verdict and the slack.
fn said(record: &Record) -> String {
    let slack = record.slack_log10.map_or(String::new(), |slack| format!(", slack {slack:.4}"));
    format!("{}{slack}", record.verdict.name())
}

/// Lines on a case that makes the exit code: what, where, by how much, and how to measure it again.
fn failure(case: &Case) -> String {
    let Case { experiment, bound, cell, text, command, .. } = case;
    if cell.is_empty() { text.clone() } else { format!("{experiment}: {bound} at {cell}: {text}\n    {command}") }
}
