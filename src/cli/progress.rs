//! Progress on standard error: a line that changes on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far the work is.
pub enum Progress {
    /// A line that changes on a terminal.
    Line(ProgressBar, Instant),
    /// Plain lines, not more often than every few seconds.
    Lines(Mutex<Option<Instant>>, Instant),
    /// Nothing.
    Quiet,
}

impl Progress {
    /// The form that fits standard error.
    pub fn new(quiet: bool) -> Self {
        let now = Instant::now();
        if quiet {
            return Progress::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Progress::Lines(Mutex::default(), now);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Progress::Line(bar.with_style(style), now)
    }

    /// Shows a line made from the seconds that have passed.
    pub fn show(&self, line: impl FnOnce(f64) -> String) {
        match self {
            Progress::Quiet => {}
            Progress::Line(bar, start) => {
                bar.set_message(line(start.elapsed().as_secs_f64()));
                bar.tick();
            }
            Progress::Lines(last, start) => {
                let mut last = last.lock().expect("no holder of the lock panics");
                let is_time = last.map_or(start.elapsed() >= FIRST_LINE, |last| last.elapsed() >= BETWEEN_LINES);
                if is_time {
                    *last = Some(Instant::now());
                    super::note(&line(start.elapsed().as_secs_f64()));
                }
            }
        }
    }

    /// Clears the line before something else is printed.
    pub fn finish(&self) {
        if let Progress::Line(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

/// How often a plain line is written, and after what time the first.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
const FIRST_LINE: Duration = Duration::from_secs(1);

/// What is left, in words; nothing where that is not known.
pub fn left(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) if seconds < 120.0 => format!(", about {seconds:.0} s left"),
        Some(seconds) if seconds < 7200.0 => format!(", about {:.0} min left", seconds / 60.0),
        Some(seconds) => format!(", about {:.0} h left", seconds / 3600.0),
        None => String::new(),
    }
}
