//! Full enumeration: how many k-subsets come within eps of the target.

/// T_{n,k}: the number of k-subsets S of the n `vectors` (row-major, n x `dimension`) with
/// `|sum_S x_i - z|_max <= eps`. See [`KSubsetCounter`] for many calls.
pub fn count_k_subsets(vectors: &[f64], dimension: usize, k: usize, target: &[f64], eps: f64) -> u64 {
    KSubsetCounter::new(dimension, k).count(vectors, target, eps)
}

/// Counts k-subsets again and again without allocating: the partial sums live here.
#[derive(Debug, Clone)]
pub struct KSubsetCounter {
    dimension: usize,
    k: usize,
    /// Partial sum minus the target after 0, 1, ..., k - 1 vectors, `dimension` entries each.
    partial: Vec<f64>,
}

impl KSubsetCounter {
    /// A counter of k-subsets of vectors of `dimension` entries (at least 1).
    pub fn new(dimension: usize, k: usize) -> Self {
        assert!(dimension > 0, "vectors without entries");
        KSubsetCounter { dimension, k, partial: vec![0.0; dimension * k.max(1)] }
    }

    /// T_{n,k} for these vectors (row-major, whole vectors), target and eps, by all binom(n, k) sums.
    pub fn count(&mut self, vectors: &[f64], target: &[f64], eps: f64) -> u64 {
        assert!(vectors.len().is_multiple_of(self.dimension) && target.len() == self.dimension, "shapes disagree");
        if self.k * self.dimension > vectors.len() {
            return 0;
        }
        if self.k == 0 {
            return u64::from(target.iter().all(|z| z.abs() <= eps));
        }
        for (partial, z) in self.partial.iter_mut().zip(target) {
            *partial = -z;
        }
        descend(vectors, self.dimension, self.k, &mut self.partial, eps)
    }
}

/// Counts the ways to add `left` of `vectors` to the first partial sum of `partial`; the rest of it is room for deeper
/// partial sums.
fn descend(vectors: &[f64], dimension: usize, left: usize, partial: &mut [f64], eps: f64) -> u64 {
    if left == 1 {
        return if dimension == 1 {
            let base = partial[0];
            vectors.iter().map(|x| u64::from((base + x).abs() <= eps)).sum()
        } else {
            let within = |x: &&[f64]| partial.iter().zip(*x).all(|(base, x)| (base + x).abs() <= eps);
            vectors.chunks_exact(dimension).filter(within).count() as u64
        };
    }
    let (base, deeper) = partial.split_at_mut(dimension);
    let last = vectors.len() / dimension - left;
    let mut count = 0;
    for index in 0..=last {
        let (x, rest) = vectors[index * dimension..].split_at(dimension);
        for ((sum, base), x) in deeper.iter_mut().zip(&*base).zip(x) {
            *sum = base + x;
        }
        count += descend(rest, dimension, left - 1, deeper, eps);
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
                    let count = count_k_subsets(&vectors, dimension, k, &target, 0.7);
                    assert_eq!(count, naive(&vectors, dimension, k, &target, 0.7), "n {n} d {dimension} k {k}");
                    total += count;
                }
            }
        }
        assert!(total > 1000, "{total}");
    }

    #[test]
    fn a_wide_box_counts_every_subset() {
        assert_eq!(count_k_subsets(&[0.0; 40], 2, 6, &[0.0; 2], 0.0), 38760);
    }
}
