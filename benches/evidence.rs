//! What one piece of evidence costs, method by method.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lemmascope::evidence::mean;
use lemmascope::random::Address;
use lemmascope::subset_sum::KSubsetCounter;
use lemmascope::tickets::nsn::Target;
use lemmascope::tickets::nsn::boxes::{ln_box, ln_joint_box};
use lemmascope::tickets::nsn::sampling::{add_collapsed_sum, add_nsn_vector, add_nsn_vectors};
use lemmascope::tickets::nsn::tilted::{TiltedBox, TiltedJointBox};

const K: u64 = 64;
const D: u64 = 4;

fn evidence(criterion: &mut Criterion) {
    let address = Address { seed: 1, experiment: "bench", cell: "k=64;d=4", estimator: "all", batch: 0 };
    let mut stream = address.stream();

    let mut quadrature = criterion.benchmark_group("quadrature");
    for target in [Target::Origin, Target::Axis] {
        quadrature.bench_function(format!("box to 1e-10, {target:?}"), |b| {
            b.iter(|| ln_box(black_box(K), D, 0.1, &target, 1e-10))
        });
    }
    for j in [1, 4, K / 2, K - 1, K] {
        quadrature.sample_size(10).bench_function(format!("joint box to 1e-8, j = {j}"), |b| {
            b.iter(|| ln_joint_box(black_box(K), j, D, 0.1, &Target::Axis, 1e-8))
        });
    }
    quadrature.finish();

    let mut replicates = criterion.benchmark_group("one replicate");
    replicates.throughput(Throughput::Elements(1));
    let mut sum = vec![0.0; D as usize];
    replicates.bench_function("literal sum", |b| b.iter(|| add_nsn_vectors(K, black_box(&mut sum), &mut stream)));
    replicates.bench_function("collapsed sum", |b| b.iter(|| add_collapsed_sum(K, black_box(&mut sum), &mut stream)));
    let tilted = TiltedBox::new(K, D, 0.1, &Target::Axis);
    replicates.bench_function("conditional box", |b| b.iter(|| tilted.draw(&mut stream)));
    let tilted = TiltedJointBox::new(K, K / 2, D, 0.1, &Target::Axis);
    replicates.bench_function("conditional joint box", |b| b.iter(|| tilted.draw(&mut stream)));
    replicates.finish();

    let values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 100) / 200.0).collect();
    criterion.bench_function("limits of a mean of 10000 values", |b| {
        b.iter(|| (mean::lower(black_box(&values), 1e-6), mean::upper(black_box(&values), 1e-6)))
    });

    let mut counter = KSubsetCounter::new(2, 4);
    let mut vectors = vec![0.0; 32];
    vectors.chunks_mut(2).for_each(|vector| add_nsn_vector(vector, &mut stream));
    criterion.bench_function("T by enumeration, n = 16, k = 4, d = 2", |b| {
        b.iter(|| counter.count(black_box(&vectors), &[0.0, 0.0], 0.1))
    });
}

criterion_group!(benches, evidence);
criterion_main!(benches);
