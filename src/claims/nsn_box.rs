//! Lemma 7: a lower bound on the probability that a sum of k NSN vectors falls into a box.

mod proof;

use super::*;
use crate::cell::Domain;
use crate::nsn::boxes::ln_box;
use crate::nsn::importance::ImportanceBox;
use crate::nsn::sampling::{add_collapsed_sum, add_nsn_vectors, in_box};
use crate::nsn::tilted::TiltedBox;

/// The claim of Lemma 7.
pub struct NsnBox;

/// The quadrature's relative tolerance.
const TOLERANCE: f64 = 1e-12;

/// The parameters of sums of k NSN vectors in R^d around a target.
pub(super) const K: Parameter = Parameter {
    name: "k",
    domain: Domain::Integer(1, 1_000_000_000),
    default: None,
    meaning: "vectors in the sum",
    reach: Some((1.0, 1e6)),
};
pub(super) const D: Parameter = Parameter {
    name: "d",
    domain: Domain::Integer(1, 100_000),
    default: None,
    meaning: "dimension",
    reach: Some((1.0, 256.0)),
};
pub(super) const EPS: Parameter = Parameter {
    name: "eps",
    domain: Domain::Real(0.0, f64::INFINITY),
    default: None,
    meaning: "half-width of the box in each coordinate",
    reach: Some((1e-12, 1.0)),
};
pub(super) const TARGET: Parameter = Parameter {
    name: "target",
    domain: Domain::Target,
    default: Some("origin"),
    meaning: "centre z of the box; axis is (sqrt(k), 0, ..., 0), spread is sqrt(k)/d in each coordinate",
    reach: None,
};

static ABOUT: About = About {
    id: "nsn-box",
    source: "Lemma 7",
    statement: "For i.i.d. NSN vectors X_1, ..., X_k in R^d with k >= 16, d <= k, eps in (0, 1/4) and norm1(z) <= sqrt(k): \
        Pr(X_1 + ... + X_k in I_eps(z)) >= (1/16) (2 eps / sqrt(pi (1 + 2 sqrt(c_d) + 2 c_d) k))^d, \
        c_d = min(1/d^2, 1/16).",
    formula: "(1/16) (2 eps / sqrt(pi (1 + 2 sqrt(c_d) + 2 c_d) k))^d",
    measured: "Pr(X_1 + ... + X_k in I_eps(z))",
    parameters: &[K, D, EPS, TARGET],
    relation: Relation::AtLeast,
    quantity: Quantity::Probability,
    methods: &[Method::Quadrature, Method::Conditional, Method::Importance, Method::Collapsed, Method::Literal],
    constants: &[],
    readings: &[
        Reading {
            bound: PRINTED,
            text: "k stands inside the root",
            taken: true,
            why: "Eq. 4 at the end of the proof, Eq. 11 and Eq. 19 have it there, and the proof's sums of squares are about k",
        },
        Reading {
            bound: "k-outside-root",
            text: "k stands outside the root, beside it in the denominator",
            taken: false,
            why: "the lemma's display and two lines of the proof show it there; the bound is then weaker by k^(d/2), and Eq. 11 does \
                not follow from it",
        },
    ],
};

/// norm1(z) <= sqrt(k).
pub(super) const SMALL_NORM: Written = Written::new("norm1(z) <= sqrt(k)", "norm1_squared <= k");

const CONDITIONS: &[Written] = &[
    Written::new("k >= 16", "k >= 16"),
    Written::new("d <= k", "d <= k"),
    Written::new("eps < 1/4", "eps < 1/4"),
    SMALL_NORM,
];

/// The printed bound; `two-pi`: the same with the 2 pi of the normal density where pi is printed; and `k-outside-root`, as the
/// lemma's display has it.
const FORMULAS: &[Written] = &[
    Written::new(PRINTED, "1/16*(2*eps/sqrt(pi*(1 + 2*sqrt(c_d) + 2*c_d)*k))^d"),
    Written::new("two-pi", "1/16*(2*eps/sqrt(2*pi*(1 + 2*sqrt(c_d) + 2*c_d)*k))^d"),
    Written::new("k-outside-root", "1/16*(2*eps/(sqrt(pi*(1 + 2*sqrt(c_d) + 2*c_d))*k))^d"),
];

impl Claim for NsnBox {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        cell.target().check_dimension(cell.integer("d"))
    }

    fn conditions(&self) -> &'static [Written] {
        CONDITIONS
    }

    fn formulas(&self) -> &'static [Written] {
        FORMULAS
    }

    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        Ok(proof::chain(cell))
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let (k, d, eps, target) = (cell.integer("k"), cell.integer("d"), cell.real("eps"), cell.target());
        let hits = move |add: fn(u64, &mut [f64], &mut Stream)| {
            let z = target.vector(k, d);
            Estimator::events(256, move || {
                let (z, mut sum) = (z.clone(), vec![0.0; d as usize]);
                Box::new(move |stream| {
                    sum.fill(0.0);
                    add(k, &mut sum, stream);
                    Draw::event(in_box(&sum, &z, eps))
                })
            })
        };
        Ok(match method {
            Method::Conditional => {
                let tilted = TiltedBox::new(k, d, eps, target);
                Estimator::values(tilted.ln_constant, 256, move || {
                    let tilted = tilted.clone();
                    Box::new(move |stream| Draw::exact(tilted.draw(stream)))
                })
            }
            Method::Importance => {
                let importance = ImportanceBox::new(k, d, eps, target);
                Estimator::values(importance.ln_constant, 256, move || {
                    let importance = importance.clone();
                    Box::new(move |stream| Draw::exact(importance.draw(stream)))
                })
            }
            Method::Collapsed => hits(add_collapsed_sum),
            Method::Literal => hits(add_nsn_vectors),
            _ => Estimator::deterministic(move || Ok(Evidence::quadrature(ln_box(k, d, eps, target, TOLERANCE)))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn bound_at(k: &str, d: &str, eps: &str) -> f64 {
        let cell = cell_of(&NsnBox, [("k", k), ("d", d), ("eps", eps)]).unwrap();
        NsnBox.bounds(&cell).unwrap()[0].ln
    }

    #[test]
    fn the_bound_is_the_printed_formula() {
        // d = 1: c_d = 1/16, 1 + 1/2 + 1/8 = 13/8.
        let by_hand = (0.2 / (PI * 1.625 * 16.0).sqrt() / 16.0f64).ln();
        assert!((bound_at("16", "1", "0.1") - by_hand).abs() < 1e-14);
        // d = 100, eps = 1e-9: a finite log of a number far below the smallest double.
        let ln = bound_at("100", "100", "1e-9");
        assert!(ln.is_finite() && ln < -2000.0);
    }

    #[test]
    fn hypotheses_are_those_of_the_lemma() {
        let unmet = |given: &[(&str, &str)]| {
            let cell = cell_of(&NsnBox, given.iter().copied()).unwrap();
            NsnBox.hypotheses(&cell).into_iter().filter(|h| !h.is_met()).map(|h| h.name).collect::<Vec<_>>()
        };
        assert!(unmet(&[("k", "16"), ("d", "16"), ("eps", "0.2499"), ("target", "axis")]).is_empty());
        assert_eq!(unmet(&[("k", "15"), ("d", "16"), ("eps", "0.25")]), ["k >= 16", "d <= k", "eps < 1/4"]);
        assert_eq!(unmet(&[("k", "16"), ("d", "1"), ("eps", "0.1"), ("target", "[4.01]")]), ["norm1(z) <= sqrt(k)"]);
    }
}
