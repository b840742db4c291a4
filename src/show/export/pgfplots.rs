//! Sources for pgfplots: a file of data, and an axis a panel that draws it.

use std::collections::BTreeSet;
use std::f64::consts::LN_10;
use std::fmt::Write;

use crate::error::Result;
use crate::experiment::{Experiment, Plot, Quantity};
use crate::numeric::number;
use crate::output::csv;
use crate::record::Record;
use crate::show::notation::{Style, escaped, latex, latex_sentence};
use crate::show::plot::is_log;
use crate::statement::Relation;

/// The columns of the data: values are log10 of what is measured where the axis says so; what is missing is nan, as pgfplots has it.
const COLUMNS: [&str; 8] = ["panel", "series", "x", "y", "plus", "minus", "bound", "verdict"];
/// The marks of series, in turn.
const MARKS: [&str; 6] = ["*", "square*", "triangle*", "diamond*", "pentagon*", "o"];

/// One plot's data and axes.
pub struct Source<'a> {
    experiment: &'a Experiment,
    plot: &'a Plot,
    width: &'a str,
    is_log: bool,
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    panel: String,
    series: String,
    x: String,
    y: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    bound: Option<f64>,
    verdict: &'static str,
}

impl<'a> Source<'a> {
    /// The data of a plot.
    ///
    /// # Errors
    /// As [`crate::show::plot::draw`].
    pub fn new(experiment: &'a Experiment, plot: &'a Plot, records: &[Record], width: &'a str) -> Result<Self> {
        let is_log = is_log(experiment, plot, records)?;
        let text = |record: &Record, column: &Option<String>| {
            column.as_ref().and_then(|column| record.columns.get(column)).cloned().unwrap_or_default()
        };
        let row = |record: &&Record| {
            let place = |ln: f64| place(ln, is_log);
            let (y, lo, hi, bound) = match plot.y {
                Quantity::Slack => {
                    let limits = record.slack_limits();
                    let end = |end: f64| Some(end).filter(|end| end.is_finite());
                    (
                        record.slack_log10,
                        limits.and_then(|(lo, _)| end(lo)),
                        limits.and_then(|(_, hi)| end(hi)),
                        Some(0.0),
                    )
                }
                Quantity::Measured => {
                    let bound = record.ln_bound.filter(|_| plot.lines).and_then(place);
                    (record.ln_measured.and_then(place), place(record.ln_lo), place(record.ln_hi), bound)
                }
            };
            Row {
                panel: text(record, &plot.panels),
                series: text(record, &plot.series),
                x: text(record, &Some(plot.x.clone())),
                y,
                lo,
                hi,
                bound,
                verdict: if record.outside() { "outside" } else { record.verdict.name() },
            }
        };
        let mut rows: Vec<Row> = plot.shown(&plot.placed(records)).iter().map(row).collect();
        let columns: [fn(&Row) -> &String; 3] = [|row| &row.panel, |row| &row.series, |row| &row.x];
        let orders = columns.map(|column| order(distinct(&rows, column)));
        // Panels and series are ranges of rows.
        rows.sort_by_key(|row| (orders[0](&row.panel), orders[1](&row.series), orders[2](&row.x)));
        Ok(Source { experiment, plot, width, is_log, rows: with_gaps(rows, &orders[2]) })
    }

    /// The file of data.
    pub fn csv(&self) -> Vec<u8> {
        let value = |value: Option<f64>| value.map_or_else(|| "nan".into(), number);
        // An interval that is open has no bar.
        let bar =
            |from: Option<f64>, to: Option<f64>| number(from.zip(to).map_or(0.0, |(from, to)| (to - from).max(0.0)));
        // pgfplots parts columns at every comma.
        let word = |text: &String| text.replace(',', ";");
        let row = |row: &Row| {
            let Row { panel, series, x, y, lo, hi, bound, verdict } = row;
            let (plus, minus) = (bar(*y, *hi), bar(*lo, *y));
            vec![word(panel), word(series), word(x), value(*y), plus, minus, value(*bound), verdict.to_string()]
        };
        let head = COLUMNS.iter().map(|name| name.to_string()).collect();
        csv([head].into_iter().chain(self.rows.iter().map(row)))
    }

    /// The axes: `\input` takes them into a paper.
    pub fn tex(&self, name: &str) -> String {
        let mut text = format!(
            "% {}: {}\n% Needs pgfplots and its library groupplots; \\lemmascopedata is the folder of {name}.csv, with a / at the end.\n\
             \\providecommand\\lemmascopedata{{}}%\n\
             \\pgfplotsset{{lemmascope rows/.style 2 args={{x filter/.code={{\\ifnum\\coordindex<#1\\def\\pgfmathresult{{}}\\fi\\ifnum\\coordindex>#2\\def\\pgfmathresult{{}}\\fi}}}}}}%\n\
             \\begin{{tikzpicture}}\n",
            self.experiment.name, self.plot.title
        );
        let panels = distinct(&self.rows, |row| &row.panel);
        let xs: Vec<f64> = self.rows.iter().filter_map(|row| row.x.parse().ok()).collect();
        let are_numbers = xs.len() == self.rows.len();
        let is_wide = are_numbers && xs.iter().all(|x| *x > 0.0) && {
            let (least, most) =
                (xs.iter().copied().fold(f64::INFINITY, f64::min), xs.iter().copied().fold(0.0, f64::max));
            most / least > 30.0
        };
        // As many legend entries beside each other as have room in the axis' width.
        let prefix = self.plot.series.as_deref().map_or(0, |series| self.plot.name_of(series).len());
        let longest =
            distinct(&self.rows, |row| &row.series).iter().map(|value| prefix + value.len() + 8).max().unwrap_or(8);
        let columns = (54 / longest).clamp(1, 3);
        let mut options = format!(
            "width={}, height=0.65*{0}, xlabel={{{}}}, ylabel={{{}}}, cycle list name=color list, unbounded coords=jump, legend style={{font=\\footnotesize, \
             at={{(0.5,-0.25)}}, anchor=north, legend columns={columns}}}",
            self.width,
            column(self.plot.name_of(&self.plot.x)),
            self.label()
        );
        if is_wide {
            options += ", xmode=log";
        }
        if !are_numbers {
            let words: Vec<String> =
                distinct(&self.rows, |row| &row.x).into_iter().map(|word| word.replace(',', ";")).collect();
            options += &format!(
                ", symbolic x coords={{{}}}, xtick=data, x tick label style={{rotate=45, anchor=east}}",
                words.join(",")
            );
        }
        let _ = writeln!(
            text,
            "\\begin{{groupplot}}[group style={{group size=1 by {}, vertical sep=18mm}}, {options}]",
            panels.len()
        );
        for (number, panel) in panels.iter().enumerate() {
            self.axis(&mut text, name, panel, number + 1 == panels.len());
        }
        text + "\\end{groupplot}\n\\end{tikzpicture}%\n"
    }

    fn axis(&self, text: &mut String, name: &str, panel: &str, is_last: bool) {
        let title = match &self.plot.panels {
            Some(name) => format!("title={{{} = {}}}", column(self.plot.name_of(name)), value(panel)),
            None => String::new(),
        };
        let _ = writeln!(text, "\\nextgroupplot[{title}]");
        let all = distinct(&self.rows, |row| &row.series);
        for (number, series) in all.iter().enumerate() {
            let is_its = |row: &Row| row.panel == panel && row.series == *series;
            let Some(first) = self.rows.iter().position(is_its) else { continue };
            let last = self.rows.iter().rposition(is_its).unwrap_or(first);
            let table = |columns: &str| format!("table[x=x, {columns}, col sep=comma] {{\\lemmascopedata {name}.csv}}");
            let rows = format!("lemmascope rows={{{first}}}{{{last}}}");
            let mark = MARKS[number % MARKS.len()];
            let _ = writeln!(
                text,
                "\\addplot+[{rows}, mark={mark}, mark size=1.2pt, error bars/.cd, y dir=both, y explicit] {};",
                table("y=y, y error plus=plus, y error minus=minus")
            );
            let legend = match &self.plot.series {
                Some(name) => format!("{} = {}", column(self.plot.name_of(name)), value(series)),
                None => "measured".into(),
            };
            if is_last {
                let _ = writeln!(text, "\\addlegendentry{{{legend}}}");
            }
            if self.plot.y == Quantity::Measured && self.rows[first..=last].iter().any(|row| row.bound.is_some()) {
                let _ = writeln!(text, "\\addplot[{rows}, dashed, forget plot] {};", table("y=bound"));
            }
        }
        if self.plot.y == Quantity::Slack {
            text.push_str("\\draw[thin] ({rel axis cs:0,0}|-{axis cs:0,0}) -- ({rel axis cs:1,0}|-{axis cs:0,0});\n");
        }
    }

    /// What the vertical axis shows.
    fn label(&self) -> String {
        let about = self.experiment.claim.statement();
        let measured = self.plot.label.as_deref().map_or_else(|| latex_sentence(&about.measured), latex_sentence);
        match (self.plot.y, about.relation_of(&self.plot.bound)) {
            (Quantity::Measured, _) if self.is_log => format!("$\\log_{{10}}$ of {measured}"),
            (Quantity::Measured, _) => measured,
            (Quantity::Slack, Relation::AtMost) => "slack, $\\log_{10}(\\mathrm{bound}/\\mathrm{measured})$".into(),
            (Quantity::Slack, _) => "slack, $\\log_{10}(\\mathrm{measured}/\\mathrm{bound})$".into(),
        }
    }
}

/// The places of values: numbers by size, words as they come.
fn order(values: Vec<&str>) -> impl Fn(&str) -> Option<usize> + use<> {
    let mut names: Vec<String> = values.into_iter().map(String::from).collect();
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        names.sort_by(|a, b| a.parse().unwrap_or(f64::NAN).total_cmp(&b.parse().unwrap_or(f64::NAN)));
    }
    move |name: &str| names.iter().position(|known| known == name)
}

/// The rows, with an empty one where a series of a panel was not measured at a place at which another was: no line passes there.
fn with_gaps(rows: Vec<Row>, place: &impl Fn(&str) -> Option<usize>) -> Vec<Row> {
    let measured: BTreeSet<(String, Option<usize>)> =
        rows.iter().map(|row| (row.panel.clone(), place(&row.x))).collect();
    let mut all: Vec<Row> = Vec::new();
    for row in rows {
        if let Some(last) = all.last().filter(|last| (&last.panel, &last.series) == (&row.panel, &row.series)) {
            let missed = measured.range((row.panel.clone(), place(&last.x))..(row.panel.clone(), place(&row.x))).nth(1);
            let gap = Row { y: None, lo: None, hi: None, bound: None, verdict: "not-measured", ..last.clone() };
            all.extend(missed.map(|_| gap));
        }
        all.push(row);
    }
    all
}

/// What stands at a height, given its ln; nothing where no axis has a place for it.
fn place(ln: f64, is_log: bool) -> Option<f64> {
    Some(if is_log { ln / LN_10 } else { ln.exp() }).filter(|place| place.is_finite())
}

/// The values of one of the columns that part the plot, each once.
fn distinct(rows: &[Row], of: fn(&Row) -> &String) -> Vec<&str> {
    let mut values: Vec<&str> = Vec::new();
    for row in rows {
        if !values.contains(&of(row).as_str()) {
            values.push(of(row));
        }
    }
    values
}

/// A column's name, typeset.
fn column(name: &str) -> String {
    latex(name, Style::Evaluated).map_or_else(|| escaped(name), |latex| format!("${latex}$"))
}

/// A value, typeset where it is a number.
fn value(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(_) => column(text),
        Err(_) => escaped(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_plot_is_a_file_of_data_and_axes_that_read_it() {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nk = 16\nd = [1, 2]\neps = [0.1, 0.2]\n[[plot]]\nname = \"p\"\n\
                    title = \"t\"\nx = \"d\"\ny = \"measured\"\nscale = \"log\"\nseries = \"eps\"\n";
        let experiment = Experiment::parse("e", text).unwrap();
        let record = |key: &str, ln: f64| Record {
            ln_measured: Some(ln),
            ln_lo: ln - 1.0,
            ln_hi: f64::INFINITY,
            ..Record::example("nsn-box", key, "printed", Verdict::Holds)
        };
        let records: Vec<Record> =
            [("d=1;eps=0.1", -2000.0), ("d=1;eps=0.2", -2000.0), ("d=2;eps=0.1", -100.0), ("d=2;eps=0.2", -1.0)]
                .map(|(key, ln)| record(key, ln))
                .into();
        let source = Source::new(&experiment, &experiment.plots[0], &records, "84mm").unwrap();
        let data = String::from_utf8(source.csv()).unwrap();
        assert_eq!(data.lines().next().unwrap(), COLUMNS.join(","));
        assert_eq!(data.lines().filter(|line| line.starts_with(",0.1,")).count(), 2, "{data}");
        assert!(
            data.contains(",0.1,1,-868.5") && data.contains(",0,0.43429") && data.ends_with(",0,holds\n"),
            "{data}"
        );
        let tex = source.tex("e-p");
        for part in [
            "width=84mm",
            "xlabel={$d$}",
            "lemmascope rows={2}{3}",
            "{\\lemmascopedata e-p.csv}",
            "\\addlegendentry{$\\varepsilon$ = $0.2$}",
        ] {
            assert!(tex.contains(part), "{part} is missing in {tex}");
        }
        // Of a series that was not measured at 2, where another was, no line goes from 1 to 3.
        let keys = ["d=1;eps=0.1", "d=3;eps=0.1", "d=1;eps=0.2", "d=2;eps=0.2", "d=3;eps=0.2"];
        let records: Vec<Record> = keys.map(|key| record(key, -9.0)).into();
        let source = Source::new(&experiment, &experiment.plots[0], &records, "84mm").unwrap();
        let verdicts: Vec<&str> = source.rows.iter().map(|row| row.verdict).collect();
        assert_eq!(verdicts, ["holds", "not-measured", "holds", "holds", "holds", "holds"]);
        assert!(tex.contains("ylabel={$\\log_{10}$ of $\\Pr(X_{1}+"), "{tex}");
    }
}
