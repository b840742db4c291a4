//! `lemmascope claims`: lists the claims, explains one, or prints the index of the paper.

use std::process::ExitCode;

use serde_json::json;

use super::print;
use crate::claim::Claim;
use crate::error::Result;
use crate::registry::{SUBJECTS, claims, find};
use crate::statement::{PRINTED, Reading};

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim to explain; by default all are listed.
    claim: Option<String>,
    /// Print every numbered statement and equation of the paper, and what judges it, as Markdown.
    #[arg(long, conflicts_with = "claim")]
    index: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.index {
        for subject in SUBJECTS {
            let index = subject.index();
            let text = index.markdown(subject);
            print(&if arguments.json { format!("{:#}", index.json(subject)) } else { text.trim_end().to_string() })?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen: Vec<Claim> = match &arguments.claim {
        Some(id) => vec![find(id)?],
        None => claims().cloned().collect(),
    };
    if arguments.json {
        let all: Vec<serde_json::Value> = chosen.iter().map(to_json).collect();
        let value = if arguments.claim.is_some() { all[0].clone() } else { json!(all) };
        print(&format!("{value:#}"))?;
    } else if arguments.claim.is_some() {
        print(&explain(&chosen[0]))?;
    } else {
        let width = chosen.iter().map(|claim| claim.statement().id.len()).max().unwrap_or(0);
        for claim in chosen {
            let about = claim.statement();
            print(&format!("{:width$}  {}", about.id, about.source))?;
        }
        print("\nlemmascope claims CLAIM explains one.")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(claim: &Claim) -> String {
    let about = claim.statement();
    let methods: Vec<&str> = claim.methods().iter().map(|method| method.name()).collect();
    let mut text = format!(
        "{} - {}\n\n{}\n\nmeasured  {}\nrelation  {}\nprinted   {}\nmethods   {}\n\nparameters\n",
        about.id,
        about.source,
        about.statement,
        about.measured,
        about.relation.name(),
        about.formula(PRINTED),
        methods.join(", ")
    );
    let width = about.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or(0);
    for parameter in about.parameters.iter() {
        let default = parameter.default.as_ref().map(|value| format!(" (default {value})")).unwrap_or_default();
        text += &format!("  {:width$}  {}: {}{default}\n", parameter.name, parameter.meaning, parameter.domain);
    }
    if !about.constants.is_empty() {
        text += &format!("\nthe statement says only that there are such constants: {}\n", about.constants.join(", "));
    }
    if !about.readings.is_empty() {
        text += "\nreadings\n";
    }
    for Reading { bound, text: reading, taken, why } in &about.readings {
        text += &format!("  {bound}{}: {reading} ({why})\n", if *taken { ", taken" } else { "" });
    }
    text.trim_end().to_string()
}

fn to_json(claim: &Claim) -> serde_json::Value {
    let about = claim.statement();
    let parameters: Vec<_> = about
        .parameters
        .iter()
        .map(|p| json!({ "name": p.name, "meaning": p.meaning, "permitted": p.domain.to_string(), "default": p.default }))
        .collect();
    let readings: Vec<_> = about
        .readings
        .iter()
        .map(|Reading { bound, text, taken, why }| json!({ "bound": bound, "text": text, "taken": taken, "why": why }))
        .collect();
    json!({
        "id": about.id,
        "source": about.source,
        "statement": about.statement,
        "measured": about.measured,
        "relation": about.relation.name(),
        "printed": about.formula(PRINTED),
        "methods": claim.methods().iter().map(|method| method.name()).collect::<Vec<_>>(),
        "parameters": parameters,
        "constants": about.constants,
        "readings": readings,
    })
}
