//! Draws as they are declared: from a stream, or each outcome of a small space in turn.

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

/// What draws the entries of each draw; none for those that need no law.
pub type Samplers = Vec<Option<Sampler>>;

/// Prepares the samplers.
///
/// # Errors
/// Where a law cannot be drawn, or a draw does not fit into memory.
pub fn samplers(model: &Model) -> Result<Samplers> {
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
    samplers.map_err(Error::unreachable)
}

/// One draw; `None` where the condition was not met in many tries, or rounding does not tell.
pub fn draw(model: &Model, samplers: &Samplers, stream: &mut Stream) -> Option<Vec<Value>> {
    let Some(given) = &model.given else { return Some(draw_once(model, samplers, stream)) };
    for _ in 0..MOST_TRIES {
        let draws = draw_once(model, samplers, stream);
        if evaluate(given, &draws).is_true()? {
            return Some(draws);
        }
    }
    None
}

fn draw_once(model: &Model, samplers: &Samplers, stream: &mut Stream) -> Vec<Value> {
    let mut draws = Vec::with_capacity(samplers.len());
    for (draw, sampler) in model.draws.iter().zip(samplers) {
        let size = draw.shape.size();
        let value = match (&draw.source, sampler) {
            (Source::One(law) | Source::Iid(law), Some(sampler)) => {
                shaped(draw.shape, (0..size).map(|_| sampler(stream)).collect(), law.rounding())
            }
            (Source::Sample(values), _) => {
                let mut values = values.clone();
                let (chosen, _) = values.partial_shuffle(stream, size);
                shaped(draw.shape, chosen.to_vec(), 0.0)
            }
            (Source::Derived(expr), _) => evaluate(expr, &draws).into_owned(),
            _ => {
                let mut order: Vec<f64> = (1..=size).map(|i| i as f64).collect();
                order.shuffle(stream);
                shaped(draw.shape, order, 0.0)
            }
        };
        draws.push(value);
    }
    draws
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
