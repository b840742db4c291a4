//! The first-moment limit: the eps at which one subset of random vectors is expected to come near a target.
//!
//! Below it E\[T\] < 1, and by Markov's inequality no method whatever finds a subset with probability more than E\[T\].

use crate::numeric::{ln_binomial, ln_sum_exp};
use crate::tickets::nsn::Target;
use crate::tickets::nsn::boxes::{ln_box, ln_box_of_scale, ln_of_any_eps};

/// Up to so many vectors the sum over all sizes is added up term by term.
const MOST_ADDED: u64 = 12;
/// Newton steps, at most.
const MOST_STEPS: usize = 100;
/// A step in ln eps that no longer matters.
const SMALL_STEP: f64 = 1e-9;
/// The quadratures' relative tolerance.
const TOLERANCE: f64 = 1e-8;

/// ln E\[T\], T the number of subsets of n NSN vectors (of the size, if given) whose sum is within eps of the target in the
/// max norm.
///
/// Of any size: a random subset's scale is the sum of n terms B_i Z_i^2 with fair bits B_i; its density comes from its
/// cumulants by the saddle-point method, whose relative error is about 1/n.
pub fn ln_expected(n: u64, size: Option<u64>, target: &[f64], eps: f64) -> f64 {
    let (d, listed) = (target.len() as u64, Target::Listed(target.to_vec()));
    let of_size = |size: u64| ln_binomial(n, size) + ln_near(size, d, eps, &listed, target);
    match size {
        Some(size) => of_size(size),
        None if n <= MOST_ADDED => ln_sum_exp(&(0..=n).map(of_size).collect::<Vec<f64>>()),
        None => {
            let density = |ln_s: f64| ln_density_of_random_subset(n as f64, ln_s);
            n as f64 * 2f64.ln() + ln_box_of_scale(n / 2, d, eps, &listed, TOLERANCE, density).ln
        }
    }
}

/// ln Pr(the sum of `size` vectors is near the target), also of no vector.
fn ln_near(size: u64, d: u64, eps: f64, listed: &Target, target: &[f64]) -> f64 {
    match size {
        0 if target.iter().all(|z| z.abs() <= eps) => 0.0,
        0 => f64::NEG_INFINITY,
        _ => ln_box(size, d, eps, listed, TOLERANCE).ln,
    }
}

/// ln of the eps at which E\[T\] = 1; minus infinity where E\[T\] is at least 1 whatever eps is (a target of zeros, and any
/// size).
pub fn ln_first_moment_limit(n: u64, size: Option<u64>, target: &[f64]) -> f64 {
    if target.iter().all(|&z| z == 0.0) && size.is_none_or(|size| size == 0) {
        return f64::NEG_INFINITY;
    }
    // E[T] is nearly eps^d times a constant as long as boxes are small, and grows more slowly where they are large.
    let d = target.len() as f64;
    let at = |ln_eps: f64| ln_of_any_eps(ln_eps, target, |eps| ln_expected(n, size, target, eps));
    let mut ln_eps = 0.0;
    let mut bracket = (f64::NEG_INFINITY, f64::INFINITY);
    for _ in 0..MOST_STEPS {
        let ln_expected = at(ln_eps);
        if ln_expected > 0.0 {
            bracket.1 = ln_eps
        } else {
            bracket.0 = ln_eps
        }
        // Where nothing is near at all, away from it.
        let mut next = if ln_expected.is_finite() { ln_eps - ln_expected / d } else { ln_eps + 1.0 };
        if next <= bracket.0 || next >= bracket.1 {
            next = 0.5 * (bracket.0 + bracket.1);
        }
        if (next - ln_eps).abs() < SMALL_STEP || !next.is_finite() {
            break;
        }
        ln_eps = next;
    }
    ln_eps
}

/// ln of the density, at ln s, of ln of the sum s of n terms B_i Z_i^2, by the saddle point: the cumulants' generating
/// function is K(t) = n ln((1 + (1 - 2t)^(-1/2)) / 2).
fn ln_density_of_random_subset(n: f64, ln_s: f64) -> f64 {
    let s = ln_s.exp();
    // With w = (1 - 2t)^(-1/2), K'(t) = n w^3 / (1 + w) and K''(t) = n w^5 (3 + 2 w) / (1 + w)^2.
    let w = saddle(s / n);
    let t = 0.5 * (1.0 - w.powi(-2));
    let second = n * w.powi(5) * (3.0 + 2.0 * w) / (1.0 + w).powi(2);
    n * (0.5 * (1.0 + w)).ln() - t * s - 0.5 * (std::f64::consts::TAU * second).ln() + ln_s
}

/// The w > 0 with w^3 / (1 + w) = `share`.
fn saddle(share: f64) -> f64 {
    let mut ln_w: f64 = if share > 1.0 { 0.5 * share.ln() } else { share.ln() / 3.0 };
    for _ in 0..MOST_STEPS {
        let w = ln_w.exp();
        let step = (3.0 * ln_w - w.ln_1p() - share.ln()) / (3.0 - w / (1.0 + w));
        ln_w -= step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    ln_w.exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::subset_sum::{Problem, exact};
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn the_saddle_point_agrees_with_the_sum_over_sizes() {
        for (n, d, z, eps) in [(60, 3, 0.5, 0.01), (64, 8, 2.0, 0.1), (13, 2, 0.1, 1e-3)] {
            let target = vec![z; d];
            let listed = Target::Listed(target.clone());
            let of_size = |size| ln_binomial(n, size) + ln_near(size, d as u64, eps, &listed, &target);
            let added = ln_sum_exp(&(0..=n).map(of_size).collect::<Vec<f64>>());
            let density = |ln_s: f64| ln_density_of_random_subset(n as f64, ln_s);
            let saddle = n as f64 * 2f64.ln() + ln_box_of_scale(n / 2, d as u64, eps, &listed, TOLERANCE, density).ln;
            assert!((added - saddle).abs() < 2.0 / n as f64, "{n} {d}: {added} {saddle}");
        }
    }

    #[test]
    fn the_limit_is_where_one_is_expected() {
        for (n, size, target) in
            [(40, None, vec![0.5, -0.2]), (5000, None, vec![1.0; 36]), (200, Some(20), vec![0.3; 9])]
        {
            let eps = ln_first_moment_limit(n, size, &target).exp();
            assert!(ln_expected(n, size, &target, eps).abs() < 1e-5, "{n} {size:?} {eps}");
        }
        assert_eq!(ln_first_moment_limit(100, None, &[0.0, 0.0]), f64::NEG_INFINITY);
        assert!(ln_first_moment_limit(100, Some(3), &[0.0, 0.0]).is_finite());
        // Far below the least float: 2^n subsets in one dimension, spread over a density near 1 / sqrt(pi n).
        let far = ln_first_moment_limit(10_000, None, &[1.0]);
        let by_hand = -10_000.0 * 2f64.ln() - 2f64.ln() + 0.5 * (std::f64::consts::PI * 10_000.0).ln();
        assert!((far - by_hand).abs() < 0.01, "{far} {by_hand}");
        // One vector, one coordinate: an interval that holds it or nothing for certain is wide.
        assert!(ln_first_moment_limit(1, Some(1), &[0.5]) > 0.0);
    }

    /// E[T] by counting in 400 draws: 5 standard errors of the mean count (chance of failing 1e-6).
    #[test]
    fn expected_counts_are_counted() {
        let mut stream = Stream::new(91, 92);
        let (n, target, eps) = (10u64, [0.4, -0.3], 0.1);
        for size in [None, Some(4)] {
            let counts: Vec<f64> = (0..400)
                .map(|_| {
                    let mut normal = || -> f64 { StandardNormal.sample(&mut stream) };
                    let mut vectors = Vec::new();
                    for _ in 0..n {
                        let scale = normal();
                        vectors.extend([scale * normal(), scale * normal()]);
                    }
                    let problem = Problem::new(&vectors, 2, &target, eps, size.map(|k: u64| k as usize)).unwrap();
                    exact::count(&problem) as f64
                })
                .collect();
            let mean = counts.iter().sum::<f64>() / 400.0;
            let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 399.0;
            let expected = ln_expected(n, size, &target, eps).exp();
            assert!((mean - expected).abs() < 5.0 * (variance / 400.0).sqrt(), "{size:?}: {mean} {expected}");
        }
    }
}
