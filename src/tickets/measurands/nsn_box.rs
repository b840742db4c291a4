//! Lemma 7: a lower bound on the probability that a sum of k NSN vectors falls into a box.

mod proof;

use super::*;
use crate::tickets::nsn::boxes::ln_box;
use crate::tickets::nsn::enclosed::enclosed_box;
use crate::tickets::nsn::importance::{ImportanceBox, check_eps};
use crate::tickets::nsn::sampling::{add_collapsed_sum, add_nsn_vectors, in_box};
use crate::tickets::nsn::tilted::TiltedBox;

/// The claim of Lemma 7.
pub struct NsnBox;

/// The quadrature's relative tolerance.
const TOLERANCE: f64 = 1e-12;
/// The relative width of an enclosure.
const WIDTH: f64 = 1e-10;

impl Measurand for NsnBox {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::Quadrature, quadrature),
            Procedure::new(Method::Proved, proved),
            Procedure::new(Method::Conditional, conditional),
            Procedure::new(Method::Importance, importance),
            Procedure::new(Method::Collapsed, |cell| Ok(hits(cell, add_collapsed_sum))),
            Procedure::new(Method::Literal, |cell| Ok(hits(cell, add_nsn_vectors))),
        ]
    }

    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        Ok(proof::chain(cell))
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        if name == "norm1_squared" { Ok(norm1_squared(cell)) } else { Err(undeclared(name)) }
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

/// k, d, eps and the target.
fn parts(cell: &Cell) -> (u64, u64, f64, Target) {
    (cell.integer("k"), cell.integer("d"), cell.real("eps"), Target::of(cell))
}

fn quadrature(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, d, eps, target) = parts(cell);
    Ok(Estimator::deterministic(move || Ok(Evidence::quadrature(ln_box(k, d, eps, &target, TOLERANCE)))))
}

/// The integral over the scale, piece by piece.
fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, d, eps, target) = parts(cell);
    Ok(Estimator::proved(move || {
        let found = enclosed_box(k, d, eps, &target, WIDTH);
        Some((found.ln, found.pieces.pieces.len() as u64))
    }))
}

fn conditional(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, d, eps, target) = parts(cell);
    let tilted = TiltedBox::new(k, d, eps, &target);
    Ok(averaged(tilted.ln_constant, tilted, |tilted, stream| tilted.draw(stream)))
}

fn importance(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, d, eps, target) = parts(cell);
    check_eps(eps)?;
    let importance = ImportanceBox::new(k, d, eps, &target);
    Ok(averaged(importance.ln_constant, importance, |importance, stream| importance.draw(stream)))
}

/// Counts sums in the box; `add` draws them.
fn hits(cell: &Cell, add: fn(u64, &mut [f64], &mut Stream)) -> Estimator<'_> {
    let (k, d, eps, target) = parts(cell);
    let z = target.vector(k, d);
    Estimator::events(256, move || {
        let (z, mut sum) = (z.clone(), vec![0.0; d as usize]);
        Box::new(move |stream| {
            sum.fill(0.0);
            add(k, &mut sum, stream);
            Draw::event(in_box(&sum, &z, eps))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn bound_at(k: &str, d: &str, eps: &str) -> f64 {
        let cell = claim("nsn-box").cell([("k", k), ("d", d), ("eps", eps)]).unwrap();
        claim("nsn-box").bounds(&cell).unwrap()[0].ln
    }

    #[test]
    fn the_bound_is_the_printed_formula() {
        // d = 1: c_d = 1/16, 1 + 1/2 + 1/8 = 13/8.
        let by_hand = (0.2 / (PI * 1.625 * 16.0).sqrt() / 16.0f64).ln();
        assert!((bound_at("16", "1", "0.1") - by_hand).abs() < 1e-14);
        // d = 100, eps = 1e-9: a finite log of a number far below the smallest double.
        let ln = bound_at("100", "100", "1e-9");
        assert!(ln.is_finite() && ln < -2000.0);
    }

    #[test]
    fn hypotheses_are_those_of_the_lemma() {
        let unmet = |given: &[(&str, &str)]| {
            let cell = claim("nsn-box").cell(given.iter().copied()).unwrap();
            claim("nsn-box").hypotheses(&cell).into_iter().filter(|h| !h.is_met()).map(|h| h.name).collect::<Vec<_>>()
        };
        assert!(unmet(&[("k", "16"), ("d", "16"), ("eps", "0.2499"), ("target", "axis")]).is_empty());
        assert_eq!(unmet(&[("k", "15"), ("d", "16"), ("eps", "0.25")]), ["k >= 16", "d <= k", "eps < 1/4"]);
        assert_eq!(unmet(&[("k", "16"), ("d", "1"), ("eps", "0.1"), ("target", "[4.01]")]), ["norm1(z) <= sqrt(k)"]);
    }
}
