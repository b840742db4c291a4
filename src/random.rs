//! Random streams by address: the only place that seeds.

use rand::Rng;
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
    /// The cell's key, as [`crate::statement::Cell::key`] writes it.
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

/// Marsaglia's multiply-with-carry generator of lag 3 with the multiplier of Vigna's MWC256: cheaper than a [`Stream`], for blocks of
/// many numbers. It is a linear congruential generator modulo the safe prime A 2^192 - 1, of period near 2^255.
#[derive(Debug, Clone, Copy)]
pub struct MultiplyWithCarry {
    words: [u64; 3],
    carry: u64,
}

impl MultiplyWithCarry {
    const A: u64 = 0xfff6_2cf2_ccc0_cdaf;

    /// Takes the 192 bits of its state from the stream, so that it has the stream's address.
    pub fn seeded(stream: &mut Stream) -> Self {
        MultiplyWithCarry { words: [stream.next_u64(), stream.next_u64(), stream.next_u64()], carry: 1 }
    }

    /// Its next three numbers.
    #[inline(always)]
    pub fn next_three(&mut self) -> [u64; 3] {
        let mut carry = self.carry;
        let mut step = |word: u64| {
            let product = u128::from(Self::A) * u128::from(word) + u128::from(carry);
            carry = (product >> 64) as u64;
            product as u64
        };
        let drawn @ [x, y, z] = self.words;
        self.words = [step(x), step(y), step(z)];
        self.carry = carry;
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// The congruential generator that it is, in whole numbers of 256 bits: S / 2^64 modulo A 2^192 - 1, from the words 1, 2, 3 and
    /// the carry 1 (Python).
    #[test]
    fn multiply_with_carry_is_a_congruential_generator() {
        let mut bits = MultiplyWithCarry { words: [1, 2, 3], carry: 1 };
        let drawn = [bits.next_three(), bits.next_three(), bits.next_three()];
        assert_eq!(drawn, CONGRUENTIAL);
    }

    const CONGRUENTIAL: [[u64; 3]; 3] = [
        [1, 2, 3],
        [18443978745271340464, 18441213416833129310, 18438448088394918158],
        [17674109362488118098, 16901475065813627962, 16126075440700926675],
    ];

    #[test]
    fn its_seed_is_the_streams() {
        let (mut stream, mut same) = (BASE.stream(), BASE.stream());
        let drawn = MultiplyWithCarry::seeded(&mut stream).next_three();
        assert_eq!(drawn, [same.next_u64(), same.next_u64(), same.next_u64()]);
        assert_eq!(stream.next_u64(), same.next_u64());
    }
}
