//! The legend: what each colour, shape and sign of a figure means; only what occurs in it.

use plotters::style::RGBColor;

use crate::error::Result;
use crate::experiment::{Plot, Quantity};
use crate::verdict::Verdict;

use super::axis::short;
use super::canvas::{Canvas, Place, Stroke};
use super::marks::{FRAME, INK, Mark, UNMET};
use super::panel::{self, DASHES};
use super::selection::{Point, Selection};
use super::text::{Anchor, SMALL, small, width};

/// What stands before an entry's label.
enum Key {
    Mark(Mark),
    Bound(usize),
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
}

/// How the entries stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrangement {
    /// Below each other.
    Column,
    /// Beside each other, in rows of this width.
    Rows(f64),
}

const KEY_WIDTH: f64 = 22.0;
const ROW: f64 = 15.0;
const BETWEEN_GROUPS: f64 = 6.0;
const BETWEEN_ENTRIES: f64 = 14.0;

impl Legend {
    /// The legend of what a plot shows; intervals shorter than `shortest` are hidden by their markers.
    pub fn new(plot: &Plot, selection: &Selection, shortest: f64) -> Self {
        let entry = |key: Key, label: &str| Entry { key, label: label.into() };
        let heading = plot.series.iter().map(|column| entry(Key::Nothing, column));
        let series = selection.series.iter().enumerate().map(|(i, value)| {
            let mut label = if plot.series.is_some() { short(value) } else { "measured".into() };
            if let Some(note) = &selection.notes[i] {
                label += &format!("  {note}");
            }
            entry(Key::Mark(Mark::plain(Some(i))), &label)
        });
        let any = |is: &dyn Fn(&Point) -> bool| selection.points().any(is);
        let grey = Mark::plain(None);
        let open_below = |point: &Point| point.heights.lo.is_infinite();
        let open_above = |point: &Point| point.heights.hi == f64::INFINITY;
        let open = |point: &Point| open_below(point) || open_above(point);
        let line = if plot.y == Quantity::Slack { Key::Zero } else { Key::Bound(0) };
        let has_line = plot.y == Quantity::Slack || any(&|point| point.heights.bound.is_some());
        let unmet = selection.panels.iter().any(&|panel| !panel::unmet_places(panel).is_empty());
        let omitted = match selection.omitted {
            1 => "1 cell without a value to draw".into(),
            count => format!("{count} cells without a value to draw"),
        };
        let further = plot.also.iter().enumerate().map(|(index, name)| {
            let drawn = any(&|point| point.bound(index + 1).is_some());
            (drawn, Key::Bound(index + 1), format!("bound ({name})"))
        });
        let lines: Vec<_> = [(has_line, line, format!("bound ({})", plot.bound))].into_iter().chain(further).collect();
        let signs = [
            (any(&|point| panel::has_bar(point, shortest) && !open(point)), Key::Interval, "interval".into()),
            (any(&open_below), Key::OpenInterval(true, false), "lower limit 0".into()),
            (any(&open_above), Key::OpenInterval(false, true), "no upper limit".into()),
            (
                any(&|point| point.verdict == Verdict::Violated),
                Key::Mark(Mark { verdict: Verdict::Violated, ..grey }),
                "violated".into(),
            ),
            (
                any(&|point| point.verdict == Verdict::Undecided),
                Key::Mark(Mark { verdict: Verdict::Undecided, ..grey }),
                "undecided".into(),
            ),
            (any(&|point| point.vacuous), Key::Mark(Mark { vacuous: true, ..grey }), "vacuous bound".into()),
            (any(&|point| point.outside), Key::Mark(Mark { outside: true, ..grey }), "outside the hypotheses".into()),
            (unmet, Key::Unmet, "no cell meets the hypotheses".into()),
            (selection.omitted > 0, Key::Nothing, omitted),
        ];
        let signs =
            lines.into_iter().chain(signs).filter(|(occurs, ..)| *occurs).map(|(_, key, label)| Entry { key, label });
        Legend { groups: vec![heading.chain(series).collect(), signs.collect()] }
    }

    /// The width and height it takes.
    pub fn size(&self, arrangement: Arrangement) -> Place {
        let places = self.places(arrangement);
        let right = places.iter().map(|((x, _), entry)| x + entry.width()).fold(0.0, f64::max);
        (right, places.last().map_or(0.0, |((_, y), _)| y + 0.5 * ROW))
    }

    /// Draws it with its upper left corner at `corner`.
    pub fn draw(&self, canvas: &mut Canvas, corner: Place, arrangement: Arrangement) -> Result<()> {
        for ((x, y), entry) in self.places(arrangement) {
            entry.draw(canvas, (corner.0 + x, corner.1 + y))?;
        }
        Ok(())
    }

    /// Where the left end of each entry stands, from the upper left corner.
    fn places(&self, arrangement: Arrangement) -> Vec<(Place, &Entry)> {
        let (mut x, mut y) = (0.0, -0.5 * ROW);
        let mut places = Vec::new();
        for (i, group) in self.groups.iter().enumerate() {
            if i > 0 && !places.is_empty() {
                y += BETWEEN_GROUPS;
            }
            for (j, entry) in group.iter().enumerate() {
                let breaks = match arrangement {
                    Arrangement::Column => true,
                    Arrangement::Rows(room) => j == 0 || x + entry.width() > room,
                };
                if breaks {
                    (x, y) = (0.0, y + ROW);
                }
                places.push(((x, y), entry));
                x += entry.width() + BETWEEN_ENTRIES;
            }
        }
        places
    }
}

impl Entry {
    fn width(&self) -> f64 {
        let key = if matches!(self.key, Key::Nothing) { 0.0 } else { KEY_WIDTH };
        key + width(&self.label, SMALL)
    }

    fn draw(&self, canvas: &mut Canvas, (x, y): Place) -> Result<()> {
        let (left, middle, right) = ((x, y), (x + 8.0, y), (x + 16.0, y));
        let grey: RGBColor = Mark::plain(None).colour();
        match &self.key {
            Key::Mark(mark) => {
                mark.draw(canvas, middle)?;
                mark.draw_ring(canvas, middle)?;
            }
            Key::Bound(line) => {
                canvas.dashed(&[left, (right.0 + 1.5, y)], DASHES[line % DASHES.len()], Stroke(INK, 1.3))?
            }
            Key::Zero => canvas.line(&[left, right], Stroke(INK, 1.4))?,
            Key::Interval => panel::draw_bar(canvas, middle.0, (y + 5.0, y - 5.0), (false, false), grey)?,
            Key::OpenInterval(below, above) => {
                panel::draw_bar(canvas, middle.0, (y + 6.0, y - 5.0), (*below, *above), grey)?
            }
            Key::Unmet => {
                let corners = [(x, y - 4.5), (x + 16.0, y - 4.5), (x + 16.0, y + 4.5), (x, y + 4.5)];
                canvas.fill(&corners, UNMET)?;
                canvas.dashed(&[corners[1], corners[2]], panel::DOTS, Stroke(FRAME, 1.0))?;
            }
            Key::Nothing => {}
        }
        let start = if matches!(self.key, Key::Nothing) { x } else { x + KEY_WIDTH };
        canvas.text(&self.label, (start, y), small(Anchor::Start));
        Ok(())
    }
}
