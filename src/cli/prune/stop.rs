//! What a pruning does at the moment, for progress, and how it ends before its time.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::cli::progress::left;
use crate::cli::watch::{Show, Stop, Watch};
use crate::error::{Error, Result};

/// A pruning under way.
pub(super) struct Work<'a> {
    watch: &'a Watch,
    stages: &'a Stages,
}

/// What it does at the moment.
struct Stages {
    stage: Mutex<Stage>,
    done: AtomicUsize,
    /// Milliseconds of the stage's first step done, since the start, to learn its pace.
    begun: AtomicU64,
}

struct Stage {
    name: String,
    /// Steps, if it is known how many.
    steps: usize,
    unit: &'static str,
    /// The share of all searches that is behind this stage's end, and the searches' share that this stage is.
    share: Option<(f64, f64)>,
}

impl Work<'_> {
    /// Does the work while the signals, the time limit and the progress are looked after.
    pub(super) fn watched(
        quiet: bool,
        time_limit: Option<f64>,
        work: impl FnOnce(&Work) -> Result<()>,
    ) -> Result<ExitCode> {
        let stage = Stage { name: "reading".into(), steps: 0, unit: "", share: None };
        let stages = Stages { stage: Mutex::new(stage), done: AtomicUsize::new(0), begun: AtomicU64::new(0) };
        let stopped = |stop: Stop| {
            let kept = || {
                let stage = stages.stage.lock().map(|stage| stage.name.clone()).unwrap_or_default();
                Error::Interrupted(format!(
                    "{}: stopped while {stage}; the layers that were pruned are kept: run again with --resume to continue",
                    stop.reason
                ))
            };
            Err(stop.ended.unwrap_or_else(kept))
        };
        let line = |seconds: f64| stages.line(seconds);
        Watch::over((time_limit, quiet), &Show { line: &line, stopped: &stopped }, |watch| {
            work(&Work { watch, stages: &stages })?;
            Ok(ExitCode::SUCCESS)
        })
    }

    /// Begins a stage of so many steps; `share` is the share of all searches done at its end, and its own.
    pub(super) fn begin(&self, name: String, steps: usize, unit: &'static str, share: Option<(f64, f64)>) {
        let mut stage = self.stages.stage.lock().expect("no holder of the lock panics");
        *stage = Stage { name, steps, unit, share };
        self.stages.done.store(0, Ordering::Relaxed);
        self.stages.begun.store(self.watch.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Counts a step.
    pub(super) fn advance(&self) {
        self.stages.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Raised to stop.
    pub(super) fn flag(&self) -> &AtomicBool {
        self.watch.flag()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.watch.is_stopped()
    }

    /// Why the work stops, in words.
    pub(super) fn reason(&self) -> &'static str {
        if self.watch.is_late() { "the time limit is over: stopped" } else { "stopped" }
    }

    /// The time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Puts files in their places, which a signal waits for.
    pub(super) fn writing<T>(&self, write: impl FnOnce() -> T) -> T {
        self.watch.writing(write)
    }
}

impl Stages {
    fn line(&self, seconds: f64) -> String {
        let stage = self.stage.lock().expect("no holder of the lock panics");
        let done = self.done.load(Ordering::Relaxed);
        if stage.steps == 0 {
            return format!("{}, {seconds:.0} s", stage.name);
        }
        let begun = self.begun.load(Ordering::Relaxed) as f64 / 1e3;
        let part = done as f64 / stage.steps as f64;
        let rest = (part > 0.0).then(|| match stage.share {
            // Searches cost alike by the count of their products; this stage's set the pace.
            Some((behind, own)) => (seconds - begun) / part * ((1.0 - part) + (1.0 - behind) / own),
            None => (seconds - begun) * (1.0 - part) / part,
        });
        format!("{}: {done} of {} {}, {seconds:.0} s{}", stage.name, stage.steps, stage.unit, left(rest))
    }
}
