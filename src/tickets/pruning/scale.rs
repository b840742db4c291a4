//! By how much each layer of a target is scaled before it is approximated.
//!
//! A subset sum's error does not grow with its target, as long as the target is well within the hull of the sums. A ReLU
//! network without bias is positively homogeneous in every layer, so that a layer may be scaled up, approximated, and
//! scaled down again, together with its error. The theorem's condition norm_1(K) <= 1 scales trained layers down instead,
//! and their errors up.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::tickets::cnn::Kernel;

/// How layers are scaled. All factors are powers of two, so that scaling and undoing it round nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// As far up as the sums reach with ease: to the largest 2-norm of an input channel, in standard deviations of the
    /// vectors' entries, that is at most this share of the width ([`REACH`]).
    Auto,
    /// Not at all.
    None,
    /// To the largest norm_1 that is at most this number: 1 is the condition of Theorem 3.
    Norm1(f64),
}

/// The share of the width n that [`Scale::Auto`] lets a channel's 2-norm have. Sums of the about n/2 vectors of a sign reach
/// about 0.28 of their number in every direction; from half of that on, the search leaves too few vectors for its end. Of a
/// fixed size, twice the size counts instead of n where that is less.
pub const REACH: f64 = 1.0 / 16.0;

/// The largest weights of layers that can be scaled: products with factors, and the factors' inverses, are normal numbers.
pub const WEIGHTS: RangeInclusive<f64> = 1e-100..=1e100;
/// The norms to which layers can be scaled.
pub const NORMS: RangeInclusive<f64> = 1e-30..=1e30;

impl Scale {
    /// The scale of the theorem's norm condition.
    pub const THEOREM: Scale = Scale::Norm1(1.0);

    /// Checks that a layer can be scaled so.
    ///
    /// # Errors
    /// When its largest weight is not in [`WEIGHTS`], or the norm to scale to is not in [`NORMS`].
    pub fn check(self, kernel: &Kernel) -> Result<()> {
        let largest = kernel.max_norm();
        if !WEIGHTS.contains(&largest) {
            return Err(Error::input(format!(
                "its largest weight is {largest:.3e}: scale the layer so that it is from {:e} to {:e}",
                WEIGHTS.start(),
                WEIGHTS.end()
            )));
        }
        match self {
            Scale::Norm1(norm) if !NORMS.contains(&norm) => Err(Error::input(format!(
                "it is to be scaled to norm1 = {norm:e}: give a norm from {:e} to {:e}",
                NORMS.start(),
                NORMS.end()
            ))),
            _ => Ok(()),
        }
    }

    /// The factor, a power of two, for a layer with at least one weight that is not 0. `size` is how many vectors a sum has, if
    /// that is fixed; `spread` is the standard deviation of the vectors' entries.
    pub fn factor(self, kernel: &Kernel, width: usize, size: Option<usize>, spread: f64) -> f64 {
        match self {
            Scale::Auto => {
                let vectors = size.map_or(width, |size| width.min(2 * size));
                power_of_two(REACH * vectors as f64 * spread / largest_channel(kernel))
            }
            Scale::None => 1.0,
            Scale::Norm1(norm) => power_of_two(norm / kernel.norm1()),
        }
    }
}

/// How a scale reads on the command line and in records.
impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Scale::Auto => f.write_str("auto"),
            Scale::None => f.write_str("none"),
            Scale::Norm1(norm) if *norm == 1.0 => f.write_str("theorem"),
            Scale::Norm1(norm) => write!(f, "{norm}"),
        }
    }
}

/// The largest 2-norm of an input channel's entries.
fn largest_channel(kernel: &Kernel) -> f64 {
    let norm = |channel| kernel.input_slice(channel).iter().map(|x| x * x).sum::<f64>().sqrt();
    (0..kernel.inputs()).map(norm).fold(0.0, f64::max)
}

/// The largest power of two that is at most x, kept where its inverse and products with weights are normal numbers.
fn power_of_two(x: f64) -> f64 {
    let power = 2f64.powi(x.log2().floor().clamp(-500.0, 500.0) as i32);
    // The logarithm may round up.
    if power > x { 0.5 * power } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_the_largest_powers_of_two_allowed() {
        let kernel = Kernel::new(2, 2, 1, vec![3.0, 0.0, -4.0, 1.0]).unwrap();
        assert_eq!(Scale::THEOREM.factor(&kernel, 100, None, 1.0), 0.125);
        assert_eq!(Scale::Norm1(64.0).factor(&kernel, 100, None, 1.0), 8.0);
        assert_eq!(Scale::Norm1(63.9).factor(&kernel, 100, None, 1.0), 4.0);
        assert_eq!(Scale::None.factor(&kernel, 100, None, 1.0), 1.0);
        // The largest channel has norm 5.
        assert_eq!(Scale::Auto.factor(&kernel, 16 * 40, None, 1.0), 8.0);
        assert_eq!(Scale::Auto.factor(&kernel, 16 * 39, None, 1.0), 4.0);
        assert_eq!(Scale::Auto.factor(&kernel, 16 * 40, None, 0.5), 4.0);
        assert_eq!(Scale::Auto.factor(&kernel, 16 * 40, Some(8 * 10), 1.0), 2.0);
    }

    #[test]
    fn what_cannot_be_scaled_is_refused() {
        let kernel = |weight| Kernel::new(1, 1, 1, vec![weight]).unwrap();
        for weight in [1e-100, 1e100] {
            assert!(Scale::Auto.check(&kernel(weight)).is_ok());
            // No factor is cut off.
            for norm in [NORMS.start(), NORMS.end()] {
                let scaled = weight * Scale::Norm1(*norm).factor(&kernel(weight), 100, None, 1.0);
                assert!(scaled <= *norm && 2.0 * scaled > *norm, "{weight:e} {norm:e} {scaled:e}");
            }
        }
        for weight in [1e-200, 1e200] {
            let message = Scale::Auto.check(&kernel(weight)).unwrap_err().to_string();
            assert!(message.contains("so that it is from 1e-100 to 1e100"), "{message}");
        }
        for norm in [1e-320, 1e150, f64::NAN] {
            assert!(Scale::Norm1(norm).check(&kernel(1.0)).unwrap_err().to_string().contains("from 1e-30 to 1e30"));
        }
    }

    #[test]
    fn powers_of_two_do_not_overflow() {
        for x in [f64::MIN_POSITIVE, 1e-300, 0.1, 1.0, 1e300, f64::MAX] {
            let power = power_of_two(x);
            assert!(power.is_normal() && power.recip().is_normal());
        }
        assert_eq!([0.99, 1.0, 1.99, 2.0, 8.0f64.next_down()].map(power_of_two), [0.5, 1.0, 1.0, 2.0, 4.0]);
    }
}
