//! Exact subset sums by meeting in the middle: the sums of both halves of the vectors are listed and joined.
//!
//! Each half is again made of two quarters. Where a half has too many sums for memory, they are listed strip by strip along
//! one coordinate (after R. Schroeppel and A. Shamir, 1981): the sums of one half in a strip meet those of the other
//! in the strip that faces it. The join is wider than eps by more than any rounding of the sums, and every candidate is
//! verified by a recomputed sum, so that `None` is proved.

use std::ops::{ControlFlow, Range};

use super::bounds::sums_are_exact;
use super::grid::Grid;
use super::{Budget, Outcome, Problem, Solution, Solver, add_to_rows};
use crate::random::Stream;

/// At most so many sums of one half are listed at once.
const MOST_SUMS: u64 = 1 << 20;
/// At most so many numbers in the listed sums of one half (128 MiB).
const MOST_NUMBERS: u64 = 1 << 24;
/// At most so many strips.
const MOST_STRIPS: u64 = 1 << 12;
/// Numbers in the sums of one half that are joined with the other in a few milliseconds.
const QUICK_NUMBERS: u64 = 1 << 14;
/// Numbers that are joined sooner than a beam of the usual effort comes to its end.
const SOON_NUMBERS: u64 = 1 << 17;
/// About what the join takes for each number in the sums of one half.
const SECONDS_A_NUMBER: f64 = 1e-7;
/// The subsets of a half are bits of a word.
const MOST_VECTORS_A_HALF: usize = 64;
/// Searches between two looks at the budget.
const BETWEEN_CHECKS: usize = 1 << 12;
/// Candidates in the rounding's margin around eps that are verified before the solver gives up.
const MOST_CANDIDATES: u64 = 1 << 20;

/// The exact solver: Found or None for every problem that [`fits`], apart from one with more than a million subsets within
/// rounding of eps and none of them inside. With a budget in time it takes all that [`fits_in_strips`]; what does not fit is
/// given up with some subset, as is what takes longer than the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact;

impl Solver for Exact {
    fn name(&self) -> &'static str {
        "meet-in-the-middle"
    }

    fn solve(&self, problem: &Problem, _: &mut Stream, budget: &Budget) -> Outcome {
        if !fits_budget(problem, budget) {
            return problem.found_or_gave_up(problem.some_subset());
        }
        first_within(problem, budget, |radius, visit| join_halves(problem, radius, budget, visit))
    }
}

/// What is said to what a `search` visits whose radius is the problem's: it ends at the first subset within eps.
fn first_within(
    problem: &Problem,
    budget: &Budget,
    search: impl FnOnce(&mut f64, &mut Visit) -> ControlFlow<()>,
) -> Outcome {
    let radius = problem.radius();
    let mut best: Option<Solution> = None;
    let mut candidates = 0;
    let end = search(&mut radius.clone(), &mut |masks| {
        let solution = problem.solution(masks.indices(problem));
        candidates += 1;
        if best.as_ref().is_none_or(|best| solution.error < best.error) {
            budget.report(solution.error);
            best = Some(solution);
        }
        let within = best.as_ref().is_some_and(|best| best.error <= problem.eps());
        if within || candidates == MOST_CANDIDATES { ControlFlow::Break(()) } else { ControlFlow::Continue(radius) }
    });
    match end {
        ControlFlow::Continue(()) => Outcome::None,
        ControlFlow::Break(()) => problem.found_or_gave_up(best.unwrap_or_else(|| problem.some_subset())),
    }
}

/// All sums of both halves of some vectors, which meet at target after target.
pub(super) struct Listed {
    first: Sums,
    second: Met,
}

impl Listed {
    /// Of the vectors of a problem, for targets and tolerances about like its own; none where an answer is not quick, or the
    /// subset's size is fixed.
    pub fn new(problem: &Problem) -> Option<Self> {
        if problem.size().is_some() || !is_quick(problem) {
            return None;
        }
        let (first, second) = halves(problem);
        let list = |half| Half::new(problem, half, 0).sums([f64::NEG_INFINITY, f64::INFINITY], None).next();
        let second = Met::new(list(second)?, problem.dimension(), problem.radius());
        Some(Listed { first: list(first)?, second })
    }

    /// Looks for a subset of the vectors within eps of a problem's target.
    pub fn solve(&self, problem: &Problem) -> Outcome {
        let budget = &Budget::COUNTED;
        first_within(problem, budget, |radius, visit| {
            self.second.join(problem.target(), &self.first, radius, budget, visit)
        })
    }
}

/// The nearest subset, from one that is known on, and whether it is proved that none is nearer. The search ends at a subset
/// within eps, which must be a number that no error is below.
pub(super) fn nearest(problem: &Problem, start: Solution, budget: &Budget) -> (Solution, bool) {
    if start.error <= problem.eps() || !fits_budget(problem, budget) {
        let is_least = start.error <= problem.eps();
        return (start, is_least);
    }
    let rounding = if sums_are_exact(problem) { 0.0 } else { problem.rounding().max(f64::MIN_POSITIVE) };
    let mut radius = start.error + rounding;
    let mut best = start;
    let mut candidates = 0;
    let end = join_halves(problem, &mut radius, budget, &mut |masks| {
        let solution = problem.solution(masks.indices(problem));
        candidates += 1;
        if solution.error < best.error {
            budget.report(solution.error);
            (best, candidates) = (solution, 0);
        }
        let is_end = best.error <= problem.eps() || candidates == MOST_CANDIDATES;
        if is_end { ControlFlow::Break(()) } else { ControlFlow::Continue(best.error + rounding) }
    });
    let proved = end.is_continue() || best.error <= problem.eps();
    (best, proved)
}

/// Why the exact solver does not take the problem, if it does not.
pub fn misfit(problem: &Problem) -> Option<String> {
    if fits_in_strips(problem) {
        return None;
    }
    let (n, most_vectors) = (problem.len(), 2 * MOST_VECTORS_A_HALF);
    if n > most_vectors {
        return Some(format!("{} takes at most {most_vectors} vectors, and {n} are given", Exact.name()));
    }
    let most = (MOST_SUMS.min(MOST_NUMBERS / problem.dimension() as u64)).max(1) * MOST_STRIPS;
    let sums =
        most_sums(problem).map_or("2^64 sums or more".to_string(), |sums| format!("about 2^{} sums", sums.ilog2()));
    Some(format!(
        "{} lists at most 2^{} sums of a half in {} dimensions, and a half of these {n} vectors has {sums}",
        Exact.name(),
        most.ilog2(),
        problem.dimension(),
    ))
}

fn fits_budget(problem: &Problem, budget: &Budget) -> bool {
    fits(problem) || !budget.is_counted() && fits_in_strips(problem)
}

/// How many subsets (of the asked size, if any) have a sum within eps of the target, as recomputed in f64. The problem must
/// fit, see [`fits`]; the time it takes grows with the count.
pub fn count(problem: &Problem) -> u64 {
    assert!(fits(problem), "too many sums for the exact solver");
    let mut count = 0;
    let radius = problem.radius();
    let _ = join_halves(problem, &mut radius.clone(), &Budget::COUNTED, &mut |masks| {
        count += u64::from(problem.solution(masks.indices(problem)).error <= problem.eps());
        ControlFlow::Continue(radius)
    });
    count
}

/// Whether the exact solver takes the problem in one strip: at most about a million sums a half (of the sizes that matter,
/// when the subset's size is fixed), and no more memory than a few hundred MiB.
pub fn fits(problem: &Problem) -> bool {
    strips(problem) == Some(1)
}

/// Whether the exact solver takes the problem in strips: at most about four thousand million sums a half, which is work for
/// an hour or two.
pub fn fits_in_strips(problem: &Problem) -> bool {
    strips(problem).is_some()
}

/// Whether an exact answer takes a few milliseconds.
pub(super) fn is_quick(problem: &Problem) -> bool {
    let dimension = problem.dimension() as u64;
    // A beam begins with factoring a matrix.
    lists_at_most(problem, QUICK_NUMBERS.max(dimension.saturating_pow(3)))
}

/// Whether an exact answer comes sooner than a beam gives up.
pub(super) fn is_soon(problem: &Problem) -> bool {
    lists_at_most(problem, SOON_NUMBERS)
}

/// Whether the sums of either half hold at most so many numbers.
fn lists_at_most(problem: &Problem, numbers: u64) -> bool {
    let dimension = problem.dimension() as u64;
    most_sums(problem).is_some_and(|sums| sums.saturating_mul(dimension) <= numbers) && fits(problem)
}

/// Whether the exact solver takes the problem and can be expected to come to its end within the budget.
pub(super) fn is_worth_it(problem: &Problem, budget: &Budget) -> bool {
    let Some(left) = budget.left().filter(|_| !budget.is_counted()) else { return fits(problem) };
    let seconds = |sums: u64| sums as f64 * problem.dimension() as f64 * SECONDS_A_NUMBER;
    fits_in_strips(problem) && most_sums(problem).is_some_and(|sums| seconds(sums) <= left.as_secs_f64())
}

/// How many strips keep the sums of both halves in memory; none if too many would.
fn strips(problem: &Problem) -> Option<u64> {
    let most = MOST_SUMS.min(MOST_NUMBERS / problem.dimension() as u64);
    most_sums(problem).map(|sums| sums.div_ceil(most.max(1)).max(1)).filter(|&strips| strips <= MOST_STRIPS)
}

/// The number of sums of the larger half; none if its subsets are no words.
fn most_sums(problem: &Problem) -> Option<u64> {
    let (first, second) = halves(problem);
    let sums = |half: &Range<usize>, other: &Range<usize>| match sizes(problem, half.len(), other.len()) {
        None => 1u64.checked_shl(half.len() as u32).filter(|_| half.len() < MOST_VECTORS_A_HALF),
        Some(sizes) => sizes.map(|size| binomial(half.len(), size)).try_fold(0u64, |sum, x| sum.checked_add(x?)),
    };
    let fits_word = first.len().max(second.len()) <= MOST_VECTORS_A_HALF;
    fits_word.then(|| Some(sums(&first, &second)?.max(sums(&second, &first)?)))?
}

/// A subset of the vectors: one word of bits a half.
#[derive(Debug, Clone, Copy)]
struct Masks(u64, u64);

impl Masks {
    fn indices(self, problem: &Problem) -> Vec<usize> {
        let (first, second) = halves(problem);
        let bits = |mask: u64, half: Range<usize>| half.enumerate().filter(move |(bit, _)| mask >> bit & 1 == 1);
        bits(self.0, first).chain(bits(self.1, second)).map(|(_, index)| index).collect()
    }
}

fn halves(problem: &Problem) -> (Range<usize>, Range<usize>) {
    let middle = problem.len() / 2;
    (0..middle, middle..problem.len())
}

/// The sizes that a part of so many vectors can have in a subset of the asked size; none when any size will do.
fn sizes(problem: &Problem, half: usize, other: usize) -> Option<Range<usize>> {
    problem.size().map(|size| size.saturating_sub(other)..size.min(half) + 1)
}

pub(super) fn binomial(n: usize, k: usize) -> Option<u64> {
    (0..k as u64).try_fold(1u64, |product, i| Some(product.checked_mul(n as u64 - i)? / (i + 1)))
}

/// Gets a subset, and returns the radius to go on with, which must not grow, or breaks the search.
type Visit<'v> = dyn FnMut(Masks) -> ControlFlow<(), f64> + 'v;

/// Visits all subsets whose sums, as added up by halves, are nearer to the target than the radius. Breaks where `visit` does, or
/// the budget is spent.
fn join_halves(problem: &Problem, radius: &mut f64, budget: &Budget, visit: &mut Visit) -> ControlFlow<()> {
    let (first, second) = halves(problem);
    let first_sizes = sizes(problem, first.len(), second.len());
    let axis = most_varied(problem);
    let first = Half::new(problem, first, axis);
    let second = Half::new(problem, second, axis);
    let target = problem.target()[axis];
    let strips = strips(problem).expect("the problem fits");
    // Few sums of either half lie in each strip.
    let mut cuts = first.cuts(strips);
    cuts.extend(second.cuts(strips).into_iter().map(|cut| target - cut));
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    for strip in cuts.windows(2) {
        let facing = [target - strip[1] - *radius, target - strip[0] + *radius];
        for size in first_sizes.clone().map_or(vec![None], |sizes| sizes.map(Some).collect()) {
            let other_size = size.and_then(|size| Some(problem.size()? - size));
            for a in first.sums([strip[0], strip[1]], size) {
                for b in second.sums(facing, other_size) {
                    Met::new(b, problem.dimension(), *radius).join(problem.target(), &a, radius, budget, visit)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// The coordinate in which the vectors have the most different values: strips across it part their sums.
fn most_varied(problem: &Problem) -> usize {
    let values = |axis: usize| {
        let mut bits: Vec<u64> = (0..problem.len()).map(|index| problem.vector(index)[axis].to_bits()).collect();
        bits.sort_unstable();
        bits.dedup();
        bits.len()
    };
    // The first of several.
    (0..problem.dimension()).rev().max_by_key(|&axis| values(axis)).unwrap_or(0)
}

/// Sums of vectors, row-major, each with its subset.
#[derive(Debug, Clone, Default)]
struct Sums {
    rows: Vec<f64>,
    masks: Vec<u64>,
}

/// All sums of two quarters of the vectors, by size if that is fixed; those of the second by rising coordinate `axis`.
struct Half {
    dimension: usize,
    axis: usize,
    first: Vec<Sums>,
    second: Vec<Sums>,
}

impl Half {
    fn new(problem: &Problem, half: Range<usize>, axis: usize) -> Self {
        let middle = half.start + half.len() / 2;
        let first = quarter_sums(problem, half.start..middle, 0);
        let second = quarter_sums(problem, middle..half.end, middle - half.start);
        let second = second.into_iter().map(|sums| sums.sorted(problem.dimension(), axis)).collect();
        Half { dimension: problem.dimension(), axis, first, second }
    }

    /// Bounds, the infinite ones too, of `strips` strips with about equally many sums each, judged by a sample of the sums.
    fn cuts(&self, strips: u64) -> Vec<f64> {
        let mut cuts = vec![f64::NEG_INFINITY];
        if strips > 1 {
            let mut firsts: Vec<f64> = Vec::new();
            let corners = |sums: &Sums, most: usize| -> Vec<f64> {
                let step = (sums.masks.len() / most).max(1);
                let mut column: Vec<f64> = sums.column(self.dimension, self.axis).collect();
                column.sort_unstable_by(f64::total_cmp);
                column.into_iter().step_by(step).collect()
            };
            for a in self.first.iter().flat_map(|sums| corners(sums, 256)) {
                firsts.extend(self.second.iter().flat_map(|sums| corners(sums, 256)).map(|b| a + b));
            }
            firsts.sort_unstable_by(f64::total_cmp);
            cuts.extend((1..strips as usize).map(|cut| firsts[cut * firsts.len() / strips as usize]));
            cuts.dedup();
        }
        cuts.push(f64::INFINITY);
        cuts
    }

    /// The sums of this size, if any is asked, whose coordinate `axis` is at least the first bound and below the second.
    fn sums(&self, strip: [f64; 2], size: Option<usize>) -> Strip<'_> {
        let pairs = match size {
            None => vec![(0, 0)],
            Some(size) => (0..self.first.len().min(size + 1)).map(|part| (part, size - part)).collect(),
        };
        Strip { half: self, strip, pairs, row: 0 }
    }
}

/// The sums in a strip, in parts that fit into memory: many may be equal, so that no strip parts them.
struct Strip<'h> {
    half: &'h Half,
    strip: [f64; 2],
    /// Which lists of both quarters are still to be added up.
    pairs: Vec<(usize, usize)>,
    /// The next sum of the first quarter.
    row: usize,
}

impl Iterator for Strip<'_> {
    type Item = Sums;

    fn next(&mut self) -> Option<Sums> {
        let Half { dimension, axis, .. } = *self.half;
        // Strips that share the sums equally hold half of it.
        let most = 2 * MOST_SUMS.min(MOST_NUMBERS / dimension as u64) as usize;
        let mut sums = Sums::default();
        while let Some(&(a, b)) = self.pairs.first().filter(|_| sums.masks.len() < most) {
            let (first, second) = (&self.half.first[a], self.half.second.get(b));
            if let Some(second) = second {
                let is_all = self.strip == [f64::NEG_INFINITY, f64::INFINITY];
                let column: Vec<f64> = if is_all { Vec::new() } else { second.column(dimension, axis).collect() };
                while self.row < first.masks.len() && sums.masks.len() < most {
                    let row = &first.rows[self.row * dimension..(self.row + 1) * dimension];
                    let below = |bound| column.partition_point(|x| row[axis] + x < bound);
                    let [low, high] = if is_all { [0, second.masks.len()] } else { self.strip.map(below) };
                    let near = low * dimension..high.max(low) * dimension;
                    let listed = sums.rows.len();
                    sums.rows.extend_from_slice(&second.rows[near]);
                    add_to_rows(&mut sums.rows[listed..], row);
                    let mask = first.masks[self.row];
                    sums.masks.extend(second.masks[low..high.max(low)].iter().map(|other| mask | other));
                    self.row += 1;
                }
            }
            if second.is_none() || self.row == first.masks.len() {
                self.pairs.remove(0);
                self.row = 0;
            }
        }
        (!sums.masks.is_empty()).then_some(sums)
    }
}

impl Sums {
    fn column(&self, dimension: usize, axis: usize) -> impl Iterator<Item = f64> {
        self.rows.chunks_exact(dimension).map(move |row| row[axis])
    }

    /// The same by rising coordinate `axis`.
    fn sorted(&self, dimension: usize, axis: usize) -> Sums {
        let row = |id: usize| &self.rows[id * dimension..(id + 1) * dimension];
        let mut order: Vec<usize> = (0..self.masks.len()).collect();
        order.sort_by(|&i, &j| row(i)[axis].total_cmp(&row(j)[axis]));
        Sums {
            rows: order.iter().flat_map(|&id| row(id)).copied().collect(),
            masks: order.iter().map(|&id| self.masks[id]).collect(),
        }
    }
}

/// All sums of some vectors, one list for each size up to the one asked, or one list in all; the first vector is bit `bit`. Sizes
/// that all other vectors together cannot make up to the one asked have empty lists.
fn quarter_sums(problem: &Problem, quarter: Range<usize>, bit: usize) -> Vec<Sums> {
    let lists = problem.size().map_or(1, |size| size.min(quarter.len()) + 1);
    let others = problem.len() - quarter.len();
    let mut sums = vec![Sums::default(); lists];
    sums[0] = Sums { rows: vec![0.0; problem.dimension()], masks: vec![0] };
    for (bit, index) in quarter.clone().enumerate().map(|(place, index)| (bit + place, index)) {
        for size in (0..lists).rev() {
            // Of any size, the sums without a vector and those with it share the list.
            let from = if lists == 1 && problem.size().is_none() { Some(0) } else { size.checked_sub(1) };
            let Some(from) = from else { continue };
            let Sums { mut rows, mut masks } = sums[from].clone();
            add_to_rows(&mut rows, problem.vector(index));
            masks.iter_mut().for_each(|mask| *mask |= 1 << bit);
            sums[size].rows.append(&mut rows);
            sums[size].masks.append(&mut masks);
        }
        let still_to_come = quarter.end - index - 1 + others;
        let too_small = problem.size().map_or(0, |size| size.saturating_sub(still_to_come));
        sums[..too_small.min(lists)].fill(Sums::default());
    }
    sums
}

/// Sums in a grid, which others meet.
struct Met {
    masks: Vec<u64>,
    grid: Grid,
}

impl Met {
    /// For searches within about this radius.
    fn new(sums: Sums, dimension: usize, radius: f64) -> Self {
        Met { grid: Grid::new(&sums.rows, dimension, dimension, radius), masks: sums.masks }
    }

    /// Visits the pairs of others with these that are nearer to the target than the radius.
    fn join(
        &self,
        target: &[f64],
        others: &Sums,
        radius: &mut f64,
        budget: &Budget,
        visit: &mut Visit,
    ) -> ControlFlow<()> {
        let mut centre = vec![0.0; target.len()];
        for (done, (row, &mask)) in others.rows.chunks_exact(target.len()).zip(&others.masks).enumerate() {
            if done % BETWEEN_CHECKS == 0 && budget.is_spent() {
                return ControlFlow::Break(());
            }
            for ((centre, z), a) in centre.iter_mut().zip(target).zip(row) {
                *centre = z - a;
            }
            let mut visit_one = |_, id: u32| visit(Masks(mask, self.masks[id as usize]));
            self.grid.search(&centre, radius, &mut visit_one)?;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subset_sum::KSubsetCounter;
    use rand_distr::{Distribution, StandardNormal};

    fn normals(count: usize, stream: &mut Stream) -> Vec<f64> {
        (0..count).map(|_| StandardNormal.sample(stream)).collect()
    }

    #[test]
    fn what_fits_is_counted_for_the_size_asked() {
        let strips = |n: usize, dimension: usize, size| {
            let (vectors, target) = (vec![1.0; n * dimension], vec![0.0; dimension]);
            super::strips(&Problem::new(&vectors, dimension, &target, 0.1, size).unwrap())
        };
        assert_eq!((strips(0, 1, None), strips(40, 1, None), strips(40, 16, None)), (Some(1), Some(1), Some(1)));
        assert_eq!((strips(42, 1, None), strips(40, 17, None), strips(1000, 1, None)), (Some(2), Some(2), None));
        assert_eq!(
            (strips(100, 4, Some(3)), strips(100, 4, Some(98)), strips(100, 4, Some(50))),
            (Some(1), Some(1), None)
        );
        assert_eq!(strips(130, 1, Some(1)), None);
    }

    #[test]
    fn ties_do_not_take_for_ever() {
        // A million million subsets tie for the least error, in one dimension and in two.
        for dimension in [1, 2] {
            let (vectors, target) = (vec![1.0; 36 * dimension], vec![17.5; dimension]);
            let problem = Problem::new(&vectors, dimension, &target, 0.25, None).unwrap();
            assert_eq!(Exact.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED), Outcome::None);
        }
    }

    #[test]
    fn a_size_near_all_of_many_is_solved() {
        let vectors: Vec<f64> = (0..100).map(|i| 1.0 + f64::from(i)).collect();
        let problem = Problem::new(&vectors, 1, &[5050.0 - 3.0], 0.0, Some(98)).unwrap();
        let outcome = Exact.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED);
        let Outcome::Found(solution) = outcome else { panic!("not found") };
        assert_eq!(solution.subset, (2..100).collect::<Vec<usize>>());
    }

    #[test]
    fn subsets_are_counted_as_by_enumeration() {
        let mut stream = Stream::new(21, 22);
        let mut total = 0;
        for (n, dimension, size) in [(15, 1, 4), (18, 2, 9), (20, 3, 5), (16, 4, 16), (12, 2, 0)] {
            let (vectors, target) = (normals(n * dimension, &mut stream), vec![0.3; dimension]);
            let problem = Problem::new(&vectors, dimension, &target, 0.4, Some(size)).unwrap();
            let counted = count(&problem);
            assert_eq!(counted, KSubsetCounter::new(dimension, size).count(&vectors, &target, 0.4), "n {n}");
            total += counted;
        }
        assert!(total > 500, "{total}");
    }

    /// The same pairs are visited whatever the strips, each once.
    #[test]
    fn strips_cover_all_sums_once() {
        let mut stream = Stream::new(23, 24);
        for size in [None, Some(7)] {
            let vectors = normals(18 * 2, &mut stream);
            let problem = Problem::new(&vectors, 2, &[0.5, -0.5], 0.3, size).unwrap();
            let half = Half::new(&problem, 0..9, 1);
            let sums_of = |cuts: &[f64]| -> Vec<u64> {
                let sizes = size.map_or(vec![None], |size| (0..=size).map(Some).collect());
                let strips = cuts.windows(2).flat_map(|cut| sizes.iter().map(move |size| ([cut[0], cut[1]], *size)));
                let mut masks: Vec<u64> =
                    strips.flat_map(|(strip, size)| half.sums(strip, size)).flat_map(|sums| sums.masks).collect();
                masks.sort_unstable();
                masks
            };
            let whole = sums_of(&half.cuts(1));
            assert!(half.cuts(37).len() > 30);
            assert_eq!(whole, sums_of(&half.cuts(37)));
            assert!(whole.windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!(whole.len(), if size.is_none() { 512 } else { 512 - 9 - 1 });
        }
    }

    /// 2^21 sums a half make two strips, which only a budget in time allows; a planted subset is found, and where none is near
    /// that is proved.
    #[test]
    fn more_sums_than_fit_are_met_in_strips() {
        let mut stream = Stream::new(25, 26);
        let vectors = normals(42, &mut stream);
        let planted: f64 = [3, 8, 9, 22, 31, 41].iter().map(|&index: &usize| vectors[index]).sum();
        let flag = std::sync::atomic::AtomicBool::new(false);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(600);
        let budget = Budget::until(deadline, &flag, &|_| {});
        let solve = |target: f64, budget: &Budget| {
            Exact.solve(&Problem::new(&vectors, 1, &[target], 1e-15, None).unwrap(), &mut Stream::new(1, 1), budget)
        };
        assert!(matches!(solve(planted, &Budget::COUNTED), Outcome::GaveUp { .. }));
        assert!(matches!(solve(planted, &budget), Outcome::Found(_)));
        assert_eq!(solve(1e3, &budget), Outcome::None);
    }
}
