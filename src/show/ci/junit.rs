//! JUnit XML, as the test reports of most servers take it.

use crate::show::markup::escape;
use std::fmt::Write;

use super::{Case, Gate};

/// A suite an experiment, a case a verdict.
pub fn xml(gate: &Gate) -> String {
    let mut suites: Vec<(&str, Vec<&Case>)> = Vec::new();
    for case in &gate.cases {
        match suites.iter_mut().find(|(name, _)| *name == case.experiment) {
            Some((_, cases)) => cases.push(case),
            None => suites.push((&case.experiment, vec![case])),
        }
    }
    let body: String = suites.iter().map(|(name, cases)| suite(name, cases)).collect();
    let all: Vec<&Case> = gate.cases.iter().collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lemmascope\" {}>\n{body}</testsuites>\n",
        counts(&all)
    )
}

/// A verdict that is not decided is a test that was skipped.
fn counts(cases: &[&Case]) -> String {
    let of = |is_warning: bool| {
        cases.iter().filter(|case| case.rule.is_some_and(|rule| rule.is_warning() == is_warning)).count()
    };
    format!("tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"", cases.len(), of(false), of(true))
}

fn suite(name: &str, cases: &[&Case]) -> String {
    let mut xml = format!("  <testsuite name=\"{}\" {}>\n", escape(name), counts(cases));
    for Case { experiment, place, bound, cell, method, rule, text, command } in cases {
        let file = place
            .as_ref()
            .map_or(String::new(), |(path, _)| format!(" file=\"{}\"", escape(&path.display().to_string())));
        let name = if cell.is_empty() { text.clone() } else { format!("{cell} by {method}") };
        let class = if bound.is_empty() { experiment.clone() } else { format!("{experiment}.{bound}") };
        let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\"{file}", escape(&class), escape(&name));
        let _ = match rule {
            None => writeln!(xml, "/>"),
            Some(rule) if rule.is_warning() => writeln!(xml, "><skipped message=\"{}\"/></testcase>", escape(text)),
            Some(rule) => writeln!(
                xml,
                "><failure type=\"{}\" message=\"{}\">{}</failure></testcase>",
                rule.name(),
                escape(text),
                escape(command)
            ),
        };
    }
    xml + "  </testsuite>\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::gate;

    #[test]
    fn every_verdict_is_a_case() {
        let xml = gate().junit();
        assert!(
            xml.contains("<testsuites name=\"lemmascope\" tests=\"5\" failures=\"3\" errors=\"0\" skipped=\"1\">"),
            "{xml}"
        );
        assert!(
            xml.contains("<testcase classname=\"e.printed\" name=\"k=16 d=3 by quadrature\" file=\"e.toml\"/>"),
            "{xml}"
        );
        assert!(
            xml.contains("<failure type=\"violated\" message=\"slack -1, &lt;50%&gt;\">lemmascope evaluate"),
            "{xml}"
        );
        assert!(xml.contains("><skipped message=\"slack -1, &lt;50%&gt;\"/></testcase>"), "{xml}");
    }
}
