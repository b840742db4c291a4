//! Formulas that users write: bounds and conditions over a cell's parameters, evaluated without overflow.
//!
//! A formula is made of numbers, the cell's parameters and the claim's named numbers, `c_d`, `pi`, `e`, the operators
//! `+ - * / ^`, and the functions `sqrt exp ln expm1 log1p abs min max lgamma binom`. A condition compares formulas with
//! `>= <= > < == !=` and joins comparisons with `and`, and what these make with `or`. A number means the double nearest to its text, here and in a cell.
//!
//! ```
//! use lemmascope::formula::{Formula, Number};
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
pub(crate) mod token;

use std::ops::Range;

pub use number::Number;

use crate::error::{Error, Result};

/// Letters of a formula that a message shows.
const MOST_SHOWN: usize = 100;

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyntaxError {
    place: Range<usize>,
    message: String,
}

impl SyntaxError {
    pub(crate) fn new(place: Range<usize>, message: &str) -> Self {
        SyntaxError { place, message: message.into() }
    }

    /// The bytes of the text that are wrong.
    pub(crate) fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// The message, and below it the formula with the place marked; of a long formula the part around the place.
    pub(crate) fn shown(&self, text: &str) -> Error {
        let start = text[..self.place.start].chars().count();
        let end = start + text[self.place.clone()].chars().count().max(1);
        let from = start.saturating_sub(MOST_SHOWN / 2);
        let until = end.min(from + MOST_SHOWN);
        let part: String = text.chars().skip(from).take(MOST_SHOWN).collect();
        let before = if from > 0 { "..." } else { "" };
        let after = if text.chars().nth(from + MOST_SHOWN).is_some() { "..." } else { "" };
        let mark = " ".repeat(before.len() + start - from) + &"^".repeat(until - start);
        let marked = format!("    {before}{part}{after}\n    {mark}");
        Error::Formula { message: self.message.clone(), place: self.place.clone(), marked }
    }
}

/// What a formula does to a stack of numbers, step by step: a formula of any length needs no deep recursion.
type Program = Vec<Instruction>;

/// One step, and the part of the text that it completes.
#[derive(Debug, Clone, PartialEq)]
struct Instruction {
    operation: Operation,
    place: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Operation {
    Number(f64),
    Name(String),
    Negate,
    Binary(Operator),
    /// A function of this many arguments.
    Call(Function, usize),
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
    Expm1,
    Log1p,
    Abs,
    Min,
    Max,
    Lgamma,
    Binom,
}

impl Function {
    const ALL: [Function; 10] = [
        Function::Sqrt,
        Function::Exp,
        Function::Ln,
        Function::Expm1,
        Function::Log1p,
        Function::Abs,
        Function::Min,
        Function::Max,
        Function::Lgamma,
        Function::Binom,
    ];

    fn name(self) -> &'static str {
        match self {
            Function::Sqrt => "sqrt",
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Expm1 => "expm1",
            Function::Log1p => "log1p",
            Function::Abs => "abs",
            Function::Min => "min",
            Function::Max => "max",
            Function::Lgamma => "lgamma",
            Function::Binom => "binom",
        }
    }

    fn takes(self, arguments: usize) -> bool {
        match self {
            Function::Min | Function::Max => arguments >= 2,
            Function::Binom => arguments == 2,
            _ => arguments == 1,
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Function::Min | Function::Max => "two arguments or more",
            Function::Binom => "two arguments",
            _ => "one argument",
        }
    }

    fn apply(self, values: &[Number]) -> Number {
        let first = values[0];
        let fold = |f: fn(Number, Number) -> Number| values[1..].iter().fold(first, |x, y| f(x, *y));
        match self {
            Function::Sqrt => first.sqrt(),
            Function::Exp => first.exp(),
            Function::Ln => first.ln(),
            Function::Expm1 => first.exp_m1(),
            Function::Log1p => first.ln_1p(),
            Function::Abs => first.abs(),
            Function::Lgamma => first.lgamma(),
            Function::Min => fold(Number::min),
            Function::Max => fold(Number::max),
            Function::Binom => fold(Number::binomial),
        }
    }
}

/// What names stand for; `None` for an unknown one.
pub type Names<'a> = dyn Fn(&str) -> Option<Number> + 'a;

/// A formula for a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    program: Program,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// Says what is wrong, and marks the place.
    pub fn parse(text: &str) -> Result<Self> {
        let program = parse::formula(text).map_err(|error| error.shown(text))?;
        Ok(Formula { text: text.into(), program })
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that stand in the formula.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        names_in(&self.program)
    }

    /// The formula's value, between its ends.
    ///
    /// # Errors
    /// Marks an unknown name, or the innermost part that is not a number (the root of a negative one, a division by 0).
    pub fn evaluate(&self, names: &Names) -> Result<Number> {
        run(&self.program, names)
            .and_then(|value| value.map_err(|place| SyntaxError::new(place, NO_NUMBER)))
            .map_err(|error| error.shown(&self.text))
    }
}

/// A condition on a cell: comparisons that must all be true.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    /// Joined by `or`; the comparisons of each by `and`.
    alternatives: Vec<Vec<parse::Comparison>>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// Says what is wrong, and marks the place.
    pub fn parse(text: &str) -> Result<Self> {
        let alternatives = parse::condition(text).map_err(|error| error.shown(text))?;
        Ok(Condition { text: text.into(), alternatives })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that stand in the condition, words among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.alternatives.iter().flatten().flat_map(|(left, _, right)| names_in(left).chain(names_in(right)))
    }

    /// The comparisons of a name with what may stand for a word: `kernel == flat`.
    pub fn pairs_of_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.alternatives.iter().flatten().filter_map(|(left, _, right)| Some((name(left)?, self.word(right)?)))
    }

    /// A side as it is written, if that can be a word: `half-normal` is one, where a parameter's values are words.
    fn word(&self, side: &Program) -> Option<&str> {
        let place = |end: fn(&Range<usize>) -> usize| side.iter().map(move |instruction| end(&instruction.place));
        let written = &self.text[place(|place| place.start).min()?..place(|place| place.end).max()?];
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (written.starts_with(|c: char| c.is_ascii_alphabetic()) && written.chars().all(is_word)).then_some(written)
    }

    /// Whether the condition is met; `None` where rounding leaves it open, or a side is not a number (a division by 0).
    /// `words` gives the parameters whose values are words: `kernel == flat` compares texts.
    ///
    /// # Errors
    /// Marks an unknown name, or words that are compared otherwise than by `==` and `!=`.
    pub fn is_met(&self, names: &Names, words: &dyn Fn(&str) -> Option<String>) -> Result<Option<bool>> {
        let mut any = Some(false);
        for comparisons in &self.alternatives {
            any = match (any, self.are_met(comparisons, names, words)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        Ok(any)
    }

    /// Whether all of these comparisons are met.
    fn are_met(
        &self,
        comparisons: &[parse::Comparison],
        names: &Names,
        words: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<bool>> {
        let mut all = Some(true);
        for (left, operator, right) in comparisons {
            let met = match (name(left), self.word(right)) {
                (Some(parameter), Some(word)) if words(parameter).is_some() => {
                    let equal = words(parameter).as_deref() == Some(word);
                    match *operator {
                        "==" => Some(equal),
                        "!=" => Some(!equal),
                        _ => {
                            let message = "words are compared with == or != only";
                            return Err(SyntaxError::new(left[0].place.clone(), message).shown(&self.text));
                        }
                    }
                }
                _ => {
                    let value = |side| run(side, names).map_err(|error| error.shown(&self.text));
                    match (value(left)?, value(right)?) {
                        (Ok(left), Ok(right)) => compare(left, operator, right),
                        _ => None,
                    }
                }
            };
            all = match (all, met) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Ok(all)
    }
}

/// Whether two numbers compare so; `None` where rounding leaves it open.
fn compare(left: Number, operator: &str, right: Number) -> Option<bool> {
    match operator {
        ">=" => right.at_most(left),
        "<=" => left.at_most(right),
        ">" => right.less(left),
        "<" => left.less(right),
        "==" => left.equals(right),
        _ => left.equals(right).map(|equal| !equal),
    }
}

/// The name, if a formula is nothing but a name.
fn name(program: &Program) -> Option<&str> {
    match program.as_slice() {
        [Instruction { operation: Operation::Name(name), .. }] => Some(name),
        _ => None,
    }
}

fn names_in(program: &Program) -> impl Iterator<Item = &str> {
    program.iter().filter_map(|instruction| match &instruction.operation {
        Operation::Name(name) => Some(name.as_str()),
        _ => None,
    })
}

const NO_NUMBER: &str = "this is not a number at the cell (a division by 0, a root or log of a number that has none, or its log is too large)";

/// The number that a program leaves, or the place of the innermost part that is not a number.
fn run(
    program: &Program,
    names: &Names,
) -> std::result::Result<std::result::Result<Number, Range<usize>>, SyntaxError> {
    let mut stack: Vec<Number> = Vec::new();
    for Instruction { operation, place } in program {
        // The parser has pushed an operation's arguments before it.
        let mut take = |count: usize| stack.split_off(stack.len() - count);
        let value = match operation {
            Operation::Number(value) => Number::new(*value),
            Operation::Name(name) => names(name).ok_or_else(|| {
                let message = format!("{name} is unknown here; `lemmascope claims CLAIM` lists the parameters");
                SyntaxError::new(place.clone(), &message)
            })?,
            Operation::Negate => -take(1)[0],
            Operation::Binary(operator) => {
                let sides = take(2);
                let (left, right) = (sides[0], sides[1]);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                    Operator::Power => left.pow(right),
                }
            }
            Operation::Call(function, arguments) => function.apply(&take(*arguments)),
        };
        if !value.is_meaningful() {
            return Ok(Err(place.clone()));
        }
        stack.push(value);
    }
    Ok(Ok(stack[0]))
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
            ("expm1(1) + 1", 1f64.exp()),
            ("log1p(k) - ln(17)", 0.0),
            ("abs(d-k)", 12.0),
            ("binom(k, d)", 1820.0),
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
            let words = |name: &str| match name {
                "kernel" => Some("flat".to_string()),
                "law" => Some("half-normal".to_string()),
                _ => None,
            };
            Condition::parse(text).unwrap().is_met(&names, &words).unwrap().unwrap()
        };
        for text in [
            "k >= d^2",
            "k == d^2",
            "1 <= d <= k",
            "eps^big > eps^(big+1)",
            "-eps^big < 0 and k > d",
            "kernel == flat",
            "kernel != spike && d < 5",
            "law == half-normal and law != half",
            "exp(800) > exp(799)",
            "k < d or kernel == flat",
            "k > d and d < 1 or d <= k",
        ] {
            assert!(met(text), "{text}");
        }
        for text in [
            "k > d^2",
            "k != d^2",
            "1 <= d <= 3",
            "kernel == spike",
            "eps^big >= 1",
            "-exp(800) > -exp(799)",
            "k < d or kernel == spike and k > d",
        ] {
            assert!(!met(text), "{text}");
        }
    }

    #[test]
    fn conditions_that_rounding_or_a_division_leaves_open_are_unknown() {
        let met = |text: &str| Condition::parse(text).unwrap().is_met(&names, &|_| None);
        for text in ["3*(1/3) == 1", "1 - (1-1e-20)^5 > 4e-20", "1/(d-4) > 0", "k > d and ln(d-k) < 1"] {
            assert_eq!(met(text).unwrap(), None, "{text}");
        }
        assert_eq!(met("1/(d-4) > 0 and k < d").unwrap(), Some(false));
        assert_eq!(met("1/(d-4) > 0 or k > d").unwrap(), Some(true));
        assert_eq!(met("1/(d-4) > 0 or k < d").unwrap(), None);
        assert_eq!(met("-expm1(5*log1p(-1e-20)) > 4e-20 and binom(1e12, 3) < 1e36/5").unwrap(), Some(true));
        assert!(met("k < d and foo > 1").unwrap_err().to_string().contains("foo is unknown"));
    }

    #[test]
    fn formulas_of_any_length_have_a_value() {
        let long = format!("1{}", "+1".repeat(30_000));
        assert_eq!(value(&long), 30_001.0);
        let condition = Condition::parse(&format!("{long} > 2 and 1{}", "<2".repeat(20_000))).unwrap();
        assert_eq!(condition.is_met(&names, &|_| None).unwrap(), Some(false));
        for deep in ["(", "-", "2^", "exp("] {
            assert!(refused(&deep.repeat(30_000)).contains("nested too deeply"), "{deep}");
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
        let deep = refused(&"(".repeat(5000));
        assert!(deep.contains("nested too deeply") && deep.len() < 400, "{deep}");
        let long = refused(&format!("{}oops(1){}", "1 + ".repeat(200), " + 1".repeat(200)));
        let lines: Vec<&str> = long.lines().collect();
        let mark = lines[2].find('^').unwrap();
        assert_eq!(&lines[1][mark..mark + 4], "oops", "{long}");
        assert!(lines[1].trim_start().starts_with("...") && lines[1].ends_with("..."), "{long}");
        let wrong = |text: &str| Condition::parse(text).unwrap_err().to_string();
        assert!(wrong("k").contains("a comparison is missing"));
        assert!(wrong("k > d k > 2").contains("join comparisons with and"));
    }
}
