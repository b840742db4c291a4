//! Lemma 17: the two tails of a chi-square law.

use rand_distr::{ChiSquared, Distribution};

use super::*;
use crate::tails::ln_chi_square_tail;

/// The claim of Lemma 17.
pub struct ChiSquareTails;

static ABOUT: About = About {
    id: "chi-square-tails",
    source: "Lemma 17",
    statement: "For X chi-square with d degrees of freedom and any t > 0: (1) Pr(X >= d + 2 sqrt(d t) + 2 t) <= exp(-t); (2) \
        Pr(X <= d - 2 sqrt(d t)) <= exp(-t).",
    formula: "exp(-t)",
    measured: "Pr(X >= d + 2 sqrt(d t) + 2 t), or Pr(X <= d - 2 sqrt(d t))",
    parameters: &[
        TAIL,
        Parameter {
            name: "d",
            domain: Domain::Integer(1, 1_000_000_000),
            default: None,
            meaning: "degrees of freedom",
            reach: Some((1.0, 1e6)),
        },
        Parameter {
            name: "t",
            domain: Domain::Real(0.0, 1e9),
            default: None,
            meaning: "how far out",
            reach: Some((1e-6, 1e4)),
        },
    ],
    relation: Relation::AtMost,
    quantity: Quantity::Probability,
    methods: &[Method::ClosedForm, Method::Literal],
};

/// Relative rounding of a tail, beside that of its threshold.
const ROUNDING: f64 = 1e-11;

impl Claim for ChiSquareTails {
    fn about(&self) -> &About {
        &ABOUT
    }

    /// t > 0 is the parameter's domain.
    fn hypotheses(&self, _cell: &Cell) -> Vec<Hypothesis> {
        Vec::new()
    }

    fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        Ok(vec![Bound::from_ln(PRINTED, -cell.real("t"))])
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let (d, t) = (cell.real("d"), cell.real("t"));
        let tail = tail(cell);
        let excess = match tail {
            Tail::Upper => 2.0 * (d * t).sqrt() + 2.0 * t,
            Tail::Lower => -2.0 * (d * t).sqrt(),
        };
        if method == Method::ClosedForm {
            return Ok(Estimator::deterministic(move || {
                // The log's slope at the threshold is at most |excess|/2 + sqrt(d), over which the threshold is rounded.
                let rounding = ROUNDING + 4.0 * f64::EPSILON * (excess.abs() + d.sqrt());
                Ok(Evidence::closed_form(ln_chi_square_tail(d, excess, tail), rounding, 1))
            }));
        }
        Ok(Estimator::events(1024, move || {
            let law = ChiSquared::new(d).expect("d is positive");
            Box::new(move |stream| {
                let over = law.sample(stream) - d;
                Draw::event(if tail == Tail::Upper { over >= excess } else { over <= excess })
            })
        }))
    }
}
