//! Images and kernels: dense arrays of f64 that know their shapes.

use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result};
use crate::numeric::larger_or_nan;
use crate::random::Stream;

/// An image or a layer's output: channels x rows x columns, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    channels: usize,
    rows: usize,
    columns: usize,
    data: Vec<f64>,
}

impl Image {
    /// An image from its values in the order (channel, row, column).
    ///
    /// # Errors
    /// When the number of values is not channels x rows x columns, or a value is not finite.
    pub fn new(channels: usize, rows: usize, columns: usize, data: Vec<f64>) -> Result<Self> {
        if data.len() != channels * rows * columns {
            return Err(Error::Shape(format!(
                "an image of {channels} x {rows} x {columns} needs {} values, and {} were given: give one value a pixel",
                channels * rows * columns,
                data.len()
            )));
        }
        check_finite("pixel at (channel, row, column)", &data, |index| pixel_place(rows, columns, index))?;
        Ok(Image { channels, rows, columns, data })
    }

    /// An image of zeros.
    pub fn zeros(channels: usize, rows: usize, columns: usize) -> Self {
        Image { channels, rows, columns, data: vec![0.0; channels * rows * columns] }
    }

    /// An image whose value at (channel, row, column) is `value(channel, row, column)`.
    pub fn from_fn(
        channels: usize,
        rows: usize,
        columns: usize,
        mut value: impl FnMut(usize, usize, usize) -> f64,
    ) -> Self {
        let mut image = Image::zeros(channels, rows, columns);
        for (index, entry) in image.data.iter_mut().enumerate() {
            let (channel, row, column) = pixel_place(rows, columns, index);
            *entry = value(channel, row, column);
        }
        image
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The values in the order (channel, row, column).
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// The values, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// The value at (channel, row, column).
    pub fn at(&self, channel: usize, row: usize, column: usize) -> f64 {
        self.data[(channel * self.rows + row) * self.columns + column]
    }

    /// One channel, row by row.
    pub fn channel(&self, channel: usize) -> &[f64] {
        let area = self.rows * self.columns;
        &self.data[channel * area..][..area]
    }

    /// One row of a channel.
    pub fn row(&self, channel: usize, row: usize) -> &[f64] {
        &self.data[(channel * self.rows + row) * self.columns..][..self.columns]
    }

    /// The largest absolute value; 0 for an empty image, NaN where a value is.
    pub fn max_norm(&self) -> f64 {
        max_norm(&self.data)
    }

    /// The image with `f` applied to every value.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Image {
        Image { data: self.data.iter().map(|&x| f(x)).collect(), ..*self }
    }

    /// Entry by entry, `f(self, other)`. Both images must have the same shape.
    pub fn zip(&self, other: &Image, f: impl Fn(f64, f64) -> f64) -> Image {
        assert_eq!(
            (self.channels, self.rows, self.columns),
            (other.channels, other.rows, other.columns),
            "images of two shapes"
        );
        Image { data: self.data.iter().zip(&other.data).map(|(&x, &y)| f(x, y)).collect(), ..*self }
    }

    /// The largest absolute difference to another image of the same shape.
    pub fn distance(&self, other: &Image) -> f64 {
        self.zip(other, |x, y| x - y).max_norm()
    }

    /// The positive part X^+ of Definition 10.
    pub fn positive(&self) -> Image {
        self.map(|x| if x > 0.0 { x } else { 0.0 })
    }

    /// The leaky ReLU of slope `leak`: X^+ - leak X^-. With no leak, the ReLU.
    pub fn leaky(&self, leak: f64) -> Image {
        if leak == 0.0 { self.positive() } else { self.map(|x| if x > 0.0 { x } else { leak * x }) }
    }

    /// The image with one more channel, of ones.
    pub fn with_ones(&self) -> Image {
        let mut data = self.data.clone();
        data.resize(data.len() + self.rows * self.columns, 1.0);
        Image { channels: self.channels + 1, data, ..*self }
    }

    /// The image without its last channel.
    pub fn without_last(&self) -> Image {
        let channels = self.channels.saturating_sub(1);
        Image { channels, data: self.data[..channels * self.rows * self.columns].to_vec(), ..*self }
    }

    /// The negative part X^- of Definition 10, which is not negative: X = X^+ - X^-.
    pub fn negative(&self) -> Image {
        self.map(|x| if x < 0.0 { -x } else { 0.0 })
    }
}

/// A square kernel in PyTorch's order (output, input, row, column). The paper's order is (row, column, input, output).
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    outputs: usize,
    inputs: usize,
    side: usize,
    data: Vec<f64>,
}

impl Kernel {
    /// A kernel from its values in the order (output, input, row, column).
    ///
    /// # Errors
    /// When the number of values is not outputs x inputs x side x side, or a value is not finite.
    pub fn new(outputs: usize, inputs: usize, side: usize, data: Vec<f64>) -> Result<Self> {
        let needed = outputs * inputs * side * side;
        if data.len() != needed {
            return Err(Error::Shape(format!(
                "a kernel of {outputs} x {inputs} x {side} x {side} needs {needed} values, and {} were given: give one \
                 value a weight",
                data.len()
            )));
        }
        check_finite("weight at (output, input, row, column)", &data, |index| weight_place(inputs, side, index))?;
        Ok(Kernel { outputs, inputs, side, data })
    }

    /// A kernel of zeros.
    pub fn zeros(outputs: usize, inputs: usize, side: usize) -> Self {
        Kernel { outputs, inputs, side, data: vec![0.0; outputs * inputs * side * side] }
    }

    /// A kernel whose value at (output, input, row, column) is `value(output, input, row, column)`.
    pub fn from_fn(
        outputs: usize,
        inputs: usize,
        side: usize,
        mut value: impl FnMut(usize, usize, usize, usize) -> f64,
    ) -> Self {
        let mut kernel = Kernel::zeros(outputs, inputs, side);
        for (index, entry) in kernel.data.iter_mut().enumerate() {
            let (output, input, row, column) = weight_place(inputs, side, index);
            *entry = value(output, input, row, column);
        }
        kernel
    }

    /// A normal tensor: independent standard normal entries, drawn in the kernel's order.
    pub fn normal(outputs: usize, inputs: usize, side: usize, stream: &mut Stream) -> Self {
        Kernel::from_fn(outputs, inputs, side, |_, _, _, _| StandardNormal.sample(stream))
    }

    /// Number of output channels (filters).
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of rows, which is the number of columns.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The values in the order (output, input, row, column).
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// The value at (output, input, row, column).
    pub fn at(&self, output: usize, input: usize, row: usize, column: usize) -> f64 {
        self.data[((output * self.inputs + input) * self.side + row) * self.side + column]
    }

    /// The d x d window of one output and one input channel, row-major.
    pub fn window(&self, output: usize, input: usize) -> &[f64] {
        let area = self.side * self.side;
        let start = (output * self.inputs + input) * area;
        &self.data[start..start + area]
    }

    /// The same values as the 1x1 kernel that computes the same on an unfolded image (see [`super::unfold`]): d^2 input channels
    /// for each one.
    pub fn unfolded(self) -> Kernel {
        Kernel { inputs: self.inputs * self.side * self.side, side: 1, ..self }
    }

    /// The kernel of a side that [`Kernel::unfolded`] made this 1x1 one of. Its inputs must be a multiple of the square.
    pub fn folded(self, side: usize) -> Kernel {
        let area = side * side;
        assert!(self.side == 1 && self.inputs.is_multiple_of(area), "no kernel was unfolded to this one");
        Kernel { inputs: self.inputs / area, side, ..self }
    }

    /// What one input channel feeds: the d^2 c_1 values in the order (output, row, column).
    pub fn input_slice(&self, input: usize) -> Vec<f64> {
        (0..self.outputs).flat_map(|output| self.window(output, input)).copied().collect()
    }

    /// The sum of the absolute values: the paper's norm_1 of a tensor.
    pub fn norm1(&self) -> f64 {
        self.data.iter().map(|x| x.abs()).sum()
    }

    /// The sum of the absolute values of what one output reads.
    pub fn filter_norm1(&self, output: usize) -> f64 {
        let filter = self.inputs * self.side * self.side;
        self.data[output * filter..][..filter].iter().map(|x| x.abs()).sum()
    }

    /// The largest absolute value; 0 for an empty kernel, NaN where a value is.
    pub fn max_norm(&self) -> f64 {
        max_norm(&self.data)
    }

    /// The kernel with `f` applied to every value.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Kernel {
        Kernel { data: self.data.iter().map(|&x| f(x)).collect(), ..*self }
    }

    /// Entry by entry, `f(self, other)`. Both kernels must have the same shape.
    pub fn zip(&self, other: &Kernel, f: impl Fn(f64, f64) -> f64) -> Kernel {
        assert_eq!(
            (self.outputs, self.inputs, self.side),
            (other.outputs, other.inputs, other.side),
            "kernels of two shapes"
        );
        Kernel { data: self.data.iter().zip(&other.data).map(|(&x, &y)| f(x, y)).collect(), ..*self }
    }
}

fn max_norm(data: &[f64]) -> f64 {
    data.iter().fold(0.0, |max, x| larger_or_nan(max, x.abs()))
}

/// Channel, row and column of a value of an image.
fn pixel_place(rows: usize, columns: usize, index: usize) -> (usize, usize, usize) {
    (index / (rows * columns), index / columns % rows, index % columns)
}

/// Output, input, row and column of a value of a kernel.
fn weight_place(inputs: usize, side: usize, index: usize) -> (usize, usize, usize, usize) {
    let area = side * side;
    (index / (inputs * area), index / area % inputs, index / side % side, index % side)
}

fn check_finite<P: std::fmt::Debug>(thing: &str, data: &[f64], place: impl Fn(usize) -> P) -> Result<()> {
    match data.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::input(format!(
            "the {thing} = {:?}, from 0, is {}: every one must be a finite number",
            place(index),
            data[index]
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_its_positive_minus_its_negative_part() {
        let image = Image::new(1, 2, 2, vec![1.0, -2.0, 0.0, -0.5]).unwrap();
        assert_eq!(image.positive().zip(&image.negative(), |p, n| p - n), image);
        assert_eq!(image.negative().data(), [0.0, 2.0, 0.0, 0.5]);
        assert_eq!(image.max_norm(), 2.0);
    }

    #[test]
    fn kernels_keep_pytorch_order() {
        let kernel = Kernel::from_fn(2, 3, 2, |o, i, r, c| (1000 * o + 100 * i + 10 * r + c) as f64);
        assert_eq!(kernel.at(1, 2, 0, 1), 1201.0);
        assert_eq!(kernel.window(1, 0), [1000.0, 1001.0, 1010.0, 1011.0]);
        assert_eq!(kernel.input_slice(2), [200.0, 201.0, 210.0, 211.0, 1200.0, 1201.0, 1210.0, 1211.0]);
    }

    #[test]
    fn norms_are_those_of_the_paper() {
        let kernel = Kernel::new(1, 1, 2, vec![1.0, -2.0, 0.5, 0.0]).unwrap();
        assert_eq!((kernel.norm1(), kernel.max_norm()), (3.5, 2.0));
        let kernel = Kernel::from_fn(2, 3, 2, |o, _, _, _| if o == 0 { -1.0 } else { 2.0 });
        assert_eq!([0, 1].map(|output| kernel.filter_norm1(output)), [12.0, 24.0]);
    }

    #[test]
    fn wrong_counts_and_values_are_refused() {
        assert!(Image::new(1, 2, 2, vec![0.0; 3]).is_err());
        assert!(Kernel::new(1, 1, 2, vec![0.0; 3]).is_err());
        let mut weights = vec![0.0; 2 * 3 * 2 * 2];
        weights[2 * (3 + 2) * 2 + 1] = f64::NAN;
        let message = Kernel::new(2, 3, 2, weights).unwrap_err().to_string();
        assert!(
            message.contains("the weight at (output, input, row, column) = (1, 2, 0, 1), from 0, is NaN"),
            "{message}"
        );
        let message = Image::new(1, 1, 2, vec![0.0, f64::INFINITY]).unwrap_err().to_string();
        assert!(message.contains("the pixel at (channel, row, column) = (0, 0, 1), from 0, is inf"), "{message}");
    }

    #[test]
    fn norms_hide_no_nan() {
        for place in 0..3 {
            let kernel = Kernel::from_fn(1, 3, 1, |_, input, _, _| if input == place { f64::NAN } else { 1.0 });
            assert!(kernel.max_norm().is_nan(), "{place}");
        }
    }
}
