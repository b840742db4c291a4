//! Integrals of positive functions over all of R^D by the trapezoidal rule on shifted lattices, in logs.
//!
//! For an integrand that is analytic and decays at both ends, the trapezoidal rule converges exponentially in 1/step
//! (Trefethen and Weideman 2014). The lattice is filled from the mode outwards as long as the integrand matters, so that
//! no box has to be chosen. Two lattices are shifted against each other by half a step along every axis: where they differ by a
//! relative x along one axis, their mean is off by the order of x^2, which is what is left of the terms of the error that are
//! products over two axes, and of the next one along each. The error estimate is their difference; or, where it is smaller, D x^2
//! plus the change of the mean since the pair before, times the fourth root of the quotient of both differences: in tests the means
//! converge faster than that. What was cut off at the rim is added.

use std::collections::{HashSet, VecDeque};
use std::f64::consts::{LN_2, PI};
use std::hash::{BuildHasherDefault, Hasher};

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

/// Lattice points this many e-folds below the mode, beyond those of the tolerance, end the filling.
const RIM: f64 = 3.5;
/// What lies beyond the rim is at most this many times what stands on it: an integrand that falls like the square root of a scale
/// falls by a quarter from point to point.
const BEYOND: f64 = 4.0;
/// Coarser lattices than those for e^-11.5 = 1e-5 are not tried, whatever the tolerance: their errors do not fall yet as errors of
/// lattices do, and could not be seen in their differences.
const LEAST_FOLDS: f64 = 11.5;
/// The steps are refined by factors between these.
const LARGEST_REFINEMENT: f64 = 0.8;
const LEAST_REFINEMENT: f64 = 0.6;
/// How near a mode is climbed to: until a step away from it costs no more e-folds than this, or is far below the width sqrt(2/k)
/// of chi^2_k in its log, for k up to 1e9.
const NEAR_MODE: f64 = 0.02;
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
    integrate_folded(ln_f, starts, tolerance, budget, false)
}

/// As [`integrate`], of an integrand that is even in its last variable: it is evaluated on one side only.
pub fn integrate_even<const D: usize>(
    ln_f: impl Fn(&[f64; D]) -> f64,
    starts: &[[f64; D]],
    tolerance: f64,
    budget: u64,
) -> Integral {
    integrate_folded(ln_f, starts, tolerance, budget, true)
}

fn integrate_folded<const D: usize>(
    ln_f: impl Fn(&[f64; D]) -> f64,
    starts: &[[f64; D]],
    tolerance: f64,
    budget: u64,
    even: bool,
) -> Integral {
    let mut modes: Vec<Mode<D>> = starts.iter().map(|start| climb(&ln_f, *start)).collect();
    modes.sort_by(|x, y| y.value.total_cmp(&x.value));
    let top = modes[0].value;
    if !top.is_finite() {
        return Integral { ln: top, relative_error: f64::INFINITY, evaluations: starts.len() as u64 };
    }
    let folds = LEAST_FOLDS.max(-tolerance.ln());
    modes.retain(|mode| mode.value >= top - folds - RIM);
    let widths = modes.iter().map(|mode| half_fold_widths(&ln_f, mode));
    let width = widths.reduce(|x, y| std::array::from_fn(|i| x[i].min(y[i]))).expect("the highest mode is there");
    let mut lattice = Lattice { modes: modes.iter().map(|mode| mode.at).collect(), step: [0.0; D], even };
    let (mut factor, mut evaluations, mut last) = (1.0, 0, None);
    loop {
        lattice.step = width.map(|w| factor * (w * normal_step(folds)).min(log_scale_step(folds)));
        let first = lattice.fill(&ln_f, 0.0, folds + RIM, budget);
        let second = lattice.fill(&ln_f, 0.5, folds + RIM, budget);
        let cost = first.evaluations + second.evaluations;
        evaluations += cost;
        let pair = Pair::new(first.ln, second.ln);
        let rounding = ROUNDING + 8.0 * f64::EPSILON * pair.ln.abs();
        let error = pair.error(D, last) + first.rim.max(second.rim);
        // What rounding blurs no lattice makes sharper.
        let enough = tolerance.max(rounding);
        let refinement = pair.refinement(D, enough);
        let next_cost = cost as f64 * refinement.powi(-(D as i32));
        if error <= enough || evaluations as f64 + next_cost > budget as f64 {
            return Integral { ln: pair.ln, relative_error: error + rounding, evaluations };
        }
        factor *= refinement;
        last = Some(pair);
    }
}

/// The mean of two lattices that are shifted against each other, and their relative difference.
#[derive(Clone, Copy)]
struct Pair {
    ln: f64,
    difference: f64,
}

impl Pair {
    fn new(first: f64, second: f64) -> Self {
        Pair { ln: ln_sum_exp(&[first, second]) - LN_2, difference: (first - second).exp_m1().abs() }
    }

    /// The estimated relative error of the mean in `axes` dimensions, from the pair before it too. The first pair is so coarse that two
    /// of its lattices may be near each other by chance.
    fn error(self, axes: usize, last: Option<Pair>) -> f64 {
        let Some(last) = last else { return self.difference.sqrt() };
        let change = (self.ln - last.ln).exp_m1().abs();
        let fall = (self.difference / last.difference).min(1.0).powf(0.25);
        self.difference.min(change * fall + self.products(axes))
    }

    /// What products over two axes of the difference amount to.
    fn products(self, axes: usize) -> f64 {
        axes as f64 * self.difference * self.difference
    }

    /// By how much the steps are to be refined until the products are below `enough`: differences fall like e^(-c/step), or faster.
    fn refinement(self, axes: usize, enough: f64) -> f64 {
        let needed = (0.3 * enough / axes as f64).sqrt();
        (self.difference.ln() / needed.ln()).clamp(LEAST_REFINEMENT, LARGEST_REFINEMENT)
    }
}

/// By how many e-folds the first two lattices are to agree: the mean is about twice as good, and the next ones' is better.
fn first_folds(folds: f64) -> f64 {
    0.35 * folds + 1.0
}

/// The first step, in units of the width over which the integrand falls by half an e-fold: two lattices for a normal density of
/// standard deviation 1 differ by 4 e^(-2 pi^2/step^2).
fn normal_step(folds: f64) -> f64 {
    0.95 * PI * (2.0 / (first_folds(folds) + 4.0)).sqrt()
}

/// The largest first step. The integrands are analytic in the log of a scale as far as about i pi/2: lattices differ by about
/// e^(-pi^2/step).
fn log_scale_step(folds: f64) -> f64 {
    PI * PI / (first_folds(folds) + 2.0)
}

/// A place near a local maximum.
struct Mode<const D: usize> {
    at: [f64; D],
    value: f64,
    /// The steps by which it was reached.
    step: [f64; D],
}

/// A local maximum, by a compass search whose step doubles on success and halves on failure.
fn climb<const D: usize>(ln_f: &impl Fn(&[f64; D]) -> f64, start: [f64; D]) -> Mode<D> {
    let mut mode = Mode { at: start, value: ln_f(&start), step: [1.0; D] };
    let mut climbing = true;
    while climbing {
        climbing = false;
        for i in 0..D {
            let neighbours = [1.0, -1.0].map(|sign| {
                let mut next = mode.at;
                next[i] += sign * mode.step[i];
                (next, ln_f(&next))
            });
            let [(_, least), (next, value)] =
                if neighbours[1].1 > neighbours[0].1 { neighbours } else { [neighbours[1], neighbours[0]] };
            if value > mode.value {
                (mode.at, mode.value) = (next, value);
                mode.step[i] *= 2.0;
                climbing = true;
            } else if mode.step[i] > FINEST_CLIMB && (least < mode.value - NEAR_MODE || least.is_nan()) {
                mode.step[i] *= 0.5;
                climbing = true;
            }
        }
    }
    mode
}

/// How far one can go from the mode along each axis until the integrand has fallen by half an e-fold.
fn half_fold_widths<const D: usize>(ln_f: &impl Fn(&[f64; D]) -> f64, mode: &Mode<D>) -> [f64; D] {
    std::array::from_fn(|i| {
        let width = |sign: f64| {
            let fallen = |w: f64| {
                let mut at = mode.at;
                at[i] += sign * w;
                ln_f(&at) < mode.value - 0.5
            };
            let mut high = mode.step[i];
            while !fallen(high) && high < 64.0 {
                high *= 2.0;
            }
            let mut low = 0.5 * high;
            while fallen(low) && low > FINEST_CLIMB {
                (low, high) = (0.5 * low, low);
            }
            for _ in 0..4 {
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
    /// A bound on the share of the sum that lies beyond its last lattice points.
    rim: f64,
    evaluations: u64,
}

/// The points modes\[0\] + (index + shift) step; along the last axis of an even integrand (index + shift) step, on one side.
struct Lattice<const D: usize> {
    modes: Vec<[f64; D]>,
    step: [f64; D],
    even: bool,
}

impl<const D: usize> Lattice<D> {
    /// Whether the integrand is even along the axis.
    fn is_folded(&self, axis: usize) -> bool {
        self.even && axis == D - 1
    }

    fn origin(&self, axis: usize) -> f64 {
        if self.is_folded(axis) { 0.0 } else { self.modes[0][axis] }
    }

    fn point(&self, index: &[i32; D], shift: f64) -> [f64; D] {
        std::array::from_fn(|i| self.origin(i) + (f64::from(index[i]) + shift) * self.step[i])
    }

    fn nearest(&self, mode: &[f64; D]) -> [i32; D] {
        std::array::from_fn(|i| {
            let index = ((mode[i] - self.origin(i)) / self.step[i]).round() as i32;
            if self.is_folded(i) { index.abs() } else { index }
        })
    }

    /// Sums the integrand over the lattice, from every mode outwards until it is `depth` e-folds below its top. Where `budget`
    /// points do not reach the rim, nothing is known of the rest.
    fn fill(&self, ln_f: &impl Fn(&[f64; D]) -> f64, shift: f64, depth: f64, budget: u64) -> Filled {
        let (mut seen, mut queue) = (Seen::with_capacity_and_hasher(SEEN, Default::default()), VecDeque::new());
        for index in self.modes.iter().map(|mode| self.nearest(mode)) {
            if seen.insert(index) {
                queue.push_back((index, ln_f(&self.point(&index, shift))));
            }
        }
        let mut top = queue.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
        let (mut terms, mut rim) = (Vec::new(), Vec::new());
        while let Some((index, value)) = queue.pop_front() {
            let matters = value >= top - depth;
            if !matters || terms.len() as u64 >= budget {
                rim.push(if matters { f64::INFINITY } else { value });
                continue;
            }
            top = top.max(value);
            terms.push(if self.is_twice(&index, shift) { value + LN_2 } else { value });
            for i in 0..D {
                for direction in [-1, 1] {
                    let mut next = index;
                    next[i] += direction;
                    let is_mirrored = self.is_folded(i) && next[i] < 0;
                    if !is_mirrored && seen.insert(next) {
                        queue.push_back((next, ln_f(&self.point(&next, shift))));
                    }
                }
            }
        }
        let evaluations = (terms.len() + rim.len()) as u64;
        // The order of summation is the order of filling: deterministic.
        let sum = ln_sum_exp(&terms);
        let rim = BEYOND * (ln_sum_exp(&rim) - sum).exp();
        Filled { ln: sum + self.step.iter().map(|h| h.ln()).sum::<f64>(), rim, evaluations }
    }

    /// Whether the point stands for its mirror image too.
    fn is_twice(&self, index: &[i32; D], shift: f64) -> bool {
        self.even && (index[D - 1] > 0 || shift > 0.0)
    }
}

/// Room for the points of a lattice in one dimension.
const SEEN: usize = 100;

/// The lattice points that were visited.
type Seen<const D: usize> = HashSet<[i32; D], BuildHasherDefault<IndexHasher>>;

/// A quick hash of indices that no one chooses with ill will.
#[derive(Default)]
struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(4) {
            let part = chunk.iter().rev().fold(0, |part, byte| part << 8 | u64::from(*byte));
            self.0 = (self.0.rotate_left(20) ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlated_gaussian_in_three_dimensions() {
        // Precision matrix with determinant 2 (0.9^2 couplings): known integral (2 pi)^{3/2} / sqrt(det).
        let ln_f = |x: &[f64; 3]| -0.5 * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + 1.6 * x[0] * x[1]) - 700.0;
        let exact = 1.5 * (2.0 * PI).ln() - 0.5 * (1.0f64 - 0.64).ln() - 700.0;
        let integral = integrate(ln_f, &[[3.0, -2.0, 1.0]], 1e-10, 1_000_000);
        assert!((integral.ln - exact).abs() < 1e-10, "{integral:?} {exact}");
        assert!(integral.relative_error <= 1e-10);
    }

    /// One side stands for both: with the mode in the middle, and with two modes beside it.
    #[test]
    fn an_even_integrand_is_summed_on_one_side() {
        for apart in [0.0, 6.0] {
            let ln_f = |x: &[f64; 2]| {
                let peak = |at: f64| -0.5 * (x[0] * x[0] + (x[1] - at).powi(2));
                ln_sum_exp(&[peak(apart), peak(-apart)])
            };
            let start = [[0.5, apart + 0.3]];
            let (half, whole) = (
                integrate_even(ln_f, &start, 1e-10, 1_000_000),
                integrate(ln_f, &[[0.0, 6.0], [0.0, -6.0]], 1e-10, 1_000_000),
            );
            let exact = (4.0 * PI).ln();
            assert!((half.ln - exact).abs() < 1e-10 && (whole.ln - exact).abs() < 1e-10, "{half:?} {whole:?}");
            assert!(3 * half.evaluations < 2 * whole.evaluations, "{half:?} {whole:?}");
        }
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
    /// remedy that. The estimate must be large then, and true.
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
