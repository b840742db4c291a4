//! Between Markov's inequality and Lemma 15: from which n on some k of n NSN vectors add up to nearly the target.

use super::mrss::{DIMENSION, N, NEAR, SIZE, check_draw, existence, ln_mean_of, mean};
use super::nsn_box::TARGET;
use super::second_moment_ratio::ratio;
use super::*;

/// The claim of both moments on Pr(T > 0).
pub struct Transition;

/// The name of the lower bound.
const SECOND_MOMENT: &str = "second-moment";

/// Relative tolerance of the quadratures of E[T^2]; their error counts against the bound.
const TOLERANCE: f64 = 1e-5;

static ABOUT: About = About {
    id: "transition",
    source: "Markov's inequality and Lemma 15, on T of Definition 6",
    statement: "For i.i.d. NSN vectors X_1, ..., X_n in R^d and T the number of k-subsets with sum within eps of z: Pr(T > 0) <= \
        min(1, E[T]) (the first moment, by Markov's inequality) and Pr(T > 0) >= E[T]^2/E[T^2] (the second, by Lemma 15).",
    formula: "min(1, E[T])",
    measured: "Pr(some k of the n vectors add up to within eps of z), each draw decided by search",
    parameters: &[N, SIZE, DIMENSION, NEAR, TARGET],
    relation: Relation::AtMost,
    quantity: Quantity::Probability,
    methods: &[Method::Literal, Method::Enumeration],
    constants: &[],
    readings: &[],
};

/// The first moment as printed, and the second as a bound on the other side.
const FORMULAS: &[Written] = &[
    Written::new(PRINTED, "min(1, mean)"),
    Written { relation: Some(Relation::AtLeast), ..Written::new(SECOND_MOMENT, "1/ratio") },
];

impl Claim for Transition {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_draw(cell)
    }

    fn hypotheses(&self, _cell: &Cell) -> Vec<Hypothesis> {
        Vec::new()
    }

    fn formulas(&self) -> &'static [Written] {
        FORMULAS
    }

    /// `mean`: E[T]. `ratio`: E[T^2]/E[T]^2.
    fn symbols(&self, cell: &Cell) -> Result<Symbols> {
        Ok(vec![("mean", mean(cell)), ("ratio", ratio(cell, TOLERANCE)?.number())])
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

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        existence(cell, method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(n: &str) -> Cell {
        cell_of(&Transition, [("n", n), ("k", "4"), ("d", "1"), ("eps", "0.01")]).unwrap()
    }

    #[test]
    fn the_moments_enclose_the_transition() {
        let at = |n: &str| {
            let bounds = Transition.bounds(&cell(n)).unwrap();
            (bounds[1].ln.exp(), bounds[0].ln.exp())
        };
        let (low, high) = at("6");
        assert!(0.0 < low && low < high && high < 0.1, "{low} {high}");
        let (low, high) = at("60");
        assert!(low > 0.9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn the_least_n_with_an_expected_subset() {
        let asked = Transition.asks(&cell("6"), "n").unwrap() as u64;
        assert!(ln_mean_of(asked, &cell("6")) >= 0.0 && ln_mean_of(asked - 1, &cell("6")) < 0.0);
        assert_eq!(Transition.asks(&cell("6"), "eps"), None);
    }
}
