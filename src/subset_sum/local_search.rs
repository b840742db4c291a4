//! Local search for problems beyond the exact solver: annealed flips on the residual, then exact windows.
//!
//! Every vector is in or out; the residual is the sum minus the target. From several starts, single flips (or swaps,
//! where the size is fixed) lower the residual's 2-norm, and annealing and the best pairs of flips among the smallest
//! vectors lower it further. From the best subset, windows of a few of the smallest vectors are decided anew, exactly, in
//! the max norm. The smallest vectors matter: a normally-scaled normal vector of tiny scale is a fine step.

use rand::RngExt;
use rand::seq::{SliceRandom, index};

use super::exact::{best_subset_below, widest};
use super::{Budget, Outcome, Problem, Solution, Solver};
use crate::random::Stream;

/// How much work the search does: counts, never time, so that its answers can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalSearch {
    /// Starts; the first is the empty set (or, with a size, the smallest vectors).
    pub starts: usize,
    /// Passes over all single moves from each start, at most.
    pub passes: usize,
    /// The smallest vectors, among which flips are annealed and pairs are flipped.
    pub pool: usize,
    /// Annealing proposals from each start, for each vector of the pool.
    pub sweeps: usize,
    /// Pair flips from each start, at most.
    pub pair_flips: usize,
    /// Windows decided exactly, from the best subset of all starts.
    pub windows: usize,
    /// Vectors in a window, at most.
    pub width: usize,
}

/// The last temperature of the annealing, relative to the first.
const COOLING: f64 = 1e-5;

impl LocalSearch {
    /// The usual effort.
    pub const DEFAULT: LocalSearch =
        LocalSearch { starts: 4, passes: 60, pool: 192, sweeps: 300, pair_flips: 60, windows: 6, width: 28 };
}

impl Default for LocalSearch {
    fn default() -> Self {
        LocalSearch::DEFAULT
    }
}

impl Solver for LocalSearch {
    fn name(&self) -> &'static str {
        "local-search"
    }

    fn solve(&self, problem: &Problem, stream: &mut Stream, _: &Budget) -> Outcome {
        let squares: Vec<f64> = (0..problem.len()).map(|i| dot(problem.vector(i), problem.vector(i))).collect();
        let mut smallest: Vec<usize> = (0..problem.len()).collect();
        smallest.sort_by(|&i, &j| squares[i].total_cmp(&squares[j]));
        let pool = Pool::new(problem, &smallest[..self.pool.min(problem.len())]);
        let mut best = problem.solution(smallest[..problem.size().unwrap_or(0)].to_vec());
        let first = best.subset.clone();
        for start in 0..self.starts {
            if best.error <= problem.eps() {
                break;
            }
            let subset = if start == 0 { first.clone() } else { random_start(problem, start, stream) };
            let mut state = State::new(problem, &squares, &subset);
            state.descend(self.passes, stream);
            state.keep_better(&mut best);
            pool.anneal(&mut state, self.sweeps, stream);
            pool.descend(&mut state, self.pair_flips);
            state.keep_better(&mut best);
        }
        let mut state = State::new(problem, &squares, &best.subset);
        for round in 0..self.windows {
            if best.error <= problem.eps() {
                break;
            }
            state.decide_window(&smallest, self.width, round, stream);
            state.keep_better(&mut best);
        }
        problem.found_or_gave_up(best)
    }
}

/// A random subset of the asked size; where any size is allowed, sparser ones at later starts.
fn random_start(problem: &Problem, start: usize, stream: &mut Stream) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..problem.len()).collect();
    indices.shuffle(stream);
    let any = problem.len() >> start.min(usize::BITS as usize - 1);
    indices.truncate(problem.size().unwrap_or(any));
    indices
}

/// A subset with its residual, kept up to date under flips.
struct State<'p, 'a> {
    problem: &'p Problem<'a>,
    squares: &'p [f64],
    taken: Vec<bool>,
    residual: Vec<f64>,
}

impl<'p, 'a> State<'p, 'a> {
    fn new(problem: &'p Problem<'a>, squares: &'p [f64], subset: &[usize]) -> Self {
        let residual = problem.target().iter().map(|z| -z).collect();
        let mut state = State { problem, squares, taken: vec![false; problem.len()], residual };
        subset.iter().for_each(|&index| state.flip(index));
        state
    }

    /// What flipping a vector adds: +1 times it when it is out, -1 when it is in.
    fn sign(&self, index: usize) -> f64 {
        if self.taken[index] { -1.0 } else { 1.0 }
    }

    fn flip(&mut self, index: usize) {
        let sign = self.sign(index);
        for (residual, x) in self.residual.iter_mut().zip(self.problem.vector(index)) {
            *residual += sign * x;
        }
        self.taken[index] = !self.taken[index];
    }

    /// How a flip changes the square of the residual's 2-norm.
    fn change(&self, index: usize) -> f64 {
        self.change_in_field(index, dot(&self.residual, self.problem.vector(index)))
    }

    /// The same, given the residual's inner product with the vector.
    fn change_in_field(&self, index: usize, field: f64) -> f64 {
        self.squares[index] + 2.0 * self.sign(index) * field
    }

    fn solution(&self) -> Solution {
        self.problem.solution((0..self.taken.len()).filter(|&index| self.taken[index]).collect())
    }

    fn keep_better(&self, best: &mut Solution) {
        let solution = self.solution();
        if solution.error < best.error {
            *best = solution;
        }
    }

    /// Single moves to a local minimum of the 2-norm: flips, or swaps where the size is fixed.
    fn descend(&mut self, passes: usize, stream: &mut Stream) {
        let mut order: Vec<usize> = (0..self.taken.len()).collect();
        for _ in 0..passes {
            order.shuffle(stream);
            let moved = match self.problem.size() {
                None => self.flip_pass(&order),
                Some(_) => self.swap_pass(&order),
            };
            if !moved {
                break;
            }
        }
    }

    fn flip_pass(&mut self, order: &[usize]) -> bool {
        let mut moved = false;
        for &index in order {
            if self.change(index) < 0.0 {
                self.flip(index);
                moved = true;
            }
        }
        moved
    }

    /// Puts the best vector outside in the place of each vector inside.
    fn swap_pass(&mut self, order: &[usize]) -> bool {
        let mut moved = false;
        for &index in order {
            if !self.taken[index] {
                continue;
            }
            self.flip(index);
            let outside = (0..self.taken.len()).filter(|&other| !self.taken[other]);
            let changes = outside.map(|other| (self.change(other), other));
            let (change, other) = changes.min_by(|x, y| x.0.total_cmp(&y.0)).expect("this vector itself is outside");
            // To come back must not look like a gain by rounding.
            let other = if change < self.change(index) { other } else { index };
            self.flip(other);
            moved |= other != index;
        }
        moved
    }

    /// Decides some of the smallest vectors anew, exactly, in the max norm; never for the worse. The rounds take turns
    /// between a few and many of the smallest.
    fn decide_window(&mut self, smallest: &[usize], width: usize, round: usize, stream: &mut Stream) {
        let dimension = self.problem.dimension();
        // In many dimensions a tree compares nearly all pairs of sums.
        let affordable = if dimension > 12 { 24 } else { widest(dimension) };
        let width = width.min(affordable).min(widest(dimension)).min(smallest.len());
        let reach = (width << (round % 4)).min(smallest.len());
        let window: Vec<usize> = index::sample(stream, reach, width).into_iter().map(|rank| smallest[rank]).collect();
        let before: Vec<usize> = window.iter().copied().filter(|&index| self.taken[index]).collect();
        let error = max_norm(&self.residual);
        before.iter().for_each(|&index| self.flip(index));
        let target: Vec<f64> = self.residual.iter().map(|r| -r).collect();
        let vectors: Vec<f64> = window.iter().flat_map(|&index| self.problem.vector(index)).copied().collect();
        let size = self.problem.size().map(|_| before.len());
        let inner = Problem::new(&vectors, dimension, &target, 0.0, size).expect("part of a valid problem");
        match best_subset_below(&inner, error) {
            Some(better) => better.subset.iter().for_each(|&index| self.flip(window[index])),
            None => before.iter().for_each(|&index| self.flip(index)),
        }
    }
}

/// The smallest vectors with their inner products, for moves of two flips.
struct Pool {
    members: Vec<usize>,
    products: Vec<f64>,
}

impl Pool {
    fn new(problem: &Problem, members: &[usize]) -> Self {
        let products = members
            .iter()
            .flat_map(|&i| members.iter().map(move |&j| dot(problem.vector(i), problem.vector(j))))
            .collect();
        Pool { members: members.to_vec(), products }
    }

    /// Metropolis moves of the square of the 2-norm: one flip, or two that keep the size if it is fixed, while the
    /// temperature falls from where every vector of the pool moves to where almost none does.
    fn anneal(&self, state: &mut State, sweeps: usize, stream: &mut Stream) {
        let pool = self.members.len();
        if pool < 2 {
            return;
        }
        let free = state.problem.size().is_none();
        // In equilibrium each coordinate of the residual carries half a temperature.
        let hot = 2.0 * self.products[pool * pool - 1] / state.problem.dimension() as f64;
        let mut fields: Vec<f64> =
            self.members.iter().map(|&i| dot(&state.residual, state.problem.vector(i))).collect();
        let proposals = sweeps * pool;
        for proposal in 0..proposals {
            let temperature = hot * COOLING.powf(proposal as f64 / proposals as f64);
            let i = stream.random_range(0..pool);
            let mut change = state.change_in_field(self.members[i], fields[i]);
            let mut second = None;
            if !free || stream.random() {
                let j = stream.random_range(0..pool);
                let (x, y) = (state.sign(self.members[i]), state.sign(self.members[j]));
                if i == j || (!free && x == y) {
                    continue;
                }
                change += state.change_in_field(self.members[j], fields[j]) + 2.0 * x * y * self.products[i * pool + j];
                second = Some(j);
            }
            if change <= 0.0 || stream.random::<f64>() < (-change / temperature).exp() {
                for member in [Some(i), second].into_iter().flatten() {
                    let sign = state.sign(self.members[member]);
                    state.flip(self.members[member]);
                    let products = &self.products[member * pool..(member + 1) * pool];
                    fields.iter_mut().zip(products).for_each(|(field, product)| *field += sign * product);
                }
            }
        }
    }

    /// The best one or two flips, again and again, to a local minimum of the 2-norm.
    fn descend(&self, state: &mut State, flips: usize) {
        for _ in 0..flips {
            let Some(flips) = self.best_flips(state) else { return };
            flips.into_iter().flatten().for_each(|index| state.flip(index));
        }
    }

    /// The one or two flips that lower the 2-norm most and keep the size, if it is fixed.
    fn best_flips(&self, state: &State) -> Option<[Option<usize>; 2]> {
        let changes: Vec<f64> = self.members.iter().map(|&index| state.change(index)).collect();
        let signs: Vec<f64> = self.members.iter().map(|&index| state.sign(index)).collect();
        let free = state.problem.size().is_none();
        let mut best = (-1e-12 * dot(&state.residual, &state.residual), None);
        for (i, products) in self.products.chunks_exact(self.members.len().max(1)).enumerate() {
            if free && changes[i] < best.0 {
                best = (changes[i], Some([Some(i), None]));
            }
            for j in 0..i {
                let change = changes[i] + changes[j] + 2.0 * signs[i] * signs[j] * products[j];
                if change < best.0 && (free || signs[i] != signs[j]) {
                    best = (change, Some([Some(i), Some(j)]));
                }
            }
        }
        best.1.map(|flips| flips.map(|flip| flip.map(|member| self.members[member])))
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn max_norm(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |max, x| x.abs().max(max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    fn nsn_vectors(n: usize, dimension: usize, stream: &mut Stream) -> Vec<f64> {
        let mut vectors = Vec::with_capacity(n * dimension);
        for _ in 0..n {
            let scale: f64 = StandardNormal.sample(stream);
            vectors.extend((0..dimension).map(|_| {
                let u: f64 = StandardNormal.sample(stream);
                scale * u
            }));
        }
        vectors
    }

    #[test]
    fn never_worse_than_the_empty_set_and_much_better_in_few_dimensions() {
        let mut stream = Stream::new(15, 16);
        for (dimension, gain) in [(2, 0.02), (4, 0.8), (36, 1.0)] {
            let vectors = nsn_vectors(300, dimension, &mut stream);
            let target: Vec<f64> = (0..dimension).map(|j| 0.01 * (1.0 + j as f64).sin()).collect();
            let problem = Problem::new(&vectors, dimension, &target, 0.0, None).unwrap();
            let effort = LocalSearch { starts: 2, windows: 4, width: 24, ..LocalSearch::DEFAULT };
            let Outcome::GaveUp { best } = effort.solve(&problem, &mut stream, &Budget::COUNTED) else {
                panic!("eps is 0")
            };
            let empty = problem.solution(vec![]).error;
            assert!(best.error <= gain * empty, "dimension {dimension}: {} against {empty}", best.error);
        }
    }

    #[test]
    fn a_fixed_size_is_kept() {
        let mut stream = Stream::new(17, 18);
        let vectors = nsn_vectors(200, 3, &mut stream);
        let problem = Problem::new(&vectors, 3, &[0.3, -0.2, 0.1], 0.05, Some(12)).unwrap();
        let Outcome::Found(solution) = LocalSearch::DEFAULT.solve(&problem, &mut stream, &Budget::COUNTED) else {
            panic!("not found")
        };
        assert_eq!(solution.subset.len(), 12);
    }

    #[test]
    fn the_stream_decides_the_answer() {
        let mut stream = Stream::new(19, 20);
        let vectors = nsn_vectors(100, 6, &mut stream);
        let problem = Problem::new(&vectors, 6, &[0.5; 6], 0.0, None).unwrap();
        let effort = LocalSearch { starts: 2, windows: 2, width: 20, ..LocalSearch::DEFAULT };
        let solve = || effort.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED);
        assert_eq!(solve(), solve());
    }
}
