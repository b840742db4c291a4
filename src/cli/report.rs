//! `lemmascope report`: the finding page, from the records.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::print;
use crate::error::Result;
use crate::experiment::{Experiment, read_all};
use crate::output::write_whole;
use crate::record::{self, Record};
use crate::report;

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments; without any, all of the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records, where the page goes too.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// Print JSON: the page's path and text.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let experiments = read_all(&arguments.files)?;
    let records = experiments
        .iter()
        .map(|experiment| record::read(&arguments.out.join(format!("{}.csv", experiment.name))))
        .collect::<Result<Vec<_>>>()?;
    let sets: Vec<(&Experiment, &[Record])> = experiments.iter().zip(records.iter().map(Vec::as_slice)).collect();
    let (path, text) = write(&sets, &arguments.out, "From the records in this folder.")?;
    print(&match arguments.json {
        true => format!("{:#}", json!({ "path": path, "text": text })),
        false => text,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page; returns its path and its text.
pub fn write(sets: &[(&Experiment, &[Record])], out: &Path, origin: &str) -> Result<(PathBuf, String)> {
    let (path, text) = (out.join("findings.md"), report::markdown(sets, origin));
    write_whole(&path, text.as_bytes())?;
    Ok((path, text))
}
