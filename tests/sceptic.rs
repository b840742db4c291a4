//! The tools of a sceptic through the binary: what-if bounds, traces, the finding page and the gate.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn lemmascope(folder: &Path, arguments: &[&str]) -> Output {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{}", stderr(output)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const CELL: [&str; 8] = ["--set", "k=4096", "--set", "d=12", "--set", "eps=0.1", "--set", "target=axis"];

fn at_cell(verb: &str, more: &[&str]) -> Output {
    let arguments: Vec<&str> = [verb, "nsn-box"].iter().chain(&CELL).chain(more).copied().collect();
    lemmascope(Path::new("."), &arguments)
}

#[test]
fn a_drafted_bound_gets_its_own_verdict() {
    let draft = "draft=1/16*(2*eps/sqrt(2*pi*(1+2*sqrt(c_d)+2*c_d)*k))^d";
    let output = at_cell("evaluate", &["--bound", draft, "--where", "k >= d^2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    let bounds = report["bounds"].as_array().unwrap();
    let find = |name: &str| bounds.iter().find(|bound| bound["name"] == name).unwrap();
    assert_eq!(find("printed")["verdict"], "violated");
    assert_eq!(find("draft")["verdict"], "holds");
    // The same formula as the claim's own repair.
    let (draft, own) = (find("draft")["ln"].as_f64().unwrap(), find("two-pi")["ln"].as_f64().unwrap());
    assert!((draft - own).abs() < 1e-12 * own.abs());
    let hypotheses = report["hypotheses"].as_array().unwrap();
    assert!(hypotheses.iter().any(|hypothesis| hypothesis["name"] == "k >= d^2" && hypothesis["met"] == true));
}

#[test]
fn hypotheses_are_dropped_and_relations_turned() {
    let output = lemmascope(
        Path::new("."),
        &["evaluate", "overlap-tail", "--set", "n=1", "--set", "k=1", "--set", "d=2", "--without", "k >= d", "--json"],
    );
    let report = json(&output);
    assert_eq!(report["outside"], false);
    assert_eq!(report["bounds"][0]["verdict"], "violated");
    let turned = json(&at_cell("evaluate", &["--relation", "at-most", "--json"]));
    assert_eq!(turned["relation"], "at-most");
    assert_eq!(turned["bounds"][0]["verdict"], "holds");
}

#[test]
fn wrong_formulas_are_refused_with_their_place() {
    for (option, text, message) in [
        ("--bound", "a=2 eps", "an operator such as * is missing"),
        ("--bound", "a=2*n", "n is unknown"),
        ("--bound", "2*k", "write --bound NAME=EXPR"),
        ("--where", "k", "a comparison is missing"),
        ("--without", "k > 16", "\"k >= 16\""),
        ("--relation", "below", "at-least or at-most"),
    ] {
        let output = at_cell("evaluate", &[option, text]);
        assert_eq!(output.status.code(), Some(2), "{option} {text}");
        assert!(stderr(&output).contains(message), "{option} {text}: {}", stderr(&output));
    }
}

#[test]
fn a_trace_marks_the_first_link_that_fails() {
    let report = json(&at_cell("trace", &["--json"]));
    assert_eq!(report["first_failing"], "after-1-density");
    let links = report["links"].as_array().unwrap();
    let failing = links.iter().find(|link| link["name"] == "after-1-density").unwrap();
    assert_eq!(failing["verdict"], "violated");
    assert!(failing["ln"].as_f64().unwrap() < failing["ln_right"].as_f64().unwrap());
    assert!(failing["equation"].as_str().unwrap().contains("Eq. 1"));
    assert!(links.iter().any(|link| link["verdict"] == "holds"));
    // A failing link under a bound that holds.
    let low = ["trace", "nsn-box", "--set", "k=64", "--set", "d=2", "--set", "eps=0.1", "--json"];
    let report = json(&lemmascope(Path::new("."), &low));
    assert_eq!(report["first_failing"], "after-1-density");
    assert_eq!(report["bounds"][0]["verdict"], "holds");
    let text = String::from_utf8(at_cell("trace", &[]).stdout).unwrap();
    assert!(text.contains("> after Eq. 1") && text.contains("the statement itself (printed): violated"), "{text}");
}

#[test]
fn claims_without_a_chain_say_so() {
    let output = lemmascope(Path::new("."), &["trace", "lueker", "--set", "n=4", "--set", "eps=0.3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no link at this cell"), "{}", stderr(&output));
}

const EXPERIMENT: &str = r#"
claim = "nsn-box"
title = "A draft"
about = "A draft beside the printed bound."
bounds = [{ name = "draft", expr = "1/16*(2*eps/sqrt(2*pi*2*k))^d" }]
where = "k >= d"

[[grid]]
k = [64, 4096]
d = [1, 12]
eps = 0.1
target = "axis"

[[plot]]
name = "draft"
title = "A draft"
x = "d"
y = "slack"
series = "k"
bound = "draft"
"#;

const CHAIN: &str = r#"
claim = "nsn-box"
title = "A chain"
about = "Every link."
chain = true

[[grid]]
k = 4096
d = [1, 12]
eps = 0.1
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("draft.toml"), EXPERIMENT).unwrap();
    std::fs::write(folder.path().join("chain.toml"), CHAIN).unwrap();
    folder
}

#[test]
fn drafts_and_chains_run_into_records_a_page_and_a_gate() {
    let folder = folder();
    let files = ["draft.toml", "chain.toml"];
    let arguments = |verb: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        [verb].into_iter().chain(files).chain(more.iter().copied()).collect()
    };
    let run = lemmascope(folder.path(), &arguments("run", &["--json"]));
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let report = json(&run);
    let tallies = report["tallies"].as_array().unwrap();
    let tally = |claim: &str, bound: &str| {
        tallies.iter().find(|tally| tally["claim"] == claim && tally["bound"] == bound).unwrap().clone()
    };
    assert_eq!(tally("nsn-box", "draft")["holds"], 4);
    let link = tally("nsn-box", "after-1-density");
    assert_eq!((&link["violated"], &link["kind"]), (&serde_json::json!(2), &serde_json::json!("link")));
    let summary = std::fs::read_to_string(folder.path().join("results/summary.md")).unwrap();
    assert!(summary.contains("| nsn-box | ") && summary.contains("after-1-density (2)"), "{summary}");
    let page = std::fs::read_to_string(folder.path().join("results/findings.md")).unwrap();
    assert!(page.contains("Smallest counterexample measured") && page.contains("`after-1-density`"), "{page}");
    assert!(folder.path().join("results/draft.draft.png").exists());
    let plotted = json(&lemmascope(folder.path(), &arguments("plot", &["--json"])));
    assert_eq!(plotted.as_array().unwrap().len(), 2);
    // What a search printed stands on the page too.
    let within = "d=20,k=20..64";
    let search =
        lemmascope(folder.path(), &["falsify", "nsn-box", "--within", within, "--evaluations", "100", "--json"]);
    std::fs::create_dir(folder.path().join("results/falsify")).unwrap();
    std::fs::write(folder.path().join("results/falsify/a.json"), &search.stdout).unwrap();
    let page = json(&lemmascope(folder.path(), &arguments("report", &["--json"])));
    let text = page["text"].as_str().unwrap();
    for part in
        ["## Lemma 7", "searched, **printed** (at-least `1/16", "lemmascope falsify nsn-box --within d=20,k=20..64"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    std::fs::write(folder.path().join("results/falsify/a.json"), "{}").unwrap();
    let broken = lemmascope(folder.path(), &arguments("report", &[]));
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("a.json: missing field"), "{}", stderr(&broken));
    std::fs::remove_file(folder.path().join("results/falsify/a.json")).unwrap();
    // The baseline knows the violation; without it, or with another verdict, the gate closes.
    let check = lemmascope(folder.path(), &arguments("check", &["--json"]));
    assert_eq!(check.status.code(), Some(0), "{}{}", stderr(&check), String::from_utf8_lossy(&check.stdout));
    let records = folder.path().join("results/draft.csv");
    let text = std::fs::read_to_string(&records).unwrap();
    std::fs::write(&records, text.replacen("holds", "violated", 1)).unwrap();
    let check = lemmascope(folder.path(), &arguments("check", &["--json"]));
    assert_eq!(check.status.code(), Some(1));
    assert_eq!(json(&check)["failures"].as_array().unwrap().len(), 1);
    std::fs::remove_file(&records).unwrap();
    assert_eq!(lemmascope(folder.path(), &arguments("check", &[])).status.code(), Some(1));
    let nowhere = lemmascope(folder.path(), &arguments("check", &["--baseline", "nowhere"]));
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn experiments_name_the_line_of_a_wrong_formula() {
    let folder = folder();
    for (from, to, message) in [
        ("2*pi*2*k", "2 pi", "line 5: bound draft: "),
        ("\"k >= d\"", "\"k >=\"", "line 6: where: "),
        ("name = \"draft\", expr", "name = \"two-pi\", expr", "another name"),
        ("where", "chain = true\nmethods = [\"quadrature\"]\nwhere", "leave methods out"),
    ] {
        let text = EXPERIMENT.replacen(from, to, 1);
        std::fs::write(folder.path().join("wrong.toml"), text).unwrap();
        let output = lemmascope(folder.path(), &["run", "wrong.toml"]);
        assert_eq!(output.status.code(), Some(2), "{to}");
        assert!(stderr(&output).contains(message), "{to}: {}", stderr(&output));
    }
}
