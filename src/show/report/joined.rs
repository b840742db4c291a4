//! The cells of one bound, joined over methods: the most exact method's record, and what all of them say together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::experiment::Experiment;
use crate::record::Record;
use crate::verdict::Verdict;

/// An experiment with its records.
pub type Set<'a> = (&'a Experiment, &'a [Record]);

/// A cell of one experiment under one bound.
#[derive(Debug, Clone)]
pub struct Joined<'a> {
    /// The experiment's name.
    pub experiment: &'a str,
    /// The record of the most exact method.
    pub best: &'a Record,
    /// Between which limits the slack lies by all methods together.
    pub slack: Option<(f64, f64)>,
    /// Whether some method finds the bound met, with that method's record.
    pub met: Option<&'a Record>,
    /// Whether some method finds the bound missed, with that method's record.
    pub missed: Option<&'a Record>,
}

impl<'a> Joined<'a> {
    /// The cell by its first record.
    fn new(experiment: &'a str, record: &'a Record) -> Self {
        Joined {
            experiment,
            best: record,
            slack: record.slack_limits(),
            met: record.verdict.is_met().then_some(record),
            missed: record.verdict.is_missed().then_some(record),
        }
    }

    /// With the record of a further method.
    fn add(&mut self, record: &'a Record) {
        if record.verdict.is_met() {
            self.met = self.met.or(Some(record));
        }
        if record.verdict.is_missed() {
            self.missed = self.missed.or(Some(record));
        }
        let order = |record: &Record| (record.verdict == Verdict::Failed, record.rank());
        if order(record) < order(self.best) {
            self.slack = common(record.slack_limits(), self.slack);
            self.best = record;
        } else {
            self.slack = common(self.slack, record.slack_limits());
        }
    }

    /// Whether two methods contradict each other: then something is wrong with the program.
    pub fn contradicts(&self) -> bool {
        self.met.is_some() && self.missed.is_some()
    }

    /// The cell's key after its experiment's name.
    pub fn name(&self) -> String {
        format!("{}: {}", self.experiment, self.best.key)
    }
}

/// The cells of the records that `wanted` takes, in the order of experiments and keys. What is constructed from a stream is
/// another object in another experiment, so that cells of two experiments stay apart.
pub fn join<'a>(sets: impl IntoIterator<Item = Set<'a>>, wanted: impl Fn(&Record) -> bool) -> Vec<Joined<'a>> {
    let mut cells: BTreeMap<(&str, &str), Joined> = BTreeMap::new();
    for (experiment, records) in sets {
        for record in records.iter().filter(|record| wanted(record)) {
            match cells.entry((experiment.name.as_str(), record.key.as_str())) {
                Entry::Vacant(place) => {
                    place.insert(Joined::new(&experiment.name, record));
                }
                Entry::Occupied(mut place) => place.get_mut().add(record),
            }
        }
    }
    cells.into_values().collect()
}

/// What both limits leave; the first where they contradict each other.
fn common(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.max(b.0), a.1.min(b.1))).filter(|(lo, hi)| lo <= hi).or(Some(a)),
        _ => a.or(b),
    }
}

/// How many cells there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Distinct cells.
    pub cells: usize,
    /// Cells inside the hypotheses at which the bound holds.
    pub holds: usize,
    /// Cells inside the hypotheses at which the bound is violated.
    pub violated: usize,
    /// Cells inside the hypotheses at which a fixed constant suffices, of a claim that there is one.
    pub suffices: usize,
    /// Cells inside the hypotheses at which a fixed constant is refuted.
    pub refuted: usize,
    /// Cells inside the hypotheses at which no method decides.
    pub undecided: usize,
    /// Cells at which no method measured anything.
    pub failed: usize,
    /// Cells inside the hypotheses at which the bound says nothing.
    pub vacuous: usize,
    /// Cells outside the hypotheses.
    pub outside: usize,
    /// Those of them at which the measured value lies on the wrong side.
    pub outside_missed: usize,
}

impl Counts {
    /// Counts cells.
    pub fn of(cells: &[Joined]) -> Self {
        let mut counts = Counts { cells: cells.len(), ..Counts::default() };
        for joined in cells {
            if joined.best.verdict == Verdict::Failed {
                counts.failed += 1;
                continue;
            }
            if joined.best.outside() {
                counts.outside += 1;
                counts.outside_missed += usize::from(joined.missed.is_some());
                continue;
            }
            counts.vacuous += usize::from(joined.best.vacuous);
            match joined.missed.or(joined.met).map(|record| record.verdict) {
                Some(Verdict::Holds) => counts.holds += 1,
                Some(Verdict::Violated) => counts.violated += 1,
                Some(Verdict::ConstantSuffices) => counts.suffices += 1,
                Some(Verdict::ConstantRefuted) => counts.refuted += 1,
                Some(Verdict::Undecided | Verdict::Failed) | None => counts.undecided += 1,
            }
        }
        counts
    }

    /// Cells inside the hypotheses.
    pub fn inside(&self) -> usize {
        self.cells - self.outside - self.failed
    }

    /// Whether the bound holds, and at how many cells.
    pub fn sentence(&self) -> String {
        let (inside, undecided) = (self.inside(), self.undecided);
        if self.suffices + self.refuted > 0 {
            return format!(
                "at the constants tried: of {inside} cells inside the hypotheses {} refute theirs, at {} it suffices, {undecided} \
                 are undecided.",
                self.refuted, self.suffices
            );
        }
        let word = match (self.violated, self.holds, undecided) {
            (0, 0, _) => "is undecided",
            (0, _, 0) => "holds at every cell",
            (0, ..) => "holds wherever it is decided",
            _ => "fails",
        };
        format!(
            "{word}: of {inside} cells inside the hypotheses it holds at {}, is violated at {}, undecided at {undecided}.",
            self.holds, self.violated
        )
    }

    /// Cells inside the hypotheses on the claimed side.
    pub fn met(&self) -> usize {
        self.holds + self.suffices
    }

    /// Cells inside the hypotheses on the other side.
    pub fn missed(&self) -> usize {
        self.violated + self.refuted
    }
}

/// The least slack over cells, between which numbers it lies, and where.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Least {
    /// At least this; minus infinity where a measured value may be 0 or unbounded.
    pub lo: f64,
    /// At most this.
    pub hi: f64,
    /// The cell at which the upper end lies: the least slack over all cells is not above the slack there.
    pub cell: String,
}

impl Least {
    /// The least slack inside the hypotheses. Every record's limits hold together, at the run's chance of error, so that the
    /// minimum of the lower ends and that of the upper ones enclose the least true slack, whichever cell it is attained at.
    pub fn of(cells: &[Joined]) -> Option<Self> {
        let inside = cells.iter().filter(|joined| !joined.best.outside());
        let limits = inside.filter_map(|joined| Some((joined.slack?, joined.best)));
        limits.fold(None, |least: Option<Least>, ((lo, hi), record)| {
            let least = least.unwrap_or(Least { lo: f64::INFINITY, hi: f64::INFINITY, cell: String::new() });
            let lo = least.lo.min(lo);
            Some(if hi < least.hi || least.cell.is_empty() {
                Least { lo, hi, cell: record.key.clone() }
            } else {
                Least { lo, ..least }
            })
        })
    }

    /// The number, or the interval: `0.071`, `-0.4 to -0.3`.
    pub fn text(&self) -> String {
        let shown = |x: f64| match x {
            f64::INFINITY => "any size".to_string(),
            f64::NEG_INFINITY => "minus any size".to_string(),
            x => format!("{:.3}", x + 0.0),
        };
        let (lo, hi) = (shown(self.lo), shown(self.hi));
        if lo == hi { hi } else { format!("{lo} to {hi}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_narrow_a_slack_together() {
        let (wide, narrow, far) = (Some((-3.0, -1.0)), Some((-2.5, -0.5)), Some((1.0, 2.0)));
        assert_eq!(common(wide, narrow), Some((-2.5, -1.0)));
        assert_eq!(common(None, narrow), narrow);
        assert_eq!(common(wide, far), wide);
        assert_eq!(common(None, None), None);
    }
}
