//! What a pruned network is worth: each layer's errors, exact and beside what the theorem allows, and the total between
//! two bounds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use super::design::{Design, Watch, dimension, least_width};
use super::kernel::{ChannelResult, PrunedKernel, Status};
use super::limit::ln_first_moment_limit;
use super::network::PrunedNetwork;
use super::pair::{Pair, Sign};
use super::picture::Picture;
use super::search::Search;
use super::seeded::{Law, SeededPair};
use super::worst_case::Split;
use crate::error::{Error, Result};
use crate::random::Address;
use crate::statement::Hypothesis;
use crate::tickets::cnn::{Image, Layer, LayerShape, Network};
use crate::tickets::pruning::Certificate;

/// How the worst input is looked for.
#[derive(Clone, Copy)]
pub struct Looking<'a> {
    /// Where the search begins, among others.
    pub starts: &'a [Image],
    /// The last so many input channels are 1 throughout.
    pub ones: usize,
    /// Time to bring the input found and the certified bound nearer to each other.
    pub tighten: Duration,
    /// Is given how many inputs are tried at most, when the search begins; and 0 when it goes on for as long as there is time.
    pub searching: &'a dyn Fn(usize),
}

impl Looking<'static> {
    /// From nowhere in particular, as long as it takes.
    pub const PLAIN: Looking<'static> = Looking { starts: &[], ones: 0, tighten: Duration::ZERO, searching: &|_| {} };
}

/// The figures of a pruned network. Errors are those of the target's layers as they are, with all scaling undone, unless it
/// is said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// First to last.
    pub layers: Vec<LayerFigures>,
    /// Of the whole network.
    pub total: TotalFigures,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerFigures {
    /// Its place in the target, from 0, average pooling counted: it decides which random filters there are.
    pub layer: usize,
    /// The name of its tensors.
    pub name: String,
    /// Its shape.
    pub shape: LayerShape,
    /// d^2 c_1, the dimension of its subset sums; c_1 where the d x d kernel stands first.
    pub dimension: usize,
    /// norm_1(K).
    pub norm1: f64,
    /// What K is multiplied by before it is approximated.
    pub factor: f64,
    /// The fewest candidates of a channel and sign.
    pub candidates: usize,
    /// Filters of the random layer: 2 n c_0.
    pub filters: usize,
    /// Filters kept.
    pub kept: usize,
    /// Of them, with positive entries of V.
    pub kept_plus: usize,
    /// Of them, with negative entries.
    pub kept_minus: usize,
    /// The most of a channel and sign: the m of Remark 13.
    pub kept_most: usize,
    /// The m_i that Theorem 3 keeps of a channel and sign, with C_1 = 1: sqrt(n / ln(1/eps)); none where eps is not below 1.
    pub kept_by_theorem: Option<f64>,
    /// The n that Theorem 3 asks for, with C = 1.
    pub width_by_theorem: f64,
    /// Numbers in the two random kernels, and in the two of the pruned pair.
    pub random_weights: u64,
    /// Those of the pruned pair.
    pub pruned_weights: u64,
    /// The largest error of a subset sum, in the scaled layer: the engine's own.
    pub subset_sum_error: f64,
    /// ln of the largest over channels and signs of the eps at which one subset is expected, in the scaled layer; NaN for
    /// laws of weights for which it is not known.
    #[serde(serialize_with = "finite")]
    pub ln_first_moment_limit: f64,
    /// The largest of `|K - L^+|_max` and `|K + L^-|_max`.
    pub kernel_error: f64,
    /// The largest `|K * X - L~ * relu(L~ * X)|_max` over all X in [-1, 1], exact.
    pub worst_error: f64,
    /// Where that is: output channel, row, column, from 0.
    pub worst_at: (usize, usize, usize),
    /// The worst error over norm_1(K): the error of the layer that is scaled to norm_1 = 1.
    pub relative_error: f64,
    /// eps / (2l) norm_1(K), what Eq. 31 allows the worst error; none without eps.
    pub allowance: Option<f64>,
    /// Whether the worst error is within it.
    pub within_allowance: Option<bool>,
    /// Subset sums within the tolerance of the proof.
    pub found: usize,
    /// The others, with the nearest subset seen.
    pub gave_up: usize,
    /// The theorem's hypotheses, each met or unmet. C is 1, and eps where none was given the one that was reached.
    #[serde(serialize_with = "by_name")]
    pub hypotheses: Vec<Hypothesis>,
    /// An X that attains the worst error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_input: Option<Picture>,
}

/// The whole network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TotalFigures {
    /// Rows and columns of the inputs.
    pub side: (usize, usize),
    /// The error at the best input found: the sup over [-1, 1] is at least this.
    pub lower: f64,
    /// The certified bound: the sup over [-1, 1] is at most this, and so is what forward passes in f64 yield.
    pub upper: f64,
    /// The product of all norm_1(K), by which the theorem's bounds are to be multiplied for layers that are not scaled.
    pub norms: f64,
    /// The least eps at which every layer is within its allowance: 2l times the largest relative error.
    pub eps_reached: f64,
    /// What Theorem 3 says about the total error: eps times the norms; none without eps.
    pub theorem: Option<f64>,
    /// What the proof's propagation makes of the layers' own errors: (product of (1 + relative error) - 1) times the norms.
    pub propagated: f64,
    /// Filters kept.
    pub kept: usize,
    /// Filters of the random network.
    pub filters: usize,
    /// Numbers in the kernels of the random network.
    pub random_weights: u64,
    /// Numbers in the kernels of the pruned network.
    pub pruned_weights: u64,
    /// An input that attains the lower bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_input: Option<Picture>,
}

impl TotalFigures {
    /// Lower and upper bound are finite where a certificate is; what the norms are multiplied by need not be.
    fn refuse_overflow(&self) -> Result<()> {
        let figures = [self.norms, self.eps_reached, self.propagated, self.theorem.unwrap_or(0.0)];
        if figures.iter().all(|figure| figure.is_finite()) {
            return Ok(());
        }
        Err(Error::input(
            "the product of the layers' norm1, or the theorem's bound, overflows: scale the weights down, or give a smaller eps",
        ))
    }
}

fn by_name<S: serde::Serializer>(hypotheses: &[Hypothesis], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(hypotheses.iter().map(|hypothesis| (&hypothesis.name, hypothesis.met)))
}

/// JSON has no infinity.
fn finite<S: serde::Serializer>(x: &f64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    x.is_finite().then_some(x).serialize(serializer)
}

impl Assessment {
    /// The figures of a pruned network over inputs of `side` = (rows, columns) in [-1, 1]; without time to tighten it, the certified bound
    /// holds for any numbers in [-1, 1] in channels of ones too. None when the watch was interrupted.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or a figure overflows.
    pub fn new(
        design: &Design,
        pruned: &PrunedNetwork<SeededPair>,
        side: (usize, usize),
        looking: &Looking,
        watch: &Watch,
    ) -> Result<Option<Self>> {
        let (approximation, target) = (pruned.approximation(), pruned.target());
        let Some(certificate) = approximation.certify_watched(side.0, side.1, watch)? else { return Ok(None) };
        let norm1 = |index: usize| target.layers()[index].kernel.norm1();
        let relative = |index: usize| certificate.layer_errors[index].value / norm1(index);
        // Averages are no larger than what they are averages of.
        let norms = target.places().map(norm1).product::<f64>();
        let eps_reached = 2.0 * target.depth() as f64 * target.places().map(relative).fold(0.0, f64::max);
        let eps = design.eps.unwrap_or(eps_reached);
        let layers: Vec<LayerFigures> = target
            .places()
            .zip(pruned.layers())
            .zip(pruned.factors())
            .map(|((index, layer), &factor)| {
                let response = &approximation.responses()[index];
                LayerInQuestion { design, target, index, layer, factor, response }.figures(&certificate, eps)
            })
            .collect();
        let address =
            Address { seed: design.seed, experiment: "prune", cell: "worst input", estimator: "search", batch: 0 };
        let evaluations = Search::evaluations(target, side)?;
        (looking.searching)(evaluations);
        let Looking { starts, ones, .. } = *looking;
        let search = Search { evaluations, starts, ones, within: None, watch: *watch };
        let mut stream = address.stream();
        let mut worst = approximation.worst_found(side, &search, &mut stream)?;
        let mut upper = certificate.total_error_upper();
        if !looking.tighten.is_zero() {
            (looking.searching)(0);
            let nearer = approximation.tighten(side, (worst, &search), looking.tighten, &mut stream)?;
            let Some((found, bound)) = nearer else { return Ok(None) };
            (worst, upper) = (found, upper.min(bound));
        }
        if watch.interrupted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let total = TotalFigures {
            side,
            lower: worst.value,
            upper,
            norms,
            eps_reached,
            theorem: design.eps.map(|eps| eps * norms),
            propagated: norms * target.places().map(|index| relative(index).ln_1p()).sum::<f64>().exp_m1(),
            kept: layers.iter().map(|layer| layer.kept).sum(),
            filters: layers.iter().map(|layer| layer.filters).sum(),
            random_weights: layers.iter().map(|layer| layer.random_weights).sum(),
            pruned_weights: layers.iter().map(|layer| layer.pruned_weights).sum(),
            worst_input: Some(Picture::new(&worst.input)),
        };
        total.refuse_overflow()?;
        Ok(Some(Assessment { layers, total }))
    }

    /// The figures alone, without the inputs that attain them.
    pub fn without_inputs(mut self) -> Self {
        self.layers.iter_mut().for_each(|layer| layer.worst_input = None);
        self.total.worst_input = None;
        self
    }
}

/// A pruned layer and what stands around it.
struct LayerInQuestion<'a> {
    design: &'a Design,
    target: &'a Network,
    /// Its place in the target.
    index: usize,
    layer: &'a PrunedKernel<SeededPair>,
    factor: f64,
    response: &'a Split,
}

impl LayerInQuestion<'_> {
    fn figures(&self, certificate: &Certificate, eps: f64) -> LayerFigures {
        let LayerInQuestion { design, index, layer, factor, .. } = *self;
        let target = &self.target.layers()[index];
        let (worst, norm1) = (&certificate.layer_errors[index], target.kernel.norm1());
        let kept = |sign: Option<Sign>| {
            let of_sign = layer.channels().iter().filter(|channel| sign.is_none_or(|sign| channel.sign == sign));
            of_sign.map(|channel| channel.kept.len()).sum()
        };
        let count = |status| layer.channels().iter().filter(|channel| channel.status == status).count();
        let found = count(Status::Found);
        let posed = || layer.channels().iter().filter(|channel| channel.status != Status::Silent);
        let (inputs, outputs, side) = layer.pair().shape();
        let filters = 2 * layer.pair().n() * inputs;
        let weights = |filters: usize| filters as u64 * (inputs + outputs * side * side) as u64;
        let allowance = design.eps.map(|eps| eps / (2.0 * self.target.depth() as f64) * norm1);
        LayerFigures {
            layer: index,
            name: self.target.roles()[index].name.clone(),
            shape: target.shape(),
            dimension: dimension(layer.target()),
            norm1,
            factor,
            candidates: posed().map(|channel| channel.candidates).min().unwrap_or(0),
            filters,
            kept: kept(None),
            kept_plus: kept(Some(Sign::Positive)),
            kept_minus: kept(Some(Sign::Negative)),
            kept_most: layer.channels().iter().map(|channel| channel.kept.len()).max().unwrap_or(0),
            kept_by_theorem: kept_by_theorem(layer.pair().n(), eps),
            width_by_theorem: width_by_theorem(target, self.target.depth(), eps),
            random_weights: weights(filters),
            pruned_weights: weights(layer.kept_count()),
            subset_sum_error: layer.max_error(),
            ln_first_moment_limit: ln_limit(design, layer),
            kernel_error: kernel_error(target, self.response),
            worst_error: worst.value,
            worst_at: worst.at,
            relative_error: worst.value / norm1,
            allowance,
            within_allowance: allowance.map(|allowance| worst.value <= allowance),
            found,
            gave_up: count(Status::GaveUp) + count(Status::None),
            hypotheses: self.hypotheses(eps),
            worst_input: Some(Picture::new(&worst.input)),
        }
    }

    /// The hypotheses of Theorem 3 for the layer that is approximated.
    fn hypotheses(&self, eps: f64) -> Vec<Hypothesis> {
        let LayerInQuestion { design, target, factor, .. } = *self;
        let layer = &target.layers()[self.index];
        let k = layer.shape().k;
        let least = width_by_theorem(layer, target.depth(), eps);
        let mut hypotheses = vec![
            Hypothesis::new("V is 1 x 1", !design.direct || k == 1),
            Hypothesis::new("phi = ReLU", target.leak() == 0.0),
            Hypothesis::new("U, V ~ N(0, 1)", design.law == Law::Normal),
            Hypothesis::new("norm1(K) <= 1", factor * layer.kernel.norm1() <= 1.0),
            Hypothesis::new("n >= C d^12 c_i^6 log^3(d^2 c_i c_{i-1} l/eps)", design.width as f64 >= least),
        ];
        if self.layer.is_silent() {
            hypotheses.push(Hypothesis::new("filters are kept for the negative part behind a ReLU", false));
        }
        hypotheses
    }
}

/// The n that Theorem 3 asks for of a layer, with C = 1.
fn width_by_theorem(layer: &Layer, depth: usize, eps: f64) -> f64 {
    let LayerShape { cin, cout, k, .. } = layer.shape();
    least_width(1.0, k as f64, cin as f64, cout as f64, depth as f64, eps)
}

/// m_i = sqrt(n_i / ln(1/eps)), if eps is below 1.
fn kept_by_theorem(width: usize, eps: f64) -> Option<f64> {
    (eps < 1.0).then(|| (width as f64 / -eps.ln()).sqrt())
}

/// The largest of `|K - P|_max` and `|K + Q|_max` where the pair computes `P * X^+ + Q * X^-`.
fn kernel_error(target: &Layer, response: &Split) -> f64 {
    let plus = target.kernel.zip(&response.plus, |k, p| k - p);
    plus.max_norm().max(target.kernel.zip(&response.minus, |k, q| k + q).max_norm())
}

/// ln of the largest first-moment limit of a layer's problems: known where the vectors are normally-scaled normal, up to
/// their spread.
fn ln_limit(design: &Design, layer: &PrunedKernel<SeededPair>) -> f64 {
    if !matches!(design.law, Law::Normal | Law::Kaiming) {
        return f64::NAN;
    }
    let spread = layer.pair().spread();
    let limit = |result: &ChannelResult| {
        // The law of the sums does not change with a sign.
        let target: Vec<f64> = layer.target().kernel.input_slice(result.channel).iter().map(|x| x / spread).collect();
        ln_first_moment_limit(result.candidates as u64, design.size.map(|size| size as u64), &target) + spread.ln()
    };
    layer.channels().par_iter().map(limit).reduce(|| f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::tickets::cnn::Kernel;
    use crate::tickets::pruning::{Scale, random_target};

    const ARCH: [LayerShape; 2] = [
        LayerShape { cin: 2, cout: 2, k: 3, stride: 1, pad: 1 },
        LayerShape { cin: 2, cout: 3, k: 2, stride: 2, pad: 0 },
    ];

    fn assessed(design: &Design) -> (PrunedNetwork<SeededPair>, Assessment) {
        let target = random_target(&ARCH, &mut Stream::new(81, 82)).unwrap();
        let pruned = design.prune(&target, &Watch::NOBODY).unwrap().unwrap();
        let assessment = Assessment::new(design, &pruned, (6, 6), &Looking::PLAIN, &Watch::NOBODY).unwrap().unwrap();
        (pruned, assessment)
    }

    /// The inputs that are said to be the worst are, by forward passes of the target and the dense network.
    #[test]
    fn forward_passes_confirm_the_figures() {
        let (pruned, assessment) = assessed(&Design::new(200));
        let total = &assessment.total;
        let reached = pruned.error_at(&total.worst_input.as_ref().unwrap().image());
        assert!((reached - total.lower).abs() < 1e-10 && total.lower <= total.upper, "{reached} {total:?}");
        for (index, layer) in assessment.layers.iter().enumerate() {
            let input = layer.worst_input.as_ref().unwrap().image();
            let factor = pruned.factors()[index];
            let dense = pruned.layers()[index].dense_network().forward(&input).map(|x| x / factor);
            let reached = pruned.target().layers()[index].forward(&input).distance(&dense);
            assert!((reached - layer.worst_error).abs() < 1e-10, "{reached} {layer:?}");
            assert!(layer.worst_error <= 2.0 * (layer.shape.cin * layer.dimension) as f64 * layer.kernel_error);
            assert!(layer.ln_first_moment_limit < layer.subset_sum_error.ln(), "{layer:?}");
            assert_eq!(layer.kept, layer.kept_plus + layer.kept_minus);
        }
        assert!(total.lower <= total.propagated * (1.0 + 1e-12));
        assert_eq!(total.theorem, None);
        let plain = assessment.clone().without_inputs();
        assert!(plain.total.worst_input.is_none() && plain.layers.iter().all(|layer| layer.worst_input.is_none()));
    }

    #[test]
    fn figures_that_overflow_are_refused() {
        let layer = |weight: f64| Layer { kernel: Kernel::new(1, 1, 1, vec![weight]).unwrap(), stride: 1, pad: 0 };
        let target = Network::new(vec![layer(1e99); 3]).unwrap();
        let design = Design { eps: Some(1e50), ..Design::new(100) };
        let pruned = design.prune(&target, &Watch::NOBODY).unwrap().unwrap();
        let message =
            Assessment::new(&design, &pruned, (1, 1), &Looking::PLAIN, &Watch::NOBODY).unwrap_err().to_string();
        assert!(message.contains("give a smaller eps"), "{message}");
    }

    #[test]
    fn the_theorems_bounds_stand_beside() {
        let design = Design { eps: Some(0.2), scale: Scale::THEOREM, ..Design::new(2000) };
        let (_, assessment) = assessed(&design);
        assert!((assessment.total.theorem.unwrap() - 0.2).abs() < 1e-12, "both layers have norm 1");
        for layer in &assessment.layers {
            assert!((layer.allowance.unwrap() - 0.05).abs() < 1e-12);
            assert_eq!(layer.within_allowance, Some(layer.worst_error <= 0.05));
            let met: Vec<bool> = layer.hypotheses.iter().map(|hypothesis| hypothesis.is_met()).collect();
            assert_eq!(met, [true, true, true, true, false], "3^12 is more than the width");
        }
        let (_, scaled) = assessed(&Design::new(2000));
        assert!(!scaled.layers[0].hypotheses[3].is_met());
    }
}
