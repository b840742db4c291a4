//! Theorem 3: a network pruned layer by layer, with two-sided certificates of its error over all inputs.

use rand::RngExt;

use super::kernel::{PrunedKernel, Request};
use super::worst_case::{Inputs, Outputs, Split, WorstCase};
use crate::cnn::{Image, Kernel, Layer, LayerShape, Network};
use crate::error::{Error, Result};
use crate::random::Stream;
use crate::subset_sum::Solver;

/// A target network of l layers and the random network of 2l layers pruned for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PrunedNetwork {
    target: Network,
    layers: Vec<PrunedKernel>,
    dense: Network,
}

/// Upper bounds that hold for every input X with max norm at most 1, up to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// For each layer, the exact worst error `|K * X - L~ * relu(L~ * X)|_max` over all X with max norm at most 1
    /// (Eq. 31), with its X.
    pub layer_errors: Vec<WorstCase>,
    /// The same over 0 <= X <= 1, all that layers behind a ReLU can see.
    pub rectified_layer_errors: Vec<WorstCase>,
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

impl PrunedNetwork {
    /// Prunes a random network of width `n` (the paper's n_i, the same for every layer) layer by layer. Each layer's
    /// kernel error is asked to be at most (eps / 2l) / (2 d^2 c_1 c_0) in the max norm, which by the proof of Lemma 12
    /// makes the layer's error at most (eps / 2l) |X|_max.
    ///
    /// # Errors
    /// When `n` is 0 or eps is not a finite number of at least 0.
    pub fn prune(
        target: &Network,
        n: usize,
        eps: f64,
        size: Option<usize>,
        solver: Option<&dyn Solver>,
        stream: &mut Stream,
    ) -> Result<Self> {
        let layer_eps = eps / (2.0 * target.layers().len() as f64);
        let mut layers = Vec::with_capacity(target.layers().len());
        for layer in target.layers() {
            let request = Request { tolerance: layer_eps / (2.0 * layer.kernel.data().len() as f64), size, solver };
            layers.push(PrunedKernel::draw(layer, n, &request, stream)?);
        }
        PrunedNetwork::of_layers(layers)
    }

    /// The network of layers that were pruned one by one.
    ///
    /// # Errors
    /// When there is no layer or their targets do not chain.
    pub fn of_layers(layers: Vec<PrunedKernel>) -> Result<Self> {
        let target = Network::new(layers.iter().map(|layer| layer.target().clone()).collect())?;
        let dense = Network::new(layers.iter().flat_map(PrunedKernel::dense).collect())?;
        Ok(PrunedNetwork { target, layers, dense })
    }

    /// The target.
    pub fn target(&self) -> &Network {
        &self.target
    }

    /// The pruned layers.
    pub fn layers(&self) -> &[PrunedKernel] {
        &self.layers
    }

    /// The pruned network as a plain one of 2l dense layers, removed filters gone.
    pub fn dense(&self) -> &Network {
        &self.dense
    }

    /// `|N(X) - N~(X)|_max` by forward passes of the target and the dense network.
    pub fn error_at(&self, image: &Image) -> f64 {
        self.target.forward(image).distance(&self.dense.forward(image))
    }

    /// Upper bounds over all inputs of `rows` x `columns` pixels with max norm at most 1.
    ///
    /// Each layer's own errors and norms are exact; chaining them over layers is what makes the total a bound. As in the
    /// end of the proof of Theorem 3, `K X - N~(X~) = K (X - X~) + (K X~ - N~(X~))`, but the norms of X~ and of the
    /// error are kept channel by channel, which is never looser. Nor is an error larger than the two outputs together
    /// (behind a ReLU, than the larger of them).
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn certify(&self, rows: usize, columns: usize) -> Result<Certificate> {
        let shapes = self.target.shapes(rows, columns)?;
        let mut certificate = Certificate {
            layer_errors: Vec::new(),
            rectified_layer_errors: Vec::new(),
            norms_upper: Vec::new(),
            errors_upper: Vec::new(),
        };
        let (mut norms, mut errors) = (vec![1.0; self.target.inputs()], vec![0.0; self.target.inputs()]);
        let mut target_norms = norms.clone();
        for (index, (layer, &(rows, columns))) in self.layers.iter().zip(&shapes).enumerate() {
            let inputs = if index == 0 { Inputs::All } else { Inputs::NonNegative };
            let outputs = if index + 1 < self.layers.len() { Outputs::Rectified } else { Outputs::Absolute };
            let absolute = Outputs::Absolute;
            let (error, operator) = (layer.error(), Split::of_layer(layer.target()));
            let carried = operator.worst_by_channel(rows, columns, &errors, Inputs::All, absolute)?;
            let own = error.worst_by_channel(rows, columns, &norms, inputs, absolute)?;
            norms = layer.response().worst_by_channel(rows, columns, &norms, inputs, outputs)?;
            target_norms = operator.worst_by_channel(rows, columns, &target_norms, inputs, outputs)?;
            let apart = |x: f64, y: f64| if outputs == Outputs::Rectified { x.max(y) } else { x + y };
            let chained = carried.iter().zip(&own).map(|(carried, own)| carried + own);
            let outputs_apart = norms.iter().zip(&target_norms).map(|(&x, &y)| apart(x, y));
            errors = chained.zip(outputs_apart).map(|(x, y)| x.min(y)).collect();
            certificate.layer_errors.push(error.worst_case(rows, columns, 1.0, Inputs::All, absolute)?);
            certificate.rectified_layer_errors.push(error.worst_case(
                rows,
                columns,
                1.0,
                Inputs::NonNegative,
                absolute,
            )?);
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
        let start = &certificate.layer_errors[0].input;
        let responses = self.responses();
        let objective = |image: &Image| self.target.forward(image).distance(&hidden(&responses, image));
        let input = search(start, evaluations, stream, objective);
        let lower = Witness { value: self.error_at(&input), input };
        Ok(Bounds { lower, upper: certificate.total_error_upper() })
    }

    /// For each layer i, the sup of `|X~^(i)|_max` over inputs with max norm at most 1 (Eq. 35, which claims at most
    /// (1 + eps / 2l)^i for i < l), after the ReLU except for the last layer.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn norm_growth(
        &self,
        rows: usize,
        columns: usize,
        evaluations: usize,
        stream: &mut Stream,
    ) -> Result<Vec<Bounds>> {
        let upper = self.certify(rows, columns)?.norms_upper;
        let responses = self.responses();
        let start = responses[0].worst_case(rows, columns, 1.0, Inputs::All, Outputs::Rectified)?.input;
        let mut bounds = Vec::with_capacity(self.layers.len());
        for (depth, upper) in (1..).zip(upper) {
            let last = depth == self.layers.len();
            let norm = |output: Image| if last { output.max_norm() } else { output.positive().max_norm() };
            let input = search(&start, evaluations, stream, |image| norm(hidden(&responses[..depth], image)));
            let part = Network::new(self.dense.layers()[..2 * depth].to_vec())?;
            bounds.push(Bounds { lower: Witness { value: norm(part.forward(&input)), input }, upper });
        }
        Ok(bounds)
    }

    fn responses(&self) -> Vec<Split> {
        self.layers.iter().map(PrunedKernel::response).collect()
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The output of split layers with ReLU between them: by Lemma 11 what the pruned network computes, and far cheaper.
fn hidden(layers: &[Split], image: &Image) -> Image {
    let (first, rest) = layers.split_first().expect("a network has a layer");
    rest.iter().fold(first.forward(image), |hidden, layer| layer.forward(&hidden.positive()))
}

/// Looks for the image in [-1, 1]^... that makes the objective largest, by at most `evaluations` evaluations (at least
/// one): climbs from `start` and then from random vertices.
fn search(start: &Image, evaluations: usize, stream: &mut Stream, objective: impl Fn(&Image) -> f64) -> Image {
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
    best.1
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

/// A random target of the theorem's class: normal weights, every layer scaled to norm_1 = 1.
///
/// # Errors
/// When there is no layer, a shape is empty, a stride is 0 or the layers do not chain.
pub fn random_target(arch: &[LayerShape], stream: &mut Stream) -> Result<Network> {
    if arch.iter().any(|shape| shape.cin == 0 || shape.cout == 0 || shape.k == 0) {
        return Err(Error::input("a layer has no channels or side 0: give at least 1 everywhere"));
    }
    let layer = |shape: &LayerShape| Layer {
        kernel: Kernel::normal(shape.cout, shape.cin, shape.k, stream),
        stride: shape.stride,
        pad: shape.pad,
    };
    let (network, _) = Network::new(arch.iter().map(layer).collect())?.scaled()?;
    Ok(network)
}

/// The target with a random perturbation of every layer whose exact worst error over all X with max norm at most 1, on
/// the layer's own input size, is `delta`: a stand-in for pruning that tests the propagation of errors alone.
///
/// # Errors
/// When delta is not a finite number of at least 0 or a kernel does not fit into its padded input.
pub fn inject_error(target: &Network, delta: f64, rows: usize, columns: usize, stream: &mut Stream) -> Result<Network> {
    if !(delta >= 0.0 && delta.is_finite()) {
        return Err(Error::input(format!("the error to inject is {delta}: give a finite number, at least 0")));
    }
    let shapes = target.shapes(rows, columns)?;
    let mut layers = Vec::with_capacity(target.layers().len());
    for (layer, &(rows, columns)) in target.layers().iter().zip(&shapes) {
        let LayerShape { cin, cout, k, .. } = layer.shape();
        let noise = Layer { kernel: Kernel::normal(cout, cin, k, stream), ..*layer };
        let worst = Split::of_layer(&noise).worst_case(rows, columns, 1.0, Inputs::All, Outputs::Absolute)?.value;
        let kernel = layer.kernel.zip(&noise.kernel, |k, e| k + delta / worst * e);
        layers.push(Layer { kernel, ..*layer });
    }
    Network::new(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARCH: [LayerShape; 3] = [
        LayerShape { cin: 1, cout: 2, k: 3, stride: 1, pad: 1 },
        LayerShape { cin: 2, cout: 2, k: 2, stride: 2, pad: 0 },
        LayerShape { cin: 2, cout: 3, k: 1, stride: 1, pad: 0 },
    ];

    fn pruned(stream: &mut Stream) -> PrunedNetwork {
        let target = random_target(&ARCH, stream).unwrap();
        PrunedNetwork::prune(&target, 12, 0.5, None, None, stream).unwrap()
    }

    fn vertex(rows: usize, columns: usize, stream: &mut Stream) -> Image {
        Image::from_fn(1, rows, columns, |_, _, _| if stream.random() { 1.0 } else { -1.0 })
    }

    #[test]
    fn lower_bounds_are_true_and_below_upper_bounds() {
        let mut stream = Stream::new(51, 52);
        let pruned = pruned(&mut stream);
        let certificate = pruned.certify(4, 6).unwrap();
        let bounds = pruned.total_error(4, 6, 600, &mut stream).unwrap();
        assert!(bounds.lower.input.max_norm() <= 1.0);
        assert_eq!(bounds.lower.value, pruned.error_at(&bounds.lower.input));
        assert_eq!(bounds.upper, certificate.total_error_upper());
        assert!(0.0 < bounds.lower.value && bounds.lower.value <= bounds.upper * (1.0 + 1e-12));
        for _ in 0..50 {
            assert!(pruned.error_at(&vertex(4, 6, &mut stream)) <= bounds.upper * (1.0 + 1e-12));
        }
        for (growth, upper) in pruned.norm_growth(4, 6, 300, &mut stream).unwrap().iter().zip(&certificate.norms_upper)
        {
            assert_eq!(growth.upper, *upper);
            assert!(growth.lower.value <= growth.upper * (1.0 + 1e-12));
        }
    }

    #[test]
    fn of_one_layer_both_bounds_are_the_worst_case() {
        let mut stream = Stream::new(53, 54);
        let target = random_target(&ARCH[..1], &mut stream).unwrap();
        let pruned = PrunedNetwork::prune(&target, 10, 0.5, None, None, &mut stream).unwrap();
        let bounds = pruned.total_error(5, 5, 1, &mut stream).unwrap();
        assert!((bounds.lower.value - bounds.upper).abs() <= 1e-12 * bounds.upper);
        assert_eq!(pruned.certify(5, 5).unwrap().layer_errors[0].value, bounds.upper);
    }

    #[test]
    fn the_dense_network_is_the_masked_random_one() {
        let mut stream = Stream::new(55, 56);
        let pruned = pruned(&mut stream);
        assert_eq!(pruned.dense().layers().len(), 6);
        let image = vertex(4, 4, &mut stream);
        let mut masked = image.clone();
        for (index, layer) in pruned.layers().iter().enumerate() {
            masked = layer.forward(&if index == 0 { masked } else { masked.positive() });
        }
        assert!(masked.distance(&pruned.dense().forward(&image)) < 1e-10);
    }

    #[test]
    fn a_network_of_which_nothing_is_kept_is_zero() {
        let mut stream = Stream::new(57, 58);
        let target = random_target(&ARCH, &mut stream).unwrap();
        let pruned = PrunedNetwork::prune(&target, 3, 1.0, Some(0), None, &mut stream).unwrap();
        let image = vertex(4, 4, &mut stream);
        assert_eq!(pruned.dense().forward(&image).max_norm(), 0.0);
        assert_eq!(pruned.error_at(&image), target.forward(&image).max_norm());
        assert_eq!(pruned.certify(4, 4).unwrap().norms_upper, [0.0; 3]);
    }

    #[test]
    fn random_targets_are_in_the_theorems_class() {
        let target = random_target(&ARCH, &mut Stream::new(59, 60)).unwrap();
        assert!(target.layers().iter().all(|layer| (layer.kernel.norm1() - 1.0).abs() < 1e-12));
        assert!(random_target(&[LayerShape { k: 0, ..ARCH[0] }], &mut Stream::new(59, 60)).is_err());
    }

    #[test]
    fn the_injected_error_is_exact() {
        let mut stream = Stream::new(61, 62);
        let target = random_target(&ARCH, &mut stream).unwrap();
        let injected = inject_error(&target, 0.01, 8, 8, &mut stream).unwrap();
        let shapes = target.shapes(8, 8).unwrap();
        for ((layer, other), (rows, columns)) in target.layers().iter().zip(injected.layers()).zip(shapes) {
            let difference = Layer { kernel: other.kernel.zip(&layer.kernel, |x, y| x - y), ..*layer };
            let worst = Split::of_layer(&difference);
            let worst = worst.worst_case(rows, columns, 1.0, Inputs::All, Outputs::Absolute).unwrap();
            assert!((worst.value - 0.01).abs() < 1e-12);
        }
        assert!(inject_error(&target, f64::NAN, 8, 8, &mut stream).is_err());
    }
}
