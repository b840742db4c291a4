//! Convolution as networks compute it: cross-correlation with a stride and zero padding.

use std::ops::Range;

use super::{Image, Kernel};
use crate::simd::widest;

/// The side of the output for an input of `side` pixels; none where the kernel does not fit into the padded input.
pub fn output_side(side: usize, kernel: usize, stride: usize, pad: usize) -> Option<usize> {
    let room = side.checked_add(pad.checked_mul(2)?)?.checked_sub(kernel)?;
    Some(room / stride + 1)
}

/// The positions of the output whose window puts its offset `offset` onto a real pixel of a side of `side` pixels.
fn positions(side: usize, outputs: usize, offset: usize, stride: usize, pad: usize) -> Range<usize> {
    let first = pad.saturating_sub(offset).div_ceil(stride);
    let end = (side + pad).saturating_sub(offset).div_ceil(stride).min(outputs);
    first..end.max(first)
}

/// The same for each offset of a kernel's side.
fn reached(side: usize, outputs: usize, kernel: usize, (stride, pad): (usize, usize)) -> Vec<Range<usize>> {
    (0..kernel).map(|offset| positions(side, outputs, offset, stride, pad)).collect()
}

/// The offsets of a kernel's side that lie on real pixels of a side of `side` pixels at output position `at`.
pub fn window(at: usize, side: usize, kernel: usize, stride: usize, pad: usize) -> Range<usize> {
    let start = at * stride;
    let first = pad.saturating_sub(start).min(kernel);
    first..(side + pad).saturating_sub(start).min(kernel).max(first)
}

/// The cross-correlation of `image` with `kernel`: at output (o, p, q) the sum over (i, r, s) of
/// `kernel[o, i, r, s] * image[i, p * stride + r - pad, q * stride + s - pad]`, where pixels outside the image are 0.
///
/// The shapes must fit: as many image channels as kernel inputs, a stride of at least 1, and a kernel no larger than
/// the padded image.
pub fn convolve(kernel: &Kernel, image: &Image, stride: usize, pad: usize) -> Image {
    assert_eq!(kernel.inputs(), image.channels(), "the kernel's inputs are not the image's channels");
    let side = |pixels| output_side(pixels, kernel.side(), stride, pad).expect("the kernel is larger than the image");
    let (rows, columns) = (side(image.rows()), side(image.columns()));
    let reached = |pixels, outputs| reached(pixels, outputs, kernel.side(), (stride, pad));
    let (down, across) = (reached(image.rows(), rows), reached(image.columns(), columns));
    // Behind a ReLU many channels are zeros.
    let alive: Vec<usize> = (0..image.channels()).filter(|&i| image.channel(i).iter().any(|x| *x != 0.0)).collect();
    let mut output = Image::zeros(kernel.outputs(), rows, columns);
    widest(
        #[inline(always)]
        || {
            for (o, plane) in output.data_mut().chunks_exact_mut(rows * columns).enumerate() {
                for &i in &alive {
                    add_convolved(plane, (kernel.window(o, i), image, i), (&down, &across), columns, (stride, pad));
                }
            }
        },
    );
    output
}

/// What one channel of an image adds to a plane of the output, of which each row and column of the kernel's window reaches so
/// much.
#[inline(always)]
fn add_convolved(
    plane: &mut [f64],
    (window, image, channel): (&[f64], &Image, usize),
    (down, across): (&[Range<usize>], &[Range<usize>]),
    columns: usize,
    (stride, pad): (usize, usize),
) {
    for (r, (down, weights)) in down.iter().zip(window.chunks_exact(across.len())).enumerate() {
        for (s, (across, &weight)) in across.iter().zip(weights).enumerate() {
            // A channel-blocked kernel is mostly zeros.
            if weight == 0.0 || across.is_empty() {
                continue;
            }
            for p in down.clone() {
                let sums = &mut plane[p * columns..][across.clone()];
                let pixels = &image.row(channel, p * stride + r - pad)[across.start * stride + s - pad..];
                if stride == 1 {
                    add_multiple(sums, weight, pixels);
                } else {
                    for (sum, pixel) in sums.iter_mut().zip(pixels.iter().step_by(stride)) {
                        *sum += weight * pixel;
                    }
                }
            }
        }
    }
}

/// Adds a multiple of neighbours to neighbours, side by side.
#[inline(always)]
fn add_multiple(sums: &mut [f64], weight: f64, numbers: &[f64]) {
    for (sum, x) in sums.iter_mut().zip(numbers) {
        *sum += weight * x;
    }
}

/// The transpose of [`convolve`] on images of `rows` x `columns` pixels: where `output` holds the weights of a linear form of
/// the convolution, the weights of the same form of the image.
///
/// The shapes must fit: as many channels of `output` as kernel outputs, and its size that of a convolution.
pub fn convolve_transposed(
    kernel: &Kernel,
    output: &Image,
    (rows, columns): (usize, usize),
    stride: usize,
    pad: usize,
) -> Image {
    assert_eq!(kernel.outputs(), output.channels(), "the kernel's outputs are not the output's channels");
    let reached = |pixels, outputs| reached(pixels, outputs, kernel.side(), (stride, pad));
    let (down, across) = (reached(rows, output.rows()), reached(columns, output.columns()));
    let mut image = Image::zeros(kernel.inputs(), rows, columns);
    widest(
        #[inline(always)]
        || {
            for o in 0..kernel.outputs() {
                add_transposed(&mut image, kernel, (output, o), (&down, &across), (stride, pad));
            }
        },
    );
    image
}

/// What one channel of the output adds to the transpose.
#[inline(always)]
fn add_transposed(
    image: &mut Image,
    kernel: &Kernel,
    (output, o): (&Image, usize),
    (down, across): (&[Range<usize>], &[Range<usize>]),
    (stride, pad): (usize, usize),
) {
    let Some((seen_rows, seen_columns)) = support(output, o) else { return };
    let both = |x: &Range<usize>, y: &Range<usize>| x.start.max(y.start)..x.end.min(y.end);
    let (rows, columns, side) = (image.rows(), image.columns(), kernel.side());
    for i in 0..kernel.inputs() {
        let window = kernel.window(o, i);
        // From the last entry of the kernel on, which meets each pixel first.
        for (r, down) in down.iter().enumerate().rev() {
            for (s, across) in across.iter().enumerate().rev() {
                let (across, weight) = (both(across, &seen_columns), window[r * side + s]);
                if across.is_empty() {
                    continue;
                }
                for p in both(down, &seen_rows) {
                    let values = &output.row(o, p)[across.clone()];
                    let start = (i * rows + p * stride + r - pad) * columns + across.start * stride + s - pad;
                    let sums = &mut image.data_mut()[start..];
                    if stride == 1 {
                        add_multiple(sums, weight, values);
                    } else {
                        for (sum, value) in sums.iter_mut().step_by(stride).zip(values) {
                            *sum += weight * value;
                        }
                    }
                }
            }
        }
    }
}

/// The rows and columns outside of which a channel is 0; none if all of it is: a form of few outputs is mostly zeros.
fn support(image: &Image, channel: usize) -> Option<(Range<usize>, Range<usize>)> {
    let columns = image.columns();
    let values = image.channel(channel).iter().enumerate().filter(|(_, value)| **value != 0.0);
    values.map(|(index, _)| (index / columns, index % columns)).fold(None, |seen, (row, column)| {
        let (down, across) = seen.unwrap_or((row..row, column..column));
        Some((down.start..row + 1, across.start.min(column)..across.end.max(column + 1)))
    })
}

/// The image with a channel for each input channel, row and column of a kernel, in this order, that holds the pixels under
/// that entry: a convolution of the image is a 1x1 one of this.
pub fn unfold(image: &Image, kernel_side: usize, stride: usize, pad: usize) -> Image {
    let side = |pixels| output_side(pixels, kernel_side, stride, pad).expect("the kernel is larger than the image");
    let area = kernel_side * kernel_side;
    Image::from_fn(image.channels() * area, side(image.rows()), side(image.columns()), |channel, p, q| {
        let (r, s) = (channel % area / kernel_side, channel % kernel_side);
        let pixel = |at: usize, offset: usize, pixels: usize| {
            (at * stride + offset).checked_sub(pad).filter(|&pixel| pixel < pixels)
        };
        match (pixel(p, r, image.rows()), pixel(q, s, image.columns())) {
            (Some(row), Some(column)) => image.at(channel / area, row, column),
            _ => 0.0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand_distr::{Distribution, StandardNormal};

    /// The definition, read off entry by entry from an explicitly padded image.
    fn naive(kernel: &Kernel, image: &Image, stride: usize, pad: usize) -> Image {
        let padded = Image::from_fn(image.channels(), image.rows() + 2 * pad, image.columns() + 2 * pad, |c, r, s| {
            let inside = r >= pad && s >= pad && r < image.rows() + pad && s < image.columns() + pad;
            if inside { image.at(c, r - pad, s - pad) } else { 0.0 }
        });
        let rows = (padded.rows() - kernel.side()) / stride + 1;
        let columns = (padded.columns() - kernel.side()) / stride + 1;
        Image::from_fn(kernel.outputs(), rows, columns, |o, p, q| {
            let mut sum = 0.0;
            for i in 0..kernel.inputs() {
                for r in 0..kernel.side() {
                    for s in 0..kernel.side() {
                        sum += kernel.at(o, i, r, s) * padded.at(i, p * stride + r, q * stride + s);
                    }
                }
            }
            sum
        })
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut stream = Stream::new(1, 2);
        let mut compared = 0;
        for side in 1..=7 {
            for stride in 1..=4 {
                for pad in 0..=4 {
                    for (rows, columns) in [(1, 1), (2, 5), (4, 4), (7, 3), (8, 8)] {
                        if rows.min(columns) + 2 * pad < side {
                            continue;
                        }
                        let kernel = Kernel::normal(2, 3, side, &mut stream);
                        let image = Image::from_fn(3, rows, columns, |_, _, _| StandardNormal.sample(&mut stream));
                        let (fast, slow) =
                            (convolve(&kernel, &image, stride, pad), naive(&kernel, &image, stride, pad));
                        assert!(fast.distance(&slow) < 1e-12, "side {side} stride {stride} pad {pad}");
                        let unfolded = kernel.clone().unfolded();
                        let by_unfolding = convolve(&unfolded, &unfold(&image, side, stride, pad), 1, 0);
                        assert!(by_unfolding.distance(&slow) < 1e-12, "side {side} stride {stride} pad {pad}");
                        assert_eq!(unfolded.folded(side), kernel);
                        // <W, K * X> = <K^T W, X>.
                        let inner = |x: &Image, y: &Image| x.zip(y, |x, y| x * y).data().iter().sum::<f64>();
                        let form = fast.map(|x| (7.0 * x).sin().max(0.0));
                        let transposed = convolve_transposed(&kernel, &form, (rows, columns), stride, pad);
                        assert!((inner(&form, &fast) - inner(&transposed, &image)).abs() < 1e-10);
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 500);
    }

    #[test]
    fn it_is_cross_correlation_not_flipped() {
        let kernel = Kernel::new(1, 1, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let image = Image::new(1, 2, 2, vec![1.0, 10.0, 100.0, 1000.0]).unwrap();
        assert_eq!(convolve(&kernel, &image, 1, 0).data(), [4321.0]);
    }

    #[test]
    fn a_kernel_too_large_has_no_output() {
        assert_eq!(output_side(2, 5, 1, 1), None);
        assert_eq!(output_side(8, 3, 2, 1), Some(4));
    }
}
