//! How fast and how near: the subset-sum engine on the instances of public solvers, and on large ones, one thread.
//!
//! Prints Markdown tables: medians over 10 seeds. The peers' times are those in `benches/peers/times.csv`, which
//! `benches/peers/mrss_peers.py` writes; for a ratio, measure both on one machine one after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use lemmascope::arrays::{self, Reading};
use lemmascope::random::{Address, Stream};
use lemmascope::subset_sum::{Answer, Beam, Budget, Outcome, Problem, solve};
use lemmascope::tickets::nsn::sampling::add_nsn_vector;
use lemmascope_benches::{median, peak_memory};
use rand_distr::{Distribution, StandardNormal};

/// The dimension, n, k and eps of an instance.
type Cell = (usize, usize, usize, f64);

const SMALL: [Cell; 9] = [
    (1, 64, 8, 1e-4),
    (2, 64, 8, 1e-2),
    (2, 100, 10, 1e-3),
    (4, 64, 8, 0.1),
    (4, 100, 10, 0.05),
    (9, 64, 16, 0.25),
    (9, 100, 16, 0.2),
    (4, 100, 10, 0.01),
    (9, 100, 16, 0.1),
];
/// n, d and, if fixed, k.
const LARGE: [(usize, usize, Option<usize>); 6] = [
    (10_000, 36, None),
    (10_000, 36, Some(1_000)),
    (10_000, 72, None),
    (10_000, 72, Some(1_000)),
    (100_000, 250, None),
    (100_000, 250, Some(10_000)),
];
const SEEDS: u64 = 10;
/// As long as the peers may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The norm of the large instances' targets.
const NORM: f64 = 0.6;

fn main() {
    // Cargo passes options of its own.
    let peers = peers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/times.csv"));
    println!("| d, n, k, eps | solved | median s | slowest s | fastest peer | its median s | ratio |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    SMALL.iter().for_each(|cell| println!("{}", small_row(cell, &peers)));
    println!("\n| n, D, k | median error | largest error | median s |");
    println!("| --- | --- | --- | --- |");
    LARGE.iter().for_each(|cell| println!("{}", large_row(*cell)));
    if let Some(memory) = peak_memory() {
        println!("\nPeak memory: {memory:.0} MiB");
    }
}

/// Median seconds by cell and solver, a solver that failed counting with its limit.
fn peers(path: &Path) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut times: BTreeMap<String, BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    let Ok(mut reader) = csv::Reader::from_path(path) else { return BTreeMap::new() };
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("the peers' times are a table");
        let seconds: f64 = row["time"].parse().expect("a time in seconds");
        let seconds = if row["verified"] == "True" { seconds } else { LIMIT.as_secs_f64() };
        let eps: f64 = row["eps"].parse().expect("a tolerance");
        let cell = format!("{}, {}, {}, {eps}", row["d"], row["n"], row["k"]);
        times.entry(cell).or_default().entry(row["solver"].clone()).or_default().push(seconds);
    }
    let medians = |solvers: BTreeMap<String, Vec<f64>>| {
        solvers.into_iter().map(|(solver, mut times)| (solver, median(&mut times))).collect()
    };
    times.into_iter().map(|(cell, solvers)| (cell, medians(solvers))).collect()
}

fn small_row(&(d, n, k, eps): &Cell, peers: &BTreeMap<String, BTreeMap<String, f64>>) -> String {
    let file = format!("instances/d{d}-n{n}-k{k}.npy");
    let instances = arrays::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), Reading::default());
    let instances = instances.expect("the instances are there").array.data;
    let mut seconds = Vec::new();
    let mut solved = 0;
    for (seed, instance) in instances.chunks_exact((n + 1) * d).enumerate() {
        let (target, vectors) = instance.split_at(d);
        let start = Instant::now();
        let problem = Problem::new(vectors, d, target, eps, Some(k)).expect("an instance is a problem");
        let flag = std::sync::atomic::AtomicBool::new(false);
        let budget = Budget::until(start + LIMIT, &flag, &|_| {});
        let Answer { outcome, .. } = solve(&problem, &mut stream(seed as u64), &budget);
        seconds.push(start.elapsed().as_secs_f64());
        solved += usize::from(matches!(outcome, Outcome::Found(found) if found.error <= eps));
    }
    let (count, slowest, middle) = (seconds.len(), seconds.iter().copied().fold(0.0, f64::max), median(&mut seconds));
    let cell = format!("{d}, {n}, {k}, {eps}");
    let fastest = peers.get(&cell).and_then(|solvers| solvers.iter().min_by(|x, y| x.1.total_cmp(y.1)));
    let peer =
        fastest.map_or("| | |".into(), |(solver, time)| format!("{solver} | {time:.3} | {:.0} |", time / middle));
    format!("| {cell} | {solved} of {count} | {middle:.6} | {slowest:.6} | {peer}")
}

fn large_row((n, d, k): (usize, usize, Option<usize>)) -> String {
    let (mut errors, mut seconds) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let mut stream = stream(seed);
        let mut vectors = vec![0.0; n * d];
        vectors.chunks_mut(d).for_each(|vector| add_nsn_vector(vector, &mut stream));
        let mut target: Vec<f64> = (0..d).map(|_| StandardNormal.sample(&mut stream)).collect();
        let norm = target.iter().map(|x| x * x).sum::<f64>().sqrt();
        target.iter_mut().for_each(|x| *x *= NORM / norm);
        let start = Instant::now();
        let problem = Problem::new(&vectors, d, &target, 0.0, k).expect("an instance is a problem");
        let Answer { outcome, .. } = Answer::of(&Beam::DEFAULT, &problem, &mut stream, &Budget::COUNTED);
        seconds.push(start.elapsed().as_secs_f64());
        let Outcome::GaveUp { best } = outcome else { panic!("no sum of normals is 0") };
        errors.push(best.error);
    }
    let (largest, seconds) = (errors.iter().copied().fold(0.0, f64::max), median(&mut seconds));
    let size = k.map_or("any".into(), |k| k.to_string());
    format!("| {n}, {d}, {size} | {:.5} | {largest:.5} | {seconds:.2} |", median(&mut errors))
}

fn stream(seed: u64) -> Stream {
    Address { seed, experiment: "bench", cell: "subset-sum", estimator: "all", batch: 0 }.stream()
}
