//! How far forward passes in f64 may be from what they compute.

use super::worst_case::Split;
use crate::tickets::cnn::Kernel;

/// gamma_n = n u / (1 - n u) with u = 2^-53: in whatever order n products are added up, the sum is off by at most this part of
/// the sum of their absolute values (Higham 2002, section 3.1).
pub fn gamma(products: usize) -> f64 {
    let off = products as f64 * 0.5 * f64::EPSILON;
    off / (1.0 - off)
}

/// What is done to a number besides adding up products, per layer: scaled weights, slopes of ReLUs, differences.
const BESIDES: usize = 16;

/// The sums that one layer's outputs are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sums {
    /// Products added up for an output.
    pub(super) products: usize,
    /// The largest sum of absolute values for inputs in [-1, 1].
    pub(super) magnitude: f64,
}

impl Sums {
    /// Of `P * X^+ + Q * X^-`.
    pub(super) fn of_split(split: &Split) -> Self {
        Sums { products: products(&split.plus) + BESIDES, magnitude: split.lipschitz() }
    }

    /// Of a pruned pair V and U that adds up so many products for an output, whether it computes the pair or the sums `|V| U` over its
    /// filters first: these, by absolute values, add up to `magnitude`.
    pub(super) fn of_pair(products: usize, magnitude: f64) -> Self {
        // Summed beforehand, the filters are a rounding of the weights, and the weights' sum is another.
        Sums { products: 2 * products + BESIDES, magnitude }
    }

    /// How far the output of a layer of this Lipschitz constant may be off, if inputs of max norm `norm` are off by `off`.
    pub(super) fn rounding(&self, lipschitz: f64, norm: f64, off: f64) -> f64 {
        lipschitz * off + gamma(self.products) * self.magnitude * (norm + off)
    }
}

/// Products added up for an output of a convolution.
pub(super) fn products(kernel: &Kernel) -> usize {
    kernel.inputs() * kernel.side().pow(2)
}
