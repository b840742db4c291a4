//! Eqs. 10-20: how large E[T^2]/E[T]^2 is, on which the second-moment method of Theorem 5 rests.

mod proof;

use super::*;
use crate::evidence::quadrature::Integral;
use crate::numeric::{ln_add, ln_binomial, ln_sum_exp};
use crate::tickets::nsn::boxes::{ln_box, ln_joint_box};
use crate::tickets::nsn::target::Target;

/// The claim of Eqs. 10-20.
pub struct SecondMomentRatio;

/// C' of the proof, to which 16/e is added.
const C_PRIME: f64 = 270_801.0;
/// Relative tolerance of the quadratures.
const TOLERANCE: f64 = 1e-7;
/// Terms are integrated where their upper bound is more than this share of the sum.
const MATTERS: f64 = 5e-3;
/// The most terms: overlaps beyond are bounded together.
const MOST_OVERLAPS: u64 = 4096;

impl Measurand for SecondMomentRatio {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Quadrature, |cell| Ok(Estimator::deterministic(move || ratio(cell, TOLERANCE))))]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_k_of_n(cell)
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let (k, d, eps) = (cell.integer("k"), cell.integer("d"), cell.real("eps"));
        Ok(match name {
            "norm1_squared" => norm1_squared(cell),
            "box" => Evidence::quadrature(ln_box(k, d, eps, &Target::of(cell), TOLERANCE)).number(),
            _ => return Err(undeclared(name)),
        })
    }

    fn chain_samples(&self) -> bool {
        true
    }

    fn chain(&self, cell: &Cell, stream: &mut Stream, alpha: f64) -> Result<Vec<Link>> {
        proof::chain(cell, stream, alpha)
    }

    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        Ok(proof::least_constant(cell, link))
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

/// ln Pr(|S cap S'| = m) for two uniform k-subsets of [n].
fn ln_overlap(n: u64, k: u64, m: u64) -> f64 {
    if n + m < 2 * k {
        return f64::NEG_INFINITY;
    }
    ln_binomial(k, m) + ln_binomial(n - k, k - m) - ln_binomial(n, k)
}

/// ln of the integral, if it is near enough to be built on.
fn near(integral: Integral) -> Result<(f64, f64)> {
    if integral.relative_error < 0.1 {
        return Ok((integral.ln, 4.0 * integral.relative_error));
    }
    Err(Error::unreachable("a quadrature of the ratio does not converge; take parameters nearer to 1"))
}

/// E[T^2]/E[T]^2, Eq. 10, term by term over the overlap m = k - j, by quadratures of this relative tolerance.
///
/// The term of m = 0 is its probability, since disjoint subsets are independent. A joint probability is at most that of one
/// box, and (Lemma 14) at most the square of a centred box of the j vectors that differ: these bounds decide which terms are
/// integrated, and stand as upper limits for the others.
pub(super) fn ratio(cell: &Cell, tolerance: f64) -> Result<Evidence> {
    let (n, k, d) = (cell.integer("n"), cell.integer("k"), cell.integer("d"));
    let (eps, target) = (cell.real("eps"), Target::of(cell));
    let (ln_single, single_error) = near(ln_box(k, d, eps, &target, tolerance))?;
    let (mut lower, mut upper, mut work) = (Vec::new(), Vec::new(), 1);
    let mut total = f64::NEG_INFINITY;
    for m in 0..=k.min(MOST_OVERLAPS) {
        let ln_p = ln_overlap(n, k, m);
        if ln_p == f64::NEG_INFINITY {
            continue;
        }
        if m == 0 {
            lower.push(ln_p);
            upper.push(ln_p);
            total = ln_p;
            continue;
        }
        let j = k - m;
        let ln_cap = ln_p + cap(j, d, eps, ln_single, tolerance)? - 2.0 * ln_single;
        let exact = j == 0 || ln_cap > total + MATTERS.ln();
        if exact {
            let (ln_joint, error) = match j {
                0 => (ln_single, single_error),
                _ => near(ln_joint_box(k, j, d, eps, &target, tolerance))?,
            };
            let ln = ln_p + ln_joint - 2.0 * ln_single;
            let error = error + 2.0 * single_error;
            lower.push(ln + (-error.min(0.5)).ln_1p());
            upper.push((ln + error.ln_1p()).min(ln_cap));
            total = ln_add(total, ln);
            work += 1;
        } else {
            upper.push(ln_cap);
        }
        // All further overlaps together have less than twice the next one's probability once n >= k^2 and m >= 2; each
        // counts at most 1/Pr(box).
        let rest = super::overlap_tail::ln_overlap_tail(n, k, m + 1) - ln_single;
        if m >= 2 && rest < total + MATTERS.ln() - 5.0 {
            upper.push(rest);
            break;
        }
        if m == k.min(MOST_OVERLAPS) && m < k {
            upper.push(rest);
        }
    }
    let (ln_lo, ln_hi) = (ln_sum_exp(&lower), ln_sum_exp(&upper));
    let rounding = 1e-9;
    Ok(Evidence::enclosed(Some(0.5 * (ln_lo + ln_hi)), ln_lo - rounding, ln_hi + rounding, Method::Quadrature, work))
}

/// ln of an upper bound on the joint probability at j: that of one box, and the square of the centred box of j vectors.
fn cap(j: u64, d: u64, eps: f64, ln_single: f64, tolerance: f64) -> Result<f64> {
    if j == 0 {
        return Ok(ln_single);
    }
    let (ln_centred, error) = near(ln_box(j, d, eps, &Target::Origin, tolerance))?;
    Ok(ln_single.min(2.0 * (ln_centred + error.ln_1p())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(given: &[(&str, &str)]) -> Evidence {
        ratio(&claim("second-moment-ratio").cell(given.iter().copied()).unwrap(), TOLERANCE).unwrap()
    }

    /// Against the identity of Lemma 9, which sums every term by quadrature.
    #[test]
    fn the_ratio_is_that_of_the_two_identities() {
        for (n, k, d, eps, target) in [
            ("8", "3", "2", "0.5", "origin"),
            ("10", "3", "1", "0.25", "axis"),
            ("9", "3", "1", "0.1", "spread"),
            ("5", "5", "2", "0.3", "origin"),
        ] {
            let base = [("n", n), ("k", k), ("d", d), ("eps", eps), ("target", target)];
            let moment = |moment: &str| {
                let given = base.into_iter().chain([("moment", moment)]);
                claim("second-moment").bounds(&claim("second-moment").cell(given).unwrap()).unwrap()[0].ln
            };
            let exact = moment("second") - 2.0 * moment("first");
            let found = measured(&base);
            assert!(found.ln_lo <= exact && exact <= found.ln_hi, "{base:?}: {found:?} {exact}");
            assert!(found.ln_hi - found.ln_lo < 0.1, "{base:?}: {found:?}");
        }
    }

    #[test]
    fn inside_the_hypotheses_it_is_near_1() {
        let found = measured(&[("n", "1000000"), ("k", "1000"), ("d", "3"), ("eps", "0.01"), ("target", "axis")]);
        assert!(found.ln_lo > 0.0 && found.ln_hi < 0.05, "{found:?}");
    }

    #[test]
    fn the_overlap_s_law_sums_to_one() {
        for (n, k) in [(9, 3), (5, 4), (100, 10)] {
            let terms: Vec<f64> = (0..=k).map(|m| ln_overlap(n, k, m)).collect();
            assert!(ln_sum_exp(&terms).abs() < 1e-12);
        }
    }
}
