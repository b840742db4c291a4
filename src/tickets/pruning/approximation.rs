//! A network and its approximation layer by layer: two-sided certificates of the error over all inputs.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::design::Watch;
use super::relaxation::{Relaxation, agrees_in_ball, ball, error_bounds};
use super::rounding::{Sums, gamma};
use super::search::{Climber, Search, Witness};
use super::worst_case::{Inputs, Outputs, Split, WorstCase};
use crate::error::{Error, Result};
use crate::random::{Address, Stream};
use crate::tickets::cnn::{Image, Layer, Miniature, Network, Patch};

/// A target network and, for each of its layers, the split layer that stands in for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation {
    target: Network,
    responses: Vec<Split>,
    /// What the outputs of the layers that stand in are summed from.
    sums: Vec<Sums>,
}

/// Upper bounds that hold for every input X with max norm at most 1. Those of outputs hold for the networks themselves and for
/// their forward passes in f64.
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
    /// For i = 1 to l, how far `|X^(i) - X~^(i)|_max` by forward passes in f64 may be from the exact one. The other bounds
    /// include it.
    pub roundings: Vec<f64>,
}

impl Certificate {
    /// Bound of the sup over X in [-1, 1]^(c_0 x rows x columns) of `|N(X) - N~(X)|_max`.
    pub fn total_error_upper(&self) -> f64 {
        *self.errors_upper.last().expect("a network has a layer")
    }

    /// How far an error after any layer, by forward passes in f64, may be from the exact one.
    pub fn rounding(&self) -> f64 {
        largest(&self.roundings)
    }
}

/// A large image found by search, and what it shows at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The error at the input is at least this.
    pub value: f64,
    /// The input, of max norm at most 1.
    pub input: Patch,
}

/// The networks around an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// The input with the largest `|N(X) - N~(X)|_max` that was found.
    pub lower: Witness,
    /// The certified bound of it, which forward passes in f64 keep too.
    pub upper: f64,
    /// Whether both networks put one class first on all inputs, that of the target at the image: true where it is certified, false where
    /// an input was found that is classified otherwise.
    pub one_class: Option<bool>,
}

/// The parts of the time that are for the search, and for all but the classes.
const FOR_SEARCH: f64 = 0.15;
const BEFORE_CLASSES: f64 = 0.9;

/// Pixels beyond which no whole image is looked at.
const MOST_PIXELS: usize = 1 << 16;

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
        let sums = responses.iter().map(Sums::of_split).collect();
        Approximation { target, responses, sums }
    }

    /// The same, where what stands in for the layers is itself computed by these sums: forward passes are rounded more coarsely.
    pub(super) fn summed_from(self, sums: Vec<Sums>) -> Self {
        Approximation { sums, ..self }
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

    /// The output on an image of what stands in.
    pub fn forward(&self, image: &Image) -> Image {
        hidden(&self.responses, self.target.leak(), image)
    }

    /// The first `depth` layers (at least 1) alone.
    ///
    /// # Errors
    /// When there are no layers left.
    pub fn first(&self, depth: usize) -> Result<Self> {
        let target = Network::new(self.target.layers()[..depth].to_vec())?.with_leak(self.target.leak())?;
        let (responses, sums) = (self.responses[..depth].to_vec(), self.sums[..depth].to_vec());
        Ok(Approximation { target, responses, sums })
    }

    /// Upper bounds over all inputs of `rows` x `columns` pixels with max norm at most 1: of the errors, the lesser of those that
    /// a linear relaxation finds for all layers at once and of chained ones.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn certify(&self, rows: usize, columns: usize) -> Result<Certificate> {
        let certificate = self.certify_watched(rows, columns, &Watch::NOBODY)?;
        Ok(certificate.expect("nobody interrupts it"))
    }

    /// The same; none when the watch was interrupted.
    ///
    /// # Errors
    /// As for [`Approximation::certify`].
    pub fn certify_watched(&self, rows: usize, columns: usize, watch: &Watch) -> Result<Option<Certificate>> {
        let mut certificate = self.chain(rows, columns)?;
        let least = Miniature::new(&self.target, rows, columns).size();
        let relaxed = error_bounds(self, &self.target.shapes(least.0, least.1)?, watch);
        let Some(relaxed) = relaxed else { return Ok(None) };
        let rounded = relaxed.iter().zip(&certificate.roundings).map(|(error, rounding)| error + rounding);
        certificate.errors_upper.iter_mut().zip(rounded).for_each(|(upper, error)| *upper = upper.min(error));
        Ok(Some(certificate))
    }

    /// Whether it is certified that the target and what stands in put the same class first on all inputs within a radius of an image in
    /// the max norm and in [-1, 1], the class of the target at the image; the last `ones` channels stay as they are. False where the
    /// relaxation does not show it. None when the watch was interrupted.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn agrees_in_ball(&self, ball: (&Image, f64, usize), watch: &Watch) -> Result<Option<bool>> {
        let (image, ..) = ball;
        let rounding = self.chain(image.rows(), image.columns())?.rounding();
        let shapes = self.target.shapes(image.rows(), image.columns())?;
        Ok(agrees_in_ball(self, &shapes, ball, rounding, watch))
    }

    /// Upper bounds layer by layer, which take next to no time.
    ///
    /// Each layer's own errors and norms are exact; chaining them over layers is what makes the total a bound. As in the
    /// end of the proof of Theorem 3, `K X - N~(X~) = K (X - X~) + (K X~ - N~(X~))`, but the norms of X~ and of the
    /// error are kept channel by channel, which is never looser. Nor is an error larger than the two outputs together
    /// (behind a ReLU, than the larger of them).
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn chain(&self, rows: usize, columns: usize) -> Result<Certificate> {
        let shapes = self.target.shapes(rows, columns)?;
        let mut certificate = Certificate {
            layer_errors: Vec::new(),
            norms_upper: Vec::new(),
            errors_upper: Vec::new(),
            roundings: Vec::new(),
        };
        let (mut norms, mut errors) = (vec![1.0; self.target.inputs()], vec![0.0; self.target.inputs()]);
        let mut target_norms = norms.clone();
        // Rounding of the two forward passes, and products of which a bound is made.
        let (mut off, mut target_off, mut products) = (0.0, 0.0, 0);
        for (index, (response, &(rows, columns))) in self.responses.iter().zip(&shapes).enumerate() {
            // What leaks may be of either sign.
            let rectified = self.target.leak() == 0.0;
            let inputs = if index > 0 && rectified { Inputs::NonNegative } else { Inputs::All };
            let last = index + 1 == self.responses.len();
            let outputs = if rectified && !last { Outputs::Rectified } else { Outputs::Absolute };
            let absolute = Outputs::Absolute;
            let target = &self.target.layers()[index];
            let (error, operator) = (error(target, response), Split::of_layer(target));
            let sums = Sums::of_split(&operator);
            off = self.sums[index].rounding(response.lipschitz(), largest(&norms), off);
            target_off = sums.rounding(operator.lipschitz(), largest(&target_norms), target_off);
            products += 2 * sums.products;
            let carried = operator.worst_by_channel(rows, columns, &errors, Inputs::All, absolute)?;
            let own = error.worst_by_channel(rows, columns, &norms, inputs, absolute)?;
            norms = response.worst_by_channel(rows, columns, &norms, inputs, outputs)?;
            target_norms = operator.worst_by_channel(rows, columns, &target_norms, inputs, outputs)?;
            let apart = |x: f64, y: f64| if outputs == Outputs::Rectified { x.max(y) } else { x + y };
            let chained = carried.iter().zip(&own).map(|(carried, own)| carried + own);
            let outputs_apart = norms.iter().zip(&target_norms).map(|(&x, &y)| apart(x, y));
            errors = chained.zip(outputs_apart).map(|(x, y)| x.min(y)).collect();
            let layer_error = error.worst_case(rows, columns, 1.0, Inputs::All, absolute)?;
            let rounding = off + target_off;
            let bounds = [&errors[..], &norms, &target_norms, &[layer_error.value, rounding]].concat();
            if !bounds.iter().all(|bound| bound.is_finite()) {
                return Err(overflow(&self.target.tensor(index)));
            }
            let rounded = |values: &[f64], off: f64| largest(values) * (1.0 + gamma(products)) + off;
            certificate.layer_errors.push(layer_error);
            certificate.errors_upper.push(rounded(&errors, rounding));
            certificate.norms_upper.push(rounded(&norms, off));
            certificate.roundings.push(rounding);
        }
        Ok(certificate)
    }

    /// The sup over X in [-1, 1]^(c_0 x rows x columns) of `|N(X) - N~(X)|_max`, between the best input that a search of
    /// `evaluations` forward passes finds and the certified bound.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn total_error(&self, rows: usize, columns: usize, evaluations: usize, stream: &mut Stream) -> Result<Bounds> {
        let found = self.worst_found((rows, columns), &Search::of(evaluations), stream)?;
        let lower = Witness { value: found.value, input: found.input.image() };
        Ok(Bounds { lower, upper: self.certify(rows, columns)?.total_error_upper() })
    }

    /// The largest `|N(X) - N~(X)|_max` that a search finds over X in [-1, 1] of `size` = (rows, columns). It is made on the
    /// [`Miniature`], so that it takes no longer for large images; what it finds is a whole image, 0 where nothing is seen of it.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input.
    pub fn worst_found(&self, size: (usize, usize), search: &Search, stream: &mut Stream) -> Result<Found> {
        let miniature = Miniature::new(&self.target, size.0, size.1);
        let (rows, columns) = miniature.size();
        let first = error(&self.target.layers()[0], &self.responses[0]);
        let mut starts = vec![first.worst_case(rows, columns, 1.0, Inputs::All, Outputs::Absolute)?.input.image()];
        starts.extend(search.starts.iter().map(|start| miniature.crop(start, self.worst_pixel(start).1)));
        starts.iter_mut().for_each(|start| fill_ones(start, search.ones));
        let slopes = |image: &Image| self.slopes(image);
        let objective = |image: &Image| self.error_at(image);
        let found = Climber::new(objective, Some(&slopes), *search, stream).search(&starts);
        Ok(self.shown(&miniature, size, found, search.ones))
    }

    /// What a miniature's input shows of a whole image.
    fn shown(&self, miniature: &Miniature, size: (usize, usize), found: Witness, ones: usize) -> Found {
        let input = miniature.embed(&found.input, self.worst_pixel(&found.input).1).with_last_ones(ones);
        // Around the miniature there may be more to see; where that takes much room, what the miniature shows is enough.
        let is_large = size.0.saturating_mul(size.1) > MOST_PIXELS;
        let value = if is_large { found.value } else { self.error_at(&input.image()) };
        Found { value, input }
    }

    /// The largest error over X in [-1, 1] of `size` = (rows, columns) once more in about this time: searched for, begun at what was
    /// found, and bounded, by branch and bound. The last `ones` channels are 1 throughout. The bound is infinite where the relaxation
    /// would take too long. None when the watch was interrupted.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn tighten(
        &self,
        size: (usize, usize),
        (mut found, search): (Found, &Search),
        time: Duration,
        stream: &mut Stream,
    ) -> Result<Option<(Found, f64)>> {
        let (start, watch) = (Instant::now(), search.watch);
        let better = |x: Found, y: Found| if y.value > x.value { y } else { x };
        while start.elapsed() < time.mul_f64(FOR_SEARCH) && !watch.interrupted.load(Ordering::Relaxed) {
            found = better(found, self.worst_found(size, search, stream)?);
        }
        let miniature = Miniature::new(&self.target, size.0, size.1);
        let (rows, columns) = miniature.size();
        let inputs = (search.ones > 0).then(|| {
            let zeros = Image::zeros(self.target.inputs() - search.ones, rows, columns);
            let image = (0..search.ones).fold(zeros, |image, _| image.with_ones());
            ball(&image, 1.0, search.ones)
        });
        let shapes = self.target.shapes(rows, columns)?;
        let rounding = *self.chain(rows, columns)?.roundings.last().expect("a network has a layer");
        let left = (start + time).saturating_duration_since(Instant::now());
        let mut upper = f64::INFINITY;
        if let Some(relaxation) = Relaxation::in_time(self, &shapes, inputs, left, watch.interrupted) {
            let bounded = relaxation.largest_error(found.value, start + time);
            upper = bounded.upper + rounding;
            if let Some(input) = bounded.input {
                let witness = Witness { value: bounded.lower, input };
                found = better(found, self.shown(&miniature, size, witness, search.ones));
            }
        }
        Ok((!watch.interrupted.load(Ordering::Relaxed)).then_some((found, upper)))
    }

    /// The networks within `radius` of an image in the max norm and in [-1, 1], in about this time; the last `ones` channels stay as
    /// they are. None when the watch was interrupted.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a bound overflows.
    pub fn around(
        &self,
        (image, radius, ones): (&Image, f64, usize),
        time: Duration,
        watch: &Watch,
    ) -> Result<Option<Around>> {
        let start = Instant::now();
        let evaluations = Search::evaluations(&self.target, (image.rows(), image.columns()))?;
        let address = Address { seed: 0, experiment: "prune", cell: "worst input", estimator: "around", batch: 0 };
        let mut stream = address.stream();
        let inputs = ball(image, radius, ones);
        let search = Search { evaluations, ones, within: Some(&inputs), watch: *watch, starts: &[] };
        let slopes = |image: &Image| self.slopes(image);
        let mut starts = vec![image.clone()];
        let mut lower = loop {
            let found =
                Climber::new(|image: &Image| self.error_at(image), Some(&slopes), search, &mut stream).search(&starts);
            starts = vec![found.input.clone()];
            if start.elapsed() >= time.mul_f64(FOR_SEARCH) || watch.interrupted.load(Ordering::Relaxed) {
                break found;
            }
        };
        let certificate = self.chain(image.rows(), image.columns())?;
        let shapes = self.target.shapes(image.rows(), image.columns())?;
        let left = (start + time).saturating_duration_since(Instant::now());
        let bounds = |relaxation: Relaxation| {
            let bounded = relaxation.largest_error(lower.value, start + time.mul_f64(BEFORE_CLASSES));
            let one_class = relaxation.one_class(image, certificate.rounding(), start + time);
            (bounded, one_class)
        };
        let relaxed = Relaxation::in_time(self, &shapes, Some(inputs.clone()), left, watch.interrupted).map(bounds);
        let rounding = certificate.roundings.last().expect("a network has a layer");
        let (mut upper, mut one_class) = (certificate.total_error_upper(), None);
        if let Some((bounded, classes)) = relaxed {
            upper = upper.min(bounded.upper + rounding);
            one_class = classes;
            if let Some(input) = bounded.input {
                lower = Witness { value: bounded.lower, input };
            }
        }
        Ok((!watch.interrupted.load(Ordering::Relaxed)).then_some(Around { lower, upper, one_class }))
    }

    /// The image with the largest error; none of none.
    pub fn worst_of<'a>(&self, images: &'a [Image]) -> Option<&'a Image> {
        let errors: Vec<f64> = images.par_iter().map(|image| self.error_at(image)).collect();
        images.iter().zip(&errors).max_by(|x, y| x.1.total_cmp(y.1)).map(|(image, _)| image)
    }

    /// The index of the output value whose error is largest, and its row and column.
    fn worst_pixel(&self, image: &Image) -> (usize, (usize, usize)) {
        let errors = self.errors(image);
        let size = |index: usize| errors.data()[index].abs();
        let worst =
            (1..errors.data().len()).fold(0, |worst, index| if size(index) > size(worst) { index } else { worst });
        (worst, (worst / errors.columns() % errors.rows(), worst % errors.columns()))
    }

    /// The largest error of an output as a function of the input, while every hidden value keeps its sign: what it gains by each
    /// pixel's positive and by its negative part.
    fn slopes(&self, image: &Image) -> [Image; 2] {
        let leak = self.target.leak();
        let targets: Vec<Split> = self.target.layers().iter().map(Split::of_layer).collect();
        let errors = self.errors(image);
        let (worst, _) = self.worst_pixel(image);
        let sign = errors.data()[worst].signum();
        let [wanted, got] = [&targets, &self.responses].map(|layers| {
            let mut form = errors.map(|_| 0.0);
            form.data_mut()[worst] = sign;
            form_of_input(layers, leak, image, form)
        });
        let difference = |part: usize| wanted[part].zip(&got[part], |wanted, got| wanted - got);
        [difference(0), difference(1)]
    }

    /// What layer `layer` of the target and what stands in for it compute of an input, before the ReLU.
    pub(super) fn up_to(&self, layer: usize, image: &Image) -> (Image, Image) {
        let (layers, leak) = (self.target.layers(), self.target.leak());
        let forward = |hidden: Image, layer: &Layer| layer.forward(&hidden.leaky(leak));
        let target = layers[1..=layer].iter().fold(layers[0].forward(image), forward);
        (target, hidden(&self.responses[..=layer], leak, image))
    }

    /// `N(X) - N~(X)` at one input.
    fn errors(&self, image: &Image) -> Image {
        self.target.forward(image).zip(&self.forward(image), |wanted, got| wanted - got)
    }

    /// `|N(X) - N~(X)|_max` at one input.
    pub fn error_at(&self, image: &Image) -> f64 {
        self.errors(image).max_norm()
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
        let upper = self.chain(rows, columns)?.norms_upper[depth - 1];
        let start = self.responses[0].worst_case(rows, columns, 1.0, Inputs::All, Outputs::Rectified)?.input.image();
        let last = depth == self.responses.len();
        let leak = self.target.leak();
        let norm = |output: Image| if last { output.max_norm() } else { output.leaky(leak).max_norm() };
        let norm = |image: &Image| norm(hidden(&self.responses[..depth], leak, image));
        let lower = Climber::new(norm, None, Search::of(evaluations), stream).search(&[start]);
        Ok(Bounds { lower, upper })
    }
}

/// The error `K * X - (P * X^+ + Q * X^-)` of a layer as a split layer.
pub(super) fn error(target: &Layer, response: &Split) -> Split {
    Split {
        plus: target.kernel.zip(&response.plus, |k, p| k - p),
        minus: target.kernel.zip(&response.minus, |k, q| -k - q),
        stride: response.stride,
        pad: response.pad,
    }
}

fn overflow(tensor: &str) -> Error {
    Error::unreachable(format!(
        "{tensor}: over inputs in [-1, 1] outputs of this layer overflow: scale the weights down"
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

/// Carries a linear form of the output of split layers with (leaky) ReLU between them back to the input, as if the signs of all
/// hidden values were those at `image`.
fn form_of_input(layers: &[Split], leak: f64, image: &Image, mut form: Image) -> [Image; 2] {
    let mut inputs = vec![image.clone()];
    for layer in &layers[..layers.len() - 1] {
        inputs.push(layer.forward(&inputs[inputs.len() - 1]).leaky(leak));
    }
    for (layer, input) in layers.iter().zip(&inputs).skip(1).rev() {
        let [plus, minus] = layer.transposed(&form, (input.rows(), input.columns()));
        form = Image::from_fn(input.channels(), input.rows(), input.columns(), |c, r, s| match input.at(c, r, s) {
            x if x > 0.0 => plus.at(c, r, s),
            x if x < 0.0 => -leak * minus.at(c, r, s),
            _ => 0.0,
        });
    }
    layers[0].transposed(&form, (image.rows(), image.columns()))
}

/// Makes the last `ones` channels 1 throughout.
fn fill_ones(image: &mut Image, ones: usize) {
    let free = image.data().len() - ones * image.rows() * image.columns();
    image.data_mut()[free..].fill(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::cnn::Kernel;
    use rand::RngExt;

    /// A network of two or three layers, leaky or not, and another whose weights are `apart` from it.
    fn networks(apart: f64, stream: &mut Stream) -> [Network; 2] {
        let channels: Vec<usize> = (0..stream.random_range(3..5)).map(|_| stream.random_range(1..4)).collect();
        let layer = |pair: &[usize]| {
            let kernel = Kernel::normal(pair[1], pair[0], stream.random_range(1..4), stream);
            Layer { kernel, stride: stream.random_range(1..3), pad: stream.random_range(0..3) }
        };
        let target = channels.windows(2).map(layer).collect::<Vec<_>>();
        let other = target.iter().map(|layer| {
            let noise = Kernel::normal(layer.kernel.outputs(), layer.kernel.inputs(), layer.kernel.side(), stream);
            Layer { kernel: layer.kernel.zip(&noise, |k, e| k + apart * e), ..*layer }
        });
        let other = other.collect();
        let leak = [0.0, 0.0, 0.25][stream.random_range(0..3)];
        [target, other].map(|layers| Network::new(layers).unwrap().with_leak(leak).unwrap())
    }

    /// The split layers of another network whose halves are not of the same size, as those of pruned layers.
    fn split(other: &Network, apart: f64, stream: &mut Stream) -> Vec<Split> {
        let uneven = |layer: &Layer| {
            let (split, shape) = (Split::of_layer(layer), layer.shape());
            let noise = Kernel::normal(shape.cout, shape.cin, shape.k, stream);
            Split { minus: split.minus.zip(&noise, |q, e| q + apart * e), ..split }
        };
        other.layers().iter().map(uneven).collect()
    }

    #[test]
    fn no_input_exceeds_the_certificate() {
        let mut stream = Stream::new(103, 104);
        let (mut seen, mut tighter, mut gaps) = (0, 0, Vec::new());
        while seen < 2000 {
            let apart = 10f64.powf(stream.random_range(-14.0..=0.5));
            let [target, other] = networks(apart, &mut stream);
            let (rows, columns) = (stream.random_range(1..10), stream.random_range(1..10));
            if target.shapes(rows, columns).is_err() {
                continue;
            }
            let responses = split(&other, apart, &mut stream);
            let approximation = Approximation::new(target, responses);
            let (certificate, chain) =
                (approximation.certify(rows, columns).unwrap(), approximation.chain(rows, columns).unwrap());
            let found = approximation.worst_found((rows, columns), &Search::of(100), &mut stream).unwrap();
            let input = found.input.image();
            assert!(input.max_norm() <= 1.0);
            assert!(found.value <= certificate.total_error_upper(), "{approximation:?} {rows} {columns}");
            for depth in 1..=approximation.responses.len() {
                let first = approximation.first(depth).unwrap();
                let last = first.responses.len() == approximation.responses.len();
                let leak = first.target.leak();
                let rectified = |image: Image| if last { image } else { image.leaky(leak) };
                let (wanted, got) = (first.target.forward(&input), hidden(&first.responses, leak, &input));
                let error = rectified(wanted).distance(&rectified(got));
                assert!(error <= certificate.errors_upper[depth - 1], "{first:?} {rows} {columns}");
                assert!(certificate.errors_upper[depth - 1] <= chain.errors_upper[depth - 1]);
            }
            seen += 1;
            tighter += usize::from(certificate.total_error_upper() < 0.9 * chain.total_error_upper());
            // Below that, rounding is most of the bound.
            if apart > 1e-8 && found.value > 0.0 {
                gaps.push((certificate.total_error_upper() / found.value).ln());
            }
        }
        let gap = (gaps.iter().sum::<f64>() / gaps.len() as f64).exp();
        assert!(tighter > 1000 && gap < 2.5, "{tighter} {gap}");
    }

    /// Inputs of balls in which classes are certified are classified so; some balls are certified, and some are not.
    #[test]
    fn certified_balls_hold_one_class() {
        let mut stream = Stream::new(107, 108);
        let (mut certified, mut refuted, mut open) = (0, 0, 0);
        for round in 0..400 {
            let [target, other] = networks(10f64.powf(stream.random_range(-6.0..=0.0)), &mut stream);
            let (rows, columns) = (stream.random_range(1..7), stream.random_range(1..7));
            if target.shapes(rows, columns).is_err() || target.outputs() < 2 {
                continue;
            }
            let approximation = Approximation::new(target, split(&other, 1e-3, &mut stream));
            let inputs = approximation.target.inputs();
            let image = Image::from_fn(inputs, rows, columns, |_, _, _| stream.random_range(-1.0..=1.0));
            let radius = [0.0, 1e-3, 0.03, 0.3][round % 4];
            let agrees = approximation.agrees_in_ball((&image, radius, 0), &Watch::NOBODY).unwrap().unwrap();
            let class = |output: &Image| {
                let means: Vec<f64> =
                    output.data().chunks(output.rows() * output.columns()).map(|x| x.iter().sum()).collect();
                (0..means.len()).fold(0, |first, index| if means[index] > means[first] { index } else { first })
            };
            let first = class(&approximation.target.forward(&image));
            let mut same = true;
            for _ in 0..40 {
                let mut near = image.clone();
                for x in near.data_mut() {
                    *x = (*x + radius * stream.random_range(-1.0..=1.0f64)).clamp(-1.0, 1.0);
                }
                same &= class(&approximation.target.forward(&near)) == first;
                same &= class(&approximation.forward(&near)) == first;
            }
            assert!(same || !agrees, "round {round}");
            certified += usize::from(agrees);
            refuted += usize::from(!same);
            open += usize::from(same && !agrees);
        }
        assert!(certified > 60 && refuted > 20, "{certified} {refuted} {open}");
    }

    /// The same network with its hidden channels in another order adds up in another order.
    #[test]
    fn forward_passes_are_within_their_rounding() {
        let mut stream = Stream::new(105, 106);
        let mut seen = 0.0f64;
        for _ in 0..200 {
            let kernels = [Kernel::normal(7, 2, 3, &mut stream), Kernel::normal(3, 7, 3, &mut stream)];
            let network = |hidden: &dyn Fn(usize) -> usize| {
                let first = Kernel::from_fn(7, 2, 3, |o, i, r, s| kernels[0].at(hidden(o), i, r, s));
                let last = Kernel::from_fn(3, 7, 3, |o, i, r, s| kernels[1].at(o, hidden(i), r, s));
                Network::new([first, last].map(|kernel| Layer { kernel, stride: 1, pad: 1 }).into()).unwrap()
            };
            let (target, other) = (network(&|channel| channel), network(&|channel| 6 - channel));
            let upper = Approximation::by_network(&target, &target).certify(6, 6).unwrap().total_error_upper();
            let image = Image::from_fn(2, 6, 6, |_, _, _| stream.random_range(-1.0..=1.0));
            let error = target.forward(&image).distance(&other.forward(&image));
            assert!(error <= upper && upper < 1e-10, "{error} {upper}");
            seen = seen.max(error / upper);
        }
        assert!(seen > 1e-4, "{seen}");
    }
}
