//! Normally-scaled normal (NSN) vectors, X_i = Z_i (Z_i1, ..., Z_id) (Definition 4): their laws and their samplers.

pub mod boxes;
pub mod enclosed;
pub mod enclosed_joint;
pub mod importance;
pub mod normal;
pub mod sampling;
pub mod target;
pub mod tilted;

pub use target::{Target, target_trials};

use crate::enclosure::Enclosure;
use crate::formula::Number;

/// c_d = min(1/d^2, 1/16), the paper's half-width of the event that the scale is typical (Lemma 7).
pub fn c_d(d: u64) -> f64 {
    let d = d as f64;
    (1.0 / (d * d)).min(1.0 / 16.0)
}

/// Its root, 1/max(d, 4), enclosed.
pub fn root_c_d(d: u64) -> Enclosure {
    Enclosure::ONE / Enclosure::whole(d.max(4))
}

/// [`c_d`] between its ends, for formulas.
pub fn c_d_enclosed(d: u64) -> Number {
    let d = Number::whole(d);
    (Number::new(1.0) / (d * d)).min(Number::new(1.0 / 16.0))
}

/// `n` draws stay in [0, 1], and their average agrees with quadrature within 5 standard errors. The cells to be tested are
/// those at which the values are not so skewed that the estimated error means nothing; with normal tails a false alarm has
/// probability below 2e-5 over 30 of them.
#[cfg(test)]
fn agrees(n: u32, name: String, ln_constant: f64, ln_exact: f64, mut draw: impl FnMut() -> f64) {
    let values: Vec<f64> = (0..n).map(|_| draw()).collect();
    assert!(values.iter().all(|x| (0.0..=1.0).contains(x)), "{name}");
    let n = f64::from(n);
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let error = (variance / n).sqrt();
    let exact = (ln_exact - ln_constant).exp();
    assert!(error < 0.2 * exact, "{name}: the sample says nothing");
    assert!((mean - exact).abs() < 5.0 * error + 1e-9, "{name}: {mean} +- {error}, exact {exact}");
}
