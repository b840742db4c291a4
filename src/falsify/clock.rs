//! The time that a search may take: phases with deadlines, and a flag that stops samplers at work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A clock that runs from the search's start. Phases set its deadline one after another.
pub struct Clock<'a> {
    start: Instant,
    limit: Duration,
    /// Held while the flag is set or cleared, so that no late look at an old deadline ends a new phase.
    deadline: Mutex<Duration>,
    stop: AtomicBool,
    done: AtomicBool,
    interrupted: &'a AtomicBool,
}

/// How late the flag may be raised; and how long the end of a search may wait for the watching thread.
const TICK: Duration = Duration::from_millis(5);

impl<'a> Clock<'a> {
    /// Starts a clock; `interrupted` is set from outside.
    pub fn new(limit: Duration, interrupted: &'a AtomicBool) -> Self {
        Clock {
            start: Instant::now(),
            limit,
            deadline: Mutex::new(limit),
            stop: AtomicBool::new(false),
            done: AtomicBool::new(false),
            interrupted,
        }
    }

    /// Runs `work` while the flag is looked after.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !self.done.load(Ordering::Relaxed) {
                    let deadline = self.deadline.lock().expect("no holder of the lock panics");
                    if self.interrupted() || self.start.elapsed() >= *deadline {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                    drop(deadline);
                    std::thread::sleep(TICK);
                }
            });
            // Also where the work panics: the scope waits for the thread.
            let _end = End(&self.done);
            work()
        })
    }

    /// Begins a phase that ends when this share of the whole time is over.
    pub fn phase(&self, share: f64) {
        let mut deadline = self.deadline.lock().expect("no holder of the lock panics");
        *deadline = self.limit.mul_f64(share);
        self.stop.store(false, Ordering::Relaxed);
    }

    /// Whether the phase is over.
    pub fn stopped(&self) -> bool {
        self.interrupted() || self.left().is_zero()
    }

    /// Raised when the phase is over, for samplers at work.
    pub fn flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Whether the search was stopped from outside.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The time that is left of this phase.
    pub fn left(&self) -> Duration {
        self.deadline.lock().expect("no holder of the lock panics").saturating_sub(self.start.elapsed())
    }
}

/// Makes the watching thread end.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_raised_at_the_end_of_a_phase_and_not_before() {
        let interrupted = AtomicBool::new(false);
        let clock = Clock::new(Duration::from_millis(200), &interrupted);
        clock.watch(|| {
            clock.phase(0.25);
            while !clock.flag().load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            assert!(clock.elapsed() >= Duration::from_millis(50) && clock.stopped());
            clock.phase(1e6);
            assert!(!clock.stopped() && !clock.flag().load(Ordering::Relaxed));
            interrupted.store(true, Ordering::Relaxed);
            assert!(clock.stopped());
        });
    }
}
