//! Verbs that may take long: progress, a time limit, and an end within a second of a signal, whatever is under way.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::progress::Progress;
use super::{fail, note};
use crate::error::{Error, INCOMPLETE, Result};
use crate::measurand::outside::kill_all;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long what is under way may take to end by itself.
const GRACE: Duration = Duration::from_millis(700);

/// Raised by the first Ctrl-C or request to terminate, and by the time limit.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether a watch looks at it.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Listens for signals from now on. Where nothing is under way that has something to show or to keep, and at the second one, the
/// process ends at once.
///
/// # Errors
/// Where the operating system does not allow it.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) || !WATCHED.load(Ordering::SeqCst) {
            kill_all();
            std::process::exit(INCOMPLETE.into());
        }
        note("stopping within a second; Ctrl-C again stops at once");
    })
    .map_err(|error| Error::input(format!("cannot listen for Ctrl-C ({error})")))
}

/// Work under way, and whether it is to stop.
pub struct Watch {
    /// Raised by the time limit.
    is_late: AtomicBool,
    start: Instant,
    /// Held while files are put in their places, which nothing may cut short.
    writing: Mutex<()>,
}

/// What a verb shows of work under way.
pub struct Show<'a> {
    /// A line of progress, given the seconds that have passed.
    pub line: &'a (dyn Fn(f64) -> String + Sync),
    /// Shows what is known when the work is stopped, and returns the exit code, or an error where there is nothing to show.
    pub stopped: &'a (dyn Fn(Stop) -> Result<ExitCode> + Sync),
}

/// Why and how work was stopped.
pub struct Stop {
    /// In words, such as `interrupted after 3.2 s`.
    pub reason: String,
    /// With what error the work ended by itself; `None` where it is left behind.
    pub ended: Option<Error>,
}

impl Watch {
    /// Does the work while signals, the time limit and the progress are looked after. Work that does not end by itself within a
    /// second of a signal is left behind: the process ends.
    ///
    /// # Errors
    /// Those of the work, and of what is shown when it is stopped.
    pub fn over(
        limits: (Option<f64>, bool),
        show: &Show,
        work: impl FnOnce(&Watch) -> Result<ExitCode>,
    ) -> Result<ExitCode> {
        let (time_limit, quiet) = limits;
        let watch = Watch { is_late: AtomicBool::new(false), start: Instant::now(), writing: Mutex::new(()) };
        WATCHED.store(true, Ordering::SeqCst);
        let progress = Progress::new(quiet);
        std::thread::scope(|scope| {
            // When the work ends, in whatever way, the sender is gone, and the other thread ends too.
            let (_working, ended) = mpsc::channel::<()>();
            let (watch, progress) = (&watch, &progress);
            scope.spawn(move || watch.attend(&ended, progress, time_limit, show));
            let result = work(watch);
            // From here on nothing is left to be cut short.
            let _writing = watch.writing.lock();
            progress.finish();
            match result {
                Err(error @ Error::Interrupted(_)) => (show.stopped)(watch.stop(Some(error))),
                other => other,
            }
        })
    }

    fn attend(&self, ended: &mpsc::Receiver<()>, progress: &Progress, time_limit: Option<f64>, show: &Show) {
        let mut stopping: Option<Instant> = None;
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if time_limit.is_some_and(|limit| self.start.elapsed().as_secs_f64() >= limit) && !self.is_stopped() {
                self.is_late.store(true, Ordering::Relaxed);
                INTERRUPTED.store(true, Ordering::SeqCst);
            }
            if !self.is_stopped() {
                progress.show(show.line);
            } else if stopping.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                let Ok(_writing) = self.writing.try_lock() else { continue };
                progress.finish();
                let code = (show.stopped)(self.stop(None));
                let code = code.map_or_else(|error| fail(&error), |_| INCOMPLETE);
                kill_all();
                std::process::exit(code.into());
            }
        }
    }

    fn stop(&self, ended: Option<Error>) -> Stop {
        let why = if self.is_late() { "the time limit is over" } else { "interrupted" };
        Stop { reason: format!("{why} after {:.1} s", self.start.elapsed().as_secs_f64()), ended }
    }

    /// Raised to stop.
    pub fn flag(&self) -> &'static AtomicBool {
        &INTERRUPTED
    }

    /// Whether the work is to stop.
    pub fn is_stopped(&self) -> bool {
        INTERRUPTED.load(Ordering::SeqCst)
    }

    /// Whether it is stopped by the time limit.
    pub fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Relaxed)
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Puts files in their places, which a signal waits for.
    pub fn writing<T>(&self, write: impl FnOnce() -> T) -> T {
        let _writing = self.writing.lock();
        write()
    }
}
