//! Random streams by address: the only place that seeds.

use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

/// The generator of every random number in the crate.
pub type Stream = Pcg64;

/// Names one random stream. The stream depends on nothing else: not on other cells, the order of work, threads, shards
/// or an interruption, so any batch can be replayed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// The run's seed.
    pub seed: u64,
    /// The experiment's name.
    pub experiment: &'a str,
    /// The cell's key, as [`crate::cell::Cell::key`] writes it.
    pub cell: &'a str,
    /// The estimator: the name of the method.
    pub estimator: &'a str,
    /// The batch's number within the estimator.
    pub batch: u64,
}

impl Address<'_> {
    /// The stream at this address: a PCG-64 whose 128-bit state and 128-bit stream selector are the SHA-256 of the
    /// address. Text fields are prefixed by their length, so that no two addresses run together.
    pub fn stream(&self) -> Stream {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        for text in [self.experiment, self.cell, self.estimator] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(self.batch.to_le_bytes());
        let digest = hash.finalize();
        let half = |range: std::ops::Range<usize>| {
            let mut bytes = [0u8; 16];
            bytes.copy_from_slice(&digest[range]);
            u128::from_le_bytes(bytes)
        };
        Pcg64::new(half(0..16), half(16..32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    const BASE: Address = Address { seed: 1, experiment: "e", cell: "k=1", estimator: "literal", batch: 0 };

    #[test]
    fn streams_are_pinned() {
        let mut stream = BASE.stream();
        let drawn: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(drawn, PINNED, "the streams changed: every seeded record in the world changes with them");
    }

    const PINNED: [u64; 3] = [4169583597565891135, 11471474788301856162, 10433316672995580762];

    #[test]
    fn every_part_of_the_address_matters() {
        let others = [
            Address { seed: 2, ..BASE },
            Address { experiment: "f", ..BASE },
            Address { cell: "k=2", ..BASE },
            Address { estimator: "collapsed", ..BASE },
            Address { batch: 1, ..BASE },
            // The same characters, cut elsewhere.
            Address { experiment: "ek", cell: "=1", ..BASE },
        ];
        let first = BASE.stream().next_u64();
        for other in others {
            assert_ne!(other.stream().next_u64(), first, "{other:?}");
        }
    }
}
