//! What makes the program pleasant: experiments to begin with, dry runs, filters, completions, manuals, schemas.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

const EXPERIMENT: &str = include_str!("common/small.toml");

fn lemmascope(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).args(arguments).assert()
}

#[test]
fn new_writes_what_run_measures() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, file) in [(["new", "nsn-box"], "my-nsn-box.toml"), (["new", "--own"], "my-lemma.toml")] {
        lemmascope(folder.path(), &arguments)
            .success()
            .stdout(predicate::str::contains(format!("lemmascope run {file}")));
        lemmascope(folder.path(), &["run", file, "--quiet", "--effort", "quick"]).success();
        lemmascope(folder.path(), &arguments).code(2).stderr(predicate::str::contains("is there already"));
    }
    assert!(
        std::fs::read_to_string(folder.path().join("my-nsn-box.toml"))
            .unwrap()
            .contains("# Inside the hypotheses: k >= 16;")
    );
    // The careless bound of the lemma that is written is false somewhere on its grid.
    let records = std::fs::read_to_string(folder.path().join("results/my-lemma.csv")).unwrap();
    assert!(records.lines().any(|row| row.contains(",careless,") && row.contains(",violated,")));
    lemmascope(folder.path(), &["new"]).code(2);
    lemmascope(folder.path(), &["new", "nsn-bx"]).code(2).stderr(predicate::str::contains("unknown claim"));
}

#[test]
fn a_dry_run_measures_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    lemmascope(folder.path(), &["run", "small.toml", "--dry-run"]).success().stdout(
        predicate::str::contains("small: 12 cells by quadrature, conditional, literal, 108 rows")
            .and(predicate::str::contains("MB of memory")),
    );
    assert!(!folder.path().join("results").exists());
    let output =
        lemmascope(folder.path(), &["run", "small.toml", "--dry-run", "--json"]).success().get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!((&json["experiments"][0]["cells"], &json["unknown"]), (&12.into(), &36.into()));
}

#[test]
fn a_filter_takes_experiments_by_name_or_claim() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        std::fs::write(folder.path().join(format!("{name}.toml")), EXPERIMENT.replace("[64, 4096]", "64")).unwrap();
    }
    lemmascope(folder.path(), &["run", "one.toml", "two.toml", "-k", "tw", "--quiet", "-v"]).success().stderr(
        predicate::str::contains("two: 6 cells")
            .and(predicate::str::contains("source"))
            .and(predicate::str::contains("one:").not()),
    );
    assert!(folder.path().join("results/two.csv").exists() && !folder.path().join("results/one.csv").exists());
    lemmascope(folder.path(), &["run", "one.toml", "-k", "nsn", "--quiet", "--effort", "quick"]).success();
    lemmascope(folder.path(), &["check", "one.toml", "-k", "three"])
        .code(2)
        .stderr(predicate::str::contains("-k three: no experiment has that in its name or claim; there are one"));
}

#[test]
fn shells_and_manuals_have_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let verbs = predicate::str::contains("falsify")
            .and(predicate::str::contains("threshold"))
            .and(predicate::str::contains("export"));
        lemmascope(folder.path(), &["completions", shell]).success().stdout(verbs);
    }
    lemmascope(folder.path(), &["man", "--out", "man"]).success();
    for verb in ["", "-run", "-check", "-falsify", "-export"] {
        let page = std::fs::read_to_string(folder.path().join(format!("man/lemmascope{verb}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH OPTIONS"), "{verb}");
        assert!(verb.is_empty() || page.contains("Examples:"), "{verb}");
    }
    lemmascope(folder.path(), &["schema", "evaluate"])
        .success()
        .stdout(predicate::str::contains("\"$ref\": \"#/$defs/evaluate\""));
    lemmascope(folder.path(), &["schema", "man"]).code(2).stderr(predicate::str::contains("write one of"));
}

/// No escape sequence of a terminal reaches a pipe, with and without NO_COLOR.
#[test]
fn pipes_have_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["run", "--nope"], &["evaluate", "nope"]] {
        for colour in ["", "1"] {
            let mut command = Command::cargo_bin("lemmascope").unwrap();
            let output = command.current_dir(folder.path()).env("NO_COLOR", colour).args(arguments).output().unwrap();
            assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{arguments:?}");
        }
    }
}
