//! From records to what a figure shows: panels of points, each at its place along the axes.

use std::collections::HashMap;
use std::f64::consts::LN_10;

use crate::error::{Error, Result};
use crate::experiment::{self, Experiment, Plot, Quantity};
use crate::record::Record;
use crate::show::fit;
use crate::statement::{Quantity as Kind, Relation};
use crate::verdict::Verdict;

use super::axis::{Scale, Tick, extent, short, shorts};

/// Everything that a figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The horizontal scale.
    pub x: Scale,
    /// The vertical scale.
    pub y: Scale,
    /// The measured places along the horizontal axis, in order, each with its value.
    pub places: Vec<Tick>,
    /// Whether all of them are whole numbers.
    pub whole: bool,
    /// The names of the series, in order; one empty name where the plot has no series.
    pub series: Vec<String>,
    /// What the legend adds to each series: its fitted power, and where it was not measured.
    pub notes: Vec<String>,
    /// The panels, in order.
    pub panels: Vec<Panel>,
    /// How many of the records have nothing that could be drawn (no value, no limits, or no bound to compare with).
    pub omitted: usize,
}

/// One coordinate system.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What stands above it; empty where the plot names no panels.
    pub heading: String,
    /// The points of all series, by series and then from left to right.
    pub points: Vec<Point>,
    /// The fitted powers that are drawn: the series, and places of the line.
    pub fits: Vec<(usize, Vec<(f64, f64)>)>,
    /// The stretches of the horizontal axis on which no cell meets the hypotheses.
    pub unmet: Vec<(f64, f64)>,
}

/// What was found of a record's bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// It holds, or holds with the constant that was tried.
    Holds,
    /// It is violated.
    Violated,
    /// It fails with the constant that was tried: no word on a statement that only says that a constant exists.
    ConstantRefuted,
    /// Nothing is decided.
    Undecided,
}

impl Found {
    fn of(record: &Record) -> Self {
        match record.verdict {
            Verdict::Holds | Verdict::ConstantSuffices => Found::Holds,
            Verdict::Violated => Found::Violated,
            Verdict::ConstantRefuted => Found::ConstantRefuted,
            Verdict::Undecided | Verdict::Failed => Found::Undecided,
        }
    }
}

/// One record at its place. Heights are in the vertical scale's places and may be infinite: beyond the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its series' number.
    pub series: usize,
    /// Its place along the horizontal axis.
    pub x: f64,
    /// How high it stands.
    pub heights: Heights,
    /// What was found.
    pub found: Found,
    /// Whether a hypothesis is unmet.
    pub outside: bool,
    /// Whether that has to be said at the point itself: it does not stand where no cell meets the hypotheses.
    pub struck: bool,
    /// Whether the bound says nothing.
    pub vacuous: bool,
    /// The heights of the further bounds, in the plot's order.
    pub also: Vec<Option<f64>>,
}

impl Point {
    /// The height of the plot's bound, 0, or of one of the further ones, from 1 on.
    pub fn bound(&self, line: usize) -> Option<f64> {
        line.checked_sub(1).map_or(self.heights.bound, |further| self.also[further])
    }
}

/// The heights of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heights {
    /// The measured value, if there is one that the scale can show; minus infinity for 0 on a log scale, and infinite for
    /// the slack of 0.
    pub value: Option<f64>,
    /// The lower limit.
    pub lo: f64,
    /// The upper limit.
    pub hi: f64,
    /// The bound, if the scale can show it.
    pub bound: Option<f64>,
}

impl Heights {
    /// Where the point is marked: at its value, or else at the limit that is known.
    pub fn mark(&self) -> Option<f64> {
        self.value.or([self.hi, self.lo].into_iter().find(|height| height.is_finite()))
    }
}

impl Selection {
    /// The records that a plot shows, placed.
    ///
    /// # Errors
    /// Where none is left: names the plot and what to change.
    pub fn new(experiment: &Experiment, plot: &Plot, records: &[Record]) -> Result<Self> {
        let records = &plot.placed(records);
        let shown = plot.shown(records);
        let values = distinct(&shown, Some(&plot.x));
        let x = horizontal(&values, plot.fit);
        let y = height_scale(experiment, plot, &shown);
        let series = distinct(&shown, plot.series.as_deref());
        let headings = distinct(&shown, plot.panels.as_deref());
        let fits = if plot.fit { fit::fits(plot, records) } else { Vec::new() };
        let placer = Placer {
            plot,
            x: &x,
            y: &y,
            series: &series,
            relation: experiment.relation_of(&plot.bound),
            further: further_bounds(plot, records),
        };
        let names = shorts(&headings);
        let panel = |(value, name): (&String, &String)| {
            let its = shown.iter().filter(|record| text(record, plot.panels.as_deref()) == value);
            let mut points: Vec<Point> = its.filter_map(|record| placer.point(record)).collect();
            points.sort_by(|a, b| a.series.cmp(&b.series).then(a.x.total_cmp(&b.x)));
            let unmet = unmet_places(&points);
            for point in &mut points {
                let shaded = unmet.iter().any(|(from, to)| (*from..=*to).contains(&point.x));
                point.struck = point.outside && !shaded;
            }
            let of_panel: Vec<&fit::Fit> = one_each(&fits).filter(|fit| fit.panel == *value).collect();
            let mut heading =
                plot.panels.as_ref().map(|column| format!("{} = {name}", plot.name_of(column))).unwrap_or_default();
            if let ([_], Some(fit)) = (&series[..], of_panel.first())
                && plot.panels.is_some()
            {
                heading += &format!(", {}", fit.text());
            }
            let fits = of_panel.iter().filter_map(|fit| placer.line(fit, &points)).collect();
            Panel { heading, points, fits, unmet }
        };
        let panels: Vec<Panel> =
            headings.iter().zip(&names).map(panel).filter(|panel| !panel.points.is_empty()).collect();
        let drawn: usize = panels.iter().map(|panel| panel.points.len()).sum();
        if drawn == 0 {
            return Err(nothing_left(experiment, plot, records, shown.len()));
        }
        let note = |value: &String| {
            let is_its = |fit: &&fit::Fit| headings.len() == 1 && fit.panel == headings[0] && fit.series == *value;
            let in_legend = plot.panels.is_none() || series.len() > 1;
            let fit = one_each(&fits).filter(|_| in_legend).find(is_its).map(|fit| format!("  {}", fit.text()));
            fit.unwrap_or_default() + &unmeasured(plot, &shown, value, &headings, &names)
        };
        let notes = series.iter().map(note).collect();
        let mut places: Vec<Tick> = values
            .iter()
            .filter_map(|value| Some(Tick { at: place(&x, value)?, label: short(value).replace('-', "−") }))
            .collect();
        places.dedup_by(|later, earlier| later.at == earlier.at);
        let series = shorts(&series);
        let whole = numbers(&values).is_some_and(|numbers| numbers.iter().all(|number| number.fract() == 0.0));
        Ok(Selection { x, y, places, whole, series, notes, panels, omitted: shown.len() - drawn })
    }

    /// All points of all panels.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.panels.iter().flat_map(|panel| &panel.points)
    }
}

/// What places a plot's records.
struct Placer<'a> {
    plot: &'a Plot,
    x: &'a Scale,
    y: &'a Scale,
    series: &'a [String],
    relation: Relation,
    further: HashMap<((&'a str, &'a str), &'a str), Option<f64>>,
}

impl Placer<'_> {
    /// A record's point; nothing where it has no value and no limits.
    fn point(&self, record: &Record) -> Option<Point> {
        let Placer { plot, x, y, .. } = self;
        let heights = match plot.y {
            Quantity::Measured if plot.lines => measured(record, y),
            Quantity::Measured => Heights { bound: None, ..measured(record, y) },
            Quantity::Slack => slack(record, self.relation, y)?,
        };
        heights.mark()?;
        let further = |bound: &String| self.further.get(&(place_of(record), bound.as_str())).copied().flatten();
        let also = |bound| further(bound).map(|ln| y.place_of_ln(ln)).filter(|height| height.is_finite());
        Some(Point {
            series: self.series.iter().position(|name| name == text(record, plot.series.as_deref()))?,
            x: place(x, text(record, Some(&plot.x)))?,
            heights,
            found: Found::of(record),
            outside: record.outside(),
            struck: false,
            vacuous: record.vacuous,
            also: plot.also.iter().map(also).collect(),
        })
    }

    /// The line of a fitted power over its series' places.
    fn line(&self, fit: &fit::Fit, points: &[Point]) -> Option<(usize, Vec<(f64, f64)>)> {
        const PARTS: u32 = 32;
        let series = self.series.iter().position(|name| *name == fit.series)?;
        let places: Vec<f64> = points.iter().filter(|point| point.series == series).map(|point| point.x).collect();
        let (lo, hi) = extent(&places);
        let at = |i: u32| lo + (hi - lo) * f64::from(i) / f64::from(PARTS);
        let value = |place: f64| if *self.x == Scale::Log { 10f64.powf(place) } else { place };
        let point = |i| Some((at(i), self.y.place_of_ln(fit.ln_at(value(at(i)))?)));
        let line: Vec<(f64, f64)> = (0..=PARTS).map(point).collect::<Option<_>>()?;
        (lo < hi && line.iter().all(|(_, y)| y.is_finite())).then_some((series, line))
    }
}

/// The first of each panel's and series' fits: the one that the figure shows.
fn one_each(fits: &[fit::Fit]) -> impl Iterator<Item = &fit::Fit> {
    let of = |fit: &fit::Fit| (fit.panel.clone(), fit.series.clone());
    fits.iter().enumerate().filter(move |(i, fit)| *i == 0 || of(&fits[i - 1]) != of(fit)).map(|(_, fit)| fit)
}

/// In which panels a series was not measured, in brackets; empty where it was in all.
fn unmeasured(plot: &Plot, shown: &[&Record], series: &str, headings: &[String], names: &[String]) -> String {
    let is_measured = |heading: &String| {
        shown.iter().any(|record| {
            text(record, plot.panels.as_deref()) == heading && text(record, plot.series.as_deref()) == series
        })
    };
    let absent: Vec<&str> = headings
        .iter()
        .zip(names)
        .filter(|(heading, _)| !is_measured(heading))
        .map(|(_, name)| name.as_str())
        .collect();
    match &absent[..] {
        [] => String::new(),
        more if more.len() > 2 => format!(" (not measured in {} of {} panels)", more.len(), headings.len()),
        few => format!(
            " (not measured at {} = {})",
            plot.panels.as_deref().map_or("", |column| plot.name_of(column)),
            few.join(", ")
        ),
    }
}

/// The stretches of the horizontal axis on which no cell meets the hypotheses: half way to the next cells that do, infinite
/// where there are none.
fn unmet_places(points: &[Point]) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, bool)> = points.iter().map(|point| (point.x, point.outside)).collect();
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

fn nothing_left(experiment: &Experiment, plot: &Plot, records: &[Record], shown: usize) -> Error {
    let why = if records.is_empty() {
        "there are no records; measure them with lemmascope run".into()
    } else if shown > 0 {
        format!("none of its {shown} records has a value to draw; measure more replicates or plot other cells")
    } else {
        let only: Vec<String> =
            plot.only.iter().map(|(name, values)| format!("{name} = {}", values.join(" or "))).collect();
        let fixed = if only.is_empty() { String::new() } else { format!(" and {}", only.join(", ")) };
        format!("no record has the bound {}{fixed}; change what the plot shows, or the grid, and run again", plot.bound)
    };
    Error::input(format!("plot {} of {} has nothing to show: {why}", plot.name, experiment.name))
}

/// A record's text in a column; empty where no column is asked for.
fn text<'a>(record: &'a Record, column: Option<&str>) -> &'a str {
    column.and_then(|column| record.columns.get(column)).map_or("", String::as_str)
}

/// A column's values: numbers by size, words as they come.
fn distinct(records: &[&Record], column: Option<&str>) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for record in records {
        let value = text(record, column);
        if !values.iter().any(|known| known == value) {
            values.push(value.into());
        }
    }
    if let Some(numbers) = numbers(&values) {
        let mut sorted: Vec<(f64, String)> = numbers.into_iter().zip(values).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        return sorted.into_iter().map(|(_, value)| value).collect();
    }
    values
}

fn numbers(texts: &[String]) -> Option<Vec<f64>> {
    texts.iter().map(|text| text.parse().ok().filter(|number: &f64| number.is_finite())).collect()
}

/// Positive numbers stand on a log scale where a power is fitted, where they span two decades or are too small or too large
/// to write out, and where that separates them better than a linear one.
fn horizontal(values: &[String], fitted: bool) -> Scale {
    let Some(numbers) = numbers(values) else { return Scale::Words(values.to_vec()) };
    let (Some(least), Some(most)) = (numbers.first(), numbers.last()) else { return Scale::Linear };
    if *least <= 0.0 {
        return Scale::Linear;
    }
    let nearest = |scale: Scale| {
        let part = |pair: &[f64]| scale.place(pair[1]) - scale.place(pair[0]);
        let gaps = numbers.windows(2).map(part).filter(|gap| *gap > 0.0);
        gaps.fold(f64::INFINITY, f64::min) / (scale.place(*most) - scale.place(*least))
    };
    let ratio = most / least;
    let clearer = || ratio >= 3.0 && nearest(Scale::Log) >= nearest(Scale::Linear);
    let log = (fitted && ratio > 1.0) || ratio >= 100.0 || !is_written_out(most.ln()) || clearer();
    if log { Scale::Log } else { Scale::Linear }
}

fn place(scale: &Scale, text: &str) -> Option<f64> {
    match scale {
        Scale::Words(words) => words.iter().position(|word| word == text).map(|i| i as f64),
        _ => text.parse().ok().map(|number| scale.place(number)),
    }
}

/// The scale of a plot's heights: the one it asks for, or the one that its values ask for.
fn height_scale(experiment: &Experiment, plot: &Plot, shown: &[&Record]) -> Scale {
    let about = experiment.claim.statement();
    let has_height = |record: &&&Record| {
        let bound = record.ln_bound.filter(|_| plot.lines);
        [record.ln_measured, Some(record.ln_lo), Some(record.ln_hi), bound].into_iter().flatten().any(f64::is_finite)
    };
    match (plot.y, plot.scale) {
        (Quantity::Slack, _) => comparing(shown),
        (_, Some(experiment::Scale::Linear)) => Scale::Linear,
        // Where all values are 0, a log scale has no place for anything.
        _ if !shown.iter().any(|record| has_height(&record)) => Scale::Linear,
        (_, Some(experiment::Scale::Log)) => Scale::Log,
        (_, None) => vertical(shown, plot.lines, about.quantity, about.relation),
    }
}

/// Values that span more than a decade, or are too small or too large to write out, stand on a log scale, and on a log of it
/// where most would lie in one band of it. But a probability that is claimed to be large, or found to be, is read beside 0
/// and 1.
fn vertical(records: &[&Record], lines: bool, kind: Kind, relation: Relation) -> Scale {
    let finite = |ln: Option<f64>| ln.filter(|ln| ln.is_finite());
    let bounds: Vec<f64> = records.iter().filter(|_| lines).filter_map(|record| finite(record.ln_bound)).collect();
    let values: Vec<f64> = records.iter().filter_map(|record| finite(record.ln_measured)).collect();
    let all = [&values[..], &bounds].concat();
    let (least, most) = extent(&all);
    let claimed = !bounds.is_empty() && bounds.iter().all(|ln| *ln >= -LN_10);
    let found = !values.is_empty() && extent(&values).0 >= -2.0 * LN_10 && extent(&values).1 >= 0.5f64.ln();
    let large = kind == Kind::Probability && relation == Relation::AtLeast && (claimed || found);
    if large || (most - least <= LN_10 && is_written_out(most)) || !most.is_finite() {
        Scale::Linear
    } else if is_one_band(&all) {
        Scale::LogOfLog
    } else {
        Scale::Log
    }
}

/// Whether seven of ten different values lie in a narrow band of a long log axis, which [`Scale::LogOfLog`] widens.
fn is_one_band(lns: &[f64]) -> bool {
    const LONG: f64 = 5.0;
    const NARROW: f64 = 0.2;
    let band = |scale: &Scale| {
        let mut places: Vec<f64> = lns.iter().map(|ln| scale.place_of_ln(*ln)).collect();
        places.sort_by(f64::total_cmp);
        places.dedup_by(|later, earlier| (*later - *earlier).abs() < 1e-9);
        let most = (places.len() * 7).div_ceil(10).max(1);
        let widths = places.windows(most).map(|band| band[most - 1] - band[0]);
        let whole = places.last().unwrap_or(&0.0) - places.first().unwrap_or(&0.0);
        (widths.fold(f64::INFINITY, f64::min) / whole, whole)
    };
    let ((narrow, decades), (widened, _)) = (band(&Scale::Log), band(&Scale::LogOfLog));
    decades > LONG && narrow < NARROW && widened > 1.5 * narrow
}

/// Whether a number, given by its ln, is neither too small nor too large to be written without a power of ten.
fn is_written_out(ln: f64) -> bool {
    (-3.0 * LN_10..=6.0 * LN_10).contains(&ln)
}

/// Slacks that lie far apart stand on a scale that still separates the small ones from 0.
fn comparing(records: &[&Record]) -> Scale {
    const FAR: f64 = 20.0;
    let slacks = || records.iter().filter_map(|record| record.slack_log10);
    let (least, most) = (slacks().fold(0.0, f64::min), slacks().fold(0.0, f64::max));
    if most - least > FAR { Scale::SignedLog } else { Scale::Linear }
}

/// A record's cell and method.
fn place_of(record: &Record) -> (&str, &str) {
    (&record.key, text(record, Some("method")))
}

/// ln of the further bounds that a plot shows, by cell, method and name.
fn further_bounds<'a>(plot: &Plot, records: &'a [Record]) -> HashMap<((&'a str, &'a str), &'a str), Option<f64>> {
    let further = records.iter().filter(|record| plot.also.contains(&record.bound) && plot.shows_cell(record));
    further.map(|record| ((place_of(record), record.bound.as_str()), record.ln_bound)).collect()
}

fn measured(record: &Record, scale: &Scale) -> Heights {
    let shown = |ln: Option<f64>| ln.map(|ln| scale.place_of_ln(ln)).filter(|height| *height < f64::INFINITY);
    Heights {
        value: shown(record.ln_measured),
        lo: scale.place_of_ln(record.ln_lo),
        hi: scale.place_of_ln(record.ln_hi),
        bound: shown(record.ln_bound).filter(|height| height.is_finite()),
    }
}

/// The slack of the value and of both limits.
fn slack(record: &Record, relation: Relation, scale: &Scale) -> Option<Heights> {
    let ln_bound = record.ln_bound?;
    let of = |ln: f64| {
        let slack = match relation {
            Relation::AtLeast => ln - ln_bound,
            Relation::AtMost => ln_bound - ln,
            Relation::Equal { tolerance } => tolerance.ln_1p() - (ln - ln_bound).abs(),
        };
        scale.place(slack / LN_10)
    };
    let (a, b) = (of(record.ln_lo), of(record.ln_hi));
    // Equality has its most slack at the bound itself.
    let around = matches!(relation, Relation::Equal { .. }) && record.ln_lo < ln_bound && ln_bound < record.ln_hi;
    let hi = if around { of(ln_bound) } else { a.max(b) };
    // A value of 0 is infinitely far from its bound.
    let zero = record.ln_measured.filter(|ln| *ln == f64::NEG_INFINITY).map(of);
    let value = record.slack_log10.map(|slack| scale.place(slack)).or(zero);
    Some(Heights { value, lo: a.min(b), hi, bound: None })
}
