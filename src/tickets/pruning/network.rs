//! Theorem 3: a random network pruned layer by layer, and the networks on which its proof is tested.

use std::sync::OnceLock;

use super::approximation::Approximation;
use super::kernel::{PrunedKernel, Request};
use super::pair::{Pair, RandomPair};
use super::rounding::Sums;
use super::worst_case::{Inputs, Outputs, Split};
use crate::error::{Error, Result};
use crate::random::Stream;
use crate::subset_sum::Solver;
use crate::tickets::cnn::{Image, Kernel, Layer, LayerShape, Network, Role};

/// A target network of l layers and the random network of 2l layers pruned for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PrunedNetwork<P = RandomPair> {
    target: Network,
    layers: Vec<PrunedKernel<P>>,
    factors: Vec<f64>,
    dense: OnceLock<Network>,
}

/// Whether a pair was pruned for the 1x1 kernel that a target's kernel becomes on unfolded images.
fn is_unfolded<P: Pair>(layer: &PrunedKernel<P>, target: &Layer) -> bool {
    let geometry = |layer: &Layer| (layer.kernel.side(), layer.stride, layer.pad);
    geometry(layer.target()) != geometry(target)
}

/// What a pair with leaky ReLUs of slope a computes, given L^+ and L^-: V > 0 reads X^+ - a X^-, and V < 0 reads X^- - a X^+,
/// so that it is `(L^+ - a L^-) * X^+ + (L^- - a L^+) * X^-`.
fn leaky(response: Split, leak: f64) -> Split {
    let [plus, minus] = [(&response.plus, &response.minus), (&response.minus, &response.plus)]
        .map(|(kept, leaked)| kept.zip(leaked, |kept, leaked| kept - leak * leaked));
    Split { plus, minus, ..response }
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
            let request = Request {
                tolerance: layer_eps / (2.0 * layer.kernel.data().len() as f64),
                size,
                solver,
                ..Request::default()
            };
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
        let factors = vec![1.0; layers.len()];
        PrunedNetwork::of_scaled_layers(target, layers, factors)
    }
}

impl<P: Pair> PrunedNetwork<P> {
    /// The network of layers that were pruned one by one, each for the target's layer times a factor (and, with leaky ReLUs of
    /// slope a, over 1 + a, see [`PrunedNetwork::approximation`]), which is undone on every layer of the second kind (positive
    /// homogeneity). Powers of two are undone exactly. A layer may have been pruned for unfolded images, see
    /// [`Kernel::unfolded`]: then the first kernel of its pair is the d x d one.
    ///
    /// # Errors
    /// When there is not one pruned layer and factor for each of the target's, or their shapes do not chain.
    pub fn of_scaled_layers(target: Network, layers: Vec<PrunedKernel<P>>, factors: Vec<f64>) -> Result<Self> {
        if (layers.len(), factors.len()) != (target.depth(), target.depth()) {
            return Err(Error::Shape(format!(
                "{} pruned layers and {} factors for a target of {}: give one each",
                layers.len(),
                factors.len(),
                target.depth()
            )));
        }
        let of_target = |layer: &PrunedKernel<P>, index: usize| {
            let target = &target.layers()[index].kernel;
            let unfolded = (target.inputs() * target.side().pow(2), target.outputs(), 1);
            let shape = layer.pair().shape();
            shape == (target.inputs(), target.outputs(), target.side()) || shape == unfolded
        };
        if let Some((_, index)) = layers.iter().zip(target.places()).find(|&(layer, index)| !of_target(layer, index)) {
            return Err(Error::Shape(format!(
                "{} was pruned for another shape: prune it for this target",
                target.tensor(index)
            )));
        }
        Ok(PrunedNetwork { target, layers, factors, dense: OnceLock::new() })
    }

    /// The target.
    pub fn target(&self) -> &Network {
        &self.target
    }

    /// The pruned layers, each for the target's layer times its factor: one for each of the target's that is not fixed.
    pub fn layers(&self) -> &[PrunedKernel<P>] {
        &self.layers
    }

    /// What each of the target's layers was multiplied by before it was approximated.
    pub fn factors(&self) -> &[f64] {
        &self.factors
    }

    /// The pruned network as a plain one of 2l dense layers, removed filters gone and factors undone, and the target's fixed layers
    /// between them; made when it is asked for first, of [`PrunedNetwork::dense_weights`] numbers.
    pub fn dense(&self) -> &Network {
        self.dense.get_or_init(|| self.make_dense())
    }

    /// The numbers in the dense kernels of all pairs.
    pub fn dense_weights(&self) -> u64 {
        let weights = |layer: &PrunedKernel<P>| {
            let (inputs, outputs, side) = layer.pair().shape();
            (layer.kept_count() * (inputs + outputs * side * side)) as u64
        };
        self.layers.iter().map(weights).sum()
    }

    fn make_dense(&self) -> Network {
        let undone = |layer: &PrunedKernel<P>, factor: f64, target: &Layer| {
            let [v, u] = layer.dense();
            let u = Layer { kernel: u.kernel.map(|x| x / factor), ..u };
            // The d x d kernel stands first where the pair was made for unfolded images.
            if is_unfolded(layer, target) {
                [Layer { kernel: v.kernel.folded(target.kernel.side()), ..*target }, u]
            } else {
                [v, u]
            }
        };
        let (mut dense, mut roles) = (Vec::new(), Vec::new());
        for (target, role, pruned) in self.stand_ins() {
            let stand_ins = match pruned {
                Some((layer, factor)) => undone(layer, factor, target).to_vec(),
                None => vec![target.clone()],
            };
            for layer in stand_ins {
                roles.push(Role { fixed: role.fixed, ..Role::conv(roles.len()) });
                dense.push(layer);
            }
        }
        let network = Network::new(dense).and_then(|network| network.with_roles(roles));
        network.and_then(|network| network.with_leak(self.target.leak())).expect("the pairs have the target's shapes")
    }

    /// The target's layers and roles, each with the pruned layer and its factor that stand in for it, unless it is fixed.
    fn stand_ins(&self) -> impl Iterator<Item = (&Layer, &Role, Option<(&PrunedKernel<P>, f64)>)> {
        let mut pruned = self.layers.iter().zip(self.factors.iter().copied());
        let layers = self.target.layers().iter().zip(self.target.roles());
        layers.map(move |(layer, role)| (layer, role, if role.fixed { None } else { pruned.next() }))
    }

    /// `|N(X) - N~(X)|_max` by forward passes of the target and the dense network.
    pub fn error_at(&self, image: &Image) -> f64 {
        self.target.forward(image).distance(&self.dense().forward(image))
    }

    /// The target beside what the pruned layers compute (Lemma 11), factors undone: their errors over all inputs are
    /// certified there. With leaky ReLUs of slope a, L^+ near K / (1 + a) and L^- near -K / (1 + a) make a pair near K.
    pub fn approximation(&self) -> Approximation {
        let undone = |layer: &PrunedKernel<P>, factor: f64, target: &Layer| {
            let response = leaky(layer.response(), self.target.leak());
            let side = target.kernel.side();
            let fold = |kernel: Kernel| if is_unfolded(layer, target) { kernel.folded(side) } else { kernel };
            let [plus, minus] = [response.plus, response.minus].map(|kernel| fold(kernel.map(|x| x / factor)));
            Split { plus, minus, stride: target.stride, pad: target.pad }
        };
        let split = |(target, _, pruned): (&Layer, &Role, Option<(&PrunedKernel<P>, f64)>)| match pruned {
            Some((layer, factor)) => undone(layer, factor, target),
            None => Split::of_layer(target),
        };
        let sums = |(target, _, pruned): (&Layer, &Role, Option<(&PrunedKernel<P>, f64)>)| match pruned {
            Some((layer, factor)) => {
                let (inputs, _, side) = layer.pair().shape();
                Sums::of_pair(inputs + layer.kept_count() * side * side, layer.magnitude() / factor)
            }
            None => Sums::of_split(&Split::of_layer(target)),
        };
        let responses = self.stand_ins().map(split).collect();
        Approximation::new(self.target.clone(), responses).summed_from(self.stand_ins().map(sums).collect())
    }
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

/// Which way an injected error points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Normal noise.
    Random,
    /// Along the layer's own kernel: every output grows.
    Growing,
    /// Against it.
    Shrinking,
}

/// The target with a perturbation of every layer whose exact worst error over all X with max norm at most 1, on the layer's
/// own input size, is `delta`: a stand-in for pruning that tests the propagation of errors alone. `side` is (rows, columns) of
/// the network's inputs.
///
/// # Errors
/// When delta is not a finite number of at least 0 or a kernel does not fit into its padded input.
pub fn inject_error(
    target: &Network,
    delta: f64,
    direction: Direction,
    side: (usize, usize),
    stream: &mut Stream,
) -> Result<Network> {
    if !(delta >= 0.0 && delta.is_finite()) {
        return Err(Error::input(format!("the error to inject is {delta}: give a finite number, at least 0")));
    }
    let shapes = target.shapes(side.0, side.1)?;
    let mut layers = Vec::with_capacity(target.layers().len());
    for (layer, &(rows, columns)) in target.layers().iter().zip(&shapes) {
        let LayerShape { cin, cout, k, .. } = layer.shape();
        let noise = match direction {
            Direction::Random => Kernel::normal(cout, cin, k, stream),
            Direction::Growing => layer.kernel.clone(),
            Direction::Shrinking => layer.kernel.map(|x| -x),
        };
        let noise = Layer { kernel: noise, ..*layer };
        let worst = Split::of_layer(&noise).worst_case(rows, columns, 1.0, Inputs::All, Outputs::Absolute)?.value;
        let kernel = layer.kernel.zip(&noise.kernel, |k, e| k + delta / worst * e);
        layers.push(Layer { kernel, ..*layer });
    }
    Network::new(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

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

    /// Where the second layer's outputs overflow, the third's bounds would be those of NaN, which comparisons drop.
    #[test]
    fn overflowing_bounds_are_refused_with_their_layer() {
        let layer = |weight: f64| Layer { kernel: Kernel::new(1, 1, 1, vec![weight]).unwrap(), stride: 1, pad: 0 };
        let by = |other: [f64; 3]| {
            let network = |weights: [f64; 3]| Network::new(weights.map(layer).to_vec()).unwrap();
            Approximation::by_network(&network([1e160, 1e160, 1.0]), &network(other)).certify(1, 1)
        };
        for other in [[1e160, 1e160, 1.0], [-1e160, 1e160, 0.0], [0.0, 0.0, 0.0]] {
            let message = by(other).unwrap_err().to_string();
            assert!(
                message.contains("conv1.weight: over inputs in [-1, 1] outputs of this layer overflow"),
                "{message}"
            );
        }
        assert!(by([f64::MAX, 1e160, 1.0]).unwrap_err().to_string().contains("conv1.weight"));
    }

    #[test]
    fn lower_bounds_are_true_and_below_upper_bounds() {
        let mut stream = Stream::new(51, 52);
        let pruned = pruned(&mut stream);
        let approximation = pruned.approximation();
        let certificate = approximation.certify(4, 6).unwrap();
        let bounds = approximation.total_error(4, 6, 600, &mut stream).unwrap();
        assert!(bounds.lower.input.max_norm() <= 1.0);
        // What the witness shows of the split layers, the dense network shows by forward passes.
        assert!((bounds.lower.value - pruned.error_at(&bounds.lower.input)).abs() < 1e-12);
        assert_eq!(bounds.upper, certificate.total_error_upper());
        assert!(0.0 < bounds.lower.value && bounds.lower.value <= bounds.upper);
        for _ in 0..50 {
            assert!(pruned.error_at(&vertex(4, 6, &mut stream)) <= bounds.upper);
        }
        for (depth, upper) in (1..).zip(&certificate.norms_upper) {
            let growth = approximation.norm_growth(depth, 4, 6, 300, &mut stream).unwrap();
            assert_eq!(growth.upper, *upper);
            assert!(growth.lower.value <= growth.upper);
        }
    }

    #[test]
    fn of_one_layer_both_bounds_are_the_worst_case() {
        let mut stream = Stream::new(53, 54);
        let target = random_target(&ARCH[..1], &mut stream).unwrap();
        let pruned = PrunedNetwork::prune(&target, 10, 0.5, None, None, &mut stream).unwrap();
        let bounds = pruned.approximation().total_error(5, 5, 1, &mut stream).unwrap();
        assert!(bounds.lower.value <= bounds.upper && bounds.upper <= bounds.lower.value * (1.0 + 1e-10));
        let certificate = pruned.approximation().certify(5, 5).unwrap();
        assert!((certificate.layer_errors[0].value - bounds.lower.value).abs() <= 1e-12 * bounds.upper);
        assert!(certificate.layer_errors[0].value < bounds.upper && certificate.rounding() < 1e-12);
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
        assert_eq!(pruned.approximation().certify(4, 4).unwrap().norms_upper, [0.0; 3]);
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
        let shapes = target.shapes(8, 8).unwrap();
        for direction in [Direction::Random, Direction::Growing, Direction::Shrinking] {
            let injected = inject_error(&target, 0.01, direction, (8, 8), &mut stream).unwrap();
            for ((layer, other), &(rows, columns)) in target.layers().iter().zip(injected.layers()).zip(&shapes) {
                let difference = Layer { kernel: other.kernel.zip(&layer.kernel, |x, y| x - y), ..*layer };
                let worst = Split::of_layer(&difference);
                let worst = worst.worst_case(rows, columns, 1.0, Inputs::All, Outputs::Absolute).unwrap();
                assert!((worst.value - 0.01).abs() < 1e-12, "{direction:?}");
            }
        }
        assert!(inject_error(&target, f64::NAN, Direction::Random, (8, 8), &mut stream).is_err());
    }
}
