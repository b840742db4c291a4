//! The textbook under search: every careless bound is found false, with a smallest counterexample, in a minute for all; no true one is.
//! `cargo test --release --test long corpus -- --nocapture` prints the table.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lemmascope::falsify::lab::Lab;
use lemmascope::falsify::region::Region;
use lemmascope::falsify::{Finding, Plan, falsify};
use lemmascope::registry::find;

/// The seconds for each careless bound at first, and for each true one, of which nothing is to be found.
const SECONDS: f64 = 2.1;
const SECONDS_OF_TRUE: f64 = 1.0;
/// The seconds for all careless bounds together.
const MOST_SECONDS: f64 = 60.0;

/// A smaller region where one cell of the whole domain takes too long (draws or values by the ten thousand), and where a bound stands for
/// some cells only.
fn region(name: &str, bound: &str) -> &'static str {
    match (name, bound) {
        ("berry-esseen", _) => "n=1..1000",
        ("dkw", _) => "n=1..100",
        ("serfling", _) => "N=2..50,K=1..50,n=1..50",
        ("coupon-collector", _) => "N=1..20,m=1..200",
        ("iterated-logarithm", "printed") => "n=1..1000,stitched=1",
        ("iterated-logarithm", _) => "n=1..1000",
        ("hanson-wright" | "maurer-pontil" | "laurent-massart", "printed") => "term=1",
        ("mcdiarmid", "printed") => "same=0",
        ("freedman", "printed") => "asks=1",
        ("maximum-load", "printed") => "factor=3",
        ("littlewood-offord", "printed") => "closed=0",
        _ => "",
    }
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

fn searched(file: &Path, bound: &str, seconds: f64) -> Finding {
    let claim = find(&file.display().to_string()).unwrap();
    let plan = Plan {
        region: Region::of(&claim, region(&name(file), bound)).unwrap(),
        seed: 1,
        alpha: 1e-3,
        evaluations: None,
        time: Duration::from_secs_f64(seconds),
        first: false,
    };
    let lab = Lab::new(&claim, 1, "corpus");
    falsify(&lab, bound, &plan, &AtomicBool::new(false), &|_, _, _| {}).unwrap()
}

/// The searches of the true bounds err with probability at most 1e-3 each, and do not with this seed.
#[test]
fn careless_bounds_are_found_in_a_minute() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/textbook");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    files.sort();
    let start = Instant::now();
    let mut missed = Vec::new();
    let mut careless: Vec<Finding> = files.iter().map(|file| searched(file, "careless", SECONDS)).collect();
    // What is left of the minute is for those that took longer.
    let open = careless.iter().filter(|finding| !finding.found).count();
    let left = (0.95 * MOST_SECONDS - start.elapsed().as_secs_f64()) / open.max(1) as f64;
    for (file, finding) in files.iter().zip(&mut careless).filter(|(_, finding)| !finding.found && left > SECONDS) {
        *finding = searched(file, "careless", left);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "| lemma | method | true: least slack | false: counterexample | smallest | seconds |\n| --- | --- | --- | --- | --- | --- |"
    );
    for (file, finding) in files.iter().zip(careless) {
        let name = name(file);
        let printed = searched(file, "printed", SECONDS_OF_TRUE);
        assert!(!printed.found, "{name}: {:?}", printed.best.map(|best| best.cell.key()));
        let Some(best) = &finding.best else {
            missed.push(name);
            continue;
        };
        let slack = printed.worst.map_or("none".into(), |worst| format!("{:.3}", worst.slack));
        let cell = if finding.found { best.cell.key().replace(';', " ") } else { "not found".into() };
        println!(
            "| {name} | {} | {slack} | {cell} | {} | {:.1} |",
            best.evidence.method.name(),
            if finding.smallest { "yes" } else { "cut short" },
            finding.seconds
        );
        if !finding.found {
            missed.push(name);
        }
    }
    println!("all careless ones: {seconds:.1} s");
    assert!(missed.is_empty(), "not found: {missed:?}");
    assert!(seconds <= MOST_SECONDS, "{seconds}");
}
