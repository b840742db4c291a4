//! The program: parse, dispatch, and turn an error into a message and an exit code.

use std::process::ExitCode;

use lemmascope::cli::{dispatch, fail, parse};

fn main() -> ExitCode {
    dispatch(parse()).unwrap_or_else(|error| ExitCode::from(fail(&error)))
}
