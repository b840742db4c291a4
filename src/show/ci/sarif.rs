//! SARIF 2.1.0, as code scanning takes it.

use serde_json::{Value, json};

use super::{Gate, Group, Rule};
use crate::hash::sha256_hex;

/// One result a bound that fails by a rule.
pub fn json(gate: &Gate) -> String {
    let rules = Rule::ALL.map(|rule| {
        json!({
            "id": rule.name(),
            "shortDescription": { "text": rule.text() },
            "defaultConfiguration": { "level": level(rule) },
        })
    });
    let results: Vec<Value> = gate.groups().iter().map(result).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "lemmascope", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).expect("texts and numbers are JSON") + "\n"
}

fn level(rule: Rule) -> &'static str {
    if rule.is_warning() { "warning" } else { "error" }
}

fn result(group: &Group) -> Value {
    let case = group.first;
    let place = |(path, line): &(std::path::PathBuf, usize)| {
        // A relative reference; what a URI cannot hold is written in percents.
        let uri = path.to_string_lossy().replace('\\', "/").replace('%', "%25").replace(' ', "%20");
        json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": line } } })
    };
    let index = Rule::ALL.iter().position(|rule| *rule == group.rule);
    let mark = sha256_hex(format!("{} {} {}", case.experiment, case.bound, group.rule.name()).as_bytes());
    json!({
        "ruleId": group.rule.name(),
        "ruleIndex": index,
        "level": level(group.rule),
        "message": { "text": group.text() },
        "locations": case.place.iter().map(place).collect::<Vec<_>>(),
        "partialFingerprints": { "experimentBoundRule/v1": &mark[..16] },
        "properties": { "cell": case.cell, "method": case.method, "cells": group.count, "command": case.command },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::gate;
    use super::*;

    #[test]
    fn every_failing_bound_is_a_result() {
        let log: Value = serde_json::from_str(&gate().sarif()).unwrap();
        let run = &log["runs"][0];
        assert_eq!((log["version"].as_str(), run["results"].as_array().unwrap().len()), (Some("2.1.0"), 3));
        let first = &run["results"][0];
        assert_eq!(first["ruleId"], "violated");
        assert_eq!(run["tool"]["driver"]["rules"][first["ruleIndex"].as_u64().unwrap() as usize]["id"], "violated");
        assert_eq!(first["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
        assert_eq!(first["properties"]["cells"], 2);
        assert_eq!(run["results"][1]["level"], "warning");
        assert_eq!(run["results"][2]["locations"], json!([]));
    }
}
