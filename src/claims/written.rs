//! Bounds and hypotheses as text: the formula that is shown is the one that is evaluated.

use std::cell::OnceCell;

use super::{Bound, Hypothesis, Relation};
use crate::cell::{Cell, Value};
use crate::error::{Error, Result};
use crate::expression::{Condition, Formula, Number};
use crate::nsn::c_d_enclosed;

/// A bound's formula, or a hypothesis's condition, over the cell's parameters and the claim's symbols.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// The bound's name, or the hypothesis as the paper writes it.
    pub name: &'static str,
    /// The formula or condition.
    pub text: &'static str,
    /// The parameter and its word where this is said; everywhere if there is none.
    pub at: Option<(&'static str, &'static str)>,
    /// The bound's own relation, if it is not the claim's.
    pub relation: Option<Relation>,
}

impl Written {
    /// What is said at every cell.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Written { name, text, at: None, relation: None }
    }

    /// What is said where a parameter is this word.
    pub const fn at(name: &'static str, text: &'static str, parameter: &'static str, word: &'static str) -> Self {
        Written { at: Some((parameter, word)), ..Written::new(name, text) }
    }

    fn speaks_of(&self, cell: &Cell) -> bool {
        self.at.is_none_or(|(parameter, word)| cell.word(parameter) == word)
    }
}

/// Named numbers of a claim at a cell.
pub type Symbols = Vec<(&'static str, Number)>;

/// What the names in formulas stand for at a cell. The claim's symbols may cost quadratures: they are computed when a formula
/// asks for one.
pub(crate) struct Names<'a> {
    cell: &'a Cell,
    compute: Box<dyn Fn() -> Result<Symbols> + 'a>,
    symbols: OnceCell<Result<Symbols>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(cell: &'a Cell, symbols: impl Fn() -> Result<Symbols> + 'a) -> Self {
        Names { cell, compute: Box::new(symbols), symbols: OnceCell::new() }
    }

    pub(crate) fn number(&self, name: &str) -> Option<Number> {
        match (name, self.cell.get(name), self.cell.get("d")) {
            (_, Some(Value::Integer(value)), _) => return Some(Number::whole(*value)),
            (_, Some(Value::Real(value)), _) => return Some(Number::new(*value)),
            ("pi", ..) => return Some(Number::pi()),
            ("e", ..) => return Some(Number::e()),
            ("c_d", _, Some(Value::Integer(d))) => return Some(c_d_enclosed(*d)),
            _ => {}
        }
        let sized = self.cell.get("target").zip(self.cell.get("k"));
        if let ("norm1_squared", Some((Value::Target(target), Value::Integer(k)))) = (name, sized) {
            return Some(target.norm1_squared(*k));
        }
        let symbols = self.symbols.get_or_init(|| (self.compute)()).as_ref().ok()?;
        symbols.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of a parameter that is a word.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        match self.cell.get(name) {
            Some(value @ (Value::Word(_) | Value::Target(_))) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Why the symbols could not be computed, or else the other error.
    pub(crate) fn error(&self, other: impl FnOnce() -> Error) -> Error {
        match self.symbols.get() {
            Some(Err(error)) => Error::input(error.to_string()),
            _ => other(),
        }
    }
}

/// The bounds that are written for a cell.
pub(super) fn bounds(written: &[Written], cell: &Cell, symbols: impl Fn() -> Result<Symbols>) -> Result<Vec<Bound>> {
    let names = Names::new(cell, symbols);
    let bound = |written: &Written| {
        let value = Formula::parse(written.text)?.evaluate(&|name| names.number(name));
        let value = value.map_err(|error| {
            names.error(|| Error::input(format!("bound {}, at {}: {error}", written.name, cell.key())))
        })?;
        Ok(Bound { relation: written.relation, ..Bound::from_number(written.name, value) })
    };
    written.iter().filter(|written| written.speaks_of(cell)).map(bound).collect()
}

/// The hypotheses that are written for a cell; one that cannot be evaluated there is unknown.
pub(super) fn hypotheses(written: &[Written], cell: &Cell, symbols: impl Fn() -> Result<Symbols>) -> Vec<Hypothesis> {
    let names = Names::new(cell, symbols);
    let hypothesis = |written: &Written| {
        let met = Condition::parse(written.text)
            .and_then(|condition| condition.is_met(&|name| names.number(name), &|name| names.word(name)));
        Hypothesis::new(written.name, met.ok().flatten())
    };
    written.iter().filter(|written| written.speaks_of(cell)).map(hypothesis).collect()
}

/// The formulas of the bound of this name, joined.
pub(super) fn text(written: &[Written], name: &str) -> String {
    let texts = written.iter().filter(|written| written.name == name).map(|written| written.text);
    texts.collect::<Vec<_>>().join(", or ")
}
