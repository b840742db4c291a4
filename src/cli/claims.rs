//! `lemmascope claims`: lists the claims, or explains one.

use std::process::ExitCode;

use serde_json::json;

use super::print;
use crate::claims::{Claim, REGISTRY, find};
use crate::error::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim to explain; without it, all are listed.
    claim: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let chosen: Vec<&dyn Claim> = match &arguments.claim {
        Some(id) => vec![find(id)?],
        None => REGISTRY.to_vec(),
    };
    if arguments.json {
        let all: Vec<serde_json::Value> = chosen.iter().map(|claim| to_json(*claim)).collect();
        let value = if arguments.claim.is_some() { all[0].clone() } else { json!(all) };
        print(&format!("{value:#}"))?;
    } else if arguments.claim.is_some() {
        print(&explain(chosen[0]))?;
    } else {
        let width = chosen.iter().map(|claim| claim.about().id.len()).max().unwrap_or(0);
        for claim in chosen {
            let about = claim.about();
            print(&format!("{:width$}  {}", about.id, about.source))?;
        }
        print("\nlemmascope claims CLAIM explains one.")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(claim: &dyn Claim) -> String {
    let about = claim.about();
    let methods: Vec<&str> = about.methods.iter().map(|method| method.name()).collect();
    let mut text = format!(
        "{} - {}\n\n{}\n\nmeasured  {}\nrelation  {}\nprinted   {}\nmethods   {}\n\nparameters\n",
        about.id,
        about.source,
        about.statement,
        about.measured,
        about.relation.name(),
        about.formula,
        methods.join(", ")
    );
    let width = about.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or(0);
    for parameter in about.parameters {
        let default = parameter.default.map(|value| format!(" (default {value})")).unwrap_or_default();
        text += &format!("  {:width$}  {}: {}{default}\n", parameter.name, parameter.meaning, parameter.domain);
    }
    text.trim_end().to_string()
}

fn to_json(claim: &dyn Claim) -> serde_json::Value {
    let about = claim.about();
    let parameters: Vec<_> = about
        .parameters
        .iter()
        .map(|p| json!({ "name": p.name, "meaning": p.meaning, "permitted": p.domain.to_string(), "default": p.default }))
        .collect();
    json!({
        "id": about.id,
        "source": about.source,
        "statement": about.statement,
        "measured": about.measured,
        "relation": about.relation.name(),
        "printed": about.formula,
        "methods": about.methods.iter().map(|method| method.name()).collect::<Vec<_>>(),
        "parameters": parameters,
    })
}
