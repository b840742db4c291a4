//! Falsification: looks for the cell at which a bound fails, or comes nearest to failing, over the whole region that a
//! claim's hypotheses allow; shrinks what it finds to a smallest counterexample, and has it confirmed by a second method.
//!
//! Nothing is proved by a search that finds nothing: it says how much it has searched, and the least slack that it saw.

pub mod clock;
pub mod confirm;
pub mod lab;
pub mod region;
pub mod reproduce;
pub mod search;
pub mod shrink;
pub mod space;

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::claims::{Hypothesis, Relation};
use crate::error::{Error, Result};
use crate::verdict::Verdict;
use clock::Clock;
use confirm::{Second, confirm};
use lab::{Care, FINAL, Lab, Seen};
use region::Region;
use search::{Hunt, Ledger, Tell};
use space::Space;

/// Evaluations where none are asked for and the time allows them.
pub const EVALUATIONS: u64 = 20_000;

/// What is searched, for how long, and from which seed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The region.
    pub region: Region,
    /// The seed of the choice of cells.
    pub seed: u64,
    /// The chance that a counterexample which rests on a sample is none.
    pub alpha: f64,
    /// The most cells to measure. With a number, and time enough, the same cells are measured every time; without one, as
    /// many as the time allows.
    pub evaluations: Option<u64>,
    /// The time for everything.
    pub time: Duration,
    /// Whether any counterexample will do, the first one found: not shrunk, and not confirmed.
    pub first: bool,
}

/// What a search has found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The bound's name.
    pub bound: String,
    /// The region, as text.
    pub region: String,
    /// Whether a counterexample was found, and measured again on fresh streams where it rests on a sample.
    pub found: bool,
    /// The smallest counterexample; where none is found, the cell of least slack.
    pub best: Option<Seen>,
    /// Whether nothing smaller was found by a shrinking that came to its end.
    pub smallest: bool,
    /// The cell of least slack of all.
    pub worst: Option<Seen>,
    /// What an independent method says of the counterexample; it may contradict.
    pub second: Option<Second>,
    /// ln of the factor by which the bound could be multiplied and would still hold at every cell that was measured.
    pub ln_best_constant: Option<f64>,
    /// The most replicates that the counterexample's own evidence took; 0 without a sample.
    pub replicates: u64,
    /// Cells measured.
    pub evaluations: u64,
    /// Cells that could not be measured.
    pub refused: u64,
    /// Why the first of them could not be.
    pub reason: Option<String>,
    /// The wall time.
    pub seconds: f64,
    /// Whether it was stopped from outside.
    pub interrupted: bool,
}

impl Finding {
    /// The relation that was claimed for the bound, given the claim's.
    pub fn relation(&self, claimed: Relation) -> Relation {
        self.best.as_ref().and_then(|best| best.bound.relation).unwrap_or(claimed)
    }

    /// What is known of the best cell.
    pub fn verdict(&self) -> Verdict {
        match &self.best {
            Some(_) if self.contradicted() => Verdict::Undecided,
            // What rests on a sample and was not measured again decides nothing.
            Some(best) if best.violated() && !self.found => Verdict::Undecided,
            Some(best) => best.verdict,
            None => Verdict::Undecided,
        }
    }

    /// The name of the method that confirms the counterexample.
    pub fn confirmed_by(&self) -> Option<&'static str> {
        let second = self.second.as_ref().filter(|second| self.found && second.seen.violated());
        second.map(|second| second.seen.evidence.method.name())
    }

    /// Whether a second method says the opposite of the first: one of the two is wrong.
    pub fn contradicted(&self) -> bool {
        self.second.as_ref().is_some_and(|second| second.seen.verdict == Verdict::Holds)
    }
}

/// The shares of the time at whose ends the sweep, the pattern search and the shrinking are over.
const SWEEP: f64 = 0.4;
const CLIMB: f64 = 0.6;
const CLIMB_ALONE: f64 = 0.9;
const SHRINK: f64 = 0.85;
/// The shares of the evaluations, likewise.
const SWEEP_EVALUATIONS: f64 = 0.5;
const CLIMB_EVALUATIONS: f64 = 0.75;
/// Replicates of what is measured again.
const FRESH: u64 = 200_000;
/// Candidates that are measured again, at most.
const MOST_FRESH: usize = 8;

/// Searches for a counterexample to one bound of the lab's claim.
///
/// # Errors
/// Where no cell of the region meets the hypotheses, or none can be measured.
pub fn falsify(lab: &Lab, bound: &str, plan: &Plan, interrupted: &AtomicBool, tell: Tell) -> Result<Finding> {
    let clock = Clock::new(plan.time, interrupted);
    clock.watch(|| Search { lab, bound, plan, clock: &clock, tell }.run())
}

struct Search<'a> {
    lab: &'a Lab<'a>,
    bound: &'a str,
    plan: &'a Plan,
    clock: &'a Clock<'a>,
    tell: Tell<'a>,
}

impl Search<'_> {
    fn run(&self) -> Result<Finding> {
        let ledger = RefCell::new(Ledger::default());
        let most = self.plan.evaluations.unwrap_or(EVALUATIONS);
        let share = |share: f64| ((most as f64 * share) as u64).max(1);
        let hunt = |limit: u64| Hunt {
            lab: self.lab,
            space: Space { claim: self.lab.claim, region: self.plan.region.clone() },
            bound: self.bound,
            clock: self.clock,
            seed: self.plan.seed,
            ledger: &ledger,
            limit,
            first: self.plan.first,
            tell: self.tell,
        };
        self.clock.phase(SWEEP);
        if !hunt(share(SWEEP_EVALUATIONS)).sweep()? {
            return Err(self.nothing_allowed());
        }
        self.clock.phase(CLIMB);
        let is_violated = || ledger.borrow().cells().any(Seen::violated);
        let climb_limit = |violated: bool| if violated { share(CLIMB_EVALUATIONS) } else { most };
        if !is_violated() {
            self.clock.phase(CLIMB_ALONE);
        }
        hunt(climb_limit(is_violated())).race()?;
        hunt(climb_limit(is_violated())).climb("climb")?;
        // What the pattern search has found in samples has not run its race yet.
        hunt(climb_limit(is_violated())).race()?;
        self.clock.phase(SHRINK);
        let worst = ledger.borrow().best().cloned();
        let Some(worst) = worst else { return self.nothing_measured(&ledger.borrow()) };
        let stage = if worst.stage == FINAL { FINAL } else { lab::STAGES.len() - 2 };
        let mut path = vec![worst.clone()];
        let mut smallest = false;
        if worst.violated() && !self.plan.first && !self.clock.interrupted() {
            let shrunk = shrink::shrink(&hunt(most), worst.clone(), stage)?;
            (path, smallest) = (shrunk.path, shrunk.complete);
        }
        self.clock.phase(1.0);
        self.conclude(&ledger.borrow(), worst, path, smallest)
    }

    /// Measures again what rests on a sample, asks for a second method, and sums up.
    fn conclude(&self, ledger: &Ledger, worst: Seen, mut path: Vec<Seen>, smallest: bool) -> Result<Finding> {
        (self.tell)("confirm", ledger.evaluations, Some(&worst));
        let sampled = worst.stage != FINAL;
        let mut fresh = Fresh { search: self, number: 0 };
        let last = path.len();
        let mut best = path.last().cloned();
        let mut found = best.as_ref().is_some_and(Seen::violated);
        if sampled {
            found = false;
            if !path.iter().any(Seen::violated) {
                path = self.candidates(ledger);
            }
            // From the smallest back to the worst: the winner of many is biased.
            for seen in path.iter().rev().take(MOST_FRESH) {
                let Some(again) = fresh.look(seen)? else { break };
                found = again.violated();
                if found {
                    best = Some(again);
                    break;
                }
            }
        }
        let worst = match (sampled, fresh.look_if(sampled && !self.clock.interrupted(), &worst)?) {
            (true, Some(again)) => again,
            _ => worst,
        };
        if !found {
            best = Some(worst.clone());
        }
        let second = match &best {
            Some(best) if found && !self.plan.first && !self.clock.interrupted() => {
                confirm(self.lab, best, self.plan.alpha, self.clock)?
            }
            _ => None,
        };
        let contradicted = second.as_ref().is_some_and(|second| second.seen.verdict == Verdict::Holds);
        let smallest = smallest && best.as_ref().map(|best| &best.cell) == path.get(last - 1).map(|seen| &seen.cell);
        Ok(Finding {
            bound: self.bound.into(),
            region: self.plan.region.to_string(),
            found: found && !contradicted,
            best,
            smallest: found && smallest,
            ln_best_constant: self.ln_best_constant(&worst),
            worst: Some(worst),
            second,
            replicates: if sampled { FRESH } else { 0 },
            evaluations: ledger.evaluations,
            refused: ledger.refused,
            reason: ledger.reason.clone(),
            seconds: self.clock.elapsed().as_secs_f64(),
            interrupted: self.clock.interrupted(),
        })
    }

    /// Sampled cells that may be violated, the most promising last.
    fn candidates(&self, ledger: &Ledger) -> Vec<Seen> {
        let mut candidates: Vec<Seen> =
            ledger.cells().filter(|s| s.optimistic < 0.0 && s.slack < 0.1).cloned().collect();
        candidates.sort_by(|a, b| b.stage.cmp(&a.stage).then(a.compare(b)));
        candidates.truncate(MOST_FRESH / 2);
        candidates.reverse();
        candidates
    }

    /// The factor that leaves a slack of 0 where it is least, from the careful end of the interval. An equality has none.
    fn ln_best_constant(&self, worst: &Seen) -> Option<f64> {
        let end = match worst.bound.relation.unwrap_or(self.lab.claim.about().relation) {
            Relation::AtLeast => worst.evidence.ln_lo,
            Relation::AtMost => worst.evidence.ln_hi,
            Relation::Equal { .. } => return None,
        };
        Some(end - worst.bound.ln).filter(|ln| ln.is_finite())
    }

    fn nothing_allowed(&self) -> Error {
        let space = Space { claim: self.lab.claim, region: self.plan.region.clone() };
        let middle = space.middle();
        let why = match self.lab.claim.check(&middle) {
            Err(error) => error.to_string(),
            Ok(()) => {
                let unmet = self.lab.claim.hypotheses(&middle).iter().filter_map(Hypothesis::unmet).collect::<Vec<_>>();
                format!("unmet: {}", unmet.join("; "))
            }
        };
        Error::input(format!(
            "no cell of the region {} was found that meets the hypotheses (in its middle, {}: {why}); widen --within",
            self.plan.region,
            middle.key()
        ))
    }

    /// Stopped before the first cell was measured, or none could be.
    fn nothing_measured(&self, ledger: &Ledger) -> Result<Finding> {
        if let (Some(reason), false) = (&ledger.reason, self.clock.interrupted()) {
            return Err(Error::input(format!("no cell of the region could be measured; the first: {reason}")));
        }
        Ok(Finding {
            bound: self.bound.into(),
            region: self.plan.region.to_string(),
            found: false,
            best: None,
            smallest: false,
            worst: None,
            second: None,
            ln_best_constant: None,
            replicates: 0,
            evaluations: ledger.evaluations,
            refused: ledger.refused,
            reason: ledger.reason.clone(),
            seconds: self.clock.elapsed().as_secs_f64(),
            interrupted: self.clock.interrupted(),
        })
    }
}

/// Measures cells again on streams that the search has not seen; all together err with probability at most alpha.
struct Fresh<'a> {
    search: &'a Search<'a>,
    number: u32,
}

impl Fresh<'_> {
    /// `None` where the time is over, or the cell cannot be measured again.
    fn look(&mut self, seen: &Seen) -> Result<Option<Seen>> {
        let Search { lab, plan, clock, .. } = self.search;
        if clock.stopped() {
            return Ok(None);
        }
        self.number += 1;
        // 1/(1 2) + 1/(2 3) + ... = 1.
        let alpha = plan.alpha / f64::from(self.number * (self.number + 1));
        let care = Care { experiment: lab.name(), alpha, replicates: FRESH, relative: f64::MIN_POSITIVE };
        match lab.look_by(&seen.cell, &seen.bound, seen.evidence.method, care, clock.flag()) {
            Ok(seen) => Ok(Some(seen)),
            Err(Error::Interrupted(_) | Error::Input(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn look_if(&mut self, wanted: bool, seen: &Seen) -> Result<Option<Seen>> {
        if wanted { self.look(seen) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests;
