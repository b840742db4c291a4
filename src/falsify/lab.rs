//! Cells measured beside one bound: exactly where an exact method exists, by growing samples elsewhere.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Method};
use crate::measurand::Estimator;
use crate::measure::{Job, Sampling, measure};
use crate::measure::{Precision, Until};
use crate::statement::Cell;
use crate::statement::{Bound, Relation};
use crate::verdict::{Verdict, judge, slack_limits, slack_log10};

/// The replicates of a sample, stage after stage of a race.
pub const STAGES: [u64; 5] = [64, 256, 1024, 4096, 16384];
/// The stage of evidence that more work would not change.
pub const FINAL: usize = usize::MAX;
/// Samples end at this relative width.
pub const PRECISE: f64 = 0.01;
/// The name of the experiment in the addresses of a search's streams: what is to be believed is measured on others. No file can
/// have this name.
const SEARCH: &str = "falsify search";

/// A cell, measured and judged.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The cell.
    pub cell: Cell,
    /// What was measured.
    pub evidence: Evidence,
    /// The bound.
    pub bound: Bound,
    /// What the evidence says about the bound.
    pub verdict: Verdict,
    /// log10 of how far the measured value is on the claimed side; infinite where one of the two is 0.
    pub slack: f64,
    /// Between which numbers the slack lies where the measured value lies within its limits.
    pub limits: (f64, f64),
    /// How far its sample has come; [`FINAL`] where there is none.
    pub stage: usize,
    /// The wall time that it took.
    pub seconds: f64,
}

impl Seen {
    /// Whether the bound is violated there.
    pub fn violated(&self) -> bool {
        self.verdict == Verdict::Violated
    }

    /// Whether what was measured depends on chance.
    pub fn sampled(&self) -> bool {
        self.stage != FINAL
    }

    /// The relation that is claimed there, given the claim's.
    pub fn relation(&self, claimed: Relation) -> Relation {
        self.bound.relation.unwrap_or(claimed)
    }

    /// Sorts the most promising first: by the optimistic end while a sample grows, by the value once it is known.
    pub fn compare(&self, other: &Seen) -> std::cmp::Ordering {
        let key = |seen: &Seen| if seen.sampled() { (seen.limits.0, seen.slack) } else { (seen.slack, seen.slack) };
        let (a, b) = (key(self), key(other));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    }
}

/// What the streams of a measurement are named after, and how sure its interval is.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The experiment's name in the streams' addresses.
    pub experiment: &'a str,
    /// The chance that the interval misses the truth.
    pub alpha: f64,
    /// The most replicates.
    pub replicates: u64,
    /// The width of the interval, relative to its lower end, at which a sample ends though it has decided nothing.
    pub relative: f64,
    /// Whether a verdict ends the sample.
    pub until: Until,
}

/// Measures cells of one claim, and remembers what does not depend on chance, for one bound after another.
pub struct Lab<'a> {
    /// The claim.
    pub claim: &'a Claim,
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
    pub fn new(claim: &'a Claim, seed: u64, name: &'a str) -> Self {
        Lab { claim, seed, name, known: Mutex::new(HashMap::new()) }
    }

    /// The experiment that will reproduce the finding.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The claim's most exact method that reaches the cell, and whether it needs a sample.
    ///
    /// # Errors
    /// [`Error::Unreachable`] where none reaches it: the first one's reason.
    pub fn method(&self, cell: &Cell) -> Result<(Method, bool)> {
        let mut first = None;
        for method in self.claim.methods() {
            match self.claim.estimator(cell, method) {
                Ok(Estimator::Replicates(_) | Estimator::Sampled(_)) => return Ok((method, true)),
                Ok(Estimator::Deterministic(_) | Estimator::Constructed(_)) => return Ok((method, false)),
                Err(error @ Error::Unreachable(_)) => first = first.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| Error::input("the claim has no method")))
    }

    /// Measures a cell beside a bound up to a stage of the race; the interval of a sample misses with chance at most `alpha`.
    ///
    /// # Errors
    /// [`Error::Unreachable`] where no method reaches the cell, [`Error::Interrupted`] where `stop` is raised; any other is not
    /// the cell's.
    pub fn look(&self, cell: &Cell, bound: &str, stage: usize, alpha: f64, stop: &AtomicBool) -> Result<Seen> {
        let start = Instant::now();
        let (method, sampled) = self.method(cell)?;
        let bound = self.bound(cell, bound)?;
        if !sampled {
            let evidence = self.evidence(cell, method, &bound, stop)?;
            return Ok(self.seen(cell, evidence, bound, FINAL, start));
        }
        let replicates = STAGES[stage.min(STAGES.len() - 1)];
        let settings = Settings { experiment: SEARCH, alpha, replicates, relative: PRECISE, until: Until::Decided };
        let evidence = self.measured(cell, method, &bound, settings, stop)?;
        Ok(self.seen(cell, evidence, bound, stage, start))
    }

    /// Measures a cell by a method with settings of its own.
    ///
    /// # Errors
    /// As [`Lab::look`].
    pub fn look_by(
        &self,
        cell: &Cell,
        bound: &Bound,
        method: Method,
        settings: Settings,
        stop: &AtomicBool,
    ) -> Result<Seen> {
        let start = Instant::now();
        let evidence = self.measured(cell, method, bound, settings, stop)?;
        Ok(self.seen(cell, evidence, bound.clone(), FINAL, start))
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
        // Some bounds exist at some cells only.
        found.ok_or_else(|| Error::unreachable(format!("unknown bound {name:?}; write {}", names())))
    }

    /// Evidence without a sample, from memory where it is there.
    fn evidence(&self, cell: &Cell, method: Method, bound: &Bound, stop: &AtomicBool) -> Result<Evidence> {
        let key = cell.key();
        if let Some(evidence) = self.recall(&key).evidence {
            return Ok(evidence);
        }
        let settings =
            Settings { experiment: self.name, alpha: 1e-3, replicates: 1, relative: PRECISE, until: Until::Decided };
        let evidence = self.measured(cell, method, bound, settings, stop)?;
        self.remember(key, |known| known.evidence = Some(evidence.clone()));
        Ok(evidence)
    }

    fn recall(&self, key: &str) -> Known {
        self.known.lock().expect("no holder of the lock panics").get(key).cloned().unwrap_or_default()
    }

    fn remember(&self, key: String, change: impl FnOnce(&mut Known)) {
        change(self.known.lock().expect("no holder of the lock panics").entry(key).or_default());
    }

    fn measured(
        &self,
        cell: &Cell,
        method: Method,
        bound: &Bound,
        settings: Settings,
        stop: &AtomicBool,
    ) -> Result<Evidence> {
        let job = Job {
            claim: self.claim,
            experiment: settings.experiment,
            cell,
            method,
            bounds: std::slice::from_ref(bound),
        };
        let precision =
            Precision { relative: settings.relative, replicates: settings.replicates, until: settings.until };
        measure(&job, &Sampling { seed: self.seed, alpha: settings.alpha, precision }, stop)
    }

    fn seen(&self, cell: &Cell, evidence: Evidence, bound: Bound, stage: usize, start: Instant) -> Seen {
        let relation = bound.relation.unwrap_or(self.claim.statement().relation);
        // Evidence that says nothing by itself, or of a cell that turned out to lie outside, refutes nothing.
        let outside = evidence.observed.iter().any(|hypothesis| !hypothesis.is_met());
        let verdict = match outside {
            true => Verdict::Undecided,
            false => judge(&evidence, &bound, relation),
        };
        let slack = slack_log10(&evidence, &bound, relation).unwrap_or(match verdict {
            Verdict::Violated => f64::NEG_INFINITY,
            _ => f64::INFINITY,
        });
        let (slack, limits) = match outside {
            true => (f64::INFINITY, (f64::INFINITY, f64::INFINITY)),
            false => (slack, slack_limits(&evidence, &bound, relation)),
        };
        let seconds = start.elapsed().as_secs_f64();
        Seen { cell: cell.clone(), evidence, bound, verdict, slack, limits, stage, seconds }
    }
}
