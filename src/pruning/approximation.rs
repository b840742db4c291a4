//! A network and its approximation layer by layer: two-sided certificates of the error over all inputs.

use rand::RngExt;

use super::worst_case::{Inputs, Outputs, Split, WorstCase};
use crate::cnn::{Image, Layer, Network};
use crate::error::{Error, Result};
use crate::random::Stream;

/// A target network and, for each of its layers, the split layer that stands in for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation {
    target: Network,
    responses: Vec<Split>,
}

/// Upper bounds that hold for every input X with max norm at most 1, up to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// For each layer, the exact worst error `|K * X - L~ * relu(L~ * X)|_max` over all X with max norm at most 1
    /// (Eq. 31), with its X.
    pub layer_errors: Vec<WorstCase>,
    /// Bounds of `|X~^(i)|_max` for i = 1 to l (Eq. 35): after the ReLU, except for the last.
    pub norms_upper: Vec<f64>,
    /// Bounds of `|X^(i) - X~^(i)|_max` for i = 1 to l, after the ReLU except for the last: the sup of Theorem 3 is at
    /// most the last.
    pub errors_upper: Vec<f64>,
}

impl Certificate {
    /// Bound of the sup over X in [-1, 1]^(c_0 x rows x columns) of `|N(X) - N~(X)|_max`.
    pub fn total_error_upper(&self) -> f64 {
        *self.errors_upper.last().expect("a network has a layer")
    }
}

/// An input found by search, and what it shows: a lower bound of a supremum.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The value at the input, by forward passes.
    pub value: f64,
    /// The input, of max norm at most 1.
    pub input: Image,
}

/// A supremum between the value at an input and a certified bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// The best input found.
    pub lower: Witness,
    /// The certified bound.
    pub upper: f64,
}

impl Approximation {
    /// A target and one split layer of the same shape for each of its layers.
    pub fn new(target: Network, responses: Vec<Split>) -> Self {
        assert_eq!(target.layers().len(), responses.len(), "one response for each layer");
        Approximation { target, responses }
    }

    /// A target and another network of the same shape.
    pub fn by_network(target: &Network, other: &Network) -> Self {
        Approximation::new(target.clone(), other.layers().iter().map(Split::of_layer).collect())
    }

    /// The target.
    pub fn target(&self) -> &Network {
        &self.target
    }

    /// What stands in for the target's layers, first to last.
    pub fn responses(&self) -> &[Split] {
        &self.responses
    }

    /// The first `depth` layers (at least 1) alone.
    ///
    /// # Errors
    /// When there are no layers left.
    pub fn first(&self, depth: usize) -> Result<Self> {
        let target = Network::new(self.target.layers()[..depth].to_vec())?.with_leak(self.target.leak())?;
        Ok(Approximation::new(target, self.responses[..depth].to_vec()))
    }

    /// Upper bounds over all inputs of `rows` x `columns` pixels with max norm at most 1.
    ///
    /// Each layer's own errors and norms are exact; chaining them over layers is what makes the total a bound. As in the
    /// end of the proof of Theorem 3, `K X - N~(X~) = K (X - X~) + (K X~ - N~(X~))`, but the norms of X~ and of the
    /// error are kept channel by channel, which is never looser. Nor is an error larger than the two outputs together
    /// (behind a ReLU, than the larger of them).
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn certify(&self, rows: usize, columns: usize) -> Result<Certificate> {
        let shapes = self.target.shapes(rows, columns)?;
        let mut certificate =
            Certificate { layer_errors: Vec::new(), norms_upper: Vec::new(), errors_upper: Vec::new() };
        let (mut norms, mut errors) = (vec![1.0; self.target.inputs()], vec![0.0; self.target.inputs()]);
        let mut target_norms = norms.clone();
        for (index, (response, &(rows, columns))) in self.responses.iter().zip(&shapes).enumerate() {
            // What leaks may be of either sign.
            let rectified = self.target.leak() == 0.0;
            let inputs = if index > 0 && rectified { Inputs::NonNegative } else { Inputs::All };
            let last = index + 1 == self.responses.len();
            let outputs = if rectified && !last { Outputs::Rectified } else { Outputs::Absolute };
            let absolute = Outputs::Absolute;
            let target = &self.target.layers()[index];
            let (error, operator) = (error(target, response), Split::of_layer(target));
            let carried = operator.worst_by_channel(rows, columns, &errors, Inputs::All, absolute)?;
            let own = error.worst_by_channel(rows, columns, &norms, inputs, absolute)?;
            norms = response.worst_by_channel(rows, columns, &norms, inputs, outputs)?;
            target_norms = operator.worst_by_channel(rows, columns, &target_norms, inputs, outputs)?;
            let apart = |x: f64, y: f64| if outputs == Outputs::Rectified { x.max(y) } else { x + y };
            let chained = carried.iter().zip(&own).map(|(carried, own)| carried + own);
            let outputs_apart = norms.iter().zip(&target_norms).map(|(&x, &y)| apart(x, y));
            errors = chained.zip(outputs_apart).map(|(x, y)| x.min(y)).collect();
            let layer_error = error.worst_case(rows, columns, 1.0, Inputs::All, absolute)?;
            let bounds = [&errors[..], &norms, &target_norms, &[layer_error.value]].concat();
            if !bounds.iter().all(|bound| bound.is_finite()) {
                return Err(overflow(index));
            }
            certificate.layer_errors.push(layer_error);
            certificate.errors_upper.push(largest(&errors));
            certificate.norms_upper.push(largest(&norms));
        }
        Ok(certificate)
    }

    /// The sup over X in [-1, 1]^(c_0 x rows x columns) of `|N(X) - N~(X)|_max`, between the best input that a search of
    /// `evaluations` forward passes finds and the certified bound.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn total_error(&self, rows: usize, columns: usize, evaluations: usize, stream: &mut Stream) -> Result<Bounds> {
        let certificate = self.certify(rows, columns)?;
        let lower = self.worst_found(&certificate.layer_errors[0].input, 0, evaluations, stream);
        Ok(Bounds { lower, upper: certificate.total_error_upper() })
    }

    /// The largest `|N(X) - N~(X)|_max` that a search of `evaluations` forward passes finds, from an input in [-1, 1] on. The
    /// last `ones` channels are 1 throughout.
    pub fn worst_found(&self, start: &Image, ones: usize, evaluations: usize, stream: &mut Stream) -> Witness {
        let mut free = start.clone();
        (0..ones).for_each(|_| free = free.without_last());
        let whole = |free: &Image| (0..ones).fold(free.clone(), |image, _| image.with_ones());
        let found = search(&free, evaluations, stream, |image| self.error_at(&whole(image)));
        Witness { input: whole(&found.input), ..found }
    }

    /// `|N(X) - N~(X)|_max` at one input.
    pub fn error_at(&self, image: &Image) -> f64 {
        self.target.forward(image).distance(&hidden(&self.responses, self.target.leak(), image))
    }

    /// The sup of `|X~^(i)|_max` after `depth` = i layers, from 1, over inputs with max norm at most 1 (Eq. 35, which
    /// claims at most (1 + eps / 2l)^i for i < l), after the ReLU except for the last layer.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn norm_growth(
        &self,
        depth: usize,
        rows: usize,
        columns: usize,
        evaluations: usize,
        stream: &mut Stream,
    ) -> Result<Bounds> {
        let upper = self.certify(rows, columns)?.norms_upper[depth - 1];
        let start = self.responses[0].worst_case(rows, columns, 1.0, Inputs::All, Outputs::Rectified)?.input;
        let last = depth == self.responses.len();
        let leak = self.target.leak();
        let norm = |output: Image| if last { output.max_norm() } else { output.leaky(leak).max_norm() };
        let lower = search(&start, evaluations, stream, |image| {
            norm(hidden(&self.responses[..depth], self.target.leak(), image))
        });
        Ok(Bounds { lower, upper })
    }
}

/// The error `K * X - (P * X^+ + Q * X^-)` of a layer as a split layer.
fn error(target: &Layer, response: &Split) -> Split {
    Split {
        plus: target.kernel.zip(&response.plus, |k, p| k - p),
        minus: target.kernel.zip(&response.minus, |k, q| -k - q),
        stride: response.stride,
        pad: response.pad,
    }
}

fn overflow(layer: usize) -> Error {
    Error::input(format!(
        "conv{layer}.weight: over inputs in [-1, 1] outputs of this layer overflow: scale the weights down"
    ))
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The output of split layers with (leaky) ReLU between them: by Lemma 11 what the pruned network computes, and far cheaper.
fn hidden(layers: &[Split], leak: f64, image: &Image) -> Image {
    let (first, rest) = layers.split_first().expect("a network has a layer");
    rest.iter().fold(first.forward(image), |hidden, layer| layer.forward(&hidden.leaky(leak)))
}

/// Looks for the image in [-1, 1]^... that makes the objective largest, by at most `evaluations` evaluations (at least
/// one): climbs from `start` and then from random vertices.
fn search(start: &Image, evaluations: usize, stream: &mut Stream, objective: impl Fn(&Image) -> f64) -> Witness {
    let mut left = evaluations;
    let mut best = climb(start.clone(), &mut left, stream, &objective);
    while left > 0 {
        let sign = |_, _, _| if stream.random() { 1.0 } else { -1.0 };
        let vertex = Image::from_fn(start.channels(), start.rows(), start.columns(), sign);
        let found = climb(vertex, &mut left, stream, &objective);
        if found.0 > best.0 {
            best = found;
        }
    }
    Witness { value: best.0, input: best.1 }
}

/// Sets random pixels to -1, 0 or 1 as long as that helps, and counts the evaluations down.
fn climb(mut image: Image, left: &mut usize, stream: &mut Stream, objective: &impl Fn(&Image) -> f64) -> (f64, Image) {
    let pixels = image.data().len();
    let mut value = objective(&image);
    *left = left.saturating_sub(1);
    let mut failures = 0;
    while *left > 0 && failures < 3 * pixels {
        let pixel = stream.random_range(0..pixels);
        let before = image.data()[pixel];
        image.data_mut()[pixel] = [-1.0, 0.0, 1.0][stream.random_range(0..3)];
        let changed = objective(&image);
        *left -= 1;
        if changed > value {
            value = changed;
            failures = 0;
        } else {
            image.data_mut()[pixel] = before;
            failures += 1;
        }
    }
    (value, image)
}
