//! `lemmascope falsify`: looks for the cell at which a bound fails.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::json::{Measured, Number, Span, cell_object, finite, json_number, pretty, printed, shown_or_ln};
use super::options::{CommandArguments, SamplingArguments};
use super::watch::{Show, Stop, Watch};
use super::what_if::WhatIfArguments;
use super::{FailOn, note, parse_count, parse_seconds, print};
use crate::claim::Claim;
use crate::error::{Error, INCOMPLETE, Result};
use crate::falsify::certify::{certify_one, summary};
use crate::falsify::lab::{Lab, Seen};
use crate::falsify::region::Region;
use crate::falsify::space::Space;
use crate::falsify::{Constant, Finding, Plan, Shares, falsify, reproduce};
use crate::measure::constants::Interval;
use crate::measure::what_if::Changes;
use crate::numeric::{for_people, number};
use crate::random::Address;
use crate::registry;
use crate::statement::Cell;
use crate::statement::{Bound, PRINTED, Relation};
use crate::verdict::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim.
    claim: String,
    /// The region, such as 'd=1..64,k=16..4096,eps=1e-9..0.25,target=origin|axis'; a parameter that is not named varies over
    /// the range that the claim declares for searches.
    #[arg(long, value_name = "REGION", default_value = "", hide_default_value = true)]
    within: String,
    #[command(flatten)]
    what_if: WhatIfArguments,
    /// A time limit in seconds, for all bounds together.
    #[arg(long, default_value_t = 50.0, value_name = "SECONDS", value_parser = parse_seconds)]
    time_limit: f64,
    /// The most cells to measure for a bound: where the time suffices for them, searches with the same seed are the same.
    #[arg(long, value_parser = parse_count)]
    evaluations: Option<u64>,
    #[command(flatten)]
    commands: CommandArguments,
    #[command(flatten)]
    sampling: SamplingArguments,
    /// The experiment to write for what is found; by default CLAIM-counterexample.toml in the working folder. The file of an
    /// earlier search that found the same is replaced, any other file stays.
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// Write a certificate of what is found: at the counterexample, or at the worst cell. Where no theorem proves either, exit with 2.
    #[arg(long, value_name = "FILE.json")]
    certify: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
    /// Exit with 1 where a bound is found violated; refuted: also where a constant is refuted.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Exit with 3 where the best cell stays undecided.
    #[arg(long)]
    strict: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.commands.apply();
    let (claim, changes) = arguments.what_if.claim(&arguments.claim)?;
    let region = Region::of(&claim, &arguments.within)?;
    let bounds = bounds(&claim, &changes, &region)?;
    let file = out_file(arguments, &claim)?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let lab = Lab::new(&claim, arguments.sampling.seed, &name);
    let search = Search { arguments, claim: &claim, changes: &changes, region, bounds, file, state: Mutex::default() };
    let show = Show { line: &|seconds| search.line(seconds), stopped: &|stop| search.stopped(stop) };
    // The search ends in time by itself, unless one measurement takes longer.
    Watch::over((Some(arguments.time_limit + OVERTIME), arguments.quiet), &show, |watch| {
        search.run(&lab, watch)?;
        watch.writing(|| search.conclude())
    })
}

/// How many seconds after its time a search may end by itself.
const OVERTIME: f64 = 1.0;

/// A search for all bounds, one after another.
struct Search<'a> {
    arguments: &'a Arguments,
    claim: &'a Claim,
    changes: &'a Changes,
    region: Region,
    bounds: Vec<String>,
    file: PathBuf,
    state: Mutex<State>,
}

/// What it has found, and what it does.
#[derive(Default)]
struct State {
    findings: Vec<Finding>,
    phase: &'static str,
    evaluations: u64,
    best: Option<Seen>,
    start: Option<Instant>,
}

impl Search<'_> {
    fn run(&self, lab: &Lab, watch: &Watch) -> Result<()> {
        for (index, bound) in self.bounds.iter().enumerate() {
            let left = (self.arguments.time_limit - watch.elapsed().as_secs_f64()).max(0.01);
            let plan = self.plan(left / (self.bounds.len() - index) as f64);
            let findings = std::mem::take(&mut self.state().findings);
            *self.state() = State { findings, ..State::begun() };
            let observe = |phase: &'static str, evaluations: u64, best: Option<&Seen>| {
                let mut state = self.state();
                (state.phase, state.evaluations, state.best) = (phase, evaluations, best.cloned());
            };
            let finding = falsify(lab, bound, &plan, watch.flag(), &observe)?;
            let ends = finding.interrupted;
            self.state().findings.push(finding);
            if ends {
                break;
            }
        }
        Ok(())
    }

    fn plan(&self, seconds: f64) -> Plan {
        Plan {
            region: self.region.clone(),
            seed: self.arguments.sampling.seed,
            alpha: self.arguments.sampling.alpha / self.bounds.len() as f64,
            evaluations: self.arguments.evaluations,
            time: Duration::from_secs_f64(seconds),
            first: false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    /// How far the search is; it ends with its time at the latest.
    fn line(&self, seconds: f64) -> String {
        let state = self.state();
        let Some(bound) = self.bounds.get(state.findings.len()) else { return format!("{seconds:.0} s") };
        let most = self.arguments.time_limit;
        let least = state.best.as_ref().map_or(String::new(), |best| {
            format!(", least slack {} at {}", number(three_digits(best.slack)), plain(&best.cell))
        });
        format!("{bound}: {}, {} cells, {seconds:.0} of at most {most} s{least}", state.phase, state.evaluations)
    }

    /// Shows the best so far of a search that is left behind.
    fn stopped(&self, stop: Stop) -> Result<ExitCode> {
        let mut state = self.state();
        if let (Some(start), Some(bound)) = (state.start, self.bounds.get(state.findings.len())) {
            let seconds = start.elapsed().as_secs_f64();
            let finding = Finding::so_far(bound, &self.plan(seconds), state.best.take(), state.evaluations);
            state.findings.push(finding);
        }
        if state.findings.is_empty() {
            return Err(Error::Interrupted(format!("{}: no cell was measured", stop.reason)));
        }
        drop(state);
        self.conclude()
    }

    /// Shows the findings, and writes the experiment that measures the counterexamples again.
    fn conclude(&self) -> Result<ExitCode> {
        let Search { arguments, claim, .. } = self;
        let findings = &self.state().findings;
        let command = command();
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.found).collect();
        let written = (!found.is_empty()).then(|| {
            let text = reproduce::experiment(claim, self.changes, &found, &command);
            reproduce::write(&self.file, &text, arguments.force)
        });
        let (file, error) = match &written {
            Some(Ok(())) => (Some(&*self.file), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let certified = arguments.certify.as_deref().map(|file| self.certify(findings, file));
        let report = Report {
            certificate: certified.as_ref().and_then(|done| done.as_ref().ok().cloned()),
            not_certified: certified.as_ref().and_then(|done| done.as_ref().err().map(Error::to_string)),
            ..Report::new(claim, findings, (file, error), &command, arguments.sampling.seed)
        };
        print(&if arguments.json { pretty(&report) } else { text(claim, findings, &report) })?;
        if let Some(error) = error.or(certified.as_ref().and_then(|done| done.as_ref().err())) {
            // What was found has been shown.
            note(&format!("lemmascope: {error}"));
            return Ok(ExitCode::from(error.exit_code()));
        }
        let any = |is: fn(&Finding) -> bool| findings.iter().any(is);
        let fails = match arguments.fail_on {
            None => false,
            Some(FailOn::Violated) => claim.statement().constants.is_empty(),
            Some(FailOn::Refuted) => true,
        };
        Ok(match () {
            () if any(|finding| finding.interrupted) => ExitCode::from(INCOMPLETE),
            () if fails && any(|finding| finding.found) => ExitCode::from(1),
            () if arguments.strict && any(|finding| finding.verdict() == Verdict::Undecided) => ExitCode::from(3),
            () => ExitCode::SUCCESS,
        })
    }
}

impl Search<'_> {
    /// Writes the certificate of the first finding that has one; returns what it says.
    fn certify(&self, findings: &[Finding], file: &Path) -> Result<String> {
        let theorems = registry::theorems(self.claim);
        let found = findings.iter().filter(|finding| finding.found);
        let certificates = found.map(|finding| {
            let cells = [&finding.best, &finding.worst].into_iter().flatten().map(|seen| &seen.cell);
            certify_one(self.claim, &theorems, &finding.bound, cells)
        });
        // Where there are several reasons, the printed bound's comes first.
        let first = certificates.reduce(|first, next| if first.is_ok() { first } else { next.or(first) });
        let certificate = first.unwrap_or_else(|| certify_one(self.claim, &theorems, PRINTED, []))?;
        super::certify::write(file, &certificate)?;
        Ok(summary(&certificate))
    }
}

impl State {
    fn begun() -> Self {
        State { phase: "sweep", start: Some(Instant::now()), ..State::default() }
    }
}

/// The bounds to falsify: the user's own, or all of the claim's.
fn bounds(claim: &Claim, changes: &Changes, region: &Region) -> Result<Vec<String>> {
    let space = Space { claim, region: region.clone() };
    let id = claim.id();
    let mut stream = Address { seed: 0, experiment: "falsify", cell: id, estimator: "bounds", batch: 0 }.stream();
    // Where no cell is allowed, a condition that means nothing may be the reason: evaluating the bounds would say so.
    let cell = space.example(&mut stream).or_else(|| Some(space.middle()).filter(|cell| claim.check(cell).is_ok()));
    let known = cell.map(|cell| claim.bounds(&cell)).transpose()?.unwrap_or_default();
    let own: Vec<String> = changes.bounds.iter().map(|draft| draft.name.clone()).collect();
    Ok(match (own.is_empty(), known.is_empty()) {
        (false, _) => own,
        (true, false) => known.into_iter().map(|bound| bound.name).collect(),
        (true, true) => vec![PRINTED.into()],
    })
}

/// Where the experiment goes. A file in the way that is no finding of this claim is reported before any time is spent.
fn out_file(arguments: &Arguments, claim: &Claim) -> Result<PathBuf> {
    let file = arguments.out.clone().unwrap_or_else(|| format!("{}-counterexample.toml", claim.statement().id).into());
    if file.extension().is_none_or(|ending| ending != "toml") {
        return Err(Error::input(format!("--out {}: name a file that ends with .toml", file.display())));
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Error::input(format!("--out {}: the folder {} is not there", file.display(), folder.display())));
    }
    if file.exists() && !arguments.force && !reproduce::is_finding_of(&file, claim) {
        note(&format!("{} is there already and stays; --force replaces it", file.display()));
    }
    Ok(file)
}

/// The command line that was given, to be given again.
fn command() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=/,:".contains(c);
    let quoted = |argument: String| match argument.chars().all(plain) && !argument.is_empty() {
        true => argument,
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    };
    let arguments: Vec<String> = std::env::args().skip(1).map(quoted).collect();
    format!("lemmascope {}", arguments.join(" "))
}

fn three_digits(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

#[derive(Serialize)]
struct Report {
    claim: String,
    relation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reproduce: Option<String>,
    /// Why no file was written for what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_written: Option<String>,
    /// What the certificate that was asked for says.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_certified: Option<String>,
    command: String,
    seed: u64,
    interrupted: bool,
    // The first bound's finding, once more for readers that ask for one bound.
    bound: Option<String>,
    found: bool,
    cell: Option<serde_json::Map<String, serde_json::Value>>,
    slack_log10: Option<Number>,
    verdict: &'static str,
    confirmed_by: Option<&'static str>,
    best_constant: Option<Span>,
    /// The chance that anything said here of samples is wrong, for all bounds together.
    alpha: f64,
    evaluations: u64,
    seconds: Number,
    region: String,
    bounds: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    bound: String,
    relation: &'static str,
    formula: String,
    /// What was changed in the claim's hypotheses and relation.
    what_if: String,
    found: bool,
    /// Whether what is measured at the cells below is a sample.
    sampled: bool,
    cell: Option<serde_json::Map<String, serde_json::Value>>,
    /// Of the value that was measured.
    slack_log10: Option<Number>,
    /// Between which numbers the slack at the cell lies.
    slack_limits: Option<[Option<Number>; 2]>,
    verdict: &'static str,
    confirmed_by: Option<&'static str>,
    contradicted: bool,
    smallest: bool,
    /// What smallest means: the parameters, the one that is made least first.
    order: Vec<String>,
    measured: Option<Measured>,
    second: Option<Measured>,
    bound_value: Option<Number>,
    least_slack: Option<Least>,
    /// The factor with which the bound just holds at every cell that was measured: the largest for at-least, the least for
    /// at-most.
    best_constant: Option<Span>,
    /// What the cells say of each constant that the statement leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    constants: Vec<Limits>,
    alpha: Shares,
    evaluations: u64,
    unmeasurable: u64,
    seconds: Number,
    region: String,
}

/// Between which limits a constant lies by the cells measured.
#[derive(Serialize)]
struct Limits {
    name: String,
    /// Whether it is the least that will do, or else the greatest.
    least: bool,
    /// All values up to this one (from this one on, for the greatest) are refuted.
    refuted: Option<Number>,
    /// By this cell.
    cell: Option<serde_json::Map<String, serde_json::Value>>,
    /// From this value on (up to it) the bound holds at every cell measured.
    suffices: Option<Number>,
}

impl From<&Interval> for Limits {
    fn from(interval: &Interval) -> Self {
        Limits {
            name: interval.name.clone(),
            least: interval.is_least,
            refuted: interval.refuted.as_ref().map(|(value, _)| json_number(number(*value))),
            cell: interval.refuted.as_ref().map(|(_, cell)| cell_object(cell)),
            suffices: interval.suffices.map(|value| json_number(number(value))),
        }
    }
}

#[derive(Serialize)]
struct Least {
    cell: serde_json::Map<String, serde_json::Value>,
    /// At that cell.
    slack_log10: Span,
    verdict: &'static str,
}

fn seconds(finding: &Finding) -> Number {
    json_number(format!("{:.3}", finding.seconds))
}

fn slack(seen: &Seen) -> Option<Number> {
    finite(seen.slack)
}

/// Between which numbers the slack lies.
fn limits(seen: &Seen) -> [Option<Number>; 2] {
    [finite(seen.limits.0), finite(seen.limits.1)]
}

/// Of exact evidence the end on the careful side.
fn constant(claim: &Claim, finding: &Finding) -> Option<Span> {
    let number = |ln: f64| printed(ln).filter(|_| ln < f64::INFINITY);
    let Constant { ln_lo, ln_hi, sampled } = finding.constant?;
    Some(match (sampled, finding.relation(claim.statement().relation)) {
        (true, _) => Span::Limits([number(ln_lo), number(ln_hi)]),
        (false, Relation::AtMost) => Span::Number(number(ln_hi)),
        (false, _) => Span::Number(number(ln_lo)),
    })
}

fn value(bound: &Bound) -> Option<Number> {
    bound.non_positive.map_or_else(|| printed(bound.ln), |value| Some(json_number(number(value))))
}

impl Entry {
    fn new(claim: &Claim, finding: &Finding) -> Self {
        let best = finding.best.as_ref();
        Entry {
            bound: finding.bound.clone(),
            relation: finding.relation(claim.statement().relation).name(),
            formula: claim.formula(&finding.bound),
            what_if: claim.what_if().to_string(),
            found: finding.found,
            sampled: finding.sampled,
            slack_limits: best.map(limits),
            order: finding.order.clone(),
            alpha: finding.shares,
            cell: best.map(|best| cell_object(&best.cell)),
            slack_log10: best.and_then(slack),
            verdict: finding.verdict().said_of(claim.statement()).name(),
            confirmed_by: finding.confirmed_by(),
            contradicted: finding.contradicted(),
            smallest: finding.smallest,
            measured: best.map(|best| Measured::from(&best.evidence)),
            second: finding.second.as_ref().map(|second| Measured::from(&second.seen.evidence)),
            bound_value: best.and_then(|best| value(&best.bound)),
            least_slack: finding.worst.as_ref().map(|worst| Least {
                cell: cell_object(&worst.cell),
                slack_log10: if finding.sampled { Span::Limits(limits(worst)) } else { Span::Number(slack(worst)) },
                verdict: worst.verdict.said_of(claim.statement()).name(),
            }),
            best_constant: constant(claim, finding),
            constants: finding.intervals.iter().map(Limits::from).collect(),
            evaluations: finding.evaluations,
            unmeasurable: finding.refused,
            seconds: seconds(finding),
            region: finding.region.clone(),
        }
    }
}

impl Report {
    fn new(
        claim: &Claim,
        findings: &[Finding],
        (file, not_written): (Option<&Path>, Option<&Error>),
        command: &str,
        seed: u64,
    ) -> Self {
        let about = claim.statement();
        let first = &findings[0];
        let best = first.best.as_ref();
        Report {
            claim: about.id.clone(),
            relation: first.relation(about.relation).name(),
            file: file.map(|file| file.display().to_string()),
            reproduce: file.map(|file| format!("lemmascope run {} --seed {seed}", file.display())),
            not_written: not_written.map(Error::to_string),
            certificate: None,
            not_certified: None,
            command: command.into(),
            seed,
            interrupted: findings.iter().any(|finding| finding.interrupted),
            bound: Some(first.bound.clone()),
            found: first.found,
            cell: best.map(|best| cell_object(&best.cell)),
            slack_log10: best.and_then(slack),
            verdict: first.verdict().said_of(claim.statement()).name(),
            confirmed_by: first.confirmed_by(),
            best_constant: constant(claim, first),
            alpha: findings.iter().map(|finding| finding.shares.total).sum(),
            evaluations: first.evaluations,
            seconds: seconds(first),
            region: first.region.clone(),
            bounds: findings.iter().map(|finding| Entry::new(claim, finding)).collect(),
        }
    }
}

/// A cell for people.
fn plain(cell: &Cell) -> String {
    cell.key().replace(';', " ")
}

/// A report for people.
fn text(claim: &Claim, findings: &[Finding], report: &Report) -> String {
    let mut lines: Vec<String> = findings.iter().flat_map(|finding| paragraph(claim, finding)).collect();
    if let (Some(file), Some(command)) = (&report.file, &report.reproduce) {
        lines.push(format!("written to {file}, which measures it again: {command}"));
    }
    if let Some(certificate) = &report.certificate {
        lines.push(format!("certified: {certificate}"));
    }
    if report.interrupted {
        lines.push("stopped early: this is the best so far".into());
    }
    lines.join("\n").trim_end().to_string()
}

fn paragraph(claim: &Claim, finding: &Finding) -> Vec<String> {
    let about = claim.statement();
    let head = match (finding.found, finding.contradicted()) {
        (true, _) if !about.constants.is_empty() => {
            "this constant is REFUTED inside the hypotheses; that there is a constant is not"
        }
        (true, _) => "FALSE: a counterexample inside the hypotheses",
        (_, true) => "two methods contradict each other: one of them is wrong, and nothing follows",
        _ => "no counterexample found",
    };
    let mut lines =
        vec![format!("{}, bound {} ({}): {head}", about.id, finding.bound, finding.relation(about.relation).name())];
    let mut line = |name: &str, text: String| lines.push(format!("  {name:14} {text}"));
    let Some(best) = &finding.best else {
        line("searched", "no cell was measured".into());
        return lines;
    };
    let name = match (finding.found, finding.smallest) {
        (true, true) => "smallest cell",
        (true, false) => "cell",
        (false, _) => "least slack at",
    };
    line(name, plain(&best.cell));
    let evidence = &best.evidence;
    line(
        "measured",
        format!(
            "{} in [{}, {}] by {}",
            evidence.ln.map_or("unknown".into(), for_people),
            for_people(evidence.ln_lo),
            if evidence.ln_hi < f64::INFINITY { for_people(evidence.ln_hi) } else { "no limit".into() },
            evidence.method.name()
        ),
    );
    if let Some(law) = &evidence.law {
        line("worst law", law.clone());
    }
    line(
        "bound",
        format!(
            "{}; slack {} ({})",
            shown_or_ln(&value(&best.bound), &finite(best.bound.ln)),
            slack_text(best),
            finding.verdict().said_of(claim.statement()).name()
        ),
    );
    if finding.found && finding.smallest {
        line("", format!("smallest: {} least, then {}", finding.order[0], finding.order[1..].join(", ")));
    }
    if finding.found {
        line("second method", confirmation(finding));
        if !finding.smallest {
            line("", "the search for a smaller one was cut short, or came to no end".into());
        }
        if let Some(worst) = finding.worst.as_ref().filter(|worst| worst.cell != best.cell) {
            line("worst cell", format!("{}; slack {}", plain(&worst.cell), slack_text(worst)));
        }
    }
    for interval in &finding.intervals {
        line("constant", interval.text());
    }
    if let Some(constant) = finding.constant.as_ref().filter(|_| finding.intervals.is_empty()) {
        line("best constant", constant_text(constant, finding.relation(about.relation)));
    }
    if finding.sampled {
        let Shares { total, each_look, fresh, second } = finding.shares;
        line(
            "alpha",
            format!(
                "{total}: {each_look} for each look of the search, {fresh} for what is measured again, {second} for second methods"
            ),
        );
    }
    let refused = match (&finding.reason, finding.refused) {
        (Some(reason), count) => format!("; {count} are reached by no method, the first: {reason}"),
        _ => String::new(),
    };
    line("searched", format!("{} cells in {:.1} s{refused}", finding.evaluations, finding.seconds));
    line("region", finding.region.clone());
    lines
}

/// A slack; of a sample its limits too.
fn slack_text(seen: &Seen) -> String {
    let (lo, hi) = seen.limits;
    if hi - lo > CLOSE {
        return format!("{} in [{}, {}]", number(three_digits(seen.slack)), number(lo), number(hi));
    }
    number(seen.slack)
}

/// Slacks that are known this well are shown as numbers.
const CLOSE: f64 = 1e-4;

/// The factor with which the bound just holds at every cell measured.
fn constant_text(constant: &Constant, relation: Relation) -> String {
    let Constant { ln_lo, ln_hi, sampled } = *constant;
    let (sense, careful) = match relation {
        Relation::AtLeast => ("at most", ln_lo),
        _ => ("at least", ln_hi),
    };
    if !sampled {
        return format!("{sense} {}: times this, the bound holds at every cell measured", for_people(careful));
    }
    let limit = |ln: f64| if ln < f64::INFINITY { for_people(ln) } else { "no limit".into() };
    format!(
        "{sense} a number in [{}, {}]: times that, the bound just holds at every cell measured",
        limit(ln_lo),
        limit(ln_hi)
    )
}

fn confirmation(finding: &Finding) -> String {
    let Some(second) = &finding.second else {
        return "none: no independent method could decide here, so this rests on one method".into();
    };
    let evidence = &second.seen.evidence;
    format!(
        "confirmed by {}: in [{}, {}]",
        evidence.method.name(),
        for_people(evidence.ln_lo),
        if evidence.ln_hi < f64::INFINITY { for_people(evidence.ln_hi) } else { "no limit".into() }
    )
}
