//! Between which numbers an expression lies on every draw: a mean is sampled where that is known.

use super::function::Function;
use super::model::{Expr, Model, Source};
use super::syntax::Operator;

/// The least and the greatest value; infinite where there is none, or it is not known. Outward by the rounding of a few operations.
pub fn range(model: &Model, expr: &Expr) -> (f64, f64) {
    let (low, high) = inner(model, expr);
    let pad = |x: f64| 1e-12 * x.abs();
    if low.is_nan() || high.is_nan() { UNKNOWN } else { (low - pad(low), high + pad(high)) }
}

const UNKNOWN: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn inner(model: &Model, expr: &Expr) -> (f64, f64) {
    match expr {
        Expr::Constant(number) => number.ends(),
        Expr::List(values) => hull(values.iter().copied()),
        Expr::Range(n) => (1.0, *n as f64),
        Expr::Draw(place) => match &model.draws[*place].source {
            Source::One(law) | Source::Iid(law) => law.support(),
            Source::Sample(values) => hull(values.iter().copied()),
            Source::Permutation => (1.0, model.draws[*place].shape.size() as f64),
            Source::Derived(expr) => inner(model, expr),
        },
        Expr::Negate(part) => {
            let (low, high) = inner(model, part);
            (-high, -low)
        }
        Expr::Not(_) | Expr::Ks(..) => (0.0, 1.0),
        Expr::Binary(operator, left, right) => binary(*operator, inner(model, left), inner(model, right)),
        Expr::Call(function, parts) => {
            let ranges: Vec<(f64, f64)> = parts.iter().map(|part| inner(model, part)).collect();
            call(*function, &ranges, size(model, &parts[0]))
        }
    }
}

/// How many entries a vector or matrix has; infinite where that is not known.
fn size(model: &Model, expr: &Expr) -> f64 {
    match expr {
        Expr::Draw(place) => model.draws[*place].shape.size() as f64,
        Expr::List(values) => values.len() as f64,
        Expr::Range(n) => *n as f64,
        Expr::Constant(_) | Expr::Ks(..) => 1.0,
        Expr::Negate(part) | Expr::Not(part) => size(model, part),
        Expr::Binary(_, left, right) => size(model, left).max(size(model, right)),
        Expr::Call(_, parts) => size(model, &parts[0]),
    }
}

fn hull(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

fn binary(operator: Operator, (a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    let corners = |f: fn(f64, f64) -> f64| {
        // 0 times infinity is 0 here: an end that is not reached.
        let corner = |x: f64, y: f64| if f(x, y).is_nan() { 0.0 } else { f(x, y) };
        hull([corner(a, c), corner(a, d), corner(b, c), corner(b, d)])
    };
    match operator {
        Operator::Add => (a + c, b + d),
        Operator::Subtract => (a - d, b - c),
        Operator::Multiply => corners(|x, y| x * y),
        Operator::Divide if c > 0.0 || d < 0.0 => corners(|x, y| x / y),
        Operator::Power if c == d && c == 2.0 => {
            let most = (a * a).max(b * b);
            (if a <= 0.0 && 0.0 <= b { 0.0 } else { (a * a).min(b * b) }, most)
        }
        Operator::Power if a >= 0.0 && c >= 0.0 => corners(f64::powf),
        Operator::Divide | Operator::Power => UNKNOWN,
        _ => (0.0, 1.0),
    }
}

fn call(function: Function, ranges: &[(f64, f64)], n: f64) -> (f64, f64) {
    use Function::*;
    let (low, high) = ranges[0];
    let times = |x: f64, n: f64| if x == 0.0 { 0.0 } else { x * n };
    match function {
        Min | Max if ranges.len() > 1 => {
            let f = if function == Min { f64::min } else { f64::max };
            ranges[1..].iter().fold((low, high), |(a, b), (c, d)| (f(a, *c), f(b, *d)))
        }
        Sum => (times(low, n), times(high, n)),
        Cumsum => (times(low, n).min(low), times(high, n).max(high)),
        Mean | Min | Max | Sorted => (low, high),
        Var => (0.0, (high - low).powi(2)),
        Distinct | Commonest => (1.0, n),
        Abs => (if low <= 0.0 && 0.0 <= high { 0.0 } else { low.abs().min(high.abs()) }, low.abs().max(high.abs())),
        Sqrt => (low.max(0.0).sqrt(), high.sqrt()),
        Exp => (low.exp(), high.exp()),
        Expm1 => (low.exp_m1(), high.exp_m1()),
        Ln => (low.ln(), high.ln()),
        Log1p => (low.ln_1p(), high.ln_1p()),
        Floor => (low.floor(), high.floor()),
        Ceil => (low.ceil(), high.ceil()),
        OpNorm => (0.0, times(low.abs().max(high.abs()), n)),
        Dot => {
            let (a, b) = binary(Operator::Multiply, (low, high), ranges[1]);
            (times(a, n), times(b, n))
        }
        _ => UNKNOWN,
    }
}
