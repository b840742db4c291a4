//! Points of R^D by k-d tree, searched for all that lie in a box which may shrink on the way.

use std::ops::ControlFlow;

/// Ranges of at most so many points are scanned one by one.
const LEAF: usize = 16;

/// Points in a balanced tree of median splits along cycling axes; the tree is implicit in the order of the points.
pub(super) struct KdTree {
    dimension: usize,
    points: Vec<f64>,
    ids: Vec<u32>,
}

/// What a search carries down: the centre, the half-width of the open box, and what to do with a point inside.
pub(super) struct Search<'a, F> {
    /// Centre of the box.
    pub centre: &'a [f64],
    /// Half-width: points at max-norm distance below it are visited.
    pub radius: f64,
    /// Called with a point's distance and number; returns the half-width to go on with, or breaks the search.
    pub visit: F,
}

impl KdTree {
    /// The tree of `points`, row-major.
    pub fn new(points: &[f64], dimension: usize) -> Self {
        let mut ids: Vec<u32> = (0..(points.len() / dimension) as u32).collect();
        order(&mut ids, points, dimension, 0);
        let ordered = ids.iter().flat_map(|&id| row(points, dimension, id as usize)).copied().collect();
        KdTree { dimension, points: ordered, ids }
    }

    /// Visits the points in the search's box, the nearer side of each split first.
    pub fn search<F: FnMut(f64, u32) -> ControlFlow<(), f64>>(&self, search: &mut Search<F>) -> ControlFlow<()> {
        self.descend(0, self.ids.len(), 0, search)
    }

    fn descend<F: FnMut(f64, u32) -> ControlFlow<(), f64>>(
        &self,
        low: usize,
        high: usize,
        axis: usize,
        search: &mut Search<F>,
    ) -> ControlFlow<()> {
        if high - low <= LEAF {
            return self.scan(low, high, search);
        }
        let middle = usize::midpoint(low, high);
        let offset = search.centre[axis] - self.points[middle * self.dimension + axis];
        let next = (axis + 1) % self.dimension;
        let (left, right) = ((low, middle), (middle + 1, high));
        let (near, far) = if offset < 0.0 { (left, right) } else { (right, left) };
        self.descend(near.0, near.1, next, search)?;
        self.scan(middle, middle + 1, search)?;
        if offset.abs() < search.radius {
            self.descend(far.0, far.1, next, search)?;
        }
        ControlFlow::Continue(())
    }

    fn scan<F: FnMut(f64, u32) -> ControlFlow<(), f64>>(
        &self,
        low: usize,
        high: usize,
        search: &mut Search<F>,
    ) -> ControlFlow<()> {
        for index in low..high {
            if let Some(distance) =
                distance_below(search.centre, row(&self.points, self.dimension, index), search.radius)
            {
                search.radius = (search.visit)(distance, self.ids[index])?;
            }
        }
        ControlFlow::Continue(())
    }
}

fn row(points: &[f64], dimension: usize, index: usize) -> &[f64] {
    &points[index * dimension..(index + 1) * dimension]
}

/// The max-norm distance, if it is below `limit`.
fn distance_below(x: &[f64], y: &[f64], limit: f64) -> Option<f64> {
    let mut max = 0.0;
    for (x, y) in x.iter().zip(y) {
        let difference = (x - y).abs();
        if difference >= limit {
            return None;
        }
        if difference > max {
            max = difference;
        }
    }
    (max < limit).then_some(max)
}

fn order(ids: &mut [u32], points: &[f64], dimension: usize, axis: usize) {
    if ids.len() <= LEAF {
        return;
    }
    let middle = ids.len() / 2;
    let at = |id: u32| points[id as usize * dimension + axis];
    ids.select_nth_unstable_by(middle, |&x, &y| at(x).total_cmp(&at(y)));
    let (left, right) = ids.split_at_mut(middle);
    // The median stays where it is: the descent reads the split from it.
    let right = &mut right[1..];
    let next = (axis + 1) % dimension;
    order(left, points, dimension, next);
    order(right, points, dimension, next);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn visits_exactly_the_points_in_the_box() {
        let mut stream = Stream::new(13, 14);
        for dimension in 1..=4 {
            let points: Vec<f64> = (0..333 * dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
            let tree = KdTree::new(&points, dimension);
            for radius in [0.0, 0.1, 0.5, 3.0] {
                let centre: Vec<f64> = (0..dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
                let mut seen = Vec::new();
                let visit = |_, id| {
                    seen.push(id);
                    ControlFlow::Continue(radius)
                };
                assert!(tree.search(&mut Search { centre: &centre, radius, visit }).is_continue());
                seen.sort_unstable();
                let inside =
                    |id: &u32| distance_below(&centre, row(&points, dimension, *id as usize), radius).is_some();
                assert_eq!(seen, (0..333).filter(inside).collect::<Vec<u32>>());
            }
        }
    }
}
