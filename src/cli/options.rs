//! Groups of options that verbs share.

use super::{DEFAULT_ALPHA, DEFAULT_SEED, EffortName, parse_alpha, parse_seconds, parse_seed};

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
