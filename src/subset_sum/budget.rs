//! What a solver may spend: counted effort for answers that can be repeated, or time until somebody says stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Bounds a solver's work, and hears how far it is.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    deadline: Option<Instant>,
    interrupted: Option<&'a AtomicBool>,
    progress: Option<&'a (dyn Fn(f64) + Sync)>,
}

impl Budget<'static> {
    /// A counted number of attempts, so that problem and stream alone decide the answer.
    pub const COUNTED: Budget<'static> = Budget { deadline: None, interrupted: None, progress: None };
}

impl<'a> Budget<'a> {
    /// Attempts without end, until the deadline, if there is one, or until the flag is raised. `progress` is called with
    /// the least error so far whenever there is a better one.
    pub fn until(
        deadline: Option<Instant>,
        interrupted: &'a AtomicBool,
        progress: &'a (dyn Fn(f64) + Sync),
    ) -> Budget<'a> {
        Budget { deadline, interrupted: Some(interrupted), progress: Some(progress) }
    }

    /// Whether the attempts are counted, and not the time.
    pub fn is_counted(&self) -> bool {
        self.interrupted.is_none()
    }

    /// Whether the solver should come to its end now.
    pub fn is_spent(&self) -> bool {
        self.interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Tells the least error so far.
    pub fn tell(&self, error: f64) {
        if let Some(progress) = self.progress {
            progress(error);
        }
    }
}
