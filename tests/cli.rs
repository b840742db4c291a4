//! The program from outside: verbs, exit codes, files, and what a kill or bad input leaves behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::common::wait_for_checkpoint;
use assert_cmd::Command;
use predicates::prelude::*;

/// A small experiment that has sampled and deterministic cells.
const EXPERIMENT: &str = include_str!("common/small.toml");

fn lemmascope() -> Command {
    Command::cargo_bin("lemmascope").unwrap()
}

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn run_in(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    lemmascope().current_dir(folder).args(arguments).assert()
}

/// The records of a run, as bytes.
fn records(folder: &Path, out: &str) -> Vec<u8> {
    std::fs::read(folder.join(out).join("small.csv")).unwrap()
}

#[test]
fn a_run_leaves_records_plots_and_a_summary() {
    let folder = folder_with("small.toml", EXPERIMENT);
    run_in(folder.path(), &["run", "small.toml"])
        .success()
        .stdout(predicate::str::contains("nsn-box").and(predicate::str::contains("violated")));
    let out = folder.path().join("results");
    let text = String::from_utf8(records(folder.path(), "results")).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "claim,experiment,k,d,eps,target,measured,ln_measured,lo,hi,method,work,bound,bound_value,ln_bound,slack_log10,\
         hypotheses_met,unmet,vacuous,verdict,seed,version,relation,formula,what_if,ln_lo,ln_hi,alpha,design,revision,\
         least_constant,reason,worst_law"
    );
    // 12 cells by 3 methods beside 3 bounds.
    assert_eq!(text.lines().count(), 1 + 12 * 3 * 3);
    assert!(!text.contains("NaN") && !text.contains("inf"));
    let svg = std::fs::read_to_string(out.join("small.slack.svg")).unwrap();
    assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"));
    assert!(std::fs::read(out.join("small.slack.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(std::fs::read_to_string(out.join("summary.md")).unwrap().contains("| nsn-box | printed | 12 |"));
    assert!(std::fs::read_to_string(out.join("timings.csv")).unwrap().contains("small,"));
    assert!(!out.join(".checkpoint").exists());
}

/// The finding this program was built for: within its hypotheses, the printed bound of Lemma 7 is false at d = 16.
/// 2^40 sums cannot be listed: that cell is a row with its reason, and the other one is measured.
#[test]
fn a_cell_that_fails_is_a_row_and_the_run_goes_on() {
    let text = "claim = \"lueker\"\ntitle = \"t\"\nabout = \"a\"\nmethods = [\"enumeration\"]\n[precision]\nreplicates = 64\n\
                [[grid]]\nn = [8, 40]\neps = 0.1\n";
    let folder = folder_with("listed.toml", text);
    run_in(folder.path(), &["run", "listed.toml", "--quiet"])
        .code(5)
        .stderr(predicate::str::contains("n=40").and(predicate::str::contains("failed")));
    let text = std::fs::read_to_string(folder.path().join("results/listed.csv")).unwrap();
    let failed: Vec<&str> = text.lines().filter(|row| row.contains(",failed,")).collect();
    assert!(failed.len() == 1 && failed[0].contains("2^n sums are listed up to n"), "{text}");
    assert_eq!(text.lines().count(), 3);
    let json = run_in(folder.path(), &["run", "listed.toml", "--json"]).code(5);
    let report: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(
        (&report["tallies"][0]["failed"], &report["alpha"]["intervals"]),
        (&serde_json::json!(1), &serde_json::json!(2))
    );
    assert_eq!(report["alpha"]["each"], serde_json::json!(5e-4));
}

#[test]
fn the_printed_bound_of_lemma_7_is_found_violated() {
    let folder = folder_with("small.toml", EXPERIMENT);
    run_in(folder.path(), &["run", "small.toml", "--fail-on", "violated", "--quiet"]).code(1).stdout("");
    run_in(folder.path(), &["run", "small.toml", "--quiet"]).code(0);
    let text = String::from_utf8(records(folder.path(), "results")).unwrap();
    for row in text.lines().filter(|row| row.contains(",quadrature,") && row.contains(",printed,")) {
        let violated = row.contains(",violated,");
        assert_eq!(violated, row.contains(",16,0.1,"), "{row}");
        assert!(row.contains(",true,,false,"), "{row}");
    }
}

#[test]
fn a_gate_that_judges_nothing_fails_and_judge_names_what_it_looks_at() {
    let text = "claim = \"nsn-box\"\ntitle = \"t\"\nabout = \"a\"\nbounds = [{ name = \"draft\", expr = \"2\" }]\n\
                [[grid]]\nk = 16\nd = 2\neps = 0.1\n";
    let folder = folder_with("small.toml", text);
    let gate = ["run", "small.toml", "--fail-on", "violated", "--quiet"];
    run_in(folder.path(), &gate).code(0);
    run_in(folder.path(), &[&gate[..], &["--judge", "draft"]].concat()).code(1);
    run_in(folder.path(), &[&gate[..], &["--judge", "drft"]].concat())
        .code(2)
        .stderr(predicate::str::contains("unknown bound \"drft\""));
    let folder = folder_with("outside.toml", &text.replace("[[grid]]", "where = \"k > 99\"\n[[grid]]"));
    let nothing = predicate::str::contains("no judged bound was measured inside its hypotheses");
    run_in(folder.path(), &["run", "outside.toml", "--strict", "--quiet"]).code(1).stderr(nothing);
    run_in(folder.path(), &["run", "outside.toml", "--quiet"]).code(0);
}

#[test]
fn threads_and_seeds() {
    let folder = folder_with("small.toml", EXPERIMENT);
    for (threads, out) in [("1", "one"), ("4", "four")] {
        run_in(folder.path(), &["run", "small.toml", "--quiet", "--threads", threads, "--out", out]).success();
    }
    assert_eq!(records(folder.path(), "one"), records(folder.path(), "four"));
    run_in(folder.path(), &["run", "small.toml", "--quiet", "--seed", "2", "--out", "two"]).success();
    assert_ne!(records(folder.path(), "one"), records(folder.path(), "two"));
}

/// Files of a folder by name, without the wall times and those whose names begin with a dot.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let shown = named.filter(|(name, path)| !name.starts_with('.') && name != "timings.csv" && path.is_file());
    shown.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

/// Three cells for seven shards: the sampled ones are spread.
#[test]
fn shards_merge_to_the_same_bytes() {
    for (shards, text) in
        [(3, EXPERIMENT.to_string()), (7, EXPERIMENT.replace("[64, 4096]", "64").replace("[1, 4, 16]", "4"))]
    {
        let folder = folder_with("small.toml", &text);
        run_in(folder.path(), &["run", "small.toml", "--quiet", "--out", "whole"]).success();
        for shard in 1..=shards {
            let shard = format!("{shard}/{shards}");
            run_in(folder.path(), &["run", "small.toml", "--quiet", "--out", "parts", "--shard", &shard]).success();
        }
        assert_eq!(files(&folder.path().join("parts")).len(), shards);
        run_in(folder.path(), &["merge", "parts", "--quiet", "--out", "merged"]).success();
        assert_eq!(files(&folder.path().join("merged")), files(&folder.path().join("whole")));
    }
}

#[test]
fn shards_with_gaps_overlaps_and_of_other_runs_are_refused_by_name() {
    let folder = folder_with("small.toml", EXPERIMENT);
    let shard = |shard: &str, out: &str, seed: &str| {
        let arguments = ["run", "small.toml", "--quiet", "--shard", shard, "--out", out, "--seed", seed];
        run_in(folder.path(), &arguments).success();
    };
    let refused = |folders: &[&str], expected: &str| {
        let arguments = [&["merge"], folders, &["--out", "merged"]].concat();
        run_in(folder.path(), &arguments).code(2).stderr(predicate::str::contains(expected));
        assert!(!folder.path().join("merged/small.csv").exists());
    };
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    refused(&["empty"], "no shard-I-of-N.cells is there");
    refused(&["none"], "cannot read none");
    shard("1/3", "a", "1");
    refused(&["a"], "of 3 shards these are missing: 2, 3");
    shard("2/3", "a", "1");
    shard("2/3", "twice", "1");
    refused(&["a", "twice"], "a/shard-2-of-3.cells and twice/shard-2-of-3.cells are both shard 2 of 3");
    shard("3/3", "other", "2");
    refused(&["a", "other"], "other/shard-3-of-3.cells (shard 3 of 3, design");
    shard("1/2", "halves", "1");
    refused(&["a", "halves"], "are parts of different runs");
    shard("3/3", "a", "1");
    let path = folder.path().join("a/shard-3-of-3.cells");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&["a"], "shard-3-of-3.cells is cut short or damaged; measure it again");
    std::fs::write(&path, whole).unwrap();
    // The design is that of the experiments as they are now.
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT.replace("eps = 0.1", "eps = 0.2")).unwrap();
    refused(&["a"], "an experiment, a file that it reads, or the program has changed");
    run_in(folder.path(), &["run", "small.toml", "--shard", "1/3", "--out", "a", "--resume"])
        .code(2)
        .stderr(predicate::str::contains("a/shard-1-of-3.cells belongs to another design"));
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    run_in(folder.path(), &["merge", "a", "--out", "merged", "--quiet"]).success();
}

/// A changed bound, chance of error or grid measures what is new, and the records are those of a run without a store.
#[test]
fn what_was_measured_is_not_measured_again_and_changes_no_byte() {
    let text = EXPERIMENT.replace("[1, 4, 16]", "[1, 16]").replace("[\"origin\", \"axis\"]", "\"axis\"");
    let folder = folder_with("small.toml", &text);
    let changes = [
        text.clone(),
        text.replace(
            "title = \"small\"",
            "title = \"small\"\nwhere = \"k >= d^2\"\nbounds = [{ name = \"draft\", expr = \"eps^d\" }]",
        ),
        text.replace("[64, 4096]", "[64, 256, 4096]"),
        text.replace("3000", "5000").replace("precise", "decided"),
    ];
    for text in &changes {
        std::fs::write(folder.path().join("small.toml"), text).unwrap();
        for alpha in ["1e-3", "1e-8"] {
            let base = ["run", "small.toml", "--quiet", "--alpha", alpha];
            run_in(folder.path(), &[&base[..], &["--out", "kept"]].concat()).success();
            run_in(folder.path(), &[&base[..], &["--out", "fresh", "--fresh"]].concat()).success();
            assert_eq!(files(&folder.path().join("kept")), files(&folder.path().join("fresh")), "{alpha} {text}");
        }
    }
    assert!(!folder.path().join("fresh/.cells").exists());
    // A store that is damaged is said to be, and replaced.
    let path = folder.path().join("kept/.cells");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[1..]).unwrap();
    let again = ["run", "small.toml", "--quiet", "--alpha", "1e-8", "--out", "kept"];
    run_in(folder.path(), &again).success().stderr(predicate::str::contains("kept/.cells is cut short or damaged"));
    run_in(folder.path(), &again).success().stderr("");
    assert_eq!(records(folder.path(), "kept"), records(folder.path(), "fresh"));
    // So is a plot that is not what was drawn.
    std::fs::write(folder.path().join("kept/small.slack.png"), "damaged").unwrap();
    run_in(folder.path(), &again).success();
    assert_eq!(files(&folder.path().join("kept")), files(&folder.path().join("fresh")));
    // A check keeps what it measures beside the baseline.
    run_in(folder.path(), &["check", "small.toml", "--baseline", "kept", "--quiet", "--judge", "two-pi"]).success();
}

/// A run that takes some ten seconds.
fn long_experiment() -> String {
    EXPERIMENT
        .replace("replicates = 3000", "relative = 0.0005\nreplicates = 160000")
        .replace("[64, 4096]", "[400, 401, 402]")
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
        .current_dir(folder)
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let folder = folder_with("small.toml", &long_experiment());
    run_in(folder.path(), &["run", "small.toml", "--quiet", "--out", "whole"]).success();
    let base = ["run", "small.toml", "--quiet", "--threads", "1", "--out", "killed"];
    let mut child = start(folder.path(), &base);
    let checkpoint = wait_for_checkpoint(&folder.path().join("killed"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.path().join("killed/small.csv").exists());
    // Another design is refused, and the checkpoint stays.
    let other = [&base[..], &["--resume", "--seed", "5"]].concat();
    run_in(folder.path(), &other).code(2).stderr(predicate::str::contains("another design"));
    // A run of another design without --resume leaves it alone too, and clears away only its own.
    let small = EXPERIMENT.replace("replicates = 3000", "replicates = 100");
    std::fs::write(folder.path().join("other.toml"), small).unwrap();
    run_in(folder.path(), &["run", "other.toml", "--quiet", "--out", "killed"]).success();
    assert!(checkpoint.exists());
    run_in(folder.path(), &[&base[..], &["--resume"]].concat()).success();
    assert_eq!(records(folder.path(), "whole"), records(folder.path(), "killed"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_measured() {
    let folder = folder_with("small.toml", &long_experiment());
    let out = folder.path().join("results");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("small.csv"), "of an earlier run").unwrap();
    let child = start(folder.path(), &["run", "small.toml", "--threads", "1"]);
    wait_for_checkpoint(&out);
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("interrupted") && message.contains("--resume"), "{message}");
    assert_eq!(records(folder.path(), "results"), b"of an earlier run");
}

#[test]
fn a_truncated_checkpoint_is_named() {
    let folder = folder_with("small.toml", &long_experiment());
    let mut child = start(folder.path(), &["run", "small.toml", "--quiet", "--threads", "1"]);
    let path = wait_for_checkpoint(&folder.path().join("results"));
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let named = path.file_name().unwrap().to_string_lossy().into_owned();
    run_in(folder.path(), &["run", "small.toml", "--resume"])
        .code(2)
        .stderr(predicate::str::contains(named).and(predicate::str::contains("cut short or damaged; delete it")));
    // Without --resume the run says that it does not take it over, and succeeds.
    run_in(folder.path(), &["run", "small.toml", "--quiet"]).success().stderr(predicate::str::contains("--resume"));
}

/// What a cell reads belongs to the design: shards of two networks are not merged.
#[test]
fn a_changed_network_is_another_design() {
    let network = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/targets/digits_gap.safetensors");
    let text = "claim = \"layer-error\"\ntitle = \"t\"\nabout = \"a\"\n[[grid]]\nnetwork = \"net.safetensors\"\n\
                error = \"injected\"\neps = 0.1\ni = [1, 2]\n";
    let folder = folder_with("n.toml", text);
    let copy = folder.path().join("net.safetensors");
    let mut bytes = std::fs::read(network).unwrap();
    std::fs::write(&copy, &bytes).unwrap();
    for shard in ["1/2", "2/2"] {
        run_in(folder.path(), &["run", "n.toml", "--quiet", "--shard", shard]).success();
    }
    let last = bytes.len() - 1;
    bytes[last] ^= 0x80;
    std::fs::write(&copy, &bytes).unwrap();
    run_in(folder.path(), &["merge", "results"]).code(2).stderr(predicate::str::contains("another design"));
}

#[test]
fn bad_input_is_named_with_its_remedy() {
    let folder = folder_with("small.toml", EXPERIMENT);
    std::fs::write(folder.path().join("broken.toml"), EXPERIMENT.replace("nsn-box", "nsn-bux")).unwrap();
    std::fs::write(folder.path().join("eps.toml"), EXPERIMENT.replace("eps = 0.1", "eps = 0")).unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    for (arguments, expected) in [
        (&["run", "none.toml"][..], "cannot read none.toml"),
        (&["run"], "cannot read the folder experiments"),
        (&["run", "broken.toml"], "broken.toml: line 1: unknown claim \"nsn-bux\"; the claims are lueker"),
        (&["run", "eps.toml"], "eps.toml: line 13: eps = 0: write a finite number above 0"),
        (&["run", "small.toml", "--out", "file/inner"], "name another folder with --out"),
        (&["run", "small.toml", "--out", "file"], "file is a file; name a folder with --out"),
        (
            &["evaluate", "layer-error", "--set", "network=random-4", "--set", "eps=1e300", "--set", "i=1"],
            "at most 1000",
        ),
        (
            &["evaluate", "second-moment", "--set", "n=1e6", "--set", "k=5e5", "--set", "d=1", "--set", "eps=1"],
            "too many",
        ),
        (&["run", "small.toml", "--alpha", "0"], "from 1e-200 to below 1"),
        (&["run", "small.toml", "--shard", "4/3"], "1 <= I <= N"),
        (&["run", "small.toml", "--threads", "0"], "--threads"),
        (&["run", "small.toml", "small.toml"], "two experiments are named small"),
        (&["plot", "small.toml"], "cannot read results/small.csv: no such file; lemmascope run writes it"),
        (&["evaluate", "nsn-box", "--set", "k=16"], "d is missing"),
        (&["evaluate", "nsn-box", "--set", "k"], "write --set NAME=VALUE"),
        (&["evaluate", "nsn-box", "--set", "k=16", "--set", "d=1", "--set", "eps=NaN"], "eps = NaN: write a finite"),
        (&["evaluate", "nsn-box", "--set", "q=16"], "unknown parameter \"q\""),
        (&["evaluate", "nsn-box", "--method", "guess", "--set", "k=16", "--set", "d=1", "--set", "eps=1"], "it admits"),
        (
            &["evaluate", "nsn-joint-box", "--set", "k=2", "--set", "j=3", "--set", "d=1", "--set", "eps=1"],
            "j = 3 exceeds",
        ),
        (&["evaluate", "overlap-tail", "--set", "k=20", "--set", "n=3", "--set", "d=1"], "k = 20 exceeds n = 3"),
        (&["claims", "lemma-0"], "unknown claim \"lemma-0\""),
    ] {
        run_in(folder.path(), arguments).code(2).stderr(predicate::str::contains(expected));
    }
}

#[test]
fn evaluate_writes_the_promised_json() {
    let arguments = ["evaluate", "nsn-box", "--set", "k=10000", "--set", "d=100", "--set", "eps=1e-9", "--json"];
    let output = lemmascope().args(arguments).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).expect("numbers below f64's range are JSON still");
    assert_eq!(json["claim"], "nsn-box");
    assert_eq!(json["cell"], serde_json::json!({ "k": 10000, "d": 100, "eps": 1e-9, "target": "origin" }));
    assert_eq!(json["relation"], "at-least");
    assert_eq!(json["outside"], false);
    let ln = json["measured"]["ln"].as_f64().unwrap();
    assert!((ln + 2555.166874696).abs() < 1e-6, "{ln}");
    assert!(json["measured"]["ln_lo"].as_f64().unwrap() < ln && ln < json["measured"]["ln_hi"].as_f64().unwrap());
    assert!(text.contains("e-1110"), "the value itself is kept: {text}");
    let bound = &json["bounds"][0];
    assert_eq!((&bound["name"], &bound["verdict"]), (&"printed".into(), &"violated".into()));
    assert!(bound["slack_log10"].as_f64().unwrap() < 0.0);
    assert_eq!(json["hypotheses"][0], serde_json::json!({ "name": "k >= 16", "met": true }));
}

#[test]
fn evaluate_explains_in_words_by_every_method() {
    for method in ["quadrature", "conditional", "importance", "collapsed", "literal"] {
        let cell = ["--set", "k=8", "--set", "d=2", "--set", "eps=0.3", "--replicates", "2000"];
        lemmascope().args(["evaluate", "nsn-box", "--method", method]).args(cell).assert().success().stdout(
            predicate::str::contains(format!("by {method}")).and(predicate::str::contains("UNMET      k >= 16")),
        );
    }
}

#[test]
fn claims_are_listed_and_explained() {
    lemmascope().arg("claims").assert().success().stdout(predicate::str::contains("nsn-joint-box         Lemma 8"));
    lemmascope().args(["claims", "overlap-tail"]).assert().success().stdout(predicate::str::contains("n >= k^2"));
    let output = lemmascope().args(["claims", "--json"]).assert().success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!(json.as_array().unwrap().iter().any(|claim| claim["id"] == "second-moment"));
}

/// Zeros, one point, ranges of two ulps and of 1e8 decades: each has its picture, and none takes memory or time.
#[test]
fn plots_of_odd_values_are_drawn() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plots");
    let folder = tempfile::tempdir().unwrap();
    for (name, plots) in [
        ("a", &["logzero", "auto"][..]),
        ("b", &["one"]),
        ("c", &["tiny", "tinylin"]),
        ("d", &["two-eight", "long"]),
        ("e", &["zeros", "zslack"]),
        ("g", &["p"]),
        ("ch", &["p"]),
    ] {
        let file = cases.join(format!("{name}.toml"));
        run_in(folder.path(), &["run", file.to_str().unwrap(), "--quiet"]).success();
        for plot in plots {
            let svg = std::fs::read_to_string(folder.path().join(format!("results/{name}.{plot}.svg"))).unwrap();
            assert!(svg.contains("<text") && !svg.contains("NaN") && !svg.contains("inf\""), "{name} {plot}");
            assert!(svg.len() < 200_000, "{name} {plot}");
        }
    }
}

#[test]
fn files_that_cannot_be_written_are_refused_before_anything_is_measured() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plots");
    let folder = tempfile::tempdir().unwrap();
    let long = cases.join("long-name.toml");
    run_in(folder.path(), &["run", long.to_str().unwrap()])
        .code(2)
        .stderr(predicate::str::contains("255 are permitted"));
    let plot = |name: &str| {
        format!(
            "claim = \"chi-square-tails\"\ntitle = \"t\"\nabout = \"a\"\n[[grid]]\ntail = \"upper\"\nd = 1\nt = 1.0\n\
                 [[plot]]\nname = \"{name}\"\ntitle = \"t\"\nx = \"d\"\ny = \"slack\"\n"
        )
    };
    std::fs::write(folder.path().join("a.toml"), plot("b.c")).unwrap();
    std::fs::write(folder.path().join("a.b.toml"), plot("c")).unwrap();
    run_in(folder.path(), &["run", "a.toml", "a.b.toml"])
        .code(2)
        .stderr(predicate::str::contains("would both write a.b.c.svg"));
    assert!(!folder.path().join("results").exists());
}

#[test]
fn plots_are_drawn_again_from_records() {
    let folder = folder_with("small.toml", EXPERIMENT);
    run_in(folder.path(), &["run", "small.toml", "--quiet"]).success();
    let path = folder.path().join("results/small.slack.svg");
    let first = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    run_in(folder.path(), &["plot", "small.toml"]).success().stdout(predicate::str::contains("small.slack.svg"));
    assert_eq!(std::fs::read(&path).unwrap(), first);
    // Damaged records are named, and nothing is drawn over.
    std::fs::write(folder.path().join("results/small.csv"), "a,b\n").unwrap();
    run_in(folder.path(), &["plot", "small.toml"])
        .code(2)
        .stderr(predicate::str::contains("small.csv: the column claim"));
}

/// One small experiment of every claim that samples or constructs, apart from nsn-box above.
const OTHERS: [(&str, &str); 5] = [
    ("nsn-joint-box", "methods = [\"conditional\", \"collapsed\"]\n[[grid]]\nk = 16\nj = [1, 16]\nd = 2\neps = 0.25\n"),
    ("overlap-tail", "methods = [\"closed-form\", \"literal\"]\n[[grid]]\nn = 50\nk = 5\nd = [2, 5]\n"),
    ("second-moment", "[[grid]]\nn = 6\nk = 2\nd = 1\neps = 0.5\n"),
    ("kernel-pruning", "[[grid]]\nd = 1\nc0 = 1\nc1 = 1\nn = [8, 20]\neps = 0.2\nkernel = [\"spike\", \"all\"]\n"),
    ("layer-error", "[[grid]]\nnetwork = \"random-2\"\nn = 20\neps = 0.5\nquantity = [\"total\", \"norm\"]\ni = 2\n"),
];

#[test]
fn every_claim_gives_the_same_bytes_on_any_number_of_threads_and_in_any_company() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (claim, rest) in OTHERS {
        let text = format!("claim = \"{claim}\"\ntitle = \"t\"\nabout = \"a\"\n{rest}[precision]\nreplicates = 400\n");
        std::fs::write(folder.path().join(format!("{claim}.toml")), text).unwrap();
        files.push(format!("{claim}.toml"));
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = |files: &[&str], rest: &[&str]| {
        run_in(folder.path(), &[&["run", "--quiet"], files, rest].concat()).success();
    };
    run(&files, &["--threads", "1", "--out", "one"]);
    let reversed: Vec<&str> = files.iter().rev().copied().collect();
    run(&reversed, &["--threads", "3", "--out", "three"]);
    for (claim, _) in OTHERS {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(format!("{claim}.csv"))).unwrap();
        assert_eq!(read("one"), read("three"), "{claim}");
        assert!(read("one").split(|byte| *byte == b'\n').count() > 2);
    }
}

#[test]
fn weights_files_that_lie_are_named() {
    let network = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/targets/digits_gap.safetensors");
    let whole = std::fs::read(network).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len(), "the header's length must stay");
        let position = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes[position..position + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    let mut not_a_number = whole.clone();
    let end = not_a_number.len();
    not_a_number[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    for (name, bytes, expected) in [
        ("cut", whole[..whole.len() - 8].to_vec(), "cut.safetensors"),
        ("empty", Vec::new(), "empty.safetensors"),
        ("shape", replaced("[8,4,3,3]", "[4,8,3,3]"), "conv1.weight"),
        ("missing", replaced("conv1.weight", "cone1.weight"), "conv1.weight"),
        ("arch", replaced("\\\"cin\\\": 4", "\\\"cin\\\": 5"), "arch"),
        ("nan", not_a_number, "conv2.weight"),
    ] {
        let path = folder.path().join(format!("{name}.safetensors"));
        std::fs::write(&path, bytes).unwrap();
        let set = format!("network={}", path.display());
        lemmascope()
            .args(["evaluate", "layer-error", "--set", &set, "--set", "eps=0.1", "--set", "i=1"])
            .assert()
            .code(2)
            .stderr(predicate::str::contains(expected).and(predicate::str::contains("panicked").not()));
    }
}
