//! The records as a data package of Frictionless Data, with a schema of every column; and how to cite the program.

use serde_json::{Value, json};
use strum::VariantArray;

use super::{Export, File};
use crate::experiment::Experiment;
use crate::hash::sha256_hex;
use crate::record;
use crate::statement::{Domain, Parameter};
use crate::verdict::Verdict;

/// The columns that all records have: their type, and what they mean.
const COLUMNS: [(&str, &str, &str); 29] = [
    ("claim", "string", "the claim's id"),
    ("experiment", "string", "the experiment's name"),
    ("measured", "number", "the measured value; missing where nothing was decided, or where it has no decimal digits"),
    ("ln_measured", "number", "ln of the measured value; missing for 0"),
    ("lo", "number", "the lower limit of the measured value"),
    ("hi", "number", "the upper limit of the measured value; missing where there is none"),
    ("method", "string", "how it was measured"),
    ("work", "integer", "replicates, points or steps that were spent"),
    ("bound", "string", "the bound's name, or that of a link of the proof"),
    ("bound_value", "number", "the bound's value"),
    ("ln_bound", "number", "ln of the bound's value; missing where it is not positive"),
    ("slack_log10", "number", "log10 of how far the measured value is on the claimed side; negative is the wrong side"),
    ("hypotheses_met", "boolean", "whether all hypotheses are met"),
    ("unmet", "string", "the hypotheses that are unmet or unknown, parted by semicolons"),
    ("vacuous", "boolean", "whether the bound says nothing"),
    ("verdict", "string", "what the evidence says about the bound"),
    ("seed", "integer", "the run's seed"),
    ("version", "string", "the program's version"),
    ("relation", "string", "on which side of the bound the measured value is claimed to lie"),
    ("formula", "string", "the bound's formula, or the link as it is printed"),
    ("what_if", "string", "what was changed in the claim's hypotheses and relation"),
    ("ln_lo", "number", "ln of the lower limit; missing for 0"),
    ("ln_hi", "number", "ln of the upper limit; missing where there is none"),
    ("alpha", "number", "the share of the chance of error that the interval took"),
    ("design", "string", "a hash of the experiment's design"),
    ("revision", "string", "a hash of the program's source"),
    ("least_constant", "number", "the constant above which a link holds that is claimed for large ones"),
    ("reason", "string", "why nothing was measured"),
    ("worst_law", "string", "the law that a search over a family of laws found"),
];

/// The tables of records, and the package that describes them.
pub fn files(export: &Export) -> Vec<File> {
    let resource = |(experiment, _): &(&Experiment, &[record::Record])| {
        let (_, bytes) = export.records.iter().find(|(name, _)| *name == experiment.name)?;
        let file = (format!("data/{}.csv", experiment.name), bytes.clone());
        Some((resource(experiment, bytes), file))
    };
    let (resources, mut files): (Vec<Value>, Vec<File>) = export.sets.iter().filter_map(resource).unzip();
    let package = json!({
        "name": "lemmascope-records",
        "title": "Measured values beside stated bounds",
        "description": export.origin,
        "profile": "tabular-data-package",
        "version": env!("CARGO_PKG_VERSION"),
        "licenses": [{ "name": "MIT", "path": "https://opensource.org/licenses/MIT", "title": "MIT License" }],
        "resources": resources,
    });
    let text = serde_json::to_string_pretty(&package).expect("texts and numbers are JSON") + "\n";
    files.push(("data/datapackage.json".into(), text.into_bytes()));
    files
}

/// The table of an experiment, with its schema.
fn resource(experiment: &Experiment, bytes: &[u8]) -> Value {
    let parameters = &experiment.claim.statement().parameters;
    let field = |name: &String| match COLUMNS.iter().find(|(known, ..)| known == name) {
        Some((_, kind, meaning)) => {
            let mut field = json!({ "name": name, "type": kind, "description": meaning });
            if name == "verdict" {
                field["constraints"] = json!({ "required": true, "enum": Verdict::VARIANTS.iter().map(|verdict| verdict.name()).collect::<Vec<_>>() });
            }
            field
        }
        None => parameter(parameters.iter().find(|parameter| parameter.name == *name)),
    };
    let fields: Vec<Value> = record::header(parameters).iter().map(field).collect();
    json!({
        // Names of resources have no capitals.
        "name": experiment.name.to_lowercase(),
        "path": format!("{}.csv", experiment.name),
        "title": experiment.title,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": bytes.len(),
        "hash": format!("sha256:{}", sha256_hex(bytes)),
        "schema": { "fields": fields, "missingValues": [""] },
    })
}

fn parameter(parameter: Option<&Parameter>) -> Value {
    let Some(Parameter { name, meaning, domain, .. }) = parameter else { return json!({}) };
    let kind = match domain {
        Domain::Integer(..) => "integer",
        Domain::Real(_) => "number",
        Domain::Word(_) | Domain::Vector { .. } | Domain::Text(_) => "string",
    };
    json!({ "name": name, "type": kind, "description": format!("{meaning}; {domain}") })
}

/// How to cite the program, in the Citation File Format.
pub fn citation() -> String {
    format!(
        "cff-version: 1.2.0\nmessage: If you use these figures or records, please cite the program.\ntitle: lemmascope\n\
         abstract: {}\ntype: software\nversion: {}\nlicense: MIT\nauthors:\n  - name: The developers of lemmascope\n",
        env!("CARGO_PKG_DESCRIPTION").replace(':', ","),
        env!("CARGO_PKG_VERSION"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::claims;

    #[test]
    fn every_column_is_described() {
        for claim in claims() {
            let parameters = &claim.statement().parameters;
            for name in record::header(parameters) {
                let is_parameter = parameters.iter().any(|parameter| parameter.name == name);
                assert!(is_parameter || COLUMNS.iter().any(|(known, ..)| *known == name), "{name}");
            }
        }
        assert!(COLUMNS.iter().all(|(name, ..)| record::is_column(name)));
    }

    #[test]
    fn the_citation_has_what_the_format_asks_for() {
        let text = citation();
        for key in ["cff-version", "message", "title", "authors", "version"] {
            assert!(text.contains(&format!("{key}: ")) || text.contains(&format!("{key}:\n")), "{key}: {text}");
        }
    }
}
