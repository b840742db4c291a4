//! A declaration at a cell: names replaced by numbers and draws, laws built, shapes checked.

use std::ops::Range;

use super::chance::Chance;
use super::distance::distance;
use super::family::{Family, Member};
use super::function::Function;
use super::law::{Base, Law, MOST_TRIES};
use super::syntax::{AnyLaw, Kind, Node, Operator};
use super::value::evaluate_constant;
use super::{Declaration, Text};
use crate::error::{Result, nearest_name};
use crate::formula::{Number, SyntaxError};
use crate::tails;

/// What an expression stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Number,
    Vector(usize),
    Matrix(usize, usize),
    /// True or false.
    Truth,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Shape::Number => f.write_str("a number"),
            Shape::Vector(n) => write!(f, "a vector of {n} numbers"),
            Shape::Matrix(rows, columns) => write!(f, "a {rows} x {columns} matrix"),
            Shape::Truth => f.write_str("a comparison"),
        }
    }
}

impl Shape {
    /// How many numbers it holds.
    pub fn size(self) -> usize {
        match self {
            Shape::Number | Shape::Truth => 1,
            Shape::Vector(n) => n,
            Shape::Matrix(rows, columns) => rows.saturating_mul(columns),
        }
    }
}

/// An expression whose names are resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Constant(Number),
    /// The draw at this place.
    Draw(usize),
    List(Vec<f64>),
    /// 1 to n.
    Range(usize),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
    /// The distance of an empirical distribution function to a law's.
    Ks(Box<Expr>, Box<Law>),
}

impl Expr {
    /// Whether it depends on draws.
    pub fn is_random(&self) -> bool {
        match self {
            Expr::Draw(_) => true,
            Expr::Constant(_) | Expr::List(_) | Expr::Range(_) => false,
            Expr::Negate(part) | Expr::Not(part) | Expr::Ks(part, _) => part.is_random(),
            Expr::Binary(_, left, right) => left.is_random() || right.is_random(),
            Expr::Call(_, parts) => parts.iter().any(Expr::is_random),
        }
    }

    pub fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
        Expr::Binary(operator, Box::new(left), Box::new(right))
    }
}

/// How a draw comes about.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    One(Law),
    /// Independent copies, as many as its shape holds.
    Iid(Law),
    /// Some of these values, without replacement.
    Sample(Vec<f64>),
    Permutation,
    /// Computed from draws before it.
    Derived(Expr),
}

/// A draw and its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    pub shape: Shape,
    pub source: Source,
}

/// A declaration at a cell.
#[derive(Debug, Clone)]
pub struct Model {
    /// Each uses those before it only.
    pub draws: Vec<Draw>,
    /// The event under whose condition all is drawn.
    pub given: Option<Expr>,
    /// What is measured: a truth, or a number.
    pub target: Expr,
    /// The family of which one law stands in the draws, where all are meant.
    pub family: Option<Family>,
}

/// What a part of a text stands for.
enum Meaning {
    Expr(Expr, Shape),
    Law(Law),
}

/// Larger numbers are no sizes.
const MOST_NUMBERS: f64 = 9e15;
/// The numbers that are listed for every draw.
const MOST_LISTED: u64 = 10_000_000;
/// How far the probabilities of a law may add up beside 1.
const ROUNDING_OF_SUMS: f64 = 1e-12;
/// Expressions that are larger, with all names written out, are refused.
const LARGEST: u64 = 100_000;

/// Resolves a declaration at a cell; `number` gives the parameters and names of formulas, `member` is the law that stands for any of a
/// family.
///
/// # Errors
/// Names the line, the column, and what to write.
pub fn bind(
    declaration: &Declaration,
    number: &dyn Fn(&str) -> Option<Number>,
    member: Option<&Member>,
) -> Result<Model> {
    let mut binder = Binder { number, member, family: None, draws: Vec::new(), known: Vec::new() };
    let mut sizes: Vec<(&str, u64)> = Vec::new();
    for (name, text) in &declaration.draws {
        sizes.push((name, text.size(&sizes)?));
        let meaning = binder.bind(&text.node).map_err(|error| text.error(&error))?;
        let (source, shape) = match meaning {
            Meaning::Law(law) => (Source::One(law), Shape::Number),
            Meaning::Expr(expr, shape) => (Source::Derived(expr), shape),
        };
        let expr = match source {
            Source::Derived(expr @ (Expr::Draw(_) | Expr::Constant(_))) => expr,
            source => binder.draw(source, shape),
        };
        binder.known.push((name.clone(), expr, shape));
    }
    declaration.quantity.text().size(&sizes)?;
    let given = declaration.given.as_ref().map(|text| binder.of_shape(text, Shape::Truth)).transpose()?;
    let target = binder.of_shape(declaration.quantity.text(), declaration.quantity.shape())?;
    Ok(Model { draws: binder.draws, given, target, family: binder.family })
}

impl Text {
    /// How many names it has where those of draws are written out.
    fn size(&self, known: &[(&str, u64)]) -> Result<u64> {
        let names = self.node.names();
        let of = |name: &str| known.iter().find(|(known, _)| *known == name).map_or(1, |(_, size)| *size);
        let size = names.iter().fold(1u64, |sum, (name, _)| sum.saturating_add(of(name)));
        let message = "with all names written out this is too long; use fewer names more than once";
        match size <= LARGEST {
            true => Ok(size),
            false => Err(self.error(&SyntaxError::new(self.node.place.clone(), message))),
        }
    }
}

struct Binder<'a> {
    number: &'a dyn Fn(&str) -> Option<Number>,
    member: Option<&'a Member>,
    family: Option<Family>,
    draws: Vec<Draw>,
    known: Vec<(String, Expr, Shape)>,
}

type Bound<T> = std::result::Result<T, SyntaxError>;

fn wrong<T>(place: &Range<usize>, message: impl AsRef<str>) -> Bound<T> {
    Err(SyntaxError::new(place.clone(), message.as_ref()))
}

impl Binder<'_> {
    fn draw(&mut self, source: Source, shape: Shape) -> Expr {
        self.draws.push(Draw { shape, source });
        Expr::Draw(self.draws.len() - 1)
    }

    fn of_shape(&mut self, text: &Text, wanted: Shape) -> Result<Expr> {
        let bound = self.expr(&text.node).and_then(|(expr, shape)| match shape == wanted {
            true => Ok(expr),
            false if wanted == Shape::Truth => {
                wrong(&text.node.place, format!("this is {shape}; write a comparison such as S >= t"))
            }
            false => wrong(&text.node.place, format!("this is {shape}; write a number, such as abs(S) or max(X)")),
        });
        bound.map_err(|error| text.error(&error))
    }

    fn bind(&mut self, node: &Node) -> Bound<Meaning> {
        match &node.kind {
            Kind::Number(value) => Ok(Meaning::Expr(Expr::Constant(Number::new(*value)), Shape::Number)),
            Kind::Name(name) => self.name(name, node),
            Kind::List(parts) => {
                let values =
                    parts.iter().map(|part| self.constant(part).map(Number::value)).collect::<Bound<Vec<_>>>()?;
                let shape = Shape::Vector(values.len());
                Ok(Meaning::Expr(Expr::List(values), shape))
            }
            Kind::Negate(part) => match self.bind(part)? {
                Meaning::Law(law) => Ok(Meaning::Law(law.moved(Number::new(-1.0), Number::new(0.0)))),
                Meaning::Expr(_, Shape::Truth) => wrong(&part.place, "a comparison has no sign; write not"),
                Meaning::Expr(Expr::Constant(number), shape) => Ok(Meaning::Expr(Expr::Constant(-number), shape)),
                Meaning::Expr(expr, shape) => Ok(Meaning::Expr(Expr::Negate(Box::new(expr)), shape)),
            },
            Kind::Not(part) => match self.expr(part)? {
                (expr, Shape::Truth) => Ok(Meaning::Expr(Expr::Not(Box::new(expr)), Shape::Truth)),
                (_, shape) => wrong(&part.place, format!("not takes a comparison; this is {shape}")),
            },
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::Call(function, parts) => self.call(*function, parts, node),
            Kind::Any(any) => self.any(any, node),
        }
    }

    fn name(&self, name: &str, node: &Node) -> Bound<Meaning> {
        if let Some((_, expr, shape)) = self.known.iter().find(|(known, ..)| known == name) {
            return Ok(Meaning::Expr(expr.clone(), *shape));
        }
        match (self.number)(name) {
            Some(number) => Ok(Meaning::Expr(Expr::Constant(number), Shape::Number)),
            None => {
                let near = nearest_name(name, self.known.iter().map(|(known, ..)| known.as_str()));
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                wrong(&node.place, format!("{name} is no number here{near}"))
            }
        }
    }

    fn expr(&mut self, node: &Node) -> Bound<(Expr, Shape)> {
        match self.bind(node)? {
            Meaning::Expr(expr, shape) => Ok((expr, shape)),
            Meaning::Law(_) => wrong(
                &node.place,
                "this is a law, and a number is needed; give its draw a name under draw, and write that",
            ),
        }
    }

    /// A number that depends on no draw.
    fn constant(&mut self, node: &Node) -> Bound<Number> {
        match self.expr(node)? {
            (Expr::Constant(number), _) if number.is_meaningful() => Ok(number),
            (Expr::Constant(_), _) => wrong(&node.place, "this is not a number at the cell"),
            _ => wrong(&node.place, "this depends on a draw; laws and sizes are made of parameters only"),
        }
    }

    fn real(&mut self, node: &Node, wanted: &str, fits: impl Fn(f64) -> bool) -> Bound<f64> {
        let value = self.constant(node)?.value();
        if fits(value) { Ok(value) } else { wrong(&node.place, format!("this is {value}; write {wanted}")) }
    }

    fn whole(&mut self, node: &Node, least: u64) -> Bound<u64> {
        let fits = |x: f64| x.fract() == 0.0 && (least as f64..MOST_NUMBERS).contains(&x);
        Ok(self.real(node, &format!("a whole number of at least {least}"), fits)? as u64)
    }

    fn size(&mut self, node: &Node) -> Bound<usize> {
        Ok(self.whole(node, 1)? as usize)
    }

    fn vector(&mut self, node: &Node) -> Bound<(Expr, usize)> {
        match self.expr(node)? {
            (expr, Shape::Vector(n)) => Ok((expr, n)),
            (_, shape) => wrong(&node.place, format!("this is {shape}; write a vector such as iid(n, law)")),
        }
    }

    fn law(&mut self, node: &Node) -> Bound<Law> {
        match self.bind(node)? {
            Meaning::Law(law) => Ok(law),
            Meaning::Expr(..) => wrong(&node.place, "a law such as normal(0, 1) is missing here"),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Node, right: &Node) -> Bound<Meaning> {
        let whole = left.place.start..right.place.end;
        let (left, left_shape) = match (self.bind(left)?, right) {
            (Meaning::Law(law), right) => return self.moved(law, operator, right, &whole),
            (Meaning::Expr(expr, shape), _) => (expr, shape),
        };
        let (right, right_shape) = match self.bind(right)? {
            Meaning::Expr(expr, shape) => (expr, shape),
            Meaning::Law(law) => return self.moved_by(left, operator, law, &whole),
        };
        let shape = match (operator, left_shape, right_shape) {
            (Operator::And | Operator::Or, Shape::Truth, Shape::Truth) => Shape::Truth,
            (Operator::And | Operator::Or, ..) => return wrong(&whole, "and and or join comparisons"),
            (_, Shape::Truth, _) | (_, _, Shape::Truth) => {
                return wrong(&whole, "a comparison is no number; join comparisons with and, or");
            }
            (_, Shape::Number, Shape::Number) if operator.compares() => Shape::Truth,
            // Entry by entry: 1 where it is true, and 0 elsewhere.
            (_, Shape::Number, shape) | (_, shape, Shape::Number) => shape,
            (_, one, other) if one == other => one,
            (_, one, other) => return wrong(&whole, format!("{one} and {other} do not go together")),
        };
        if let (Expr::Constant(one), Expr::Constant(other)) = (&left, &right)
            && let Some(number) = arithmetic(operator, *one, *other)
        {
            return Ok(Meaning::Expr(Expr::Constant(number), Shape::Number));
        }
        Ok(Meaning::Expr(Expr::binary(operator, left, right), shape))
    }

    /// A law scaled or shifted by a number to its right.
    fn moved(&mut self, law: Law, operator: Operator, right: &Node, whole: &Range<usize>) -> Bound<Meaning> {
        let by = self.constant(right)?;
        let (zero, one) = (Number::new(0.0), Number::new(1.0));
        match operator {
            Operator::Add => Ok(Meaning::Law(law.moved(one, by))),
            Operator::Subtract => Ok(Meaning::Law(law.moved(one, -by))),
            Operator::Multiply | Operator::Divide if by.value() == 0.0 => wrong(whole, "this scales a law by 0"),
            Operator::Multiply => Ok(Meaning::Law(law.moved(by, zero))),
            Operator::Divide => Ok(Meaning::Law(law.moved(one / by, zero))),
            _ => wrong(whole, "laws are scaled and shifted by numbers; give the draw a name for anything else"),
        }
    }

    /// A law scaled or shifted by a number to its left.
    fn moved_by(&mut self, left: Expr, operator: Operator, law: Law, whole: &Range<usize>) -> Bound<Meaning> {
        let (zero, one) = (Number::new(0.0), Number::new(1.0));
        match (left, operator) {
            (Expr::Constant(by), Operator::Add) => Ok(Meaning::Law(law.moved(one, by))),
            (Expr::Constant(by), Operator::Subtract) => Ok(Meaning::Law(law.moved(-one, by))),
            (Expr::Constant(by), Operator::Multiply) if by.value() != 0.0 => Ok(Meaning::Law(law.moved(by, zero))),
            _ => wrong(whole, "laws are scaled and shifted by numbers; give the draw a name for anything else"),
        }
    }

    fn call(&mut self, function: Function, parts: &[Node], node: &Node) -> Bound<Meaning> {
        use Function::*;
        match function {
            Bernoulli | Binomial | Poisson | Geometric | Hypergeometric | Uniform | Integers | Normal | Exponential
            | Gamma | ChiSquared | StudentT | Beta | Rademacher | Points | Mixture | Truncated | Centred => {
                Ok(Meaning::Law(self.law_of(function, parts, node)?))
            }
            Iid => {
                let (law, shape) = match parts {
                    [n, law] => (law, Shape::Vector(self.size(n)?)),
                    [rows, columns, law] => (law, Shape::Matrix(self.size(rows)?, self.size(columns)?)),
                    _ => return wrong(&node.place, Iid.form()),
                };
                let law = self.law(law)?;
                Ok(Meaning::Expr(self.draw(Source::Iid(law), shape), shape))
            }
            Sample => {
                let n = self.size(&parts[0])?;
                let (values, of) = self.vector(&parts[1])?;
                if values.is_random() {
                    return wrong(&parts[1].place, "the values that are sampled are made of parameters only");
                }
                if n > of {
                    return wrong(&parts[0].place, format!("{n} of {of} values cannot be drawn without replacement"));
                }
                let values = evaluate_constant(&values).or_else(|message| wrong(&parts[1].place, message))?;
                let shape = Shape::Vector(n);
                Ok(Meaning::Expr(self.draw(Source::Sample(values), shape), shape))
            }
            Permutation => {
                let shape = Shape::Vector(self.size(&parts[0])?);
                Ok(Meaning::Expr(self.draw(Source::Permutation, shape), shape))
            }
            Range => {
                let most = format!("a whole number from 1 to {MOST_LISTED}");
                let fits = |x: f64| x.fract() == 0.0 && (1.0..=MOST_LISTED as f64).contains(&x);
                let n = self.real(&parts[0], &most, fits)? as usize;
                Ok(Meaning::Expr(Expr::Range(n), Shape::Vector(n)))
            }
            Function::Tail => {
                let (law, at) = (self.law(&parts[0])?, self.constant(&parts[1])?);
                let chance = law.tail(at, tails::Tail::Upper, false);
                Ok(Meaning::Expr(Expr::Constant(chance.number()), Shape::Number))
            }
            Ks => {
                let law = self.law(&parts[1])?;
                match self.bind(&parts[0])? {
                    Meaning::Law(one) => {
                        let number = distance(&one, &law).or_else(|message| wrong(&node.place, message))?;
                        Ok(Meaning::Expr(Expr::Constant(number), Shape::Number))
                    }
                    Meaning::Expr(expr, Shape::Vector(_)) => {
                        Ok(Meaning::Expr(Expr::Ks(Box::new(expr), Box::new(law)), Shape::Number))
                    }
                    Meaning::Expr(_, shape) => {
                        wrong(&parts[0].place, format!("ks takes a vector or a law; this is {shape}"))
                    }
                }
            }
            _ => self.function(function, parts, node),
        }
    }

    /// Functions of numbers, vectors and matrices.
    fn function(&mut self, function: Function, parts: &[Node], node: &Node) -> Bound<Meaning> {
        use Function::*;
        let bound = parts.iter().map(|part| self.expr(part)).collect::<Bound<Vec<_>>>()?;
        let shapes: Vec<Shape> = bound.iter().map(|(_, shape)| *shape).collect();
        let arguments: Vec<Expr> = bound.into_iter().map(|(expr, _)| expr).collect();
        let refused = || {
            let given: Vec<String> = shapes.iter().map(Shape::to_string).collect();
            wrong(&node.place, format!("write {}; here it has {}", function.form(), given.join(" and ")))
        };
        let shape = match (function, &shapes[..]) {
            (Cumsum | Sorted, [Shape::Vector(n)]) => Shape::Vector(*n),
            (Var, [Shape::Vector(n)]) if *n > 1 => Shape::Number,
            (Sum | Mean | Min | Max | Count | Norm1 | Norm2 | NormMax, [Shape::Vector(_) | Shape::Matrix(..)]) => {
                Shape::Number
            }
            (Distinct | Commonest, [Shape::Vector(_)]) | (OpNorm, [Shape::Matrix(..)]) => Shape::Number,
            (Dot, [Shape::Vector(n), Shape::Vector(m)]) if n == m => Shape::Number,
            (Quadratic, [Shape::Matrix(rows, columns), Shape::Vector(n)]) if rows == n && columns == n => Shape::Number,
            (Min | Max, several) if several.len() > 1 && several.iter().all(|shape| *shape == Shape::Number) => {
                Shape::Number
            }
            (Lgamma | Binom, all) if all.iter().all(|shape| *shape == Shape::Number) => {
                if arguments.iter().any(Expr::is_random) {
                    return wrong(&node.place, format!("{} takes numbers that depend on no draw", function.name()));
                }
                Shape::Number
            }
            (Abs | Sqrt | Exp | Ln | Expm1 | Log1p | Floor | Ceil, [shape]) if *shape != Shape::Truth => *shape,
            _ => return refused(),
        };
        Ok(Meaning::Expr(rewritten(function, arguments), shape))
    }

    /// One law of the family that is meant: that which is given, or any.
    fn any(&mut self, any: &AnyLaw, node: &Node) -> Bound<Meaning> {
        if self.family.is_some() {
            return wrong(&node.place, "there is one family already; the laws of two are not searched together");
        }
        let family = self.family_of(any, node)?;
        let member = self.member.cloned().or_else(|| family.example());
        self.family = Some(family);
        match member {
            Some(member) => Ok(Meaning::Law(member.law)),
            None => wrong(&node.place, "no law of two points meets the conditions but for rounding; move them apart"),
        }
    }

    fn family_of(&mut self, any: &AnyLaw, node: &Node) -> Bound<Family> {
        let finite = |x: f64| x.is_finite();
        let first = self.real(&any.ends[0], "a number", finite)?;
        self.real(&any.ends[1], &format!("a number above {first}"), |x| x.is_finite() && x > first)?;
        let [low, high] = [self.constant(&any.ends[0])?.ends().1, self.constant(&any.ends[1])?.ends().0];
        let mut family = Family { low, high, mean: (low, high), rounding: 0.0, variance: f64::INFINITY };
        for condition in &any.conditions {
            let value = self.constant(&condition.to)?;
            if condition.is_variance {
                self.real(&condition.to, "a variance above 0", |x| x > 0.0 && x.is_finite())?;
                family.variance = family.variance.min(value.ends().0);
                continue;
            }
            self.real(&condition.to, &format!("a mean from {low} to {high}"), |x| (low..=high).contains(&x))?;
            family.rounding = family.rounding.max(value.ends().1 - value.ends().0);
            let value = value.value();
            match condition.operator {
                Operator::AtMost => family.mean.1 = family.mean.1.min(value),
                Operator::AtLeast => family.mean.0 = family.mean.0.max(value),
                _ => family.mean = (family.mean.0.max(value), family.mean.1.min(value)),
            }
        }
        match family.mean.0 <= family.mean.1 {
            true => Ok(family),
            false => wrong(&node.place, "no law meets all conditions on the mean"),
        }
    }

    fn law_of(&mut self, function: Function, parts: &[Node], node: &Node) -> Bound<Law> {
        use Function::*;
        let (zero, one) = (Number::new(0.0), Number::new(1.0));
        let standard = Law::standard;
        let chance = |x: f64| (0.0..=1.0).contains(&x);
        let finite = |x: f64| x.is_finite();
        let positive = |x: f64| x > 0.0 && x < 1e300;
        let (a_chance, above) = ("a probability from 0 to 1", "a number above 0");
        Ok(match function {
            Bernoulli => standard(Base::Bernoulli(self.real(&parts[0], a_chance, chance)?)),
            Binomial => standard(Base::Binomial(self.whole(&parts[0], 1)?, self.real(&parts[1], a_chance, chance)?)),
            Poisson => {
                self.real(&parts[0], "a mean above 0 and below 1e15", |x| x > 0.0 && x < 1e15)?;
                standard(Base::Poisson(self.constant(&parts[0])?))
            }
            Geometric => {
                let p = self.real(&parts[0], "a probability above 0", |x| x > 0.0 && x <= 1.0)?;
                standard(Base::Failures(1, p)).moved(one, one)
            }
            Hypergeometric => {
                let population = self.whole(&parts[0], 1)?;
                let most = format!("a whole number up to the population, {population}");
                let fits = |x: f64| x.fract() == 0.0 && (0.0..=population as f64).contains(&x);
                let [marked, drawn] = [self.real(&parts[1], &most, fits)?, self.real(&parts[2], &most, fits)?];
                standard(Base::Hypergeometric { population, marked: marked as u64, drawn: drawn as u64 })
            }
            Uniform => {
                let low = self.constant(&parts[0])?;
                self.real(&parts[1], &format!("a number above {}", low.value()), |x| x > low.value())?;
                let high = self.constant(&parts[1])?;
                standard(Base::Uniform).moved(high - low, low)
            }
            Integers => {
                let whole = |x: f64| x.fract() == 0.0 && x.abs() < MOST_NUMBERS;
                let first = self.real(&parts[0], "a whole number", whole)?;
                let from = format!("a whole number of at least {first}");
                let last = self.real(&parts[1], &from, |x| whole(x) && x >= first)?;
                standard(Base::Integers((last - first) as u64 + 1)).moved(one, Number::new(first))
            }
            Normal => {
                let mean = self.constant(&parts[0])?;
                self.real(&parts[1], "a standard deviation above 0", positive)?;
                standard(Base::Normal).moved(self.constant(&parts[1])?, mean)
            }
            Exponential | Gamma | ChiSquared => {
                for part in parts {
                    self.real(part, above, positive)?;
                }
                let first = self.constant(&parts[0])?;
                match function {
                    Exponential => standard(Base::Gamma(one)).moved(one / first, zero),
                    Gamma => standard(Base::Gamma(first)).moved(one / self.constant(&parts[1])?, zero),
                    _ => standard(Base::Gamma(first / Number::new(2.0))).moved(Number::new(2.0), zero),
                }
            }
            StudentT => standard(Base::StudentT(self.real(&parts[0], above, positive)?)),
            Beta => {
                standard(Base::Beta(self.real(&parts[0], above, positive)?, self.real(&parts[1], above, positive)?))
            }
            Rademacher => standard(Base::Bernoulli(0.5)).moved(Number::new(2.0), Number::new(-1.0)),
            Points => self.points(parts)?,
            Mixture => self.mixture(parts)?,
            Truncated => {
                let law = self.law(&parts[0])?;
                let low = self.real(&parts[1], "a number", finite)?;
                let high = self.real(&parts[2], &format!("a number above {low}"), |x| x > low)?;
                truncated(law, low, high).or_else(|message| wrong(&node.place, message))?
            }
            _ => {
                let law = self.law(&parts[0])?;
                match law.mean() {
                    Some(mean) => law.moved(one, -mean),
                    None => {
                        return wrong(&parts[0].place, "the mean of this law is not known; subtract it as a number");
                    }
                }
            }
        })
    }

    fn points(&mut self, parts: &[Node]) -> Bound<Law> {
        let list = |binder: &mut Self, node: &Node| match binder.vector(node)? {
            (expr, _) if !expr.is_random() => evaluate_constant(&expr).or_else(|message| wrong(&node.place, message)),
            _ => wrong(&node.place, "points are made of parameters only"),
        };
        let (values, chances) = (list(self, &parts[0])?, list(self, &parts[1])?);
        let sum: f64 = chances.iter().sum();
        if chances.len() != values.len() {
            let message = format!("{} values and {} probabilities; write one for each", values.len(), chances.len());
            return wrong(&parts[1].place, message);
        }
        if chances.iter().any(|p| !(0.0..=1.0).contains(p)) || (sum - 1.0).abs() > ROUNDING_OF_SUMS {
            return wrong(
                &parts[1].place,
                format!("probabilities from 0 to 1 that add up to 1 are needed; these give {sum}"),
            );
        }
        let mut pairs: Vec<(f64, f64)> = values.into_iter().zip(chances).filter(|(_, p)| *p > 0.0).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs.dedup_by(|later, first| {
            let same = later.0 == first.0;
            first.1 += if same { later.1 } else { 0.0 };
            same
        });
        let (values, chances) = pairs.into_iter().unzip();
        Ok(Law::standard(Base::Points(values, chances)))
    }

    fn mixture(&mut self, parts: &[Node]) -> Bound<Law> {
        let pair = |pair: &[Node]| {
            Ok((self.real(&pair[0], "a weight from 0 to 1", |x| (0.0..=1.0).contains(&x))?, self.law(&pair[1])?))
        };
        let parts_of: Vec<(f64, Law)> = parts.chunks(2).map(pair).collect::<Bound<_>>()?;
        let sum: f64 = parts_of.iter().map(|(weight, _)| weight).sum();
        if (sum - 1.0).abs() > ROUNDING_OF_SUMS {
            return wrong(&parts[0].place, format!("the weights of a mixture add up to 1; these give {sum}"));
        }
        Ok(Law::standard(Base::Mixture(parts_of)))
    }
}

/// Norms and like statistics by others that are the same, so that there is one way to know their laws.
fn rewritten(function: Function, mut arguments: Vec<Expr>) -> Expr {
    use Function::*;
    let call = |function: Function, inner: Expr| Expr::Call(function, vec![inner]);
    let square = |x: Expr| Expr::binary(Operator::Power, x, Expr::Constant(Number::new(2.0)));
    if let [Expr::Constant(number)] = arguments[..]
        && let Some(value) = of_number(function, number)
    {
        return Expr::Constant(value);
    }
    if let ([Expr::Constant(n), Expr::Constant(k)], Binom) = (&arguments[..], function) {
        return Expr::Constant(n.binomial(*k));
    }
    if let (true, Min | Max) = (arguments.len() > 1 && !arguments.iter().any(Expr::is_random), function) {
        let numbers = arguments.iter().filter_map(|part| if let Expr::Constant(x) = part { Some(*x) } else { None });
        let folded = numbers.reduce(if function == Min { Number::min } else { Number::max });
        return Expr::Constant(folded.unwrap_or(Number::new(f64::NAN)));
    }
    match function {
        Norm1 => call(Sum, call(Abs, arguments.remove(0))),
        Norm2 => call(Sqrt, call(Sum, square(arguments.remove(0)))),
        NormMax => call(Max, call(Abs, arguments.remove(0))),
        Count => call(Sum, arguments.remove(0)),
        Dot if arguments[0] == arguments[1] => call(Sum, square(arguments.remove(0))),
        _ => Expr::Call(function, arguments),
    }
}

fn of_number(function: Function, x: Number) -> Option<Number> {
    Some(match function {
        Function::Abs => x.abs(),
        Function::Sqrt => x.sqrt(),
        Function::Exp => x.exp(),
        Function::Ln => x.ln(),
        Function::Expm1 => x.exp_m1(),
        Function::Log1p => x.ln_1p(),
        Function::Lgamma => x.lgamma(),
        Function::Floor if x.ends().0.floor() == x.ends().1.floor() => Number::new(x.value().floor()),
        Function::Ceil if x.ends().0.ceil() == x.ends().1.ceil() => Number::new(x.value().ceil()),
        _ => return None,
    })
}

/// What an operator makes of two numbers; `None` for a comparison.
pub fn arithmetic(operator: Operator, one: Number, other: Number) -> Option<Number> {
    Some(match operator {
        Operator::Add => one + other,
        Operator::Subtract => one - other,
        Operator::Multiply => one * other,
        Operator::Divide => one / other,
        Operator::Power => one.pow(other),
        _ => return None,
    })
}

fn truncated(law: Law, low: f64, high: f64) -> std::result::Result<Law, String> {
    let above = law.tail(Number::new(low), tails::Tail::Upper, false);
    let inside: Chance = above.without(law.tail(Number::new(high), tails::Tail::Upper, true));
    if inside.ln < -MOST_TRIES.ln() {
        return Err(format!(
            "the law lies in [{low}, {high}] with probability {:.3e}; at least {:.0e} is needed",
            inside.ln.exp(),
            1.0 / MOST_TRIES
        ));
    }
    Ok(Law::standard(Base::Truncated(Box::new(law), low, high)))
}
