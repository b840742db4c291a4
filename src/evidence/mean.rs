//! Limits of the mean of values in [0, 1] that are valid at every moment of a growing sample.
//!
//! Betting on x_i against a candidate mean m multiplies a stake by 1 + lambda (x_i - m), a martingale under m. The
//! universal portfolio's wealth is at least the best constant bet's divided by a known regret (Cover and Ordentlich
//! 1996), so by Ville's inequality the best constant bet passes regret/alpha with probability at most alpha, at any time
//! (Orabona and Jun 2024; Waudby-Smith and Ramdas 2024). Nothing is assumed but independence and the range.

use libm::lgamma;

/// The lower limit of the mean of `values` (all in [0, 1]): wrong at any length at all with probability at most `alpha`.
pub fn lower(values: &[f64], alpha: f64) -> f64 {
    border(values, alpha)
}

/// The upper limit, likewise.
pub fn upper(values: &[f64], alpha: f64) -> f64 {
    let mirrored: Vec<f64> = values.iter().map(|x| 1.0 - x).collect();
    1.0 - border(&mirrored, alpha)
}

/// Means below this get no positive lower limit: values so small should be scaled before they come here.
const SMALLEST_MEAN: f64 = 1e-20;

/// ln of the regret of the Dirichlet(1/2) universal portfolio of two assets over n rounds.
fn ln_regret(n: usize) -> f64 {
    let n = n as f64;
    0.5 * std::f64::consts::PI.ln() + lgamma(n + 1.0) - lgamma(n + 0.5)
}

/// The largest m below the mean that the best bet excludes, from the excluded side; 0 where none is.
fn border(values: &[f64], alpha: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let threshold = ln_regret(values.len()) - alpha.ln();
    let (mut outside, mut inside) = (0.0, values.iter().sum::<f64>() / values.len() as f64);
    if inside < SMALLEST_MEAN {
        return 0.0;
    }
    // The border may lie many e-folds below the mean: halve until excluded, then bisect.
    let excluded = |m: f64| best_bet(values, m, threshold) >= threshold;
    let mut probe = 0.5 * inside;
    for _ in 0..30 {
        if excluded(probe) {
            outside = probe;
            break;
        }
        inside = probe;
        probe *= 0.5;
    }
    for _ in 0..24 {
        let middle = 0.5 * (outside + inside);
        if excluded(middle) { outside = middle } else { inside = middle }
    }
    outside
}

/// The log wealth of the best constant bet lambda in [0, 1/m] (a concave problem), or anything at least `enough` once a
/// bet reaches it.
fn best_bet(values: &[f64], m: f64, enough: f64) -> f64 {
    // Stop short of the last stake: a value of 0 would ruin it.
    let (mut low, mut high) = (0.0, (1.0 - 1e-9) / m);
    let mut lambda = (0.5 * high).min(1.0);
    let mut best = 0.0;
    for _ in 0..60 {
        let (mut wealth, mut slope, mut curvature) = (0.0, 0.0, 0.0);
        // ln is taken of products of 8 factors: an eighth of the cost, and within f64's range for m of SMALLEST_MEAN/2^30.
        for chunk in values.chunks(8) {
            let mut product = 1.0;
            for x in chunk {
                let gain = x - m;
                let factor = 1.0 + lambda * gain;
                let share = gain / factor;
                product *= factor;
                slope += share;
                curvature += share * share;
            }
            wealth += product.ln();
        }
        best = f64::max(best, wealth);
        if best >= enough {
            return best;
        }
        if slope > 0.0 {
            low = lambda
        } else {
            high = lambda
        }
        // The tangent bounds a concave function: no bet can reach enough.
        if wealth + slope * (if slope > 0.0 { high } else { low } - lambda) < enough {
            return best;
        }
        let newton = lambda + slope / curvature;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - lambda).abs() <= 1e-9 * high.abs() {
            break;
        }
        lambda = next;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use rand::RngExt;

    #[test]
    fn constant_values_are_enclosed_ever_more_tightly() {
        let mut last = 1.0;
        for n in [50, 200, 1000, 5000] {
            let values = vec![0.3; n];
            let (lo, hi) = (lower(&values, 1e-4), upper(&values, 1e-4));
            assert!(lo < 0.3 && 0.3 < hi && hi - lo < last, "{n}: {lo} {hi}");
            last = hi - lo;
        }
        assert!(last < 0.01);
    }

    #[test]
    fn nothing_is_claimed_of_nothing() {
        assert_eq!((lower(&[], 1e-3), upper(&[], 1e-3)), (0.0, 1.0));
        assert_eq!(lower(&[0.0; 40], 1e-3), 0.0);
        assert!(upper(&[0.0; 40], 1e-3) > 0.1);
        assert!(upper(&[1.0; 40], 1e-3) > 1.0 - 1e-9);
    }

    #[test]
    fn bernoulli_values_give_the_proportions_limits() {
        // The portfolio's regret bound is tight there: the two agree closely, and this one is never the narrower.
        let values: Vec<f64> = (0..1000).map(|i| f64::from(u8::from(i % 10 == 0))).collect();
        let (lo, hi) = (lower(&values, 1e-3), upper(&values, 1e-3));
        let exact_lo = super::super::proportion::ln_lower(100, 1000, 1e-3).exp();
        let exact_hi = super::super::proportion::ln_upper(100, 1000, 1e-3).exp();
        assert!(lo <= exact_lo && (lo / exact_lo - 1.0).abs() < 0.05, "{lo} {exact_lo}");
        assert!(hi >= exact_hi && (hi / exact_hi - 1.0).abs() < 0.05, "{hi} {exact_hi}");
    }

    /// The guarantee itself, on a law with rare large values, looked at after every 5 values. 300 sequences at
    /// alpha = 0.1 each side: more than 52 wrong of 300 has probability below 5e-5.
    #[test]
    fn limits_looked_at_all_the_time_are_wrong_at_most_alpha() {
        // x = u^9: mean 1/10.
        let (mut below, mut above) = (0, 0);
        for sequence in 0..300 {
            let address = Address { seed: 3, experiment: "coverage", cell: "u^9", estimator: "mean", batch: sequence };
            let mut stream = address.stream();
            let values: Vec<f64> = (0..150).map(|_| stream.random::<f64>().powi(9)).collect();
            below += usize::from((5..=150).step_by(5).any(|n| lower(&values[..n], 0.1) > 0.1));
            above += usize::from((5..=150).step_by(5).any(|n| upper(&values[..n], 0.1) < 0.1));
        }
        assert!(below <= 52 && above <= 52, "{below} and {above} of 300 sequences excluded the truth");
    }
}
