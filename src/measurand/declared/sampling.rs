//! Draws as they are declared: from a stream, or each outcome of a small space in turn.

use std::sync::Arc;

use rand::seq::SliceRandom;

use super::exact::MOST_OUTCOMES;
use super::law::{Law, Sampler};
use super::model::{Draw, Model, Shape, Source};
use super::value::{Data, Value, evaluate};
use crate::error::{Error, Result};
use crate::formula::Number;
use crate::random::Stream;

/// A draw of more numbers is not held in memory.
const MOST_NUMBERS: usize = 20_000_000;
/// Draws until the condition under `given` is met, before a replicate says nothing.
const MOST_TRIES: usize = 10_000;

/// Draws one after another, into the same memory.
pub struct Drawing {
    model: Arc<Model>,
    /// What draws the entries of each draw; none for those that need no law.
    samplers: Vec<Option<Sampler>>,
    draws: Vec<Value>,
}

impl Drawing {
    /// Draws of a model.
    ///
    /// # Errors
    /// Where a law cannot be drawn, or a draw does not fit into memory.
    pub fn new(model: &Arc<Model>) -> Result<Self> {
        let numbers = model.draws.iter().fold(0, |sum: usize, draw| sum.saturating_add(draw.shape.size()));
        if numbers > MOST_NUMBERS {
            return Err(Error::unreachable(format!(
                "a draw has {numbers} numbers, and at most {MOST_NUMBERS} are held in memory; take closed-form or collapsed where the \
                 claim admits it, or a smaller cell"
            )));
        }
        let sampler = |draw: &Draw| match &draw.source {
            Source::One(law) | Source::Iid(law) => law.sampler().map(Some),
            _ => Ok(None),
        };
        let samplers = model.draws.iter().map(sampler).collect::<std::result::Result<_, _>>();
        let samplers = samplers.map_err(Error::unreachable)?;
        Ok(Drawing { model: Arc::clone(model), samplers, draws: Vec::new() })
    }

    /// One draw; `None` where the condition was not met in many tries, or rounding does not tell.
    pub fn next(&mut self, stream: &mut Stream) -> Option<&[Value]> {
        for _ in 0..MOST_TRIES {
            self.once(stream);
            let Some(given) = &self.model.given else { return Some(&self.draws) };
            if evaluate(given, &self.draws).is_true()? {
                return Some(&self.draws);
            }
        }
        None
    }

    fn once(&mut self, stream: &mut Stream) {
        for (place, (draw, sampler)) in self.model.draws.iter().zip(&self.samplers).enumerate() {
            if place == self.draws.len() {
                self.draws.push(blank(draw));
            }
            let (before, rest) = self.draws.split_at_mut(place);
            let value = &mut rest[0];
            match (&draw.source, sampler) {
                (Source::One(_) | Source::Iid(_), Some(sampler)) => sampler.fill(stream, value.numbers_mut()),
                (Source::Sample(values), _) => {
                    let mut values = values.clone();
                    let numbers = value.numbers_mut();
                    numbers.copy_from_slice(values.partial_shuffle(stream, numbers.len()).0);
                }
                (Source::Derived(expr), _) => *value = evaluate(expr, before).into_owned(),
                _ => {
                    let numbers = value.numbers_mut();
                    (1u32..).zip(&mut *numbers).for_each(|(i, x)| *x = f64::from(i));
                    numbers.shuffle(stream);
                }
            }
        }
    }
}

/// What a draw is put into.
fn blank(draw: &Draw) -> Value {
    let error = match &draw.source {
        Source::One(law) | Source::Iid(law) => law.rounding(),
        _ => 0.0,
    };
    shaped(draw.shape, vec![0.0; draw.shape.size()], error)
}

fn shaped(shape: Shape, numbers: Vec<f64>, error: f64) -> Value {
    let data = match shape {
        Shape::Vector(_) => Data::Vector(numbers),
        Shape::Matrix(_, columns) => Data::Matrix(numbers, columns),
        Shape::Number | Shape::Truth => Data::Number(numbers[0]),
    };
    Value { data, error }
}

/// One choice among several, with their values and chances.
struct Choice {
    options: Vec<(Number, Number)>,
    taken: usize,
}

/// All outcomes of a small space in turn: the last choice runs fastest.
pub struct Tape {
    choices: Vec<Choice>,
}

impl Tape {
    /// The first outcome.
    ///
    /// # Errors
    /// Where a draw has infinitely many outcomes, or they are too many.
    pub fn new(model: &Model) -> Result<Self> {
        let mut choices = Vec::new();
        let mut ln_outcomes = 0.0;
        for draw in &model.draws {
            let size = draw.shape.size();
            check((size as f64).ln())?;
            let sizes: Vec<usize> = match &draw.source {
                Source::One(law) | Source::Iid(law) => {
                    let outcomes = outcomes_of(law)?;
                    ln_outcomes += size as f64 * (outcomes.len() as f64).ln();
                    check(ln_outcomes)?;
                    choices.extend((0..size).map(|_| Choice { options: outcomes.clone(), taken: 0 }));
                    Vec::new()
                }
                Source::Sample(values) => (0..size).map(|i| values.len() - i).collect(),
                Source::Permutation => (0..size).map(|i| size - i).collect(),
                Source::Derived(_) => Vec::new(),
            };
            for n in sizes {
                ln_outcomes += (n as f64).ln();
                check(ln_outcomes)?;
                let chance = Number::new(1.0) / Number::whole(n as u64);
                choices.push(Choice { options: (0..n).map(|i| (Number::whole(i as u64), chance)).collect(), taken: 0 });
            }
        }
        Ok(Tape { choices })
    }

    /// The draws of the present outcome.
    pub fn play(&self, model: &Model) -> Vec<Value> {
        let mut choices = self.choices.iter().map(|choice| choice.options[choice.taken].0.value());
        let mut draws: Vec<Value> = Vec::with_capacity(model.draws.len());
        for draw in &model.draws {
            let size = draw.shape.size();
            let value = match &draw.source {
                Source::One(law) | Source::Iid(law) => {
                    shaped(draw.shape, choices.by_ref().take(size).collect(), law.rounding())
                }
                Source::Sample(values) => shaped(draw.shape, picked(values.clone(), choices.by_ref().take(size)), 0.0),
                Source::Permutation => {
                    let all = (1..=size).map(|i| i as f64).collect();
                    shaped(draw.shape, picked(all, choices.by_ref().take(size)), 0.0)
                }
                Source::Derived(expr) => evaluate(expr, &draws).into_owned(),
            };
            draws.push(value);
        }
        draws
    }

    /// How many outcomes there are.
    pub fn outcomes(&self) -> f64 {
        self.choices.iter().map(|choice| choice.options.len() as f64).product()
    }

    /// The chance of the present outcome.
    pub fn chance(&self) -> Number {
        self.choices.iter().fold(Number::new(1.0), |product, choice| product * choice.options[choice.taken].1)
    }

    /// Goes to the next outcome; false after the last.
    pub fn next(&mut self) -> bool {
        for choice in self.choices.iter_mut().rev() {
            choice.taken += 1;
            if choice.taken < choice.options.len() {
                return true;
            }
            choice.taken = 0;
        }
        false
    }
}

/// Values taken out of a list, one after another, by their places in what is left.
fn picked(mut values: Vec<f64>, places: impl Iterator<Item = f64>) -> Vec<f64> {
    places.map(|place| values.swap_remove(place as usize)).collect()
}

fn outcomes_of(law: &Law) -> Result<Vec<(Number, Number)>> {
    let outcomes = law.outcomes(MOST_OUTCOMES as usize).ok_or_else(|| {
        Error::unreachable("a law has infinitely or too many values, so that outcomes are not listed; take literal")
    })?;
    Ok(outcomes.into_iter().map(|(value, chance)| (value, chance.number())).collect())
}

fn check(ln_outcomes: f64) -> Result<()> {
    match ln_outcomes <= MOST_OUTCOMES.ln() {
        true => Ok(()),
        false => Err(Error::unreachable(format!(
            "there are more than {MOST_OUTCOMES:.0e} outcomes, which are not listed; take literal, or a smaller cell"
        ))),
    }
}
