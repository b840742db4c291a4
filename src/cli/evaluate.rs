//! `lemmascope evaluate`: one cell of one claim.

use std::process::ExitCode;
use std::sync::Mutex;

use serde::Serialize;

use super::json::{Measured, Number, cell_object, finite, json_number, pretty, printed, shown_or_ln};
use super::options::{CommandArguments, SamplingArguments, WatchArguments};
use super::progress::left;
use super::watch::{Show, Stop, Watch};
use super::what_if::WhatIfArguments;
use super::{parse_alpha, parse_count, print};
use crate::claim::Claim;
use crate::error::{Error, INCOMPLETE, Result};
use crate::evidence::{Evidence, Method, Shows};
use crate::measure::{Job, Sampling, measure_observed};
use crate::measure::{Precision, Until};
use crate::numeric::number;
use crate::record::hypotheses;
use crate::statement::Cell;
use crate::statement::{Bound, Hypothesis};
use crate::verdict::{pronounce, slack_log10, vacuous};

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim.
    claim: String,
    /// A parameter, as NAME=VALUE (repeatable).
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    what_if: WhatIfArguments,
    /// The method; by default the claim's most exact one.
    #[arg(long)]
    method: Option<String>,
    /// The most replicates a sampling method may take.
    #[arg(long, default_value_t = 100_000, value_parser = parse_count)]
    replicates: u64,
    /// The relative width of the interval at which sampling stops.
    #[arg(long, default_value_t = 0.01, value_parser = parse_alpha)]
    relative: f64,
    #[command(flatten)]
    commands: CommandArguments,
    #[command(flatten)]
    sampling: SamplingArguments,
    #[command(flatten)]
    watch: WatchArguments,
}

/// The experiment's name in the addresses of the random streams.
const EXPERIMENT: &str = "evaluate";

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.commands.apply();
    let (claim, _) = &arguments.what_if.claim(&arguments.claim)?;
    let cell = cell_from(claim, &arguments.set)?;
    let method = match &arguments.method {
        Some(name) => claim.method(name)?,
        None => claim.methods()[0],
    };
    let precision = Precision { relative: arguments.relative, replicates: arguments.replicates, until: Until::Precise };
    let sampling = Sampling { seed: arguments.sampling.seed, alpha: arguments.sampling.alpha, precision };
    let bounds = claim.bounds(&cell)?;
    let job = Job { claim, experiment: EXPERIMENT, cell: &cell, method, bounds: &bounds };
    let show = |evidence: &Evidence, interrupted: Option<String>| {
        let report = Report::new(claim, &cell, evidence, &bounds, interrupted);
        print(&if arguments.watch.json { pretty(&report) } else { report.text() })
    };
    let sample = GrowingSample::default();
    let stopped = |stop: Stop| match sample.last() {
        Some(evidence) => show(&evidence, Some(stop.reason)).map(|()| ExitCode::from(INCOMPLETE)),
        None => Err(nothing_yet(claim, method, &stop)),
    };
    let line = |seconds: f64| {
        format!("{} by {}{}", claim.statement().id, method.name(), sample.progress(arguments.replicates, seconds))
    };
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let evidence = measure_observed(&job, &sampling, watch.flag(), &|evidence| sample.grow(evidence))?;
            watch.writing(|| show(&evidence, None))?;
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// The error of a measurement that has nothing to show before its end.
pub fn nothing_yet(claim: &Claim, method: Method, stop: &Stop) -> Error {
    let Stop { reason, .. } = stop;
    Error::Interrupted(format!(
        "{reason}: {} by {} has nothing to show before its end",
        claim.statement().id,
        method.name()
    ))
}

/// The evidence of a sample that grows on another thread.
#[derive(Default)]
pub struct GrowingSample(Mutex<Option<Evidence>>);

impl GrowingSample {
    /// Takes the sample's state.
    pub fn grow(&self, evidence: &Evidence) {
        *self.0.lock().expect("no holder of the lock panics") = Some(evidence.clone());
    }

    /// The last state.
    pub fn last(&self) -> Option<Evidence> {
        self.0.lock().expect("no holder of the lock panics").clone()
    }

    /// How far it is in words, given the seconds that it took; it may be large enough before it takes the most replicates.
    pub fn progress(&self, most: u64, seconds: f64) -> String {
        match self.last().map(|evidence| evidence.work).filter(|work| *work > 0) {
            Some(work) => {
                let rest = most.saturating_sub(work) as f64 * seconds / work as f64;
                format!(": {work} of at most {most} replicates, {seconds:.0} s{} at most", left(Some(rest)))
            }
            None => format!(", {seconds:.0} s"),
        }
    }
}

/// The cell that `--set NAME=VALUE` options name.
pub fn cell_from(claim: &Claim, set: &[String]) -> Result<Cell> {
    claim.cell(assignments(set)?)
}

/// The names and values of `--set NAME=VALUE` options.
pub fn assignments(set: &[String]) -> Result<Vec<(&str, &str)>> {
    let given = set.iter().map(|text| {
        text.split_once('=')
            .ok_or_else(|| Error::input(format!("--set {text}: write --set NAME=VALUE, such as --set k=64")))
    });
    given.collect()
}

#[derive(Serialize)]
struct Report {
    claim: String,
    cell: serde_json::Map<String, serde_json::Value>,
    measured: Measured,
    bounds: Vec<Judged>,
    relation: &'static str,
    hypotheses: Vec<Hypothesis>,
    outside: bool,
    bearing: Shows,
    /// Why the sample ended before it was large enough; its interval holds all the same. Missing where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<String>,
}

#[derive(Serialize)]
struct Judged {
    name: String,
    relation: &'static str,
    /// Missing where it has no decimal digits: its log has them.
    value: Option<Number>,
    ln: Option<Number>,
    slack_log10: Option<Number>,
    vacuous: bool,
    verdict: &'static str,
}

impl Report {
    fn new(claim: &Claim, cell: &Cell, evidence: &Evidence, bounds: &[Bound], interrupted: Option<String>) -> Self {
        let about = claim.statement();
        let judged = |bound: &Bound| Judged {
            name: bound.name.clone(),
            relation: bound.relation.unwrap_or(about.relation).name(),
            value: bound.non_positive.map_or_else(|| printed(bound.ln), |value| Some(json_number(number(value)))),
            ln: finite(bound.ln),
            slack_log10: slack_log10(evidence, bound, about.relation).and_then(finite),
            vacuous: vacuous(bound, about.relation, about.quantity),
            verdict: pronounce(claim.statement(), evidence, bound).name(),
        };
        let conditions: Vec<Hypothesis> = hypotheses(claim, cell, evidence);
        Report {
            claim: about.id.clone(),
            cell: cell_object(cell),
            measured: Measured::from(evidence),
            bounds: bounds.iter().map(judged).collect(),
            relation: about.relation.name(),
            bearing: evidence.bearing.shows(about.relation),
            outside: conditions.iter().any(|condition| !condition.is_met()),
            hypotheses: conditions,
            interrupted,
        }
    }

    fn text(&self) -> String {
        let cell: Vec<String> = self.cell.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let measured = &self.measured;
        let mut text = format!(
            "{} at {}\nmeasured  {}  in [{}, {}]  by {}, work {}\n",
            self.claim,
            cell.join(" ").replace('"', ""),
            shown_or_ln(&measured.value, &measured.ln),
            shown_or_ln(&measured.lo, &measured.ln_lo),
            shown_or_ln(&measured.hi, &measured.ln_hi),
            measured.method,
            measured.work
        );
        if let Some(law) = &measured.law {
            text += &format!("worst law {law}\n");
        }
        for bound in &self.bounds {
            let slack = bound.slack_log10.as_ref().map_or(String::new(), |slack| format!(", slack {}", slack.get()));
            let vacuous = if bound.vacuous { ", vacuous" } else { "" };
            let value = shown_or_ln(&bound.value, &bound.ln);
            text += &format!("{:9} {} {value}: {}{slack}{vacuous}\n", bound.name, bound.relation, bound.verdict);
        }
        for condition in &self.hypotheses {
            let state = match condition.met {
                Some(true) => "met      ",
                Some(false) => "UNMET    ",
                None => "UNKNOWN  ",
            };
            text += &format!("{state}  {}\n", condition.name);
        }
        if let Some(caution) = self.bearing.caution() {
            text += &format!("{caution}\n");
        }
        if let Some(why) = &self.interrupted {
            text += &format!("{why}: the interval is that of the replicates so far\n");
        }
        if self.outside {
            text += "outside the hypotheses: the statement does not speak of this cell\n";
        }
        text.trim_end().to_string()
    }
}
