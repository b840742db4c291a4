//! The program: parse, dispatch, and turn an error into a message and an exit code.

use std::process::ExitCode;

use clap::Parser;
use lemmascope::cli::{Cli, dispatch, note};

fn main() -> ExitCode {
    match dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            note(&format!("lemmascope: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}
