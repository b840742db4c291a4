//! The verdict table of a run: claim by claim, from records only. Claims that there is a constant, and what-ifs, stand apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Experiment;
use crate::record::{Identity, Record};
use crate::show::report::joined::{Counts, Joined, Least, Set, join};

/// What a tally is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A bound of the claim itself.
    Claim,
    /// A bound of a claim that says only that there is a constant, at fixed constants.
    Constant,
    /// A drafted bound, or a claim with other hypotheses or another relation: not the claim itself.
    WhatIf,
    /// A link of the claim's proof.
    Link,
}

/// The counts of one claim's cells under one bound.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Tally {
    /// The claim's id.
    pub claim: String,
    /// The bound's name, or that of a link of the claim's proof.
    pub bound: String,
    /// What it is.
    pub kind: Kind,
    /// The relation that is claimed.
    pub relation: String,
    /// The bound's formula.
    pub formula: String,
    /// What was changed in the claim's hypotheses and relation.
    pub what_if: String,
    /// How many cells there are of each kind.
    #[serde(flatten)]
    pub counts: Counts,
    /// The least slack inside the hypotheses.
    pub least: Option<Least>,
    /// Cells at which two methods contradict each other: none, or something is wrong with the program.
    pub contradictions: Vec<String>,
}

/// Tallies the records of experiments by what their verdicts are about, in the order in which they come.
pub fn tally<'a>(sets: impl IntoIterator<Item = Set<'a>>) -> Vec<Tally> {
    let mut order: Vec<(Identity, Kind)> = Vec::new();
    let mut groups: BTreeMap<(Identity, Kind), Vec<Set>> = BTreeMap::new();
    for (experiment, records) in sets {
        // In the order of the records, not of the names.
        let mut seen: BTreeSet<(Identity, Kind)> = BTreeSet::new();
        for record in records {
            let key = (record.identity(), Kind::of(experiment, record));
            if seen.insert(key.clone()) {
                let group = groups.entry(key.clone()).or_default();
                if group.is_empty() {
                    order.push(key);
                }
                group.push((experiment, records));
            }
        }
    }
    order.iter().map(|key| tally_one(key, &groups[key])).collect()
}

impl Kind {
    /// What a record of an experiment counts for.
    pub fn of(experiment: &Experiment, record: &Record) -> Self {
        match () {
            () if experiment.chain => Kind::Link,
            () if experiment.changes.drafts(&record.bound) || !record.what_if.is_empty() => Kind::WhatIf,
            () if !experiment.claim.statement().constants.is_empty() => Kind::Constant,
            () => Kind::Claim,
        }
    }
}

fn tally_one((identity, kind): &(Identity, Kind), sets: &[Set]) -> Tally {
    let cells = join(sets.iter().copied(), |record| record.is_of(identity));
    Tally {
        claim: identity.claim.clone(),
        bound: identity.bound.clone(),
        kind: *kind,
        relation: identity.relation.clone(),
        formula: identity.formula.clone(),
        what_if: identity.what_if.clone(),
        counts: Counts::of(&cells),
        least: Least::of(&cells),
        contradictions: cells.iter().filter(|joined| joined.contradicts()).map(Joined::name).collect(),
    }
}

const COLUMNS: [&str; 10] =
    ["claim", "bound", "cells", "holds", "violated", "undecided", "vacuous", "outside", "least slack", "at cell"];

/// The columns of a kind's table.
fn columns(kind: Kind) -> [&'static str; 10] {
    let mut columns = COLUMNS;
    if kind == Kind::Constant {
        (columns[3], columns[4]) = ("suffices", "refuted");
    }
    columns
}

/// A kind's table, what it says above it, and whose rows it has.
fn sections() -> [(Kind, &'static str); 3] {
    [
        (Kind::Claim, "Claims for all values of their parameters:"),
        (
            Kind::Constant,
            "Claims that there is a constant, at the constants that were tried: a cell refutes that constant or not, and no \
             cell violates the claim:",
        ),
        (Kind::WhatIf, "What-ifs: drafted bounds and changed hypotheses, which are not the claims themselves:"),
    ]
}

fn row(tally: &Tally) -> [String; 10] {
    let counts = tally.counts;
    let outside = match counts.outside_missed {
        0 => counts.outside.to_string(),
        missed => format!("{} ({missed} on the wrong side)", counts.outside),
    };
    let (slack, cell) = match &tally.least {
        Some(least) => (least.text(), least.cell.replace(';', " ")),
        None => (String::new(), String::new()),
    };
    [
        tally.claim.clone(),
        tally.name(),
        counts.cells.to_string(),
        counts.met().to_string(),
        counts.missed().to_string(),
        counts.undecided.to_string(),
        counts.vacuous.to_string(),
        outside,
        slack,
        cell,
    ]
}

impl Tally {
    /// The bound's name; of a what-if with its formula and what was changed.
    fn name(&self) -> String {
        if self.kind != Kind::WhatIf {
            return self.bound.clone();
        }
        let changed = if self.what_if.is_empty() { String::new() } else { format!("; {}", self.what_if) };
        format!("{} ({} {}{changed})", self.bound, self.relation, self.formula)
    }
}

const PROOF_COLUMNS: [&str; 4] =
    ["proof of", "links", "cells", "links that fail inside the hypotheses, and at how many cells"];

/// One row a proof.
fn proof_rows(tallies: &[Tally]) -> Vec<[String; 4]> {
    let mut claims: Vec<&str> = Vec::new();
    for tally in tallies.iter().filter(|tally| tally.kind == Kind::Link) {
        if !claims.contains(&tally.claim.as_str()) {
            claims.push(&tally.claim);
        }
    }
    let row = |claim: &str| {
        let links: Vec<&Tally> = tallies.iter().filter(|t| t.kind == Kind::Link && t.claim == claim).collect();
        let cells = links.iter().map(|link| link.counts.cells).max().unwrap_or(0);
        let failing = links.iter().filter(|link| link.counts.violated > 0);
        let failing: Vec<String> = failing.map(|link| format!("{} ({})", link.bound, link.counts.violated)).collect();
        let failing = if failing.is_empty() { "none".into() } else { failing.join(", ") };
        [claim.to_string(), links.len().to_string(), cells.to_string(), failing]
    };
    claims.into_iter().map(row).collect()
}

/// What the columns mean.
pub const LEGEND: &str =
    "holds, violated and undecided (suffices and refuted, where a claim says that there is a constant) count
cells inside the hypotheses; vacuous counts those of them at which the bound says nothing; outside
counts cells with a hypothesis that is unmet or cannot be evaluated. The slack is log10 of how far
the measured value is on the claimed side of the bound; negative is the wrong side. The least slack
over the cells lies between the two numbers, at the run's chance of error, and at the cell named it
is not above the second.";

/// The table for a terminal; the cells of least slack stand below it, so that it fits.
#[cfg(feature = "cli")]
pub fn table(tallies: &[Tally]) -> String {
    let mut text = String::new();
    for (kind, title) in sections() {
        let shown: Vec<&Tally> = tallies.iter().filter(|tally| tally.kind == kind).collect();
        if !shown.is_empty() {
            text += &format!("{title}\n{}\n", terminal_table(kind, &shown));
            let named = shown.iter().filter(|tally| tally.kind == Kind::WhatIf);
            named.for_each(|tally| text += &format!("  {}: {}\n", tally.claim, tally.name()));
        }
    }
    let least = tallies.iter().filter(|tally| tally.kind != Kind::Link).filter_map(|tally| {
        let least = tally.least.as_ref()?;
        Some(format!("  {} ({}): {} at {}\n", tally.claim, tally.bound, least.text(), least.cell.replace(';', " ")))
    });
    text += &format!("least slack:\n{}", least.collect::<String>());
    for [claim, links, cells, failing] in proof_rows(tallies) {
        text += &format!("proof of {claim}, {links} links at up to {cells} cells; failing: {failing}\n");
    }
    format!("{text}{LEGEND}\n{}", contradictions(tallies))
}

#[cfg(feature = "cli")]
fn terminal_table(kind: Kind, tallies: &[&Tally]) -> comfy_table::Table {
    let shown = COLUMNS.len() - 1;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(&columns(kind)[..shown]);
    for index in 2..shown {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    for tally in tallies {
        let mut cells = row(tally)[..shown].to_vec();
        // A what-if's formula is too long for a terminal's table.
        cells[1] = tally.bound.clone();
        table.add_row(cells);
    }
    table
}

/// The table as Markdown, with how the run was made.
pub fn markdown(tallies: &[Tally], origin: &str) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("# Verdicts\n\n{origin}\n");
    for (kind, title) in sections() {
        let shown: Vec<&Tally> = tallies.iter().filter(|tally| tally.kind == kind).collect();
        if !shown.is_empty() {
            text += &format!("\n{title}\n\n{}", line(&columns(kind).map(String::from)));
            text += &line(&COLUMNS.map(|_| "---".to_string()));
            shown.iter().for_each(|tally| text += &line(&row(tally)));
        }
    }
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
    use crate::verdict::Verdict;
    use std::f64::consts::LN_10;

    fn experiment() -> Experiment {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nk = 16\nd = 1\neps = 0.1\n";
        Experiment::parse("e", text).unwrap()
    }

    fn record(key: &str, method: &str, verdict: Verdict, slack: f64, unmet: &[&str]) -> Record {
        Record {
            columns: BTreeMap::from([("method".to_string(), method.to_string())]),
            ln_lo: slack * LN_10,
            ln_hi: slack * LN_10,
            unmet: unmet.iter().map(|name| name.to_string()).collect(),
            ..Record::example("nsn-box", key, "printed", verdict)
        }
    }

    #[test]
    fn methods_are_joined_and_the_most_exact_gives_the_slack() {
        let records = [
            record("k=1", "literal", Verdict::Undecided, 0.9, &[]),
            record("k=1", "quadrature", Verdict::Violated, -0.1, &[]),
            record("k=2", "literal", Verdict::Undecided, 0.4, &[]),
            record("k=3", "quadrature", Verdict::Violated, -3.0, &["k >= 16"]),
            record("k=4", "quadrature", Verdict::Holds, 0.2, &[]),
        ];
        let tally = &tally([(&experiment(), &records[..])])[0];
        let counts = tally.counts;
        assert_eq!((counts.cells, counts.holds, counts.violated, counts.undecided), (4, 1, 1, 1));
        assert_eq!((counts.outside, counts.outside_missed), (1, 1));
        let least = tally.least.clone().unwrap();
        assert_eq!((least.text().as_str(), least.cell.as_str()), ("-0.100", "k=1"));
        assert!(tally.contradictions.is_empty());
        let text = table(std::slice::from_ref(tally));
        assert!(text.contains("1 (1 on the") && !text.contains("contradict"), "{text}");
        assert!(markdown(std::slice::from_ref(tally), "made so").contains("| nsn-box | printed | 4 | 1 | 1 | 1 | 0 |"));
    }

    #[test]
    fn contradicting_methods_are_reported() {
        let records = [
            record("k=1", "literal", Verdict::Holds, 0.1, &[]),
            record("k=1", "quadrature", Verdict::Violated, -0.1, &[]),
        ];
        let tallies = tally([(&experiment(), &records[..])]);
        assert!(table(&tallies).contains("e: k=1") && markdown(&tallies, "").contains("contradict"));
    }
}
