//! The figure: its axes, and where panels, texts and legend stand.

use crate::error::Result;
use crate::experiment::{Experiment, Plot, Quantity};
use crate::record::Record;
use crate::statement::{Quantity as Kind, Relation, Statement};

use super::axis::{Axis, Room, Scale, Tick, extent};
use super::canvas::{Canvas, Place};
use super::dodge::{APART, WIDEST};
use super::legend::{Arrangement, Legend};
use super::marks::RING;
use super::panel::{BEYOND, SHORTEST_ARM, View};
use super::selection::Selection;
use super::text::{Anchor, Face, SMALL, Type, cut, small, width, wrap};

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
/// The most lines of the title and of the vertical axis' label; what is longer is cut.
const TITLE_LINES: usize = 3;
const LABEL_LINES: usize = 3;
/// The width of panels that stand alone below each other.
const WIDE: f64 = 560.0;
/// A figure with more panels is taller than a page: it shows these, and says so.
const MOST_PANELS: usize = 60;

/// One figure of an experiment's records.
///
/// # Errors
/// Where the plot leaves nothing to show: names the plot and what to change.
pub fn draw(experiment: &Experiment, plot: &Plot, records: &[Record]) -> Result<Canvas> {
    draw_as(experiment, plot, records, Style::default())
}

/// How a figure is set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Style {
    /// The face of its texts.
    pub face: Face,
    /// The size on paper. A figure with one has no title: its caption says what it shows.
    pub paper: Option<Paper>,
}

/// A size on paper, in points of print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// The figure's width.
    pub width: f64,
    /// The size of ticks and of the legend.
    pub size: f64,
}

impl Paper {
    /// The points of print in a pixel.
    fn points(self) -> f64 {
        self.size / SMALL
    }
}

/// One figure of an experiment's records, in a style.
///
/// # Errors
/// As [`draw`].
pub fn draw_as(experiment: &Experiment, plot: &Plot, records: &[Record], style: Style) -> Result<Canvas> {
    let mut selection = Selection::new(experiment, plot, records)?;
    let all = selection.panels.len();
    selection.panels.truncate(MOST_PANELS);
    let mut title = plot.title.clone();
    if all > MOST_PANELS {
        title += &format!(" (the first {MOST_PANELS} of {all} panels)");
    }
    let about = experiment.claim.statement();
    let layout = match style.paper {
        None => Layout::new(about, plot, &title, &selection, style.face, None),
        Some(paper) => Layout::of_width(about, plot, &selection, style.face, paper.width / paper.points()),
    };
    let points = style.paper.map(Paper::points);
    let mut canvas = Canvas::new(&title, layout.size).on_paper(style.face, points);
    layout.draw(&mut canvas, plot, &selection);
    Ok(canvas)
}

/// The panels: how many stand beside each other, their size in pixels, and their axes.
struct Grid {
    columns: usize,
    panel: Place,
    x: Axis,
    /// Whether the horizontal axis' labels run upwards.
    upwards: bool,
    y: Axis,
}

impl Grid {
    /// Panels beside each other; where markers would hide each other, up to three wide ones below each other. Where columns and a
    /// panel's size are given, these.
    fn new(kind: Kind, plot: &Plot, selection: &Selection, face: Face, given: Option<(usize, Place)>) -> Self {
        let of = |columns, panel: Place| {
            let (x, upwards) = x_axis(selection, panel.0, face);
            Grid { columns, panel, x, upwards, y: y_axis(kind, plot, selection, panel.1) }
        };
        if let Some((columns, panel)) = given {
            return of(columns, panel);
        }
        let grid = match selection.panels.len() {
            1 => of(1, (360.0, 250.0)),
            2 | 4 => of(2, (265.0, 200.0)),
            3 | 5..=9 => of(3, (190.0, 165.0)),
            10..=16 => of(4, (150.0, 125.0)),
            _ => of(5, (125.0, 105.0)),
        };
        match selection.panels.len() {
            panels @ 1..=3 if grid.is_crowded(plot, selection) => of(1, (WIDE, [270.0, 180.0, 150.0][panels - 1])),
            _ => grid,
        }
    }

    fn is_crowded(&self, plot: &Plot, selection: &Selection) -> bool {
        let view = |panel| View::new((&self.x, &self.y), ((0.0, 0.0), self.panel), selection, plot.y, panel);
        selection.panels.iter().any(|panel| view(panel).is_crowded())
    }
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
    x_label: String,
    y_label: Vec<String>,
    /// The room of the horizontal axis' tick labels, and whether they run upwards.
    ticks: f64,
    upwards: bool,
    legend: Legend,
    arrangement: Arrangement,
    legend_corner: Place,
    size: Place,
}

impl Layout {
    /// A figure of this width in pixels, without a title: as many panels beside each other as have room.
    fn of_width(about: &Statement, plot: &Plot, selection: &Selection, face: Face, width: f64) -> Self {
        const NARROWEST: f64 = 105.0;
        const MARGIN: f64 = 55.0;
        let panels = selection.panels.len();
        let fit = |columns: usize| (width - MARGIN - (columns - 1) as f64 * GAP) / columns as f64;
        let preferred = [1, 2, 3, 2, 3, 3, 4, 4, 3].get(panels.max(1) - 1).copied().unwrap_or(4);
        let columns = (1..=preferred).rev().find(|columns| fit(*columns) >= NARROWEST).unwrap_or(1);
        let mut across = fit(columns).max(40.0);
        let layout = |across: f64| {
            let height = (across
                * if panels == 1 {
                    0.62
                } else if columns == 1 {
                    0.4
                } else {
                    0.8
                })
            .max(70.0);
            Layout::new(about, plot, "", selection, face, Some((columns, (across, height))))
        };
        // What stands beside the panels depends on them: their labels, mostly.
        for _ in 0..4 {
            across = (across + (width - layout(across).size.0) / columns as f64).max(40.0);
        }
        let mut layout = layout(across);
        layout.size.0 = width;
        layout
    }

    fn new(
        about: &Statement,
        plot: &Plot,
        title: &str,
        selection: &Selection,
        face: Face,
        given: Option<(usize, Place)>,
    ) -> Self {
        let Grid { columns, panel, x, upwards, y } = Grid::new(about.quantity, plot, selection, face, given);
        let rows = selection.panels.len().div_ceil(columns);
        let heading = if plot.panels.is_some() { HEADING } else { 4.0 };
        let widest = |axis: &Axis| axis.ticks.iter().map(|tick| width(face, &tick.label, SMALL)).fold(0.0, f64::max);
        let ticks = if upwards { widest(&x) + 10.0 } else { TICKS };
        let below = rows as f64 * panel.1 + (rows - 1) as f64 * (heading + GAP);
        let across = columns as f64 * panel.0 + (columns - 1) as f64 * GAP;
        // The label may reach as far as what stands below the panels, and as far above them.
        let beyond = ticks + MEDIUM * LEADING;
        // Without a title nothing else is there.
        let beyond = if title.is_empty() { beyond.min(heading + EDGE - 2.0) } else { beyond };
        let y_label = wrap(face, &y_label(about, plot, &selection.y), MEDIUM, below + 2.0 * beyond, LABEL_LINES);
        let overhang = if upwards { (0.0, 0.0) } else { overhang(&x, panel.0, face) };
        let left = EDGE + overhang.0.max(y_label.len() as f64 * MEDIUM * LEADING + 4.0 + widest(&y) + 6.0);
        let legend = Legend::new(face, plot, selection, SHORTEST_ARM / panel.1 * (y.hi - y.lo), (y.lo, y.hi));
        let beside = columns == 1 && panel.0 < WIDE && given.is_none();
        let arrangement = if beside { Arrangement::Columns(below) } else { Arrangement::Rows(across) };
        let legend_size = legend.size(arrangement);
        let legend_room = if beside { GAP + legend_size.0 } else { 0.0 };
        let right = left + across + overhang.1.max(legend_room) + EDGE;
        let title = wrap(face, title, LARGE, right - left - EDGE, TITLE_LINES);
        let top = EDGE + title.len() as f64 * LARGE * LEADING + heading;
        let axis_end = top + below + ticks + MEDIUM * LEADING + 4.0;
        let (legend_corner, bottom) = if beside {
            ((left + across + GAP, top), axis_end.max(top + legend_size.1))
        } else {
            ((left, axis_end + 6.0), axis_end + 6.0 + legend_size.1)
        };
        let size = (right.ceil(), (bottom + EDGE).ceil());
        let x_label = cut(face, plot.name_of(&plot.x), MEDIUM, panel.0);
        let first = (left, top);
        Layout {
            x,
            y,
            columns,
            panel,
            first,
            title,
            x_label,
            y_label,
            ticks,
            upwards,
            legend,
            arrangement,
            legend_corner,
            size,
        }
    }

    fn corner(&self, plot: &Plot, number: usize) -> Place {
        let heading = if plot.panels.is_some() { HEADING } else { 0.0 };
        let (row, column) = ((number / self.columns) as f64, (number % self.columns) as f64);
        (self.first.0 + column * (self.panel.0 + GAP), self.first.1 + row * (self.panel.1 + heading + GAP))
    }

    fn draw(&self, canvas: &mut Canvas, plot: &Plot, selection: &Selection) {
        let medium = Type { size: MEDIUM, ..small(Anchor::Middle) };
        for (i, panel) in selection.panels.iter().enumerate() {
            let corner = self.corner(plot, i);
            View::new((&self.x, &self.y), (corner, self.panel), selection, plot.y, panel).draw(canvas);
            let heading = cut(canvas.face(), &panel.heading, MEDIUM, self.panel.0 + GAP - 4.0);
            canvas.text(&heading, (corner.0 + 0.5 * self.panel.0, corner.1 - 9.0), medium);
            if i % self.columns == 0 {
                self.draw_y_ticks(canvas, corner);
            }
            if i + self.columns >= selection.panels.len() {
                self.draw_x_ticks(canvas, corner);
                let down = self.panel.1 + self.ticks + 0.5 * MEDIUM * LEADING;
                canvas.text(&self.x_label, (corner.0 + 0.5 * self.panel.0, corner.1 + down), medium);
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
        self.legend.draw(canvas, self.legend_corner, self.arrangement);
    }

    fn draw_x_ticks(&self, canvas: &mut Canvas, corner: Place) {
        let bottom = corner.1 + self.panel.1;
        for tick in &self.x.ticks {
            let x = corner.0 + self.x.part(tick.at) * self.panel.0;
            if self.upwards {
                canvas.text(&tick.label, (x, bottom + 5.0), Type { upwards: true, ..small(Anchor::End) });
            } else {
                canvas.text(&tick.label, (x, bottom + 10.0), small(Anchor::Middle));
            }
        }
    }

    fn draw_y_ticks(&self, canvas: &mut Canvas, corner: Place) {
        for tick in &self.y.ticks {
            let y = corner.1 + (1.0 - self.y.part(tick.at)) * self.panel.1;
            canvas.text(&tick.label, (corner.0 - 6.0, y), small(Anchor::End));
        }
    }
}

/// How far the labels of a horizontal axis reach beyond its ends, in pixels.
fn overhang(axis: &Axis, pixels: f64, face: Face) -> (f64, f64) {
    axis.ticks.iter().fold((0.0, 0.0), |(left, right), tick| {
        let (at, half) = (axis.part(tick.at) * pixels, 0.5 * width(face, &tick.label, SMALL));
        (f64::max(left, half - at), f64::max(right, at + half - pixels))
    })
}

/// The horizontal axis, ticked where was measured if there is room for that, and whether its labels run upwards because
/// they are words that are too long to stand beside each other.
fn x_axis(selection: &Selection, pixels: f64, face: Face) -> (Axis, bool) {
    let places: Vec<f64> = selection.points().map(|point| point.x).collect();
    let level = Room { pixels, label: &|label| width(face, label, SMALL) + 7.0 };
    let upright = Room { pixels, label: &|_| SMALL * LEADING };
    let axis = Axis::new(&selection.x, &places, &level);
    if !matches!(selection.x, Scale::Words(_)) {
        // The outermost markers stay inside.
        let beside = RING + 2.0 + 0.5 * WIDEST.min(APART * (selection.series.len().max(1) - 1) as f64);
        let beside = beside / pixels * (axis.hi - axis.lo);
        let axis = places.iter().fold(axis, |axis, place| axis.reaching(place - beside).reaching(place + beside));
        return (axis.ticked_at(selection.places.clone(), &level), false);
    }
    if !axis.is_crowded(&level) {
        return (axis, false);
    }
    let mut axis = Axis::new(&selection.x, &places, &upright);
    // Of words that have no room even so, every n-th is named.
    let every = (1..).find(|every| {
        let named: Vec<Tick> = axis.ticks.iter().step_by(*every).cloned().collect();
        !Axis { ticks: named, ..axis.clone() }.is_crowded(&upright)
    });
    axis.ticks = axis.ticks.into_iter().step_by(every.unwrap_or(1)).collect();
    (axis, true)
}

/// The vertical axis. The violated side of a slack is always to be seen, with room for its name.
/// Probabilities that are not all large are read beside 0 and 1.
fn y_axis(kind: Kind, plot: &Plot, selection: &Selection, pixels: f64) -> Axis {
    const NAME: f64 = 18.0;
    let marks = selection
        .points()
        .flat_map(|point| [point.heights.mark(), point.heights.bound].into_iter().chain(point.also.iter().copied()));
    let mut heights: Vec<f64> = marks.flatten().filter(|height| height.is_finite()).collect();
    if plot.y == Quantity::Slack {
        heights.push(0.0);
    } else if kind == Kind::Probability && selection.y == Scale::Linear && heights.iter().any(|height| *height < 0.5) {
        heights.extend([0.0, 1.0]);
    }
    if heights.is_empty() {
        heights.push(0.0);
    }
    // Of an interval that reaches far beyond all that is marked, the axis shows a part: else it would squeeze everything else.
    let (least, most) = extent(&heights);
    let is_log = plot.y == Quantity::Slack || selection.y != Scale::Linear;
    let reach = if is_log { (most - least).max(LEAST_REACH) } else { f64::INFINITY };
    let limits = selection.points().flat_map(|point| [point.heights.lo, point.heights.hi]);
    let limits = limits.filter(|limit| limit.is_finite()).map(|limit| limit.clamp(least - reach, most + reach));
    heights.extend(limits.collect::<Vec<f64>>());
    // A compressed scale needs its ticks near 0.
    let apart = if matches!(selection.y, Scale::SignedLog | Scale::LogOfLog) { 13.0 } else { 26.0 };
    let axis = Axis::new(&selection.y, &heights, &Room { pixels, label: &|_| apart });
    let below = -axis.hi.max(0.0) * NAME / (pixels - NAME);
    let axis = if plot.y == Quantity::Slack { axis.reaching(below) } else { axis };
    // What stands at an edge is nearer to it than any other point.
    let beyond = BEYOND / pixels * (axis.hi - axis.lo);
    let ends = [(f64::NEG_INFINITY, axis.lo - beyond), (f64::INFINITY, axis.hi + beyond)];
    let is_at = |end: f64| selection.points().any(|point| point.heights.value == Some(end));
    ends.into_iter().filter(|(end, _)| is_at(*end)).fold(axis, |axis, (_, place)| axis.reaching(place))
}

/// Decades beyond what is marked that an axis of logs shows of intervals, at least.
const LEAST_REACH: f64 = 0.25;

/// What the vertical axis shows.
fn y_label(about: &Statement, plot: &Plot, scale: &Scale) -> String {
    let label = match (plot.y, about.relation_of(&plot.bound)) {
        _ if plot.label.is_some() => plot.label.clone().unwrap_or_default(),
        (Quantity::Measured, _) => about.measured.clone(),
        (Quantity::Slack, Relation::AtLeast) => "slack = log₁₀(measured / bound)".into(),
        (Quantity::Slack, Relation::AtMost) => "slack = log₁₀(bound / measured)".into(),
        (Quantity::Slack, Relation::Equal { tolerance }) => {
            format!("slack = log₁₀({}) − |log₁₀(measured / bound)|", 1.0 + tolerance)
        }
    };
    match scale {
        Scale::SignedLog => label + " (log scale beyond ±1)",
        Scale::LogOfLog => label + " (log scale of the exponent)",
        _ => label,
    }
}
