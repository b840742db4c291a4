//! Wider instructions, where the processor has them.

/// What is to be run: `call`, which has to be inlined always with all that it calls, is compiled once for every width.
pub(crate) use pulp::NullaryFnOnce as Work;

/// Runs the work with the widest vector instructions that were compiled for and that the processor has. They change no result: products
/// and sums are not fused.
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}
