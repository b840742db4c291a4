//! Upper bounds of the error that see all layers at once.
//!
//! Before their ReLUs, let Z be what a layer of the target computes and E by how much that exceeds what the split layer computes.
//! Both are split functions of the layer before: with slope a below 0,
//! `Z = K * X^+ - a K * X^-`, and E is `(K - P) * X^+ - a (K + Q) * X^-`, where X is the target's, plus `P * D^+ + a Q * D^-`,
//! where D^+ and D^- are the differences of the two networks' positive and negative parts. A linear form of Z and E is carried
//! back to the input layer by layer: over the ranges of Z and E, which are bounded likewise before, a linear form from above
//! takes the place of each positive part and each difference (CROWN, Zhang et al. 2018; for differences, Paulsen et al. 2020).
//! Over the input the maximum is exact. What the relaxation loses is in proportion to the error, since X^+ has weights only in
//! K - P.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::approximation::{Approximation, error};
use super::design::Watch;
use super::rounding::{Sums, gamma};
use super::worst_case::{Inputs, Split, best_pixel};
use crate::numeric::larger_or_nan;
use crate::tickets::cnn::{Image, LayerShape, convolve_transposed};

/// Products beyond which the bounds of further layers are left out: some ten seconds.
const MOST_WORK: f64 = 1e10;

/// What it costs to look through a pixel of an image, in products.
const LOOKED_THROUGH: f64 = 8.0;

/// The lowest and the highest value.
type Range = (f64, f64);

/// The ranges of a layer's Z and E, pixel by pixel.
struct Ranges {
    target: Vec<Range>,
    error: Vec<Range>,
}

/// Which line through 0 stands below x^+ on a range: its slope, from 0 to 1.
type SlopeBelow = fn(Range) -> f64;

/// No one of them is best for all forms: the nearest on the range as a whole, the line 0, and the one parallel to the line above.
const SLOPES_BELOW: [SlopeBelow; 3] =
    [|(low, high)| if high > -low { 1.0 } else { 0.0 }, |_| 0.0, |(low, high)| high / (high - low)];

/// A linear form of a layer's Z and E, plus a constant.
struct Form {
    target: Image,
    error: Image,
    constant: f64,
}

/// Which of the two a form singles out.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Target,
    Error,
}

/// How far rounding may move a bound of Z and of E.
#[derive(Clone, Copy)]
struct Slack {
    target: f64,
    error: f64,
}

/// The layers whose ranges are known.
struct Relaxation<'a> {
    approximation: &'a Approximation,
    errors: Vec<Split>,
    /// Rows and columns of the input of every layer and of the output.
    shapes: &'a [(usize, usize)],
    ranges: Vec<Ranges>,
    /// The inputs' ranges, pixel by pixel; [-1, 1] where there are none.
    inputs: Option<Vec<Range>>,
    /// Raised to stop: bounds are then infinite.
    interrupted: &'a AtomicBool,
}

/// For each layer a bound of `|E|_max` over all inputs in [-1, 1], its own rounding included, where the layers' inputs and the
/// output have so many rows and columns. Infinite for layers that would take too long, NaN where numbers overflow. None when the
/// watch was interrupted.
pub(super) fn error_bounds(
    approximation: &Approximation,
    shapes: &[(usize, usize)],
    watch: &Watch,
) -> Option<Vec<f64>> {
    let mut relaxation = Relaxation::new(approximation, shapes, None, watch.interrupted);
    let slacks = relaxation.slacks();
    let mut work = 0.0;
    let bound = |(layer, slack)| {
        work += relaxation.work(layer);
        if work <= MOST_WORK { relaxation.bound_layer(layer, slack) } else { f64::INFINITY }
    };
    let bounds = slacks.into_iter().enumerate().map(bound).collect();
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
    let free = (image.channels() - ones) * image.rows() * image.columns();
    let range = |(pixel, &x): (usize, &f64)| {
        if pixel < free { ((x - radius).max(-1.0), (x + radius).min(1.0)) } else { (x, x) }
    };
    let inputs = image.data().iter().enumerate().map(range).collect();
    let mut relaxation = Relaxation::new(approximation, shapes, Some(inputs), watch.interrupted);
    let slacks = relaxation.slacks();
    let last = slacks.len() - 1;
    for (layer, slack) in slacks[..last].iter().enumerate() {
        relaxation.bound_layer(layer, *slack);
    }
    let agrees = relaxation.keeps_first(last, class(&approximation.target().forward(image)), slacks[last], rounding);
    (!watch.interrupted.load(Ordering::Relaxed)).then_some(agrees)
}

impl<'a> Relaxation<'a> {
    fn new(
        approximation: &'a Approximation,
        shapes: &'a [(usize, usize)],
        inputs: Option<Vec<Range>>,
        interrupted: &'a AtomicBool,
    ) -> Self {
        let errors = approximation.target().layers().iter().zip(approximation.responses());
        let errors = errors.map(|(target, response)| error(target, response)).collect();
        Relaxation { approximation, errors, shapes, ranges: Vec::new(), inputs, interrupted }
    }

    /// Whether class `first` is above every other in both networks' outputs, those of layer `last`.
    fn keeps_first(&self, last: usize, first: usize, slack: Slack, rounding: f64) -> bool {
        let (rows, columns) = self.shapes[last + 1];
        let (outputs, pixels) = (self.approximation.responses()[last].plus.outputs(), rows * columns);
        // By how much the other class is above the first.
        let excess = |other: usize| {
            Image::from_fn(outputs, rows, columns, |channel, _, _| match channel {
                _ if channel == other => 1.0 / pixels as f64,
                _ if channel == first => -1.0 / pixels as f64,
                _ => 0.0,
            })
        };
        let stays_below = |other: usize| {
            let target = Form { target: excess(other), error: Image::zeros(outputs, rows, columns), constant: 0.0 };
            let pruned = Form { error: excess(other).map(|x| -x), target: excess(other), constant: 0.0 };
            // Of each of the two classes.
            let off = 2.0 * (slack.target + slack.error + rounding);
            [target, pruned].iter().all(|form| self.highest(last, form, &SLOPES_BELOW) + off < 0.0)
        };
        (0..outputs).into_par_iter().filter(|&other| other != first).all(stays_below)
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

    /// Sums of absolute values over all paths to the input bound every number on the way.
    fn slacks(&self) -> Vec<Slack> {
        let layers = self.approximation.target().layers().iter().zip(self.approximation.responses()).zip(&self.errors);
        let mut paths = (0, 1.0, 0.0);
        layers
            .map(|((target, response), error)| {
                let target = Sums::of_split(&Split::of_layer(target));
                let products = paths.0 + 4 * target.products;
                let carried = response.lipschitz() * paths.2;
                paths = (products, target.magnitude * paths.1, error.lipschitz() * paths.1 + carried);
                Slack { target: gamma(products) * paths.1, error: gamma(products) * paths.2 }
            })
            .collect()
    }

    /// Finds the ranges of a layer of which those before are known, and returns the bound of its error.
    fn bound_layer(&mut self, layer: usize, slack: Slack) -> f64 {
        let last = layer + 1 == self.shapes.len() - 1;
        // Nothing is built on the last layer's own output.
        let target = if last { Vec::new() } else { self.layer_ranges(layer, Part::Target, slack.target) };
        let error = self.layer_ranges(layer, Part::Error, slack.error);
        let bound = error.iter().flat_map(|(low, high)| [-low, *high]).fold(0.0, larger_or_nan);
        self.ranges.push(Ranges { target, error });
        bound
    }

    fn layer_ranges(&self, layer: usize, part: Part, slack: f64) -> Vec<Range> {
        let (rows, columns) = self.shapes[layer + 1];
        let outputs = self.approximation.responses()[layer].plus.outputs();
        let highest = |pixel: usize, direction: f64| {
            let zeros = || Image::zeros(outputs, rows, columns);
            let mut form = Form { target: zeros(), error: zeros(), constant: 0.0 };
            let weights = if part == Part::Target { &mut form.target } else { &mut form.error };
            weights.data_mut()[pixel] = direction;
            // Infinite where numbers overflow.
            self.highest(layer, &form, &SLOPES_BELOW).min(f64::INFINITY) + slack
        };
        let pixels = (0..outputs * rows * columns).into_par_iter();
        pixels.map(|pixel| (-highest(pixel, -1.0), highest(pixel, 1.0))).collect()
    }

    /// A bound of a linear form of a layer's Z and E over all inputs in [-1, 1]: the least of those by each of the slopes, of which
    /// one is kept from the layer before on.
    fn highest(&self, layer: usize, form: &Form, slopes: &[SlopeBelow]) -> f64 {
        if self.interrupted.load(Ordering::Relaxed) {
            return f64::INFINITY;
        }
        let (target, size) = (&self.approximation.target().layers()[layer], self.shapes[layer]);
        let propagated = convolve_transposed(&target.kernel, &form.target, size, target.stride, target.pad);
        let [plus, minus] = self.errors[layer].transposed(&form.error, size);
        let parts = [
            plus.zip(&propagated, |own, propagated| own + propagated),
            minus.zip(&propagated, |own, propagated| own - propagated),
        ];
        if layer == 0 {
            let pixels = parts[0].data().iter().zip(parts[1].data());
            let highest = match &self.inputs {
                None => pixels.map(|(&p, &q)| best_pixel(p, q, Inputs::All).1).sum::<f64>(),
                Some(ranges) => pixels.zip(ranges).map(|((&p, &q), &range)| highest_on(range, p, q)).sum(),
            };
            return form.constant + highest;
        }
        let differences = self.approximation.responses()[layer].transposed(&form.error, size);
        let (ranges, leak) = (&self.ranges[layer - 1], self.approximation.target().leak());
        let bounds = slopes.iter().map(|below| {
            let form = relaxed(ranges, leak, *below, &parts, &differences, form.constant);
            self.highest(layer - 1, &form, &[*below])
        });
        bounds.fold(f64::INFINITY, f64::min)
    }
}

/// The largest p x^+ + q x^- of a range.
fn highest_on((low, high): Range, p: f64, q: f64) -> f64 {
    let at = |x: f64| if x > 0.0 { p * x } else { -q * x };
    let inside = if low < 0.0 && high > 0.0 { 0.0 } else { f64::NEG_INFINITY };
    at(low).max(at(high)).max(inside)
}

/// The class of the largest mean output.
fn class(output: &Image) -> usize {
    let pixels = output.rows() * output.columns();
    let sum = |channel: &[f64]| channel.iter().sum::<f64>();
    let sums: Vec<f64> = output.data().chunks(pixels).map(sum).collect();
    (0..sums.len()).max_by(|&i, &j| sums[i].total_cmp(&sums[j])).unwrap_or(0)
}

/// The form before the ReLU that nowhere on the ranges is below a form behind it, of weights `parts` of the positive and negative
/// part and `differences` of their differences.
fn relaxed(
    ranges: &Ranges,
    leak: f64,
    below: SlopeBelow,
    parts: &[Image; 2],
    differences: &[Image; 2],
    mut constant: f64,
) -> Form {
    let [mut target, mut error] = parts.clone();
    for pixel in 0..target.data().len() {
        let (z, e) = (ranges.target[pixel], ranges.error[pixel]);
        let [a, b] = [&parts[0], &parts[1]].map(|image| image.data()[pixel]);
        let [c, d] = [&differences[0], &differences[1]].map(|image| image.data()[pixel]);
        let [positive, difference] = [rectified(a, z, below), rectified_difference(c, z, e)];
        // X^- is (-X)^+.
        let (z, e) = (mirrored(z), mirrored(e));
        let [negative, other] = [rectified(leak * b, z, below), rectified_difference(leak * d, z, e)];
        target.data_mut()[pixel] = positive.0 - negative.0;
        error.data_mut()[pixel] = difference.0 - other.0;
        constant += positive.1 + difference.1 + negative.1 + other.1;
    }
    Form { target, error, constant }
}

fn mirrored((low, high): Range) -> Range {
    (-high, -low)
}

/// A line, slope and constant, that is nowhere on the range below `weight` x^+.
fn rectified(weight: f64, range: Range, below: SlopeBelow) -> (f64, f64) {
    let unstable = range.0 < 0.0 && range.1 > 0.0;
    if weight < 0.0 && unstable { (weight * below(range), 0.0) } else { chord(weight, range) }
}

/// The line through `weight` x^+ at the ends of a range.
fn chord(weight: f64, (low, high): Range) -> (f64, f64) {
    if high <= 0.0 {
        (0.0, 0.0)
    } else if low >= 0.0 {
        (weight, 0.0)
    } else {
        let slope = weight * (high / (high - low));
        (slope, -slope * low)
    }
}

/// A line in e that is nowhere on the ranges below `weight` (z^+ - (z - e)^+).
fn rectified_difference(weight: f64, z: Range, e: Range) -> (f64, f64) {
    let other = (z.0 - e.1, z.1 - e.0);
    if z.1 <= 0.0 && other.1 <= 0.0 {
        (0.0, 0.0)
    } else if z.0 >= 0.0 && other.0 >= 0.0 {
        (weight, 0.0)
    } else if weight >= 0.0 {
        // The difference is at most e^+ ...
        chord(weight, e)
    } else {
        // ... and at least -(-e)^+.
        let (slope, constant) = chord(-weight, mirrored(e));
        (-slope, constant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    #[test]
    fn lines_lie_above_what_they_stand_for() {
        let mut stream = Stream::new(93, 94);
        let mut touched = 0;
        for _ in 0..20_000 {
            let mut range = || {
                let (x, y) = (stream.random_range(-1.0..=1.0f64), stream.random_range(-1.0..=1.0));
                (x.min(y), x.max(y))
            };
            let (z, e) = (range(), range());
            let weight = stream.random_range(-2.0..=2.0);
            let below = SLOPES_BELOW[stream.random_range(0..SLOPES_BELOW.len())];
            let (line, difference) = (rectified(weight, z, below), rectified_difference(weight, z, e));
            let mut least = f64::INFINITY;
            for step in 0..=10 {
                let at = |range: Range, step: i32| range.0 + (range.1 - range.0) * f64::from(step) / 10.0;
                let x = at(z, step);
                let above = line.0 * x + line.1 - weight * x.max(0.0);
                assert!(above >= -1e-12, "{weight} {z:?} {above}");
                least = least.min(above);
                for step in 0..=10 {
                    let error = at(e, step);
                    let value = weight * (x.max(0.0) - (x - error).max(0.0));
                    assert!(difference.0 * error + difference.1 >= value - 1e-12, "{weight} {z:?} {e:?}");
                }
            }
            touched += usize::from(least < 1e-12);
        }
        assert!(touched > 15_000, "lines touch, at an end or at 0: {touched}");
    }
}
