//! `lemmascope threshold` from outside: its JSON, its refusals, and thresholds as an experiment.

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

fn threshold(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().arg("threshold").args(arguments).assert()
}

fn json(arguments: &[&str]) -> Value {
    let output = threshold(&[arguments, &["--json"]].concat()).success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

const LUEKER: [&str; 7] = ["lueker", "--set", "eps=0.1", "--find", "n", "--replicates", "4000"];

#[test]
fn the_json_has_the_threshold_its_interval_and_what_the_paper_asks() {
    let found = json(&[&LUEKER[..], &["--probability", "0.5"]].concat());
    assert_eq!((&found["claim"], &found["find"]), (&"lueker".into(), &"n".into()));
    assert_eq!((found["cell"]["eps"].as_f64(), found["cell"]["C"].as_f64()), (Some(0.1), Some(1.0)));
    assert_eq!(found["probability"], 0.5);
    let number = |value: &Value| value.as_u64().unwrap();
    let measured = &found["measured"];
    let (lo, hi, value) = (number(&measured["lo"]), number(&measured["hi"]), number(&measured["value"]));
    assert!(lo <= value && value <= hi && lo >= 4, "{found}");
    // log(10) = 2.3 asks for 3, at which the 2^3 sums are too few to cover anything.
    assert_eq!((number(&found["asks"]), &found["verdict"]), (3, &"constant-refuted".into()));
    let trials = found["trials"].as_array().unwrap();
    let work: u64 = trials.iter().map(|trial| number(&trial["work"])).sum();
    assert_eq!(work, number(&measured["work"]));
    for trial in trials {
        let (value, p) = (number(&trial["value"]), |name: &str| trial[name].as_f64().unwrap());
        match trial["side"].as_str().unwrap() {
            "below" => assert!(value < lo && p("hi") < 0.5),
            "reached" => assert!(value >= hi && p("lo") >= 0.5),
            "undecided" => assert!(p("lo") < 0.5 && p("hi") >= 0.5),
            other => panic!("{other}"),
        }
    }
}

/// Without --probability, the level is the claim's own 1 - eps, for a claim that promises next to nothing 1/2.
#[test]
fn the_level_is_the_claims_own() {
    let found = json(&LUEKER);
    assert_eq!(found["probability"], Value::Null);
    assert!(
        found["trials"].as_array().unwrap().iter().all(|trial| (trial["level"].as_f64().unwrap() - 0.9).abs() < 1e-12)
    );
    let half =
        json(&["mrss", "--set", "k=2", "--set", "d=1", "--set", "eps=0.1", "--find", "n", "--replicates", "500"]);
    assert!(
        half["trials"].as_array().unwrap().iter().all(|trial| (trial["level"].as_f64().unwrap() - 0.5).abs() < 1e-12)
    );
    assert_eq!(half["asks"], 4);
}

/// What is measured of one kernel may refute a lemma on all of them, but not confirm it; what one search finds does neither.
#[test]
fn one_kernel_confirms_nothing() {
    let of = |event: &str| {
        let set =
            ["kernel-pruning", "--set", "d=2", "--set", "c0=1", "--set", "c1=1", "--set", "eps=0.2", "--set", event];
        json(&[&set[..], &["--find", "n", "--probability", "0.5", "--replicates", "24"]].concat())
    };
    for (event, bearing) in [("event=exists", "refutes"), ("event=found", "illustrates")] {
        let found = of(event);
        assert!(found["measured"]["hi"].as_u64() < found["asks"].as_u64(), "{found}");
        assert_eq!((&found["verdict"], &found["bearing"]), (&"undecided".into(), &bearing.into()), "{event}");
    }
}

/// With an exact probability the threshold is one number: the overlap's tail falls with n, so that the least n at which it
/// reaches 1/2 is the least one from which the sets can be drawn, k.
#[test]
fn exact_probabilities_have_exact_thresholds() {
    let found = json(&["overlap-tail", "--set", "k=8", "--set", "d=2", "--find", "n"]);
    assert_eq!((&found["measured"]["lo"], &found["measured"]["hi"]), (&8.into(), &8.into()));
    assert_eq!((&found["asks"], &found["verdict"]), (&Value::Null, &Value::Null));
    // Two 4-subsets of 1000 rarely meet at all, whatever d says.
    let never = json(&["overlap-tail", "--set", "k=4", "--set", "n=1000", "--find", "d", "--probability", "0.9"]);
    assert_eq!((&never["measured"]["lo"], &never["measured"]["hi"]), (&257.into(), &Value::Null));
}

#[test]
fn a_level_that_is_never_reached_leaves_the_interval_open() {
    let arguments = [&LUEKER[..], &["--within", "1..4"]].concat();
    let found = json(&arguments);
    assert_eq!((&found["measured"]["hi"], &found["measured"]["value"]), (&Value::Null, &Value::Null));
    assert_eq!(found["measured"]["lo"], 5);
    threshold(&arguments).success().stdout(predicate::str::contains("at least 5; no greater value is proved"));
}

#[test]
fn the_seed_decides_everything() {
    let with = |seed: &str| json(&[&LUEKER[..], &["--seed", seed]].concat());
    assert_eq!(with("1"), with("1"));
    assert_ne!(with("1")["trials"], with("2")["trials"]);
}

#[test]
fn bad_input_is_refused_with_code_2_and_a_remedy() {
    for (arguments, expected) in [
        (&["lueker", "--set", "eps=0.1", "--find", "m"][..], "unknown parameter \"m\"; this claim has n, eps, C"),
        (&["mrss", "--find", "target"], "target is no number"),
        (&["lueker", "--set", "eps=0.1", "--set", "n=4", "--find", "n"], "leave it out of --set"),
        (&["lueker", "--set", "eps", "--find", "n"], "write --set NAME=VALUE"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--probability", "1"], "between 0 and 1"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--probability", "-0.5"], "between 0 and 1"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--probability", "nan"], "between 0 and 1"),
        (&["lueker", "--find", "n"], "eps is missing"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--within", "9..3"], "the smaller end first"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--within", "9"], "write LO..HI"),
        (&["lueker", "--set", "eps=0.1", "--set", "C=1", "--find", "C"], "leave it out"),
        (&["lueker", "--set", "eps=0.1", "--set", "n=3", "--find", "C"], "--within"),
        (&["second-moment", "--set", "k=4", "--find", "n"], "measures no probability"),
        (&["lemma-0", "--find", "n"], "unknown claim"),
        (&["lueker", "--set", "eps=0.1", "--find", "n", "--method", "quadrature"], "it admits literal"),
    ] {
        threshold(arguments).code(2).stderr(predicate::str::contains(expected)).stdout("");
    }
}

const EXPERIMENT: &str = r#"
claim = "lueker"
title = "small"
about = "For the tests."

[precision]
replicates = 1000

[threshold]
find = "n"
probability = 0.5

[[grid]]
eps = [0.3, 0.1, 0.03]

[[plot]]
name = "growth"
title = "growth"
x = "eps"
y = "measured"
fit = true
"#;

#[test]
fn an_experiment_on_thresholds_leaves_records_plots_and_fits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |text: &str, out: &str, threads: &str| {
        std::fs::write(folder.path().join("small.toml"), text).unwrap();
        let mut command = Command::cargo_bin("lemmascope").unwrap();
        command
            .current_dir(folder.path())
            .args(["run", "small.toml", "--quiet", "--out", out, "--threads", threads])
            .assert()
    };
    run(EXPERIMENT, "one", "1").success();
    run(EXPERIMENT, "four", "4").success();
    let read = |out: &str, file: &str| std::fs::read_to_string(folder.path().join(out).join(file)).unwrap();
    let records = read("one", "small.csv");
    assert_eq!(records, read("four", "small.csv"));
    assert!(records.starts_with("claim,experiment,eps,C,measured,"), "{records}");
    assert_eq!(records.lines().filter(|line| line.starts_with("lueker-least-n,small,")).count(), 3);
    let fits = read("one", "fits.csv");
    assert!(fits.contains("small,growth,,,log(1/eps),") && fits.contains("small,growth,,,1/eps,"), "{fits}");
    assert!(read("one", "small.growth.svg").contains("log(1/ε)"));
    let wrong = EXPERIMENT.replace("find = \"n\"", "find = \"m\"");
    run(&wrong, "one", "1").code(2).stderr(predicate::str::contains("line 9: unknown parameter \"m\""));
    let nothing = EXPERIMENT.replace("find = \"n\"\nprobability = 0.5", "find = \"n\"\nprobability = 2");
    run(&nothing, "one", "1").code(2).stderr(predicate::str::contains("between 0 and 1"));
}
