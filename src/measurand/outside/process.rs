//! Processes that answer one line with one line: started, asked with a time limit, and killed with the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// An answer has at most so many bytes.
const MOST_BYTES: u64 = 1 << 26;
/// So many of the last bytes of its messages are shown.
const MOST_WORDS: usize = 2000;
/// How long a process that has ended may take to be seen to, with its last messages.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// The processes that run.
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all processes that run: for an end of the program in which nothing is dropped.
pub fn kill_all() {
    // A process may be in the hands of a thread that waits for its end, but never for long.
    let running = std::mem::take(&mut *locked(&RUNNING));
    running.iter().for_each(|child| kill(child));
}

fn kill(child: &Mutex<Child>) {
    let mut child = locked(child);
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// A process that runs.
pub struct Process {
    child: Arc<Mutex<Child>>,
    input: ChildStdin,
    answers: Receiver<Result<String, String>>,
    words: Arc<Mutex<Vec<u8>>>,
    reader_of_words: std::thread::JoinHandle<()>,
}

impl Process {
    /// Starts it in the current folder.
    ///
    /// # Errors
    /// Says why it does not start.
    pub fn start(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("the command is empty")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("it does not start: {error}"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else { return Err("it has no pipes".into()) };
        let (sender, answers) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(answer) = line(&mut output) {
                if sender.send(answer).is_err() {
                    break;
                }
            }
        });
        let words = Arc::default();
        let heard = Arc::clone(&words);
        let reader_of_words = std::thread::spawn(move || keep_words(errors, &heard));
        let child = Arc::new(Mutex::new(child));
        locked(&RUNNING).push(Arc::clone(&child));
        Ok(Process { child, input, answers, words, reader_of_words })
    }

    /// Sends a line and waits for one. After an error it is of no more use.
    ///
    /// # Errors
    /// Says what it did instead, with its last messages.
    pub fn ask(&mut self, request: &str, timeout: Duration) -> Result<String, String> {
        if let Ok(Ok(line)) = self.answers.try_recv() {
            return Err(self.with_words(format!("it wrote more lines than it was asked for: {}", start_of(&line))));
        }
        if writeln!(self.input, "{request}").and_then(|()| self.input.flush()).is_err() {
            return Err(self.ended());
        }
        match self.answers.recv_timeout(timeout) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(self.with_words(error)),
            Err(RecvTimeoutError::Timeout) => {
                kill(&self.child);
                Err(self.with_words(format!("it gave no answer within {} s (timeout)", timeout.as_secs_f64())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// Waits a moment for a process that closed its pipes, and says how it ended.
    fn ended(&self) -> String {
        let start = Instant::now();
        let status = loop {
            match locked(&self.child).try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if start.elapsed() < LAST_WORDS => {}
                _ => break None,
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let how = status.map_or("closed its output".to_string(), |status| format!("ended ({status})"));
        self.with_words(format!("it {how} before it answered"))
    }

    /// A message with the last that the process wrote to its standard error.
    pub fn with_words(&self, message: String) -> String {
        let start = Instant::now();
        while !self.reader_of_words.is_finished() && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(5));
        }
        let words = String::from_utf8_lossy(&locked(&self.words)).trim_end().to_string();
        if words.is_empty() { message } else { format!("{message}; its standard error ends with:\n{words}") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill(&self.child);
        locked(&RUNNING).retain(|child| !Arc::ptr_eq(child, &self.child));
    }
}

/// The next line; `None` at the end.
fn line(output: &mut impl BufRead) -> Option<Result<String, String>> {
    let mut bytes = Vec::new();
    match output.take(MOST_BYTES).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(_) if bytes.len() as u64 == MOST_BYTES => Some(Err(format!("its answer is longer than {MOST_BYTES} bytes"))),
        Ok(_) => Some(String::from_utf8(bytes).map_err(|_| "its answer is no UTF-8 text".into())),
    }
}

/// Keeps the end of what a process writes to its standard error.
fn keep_words(mut errors: impl Read, words: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = errors.read(&mut buffer) {
        let mut words = locked(words);
        words.extend(&buffer[..read]);
        let excess = words.len().saturating_sub(MOST_WORDS);
        words.drain(..excess);
    }
}

/// The beginning of a line, for messages.
pub fn start_of(line: &str) -> String {
    const MOST: usize = 80;
    let start: String = line.trim_end().chars().take(MOST).collect();
    if line.trim_end().chars().count() > MOST { start + "..." } else { start }
}
