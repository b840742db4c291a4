//! Decimal numbers as they are written: exact, and brought to a common unit as integers.

use crate::error::{Error, Result};

/// A number `digits * 10^exponent`, the digits without zeros at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    exponent: i32,
}

/// Numbers of more digits come from binary ones, and are not meant as decimals.
const SHORT: i128 = 10i128.pow(15);
/// No finite float64 needs an exponent beyond it.
const LARGEST_EXPONENT: i32 = 2000;

impl Decimal {
    /// Reads `-12.50`, `.5` or `1.5e-3`; none for what is no such number or has more digits than an i128.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let mut digits = 0i128;
        for digit in whole.chars().chain(fraction.chars()) {
            digits = digits.checked_mul(10)?.checked_add(digit.to_digit(10)?.into())?;
        }
        let mut exponent = exponent.checked_sub(fraction.len().try_into().ok()?)?;
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            exponent = exponent.checked_add(1)?;
        }
        let digits = if negative { -digits } else { digits };
        match digits {
            0 => Some(Decimal { digits: 0, exponent: 0 }),
            _ => (exponent.abs() <= LARGEST_EXPONENT).then_some(Decimal { digits, exponent }),
        }
    }

    /// Whether this is a short decimal that no float64 equals, such as 0.1.
    pub(super) fn is_rounded(self) -> bool {
        self.digits.abs() < SHORT && !self.is_binary()
    }

    /// Whether a float64 has exactly this value, as far as its digits go.
    fn is_binary(self) -> bool {
        let mut odd = self.digits.unsigned_abs();
        for _ in 0..self.exponent.unsigned_abs() {
            odd = match (self.exponent < 0, odd % 5) {
                (true, 0) => odd / 5,
                (true, _) => return false,
                (false, _) => match odd.checked_mul(5) {
                    Some(odd) => odd,
                    None => return false,
                },
            };
        }
        odd == 0 || odd >> odd.trailing_zeros() <= 1 << f64::MANTISSA_DIGITS
    }

    /// How many units of `10^exponent` this is, if that is an i128.
    fn in_units(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        if self.digits == 0 { Some(0) } else { self.digits.checked_mul(10i128.checked_pow(power)?) }
    }
}

/// The common unit of some lists of numbers, as its exponent of ten, and the numbers in it.
///
/// # Errors
/// When a number is beyond an i128 in this unit.
pub fn in_common_unit<const N: usize>(lists: [&[Decimal]; N]) -> Result<(i32, [Vec<i128>; N])> {
    let all = || lists.iter().flat_map(|list| list.iter()).filter(|number| number.digits != 0);
    let unit = all().map(|number| number.exponent).min().unwrap_or(0).min(0);
    let units = |list: &[Decimal]| list.iter().map(|number| number.in_units(unit)).collect::<Option<Vec<i128>>>();
    let scaled: Option<Vec<Vec<i128>>> = lists.iter().map(|list| units(list)).collect();
    let scaled = scaled.ok_or_else(|| {
        Error::input(format!(
            "the last digit of all numbers is worth 1e{unit}, and the largest number is beyond 38 digits in this unit: \
             give fewer digits, or leave out --decimal"
        ))
    })?;
    Ok((unit, scaled.try_into().expect("as many lists as before")))
}

/// An integer of units of `10^unit`, written as a decimal number.
pub fn decimal_text(integer: i128, unit: i32) -> String {
    let places = usize::try_from(-unit).unwrap_or(0);
    let digits = format!("{:0width$}", integer.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let sign = if integer < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_read_as_written() {
        for (text, digits, exponent) in [
            ("12.50", 125, -1),
            ("-.5", -5, -1),
            ("+1.5e-3", 15, -4),
            ("4600", 46, 2),
            ("5.", 5, 0),
            ("-0.00", 0, 0),
            ("0e999", 0, 0),
            ("2E2", 2, 2),
        ] {
            assert_eq!(decimal(text), Decimal { digits, exponent }, "{text}");
        }
        let long = "1".repeat(40);
        for text in ["", ".", "-", "1,5", "0x1", "nan", "1e", "1e99999", &long, "1 2", "--1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_binary_numbers_cannot_hold_is_known() {
        for text in ["0.1", "46134.77", "1e23", "1e-30", "0.3"] {
            assert!(decimal(text).is_rounded(), "{text}");
        }
        for text in ["0", "0.5", "22.5", "666.25", "1e22", "-7", "0.1000000000000000055511151231"] {
            assert!(!decimal(text).is_rounded(), "{text}");
        }
    }

    #[test]
    fn numbers_meet_in_a_common_unit() {
        let (unit, [x, z]) = in_common_unit([&[decimal("1.25"), decimal("-3")], &[decimal("1e3")]]).unwrap();
        assert_eq!((unit, x, z), (-2, vec![125, -300], vec![100_000]));
        assert_eq!(in_common_unit([&[decimal("400")]]).unwrap(), (0, [vec![400]]));
        let message = in_common_unit([&[decimal("1e30"), decimal("1e-30")]]).unwrap_err().to_string();
        assert!(message.contains("worth 1e-30"), "{message}");
        for (integer, unit, text) in
            [(125, -2, "1.25"), (-5, -3, "-0.005"), (0, -2, "0"), (100, -2, "1"), (17, 0, "17")]
        {
            assert_eq!(decimal_text(integer, unit), text);
        }
    }
}
