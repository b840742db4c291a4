//! The finding page: what the records say of each claim, written out, with the commands that reproduce each line.

use std::collections::{BTreeMap, BTreeSet};

use crate::claims::{PRINTED, find};
use crate::evidence::Method;
use crate::experiment::Experiment;
use crate::record::Record;

/// An experiment with its records.
pub type Set<'a> = (&'a Experiment, &'a [Record]);

/// The page as Markdown, claim by claim in the order of the experiments.
pub fn markdown(sets: &[Set], origin: &str) -> String {
    let mut text = format!(
        "# What was found\n\n{origin} Every line is made from the records beside this page; the commands measure it again.\n\
         `lemmascope` stands for `cargo run --release --`.\n"
    );
    let mut order: Vec<&str> = Vec::new();
    for (experiment, _) in sets {
        let id = experiment.claim.about().id;
        if !order.contains(&id) {
            order.push(id);
        }
    }
    for id in order {
        let its = |chain: bool| -> Vec<Set> {
            let of = |set: &&Set| set.0.claim.about().id == id && set.0.chain == chain;
            sets.iter().filter(of).copied().collect()
        };
        text += &section(id, &its(false), &its(true));
    }
    text
}

/// One claim: its bounds, and the links of its proof.
fn section(id: &str, claims: &[Set], chains: &[Set]) -> String {
    let source = find(id).map(|claim| claim.about().source).unwrap_or_default();
    let mut text = format!("\n## {source} (`{id}`)\n");
    let mut bounds: Vec<&str> = Vec::new();
    for record in claims.iter().flat_map(|(_, records)| records.iter()) {
        if !bounds.contains(&record.bound.as_str()) {
            bounds.push(&record.bound);
        }
    }
    let mut printed_fails = false;
    for bound in bounds {
        let cells = Cells::new(claims, bound);
        printed_fails |= bound == PRINTED && cells.violated().next().is_some();
        text += &paragraph(id, bound, &cells);
        if bound != PRINTED && printed_fails && cells.violated().next().is_none() && cells.holds() > 0 {
            text +=
                &format!("  A repair that is seen to hold at all {} decided cells inside: `{bound}`.\n", cells.holds());
        }
    }
    text += &links(id, chains);
    let files: Vec<String> =
        claims.iter().chain(chains).map(|(experiment, _)| format!("experiments/{}.toml", experiment.name)).collect();
    if !files.is_empty() {
        text += &format!("\n    lemmascope run {}\n", files.join(" "));
    }
    text
}

/// The cells of one bound, joined over methods: the most exact method's record, and every verdict.
struct Cells<'a> {
    cells: BTreeMap<String, (&'a Record, BTreeSet<&'a str>)>,
}

impl<'a> Cells<'a> {
    fn new(sets: &[Set<'a>], bound: &str) -> Self {
        let mut cells: BTreeMap<String, (&Record, BTreeSet<&str>)> = BTreeMap::new();
        for (experiment, records) in sets {
            for record in records.iter().filter(|record| record.bound == bound) {
                let key = format!("{}: {}", experiment.name, record.key);
                let (best, verdicts) = cells.entry(key).or_insert((record, BTreeSet::new()));
                verdicts.insert(&record.verdict);
                if rank(record) < rank(best) {
                    *best = record;
                }
            }
        }
        Cells { cells }
    }

    fn inside(&self) -> impl Iterator<Item = &(&'a Record, BTreeSet<&'a str>)> {
        self.cells.values().filter(|(record, _)| !record.outside())
    }

    fn violated(&self) -> impl Iterator<Item = &'a Record> {
        self.inside().filter(|(_, verdicts)| verdicts.contains("violated")).map(|(record, _)| *record)
    }

    fn holds(&self) -> usize {
        self.inside().filter(|(_, verdicts)| verdicts.contains("holds") && !verdicts.contains("violated")).count()
    }
}

/// How exact a record's method is: less is more.
fn rank(record: &Record) -> usize {
    let method = record.columns.get("method").map(String::as_str).unwrap_or_default();
    Method::ALL.iter().position(|known| known.name() == method).unwrap_or(usize::MAX)
}

/// What is said of one bound.
fn paragraph(id: &str, bound: &str, cells: &Cells) -> String {
    let inside: Vec<&Record> = cells.inside().map(|(record, _)| *record).collect();
    if inside.is_empty() {
        return format!("\n- **{bound}**: no cell inside the hypotheses was measured.\n");
    }
    let violated: Vec<&Record> = cells.violated().collect();
    let (holds, vacuous) = (cells.holds(), inside.iter().filter(|record| record.vacuous).count());
    let undecided = inside.len() - holds - violated.len();
    let word = match (violated.len(), holds, undecided) {
        (0, 0, _) => "undecided",
        (0, _, 0) => "holds at every cell",
        (0, ..) => "holds wherever it is decided",
        _ => "fails",
    };
    let mut text = format!(
        "\n- **{bound}** {word}: of {} cells inside the hypotheses it holds at {holds}, is violated at {}, undecided at \
         {undecided}, vacuous at {vacuous}. {}\n",
        inside.len(),
        violated.len(),
        region(&inside)
    );
    let mut slacks: Vec<(f64, &Record)> = inside.iter().filter_map(|r| Some((r.slack_log10?, *r))).collect();
    slacks.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((least, at)), Some((median, _))) = (slacks.first(), slacks.get(slacks.len() / 2)) {
        text += &format!("  Slack (log10): least {least:.4} at {}, median {median:.4}.\n", at.key.replace(';', " "));
    }
    if vacuous > 0 {
        let where_vacuous: Vec<&Record> = inside.iter().copied().filter(|record| record.vacuous).collect();
        text += &format!("  Vacuous cells: {}\n", region(&where_vacuous));
    }
    if let Some(smallest) = violated.iter().min_by(|a, b| smaller(a, b)) {
        let method = smallest.columns.get("method").map(String::as_str).unwrap_or_default();
        let slack = smallest.slack_log10.map_or(String::new(), |slack| format!(", slack {slack:.4}"));
        text += &format!(
            "  Smallest counterexample measured (by {method}{slack}): {}.\n\n      lemmascope evaluate {id} {} --method {method}\n\n",
            smallest.key.replace(';', " "),
            set_options(&smallest.key)
        );
    }
    text
}

/// A cell's numbers with d first, then k, then the others: the order in which a counterexample is smaller.
fn order(record: &Record) -> Vec<f64> {
    let number = |name: &str| record.columns.get(name).and_then(|text| text.parse::<f64>().ok());
    let first = [number("d"), number("k"), number("n"), number("j")].map(|value| value.unwrap_or(0.0));
    // Plainer numbers first: fewer digits.
    let digits = record.key.len() as f64;
    first.into_iter().chain([digits]).collect()
}

fn smaller(a: &Record, b: &Record) -> std::cmp::Ordering {
    let (a, b) = (order(a), order(b));
    let pairs = a.iter().zip(&b);
    pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

/// `--set` options that name a cell.
fn set_options(key: &str) -> String {
    let quoted = |item: &str| {
        let plain = item.chars().all(|c| c.is_ascii_alphanumeric() || "=.-_/".contains(c));
        if plain { format!("--set {item}") } else { format!("--set '{item}'") }
    };
    key.split(';').map(quoted).collect::<Vec<_>>().join(" ")
}

/// Between which values each parameter lies, or which words it takes.
fn region(records: &[&Record]) -> String {
    let Some(first) = records.first() else { return String::new() };
    let names = first.key.split(';').filter_map(|item| item.split_once('=').map(|(name, _)| name));
    let part = |name: &str| {
        let values: Vec<&str> = records.iter().filter_map(|r| r.columns.get(name).map(String::as_str)).collect();
        let numbers: Vec<(f64, &str)> = values.iter().filter_map(|v| Some((v.parse().ok()?, *v))).collect();
        if numbers.len() == values.len() && !numbers.is_empty() {
            let least = numbers.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or("", |x| x.1);
            let most = numbers.iter().max_by(|a, b| a.0.total_cmp(&b.0)).map_or("", |x| x.1);
            return if least == most { format!("{name} = {least}") } else { format!("{name} {least} to {most}") };
        }
        let distinct: BTreeSet<&str> = values.into_iter().collect();
        format!("{name} {}", distinct.into_iter().collect::<Vec<_>>().join(" | "))
    };
    format!("Region: {}.", names.map(part).collect::<Vec<_>>().join(", "))
}

/// Which links of the proof fail, and which fails first.
fn links(id: &str, chains: &[Set]) -> String {
    let records: Vec<&Record> = chains.iter().flat_map(|(_, r)| r.iter()).filter(|r| !r.outside()).collect();
    if records.is_empty() {
        return String::new();
    }
    let mut names: Vec<&str> = Vec::new();
    let mut first: BTreeMap<&str, (usize, &Record)> = BTreeMap::new();
    let mut failing_cells: BTreeSet<&str> = BTreeSet::new();
    for record in &records {
        if !names.contains(&record.bound.as_str()) {
            names.push(&record.bound);
        }
        // Links stand in the order of the proof, cell by cell.
        if record.verdict == "violated" && failing_cells.insert(&record.key) {
            first.entry(&record.bound).or_insert((0, record)).0 += 1;
        }
    }
    let cells: BTreeSet<&str> = records.iter().map(|record| record.key.as_str()).collect();
    let mut text = format!(
        "\n- **the proof's links**, {} cells inside the hypotheses; a link that fails somewhere:\n",
        cells.len()
    );
    let mut any = false;
    for name in &names {
        let of = || records.iter().filter(|record| record.bound == *name);
        let violated = of().filter(|record| record.verdict == "violated").count();
        if violated == 0 {
            continue;
        }
        any = true;
        let is_first = first.get(name).map_or(String::new(), |(count, _)| format!(", the first to fail at {count}"));
        text += &format!("  - `{name}`: violated at {violated} of {} cells{is_first}\n", of().count());
    }
    if !any {
        return format!(
            "\n- **the proof's links**: none of {} fails at the {} cells inside the hypotheses.\n",
            names.len(),
            cells.len()
        );
    }
    if let Some((_, (_, record))) = first.iter().max_by_key(|(_, (count, _))| *count) {
        text += &format!("\n      lemmascope trace {id} {}\n", set_options(&record.key));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(chain: bool) -> Experiment {
        let head = if chain { "chain = true\n" } else { "" };
        let text =
            format!("claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n{head}[[grid]]\nk = 16\nd = 1\neps = 0.1\n");
        Experiment::parse("e", &text).unwrap()
    }

    fn record(k: u32, d: u32, bound: &str, verdict: &str, unmet: bool) -> Record {
        let columns = [("k", k.to_string()), ("d", d.to_string()), ("method", "quadrature".into())];
        Record {
            claim: "nsn-box".into(),
            columns: columns.into_iter().map(|(name, text)| (name.to_string(), text)).collect(),
            key: format!("k={k};d={d}"),
            ln_measured: Some(-1.0),
            ln_lo: -1.0,
            ln_hi: -1.0,
            bound: bound.into(),
            ln_bound: Some(-1.0),
            slack_log10: Some(if verdict == "violated" { -0.5 } else { 0.5 }),
            unmet: if unmet { vec!["k >= 16".into()] } else { vec![] },
            vacuous: false,
            verdict: verdict.into(),
        }
    }

    #[test]
    fn a_counterexample_a_repair_and_a_link_are_named_with_their_commands() {
        let records = [
            record(64, 12, PRINTED, "violated", false),
            record(256, 10, PRINTED, "violated", false),
            record(8, 2, PRINTED, "violated", true),
            record(16, 1, PRINTED, "holds", false),
            record(64, 12, "two-pi", "holds", false),
        ];
        let links = [record(64, 12, "eq-1", "holds", false), record(64, 12, "density", "violated", false)];
        let (plain, chain) = (experiment(false), experiment(true));
        let text = markdown(&[(&plain, &records), (&chain, &links)], "Seed 1.");
        for part in [
            "## Lemma 7 (`nsn-box`)",
            "**printed** fails: of 3 cells inside the hypotheses it holds at 1, is violated at 2",
            "Region: k 16 to 256, d 1 to 12.",
            "lemmascope evaluate nsn-box --set k=256 --set d=10 --method quadrature",
            "A repair that is seen to hold at all 1 decided cells inside: `two-pi`",
            "`density`: violated at 1 of 1 cells, the first to fail at 1",
            "lemmascope trace nsn-box --set k=64 --set d=12",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }
}
