//! Readers of records: summaries, findings, fits and plots. None of them measures.

pub mod fit;
#[cfg(feature = "plot")]
pub mod plot;
pub mod report;
pub mod summary;
