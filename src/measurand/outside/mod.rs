//! Outside samplers: a command of the user's that draws, asked by lines of JSON. The program checks what can be checked of its answers;
//! that values are independent and of the law that is meant is the sampler's own affair.

mod process;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};

use self::process::{Process, start_of};
use super::{Draw, Estimator, Law, Measurand, Procedure, Replicates};
use crate::error::{Error, Result};
use crate::evidence::Method;
use crate::numeric::number;
use crate::statement::{Cell, Command, Value};

pub use process::kill_all;

/// Values of one request.
const BATCH: u64 = 256;
/// Seeds are whole numbers that every language's doubles hold.
const BITS_OF_SEED: u32 = 53;

/// Whether commands of declarations may be started.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Allows the commands that declarations name to be started.
pub fn allow() {
    ALLOWED.store(true, Ordering::SeqCst);
}

/// Measures what a command draws.
pub struct Outside {
    command: Command,
    /// Processes that wait for a request.
    idle: Mutex<Vec<Process>>,
}

#[derive(Serialize)]
struct Request {
    cell: serde_json::Map<String, serde_json::Value>,
    seed: u64,
    batch: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    values: Vec<f64>,
}

impl Outside {
    /// A sampler as a user declares it.
    pub fn new(command: Command) -> Self {
        Outside { command, idle: Mutex::default() }
    }

    fn name(&self) -> String {
        self.command.words.join(" ")
    }

    /// So many values at a cell.
    fn values(&self, cell: &Cell, seed: u64, batch: u64) -> std::result::Result<Vec<f64>, String> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        let mut process = waiting.map_or_else(|| Process::start(&self.command.words), Ok)?;
        let request = serde_json::to_string(&Request { cell: object(cell), seed, batch }).map_err(|e| e.to_string())?;
        let answer = process.ask(&request, Duration::from_secs_f64(self.command.timeout))?;
        let values = self.checked(&answer, batch).map_err(|error| process.with_words(error))?;
        idle().push(process);
        Ok(values)
    }

    /// The values of an answer, if they are what was asked for.
    fn checked(&self, answer: &str, batch: u64) -> std::result::Result<Vec<f64>, String> {
        let Answer { values } = serde_json::from_str(answer).map_err(|error| {
            format!("its answer is no JSON {{\"values\": [...]}} of numbers ({error}): {}", start_of(answer))
        })?;
        if values.len() as u64 != batch {
            return Err(format!("it was asked for {batch} values and gave {}", values.len()));
        }
        let wrong = values.iter().find(|value| !self.command.admits(**value));
        match (wrong, self.command.range) {
            (None, _) => Ok(values),
            (Some(value), None) => Err(format!("it gave the value {}, and an event is 0 or 1", number(*value))),
            (Some(value), Some((low, high))) => Err(format!(
                "it gave the value {}, which does not lie in {}..{}",
                number(*value),
                number(low),
                number(high)
            )),
        }
    }
}

/// A cell as JSON.
fn object(cell: &Cell) -> serde_json::Map<String, serde_json::Value> {
    let value = |value: &Value| match value {
        Value::Integer(value) => serde_json::json!(value),
        Value::Real(value) => serde_json::json!(value),
        Value::List(entries) => serde_json::json!(entries),
        Value::Word(word) => serde_json::json!(word),
    };
    cell.iter().map(|(name, v)| (name.to_string(), value(v))).collect()
}

impl Measurand for Outside {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, |cell| self.draws(cell))]
    }

    fn files(&self, _: &Cell) -> Vec<PathBuf> {
        self.command.words.iter().map(PathBuf::from).filter(|path| path.is_file()).collect()
    }
}

impl Outside {
    /// Starts the command, batch by batch.
    fn draws<'a>(&'a self, cell: &'a Cell) -> Result<Estimator<'a>> {
        if !ALLOWED.load(Ordering::SeqCst) {
            return Err(Error::input(format!(
                "the claim starts a command of its own, {}; if you trust it, run this with --allow-commands",
                self.name()
            )));
        }
        let failure: Arc<OnceLock<String>> = Arc::default();
        let fails = Arc::clone(&failure);
        let most = self.command.range.map_or(1.0, |(_, high)| high);
        let sampler = move || -> super::Sampler<'a> {
            let fails = Arc::clone(&fails);
            let mut drawn = Vec::new();
            Box::new(move |stream| {
                if drawn.is_empty() && fails.get().is_none() {
                    let seed = stream.next_u64() >> (u64::BITS - BITS_OF_SEED);
                    match self.values(cell, seed, BATCH) {
                        Ok(values) => drawn = values,
                        Err(error) => {
                            let _ = fails.set(format!("the sampler {}: {error}", self.name()));
                        }
                    }
                }
                drawn.pop().map_or(Draw::unknown(), |value| Draw::exact(value / most))
            })
        };
        let law = if self.command.range.is_none() { Law::Proportion } else { Law::Mean };
        let failure = Some(failure);
        Ok(Estimator::Replicates(Replicates {
            law,
            ln_scale: most.ln(),
            batch: BATCH,
            sampler: Box::new(sampler),
            failure,
        }))
    }
}
