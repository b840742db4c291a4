//! What a solver may spend: counted effort for answers that can be repeated, or time until somebody says stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bounds a solver's work, and is told how far it has come.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    counted: bool,
    deadline: Option<Instant>,
    interrupted: Option<&'a AtomicBool>,
    progress: Option<&'a (dyn Fn(f64) + Sync)>,
}

impl Budget<'static> {
    /// A counted number of attempts, so that problem and stream alone decide the answer.
    pub const COUNTED: Budget<'static> = Budget { counted: true, deadline: None, interrupted: None, progress: None };
}

impl<'a> Budget<'a> {
    /// A counted number of attempts, which end before their time when the flag is raised: what they found is then to be forgotten.
    pub fn counted_unless(interrupted: &'a AtomicBool) -> Budget<'a> {
        Budget { interrupted: Some(interrupted), ..Budget::COUNTED }
    }

    /// Attempts without end, until the deadline or until the flag is raised. `progress` is called with the least error so far
    /// after each attempt.
    pub fn until(deadline: Instant, interrupted: &'a AtomicBool, progress: &'a (dyn Fn(f64) + Sync)) -> Budget<'a> {
        Budget { counted: false, deadline: Some(deadline), interrupted: Some(interrupted), progress: Some(progress) }
    }

    /// A counted number of attempts within this budget.
    pub(super) fn counted(&self) -> Budget<'a> {
        Budget { counted: true, ..*self }
    }

    /// Whether the attempts are counted, or go on until the budget is spent.
    pub fn is_counted(&self) -> bool {
        self.counted
    }

    /// Whether the solver should come to its end now.
    pub fn is_spent(&self) -> bool {
        self.interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The time left; none without a deadline.
    pub(super) fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Reports the least error so far.
    pub fn report(&self, error: f64) {
        if let Some(progress) = self.progress {
            progress(error);
        }
    }
}
