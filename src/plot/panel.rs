//! One coordinate system with its grid, bounds, intervals and marked points.

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::style::RGBColor;

use crate::error::Result;
use crate::experiment::Quantity;

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Place, Stroke, UNITS};
use super::marks::{FRAME, GRID, INK, Mark, UNMET, WRONG_SIDE};
use super::selection::{Panel, Point, Selection};
use super::text::{Anchor, SMALL, Type, small, width};

/// What stands below the line of slack 0.
const WRONG_SIDE_NAME: &str = "violated";
/// Pixels on and off of a bound's line: of the plot's bound, and of further ones.
pub const DASHES: [(f64, f64); 3] = [(4.5, 2.5), (1.6, 1.6), (9.0, 3.0)];
/// Pixels on and off of the hypotheses' edge.
pub const DOTS: (f64, f64) = (1.2, 2.2);
/// A bar that is shorter than this many pixels is hidden by its marker.
pub const SHORTEST_BAR: f64 = 8.0;

/// Where a panel stands and how it is seen.
pub struct View<'a> {
    coordinates: Cartesian2d<Axis, Axis>,
    x: &'a Axis,
    y: &'a Axis,
    corner: Place,
    size: Place,
    selection: &'a Selection,
    quantity: Quantity,
    /// Pixels between the markers of neighbouring series that share a place.
    dodge: f64,
}

impl<'a> View<'a> {
    /// A panel's view, its upper left corner and its size in pixels.
    pub fn new(
        (x, y): (&'a Axis, &'a Axis),
        (corner, size): (Place, Place),
        selection: &'a Selection,
        quantity: Quantity,
        dodge: f64,
    ) -> Self {
        let units = |pixels: f64| (pixels * UNITS).round() as i32;
        let across = units(corner.0)..units(corner.0 + size.0);
        let upwards = units(corner.1 + size.1)..units(corner.1);
        let coordinates = Cartesian2d::new(x.clone(), y.clone(), (across, upwards));
        View { coordinates, x, y, corner, size, selection, quantity, dodge }
    }

    /// Draws the panel.
    pub fn draw(&self, canvas: &mut Canvas, panel: &Panel) -> Result<()> {
        self.draw_ground(canvas, panel)?;
        self.draw_bounds(canvas, panel)?;
        for point in panel.points.iter().filter(|point| has_bar(point, self.shortest_bar())) {
            self.draw_interval(canvas, point)?;
        }
        if self.quantity == Quantity::Slack {
            self.draw_joins(canvas, panel)?;
        }
        let marked = |point: &Point| point.heights.mark().map(|height| (Mark::of(point), self.of(point, height)));
        for (mark, place) in panel.points.iter().filter(|point| point.heights.value.is_some()).filter_map(marked) {
            mark.draw(canvas, place)?;
        }
        for (mark, place) in panel.points.iter().filter_map(marked) {
            mark.draw_ring(canvas, place)?;
        }
        Ok(())
    }

    fn shortest_bar(&self) -> f64 {
        SHORTEST_BAR / self.size.1 * (self.y.hi - self.y.lo)
    }

    /// A place of the axes in pixels.
    fn at(&self, x: f64, y: f64) -> Place {
        let (x, y) = self.coordinates.translate(&(x, y));
        (f64::from(x) / UNITS, f64::from(y) / UNITS)
    }

    /// A point's place at a height, beside the other series' points.
    fn of(&self, point: &Point, height: f64) -> Place {
        let (x, y) = self.at(point.x, height);
        (x + self.dodge * (point.series as f64 - 0.5 * (self.selection.series.len() as f64 - 1.0)), y)
    }

    fn draw_ground(&self, canvas: &mut Canvas, panel: &Panel) -> Result<()> {
        let (left, top) = self.corner;
        let (right, bottom) = (left + self.size.0, top + self.size.1);
        let slack = self.quantity == Quantity::Slack;
        let zero = self.at(self.x.lo, 0.0).1;
        let unmet = unmet_places(panel);
        for (from, to) in &unmet {
            let (from, to) = (self.at(*from, 0.0).0, self.at(*to, 0.0).0);
            canvas.fill(&rectangle((from, top), (to, bottom)), UNMET)?;
        }
        if slack {
            canvas.fill(&rectangle((left, zero), (right, bottom)), WRONG_SIDE)?;
        }
        for tick in &self.x.ticks {
            let x = self.at(tick.at, 0.0).0;
            canvas.line(&[(x, top), (x, bottom)], Stroke(GRID, 0.6))?;
        }
        for tick in &self.y.ticks {
            let y = self.at(self.x.lo, tick.at).1;
            canvas.line(&[(left, y), (right, y)], Stroke(GRID, 0.6))?;
        }
        for edge in unmet.iter().flat_map(|(from, to)| [*from, *to]).filter(|edge| edge.is_finite()) {
            let x = self.at(edge, 0.0).0;
            canvas.dashed(&[(x, top), (x, bottom)], DOTS, Stroke(FRAME, 1.0))?;
        }
        canvas.outline(&rectangle((left, top), (right, bottom)), Stroke(FRAME, 0.8))?;
        if slack {
            canvas.line(&[(left, zero), (right, zero)], Stroke(INK, 1.4))?;
            let red = Type { colour: "#b00000", ..small(Anchor::Middle) };
            canvas.text(WRONG_SIDE_NAME, (self.clearest(panel), bottom - 8.0), red);
        }
        Ok(())
    }

    /// Where along the lower edge the violated side's name hides the fewest points.
    fn clearest(&self, panel: &Panel) -> f64 {
        let half = 0.5 * width(WRONG_SIDE_NAME, SMALL) + 6.0;
        let (left, right, bottom) = (self.corner.0, self.corner.0 + self.size.0, self.corner.1 + self.size.1);
        let hidden = |middle: f64| {
            let is_hidden = |point: &&Point| {
                let lowest =
                    if has_bar(point, self.shortest_bar()) { Some(point.heights.lo) } else { point.heights.mark() };
                let (x, y) = self.of(point, lowest.unwrap_or(f64::INFINITY));
                (x - middle).abs() < half + 4.0 && y > bottom - 22.0
            };
            panel.points.iter().filter(is_hidden).count()
        };
        let places = (0..=8).map(|i| right - half - (right - left - 2.0 * half) * f64::from(i) / 8.0);
        places.min_by_key(|place| hidden(*place)).unwrap_or(left + half)
    }

    /// The bounds' lines: one in ink where all series have the same bound, else one in each series' colour.
    fn draw_bounds(&self, canvas: &mut Canvas, panel: &Panel) -> Result<()> {
        for line in 0..=panel.points.first().map_or(0, |point| point.also.len()) {
            if bounds_are_shared(self.selection, line) {
                self.draw_bound(canvas, panel.points.iter().collect(), None, line)?;
                continue;
            }
            for series in 0..self.selection.series.len() {
                self.draw_bound(canvas, of_series(panel, series), Some(series), line)?;
            }
        }
        Ok(())
    }

    fn draw_bound(
        &self,
        canvas: &mut Canvas,
        mut points: Vec<&Point>,
        series: Option<usize>,
        line: usize,
    ) -> Result<()> {
        points.retain(|point| point.bound(line).is_some());
        let dash = DASHES[line % DASHES.len()];
        points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.outside.cmp(&b.outside)));
        let colour = |outside: bool| match series {
            Some(_) => Mark { outside, ..Mark::plain(series) }.colour(),
            None => {
                if outside {
                    FRAME
                } else {
                    INK
                }
            }
        };
        let joined = is_function(&points, line) && !matches!(self.selection.x, Scale::Words(_));
        points.dedup_by(|later, earlier| joined && later.x == earlier.x);
        if joined && points.len() > 1 {
            let steps: Vec<(Place, bool)> =
                points.iter().filter_map(|point| Some((self.at(point.x, point.bound(line)?), point.outside))).collect();
            for (outside, run) in runs(&steps) {
                canvas.dashed(&run, dash, Stroke(colour(outside), 1.3))?;
            }
            return Ok(());
        }
        for point in points {
            let Some(bound) = point.bound(line) else { continue };
            let (x, y) = if series.is_some() { self.of(point, bound) } else { self.at(point.x, bound) };
            let half =
                9.25 + if series.is_some() { 0.0 } else { 0.5 * self.dodge * self.selection.series.len() as f64 };
            canvas.dashed(&[(x - half, y), (x + half, y)], dash, Stroke(colour(point.outside), 1.3))?;
        }
        Ok(())
    }

    /// Lines between a series' points, unless several of them share a place.
    fn draw_joins(&self, canvas: &mut Canvas, panel: &Panel) -> Result<()> {
        if matches!(self.selection.x, Scale::Words(_)) {
            return Ok(());
        }
        for series in 0..self.selection.series.len() {
            let points = of_series(panel, series);
            if points.windows(2).any(|pair| pair[0].x == pair[1].x) {
                continue;
            }
            let step = |point: &&Point| Some((self.of(point, point.heights.value?), point.outside));
            let steps: Vec<(Place, bool)> = points.iter().filter_map(step).collect();
            for (outside, run) in runs(&steps) {
                let colour = Mark { outside, ..Mark::plain(Some(series)) }.colour();
                canvas.line(&run, Stroke(colour, 1.2))?;
            }
        }
        Ok(())
    }

    fn draw_interval(&self, canvas: &mut Canvas, point: &Point) -> Result<()> {
        let heights = point.heights;
        let ((x, low), (_, high)) = (self.of(point, heights.lo), self.of(point, heights.hi));
        let open = (heights.lo.is_infinite(), heights.hi.is_infinite());
        draw_bar(canvas, x, (low, high), open, Mark::of(point).colour())
    }
}

/// Draws an interval's bar, with an arrow at an end that lies beyond the axis and a stroke across the others.
pub fn draw_bar(
    canvas: &mut Canvas,
    x: f64,
    (low, high): (f64, f64),
    open: (bool, bool),
    colour: RGBColor,
) -> Result<()> {
    let stroke = Stroke(colour, 1.0);
    canvas.line(&[(x, low), (x, high)], stroke)?;
    for (y, open, inwards) in [(low, open.0, -1.0), (high, open.1, 1.0)] {
        if open {
            canvas.fill(&[(x, y), (x - 3.0, y + 6.0 * inwards), (x + 3.0, y + 6.0 * inwards)], colour)?;
        } else {
            canvas.line(&[(x - 2.5, y), (x + 2.5, y)], stroke)?;
        }
    }
    Ok(())
}

/// Whether a point's interval is seen: it is not `shortest`, or there is no marker that would hide it.
pub fn has_bar(point: &Point, shortest: f64) -> bool {
    let length = point.heights.hi - point.heights.lo;
    length >= shortest || point.heights.value.is_none()
}

/// The stretches of the horizontal axis on which no cell of the panel meets the hypotheses: half way to the next cells
/// that do, infinite where there are none.
pub fn unmet_places(panel: &Panel) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, bool)> = panel.points.iter().map(|point| (point.x, point.outside)).collect();
    // Of the cells at one place, one inside comes first and is kept.
    places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    places.dedup_by_key(|(x, _)| *x);
    let mut stretches = Vec::new();
    for stretch in places.chunk_by(|a, b| a.1 == b.1) {
        let ends = (stretch[0], stretch[stretch.len() - 1]);
        if ends.0.1 {
            let before = places.iter().rev().find(|(x, _)| *x < ends.0.0);
            let after = places.iter().find(|(x, _)| *x > ends.1.0);
            let from = before.map_or(f64::NEG_INFINITY, |(x, _)| 0.5 * (x + ends.0.0));
            stretches.push((from, after.map_or(f64::INFINITY, |(x, _)| 0.5 * (x + ends.1.0))));
        }
    }
    stretches
}

/// Whether in every panel all series have one bound at each place.
fn bounds_are_shared(selection: &Selection, line: usize) -> bool {
    selection.panels.iter().all(|panel| {
        let mut points: Vec<&Point> = panel.points.iter().filter(|point| point.bound(line).is_some()).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        is_function(&points, line)
    })
}

/// Whether points, sorted by place, have one bound at each place.
fn is_function(points: &[&Point], line: usize) -> bool {
    let differ = |a: f64, b: f64| (a - b).abs() > 1e-9 * a.abs().max(b.abs());
    !points.windows(2).any(|pair| match (pair[0].bound(line), pair[1].bound(line)) {
        (Some(a), Some(b)) => pair[0].x == pair[1].x && differ(a, b),
        _ => false,
    })
}

fn of_series(panel: &Panel, series: usize) -> Vec<&Point> {
    panel.points.iter().filter(|point| point.series == series).collect()
}

/// Splits a line into runs; one is `outside` where either end of its steps is.
fn runs(steps: &[(Place, bool)]) -> Vec<(bool, Vec<Place>)> {
    let mut runs: Vec<(bool, Vec<Place>)> = Vec::new();
    for pair in steps.windows(2) {
        let outside = pair[0].1 || pair[1].1;
        match runs.last_mut() {
            Some((same, run)) if *same == outside => run.push(pair[1].0),
            _ => runs.push((outside, vec![pair[0].0, pair[1].0])),
        }
    }
    runs
}

fn rectangle((left, top): Place, (right, bottom): Place) -> [Place; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}
