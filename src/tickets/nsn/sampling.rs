//! Samplers for sums of NSN vectors: as they are defined, and by their scale alone, which is equal in law.

use rand::RngExt;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::normals::{BLOCK, Normals};
use crate::random::Stream;
use crate::simd::{Work, widest};

/// Adds an NSN vector, drawn as Definition 4 has it, to `sum` (of length d).
pub fn add_nsn_vector(sum: &mut [f64], stream: &mut Stream) {
    let scale: f64 = stream.sample(StandardNormal);
    for entry in sum.iter_mut() {
        let normal: f64 = stream.sample(StandardNormal);
        *entry += scale * normal;
    }
}

/// Blocks of vectors that are drawn together.
const MOST_BLOCKS: usize = 11;

/// Adds `count` NSN vectors, drawn as Definition 4 has them, to `sum` (of length d): the scales of some of them, and then a coordinate of all
/// these after another.
pub fn add_nsn_vectors(count: u64, sum: &mut [f64], stream: &mut Stream) {
    widest(Adding { count, sum, stream });
}

struct Adding<'a> {
    count: u64,
    sum: &'a mut [f64],
    stream: &'a mut Stream,
}

impl Work for Adding<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut normals = Normals::new(self.stream);
        let mut scales = [[0.0; BLOCK]; MOST_BLOCKS];
        let mut left = self.count;
        while left > 0 {
            let vectors = left.min((MOST_BLOCKS * BLOCK) as u64) as usize;
            left -= vectors as u64;
            let scales = &mut scales[..vectors.div_ceil(BLOCK)];
            normals.meet(scales.iter_mut(), |scale, normals| *scale = normals);
            scales.as_flattened_mut()[vectors..].fill(0.0);
            for entry in self.sum.iter_mut() {
                let mut sums = [0.0; BLOCK];
                normals.meet(scales.iter(), |scale, normals| {
                    for lane in 0..BLOCK {
                        sums[lane] += scale[lane] * normals[lane];
                    }
                });
                let [a, b, c, d, e, f] = sums;
                *entry += (a + b) + (c + d) + (e + f);
            }
        }
    }
}

/// Draws the scale s = sum of `k` squared standard normals of a sum of k NSN vectors; 0 for k = 0.
pub fn scale(k: u64, stream: &mut Stream) -> f64 {
    if k == 0 {
        return 0.0;
    }
    ChiSquared::new(k as f64).expect("k is positive").sample(stream)
}

/// Adds a vector equal in law to the sum of `k` NSN vectors to `sum`: given its scale s, N(0, s I).
pub fn add_collapsed_sum(k: u64, sum: &mut [f64], stream: &mut Stream) {
    let sigma = scale(k, stream).sqrt();
    for entry in sum.iter_mut() {
        let normal: f64 = stream.sample(StandardNormal);
        *entry += sigma * normal;
    }
}

/// Whether `sum` lies in the box of half-width `eps` around `z`.
pub fn in_box(sum: &[f64], z: &[f64], eps: f64) -> bool {
    sum.iter().zip(z).all(|(x, z)| (x - z).abs() <= eps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use statrs::distribution::{ChiSquared as ChiSquaredLaw, ContinuousCDF};

    fn stream(estimator: &str) -> Stream {
        Address { seed: 5, experiment: "sampling", cell: "test", estimator, batch: 0 }.stream()
    }

    /// The largest distance between the empirical and the claimed distribution function.
    fn kolmogorov_smirnov(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let distance = |(i, x): (usize, &f64)| (cdf(*x) - i as f64 / n).abs().max((cdf(*x) - (i + 1) as f64 / n).abs());
        values.iter().enumerate().map(distance).fold(0.0, f64::max)
    }

    /// Threshold 2.23 / sqrt(n): exceeded by chance with probability 2 exp(-2 * 2.23^2) = 1e-4. Passing does not prove
    /// the sampler right, but a wrong scale or shape fails.
    #[test]
    fn scales_are_chi_square() {
        let n = 20_000;
        for k in [1, 2, 17, 400] {
            let mut stream = stream("scale");
            let values: Vec<f64> = (0..n).map(|_| scale(k, &mut stream)).collect();
            let law = ChiSquaredLaw::new(k as f64).unwrap();
            let distance = kolmogorov_smirnov(values, |x| law.cdf(x));
            assert!(distance < 2.23 / (n as f64).sqrt(), "k = {k}: {distance}");
        }
        assert_eq!(scale(0, &mut stream("zero")), 0.0);
    }

    /// E|X|^2 = k d and E|X|^4 = k (k+2) d (d+2), for both literal samplers and the collapsed one alike. The thresholds are 5
    /// standard errors (the moments to order 8 bound them): a false alarm has probability below 1e-5 in all.
    #[test]
    fn all_samplers_have_the_moments_of_nsn_sums() {
        let (k, d, n) = (5u64, 3usize, 60_000);
        type Add = fn(u64, &mut [f64], &mut Stream);
        let one_by_one: Add = |k, sum, stream| (0..k).for_each(|_| add_nsn_vector(sum, stream));
        let samplers =
            [("literal", add_nsn_vectors as Add), ("one by one", one_by_one), ("collapsed", add_collapsed_sum)];
        for (name, add) in samplers {
            let mut stream = stream(name);
            let (mut second, mut fourth) = (Vec::new(), Vec::new());
            let mut sum = vec![0.0; d];
            for _ in 0..n {
                sum.fill(0.0);
                add(k, &mut sum, &mut stream);
                let square: f64 = sum.iter().map(|x| x * x).sum();
                second.push(square);
                fourth.push(square * square);
            }
            let (k, d) = (k as f64, d as f64);
            for (values, exact) in [(second, k * d), (fourth, k * (k + 2.0) * d * (d + 2.0))] {
                let mean = values.iter().sum::<f64>() / n as f64;
                let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
                let error = (variance / n as f64).sqrt();
                assert!((mean - exact).abs() < 5.0 * error, "{name}: {mean} +- {error} for {exact}");
            }
        }
    }

    /// A coordinate of one NSN vector is a product of two normals: Pr(|X| <= x) = (2/pi) int_0^x K_0. At x = 1 that is
    /// 0.791006336995 (mpmath: 2/pi * quad(besselk(0, t), [0, 1])). 5 standard errors: false alarm 6e-7.
    #[test]
    fn one_nsn_coordinate_is_a_product_of_normals() {
        let (n, exact) = (100_000, PRODUCT_WITHIN_1);
        let mut stream = stream("product");
        let hits = (0..n).filter(|_| {
            let mut sum = [0.0];
            add_nsn_vector(&mut sum, &mut stream);
            sum[0].abs() <= 1.0
        });
        let rate = hits.count() as f64 / n as f64;
        assert!((rate - exact).abs() < 5.0 * (exact * (1.0 - exact) / n as f64).sqrt(), "{rate}");
    }

    const PRODUCT_WITHIN_1: f64 = 0.791_006_336_995;

    /// E|X|^2 = k d where blocks and rows end; 5 standard errors, from Var |X|^2 = k^2 d^2 ((1 + 2/k)(1 + 2/d) - 1): a false alarm has
    /// probability below 1e-5 in all.
    #[test]
    fn sums_of_any_number_of_vectors_have_their_variance() {
        let (d, n) = (2usize, 20_000);
        for k in [1u64, 5, 6, 7, 65, 66, 67, 132, 140] {
            let mut stream = stream(&k.to_string());
            let square = |_| {
                let mut sum = vec![0.0; d];
                add_nsn_vectors(k, &mut sum, &mut stream);
                sum.iter().map(|x| x * x).sum::<f64>()
            };
            let mean = (0..n).map(square).sum::<f64>() / n as f64;
            let (k, d) = (k as f64, d as f64);
            let error = k * d * (((1.0 + 2.0 / k) * (1.0 + 2.0 / d) - 1.0) / n as f64).sqrt();
            assert!((mean - k * d).abs() < 5.0 * error, "{k}: {mean}");
        }
        let mut nothing = [1.0];
        add_nsn_vectors(0, &mut nothing, &mut stream("none"));
        assert_eq!(nothing, [1.0]);
    }

    #[test]
    fn drawn_values_are_pinned() {
        let mut stream = stream("pinned");
        let mut sum = [0.0; 2];
        add_nsn_vectors(3, &mut sum, &mut stream);
        add_collapsed_sum(3, &mut sum, &mut stream);
        assert_eq!((sum, scale(9, &mut stream)), PINNED);
    }

    const PINNED: ([f64; 2], f64) = ([1.1131127576723585, 2.6742448584992884], 13.353486329587213);
}
