//! GitHub: workflow commands that annotate lines of files, and the summary of a step.

use super::{Case, Gate, Group};
use crate::show::report::gate::counted;

/// One annotation a bound that fails: a step shows ten of them.
pub fn annotations(gate: &Gate) -> String {
    let line = |group: &Group| {
        let level = if group.rule.is_warning() { "warning" } else { "error" };
        let place = match &group.first.place {
            Some((path, line)) => format!("file={},line={line},", property(&path.display().to_string())),
            None => String::new(),
        };
        let title = property(&format!("{}: {}", group.first.experiment, group.rule.name()));
        let again = &group.first.command;
        let again = if again.is_empty() { String::new() } else { format!("\nmeasure it again: {again}") };
        format!("::{level} {place}title={title}::{}\n", data(&format!("{}{again}", group.text())))
    };
    gate.groups().iter().map(line).collect()
}

/// Counts, and a table of what fails.
pub fn summary(gate: &Gate) -> String {
    let (groups, judged) = (gate.groups(), gate.cases.iter().filter(|case| !case.cell.is_empty()).count());
    let failing = gate.cases.iter().filter(|case| case.rule.is_some_and(|rule| !rule.is_warning())).count();
    let mark = if failing == 0 { "pass" } else { "fail" };
    let mut text =
        format!("### lemmascope: {mark}\n\n{} judged, {}\n", counted(judged, "verdict"), counted(failing, "failure"));
    if groups.is_empty() {
        return text;
    }
    text += "\n| experiment | bound | what | cells | first cell | measure it again |\n| --- | --- | --- | --- | --- | --- |\n";
    for Group { rule, first, count } in groups {
        let Case { experiment, bound, cell, command, .. } = first;
        let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) };
        text += &format!(
            "| {experiment} | {} | {} | {count} | {} | {} |\n",
            code(bound),
            rule.name(),
            code(cell),
            code(command)
        );
    }
    text
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::gate;

    #[test]
    fn annotations_stand_at_the_experiments_line() {
        let text = gate().annotations();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(
            lines[0].starts_with("::error file=e.toml,line=2,title=e%3A violated::printed at k=16 d=1: slack -1, <50%25> (2 cells in all)%0Ameasure"),
            "{text}"
        );
        assert!(lines[1].starts_with("::warning file=e.toml,line=6,title=e%3A undecided::draft at"), "{text}");
        assert!(lines[2].starts_with("::error title=gate%3A nothing-judged::Nothing is no pass"), "{text}");
    }

    #[test]
    fn the_summary_counts() {
        let text = gate().summary();
        assert!(text.contains("lemmascope: fail\n\n4 verdicts judged, 3 failures\n"), "{text}");
        assert!(text.contains("| e | `printed` | violated | 2 | `k=16 d=1` | `lemmascope evaluate"), "{text}");
    }
}
