//! `lemmascope solve`: a subset of given vectors that adds up to a given target.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::json::{Number, json_number, pretty, shown};
use super::progress::Telling;
use super::{DEFAULT_SEED, interruptible, parse_seconds, print};
use crate::arrays::{self, Array};
use crate::error::{Error, Result};
use crate::numeric::number;
use crate::random::Address;
use crate::subset_sum::{self, Answer, Budget, Outcome, Problem, SOLVERS, Solution, Solver};

#[derive(clap::Args)]
pub struct Arguments {
    /// The n x d vectors: a .npy file, or text with a vector a line. One axis alone is n numbers.
    #[arg(long, value_name = "FILE")]
    vectors: PathBuf,
    /// The target: d numbers, in a .npy file or as text.
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// How far the sum may be from the target, in the max norm.
    #[arg(long, allow_negative_numbers = true, value_parser = parse_eps)]
    eps: f64,
    /// How many vectors the subset must have; any number without it.
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = parse_size)]
    size: Option<usize>,
    /// The seconds that the search may take, once the files are read.
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
    /// The solver; without it, those that fit the size of the problem.
    #[arg(long, value_name = "NAME", value_parser = find_solver)]
    solver: Option<&'static dyn Solver>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

fn parse_eps(text: &str) -> std::result::Result<f64, String> {
    let eps = text.parse::<f64>().ok().filter(|eps| *eps >= 0.0 && eps.is_finite());
    eps.ok_or_else(|| "write a finite number, at least 0".into())
}

fn find_solver(name: &str) -> std::result::Result<&'static dyn Solver, String> {
    let names = || SOLVERS.iter().map(|solver| solver.name()).collect::<Vec<_>>().join(", ");
    SOLVERS.iter().find(|solver| solver.name() == name).copied().ok_or_else(|| format!("the solvers are {}", names()))
}

fn parse_size(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 on, not {text:?}"))
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (vectors, dimension) = read_vectors(&arguments.vectors)?;
    let target = read_target(&arguments.target, dimension, arguments, &vectors)?;
    let problem = Problem::new(&vectors.data, dimension, &target.data, arguments.eps, arguments.size)
        .map_err(|error| Error::input(format!("{}: {error}", arguments.vectors.display())))?;
    let interrupted = interruptible("stopping; the best subset so far is shown. Ctrl-C again stops at once")?;
    let start = Instant::now();
    let answer = search(arguments, &problem, &interrupted);
    let report = Report::new(arguments, &problem, &answer, start.elapsed(), interrupted.load(Ordering::Relaxed));
    print(&if arguments.json { pretty(&report) } else { report.text() })?;
    Ok(if report.is_cut_short() { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// The vectors, a row each, and how many entries each has.
fn read_vectors(path: &Path) -> Result<(Array, usize)> {
    let array = arrays::read(path)?;
    let dimension = match array.shape[..] {
        [_] => 1,
        [_, dimension] => dimension,
        _ => {
            return Err(refused(path, &array, "give n vectors of d entries as the rows of an n x d array"));
        }
    };
    if array.data.is_empty() {
        return Err(refused(path, &array, "give at least one vector of at least one entry"));
    }
    if let Some(index) = array.data.iter().position(|x| !x.is_finite()) {
        let (row, column) = (index / dimension, index % dimension);
        return Err(Error::input(format!(
            "{}: entry {column} of vector {row} (both from 0) is {}: give finite numbers",
            path.display(),
            array.data[index]
        )));
    }
    Ok((array, dimension))
}

/// The target: as many numbers as a vector has, along one axis.
fn read_target(path: &Path, dimension: usize, arguments: &Arguments, vectors: &Array) -> Result<Array> {
    let array = arrays::read(path)?;
    let axes = array.shape.iter().filter(|&&length| length != 1).count();
    if axes > 1 || array.data.len() != dimension {
        let transposed = vectors.shape.len() == 2 && vectors.shape[0] == array.data.len();
        let hint = if transposed { " (or transpose the vectors: they are the rows)" } else { "" };
        let mend = format!(
            "give as many numbers as each vector of {} of the shape {} has, {dimension}{hint}",
            arguments.vectors.display(),
            vectors.shape_text()
        );
        return Err(refused(path, &array, &mend));
    }
    match array.data.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::input(format!(
            "{}: entry {index} (from 0) of the target is {}: give finite numbers",
            path.display(),
            array.data[index]
        ))),
        None => Ok(array),
    }
}

fn refused(path: &Path, array: &Array, mend: &str) -> Error {
    Error::input(format!("{} has the shape {}: {mend}", path.display(), array.shape_text()))
}

/// Lets the solvers work while the progress is shown.
fn search(arguments: &Arguments, problem: &Problem, interrupted: &AtomicBool) -> Answer {
    let deadline = Instant::now() + Duration::from_secs_f64(arguments.time_limit);
    let estimator = arguments.solver.map_or("automatic", |solver| solver.name());
    let mut stream = Address { seed: arguments.seed, experiment: "solve", cell: "", estimator, batch: 0 }.stream();
    watched(arguments.quiet, |progress| {
        let budget = Budget::until(deadline, interrupted, progress);
        match arguments.solver {
            Some(solver) => Answer { outcome: solver.solve(problem, &mut stream, &budget), solver: solver.name() },
            None => subset_sum::solve(problem, &mut stream, &budget),
        }
    })
}

/// How often the line on a terminal changes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Does the work, which tells the least error so far, while another thread shows it.
fn watched<T>(quiet: bool, work: impl FnOnce(&(dyn Fn(f64) + Sync)) -> T) -> T {
    let telling = Telling::new(quiet);
    // Numbers that are not negative are in the order of their bits.
    let least = AtomicU64::new(f64::INFINITY.to_bits());
    let stand = |seconds: f64| match f64::from_bits(least.load(Ordering::Relaxed)) {
        f64::INFINITY => format!("{seconds:.0} s"),
        error => format!("{seconds:.0} s, best error so far {error:.3e}"),
    };
    let result = std::thread::scope(|scope| {
        // When the work ends, in whatever way, the sender is gone, and the other thread ends too.
        let (_working, ended) = mpsc::channel::<()>();
        scope.spawn(|| {
            let ended = ended;
            while ended.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
                telling.show(stand);
            }
        });
        work(&|error| {
            least.fetch_min(error.abs().to_bits(), Ordering::Relaxed);
        })
    });
    telling.finish();
    result
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    /// Indices from 0, sorted; none where it is proved that there is no such subset.
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
    /// The size that was asked for.
    #[serde(skip)]
    asked: Option<usize>,
}

impl Report {
    fn new(arguments: &Arguments, problem: &Problem, answer: &Answer, time: Duration, interrupted: bool) -> Self {
        let (status, solution): (_, Option<&Solution>) = match &answer.outcome {
            Outcome::Found(solution) => ("found", Some(solution)),
            Outcome::None => ("none", None),
            Outcome::GaveUp { best } => ("gave-up", Some(best)),
        };
        Report {
            status,
            subset: solution.map(|solution| solution.subset.clone()),
            error: solution.map(|solution| json_number(number(solution.error))),
            size: solution.map(|solution| solution.subset.len()),
            seconds: json_number(format!("{:.3}", time.as_secs_f64())),
            solver: answer.solver,
            interrupted,
            n: problem.len(),
            dimension: problem.dimension(),
            eps: json_number(number(problem.eps())),
            seed: arguments.seed,
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
        if let (Some(subset), Some(size)) = (&self.subset, self.size) {
            let indices: String = subset.iter().map(|index| format!(" {index}")).collect();
            text += &format!("error   {}\nsize    {size}\nsubset {indices}\n", shown(&self.error));
        }
        text + &format!("solver  {}, {} s, n = {n}, dimension {dimension}", self.solver, self.seconds)
    }
}
