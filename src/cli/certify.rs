//! `lemmascope certify`: a proof, in exact numbers, that a bound fails at a cell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use super::evaluate::assignments;
use super::json::pretty;
use super::print;
use crate::certificate::Point;
use crate::error::Result;
use crate::falsify::certify::{certify, summary};
use crate::output::write_whole;
use crate::registry::{find, theorems};
use crate::statement::PRINTED;

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim.
    claim: String,
    /// One parameter, as NAME=VALUE; repeat it. What the certificate does not depend on need not be given.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The bound that fails.
    #[arg(long, value_name = "NAME", default_value = PRINTED)]
    bound: String,
    /// The file to write; without it, the certificate is printed.
    #[arg(long, value_name = "FILE.json")]
    out: Option<PathBuf>,
    /// Print JSON, as is done without --out.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let claim = find(&arguments.claim)?;
    let given: Point = assignments(&arguments.set)?.into_iter().collect();
    let certificate = certify(&claim, &theorems(&claim), &arguments.bound, &given)?;
    if let Some(file) = &arguments.out {
        write(file, &certificate)?;
    }
    match &arguments.out {
        Some(file) if !arguments.json => print(&format!("{}\nwritten to {}", summary(&certificate), file.display()))?,
        _ => print(&pretty(&certificate))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a certificate.
pub fn write(file: &Path, certificate: &Value) -> Result<()> {
    write_whole(file, (pretty(certificate) + "\n").as_bytes())
}
