//! What a pruning writes: the dense network, the masks, the certificate, a CSV row a layer, and a picture.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Ticket;
use super::page::PAGE;
use crate::cli::json::pretty;
use crate::error::{Error, Result};
use crate::hash::sha256_hex;
use crate::numeric::{for_people, larger_or_nan, number};
use crate::output::csv;
use crate::random::{Address, Stream};
use crate::statement::Hypothesis;
use crate::tickets::cnn::{Comparison, Image, Images, Layer, LayerShape, Miniature, Network, Patch, unfold, weights};
use crate::tickets::pruning::{Around, Assessment, Design, Filters, Law, Pair, Picture, SeededPair};
use rand::RngExt;

/// The pruned network's file.
pub(super) const NETWORK: &str = "pruned.safetensors";
/// The masks' file.
pub(super) const MASKS: &str = "masks.json";
/// The certificate's file.
pub(super) const CERTIFICATE: &str = "certificate.json";
/// The records' file.
pub(super) const LAYERS: &str = "layers.csv";

/// The file of what the pruned pairs compute, where the pruned network itself would be larger than [`MOST_DENSE`].
pub(super) const RESPONSES: &str = "responses.safetensors";

/// The picture's file.
pub(super) const PICTURE: &str = "picture.svg";

/// The file of a bound that others can check.
pub(super) const PROOF: &str = "proof.json";

/// All files, of which the two first exclude each other and the two last are written where they are asked for.
pub(super) const NAMES: [&str; 8] = [NETWORK, RESPONSES, MASKS, CERTIFICATE, LAYERS, PICTURE, PROOF, PAGE];

/// Numbers in a pruned network beyond which it is neither held nor written (256 MiB): the masks and the seed are all of it.
pub(super) const MOST_DENSE: u64 = 1 << 25;

/// Random inputs on which the dense network is compared with the masked random one.
const INPUTS: usize = 3;
/// How far they may be apart, times the output's max norm where that is more than 1.
const SAME: f64 = 1e-10;

/// The target's file.
#[derive(Serialize)]
pub(super) struct TargetName {
    file: String,
    sha256: String,
}

impl TargetName {
    pub(super) fn new(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::read(path))?;
        Ok(TargetName { file: path.display().to_string(), sha256: sha256_hex(&bytes) })
    }
}

/// How target and pruned network do on images.
#[derive(Clone, Serialize)]
pub(super) struct ImageFigures {
    file: String,
    pub(super) count: usize,
    /// Rows and columns.
    size: (usize, usize),
    pub(super) target_accuracy: f64,
    pub(super) pruned_accuracy: f64,
    pub(super) target_right: usize,
    pub(super) pruned_right: usize,
    /// Images that the two classify differently.
    pub(super) decisions_that_differ: usize,
    /// The largest difference of the outputs, and of their means over rows and columns.
    pub(super) output_error: f64,
    pub(super) logit_error: f64,
    /// Whether all pixels are in [-1, 1], as the theorem's inputs are.
    pub(super) in_unit_range: bool,
}

impl ImageFigures {
    pub(super) fn new(path: &Path, images: &Images, comparison: &Comparison) -> Self {
        let share = |right: usize| right as f64 / comparison.images as f64;
        ImageFigures {
            file: path.display().to_string(),
            count: comparison.images,
            size: images.size(),
            target_accuracy: share(comparison.target_right),
            pruned_accuracy: share(comparison.pruned_right),
            target_right: comparison.target_right,
            pruned_right: comparison.pruned_right,
            decisions_that_differ: comparison.differ,
            output_error: comparison.output_error,
            logit_error: comparison.logit_error,
            in_unit_range: images.max_norm() <= 1.0,
        }
    }

    /// Why the images are none of the inputs of `side` pixels in [-1, 1], if they are not.
    pub(super) fn outside(&self, side: (usize, usize)) -> Option<String> {
        let (rows, columns) = self.size;
        match (self.in_unit_range, self.size == side) {
            (true, true) => None,
            (false, true) => Some("have pixels outside [-1, 1]".into()),
            (true, false) => Some(format!("are {rows} x {columns}")),
            (false, false) => Some(format!("are {rows} x {columns} and have pixels outside [-1, 1]")),
        }
    }
}

/// Around which images both networks are certified to put one class first, that of the target there.
#[derive(Clone, Serialize)]
pub(super) struct BallFigures {
    /// The distance from an image, in the max norm.
    pub(super) radius: f64,
    /// How many images were looked at, the first ones unless they were named.
    pub(super) images: usize,
    /// Those where it is certified, from 0.
    pub(super) certified: Vec<usize>,
    /// How far apart the networks are around images that were named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) around: Vec<AroundFigures>,
}

/// How far apart the networks are around an image.
#[derive(Clone, Serialize)]
pub(super) struct AroundFigures {
    /// The image, from 0.
    pub(super) image: usize,
    /// The largest error found, and the certified bound of it.
    pub(super) lower: f64,
    pub(super) upper: f64,
    /// Whether both networks put one class first, that of the target at the image: certified, refuted by an input, or unknown.
    pub(super) one_class: Option<bool>,
    /// The input found.
    worst_input: Picture,
}

impl AroundFigures {
    pub(super) fn new(image: usize, around: &Around) -> Self {
        let Around { lower, upper, one_class } = around;
        let worst_input = Picture::new(&Patch::whole(lower.input.clone()));
        AroundFigures { image, lower: lower.value, upper: *upper, one_class: *one_class, worst_input }
    }
}

/// The design as records write it.
#[derive(Clone, Serialize)]
pub(super) struct DesignFigures {
    width: usize,
    eps: Option<f64>,
    size: Option<usize>,
    scale: String,
    seed: u64,
    filters: &'static str,
    law: Law,
    leak: f64,
    /// Whether the last input channel is one of ones.
    biases: bool,
    direct: bool,
    /// Whether no filter is kept for the negative part of what comes out of a ReLU.
    drop_silent: bool,
    beam: [usize; 2],
    /// Passes over the last vectors for each pass over all, in many dimensions.
    balance: usize,
}

impl DesignFigures {
    fn new(design: &Design, leak: f64, biases: bool) -> Self {
        DesignFigures {
            width: design.width,
            eps: design.eps,
            size: design.size,
            scale: design.scale.to_string(),
            seed: design.seed,
            filters: filters_name(design.filters),
            law: design.law,
            leak,
            biases,
            direct: design.direct,
            drop_silent: design.drop_silent,
            beam: [design.beam.first_width, design.beam.last_width],
            balance: design.balance.passes,
        }
    }
}

fn filters_name(filters: Filters) -> &'static str {
    match filters {
        Filters::HalfBlocks => "half-blocks",
        Filters::WholeBlock => "whole-block",
    }
}

/// The masks as index lists. With the seed they are the whole ticket.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Masks {
    version: String,
    seed: u64,
    /// The paper's n.
    width: usize,
    /// The law of the weights.
    law: Law,
    /// The slope of the ReLUs below 0.
    leak: f64,
    /// Whether the first kernel of each pair is the d x d one; block t then reads one entry of the windows of one channel.
    direct: bool,
    pub(super) layers: Vec<Mask>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    /// The layer's place in the target, from 0, average pooling counted: a part of the address of its random filters.
    layer: usize,
    /// The name of the target's tensors.
    name: String,
    /// Filters of a block; block t, from filter t times this on, reads input channel t.
    pub(super) block: usize,
    /// Filters of the random layer.
    pub(super) filters: usize,
    /// By this the second kernel's weights are divided.
    factor: f64,
    /// Filters kept, from 0, rising.
    pub(super) kept: Vec<usize>,
}

/// The certificate, and what --json prints.
#[derive(Serialize)]
pub(super) struct Certificate<'a> {
    version: &'static str,
    target: &'a TargetName,
    design: DesignFigures,
    #[serde(flatten)]
    pub(super) assessment: Assessment,
    pub(super) masked_network: Agreement,
    pub(super) images: Option<ImageFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) balls: Option<BallFigures>,
    /// The bound that proof.json proves.
    #[serde(skip_serializing_if = "Option::is_none")]
    proved: Option<f64>,
}

/// How far the dense network is from the masked random one.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Agreement {
    /// Random inputs in [-1, 1] that were tried.
    inputs: usize,
    /// The largest difference of the outputs over 1 or, if that is more, their max norm.
    pub(super) difference: f64,
    tolerance: f64,
}

impl Ticket {
    /// Whether the pruned network is small enough to be held and written.
    fn is_dense(&self) -> bool {
        self.pruned.dense_weights() <= MOST_DENSE
    }

    /// The files by name, those among them that are asked for.
    pub(super) fn files(&self, agreement: Agreement, page: bool) -> Vec<(&'static str, Vec<u8>)> {
        let certificate = pretty(&self.certificate(self.assessment.clone(), agreement)) + "\n";
        let network = match self.is_dense() {
            true => (NETWORK, weights::to_bytes(self.pruned.dense())),
            false => (RESPONSES, self.responses()),
        };
        let mut files = vec![
            network,
            (MASKS, self.masks_text().into_bytes()),
            (CERTIFICATE, certificate.into_bytes()),
            (LAYERS, self.csv()),
            (PICTURE, self.picture().into_bytes()),
        ];
        files.extend(self.proof.as_ref().map(|proof| (PROOF, proof.text().into_bytes())));
        files.extend(page.then(|| (PAGE, self.page().into_bytes())));
        files
    }

    fn responses(&self) -> Vec<u8> {
        let approximation = self.pruned.approximation();
        let kernels: Vec<_> = approximation.responses().iter().map(|split| [&split.plus, &split.minus]).collect();
        weights::split_to_bytes(self.pruned.target(), &kernels)
    }

    fn masks_text(&self) -> String {
        serde_json::to_string(&self.masks()).expect("masks have only texts and numbers") + "\n"
    }

    pub(super) fn certificate(&self, assessment: Assessment, masked_network: Agreement) -> Certificate<'_> {
        Certificate {
            version: env!("CARGO_PKG_VERSION"),
            target: &self.target,
            design: DesignFigures::new(&self.design, self.pruned.target().leak(), self.biases),
            assessment,
            masked_network,
            images: self.images.clone(),
            balls: self.balls.clone(),
            proved: self.proof.as_ref().map(|proof| proof.bound),
        }
    }

    pub(super) fn masks(&self) -> Masks {
        let target = self.pruned.target();
        let mask =
            |(place, (layer, &factor)): (usize, (&crate::tickets::pruning::PrunedKernel<SeededPair>, &f64))| Mask {
                layer: place,
                name: target.roles()[place].name.clone(),
                block: 2 * layer.pair().n(),
                filters: 2 * layer.pair().n() * layer.target().kernel.inputs(),
                factor,
                kept: layer.kept(),
            };
        Masks {
            version: env!("CARGO_PKG_VERSION").into(),
            seed: self.design.seed,
            width: self.design.width,
            law: self.design.law,
            leak: target.leak(),
            direct: self.design.direct,
            layers: target.places().zip(self.pruned.layers().iter().zip(self.pruned.factors())).map(mask).collect(),
        }
    }

    /// Compares the dense network, read back from the bytes that are to be written, with the random network that is drawn
    /// again filter by filter and masked by the index lists, read back too, on random inputs. Where the dense network is too large to
    /// be written, the sums over its filters stand in for it.
    pub(super) fn agreement(&self) -> Result<Agreement> {
        let masks: Masks = serde_json::from_str(&self.masks_text()).expect("what was written is read back");
        let (rows, columns) = self.assessment.total.side;
        // Nothing that a larger image shows is missing here.
        let (rows, columns) = Miniature::new(self.pruned.target(), rows, columns).size();
        let address =
            Address { seed: self.design.seed, experiment: "prune", cell: "agreement", estimator: "inputs", batch: 0 };
        let mut stream = address.stream();
        let inputs = [(); INPUTS].map(|_| uniform(self.pruned.target().inputs(), rows, columns, &mut stream));
        let outputs: Vec<Image> = if self.is_dense() {
            let dense = weights::parse_any(NETWORK, &weights::to_bytes(self.pruned.dense()))?;
            inputs.iter().map(|input| dense.forward(input)).collect()
        } else {
            let approximation = self.pruned.approximation();
            inputs.iter().map(|input| approximation.forward(input)).collect()
        };
        let mut difference = 0.0f64;
        for (masked, output) in forward_masked(&masks, self.pruned.target(), &inputs).iter().zip(&outputs) {
            difference = larger_or_nan(difference, masked.distance(output) / masked.max_norm().max(1.0));
        }
        if !difference.is_finite() {
            return Err(Error::input(format!(
                "{}: outputs of the pruned network overflow: scale the weights down",
                self.target.file
            )));
        }
        if difference > SAME {
            return Err(Error::Interrupted(format!(
                "a defect of the program: the pruned network is {difference:e} from the masked random one, and nothing was \
                 written; please report the command"
            )));
        }
        Ok(Agreement { inputs: INPUTS, difference, tolerance: SAME })
    }

    /// The records: a row a layer.
    fn csv(&self) -> Vec<u8> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for layer in &self.assessment.layers {
            let LayerShape { cin, cout, k, stride, pad } = layer.shape;
            let optional = |x: Option<f64>| x.map(number).unwrap_or_default();
            let finite = |x: f64| optional(Some(x).filter(|x| x.is_finite()));
            let unmet: Vec<String> = layer.hypotheses.iter().filter_map(Hypothesis::unmet).collect();
            let ln_limit = layer.ln_first_moment_limit;
            let limit = if ln_limit.is_nan() { String::new() } else { for_people(ln_limit) };
            let row = [
                ("target", self.target.file.clone()),
                ("layer", layer.layer.to_string()),
                ("name", layer.name.clone()),
                ("d", k.to_string()),
                ("c0", cin.to_string()),
                ("c1", cout.to_string()),
                ("stride", stride.to_string()),
                ("pad", pad.to_string()),
                ("width", self.design.width.to_string()),
                ("eps", optional(self.design.eps)),
                ("size", self.design.size.map(|size| size.to_string()).unwrap_or_default()),
                ("scale", self.design.scale.to_string()),
                ("filters", filters_name(self.design.filters).into()),
                ("law", self.design.law.name().into()),
                ("leak", number(self.pruned.target().leak())),
                ("biases", self.biases.to_string()),
                ("direct", self.design.direct.to_string()),
                ("drop_silent", self.design.drop_silent.to_string()),
                ("beam", self.design.beam.last_width.to_string()),
                ("balance", self.design.balance.passes.to_string()),
                ("dimension", layer.dimension.to_string()),
                ("norm1", number(layer.norm1)),
                ("factor", number(layer.factor)),
                ("candidates", layer.candidates.to_string()),
                ("kept", layer.kept.to_string()),
                ("kept_plus", layer.kept_plus.to_string()),
                ("kept_minus", layer.kept_minus.to_string()),
                ("kept_most", layer.kept_most.to_string()),
                ("random_filters", layer.filters.to_string()),
                ("random_weights", layer.random_weights.to_string()),
                ("pruned_weights", layer.pruned_weights.to_string()),
                ("kept_by_theorem", optional(layer.kept_by_theorem)),
                ("width_by_theorem", finite(layer.width_by_theorem)),
                ("subset_sum_error", number(layer.subset_sum_error)),
                ("first_moment_limit", limit),
                ("ln_first_moment_limit", finite(ln_limit)),
                ("kernel_error", number(layer.kernel_error)),
                ("worst_error", number(layer.worst_error)),
                ("relative_error", number(layer.relative_error)),
                ("allowance", optional(layer.allowance)),
                ("within_allowance", layer.within_allowance.map(|within| within.to_string()).unwrap_or_default()),
                ("found", layer.found.to_string()),
                ("gave_up", layer.gave_up.to_string()),
                ("hypotheses_met", unmet.is_empty().to_string()),
                ("unmet", unmet.join("; ")),
                ("seed", self.design.seed.to_string()),
                ("version", env!("CARGO_PKG_VERSION").to_string()),
            ];
            if rows.is_empty() {
                rows.push(row.iter().map(|(name, _)| name.to_string()).collect());
            }
            rows.push(row.into_iter().map(|(_, value)| value).collect());
        }
        csv(rows)
    }
}

fn uniform(channels: usize, rows: usize, columns: usize, stream: &mut Stream) -> Image {
    Image::from_fn(channels, rows, columns, |_, _, _| stream.random_range(-1.0..=1.0))
}

/// The random network behind its masks, filter by filter, on each of some inputs.
fn forward_masked(masks: &Masks, target: &Network, inputs: &[Image]) -> Vec<Image> {
    let mut images = inputs.to_vec();
    let mut masks_left = masks.layers.iter();
    for (index, (layer, role)) in target.layers().iter().zip(target.roles()).enumerate() {
        if index > 0 {
            images.iter_mut().for_each(|image| *image = image.leaky(masks.leak));
        }
        let mask = if role.fixed { None } else { masks_left.next() };
        let Some(mask) = mask else {
            images.iter_mut().for_each(|image| *image = layer.forward(image));
            continue;
        };
        let mut layer = layer.clone();
        if masks.direct {
            images.iter_mut().for_each(|image| *image = unfold(image, layer.kernel.side(), layer.stride, layer.pad));
            layer = Layer { kernel: layer.kernel.unfolded(), stride: 1, pad: 0 };
        }
        let pair = SeededPair::new(masks.seed, mask.layer, mask.block / 2, masks.law, &layer.kernel);
        let outputs = pair.forward_each(&mask.kept, &layer, masks.leak, &images);
        images = outputs.into_iter().map(|output| output.map(|x| x / mask.factor)).collect();
    }
    images
}
