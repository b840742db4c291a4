//! A probability as a log between limits, and what sums, complements and powers make of them.

use crate::evidence::{Evidence, Method};
use crate::formula::Number;
use crate::numeric::{ln_add, ln_sub};
use crate::tails::Rounded;

/// A probability: its log, and the ends between which that lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    pub ln: f64,
    pub lo: f64,
    pub hi: f64,
}

impl Chance {
    pub const NEVER: Chance = Chance { ln: f64::NEG_INFINITY, lo: f64::NEG_INFINITY, hi: f64::NEG_INFINITY };
    pub const ALWAYS: Chance = Chance { ln: 0.0, lo: 0.0, hi: 0.0 };

    /// Any probability.
    pub const UNKNOWN: Chance = Chance { ln: -1.0, lo: f64::NEG_INFINITY, hi: 0.0 };

    /// From a log and the relative error of the number.
    pub fn new(Rounded { ln, error }: Rounded) -> Self {
        if ln == f64::NEG_INFINITY {
            return Self::NEVER;
        }
        let lo = if error < 1.0 { ln + (-error).ln_1p() } else { f64::NEG_INFINITY };
        Chance { ln, lo, hi: ln + error.ln_1p() }.padded()
    }

    /// From a double with a relative error, and one below which it means nothing.
    pub fn of_value(value: f64, relative: f64, absolute: f64) -> Self {
        let (lo, hi) = (value * (1.0 - relative) - absolute, value * (1.0 + relative) + absolute);
        Chance { ln: value.max(0.0).ln(), lo: lo.max(0.0).ln(), hi: hi.ln() }.padded()
    }

    /// The least and the greatest of several chances that may be meant, around the first.
    pub fn hull(self, other: Chance) -> Self {
        Chance { ln: self.ln, lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Of one of two events that exclude each other.
    pub fn or(self, other: Chance) -> Self {
        Chance { ln: ln_add(self.ln, other.ln), lo: ln_add(self.lo, other.lo), hi: ln_add(self.hi, other.hi) }.padded()
    }

    /// Of the opposite.
    pub fn not(self) -> Self {
        let rest = |ln: f64| ln_sub(0.0, ln.min(0.0));
        Chance { ln: rest(self.ln), lo: rest(self.hi), hi: rest(self.lo) }.padded()
    }

    /// This one without an event that is a part of it.
    pub fn without(self, part: Chance) -> Self {
        let ln = ln_sub(self.ln, part.ln);
        Chance { ln, lo: ln_sub(self.lo, part.hi), hi: ln_sub(self.hi, part.lo) }.padded()
    }

    /// That it happens all of `n` times.
    pub fn power(self, n: f64) -> Self {
        Chance { ln: n * self.ln, lo: n * self.lo, hi: n * self.hi }.padded()
    }

    /// Both of two independent events; also a chance times a weight.
    pub fn and(self, other: Chance) -> Self {
        Chance { ln: self.ln + other.ln, lo: self.lo + other.lo, hi: self.hi + other.hi }.padded()
    }

    /// Widened by the rounding of an operation on logs; no probability is above 1.
    fn padded(self) -> Self {
        let pad = |ln: f64| 8.0 * f64::EPSILON * (1.0 + ln.abs());
        let lo = if self.lo == f64::NEG_INFINITY { self.lo } else { (self.lo - pad(self.lo)).min(0.0) };
        let hi = if self.hi == f64::NEG_INFINITY { self.hi } else { (self.hi + pad(self.hi)).min(0.0) };
        Chance { ln: self.ln.clamp(lo, hi), lo, hi }
    }

    /// As a number for formulas.
    pub fn number(self) -> Number {
        match self == Self::NEVER {
            true => Number::new(0.0),
            false => Number::between(self.ln, self.lo, self.hi),
        }
    }

    /// As evidence.
    pub fn evidence(self, method: Method, work: u64) -> Evidence {
        Evidence::enclosed(Some(self.ln), self.lo, self.hi, method, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_stays_certain() {
        assert_eq!(Chance::NEVER.not().ln, 0.0);
        assert_eq!(Chance::ALWAYS.not().lo, f64::NEG_INFINITY);
        let half = Chance::of_value(0.5, 1e-15, 0.0);
        for same in [half.not(), half.or(Chance::NEVER), half.and(Chance::ALWAYS), half.power(1.0)] {
            assert!(same.lo <= 0.5f64.ln() && 0.5f64.ln() <= same.hi && same.hi - same.lo < 1e-13, "{same:?}");
        }
        let quarter = half.and(half);
        let rest = half.without(quarter);
        assert!(rest.lo <= 0.25f64.ln() && 0.25f64.ln() <= rest.hi && rest.hi - rest.lo < 1e-12, "{rest:?}");
    }
}
