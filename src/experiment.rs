//! Experiments: from TOML as it is written (the wire form) to checked cells, methods, precision and plots.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;
use toml::{Spanned, Table, Value as Wire};

use crate::claim::Claim;
use crate::error::{Error, Result, line_of};
use crate::evidence::Method;
use crate::hash::sha256_hex;
use crate::measurand::declared;
use crate::measure::Precision;
use crate::measure::threshold::{Question, Threshold};
use crate::measure::what_if::{Changes, Draft, changed};
use crate::numeric::number;
use crate::record::{self, Record};
use crate::registry::find;
use crate::statement::{Cell, Domain, Parameter, position};
use crate::statement::{PRINTED, Relation};
use crate::verdict::Verdict;

/// A claim with the cells at which it is measured, how, how precisely, and how it is shown.
#[derive(Clone)]
pub struct Experiment {
    /// The file, if it was read from one.
    pub path: Option<PathBuf>,
    /// The file's name without its ending: it names the CSV, the plots and the random streams.
    pub name: String,
    /// The claim of the registry that the file names.
    pub printed: Claim,
    /// The claim that is measured, with the changes; where a threshold is sought, what is asked of it.
    pub claim: Claim,
    /// The threshold that is sought, if one is.
    pub question: Option<Question>,
    /// One line on what it shows.
    pub title: String,
    /// Prose on what it shows.
    pub about: String,
    /// What the file changes in the claim.
    pub changes: Changes,
    /// The bounds that the exit code of a gate looks at; empty for the printed one, and for every link of a chain.
    pub judge: Vec<String>,
    /// Whether the links of the claim's proof are evaluated instead of the claim.
    pub chain: bool,
    /// The methods by which every cell is measured.
    pub methods: Vec<Method>,
    /// When a sample is large enough.
    pub precision: Precision,
    /// The cells, in the order of the file, each once.
    pub cells: Vec<Cell>,
    /// The plots that are drawn from its records.
    pub plots: Vec<Plot>,
    /// A hash of all that its records depend on, but for the run's seed, effort and chance of error: records of another
    /// design are not shown as its own.
    pub design: String,
}

/// A plot of an experiment's records.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Its file's name after the experiment's.
    pub name: String,
    /// The line above it.
    pub title: String,
    /// The parameter on the horizontal axis, or the name of what `against` measures.
    pub x: String,
    /// Where the horizontal axis has a measured value too: of the cell that differs in these parameters alone, which have these values.
    pub against: Vec<(String, Vec<String>)>,
    /// What stands on the vertical axis.
    pub y: Quantity,
    /// How that axis is labelled; without it, by what the claim measures.
    pub label: Option<String>,
    /// How columns are named in the figure, where that is not their own name.
    pub labels: BTreeMap<String, String>,
    /// The column that separates the series by colour: a parameter or `method`.
    pub series: Option<String>,
    /// The column that separates panels beside each other: a parameter or `method`.
    pub panels: Option<String>,
    /// Which of the claim's bounds is drawn, and beside the measured value in a slack.
    pub bound: String,
    /// Further bounds that are drawn as lines.
    pub also: Vec<String>,
    /// Whether bounds are drawn beside measured values at all.
    pub lines: bool,
    /// The scale of the vertical axis; without it, as the values ask for.
    pub scale: Option<Scale>,
    /// The columns that are fixed, each with the values that are shown.
    pub only: Vec<(String, Vec<String>)>,
    /// Whether powers are fitted to its series.
    pub fit: bool,
}

impl Plot {
    /// How a column is named in the figure.
    pub fn name_of<'a>(&'a self, column: &'a str) -> &'a str {
        self.labels.get(column).map_or(column, String::as_str)
    }

    /// The records with the horizontal axis as a column: the measured value of the cell that each is drawn against, if it is. Those
    /// without such a cell, or whose cell has no value, are left out.
    pub fn placed<'a>(&self, records: &'a [Record]) -> Cow<'a, [Record]> {
        if self.against.is_empty() {
            return Cow::Borrowed(records);
        }
        let pair = |record: &Record| {
            let mut columns = record.columns.clone();
            columns.retain(|column, _| self.against.iter().all(|(name, _)| name != column));
            (columns, record.bound.clone())
        };
        let others = records.iter().filter(|record| has(record, &self.against));
        let values: HashMap<_, f64> =
            others.filter_map(|other| Some((pair(other), other.ln_measured?.exp()))).collect();
        let placed = |record: &Record| {
            // Exponentials of logs are right to twelve digits.
            let x = format!("{:.11e}", values.get(&pair(record))?).parse().ok()?;
            let mut record = record.clone();
            record.columns.insert(self.x.clone(), number(x));
            Some(record)
        };
        Cow::Owned(records.iter().filter_map(placed).collect())
    }

    /// The records that are shown. Where nothing tells methods apart, of each cell the one that is known most closely.
    pub fn shown<'a>(&self, records: &'a [Record]) -> Vec<&'a Record> {
        let shown = records.iter().filter(|record| record.bound == self.bound && self.shows_cell(record));
        let columns = [Some(&self.x), self.series.as_ref(), self.panels.as_ref()];
        if columns.into_iter().flatten().any(|column| column == "method") {
            return shown.collect();
        }
        let width = |record: &Record| record.ln_hi - record.ln_lo;
        let is_closer = |one: &Record, other: &Record| {
            let failed = |record: &Record| record.verdict == Verdict::Failed;
            failed(one).cmp(&failed(other)).then(width(one).total_cmp(&width(other))).is_lt()
        };
        let mut closest: Vec<&Record> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for record in shown {
            let place = *places.entry(&record.key).or_insert(closest.len());
            match closest.get_mut(place) {
                Some(known) if is_closer(record, known) => *known = record,
                Some(_) => {}
                None => closest.push(record),
            }
        }
        closest
    }

    /// Whether a record's cell is shown, whatever its bound.
    pub fn shows_cell(&self, record: &Record) -> bool {
        has(record, &self.only)
    }
}

/// Whether a record has one of the values in each of these columns.
fn has(record: &Record, fixed: &[(String, Vec<String>)]) -> bool {
    fixed.iter().all(|(name, values)| record.columns.get(name).is_some_and(|text| values.contains(text)))
}

/// How a plot's vertical axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Evenly in the logarithms.
    Log,
}

/// What a plot shows on its vertical axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// The measured value with its interval, and the bound.
    Measured,
    /// log10 of the measured value over the bound, on the claimed side.
    Slack,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireExperiment {
    /// A claim's id, or its declaration.
    claim: Spanned<Wire>,
    /// The file that declares it, where it is a user's and not declared here.
    claims: Option<String>,
    title: String,
    #[serde(default)]
    about: String,
    methods: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    precision: Option<Spanned<Precision>>,
    #[serde(default)]
    chain: bool,
    #[serde(default)]
    bounds: Vec<Spanned<WireBound>>,
    #[serde(default, rename = "where")]
    conditions: Option<Spanned<Texts>>,
    #[serde(default)]
    without: Option<Spanned<Texts>>,
    #[serde(default)]
    relation: Option<Spanned<String>>,
    /// The bounds that the exit code of a gate looks at.
    judge: Option<Spanned<Texts>>,
    /// What is measured is not the claim's probability, but from which value of a parameter on it reaches a level.
    threshold: Option<Spanned<Question>>,
    grid: Vec<Spanned<WireGrid>>,
    #[serde(default)]
    plot: Vec<Spanned<WirePlot>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBound {
    name: String,
    expr: String,
    relation: Option<String>,
}

/// One text or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write a text in quotation marks, or a list of them")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn to_vec(&self) -> Vec<String> {
        match self {
            Texts::One(text) => vec![text.clone()],
            Texts::Many(texts) => texts.clone(),
        }
    }
}

/// A grid block: values by parameter, each with its place in the file.
type WireGrid = BTreeMap<String, Spanned<Wire>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePlot {
    name: String,
    title: Option<String>,
    x: String,
    #[serde(default)]
    against: Table,
    y: Quantity,
    label: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    series: Option<String>,
    panels: Option<String>,
    #[serde(default = "printed")]
    bound: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default = "yes")]
    lines: bool,
    scale: Option<Scale>,
    #[serde(default)]
    only: Table,
    #[serde(default)]
    fit: bool,
}

fn yes() -> bool {
    true
}

fn printed() -> String {
    PRINTED.into()
}

/// So many hexadecimal digits of a design's hash stand in records.
const DESIGN_DIGITS: usize = 16;

/// More cells than this in one experiment are a slip in a range.
const MOST_CELLS: usize = 100_000;

impl Experiment {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Names the file, the line, what is wrong there and what is permitted.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let read = Self::parse_in(path, &name, &text).map_err(|error| error.at(path.display()))?;
        Ok(Experiment { path: Some(path.to_path_buf()), ..read })
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// Names the line, what is wrong there and what is permitted.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        Self::parse_in(Path::new(&format!("{name}.toml")), name, text)
    }

    /// Reads and checks the text of a file.
    fn parse_in(path: &Path, name: &str, text: &str) -> Result<Self> {
        check_name("the file's name", name)?;
        if RESERVED.contains(&name) {
            return Err(Error::input(format!("{name}.csv is written by every run; give the experiment another name")));
        }
        let mut wire: WireExperiment = toml::from_str(text).map_err(|error| unread(text, &error))?;
        let printed = claim_of(&wire, path, text)?;
        let changes = changes(&printed, &wire, text)?;
        check_chain(&wire)?;
        let claim = asked(changed(&printed, &changes)?, &wire, text)?;
        let methods = methods(&claim, &wire, text)?;
        let precision = match &wire.precision {
            None => Precision::default(),
            Some(given) => check_precision(given.get_ref()).map_err(at_line(text, given.span()))?,
        };
        let cells = cells(&claim, &wire, text)?;
        let judge = match &wire.judge {
            None => Vec::new(),
            Some(names) => check_judge(&claim, &cells, wire.chain, names.get_ref().to_vec())
                .map_err(at_line(text, names.span()))?,
        };
        let mut plots: Vec<Plot> = Vec::new();
        for plot in std::mem::take(&mut wire.plot) {
            let at = at_line(text, plot.span());
            let plot = check_plot(&claim, &cells, &methods, &wire.title, plot.into_inner()).map_err(&at)?;
            check_plot_files(name, &plot, &plots).map_err(&at)?;
            plots.push(plot);
        }
        let design = design(&claim, &methods, &precision, wire.chain, &changes, &cells);
        Ok(Experiment {
            path: None,
            design,
            name: name.into(),
            printed,
            claim,
            question: wire.threshold.map(Spanned::into_inner),
            changes,
            judge,
            chain: wire.chain,
            title: wire.title,
            about: wire.about,
            methods,
            precision,
            cells,
            plots,
        })
    }

    /// Whether the exit code of a gate looks at the bound of this name.
    pub fn judges(&self, bound: &str) -> bool {
        match self.judge.is_empty() {
            true => self.chain || bound == PRINTED,
            false => self.judge.iter().any(|name| name == bound),
        }
    }

    /// The names of the records' and of all plots' files.
    pub fn files(&self) -> impl Iterator<Item = String> {
        let plots = self.plots.iter().flat_map(|plot| self.plot_files(plot));
        std::iter::once(format!("{}.csv", self.name)).chain(plots)
    }

    /// The names of a plot's files: SVG and PNG.
    pub fn plot_files(&self, plot: &Plot) -> [String; 2] {
        files_of(&self.name, plot)
    }

    /// On which side of the bound of this name the measured value is claimed to lie.
    pub fn relation_of(&self, bound: &str) -> Relation {
        self.claim.statement().relation_of(bound)
    }
}

/// A text that is no experiment. What every experiment has is named where it is missing: a file may hold a claim alone.
fn unread(text: &str, error: &toml::de::Error) -> Error {
    let missing =
        ["claim", "title", "grid"].into_iter().find(|key| error.message() == format!("missing field `{key}`"));
    match missing {
        Some(key) => {
            Error::input(format!("{key} is missing: an experiment has a claim, a title and one [[grid]] or more"))
        }
        None => Error::toml(text, error),
    }
}

/// The claim that an experiment names, or declares.
fn claim_of(wire: &WireExperiment, path: &Path, text: &str) -> Result<Claim> {
    let at = at_line(text, wire.claim.span());
    let found = match (wire.claim.get_ref(), &wire.claims) {
        (Wire::String(id), None) => find(id),
        (Wire::String(id), Some(file)) => find(&format!("{}:{id}", path.with_file_name(file).display())),
        (Wire::Table(_), None) => {
            return declared::claim(text, path, None).and_then(|claim| with_columns(claim).map_err(at));
        }
        (Wire::Table(_), Some(_)) => {
            Err(Error::input("claims names a file, and [claim] declares the claim here; leave one out"))
        }
        _ => Err(Error::input("claim: write a claim's id in quotation marks, or declare one below [claim]")),
    };
    found.and_then(with_columns).map_err(at)
}

/// Refuses what a chain of links has no use for.
fn check_chain(wire: &WireExperiment) -> Result<()> {
    let ignored = [
        ("methods", wire.methods.is_some()),
        ("bounds", !wire.bounds.is_empty()),
        ("relation", wire.relation.is_some()),
        ("plot", !wire.plot.is_empty()),
    ];
    match ignored.iter().find(|(_, given)| wire.chain && *given) {
        Some((key, _)) => Err(Error::input(format!(
            "chain = true evaluates the links of the claim's proof as they are printed; leave {key} out"
        ))),
        None => Ok(()),
    }
}

/// The claim itself, or that of its threshold.
fn asked(claim: Claim, wire: &WireExperiment, text: &str) -> Result<Claim> {
    let Some(question) = &wire.threshold else { return Ok(claim) };
    let threshold = Threshold::new(&claim, question.get_ref(), claim.methods()[0]);
    Ok(threshold.map_err(at_line(text, question.span()))?.into_claim())
}

/// The methods that a file names, or the claim's first.
fn methods(claim: &Claim, wire: &WireExperiment, text: &str) -> Result<Vec<Method>> {
    let Some(names) = &wire.methods else { return Ok(vec![claim.methods()[0]]) };
    let mut methods = Vec::new();
    for name in names {
        let method = claim.method(name.get_ref()).map_err(at_line(text, name.span()))?;
        if methods.contains(&method) {
            return Err(Error::input(format!("methods names {} twice; name it once", method.name())));
        }
        methods.push(method);
    }
    Ok(methods)
}

/// The cells of all grid blocks, each once. What a file changes is evaluated at every cell before any is measured, and printed
/// bounds, which may be costly, at the first.
fn cells(claim: &Claim, wire: &WireExperiment, text: &str) -> Result<Vec<Cell>> {
    let is_empty = wire.methods.as_ref().is_some_and(Vec::is_empty) || wire.grid.is_empty();
    if is_empty {
        return Err(Error::input(
            "methods and grid need at least one entry; without methods the most exact one is taken",
        ));
    }
    let (mut cells, mut seen) = (Vec::new(), HashSet::new());
    for grid in &wire.grid {
        let block = expand(claim, grid, text, MOST_CELLS - cells.len())?;
        cells.extend(block.into_iter().filter(|cell| seen.insert(cell.key())));
    }
    cells.iter().take(1).try_for_each(|cell| claim.bounds(cell).map(|_| ()))?;
    cells.iter().try_for_each(|cell| claim.check_changes(cell))?;
    Ok(cells)
}

/// Refuses a plot whose files are another's, or have names that are too long.
fn check_plot_files(experiment: &str, plot: &Plot, others: &[Plot]) -> Result<()> {
    if others.iter().any(|other| other.name == plot.name) {
        return Err(Error::input(format!("two plots are named {}; rename one", plot.name)));
    }
    files_of(experiment, plot).iter().try_for_each(|file| check_length(file))
}

/// Refuses a parameter with the name of another column of the records.
fn with_columns(claim: Claim) -> Result<Claim> {
    let taken = claim.statement().parameters.iter().find(|parameter| record::is_column(&parameter.name)).cloned();
    match taken {
        Some(Parameter { name, .. }) => Err(Error::input(format!(
            "parameters.{name}: records have a column {name}; give the parameter another name"
        ))),
        None => Ok(claim),
    }
}

/// A hash of what an experiment measures.
fn design(
    claim: &Claim,
    methods: &[Method],
    precision: &Precision,
    chain: bool,
    changes: &Changes,
    cells: &[Cell],
) -> String {
    // A threshold's statement names its level and its range.
    let about = claim.statement();
    let mut text = format!("{} {} {methods:?} {precision:?} {chain} {changes:?}\n", about.id, about.identity());
    cells.iter().for_each(|cell| text += &format!("{}\n", cell.key()));
    sha256_hex(text.as_bytes())[..DESIGN_DIGITS].to_string()
}

/// What a file changes in a claim; each formula that is wrong is reported with its own line.
fn changes(claim: &Claim, wire: &WireExperiment, text: &str) -> Result<Changes> {
    let mut changes = Changes::default();
    let at = |span: Range<usize>| at_line(text, span);
    for bound in &wire.bounds {
        let WireBound { name, expr, relation } = bound.get_ref();
        let relation = relation.as_deref().map(Relation::parse).transpose();
        let relation = relation.map_err(at(bound.span()))?;
        changes.bounds.push(Draft { name: name.clone(), expr: expr.clone(), relation });
        changed(claim, &changes).map_err(at(bound.span()))?;
    }
    if let Some(conditions) = &wire.conditions {
        changes.conditions = conditions.get_ref().to_vec();
        changed(claim, &changes).map_err(at(conditions.span()))?;
    }
    if let Some(without) = &wire.without {
        changes.without = without.get_ref().to_vec();
    }
    if let Some(relation) = &wire.relation {
        let parsed = Relation::parse(relation.get_ref());
        changes.relation = Some(parsed.map_err(at(relation.span()))?);
    }
    Ok(changes)
}

/// The experiments of `files`, or all of the folder `experiments` where none are named, by name.
///
/// # Errors
/// Where a file cannot be read or is wrong, two have one name, or none are there.
pub fn read_all(files: &[PathBuf]) -> Result<Vec<Experiment>> {
    let mut paths = files.to_vec();
    if paths.is_empty() {
        let folder = Path::new("experiments");
        let entries = std::fs::read_dir(folder).map_err(|error| {
            Error::input(format!(
                "cannot read the folder experiments here ({error}); name the experiments' files, such as mine.toml"
            ))
        })?;
        paths = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        if paths.is_empty() {
            return Err(Error::input(
                "the folder experiments holds no .toml file; name the experiments' files, such as mine.toml",
            ));
        }
    }
    paths.sort();
    // Bounds are evaluated where they are checked, which takes a second over all of them. The first error is the one that is reported.
    let read: Vec<Result<Experiment>> = paths.par_iter().map(|path| Experiment::read(path)).collect();
    let experiments = read.into_iter().collect::<Result<Vec<_>>>()?;
    let mut names = HashSet::new();
    if let Some(twice) = experiments.iter().find(|experiment| !names.insert(&experiment.name)) {
        return Err(Error::input(format!("two experiments are named {}; rename one of the files", twice.name)));
    }
    check_files(&experiments)?;
    Ok(experiments)
}

/// Refuses experiments that would write one file: `a` with the plot `b.c`, and `a.b` with the plot `c`.
fn check_files(experiments: &[Experiment]) -> Result<()> {
    let mut writers: BTreeMap<String, &str> = BTreeMap::new();
    for experiment in experiments {
        for file in experiment.files() {
            if let Some(other) = writers.get(&file) {
                return Err(Error::input(format!(
                    "{other} and {} would both write {file}; rename a plot or one of the files",
                    experiment.name
                )));
            }
            writers.insert(file, &experiment.name);
        }
    }
    Ok(())
}

fn files_of(experiment: &str, plot: &Plot) -> [String; 2] {
    ["svg", "png"].map(|ending| format!("{experiment}.{}.{ending}", plot.name))
}

/// The bytes that a file's name may have.
const LONGEST_FILE: usize = 255;

/// Refuses a file's name that no file system takes, before anything is measured for it.
fn check_length(file: &str) -> Result<()> {
    if file.len() > LONGEST_FILE {
        return Err(Error::input(format!(
            "the file {}...{} would have a name of {} bytes, and {LONGEST_FILE} are permitted; shorten the plot's name",
            file.chars().take(30).collect::<String>(),
            &file[file.len() - 4..],
            file.len()
        )));
    }
    Ok(())
}

/// Files of these names stand beside the records.
const RESERVED: [&str; 2] = ["timings", "fits"];

/// Names of experiments and plots become names of files.
fn check_name(what: &str, name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Error::input(format!(
            "{what} {name:?}: use letters, digits, '-', '_' and '.', a letter or digit first"
        )));
    }
    Ok(())
}

/// Puts the line at which a part of the text begins in front of an error.
fn at_line(text: &str, span: Range<usize>) -> impl Fn(Error) -> Error + use<> {
    let line = line_of(text, &span);
    move |error| error.at(format!("line {line}"))
}

fn check_precision(precision: &Precision) -> Result<Precision> {
    if !(precision.relative > 0.0 && precision.relative.is_finite()) {
        return Err(Error::input(format!("relative = {}: write a number above 0", precision.relative)));
    }
    if precision.replicates == 0 {
        return Err(Error::input("replicates = 0: write a whole number above 0"));
    }
    Ok(*precision)
}

/// The cross product of a grid block's lists, in the order of the claim's parameters. What is wrong with one value is
/// reported with its own line, what is wrong with a combination with the block's.
fn expand(claim: &Claim, grid: &Spanned<WireGrid>, text: &str, most: usize) -> Result<Vec<Cell>> {
    let parameters = &claim.statement().parameters;
    let at = |span: Range<usize>| at_line(text, span);
    for (name, wire) in grid.get_ref() {
        position(parameters, name).map_err(at(wire.span()))?;
    }
    let mut assignments: Vec<Vec<(&str, String)>> = vec![Vec::new()];
    for parameter in parameters.iter() {
        let Some(wire) = grid.get_ref().get(&parameter.name) else { continue };
        let here = || at(wire.span());
        let mut longer = Vec::new();
        for assignment in &assignments {
            let named = (parameter.name.as_str(), is_real(parameter));
            for text in texts(named, wire.get_ref(), assignment).map_err(here())? {
                parameter.parse(&text).map_err(here())?;
                longer.push(assignment.iter().cloned().chain([(parameter.name.as_str(), text)]).collect());
            }
            if longer.len() > most {
                return Err(here()(Error::input(format!("more than {MOST_CELLS} cells; shorten the grid's lists"))));
            }
        }
        if longer.is_empty() {
            return Err(here()(Error::input(format!("{} has no values; write at least one", parameter.name))));
        }
        assignments = longer;
    }
    let cell = |assignment: &Vec<(&str, String)>| {
        claim.cell(assignment.iter().map(|(name, text)| (*name, text.as_str()))).map_err(at(grid.span()))
    };
    assignments.iter().map(cell).collect()
}

/// The texts of one parameter's values: a single value, a list, or a range.
fn texts((name, is_real): (&str, bool), wire: &Wire, earlier: &[(&str, String)]) -> Result<Vec<String>> {
    match wire {
        Wire::Array(items) => {
            let nested = items.iter().map(|item| match item {
                // A list within a list is one target.
                Wire::Array(coordinates) => {
                    let inner: Result<Vec<String>> = coordinates.iter().map(|c| single(name, c)).collect();
                    Ok(vec![format!("[{}]", inner?.join(", "))])
                }
                other => texts((name, is_real), other, earlier),
            });
            Ok(nested.collect::<Result<Vec<_>>>()?.concat())
        }
        // Between whole numbers a range has whole numbers, whatever the parameter may be.
        Wire::String(text) if text.contains("..") => match range(name, text, earlier) {
            Err(_) if is_real => real_range(name, text),
            whole => whole,
        },
        other => Ok(vec![single(name, other)?]),
    }
}

fn is_real(parameter: &Parameter) -> bool {
    matches!(parameter.domain, Domain::Real(_))
}

fn single(name: &str, wire: &Wire) -> Result<String> {
    match wire {
        Wire::Integer(value) => Ok(value.to_string()),
        Wire::Float(value) => Ok(number(*value)),
        Wire::String(text) => Ok(text.clone()),
        other => {
            Err(Error::input(format!("{name} = {other}: write a number, a word, a list or a range such as \"1..k\"")))
        }
    }
}

/// `"1e-9..0.1 log 9"`: so many numbers from the first to the second, evenly spaced in their logs; with `even` for `log`, evenly.
fn real_range(name: &str, text: &str) -> Result<Vec<String>> {
    let refused = || {
        Error::input(format!(
            "{name} = {text:?}: write a range of numbers as \"1e-9..0.1 log 9\" or \"0..1 even 5\", with 2 to 10000 of them and the smaller \
             end first; in logs the ends are above 0"
        ))
    };
    let (low, rest) = text.split_once("..").ok_or_else(refused)?;
    let (high, count, is_log) = match (rest.split_once("log"), rest.split_once("even")) {
        (Some((high, count)), _) => (high, count, true),
        (None, Some((high, count))) => (high, count, false),
        (None, None) => return Err(refused()),
    };
    let end = |text: &str| text.trim().parse::<f64>().ok().filter(|end| end.is_finite() && (!is_log || *end > 0.0));
    let (low, high) = end(low).zip(end(high)).filter(|(low, high)| low < high).ok_or_else(refused)?;
    let count = count.trim().parse::<u32>().ok().filter(|count| (2..=10_000).contains(count)).ok_or_else(refused)?;
    let value = |i: u32| {
        let part = f64::from(i) / f64::from(count - 1);
        let value = if is_log { low * (high / low).powf(part) } else { low + (high - low) * part };
        // Eleven digits: a power of ten stays one.
        let rounded: f64 = format!("{value:.10e}").parse().unwrap_or(value);
        number(match i {
            0 => low,
            i if i + 1 == count => high,
            _ => rounded,
        })
    };
    Ok((0..count).map(value).collect())
}

/// `"1..k"`: all whole numbers from 1 to k, both included; `"1..k log 8"`: about 8 of them, evenly spaced in their logs.
/// An end is a number or a parameter that stands before this one.
fn range(name: &str, text: &str, earlier: &[(&str, String)]) -> Result<Vec<String>> {
    let refused = || {
        Error::input(format!(
            "{name} = {text:?}: write a range as \"1..64\", \"1..k\" or \"1..k log 8\", its ends whole numbers above 0 or \
             parameters that the claim lists before {name}"
        ))
    };
    let end = |text: &str| -> Result<u64> {
        let text = text.trim();
        let value = earlier.iter().find(|(known, _)| *known == text).map_or(text, |(_, value)| value);
        value.parse().ok().filter(|end| *end > 0).ok_or_else(refused)
    };
    let (low, rest) = text.split_once("..").ok_or_else(refused)?;
    let (high, count) = match rest.split_once("log") {
        Some((high, count)) => {
            (high, Some(count.trim().parse::<u32>().ok().filter(|c| (2..=10_000).contains(c)).ok_or_else(refused)?))
        }
        None => (rest, None),
    };
    let (low, high) = (end(low)?, end(high)?);
    if low > high {
        return Err(Error::input(format!("{name} = {text:?}: write the smaller end first")));
    }
    if high - low > MOST_CELLS as u64 && count.is_none() {
        return Err(Error::input(format!(
            "{name} = {text:?}: these are {} values, and an experiment has at most {MOST_CELLS} cells; take some of them, as in \
             \"{low}..{high} log 20\"",
            (high - low).saturating_add(1)
        )));
    }
    let mut values: Vec<u64> = match count {
        None => (low..=high).collect(),
        Some(count) => {
            let ratio = (high as f64 / low as f64).ln() / f64::from(count - 1);
            let inner = (0..count).map(|i| (low as f64 * (ratio * f64::from(i)).exp()).round() as u64);
            inner.map(|value| value.clamp(low, high)).collect()
        }
    };
    values.dedup();
    Ok(values.iter().map(u64::to_string).collect())
}

/// Refuses the name of a bound that no cell has.
fn check_bound(claim: &Claim, cells: &[Cell], place: &str, name: &str) -> Result<()> {
    // Some bounds exist at some cells only.
    if cells.iter().any(|cell| claim.has_bound(cell, name)) {
        return Ok(());
    }
    let known = claim.statement().bound_names();
    Err(Error::input(format!("{place}: unknown bound {name:?}; write {}", known.join(" or "))))
}

/// The experiments, judged by the bounds of these names, where there are any, instead of their own.
///
/// # Errors
/// Where an experiment has no bound of that name, or is a chain.
pub fn judged_by(mut experiments: Vec<Experiment>, names: &[String]) -> Result<Vec<Experiment>> {
    for experiment in experiments.iter_mut().filter(|_| !names.is_empty()) {
        experiment.judge = check_judge(&experiment.claim, &experiment.cells, experiment.chain, names.to_vec())?;
    }
    Ok(experiments)
}

/// The names of judged bounds, each of which some cell must have.
fn check_judge(claim: &Claim, cells: &[Cell], chain: bool, names: Vec<String>) -> Result<Vec<String>> {
    if names.is_empty() {
        return Err(Error::input("judge names no bound; leave it out to judge the printed one"));
    }
    if chain {
        return Err(Error::input(
            "judge names bounds, and a chain has links, all of which are judged; leave judge out",
        ));
    }
    names.iter().try_for_each(|name| check_bound(claim, cells, "judge", name))?;
    Ok(names)
}

/// Checks a plot; `title` is that of one without its own.
fn check_plot(claim: &Claim, cells: &[Cell], methods: &[Method], title: &str, wire: WirePlot) -> Result<Plot> {
    check_name("the plot's name", &wire.name)?;
    let parameters = &claim.statement().parameters;
    let column = |name: &str| if name == "method" { Ok(()) } else { position(parameters, name).map(|_| ()) };
    match (wire.against.is_empty(), column(&wire.x).is_ok()) {
        (true, _) => position(parameters, &wire.x).map(|_| ())?,
        (false, false) => {}
        (false, true) => {
            return Err(Error::input(format!(
                "plot {}: x = {:?} is a column of its own; with against, x names what is measured there",
                wire.name, wire.x
            )));
        }
    }
    for name in [&wire.series, &wire.panels].into_iter().flatten().chain(wire.labels.keys()) {
        column(name)?;
    }
    let names = [&wire.bound].into_iter().chain(&wire.also);
    names.into_iter().try_for_each(|name| check_bound(claim, cells, &format!("plot {}", wire.name), name))?;
    if wire.y == Quantity::Slack && (!wire.also.is_empty() || !wire.lines || wire.scale.is_some()) {
        return Err(Error::input(format!(
            "plot {}: a slack is that of one bound, on a scale of its own; leave also, lines and scale out",
            wire.name
        )));
    }
    // What a table fixes, which some cell of the grid must have.
    let fixed = |key: &str, table: &Table| -> Result<Vec<(String, Vec<String>)>> {
        let mut fixed = Vec::new();
        for (name, value) in table {
            column(name)?;
            let parameter = parameters.iter().find(|parameter| parameter.name == *name);
            let mut shown = texts((name, parameter.is_some_and(is_real)), value, &[])?;
            if name == "method" {
                shown.iter().try_for_each(|method| claim.method(method).map(|_| ()))?;
            } else if let Some(parameter) = parameter {
                shown = shown.iter().map(|text| Ok(parameter.parse(text)?.to_string())).collect::<Result<_>>()?;
            }
            fixed.push((name.clone(), shown));
        }
        let shows = |cell: &Cell| {
            fixed.iter().all(|(name, shown): &(String, Vec<String>)| match cell.get(name) {
                Some(value) => shown.contains(&value.to_string()),
                None => methods.iter().any(|method| shown.iter().any(|name| name == method.name())),
            })
        };
        if !cells.iter().any(shows) {
            return Err(Error::input(format!(
                "plot {}: no cell of the grid is left by {key}; write values of the grid",
                wire.name
            )));
        }
        Ok(fixed)
    };
    let (only, against) = (fixed("only", &wire.only)?, fixed("against", &wire.against)?);
    if let Some((name, _)) = against.iter().find(|(_, values)| values.len() != 1) {
        return Err(Error::input(format!("plot {}: against has one value of {name}", wire.name)));
    }
    let title = wire.title.unwrap_or_else(|| title.into());
    let WirePlot { name, x, y, label, labels, series, panels, bound, also, lines, scale, fit, .. } = wire;
    Ok(Plot { name, title, x, against, y, label, labels, series, panels, bound, also, lines, scale, only, fit })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "claim = \"nsn-joint-box\"\ntitle = \"t\"\nabout = \"a\"\n";

    fn parse(rest: &str) -> Result<Experiment> {
        Experiment::parse("test", &format!("{HEAD}{rest}"))
    }

    #[test]
    fn ranges_follow_the_parameters_before_them() {
        let experiment = parse("[[grid]]\nk = [2, 3]\nj = \"1..k\"\nd = 1\neps = 0.1\n").unwrap();
        let keys: Vec<String> = experiment.cells.iter().map(Cell::key).collect();
        assert_eq!(keys.len(), 5);
        assert_eq!(keys[0], "k=2;j=1;d=1;eps=0.1;target=origin;C=1");
        let logs =
            parse("[[grid]]\nk = 1000\nj = \"1..k log 4\"\nd = 1\neps = [1e-9]\ntarget = [[0.5], \"axis\"]\n").unwrap();
        let js: Vec<u64> = logs.cells.iter().map(|cell| cell.integer("j")).collect();
        assert_eq!(js, [1, 1, 10, 10, 100, 100, 1000, 1000]);
        assert_eq!(logs.cells[0].get("target").unwrap().to_string(), "[0.5]");
    }

    #[test]
    fn a_plot_without_a_title_has_the_experiments() {
        let text = "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\n[[plot]]\nname = \"p\"\nx = \"k\"\ny = \"slack\"\n";
        assert_eq!(parse(text).unwrap().plots[0].title, "t");
    }

    #[test]
    fn ranges_of_real_numbers_keep_their_ends() {
        let eps = |range: &str| {
            let read = parse(&format!("[[grid]]\nk = 1000\nj = 1\nd = 1\neps = \"{range}\"\n"));
            read.map(|read| read.cells.iter().map(|cell| cell.get("eps").unwrap().to_string()).collect::<Vec<_>>())
        };
        let texts = |values: &[&str]| values.iter().map(|value| value.to_string()).collect::<Vec<_>>();
        assert_eq!(eps("1e-9..0.1 log 5").unwrap(), texts(&["1e-9", "1e-7", "1e-5", "0.001", "0.1"]));
        assert_eq!(eps("0.1..0.3 even 3").unwrap(), texts(&["0.1", "0.2", "0.3"]));
        assert_eq!(eps("0.1..0.2499 log 2").unwrap(), texts(&["0.1", "0.2499"]));
        for wrong in ["0.1..0.2", "0..1 log 3", "0.2..0.1 log 3", "0.1..0.2 log 1", "0.1..x even 3", "0.1..0.2 log 1e9"]
        {
            let error = eps(wrong).unwrap_err().to_string();
            assert!(error.contains("line 8") && error.contains("1e-9..0.1 log 9"), "{wrong}: {error}");
        }
    }

    #[test]
    fn what_a_chain_ignores_and_texts_that_are_none_are_refused() {
        let grid = "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\n";
        let plot = "[[plot]]\nname = \"p\"\ntitle = \"t\"\nx = \"k\"\ny = \"slack\"\n";
        for (text, expected) in [
            (format!("chain = true\n{grid}{plot}"), "leave plot out"),
            (format!("where = 3\n{grid}"), "line 4: write a text in quotation marks, or a list of them"),
            (String::new(), "grid is missing: an experiment has a claim, a title and one [[grid]] or more"),
        ] {
            let error = parse(&text).err().expect(&text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_cell_in_two_blocks_is_measured_once() {
        let block = "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\n";
        assert_eq!(parse(&format!("{block}{block}")).unwrap().cells.len(), 1);
    }

    #[test]
    fn files_that_cannot_be_written_are_refused() {
        let grid = "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\n";
        let named = |experiment: &str, plot: &str| {
            let plot = format!("[[plot]]\nname = \"{plot}\"\ntitle = \"t\"\nx = \"k\"\ny = \"slack\"\n");
            Experiment::parse(experiment, &format!("{HEAD}{grid}{plot}"))
        };
        let error = named("a", &"p".repeat(250)).err().unwrap().to_string();
        assert!(error.contains("line 9") && error.contains("a name of 256 bytes, and 255"), "{error}");
        assert!(named("a", &"p".repeat(249)).is_ok());
        let one = [named("a", "b.c").unwrap(), named("a.b", "c").unwrap()];
        let error = check_files(&one).unwrap_err().to_string();
        assert!(error.contains("a and a.b would both write a.b.c.svg"), "{error}");
        assert!(check_files(&[named("a", "b").unwrap(), named("a.b", "b").unwrap()]).is_ok());
    }

    #[test]
    fn errors_name_line_key_and_what_is_permitted() {
        let grid = "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\n";
        let plot = "[[plot]]\nname = \"p\"\ntitle = \"t\"\nx = \"k\"\ny = \"slack\"\n";
        assert!(
            Experiment::parse("timings", &format!("{HEAD}{grid}")).err().unwrap().to_string().contains("another name")
        );
        let refused = |rest: &str| parse(rest).err().unwrap().to_string();
        for (rest, expected) in [
            (format!("titel = 1\n{grid}"), "line 4: unknown field `titel`, expected one of"),
            (
                format!("methods = [\"search\"]\n{grid}"),
                "line 4: nsn-joint-box is not measured by \"search\"; it admits quadrature",
            ),
            ("[[grid]]\nk = 2\nj = 3\nd = 1\neps = 0.1\n".into(), "line 4: j = 3 exceeds k = 2"),
            ("[[grid]]\nk = 2\nj = 1\nd = 1\neps = -0.1\n".into(), "line 8: eps = -0.1: write a finite number above 0"),
            ("[[grid]]\nk = 2\nj = 1\nd = 1\neps = nan\n".into(), "line 8: eps = NaN"),
            ("[[grid]]\nk = 2\nq = 1\n".into(), "unknown parameter \"q\"; this claim has k, j, d, eps, target, C"),
            ("[[grid]]\nk = 2\nj = \"1..x\"\n".into(), "write a range as"),
            (
                "[[grid]]\nk = 2\nj = 1\nd = 1\neps = 0.1\ntarget = \"centre\"\n".into(),
                "target = centre: write origin, axis, spread, or a list of d numbers",
            ),
            ("[[grid]]\nk = 2\n".into(), "j is missing"),
            ("grid = []\n".into(), "need at least one entry"),
            (format!("methods = []\n{grid}"), "need at least one entry"),
            (format!("methods = [\"literal\", \"literal\"]\n{grid}"), "names literal twice"),
            (
                "[[grid]]\nk = 2\nj = \"1..k log 4000000000\"\n".into(),
                "line 6: j = \"1..k log 4000000000\": write a range",
            ),
            (format!("{grid}{plot}{plot}"), "two plots are named p"),
            (format!("{grid}{}", plot.replace("\"p\"", "\"../p\"")), "use letters, digits"),
            (format!("{grid}{plot}against = {{ d = 1 }}\n"), "x = \"k\" is a column of its own; with against, x names"),
            (format!("{grid}{}against = {{ d = 3 }}\n", plot.replace("\"k\"", "\"y\"")), "is left by against"),
            (
                format!("{grid}{}against = {{ d = [1, 1] }}\n", plot.replace("\"k\"", "\"y\"")),
                "against has one value of d",
            ),
            (format!("{grid}{plot}only = {{ k = 3 }}\n"), "no cell of the grid is left"),
            (format!("[precision]\nrelative = 0.0\n{grid}"), "relative = 0: write a number above 0"),
            (
                format!("[precision]\nuntil = \"ever\"\n{grid}"),
                "unknown variant `ever`, expected `decided` or `precise`",
            ),
            (
                format!("{grid}[[plot]]\nname = \"p\"\ntitle = \"t\"\nx = \"n\"\ny = \"slack\"\n"),
                "line 9: unknown parameter \"n\"",
            ),
            (
                format!("{grid}[[plot]]\nname = \"p\"\ntitle = \"t\"\nx = \"k\"\ny = \"up\"\n"),
                "expected `measured` or `slack`",
            ),
            (
                format!("{grid}[[plot]]\nname = \"p\"\ntitle = \"t\"\nx = \"k\"\ny = \"slack\"\nbound = \"b\"\n"),
                "write printed",
            ),
        ] {
            let message = refused(&rest);
            assert!(message.contains(expected), "{message}\nlacks\n{expected}");
        }
        assert!(
            Experiment::parse("x", "claim = \"none\"\ntitle = \"\"\nabout = \"\"\n[[grid]]\n")
                .err()
                .unwrap()
                .to_string()
                .contains("line 1: unknown claim \"none\"; the claims are lueker")
        );
    }
}
