//! Tails of sums of independent numbers by exponential tilting: on {S >= s} the likelihood ratio is at most
//! exp(-theta s + n psi(theta)), so that the average is of values in [0, 1] times a known constant.

use std::sync::Arc;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::function::Function;
use super::law::{Base, Law, Sampler};
use super::model::{Expr, Model, Source};
use super::region::{End, Interval};
use super::statistic::Statistic;
use crate::error::{Error, Result};
use crate::formula::Number;
use crate::measurand::{Draw, Estimator};
use crate::numeric::ln_sum_exp;
use crate::random::Stream;

/// The event that a sum of n independent copies of a standard law, or of its negative, is at least (or above) a number.
struct Tail {
    base: Base,
    /// 1 or -1.
    sign: f64,
    n: u64,
    from: f64,
    strict: bool,
    /// The sum's values may be off by so much.
    rounding: f64,
}

/// Replicates of a batch hold at most so many numbers together.
const MOST_IN_BATCH: u64 = 65_536;
/// Sums of more numbers are not drawn.
const MOST_NUMBERS: u64 = 100_000;
/// Halvings of the interval of the tilt.
const HALVINGS: usize = 200;

/// The tilted average of the target's chance.
///
/// # Errors
/// Where the target is not one tail of a sum of independent numbers with a known moment generating function.
pub fn estimator<'a>(model: &Model) -> Result<Estimator<'a>> {
    let tail = tail(model).ok_or_else(|| {
        Error::unreachable(
            "tilting takes an event {sum(X) >= s} of independent copies, and this is none; take closed-form or literal",
        )
    })?;
    if tail.n > MOST_NUMBERS {
        return Err(Error::unreachable(format!(
            "n = {}: sums of at most {MOST_NUMBERS} numbers of this law are drawn; take closed-form or collapsed",
            tail.n
        )));
    }
    let theta = tilt(&tail);
    let (sampler, ln_mgf) = tilted(&tail.base, tail.sign * theta).ok_or_else(|| {
        Error::unreachable("the law's moment generating function is not known, or it is nowhere finite; take literal")
    })?;
    let ln_scale = tail.n as f64 * ln_mgf - theta * tail.from;
    if !ln_scale.is_finite() {
        return Err(Error::unreachable("the event lies too far out for the tilted law; take closed-form or literal"));
    }
    let batch = (MOST_IN_BATCH / tail.n).clamp(16, 1024);
    let (sampler, tail) = (Arc::new(sampler), Arc::new(tail));
    Ok(Estimator::values(ln_scale, batch, move || {
        let (sampler, tail) = (Arc::clone(&sampler), Arc::clone(&tail));
        Box::new(move |stream| draw(&sampler, &tail, theta, stream))
    }))
}

/// One replicate: the likelihood ratio over its largest value, where the event happens.
fn draw(sampler: &Sampler, tail: &Tail, theta: f64, stream: &mut Stream) -> Draw {
    let over = (0..tail.n).map(|_| tail.sign * sampler.draw(stream)).sum::<f64>() - tail.from;
    let value = (-theta * over.max(0.0)).exp();
    match over.abs() <= tail.rounding {
        _ if over.is_nan() => Draw::unknown(),
        true if tail.rounding > 0.0 => Draw::unknown(),
        _ if over > 0.0 || over == 0.0 && !tail.strict => Draw::exact(value),
        _ => Draw::exact(0.0),
    }
}

/// The tail that the target is, in standard units and upwards.
fn tail(model: &Model) -> Option<Tail> {
    if model.given.is_some() {
        return None;
    }
    let (law, n, region) = by_statistic(model).or_else(|| by_sum(model))?;
    let [Interval { low, high }] = region[..] else { return None };
    let (End { at, with }, upward) = match (low.at, high.at) {
        (Some(_), None) => (low, true),
        (None, Some(_)) => (high, false),
        _ => return None,
    };
    // sum X >= standard, or <= where the scale or the direction turns it.
    let standard = (at? - law.shift * Number::whole(n)) / law.scale;
    let sign = if upward == law.scale.is_negative() { -1.0 } else { 1.0 };
    let (least, most) = standard.ends();
    (least.is_finite() && most.is_finite()).then_some(())?;
    let is_exact = law.base.has_whole_values() && least == most && n < 1 << 30;
    let rounding = if is_exact { 0.0 } else { (most - least) + 4.0 * f64::EPSILON * n as f64 * standard.value().abs() };
    Some(Tail { base: law.base, sign, n, from: sign * standard.value(), strict: !with, rounding })
}

/// The law of the target's statistic, as a sum of one, and its values for which the target is true: the tilted sum is the sum of
/// tilted numbers.
fn by_statistic(model: &Model) -> Option<(Law, u64, Vec<Interval>)> {
    let statistic = model.statistic(&model.target)?;
    tilted(&statistic.law.base, 0.0).is_some().then_some(())?;
    let region = model.region(&model.target, &statistic)?.0;
    Some((statistic.law, 1, region))
}

/// The law of one summand, their number, and the values of the sum for which the target is true.
fn by_sum(model: &Model) -> Option<(Law, u64, Vec<Interval>)> {
    let sum = find_sum(model, &model.target)?;
    let Expr::Call(_, parts) = &sum else { return None };
    let (law, n) = model.entries(&parts[0])?;
    // Its own law does not matter here.
    let statistic = Statistic { expr: sum.clone(), law: law.clone() };
    Some((law, n, model.region(&model.target, &statistic)?.0))
}

/// The first sum in an expression.
fn find_sum(model: &Model, expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Call(Function::Sum | Function::Mean, parts) if parts.len() == 1 => {
            Some(Expr::Call(Function::Sum, parts.clone()))
        }
        Expr::Call(_, parts) => parts.iter().find_map(|part| find_sum(model, part)),
        Expr::Negate(part) | Expr::Not(part) => find_sum(model, part),
        Expr::Binary(_, left, right) => find_sum(model, left).or_else(|| find_sum(model, right)),
        Expr::Draw(place) => match &model.draws[*place].source {
            Source::Derived(inner) => find_sum(model, inner),
            _ => None,
        },
        _ => None,
    }
}

/// The tilt at which the bound exp(n psi(theta) - theta s) is least, by ternary search: its log is convex.
fn tilt(tail: &Tail) -> f64 {
    let ln_bound = |theta: f64| match tilted(&tail.base, tail.sign * theta) {
        Some((_, ln_mgf)) if ln_mgf.is_finite() => tail.n as f64 * ln_mgf - theta * tail.from,
        _ => f64::INFINITY,
    };
    let mut high = LEAST_TILT;
    while high < MOST_TILT && ln_bound(2.0 * high) < ln_bound(high) {
        high *= 2.0;
    }
    let (mut low, mut high) = (0.0, 2.0 * high);
    for _ in 0..HALVINGS {
        let (one, other) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if ln_bound(one) <= ln_bound(other) { high = other } else { low = one }
    }
    low
}

/// Between these a tilt is looked for.
const LEAST_TILT: f64 = 1e-9;
const MOST_TILT: f64 = 300.0;

/// Draws from the law whose density is e^(theta x - psi) times that of a standard law, and psi; `None` where that is not known, or
/// infinite.
fn tilted(base: &Base, theta: f64) -> Option<(Sampler, f64)> {
    let law = |base: Base, ln_mgf: f64| Some((base.sampler().ok()?, ln_mgf));
    match base {
        Base::Bernoulli(p) => law(Base::Bernoulli(more_often(*p, theta)), (p * theta.exp_m1()).ln_1p()),
        Base::Binomial(n, p) => {
            law(Base::Binomial(*n, more_often(*p, theta)), *n as f64 * (p * theta.exp_m1()).ln_1p())
        }
        Base::Poisson(mean) => {
            law(Base::Poisson(Number::new(mean.value() * theta.exp())), mean.value() * theta.exp_m1())
        }
        Base::Failures(r, p) => {
            // 1 - q e^theta, without the cancellation at theta = 0.
            let next = p - (1.0 - p) * theta.exp_m1();
            (next > 0.0).then_some(())?;
            law(Base::Failures(*r, next), *r as f64 * (p / next).ln())
        }
        Base::Integers(_) | Base::Points(..) => {
            let outcomes = Law::standard(base.clone()).outcomes(MOST_REWEIGHED)?;
            let ln: Vec<f64> = outcomes.iter().map(|(x, chance)| theta * x.value() + chance.ln).collect();
            let total = ln_sum_exp(&ln);
            let chances = ln.iter().map(|ln| (ln - total).exp()).collect();
            law(Base::Points(outcomes.iter().map(|(x, _)| x.value()).collect(), chances), total)
        }
        Base::Uniform if theta == 0.0 => law(Base::Uniform, 0.0),
        Base::Uniform => {
            let growth = theta.exp_m1();
            let sampler = Sampler::each(move |stream| (stream.random::<f64>() * growth).ln_1p() / theta);
            Some((sampler, (growth / theta).ln()))
        }
        Base::Normal => {
            let sampler = Sampler::each(move |stream| theta + stream.sample::<f64, _>(StandardNormal));
            Some((sampler, 0.5 * theta * theta))
        }
        Base::Gamma(shape) if theta < 1.0 => {
            let gamma = base.sampler().ok()?;
            let sampler = Sampler::each(move |stream| gamma.draw(stream) / (1.0 - theta));
            Some((sampler, -shape.value() * (-theta).ln_1p()))
        }
        _ => None,
    }
}

/// More points than this are not weighed anew.
const MOST_REWEIGHED: usize = 4096;

/// p e^theta / (1 - p + p e^theta).
fn more_often(p: f64, theta: f64) -> f64 {
    let odds = p * theta.exp();
    (odds / (1.0 - p + odds)).clamp(0.0, 1.0)
}
