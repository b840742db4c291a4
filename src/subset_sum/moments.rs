//! The first two moments of a random subset's sum, which say how promising a partial subset is.
//!
//! Vectors are decided one after another. Those still undecided are seen as taken independently, vector i with probability
//! p_i; the p_i are those of largest entropy among all whose expected sum is the target (an exponential tilt, found by
//! Newton's method). Their sum is then nearly normal, and how many completions of a partial subset end near the target is
//! read off the Mahalanobis distance of what is missing from what can be expected. A fixed size is one more coordinate, in
//! which every vector has a 1.

use nalgebra::{DMatrix, DVector};

use super::{Budget, Problem};
use crate::simd::widest;

/// Rows are filled up with zeros to a multiple of so many numbers, which the compiler adds up side by side.
const LANES: usize = 4;
/// Newton steps towards the tilt, at most. Far from the hull of all sums there is no tilt, and the odds just grow.
const MOST_STEPS: usize = 24;
/// The tilt is good enough when the expected sum is so near the target, in squared standard deviations a coordinate.
const NEAR_ENOUGH: f64 = 0.05;
/// By how much, a coordinate, half the ln of the covariance's determinant may fall on the way to the tilt.
const ABOUT: f64 = 0.1;
/// A Newton step changes no vector's log-odds by more.
const LARGEST_STEP: f64 = 2.0;
/// Log-odds beyond this are as good as certain.
const LARGEST_LOG_ODDS: f64 = 30.0;
/// The variance of a uniform error of width 1, as a whole number of vectors makes it.
const COUNT_VARIANCE: f64 = 1.0 / 12.0;

/// Rows of a covariance that are added up together while they are at hand.
const ROWS_AT_HAND: usize = 64;

/// A row as it is added up.
#[inline(always)]
fn lanes(row: &[f64]) -> &[[f64; LANES]] {
    row.as_chunks().0
}

/// Adds the products of numbers side by side.
#[inline(always)]
fn add_products(sums: &mut [f64; LANES], x: &[f64; LANES], y: &[f64; LANES]) {
    for lane in 0..LANES {
        sums[lane] += x[lane] * y[lane];
    }
}

/// The numbers less a multiple of `x`.
#[inline(always)]
fn less_multiple(numbers: &[f64; LANES], factor: f64, x: &[f64; LANES]) -> [f64; LANES] {
    let mut less = *numbers;
    for lane in 0..LANES {
        less[lane] -= factor * x[lane];
    }
    less
}

/// The inner product of two rows.
#[inline(always)]
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (x, y) in lanes(x).iter().zip(lanes(y)) {
        add_products(&mut sums, x, y);
    }
    sums.iter().sum()
}

/// Adds the weighted products of each row's entries to a matrix, column by column, at least to its lower triangle.
#[inline(always)]
fn add_squares(matrix: &mut [f64], rows: &[f64], weights: &[f64], stride: usize) {
    let mut weighted = vec![0.0; rows.len().min(ROWS_AT_HAND * stride)];
    for (rows, weights) in rows.chunks(ROWS_AT_HAND * stride).zip(weights.chunks(ROWS_AT_HAND)) {
        for ((weighted, row), weight) in weighted.chunks_exact_mut(stride).zip(rows.chunks_exact(stride)).zip(weights) {
            for (weighted, x) in weighted.iter_mut().zip(row) {
                *weighted = weight * x;
            }
        }
        for column in 0..stride / LANES {
            for entry in column..stride / LANES {
                add_block(matrix, (&weighted[..rows.len()], rows), (column, entry, stride));
            }
        }
    }
}

/// The same for [`LANES`] columns and as many entries of each, which stay at hand.
#[inline(always)]
fn add_block(matrix: &mut [f64], (weighted, rows): (&[f64], &[f64]), (column, entry, stride): (usize, usize, usize)) {
    let place = |lane: usize| (LANES * column + lane) * stride + LANES * entry;
    let mut block: [[f64; LANES]; LANES] = std::array::from_fn(|lane| lanes(&matrix[place(lane)..])[0]);
    for (weighted, row) in weighted.chunks_exact(stride).zip(rows.chunks_exact(stride)) {
        let (own, other) = (lanes(weighted)[column], lanes(row)[entry]);
        for (sums, x) in block.iter_mut().zip(own) {
            add_products(sums, &[x; LANES], &other);
        }
    }
    for (lane, sums) in block.iter().enumerate() {
        matrix[place(lane)..][..LANES].copy_from_slice(sums);
    }
}

/// Takes a multiple of a row from a line, and returns the inner product of what is left with another row.
#[inline(always)]
fn sharpen(line: &mut [f64], factor: f64, row: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for ((line, x), y) in line.as_chunks_mut().0.iter_mut().zip(lanes(row)).zip(lanes(other)) {
        // A value of its own, so that the compiler need not ask which of them overlap.
        let less = less_multiple(line, factor, x);
        add_products(&mut sums, &less, y);
        *line = less;
    }
    sums.iter().sum()
}

/// A vector that is being decided, and what its decision does to the distance of a partial subset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    /// The vector, as a row.
    pub vector: &'a [f64],
    /// P v: the vector seen by the precision P of what is left after it.
    pub seen: &'a [f64],
    /// The probability that it is taken.
    pub odds: f64,
    /// v^T P v.
    pub square: f64,
    /// The vector's log-odds of being taken.
    pub log_odds: f64,
}

impl Step<'_> {
    /// The squared Mahalanobis distances of a partial subset after leaving the vector and after taking it. `shadow` is the inner
    /// product of the vector as it is seen with what is missing of the target beyond what can be expected, `distance` the
    /// squared distance before the decision.
    #[inline(always)]
    pub fn distances(&self, shadow: f64, distance: f64) -> [f64; 2] {
        let variance = self.odds * (1.0 - self.odds);
        // Without the vector's own variance the precision is larger: P' = P + w P v (P v)^T / (1 + w v^T P v), backwards.
        let sharper = distance + variance * shadow * shadow / (1.0 + variance * self.square);
        let after = |change: f64| sharper + change * (change * self.square - 2.0 * shadow);
        [after(-self.odds), after(1.0 - self.odds)]
    }

    /// Takes the vector or leaves it: sets `next` to what is then missing beyond what can be expected, and returns the inner
    /// product of that with a vector as it is `seen`.
    #[inline(always)]
    pub fn decide(&self, missing: &[f64], take: bool, next: &mut [f64], seen: &[f64]) -> f64 {
        let change = f64::from(u8::from(take)) - self.odds;
        let mut sums = [0.0; LANES];
        let next = next.as_chunks_mut().0.iter_mut();
        for (((next, missing), vector), seen) in next.zip(lanes(missing)).zip(lanes(self.vector)).zip(lanes(seen)) {
            let less = less_multiple(missing, change, vector);
            add_products(&mut sums, &less, seen);
            *next = less;
        }
        sums.iter().sum()
    }
}

/// A pool of vectors in the order in which they are decided, with the moments of what is left after each.
#[derive(Debug)]
pub(super) struct Moments {
    /// The vectors' numbers in the problem, in the order in which they are decided.
    pub order: Vec<usize>,
    /// Numbers in a row: the coordinates, the count if the size is fixed, and zeros.
    pub stride: usize,
    rows: Vec<f64>,
    odds: Vec<f64>,
    log_odds: Vec<f64>,
    seen: Vec<f64>,
    squares: Vec<f64>,
    /// What is missing of the target before any decision beyond what can be expected.
    pub missing: Vec<f64>,
    /// Its squared Mahalanobis distance.
    pub distance: f64,
    /// The variances that remain once all vectors are decided.
    remaining: Vec<f64>,
    /// ln of the expected number of subsets within the tolerance, by the normal law at the tilt: a saddle point.
    pub ln_expected: f64,
}

impl Moments {
    /// The moments of subsets of the vectors `order` of the problem, as if each coordinate had to end within `tolerance`: how many
    /// are expected, or that they are fewer than exp(`ln_enough`). What guides the decisions costs more, see
    /// [`Moments::looking_back`].
    pub fn new(problem: &Problem, order: Vec<usize>, tolerance: f64, ln_enough: f64, budget: &Budget) -> Self {
        let (dimension, sized) = (problem.dimension(), problem.size().is_some());
        let stride = (dimension + usize::from(sized)).next_multiple_of(LANES);
        let mut rows = vec![0.0; order.len() * stride];
        for (row, &index) in rows.chunks_exact_mut(stride).zip(&order) {
            row[..dimension].copy_from_slice(problem.vector(index));
        }
        let mut goal = Goal {
            coordinates: dimension + usize::from(sized),
            target: vec![0.0; stride],
            remaining: vec![1.0; stride],
            even_log_odds: 0.0,
        };
        goal.target[..dimension].copy_from_slice(problem.target());
        goal.remaining[..dimension].fill(tolerance * tolerance / 3.0);
        if let Some(size) = problem.size() {
            rows.chunks_exact_mut(stride).for_each(|row| row[dimension] = 1.0);
            goal.target[dimension] = size as f64;
            goal.remaining[dimension] = COUNT_VARIANCE;
            goal.even_log_odds = ((size as f64 + 0.5) / ((order.len() - size) as f64 + 0.5)).ln();
        }
        let ln_volume = dimension as f64 * (2.0 * tolerance).ln();
        let tilt = Tilt::towards(&goal, &rows, ln_enough - ln_volume, budget);
        Moments {
            squares: vec![0.0; order.len()],
            seen: vec![0.0; rows.len()],
            order,
            stride,
            rows,
            ln_expected: tilt.ln_density + ln_volume,
            odds: tilt.odds,
            log_odds: tilt.log_odds,
            missing: tilt.missing,
            distance: 0.0,
            remaining: goal.remaining,
        }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The vector that is decided after `decided` others.
    pub fn step(&self, decided: usize) -> Step<'_> {
        let row = decided * self.stride..(decided + 1) * self.stride;
        Step {
            vector: &self.rows[row.clone()],
            seen: &self.seen[row],
            odds: self.odds[decided],
            square: self.squares[decided],
            log_odds: self.log_odds[decided],
        }
    }

    /// With what each vector is in the precision of what is left after it, from the last vector back to the first: without it,
    /// distances and steps mean nothing.
    pub fn looking_back(mut self) -> Self {
        widest(
            #[inline(always)]
            || self.look_back(),
        );
        self
    }

    #[inline(always)]
    fn look_back(&mut self) {
        let stride = self.stride;
        let mut precision = vec![0.0; stride * stride];
        for (axis, variance) in self.remaining.iter().enumerate() {
            precision[axis * stride + axis] = variance.recip();
        }
        let last = self.rows.len().saturating_sub(stride);
        for (seen, line) in self.seen[last..].iter_mut().zip(precision.chunks_exact(stride)) {
            *seen = dot(line, &self.rows[last..]);
        }
        for index in (0..self.len()).rev() {
            let (before, seen) = self.seen[..(index + 1) * stride].split_at_mut(index * stride);
            let (rows_before, row) = self.rows[..(index + 1) * stride].split_at(index * stride);
            let (square, variance) = (dot(seen, row), self.odds[index] * (1.0 - self.odds[index]));
            let weight = variance / (1.0 + variance * square);
            self.squares[index] = square;
            // The vector before sees each line while it is at hand; before the first there is none.
            let next = index.saturating_sub(1) * stride;
            let row_next = if index == 0 { row } else { &rows_before[next..] };
            let mut seen_next = before[next..].iter_mut();
            for (line, x) in precision.chunks_exact_mut(stride).zip(&*seen) {
                let product = sharpen(line, weight * x, seen, row_next);
                if let Some(seen_next) = seen_next.next() {
                    *seen_next = product;
                }
            }
        }
        let products = precision.chunks_exact(stride).map(|line| dot(line, &self.missing));
        self.distance = products.zip(&self.missing).map(|(x, y)| x * y).sum::<f64>().max(0.0);
    }
}

/// Where the sums should end.
struct Goal {
    /// Coordinates that count, the size's among them; the others fill up a row.
    coordinates: usize,
    target: Vec<f64>,
    /// The variance of what may remain in each coordinate: a uniform error. Of the filling zeros it matters to nobody.
    remaining: Vec<f64>,
    /// The log-odds by which the expected size is right.
    even_log_odds: f64,
}

/// Probabilities of largest entropy whose expected sum is near the target.
struct Tilt {
    odds: Vec<f64>,
    log_odds: Vec<f64>,
    /// The target minus the expected sum.
    missing: Vec<f64>,
    /// ln of the expected number of subsets by volume around the target; minus infinity where it is less than was asked.
    ln_density: f64,
}

impl Tilt {
    fn towards(goal: &Goal, rows: &[f64], ln_enough: f64, budget: &Budget) -> Self {
        let stride = goal.target.len();
        let log_odds = vec![goal.even_log_odds; rows.len() / stride];
        let mut tilt =
            Tilt { odds: log_odds.clone(), log_odds, missing: goal.target.clone(), ln_density: f64::NEG_INFINITY };
        // A vector's log-odds are the even ones plus its inner product with this.
        let mut direction = vec![0.0; stride];
        for step_number in 1..=MOST_STEPS {
            let covariance = widest(
                #[inline(always)]
                || tilt.take_moments(goal, rows),
            );
            let Some(factor) = covariance.cholesky() else { break };
            let missing = DVector::from_column_slice(&tilt.missing);
            let step = factor.solve(&missing);
            let distance = step.dot(&missing);
            let half_ln_det: f64 = factor.l_dirty().diagonal().iter().map(|x| x.ln()).sum();
            let (entropy, half_ln_taus) = (tilt.entropy(), goal.coordinates as f64 * 0.5 * std::f64::consts::TAU.ln());
            let ln_spread = half_ln_det + half_ln_taus;
            // Every tilt bounds the entropy of the one that is sought (weak duality), whose covariance is about the same.
            let most =
                entropy - dot(&direction, &tilt.missing) - goal.even_log_odds * tilt.missing[goal.coordinates - 1];
            if most + ABOUT * (goal.coordinates as f64) < ln_enough + ln_spread {
                tilt.ln_density = f64::NEG_INFINITY;
                break;
            }
            tilt.ln_density = entropy - 0.5 * distance - ln_spread;
            // The odds, and what they miss, are those of the last step taken.
            let near = distance < NEAR_ENOUGH * goal.coordinates as f64;
            if near || step_number == MOST_STEPS || budget.is_spent() {
                break;
            }
            widest(
                #[inline(always)]
                || tilt.turn(&mut direction, step.as_slice(), goal, rows),
            );
        }
        tilt
    }

    /// Takes as much of a step as changes no vector's log-odds too much.
    #[inline(always)]
    fn turn(&mut self, direction: &mut [f64], step: &[f64], goal: &Goal, rows: &[f64]) {
        let rows = rows.chunks_exact(step.len());
        let changes = rows.clone().map(|row| dot(row, step).abs());
        let length = (LARGEST_STEP / changes.fold(0.0, f64::max)).min(1.0);
        for (direction, step) in direction.iter_mut().zip(step) {
            *direction += length * step;
        }
        for (log_odds, row) in self.log_odds.iter_mut().zip(rows) {
            *log_odds = (goal.even_log_odds + dot(row, direction)).clamp(-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS);
        }
    }

    /// Sets the odds and what is missing, and returns the covariance of the sum and of what may remain.
    #[inline(always)]
    fn take_moments(&mut self, goal: &Goal, rows: &[f64]) -> DMatrix<f64> {
        let stride = goal.target.len();
        for (odds, log_odds) in self.odds.iter_mut().zip(&self.log_odds) {
            *odds = 1.0 / (1.0 + (-log_odds).exp());
        }
        self.missing.copy_from_slice(&goal.target);
        for (row, &odds) in rows.chunks_exact(stride).zip(&self.odds) {
            for (missing, x) in self.missing.as_chunks_mut().0.iter_mut().zip(lanes(row)) {
                *missing = less_multiple(missing, odds, x);
            }
        }
        // Symmetric: the factorisation reads the lower triangle only.
        let mut covariance = DMatrix::from_diagonal(&DVector::from_column_slice(&goal.remaining));
        let variances: Vec<f64> = self.odds.iter().map(|odds| odds * (1.0 - odds)).collect();
        add_squares(covariance.as_mut_slice(), rows, &variances, stride);
        covariance
    }

    fn entropy(&self) -> f64 {
        let term = |p: f64| -(p * p.ln() + (1.0 - p) * (-p).ln_1p());
        // Before the first step all are alike.
        let mut last = (f64::NAN, f64::NAN);
        let terms = self.odds.iter().map(|&p| {
            if p != last.0 {
                last = (p, term(p));
            }
            last.1
        });
        terms.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::subset_sum::exact::count;
    use rand::RngExt;
    use rand_distr::StandardNormal;

    fn normals(count: usize, stream: &mut Stream) -> Vec<f64> {
        (0..count).map(|_| stream.sample(StandardNormal)).collect()
    }

    /// The squared Mahalanobis distance of what is missing, from the covariance of the vectors from `decided` on.
    fn by_definition(moments: &Moments, decided: usize, missing: &[f64], remaining: &[f64]) -> f64 {
        let mut covariance = DMatrix::from_diagonal(&DVector::from_column_slice(remaining));
        for index in decided..moments.len() {
            let step = moments.step(index);
            let vector = DVector::from_column_slice(step.vector);
            covariance += step.odds * (1.0 - step.odds) * &vector * vector.transpose();
        }
        let missing = DVector::from_column_slice(missing);
        missing.dot(&covariance.cholesky().expect("a covariance is positive").solve(&missing))
    }

    #[test]
    fn distances_follow_the_decisions_as_by_definition() {
        let mut stream = Stream::new(31, 32);
        for (n, dimension, size) in [(9, 3, None), (12, 2, Some(5)), (7, 4, Some(2))] {
            let (vectors, target) = (normals(n * dimension, &mut stream), normals(dimension, &mut stream));
            let problem = Problem::new(&vectors, dimension, &target, 0.1, size).unwrap();
            let moments =
                Moments::new(&problem, (0..n).rev().collect(), 0.3, f64::NEG_INFINITY, &Budget::COUNTED).looking_back();
            let mut remaining = vec![1.0; moments.stride];
            remaining[..dimension].fill(0.03);
            if size.is_some() {
                remaining[dimension] = COUNT_VARIANCE;
            }
            let (mut missing, mut distance) = (moments.missing.clone(), moments.distance);
            for decided in 0..n {
                let expected = by_definition(&moments, decided, &missing, &remaining);
                assert!((distance - expected).abs() < 1e-9 * (1.0 + expected), "{decided}: {distance} {expected}");
                let (step, take) = (moments.step(decided), stream.random::<bool>());
                let shadow = dot(step.seen, &missing);
                distance = step.distances(shadow, distance)[usize::from(take)];
                let before = missing.clone();
                let seen = moments.step((decided + 1).min(n - 1)).seen;
                assert_eq!(step.decide(&before, take, &mut missing, seen), dot(seen, &missing));
            }
        }
    }

    /// The loops as they are compiled for any processor, and for this one.
    #[test]
    fn wider_instructions_change_no_bit() {
        let mut stream = Stream::new(37, 38);
        for (n, dimension, size) in [(40, 3, None), (150, 9, Some(60)), (70, 12, None)] {
            let (vectors, target) = (normals(n * dimension, &mut stream), normals(dimension, &mut stream));
            let problem = Problem::new(&vectors, dimension, &target, 0.1, size).unwrap();
            let moments = || Moments::new(&problem, (0..n).collect(), 0.1, f64::NEG_INFINITY, &Budget::COUNTED);
            let (wide, mut plain) = (moments().looking_back(), moments());
            plain.look_back();
            assert_eq!((&wide.seen, &wide.squares, wide.distance), (&plain.seen, &plain.squares, plain.distance));
            let (mut by_wide, mut by_plain) = (vec![0.0; wide.stride.pow(2)], vec![0.0; wide.stride.pow(2)]);
            widest(
                #[inline(always)]
                || add_squares(&mut by_wide, &wide.rows, &wide.odds, wide.stride),
            );
            add_squares(&mut by_plain, &plain.rows, &plain.odds, plain.stride);
            assert_eq!(by_wide, by_plain);
        }
    }

    #[test]
    fn nothing_is_missing_at_the_tilt() {
        let mut stream = Stream::new(33, 34);
        let vectors = normals(200 * 3, &mut stream);
        // Far beyond what even odds make.
        let problem = Problem::new(&vectors, 3, &[40.0, 0.0, -20.0], 0.1, Some(60)).unwrap();
        let moments =
            Moments::new(&problem, (0..200).collect(), 0.1, f64::NEG_INFINITY, &Budget::COUNTED).looking_back();
        assert!(moments.distance < NEAR_ENOUGH * 4.0, "{}", moments.distance);
        let taken: f64 = (0..200).map(|index| moments.step(index).odds).sum();
        assert!((taken - 60.0).abs() < 3.0, "{taken}");
    }

    /// The saddle point's count against the exact one, within a factor of 1.5: the counts are of hundreds and thousands.
    #[test]
    fn as_many_subsets_are_expected_as_there_are() {
        let mut stream = Stream::new(35, 36);
        for (n, dimension, size) in [(18, 1, None), (22, 2, None), (24, 1, Some(8)), (26, 2, Some(10))] {
            let (vectors, target) = (normals(n * dimension, &mut stream), vec![0.5; dimension]);
            let problem = Problem::new(&vectors, dimension, &target, 0.2, size).unwrap();
            let moments = Moments::new(&problem, (0..n).collect(), 0.2, f64::NEG_INFINITY, &Budget::COUNTED);
            let counted = count(&problem) as f64;
            let asked_for = |ln_enough| {
                let order = (0..n).collect();
                Moments::new(&problem, order, 0.2, ln_enough, &Budget::COUNTED).ln_expected
            };
            assert_eq!(asked_for(moments.ln_expected - 1.0), moments.ln_expected);
            assert_eq!(asked_for(moments.ln_expected + 4.0), f64::NEG_INFINITY);
            assert!(counted > 200.0 && (moments.ln_expected - counted.ln()).abs() < 1.5_f64.ln(), "n {n}: {counted}");
        }
    }
}
