//! Eqs. 15-17: two uniform k-subsets of [n] rarely share k/d elements.

pub(super) mod proof;

use super::*;
use crate::enclosure::tails;
use crate::tails::overlap_tail;

/// The claim of Eqs. 15-17.
pub struct OverlapTail;

/// Subsets larger than this are not drawn element by element.
const LARGEST_DRAWN: u64 = 100_000;

impl Measurand for OverlapTail {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::ClosedForm, closed_form),
            Procedure::new(Method::Proved, proved),
            Procedure::new(Method::Literal, literal),
        ]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_k_of_n(cell)
    }

    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        Ok(proof::chain(cell.integer("n"), cell.integer("k"), cell.integer("d")))
    }
}

fn closed_form(cell: &Cell) -> Result<Estimator<'_>> {
    let [n, k, d] = ["n", "k", "d"].map(|name| cell.integer(name));
    Ok(Estimator::deterministic(move || {
        let tail = overlap_tail(n, k, k.div_ceil(d));
        Ok(Evidence::closed_form(tail.ln, tail.error, 1))
    }))
}

fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    let [n, k, d] = ["n", "k", "d"].map(|name| cell.integer(name));
    Ok(Estimator::proved(move || Some((tails::ln_overlap_tail(n, k, k.div_ceil(d))?, 1))))
}

/// Draws one of the subsets.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let [n, k, d] = ["n", "k", "d"].map(|name| cell.integer(name));
    if k > LARGEST_DRAWN {
        return Err(Error::unreachable(format!(
            "k = {k} is too large to draw subsets element by element; take closed-form, or k up to {LARGEST_DRAWN}"
        )));
    }
    let (least, batch) = (k.div_ceil(d), (65_536 / k).clamp(16, 1024));
    Ok(Estimator::events(batch, move || {
        Box::new(move |stream| {
            // S = [k] without loss of generality: S' is uniform whatever S is.
            let drawn = rand::seq::index::sample(stream, n as usize, k as usize);
            Draw::event(drawn.iter().filter(|i| (*i as u64) < k).count() as u64 >= least)
        })
    }))
}

/// ln Pr(|S cap S'| >= least) for two uniform k-subsets of [n].
pub(super) fn ln_overlap_tail(n: u64, k: u64, least: u64) -> f64 {
    overlap_tail(n, k, least).ln
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::ln_binomial;

    /// `overlap_tail.csv` of the reference values: exact rational sums; n, k, d, tail.
    const ORACLE: &str = include_str!("../../../tests/oracles/overlap_tail.csv");

    #[test]
    fn the_tail_agrees_with_exact_rational_sums() {
        for row in csv::Reader::from_reader(ORACLE.as_bytes()).deserialize() {
            let (n, k, d, tail): (u64, u64, u64, f64) = row.unwrap();
            let found = ln_overlap_tail(n, k, k.div_ceil(d)).exp();
            assert!((found / tail - 1.0).abs() < 1e-13, "n={n} k={k} d={d}: {found} {tail}");
        }
    }

    #[test]
    fn the_law_sums_to_one() {
        for (n, k) in [(1, 1), (5, 3), (5, 5), (100, 60), (1_000_000, 1000), (1_000_000_000_000, 1_000_000)] {
            let total = ln_overlap_tail(n, k, 0);
            assert!(total.abs() < 1e-11, "n={n} k={k}: {total:e}");
        }
    }

    /// At n = 2k the law is symmetric: (1 + C(k, k/2)^2/C(2k, k))/2, by exact integers. Beyond, all but nothing of the law is
    /// counted; the last one is Pr(|S cap S'| >= 10^6) at its mean.
    #[test]
    fn half_of_the_law_is_half_of_it() {
        let of = |n, k, d: u64| crate::tails::overlap_tail(n, k, u64::div_ceil(k, d));
        assert_eq!(crate::tails::overlap_tail(10, 3, 4).ln, f64::NEG_INFINITY);
        assert_eq!(crate::tails::overlap_tail(5, 4, 3).ln, 0.0);
        let half = of(200_000, 100_000, 2);
        assert!((half.ln.exp() - 0.501_784_117_425_68).abs() < 1e-13 && half.error < 1e-11, "{half:?}");
        let all = of(2_000_000_000, 1_000_000_000, 3);
        assert!(all.ln.abs() < 1e-15 && all.error < 1e-15, "{all:?}");
        let mean = of(1_000_000_000_000, 1_000_000_000, 1000);
        assert!((mean.ln.exp() - 0.5).abs() < 1e-3 && mean.error < 1e-11, "{mean:?}");
    }

    #[test]
    fn the_far_tail_keeps_its_digits() {
        // All k shared: 1 / binom(n, k).
        let ln = ln_overlap_tail(1_000_000_000_000, 50, 50);
        assert!((ln + ln_binomial(1_000_000_000_000, 50)).abs() < 1e-11 * ln.abs());
    }
}
