//! The gate: fresh records beside a baseline's, cell by cell. Nothing compared is not a pass.

use std::collections::BTreeMap;

use serde::Serialize;

use super::command::command;
use crate::experiment::Experiment;
use crate::record::Record;
use crate::show::ci::{Case, Gate, Rule};
use crate::verdict::Verdict;

/// Why a cell is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Violated, and the baseline does not have the cell.
    NewViolation,
    /// Another verdict than the baseline's.
    ChangedVerdict,
    /// Inside the hypotheses here and outside in the baseline, or the other way round.
    ChangedHypotheses,
    /// The same verdict, but an interval apart from the baseline's.
    MovedValue,
    /// A verdict of the baseline whose cell, method or bound is not measured any more.
    NotMeasured,
    /// Undecided, and not known as such.
    Undecided,
}

/// One cell that the baseline does not have in this way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Why it is listed.
    pub reason: Reason,
    /// The experiment's name.
    pub experiment: String,
    /// The cell's key.
    pub cell: String,
    /// The method.
    pub method: String,
    /// The bound's name.
    pub bound: String,
    /// What the baseline says; missing where it does not have the cell.
    pub known: Option<&'static str>,
    /// What was found; missing where it was not measured.
    pub verdict: Option<&'static str>,
    /// log10 of how far the measured value is on the claimed side.
    pub slack_log10: Option<f64>,
    /// What measures the cell again.
    pub command: String,
}

/// How fresh records compare with a baseline's.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Verdicts that the baseline has too.
    pub compared: usize,
    /// Verdicts of judged bounds that were measured inside the hypotheses.
    pub measured: usize,
    /// Verdicts of judged bounds of the baseline that were not measured.
    pub not_measured: usize,
    /// What fails the gate.
    pub failures: Vec<Difference>,
    /// Undecided verdicts that the baseline does not know as such.
    pub undecided: Vec<Difference>,
    /// Verdicts that were undecided in the baseline, and are decided now.
    pub newly_decided: usize,
    /// Every judged verdict inside the hypotheses, for machines.
    #[serde(skip)]
    cases: Vec<Case>,
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn key(record: &Record) -> Key<'_> {
    (&record.key, record.method(), &record.bound)
}

impl Comparison {
    /// Compares the judged bounds of an experiment's fresh records with the baseline's.
    pub fn add(&mut self, experiment: &Experiment, judges: impl Fn(&str) -> bool, known: &[Record], fresh: &[Record]) {
        let before: BTreeMap<Key, &Record> = known.iter().map(|record| (key(record), record)).collect();
        let after: BTreeMap<Key, &Record> = fresh.iter().map(|record| (key(record), record)).collect();
        for record in fresh.iter().filter(|record| judges(&record.bound)) {
            let known = before.get(&key(record)).copied();
            let reason = reason(known, record);
            if reason.is_some() || !record.outside() {
                let difference = reason.map(|reason| difference(reason, experiment, record, known, Some(record)));
                let text = difference.map_or_else(|| record.verdict.name().into(), |difference| difference.said());
                self.cases.push(Case::new(experiment, record, reason.map(Reason::rule), text));
            }
            self.measured += usize::from(!record.outside());
            self.compared += usize::from(known.is_some() && !record.outside());
            if let Some(reason) = reason {
                let difference = difference(reason, experiment, record, known, Some(record));
                let list = if reason == Reason::Undecided { &mut self.undecided } else { &mut self.failures };
                list.push(difference);
            } else if known.is_some_and(|known| known.verdict == Verdict::Undecided) && !record.outside() {
                self.newly_decided += usize::from(record.verdict != Verdict::Undecided);
            }
        }
        let gone = known.iter().filter(|record| judges(&record.bound) && !after.contains_key(&key(record)));
        for record in gone.filter(|record| !record.outside()) {
            self.not_measured += 1;
            let difference = difference(Reason::NotMeasured, experiment, record, Some(record), None);
            self.cases.push(Case::new(experiment, record, Some(Rule::NotMeasured), difference.said()));
            self.failures.push(difference);
        }
    }

    /// Counts the verdicts of a baseline's file that no experiment measures.
    pub fn add_unmeasured(&mut self, records: &[Record]) {
        self.not_measured += records.iter().filter(|record| !record.outside()).count();
    }

    /// Whether nothing stands against the baseline. Nothing compared, or less than the baseline has, is no pass.
    pub fn passes(&self) -> bool {
        self.failures.is_empty() && self.compared > 0 && self.not_measured == 0
    }

    /// Every judged verdict, and what else fails the gate.
    pub fn gate(&self) -> Gate {
        let mut cases = self.cases.clone();
        if self.compared == 0 {
            cases.push(Case::of_gate(Rule::NothingJudged));
        } else if self.not_measured > 0 && !cases.iter().any(|case| case.rule == Some(Rule::NotMeasured)) {
            cases.push(Case::of_gate(Rule::NotMeasured));
        }
        Gate { cases }
    }

    /// The lines for people: what fails, what is undecided, and the counts.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for difference in self.failures.iter().chain(&self.undecided) {
            text += &difference.text();
        }
        let new = self.measured - self.compared;
        text += &format!("compared {} of {}", self.compared, counted(self.measured, "verdict"));
        if new > 0 {
            text += &format!("; {new} not in the baseline");
        }
        if self.not_measured > 0 {
            text += &format!("; {} of the baseline not measured", counted(self.not_measured, "verdict"));
        }
        if self.newly_decided > 0 {
            text += &format!("; {} decided that the baseline has as undecided", self.newly_decided);
        }
        if !self.undecided.is_empty() {
            text += &format!("; {} undecided that it does not know as such", self.undecided.len());
        }
        text += &format!("; {}", counted(self.failures.len(), "failure"));
        let verdict = match () {
            () if self.passes() => "pass",
            () if self.measured == 0 => "fail: no cell inside the hypotheses was measured, and nothing is no pass",
            () if self.compared == 0 => "fail: the baseline has none of these cells, and nothing compared is no pass",
            () => "fail",
        };
        text + &format!("\n{verdict}")
    }
}

/// `1 failure`, `2 failures`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Whether the intervals of two records have nothing in common.
pub(super) fn apart(one: &Record, other: &Record) -> bool {
    one.ln_lo > other.ln_hi || one.ln_hi < other.ln_lo
}

fn reason(known: Option<&Record>, record: &Record) -> Option<Reason> {
    let Some(known) = known else {
        return match record.verdict {
            _ if record.outside() => None,
            Verdict::Violated => Some(Reason::NewViolation),
            Verdict::Undecided => Some(Reason::Undecided),
            Verdict::Failed => Some(Reason::ChangedVerdict),
            _ => None,
        };
    };
    match (known.outside(), record.outside()) {
        (true, true) => return None,
        (false, true) | (true, false) => return Some(Reason::ChangedHypotheses),
        (false, false) => {}
    }
    match (known.verdict, record.verdict) {
        _ if apart(known, record) => Some(Reason::MovedValue),
        (Verdict::Undecided, after) if after.is_met() => None,
        (before, after) if before != after => Some(Reason::ChangedVerdict),
        _ => None,
    }
}

fn difference(
    reason: Reason,
    experiment: &Experiment,
    shown: &Record,
    known: Option<&Record>,
    fresh: Option<&Record>,
) -> Difference {
    let word = |record: &Record| if record.outside() { "outside" } else { record.verdict.name() };
    Difference {
        reason,
        experiment: experiment.name.clone(),
        cell: shown.key.clone(),
        method: shown.method().into(),
        bound: shown.bound.clone(),
        known: known.map(word),
        verdict: fresh.map(word),
        slack_log10: fresh.and_then(|record| record.slack_log10),
        command: command(experiment, shown),
    }
}

impl Reason {
    /// What machines call it.
    fn rule(self) -> Rule {
        match self {
            Reason::NewViolation => Rule::NewViolation,
            Reason::ChangedVerdict => Rule::ChangedVerdict,
            Reason::ChangedHypotheses => Rule::ChangedHypotheses,
            Reason::MovedValue => Rule::MovedValue,
            Reason::NotMeasured => Rule::NotMeasured,
            Reason::Undecided => Rule::Undecided,
        }
    }
}

impl Difference {
    /// The lines on it.
    fn text(&self) -> String {
        let Difference { experiment, cell, method, bound, .. } = self;
        let what = if self.reason == Reason::Undecided { "undecided" } else { "FAIL" };
        let (cell, said) = (cell.replace(';', " "), self.said());
        format!("{what:9}  {experiment} ({bound}, {method}) at {cell}: {said}\n    {}\n", self.command)
    }

    /// What was found, and what the baseline has.
    fn said(&self) -> String {
        let known = self.known.map_or("not in the baseline".into(), |known| format!("{known} in the baseline"));
        let verdict = match (self.verdict, self.reason) {
            (None, _) => "not measured".into(),
            (Some(verdict), Reason::MovedValue) => format!("{verdict}, with an interval apart from the baseline's"),
            (Some(verdict), _) => verdict.to_string(),
        };
        let slack = self.slack_log10.map_or(String::new(), |slack| format!(", slack {slack:.4}"));
        format!("{verdict}, {known}{slack}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment() -> Experiment {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nk = 16\nd = 1\neps = 0.1\n";
        Experiment::parse("e", text).unwrap()
    }

    fn record(k: u32, verdict: Verdict) -> Record {
        Record::example("nsn-box", &format!("k={k}"), "printed", verdict)
    }

    fn compared(known: &[Record], fresh: &[Record]) -> Comparison {
        let (mut comparison, experiment) = (Comparison::default(), experiment());
        comparison.add(&experiment, |bound| experiment.judges(bound), known, fresh);
        comparison
    }

    fn outside(record: Record) -> Record {
        Record { unmet: vec!["k >= 16".into()], ..record }
    }

    #[test]
    fn every_kind_of_difference_has_its_reason() {
        let moved = Record { ln_lo: 1.0, ln_hi: 2.0, ..record(8, Verdict::Holds) };
        let known = [
            record(1, Verdict::Violated),
            record(2, Verdict::Holds),
            record(3, Verdict::Undecided),
            record(4, Verdict::Undecided),
            record(5, Verdict::Holds),
            record(6, Verdict::Violated),
            record(7, Verdict::Holds),
            record(8, Verdict::Holds),
            record(9, Verdict::Holds),
        ];
        let fresh = [
            record(1, Verdict::Violated),
            record(2, Verdict::Violated),
            record(3, Verdict::Holds),
            record(4, Verdict::Violated),
            record(5, Verdict::Undecided),
            record(6, Verdict::Undecided),
            outside(record(7, Verdict::Holds)),
            moved,
            record(10, Verdict::Violated),
            record(11, Verdict::Holds),
            record(12, Verdict::ConstantRefuted),
            record(14, Verdict::Undecided),
            outside(record(13, Verdict::Violated)),
        ];
        let comparison = compared(&known, &fresh);
        let found: Vec<(&str, Reason)> = comparison.failures.iter().map(|d| (d.cell.as_str(), d.reason)).collect();
        assert_eq!(
            found,
            [
                ("k=2", Reason::ChangedVerdict),
                ("k=4", Reason::ChangedVerdict),
                ("k=5", Reason::ChangedVerdict),
                ("k=6", Reason::ChangedVerdict),
                ("k=7", Reason::ChangedHypotheses),
                ("k=8", Reason::MovedValue),
                ("k=10", Reason::NewViolation),
                ("k=9", Reason::NotMeasured),
            ]
        );
        assert_eq!(comparison.undecided.iter().map(|d| d.cell.as_str()).collect::<Vec<_>>(), ["k=14"]);
        assert_eq!((comparison.compared, comparison.measured, comparison.newly_decided), (7, 11, 1));
        let text = comparison.text();
        assert!(
            text.contains("compared 7 of 11 verdicts; 4 not in the baseline; 1 verdict of the baseline not measured")
        );
        assert!(text.contains("lemmascope evaluate nsn-box --set k=2 --method quadrature"), "{text}");
    }

    #[test]
    fn nothing_compared_is_no_pass() {
        let one = [record(1, Verdict::Holds)];
        assert!(compared(&one, &one).passes());
        let new = compared(&[], &one);
        assert!(
            !new.passes() && new.text().contains("compared 0 of 1 verdict; 1 not in the baseline"),
            "{}",
            new.text()
        );
        let vanished = compared(&one, &[]);
        assert!(!vanished.passes() && vanished.text().contains("1 verdict of the baseline not measured"));
        let away = [outside(record(1, Verdict::Holds))];
        let all_outside = compared(&away, &away);
        assert!(!all_outside.passes() && all_outside.text().contains("no cell inside the hypotheses"));
    }

    #[test]
    fn only_judged_bounds_count() {
        let draft = |verdict| Record::example("nsn-box", "k=1", "draft", verdict);
        let comparison = compared(
            &[record(1, Verdict::Holds), draft(Verdict::Holds)],
            &[record(1, Verdict::Holds), draft(Verdict::Violated)],
        );
        assert!(comparison.passes() && comparison.measured == 1);
    }
}
