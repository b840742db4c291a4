//! Runs loops with the widest instructions that the processor has.
//!
//! Only how many numbers go side by side depends on the machine: no operations are fused, left out or put into another order, so
//! that the numbers are the same everywhere.

/// What is to be run: a closure, or a `call` that is inlined always with all that it calls.
pub(crate) use pulp::NullaryFnOnce as Work;

/// Runs the work as it is compiled for this processor; of what it calls, that holds for what is inlined.
#[inline(always)]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}
