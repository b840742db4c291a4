//! Verdicts: evidence beside a bound, with the error controlled over the whole family of cells of a run.

use std::f64::consts::LN_10;

use crate::evidence::{Evidence, Shows};
use crate::statement::{Bound, Quantity, Relation, Statement};

/// What the evidence says about a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies on the claimed side.
    Holds,
    /// The whole interval lies on the other side.
    Violated,
    /// The interval touches the bound.
    Undecided,
    /// As [`Verdict::Holds`], of a claim that says only that there is a constant, at one fixed constant.
    ConstantSuffices,
    /// As [`Verdict::Violated`], of a claim that says only that there is a constant: this constant is refuted, the claim is not.
    ConstantRefuted,
    /// Nothing was measured: the method does not reach the cell, or the program has a defect there.
    Failed,
}

impl Verdict {
    /// The verdict's name in records and JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Reads a verdict's name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The verdict on a claim that says only that there is a constant, from the one at a fixed constant.
    pub fn at_a_constant(self) -> Self {
        match self {
            Verdict::Holds => Verdict::ConstantSuffices,
            Verdict::Violated => Verdict::ConstantRefuted,
            other => other,
        }
    }

    /// The verdict in the words of a claim's quantifier.
    pub fn said_of(self, statement: &Statement) -> Self {
        if statement.constants.is_empty() { self } else { self.at_a_constant() }
    }

    /// Whether the measured value lies on the claimed side.
    pub fn is_met(self) -> bool {
        matches!(self, Verdict::Holds | Verdict::ConstantSuffices)
    }

    /// Whether the measured value lies on the other side.
    pub fn is_missed(self) -> bool {
        matches!(self, Verdict::Violated | Verdict::ConstantRefuted)
    }
}

/// What the evidence says about a claim's bound, in the words of the claim's quantifier: a claim that there is a constant is
/// neither proved nor violated at one constant.
pub fn pronounce(statement: &Statement, evidence: &Evidence, bound: &Bound) -> Verdict {
    judge(evidence, bound, statement.relation).said_of(statement)
}

/// Judges a bound by the interval alone: the measured value plays no part. Evidence that cannot confirm never holds, and
/// evidence that only illustrates decides nothing.
pub fn judge(evidence: &Evidence, bound: &Bound, relation: Relation) -> Verdict {
    let shows = evidence.bearing.shows(bound.relation.unwrap_or(relation));
    match (compare(evidence, bound, relation), shows) {
        (_, Shows::Illustrates) | (Verdict::Holds, Shows::Refutes) | (Verdict::Violated, Shows::Confirms) => {
            Verdict::Undecided
        }
        (verdict, _) => verdict,
    }
}

/// On which side of the bound, which lies between its own ends, the interval lies; by the bound's own relation if it has one.
pub fn compare(evidence: &Evidence, bound: &Bound, relation: Relation) -> Verdict {
    let (lo, hi) = (evidence.ln_lo, evidence.ln_hi);
    // A negative bound lies below every measured size, strictly.
    let negative = bound.non_positive.is_some_and(|value| value < 0.0);
    let above = lo > bound.ln_hi || negative;
    let below = hi < bound.ln_lo && !negative;
    // A value that is exactly 0 is at most a bound of 0 (and equal to it): no interval touches there.
    let both_zero = hi == f64::NEG_INFINITY && bound.ln_hi == f64::NEG_INFINITY && !negative;
    match bound.relation.unwrap_or(relation) {
        Relation::AtMost | Relation::Equal { .. } if both_zero => Verdict::Holds,
        Relation::AtLeast if above => Verdict::Holds,
        Relation::AtLeast if below => Verdict::Violated,
        Relation::AtMost if below => Verdict::Holds,
        Relation::AtMost if above => Verdict::Violated,
        Relation::Equal { .. } if above || below => Verdict::Violated,
        Relation::Equal { tolerance }
            if lo > bound.ln_hi + (-tolerance).ln_1p() && hi < bound.ln_lo + tolerance.ln_1p() =>
        {
            Verdict::Holds
        }
        _ => Verdict::Undecided,
    }
}

/// Whether the bound says nothing: a probability at most a number of 1 or more, anything at least a number of 0 or less.
pub fn vacuous(bound: &Bound, relation: Relation, quantity: Quantity) -> bool {
    match bound.relation.unwrap_or(relation) {
        Relation::AtLeast => bound.ln_hi == f64::NEG_INFINITY,
        Relation::AtMost => quantity == Quantity::Probability && bound.ln_lo >= 0.0,
        Relation::Equal { .. } => false,
    }
}

/// log10 of how far the measured value is on the claimed side of the bound; negative is violated. For `equal` it is how
/// much of the tolerance is left. `None` where one of them is not a positive number.
pub fn slack_log10(evidence: &Evidence, bound: &Bound, relation: Relation) -> Option<f64> {
    let difference = evidence.ln? - bound.ln;
    let slack = match bound.relation.unwrap_or(relation) {
        Relation::AtLeast => difference,
        Relation::AtMost => -difference,
        Relation::Equal { tolerance } => tolerance.ln_1p() - difference.abs(),
    };
    // Adding 0 turns -0 into 0.
    slack.is_finite().then_some(slack / LN_10 + 0.0)
}

/// Between which numbers the slack lies where the measured value and the bound lie within their limits; infinite where one of the two is 0, or
/// a limit is open.
pub fn slack_limits(evidence: &Evidence, bound: &Bound, relation: Relation) -> (f64, f64) {
    let relation = bound.relation.unwrap_or(relation);
    if bound.ln == f64::NEG_INFINITY {
        let holds = compare(evidence, bound, relation) == Verdict::Holds || relation == Relation::AtLeast;
        return if holds {
            (f64::INFINITY, f64::INFINITY)
        } else {
            (f64::NEG_INFINITY, if evidence.ln_lo > f64::NEG_INFINITY { f64::NEG_INFINITY } else { f64::INFINITY })
        };
    }
    let (lo, hi) = (evidence.ln_lo - bound.ln_hi, evidence.ln_hi - bound.ln_lo);
    let (lo, hi) = match relation {
        Relation::AtLeast => (lo, hi),
        Relation::AtMost => (-hi, -lo),
        Relation::Equal { tolerance } => {
            let nearest = if lo <= 0.0 && 0.0 <= hi { 0.0 } else { lo.abs().min(hi.abs()) };
            (tolerance.ln_1p() - lo.abs().max(hi.abs()), tolerance.ln_1p() - nearest)
        }
    };
    (lo / LN_10 + 0.0, hi / LN_10 + 0.0)
}

/// The chance of error that one measured cell of a run may take, so that all `cells` together take at most `alpha`
/// (Bonferroni: valid under any dependence between cells).
pub fn share_of_error(alpha: f64, cells: usize) -> f64 {
    alpha / cells.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Bearing, Method};
    use crate::formula::Number;

    fn evidence(lo: f64, hi: f64) -> Evidence {
        Evidence::enclosed(Some(0.5 * (lo.ln() + hi.ln())), lo.ln(), hi.ln(), Method::Literal, 1)
    }

    #[test]
    fn an_interval_that_touches_the_bound_decides_nothing() {
        let bound = Bound::from_value("printed", 0.5);
        for (lo, hi) in [(0.5, 0.6), (0.4, 0.5), (0.4, 0.6), (0.5, 0.5)] {
            for relation in [Relation::AtLeast, Relation::AtMost] {
                assert_eq!(judge(&evidence(lo, hi), &bound, relation), Verdict::Undecided, "{lo} {hi}");
            }
        }
        assert_eq!(judge(&evidence(0.6, 0.7), &bound, Relation::AtLeast), Verdict::Holds);
        let refutes_only = |lo, hi| Evidence { bearing: Bearing::Upper, ..evidence(lo, hi) };
        let confirms_only = |lo, hi| Evidence { bearing: Bearing::Lower, ..evidence(lo, hi) };
        assert_eq!(judge(&confirms_only(0.6, 0.7), &bound, Relation::AtLeast), Verdict::Holds);
        assert_eq!(judge(&confirms_only(0.3, 0.4), &bound, Relation::AtLeast), Verdict::Undecided);
        let illustrates = |lo, hi| Evidence { bearing: Bearing::Illustrates, ..evidence(lo, hi) };
        assert_eq!(judge(&illustrates(0.3, 0.4), &bound, Relation::AtLeast), Verdict::Undecided);
        assert_eq!(judge(&refutes_only(0.6, 0.7), &bound, Relation::AtLeast), Verdict::Undecided);
        assert_eq!(judge(&refutes_only(0.3, 0.4), &bound, Relation::AtLeast), Verdict::Violated);
        assert_eq!(judge(&evidence(0.6, 0.7), &bound, Relation::AtMost), Verdict::Violated);
        assert_eq!(judge(&evidence(0.3, 0.4), &bound, Relation::AtLeast), Verdict::Violated);
        assert_eq!(judge(&evidence(0.3, 0.4), &bound, Relation::AtMost), Verdict::Holds);
    }

    /// What rounding leaves open is never decided, on either side.
    #[test]
    fn a_bound_is_judged_by_its_ends() {
        let one = Number::new(1.0);
        let lost = Bound::from_number("lost", one - (one - Number::new(1e-20)).pow(Number::new(5.0)));
        let negative = Bound::from_number("negative", one - Number::new(2.0));
        let unknown_sign = Bound::from_number("sign", Number::new(0.1) * Number::new(3.0) - Number::new(0.3));
        let zero = Evidence::closed_form(f64::NEG_INFINITY, 0.0, 1);
        let tiny = evidence(1e-21, 2e-21);
        for measured in [&zero, &tiny] {
            for relation in [Relation::AtLeast, Relation::AtMost, Relation::Equal { tolerance: 0.1 }] {
                assert_eq!(judge(measured, &lost, relation), Verdict::Undecided, "{relation:?}");
                assert_eq!(judge(measured, &unknown_sign, relation), Verdict::Undecided, "{relation:?}");
                assert!(!vacuous(&lost, relation, Quantity::Probability));
            }
            assert_eq!(judge(measured, &negative, Relation::AtLeast), Verdict::Holds);
        }
        assert_eq!(judge(&evidence(0.1, 0.2), &lost, Relation::AtLeast), Verdict::Holds);
        assert_eq!(judge(&evidence(0.1, 0.2), &lost, Relation::AtMost), Verdict::Violated);
        assert_eq!(judge(&zero, &Bound::from_value("zero", 0.0), Relation::AtMost), Verdict::Holds);
    }

    #[test]
    fn equality_needs_the_whole_interval_within_the_tolerance() {
        let bound = Bound::from_value("printed", 100.0);
        let relation = Relation::Equal { tolerance: 0.05 };
        assert_eq!(judge(&evidence(98.0, 103.0), &bound, relation), Verdict::Holds);
        assert_eq!(judge(&evidence(98.0, 106.0), &bound, relation), Verdict::Undecided);
        assert_eq!(judge(&evidence(101.0, 103.0), &bound, relation), Verdict::Violated);
        assert!(slack_log10(&evidence(99.0, 101.0), &bound, relation).unwrap() > 0.0);
    }

    #[test]
    fn bounds_that_say_nothing_are_vacuous() {
        let at = |value| Bound::from_value("printed", value);
        assert!(vacuous(&at(1.0), Relation::AtMost, Quantity::Probability));
        assert!(vacuous(&at(0.0), Relation::AtLeast, Quantity::Probability));
        assert!(vacuous(&at(-2.0), Relation::AtLeast, Quantity::Size));
        assert!(!vacuous(&at(7.0), Relation::AtMost, Quantity::Size));
        assert!(!vacuous(&at(0.99), Relation::AtMost, Quantity::Probability));
        // Zero hits are above a negative bound, and beside a zero one.
        let none = Evidence::enclosed(None, f64::NEG_INFINITY, -3.0, Method::Literal, 1);
        assert_eq!(judge(&none, &at(-2.0), Relation::AtLeast), Verdict::Holds);
        assert_eq!(judge(&none, &at(-2.0), Relation::AtMost), Verdict::Violated);
        assert_eq!(judge(&none, &at(0.0), Relation::AtLeast), Verdict::Undecided);
    }

    #[test]
    fn slack_is_negative_on_the_wrong_side() {
        let bound = Bound::from_value("printed", 0.1);
        let measured = evidence(1.0, 1.0);
        assert!((slack_log10(&measured, &bound, Relation::AtLeast).unwrap() - 1.0).abs() < 1e-12);
        assert!((slack_log10(&measured, &bound, Relation::AtMost).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(share_of_error(1e-3, 100), 1e-5);
    }

    #[test]
    fn slack_limits_enclose_the_slack_and_are_open_where_limits_are() {
        let bound = Bound::from_value("printed", 0.1);
        let around = evidence(0.01, 10.0);
        for (relation, limits) in [
            (Relation::AtLeast, (-1.0, 2.0)),
            (Relation::AtMost, (-2.0, 1.0)),
            (Relation::Equal { tolerance: 9.0 }, (-1.0, 1.0)),
        ] {
            let (lo, hi) = slack_limits(&around, &bound, relation);
            assert!((lo - limits.0).abs() < 1e-12 && (hi - limits.1).abs() < 1e-12, "{relation:?}: {lo} {hi}");
        }
        let open = (f64::NEG_INFINITY, f64::INFINITY);
        let unknown = Evidence::enclosed(None, f64::NEG_INFINITY, f64::INFINITY, Method::Literal, 1);
        assert_eq!(slack_limits(&unknown, &bound, Relation::AtLeast), open);
        let zero = Bound::from_value("printed", 0.0);
        assert_eq!(slack_limits(&around, &zero, Relation::AtMost), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!(slack_limits(&unknown, &zero, Relation::AtMost), open);
        assert_eq!(slack_limits(&unknown, &zero, Relation::AtLeast), (f64::INFINITY, f64::INFINITY));
    }
}
