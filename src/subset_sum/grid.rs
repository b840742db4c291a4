//! Points of R^D in a grid of cells, searched for all that lie in a box which may shrink on the way.

use std::cell::OnceCell;
use std::ops::ControlFlow;

/// At most so many coordinates are cut into cells.
const MOST_AXES: usize = 8;

/// One coordinate, cut into cells of equal width; the cells at both ends have no end.
#[derive(Debug, Clone, Copy)]
struct Axis {
    coordinate: usize,
    low: f64,
    cells_per_unit: f64,
    cells: usize,
}

impl Axis {
    /// The cell of a point of which this coordinate is `x`.
    fn cell(&self, x: f64) -> usize {
        // A float below 0 becomes cell 0.
        (((x - self.low) * self.cells_per_unit) as usize).min(self.cells - 1)
    }
}

/// Points ordered by cell.
pub(super) struct Grid {
    dimension: usize,
    axes: Vec<Axis>,
    starts: Vec<u32>,
    points: Vec<f64>,
    ids: Vec<u32>,
    /// For each point, where the points that are equal to it end; empty where none are known.
    ends: Vec<u32>,
    /// Coordinate by coordinate, the points' entries, once they are looked at.
    columns: Vec<OnceCell<Vec<f64>>>,
    /// For each coordinate, the least and the greatest entry.
    ranges: Vec<(f64, f64)>,
}

/// Cells with more points are put in order, so that equal ones can be passed over together.
const CROWDED: usize = 64;

impl Grid {
    /// The grid of rows of `stride` numbers, the first `dimension` of which are the point, for boxes of about the half-width
    /// `radius`.
    pub fn new(rows: &[f64], stride: usize, dimension: usize, radius: f64) -> Self {
        let count = rows.len() / stride;
        let ranges = ranges(rows, stride, dimension);
        let axes = choose_axes(&ranges, count, radius);
        let cell = |row: &[f64]| axes.iter().fold(0, |cell, axis| cell * axis.cells + axis.cell(row[axis.coordinate]));
        let cells: Vec<u32> = rows.chunks_exact(stride).map(|row| cell(row) as u32).collect();
        let mut starts = vec![0u32; axes.iter().map(|axis| axis.cells).product::<usize>() + 1];
        cells.iter().for_each(|&cell| starts[cell as usize + 1] += 1);
        for cell in 1..starts.len() {
            starts[cell] += starts[cell - 1];
        }
        let mut next = starts.clone();
        let mut ids = vec![0; count];
        for (id, &cell) in cells.iter().enumerate() {
            let place = &mut next[cell as usize];
            ids[*place as usize] = id as u32;
            *place += 1;
        }
        let row = |id: u32| &rows[id as usize * stride..][..dimension];
        let mut ends: Vec<u32> = (1..=count as u32).collect();
        let mut some_are_equal = false;
        for cell in starts.windows(2).map(|cell| cell[0] as usize..cell[1] as usize).filter(|c| c.len() > CROWDED) {
            ids[cell.clone()].sort_unstable_by(|&i, &j| {
                row(i).iter().zip(row(j)).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(i.cmp(&j))
            });
            for index in cell.rev().skip(1) {
                if row(ids[index]) == row(ids[index + 1]) {
                    ends[index] = ends[index + 1];
                    some_are_equal = true;
                }
            }
        }
        if !some_are_equal {
            ends.clear();
        }
        let mut points = Vec::with_capacity(count * dimension);
        ids.iter().for_each(|&id| points.extend_from_slice(row(id)));
        let columns = vec![OnceCell::new(); dimension];
        Grid { dimension, axes, starts, points, ids, ends, columns, ranges }
    }

    /// Visits the points whose max-norm distance from `centre` is below `radius`: `visit` gets the distance and the point's
    /// number, and returns the radius to go on with, or breaks the search.
    pub fn search(
        &self,
        centre: &[f64],
        radius: &mut f64,
        visit: &mut impl FnMut(f64, u32) -> ControlFlow<(), f64>,
    ) -> ControlFlow<()> {
        let centre = &centre[..self.dimension];
        let beyond = |(&x, &(low, high)): (&f64, &(f64, f64))| x - *radius >= high || x + *radius <= low;
        if centre.iter().zip(&self.ranges).any(beyond) {
            return ControlFlow::Continue(());
        }
        // How far, in half ranges, the centre is from the middle of the points.
        let far = |(&x, &(low, high)): (&f64, &(f64, f64))| (2.0 * x - low - high).abs() / (high - low);
        let farthest = centre.iter().zip(&self.ranges).map(far).enumerate().max_by(|x, y| x.1.total_cmp(&y.1));
        match farthest {
            Some((farthest, _)) => self.descend(0, 0, (centre, farthest), radius, visit),
            None => ControlFlow::Continue(()),
        }
    }

    /// Searches the cells from an axis on; of a point's entries that of coordinate `farthest` is looked at first.
    fn descend(
        &self,
        axis: usize,
        cell: usize,
        (centre, farthest): (&[f64], usize),
        radius: &mut f64,
        visit: &mut impl FnMut(f64, u32) -> ControlFlow<(), f64>,
    ) -> ControlFlow<()> {
        let Axis { coordinate, cells, .. } = self.axes[axis];
        let x = centre[coordinate];
        let (low, high) = (self.axes[axis].cell(x - *radius), self.axes[axis].cell(x + *radius));
        if axis + 1 < self.axes.len() {
            for next in low..=high {
                self.descend(axis + 1, cell * cells + next, (centre, farthest), radius, visit)?;
            }
            return ControlFlow::Continue(());
        }
        // Neighbours along the last axis are neighbours in memory.
        let points = self.starts[cell * cells + low] as usize..self.starts[cell * cells + high + 1] as usize;
        let column = self.column(farthest);
        let mut index = points.start;
        while index < points.end {
            if (column[index] - centre[farthest]).abs() >= *radius {
                index = self.behind(index);
                continue;
            }
            let point = &self.points[index * self.dimension..][..self.dimension];
            match distance_below(centre, point, *radius) {
                Some(distance) => {
                    *radius = visit(distance, self.ids[index])?;
                    index += 1;
                }
                None => index = self.behind(index),
            }
        }
        ControlFlow::Continue(())
    }

    fn column(&self, coordinate: usize) -> &[f64] {
        let entries = || self.points.iter().skip(coordinate).step_by(self.dimension).copied().collect();
        self.columns[coordinate].get_or_init(entries)
    }

    /// The next point that is not known to be equal to this one.
    fn behind(&self, index: usize) -> usize {
        self.ends.get(index).map_or(index + 1, |&end| end as usize)
    }
}

/// The max-norm distance, if it is below `limit`.
pub(super) fn distance_below(x: &[f64], y: &[f64], limit: f64) -> Option<f64> {
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

/// The least and the greatest entry in each coordinate.
fn ranges(rows: &[f64], stride: usize, dimension: usize) -> Vec<(f64, f64)> {
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); dimension];
    for row in rows.chunks_exact(stride) {
        for ((low, high), &x) in ranges.iter_mut().zip(row) {
            *low = low.min(x);
            *high = high.max(x);
        }
    }
    ranges
}

/// Cuts as many of the widest coordinates, into as many cells, as make a search cheapest: more cells hold fewer points, but a
/// box touches more of them.
fn choose_axes(ranges: &[(f64, f64)], count: usize, radius: f64) -> Vec<Axis> {
    let count = count.max(1) as f64;
    let width = |(low, high): (f64, f64)| (high - low).clamp(f64::MIN_POSITIVE, f64::MAX);
    let mut widest: Vec<usize> = (0..ranges.len()).collect();
    widest.sort_by(|&i, &j| width(ranges[j]).total_cmp(&width(ranges[i])));
    widest.truncate(MOST_AXES);
    let widths: Vec<f64> = widest.iter().map(|&coordinate| width(ranges[coordinate])).collect();
    let cut = |axes: usize| -> Vec<f64> {
        let equal = count.powf(1.0 / axes as f64);
        widths[..axes].iter().map(|width| equal.min((width / (2.0 * radius)).max(1.0)).ceil()).collect()
    };
    let cost = |cells: &[f64]| {
        let touched: f64 = cells.iter().zip(&widths).map(|(n, width)| n.min(1.0 + 3.0 * radius * n / width)).product();
        touched * (1.0 + 2.0 * count / cells.iter().product::<f64>())
    };
    let cuts = (1..=widest.len()).map(cut);
    let cells = cuts.min_by(|x, y| cost(x).total_cmp(&cost(y))).expect("a point has a coordinate");
    let axis = |((&cells, &coordinate), width): ((&f64, &usize), &f64)| Axis {
        coordinate,
        low: ranges[coordinate].0,
        cells_per_unit: cells / width,
        cells: cells as usize,
    };
    cells.iter().zip(&widest).zip(&widths).map(axis).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn visits_exactly_the_points_in_the_box() {
        let mut stream = Stream::new(13, 14);
        for (dimension, stride) in [(1, 1), (2, 4), (3, 3), (4, 4), (11, 12)] {
            let rows: Vec<f64> = (0..333 * stride).map(|_| StandardNormal.sample(&mut stream)).collect();
            for radius in [0.0, 0.1, 0.5, 3.0, f64::INFINITY] {
                let grid = Grid::new(&rows, stride, dimension, radius);
                let centre: Vec<f64> = (0..dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
                let mut seen = Vec::new();
                let mut visit = |_, id| {
                    seen.push(id);
                    ControlFlow::Continue(radius)
                };
                assert!(grid.search(&centre, &mut radius.clone(), &mut visit).is_continue());
                seen.sort_unstable();
                let point = |id: u32| &rows[id as usize * stride..][..dimension];
                let inside = |id: &u32| distance_below(&centre, point(*id), radius).is_some();
                assert_eq!(seen, (0..333).filter(inside).collect::<Vec<u32>>());
            }
        }
    }

    #[test]
    fn equal_points_and_no_points_are_found_as_they_are() {
        for count in [0, 1, 1000] {
            let grid = Grid::new(&vec![0.5; 2 * count], 2, 2, 0.1);
            let mut seen = 0;
            let mut visit = |distance, _| {
                assert_eq!(distance, 0.0);
                seen += 1;
                ControlFlow::Continue(0.1)
            };
            assert!(grid.search(&[0.5, 0.5], &mut 0.1, &mut visit).is_continue());
            assert_eq!(seen, count);
        }
    }
}
