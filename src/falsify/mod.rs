//! Falsification: looks for the cell at which a bound fails, or comes nearest to failing, over the whole region that a
//! claim's hypotheses allow; shrinks what it finds to a smallest counterexample, and has it confirmed by a second method.
//!
//! Nothing is proved by a search that finds nothing: it says how much it has searched, and the least slack that it saw.
//!
//! Where values are sampled, the cell that looks worst among many is biased. The chance of error alpha is therefore split
//! ([`Shares`]): half over all looks of the search, whose intervals hold all together whichever cell is picked afterwards, a
//! quarter over what is measured again on fresh streams, a quarter over second methods. A counterexample rests on fresh
//! streams, and so does the interval of the least slack where time allows; else it is the search's own. What is said of all
//! cells measured, the best constant, is enclosed by all their intervals.

pub mod certify;
pub mod clock;
pub mod confirm;
mod constant;
pub mod lab;
pub mod region;
pub mod reproduce;
pub mod search;
pub mod shrink;
pub mod space;

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::evidence::Bearing;
use crate::measure::Until;
use crate::measure::constants::{self, Interval};
use crate::statement::{Hypothesis, Relation};
use crate::verdict::Verdict;
use clock::Clock;
use confirm::{Second, confirm};
use lab::{FINAL, Lab, Seen, Settings};
use region::Region;
use search::{Hunt, Ledger, Observer};
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
    /// The chance that anything said of samples is wrong: that a counterexample is none, or that an interval misses.
    pub alpha: f64,
    /// The most cells to measure. With a number, and time enough, the same cells are measured every time; without one, as
    /// many as the time allows.
    pub evaluations: Option<u64>,
    /// The time for everything.
    pub time: Duration,
    /// Whether any counterexample will do, the first one found: not shrunk, and not confirmed.
    pub first: bool,
}

/// How the chance of error of a search is split.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Shares {
    /// All of it.
    pub total: f64,
    /// For each look of the search, of which there are at most as many as evaluations; half of it all.
    pub each_look: f64,
    /// For all that is measured again on fresh streams: a quarter.
    pub fresh: f64,
    /// For all second methods: a quarter.
    pub second: f64,
}

impl Plan {
    /// The most cells that are measured.
    fn most(&self) -> u64 {
        self.evaluations.unwrap_or(EVALUATIONS)
    }

    /// How its chance of error is split.
    pub fn shares(&self) -> Shares {
        let (total, quarter) = (self.alpha, 0.25 * self.alpha);
        Shares { total, each_look: 0.5 * total / self.most() as f64, fresh: quarter, second: quarter }
    }
}

/// Between which numbers a constant lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// ln of the lower limit; minus infinity where there is none above 0.
    pub ln_lo: f64,
    /// ln of the upper limit; infinite where there is none.
    pub ln_hi: f64,
    /// Whether it is known only between its limits: values behind it are sampled, or less was measured than is claimed.
    pub sampled: bool,
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
    /// Whether the evidence at the best cell and the worst is a sample.
    pub sampled: bool,
    /// The smallest counterexample; where none is found, the cell of least slack.
    pub best: Option<Seen>,
    /// Whether nothing smaller was found by a shrinking that came to its end.
    pub smallest: bool,
    /// What smallest means: the parameters, the one that is made least first.
    pub order: Vec<String>,
    /// The cell of least slack of all.
    pub worst: Option<Seen>,
    /// What an independent method says of the counterexample; it may contradict.
    pub second: Option<Second>,
    /// The factor by which the bound could be multiplied and would still just hold at every cell that was measured: the largest
    /// one for at-least, the least one for at-most. `None` for an equality, and where what is measured only illustrates.
    pub constant: Option<Constant>,
    /// What the cells say together of each constant that the statement leaves open and no hypothesis names.
    pub intervals: Vec<Interval>,
    /// How the chance of error was split.
    pub shares: Shares,
    /// The most replicates that the counterexample's own evidence took; 0 without a sample.
    pub replicates: u64,
    /// Cells measured.
    pub evaluations: u64,
    /// Cells that no method reaches.
    pub refused: u64,
    /// Why the first of them is not reached.
    pub reason: Option<String>,
    /// The wall time.
    pub seconds: f64,
    /// Whether it was stopped from outside.
    pub interrupted: bool,
}

impl Finding {
    /// What is known of a search that is stopped after the plan's time: at best a cell of little slack, of which nothing was confirmed.
    pub fn so_far(bound: &str, plan: &Plan, best: Option<Seen>, evaluations: u64) -> Self {
        Finding {
            bound: bound.into(),
            region: plan.region.to_string(),
            found: false,
            sampled: best.as_ref().is_some_and(Seen::sampled),
            worst: best.clone(),
            best,
            smallest: false,
            order: shrink::order_of(&plan.region),
            second: None,
            constant: None,
            intervals: Vec::new(),
            shares: plan.shares(),
            replicates: 0,
            evaluations,
            refused: 0,
            reason: None,
            seconds: plan.time.as_secs_f64(),
            interrupted: true,
        }
    }

    /// The relation that was claimed for the bound, given the claim's.
    pub fn relation(&self, claimed: Relation) -> Relation {
        self.best.as_ref().map_or(claimed, |best| best.relation(claimed))
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
/// Replicates of what is measured again, and the share of the time left that one sample may be expected to take.
const FRESH: u64 = 200_000;
const FRESH_TIME: f64 = 0.4;
/// Candidates that are measured again, at most.
const MOST_FRESH: usize = 8;

/// Searches for a counterexample to one bound of the lab's claim; where the claim says only that there is a constant, for the least
/// constant (or the greatest) that no cell refutes.
///
/// # Errors
/// Where no cell of the region meets the hypotheses, or none can be measured.
pub fn falsify(lab: &Lab, bound: &str, plan: &Plan, interrupted: &AtomicBool, observe: Observer) -> Result<Finding> {
    match constant::open(lab.claim, bound, &plan.region) {
        Some(axis) => constant::search_for(axis, plan, &|plan| search(lab, bound, plan, interrupted, observe)),
        None => search(lab, bound, plan, interrupted, observe),
    }
}

/// Searches for a counterexample with what the region leaves open.
fn search(lab: &Lab, bound: &str, plan: &Plan, interrupted: &AtomicBool, observe: Observer) -> Result<Finding> {
    let clock = Clock::new(plan.time, interrupted);
    clock.watch(|| Search { lab, bound, plan, clock: &clock, observe }.run())
}

struct Search<'a> {
    lab: &'a Lab<'a>,
    bound: &'a str,
    plan: &'a Plan,
    clock: &'a Clock<'a>,
    observe: Observer<'a>,
}

impl Search<'_> {
    fn run(&self) -> Result<Finding> {
        let ledger = RefCell::new(Ledger::default());
        let most = self.plan.most();
        let alpha = self.plan.shares().each_look;
        let share = |share: f64| ((most as f64 * share) as u64).max(1);
        let hunt = |limit: u64| Hunt {
            lab: self.lab,
            space: Space { claim: self.lab.claim, region: self.plan.region.clone() },
            bound: self.bound,
            clock: self.clock,
            seed: self.plan.seed,
            ledger: &ledger,
            limit,
            alpha,
            first: self.plan.first,
            observe: self.observe,
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
        let stage = if worst.sampled() { lab::STAGES.len() - 2 } else { FINAL };
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
        (self.observe)("confirm", ledger.evaluations, Some(&worst));
        let mut fresh = Fresh { search: self, number: 0 };
        let end = path.last().map(|seen| seen.cell.clone());
        if !path.iter().any(Seen::violated) {
            path = self.candidates(ledger);
        }
        // From the smallest back to the worst: of samples the winner of many is biased.
        let mut found = None;
        for seen in path.iter().rev().take(MOST_FRESH) {
            let again = match seen.sampled() {
                true => fresh.look(seen, Until::Decided)?,
                false => Some(seen.clone()),
            };
            let Some(again) = again else { break };
            if again.violated() {
                found = Some((again, seen.sampled()));
                break;
            }
        }
        let again = if worst.sampled() { fresh.look(&worst, Until::Precise)? } else { None };
        let sampled = found.as_ref().map_or(worst.sampled(), |(_, sampled)| *sampled);
        let worst = again.unwrap_or(worst);
        let found = found.map(|(best, _)| best);
        let second = match &found {
            Some(best) if !self.plan.first && !self.clock.interrupted() => {
                confirm(self.lab, best, self.plan.shares().second, self.clock)?
            }
            _ => None,
        };
        let contradicted = second.as_ref().is_some_and(|second| second.seen.verdict == Verdict::Holds);
        let smallest = smallest && found.as_ref().is_some_and(|best| Some(&best.cell) == end.as_ref());
        Ok(Finding {
            found: found.is_some() && !contradicted,
            sampled,
            best: Some(found.unwrap_or_else(|| worst.clone())),
            smallest,
            constant: self.constant(ledger, &worst),
            intervals: self.intervals(ledger),
            worst: Some(worst),
            second,
            replicates: if sampled { FRESH } else { 0 },
            ..self.nothing_seen(ledger)
        })
    }

    /// Sampled cells that may be violated, the most promising last.
    fn candidates(&self, ledger: &Ledger) -> Vec<Seen> {
        let mut candidates: Vec<Seen> =
            ledger.cells().filter(|s| s.sampled() && s.limits.0 < 0.0 && s.slack < 0.1).cloned().collect();
        candidates.sort_by(|a, b| b.stage.cmp(&a.stage).then(a.compare(b)));
        candidates.truncate(MOST_FRESH / 2);
        candidates.reverse();
        candidates
    }

    /// The factor that just leaves no slack at any cell that was measured: the intervals of all looks hold together, and so do
    /// those on fresh streams.
    fn constant(&self, ledger: &Ledger, fresh: &Seen) -> Option<Constant> {
        let relation = fresh.relation(self.lab.claim.statement().relation);
        // Below a bound of 0 every factor does, and beside a value that is 0 the slack is infinite.
        let speaks = |seen: &&Seen| seen.bound.ln > f64::NEG_INFINITY && seen.limits.0 < f64::INFINITY;
        let seen: Vec<&Seen> = ledger.cells().chain([fresh]).filter(speaks).collect();
        let lows = seen.iter().map(|seen| seen.evidence.ln_lo - seen.bound.ln_hi);
        let highs = seen.iter().map(|seen| seen.evidence.ln_hi - seen.bound.ln_lo);
        // Where less is measured than the statement claims, it may ask for more than what was seen.
        let partial = seen.iter().any(|seen| seen.evidence.bearing != Bearing::Decides);
        let (ln_lo, ln_hi) = match (relation, partial) {
            (Relation::AtLeast, false) => (lows.reduce(f64::min)?, highs.reduce(f64::min)?),
            (Relation::AtLeast, true) => (f64::NEG_INFINITY, highs.reduce(f64::min)?),
            (Relation::AtMost, false) => (lows.reduce(f64::max)?, highs.reduce(f64::max)?),
            (Relation::AtMost, true) => (lows.reduce(f64::max)?, f64::INFINITY),
            (Relation::Equal { .. }, _) => return None,
        };
        let sampled = partial || seen.iter().any(|seen| seen.sampled());
        (ln_lo > f64::NEG_INFINITY || ln_hi < f64::INFINITY).then_some(Constant { ln_lo, ln_hi, sampled })
    }

    /// What the cells say together of the constants that the statement leaves open.
    fn intervals(&self, ledger: &Ledger) -> Vec<Interval> {
        let claim = self.lab.claim;
        let of = |name: &String| {
            let cells = ledger.cells().map(|seen| (&seen.cell, (seen.evidence.ln_lo, seen.evidence.ln_hi)));
            constants::interval(claim, self.bound, name, cells)
        };
        claim.statement().constants.iter().filter_map(of).collect()
    }

    fn nothing_allowed(&self) -> Error {
        let space = Space { claim: self.lab.claim, region: self.plan.region.clone() };
        let middle = space.middle();
        let why = match self.lab.claim.check(&middle) {
            Err(error) if error.is_input() => error.to_string(),
            // No cell is to blame for that.
            Err(error) => return error,
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
        Ok(self.nothing_seen(ledger))
    }

    /// A finding of how much was searched.
    fn nothing_seen(&self, ledger: &Ledger) -> Finding {
        Finding {
            refused: ledger.refused,
            reason: ledger.reason.clone(),
            seconds: self.clock.elapsed().as_secs_f64(),
            interrupted: self.clock.interrupted(),
            ..Finding::so_far(self.bound, self.plan, None, ledger.evaluations)
        }
    }
}

/// Measures cells again on streams that the search has not seen; all together err with probability at most their share.
struct Fresh<'a> {
    search: &'a Search<'a>,
    number: u32,
}

impl Fresh<'_> {
    /// `None` where the time is over. The sample is as large as the time that is left allows, by that of the search's own.
    fn look(&mut self, seen: &Seen, until: Until) -> Result<Option<Seen>> {
        let Search { lab, plan, clock, .. } = self.search;
        if clock.stopped() {
            return Ok(None);
        }
        self.number += 1;
        // 1/(1 2) + 1/(2 3) + ... = 1.
        let alpha = plan.shares().fresh / f64::from(self.number * (self.number + 1));
        let each = seen.seconds / seen.evidence.work.max(1) as f64;
        let affordable = (FRESH_TIME * clock.left().as_secs_f64() / each) as u64;
        let replicates = affordable.clamp(lab::STAGES[0], FRESH);
        let relative = if until == Until::Precise { lab::PRECISE } else { f64::MIN_POSITIVE };
        let settings = Settings { experiment: lab.name(), alpha, replicates, relative, until };
        match lab.look_by(&seen.cell, &seen.bound, seen.evidence.method, settings, clock.flag()) {
            Ok(seen) => Ok(Some(seen)),
            Err(Error::Interrupted(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
