//! The commands that measure a record again, as a shell takes them.

use crate::experiment::Experiment;
use crate::measure::what_if::{Changes, Draft};
use crate::numeric::number;
use crate::record::Record;

/// The command that measures a record's cell again: of the claim as the experiment changes it.
pub fn command(experiment: &Experiment, record: &Record) -> String {
    let id = quoted(experiment.printed.statement().handle());
    let set = set_options(&record.key);
    match &experiment.question {
        _ if experiment.chain => format!("lemmascope trace {id} {set}"),
        Some(question) => {
            let probability = question.probability.map_or(String::new(), |p| format!(" --probability {}", number(p)));
            let within =
                question.within.map_or(String::new(), |(a, b)| format!(" --within {}..{}", number(a), number(b)));
            format!("lemmascope threshold {id} {set} --find {}{probability}{within}", question.find)
        }
        None => format!("lemmascope evaluate {id} {set} --method {}{}", record.method(), options(&experiment.changes)),
    }
}

/// The options that make a user's changes.
fn options(changes: &Changes) -> String {
    let bound = |Draft { name, expr, relation }: &Draft| {
        let sign = relation.map_or("=", |relation| if relation.name() == "at-least" { ">=" } else { "<=" });
        format!(" --bound {}", quoted(&format!("{name}{sign}{expr}")))
    };
    let bounds = changes.bounds.iter().map(bound);
    let added = changes.conditions.iter().map(|condition| format!(" --where {}", quoted(condition)));
    let dropped = changes.without.iter().map(|name| format!(" --without {}", quoted(name)));
    let relation = changes.relation.iter().map(|relation| format!(" --relation {}", relation.name()));
    bounds.chain(added).chain(dropped).chain(relation).collect()
}

/// `--set` options that name a cell.
pub fn set_options(key: &str) -> String {
    key.split(';').map(|item| format!("--set {}", quoted(item))).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "=.-_/".contains(c));
    if plain { text.into() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_what_was_meant() {
        assert_eq!(set_options("k=64;eps=1e-9"), "--set k=64 --set eps=1e-9");
        assert_eq!(set_options("target=[0.5, -1]"), "--set 'target=[0.5, -1]'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }

    #[test]
    fn a_what_if_is_measured_as_it_was_changed() {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\nbounds = [{ name = \"draft\", expr = \"eps^d\", relation = \
                    \"at-most\" }]\nwhere = \"k >= d^2\"\nwithout = \"d <= k\"\n[[grid]]\nk = 16\nd = 1\neps = 0.1\n";
        let experiment = Experiment::parse("e", text).unwrap();
        assert_eq!(options(&experiment.changes), " --bound 'draft<=eps^d' --where 'k >= d^2' --without 'd <= k'");
    }
}
