//! How near the balance of signs comes in many dimensions, and how soon, on one thread.
//!
//! Prints Markdown tables: relative errors, of the sum in the 2-norm and in the max norm, beside those of giving each vector in falling
//! norm the sign that shortens what is left, once (`signs alone`), medians over seeds; and up to how many vectors a planted subset is
//! found. Arguments: `--quick` leaves out 3000 dimensions.

use lemmascope::random::{Address, Stream};
use lemmascope::subset_sum::{Balance, Beam, Budget, Outcome, Problem, Solver};
use lemmascope::tickets::nsn::sampling::add_nsn_vector;
use lemmascope_benches::{cpu_seconds, median};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// D, n and the target's norm.
const CELLS: [(usize, usize, f64); 11] = [
    (128, 10_000, 600.0),
    (128, 100_000, 6e3),
    (250, 100_000, 6e3),
    (400, 10_000, 300.0),
    (400, 30_000, 1e3),
    (400, 100_000, 3e3),
    (1000, 30_000, 2e3),
    (1000, 100_000, 6e3),
    (3000, 30_000, 2e3),
    (3000, 50_000, 6e3),
    (3000, 100_000, 1.5e4),
];
/// Passes over the last vectors for each pass over all: the usual effort, and what some seconds allow.
const EFFORTS: [usize; 2] = [Balance::DEFAULT.passes, 96];
const SEEDS: u64 = 3;
/// Vectors among which a subset of half of them is planted, in this many dimensions.
const PLANTED: (usize, [usize; 7]) = (400, [400, 800, 900, 1000, 1100, 1200, 1600]);

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    println!("| D | n | norm | signs alone: 2-norm, max | passes | 2-norm, max | times nearer | CPU s |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for &(dimension, count, norm) in CELLS.iter().filter(|cell| !quick || cell.0 < 3000) {
        for passes in EFFORTS.into_iter().filter(|&passes| passes == EFFORTS[0] || dimension < 1000) {
            println!("{}", row(dimension, count, norm, passes));
        }
    }
    println!("\n| D | n | planted subsets found of {SEEDS}: by balance, by beam |\n| --- | --- | --- |");
    PLANTED.1.iter().for_each(|&count| println!("{}", planted_row(PLANTED.0, count)));
}

fn row(dimension: usize, count: usize, norm: f64, passes: usize) -> String {
    let (mut alone, mut found, mut seconds) = ([vec![], vec![]], [vec![], vec![]], vec![]);
    for seed in 0..SEEDS {
        let mut stream = stream(seed);
        let vectors = vectors(count, dimension, &mut stream);
        let mut target: Vec<f64> = (0..dimension).map(|_| StandardNormal.sample(&mut stream)).collect();
        let factor = norm / length(&target);
        target.iter_mut().for_each(|z| *z *= factor);
        let largest = largest(&target);
        let push = |errors: &mut [Vec<f64>; 2], left: &[f64]| {
            errors[0].push(length(left) / norm);
            errors[1].push(self::largest(left) / largest);
        };
        push(&mut alone, &signs_alone(&vectors, &target));
        let problem = Problem::new(&vectors, dimension, &target, 0.0, None).expect("an instance is a problem");
        let start = cpu_seconds();
        let best = best(&Balance { passes }, &problem, &mut stream);
        seconds.push(cpu_seconds() - start);
        push(&mut found, &left(&problem, &best));
    }
    let [alone, found] = [alone, found].map(|errors| errors.map(|mut errors| median(&mut errors)));
    format!(
        "| {dimension} | {count} | {norm} | {:.2e}, {:.2e} | {passes} | {:.2e}, {:.2e} | {:.1}, {:.1} | {:.2} |",
        alone[0],
        alone[1],
        found[0],
        found[1],
        alone[0] / found[0],
        alone[1] / found[1],
        median(&mut seconds)
    )
}

fn planted_row(dimension: usize, count: usize) -> String {
    let mut found = [0; 2];
    for seed in 0..SEEDS {
        let mut stream = stream(seed);
        let vectors = vectors(count, dimension, &mut stream);
        let planted: Vec<usize> = (0..count).filter(|_| stream.random()).collect();
        let mut target = vec![0.0; dimension];
        for index in &planted {
            target.iter_mut().zip(&vectors[index * dimension..]).for_each(|(z, x)| *z += x);
        }
        let problem = Problem::new(&vectors, dimension, &target, 1e-9, None).expect("an instance is a problem");
        let solvers: [&dyn Solver; 2] = [&Balance { passes: 300 }, &Beam { first_width: 32, last_width: 32 }];
        for (found, solver) in found.iter_mut().zip(solvers) {
            *found += usize::from(best(solver, &problem, &mut stream) == planted);
        }
    }
    format!("| {dimension} | {count} | {}, {} |", found[0], found[1])
}

fn best(solver: &dyn Solver, problem: &Problem, stream: &mut Stream) -> Vec<usize> {
    match solver.solve(problem, stream, &Budget::COUNTED) {
        Outcome::Found(best) | Outcome::GaveUp { best } => best.subset,
        Outcome::None => panic!("a search proves nothing"),
    }
}

fn vectors(count: usize, dimension: usize, stream: &mut Stream) -> Vec<f64> {
    let mut vectors = vec![0.0; count * dimension];
    vectors.chunks_mut(dimension).for_each(|vector| add_nsn_vector(vector, stream));
    vectors
}

/// What is left where each vector in falling norm gets the sign that shortens it.
fn signs_alone(vectors: &[f64], target: &[f64]) -> Vec<f64> {
    let mut falling: Vec<&[f64]> = vectors.chunks(target.len()).collect();
    falling.sort_by(|x, y| length(y).total_cmp(&length(x)));
    let mut left = target.to_vec();
    let add = |left: &mut Vec<f64>, vector: &[f64], factor: f64| {
        left.iter_mut().zip(vector).for_each(|(z, x)| *z += factor * x);
    };
    falling.iter().for_each(|vector| add(&mut left, vector, -0.5));
    for vector in falling {
        let towards: f64 = left.iter().zip(vector).map(|(z, x)| z * x).sum();
        add(&mut left, vector, -0.5 * towards.signum());
    }
    left
}

fn left(problem: &Problem, subset: &[usize]) -> Vec<f64> {
    let mut left = problem.target().to_vec();
    for &index in subset {
        left.iter_mut().zip(problem.vector(index)).for_each(|(z, x)| *z -= x);
    }
    left
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |max, x| max.max(x.abs()))
}

fn stream(seed: u64) -> Stream {
    Address { seed, experiment: "bench", cell: "balance", estimator: "all", batch: 0 }.stream()
}
