//! The command line: one file a verb.

mod certify;
mod check;
mod claims;
mod diff;
mod dry_run;
mod evaluate;
mod examples;
mod export;
mod falsify;
mod json;
mod merge;
mod new;
mod options;
mod plot;
mod progress;
mod prune;
mod report;
mod run;
mod schema;
mod shell;
mod slurm;
mod solve;
mod threshold;
mod trace;
mod verify;
mod watch;
mod what_if;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand, ValueEnum};

use crate::error::{Error, Result};
use crate::run::Effort;

/// Puts lemmas about random quantities to the test: those of "Convolutional neural networks contain structured strong lottery tickets",
/// and your own, which a file FILE.toml declares.
///
/// Exit codes: 0 done; 1 a violated bound, under --fail-on violated, or, in check, a difference from the baseline; 2 bad input or usage; 3 undecided, under --strict;
/// 4 interrupted, at the time limit, or incomplete; 5 a cell of a run could not be measured, or a defect of this program.
///
/// Every verb that shows something takes --json: standard output holds one JSON document then, in case of an error {"error", "kind", "exit_code"}, where kind is
/// usage, input, read, write, interrupted, unreachable or defect; lemmascope schema prints the schema. Messages and progress go to standard
/// error, without colours where NO_COLOR is set.
#[derive(Parser)]
#[command(name = "lemmascope", version)]
pub struct Cli {
    /// Say more of what is done, on standard error.
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    verb: Verb,
}

/// Whether more is said.
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Prints a line to standard error where more is asked for.
fn detail(text: &str) {
    if VERBOSE.load(Ordering::Relaxed) {
        note(text);
    }
}

#[derive(Subcommand)]
enum Verb {
    /// Measure experiments, judge their bounds, and write records, plots and a summary.
    #[command(after_help = examples::RUN)]
    Run(run::Arguments),
    /// Join the shards that run --shard has measured into the records, plots and summary of the whole run.
    #[command(after_help = examples::MERGE)]
    Merge(merge::Arguments),
    /// Write a script that measures a run as an array job of Slurm, and merges it.
    #[command(after_help = examples::SLURM)]
    Slurm(slurm::Arguments),
    /// List the claims, or explain one.
    #[command(after_help = examples::CLAIMS)]
    Claims(claims::Arguments),
    /// Measure one cell of one claim.
    #[command(after_help = examples::EVALUATE)]
    Evaluate(evaluate::Arguments),
    /// Write the report and the page of findings from the records.
    #[command(after_help = examples::REPORT)]
    Report(report::Arguments),
    /// Measure again, and fail where a verdict differs from the baseline's.
    #[command(after_help = examples::CHECK)]
    Check(check::Arguments),
    /// Compare the records of two folders: what is gone, new, moved, or judged otherwise.
    ///
    /// Exit codes: 0 nothing differs; 1 something does; 2 bad input.
    #[command(after_help = examples::DIFF)]
    Diff(diff::Arguments),
    /// Evaluate a claim's proof link by link at one cell.
    #[command(after_help = examples::TRACE)]
    Trace(trace::Arguments),
    /// Find the value of a parameter from which on a claim's probability reaches a level.
    #[command(after_help = examples::THRESHOLD)]
    Threshold(threshold::Arguments),
    /// Search for a subset of vectors that adds up to a target.
    ///
    /// The vectors are an n x d array in a .npy file or text (a row a line), the target has d numbers. The answer is found
    /// (a subset within eps), none (proved: there is no such subset) or gave-up (neither, with the best subset seen and the
    /// reason). Text may have a header, an index with an empty or missing name, quoted numbers and decimal commas between
    /// semicolons, tabs or blanks; what is ambiguous is refused until --first-line or --first-column resolves it.
    /// Exit codes: 0 answered; 2 bad input; 4 given up because of Ctrl-C.
    #[command(after_help = examples::SOLVE)]
    Solve(solve::Arguments),
    /// Prune whole filters of a random network until it approximates a target network.
    ///
    /// Writes the pruned dense network, the masks as index lists, a certificate of its errors, a record of each layer and a picture.
    /// Exit codes: 0 done; 2 bad input; 4 interrupted (continue with --resume).
    #[command(after_help = examples::PRUNE)]
    Prune(prune::Arguments),
    /// Search the region that the hypotheses allow for a cell at which a bound fails.
    #[command(after_help = examples::FALSIFY)]
    Falsify(falsify::Arguments),
    /// Prove, in exact numbers that others can compute again, that a bound fails at a cell.
    ///
    /// Writes a certificate: the statement, the hypotheses with how they were checked, and one inequality between rational numbers.
    /// Exit codes: 0 proved; 2 no theorem proves it there (the message says why, and what is possible).
    #[command(after_help = examples::CERTIFY)]
    Certify(certify::Arguments),
    /// Compute a certificate again from the claim and the cell that it names, and compare every field.
    #[command(after_help = examples::VERIFY)]
    Verify(verify::Arguments),
    /// Write figures, tables and data for a paper, from records.
    ///
    /// figures/ has SVG and PDF at a column's width, pgfplots/ sources with their data, tables/ LaTeX and Markdown, data/ the records as
    /// a data package; CITATION.cff says how to cite the program.
    #[command(after_help = examples::EXPORT)]
    Export(export::Arguments),
    /// Draw the plots of experiments again, from their records.
    #[command(after_help = examples::PLOT)]
    Plot(plot::Arguments),
    /// Write an experiment to begin with, on a claim or on a lemma of your own.
    #[command(after_help = examples::NEW)]
    New(new::Arguments),
    /// Print what completes verbs and options in a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(shell::CompletionArguments),
    /// Write manual pages, one a verb.
    #[command(after_help = examples::MAN)]
    Man(shell::ManArguments),
    /// Print the JSON schema of what verbs print under --json.
    #[command(after_help = examples::SCHEMA)]
    Schema(schema::Arguments),
}

/// Carries out a command line.
///
/// # Errors
/// Whatever stops the verb, with its exit code.
pub fn dispatch(cli: Cli) -> Result<ExitCode> {
    VERBOSE.store(cli.verbose, Ordering::Relaxed);
    detail(&format!("lemmascope {}, source {}", env!("CARGO_PKG_VERSION"), crate::record::REVISION));
    watch::listen()?;
    crate::harness::claims().into_iter().try_for_each(crate::registry::register)?;
    match cli.verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Merge(arguments) => merge::run(&arguments),
        Verb::Slurm(arguments) => slurm::run(&arguments),
        Verb::Claims(arguments) => claims::run(&arguments),
        Verb::Evaluate(arguments) => evaluate::run(&arguments),
        Verb::Report(arguments) => report::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Diff(arguments) => diff::run(&arguments),
        Verb::Trace(arguments) => trace::run(&arguments),
        Verb::Threshold(arguments) => threshold::run(&arguments),
        Verb::Solve(arguments) => solve::run(&arguments),
        Verb::Prune(arguments) => prune::run(&arguments),
        Verb::Falsify(arguments) => falsify::run(&arguments),
        Verb::Certify(arguments) => certify::run(&arguments),
        Verb::Verify(arguments) => verify::run(&arguments),
        Verb::Export(arguments) => export::run(&arguments),
        Verb::Plot(arguments) => plot::run(&arguments),
        Verb::New(arguments) => new::run(&arguments),
        Verb::Completions(arguments) => shell::complete(&arguments),
        Verb::Man(arguments) => shell::man(&arguments),
        Verb::Schema(arguments) => schema::run(&arguments),
    }
}

/// The chance that any verdict at all is wrong, where none is asked for.
const DEFAULT_ALPHA: f64 = 1e-3;
/// The seed, where none is asked for.
const DEFAULT_SEED: u64 = 1;

#[derive(Clone, Copy, ValueEnum)]
enum EffortName {
    /// A tenth of the replicates.
    Quick,
    /// As the experiments say.
    Default,
    /// Twenty times as many.
    Paper,
}

impl EffortName {
    /// As it is written.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
    }
}

impl From<EffortName> for Effort {
    fn from(name: EffortName) -> Self {
        match name {
            EffortName::Quick => Effort::Quick,
            EffortName::Default => Effort::Default,
            EffortName::Paper => Effort::Paper,
        }
    }
}

/// What makes a verb fail.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum FailOn {
    /// A violated bound.
    Violated,
    /// A violated bound, or a refuted constant of a claim that says only that there is one.
    Refuted,
}

/// The threads that `--threads` asks for; all cores without it.
fn thread_pool(threads: Option<u16>) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0).into())
        .build()
        .map_err(|error| Error::input(format!("cannot start threads ({error}); name fewer with --threads")))
}

/// Reads `--alpha`: a chance of error.
fn parse_alpha(text: &str) -> std::result::Result<f64, String> {
    let alpha: f64 = text.parse().map_err(|_| format!("write a number such as 1e-3, not {text:?}"))?;
    if (1e-200..1.0).contains(&alpha) { Ok(alpha) } else { Err("write a number from 1e-200 to below 1".into()) }
}

/// Reads a count, also as 1e5.
fn parse_count(text: &str) -> std::result::Result<u64, String> {
    let value = text.parse::<f64>().ok().filter(|x| x.trunc() == *x && (1.0..=1e15).contains(x));
    value.map(|x| x as u64).ok_or_else(|| "write a whole number from 1 to 1e15".into())
}

/// Reads `--seed`.
fn parse_seed(text: &str) -> std::result::Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}", u64::MAX))
}

/// Reads `--time-limit`.
fn parse_seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=1e6).contains(seconds));
    seconds.ok_or_else(|| "write a number of seconds from 0.01 to 1e6".into())
}

/// Prints a line to standard error; nobody has to be listening there.
pub fn note(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a line to standard output; a reader that has gone away (`| head`) is not an error.
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}").and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Print(error)),
        _ => Ok(()),
    }
}

/// Says what went wrong, under `--json` as an object too; returns the exit code.
pub fn fail(error: &Error) -> u8 {
    note(&format!("lemmascope: {error}"));
    print_error(&error.to_string(), error.kind(), error.exit_code());
    error.exit_code()
}

/// Reads the command line. Where that fails, or asks for help, the program ends.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            print_error(error.to_string().trim_end(), "usage", USAGE);
        }
        error.exit()
    })
}

/// The exit code of a command line that means nothing.
const USAGE: u8 = 2;

/// The error as an object, where `--json` asks for one. What is printed there is all that standard output holds.
fn print_error(error: &str, kind: &str, exit_code: u8) {
    if std::env::args_os().any(|argument| argument == "--json") {
        // Nobody may be listening there.
        let _ = print(&json::pretty(&serde_json::json!({ "error": error, "kind": kind, "exit_code": exit_code })));
    }
}
