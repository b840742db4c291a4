//! Puts the lemmas of a published paper to the test.
#![forbid(unsafe_code)]
pub mod cnn;
pub mod error;
pub mod pruning;
pub mod random;
pub mod subset_sum;
