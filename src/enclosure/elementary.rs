//! exp, ln, powers, lnGamma and the error function of enclosures, from operations that IEEE 754 rounds correctly.
//!
//! No function of the system's mathematical library is used: what it promises differs from system to system. The polynomials are
//! evaluated in doubles, and their rounding is bounded by hand, with `u = 2^-53`, in the comments; the margin taken is about twice
//! that bound.

use super::Enclosure;

/// ln 2 in two parts: the first has 21 trailing zeros, so that its product with an exponent, of 11 bits, is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The relative error of [`exp_of_double`] and [`ln_of_double`] is below this, which is 8 u.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// e^x is no double above, ...
const LARGEST: f64 = 709.782_712_893_384;
/// ... and 0 or the least double below.
const SMALLEST: f64 = -745.133_219_101_941_2;

/// A number whose relative error is below [`ROUNDING`].
fn near(value: f64) -> Enclosure {
    let error = value.abs() * ROUNDING;
    Enclosure { lo: (value - error).next_down(), hi: (value + error).next_up() }
}

/// 2^exponent for an exponent of a normal double.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// e^x of a double.
///
/// With k the whole number nearest to x/ln 2, r = x - k ln 2 is off by at most u |r| + 2e-19 k, since k times the first part of
/// ln 2, and x less that, are exact. Horner's rule on the Taylor polynomial of degree 13, with three roundings a step, errs by 2.9 u
/// for |r| <= 0.347, where e^r >= 0.706, and its remainder is below 0.1 u: 4.5 u in all.
fn exp_of_double(x: f64) -> Enclosure {
    if x == 0.0 {
        return Enclosure::ONE;
    }
    if x > LARGEST {
        return Enclosure { lo: if x == f64::INFINITY { x } else { f64::MAX }, hi: f64::INFINITY };
    }
    if x < SMALLEST {
        return Enclosure { lo: 0.0, hi: if x == f64::NEG_INFINITY { 0.0 } else { f64::from_bits(1) } };
    }
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let polynomial = (1..=13).rev().fold(1.0, |sum, i| 1.0 + sum * r / f64::from(i));
    // In two steps, since 2^k may be beyond the normal doubles where the result is not.
    let half = (k / 2.0).trunc();
    let whole = near(polynomial).scaled(power_of_two(half as i32)).scaled(power_of_two((k - half) as i32));
    Enclosure { lo: whole.lo.max(0.0), hi: whole.hi }
}

/// ln x of a positive double.
///
/// x = 2^e m with m in [sqrt(1/2), sqrt 2]; m - 1 is exact, s = (m - 1)/(m + 1) off by 2 u, and ln m = 2 s (1 + s^2/3 + s^4/5 + ...)
/// by 5 u with 12 terms, whose remainder is below 1e-19 s. The exponent's part is exact but for its small second half; the sum
/// is no smaller than ln m, unless e = 0: 8 u in all, of which half is proved to be enough where e = 0.
fn ln_of_double(x: f64) -> Enclosure {
    if x == 1.0 {
        return Enclosure::ZERO;
    }
    if x == 0.0 {
        return Enclosure { lo: f64::NEG_INFINITY, hi: f64::MIN };
    }
    if x == f64::INFINITY {
        return Enclosure { lo: f64::MAX, hi: x };
    }
    let (x, shift) = if x.is_normal() { (x, 0) } else { (x * power_of_two(54), 54) };
    let mut exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let mut m = f64::from_bits(x.to_bits() & ((1 << 52) - 1) | 1023 << 52);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let series = (0..12).rev().fold(0.0, |sum, i| sum * square + 1.0 / f64::from(2 * i + 1));
    let ln_m = 2.0 * s * series;
    let e = f64::from(exponent - shift);
    near(e * LN_2_HIGH + (ln_m + e * LN_2_LOW))
}

/// Terms of Stirling's series for lnGamma, B_2i/(2i (2i - 1)).
const STIRLING: [(f64, f64); 8] = [
    (1.0, 12.0),
    (-1.0, 360.0),
    (1.0, 1260.0),
    (-1.0, 1680.0),
    (1.0, 1188.0),
    (-691.0, 360_360.0),
    (1.0, 156.0),
    (-3617.0, 122_400.0),
];
/// Stirling's series is taken from here on.
const STIRLING_FROM: f64 = 12.0;
/// The power series of erf is taken up to here, ...
const SERIES_TO: f64 = 2.0;
/// ... by terms up to this power at least, unless they vanish before, ...
const LEAST_TERMS: f64 = 101.0;
/// ... and the continued fraction of erfc from here on, ...
const FRACTION_FROM: f64 = 1.0;
/// ... of which so many levels leave less than 1e-16.
const LEVELS: u32 = 200;

impl Enclosure {
    /// e^x.
    pub fn exp(self) -> Self {
        self.rising(exp_of_double)
    }

    /// ln x of what is at least 0 of it.
    pub fn ln(self) -> Self {
        self.non_negative().rising(ln_of_double)
    }

    /// e^x - 1, with the digits that the subtraction would lose.
    pub fn exp_m1(self) -> Self {
        self.rising(exp_m1_of_double)
    }

    /// ln(1 + x) of what is at least -1 of it, with the digits that the addition would lose.
    pub fn ln_1p(self) -> Self {
        Enclosure { lo: self.lo.max(-1.0), ..self }.rising(ln_1p_of_double)
    }

    /// x^y for x >= 0.
    pub fn pow(self, exponent: Self) -> Self {
        (self.ln() * exponent).exp()
    }

    /// lnGamma(x) for x > 0, where it need not rise: by Stirling's series, whose error is below the first term left out, after
    /// Gamma(x + 1) = x Gamma(x) as often as the series asks for.
    ///
    /// # Panics
    /// When x is not positive.
    pub fn ln_gamma(self) -> Self {
        assert!(self.lo > 0.0, "lnGamma of {self:?}");
        if self == Self::ONE || self == Self::new(2.0) {
            return Self::ZERO;
        }
        let (mut x, mut product) = (self, Self::ONE);
        while x.lo < STIRLING_FROM {
            product = product * x;
            x = x + Self::ONE;
        }
        let ln_tau = Self::PI.scaled(2.0).ln();
        (x - Self::new(0.5)) * x.ln() - x + ln_tau.scaled(0.5) + x.stirling_rest() - product.ln()
    }

    /// ln of x^x e^-x/Gamma(x) for x > 0, whose large terms cancel.
    ///
    /// # Panics
    /// When x is not positive.
    pub fn ln_stirling_ratio(self) -> Self {
        if self.lo < STIRLING_FROM {
            return self * self.ln() - self - self.ln_gamma();
        }
        (self / Self::PI.scaled(2.0)).ln().scaled(0.5) - self.stirling_rest()
    }

    /// lnGamma(x) - (x - 1/2) ln x + x - ln(2 pi)/2, for x from [`STIRLING_FROM`] on.
    fn stirling_rest(self) -> Self {
        let inverse = Self::ONE / self;
        let square = inverse.square();
        let term = |(above, below): (f64, f64)| Self::new(above) / Self::new(below);
        let (left_out, terms) = STIRLING.split_last().expect("there are terms");
        let series = terms.iter().rev().fold(Self::ZERO, |sum, &fraction| sum * square + term(fraction)) * inverse;
        series + (term(*left_out) * square.powi(terms.len() as u32) * inverse).hull(Self::ZERO)
    }

    /// x - (e^x - 1), which rises up to 0 at 0 and falls from there.
    pub fn less_exp_m1(self) -> Self {
        let at = |x: f64| Self::new(x) - Self::new(x).exp_m1();
        let ends = at(self.lo).hull(at(self.hi));
        if self.holds(0.0) { ends.hull(Self::ZERO) } else { ends }
    }

    /// (2/sqrt pi) times the integral of exp(-t^2) from 0 to x.
    pub fn erf(self) -> Self {
        self.rising(erf_of_double)
    }

    /// 1 - erf(x), to its last digits where it is small.
    pub fn erfc(self) -> Self {
        Enclosure { lo: erfc_of_double(self.hi).lo, hi: erfc_of_double(self.lo).hi }
    }
}

/// Series are taken for arguments up to this size.
const SMALL: f64 = 0.25;

fn exp_m1_of_double(x: f64) -> Enclosure {
    if x.abs() > SMALL {
        return exp_of_double(x) - Enclosure::ONE;
    }
    // x (1 + x/2 (1 + x/3 (...))): what stands in the 16th brackets is 1 but for x/17 and less.
    let x = Enclosure::new(x);
    let rest = Enclosure { lo: 0.98, hi: 1.02 };
    (2..=16).rev().fold(rest, |sum, i| Enclosure::ONE + sum * x / Enclosure::whole(i)) * x
}

fn ln_1p_of_double(x: f64) -> Enclosure {
    if x.abs() > SMALL {
        return (Enclosure::ONE + Enclosure::new(x)).non_negative().ln();
    }
    // 2 s (1 + s^2/3 + s^4/5 + ...) with s = x/(2 + x), |s| <= 1/7: what follows the 12th term is below its double.
    let x = Enclosure::new(x);
    let s = x / (Enclosure::new(2.0) + x);
    let square = s.square();
    let rest = Enclosure { lo: 0.0, hi: 0.1 };
    (0..12).rev().fold(rest, |sum, i| sum * square + Enclosure::ONE / Enclosure::whole(2 * i + 1)).scaled(2.0) * s
}

fn erf_of_double(x: f64) -> Enclosure {
    if x < 0.0 {
        return -erf_of_double(-x);
    }
    if x > SERIES_TO {
        return Enclosure::ONE - erfc_of_double(x);
    }
    let x = Enclosure::new(x);
    // 2/sqrt(pi) e^(-x^2) (x + x^3 2/3 + x^5 4/15 + ...): no term is negative.
    let twice_square = x.square().scaled(2.0);
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    // From there on each term is at most half of the one before.
    while twice_square.hi > 0.5 * n || n < LEAST_TERMS && term.hi > 1e-20 * sum.lo {
        n += 2.0;
        term = term * twice_square / Enclosure::new(n);
        sum = sum + term;
    }
    let rest = (term * twice_square / Enclosure::new(n + 2.0)).scaled(2.0).hull(Enclosure::ZERO);
    (sum + rest) * (-x.square()).exp().scaled(2.0) / Enclosure::PI.sqrt()
}

fn erfc_of_double(x: f64) -> Enclosure {
    if x <= FRACTION_FROM {
        return Enclosure::ONE - erf_of_double(x);
    }
    if x == f64::INFINITY {
        return Enclosure::ZERO;
    }
    let x = Enclosure::new(x);
    // e^(-x^2)/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))): what stands below the last level is at least 0.
    let below = Enclosure { lo: 0.0, hi: f64::INFINITY };
    let fraction =
        (1..=LEVELS).rev().fold(below, |rest, level| Enclosure::whole(level.into()).scaled(0.5) / (x + rest));
    (-x.square()).exp() / (Enclosure::PI.sqrt() * (x + fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `enclosures.csv` of the reference values: a function, its argument, the doubles next below and above the value (the same
    /// where it is one), and 60 of its digits, by mpmath.
    const ORACLE: &str = include_str!("../../tests/oracles/enclosures.csv");

    #[test]
    fn enclosures_hold_sixty_digits_and_are_narrow() {
        let mut widest = std::collections::BTreeMap::new();
        for row in csv::Reader::from_reader(ORACLE.as_bytes()).deserialize() {
            let (function, argument, below, above, _digits): (String, f64, f64, f64, String) = row.unwrap();
            let x = Enclosure::new(argument);
            let found = match function.as_str() {
                "exp" => x.exp(),
                "ln" => x.ln(),
                "lgamma" => x.ln_gamma(),
                "erf" => x.erf(),
                "erfc" => x.erfc(),
                "expm1" => x.exp_m1(),
                "log1p" => x.ln_1p(),
                _ => panic!("{function}"),
            };
            assert!(found.lo <= below && above <= found.hi, "{function}({argument}): {found:?}");
            // lnGamma has zeros, and e^x loses its digits among the least doubles.
            let relative = if below.is_normal() { found.width() / below.abs() } else { 0.0 };
            let widest = widest.entry(function).or_insert(0.0f64);
            *widest = widest.max(relative);
        }
        let narrow =
            [("exp", 1e-14), ("ln", 1e-14), ("erf", 1e-13), ("erfc", 1e-12), ("expm1", 1e-13), ("log1p", 1e-13)];
        assert!(narrow.iter().all(|(function, width)| widest[*function] < *width), "{widest:?}");
    }
}
