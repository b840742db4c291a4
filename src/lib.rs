//! Puts the lemmas of a published paper to the test.
#![forbid(unsafe_code)]
pub mod cell;
pub mod claims;
pub mod cnn;
pub mod error;
pub mod evidence;
pub mod experiment;
pub mod nsn;
pub mod numeric;
pub mod plot;
pub mod pruning;
pub mod random;
pub mod record;
pub mod subset_sum;
pub mod verdict;
