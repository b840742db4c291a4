//! Readers of records: summaries, findings, fits, plots and the report. None of them measures.

pub mod ci;
#[cfg(feature = "plot")]
pub mod export;
pub mod fit;
pub mod markup;
pub mod notation;
#[cfg(feature = "page")]
pub mod page;
#[cfg(feature = "plot")]
pub mod plot;
pub mod report;
pub mod summary;
