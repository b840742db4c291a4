//! A finding is confirmed by a second method, on streams of its own, that shares no code with the first beyond samplers.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::lab::{Lab, Seen, Settings};
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::evidence::Method;
use crate::measurand::{Estimator, Law};
use crate::measure::Until;
use crate::random::Address;
use crate::verdict::Verdict;

/// Replicates of a confirming sample, one try after another.
const TRIES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Batches that a sample draws before it looks at the clock for the first time.
const FIRST_BATCHES: u32 = 4;
/// A count of fewer hits separates no two probabilities.
const FEWEST_HITS: f64 = 5.0;

/// What a second method says about a finding.
#[derive(Debug, Clone)]
pub struct Second {
    /// Its evidence beside the same bound.
    pub seen: Seen,
    /// The replicates it was given.
    pub replicates: u64,
}

/// Whether two methods share no code beyond samplers and arithmetic. Quadrature and the average of conditional
/// probabilities evaluate the same intervals and rectangles. A closed form and an integral are different computations.
fn independent(one: Method, other: Method) -> bool {
    use Method::{Conditional, Importance, Quadrature};
    let pair = |a: Method, b: Method| (one, other) == (a, b) || (one, other) == (b, a);
    one != other && !pair(Quadrature, Conditional) && !pair(Conditional, Importance)
}

/// Asks the other methods until one decides about the finding; `None` where none can in the time that is left. An answer
/// that contradicts the finding is an answer too.
///
/// # Errors
/// What is wrong with the claim as a whole.
pub fn confirm(lab: &Lab, found: &Seen, alpha: f64, clock: &Clock) -> Result<Option<Second>> {
    let methods: Vec<Method> = lab.claim.methods();
    let others: Vec<Method> = methods.into_iter().filter(|m| independent(*m, found.evidence.method)).collect();
    // Each try of each method takes its share of the chance of error.
    let alpha = alpha / (others.len() * TRIES.len()).max(1) as f64;
    for replicates in TRIES {
        for &method in &others {
            if clock.stopped() {
                return Ok(None);
            }
            if !is_worthwhile(lab.claim, found, method, replicates, clock.left()) {
                continue;
            }
            let (experiment, until) = (lab.name(), Until::Decided);
            let settings = Settings { experiment, alpha, replicates, relative: f64::MIN_POSITIVE, until };
            match lab.look_by(&found.cell, &found.bound, method, settings, clock.flag()) {
                Ok(seen) if seen.verdict != Verdict::Undecided => return Ok(Some(Second { seen, replicates })),
                // The method cannot reach the cell, or does not decide yet.
                Ok(_) | Err(Error::Unreachable(_) | Error::Interrupted(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

/// Whether a sample can decide anything: one that counts hits has to expect some, of what is measured or of what the bound
/// says, and its first batches have to end in the time that is left, by the time of one draw.
fn is_worthwhile(claim: &Claim, found: &Seen, method: Method, most: u64, left: Duration) -> bool {
    let Ok(Estimator::Replicates(replicates)) = claim.estimator(&found.cell, method) else { return true };
    let ln_rate = found.evidence.ln_hi.max(found.bound.ln);
    if replicates.law == Law::Proportion && ln_rate + (most as f64).ln() < FEWEST_HITS.ln() {
        return false;
    }
    let address = Address { seed: 0, experiment: "falsify", cell: "", estimator: "cost", batch: 0 };
    let start = Instant::now();
    (replicates.sampler)()(&mut address.stream());
    start.elapsed().saturating_mul(FIRST_BATCHES * replicates.batch.min(1 << 20) as u32) < left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_share_code_do_not_confirm_each_other() {
        assert!(!independent(Method::Quadrature, Method::Conditional));
        assert!(!independent(Method::Literal, Method::Literal));
        assert!(independent(Method::Quadrature, Method::Importance));
        assert!(independent(Method::ClosedForm, Method::Literal));
    }
}
