//! Limits of a proportion that are valid at every moment of a growing sample.
//!
//! The mixture of the Bernoulli likelihood ratio over Jeffreys' Beta(1/2, 1/2) is a non-negative martingale under the
//! true p, so by Ville's inequality it ever reaches 1/alpha with probability at most alpha (Robbins 1970; Howard, Ramdas,
//! McAuliffe and Sekhon 2021). The limits are where it does.
//!
//! For values between 0 and 1 in place of events, with `hits` their sum rounded outwards, they hold too: by the inequality of
//! the means (q/p)^x ((1-q)/(1-p))^(1-x) is at most x q/p + (1-x) (1-q)/(1-p), whose mean under `E[X] = p` is 1.

use libm::lgamma;

use crate::numeric::ln_gamma_ratio;

/// ln of the lower limit of p after `hits` in `n` trials: wrong at any n at all with probability at most `alpha`.
pub fn ln_lower(hits: u64, n: u64, alpha: f64) -> f64 {
    if hits == 0 {
        return f64::NEG_INFINITY;
    }
    let rate = (hits as f64 / n as f64).ln();
    let mut reach = 1.0;
    while !excluded(rate - reach, hits, n, alpha) {
        reach *= 2.0;
    }
    bisect(rate - reach, rate, |ln_p| excluded(ln_p, hits, n, alpha))
}

/// ln of the upper limit of p, likewise.
pub fn ln_upper(hits: u64, n: u64, alpha: f64) -> f64 {
    if hits == n {
        return 0.0;
    }
    let rate = (hits.max(1) as f64 / n as f64).ln().min(0.0);
    // Towards p = 1 the miss probability is what matters: bisect in its log.
    let ln_q_low = -745.0;
    let ln_q_rate = ((n - hits) as f64 / n as f64).ln();
    if rate > -0.5 {
        let ln_q = bisect(ln_q_low, ln_q_rate, |ln_q| excluded_at(ln_1m(ln_q), ln_q, hits, n, alpha));
        return ln_1m(ln_q);
    }
    // The excluded side is above: swap the ends so that the returned end is the excluded one.
    bisect(-1e-300, rate, |ln_p| excluded(ln_p, hits, n, alpha))
}

/// ln(1 - e^x) for x < 0.
fn ln_1m(x: f64) -> f64 {
    if x > -0.5 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

fn excluded(ln_p: f64, hits: u64, n: u64, alpha: f64) -> bool {
    excluded_at(ln_p, ln_1m(ln_p), hits, n, alpha)
}

/// Whether the martingale at p has reached 1/alpha.
fn excluded_at(ln_p: f64, ln_q: f64, hits: u64, n: u64, alpha: f64) -> bool {
    let (s, f) = (hits as f64, (n - hits) as f64);
    // The two large values among the three would cancel.
    let (few, many) = (s.min(f), s.max(f));
    let ln_beta = lgamma(few + 0.5) - ln_gamma_ratio(s + f + 1.0, many + 0.5) - std::f64::consts::PI.ln();
    let ln_likelihood = if hits == 0 { 0.0 } else { s * ln_p } + if hits == n { 0.0 } else { f * ln_q };
    ln_beta - ln_likelihood >= -alpha.ln()
}

/// The border between an excluded end and an end that is not, from the excluded side (so never too narrow).
fn bisect(mut outside: f64, mut inside: f64, excluded: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (outside + inside);
        if excluded(middle) { outside = middle } else { inside = middle }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use rand::RngExt;

    #[test]
    fn limits_enclose_the_rate_and_are_symmetric() {
        for (hits, n) in [(0, 10), (1, 10), (5, 10), (9, 10), (10, 10), (1, 1_000_000), (999_999, 1_000_000)] {
            let (lo, hi) = (ln_lower(hits, n, 1e-3).exp(), ln_upper(hits, n, 1e-3).exp());
            let rate = hits as f64 / n as f64;
            assert!(lo <= rate && rate <= hi && lo >= 0.0 && hi <= 1.0, "{hits}/{n}: {lo} {hi}");
            let mirrored = 1.0 - ln_upper(n - hits, n, 1e-3).exp();
            assert!((lo - mirrored).abs() < 1e-9, "{hits}/{n}: {lo} {mirrored}");
        }
    }

    #[test]
    fn no_hits_leave_a_positive_upper_limit() {
        // Solves B(1/2, n + 1/2) / B(1/2, 1/2) = alpha (1-p)^n by hand for n = 1000.
        let hi = ln_upper(0, 1000, 0.05).exp();
        assert!(hi > 3.0 / 1000.0 && hi < 12.0 / 1000.0, "{hi}");
    }

    /// The guarantee itself: limits looked at after every trial. 400 sequences at alpha = 0.1 each side: the count of
    /// wrong ones is at most Binomial(400, 0.1), which exceeds 64 with probability 6e-5.
    #[test]
    fn limits_looked_at_all_the_time_are_wrong_at_most_alpha() {
        for p in [0.02, 0.5] {
            let wrong = (0..400).filter(|&sequence| {
                let address =
                    Address { seed: 7, experiment: "coverage", cell: "p", estimator: "literal", batch: sequence };
                let mut stream = address.stream();
                let mut hits = 0;
                (1..=500u64).any(|n| {
                    hits += u64::from(stream.random::<f64>() < p);
                    ln_lower(hits, n, 0.1) > f64::ln(p)
                })
            });
            let wrong = wrong.count();
            assert!(wrong <= 64, "p = {p}: {wrong} of 400 sequences excluded the truth");
        }
    }
}
