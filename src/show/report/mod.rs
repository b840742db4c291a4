//! The finding page: what the records and the searches say of each claim, written out, with the commands that reproduce each
//! line.

pub mod command;
mod constants;
pub mod diff;
pub mod folder;
pub mod gate;
pub mod joined;
mod links;
mod searched;
mod section;

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::claim::Claim;
use crate::record::Record;
use crate::registry::{SUBJECTS, claims};
use crate::subject::{Kind, Ruling, Subject};
use joined::Set;
pub use searched::Search;
pub use section::Section;

/// What is known of each claim, in the order of the paper; claims that experiments declare come last.
pub fn sections<'a>(sets: &[Set<'a>], searches: &'a [Search]) -> Vec<Section<'a>> {
    let of = |claim| Section::new(claim, sets, searches);
    let known = claims().map(|claim: &Claim| claim);
    known.chain(declared(sets)).map(of).filter(Section::says_something).collect()
}

/// Which texts the sections speak of.
pub fn subjects(sections: &[Section]) -> Vec<&'static Subject> {
    let is_papers = sections.iter().any(|section| section.claim.statement().origin.is_none());
    if is_papers { SUBJECTS.to_vec() } else { Vec::new() }
}

/// The page as Markdown: the findings, what stands, the constants, and then claim by claim what is behind them.
pub fn markdown(sections: &[Section], origin: &str) -> String {
    let subjects: String = subjects(sections).iter().map(|subject| format!("{} ", subject.text)).collect();
    let texts: Vec<String> = sections.par_iter().map(Section::text).collect();
    let mut text = format!(
        "# What was found\n\n{subjects}Every line is made from the records beside this page and in `falsify/`; the commands \
         measure it again. `lemmascope` stands for `cargo run --release --`.\n\n{origin}\n"
    );
    text += &findings_table(sections);
    text += &standing(sections);
    text += &constants(sections);
    text + &texts.concat()
}

/// The claims that the experiments declare themselves, each once.
fn declared<'a>(sets: &[Set<'a>]) -> Vec<&'a Claim> {
    let mut claims: Vec<&Claim> = Vec::new();
    for (experiment, _) in sets {
        let claim = &experiment.printed;
        let is_known = claims.iter().any(|known| known.id() == claim.id());
        if claim.statement().origin.is_some() && !is_known {
            claims.push(claim);
        }
    }
    claims
}

/// What the kinds of findings mean.
pub const KINDS: &str = "One row a cause. *Statement false*: it fails within its own hypotheses, and no admissible constant saves it. *Proof \
                         step false*: a step of the proof fails, and the statement stands. *Slip of the pen*: an index, a sign or a \
                         word, plain from its context.";

/// What is wrong, one a cause, with the cell that shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    /// The ruling's name.
    pub id: String,
    /// The claim whose records show it.
    pub claim: String,
    /// Where it stands in the paper, and what is printed there.
    pub statement: String,
    /// The reading that was taken, where the text leaves a choice.
    pub reading: Option<String>,
    /// How grave it is.
    pub kind: Kind,
    /// What depends on it.
    pub consequence: String,
    /// The smallest cell that shows it.
    pub counterexample: String,
    /// How that is known.
    pub evidence: String,
    /// The least repair, and where it is seen to hold.
    pub repair: String,
}

impl Finding {
    /// The columns of a table of findings.
    pub const COLUMNS: [&str; 6] = ["statement", "kind", "consequence", "counterexample", "evidence", "repair"];

    /// What stands in them.
    pub fn row(&self) -> [String; 6] {
        let reading = self.reading.as_ref().map_or(String::new(), |reading| format!(" Reading: {reading}"));
        let Finding { statement, consequence, counterexample, evidence, repair, .. } = self.clone();
        [format!("{statement}.{reading}"), self.kind.text().into(), consequence, counterexample, evidence, repair]
    }
}

/// What is wrong by the records, the gravest first.
pub fn findings(sections: &[Section]) -> Vec<Finding> {
    let rulings = SUBJECTS.iter().flat_map(|subject| subject.rulings());
    rulings.filter_map(|ruling| finding(ruling, sections)).collect()
}

/// A ruling with the cell that shows it; `None` where no record does.
fn finding(ruling: Ruling, sections: &[Section]) -> Option<Finding> {
    let section = sections.iter().find(|section| section.id() == ruling.claim)?;
    let by_bound = ruling.bound.as_ref().and_then(|bound| section.counterexample(bound, ruling.only.as_deref()));
    let shown = by_bound.or_else(|| section.failing_link(&ruling.links))?;
    let held = ruling.repaired_by.as_ref().and_then(|bound| Some((bound, section.holds_at(bound)?)));
    let held = held.map_or(String::new(), |(bound, held)| format!(" (`{bound}` {held})"));
    Some(Finding {
        id: ruling.id,
        claim: ruling.claim,
        statement: ruling.statement,
        reading: ruling.reading,
        kind: ruling.kind,
        consequence: ruling.consequence,
        counterexample: shown.cell,
        evidence: shown.evidence,
        repair: format!("{}{held}", ruling.repair),
    })
}

/// Rows of a table in Markdown, the columns' names first.
fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = line(&columns.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    let rule = line(&vec!["---".to_string(); columns.len()]);
    let rows = rows.into_iter().map(|row| line(&row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>()));
    head + &rule + &rows.collect::<String>()
}

/// The table of what is wrong: one row a cause.
fn findings_table(sections: &[Section]) -> String {
    let findings = findings(sections);
    if findings.is_empty() {
        return String::new();
    }
    let rows = findings.iter().map(|finding| finding.row().to_vec());
    format!("\n## Findings\n\n{KINDS}\n\n{}", table(&Finding::COLUMNS, rows))
}

/// The claims whose statements hold at every cell that decides.
pub(in crate::show) fn standing(sections: &[Section]) -> String {
    let rows: String = sections.iter().filter_map(Section::standing).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n## What stands\n\nNo cell violates these.\n\n| statement | claim | cells inside | hold | undecided | vacuous | least slack \
         (log10) |\n| --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    )
}

/// What is known of constants that exist.
pub(in crate::show) fn constants(sections: &[Section]) -> String {
    let rows: String = sections.iter().filter_map(Section::constants_row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n## Constants\n\nThese statements say that there is a constant. No one value can make them false; a cell refutes the values \
         up to one, and the least constant lies above all that are refuted.\n\n| statement | claim | cells inside | refuted \
         constants | undecided | the constant |\n| --- | --- | --- | --- | --- | --- |\n{rows}"
    )
}

/// The texts, each once, in their order.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

/// A cell's numbers with d first, then k, then the others: the order in which a counterexample is smaller. Of two cells with
/// the same ones, that with the plainer numbers is, which have fewer digits.
fn order(number: impl Fn(&str) -> Option<f64>, digits: usize) -> [f64; 5] {
    let [d, k, n, j] = ["d", "k", "n", "j"].map(|name| number(name).unwrap_or(0.0));
    [d, k, n, j, digits as f64]
}

fn smaller(a: &Record, b: &Record) -> std::cmp::Ordering {
    let order =
        |record: &Record| order(|name| record.columns.get(name).and_then(|text| text.parse().ok()), record.key.len());
    order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal)
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
    format!("Region: `{}`.", names.map(part).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::statement::PRINTED;
    use crate::verdict::Verdict;

    fn experiment(head: &str) -> Experiment {
        let text =
            format!("claim = \"nsn-box\"\ntitle = \"\"\nabout = \"\"\n{head}[[grid]]\nk = 16\nd = 1\neps = 0.1\n");
        Experiment::parse("e", &text).unwrap()
    }

    fn record(k: u32, d: u32, bound: &str, verdict: Verdict) -> Record {
        let slack = if verdict == Verdict::Violated { -0.5 } else { 0.5 };
        Record {
            slack_log10: Some(slack),
            ln_bound: Some(-slack * std::f64::consts::LN_10),
            ..Record::example("nsn-box", &format!("k={k};d={d}"), bound, verdict)
        }
    }

    #[test]
    fn a_finding_has_its_kind_its_counterexample_and_its_repair() {
        let outside = Record { unmet: vec!["k >= 16".into()], ..record(8, 2, PRINTED, Verdict::Violated) };
        let records = [
            record(64, 12, PRINTED, Verdict::Violated),
            record(256, 10, PRINTED, Verdict::Violated),
            outside,
            record(16, 1, PRINTED, Verdict::Holds),
            record(64, 12, "two-pi", Verdict::Holds),
        ];
        let links = [record(64, 12, "eq-1", Verdict::Holds), record(64, 12, "after-1-density", Verdict::Violated)];
        let (plain, chain) = (experiment(""), experiment("chain = true\n"));
        let text = markdown(&sections(&[(&plain, &records), (&chain, &links)], &[]), "Seed 1.");
        for part in [
            "hal-04143024 v1",
            "| statement false | Eq. 11 follows from it",
            "| k=256 d=10 | 2 of 3 cells; there by quadrature, slack -0.5000 | 2 pi for pi",
            "(`two-pi` holds at 1 of 1 cells)",
            "## Lemma 7 (`nsn-box`)",
            "- **printed** fails: of 3 cells inside the hypotheses it holds at 1, is violated at 2, undecided at 0. Region: `k 16 to 256",
            "lemmascope evaluate nsn-box --set k=256 --set d=10 --method quadrature",
            "`after-1-density`: fails at 1 of 1 cells, the first to fail at 1",
            "lemmascope trace nsn-box --set k=64 --set d=12",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        assert!(!text.contains("## What stands"), "{text}");
    }

    #[test]
    fn a_what_if_is_not_the_claim_itself() {
        let changed = experiment("relation = \"at-most\"\nbounds = [{ name = \"draft\", expr = \"1\" }]\n");
        let record = |bound: &str| Record {
            what_if: "relation at-most".into(),
            relation: "at-most".into(),
            ..record(64, 12, bound, Verdict::Violated)
        };
        let text = markdown(&sections(&[(&changed, &[record(PRINTED), record("draft")])], &[]), "Seed 1.");
        assert!(
            !text.contains("## Findings") && text.contains("what-if, not the claim itself (relation at-most; draft"),
            "{text}"
        );
        assert!(text.contains("--method quadrature --bound draft=1 --relation at-most"), "{text}");
    }

    #[test]
    fn a_refuted_constant_is_no_finding() {
        let text = "claim = \"lueker\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\nn = 5\neps = 0.1\nC = 1\n";
        let experiment = Experiment::parse("e", text).unwrap();
        let refuted = Record {
            ln_hi: -1.0,
            ln_lo: -2.0,
            ..Record::example("lueker", "n=5;eps=0.1;C=1", PRINTED, Verdict::ConstantRefuted)
        };
        let text = markdown(&sections(&[(&experiment, &[refuted])], &[]), "Seed 1.");
        assert!(!text.contains("## Findings") && text.contains("C must be above 2.171"), "{text}");
        assert!(text.contains("at the constants tried: of 1 cells inside the hypotheses 1 refute theirs"), "{text}");
    }
}
