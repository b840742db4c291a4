//! The least image in which every output pixel of a larger one has its double.
//!
//! An output pixel sees its receptive field and where the image's borders cut it, at every layer. An image that is a little
//! larger than a receptive field, and as far from a multiple of the strides' product as the larger image is, has a pixel for each
//! way of being cut that the larger image has: whatever an output pixel can be there, one can be here.

use super::{Image, Network, Patch};

/// The least image with the same kinds of output pixels as one of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miniature {
    rows: Side,
    columns: Side,
}

/// Rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Side {
    whole: usize,
    least: usize,
    /// The product of all strides: how far the fields of neighbouring outputs are apart.
    stride: usize,
    /// The first output whose field does not reach over the near border.
    middle: usize,
}

impl Side {
    fn new(network: &Network, whole: usize) -> Self {
        // Strides that overflow stand for one output.
        let (mut stride, mut pad) = (1usize, 0usize);
        for layer in network.layers() {
            pad = pad.saturating_add(layer.pad.saturating_mul(stride));
            stride = stride.saturating_mul(layer.stride);
        }
        let least = network.receptive_field().saturating_add(stride - 1);
        let least = if whole > least { least + (whole - least) % stride } else { whole };
        Side { whole, least, stride, middle: pad.div_ceil(stride) }
    }

    /// Where the miniature lies in the whole when the output `at` of the whole has its double there.
    fn around(&self, at: usize) -> usize {
        (at.saturating_sub(self.middle) * self.stride).min(self.whole - self.least)
    }

    /// Where the miniature can lie in the whole so that its output `at` has a double there.
    fn place(&self, at: usize) -> usize {
        // Outputs behind the middle may be cut by the far border.
        if at > self.middle { self.whole - self.least } else { 0 }
    }
}

impl Miniature {
    /// The miniature of images of `rows` x `columns` pixels.
    pub fn new(network: &Network, rows: usize, columns: usize) -> Self {
        Miniature { rows: Side::new(network, rows), columns: Side::new(network, columns) }
    }

    /// Its rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.least, self.columns.least)
    }

    /// The part of a whole image that the output pixel at (row, column) sees, and where to the borders it is as near.
    pub fn crop(&self, image: &Image, (row, column): (usize, usize)) -> Image {
        let (top, left) = (self.rows.around(row), self.columns.around(column));
        Image::from_fn(image.channels(), self.rows.least, self.columns.least, |c, r, s| image.at(c, top + r, left + s))
    }

    /// A whole image, 0 outside the miniature `image`, in which some output pixel is what the one at (row, column) of the
    /// miniature is.
    pub fn embed(&self, image: &Image, (row, column): (usize, usize)) -> Patch {
        Patch {
            size: (self.rows.whole, self.columns.whole),
            at: (self.rows.place(row), self.columns.place(column)),
            window: image.clone(),
            elsewhere: vec![0.0; image.channels()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::tickets::cnn::{Kernel, Layer};
    use rand::RngExt;

    fn random_network(stream: &mut Stream) -> Network {
        let layers = (0..stream.random_range(1..4)).map(|_| {
            let side = stream.random_range(1..4);
            let (stride, pad) = (stream.random_range(1..4), stream.random_range(0..3));
            Layer { kernel: Kernel::normal(1, 1, side, stream), stride, pad }
        });
        Network::new(layers.collect()).unwrap()
    }

    #[test]
    fn every_output_pixel_has_its_double() {
        let mut stream = Stream::new(91, 92);
        let (mut compared, mut smaller) = (0, 0);
        while compared < 20_000 {
            let network = random_network(&mut stream);
            let (rows, columns) = (stream.random_range(1..40), stream.random_range(1..40));
            let Ok(shapes) = network.shapes(rows, columns) else { continue };
            let miniature = Miniature::new(&network, rows, columns);
            let size = miniature.size();
            let least = network.shapes(size.0, size.1).unwrap();
            smaller += usize::from(size != (rows, columns));
            let mut draw = |rows, columns| Image::from_fn(1, rows, columns, |_, _, _| stream.random_range(-1.0..=1.0));
            let (whole, small) = (draw(rows, columns), draw(size.0, size.1));
            let outputs = network.forward(&whole);
            let pixels =
                |(rows, columns): (usize, usize)| (0..rows).flat_map(move |p| (0..columns).map(move |q| (p, q)));
            for (p, q) in pixels(shapes[shapes.len() - 1]).step_by(7) {
                let cropped = network.forward(&miniature.crop(&whole, (p, q)));
                assert!(cropped.data().contains(&outputs.at(0, p, q)), "{network:?} {rows} {columns} {p} {q}");
                compared += 1;
            }
            let outputs = network.forward(&small);
            for (p, q) in pixels(least[least.len() - 1]).step_by(7) {
                let embedded = network.forward(&miniature.embed(&small, (p, q)).image());
                assert!(embedded.data().contains(&outputs.at(0, p, q)), "{network:?} {rows} {columns} {p} {q}");
                compared += 1;
            }
        }
        assert!(smaller > 100, "{smaller}");
    }

    #[test]
    fn its_size_does_not_grow_with_the_image() {
        let layer = |side, stride, pad| Layer { kernel: Kernel::zeros(1, 1, side), stride, pad };
        let network = Network::new(vec![layer(3, 1, 1), layer(3, 2, 1), layer(1, 1, 0)]).unwrap();
        assert_eq!(Miniature::new(&network, 4, 6).size(), (4, 6));
        assert_eq!(Miniature::new(&network, 256, 1001).size(), (6, 7));
    }
}
