//! What a gate found, for machines of continuous integration: annotations and a summary of GitHub, JUnit and SARIF.

mod github;
mod junit;
mod sarif;

use std::path::{Path, PathBuf};

use super::report::command::command;
use super::report::gate::counted;
use crate::error::line_of;
use crate::experiment::Experiment;
use crate::record::Record;

/// What makes a case fail, or leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A bound is violated inside its hypotheses.
    Violated,
    /// A constant of a claim that says only that there is one is refuted.
    Refuted,
    /// A bound is violated at a cell that the baseline does not have.
    NewViolation,
    /// Another verdict than the baseline's.
    ChangedVerdict,
    /// Inside the hypotheses here and outside in the baseline, or the other way round.
    ChangedHypotheses,
    /// An interval apart from the baseline's.
    MovedValue,
    /// A verdict of the baseline that was not measured.
    NotMeasured,
    /// A cell that could not be measured.
    Failed,
    /// A verdict that is not decided.
    Undecided,
    /// Nothing was judged, and nothing is no pass.
    NothingJudged,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 10] = [
        Rule::Violated,
        Rule::Refuted,
        Rule::NewViolation,
        Rule::ChangedVerdict,
        Rule::ChangedHypotheses,
        Rule::MovedValue,
        Rule::NotMeasured,
        Rule::Failed,
        Rule::Undecided,
        Rule::NothingJudged,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Violated => "violated",
            Rule::Refuted => "constant-refuted",
            Rule::NewViolation => "new-violation",
            Rule::ChangedVerdict => "changed-verdict",
            Rule::ChangedHypotheses => "changed-hypotheses",
            Rule::MovedValue => "moved-value",
            Rule::NotMeasured => "not-measured",
            Rule::Failed => "failed",
            Rule::Undecided => "undecided",
            Rule::NothingJudged => "nothing-judged",
        }
    }

    /// What it means, in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Rule::Violated => "The bound is violated at cells inside its hypotheses.",
            Rule::Refuted => "A constant is refuted at cells inside the hypotheses.",
            Rule::NewViolation => "The bound is violated at cells that the baseline does not have.",
            Rule::ChangedVerdict => "The verdict is another than the baseline's.",
            Rule::ChangedHypotheses => "Hypotheses are met that were unmet in the baseline, or the other way round.",
            Rule::MovedValue => "The measured interval is apart from the baseline's.",
            Rule::NotMeasured => "A verdict of the baseline was not measured.",
            Rule::Failed => "A cell could not be measured.",
            Rule::Undecided => "The measured interval does not decide the bound.",
            Rule::NothingJudged => "Nothing is no pass: no judged bound was measured inside its hypotheses.",
        }
    }

    /// Whether it only warns.
    fn is_warning(self) -> bool {
        self == Rule::Undecided
    }
}

/// One verdict that a gate looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The experiment's name.
    pub experiment: String,
    /// Its file, and the line that a reader is led to.
    pub place: Option<(PathBuf, usize)>,
    /// The bound's name.
    pub bound: String,
    /// The cell's key.
    pub cell: String,
    /// The method.
    pub method: String,
    /// What is wrong; none for a pass.
    pub rule: Option<Rule>,
    /// What was found, in a line.
    pub text: String,
    /// What measures the cell again.
    pub command: String,
}

impl Case {
    /// A verdict on a record, in the words of `text`.
    pub fn new(experiment: &Experiment, record: &Record, rule: Option<Rule>, text: String) -> Self {
        Case {
            experiment: experiment.name.clone(),
            place: experiment.path.as_ref().map(|path| (path.clone(), line(path, &record.bound))),
            bound: record.bound.clone(),
            cell: record.key.replace(';', " "),
            method: record.method().into(),
            rule,
            text,
            command: command(experiment, record),
        }
    }

    /// A failure of the gate as a whole.
    pub fn of_gate(rule: Rule) -> Self {
        Case {
            experiment: "gate".into(),
            place: None,
            bound: String::new(),
            cell: String::new(),
            method: String::new(),
            rule: Some(rule),
            text: rule.text().trim_end_matches('.').into(),
            command: String::new(),
        }
    }
}

/// The line of an experiment's file that has a drafted bound, or else its claim; the first where neither is found.
fn line(path: &Path, bound: &str) -> usize {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let drafted = text.find(&format!("name = \"{bound}\""));
    let claim = || {
        let at = |word: &str| text.find(&format!("\n{word}")).map(|at| at + 1);
        if text.starts_with("claim") || text.starts_with("[claim]") {
            Some(0)
        } else {
            at("claim").or_else(|| at("[claim]"))
        }
    };
    drafted.or_else(claim).map_or(1, |at| line_of(&text, &(at..at)))
}

/// The cases of a gate.
#[derive(Debug, Default)]
pub struct Gate {
    /// In the order of experiments.
    pub cases: Vec<Case>,
}

/// The cases of one experiment's bound that fail by one rule.
struct Group<'a> {
    rule: Rule,
    first: &'a Case,
    count: usize,
}

impl Gate {
    /// Failing and open cases by experiment, bound and rule, each with its first case.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group> = Vec::new();
        for case in &self.cases {
            let Some(rule) = case.rule else { continue };
            let is_same = |group: &&mut Group| {
                group.rule == rule && group.first.experiment == case.experiment && group.first.bound == case.bound
            };
            match groups.iter_mut().find(is_same) {
                Some(group) => group.count += 1,
                None => groups.push(Group { rule, first: case, count: 1 }),
            }
        }
        groups
    }

    /// Annotations as GitHub reads them from standard output.
    pub fn annotations(&self) -> String {
        github::annotations(self)
    }

    /// The summary of a step, in Markdown.
    pub fn summary(&self) -> String {
        github::summary(self)
    }

    /// JUnit XML: a suite an experiment, a case a verdict.
    pub fn junit(&self) -> String {
        junit::xml(self)
    }

    /// SARIF 2.1.0: a result a bound that fails.
    pub fn sarif(&self) -> String {
        sarif::json(self)
    }
}

impl Group<'_> {
    /// What fails where, in a line.
    fn text(&self) -> String {
        let Case { bound, cell, text, .. } = self.first;
        if cell.is_empty() {
            return text.clone();
        }
        let cells = if self.count > 1 { format!(" ({} in all)", counted(self.count, "cell")) } else { String::new() };
        format!("{bound} at {cell}: {text}{cells}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    pub(super) fn gate() -> Gate {
        let text = "# a\nclaim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\nbounds = [\n{ name = \"draft\", expr = \"1\" }]\n[[grid]]\nk = 16\nd = 1\neps = 0.1\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.toml");
        std::fs::write(&path, text).unwrap();
        let experiment = Experiment::read(&path).unwrap();
        let record = |key: &str, bound: &str, verdict| Record::example("nsn-box", key, bound, verdict);
        let case = |record: Record, rule| Case::new(&experiment, &record, rule, "slack -1, <50%>".into());
        let mut cases = vec![
            case(record("k=16;d=1", "printed", Verdict::Violated), Some(Rule::Violated)),
            case(record("k=16;d=2", "printed", Verdict::Violated), Some(Rule::Violated)),
            case(record("k=16;d=3", "printed", Verdict::Holds), None),
            case(record("k=16;d=1", "draft", Verdict::Undecided), Some(Rule::Undecided)),
        ];
        for case in &mut cases {
            case.place = case.place.take().map(|(_, line)| ("e.toml".into(), line));
        }
        cases.push(Case::of_gate(Rule::NothingJudged));
        Gate { cases }
    }

    #[test]
    fn cases_lead_to_their_lines() {
        let lines: Vec<Option<usize>> =
            gate().cases.iter().map(|case| case.place.as_ref().map(|(_, line)| *line)).collect();
        assert_eq!(lines, [Some(2), Some(2), Some(2), Some(6), None]);
        assert_eq!(gate().groups().iter().map(|group| group.count).collect::<Vec<_>>(), [2, 1, 1]);
    }
}
