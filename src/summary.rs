//! The verdict table of a run: claim by claim, from records only.

use std::collections::BTreeMap;

use crate::experiment::Experiment;
use crate::record::Record;

/// The counts of one claim's cells under one bound.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Tally {
    /// The claim's id.
    pub claim: String,
    /// The bound's name, or that of a link of the claim's proof.
    pub bound: String,
    /// Whether it is a link of the claim's proof.
    pub link: bool,
    /// Distinct cells.
    pub cells: usize,
    /// Cells inside the hypotheses at which the bound holds.
    pub holds: usize,
    /// Cells inside the hypotheses at which the bound is violated.
    pub violated: usize,
    /// Cells inside the hypotheses at which no method decides.
    pub undecided: usize,
    /// Cells inside the hypotheses at which the bound says nothing.
    pub vacuous: usize,
    /// Cells outside the hypotheses.
    pub outside: usize,
    /// Those of them at which the bound is violated.
    pub outside_violated: usize,
    /// The least slack inside the hypotheses, with its cell.
    pub least: Option<(f64, String)>,
    /// Cells at which two methods contradict each other: none, or something is wrong with the program.
    pub contradictions: Vec<String>,
}

/// What all methods together say of one cell under one bound.
struct Joined<'a> {
    /// The record of the most exact method.
    best: &'a Record,
    holds: bool,
    violated: bool,
}

/// Tallies the records of experiments, by claim and bound, in the order in which they come.
pub fn tally<'a>(sets: impl IntoIterator<Item = (&'a Experiment, &'a [Record])>) -> Vec<Tally> {
    let mut order: Vec<Counted> = Vec::new();
    let mut cells: BTreeMap<Counted, BTreeMap<String, Joined>> = BTreeMap::new();
    for (experiment, records) in sets {
        for record in records {
            let bound = (record.claim.clone(), record.bound.clone(), experiment.chain);
            if !cells.contains_key(&bound) {
                order.push(bound.clone());
            }
            // What is constructed from a stream is another object in another experiment.
            let key = format!("{}: {}", experiment.name, record.key);
            let joined = cells.entry(bound).or_default().entry(key).or_insert(Joined {
                best: record,
                holds: false,
                violated: false,
            });
            joined.holds |= record.verdict == "holds";
            joined.violated |= record.verdict == "violated";
            if record.rank() < joined.best.rank() {
                joined.best = record;
            }
        }
    }
    order.into_iter().map(|bound| tally_one(bound.clone(), &cells[&bound])).collect()
}

/// A claim's bound, or a link of its proof.
type Counted = (String, String, bool);

fn tally_one((claim, bound, link): Counted, cells: &BTreeMap<String, Joined>) -> Tally {
    let mut tally = Tally { claim, bound, link, cells: cells.len(), ..Tally::default() };
    for (key, joined) in cells {
        if joined.holds && joined.violated {
            tally.contradictions.push(key.clone());
        }
        if joined.best.outside() {
            tally.outside += 1;
            tally.outside_violated += usize::from(joined.violated);
            continue;
        }
        match (joined.violated, joined.holds) {
            (true, _) => tally.violated += 1,
            (false, true) => tally.holds += 1,
            (false, false) => tally.undecided += 1,
        }
        tally.vacuous += usize::from(joined.best.vacuous);
        if let Some(slack) = joined.best.slack_log10
            && tally.least.as_ref().is_none_or(|(least, _)| slack < *least)
        {
            tally.least = Some((slack, joined.best.key.clone()));
        }
    }
    tally
}

const COLUMNS: [&str; 10] =
    ["claim", "bound", "cells", "holds", "violated", "undecided", "vacuous", "outside", "least slack", "at cell"];

fn row(tally: &Tally) -> [String; 10] {
    let outside = match tally.outside_violated {
        0 => tally.outside.to_string(),
        violated => format!("{} ({violated} violated)", tally.outside),
    };
    let (slack, cell) = match &tally.least {
        Some((slack, cell)) => (format!("{slack:.3}"), cell.replace(';', " ")),
        None => (String::new(), String::new()),
    };
    [
        tally.claim.clone(),
        tally.bound.clone(),
        tally.cells.to_string(),
        tally.holds.to_string(),
        tally.violated.to_string(),
        tally.undecided.to_string(),
        tally.vacuous.to_string(),
        outside,
        slack,
        cell,
    ]
}

const PROOF_COLUMNS: [&str; 4] =
    ["proof of", "links", "cells", "links that fail inside the hypotheses, and at how many cells"];

/// One row a proof.
fn proof_rows(tallies: &[Tally]) -> Vec<[String; 4]> {
    let mut claims: Vec<&str> = Vec::new();
    for tally in tallies.iter().filter(|tally| tally.link) {
        if !claims.contains(&tally.claim.as_str()) {
            claims.push(&tally.claim);
        }
    }
    let row = |claim: &str| {
        let links: Vec<&Tally> = tallies.iter().filter(|tally| tally.link && tally.claim == claim).collect();
        let cells = links.iter().map(|link| link.cells).max().unwrap_or(0);
        let failing = links.iter().filter(|link| link.violated > 0);
        let failing: Vec<String> = failing.map(|link| format!("{} ({})", link.bound, link.violated)).collect();
        let failing = if failing.is_empty() { "none".into() } else { failing.join(", ") };
        [claim.to_string(), links.len().to_string(), cells.to_string(), failing]
    };
    claims.into_iter().map(row).collect()
}

const LEGEND: &str = "holds, violated and undecided count cells inside the hypotheses; vacuous counts those of them at
which the bound says nothing; outside counts cells with an unmet hypothesis. The slack is log10 of
how far the measured value is on the claimed side of the bound; negative is violated.";

/// The table for a terminal; the cells of least slack stand below it, so that it fits.
pub fn table(tallies: &[Tally]) -> String {
    let shown = COLUMNS.len() - 1;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(&COLUMNS[..shown]);
    for index in 2..shown {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    let mut least = String::new();
    for tally in tallies.iter().filter(|tally| !tally.link) {
        table.add_row(&row(tally)[..shown]);
        if let Some((slack, cell)) = &tally.least {
            let cell = cell.replace(';', " ");
            least += &format!("  {} ({}): {slack:.3} at {cell}\n", tally.claim, tally.bound);
        }
    }
    let mut proofs = String::new();
    for [claim, links, cells, failing] in proof_rows(tallies) {
        proofs += &format!("proof of {claim}, {links} links at up to {cells} cells; failing: {failing}\n");
    }
    format!("{table}\nleast slack:\n{least}{proofs}{LEGEND}\n{}", contradictions(tallies))
}

/// The table as Markdown, with how the run was made.
pub fn markdown(tallies: &[Tally], origin: &str) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("# Verdicts\n\n{origin}\n\n{}", line(&COLUMNS.map(String::from)));
    text += &line(&COLUMNS.map(|_| "---".to_string()));
    tallies.iter().filter(|tally| !tally.link).for_each(|tally| text += &line(&row(tally)));
    let proofs = proof_rows(tallies);
    if !proofs.is_empty() {
        text += &format!("\n{}", line(&PROOF_COLUMNS.map(String::from)));
        text += &line(&PROOF_COLUMNS.map(|_| "---".to_string()));
        proofs.iter().for_each(|proof| text += &line(proof));
    }
    text + &format!("\n{LEGEND}\n{}", contradictions(tallies))
}

fn contradictions(tallies: &[Tally]) -> String {
    let all: Vec<String> = tallies
        .iter()
        .flat_map(|tally| {
            tally.contradictions.iter().map(move |cell| format!("{} ({}): {cell}", tally.claim, tally.bound))
        })
        .collect();
    if all.is_empty() {
        return String::new();
    }
    format!(
        "\nTwo methods contradict each other, which is a defect of this program (please report it):\n{}\n",
        all.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment() -> Experiment {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nk = 16\nd = 1\neps = 0.1\n";
        Experiment::parse("e", text).unwrap()
    }

    fn record(key: &str, method: &str, verdict: &str, slack: f64, unmet: &[&str]) -> Record {
        Record {
            claim: "nsn-box".into(),
            columns: BTreeMap::from([("method".to_string(), method.to_string())]),
            key: key.into(),
            ln_measured: Some(-1.0),
            ln_lo: -1.0,
            ln_hi: -1.0,
            bound: "printed".into(),
            ln_bound: Some(-2.0),
            slack_log10: Some(slack),
            unmet: unmet.iter().map(|name| name.to_string()).collect(),
            vacuous: false,
            verdict: verdict.into(),
        }
    }

    #[test]
    fn methods_are_joined_and_the_most_exact_gives_the_slack() {
        let records = [
            record("k=1", "literal", "undecided", 0.9, &[]),
            record("k=1", "quadrature", "violated", -0.1, &[]),
            record("k=2", "literal", "undecided", 0.4, &[]),
            record("k=3", "quadrature", "violated", -3.0, &["k >= 16"]),
            record("k=4", "quadrature", "holds", 0.2, &[]),
        ];
        let tally = &tally([(&experiment(), &records[..])])[0];
        assert_eq!((tally.cells, tally.holds, tally.violated, tally.undecided), (4, 1, 1, 1));
        assert_eq!((tally.outside, tally.outside_violated), (1, 1));
        assert_eq!(tally.least, Some((-0.1, "k=1".into())));
        assert!(tally.contradictions.is_empty());
        let text = table(std::slice::from_ref(tally));
        assert!(text.contains("1 (1 violated)") && !text.contains("contradict"), "{text}");
        assert!(markdown(std::slice::from_ref(tally), "made so").contains("| nsn-box | printed | 4 | 1 | 1 | 1 | 0 |"));
    }

    #[test]
    fn contradicting_methods_are_reported() {
        let records = [record("k=1", "literal", "holds", 0.1, &[]), record("k=1", "quadrature", "violated", -0.1, &[])];
        let tallies = tally([(&experiment(), &records[..])]);
        assert!(table(&tallies).contains("e: k=1") && markdown(&tallies, "").contains("contradict"));
    }
}
