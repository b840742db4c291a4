//! The soundness study: the harness's own claims at a tenth of their size. No level that is promised may be found broken.

use assert_cmd::Command;

#[test]
fn no_promised_level_is_found_broken() {
    let out = tempfile::tempdir().unwrap();
    let harness = ["coverage", "draws", "false-verdicts"].map(|name| format!("experiments/harness/{name}.toml"));
    let options = ["--effort", "quick", "--fail-on", "violated", "--quiet", "--out"];
    let mut run = Command::cargo_bin("lemmascope").unwrap();
    run.arg("run").args(harness).args(options).arg(out.path()).assert().success();
}
