//! Problems of integers, such as decimal amounts in their smallest unit: errors are exact.

use super::Problem;
use super::bounds::EXACT;
use crate::error::{Error, Result};

/// A subset-sum problem of integers. The solvers search among the nearest floats, and what they find or exclude is judged by
/// exact sums.
#[derive(Debug, Clone)]
pub struct Integers {
    dimension: usize,
    vectors: Vec<i128>,
    target: Vec<i128>,
    eps: i128,
    float_vectors: Vec<f64>,
    float_target: Vec<f64>,
    exact: bool,
}

impl Integers {
    /// The problem of n `vectors`, row-major in n x `dimension`, a `target` and a tolerance `eps` in the max norm.
    ///
    /// # Errors
    /// When sums are beyond an i128. The shapes are checked by [`Integers::problem`].
    pub fn new(vectors: Vec<i128>, dimension: usize, target: Vec<i128>, eps: i128) -> Result<Integers> {
        let mut totals: Vec<Option<i128>> = target.iter().map(|z| z.checked_abs()).collect();
        for vector in vectors.chunks(dimension.max(1)) {
            for (total, x) in totals.iter_mut().zip(vector) {
                *total = total.and_then(|total| total.checked_add(x.checked_abs()?));
            }
        }
        let totals: Option<Vec<i128>> = totals.into_iter().collect();
        let totals = totals.ok_or_else(|| {
            Error::input("sums of these numbers in their common unit are beyond 38 digits: give fewer digits")
        })?;
        let exact = eps <= EXACT && totals.iter().all(|&total| total <= EXACT);
        let floats = |integers: &[i128]| integers.iter().map(|&x| x as f64).collect::<Vec<f64>>();
        let (float_vectors, float_target) = (floats(&vectors), floats(&target));
        Ok(Integers { dimension, vectors, target, eps, float_vectors, float_target, exact })
    }

    /// The problem for the solvers, with the size that the subset must have, if any.
    ///
    /// # Errors
    /// See [`Problem::new`].
    pub fn problem(&self, size: Option<usize>) -> Result<Problem<'_>> {
        let eps = if self.exact { self.eps as f64 } else { (self.eps as f64).next_up() };
        let problem = Problem::new(&self.float_vectors, self.dimension, &self.float_target, eps, size)?;
        Ok(Problem { integers: Some(self), exact: self.exact, ..problem })
    }

    /// The max norm of the sum of these vectors minus the target.
    pub fn error(&self, subset: &[usize]) -> i128 {
        let mut rest: Vec<i128> = self.target.iter().map(|z| -z).collect();
        for &index in subset {
            let vector = &self.vectors[index * self.dimension..(index + 1) * self.dimension];
            rest.iter_mut().zip(vector).for_each(|(rest, x)| *rest += x);
        }
        rest.into_iter().map(i128::abs).max().unwrap_or(0)
    }

    /// The error as a float, which is at most the float `eps` if and only if the exact one is within the tolerance.
    pub(super) fn float_error(&self, subset: &[usize], eps: f64) -> f64 {
        let error = self.error(subset);
        if self.exact {
            return error as f64;
        }
        if error <= self.eps { (error as f64).min(eps) } else { (error as f64).max(eps.next_up()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::subset_sum::{Budget, Exact, Outcome, Solver};

    fn solve(vectors: &[i128], target: i128, eps: i128) -> Outcome {
        let integers = Integers::new(vectors.to_vec(), 1, vec![target], eps).unwrap();
        Exact.solve(&integers.problem(None).unwrap(), &mut Stream::new(1, 1), &Budget::COUNTED)
    }

    #[test]
    fn the_answer_is_exact_on_both_sides_of_eps() {
        for (eps, found) in [(0, false), (2, false), (3, true)] {
            let outcome = solve(&[10, 20, 40], 33, eps);
            assert_eq!(matches!(outcome, Outcome::Found(_)), found, "{outcome:?}");
            assert_eq!(matches!(outcome, Outcome::None), !found, "{outcome:?}");
        }
        // As floats these are equal.
        let large = 10i128.pow(30);
        for (target, eps, found) in [(2 * large + 3, 0, true), (2 * large + 4, 0, false), (2 * large + 4, 1, true)] {
            let outcome = solve(&[large + 1, large + 2, large + 7], target, eps);
            assert_eq!(matches!(outcome, Outcome::Found(_)), found, "{outcome:?}");
            assert_eq!(matches!(outcome, Outcome::None), !found, "{outcome:?}");
        }
    }

    #[test]
    fn sums_beyond_an_i128_are_refused() {
        let message = Integers::new(vec![i128::MAX, 1], 1, vec![0], 0).unwrap_err().to_string();
        assert!(message.contains("beyond 38 digits"), "{message}");
        assert!(Integers::new(vec![i128::MIN], 1, vec![0], 0).is_err());
    }
}
