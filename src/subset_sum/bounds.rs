//! Targets out of reach: what the range and the steps of the sums in one coordinate prove before any search.
//!
//! All is meant in the arithmetic of [`Problem::solution`]. Adding up is monotone in f64, so the positive entries of a
//! coordinate, added up in the order of the indices, are at least any sum of a subset, and no rounding is to be counted. The
//! largest entries of a fixed number are added up in another order, and their rounding is. Entries that are multiples
//! of a step, in which all sums are exact, have no other sums than multiples.

use std::fmt;

use super::Problem;

/// Whole numbers up to here are exact in f64.
pub(super) const EXACT: i128 = 1 << f64::MANTISSA_DIGITS;

/// Why no subset is within eps of the target.
#[derive(Debug, Clone, PartialEq)]
pub enum Exclusion {
    /// The sums in this coordinate all lie between two numbers, and the target is too far from them.
    Range {
        /// The coordinate, from 0.
        coordinate: usize,
        /// The least sum.
        least: f64,
        /// The greatest sum.
        greatest: f64,
    },
    /// The sums in this coordinate come in steps, and the target is too far from all of them.
    Steps {
        /// The coordinate, from 0.
        coordinate: usize,
        /// How far the nearest of them is from the target.
        distance: f64,
    },
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Exclusion::Range { coordinate, least, greatest } => {
                write!(f, "in coordinate {coordinate} (from 0) all sums lie between {least} and {greatest}")
            }
            Exclusion::Steps { coordinate, distance } => {
                write!(
                    f,
                    "in coordinate {coordinate} (from 0) all sums are multiples of a step, at least {distance} away"
                )
            }
        }
    }
}

/// Why no subset is within eps of the target, if one coordinate shows it.
pub fn excluded(problem: &Problem) -> Option<Exclusion> {
    (0..problem.dimension()).find_map(|coordinate| {
        let range = Range::of(problem, coordinate);
        let Range { least, greatest, .. } = range;
        let is_far = range.distance(problem.target()[coordinate]) > problem.eps();
        let steps = || steps_away(problem, coordinate).filter(|&distance| distance > problem.eps());
        match is_far {
            true => Some(Exclusion::Range { coordinate, least, greatest }),
            false => steps().map(|distance| Exclusion::Steps { coordinate, distance }),
        }
    })
}

/// A number that the error of no subset is below.
pub fn least_error(problem: &Problem) -> f64 {
    let distance = |coordinate: usize| {
        let range = Range::of(problem, coordinate).distance(problem.target()[coordinate]);
        range.max(steps_away(problem, coordinate).unwrap_or(0.0))
    };
    (0..problem.dimension()).map(distance).fold(0.0, f64::max)
}

/// The range of the sums in one coordinate.
struct Range {
    least: f64,
    greatest: f64,
    /// By how much rounding may pass its ends.
    margin: f64,
}

impl Range {
    fn of(problem: &Problem, coordinate: usize) -> Self {
        let column = || column(problem, coordinate);
        let any_size = Range {
            least: column().filter(|&x| x < 0.0).fold(0.0, |sum, x| sum + x),
            greatest: column().filter(|&x| x > 0.0).fold(0.0, |sum, x| sum + x),
            // Integers beyond the exact ones are rounded before they are added up.
            margin: if problem.has_rounded_integers() { problem.rounding() } else { 0.0 },
        };
        let Some(size) = problem.size() else { return any_size };
        let mut rising: Vec<f64> = column().collect();
        rising.sort_unstable_by(f64::total_cmp);
        let sum = |part: &[f64]| part.iter().fold(0.0, |sum, x| sum + x);
        let is_exact = unit_of_exact_sums(problem, coordinate).is_some();
        let sized = Range {
            least: sum(&rising[..size]),
            greatest: sum(&rising[rising.len() - size..]),
            margin: if is_exact { 0.0 } else { problem.rounding() },
        };
        let target = problem.target()[coordinate];
        if sized.distance(target) > any_size.distance(target) { sized } else { any_size }
    }

    /// How far the target is from all sums, at least.
    fn distance(&self, target: f64) -> f64 {
        ((target - self.greatest).max(self.least - target) - self.margin).max(0.0)
    }
}

fn column(problem: &Problem, coordinate: usize) -> impl Iterator<Item = f64> {
    (0..problem.len()).map(move |index| problem.vector(index)[coordinate])
}

/// How far the target is from all sums, at least, because they come in steps; none where sums are not exact, or the target's
/// digits reach too far below or above theirs.
fn steps_away(problem: &Problem, coordinate: usize) -> Option<f64> {
    let unit = unit_of_exact_sums(problem, coordinate)?;
    let target = Dyadic::of(problem.target()[coordinate]);
    let finer = unit.min(target.exponent);
    let numbers: Option<Vec<i128>> = column(problem, coordinate).map(|x| Dyadic::of(x).in_units(finer)).collect();
    let (numbers, target) = (numbers?, target.in_units(finer)?);
    // Of a fixed size, a sum is the first entry so many times and differences from it.
    let first = problem.size().and(numbers.first()).copied().unwrap_or(0);
    let step = numbers.iter().fold(0, |step, x| gcd(step, (x - first).abs()));
    let rest = target - first.checked_mul(problem.size().unwrap_or(0) as i128)?;
    let distance = match step {
        0 => rest.abs(),
        step => rest.rem_euclid(step).min(step - rest.rem_euclid(step)),
    };
    // Rounded as the error is, which is at least as large.
    Some(libm::scalbn(distance as f64, finer))
}

/// Whether no sum of a subset is rounded, nor its difference from the target.
pub(super) fn sums_are_exact(problem: &Problem) -> bool {
    (0..problem.dimension()).all(|coordinate| {
        let target = Dyadic::of(problem.target()[coordinate]);
        let unit = unit_of_exact_sums(problem, coordinate).map(|unit| unit.min(target.exponent));
        unit.is_some_and(|unit| total(problem, coordinate, unit).is_some_and(|total| total <= EXACT))
    })
}

/// The exponent of the power of two in which all entries of a coordinate are whole, if all their sums are exact.
fn unit_of_exact_sums(problem: &Problem, coordinate: usize) -> Option<i32> {
    let unit = column(problem, coordinate).map(|x| Dyadic::of(x).exponent).min()?;
    let entries = column(problem, coordinate).map(|x| Some(Dyadic::of(x).in_units(unit)?.abs()));
    let is_exact = entries.sum::<Option<i128>>()? <= EXACT;
    (is_exact && !problem.has_rounded_integers()).then_some(unit)
}

/// The magnitude of a coordinate's entries and the target's together.
fn total(problem: &Problem, coordinate: usize, unit: i32) -> Option<i128> {
    let all = column(problem, coordinate).chain([problem.target()[coordinate]]);
    all.map(|x| Some(Dyadic::of(x).in_units(unit)?.abs())).sum()
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A float as an odd number times a power of two.
#[derive(Debug, Clone, Copy)]
struct Dyadic {
    odd: i128,
    exponent: i32,
}

/// The exponent of 0, which is a multiple of everything.
const ZERO: i32 = i32::MAX;
/// Numbers in a unit have at most so many bits: there is room for sums of many.
const MOST_BITS: i32 = 90;

impl Dyadic {
    fn of(x: f64) -> Self {
        let biased = (x.to_bits() >> 52 & 0x7ff) as i32;
        let fraction = x.to_bits() & ((1 << 52) - 1);
        let (digits, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        if digits == 0 {
            return Dyadic { odd: 0, exponent: ZERO };
        }
        let zeros = digits.trailing_zeros();
        let odd = i128::from(digits >> zeros);
        Dyadic { odd: if x < 0.0 { -odd } else { odd }, exponent: exponent + zeros as i32 }
    }

    /// How many times two to the power of `unit` this is, if that has not too many bits.
    fn in_units(self, unit: i32) -> Option<i128> {
        if self.odd == 0 {
            return Some(0);
        }
        let bits = (128 - self.odd.unsigned_abs().leading_zeros()) as i32;
        let shift = self.exponent.checked_sub(unit).filter(|&shift| shift >= 0 && shift + bits <= MOST_BITS)?;
        Some(self.odd << shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;
    use rand_distr::{Distribution, StandardNormal};

    fn of(vectors: &[f64], target: f64, eps: f64, size: Option<usize>) -> Option<Exclusion> {
        excluded(&Problem::new(vectors, 1, &[target], eps, size).unwrap())
    }

    #[test]
    fn targets_beyond_the_sums_are_out_of_reach() {
        let x = [1.5, -0.25, 2.0, 4.0];
        for (target, size, is_out) in [
            (7.5, None, false),
            (7.75, None, true),
            (-0.25, None, false),
            (-0.5, None, true),
            (6.0, Some(2), false),
            (6.25, Some(2), true),
            (1.25, Some(2), false),
            (1.0, Some(2), true),
            (0.25, Some(0), true),
            (7.25, Some(4), false),
        ] {
            assert_eq!(of(&x, target, 0.0, size).is_some(), is_out, "{target} {size:?}");
        }
        assert!(of(&x, 7.75, 0.25, None).is_none());
        let range = of(&x, 8.0, 0.25, None).unwrap().to_string();
        assert_eq!(range, "in coordinate 0 (from 0) all sums lie between -0.25 and 7.5");
    }

    #[test]
    fn targets_between_the_steps_are_out_of_reach() {
        let x = [30.0, 22.5, 15.0, 27.5];
        assert!(of(&x, 50.0, 0.0, None).is_none());
        assert_eq!(of(&x, 51.25, 0.0, None), Some(Exclusion::Steps { coordinate: 0, distance: 1.25 }));
        assert!(of(&x, 51.25, 1.25, None).is_none());
        // A target with all the digits of a float.
        assert!(of(&x, 50.1, 0.0, None).is_some());
        // Three odd numbers make an odd one.
        assert!(of(&[1.0, 3.0, 5.0, 7.0, 9.0], 14.0, 0.0, Some(3)).is_some());
        assert!(of(&[1.0, 3.0, 5.0, 7.0, 9.0], 15.0, 0.0, Some(3)).is_none());
        // All alike, or nothing at all.
        assert!(of(&[2.0, 2.0], 3.0, 0.5, None).is_some() && of(&[0.0, 0.0], 1e-300, 0.0, None).is_some());
        // Sums that are rounded come in no steps.
        assert!(of(&[1.0, 1e17], 1e17, 0.0, None).is_none() && of(&[0.1, 1e9], 0.3, 0.0, None).is_none());
    }

    #[test]
    fn no_subset_is_nearer_than_the_least_error() {
        let mut stream = Stream::new(41, 42);
        let (mut excluded_ones, mut positive) = (0, 0);
        for round in 0..400 {
            let (n, dimension) = (stream.random_range(1..=9), stream.random_range(1..=3));
            let whole = round % 2 == 0;
            let mut draw = |scale: f64| {
                let x: f64 = scale * Distribution::<f64>::sample(&StandardNormal, &mut stream);
                if whole { 0.75 * x.round() } else { x }
            };
            let vectors: Vec<f64> = (0..n * dimension).map(|_| draw(2.0)).collect();
            let target: Vec<f64> =
                (0..dimension).map(|_| draw(4.0) + if round % 4 == 0 { 0.125 } else { 0.0 }).collect();
            let size = (round % 3 == 0).then(|| stream.random_range(0..=n));
            let problem = Problem::new(&vectors, dimension, &target, 0.25, size).unwrap();
            let least = (0u32..1 << n)
                .filter(|mask| size.is_none_or(|size| mask.count_ones() as usize == size))
                .map(|mask| problem.solution((0..n).filter(|i| mask >> i & 1 == 1).collect()).error)
                .fold(f64::INFINITY, f64::min);
            assert!(least_error(&problem) <= least, "{problem:?}");
            if excluded(&problem).is_some() {
                assert!(least > 0.25, "{problem:?}");
                excluded_ones += 1;
            }
            positive += u32::from(least_error(&problem) > 0.0);
        }
        assert!(excluded_ones > 50 && positive > 50 && positive < 380, "{excluded_ones} {positive}");
    }

    #[test]
    fn exact_sums_are_known() {
        let exact = |x: &[f64], z: f64| sums_are_exact(&Problem::new(x, 1, &[z], 0.0, None).unwrap());
        assert!(exact(&[1.0, 0.5, 3e9], -7.25) && exact(&[0.0], 0.0) && exact(&[5e-324, 1e-323], 0.0));
        assert!(!exact(&[0.1, 3.0], 1.0) && !exact(&[1.0, 1e16], 0.0) && !exact(&[1.0, 3e9], 0.1));
    }
}
