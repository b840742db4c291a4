//! Rigorous enclosures: intervals of doubles whose ends are rounded outward, so that they hold the exact value, always.
//!
//! Sums, products, quotients and roots of doubles are rounded correctly (IEEE 754), hence a step to the next double beyond is
//! enough. What else is needed is made of these: see [`elementary`], [`tails`] and [`integrate`].

pub mod elementary;
pub mod integrate;
pub mod tails;
pub mod taylor;

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::numeric::sum_of_two;

/// All numbers from `lo` to `hi`, which may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enclosure {
    lo: f64,
    hi: f64,
}

/// The ends of a result, which is NaN where nothing is known.
fn outward(lo: f64, hi: f64) -> Enclosure {
    Enclosure {
        lo: if lo.is_nan() { f64::NEG_INFINITY } else { lo.next_down() },
        hi: if hi.is_nan() { f64::INFINITY } else { hi.next_up() },
    }
}

impl Enclosure {
    /// 0.
    pub const ZERO: Enclosure = Enclosure { lo: 0.0, hi: 0.0 };
    /// 1.
    pub const ONE: Enclosure = Enclosure { lo: 1.0, hi: 1.0 };
    /// The ratio of a circle's circumference to its diameter.
    pub const PI: Enclosure =
        Enclosure { lo: std::f64::consts::PI, hi: f64::from_bits(std::f64::consts::PI.to_bits() + 1) };
    /// Where nothing is known.
    pub const ALL: Enclosure = Enclosure { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    /// Exactly this double.
    ///
    /// # Panics
    /// When it is NaN.
    pub fn new(value: f64) -> Self {
        Self::between(value, value)
    }

    /// The numbers from `lo` to `hi`.
    ///
    /// # Panics
    /// When `lo` is above `hi`, or one is NaN.
    pub fn between(lo: f64, hi: f64) -> Self {
        assert!(lo <= hi, "no interval from {lo} to {hi}");
        Enclosure { lo, hi }
    }

    /// A whole number, rounded where a double has no room for it.
    pub fn whole(value: u64) -> Self {
        let nearest = value as f64;
        if value < 1 << 53 { Self::new(nearest) } else { outward(nearest, nearest) }
    }

    /// The lower end.
    pub fn lo(self) -> f64 {
        self.lo
    }

    /// The upper end.
    pub fn hi(self) -> f64 {
        self.hi
    }

    /// A double near the middle.
    pub fn middle(self) -> f64 {
        let middle = 0.5 * self.lo + 0.5 * self.hi;
        middle.clamp(self.lo, self.hi)
    }

    /// The upper end less the lower one.
    pub fn width(self) -> f64 {
        (self.hi - self.lo).next_up()
    }

    /// Whether a double is in it.
    pub fn holds(self, value: f64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// The least interval that holds both.
    pub fn hull(self, other: Self) -> Self {
        Enclosure { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// What both hold, where both hold the exact value.
    ///
    /// # Panics
    /// When they have nothing in common.
    pub fn common(self, other: Self) -> Self {
        Self::between(self.lo.max(other.lo), self.hi.min(other.hi))
    }

    /// What is at least 0 of it.
    ///
    /// # Panics
    /// When nothing is.
    pub fn non_negative(self) -> Self {
        Self::between(self.lo.max(0.0), self.hi)
    }

    /// The image under a rising function, by what encloses it at a double.
    fn rising(self, at: impl Fn(f64) -> Enclosure) -> Self {
        Enclosure { lo: at(self.lo).lo, hi: at(self.hi).hi }
    }

    /// The square root of what is at least 0 of it.
    pub fn sqrt(self) -> Self {
        self.non_negative().rising(|x| if x == 0.0 { Self::ZERO } else { outward(x.sqrt(), x.sqrt()).non_negative() })
    }

    /// The square.
    pub fn square(self) -> Self {
        let (lo, hi) = (self.lo.abs().min(self.hi.abs()), self.lo.abs().max(self.hi.abs()));
        let lo = if self.holds(0.0) { 0.0 } else { lo };
        outward(lo * lo, hi * hi).non_negative()
    }

    /// The power with a whole exponent.
    pub fn powi(self, mut exponent: u32) -> Self {
        let (mut power, mut factor) = (Self::ONE, self);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = power * factor;
            }
            exponent /= 2;
            factor = factor.square();
        }
        power
    }

    /// Its multiple by a power of 2, which is exact but among the least doubles.
    pub fn scaled(self, factor: f64) -> Self {
        let (lo, hi) = (self.lo * factor, self.hi * factor);
        let is_exact = |x: f64, y: f64| x == 0.0 || y.is_normal();
        if is_exact(self.lo, lo) && is_exact(self.hi, hi) { Enclosure { lo, hi } } else { outward(lo, hi) }
    }
}

impl Neg for Enclosure {
    type Output = Self;

    fn neg(self) -> Self {
        Enclosure { lo: -self.hi, hi: -self.lo }
    }
}

impl Add for Enclosure {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self == Self::ZERO {
            return other;
        }
        if other == Self::ZERO {
            return self;
        }
        let ((lo, lo_is_exact), (hi, hi_is_exact)) = (sum_of_two(self.lo, other.lo), sum_of_two(self.hi, other.hi));
        let wide = outward(lo, hi);
        Enclosure { lo: if lo_is_exact { lo } else { wide.lo }, hi: if hi_is_exact { hi } else { wide.hi } }
    }
}

impl Sub for Enclosure {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Enclosure {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self == Self::ZERO || other == Self::ZERO {
            return Self::ZERO;
        }
        if self == Self::ONE || other == Self::ONE {
            return if self == Self::ONE { other } else { self };
        }
        if self.lo >= 0.0 && other.lo >= 0.0 {
            return outward(product(self.lo, other.lo), product(self.hi, other.hi)).non_negative();
        }
        let corners = [(self.lo, other.lo), (self.lo, other.hi), (self.hi, other.lo), (self.hi, other.hi)];
        let corners = corners.map(|(x, y)| product(x, y));
        outward(
            corners.into_iter().fold(f64::INFINITY, f64::min),
            corners.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }
}

/// The product of two ends: an infinite end is a number that is not known, of which 0 times is 0.
fn product(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 { 0.0 } else { x * y }
}

impl Div for Enclosure {
    type Output = Self;

    /// All that is not known where the divisor may be 0.
    fn div(self, other: Self) -> Self {
        if other.holds(0.0) {
            return Self::ALL;
        }
        let corners = [self.lo / other.lo, self.lo / other.hi, self.hi / other.lo, self.hi / other.hi];
        if corners.iter().any(|x| x.is_nan()) {
            return Self::ALL;
        }
        let least = corners.into_iter().fold(f64::INFINITY, f64::min);
        let most = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let quotient = outward(least, most);
        if self.lo >= 0.0 && other.lo > 0.0 { quotient.non_negative() } else { quotient }
    }
}

impl std::iter::Sum for Enclosure {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interval() -> impl Strategy<Value = (Enclosure, f64)> {
        (-1e3..1e3f64, 0.0..10.0f64, 0.0..=1.0f64).prop_map(|(lo, width, share)| {
            let all = Enclosure::between(lo, lo + width);
            (all, (lo + share * width).clamp(all.lo, all.hi))
        })
    }

    /// Of an exact sum, product or quotient of doubles, by what rounding leaves over.
    fn holds_exactly(enclosure: Enclosure, rounded: f64, rest: f64) -> bool {
        (enclosure.lo < rounded || enclosure.lo == rounded && rest >= 0.0)
            && (rounded < enclosure.hi || enclosure.hi == rounded && rest <= 0.0)
    }

    proptest! {
        #[test]
        fn operations_hold_what_they_do_to_members((a, x) in interval(), (b, y) in interval()) {
            let sum = x + y;
            let part = sum - x;
            prop_assert!(holds_exactly(a + b, sum, (x - (sum - part)) + (y - part)));
            let product = x * y;
            prop_assert!(holds_exactly(a * b, product, x.mul_add(y, -product)));
            prop_assert!((a - b).holds(x - y) && (-a).holds(-x));
            prop_assert!((a / b).holds(x / y) || y == 0.0);
            prop_assert!(a.square().holds(x * x) && a.square().lo >= 0.0 && a.powi(5).holds(x.powi(5)));
            prop_assert!(a.hull(b).holds(x) && a.hull(b).holds(y));
            if x >= 0.0 {
                prop_assert!(a.sqrt().holds(x.sqrt()));
            }
        }
    }

    #[test]
    fn ends_without_a_number_leave_all_open() {
        let all = Enclosure::ALL;
        assert_eq!(all - all, all);
        assert_eq!(Enclosure::ONE / Enclosure::between(-1.0, 1.0), all);
        assert_eq!(Enclosure::ZERO * all, Enclosure::ZERO);
        assert_eq!(all + Enclosure::ONE, all);
        assert!(Enclosure::whole(u64::MAX).lo < Enclosure::whole(u64::MAX).hi);
        // 3.14159265358979323846 lies between these doubles, whose last digits are ...3116 and ...3560.
        assert!(Enclosure::PI.lo == std::f64::consts::PI && Enclosure::PI.width() < 1e-15);
    }
}
