//! The paper's pruning made: Lemma 12 for one convolution, Theorem 3 for a network, and certificates of the error.

pub mod approximation;
pub mod kernel;
pub mod network;
pub mod worst_case;

pub use approximation::{Approximation, Bounds, Certificate, Witness};
pub use kernel::{ChannelResult, Filters, PrunedKernel, RandomPair, Request, Sign, Status};
pub use network::{PrunedNetwork, inject_error, random_target};
pub use worst_case::{Inputs, Outputs, Split, WorstCase};
