//! Runs loops with the widest instructions that the processor has.
//!
//! Only how many numbers go side by side depends on the machine: no operations are fused, left out or put into another order, so
//! that the numbers are the same everywhere.

use pulp::{Arch, NullaryFnOnce};

/// What is to be run: a closure, or a `call` that is inlined always with all that it calls.
pub(crate) trait Work {
    type Output;

    fn call(self) -> Self::Output;
}

impl<Output, F: FnMut() -> Output> Work for F {
    type Output = Output;

    // By value a closure would be called through a function that is not inlined, and so not compiled for this processor.
    #[inline(always)]
    fn call(mut self) -> Output {
        self()
    }
}

/// Runs the work as it is compiled for this processor; of what it calls, that holds for what is inlined.
#[inline(always)]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    Arch::new().dispatch(Dispatched(work))
}

/// Work as the dispatcher takes it.
struct Dispatched<W>(W);

impl<W: Work> NullaryFnOnce for Dispatched<W> {
    type Output = W::Output;

    #[inline(always)]
    fn call(self) -> W::Output {
        self.0.call()
    }
}
