//! Numbers of formulas: a double where one is exact enough, and the log of the absolute value everywhere.

use libm::lgamma;

use crate::numeric::{ln_add, ln_sub};

/// A real number that keeps its value where it is outside a double's range: (1e-9)^256 is a number, not zero.
///
/// Inside the range the double decides, so that `k >= d^2` is exact where the integers are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The value; 0 or infinite where it is outside the range of normal doubles.
    value: f64,
    negative: bool,
    /// ln of the absolute value; minus infinity for 0.
    ln: f64,
}

impl Number {
    /// A number from its value.
    pub fn new(value: f64) -> Self {
        Number { value, negative: value < 0.0, ln: value.abs().ln() }
    }

    /// A non-negative number from its log.
    pub fn from_ln(ln: f64) -> Self {
        Self::signed(false, ln)
    }

    fn signed(negative: bool, ln: f64) -> Self {
        let value = if negative { -ln.exp() } else { ln.exp() };
        Number { value, negative, ln }
    }

    /// The value as a double, if it is zero or in the range of normal doubles.
    fn exact(self) -> Option<f64> {
        (self.value.is_normal() || self.ln == f64::NEG_INFINITY).then_some(self.value)
    }

    /// The double where it is in range, and otherwise what the logs say.
    fn either(value: Option<f64>, by_logs: impl FnOnce() -> Number) -> Number {
        match value {
            Some(value) if value.is_normal() => Number::new(value),
            _ => by_logs(),
        }
    }

    /// The value as a double: 0 or infinite outside its range.
    pub fn value(self) -> f64 {
        self.value
    }

    /// ln of the absolute value; minus infinity for 0.
    pub fn ln_abs(self) -> f64 {
        self.ln
    }

    /// Whether the number is below 0.
    pub fn is_negative(self) -> bool {
        self.negative && self.ln > f64::NEG_INFINITY
    }

    /// Whether the number means something: no NaN, no infinite log.
    pub fn is_meaningful(self) -> bool {
        !self.ln.is_nan() && self.ln < f64::INFINITY && !self.value.is_nan()
    }

    /// e^x.
    pub fn exp(self) -> Self {
        Self::from_ln(self.value)
    }

    /// ln x; NaN below 0.
    pub fn ln(self) -> Self {
        if self.is_negative() { Self::new(f64::NAN) } else { Self::new(self.ln) }
    }

    /// The square root; NaN below 0.
    pub fn sqrt(self) -> Self {
        if self.is_negative() {
            return Self::new(f64::NAN);
        }
        Self::either(self.exact().map(f64::sqrt), || Self::from_ln(0.5 * self.ln))
    }

    /// ln |Gamma(x)|.
    pub fn lgamma(self) -> Self {
        Self::new(lgamma(self.value))
    }

    /// x^y. A negative x needs a whole y.
    pub fn pow(self, power: Self) -> Self {
        let whole = power.value.trunc() == power.value;
        if self.is_negative() && !whole {
            return Self::new(f64::NAN);
        }
        if power.value == 0.0 {
            return Self::new(1.0);
        }
        let negative = self.is_negative() && power.value.rem_euclid(2.0) == 1.0;
        Self::either(self.exact().map(|x| x.powf(power.value)), || Self::signed(negative, self.ln * power.value))
    }

    /// Which of two numbers is larger; `None` if one is NaN.
    pub fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        if let (Some(a), Some(b)) = (self.exact(), other.exact()) {
            return a.partial_cmp(&b);
        }
        match (self.is_negative(), other.is_negative()) {
            (false, false) => self.ln.partial_cmp(&other.ln),
            (true, true) => other.ln.partial_cmp(&self.ln),
            (a, b) => b.partial_cmp(&a),
        }
    }
}

impl std::ops::Neg for Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number { value: -self.value, negative: !self.negative, ln: self.ln }
    }
}

impl std::ops::Add for Number {
    type Output = Number;
    fn add(self, other: Number) -> Number {
        let both = self.exact().zip(other.exact()).map(|(a, b)| a + b);
        if both == Some(0.0) {
            return Number::new(0.0);
        }
        Number::either(both, || {
            if self.negative == other.negative {
                return Number::signed(self.negative, ln_add(self.ln, other.ln));
            }
            let (large, small) = if self.ln >= other.ln { (self, other) } else { (other, self) };
            Number::signed(large.negative, ln_sub(large.ln, small.ln))
        })
    }
}

impl std::ops::Sub for Number {
    type Output = Number;
    fn sub(self, other: Number) -> Number {
        self + -other
    }
}

impl std::ops::Mul for Number {
    type Output = Number;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "logs add where numbers multiply")]
    fn mul(self, other: Number) -> Number {
        let negative = self.negative != other.negative;
        Number::either(self.exact().zip(other.exact()).map(|(a, b)| a * b), || {
            // 0 times anything is 0, also where the other's log is infinite.
            let zero = self.ln == f64::NEG_INFINITY || other.ln == f64::NEG_INFINITY;
            Number::signed(negative, if zero { f64::NEG_INFINITY } else { self.ln + other.ln })
        })
    }
}

impl std::ops::Div for Number {
    type Output = Number;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "logs subtract where numbers divide")]
    fn div(self, other: Number) -> Number {
        let negative = self.negative != other.negative;
        Number::either(self.exact().zip(other.exact()).map(|(a, b)| a / b), || {
            Number::signed(negative, self.ln - other.ln)
        })
    }
}
