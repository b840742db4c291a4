//! Claims whose draws come from a command: its values are measured, and what it does wrong is an error with its last words.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// A claim with this command and further lines, beside the same claim that the program draws itself.
fn files(folder: &Path, command: &[&str], lines: &str) {
    let claim = |id: &str, drawn: &str| {
        format!(
            "title = \"Half\"\n[claim]\nid = \"{id}\"\nparameters = {{ n = \"1..100\", p = \"0<..<1\" }}\n{drawn}\n\
             bounds = {{ printed = \"exp(-2*n*(1/2-p)^2)\", careless = \"exp(-8*n*(1/2-p)^2)\" }}\nrelation = \"at-most\"\n\
             [[grid]]\nn = 9\np = 0.3\n"
        )
    };
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let words: Vec<String> = command.iter().map(|word| toml::Value::String(word.to_string()).to_string()).collect();
    write("outside.toml", claim("outside", &format!("command = [{}]\n{lines}", words.join(", "))));
    write("inside.toml", claim("inside", "draw = { X = \"iid(n, bernoulli(p))\" }\nevent = \"sum(X) >= n/2\""));
}

fn lemmascope(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("lemmascope").unwrap();
    command.current_dir(folder).args(arguments).arg("--quiet").timeout(Duration::from_secs(60)).output().unwrap()
}

fn evaluate(folder: &Path, file: &str, options: &[&str]) -> Output {
    lemmascope(folder, &[&["evaluate", file, "--set", "n=9", "--set", "p=0.3"], options].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const SAMPLER: &str = r#"
import json, random, sys

for line in sys.stdin:
    asked = json.loads(line)
    random.seed(asked["seed"])
    n, p = asked["cell"]["n"], asked["cell"]["p"]
    draw = lambda: int(sum(random.random() < p for _ in range(n)) >= n / 2)
    print(json.dumps({"values": [draw() for _ in range(asked["batch"])]}), flush=True)
"#;

fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no python3");
    }
    found
}

/// The interval of a sampler in Python holds the exact value, at chance of error 1e-3 with this seed; the same seed gives the same
/// bytes, on one thread as on two.
#[test]
fn a_sampler_in_python_measures_what_the_program_does() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sampler.py"), SAMPLER).unwrap();
    files(folder.path(), &["python3", "sampler.py"], "");
    let json = |file: &str, options: &[&str]| -> serde_json::Value {
        let output = evaluate(folder.path(), file, &[options, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    };
    let outside = json("outside.toml", &["--allow-commands", "--replicates", "20000"]);
    let exact = json("inside.toml", &[])["measured"]["value"].as_f64().unwrap();
    let end = |end: &str| outside["measured"][end].as_f64().unwrap();
    assert!(end("lo") <= exact && exact <= end("hi") && end("hi") < 1.3 * end("lo"), "{outside} {exact}");
    let run = |threads: &str, out: &str| {
        let options =
            ["run", "outside.toml", "--allow-commands", "--effort", "quick", "--threads", threads, "--out", out];
        let output = lemmascope(folder.path(), &options);
        assert!(output.status.success(), "{}", text(&output));
        std::fs::read(folder.path().join(out).join("outside.csv")).unwrap()
    };
    assert_eq!(run("1", "one"), run("2", "two"));
    let output = lemmascope(
        folder.path(),
        &["check", "outside.toml", "--allow-commands", "--effort", "quick", "--baseline", "one"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let falsify = [
        "falsify",
        "outside.toml",
        "--allow-commands",
        "--within",
        "n=9,p=0.3",
        "--time-limit",
        "20",
        "--evaluations",
        "40",
    ];
    let output = lemmascope(folder.path(), &falsify);
    assert!(text(&output).contains("bound careless (at-most): FALSE"), "{}", text(&output));
}

/// Nothing is started without permission.
#[test]
fn commands_need_permission() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &["sh", "-c", "touch started; cat"], "");
    for output in [
        evaluate(folder.path(), "outside.toml", &[]),
        lemmascope(folder.path(), &["run", "outside.toml"]),
        lemmascope(folder.path(), &["falsify", "outside.toml"]),
        lemmascope(folder.path(), &["threshold", "outside.toml", "--set", "n=9", "--find", "p"]),
    ] {
        assert!(output.status.code() == Some(2) && text(&output).contains("--allow-commands"), "{}", text(&output));
    }
    assert!(!folder.path().join("started").exists());
    let mut claims = assert_cmd::Command::cargo_bin("lemmascope").unwrap();
    claims.current_dir(folder.path()).args(["claims", "outside.toml"]).assert().success();
}

/// Dying, slow, lying and silent processes are errors with their last words, in a few seconds.
#[test]
fn what_a_process_does_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let answers = |answer: &str| format!("while read line; do echo '{answer}'; done");
    let sevens = "v=$(yes 7 | head -256 | paste -sd,); while read line; do echo \"{\\\"values\\\": [$v]}\"; done";
    let cases = [
        (
            "echo oops >&2; exit 3".to_string(),
            "",
            "ended (exit status: 3) before it answered; its standard error ends with:\noops",
        ),
        (
            "echo wait >&2; exec sleep 100".into(),
            "timeout = 0.5",
            "no answer within 0.5 s (timeout); its standard error ends with:\nwait",
        ),
        ("while read line; do sleep 100; done".into(), "timeout = 0.5", "no answer within 0.5 s"),
        ("exec >&-; exec sleep 100".into(), "", "it closed its output before it answered"),
        (answers("{\"values\": [1, 0]}"), "", "it was asked for 256 values and gave 2"),
        (answers("{\"values\": [NaN]}"), "", "its answer is no JSON"),
        (answers("hello"), "", "hello"),
        (answers("{\"value\": 1}"), "", "its answer is no JSON {\"values\": [...]} of numbers"),
        (sevens.into(), "", "it gave the value 7, and an event is 0 or 1"),
        (sevens.into(), "values = \"0..5\"", "it gave the value 7, which does not lie in 0..5"),
    ];
    for (script, lines, expected) in cases {
        files(folder.path(), &["sh", "-c", &script], lines);
        let start = Instant::now();
        let output = evaluate(folder.path(), "outside.toml", &["--allow-commands"]);
        assert!(output.status.code() == Some(2) && text(&output).contains(expected), "{script}\n{}", text(&output));
        assert!(start.elapsed() < Duration::from_secs(20), "{script}");
    }
    files(folder.path(), &["no-such-program-here"], "");
    let output = evaluate(folder.path(), "outside.toml", &["--allow-commands"]);
    assert!(text(&output).contains("no-such-program-here: it does not start"), "{}", text(&output));
    // Sevens are as good as any number between 0 and 10.
    files(folder.path(), &["sh", "-c", sevens], "values = \"0..10\"");
    let output = evaluate(folder.path(), "outside.toml", &["--allow-commands", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let end = |end: &str| json["measured"][end].as_f64().unwrap();
    assert!(end("lo") <= 7.0 && 7.0 <= end("hi") && end("hi") - end("lo") < 0.5, "{json}");
}

/// The time limit ends a verb within seconds, and its processes with it.
#[test]
#[cfg(target_os = "linux")]
fn processes_end_with_the_program() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &["sh", "-c", "echo $$ > pid; exec sleep 1000"], "");
    let start = Instant::now();
    let output = evaluate(folder.path(), "outside.toml", &["--allow-commands", "--time-limit", "1"]);
    assert!(output.status.code() == Some(4) && start.elapsed() < Duration::from_secs(10), "{}", text(&output));
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(is_soon(|| !Path::new("/proc").join(pid.trim()).exists()), "{pid}");
}

/// Ctrl-C ends a run with exit code 4 and its silent process with it, and leaves no half record.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_the_process_too() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &["sh", "-c", "echo $$ > new; mv new pid; exec sleep 1000"], "");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
        .current_dir(folder.path())
        .args(["run", "outside.toml", "--allow-commands", "--quiet"])
        .spawn()
        .unwrap();
    let file = folder.path().join("pid");
    assert!(is_soon(|| file.exists()), "the process did not start");
    let pid = std::fs::read_to_string(&file).unwrap();
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert!(is_soon(|| child.try_wait().unwrap().is_some()), "it goes on");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert!(is_soon(|| !Path::new("/proc").join(pid.trim()).exists()), "{pid}");
    assert!(!folder.path().join("results/outside.csv").exists());
}

/// Whether something becomes true within some seconds.
#[cfg(target_os = "linux")]
fn is_soon(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    holds()
}

/// What is written wrongly is named with its line.
#[test]
fn declarations_of_commands_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    for (command, lines, expected) in [
        (&["sh"][..], "values = \"words\"", "line 6: values: write \"event\" for values that are 0 or 1"),
        (&["sh"], "values = \"-1..1.5\"", "line 6: values: write \"event\""),
        (&["sh"], "timeout = 0.0", "line 6: timeout: write the seconds"),
        (&["sh"], "event = \"n > 1\"", "line 5: command: the command draws, so that draw, given"),
        (&[], "", "line 5: command: write the program and its arguments"),
    ] {
        files(folder.path(), command, lines);
        let output = evaluate(folder.path(), "outside.toml", &["--allow-commands"]);
        assert!(output.status.code() == Some(2) && text(&output).contains(expected), "{expected}\n{}", text(&output));
    }
}
