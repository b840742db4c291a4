//! The records of a results folder with the experiments that define them: what every page is made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::joined::Set;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::record::{self, Record};

/// Experiments with their records, by name, and why other records of the folder are left out.
pub struct Folder {
    sets: Vec<(Experiment, Vec<Record>)>,
    /// One line for each file of records that is left out.
    pub left_out: Vec<String>,
}

impl Folder {
    /// Reads the records of these experiments, and those of every other experiment in `out` whose definition lies beside one
    /// of `files` or in the folder `experiments`.
    ///
    /// # Errors
    /// Where records of the experiments named are missing, unreadable or of another design.
    pub fn read(out: &Path, named: Vec<Experiment>, files: &[PathBuf]) -> Result<Self> {
        let mut sets = BTreeMap::new();
        for experiment in named {
            let records = read_own(&experiment, out)?;
            sets.insert(experiment.name.clone(), (experiment, records));
        }
        let mut left_out = Vec::new();
        for name in record_files(out)? {
            if sets.contains_key(&name) {
                continue;
            }
            match definition(&name, files).and_then(|experiment| Ok((read_own(&experiment, out)?, experiment))) {
                Ok((records, experiment)) => drop(sets.insert(name, (experiment, records))),
                Err(error) => left_out.push(format!("{name}.csv is left out: {error}")),
            }
        }
        Ok(Folder { sets: sets.into_values().collect(), left_out })
    }

    /// The experiments with their records, by name.
    pub fn sets(&self) -> Vec<Set<'_>> {
        self.sets.iter().map(|(experiment, records)| (experiment, records.as_slice())).collect()
    }

    /// How the records were made: by which programs, with which seeds, and the chance that any verdict is wrong.
    pub fn origin(&self) -> String {
        let records = || self.sets.iter().flat_map(|(_, records)| records);
        let distinct = |text: fn(&Record) -> String| {
            let mut all: Vec<String> = records().map(text).collect();
            all.sort();
            all.dedup();
            all.join(", ")
        };
        // One interval a cell and method, beside all bounds; one a cell for all links of a proof.
        let mut shares: BTreeMap<(&str, &str, &str), f64> = BTreeMap::new();
        for (experiment, records) in &self.sets {
            for record in records {
                let method = if experiment.chain { "" } else { record.method() };
                let share = shares.entry((&experiment.name, &record.key, method)).or_insert(0.0);
                *share = record.alpha.max(*share);
            }
        }
        format!(
            "lemmascope {}; seed {}; {} cells by one method each; chance that any verdict is wrong at most {}.",
            distinct(|record| record.revision.clone()),
            distinct(|record| record.seed.clone()),
            shares.len(),
            round(shares.values().sum())
        )
    }
}

/// A chance of error without the rounding of its many shares.
fn round(alpha: f64) -> String {
    format!("{alpha:.3e}").parse().map(crate::numeric::number).unwrap_or_default()
}

/// The records of an experiment, if they are of its design.
///
/// # Errors
/// Where they are missing, unreadable, or of another design.
pub fn read_own(experiment: &Experiment, out: &Path) -> Result<Vec<Record>> {
    let path = out.join(format!("{}.csv", experiment.name));
    let records = record::read(&path)?;
    match records.iter().find(|record| record.design != experiment.design) {
        Some(_) => Err(Error::OtherDesign(format!(
            "{} holds records of another design than {}.toml has now (other claim, bounds, conditions, cells, methods or \
             precision); measure it again with lemmascope run",
            path.display(),
            experiment.name
        ))),
        None => Ok(records),
    }
}

/// The names of the files of records in a folder.
///
/// # Errors
/// Where the folder cannot be read.
pub fn record_files(out: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(out).map_err(Error::read(out))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let csv = paths.filter(|path| path.extension().is_some_and(|ending| ending == "csv") && record::is_records(path));
    let mut names: Vec<String> = csv.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string())).collect();
    names.sort();
    Ok(names)
}

/// The experiment of this name, from beside one of the files or the folder `experiments`.
fn definition(name: &str, files: &[PathBuf]) -> Result<Experiment> {
    let folders = files.iter().filter_map(|file| file.parent()).chain([Path::new("experiments")]);
    let path = folders.map(|folder| folder.join(format!("{name}.toml"))).find(|path| path.is_file());
    match path {
        Some(path) => Experiment::read(&path),
        None => Err(Error::input(format!("no {name}.toml lies beside the files named or in the folder experiments"))),
    }
}
