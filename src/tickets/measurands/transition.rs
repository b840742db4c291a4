//! Between Markov's inequality and Lemma 15: from which n on some k of n NSN vectors add up to nearly the target.

use super::mrss::{by_search_or_listing, check_draw, ln_mean_of, mean};
use super::second_moment_ratio::ratio;
use super::*;

/// The claim of both moments on Pr(T > 0).
pub struct Transition;

/// Relative tolerance of the quadratures of E[T^2]; their error counts against the bound.
const TOLERANCE: f64 = 1e-5;

impl Measurand for Transition {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        by_search_or_listing()
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_draw(cell)
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "norm1_squared" => norm1_squared(cell),
            "mean" => mean(cell),
            "ratio" => ratio(cell, TOLERANCE)?.number(),
            _ => return Err(undeclared(name)),
        })
    }

    /// The least n with E[T] >= 1: no transition can be expected before.
    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        let expected = |n: u64| ln_mean_of(n, cell) >= 0.0;
        let (mut below, mut above) = (cell.integer("k").saturating_sub(1), 1_000_000_000_000);
        if parameter != "n" || !expected(above) {
            return None;
        }
        while above - below > 1 {
            let middle = below.midpoint(above);
            if expected(middle) { above = middle } else { below = middle }
        }
        Some(above as f64)
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(n: &str) -> Cell {
        claim("transition").cell([("n", n), ("k", "4"), ("d", "1"), ("eps", "0.01")]).unwrap()
    }

    #[test]
    fn the_moments_enclose_the_transition() {
        let at = |n: &str| {
            let bounds = claim("transition").bounds(&cell(n)).unwrap();
            (bounds[1].ln.exp(), bounds[0].ln.exp())
        };
        let (low, high) = at("6");
        assert!(0.0 < low && low < high && high < 0.1, "{low} {high}");
        let (low, high) = at("60");
        assert!(low > 0.9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn the_least_n_with_an_expected_subset() {
        let asked = claim("transition").asks(&cell("6"), "n").unwrap() as u64;
        assert!(ln_mean_of(asked, &cell("6")) >= 0.0 && ln_mean_of(asked - 1, &cell("6")) < 0.0);
        assert_eq!(claim("transition").asks(&cell("6"), "eps"), None);
    }
}
