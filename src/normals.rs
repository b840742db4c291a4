//! Standard normal numbers in blocks: exact in law, and several times as fast as one by one.
//!
//! The normal law is a mixture. Rectangles of equal area, stacked under its density as in a ziggurat (Marsaglia and Tsang 2000), hold all
//! but 0.07 % of it. They lie wholly below the density, so that nothing drawn from them is ever refused (McFarland 2016). What is left, the
//! slivers between the steps and the density and the two tails, is drawn by rejection.

use std::f64::consts::SQRT_2;
use std::sync::LazyLock;

use libm::{erfc, exp, log};
use rand::RngExt;
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

use crate::random::{MultiplyWithCarry, Stream};

/// Draws standard normal numbers. What it draws depends on the stream alone; the stream is left somewhere behind it.
pub struct Normals<'a> {
    bits: MultiplyWithCarry,
    stream: &'a mut Stream,
}

/// The numbers of a block.
pub const BLOCK: usize = 6;

impl<'a> Normals<'a> {
    /// Rectangles are drawn from bits that the stream seeds, the rest from the stream itself.
    pub fn new(stream: &'a mut Stream) -> Self {
        Normals { bits: MultiplyWithCarry::seeded(stream), stream }
    }

    /// Draws a block of independent standard normal numbers for each item.
    #[inline(always)]
    pub fn meet<T>(&mut self, items: impl Iterator<Item = T>, mut take: impl FnMut(T, [f64; BLOCK])) {
        let layers = &*LAYERS;
        // A copy stays in registers.
        let mut bits = self.bits;
        for item in items {
            let ([a, b, c], [d, e, f]) = (bits.next_three(), bits.next_three());
            let place = |bits| layers.place(bits);
            let mut block = [place(a), place(b), place(c), place(d), place(e), place(f)];
            if block.iter().fold(false, |any, x| any | x.is_nan()) {
                block = layers.without_gaps(block, self.stream);
            }
            take(item, block);
        }
        self.bits = bits;
    }
}

/// The low bits of a random number choose a rectangle, or the rest; the others choose a place in it.
const COUNT: usize = 1 << 12;

/// The rectangles below the density, and the rest.
struct Layers {
    /// Half the width of each rectangle, over 2^63; NaN stands for the rest.
    scales: Box<[f64; COUNT]>,
    /// The corners of the steps, from the outermost to the top of the density: x and height.
    corners: Vec<(f64, f64)>,
    /// Chooses the tails, or a box between two corners by the number of its inner one.
    regions: WeightedAliasIndex<f64>,
}

static LAYERS: LazyLock<Layers> = LazyLock::new(|| {
    let mut corners: Vec<(f64, f64)> = std::iter::successors(corner((4.0, 0.0)), |last| corner(*last)).collect();
    let mut scales = Box::new([f64::NAN; COUNT]);
    for (scale, (x, _)) in scales.iter_mut().zip(&corners) {
        *scale = x / (1u64 << 63) as f64;
    }
    let tail = 0.5 * erfc(corners[0].0 / SQRT_2);
    corners.push((0.0, density(0.0)));
    let boxes = corners.windows(2).map(|pair| (pair[0].0 - pair[1].0) * (pair[1].1 - pair[0].1));
    let regions = WeightedAliasIndex::new(std::iter::once(tail).chain(boxes).collect());
    Layers { scales, corners, regions: regions.expect("areas are positive") }
});

/// The corner of the next rectangle: it stands on the last one, has an area of 1/COUNT, and is the widest such below the density. Near the
/// top there is none.
fn corner((mut x, base): (f64, f64)) -> Option<(f64, f64)> {
    // Newton's method, which converges from outside.
    for _ in 0..8 {
        let height = density(x);
        let slope = height - base - x * x * height;
        x -= (x * (height - base) - 0.5 / COUNT as f64) / slope;
        if slope >= 0.0 || x <= 0.0 {
            return None;
        }
    }
    Some((x, density(x)))
}

/// The standard normal density.
fn density(x: f64) -> f64 {
    const TOP: f64 = 0.398_942_280_401_432_7;
    TOP * exp(-0.5 * x * x)
}

impl Layers {
    /// A place in the rectangle that the bits choose; NaN where they choose the rest.
    #[inline(always)]
    fn place(&self, bits: u64) -> f64 {
        let layer = bits % COUNT as u64;
        // A sign and 51 digits: the conversion is exact.
        (bits - layer).cast_signed() as f64 * self.scales[layer as usize]
    }

    /// Puts numbers of the rest where there is none.
    #[cold]
    fn without_gaps(&self, block: [f64; BLOCK], stream: &mut Stream) -> [f64; BLOCK] {
        block.map(|x| if x.is_nan() { self.rest(stream) } else { x })
    }

    /// A number of the rest. What lies above the density in its box is refused.
    fn rest(&self, stream: &mut Stream) -> f64 {
        let magnitude = loop {
            let region = self.regions.sample(stream);
            let [(inner, high), (outer, low)] = match region {
                0 => break tail(self.corners[0].0, stream),
                _ => [self.corners[region], self.corners[region - 1]],
            };
            let x = inner + (outer - inner) * stream.random::<f64>();
            let height = low + (high - low) * stream.random::<f64>();
            if height < density(x) {
                break x;
            }
        };
        if stream.random() { magnitude } else { -magnitude }
    }
}

/// A standard normal number given that it exceeds `from`, above 0 (Marsaglia 1964).
fn tail(from: f64, stream: &mut Stream) -> f64 {
    let mut exponential = || -log(1.0 - stream.random::<f64>());
    loop {
        let beyond = exponential() / from;
        if 2.0 * exponential() >= beyond * beyond {
            return from + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

    fn stream(cell: &str) -> Stream {
        Address { seed: 7, experiment: "ziggurat", cell, estimator: "test", batch: 0 }.stream()
    }

    fn drawn(cell: &str, count: usize) -> Vec<f64> {
        let mut stream = stream(cell);
        let mut blocks = vec![[0.0; BLOCK]; count / BLOCK];
        Normals::new(&mut stream).meet(blocks.iter_mut(), |block, normals| *block = normals);
        blocks.into_flattened()
    }

    /// Pr(0 < X < x).
    fn half_mass(x: f64) -> f64 {
        0.5 * libm::erf(x / SQRT_2)
    }

    /// Asserts that counts are those of a law: a false alarm has probability 1e-6.
    fn assert_chi_square(counts: &[u64], masses: &[f64], what: &str) {
        let total = counts.iter().sum::<u64>() as f64;
        assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{what}: {masses:?}");
        let terms =
            counts.iter().zip(masses).map(|(count, mass)| (*count as f64 - total * mass).powi(2) / (total * mass));
        let (statistic, freedom) = (terms.sum::<f64>(), counts.len() as f64 - 1.0);
        let most = ChiSquared::new(freedom).unwrap().inverse_cdf(1.0 - 1e-6);
        assert!(statistic < most, "{what}: {statistic} of {freedom} degrees of freedom");
    }

    /// The rest that is chosen in 3 of 4096 cases is what the rectangles leave: an identity of areas, to rounding.
    #[test]
    fn rectangles_and_rest_add_up() {
        let Layers { scales, corners, .. } = &*LAYERS;
        assert_eq!((corners.len(), scales.iter().filter(|scale| scale.is_nan()).count()), (COUNT - 2, 3));
        let mut base = 0.0;
        for (x, height) in &corners[..COUNT - 3] {
            assert!((2.0 * x * (height - base) * COUNT as f64 - 1.0).abs() < 1e-11, "{x}");
            base = *height;
        }
        let rest: f64 = 2.0 * masses_of_rest().iter().sum::<f64>();
        assert!((rest - 3.0 / COUNT as f64).abs() < 1e-13, "{rest}");
    }

    /// What the rest has beyond the outermost corner, and between each two; on one side.
    fn masses_of_rest() -> Vec<f64> {
        let corners = &LAYERS.corners;
        let between =
            |pair: &[(f64, f64)]| half_mass(pair[0].0) - half_mass(pair[1].0) - pair[0].1 * (pair[0].0 - pair[1].0);
        std::iter::once(0.5 * erfc(corners[0].0 / SQRT_2)).chain(corners.windows(2).map(between)).collect()
    }

    /// The rest alone, which a sample of the whole would show too faintly: by the steps of each sign, in groups of 32. A false alarm has
    /// probability 1e-6.
    #[test]
    fn the_rest_has_its_law() {
        let layers = &*LAYERS;
        let group_of = |magnitude: f64| layers.corners.partition_point(|(x, _)| *x > magnitude).div_ceil(32);
        let mut masses = vec![0.0; 2 * (1 + (COUNT - 3).div_ceil(32))];
        for (region, mass) in masses_of_rest().iter().enumerate() {
            let group = region.div_ceil(32);
            masses[2 * group] += mass * COUNT as f64 / 3.0;
            masses[2 * group + 1] += mass * COUNT as f64 / 3.0;
        }
        let (mut stream, mut counts) = (stream("rest"), vec![0; masses.len()]);
        for _ in 0..2_000_000 {
            let x = layers.rest(&mut stream);
            counts[2 * group_of(x.abs()) + usize::from(x < 0.0)] += 1;
        }
        assert_chi_square(&counts, &masses, "rest");
    }

    /// Within a box and in the tail the rest follows the density: Kolmogorov's distance of the mass below each draw from the uniform law is
    /// at most 2.7/sqrt(n), a false alarm of probability 2 exp(-2 2.7^2) = 1e-6 for each.
    #[test]
    fn boxes_and_tails_follow_the_density() {
        let layers = &*LAYERS;
        let (mut stream, mut tails, mut tops) = (stream("boxes"), Vec::new(), Vec::new());
        let [outer, top] = [layers.corners[0].0, layers.corners[COUNT - 4].0];
        let top_mass = masses_of_rest()[COUNT - 3];
        while tails.len() < 10_000 {
            let x = layers.rest(&mut stream).abs();
            if x > outer {
                tails.push(erfc(x / SQRT_2) / erfc(outer / SQRT_2));
            } else if x < top {
                tops.push((half_mass(x) - x * layers.corners[COUNT - 4].1) / top_mass);
            }
        }
        // A nearer tail is refused more often.
        let near_tails = (0..1_000_000).map(|_| erfc(tail(0.5, &mut stream) / SQRT_2) / erfc(0.5 / SQRT_2)).collect();
        for mut masses in [tails, near_tails, tops] {
            masses.sort_by(f64::total_cmp);
            let n = masses.len() as f64;
            let distances = masses
                .iter()
                .enumerate()
                .map(|(i, mass)| (mass - i as f64 / n).abs().max((mass - (i + 1) as f64 / n).abs()));
            assert!(distances.fold(0.0, f64::max) < 2.7 / n.sqrt());
        }
    }

    /// 6 million draws in 1000 cells of equal mass, and their tails: false alarms of probability 1e-6 each.
    #[test]
    fn numbers_are_normal_in_bulk_and_tails() {
        let draws = drawn("bulk", 6_000_000);
        let law = Normal::standard();
        let mut counts = vec![0; 1000];
        draws.iter().for_each(|x| counts[((law.cdf(*x) * 1000.0) as usize).min(999)] += 1);
        assert_chi_square(&counts, &[1e-3; 1000], "bulk");
        let edges = [0.0, 3.0, 3.5, 4.0, 4.2, 4.5];
        let beyond = |x: f64| erfc(x / SQRT_2);
        let mut masses: Vec<f64> = edges.windows(2).map(|pair| beyond(pair[0]) - beyond(pair[1])).collect();
        masses.push(beyond(4.5));
        let mut counts = vec![0; masses.len()];
        draws.iter().for_each(|x| counts[edges.partition_point(|edge| *edge <= x.abs()) - 1] += 1);
        assert_chi_square(&counts, &masses, "tails");
    }

    /// Means of x^p are (p-1)!!, or 0, within 5 standard errors (from the moments of x^2p): a false alarm has probability below 5e-6.
    #[test]
    fn moments_are_normal() {
        let draws = drawn("moments", 6_000_000);
        let moment = |p: i32| if p % 2 == 1 { 0.0 } else { (1..p).step_by(2).map(f64::from).product() };
        for p in 1..=8 {
            let mean = draws.iter().map(|x| x.powi(p)).sum::<f64>() / draws.len() as f64;
            let error = ((moment(2 * p) - moment(p).powi(2)) / draws.len() as f64).sqrt();
            assert!((mean - moment(p)).abs() < 5.0 * error, "{p}: {mean}");
        }
    }

    /// Pairs at the distances at which the generator's words, the places in a block and the blocks meet, in 24 x 24 cells of equal mass, and
    /// triples of words in 8 x 8 x 8: false alarms of probability 1e-6 each.
    #[test]
    fn numbers_are_independent() {
        let draws = drawn("pairs", 3_000_000);
        let law = Normal::standard();
        let quantiles: Vec<f64> = draws.iter().map(|x| law.cdf(*x)).collect();
        let cell = |quantile: f64, cells: usize| ((quantile * cells as f64) as usize).min(cells - 1);
        for lag in [1, 2, 3, 4, 5, 6, 7, 9, 12, 24] {
            let mut counts = vec![0; 576];
            // Pairs that do not overlap.
            for chunk in quantiles.chunks_exact(2 * lag) {
                (0..lag).for_each(|i| counts[cell(chunk[i], 24) * 24 + cell(chunk[i + lag], 24)] += 1);
            }
            assert_chi_square(&counts, &[1.0 / 576.0; 576], &format!("lag {lag}"));
        }
        let mut counts = vec![0; 512];
        for [x, y, z] in quantiles.as_chunks::<3>().0 {
            counts[(cell(*x, 8) * 8 + cell(*y, 8)) * 8 + cell(*z, 8)] += 1;
        }
        assert_chi_square(&counts, &[1.0 / 512.0; 512], "triples");
    }

    #[test]
    fn drawn_values_are_pinned() {
        let draws = drawn("pinned", 600);
        assert_eq!((draws[0], draws[599], draws.iter().sum::<f64>()), PINNED);
    }

    const PINNED: (f64, f64, f64) = (1.6749752626345273, 0.6700287117501001, 13.247787544098163);
}
