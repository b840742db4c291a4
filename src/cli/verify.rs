//! `lemmascope verify`: computes a certificate again: of a claim, and compares every field, or of a network, and compares every bound.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::json::pretty;
use super::print;
use crate::error::{Error, Result};
use crate::falsify::certify::{field, read, summary, verify};
use crate::registry::{find, theorems};
use crate::tickets::pruning::Proof;

#[derive(clap::Args)]
pub struct Arguments {
    /// The certificate.
    #[arg(value_name = "FILE.json")]
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let text = std::fs::read_to_string(&arguments.file).map_err(Error::read(&arguments.file))?;
    let summary = verified(&text).map_err(|error| error.at(arguments.file.display()))?;
    print(&if arguments.json {
        pretty(&json!({ "verified": true, "certificate": summary }))
    } else {
        format!("verified: {summary}")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What a certificate says, if it is right.
fn verified(text: &str) -> Result<String> {
    if Proof::is_one(text) {
        let proof = Proof::read(text)?;
        proof.verify()?;
        return Ok(proof.summary());
    }
    let certificate = read(text)?;
    let id = field(&certificate, "claim")?;
    // A claim of a user's file has no theorems.
    let claim = find(id).map_err(|error| error.at("claim"))?;
    verify(&claim, &theorems(&claim), &certificate)?;
    Ok(summary(&certificate))
}
