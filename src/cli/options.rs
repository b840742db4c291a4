//! Groups of options that verbs share.

use std::path::PathBuf;

use clap::ValueEnum;

use super::print;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, read_all};
use crate::output::{refuse_folder, write_together};
use crate::show::ci::Gate;

use super::{DEFAULT_ALPHA, DEFAULT_SEED, EffortName, parse_alpha, parse_seconds, parse_seed};

/// Which experiments a verb takes.
#[derive(clap::Args)]
pub struct ExperimentArguments {
    /// The experiments' files; by default all in the folder experiments.
    pub files: Vec<PathBuf>,
    /// Of them only those whose name or claim contains this.
    #[arg(short = 'k', value_name = "FILTER")]
    filter: Option<String>,
}

impl ExperimentArguments {
    /// The experiments.
    ///
    /// # Errors
    /// As [`read_all`], and where none is left.
    pub fn read(&self) -> Result<Vec<Experiment>> {
        let mut experiments = read_all(&self.files)?;
        if let Some(filter) = &self.filter {
            let names: Vec<String> = experiments.iter().map(|experiment| experiment.name.clone()).collect();
            experiments
                .retain(|experiment| experiment.name.contains(filter) || experiment.printed.id().contains(filter));
            if experiments.is_empty() {
                return Err(Error::input(format!(
                    "-k {filter}: no experiment has that in its name or claim; there are {}",
                    names.join(", ")
                )));
            }
        }
        Ok(experiments)
    }

    /// Whether all experiments of the folder are taken.
    pub fn is_all(&self) -> bool {
        self.files.is_empty() && self.filter.is_none()
    }
}

/// What sampling depends on.
#[derive(clap::Args)]
pub struct SamplingArguments {
    /// The chance of error of everything that is sampled, together.
    #[arg(long, default_value_t = DEFAULT_ALPHA, value_parser = parse_alpha)]
    pub alpha: f64,
    /// The seed of the random streams.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = parse_seed)]
    pub seed: u64,
}

/// What a verb may start.
#[derive(clap::Args)]
pub struct CommandArguments {
    /// Start the commands with which claims of files draw (command = [...]): only for files that you trust.
    #[arg(long)]
    allow_commands: bool,
}

impl CommandArguments {
    /// The option for a command line that is written for later, after a space; nothing where it was not given.
    pub fn option(&self) -> &'static str {
        if self.allow_commands { " --allow-commands" } else { "" }
    }

    /// Allows what is allowed.
    pub fn apply(&self) {
        if self.allow_commands {
            crate::measurand::outside::allow();
        }
    }
}

/// How long a verb may take, and how it speaks.
#[derive(clap::Args)]
pub struct WatchArguments {
    /// A time limit in seconds. What is known by then is shown, with exit code 4.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = parse_seconds)]
    pub time_limit: Option<f64>,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// How a verb measures whole experiments.
#[derive(clap::Args)]
pub struct MeasuringArguments {
    #[command(flatten)]
    pub commands: CommandArguments,
    /// The number of threads; by default one per core. The records do not depend on it.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How many replicates to spend.
    #[arg(long, value_enum, default_value = "default")]
    pub effort: EffortName,
    /// Continue an interrupted run of the same design, and refuse what a run of another design has left. What a run of the
    /// same design has measured is reused without this option too.
    #[arg(long)]
    pub resume: bool,
    /// Measure everything again, and reuse nothing that earlier runs have kept.
    #[arg(long)]
    pub fresh: bool,
    /// A time limit in seconds. What is measured by then is kept, with exit code 4; --resume continues.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = parse_seconds)]
    pub time_limit: Option<f64>,
}

/// How a gate shows what fails.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// Annotations at the experiments' lines, and a summary of the step, for GitHub.
    Github,
}

/// What a gate leaves for a server of continuous integration.
#[derive(clap::Args)]
pub struct CiArguments {
    /// How failures are shown; github also appends a summary to the file that GITHUB_STEP_SUMMARY names.
    #[arg(long, value_enum, default_value = "text", conflicts_with = "json")]
    format: Format,
    /// Write every judged verdict to this file as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write what fails to this file as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
}

impl CiArguments {
    /// Refuses files that cannot be written, before anything is measured.
    ///
    /// # Errors
    /// Names the file.
    pub fn check(&self) -> Result<()> {
        for file in [&self.junit, &self.sarif].into_iter().flatten() {
            refuse_folder(file)?;
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                let (file, folder) = (file.display(), folder.display());
                return Err(Error::input(format!(
                    "{file} cannot be written: make the folder {folder}, or name another file"
                )));
            }
        }
        Ok(())
    }

    /// Whether annotations stand for lines for people.
    pub fn annotates(&self) -> bool {
        self.format == Format::Github
    }

    /// Writes the files, the annotations and the summary that are asked for.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write(&self, gate: &Gate) -> Result<()> {
        let junit = self.junit.iter().map(|path| (path, gate.junit()));
        let files: Vec<(&PathBuf, String)> = junit.chain(self.sarif.iter().map(|path| (path, gate.sarif()))).collect();
        write_together(&files)?;
        if !self.annotates() {
            return Ok(());
        }
        if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) {
            use std::io::Write;
            // Other steps write there too.
            let file = std::fs::File::options().create(true).append(true).open(&path);
            file.and_then(|mut file| file.write_all(gate.summary().as_bytes())).map_err(Error::write(&path))?;
        }
        match gate.annotations().trim_end() {
            "" => Ok(()),
            annotations => print(annotations),
        }
    }
}
