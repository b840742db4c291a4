//! One claim's section of the finding page.

use std::sync::OnceLock;

use super::command::command;
use super::constants::sentences;
use super::joined::{Counts, Joined, Least, Set, join};
use super::links::Links;
use super::searched::{Search, Searched, object};
use super::{distinct, region, smaller};
use crate::claim::Claim;
use crate::experiment::Experiment;
use crate::record::Record;
use crate::statement::PRINTED;

/// What is known of one claim.
pub struct Section<'a> {
    /// The claim.
    pub claim: &'a Claim,
    cells: Vec<Set<'a>>,
    what_ifs: Vec<Set<'a>>,
    thresholds: Vec<Set<'a>>,
    chains: Vec<Set<'a>>,
    searches: Vec<&'a Search>,
    /// What is known of its constants, once it was asked for.
    constants: OnceLock<String>,
}

/// A cell at which something fails, and how that is known.
pub struct Shown {
    /// The cell.
    pub cell: String,
    /// The evidence in a few words.
    pub evidence: String,
}

impl<'a> Section<'a> {
    /// What records and searches have of a claim.
    pub fn new(claim: &'a Claim, sets: &[Set<'a>], searches: &'a [Search]) -> Self {
        let id = claim.id();
        let of = |wanted: &dyn Fn(&Experiment) -> bool| -> Vec<Set<'a>> {
            sets.iter().filter(|(e, _)| e.printed.statement().id == id && wanted(e)).copied().collect()
        };
        let changed = |e: &Experiment| !e.changes.text().is_empty();
        Section {
            claim,
            cells: of(&|e| !e.chain && e.question.is_none() && !changed(e)),
            what_ifs: of(&|e| !e.chain && changed(e)),
            thresholds: of(&|e| e.question.is_some() && !changed(e)),
            chains: of(&|e| e.chain),
            searches: searches.iter().filter(|search| search.claim == id).collect(),
            constants: OnceLock::new(),
        }
    }

    /// Whether anything is known.
    pub fn says_something(&self) -> bool {
        !self.sets().is_empty() || !self.searches.is_empty()
    }

    /// The experiments on the claim with their records: cells first, then what-ifs, thresholds and chains.
    pub fn sets(&self) -> Vec<Set<'a>> {
        [&self.cells[..], &self.what_ifs, &self.thresholds, &self.chains].concat()
    }

    /// The claim's id.
    pub fn id(&self) -> &'a str {
        self.claim.id()
    }

    /// Whether the claim says only that there is a constant.
    fn is_existential(&self) -> bool {
        !self.claim.statement().constants.is_empty()
    }

    /// The cells of one of the claim's own bounds, or of a draft, on the unchanged claim.
    pub fn joined(&self, bound: &str) -> Vec<Joined<'a>> {
        join(self.cells.iter().copied(), |record| record.bound == bound)
    }

    /// The bounds' names, the printed one first.
    fn bounds(&self) -> Vec<&'a str> {
        distinct(self.cells.iter().flat_map(|(_, records)| records.iter()).map(|record| record.bound.as_str()))
    }

    /// The searches of the unchanged claim by a bound.
    fn searched(&self, bound: &str) -> impl Iterator<Item = &'a Searched> {
        let all = self.searches.iter().flat_map(|search| &search.bounds);
        all.filter(move |searched| searched.bound == bound && searched.what_if.is_empty())
    }

    /// The smallest cell at which a bound fails, by records or searches, among those with a parameter's value (`name=value`) where
    /// one is given.
    pub fn counterexample(&self, bound: &str, only: Option<&str>) -> Option<Shown> {
        let is_shown =
            |key: &str, separator: char| only.is_none_or(|only| key.split(separator).any(|item| item == only));
        let cells: Vec<Joined> =
            self.joined(bound).into_iter().filter(|joined| is_shown(&joined.best.key, ';')).collect();
        let missed = cells.iter().filter(|joined| !joined.best.outside()).filter_map(|joined| joined.missed);
        let (inside, count) = (Counts::of(&cells).inside(), Counts::of(&cells).missed());
        let counted = format!("{count} of {inside} cells");
        let measured = missed.min_by(|a, b| smaller(a, b)).map(|record| Shown {
            cell: record.key.replace(';', " "),
            evidence: format!("{counted}; there by {}{}", record.method(), slack(record)),
        });
        let found = self.searched(bound).filter(|searched| searched.found);
        let found = found.filter(|searched| searched.cell.as_ref().is_some_and(|cell| is_shown(&object(cell), ' ')));
        let found = found.min_by(|a, b| a.compare(b));
        match found.and_then(|searched| Some((searched.cell.as_ref()?, searched))) {
            Some((cell, searched)) => {
                Some(Shown { cell: object(cell), evidence: format!("{counted}; {}", searched.evidence()) })
            }
            None => measured,
        }
    }

    /// The smallest cell at which one of the links fails.
    pub fn failing_link(&self, links: &[String]) -> Option<Shown> {
        let all = Links::new(&self.chains);
        let (link, record) = links.iter().find_map(|link| Some((link, all.strongest(link, self.claim)?)))?;
        Some(Shown {
            cell: record.key.replace(';', " "),
            evidence: format!(
                "link `{link}` fails at {} cells; there by {}{}",
                all.failing(link).len(),
                record.method(),
                slack(record)
            ),
        })
    }

    /// Where a bound is seen to hold, for a repair.
    pub fn holds_at(&self, bound: &str) -> Option<String> {
        let counts = Counts::of(&self.joined(bound));
        let is_found = self.searched(bound).any(|searched| searched.found);
        let fails = counts.missed() > 0 || is_found;
        (!fails && counts.met() > 0).then(|| format!("holds at {} of {} cells", counts.met(), counts.inside()))
    }

    /// The claim's row in the table of what stands; `None` where a cell misses the bound, or for constants.
    pub fn standing(&self) -> Option<String> {
        let cells = self.joined(PRINTED);
        let counts = Counts::of(&cells);
        let found = self.searched(PRINTED).any(|searched| searched.found);
        if self.is_existential() || counts.missed() > 0 || found || counts.inside() == 0 {
            return None;
        }
        let least = Least::of(&cells).map_or(String::new(), |least| least.text());
        let about = self.claim.statement();
        Some(format!(
            "| {} | `{}` | {} | {} | {} | {} | {least} |\n",
            about.source,
            about.id,
            counts.inside(),
            counts.holds,
            counts.undecided,
            counts.vacuous
        ))
    }

    /// The claim's row in the table of constants.
    pub fn constants_row(&self) -> Option<String> {
        let counts = Counts::of(&self.joined(PRINTED));
        if !self.is_existential() || counts.inside() == 0 {
            return None;
        }
        let about = self.claim.statement();
        Some(format!(
            "| {} | `{}` | {} | {} | {} | {} |\n",
            about.source,
            about.id,
            counts.inside(),
            counts.refuted,
            counts.undecided,
            self.constants()
        ))
    }

    /// What is known of the claim's constants, by its own cells and those of its thresholds.
    fn constants(&self) -> &str {
        self.constants.get_or_init(|| self.constants_by_records())
    }

    fn constants_by_records(&self) -> String {
        let sets = [&self.cells[..], &self.thresholds].concat();
        let known = sentences(self.claim, &sets);
        match (known.is_empty(), self.claim.statement().constants.len()) {
            (true, _) => "no value that was tried is refuted".into(),
            (false, 1) => known.join("; "),
            (false, _) => format!("each with the others as at its cell: {}", known.join("; ")),
        }
    }

    /// The section, with its heading.
    pub fn text(&self) -> String {
        format!("\n## {} (`{}`)\n{}", self.claim.statement().source, self.id(), self.body())
    }

    /// What was measured and found, in Markdown.
    pub fn body(&self) -> String {
        let mut text = String::new();
        let sets = self.sets();
        let main = sets.iter().find(|(experiment, _)| experiment.name == self.id()).or(sets.first());
        if let Some((experiment, _)) = main {
            text += &format!("\n{}\n", experiment.about.trim());
        }
        text += &self.readings();
        for bound in self.bounds() {
            text += &self.paragraph(bound);
        }
        if self.is_existential() {
            text += &format!("\n- **the constant**: {}.\n", self.constants());
        }
        for set in &self.thresholds {
            text += &threshold(*set);
        }
        for set in &self.what_ifs {
            text += &what_if(*set);
        }
        for search in &self.searches {
            search.bounds.iter().for_each(|searched| text += &searched.text(self.is_existential()));
            text += &format!("\n      {}\n", search.command);
        }
        text += &Links::new(&self.chains).text(self.id());
        let file = |(experiment, _): &Set| match &experiment.path {
            Some(path) => path.display().to_string(),
            None => format!("{}.toml", experiment.name),
        };
        let files: Vec<String> = self.sets().iter().map(file).collect();
        if !files.is_empty() {
            text += &format!("\n```sh\nlemmascope run {}\n```\n", files.join(" "));
        }
        text
    }

    /// The ways to read the printed text, and which was taken.
    fn readings(&self) -> String {
        let line = |reading: &crate::statement::Reading| {
            let taken = if reading.taken { "taken" } else { "not taken" };
            format!("- reading **{}** ({taken}): {}; {}\n", reading.bound, reading.text, reading.why)
        };
        let lines: String = self.claim.statement().readings.iter().map(line).collect();
        if lines.is_empty() { lines } else { format!("\n{lines}") }
    }

    /// What the records say of one bound.
    fn paragraph(&self, bound: &str) -> String {
        let cells = self.joined(bound);
        let drafted = self.cells.iter().any(|(experiment, _)| experiment.changes.drafts(bound));
        let name = if drafted { format!("**{bound}** (drafted)") } else { format!("**{bound}**") };
        format!("\n- {name} {}", said(&cells, |joined| command_of(&self.cells, joined)))
    }
}

/// `, slack -0.1`.
fn slack(record: &Record) -> String {
    record.slack_log10.map_or(String::new(), |slack| format!(", slack {slack:.4}"))
}

/// The command that measures a joined cell again.
fn command_of(sets: &[Set], joined: &Joined) -> String {
    let record = joined.missed.unwrap_or(joined.best);
    let set = sets.iter().find(|(experiment, _)| experiment.name == joined.experiment);
    set.map_or(String::new(), |(experiment, _)| command(experiment, record))
}

/// What cells say of a bound: counts, region, slack, the smallest cell on the wrong side with its command.
fn said(cells: &[Joined], command: impl Fn(&Joined) -> String) -> String {
    let counts = Counts::of(cells);
    let inside: Vec<&Record> = cells.iter().map(|joined| joined.best).filter(|record| !record.outside()).collect();
    if inside.is_empty() {
        return "was measured at no cell inside the hypotheses.\n".into();
    }
    let mut text = format!("{} {}\n", counts.sentence(), region(&inside));
    if let Some(least) = Least::of(cells) {
        text += &format!("  Least slack (log10): {}, at `{}`.\n", least.text(), least.cell.replace(';', " "));
    }
    let vacuous: Vec<&Record> = inside.iter().copied().filter(|record| record.vacuous).collect();
    if !vacuous.is_empty() {
        text += &format!("  Vacuous at {} cells. {}\n", vacuous.len(), region(&vacuous));
    }
    let missed =
        cells.iter().filter(|joined| !joined.best.outside()).filter_map(|joined| Some((joined, joined.missed?)));
    if let Some((joined, record)) = missed.min_by(|(_, a), (_, b)| smaller(a, b)) {
        let what = match counts.refuted > 0 {
            true => "Smallest cell measured (least d first, then k, n and j) that refutes its constant",
            false => "Smallest counterexample measured (least d first, then k, n and j)",
        };
        text += &format!(
            "  {what}, by {}{}: `{}`.\n\n      {}\n",
            record.method(),
            slack(record),
            record.key.replace(';', " "),
            command(joined)
        );
    }
    text
}

/// What a threshold's records say.
fn threshold(set: Set) -> String {
    let (experiment, _) = set;
    let cells = join([set], |record| record.bound == PRINTED);
    format!(
        "\n- **{}**, beside what the statement asks for: {}",
        experiment.claim.statement().measured,
        said(&cells, |joined| command_of(&[set], joined))
    )
}

/// What the records of a changed claim say: it is the user's, not the claim's own.
fn what_if(set: Set) -> String {
    let (experiment, records) = set;
    let mut text = String::new();
    for bound in distinct(records.iter().map(|record| record.bound.as_str())) {
        let cells = join([set], |record| record.bound == bound);
        let formula = records.iter().find(|record| record.bound == bound).map_or("", |record| &record.formula);
        text += &format!(
            "\n- what-if, not the claim itself ({}; {bound}: {} `{formula}`): {}",
            experiment.changes.text(),
            experiment.relation_of(bound).name(),
            said(&cells, |joined| command_of(&[set], joined))
        );
    }
    text
}
