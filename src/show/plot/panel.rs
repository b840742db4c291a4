//! One coordinate system with its grid, bounds, intervals and marked points.

use crate::experiment::Quantity;

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Colour, Dash, Place, Stroke};
use super::dodge::{self, Spot};
use super::marks::{FRAME, GRID, INK, Mark, OTHER_SIDE, RADIUS, RING, UNMET, WRONG_SIDE};
use super::selection::{Found, Heights, Panel, Point, Selection};
use super::text::{Anchor, Face, SMALL, Type, small, width};

/// Pixels on and off of a bound's line: of the plot's bound, and of further ones.
const DASHES: [(f64, f64); 3] = [(4.5, 2.5), (1.6, 1.6), (9.0, 3.0)];
/// The hypotheses' edge.
pub const DOTS: Dash = Dash { on: 1.2, off: 2.2, skip: 0.0 };
/// A bar whose arms are shorter than this many pixels is hidden by its marker.
pub const SHORTEST_ARM: f64 = 4.0;
/// How far inside the frame stands what is marked at an edge: 0 on a log axis, and the slack of 0.
const INSIDE: f64 = 5.0;
/// The room for it, which no other point takes.
pub const BEYOND: f64 = 12.0;
/// The width of lines between a series' points.
pub const JOIN: f64 = 1.2;
/// More lines of bounds that lie on each other than this cannot take turns; one stands for all.
const MOST_TURNS: usize = 5;

/// The pattern of a bound's line, by its number.
pub fn dash(line: usize) -> Dash {
    let (on, off) = DASHES[line % DASHES.len()];
    Dash { on, off, skip: 0.0 }
}

/// Where a panel stands and how it is seen.
pub struct View<'a> {
    x: &'a Axis,
    y: &'a Axis,
    corner: Place,
    size: Place,
    selection: &'a Selection,
    quantity: Quantity,
    panel: &'a Panel,
    /// How far each point stands beside its place, in pixels.
    offsets: Vec<f64>,
}

impl<'a> View<'a> {
    /// A panel's view, its upper left corner and its size in pixels.
    pub fn new(
        (x, y): (&'a Axis, &'a Axis),
        (corner, size): (Place, Place),
        selection: &'a Selection,
        quantity: Quantity,
        panel: &'a Panel,
    ) -> Self {
        let mut view = View { x, y, corner, size, selection, quantity, panel, offsets: Vec::new() };
        let spots: Vec<Spot> = panel.points.iter().map(|point| view.spot(point)).collect();
        view.offsets = dodge::offsets(&spots, size.0, view.is_by_words());
        view
    }

    /// Whether markers hide each other.
    pub fn is_crowded(&self) -> bool {
        let spots: Vec<Spot> = self.panel.points.iter().map(|point| self.spot(point)).collect();
        dodge::is_crowded(&spots, &self.offsets)
    }

    /// Draws the panel.
    pub fn draw(&self, canvas: &mut Canvas) {
        self.draw_ground(canvas);
        self.draw_bounds(canvas);
        self.draw_fits(canvas);
        for (index, point) in self.panel.points.iter().enumerate().filter(|(_, point)| self.has_bar(point)) {
            let Heights { lo, hi, value, .. } = point.heights;
            // A bar that goes on beyond the axis has an arrow there; one that ends at its own marker has none.
            let end = |height: f64| match value == Some(height) {
                true => (self.of_mark(index, height).1, false),
                false => (self.of(index, height).1, height < self.y.lo || height > self.y.hi),
            };
            let ((low, open_low), (high, open_high)) = (end(lo), end(hi));
            draw_bar(canvas, self.of(index, lo).0, (low, high), (open_low, open_high), Mark::of(point).colour());
        }
        for (series, run) in self.joins() {
            canvas.line(&run, Stroke(Mark::plain(Some(series)).colour(), JOIN));
        }
        let marked: Vec<(Mark, Place)> = self
            .panel
            .points
            .iter()
            .enumerate()
            .filter_map(|(index, point)| Some((Mark::of(point), self.of_mark(index, point.heights.value?))))
            .collect();
        marked.iter().for_each(|(mark, place)| mark.draw(canvas, *place));
        for (index, point) in self.panel.points.iter().enumerate() {
            if let Some(height) = point.heights.mark() {
                Mark::of(point).draw_ring(canvas, self.of_mark(index, height));
            }
        }
    }

    /// The fitted powers; lines that lie on each other take turns.
    fn draw_fits(&self, canvas: &mut Canvas) {
        const WHOLE: Dash = Dash { on: 7.0, off: 0.0, skip: 0.0 };
        let place = |(x, y): &(f64, f64)| self.at(*x, *y);
        let lines: Vec<(usize, Vec<Place>)> =
            self.panel.fits.iter().map(|(series, line)| (*series, line.iter().map(place).collect())).collect();
        let coincide = |a: &[Place], b: &[Place]| a.iter().zip(b).all(|(p, q)| (p.1 - q.1).abs() < 1.0 && p.0 == q.0);
        for (number, (series, line)) in lines.iter().enumerate() {
            let alike = |(_, other): &&(usize, Vec<Place>)| coincide(line, other);
            let (rank, count) = (lines[..number].iter().filter(alike).count(), lines.iter().filter(alike).count());
            let stroke = Stroke(Mark::plain(Some(*series)).colour(), 0.9);
            match count {
                1 => canvas.line(line, stroke),
                _ => canvas.dashed(line, WHOLE.shared(rank, count), stroke),
            }
        }
    }

    fn is_by_words(&self) -> bool {
        matches!(self.selection.x, Scale::Words(_))
    }

    fn has_bar(&self, point: &Point) -> bool {
        has_bar(point, SHORTEST_ARM / self.size.1 * (self.y.hi - self.y.lo))
    }

    /// A place of the axes in pixels.
    fn at(&self, x: f64, y: f64) -> Place {
        let (across, upwards) = (self.x.part(x), self.y.part(y));
        (self.corner.0 + across * self.size.0, self.corner.1 + (1.0 - upwards) * self.size.1)
    }

    /// What a point covers.
    fn spot(&self, point: &Point) -> Spot {
        let half = if Mark::of(point).has_ring() { RING } else { RADIUS } + 0.7;
        let (x, middle) = self.inside(self.at(point.x, point.heights.mark().unwrap_or(self.y.lo)));
        let (mut top, mut bottom) = (middle - half, middle + half);
        if self.has_bar(point) {
            top = top.min(self.at(point.x, point.heights.hi).1 - 1.0);
            bottom = bottom.max(self.at(point.x, point.heights.lo).1 + 1.0);
        }
        Spot { x, top, bottom, half, series: point.series }
    }

    /// A place moved to where a marker touches no frame above or below.
    fn inside(&self, (x, y): Place) -> Place {
        (x, y.clamp(self.corner.1 + INSIDE, self.corner.1 + self.size.1 - INSIDE))
    }

    /// As [`View::of`], for a marker.
    fn of_mark(&self, index: usize, height: f64) -> Place {
        self.inside(self.of(index, height))
    }

    /// The place of the point with this number, at a height, beside others that would hide it.
    fn of(&self, index: usize, height: f64) -> Place {
        let (x, y) = self.at(self.panel.points[index].x, height);
        (x + self.offsets[index], y)
    }

    fn draw_ground(&self, canvas: &mut Canvas) {
        let (left, top) = self.corner;
        let (right, bottom) = (left + self.size.0, top + self.size.1);
        let slack = self.quantity == Quantity::Slack;
        let zero = self.at(self.x.lo, 0.0).1;
        for (from, to) in &self.panel.unmet {
            canvas.fill(&rectangle((self.at(*from, 0.0).0, top), (self.at(*to, 0.0).0, bottom)), UNMET);
        }
        let (side, name, colour) = wrong_side(self.selection);
        if slack {
            canvas.fill(&rectangle((left, zero), (right, bottom)), side);
        }
        for tick in &self.x.ticks {
            let x = self.at(tick.at, 0.0).0;
            canvas.line(&[(x, top), (x, bottom)], Stroke(GRID, 0.6));
        }
        for tick in &self.y.ticks {
            let y = self.at(self.x.lo, tick.at).1;
            canvas.line(&[(left, y), (right, y)], Stroke(GRID, 0.6));
        }
        let edges = self.panel.unmet.iter().flat_map(|(from, to)| [*from, *to]);
        for edge in edges.filter(|edge| edge.is_finite()) {
            let x = self.at(edge, 0.0).0;
            canvas.dashed(&[(x, top), (x, bottom)], DOTS, Stroke(FRAME, 1.0));
        }
        for (end, y) in [(f64::INFINITY, top + 2.0 * INSIDE), (f64::NEG_INFINITY, bottom - 2.0 * INSIDE)] {
            if self.selection.points().any(|point| point.heights.value == Some(end)) {
                canvas.dashed(&[(left, y), (right, y)], DOTS, Stroke(FRAME, 0.8));
            }
        }
        canvas.outline(&rectangle((left, top), (right, bottom)), Stroke(FRAME, 0.8));
        // What was measured, and nothing between.
        if !self.is_by_words() {
            for place in &self.selection.places {
                let x = self.at(place.at, 0.0).0;
                canvas.line(&[(x, bottom), (x, bottom + 3.0)], Stroke(FRAME, 0.8));
            }
        }
        if slack {
            canvas.line(&[(left, zero), (right, zero)], Stroke(INK, 1.4));
            let place = (self.clearest(name), bottom - 8.0);
            canvas.text(name, place, Type { colour, ..small(Anchor::Middle) });
        }
    }

    /// Where along the lower edge a name hides the fewest points.
    fn clearest(&self, name: &str) -> f64 {
        let half = 0.5 * width(Face::Sans, name, SMALL) + 6.0;
        let (left, right, bottom) = (self.corner.0, self.corner.0 + self.size.0, self.corner.1 + self.size.1);
        let hidden = |middle: f64| {
            let is_hidden = |(index, point): &(usize, &Point)| {
                let lowest = if self.has_bar(point) { Some(point.heights.lo) } else { point.heights.mark() };
                let (x, y) = self.of(*index, lowest.unwrap_or(f64::INFINITY));
                (x - middle).abs() < half + 4.0 && y > bottom - 22.0
            };
            self.panel.points.iter().enumerate().filter(is_hidden).count()
        };
        let places = (0..=8).map(|i| right - half - (right - left - 2.0 * half) * f64::from(i) / 8.0);
        places.min_by_key(|place| hidden(*place)).unwrap_or(left + half)
    }

    /// The bounds' lines: one in ink where all series have the same bound, else one in each series' colour; lines that lie
    /// on each other take turns.
    fn draw_bounds(&self, canvas: &mut Canvas) {
        for line in 0..=self.panel.points.first().map_or(0, |point| point.also.len()) {
            if bounds_are_shared(self.selection, line) {
                self.draw_bound(canvas, &self.with_bound(None, line), None, line, dash(line));
                continue;
            }
            for (series, (rank, count)) in self.turns(line).into_iter().enumerate() {
                let colour = Mark::plain(Some(series)).colour();
                if count <= MOST_TURNS {
                    let pattern = dash(line).shared(rank, count);
                    self.draw_bound(canvas, &self.with_bound(Some(series), line), Some(colour), line, pattern);
                } else if rank == 0 {
                    self.draw_bound(canvas, &self.with_bound(Some(series), line), None, line, dash(line));
                }
            }
        }
    }

    /// The numbers of the points, of a series or of all, that have a bound.
    fn with_bound(&self, series: Option<usize>, line: usize) -> Vec<usize> {
        let is_shown = |(_, point): &(usize, &Point)| {
            series.is_none_or(|series| point.series == series) && point.bound(line).is_some()
        };
        let mut shown: Vec<usize> =
            self.panel.points.iter().enumerate().filter(is_shown).map(|(index, _)| index).collect();
        shown.sort_by(|a, b| self.panel.points[*a].x.total_cmp(&self.panel.points[*b].x));
        shown
    }

    /// For each series, how many lines of bounds lie on its own, itself among them, and which of them it is.
    fn turns(&self, line: usize) -> Vec<(usize, usize)> {
        let lines: Vec<Vec<Place>> = (0..self.selection.series.len())
            .map(|series| {
                let place = |index: usize| {
                    let point = &self.panel.points[index];
                    self.at(point.x, point.bound(line).unwrap_or_default())
                };
                self.with_bound(Some(series), line).into_iter().map(place).collect()
            })
            .collect();
        // Lines that only cross do not lie on each other: they meet at two places, and at half of those that both have.
        let meet = |a: &Vec<Place>, b: &Vec<Place>| {
            let common =
                || a.iter().flat_map(|p| b.iter().filter(|q| (p.0 - q.0).abs() < 0.5).map(move |q| (p.1, q.1)));
            let met = common().filter(|(y, v)| (y - v).abs() < 1.0).count();
            met >= 2.min(common().count()).max(1) && 2 * met >= common().count()
        };
        // The first series of each heap stands for it.
        let mut heaps: Vec<usize> = Vec::new();
        for (series, own) in lines.iter().enumerate() {
            let first =
                (0..series).find(|earlier| meet(own, &lines[*earlier])).map_or(series, |earlier| heaps[earlier]);
            heaps.push(first);
        }
        let rank = |series: usize| heaps[..series].iter().filter(|heap| **heap == heaps[series]).count();
        let count = |series: usize| heaps.iter().filter(|heap| **heap == heaps[series]).count();
        (0..lines.len()).map(|series| (rank(series), count(series))).collect()
    }

    /// One line of bounds, in a series' colour or in ink.
    fn draw_bound(&self, canvas: &mut Canvas, shown: &[usize], colour: Option<Colour>, line: usize, pattern: Dash) {
        let stroke = Stroke(colour.unwrap_or(INK), 1.3);
        let points: Vec<&Point> = shown.iter().map(|index| &self.panel.points[*index]).collect();
        if is_function(&points, line) && !self.is_by_words() {
            let mut places: Vec<Place> =
                points.iter().filter_map(|point| Some(self.at(point.x, point.bound(line)?))).collect();
            places.dedup_by(|later, earlier| later.0 == earlier.0);
            match places[..] {
                [] => {}
                [(x, y)] => canvas.dashed(&[(x - 9.0, y), (x + 9.0, y)], dash(line), stroke),
                _ => canvas.dashed(&places, pattern, stroke),
            }
            return;
        }
        if self.is_by_words() && is_function(&points, line) && colour.is_none() {
            // One line across each word, for all series beside each other.
            let half = 0.45 / (self.x.hi - self.x.lo) * self.size.0;
            let mut places: Vec<Place> =
                points.iter().filter_map(|point| Some(self.at(point.x, point.bound(line)?))).collect();
            places.dedup_by(|later, earlier| later.0 == earlier.0);
            let whole = dash(line).fitted(2.0 * half);
            places.iter().for_each(|(x, y)| canvas.dashed(&[(x - half, *y), (x + half, *y)], whole, stroke));
            return;
        }
        for (index, point) in shown.iter().zip(points) {
            let Some((x, y)) = point.bound(line).map(|bound| self.of(*index, bound)) else { continue };
            canvas.dashed(&[(x - 9.25, y), (x + 9.25, y)], dash(line), stroke);
        }
    }

    /// The lines between a series' points: where neither a place was left out between them nor the line would say where
    /// between two places the bound begins to fail.
    fn joins(&self) -> Vec<(usize, Vec<Place>)> {
        let mut lines = Vec::new();
        if self.quantity != Quantity::Slack || self.is_by_words() {
            return lines;
        }
        let mut places: Vec<f64> = self.panel.points.iter().map(|point| point.x).collect();
        places.sort_by(f64::total_cmp);
        let numbered: Vec<(usize, &Point)> = self.panel.points.iter().enumerate().collect();
        for series in numbered.chunk_by(|(_, a), (_, b)| a.series == b.series) {
            if series.windows(2).any(|pair| pair[0].1.x == pair[1].1.x) {
                continue;
            }
            let points: Vec<&Point> = series.iter().map(|(_, point)| *point).collect();
            let mut from = 0;
            for to in 1..=series.len() {
                if to < series.len() && is_joined(self.selection, &places, &points, to) {
                    continue;
                }
                let run = &series[from..to];
                from = to;
                let run: Vec<Place> =
                    run.iter().filter_map(|(index, point)| Some(self.of(*index, point.heights.value?))).collect();
                if run.len() > 1 {
                    lines.push((series[0].1.series, run));
                }
            }
        }
        lines
    }
}

/// Whether a line may join a series' point with this number to the one before. `places` are all places that were measured,
/// in order.
fn is_joined(selection: &Selection, places: &[f64], points: &[&Point], number: usize) -> bool {
    let (a, b) = (points[number - 1], points[number]);
    let finite = |point: &Point| point.heights.value.filter(|height| height.is_finite());
    let (Some(from), Some(to)) = (finite(a), finite(b)) else { return false };
    let is_skipped = places.iter().any(|place| a.x < *place && *place < b.x);
    // A series whose own steps are as wide as this one left nothing out.
    let before = number.checked_sub(2).map_or(0.0, |before| a.x - points[before].x);
    let after = points.get(number + 1).map_or(0.0, |after| after.x - b.x);
    let is_wide = b.x - a.x > 1.5 * before.max(after);
    let crosses = (from < 0.0) != (to < 0.0);
    // Between whole numbers that follow each other there is nothing to measure.
    let value = |place: f64| if selection.x == Scale::Log { 10f64.powf(place) } else { place };
    let is_next = selection.whole && (value(b.x) - value(a.x) - 1.0).abs() < 1e-6;
    !(is_skipped && is_wide) && (!crosses || is_next)
}

/// Whether some lines between a series' points are left out.
pub fn has_gaps(selection: &Selection) -> bool {
    selection.panels.iter().any(|panel| {
        let mut places: Vec<f64> = panel.points.iter().map(|point| point.x).collect();
        places.sort_by(f64::total_cmp);
        panel.points.chunk_by(|a, b| a.series == b.series).any(|series| {
            let points: Vec<&Point> = series.iter().collect();
            let differ = |number: &usize| points[number - 1].x != points[*number].x;
            (1..points.len()).filter(differ).any(|number| !is_joined(selection, &places, &points, number))
        })
    })
}

/// The ground below slack 0, its name and the name's colour. A constant that is refuted is no violation.
fn wrong_side(selection: &Selection) -> (Colour, &'static str, Colour) {
    if selection.points().any(|point| point.found == Found::ConstantRefuted) {
        (OTHER_SIDE, "constant refuted", INK)
    } else {
        (WRONG_SIDE, "violated", Colour(176, 0, 0))
    }
}

/// Draws an interval's bar, with an arrow at an end that lies beyond the axis and a stroke across the others.
pub fn draw_bar(canvas: &mut Canvas, x: f64, (low, high): (f64, f64), open: (bool, bool), colour: Colour) {
    let stroke = Stroke(colour, 1.0);
    canvas.line(&[(x, low), (x, high)], stroke);
    for (y, open, inwards) in [(low, open.0, -1.0), (high, open.1, 1.0)] {
        if open {
            canvas.fill(&[(x, y), (x - 3.0, y + 6.0 * inwards), (x + 3.0, y + 6.0 * inwards)], colour);
        } else {
            canvas.line(&[(x - 2.5, y), (x + 2.5, y)], stroke);
        }
    }
}

/// Whether a point's interval is seen: it reaches `shortest` or more beyond the value at one side, or there is no marker
/// that would hide it.
pub fn has_bar(point: &Point, shortest: f64) -> bool {
    let Heights { lo, hi, .. } = point.heights;
    point.heights.value.is_none_or(|value| (hi - value).max(value - lo) >= shortest)
}

/// Whether in every panel all series have one bound at each place.
pub fn bounds_are_shared(selection: &Selection, line: usize) -> bool {
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

fn rectangle((left, top): Place, (right, bottom): Place) -> [Place; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_reach_beyond_their_marker_are_seen() {
        let point = |value: Option<f64>, lo: f64, hi: f64| Point {
            series: 0,
            x: 0.0,
            heights: Heights { value, lo, hi, bound: None },
            found: Found::Holds,
            outside: false,
            struck: false,
            vacuous: false,
            also: Vec::new(),
        };
        // Seven to one side are seen; three and a half to either side lie below the marker.
        assert!(has_bar(&point(Some(0.0), 0.0, 7.0), SHORTEST_ARM));
        assert!(!has_bar(&point(Some(0.0), -3.5, 3.5), SHORTEST_ARM));
        assert!(has_bar(&point(None, 0.0, 1.0), SHORTEST_ARM));
        assert!(!has_bar(&point(Some(f64::NEG_INFINITY), f64::NEG_INFINITY, f64::NEG_INFINITY), SHORTEST_ARM));
    }
}
