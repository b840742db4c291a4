//! Claims whose truth is known: what the harness says about them can be counted as right or wrong.

use rand::RngExt;

use crate::error::{Error, Result};
use crate::evidence::Method;
use crate::measurand::{Draw, Estimator, Measurand, Procedure, median_of_draws};
use crate::statement::Cell;

/// A value that is known beside a bound that it just reaches, or misses by a known factor.
pub struct Planted;

impl Measurand for Planted {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, planted)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_truth(cell)
    }
}

fn planted(cell: &Cell) -> Result<Estimator<'_>> {
    let (kind, p) = (cell.word("kind"), cell.real("p"));
    Ok(match kind {
        "proportion" => Estimator::events(64, move || Box::new(move |stream| Draw::event(stream.random::<f64>() < p))),
        "median" => Estimator::Sampled(Box::new(move |stream, allowance| {
            median_of_draws(allowance, || {
                // Between p^2 and 1, half of it below p.
                let value = p.powf(2.0 * stream.random::<f64>());
                (value, value)
            })
        })),
        _ => Estimator::values(0.0, 16, move || Box::new(move |stream| Draw::exact(value(kind, p, stream.random())))),
    })
}

/// A value in [0, 1] of mean p from a uniform number.
fn value(kind: &str, p: f64, u: f64) -> f64 {
    match kind {
        "skewed" => u.powf((1.0 - p) / p),
        _ if p <= 0.5 => 2.0 * p * u,
        _ => 1.0 - 2.0 * (1.0 - p) * u,
    }
}

/// Refuses what is no chance.
pub fn check_truth(cell: &Cell) -> Result<()> {
    if cell.real("p") < 1.0 { Ok(()) } else { Err(Error::input("p = 1: write a number below 1")) }
}

/// A probability that grows with n and is exactly 1/2 at a known one.
pub struct Growing;

impl Measurand for Growing {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, growing)]
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        (parameter == "n").then(|| cell.real("star"))
    }
}

fn growing(cell: &Cell) -> Result<Estimator<'_>> {
    let p = 0.5 * cell.real("n") / cell.real("star");
    Ok(Estimator::events(64, move || Box::new(move |stream| Draw::event(stream.random::<f64>() < p))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means by the midpoint rule.
    #[test]
    fn planted_values_have_their_mean_and_their_range() {
        for (kind, p) in [("mean", 0.01), ("mean", 0.9), ("skewed", 0.2), ("skewed", 0.7)] {
            let values: Vec<f64> = (0..100_000).map(|i| value(kind, p, (f64::from(i) + 0.5) / 1e5)).collect();
            let mean = values.iter().sum::<f64>() / 1e5;
            assert!((mean - p).abs() < 1e-3, "{kind} {p}: {mean}");
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
