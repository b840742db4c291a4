//! Covering an interval: do the subset sums of some numbers come within eps of every point of [-1, 1]?

/// More values than this are decided only if some of them cover the interval: the sums of a half fill 8 MiB.
const MOST_VALUES: usize = 40;
/// The sums of at most so many values are listed, in 8 MiB too.
const MOST_LISTED: f64 = 20.0;
/// A walk through the interval looks at most at so many sums of the halves.
const MOST_SUMS_SEEN: usize = 1 << 30;
/// Steps from the upper end in which a gap is looked for before the walk from the lower one: most gaps are at the ends.
const FIRST_STEPS: usize = 12;

/// Whether every point of [-1, 1] is within `eps` of a subset sum of `values`; `None` where that hangs on the rounding of
/// the sums, or on more sums than can be searched.
///
/// Values that cover the interval cover it whatever else is added, so that the first few often do for a yes. Of few values all sums are
/// listed. Of more, from the end of what is covered, the farthest sum that leaves no gap is found among the sums of both halves of
/// the values, again and again, until the other end is reached, or no sum is left: a gap.
pub fn covers_unit_interval(values: &[f64], eps: f64) -> Option<bool> {
    // So many intervals of length 2 eps are shorter than [-1, 1] together.
    if (values.len() as f64).exp2() * eps < 1.0 {
        return Some(false);
    }
    let magnitude: f64 = 1.0 + eps + values.iter().map(|x| x.abs()).sum::<f64>();
    // Twice what adding all values in any order, and then walking from sum to sum, can be off.
    let rounding = (2 * values.len() + 8) as f64 * f64::EPSILON * magnitude;
    // The sum of none is near every point.
    if eps - rounding > 1.0 {
        return Some(true);
    }
    if !reach_both_ends(values, eps + rounding) {
        return Some(false);
    }
    let listed = if eps > rounding { values.len().min(most_listed(eps)) } else { 0 };
    if listed > 0 {
        let mut list = List::new(eps, eps - rounding);
        if values[..listed].iter().any(|value| list.covers_with(*value)) {
            return Some(true);
        }
        if listed == values.len() {
            return (list.walk(eps + rounding) == Walk::Gap).then_some(false);
        }
    }
    if some_cover(values, listed, eps, rounding) {
        return Some(true);
    }
    if values.len() <= MOST_VALUES {
        return (Halves::new(values).walk_both(eps + rounding) == Walk::Gap).then_some(false);
    }
    // The smallest values make the finest steps.
    let mut smallest = values.to_vec();
    smallest.sort_unstable_by(|x, y| x.abs().total_cmp(&y.abs()));
    some_cover(&smallest, 0, eps, rounding).then_some(true)
}

/// Whether all positive values together come within `radius` of 1, and all negative ones of -1.
fn reach_both_ends(values: &[f64], radius: f64) -> bool {
    let reach = |sign: f64| values.iter().map(|x| (sign * x).max(0.0)).sum::<f64>();
    reach(1.0) + radius >= 1.0 && reach(-1.0) + radius >= 1.0
}

/// Of so many values all sums are listed: until about a thousand lie within eps of a point. If there is a gap then, halves find it sooner.
fn most_listed(eps: f64) -> usize {
    (10.0 - eps.log2()).clamp(0.0, MOST_LISTED) as usize
}

/// Whether the first values, two more at each trial than the first `failed`, cover the interval, by more than rounding.
fn some_cover(values: &[f64], failed: usize, eps: f64, rounding: f64) -> bool {
    let most = values.len().min(MOST_VALUES);
    let enough = (1.0 / eps).log2().ceil().max(failed as f64 + 1.0) as usize;
    let trials = (enough.min(most)..most).step_by(2).chain([most]);
    trials.map(|count| Halves::new(&values[..count])).any(|halves| halves.walk_both(eps - rounding) == Walk::Arrived)
}

/// All sums of some values, and the least and the greatest of them in each of many cells: those of one cell leave no gap.
struct List {
    radius: f64,
    sums: Vec<f64>,
    /// From -1 - 2 eps to 1 + 2 eps, between one cell for all that is below and one for all above.
    cells: Vec<[f64; 2]>,
    low: f64,
    cells_per_unit: f64,
}

impl List {
    /// The sum of no values, which is to leave no gaps wider than twice the radius, at most `eps`.
    fn new(eps: f64, radius: f64) -> Self {
        let width = 2.0 + 4.0 * eps;
        let count = (0.5 * width / radius).floor() + 1.0;
        let cells = vec![[f64::INFINITY, f64::NEG_INFINITY]; count as usize + 2];
        let mut list = List { radius, sums: vec![0.0], cells, low: -0.5 * width, cells_per_unit: count / width };
        list.mark(0);
        list
    }

    /// Adds a value to the others. Whether they cover the interval then.
    fn covers_with(&mut self, value: f64) -> bool {
        let known = self.sums.len();
        self.sums.extend_from_within(..);
        self.sums[known..].iter_mut().for_each(|sum| *sum += value);
        self.mark(known);
        self.sums.len() as f64 * self.radius >= 1.0 && self.walk(self.radius) == Walk::Arrived
    }

    /// Puts the sums from a place on into their cells.
    fn mark(&mut self, from: usize) {
        let last = (self.cells.len() - 1) as f64;
        for sum in &self.sums[from..] {
            let cell = (1.0 + (sum - self.low) * self.cells_per_unit).clamp(0.0, last) as u32;
            let [least, greatest] = &mut self.cells[cell as usize];
            *least = if sum < least { *sum } else { *least };
            *greatest = if sum > greatest { *sum } else { *greatest };
        }
    }

    /// From -1 to 1, from cell to cell; twice the radius is at least as wide as one.
    fn walk(&self, radius: f64) -> Walk {
        let mut covered_to = -1.0;
        for [least, greatest] in
            self.cells[1..self.cells.len() - 1].iter().filter(|[least, greatest]| least <= greatest)
        {
            if least - radius > covered_to {
                return Walk::Gap;
            }
            covered_to = f64::max(covered_to, greatest + radius);
            if covered_to >= 1.0 {
                return Walk::Arrived;
            }
        }
        Walk::Gap
    }
}

/// All sums with and without one more value, in order.
fn with_value(sums: &[f64], value: f64) -> Vec<f64> {
    let mut merged = Vec::with_capacity(2 * sums.len());
    let (mut i, mut j) = (0, 0);
    while i < sums.len() && j < sums.len() {
        let (without, with) = (sums[i], sums[j] + value);
        if without <= with {
            merged.push(without);
            i += 1;
        } else {
            merged.push(with);
            j += 1;
        }
    }
    merged.extend_from_slice(&sums[i..]);
    merged.extend(sums[j..].iter().map(|sum| sum + value));
    merged
}

/// The sorted subset sums of both halves of the values.
struct Halves {
    first: Vec<f64>,
    second: Vec<f64>,
}

/// How a walk from -1 towards 1 ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Walk {
    /// All is covered.
    Arrived,
    /// A point has no sum near it.
    Gap,
    /// The steps were spent.
    Underway,
}

impl Halves {
    fn new(values: &[f64]) -> Self {
        let sums = |values: &[f64]| values.iter().fold(vec![0.0], |sums, value| with_value(&sums, *value));
        let (first, second) = values.split_at(values.len() / 2);
        Halves { first: sums(first), second: sums(second) }
    }

    /// The halves of the negated values.
    fn mirrored(&self) -> Self {
        let negated = |sums: &[f64]| sums.iter().rev().map(|sum| -sum).collect();
        Halves { first: negated(&self.first), second: negated(&self.second) }
    }

    /// The largest sum of all values that is at most `most`.
    fn largest_up_to(&self, most: f64) -> f64 {
        let mut largest = f64::NEG_INFINITY;
        let mut end = self.second.len();
        for sum in &self.first {
            while end > 0 && sum + self.second[end - 1] > most {
                end -= 1;
            }
            let Some(last) = end.checked_sub(1) else { break };
            largest = f64::max(largest, sum + self.second[last]);
        }
        largest
    }

    /// From -1 to 1, after a few steps from 1 downwards.
    fn walk_both(&self, radius: f64) -> Walk {
        if self.mirrored().walk(radius, FIRST_STEPS) == Walk::Gap {
            return Walk::Gap;
        }
        self.walk(radius, MOST_SUMS_SEEN / (self.first.len() + self.second.len()))
    }

    fn walk(&self, radius: f64, steps: usize) -> Walk {
        let mut covered_to = -1.0;
        for _ in 0..steps {
            let reached = self.largest_up_to(covered_to + radius) + radius;
            if reached <= covered_to {
                return Walk::Gap;
            }
            covered_to = reached;
            if covered_to >= 1.0 {
                return Walk::Arrived;
            }
        }
        Walk::Underway
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    /// Every subset's sum by itself, sorted, and the widest gap over [-1, 1] beside 2 eps.
    fn by_definition(values: &[f64], eps: f64) -> bool {
        let sum = |mask: u32| -> f64 { (0..values.len()).filter(|i| mask >> i & 1 == 1).map(|i| values[i]).sum() };
        let mut sums: Vec<f64> = (0..1u32 << values.len()).map(sum).collect();
        sums.sort_by(f64::total_cmp);
        let near = |z: f64| sums.iter().any(|sum| (sum - z).abs() <= eps);
        let gaps = sums.windows(2).filter(|pair| pair[1] > -1.0 && pair[0] < 1.0);
        // The middle of a gap that is too wide is a point of [-1, 1] far from all sums, or else an end is.
        near(-1.0) && near(1.0) && gaps.clone().all(|pair| near((0.5 * (pair[0] + pair[1])).clamp(-1.0, 1.0)))
    }

    #[test]
    fn exact_cases() {
        assert_eq!(covers_unit_interval(&[], 0.9), Some(false));
        assert_eq!(covers_unit_interval(&[], 1.5), Some(true));
        assert_eq!(covers_unit_interval(&[0.5], 1e308), Some(true));
        // Sums -1, -1/2, 0, 1/2, 1 and more leave gaps of 1/2: at eps = 1/4 it hangs on rounding.
        let values = [-1.0, 0.5, 0.5, 1.0];
        assert_eq!(covers_unit_interval(&values, 0.2500001), Some(true));
        assert_eq!(covers_unit_interval(&values, 0.25), None);
        assert_eq!(covers_unit_interval(&values, 0.2499), Some(false));
        // Nothing below 0.
        assert_eq!(covers_unit_interval(&[0.5, 0.5, 0.25, 0.1, 0.1, 0.3], 0.3), Some(false));
    }

    #[test]
    fn draws_are_decided_as_by_definition() {
        let mut stream = Stream::new(3, 4);
        let (mut yes, mut no) = (0, 0);
        for round in 0..400 {
            let n = stream.random_range(2..=11);
            let values: Vec<f64> = (0..n).map(|_| stream.random_range(-1.0..1.0)).collect();
            let eps = [0.3, 0.1, 0.03, 0.01][round % 4];
            let found = covers_unit_interval(&values, eps);
            assert_eq!(found, Some(by_definition(&values, eps)), "{values:?} at {eps}");
            *if found == Some(true) { &mut yes } else { &mut no } += 1;
        }
        assert!(yes > 60 && no > 60, "{yes} covered and {no} not: the draws test nothing");
    }

    /// All sums in a list, and those of halves: the walks through both end alike.
    #[test]
    fn lists_and_halves_agree() {
        let mut stream = Stream::new(5, 6);
        for (n, eps) in [(6, 0.2), (10, 0.02), (12, 0.01), (14, 0.003)].repeat(30) {
            let values: Vec<f64> = (0..n).map(|_| stream.random_range(-1.0..1.0)).collect();
            let mut list = List::new(eps, eps);
            values.iter().for_each(|value| _ = list.covers_with(*value));
            assert_eq!(list.sums.len(), 1 << n);
            for radius in [eps, 1.5 * eps] {
                assert_eq!(list.walk(radius), Halves::new(&values).walk_both(radius), "{values:?} {radius}");
            }
        }
    }

    /// Values that cover the interval do so whatever is added, also 60 large values whose sums cannot be listed.
    #[test]
    fn more_values_never_hurt() {
        let fine: Vec<f64> = (0..8).flat_map(|i| [0.5f64.powi(i), -0.5f64.powi(i)]).collect();
        assert_eq!(covers_unit_interval(&fine, 0.01), Some(true));
        let large: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { 0.9 } else { -0.9 } + 1e-3 * f64::from(i)).collect();
        assert_eq!(covers_unit_interval(&[&large[..], &fine[..]].concat(), 0.01), Some(true));
    }
}
