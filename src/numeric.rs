//! Numbers kept as logarithms: sums, decimals, binomials and the chi-square density without overflow or cancellation.

use std::f64::consts::{LN_2, LN_10, PI};

/// The rounding of a log x that a formula of a few dozen operations gave: this times 1 + |x|.
pub const ROUNDING_OF_LOGS: f64 = 1e-13;

/// The double `ulps` places above a number, or below it where that is negative; infinities and NaN stay.
pub fn step(value: f64, ulps: i32) -> f64 {
    let next = |x: f64| if ulps < 0 { x.next_down() } else { x.next_up() };
    (0..ulps.abs()).fold(value, |x, _| if x.is_finite() { next(x) } else { x })
}

/// ln of the sum of the numbers whose logs are given; minus infinity for an empty list.
pub fn ln_sum_exp(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top.is_infinite() {
        return top;
    }
    top + terms.iter().map(|t| (t - top).exp()).sum::<f64>().ln()
}

/// The larger of two numbers; NaN where one of them is.
pub fn larger_or_nan(x: f64, y: f64) -> f64 {
    if x > y || x.is_nan() { x } else { y }
}

/// ln(e^a + e^b).
pub fn ln_add(a: f64, b: f64) -> f64 {
    let (top, low) = if a > b { (a, b) } else { (b, a) };
    if top == f64::NEG_INFINITY { top } else { top + (low - top).exp().ln_1p() }
}

/// ln(e^a - e^b), and minus infinity where b >= a.
pub fn ln_sub(a: f64, b: f64) -> f64 {
    if b >= a {
        return f64::NEG_INFINITY;
    }
    let below = b - a;
    // 1 - e^x loses digits near x = 0, and ln(1 - y) near y = 1.
    a + if below > -LN_2 { (-below.exp_m1()).ln() } else { (-below.exp()).ln_1p() }
}

/// The rounded sum of two numbers, and whether it is exact: then nothing is left over (Knuth 1969).
pub fn sum_of_two(x: f64, y: f64) -> (f64, bool) {
    let sum = x + y;
    let part = sum - x;
    (sum, (x - (sum - part)) + (y - part) == 0.0)
}

/// A sum with a running compensation (Neumaier 1974): its error does not grow with the number of terms.
#[derive(Debug, Default, Clone, Copy)]
pub struct CompensatedSum {
    sum: f64,
    compensation: f64,
}

impl CompensatedSum {
    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        let next = self.sum + term;
        self.compensation +=
            if self.sum.abs() >= term.abs() { (self.sum - next) + term } else { (term - next) + self.sum };
        self.sum = next;
    }

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.sum + self.compensation
    }
}

/// The sum of finite terms, rounded once: the running sum is kept as doubles that do not overlap (Shewchuk 1997), so that its
/// sign, and whether it is 0, are exact.
pub fn exact_sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut parts: Vec<f64> = Vec::new();
    for mut term in terms {
        let mut kept = 0;
        for index in 0..parts.len() {
            let (large, small) =
                if term.abs() < parts[index].abs() { (parts[index], term) } else { (term, parts[index]) };
            let sum = large + small;
            let lost = small - (sum - large);
            if lost != 0.0 {
                parts[kept] = lost;
                kept += 1;
            }
            term = sum;
        }
        parts.truncate(kept);
        parts.push(term);
    }
    parts.iter().sum()
}

/// ln of the binomial coefficient; minus infinity for k > n.
pub fn ln_binomial(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_binomial_ends(n as f64, k as f64).0
}

/// ln of the binomial coefficient of whole numbers 0 <= k <= n, and a bound on its error.
///
/// By Stirling's series around the law's entropy, in which nothing large cancels: lgamma would lose every digit at n = 1e12.
pub fn ln_binomial_ends(n: f64, k: f64) -> (f64, f64) {
    let k = k.min(n - k);
    if k == 0.0 {
        return (0.0, 0.0);
    }
    let rest = n - k;
    let terms = [k * (n / k).ln(), -rest * (-k / n).ln_1p(), -0.5 * (2.0 * PI * k * (rest / n)).ln()];
    let remainders = stirling_remainder(n) - stirling_remainder(k) - stirling_remainder(rest);
    let size: f64 = terms.iter().map(|term| term.abs()).sum();
    (terms.iter().sum::<f64>() + remainders, 3.0 * STIRLING_ROUNDING + 8.0 * f64::EPSILON * size)
}

/// How far [`stirling_remainder`] may be off.
pub(crate) const STIRLING_ROUNDING: f64 = 4e-15;

/// From here on the terms of Stirling's series that are kept are all that a double shows.
const SERIES_FROM: f64 = 10.0;

/// The remainder of Stirling's series: lnGamma(x) - (x ln x - x - ln(x / 2 pi) / 2), for x > 0.
pub(crate) fn stirling_remainder(x: f64) -> f64 {
    let (mut x, mut steps) = (x, 0.0);
    while x < SERIES_FROM {
        // By Gamma(x+1) = x Gamma(x); 1/x overflows below the normal doubles, its log does not.
        let ln = if x < 1e-300 { -x.ln() } else { (1.0 / x).ln_1p() };
        steps += (x + 0.5) * ln - 1.0;
        x += 1.0;
    }
    const SERIES: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let y = 1.0 / (x * x);
    steps + SERIES.iter().rev().fold(0.0, |sum, term| sum * y + term) / x
}

/// lnGamma(x) - lnGamma(y) for positive x and y, without the cancellation of two large values.
pub fn ln_gamma_ratio(x: f64, y: f64) -> f64 {
    ln_gamma_change(x, y, x - y)
}

/// The same, where x - y is known better than x.
fn ln_gamma_change(x: f64, y: f64, difference: f64) -> f64 {
    let ln_ratio = if difference.abs() < 0.5 * y { (difference / y).ln_1p() } else { x.ln() - y.ln() };
    (x - 0.5) * ln_ratio + difference * (y.ln() - 1.0) + stirling_remainder(x) - stirling_remainder(y)
}

/// ln E[s^p] for s ~ chi-square with `k` degrees of freedom; infinite where p <= -k/2.
pub fn ln_chi_square_moment(k: f64, p: f64) -> f64 {
    if p <= -0.5 * k { f64::INFINITY } else { p * LN_2 + ln_gamma_change(0.5 * k + p, 0.5 * k, p) }
}

/// The law of ln s for s ~ chi-square, for densities at many points.
///
/// Centred at ln k, so that it keeps its digits for k of 1e6, where lnGamma alone would not.
#[derive(Debug, Clone, Copy)]
pub struct LogChiSquare {
    kappa: f64,
    ln_k: f64,
    ln_top: f64,
}

impl LogChiSquare {
    /// With `k` degrees of freedom (k > 0, any real).
    pub fn new(k: f64) -> Self {
        let kappa = 0.5 * k;
        LogChiSquare { kappa, ln_k: k.ln(), ln_top: 0.5 * (kappa / (2.0 * PI)).ln() - stirling_remainder(kappa) }
    }

    /// ln of the density at ln s = `u`.
    pub fn ln_density(&self, u: f64) -> f64 {
        let t = u - self.ln_k;
        self.kappa * (t - t.exp_m1()) + self.ln_top
    }
}

/// A non-negative number given by its ln, as decimal text with the digits that the ln has, 15 at the most, also far outside f64's
/// range. `None` where the ln has no digit left for the number: from |ln| of 2^53 on.
pub fn decimal(ln: f64) -> Option<String> {
    if ln == f64::NEG_INFINITY {
        return Some("0".into());
    }
    let value = ln.exp();
    if value.is_normal() {
        return Some(number(format!("{value:.14e}").parse().unwrap_or(value)));
    }
    // One unit in the last place of the ln is a relative error of the number.
    let digits = -(ln.abs() * f64::EPSILON).log10();
    if digits.is_nan() || digits < 0.0 {
        return None;
    }
    let places = (digits.floor() as usize).min(11);
    let exponent = (ln / LN_10).floor();
    let mantissa = format!("{:.places$}", (ln - exponent * LN_10).exp());
    // 9.99 may be rounded up to 10.
    let (mantissa, exponent) = match mantissa.strip_prefix("10") {
        Some(rest) => (format!("1{rest}"), exponent + 1.0),
        None => (mantissa, exponent),
    };
    Some(format!("{mantissa}e{}", exponent as i64))
}

/// A non-negative number given by its ln, for people: decimal text, or `e^-5e19` where that has no digits.
pub fn for_people(ln: f64) -> String {
    decimal(ln).unwrap_or_else(|| format!("e^{}", number(ln)))
}

/// A finite number as short text that reads back to the same number: `64`, `0.1`, `1e-9`.
pub fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:?}") }
}

/// ln of a non-negative number in decimal text, also where the number itself is outside f64's range.
pub fn ln_of_decimal(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    if value.is_normal() {
        return (value > 0.0).then(|| value.ln());
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (mantissa, exponent): (f64, f64) = (mantissa.parse().ok()?, exponent.parse().ok()?);
    (mantissa >= 0.0).then(|| mantissa.ln() + exponent * LN_10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::lgamma;

    #[test]
    fn sums_of_logs() {
        assert!((ln_sum_exp(&[-1000.0, -1000.0]) - (-1000.0 + 2f64.ln())).abs() < 1e-12);
        assert_eq!(ln_sum_exp(&[]), f64::NEG_INFINITY);
        assert!((ln_add(0.0, 3f64.ln()) - 4f64.ln()).abs() < 1e-15);
        assert!((ln_sub(4f64.ln(), 3f64.ln())).abs() < 1e-15);
        assert_eq!(ln_sub(1.0, 1.0), f64::NEG_INFINITY);
    }

    #[test]
    fn exact_sums_have_exact_signs() {
        assert_eq!(exact_sum([]), 0.0);
        assert_eq!(exact_sum([1e100, 1.0, -1e100]), 1.0);
        assert_eq!(exact_sum([0.1, 0.2, -0.3, 2f64.powi(-54)]), 2f64.powi(-54) + 2f64.powi(-55));
        let terms: Vec<f64> = (1..200).map(|i| (f64::from(i) * 0.7).sin() * 10f64.powi(i % 40 - 20)).collect();
        let reversed = terms.iter().rev().map(|x| -x);
        assert_eq!(exact_sum(terms.iter().copied().chain(reversed)), 0.0);
    }

    #[test]
    fn binomials_are_exact_where_integers_are() {
        assert!((ln_binomial(16, 4) - 1820f64.ln()).abs() < 1e-14);
        assert_eq!(ln_binomial(3, 4), f64::NEG_INFINITY);
        assert_eq!(ln_binomial(1_000_000_000_000, 0), 0.0);
        // binom(1e12, 2) = 1e12 (1e12 - 1) / 2.
        let exact = 1e12f64.ln() + (1e12f64 - 1.0).ln() - 2f64.ln();
        assert!((ln_binomial(1_000_000_000_000, 2) - exact).abs() < 1e-13);
    }

    #[test]
    fn chi_square_density_agrees_with_its_formula() {
        for k in [1.0, 2.0, 7.0, 19.0, 21.0, 150.0] {
            for u in [-8.0, -1.0, 0.0, 2.0, 5.0] {
                let kappa: f64 = k / 2.0;
                let direct = kappa * u - f64::exp(u) / 2.0 - kappa * 2f64.ln() - lgamma(kappa);
                let centred = LogChiSquare::new(k).ln_density(u);
                assert!((direct - centred).abs() < 1e-12 * (1.0 + direct.abs()), "k = {k}, u = {u}");
            }
        }
    }

    #[test]
    fn chi_square_moments_are_the_known_ones() {
        for k in [1.0, 5.0, 64.0, 1e6f64] {
            assert!((ln_chi_square_moment(k, 1.0) - k.ln()).abs() < 1e-12);
            assert!((ln_chi_square_moment(k, 2.0) - (k * (k + 2.0)).ln()).abs() < 1e-12);
            if k > 2.0 {
                assert!((ln_chi_square_moment(k, -1.0) + (k - 2.0).ln()).abs() < 1e-12);
            }
        }
        assert_eq!(ln_chi_square_moment(3.0, -1.5), f64::INFINITY);
    }

    #[test]
    fn decimals_reach_beyond_f64() {
        assert_eq!(decimal(0.25f64.ln()).unwrap(), "0.25");
        assert_eq!(decimal(f64::NEG_INFINITY).unwrap(), "0");
        assert_eq!(decimal(-5e19), None);
        assert_eq!(for_people(-5e19), "e^-5e19");
        // Two digits are left at 1e13; and 1e-400 is not 10e-401.
        assert_eq!(decimal(-1e13).unwrap().split('e').next().unwrap().len(), 4);
        assert_eq!(decimal(-400.0 * LN_10).unwrap(), "1.00000000000e-400");
        for ln in [-1e15, 1e15, -9e15, f64::MIN, f64::MAX] {
            assert!(
                decimal(ln).is_none_or(|text| ln_of_decimal(&text).is_some_and(|read| (read / ln - 1.0).abs() < 1e-12))
            );
        }
        let tiny = decimal(-2000.0).unwrap();
        assert!(tiny.contains("e-869"), "{tiny}");
        assert!((ln_of_decimal(&tiny).unwrap() + 2000.0).abs() < 1e-8);
        assert_eq!(ln_of_decimal("0"), Some(f64::NEG_INFINITY));
        assert_eq!(ln_of_decimal("-1"), None);
        assert_eq!(ln_of_decimal("x"), None);
        assert_eq!(number(64.0), "64");
        assert_eq!(number(1e-9), "1e-9");
    }
}
