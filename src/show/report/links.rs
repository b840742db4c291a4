//! The links of a proof over the cells inside its hypotheses.

use std::collections::{BTreeMap, BTreeSet};

use super::command::set_options;
use super::joined::Set;
use super::{distinct, smaller};
use crate::claim::Claim;
use crate::record::Record;
use crate::verdict::Verdict;

/// The records of a proof's links, in the order of the proof, cell by cell.
pub struct Links<'a> {
    records: Vec<&'a Record>,
}

impl<'a> Links<'a> {
    /// The links of these chains, inside the hypotheses.
    pub fn new(chains: &[Set<'a>]) -> Self {
        let records = chains.iter().flat_map(|(_, records)| records.iter()).filter(|record| !record.outside());
        Links { records: records.collect() }
    }

    /// The records of one link that fail.
    pub fn failing(&self, link: &str) -> Vec<&'a Record> {
        let fails = |record: &&&Record| record.bound == link && record.verdict.is_missed();
        self.records.iter().filter(fails).copied().collect()
    }

    /// The smallest cell at which a link fails; of one that is claimed for large constants, that of the largest constant.
    pub fn strongest(&self, link: &str, claim: &Claim) -> Option<&'a Record> {
        let constant = |record: &Record| -> f64 {
            let name = claim.statement().constants.first().filter(|_| record.verdict == Verdict::ConstantRefuted);
            name.and_then(|name| record.columns.get(name)?.parse().ok()).unwrap_or(0.0)
        };
        let stronger = |a: &&Record, b: &&Record| constant(b).total_cmp(&constant(a)).then_with(|| smaller(a, b));
        self.failing(link).into_iter().min_by(stronger)
    }

    /// How often each link is the first that is violated, and where.
    fn firsts(&self) -> BTreeMap<&'a str, (usize, &'a Record)> {
        let mut firsts: BTreeMap<&str, (usize, &Record)> = BTreeMap::new();
        let mut cells: BTreeSet<&str> = BTreeSet::new();
        for record in self.records.iter().filter(|record| record.verdict == Verdict::Violated) {
            if cells.insert(&record.key) {
                firsts.entry(&record.bound).or_insert((0, record)).0 += 1;
            }
        }
        firsts
    }

    /// What the links' records say, with the command that evaluates the chain again.
    pub fn text(&self, id: &str) -> String {
        let Some(first) = self.records.first() else { return String::new() };
        let cells: BTreeSet<&str> = self.records.iter().map(|record| record.key.as_str()).collect();
        let names = distinct(self.records.iter().map(|record| record.bound.as_str()));
        let firsts = self.firsts();
        let shown = firsts.values().max_by_key(|(count, _)| *count).map_or(*first, |(_, record)| record);
        let mut lines = String::new();
        for name in &names {
            let of = self.records.iter().filter(|record| record.bound == *name).count();
            let failing = self.failing(name);
            let Some(word) = failing.first().map(|record| record.verdict) else { continue };
            lines += &match (word, firsts.get(name)) {
                (Verdict::ConstantRefuted, _) => format!(
                    "  - `{name}`, claimed for large enough constants: fails at the constant of {} of {of} cells{}\n",
                    failing.len(),
                    from_which_on(&failing)
                ),
                (_, Some((count, _))) => {
                    format!("  - `{name}`: fails at {} of {of} cells, the first to fail at {count}\n", failing.len())
                }
                (_, None) => format!("  - `{name}`: fails at {} of {of} cells\n", failing.len()),
            };
        }
        let mut text =
            format!("\n- **the proof's links**, {} at {} cells inside the hypotheses", names.len(), cells.len());
        text += &if lines.is_empty() { "; none fails.\n".into() } else { format!("; those that fail:\n{lines}") };
        text + &format!("\n      lemmascope trace {id} {}\n", set_options(&shown.key))
    }
}

/// From which constant on a link holds, over the cells at which it fails.
fn from_which_on(failing: &[&Record]) -> String {
    let known: Vec<f64> = failing.iter().filter_map(|record| record.least_constant()).collect();
    let Some(most) = known.iter().copied().reduce(f64::max) else {
        return "; from which on it holds is not known".into();
    };
    let all = if known.len() == failing.len() { "them all".into() } else { format!("{} of them", known.len()) };
    format!("; it holds at {all} above {most:.4}")
}
