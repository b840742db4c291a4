//! Convolution as networks compute it: cross-correlation with a stride and zero padding.

use std::ops::Range;

use super::{Image, Kernel};

/// The side of the output for an input of `side` pixels; none where the kernel does not fit into the padded input.
pub fn output_side(side: usize, kernel: usize, stride: usize, pad: usize) -> Option<usize> {
    let room = (side + 2 * pad).checked_sub(kernel)?;
    Some(room / stride + 1)
}

/// The positions of the output whose window puts its offset `offset` onto a real pixel of a side of `side` pixels.
fn positions(side: usize, outputs: usize, offset: usize, stride: usize, pad: usize) -> Range<usize> {
    let first = pad.saturating_sub(offset).div_ceil(stride);
    let end = (side + pad).saturating_sub(offset).div_ceil(stride).min(outputs);
    first..end.max(first)
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
    // Which outputs each row and column of the kernel adds to.
    let reached = |pixels, outputs| -> Vec<Range<usize>> {
        (0..kernel.side()).map(|offset| positions(pixels, outputs, offset, stride, pad)).collect()
    };
    let (down, across) = (reached(image.rows(), rows), reached(image.columns(), columns));
    // Behind a ReLU many channels are zeros.
    let alive: Vec<usize> = (0..image.channels()).filter(|&i| image.channel(i).iter().any(|x| *x != 0.0)).collect();
    let mut output = Image::zeros(kernel.outputs(), rows, columns);
    for (o, plane) in output.data_mut().chunks_exact_mut(rows * columns).enumerate() {
        for &i in &alive {
            let window = kernel.window(o, i);
            for (r, (down, weights)) in down.iter().zip(window.chunks_exact(kernel.side())).enumerate() {
                for (s, (across, &weight)) in across.iter().zip(weights).enumerate() {
                    // A channel-blocked kernel is mostly zeros.
                    if weight == 0.0 || across.is_empty() {
                        continue;
                    }
                    for p in down.clone() {
                        let sums = &mut plane[p * columns..][across.clone()];
                        let pixels = &image.row(i, p * stride + r - pad)[across.start * stride + s - pad..];
                        if stride == 1 {
                            // Neighbours are neighbours, which the compiler can add up side by side.
                            sums.iter_mut().zip(pixels).for_each(|(sum, pixel)| *sum += weight * pixel);
                        } else {
                            sums.iter_mut()
                                .zip(pixels.iter().step_by(stride))
                                .for_each(|(sum, pixel)| *sum += weight * pixel);
                        }
                    }
                }
            }
        }
    }
    output
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
    let side = kernel.side();
    let mut image = Image::zeros(kernel.inputs(), rows, columns);
    for (index, &value) in output.data().iter().enumerate() {
        // A form of few outputs is mostly zeros.
        if value == 0.0 {
            continue;
        }
        let place = index % (output.rows() * output.columns());
        let (o, p, q) =
            (index / (output.rows() * output.columns()), place / output.columns(), place % output.columns());
        let across = window(q, columns, side, stride, pad);
        if across.is_empty() {
            continue;
        }
        for i in 0..kernel.inputs() {
            let weights = kernel.window(o, i);
            for r in window(p, rows, side, stride, pad) {
                let start = (i * rows + p * stride + r - pad) * columns + q * stride + across.start - pad;
                let sums = &mut image.data_mut()[start..][..across.len()];
                let weights = &weights[r * side..][across.clone()];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * value);
            }
        }
    }
    image
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
