//! How far forward passes in f64 may be from what they compute.

use super::worst_case::Split;
use crate::tickets::cnn::{Kernel, Layer, Network};

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

    /// Of each pair of layers of a network, V and then U, whether it computes the pair or the sums `|V| U` over its filters first.
    pub(super) fn of_pairs(network: &Network) -> Vec<Self> {
        let pair = |pair: &[Layer]| {
            let [v, u] = [&pair[0].kernel, &pair[1].kernel];
            let norm1s: Vec<f64> = (0..v.outputs()).map(|filter| v.filter_norm1(filter)).collect();
            let filter = |output, filter| u.window(output, filter).iter().map(|x| x.abs()).sum::<f64>();
            let sum = |output| norm1s.iter().enumerate().map(|(l, norm1)| norm1 * filter(output, l)).sum::<f64>();
            // Summed beforehand, the filters are a rounding of the weights, and the weights' sum is another.
            let products = 2 * (products(v) + products(u)) + BESIDES;
            Sums { products, magnitude: (0..u.outputs()).map(sum).fold(0.0, f64::max) }
        };
        let (mut layers, mut roles) = (network.layers(), network.roles());
        let mut sums = Vec::new();
        while let (Some(layer), Some(role)) = (layers.first(), roles.first()) {
            let count = if role.fixed { 1 } else { 2 };
            sums.push(if role.fixed { Sums::of_split(&Split::of_layer(layer)) } else { pair(&layers[..count]) });
            (layers, roles) = (&layers[count..], &roles[count..]);
        }
        sums
    }

    /// How far the output of a layer of this Lipschitz constant may be off, if inputs of max norm `norm` are off by `off`.
    pub(super) fn rounding(&self, lipschitz: f64, norm: f64, off: f64) -> f64 {
        lipschitz * off + gamma(self.products) * self.magnitude * (norm + off)
    }
}

fn products(kernel: &Kernel) -> usize {
    kernel.inputs() * kernel.side().pow(2)
}
