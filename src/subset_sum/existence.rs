//! Existence: is there a subset at all? A few of the vectors often do for a yes; all of them are needed for a no.

use super::exact::first_that_fit;
use super::{Budget, Exact, Outcome, Problem, Solver, solver_for};
use crate::random::Stream;

/// The sums a half, at most, of the first vectors that are tried alone.
const FEW_SUMS: [u64; 3] = [1 << 8, 1 << 12, 1 << 16];

/// Whether some subset is within eps: `None` where none was found and not all subsets could be excluded.
pub fn exists(problem: &Problem, stream: &mut Stream) -> Option<bool> {
    for most in FEW_SUMS {
        let few = first_that_fit(problem, most);
        if few.len() == problem.len() {
            break;
        }
        if let Outcome::Found(_) = Exact.solve(&few, stream, &Budget::COUNTED) {
            return Some(true);
        }
    }
    match solver_for(problem).solve(problem, stream, &Budget::COUNTED) {
        Outcome::Found(_) => Some(true),
        Outcome::None => Some(false),
        Outcome::GaveUp { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rand_distr::StandardNormal;

    /// Where all vectors fit, the answer is the exact solver's; where they do not, it is a yes or nothing.
    #[test]
    fn a_few_vectors_first_change_no_answer() {
        let mut stream = Stream::new(1, 2);
        let (mut yes, mut no) = (0, 0);
        for round in 0..60 {
            let (n, size, dimension) = ([8, 20, 30][round % 3], [3, 5][round % 2], 1 + round % 2);
            let vectors: Vec<f64> = (0..n * dimension).map(|_| stream.sample(StandardNormal)).collect();
            let target = vec![0.3; dimension];
            let problem = Problem::new(&vectors, dimension, &target, [0.1, 0.001][round / 30], Some(size)).unwrap();
            let exact = matches!(Exact.solve(&problem, &mut stream, &Budget::COUNTED), Outcome::Found(_));
            assert_eq!(exists(&problem, &mut stream), Some(exact), "round {round}");
            *if exact { &mut yes } else { &mut no } += 1;
        }
        assert!(yes > 10 && no > 10, "{yes} {no}");
        let many: Vec<f64> = (0..600).map(|_| stream.sample(StandardNormal)).collect();
        let at = |eps: f64, target: &[f64], stream: &mut Stream| {
            exists(&Problem::new(&many, 2, target, eps, Some(17)).unwrap(), stream)
        };
        assert_eq!(at(0.05, &[0.0, 0.0], &mut stream), Some(true));
        assert_eq!(at(0.05, &[1e3, 0.0], &mut stream), None);
    }
}
