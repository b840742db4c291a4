//! Multidimensional subset sums: which of n vectors add up to a target within eps in the max norm?
//!
//! One trait, [`Solver`], one result type, [`Outcome`], and one file a solver.

pub mod balance;
pub mod beam;
pub mod bounds;
pub mod budget;
pub mod cover;
pub mod enumerate;
pub mod exact;
pub mod existence;
mod grid;
mod integers;
mod moments;

pub use balance::{Balance, Vectors};
pub use beam::Beam;
pub use budget::Budget;
pub use cover::covers_unit_interval;
pub use enumerate::{KSubsetCounter, sums_cover_unit_interval};
pub use exact::Exact;
pub use existence::Existence;
pub use integers::Integers;

use crate::error::{Error, Result};
use crate::random::Stream;

/// A subset-sum problem: is there a subset S (of `size` vectors, if given) with `|sum_S x_i - z|_max <= eps`?
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    vectors: &'a [f64],
    dimension: usize,
    target: &'a [f64],
    eps: f64,
    size: Option<usize>,
    /// The scale of the rounding of any sum, see [`magnitude`].
    magnitude: f64,
    /// What the numbers are rounded from, where they are integers.
    integers: Option<&'a Integers>,
    /// Whether they are integers whose sums are all exact.
    exact: bool,
    /// The norms of the vectors, where they are known.
    norms: Option<&'a Norms>,
}

/// The 2-norms of vectors and the order by them, which problems of the same vectors need not work out again.
#[derive(Debug, Clone, PartialEq)]
pub struct Norms {
    norms: Vec<f64>,
    /// The numbers of the vectors, by rising norm.
    rising: Vec<usize>,
}

impl Norms {
    /// Those of vectors, row-major in n x `dimension`.
    pub fn new(vectors: &[f64], dimension: usize) -> Self {
        let norm = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        let norms: Vec<f64> = vectors.chunks_exact(dimension).map(norm).collect();
        let mut rising: Vec<usize> = (0..norms.len()).collect();
        rising.sort_by(|&i, &j| norms[i].total_cmp(&norms[j]));
        Norms { norms, rising }
    }
}

impl<'a> Problem<'a> {
    /// The problem of n `vectors`, row-major in n x `dimension`, a `target` of `dimension` entries, the tolerance `eps`
    /// in the max norm, and the size that the subset must have, if any.
    ///
    /// # Errors
    /// When the shapes disagree, a number is not finite (or so large that sums overflow), eps is negative, or the size
    /// is more than n.
    pub fn new(vectors: &'a [f64], dimension: usize, target: &'a [f64], eps: f64, size: Option<usize>) -> Result<Self> {
        if dimension == 0 || target.len() != dimension {
            return Err(Error::Shape(format!(
                "the target has {} entries and the vectors have {dimension}: give as many, and at least one",
                target.len()
            )));
        }
        if !vectors.len().is_multiple_of(dimension) {
            return Err(Error::Shape(format!(
                "{} numbers do not make whole vectors of {dimension} entries: give n x {dimension}",
                vectors.len()
            )));
        }
        if !(eps >= 0.0 && eps.is_finite()) {
            return Err(Error::input(format!("eps is {eps}: give a finite number, at least 0")));
        }
        let n = vectors.len() / dimension;
        if let Some(size) = size.filter(|&size| size > n) {
            return Err(Error::input(format!("no {size} of {n} vectors can be taken: give a size of at most {n}")));
        }
        let magnitude = magnitude(vectors, target);
        if !magnitude.is_finite() {
            return Err(Error::input(
                "a vector or the target holds NaN, infinity or numbers whose sums overflow: give finite, smaller numbers",
            ));
        }
        Ok(Problem { vectors, dimension, target, eps, size, magnitude, integers: None, exact: false, norms: None })
    }

    /// The same problem, with the norms of its vectors.
    ///
    /// # Panics
    /// When they are those of fewer or more vectors.
    pub fn knowing(self, norms: &'a Norms) -> Self {
        assert_eq!(self.len(), norms.norms.len(), "the norms are those of other vectors");
        Problem { norms: Some(norms), ..self }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.vectors.len() / self.dimension
    }

    /// Whether there is no vector at all.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// Vector `index`, from 0.
    pub fn vector(&self, index: usize) -> &'a [f64] {
        &self.vectors[index * self.dimension..(index + 1) * self.dimension]
    }

    /// The same vectors and tolerance with another target and size.
    fn with<'b>(&self, target: &'b [f64], size: Option<usize>) -> Problem<'b>
    where
        'a: 'b,
    {
        Problem { target, size, magnitude: magnitude(self.vectors, target), integers: None, ..*self }
    }

    /// The sum of all vectors minus the target: what the vectors left out must add up to.
    fn complement_target(&self) -> Vec<f64> {
        let mut target: Vec<f64> = self.target.iter().map(|z| -z).collect();
        for vector in self.vectors.chunks_exact(self.dimension) {
            target.iter_mut().zip(vector).for_each(|(z, x)| *z += x);
        }
        target
    }

    /// The problem of which vectors to leave out, given the [`Problem::complement_target`]; nearer by as much as its rounding
    /// can differ.
    fn complement<'b>(&self, target: &'b [f64]) -> Problem<'b>
    where
        'a: 'b,
    {
        Problem {
            eps: (self.eps - self.rounding()).max(0.0),
            ..self.with(target, self.size.map(|size| self.len() - size))
        }
    }

    /// Entries of each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The target z.
    pub fn target(&self) -> &'a [f64] {
        self.target
    }

    /// The tolerance in the max norm.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// The size that the subset must have, if any.
    pub fn size(&self) -> Option<usize> {
        self.size
    }

    /// The solution made of these vectors, its error recomputed from the input in the order of the indices, or exactly for
    /// [`Integers`].
    pub fn solution(&self, mut subset: Vec<usize>) -> Solution {
        subset.sort_unstable();
        assert!(subset.windows(2).all(|pair| pair[0] < pair[1]), "a subset takes a vector twice");
        if let Some(integers) = self.integers {
            let error = integers.float_error(&subset, self.eps);
            return Solution { subset, error };
        }
        let mut sum = vec![0.0; self.dimension];
        for &index in &subset {
            for (sum, x) in sum.iter_mut().zip(self.vector(index)) {
                *sum += x;
            }
        }
        let error = sum.iter().zip(self.target).fold(0.0, |max: f64, (s, z)| max.max((s - z).abs()));
        Solution { subset, error }
    }

    /// Whether the numbers are integers beyond those whose sums are exact.
    fn has_rounded_integers(&self) -> bool {
        self.integers.is_some() && !self.exact
    }

    /// What sums that are nearer to the target than this may be within eps, whatever the order of adding up.
    fn radius(&self) -> f64 {
        (self.eps + self.rounding()).next_up().max(f64::MIN_POSITIVE)
    }

    /// The first vectors, as many as asked, or none.
    fn some_subset(&self) -> Solution {
        self.solution((0..self.size.unwrap_or(0)).collect())
    }

    /// Found if the solution is within eps, and otherwise that the solver gave up with it.
    pub fn found_or_gave_up(&self, solution: Solution) -> Outcome {
        if solution.error <= self.eps { Outcome::Found(solution) } else { Outcome::GaveUp { best: solution } }
    }

    /// More than two sums of the same subset, added up in different orders, can differ in any coordinate.
    pub fn rounding(&self) -> f64 {
        if self.exact {
            return 0.0;
        }
        2.0 * (self.len() + 2) as f64 * f64::EPSILON * self.magnitude
    }
}

/// The largest over the coordinates of `|z_j| + sum_i |x_ij|`.
fn magnitude(vectors: &[f64], target: &[f64]) -> f64 {
    let mut totals: Vec<f64> = target.iter().map(|z| z.abs()).collect();
    for vector in vectors.chunks_exact(target.len()) {
        totals.iter_mut().zip(vector).for_each(|(total, x)| *total += x.abs());
    }
    // NaN must not be lost in a maximum.
    totals.into_iter().fold(0.0, |max, x| if x > max || x.is_nan() { x } else { max })
}

/// Adds a vector to each row of as many numbers.
fn add_to_rows(rows: &mut [f64], vector: &[f64]) {
    for row in rows.chunks_exact_mut(vector.len()) {
        row.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
}

/// A subset and how far its sum is from the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Indices from 0, sorted.
    pub subset: Vec<usize>,
    /// Max norm of the sum minus the target, recomputed from the input in f64.
    pub error: f64,
}

/// What a solver says.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A subset of the asked size is within eps; its error was recomputed.
    Found(Solution),
    /// Proved: no subset of the asked size is within eps.
    None,
    /// Neither found nor proved.
    GaveUp {
        /// The best subset seen, of the asked size.
        best: Solution,
    },
}

impl Outcome {
    /// Whether some subset is within eps, where that is known.
    fn decision(&self) -> Option<bool> {
        match self {
            Outcome::Found(_) => Some(true),
            Outcome::None => Some(false),
            Outcome::GaveUp { .. } => None,
        }
    }
}

/// One way to solve subset-sum problems.
pub trait Solver: Sync {
    /// The solver's name in records.
    fn name(&self) -> &'static str;

    /// Solves the problem. With counted effort the answer depends on the problem and the stream alone.
    fn solve(&self, problem: &Problem, stream: &mut Stream, budget: &Budget) -> Outcome;
}

/// Every solver, by name.
pub const SOLVERS: [&dyn Solver; 3] = [&Exact, &Beam::DEFAULT, &Balance::DEFAULT];

/// What a solver said, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it said.
    pub outcome: Outcome,
    /// Its name.
    pub solver: &'static str,
}

impl Answer {
    /// The answer of one solver.
    pub fn of(solver: &dyn Solver, problem: &Problem, stream: &mut Stream, budget: &Budget) -> Answer {
        Answer { outcome: solver.solve(problem, stream, budget), solver: solver.name() }
    }

    fn is_final(&self) -> bool {
        !matches!(self.outcome, Outcome::GaveUp { .. })
    }
}

/// Solves the problem with the solvers that fit its size: the exact one where it is quick; otherwise a beam, or in many dimensions
/// a balance, which finds a subset soon where there are many; then the exact one again, which alone can prove that there is none,
/// where time and memory let it; and where they do not, ever wider beams, or balances of ever more passes.
pub fn solve(problem: &Problem, stream: &mut Stream, budget: &Budget) -> Answer {
    if exact::is_quick(problem) {
        return Answer::of(&Exact, problem, stream, budget);
    }
    let first = Answer::of(first_search(problem), problem, stream, &budget.counted());
    if first.is_final() || budget.is_spent() {
        return first;
    }
    if exact::is_worth_it(problem, budget) {
        let exact = Answer::of(&Exact, problem, stream, budget);
        return if exact.is_final() { exact } else { better(first, exact) };
    }
    if budget.is_counted() {
        return first;
    }
    better(first, Answer::of(further_search(problem), problem, stream, budget))
}

/// What is tried before the exact solver.
fn first_search(problem: &Problem) -> &'static dyn Solver {
    if balance::is_for(problem.dimension(), problem.size()) {
        &Balance::DEFAULT
    } else if exact::is_soon(problem) {
        &Beam::NARROW
    } else {
        &Beam::DEFAULT
    }
}

/// What goes on where that found nothing.
fn further_search(problem: &Problem) -> &'static dyn Solver {
    if balance::is_for(problem.dimension(), problem.size()) { &Balance::FURTHER } else { &Beam::WIDER }
}

/// The answer with the smaller error; the second if it is final.
fn better(first: Answer, second: Answer) -> Answer {
    match (&first.outcome, &second.outcome) {
        (Outcome::GaveUp { best: one }, Outcome::GaveUp { best: other }) if one.error <= other.error => first,
        _ => second,
    }
}

/// The nearest subset that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The subset, of the asked size.
    pub solution: Solution,
    /// Whether it is proved that no subset of the asked size is nearer.
    pub proved: bool,
    /// The name of the solver that found or proved it.
    pub solver: &'static str,
}

/// Looks for the subset nearest to the target, whatever eps is: by one solver, or by a beam or balance and then by the exact one,
/// where time and memory let it, or by ever more of the same.
pub fn nearest(problem: &Problem, forced: Option<&dyn Solver>, stream: &mut Stream, budget: &Budget) -> Nearest {
    // No subset is nearer than the goal.
    let goal = Problem { eps: bounds::least_error(problem), ..*problem };
    let takes = |solver: &dyn Solver| forced.is_none_or(|forced| forced.name() == solver.name());
    let is_proved = |solution: &Solution| solution.error <= goal.eps && !problem.has_rounded_integers();
    let mut best = problem.some_subset();
    let mut solver = Exact.name();
    if !takes(&Exact) || forced.is_none() && !exact::is_quick(problem) {
        let effort = if forced.is_some() { *budget } else { budget.counted() };
        let search = forced.unwrap_or_else(|| first_search(problem));
        best = nearer(best, search.solve(&goal, stream, &effort));
        solver = search.name();
    }
    let mut proved = is_proved(&best);
    if proved || forced.is_some_and(|solver| solver.name() != Exact.name()) {
        return Nearest { solution: best, proved, solver };
    }
    if forced.is_some() || exact::is_quick(problem) || exact::is_worth_it(problem, budget) {
        (best, proved) = exact::nearest(&goal, best, budget);
        solver = Exact.name();
    } else if !budget.is_counted() {
        best = nearer(best, further_search(problem).solve(&goal, stream, budget));
        proved = is_proved(&best);
    }
    Nearest { solution: best, proved: proved && !problem.has_rounded_integers(), solver }
}

/// The nearest subset where it is known soon, and elsewhere the best that a search sees.
pub fn nearest_soon(problem: &Problem, stream: &mut Stream) -> Solution {
    if exact::is_soon(problem) {
        return nearest(problem, None, stream, &Budget::COUNTED).solution;
    }
    nearer(problem.some_subset(), first_search(problem).solve(problem, stream, &Budget::COUNTED))
}

/// The nearer of two subsets.
fn nearer(best: Solution, outcome: Outcome) -> Solution {
    match outcome {
        Outcome::Found(other) | Outcome::GaveUp { best: other } if other.error < best.error => other,
        _ => best,
    }
}

/// Whether some subset is within eps: `None` where none was found and not all subsets could be excluded.
pub fn exists(problem: &Problem, stream: &mut Stream) -> Option<bool> {
    solve(problem, stream, &Budget::COUNTED).outcome.decision()
}

/// The answers of [`exists`] at target after target for the same vectors: what does not depend on the target is worked out once.
pub struct SameVectors<'a> {
    vectors: &'a [f64],
    eps: f64,
    listed: Option<exact::Listed>,
}

impl<'a> SameVectors<'a> {
    /// For n `vectors`, row-major in n x `dimension`, and the tolerance `eps`.
    ///
    /// # Errors
    /// As for [`Problem::new`].
    pub fn new(vectors: &'a [f64], dimension: usize, eps: f64) -> Result<Self> {
        let origin = vec![0.0; dimension];
        let listed = exact::Listed::new(&Problem::new(vectors, dimension, &origin, eps, None)?);
        Ok(SameVectors { vectors, eps, listed })
    }

    /// Whether some subset is within eps of the target: `None` where none was found and not all subsets could be excluded.
    ///
    /// # Errors
    /// As for [`Problem::new`].
    pub fn exists(&self, target: &[f64], stream: &mut Stream) -> Result<Option<bool>> {
        let problem = Problem::new(self.vectors, target.len(), target, self.eps, None)?;
        Ok(match &self.listed {
            Some(listed) => listed.solve(&problem).decision(),
            None => exists(&problem, stream),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rand_distr::{Distribution, StandardNormal};

    /// The least error over all subsets of the asked size, one by one.
    fn brute_force(problem: &Problem) -> f64 {
        (0u32..1 << problem.len())
            .filter(|mask| problem.size().is_none_or(|size| mask.count_ones() as usize == size))
            .map(|mask| problem.solution((0..problem.len()).filter(|i| mask >> i & 1 == 1).collect()).error)
            .fold(f64::INFINITY, f64::min)
    }

    fn check(solver: &dyn Solver, problem: &Problem, stream: &mut Stream) -> Outcome {
        let outcome = solver.solve(problem, stream, &Budget::COUNTED);
        let least = brute_force(problem);
        if let Outcome::Found(solution) | Outcome::GaveUp { best: solution } = &outcome {
            assert_eq!(&problem.solution(solution.subset.clone()), solution, "{}: a false error", solver.name());
            assert!(solution.subset.windows(2).all(|pair| pair[0] < pair[1]), "{}: unsorted", solver.name());
            assert!(problem.size().is_none_or(|size| solution.subset.len() == size), "{}: size", solver.name());
        }
        match &outcome {
            Outcome::Found(solution) => assert!(solution.error <= problem.eps()),
            Outcome::None => assert!(least > problem.eps(), "{}: None, but {least} is there", solver.name()),
            Outcome::GaveUp { best } => assert!(best.error > problem.eps() && best.error >= least),
        }
        outcome
    }

    #[test]
    fn every_solver_conforms_to_brute_force() {
        let solvers: [&dyn Solver; 3] = [&Exact, &Beam::DEFAULT, &Balance::DEFAULT];
        let mut stream = Stream::new(7, 8);
        let (mut found, mut none) = (0, 0);
        for round in 0..120 {
            // From 10 vectors on, the tree of a half is more than one leaf.
            let (n, dimension) = (stream.random_range(0..=12), stream.random_range(1..=4));
            let scale: f64 = if round % 3 == 0 { 0.01 } else { 1.0 };
            let mut draw = |count| (0..count).map(|_| StandardNormal.sample(&mut stream)).collect::<Vec<f64>>();
            let vectors = draw(n * dimension);
            let target: Vec<f64> = draw(dimension).iter().map(|z| scale * z).collect();
            let size = (round % 2 == 0).then(|| stream.random_range(0..=n));
            let eps = [0.0, 0.01, 0.1, 0.5][round % 4];
            let problem = Problem::new(&vectors, dimension, &target, eps, size).unwrap();
            for solver in solvers {
                match check(solver, &problem, &mut stream) {
                    Outcome::Found(_) => found += 1,
                    Outcome::None => none += 1,
                    Outcome::GaveUp { .. } => {}
                }
            }
        }
        assert!(found > 20 && none > 20, "{found} found and {none} none: the instances test nothing");
    }

    #[test]
    fn a_planted_subset_is_found() {
        let mut stream = Stream::new(9, 10);
        for dimension in [1, 3] {
            let vectors: Vec<f64> = (0..16 * dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
            let zero = vec![0.0; dimension];
            let all = Problem::new(&vectors, dimension, &zero, 0.0, None).unwrap();
            let planted = vec![1, 4, 5, 11, 14];
            let mut target = zero.clone();
            for &i in &planted {
                target.iter_mut().zip(all.vector(i)).for_each(|(z, x)| *z += x);
            }
            // The planted sum is exact in the order of the indices, so even eps = 0 must find it.
            for size in [None, Some(5)] {
                let problem = Problem::new(&vectors, dimension, &target, 0.0, size).unwrap();
                assert!(matches!(check(&Exact, &problem, &mut stream), Outcome::Found(_)));
            }
        }
    }

    /// Few vectors, whose sums are listed, and more, which are not.
    #[test]
    fn the_same_vectors_are_decided_as_problem_by_problem() {
        let mut stream = Stream::new(11, 12);
        let (mut found, mut none) = (0, 0);
        for (n, dimension) in [(0, 1), (1, 2), (9, 1), (14, 2), (14, 3), (30, 2)] {
            let vectors: Vec<f64> = (0..n * dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
            let same = SameVectors::new(&vectors, dimension, 0.02).unwrap();
            for _ in 0..60 {
                let target: Vec<f64> = (0..dimension).map(|_| stream.random_range(-3.0..3.0)).collect();
                let problem = Problem::new(&vectors, dimension, &target, 0.02, None).unwrap();
                let decided = same.exists(&target, &mut stream).unwrap();
                assert_eq!(decided, exists(&problem, &mut stream), "{n} {dimension}");
                *if decided == Some(true) { &mut found } else { &mut none } += 1;
            }
        }
        assert!(found > 50 && none > 50, "{found} found and {none} none: the targets test nothing");
    }

    #[test]
    fn wrong_problems_are_refused() {
        let x = [1.0, 2.0, 3.0, 4.0];
        for (vectors, dimension, target, eps, size) in [
            (&x[..], 2, &x[..1], 0.1, None),
            (&x[..], 0, &x[..0], 0.1, None),
            (&x[..3], 2, &x[..2], 0.1, None),
            (&x[..], 2, &x[..2], -0.1, None),
            (&x[..], 2, &x[..2], f64::NAN, None),
            (&x[..], 2, &x[..2], 0.1, Some(3)),
            (&[f64::NAN, 1.0], 1, &x[..1], 0.1, None),
            (&[f64::MAX, f64::MAX], 1, &x[..1], 0.1, None),
            (&x[..], 1, &[f64::INFINITY], 0.1, None),
        ] {
            assert!(Problem::new(vectors, dimension, target, eps, size).is_err());
        }
    }
}
