//! Lemma 12: one convolution approximated by masking a random pair of layers and removing filters.
//!
//! The random pair is `U * relu(V * X)` with V of 1x1 windows from c_0 to 2 n c_0 channels. The 2n-channel-blocked mask
//! leaves input channel t one block of 2n filters. In the block's first half only positive entries of V are kept, in its
//! second half only negative ones (Lemma 11, Eq. 21), so that the pair is `L^+ * X^+ + L^- * X^-` with L^+ and L^- sums
//! of the vectors `|V_l| U_l` over the filters kept. One subset-sum problem for each channel and sign brings L^+ near K
//! and L^- near -K.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::random::Stream;
use crate::subset_sum::{
    Answer, Balance, Budget, Norms, Outcome, Problem, SameVectors, Solution, Solver, Vectors, balance, nearest_soon,
    solve,
};
use crate::tickets::cnn::{Image, Kernel, Layer, Network, convolve, mask, relu};

use super::design::NEVER;
use super::pair::{Filters, Pair, RandomPair, Sign};
use super::worst_case::Split;

/// What is asked of every subset-sum problem of a layer.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// Max-norm tolerance of L^+ against K and of L^- against -K. The proof asks eps / (2 d^2 c_1 c_0).
    pub tolerance: f64,
    /// Filters to keep for each channel and sign; any number if none.
    pub size: Option<usize>,
    /// The filters from which each sign may keep.
    pub filters: Filters,
    /// The solver; chosen by size if none.
    pub solver: Option<&'a dyn Solver>,
    /// What takes the solver's place in many dimensions ([`balance::is_for`]), where vectors are drawn again rather than held.
    pub balance: Option<Balance>,
    /// The sign for which nothing is kept, since nothing of it comes in.
    pub silent: Option<Sign>,
}

/// How the search of a layer's channels is followed.
#[derive(Clone, Copy)]
pub struct Following<'a> {
    /// What is known from an earlier search.
    pub known: &'a [ChannelResult],
    /// Raised to stop.
    pub interrupted: &'a AtomicBool,
    /// Called with each result, by any thread.
    pub solved: &'a (dyn Fn(&ChannelResult) + Sync),
}

impl Following<'static> {
    /// Nothing is known, and nobody follows.
    pub const NOBODY: Following<'static> = Following { known: &[], interrupted: &NEVER, solved: &|_| {} };
}

/// How a channel's subset-sum problem ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Within the tolerance.
    Found,
    /// Proved: no subset of the candidates is within the tolerance. The filters kept are the best known.
    None,
    /// The solver gave up with the filters kept.
    GaveUp,
    /// Nothing is kept, since nothing of this sign comes in; no problem was posed.
    Silent,
}

/// One subset-sum problem of a layer and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelResult {
    /// Input channel, from 0.
    pub channel: usize,
    /// The part of the input that it reads.
    pub sign: Sign,
    /// Number of candidates: filters of the half block with the right sign.
    pub candidates: usize,
    /// The filters kept, from 0 among the 2 n c_0, rising.
    pub kept: Vec<usize>,
    /// Max norm of L^+ - K or L^- + K at this channel.
    pub error: f64,
    /// How the problem ended.
    pub status: Status,
    /// The solver's name; empty where there were too few candidates to ask one.
    pub solver: &'static str,
}

impl ChannelResult {
    /// Of a sign of which nothing comes in.
    fn silent(channel: usize, sign: Sign) -> Self {
        ChannelResult { channel, sign, candidates: 0, kept: Vec::new(), error: 0.0, status: Status::Silent, solver: "" }
    }
}

/// A target layer, the random pair, and the filters of the pair that are kept for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PrunedKernel<P = RandomPair> {
    target: Layer,
    pair: P,
    channels: Vec<ChannelResult>,
    l_plus: Kernel,
    l_minus: Kernel,
    magnitude: f64,
}

impl PrunedKernel {
    /// Draws a random pair of width `n` and prunes it for the target.
    ///
    /// # Errors
    /// When `n` is 0 or the tolerance is not a finite number of at least 0.
    pub fn draw(target: &Layer, n: usize, request: &Request, stream: &mut Stream) -> Result<Self> {
        let pair = RandomPair::draw(&target.kernel, n, stream)?;
        PrunedKernel::prune(target, pair, request, stream)
    }

    /// The mask S = S~ . S^ of the proof, as a kernel of zeros and ones in V's shape: the 2n-channel-blocked mask
    /// without the filters that were removed.
    pub fn mask(&self) -> Kernel {
        let v = self.pair.v();
        let mut keep = vec![false; v.outputs()];
        self.kept().into_iter().for_each(|filter| keep[filter] = true);
        let blocked = mask::channel_blocked(2 * self.pair.n(), v.inputs(), 1);
        let entry = |l: usize, t: usize| if keep[l] { blocked.at(l, t, 0, 0) } else { 0.0 };
        Kernel::from_fn(blocked.outputs(), blocked.inputs(), 1, |l, t, _, _| entry(l, t))
    }

    /// The masked random pair `U * relu((V . S) * X)`, with all of its filters.
    pub fn forward(&self, image: &Image) -> Image {
        let masked = self.pair.v().zip(&self.mask(), |v, s| v * s);
        convolve(self.pair.u(), &relu(&convolve(&masked, image, 1, 0)), self.target.stride, self.target.pad)
    }
}

impl<'p, P: Pair> PrunedKernel<&'p P> {
    /// Prunes a given pair as [`PrunedKernel::prune`] does for target after target, which all have the shape for which it was drawn.
    pub fn prune_each(
        targets: &[Layer],
        pair: &'p P,
        request: Request,
        stream: &mut Stream,
    ) -> impl Iterator<Item = Result<Self>> {
        let candidates = Candidates::of_all(pair, request.filters).into_iter();
        let candidates: Vec<(Candidates, Norms)> = candidates.map(Candidates::with_norms).collect();
        targets.iter().map(move |target| {
            check_shape(&target.kernel, pair)?;
            let solve = |(candidates, norms): &(Candidates, Norms)| {
                candidates.solve(&target.kernel, &request, Some(norms), stream)
            };
            let channels = candidates.iter().map(solve).collect::<Result<Vec<ChannelResult>>>()?;
            PrunedKernel::of_channels(target, pair, channels)
        })
    }
}

impl<P: Pair> PrunedKernel<P> {
    /// Prunes a given pair, which must have been drawn for a target of this shape.
    ///
    /// # Errors
    /// When the pair has another shape or the tolerance is not a finite number of at least 0.
    pub fn prune(target: &Layer, pair: P, request: &Request, stream: &mut Stream) -> Result<Self> {
        check_shape(&target.kernel, &pair)?;
        let solve = |place| Candidates::new(&pair, place, request.filters).solve(&target.kernel, request, None, stream);
        let channels = problems(target.kernel.inputs()).map(solve).collect::<Result<Vec<ChannelResult>>>()?;
        PrunedKernel::of_channels(target, pair, channels)
    }

    /// Prunes a given pair as [`PrunedKernel::prune`] does, but side by side: every channel and sign has its own stream, and
    /// threads change nothing. None when it was interrupted before all were solved.
    ///
    /// # Errors
    /// As for [`PrunedKernel::prune`].
    pub fn prune_side_by_side(
        target: &Layer,
        pair: P,
        request: &Request,
        stream: impl Fn(usize, Sign) -> Stream + Sync,
        following: &Following,
    ) -> Result<Option<Self>> {
        check_shape(&target.kernel, &pair)?;
        let budget = Budget::counted_unless(following.interrupted);
        let solve = |(channel, sign)| {
            let is_known = |result: &&ChannelResult| (result.channel, result.sign) == (channel, sign);
            if let Some(known) = following.known.iter().find(is_known) {
                return Ok(Some(known.clone()));
            }
            if request.silent == Some(sign) {
                return Ok(Some(ChannelResult::silent(channel, sign)));
            }
            if budget.is_spent() {
                return Ok(None);
            }
            let result = match request.balance.filter(|_| balance::is_for(dimension(&pair), request.size)) {
                Some(balance) => Drawn::new(&pair, (channel, sign), request.filters).solve(
                    &target.kernel,
                    request,
                    balance,
                    &budget,
                )?,
                None => Candidates::new(&pair, (channel, sign), request.filters).solve(
                    &target.kernel,
                    request,
                    None,
                    &mut stream(channel, sign),
                )?,
            };
            // What it would have found later is not known.
            if budget.is_spent() {
                return Ok(None);
            }
            (following.solved)(&result);
            Ok(Some(result))
        };
        // One by one, since they take long and unequally.
        let problems: Vec<(usize, Sign)> = problems(target.kernel.inputs()).collect();
        let channels = problems.into_par_iter().with_max_len(1).map(solve).collect::<Result<Option<Vec<_>>>>()?;
        channels.map(|channels| PrunedKernel::of_channels(target, pair, channels)).transpose()
    }

    /// A pair of which it is known which filters are kept, channel by channel, positive before negative.
    ///
    /// # Errors
    /// When the pair has another shape than the target, or the results are not those of its channels.
    pub fn of_channels(target: &Layer, pair: P, channels: Vec<ChannelResult>) -> Result<Self> {
        check_shape(&target.kernel, &pair)?;
        let filters = 2 * pair.n() * target.kernel.inputs();
        let is_own = |result: &ChannelResult| {
            result.kept.windows(2).all(|pair| pair[0] < pair[1])
                && result.kept.iter().all(|&filter| {
                    filter < filters && pair.channel(filter) == result.channel && result.sign.is_of(pair.entry(filter))
                })
        };
        if !problems(target.kernel.inputs()).eq(channels.iter().map(|result| (result.channel, result.sign)))
            || !channels.iter().all(is_own)
        {
            return Err(Error::input(
                "the filters kept are not those of this layer's channels and signs: prune it again",
            ));
        }
        let [(l_plus, plus), (l_minus, minus)] =
            Sign::BOTH.map(|sign| kept_sum(&target.kernel, &pair, &channels, sign));
        let magnitude = plus.iter().zip(&minus).map(|(plus, minus)| plus + minus).fold(0.0, f64::max);
        Ok(PrunedKernel { target: target.clone(), pair, channels, l_plus, l_minus, magnitude })
    }

    /// The layer that is approximated.
    pub fn target(&self) -> &Layer {
        &self.target
    }

    /// The random pair.
    pub fn pair(&self) -> &P {
        &self.pair
    }

    /// The subset-sum problems: channel by channel, positive before negative.
    pub fn channels(&self) -> &[ChannelResult] {
        &self.channels
    }

    /// L^+ of the proof of Lemma 12, in the target's shape; near K.
    pub fn l_plus(&self) -> &Kernel {
        &self.l_plus
    }

    /// L^- of the proof of Lemma 12, in the target's shape; near -K.
    pub fn l_minus(&self) -> &Kernel {
        &self.l_minus
    }

    /// The largest over the outputs of the sum of the absolute values of all that is added up for L^+ and L^-.
    pub(super) fn magnitude(&self) -> f64 {
        self.magnitude
    }

    /// The largest of `|K - L^+|_max` and `|K + L^-|_max`.
    pub fn max_error(&self) -> f64 {
        self.channels.iter().fold(0.0, |max, channel| channel.error.max(max))
    }

    /// How many filters the dense pair has: those kept, or one of zeros where none is.
    pub fn kept_count(&self) -> usize {
        self.channels.iter().map(|channel| channel.kept.len()).sum::<usize>().max(1)
    }

    /// All filters kept, rising.
    pub fn kept(&self) -> Vec<usize> {
        let mut kept: Vec<usize> = self.channels.iter().flat_map(|channel| &channel.kept).copied().collect();
        kept.sort_unstable();
        kept
    }

    /// Whether nothing negative comes in, so that no filter is kept for it.
    pub fn is_silent(&self) -> bool {
        self.channels.iter().any(|channel| channel.status == Status::Silent)
    }

    /// What the pruned pair computes, by Lemma 11: `L^+ * X^+ + L^- * X^-`. Where no negative part comes in it is taken to be answered
    /// as the target does.
    pub fn response(&self) -> Split {
        let minus = if self.is_silent() { self.target.kernel.map(|k| -k) } else { self.l_minus.clone() };
        self.split(self.l_plus.clone(), minus)
    }

    /// The error `K * X - U * relu((V . S) * X)` as `(K - L^+) * X^+ + (-K - L^-) * X^-`.
    pub fn error(&self) -> Split {
        let kernel = &self.target.kernel;
        self.split(kernel.zip(&self.l_plus, |k, l| k - l), kernel.zip(&self.l_minus, |k, l| -k - l))
    }

    fn split(&self, plus: Kernel, minus: Kernel) -> Split {
        Split { plus, minus, stride: self.target.stride, pad: self.target.pad }
    }

    /// Remark 13: the pair with the removed filters gone, as two dense layers V^ (1x1) and U^ (d x d).
    ///
    /// The remark has 2m filters a channel; how many are kept here may differ from channel to channel and from sign to
    /// sign, unless the request fixed the size. Where none at all is kept, there is one of zeros.
    pub fn dense(&self) -> [Layer; 2] {
        let kept = self.kept();
        let (inputs, outputs, side) = self.pair.shape();
        // Libraries have no layers without filters: one of zeros computes the same.
        let filters = kept.len().max(1);
        let mut v = Kernel::zeros(filters, inputs, 1);
        let mut u = Kernel::zeros(outputs, filters, side);
        if !kept.is_empty() {
            let entry = |l: usize, t| if self.pair.channel(kept[l]) == t { self.pair.entry(kept[l]) } else { 0.0 };
            v = Kernel::from_fn(filters, inputs, 1, |l, t, _, _| entry(l, t));
            let slices: Vec<Vec<f64>> = kept.iter().map(|&filter| self.pair.slice(filter)).collect();
            u = Kernel::from_fn(outputs, filters, side, |o, l, r, s| slices[l][(o * side + r) * side + s]);
        }
        [Layer { kernel: v, stride: 1, pad: 0 }, Layer { kernel: u, stride: self.target.stride, pad: self.target.pad }]
    }

    /// The two dense layers as a network.
    pub fn dense_network(&self) -> Network {
        Network::new(self.dense().into()).expect("the pair's channels chain")
    }
}

/// The subset-sum problems of a layer with so many input channels, in their order.
fn problems(inputs: usize) -> impl Iterator<Item = (usize, Sign)> {
    (0..inputs).flat_map(|channel| Sign::BOTH.map(|sign| (channel, sign)))
}

fn check_shape(kernel: &Kernel, pair: &impl Pair) -> Result<()> {
    if pair.shape() != (kernel.inputs(), kernel.outputs(), kernel.side()) {
        return Err(Error::input("the random pair was drawn for another shape: draw one for this target"));
    }
    Ok(())
}

/// The dimension d^2 c_1 of a pair's subset sums.
fn dimension(pair: &impl Pair) -> usize {
    let (_, outputs, side) = pair.shape();
    outputs * side * side
}

/// What a channel's and sign's sum aims at: K or -K at the channel, in the order (output, row, column).
fn aim(kernel: &Kernel, channel: usize, sign: Sign) -> Vec<f64> {
    let mut target = kernel.input_slice(channel);
    if sign == Sign::Negative {
        target.iter_mut().for_each(|k| *k = -*k);
    }
    target
}

/// The filters that a channel and sign may keep; what each adds is drawn whenever it is asked for.
struct Drawn<'p, P> {
    pair: &'p P,
    channel: usize,
    sign: Sign,
    filters: Vec<usize>,
}

impl<P: Pair> Vectors for Drawn<'_, P> {
    fn count(&self) -> usize {
        self.filters.len()
    }

    fn dimension(&self) -> usize {
        dimension(self.pair)
    }

    fn norms(&self) -> Result<Vec<f64>> {
        Ok(self.filters.iter().map(|&filter| self.pair.norm(filter)).collect())
    }

    fn read(&self, index: usize, vector: &mut [f64]) -> Result<()> {
        self.pair.read_vector(self.filters[index], vector);
        Ok(())
    }
}

impl<'p, P: Pair> Drawn<'p, P> {
    fn new(pair: &'p P, (channel, sign): (usize, Sign), filters: Filters) -> Self {
        Drawn { pair, channel, sign, filters: pair.candidates(channel, sign, filters) }
    }

    fn solve(&self, kernel: &Kernel, request: &Request, balance: Balance, budget: &Budget) -> Result<ChannelResult> {
        let Drawn { channel, sign, ref filters, .. } = *self;
        let target = aim(kernel, channel, sign);
        let size = request.size.filter(|&size| size <= filters.len());
        let solution = balance.search(self, &target, size, request.tolerance, budget)?;
        let status = match size == request.size {
            true if solution.error <= request.tolerance => Status::Found,
            true => Status::GaveUp,
            // Too few candidates are a proof of none.
            false => Status::None,
        };
        let kept = solution.subset.iter().map(|&index| filters[index]).collect();
        let solver = Solver::name(&balance);
        Ok(ChannelResult { channel, sign, candidates: filters.len(), kept, error: solution.error, status, solver })
    }
}

/// The filters that a channel and sign may keep, and what each adds.
struct Candidates {
    channel: usize,
    sign: Sign,
    filters: Vec<usize>,
    vectors: Vec<f64>,
    dimension: usize,
}

impl Candidates {
    fn new(pair: &impl Pair, (channel, sign): (usize, Sign), filters: Filters) -> Self {
        let filters = pair.candidates(channel, sign, filters);
        let dimension = dimension(pair);
        let mut vectors = Vec::with_capacity(filters.len() * dimension);
        filters.iter().for_each(|&filter| vectors.extend(pair.vector(filter)));
        Candidates { channel, sign, filters, vectors, dimension }
    }

    /// Those of all channels and signs.
    fn of_all(pair: &impl Pair, filters: Filters) -> Vec<Self> {
        problems(pair.shape().0).map(|place| Candidates::new(pair, place, filters)).collect()
    }

    /// With what problems of the same vectors need not work out again.
    fn with_norms(self) -> (Self, Norms) {
        let norms = Norms::new(&self.vectors, self.dimension);
        (self, norms)
    }

    fn target(&self, kernel: &Kernel) -> Vec<f64> {
        aim(kernel, self.channel, self.sign)
    }

    fn solve(
        &self,
        kernel: &Kernel,
        request: &Request,
        norms: Option<&Norms>,
        stream: &mut Stream,
    ) -> Result<ChannelResult> {
        let Candidates { channel, sign, dimension, ref filters, ref vectors } = *self;
        let target = self.target(kernel);
        // How many candidates there are is chance: too few for the size asked is a proof of none, and no mistake.
        let size = request.size.filter(|&size| size <= filters.len());
        let problem = Problem::new(vectors, dimension, &target, request.tolerance, size)?;
        let problem = norms.map_or(problem, |norms| problem.knowing(norms));
        let (status, solution, solver) = if size == request.size {
            let answer = match request.solver {
                Some(solver) => Answer::of(solver, &problem, stream, &Budget::COUNTED),
                None => solve(&problem, stream, &Budget::COUNTED),
            };
            let (status, solution) = best_known(&problem, answer.outcome, stream);
            (status, solution, answer.solver)
        } else {
            (Status::None, problem.solution((0..filters.len()).collect()), "")
        };
        let kept = solution.subset.iter().map(|&index| filters[index]).collect();
        Ok(ChannelResult { channel, sign, candidates: filters.len(), kept, error: solution.error, status, solver })
    }
}

/// Whether every channel and sign has filters whose sum is within the tolerance, for each of some targets: none where some were not
/// found and could not be excluded. The pair must have been drawn for targets of this shape.
///
/// # Errors
/// When the tolerance is not a finite number of at least 0.
pub fn come_near(
    targets: &[Layer],
    pair: &impl Pair,
    filters: Filters,
    tolerance: f64,
    stream: &mut Stream,
) -> Result<Option<bool>> {
    let (_, outputs, side) = pair.shape();
    let candidates = Candidates::of_all(pair, filters);
    let vectors = candidates.iter().map(|candidates| &candidates.vectors);
    let sums = vectors.map(|vectors| SameVectors::new(vectors, outputs * side * side, tolerance));
    let sums = sums.collect::<Result<Vec<SameVectors>>>()?;
    let mut all = Some(true);
    for target in targets {
        for (candidates, sums) in candidates.iter().zip(&sums) {
            match sums.exists(&candidates.target(&target.kernel), stream)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => all = None,
            }
        }
    }
    Ok(all)
}

/// What is kept: where there is no subset within the tolerance, the nearest, or the best that a beam sees.
fn best_known(problem: &Problem, outcome: Outcome, stream: &mut Stream) -> (Status, Solution) {
    match outcome {
        Outcome::Found(solution) => (Status::Found, solution),
        Outcome::GaveUp { best } => (Status::GaveUp, best),
        Outcome::None => (Status::None, nearest_soon(problem, stream)),
    }
}

/// L^+ or L^-: at each input channel the sum of the vectors of the filters kept; and for each output the sum of the absolute
/// values of all that is added up.
fn kept_sum(kernel: &Kernel, pair: &impl Pair, channels: &[ChannelResult], sign: Sign) -> (Kernel, Vec<f64>) {
    let (side, dimension) = (kernel.side(), dimension(pair));
    let of_sign: Vec<&ChannelResult> = channels.iter().filter(|result| result.sign == sign).collect();
    let sums = of_sign.par_iter().with_max_len(1).map(|result| {
        let (mut sum, mut absolute, mut vector) = (vec![0.0; dimension], vec![0.0; dimension], vec![0.0; dimension]);
        for &filter in &result.kept {
            pair.read_vector(filter, &mut vector);
            for ((sum, absolute), x) in sum.iter_mut().zip(&mut absolute).zip(&vector) {
                *sum += x;
                *absolute += x.abs();
            }
        }
        let of_outputs = absolute.chunks_exact(side * side).map(|window| window.iter().sum()).collect();
        (sum, of_outputs)
    });
    let (slices, magnitudes): (Vec<Vec<f64>>, Vec<Vec<f64>>) = sums.unzip();
    let magnitude = |output: usize| magnitudes.iter().map(|of_outputs| of_outputs[output]).sum();
    let sum =
        Kernel::from_fn(kernel.outputs(), kernel.inputs(), side, |o, t, r, s| slices[t][(o * side + r) * side + s]);
    (sum, (0..kernel.outputs()).map(magnitude).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subset_sum::{Exact, exists};
    use rand_distr::{Distribution, StandardNormal};

    fn layer(outputs: usize, inputs: usize, side: usize, stride: usize, pad: usize, stream: &mut Stream) -> Layer {
        let kernel = Kernel::normal(outputs, inputs, side, stream);
        let norm = kernel.norm1();
        Layer { kernel: kernel.map(|x| x / norm), stride, pad }
    }

    fn normal_image(channels: usize, rows: usize, columns: usize, stream: &mut Stream) -> Image {
        Image::from_fn(channels, rows, columns, |_, _, _| StandardNormal.sample(stream))
    }

    /// Among prunings with few candidates: beyond reach is what a pruning proves to be, and what it keeps then is the nearest.
    #[test]
    fn what_is_beyond_reach_is_what_has_no_filters() {
        let (mut stream, mut beyond) = (Stream::new(37, 38), 0);
        for _ in 0..60 {
            let target = layer(1, 2, 1, 1, 0, &mut stream);
            let pair = RandomPair::draw(&target.kernel, 20, &mut stream).unwrap();
            let request = Request { tolerance: 0.02, ..Request::default() };
            let pruned = PrunedKernel::prune(&target, pair.clone(), &request, &mut stream).unwrap();
            let has_none = pruned.channels().iter().any(|channel| channel.status == Status::None);
            let targets = std::slice::from_ref(&target);
            let near = come_near(targets, &pair, request.filters, request.tolerance, &mut stream).unwrap();
            assert_eq!(near, Some(!has_none));
            for channel in pruned.channels().iter().filter(|channel| channel.status == Status::None) {
                let candidates = Candidates::new(&pair, (channel.channel, channel.sign), request.filters);
                let (aim, eps) = (candidates.target(&target.kernel), channel.error * (1.0 - 1e-9));
                let just_below = Problem::new(&candidates.vectors, 1, &aim, eps, None).unwrap();
                assert_eq!(exists(&just_below, &mut stream), Some(false));
            }
            beyond += usize::from(has_none);
        }
        assert!(beyond > 10 && beyond < 50, "{beyond}");
    }

    #[test]
    fn targets_are_pruned_each_as_by_itself() {
        let mut stream = Stream::new(41, 42);
        let targets = [0; 3].map(|_| layer(2, 2, 2, 1, 0, &mut stream));
        let pair = RandomPair::draw(&targets[0].kernel, 60, &mut stream).unwrap();
        let request = Request { tolerance: 0.05, ..Request::default() };
        let each: Vec<_> =
            PrunedKernel::prune_each(&targets, &pair, request, &mut stream).map(Result::unwrap).collect();
        for (target, pruned) in targets.iter().zip(&each) {
            assert_eq!(pruned, &PrunedKernel::prune(target, &pair, &request, &mut stream).unwrap());
        }
        let other = [layer(3, 2, 2, 1, 0, &mut stream)];
        assert!(PrunedKernel::prune_each(&other, &pair, request, &mut stream).all(|pruned| pruned.is_err()));
    }

    #[test]
    fn masked_dense_and_split_forms_agree() {
        let mut stream = Stream::new(31, 32);
        for (outputs, inputs, side, stride, pad) in [(1, 1, 1, 1, 0), (2, 3, 3, 1, 1), (3, 2, 2, 2, 1), (2, 2, 3, 2, 0)]
        {
            let target = layer(outputs, inputs, side, stride, pad, &mut stream);
            let request = Request { tolerance: 0.01, ..Request::default() };
            let pruned = PrunedKernel::draw(&target, 14, &request, &mut stream).unwrap();
            let image = normal_image(inputs, 6, 5, &mut stream);
            let masked = pruned.forward(&image);
            assert!(masked.distance(&pruned.dense_network().forward(&image)) < 1e-10);
            assert!(masked.distance(&pruned.response().forward(&image)) < 1e-10);
            let error = target.forward(&image).zip(&masked, |k, m| k - m);
            assert!(error.distance(&pruned.error().forward(&image)) < 1e-10);
            let norms = pruned.error().plus.max_norm().max(pruned.error().minus.max_norm());
            assert!((norms - pruned.max_error()).abs() < 1e-12);
        }
    }

    #[test]
    fn the_mask_is_blocked_and_keeps_the_sign_split() {
        let mut stream = Stream::new(33, 34);
        let target = layer(1, 3, 1, 1, 0, &mut stream);
        let request = Request { tolerance: 0.1, ..Request::default() };
        let pruned = PrunedKernel::draw(&target, 20, &request, &mut stream).unwrap();
        let full = mask::channel_blocked(40, 3, 1);
        assert_eq!(mask::departure(&full, 40), None);
        let mask = pruned.mask();
        assert_eq!(mask.norm1() as usize, pruned.kept().len());
        for l in 0..mask.outputs() {
            for t in 0..mask.inputs() {
                if mask.at(l, t, 0, 0) == 1.0 {
                    // Eq. 21, counted from 0: the first half of block t is positive, the second negative.
                    let positive = l % 40 < 20;
                    assert_eq!(full.at(l, t, 0, 0), 1.0);
                    assert_eq!(pruned.pair().v().at(l, t, 0, 0) > 0.0, positive);
                }
            }
        }
        assert!(pruned.channels().iter().all(|c| c.status == Status::Found && c.error <= 0.1), "one dimension is easy");
    }

    #[test]
    fn a_fixed_size_gives_the_equal_blocks_of_remark_13() {
        let mut stream = Stream::new(35, 36);
        let target = layer(2, 2, 1, 1, 0, &mut stream);
        let request = Request { tolerance: 0.2, size: Some(4), solver: Some(&Exact), ..Request::default() };
        let pruned = PrunedKernel::draw(&target, 30, &request, &mut stream).unwrap();
        assert!(pruned.channels().iter().all(|channel| channel.kept.len() == 4));
        let [v, _] = pruned.dense();
        let support = v.kernel.map(|x| f64::from(u8::from(x != 0.0)));
        assert_eq!(mask::departure(&support, 8), None);
    }

    #[test]
    fn none_is_proved_and_said() {
        let mut stream = Stream::new(37, 38);
        let target = layer(4, 1, 2, 1, 0, &mut stream);
        let tight = Request { tolerance: 1e-9, ..Request::default() };
        let pruned = PrunedKernel::draw(&target, 10, &tight, &mut stream).unwrap();
        assert!(pruned.channels().iter().all(|channel| channel.status == Status::None));
        assert!(pruned.max_error() <= target.kernel.max_norm(), "never worse than keeping nothing");
        let many = Request { size: Some(11), ..tight };
        let pruned = PrunedKernel::draw(&target, 10, &many, &mut stream).unwrap();
        assert!(pruned.channels().iter().all(|channel| channel.status == Status::None && channel.solver.is_empty()));
    }

    #[test]
    fn wrong_requests_are_refused() {
        let mut stream = Stream::new(39, 40);
        let target = layer(1, 1, 1, 1, 0, &mut stream);
        assert!(PrunedKernel::draw(&target, 0, &Request::default(), &mut stream).is_err());
        let negative = Request { tolerance: -1.0, ..Request::default() };
        assert!(PrunedKernel::draw(&target, 3, &negative, &mut stream).is_err());
        let other = RandomPair::draw(&Kernel::zeros(1, 2, 1), 3, &mut stream).unwrap();
        assert!(PrunedKernel::prune(&target, other, &Request::default(), &mut stream).is_err());
    }
}
