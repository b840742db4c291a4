//! Values of expressions on one draw, with how far rounding may have moved them: a comparison that rounding does not decide is
//! unknown.

use std::borrow::Cow;

use nalgebra::DMatrix;

use super::function::Function;
use super::law::Law;
use super::model::Expr;
use super::syntax::Operator;
use crate::numeric::sum_of_two;
use crate::simd::widest;

/// A value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub data: Data,
    /// Each number is at most so far from that of exact arithmetic.
    pub error: f64,
}

/// Numbers, or a truth that may be unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Number(f64),
    Vector(Vec<f64>),
    /// Rows one after another, and the length of one.
    Matrix(Vec<f64>, usize),
    Truth(Option<bool>),
}

const EPS: f64 = f64::EPSILON;
/// How far distribution functions may be off.
const OF_CDF: f64 = 1e-10;

impl Value {
    pub fn number(value: f64, error: f64) -> Self {
        Value { data: Data::Number(value), error }
    }

    fn truth(value: Option<bool>) -> Self {
        Value { data: Data::Truth(value), error: 0.0 }
    }

    /// Its numbers; none of a truth.
    pub fn numbers(&self) -> &[f64] {
        match &self.data {
            Data::Number(x) => std::slice::from_ref(x),
            Data::Vector(entries) | Data::Matrix(entries, _) => entries,
            Data::Truth(_) => &[],
        }
    }

    /// Its numbers, to be overwritten; none of a truth.
    pub fn numbers_mut(&mut self) -> &mut [f64] {
        match &mut self.data {
            Data::Number(x) => std::slice::from_mut(x),
            Data::Vector(entries) | Data::Matrix(entries, _) => entries,
            Data::Truth(_) => &mut [],
        }
    }

    /// The truth; unknown for anything else.
    pub fn is_true(&self) -> Option<bool> {
        match self.data {
            Data::Truth(truth) => truth,
            _ => None,
        }
    }

    /// The same shape with other numbers.
    fn with(&self, numbers: Vec<f64>, error: f64) -> Value {
        let data = match &self.data {
            Data::Matrix(_, columns) => Data::Matrix(numbers, *columns),
            Data::Vector(_) => Data::Vector(numbers),
            Data::Number(_) | Data::Truth(_) => Data::Number(numbers[0]),
        };
        Value { data, error }
    }

    fn largest(&self) -> f64 {
        self.numbers().iter().fold(0.0, |most: f64, x| most.max(x.abs()))
    }
}

/// The value of an expression on given draws.
pub fn evaluate<'a>(expr: &Expr, draws: &'a [Value]) -> Cow<'a, Value> {
    Cow::Owned(match expr {
        Expr::Draw(place) => return Cow::Borrowed(&draws[*place]),
        Expr::Constant(number) => {
            let (value, (low, high)) = (number.value(), number.ends());
            Value::number(value, (high - value).max(value - low))
        }
        Expr::List(values) => Value { data: Data::Vector(values.clone()), error: 0.0 },
        Expr::Range(n) => Value { data: Data::Vector((1..=*n).map(|i| i as f64).collect()), error: 0.0 },
        Expr::Negate(part) => {
            let value = evaluate(part, draws);
            value.with(value.numbers().iter().map(|x| -x).collect(), value.error)
        }
        Expr::Not(part) => Value::truth(evaluate(part, draws).is_true().map(|truth| !truth)),
        Expr::Binary(Operator::And, left, right) => Value::truth(both(left, right, draws, false)),
        Expr::Binary(Operator::Or, left, right) => Value::truth(both(left, right, draws, true)),
        Expr::Binary(operator, left, right) => {
            let (left, right) = (evaluate(left, draws), evaluate(right, draws));
            if operator.compares() { compared(*operator, &left, &right) } else { combined(*operator, &left, &right) }
        }
        Expr::Call(function, parts) if parts.len() > 1 => {
            let parts: Vec<Cow<Value>> = parts.iter().map(|part| evaluate(part, draws)).collect();
            of_several(*function, &parts)
        }
        Expr::Call(function, parts) => of_one(*function, evaluate(&parts[0], draws)),
        Expr::Ks(part, law) => empirical_distance(&evaluate(part, draws), law),
    })
}

/// The numbers of an expression that depends on no draw.
///
/// # Errors
/// Where they are not finite.
pub fn evaluate_constant(expr: &Expr) -> Result<Vec<f64>, String> {
    let value = evaluate(expr, &[]);
    match value.numbers().iter().all(|x| x.is_finite()) {
        true => Ok(value.numbers().to_vec()),
        false => Err("these are not all numbers at the cell".into()),
    }
}

/// Both truths, or one of them: the right one is looked at where the left does not decide.
fn both(left: &Expr, right: &Expr, draws: &[Value], decides: bool) -> Option<bool> {
    let left = evaluate(left, draws).is_true();
    if left == Some(decides) {
        return left;
    }
    let right = evaluate(right, draws).is_true();
    match (left, right) {
        (_, Some(truth)) if truth == decides => right,
        (Some(_), Some(_)) => Some(!decides),
        _ => None,
    }
}

/// Applies an operator entry by entry; a number goes with every entry.
fn by_entries(left: &Value, right: &Value, mut f: impl FnMut(f64, f64) -> f64) -> (Vec<f64>, bool) {
    let (one, other) = (left.numbers(), right.numbers());
    match (&left.data, &right.data) {
        (Data::Number(x), _) => (other.iter().map(|y| f(*x, *y)).collect(), false),
        (_, Data::Number(y)) => (one.iter().map(|x| f(*x, *y)).collect(), true),
        _ => (one.iter().zip(other).map(|(x, y)| f(*x, *y)).collect(), true),
    }
}

fn combined(operator: Operator, left: &Value, right: &Value) -> Value {
    let (numbers, like_left) = match operator {
        Operator::Add => by_entries(left, right, |x, y| x + y),
        Operator::Subtract => by_entries(left, right, |x, y| x - y),
        Operator::Multiply => by_entries(left, right, |x, y| x * y),
        Operator::Divide => by_entries(left, right, |x, y| x / y),
        _ => by_entries(left, right, |x, y| if y == 2.0 { x * x } else { x.powf(y) }),
    };
    let rounding = if are_exact(operator, left, right, &numbers) {
        0.0
    } else {
        4.0 * EPS * by_lanes(&numbers, 0.0, f64::abs, f64::max)
    };
    let like = if like_left { left } else { right };
    let own = match (left.error, right.error) {
        (0.0, 0.0) => 0.0,
        (e, f) => {
            let least = right.numbers().iter().fold(f64::INFINITY, |least: f64, y| least.min(y.abs()));
            let (x, y) = (left.largest(), right.largest());
            match operator {
                Operator::Add | Operator::Subtract => e + f,
                Operator::Multiply => x * f + y * e + e * f,
                Operator::Divide if least > f => (e + x / least * f) / (least - f),
                Operator::Power if f == 0.0 => y.abs() * (x + e).powf(y - 1.0) * e,
                _ => f64::INFINITY,
            }
        }
    };
    like.with(numbers, own + rounding)
}

/// Whether no entry was rounded, or was not shown to be.
fn are_exact(operator: Operator, left: &Value, right: &Value, numbers: &[f64]) -> bool {
    let entry = |value: &Value, i: usize| match &value.data {
        Data::Number(x) => *x,
        _ => value.numbers()[i],
    };
    numbers.iter().enumerate().all(|(i, value)| {
        let (x, y) = (entry(left, i), entry(right, i));
        match operator {
            Operator::Add => sum_of_two(x, y).1,
            Operator::Subtract => sum_of_two(x, -y).1,
            Operator::Multiply => x.mul_add(y, -value) == 0.0,
            Operator::Divide => y.mul_add(*value, -x) == 0.0,
            _ => y == 2.0 && x.mul_add(x, -value) == 0.0,
        }
    })
}

/// Two numbers give a truth, vectors a 1 for every entry at which it is true, and 1/2 where that is unknown.
fn compared(operator: Operator, left: &Value, right: &Value) -> Value {
    let error = left.error + right.error;
    let compare = |x: f64, y: f64| {
        let difference = x - y;
        let is_known = difference.abs() > error || error == 0.0 && !difference.is_nan();
        is_known.then_some(match operator {
            Operator::Less => x < y,
            Operator::AtMost => x <= y,
            Operator::Greater => x > y,
            Operator::AtLeast => x >= y,
            Operator::Equal => x == y,
            _ => x != y,
        })
    };
    if let (Data::Number(x), Data::Number(y)) = (&left.data, &right.data) {
        return Value::truth(compare(*x, *y));
    }
    let mut unknown = 0.0;
    let (numbers, like_left) = by_entries(left, right, |x, y| {
        compare(x, y).map_or_else(
            || {
                unknown = 0.5;
                0.5
            },
            |truth| f64::from(u8::from(truth)),
        )
    });
    (if like_left { left } else { right }).with(numbers, unknown)
}

/// The sum, and whether no addition rounded.
fn sum(numbers: &[f64]) -> (f64, bool) {
    let in_lanes = || widest(|| by_lanes(numbers, 0.0, |x| x, |sum, x| sum + x));
    if are_small_whole(numbers) {
        return (in_lanes(), true);
    }
    let exactly = numbers.iter().try_fold(0.0, |sum, x| match sum_of_two(sum, *x) {
        (sum, true) => Some(sum),
        _ => None,
    });
    exactly.map_or_else(|| (in_lanes(), false), |sum| (sum, true))
}

/// Whether the numbers are whole, and so small that no sum of some of them rounds.
fn are_small_whole(numbers: &[f64]) -> bool {
    // Adding and taking it off again rounds a number of less than 2^51 to a whole one.
    const ROUNDS: f64 = 1.5 * (1u64 << 52) as f64;
    let most = (1u64 << 50) as f64 / numbers.len() as f64;
    widest(|| numbers.iter().fold(true, |all, x| all & (x.abs() <= most) & ((x + ROUNDS) - ROUNDS == *x)))
}

/// Folds what a function makes of the numbers, in several lanes side by side: the order is not theirs.
#[inline(always)]
fn by_lanes(numbers: &[f64], from: f64, each: impl Fn(f64) -> f64, fold: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [from; 8];
    let (blocks, rest) = numbers.as_chunks::<8>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane = fold(*lane, each(*x));
        }
    }
    rest.iter().map(|x| each(*x)).chain(lanes).fold(from, fold)
}

/// The sums of the first numbers, and whether no addition rounded.
fn cumulative_sums(numbers: &[f64]) -> (Vec<f64>, bool) {
    let is_exact = are_small_whole(numbers);
    let mut total = (0.0, true);
    let next = |x: &f64| {
        total = match is_exact {
            true => (total.0 + x, true),
            false => {
                let (sum, exact) = sum_of_two(total.0, *x);
                (sum, total.1 && exact)
            }
        };
        total.0
    };
    let sums = numbers.iter().map(next).collect();
    (sums, total.1)
}

fn sum_of(value: &Value) -> Value {
    let numbers = value.numbers();
    let (total, exact) = sum(numbers);
    let n = numbers.len() as f64;
    let rounding = if exact { 0.0 } else { n * EPS * numbers.iter().map(|x| x.abs()).sum::<f64>() };
    Value::number(total, n * value.error + rounding)
}

fn mean_of(value: &Value) -> Value {
    let n = Value::number(value.numbers().len() as f64, 0.0);
    combined(Operator::Divide, &sum_of(value), &n)
}

fn of_one(function: Function, value: Cow<Value>) -> Value {
    use Function::*;
    let numbers = value.numbers();
    let each = |f: fn(f64) -> f64, error: f64| value.with(numbers.iter().map(|x| f(*x)).collect(), error);
    let error = value.error;
    match function {
        Sum => sum_of(&value),
        Mean => mean_of(&value),
        Var => variance(&value),
        Min => Value::number(by_lanes(numbers, f64::INFINITY, |x| x, f64::min), error),
        Max => Value::number(by_lanes(numbers, f64::NEG_INFINITY, |x| x, f64::max), error),
        Abs => each(f64::abs, error),
        Floor | Ceil => {
            let f = if function == Floor { f64::floor } else { f64::ceil };
            let is_open = error > 0.0 && numbers.iter().any(|x| f(x - error) != f(x + error));
            each(f, if is_open { 1.0 + error } else { 0.0 })
        }
        Sqrt => {
            let exact = error == 0.0 && numbers.iter().all(|x| x.sqrt().mul_add(x.sqrt(), -x) == 0.0);
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let moved = if error == 0.0 { 0.0 } else { (error / least.max(0.0).sqrt()).min(error.sqrt()) };
            each(f64::sqrt, if exact { 0.0 } else { moved + EPS * value.largest().sqrt() })
        }
        Exp => each(f64::exp, value.largest().exp() * (error.exp_m1() + 4.0 * EPS)),
        Expm1 => each(f64::exp_m1, value.largest().exp() * (error.exp_m1() + 4.0 * EPS)),
        Ln | Log1p => {
            let (f, from): (fn(f64) -> f64, f64) = if function == Ln { (f64::ln, 0.0) } else { (f64::ln_1p, 1.0) };
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min) + from - error;
            let result = each(f, 0.0);
            let moved = if error == 0.0 { 0.0 } else { error / least.max(0.0) };
            Value { error: moved + 4.0 * EPS * result.largest(), ..result }
        }
        Cumsum => {
            let (sums, exact) = cumulative_sums(numbers);
            let n = numbers.len() as f64;
            let rounding = if exact { 0.0 } else { n * EPS * numbers.iter().map(|x| x.abs()).sum::<f64>() };
            value.with(sums, n * error + rounding)
        }
        Sorted => value.with(sorted(numbers), error),
        Distinct => counted(distinct(numbers), error, numbers.len()),
        Commonest => counted(runs(numbers).into_iter().max().unwrap_or(0), error, numbers.len()),
        _ => norm(&value),
    }
}

/// A count of equal entries, which means nothing where entries are rounded.
fn counted(count: usize, error: f64, most: usize) -> Value {
    Value::number(count as f64, if error > 0.0 { most as f64 } else { 0.0 })
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

/// How many values there are. Whole numbers near each other are marked in a table.
fn distinct(numbers: &[f64]) -> usize {
    let Some((least, span)) = narrow_range(numbers) else { return runs(numbers).len() };
    let mut marks = vec![0u8; span + 1];
    numbers.iter().for_each(|x| marks[(x - least) as usize] = 1);
    widest(|| marks.iter().map(|mark| u32::from(*mark)).sum::<u32>()) as usize
}

/// How often each value stands in a vector.
fn runs(numbers: &[f64]) -> Vec<usize> {
    sorted(numbers).chunk_by(|x, y| x == y).map(<[f64]>::len).collect()
}

/// The least of whole numbers and how far the greatest is from it, where that is not far beside their count.
fn narrow_range(numbers: &[f64]) -> Option<(f64, usize)> {
    let least = by_lanes(numbers, f64::INFINITY, |x| x, f64::min);
    let span = by_lanes(numbers, f64::NEG_INFINITY, |x| x, f64::max) - least;
    (span <= (64 * numbers.len()) as f64 && are_small_whole(numbers)).then_some((least, span as usize))
}

/// The sample variance, with n - 1.
fn variance(value: &Value) -> Value {
    let (numbers, mean) = (value.numbers(), mean_of(value));
    let n = numbers.len() as f64;
    let Data::Number(centre) = mean.data else { return Value::number(f64::NAN, 0.0) };
    let squares: f64 = numbers.iter().map(|x| (x - centre).powi(2)).sum();
    let sizes: f64 = numbers.iter().map(|x| (x - centre).abs()).sum();
    let moved = value.error + mean.error + EPS * value.largest();
    let error = (2.0 * moved * sizes + n * (moved * moved + 4.0 * EPS * squares)) / (n - 1.0);
    Value::number(squares / (n - 1.0), error)
}

/// The largest singular value of a matrix.
fn norm(value: &Value) -> Value {
    let Data::Matrix(entries, columns) = &value.data else { return Value::number(f64::NAN, 0.0) };
    let rows = entries.len() / columns;
    let norm = DMatrix::from_row_slice(rows, *columns, entries).singular_values().max();
    let size = (rows * columns) as f64;
    Value::number(norm, 16.0 * EPS * size * norm + size.sqrt() * value.error)
}

fn of_several(function: Function, parts: &[Cow<Value>]) -> Value {
    match function {
        Function::Min | Function::Max => {
            let numbers = parts.iter().flat_map(|part| part.numbers().iter().copied());
            let error = parts.iter().fold(0.0, |most: f64, part| most.max(part.error));
            let extreme = match function {
                Function::Min => numbers.fold(f64::INFINITY, f64::min),
                _ => numbers.fold(f64::NEG_INFINITY, f64::max),
            };
            Value::number(extreme, error)
        }
        Function::Dot => sum_of(&combined(Operator::Multiply, &parts[0], &parts[1])),
        _ => quadratic(&parts[0], &parts[1]),
    }
}

/// x A x.
fn quadratic(matrix: &Value, x: &Value) -> Value {
    let row = |row: &[f64]| Value { data: Data::Vector(row.to_vec()), error: matrix.error };
    let products: Vec<Value> = matrix
        .numbers()
        .chunks(x.numbers().len())
        .map(|entries| sum_of(&combined(Operator::Multiply, &row(entries), x)))
        .collect();
    let error = products.iter().fold(0.0, |most: f64, product| most.max(product.error));
    let data = Data::Vector(products.iter().flat_map(|product| product.numbers().iter().copied()).collect());
    sum_of(&combined(Operator::Multiply, &Value { data, error }, x))
}

/// The largest distance of the empirical distribution function to that of a law.
fn empirical_distance(value: &Value, law: &Law) -> Value {
    let numbers = value.numbers();
    let distance = if law.is_discrete() { distance_by_runs(numbers, law) } else { distance_by_bins(numbers, law) };
    Value::number(distance, OF_CDF)
}

/// By the values in order, before and at each of which the empirical distribution function is compared.
fn distance_by_runs(numbers: &[f64], law: &Law) -> f64 {
    let n = numbers.len() as f64;
    let (mut below, mut most) = (0.0, 0.0f64);
    for run in sorted(numbers).chunk_by(|x, y| x == y) {
        most = most.max((below / n - law.cdf(run[0].next_down())).abs());
        below += run.len() as f64;
        most = most.max((below / n - law.cdf(run[0])).abs());
    }
    most
}

/// Without sorting, for a continuous law (Gonzalez, Sahni and Franta 1977): of the values of F in one of n bins of equal width, the
/// largest and the least alone can be where the distance is attained, since from one to the next the empirical function gains 1/n.
fn distance_by_bins(numbers: &[f64], law: &Law) -> f64 {
    let n = numbers.len();
    let mut bins = vec![(0u32, f64::INFINITY, f64::NEG_INFINITY); n];
    for x in numbers {
        let f = law.cdf(*x);
        if f.is_nan() {
            return f64::NAN;
        }
        let (count, least, most) = &mut bins[((f * n as f64) as usize).min(n - 1)];
        (*count, *least, *most) = (*count + 1, least.min(f), most.max(f));
    }
    let (mut below, mut distance) = (0u32, 0.0f64);
    for (count, least, most) in bins.into_iter().filter(|bin| bin.0 > 0) {
        distance = distance.max(least - f64::from(below) / n as f64);
        below += count;
        distance = distance.max(f64::from(below) / n as f64 - most);
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::Number;

    fn constant(x: f64) -> Expr {
        Expr::Constant(Number::new(x))
    }

    fn call(function: Function, inner: Expr) -> Expr {
        Expr::Call(function, vec![inner])
    }

    fn number(expr: &Expr) -> f64 {
        evaluate(expr, &[]).numbers()[0]
    }

    #[test]
    fn statistics_by_hand() {
        let x = || Expr::List(vec![3.0, -1.0, 2.0, -1.0]);
        for (function, value) in [
            (Function::Sum, 3.0),
            (Function::Mean, 0.75),
            (Function::Var, 4.25),
            (Function::Min, -1.0),
            (Function::Max, 3.0),
            (Function::Distinct, 3.0),
            (Function::Commonest, 2.0),
        ] {
            assert_eq!(number(&call(function, x())), value, "{function:?}");
        }
        assert_eq!(evaluate(&call(Function::Cumsum, x()), &[]).numbers(), [3.0, 2.0, 4.0, 3.0]);
        let dot = Expr::Call(Function::Dot, vec![x(), Expr::Range(4)]);
        assert_eq!(number(&dot), 3.0 - 2.0 + 6.0 - 4.0);
        let uniform = Law::standard(super::super::law::Base::Uniform);
        let ks = Expr::Ks(Box::new(Expr::List(vec![0.5, 0.25])), Box::new(uniform));
        assert!((number(&ks) - 0.5).abs() < 1e-12);
        let square = [Value { data: Data::Matrix(vec![3.0, 0.0, 0.0, -4.0], 2), error: 0.0 }];
        assert!((evaluate(&call(Function::OpNorm, Expr::Draw(0)), &square).numbers()[0] - 4.0).abs() < 1e-12);
        let form = Expr::Call(Function::Quadratic, vec![Expr::Draw(0), Expr::List(vec![1.0, 2.0])]);
        assert_eq!(evaluate(&form, &square).numbers()[0], 3.0 - 16.0);
    }

    /// Short cuts for special numbers give what the plain way does: distances by bins and by values in order, counts of values by
    /// marks and by order, sums side by side and one by one.
    #[test]
    fn short_cuts_are_exact() {
        use rand::RngExt;
        let mut stream = crate::random::Stream::new(5, 6);
        for n in [1, 2, 3, 7, 8, 9, 64, 200] {
            let uniform: Vec<f64> = (0..n).map(|_| stream.random::<f64>()).collect();
            for law in [super::super::law::Base::Uniform, super::super::law::Base::Normal].map(Law::standard) {
                let (bins, runs) = (distance_by_bins(&uniform, &law), distance_by_runs(&uniform, &law));
                assert!((bins - runs).abs() < 1e-13, "{n}: {bins} {runs}");
            }
            let whole: Vec<f64> = (0..n).map(|_| stream.random_range(-20..=20) as f64).collect();
            let apart: Vec<f64> = whole.iter().map(|x| x * 1e9).collect();
            assert!(narrow_range(&whole).is_some() && (n == 1 || narrow_range(&apart).is_none()));
            assert_eq!((distinct(&whole), distinct(&apart)), (runs(&whole).len(), runs(&whole).len()));
            assert_eq!(sum(&whole), (whole.iter().sum(), true));
            assert_eq!(cumulative_sums(&whole).0.last(), Some(&whole.iter().sum()));
        }
        assert!(!are_small_whole(&[0.5]) && !are_small_whole(&[f64::NAN]) && !are_small_whole(&[1e18, 1.0]));
        assert_eq!(sum(&[0.5, 0.25, 1e15]), (1e15 + 0.75, true));
        assert!(!sum(&[0.1, 0.2, 1e15]).1);
    }

    #[test]
    fn what_rounding_does_not_decide_is_unknown() {
        let truth = |left: Expr, operator, right: Expr| evaluate(&Expr::binary(operator, left, right), &[]).is_true();
        let tenths = || Expr::binary(Operator::Add, constant(0.1), constant(0.2));
        assert_eq!(truth(tenths(), Operator::AtLeast, constant(0.3)), None);
        assert_eq!(truth(tenths(), Operator::AtLeast, constant(0.29)), Some(true));
        let threes = Expr::binary(Operator::Add, constant(1.0), constant(2.0));
        assert_eq!(truth(threes, Operator::Equal, constant(3.0)), Some(true));
        let sum = call(Function::Sum, Expr::List(vec![1.0; 1000]));
        assert_eq!(truth(sum, Operator::Less, constant(1000.0)), Some(false));
    }
}
