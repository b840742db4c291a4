//! The finding page: what the records and the searches say of each claim, written out, with the commands that reproduce each
//! line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::claims::{Claim, PRINTED, REGISTRY};
use crate::experiment::Experiment;
use crate::numeric::number;
use crate::record::Record;

/// An experiment with its records.
pub type Set<'a> = (&'a Experiment, &'a [Record]);

/// What a search for counterexamples printed as JSON.
#[derive(Deserialize)]
pub struct Search {
    claim: String,
    command: String,
    bounds: Vec<Searched>,
}

/// The same for one bound. Numbers may lie far outside the range of doubles: they stay text.
#[derive(Deserialize)]
struct Searched {
    bound: String,
    found: bool,
    smallest: bool,
    cell: Option<serde_json::Map<String, serde_json::Value>>,
    slack_log10: Option<Box<RawValue>>,
    confirmed_by: Option<String>,
    least_slack: Option<Least>,
    best_constant: Option<Box<RawValue>>,
    evaluations: u64,
    region: String,
}

#[derive(Deserialize)]
struct Least {
    cell: serde_json::Map<String, serde_json::Value>,
    slack_log10: Option<Box<RawValue>>,
}

/// The page as Markdown, claim by claim in the order of the paper: a table, and then what stands behind it.
pub fn markdown(sets: &[Set], searches: &[Search], origin: &str) -> String {
    let sections: Vec<Section> =
        REGISTRY.iter().map(|claim| Section::new(*claim, sets, searches)).filter(Section::says_something).collect();
    let mut text = format!(
        "# What was found\n\n{origin} Every line is made from the records beside this page and in `falsify/`; the commands \
         measure it again.\n`lemmascope` stands for `cargo run --release --`.\n\n\
         | in the paper | claim | as printed | smallest counterexample | first link that fails | repair |\n\
         | --- | --- | --- | --- | --- | --- |\n"
    );
    sections.iter().for_each(|section| text += &section.row());
    sections.iter().for_each(|section| text += &section.text());
    text
}

/// What is known of one claim.
struct Section<'a> {
    claim: &'static dyn Claim,
    cells: Vec<Set<'a>>,
    thresholds: Vec<Set<'a>>,
    chains: Vec<Set<'a>>,
    searches: Vec<&'a Search>,
}

impl<'a> Section<'a> {
    fn new(claim: &'static dyn Claim, sets: &[Set<'a>], searches: &'a [Search]) -> Self {
        let id = claim.about().id;
        let of = |wanted: &dyn Fn(&Experiment) -> bool| -> Vec<Set<'a>> {
            sets.iter().filter(|(e, _)| e.printed.about().id == id && wanted(e)).copied().collect()
        };
        Section {
            claim,
            cells: of(&|e| !e.chain && e.question.is_none()),
            thresholds: of(&|e| e.question.is_some()),
            chains: of(&|e| e.chain),
            searches: searches.iter().filter(|search| search.claim == id).collect(),
        }
    }

    fn says_something(&self) -> bool {
        !self.sets().is_empty() || !self.searches.is_empty()
    }

    fn sets(&self) -> Vec<Set<'a>> {
        [&self.cells[..], &self.thresholds, &self.chains].concat()
    }

    fn id(&self) -> &'static str {
        self.claim.about().id
    }

    /// The bounds' names, the printed one first.
    fn bounds(&self) -> Vec<&'a str> {
        distinct(self.cells.iter().flat_map(|(_, records)| records.iter()).map(|record| record.bound.as_str()))
    }

    fn searched(&self, bound: &str) -> impl Iterator<Item = &'a Searched> {
        self.searches.iter().flat_map(|search| &search.bounds).filter(move |searched| searched.bound == bound)
    }

    /// The bounds beside the printed one that are violated nowhere and hold somewhere, by records and searches, the tightest
    /// first.
    fn repairs(&self) -> Vec<&'a str> {
        let mut repairs: Vec<(f64, &str)> = Vec::new();
        for bound in self.bounds().into_iter().filter(|bound| *bound != PRINTED) {
            let cells = Cells::new(&self.cells, bound);
            let is_violated = cells.violated().next().is_some() || self.searched(bound).any(|searched| searched.found);
            if !is_violated && cells.holds() > 0 {
                repairs.push((median(cells.slacks().map(|(slack, _)| slack)).unwrap_or(f64::INFINITY), bound));
            }
        }
        repairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        repairs.into_iter().map(|(_, bound)| bound).collect()
    }

    /// The claim's line in the table.
    fn row(&self) -> String {
        let cells = Cells::new(&self.cells, PRINTED);
        let violated = cells.violated().count();
        let found = self.searched(PRINTED).filter(|searched| searched.found).min_by(|a, b| a.compare(b));
        let inside = cells.inside().count();
        let printed = match (violated, found, cells.holds()) {
            (0, None, 0) => "undecided".into(),
            (0, None, holds) => format!("holds at {holds} of {inside} cells, violated at none"),
            (0, Some(_), _) => "**fails**".into(),
            _ => format!("**fails** at {violated} of {inside} cells"),
        };
        let smallest = match (found.and_then(|searched| searched.cell.as_ref()), cells.smallest()) {
            (Some(cell), _) => object(cell),
            (None, Some(record)) => record.key.replace(';', " "),
            (None, None) => String::new(),
        };
        let fails = violated > 0 || found.is_some();
        let link = Links::new(&self.chains).first_failing().map_or(String::new(), |(name, _)| format!("`{name}`"));
        let repair = match (fails, self.repairs().first(), self.constants(&cells)) {
            (false, ..) => String::new(),
            (true, Some(repair), _) => format!("`{repair}`"),
            (true, None, Some(constant)) => constant,
            (true, None, None) => "none seen".into(),
        };
        let about = self.claim.about();
        format!("| {} | `{}` | {printed} | {smallest} | {link} | {repair} |\n", about.source, about.id)
    }

    /// Where the paper leaves a universal constant open: up to which value the printed bound is violated, and from which on
    /// no violation was seen.
    fn constants(&self, cells: &Cells) -> Option<String> {
        let example = self.cells.iter().find_map(|(experiment, _)| experiment.cells.first())?;
        let hypotheses = self.claim.hypotheses(example);
        let is_open = |name: &str| hypotheses.iter().any(|known| known.name.split(' ').any(|word| word == name));
        let lines = ["C", "C1", "C2"].into_iter().filter(|name| is_open(name)).filter_map(|name| {
            let value = |record: &Record| record.columns.get(name).and_then(|text| text.parse::<f64>().ok());
            let violated = cells.violated().filter_map(value).reduce(f64::max)?;
            let above = cells.inside().filter_map(|(record, _)| value(record)).filter(|c| *c > violated);
            let rest = match above.reduce(f64::min) {
                Some(least) => format!("not with {name} = {}", number(least)),
                None => "no larger one was measured".into(),
            };
            Some(format!("violated with {name} = {}, {rest}", number(violated)))
        });
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    fn text(&self) -> String {
        let mut text = format!("\n## {} (`{}`)\n", self.claim.about().source, self.id());
        let sets = self.sets();
        let main = sets.iter().find(|(experiment, _)| experiment.name == self.id()).or(sets.first());
        if let Some((experiment, _)) = main {
            text += &format!("\n{}\n", experiment.about.trim());
        }
        for bound in self.bounds() {
            text += &self.paragraph(bound);
        }
        for (experiment, records) in &self.thresholds {
            text += &threshold(experiment, records);
        }
        for search in &self.searches {
            search.bounds.iter().for_each(|searched| text += &searched.text());
            text += &format!("\n      {}\n", search.command);
        }
        text += &Links::new(&self.chains).text(self.id());
        let files: Vec<String> =
            self.sets().iter().map(|(experiment, _)| format!("experiments/{}.toml", experiment.name)).collect();
        if !files.is_empty() {
            text += &format!("\n    lemmascope run {}\n", files.join(" "));
        }
        text
    }

    /// What the records say of one bound.
    fn paragraph(&self, bound: &str) -> String {
        let cells = Cells::new(&self.cells, bound);
        let inside: Vec<&Record> = cells.inside().map(|(record, _)| *record).collect();
        if inside.is_empty() {
            return format!("\n- **{bound}**: no cell inside the hypotheses was measured.\n");
        }
        let mut text = format!("\n- **{bound}** {} {}\n", cells.counts(), region(&inside));
        let mut slacks: Vec<(f64, &Record)> = cells.slacks().collect();
        slacks.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let (Some((least, at)), Some((median, _))) = (slacks.first(), slacks.get(slacks.len() / 2)) {
            let at = at.key.replace(';', " ");
            text += &format!("  Slack (log10): least {least:.4} at {at}, median {median:.4}.\n");
        }
        let vacuous: Vec<&Record> = inside.iter().copied().filter(|record| record.vacuous).collect();
        if !vacuous.is_empty() {
            text += &format!("  Vacuous at {} cells. {}\n", vacuous.len(), region(&vacuous));
        }
        if let Some(constants) = self.constants(&cells) {
            text += &format!("  Open constants: {constants}.\n");
        }
        if let Some(smallest) = cells.smallest() {
            let method = smallest.method();
            let slack = smallest.slack_log10.map_or(String::new(), |slack| format!(", slack {slack:.4}"));
            text += &format!(
                "  Smallest counterexample measured (by {method}{slack}): {}.\n\n      lemmascope evaluate {} {} --method {method}\n",
                smallest.key.replace(';', " "),
                self.id(),
                set_options(&smallest.key)
            );
        }
        if self.repairs().contains(&bound) && Cells::new(&self.cells, PRINTED).violated().next().is_some() {
            text += "  It is seen to hold where the printed one fails: a repair.\n";
        }
        text
    }
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

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A cell as JSON, for people.
fn object(cell: &serde_json::Map<String, serde_json::Value>) -> String {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    cell.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}

/// A number as it was printed, to five digits.
fn short(raw: &RawValue) -> String {
    match raw.get().parse::<f64>() {
        Ok(value) if value.is_finite() && value != 0.0 => {
            format!("{value:.4e}").parse().map(number).unwrap_or_default()
        }
        _ => raw.get().to_string(),
    }
}

impl Searched {
    /// The smaller counterexample first.
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let order = |searched: &Self| {
            let number = |name: &str| searched.cell.as_ref()?.get(name)?.as_f64();
            order(number, searched.cell.as_ref().map(object).unwrap_or_default().len())
        };
        order(self).partial_cmp(&order(other)).unwrap_or(std::cmp::Ordering::Equal)
    }

    fn text(&self) -> String {
        let slack = |raw: &Option<Box<RawValue>>| raw.as_ref().map_or("without number".into(), |raw| short(raw));
        let cell = self.cell.as_ref().map(object).unwrap_or_default();
        let mut text = format!("\n- searched, **{}**: ", self.bound);
        text += &match self.found {
            true => {
                let smallest = if self.smallest { "the smallest cell found" } else { "a cell" };
                let confirmed = match &self.confirmed_by {
                    Some(method) => format!("confirmed by {method}"),
                    None => "no second method could decide there".into(),
                };
                format!("false; {smallest} is {cell} (slack {}; {confirmed}).", slack(&self.slack_log10))
            }
            false if self.cell.is_none() => "no counterexample; measured or claimed is 0 at every cell.".into(),
            false => format!("no counterexample; the least slack is {} at {cell}.", slack(&self.slack_log10)),
        };
        if let Some(least) = self.least_slack.as_ref().filter(|_| self.found) {
            text += &format!(" The least slack is {} at {}.", slack(&least.slack_log10), object(&least.cell));
        }
        if let Some(constant) = &self.best_constant {
            text += &format!(" Times {} the bound holds at every cell measured.", short(constant));
        }
        text + &format!(" {} cells of {}.\n", self.evaluations, self.region)
    }
}

/// What a threshold's records say.
fn threshold(experiment: &Experiment, records: &[Record]) -> String {
    let Some(question) = &experiment.question else { return String::new() };
    let set = [(experiment, records)];
    let cells = Cells::new(&set, PRINTED);
    let inside: Vec<&Record> = cells.inside().map(|(record, _)| *record).collect();
    let Some(first) = inside.first() else { return String::new() };
    let mut text = format!(
        "\n- **{}** beside what the paper asks for, at most which it is claimed to be: {} {}\n",
        experiment.claim.about().measured,
        cells.counts(),
        region(&inside)
    );
    let shown = cells.smallest().unwrap_or(first);
    let probability = question.probability.map_or(String::new(), |p| format!(" --probability {}", number(p)));
    let within = question.within.map_or(String::new(), |(a, b)| format!(" --within {}..{}", number(a), number(b)));
    text += &format!(
        "\n      lemmascope threshold {} {} --find {}{probability}{within}\n",
        experiment.printed.about().id,
        set_options(&shown.key),
        question.find
    );
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
                if record.rank() < best.rank() {
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

    fn smallest(&self) -> Option<&'a Record> {
        self.violated().min_by(|a, b| smaller(a, b))
    }

    fn slacks(&self) -> impl Iterator<Item = (f64, &'a Record)> {
        self.inside().filter_map(|(record, _)| Some((record.slack_log10?, *record)))
    }

    /// Holds or fails, and at how many cells.
    fn counts(&self) -> String {
        let (inside, violated, holds) = (self.inside().count(), self.violated().count(), self.holds());
        let undecided = inside - holds - violated;
        let word = match (violated, holds, undecided) {
            (0, 0, _) => "is undecided",
            (0, _, 0) => "holds at every cell",
            (0, ..) => "holds wherever it is decided",
            _ => "fails",
        };
        format!(
            "{word}: of {inside} cells inside the hypotheses it holds at {holds}, is violated at {violated}, undecided at \
             {undecided}."
        )
    }
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

/// The links of a proof over the cells inside its hypotheses.
struct Links<'a> {
    records: Vec<&'a Record>,
}

impl<'a> Links<'a> {
    fn new(chains: &[Set<'a>]) -> Self {
        let records = chains.iter().flat_map(|(_, records)| records.iter()).filter(|record| !record.outside());
        Links { records: records.collect() }
    }

    /// The link that fails first at the most cells, with such a cell. Links stand in the order of the proof, cell by cell.
    fn first_failing(&self) -> Option<(&'a str, &'a Record)> {
        self.firsts().into_iter().max_by_key(|(_, (count, _))| *count).map(|(name, (_, record))| (name, record))
    }

    /// How often each link is the first that fails, and where.
    fn firsts(&self) -> BTreeMap<&'a str, (usize, &'a Record)> {
        let mut firsts: BTreeMap<&str, (usize, &Record)> = BTreeMap::new();
        let mut cells: BTreeSet<&str> = BTreeSet::new();
        for record in self.records.iter().filter(|record| record.verdict == "violated") {
            if cells.insert(&record.key) {
                firsts.entry(&record.bound).or_insert((0, record)).0 += 1;
            }
        }
        firsts
    }

    fn text(&self, id: &str) -> String {
        if self.records.is_empty() {
            return String::new();
        }
        let cells: BTreeSet<&str> = self.records.iter().map(|record| record.key.as_str()).collect();
        let names = distinct(self.records.iter().map(|record| record.bound.as_str()));
        let Some((_, shown)) = self.first_failing() else {
            return format!(
                "\n- **the proof's links**: none of {} fails at the {} cells inside the hypotheses.\n",
                names.len(),
                cells.len()
            );
        };
        let mut text = format!(
            "\n- **the proof's links**, {} cells inside the hypotheses; those that fail somewhere:\n",
            cells.len()
        );
        let firsts = self.firsts();
        for name in names {
            let of = || self.records.iter().filter(|record| record.bound == name);
            let violated = of().filter(|record| record.verdict == "violated").count();
            if violated > 0 {
                let first =
                    firsts.get(name).map_or(String::new(), |(count, _)| format!(", the first to fail at {count}"));
                text += &format!("  - `{name}`: violated at {violated} of {} cells{first}\n", of().count());
            }
        }
        text + &format!("\n      lemmascope trace {id} {}\n", set_options(&shown.key))
    }
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
        let text = markdown(&[(&plain, &records), (&chain, &links)], &[], "Seed 1.");
        for part in [
            "## Lemma 7 (`nsn-box`)",
            "**printed** fails: of 3 cells inside the hypotheses it holds at 1, is violated at 2",
            "Region: k 16 to 256, d 1 to 12.",
            "lemmascope evaluate nsn-box --set k=256 --set d=10 --method quadrature",
            "It is seen to hold where the printed one fails: a repair",
            "| Lemma 7 | `nsn-box` | **fails** at 2 of 3 cells | k=256 d=10 | `density` | `two-pi` |",
            "`density`: violated at 1 of 1 cells, the first to fail at 1",
            "lemmascope trace nsn-box --set k=64 --set d=12",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }
}
