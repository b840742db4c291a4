//! Lemma 8: an upper bound on the probability that two overlapping sums of NSN vectors fall into the same box.

mod proof;

use super::*;
use crate::tickets::nsn::boxes::ln_joint_box;
use crate::tickets::nsn::enclosed_joint::enclosed_joint_box;
use crate::tickets::nsn::importance::{ImportanceJointBox, check_eps};
use crate::tickets::nsn::sampling::{add_collapsed_sum, add_nsn_vectors, in_box};
use crate::tickets::nsn::tilted::TiltedJointBox;

/// The claim of Lemma 8.
pub struct NsnJointBox;

/// The quadrature's relative tolerance.
const TOLERANCE: f64 = 1e-7;

impl Measurand for NsnJointBox {
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

    fn check(&self, cell: &Cell) -> Result<()> {
        let (k, j) = (cell.integer("k"), cell.integer("j"));
        if j > k {
            return Err(Error::input(format!("j = {j} exceeds k = {k}; write j from 1 to k")));
        }
        Ok(())
    }

    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        Ok(proof::chain(cell))
    }

    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        Ok(proof::least_constant(cell, link))
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        if name == "norm1_squared" { Ok(norm1_squared(cell)) } else { Err(undeclared(name)) }
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

/// k, j, d, eps and the target.
fn parts(cell: &Cell) -> (u64, u64, u64, f64, Target) {
    (cell.integer("k"), cell.integer("j"), cell.integer("d"), cell.real("eps"), Target::of(cell))
}

fn quadrature(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, j, d, eps, target) = parts(cell);
    Ok(Estimator::deterministic(move || Ok(Evidence::quadrature(ln_joint_box(k, j, d, eps, &target, TOLERANCE)))))
}

/// Between products of boxes of single sums.
fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, j, d, eps, target) = parts(cell);
    Ok(Estimator::proved(move || Some(enclosed_joint_box(k, j, d, eps, &target))))
}

fn conditional(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, j, d, eps, target) = parts(cell);
    let tilted = TiltedJointBox::new(k, j, d, eps, &target);
    Ok(averaged(tilted.ln_constant, tilted, |tilted, stream| tilted.draw(stream)))
}

fn importance(cell: &Cell) -> Result<Estimator<'_>> {
    let (k, j, d, eps, target) = parts(cell);
    check_eps(eps)?;
    let importance = ImportanceJointBox::new(k, j, d, eps, &target);
    Ok(averaged(importance.ln_constant, importance, |importance, stream| importance.draw(stream)))
}

/// Counts pairs of sums, with k - j vectors in common, that are both in the box; `add` draws them.
fn hits(cell: &Cell, add: fn(u64, &mut [f64], &mut Stream)) -> Estimator<'_> {
    let (k, j, d, eps, target) = parts(cell);
    let z = target.vector(k, d);
    Estimator::events(256, move || {
        let z = z.clone();
        let (mut shared, mut sum) = (vec![0.0; d as usize], vec![0.0; d as usize]);
        Box::new(move |stream| {
            shared.fill(0.0);
            add(k - j, &mut shared, stream);
            let mut both = true;
            for _ in 0..2 {
                sum.copy_from_slice(&shared);
                add(j, &mut sum, stream);
                both &= in_box(&sum, &z, eps);
            }
            Draw::event(both)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn the_bound_is_the_printed_formula() {
        let cell = claim("nsn-joint-box").cell([("k", "100"), ("j", "3"), ("d", "2"), ("eps", "0.1")]).unwrap();
        // d = 2: c_d = 1/16, 1 - 2/4 = 1/2.
        let by_hand = (3.0 * (0.04 / (PI * 0.5 * 3.0)).powi(2)).ln();
        assert!((claim("nsn-joint-box").bounds(&cell).unwrap()[0].ln - by_hand).abs() < 1e-13);
    }

    #[test]
    fn j_beyond_k_is_refused_and_a_short_target_too() {
        let base = [("k", "4"), ("d", "2"), ("eps", "0.1")];
        let refused = |extra: (&str, &str)| {
            let given: Vec<_> = base.into_iter().chain([("j", "5")]).chain([extra]).collect();
            claim("nsn-joint-box").cell(given).unwrap_err().to_string()
        };
        assert!(refused(("target", "axis")).contains("j = 5 exceeds k = 4"));
        let given: Vec<_> = base.into_iter().chain([("j", "4"), ("target", "[1]")]).collect();
        assert!(claim("nsn-joint-box").cell(given).unwrap_err().to_string().contains("1 coordinates where d = 2"));
    }
}
