//! Theorem 1 (Lueker): few uniform numbers have subset sums near every point of [-1, 1].

use rand::RngExt;

use super::*;
use crate::numeric::{ln_binomial, ln_sub, ln_sum_exp};
use crate::subset_sum::{covers_unit_interval, sums_cover_unit_interval};

/// The claim of Theorem 1.
pub struct Lueker;

/// Numbers whose sums are all listed by enumeration.
const MOST_LISTED: usize = 20;

impl Measurand for Lueker {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, literal), Procedure::new(Method::Enumeration, enumeration)]
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "unreached" => Number::from_ln(ln_unreached(cell.integer("n"), cell.real("eps"))),
            _ => return Err(undeclared(name)),
        })
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        match parameter {
            "n" => Some(least_n(cell)),
            "eps" => Some((-cell.real("n") / cell.real("C")).exp()),
            _ => None,
        }
    }
}

/// Decides each draw by gaps in the sums that are followed only as far as they matter; one that cannot be decided is unknown.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let eps = cell.real("eps");
    Ok(draws(cell, move |values| covers_unit_interval(values, eps).map_or(Draw::unknown(), Draw::event)))
}

/// Decides each draw by all its sums.
fn enumeration(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
    if n > MOST_LISTED {
        return Err(Error::unreachable(format!(
            "n = {n}: 2^n sums are listed up to n = {MOST_LISTED} only; take literal"
        )));
    }
    Ok(draws(cell, move |values| Draw::event(sums_cover_unit_interval(values, eps))))
}

fn draws<'a>(cell: &Cell, decide: impl Fn(&[f64]) -> Draw + Copy + Sync + 'a) -> Estimator<'a> {
    let n = cell.integer("n") as usize;
    Estimator::events(64, move || {
        let mut values = vec![0.0; n];
        Box::new(move |stream| {
            values.fill_with(|| stream.random_range(-1.0..=1.0));
            decide(&values)
        })
    })
}

/// C log(1/eps), what the theorem asks of n.
fn least_n(cell: &Cell) -> f64 {
    -cell.real("C") * cell.real("eps").ln()
}

/// ln Pr(the positive numbers add up to less than 1 - eps, or the negative ones to more than -(1 - eps)).
///
/// m positive numbers are uniform over [0, 1], so that they add up to less than x <= 1 with probability x^m / m!. Both ends
/// are out of reach together with x^n / (m! (n-m)!), summed over m.
fn ln_unreached(n: u64, eps: f64) -> f64 {
    if eps >= 1.0 {
        return f64::NEG_INFINITY;
    }
    let ln_x = (-eps).ln_1p();
    let ln_share = |m: u64| ln_binomial(n, m) - n as f64 * std::f64::consts::LN_2;
    let ln_factorial = |m: u64| libm::lgamma(m as f64 + 1.0);
    let one: Vec<f64> = (0..=n).map(|m| ln_share(m) + m as f64 * ln_x - ln_factorial(m)).collect();
    let both: Vec<f64> =
        (0..=n).map(|m| ln_share(m) + n as f64 * ln_x - ln_factorial(m) - ln_factorial(n - m)).collect();
    ln_sub(std::f64::consts::LN_2 + ln_sum_exp(&one), ln_sum_exp(&both))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("lueker").cell(given.iter().copied()).unwrap()
    }

    fn draws(cell: &Cell, count: usize) -> Vec<Draw> {
        testing::draws("lueker", cell, Method::Literal, testing::stream(2, cell, Method::Literal), count)
    }

    fn rate(cell: &Cell, count: usize) -> f64 {
        draws(cell, count).iter().map(|draw| draw.lo).sum::<f64>() / count as f64
    }

    /// Both methods draw the same numbers from one stream: draw by draw they must agree.
    #[test]
    fn listing_all_sums_decides_as_the_walk_does() {
        for (n, eps) in [("4", "0.3"), ("8", "0.1"), ("11", "0.05")] {
            let cell = cell(&[("n", n), ("eps", eps)]);
            let by = |method| testing::draws("lueker", &cell, method, Stream::new(5, 7), 300);
            let draws = by(Method::Literal);
            assert_eq!(draws, by(Method::Enumeration), "{n} {eps}");
            assert!(draws.iter().any(|draw| draw.lo == 0.0) && draws.iter().any(|draw| draw.lo == 1.0), "{n} {eps}");
        }
    }

    #[test]
    fn hypotheses_and_bound_are_the_printed_ones() {
        let unmet =
            |given: &[(&str, &str)]| claim("lueker").hypotheses(&cell(given)).iter().filter(|h| !h.is_met()).count();
        // log(1/0.1) = 2.303, and twice that is 4.605.
        assert_eq!(unmet(&[("n", "3"), ("eps", "0.1")]), 0);
        assert_eq!(unmet(&[("n", "2"), ("eps", "0.1")]), 1);
        assert_eq!(unmet(&[("n", "5"), ("eps", "0.1"), ("C", "2")]), 0);
        assert_eq!(unmet(&[("n", "4"), ("eps", "0.1"), ("C", "2")]), 1);
        assert_eq!(unmet(&[("n", "4"), ("eps", "0.34")]), 1);
        let bound = claim("lueker").bounds(&cell(&[("n", "4"), ("eps", "0.1")])).unwrap();
        assert!(bound.len() == 1 && bound[0].ln_lo <= 0.9f64.ln() && 0.9f64.ln() <= bound[0].ln_hi, "{bound:?}");
    }

    /// n = 1: one of the two ends is out of reach always. n = 2, eps = 1/2, x = 1/2: one sign each (probability 1/2)
    /// reaches both ends with probability 1/4, and equal signs never do: 7/8.
    #[test]
    fn the_ends_reach_is_exact() {
        assert!(ln_unreached(1, 0.2).abs() < 1e-15);
        assert!((ln_unreached(2, 0.5).exp() - 0.875).abs() < 1e-15);
        assert_eq!(ln_unreached(3, 1.0), f64::NEG_INFINITY);
    }

    /// With n = 2 only the ends matter at eps = 1/2: the sums x < 0 < y and x + y cover [-1, 1] exactly where x <= -1/2
    /// and y >= 1/2. 1/8 of 20000 draws, within 5 standard errors: false alarm 6e-7.
    #[test]
    fn two_numbers_cover_as_often_as_they_should() {
        let found = rate(&cell(&[("n", "2"), ("eps", "0.5")]), 20_000);
        assert!((found - 0.125).abs() < 5.0 * (0.125f64 * 0.875 / 20_000.0).sqrt(), "{found}");
    }

    /// The counting argument: below 1/eps sums nothing is covered, at C = 1 for every eps.
    #[test]
    fn too_few_sums_never_cover() {
        let few = draws(&cell(&[("n", "6"), ("eps", "0.01")]), 50);
        assert!(few.iter().all(|draw| *draw == Draw::event(false)));
        let many = rate(&cell(&[("n", "30"), ("eps", "0.01")]), 200);
        assert!(many > 0.97, "{many}");
    }
}
