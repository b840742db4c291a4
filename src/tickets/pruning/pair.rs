//! The random two layers that Lemma 12 prunes, whether they are stored or drawn again whenever they are needed.

use crate::error::{Error, Result};
use crate::random::Stream;
use crate::tickets::cnn::Kernel;

/// The random pair of Lemma 12: V of 1x1 windows from c_0 to 2 n c_0 channels, and U of d x d windows from those to c_1
/// channels. Input channel t has the block of 2n filters from 2 n t on. Of a filter's entries of V only the one at its own
/// block's channel outlives the channel-blocked mask, so that no other is asked for.
pub trait Pair: Sync {
    /// The paper's n: filters for each input channel and sign, before the signs are looked at.
    fn n(&self) -> usize;

    /// Input channels c_0, output channels c_1 and side d of the target's kernel.
    fn shape(&self) -> (usize, usize, usize);

    /// V's entry of a filter at its own block's channel.
    fn entry(&self, filter: usize) -> f64;

    /// U's d^2 c_1 entries of a filter, in the order (output, row, column).
    fn slice(&self, filter: usize) -> Vec<f64>;

    /// The input channel to whose block a filter belongs.
    fn channel(&self, filter: usize) -> usize {
        filter / (2 * self.n())
    }

    /// The filters among which a channel and sign may keep: those of `filters` whose entry of V has the sign.
    fn candidates(&self, channel: usize, sign: Sign, filters: Filters) -> Vec<usize> {
        self.first_candidates(channel, sign, filters, usize::MAX)
    }

    /// The first so many of them, if there are.
    fn first_candidates(&self, channel: usize, sign: Sign, filters: Filters, most: usize) -> Vec<usize> {
        let start = 2 * self.n() * channel;
        let range = match (filters, sign) {
            (Filters::WholeBlock, _) => start..start + 2 * self.n(),
            (Filters::HalfBlocks, Sign::Positive) => start..start + self.n(),
            (Filters::HalfBlocks, Sign::Negative) => start + self.n()..start + 2 * self.n(),
        };
        range.filter(|&filter| sign.is_of(self.entry(filter))).take(most).collect()
    }

    /// What keeping a filter adds to L^+ or L^- at its input channel: |V_l| U_l in the order (output, row, column).
    fn vector(&self, filter: usize) -> Vec<f64> {
        let scale = self.entry(filter).abs();
        let mut vector = self.slice(filter);
        vector.iter_mut().for_each(|u| *u *= scale);
        vector
    }

    /// Sets `vector` to the same, without taking memory where that can be.
    fn read_vector(&self, filter: usize, vector: &mut [f64]) {
        vector.copy_from_slice(&self.vector(filter));
    }

    /// About the 2-norm of that vector.
    fn norm(&self, filter: usize) -> f64 {
        self.vector(filter).iter().map(|x| x * x).sum::<f64>().sqrt()
    }
}

impl<P: Pair> Pair for &P {
    fn n(&self) -> usize {
        P::n(self)
    }

    fn shape(&self) -> (usize, usize, usize) {
        P::shape(self)
    }

    fn entry(&self, filter: usize) -> f64 {
        P::entry(self, filter)
    }

    fn slice(&self, filter: usize) -> Vec<f64> {
        P::slice(self, filter)
    }

    fn vector(&self, filter: usize) -> Vec<f64> {
        P::vector(self, filter)
    }

    fn read_vector(&self, filter: usize, vector: &mut [f64]) {
        P::read_vector(self, filter, vector);
    }

    fn norm(&self, filter: usize) -> f64 {
        P::norm(self, filter)
    }
}

/// The filters of a channel's block from which each sign may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filters {
    /// The first half for positive entries of V and the second for negative ones: the paper's I_+ and I_- (Eq. 21).
    #[default]
    HalfBlocks,
    /// All 2n of them for either sign, which Definition 2 and the statement of Lemma 12 allow.
    WholeBlock,
}

/// Which part of the input a filter reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// X^+, by positive entries of V; the subset sum's target is K.
    Positive,
    /// X^-, by negative entries of V; the subset sum's target is -K.
    Negative,
}

impl Sign {
    /// Both, in the order in which a channel's problems are solved.
    pub const BOTH: [Sign; 2] = [Sign::Positive, Sign::Negative];

    /// Whether an entry of V has this sign.
    pub fn is_of(self, entry: f64) -> bool {
        match self {
            Sign::Positive => entry > 0.0,
            Sign::Negative => entry < 0.0,
        }
    }
}

/// A random pair of which every entry is stored, those that the mask removes too.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomPair {
    n: usize,
    v: Kernel,
    u: Kernel,
}

impl RandomPair {
    /// Draws V in N^{1 x 1 x c_0 x 2 n c_0} and then U in N^{d x d x 2 n c_0 x c_1} for a target layer.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn draw(target: &Kernel, n: usize, stream: &mut Stream) -> Result<Self> {
        if n == 0 {
            return Err(Error::input("the width n is 0: give at least 1 candidate for each channel and sign"));
        }
        let filters = 2 * n * target.inputs();
        let v = Kernel::normal(filters, target.inputs(), 1, stream);
        let u = Kernel::normal(target.outputs(), filters, target.side(), stream);
        Ok(RandomPair { n, v, u })
    }

    /// The 1x1 kernel V: 2 n c_0 outputs, c_0 inputs.
    pub fn v(&self) -> &Kernel {
        &self.v
    }

    /// The d x d kernel U: c_1 outputs, 2 n c_0 inputs.
    pub fn u(&self) -> &Kernel {
        &self.u
    }
}

impl Pair for RandomPair {
    fn n(&self) -> usize {
        self.n
    }

    fn shape(&self) -> (usize, usize, usize) {
        (self.v.inputs(), self.u.outputs(), self.u.side())
    }

    fn entry(&self, filter: usize) -> f64 {
        self.v.at(filter, self.channel(filter), 0, 0)
    }

    fn slice(&self, filter: usize) -> Vec<f64> {
        self.u.input_slice(filter)
    }
}
