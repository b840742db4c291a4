//! Progress on standard error: a line that changes on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a search is whose end nobody knows.
pub enum Telling {
    /// A line that changes on a terminal.
    Line(ProgressBar, Instant),
    /// Plain lines, not more often than every few seconds.
    Lines(Mutex<Instant>, Instant),
    /// Nothing.
    Quiet,
}

impl Telling {
    /// The form that fits standard error.
    pub fn new(quiet: bool) -> Self {
        let now = Instant::now();
        if quiet {
            return Telling::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Telling::Lines(Mutex::new(now), now);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Telling::Line(bar.with_style(style), now)
    }

    /// Shows a line made from the seconds that have passed.
    pub fn show(&self, line: impl FnOnce(f64) -> String) {
        match self {
            Telling::Quiet => {}
            Telling::Line(bar, start) => {
                bar.set_message(line(start.elapsed().as_secs_f64()));
                bar.tick();
            }
            Telling::Lines(last, start) => {
                let mut last = last.lock().expect("no holder of the lock panics");
                if last.elapsed() >= BETWEEN_LINES {
                    *last = Instant::now();
                    super::note(&line(start.elapsed().as_secs_f64()));
                }
            }
        }
    }

    /// Clears the line before something else is printed.
    pub fn finish(&self) {
        if let Telling::Line(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

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
