//! Formulas that users write: bounds and conditions over a cell's parameters, evaluated without overflow.
//!
//! A formula is made of numbers, the cell's parameters and the claim's named numbers, `c_d`, `pi`, `e`, the operators
//! `+ - * / ^`, and the functions `sqrt exp ln min max lgamma`. A condition compares formulas with `>= <= > < == !=` and
//! joins comparisons with `and`.
//!
//! ```
//! use lemmascope::expression::{Formula, Number};
//!
//! let formula = Formula::parse("1/16 * (2*eps/sqrt(2*pi*k))^d").unwrap();
//! let names = |name: &str| match name {
//!     "eps" => Some(Number::new(1e-9)),
//!     "k" => Some(Number::new(64.0)),
//!     "d" => Some(Number::new(256.0)),
//!     "pi" => Some(Number::new(std::f64::consts::PI)),
//!     _ => None,
//! };
//! let ln = formula.evaluate(&names).unwrap().ln_abs();
//! assert!(-6000.0 < ln && ln < -5800.0); // far below the smallest double
//! ```

mod number;
mod parse;
mod token;

use std::ops::Range;

pub use number::Number;

use crate::error::{Error, Result};

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyntaxError {
    place: Range<usize>,
    message: String,
}

impl SyntaxError {
    fn new(place: Range<usize>, message: &str) -> Self {
        SyntaxError { place, message: message.into() }
    }

    /// The message, and below it the formula with the place marked.
    fn shown(&self, text: &str) -> Error {
        let column = text[..self.place.start].chars().count();
        let width = text[self.place.clone()].chars().count().max(1);
        Error::input(format!("{}\n    {text}\n    {}{}", self.message, " ".repeat(column), "^".repeat(width)))
    }
}

/// A part of a formula, and where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    tree: Tree,
    place: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Number(f64),
    Name(String),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Sqrt,
    Exp,
    Ln,
    Min,
    Max,
    Lgamma,
}

impl Function {
    const ALL: [Function; 6] =
        [Function::Sqrt, Function::Exp, Function::Ln, Function::Min, Function::Max, Function::Lgamma];

    fn name(self) -> &'static str {
        match self {
            Function::Sqrt => "sqrt",
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Min => "min",
            Function::Max => "max",
            Function::Lgamma => "lgamma",
        }
    }

    fn takes(self, arguments: usize) -> bool {
        if matches!(self, Function::Min | Function::Max) { arguments >= 2 } else { arguments == 1 }
    }
}

/// What names stand for; `None` for an unknown one.
pub type Names<'a> = dyn Fn(&str) -> Option<Number> + 'a;

/// A formula for a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Node,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// Says what is wrong, and marks the place.
    pub fn parse(text: &str) -> Result<Self> {
        let node = parse::formula(text).map_err(|error| error.shown(text))?;
        Ok(Formula { text: text.into(), node })
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that stand in the formula.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.node.names(&mut names);
        names
    }

    /// The formula's value.
    ///
    /// # Errors
    /// Marks an unknown name, or the innermost part that is not a number (the root of a negative one, a division by 0).
    pub fn evaluate(&self, names: &Names) -> Result<Number> {
        self.node.evaluate(names).map_err(|error| error.shown(&self.text))
    }
}

/// A condition on a cell: comparisons that must all be true.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    comparisons: Vec<parse::Comparison>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// Says what is wrong, and marks the place.
    pub fn parse(text: &str) -> Result<Self> {
        let comparisons = parse::condition(text).map_err(|error| error.shown(text))?;
        Ok(Condition { text: text.into(), comparisons })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the condition is met. `words` gives the parameters whose values are words: `kernel == flat` compares texts.
    ///
    /// # Errors
    /// As [`Formula::evaluate`].
    pub fn is_met(&self, names: &Names, words: &dyn Fn(&str) -> Option<String>) -> Result<bool> {
        for (left, operator, right) in &self.comparisons {
            let met = match (&left.tree, &right.tree) {
                (Tree::Name(parameter), Tree::Name(word)) if words(parameter).is_some() => {
                    let equal = words(parameter).as_ref() == Some(word);
                    match *operator {
                        "==" => equal,
                        "!=" => !equal,
                        _ => {
                            let message = "words are compared with == or != only";
                            return Err(SyntaxError::new(left.place.clone(), message).shown(&self.text));
                        }
                    }
                }
                _ => {
                    let value = |node: &Node| node.evaluate(names).map_err(|error| error.shown(&self.text));
                    let order = value(left)?.compare(value(right)?);
                    order.is_some_and(|order| match *operator {
                        ">=" => order.is_ge(),
                        "<=" => order.is_le(),
                        ">" => order.is_gt(),
                        "<" => order.is_lt(),
                        "==" => order.is_eq(),
                        _ => order.is_ne(),
                    })
                }
            };
            if !met {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match &self.tree {
            Tree::Number(_) => {}
            Tree::Name(name) => names.push(name),
            Tree::Negate(inner) => inner.names(names),
            Tree::Binary(_, left, right) => [left, right].into_iter().for_each(|side| side.names(names)),
            Tree::Call(_, arguments) => arguments.iter().for_each(|argument| argument.names(names)),
        }
    }

    fn evaluate(&self, names: &Names) -> std::result::Result<Number, SyntaxError> {
        let value = match &self.tree {
            Tree::Number(value) => Number::new(*value),
            Tree::Name(name) => names(name).ok_or_else(|| {
                let message = format!("{name} is unknown here; `lemmascope claims CLAIM` lists the parameters");
                SyntaxError::new(self.place.clone(), &message)
            })?,
            Tree::Negate(inner) => -inner.evaluate(names)?,
            Tree::Binary(operator, left, right) => {
                let (left, right) = (left.evaluate(names)?, right.evaluate(names)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                    Operator::Power => left.pow(right),
                }
            }
            Tree::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| argument.evaluate(names));
                function.apply(&values.collect::<std::result::Result<Vec<_>, _>>()?)
            }
        };
        if value.is_meaningful() {
            return Ok(value);
        }
        Err(SyntaxError::new(
            self.place.clone(),
            "this is not a number at the cell (a division by 0, a root or log of a number that has none)",
        ))
    }
}

impl Function {
    fn apply(self, values: &[Number]) -> Number {
        let first = values[0];
        let extreme = |wanted: std::cmp::Ordering| {
            let better = |best: Number, other: &Number| if other.compare(best) == Some(wanted) { *other } else { best };
            values.iter().skip(1).fold(first, better)
        };
        match self {
            Function::Sqrt => first.sqrt(),
            Function::Exp => first.exp(),
            Function::Ln => first.ln(),
            Function::Lgamma => first.lgamma(),
            Function::Min => extreme(std::cmp::Ordering::Less),
            Function::Max => extreme(std::cmp::Ordering::Greater),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> Option<Number> {
        match name {
            "k" => Some(Number::new(16.0)),
            "d" => Some(Number::new(4.0)),
            "eps" => Some(Number::new(1e-9)),
            "big" => Some(Number::new(256.0)),
            _ => None,
        }
    }

    fn value(text: &str) -> f64 {
        Formula::parse(text).unwrap().evaluate(&names).unwrap().value()
    }

    fn refused(text: &str) -> String {
        match Formula::parse(text) {
            Err(error) => error.to_string(),
            Ok(formula) => formula.evaluate(&names).unwrap_err().to_string(),
        }
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        for (text, expected) in [
            ("1+2*3", 7.0),
            ("-2^2", -4.0),
            ("2^3^2", 512.0),
            ("2^-2", 0.25),
            ("(1+2)*3 - 4/2", 7.0),
            ("10-3-2", 5.0),
            ("sqrt(k)/d", 1.0),
            ("min(k, d, 3) + max(1, 2)", 5.0),
            ("exp(ln(k))", 16.0),
            ("lgamma(5)", 24f64.ln()),
            ("1e-2*1E2 + .5", 1.5),
            ("(-2)^3", -8.0),
            ("2*-3", -6.0),
            ("+k - -d", 20.0),
        ] {
            assert!((value(text) - expected).abs() < 1e-12, "{text}: {}", value(text));
        }
    }

    #[test]
    fn logs_keep_what_doubles_lose() {
        let ln = |text: &str| Formula::parse(text).unwrap().evaluate(&names).unwrap().ln_abs();
        let tiny = 256.0 * 1e-9f64.ln();
        for (text, expected) in [
            ("eps^big", tiny),
            ("3*eps^big", tiny + 3f64.ln()),
            ("eps^big + eps^big", tiny + 2f64.ln()),
            ("2*eps^big - eps^big", tiny),
            ("1/eps^big", -tiny),
            ("sqrt(eps^big)", 0.5 * tiny),
            ("max(eps^big, eps^(big+1))", tiny),
            ("exp(-5000)", -5000.0),
            ("exp(-5000) * exp(5001)", 1.0),
            ("ln(eps^big)", (-tiny).ln()),
            ("-eps^big", tiny),
        ] {
            assert!((ln(text) / expected - 1.0).abs() < 1e-12, "{text}: {} {expected}", ln(text));
        }
        assert!(Formula::parse("eps^big - 2*eps^big").unwrap().evaluate(&names).unwrap().is_negative());
        assert_eq!(value("0*exp(2000) + 3"), 3.0);
        assert_eq!(value("k-16"), 0.0);
    }

    #[test]
    fn conditions_are_exact_where_the_integers_are() {
        let met = |text: &str| {
            let words = |name: &str| (name == "kernel").then(|| "flat".to_string());
            Condition::parse(text).unwrap().is_met(&names, &words).unwrap()
        };
        for text in [
            "k >= d^2",
            "k == d^2",
            "1 <= d <= k",
            "eps^big > eps^(big+1)",
            "-eps^big < 0 and k > d",
            "kernel == flat",
            "kernel != spike && d < 5",
            "exp(800) > exp(799)",
        ] {
            assert!(met(text), "{text}");
        }
        for text in ["k > d^2", "k != d^2", "1 <= d <= 3", "kernel == spike", "eps^big >= 1", "-exp(800) > -exp(799)"] {
            assert!(!met(text), "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_formula() {
        for (text, message, mark) in [
            ("2 eps", "an operator such as * is missing", "      ^^^"),
            ("2*(k+1", "a ) is missing", "          ^"),
            ("2*kk", "kk is unknown", "      ^^"),
            ("log(k)", "write ln", "    ^^^"),
            ("k(d)", "a product needs its *", "    ^"),
            ("min(k)", "two arguments or more", "    ^^^^^^"),
            ("1 + #", "this means nothing here", "        ^"),
            ("k *", "ends too early", "       ^"),
            ("2 * ln(d - k)", "not a number at the cell", "        ^^^^^^^^^"),
            ("1/(d-4)", "a division by 0", "    ^^^^^^^"),
            ("1.2.3", "not a number", "    ^^^^^"),
            ("", "ends too early", "    ^"),
            ("1 > 2", "a formula ends before this", "      ^"),
        ] {
            let error = refused(text);
            assert!(error.contains(message), "{text}: {error}");
            assert_eq!(error.lines().last().unwrap(), mark, "{text}: {error}");
        }
        assert!(refused(&"(".repeat(5000)).contains("nested too deeply"));
        let wrong = |text: &str| Condition::parse(text).unwrap_err().to_string();
        assert!(wrong("k").contains("a comparison is missing"));
        assert!(wrong("k > d k > 2").contains("join comparisons with and"));
    }
}
