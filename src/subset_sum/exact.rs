//! Exact subset sums by meeting in the middle: the sums of both halves of the vectors are listed and joined.
//!
//! In one dimension the lists are built sorted, by merging, and joined by two pointers. In more dimensions one list
//! becomes a k-d tree and is searched around `z - a` for every sum a of the other. The join is wider than eps by more
//! than any rounding of the sums, and every candidate is verified by a recomputed sum, so that `None` is proved.

use std::ops::{ControlFlow, Range};

use super::kd_tree::{KdTree, Search};
use super::{Budget, Outcome, Problem, Solution, Solver};
use crate::random::Stream;

/// At most so many sums of one half.
const MOST_SUMS: u64 = 1 << 20;
/// At most so many numbers in the sums of one half (128 MiB).
const MOST_NUMBERS: u64 = 1 << 24;
/// The subsets of a half are bits of a word.
const MOST_VECTORS_A_HALF: usize = 64;
/// Candidates in the rounding's margin around eps that are verified before the solver gives up.
const MOST_CANDIDATES: u64 = 1 << 20;

/// The exact solver: Found or None for every problem that [`fits`], apart from one with more than a million subsets
/// within rounding of eps and none of them inside. A problem that does not fit is given up with some subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact;

impl Solver for Exact {
    fn name(&self) -> &'static str {
        "meet-in-the-middle"
    }

    fn solve(&self, problem: &Problem, _: &mut Stream, _: &Budget) -> Outcome {
        if !fits(problem) {
            return problem.found_or_gave_up(problem.solution((0..problem.size().unwrap_or(0)).collect()));
        }
        let radius = problem.eps() + problem.rounding() + f64::MIN_POSITIVE;
        let mut best: Option<Solution> = None;
        let mut candidates = 0;
        let end = join_halves(problem, radius, |_, masks| {
            let solution = problem.solution(masks.indices(problem));
            candidates += 1;
            if best.as_ref().is_none_or(|best| solution.error < best.error) {
                best = Some(solution);
            }
            let within = best.as_ref().is_some_and(|best| best.error <= problem.eps());
            if within || candidates == MOST_CANDIDATES { ControlFlow::Break(()) } else { ControlFlow::Continue(radius) }
        });
        match best {
            Some(best) if end.is_break() => problem.found_or_gave_up(best),
            _ => Outcome::None,
        }
    }
}

/// The subset of least max-norm error, of the asked size if any; exact up to the rounding of the sums. The problem must
/// fit (see [`fits`]); its eps plays no part.
pub fn best_subset(problem: &Problem) -> Solution {
    best_subset_below(problem, f64::INFINITY).expect("some subset has the asked size")
}

/// The same among the subsets of error below `limit`, if there is one: the lower the limit, the faster.
pub(super) fn best_subset_below(problem: &Problem, limit: f64) -> Option<Solution> {
    assert!(fits(problem), "too many sums for the exact solver");
    let mut best = None;
    let _ = join_halves(problem, limit, |error, masks| {
        best = Some(masks);
        if error > 0.0 { ControlFlow::Continue(error) } else { ControlFlow::Break(()) }
    });
    best.map(|masks| problem.solution(masks.indices(problem)))
}

/// Whether the exact solver takes the problem: at most about a million sums a half (of the sizes that matter, when the
/// subset's size is fixed), and no more memory than a few hundred MiB.
pub fn fits(problem: &Problem) -> bool {
    fits_within(problem, MOST_SUMS)
}

/// The same with at most `most` sums a half.
fn fits_within(problem: &Problem, most: u64) -> bool {
    let (first, second) = halves(problem);
    let small = |half: Range<usize>, other: Range<usize>| {
        let sums = match sizes(problem, half.len(), other.len()) {
            None => 1u64.checked_shl(half.len() as u32).filter(|_| half.len() < 64),
            Some(sizes) => sizes.map(|size| binomial(half.len(), size)).try_fold(0u64, |sum, x| sum.checked_add(x?)),
        };
        half.len() <= MOST_VECTORS_A_HALF
            && sums.is_some_and(|sums| sums <= most && sums.saturating_mul(problem.dimension() as u64) <= MOST_NUMBERS)
    };
    small(first.clone(), second.clone()) && small(second, first)
}

/// The problem of as many of the first vectors as leave at most `most` sums a half.
pub(super) fn first_that_fit<'a>(problem: &Problem<'a>, most: u64) -> Problem<'a> {
    let (mut fitting, mut beyond) = (problem.size().unwrap_or(0), problem.len() + 1);
    while beyond - fitting > 1 {
        let middle = fitting.midpoint(beyond);
        if fits_within(&problem.first(middle), most) { fitting = middle } else { beyond = middle }
    }
    problem.first(fitting)
}

/// The largest number of vectors of this dimension that fits, whatever the size asked; 0 if none does.
pub(super) fn widest(dimension: usize) -> usize {
    let most = MOST_SUMS.min(MOST_NUMBERS / dimension as u64);
    most.checked_ilog2().map_or(0, |half| 2 * half as usize)
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

fn binomial(n: usize, k: usize) -> Option<u64> {
    (0..k as u64).try_fold(1u64, |product, i| Some(product.checked_mul(n as u64 - i)? / (i + 1)))
}

/// Visits the subsets whose sums, as added up by halves, are nearer to the target than the radius. `visit` gets the
/// distance and the subset, and returns the radius to go on with.
fn join_halves(
    problem: &Problem,
    mut radius: f64,
    mut visit: impl FnMut(f64, Masks) -> ControlFlow<(), f64>,
) -> ControlFlow<()> {
    let (first, second) = halves(problem);
    let first_sizes = sizes(problem, first.len(), second.len());
    let second_sizes = sizes(problem, second.len(), first.len());
    if problem.dimension() == 1 {
        let first = sorted_sums(problem, first, first_sizes);
        let second = sorted_sums(problem, second, second_sizes);
        // The fewer one half gives to a subset of the asked size, the more the other.
        for (a, b) in first.iter().zip(second.iter().rev()) {
            join_sorted(problem.target()[0], a, b, &mut radius, &mut visit)?;
        }
    } else {
        let first = listed_sums(problem, first, first_sizes);
        let second = listed_sums(problem, second, second_sizes);
        for (a, b) in first.iter().zip(second.iter().rev()) {
            join_by_tree(problem.target(), a, b, &mut radius, &mut visit)?;
        }
    }
    ControlFlow::Continue(())
}

/// Sums of one half in one dimension, rising, each with its subset.
type SortedSums = Vec<(f64, u64)>;

/// All sums of the vectors of a half, one list for each of the `sizes`, or one list in all.
fn sorted_sums(problem: &Problem, half: Range<usize>, sizes: Option<Range<usize>>) -> Vec<SortedSums> {
    let Some(sizes) = sizes else {
        let add = |list: SortedSums, (bit, index)| with_and_without(&list, &list, problem.vector(index)[0], bit);
        return vec![half.enumerate().fold(vec![(0.0, 0)], add)];
    };
    let mut lists: Vec<SortedSums> = vec![Vec::new(); sizes.end];
    lists[0].push((0.0, 0));
    let vectors = half.len();
    for (bit, index) in half.enumerate() {
        for size in (1..sizes.end).rev() {
            lists[size] = with_and_without(&lists[size], &lists[size - 1], problem.vector(index)[0], bit);
        }
        // Subsets so small that the vectors left cannot fill them are of no use.
        let useless = (sizes.start + bit + 1).saturating_sub(vectors).min(sizes.end);
        lists[..useless].iter_mut().for_each(Vec::clear);
    }
    lists.split_off(sizes.start)
}

/// Merges the sums `without` a vector and the sums `before` it, to which it is added as bit `bit`.
fn with_and_without(without: &[(f64, u64)], before: &[(f64, u64)], x: f64, bit: usize) -> SortedSums {
    let mut merged = Vec::with_capacity(without.len() + before.len());
    let mut without = without.iter().copied().peekable();
    for (sum, mask) in before.iter().map(|&(sum, mask)| (sum + x, mask | 1 << bit)) {
        while let Some(smaller) = without.next_if(|other| other.0 <= sum) {
            merged.push(smaller);
        }
        merged.push((sum, mask));
    }
    merged.extend(without);
    merged
}

/// Joins two rising lists: for rising a, the sums b that fit fall.
fn join_sorted(
    target: f64,
    first: &[(f64, u64)],
    second: &[(f64, u64)],
    radius: &mut f64,
    visit: &mut impl FnMut(f64, Masks) -> ControlFlow<(), f64>,
) -> ControlFlow<()> {
    let mut end = second.len();
    for &(a, a_mask) in first {
        let centre = target - a;
        while end > 0 && second[end - 1].0 - centre >= *radius {
            end -= 1;
        }
        for &(b, b_mask) in second[..end].iter().rev() {
            if centre - b >= *radius {
                break;
            }
            let error = (b - centre).abs();
            if error < *radius {
                *radius = visit(error, Masks(a_mask, b_mask))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Sums of one half, row-major, each with its subset.
#[derive(Default)]
struct ListedSums {
    sums: Vec<f64>,
    masks: Vec<u64>,
}

/// All sums of the vectors of a half, one list for each of the `sizes`, or one list in all.
fn listed_sums(problem: &Problem, half: Range<usize>, sizes: Option<Range<usize>>) -> Vec<ListedSums> {
    let (lists, range) = match sizes {
        Some(sizes) => (sizes.len(), sizes),
        None => (1, 0..half.len() + 1),
    };
    let mut lists: Vec<ListedSums> = (0..lists).map(|_| ListedSums::default()).collect();
    let mut partial = vec![0.0; (half.len() + 1) * problem.dimension()];
    list_sums(problem, half, &range, (0, 0, 0), &mut partial, &mut lists);
    lists
}

/// Decides the vectors left in `half` one after another; `taken` is (how many were decided, how many were taken, which)
/// and the first row of `partial` is their sum.
fn list_sums(
    problem: &Problem,
    half: Range<usize>,
    sizes: &Range<usize>,
    (bit, size, mask): (usize, usize, u64),
    partial: &mut [f64],
    lists: &mut [ListedSums],
) {
    if size + half.len() < sizes.start {
        return;
    }
    let (sum, deeper) = partial.split_at_mut(problem.dimension());
    if half.is_empty() {
        let list = if lists.len() == 1 { 0 } else { size - sizes.start };
        lists[list].sums.extend_from_slice(sum);
        lists[list].masks.push(mask);
        return;
    }
    let rest = half.start + 1..half.end;
    if size + 1 < sizes.end {
        for ((deeper, sum), x) in deeper.iter_mut().zip(&*sum).zip(problem.vector(half.start)) {
            *deeper = sum + x;
        }
        list_sums(problem, rest.clone(), sizes, (bit + 1, size + 1, mask | 1 << bit), deeper, lists);
    }
    deeper[..problem.dimension()].copy_from_slice(sum);
    list_sums(problem, rest, sizes, (bit + 1, size, mask), deeper, lists);
}

/// Joins two lists: the second as a k-d tree, searched around the target minus every sum of the first.
fn join_by_tree(
    target: &[f64],
    first: &ListedSums,
    second: &ListedSums,
    radius: &mut f64,
    visit: &mut impl FnMut(f64, Masks) -> ControlFlow<(), f64>,
) -> ControlFlow<()> {
    let tree = KdTree::new(&second.sums, target.len());
    let mut centre = vec![0.0; target.len()];
    for (sum, &mask) in first.sums.chunks_exact(target.len()).zip(&first.masks) {
        for ((centre, z), a) in centre.iter_mut().zip(target).zip(sum) {
            *centre = z - a;
        }
        let visit_one = |error, id: u32| visit(error, Masks(mask, second.masks[id as usize]));
        let mut search = Search { centre: &centre, radius: *radius, visit: visit_one };
        tree.search(&mut search)?;
        *radius = search.radius;
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_counted_for_the_size_asked() {
        let fits = |n: usize, dimension: usize, size| {
            let (vectors, target) = (vec![1.0; n * dimension], vec![0.0; dimension]);
            super::fits(&Problem::new(&vectors, dimension, &target, 0.1, size).unwrap())
        };
        assert!(fits(0, 1, None) && fits(40, 1, None) && fits(40, 16, None));
        assert!(!fits(42, 1, None) && !fits(40, 17, None) && !fits(1000, 1, None));
        assert!(fits(100, 4, Some(3)) && fits(100, 4, Some(98)) && !fits(100, 4, Some(50)));
        assert!(!fits(130, 1, Some(1)));
        for dimension in [1, 3, 100, 4096] {
            assert!(fits(widest(dimension), dimension, None) && !fits(widest(dimension) + 1, dimension, None));
        }
        assert_eq!(widest(usize::MAX), 0);
    }

    #[test]
    fn ties_do_not_take_for_ever() {
        // A million million subsets tie for the least error, in one dimension and in two.
        for dimension in [1, 2] {
            let (vectors, target) = (vec![1.0; 36 * dimension], vec![17.5; dimension]);
            let problem = Problem::new(&vectors, dimension, &target, 0.25, None).unwrap();
            assert_eq!(best_subset(&problem).error, 0.5);
            assert_eq!(Exact.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED), Outcome::None);
        }
    }

    #[test]
    fn a_size_near_all_of_many_is_solved() {
        let vectors: Vec<f64> = (0..100).map(|i| 1.0 + f64::from(i)).collect();
        let problem = Problem::new(&vectors, 1, &[5050.0 - 3.0], 0.0, Some(98)).unwrap();
        let Outcome::Found(solution) = Exact.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED) else {
            panic!("not found")
        };
        assert_eq!(solution.subset, (2..100).collect::<Vec<usize>>());
    }
}
