//! `lemmascope new`: writes an experiment to begin with, with comments that say what each line is for.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::json::pretty;
use super::print;
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::output::write_whole;
use crate::registry::find;
use crate::statement::{Cell, Domain, Hypothesis, Parameter};

#[derive(clap::Args)]
pub struct Arguments {
    /// The claim of the experiment.
    #[arg(required_unless_present = "own", conflicts_with = "own")]
    claim: Option<String>,
    /// Write a lemma of your own instead, with an experiment on it.
    #[arg(long)]
    own: bool,
    /// The file to write; by default my-CLAIM.toml, or my-lemma.toml.
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (name, text) = match &arguments.claim {
        Some(id) => {
            let claim = find(id)?;
            (format!("my-{}.toml", claim.id()), experiment(&claim, id))
        }
        None => ("my-lemma.toml".into(), OWN.to_string()),
    };
    let path = arguments.out.clone().unwrap_or_else(|| name.into());
    if path.exists() {
        return Err(Error::input(format!("{} is there already; name another file with --out", path.display())));
    }
    write_whole(&path, text.as_bytes())?;
    let next = format!("lemmascope run {}", path.display());
    print(&match arguments.json {
        true => pretty(&json!({ "path": path, "next": next })),
        false => format!("{} is written; measure it with\n    {next}", path.display()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// An experiment on a claim, at one cell that meets its hypotheses where one is found.
fn experiment(claim: &Claim, handle: &str) -> String {
    let about = claim.statement();
    let methods: Vec<&str> = claim.methods().iter().map(|method| method.name()).collect();
    let bounds = about.bound_names().join(", ");
    let cell = cell(claim);
    let mut text = format!(
        "# {}\n# {}\n# Measured is {}, {} the bound. Bounds: {bounds}.\nclaim = \"{handle}\"\ntitle = \"{}, my cells\"\n\
         # How: the most exact method alone without this line. One or more of {}.\n# methods = [\"{}\"]\n\n",
        about.source,
        about.statement.replace('\n', "\n# "),
        about.measured,
        about.relation.name(),
        about.source.replace('"', "'"),
        methods.join(", "),
        methods[0]
    );
    if !about.hypotheses.is_empty() {
        text += &format!("# Inside the hypotheses: {}.\n", about.hypothesis_names().join("; "));
    }
    text += "# Every combination of the values of a block is measured. A list has several; \"1..k\" is a range, \"1..1000 log 8\" eight of one.\n[[grid]]\n";
    for parameter in about.parameters.iter() {
        let value = cell.as_ref().and_then(|cell| cell.get(&parameter.name)).map(ToString::to_string);
        let value = value.or_else(|| parameter.default.clone()).unwrap_or_else(|| "1".into());
        let value = if value.parse::<f64>().is_ok() || value.starts_with('[') { value } else { format!("\"{value}\"") };
        text += &format!("{} = [{value}]  # {}: {}\n", parameter.name, parameter.meaning, parameter.domain);
    }
    let x = about.parameters.first().map_or("x", |parameter| &parameter.name);
    text + &format!(
        "\n# When a sample is large enough; what is exact needs none of it.\n# [precision]\n# replicates = 100000\n\n\
         # A bound of your own, beside the printed one: it goes above [[grid]].\n# bounds = [{{ name = \"draft\", expr = \"{}\" }}]\n\n\
         # A figure, where the grid has several values of {x}.\n# [[plot]]\n# name = \"slack\"\n# title = \"How near the bound is\"\n# x = \"{x}\"\n# y = \"slack\"\n",
        about.formula(crate::statement::PRINTED).replace('"', "'")
    )
}

/// Values to try for a parameter, the plainest first.
fn candidates(parameter: &Parameter) -> Vec<String> {
    let numbers: &[&str] = match parameter.domain {
        Domain::Integer(..) => &["4", "2", "1", "16", "64", "256", "1000", "10000", "1000000"],
        Domain::Real(_) => &["0.1", "0.5", "1", "2", "10", "0.01"],
        Domain::Word(_) | Domain::Vector { .. } | Domain::Text(_) => &[],
    };
    let words = match &parameter.domain {
        Domain::Word(words) | Domain::Vector { words, .. } => words.clone(),
        _ => Vec::new(),
    };
    let all = parameter.default.iter().cloned().chain(words).chain(numbers.iter().map(|number| number.to_string()));
    let mut all: Vec<String> = all.filter(|text| parameter.parse(text).is_ok()).collect();
    all.dedup();
    all
}

/// The first of some combinations that meets all hypotheses, or else the first that is a cell at all.
fn cell(claim: &Claim) -> Option<Cell> {
    // Some hypotheses take milliseconds; the tries are spread over all combinations.
    const MOST: usize = 60;
    const STEP: usize = 7919;
    let parameters = &claim.statement().parameters;
    let values: Vec<Vec<String>> = parameters.iter().map(candidates).collect();
    let total = values.iter().map(Vec::len).product::<usize>();
    let combination = |mut number: usize| {
        let choose = |(parameter, values): (&Parameter, &Vec<String>)| {
            let value = values[number % values.len()].clone();
            number /= values.len();
            (parameter.name.clone(), value)
        };
        parameters.iter().zip(&values).map(choose).collect::<Vec<_>>()
    };
    let cells = (0..total.min(MOST)).filter_map(|number| {
        let given = combination(number * STEP % total);
        claim.cell(given.iter().map(|(name, value)| (name.as_str(), value.as_str()))).ok()
    });
    let mut first = None;
    for cell in cells {
        if claim.hypotheses(&cell).iter().all(Hypothesis::is_met) {
            return Some(cell);
        }
        first.get_or_insert(cell);
    }
    first
}

/// A lemma of one's own.
const OWN: &str = r#"# A lemma of your own and an experiment on it; the handbook's page your-own-lemma has the language.
title = "Hoeffding's inequality"

[claim]
id = "my-lemma"
# The words, as a paper has them.
statement = "For independent X_i in {0, 1} with mean p and t > 0: Pr(sum X - n p >= t) <= exp(-2 t^2/n)."
source = "my notes"
# Names with domains: "1..1e6" are whole numbers, "0<..<1" reals, ["a", "b"] words.
parameters = { n = "1..1e6", p = "0<..<1", t = "0<..1e6" }
# What is drawn, and the event whose probability is measured (or mean = ..., or quantile = ...).
draw = { X = "iid(n, bernoulli(p))", S = "sum(X)" }
event = "S - n*p >= t"
# What is claimed of it. Bounds beside the printed one are compared with it.
relation = "at-most"
bounds = { printed = "exp(-2*t^2/n)", careless = "exp(-4*t^2/n)" }

# Every combination of these values is measured.
[[grid]]
n = [10, 100, 1000]
p = [0.1, 0.5]
t = [1, 5, 20]

[[plot]]
name = "slack"
title = "How near the bound is"
x = "n"
y = "slack"
series = "t"
panels = "p"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::registry::claims;

    /// What is written is an experiment, inside the hypotheses wherever they can be met without a large grid.
    #[test]
    fn every_claim_has_an_experiment_to_begin_with() {
        for claim in claims() {
            let text = experiment(claim, claim.id());
            let read =
                Experiment::parse("new", &text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", claim.id()));
            assert_eq!(read.cells.len(), 1, "{text}");
        }
        assert!(Experiment::parse("own", OWN).unwrap().cells.len() == 18);
    }
}
