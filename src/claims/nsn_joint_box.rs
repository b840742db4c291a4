//! Lemma 8: an upper bound on the probability that two overlapping sums of NSN vectors fall into the same box.

mod proof;

use super::nsn_box::{D, EPS, K, TARGET};
use super::*;
use crate::cell::Domain;
use crate::nsn::boxes::ln_joint_box;
use crate::nsn::importance::{ImportanceJointBox, check_eps};
use crate::nsn::sampling::{add_collapsed_sum, add_nsn_vectors, in_box};
use crate::nsn::tilted::TiltedJointBox;

/// The claim of Lemma 8.
pub struct NsnJointBox;

/// The quadrature's relative tolerance.
const TOLERANCE: f64 = 1e-7;

/// The universal constant that the paper leaves open.
pub(super) const C: Parameter = Parameter {
    name: "C",
    domain: Domain::Real(0.0, f64::INFINITY),
    default: Some("1"),
    meaning: "the universal constant that the paper leaves open",
    reach: None,
};

static ABOUT: About = About {
    id: "nsn-joint-box",
    source: "Lemma 8",
    statement: "For i.i.d. NSN vectors X_1, ..., X_{k+j} in R^d, 1 <= j <= k, k >= C d^3 log(d/eps), with A, B, C the sums \
        of the first j, the next k-j and the last j of them: Pr(A+B in I_eps(z), B+C in I_eps(z)) <= \
        3 (4 eps^2 / (pi (1 - 2 sqrt(c_d)) j))^d, c_d = min(1/d^2, 1/16).",
    formula: "3 (4 eps^2 / (pi (1 - 2 sqrt(c_d)) j))^d",
    measured: "Pr(A+B in I_eps(z), B+C in I_eps(z))",
    parameters: &[
        K,
        Parameter {
            name: "j",
            domain: Domain::Integer(1, 1_000_000_000),
            default: None,
            meaning: "vectors in which the two subsets differ, on each side; at most k",
            reach: Some((1.0, 1e6)),
        },
        D,
        EPS,
        TARGET,
        C,
    ],
    relation: Relation::AtMost,
    quantity: Quantity::Probability,
    methods: &[Method::Quadrature, Method::Conditional, Method::Importance, Method::Collapsed, Method::Literal],
    constants: &["C"],
    readings: &[
        Reading {
            bound: "after-6-tail-overline",
            text: "the complement of E-down, by an overline",
            taken: true,
            why: "the lines before it have the overline, and Lemma 17 bounds the complement",
        },
        Reading {
            bound: "after-6-tail",
            text: "E-down itself, without the overline",
            taken: false,
            why: "it is shown without one in that line only: perhaps an error of the extraction",
        },
        Reading {
            bound: "last-with-j",
            text: "the last line ends with j, as the lemma does",
            taken: true,
            why: "the lemma's display and Eq. 12 have j there",
        },
        Reading {
            bound: "last",
            text: "the last line ends with k",
            taken: false,
            why: "it is shown with k twice, which no C saves for j < k; with k the lemma would be stronger than it is stated",
        },
    ],
};

/// What Lemma 8 and Theorem 5 ask of k.
pub(super) const LARGE_SIZE: Written = Written::new("k >= C d^3 log(d/eps)", "k >= C*d^3*ln(d/eps)");

const CONDITIONS: &[Written] = &[LARGE_SIZE];

/// The printed bound; `two-pi`: the same with the 2 pi of the normal density, as a repaired Lemma 7 needs it; and
/// `with-exponential`: what the proof has before exp(-c_d j) becomes exp(-c_d k).
const FORMULAS: &[Written] = &[
    Written::new(PRINTED, "3*(4*eps^2/(pi*(1 - 2*sqrt(c_d))*j))^d"),
    Written::new("two-pi", "3*(4*eps^2/(2*pi*(1 - 2*sqrt(c_d))*j))^d"),
    Written::new("with-exponential", "(4*eps^2/(pi*(1 - 2*sqrt(c_d))*j))^d + 2*exp(-c_d*j)"),
];

impl Claim for NsnJointBox {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let (k, j) = (cell.integer("k"), cell.integer("j"));
        if j > k {
            return Err(Error::input(format!("j = {j} exceeds k = {k}; write j from 1 to k")));
        }
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

    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        Ok(proof::least_constant(cell, link))
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let (k, j, d) = (cell.integer("k"), cell.integer("j"), cell.integer("d"));
        let (eps, target) = (cell.real("eps"), cell.target());
        let hits = move |add: fn(u64, &mut [f64], &mut Stream)| {
            let z = target.vector(k, d);
            Estimator::events(256, move || {
                let z = z.clone();
                let (mut shared, mut sum) = (vec![0.0; d as usize], vec![0.0; d as usize]);
                Box::new(move |stream| {
                    shared.fill(0.0);
                    add(k - j, &mut shared, stream);
                    let mut both = true;
                    for _ in 0..2 {
                        sum.copy_from_slice(&shared);
                        add(j, &mut sum, stream);
                        both &= in_box(&sum, &z, eps);
                    }
                    Draw::event(both)
                })
            })
        };
        Ok(match method {
            Method::Conditional => {
                let tilted = TiltedJointBox::new(k, j, d, eps, target);
                Estimator::values(tilted.ln_constant, 256, move || {
                    let tilted = tilted.clone();
                    Box::new(move |stream| Draw::exact(tilted.draw(stream)))
                })
            }
            Method::Importance => {
                check_eps(eps)?;
                let importance = ImportanceJointBox::new(k, j, d, eps, target);
                Estimator::values(importance.ln_constant, 256, move || {
                    let importance = importance.clone();
                    Box::new(move |stream| Draw::exact(importance.draw(stream)))
                })
            }
            Method::Collapsed => hits(add_collapsed_sum),
            Method::Literal => hits(add_nsn_vectors),
            _ => Estimator::deterministic(move || {
                Ok(Evidence::quadrature(ln_joint_box(k, j, d, eps, target, TOLERANCE)))
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn the_bound_is_the_printed_formula() {
        let cell = cell_of(&NsnJointBox, [("k", "100"), ("j", "3"), ("d", "2"), ("eps", "0.1")]).unwrap();
        // d = 2: c_d = 1/16, 1 - 2/4 = 1/2.
        let by_hand = (3.0 * (0.04 / (PI * 0.5 * 3.0)).powi(2)).ln();
        assert!((NsnJointBox.bounds(&cell).unwrap()[0].ln - by_hand).abs() < 1e-13);
    }

    #[test]
    fn j_beyond_k_is_refused_and_a_short_target_too() {
        let base = [("k", "4"), ("d", "2"), ("eps", "0.1")];
        let refused = |extra: (&str, &str)| {
            let given: Vec<_> = base.into_iter().chain([("j", "5")]).chain([extra]).collect();
            cell_of(&NsnJointBox, given).unwrap_err().to_string()
        };
        assert!(refused(("target", "axis")).contains("j = 5 exceeds k = 4"));
        let given: Vec<_> = base.into_iter().chain([("j", "4"), ("target", "[1]")]).collect();
        assert!(cell_of(&NsnJointBox, given).unwrap_err().to_string().contains("1 coordinates where d = 2"));
    }
}
