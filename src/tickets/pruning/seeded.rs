//! A random pair that is never stored: every filter has an address, from which it is drawn again whenever it is needed.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, StudentT};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pair::Pair;
use crate::random::{Address, Stream};
use crate::tickets::cnn::{Image, Kernel, Layer};

/// The law of the random network's weights, all independent.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Law {
    /// N(0, 1), as the paper has it.
    #[default]
    Normal,
    /// Uniform on [-sqrt(3), sqrt(3)], of variance 1.
    Uniform,
    /// Student's t with 5 degrees of freedom, scaled to variance 1.
    StudentT,
    /// N(0, 2 / fan-in), after K. He et al. (2015): 2 / c_0 for V and 2 / (2 n c_0 d^2) for U.
    Kaiming,
}

/// Filters whose outputs are added up by one thread.
const AT_ONCE: usize = 1024;

/// Degrees of freedom of Student's t.
const FREEDOM: f64 = 5.0;

impl Law {
    /// Its name in records and on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// One draw, for a standard deviation of 1.
    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Law::Normal | Law::Kaiming => StandardNormal.sample(stream),
            Law::Uniform => 3f64.sqrt() * stream.random_range(-1.0..1.0),
            Law::StudentT => {
                let t = StudentT::new(FREEDOM).expect("its degrees of freedom are positive");
                ((FREEDOM - 2.0) / FREEDOM).sqrt() * t.sample(stream)
            }
        }
    }
}

/// The random pair of one layer of a network that is known by its seed. Filter l of the layer is drawn from the stream at
/// the address (seed, `prune`, layer, `filter`, l): first its entry of V, then its slice of U. Entries of V that the
/// channel-blocked mask removes have no address, since nothing depends on them.
#[derive(Debug, Clone, PartialEq)]
pub struct SeededPair {
    seed: u64,
    /// The layer, as the addresses write it.
    cell: String,
    n: usize,
    inputs: usize,
    outputs: usize,
    side: usize,
    law: Law,
}

impl SeededPair {
    /// The pair of width `n` for layer `layer` (from 0) of a network, in a target kernel's shape.
    pub fn new(seed: u64, layer: usize, n: usize, law: Law, target: &Kernel) -> Self {
        let (inputs, outputs, side) = (target.inputs(), target.outputs(), target.side());
        SeededPair { seed, cell: format!("layer={layer}"), n, inputs, outputs, side, law }
    }

    /// The standard deviations of V's and of U's entries.
    fn deviations(&self) -> (f64, f64) {
        match self.law {
            Law::Kaiming => {
                let fans = (self.inputs as f64, (2 * self.n * self.inputs * self.side * self.side) as f64);
                ((2.0 / fans.0).sqrt(), (2.0 / fans.1).sqrt())
            }
            _ => (1.0, 1.0),
        }
    }

    /// The standard deviation of the entries of the vectors that filters add.
    pub fn spread(&self) -> f64 {
        self.deviations().0 * self.deviations().1
    }

    /// The stream from which a channel's search draws what it draws, apart from all filters.
    pub fn search_stream(&self, channel: usize, sign: super::Sign) -> Stream {
        let batch = 2 * channel as u64 + u64::from(sign == super::Sign::Negative);
        self.address("search", batch).stream()
    }

    fn address<'a>(&'a self, estimator: &'a str, batch: u64) -> Address<'a> {
        Address { seed: self.seed, experiment: "prune", cell: &self.cell, estimator, batch }
    }

    /// The filter's entry of V, and the stream on which its slice of U follows.
    fn start(&self, filter: usize) -> (f64, Stream) {
        let mut stream = self.address("filter", filter as u64).stream();
        (self.deviations().0 * self.law.draw(&mut stream), stream)
    }

    fn rest(&self, mut stream: Stream) -> Vec<f64> {
        let deviation = self.deviations().1;
        (0..self.side * self.side * self.outputs).map(|_| deviation * self.law.draw(&mut stream)).collect()
    }

    /// The masked random pair `U * relu((V . S) * X)` filter by filter, with a ReLU of slope `leak` below 0. `kept` are the filters
    /// that the mask keeps, rising; stride and padding are those of `target`. Where the mask has a 0 the hidden channel is 0 whatever X
    /// is, so that nothing of that filter is drawn.
    pub fn forward(&self, kept: &[usize], target: &Layer, leak: f64, image: &Image) -> Image {
        self.forward_each(kept, target, leak, std::slice::from_ref(image)).remove(0)
    }

    /// The same for each of some images of one size, with filters drawn once for all.
    pub fn forward_each(&self, kept: &[usize], target: &Layer, leak: f64, images: &[Image]) -> Vec<Image> {
        let zeros = || -> Vec<Image> {
            let shape = |image: &Image| target.output_shape(image.rows(), image.columns());
            let zeros = |image| shape(image).map(|(rows, columns)| Image::zeros(self.outputs, rows, columns));
            images.iter().map(|image| zeros(image).expect("the kernel fits into the image")).collect()
        };
        let add = |sums: Vec<Image>, others: &[Image]| -> Vec<Image> {
            sums.iter().zip(others).map(|(sum, other)| sum.zip(other, |sum, x| sum + x)).collect()
        };
        // Of fixed size, so that threads change no sum.
        let parts: Vec<Vec<Image>> = kept
            .par_chunks(AT_ONCE)
            .map(|filters| {
                filters
                    .iter()
                    .fold(zeros(), |sums, &filter| add(sums, &self.forward_filter(filter, target, leak, images)))
            })
            .collect();
        parts.iter().fold(zeros(), |sums, part| add(sums, part))
    }

    fn forward_filter(&self, filter: usize, target: &Layer, leak: f64, images: &[Image]) -> Vec<Image> {
        let (entry, stream) = self.start(filter);
        let channel = self.channel(filter);
        let slice = Kernel::new(self.outputs, 1, self.side, self.rest(stream)).expect("normal entries are finite");
        let layer = Layer { kernel: slice, ..*target };
        let hidden = |image: &Image| {
            let value = |_, row, column| entry * image.at(channel, row, column);
            Image::from_fn(1, image.rows(), image.columns(), value).leaky(leak)
        };
        images.iter().map(|image| layer.forward(&hidden(image))).collect()
    }
}

impl Pair for SeededPair {
    fn n(&self) -> usize {
        self.n
    }

    fn shape(&self) -> (usize, usize, usize) {
        (self.inputs, self.outputs, self.side)
    }

    fn entry(&self, filter: usize) -> f64 {
        self.start(filter).0
    }

    fn slice(&self, filter: usize) -> Vec<f64> {
        self.rest(self.start(filter).1)
    }

    fn vector(&self, filter: usize) -> Vec<f64> {
        let mut vector = vec![0.0; self.side * self.side * self.outputs];
        self.read_vector(filter, &mut vector);
        vector
    }

    fn read_vector(&self, filter: usize, vector: &mut [f64]) {
        let (entry, mut stream) = self.start(filter);
        let deviation = self.deviations().1;
        vector.iter_mut().for_each(|x| *x = deviation * self.law.draw(&mut stream) * entry.abs());
    }

    /// By V's entry alone: in many dimensions all slices of U are nearly as long.
    fn norm(&self, filter: usize) -> f64 {
        let dimension = self.side * self.side * self.outputs;
        self.entry(filter).abs() * self.deviations().1 * (dimension as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::pruning::{Filters, Sign};
    use strum::VariantArray;

    fn pair(seed: u64, layer: usize, n: usize) -> SeededPair {
        SeededPair::new(seed, layer, n, Law::Normal, &Kernel::zeros(3, 2, 2))
    }

    #[test]
    fn filters_are_pinned() {
        let pair = pair(1, 0, 5);
        let drawn = [pair.entry(7), pair.slice(7)[0], pair.slice(7)[11]];
        assert_eq!(drawn, PINNED, "the filters changed: every seeded ticket in the world changes with them");
    }

    const PINNED: [f64; 3] = [0.2881581388607647, 0.9343444337982086, 1.0621522575992242];

    #[test]
    fn filters_are_their_own_and_of_the_shape_asked() {
        let pair = pair(1, 0, 5);
        assert_eq!(pair.shape(), (2, 3, 2));
        assert_eq!(pair.slice(3).len(), 12);
        let of_vector: Vec<f64> = pair.slice(3).iter().map(|u| u * pair.entry(3).abs()).collect();
        assert_eq!(pair.vector(3), of_vector);
        for other in [self::pair(2, 0, 5), self::pair(1, 1, 5)] {
            assert_ne!(other.entry(3), pair.entry(3));
            assert_ne!(other.slice(3), pair.slice(3));
        }
        // A wider network begins with other blocks, but its filters are the same by number.
        assert_eq!(self::pair(1, 0, 9).slice(3), pair.slice(3));
        let positive = pair.candidates(1, Sign::Positive, Filters::HalfBlocks);
        assert!(positive.iter().all(|&filter| (10..15).contains(&filter) && pair.entry(filter) > 0.0));
    }

    /// Mean and variance of 20000 entries of V and of U's first entry, for each law: 5 standard errors (chance of failing 1e-5).
    #[test]
    fn laws_have_their_moments() {
        for &law in Law::VARIANTS {
            let pair = SeededPair::new(7, 0, 10_000, law, &Kernel::zeros(1, 1, 2));
            let [v, u] = [|pair: &SeededPair, l| pair.entry(l), |pair: &SeededPair, l| pair.slice(l)[0]];
            let expected: [f64; 2] = if law == Law::Kaiming { [2.0, 2.0 / 80_000.0] } else { [1.0, 1.0] };
            for (draw, variance) in [v, u].into_iter().zip(expected) {
                let values: Vec<f64> = (0..20_000).map(|filter| draw(&pair, filter)).collect();
                let mean = values.iter().sum::<f64>() / 20_000.0;
                let square = values.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
                // The fourth moment of the t law with 5 degrees, of variance 1, is 9; the others' are smaller.
                assert!(mean.abs() < 5.0 * (variance / 20_000.0).sqrt(), "{law:?}: {mean}");
                assert!((square / variance - 1.0).abs() < 5.0 * (8.0 / 20_000f64).sqrt(), "{law:?}: {square}");
            }
        }
    }

    /// Mean and variance of 20000 products of two independent normals: 5 standard errors (chance of failing 1e-6).
    #[test]
    fn vectors_are_normally_scaled_normal() {
        let pair = SeededPair::new(3, 0, 10_000, Law::Normal, &Kernel::zeros(1, 1, 1));
        let values: Vec<f64> = (0..20_000).map(|filter| pair.entry(filter) * pair.slice(filter)[0]).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let square = values.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        // The product's fourth moment is 9.
        assert!(mean.abs() < 5.0 / 20_000f64.sqrt(), "{mean}");
        assert!((square - 1.0).abs() < 5.0 * (8.0 / 20_000f64).sqrt(), "{square}");
    }
}
