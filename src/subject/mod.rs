//! What is put to the test: a paper, with its claims, the rulings on what is wrong in it, and the index of its numbers.

mod index;
mod rulings;

pub use index::{Index, Item, Status};
pub use rulings::{Kind, Ruling};

use crate::certificate::Theorem;
use crate::claim::Claim;

/// A paper.
pub struct Subject {
    /// Which text was read, for the head of every page.
    pub text: &'static str,
    /// Its claims, in its order.
    pub claims: fn() -> &'static [Claim],
    /// The theorems by which its bounds are refuted with certificates.
    pub theorems: fn() -> &'static [Theorem],
    /// The rulings on it, as TOML.
    pub rulings: &'static str,
    /// What judges each of its numbers, as TOML.
    pub index: &'static str,
}
