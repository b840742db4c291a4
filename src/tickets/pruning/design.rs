//! Theorem 3 as a tool: which random network is pruned for a target, and how; layer by layer.

use std::cmp::Reverse;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::kernel::{ChannelResult, Following, PrunedKernel, Request};
use super::network::PrunedNetwork;
use super::pair::{Filters, Pair, Sign};
use super::scale::Scale;
use super::seeded::{Law, SeededPair};
use crate::arrays::{gigabytes, lacking_memory};
use crate::error::{Error, Result};
use crate::random::Stream;
use crate::subset_sum::{self, Balance, Beam, Budget, Outcome, Problem, Solver, balance};
use crate::tickets::cnn::{Layer, Network};

/// Everything that decides which filters are kept for a target: two runs of one design keep the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// The paper's n, the same for every layer.
    pub width: usize,
    /// The theorem's eps: searches end once they are as near as the proof asks. Without it, they look for the nearest.
    pub eps: Option<f64>,
    /// Filters to keep for each channel and sign; any number if none.
    pub size: Option<usize>,
    /// How layers are scaled before they are approximated.
    pub scale: Scale,
    /// The seed of the random network.
    pub seed: u64,
    /// The filters from which each sign may keep.
    pub filters: Filters,
    /// The law of the random network's weights.
    pub law: Law,
    /// Whether the pair's first kernel is the d x d one, and the second 1x1. The filters of a channel are then split evenly
    /// over the d^2 entries of its window, each reads one, and a subset sum has c_1 dimensions instead of d^2 c_1.
    pub direct: bool,
    /// Whether layers behind a ReLU of slope 0 keep no filter for the negative part of their inputs, which is 0: the theorem keeps
    /// them, and what is computed is the same.
    pub drop_silent: bool,
    /// The effort of the searches in few dimensions.
    pub beam: Beam,
    /// The effort of the searches in many.
    pub balance: Balance,
}

/// What eps may be: wide enough for any use, and no product with weights overflows.
pub const EPS: RangeInclusive<f64> = 1e-100..=1e100;

/// How a construction is watched.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Raised to stop after the searches under way.
    pub interrupted: &'a AtomicBool,
    /// Called when a step is done, by any thread: a subset-sum problem, or a forward pass of a search for the worst input.
    pub advanced: &'a (dyn Fn() + Sync),
}

/// Copies of a channel's candidates and of the covariance that guides a search, that a search holds at once.
const CANDIDATES: f64 = 2.0;
const COVARIANCES: f64 = 3.0;
/// What it costs to draw an entry, in multiplications.
const DRAWN: f64 = 30.0;

/// Never raised.
pub(super) static NEVER: AtomicBool = AtomicBool::new(false);

impl Watch<'static> {
    /// Nobody watches.
    pub const NOBODY: Watch<'static> = Watch { interrupted: &NEVER, advanced: &|| {} };
}

impl Design {
    /// The usual way, for a width: any number of filters, layers scaled up, the nearest sums.
    pub fn new(width: usize) -> Self {
        Design {
            width,
            eps: None,
            size: None,
            scale: Scale::Auto,
            seed: 1,
            filters: Filters::HalfBlocks,
            law: Law::Normal,
            direct: false,
            drop_silent: false,
            beam: USUAL,
            balance: Balance::DEFAULT,
        }
    }

    /// Checks that the design can be carried out for a target: every channel and sign has more candidates than
    /// dimensions, and as many as are to be kept; and memory holds a channel's.
    ///
    /// # Errors
    /// When not, eps is not in [`EPS`], or a layer cannot be scaled ([`Scale::check`]), with the tensor and the remedy.
    pub fn check(&self, target: &Network) -> Result<()> {
        if let Some(eps) = self.eps.filter(|eps| !EPS.contains(eps)) {
            return Err(Error::input(format!(
                "eps is {eps:e}: give a number from {:e} to {:e}, or none for the nearest sums",
                EPS.start(),
                EPS.end()
            )));
        }
        // The layer of most dimensions asks for the largest width, which is named then.
        let mut places: Vec<usize> = target.places().collect();
        places.sort_by_key(|&index| Reverse(dimension(&target.layers()[index])));
        places.into_iter().try_for_each(|index| self.check_layer(target, index))
    }

    fn check_layer(&self, target: &Network, index: usize) -> Result<()> {
        let layer = &target.layers()[index];
        let whole = dimension(layer);
        let layer = &self.seen(layer);
        let (tensor, width, dimension) = (target.tensor(index), self.width, dimension(layer));
        let parts = whole / dimension;
        let least = (dimension + 1).max(self.size.unwrap_or(0));
        self.scale.check(&layer.kernel).map_err(|error| error.at(&tensor))?;
        // Before anything of that size is drawn.
        let threads = rayon::current_num_threads();
        let candidates = (width / parts) as f64 * dimension as f64 * CANDIDATES;
        let search = if balance::is_for(dimension, self.size) {
            balance::memory(width / parts, dimension)
        } else {
            8.0 * (candidates + COVARIANCES * (dimension as f64).powi(2))
        };
        let bytes = threads as f64 * search;
        if let Some(free) = lacking_memory(bytes as u64) {
            return Err(Error::TooLarge(format!(
                "{tensor}: its searches, of {dimension} dimensions at width {width}, take about {} on {threads} threads, and {} are \
                 free: give a smaller --width or fewer --threads",
                gigabytes(bytes as u64),
                gigabytes(free)
            )));
        }
        let pair = SeededPair::new(self.seed, index, width / parts, self.law, &layer.kernel);
        let count = |(channel, sign)| (pair.first_candidates(channel, sign, self.filters, least).len(), channel, sign);
        let silent = self.silent(target, index);
        let signs = Sign::BOTH.into_iter().filter(|&sign| Some(sign) != silent);
        let problems: Vec<(usize, Sign)> =
            signs.flat_map(|sign| (0..layer.kernel.inputs()).map(move |channel| (channel, sign))).collect();
        let fewest = problems.into_par_iter().map(count).min_by_key(|(count, channel, _)| (*count, *channel));
        let (fewest, channel, sign) = fewest.expect("a kernel has an input channel");
        if fewest >= least {
            return Ok(());
        }
        let sign = if sign == Sign::Positive { "V > 0" } else { "V < 0" };
        let why = match self.size {
            Some(size) if size == least => format!("--size asks to keep {size}"),
            _ => format!("the {dimension} entries of a channel need {least}"),
        };
        Err(Error::input(format!(
            "{tensor}: of width {width}, input channel {channel} (from 0) has {fewest} candidates with {sign}, and {why}: \
             give --width {} or more",
            parts * enough_width(least)
        )))
    }

    /// The sign for which no filter of a layer is kept.
    pub fn silent(&self, target: &Network, index: usize) -> Option<Sign> {
        (self.drop_silent && index > 0 && target.leak() == 0.0).then_some(Sign::Negative)
    }

    /// About how many filters are kept for a layer: as many as are asked for, or half of the candidates, which are half of the
    /// width.
    pub fn kept_about(&self, layer: &Layer) -> usize {
        let of_each = self.size.unwrap_or(self.layer_width(layer) / 4);
        self.seen(layer).kernel.inputs().saturating_mul(2 * of_each)
    }

    /// About how many numbers the pruned network has.
    pub fn weights_about(&self, target: &Network) -> f64 {
        let weights = |index: usize| {
            let seen = self.seen(&target.layers()[index]);
            self.kept_about(&target.layers()[index]) as f64 * (seen.kernel.inputs() + dimension(&seen)) as f64
        };
        target.places().map(weights).sum()
    }

    /// What the searches of a layer cost, up to a factor: for each channel, candidates and in few dimensions their covariance.
    pub fn cost(&self, layer: &Layer) -> f64 {
        let (whole, width) = (dimension(&self.seen(layer)), self.layer_width(layer) as f64);
        let dimension = whole as f64;
        let steps = if balance::is_for(whole, self.size) { 0.0 } else { width.min(8.0 * dimension) };
        self.seen(layer).kernel.inputs() as f64 * (DRAWN * dimension * width + dimension * dimension * steps)
    }

    /// The subset-sum problems of a layer: one for each input channel of its pair and sign.
    pub fn searches(&self, layer: &Layer) -> usize {
        2 * self.seen(layer).kernel.inputs()
    }

    /// The factor by which a layer is scaled before it is approximated.
    pub fn factor(&self, layer: &Layer) -> f64 {
        self.scale.factor(&self.seen(layer).kernel, self.layer_width(layer), self.size, self.pair(0, layer).spread())
    }

    /// The tolerance of layer `layer`'s subset sums, in the scaled layer: (eps / 2l) norm_1(K) / (2 d^2 c_1 c_0), which by the
    /// proof of Lemma 12 makes the layer's error at most eps / 2l of its norm_1. Leaky ReLUs of slope a make what a pair
    /// computes up to 1 + a times as wrong as L^+ and L^-. Without eps, 0.
    pub fn tolerance(&self, target: &Network, layer: usize) -> f64 {
        let Some(eps) = self.eps else { return 0.0 };
        let kernel = &target.layers()[layer].kernel;
        let scaled_norm = self.factor(&target.layers()[layer]) * kernel.norm1();
        eps / (2.0 * target.depth() as f64) * scaled_norm / (2.0 * kernel.data().len() as f64 * (1.0 + target.leak()))
    }

    /// The random pair of a layer.
    pub fn pair(&self, index: usize, layer: &Layer) -> SeededPair {
        SeededPair::new(self.seed, index, self.layer_width(layer), self.law, &self.seen(layer).kernel)
    }

    /// The pair's n: filters for each of its input channels and sign.
    fn layer_width(&self, layer: &Layer) -> usize {
        if self.direct { self.width / layer.kernel.side().pow(2) } else { self.width }
    }

    /// The layer as the pair sees it: with a d x d kernel first, on unfolded images.
    fn seen(&self, layer: &Layer) -> Layer {
        if self.direct { Layer { kernel: layer.kernel.clone().unfolded(), stride: 1, pad: 0 } } else { layer.clone() }
    }

    /// What L^+ is brought near: the target's layer times its factor, over 1 + a where the ReLU has the slope a below 0.
    pub fn scaled(&self, target: &Network, index: usize) -> Layer {
        let layer = &target.layers()[index];
        let factor = self.factor(layer) / (1.0 + target.leak());
        let seen = self.seen(layer);
        Layer { kernel: seen.kernel.map(|x| factor * x), ..seen }
    }

    /// Prunes the random pair of one layer, of which some channels may be known. None when it was interrupted.
    ///
    /// # Errors
    /// When numbers overflow.
    pub fn prune_layer(
        &self,
        target: &Network,
        index: usize,
        following: &Following,
    ) -> Result<Option<PrunedKernel<SeededPair>>> {
        let layer = &target.layers()[index];
        let pair = self.pair(index, layer);
        let request = Request {
            tolerance: self.tolerance(target, index),
            size: self.size,
            filters: self.filters,
            solver: Some(&Search(self.beam)),
            balance: Some(self.balance),
            silent: self.silent(target, index),
        };
        let streams = pair.clone();
        let stream = |channel, sign| streams.search_stream(channel, sign);
        let scaled = self.scaled(target, index);
        PrunedKernel::prune_side_by_side(&scaled, pair, &request, stream, following)
    }

    /// The pruned pair of one layer, of which it is known which filters are kept.
    ///
    /// # Errors
    /// When these are not filters of this layer's channels and signs.
    pub fn restore_layer(
        &self,
        target: &Network,
        index: usize,
        channels: Vec<ChannelResult>,
    ) -> Result<PrunedKernel<SeededPair>> {
        let layer = &target.layers()[index];
        PrunedKernel::of_channels(&self.scaled(target, index), self.pair(index, layer), channels)
    }

    /// The pruned network of layers that were pruned one by one.
    ///
    /// # Errors
    /// When they are not the target's.
    pub fn assemble(
        &self,
        target: &Network,
        layers: Vec<PrunedKernel<SeededPair>>,
    ) -> Result<PrunedNetwork<SeededPair>> {
        let factors = target.places().map(|index| self.factor(&target.layers()[index])).collect();
        PrunedNetwork::of_scaled_layers(target.clone(), layers, factors)
    }

    /// Prunes the random network of this design for a target. None when the watch was interrupted.
    ///
    /// # Errors
    /// As [`Design::check`].
    pub fn prune(&self, target: &Network, watch: &Watch) -> Result<Option<PrunedNetwork<SeededPair>>> {
        self.check(target)?;
        let solved = |_: &ChannelResult| (watch.advanced)();
        let following = Following { known: &[], interrupted: watch.interrupted, solved: &solved };
        let layers = target.places().map(|index| self.prune_layer(target, index, &following));
        let layers = layers.collect::<Result<Option<Vec<_>>>>()?;
        layers.map(|layers| self.assemble(target, layers)).transpose()
    }
}

/// Beyond so many candidates the exact solver, which alone finds the one subset that there is, takes too long.
const FEW: usize = 32;

/// The beam, and for few candidates and a tolerance the whole engine.
struct Search(Beam);

impl Solver for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn solve(&self, problem: &Problem, stream: &mut Stream, budget: &Budget) -> Outcome {
        if problem.eps() > 0.0 && problem.len() <= FEW {
            return subset_sum::solve(problem, stream, budget).outcome;
        }
        self.0.solve(problem, stream, budget)
    }
}

/// The usual effort: one width of the beam, since layers are scaled up far more cheaply than searched harder.
pub const USUAL: Beam = Beam { first_width: 32, last_width: 32 };

/// The dimension d^2 c_1 of a layer's subset sums.
pub fn dimension(layer: &Layer) -> usize {
    layer.kernel.outputs() * layer.kernel.side().pow(2)
}

/// C d^12 c_1^6 log^3(d^2 c_1 c_0 m / eps), what Lemma 12 (m = 1) and Theorem 3 (m = l) ask of the width.
pub fn least_width(c: f64, d: f64, c0: f64, c1: f64, m: f64, eps: f64) -> f64 {
    c * d.powi(12) * c1.powi(6) * (d * d * c1 * c0 * m / eps).ln().powi(3)
}

/// A width of which half a block holds so many candidates of its sign but for a chance of about 1e-9 (6 standard deviations).
fn enough_width(candidates: usize) -> usize {
    let candidates = candidates as f64;
    let root = 3.0 + (9.0 + 2.0 * candidates).sqrt();
    (root * root).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::cnn::{Image, Kernel, LayerShape, unfold};
    use crate::tickets::pruning::{Inputs, Outputs, Status, random_target};
    use rand::RngExt;

    const ARCH: [LayerShape; 3] = [
        LayerShape { cin: 2, cout: 2, k: 3, stride: 1, pad: 1 },
        LayerShape { cin: 2, cout: 3, k: 2, stride: 2, pad: 0 },
        LayerShape { cin: 3, cout: 2, k: 1, stride: 1, pad: 1 },
    ];

    fn target() -> Network {
        random_target(&ARCH, &mut Stream::new(71, 72)).unwrap()
    }

    fn image(stream: &mut Stream) -> Image {
        Image::from_fn(2, 6, 4, |_, _, _| stream.random_range(-1.0..=1.0))
    }

    #[test]
    fn the_dense_network_is_the_masked_random_one_of_all_filters() {
        let mut stream = Stream::new(73, 74);
        let designs = [
            Design::new(120),
            Design { scale: Scale::None, law: Law::Uniform, ..Design::new(120) },
            Design { scale: Scale::THEOREM, law: Law::StudentT, ..Design::new(120) },
            Design { law: Law::Kaiming, filters: Filters::WholeBlock, ..Design::new(120) },
            Design { direct: true, ..Design::new(300) },
        ];
        for design in designs {
            let leak = if design.law == Law::Uniform { 0.25 } else { 0.0 };
            let target = target().with_leak(leak).unwrap();
            let pruned = design.prune(&target, &Watch::NOBODY).unwrap().unwrap();
            for _ in 0..5 {
                let image = image(&mut stream);
                let mut masked = image.clone();
                for (index, layer) in pruned.layers().iter().enumerate() {
                    let mut input = if index == 0 { masked } else { masked.leaky(leak) };
                    let target = &pruned.target().layers()[index];
                    if design.direct {
                        input = unfold(&input, target.kernel.side(), target.stride, target.pad);
                    }
                    let seen = design.seen(target);
                    let output = design.pair(index, target).forward(&layer.kept(), &seen, leak, &input);
                    masked = output.map(|x| x / pruned.factors()[index]);
                }
                assert!(masked.distance(&pruned.dense().forward(&image)) < 1e-10);
                let (error, upper) = (pruned.error_at(&image), pruned.approximation().certify(6, 4).unwrap());
                assert!((pruned.approximation().error_at(&image) - error).abs() < 1e-10);
                assert!(error <= upper.total_error_upper());
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Design::new(120).prune(&target(), &Watch::NOBODY).unwrap().unwrap())
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn a_restored_layer_is_the_same_and_others_are_refused() {
        let (design, target) = (Design { size: Some(6), ..Design::new(120) }, target());
        let layer = design.prune_layer(&target, 1, &Following::NOBODY).unwrap().unwrap();
        assert!(layer.channels().iter().all(|channel| channel.kept.len() == 6));
        assert_eq!(design.restore_layer(&target, 1, layer.channels().to_vec()).unwrap(), layer);
        let mut wrong = layer.channels().to_vec();
        wrong[0].kept = wrong[1].kept.clone();
        assert!(design.restore_layer(&target, 1, wrong).is_err());
        assert!(design.restore_layer(&target, 1, layer.channels()[1..].to_vec()).is_err());
    }

    #[test]
    fn scaling_up_brings_errors_down() {
        let target = target();
        let worst = |scale| {
            let design = Design { scale, ..Design::new(2000) };
            let pruned = design.prune(&target, &Watch::NOBODY).unwrap().unwrap();
            pruned.approximation().certify(6, 6).unwrap().total_error_upper()
        };
        assert!(10.0 * worst(Scale::Auto) < worst(Scale::THEOREM));
    }

    /// The leak is made up for: a wide pair with leaky ReLUs is near its target.
    #[test]
    fn leaky_networks_are_approximated_as_well() {
        let upper = |leak| {
            let target = target().with_leak(leak).unwrap();
            let pruned = Design::new(2000).prune(&target, &Watch::NOBODY).unwrap().unwrap();
            pruned
                .approximation()
                .certify(6, 6)
                .unwrap()
                .layer_errors
                .iter()
                .map(|worst| worst.value)
                .fold(0.0, f64::max)
        };
        let (plain, leaky) = (upper(0.0), upper(0.5));
        assert!(leaky < 4.0 * plain && plain < 0.05, "{leaky} {plain}");
    }

    /// Of as many filters, subset sums of fewer dimensions come nearer.
    #[test]
    fn a_direct_first_layer_comes_nearer() {
        let target = target();
        let worst = |direct| {
            let pruned = Design { direct, ..Design::new(2000) }.prune(&target, &Watch::NOBODY).unwrap().unwrap();
            assert_eq!(pruned.dense().layers()[0].kernel.side(), if direct { 3 } else { 1 });
            pruned.approximation().certify(6, 6).unwrap().layer_errors[0].value
        };
        assert!(2.0 * worst(true) < worst(false));
    }

    /// With eps, a search that ends within its tolerance makes the layer's error at most eps / 2l of its norm_1.
    #[test]
    fn the_tolerance_ensures_the_theorems_layer_error() {
        let target = target();
        let design = Design { eps: Some(0.15), ..Design::new(2000) };
        let pruned = design.prune(&target, &Watch::NOBODY).unwrap().unwrap();
        for (index, layer) in pruned.layers().iter().enumerate() {
            assert!(layer.max_error() <= design.tolerance(&target, index), "layer {index}: {}", layer.max_error());
            let error = layer.error().worst_case(6, 6, 1.0, Inputs::All, Outputs::Absolute).unwrap().value;
            assert!(error <= 0.15 / 6.0 * layer.target().kernel.norm1());
        }
    }

    /// The target is what some filters of the random network add up to: of about 20 candidates in 8 dimensions, no other
    /// subset can be expected within 1e-9.
    #[test]
    fn planted_tickets_are_found() {
        let design = Design { scale: Scale::None, eps: Some(1e-7), ..Design::new(40) };
        for (seed, planted) in [(1, 3), (2, 6), (3, 9)] {
            let design = Design { seed, ..design };
            let pair = SeededPair::new(seed, 0, design.width, Law::Normal, &Kernel::zeros(2, 1, 2));
            let mut kept = Vec::new();
            let [plus, minus] = Sign::BOTH.map(|sign| {
                let mut sum = vec![0.0; 8];
                for filter in pair.candidates(0, sign, Filters::HalfBlocks).into_iter().step_by(2).take(planted) {
                    sum.iter_mut().zip(pair.vector(filter)).for_each(|(sum, x)| *sum += x);
                    kept.push(filter);
                }
                sum
            });
            // One kernel has one target for either sign: L^+ and -L^- differ, so each sign is planted by itself.
            for (sign, sum) in [(Sign::Positive, plus), (Sign::Negative, minus.iter().map(|x| -x).collect())] {
                let layer = Layer { kernel: Kernel::new(2, 1, 2, sum).unwrap(), stride: 1, pad: 0 };
                let target = Network::new(vec![layer]).unwrap();
                let pruned = design.prune_layer(&target, 0, &Following::NOBODY).unwrap().unwrap();
                let result = &pruned.channels()[usize::from(sign == Sign::Negative)];
                assert_eq!(result.status, Status::Found);
                assert!(result.kept.iter().all(|filter| kept.contains(filter)) && result.kept.len() == planted);
                let other = &pruned.channels()[usize::from(sign == Sign::Positive)];
                assert_eq!(other.status, Status::None, "proved: nothing was planted there");
            }
        }
    }

    #[test]
    fn an_interrupted_construction_is_none() {
        let interrupted = AtomicBool::new(true);
        let watch = Watch { interrupted: &interrupted, advanced: &|| {} };
        assert_eq!(Design::new(120).prune(&target(), &watch).unwrap(), None);
    }

    /// A target whose second layer has 144 dimensions, which is balanced.
    fn target_of_many_dimensions() -> Network {
        let arch = [
            LayerShape { cin: 1, cout: 3, k: 1, stride: 1, pad: 0 },
            LayerShape { cin: 3, cout: 16, k: 3, stride: 1, pad: 0 },
        ];
        random_target(&arch, &mut Stream::new(75, 76)).unwrap()
    }

    #[test]
    fn what_is_known_of_a_layer_is_not_searched_again() {
        let (target, design) = (target_of_many_dimensions(), Design::new(1200));
        let solved = std::sync::Mutex::new(Vec::new());
        let follow = |result: &ChannelResult| solved.lock().unwrap().push(result.clone());
        let following = Following { solved: &follow, ..Following::NOBODY };
        let whole = design.prune_layer(&target, 1, &following).unwrap().unwrap();
        let mut known = solved.into_inner().unwrap();
        assert_eq!(known.len(), design.searches(&target.layers()[1]));
        assert!(known.iter().all(|result| result.solver == "balance"));
        known.truncate(4);
        let count = std::sync::atomic::AtomicUsize::new(0);
        let follow = |_: &ChannelResult| _ = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let following = Following { known: &known, solved: &follow, ..Following::NOBODY };
        assert_eq!(design.prune_layer(&target, 1, &following).unwrap().unwrap(), whole);
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 2);
        let interrupted = AtomicBool::new(true);
        let following = Following { interrupted: &interrupted, ..following };
        assert_eq!(design.prune_layer(&target, 1, &following).unwrap(), None);
    }

    #[test]
    fn filters_that_nothing_reaches_change_nothing_when_they_go() {
        let mut stream = Stream::new(77, 78);
        for target in [target(), target_of_many_dimensions()] {
            let design = Design::new(1200);
            let silent = Design { drop_silent: true, ..design.clone() };
            let [all, fewer] = [&design, &silent].map(|design| design.prune(&target, &Watch::NOBODY).unwrap().unwrap());
            assert_eq!(all.layers()[0].kept(), fewer.layers()[0].kept());
            for (all, fewer) in all.layers().iter().zip(fewer.layers()).skip(1) {
                let positive = |layer: &PrunedKernel<SeededPair>| {
                    let of_sign = layer.channels().iter().filter(|channel| channel.sign == Sign::Positive);
                    of_sign.flat_map(|channel| channel.kept.clone()).collect::<Vec<usize>>()
                };
                assert_eq!(positive(all), fewer.kept());
                assert!(fewer.is_silent() && fewer.kept().len() < all.kept().len());
            }
            for _ in 0..5 {
                let image = Image::from_fn(target.inputs(), 6, 6, |_, _, _| stream.random_range(-1.0..=1.0));
                let output = fewer.dense().forward(&image);
                assert!(all.dense().forward(&image).distance(&output) < 1e-10);
                assert!(fewer.approximation().forward(&image).distance(&output) < 1e-10);
            }
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_tensor_and_remedy() {
        let refused = |design: Design| design.check(&target()).unwrap_err().to_string();
        let narrow = refused(Design::new(20));
        assert!(narrow.contains("conv0.weight: of width 20, input channel"), "{narrow}");
        assert!(narrow.contains("candidates with V") && narrow.contains("the 18 entries"), "{narrow}");
        let enough = narrow.split("give --width ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(Design::new(enough).check(&target()).is_ok());
        // Of two layers that are both too narrow, the one that asks for more.
        let more = Design::new(20).check(&target_of_many_dimensions()).unwrap_err().to_string();
        let enough = more.split("give --width ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(Design::new(enough).check(&target_of_many_dimensions()).is_ok(), "{more}");
        assert!(refused(Design { size: Some(90), ..Design::new(120) }).contains("--size asks to keep 90"));
        for eps in [0.0, 1e306, f64::NAN] {
            assert!(refused(Design { eps: Some(eps), ..Design::new(120) }).contains("from 1e-100 to 1e100"));
        }
        let huge = Layer { kernel: target().layers()[1].kernel.map(|x| 1e200 * x), ..target().layers()[1] };
        let layers = [&target().layers()[..1], &[huge], &target().layers()[2..]].concat();
        let message = Design::new(120).check(&Network::new(layers).unwrap()).unwrap_err().to_string();
        assert!(message.contains("conv1.weight: its largest weight is"), "{message}");
        assert!(refused(Design::new(usize::MAX / 4)).contains("give a smaller --width"));
    }
}
