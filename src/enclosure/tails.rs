//! Rigorous tails: of the normal, the binomial, the Poisson-binomial, the hypergeometric and the chi-square law.

use super::Enclosure;
use crate::tails::Tail;

/// Terms of a series, at most: beyond, nothing is proved.
const MOST_TERMS: u64 = 2_000_000;
/// A series ends when what follows is below this share of it.
const NEGLIGIBLE: f64 = 1e-18;

/// Pr(z - eps <= Y <= z + eps) for Y normal with mean 0 and this standard deviation, where z may be of any sign.
pub fn normal_interval(z: Enclosure, eps: Enclosure, deviation: Enclosure) -> Enclosure {
    // The quotients first: a deviation among the least doubles has no digits to lose.
    let [z, root] = [if z.lo() < 0.0 { -z } else { z }, Enclosure::new(2.0).sqrt()];
    let (far, near) = ((z + eps) / deviation / root, (z - eps) / deviation / root);
    let difference = if near.lo() > 0.0 { near.erfc() - far.erfc() } else { far.erf() - near.erf() };
    let half = difference.scaled(0.5).non_negative();
    Enclosure::between(half.lo().min(1.0), half.hi().min(1.0))
}

/// A sum of terms from a first one on, by the ratios of neighbours, which fall. None where they are too many.
fn by_ratios(first: Enclosure, ratios: impl Iterator<Item = Enclosure>) -> Option<Enclosure> {
    let (mut term, mut sum) = (first, first);
    for (place, ratio) in (0u64..).zip(ratios) {
        if place > MOST_TERMS {
            return None;
        }
        term = term * ratio;
        sum = sum + term;
        if ratio.hi() < 1.0 {
            // What follows is at most a geometric series with this ratio.
            let rest = term * ratio / (Enclosure::ONE - Enclosure::new(ratio.hi()));
            if rest.hi() <= NEGLIGIBLE * sum.lo() {
                return Some(sum + rest.hull(Enclosure::ZERO));
            }
        }
    }
    Some(sum)
}

/// ln of the binomial coefficient.
pub fn ln_binomial(n: u64, k: u64) -> Enclosure {
    let k = k.min(n - k);
    if k <= 64 {
        // Exactly but for rounding: no large logs cancel.
        let factor = |i: u64| Enclosure::whole(n - i) / Enclosure::whole(i + 1);
        return (0..k).fold(Enclosure::ONE, |product, i| product * factor(i)).ln();
    }
    let ln_factorial = |m: u64| (Enclosure::whole(m) + Enclosure::ONE).ln_gamma();
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// ln Pr(X >= m), or of Pr(X <= m), for X binomial with n trials of probability p in (0, 1), m at most n. The tail that does not hold
/// the mean is summed, the other is what that leaves of 1. None where the terms are too many.
pub fn ln_binomial_tail(n: u64, p: f64, m: u64, tail: Tail) -> Option<Enclosure> {
    let (hit, miss) = (Enclosure::new(p), Enclosure::ONE - Enclosure::new(p));
    let above = m as f64 > n as f64 * p;
    let first = |m: u64| ln_binomial(n, m) + power_ln(hit, m) + power_ln(miss, n - m);
    let summed = |ratios: &mut dyn Iterator<Item = Enclosure>| Some(first(m) + by_ratios(Enclosure::ONE, ratios)?.ln());
    let ratio = |above: u64, below: u64| Enclosure::whole(above) / Enclosure::whole(below);
    match (tail, above) {
        (Tail::Upper, _) if m == 0 => Some(Enclosure::ZERO),
        (Tail::Lower, _) if m == n => Some(Enclosure::ZERO),
        (Tail::Upper, true) => summed(&mut (m..n).map(|i| ratio(n - i, i + 1) * hit / miss)),
        (Tail::Lower, false) => summed(&mut (1..=m).rev().map(|i| ratio(i, n - i + 1) * miss / hit)),
        (Tail::Upper, false) => Some(ln_rest(ln_binomial_tail(n, p, m - 1, Tail::Lower)?)),
        (Tail::Lower, true) => Some(ln_rest(ln_binomial_tail(n, p, m + 1, Tail::Upper)?)),
    }
}

/// ln Pr(X >= m), or of Pr(X <= m), for X the number of independent events that happen, of these probabilities, m at most how many they
/// are: event by event, for at most m events that happen, or do not.
pub fn ln_poisson_binomial_tail(probabilities: &[Enclosure], m: usize, tail: Tail) -> Enclosure {
    let rest = |p: &Enclosure| Enclosure::ONE - *p;
    match tail {
        Tail::Lower => ln_at_most(m, probabilities.iter().map(|p| (*p, rest(p)))),
        Tail::Upper => ln_at_most(probabilities.len() - m, probabilities.iter().map(|p| (rest(p), *p))),
    }
}

/// ln of the probability that at most so many events happen, each given by the probabilities that it does and does not.
fn ln_at_most(most: usize, events: impl Iterator<Item = (Enclosure, Enclosure)>) -> Enclosure {
    let mut counts = vec![Enclosure::ZERO; most + 1];
    counts[0] = Enclosure::ONE;
    for (hit, miss) in events {
        for count in (1..=most).rev() {
            counts[count] = counts[count] * miss + counts[count - 1] * hit;
        }
        counts[0] = counts[0] * miss;
    }
    let sum: Enclosure = counts.into_iter().sum();
    sum.non_negative().common(Enclosure::between(0.0, 1.0)).ln()
}

/// ln Pr(|S cap S'| >= least) for two uniform k-subsets of `[n]`, k <= n: the tail of the hypergeometric law. None where the terms are
/// too many.
pub fn ln_overlap_tail(n: u64, k: u64, least: u64) -> Option<Enclosure> {
    let fewest = (2 * k).saturating_sub(n);
    if least <= fewest {
        return Some(Enclosure::ZERO);
    }
    if least > k {
        return Some(Enclosure::new(f64::NEG_INFINITY));
    }
    let ln_term = |i: u64| ln_binomial(k, i) + ln_binomial(n - k, k - i) - ln_binomial(n, k);
    let square = |i: u64| Enclosure::whole(i).square();
    // Pr(i + 1) / Pr(i) = (k - i)^2 / ((i + 1)(n - 2k + i + 1)).
    let rise = |i: u64| square(k - i) / (Enclosure::whole(i + 1) * Enclosure::whole(n + i + 1 - 2 * k));
    if least as f64 > (k as f64).powi(2) / n as f64 {
        return Some(ln_term(least) + by_ratios(Enclosure::ONE, (least..k).map(rise))?.ln());
    }
    let below = by_ratios(Enclosure::ONE, (fewest + 1..least).rev().map(|i| Enclosure::ONE / rise(i - 1)))?;
    Some(ln_rest(ln_term(least - 1) + below.ln()))
}

/// m ln x, also for x = 0 where m is 0.
fn power_ln(x: Enclosure, m: u64) -> Enclosure {
    if m == 0 { Enclosure::ZERO } else { x.ln() * Enclosure::whole(m) }
}

/// ln(1 - e^ln).
fn ln_rest(ln: Enclosure) -> Enclosure {
    if ln.hi() < -std::f64::consts::LN_2 { (-ln.exp()).ln_1p() } else { (-ln.exp_m1()).non_negative().ln() }
}

/// ln Pr(X >= x), or of Pr(X <= x), for X chi-square with d degrees of freedom, d > 0 and x >= 0: by the power series of the lower
/// incomplete gamma function where x is small, by the continued fraction of the upper one where it is large, and the other as what
/// that leaves of 1. None where the terms are too many.
pub fn ln_chi_square_tail(d: Enclosure, x: Enclosure, tail: Tail) -> Option<Enclosure> {
    if x.hi() <= 0.0 {
        return Some(if tail == Tail::Upper { Enclosure::ZERO } else { Enclosure::new(f64::NEG_INFINITY) });
    }
    let (a, x) = (d.scaled(0.5), x.non_negative().scaled(0.5));
    // Both tails are monotone in x: the ends do.
    let at = |x: f64| ln_gamma_tail(a, Enclosure::new(x), tail);
    let (one, other) = (at(x.lo())?, at(x.hi())?);
    Some(one.hull(other))
}

/// The same for the gamma law of shape a: x is half of chi-square.
fn ln_gamma_tail(a: Enclosure, x: Enclosure, tail: Tail) -> Option<Enclosure> {
    if x.hi() == 0.0 {
        return Some(if tail == Tail::Upper { Enclosure::ZERO } else { Enclosure::new(f64::NEG_INFINITY) });
    }
    // x^a e^-x / Gamma(a).
    let ln_density = a * x.ln() - x - a.ln_gamma();
    // Where many levels would not do, x is near a, and neither tail is small.
    let fraction = if x.lo() < a.hi() + 1.0 { None } else { upper_fraction(a, x) };
    let (ln_tail, computed) = match fraction {
        Some(fraction) => (ln_density - fraction.ln(), Tail::Upper),
        None => {
            let ratios = (1u64..).map(|i| x / (a + Enclosure::whole(i)));
            (ln_density - a.ln() + by_ratios(Enclosure::ONE, ratios)?.ln(), Tail::Lower)
        }
    };
    Some(if computed == tail { ln_tail } else { ln_rest(ln_tail) })
}

/// K_0 = x + 1 - a - 1 (1 - a)/(x + 3 - a - 2 (2 - a)/(x + 5 - a - ...)), for x >= a + 1: the tail is the density over this.
///
/// K_n = b_n - (n + 1)(n + 1 - a)/K_(n+1) with b_n = x + 2n + 1 - a. For n >= a it lies between x + n and b_n: so does every fraction
/// that is cut off at b_N, since K_(n+1) >= x + n + 1 makes K_n >= b_n - (n + 1 - a) = x + n. The levels are doubled until the
/// enclosure is narrow.
fn upper_fraction(a: Enclosure, x: Enclosure) -> Option<Enclosure> {
    let first = |level: u64| x + Enclosure::whole(2 * level + 1) - a;
    let numerator = |level: u64| Enclosure::whole(level) * (a - Enclosure::whole(level));
    let mut levels = 32u64.max(2 * a.hi().ceil() as u64);
    while levels < MOST_TERMS {
        let last = first(levels).hull(x + Enclosure::whole(levels));
        let fraction = (0..levels).rev().fold(last, |rest, level| first(level) + numerator(level + 1) / rest);
        if fraction.width() < 1e-13 * fraction.lo() {
            return Some(fraction);
        }
        levels *= 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an oracle's rows, calls `enclose` on each, and checks that the log is held; returns the largest width of those that are
    /// enclosed, and how many are not. The oracle's log is the double nearest to its digits; the widest are of parameters around 1e15.
    fn check<Row: serde::de::DeserializeOwned>(
        csv: &str,
        enclose: impl Fn(&Row) -> Option<Enclosure>,
        ln: impl Fn(&Row) -> f64,
    ) -> (f64, usize, usize) {
        let (mut widest, mut open, mut rows) = (0.0f64, 0, 0);
        for (line, row) in csv::Reader::from_reader(csv.as_bytes()).deserialize().enumerate() {
            let row: Row = row.unwrap();
            rows += 1;
            let Some(found) = enclose(&row) else {
                open += 1;
                continue;
            };
            let ln = ln(&row);
            let rounding = if ln.is_finite() { ln.abs() * f64::EPSILON } else { 0.0 };
            assert!(found.lo() <= ln + rounding && ln - rounding <= found.hi(), "row {line}: {found:?} {ln}");
            widest = widest.max(if found.width().is_finite() { found.width() / (1.0 + ln.abs()) } else { 0.0 });
        }
        (widest, open, rows)
    }

    #[test]
    fn normal_intervals_hold_the_oracle() {
        type Row = (f64, f64, f64, f64, f64);
        let found = check::<Row>(
            include_str!("../../tests/oracles/normal_intervals.csv"),
            |&(sigma, z, eps, ..)| {
                Some(normal_interval(Enclosure::new(z), Enclosure::new(eps), Enclosure::new(sigma)).ln())
            },
            |row| row.3,
        );
        // Probabilities among the least doubles have few digits.
        assert!(found.0 < 0.5 && found.1 == 0, "{found:?}");
    }

    #[test]
    fn binomial_tails_hold_the_oracle() {
        type Row = (u64, f64, u64, String, f64);
        let tail = |text: &str| if text == "upper" { Tail::Upper } else { Tail::Lower };
        let found = check::<Row>(
            include_str!("../../tests/oracles/binomial_tails.csv"),
            |(n, p, m, side, _)| ln_binomial_tail(*n, *p, *m, tail(side)),
            |row| row.4,
        );
        assert!(found.0 < 1e-3 && found.1 == 0, "{found:?}");
    }

    #[test]
    fn poisson_binomial_tails_hold_the_oracle() {
        type Row = (String, usize, usize, String, f64);
        let found = check::<Row>(
            include_str!("../../tests/oracles/poisson_binomial_tails.csv"),
            |(period, copies, m, side, _)| {
                let period: Vec<Enclosure> = period.split(' ').map(|p| Enclosure::new(p.parse().unwrap())).collect();
                let tail = if side == "upper" { Tail::Upper } else { Tail::Lower };
                Some(ln_poisson_binomial_tail(&period.repeat(*copies), *m, tail))
            },
            |row| row.4,
        );
        assert!(found.0 < 1e-3 && found.1 == 0, "{found:?}");
    }

    #[test]
    fn overlap_tails_hold_the_oracle() {
        type Row = (u64, u64, u64, f64, f64);
        let found = check::<Row>(
            include_str!("../../tests/oracles/overlap_tails.csv"),
            |&(n, k, d, ..)| ln_overlap_tail(n, k, k.div_ceil(d)),
            |row| row.3,
        );
        assert!(found.0 < 0.1 && found.1 == 0, "{found:?}");
    }

    #[test]
    fn chi_square_tails_hold_the_oracle() {
        type Row = (String, f64, f64, f64, f64);
        let found = check::<Row>(
            include_str!("../../tests/oracles/chi_square_tails.csv"),
            |(side, d, t, ..)| {
                let (d, t) = (Enclosure::new(*d), Enclosure::new(*t));
                let root = (d * t).sqrt().scaled(2.0);
                match side.as_str() {
                    "upper" => ln_chi_square_tail(d, d + root + t.scaled(2.0), Tail::Upper),
                    _ => ln_chi_square_tail(d, d - root, Tail::Lower),
                }
            },
            |row| row.3,
        );
        assert!(found.0 < 1e-3 && found.1 < 20, "{found:?}");
    }
}
