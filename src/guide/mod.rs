//! The handbook.

#[doc = include_str!("methodology.md")]
pub mod methodology {}
