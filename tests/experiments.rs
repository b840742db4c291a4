//! Every committed experiment is a test: it parses, and its cells are distinct and can be measured by its methods.

use std::path::Path;

use lemmascope::evidence::Method;
use lemmascope::experiment::{Experiment, read_all};
use lemmascope::registry::claims;

fn experiments() -> Vec<Experiment> {
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    read_all(&[]).unwrap()
}

#[test]
fn every_claim_has_an_experiment_of_its_name_with_a_plot() {
    let experiments = experiments();
    for claim in claims() {
        let id = claim.id();
        let experiment = experiments.iter().find(|experiment| experiment.name == id);
        let experiment = experiment.unwrap_or_else(|| panic!("write experiments/{id}.toml"));
        assert_eq!(experiment.claim.id(), id);
        assert!(!experiment.plots.is_empty(), "experiments/{id}.toml has no plot");
    }
}

/// Those that take too long for the default run.
fn long_experiments() -> Vec<Experiment> {
    let files = ["balance-error", "pruned-lenet"].map(|name| format!("experiments/lenet/{name}.toml").into());
    read_all(&files).unwrap()
}

#[test]
fn every_cell_can_be_measured_by_every_method_of_its_experiment() {
    for experiment in experiments().into_iter().chain(long_experiments()) {
        for cell in &experiment.cells {
            for method in &experiment.methods {
                if let Err(error) = experiment.claim.estimator(cell, *method) {
                    panic!("{}: {}: {error}", experiment.name, cell.key());
                }
            }
        }
    }
}

/// In the committed records, every sampled interval holds what quadrature or the closed form says of its cell. The run's
/// intervals miss the truth with probability at most 1e-3 in all.
#[test]
fn the_levels_of_evidence_agree_in_the_committed_records() {
    let mut compared = 0;
    let exact = [Method::ClosedForm, Method::Quadrature];
    let compares = |experiment: &&Experiment| experiment.methods.len() > 1 && exact.contains(&experiment.methods[0]);
    for experiment in experiments().iter().filter(compares) {
        let path = format!("results/{}.csv", experiment.name);
        let records = lemmascope::record::read(Path::new(&path)).unwrap();
        let exact_method = experiment.methods[0].name();
        for exact in records.iter().filter(|record| record.columns["method"] == exact_method) {
            // What is exactly 0 has no ln.
            let ln = exact.ln_measured.unwrap_or(f64::NEG_INFINITY);
            let of_cell =
                |record: &&lemmascope::record::Record| (&record.key, &record.bound) == (&exact.key, &exact.bound);
            for record in records.iter().filter(of_cell).filter(|record| record.columns["method"] != exact_method) {
                let method = &record.columns["method"];
                assert!(record.ln_lo <= ln && ln <= record.ln_hi, "{}: {} by {method}", experiment.name, record.key);
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

/// The README shows those findings of the committed page that are more than slips of the pen, and no older ones.
#[test]
fn the_readme_shows_the_findings_that_were_found() {
    let table = |text: &str| {
        let rows = text.lines().skip_while(|line| !line.starts_with("| statement | kind |"));
        rows.take_while(|line| line.starts_with('|')).map(String::from).collect::<Vec<_>>()
    };
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let (readme, mut page) = (table(&read("README.md")), table(&read("results/findings.md")));
    page.retain(|row| !row.contains("| slip of the pen |"));
    assert!(page.len() > 3, "the page has no table of findings");
    assert_eq!(readme, page, "splice the table of results/findings.md into the README, without the slips of the pen");
}
