//! What is measured as a function of one statistic whose law is known: which statistic that is, and for which of its values a
//! comparison is true.

use super::function::Function;
use super::law::{Base, Law};
use super::model::{Expr, Model, Shape, Source};
use super::region::Region;
use super::syntax::Operator;
use super::value::evaluate;
use crate::formula::Number;

/// A statistic and its law.
#[derive(Debug, Clone)]
pub struct Statistic {
    /// The expression that it is.
    pub expr: Expr,
    /// Its law.
    pub law: Law,
}

impl Model {
    /// The one statistic of a known law on which an expression depends; `None` where there is no such one.
    pub fn statistic(&self, expr: &Expr) -> Option<Statistic> {
        let mut found: Option<Statistic> = None;
        self.collect(expr, &mut found).then_some(found)?
    }

    /// Adds the statistic of an expression; false where it is not the one that was found before, or of no known law.
    fn collect(&self, expr: &Expr, found: &mut Option<Statistic>) -> bool {
        let expr = self.resolved(expr);
        if !expr.is_random() {
            return true;
        }
        if found.as_ref().is_some_and(|found| found.expr == *expr) {
            return true;
        }
        if let Some(law) = self.law_of(expr) {
            return match found {
                Some(_) => false,
                None => {
                    *found = Some(Statistic { expr: expr.clone(), law });
                    true
                }
            };
        }
        match expr {
            Expr::Negate(part) | Expr::Not(part) => self.collect(part, found),
            Expr::Binary(_, left, right) => self.collect(left, found) && self.collect(right, found),
            Expr::Call(Function::Mean, parts) => self.collect(&Expr::Call(Function::Sum, parts.clone()), found),
            Expr::Call(_, parts) => parts.iter().all(|part| self.collect(part, found)),
            _ => false,
        }
    }

    /// What a draw that is computed stands for.
    fn resolved<'a>(&'a self, expr: &'a Expr) -> &'a Expr {
        match expr {
            Expr::Draw(place) => match &self.draws[*place].source {
                Source::Derived(inner) => self.resolved(inner),
                _ => expr,
            },
            _ => expr,
        }
    }

    /// The law of a number, if it is known.
    fn law_of(&self, expr: &Expr) -> Option<Law> {
        match self.resolved(expr) {
            Expr::Draw(place) => match &self.draws[*place].source {
                Source::One(law) => Some(law.clone()),
                _ => None,
            },
            Expr::Call(Function::Sum, parts) => match self.sampled(&parts[0]) {
                Some((values, n)) => hypergeometric(values, n),
                None => {
                    let (law, n) = self.entries(&parts[0])?;
                    law.sum_of(n)
                }
            },
            Expr::Call(function @ (Function::Max | Function::Min), parts) if parts.len() == 1 => {
                let (law, n) = self.entries(&parts[0])?;
                Some(law.extreme_of(n, *function == Function::Max))
            }
            _ => None,
        }
    }

    /// The values and the number of those that are drawn without replacement.
    fn sampled(&self, expr: &Expr) -> Option<(&[f64], u64)> {
        let Expr::Draw(place) = self.resolved(expr) else { return None };
        let draw = &self.draws[*place];
        match &draw.source {
            Source::Sample(values) => Some((values, draw.shape.size() as u64)),
            _ => None,
        }
    }

    /// The law of the entries of a vector that are independent and of one law, and their number.
    pub fn entries(&self, expr: &Expr) -> Option<(Law, u64)> {
        let (zero, one) = (Number::new(0.0), Number::new(1.0));
        let moved = |part: &Expr, factor: Number, offset: Number| {
            let (law, n) = self.entries(part)?;
            (factor.value() != 0.0).then(|| (law.moved(factor, offset), n))
        };
        match self.resolved(expr) {
            Expr::Draw(place) => {
                let draw = &self.draws[*place];
                match (&draw.source, draw.shape) {
                    (Source::Iid(law), Shape::Vector(_) | Shape::Matrix(..)) => {
                        Some((law.clone(), draw.shape.size() as u64))
                    }
                    _ => None,
                }
            }
            Expr::Negate(part) => moved(part, -one, zero),
            Expr::Call(Function::Abs, parts) => {
                let (law, n) = self.entries(&parts[0])?;
                Some((Law::standard(Base::Magnitude(Box::new(law))), n))
            }
            Expr::Binary(operator, left, right) => match (operator, &**left, &**right) {
                (Operator::Power, part, Expr::Constant(two)) if *two == Number::new(2.0) => {
                    let (law, n) = self.entries(part)?;
                    Some((squared(&law)?, n))
                }
                (Operator::Add, part, Expr::Constant(by)) | (Operator::Add, Expr::Constant(by), part) => {
                    moved(part, one, *by)
                }
                (Operator::Subtract, part, Expr::Constant(by)) => moved(part, one, -*by),
                (Operator::Subtract, Expr::Constant(by), part) => moved(part, -one, *by),
                (Operator::Multiply, part, Expr::Constant(by)) | (Operator::Multiply, Expr::Constant(by), part) => {
                    moved(part, *by, zero)
                }
                (Operator::Divide, part, Expr::Constant(by)) => moved(part, one / *by, zero),
                _ => None,
            },
            _ => None,
        }
    }

    /// The values of a statistic for which a comparison is true; `None` where that is not known.
    pub fn region(&self, expr: &Expr, statistic: &Statistic) -> Option<Region> {
        match self.resolved(expr) {
            Expr::Not(part) => Some(self.region(part, statistic)?.not()),
            Expr::Binary(Operator::And, left, right) => {
                self.region(left, statistic)?.and(&self.region(right, statistic)?)
            }
            Expr::Binary(Operator::Or, left, right) => {
                self.region(left, statistic)?.or(&self.region(right, statistic)?)
            }
            Expr::Binary(operator, left, right) if operator.compares() => match (left.is_random(), right.is_random()) {
                (true, false) => self.peeled(left, *operator, constant(right)?, statistic),
                (false, true) => self.peeled(right, operator.flipped(), constant(left)?, statistic),
                (false, false) => {
                    let is_true = evaluate(expr, &[]).is_true()?;
                    Some(if is_true { Region::all() } else { Region::none() })
                }
                (true, true) => {
                    let ((a, b), (c, d)) = (self.linear(left, statistic)?, self.linear(right, statistic)?);
                    scaled(a - c, *operator, d - b)
                }
            },
            _ => None,
        }
    }

    /// a T + b.
    fn linear(&self, expr: &Expr, statistic: &Statistic) -> Option<(Number, Number)> {
        let (zero, one) = (Number::new(0.0), Number::new(1.0));
        let expr = self.resolved(expr);
        if *expr == statistic.expr {
            return Some((one, zero));
        }
        if let Some(number) = constant(expr) {
            return Some((zero, number));
        }
        match expr {
            Expr::Negate(part) => self.linear(part, statistic).map(|(a, b)| (-a, -b)),
            Expr::Call(Function::Mean, parts) => {
                let n = self.count(&parts[0])?;
                let (a, b) = self.linear(&Expr::Call(Function::Sum, parts.clone()), statistic)?;
                Some((a / n, b / n))
            }
            Expr::Binary(operator, left, right) => {
                let ((a, b), (c, d)) = (self.linear(left, statistic)?, self.linear(right, statistic)?);
                match operator {
                    Operator::Add => Some((a + c, b + d)),
                    Operator::Subtract => Some((a - c, b - d)),
                    Operator::Multiply if c == zero => Some((a * d, b * d)),
                    Operator::Multiply if a == zero => Some((c * b, d * b)),
                    Operator::Divide if c == zero => Some((a / d, b / d)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// How many entries a vector of independent or sampled entries has.
    fn count(&self, expr: &Expr) -> Option<Number> {
        let n = match self.sampled(expr) {
            Some((_, n)) => n,
            None => self.entries(expr)?.1,
        };
        Some(Number::whole(n))
    }

    /// Where an expression compares so with a number, by undoing its outermost function.
    fn peeled(&self, expr: &Expr, operator: Operator, to: Number, statistic: &Statistic) -> Option<Region> {
        if let Some((a, b)) = self.linear(expr, statistic) {
            return scaled(a, operator, to - b);
        }
        let inner = |part: &Expr, operator: Operator, to: Number| self.peeled(part, operator, to, statistic);
        match self.resolved(expr) {
            Expr::Negate(part) => inner(part, operator.flipped(), -to),
            Expr::Call(function, parts) if parts.len() == 1 => {
                self.undone(*function, &parts[0], operator, to, statistic)
            }
            Expr::Binary(kind, left, right) => match (kind, constant(left), constant(right)) {
                (Operator::Add, None, Some(by)) => inner(left, operator, to - by),
                (Operator::Add, Some(by), None) => inner(right, operator, to - by),
                (Operator::Subtract, None, Some(by)) => inner(left, operator, to + by),
                (Operator::Subtract, Some(by), None) => inner(right, operator.flipped(), by - to),
                (Operator::Multiply, None, Some(by)) => inner(left, turned(operator, by)?, to / by),
                (Operator::Multiply, Some(by), None) => inner(right, turned(operator, by)?, to / by),
                (Operator::Divide, None, Some(by)) => inner(left, turned(operator, by)?, to * by),
                (Operator::Power, None, Some(by)) if by == Number::new(2.0) => {
                    let root = to.max(Number::new(0.0)).sqrt();
                    match to.is_surely_negative() {
                        true => Some(of_sign(operator, false)),
                        false => self.beyond(left, operator, root, statistic),
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn undone(
        &self,
        function: Function,
        part: &Expr,
        operator: Operator,
        to: Number,
        statistic: &Statistic,
    ) -> Option<Region> {
        let positive = !to.is_negative() && to.ln_ends().0 > f64::NEG_INFINITY;
        let is_negative = to.is_surely_negative();
        match function {
            Function::Abs | Function::Sqrt | Function::Exp if is_negative => Some(of_sign(operator, false)),
            Function::Abs => self.beyond(part, operator, to, statistic),
            Function::Sqrt => self.peeled(part, operator, to * to, statistic),
            Function::Exp if to == Number::new(0.0) => Some(of_sign(operator, false)),
            Function::Exp if positive => self.peeled(part, operator, to.ln(), statistic),
            Function::Ln => self.peeled(part, operator, to.exp(), statistic),
            _ => None,
        }
    }

    /// Where the absolute value compares so with a number that is not negative.
    fn beyond(&self, part: &Expr, operator: Operator, to: Number, statistic: &Statistic) -> Option<Region> {
        let inner = |operator: Operator, to: Number| self.peeled(part, operator, to, statistic);
        let (above, below) = (inner(operator, to)?, inner(operator.flipped(), -to)?);
        match operator {
            Operator::AtLeast | Operator::Greater | Operator::Equal => above.or(&below),
            _ => above.and(&below),
        }
    }

    /// The value of an expression where the statistic has this value; `None` for what is no number.
    pub fn at(&self, expr: &Expr, statistic: &Statistic, value: Number) -> Option<Number> {
        let expr = self.resolved(expr);
        if *expr == statistic.expr {
            return Some(value);
        }
        if let Some((a, b)) = self.linear(expr, statistic) {
            return Some(a * value + b);
        }
        let at = |part: &Expr| self.at(part, statistic, value);
        match expr {
            Expr::Negate(part) => Some(-at(part)?),
            Expr::Binary(operator, left, right) => super::model::arithmetic(*operator, at(left)?, at(right)?),
            Expr::Call(Function::Min, parts) if parts.len() > 1 => folded(parts.iter().map(at), Number::min),
            Expr::Call(Function::Max, parts) if parts.len() > 1 => folded(parts.iter().map(at), Number::max),
            Expr::Call(function, parts) if parts.len() == 1 => {
                let inner = at(&parts[0])?;
                match function {
                    Function::Abs => Some(inner.abs()),
                    Function::Sqrt => Some(inner.sqrt()),
                    Function::Exp => Some(inner.exp()),
                    Function::Ln => Some(inner.ln()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn folded(parts: impl Iterator<Item = Option<Number>>, f: fn(Number, Number) -> Number) -> Option<Number> {
    parts.collect::<Option<Vec<_>>>()?.into_iter().reduce(f)
}

/// The number of an expression that depends on no draw.
fn constant(expr: &Expr) -> Option<Number> {
    match expr {
        Expr::Constant(number) if number.is_meaningful() => Some(*number),
        _ => None,
    }
}

/// All numbers, or none: what compares so with a number on the other side of the whole range.
fn of_sign(operator: Operator, is_below: bool) -> Region {
    let below = matches!(operator, Operator::Less | Operator::AtMost);
    let always = operator == Operator::Unequal || operator != Operator::Equal && below == is_below;
    if always { Region::all() } else { Region::none() }
}

/// The comparison after a division by a number; `None` where its sign is not known.
fn turned(operator: Operator, by: Number) -> Option<Operator> {
    let zero = Number::new(0.0);
    match (by.less(zero), zero.less(by)) {
        (Some(true), _) => Some(operator.flipped()),
        (_, Some(true)) => Some(operator),
        _ => None,
    }
}

/// Where a T compares so with a number.
fn scaled(a: Number, operator: Operator, to: Number) -> Option<Region> {
    let at = to / a;
    Some(match turned(operator, a)? {
        Operator::AtLeast => Region::above(at, true),
        Operator::Greater => Region::above(at, false),
        Operator::AtMost => Region::below(at, true),
        Operator::Less => Region::below(at, false),
        Operator::Equal => Region::above(at, true).and(&Region::below(at, true))?,
        _ => Region::above(at, true).and(&Region::below(at, true))?.not(),
    })
}

/// The square of a centred normal number is chi-square.
fn squared(law: &Law) -> Option<Law> {
    let is_centred = law.base == Base::Normal && law.shift == Number::new(0.0);
    let two = Number::new(2.0);
    is_centred.then(|| {
        let base = Base::Gamma(Number::new(0.5));
        Law { scale: two * law.scale * law.scale, shift: Number::new(0.0), base }
    })
}

/// The law of the sum of n of these values without replacement, where they are two numbers.
fn hypergeometric(values: &[f64], drawn: u64) -> Option<Law> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.iter().any(|x| *x != low && *x != high) {
        return None;
    }
    let marked = values.iter().filter(|x| **x == high && high > low).count() as u64;
    let base = Base::Hypergeometric { population: values.len() as u64, marked, drawn };
    let [low, high] = [low, high].map(Number::new);
    let scale = if low == high { Number::new(1.0) } else { high - low };
    Some(Law { scale, shift: low * Number::whole(drawn), base })
}
