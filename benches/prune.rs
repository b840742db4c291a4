//! How long and with how much memory: `prune` against its goals, and how its time grows with width and channels.
//!
//! Prints Markdown tables. A goal is measured in a process of its own, whose peak memory is then its own, on all cores, without
//! what the verb does besides: the dense network against the masked one, and files. Growth is measured on one thread, medians
//! over 3 seeds.
//!
//! Filters are drawn in time linear in their number. Up to 84 dimensions a search looks at few of them and costs D x D covariances;
//! from 128 on it passes over the last 4 D vectors, as often as reading all vectors a few times would cost, but a hundred times.
//! Time is the processor's, on one thread.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lemmascope::random::Address;
use lemmascope::tickets::cnn::{Image, Images, Kernel, Layer, LayerShape, Network, weights};
use lemmascope::tickets::pruning::{Assessment, Design, Looking, Watch};
use lemmascope_benches::{cpu_seconds, median, peak_memory};

/// A network to prune, and what that may take.
struct Goal {
    network: &'static str,
    /// Without layers, one of the trained targets, with its images.
    layers: &'static [LayerShape],
    width: usize,
    seconds: f64,
    mebibytes: f64,
}

const GOALS: [Goal; 3] = [
    Goal { network: "digits_full", layers: &[], width: 10_000, seconds: 20.0, mebibytes: 1024.0 },
    Goal {
        network: "random, 4910 weights",
        layers: &[shape(1, 16, 5), shape(16, 11, 5), shape(11, 10, 1)],
        width: 30_000,
        seconds: 300.0,
        mebibytes: 2048.0,
    },
    Goal { network: "lenet5_mnist", layers: &[], width: 100_000, seconds: 600.0, mebibytes: 4096.0 },
];
/// What names a goal to the process that measures it.
const CASE: &str = "--case";
/// What leaves out the goals.
const GROWTH_ALONE: &str = "--growth";

/// What one 3x3 layer is grown by: input channels, output channels, width.
const NAMES: [&str; 3] = ["c0", "c1", "n"];
/// Where growth starts from, in that order, ...
const USUAL: [usize; 3] = [4, 4, 5_000];
/// ... or with some 35 candidates of a sign for each dimension even of 64 output channels, ...
const WIDE: [usize; 3] = [4, 4, 40_000];
/// ... and along which of them it goes.
const GROWTH: [(usize, [usize; 3], &[usize]); 4] = [
    (2, USUAL, &[2_500, 5_000, 10_000, 20_000, 40_000]),
    (0, USUAL, &[2, 4, 8, 16, 32]),
    (1, USUAL, &[2, 4, 8, 16, 32, 64]),
    (1, WIDE, &[2, 4, 8, 16, 32, 64]),
];
const SEEDS: u64 = 3;
/// CPU seconds that can be measured to some per cent.
const LONG_ENOUGH: f64 = 0.3;

fn main() {
    // Cargo passes options of its own.
    if let Some(case) = std::env::args().skip_while(|argument| argument != CASE).nth(1) {
        return println!("{}", goal_row(&GOALS[case.parse::<usize>().expect("a case is a number")]));
    }
    if !std::env::args().any(|argument| argument == GROWTH_ALONE) {
        print_goals();
    }
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    GROWTH.iter().for_each(|(axis, start, values)| one_thread.install(|| print_growth(*axis, *start, values)));
}

fn print_goals() {
    println!("| network | n | s (goal) | right (target) | kept of | error over all inputs | MiB (goal) |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (case, goal) in GOALS.iter().enumerate() {
        let program = std::env::current_exe().expect("a bench is a file");
        let status = Command::new(program).arg(CASE).arg(case.to_string()).status().expect("a bench can be run");
        assert!(status.success(), "the goal {} was not measured", goal.network);
    }
}

fn goal_row(goal: &Goal) -> String {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/targets");
    let (target, images) = if goal.layers.is_empty() {
        let target =
            weights::read(&targets.join(format!("{}.safetensors", goal.network))).expect("the target is there");
        let images = Images::read(&targets.join(format!("{}_test.npz", goal.network)), &target, false);
        (target, Some(images.expect("its images are there")))
    } else {
        (random_network(goal.layers, 1), None)
    };
    let start = Instant::now();
    let design = Design::new(goal.width);
    let pruned = design.prune(&target, &Watch::NOBODY).expect("the design suits").expect("nobody interrupts");
    let field = target.receptive_field();
    let side = images.as_ref().map_or((field, field), Images::size);
    let approximation = pruned.approximation();
    let compared = images.as_ref().map(|images| images.compare_with(&target, |image| approximation.forward(image)));
    let starts = images.as_ref().and_then(|images| approximation.worst_of(images.images()));
    let starts: Vec<Image> = starts.cloned().into_iter().collect();
    let looking = Looking { starts: &starts, ..Looking::PLAIN };
    let assessment = Assessment::new(&design, &pruned, side, &looking, &Watch::NOBODY).expect("the kernels fit");
    let total = assessment.expect("nobody interrupts").total;
    let seconds = start.elapsed().as_secs_f64();
    let right = compared.map(|figures| format!("{} ({})", figures.pruned_right, figures.target_right));
    let memory = peak_memory().map(|memory| format!("{memory:.0}"));
    format!(
        "| {} | {} | {seconds:.1} ({}) | {} | {} of {} | {:.2e} .. {:.2e} | {} ({}) |",
        goal.network,
        goal.width,
        goal.seconds,
        right.unwrap_or_default(),
        total.kept,
        total.filters,
        total.lower,
        total.upper,
        memory.unwrap_or("?".into()),
        goal.mebibytes
    )
}

/// The table along one axis, and the power with which the time grows.
fn print_growth(axis: usize, start: [usize; 3], values: &[usize]) {
    println!("\n| c0, c1, n | median CPU s | exponent from the row before |\n| --- | --- | --- |");
    let mut medians: Vec<(f64, f64)> = Vec::new();
    let mut all = Vec::new();
    for &value in values {
        let mut cell = start;
        cell[axis] = value;
        let mut seconds: Vec<f64> = (1..=SEEDS).map(|seed| prune_seconds(cell, seed)).collect();
        all.extend(seconds.iter().map(|seconds| ((value as f64).ln(), seconds.ln())));
        medians.push(((value as f64).ln(), median(&mut seconds).ln()));
        let step = medians.last_chunk::<2>().map(|pair| format!("{:.2}", exponent(pair).0)).unwrap_or_default();
        println!("| {}, {}, {} | {:.3} | {step} |", cell[0], cell[1], cell[2], median(&mut seconds));
    }
    let (slope, error) = exponent(&all);
    println!(
        "\nTime grows like {}^{slope:.2} +- {:.2} (twice the standard error of the fit)",
        NAMES[axis],
        2.0 * error
    );
}

/// Seconds to prune for a random 3x3 layer: on average over as many times as take long enough to be measured.
fn prune_seconds([c0, c1, width]: [usize; 3], seed: u64) -> f64 {
    let (target, design) = (random_network(&[shape(c0, c1, 3)], seed), Design { seed, ..Design::new(width) });
    let start = cpu_seconds();
    let mut times = 0.0;
    while times == 0.0 || cpu_seconds() - start < LONG_ENOUGH {
        design.prune(&target, &Watch::NOBODY).expect("the design suits").expect("nobody interrupts");
        times += 1.0;
    }
    (cpu_seconds() - start) / times
}

/// The slope of the least-squares line, and its standard error.
fn exponent(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let missed: f64 = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
    (slope, (missed / (count - 2.0).max(1.0) / spread).sqrt())
}

/// Stride 1, and padding that keeps the size.
const fn shape(cin: usize, cout: usize, k: usize) -> LayerShape {
    LayerShape { cin, cout, k, stride: 1, pad: k / 2 }
}

/// Normal weights of variance 2 / fan-in.
fn random_network(layers: &[LayerShape], seed: u64) -> Network {
    let mut stream = Address { seed, experiment: "bench", cell: "prune", estimator: "target", batch: 0 }.stream();
    let layer = |&LayerShape { cin, cout, k, stride, pad }: &LayerShape| {
        let deviation = (2.0 / (cin * k * k) as f64).sqrt();
        Layer { kernel: Kernel::normal(cout, cin, k, &mut stream).map(|x| deviation * x), stride, pad }
    };
    Network::new(layers.iter().map(layer).collect()).expect("the layers chain")
}
