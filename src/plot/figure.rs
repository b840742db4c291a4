//! The figure: its axes, where panels, texts and legend stand, and its SVG.

use crate::claims::{About, Quantity as Kind, Relation};
use crate::error::Result;
use crate::experiment::{Experiment, Plot, Quantity};
use crate::record::Record;

use super::axis::{Axis, Room, Scale};
use super::canvas::{self, Canvas, Place};
use super::legend::{Arrangement, Legend};
use super::panel::{SHORTEST_BAR, View};
use super::selection::Selection;
use super::text::{Anchor, SMALL, Type, small, width, wrap};

/// The em of the title and of axis labels, in pixels.
const LARGE: f64 = 12.5;
const MEDIUM: f64 = 11.0;

/// The distance of lines of text, per em.
const LEADING: f64 = 1.35;
/// What stays free around the figure.
const EDGE: f64 = 8.0;
/// The distance of panels beside each other, and of the legend.
const GAP: f64 = 16.0;
/// The room of a panel's heading, and of tick labels below a panel.
const HEADING: f64 = 18.0;
const TICKS: f64 = 18.0;

/// One figure of an experiment's records.
///
/// # Errors
/// Where the plot leaves nothing to show: names the plot and the mend.
pub fn svg(experiment: &Experiment, plot: &Plot, records: &[Record]) -> Result<String> {
    let selection = Selection::new(experiment, plot, records)?;
    let layout = Layout::new(experiment.claim.about(), plot, &selection);
    canvas::draw(&plot.title, layout.size, |canvas| layout.draw(canvas, plot, &selection))
}

/// Where everything stands, in pixels.
struct Layout {
    x: Axis,
    y: Axis,
    columns: usize,
    panel: Place,
    /// The upper left corner of the first panel.
    first: Place,
    title: Vec<String>,
    y_label: Vec<String>,
    legend: Legend,
    arrangement: Arrangement,
    legend_corner: Place,
    size: Place,
    /// Pixels between neighbouring series' markers.
    dodge: f64,
}

impl Layout {
    fn new(about: &About, plot: &Plot, selection: &Selection) -> Self {
        let count = selection.panels.len();
        let (columns, panel) = match count {
            1 => (1, (360.0, 250.0)),
            2 | 4 => (2, (250.0, 195.0)),
            _ => (3, (190.0, 165.0)),
        };
        let rows = count.div_ceil(columns);
        let heading = if plot.panels.is_some() { HEADING } else { 4.0 };
        let (x, y) = (x_axis(plot, selection, panel.0), y_axis(about.quantity, plot, selection, panel.1));
        let dodge = dodge(plot, selection, &x, panel.0);
        let below = rows as f64 * panel.1 + (rows - 1) as f64 * (heading + GAP);
        let across = columns as f64 * panel.0 + (columns - 1) as f64 * GAP;
        let y_label = wrap(&y_label(about, plot, &selection.y), MEDIUM, below);
        let tick_width = y.ticks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
        let left = EDGE + y_label.len() as f64 * MEDIUM * LEADING + 4.0 + tick_width + 6.0;
        let legend = Legend::new(plot, selection, SHORTEST_BAR / panel.1 * (y.hi - y.lo));
        let beside = columns == 1;
        let arrangement = if beside { Arrangement::Column } else { Arrangement::Rows(across) };
        let legend_size = legend.size(arrangement);
        let right = left + across + if beside { GAP + legend_size.0 } else { 0.0 } + EDGE;
        let title = wrap(&plot.title, LARGE, right - left - EDGE);
        let top = EDGE + title.len() as f64 * LARGE * LEADING + heading;
        let axis_end = top + below + TICKS + MEDIUM * LEADING + 4.0;
        let (legend_corner, bottom) = if beside {
            ((left + across + GAP, top), axis_end.max(top + legend_size.1))
        } else {
            ((left, axis_end + 6.0), axis_end + 6.0 + legend_size.1)
        };
        let size = (right.ceil(), (bottom + EDGE).ceil());
        Layout {
            x,
            y,
            columns,
            panel,
            first: (left, top),
            title,
            y_label,
            legend,
            arrangement,
            legend_corner,
            size,
            dodge,
        }
    }

    fn corner(&self, plot: &Plot, number: usize) -> Place {
        let heading = if plot.panels.is_some() { HEADING } else { 0.0 };
        let (row, column) = ((number / self.columns) as f64, (number % self.columns) as f64);
        (self.first.0 + column * (self.panel.0 + GAP), self.first.1 + row * (self.panel.1 + heading + GAP))
    }

    fn draw(&self, canvas: &mut Canvas, plot: &Plot, selection: &Selection) -> Result<()> {
        let medium = Type { size: MEDIUM, ..small(Anchor::Middle) };
        for (i, panel) in selection.panels.iter().enumerate() {
            let corner = self.corner(plot, i);
            View::new((&self.x, &self.y), (corner, self.panel), selection, plot.y, self.dodge).draw(canvas, panel)?;
            canvas.text(&panel.heading, (corner.0 + 0.5 * self.panel.0, corner.1 - 9.0), medium);
            if i % self.columns == 0 {
                self.draw_y_ticks(canvas, corner);
            }
            if i + self.columns >= selection.panels.len() {
                self.draw_x_ticks(canvas, corner);
                let middle = (corner.0 + 0.5 * self.panel.0, corner.1 + self.panel.1 + TICKS + 0.5 * MEDIUM * LEADING);
                canvas.text(&plot.x, middle, medium);
            }
        }
        for (i, line) in self.title.iter().enumerate() {
            let y = EDGE + (i as f64 + 0.5) * LARGE * LEADING;
            canvas.text(line, (self.first.0, y), Type { size: LARGE, ..small(Anchor::Start) });
        }
        let last = self.corner(plot, selection.panels.len() - 1).1 + self.panel.1;
        for (i, line) in self.y_label.iter().enumerate() {
            let x = EDGE + (i as f64 + 0.5) * MEDIUM * LEADING;
            canvas.text(line, (x, 0.5 * (self.first.1 + last)), Type { upwards: true, ..medium });
        }
        self.legend.draw(canvas, self.legend_corner, self.arrangement)
    }

    fn draw_x_ticks(&self, canvas: &mut Canvas, corner: Place) {
        for tick in &self.x.ticks {
            let x = corner.0 + part(&self.x, tick.at) * self.panel.0;
            canvas.text(&tick.label, (x, corner.1 + self.panel.1 + 10.0), small(Anchor::Middle));
        }
    }

    fn draw_y_ticks(&self, canvas: &mut Canvas, corner: Place) {
        for tick in &self.y.ticks {
            let y = corner.1 + (1.0 - part(&self.y, tick.at)) * self.panel.1;
            canvas.text(&tick.label, (corner.0 - 6.0, y), small(Anchor::End));
        }
    }
}

/// The horizontal axis, with room for the outermost series at the outermost places.
fn x_axis(plot: &Plot, selection: &Selection, pixels: f64) -> Axis {
    let places: Vec<f64> = selection.points().map(|point| point.x).collect();
    let room = Room { pixels, label: &|label| width(label, SMALL) + 8.0 };
    let axis = Axis::new(&selection.x, &places, &room);
    let beside = dodge(plot, selection, &axis, pixels) * 0.5 * selection.series.len() as f64;
    let beside = (beside + 4.0) / pixels * (axis.hi - axis.lo);
    places.iter().fold(axis, |axis, place| axis.reaching(place - beside).reaching(place + beside))
}

/// The vertical axis. The violated side of a slack is always to be seen, with room for its name.
/// Probabilities that are not all large are read beside 0 and 1.
fn y_axis(kind: Kind, plot: &Plot, selection: &Selection, pixels: f64) -> Axis {
    const NAME: f64 = 18.0;
    let heights =
        selection.points().flat_map(|point| point.heights.finite().chain(point.also.iter().copied().flatten()));
    let mut heights: Vec<f64> = heights.collect();
    if plot.y == Quantity::Slack {
        heights.push(0.0);
    } else if kind == Kind::Probability && selection.y == Scale::Linear && heights.iter().any(|height| *height < 0.5) {
        heights.extend([0.0, 1.0]);
    }
    // A compressed scale needs its ticks near 0.
    let apart = if selection.y == Scale::SignedLog { 13.0 } else { 26.0 };
    let axis = Axis::new(&selection.y, &heights, &Room { pixels, label: &|_| apart });
    let below = -axis.hi.max(0.0) * NAME / (pixels - NAME);
    if plot.y == Quantity::Slack { axis.reaching(below) } else { axis }
}

fn part(axis: &Axis, place: f64) -> f64 {
    (place - axis.lo) / (axis.hi - axis.lo)
}

/// How far the series stand beside each other where they would hide each other: methods, and places that are words.
fn dodge(plot: &Plot, selection: &Selection, x: &Axis, pixels: f64) -> f64 {
    let words = matches!(selection.x, Scale::Words(_));
    if selection.series.len() < 2 || !(words || plot.series.as_deref() == Some("method")) {
        return 0.0;
    }
    let mut places: Vec<f64> = selection.points().map(|point| part(x, point.x) * pixels).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let nearest = places.windows(2).map(|pair| pair[1] - pair[0]).fold(pixels, f64::min);
    (0.7 * nearest / selection.series.len() as f64).min(9.0)
}

/// What the vertical axis shows.
fn y_label(about: &About, plot: &Plot, scale: &Scale) -> String {
    let label = match (plot.y, about.relation) {
        _ if plot.label.is_some() => plot.label.clone().unwrap_or_default(),
        (Quantity::Measured, _) => about.measured.into(),
        (Quantity::Slack, Relation::AtLeast) => "slack = log₁₀(measured / bound)".into(),
        (Quantity::Slack, Relation::AtMost) => "slack = log₁₀(bound / measured)".into(),
        (Quantity::Slack, Relation::Equal { tolerance }) => {
            format!("slack = log₁₀({}) − |log₁₀(measured / bound)|", 1.0 + tolerance)
        }
    };
    if *scale == Scale::SignedLog { label + " (log scale beyond ±1)" } else { label }
}
