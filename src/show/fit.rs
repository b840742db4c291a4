//! Growth exponents: the power of a parameter with which a measured value grows, from records alone.
//!
//! The exponent is the slope of the least-squares line through the logs, sum w_i y_i with w_i = (x_i - mean x)/S and S = sum (x_i -
//! mean x)^2. Its interval is the sum of two:
//!
//! - what is measured: over all values within their limits the slope ranges exactly between two numbers. Where the limits hold
//!   all together, as a run's do, so does this range, for the line that would be fitted to the true values;
//! - lack of fit: the true values need not follow a power. With residuals r_i of the m values from their line, the half-width
//!   t sqrt(sum r_i^2/(m - 2)/S) is added on both sides, t the 97.5 % point of Student's law with m - 2 degrees of freedom: 95 %
//!   where departures from a power are like independent normal ones. Two values have no residual: lack of fit cannot be judged,
//!   and the interval is open.

use crate::experiment::{Experiment, Plot};
use crate::numeric::number;
use crate::output::csv;
use crate::record::Record;

/// A fitted power.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The value of the panels' column; empty where the plot has none.
    pub panel: String,
    /// The value of the series' column, likewise.
    pub series: String,
    /// What is raised to the power: the parameter `x`, or `1/x` and `log(1/x)` where all its values are below 1.
    pub against: String,
    /// Along which scale of `x` the power is a straight line.
    pub along: Along,
    /// The middle of that line: the mean of the places and of ln of the values; `None` where one of them is unknown.
    pub middle: Option<(f64, f64)>,
    /// The measured values' exponent.
    pub measured: Slope,
    /// The exponent of the bound at the same places, with which the claim's formula grows there.
    pub bound: Option<f64>,
    /// How many places it rests on.
    pub points: usize,
}

/// A scale along which a power is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// ln x.
    Value,
    /// ln(1/x).
    Reciprocal,
    /// ln ln(1/x).
    LogOfReciprocal,
}

impl Along {
    fn place(self, x: f64) -> f64 {
        match self {
            Along::Value => x.ln(),
            Along::Reciprocal => -x.ln(),
            Along::LogOfReciprocal => (-x.ln()).ln(),
        }
    }
}

/// A slope and between which numbers it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Of the measured values; `None` where one of them is unknown.
    pub value: Option<f64>,
    /// Between which numbers it ranges while the values range within their limits.
    pub range: (f64, f64),
    /// How far lack of fit reaches on both sides; `None` where it cannot be judged: from two values, or an unknown one.
    pub misfit: Option<f64>,
}

impl Slope {
    /// The range, lack of fit included; open where that cannot be judged.
    pub fn interval(&self) -> (f64, f64) {
        let misfit = self.misfit.unwrap_or(f64::INFINITY);
        (self.range.0 - misfit, self.range.1 + misfit)
    }
}

/// The powers fitted to a plot's records, panel by panel and series by series.
pub fn fits(plot: &Plot, records: &[Record]) -> Vec<Fit> {
    let text = |record: &Record, column: &Option<String>| {
        column.as_ref().and_then(|column| record.columns.get(column)).cloned().unwrap_or_default()
    };
    let group = |record: &Record| (text(record, &plot.panels), text(record, &plot.series));
    let records = plot.placed(records);
    let shown = plot.shown(&records);
    let mut groups = Vec::new();
    for record in &shown {
        let group = group(record);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let mut fits = Vec::new();
    for (panel, series) in groups {
        let its = |record: &&&Record| group(record) == (panel.clone(), series.clone());
        let its: Vec<&Record> = shown.iter().filter(its).copied().collect();
        let at = |record: &&Record| record.columns.get(&plot.x)?.parse::<f64>().ok().filter(|x| *x > 0.0);
        let Some(places) = its.iter().map(at).collect::<Option<Vec<f64>>>() else { continue };
        for (against, along) in scales(&plot.x, &places) {
            let places: Vec<f64> = places.iter().map(|x| along.place(*x)).collect();
            let Some(weights) = weights(&places) else { continue };
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let values: Option<Vec<f64>> = its.iter().map(|record| record.ln_measured).collect();
            let middle = values.map(|lns| (mean(&places), mean(&lns)));
            let (panel, series) = (panel.clone(), series.clone());
            let bounds: Option<Vec<f64>> = its.iter().map(|record| record.ln_bound).collect();
            let bound = bounds.map(|lns| dot(&weights, lns.into_iter()));
            let (measured, points) = (slope(&places, &weights, &its), its.len());
            fits.push(Fit { panel, series, against, along, middle, measured, bound, points });
        }
    }
    fits
}

/// The scales along which a power is fitted, each with the name of what is raised to it.
fn scales(x: &str, places: &[f64]) -> Vec<(String, Along)> {
    if places.iter().all(|place| *place < 1.0) {
        vec![(format!("log(1/{x})"), Along::LogOfReciprocal), (format!("1/{x}"), Along::Reciprocal)]
    } else {
        vec![(x.to_string(), Along::Value)]
    }
}

/// The slope of the least-squares line is the sum of the heights with these weights; `None` where all places are one.
fn weights(places: &[f64]) -> Option<Vec<f64>> {
    let mean = places.iter().sum::<f64>() / places.len() as f64;
    let spread: f64 = places.iter().map(|x| (x - mean).powi(2)).sum();
    (spread > 1e-20).then(|| places.iter().map(|x| (x - mean) / spread).collect())
}

fn dot(weights: &[f64], heights: impl Iterator<Item = f64>) -> f64 {
    // A weight of 0 takes nothing, also of infinity.
    weights.iter().zip(heights).filter(|(weight, _)| **weight != 0.0).map(|(weight, height)| weight * height).sum()
}

fn slope(places: &[f64], weights: &[f64], records: &[&Record]) -> Slope {
    let values: Option<Vec<f64>> = records.iter().map(|record| record.ln_measured).collect();
    let end = |low: bool| {
        let pick =
            |(weight, record): (&f64, &&Record)| if (*weight > 0.0) == low { record.ln_lo } else { record.ln_hi };
        dot(weights, weights.iter().zip(records).map(pick))
    };
    let value = values.as_ref().map(|lns| dot(weights, lns.iter().copied()));
    let misfit = values.zip(value).and_then(|(lns, slope)| misfit(places, weights, &lns, slope));
    Slope { value, range: (end(true), end(false)), misfit }
}

/// The half-width of the slope's interval by its residuals; `None` without any, or where a value is 0.
fn misfit(places: &[f64], weights: &[f64], heights: &[f64], slope: f64) -> Option<f64> {
    let freedom = places.len().checked_sub(2).filter(|freedom| *freedom > 0)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x, y) = (mean(places), mean(heights));
    let squares = places.iter().zip(heights).map(|(place, height)| (height - y - slope * (place - x)).powi(2));
    // The weights' squares add up to 1/S.
    let spread = weights.iter().map(|weight| weight * weight).sum::<f64>();
    let half = student_point(freedom) * (squares.sum::<f64>() / freedom as f64 * spread).sqrt();
    half.is_finite().then_some(half)
}

/// The 97.5 % point of Student's law with `freedom` degrees of freedom, at least 1.
fn student_point(freedom: usize) -> f64 {
    let (mut low, mut high) = (1.9, 12.8);
    while high - low > 1e-12 * high {
        let middle = 0.5 * (low + high);
        if within(middle, freedom) < 0.95 { low = middle } else { high = middle }
    }
    high
}

/// Pr(|T| <= t) by the finite sums of Abramowitz and Stegun 26.7.3-4.
fn within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    // 1 + cos^2/2 + ..., or cos (1 + 2/3 cos^2 + ...).
    let odd = freedom % 2;
    let mut term = if odd == 1 { cos } else { 1.0 };
    let mut sum = if freedom > 1 { term } else { 0.0 };
    for i in (2 + odd..freedom).step_by(2) {
        term *= cos * cos * (i - 1) as f64 / i as f64;
        sum += term;
    }
    if odd == 1 { (angle + sin * sum) / std::f64::consts::FRAC_PI_2 } else { sin * sum }
}

impl Fit {
    /// ln of the fitted value at `x`; `None` where the exponent is unknown.
    pub fn ln_at(&self, x: f64) -> Option<f64> {
        let (place, ln) = self.middle?;
        Some(ln + self.measured.value? * (self.along.place(x) - place))
    }

    /// The fit in a line: `~ d^1.4 [1.2, 1.7]`, with lack of fit; an end that is open is `?`, and of an interval that is
    /// open at both ends nothing is known.
    pub fn text(&self) -> String {
        let short = |x: f64| if x.is_finite() { format!("{x:.2}") } else { "?".into() };
        let value = self.measured.value.map_or("?".into(), short);
        let (lo, hi) = self.measured.interval();
        let interval = match lo.is_finite() || hi.is_finite() {
            true => format!("[{}, {}]", short(lo), short(hi)),
            false => "(no interval)".into(),
        };
        format!("~ {}^{value} {interval}", self.against)
    }
}

/// The header of the table of fits.
const HEADER: [&str; 13] = [
    "experiment",
    "plot",
    "panel",
    "series",
    "against",
    "exponent",
    "lo",
    "hi",
    "bound_exponent",
    "points",
    "measured_lo",
    "measured_hi",
    "lack_of_fit",
];

/// The table of all plots that ask for fits; `None` where none does. What is missing is empty: `lo`, `hi` and `lack_of_fit` where
/// lack of fit cannot be judged.
pub fn to_csv(sets: &[(&Experiment, &[Record])]) -> Option<Vec<u8>> {
    let plots = sets.iter().flat_map(|(experiment, records)| {
        experiment.plots.iter().filter(|plot| plot.fit).map(move |plot| (experiment, plot, records))
    });
    let mut rows: Vec<[String; 13]> = Vec::new();
    let shown = |value: Option<f64>| {
        let finite = value.filter(|value| value.is_finite());
        finite.map(|value| number((value * 1e6).round() / 1e6)).unwrap_or_default()
    };
    for (experiment, plot, records) in plots {
        if rows.is_empty() {
            rows.push(HEADER.map(String::from));
        }
        let named = |column: &Option<String>, value: String| {
            column.as_ref().map(|column| format!("{column} = {value}")).unwrap_or_default()
        };
        for fit in fits(plot, records) {
            let ((lo, hi), range) = (fit.measured.interval(), fit.measured.range);
            rows.push([
                experiment.name.clone(),
                plot.name.clone(),
                named(&plot.panels, fit.panel),
                named(&plot.series, fit.series),
                fit.against,
                shown(fit.measured.value),
                shown(Some(lo)),
                shown(Some(hi)),
                shown(fit.bound),
                fit.points.to_string(),
                shown(Some(range.0)),
                shown(Some(range.1)),
                shown(fit.measured.misfit),
            ]);
        }
    }
    (!rows.is_empty()).then(|| csv(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    const TEXT: &str = r#"
claim = "lueker"
title = "t"
about = "a"
[threshold]
find = "n"
[[grid]]
eps = [0.1, 0.01, 0.001]
C = [1, 2]
[[plot]]
name = "growth"
title = "Growth"
x = "eps"
y = "measured"
series = "C"
fit = true
"#;

    fn record(eps: &str, c: &str, value: f64, factor: f64, bound: f64) -> Record {
        Record {
            ln_measured: Some(value.ln()),
            ln_lo: (value / factor).ln(),
            ln_hi: (value * factor).ln(),
            ln_bound: Some(bound.ln()),
            ..Record::example("lueker-least-n", &format!("eps={eps};C={c}"), "printed", Verdict::Holds)
        }
    }

    /// Values 1, 8, 27 at log(1/eps) in the ratio 1 : 2 : 3 grow with the third power, and the bound with the first.
    fn cubes(factor: f64) -> Vec<Record> {
        let places = [("0.1", 1.0), ("0.01", 2.0), ("0.001", 3.0)];
        places.iter().map(|(eps, x): &(&str, f64)| record(eps, "1", x.powi(3), factor, 5.0 * x)).collect()
    }

    fn experiment() -> Experiment {
        Experiment::parse("e", TEXT).unwrap()
    }

    #[test]
    fn powers_are_found() {
        let experiment = experiment();
        let found = fits(&experiment.plots[0], &cubes(1.0));
        assert_eq!(found.iter().map(|fit| fit.against.as_str()).collect::<Vec<_>>(), ["log(1/eps)", "1/eps"]);
        let (value, (lo, hi)) = (found[0].measured.value, found[0].measured.interval());
        assert!((value.unwrap() - 3.0).abs() < 1e-12 && (lo - 3.0).abs() < 1e-12 && (hi - 3.0).abs() < 1e-12);
        assert!((found[0].bound.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(found[0].text(), "~ log(1/eps)^3.00 [3.00, 3.00]");
        // The line goes through the values that it fits exactly.
        assert!((found[0].ln_at(0.01).unwrap() - 8f64.ln()).abs() < 1e-12);
        assert!((found[1].ln_at(0.01).unwrap() - 216f64.ln() / 3.0).abs() < 1e-12);
    }

    /// Every choice of heights within the limits has its slope within the interval, and the extreme ones reach its ends.
    #[test]
    fn the_interval_is_the_range_over_the_box() {
        let experiment = experiment();
        let (lo, hi) = fits(&experiment.plots[0], &cubes(1.5))[0].measured.range;
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for corner in 0..8 {
            let mut records = cubes(1.0);
            for (i, record) in records.iter_mut().enumerate() {
                let shift = if corner >> i & 1 == 1 { 1.5f64.ln() } else { -1.5f64.ln() };
                record.ln_measured = record.ln_measured.map(|ln| ln + shift);
            }
            let slope = fits(&experiment.plots[0], &records)[0].measured.value.unwrap();
            (least, most) = (least.min(slope), most.max(slope));
        }
        assert!((lo - least).abs() < 1e-12 && (hi - most).abs() < 1e-12, "{lo} {least} {hi} {most}");
    }

    /// By hand: heights 0, 1, 0 at 0, 1, 2 have slope 0, residuals -1/3, 2/3, -1/3 and S = 2; t with 1 degree of freedom is
    /// 12.7062. Exact integers that follow no power have an interval.
    #[test]
    fn lack_of_fit_widens_what_is_measured_exactly() {
        let (places, heights) = ([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]);
        let half = misfit(&places, &weights(&places).unwrap(), &heights, 0.0).unwrap();
        assert!((half - 12.706_204_736 * (2.0f64 / 3.0 / 2.0).sqrt()).abs() < 1e-8, "{half}");
        let experiment = experiment();
        let least_n = [("0.1", 5.0), ("0.01", 9.0), ("0.001", 10.0)];
        let records: Vec<Record> = least_n.iter().map(|(eps, n)| record(eps, "1", *n, 1.0, 1.0)).collect();
        let slope = fits(&experiment.plots[0], &records)[0].measured;
        assert!(slope.range.1 - slope.range.0 < 1e-12, "{slope:?}");
        let (lo, hi) = slope.interval();
        assert!(lo < slope.value.unwrap() - 0.1 && hi > slope.value.unwrap() + 0.1, "{lo} {hi}");
        // Two values always lie on a line, which says nothing of how well a power fits.
        let slope = fits(&experiment.plots[0], &records[..2])[0].measured;
        assert_eq!((slope.misfit, slope.interval()), (None, (f64::NEG_INFINITY, f64::INFINITY)));
    }

    #[test]
    fn students_points_are_right() {
        use statrs::distribution::{ContinuousCDF, StudentsT};
        for freedom in [1, 2, 3, 4, 7, 10, 31, 100] {
            let exact = StudentsT::new(0.0, 1.0, freedom as f64).unwrap().inverse_cdf(0.975);
            assert!(
                (student_point(freedom) / exact - 1.0).abs() < 1e-6,
                "{freedom}: {} {exact}",
                student_point(freedom)
            );
        }
    }

    #[test]
    fn what_is_unknown_stays_open() {
        let experiment = experiment();
        let mut records = cubes(1.5);
        (records[2].ln_hi, records[2].ln_measured) = (f64::INFINITY, None);
        records.push(record("0.1", "2", 1.0, 1.0, 1.0));
        let found = fits(&experiment.plots[0], &records);
        let Slope { value, range, misfit } = found[0].measured;
        assert_eq!((value, range.1, misfit), (None, f64::INFINITY, None));
        assert!(range.0.is_finite() && found[0].measured.interval().0 == f64::NEG_INFINITY && found[0].points == 3);
        // One place has no slope.
        assert_eq!(found.len(), 2);
        let csv = String::from_utf8(to_csv(&[(&experiment, &records)]).unwrap()).unwrap();
        assert!(
            csv.starts_with("experiment,plot,panel,series,against,exponent,lo,hi,bound_exponent,points,measured_lo,"),
            "{csv}"
        );
        assert!(csv.lines().nth(1).unwrap().starts_with("e,growth,,C = 1,log(1/eps),,"), "{csv}");
        assert!(!csv.contains("inf") && !csv.contains("NaN"));
    }
}
