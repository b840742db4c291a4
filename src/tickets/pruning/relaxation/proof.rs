//! The bound of a small network's error as a file that others can check: the kernels, the ranges of all numbers before ReLUs, and the
//! slopes of the planes by which each of them is bounded. What the planes' heights are, a checker finds by itself, in fractions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::descent::Pace;
use super::plane::Region;
use super::{Form, Part, Relaxation, ball};
use crate::error::{Error, Result};
use crate::hash::sha256_hex;
use crate::numeric::larger_or_nan;
use crate::tickets::cnn::{Image, Kernel, Layer, Network};
use crate::tickets::pruning::approximation::Approximation;
use crate::tickets::pruning::worst_case::{Range, Split};

/// What the file says it is.
pub const FORMAT: &str = "lemmascope network certificate";
/// The version of the format.
const VERSION: u64 = 1;
/// What is proved.
const CLAIM: &str = "for all inputs X of these ranges, |N(X) - N~(X)| <= bound at every output, where N has the kernels `target` and N~ \
                     computes plus * X^+ + minus * X^- at each layer, with (leaky) ReLUs between the layers";

/// What the file begins with.
const OPENING: &str = "{\"sha256\":\"";

/// Slopes beyond which none is written: some hundred megabytes.
const MOST_SLOPES: usize = 20_000_000;

/// How slopes are bettered: for a number before a ReLU, and for an output.
const FOR_RANGES: Pace = Pace { steps: 40, rate: 0.1, decay: 0.95 };
const FOR_OUTPUTS: Pace = Pace { steps: 200, rate: 0.1, decay: 0.97 };

/// The bits of a slope that are kept.
const BITS: i32 = 22;

/// Bounds are raised by this part of themselves, so that they hold in whatever order a reader adds up.
const RAISED: f64 = 1e-9;

/// The proof of a bound of the error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    format: String,
    version: u64,
    claim: String,
    leak: f64,
    /// Rows and columns of the inputs.
    size: (usize, usize),
    layers: Vec<Kernels>,
    /// The range of each input.
    inputs: Vec<Range>,
    /// For each layer but the last, its numbers.
    hidden: Vec<Vec<Number>>,
    /// For each output, the slopes that bound the error from below and from above.
    outputs: Vec<[Vec<Slopes>; 2]>,
    /// No error is larger.
    pub bound: f64,
}

/// A layer's kernels, each (output, input, row, column).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kernels {
    outputs: usize,
    inputs: usize,
    side: usize,
    stride: usize,
    pad: usize,
    target: Vec<f64>,
    plus: Vec<f64>,
    minus: Vec<f64>,
}

/// A number before a ReLU: its range in the target, that of its error, and the slopes by which these four are bounded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    target: Range,
    error: Range,
    slopes: [Vec<Slopes>; 4],
}

/// The slopes of the planes over one layer's neurons, in z and in e, in units of 2^unit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slopes {
    unit: i32,
    target: Vec<i64>,
    error: Vec<i64>,
}

/// The four forms of a number, in the order of its slopes.
const FORMS: [(Part, f64); 4] = [(Part::Target, -1.0), (Part::Target, 1.0), (Part::Error, -1.0), (Part::Error, 1.0)];

impl Slopes {
    /// Rounded to units.
    fn new(slopes: &[(f64, f64)]) -> Self {
        let largest = slopes.iter().fold(0.0f64, |largest, (z, e)| largest.max(z.abs()).max(e.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return Slopes { unit: 0, target: vec![0; slopes.len()], error: vec![0; slopes.len()] };
        }
        let unit = (largest.log2().floor() as i32 - BITS).clamp(-900, 900);
        let rounded = |x: f64| (x / 2f64.powi(unit)).round() as i64;
        let (target, error) = slopes.iter().map(|&(z, e)| (rounded(z), rounded(e))).unzip();
        Slopes { unit, target, error }
    }

    fn at(&self, pixel: usize) -> (f64, f64) {
        let slope = |slopes: &[i64]| slopes.get(pixel).map_or(0.0, |&x| x as f64 * 2f64.powi(self.unit));
        (slope(&self.target), slope(&self.error))
    }
}

impl Proof {
    /// Checks that a proof for inputs of `size` = (rows, columns) would not be too large.
    ///
    /// # Errors
    /// When the network is too large to write its slopes down, or a kernel does not fit into its padded input.
    pub fn check(target: &Network, size: (usize, usize)) -> Result<()> {
        refuse_large(target, &target.shapes(size.0, size.1)?)
    }

    /// Proves a bound over inputs of `size` = (rows, columns) in [-1, 1], or in a ball around an image, whose last channels of ones
    /// stay as they are. None when interrupted.
    ///
    /// # Errors
    /// When the network is too large to write its slopes down, a kernel does not fit into its padded input, or a bound overflows.
    pub fn new(
        approximation: &Approximation,
        size: (usize, usize),
        around: Option<(&Image, f64, usize)>,
        interrupted: &AtomicBool,
    ) -> Result<Option<Self>> {
        let target = approximation.target();
        let shapes = target.shapes(size.0, size.1)?;
        refuse_large(target, &shapes)?;
        let whole = Image::zeros(target.inputs(), size.0, size.1);
        let (image, radius, ones) = around.unwrap_or((&whole, 1.0, 0));
        let inputs = ball(image, radius, ones);
        let mut relaxation = Relaxation::new(approximation, &shapes, Some(inputs.clone()), interrupted);
        let mut hidden = Vec::new();
        for layer in 0..relaxation.last() {
            let numbers: Vec<Number> =
                (0..relaxation.pixels(layer)).into_par_iter().map(|pixel| relaxation.number(layer, pixel)).collect();
            relaxation.know(&numbers);
            hidden.push(numbers);
        }
        let last = relaxation.last();
        let output = |pixel| {
            let both = [-1.0, 1.0].map(|direction| relaxation.single(last, Part::Error, (pixel, direction)));
            both.map(|form| relaxation.good_slopes(last, &form, FOR_OUTPUTS))
        };
        let outputs: Vec<[Vec<Slopes>; 2]> = (0..relaxation.pixels(last)).into_par_iter().map(output).collect();
        let bound = raised(relaxation.largest_output(&outputs));
        let kernels = |(layer, split): (&Layer, &Split)| Kernels {
            outputs: layer.kernel.outputs(),
            inputs: layer.kernel.inputs(),
            side: layer.kernel.side(),
            stride: layer.stride,
            pad: layer.pad,
            target: layer.kernel.data().to_vec(),
            plus: split.plus.data().to_vec(),
            minus: split.minus.data().to_vec(),
        };
        let proof = Proof {
            format: FORMAT.into(),
            version: VERSION,
            claim: CLAIM.into(),
            leak: target.leak(),
            size,
            layers: target.layers().iter().zip(approximation.responses()).map(kernels).collect(),
            inputs,
            hidden,
            outputs,
            bound,
        };
        match interrupted.load(Ordering::Relaxed) {
            true => Ok(None),
            false if bound.is_finite() => Ok(Some(proof)),
            false => Err(Error::input("--proof: bounds overflow: scale the weights down")),
        }
    }

    /// The file: a line with the hash of all that follows, and that.
    pub fn text(&self) -> String {
        let body = serde_json::to_string(self).expect("a proof has only texts and numbers");
        let body = format!("{}\n", &body[1..]);
        format!("{OPENING}{}\",\n{body}", sha256_hex(body.as_bytes()))
    }

    /// Whether a text is meant to be such a file.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(OPENING)
    }

    /// What it proves.
    pub fn summary(&self) -> String {
        format!("at {} outputs and {} inputs, |N(X) - N~(X)| <= {}", self.outputs.len(), self.inputs.len(), self.bound)
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// When it is cut off, was changed, or is none.
    pub fn read(text: &str) -> Result<Self> {
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let hash = first.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix("\","));
        let hash =
            hash.ok_or_else(|| Error::input("sha256: a network's certificate begins with it, on a line of its own"))?;
        if hash != sha256_hex(body.as_bytes()) {
            return Err(Error::input("sha256: the file was changed or cut off after it was written; write it again"));
        }
        let proof: Proof = serde_json::from_str(&format!("{{{body}"))
            .map_err(|error| Error::input(format!("this is no network's certificate ({error})")))?;
        if (proof.format.as_str(), proof.version, proof.claim.as_str()) != (FORMAT, VERSION, CLAIM) {
            return Err(Error::input("format: this program reads network certificates of version 1 and their claim"));
        }
        Ok(proof)
    }

    /// Computes every bound again.
    ///
    /// # Errors
    /// Names the first that does not hold, or what does not fit together.
    pub fn verify(&self) -> Result<()> {
        let approximation = self.approximation()?;
        let shapes = approximation.target().shapes(self.size.0, self.size.1)?;
        let never = AtomicBool::new(false);
        self.check_counts(approximation.target(), &shapes)?;
        if !self.inputs.iter().all(|(low, high)| low <= high) {
            return Err(Error::input("inputs: a range ends before it begins"));
        }
        let mut relaxation = Relaxation::new(&approximation, &shapes, Some(self.inputs.clone()), &never);
        for (layer, numbers) in self.hidden.iter().enumerate() {
            let of_layer = |error: Error| error.at(format!("hidden, layer {layer}"));
            let check = |(pixel, number): (usize, &Number)| {
                let claimed = [-number.target.0, number.target.1, -number.error.0, number.error.1];
                for ((form, slopes), claimed) in FORMS.iter().zip(&number.slopes).zip(claimed) {
                    let form = relaxation.single(layer, form.0, (pixel, form.1));
                    let bound = relaxation.bound_by(layer, &form, slopes);
                    let holds = bound <= claimed;
                    if !holds {
                        return Err(Error::input(format!(
                            "number {pixel}: a bound of {bound:e} is stated as {claimed:e}"
                        )));
                    }
                }
                Ok(())
            };
            numbers.par_iter().enumerate().try_for_each(check).map_err(of_layer)?;
            relaxation.know(numbers);
        }
        let bound = relaxation.largest_output(&self.outputs);
        if bound <= self.bound && raised(bound) >= self.bound * (1.0 - RAISED) {
            return Ok(());
        }
        Err(Error::input(format!("bound: {:e} is stated, and the slopes prove {bound:e}", self.bound)))
    }

    /// Checks that there is a range, or a number, or slopes, for each number of these shapes: before any image is made.
    fn check_counts(&self, target: &Network, shapes: &[(usize, usize)]) -> Result<()> {
        let is_count = |count: usize, channels: usize, (rows, columns): (usize, usize)| {
            rows.checked_mul(columns).and_then(|pixels| pixels.checked_mul(channels)) == Some(count) && count > 0
        };
        if !is_count(self.inputs.len(), target.inputs(), shapes[0]) {
            return Err(Error::input("inputs: give a range for each pixel"));
        }
        if self.hidden.len() + 1 != target.layers().len() {
            return Err(Error::input("hidden: give the numbers of each layer but the last"));
        }
        let counts = self.hidden.iter().map(Vec::len).chain([self.outputs.len()]);
        for (layer, count) in counts.enumerate() {
            if !is_count(count, target.layers()[layer].kernel.outputs(), shapes[layer + 1]) {
                let last = layer == self.hidden.len();
                let place = if last { "outputs".into() } else { format!("hidden, layer {layer}") };
                return Err(Error::input(format!("{place}: give each number of the layer")));
            }
        }
        Ok(())
    }

    fn approximation(&self) -> Result<Approximation> {
        let kernel =
            |kernels: &Kernels, data: &[f64]| Kernel::new(kernels.outputs, kernels.inputs, kernels.side, data.to_vec());
        let mut layers = Vec::new();
        let mut splits = Vec::new();
        for kernels in &self.layers {
            let (stride, pad) = (kernels.stride, kernels.pad);
            layers.push(Layer { kernel: kernel(kernels, &kernels.target)?, stride, pad });
            let [plus, minus] = [kernel(kernels, &kernels.plus)?, kernel(kernels, &kernels.minus)?];
            splits.push(Split { plus, minus, stride, pad });
        }
        Ok(Approximation::new(Network::new(layers)?.with_leak(self.leak)?, splits))
    }
}

fn raised(bound: f64) -> f64 {
    bound + RAISED * bound.abs()
}

/// Refuses a network of too many slopes: of each number before a ReLU four for each one before it, and of each output two.
fn refuse_large(target: &Network, shapes: &[(usize, usize)]) -> Result<()> {
    let (mut before, mut slopes) = (0usize, 0usize);
    for (layer, (rows, columns)) in target.layers().iter().zip(&shapes[1..]) {
        let pixels = layer.kernel.outputs().saturating_mul(rows.saturating_mul(*columns));
        slopes = slopes.saturating_add(pixels.saturating_mul(8).saturating_mul(before));
        before = before.saturating_add(pixels);
    }
    if slopes > MOST_SLOPES {
        return Err(Error::input(format!(
            "--proof: {slopes} slopes would have to be written, and {MOST_SLOPES} are the most: leave it out"
        )));
    }
    Ok(())
}

impl Relaxation<'_> {
    /// The numbers of a layer.
    fn pixels(&self, layer: usize) -> usize {
        let (rows, columns) = self.shapes[layer + 1];
        self.approximation.target().layers()[layer].kernel.outputs() * rows * columns
    }

    fn number(&self, layer: usize, pixel: usize) -> Number {
        let bounds = FORMS.map(|(part, direction)| {
            let form = self.single(layer, part, (pixel, direction));
            let slopes = self.good_slopes(layer, &form, FOR_RANGES);
            (raised(self.bound_by(layer, &form, &slopes)), slopes)
        });
        let [(low, _), (high, _), (least, _), (most, _)] = &bounds;
        Number { target: (-low, *high), error: (-least, *most), slopes: bounds.map(|(_, slopes)| slopes) }
    }

    /// Takes the ranges of the next layer as they are stated.
    fn know(&mut self, numbers: &[Number]) {
        let region = |number: &Number| Region { target: number.target, error: number.error, other: None };
        self.known.regions.push(numbers.iter().map(region).collect());
        self.reach();
    }

    fn good_slopes(&self, layer: usize, form: &Form, pace: Pace) -> Vec<Slopes> {
        let long = Instant::now() + Duration::from_secs(1 << 30);
        let plan = self.descend_from_start(layer, form, (pace, long)).plan;
        self.slopes(layer, form, &plan).iter().map(|layer| Slopes::new(layer)).collect()
    }

    /// The bound of a form by these slopes.
    fn bound_by(&self, layer: usize, form: &Form, slopes: &[Slopes]) -> f64 {
        let at = |(layer, pixel): (usize, usize), _: &Region, _| {
            slopes.get(layer).map_or((0.0, 0.0), |slopes: &Slopes| slopes.at(pixel))
        };
        self.trace_by(&self.known, layer, form, &at).value
    }

    /// The bound of all outputs' errors.
    fn largest_output(&self, outputs: &[[Vec<Slopes>; 2]]) -> f64 {
        let last = self.last();
        let bound = |(pixel, slopes): (usize, &[Vec<Slopes>; 2])| {
            let both = [-1.0, 1.0].into_iter().zip(slopes);
            let bounds = both.map(|(direction, slopes)| {
                self.bound_by(last, &self.single(last, Part::Error, (pixel, direction)), slopes)
            });
            bounds.fold(0.0, larger_or_nan)
        };
        outputs.par_iter().enumerate().map(bound).reduce(|| 0.0, larger_or_nan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn proof(leak: f64) -> Proof {
        let mut stream = Stream::new(117, 118);
        let mut kernel = |outputs, inputs| Kernel::normal(outputs, inputs, 2, &mut stream);
        let kernels = [(kernel(2, 1), kernel(2, 1)), (kernel(2, 2), kernel(2, 2)), (kernel(2, 2), kernel(2, 2))];
        let layer = |(kernel, _): &(Kernel, Kernel)| Layer { kernel: kernel.clone(), stride: 1, pad: 1 };
        let split = |(kernel, noise): &(Kernel, Kernel)| Split {
            plus: kernel.zip(noise, |k, e| k + 1e-3 * e),
            minus: kernel.map(|k| -k),
            stride: 1,
            pad: 1,
        };
        let target = Network::new(kernels.iter().map(layer).collect()).unwrap().with_leak(leak).unwrap();
        let approximation = Approximation::new(target, kernels.iter().map(split).collect());
        let image = Image::from_fn(1, 2, 2, |_, row, column| 0.4 * row as f64 - 0.3 * column as f64);
        let proof = Proof::new(&approximation, (2, 2), Some((&image, 0.5, 0)), &AtomicBool::new(false));
        proof.unwrap().unwrap()
    }

    #[test]
    fn proofs_are_read_back_and_verified() {
        for leak in [0.0, 0.2] {
            let proof = proof(leak);
            assert!(Proof::is_one(&proof.text()) && proof.bound > 0.0);
            Proof::read(&proof.text()).unwrap().verify().unwrap();
        }
    }

    #[test]
    fn what_was_changed_or_does_not_hold_is_refused() {
        let proof = proof(0.0);
        let text = proof.text();
        for at in (0..text.len()).step_by(97).chain([text.len() - 2]) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            assert!(Proof::read(&String::from_utf8(bytes).unwrap()).is_err(), "letter {at}");
            assert!(Proof::read(&text[..at]).is_err(), "cut off at {at}");
        }
        let refused = |change: &dyn Fn(&mut Proof), what: &str| {
            let mut changed = proof.clone();
            change(&mut changed);
            // With its hash made again.
            let message = Proof::read(&changed.text()).and_then(|proof| proof.verify()).unwrap_err().to_string();
            assert!(message.contains(what), "{what}: {message}");
        };
        refused(&|proof| proof.bound *= 0.999, "bound");
        refused(&|proof| proof.bound *= 1.001, "bound");
        refused(&|proof| proof.hidden[1][0].error.1 *= 0.9, "hidden, layer 1: number 0");
        refused(&|proof| proof.hidden[0][1].target.0 *= 0.9, "hidden, layer 0: number 1");
        refused(&|proof| proof.layers[0].plus[0] += 0.1, "hidden, layer 0");
        refused(&|proof| proof.inputs[0].1 += 0.1, "hidden, layer 0");
        refused(&|proof| proof.outputs[0][0][1].target[0] += 1 << 30, "bound");
        refused(&|proof| proof.inputs.truncate(1), "inputs");
        refused(&|proof| proof.hidden.truncate(1), "hidden");
        refused(&|proof| proof.outputs.truncate(1), "outputs");
        refused(&|proof| proof.hidden[0].truncate(1), "hidden, layer 0");
        refused(&|proof| proof.layers[2].pad = 1 << 62, "outputs");
        refused(&|proof| proof.layers[0].pad = 1 << 63, "does not fit");
        refused(&|proof| (proof.size, proof.inputs) = ((1 << 32, 1 << 32), Vec::new()), "inputs");
        refused(&|proof| proof.claim.push('x'), "format");
    }
}
