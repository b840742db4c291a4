//! The hunt for the least slack: a sweep of the whole region, then a pattern search from its best cells.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;

use rand::RngExt;
use rayon::prelude::*;

use super::clock::Clock;
use super::lab::{FINAL, Lab, STAGES, Seen};
use super::space::Space;
use crate::error::{Error, Result};
use crate::random::{Address, Stream};
use crate::statement::{Cell, Value};

/// Cells that are measured between two looks at the clock.
const WAVE: usize = 32;
/// Corners of the region from which the sweep begins, at most.
const MOST_CORNERS: usize = 512;
/// Points of the sweep that may come to nothing (outside, or seen before) before the region counts as exhausted.
const MOST_IDLE: u64 = 2000;
/// The stage at which a pattern search looks at sampled cells.
const LOCAL_STAGE: usize = 2;
/// Where a pattern search begins, at most, and how many go on side by side.
const CLIMBS: usize = 24;
const SIDE_BY_SIDE: usize = 6;
/// The first step of a pattern search, and the last: shares of an axis.
const FIRST_STEP: f64 = 0.2;
const LAST_STEP: f64 = 1e-4;

/// Everything that was measured, and what is reported of the search.
#[derive(Default)]
pub struct Ledger {
    seen: HashMap<String, Seen>,
    /// The keys in the order in which they were first measured.
    order: Vec<String>,
    /// Cells measured, each time.
    pub evaluations: u64,
    /// Cells that no method reaches.
    pub refused: u64,
    /// Why the first of them is not reached.
    pub reason: Option<String>,
}

/// Is given the progress of the search: the phase, cells measured, the least slack so far.
pub type Observer<'a> = &'a (dyn Fn(&'static str, u64, Option<&Seen>) + Sync);

/// A search for the least slack of one bound.
pub struct Hunt<'a> {
    /// Where cells are measured.
    pub lab: &'a Lab<'a>,
    /// The cells.
    pub space: Space<'a>,
    /// The bound.
    pub bound: &'a str,
    /// The time.
    pub clock: &'a Clock<'a>,
    /// The seed of the streams that choose cells.
    pub seed: u64,
    /// What was measured.
    pub ledger: &'a RefCell<Ledger>,
    /// Cells that may have been measured when this hunt is over.
    pub limit: u64,
    /// The chance that the interval of one look misses, where it is sampled.
    pub alpha: f64,
    /// Whether the first violated cell ends the hunt.
    pub first: bool,
    /// Is given the progress of the search.
    pub observe: Observer<'a>,
}

impl Ledger {
    /// Keeps what was seen of a cell, unless more is known of it.
    fn keep(&mut self, key: String, seen: Seen) {
        match self.seen.get_mut(&key) {
            Some(known) if known.stage > seen.stage => {}
            Some(known) => *known = seen,
            None => {
                self.order.push(key.clone());
                self.seen.insert(key, seen);
            }
        }
    }

    /// Takes over what another search has measured.
    pub fn absorb(&mut self, other: Ledger) {
        self.evaluations += other.evaluations;
        self.refused += other.refused;
        self.reason = self.reason.take().or(other.reason);
        let Ledger { order, mut seen, .. } = other;
        for key in order {
            if let Some(seen) = seen.remove(&key) {
                self.keep(key, seen);
            }
        }
    }

    /// The cells in the order of their discovery.
    pub fn cells(&self) -> impl Iterator<Item = &Seen> {
        self.order.iter().map(|key| &self.seen[key])
    }

    /// The most promising cell: a violated one if there is any.
    pub fn best(&self) -> Option<&Seen> {
        let measured = self.cells().filter(|seen| seen.slack < f64::INFINITY || seen.violated());
        measured.min_by(|a, b| {
            // Where nothing is violated, what the race has left behind has too wide intervals to be compared.
            let rank = |seen: &Seen| if seen.violated() { None } else { Some(Reverse(seen.stage)) };
            rank(a).cmp(&rank(b)).then_with(|| a.compare(b))
        })
    }
}

impl Hunt<'_> {
    /// The stream of this search's own choices.
    pub fn stream(&self, purpose: &str) -> Stream {
        let id = self.lab.claim.id();
        Address { seed: self.seed, experiment: "falsify", cell: id, estimator: purpose, batch: 0 }.stream()
    }

    /// Whether the hunt may go on.
    pub fn goes_on(&self) -> bool {
        !self.clock.stopped() && self.ledger.borrow().evaluations < self.limit
    }

    /// Measures cells on all cores, as many as the limit allows; those that were measured as far before are not measured
    /// again. `None` where a cell was not measured.
    ///
    /// # Errors
    /// Any but [`Error::Unreachable`], which is the cell's alone: a bad formula, a file that cannot be read, a defect.
    pub fn look(&self, cells: &[Cell], stage: usize) -> Result<Vec<Option<Seen>>> {
        let keys: Vec<String> = cells.iter().map(Cell::key).collect();
        let mut ledger = self.ledger.borrow_mut();
        let mut open: Vec<usize> = Vec::new();
        let mut planned: HashMap<&str, ()> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            let is_known = ledger.seen.get(key).is_some_and(|seen| seen.stage >= stage);
            let is_left = ledger.evaluations + (open.len() as u64) < self.limit;
            if !is_known && is_left && planned.insert(key, ()).is_none() {
                open.push(index);
            }
        }
        let (lab, bound, alpha, clock) = (self.lab, self.bound, self.alpha, self.clock);
        let look = |index: &usize| match clock.stopped() {
            true => None,
            false => Some(lab.look(&cells[*index], bound, stage, alpha, clock.flag())),
        };
        let looks: Vec<Option<Result<Seen>>> = open.par_iter().with_max_len(1).map(look).collect();
        for (index, look) in open.into_iter().zip(looks) {
            match look {
                None | Some(Err(Error::Interrupted(_))) => {}
                Some(Ok(seen)) => {
                    ledger.evaluations += 1;
                    ledger.keep(keys[index].clone(), seen);
                }
                Some(Err(error @ Error::Unreachable(_))) => {
                    ledger.refused += 1;
                    // So that a region where nothing can be measured comes to an end.
                    ledger.evaluations += 1;
                    ledger.reason.get_or_insert(format!("{}: {error}", cells[index].key()));
                }
                Some(Err(error)) => return Err(error),
            }
        }
        Ok(keys.iter().map(|key| ledger.seen.get(key).cloned()).collect())
    }

    /// Whether the hunt has what it came for.
    fn is_done(&self) -> bool {
        self.first && self.ledger.borrow().cells().any(Seen::violated)
    }

    fn report(&self, phase: &'static str) {
        let ledger = self.ledger.borrow();
        (self.observe)(phase, ledger.evaluations, ledger.best());
    }

    /// Allowed cells at the corners of the region, and at the ends of the hypotheses along every axis from there.
    pub fn edges(&self, stream: &mut Stream) -> Vec<Cell> {
        let space = &self.space;
        let mut edges: Vec<Cell> = Vec::new();
        let starts: Vec<Cell> = std::iter::once(space.middle()).chain(space.corners(MOST_CORNERS)).collect();
        // A second round: what could not be repaired alone may lie on the way to what could.
        for _ in 0..2 {
            for corner in &starts {
                if let Some(cell) = space.repair(corner.clone(), &edges, stream) {
                    edges.push(cell);
                }
            }
        }
        let pushed = |cell: &Cell| {
            let ends = space.region.intervals().into_iter().flat_map(|index| [(index, 0.0), (index, 1.0)]);
            ends.map(|(index, unit)| space.push(cell, index, unit)).collect::<Vec<_>>()
        };
        let further: Vec<Vec<Cell>> = edges.par_iter().map(pushed).collect();
        edges.extend(further.into_iter().flatten());
        let mut keys = std::collections::HashSet::new();
        edges.retain(|cell| keys.insert(cell.key()));
        edges
    }

    /// Sweeps the region: edges first, then points that fill it evenly, every other one pushed to an end of what the
    /// hypotheses leave. Returns whether any cell is allowed at all.
    ///
    /// # Errors
    /// As [`Hunt::look`].
    pub fn sweep(&self) -> Result<bool> {
        let mut stream = self.stream("sweep");
        let shift = stream.random::<f64>();
        let edges = self.edges(&mut stream);
        let mut known = edges.clone();
        if known.is_empty() {
            // Not one corner: a region inside the region, perhaps.
            known = (0..20_000)
                .map(|i| self.space.point(i, shift))
                .filter(|cell| self.space.allows(cell))
                .take(8)
                .collect();
        }
        if known.is_empty() {
            return Ok(false);
        }
        let limit = self.limit;
        // Corners first, but in mixed order, so that an early end has seen some of everything.
        rand::seq::SliceRandom::shuffle(&mut known[..], &mut stream);
        for wave in known.clone().chunks(WAVE) {
            self.look(wave, 0)?;
            self.report("sweep");
            if !self.goes_on() || self.is_done() {
                return Ok(true);
            }
        }
        let (mut number, mut idle) = (0u64, 0u64);
        while self.goes_on() && !self.is_done() && idle < MOST_IDLE {
            let before = self.ledger.borrow().evaluations;
            let seeds: Vec<(u64, u64)> = (number..number + WAVE as u64).map(|i| (i, stream.random())).collect();
            let space = &self.space;
            let wave: Vec<Option<Cell>> =
                seeds.par_iter().map(|(i, seed)| evenly_placed(space, *i, shift, *seed, &known)).collect();
            let wave: Vec<Cell> = wave.into_iter().flatten().collect();
            self.look(&wave, 0)?;
            number += WAVE as u64;
            let measured = self.ledger.borrow().evaluations - before;
            idle = if measured == 0 { idle + WAVE as u64 } else { 0 };
            self.report("sweep");
        }
        debug_assert!(self.ledger.borrow().evaluations <= limit);
        Ok(true)
    }

    /// Races the sampled cells: the most promising eighth of each stage goes on to the next, with four times as
    /// many replicates, so that each stage costs half as much as the one before.
    ///
    /// # Errors
    /// As [`Hunt::look`].
    pub fn race(&self) -> Result<()> {
        for stage in 1..STAGES.len() {
            let mut runners: Vec<Seen> =
                self.ledger.borrow().cells().filter(|s| s.stage == stage - 1).cloned().collect();
            runners.sort_by(Seen::compare);
            runners.truncate(runners.len().div_ceil(8).max(4));
            let cells: Vec<Cell> = runners.into_iter().map(|seen| seen.cell).collect();
            for wave in cells.chunks(WAVE) {
                if !self.goes_on() || self.is_done() {
                    return Ok(());
                }
                self.look(wave, stage)?;
                self.report("race");
            }
        }
        Ok(())
    }

    /// Pattern searches from the best cells seen, side by side, until they have come to rest or the time is over.
    ///
    /// # Errors
    /// As [`Hunt::look`].
    pub fn climb(&self, purpose: &str) -> Result<()> {
        let mut stream = self.stream(purpose);
        let stage = if self.ledger.borrow().cells().all(|seen| seen.stage == FINAL) { FINAL } else { LOCAL_STAGE };
        let mut starts = self.starts().into_iter();
        let mut climbers: Vec<Climber> = Vec::new();
        while self.goes_on() && !self.is_done() {
            while climbers.len() < SIDE_BY_SIDE {
                let Some(start) = starts.next() else { break };
                climbers.push(Climber { at: start, step: FIRST_STEP });
            }
            if climbers.is_empty() {
                break;
            }
            let polls: Vec<Vec<Cell>> = climbers.iter().map(|climber| self.poll(climber, &mut stream)).collect();
            let all: Vec<Cell> = polls.iter().flatten().cloned().collect();
            let mut looks = Vec::with_capacity(all.len());
            for wave in all.chunks(WAVE) {
                looks.extend(self.look(wave, stage)?);
                if self.is_done() {
                    return Ok(());
                }
            }
            let mut looks = looks.into_iter();
            for (climber, poll) in climbers.iter_mut().zip(&polls) {
                let best = looks.by_ref().take(poll.len()).flatten().min_by(Seen::compare);
                climber.step(best);
            }
            climbers.retain(|climber| climber.step > LAST_STEP);
            self.report("climb");
        }
        Ok(())
    }

    /// Good cells that are not too much alike: no two of one choice of words and target whose numbers are all near.
    fn starts(&self) -> Vec<Seen> {
        let mut sorted: Vec<Seen> =
            self.ledger.borrow().cells().filter(|seen| seen.slack < f64::INFINITY).cloned().collect();
        sorted.sort_by(Seen::compare);
        let intervals = self.space.region.intervals();
        let alike = |a: &Seen, b: &Seen| {
            let words =
                |seen: &Seen| -> Vec<Value> { seen.cell.values().iter().filter(|v| !is_number(v)).cloned().collect() };
            let near = |i: &usize| (self.space.unit(&a.cell, *i) - self.space.unit(&b.cell, *i)).abs() < 0.1;
            words(a) == words(b) && intervals.iter().all(near)
        };
        let mut starts: Vec<Seen> = Vec::new();
        for seen in sorted {
            if starts.len() == CLIMBS {
                break;
            }
            if !starts.iter().any(|start| alike(start, &seen)) {
                starts.push(seen);
            }
        }
        starts
    }

    /// Cells around a climber: a step along every axis, two random directions, the ends of the hypotheses while the steps
    /// are large, and other choices and targets.
    fn poll(&self, climber: &Climber, stream: &mut Stream) -> Vec<Cell> {
        let (space, here) = (&self.space, &climber.at.cell);
        let intervals = space.region.intervals();
        let mut cells = Vec::new();
        for &index in &intervals {
            let unit = space.unit(here, index);
            for sign in [-1.0, 1.0] {
                let goal = (unit + sign * climber.step).clamp(0.0, 1.0);
                let mut next = space.push(here, index, goal);
                if let (Value::Integer(x), true) = (&here.values()[index], next == *here) {
                    next =
                        space.moved(here, index, Value::Integer(if sign > 0.0 { x + 1 } else { x.saturating_sub(1) }));
                }
                cells.push(next);
                if climber.step == FIRST_STEP {
                    cells.push(space.push(here, index, if sign > 0.0 { 1.0 } else { 0.0 }));
                }
            }
        }
        for _ in 0..2 {
            let moved = intervals.iter().fold(here.clone(), |cell, &index| {
                let shift = climber.step * (2.0 * stream.random::<f64>() - 1.0);
                space.at(&cell, index, space.unit(&cell, index) + shift)
            });
            cells.extend(space.repair(moved, std::slice::from_ref(here), stream));
        }
        cells.extend(space.switches(here, stream));
        cells.retain(|cell| cell != here && space.region.contains(cell) && space.allows(cell));
        cells
    }
}

/// A point of the sweep: inside the hypotheses, every other one at an end of what they leave of an axis.
fn evenly_placed(space: &Space, number: u64, shift: f64, seed: u64, known: &[Cell]) -> Option<Cell> {
    let address = Address { seed, experiment: "falsify", cell: "point", estimator: "sweep", batch: number };
    let mut stream = address.stream();
    let cell = space.repair(space.point(number, shift), known, &mut stream)?;
    let intervals = space.region.intervals();
    if number.is_multiple_of(2) || intervals.is_empty() {
        return Some(cell);
    }
    let index = intervals[stream.random_range(0..intervals.len())];
    Some(space.push(&cell, index, if stream.random() { 1.0 } else { 0.0 }))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Real(_))
}

/// One pattern search.
struct Climber {
    at: Seen,
    step: f64,
}

impl Climber {
    /// Goes to the best cell of a poll if it is better, and shortens the step otherwise.
    fn step(&mut self, best: Option<Seen>) {
        let better = |seen: &Seen| {
            let key = |seen: &Seen| if seen.sampled() { seen.limits.0 } else { seen.slack };
            seen.compare(&self.at).is_lt() && key(seen) < key(&self.at) - 1e-9 * key(&self.at).abs().min(1.0)
        };
        match best.filter(better) {
            Some(best) => {
                self.at = best;
                self.step = (1.5 * self.step).min(0.5 * FIRST_STEP);
            }
            None => self.step *= 0.4,
        }
    }
}
