//! `lemmascope diff`: two folders of results side by side.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::json::pretty;
use super::print;
use crate::error::{Error, Result};
use crate::record::{self, Record};
use crate::show::report::diff::{Change, Differences};
use crate::show::report::folder::record_files;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of records that was there before.
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The folder of records that came after.
    #[arg(value_name = "B")]
    after: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (before, after) = (names(&arguments.before)?, names(&arguments.after)?);
    let mut differences = Differences::default();
    for name in before.union(&after) {
        let of = |folder: &Path, names: &BTreeSet<String>| -> Result<Vec<Record>> {
            if names.contains(name) { record::read(&folder.join(format!("{name}.csv"))) } else { Ok(Vec::new()) }
        };
        differences.add(name, &of(&arguments.before, &before)?, &of(&arguments.after, &after)?);
    }
    if arguments.json {
        let meanings: serde_json::Map<String, serde_json::Value> = Change::ALL
            .into_iter()
            .map(|change| (json!(change).as_str().unwrap_or_default().to_string(), json!(change.meaning())))
            .collect();
        let Differences { compared, changed } = &differences;
        print(&pretty(&json!({
            "before": arguments.before,
            "after": arguments.after,
            "compared": compared,
            "changed": changed,
            "meanings": meanings,
        })))?;
    } else {
        print(&differences.text())?;
    }
    Ok(ExitCode::from(u8::from(!differences.changed.is_empty())))
}

/// The names of the records in a folder, of which there must be some.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let names: BTreeSet<String> = record_files(folder)?.into_iter().collect();
    if names.is_empty() {
        let folder = folder.display();
        return Err(Error::input(format!("{folder} holds no records; lemmascope run --out {folder} writes some")));
    }
    Ok(names)
}
