//! From records to what a figure shows: panels of points, each at its place along the axes.

use std::collections::HashMap;
use std::f64::consts::LN_10;

use crate::claims::{Quantity as Kind, Relation};
use crate::error::{Error, Result};
use crate::experiment::{self, Experiment, Plot, Quantity};
use crate::fit;
use crate::record::Record;
use crate::verdict::Verdict;

use super::axis::{Scale, short};

/// Everything that a figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The horizontal scale.
    pub x: Scale,
    /// The vertical scale.
    pub y: Scale,
    /// The values of the series' column, in order; one empty value where the plot names no series.
    pub series: Vec<String>,
    /// What the legend adds to each series: its fitted power.
    pub notes: Vec<Option<String>>,
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
    pub verdict: Verdict,
    /// Whether a hypothesis is unmet.
    pub outside: bool,
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
    /// The measured value, if there is one that the scale can show.
    pub value: Option<f64>,
    /// The lower limit.
    pub lo: f64,
    /// The upper limit.
    pub hi: f64,
    /// The bound, if the scale can show it.
    pub bound: Option<f64>,
}

impl Heights {
    /// The finite ones.
    pub fn finite(&self) -> impl Iterator<Item = f64> {
        [self.value, Some(self.lo), Some(self.hi), self.bound].into_iter().flatten().filter(|height| height.is_finite())
    }

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
        let shown: Vec<&Record> = records.iter().filter(|record| plot.shows(record)).collect();
        let about = experiment.claim.about();
        let x = horizontal(&distinct(&shown, Some(&plot.x)));
        let y = match plot.y {
            Quantity::Slack => comparing(&shown),
            Quantity::Measured => match plot.scale {
                Some(experiment::Scale::Linear) => Scale::Linear,
                Some(experiment::Scale::Log) => Scale::Log,
                None => vertical(&shown, about.quantity, about.relation),
            },
        };
        let series = distinct(&shown, plot.series.as_deref());
        let headings = distinct(&shown, plot.panels.as_deref());
        let fits = if plot.fit { fit::fits(plot, records) } else { Vec::new() };
        let note = |value: &String| {
            let of_series = |fit: &&fit::Fit| headings.len() == 1 && fit.panel == headings[0] && fit.series == *value;
            let shown = plot.panels.is_none() || series.len() > 1;
            fits.iter().filter(|_| shown).find(of_series).map(fit::Fit::text)
        };
        let relation = experiment.relation_of(&plot.bound);
        let further = further_bounds(plot, records);
        let panel = |value: &String| {
            let mut points: Vec<Point> = shown
                .iter()
                .filter(|record| text(record, plot.panels.as_deref()) == value)
                .filter_map(|record| {
                    let heights = match plot.y {
                        Quantity::Measured if plot.lines => measured(record, &y),
                        Quantity::Measured => Heights { bound: None, ..measured(record, &y) },
                        Quantity::Slack => slack(record, relation, &y)?,
                    };
                    heights.mark()?;
                    Some(Point {
                        series: series.iter().position(|name| name == text(record, plot.series.as_deref()))?,
                        x: place(&x, text(record, Some(&plot.x)))?,
                        heights,
                        verdict: verdict(record),
                        outside: record.outside(),
                        vacuous: record.vacuous,
                        also: plot
                            .also
                            .iter()
                            .map(|bound| further.get(&(place_of(record), bound.as_str())).copied().flatten())
                            .map(|ln| ln.map(|ln| height(ln, &y)).filter(|height| height.is_finite()))
                            .collect(),
                    })
                })
                .collect();
            points.sort_by(|a, b| a.series.cmp(&b.series).then(a.x.total_cmp(&b.x)));
            let mut heading =
                plot.panels.as_ref().map(|column| format!("{column} = {}", short(value))).unwrap_or_default();
            if let ([_], Some(fit)) = (&series[..], fits.iter().find(|fit| fit.panel == *value))
                && plot.panels.is_some()
            {
                heading += &format!(", {}", fit.text());
            }
            Panel { heading, points }
        };
        let panels: Vec<Panel> = headings.iter().map(panel).filter(|panel| !panel.points.is_empty()).collect();
        let drawn: usize = panels.iter().map(|panel| panel.points.len()).sum();
        if drawn == 0 {
            return Err(nothing_left(experiment, plot, records, shown.len()));
        }
        let notes = series.iter().map(note).collect();
        Ok(Selection { x, y, series, notes, panels, omitted: shown.len() - drawn })
    }

    /// All points of all panels.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.panels.iter().flat_map(|panel| &panel.points)
    }
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

/// Positive numbers that span a decade, or are too small or too large to write out, stand on a log scale.
fn horizontal(values: &[String]) -> Scale {
    let Some(numbers) = numbers(values) else { return Scale::Words(values.to_vec()) };
    match (numbers.first(), numbers.last()) {
        (Some(least), Some(most)) if *least > 0.0 && (most / least >= 10.0 || !is_written_out(most.ln())) => Scale::Log,
        _ => Scale::Linear,
    }
}

fn place(scale: &Scale, text: &str) -> Option<f64> {
    match scale {
        Scale::Words(words) => words.iter().position(|word| word == text).map(|i| i as f64),
        _ => text.parse().ok().map(|number| scale.place(number)),
    }
}

/// Values that span more than a decade, or are too small or too large to write out, stand on a log scale; but a
/// probability that is claimed to be large is read beside 0 and 1.
fn vertical(records: &[&Record], kind: Kind, relation: Relation) -> Scale {
    let bounds = || records.iter().filter_map(|record| record.ln_bound).filter(|ln| ln.is_finite());
    let values = records.iter().filter_map(|record| record.ln_measured).filter(|ln| ln.is_finite()).chain(bounds());
    let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), ln| (lo.min(ln), hi.max(ln)));
    let large = kind == Kind::Probability
        && relation == Relation::AtLeast
        && bounds().next().is_some()
        && bounds().all(|ln| ln >= -LN_10);
    if large || (most - least <= LN_10 && is_written_out(most)) || !most.is_finite() {
        Scale::Linear
    } else {
        Scale::Log
    }
}

/// Whether a number, given by its ln, is neither too small nor too large to be written without a power of ten.
fn is_written_out(ln: f64) -> bool {
    (-3.0 * LN_10..=6.0 * LN_10).contains(&ln)
}

/// Slacks that lie far apart stand on a scale that still tells the small ones from 0.
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

/// Where the number of this ln stands.
fn height(ln: f64, scale: &Scale) -> f64 {
    if *scale == Scale::Log { ln / LN_10 } else { ln.exp() }
}

fn measured(record: &Record, scale: &Scale) -> Heights {
    let height = |ln: f64| height(ln, scale);
    let finite = |ln: Option<f64>| ln.map(height).filter(|height| height.is_finite());
    Heights {
        value: finite(record.ln_measured),
        lo: height(record.ln_lo),
        hi: height(record.ln_hi),
        bound: finite(record.ln_bound),
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
    Some(Heights { value: record.slack_log10.map(|slack| scale.place(slack)), lo: a.min(b), hi, bound: None })
}

fn verdict(record: &Record) -> Verdict {
    record.verdict
}
