//! Exact rational numbers: decimals as they are written, and lower bounds of exp.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// A rational number of any size.
pub type Rational = num_rational::BigRational;

/// More places of a decimal than any double has.
const MOST_PLACES: i64 = 1100;
/// The most terms of a partial sum of exp.
pub const MOST_TERMS: u32 = 30;
/// The largest argument of exp: its power of e still has digits that can be written down.
const MOST_EXPONENT: u32 = 1000;
/// e, cut off after 30 places.
const E_BELOW: u128 = 2_718_281_828_459_045_235_360_287_471_352;
const E_SCALE: u128 = 10u128.pow(30);

/// A whole number as a rational one.
pub fn whole(value: impl Into<BigInt>) -> Rational {
    Rational::from_integer(value.into())
}

/// A fraction.
pub fn fraction(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Rational {
    Rational::new(numerator.into(), denominator.into())
}

/// A power with a whole exponent.
pub fn power(base: &Rational, exponent: u64) -> Rational {
    base.pow(exponent.try_into().expect("exponents are bounded by the theorems"))
}

/// 1 * 2 * ... * n.
pub fn factorial(n: u64) -> BigInt {
    (1..=n).map(BigInt::from).product()
}

/// n choose k.
pub fn binomial(n: u64, k: u64) -> BigInt {
    (0..k).fold(BigInt::one(), |product, i| product * (n - i) / (i + 1))
}

/// The number that a decimal text such as `0.1` or `1e-9` means exactly.
pub fn decimal(text: &str) -> Option<Rational> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{before}{after}").parse().ok()?;
    let places = exponent.parse::<i64>().ok()?.checked_sub(after.len() as i64)?;
    if after.starts_with(['+', '-']) || places.abs() > MOST_PLACES {
        return None;
    }
    let scale = BigInt::from(10).pow(places.unsigned_abs() as u32);
    Some(if places < 0 { fraction(digits, scale) } else { whole(digits * scale) })
}

/// A rational number that exp(x) exceeds, for x >= 0: E(x) with this many terms, which is e, cut off after
/// 30 places, to the power of floor(x) times the sum of
/// f^i/i! for i from 0 to the number of terms, where f = x - floor(x).
pub fn exp_below(x: &Rational, terms: u32) -> Rational {
    let steps = x.to_integer().to_u64().expect("the argument is bounded");
    let rest = x.fract();
    let mut term = Rational::one();
    let mut sum = Rational::one();
    for i in 1..=terms {
        term = term * &rest / whole(i);
        sum += &term;
    }
    power(&fraction(E_BELOW, E_SCALE), steps) * sum
}

/// A rational number that is at least exp(x): the power of e, cut off or that increased, to floor(x), times the sum of f^i/i! for i
/// from 0 to 20, and 2 f^21/21! for the rest, where f = x - floor(x).
pub fn exp_above(x: &Rational) -> Rational {
    const TERMS: u64 = 20;
    let steps = x.floor();
    let rest = x - &steps;
    // By Horner's rule over one denominator, which needs no reduction on the way.
    let (f, unit) = (rest.numer(), rest.denom());
    let (mut sum, mut denominator) = (unit * (TERMS + 1) + 2 * f, unit * (TERMS + 1));
    for i in (1..=TERMS).rev() {
        denominator *= unit * i;
        sum = &denominator + f * sum;
    }
    let whole_steps = steps.abs().to_integer().to_u64().expect("the argument is bounded");
    Rational::new(sum, denominator)
        * match steps.is_negative() {
            true => power(&fraction(E_SCALE, E_BELOW), whole_steps),
            false => power(&fraction(E_BELOW + 1, E_SCALE), whole_steps),
        }
}

/// The least multiple of 10^-places that is at least x.
pub fn rounded_up(x: &Rational, places: u32) -> Rational {
    let scale = BigInt::from(10).pow(places);
    let numerator = x.numer() * &scale;
    let above = if (&numerator % x.denom()).is_positive() { 1 } else { 0 };
    fraction(numerator / x.denom() + above, scale)
}

/// The least multiple of 10^-places that is at least x y.
pub fn product_rounded_up(x: &Rational, y: &Rational, places: u32) -> Rational {
    rounded_up(&Rational::new_raw(x.numer() * y.numer(), x.denom() * y.denom()), places)
}

/// The largest multiple of 1e-6 whose square is at most x, for x >= 0.
pub fn square_root_below(x: &Rational) -> Rational {
    let scale = BigInt::from(10).pow(6);
    fraction((x * whole(scale.pow(2))).to_integer().sqrt(), scale)
}

/// A multiple of 1e-6 whose square exceeds x, for x >= 0.
pub fn square_root_above(x: &Rational) -> Rational {
    square_root_below(x) + fraction(1, 1_000_000)
}

/// The least number of terms with which E(x) satisfies `enough`, if one does.
pub fn terms_of_exp(x: &Rational, enough: impl Fn(&Rational) -> bool) -> Option<u32> {
    if x.is_negative() || *x > whole(MOST_EXPONENT) {
        return None;
    }
    (0..=MOST_TERMS).find(|&terms| enough(&exp_below(x, terms)))
}

/// The largest multiple of 1e-6 whose cube is at most x, for x >= 0.
pub fn cube_root_below(x: &Rational) -> Rational {
    let scale = BigInt::from(10).pow(6);
    let cube = (x * whole(scale.pow(3))).to_integer();
    let root = if cube.is_zero() { BigInt::zero() } else { cube.cbrt() };
    fraction(root, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, expected) in
            [("0.1", (1, 10)), ("1e-3", (1, 1000)), ("2.50e1", (25, 1)), ("-0.5", (-1, 2)), ("7", (7, 1))]
        {
            assert_eq!(decimal(text), Some(fraction(expected.0, expected.1)), "{text}");
        }
        for text in ["", "x", "1.2.3", "1e", "1.-5", "1e99999", "0x1", "1/2"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn exp_is_bounded_from_below_and_closely() {
        for text in ["0", "0.3", "1", "2.5", "17.99"] {
            let x = decimal(text).unwrap();
            let exact = text.parse::<f64>().unwrap().exp();
            let below = exp_below(&x, 30).to_f64().unwrap();
            assert!((below / exact - 1.0).abs() < 1e-14, "{text}: {below} {exact}");
            assert!(exp_below(&x, 29) <= exp_below(&x, 30));
        }
        assert_eq!(terms_of_exp(&fraction(1, 2), |sum| *sum >= fraction(3, 2)), Some(1));
        // exp(1/2) = 1.64872...
        assert_eq!(terms_of_exp(&fraction(1, 2), |sum| *sum >= fraction(164_873, 100_000)), None);
        assert!(exp_below(&whole(1), 0) < fraction(2_718_281_828_459_045_236u64, 10u64.pow(18)));
        assert_eq!(terms_of_exp(&whole(-1), |_| true), None);
    }

    #[test]
    fn exp_is_bounded_from_above_and_closely() {
        for text in ["-40.25", "-1", "-0.3", "0", "0.3", "1", "2.5", "17.99"] {
            let above = exp_above(&decimal(text).unwrap()).to_f64().unwrap();
            let exact = text.parse::<f64>().unwrap().exp();
            assert!((above / exact - 1.0).abs() < 1e-14, "{text}: {above} {exact}");
        }
        for text in ["0.3", "1", "2.5", "17.99"] {
            let x = decimal(text).unwrap();
            assert!(
                exp_below(&x, 30) < exp_above(&x)
                    && exp_above(&-&x) * exp_below(&x, 30) <= whole(1) + fraction(1, 10u64.pow(15))
            );
            assert!(exp_above(&-&x) * exp_above(&x) > whole(1));
        }
    }

    #[test]
    fn numbers_and_square_roots_are_rounded() {
        assert_eq!(rounded_up(&fraction(1, 3), 2), fraction(34, 100));
        assert_eq!(rounded_up(&fraction(-1, 3), 2), fraction(-33, 100));
        assert_eq!(square_root_below(&whole(2)), fraction(1_414_213, 1_000_000));
        assert_eq!(square_root_above(&whole(4)), fraction(2_000_001, 1_000_000));
    }

    #[test]
    fn cube_roots_are_rounded_down() {
        assert_eq!(cube_root_below(&whole(27)), whole(3));
        assert_eq!(cube_root_below(&whole(3)), fraction(1_442_249, 1_000_000));
        assert_eq!(cube_root_below(&whole(0)), whole(0));
    }
}
