//! `lemmascope trace`: a proof's chain at one cell, link by link.

use std::process::ExitCode;
use std::sync::Mutex;

use serde::Serialize;

use super::evaluate::{GrowingSample, cell_from};
use super::json::{Measured, Number, cell_object, finite, pretty, shown_or_ln};
use super::options::{SamplingArguments, WatchArguments};
use super::print;
use super::watch::{Show, Stop, Watch};
use crate::claim::Claim;
use crate::error::{Error, INCOMPLETE, Result};
use crate::evidence::Evidence;
use crate::measurand::{LeastConstant, Link, first_failing};
use crate::measure::{Job, Sampling, chain, measure_observed};
use crate::measure::{Precision, Until};
use crate::record::hypotheses;
use crate::registry::{SUBJECTS, claims, find};
use crate::statement::Cell;
use crate::statement::{Bound, Hypothesis};
use crate::subject::{Kind, Ruling};
use crate::verdict::{pronounce, slack_log10};

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim.
    claim: String,
    /// A parameter, as NAME=VALUE (repeatable).
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    sampling: SamplingArguments,
    #[command(flatten)]
    watch: WatchArguments,
}

/// The experiment's name in the addresses of the random streams.
const EXPERIMENT: &str = "trace";

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let claim = find(&arguments.claim)?;
    let claim = &claim;
    let cell = cell_from(claim, &arguments.set)?;
    let bounds = claim.bounds(&cell)?;
    let traced = Traced { claim, cell: &cell, bounds: &bounds };
    // What is known of the links, which takes as long as the chain to find out: a signal waits for none of it.
    let links: Mutex<Option<Report>> = Mutex::default();
    let known = || links.lock().expect("no holder of the lock panics").clone();
    let sample = GrowingSample::default();
    let show = |links: Report, evidence: Option<&Evidence>, interrupted: Option<String>| {
        let report = links.with(&traced, evidence, interrupted);
        print(&if arguments.watch.json { pretty(&report) } else { report.text() })
    };
    let stopped = |stop: Stop| match known() {
        Some(links) => show(links, sample.last().as_ref(), Some(stop.reason)).map(|()| ExitCode::from(INCOMPLETE)),
        None => Err(Error::Interrupted(format!("{}: the proof's links are shown together, at their end", stop.reason))),
    };
    let precision = Precision { until: Until::Decided, ..Precision::default() };
    let line = |seconds: f64| match known() {
        None => format!("the proof of {}, {seconds:.0} s", claim.statement().id),
        Some(_) => format!("the statement itself{}", sample.progress(precision.replicates, seconds)),
    };
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let chain = chain(claim, EXPERIMENT, &cell, arguments.sampling.seed, 0.5 * arguments.sampling.alpha)?;
            if chain.is_empty() {
                return Err(no_chain(claim));
            }
            let report = Report::new(&traced, &chain)?;
            *links.lock().expect("no holder of the lock panics") = Some(report.clone());
            let sampling = Sampling { seed: arguments.sampling.seed, alpha: 0.5 * arguments.sampling.alpha, precision };
            let method = claim.methods()[0];
            let job = Job { claim, experiment: EXPERIMENT, cell: &cell, method, bounds: &bounds };
            let evidence = measure_observed(&job, &sampling, watch.flag(), &|evidence| sample.grow(evidence))?;
            watch.writing(|| show(report, Some(&evidence), None))?;
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// What is traced.
struct Traced<'a> {
    claim: &'a Claim,
    cell: &'a Cell,
    bounds: &'a [Bound],
}

fn no_chain(claim: &Claim) -> Error {
    let known: Vec<&str> = claims().map(Claim::id).collect();
    Error::input(format!(
        "the proof of {} has no link at this cell; try another cell, or evaluate; the claims are {}",
        claim.statement().id,
        known.join(", ")
    ))
}

#[derive(Clone, Serialize)]
struct Report {
    claim: String,
    cell: serde_json::Map<String, serde_json::Value>,
    links: Vec<Judged>,
    first_failing: Option<&'static str>,
    bounds: Vec<Whole>,
    hypotheses: Vec<Hypothesis>,
    outside: bool,
    /// Why the statement itself was not measured, or not to its end. Missing where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<String>,
}

/// The statement that the chain is to prove.
#[derive(Clone, Serialize)]
struct Whole {
    name: String,
    verdict: &'static str,
    slack_log10: Option<Number>,
}

#[derive(Clone, Serialize)]
struct Judged {
    name: &'static str,
    equation: &'static str,
    text: &'static str,
    relation: &'static str,
    /// ln of the left side.
    ln: Option<Number>,
    ln_right: Option<Number>,
    left: Measured,
    right: Measured,
    slack_log10: Option<Number>,
    verdict: &'static str,
    /// The constant for large enough values of which the source claims the link, and above which value it holds.
    for_large: Option<&'static str>,
    least_constant: Option<Number>,
    /// A value of it at which the link fails.
    refuted_constant: Option<Number>,
    #[serde(skip)]
    least: Option<LeastConstant>,
    /// The ruling on a link that fails.
    ruling: Option<Ruled>,
}

#[derive(Clone, Serialize)]
struct Ruled {
    id: String,
    kind: Kind,
}

impl Judged {
    fn new(claim: &Claim, cell: &Cell, link: &Link) -> Result<Self> {
        let least = match link.for_large {
            Some(_) => claim.least_constant(cell, link.name)?,
            None => None,
        };
        let verdict = link.verdict();
        let rulings = SUBJECTS.iter().filter(|_| verdict.is_missed()).flat_map(|subject| subject.rulings());
        let ruling = rulings.into_iter().find(|ruling: &Ruling| ruling.is_on(claim.id(), link.name));
        Ok(Judged {
            for_large: link.for_large,
            least_constant: least.and_then(|least| finite(least.holds)),
            refuted_constant: least.and_then(|least| finite(least.fails)),
            least,
            ruling: ruling.map(|ruling| Ruled { id: ruling.id, kind: ruling.kind }),
            name: link.name,
            equation: link.equation,
            text: link.text,
            relation: link.relation.name(),
            ln: link.left.ln.and_then(finite),
            ln_right: link.right.ln.and_then(finite),
            left: Measured::from(&link.left),
            right: Measured::from(&link.right),
            slack_log10: link.slack_log10().and_then(finite),
            verdict: verdict.name(),
        })
    }

    /// What is known of the constant of a link that is claimed for large ones.
    fn from(&self, constant: &str) -> String {
        let above = |value: f64| short(&value.to_string());
        match self.least {
            Some(least) if least.fails == f64::INFINITY => format!("no {constant} is large enough here"),
            Some(least) if least.holds.is_finite() => format!("holds here above {constant} = {}", above(least.holds)),
            Some(least) if least.fails > 0.0 => {
                format!("fails here at {constant} = {}; from which on it holds is not known", above(least.fails))
            }
            _ => "from which on it holds here is not known".into(),
        }
    }
}

impl Report {
    /// Nothing is said yet of the statement itself.
    fn new(traced: &Traced, links: &[Link]) -> Result<Self> {
        let Traced { claim, cell, .. } = *traced;
        Ok(Report {
            claim: claim.id().to_string(),
            cell: cell_object(cell),
            links: links.iter().map(|link| Judged::new(claim, cell, link)).collect::<Result<_>>()?,
            first_failing: first_failing(links).map(|link| link.name),
            bounds: Vec::new(),
            hypotheses: Vec::new(),
            outside: false,
            interrupted: None,
        })
    }

    /// With what is known of the statement itself; without evidence its hypotheses only.
    fn with(self, traced: &Traced, evidence: Option<&Evidence>, interrupted: Option<String>) -> Self {
        let Traced { claim, cell, bounds } = *traced;
        let whole = |evidence: &Evidence, bound: &Bound| Whole {
            name: bound.name.clone(),
            verdict: pronounce(claim.statement(), evidence, bound).name(),
            slack_log10: slack_log10(evidence, bound, claim.statement().relation).and_then(finite),
        };
        let hypotheses = evidence.map_or_else(|| claim.hypotheses(cell), |evidence| hypotheses(claim, cell, evidence));
        Report {
            bounds: evidence.iter().flat_map(|evidence| bounds.iter().map(|bound| whole(evidence, bound))).collect(),
            outside: hypotheses.iter().any(|condition| !condition.is_met()),
            hypotheses,
            interrupted,
            ..self
        }
    }

    fn text(&self) -> String {
        let cell: Vec<String> = self.cell.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut text = format!("{} at {}: its proof, link by link\n", self.claim, cell.join(" ").replace('"', ""));
        let width = self.links.iter().map(|link| link.equation.chars().count()).max().unwrap_or(0);
        for link in &self.links {
            let first = self.first_failing == Some(link.name);
            text += &format!(
                "{} {:width$}  {:17}  slack {:>12}  {}\n",
                if first { ">" } else { " " },
                link.equation,
                link.verdict,
                link.slack_log10.as_ref().map_or("none".into(), |slack| short(slack.get())),
                link.text,
            );
            if let Some(constant) = link.for_large {
                text += &format!("    claimed for large enough {constant}: {}\n", link.from(constant));
            }
            if let Some(Ruled { id, kind }) = &link.ruling {
                text += &format!("    {}: ruling {id}\n", kind.text());
            }
        }
        text += &match self.first_failing {
            Some(name) => {
                let link = self.links.iter().find(|link| link.name == name).expect("the failing link is one of them");
                let (left, right) =
                    (shown_or_ln(&link.left.value, &link.left.ln), shown_or_ln(&link.right.value, &link.right.ln));
                format!("the first link that fails is {name} ({}): {left} against {right}\n", link.equation)
            }
            None => "no link fails at this cell\n".into(),
        };
        for bound in &self.bounds {
            let slack =
                bound.slack_log10.as_ref().map_or(String::new(), |slack| format!(", slack {}", short(slack.get())));
            text += &format!("the statement itself ({}): {}{slack}\n", bound.name, bound.verdict);
        }
        if let Some(why) = &self.interrupted {
            text += &format!("{why}: the statement itself was not measured to its end\n");
        }
        let unmet: Vec<String> = self.hypotheses.iter().filter_map(Hypothesis::unmet).collect();
        if !unmet.is_empty() {
            text += &format!("outside the hypotheses: {}\n", unmet.join("; "));
        }
        text.trim_end().to_string()
    }
}

/// A slack with six digits, for people.
fn short(number: &str) -> String {
    number.parse::<f64>().map_or(number.into(), |value| format!("{value:.6}"))
}
