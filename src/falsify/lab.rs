//! Cells measured beside one bound: exactly where an exact method exists, by growing samples elsewhere.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use crate::cell::Cell;
use crate::claims::{Bound, Claim, Estimator, Relation};
use crate::error::{Error, Result};
use crate::evidence::{Bearing, Evidence, Method};
use crate::experiment::{Precision, Until};
use crate::runner::measure::{Job, Sampling, measure};
use crate::verdict::{Verdict, judge, slack_log10};

/// The replicates of a sample, stage after stage of a race.
pub const STAGES: [u64; 5] = [64, 256, 1024, 4096, 16384];
/// The stage of evidence that more work would not change.
pub const FINAL: usize = usize::MAX;
/// The chance of error of a look while the search goes on: rare enough that false alarms among thousands of looks are few.
const SEARCH_ALPHA: f64 = 1e-6;
/// Samples of the search itself end at this relative width.
const PRECISE: f64 = 0.01;
/// The name of the experiment in the addresses of a search's streams: what is to be believed is measured on others.
const SEARCH: &str = "falsify";

/// A cell, measured and judged.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The cell.
    pub cell: Cell,
    /// What was measured.
    pub evidence: Evidence,
    /// The bound.
    pub bound: Bound,
    /// What the evidence says of the bound.
    pub verdict: Verdict,
    /// log10 of how far the measured value is on the claimed side; infinite where one of the two is 0.
    pub slack: f64,
    /// The least slack that the interval leaves possible.
    pub optimistic: f64,
    /// How far its sample has come; [`FINAL`] where there is none.
    pub stage: usize,
}

impl Seen {
    /// Whether the bound is violated there.
    pub fn violated(&self) -> bool {
        self.verdict == Verdict::Violated
    }

    /// Sorts the most promising first: by the optimistic end while a sample grows, by the value once it is known.
    pub fn compare(&self, other: &Seen) -> std::cmp::Ordering {
        let key =
            |seen: &Seen| if seen.stage == FINAL { (seen.slack, seen.slack) } else { (seen.optimistic, seen.slack) };
        let (a, b) = (key(self), key(other));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    }
}

/// What the streams of a measurement are named after, and how sure its interval is.
#[derive(Debug, Clone, Copy)]
pub struct Care<'a> {
    /// The experiment's name in the streams' addresses.
    pub experiment: &'a str,
    /// The chance that the interval misses the truth.
    pub alpha: f64,
    /// The most replicates.
    pub replicates: u64,
    /// The width of the interval, relative to its lower end, at which a sample ends though it has decided nothing.
    pub relative: f64,
}

/// Measures cells of one claim, and remembers what does not depend on chance, for one bound after another.
pub struct Lab<'a> {
    /// The claim.
    pub claim: &'a dyn Claim,
    seed: u64,
    /// The experiment that will reproduce the finding: objects that are constructed at random are drawn from its streams, so
    /// that it constructs the same ones.
    name: &'a str,
    known: Mutex<HashMap<String, Known>>,
}

/// What is known of a cell without chance.
#[derive(Clone, Default)]
struct Known {
    bounds: Option<Vec<Bound>>,
    evidence: Option<Evidence>,
}

impl<'a> Lab<'a> {
    /// A lab for a claim; `name` is that of the experiment that will reproduce what is found.
    pub fn new(claim: &'a dyn Claim, seed: u64, name: &'a str) -> Self {
        Lab { claim, seed, name, known: Mutex::new(HashMap::new()) }
    }

    /// The experiment that will reproduce the finding.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The claim's most exact method that reaches the cell, and whether it needs a sample.
    ///
    /// # Errors
    /// Where none reaches it: the first one's reason.
    pub fn method(&self, cell: &Cell) -> Result<(Method, bool)> {
        let mut first = None;
        for method in self.claim.about().methods {
            match self.claim.estimator(cell, *method) {
                Ok(Estimator::Replicates(_)) => return Ok((*method, true)),
                Ok(_) => return Ok((*method, false)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::input("the claim has no method")))
    }

    /// Measures a cell beside a bound up to a stage of the race.
    ///
    /// # Errors
    /// Where the cell cannot be measured or `stop` is raised.
    pub fn look(&self, cell: &Cell, bound: &str, stage: usize, stop: &AtomicBool) -> Result<Seen> {
        let (method, sampled) = self.method(cell)?;
        let bound = self.bound(cell, bound)?;
        if !sampled {
            let evidence = self.evidence(cell, method, &bound, stop)?;
            return Ok(self.seen(cell, evidence, bound, FINAL));
        }
        let replicates = STAGES[stage.min(STAGES.len() - 1)];
        let care = Care { experiment: SEARCH, alpha: SEARCH_ALPHA, replicates, relative: PRECISE };
        let evidence = self.measured(cell, method, &bound, care, stop)?;
        Ok(self.seen(cell, evidence, bound, stage))
    }

    /// Measures a cell by a method with care of one's own.
    ///
    /// # Errors
    /// As [`Lab::look`].
    pub fn look_by(&self, cell: &Cell, bound: &Bound, method: Method, care: Care, stop: &AtomicBool) -> Result<Seen> {
        let evidence = self.measured(cell, method, bound, care, stop)?;
        Ok(self.seen(cell, evidence, bound.clone(), FINAL))
    }

    fn bound(&self, cell: &Cell, name: &str) -> Result<Bound> {
        let key = cell.key();
        let known = self.recall(&key).bounds;
        let bounds = match known {
            Some(bounds) => bounds,
            None => {
                let bounds = self.claim.bounds(cell)?;
                self.remember(key, |known| known.bounds = Some(bounds.clone()));
                bounds
            }
        };
        let names = || bounds.iter().map(|bound| bound.name.as_str()).collect::<Vec<_>>().join(" or ");
        let found = bounds.iter().find(|bound| bound.name == name).cloned();
        found.ok_or_else(|| Error::input(format!("unknown bound {name:?}; write {}", names())))
    }

    /// Evidence without a sample, from memory where it is there.
    fn evidence(&self, cell: &Cell, method: Method, bound: &Bound, stop: &AtomicBool) -> Result<Evidence> {
        let key = cell.key();
        if let Some(evidence) = self.recall(&key).evidence {
            return Ok(evidence);
        }
        let care = Care { experiment: self.name, alpha: 1e-3, replicates: 1, relative: PRECISE };
        let evidence = self.measured(cell, method, bound, care, stop)?;
        self.remember(key, |known| known.evidence = Some(evidence.clone()));
        Ok(evidence)
    }

    fn recall(&self, key: &str) -> Known {
        self.known.lock().expect("no holder of the lock panics").get(key).cloned().unwrap_or_default()
    }

    fn remember(&self, key: String, change: impl FnOnce(&mut Known)) {
        change(self.known.lock().expect("no holder of the lock panics").entry(key).or_default());
    }

    fn measured(&self, cell: &Cell, method: Method, bound: &Bound, care: Care, stop: &AtomicBool) -> Result<Evidence> {
        let job =
            Job { claim: self.claim, experiment: care.experiment, cell, method, bounds: std::slice::from_ref(bound) };
        let precision = Precision { relative: care.relative, replicates: care.replicates, until: Until::Decided };
        measure(&job, &Sampling { seed: self.seed, alpha: care.alpha, precision }, stop)
    }

    fn seen(&self, cell: &Cell, evidence: Evidence, bound: Bound, stage: usize) -> Seen {
        let relation = bound.relation.unwrap_or(self.claim.about().relation);
        // Evidence that tells nothing by itself, or of a cell that turned out to lie outside, refutes nothing.
        let outside = evidence.observed.iter().any(|hypothesis| !hypothesis.is_met());
        let verdict = match outside || evidence.bearing == Bearing::Illustrates {
            true => Verdict::Undecided,
            false => judge(&evidence, &bound, relation),
        };
        let at = |ln: Option<f64>| {
            let evidence = Evidence { ln, ..evidence.clone() };
            slack_log10(&evidence, &bound, relation).unwrap_or(match verdict {
                Verdict::Violated => f64::NEG_INFINITY,
                _ => f64::INFINITY,
            })
        };
        let slack = if outside { f64::INFINITY } else { at(evidence.ln) };
        let end = |ln: f64| match (ln == f64::NEG_INFINITY, relation) {
            (false, _) => at(Some(ln)),
            (true, Relation::AtMost) => f64::INFINITY,
            (true, _) => f64::NEG_INFINITY,
        };
        let optimistic = if outside { f64::INFINITY } else { end(evidence.ln_lo).min(end(evidence.ln_hi)).min(slack) };
        Seen { cell: cell.clone(), evidence, bound, verdict, slack, optimistic, stage }
    }
}
