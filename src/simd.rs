//! Runs loops with the widest instructions that the processor has.
//!
//! Only how many numbers go side by side depends on the machine: no operations are fused, left out or put into another order, so
//! that the numbers are the same everywhere.

use pulp::Arch;

/// Runs the work as it is compiled for this processor; of what it calls, that holds for what is inlined.
#[inline(always)]
pub fn widest<T>(work: impl FnOnce() -> T) -> T {
    Arch::new().dispatch(work)
}
