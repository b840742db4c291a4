//! Beam search guided by the moments of what is still undecided, met in the middle by all subsets of the last vectors.
//!
//! The vectors are decided in falling order of their norm, and the partial subsets kept are those with the most completions
//! to be expected (see `moments`). The smallest vectors come last: their subsets are listed and joined, in the max norm, with
//! the beam. A normally-scaled normal vector of tiny scale is a fine step, and there are many: only so many of the smallest
//! vectors are looked at as make success likely.

use std::ops::ControlFlow;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::grid::{Grid, distance_below};
use super::moments::{Moments, Step, dot};
use super::{Budget, Norms, Outcome, Problem, Solution, Solver, add_to_rows};
use crate::numeric::ln_binomial;
use crate::random::Stream;
use crate::simd::widest;

/// The beam's effort: counts, never time, so that its answers can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beam {
    /// Partial subsets kept in the first attempt; in each further one they are twice as many.
    pub first_width: usize,
    /// Partial subsets kept in the last attempt of counted effort.
    pub last_width: usize,
}

/// Numbers in a beam, at most (64 MiB; decisions and endings come on top), where time alone ends the attempts.
const MOST_NUMBERS: usize = 1 << 23;
/// Partial subsets in a beam, at most, where time alone ends the attempts.
const MOST_WIDTH: usize = 1 << 18;
/// The beam is wide for so many vectors a coordinate before the end, and has [`NARROW`] subsets before; ...
const WIDE_A_COORDINATE: usize = 6;
/// ... for so many at least.
const WIDE_AT_LEAST: usize = 128;
const NARROW: usize = 4;
/// The listed subsets of the last vectors are about so many times as many as the partial subsets, ...
const ENDINGS_A_NODE: usize = 4;
/// ... at no size by more than this factor more, ...
const MOST_ENDINGS: f64 = 4.0;
/// ... and the last vectors never more than this, ...
const MOST_LAST: usize = 20;
/// ... or, of a fixed size, bits of a word.
const MOST_LAST_SIZED: usize = 64;
/// Partial subsets whose endings are all looked at, so that there is a best one even where none is near enough.
const SCOUTS: usize = 8;
/// ln of the number of subsets within the tolerance that a pool should be expected to have at the first attempt, ...
const FIRST_MARGIN: f64 = 3.0;
/// ... as much more a coordinate, since a beam finds a smaller share of them in many dimensions, ...
const MARGIN_A_COORDINATE: f64 = 0.5;
/// ... and as much more at each further attempt.
const MARGIN_AN_ATTEMPT: f64 = 1.0;
/// A pool that is too small grows by this factor, ...
const POOL_GROWTH: f64 = 1.25;
/// ... to at most so many vectors a coordinate, ...
const POOL_A_COORDINATE: usize = 24;
/// ... or this many.
const POOL_AT_LEAST: usize = 512;
/// A target beyond the reach of so many vectors a coordinate is first approached with the larger ones.
const NEAR_A_COORDINATE: usize = 8;
/// Of a fixed size, at least so many vectors a coordinate are left for the pool when larger ones are taken.
const LEFT_A_COORDINATE: usize = 2;
/// What one can hope for in D dimensions: an error of this share of the 2-norm of the D-th smallest vector, less what the
/// best of so many pairs gains.
const HOPE: f64 = 0.1;
/// How far the log-odds of the vectors taken count, in every other attempt.
const PULL: f64 = 0.5;
/// Once all widths were tried, each attempt orders the vectors anew, by norms that are off by about this much in ln.
const SHUFFLE: f64 = 0.25;
/// The guiding tolerance is at least this share of the norm of the pool's largest vector.
const FINEST_GUIDE: f64 = 1e-6;
/// Squares of tolerances must not vanish.
const SMALLEST_TOLERANCE: f64 = 1e-100;

impl Beam {
    /// The usual effort.
    pub const DEFAULT: Beam = Beam { first_width: 32, last_width: 4096 };
    /// What finds a subset where there are many.
    pub const NARROW: Beam = Beam { first_width: 32, last_width: 64 };
    /// What goes on where the usual effort found nothing.
    pub const WIDER: Beam = Beam { first_width: 2 * Beam::DEFAULT.last_width, ..Beam::DEFAULT };
}

impl Default for Beam {
    fn default() -> Self {
        Beam::DEFAULT
    }
}

impl Solver for Beam {
    fn name(&self) -> &'static str {
        "beam"
    }

    fn solve(&self, problem: &Problem, stream: &mut Stream, budget: &Budget) -> Outcome {
        let solution = match problem.size() {
            // Which vectors to leave out is then the smaller question.
            Some(size) if size > problem.len() / 2 => {
                let target = problem.complement_target();
                let left_out = self.search(&problem.complement(&target), stream, budget);
                let taken = complement(&left_out.subset, problem.len());
                problem.solution((0..problem.len()).filter(|&index| taken[index]).collect())
            }
            _ => self.search(problem, stream, budget),
        };
        problem.found_or_gave_up(solution)
    }
}

/// For each number below `len`, whether it is not in the subset.
fn complement(subset: &[usize], len: usize) -> Vec<bool> {
    let mut left_out = vec![true; len];
    subset.iter().for_each(|&index| left_out[index] = false);
    left_out
}

impl Beam {
    /// The best solution of attempts with ever wider beams.
    fn search(&self, problem: &Problem, stream: &mut Stream, budget: &Budget) -> Solution {
        let own;
        let known = match problem.norms {
            Some(known) => known,
            None => {
                own = Norms::new(problem.vectors, problem.dimension());
                &own
            }
        };
        let (norms, mut rising) = (&known.norms, known.rising.clone());
        let mut best = problem.solution(rising[..problem.size().unwrap_or(0)].to_vec());
        if problem.is_empty() || problem.size() == Some(0) {
            return best;
        }
        let widest = if budget.is_counted() { self.last_width } else { most_width(problem.dimension()) };
        if problem.size().is_none() {
            // They change no sum.
            rising.retain(|&index| norms[index] > 0.0);
        }
        if rising.is_empty() {
            return best;
        }
        let mut complete = false;
        let mut effort = Effort { width: self.first_width, margin: FIRST_MARGIN, least: 0, pull: 0.0, settle: false };
        while best.error > problem.eps() {
            let at_most_width = effort.width >= widest;
            // The last of counted effort looks for the best, and of the others every second one, in case none is near enough.
            effort.settle = complete || at_most_width && (budget.is_counted() || effort.pull == 0.0);
            let attempt = Attempt::new(problem, norms, &rising, &effort, budget);
            let saw_all = attempt.improve(effort.width, effort.pull, &mut best, budget);
            budget.report(best.error);
            if budget.is_spent() || (budget.is_counted() && at_most_width) {
                break;
            }
            complete = !budget.is_counted() && saw_all && attempt.moments.len() == rising.len();
            if complete && !attempt.hopeful {
                break;
            }
            if at_most_width {
                let keys = norms.iter().map(|norm| norm * (SHUFFLE * stream.sample::<f64, _>(StandardNormal)).exp());
                let keys: Vec<f64> = keys.collect();
                rising.sort_by(|&i, &j| keys[i].total_cmp(&keys[j]));
            }
            effort = Effort {
                width: (2 * effort.width).min(widest),
                margin: effort.margin + MARGIN_AN_ATTEMPT,
                least: attempt.moments.len(),
                // Far targets want none, and those near the first-moment limit some.
                pull: PULL - effort.pull,
                settle: false,
            };
        }
        best
    }
}

/// What one attempt spends, and on what.
struct Effort {
    /// Partial subsets kept.
    width: usize,
    /// ln of the number of subsets that the pool should be expected to have.
    margin: f64,
    /// The least size of the pool.
    least: usize,
    /// How far the log-odds of what was taken count.
    pull: f64,
    /// Whether to look for the best subset, even where one within eps can be hoped for.
    settle: bool,
}

/// The norm of the D-th smallest vector, as further ones suggest it too: a few vectors of next to no length are no rule.
fn usual_norm(dimension: usize, norms: &[f64], rising: &[usize]) -> f64 {
    let suggested = |multiple: usize| norms[rising[(multiple * dimension).min(rising.len()) - 1]] / multiple as f64;
    [1, 2, 4].map(suggested).into_iter().fold(0.0, f64::max)
}

fn most_width(dimension: usize) -> usize {
    (MOST_NUMBERS / (dimension + 1)).clamp(1, MOST_WIDTH)
}

/// One pool of vectors, and what was decided about the larger ones.
struct Attempt<'p, 'a> {
    problem: &'p Problem<'a>,
    moments: Moments,
    /// Of the vectors outside the pool, those that are taken.
    taken: Vec<usize>,
    /// The size of the pool's part of the subset, if the size is fixed.
    size: Option<usize>,
    /// Whether enough subsets within eps can be expected to look for nothing else.
    hopeful: bool,
}

impl<'p, 'a> Attempt<'p, 'a> {
    /// Takes as many of the smallest vectors, at least `least`, as make about exp(margin) subsets within the tolerance likely,
    /// if there are.
    fn new(problem: &'p Problem<'a>, norms: &[f64], rising: &[usize], effort: &Effort, budget: &Budget) -> Self {
        let Effort { width, margin, least, .. } = *effort;
        let dimension = problem.dimension();
        let coordinates = dimension + usize::from(problem.size().is_some());
        let pairs = (ENDINGS_A_NODE * width * width) as f64;
        let hope = HOPE * usual_norm(dimension, norms, rising) * pairs.powf(-1.0 / dimension as f64);
        let tolerance = problem.eps().max(hope);
        let hopeful = problem.eps() >= hope && !effort.settle;
        let enough = margin + MARGIN_A_COORDINATE * coordinates as f64;
        let mut most = rising.len().min(POOL_AT_LEAST.max(POOL_A_COORDINATE * coordinates));
        let near = most.min(POOL_AT_LEAST.max(NEAR_A_COORDINATE * coordinates));
        let mut approach = Approach { target: problem.target().to_vec(), taken: Vec::new() };
        if reaching(problem, &rising[..near], problem.target()).is_none() {
            approach.take_what_helps(problem, &rising[near..]);
            most = near;
        }
        // Smaller pools hardly reach the target.
        let mut count = reaching(problem, &rising[..most], &approach.target).unwrap_or(most);
        count = count.max(least).max(problem.size().unwrap_or(coordinates).saturating_mul(2));
        if !hopeful {
            count = count.max(WIDE_AT_LEAST);
        }
        count = count.min(most);
        loop {
            // Finer guidance than the arithmetic carries guides nowhere.
            let guide = tolerance.max(FINEST_GUIDE * norms[rising[count - 1]]).max(SMALLEST_TOLERANCE);
            // The last pool has to do, whatever is expected of it.
            let enough =
                if count == most { f64::NEG_INFINITY } else { enough - dimension as f64 * (tolerance / guide).ln() };
            let attempt = Attempt::of_pool(problem, rising, count, approach.clone(), (guide, enough), hopeful, budget);
            if attempt.moments.ln_expected >= enough || budget.is_spent() {
                return Attempt { moments: attempt.moments.looking_back(), ..attempt };
            }
            count = most.min((count as f64 * POOL_GROWTH) as usize + 1);
        }
    }

    fn of_pool(
        problem: &'p Problem<'a>,
        rising: &[usize],
        count: usize,
        mut approach: Approach,
        (tolerance, ln_enough): (f64, f64),
        hopeful: bool,
        budget: &Budget,
    ) -> Self {
        let (pool, larger) = rising.split_at(count);
        let mut size = None;
        if let Some(whole) = problem.size() {
            let left = whole - approach.taken.len();
            let part = left.min(count / 2);
            approach.take_one_of_pairs(problem, larger, left - part);
            size = Some(part);
        }
        let order = pool.iter().rev().copied().collect();
        // What guides needs no rounding.
        let left = Problem { target: &approach.target, size, ..*problem };
        let moments = Moments::new(&left, order, tolerance, ln_enough, budget);
        Attempt { problem, moments, taken: approach.taken, size, hopeful }
    }

    /// One search with a beam of this width; replaces `best` by what is better. Strictly, a partial subset has
    /// exp(`pull` log-odds of what it took) times as many completions, with a pull of 1. Returns whether no subset of the pool
    /// was left out.
    fn improve(&self, width: usize, pull: f64, best: &mut Solution, budget: &Budget) -> bool {
        let moments = &self.moments;
        let endings = Endings::new(moments, width, self.size);
        let wide = WIDE_AT_LEAST.max(WIDE_A_COORDINATE * moments.stride);
        let decided = moments.len() - endings.last;
        let mut front = Front::new(moments, pull);
        for index in 0..decided {
            let narrow = index + wide < moments.len() || budget.is_spent();
            front.decide(moments, index, self.size, if narrow { NARROW.min(width) } else { width });
        }
        let saw_all = !front.is_cut && endings.are_all;
        let Some((node, mask)) = self.join(&front, &endings, best.error, budget) else { return saw_all };
        let mut subset = self.taken.clone();
        subset.extend(front.subset(node).map(|index| moments.order[index]));
        subset.extend((0..endings.last).filter(|bit| mask >> bit & 1 == 1).map(|bit| moments.order[decided + bit]));
        let solution = self.problem.solution(subset);
        if solution.error < best.error {
            *best = solution;
        }
        saw_all
    }

    /// The partial subset, and the subset of the last vectors, whose sums are nearest to the target together, if nearer
    /// than `error`.
    fn join(&self, front: &Front, endings: &Endings, error: f64, budget: &Budget) -> Option<(usize, u64)> {
        let (stride, dimension) = (self.moments.stride, self.problem.dimension());
        let eps = self.problem.eps();
        let mut radius = error;
        let mut best = None;
        for node in 0..front.len().min(SCOUTS) {
            let (missing, group) = (front.missing(node), &endings.groups[endings.group(front.nodes.taken[node])]);
            for (row, &mask) in group.rows.chunks_exact(stride).zip(&group.masks) {
                if let Some(distance) = distance_below(&missing[..dimension], row, radius) {
                    (radius, best) = (distance, Some((node, mask)));
                }
            }
        }
        if self.hopeful {
            // What rounding leaves outside may be inside.
            radius = radius.min((eps + self.problem.rounding()).next_up());
        }
        for (index, group) in endings.groups.iter().enumerate() {
            let mut nodes = (0..front.len()).filter(|&node| endings.group(front.nodes.taken[node]) == index).peekable();
            if radius <= eps || nodes.peek().is_none() || group.masks.is_empty() {
                continue;
            }
            let grid = Grid::new(&group.rows, stride, dimension, radius);
            for node in nodes {
                let mut visit = |distance, id: u32| {
                    best = Some((node, group.masks[id as usize]));
                    if distance <= eps { ControlFlow::Break(()) } else { ControlFlow::Continue(distance) }
                };
                if grid.search(front.missing(node), &mut radius, &mut visit).is_break() || budget.is_spent() {
                    return best;
                }
            }
        }
        best
    }
}

/// How many of the vectors, from the first on, reach far beyond the target: their sums extend twice as far in its direction.
/// None if all together do not.
fn reaching(problem: &Problem, rising: &[usize], target: &[f64]) -> Option<usize> {
    let product = |x: &[f64]| x.iter().zip(target).map(|(x, z)| x * z).sum::<f64>();
    let mut missing = 2.0 * product(target);
    for (count, &index) in rising.iter().enumerate() {
        if missing <= 0.0 {
            return Some(count);
        }
        missing -= product(problem.vector(index)).max(0.0);
    }
    (missing <= 0.0).then_some(rising.len())
}

/// What is decided about larger vectors than those of the pool, and what is then left of the target.
#[derive(Clone)]
struct Approach {
    target: Vec<f64>,
    taken: Vec<usize>,
}

impl Approach {
    fn take(&mut self, problem: &Problem, index: usize) {
        self.target.iter_mut().zip(problem.vector(index)).for_each(|(z, x)| *z -= x);
        self.taken.push(index);
    }

    /// By how much the target comes nearer when a vector is taken.
    fn gain(&self, problem: &Problem, index: usize) -> f64 {
        self.target.iter().zip(problem.vector(index)).map(|(z, x)| x * (2.0 * z - x)).sum()
    }

    /// Takes each vector that leaves the target nearer, from the largest on; of a fixed size, some are left for the pool.
    fn take_what_helps(&mut self, problem: &Problem, rising: &[usize]) {
        let left = LEFT_A_COORDINATE * problem.dimension();
        let most = problem.size().map_or(usize::MAX, |size| size.saturating_sub(left));
        for &index in rising.iter().rev() {
            if self.taken.len() < most && self.gain(problem, index) > 0.0 {
                self.take(problem, index);
            }
        }
    }

    /// Of each two of the smallest vectors that are not taken, which follow each other by norm, takes the one that leaves the
    /// target nearer; `pairs` times, from the largest on.
    fn take_one_of_pairs(&mut self, problem: &Problem, rising: &[usize], pairs: usize) {
        let free = complement(&self.taken, problem.len());
        let next: Vec<usize> = rising.iter().copied().filter(|&index| free[index]).take(2 * pairs).collect();
        for pair in next.chunks_exact(2).rev() {
            let first_is_nearer = self.gain(problem, pair[0]) >= self.gain(problem, pair[1]);
            self.take(problem, if first_is_nearer { pair[0] } else { pair[1] });
        }
    }
}

/// The partial subsets that are kept.
struct Front {
    stride: usize,
    nodes: Nodes,
    /// What is filled at the next decision, and its choices: kept for their memory.
    next: Nodes,
    choices: Vec<u64>,
    /// The squared Mahalanobis distances of the choices.
    distances: Vec<f64>,
    /// How far the log-odds of what was taken count for a partial subset.
    pull: f64,
    /// Whether partial subsets were left out.
    is_cut: bool,
    /// Vector by vector, for each partial subset that was kept the one it came from, twice, plus whether the vector was taken.
    decisions: Vec<u32>,
    /// Where the decisions of each vector start.
    starts: Vec<usize>,
}

#[derive(Default)]
struct Nodes {
    /// Row by row, what each partial subset lacks of the target beyond what can be expected.
    missing: Vec<f64>,
    /// Squared Mahalanobis distances.
    distances: Vec<f64>,
    /// Inner products of the vector that is decided next, as it is seen, with what is lacking.
    shadows: Vec<f64>,
    /// Sums of the log-odds of the vectors taken.
    log_odds: Vec<f64>,
    /// Sizes.
    taken: Vec<u32>,
}

impl Front {
    fn new(moments: &Moments, pull: f64) -> Self {
        let nodes = Nodes {
            missing: moments.missing.clone(),
            distances: vec![moments.distance],
            shadows: vec![dot(moments.step(0).seen, &moments.missing)],
            log_odds: vec![0.0],
            taken: vec![0],
        };
        Front {
            stride: moments.stride,
            nodes,
            next: Nodes::default(),
            choices: Vec::new(),
            distances: Vec::new(),
            pull,
            is_cut: false,
            decisions: Vec::new(),
            starts: Vec::with_capacity(moments.len()),
        }
    }

    fn len(&self) -> usize {
        self.nodes.taken.len()
    }

    fn missing(&self, node: usize) -> &[f64] {
        &self.nodes.missing[node * self.stride..(node + 1) * self.stride]
    }

    /// Decides vector `index`, which is not the last, both ways and keeps the `width` best.
    fn decide(&mut self, moments: &Moments, index: usize, size: Option<usize>, width: usize) {
        let (step, next) = (moments.step(index), moments.step(index + 1));
        widest(
            #[inline(always)]
            || self.list_choices(&step),
        );
        if let Some(size) = size {
            self.keep_those_of(size, moments.len() - index - 1);
        }
        if self.choices.len() > width {
            self.is_cut = true;
            keep_least(&mut self.choices, width);
        }
        widest(
            #[inline(always)]
            || self.carry_out(&step, &next),
        );
        self.starts.push(self.decisions.len());
        self.decisions.extend(self.choices.iter().map(|&choice| choice as u32));
        std::mem::swap(&mut self.next, &mut self.nodes);
    }

    /// Both ways to decide for every partial subset: first the score, so that the best come first, then the partial subset and
    /// whether the vector is taken.
    #[inline(always)]
    fn list_choices(&mut self, step: &Step) {
        let Nodes { distances, shadows, log_odds, .. } = &self.nodes;
        let pull = 2.0 * self.pull;
        self.distances.resize(2 * shadows.len(), 0.0);
        self.choices.resize(2 * shadows.len(), 0);
        let nodes = distances.iter().zip(shadows).zip(log_odds).enumerate();
        let both = self.distances.as_chunks_mut().0.iter_mut().zip(self.choices.as_chunks_mut::<2>().0);
        for ((node, ((&distance, &shadow), &log_odds)), (distances, choices)) in nodes.zip(both) {
            *distances = step.distances(shadow, distance);
            for take in 0..2 {
                let score = distances[take] - pull * (log_odds + take as f64 * step.log_odds);
                choices[take] = u64::from(rising_bits(score as f32)) << 32 | (2 * node + take) as u64;
            }
        }
    }

    /// Leaves the choices from which the size can be reached with `left` vectors undecided.
    fn keep_those_of(&mut self, size: usize, left: usize) {
        let taken = &self.nodes.taken;
        self.choices.retain(|&choice| {
            let (node, take) = parts(choice);
            let taken = (taken[node] + take) as usize;
            taken <= size && taken + left >= size
        });
    }

    /// Sets the next partial subsets to those chosen, as the vector after sees them.
    #[inline(always)]
    fn carry_out(&mut self, step: &Step, after: &Step) {
        let Front { stride, nodes, next, choices, distances, .. } = self;
        next.missing.resize(choices.len() * *stride, 0.0);
        next.shadows.resize(choices.len(), 0.0);
        let rows = next.missing.chunks_exact_mut(*stride).zip(&mut next.shadows);
        for ((row, shadow), &choice) in rows.zip(&*choices) {
            let (node, take) = parts(choice);
            *shadow = step.decide(&nodes.missing[node * *stride..][..*stride], take == 1, row, after.seen);
        }
        next.distances.clear();
        next.distances.extend(choices.iter().map(|&choice| distances[choice as u32 as usize]));
        let parts = choices.iter().map(|&choice| parts(choice));
        next.log_odds.clear();
        next.log_odds.extend(parts.clone().map(|(node, take)| nodes.log_odds[node] + f64::from(take) * step.log_odds));
        next.taken.clear();
        next.taken.extend(parts.map(|(node, take)| nodes.taken[node] + take));
    }

    /// The places, among the vectors decided, of those that a partial subset takes.
    fn subset(&self, mut node: usize) -> impl Iterator<Item = usize> {
        let starts = self.starts.iter().enumerate().rev();
        starts.filter_map(move |(index, start)| {
            let decision = self.decisions[start + node];
            node = (decision / 2) as usize;
            (decision % 2 == 1).then_some(index)
        })
    }
}

/// Keeps so many of the least numbers, fewer than there are.
fn keep_least(numbers: &mut Vec<u64>, count: usize) {
    match <&mut [u64; 2 * NARROW]>::try_from(&mut numbers[..]) {
        Ok(few) => sort_few(few),
        Err(_) => _ = numbers.select_nth_unstable(count - 1),
    }
    numbers.truncate(count);
}

/// Sorts by a network of comparisons without branches (Knuth, The Art of Computer Programming 3, 5.3.4).
#[inline(always)]
fn sort_few(numbers: &mut [u64; 2 * NARROW]) {
    const NETWORK: [[usize; 2]; 19] = [
        [0, 2],
        [1, 3],
        [4, 6],
        [5, 7],
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
        [2, 4],
        [3, 5],
        [1, 4],
        [3, 6],
        [1, 2],
        [3, 4],
        [5, 6],
    ];
    for [i, j] in NETWORK {
        (numbers[i], numbers[j]) = (numbers[i].min(numbers[j]), numbers[i].max(numbers[j]));
    }
}

/// The partial subset of a choice, and whether the vector is taken.
#[inline(always)]
fn parts(choice: u64) -> (usize, u32) {
    let choice = choice as u32;
    (choice as usize / 2, choice % 2)
}

/// Bits that are in the order of the numbers.
#[inline(always)]
fn rising_bits(x: f32) -> u32 {
    let bits = x.to_bits();
    // Of a negative number all bits are turned, of another the sign.
    bits ^ ((bits as i32 >> 31) as u32 | 1 << 31)
}

/// Subsets of the last vectors, by size if that is fixed.
struct Endings {
    /// How many vectors.
    last: usize,
    /// The size that both parts must have together.
    size: Option<usize>,
    groups: Vec<Group>,
    /// Whether no size is left out.
    are_all: bool,
}

#[derive(Default, Clone)]
struct Group {
    /// Sums beyond what can be expected, row by row.
    rows: Vec<f64>,
    /// Bit i stands for the i-th of the last vectors.
    masks: Vec<u64>,
}

impl Endings {
    /// All subsets of as many of the last vectors as are worth about [`ENDINGS_A_NODE`] times `width` choices; if the size is
    /// fixed without the sizes at which they are many more.
    fn new(moments: &Moments, width: usize, size: Option<usize>) -> Self {
        let wanted = (ENDINGS_A_NODE * width) as f64;
        let mut left = wanted.log2();
        let mut last = 0;
        while left > 0.0 && last < moments.len().min(if size.is_some() { MOST_LAST_SIZED } else { MOST_LAST }) {
            last += 1;
            // Of any size, all subsets are listed, however unlikely.
            left -= if size.is_some() { bits(moments.step(moments.len() - last).odds) } else { 1.0 };
        }
        let vectors: Vec<&[f64]> = (moments.len() - last..moments.len()).map(|i| moments.step(i).vector).collect();
        let mut expected = vec![0.0; moments.stride];
        for index in moments.len() - last..moments.len() {
            let step = moments.step(index);
            expected.iter_mut().zip(step.vector).for_each(|(sum, x)| *sum -= step.odds * x);
        }
        let groups = match size {
            None => vec![Group::of_any_size(&vectors, expected)],
            Some(size) => (0..=last.min(size))
                .map(|part| match ln_binomial(last as u64, part as u64).exp() <= MOST_ENDINGS * wanted {
                    true => Group::of_size(&vectors, &expected, part),
                    false => Group::default(),
                })
                .collect(),
        };
        let are_all = groups.iter().all(|group| !group.masks.is_empty());
        Endings { last, size, groups, are_all }
    }

    /// Which group completes a partial subset of so many vectors.
    fn group(&self, taken: u32) -> usize {
        self.size.map_or(0, |size| size - taken as usize)
    }
}

/// The entropy of a choice with these odds.
fn bits(odds: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(odds) + part(1.0 - odds)
}

impl Group {
    /// All subsets; their sums begin at `start`.
    fn of_any_size(vectors: &[&[f64]], start: Vec<f64>) -> Self {
        let mut group = Group { rows: start, masks: vec![0] };
        for (bit, vector) in vectors.iter().enumerate() {
            let without = group.rows.len();
            group.rows.extend_from_within(..);
            add_to_rows(&mut group.rows[without..], vector);
            group.masks.extend_from_within(..);
            let half = group.masks.len() / 2;
            group.masks[half..].iter_mut().for_each(|mask| *mask |= 1 << bit);
        }
        group
    }

    /// All subsets of this size.
    fn of_size(vectors: &[&[f64]], start: &[f64], size: usize) -> Self {
        let mut group = Group::default();
        let mut sums = vec![0.0; (size + 1) * start.len()];
        sums[size * start.len()..].copy_from_slice(start);
        group.choose(vectors, size, 0, start.len(), &mut sums);
        group
    }

    /// Lists the ways to take `size` of the vectors; row `size` of `sums` is the sum so far, `mask` what it took.
    fn choose(&mut self, vectors: &[&[f64]], size: usize, mask: u64, stride: usize, sums: &mut [f64]) {
        if size == 0 {
            self.rows.extend_from_slice(&sums[..stride]);
            self.masks.push(mask);
            return;
        }
        // The vector of the highest bit among those taken.
        for bit in (size - 1)..vectors.len() {
            let (deeper, row) = sums.split_at_mut(size * stride);
            let next = &mut deeper[(size - 1) * stride..];
            for ((next, sum), x) in next.iter_mut().zip(&row[..stride]).zip(vectors[bit]) {
                *next = sum + x;
            }
            self.choose(&vectors[..bit], size - 1, mask | 1 << bit, stride, sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::nsn::sampling::add_nsn_vector;

    fn nsn_vectors(n: usize, dimension: usize, stream: &mut Stream) -> Vec<f64> {
        let mut vectors = vec![0.0; n * dimension];
        vectors.chunks_mut(dimension).for_each(|vector| add_nsn_vector(vector, stream));
        vectors
    }

    fn solve(vectors: &[f64], target: &[f64], eps: f64, size: Option<usize>) -> Outcome {
        let problem = Problem::new(vectors, target.len(), target, eps, size).unwrap();
        Beam::DEFAULT.solve(&problem, &mut Stream::new(1, 1), &Budget::COUNTED)
    }

    /// The errors asked for are what a beam of this width reaches with room to spare: in 36 dimensions about 0.007.
    /// By the zero-one principle: what sorts all zeros and ones sorts everything.
    #[test]
    fn the_network_sorts() {
        for ones in 0u32..1 << (2 * NARROW) {
            let mut numbers = std::array::from_fn(|bit| u64::from(ones >> bit & 1));
            sort_few(&mut numbers);
            assert!(numbers.is_sorted(), "{numbers:?}");
            assert_eq!(numbers.iter().sum::<u64>(), u64::from(ones.count_ones()));
        }
    }

    #[test]
    fn many_vectors_come_near_with_and_without_a_size() {
        let mut stream = Stream::new(15, 16);
        for (n, dimension, eps) in [(300, 2, 1e-4), (300, 4, 2e-3), (3000, 36, 0.05)] {
            let vectors = nsn_vectors(n, dimension, &mut stream);
            let target: Vec<f64> = (0..dimension).map(|j| 0.1 * (1.0 + j as f64).sin()).collect();
            for size in [None, Some(n / 10), Some(n / 2), Some(2 * n / 3)] {
                let Outcome::Found(solution) = solve(&vectors, &target, eps, size) else {
                    panic!("not found: n {n} dimension {dimension} size {size:?}")
                };
                assert!(size.is_none_or(|size| solution.subset.len() == size));
                assert!(solution.subset.windows(2).all(|pair| pair[0] < pair[1]), "a vector is taken twice");
            }
        }
    }

    #[test]
    fn far_targets_are_reached_with_large_vectors() {
        let mut stream = Stream::new(17, 18);
        let vectors = nsn_vectors(3000, 8, &mut stream);
        let mut target = [0.0; 8];
        target[0] = 300.0;
        for size in [None, Some(600)] {
            let Outcome::Found(solution) = solve(&vectors, &target, 0.01, size) else { panic!("not found: {size:?}") };
            assert!(solution.subset.windows(2).all(|pair| pair[0] < pair[1]), "a vector is taken twice");
        }
    }

    /// The loops as they are compiled for any processor, and for this one.
    #[test]
    fn wider_instructions_change_no_bit() {
        let vectors = nsn_vectors(80, 9, &mut Stream::new(23, 24));
        let problem = Problem::new(&vectors, 9, &[0.3; 9], 1e-3, None).unwrap();
        let moments =
            Moments::new(&problem, (0..80).collect(), 0.1, f64::NEG_INFINITY, &Budget::COUNTED).looking_back();
        let (mut wide, mut plain) = (Front::new(&moments, PULL), Front::new(&moments, PULL));
        for index in 0..70 {
            wide.decide(&moments, index, None, 333);
            plain.list_choices(&moments.step(index));
            if plain.choices.len() > 333 {
                plain.choices.select_nth_unstable(332);
                plain.choices.truncate(333);
            }
            plain.carry_out(&moments.step(index), &moments.step(index + 1));
            std::mem::swap(&mut plain.next, &mut plain.nodes);
            let numbers = |front: &Front| {
                let Nodes { missing, distances, shadows, log_odds, .. } = &front.nodes;
                [missing, distances, shadows, log_odds]
                    .map(|numbers| numbers.iter().map(|x| x.to_bits()).collect::<Vec<u64>>())
            };
            assert_eq!(numbers(&wide), numbers(&plain), "after {index}");
        }
    }

    #[test]
    fn the_problem_alone_decides_the_answer() {
        let vectors = nsn_vectors(100, 6, &mut Stream::new(19, 20));
        assert_eq!(solve(&vectors, &[0.5; 6], 0.0, None), solve(&vectors, &[0.5; 6], 0.0, None));
    }

    #[test]
    fn a_spent_budget_ends_with_some_subset() {
        let vectors = nsn_vectors(400, 30, &mut Stream::new(21, 22));
        let problem = Problem::new(&vectors, 30, &[0.1; 30], 1e-9, Some(100)).unwrap();
        let flag = std::sync::atomic::AtomicBool::new(true);
        let budget = Budget::until(std::time::Instant::now(), &flag, &|_| {});
        let Outcome::GaveUp { best } = Beam::DEFAULT.solve(&problem, &mut Stream::new(1, 1), &budget) else {
            panic!("not found in 30 dimensions")
        };
        assert_eq!(best.subset.len(), 100);
        assert!(best.error < 3.0, "{}", best.error);
    }

    #[test]
    fn degenerate_vectors_are_no_trouble() {
        for (vectors, target) in [
            (vec![0.0; 200], [0.0, 0.0]),
            (vec![0.0; 200], [1.0, 0.0]),
            (vec![1.0; 200], [50.0, 50.0]),
            (vec![1e-300; 200], [1.0, 1.0]),
            (vec![1e150; 200], [3e150, 3e150]),
        ] {
            for size in [None, Some(0), Some(3), Some(50), Some(100)] {
                match solve(&vectors, &target, 1e-9, size) {
                    Outcome::Found(best) | Outcome::GaveUp { best } => {
                        assert!(size.is_none_or(|size| best.subset.len() == size));
                    }
                    Outcome::None => panic!("a beam proves nothing"),
                }
            }
        }
    }
}
