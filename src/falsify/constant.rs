//! The search for the least constant, or the greatest, that no cell refutes: one search after another, each with the constant just beyond the
//! last value that is refuted.

use std::time::Instant;

use super::region::Region;
use super::{Finding, Plan};
use crate::claim::Claim;
use crate::error::Result;
use crate::measure::constants::Interval;
use crate::statement::Value;

/// Searches one after another; where the bound is proportional to the constant, the second one has nothing left to find.
const ROUNDS: u32 = 4;
/// How far beyond a refuted value the next search goes.
const BEYOND: f64 = 1e-9;

/// The only axis of a constant that stands in the bound alone.
pub fn open(claim: &Claim, bound: &str, region: &Region) -> Option<usize> {
    let about = claim.statement();
    let is_open = |index: &usize| {
        let name = &about.parameters[*index].name;
        about.constants.contains(name) && about.is_in_bound_only(bound, name) && region.axes()[*index].is_interval()
    };
    let open: Vec<usize> = (0..about.parameters.len()).filter(is_open).collect();
    if let [index] = open[..] { Some(index) } else { None }
}

/// Searches with one value of the constant after another, from the middle of its axis on.
///
/// # Errors
/// Those of the search.
pub fn search_for(axis: usize, plan: &Plan, search: &dyn Fn(&Plan) -> Result<Finding>) -> Result<Finding> {
    let (start, values) = (Instant::now(), &plan.region.axes()[axis]);
    let with = |value: &Value, round: u32| Plan {
        region: plan.region.fixed(axis, value),
        alpha: plan.alpha / f64::from(ROUNDS),
        evaluations: plan.evaluations.map(|most| (most / u64::from(ROUNDS)).max(1)),
        time: plan.time.saturating_sub(start.elapsed()) / (ROUNDS - round),
        ..plan.clone()
    };
    let mut value = values.at(0.5).unwrap_or(Value::Real(1.0));
    let mut all = search(&with(&value, 0))?;
    for round in 1..ROUNDS {
        let next = all.intervals.iter().find_map(beyond).filter(|next| *next != value && values.contains(next));
        let Some(next) = next.filter(|_| !all.interrupted) else { break };
        value = next;
        all = after(search(&with(&value, round))?, all);
    }
    Ok(Finding { region: plan.region.to_string(), shares: plan.shares(), ..all })
}

/// The value just beyond the refuted ones.
fn beyond(interval: &Interval) -> Option<Value> {
    let (last, _) = interval.refuted.as_ref()?;
    Some(Value::Real(last * if interval.is_least { 1.0 + BEYOND } else { 1.0 - BEYOND }))
}

/// The finding of a search that went on where another one ended.
fn after(finding: Finding, before: Finding) -> Finding {
    let joined = |interval: Interval| {
        let known = before.intervals.iter().find(|known| known.name == interval.name).cloned();
        known.map_or(Some(interval.clone()), |known| known.joined(interval))
    };
    Finding {
        intervals: finding.intervals.iter().cloned().filter_map(joined).collect(),
        evaluations: before.evaluations + finding.evaluations,
        refused: before.refused + finding.refused,
        reason: before.reason.or(finding.reason.clone()),
        seconds: before.seconds + finding.seconds,
        ..finding
    }
}
