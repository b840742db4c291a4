//! Evidence: what was measured, between which limits, by which method, at what cost.

pub mod mean;
pub mod median;
pub mod proportion;
pub mod quadrature;

use crate::enclosure::Enclosure;
use crate::formula::Number;
use crate::statement::Hypothesis;
use crate::statement::Relation;
use quadrature::Integral;

/// How a value was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Method {
    /// A rigorous enclosure: its verdict takes no alpha, and rests on no estimate of an error.
    Proved,
    /// An exact formula.
    ClosedForm,
    /// Deterministic quadrature with an error estimate.
    Quadrature,
    /// The average of exact conditional probabilities over random scales.
    Conditional,
    /// The average of plain densities at points drawn in the event, weighed: it shares only samplers with the others.
    Importance,
    /// Counting hits of something equal in law and cheaper than the definition.
    Collapsed,
    /// Counting hits of the objects drawn as they are defined.
    Literal,
    /// Counting hits of the same objects, each decided by listing every subset: it shares only samplers with the others.
    Enumeration,
    /// Searching or constructing one object, with certified limits.
    Search,
}

impl Method {
    /// The name in experiments, on the command line and in records.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A measured non-negative quantity with its limits, all as logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// ln of the measured value; `None` where nothing was decided (every search gave up).
    pub ln: Option<f64>,
    /// ln of the lower limit; minus infinity for 0.
    pub ln_lo: f64,
    /// ln of the upper limit.
    pub ln_hi: f64,
    /// How it was measured.
    pub method: Method,
    /// Integrand evaluations, replicates, or constructed objects.
    pub work: u64,
    /// Conditions that could be judged only on the object that was constructed.
    pub observed: Vec<Hypothesis>,
    /// What the value says about the statement.
    pub bearing: Bearing,
    /// The law of which it is, where a search chose it among those that the statement speaks of.
    pub law: Option<String>,
}

/// How what is measured stands to what the statement speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    /// It is the same.
    Decides,
    /// It is never less: the probability of pruning one kernel, where the statement says all.
    Upper,
    /// It is never more: a subset within the groups of a proof, where the statement says any subset.
    Lower,
    /// It is that of one law, where the statement speaks of all laws of a family: one that lies on the wrong side refutes it.
    OneOfAll,
    /// Nothing follows from it: one draw, where the statement speaks of a probability; what one search finds, where it speaks of
    /// what there is.
    Illustrates,
}

/// What a measured value can show of a statement with a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shows {
    /// On the claimed side the statement holds at the cell, on the other it is violated.
    Decides,
    /// On the wrong side the statement is violated; on the right side nothing follows.
    Refutes,
    /// On the right side the statement holds; on the wrong side nothing follows.
    Confirms,
    /// Nothing follows.
    Illustrates,
}

impl Bearing {
    /// What a value can show, by the relation that is claimed.
    pub fn shows(self, relation: Relation) -> Shows {
        match (self, relation) {
            (Bearing::Decides, _) => Shows::Decides,
            (Bearing::OneOfAll, _) => Shows::Refutes,
            (Bearing::Upper, Relation::AtLeast) | (Bearing::Lower, Relation::AtMost) => Shows::Refutes,
            (Bearing::Upper, Relation::AtMost) | (Bearing::Lower, Relation::AtLeast) => Shows::Confirms,
            (Bearing::Upper | Bearing::Lower, Relation::Equal { .. }) | (Bearing::Illustrates, _) => Shows::Illustrates,
        }
    }

    /// The bearing of the least value of a parameter at which a probability that grows with it reaches a level.
    pub fn of_threshold(self) -> Self {
        match self {
            Bearing::Upper => Bearing::Lower,
            Bearing::Lower => Bearing::Upper,
            // At each value of the parameter another law may be worst.
            Bearing::OneOfAll => Bearing::Illustrates,
            same => same,
        }
    }
}

impl Shows {
    /// What a reader of the verdict should know.
    pub fn caution(self) -> Option<&'static str> {
        match self {
            Shows::Decides => None,
            Shows::Refutes => {
                Some("less is measured than the statement claims: a value on the right side does not confirm it")
            }
            Shows::Confirms => {
                Some("more is measured than the statement claims: a value on the wrong side does not refute it")
            }
            Shows::Illustrates => Some("what is measured only illustrates the statement: no verdict follows"),
        }
    }
}

impl Evidence {
    /// The evidence of a quadrature: its error estimate is widened by this factor before it counts as a limit.
    const ERROR_MARGIN: f64 = 4.0;

    /// A value known up to a relative error that only rounding causes, the rounding of its own log included.
    pub fn closed_form(ln: f64, relative_error: f64, work: u64) -> Self {
        // 0 is exact.
        let relative_error = if ln == f64::NEG_INFINITY { 0.0 } else { relative_error + 4.0 * f64::EPSILON * ln.abs() };
        Self::enclosed(Some(ln), ln - relative_error, ln + relative_error, Method::ClosedForm, work)
    }

    /// The log of a value that is proved to lie in this enclosure, by so many pieces or terms.
    pub fn proved(ln: Enclosure, work: u64) -> Self {
        Self::enclosed(Some(ln.middle()), ln.lo(), ln.hi(), Method::Proved, work)
    }

    /// The evidence of a quadrature. An error estimate of 1 or more leaves no lower limit.
    pub fn quadrature(integral: Integral) -> Self {
        let margin = Self::ERROR_MARGIN * integral.relative_error;
        let (ln_lo, ln_hi) = (integral.ln + (-margin.min(1.0)).ln_1p(), integral.ln + margin.ln_1p());
        Self::enclosed(Some(integral.ln), ln_lo, ln_hi, Method::Quadrature, integral.evaluations)
    }

    /// A value between limits.
    pub fn enclosed(ln: Option<f64>, ln_lo: f64, ln_hi: f64, method: Method, work: u64) -> Self {
        Evidence { ln, ln_lo, ln_hi, method, work, observed: Vec::new(), bearing: Bearing::Decides, law: None }
    }

    /// A non-negative number between its ends.
    pub fn of_number(number: Number, method: Method, work: u64) -> Self {
        let (ln_lo, ln_hi) = number.ln_ends();
        Self::enclosed(Some(number.ln_abs().clamp(ln_lo, ln_hi)), ln_lo, ln_hi, method, work)
    }

    /// The measured value between its limits, for formulas.
    pub fn number(&self) -> Number {
        Number::between(self.ln.unwrap_or(0.5 * (self.ln_lo + self.ln_hi)), self.ln_lo, self.ln_hi)
    }

    /// How wide the interval is: hi/lo - 1, infinite where the lower limit is 0.
    pub fn relative_width(&self) -> f64 {
        if self.ln_lo == f64::NEG_INFINITY { f64::INFINITY } else { (self.ln_hi - self.ln_lo).exp_m1() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poor_quadrature_has_no_lower_limit() {
        let poor = Evidence::quadrature(Integral { ln: -3.0, relative_error: 0.5, evaluations: 7 });
        assert_eq!(poor.ln_lo, f64::NEG_INFINITY);
        assert_eq!(poor.relative_width(), f64::INFINITY);
        let good = Evidence::quadrature(Integral { ln: -3.0, relative_error: 1e-10, evaluations: 7 });
        assert!(good.ln_lo < -3.0 && -3.0 < good.ln_hi && good.relative_width() < 1e-9);
    }
}
