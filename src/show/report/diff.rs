//! Two folders of records side by side: what is gone, new, moved, or judged otherwise.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gate::{apart, counted};
use crate::record::Record;
use crate::verdict::Verdict;

/// How a verdict of one folder differs from the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Decided in both, and otherwise.
    Verdict,
    /// Inside the hypotheses in one, outside in the other.
    Hypotheses,
    /// Of the same verdict, but with intervals apart.
    Moved,
    /// Undecided in the first, decided in the second.
    Decided,
    /// Decided in the first, undecided in the second.
    Reopened,
    /// In the second only.
    New,
    /// In the first only.
    Gone,
}

impl Change {
    /// All changes, the gravest first.
    pub const ALL: [Change; 7] = [
        Change::Verdict,
        Change::Hypotheses,
        Change::Moved,
        Change::Decided,
        Change::Reopened,
        Change::New,
        Change::Gone,
    ];

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Change::Verdict => {
                "judged otherwise: the claim, the bound or what is measured is another, or one of the two runs is wrong, which has at most \
                 the probability alpha"
            }
            Change::Hypotheses => {
                "inside the hypotheses in one only: the hypotheses or what is constructed at the cell are others"
            }
            Change::Moved => {
                "the same verdict, intervals apart: what is measured is another, or one of the two intervals misses, which has at most the \
                 probability alpha"
            }
            Change::Decided => "decided now: more was drawn, or by a closer method; nothing contradicts",
            Change::Reopened => "undecided now: less was drawn, or the share of alpha is smaller; nothing contradicts",
            Change::New => "not in the first: cells, methods or bounds were added",
            Change::Gone => {
                "not in the second: cells, methods or bounds were taken away, and nothing is known of them any more"
            }
        }
    }

    /// The change between two records of one cell, method and bound.
    fn of(before: Option<&Record>, after: Option<&Record>) -> Option<Self> {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (None, Some(_)) => return Some(Change::New),
            (Some(_), None) => return Some(Change::Gone),
            (None, None) => return None,
        };
        let open = |record: &Record| matches!(record.verdict, Verdict::Undecided | Verdict::Failed);
        match () {
            () if before.outside() != after.outside() => Some(Change::Hypotheses),
            () if before.verdict == after.verdict => apart(before, after).then_some(Change::Moved),
            () if open(before) && open(after) => None,
            () if open(before) => Some(Change::Decided),
            () if open(after) => Some(Change::Reopened),
            () => Some(Change::Verdict),
        }
    }
}

/// One verdict that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// How.
    pub change: Change,
    /// The experiment's name.
    pub experiment: String,
    /// The bound's name.
    pub bound: String,
    /// The method.
    pub method: String,
    /// The cell's key.
    pub cell: String,
    /// What the first says; missing where it does not have the cell.
    pub before: Option<String>,
    /// What the second says.
    pub after: Option<String>,
}

/// How two folders of records differ.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Differences {
    /// Verdicts that both have.
    pub compared: usize,
    /// What differs, by experiment and in the order of the keys.
    pub changed: Vec<Changed>,
}

impl Differences {
    /// Compares the records of one experiment.
    pub fn add(&mut self, experiment: &str, before: &[Record], after: &[Record]) {
        let mut pairs: BTreeMap<(&str, &str, &str), [Option<&Record>; 2]> = BTreeMap::new();
        for (side, records) in [before, after].into_iter().enumerate() {
            for record in records {
                pairs.entry((&record.bound, &record.key, record.method())).or_default()[side] = Some(record);
            }
        }
        for ((bound, cell, method), [before, after]) in pairs {
            self.compared += usize::from(before.is_some() && after.is_some());
            let Some(change) = Change::of(before, after) else { continue };
            self.changed.push(Changed {
                change,
                experiment: experiment.into(),
                bound: bound.into(),
                method: method.into(),
                cell: cell.into(),
                before: before.map(said),
                after: after.map(said),
            });
        }
    }

    /// The lines for people: by kind of change, with what it means; of each experiment and bound the first cell.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for change in Change::ALL {
            let of_it: Vec<&Changed> = self.changed.iter().filter(|changed| changed.change == change).collect();
            if of_it.is_empty() {
                continue;
            }
            text += &format!("{}: {}\n", counted(of_it.len(), "verdict"), change.meaning());
            let mut groups: Vec<(&Changed, usize)> = Vec::new();
            for changed in of_it {
                let is_same = |(first, _): &&mut (&Changed, usize)| {
                    first.experiment == changed.experiment && first.bound == changed.bound
                };
                match groups.iter_mut().find(is_same) {
                    Some((_, count)) => *count += 1,
                    None => groups.push((changed, 1)),
                }
            }
            groups.into_iter().for_each(|(first, count)| text += &first.text(count));
        }
        let same = if self.changed.is_empty() { "; nothing differs" } else { "" };
        text + &format!("compared {}{same}", counted(self.compared, "verdict"))
    }
}

impl Changed {
    fn text(&self, count: usize) -> String {
        let Changed { experiment, bound, method, cell, before, after, .. } = self;
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        format!(
            "  {experiment} ({bound}, {method}) at {}{more}: {} -> {}\n",
            cell.replace(';', " "),
            side(before),
            side(after)
        )
    }
}

/// A record's verdict and its slack.
fn said(record: &Record) -> String {
    let word = if record.outside() { "outside" } else { record.verdict.name() };
    record.slack_log10.map_or_else(|| word.to_string(), |slack| format!("{word} (slack {slack:.4})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(k: u32, verdict: Verdict) -> Record {
        Record::example("nsn-box", &format!("k={k}"), "printed", verdict)
    }

    #[test]
    fn every_change_is_named_with_what_it_means() {
        let outside = |record: Record| Record { unmet: vec!["k >= 16".into()], ..record };
        let before = [
            record(1, Verdict::Holds),
            record(2, Verdict::Holds),
            record(3, Verdict::Holds),
            record(4, Verdict::Undecided),
            record(5, Verdict::Violated),
            record(6, Verdict::Holds),
            record(7, Verdict::Holds),
        ];
        let after = [
            record(1, Verdict::Holds),
            record(2, Verdict::Violated),
            outside(record(3, Verdict::Holds)),
            record(4, Verdict::Holds),
            record(5, Verdict::Undecided),
            Record { ln_lo: 5.0, ln_hi: 6.0, ..record(6, Verdict::Holds) },
            record(8, Verdict::Holds),
        ];
        let mut differences = Differences::default();
        differences.add("e", &before, &after);
        assert_eq!((differences.compared, differences.changed.len()), (6, 7));
        let text = differences.text();
        for change in Change::ALL {
            let count = differences.changed.iter().filter(|changed| changed.change == change).count();
            assert!(count == 1 && text.contains(&format!("1 verdict: {}", change.meaning())), "{change:?}: {text}");
        }
        assert!(
            text.contains("e (printed, quadrature) at k=2: holds (slack 0.0000) -> violated (slack 0.0000)"),
            "{text}"
        );
        assert!(text.ends_with("compared 6 verdicts"), "{text}");
    }

    #[test]
    fn what_is_the_same_is_said_to_be() {
        let mut differences = Differences::default();
        differences.add("e", &[record(1, Verdict::Holds)], &[record(1, Verdict::Holds)]);
        assert_eq!(differences.text(), "compared 1 verdict; nothing differs");
    }
}
