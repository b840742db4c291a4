//! The paper's pruning made: Lemma 12 for one convolution, Theorem 3 for a network, and certificates of the error.

pub mod approximation;
pub mod assessment;
pub mod design;
pub mod kernel;
pub mod limit;
pub mod network;
pub mod pair;
pub mod picture;
mod relaxation;
pub mod rounding;
pub mod scale;
pub mod search;
pub mod seeded;
pub mod worst_case;

pub use approximation::{Approximation, Around, Bounds, Certificate, Found};
pub use assessment::{Assessment, Looking};
pub use design::{Design, Watch, least_width};
pub use kernel::{ChannelResult, Following, PrunedKernel, Request, Status, come_near};
pub use network::{Direction, PrunedNetwork, inject_error, random_target};
pub use pair::{Filters, Pair, RandomPair, Sign};
pub use picture::Picture;
pub use relaxation::proof::Proof;
pub use scale::Scale;
pub use search::{Search, Witness};
pub use seeded::{Law, SeededPair};
pub use worst_case::{Inputs, Outputs, Split, WorstCase};
