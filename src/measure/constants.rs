//! Constants that a statement leaves open: which values of one a measured interval refutes at a cell, and which suffice there; and
//! what many cells say together of the least one, or of the greatest.

use crate::claim::Claim;
use crate::evidence::{Evidence, Method};
use crate::numeric::number;
use crate::statement::{Bound, Cell, Domain, Relation, Value, position};
use crate::verdict::{Verdict, judge};

/// No larger constant is looked at.
pub const LARGEST: f64 = 1e15;
/// Nor a smaller one.
pub const LEAST: f64 = 1e-15;
/// Values at which a bound is looked at, before it is believed that it only rises or only falls.
const LOOKS: usize = 33;
/// Halvings of the logs between two values: the constant is known to 15 digits.
const HALVINGS: usize = 60;
/// Digits of a constant in texts.
const DIGITS: usize = 6;

/// What cells say together of a constant that stands in the bound only, so that each cell speaks of every value.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The constant's name.
    pub name: String,
    /// Whether larger values ask for less, so that a least one is sought; or else a greatest one.
    pub is_least: bool,
    /// All values up to this one (from this one on, where a greatest one is sought) are refuted, with the cell.
    pub refuted: Option<(f64, Cell)>,
    /// From this value on (up to it) the bound holds at every cell.
    pub suffices: Option<f64>,
    /// How many cells there are.
    pub cells: usize,
}

/// The interval of a constant by cells with what was measured there; `None` where the constant stands in no bound of this name, is
/// asked for in a hypothesis, or the bound neither rises nor falls with it alone.
pub fn interval<'a>(
    claim: &Claim,
    bound: &str,
    name: &str,
    cells: impl IntoIterator<Item = (&'a Cell, (f64, f64))>,
) -> Option<Interval> {
    if !claim.statement().is_in_bound_only(bound, name) {
        return None;
    }
    let mut all: Option<Interval> = None;
    for (cell, limits) in cells {
        all = Some(match all {
            Some(all) if all.is_unchanged_by(claim, bound, cell, limits) => Interval { cells: all.cells + 1, ..all },
            Some(all) => all.joined(at_cell(claim, bound, name, cell, limits)?)?,
            None => at_cell(claim, bound, name, cell, limits)?,
        });
    }
    all
}

/// The interval by one cell.
fn at_cell(claim: &Claim, bound: &str, name: &str, cell: &Cell, limits: (f64, f64)) -> Option<Interval> {
    let (weak, strong) = ends(claim, bound, name, cell)?;
    let verdict = |value: f64| verdict_with(claim, bound, (name, value), cell, limits);
    let between = |is: &dyn Fn(Verdict) -> bool, from: f64, to: f64| match (is(verdict(from)), is(verdict(to))) {
        (false, _) => None,
        (true, true) => Some(to),
        (true, false) => Some(last(from, to, &|value| is(verdict(value)))),
    };
    Some(Interval {
        name: name.to_string(),
        is_least: weak > strong,
        refuted: between(&Verdict::is_missed, strong, weak).map(|value| (value, cell.clone())),
        suffices: between(&Verdict::is_met, weak, strong),
        cells: 1,
    })
}

/// The value of the constant that asks for least, and that which asks for most.
fn ends(claim: &Claim, bound: &str, name: &str, cell: &Cell) -> Option<(f64, f64)> {
    let parameters = &claim.statement().parameters;
    let Domain::Real(domain) = &parameters[position(parameters, name).ok()?].domain else { return None };
    let (low, high) = (domain.ends().0.max(LEAST), domain.ends().1.min(LARGEST));
    let value = |step: usize| (low.ln() + (high / low).ln() * step as f64 / (LOOKS - 1) as f64).exp().clamp(low, high);
    let bounds: Vec<Bound> =
        (0..LOOKS).map(|step| bound_at(claim, bound, &with(claim, name, cell, value(step))?)).collect::<Option<_>>()?;
    let rises = bounds.windows(2).all(|pair| pair[0].ln_lo <= pair[1].ln_hi);
    let falls = bounds.windows(2).all(|pair| pair[1].ln_lo <= pair[0].ln_hi);
    match (rises, falls, bounds[0].relation.unwrap_or(claim.statement().relation)) {
        (true, _, Relation::AtMost) => Some((high, low)),
        (true, _, Relation::AtLeast) => Some((low, high)),
        (_, true, Relation::AtMost) => Some((low, high)),
        (_, true, Relation::AtLeast) => Some((high, low)),
        _ => None,
    }
}

/// The cell with another value of the constant.
fn with(claim: &Claim, name: &str, cell: &Cell, value: f64) -> Option<Cell> {
    let index = position(&claim.statement().parameters, name).ok()?;
    Some(cell.with(index, Value::Real(value)))
}

fn bound_at(claim: &Claim, bound: &str, cell: &Cell) -> Option<Bound> {
    let bounds = claim.bounds(cell).ok()?;
    bounds.into_iter().find(|known| known.name == bound).filter(Bound::is_meaningful)
}

/// What limits say of a bound at a cell.
pub fn verdict(claim: &Claim, bound: &str, cell: &Cell, (ln_lo, ln_hi): (f64, f64)) -> Verdict {
    let Some(bound) = bound_at(claim, bound, cell) else { return Verdict::Undecided };
    let evidence = Evidence::enclosed(None, ln_lo, ln_hi, Method::ClosedForm, 0);
    judge(&Evidence { bearing: claim.bearing(cell), ..evidence }, &bound, claim.statement().relation)
}

/// What they say of it where the constant of this name has another value.
fn verdict_with(claim: &Claim, bound: &str, (name, value): (&str, f64), cell: &Cell, limits: (f64, f64)) -> Verdict {
    with(claim, name, cell, value).map_or(Verdict::Undecided, |cell| verdict(claim, bound, &cell, limits))
}

/// The last value on the way from one that `holds` to one that does not.
pub fn last(from: f64, to: f64, holds: &dyn Fn(f64) -> bool) -> f64 {
    let (mut inside, mut outside) = (from, to);
    for _ in 0..HALVINGS {
        let middle = (0.5 * (inside.ln() + outside.ln())).exp();
        if holds(middle) { inside = middle } else { outside = middle }
    }
    inside
}

impl Interval {
    /// Whether a cell refutes nothing that is not refuted, and the bound holds there where it is known to suffice.
    fn is_unchanged_by(&self, claim: &Claim, bound: &str, cell: &Cell, limits: (f64, f64)) -> bool {
        let at = |value: f64| verdict_with(claim, bound, (&self.name, value), cell, limits);
        let refuted = self.refuted.as_ref().is_some_and(|(value, _)| !at(*value).is_missed());
        refuted && self.suffices.is_none_or(|value| at(value).is_met())
    }

    /// What two sets of cells say together; `None` where a larger constant asks for less in one of them and for more in the other.
    pub fn joined(self, other: Self) -> Option<Self> {
        let is_least = self.is_least;
        let more = |x: f64, y: f64| if is_least { x > y } else { x < y };
        let refuted = match (self.refuted, other.refuted) {
            (Some(one), Some(two)) => Some(if more(two.0, one.0) { two } else { one }),
            (one, two) => one.or(two),
        };
        let suffices = self.suffices.zip(other.suffices).map(|(one, two)| if more(two, one) { two } else { one });
        (is_least == other.is_least).then_some(Interval { refuted, suffices, cells: self.cells + other.cells, ..self })
    }

    /// The finding in a sentence; limits are rounded to the side on which it stays true.
    pub fn text(&self) -> String {
        let Interval { name, is_least, refuted, suffices, cells } = self;
        let (side, from) = if *is_least { ("above", "from") } else { ("below", "up to") };
        let refuted = match refuted {
            Some((value, cell)) => {
                let at = cell.iter().filter(|(known, _)| known != name);
                let at: Vec<String> = at.map(|(name, value)| format!("{name}={value}")).collect();
                format!("{name} must be {side} {} ({})", rounded(*value, !is_least), at.join(" "))
            }
            None => format!("no value of {name} is refuted"),
        };
        let rest = match suffices {
            Some(value) => format!("{from} {} it suffices at all {cells} cells measured", rounded(*value, *is_least)),
            None => format!("no value is known to suffice at all {cells} cells measured"),
        };
        format!("{refuted}; {rest}")
    }
}

/// A positive number to a few digits, not below it or not above it.
pub fn rounded(x: f64, up: bool) -> String {
    let near: f64 = format!("{x:.*e}", DIGITS - 1).parse().unwrap_or(x);
    let unit = 10f64.powi(x.log10().floor() as i32 - DIGITS as i32 + 1);
    let moved = match (up, near < x, near > x) {
        (true, true, _) => near + unit,
        (false, _, true) => near - unit,
        _ => near,
    };
    number(format!("{moved:.*e}", DIGITS - 1).parse().unwrap_or(moved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_rounded_to_the_true_side() {
        let third = 1.0 / 3.0;
        assert_eq!((rounded(third, false), rounded(third, true)), ("0.333333".into(), "0.333334".into()));
        assert_eq!((rounded(2.0, false), rounded(2.0, true)), ("2".into(), "2".into()));
        assert_eq!((rounded(99.999999, false), rounded(99.999999, true)), ("99.9999".into(), "100".into()));
    }

    #[test]
    fn edges_are_found_to_many_digits() {
        let root = last(LEAST, LARGEST, &|x| x * x < 2.0);
        assert!((root - 2f64.sqrt()).abs() < 1e-13, "{root}");
        let root = last(LARGEST, LEAST, &|x| x * x > 2.0);
        assert!((root - 2f64.sqrt()).abs() < 1e-13, "{root}");
    }
}
