//! The cells of a region that a statement covers, and ways to move between them: to the border of the hypotheses,
//! back inside, to other targets.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::region::{Axis, Region};
use crate::claim::Claim;
use crate::evidence::Shows;
use crate::random::Stream;
use crate::statement::Hypothesis;
use crate::statement::{Cell, Domain, Value};

/// A region under a claim's hypotheses.
pub struct Space<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// The region.
    pub region: Region,
}

/// Halvings of an interval whose inner border is looked for: to 1e-12 of its length, and to any whole number.
const HALVINGS: usize = 48;
/// Places along an axis at which a cell outside the hypotheses is tried to come back in.
const PLACES: usize = 16;
/// Vectors with more coordinates than this are not written out.
const LONGEST_VECTOR: u64 = 16;

impl Space<'_> {
    /// Whether the statement covers the cell, and evidence there can refute it.
    pub fn allows(&self, cell: &Cell) -> bool {
        let shows = self.claim.bearing(cell).shows(self.claim.statement().relation);
        self.claim.check(cell).is_ok()
            && self.claim.hypotheses(cell).iter().all(Hypothesis::is_met)
            && matches!(shows, Shows::Decides | Shows::Refutes)
    }

    /// The place of a cell along an axis.
    pub fn unit(&self, cell: &Cell, index: usize) -> f64 {
        self.region.axes()[index].unit(&cell.values()[index])
    }

    /// The cell with another value; a listed target follows a new dimension.
    pub fn moved(&self, cell: &Cell, index: usize, value: Value) -> Cell {
        let moved = cell.with(index, value);
        for (place, (parameter, value)) in self.region.parameters().iter().zip(moved.values()).enumerate() {
            let (Domain::Vector { words, length }, Value::List(entries)) = (&parameter.domain, value) else { continue };
            let wanted = moved.integer(length);
            if entries.len() as u64 != wanted {
                let longer = entries.iter().cycle().take(wanted.min(LONGEST_VECTOR) as usize).copied().collect();
                let named = words.last().filter(|_| wanted > LONGEST_VECTOR);
                return moved.with(place, named.cloned().map_or(Value::List(longer), Value::Word));
            }
        }
        moved
    }

    /// The cell at a place along an axis.
    pub fn at(&self, cell: &Cell, index: usize, unit: f64) -> Cell {
        match self.region.axes()[index].at(unit) {
            Some(value) => self.moved(cell, index, value),
            None => cell.clone(),
        }
    }

    /// From an allowed cell towards a place along an axis, as far as the hypotheses allow on that way.
    pub fn push(&self, cell: &Cell, index: usize, unit: f64) -> Cell {
        let there = self.at(cell, index, unit);
        if self.allows(&there) {
            return there;
        }
        let (mut inside, mut inside_unit, mut outside, mut outside_unit) =
            (cell.clone(), self.unit(cell, index), there, unit);
        for _ in 0..HALVINGS {
            let middle_unit = 0.5 * (inside_unit + outside_unit);
            let middle = self.at(cell, index, middle_unit);
            // Whole numbers: nothing lies between neighbours.
            if middle == inside && neighbours(&inside.values()[index], &outside.values()[index]) {
                break;
            }
            if self.allows(&middle) {
                (inside, inside_unit) = (middle, middle_unit);
            } else {
                (outside, outside_unit) = (middle, middle_unit);
            }
        }
        inside
    }

    /// The cell itself where it is allowed; otherwise one that is, reached by changing one number as little as can be (or a
    /// little more, by chance), or on the way to a known allowed cell.
    pub fn repair(&self, cell: Cell, known: &[Cell], stream: &mut Stream) -> Option<Cell> {
        if self.allows(&cell) {
            return Some(cell);
        }
        let border = stream.random::<bool>();
        let mut intervals = self.region.intervals();
        intervals.shuffle(stream);
        for index in intervals {
            let here = self.unit(&cell, index);
            let mut places: Vec<f64> = (0..=PLACES).map(|place| place as f64 / PLACES as f64).collect();
            places.sort_by(|a, b| (a - here).abs().total_cmp(&(b - here).abs()));
            let inside = places.into_iter().map(|place| self.at(&cell, index, place)).find(|cell| self.allows(cell));
            if let Some(inside) = inside {
                return Some(if border { self.push(&inside, index, here) } else { inside });
            }
        }
        let goal = known.get(stream.random_range(0..known.len().max(1)))?;
        Some(self.between(goal, &cell))
    }

    /// The last allowed cell on the straight way from an allowed one to another.
    fn between(&self, inside: &Cell, outside: &Cell) -> Cell {
        let step = |share: f64| {
            self.region.intervals().into_iter().fold(inside.clone(), |cell, index| {
                let (from, to) = (self.unit(inside, index), self.unit(outside, index));
                self.at(&cell, index, from + share * (to - from))
            })
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS / 2 {
            let middle = 0.5 * (low + high);
            if self.allows(&step(middle)) { low = middle } else { high = middle }
        }
        let found = step(low);
        if self.allows(&found) { found } else { inside.clone() }
    }

    /// The cell in the middle of the region, with the plainest of its choices.
    pub fn middle(&self) -> Cell {
        self.cell(|_| 0.5, |_, _| 0)
    }

    /// An allowed cell, if one is easily found.
    pub fn example(&self, stream: &mut Stream) -> Option<Cell> {
        let tries = std::iter::once(self.middle()).chain(self.corners(512)).chain((0..512).map(|i| self.point(i, 0.5)));
        tries.filter_map(|cell| self.repair(cell, &[], stream)).next()
    }

    /// Every corner of the region under every choice and named target; at most so many of them.
    pub fn corners(&self, most: usize) -> Vec<Cell> {
        let axes = self.region.axes();
        let sides: Vec<usize> =
            axes.iter().map(|axis| if axis.is_interval() { 2 } else { options(axis).len() }).collect();
        let count = sides.iter().try_fold(1usize, |product, side| product.checked_mul(*side)).unwrap_or(usize::MAX);
        let corner = |number: usize| {
            let mut rest = number;
            let digits: Vec<usize> = sides.iter().map(|side| (rest % side, rest /= side).0).collect();
            self.cell(|index| digits[index] as f64, |index, _| digits[index])
        };
        // Where there are too many, evenly spread ones.
        let stride = count.div_ceil(most.max(1)).max(1);
        (0..count).step_by(stride).map(corner).collect()
    }

    /// The cell number `number` of a sequence that fills the region evenly (additive recurrence, Roberts 2018).
    pub fn point(&self, number: u64, shift: f64) -> Cell {
        let dimensions = self.region.axes().len();
        // The root of x^(D+1) = x + 1 generalises the golden ratio.
        let root = (0..60).fold(2.0f64, |x, _| (1.0 + x).powf(1.0 / (dimensions as f64 + 1.0)));
        let unit = |index: usize| (shift + (number + 1) as f64 * root.powi(-(index as i32 + 1))).rem_euclid(1.0);
        self.cell(unit, |index, count| (unit(index) * count as f64) as usize)
    }

    fn cell(&self, unit: impl Fn(usize) -> f64, option: impl Fn(usize, usize) -> usize) -> Cell {
        let values = self.region.axes().iter().enumerate().map(|(index, axis)| {
            axis.at(unit(index)).unwrap_or_else(|| {
                let options = options(axis);
                options[option(index, options.len()).min(options.len() - 1)].clone()
            })
        });
        Cell::of_values(self.region.parameters(), values.collect())
    }

    /// The cell with each of the other values of its choices, with other named targets and with listed ones: just inside and
    /// just outside the box's edge, the full norm on one, on two or on random coordinates, and the present one scaled.
    pub fn switches(&self, cell: &Cell, stream: &mut Stream) -> Vec<Cell> {
        let mut others = Vec::new();
        for (index, axis) in self.region.axes().iter().enumerate() {
            let here = &cell.values()[index];
            let choices = if axis.is_interval() { Vec::new() } else { options(axis) };
            let values = choices.into_iter().filter(|value| value != here);
            others.extend(values.map(|value| self.moved(cell, index, value)));
            let parameter = &self.region.parameters()[index];
            if let (Axis::Vectors(_), Domain::Vector { length, .. }) = (axis, &parameter.domain)
                && cell.integer(length) <= LONGEST_VECTOR
            {
                let trials = self.claim.trials(cell, &parameter.name, stream).into_iter();
                others.extend(trials.map(|entries| cell.with(index, Value::List(entries))));
            }
        }
        others
    }
}

/// The values of a choice, and the named vectors; none of an interval.
pub fn options(axis: &Axis) -> Vec<Value> {
    match axis {
        Axis::Choice(values) => values.clone(),
        Axis::Vectors(named) => named.clone(),
        // A fixed number is its own only option, as `Axis::at` gives it.
        _ => vec![axis.at(0.0).expect("it is a number")],
    }
}

/// Whether no whole number lies between two; reals have no neighbours.
fn neighbours(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::Integer(a), Value::Integer(b)) if a.abs_diff(*b) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use crate::registry::claim;

    fn space(id: &str, within: &str) -> Space<'static> {
        let claim = claim(id);
        Space { claim, region: Region::of(claim, within).unwrap() }
    }

    fn stream() -> Stream {
        Address { seed: 1, experiment: "test", cell: "space", estimator: "sweep", batch: 0 }.stream()
    }

    #[test]
    fn a_push_ends_at_the_hypotheses() {
        let space = space("nsn-box", "");
        let given = [("k", "1000"), ("d", "10"), ("eps", "0.1")];
        let cell = space.claim.cell(given).unwrap();
        assert_eq!(space.push(&cell, 0, 0.0).integer("k"), 16);
        assert_eq!(space.push(&cell, 0, 1.0).integer("k"), 1_000_000);
        let border = space.push(&cell, 2, 1.0).real("eps");
        assert!(border < 0.25 && border > 0.25 * (1.0 - 1e-9), "{border}");
        let few = space.claim.cell([("k", "20"), ("d", "10"), ("eps", "0.1")]).unwrap();
        assert_eq!(space.push(&few, 1, 1.0).integer("d"), 20);
    }

    /// k >= C d^3 log(d/eps) rules most of the region out, n >= d^12 ... nearly all: yet most points find their way in.
    #[test]
    fn hypotheses_that_cut_deep_leave_reachable_cells() {
        for (id, within) in [("nsn-joint-box", "C=10"), ("kernel-pruning", ""), ("overlap-tail", "")] {
            let space = space(id, within);
            let mut stream = stream();
            let corners: Vec<Cell> =
                space.corners(64).into_iter().filter_map(|corner| space.repair(corner, &[], &mut stream)).collect();
            assert!(!corners.is_empty(), "{id}");
            let found = (0..200).filter_map(|i| space.repair(space.point(i, 0.3), &corners, &mut stream));
            let found: Vec<Cell> = found.collect();
            assert!(found.len() > 150 && found.iter().all(|cell| space.allows(cell) && space.region.contains(cell)));
            let mut keys: Vec<String> = found.iter().map(Cell::key).collect();
            keys.sort();
            keys.dedup();
            assert!(keys.len() > 60, "{id}: only {} distinct cells", keys.len());
        }
    }

    #[test]
    fn corners_are_all_there() {
        let corners = space("nsn-box", "").corners(1000);
        assert_eq!(corners.len(), 2 * 2 * 2 * 3);
        assert_eq!(space("nsn-box", "").corners(10).len(), 8);
    }

    #[test]
    fn switched_targets_are_within_the_norm() {
        let space = space("nsn-box", "");
        let cell = space.claim.cell([("k", "16"), ("d", "3"), ("eps", "0.2")]).unwrap();
        let mut stream = stream();
        let others = space.switches(&cell, &mut stream);
        assert_eq!(others.len(), 2 + 6);
        assert!(others.iter().all(|cell| space.allows(cell)));
        // A listed target follows the dimension.
        let wider = space.moved(others.last().unwrap(), 1, Value::Integer(5));
        assert!(space.claim.check(&wider).is_ok());
    }
}
