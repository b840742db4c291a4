//! What gates leave for machines, and two folders of records side by side.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

const EXPERIMENT: &str = include_str!("common/small.toml");

fn lemmascope(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("lemmascope").unwrap();
    command.current_dir(folder).env("GITHUB_STEP_SUMMARY", folder.join("summary.md")).args(arguments).assert()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    folder
}

/// `tests/schemas/validate.sh` validates the files; here is what they say.
#[test]
fn a_gate_speaks_to_machines() {
    let folder = folder();
    let machines = ["--format", "github", "--junit", "gate.xml", "--sarif", "gate.sarif", "--quiet"];
    let with = |start: &[&'static str]| [start, &machines].concat();
    lemmascope(folder.path(), &with(&["run", "small.toml", "--fail-on", "violated"]))
        .code(1)
        .stdout(predicate::str::starts_with("::error file=small.toml,line=1,title=small%3A violated::printed at k="))
        .stderr("");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        read("summary.md").contains("### lemmascope: fail")
            && read("summary.md").contains("`lemmascope evaluate nsn-box")
    );
    // 12 cells, judged by the printed bound; at d = 16 it fails.
    let xml = read("gate.xml");
    assert_eq!((xml.matches("<testcase ").count(), xml.matches("<failure ").count()), (12, 4), "{xml}");
    let sarif: Value = serde_json::from_str(&read("gate.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
    lemmascope(folder.path(), &with(&["check", "small.toml"])).success().stdout("");
    assert!(read("summary.md").contains("### lemmascope: pass"), "{}", read("summary.md"));
    assert_eq!(read("gate.xml").matches("<failure ").count(), 0);
    lemmascope(folder.path(), &["check", "small.toml", "--junit", "nowhere/gate.xml"])
        .code(2)
        .stderr(predicate::str::contains("make the folder nowhere"));
    lemmascope(folder.path(), &["check", "small.toml", "--json", "--format", "github"]).code(2);
}

#[test]
fn two_folders_stand_side_by_side() {
    let folder = folder();
    lemmascope(folder.path(), &["run", "small.toml", "--quiet"]).success();
    lemmascope(folder.path(), &["diff", "results", "results"])
        .success()
        .stdout("compared 108 verdicts; nothing differs\n");
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT.replace("[1, 4, 16]", "[4, 16, 32]")).unwrap();
    lemmascope(folder.path(), &["run", "small.toml", "--quiet", "--out", "other"]).success();
    lemmascope(folder.path(), &["diff", "results", "other"])
        .code(1)
        .stdout(predicate::str::contains("not in the first").and(predicate::str::contains("not in the second")));
    let output = lemmascope(folder.path(), &["diff", "results", "other", "--json"]).code(1).get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).unwrap();
    assert!(json["changed"].as_array().unwrap().iter().any(|changed| changed["change"] == "gone"), "{json}");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    lemmascope(folder.path(), &["diff", "results", "empty"])
        .code(2)
        .stderr(predicate::str::contains("empty holds no records"));
}
