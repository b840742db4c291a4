//! Full enumeration: how many k-subsets come within eps of the target.

use crate::simd::widest;

/// Counts T_{n,k}, the k-subsets S of n vectors with `|sum_S x_i - z|_max <= eps` (Definition 6), again and again without
/// allocating: the partial sums live here.
///
/// Every k-subset is one partial sum of the first half of the vectors plus one of the second, so that each of the
/// binom(n, k) sums costs one addition; where k is more than n / 2, the vectors left out are added up instead.
#[derive(Debug, Clone)]
pub struct KSubsetCounter {
    dimension: usize,
    k: usize,
    /// For each size, the sums of the subsets of the first half, minus the target; row-major.
    first: Vec<Vec<f64>>,
    /// The same of the second half, without the target.
    second: Vec<Vec<f64>>,
    /// Minus the target.
    start: Vec<f64>,
}

impl KSubsetCounter {
    /// A counter of k-subsets of vectors of `dimension` entries (at least 1).
    pub fn new(dimension: usize, k: usize) -> Self {
        assert!(dimension > 0, "vectors without entries");
        KSubsetCounter { dimension, k, first: Vec::new(), second: Vec::new(), start: Vec::new() }
    }

    /// T_{n,k} for these vectors (row-major, whole vectors), target and eps.
    pub fn count(&mut self, vectors: &[f64], target: &[f64], eps: f64) -> u64 {
        let dimension = self.dimension;
        assert!(vectors.len().is_multiple_of(dimension) && target.len() == dimension, "shapes disagree");
        let n = vectors.len() / dimension;
        if self.k > n {
            return 0;
        }
        self.start.clear();
        self.start.extend(target.iter().map(|z| -z));
        let size = self.k.min(n - self.k);
        if size < self.k {
            // |all - left out - z| <= eps if and only if |left out + z - all| <= eps.
            self.start.iter_mut().for_each(|start| *start = -*start);
            for vector in vectors.chunks_exact(dimension) {
                self.start.iter_mut().zip(vector).for_each(|(start, x)| *start -= x);
            }
        }
        let (low, high) = vectors.split_at(n / 2 * dimension);
        list_sums(&mut self.first, low, &self.start, size);
        self.start.fill(0.0);
        list_sums(&mut self.second, high, &self.start, size);
        let pairs = self.first[..=size].iter().zip(self.second[..=size].iter().rev());
        pairs.map(|(first, second)| count_pairs(first, second, dimension, eps)).sum()
    }
}

/// Whether every point of [-1, 1] is within `eps` of one of all 2^n subset sums, which are listed and sorted.
pub fn sums_cover_unit_interval(values: &[f64], eps: f64) -> bool {
    let mut sums = vec![0.0];
    for value in values {
        let with: Vec<f64> = sums.iter().map(|sum| sum + value).collect();
        sums.extend(with);
    }
    sums.sort_unstable_by(f64::total_cmp);
    let mut covered = -1.0;
    for sum in sums {
        if sum - eps > covered {
            break;
        }
        covered = f64::max(covered, sum + eps);
    }
    covered >= 1.0
}

/// Lists `start` plus every sum of up to `most` of the vectors, by size.
fn list_sums(lists: &mut Vec<Vec<f64>>, vectors: &[f64], start: &[f64], most: usize) {
    lists.resize_with(lists.len().max(most + 1), Vec::new);
    lists.iter_mut().for_each(Vec::clear);
    lists[0].extend(start);
    for vector in vectors.chunks_exact(start.len()) {
        for size in (1..=most).rev() {
            let (smaller, list) = lists.split_at_mut(size);
            for sum in smaller[size - 1].chunks_exact(start.len()) {
                list[0].extend(sum.iter().zip(vector).map(|(sum, x)| sum + x));
            }
        }
    }
}

/// How many sums of one row of each list lie within eps of 0 in the max norm.
fn count_pairs(first: &[f64], second: &[f64], dimension: usize, eps: f64) -> u64 {
    widest(
        #[inline(always)]
        || match dimension {
            1 => count_pairs_of::<1>(first, second, eps),
            2 => count_pairs_of::<2>(first, second, eps),
            3 => count_pairs_of::<3>(first, second, eps),
            _ => {
                let within = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a + b).abs() <= eps);
                let near = |a| second.chunks_exact(dimension).filter(|b| within(a, b)).count() as u64;
                first.chunks_exact(dimension).map(near).sum()
            }
        },
    )
}

/// The same for rows of D numbers, of which all are looked at: many rows go side by side.
#[inline(always)]
fn count_pairs_of<const D: usize>(first: &[f64], second: &[f64], eps: f64) -> u64 {
    let (first, second) = (first.as_chunks::<D>().0, second.as_chunks::<D>().0);
    let mut count = 0;
    for a in first {
        for b in second {
            let mut within = true;
            for axis in 0..D {
                within &= (a[axis] + b[axis]).abs() <= eps;
            }
            count += u64::from(within);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand_distr::{Distribution, StandardNormal};

    fn naive(vectors: &[f64], dimension: usize, k: usize, target: &[f64], eps: f64) -> u64 {
        let n = vectors.len() / dimension;
        let within = |mask: &u32| {
            (0..dimension).all(|j| {
                let sum: f64 = (0..n).filter(|i| mask >> i & 1 == 1).map(|i| vectors[i * dimension + j]).sum();
                (sum - target[j]).abs() <= eps
            })
        };
        (0u32..1 << n).filter(|mask| mask.count_ones() as usize == k).filter(within).count() as u64
    }

    #[test]
    fn agrees_with_a_naive_enumeration() {
        let mut stream = Stream::new(11, 12);
        let mut total = 0;
        for n in 0..=11 {
            for dimension in 1..=3 {
                let vectors: Vec<f64> = (0..n * dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
                let target = vec![0.1; dimension];
                for k in 0..=n + 1 {
                    let count = KSubsetCounter::new(dimension, k).count(&vectors, &target, 0.7);
                    assert_eq!(count, naive(&vectors, dimension, k, &target, 0.7), "n {n} d {dimension} k {k}");
                    total += count;
                }
            }
        }
        assert!(total > 1000, "{total}");
    }

    #[test]
    fn a_wide_box_counts_every_subset() {
        assert_eq!(KSubsetCounter::new(2, 6).count(&[0.0; 40], &[0.0; 2], 0.0), 38760);
    }
}
