//! Tails of the binomial, the Poisson-binomial and the chi-square law, in logs: exact but for rounding, however far out.

use crate::numeric::stirling_remainder;
use std::f64::consts::{LN_2, PI};

/// One of the two tails of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// At least the threshold.
    Upper,
    /// At most the threshold.
    Lower,
}

/// The most terms of a series or a continued fraction; those below need about the root of their parameter.
const MOST_TERMS: u64 = 10_000_000;

/// A log, and how far the number may be off, relative to itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded {
    /// ln of the number.
    pub ln: f64,
    /// Its relative error is at most this.
    pub error: f64,
}

/// Relative error of a probability by its saddle-point form, beside that of the exponential of its log.
const SADDLE_POINT: f64 = 1e-14;

/// The sum of terms that begin with one of this log, from ratio to ratio: each is the next term over the one before, and they fall.
/// The relative error counts the rounding of every factor, and what is left out.
pub(crate) fn sum_of_ratios(ln_first: f64, mut ratios: impl Iterator<Item = f64>) -> Rounded {
    let (mut term, mut sum, mut weighted) = (1.0, 1.0, 0.0);
    let mut left_out = 0.0;
    for (place, ratio) in (1u32..).zip(&mut ratios) {
        term *= ratio;
        sum += term;
        weighted += f64::from(place) * term;
        // What follows is at most a geometric series.
        left_out = if ratio < 1.0 { term * ratio / (1.0 - ratio) } else { f64::INFINITY };
        if left_out < 1e-18 * sum {
            break;
        }
    }
    if ratios.next().is_none() {
        left_out = 0.0;
    }
    // Four roundings a factor, and one an addition.
    let error = 5.0 * f64::EPSILON * (1.0 + weighted / sum) + left_out / sum;
    Rounded { ln: ln_first + f64::ln(sum), error: error + SADDLE_POINT + 8.0 * f64::EPSILON * ln_first.abs() }
}

/// 1 minus a number.
pub(crate) fn complement(other: Rounded) -> Rounded {
    let rest = -other.ln.exp_m1();
    let ln = if other.ln < -LN_2 { (-other.ln.exp()).ln_1p() } else { rest.ln() };
    Rounded { ln, error: 2.0 * f64::EPSILON + other.error * other.ln.exp() / rest }
}

/// ln Pr(X >= `m`), or of Pr(X <= `m`), for X binomial with `n` trials of probability `p` in (0, 1); `m` is at most `n`.
///
/// The tail that does not hold the mean is summed from `m` outwards by the ratio of neighbours, from a first term by Loader's
/// saddle-point form, in which no large numbers cancel (Loader 2000); the other one is what that leaves of 1. Memory is constant,
/// and the terms are as many as a few standard deviations.
pub fn binomial_tail(n: u64, p: f64, m: u64, tail: Tail) -> Rounded {
    let certain = Rounded { ln: 0.0, error: 0.0 };
    let odds = p / (1.0 - p);
    let above = m as f64 > n as f64 * p;
    match (tail, above) {
        (Tail::Upper, _) if m == 0 => certain,
        (Tail::Lower, _) if m == n => certain,
        (Tail::Upper, true) => {
            let ratio = |i: u64| (n - i) as f64 / (i + 1) as f64 * odds;
            sum_of_ratios(ln_binomial_probability(n, p, m), (m..n).map(ratio))
        }
        (Tail::Lower, false) => {
            let ratio = |i: u64| i as f64 / (n - i + 1) as f64 / odds;
            sum_of_ratios(ln_binomial_probability(n, p, m), (1..=m).rev().map(ratio))
        }
        (Tail::Upper, false) => complement(binomial_tail(n, p, m - 1, Tail::Lower)),
        (Tail::Lower, true) => complement(binomial_tail(n, p, m + 1, Tail::Upper)),
    }
}

/// As [`binomial_tail`], the log alone.
pub fn ln_binomial_tail(n: u64, p: f64, m: u64, tail: Tail) -> f64 {
    binomial_tail(n, p, m, tail).ln
}

/// ln Pr(X = m) for X binomial.
fn ln_binomial_probability(n: u64, p: f64, m: u64) -> f64 {
    let (x, y) = (m as f64, (n - m) as f64);
    let (n, q) = (n as f64, 1.0 - p);
    if m == 0 {
        return n * (-p).ln_1p();
    }
    if y == 0.0 {
        return n * p.ln();
    }
    let mean = n * p;
    // How far x lies from n p, and y from n q by the same, without the rounding of n p.
    let difference = (x - mean) - n.mul_add(p, -mean);
    // n p may have lost its digits among the least doubles, where its log has not.
    let far = if p < f64::MIN_POSITIVE / f64::EPSILON {
        x * (x.ln() - n.ln() - p.ln()) - x
    } else {
        deviance_by(x, mean, difference)
    };
    ln_spread(n, x, y) - far - deviance_by(y, n * q, -difference)
}

/// ln of binom(n, x) sqrt-factors and Stirling remainders, without the deviances: n = x + y.
fn ln_spread(n: f64, x: f64, y: f64) -> f64 {
    0.5 * (n / (2.0 * PI * x * y)).ln() + stirling_remainder(n) - stirling_remainder(x) - stirling_remainder(y)
}

/// ln Pr(|S cap S'| >= `least`) for two uniform k-subsets of `[n]`, k <= n: the tail of the hypergeometric law, summed
/// as that of the binomial one. The saddle-point form of its terms is that of three binomial ones with p = k/n, whose
/// differences to their means are whole numbers over n.
pub fn overlap_tail(n: u64, k: u64, least: u64) -> Rounded {
    let smallest = (2 * k).saturating_sub(n);
    let certain = Rounded { ln: 0.0, error: 0.0 };
    let (n, k) = (u128::from(n), u128::from(k));
    let above = u128::from(least) * n > k * k;
    // p(m+1)/p(m)
    let up = |m: u64| {
        let m = u128::from(m);
        ((k - m) as f64 / (m + 1) as f64) * ((k - m) as f64 / (n + m + 1 - 2 * k) as f64)
    };
    match above {
        _ if least <= smallest => certain,
        _ if u128::from(least) > k => Rounded { ln: f64::NEG_INFINITY, error: 0.0 },
        true => sum_of_ratios(ln_overlap(n, k, u128::from(least)), (least..k as u64).map(up)),
        false => {
            let below = (smallest..least - 1).rev().map(|m| 1.0 / up(m));
            complement(sum_of_ratios(ln_overlap(n, k, u128::from(least - 1)), below))
        }
    }
}

/// ln Pr(|S cap S'| = m).
fn ln_overlap(n: u128, k: u128, m: u128) -> f64 {
    let real = |x: u128| x as f64;
    // The four parts: shared, S only, S' only, neither. Their means are k^2/n, k(n-k)/n twice, (n-k)^2/n, and each differs from its
    // mean by (m n - k^2)/n, up to the sign.
    let parts = [m, k - m, k - m, n + m - 2 * k];
    let means = [k * k, k * (n - k), k * (n - k), (n - k) * (n - k)].map(|product| real(product) / real(n));
    let difference = (m as i128 * n as i128 - (k * k) as i128) as f64 / real(n);
    let signs = [1.0, -1.0, -1.0, 1.0];
    let mut ln = 0.0;
    for ((part, mean), sign) in parts.into_iter().zip(means).zip(signs) {
        let x = real(part);
        ln -= if part == 0 { mean } else { deviance_by(x, mean, sign * difference) };
        ln -= if part == 0 { 0.0 } else { stirling_remainder(x) + 0.5 * (2.0 * PI * x).ln() };
    }
    // k! (n-k)! k! (n-k)! / n!: their own deviances are 0.
    let of_factorial =
        |x: u128| if x == 0 { 0.0 } else { stirling_remainder(real(x)) + 0.5 * (2.0 * PI * real(x)).ln() };
    ln + 2.0 * of_factorial(k) + 2.0 * of_factorial(n - k) - of_factorial(n)
}

/// x ln(x/mean) + mean - x, which is never negative, without its cancellation near x = mean; `difference` is x - mean, which may be
/// known better than from the two.
fn deviance_by(x: f64, mean: f64, difference: f64) -> f64 {
    if difference.abs() > 0.5 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    // ln(x/mean) = 2 artanh(v): the series of Loader's bd0.
    let v = difference / (x + mean);
    let (mut term, mut sum) = (2.0 * x * v, difference * v);
    for odd in (3..).step_by(2) {
        term *= v * v;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln Pr(X >= `m`), or of Pr(X <= `m`), for a sum X of independent events with these probabilities in (0, 1); `m` is at most
/// their number.
///
/// The law is folded together event by event, in sums of products of positive numbers that do not underflow. As in
/// [`binomial_tail`], the tail that does not hold the mean is summed.
pub fn poisson_binomial_tail(probabilities: &[f64], m: u64, tail: Tail) -> Rounded {
    let certain = Rounded { ln: 0.0, error: 0.0 };
    let n = probabilities.len() as u64;
    let above = m as f64 > probabilities.iter().sum();
    match (tail, above) {
        (Tail::Upper, _) if m == 0 => return certain,
        (Tail::Lower, _) if m >= n => return certain,
        (Tail::Upper, false) => return complement(poisson_binomial_tail(probabilities, m - 1, Tail::Lower)),
        (Tail::Lower, true) => return complement(poisson_binomial_tail(probabilities, m + 1, Tail::Upper)),
        _ => {}
    }
    let mut law = vec![Wide::ZERO; probabilities.len() + 1];
    law[0] = Wide::new(1.0);
    for (done, p) in probabilities.iter().enumerate() {
        let (p, q) = (Wide::new(*p), Wide::new(1.0 - p));
        for i in (0..=done).rev() {
            law[i + 1] = law[i + 1] + law[i] * p;
            law[i] = law[i] * q;
        }
    }
    let m = m as usize;
    let part = if tail == Tail::Upper { &law[m..] } else { &law[..=m] };
    let ln = part.iter().fold(Wide::ZERO, |sum, x| sum + *x).ln();
    // A product, a sum and 1 - p for every event, and the sum of the tail: half a unit in the last place each.
    Rounded { ln, error: 2.0 * f64::EPSILON * (n + 1) as f64 + 4.0 * f64::EPSILON * ln.abs() }
}

/// mantissa 2^exponent, with a mantissa from 1 to 2, or 0: a non-negative number with the digits of a double and no end of range.
#[derive(Debug, Clone, Copy)]
struct Wide {
    mantissa: f64,
    exponent: i64,
}

impl Wide {
    const ZERO: Wide = Wide { mantissa: 0.0, exponent: -1 << 40 };

    fn new(value: f64) -> Self {
        let (mantissa, exponent) = libm::frexp(value);
        if value == 0.0 { Self::ZERO } else { Wide { mantissa: 2.0 * mantissa, exponent: i64::from(exponent) - 1 } }
    }

    /// With a mantissa from 1 to 4, or 0.
    fn of_parts(mantissa: f64, exponent: i64) -> Self {
        if mantissa < 2.0 {
            Wide { mantissa, exponent }
        } else {
            Wide { mantissa: 0.5 * mantissa, exponent: exponent + 1 }
        }
    }

    fn ln(self) -> f64 {
        self.mantissa.ln() + self.exponent as f64 * LN_2
    }
}

impl std::ops::Mul for Wide {
    type Output = Wide;
    fn mul(self, other: Wide) -> Wide {
        Wide::of_parts(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl std::ops::Add for Wide {
    type Output = Wide;
    fn add(self, other: Wide) -> Wide {
        let (large, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        match u64::try_from(large.exponent - small.exponent) {
            Ok(shift @ 0..1000) => {
                let scale = f64::from_bits((1023 - shift) << 52); // 2^-shift
                Wide::of_parts(large.mantissa + small.mantissa * scale, large.exponent)
            }
            // Far below the last digit.
            _ => large,
        }
    }
}

/// ln Pr(X >= `at`), or of Pr(X <= `at`), for X chi-square with `d` degrees of freedom, at = d + `excess` (whichever of the two is
/// near 0 should be known beyond the rounding of the other): the upper tail above its mean by Legendre's continued fraction, the
/// lower one below it by the series of the incomplete gamma function (DLMF 8.9.2, 8.7.1). Minus infinity for a lower tail at or
/// below 0.
pub fn ln_chi_square_tail(d: f64, excess: f64, at: f64, tail: Tail) -> f64 {
    if at <= 0.0 {
        return if tail == Tail::Lower { f64::NEG_INFINITY } else { 0.0 };
    }
    let (a, y, r) = (0.5 * d, 0.5 * at, excess / d);
    let ln_ratio = if r < -0.5 { (at / d).ln() } else { r.ln_1p() };
    // ln(y^a e^-y / Gamma(a)), from the excess: y and a do not cancel.
    let ln_front = a * (ln_ratio - r) + 0.5 * (a / (2.0 * PI)).ln() - stirling_remainder(a);
    match tail {
        Tail::Upper => ln_front + legendre_fraction(a, y, 0.5 * excess).ln(),
        Tail::Lower => ln_front + lower_series(a, y).ln(),
    }
}

/// Gamma(a, y) e^y y^-a for y >= a, `over` = y - a; by Lentz's method.
fn legendre_fraction(a: f64, y: f64, over: f64) -> f64 {
    let mut b = over + 1.0;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut value = d;
    for n in 1..MOST_TERMS {
        let n = n as f64;
        let numerator = -n * (n - a);
        b += 2.0;
        // Never 0 for y >= a: there the fraction's denominators are positive.
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    debug_assert!(y >= a);
    value
}

/// gamma(a, y) e^y y^-a = sum_n y^n / (a (a+1) ... (a+n)).
fn lower_series(a: f64, y: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    for n in 1..MOST_TERMS {
        term *= y / (a + n as f64);
        sum += term;
        if term < f64::EPSILON * sum * 1e-3 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(name: &str) -> Tail {
        if name == "upper" { Tail::Upper } else { Tail::Lower }
    }

    /// `binomial_tail.csv` of the reference values: exact rational sums; n, p (as a fraction), m, tail, ln.
    #[test]
    fn binomial_tails_agree_with_exact_sums() {
        let oracle = include_str!("../tests/oracles/binomial_tail.csv");
        for row in csv::Reader::from_reader(oracle.as_bytes()).deserialize() {
            let (n, p, m, side, ln): (u64, f64, u64, String, f64) = row.unwrap();
            let found = ln_binomial_tail(n, p, m, tail(&side));
            assert!((found - ln).abs() < 1e-12 * (1.0 + ln.abs()), "{n} {p} {m} {side}: {found} {ln}");
            if n <= 2000 {
                let folded = poisson_binomial_tail(&vec![p; n as usize], m, tail(&side)).ln;
                assert!((folded - ln).abs() < 1e-11 * (1.0 + ln.abs()), "{n} {p} {m} {side}: {folded} {ln}");
            }
        }
    }

    /// At most a third heads: n = 1, 2, 3, 6 and 7 by hand; the rest from mpmath 1.3 with 40 digits:
    /// log(sum(binomial(n, m) for m in range(n // 3 + 1))) - n log(2).
    #[test]
    fn few_heads() {
        let by_hand =
            [(1, 0.5), (2, 0.25), (3, 0.5), (6, 22.0 / 64.0), (7, 29.0 / 128.0)].map(|(n, p)| (n, f64::ln(p)));
        let oracle = [
            (10, -1.7609878105613013),
            (60, -4.999006145682472),
            (100, -7.735897966988532),
            (300, -19.33511380030728),
            (1000, -59.799_314_539_600_15),
            (30_000, -1703.618806501008),
        ];
        for (n, ln) in by_hand.into_iter().chain(oracle) {
            let found = ln_binomial_tail(n, 0.5, n / 3, Tail::Lower);
            assert!((found - ln).abs() < 1e-13 * (1.0 + ln.abs()), "n = {n}: {found} {ln}");
        }
    }

    /// `chi_square_tail.csv` of the reference values: d, t, tail, ln at d + 2 sqrt(d t) + 2 t or d - 2 sqrt(d t).
    #[test]
    fn chi_square_tails_agree_with_the_incomplete_gamma_function() {
        let oracle = include_str!("../tests/oracles/chi_square_tail.csv");
        for row in csv::Reader::from_reader(oracle.as_bytes()).deserialize() {
            let (d, t, side, ln): (f64, f64, String, f64) = row.unwrap();
            let excess = if side == "upper" { 2.0 * (d * t).sqrt() + 2.0 * t } else { -2.0 * (d * t).sqrt() };
            let found = ln_chi_square_tail(d, excess, d + excess, tail(&side));
            assert!((found - ln).abs() < 1e-12 * (10.0 + ln.abs()), "{d} {t} {side}: {found} {ln}");
        }
    }

    #[test]
    fn unequal_events_by_enumeration() {
        let p = [0.1, 0.5, 0.9, 0.3];
        let mut law = [0.0; 5];
        for outcome in 0..16u32 {
            let chance = (0..4).map(|i| if outcome >> i & 1 == 1 { p[i] } else { 1.0 - p[i] }).product::<f64>();
            law[outcome.count_ones() as usize] += chance;
        }
        for m in 0..=4 {
            let (upper, lower) = (law[m..].iter().sum::<f64>().ln(), law[..=m].iter().sum::<f64>().ln());
            assert!((poisson_binomial_tail(&p, m as u64, Tail::Upper).ln - upper).abs() < 1e-12);
            assert!((poisson_binomial_tail(&p, m as u64, Tail::Lower).ln - lower).abs() < 1e-12);
        }
    }

    #[test]
    fn both_sides_of_a_split_make_the_whole() {
        for (d, excess) in [(1.0, 0.0), (7.0, 1e-9), (1e6, 0.0)] {
            let sum = [Tail::Upper, Tail::Lower].map(|tail| ln_chi_square_tail(d, excess, d + excess, tail).exp());
            assert!((sum[0] + sum[1] - 1.0).abs() < 1e-11, "{d}: {sum:?}");
        }
        assert_eq!(ln_chi_square_tail(4.0, -4.0, 0.0, Tail::Lower), f64::NEG_INFINITY);
    }
}
