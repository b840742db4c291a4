//! Plots of records: measured values beside bounds, as SVG and PNG. Nothing here measures anything.

mod axis;
mod canvas;
mod dodge;
mod figure;
mod legend;
mod marks;
mod panel;
mod raster;
mod selection;
mod text;
mod typeset;

pub use canvas::Canvas;
pub use figure::draw;
pub use raster::png;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::experiment::{Experiment, Plot};
    use crate::record::Record;
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

    fn draw(name: &str, records: &[Record]) -> Result<String> {
        let experiment = experiment();
        let plot: &Plot = experiment.plots.iter().find(|plot| plot.name == name).unwrap();
        Ok(super::draw(&experiment, plot, records)?.svg())
    }

    fn says(svg: &str, text: &str) -> bool {
        svg.contains(&format!("aria-label=\"{text}\""))
    }

    #[test]
    fn every_kind_of_plot_is_drawn_twice_alike_without_text_elements() {
        for name in ["measured", "slack", "methods"] {
            let svg = draw(name, &records(1.0)).unwrap();
            assert_eq!(svg, draw(name, &records(1.0)).unwrap());
            assert!(!svg.contains("<text") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(says(&svg, "bound (printed)"));
        }
        let measured = draw("measured", &records(1.0)).unwrap();
        assert!(says(&measured, "Measured &amp; &lt;bound&gt;, at eps = 10^-9"));
        assert!(says(&measured, "target = origin") && says(&measured, "Pr(X_1 + ... + X_k in I_eps(z))"));
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
        odd[1].verdict = Verdict::Violated;
        odd[2].verdict = Verdict::Undecided;
        odd[4].vacuous = true;
        let odd = draw("measured", &odd).unwrap();
        assert!(signs.iter().all(|sign| says(&odd, sign)) && says(&odd, "violated"));
    }

    #[test]
    fn values_far_below_f64_have_their_place() {
        let svg = draw("measured", &records(1000.0)).unwrap();
        assert!(says(&svg, "10^-2000"), "{svg}");
        assert!(draw("slack", &records(1000.0)).is_ok());
    }

    #[test]
    fn zeros_and_gaps_are_shown_or_counted() {
        let mut records = records(10.0);
        (records[0].ln_measured, records[0].ln_lo, records[0].slack_log10) =
            (Some(f64::NEG_INFINITY), f64::NEG_INFINITY, None);
        records[1].ln_measured = None;
        records[2].ln_bound = None;
        (records[3].ln_lo, records[3].ln_hi, records[3].ln_measured) = (f64::NEG_INFINITY, f64::NEG_INFINITY, None);
        let svg = draw("measured", &records).unwrap();
        assert!(says(&svg, "lower limit 0") && says(&svg, "1 cell without a value to draw"), "{svg}");
    }

    #[test]
    fn nothing_to_show_is_an_error_that_names_plot_and_mend() {
        let message = |name: &str, records: &[Record]| draw(name, records).unwrap_err().to_string();
        let empty = message("empty", &records(1.0));
        assert!(empty.contains("plot empty of test") && empty.contains("target = spread; change"), "{empty}");
        assert!(message("slack", &[]).contains("lemmascope run"));
        let mut unbounded = records(1.0);
        unbounded.iter_mut().for_each(|record| record.ln_bound = None);
        assert!(message("slack", &unbounded).contains("none of its 6 records"), "{}", message("slack", &unbounded));
    }

    #[test]
    fn the_png_is_the_svg_at_twice_its_size() {
        let experiment = experiment();
        let picture = super::draw(&experiment, &experiment.plots[0], &records(1.0)).unwrap();
        let (svg, png) = (picture.svg(), png(&picture).unwrap());
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
        assert!(svg.contains(&format!("width=\"{}\"", width / 2)) && width > 800);
    }
}
