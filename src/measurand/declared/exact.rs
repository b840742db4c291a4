//! What is known without drawing: probabilities, means and quantiles of functions of one statistic, and of small spaces.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::chance::Chance;
use super::law::Law;
use super::model::{Expr, Model};
use super::region::{Interval, Region};
use super::sampling::Tape;
use super::statistic::Statistic;
use super::syntax::Operator;
use super::value::{Data, evaluate};
use crate::error::{Error, Result};
use crate::evidence::quadrature::integrate;
use crate::evidence::{Evidence, Method};
use crate::formula::Number;
use crate::tails::Tail;

/// Sums over more values than this are left to samples.
const MOST_VALUES: usize = 2_000_000;
/// More outcomes are not listed.
pub const MOST_OUTCOMES: f64 = 4e6;
/// Pieces of an integral: it is then known to about one part in so many.
const MOST_PIECES: u64 = 20_000;
/// ln of the chance that is left to the end of an integral, the error that is asked of it there, and its most evaluations.
const LITTLE: f64 = -20.0;
const OF_TAIL: f64 = 1e-3;
/// The part of a mean that may lie there.
const MOST_OF_TAIL: f64 = 0.01;
const MOST_EVALUATIONS: u64 = 10_000;
/// Halvings of the interval that holds a quantile.
const HALVINGS: usize = 200;

/// The chance that a number of this law lies in a region.
pub fn chance(region: &Region, law: &Law) -> Chance {
    region.0.iter().fold(Chance::NEVER, |sum, interval| sum.or(chance_between(*interval, law)))
}

fn chance_between(Interval { low, high }: Interval, law: &Law) -> Chance {
    match (low.at, high.at) {
        (None, None) => Chance::ALWAYS,
        (Some(at), None) => law.tail(at, Tail::Upper, !low.with),
        (None, Some(at)) => law.tail(at, Tail::Lower, !high.with),
        (Some(from), Some(to)) => {
            // The tails that are smaller lose fewer digits to each other.
            let beyond_low = law.tail(from, Tail::Lower, low.with);
            let beyond_high = law.tail(to, Tail::Upper, high.with);
            match beyond_low.ln < beyond_high.ln {
                true => law.tail(to, Tail::Lower, !high.with).without(beyond_low),
                false => law.tail(from, Tail::Upper, !low.with).without(beyond_high),
            }
        }
    }
}

/// The probability of the target, from its statistic.
pub fn event(model: &Model, statistic: &Statistic) -> Option<Evidence> {
    let region = model.region(&model.target, statistic)?;
    Some(chance(&region, &statistic.law).evidence(Method::ClosedForm, region.0.len() as u64))
}

/// The mean of the target over the values of its statistic, if they are finitely many.
///
/// # Errors
/// Where the mean is negative.
pub fn mean_of_values(model: &Model, statistic: &Statistic) -> Option<Result<Evidence>> {
    let values = statistic.law.outcomes(MOST_VALUES)?;
    let mut sum = Number::new(0.0);
    for (value, chance) in &values {
        sum = sum + model.at(&model.target, statistic, *value)? * chance.number();
    }
    Some(of_sum(sum, Method::ClosedForm, values.len() as u64))
}

/// The chance that the target compares so with a number.
fn compares(model: &Model, statistic: &Statistic, operator: Operator, with: f64) -> Option<Chance> {
    let comparison = Expr::binary(operator, model.target.clone(), Expr::Constant(Number::new(with)));
    Some(chance(&model.region(&comparison, statistic)?, &statistic.law))
}

/// Whether the chance that the target is at least a number is known.
pub fn has_layers(model: &Model, statistic: &Statistic) -> bool {
    compares(model, statistic, Operator::AtLeast, 1.0).is_some()
}

/// The mean of a continuous target, as the integral of the chance that it is at least t.
///
/// # Errors
/// Where it is negative.
pub fn mean_by_layers(model: &Model, statistic: &Statistic) -> Result<Evidence> {
    let layers = |sign: f64, operator: Operator| -> Result<(Number, u64)> {
        layered(|t| compares(model, statistic, operator, sign * t).unwrap_or(Chance::ALWAYS))
    };
    let above = layers(1.0, Operator::AtLeast)?;
    if compares(model, statistic, Operator::Less, 0.0) == Some(Chance::NEVER) {
        return of_sum(above.0, Method::Quadrature, above.1);
    }
    let below = layers(-1.0, Operator::AtMost)?;
    of_sum(above.0 - below.0, Method::Quadrature, above.1 + below.1)
}

/// The integral of a chance that falls from 0 on, and the evaluations that it took. Up to where little is left, it lies between the
/// sums by the higher and by the lower ends of each piece, whatever kinks the chance has; what is left is smooth.
///
/// # Errors
/// Where what is left does not settle: the mean may be infinite.
fn layered(chance: impl Fn(f64) -> Chance) -> Result<(Number, u64)> {
    let mut end = 1.0;
    while chance(end).ln > LITTLE && end < f64::MAX / 4.0 {
        end *= 2.0;
    }
    while chance(0.5 * end).ln < LITTLE && end > f64::MIN_POSITIVE {
        end *= 0.5;
    }
    let tail = match chance(end) == Chance::NEVER {
        true => Number::new(0.0),
        false => {
            let ln = |u: &[f64; 1]| chance(end + u[0].exp()).ln + u[0];
            Evidence::quadrature(integrate(ln, &[[end.ln()]], OF_TAIL, MOST_EVALUATIONS)).number()
        }
    };
    let mut pieces = BinaryHeap::from([Piece::new((0.0, chance(0.0)), (end, chance(end)))]);
    let mut work = 2;
    while work < MOST_PIECES
        && let Some(widest) = pieces.pop()
    {
        let middle = 0.5 * (widest.from.0 + widest.to.0);
        if widest.error == 0.0 || middle <= widest.from.0 || middle >= widest.to.0 {
            pieces.push(widest);
            break;
        }
        let between = (middle, chance(middle));
        work += 1;
        pieces.extend([Piece::new(widest.from, between), Piece::new(between, widest.to)]);
    }
    let sum = |of: fn(&Piece) -> f64| pieces.iter().map(|piece| of(piece) * (piece.to.0 - piece.from.0)).sum::<f64>();
    let least = sum(|piece| piece.to.1.lo.exp());
    let most = sum(|piece| piece.from.1.hi.exp());
    let middle = sum(|piece| 0.5 * (piece.from.1.ln.exp() + piece.to.1.ln.exp()));
    // A rounding for every piece.
    let rounding = 1.0 + work as f64 * f64::EPSILON;
    let pieces = Number::between(middle.ln(), (least / rounding).ln(), (most * rounding).ln());
    match tail.value() <= MOST_OF_TAIL * pieces.value() {
        true => Ok((pieces + tail, work)),
        false => Err(Error::unreachable("the mean does not settle, and may be infinite; take a quantile, or an event")),
    }
}

/// A part of the axis with the chances at its ends.
struct Piece {
    from: (f64, Chance),
    to: (f64, Chance),
    /// How far the sums by its two ends are apart.
    error: f64,
}

impl Piece {
    fn new(from: (f64, Chance), to: (f64, Chance)) -> Self {
        let error = (from.1.hi.exp() - to.1.lo.exp()).max(0.0) * (to.0 - from.0);
        Piece { from, to, error }
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Piece {}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Piece {
    fn cmp(&self, other: &Self) -> Ordering {
        self.error.total_cmp(&other.error)
    }
}

/// A mean as evidence, which is a non-negative number.
pub fn of_sum(sum: Number, method: Method, work: u64) -> Result<Evidence> {
    match sum.is_surely_negative() {
        true => Err(Error::unreachable(format!(
            "the mean is {:.6}, below 0, and sizes are measured; take the mean of its absolute value, or of its negative",
            sum.value()
        ))),
        false => Ok(Evidence::of_number(sum, method, work)),
    }
}

/// The least number that the target is at most with this probability, by halving.
///
/// # Errors
/// Where it is negative.
pub fn quantile(model: &Model, statistic: &Statistic, level: f64) -> Option<Result<Evidence>> {
    let reached =
        |t: f64, end: fn(Chance) -> f64| Some(end(compares(model, statistic, Operator::AtMost, t)?) >= level.ln());
    let border = |end: fn(Chance) -> f64| -> Option<(f64, f64)> {
        let (mut low, mut high) = (-1.0, 1.0);
        while reached(low, end)? && low > -1e300 {
            low *= 2.0;
        }
        while !reached(high, end)? && high < 1e300 {
            high *= 2.0;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if reached(middle, end)? { high = middle } else { low = middle }
        }
        Some((low, high))
    };
    let (low, high) = (border(|chance| chance.hi)?.0, border(|chance| chance.lo)?.1);
    Some(match high < 0.0 {
        true => Err(Error::unreachable(format!(
            "the quantile is {high:.6}, below 0, and sizes are measured; take that of the negative"
        ))),
        false => {
            let (lo, hi) = (low.max(0.0).ln(), high.ln());
            Ok(Evidence::enclosed(Some(hi), lo, hi, Method::ClosedForm, HALVINGS as u64))
        }
    })
}

/// The probability or the mean of the target over all outcomes of a small space.
///
/// # Errors
/// Where a draw has infinitely many outcomes, or they are too many.
pub fn enumerated(model: &Model) -> Result<Evidence> {
    let mut tape = Tape::new(model)?;
    let (mut least, mut most, mut condition) = (Number::new(0.0), Number::new(0.0), Number::new(0.0));
    let mut work = 0;
    loop {
        let draws = tape.play(model);
        let weight = tape.chance();
        work += 1;
        let truth = |expr: &Expr| evaluate(expr, &draws).is_true();
        let is_given = model.given.as_ref().map_or(Some(true), truth);
        if is_given.is_none() {
            return Err(Error::unreachable("whether the condition is met depends on rounding; take literal"));
        }
        if is_given == Some(true) {
            condition = condition + weight;
            let (lo, hi) = match evaluate(&model.target, &draws).as_ref() {
                value if matches!(value.data, Data::Truth(_)) => match value.is_true() {
                    Some(truth) => [f64::from(u8::from(truth)); 2].into(),
                    None => (0.0, 1.0),
                },
                value => (value.numbers()[0] - value.error, value.numbers()[0] + value.error),
            };
            least = least + weight * Number::new(lo);
            most = most + weight * Number::new(hi);
        }
        if !tape.next() {
            break;
        }
    }
    if model.given.is_some() {
        if condition == Number::new(0.0) {
            return Err(Error::unreachable("the condition under given is never met at this cell"));
        }
        (least, most) = (least / condition, most / condition);
    }
    let (low, high) = (of_sum(least, Method::Enumeration, work), of_sum(most, Method::Enumeration, work)?);
    let low = low.unwrap_or_else(|_| Evidence::closed_form(f64::NEG_INFINITY, 0.0, work));
    Ok(Evidence::enclosed(high.ln, low.ln_lo, high.ln_hi, Method::Enumeration, work))
}
