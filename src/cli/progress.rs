//! Progress on standard error: a bar with the time left on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how many cells are measured.
pub enum Progress {
    /// A bar on a terminal.
    Bar(ProgressBar),
    /// Plain lines, not more often than every few seconds.
    Lines(Mutex<Lines>),
    /// Nothing.
    Quiet,
}

/// When a plain line was last written.
pub struct Lines {
    start: Instant,
    last: Instant,
    first_done: Option<usize>,
}

const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl Progress {
    /// The form that fits standard error.
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Progress::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            let now = Instant::now();
            return Progress::Lines(Mutex::new(Lines { start: now, last: now, first_done: None }));
        }
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} cells  {elapsed} so far, {eta} left");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Progress::Bar(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Tells that `done` of `total` cells are measured.
    pub fn show(&self, done: usize, total: usize) {
        match self {
            Progress::Quiet => {}
            Progress::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
            }
            Progress::Lines(lines) => lines.lock().expect("no holder of the lock panics").show(done, total),
        }
    }

    /// Clears the bar before something else is printed.
    pub fn finish(&self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Lines {
    fn show(&mut self, done: usize, total: usize) {
        let first = *self.first_done.get_or_insert(done);
        if self.last.elapsed() < BETWEEN_LINES && done != total {
            return;
        }
        self.last = Instant::now();
        let elapsed = self.start.elapsed().as_secs_f64();
        // What a checkpoint held took no time here.
        let rate = (done - first) as f64 / elapsed;
        let left =
            if rate > 0.0 { format!(", about {:.0} s left", (total - done) as f64 / rate) } else { String::new() };
        super::note(&format!("{done}/{total} cells, {elapsed:.0} s{left}"));
    }
}
