//! How a pruning ends before its time: by a signal or its time limit, within a second, whatever is under way.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::cli::progress::Telling;
use crate::cli::{interruptible, note};
use crate::error::Result;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long a step under way may take to end by itself.
const GRACE: Duration = Duration::from_millis(700);

/// What a pruning is doing, for progress, and whether it is to stop.
pub(super) struct Work {
    interrupted: Arc<AtomicBool>,
    /// Raised by the time limit.
    is_late: AtomicBool,
    stage: Mutex<Stage>,
    done: AtomicUsize,
    /// Milliseconds of the stage's first step done, since the start, to learn its pace.
    begun: AtomicU64,
    start: Instant,
    /// Held while files are put in their places, which nothing may cut short.
    writing: Mutex<()>,
}

struct Stage {
    name: String,
    /// Steps, if it is known how many.
    steps: usize,
    unit: &'static str,
    /// The share of all searches that is behind this stage's end, and the searches' share that this stage is.
    share: Option<(f64, f64)>,
}

impl Work {
    /// Does the work while the signals, the time limit and the progress are looked after.
    pub(super) fn watched<T>(quiet: bool, time_limit: Option<f64>, work: impl FnOnce(&Work) -> Result<T>) -> Result<T> {
        let interrupted = interruptible("stopping within a second; Ctrl-C again stops at once")?;
        let stage = Stage { name: "reading".into(), steps: 0, unit: "", share: None };
        let watched = Work {
            interrupted,
            is_late: AtomicBool::new(false),
            stage: Mutex::new(stage),
            done: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            start: Instant::now(),
            writing: Mutex::new(()),
        };
        let telling = Telling::new(quiet);
        let result = std::thread::scope(|scope| {
            // When the work ends, in whatever way, the sender is gone, and the other thread ends too.
            let (_working, ended) = mpsc::channel::<()>();
            let (watched, telling) = (&watched, &telling);
            scope.spawn(move || watched.look_after(&ended, telling, time_limit));
            work(watched)
        });
        telling.finish();
        result
    }

    fn look_after(&self, ended: &mpsc::Receiver<()>, telling: &Telling, time_limit: Option<f64>) {
        let mut stopping: Option<Instant> = None;
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if time_limit.is_some_and(|limit| self.start.elapsed().as_secs_f64() >= limit) && !self.is_stopped() {
                self.is_late.store(true, Ordering::Relaxed);
                self.interrupted.store(true, Ordering::Relaxed);
            }
            if self.is_stopped() && stopping.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                let _writing = self.writing.lock();
                let stage = self.stage.lock().map(|stage| stage.name.clone()).unwrap_or_default();
                note(&format!(
                    "lemmascope: {} while {stage}; the layers that were pruned are kept: run again with --resume to go on",
                    self.reason()
                ));
                std::process::exit(4);
            }
            telling.show(|seconds| self.line(seconds));
        }
    }

    fn line(&self, seconds: f64) -> String {
        let stage = self.stage.lock().expect("no holder of the lock panics");
        let done = self.done.load(Ordering::Relaxed);
        if stage.steps == 0 {
            return format!("{}, {seconds:.0} s", stage.name);
        }
        let begun = self.begun.load(Ordering::Relaxed) as f64 / 1e3;
        let part = done as f64 / stage.steps as f64;
        let left = (part > 0.0).then(|| match stage.share {
            // Searches cost alike by the count of their products; this stage's tell the pace.
            Some((behind, own)) => (seconds - begun) / part * ((1.0 - part) + (1.0 - behind) / own),
            None => (seconds - begun) * (1.0 - part) / part,
        });
        let left = left.map_or(String::new(), |left| format!(", about {left:.0} s left"));
        format!("{}: {done} of {} {}, {seconds:.0} s{left}", stage.name, stage.steps, stage.unit)
    }

    /// Begins a stage of so many steps; `share` is the share of all searches done at its end, and its own.
    pub(super) fn begin(&self, name: String, steps: usize, unit: &'static str, share: Option<(f64, f64)>) {
        let mut stage = self.stage.lock().expect("no holder of the lock panics");
        *stage = Stage { name, steps, unit, share };
        self.done.store(0, Ordering::Relaxed);
        self.begun.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Counts a step.
    pub(super) fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Raised to stop.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.interrupted
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Why the work stops, in words.
    pub(super) fn reason(&self) -> &'static str {
        if self.is_late.load(Ordering::Relaxed) { "the time limit is over: stopped" } else { "stopped" }
    }

    /// The time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Puts files in their places, which a signal waits for.
    pub(super) fn writing<T>(&self, write: impl FnOnce() -> T) -> T {
        let _writing = self.writing.lock();
        write()
    }
}
