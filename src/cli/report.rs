//! `lemmascope report`: the finding page, from the records.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::print;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, read_all};
use crate::output::write_whole;
use crate::record::{self, Record};
use crate::report::{self, Search};

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments; without any, all of the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records, where the page goes too; what searches found is read from its folder falsify.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// Print JSON: the page's path and text.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let experiments = read_all(&arguments.files)?;
    let records = record::read_all(experiments.iter().map(|e| e.name.as_str()), &arguments.out)?;
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
    let (path, text) = (out.join("findings.md"), report::markdown(sets, &searches(out)?, origin));
    write_whole(&path, text.as_bytes())?;
    Ok((path, text))
}

/// What searches left in the folder `falsify` of the records: the JSON that `lemmascope falsify` prints, by name.
fn searches(out: &Path) -> Result<Vec<Search>> {
    let folder = out.join("falsify");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        serde_json::from_str(&text).map_err(|error| {
            Error::input(format!("{}: {error}; write it with lemmascope falsify CLAIM --json", path.display()))
        })
    };
    paths.iter().map(read).collect()
}
