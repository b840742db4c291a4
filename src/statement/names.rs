//! What the names in a statement's formulas stand for at a cell.

use std::cell::RefCell;
use std::collections::HashMap;

use super::{Statement, cell::Cell, cell::Value};
use crate::error::{Error, Result};
use crate::formula::Number;

/// Computes one of the numbers that a statement leaves to its measurand, by its name.
pub type Symbol<'a> = dyn Fn(&str) -> Result<Number> + 'a;

/// What the names in formulas stand for at a cell. Symbols may cost quadratures: each is computed when a formula asks for it.
pub struct Names<'a> {
    statement: &'a Statement,
    cell: &'a Cell,
    symbol: &'a Symbol<'a>,
    known: RefCell<HashMap<String, Option<Number>>>,
    failure: RefCell<Option<String>>,
}

impl<'a> Names<'a> {
    /// The names of a statement at a cell.
    pub fn new(statement: &'a Statement, cell: &'a Cell, symbol: &'a Symbol<'a>) -> Self {
        Names { statement, cell, symbol, known: RefCell::default(), failure: RefCell::default() }
    }

    /// The number that a name stands for; `None` for an unknown name, a word, or what cannot be computed.
    pub fn number(&self, name: &str) -> Option<Number> {
        match (name, self.cell.get(name)) {
            (_, Some(Value::Integer(value))) => return Some(Number::whole(*value)),
            (_, Some(Value::Real(value))) => return Some(Number::new(*value)),
            ("pi", _) => return Some(Number::pi()),
            ("e", _) => return Some(Number::e()),
            _ => {}
        }
        if let Some(known) = self.known.borrow().get(name) {
            return *known;
        }
        let number = self.computed(name);
        self.known.borrow_mut().insert(name.to_string(), number);
        number
    }

    fn computed(&self, name: &str) -> Option<Number> {
        if let Some((_, formula)) = self.statement.lets.iter().find(|(known, _)| known == name) {
            return formula.evaluate(&|name| self.number(name)).ok();
        }
        if !self.statement.symbols.iter().any(|(known, _)| known == name) {
            return None;
        }
        let number = (self.symbol)(name);
        number.map_err(|error| *self.failure.borrow_mut() = Some(error.to_string())).ok()
    }

    /// The value of a parameter that is a word or a list.
    pub fn word(&self, name: &str) -> Option<String> {
        match self.cell.get(name) {
            Some(value @ (Value::Word(_) | Value::List(_))) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Why a symbol could not be computed, or else the other error.
    pub fn error(&self, other: impl FnOnce() -> Error) -> Error {
        match &*self.failure.borrow() {
            Some(text) => Error::input(text.clone()),
            None => other(),
        }
    }
}
