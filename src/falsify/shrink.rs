//! From a counterexample to a smallest one: the least d, then the least k, then the other whole numbers, then the plainest
//! words, reals and target.

use std::cell::RefCell;

use super::lab::Seen;
use super::region::{Axis, Region};
use super::search::{Hunt, Ledger};
use super::space::{Space, options};
use crate::error::Result;
use crate::statement::{Cell, Value};

/// Cells that are measured to find out whether a counterexample with a given value exists: so many at least and at most.
const FEWEST: u64 = 24;
const MOST: u64 = 160;
/// The share of the evaluations that are left which one such question may take.
const SHARE: u64 = 10;
/// Values below a smallest one that are tried once more, in case smaller ones are not worse.
const BELOW: u64 = 3;
/// Known counterexamples from which a question starts.
const HINTS: usize = 6;

/// Smaller and smaller counterexamples, and whether the last is known to be a smallest one.
pub struct Shrunk {
    /// Each one smaller than the one before.
    pub path: Vec<Seen>,
    /// Whether the shrinking came to its end.
    pub complete: bool,
}

/// Shrinks from `start`; every step stays violated and inside the hypotheses. `stage` is how far samples may grow before a
/// cell counts as not violated.
///
/// # Errors
/// As [`Hunt::look`].
pub fn shrink(hunt: &Hunt, start: Seen, stage: usize) -> Result<Shrunk> {
    let mut shrinking = Shrinking { hunt, stage, region: hunt.space.region.clone(), path: vec![start] };
    for index in order(&hunt.space.region) {
        match &hunt.space.region.axes()[index] {
            Axis::Whole(..) => shrinking.whole(index)?,
            Axis::Real(..) => shrinking.real(index)?,
            Axis::Choice(_) | Axis::Vectors(_) => shrinking.choice(index)?,
        }
    }
    // Whoever stops early has left questions open.
    let complete = hunt.goes_on();
    Ok(Shrunk { path: shrinking.path, complete })
}

/// In which order of its parameters a counterexample is made small: the first one least, then the next, ...
pub fn order_of(region: &Region) -> Vec<String> {
    order(region).into_iter().map(|index| region.parameters()[index].name.clone()).collect()
}

/// The whole numbers that the statement names, in its order, the other ones, choices of words, reals, vectors.
fn order(region: &Region) -> Vec<usize> {
    let smallest = region.smallest();
    let named = |index: usize| {
        let name = &region.parameters()[index].name;
        smallest.iter().position(|named| named == name).unwrap_or(smallest.len())
    };
    let rank = |index: &usize| match &region.axes()[*index] {
        Axis::Whole(..) => (0, named(*index)),
        Axis::Choice(values) if values.iter().all(|value| matches!(value, Value::Word(_))) => (1, 0),
        Axis::Real(..) | Axis::Choice(_) => (2, 0),
        Axis::Vectors(_) => (3, 0),
    };
    let mut order: Vec<usize> = (0..region.axes().len()).collect();
    order.sort_by_key(rank);
    order
}

struct Shrinking<'a, 'h> {
    hunt: &'a Hunt<'h>,
    stage: usize,
    /// The region with what is settled fixed.
    region: Region,
    path: Vec<Seen>,
}

impl Shrinking<'_, '_> {
    fn here(&self) -> &Seen {
        self.path.last().expect("it begins with one")
    }

    fn accept(&mut self, seen: Seen) {
        if seen.cell != self.here().cell {
            self.path.push(seen);
        }
    }

    fn whole_at(&self, cell: &Cell, index: usize) -> u64 {
        match cell.values()[index] {
            Value::Integer(x) => x,
            _ => 0,
        }
    }

    /// The least value of a whole number for which a counterexample is found: by halving, then by walking down.
    fn whole(&mut self, index: usize) -> Result<()> {
        let Axis::Whole(lo, _) = self.hunt.space.region.axes()[index] else { return Ok(()) };
        let smallest =
            self.known(|cell| self.region.contains(cell)).min_by_key(|seen| self.whole_at(&seen.cell, index));
        if let Some(seen) =
            smallest.filter(|seen| self.whole_at(&seen.cell, index) < self.whole_at(&self.here().cell, index))
        {
            self.accept(seen);
        }
        // Nothing is known below `open`.
        let mut open = lo;
        loop {
            let least = self.whole_at(&self.here().cell, index);
            if open >= least || !self.hunt.goes_on() {
                break;
            }
            let middle =
                if open == lo { lo } else { ((open as f64 * least as f64).sqrt() as u64).clamp(open, least - 1) };
            match self.find(index, middle)? {
                Some(seen) => self.accept(seen),
                None => open = middle + 1,
            }
        }
        let mut tried = 0;
        while tried < BELOW && self.hunt.goes_on() {
            let least = self.whole_at(&self.here().cell, index);
            // Its neighbour was the last question above.
            let Some(next) = least.checked_sub(2 + tried).filter(|next| *next >= lo) else { break };
            match self.find(index, next)? {
                Some(seen) => {
                    self.accept(seen);
                    tried = 0;
                }
                None => tried += 1,
            }
        }
        self.region = self.region.fixed(index, &self.here().cell.values()[index]);
        Ok(())
    }

    /// The violated cells of the whole hunt that pass.
    fn known<'s>(&'s self, passes: impl Fn(&Cell) -> bool + 's) -> impl Iterator<Item = Seen> + 's {
        let ledger = self.hunt.ledger.borrow();
        let known: Vec<Seen> = ledger.cells().filter(|s| s.violated() && passes(&s.cell)).cloned().collect();
        known.into_iter()
    }

    /// A counterexample with this value of a whole number, whatever is not settled yet: from known counterexamples nearby,
    /// then by a short search.
    fn find(&self, index: usize, value: u64) -> Result<Option<Seen>> {
        let region = self.region.fixed(index, &Value::Integer(value));
        let space = Space { claim: self.hunt.space.claim, region: region.clone() };
        let left = self.hunt.limit.saturating_sub(self.hunt.ledger.borrow().evaluations);
        let ledger = RefCell::new(Ledger::default());
        let limit = (left / SHARE).clamp(FEWEST, MOST).min(left);
        let hunt = Hunt { lab: self.hunt.lab, space, ledger: &ledger, limit, first: true, ..*self.hunt };
        let found = self.find_in(&hunt, index, value);
        self.hunt.ledger.borrow_mut().absorb(ledger.into_inner());
        found
    }

    fn find_in(&self, hunt: &Hunt, index: usize, value: u64) -> Result<Option<Seen>> {
        let mut stream = hunt.stream("shrink");
        let distance = |seen: &Seen| (self.whole_at(&seen.cell, index) as f64 / value.max(1) as f64).ln().abs();
        let mut hints: Vec<Seen> = self
            .known(|cell| {
                // What is settled already has to agree.
                let settled = self.region.axes().iter().zip(cell.values());
                settled.enumerate().all(|(i, (axis, x))| i == index || axis.contains(x))
            })
            .collect();
        hints.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        hints.truncate(HINTS);
        hints.push(self.here().clone());
        let moved = hints.iter().map(|seen| hunt.space.moved(&seen.cell, index, Value::Integer(value)));
        let moved: Vec<Cell> = moved.collect();
        let allowed: Vec<Cell> =
            moved.iter().filter_map(|cell| hunt.space.repair(cell.clone(), &[], &mut stream)).collect();
        let violated = |looks: Vec<Option<Seen>>| looks.into_iter().flatten().find(Seen::violated);
        if let Some(seen) = violated(hunt.look(&allowed, self.stage)?) {
            return Ok(Some(seen));
        }
        let mut edges = hunt.edges(&mut stream);
        rand::seq::SliceRandom::shuffle(&mut edges[..], &mut stream);
        edges.truncate((hunt.limit / 3) as usize);
        if let Some(seen) = violated(hunt.look(&edges, self.stage)?) {
            return Ok(Some(seen));
        }
        hunt.climb("shrink")?;
        Ok(hunt.ledger.borrow().cells().find(|seen| seen.violated()).cloned())
    }

    /// The first of some values, in their order, that keeps the violation.
    fn first_of(&mut self, index: usize, values: Vec<Value>) -> Result<bool> {
        let here = self.here().clone();
        let space = &self.hunt.space;
        let cells = values.into_iter().map(|value| space.moved(&here.cell, index, value));
        let cells: Vec<Cell> = cells.filter(|cell| space.region.contains(cell) && space.allows(cell)).collect();
        // In portions: the first that will do is often among the first.
        for portion in cells.chunks(4) {
            let looks = self.hunt.look(portion, self.stage)?;
            if let Some(seen) = looks.into_iter().flatten().find(Seen::violated) {
                self.accept(seen);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The plainest value of a real number: 0.1, 0.01, ..., then one digit, then as many as it needs.
    fn real(&mut self, index: usize) -> Result<()> {
        let Value::Real(x) = self.here().cell.values()[index] else { return Ok(()) };
        let Axis::Real(lo, hi) = self.hunt.space.region.axes()[index] else { return Ok(()) };
        let within = |values: Vec<f64>| -> Vec<Value> {
            values.into_iter().filter(|x| lo <= *x && *x <= hi).map(Value::Real).collect()
        };
        let rest = (1..=15).map(|digits| within(rounded(x, digits)));
        for values in [within(powers_of_ten()), within(one_digit(x))].into_iter().chain(rest) {
            if self.first_of(index, values)? || !self.hunt.goes_on() {
                break;
            }
        }
        Ok(())
    }

    /// The plainest of a choice's values, or target.
    fn choice(&mut self, index: usize) -> Result<()> {
        let axis = self.hunt.space.region.axes()[index].clone();
        let here = self.here().cell.values()[index].clone();
        let values = options(&axis);
        let plainer = values.iter().position(|value| *value == here).unwrap_or(values.len());
        if self.first_of(index, values[..plainer].to_vec())? {
            return Ok(());
        }
        let Value::List(z) = here else { return Ok(()) };
        let to_digits = |digits: i32| {
            let z = z.iter().map(|x| rounded(*x, digits).first().copied().unwrap_or(0.0));
            Value::List(z.collect())
        };
        self.first_of(index, (1..=6).map(to_digits).collect())?;
        Ok(())
    }
}

fn power(exponent: i32) -> f64 {
    // Decimal text reads back to the nearest double; powi does not.
    format!("1e{exponent}").parse().expect("it is a number")
}

/// 0.1, 0.01, ... and then 1, 10, ...
fn powers_of_ten() -> Vec<f64> {
    (1..=15).map(|exponent| power(-exponent)).chain((0..=6).map(power)).collect()
}

/// Numbers of one digit, the nearest first.
fn one_digit(x: f64) -> Vec<f64> {
    let digits =
        |exponent: i32| (2..=9).map(move |digit| format!("{digit}e{exponent}").parse::<f64>().expect("a number"));
    let mut values: Vec<f64> = (-15..=6).flat_map(digits).collect();
    values.sort_by(|a, b| (a / x).ln().abs().total_cmp(&(b / x).ln().abs()));
    values.truncate(40);
    values
}

/// The number to so many digits, the nearest value and the one below.
fn rounded(x: f64, digits: i32) -> Vec<f64> {
    if x == 0.0 || !x.is_finite() {
        return vec![x];
    }
    let exponent = x.abs().log10().floor() as i32 - digits + 1;
    let scaled = x / power(exponent);
    let at = |mantissa: f64| format!("{mantissa}e{exponent}").parse::<f64>().expect("it is a number");
    vec![at(scaled.round()), at(scaled.floor())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_plain() {
        assert_eq!(powers_of_ten()[..3], [0.1, 0.01, 0.001]);
        assert_eq!(one_digit(0.0312)[..2], [0.03, 0.04]);
        assert_eq!(rounded(0.0347, 2), [0.035, 0.034]);
        assert_eq!(rounded(-1.26, 2), [-1.3, -1.3]);
        assert_eq!(rounded(0.0, 3), [0.0]);
    }
}
