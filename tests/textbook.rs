//! The textbook's lemmas: each true form is nowhere called false, and each careless one is found to be.

use std::path::{Path, PathBuf};

use lemmascope::record::Record;

/// Runs all experiments of the textbook at reduced effort; returns each with its records.
fn records(out: &Path) -> Vec<(String, Vec<Record>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/textbook");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut command = assert_cmd::Command::cargo_bin("lemmascope").unwrap();
    command.arg("run").args(&files).args(["--effort", "quick", "--quiet", "--out"]).arg(out).assert().success();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let read = |name: String| {
        let records = lemmascope::record::read(&out.join(format!("{name}.csv"))).unwrap();
        (name, records)
    };
    files.iter().map(name).map(read).collect()
}

#[test]
fn careless_bounds_are_found_false_and_true_ones_are_not() {
    let out = tempfile::tempdir().unwrap();
    let all = records(out.path());
    assert!(all.len() >= 25, "only {} lemmas", all.len());
    for (name, records) in &all {
        let violated = |bound: &str| {
            let of = records.iter().filter(|record| record.bound == bound && !record.outside());
            of.filter(|record| record.verdict.name() == "violated").map(|record| record.key.clone()).next()
        };
        assert_eq!(violated("printed"), None, "{name}");
        assert!(violated("careless").is_some(), "{name}: no cell refutes the careless bound");
        assert!(records.iter().any(|record| record.bound == "printed" && record.verdict.name() == "holds"), "{name}");
    }
    let findings = std::fs::read_to_string(out.path().join("findings.md")).unwrap();
    assert!(findings.contains("## Szarek (1976) (`khintchine`)"), "{findings}");
}
