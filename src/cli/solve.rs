//! `lemmascope solve`: a subset of given vectors that adds up to a given target.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::json::{Number, json_number, pretty, shown};
use super::watch::{Show, Stop as Stopped, Watch};
use super::{DEFAULT_SEED, parse_seconds, print};
use crate::arrays::{
    self, Array, Decimal, FirstColumn, FirstLine, Reading, Rows, Table, decimal_text, gigabytes, in_common_unit,
    lacking_memory,
};
use crate::error::{Error, INCOMPLETE, Result};
use crate::numeric::number;
use crate::random::Address;
use crate::subset_sum::bounds::{self, Exclusion};
use crate::subset_sum::{
    self, Answer, Balance, Beam, Budget, Exact, Integers, Outcome, Problem, SOLVERS, Solution, Solver, Vectors,
    balance, exact,
};

#[derive(clap::Args)]
pub struct Arguments {
    /// The n x d vectors: a .npy file, or text with a vector a line. One axis alone is n numbers.
    #[arg(long, value_name = "FILE")]
    vectors: PathBuf,
    /// The target: d numbers, in a .npy file or as text.
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// How far the sum may be from the target, in the max norm. Under --nearest 0 where it is not given.
    #[arg(long, allow_negative_numbers = true, value_parser = parse_eps, required_unless_present = "nearest")]
    eps: Option<Eps>,
    /// How many vectors the subset must have; by default any number.
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = parse_size)]
    size: Option<usize>,
    /// Search for the subset nearest to the target, whatever eps is, and say whether it is proved that none is nearer.
    #[arg(long)]
    nearest: bool,
    /// Add up the numbers of text files as decimals, without rounding: 0.1 + 0.2 is 0.3 then, which it is not in binary.
    #[arg(long)]
    decimal: bool,
    /// What the first line of a text is, where it may be either.
    #[arg(long, value_name = "KIND")]
    first_line: Option<LineKind>,
    /// What the first column of a text is, where it may be either.
    #[arg(long, value_name = "KIND")]
    first_column: Option<ColumnKind>,
    /// Read vectors from their .npy file whenever they are needed, instead of holding all of them. This is done anyway where memory
    /// does not hold them. Of 128 entries and more, in row-major order.
    #[arg(long, conflicts_with = "decimal")]
    by_rows: bool,
    /// A time limit in seconds for the search, once the files are read.
    #[arg(
        long,
        default_value_t = 60.0,
        value_name = "SECONDS",
        value_parser = parse_seconds,
        allow_negative_numbers = true
    )]
    time_limit: f64,
    /// The seed of the search.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = super::parse_seed)]
    seed: u64,
    /// The solver; by default those that suit the size of the problem.
    #[arg(long, value_name = "NAME", value_parser = find_solver)]
    solver: Option<&'static dyn Solver>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum LineKind {
    /// Names of the columns.
    Header,
    /// Numbers.
    Data,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum ColumnKind {
    /// Names or numbers of the rows, which are passed over.
    Index,
    /// Numbers.
    Data,
}

/// A tolerance, in binary and as it is written.
#[derive(Clone, Copy)]
struct Eps {
    value: f64,
    decimal: Option<Decimal>,
}

fn parse_eps(text: &str) -> std::result::Result<Eps, String> {
    let value = text.parse::<f64>().ok().filter(|eps| *eps >= 0.0 && eps.is_finite());
    let value = value.ok_or("write a finite number, at least 0")?;
    Ok(Eps { value, decimal: Decimal::parse(text) })
}

fn find_solver(name: &str) -> std::result::Result<&'static dyn Solver, String> {
    let names = || SOLVERS.iter().map(|solver| solver.name()).collect::<Vec<_>>().join(", ");
    SOLVERS.iter().find(|solver| solver.name() == name).copied().ok_or_else(|| format!("the solvers are {}", names()))
}

fn parse_size(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 on, not {text:?}"))
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // Numbers that are not negative are in the order of their bits.
    let least = AtomicU64::new(f64::INFINITY.to_bits());
    // The seconds after which the files are read.
    let read = OnceLock::new();
    let line = |seconds: f64| match (read.get(), f64::from_bits(least.load(Ordering::Relaxed))) {
        (None, _) => format!("reading, {seconds:.0} s"),
        (Some(read), f64::INFINITY) => format!("{:.0} of at most {} s", seconds - read, arguments.time_limit),
        (Some(read), error) => {
            format!("{:.0} of at most {} s, best error so far {error:.3e}", seconds - read, arguments.time_limit)
        }
    };
    let stopped = |stop: Stopped| Err(Error::Interrupted(format!("{}{}", stop.reason, best_error(&least))));
    Watch::over((None, arguments.quiet), &Show { line: &line, stopped: &stopped }, |watch| {
        if let Some(rows) = rows(arguments)? {
            read.get_or_init(|| watch.elapsed().as_secs_f64());
            return solve_rows(arguments, rows, watch, &least);
        }
        let input = Input::read(arguments)?;
        read.get_or_init(|| watch.elapsed().as_secs_f64());
        solve(arguments, &input, watch, &least)
    })
}

/// Searches, and shows the answer; `least` holds the bits of the least error so far.
fn solve(arguments: &Arguments, input: &Input, watch: &Watch, least: &AtomicU64) -> Result<ExitCode> {
    let named = |error: Error| error.at(arguments.vectors.display());
    let integers = input.integers(arguments).map_err(named)?;
    let problem = match &integers {
        Some((integers, _)) => integers.problem(arguments.size),
        None => Problem::new(
            &input.vectors.array.data,
            input.dimension,
            &input.target.array.data,
            input.eps.value,
            arguments.size,
        ),
    };
    let problem = problem.map_err(named)?;
    let start = Instant::now();
    let answer = search(arguments, &problem, watch.flag(), &|error| {
        least.fetch_min(error.abs().to_bits(), Ordering::Relaxed);
    });
    let unit = integers.as_ref().map(|(integers, unit)| (integers, *unit));
    let stop = Stop { elapsed: start.elapsed(), interrupted: watch.is_stopped() };
    let report = Report::new(arguments, input, &problem, unit, &answer, &stop);
    watch.writing(|| print(&if arguments.json { pretty(&report) } else { report.text() }))?;
    Ok(ExitCode::from(if report.is_cut_short() { INCOMPLETE } else { 0 }))
}

/// The vectors' file, where they are to be read row by row.
fn rows(arguments: &Arguments) -> Result<Option<Rows>> {
    let balanced = arguments.solver.is_none_or(|solver| solver.name() == Balance::DEFAULT.name());
    let rows = if balanced && !arguments.decimal { Rows::open(&arguments.vectors)? } else { None };
    let rows = rows.filter(|rows| balance::is_for(rows.shape().1, None));
    if arguments.by_rows && rows.is_none() {
        return Err(Error::input(format!(
            "--by-rows: {} is no .npy array of two axes in row-major order with 128 numbers a row or more, or another --solver is \
             asked for: leave it out",
            arguments.vectors.display()
        )));
    }
    let bytes = |(count, dimension): (usize, usize)| 8u64.saturating_mul(count as u64).saturating_mul(dimension as u64);
    let is_large = |rows: &Rows| lacking_memory(bytes(rows.shape())).is_some();
    Ok(rows.filter(|rows| arguments.by_rows || is_large(rows)))
}

/// Vectors that stay in their file.
struct InFile(Rows);

impl Vectors for InFile {
    fn count(&self) -> usize {
        self.0.shape().0
    }

    fn dimension(&self) -> usize {
        self.0.shape().1
    }

    fn norms(&self) -> Result<Vec<f64>> {
        let mut row = vec![0.0; self.dimension()];
        let norm = |index| {
            self.0.read(index, &mut row)?;
            Ok(row.iter().map(|x| x * x).sum::<f64>().sqrt())
        };
        (0..self.count()).map(norm).collect()
    }

    fn read(&self, index: usize, vector: &mut [f64]) -> Result<()> {
        self.0.read(index, vector)
    }
}

/// Searches vectors that stay in their file, and shows the answer.
fn solve_rows(arguments: &Arguments, rows: Rows, watch: &Watch, least: &AtomicU64) -> Result<ExitCode> {
    let vectors = InFile(rows);
    let (count, dimension) = (vectors.count(), vectors.dimension());
    let shape = Array { shape: vec![count, dimension], data: Vec::new() };
    let target = read_target(arguments, Reading::default(), dimension, &shape)?;
    let eps = arguments.eps.map_or(0.0, |eps| eps.value);
    if let Some(size) = arguments.size.filter(|&size| size > count) {
        return Err(Error::input(format!("no {size} of {count} vectors can be taken: give a size of at most {count}")));
    }
    let bytes = balance::memory(count, dimension) as u64;
    if let Some(free) = lacking_memory(bytes) {
        return Err(Error::TooLarge(format!(
            "a search among {count} vectors of {dimension} numbers takes about {}, and {} are free: give fewer vectors",
            gigabytes(bytes),
            gigabytes(free)
        )));
    }
    let start = Instant::now();
    let deadline = start + Duration::from_secs_f64(arguments.time_limit);
    let progress = |error: f64| {
        least.fetch_min(error.to_bits(), Ordering::Relaxed);
    };
    let budget = Budget::until(deadline, watch.flag(), &progress);
    let best = Balance::DEFAULT.search(&vectors, &target.array.data, arguments.size, eps, &budget)?;
    let stop = Stop { elapsed: start.elapsed(), interrupted: watch.is_stopped() };
    let is_found = best.error <= eps;
    let reason = if stop.interrupted {
        "interrupted".into()
    } else if stop.elapsed.as_secs_f64() >= arguments.time_limit {
        time_is_over(arguments.time_limit, f64::from_bits(least.load(Ordering::Relaxed)))
    } else {
        MORE_PASSES.into()
    };
    let report = Report {
        status: if is_found { "found" } else { "gave-up" },
        error: Some(json_number(number(best.error))),
        size: Some(best.subset.len()),
        subset: Some(best.subset),
        seconds: json_number(format!("{:.3}", stop.elapsed.as_secs_f64())),
        solver: Balance::DEFAULT.name(),
        interrupted: stop.interrupted,
        n: count,
        dimension,
        eps: json_number(number(eps)),
        seed: arguments.seed,
        decimal: false,
        proved_nearest: arguments.nearest.then_some(false),
        reason: (!is_found).then_some(reason),
        notes: vec!["the vectors were read from their file row by row".into()],
        asked: arguments.size,
    };
    watch.writing(|| print(&if arguments.json { pretty(&report) } else { report.text() }))?;
    Ok(ExitCode::from(if report.is_cut_short() { INCOMPLETE } else { 0 }))
}

/// Why a search by rows ended whose least error is this: infinite where it had not decided all vectors once.
fn time_is_over(limit: f64, least: f64) -> String {
    let early = ", before all vectors were read three times: give a longer --time-limit";
    format!("the time limit of {limit} s is over{}", if least == f64::INFINITY { early } else { "" })
}

/// What is known of a search that is left behind.
fn best_error(least: &AtomicU64) -> String {
    match f64::from_bits(least.load(Ordering::Relaxed)) {
        f64::INFINITY => ": no subset was seen".into(),
        error => format!(": the best subset seen has the error {error:.3e}"),
    }
}

/// What the files and `--eps` hold.
struct Input {
    vectors: Table,
    dimension: usize,
    target: Table,
    eps: Eps,
}

impl Input {
    fn read(arguments: &Arguments) -> Result<Self> {
        let reading = Reading {
            first_line: arguments.first_line.map(|kind| match kind {
                LineKind::Header => FirstLine::Header,
                LineKind::Data => FirstLine::Data,
            }),
            first_column: arguments.first_column.map(|kind| match kind {
                ColumnKind::Index => FirstColumn::Index,
                ColumnKind::Data => FirstColumn::Data,
            }),
            decimal: arguments.decimal,
        };
        let (vectors, dimension) = read_vectors(&arguments.vectors, reading)?;
        let target = read_target(arguments, reading, dimension, &vectors.array)?;
        let eps = arguments.eps.map_or_else(|| parse_eps("0"), Ok).map_err(Error::input)?;
        Ok(Input { vectors, dimension, target, eps })
    }

    /// The same numbers as integers of a unit, the power of ten of which comes with them, if decimals are asked for.
    fn integers(&self, arguments: &Arguments) -> Result<Option<(Integers, i32)>> {
        if !arguments.decimal {
            return Ok(None);
        }
        let eps = self.eps.decimal.ok_or_else(|| Error::input("--eps has more than 38 digits: write fewer"))?;
        let (unit, [vectors, target, eps]) = in_common_unit([&self.vectors.decimals, &self.target.decimals, &[eps]])?;
        Ok(Some((Integers::new(vectors, self.dimension, target, eps[0])?, unit)))
    }
}

/// The vectors, a row each, and how many entries each has.
fn read_vectors(path: &Path, reading: Reading) -> Result<(Table, usize)> {
    let table = arrays::read(path, reading)?;
    let array = &table.array;
    let dimension = match array.shape[..] {
        [_] => 1,
        [_, dimension] => dimension,
        _ => {
            return Err(refused(path, array, "give n vectors of d entries as the rows of an n x d array"));
        }
    };
    if array.data.is_empty() {
        return Err(refused(path, array, "give at least one vector of at least one entry"));
    }
    if let Some(index) = array.data.iter().position(|x| !x.is_finite()) {
        let (row, column) = (index / dimension, index % dimension);
        return Err(Error::input(format!(
            "{}: entry {column} of vector {row} (both from 0) is {}: give finite numbers",
            path.display(),
            array.data[index]
        )));
    }
    Ok((table, dimension))
}

/// The target: as many numbers as a vector has, along one axis.
fn read_target(arguments: &Arguments, reading: Reading, dimension: usize, vectors: &Array) -> Result<Table> {
    let path = &arguments.target;
    // The target may have no index where the vectors have one.
    let reading = Reading { first_column: reading.first_column.filter(|&kind| kind == FirstColumn::Data), ..reading };
    let mut table = arrays::read(path, reading)?;
    if arguments.first_column == Some(ColumnKind::Index) && table.array.shape[..] == [1, dimension + 1] {
        table.array = Array { shape: vec![1, dimension], data: table.array.data.split_off(1) };
        table.decimals = table.decimals.split_off(table.decimals.len().min(1));
    }
    let array = &table.array;
    let axes = array.shape.iter().filter(|&&length| length != 1).count();
    if axes > 1 || array.data.len() != dimension {
        let remedy = format!(
            "give as many numbers as each vector of {} of the shape {} has, {dimension}{}",
            arguments.vectors.display(),
            vectors.shape_text(),
            likely_cause(dimension, vectors, array)
        );
        return Err(refused(path, array, &remedy));
    }
    match array.data.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::input(format!(
            "{}: entry {index} (from 0) of the target is {}: give finite numbers",
            path.display(),
            array.data[index]
        ))),
        None => Ok(table),
    }
}

/// Why the target may have another number of entries than the vectors.
fn likely_cause(dimension: usize, vectors: &Array, target: &Array) -> String {
    let entries = target.data.len();
    let whole = |array: &Array| array.data.iter().all(|x| x.fract() == 0.0);
    let cause = match entries {
        _ if vectors.shape.len() == 2 && vectors.shape[0] == entries => "transpose the vectors: they are the rows",
        _ if target.shape.len() == 2 && target.shape[1] == dimension => "give one row of the target only",
        _ if entries == 2 * dimension && whole(target) || 2 * entries == dimension && whole(vectors) => {
            "write decimal points, if these are decimal commas"
        }
        _ if entries + 1 == dimension => "delete the first column of the vectors, if it is an index",
        _ if entries == dimension + 1 => "delete the first number of the target, if it is an index",
        _ => return String::new(),
    };
    format!(" (or {cause})")
}

fn refused(path: &Path, array: &Array, remedy: &str) -> Error {
    Error::Shape(format!("{} has the shape {}: {remedy}", path.display(), array.shape_text()))
}

/// What came of a search.
struct Found {
    outcome: Outcome,
    solver: &'static str,
    /// What proves `none` before any search.
    exclusion: Option<Exclusion>,
    /// Whether no subset is nearer than the best one, where that was asked for.
    proved_nearest: Option<bool>,
}

/// The name, in the place of a solver's, of what proves `none` without one.
const BOUNDS: &str = "bounds";

/// Lets the solvers work; `progress` is given the least error so far.
fn search(
    arguments: &Arguments,
    problem: &Problem,
    interrupted: &AtomicBool,
    progress: &(dyn Fn(f64) + Sync),
) -> Found {
    let exclusion = bounds::excluded(problem);
    if exclusion.is_some() && !arguments.nearest {
        return Found { outcome: Outcome::None, solver: BOUNDS, exclusion, proved_nearest: None };
    }
    let deadline = Instant::now() + Duration::from_secs_f64(arguments.time_limit);
    let estimator = arguments.solver.map_or("automatic", |solver| solver.name());
    let mut stream = Address { seed: arguments.seed, experiment: "solve", cell: "", estimator, batch: 0 }.stream();
    let budget = Budget::until(deadline, interrupted, progress);
    if arguments.nearest {
        let nearest = subset_sum::nearest(problem, arguments.solver, &mut stream, &budget);
        let outcome = problem.found_or_gave_up(nearest.solution);
        return Found { outcome, solver: nearest.solver, exclusion, proved_nearest: Some(nearest.proved) };
    }
    let Answer { outcome, solver } = match arguments.solver {
        Some(solver) => Answer::of(solver, problem, &mut stream, &budget),
        None => subset_sum::solve(problem, &mut stream, &budget),
    };
    Found { outcome, solver, exclusion, proved_nearest: None }
}

/// How the search ended.
struct Stop {
    elapsed: Duration,
    interrupted: bool,
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    /// Indices from 0, sorted; missing where it is proved that there is no such subset, unless the nearest one is asked for.
    subset: Option<Vec<usize>>,
    error: Option<Number>,
    size: Option<usize>,
    seconds: Number,
    solver: &'static str,
    interrupted: bool,
    n: usize,
    dimension: usize,
    eps: Number,
    seed: u64,
    /// Whether sums and error are exact decimals.
    decimal: bool,
    /// Whether it is proved that no subset is nearer; missing without `--nearest`.
    proved_nearest: Option<bool>,
    /// What proves `none` before any search, or why the search gave up.
    reason: Option<String>,
    /// What the user should know of the files and the arithmetic.
    notes: Vec<String>,
    /// The size that was asked for.
    #[serde(skip)]
    asked: Option<usize>,
}

impl Report {
    fn new(
        arguments: &Arguments,
        input: &Input,
        problem: &Problem,
        integers: Option<(&Integers, i32)>,
        found: &Found,
        stop: &Stop,
    ) -> Self {
        let proved = found.exclusion.is_some() || found.proved_nearest == Some(true);
        let (status, solution): (_, Option<&Solution>) = match &found.outcome {
            Outcome::Found(solution) => ("found", Some(solution)),
            Outcome::None => ("none", None),
            Outcome::GaveUp { best } if proved => ("none", Some(best)),
            Outcome::GaveUp { best } => ("gave-up", Some(best)),
        };
        let error = |solution: &Solution| match integers {
            Some((integers, unit)) => decimal_text(integers.error(&solution.subset), unit),
            None => number(solution.error),
        };
        let reason = match &found.exclusion {
            Some(exclusion) => Some(exclusion.to_string()),
            None => (status == "gave-up").then(|| why_gave_up(arguments, problem, stop)),
        };
        let mut notes = [&input.vectors.notes[..], &input.target.notes[..]].concat();
        let missed = match found.proved_nearest {
            Some(true) => solution.map_or(0.0, |solution| solution.error),
            _ => bounds::least_error(problem),
        };
        let by_rounding = status != "found" && problem.eps().max(missed) <= problem.rounding();
        if by_rounding && (input.vectors.rounded || input.target.rounded) && !arguments.decimal {
            notes.push(DECIMALS.into());
        }
        Report {
            status,
            subset: solution.map(|solution| solution.subset.clone()),
            error: solution.map(|solution| json_number(error(solution))),
            size: solution.map(|solution| solution.subset.len()),
            seconds: json_number(format!("{:.3}", stop.elapsed.as_secs_f64())),
            solver: found.solver,
            interrupted: stop.interrupted,
            n: problem.len(),
            dimension: problem.dimension(),
            eps: json_number(number(input.eps.value)),
            seed: arguments.seed,
            decimal: arguments.decimal,
            proved_nearest: found.proved_nearest,
            reason,
            notes,
            asked: problem.size(),
        }
    }

    /// Whether Ctrl-C kept the search from an answer.
    fn is_cut_short(&self) -> bool {
        self.interrupted && self.status == "gave-up"
    }

    fn text(&self) -> String {
        let Report { n, dimension, .. } = self;
        let eps = self.eps.get();
        let what = match self.status {
            "found" => format!("a subset of the {n} vectors adds up to the target within eps = {eps}"),
            "none" => {
                let asked = self.asked.map_or(String::new(), |size| format!(" of {size}"));
                format!(
                    "it is proved that no subset{asked} of the {n} vectors adds up to the target within eps = {eps}"
                )
            }
            _ if self.interrupted => format!("interrupted; this is the best subset seen, and eps = {eps}"),
            _ => format!(
                "no subset within eps = {eps} was found, nor proved that there is none; this is the best one seen"
            ),
        };
        let mut text = format!("{}: {what}\n", self.status);
        if let Some(reason) = &self.reason {
            text += &format!("reason  {reason}\n");
        }
        if let Some(proved) = self.proved_nearest {
            let not = if proved { "" } else { "not " };
            text += &format!("nearest it is {not}proved that no other subset is nearer than this one\n");
        }
        if let (Some(subset), Some(size)) = (&self.subset, self.size) {
            let indices: String = subset.iter().map(|index| format!(" {index}")).collect();
            text += &format!("error   {}\nsize    {size}\nsubset {indices}\n", shown(&self.error));
        }
        for note in &self.notes {
            text += &format!("note    {note}\n");
        }
        text + &format!("solver  {}, {} s, n = {n}, dimension {dimension}", self.solver, self.seconds)
    }
}

/// Why a search ended with neither a subset within eps nor a proof.
fn why_gave_up(arguments: &Arguments, problem: &Problem, stop: &Stop) -> String {
    let is_forced = |solver: &dyn Solver| arguments.solver.is_some_and(|forced| forced.name() == solver.name());
    if stop.interrupted {
        return "interrupted".into();
    }
    if let Some(misfit) = exact::misfit(problem).filter(|_| is_forced(&Exact)) {
        return format!("{misfit}: leave out --solver, or give fewer vectors");
    }
    if stop.elapsed.as_secs_f64() >= arguments.time_limit {
        return format!("the time limit of {} s is over", arguments.time_limit);
    }
    if is_forced(&Balance::DEFAULT)
        || arguments.solver.is_none() && balance::is_for(problem.dimension(), problem.size())
    {
        return MORE_PASSES.into();
    }
    if is_forced(&Beam::DEFAULT) {
        return "the beam saw all subsets, but proves nothing: leave out --solver".into();
    }
    "more than a million subsets are as near as rounding can observe: give a larger --eps, or decimals and --decimal"
        .into()
}

/// Why a balance ends before its time.
const MORE_PASSES: &str = "more passes come no nearer: give a larger --eps";

/// What to do where sums of short decimals may miss the target by their rounding alone.
const DECIMALS: &str = "the files hold decimals, which binary numbers only come near: 0.1 + 0.2 is not 0.3 there. Add --decimal \
                        to add them up exactly, or give an --eps such as 1e-9";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_that_ends_before_anything_is_found_says_so() {
        assert_eq!(time_is_over(60.0, 0.5), "the time limit of 60 s is over");
        assert!(time_is_over(0.3, f64::INFINITY).ends_with("read three times: give a longer --time-limit"));
    }
}
