//! The search for good slopes: steps down along the derivatives of a bound by all of them (as alpha-CROWN, Xu et al. 2021).
//!
//! The planes touch what they stand above, and the input is the best for the form that they leave: so the bound's derivatives are
//! those at that input and at the places where they touch, and one pass forward along the planes has them all.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::plane::{Pull, Region, SLOPES_BELOW, SlopeBelow, Tilt, Weights};
use super::{Form, Known, Relaxation, Weighed};
use crate::tickets::cnn::{Image, convolve};
use crate::tickets::pruning::worst_case::Split;

/// The slopes of the planes over all neurons before a layer.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) layers: Vec<Vec<Tilt>>,
}

/// A bound by a plan, and how it came about.
pub(super) struct Trace {
    pub(super) value: f64,
    /// The input at which the form that is left is highest.
    pub(super) input: Image,
    /// How much more an input's positive and negative parts add up to than a linear function has.
    convex: Image,
    /// Layer by layer, the neurons with their weights and the places where their planes touch.
    touched: Vec<Vec<Touched>>,
}

/// The positive and the negative part.
fn parts(image: &Image) -> [Image; 2] {
    [image.positive(), image.negative()]
}

/// The slopes of the plane over a neuron of this layer and pixel, of this region and with these weights.
type SlopesAt<'a> = &'a dyn Fn((usize, usize), &Region, Weights) -> (f64, f64);

/// A neuron's weights, and where the plane over it touches.
struct Touched {
    weighed: Weighed,
    at: (f64, f64),
}

/// The best that a descent has found.
pub(super) struct Found {
    pub(super) value: f64,
    pub(super) plan: Plan,
    /// The input at which the form that is left is highest.
    pub(super) input: Image,
    /// How far the planes are above what they stand for, at relaxed numbers of about the best input, neuron by neuron.
    pub(super) gaps: Vec<Vec<f64>>,
    /// The same of the inputs, of which positive and negative parts are both taken.
    pub(super) of_inputs: Vec<f64>,
}

/// How many steps are made, how far a slope moves in the first, and what part of that from step to step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) steps: usize,
    pub(super) rate: f64,
    pub(super) decay: f64,
}

/// Adam's memory of the derivatives and of their squares (Kingma and Ba 2015).
const MEMORY: [f64; 2] = [0.9, 0.99];

/// Slopes of a neuron: rectified below and from 0, coupled, difference, and the prices.
const SLOPES: usize = 8;

/// The average of the derivatives and of their squares, slope by slope.
type Momentum = [[f64; 2]; SLOPES];

impl Plan {
    pub(super) fn new(regions: &[Vec<Region>], below: SlopeBelow) -> Self {
        let layer = |layer: &Vec<Region>| layer.iter().map(|region| Tilt::new(region, below)).collect();
        Plan { layers: regions.iter().map(layer).collect() }
    }
}

impl Relaxation<'_> {
    /// The best descent from the best of the usual slopes.
    pub(super) fn descend_from_start(&self, layer: usize, form: &Form, (pace, until): (Pace, Instant)) -> Found {
        let known = &self.known;
        let starts = SLOPES_BELOW.iter().map(|below| Plan::new(&known.regions[..layer], *below));
        let values = starts.map(|plan| (self.trace(known, layer, form, &plan).value, plan));
        let best = values.min_by(|x, y| x.0.total_cmp(&y.0)).expect("there are slopes to begin with");
        self.descend(known, layer, form, best.1, (pace, until, best.0.abs() / 20.0))
    }

    /// The bound by a plan over regions that may be narrower than those known.
    pub(super) fn trace(&self, known: &Known, layer: usize, form: &Form, plan: &Plan) -> Trace {
        let slopes = |(layer, pixel): (usize, usize), region: &Region, weights| {
            plan.layers[layer][pixel].slopes(region, weights)
        };
        self.trace_by(known, layer, form, &slopes)
    }

    /// The bound by these slopes of the planes over the neurons, given by layer and pixel.
    pub(super) fn trace_by(&self, known: &Known, layer: usize, form: &Form, slopes: SlopesAt) -> Trace {
        let mut form = form.clone();
        let mut touched = Vec::new();
        for layer in (1..=layer).rev() {
            let size = form.size + self.size(layer, &form);
            let entering = self.entering(layer, &form);
            let mut left = Form { constant: form.constant, size, ..entering.leaving() };
            let lay = |(pixel, region): (usize, &Region)| {
                let weighed = entering.weights(pixel, self.leak());
                let slopes = slopes((layer - 1, pixel), region, weighed.weights);
                if weighed.is_empty() && slopes == (0.0, 0.0) {
                    return Touched { weighed, at: (0.0, 0.0) };
                }
                let at = left.lay(pixel, region, &weighed, slopes);
                Touched { weighed, at }
            };
            touched.push(known.regions[layer - 1].iter().enumerate().map(lay).collect());
            form = left;
        }
        touched.reverse();
        let size = form.size + self.size(0, &form);
        let entering = self.entering(0, &form);
        let value = self.rounded(form.constant + known.highest_input(&entering), size);
        let convex = entering.parts[0].zip(&entering.parts[1], |plus, minus| plus + minus);
        Trace { value, input: known.best_input(&entering), convex, touched }
    }

    /// The slopes of the planes that a plan lays, by layer and pixel.
    pub(super) fn slopes(&self, layer: usize, form: &Form, plan: &Plan) -> Vec<Vec<(f64, f64)>> {
        let touched = self.trace(&self.known, layer, form, plan).touched;
        let regions = &self.known.regions;
        let of_layer = |layer: usize| {
            let neurons = touched[layer].iter().zip(&regions[layer]).zip(&plan.layers[layer]);
            neurons.map(|((touched, region), tilt)| tilt.slopes(region, touched.weighed.weights)).collect()
        };
        (0..layer).map(of_layer).collect()
    }

    /// What the slopes of a plan change at an input of these positive and negative parts, neuron by neuron, and the gaps.
    fn pulls(&self, known: &Known, plan: &Plan, trace: &Trace, input: &[Image; 2]) -> Vec<Vec<(Pull, f64)>> {
        let leak = self.leak();
        let layers = self.approximation.target().layers();
        let [plus, minus] = input;
        let mut z = layers[0].forward(&plus.zip(minus, |x, y| x - y));
        let mut e = self.errors[0].forward_parts(plus, minus);
        let mut pulls = Vec::with_capacity(trace.touched.len());
        for (layer, touched) in trace.touched.iter().enumerate() {
            // Values that take the places of X^+, X^-, D^+ and D^-.
            let mut values = [(); 4].map(|()| z.map(|_| 0.0));
            let mut of_layer = Vec::with_capacity(touched.len());
            for (pixel, Touched { weighed, at }) in touched.iter().enumerate() {
                let (region, tilt) = (&known.regions[layer][pixel], &plan.layers[layer][pixel]);
                let here = (z.data()[pixel], e.data()[pixel]);
                let pull = tilt.pull(region, weighed.weights, *at, here);
                let (x, d) = pull.values;
                let [plus, minus, of_plus, of_minus] = &mut values;
                plus.data_mut()[pixel] = x;
                of_plus.data_mut()[pixel] = d;
                minus.data_mut()[pixel] = leak * (x - here.0);
                of_minus.data_mut()[pixel] = leak * (d - here.1);
                let weights = weighed.weights;
                let priced = pull.by[3] * tilt.prices[0] + pull.by[4] * tilt.prices[1];
                let above = weights.rectified * x + weights.difference * d + priced;
                of_layer.push((pull, above - weights.at(here.0, here.1)));
            }
            pulls.push(of_layer);
            let next = layer + 1;
            if next < trace.touched.len() {
                let [plus, minus, of_plus, of_minus] = values;
                let forward = |split: &Split, plus: &Image, minus: &Image| match leak {
                    0.0 => convolve(&split.plus, plus, split.stride, split.pad),
                    _ => split.forward_parts(plus, minus),
                };
                let own = forward(&self.errors[next], &plus, &minus);
                let carried = forward(&self.approximation.responses()[next], &of_plus, &of_minus);
                z = layers[next].forward(&plus.zip(&minus, |x, y| x - y));
                e = own.zip(&carried, |x, y| x + y);
            }
        }
        pulls
    }

    /// Betters the slopes of a plan at this pace, in as many steps as there is time for; a price of `unit` is a large one.
    pub(super) fn descend(
        &self,
        known: &Known,
        layer: usize,
        form: &Form,
        mut plan: Plan,
        (pace, until, unit): (Pace, Instant, f64),
    ) -> Found {
        let mut momenta: Vec<Vec<Momentum>> =
            plan.layers.iter().map(|layer| vec![[[0.0; 2]; SLOPES]; layer.len()]).collect();
        let mut rate = pace.rate;
        let mut steps = 0;
        let mut trace = self.trace(known, layer, form, &plan);
        let mut best = (trace.value, plan.clone());
        let mut average = [(); 2].map(|()| trace.input.map(|_| 0.0));
        for step in 1..=pace.steps {
            if !trace.value.is_finite() || Instant::now() >= until || self.interrupted.load(Ordering::Relaxed) {
                break;
            }
            let input = parts(&trace.input);
            let pulls = self.pulls(known, &plan, &trace, &input);
            if 2 * step > pace.steps {
                for (sum, part) in average.iter_mut().zip(&input) {
                    *sum = sum.zip(part, |sum, x| sum + x / (pace.steps - pace.steps / 2) as f64);
                }
            }
            let correction = MEMORY.map(|memory| 1.0 - memory.powi(step as i32));
            for (layer, pulls) in pulls.iter().enumerate() {
                for (pixel, (pull, _)) in pulls.iter().enumerate() {
                    let (region, weights) = (&known.regions[layer][pixel], trace.touched[layer][pixel].weighed.weights);
                    let is_priced = *region != self.known.regions[layer][pixel];
                    let tilt = &mut plan.layers[layer][pixel];
                    let momentum = &mut momenta[layer][pixel];
                    tilt.step(weights.sides(), pull.by, momentum, (rate, correction), is_priced.then_some(unit));
                }
            }
            trace = self.trace(known, layer, form, &plan);
            if trace.value < best.0 {
                best = (trace.value, plan.clone());
            }
            rate *= pace.decay;
            steps = step;
        }
        let (trace, steps) = (self.trace(known, layer, form, &best.1), steps);
        // Inputs of single steps are vertices; their average is about the relaxation's best input.
        let average = if steps == pace.steps && steps > 0 { average } else { parts(&trace.input) };
        let gaps = self.pulls(known, &best.1, &trace, &average);
        let gaps = gaps.into_iter().map(|layer| layer.into_iter().map(|(_, gap)| gap).collect()).collect();
        let both = average[0].zip(&average[1], f64::min);
        let of_inputs = trace.convex.zip(&both, |convex, both| convex.max(0.0) * both).data().to_vec();
        Found { value: best.0, plan: best.1, input: trace.input, gaps, of_inputs }
    }
}

impl Tilt {
    /// A step down; a price moves only where it has a unit.
    fn step(
        &mut self,
        (rectified, difference): (usize, usize),
        by: [f64; 5],
        momentum: &mut Momentum,
        (rate, correction): (f64, [f64; 2]),
        unit: Option<f64>,
    ) {
        let mut moved = |index: usize, by: f64| {
            let [average, square] = &mut momentum[index];
            *average = MEMORY[0] * *average + (1.0 - MEMORY[0]) * by;
            *square = MEMORY[1] * *square + (1.0 - MEMORY[1]) * by * by;
            let root = (*square / correction[1]).sqrt();
            if root > 0.0 { rate * (*average / correction[0]) / root } else { 0.0 }
        };
        let slope = &mut self.rectified[rectified];
        *slope = (*slope - moved(rectified, by[0])).clamp(0.0, 1.0);
        self.coupled[difference] -= moved(2 + difference, by[1]);
        let slope = &mut self.difference[difference];
        *slope = (*slope - moved(4 + difference, by[2])).clamp(0.0, 1.0);
        if let Some(unit) = unit {
            self.prices[0] -= unit * moved(6, by[3]);
            self.prices[1] -= unit * moved(7, by[4]);
        }
    }
}
