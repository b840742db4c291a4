//! Tables for papers, as Markdown and as LaTeX with booktabs: findings, tightness, thresholds, counterexamples.

use super::{Export, File};
use crate::show::notation::{Style, escaped, latex, latex_sentence};
use crate::show::report::findings;
use crate::show::report::joined::join;
use crate::show::summary::{Kind, Tally};
use crate::statement::PRINTED;
use crate::subject;

/// What stands in a table.
enum Text {
    /// A sentence in plain notation.
    Sentence(String),
    /// A cell: its parameters with their values.
    Cell(String),
    /// A number, or two with `to` between them.
    Number(String),
    /// A name of the program's.
    Code(String),
}

/// A table.
struct Table {
    name: &'static str,
    caption: String,
    /// The columns' names, and how LaTeX sets them.
    columns: Vec<(&'static str, &'static str)>,
    rows: Vec<Vec<Text>>,
}

/// All tables that have rows, each as Markdown and as LaTeX.
pub fn files(export: &Export) -> Vec<File> {
    let tables = [findings_table(export), counterexamples(export), tightness(export), thresholds(export)];
    let written = tables.iter().filter(|table| !table.rows.is_empty()).flat_map(|table| {
        [
            (format!("tables/{}.md", table.name), table.markdown().into_bytes()),
            (format!("tables/{}.tex", table.name), table.latex().into_bytes()),
        ]
    });
    written.collect()
}

fn findings_table(export: &Export) -> Table {
    let row = |finding: crate::show::report::Finding| {
        vec![
            Text::Sentence(finding.statement),
            Text::Sentence(finding.kind.text().into()),
            Text::Sentence(finding.consequence),
            Text::Sentence(finding.repair),
        ]
    };
    Table {
        name: "findings",
        caption: "What the records show to be wrong, its consequence, and the least repair.".into(),
        columns: vec![
            ("statement", "p{0.26\\linewidth}"),
            ("kind", "p{0.13\\linewidth}"),
            ("consequence", "p{0.28\\linewidth}"),
            ("least repair", "p{0.2\\linewidth}"),
        ],
        rows: findings(export.sections).into_iter().map(row).collect(),
    }
}

fn counterexamples(export: &Export) -> Table {
    let false_ones =
        findings(export.sections).into_iter().filter(|finding| finding.kind == subject::Kind::StatementFalse);
    let row = |finding: crate::show::report::Finding| {
        vec![Text::Sentence(finding.statement), Text::Cell(finding.counterexample), Text::Sentence(finding.evidence)]
    };
    Table {
        name: "counterexamples",
        caption: "The smallest counterexamples to statements that are false inside their hypotheses.".into(),
        columns: vec![
            ("statement", "p{0.3\\linewidth}"),
            ("counterexample", "p{0.3\\linewidth}"),
            ("evidence", "p{0.3\\linewidth}"),
        ],
        rows: false_ones.map(row).collect(),
    }
}

/// How near to its bound each claim comes.
fn tightness(export: &Export) -> Table {
    let source = |claim: &str| {
        let its = export.sections.iter().find(|section| section.id() == claim);
        its.map_or_else(|| claim.to_string(), |section| section.claim.statement().source.clone())
    };
    let row = |tally: &Tally| {
        let least = tally.least.as_ref()?;
        let counts = tally.counts;
        Some(vec![
            Text::Sentence(source(&tally.claim)),
            Text::Code(tally.bound.clone()),
            Text::Number(counts.inside().to_string()),
            Text::Number(counts.met().to_string()),
            Text::Number(counts.missed().to_string()),
            Text::Number(least.text()),
            Text::Cell(least.cell.replace(';', " ")),
        ])
    };
    Table {
        name: "tightness",
        caption: "How near to its bound each claim comes: the least slack, log10 of how far the measured value is on the claimed side, over \
                  the cells inside the hypotheses; negative is the wrong side."
            .into(),
        columns: vec![
            ("statement", "p{0.17\\linewidth}"),
            ("bound", "l"),
            ("cells", "r"),
            ("met", "r"),
            ("missed", "r"),
            ("least slack", "p{0.13\\linewidth}"),
            ("at", "p{0.25\\linewidth}"),
        ],
        rows: export.tallies.iter().filter(|tally| matches!(tally.kind, Kind::Claim | Kind::Constant)).filter_map(row).collect(),
    }
}

/// From which value on a level is reached, beside what the statement asks for.
fn thresholds(export: &Export) -> Table {
    let mut rows = Vec::new();
    for (experiment, records) in export.sets.iter().filter(|(experiment, _)| experiment.question.is_some()) {
        let source = &experiment.printed.statement().source;
        for joined in join([(*experiment, *records)], |record| record.bound == PRINTED) {
            let value = |ln: f64| if ln.is_finite() { short(ln.exp()) } else { "open".into() };
            let record = joined.best;
            rows.push(vec![
                Text::Sentence(source.clone()),
                Text::Cell(record.key.replace(';', " ")),
                Text::Number(format!("{} to {}", value(record.ln_lo), value(record.ln_hi))),
                Text::Number(record.ln_bound.map_or(String::new(), |ln| short(ln.exp()))),
            ]);
        }
    }
    Table {
        name: "thresholds",
        caption: "From which value on the probability reaches its level: the measured interval, and what the statement asks for.".into(),
        columns: vec![("statement", "p{0.2\\linewidth}"), ("at", "p{0.42\\linewidth}"), ("measured", "r"), ("asked", "r")],
        rows,
    }
}

/// A number with four digits.
fn short(value: f64) -> String {
    // Out of a log a whole number comes with rounding.
    let value = if (value - value.round()).abs() < 1e-9 * value { value.round() } else { value };
    if value.fract() == 0.0 && value < 1e6 { format!("{value}") } else { format!("{value:.3e}") }
}

impl Table {
    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let head = line(self.columns.iter().map(|(name, _)| name.to_string()).collect());
        let rule = line(self.columns.iter().map(|_| "---".into()).collect());
        let cell = |text: &Text| match text {
            Text::Sentence(text) | Text::Number(text) => text.replace('|', "\\|"),
            Text::Cell(text) | Text::Code(text) => format!("`{}`", text.replace('|', "\\|")),
        };
        let rows: String = self.rows.iter().map(|row| line(row.iter().map(cell).collect())).collect();
        format!("{}\n\n{head}{rule}{rows}", self.caption)
    }

    /// A `longtable` of booktabs: it breaks between pages.
    fn latex(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|(_, set)| *set).collect();
        let head: Vec<String> = self.columns.iter().map(|(name, _)| escaped(name)).collect();
        let cell = |text: &Text| match text {
            Text::Sentence(text) => latex_sentence(text),
            Text::Cell(text) => latex_cell(text),
            Text::Number(text) => latex_number(text),
            Text::Code(text) => format!("\\texttt{{{}}}", escaped(text)),
        };
        let row = |row: &Vec<Text>| format!("{} \\\\\n", row.iter().map(cell).collect::<Vec<_>>().join(" & "));
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        format!(
            "% {}\n% Needs booktabs, longtable, amsmath, amssymb and array. The caption is left to the paper.\n\\begin{{longtable}}{{{}}}\n\\toprule\n{} \\\\\n\
             \\midrule\n\\endhead\n{}\\bottomrule\n\\end{{longtable}}\n",
            self.caption,
            columns
                .iter()
                .map(|set| if set.starts_with('p') {
                    format!(">{{\\raggedright\\arraybackslash}}{set}")
                } else {
                    set.to_string()
                })
                .collect::<String>(),
            head.join(" & "),
            rows.join("\\addlinespace\n")
        )
    }
}

/// A cell's parameters, typeset: `$k=16$, $\varepsilon=0.1$, target = axis`.
pub fn latex_cell(cell: &str) -> String {
    let item = |item: &str| match item.split_once('=') {
        Some((name, value)) => {
            let name = latex(name, Style::Evaluated).unwrap_or_else(|| format!("\\text{{{}}}", escaped(name)));
            match value.parse::<f64>() {
                Ok(_) => format!("${name}={}$", number(value)),
                Err(_) => format!("${name}$ = {}", escaped(value)),
            }
        }
        None => escaped(item),
    };
    // A list of numbers has blanks of its own.
    cell.replace(", ", ",").split(' ').map(item).collect::<Vec<_>>().join(", ")
}

/// A number as LaTeX sets it, with a power of ten for an exponent.
fn number(text: &str) -> String {
    latex(text, Style::Evaluated).unwrap_or_else(|| escaped(text))
}

fn latex_number(text: &str) -> String {
    let parts = text.split(" to ").map(|part| match part.parse::<f64>() {
        Ok(_) => format!("${}$", number(part)),
        Err(_) => escaped(part),
    });
    parts.collect::<Vec<_>>().join(" to ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_numbers_are_typeset() {
        assert_eq!(
            latex_cell("k=16 eps=1e-9 target=axis"),
            "$k=16$, $\\varepsilon=10^{-9}$, $\\mathrm{target}$ = axis"
        );
        assert_eq!(latex_number("-0.4 to 0.3"), "$-0.4$ to $0.3$");
        assert_eq!(latex_number("minus any size to 2"), "minus any size to $2$");
        assert_eq!((short(12.0), short(0.01234)), ("12".to_string(), "1.234e-2".to_string()));
    }

    #[test]
    fn a_table_is_written_twice() {
        let table = Table {
            name: "t",
            caption: "A caption.".into(),
            columns: vec![("a_b", "l"), ("n", "r")],
            rows: vec![vec![Text::Sentence("k >= 2 | x".into()), Text::Number("3".into())]],
        };
        assert_eq!(table.markdown(), "A caption.\n\n| a_b | n |\n| --- | --- |\n| k >= 2 \\| x | 3 |\n");
        assert!(table.latex().contains("a\\_b & n \\\\\n\\midrule\n\\endhead\n$k\\ge 2$"), "{}", table.latex());
    }
}
