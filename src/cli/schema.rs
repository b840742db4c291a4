//! `lemmascope schema`: the JSON schema of what verbs print under --json.

use std::process::ExitCode;

use serde_json::Value;

use super::json::pretty;
use super::print;
use crate::error::{Error, Result};

/// One definition a verb, and one of errors. `tests/schemas/validate.py` validates what every verb prints.
const SCHEMA: &str = include_str!("schema.json");

#[derive(clap::Args)]
pub struct Arguments {
    /// The verb, or error; by default all.
    verb: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut schema: Value = serde_json::from_str(SCHEMA).expect("the schema is part of the program and tested");
    if let Some(verb) = &arguments.verb {
        let known =
            schema["$defs"].as_object().map(|verbs| verbs.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        if !known.contains(verb) {
            return Err(Error::input(format!("{verb:?} prints no JSON; write one of {}", known.join(", "))));
        }
        schema["$ref"] = format!("#/$defs/{verb}").into();
    }
    print(&pretty(&schema))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_verb_that_prints_json() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let mut command = <crate::cli::Cli as clap::CommandFactory>::command();
        command.build();
        for verb in command.get_subcommands() {
            let has_json = verb.get_arguments().any(|argument| argument.get_long() == Some("json"));
            assert_eq!(schema["$defs"].get(verb.get_name()).is_some(), has_json, "{}", verb.get_name());
        }
        assert!(schema["$defs"]["error"].is_object());
    }
}
