//! Upper bounds of the error that see all layers at once.
//!
//! Before their ReLUs, let Z be what a layer of the target computes and E by how much that exceeds what the split layer computes.
//! Both are split functions of the layer before: with slope a below 0,
//! `Z = K * X^+ - a K * X^-`, and E is `(K - P) * X^+ - a (K + Q) * X^-`, where X is the target's, plus `P * D^+ + a Q * D^-`,
//! where D^+ and D^- are the differences of the two networks' positive and negative parts. A linear form of Z and E is carried
//! back to the input layer by layer: over the ranges of Z and E, which are bounded likewise before, a plane from above
//! takes the place of what each neuron's ReLUs make of it (CROWN, Zhang et al. 2018; for differences, Paulsen et al. 2020). Over the
//! input the maximum is exact. What the relaxation loses is in proportion to the error, since X^+ has weights only in
//! K - P.
//!
//! Whatever the slopes of a plane are, its height is found from where the sum below it is highest ([`plane`]), so that every choice of
//! slopes bounds the form: good ones are searched for ([`descent`]), and where they do not suffice, neurons' signs are told apart
//! ([`branch`]).

mod branch;
mod descent;
mod plane;
pub mod proof;
mod tighten;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::approximation::{Approximation, error};
use super::design::Watch;
use super::rounding::gamma;
use super::worst_case::{Inputs, Range, Split, best_pixel, best_pixel_of};
use crate::numeric::larger_or_nan;
use crate::tickets::cnn::{Image, Kernel, LayerShape, convolve, convolve_transposed, images::means};
use plane::{Region, SLOPES_BELOW, SlopeBelow, Tilt, Weights, largest};

/// Products beyond which the bounds of further layers are left out: some ten seconds.
const MOST_WORK: f64 = 1e10;

/// What it costs to look through a pixel of an image, in products.
const LOOKED_THROUGH: f64 = 8.0;

/// What is done to a number besides adding up products, per layer.
const BESIDES: usize = 64;

/// A linear form of a layer's Z and E, plus a constant.
#[derive(Debug, Clone)]
pub(super) struct Form {
    target: Image,
    error: Image,
    constant: f64,
    /// What all numbers that were added up on the way come to by absolute values: rounding is in proportion to it.
    size: f64,
}

/// A linear form of what enters a layer: its weights of X^+ and X^-, and of D^+ and D^-, which the first layer does not have.
struct Entering {
    parts: [Image; 2],
    differences: Option<[Image; 2]>,
}

/// Which of the two a form singles out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Target,
    Error,
}

/// The most that a layer's Z and E can be by absolute values of all products.
struct Reach {
    target: Image,
    error: Image,
    /// What weights that are 0 by underflow would add.
    underflow: f64,
}

impl Reach {
    fn new(target: Image, error: Image) -> Self {
        let sum: f64 = target.data().iter().chain(error.data()).sum();
        Reach { target, error, underflow: f64::MIN_POSITIVE * sum }
    }
}

/// The ranges that are known.
#[derive(Debug, Clone)]
struct Known {
    /// For each layer but the last, pixel by pixel.
    regions: Vec<Vec<Region>>,
    /// The inputs', pixel by pixel; [-1, 1] where there are none.
    inputs: Option<Vec<Range>>,
}

/// The layers whose ranges are known.
pub(super) struct Relaxation<'a> {
    approximation: &'a Approximation,
    errors: Vec<Split>,
    /// Rows and columns of the input of every layer and of the output.
    shapes: &'a [(usize, usize)],
    known: Known,
    reaches: Vec<Reach>,
    /// A bound of the numbers that are added up for one that comes out, all layers together.
    sums: usize,
    /// Raised to stop: bounds are then infinite.
    interrupted: &'a AtomicBool,
}

/// For each layer a bound of `|E|_max` over all inputs in [-1, 1], its own rounding included, where the layers' inputs and the
/// output have so many rows and columns. Infinite for layers that would take too long, or where numbers overflow. None when the watch
/// was interrupted.
pub(super) fn error_bounds(
    approximation: &Approximation,
    shapes: &[(usize, usize)],
    watch: &Watch,
) -> Option<Vec<f64>> {
    let mut relaxation = Relaxation::new(approximation, shapes, None, watch.interrupted);
    let mut work = 0.0;
    let bound = |layer| {
        work += relaxation.work(layer);
        if work <= MOST_WORK { relaxation.bound_layer(layer, None) } else { f64::INFINITY }
    };
    let bounds = (0..shapes.len() - 1).map(bound).collect();
    (!watch.interrupted.load(Ordering::Relaxed)).then_some(bounds)
}

/// Whether target and approximation put the same class first, the same as the target at the image, for all inputs within the radius
/// of the image in the max norm and in [-1, 1], by the relaxation; false where it does not show that. Classes are compared by
/// the means of their outputs, which forward passes may get wrong by `rounding`. The last `ones` channels stay as they are. None when
/// the watch was interrupted.
pub(super) fn agrees_in_ball(
    approximation: &Approximation,
    shapes: &[(usize, usize)],
    (image, radius, ones): (&Image, f64, usize),
    rounding: f64,
    watch: &Watch,
) -> Option<bool> {
    let inputs = ball(image, radius, ones);
    let mut relaxation = Relaxation::new(approximation, shapes, Some(inputs), watch.interrupted);
    (0..relaxation.last()).for_each(|layer| {
        relaxation.bound_layer(layer, None);
    });
    let agrees = relaxation.keeps_first(class(&approximation.target().forward(image)), rounding);
    (!watch.interrupted.load(Ordering::Relaxed)).then_some(agrees)
}

/// The ranges of the inputs within the radius of an image and in [-1, 1]; the last `ones` channels stay as they are.
pub(super) fn ball(image: &Image, radius: f64, ones: usize) -> Vec<Range> {
    let free = (image.channels() - ones) * image.rows() * image.columns();
    let range = |(pixel, &x): (usize, &f64)| {
        let (low, high) = ((x - radius).next_down(), (x + radius).next_up());
        if pixel < free { (low.max(-1.0), high.min(1.0)) } else { (x, x) }
    };
    image.data().iter().enumerate().map(range).collect()
}

impl<'a> Relaxation<'a> {
    pub(super) fn new(
        approximation: &'a Approximation,
        shapes: &'a [(usize, usize)],
        inputs: Option<Vec<Range>>,
        interrupted: &'a AtomicBool,
    ) -> Self {
        let errors = approximation.target().layers().iter().zip(approximation.responses());
        let errors = errors.map(|(target, response)| error(target, response)).collect();
        let mut relaxation = Relaxation {
            approximation,
            errors,
            shapes,
            known: Known { regions: Vec::new(), inputs },
            reaches: Vec::new(),
            sums: 0,
            interrupted,
        };
        relaxation.sums = (0..shapes.len() - 1).map(|layer| relaxation.sums_of(layer)).sum();
        relaxation.reach();
        relaxation
    }

    /// A bound of the numbers added up for one that comes out of a layer, backwards or forwards.
    fn sums_of(&self, layer: usize) -> usize {
        let LayerShape { cin, cout, k, .. } = self.approximation.target().layers()[layer].shape();
        let pixels = |channels: usize, (rows, columns): (usize, usize)| channels * rows * columns;
        10 * cin.max(cout) * k * k + pixels(cin, self.shapes[layer]) + pixels(cout, self.shapes[layer + 1]) + BESIDES
    }

    /// Whether class `first` is above every other in both networks' outputs.
    fn keeps_first(&self, first: usize, rounding: f64) -> bool {
        let forms = self.excesses(first);
        forms.par_iter().all(|form| self.highest(self.last(), form, &SLOPES_BELOW) + 2.0 * rounding < 0.0)
    }

    /// By how much the mean of each other class is above that of the first, in the target and in the other network.
    fn excesses(&self, first: usize) -> Vec<Form> {
        let (rows, columns) = self.shapes[self.last() + 1];
        let (outputs, pixels) = (self.approximation.target().outputs(), rows * columns);
        let excess = |other: usize| {
            Image::from_fn(outputs, rows, columns, |channel, _, _| match channel {
                _ if channel == other => 1.0 / pixels as f64,
                _ if channel == first => -1.0 / pixels as f64,
                _ => 0.0,
            })
        };
        let forms = |other: usize| {
            let zeros = Image::zeros(outputs, rows, columns);
            [Form::new(excess(other), zeros), Form::new(excess(other), excess(other).map(|x| -x))]
        };
        (0..outputs).filter(|&other| other != first).flat_map(forms).collect()
    }

    /// The index of the last layer.
    fn last(&self) -> usize {
        self.shapes.len() - 2
    }

    /// Products that the ranges of a layer take.
    fn work(&self, layer: usize) -> f64 {
        // However little of an image a form sees, all of it is copied and looked through.
        let looked_through =
            |channels: usize, (rows, columns): (usize, usize)| LOOKED_THROUGH * (channels * rows * columns) as f64;
        let outputs = self.approximation.responses()[layer].plus.outputs();
        let (mut field, mut products) = (1, looked_through(outputs, self.shapes[layer + 1]));
        for index in (0..=layer).rev() {
            let LayerShape { cin, cout, k, stride, .. } = self.approximation.target().layers()[index].shape();
            let (rows, columns) = self.shapes[index + 1];
            let seen = field.min(rows) * field.min(columns);
            products += 5.0 * (seen * cin * cout * k * k) as f64;
            products += looked_through(cin, self.shapes[index]);
            field = (field - 1) * stride + k;
        }
        let (rows, columns) = self.shapes[layer + 1];
        let pixels = outputs * rows * columns;
        (4 * SLOPES_BELOW.len() * pixels) as f64 * products
    }

    /// Finds how large the sums of the next layer are whose inputs' ranges are known.
    fn reach(&mut self) {
        let layer = self.reaches.len();
        let (target, error) = (&self.approximation.target().layers()[layer], &self.errors[layer]);
        let larger = |split: &Split| split.plus.zip(&split.minus, |p, q| p.abs().max(q.abs()));
        let add = |kernel: &Kernel, image: &Image| convolve(kernel, image, target.stride, target.pad);
        let (rows, columns) = self.shapes[layer];
        let image = |values: Vec<f64>| {
            let mut image = Image::zeros(target.kernel.inputs(), rows, columns);
            image.data_mut().copy_from_slice(&values);
            image
        };
        let Some(regions) = layer.checked_sub(1).map(|before| &self.known.regions[before]) else {
            let inputs = match &self.known.inputs {
                Some(ranges) => image(ranges.iter().map(|&range| largest(range)).collect()),
                None => Image::zeros(target.kernel.inputs(), rows, columns).map(|_| 1.0),
            };
            let [target, error] = [target.kernel.map(f64::abs), larger(error)].map(|kernel| add(&kernel, &inputs));
            self.reaches.push(Reach::new(target, error));
            return;
        };
        let targets = image(regions.iter().map(|region| largest(region.target)).collect());
        let errors = image(regions.iter().map(|region| largest(region.error)).collect());
        let own = add(&larger(error), &targets);
        let carried = add(&larger(&self.approximation.responses()[layer]), &errors);
        let target = add(&target.kernel.map(f64::abs), &targets);
        self.reaches.push(Reach::new(target, own.zip(&carried, |own, carried| own + carried)));
    }

    /// Finds the ranges of a layer of which those before are known, in about this time if one is given, and returns the bound of its
    /// error.
    fn bound_layer(&mut self, layer: usize, time: Option<Duration>) -> f64 {
        let last = layer == self.last();
        let error = self.layer_ranges(layer, Part::Error, time.map(|time| time / 2));
        let bound = error.iter().flat_map(|(low, high)| [-low, *high]).fold(0.0, larger_or_nan);
        // Nothing is built on the last layer's own output.
        if !last {
            let target = self.layer_ranges(layer, Part::Target, time.map(|time| time / 2));
            let region = |(target, error)| Region { target, error, other: None };
            self.known.regions.push(target.into_iter().zip(error).map(region).collect());
            self.reach();
        }
        bound
    }

    fn layer_ranges(&self, layer: usize, part: Part, time: Option<Duration>) -> Vec<Range> {
        let (rows, columns) = self.shapes[layer + 1];
        let (channel, outputs) = (rows * columns, self.approximation.responses()[layer].plus.outputs());
        // Where no padding is seen and all inputs are alike, so are the numbers of a channel.
        let alike =
            self.known.inputs.is_none() && self.approximation.target().layers()[..=layer].iter().all(|l| l.pad == 0);
        let step = if alike { channel } else { 1 };
        let bounded = (outputs * channel / step).max(1) as u32;
        let each = time.map(|time| time * rayon::current_num_threads() as u32 / (2 * bounded));
        let highest = |pixel: usize, direction: f64| {
            let form = self.single(layer, part, (pixel, direction));
            let plain = self.highest(layer, &form, &SLOPES_BELOW);
            // The first layer's is exact.
            let Some(each) = each.filter(|_| layer > 0) else { return plain };
            plain.min(self.branch(layer, &[form], f64::NEG_INFINITY, Instant::now() + each).upper)
        };
        let pixels = (0..outputs * channel / step).into_par_iter().map(|index| index * step);
        let ranges: Vec<Range> = pixels.map(|pixel| (-highest(pixel, -1.0), highest(pixel, 1.0))).collect();
        ranges.into_iter().flat_map(|range| std::iter::repeat_n(range, step)).collect()
    }

    /// The form that is one number of a layer, or the negative of one.
    fn single(&self, layer: usize, part: Part, (pixel, direction): (usize, f64)) -> Form {
        let (rows, columns) = self.shapes[layer + 1];
        let outputs = self.approximation.responses()[layer].plus.outputs();
        let [mut one, zeros] = [(); 2].map(|()| Image::zeros(outputs, rows, columns));
        one.data_mut()[pixel] = direction;
        if part == Part::Target { Form::new(one, zeros) } else { Form::new(zeros, one) }
    }

    /// A bound of a linear form of a layer's Z and E over all inputs: the least of those by each of the slopes, of which
    /// one is kept from the layer before on.
    fn highest(&self, layer: usize, form: &Form, slopes: &[SlopeBelow]) -> f64 {
        if self.interrupted.load(Ordering::Relaxed) {
            return f64::INFINITY;
        }
        let size = form.size + self.size(layer, form);
        let entering = self.entering(layer, form);
        if layer == 0 {
            return self.rounded(form.constant + self.known.highest_input(&entering), size);
        }
        let bounds = slopes.iter().map(|below| {
            let mut relaxed = Form { constant: form.constant, size, ..entering.leaving() };
            let weights = |pixel| entering.weights(pixel, self.leak());
            for (pixel, region) in self.known.regions[layer - 1].iter().enumerate() {
                let weights: Weighed = weights(pixel);
                if !weights.is_empty() {
                    relaxed.lay(pixel, region, &weights, Tilt::new(region, *below).slopes(region, weights.weights));
                }
            }
            self.highest(layer - 1, &relaxed, &[*below])
        });
        bounds.fold(f64::INFINITY, f64::min)
    }

    fn leak(&self) -> f64 {
        self.approximation.target().leak()
    }

    /// What all products that make up a form come to by absolute values.
    fn size(&self, layer: usize, form: &Form) -> f64 {
        let weighed = |form: &Image, reach: &Image| -> f64 {
            form.data().iter().zip(reach.data()).filter(|(x, _)| **x != 0.0).map(|(x, reach)| x.abs() * reach).sum()
        };
        let Reach { target, error, underflow } = &self.reaches[layer];
        weighed(&form.target, target) + weighed(&form.error, error) + underflow
    }

    /// A number that is at least the bound whatever the rounding on the way was; infinite where numbers overflow. A product that
    /// underflows is off by half the least double: by gamma times what a weight of [`f64::MIN_POSITIVE`] counts, and less.
    fn rounded(&self, bound: f64, size: f64) -> f64 {
        let underflow = self.sums as f64 * f64::MIN_POSITIVE;
        let above = (bound + (gamma(2 * self.sums) * size + underflow)).next_up();
        if above.is_nan() { f64::INFINITY } else { above }
    }

    /// The form as one of what enters the layer.
    fn entering(&self, layer: usize, form: &Form) -> Entering {
        let (target, size) = (&self.approximation.target().layers()[layer], self.shapes[layer]);
        let propagated = convolve_transposed(&target.kernel, &form.target, size, target.stride, target.pad);
        // What comes out of a ReLU of slope 0 has no negative part.
        let has_negative = layer == 0 || self.leak() > 0.0;
        let transposed = |split: &Split| {
            let transposed = |kernel| convolve_transposed(kernel, &form.error, size, split.stride, split.pad);
            let minus = if has_negative { transposed(&split.minus) } else { propagated.map(|_| 0.0) };
            [transposed(&split.plus), minus]
        };
        let [plus, minus] = transposed(&self.errors[layer]);
        let minus = if has_negative { minus.zip(&propagated, |own, propagated| own - propagated) } else { minus };
        let parts = [plus.zip(&propagated, |own, propagated| own + propagated), minus];
        let differences = (layer > 0).then(|| transposed(&self.approximation.responses()[layer]));
        Entering { parts, differences }
    }

    /// What a form of a layer is at an input, by forward passes.
    fn value(&self, layer: usize, form: &Form, input: &Image) -> f64 {
        let (target, other) = self.approximation.up_to(layer, input);
        let weighed =
            |form: &Image, image: &Image| -> f64 { form.data().iter().zip(image.data()).map(|(x, y)| x * y).sum() };
        form.constant + weighed(&form.target, &target) + weighed(&form.error, &target.zip(&other, |x, y| x - y))
    }
}

impl Known {
    /// The largest value over the inputs.
    fn highest_input(&self, entering: &Entering) -> f64 {
        let pixels = entering.parts[0].data().iter().zip(entering.parts[1].data());
        match &self.inputs {
            None => pixels.map(|(&p, &q)| best_pixel(p, q, Inputs::All).1).sum(),
            Some(ranges) => pixels.zip(ranges).map(|((&p, &q), &range)| best_pixel_of(range, p, q).1).sum(),
        }
    }

    /// An input at which it is attained.
    fn best_input(&self, entering: &Entering) -> Image {
        let mut image = entering.parts[0].clone();
        let (plus, minus) = (entering.parts[0].data(), entering.parts[1].data());
        for (pixel, x) in image.data_mut().iter_mut().enumerate() {
            let (p, q) = (plus[pixel], minus[pixel]);
            *x = match &self.inputs {
                None => best_pixel(p, q, Inputs::All).0,
                Some(ranges) => best_pixel_of(ranges[pixel], p, q).0,
            };
        }
        image
    }
}

/// The weights of a neuron in a form, and of z and e as they are.
struct Weighed {
    weights: Weights,
    target: f64,
    error: f64,
}

impl Weighed {
    fn is_empty(&self) -> bool {
        self.weights.rectified == 0.0 && self.weights.difference == 0.0 && self.target == 0.0 && self.error == 0.0
    }
}

impl Entering {
    /// Of a neuron, whose ReLU leaks so much: z^- is z^+ - z, and so are the differences.
    fn weights(&self, pixel: usize, leak: f64) -> Weighed {
        let [plus, minus] = [&self.parts[0], &self.parts[1]].map(|part| part.data()[pixel]);
        let differences = self.differences.as_ref().expect("behind the first layer there are differences");
        let [of_plus, of_minus] = [&differences[0], &differences[1]].map(|part| part.data()[pixel]);
        Weighed {
            weights: Weights { rectified: plus + leak * minus, difference: of_plus + leak * of_minus },
            target: -leak * minus,
            error: -leak * of_minus,
        }
    }

    /// A form of the layer before, without weights yet.
    fn leaving(&self) -> Form {
        let zeros = || self.parts[0].map(|_| 0.0);
        Form::new(zeros(), zeros())
    }
}

impl Form {
    fn new(target: Image, error: Image) -> Self {
        Form { target, error, constant: 0.0, size: 0.0 }
    }

    /// Lays the plane of these slopes over a neuron, and returns where it touches.
    fn lay(&mut self, pixel: usize, region: &Region, weighed: &Weighed, slopes: (f64, f64)) -> (f64, f64) {
        let plane = region.plane(weighed.weights, slopes);
        self.target.data_mut()[pixel] = plane.target + weighed.target;
        self.error.data_mut()[pixel] = plane.error + weighed.error;
        self.constant += plane.constant;
        let Weights { rectified, difference } = weighed.weights;
        self.size += (rectified.abs() + plane.target.abs() + weighed.target.abs()) * largest(region.target)
            + (difference.abs() + plane.error.abs() + weighed.error.abs()) * largest(region.error);
        plane.at
    }
}

/// The class of the largest mean output.
fn class(output: &Image) -> usize {
    let logits = means(output);
    (0..logits.len()).max_by(|&i, &j| logits[i].total_cmp(&logits[j])).unwrap_or(0)
}
