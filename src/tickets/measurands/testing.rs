//! What tests of measurands share: a measurement, or draws, from a stream of the test's own.

use super::*;
use crate::verdict::{Verdict, judge};

/// A stream of the cell's.
pub fn stream(seed: u64, cell: &Cell, method: Method) -> Stream {
    Address { seed, experiment: "test", cell: &cell.key(), estimator: method.name(), batch: 0 }.stream()
}

/// What is measured without the runner's replicates.
pub fn evidence(id: &str, cell: &Cell, method: Method, mut stream: Stream, replicates: u64) -> Evidence {
    match claim(id).estimator(cell, method).unwrap() {
        Estimator::Deterministic(evaluate) => evaluate().unwrap(),
        Estimator::Constructed(construct) | Estimator::Sampled(construct) => {
            construct(&mut stream, &Allowance { replicates, ..Allowance::TEST }).unwrap()
        }
        Estimator::Replicates(_) => panic!("{id} is sampled by {}", method.name()),
    }
}

/// The verdict on the printed bound.
pub fn verdict(id: &str, cell: &Cell, evidence: &Evidence) -> Verdict {
    judge(evidence, &claim(id).bounds(cell).unwrap()[0], claim(id).statement().relation)
}

/// Replicates, one after another.
pub fn draws(id: &str, cell: &Cell, method: Method, mut stream: Stream, count: usize) -> Vec<Draw> {
    let Ok(Estimator::Replicates(replicates)) = claim(id).estimator(cell, method) else {
        panic!("{id} is not sampled by {}", method.name());
    };
    let mut sampler = (replicates.sampler)();
    (0..count).map(|_| sampler(&mut stream)).collect()
}
