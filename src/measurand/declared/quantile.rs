//! Quantiles from a sample whose size is fixed beforehand, by order statistics.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::model::Model;
use super::sampling::Drawing;
use super::value::evaluate;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Method};
use crate::measurand::{Allowance, Estimator};
use crate::random::Stream;
use crate::tails::{Tail, ln_binomial_tail};

/// No sample is larger.
const MOST_DRAWS: u64 = 100_000;

/// The quantile of the target at a level.
pub fn estimator<'a>(model: Arc<Model>, level: f64) -> Estimator<'a> {
    Estimator::Sampled(Box::new(move |stream, allowance| sampled(&model, level, stream, allowance)))
}

fn sampled(model: &Arc<Model>, level: f64, stream: &mut Stream, allowance: &Allowance) -> Result<Evidence> {
    let mut drawing = Drawing::new(model)?;
    let draws = allowance.replicates.min(MOST_DRAWS);
    let (mut least, mut most) = (Vec::new(), Vec::new());
    for _ in 0..draws {
        if allowance.interrupted.load(Ordering::Relaxed) {
            return Err(Error::Interrupted("a sample for a quantile was interrupted".into()));
        }
        // A draw that says nothing may lie anywhere.
        let (x, error) = match drawing.next(stream) {
            Some(draws) => {
                let value = evaluate(&model.target, draws);
                (value.numbers()[0], value.error)
            }
            None => (0.0, f64::INFINITY),
        };
        let is_known = !x.is_nan() && !error.is_nan();
        least.push(if is_known { x - error } else { f64::NEG_INFINITY });
        most.push(if is_known { x + error } else { f64::INFINITY });
    }
    least.sort_by(f64::total_cmp);
    most.sort_by(f64::total_cmp);
    let (low, high) = places(draws, level, allowance.alpha);
    let lo = low.map_or(0.0, |place| least[place as usize].max(0.0));
    let hi = high.map_or(f64::INFINITY, |place| most[place as usize]);
    if hi < 0.0 {
        return Err(Error::unreachable("the quantile is below 0, and sizes are measured; take that of the negative"));
    }
    let middle = least[((level * draws as f64) as usize).min(least.len() - 1)];
    let middle = middle.clamp(lo, hi);
    Ok(Evidence::enclosed(Some(middle.ln()).filter(|ln| ln.is_finite()), lo.ln(), hi.ln(), Method::Literal, draws))
}

/// The places, from 0, of the values of a rising sample between which the quantile lies, wrongly with probability at most `alpha`.
/// As many values are at most the quantile as successes of this chance fall in `n` trials, or more; below it, or fewer.
fn places(n: u64, level: f64, alpha: f64) -> (Option<u64>, Option<u64>) {
    let ln_side = (0.5 * alpha).ln();
    // The most m with Pr(at most m) small, and the least m with Pr(at least m) small.
    let low = last(n, |m| ln_binomial_tail(n, level, m, Tail::Lower) <= ln_side);
    let high = last(n, |m| ln_binomial_tail(n, level, n - m, Tail::Upper) <= ln_side).map(|m| n - m);
    (low, high.map(|m| m.saturating_sub(1)))
}

/// The last number up to `n` for which a condition holds that holds up to some number only.
fn last(n: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(0) {
        return None;
    }
    let (mut inside, mut outside) = (0, n);
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if holds(middle) { inside = middle } else { outside = middle }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_median_are_those_of_its_own_rule() {
        for (n, alpha) in [(6, 0.032), (6, 0.22), (25, 1e-7), (400, 1e-3)] {
            let (low, high) = crate::evidence::median::places(n as usize, alpha).unwrap();
            assert_eq!(places(n, 0.5, alpha), (Some(low as u64), Some(high as u64)), "{n} {alpha}");
        }
        assert_eq!(places(5, 0.5, 1e-3), (None, None));
    }
}
