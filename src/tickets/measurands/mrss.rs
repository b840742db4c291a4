//! Theorem 5: some k of n normally-scaled normal vectors add up to nearly any target, with constant probability.

use super::*;
use crate::numeric::ln_binomial;
use crate::subset_sum::{Existence, KSubsetCounter, Problem};
use crate::tickets::nsn::boxes::ln_box;
use crate::tickets::nsn::sampling::add_nsn_vector;

/// The claim of Theorem 5.
pub struct Mrss;

/// Draws of more numbers than this (80 MB) are refused.
const MOST_NUMBERS: u128 = 10_000_000;

/// Refuses cells at which no draw means anything, or does not fit into memory.
pub(super) fn check_draw(cell: &Cell) -> Result<()> {
    check_k_of_n(cell)?;
    check_numbers(cell, MOST_NUMBERS)
}

/// C d^3 log(d/eps), what Theorem 5 and Corollary 19 ask of k.
pub(super) fn least_size(c: f64, cell: &Cell) -> f64 {
    let (d, eps) = (cell.real("d"), cell.real("eps"));
    c * d.powi(3) * (d / eps).ln()
}

/// E[T], the expected number of k-subsets within eps: at most it is the probability that there is one.
pub(super) fn mean(cell: &Cell) -> Number {
    mean_of(cell.integer("n"), cell)
}

/// The same of n vectors.
fn mean_of(n: u64, cell: &Cell) -> Number {
    let (k, d) = (cell.integer("k"), cell.integer("d"));
    let near = Evidence::quadrature(ln_box(k, d, cell.real("eps"), &Target::of(cell), 1e-9));
    Number::whole(n).binomial(Number::whole(k)) * near.number()
}

/// ln E[T] of n vectors.
pub(super) fn ln_mean_of(n: u64, cell: &Cell) -> f64 {
    mean_of(n, cell).ln_abs()
}

/// Draws n NSN vectors, row by row.
pub(super) fn draw_vectors(vectors: &mut [f64], d: usize, stream: &mut Stream) {
    vectors.fill(0.0);
    vectors.chunks_mut(d).for_each(|vector| add_nsn_vector(vector, stream));
}

/// k-subsets that are counted by enumeration.
const MOST_LISTED: f64 = 1e7;

/// Refuses to enumerate too many k-subsets.
pub(super) fn check_method(method: Method, n: u64, k: u64) -> Result<()> {
    // Where min(k, n-k) is large the number overflows long before it is summed up.
    let subsets = if k.min(n.saturating_sub(k)) > 64 { f64::INFINITY } else { ln_binomial(n, k).exp() };
    if method == Method::Enumeration && subsets > MOST_LISTED {
        return Err(Error::unreachable(format!(
            "n = {n}, k = {k}: {subsets:.2e} subsets are too many to be listed, of which at most {MOST_LISTED:.0e} are; take \
             literal"
        )));
    }
    Ok(())
}

/// Decides draw after draw whether k of the vectors add up to within eps of z.
#[derive(Clone)]
pub(super) struct Search {
    z: Vec<f64>,
    eps: f64,
    k: usize,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Listing(KSubsetCounter),
    Solving(Existence),
}

impl Search {
    /// Of `n` vectors at a time that are drawn at the cell.
    pub(super) fn new(cell: &Cell, n: u64, method: Method) -> Self {
        let [n, k, d] = [n, cell.integer("k"), cell.integer("d")].map(|count| count as usize);
        let way = match method {
            Method::Enumeration => Way::Listing(KSubsetCounter::new(d, k)),
            // Literal draws, each decided by the exact solver.
            _ => Way::Solving(Existence::new(n, d, k)),
        };
        Search { z: Target::of(cell).vector(k as u64, d as u64), eps: cell.real("eps"), k, way }
    }

    /// Unknown where the search gave up.
    pub(super) fn decide(&mut self, vectors: &[f64], stream: &mut Stream) -> Option<bool> {
        let Search { z, eps, k, way } = self;
        match way {
            Way::Listing(counter) => Some(counter.count(vectors, z, *eps) > 0),
            Way::Solving(_) if *k * z.len() > vectors.len() => Some(false),
            Way::Solving(existence) => {
                let problem = Problem::new(vectors, z.len(), z, *eps, Some(*k));
                existence.decide(&problem.expect("drawn vectors are finite, and at least k"), stream)
            }
        }
    }
}

/// Literal draws, each decided by search, or by listing all subsets.
pub(super) fn by_search_or_listing<'a>() -> Vec<Procedure<'a>> {
    vec![
        Procedure::new(Method::Literal, |cell| existence(cell, Method::Literal)),
        Procedure::new(Method::Enumeration, |cell| existence(cell, Method::Enumeration)),
    ]
}

/// Counts draws of n vectors of which k add up to within eps of z.
fn existence<'a>(cell: &Cell, method: Method) -> Result<Estimator<'a>> {
    let [n, k, d] = ["n", "k", "d"].map(|name| cell.integer(name));
    check_method(method, n, k)?;
    let search = Search::new(cell, n, method);
    Ok(Estimator::events(16, move || {
        let (mut vectors, mut search) = (vec![0.0; (n * d) as usize], search.clone());
        Box::new(move |stream| {
            draw_vectors(&mut vectors, d as usize, stream);
            search.decide(&vectors, stream).map_or(Draw::unknown(), Draw::event)
        })
    }))
}

impl Measurand for Mrss {
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
            _ => return Err(undeclared(name)),
        })
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        match parameter {
            "n" => Some(cell.real("k").powi(2)),
            "k" => Some(least_size(cell.real("C"), cell)),
            _ => None,
        }
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("mrss").cell(given.iter().copied()).unwrap()
    }

    #[test]
    fn the_default_constant_is_the_proofs() {
        let by_hand = 1.0 / (270_801.0 + 16.0 / std::f64::consts::E);
        let cell = cell(&[("n", "16"), ("k", "4"), ("d", "1"), ("eps", "0.1")]);
        assert_eq!(claim("mrss").bounds(&cell).unwrap()[0].ln, by_hand.ln());
    }

    #[test]
    fn hypotheses_are_the_printed_ones() {
        let unmet = |given: &[(&str, &str)]| {
            let all = claim("mrss").hypotheses(&cell(given)).into_iter();
            all.filter(|h| !h.is_met()).map(|h| h.name).collect::<Vec<_>>()
        };
        // d = 2, eps = 1/4: 8 log 8 = 16.64.
        assert!(unmet(&[("n", "289"), ("k", "17"), ("d", "2"), ("eps", "0.25"), ("target", "axis")]).is_empty());
        assert_eq!(
            unmet(&[("n", "255"), ("k", "16"), ("d", "2"), ("eps", "0.25")]),
            ["n >= k^2", "k >= C d^3 log(d/eps)"]
        );
        assert_eq!(unmet(&[("n", "16"), ("k", "4"), ("d", "1"), ("eps", "0.26")]), ["eps <= 1/4"]);
        assert_eq!(
            unmet(&[("n", "16"), ("k", "4"), ("d", "1"), ("eps", "0.1"), ("target", "[2.1]")]),
            ["norm1(z) <= sqrt(k)"]
        );
        assert_eq!(claim("mrss").asks(&cell(&[("n", "16"), ("k", "4"), ("d", "1"), ("eps", "0.1")]), "n"), Some(16.0));
        assert!(claim("mrss").cell([("n", "3"), ("k", "4"), ("d", "1"), ("eps", "0.1")]).is_err());
    }

    /// `existence.csv` of the reference values: Pr(T > 0) and E[T] of 20000 draws each, all subsets enumerated by another
    /// program; k, n, d, eps, target, trials, probability, its standard error, ... 1000 draws here: within 5 standard
    /// errors of the difference, a false alarm has probability below 1e-5 over all rows. E[T] by quadrature lies within 5
    /// standard errors of theirs.
    #[test]
    fn the_search_finds_what_enumeration_found() {
        type Row = (usize, usize, usize, f64, String, u64, f64, f64, f64, f64, f64, f64);
        let oracle = include_str!("../../../tests/oracles/existence.csv");
        for row in csv::Reader::from_reader(oracle.as_bytes()).deserialize() {
            let (k, n, d, eps, target, _, probability, error, mean, mean_error, _, _): Row = row.unwrap();
            let [n, k, d, eps] = [n.to_string(), k.to_string(), d.to_string(), eps.to_string()];
            let cell = cell(&[("n", &n), ("k", &k), ("d", &d), ("eps", &eps), ("target", &target)]);
            assert!((super::mean(&cell).value() - mean).abs() < 5.0 * mean_error, "{}", cell.key());
            let stream = testing::stream(6, &cell, Method::Literal);
            let draws = testing::draws("mrss", &cell, Method::Literal, stream, 1000);
            assert!(draws.iter().all(|draw| draw.lo == draw.hi), "{}: a small search gave up", cell.key());
            let rate = draws.iter().map(|draw| draw.lo).sum::<f64>() / 1000.0;
            let spread = (probability * (1.0 - probability) / 1000.0 + error * error).sqrt();
            assert!((rate - probability).abs() < 5.0 * spread, "{}: {rate} for {probability}", cell.key());
        }
    }
}
