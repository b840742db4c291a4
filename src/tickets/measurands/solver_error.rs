//! How near the engine's subset sums come to the target, beside the first-moment limit that no search can be expected to pass.

use super::mrss::draw_vectors;
use super::*;
use crate::numeric::{ln_binomial, ln_sum_exp};
use crate::subset_sum::{Balance, Beam, Budget, Outcome, Problem, Solver};
use crate::tickets::nsn::boxes::{ln_box, ln_of_any_eps};
use crate::tickets::nsn::target::Target;

/// The claim of Markov's inequality on the least error.
pub struct SolverError;

/// Draws of more numbers than this (800 MB) are refused.
const MOST_NUMBERS: u128 = 100_000_000;
/// Beams of more numbers than this (64 MB) are refused.
const MOST_IN_A_BEAM: u128 = 8_000_000;
/// Beside sizes so many standard deviations around n/2, all of which are added up, ...
const DEVIATIONS: f64 = 9.0;
/// ... and up to this many vectors, sizes are added up in blocks, ...
const EVERY_SIZE: u64 = 512;
/// ... each of which ends at this multiple of where it begins.
const BLOCK: f64 = 1.05;
/// Relative tolerance of the quadratures.
const TOLERANCE: f64 = 1e-6;

impl Measurand for SolverError {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, search)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_numbers(cell, MOST_NUMBERS)?;
        let (width, d) = (cell.integer("width"), cell.integer("d"));
        if u128::from(width) * u128::from(d) > MOST_IN_A_BEAM {
            return Err(Error::input(format!(
                "width = {width}, d = {d}: keep width d at most {MOST_IN_A_BEAM}, or the beam is too large"
            )));
        }
        check_k_of_n(cell)
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "limit" => Number::from_ln(ln_limit(cell, 0.0)),
            "half_limit" => Number::from_ln(ln_limit(cell, 0.5_f64.ln())),
            _ => return Err(undeclared(name)),
        })
    }
}

/// The median of the solver's error over draws of the vectors.
fn search(cell: &Cell) -> Result<Estimator<'_>> {
    Ok(Estimator::Sampled(Box::new(move |stream, allowance| {
        median_of_draws(allowance, || {
            let error = error(cell, stream);
            (error, error)
        })
    })))
}

/// ln of an eps, which may lie below every double, at which ln E[T] is `ln_expected` or, by a little, less.
fn ln_limit(cell: &Cell, ln_expected: f64) -> f64 {
    let target = target(cell);
    let excess = |ln_eps: f64| ln_of_any_eps(ln_eps, &target, |eps| ln_mean(cell, eps)) - ln_expected;
    let mut high = 0.0;
    while excess(high) < 0.0 {
        high += 1.0;
    }
    // Where the density is even, E[T] grows like eps^d, near the centre more slowly, in the tails faster: then a step from
    // above ends below the limit.
    let mut low = high;
    while excess(low) > 0.0 {
        high = low;
        low -= excess(low) / cell.real("d") + TOLERANCE;
    }
    while high - low > 2.0 * TOLERANCE {
        let middle = 0.5 * (low + high);
        if excess(middle) > 0.0 { high = middle } else { low = middle }
    }
    low
}

/// (norm, 0, ..., 0).
fn target(cell: &Cell) -> Vec<f64> {
    (0..cell.integer("d")).map(|i| if i == 0 { cell.real("norm") } else { 0.0 }).collect()
}

/// ln E[T].
fn ln_mean(cell: &Cell, eps: f64) -> f64 {
    let (n, k, d) = (cell.integer("n"), cell.integer("k"), cell.integer("d"));
    let target = Target::Listed(target(cell));
    let of_size = |size: u64| ln_binomial(n, size) + ln_box(size, d, eps, &target, TOLERANCE).ln;
    if k > 0 {
        return of_size(k);
    }
    let sizes = sizes(n);
    let terms: Vec<f64> = sizes.iter().map(|&size| of_size(size)).collect();
    // A block counts with its larger end: rather too much than too little.
    let block = |i: usize| ((sizes[i + 1] - sizes[i]) as f64).ln() + terms[i].max(terms[i + 1]);
    let mut sums: Vec<f64> = (0..sizes.len() - 1).map(block).collect();
    sums.extend(terms.last());
    // The empty subset's error is the norm.
    sums.extend((eps >= cell.real("norm")).then_some(0.0));
    ln_sum_exp(&sums)
}

/// Sizes from 1 to n between which the expected numbers of subsets change little.
fn sizes(n: u64) -> Vec<u64> {
    let (middle, reach) = (n as f64 / 2.0, DEVIATIONS * (n as f64).sqrt() / 2.0 + 16.0);
    let dense = (middle - reach).max(1.0) as u64..=(middle + reach).ceil() as u64;
    let mut sizes = vec![1];
    while let Some(&last) = sizes.last().filter(|&&last| last < n) {
        let far = (last as f64 * BLOCK).ceil().max(last as f64 + 1.0) as u64;
        let next = if n <= EVERY_SIZE || dense.contains(&last) { last + 1 } else { far };
        sizes.push(if last < *dense.start() { next.min(*dense.start()) } else { next.min(n) });
    }
    sizes
}

/// The error of the best subset that one beam, or the balance, finds among freshly drawn vectors.
fn error(cell: &Cell, stream: &mut Stream) -> f64 {
    let [n, k, d, width] = ["n", "k", "d", "width"].map(|name| cell.integer(name) as usize);
    let mut vectors = vec![0.0; n * d];
    draw_vectors(&mut vectors, d, stream);
    let target = target(cell);
    let problem = Problem::new(&vectors, d, &target, 0.0, (k > 0).then_some(k)).expect("drawn vectors are finite");
    let beam = Beam { first_width: width, last_width: width };
    let solver: &dyn Solver = if width == 0 { &Balance::DEFAULT } else { &beam };
    match solver.solve(&problem, stream, &Budget::COUNTED) {
        Outcome::Found(best) | Outcome::GaveUp { best } => best.error,
        Outcome::None => unreachable!("a search proves nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::pruning::limit::ln_first_moment_limit;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("solver-error").cell(given.iter().copied()).unwrap()
    }

    fn measured(cell: &Cell, replicates: u64) -> Evidence {
        testing::evidence("solver-error", cell, Method::Search, testing::stream(1, cell, Method::Search), replicates)
    }

    /// Of a size that leaves 45 subsets, all are seen: the median of the least error lies near the limit, and above.
    #[test]
    fn the_error_stays_above_the_limit() {
        for given in [
            &[("n", "10"), ("k", "2"), ("d", "1")][..],
            &[("n", "30"), ("k", "3"), ("d", "2")],
            &[("n", "12"), ("d", "2")],
            &[("n", "200"), ("d", "9"), ("norm", "3")],
            // In many dimensions small subsets are the likeliest, the empty one among them.
            &[("n", "300"), ("d", "128"), ("width", "8")],
            &[("n", "300"), ("d", "128"), ("width", "0")],
            &[("n", "1"), ("d", "1"), ("norm", "0.1")],
            &[("n", "10"), ("d", "16"), ("norm", "0.1")],
        ] {
            let cell = cell(given);
            let (limit, error) = (claim("solver-error").bounds(&cell).unwrap()[0].ln, measured(&cell, 40));
            assert!(error.ln_lo > f64::NEG_INFINITY && limit < error.ln_hi, "{given:?}: {limit} {error:?}");
            if cell.integer("n") == 10 {
                assert!(error.ln.unwrap() < limit + 2.0, "{limit} {error:?}");
            }
        }
    }

    #[test]
    fn at_the_limit_half_a_subset_is_expected() {
        for given in
            [&[("n", "50"), ("k", "5"), ("d", "3")][..], &[("n", "40"), ("d", "2")], &[("n", "2000"), ("d", "36")]]
        {
            let cell = cell(given);
            let eps = ln_limit(&cell, 0.5_f64.ln()).exp();
            assert!((ln_mean(&cell, eps) - 0.5_f64.ln()).abs() < 1e-2, "{given:?}: {eps}");
        }
    }

    /// By hand in one dimension, and in more by the saddle point over sizes, off by some 1/n in ln E[T].
    #[test]
    fn limits_below_every_double_are_followed() {
        let ln_one = |n: f64| (std::f64::consts::PI * n).ln() * 0.5 - (n + 1.0) * std::f64::consts::LN_2;
        let found = ln_limit(&cell(&[("n", "10000"), ("d", "1"), ("norm", "1")]), 0.0);
        assert!((found - ln_one(1e4)).abs() < 0.01, "{found}");
        for (n, d, norm, about) in
            [(10_000, 10, 100.0, -690.0), (100_000, 36, 100.0, -1922.0), (10_000, 10, 1e-12, -690.0)]
        {
            let given = [("n", n.to_string()), ("d", d.to_string()), ("norm", norm.to_string())];
            let cell = cell(&given.each_ref().map(|(name, value)| (*name, value.as_str())));
            let (found, saddle) = (ln_limit(&cell, 0.0), ln_first_moment_limit(n, None, &target(&cell)));
            assert!((found - saddle).abs() < 1e-3 && (found - about).abs() < 3.0, "{n} {d}: {found} {saddle}");
        }
    }

    #[test]
    fn there_are_always_limits() {
        let error = measured(&cell(&[("n", "50"), ("d", "2")]), 1);
        assert_eq!(error.work, 11);
        assert!(error.ln_lo < error.ln.unwrap() && error.ln.unwrap() < error.ln_hi);
    }
}
