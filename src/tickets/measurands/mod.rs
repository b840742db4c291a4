//! What is measured of the paper's statements: one file a measurand.

mod amplification;
mod channel_blocked_mask;
mod chernoff;
mod chi_square_tails;
mod conv_inequality;
mod kernel_error;
mod kernel_pruning;
mod layer_error;
mod lueker;
mod mrss;
mod networks;
mod normal_interval;
mod nsn_box;
mod nsn_half_normal;
mod nsn_joint_box;
mod overlap_tail;
mod planted_ticket;
mod pruned_network;
mod relu_split;
mod second_moment;
mod second_moment_method;
mod second_moment_ratio;
mod solver_error;
#[cfg(test)]
mod testing;
mod transition;

pub use amplification::Amplification;
pub use channel_blocked_mask::ChannelBlockedMask;
pub use chernoff::Chernoff;
pub use chi_square_tails::ChiSquareTails;
pub use conv_inequality::ConvInequality;
pub use kernel_error::KernelError;
pub use kernel_pruning::KernelPruning;
pub use layer_error::LayerError;
pub use lueker::Lueker;
pub use mrss::Mrss;
pub use normal_interval::NormalInterval;
pub use nsn_box::NsnBox;
pub use nsn_half_normal::NsnHalfNormal;
pub use nsn_joint_box::NsnJointBox;
pub use overlap_tail::OverlapTail;
pub use planted_ticket::PlantedTicket;
pub use pruned_network::PrunedNetworkClaim;
pub use relu_split::ReluSplit;
pub use second_moment::SecondMoment;
pub use second_moment_method::SecondMomentMethod;
pub use second_moment_ratio::SecondMomentRatio;
pub use solver_error::SolverError;
pub use transition::Transition;

// What every measurand works with.
use crate::error::{Error, Result};
use crate::evidence::{Bearing, Evidence, Method};
use crate::formula::Number;
use crate::measurand::*;
use crate::random::{Address, Stream};
#[cfg(test)]
use crate::registry::claim;
use crate::statement::{Cell, Hypothesis, Relation};
use crate::tails::Tail;
use crate::tickets::nsn::{Target, target_trials};

/// The cell's tail.
fn tail(cell: &Cell) -> Tail {
    if cell.word("tail") == "upper" { Tail::Upper } else { Tail::Lower }
}

/// The square of the cell's norm1(z), for formulas.
fn norm1_squared(cell: &Cell) -> Number {
    Target::of(cell).norm1_squared(cell.integer("k"))
}

/// The stream of a claim's objects of some shape at the cell's `draw`. It does not know the run's seed, so that a bound may
/// speak of the object too.
fn drawn(cell: &Cell, id: &str, shape: &str) -> Stream {
    Address { seed: cell.integer("draw"), experiment: id, cell: shape, estimator: "draw", batch: 0 }.stream()
}

/// Averages the values that a sampler draws, times its constant.
fn averaged<'a, S>(
    ln_constant: f64,
    sampler: S,
    draw: impl Fn(&S, &mut Stream) -> f64 + Copy + Sync + 'a,
) -> Estimator<'a>
where
    S: Clone + Sync + 'a,
{
    Estimator::values(ln_constant, 256, move || {
        let sampler = sampler.clone();
        Box::new(move |stream| Draw::exact(draw(&sampler, stream)))
    })
}

/// Refuses k-subsets of fewer than k elements.
fn check_k_of_n(cell: &Cell) -> Result<()> {
    let (n, k) = (cell.integer("n"), cell.integer("k"));
    if k > n { Err(Error::input(format!("k = {k} exceeds n = {n}; write k from 1 to n"))) } else { Ok(()) }
}

/// Refuses to draw n vectors of d numbers that are more than `most` together.
fn check_numbers(cell: &Cell, most: u128) -> Result<()> {
    let (n, d) = (cell.integer("n"), cell.integer("d"));
    if u128::from(n) * u128::from(d) > most {
        return Err(Error::input(format!("n = {n}, d = {d}: keep n d at most {most}, or the draw is too large")));
    }
    Ok(())
}
