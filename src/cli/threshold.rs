//! `lemmascope threshold`: from which value of a parameter on a claim's probability reaches a level.

use std::process::ExitCode;
use std::sync::Mutex;

use serde::Serialize;

use super::evaluate::nothing_yet;
use super::options::{CommandArguments, SamplingArguments, WatchArguments};
use super::progress::left;
use super::watch::{Show, Stop, Watch};
use super::{parse_count, print};
use crate::claim::Claim;
use crate::error::{Error, INCOMPLETE, Result};
use crate::evidence::{Evidence, Shows};
use crate::measure::threshold::{Crossing, MOST_TRIALS, Question, Threshold, allowance};
use crate::numeric::number;
use crate::registry::find;
use crate::statement::{Bound, PRINTED};
use crate::statement::{Cell, Value};
use crate::verdict::pronounce;

/// Find the least value of a parameter at which a claim's probability reaches a level, beside what the claim asks for.
///
/// The probability has to grow with the parameter, as it does with n (more vectors never hurt) and with eps. Values are
/// tried from the least up by doubling, then between those proved below the level and those proved to reach it; a probability
/// that falls with the parameter reaches its level at the range's least value, if anywhere. All limits hold together with
/// chance of error at most --alpha.
#[derive(clap::Args)]
pub struct Arguments {
    /// The claim.
    claim: String,
    /// One of the other parameters, as NAME=VALUE (repeatable).
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The parameter to vary: a number with which the probability grows.
    #[arg(long, value_name = "NAME")]
    find: String,
    /// The level; by default the claim's own bound at each value, but at least 1/2.
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    probability: Option<f64>,
    /// Between which values, both included; by default the range that the claim declares for searches.
    #[arg(long, value_name = "LO..HI", value_parser = parse_range)]
    within: Option<(f64, f64)>,
    /// The method; by default the claim's most exact one.
    #[arg(long)]
    method: Option<String>,
    /// The most replicates that one value may take.
    #[arg(long, default_value_t = 20_000, value_parser = parse_count)]
    replicates: u64,
    #[command(flatten)]
    commands: CommandArguments,
    #[command(flatten)]
    sampling: SamplingArguments,
    #[command(flatten)]
    watch: WatchArguments,
}

fn parse_range(text: &str) -> std::result::Result<(f64, f64), String> {
    let ends = text.split_once("..").and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    ends.filter(|(low, high): &(f64, f64)| low.is_finite() && high.is_finite())
        .ok_or_else(|| format!("write LO..HI, such as 1..64, not {text:?}"))
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.commands.apply();
    let claim = find(&arguments.claim)?;
    let method = match &arguments.method {
        Some(name) => claim.method(name)?,
        None => claim.methods()[0],
    };
    let question =
        Question { find: arguments.find.clone(), probability: arguments.probability, within: arguments.within };
    let given = arguments.set.iter().map(|text| match text.split_once('=') {
        Some((name, _)) if name == arguments.find => {
            Err(Error::input(format!("{name} is to be found: leave it out of --set, or bound it with --within LO..HI")))
        }
        Some(pair) => Ok(pair),
        None => Err(Error::input(format!("--set {text}: write --set NAME=VALUE, such as --set k=64"))),
    });
    let given = given.collect::<Result<Vec<_>>>()?;
    let threshold = Threshold::new(&claim, &question, method)?;
    let asked = threshold.clone().into_claim();
    let cell = asked.cell(given)?;
    let show = |crossing: &Crossing, interrupted: Option<String>| {
        let report = Report::new(&claim, arguments, (&threshold, &asked, &cell), crossing, interrupted);
        print(&if arguments.watch.json {
            serde_json::to_string_pretty(&report).expect("a report has only texts and numbers")
        } else {
            report.text()
        })
    };
    let known: Mutex<Option<Crossing>> = Mutex::default();
    let last = || known.lock().expect("no holder of the lock panics").clone();
    let stopped = |stop: Stop| match last() {
        Some(crossing) => show(&crossing, Some(stop.reason)).map(|()| ExitCode::from(INCOMPLETE)),
        None => Err(nothing_yet(&claim, method, &stop)),
    };
    let line = |seconds: f64| progress(&threshold, &arguments.find, last().as_ref(), seconds);
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let observe = |crossing: Crossing| *known.lock().expect("no holder of the lock panics") = Some(crossing);
            let allowance = allowance(arguments.sampling.alpha, arguments.replicates, watch.flag());
            let crossing = threshold.search_observed(&cell, arguments.sampling.seed, &allowance, &observe)?;
            watch.writing(|| show(&crossing, None))?;
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// How far a search is. On the way up nobody knows its end; between two values the trials are halvings, each as dear as the
/// dearest so far.
fn progress(threshold: &Threshold, find: &str, known: Option<&Crossing>, seconds: f64) -> String {
    let Some(crossing) = known else { return format!("{find}: {seconds:.0} s") };
    let Crossing { lo, hi, trials, .. } = crossing;
    let place = hi.map_or(format!("at least {}", number(*lo)), |hi| format!("in [{}, {}]", number(*lo), number(hi)));
    let dearest = trials.iter().map(|trial| trial.evidence.work).max().unwrap_or(0) as f64;
    let rest =
        threshold.halvings(crossing).map(|halvings| halvings * dearest * seconds / crossing.work().max(1) as f64);
    format!("{find} {place}: {} values tried, {seconds:.0} s{}", trials.len(), left(rest))
}

/// A number as JSON: whole ones without a point.
fn json(value: f64) -> serde_json::Value {
    serde_json::from_str(&number(value)).unwrap_or(serde_json::Value::Null)
}

#[derive(Serialize)]
struct Report {
    claim: String,
    cell: serde_json::Map<String, serde_json::Value>,
    find: String,
    /// The level that was asked for; none where it is the claim's own.
    probability: Option<f64>,
    measured: Measured,
    asks: Option<serde_json::Value>,
    verdict: Option<&'static str>,
    bearing: Shows,
    /// The chance that the interval misses the threshold, which all values share.
    alpha: f64,
    /// The share of each value that is tried.
    alpha_each: f64,
    /// In which order values are tried; least means least in this parameter alone.
    order: String,
    seed: u64,
    /// Why the search ended early; its limits hold all the same. Missing where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<String>,
    trials: Vec<Tried>,
}

#[derive(Serialize)]
struct Measured {
    value: Option<serde_json::Value>,
    lo: serde_json::Value,
    /// None where no value is proved to reach the level.
    hi: Option<serde_json::Value>,
    work: u64,
}

#[derive(Serialize)]
struct Tried {
    value: serde_json::Value,
    level: f64,
    measured: Option<f64>,
    lo: f64,
    hi: f64,
    work: u64,
    side: &'static str,
}

impl Report {
    fn new(
        claim: &Claim,
        arguments: &Arguments,
        (threshold, asked, cell): (&Threshold, &Claim, &Cell),
        crossing: &Crossing,
        interrupted: Option<String>,
    ) -> Self {
        let value = |value: &Value| match value {
            Value::Integer(value) => serde_json::json!(value),
            Value::Real(value) => json(*value),
            other => serde_json::json!(other.to_string()),
        };
        let asks = threshold.asks(cell);
        let evidence = Evidence { bearing: asked.bearing(cell), ..crossing.evidence() };
        let verdict =
            asks.map(|value| pronounce(asked.statement(), &evidence, &Bound::from_value(PRINTED, value)).name());
        Report {
            claim: claim.id().to_string(),
            cell: cell.iter().map(|(name, v)| (name.to_string(), value(v))).collect(),
            find: arguments.find.clone(),
            probability: arguments.probability,
            measured: Measured {
                value: crossing.estimate.map(json),
                lo: json(crossing.lo),
                hi: crossing.hi.map(json),
                work: crossing.work(),
            },
            asks: asks.map(json),
            verdict,
            bearing: evidence.bearing.shows(asked.statement().relation),
            alpha: arguments.sampling.alpha,
            alpha_each: arguments.sampling.alpha / MOST_TRIALS as f64,
            order: format!(
                "{} from the least value up by doubling, then between those proved below and those proved to reach the level",
                arguments.find
            ),
            seed: arguments.sampling.seed,
            interrupted,
            trials: crossing
                .trials
                .iter()
                .map(|trial| Tried {
                    value: json(trial.value),
                    level: trial.ln_level.exp(),
                    measured: trial.evidence.ln.map(f64::exp),
                    lo: trial.evidence.ln_lo.exp(),
                    hi: trial.evidence.ln_hi.exp(),
                    work: trial.evidence.work,
                    side: trial.side.name(),
                })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let cell: Vec<String> = self.cell.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let level = self.probability.map_or("the claim's own level".to_string(), number);
        let (find, measured) = (&self.find, &self.measured);
        let mut text = format!(
            "{} at {}\nleast {find} at which the probability reaches {level}\n",
            self.claim,
            cell.join(" ").replace('"', "")
        );
        let value = measured.value.as_ref().map_or("unknown".to_string(), |value| value.to_string());
        let limits = match &measured.hi {
            Some(hi) => format!("in [{}, {hi}]", measured.lo),
            None => format!("at least {}; no greater value is proved to reach the level", measured.lo),
        };
        text += &format!(
            "measured  {value}  {limits}  with {} replicates at {} values\n",
            measured.work,
            self.trials.len()
        );
        match (&self.asks, self.verdict) {
            (Some(asks), Some(verdict)) => text += &format!("the claim asks for {asks}: {verdict}\n"),
            _ => text += &format!("the claim asks nothing of {find} by itself\n"),
        }
        if let Some(caution) = self.bearing.caution().filter(|_| self.verdict.is_some()) {
            text += &format!("{caution}\n");
        }
        if let Some(why) = &self.interrupted {
            text += &format!("{why}: the limits are those of the values tried so far\n");
        }
        text += &format!("alpha {}, {} for each value; tried: {}\n", self.alpha, self.alpha_each, self.order);
        for trial in &self.trials {
            let measured = trial.measured.map_or("unknown".to_string(), |p| format!("{p:.4}"));
            text += &format!(
                "  {find} = {}: {measured} in [{:.4}, {:.4}], {} {:.4}\n",
                trial.value, trial.lo, trial.hi, trial.side, trial.level
            );
        }
        text.trim_end().to_string()
    }
}
