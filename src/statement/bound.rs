//! A bound's value at a cell.

use super::Relation;
use crate::formula::Number;

/// A named formula's value at a cell, between ends that enclose the exact one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `printed`, or the name of a repaired formula.
    pub name: String,
    /// ln of the value; minus infinity where the value is 0 or below.
    pub ln: f64,
    /// ln of the exact value is at least this; minus infinity where that may be 0 or below.
    pub ln_lo: f64,
    /// ln of the exact value is at most this; minus infinity where that is surely 0 or below.
    pub ln_hi: f64,
    /// The value where it is surely below 0, or exactly 0; such a bound says nothing of a non-negative quantity from below.
    pub non_positive: Option<f64>,
    /// On which side of it the measured value is claimed to lie, if not on the claim's.
    pub relation: Option<Relation>,
}

impl Bound {
    /// A positive bound from its log, which was computed with no more than [`crate::numeric::ROUNDING_OF_LOGS`] of rounding.
    pub fn from_ln(name: impl Into<String>, ln: f64) -> Self {
        Self::from_number(name, Number::from_ln(ln))
    }

    /// A bound of any sign that is exactly this double.
    pub fn from_value(name: impl Into<String>, value: f64) -> Self {
        Self::from_number(name, Number::new(value))
    }

    /// A positive bound from its log and the ends between which that surely is.
    pub fn between(name: impl Into<String>, ln: f64, ln_lo: f64, ln_hi: f64) -> Self {
        Bound { name: name.into(), ln, ln_lo, ln_hi, non_positive: None, relation: None }
    }

    /// A bound of any sign.
    pub fn from_number(name: impl Into<String>, number: Number) -> Self {
        let (ln_lo, ln_hi) = number.ln_ends();
        let non_positive = match number.is_surely_negative() {
            // Below the smallest double a negative number is still negative.
            true => Some(number.value().min(-f64::MIN_POSITIVE)),
            false => (number == Number::new(0.0)).then_some(0.0),
        };
        // At most 0, but for rounding: below every other bound.
        let ln_hi = if non_positive.is_none() { ln_hi.max(f64::MIN) } else { ln_hi };
        let ln = if number.is_negative() { f64::NEG_INFINITY } else { number.ln_abs() };
        let ln = if ln.is_nan() { ln } else { ln.clamp(ln_lo, ln_hi) };
        Bound { name: name.into(), ln, ln_lo, ln_hi, non_positive, relation: None }
    }

    /// Whether the bound means something: no NaN, and a value that has a log.
    pub fn is_meaningful(&self) -> bool {
        !self.ln_lo.is_nan() && !self.ln_hi.is_nan() && self.ln < f64::INFINITY
    }
}
