//! Eqs. 15-17 link by link as printed.

use super::super::*;
use super::ln_overlap_tail;

/// As for the tail itself.
const ROUNDING: f64 = 1e-12;

/// The links for two k-subsets of [n]; the proof of Theorem 5 has them too.
pub(in crate::tickets::measurands) fn chain(n: u64, k: u64, d: u64) -> Vec<Link> {
    let (real_n, real_k, real_d) = (n as f64, k as f64, d as f64);
    let exact = |ln: f64| Evidence::closed_form(ln, ROUNDING, 1);
    let tail = |least: u64| {
        let ln = if least > k { f64::NEG_INFINITY } else { ln_overlap_tail(n, k, least) };
        Evidence::closed_form(ln, ROUNDING, k)
    };
    let shifted = shifted_threshold(n, k, d);
    let ln_hoeffding = -2.0 * (real_k / real_d - 1.0).powi(2) / real_k;
    let ln_bound = -2.0 * real_k / (real_d * real_d) * (1.0 - real_d / real_k).powi(2);
    let at_most = |name, equation, text, left, right| Link::new(name, equation, text, Relation::AtMost, left, right);
    vec![
        at_most(
            "before-16-mean",
            "before Eq. 16",
            "since n >= k^2, E|S cap S'| = k^2/n <= 1",
            exact(2.0 * real_k.ln() - real_n.ln()),
            exact(0.0),
        ),
        Link::new(
            "eq-16-shift",
            "Eq. 16, first line",
            "Pr(|S cap S'| >= k/d) >= Pr(|S cap S'| >= k^2/n + (k/d - 1)), where <= is meant",
            Relation::AtLeast,
            tail(k.div_ceil(d)),
            tail(shifted),
        ),
        at_most(
            "eq-16-hoeffding",
            "Eq. 16, second line",
            "Pr(|S cap S'| >= k^2/n + (k/d - 1)) <= exp(-2 (k/d - 1)^2/k)",
            tail(shifted),
            exact(ln_hoeffding),
        ),
        Link::new(
            "eq-16-last",
            "Eq. 16, third line",
            "exp(-2 (k/d - 1)^2/k) <= exp(-2 (k/d^2) (1 - d/k)^2), which are equal",
            Relation::Equal { tolerance: 1e-9 },
            exact(ln_hoeffding),
            exact(ln_bound),
        ),
        at_most(
            "eq-17",
            "Eq. 17",
            "Pr(|S cap S'| >= k/d) <= exp(-2 (k/d^2) (1 - d/k)^2)",
            tail(k.div_ceil(d)),
            exact(ln_bound),
        ),
    ]
}

/// The least whole number that is at least k^2/n + k/d - 1 and at least 0: in integers, so that no rounding moves it.
fn shifted_threshold(n: u64, k: u64, d: u64) -> u64 {
    let [n, k, d] = [n, k, d].map(i128::from);
    let (numerator, denominator) = (k * k * d + k * n - n * d, n * d);
    if numerator <= 0 { 0 } else { ((numerator + denominator - 1) / denominator) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn thresholds_are_whole_numbers() {
        assert_eq!(shifted_threshold(100, 10, 2), 5);
        assert_eq!(shifted_threshold(1000, 10, 3), 3);
        assert_eq!(shifted_threshold(1_000_000_000_000, 6, 2), 3);
        assert_eq!(shifted_threshold(16, 4, 8), 1);
        assert_eq!(shifted_threshold(100, 1, 4), 0);
    }

    /// 10/3 and 10/3 - 1 + 1/10 lie between other whole numbers. Where d divides k they do not, and both sides are one
    /// number, which decides nothing.
    #[test]
    fn the_printed_direction_of_eq_16_fails_and_the_rest_holds() {
        let verdicts: Vec<(&str, Verdict)> =
            chain(1000, 10, 3).iter().map(|link| (link.name, link.verdict())).collect();
        for (name, verdict) in verdicts {
            assert_eq!(verdict, if name == "eq-16-shift" { Verdict::Violated } else { Verdict::Holds }, "{name}");
        }
    }
}
