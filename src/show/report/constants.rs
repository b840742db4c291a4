//! Constants that a statement leaves open: which values the records refute, and from which on none of them does.

use super::joined::{Joined, Set, join};
use crate::claim::Claim;
use crate::experiment::Experiment;
use crate::measure::constants::{self, LARGEST, LEAST};
use crate::numeric::number;
use crate::record::Record;
use crate::statement::{Cell, Value, position};
use crate::statement::{Hypothesis, PRINTED};
use crate::verdict::Verdict;

/// What the records say of one constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The constant's name.
    pub name: String,
    /// The least constant is above this: every smaller one is refuted, with the cell that refutes it.
    pub above: Option<(f64, String)>,
    /// The constant is below this: every larger one is refuted (a probability, say), with the cell.
    pub below: Option<(f64, String)>,
    /// The least value measured beyond those that none of its cells refutes, and how many there are.
    pub from: Option<(f64, usize)>,
}

/// What the records say of a claim's constants by the printed bound, in a sentence for each of which they say something.
pub fn sentences(claim: &Claim, sets: &[Set]) -> Vec<String> {
    let cells = join(sets.iter().copied(), |record| record.bound == PRINTED && record.what_if.is_empty());
    let sentence = |name: &String| match claim.statement().is_in_bound_only(PRINTED, name) {
        true => of_all(claim, name, sets, &cells).map(|interval| interval.text()),
        false => interval(name, sets, &cells).map(|interval| interval.text()),
    };
    claim.statement().constants.iter().filter_map(sentence).collect()
}

/// What the measured cells say together of a constant that no hypothesis names: those of each experiment by its own claim, since a
/// threshold's has other parameters and another bound. A threshold whose bound says nothing of the constant is left out.
fn of_all(claim: &Claim, name: &str, sets: &[Set], cells: &[Joined]) -> Option<constants::Interval> {
    let mut all: Option<constants::Interval> = None;
    for (experiment, _) in sets {
        let measured = cells.iter().filter(|joined| joined.experiment == experiment.name);
        let measured = measured.filter(|joined| !joined.best.outside() && joined.best.verdict != Verdict::Failed);
        let limits = measured.filter_map(|joined| {
            let record = joined.best;
            Some((cell_of(experiment, record)?, (record.ln_lo, record.ln_hi)))
        });
        let limits: Vec<_> = limits.collect();
        let is_own = experiment.claim.statement().parameters == claim.statement().parameters;
        match (
            constants::interval(&experiment.claim, PRINTED, name, limits.iter().copied()),
            limits.is_empty() || !is_own,
        ) {
            (Some(interval), _) => all = Some(all.map_or(Some(interval.clone()), |all| all.joined(interval))?),
            (None, true) => {}
            (None, false) => return None,
        }
    }
    all
}

fn experiment_of<'a>(joined: &Joined, sets: &[Set<'a>]) -> Option<&'a Experiment> {
    sets.iter().find(|(experiment, _)| experiment.name == joined.experiment).map(|(experiment, _)| *experiment)
}

fn cell_of<'a>(experiment: &'a Experiment, record: &Record) -> Option<&'a Cell> {
    experiment.cells.iter().find(|cell| cell.key() == record.key)
}

fn interval(name: &str, sets: &[Set], cells: &[Joined]) -> Option<Interval> {
    let value = |record: &Record| record.columns.get(name)?.parse::<f64>().ok();
    let mut interval = Interval { name: name.to_string(), above: None, below: None, from: None };
    for joined in cells.iter().filter(|joined| !joined.best.outside()) {
        let Some(missed) = joined.missed else { continue };
        let Some(refuted) = Refuted::new(experiment_of(joined, sets)?, missed, name) else { continue };
        let at = || missed.key.replace(';', " ");
        if let Some(high) = refuted.beyond(&interval.above, 2.0, LARGEST) {
            interval.above = Some((high, at()));
        }
        if let Some(low) = refuted.beyond(&interval.below, 0.5, LEAST) {
            interval.below = Some((low, at()));
        }
    }
    let (above, _) = interval.above.clone()?;
    let unrefuted = cells.iter().filter(|joined| !joined.best.outside()).filter_map(|joined| value(joined.best));
    let beyond: Vec<f64> = unrefuted.filter(|value| *value > above).collect();
    interval.from = beyond.iter().copied().reduce(f64::min).map(|least| (least, beyond.len()));
    Some(interval)
}

/// The values of a constant that a record refutes: as long as the hypotheses are met with that value, and the measured interval,
/// which no constant changes, lies on the wrong side of the bound at that value.
struct Refuted<'a> {
    claim: &'a Claim,
    cell: &'a Cell,
    /// The constant's place among the parameters.
    index: usize,
    record: &'a Record,
    /// The cell's own value.
    start: f64,
}

impl<'a> Refuted<'a> {
    /// None where the record does not refute the cell's own value.
    fn new(experiment: &'a Experiment, record: &'a Record, name: &str) -> Option<Self> {
        let claim = &experiment.claim;
        let cell = cell_of(experiment, record)?;
        let index = position(&claim.statement().parameters, name).ok()?;
        let refuted = Refuted { claim, cell, index, record, start: cell.real(name) };
        refuted.has(refuted.start).then_some(refuted)
    }

    fn has(&self, value: f64) -> bool {
        is_refuted(self.claim, &self.cell.with(self.index, Value::Real(value)), self.record)
    }

    /// How far from the cell's value, by this factor, all are refuted, where that is beyond what is known and before the end.
    fn beyond(&self, known: &Option<(f64, String)>, factor: f64, end: f64) -> Option<f64> {
        let is_beyond = |value: f64, other: f64| if factor > 1.0 { value > other } else { value < other };
        let known = known.as_ref().map(|(known, _)| *known);
        // All the work is in the edge: one look says whether it can be beyond.
        if known.is_some_and(|known| !is_beyond(self.start, known) && !self.has(known)) {
            return None;
        }
        let edge = edge(self.start, factor, end, &|value| self.has(value));
        (is_beyond(end, edge) && known.is_none_or(|known| is_beyond(edge, known))).then_some(edge)
    }
}

/// The last value from `start` by a factor at which `holds`, to 15 digits; the end where it holds everywhere.
fn edge(start: f64, factor: f64, end: f64, holds: &dyn Fn(f64) -> bool) -> f64 {
    let beyond = |value: f64| if factor > 1.0 { value >= end } else { value <= end };
    let mut last = start;
    while holds(last * factor) {
        last *= factor;
        if beyond(last) {
            return end;
        }
    }
    constants::last(last, last * factor, holds)
}

fn is_refuted(claim: &Claim, cell: &Cell, record: &Record) -> bool {
    let met = claim.hypotheses(cell).iter().all(Hypothesis::is_met);
    met && constants::verdict(claim, &record.bound, cell, (record.ln_lo, record.ln_hi)).is_missed()
}

impl Interval {
    /// The finding in a sentence. Where a claim has several constants, the others are those of the cell.
    pub fn text(&self) -> String {
        let name = &self.name;
        let mut parts = Vec::new();
        if let Some((above, cell)) = &self.above {
            parts.push(format!("{name} must be above {} (`{cell}`)", constants::rounded(*above, false)));
        }
        if let Some((below, cell)) = &self.below {
            parts.push(format!("{name} must be below {} (`{cell}`)", constants::rounded(*below, true)));
        }
        match self.from {
            Some((from, cells)) => {
                parts.push(format!("from {name} = {} on none of the {cells} cells measured refutes it", number(from)));
            }
            None => parts.push("no larger one was measured".into()),
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of a threshold have other parameters than the claim.
    #[test]
    fn thresholds_speak_by_their_own_claim() {
        let own = "claim = \"amplification\"\ntitle = \"\"\nabout = \"\"\n";
        let grid = "[[grid]]\nk = 2\nd = 1\neps = 0.1\ntarget = \"origin\"\n";
        let cells = Experiment::parse("cells", &format!("{own}{grid}n = 10\n")).unwrap();
        let find = "[threshold]\nfind = \"n\"\nprobability = 0.5\nwithin = [2, 64]\n";
        let threshold = Experiment::parse("threshold", &format!("{own}{find}{grid}")).unwrap();
        let record = |experiment: &Experiment| {
            [Record::example("amplification", &experiment.cells[0].key(), PRINTED, Verdict::ConstantSuffices)]
        };
        let records = [&cells, &threshold].map(record);
        let sets: [Set; 2] = [(&cells, &records[0]), (&threshold, &records[1])];
        assert!(sentences(&cells.claim, &sets).len() <= cells.claim.statement().constants.len());
    }

    /// At n = 5, eps = 0.1 the hypothesis n >= C log(1/eps) is met up to C = 5/log(10) = 2.1715.
    #[test]
    fn a_refuted_cell_refutes_every_constant_that_its_hypotheses_allow() {
        let text = "claim = \"lueker\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nn = [5, 20]\neps = 0.1\nC = [1, 6]\n";
        let experiment = Experiment::parse("e", text).unwrap();
        let record = |key: &str, verdict, hi: f64| Record {
            ln_lo: hi - 0.1,
            ln_hi: hi,
            ..Record::example("lueker", key, PRINTED, verdict)
        };
        let records = [
            record("n=5;eps=0.1;C=1", Verdict::ConstantRefuted, -1.0),
            record("n=20;eps=0.1;C=1", Verdict::ConstantSuffices, -0.001),
            record("n=20;eps=0.1;C=6", Verdict::ConstantSuffices, -0.001),
        ];
        let found = |records: &[Record]| {
            let sets = [(&experiment, records)];
            interval("C", &sets, &join(sets, |_| true))
        };
        let interval = found(&records).unwrap();
        let (above, cell) = interval.above.clone().unwrap();
        assert!((above - 5.0 / 10f64.ln()).abs() < 1e-9 && cell == "n=5 eps=0.1 C=1", "{interval:?}");
        assert_eq!((interval.below.clone(), interval.from), (None, Some((6.0, 1))));
        assert_eq!(
            interval.text(),
            "C must be above 2.17147 (`n=5 eps=0.1 C=1`); from C = 6 on none of the 1 cells measured refutes it"
        );
        assert!(found(&records[1..]).is_none());
        assert_eq!(sentences(&experiment.claim, &[(&experiment, &records[..])]), [interval.text()]);
    }
}
