//! Normally-scaled normal (NSN) vectors, X_i = Z_i (Z_i1, ..., Z_id) (Definition 4): their laws and their samplers.

pub mod boxes;
pub mod conditioned;
pub mod importance;
pub mod normal;
pub mod sampling;
pub mod target;
pub mod tilted;

pub use target::Target;

/// c_d = min(1/d^2, 1/16), the paper's half-width of the event that the scale is typical (Lemma 7).
pub fn c_d(d: u64) -> f64 {
    let d = d as f64;
    (1.0 / (d * d)).min(1.0 / 16.0)
}
