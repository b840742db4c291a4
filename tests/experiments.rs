//! Every committed experiment is a test: it parses, and its cells are distinct and can be measured by its methods.

use std::path::Path;

use lemmascope::claims::REGISTRY;
use lemmascope::experiment::{Experiment, read_all};

fn experiments() -> Vec<Experiment> {
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    read_all(&[]).unwrap()
}

#[test]
fn every_claim_has_an_experiment_with_a_plot() {
    let experiments = experiments();
    for claim in REGISTRY {
        let id = claim.about().id;
        let mut its = experiments.iter().filter(|experiment| experiment.claim.about().id == id);
        assert!(its.any(|experiment| !experiment.plots.is_empty()), "{id} has no experiment with a plot");
    }
}

#[test]
fn every_cell_can_be_measured_by_every_method_of_its_experiment() {
    for experiment in experiments() {
        for cell in &experiment.cells {
            for method in &experiment.methods {
                if let Err(error) = experiment.claim.estimator(cell, *method) {
                    panic!("{}: {}: {error}", experiment.name, cell.key());
                }
            }
        }
    }
}

/// The README quotes the committed run.
#[test]
fn the_readme_shows_the_committed_verdicts() {
    let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let readme = read("README.md");
    let summary = read("results/summary.md");
    for line in summary.lines().filter(|line| line.starts_with('|')) {
        assert!(readme.contains(line), "the README lacks {line}");
    }
}
