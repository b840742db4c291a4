//! When a sample is large enough.

use serde::Deserialize;

/// When a sample of replicates is large enough.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Precision {
    /// The width of the interval, relative to its lower end, that is precise enough.
    pub relative: f64,
    /// The most replicates a cell may take.
    pub replicates: u64,
    /// What ends the sample before that.
    pub until: Until,
}

impl Default for Precision {
    fn default() -> Self {
        Precision { relative: 0.05, replicates: 100_000, until: Until::Decided }
    }
}

/// What ends a sample before its replicates are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// Every bound has its verdict, or the precision is reached.
    Decided,
    /// The precision is reached, whatever the verdicts are.
    Precise,
}
