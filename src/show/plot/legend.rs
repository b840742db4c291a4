//! The legend: what each colour, shape and sign of a figure means; only what occurs in it.

use std::collections::HashMap;

use crate::experiment::{Plot, Quantity};

use super::canvas::{Canvas, Colour, Place, Stroke};
use super::marks::{FRAME, INK, Mark, UNMET};
use super::panel::{self, bounds_are_shared, dash};
use super::selection::{Found, Heights, Point, Selection};
use super::text::{Anchor, Face, SMALL, cut, small, width};

/// What stands before an entry's label.
enum Key {
    /// A marker, and whether a line goes through it.
    Mark(Mark, bool),
    /// A bound's line, in ink or in turns of series' colours.
    Bound(usize, bool),
    Zero,
    Interval,
    OpenInterval(bool, bool),
    Unmet,
    Nothing,
}

struct Entry {
    key: Key,
    label: String,
}

/// A figure's legend.
pub struct Legend {
    groups: Vec<Vec<Entry>>,
    face: Face,
}

/// How the entries stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrangement {
    /// Below each other, in columns of this height.
    Columns(f64),
    /// Beside each other, in rows of this width.
    Rows(f64),
}

const KEY_WIDTH: f64 = 22.0;
const ROW: f64 = 15.0;
const BETWEEN_GROUPS: f64 = 6.0;
const BETWEEN_ENTRIES: f64 = 14.0;
/// A legend names no more series than this; nobody can distinguish more.
const MOST_SERIES: usize = 24;
/// No entry is longer than this many pixels.
const LONGEST: f64 = 260.0;

impl Legend {
    /// The legend of what a plot shows; intervals with arms shorter than `shortest` are hidden by their markers, and no axis reaches
    /// beyond its `ends`.
    pub fn new(face: Face, plot: &Plot, selection: &Selection, shortest: f64, ends: (f64, f64)) -> Self {
        Legend { groups: vec![series(plot, selection), signs(plot, selection, shortest, ends)], face }
    }

    /// The width and height it takes.
    pub fn size(&self, arrangement: Arrangement) -> Place {
        let places = self.places(arrangement);
        let right = places.iter().map(|((x, _), entry)| x + entry.width(self.face));
        let lower = places.iter().map(|((_, y), _)| y + 0.5 * ROW);
        (right.fold(0.0, f64::max), lower.fold(0.0, f64::max))
    }

    /// Draws it with its upper left corner at `corner`.
    pub fn draw(&self, canvas: &mut Canvas, corner: Place, arrangement: Arrangement) {
        for ((x, y), entry) in self.places(arrangement) {
            entry.draw(canvas, (corner.0 + x, corner.1 + y));
        }
    }

    /// Where the left end of each entry stands, from the upper left corner.
    fn places(&self, arrangement: Arrangement) -> Vec<(Place, &Entry)> {
        match arrangement {
            Arrangement::Columns(height) => self.in_columns(height),
            Arrangement::Rows(width) => self.in_rows(width),
        }
    }

    /// Below each other; a group that is too high for one column takes several, of equal height.
    fn in_columns(&self, height: f64) -> Vec<(Place, &Entry)> {
        let most = ((height / ROW) as usize).max(8);
        let (mut top, mut places) = (0.5 * ROW, Vec::new());
        for group in self.groups.iter().filter(|group| !group.is_empty()) {
            let rows = group.len().div_ceil(group.len().div_ceil(most));
            let mut x = 0.0;
            for column in group.chunks(rows) {
                let entries = column.iter().enumerate();
                places.extend(entries.map(|(row, entry)| ((x, top + row as f64 * ROW), entry)));
                x += column.iter().map(|entry| entry.width(self.face)).fold(0.0, f64::max) + BETWEEN_ENTRIES;
            }
            top += rows as f64 * ROW + BETWEEN_GROUPS;
        }
        places
    }

    fn in_rows(&self, width: f64) -> Vec<(Place, &Entry)> {
        let (mut x, mut y) = (0.0, -0.5 * ROW);
        let mut places = Vec::new();
        for group in &self.groups {
            y += if places.is_empty() { 0.0 } else { BETWEEN_GROUPS };
            for (i, entry) in group.iter().enumerate() {
                if i == 0 || x + entry.width(self.face) > width {
                    (x, y) = (0.0, y + ROW);
                }
                places.push(((x, y), entry));
                x += entry.width(self.face) + BETWEEN_ENTRIES;
            }
        }
        places
    }
}

/// The series, each as its plain points are drawn, or else as most of them are.
fn series(plot: &Plot, selection: &Selection) -> Vec<Entry> {
    let heading = plot.series.as_ref().map(|column| Entry::new(Key::Nothing, plot.name_of(column)));
    let looks = looks(selection);
    let joined = plot.y == Quantity::Slack || plot.fit;
    let entry = |(i, value): (usize, &String)| {
        let name = if plot.series.is_some() { value.replace('-', hyphen(value)) } else { "measured".into() };
        let label = match looks[i] {
            Some(_) => format!("{name}{}", selection.notes[i]),
            None => format!("{name} (no value to draw)"),
        };
        Entry::new(Key::Mark(looks[i].unwrap_or(Mark::plain(Some(i))), joined), &label)
    };
    let count = selection.series.len();
    let named = if count > MOST_SERIES { MOST_SERIES - 1 } else { count };
    let more = (named < count).then(|| Entry::new(Key::Nothing, &format!("and {} more", count - named)));
    heading.into_iter().chain(selection.series.iter().enumerate().take(named).map(entry)).chain(more).collect()
}

/// The sign that stands for `-` in a value: a minus in a number.
fn hyphen(value: &str) -> &'static str {
    if value.parse::<f64>().is_ok() { "−" } else { "-" }
}

/// The plain marker of each series that has one, else the one it has most often; `None` for a series without any.
fn looks(selection: &Selection) -> Vec<Option<Mark>> {
    let mut counts: Vec<HashMap<Mark, usize>> = vec![HashMap::new(); selection.series.len()];
    for point in selection.points() {
        let look = Mark { found: hollow_or_full(point.found), struck: false, ..Mark::of(point) };
        *counts[point.series].entry(Mark { outside: false, ..look }).or_default() += 1;
    }
    let plain = |mark: &Mark| mark.found == Found::Holds && !mark.vacuous;
    let most = |looks: &HashMap<Mark, usize>| {
        looks.iter().max_by_key(|(mark, count)| (plain(mark), **count)).map(|(mark, _)| *mark)
    };
    counts.iter().map(most).collect()
}

/// What is found, without what is drawn around the marker.
fn hollow_or_full(found: Found) -> Found {
    if found == Found::Undecided { Found::Undecided } else { Found::Holds }
}

/// Everything else that occurs.
fn signs(plot: &Plot, selection: &Selection, shortest: f64, ends: (f64, f64)) -> Vec<Entry> {
    let any = |is: &dyn Fn(&Point) -> bool| selection.points().any(is);
    let grey = Mark::plain(None);
    let mark = |mark: Mark| Key::Mark(mark, false);
    let open_below = |point: &Point| {
        let Heights { lo, hi, value, .. } = point.heights;
        lo == f64::NEG_INFINITY && hi > lo && value != Some(lo)
    };
    let open_above = |point: &Point| {
        let Heights { lo, hi, value, .. } = point.heights;
        hi == f64::INFINITY && lo < hi && value != Some(hi)
    };
    let goes_below = |point: &Point| point.heights.lo.is_finite() && point.heights.lo < ends.0;
    let goes_above = |point: &Point| point.heights.hi.is_finite() && point.heights.hi > ends.1;
    let goes_on = |point: &Point| goes_below(point) || goes_above(point);
    let slack = plot.y == Quantity::Slack;
    let bound = |line: usize, name: &str| {
        let drawn = any(&|point| point.bound(line).is_some());
        let label = if name == "printed" { "printed bound".into() } else { format!("bound ({name})") };
        (drawn, Key::Bound(line, bounds_are_shared(selection, line)), label)
    };
    let first = match bound(0, &plot.bound) {
        (_, _, label) if slack => (true, Key::Zero, label),
        drawn => drawn,
    };
    let further = plot.also.iter().enumerate().map(|(index, name)| bound(index + 1, name));
    let omitted = match selection.omitted {
        1 => "1 cell without a value to draw".into(),
        count => format!("{count} cells without a value to draw"),
    };
    let violated = |outside: bool| any(&|point| point.found == Found::Violated && point.outside == outside);
    let signs = [
        (
            slack && !matches!(selection.x, super::axis::Scale::Words(_)) && panel::has_gaps(selection),
            Key::Nothing,
            "no line: not measured between".to_string(),
        ),
        (selection.panels.iter().any(|panel| !panel.fits.is_empty()), Key::Nothing, "solid: fitted powers".into()),
        (
            any(&|point| {
                panel::has_bar(point, shortest) && !open_below(point) && !open_above(point) && !goes_on(point)
            }),
            Key::Interval,
            "interval".into(),
        ),
        (
            any(&goes_on),
            Key::OpenInterval(any(&goes_below), any(&goes_above)),
            "interval goes on beyond the axis".into(),
        ),
        (
            any(&open_below),
            Key::OpenInterval(true, false),
            if slack { "no lower limit" } else { "lower limit 0" }.into(),
        ),
        (any(&open_above), Key::OpenInterval(false, true), "no upper limit".into()),
        (
            any(&|point| point.heights.value.is_some_and(f64::is_infinite)),
            Key::Nothing,
            if slack { "at the edge: measured 0" } else { "at the lower edge: 0" }.into(),
        ),
        (violated(false), mark(Mark { found: Found::Violated, ..grey }), "violated".into()),
        (
            violated(true),
            mark(Mark { found: Found::Violated, outside: true, ..grey }),
            "violated, outside the hypotheses".into(),
        ),
        (
            any(&|point| point.found == Found::ConstantRefuted),
            mark(Mark { found: Found::ConstantRefuted, ..grey }),
            "constant refuted".into(),
        ),
        (
            any(&|point| point.found == Found::Undecided),
            mark(Mark { found: Found::Undecided, ..grey }),
            "undecided".into(),
        ),
        (any(&|point| point.vacuous), mark(Mark { vacuous: true, ..grey }), "vacuous bound".into()),
        (any(&|point| point.struck), mark(Mark { struck: true, ..grey }), "outside the hypotheses".into()),
        (
            selection.panels.iter().any(|panel| !panel.unmet.is_empty()),
            Key::Unmet,
            "no cell meets the hypotheses".into(),
        ),
        (selection.omitted > 0, Key::Nothing, omitted),
    ];
    let all = [first].into_iter().chain(further).chain(signs);
    all.filter(|(occurs, ..)| *occurs).map(|(_, key, label)| Entry::new(key, &label)).collect()
}

impl Entry {
    fn new(key: Key, label: &str) -> Self {
        Entry { key, label: cut(Face::Sans, label, SMALL, LONGEST) }
    }

    fn width(&self, face: Face) -> f64 {
        let key = if matches!(self.key, Key::Nothing) { 0.0 } else { KEY_WIDTH };
        key + width(face, &self.label, SMALL)
    }

    fn draw(&self, canvas: &mut Canvas, (x, y): Place) {
        let (left, middle, right) = ((x, y), (x + 8.0, y), (x + 16.0, y));
        let grey: Colour = Mark::plain(None).colour();
        match self.key {
            Key::Mark(mark, joined) => {
                if joined {
                    canvas.line(&[left, right], Stroke(mark.colour(), panel::JOIN));
                }
                mark.draw(canvas, middle);
                mark.draw_ring(canvas, middle);
            }
            Key::Bound(line, true) => canvas.dashed(&[left, (right.0 + 1.5, y)], dash(line), Stroke(INK, 1.3)),
            Key::Bound(line, false) => {
                for series in 0..2 {
                    let colour = Mark::plain(Some(series)).colour();
                    canvas.dashed(&[left, (right.0 + 1.5, y)], dash(line).shared(series, 2), Stroke(colour, 1.3));
                }
            }
            Key::Zero => canvas.line(&[left, right], Stroke(INK, 1.4)),
            Key::Interval => panel::draw_bar(canvas, middle.0, (y + 5.0, y - 5.0), (false, false), grey),
            Key::OpenInterval(below, above) => {
                panel::draw_bar(canvas, middle.0, (y + 6.0, y - 5.0), (below, above), grey);
            }
            Key::Unmet => {
                let corners = [(x, y - 4.5), (x + 16.0, y - 4.5), (x + 16.0, y + 4.5), (x, y + 4.5)];
                canvas.fill(&corners, UNMET);
                canvas.dashed(&[corners[1], corners[2]], panel::DOTS, Stroke(FRAME, 1.0));
            }
            Key::Nothing => {}
        }
        let start = if matches!(self.key, Key::Nothing) { x } else { x + KEY_WIDTH };
        canvas.text(&self.label, (start, y), small(Anchor::Start));
    }
}
