//! Puts the lemmas of a published paper to the test.
#![forbid(unsafe_code)]
pub mod error;
pub mod evidence;
pub mod nsn;
pub mod numeric;
pub mod random;
