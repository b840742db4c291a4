//! The exact largest output of a split layer over all inputs of bounded max norm, with an input that attains it.
//!
//! A split layer is `P * X^+ + Q * X^-`: the error of a pruned layer, its response, or a plain convolution (Q = -P).
//! It is separable over the input's pixels: under weights p and q a pixel in [-M, M] adds at most M max(0, p, q) and at
//! least -M max(0, -p, -q), so the largest absolute output on a window is M times the larger of the two sums. Only the
//! window's part inside the image counts, so windows at the border are judged by themselves.

use std::ops::Range as Indices;

use crate::error::Result;
use crate::tickets::cnn::{Image, Kernel, Layer, Patch, convolve, convolve_transposed, window};

/// The map `P * X^+ + Q * X^-`.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// P, read by the positive part.
    pub plus: Kernel,
    /// Q, read by the negative part (which is not negative).
    pub minus: Kernel,
    /// The stride.
    pub stride: usize,
    /// The zero padding.
    pub pad: usize,
}

/// The lowest and the highest value.
pub type Range = (f64, f64);

/// The inputs over which the worst is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// All X with max norm at most M.
    All,
    /// 0 <= X <= M: what stands behind a ReLU.
    NonNegative,
}

/// What is measured of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// The max norm.
    Absolute,
    /// The max norm of the ReLU of the output: its largest positive value.
    Rectified,
}

/// The worst case of a split layer.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstCase {
    /// The largest output, exact up to rounding.
    pub value: f64,
    /// An input that attains it: 0 outside one window.
    pub input: Patch,
    /// Where: output channel, row, column, from 0.
    pub at: (usize, usize, usize),
}

/// One output pixel pushed up or down.
#[derive(Debug, Clone, Copy)]
struct Push {
    output: usize,
    row: usize,
    column: usize,
    /// +1 for the largest value, -1 for the smallest.
    direction: f64,
}

impl Split {
    /// A plain convolution as a split layer.
    pub fn of_layer(layer: &Layer) -> Split {
        let kernel = &layer.kernel;
        Split { plus: kernel.clone(), minus: kernel.map(|x| -x), stride: layer.stride, pad: layer.pad }
    }

    /// The output on an image.
    pub fn forward(&self, image: &Image) -> Image {
        self.forward_parts(&image.positive(), &image.negative())
    }

    /// The output on an image of these positive and negative parts.
    pub(super) fn forward_parts(&self, positive: &Image, negative: &Image) -> Image {
        let convolve = |kernel, part: &Image| convolve(kernel, part, self.stride, self.pad);
        convolve(&self.plus, positive).zip(&convolve(&self.minus, negative), |p, q| p + q)
    }

    /// The weights that a linear form of the output, given by its own weights, has for X^+ and for X^-, on images of `rows` x
    /// `columns` pixels.
    pub(super) fn transposed(&self, form: &Image, size: (usize, usize)) -> [Image; 2] {
        [&self.plus, &self.minus].map(|kernel| convolve_transposed(kernel, form, size, self.stride, self.pad))
    }

    /// The Lipschitz constant in the max norm of the output as a function of the image: the largest row sum of max(|P|, |Q|).
    pub(super) fn lipschitz(&self) -> f64 {
        let larger = self.plus.zip(&self.minus, |p, q| p.abs().max(q.abs()));
        (0..larger.outputs()).map(|output| larger.filter_norm1(output)).fold(0.0, f64::max)
    }

    /// The largest output over all inputs of `rows` x `columns` pixels and max norm at most `norm`, exactly.
    ///
    /// # Errors
    /// When the kernel does not fit into the padded image.
    pub fn worst_case(
        &self,
        rows: usize,
        columns: usize,
        norm: f64,
        inputs: Inputs,
        outputs: Outputs,
    ) -> Result<WorstCase> {
        let norms = vec![norm; self.plus.inputs()];
        let channels = self.worst_pushes(rows, columns, &norms, inputs, outputs)?;
        let larger = |x: (f64, Push), y: (f64, Push)| if y.0 > x.0 { y } else { x };
        let (value, push) = channels.into_iter().reduce(larger).expect("a kernel has an output");
        let input = self.attaining(push, rows, columns, norm, inputs);
        Ok(WorstCase { value, input, at: (push.output, push.row, push.column) })
    }

    /// The largest output of every output channel over all inputs whose channel c is at most `norms[c]` in max norm,
    /// exactly.
    ///
    /// # Errors
    /// When the kernel does not fit into the padded image.
    pub fn worst_by_channel(
        &self,
        rows: usize,
        columns: usize,
        norms: &[f64],
        inputs: Inputs,
        outputs: Outputs,
    ) -> Result<Vec<f64>> {
        assert_eq!(norms.len(), self.plus.inputs(), "one norm for each input channel");
        let channels = self.worst_pushes(rows, columns, norms, inputs, outputs)?;
        Ok(channels.into_iter().map(|(value, _)| value).collect())
    }

    /// For each output channel the largest output and where it is reached.
    fn worst_pushes(
        &self,
        rows: usize,
        columns: usize,
        norms: &[f64],
        inputs: Inputs,
        outputs: Outputs,
    ) -> Result<Vec<(f64, Push)>> {
        let (output_rows, output_columns) = self.layer(&self.plus).output_shape(rows, columns)?;
        let row_windows = self.distinct_windows(rows, output_rows);
        let column_windows = self.distinct_windows(columns, output_columns);
        let directions: &[f64] = if outputs == Outputs::Absolute { &[1.0, -1.0] } else { &[1.0] };
        let mut pushes = Vec::with_capacity(self.plus.outputs());
        for output in 0..self.plus.outputs() {
            let mut worst = (0.0, Push { output, row: 0, column: 0, direction: 1.0 });
            for (row, rows) in &row_windows {
                for (column, columns) in &column_windows {
                    for &direction in directions {
                        let push = Push { output, row: *row, column: *column, direction };
                        let value = self.reach(push, rows, columns, norms, inputs);
                        if value > worst.0 {
                            worst = (value, push);
                        }
                    }
                }
            }
            pushes.push(worst);
        }
        Ok(pushes)
    }

    fn layer(&self, kernel: &Kernel) -> Layer {
        Layer { kernel: kernel.clone(), stride: self.stride, pad: self.pad }
    }

    /// For each different part of the kernel that can lie inside the image: an output position and the kernel's rows.
    fn distinct_windows(&self, side: usize, outputs: usize) -> Vec<(usize, Indices<usize>)> {
        let mut windows: Vec<(usize, Indices<usize>)> = Vec::new();
        for at in 0..outputs {
            let window = window(at, side, self.plus.side(), self.stride, self.pad);
            if windows.iter().all(|(_, other)| *other != window) {
                windows.push((at, window));
            }
        }
        windows
    }

    /// How far one output pixel can be pushed, whose window shows these rows and columns of the kernel.
    fn reach(&self, push: Push, rows: &Indices<usize>, columns: &Indices<usize>, norms: &[f64], inputs: Inputs) -> f64 {
        let weight = |kernel: &Kernel, input, r, s| push.direction * kernel.at(push.output, input, r, s);
        let mut sum = 0.0;
        for (input, norm) in norms.iter().enumerate() {
            for r in rows.clone() {
                for s in columns.clone() {
                    let (p, q) = (weight(&self.plus, input, r, s), weight(&self.minus, input, r, s));
                    sum += norm * best_pixel(p, q, inputs).1;
                }
            }
        }
        sum
    }

    /// The image that pushes one output pixel as far as it goes; 0 outside its window.
    fn attaining(&self, push: Push, rows: usize, columns: usize, norm: f64, inputs: Inputs) -> Patch {
        let side = self.plus.side();
        // What of the kernel lies on real pixels, and the first of these.
        let part = |at: usize, pixels: usize| {
            let part = window(at, pixels, side, self.stride, self.pad);
            let first = if part.is_empty() { 0 } else { at * self.stride + part.start - self.pad };
            (part, first)
        };
        let ((down, top), (across, left)) = (part(push.row, rows), part(push.column, columns));
        let window = Image::from_fn(self.plus.inputs(), down.len(), across.len(), |channel, row, column| {
            let weight = |kernel: &Kernel| {
                push.direction * kernel.at(push.output, channel, down.start + row, across.start + column)
            };
            norm * best_pixel(weight(&self.plus), weight(&self.minus), inputs).0
        });
        Patch { size: (rows, columns), at: (top, left), window, elsewhere: vec![0.0; self.plus.inputs()] }
    }
}

/// The pixel in [-1, 1] (or [0, 1]) that adds most under the weights p of its positive and q of its negative part, and
/// what it adds.
pub(super) fn best_pixel(p: f64, q: f64, inputs: Inputs) -> (f64, f64) {
    let q = if inputs == Inputs::All { q } else { 0.0 };
    if p > 0.0 && p >= q {
        (1.0, p)
    } else if q > 0.0 {
        (-1.0, q)
    } else {
        (0.0, 0.0)
    }
}

/// The pixel of a range that adds most under the weights p of its positive and q of its negative part, and what it adds.
pub(super) fn best_pixel_of((low, high): Range, p: f64, q: f64) -> (f64, f64) {
    let at = |x: f64| (x, if x > 0.0 { p * x } else { -q * x });
    let ends = if at(low).1 > at(high).1 { at(low) } else { at(high) };
    if low < 0.0 && high > 0.0 && 0.0 > ends.1 { (0.0, 0.0) } else { ends }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    fn split(stream: &mut Stream, side: usize, stride: usize, pad: usize) -> Split {
        Split { plus: Kernel::normal(2, 2, side, stream), minus: Kernel::normal(2, 2, side, stream), stride, pad }
    }

    fn measured(output: &Image, outputs: Outputs) -> f64 {
        if outputs == Outputs::Absolute { output.max_norm() } else { output.positive().max_norm() }
    }

    #[test]
    fn the_worst_case_is_attained_and_never_exceeded() {
        let mut stream = Stream::new(41, 42);
        for (side, stride, pad) in [(1, 1, 0), (3, 1, 1), (3, 2, 1), (2, 1, 0), (5, 1, 2), (3, 3, 2), (4, 1, 3)] {
            for (rows, columns) in [(6, 6), (3, 7), (4, 4)] {
                let split = split(&mut stream, side, stride, pad);
                if split.layer(&split.plus).output_shape(rows, columns).is_err() {
                    continue;
                }
                for inputs in [Inputs::All, Inputs::NonNegative] {
                    for outputs in [Outputs::Absolute, Outputs::Rectified] {
                        let worst = split.worst_case(rows, columns, 0.5, inputs, outputs).unwrap();
                        let input = worst.input.image();
                        assert!(input.max_norm() <= 0.5);
                        assert!(inputs == Inputs::All || input.data().iter().all(|&x| x >= 0.0));
                        let output = split.forward(&input);
                        let reached = measured(&output, outputs);
                        assert!((reached - worst.value).abs() <= 1e-12 * worst.value, "{reached} {}", worst.value);
                        let (o, p, q) = worst.at;
                        assert!((output.at(o, p, q).abs() - worst.value).abs() <= 1e-12 * worst.value);
                        for _ in 0..20 {
                            let low = if inputs == Inputs::All { -0.5 } else { 0.0 };
                            let vertex: bool = stream.random();
                            let image = Image::from_fn(2, rows, columns, |_, _, _| {
                                if !vertex {
                                    stream.random_range(low..=0.5)
                                } else if stream.random() {
                                    0.5
                                } else {
                                    low
                                }
                            });
                            assert!(measured(&split.forward(&image), outputs) <= worst.value * (1.0 + 1e-12));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn padding_that_no_window_can_avoid_lowers_the_worst_case() {
        // On one pixel a 3x3 kernel only ever shows its nine entries one at a time.
        let kernel = Kernel::from_fn(1, 1, 3, |_, _, r, s| if (r, s) == (1, 1) { 0.5 } else { 1.0 });
        let split = Split::of_layer(&Layer { kernel, stride: 1, pad: 1 });
        assert_eq!(split.worst_case(1, 1, 1.0, Inputs::All, Outputs::Absolute).unwrap().value, 0.5);
        assert_eq!(split.worst_case(3, 3, 1.0, Inputs::All, Outputs::Absolute).unwrap().value, 8.5);
    }

    #[test]
    fn a_convolution_reaches_the_largest_norm_1_of_its_filters() {
        let mut stream = Stream::new(43, 44);
        let kernel = Kernel::normal(3, 2, 3, &mut stream);
        let filter = |o: usize| (0..2).flat_map(|i| kernel.window(o, i)).map(|x| x.abs()).sum::<f64>();
        let largest = (0..3).map(filter).fold(0.0, f64::max);
        let split = Split::of_layer(&Layer { kernel: kernel.clone(), stride: 1, pad: 1 });
        let worst = split.worst_case(8, 8, 1.0, Inputs::All, Outputs::Absolute).unwrap();
        assert!((worst.value - largest).abs() < 1e-12);
    }
}
