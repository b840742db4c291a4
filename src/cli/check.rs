//! `lemmascope check`: measures again and compares the verdicts with a baseline's: the gate of a CI.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::json::pretty;
use super::{DEFAULT_ALPHA, DEFAULT_SEED, parse_alpha, print};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, read_all};
use crate::record::{self, Record};
use crate::runner::{self, Conditions, Effort, Finished, Plan};

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments; without any, all of the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records that are known.
    #[arg(long, value_name = "DIR", default_value = "results")]
    baseline: PathBuf,
    /// The seed of the random streams.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = super::parse_seed)]
    seed: u64,
    /// The chance that any verdict is wrong.
    #[arg(long, default_value_t = DEFAULT_ALPHA, value_parser = parse_alpha)]
    alpha: f64,
    /// Exit with 3 where a cell inside the hypotheses is undecided that the baseline does not know as such.
    #[arg(long)]
    strict: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One verdict that the baseline does not have.
#[derive(Serialize, PartialEq, Debug)]
struct Difference {
    experiment: String,
    cell: String,
    method: String,
    bound: String,
    /// Missing where the baseline does not have the cell.
    known: Option<String>,
    verdict: String,
}

#[derive(Serialize)]
struct Report {
    cells: usize,
    /// Violated bounds that the baseline does not know, and verdicts that changed.
    failures: Vec<Difference>,
    /// Undecided cells that the baseline does not know.
    undecided: Vec<Difference>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let plan = Plan {
        experiments: read_all(&arguments.files)?,
        seed: arguments.seed,
        alpha: arguments.alpha,
        effort: Effort::Default,
    };
    let baseline = plan.experiments.iter().map(|experiment| known(experiment, &arguments.baseline));
    let baseline = baseline.collect::<Result<Vec<_>>>()?;
    let fresh = measure(&plan)?;
    let mut report = Report { cells: 0, failures: Vec::new(), undecided: Vec::new() };
    for ((experiment, known), records) in plan.experiments.iter().zip(&baseline).zip(&fresh) {
        report.cells += records.len();
        compare(&experiment.name, known, records, &mut report);
    }
    print(&if arguments.json { pretty(&report) } else { report.text() })?;
    Ok(match () {
        () if !report.failures.is_empty() => ExitCode::from(1),
        () if arguments.strict && !report.undecided.is_empty() => ExitCode::from(3),
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
    if path.exists() { record::read(&path) } else { Ok(Vec::new()) }
}

/// Measures into a folder of its own, which is gone afterwards.
fn measure(plan: &Plan) -> Result<Vec<Vec<Record>>> {
    let folder = tempfile::tempdir()
        .map_err(|source| Error::Write { path: std::env::temp_dir().display().to_string().into(), source })?;
    let interrupted = AtomicBool::new(false);
    let conditions =
        Conditions { out: folder.path(), shard: None, resume: false, interrupted: &interrupted, progress: &|_, _| {} };
    let Finished::Complete(paths) = runner::run(plan, &conditions)? else {
        return Err(Error::input("a check measures everything; it has no parts"));
    };
    paths.iter().map(|path| record::read(path)).collect()
}

fn compare(experiment: &str, known: &[Record], fresh: &[Record], report: &mut Report) {
    let key = |record: &Record| {
        let method = record.columns.get("method").cloned().unwrap_or_default();
        (record.key.clone(), method, record.bound.clone())
    };
    let known: BTreeMap<_, &Record> = known.iter().map(|record| (key(record), record)).collect();
    for record in fresh.iter().filter(|record| !record.outside()) {
        let (cell, method, bound) = key(record);
        let before = known.get(&(cell.clone(), method.clone(), bound.clone())).map(|known| known.verdict.clone());
        if before.as_ref() == Some(&record.verdict) {
            continue;
        }
        let verdict = record.verdict.clone();
        let (is_new, fails) = (before.is_none(), verdict == "violated");
        let difference =
            Difference { experiment: experiment.into(), cell, method, bound, known: before, verdict: verdict.clone() };
        match verdict.as_str() {
            _ if fails || !is_new => report.failures.push(difference),
            "undecided" => report.undecided.push(difference),
            _ => {}
        }
    }
}

impl Report {
    fn text(&self) -> String {
        let line = |what: &str, difference: &Difference| {
            let Difference { experiment, cell, method, bound, known, verdict } = difference;
            let known = known.as_ref().map_or("not in the baseline".into(), |known| format!("{known} in the baseline"));
            format!("{what}  {experiment} ({bound}, {method}) at {}: {verdict}, {known}\n", cell.replace(';', " "))
        };
        let mut text = String::new();
        self.failures.iter().for_each(|difference| text += &line("FAIL     ", difference));
        self.undecided.iter().for_each(|difference| text += &line("undecided", difference));
        text + &format!(
            "{} verdicts: {} failures against the baseline, {} undecided that it does not know",
            self.cells,
            self.failures.len(),
            self.undecided.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(k: u32, verdict: &str, outside: bool) -> Record {
        Record {
            claim: "nsn-box".into(),
            columns: BTreeMap::from([("method".to_string(), "quadrature".to_string())]),
            key: format!("k={k}"),
            ln_measured: None,
            ln_lo: 0.0,
            ln_hi: 0.0,
            bound: "printed".into(),
            ln_bound: None,
            slack_log10: None,
            unmet: if outside { vec!["k >= 16".into()] } else { vec![] },
            vacuous: false,
            verdict: verdict.into(),
        }
    }

    #[test]
    fn new_violations_and_changed_verdicts_fail_and_known_ones_do_not() {
        let known = [record(1, "violated", false), record(2, "holds", false), record(3, "undecided", false)];
        let fresh = [
            record(1, "violated", false),
            record(2, "violated", false),
            record(3, "holds", false),
            record(4, "violated", false),
            record(5, "undecided", false),
            record(6, "holds", false),
            record(7, "violated", true),
        ];
        let mut report = Report { cells: 7, failures: Vec::new(), undecided: Vec::new() };
        compare("e", &known, &fresh, &mut report);
        let cells = |list: &[Difference]| list.iter().map(|d| d.cell.clone()).collect::<Vec<_>>();
        assert_eq!(cells(&report.failures), ["k=2", "k=3", "k=4"]);
        assert_eq!(cells(&report.undecided), ["k=5"]);
        assert!(report.text().contains("violated, holds in the baseline"));
    }
}
