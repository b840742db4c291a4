//! Plots of records: measured values beside bounds, as SVG and PNG. Nothing here measures anything.

mod axis;
mod canvas;
mod dodge;
mod figure;
mod legend;
mod marks;
mod panel;
mod pdf;
mod raster;
mod selection;
mod text;
mod typeset;

pub use axis::Scale;
pub use canvas::Canvas;
pub use figure::{Paper, Style, draw, draw_as};
pub use pdf::pdf;
pub use raster::png;
pub use text::Face;

use crate::error::Result;
use crate::experiment::{Experiment, Plot};
use crate::record::Record;

/// Whether a plot's vertical axis has logs of what is measured.
///
/// # Errors
/// As [`draw`].
pub fn is_log(experiment: &Experiment, plot: &Plot, records: &[Record]) -> Result<bool> {
    let selection = selection::Selection::new(experiment, plot, records)?;
    Ok(matches!(selection.y, Scale::Log | Scale::SignedLog | Scale::LogOfLog))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    const PLOTS: &str = r#"
claim = "nsn-box"
title = "t"
about = "a"
methods = ["quadrature", "literal"]
[[grid]]
k = [16, 64, 256]
d = [1, 2]
eps = [1e-9, 0.1]
target = ["origin", "axis", "spread"]
[[plot]]
name = "measured"
title = "Measured & <bound>, at eps = 10^-9"
x = "k"
y = "measured"
series = "d"
panels = "target"
[[plot]]
name = "slack"
title = "Slack"
x = "k"
y = "slack"
series = "d"
only = { target = "axis" }
[[plot]]
name = "methods"
title = "Methods"
x = "target"
y = "measured"
series = "method"
[[plot]]
name = "empty"
title = "Empty"
x = "k"
y = "slack"
only = { k = 16, target = "spread" }
"#;

    /// One measured value against another: of each k at d = 1 against that at d = 2, which is missing for k = 256.
    #[test]
    fn measured_values_are_drawn_against_measured_values() {
        let plot = "[[plot]]\nname = \"p\"\nx = \"at 2\"\nagainst = { d = 2 }\ny = \"measured\"\nscale = \"log\"\nseries = \"k\"\n";
        let grid = &PLOTS[..PLOTS.find("[[plot]]").unwrap()];
        let experiment = Experiment::parse("test", &format!("{grid}{plot}only = {{ d = 1 }}\n")).unwrap();
        let at = |k, d, value: f64| record(k, d, "axis", "quadrature", value.ln(), 0.0);
        let records = [at(16, 1, 0.1), at(64, 1, 0.01), at(256, 1, 0.001), at(16, 2, 300.0), at(64, 2, 5.0)];
        let selection = selection::Selection::new(&experiment, &experiment.plots[0], &records).unwrap();
        let places: Vec<&str> = selection.places.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!((places, selection.series.len()), (vec!["5", "300"], 2));
        let mut points: Vec<(f64, f64)> =
            selection.points().map(|point| (point.x, point.heights.value.unwrap())).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let expected = [(5f64, 0.01f64), (300.0, 0.1)].map(|(x, y)| (x.log10(), y.log10()));
        assert!(points.iter().zip(expected).all(|(a, b)| (a.0 - b.0).abs() + (a.1 - b.1).abs() < 1e-9), "{points:?}");
    }

    fn experiment() -> Experiment {
        Experiment::parse("test", PLOTS).unwrap()
    }

    /// A record whose value and bound are given as ln, with limits a factor e to each side.
    fn record(k: u32, d: u32, target: &str, method: &str, ln: f64, ln_bound: f64) -> Record {
        let verdict = if ln - 1.0 > ln_bound { Verdict::Holds } else { Verdict::Violated };
        let mut record = Record {
            ln_measured: Some(ln),
            ln_lo: ln - 1.0,
            ln_hi: ln + 1.0,
            ln_bound: Some(ln_bound),
            slack_log10: Some((ln - ln_bound) / std::f64::consts::LN_10),
            ..Record::example("nsn-box", &format!("k={k};d={d};target={target}"), "printed", verdict)
        };
        record.columns.insert("method".into(), method.into());
        record
    }

    fn records(scale: f64) -> Vec<Record> {
        let cells = [(16, 1, -1.0), (64, 1, -2.0), (256, 1, -3.0), (16, 2, -4.0), (64, 2, -6.0), (256, 2, -9.0)];
        let targets = ["origin", "axis"].into_iter();
        let all = targets.flat_map(|target| cells.map(|(k, d, ln)| (k, d, target, ln)));
        all.map(|(k, d, target, ln)| record(k, d, target, "quadrature", scale * ln, scale * ln - 2.0)).collect()
    }

    fn picture(name: &str, records: &[Record]) -> Result<Canvas> {
        let experiment = experiment();
        let plot: &Plot = experiment.plots.iter().find(|plot| plot.name == name).unwrap();
        super::draw(&experiment, plot, records)
    }

    fn draw(name: &str, records: &[Record]) -> Result<String> {
        Ok(picture(name, records)?.svg())
    }

    /// The texts of a figure, without what raises and lowers parts of them.
    fn texts(svg: &str) -> Vec<String> {
        let plain = |text: &str| {
            let inside = text.split_once('>').map_or("", |(_, inside)| inside);
            inside.split('<').map(|part| part.split_once('>').map_or(part, |(_, after)| after)).collect()
        };
        svg.split("<text").skip(1).map(|text| plain(text.split("</text>").next().unwrap_or_default())).collect()
    }

    fn says(svg: &str, text: &str) -> bool {
        texts(svg).iter().any(|known| known == text)
    }

    /// An experiment of one plot over these columns, and records of it with these columns and values.
    fn other(plot: &str, columns: &[(&str, &str, f64)]) -> (Experiment, Vec<Record>) {
        let text = format!("{}[[plot]]\nname = \"p\"\ntitle = \"t\"\n{plot}", PLOTS.split("[[plot]]").next().unwrap());
        let records = columns.iter().map(|(k, target, ln)| {
            let mut record = record(1, 1, target, "quadrature", *ln, ln - 1.0);
            record.columns.insert("k".into(), (*k).into());
            record.key = format!("k={k};d=1;target={target}");
            record
        });
        (Experiment::parse("test", &text).unwrap(), records.collect())
    }

    fn draw_other(plot: &str, columns: &[(&str, &str, f64)]) -> String {
        let (experiment, records) = other(plot, columns);
        super::draw(&experiment, &experiment.plots[0], &records).unwrap().svg()
    }

    /// Two methods of a cell are one point, that of the closer one, unless the plot tells methods apart.
    #[test]
    fn methods_stand_beside_each_other_only_where_they_are_told_apart() {
        let far = |ln: f64| Record { ln_lo: ln - 5.0, ..record(16, 1, "axis", "literal", ln, -9.0) };
        let records = [far(-2.0), record(16, 1, "axis", "quadrature", -1.0, -9.0)];
        let experiment = experiment();
        let shown = |name: &str| {
            let plot = experiment.plots.iter().find(|plot| plot.name == name).unwrap();
            plot.shown(&records).iter().map(|record| record.method().to_string()).collect::<Vec<_>>()
        };
        assert_eq!((shown("measured"), shown("methods").len()), (vec!["quadrature".to_string()], 2));
    }

    #[test]
    fn every_kind_of_plot_is_drawn_twice_alike() {
        for name in ["measured", "slack", "methods"] {
            let svg = draw(name, &records(1.0)).unwrap();
            assert_eq!(svg, draw(name, &records(1.0)).unwrap());
            assert!(svg.contains("<text") && !svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
            assert!(says(&svg, "printed bound"));
        }
        let measured = draw("measured", &records(1.0)).unwrap();
        assert!(says(&measured, "Measured &amp; &lt;bound&gt;, at ε = 10−9"), "{:?}", texts(&measured));
        assert!(
            says(&measured, "target = origin") && says(&measured, "Pr(X1 + … + Xk ∈ Iε(z))"),
            "{:?}",
            texts(&measured)
        );
        let slack = draw("slack", &records(1.0)).unwrap();
        assert!(says(&slack, "slack = log₁₀(measured / bound)"));
    }

    #[test]
    fn the_legend_explains_what_occurs_and_nothing_else() {
        let signs = ["undecided", "vacuous bound", "outside the hypotheses", "no cell meets the hypotheses"];
        let plain = draw("measured", &records(1.0)).unwrap();
        assert!(!signs.iter().any(|sign| says(&plain, sign)) && !says(&plain, "violated"));
        let mut odd = records(1.0);
        for record in odd.iter_mut().filter(|record| record.columns["k"] == "16") {
            record.unmet = vec!["k >= 17".into()];
        }
        odd[1].unmet = vec!["k >= 65".into()];
        odd[1].verdict = Verdict::Violated;
        odd[5].verdict = Verdict::Violated;
        odd[2].verdict = Verdict::Undecided;
        odd[4].vacuous = true;
        let odd = draw("measured", &odd).unwrap();
        assert!(signs.iter().all(|sign| says(&odd, sign)) && says(&odd, "violated"));
        assert!(says(&odd, "violated, outside the hypotheses"));
    }

    /// A series whose points are all hollow is hollow in the legend too, and nothing is paler than its series.
    #[test]
    fn the_legend_shows_the_marks_that_are_drawn() {
        let mut all = records(1.0);
        for record in &mut all {
            (record.verdict, record.unmet) = (Verdict::Undecided, vec!["k >= 1000".into()]);
        }
        let svg = draw("measured", &all).unwrap();
        let edges = |colour: &str| svg.matches(&format!("stroke=\"{colour}\" stroke-width=\"1.3\"/>")).count();
        // Three points of the first series in each of two panels, and its key.
        assert_eq!(edges("#0072b2"), 7, "{svg}");
        assert_eq!(edges("#e69f00"), 7);
    }

    /// A series with plain points has a plain key, however many of its points are hollow: the sign of those is explained
    /// apart.
    #[test]
    fn a_key_is_plain_where_a_point_is() {
        let mut some = records(1.0);
        some.iter_mut()
            .filter(|record| record.columns["k"] != "256")
            .for_each(|record| record.verdict = Verdict::Undecided);
        let svg = draw("measured", &some).unwrap();
        let hollow = svg.matches("stroke=\"#0072b2\" stroke-width=\"1.3\"/>").count();
        assert_eq!(hollow, 4, "two points in each of two panels, and no key: {svg}");
    }

    /// The corners of the panels' frames: left, top, right, bottom.
    fn frames(svg: &str) -> Vec<[f64; 4]> {
        let of = |line: &str| {
            let points = line.strip_prefix("<polygon points=\"")?.split('"').next()?;
            let numbers: Vec<f64> = points.split([' ', ',']).filter_map(|number| number.parse().ok()).collect();
            Some([numbers[0], numbers[1], numbers[4], numbers[5]])
        };
        svg.lines().filter(|line| line.contains("stroke=\"#8c8c8c\" stroke-width=\"0.8\"")).filter_map(of).collect()
    }

    #[test]
    fn crowded_panels_are_wide_and_stand_below_each_other() {
        let panels = |places: u32| {
            let ks: Vec<String> = (100..100 + places).map(|k| k.to_string()).collect();
            let of = |target: &'static str| ks.iter().map(move |k| (k.as_str(), target, -1.0));
            let columns: Vec<(&str, &str, f64)> = of("origin").chain(of("axis")).collect();
            frames(&draw_other("x = \"k\"\ny = \"slack\"\npanels = \"target\"\n", &columns))
        };
        let (few, many) = (panels(6), panels(60));
        assert_eq!((few.len(), many.len()), (2, 2));
        assert!(few[0][1] == few[1][1] && few[0][2] < few[1][0], "{few:?}");
        assert!(many[0][0] == many[1][0] && many[0][3] < many[1][1], "{many:?}");
        assert!(many[0][2] - many[0][0] > 2.0 * (few[0][2] - few[0][0]));
    }

    /// What stands at an edge touches no frame, and lies beyond dots that no other point passes.
    #[test]
    fn zeros_stand_inside_the_frame() {
        let columns = [("16", "axis", -5.0), ("64", "axis", -50.0), ("256", "axis", f64::NEG_INFINITY)];
        let plot = "x = \"k\"\ny = \"measured\"\nscale = \"log\"\n";
        let (experiment, mut records) = other(plot, &columns);
        records.iter_mut().for_each(|record| record.ln_bound = None);
        let svg = super::draw(&experiment, &experiment.plots[0], &records).unwrap().svg();
        let height = |line: &str| line.split_once("cy=\"")?.1.split_once('"')?.0.parse::<f64>().ok();
        let discs = svg.lines().filter(|line| line.contains("<circle") && line.contains("fill=\"#0072b2\""));
        let heights: Vec<f64> = discs.filter_map(height).take(3).collect();
        let bottom = frames(&svg)[0][3];
        assert!(heights[2] < bottom - 3.3 && heights[2] > bottom - 10.0, "{heights:?} {bottom}");
        assert!(heights[1] < bottom - 10.0 - 3.3, "{heights:?} {bottom}");
        assert!(says(&svg, "at the lower edge: 0") && !says(&svg, "lower limit 0"));
    }

    /// Of an interval that reaches far beyond all values the axis shows a part, and the legend says so; what it holds otherwise does
    /// not change.
    #[test]
    fn a_wide_interval_does_not_squeeze_the_rest() {
        let numbers =
            |svg: &str| texts(svg).into_iter().filter(|text| text.replace('−', "-").parse::<f64>().is_ok()).count();
        let mut wide = records(1.0);
        let narrow = draw("slack", &wide).unwrap();
        let at = wide.iter().position(|record| record.key.contains("axis")).unwrap();
        wide[at].ln_lo = -1000.0;
        let svg = draw("slack", &wide).unwrap();
        let beyond = "interval goes on beyond the axis";
        assert!(says(&svg, beyond) && !says(&narrow, beyond), "{:?}", texts(&svg));
        assert!(
            !texts(&svg).iter().any(|text| text.starts_with("−100") || text.starts_with("−200")),
            "{:?}",
            texts(&svg)
        );
        assert!(numbers(&svg) >= 5, "{:?}", texts(&svg));
    }

    #[test]
    fn labels_at_the_ends_of_an_axis_stay_on_the_sheet() {
        let columns = [("0", "axis", -1.0), ("0.001", "axis", -2.0), ("1", "axis", -3.0), ("100", "axis", -4.0)];
        let (experiment, records) = other("x = \"k\"\ny = \"measured\"\npanels = \"target\"\n", &columns);
        let picture = super::draw(&experiment, &experiment.plots[0], &records).unwrap();
        let svg = picture.svg();
        let last = svg.lines().find(|line| line.ends_with(">105</text>")).unwrap();
        let middle: f64 = last.split('"').nth(1).unwrap().parse().unwrap();
        assert!(
            middle + 0.5 * text::width(Face::Sans, "105", text::SMALL) <= picture.size().0,
            "{last} {:?}",
            picture.size()
        );
    }

    #[test]
    fn two_points_give_no_interval() {
        let columns = [("1", "origin", 0.0), ("2", "origin", 2f64.ln())];
        let plot = "x = \"k\"\ny = \"measured\"\nseries = \"target\"\nfit = true\nscale = \"log\"\n";
        let svg = draw_other(plot, &columns);
        assert!(texts(&svg).iter().any(|text| text.ends_with("~ k1.00 (no interval)")), "{:?}", texts(&svg));
    }

    #[test]
    fn a_refuted_constant_is_no_violation() {
        let mut all = records(1.0);
        for record in &mut all {
            record.verdict = Verdict::ConstantRefuted;
            record.slack_log10 = record.slack_log10.map(|slack| -slack);
        }
        for name in ["slack", "measured"] {
            let svg = draw(name, &all).unwrap();
            assert!(says(&svg, "constant refuted") && !says(&svg, "violated"));
            assert!(!svg.contains("#d60000") && !svg.contains("#fdeae8") && !svg.contains("#b00000"));
        }
        all.iter_mut().for_each(|record| record.verdict = Verdict::ConstantSuffices);
        assert!(!says(&draw("measured", &all).unwrap(), "undecided"));
    }

    #[test]
    fn values_far_below_f64_have_their_place() {
        let svg = draw("measured", &records(1000.0)).unwrap();
        assert!(says(&svg, "10−2000"), "{:?}", texts(&svg));
        assert!(draw("slack", &records(1000.0)).is_ok());
        assert!(draw("measured", &records(1e16)).is_ok() && draw("slack", &records(1e16)).is_ok());
    }

    #[test]
    fn zeros_and_gaps_are_shown_or_counted() {
        let mut records = records(10.0);
        (records[0].ln_measured, records[0].ln_lo, records[0].slack_log10) =
            (Some(f64::NEG_INFINITY), f64::NEG_INFINITY, None);
        records[1].ln_measured = None;
        records[2].ln_bound = None;
        records[4].ln_lo = f64::NEG_INFINITY;
        (records[3].ln_lo, records[3].ln_hi, records[3].ln_measured) = (f64::NEG_INFINITY, f64::NEG_INFINITY, None);
        let svg = draw("measured", &records).unwrap();
        assert!(says(&svg, "lower limit 0") && says(&svg, "1 cell without a value to draw"), "{svg}");
        assert!(says(&svg, "at the lower edge: 0"));
    }

    /// One point, equal ones, zeros, no upper limits, one category: all have their figure.
    #[test]
    fn degenerate_plots_are_drawn() {
        let change = |change: &dyn Fn(&mut Record)| {
            let mut all = records(1.0);
            all.iter_mut().for_each(change);
            all
        };
        let zero = |record: &mut Record| {
            (record.ln_measured, record.ln_lo, record.ln_hi) =
                (Some(f64::NEG_INFINITY), f64::NEG_INFINITY, f64::NEG_INFINITY);
            record.slack_log10 = None;
        };
        let cases = [
            records(1.0)[..1].to_vec(),
            records(1.0)[6..7].to_vec(),
            change(&|record| record.ln_measured = Some(-1.0)),
            change(&zero),
            change(&|record| record.ln_hi = f64::INFINITY),
            change(&|record| (record.ln_hi, record.ln_lo, record.ln_measured) = (f64::INFINITY, 0.0, None)),
            change(&|record| record.slack_log10 = Some(-5.0)),
            change(&|record| record.ln_bound = Some(record.ln_lo - 1e16)),
        ];
        for (number, case) in cases.iter().enumerate() {
            for name in ["measured", "slack", "methods"] {
                let axis: Vec<Record> = case
                    .iter()
                    .cloned()
                    .map(|mut record| {
                        record.columns.insert("target".into(), "axis".into());
                        record
                    })
                    .collect();
                let picture = picture(name, &axis).unwrap();
                assert!(!picture.svg().contains("NaN") && !picture.svg().contains("inf\""), "{number} {name}");
                assert!(super::png(&picture).is_ok());
            }
        }
    }

    #[test]
    fn nothing_to_show_is_an_error_that_names_plot_and_remedy() {
        let message = |name: &str, records: &[Record]| draw(name, records).unwrap_err().to_string();
        let empty = message("empty", &records(1.0));
        assert!(empty.contains("plot empty of test") && empty.contains("target = spread; change"), "{empty}");
        assert!(message("slack", &[]).contains("lemmascope run"));
        let mut unbounded = records(1.0);
        unbounded.iter_mut().for_each(|record| record.ln_bound = None);
        assert!(message("slack", &unbounded).contains("none of its 6 records"), "{}", message("slack", &unbounded));
    }

    /// Series that coincide stand beside each other, in plots of every kind.
    #[test]
    fn coinciding_series_are_all_seen() {
        let targets = ["origin", "axis", "spread"];
        let columns: Vec<(&str, &str, f64)> =
            ["16", "64"].into_iter().flat_map(|k| targets.map(|target| (k, target, -1.0))).collect();
        for y in ["measured", "slack"] {
            let svg = draw_other(&format!("x = \"k\"\ny = \"{y}\"\nseries = \"target\"\n"), &columns);
            let centre = |line: &str| Some(line.split_once("cx=\"")?.1.split_once('"')?.0.to_string());
            let discs: Vec<String> =
                svg.lines().filter(|line| line.contains("fill=\"#0072b2\"")).filter_map(centre).collect();
            assert_eq!(discs.len(), 3, "two points and a key: {svg}");
            // The second series has squares: the middle one stands at its place, the first one to its left.
            let left = |colour: &str| {
                let corners =
                    svg.lines().filter(|line| line.contains(&format!("fill=\"{colour}\"")) && line.contains("polygon"));
                let first = |line: &str| line.split_once("points=\"")?.1.split_once(',')?.0.parse::<f64>().ok();
                corners.filter_map(first).fold(f64::INFINITY, f64::min)
            };
            let disc: f64 = discs[0].parse().unwrap();
            assert!(left("#e69f00") > disc + 6.0 && left("#009e73") > left("#e69f00") + 6.0, "{y}");
        }
    }

    /// A line is no word on places between which nothing was measured.
    #[test]
    fn lines_break_where_nothing_was_measured() {
        let solid = |svg: &str, colour: &str| {
            svg.lines()
                .filter(|line| {
                    line.contains("polyline") && line.contains(&format!("stroke=\"{colour}\" stroke-width=\"1.2\"/>"))
                })
                .count()
        };
        let plot = "x = \"k\"\ny = \"slack\"\nseries = \"target\"\n";
        let columns = [
            ("16", "origin", -1.0),
            ("64", "origin", -1.1),
            ("256", "origin", -1.2),
            ("16", "axis", -5.0),
            ("256", "axis", -5.1),
        ];
        let (experiment, mut records) = other(plot, &columns);
        let svg = super::draw(&experiment, &experiment.plots[0], &records).unwrap().svg();
        // Each series has its key, too; the second skips a place.
        assert_eq!((solid(&svg, "#0072b2"), solid(&svg, "#e69f00")), (2, 1), "{svg}");
        assert!(says(&svg, "no line: not measured between"));
        // Where the bound begins to fail between two places is not known.
        records[2].slack_log10 = Some(-1.0);
        let svg = super::draw(&experiment, &experiment.plots[0], &records[..3]).unwrap().svg();
        let ends = svg
            .lines()
            .find(|line| line.contains("polyline") && line.contains("#0072b2\" stroke-width=\"1.2\"/>"))
            .unwrap();
        assert_eq!(ends.split("fill").next().unwrap().matches(',').count(), 2, "{ends}");
        let next = [("1", "origin", -1.0), ("2", "origin", -1.1)];
        assert!(!says(&draw_other(plot, &next), "no line: not measured between"));
    }

    #[test]
    fn coinciding_bounds_take_turns() {
        let columns = [
            ("16", "origin", -1.0),
            ("64", "origin", -2.0),
            ("16", "axis", -1.0),
            ("64", "axis", -2.0),
            ("16", "spread", -5.0),
            ("64", "spread", -3.0),
        ];
        let svg = draw_other("x = \"k\"\ny = \"measured\"\nseries = \"target\"\n", &columns);
        let patterns = |colour: &str| -> Vec<&str> {
            let lines =
                svg.lines().filter(|line| line.contains(&format!("stroke=\"{colour}\"")) && line.contains("dasharray"));
            lines.filter_map(|line| Some(line.split_once("dasharray=\"")?.1.split_once('"')?.0)).collect()
        };
        assert_eq!(patterns("#0072b2")[0], "4.5 9.5");
        assert_eq!(patterns("#e69f00")[0], "4.5 9.5");
        assert_eq!(patterns("#009e73"), ["4.5 2.5"]);
    }

    #[test]
    fn fitted_powers_are_drawn_on_log_axes() {
        let columns =
            [("1", "origin", 0.0), ("2", "origin", 2f64.ln()), ("3", "origin", 3f64.ln()), ("6", "origin", 6f64.ln())];
        let svg =
            draw_other("x = \"k\"\ny = \"measured\"\nseries = \"target\"\nfit = true\nscale = \"log\"\n", &columns);
        assert!(
            says(&svg, "solid: fitted powers") && texts(&svg).iter().any(|text| text.contains("~ k1.00 [")),
            "{:?}",
            texts(&svg)
        );
        assert!(["1", "2", "3", "6"].iter().all(|tick| says(&svg, tick)));
        let line = svg.lines().find(|line| line.contains("stroke-width=\"0.9\"")).unwrap();
        let places: Vec<f64> = line.split('"').nth(1).unwrap().split([' ', ',']).map(|n| n.parse().unwrap()).collect();
        // Straight: the middle of its places is the middle of its ends.
        assert!(
            (places[32] - 0.5 * (places[0] + places[64])).abs() < 0.1
                && (places[33] - 0.5 * (places[1] + places[65])).abs() < 0.1
        );
    }

    #[test]
    fn a_series_without_points_in_a_panel_says_so() {
        let columns = [("16", "origin", -1.0), ("64", "origin", -1.0), ("16", "axis", -1.0)];
        let svg = draw_other("x = \"eps\"\ny = \"measured\"\nseries = \"k\"\npanels = \"target\"\n", &columns);
        assert!(says(&svg, "64 (not measured at target = axis)"), "{:?}", texts(&svg));
    }

    #[test]
    fn names_are_typeset_and_can_be_given() {
        let plot = "x = \"k\"\ny = \"measured\"\nseries = \"eps\"\nlabels = { k = \"mu_+ / mu\" }\n";
        let svg = draw_other(plot, &[("16", "axis", -1.0)]);
        assert!(says(&svg, "μ+ / μ") && says(&svg, "ε") && !says(&svg, "k"), "{:?}", texts(&svg));
        let wrong = PLOTS.replace("title = \"Slack\"", "title = \"Slack\"\nlabels = { n = \"N\" }");
        assert!(Experiment::parse("test", &wrong).is_err());
    }

    /// Hundreds of series, panels and words, and texts of any length, make a figure of a page.
    #[test]
    fn large_plots_stay_of_a_page() {
        let names: Vec<String> = (1..=200).map(|i| format!("a-very-long-name-of-a-target-{i}")).collect();
        let columns: Vec<(&str, &str, f64)> = names.iter().map(|name| ("16", name.as_str(), -1.0)).collect();
        let long = format!("label = \"{}\"\n", "very long ".repeat(500));
        for plot in [
            "x = \"k\"\ny = \"measured\"\nseries = \"target\"\n",
            "x = \"k\"\ny = \"slack\"\npanels = \"target\"\n",
            "x = \"target\"\ny = \"measured\"\n",
        ] {
            let (experiment, records) = other(&format!("{plot}{long}"), &columns);
            let mut plot = experiment.plots[0].clone();
            plot.title = "t".repeat(5000);
            let picture = super::draw(&experiment, &plot, &records).unwrap();
            let (width, height) = picture.size();
            assert!(width < 1100.0 && height < 2000.0, "{width} {height}");
            let svg = picture.svg();
            assert!(plot.series.is_none() || says(&svg, "and 177 more"));
            assert!(svg.len() < 2_000_000);
        }
        let forty: Vec<(&str, &str, f64)> = columns[..40].to_vec();
        let (_, height) = {
            let (experiment, records) = other("x = \"k\"\ny = \"measured\"\npanels = \"target\"\n", &forty);
            super::draw(&experiment, &experiment.plots[0], &records).unwrap().size()
        };
        assert!(height < 1400.0, "{height}");
    }

    #[test]
    fn the_png_says_its_resolution() {
        let picture = picture("measured", &records(1.0)).unwrap();
        let png = super::png(&picture).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
        assert!((f64::from(width) - picture.size().0 * 300.0 / 96.0).abs() <= 1.0);
        let at = png.windows(4).position(|name| name == b"pHYs").unwrap() + 4;
        assert_eq!(png[at..at + 9], [0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1], "11811 pixels a metre are 300 an inch");
    }
}
