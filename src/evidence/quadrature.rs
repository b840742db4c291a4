//! Integrals of positive functions over all of R^D by the trapezoidal rule on shifted lattices, in logs.
//!
//! For an integrand that is analytic and decays at both ends, the trapezoidal rule converges exponentially in 1/step
//! (Trefethen and Weideman 2014). The lattice is filled from the mode outwards as long as the integrand matters, so that
//! no box has to be chosen. The error estimate is the difference between two lattices shifted against each other, plus
//! what was cut off at the rim.

use std::collections::{HashSet, VecDeque};

use crate::numeric::ln_sum_exp;

/// The value of an integral and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integral {
    /// ln of the integral.
    pub ln: f64,
    /// Estimated relative error.
    pub relative_error: f64,
    /// Evaluations of the integrand.
    pub evaluations: u64,
}

/// Lattice points this many e-folds below the mode end the filling.
const RIM: f64 = 34.0;
/// Steps in units of the width over which the integrand falls by half an e-fold: the first try, and its refinement.
const FIRST_STEP: f64 = 0.8;
const REFINEMENT: f64 = 0.7;
/// The largest step: the integrands' features in the log of a scale are about 1 wide.
const LARGEST_STEP: f64 = 0.45;
/// How near a mode is climbed to: far below the width sqrt(2/k) of chi^2_k in its log, for k up to 1e9.
const FINEST_CLIMB: f64 = 2e-6;
/// Nothing below is claimed: the integrands themselves carry rounding of this size.
const ROUNDING: f64 = 2e-13;

/// ln of the integral of exp(`ln_f`) over R^D, refined until the estimated relative error is at most `tolerance` or
/// `budget` evaluations are spent. A mode is looked for from every one of `starts` (at least one): where the integrand may
/// have several, one start has to lie in the basin of each.
pub fn integrate<const D: usize>(
    ln_f: impl Fn(&[f64; D]) -> f64,
    starts: &[[f64; D]],
    tolerance: f64,
    budget: u64,
) -> Integral {
    let mut modes: Vec<([f64; D], f64)> = starts.iter().map(|start| climb(&ln_f, *start)).collect();
    modes.sort_by(|x, y| y.1.total_cmp(&x.1));
    let top = modes[0].1;
    if !top.is_finite() {
        return Integral { ln: top, relative_error: f64::INFINITY, evaluations: starts.len() as u64 };
    }
    modes.retain(|(_, value)| *value >= top - RIM);
    let widths = modes.iter().map(|(mode, value)| half_fold_widths(&ln_f, mode, *value));
    let width = widths.reduce(|x, y| std::array::from_fn(|i| x[i].min(y[i]))).expect("the highest mode is there");
    let modes: Vec<[f64; D]> = modes.into_iter().map(|(mode, _)| mode).collect();
    let mut factor = FIRST_STEP;
    let mut evaluations = 0;
    loop {
        let step = width.map(|w| (factor * w).min(LARGEST_STEP * factor / FIRST_STEP));
        let first = fill(&ln_f, &modes, &step, 0.0, budget);
        let second = fill(&ln_f, &modes, &step, 0.5, budget);
        evaluations += first.evaluations + second.evaluations;
        let difference = (first.ln - second.ln).exp_m1().abs();
        let rounding = ROUNDING + 8.0 * f64::EPSILON * first.ln.abs();
        let error = difference + first.rim.max(second.rim);
        // The next lattice costs about REFINEMENT^-D times as much.
        let next_cost = (first.evaluations + second.evaluations) as f64 * REFINEMENT.powi(-(D as i32));
        // What rounding blurs no lattice makes sharper.
        if error <= tolerance.max(rounding) || evaluations as f64 + next_cost > budget as f64 {
            let ln = ln_sum_exp(&[first.ln, second.ln]) - 2f64.ln();
            return Integral { ln, relative_error: error + rounding, evaluations };
        }
        factor *= REFINEMENT;
    }
}

/// A local maximum, by a compass search whose step doubles on success and halves on failure.
fn climb<const D: usize>(ln_f: &impl Fn(&[f64; D]) -> f64, start: [f64; D]) -> ([f64; D], f64) {
    let (mut at, mut best) = (start, ln_f(&start));
    let mut step = [1.0; D];
    while step.iter().any(|s| *s > FINEST_CLIMB) {
        for i in 0..D {
            let mut moved = false;
            for sign in [1.0, -1.0] {
                let mut next = at;
                next[i] += sign * step[i];
                let value = ln_f(&next);
                if value > best {
                    (at, best, moved) = (next, value, true);
                    break;
                }
            }
            step[i] *= if moved { 2.0 } else { 0.5 };
        }
    }
    (at, best)
}

/// How far one can go from the mode along each axis until the integrand has fallen by half an e-fold.
fn half_fold_widths<const D: usize>(ln_f: &impl Fn(&[f64; D]) -> f64, mode: &[f64; D], top: f64) -> [f64; D] {
    std::array::from_fn(|i| {
        let width = |sign: f64| {
            let fallen = |w: f64| {
                let mut at = *mode;
                at[i] += sign * w;
                ln_f(&at) < top - 0.5
            };
            let mut high = 1e-6;
            while !fallen(high) && high < 64.0 {
                high *= 2.0;
            }
            let mut low = 0.5 * high;
            for _ in 0..12 {
                let middle = 0.5 * (low + high);
                if fallen(middle) { high = middle } else { low = middle }
            }
            high
        };
        width(1.0).min(width(-1.0))
    })
}

struct Filled {
    ln: f64,
    /// The share of the sum that stands on its last lattice points, as a measure of what lies beyond.
    rim: f64,
    evaluations: u64,
}

/// Sums the integrand over the lattice modes\[0\] + (index + shift) step, from every mode outwards to the rim. Where
/// `budget` points do not reach the rim, nothing is known of the rest.
fn fill<const D: usize>(
    ln_f: &impl Fn(&[f64; D]) -> f64,
    modes: &[[f64; D]],
    step: &[f64; D],
    shift: f64,
    budget: u64,
) -> Filled {
    let point = |index: &[i32; D]| std::array::from_fn(|i| modes[0][i] + (f64::from(index[i]) + shift) * step[i]);
    let nearest = |mode: &[f64; D]| std::array::from_fn(|i| ((mode[i] - modes[0][i]) / step[i]).round() as i32);
    let (mut seen, mut queue) = (HashSet::new(), VecDeque::new());
    for index in modes.iter().map(nearest) {
        if seen.insert(index) {
            queue.push_back((index, ln_f(&point(&index))));
        }
    }
    let mut top = queue.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    let (mut terms, mut rim) = (Vec::new(), Vec::new());
    while let Some((index, value)) = queue.pop_front() {
        let matters = value >= top - RIM;
        if !matters || terms.len() as u64 >= budget {
            rim.push(if matters { f64::INFINITY } else { value });
            continue;
        }
        top = top.max(value);
        terms.push(value);
        for i in 0..D {
            for direction in [-1, 1] {
                let mut next = index;
                next[i] += direction;
                if seen.insert(next) {
                    queue.push_back((next, ln_f(&point(&next))));
                }
            }
        }
    }
    let evaluations = (terms.len() + rim.len()) as u64;
    // The order of summation is the order of filling: deterministic.
    let sum = ln_sum_exp(&terms);
    let rim = if rim.is_empty() { 0.0 } else { (ln_sum_exp(&rim) - sum).exp() };
    Filled { ln: sum + step.iter().map(|h| h.ln()).sum::<f64>(), rim, evaluations }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn a_correlated_gaussian_in_three_dimensions() {
        // Precision matrix with determinant 2 (0.9^2 couplings): known integral (2 pi)^{3/2} / sqrt(det).
        let ln_f = |x: &[f64; 3]| -0.5 * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + 1.6 * x[0] * x[1]) - 700.0;
        let exact = 1.5 * (2.0 * PI).ln() - 0.5 * (1.0f64 - 0.64).ln() - 700.0;
        let integral = integrate(ln_f, &[[3.0, -2.0, 1.0]], 1e-10, 1_000_000);
        assert!((integral.ln - exact).abs() < 1e-10, "{integral:?} {exact}");
        assert!(integral.relative_error <= 1e-10);
    }

    #[test]
    fn the_gamma_function_from_its_integral() {
        for a in [0.5, 1.0, 3.0, 100.0] {
            let integral = integrate(|u: &[f64; 1]| a * u[0] - u[0].exp(), &[[0.0]], 1e-12, 1_000_000);
            let exact = libm::lgamma(a);
            assert!((integral.ln - exact).abs() < 1e-11, "{a}: {integral:?} {exact}");
        }
    }

    #[test]
    fn modes_far_apart_are_both_counted() {
        let ln_f = |x: &[f64; 2]| {
            let peak = |at: f64| -0.5 * ((x[0] - at).powi(2) + x[1] * x[1]);
            ln_sum_exp(&[peak(0.0), peak(40.0) + 1.0])
        };
        let integral = integrate(ln_f, &[[1.0, 0.0], [38.0, 1.0]], 1e-10, 1_000_000);
        let exact = (2.0 * PI).ln() + (1.0 + 1f64.exp()).ln();
        assert!((integral.ln - exact).abs() < 1e-10, "{integral:?} {exact}");
    }

    #[test]
    fn what_does_not_end_or_does_not_begin_is_said_to_be_unknown() {
        for ln_f in [|_: &[f64; 1]| 0.0, |_: &[f64; 1]| f64::NEG_INFINITY, |_: &[f64; 1]| f64::NAN] {
            let integral = integrate(ln_f, &[[0.0]], 1e-10, 500);
            assert!(integral.relative_error >= 1.0, "{integral:?}");
        }
    }

    /// Two peaks of different width: the steps that suit the one are too wide for the other, and few evaluations cannot
    /// mend that. The estimate must be large then, and true.
    #[test]
    fn the_error_estimate_says_when_the_budget_is_too_small() {
        let ln_f = |x: &[f64; 1]| ln_sum_exp(&[-50.0 * x[0] * x[0], -5000.0 * (x[0] - 0.2) * (x[0] - 0.2)]);
        let exact = ((PI / 50.0).sqrt() + (PI / 5000.0).sqrt()).ln();
        for budget in [40, 150, 200] {
            let poor = integrate(ln_f, &[[0.0]], 1e-12, budget);
            assert!(poor.relative_error.is_finite() && poor.relative_error > 1e-2, "{poor:?}");
            assert!((poor.ln - exact).exp_m1().abs() <= poor.relative_error, "{poor:?} {exact}");
        }
    }
}
