//! Whether some k vectors come within eps, draw after draw: small problems of one shape are decided in whole numbers, without allocating.
//!
//! The vectors are rounded to a grid of 2^27 steps over all that a sum can reach. Sums of whole numbers are exact, so that a sum of the
//! vectors is off by half a step for each of them: what comes nearer than that inside eps is there, and if none comes nearer than that
//! outside, there is none. What lies between is left to the solvers. Every k-subset is one of the first half of the vectors and one
//! of the second, and the lists of both are added up several at a time: less work than any order among so few would save.

use std::array;
use std::ops::Range;
use std::sync::Arc;

use super::exact::{binomial, is_quick};
use super::{Problem, exists};
use crate::random::Stream;
use crate::simd::{Work, widest};

/// Numbers of a list that are looked at together.
const LANES: usize = 8;
/// Numbers of the other list that meet them at once.
const ROWS: usize = 4;
/// The grid's steps over the largest sum.
const STEPS: f64 = (1u64 << 27) as f64;
/// Fills lists up to whole lanes: no sum of this and what it meets is near the least number.
const PAD: i32 = 1 << 29;
/// A double of which the last bits are whole numbers.
const WHOLE: f64 = 6_755_399_441_055_744.0;
/// What a sum can reach has a quotient that is a double.
const USUAL: Range<f64> = 1e-200..1e200;
/// At most so many pairs of sums: more are met sooner in order.
const MOST_PAIRS: u64 = 1 << 20;
/// In more dimensions most pairs are far from each other in the first ones.
const MOST_DIMENSIONS: usize = 3;
/// At most so many sums of one half.
const MOST_SUMS: u64 = 1 << 14;

/// Decides problems of one shape, again and again.
#[derive(Debug, Clone)]
pub struct Existence {
    shape: (usize, usize, usize),
    small: Option<Small>,
}

impl Existence {
    /// For subsets of `size` of `n` vectors of `dimension` entries; other problems are decided too, by the solvers.
    pub fn new(n: usize, dimension: usize, size: usize) -> Self {
        let small = is_small(n, dimension, size).then(|| Small::new(n, dimension, size));
        Existence { shape: (n, dimension, size), small }
    }

    /// The answer of [`exists`].
    pub fn decide(&mut self, problem: &Problem, stream: &mut Stream) -> Option<bool> {
        let has_shape = problem.size().is_some_and(|size| (problem.len(), problem.dimension(), size) == self.shape);
        let small = self.small.as_mut().filter(|_| has_shape);
        small.and_then(|small| small.decide(problem)).or_else(|| exists(problem, stream))
    }
}

/// Whether all pairs of sums are looked at sooner than they are put in order. The exact solver decides what rounding leaves open.
fn is_small(n: usize, dimension: usize, size: usize) -> bool {
    let half = n - n / 2;
    let sums = (0..=size.min(half)).try_fold(0u64, |sum, size| sum.checked_add(binomial(half, size)?));
    let is_quick = || {
        let (vectors, target) = (vec![0.0; n * dimension], vec![0.0; dimension]);
        Problem::new(&vectors, dimension, &target, 0.0, Some(size)).is_ok_and(|problem| is_quick(&problem))
    };
    sums.is_some_and(|sums| sums <= MOST_SUMS)
        && binomial(n, size).is_some_and(|pairs| pairs <= MOST_PAIRS)
        && dimension <= MOST_DIMENSIONS
        && is_quick()
}

/// The sums of one half of the vectors by size, one list after another, each filled up to whole lanes.
#[derive(Debug)]
struct Lists {
    /// Where the list of each size is.
    ranges: Vec<Range<usize>>,
    /// How the lists are made, each from the one before.
    steps: Vec<Step>,
    /// Numbers in all lists, and the lanes that a step may reach beyond them.
    len: usize,
}

/// Adds a vector to some sums, and puts what results at another place. A lane has the next list's numbers in it, or none that are meant,
/// where it reaches beyond the sums of the vectors before this one: the next step writes over them.
#[derive(Debug)]
struct Step {
    from: u32,
    vector: u32,
    to: u32,
}

impl Lists {
    /// Of the sums of up to `most` of `n` vectors. They are ordered by their last vector, so that those of the first vectors come first.
    fn new(n: usize, most: usize) -> Self {
        let empty = 0..1;
        let (mut ranges, mut steps, mut end) = (vec![empty], Vec::new(), LANES);
        // How many sums of the last list are of the first vectors, by the number of these.
        let mut firsts = vec![1; n + 1];
        for size in 1..=most.min(n) {
            let (from, start) = (ranges[size - 1].start, end);
            let mut next = vec![0];
            for vector in 0..n {
                let step = |i| [from + i, vector, start + next[vector] + i].map(|place| place as u32);
                let lanes = (0..firsts[vector]).step_by(LANES).map(step);
                steps.extend(lanes.map(|[from, vector, to]| Step { from, vector, to }));
                next.push(next[vector] + firsts[vector]);
            }
            ranges.push(start..start + next[n]);
            end += next[n].next_multiple_of(LANES);
            firsts = next;
        }
        Lists { ranges, steps, len: end + LANES }
    }

    /// Writes the lists of one coordinate: sums of its entries, and of what all begin with.
    #[inline(always)]
    fn write(&self, entries: &[i32], start: i32, sums: &mut [i32]) {
        sums[0] = start;
        for step in &self.steps {
            let entry = entries[step.vector as usize];
            let mut lane = *lane_at(sums, step.from);
            lane.iter_mut().for_each(|sum| *sum = sum.wrapping_add(entry));
            *lane_at(sums, step.to) = lane;
        }
        for range in &self.ranges {
            sums[range.end..range.start + range.len().next_multiple_of(LANES)].fill(PAD);
        }
    }

    /// The first coordinates of a list in groups, with what fills it up.
    #[inline(always)]
    fn groups<'s, const N: usize, const D: usize>(&self, sums: &'s [i32], size: usize) -> [&'s [[i32; N]]; D] {
        let Range { start, end } = self.ranges[size];
        let whole = start..start + (end - start).next_multiple_of(N);
        array::from_fn(|coordinate| sums[coordinate * self.len..][whole.clone()].as_chunks().0)
    }
}

/// Decides what is small, but for what rounding leaves open.
#[derive(Debug, Clone)]
struct Small {
    size: usize,
    halves: Arc<[Lists; 2]>,
    /// One coordinate of the vectors on the grid.
    entries: Vec<i32>,
    /// The lists of both halves, coordinate by coordinate.
    sums: [Vec<i32>; 2],
}

impl Small {
    fn new(n: usize, dimension: usize, size: usize) -> Self {
        let halves = [n / 2, n - n / 2].map(|half| Lists::new(half, size));
        let sums = [0, 1].map(|half: usize| vec![PAD; halves[half].len * dimension]);
        Small { size, halves: Arc::new(halves), entries: vec![0; n], sums }
    }

    fn decide(&mut self, problem: &Problem) -> Option<bool> {
        let reach = problem.magnitude + problem.eps();
        if !USUAL.contains(&reach) {
            return None;
        }
        let steps = STEPS / reach;
        // Twice half a step for every vector and the target, and what doubles and this are rounded by.
        let (eps, margin) = (problem.eps() * steps, 0.5 * self.size as f64 + 2.0);
        let limits = [eps - margin, eps + margin].map(|limit| limit.floor() as i32);
        widest(Meeting { small: self, problem, steps, limits })
    }

    /// Lists the sums of both halves on a grid of so many steps a unit. Those of the first have the target taken off, and what puts sums
    /// between -`limit` and `limit` at the least numbers: one comparison finds them.
    #[inline(always)]
    fn list(&mut self, problem: &Problem, steps: f64, limit: i32) {
        // Whole numbers are the last bits of doubles of this size.
        let on_grid = |x: f64| (x * steps + WHOLE).to_bits() as i32;
        let middle = problem.len() / 2;
        for (coordinate, target) in problem.target().iter().enumerate() {
            let entries = problem.vectors.iter().skip(coordinate).step_by(problem.dimension());
            self.entries.iter_mut().zip(entries).for_each(|(entry, x)| *entry = on_grid(*x));
            let starts = [least(limit).wrapping_sub(on_grid(*target)), 0];
            let (first, second) = self.entries.split_at(middle);
            for (half, entries) in [first, second].into_iter().enumerate() {
                let lists = &self.halves[half];
                lists.write(entries, starts[half], &mut self.sums[half][coordinate * lists.len..][..lists.len]);
            }
        }
    }

    /// Looks at all pairs of sums whose sizes add up.
    #[inline(always)]
    fn meet<const D: usize>(&self, [inner, outer]: [i32; 2]) -> Option<bool> {
        let mut answer = Some(false);
        let most = self.halves.each_ref().map(|lists| lists.ranges.len() - 1);
        for size in self.size.saturating_sub(most[1])..=self.size.min(most[0]) {
            let sizes = [size, self.size - size];
            let counts = [0, 1].map(|half: usize| self.halves[half].ranges[sizes[half]].len());
            // The longer list is met by groups of the shorter one.
            let (short, long) = if counts[0] <= counts[1] { (0, 1) } else { (1, 0) };
            let groups = self.halves[short].groups::<ROWS, D>(&self.sums[short], sizes[short]);
            let lanes = self.halves[long].groups::<LANES, D>(&self.sums[long], sizes[long]);
            for group in 0..groups[0].len() {
                let columns = at(&groups, group);
                let rows = array::from_fn(|row| columns.map(|column| column[row]));
                if some_least(rows, lanes, 2 * outer) {
                    let nearer = rows.map(|rows| rows.map(|row| row.wrapping_sub(outer - inner)));
                    if inner >= 0 && some_least(nearer, lanes, 2 * inner) {
                        return Some(true);
                    }
                    answer = None;
                }
            }
        }
        answer
    }
}

/// The sums of both halves are listed on a grid of so many steps a unit, and meet.
struct Meeting<'a> {
    small: &'a mut Small,
    problem: &'a Problem<'a>,
    steps: f64,
    limits: [i32; 2],
}

impl Work for Meeting<'_> {
    type Output = Option<bool>;

    #[inline(always)]
    fn call(self) -> Option<bool> {
        self.small.list(self.problem, self.steps, self.limits[1]);
        match self.problem.dimension() {
            1 => self.small.meet::<1>(self.limits),
            2 => self.small.meet::<2>(self.limits),
            3 => self.small.meet::<3>(self.limits),
            _ => None,
        }
    }
}

/// The lane that begins at a place.
#[inline(always)]
fn lane_at(sums: &mut [i32], place: u32) -> &mut [i32; LANES] {
    sums[place as usize..].first_chunk_mut().expect("lists end before their last lane")
}

/// Group `index` of each coordinate.
#[inline(always)]
fn at<const N: usize, const D: usize>(groups: &[&[[i32; N]]; D], index: usize) -> [[i32; N]; D] {
    array::from_fn(|c| groups[c][index])
}

/// The number that is as far above the least one.
#[inline(always)]
fn least(above: i32) -> i32 {
    above.wrapping_add(i32::MIN)
}

/// Whether the sum of some row and some number of a lane is at most so far above the least number in each coordinate.
#[inline(always)]
fn some_least<const D: usize>(rows: [[i32; D]; ROWS], lanes: [&[[i32; LANES]]; D], above: i32) -> bool {
    let most = least(above);
    // Whole words: comparisons of lanes are as wide as they.
    let mut found = [0; LANES];
    for index in 0..lanes[0].len() {
        let lane = at(&lanes, index);
        for row in rows {
            for (i, found) in found.iter_mut().enumerate() {
                let is_least = |c: usize| -i32::from(row[c].wrapping_add(lane[c][i]) <= most);
                *found |= (0..D).fold(-1, |all, c| all & is_least(c));
            }
        }
    }
    found.iter().fold(0, |any, found| any | found) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subset_sum::KSubsetCounter;
    use rand::RngExt;
    use rand_distr::{Distribution, StandardNormal};

    /// Every shape up to 14 vectors, small or not, against enumeration; the same decider again and again.
    #[test]
    fn answers_are_those_of_enumeration() {
        let mut stream = Stream::new(31, 32);
        let (mut yes, mut no, mut small) = (0, 0, 0);
        for (n, dimension) in (0..=14).flat_map(|n| (1..=4).map(move |dimension| (n, dimension))) {
            for size in 0..=n {
                let mut existence = Existence::new(n, dimension, size);
                for _ in 0..6 {
                    let vectors: Vec<f64> = (0..n * dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
                    let target: Vec<f64> = (0..dimension).map(|_| stream.random_range(-1.0..1.0)).collect();
                    let eps = stream.random_range(0.0f64..1.0).powi(4 / dimension as i32);
                    let problem = Problem::new(&vectors, dimension, &target, eps, Some(size)).unwrap();
                    let count = KSubsetCounter::new(dimension, size).count(&vectors, &target, eps);
                    assert_eq!(existence.decide(&problem, &mut stream), Some(count > 0), "{n} {dimension} {size}");
                    *if count > 0 { &mut yes } else { &mut no } += 1;
                    small += u32::from(existence.small.as_mut().is_some_and(|small| small.decide(&problem).is_some()));
                }
            }
        }
        assert!(yes > 300 && no > 300 && small > 1200, "{yes} {no} {small}");
    }

    /// Sums on the very edge of eps, which no rounding moves: the grid leaves them open, the answer is right.
    #[test]
    fn what_rounding_leaves_open_is_decided() {
        let vectors: Vec<f64> = (0..12).map(|i| f64::from(i) + 1.0 / 3.0).collect();
        let sum: f64 = [2, 5, 6].iter().map(|&i: &usize| vectors[i]).sum();
        let mut existence = Existence::new(12, 1, 3);
        for (eps, exists) in [(0.0, true), (0.25, true), (0.25f64.next_down(), false)] {
            let target = [sum + eps];
            let target = if exists { target } else { [sum + 0.25] };
            let problem = Problem::new(&vectors, 1, &target, eps, Some(3)).unwrap();
            assert_eq!(existence.small.as_mut().unwrap().decide(&problem), None);
            assert_eq!(existence.decide(&problem, &mut Stream::new(1, 1)), Some(exists));
        }
    }

    #[test]
    fn other_shapes_and_extreme_numbers_are_decided_too() {
        let mut existence = Existence::new(4, 1, 2);
        for (scale, n, size) in [(1.0, 3, 1), (0.0, 4, 2), (1e-310, 4, 2), (1e300, 4, 2)] {
            let vectors = [scale, 2.0 * scale, 4.0 * scale, 8.0 * scale];
            let problem = |target: &[f64]| {
                let problem = Problem::new(&vectors[..n], 1, target, 0.0, Some(size)).unwrap();
                existence.clone().decide(&problem, &mut Stream::new(1, 1))
            };
            assert_eq!(problem(&[vectors[..size].iter().sum()]), Some(true), "{scale}");
            assert_eq!(problem(&[20.0]), Some(false), "{scale}");
        }
        assert_eq!(existence.small.as_mut().map(|small| small.size), Some(2));
    }
}
