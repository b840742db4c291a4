//! The experiment file that measures a finding again.

use std::path::Path;

use super::Finding;
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::measure::what_if::{Changes, Draft};
use crate::numeric::number;
use crate::output::write_whole;
use crate::statement::{Cell, Value};

/// The text of the experiment: the counterexamples' cells, by the methods that found them and those that confirmed them.
pub fn experiment(claim: &Claim, changes: &Changes, findings: &[&Finding], command: &str) -> String {
    let about = claim.statement();
    let (mut methods, mut prose, mut blocks): (Vec<&str>, _, _) = (Vec::new(), String::new(), String::new());
    let mut replicates = 0;
    for finding in findings {
        let Some(best) = &finding.best else { continue };
        let by = best.evidence.method.name();
        let law = best.evidence.law.as_ref().map_or(String::new(), |law| format!(" for the law {law}"));
        let second = finding.confirmed_by();
        for method in std::iter::once(by).chain(second) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        prose += &format!(
            " Bound {}: violated by {by}{law}, {}.",
            finding.bound,
            second
                .map_or("which no independent method could confirm".into(), |second| format!("confirmed by {second}"))
        );
        replicates =
            finding.second.as_ref().map_or(0, |second| second.replicates).max(finding.replicates).max(replicates);
        blocks += &format!("\n# {} is violated here.\n[[grid]]\n{}", finding.bound, grid(&best.cell));
    }
    let methods: Vec<String> = methods.into_iter().map(quoted).collect();
    let claim = about.origin.as_ref().map_or(format!("claim = {}\n", quoted(&about.id)), |_| String::new());
    let declaration = about.origin.as_ref().map_or(String::new(), |origin| format!("\n{}", origin.toml));
    let head = format!(
        "{claim}title = {}\nabout = {}\nmethods = [{}]\n",
        quoted(&format!("Counterexamples to {}", about.source)),
        quoted(&format!("{FOUND_BY}{command}`. Every hypothesis is met.{prose}")),
        methods.join(", "),
    );
    let precision = match replicates {
        0 => String::new(),
        _ => format!("\n[precision]\nreplicates = {replicates}\nrelative = 1e-9\n"),
    };
    head + &lines(changes) + &precision + &declaration + &blocks
}

/// What a user has changed in the claim, as an experiment writes it.
fn lines(changes: &Changes) -> String {
    let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let mut lines = String::new();
    if !changes.bounds.is_empty() {
        let bound = |Draft { name, expr, relation }: &Draft| {
            let relation = relation.map_or(String::new(), |known| format!(", relation = {}", quoted(known.name())));
            format!("{{ name = {}, expr = {}{relation} }}", quoted(name), quoted(expr))
        };
        lines += &format!("bounds = [{}]\n", changes.bounds.iter().map(bound).collect::<Vec<_>>().join(", "));
    }
    for (key, texts) in [("where", &changes.conditions), ("without", &changes.without)] {
        if !texts.is_empty() {
            lines += &format!("{key} = [{}]\n", list(texts));
        }
    }
    if let Some(relation) = changes.relation {
        lines += &format!("relation = {}\n", quoted(relation.name()));
    }
    lines
}

fn grid(cell: &Cell) -> String {
    let value = |value: &Value| match value {
        Value::Integer(x) => x.to_string(),
        Value::Real(x) => number(*x),
        // A list alone would be a list of values.
        list @ Value::List(_) => format!("[{list}]"),
        Value::Word(word) => quoted(word),
    };
    cell.iter().map(|(name, x)| format!("{name} = {}\n", value(x))).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// Writes the experiment, unless another text than that of the same finding stands there already: then only by `force`.
///
/// # Errors
/// Names the file that is in the way, or that cannot be written.
pub fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    match std::fs::read_to_string(path) {
        Ok(there) if !force && !is_same(&there, text) => Err(Error::input(format!(
            "{} is there already and holds something else; it was left alone. Name another file with --out, or replace it with \
             --force",
            path.display()
        ))),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound && !force => Err(Error::read(path)(error)),
        _ => write_whole(path, text.as_bytes()),
    }
}

/// Whether two experiments measure the same: the prose, and the command line in it, does not decide.
fn is_same(a: &str, b: &str) -> bool {
    let without_prose = |text: &str| {
        let mut table: toml::Table = text.parse().ok()?;
        PROSE.iter().for_each(|key| drop(table.remove(*key)));
        Some(table)
    };
    a == b || without_prose(a).is_some_and(|a| Some(a) == without_prose(b))
}

/// The keys that do not change what an experiment measures.
const PROSE: [&str; 2] = ["title", "about"];

/// Whether a search for the claim's counterexamples wrote the file.
pub fn is_finding_of(path: &Path, claim: &Claim) -> bool {
    let table: Option<toml::Table> = std::fs::read_to_string(path).ok().and_then(|text| text.parse().ok());
    let is = |key: &str, holds: &dyn Fn(&str) -> bool| {
        table.as_ref().and_then(|table| table.get(key)?.as_str()).is_some_and(holds)
    };
    is("claim", &|id| id == claim.statement().id) && is("about", &|about| about.starts_with(FOUND_BY))
}

/// How the prose of every finding begins.
const FOUND_BY: &str = "Found by `";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Relation;

    #[test]
    fn what_a_user_changed_is_written_as_experiments_read_it() {
        let changes = Changes {
            bounds: vec![
                Draft { name: "draft".into(), expr: "2*eps".into(), relation: None },
                Draft { name: "first".into(), expr: "eps".into(), relation: Some(Relation::AtLeast) },
            ],
            conditions: vec!["k >= d^2".into()],
            without: vec!["d <= k".into()],
            relation: Some(Relation::AtMost),
        };
        let head = "claim = \"nsn-box\"\ntitle = \"t\"\nabout = \"a\"\n";
        let text = format!("{head}{}[[grid]]\nk = 16\nd = 2\neps = 0.1\ntarget = [[0.5, -1]]\n", lines(&changes));
        let read = crate::experiment::Experiment::parse("t", &text).unwrap();
        assert_eq!(read.changes, changes);
    }

    #[test]
    fn another_text_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        write(&path, "one", false).unwrap();
        write(&path, "one", false).unwrap();
        assert!(write(&path, "two", false).unwrap_err().to_string().contains("--force"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        write(&path, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
    }

    #[test]
    fn the_same_finding_is_overwritten_whatever_command_found_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        let text = |command: &str, k: u32| {
            format!("claim = \"nsn-box\"\nabout = \"Found by `{command}`.\"\n\n[[grid]]\nk = {k}\n")
        };
        write(&path, &text("falsify", 16), false).unwrap();
        write(&path, &text("falsify --quiet", 16), false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text("falsify --quiet", 16));
        assert!(is_finding_of(&path, crate::registry::claim("nsn-box")));
        assert!(!is_finding_of(&path, crate::registry::claim("lueker")));
        assert!(write(&path, &text("falsify", 17), false).is_err());
    }
}
