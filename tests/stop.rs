//! Signals and time limits from outside: every verb ends in time with what it has, and says what is kept.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an answer to a signal may take on a machine that does other things too; on an idle one it is one second.
const MOST: Duration = Duration::from_secs(4);

const SAMPLED: &[&str] = &[
    "evaluate",
    "nsn-box",
    "--method",
    "literal",
    "--set",
    "k=64",
    "--set",
    "d=3",
    "--set",
    "eps=0.2",
    "--replicates",
    "1e12",
    "--relative",
    "1e-9",
];
const SEARCHED: &[&str] =
    &["threshold", "mrss", "--set", "k=6", "--set", "d=3", "--set", "eps=0.01", "--find", "n", "--replicates", "1e12"];
fn start(folder: &Path, arguments: &[&str]) -> Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal after the first line of progress that says `enough`; returns that line, the output, and how long the answer took.
fn signalled(folder: &Path, arguments: &[&str], signal: &str, enough: fn(&str) -> bool) -> (String, Output, Duration) {
    let mut child = start(folder, arguments);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    while !enough(&first) {
        first.clear();
        assert!(stderr.read_line(&mut first).unwrap() > 0, "it ended before");
    }
    let sent = Instant::now();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    let mut rest = Vec::new();
    stderr.read_to_end(&mut rest).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = rest;
    (first, output, sent.elapsed())
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    start(folder, arguments).wait_with_output().unwrap()
}

#[test]
fn a_sample_shows_its_interval_so_far() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-INT", "-TERM"] {
        let (first, output, took) =
            signalled(folder.path(), &[SAMPLED, &["--json"]].concat(), signal, |line| !line.is_empty());
        assert!(first.contains("of at most 1000000000000 replicates") && first.contains("left at most"), "{first}");
        assert_eq!(output.status.code(), Some(4));
        assert!(took < MOST, "{took:?}");
        let json = parsed(&output);
        assert!(json["interrupted"].as_str().unwrap().starts_with("interrupted after"), "{json}");
        let [lo, hi] = ["lo", "hi"].map(|end| json["measured"][end].as_f64().unwrap());
        assert!(lo < hi && json["measured"]["work"].as_u64().unwrap() > 0, "{json}");
    }
}

#[test]
fn time_limits_end_every_verb_that_measures_one_thing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, known) in [(SAMPLED, "measured"), (SEARCHED, "trials")] {
        let begun = Instant::now();
        let output = run(folder.path(), &[arguments, &["--time-limit", "1", "--json", "--quiet"]].concat());
        assert!(begun.elapsed() < Duration::from_secs(1) + MOST, "{:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let json = parsed(&output);
        assert!(json["interrupted"].as_str().unwrap().starts_with("the time limit is over"), "{json}");
        assert!(json.get(known).is_some(), "{json}");
    }
}

/// A cell that takes long, beside others that are quick: on two threads those are measured meanwhile, and kept.
const SLOW: &str = "claim = \"second-moment\"\ntitle = \"t\"\nabout = \"a\"\n[[grid]]\nn = [6, 7]\nk = 2\nd = 1\neps = 0.5\n\
                    [[grid]]\nn = 25\nk = 10\nd = 3\neps = 0.1\n";

#[test]
fn a_run_keeps_what_it_has_measured_and_says_how_long_it_will_take() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slow.toml"), SLOW).unwrap();
    let some_are_measured = |line: &str| line.contains("/3 cells") && !line.contains("0/3 cells");
    let (_, output, took) =
        signalled(folder.path(), &["run", "slow.toml", "--json", "--threads", "2"], "-TERM", some_are_measured);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(took < MOST, "{took:?}");
    let json = parsed(&output);
    assert!(
        json["error"].as_str().unwrap().contains("of 3 cells are measured and kept; continue with --resume"),
        "{json}"
    );
    let checkpoint = std::fs::read_dir(folder.path().join("results/.checkpoint")).unwrap().next().unwrap().unwrap();
    assert!(std::fs::read_to_string(checkpoint.path()).unwrap().contains("second-moment,slow,6,"));
    // Nothing blocks what follows.
    let output = run(folder.path(), &["run", "slow.toml", "--resume", "--time-limit", "0.5", "--quiet"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the time limit is over"), "{output:?}");
}

const QUICK: &str = "claim = \"chernoff\"\ntitle = \"t\"\nabout = \"a\"\n[[grid]]\ntail = \"upper\"\nn = [10, 20]\np = 0.5\n\
                     delta = 0.5\n";

#[test]
fn two_runs_into_one_folder_meet_a_lock_that_names_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slow.toml"), SLOW).unwrap();
    std::fs::write(folder.path().join("quick.toml"), QUICK).unwrap();
    let mut holder = start(folder.path(), &["run", "slow.toml"]);
    let mut first = String::new();
    BufReader::new(holder.stderr.take().unwrap()).read_line(&mut first).unwrap();
    let output = run(folder.path(), &["run", "quick.toml"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    let named = format!("results is in use by process {} (lemmascope run slow.toml)", holder.id());
    assert!(message.contains(&named), "{message}");
    // A killed holder holds nothing.
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(run(folder.path(), &["run", "quick.toml", "--quiet"]).status.success());
}

/// One object on standard output, whatever goes wrong.
#[test]
fn errors_are_json_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("quick.toml"), QUICK).unwrap();
    for (arguments, kind, code) in [
        (&["evaluate", "nsn-bux", "--json"][..], "input", 2),
        (&["evaluate", "--bogus", "--json"], "usage", 2),
        (&["run", "none.toml", "--json"], "read", 2),
        (&["plot", "quick.toml", "--json"], "input", 2),
        (&["report", "--json"], "read", 2),
        (&["check", "quick.toml", "--baseline", "none", "--json"], "input", 2),
        (&["claims", "none", "--json"], "input", 2),
        (&["solve", "--vectors", "none", "--target", "none", "--eps", "0", "--json"], "read", 2),
        (&["prune", "--target", "none.npz", "--width", "8", "--json"], "read", 2),
        (&["falsify", "nsn-box", "--within", "k", "--json"], "input", 2),
        (&["trace", "nsn-box", "--json"], "input", 2),
        (&["threshold", "nsn-box", "--find", "q", "--json"], "input", 2),
    ] {
        let output = run(folder.path(), arguments);
        let json = parsed(&output);
        assert_eq!((&json["kind"], &json["exit_code"]), (&json!(kind), &json!(code)), "{arguments:?}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(json["error"].as_str().unwrap().len() > 10);
        assert!(!output.stderr.is_empty(), "{arguments:?}: people read it there");
    }
    let part = parsed(&run(folder.path(), &["run", "quick.toml", "--shard", "1/2", "--json"]));
    assert!(folder.path().join(part["shard"].as_str().unwrap()).exists(), "{part}");
}

#[test]
fn a_full_standard_output_is_named_without_advice_that_does_not_help() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let set = ["--set", "k=16", "--set", "d=1", "--set", "eps=0.1"];
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
        .args([&["evaluate", "nsn-box", "--json"][..], &set].concat())
        .stdout(full)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("cannot write to standard output") && !message.contains("--resume"), "{message}");
}
