//! Kills at random moments over every verb that writes: nothing is half written, nothing blocks, and the results are the same.
//!
//! Twelve kills in every run of the long suites; two hundred with `cargo test --release --test long -- --ignored`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lemmascope::random::Stream;
use rand::RngExt;

/// Sampled and exact cells, a plot, and work for about a second.
fn experiment() -> String {
    let small = include_str!("common/small.toml");
    small.replace("replicates = 3000", "replicates = 20000").replace("[64, 4096]", "[64, 400, 4096]")
}

const FIRST_HALF: &[&str] = &["run", "killed.toml", "--quiet", "--out", "parts", "--shard", "1/2"];
const SECOND_HALF: &[&str] = &["run", "killed.toml", "--quiet", "--out", "parts", "--shard", "2/2"];

/// A verb that writes.
struct Verb {
    arguments: &'static [&'static str],
    /// What is added to go on after a kill.
    again: &'static [&'static str],
    /// The commands that make what it reads.
    before: &'static [&'static [&'static str]],
}

const RUN: &[&str] = &["run", "killed.toml", "--quiet"];

const VERBS: [Verb; 9] = [
    Verb { arguments: RUN, again: &["--resume"], before: &[] },
    Verb { arguments: &["run", "killed.toml", "--quiet", "--fresh"], again: &["--resume"], before: &[RUN] },
    Verb { arguments: &["merge", "parts", "--quiet"], again: &[], before: &[FIRST_HALF, SECOND_HALF] },
    Verb { arguments: &["check", "killed.toml", "--quiet"], again: &["--resume"], before: &[RUN] },
    Verb { arguments: &["check", "killed.toml", "--quiet", "--accept"], again: &["--resume"], before: &[RUN] },
    Verb {
        arguments: &["falsify", "nsn-box", "--within", "d=12..40,k=16..4096", "--evaluations", "300", "--quiet"],
        again: &[],
        before: &[],
    },
    Verb {
        arguments: &["prune", "--target", "target.safetensors", "--width", "200", "--effort", "quick", "--quiet"],
        again: &["--resume"],
        before: &[],
    },
    Verb { arguments: &["report", "killed.toml", "--quiet"], again: &[], before: &[RUN] },
    Verb { arguments: &["plot", "killed.toml", "--quiet"], again: &[], before: &[RUN] },
];

/// Files by name, without those whose names begin with a dot and those that hold wall times: `timings.csv` and the files of shards,
/// whose own sum says whether they are whole when `merge` reads them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name.starts_with('.') || name == "timings.csv" || name.ends_with(".cells") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

fn command(folder: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Carries a verb out; returns how long it took.
fn carry_out(folder: &Path, arguments: &[&str]) -> Duration {
    let start = Instant::now();
    let output = command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    start.elapsed()
}

impl Verb {
    fn prepare(&self, folder: &Path) {
        std::fs::write(folder.join("killed.toml"), experiment()).unwrap();
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/targets/digits_gap.safetensors");
        std::fs::copy(target, folder.join("target.safetensors")).unwrap();
        for arguments in self.before {
            let _ = carry_out(folder, arguments);
        }
    }

    /// Kills it so many times, each time in the state that the kill before has left behind, or from the start.
    fn survives(&self, kills: usize, stream: &mut Stream) {
        let whole = tempfile::tempdir().unwrap();
        self.prepare(whole.path());
        let before = files(whole.path());
        let took = carry_out(whole.path(), self.arguments);
        let after = files(whole.path());
        let mut folder = tempfile::tempdir().unwrap();
        self.prepare(folder.path());
        for kill in 0..kills {
            let mut child = command(folder.path(), self.arguments).spawn().unwrap();
            std::thread::sleep(took.mul_f64(stream.random_range(0.0..1.1)));
            child.kill().unwrap();
            child.wait().unwrap();
            for (name, bytes) in files(folder.path()) {
                let is_whole = [&before, &after].iter().any(|files| files.get(&name) == Some(&bytes));
                assert!(is_whole, "{:?} left a part of {name} after kill {kill}", self.arguments);
            }
            if stream.random_bool(0.5) {
                carry_out(folder.path(), &[self.arguments, self.again].concat());
                let files = files(folder.path());
                assert!(files == after, "{:?} differs after kill {kill}: {:?}", self.arguments, files.keys());
                folder = tempfile::tempdir().unwrap();
                self.prepare(folder.path());
            }
        }
        carry_out(folder.path(), &[self.arguments, self.again].concat());
        assert!(files(folder.path()) == after, "{:?} differs at the end", self.arguments);
    }
}

fn survive(kills: usize) {
    let mut stream = Stream::new(9, kills as u128);
    for (index, verb) in VERBS.iter().enumerate() {
        // The first ones write most, and take what is left over.
        let its = kills / VERBS.len() + usize::from(index < kills % VERBS.len());
        verb.survives(its, &mut stream);
    }
    println!("{kills} kills over {} verbs survived", VERBS.len());
}

#[test]
fn twelve_kills() {
    survive(12);
}

#[test]
#[ignore = "takes minutes"]
fn two_hundred_kills() {
    survive(200);
}
