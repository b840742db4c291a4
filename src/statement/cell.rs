//! Cells: one assignment of a statement's parameters, checked against what it declares.

use std::sync::Arc;

use super::domain::{Domain, Parameter, position};
use crate::error::{Error, Result};
use crate::numeric::number;

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number, such as k, d, j or n.
    Integer(u64),
    /// A real number, such as eps.
    Real(f64),
    /// One word of a list that the parameter declares, or a text.
    Word(String),
    /// The entries of a vector.
    List(Vec<f64>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            Value::Real(value) => f.write_str(&number(*value)),
            Value::Word(word) => f.write_str(word),
            Value::List(entries) => {
                let items: Vec<String> = entries.iter().map(|&x| number(x)).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

/// One assignment of a claim's parameters, in the claim's order.
#[derive(Debug, Clone)]
pub struct Cell {
    parameters: Arc<[Parameter]>,
    values: Vec<Value>,
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.iter().map(|(name, _)| name).eq(other.iter().map(|(name, _)| name))
    }
}

impl Cell {
    /// A cell from texts by name; parameters that are not given take their default.
    ///
    /// # Errors
    /// Names an unknown parameter (with the known ones), one given twice, a missing one, or a value that is not
    /// permitted.
    pub fn new<'a>(parameters: &Arc<[Parameter]>, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut values: Vec<Option<Value>> = vec![None; parameters.len()];
        for (name, text) in given {
            let position = position(parameters, name)?;
            if values[position].is_some() {
                return Err(Error::input(format!("{name} is given twice; give it once")));
            }
            values[position] = Some(parameters[position].parse(text)?);
        }
        let complete = parameters.iter().zip(values).map(|(parameter, value)| match (value, &parameter.default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => parameter.parse(default),
            (None, None) => Err(Error::MissingParameter {
                name: parameter.name.clone(),
                meaning: parameter.meaning.clone(),
                permitted: parameter.domain.to_string(),
            }),
        });
        let cell = Cell::of_values(parameters, complete.collect::<Result<_>>()?);
        cell.check_lengths()?;
        Ok(cell)
    }

    /// Refuses vectors of another length than their parameter says.
    fn check_lengths(&self) -> Result<()> {
        for (parameter, value) in self.parameters.iter().zip(&self.values) {
            let (Domain::Vector { words, length }, Value::List(entries)) = (&parameter.domain, value) else { continue };
            let wanted = self.integer(length);
            if entries.len() as u64 != wanted {
                return Err(Error::input(format!(
                    "{} has {} coordinates where {length} = {wanted}; write {wanted} numbers, or {}",
                    parameter.name,
                    entries.len(),
                    words.join(" or ")
                )));
            }
        }
        Ok(())
    }

    /// A cell from one permitted value for each parameter, in their order.
    pub(crate) fn of_values(parameters: &Arc<[Parameter]>, values: Vec<Value>) -> Self {
        Cell { parameters: Arc::clone(parameters), values }
    }

    /// The cell with another value of the parameter at a position.
    pub(crate) fn with(&self, position: usize, value: Value) -> Self {
        let mut other = self.clone();
        other.values[position] = value;
        other
    }

    /// The values, in the order of the claim's parameters.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The parameters' names with their values, in the claim's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.parameters.iter().map(|parameter| parameter.name.as_str()).zip(&self.values)
    }

    /// The value of a parameter, if the claim has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A whole-number parameter that the claim declares.
    pub fn integer(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Value::Integer(value)) => *value,
            other => panic!("the claim reads {name} as an integer, but declares {other:?}"),
        }
    }

    /// A numeric parameter that the claim declares, as a real.
    pub fn real(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Real(value)) => *value,
            Some(Value::Integer(value)) => *value as f64,
            other => panic!("the claim reads {name} as a real, but declares {other:?}"),
        }
    }

    /// A word parameter that the claim declares.
    pub fn word(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Word(word)) => word,
            other => panic!("the claim reads {name} as a word, but declares {other:?}"),
        }
    }

    /// The cell's key: `k=64;d=4;eps=0.1;target=axis`. Streams, checkpoints and messages name the cell by it.
    pub fn key(&self) -> String {
        let items: Vec<String> = self.iter().map(|(name, value)| format!("{name}={value}")).collect();
        items.join(";")
    }
}

/// One named condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hypothesis {
    /// The condition as the source writes it.
    pub name: String,
    /// Whether it is met at the cell; `None` where it cannot be evaluated there, or rounding does not tell.
    pub met: Option<bool>,
}

impl Hypothesis {
    /// A condition and whether it is met.
    pub fn new(name: impl Into<String>, met: impl Into<Option<bool>>) -> Self {
        Hypothesis { name: name.into(), met: met.into() }
    }

    /// Whether it is known to be met: only then the statement speaks of the cell.
    pub fn is_met(&self) -> bool {
        self.met == Some(true)
    }

    /// Its name among those that are unmet; none where it is met.
    pub fn unmet(&self) -> Option<String> {
        match self.met {
            Some(true) => None,
            Some(false) => Some(self.name.clone()),
            None => Some(format!("{} (unknown)", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Arc<[Parameter]> {
        let parameter = |name: &str, domain, default: Option<&str>| Parameter {
            name: name.into(),
            domain,
            default: default.map(String::from),
            meaning: format!("the {name}"),
            search: None,
        };
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let target = Domain::Vector { words: words(&["origin", "axis"]), length: "k".into() };
        [
            parameter("k", Domain::Integer(1, 1_000_000), None),
            parameter("eps", Domain::parse("0<..inf").unwrap(), Some("0.1")),
            parameter("law", Domain::Word(words(&["a", "b"])), Some("a")),
            parameter("target", target, Some("origin")),
        ]
        .into()
    }

    #[test]
    fn cells_have_a_canonical_key() {
        let cell = Cell::new(&parameters(), [("eps", "1e-9"), ("k", "1e3")]).unwrap();
        assert_eq!(cell.key(), "k=1000;eps=1e-9;law=a;target=origin");
        assert_eq!((cell.integer("k"), cell.real("eps"), cell.word("law")), (1000, 1e-9, "a"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |given: &[(&str, &str)]| Cell::new(&parameters(), given.iter().copied()).unwrap_err().to_string();
        assert!(refused(&[("q", "1")]).contains("this claim has k, eps, law, target"));
        assert!(refused(&[]).contains("k is missing"));
        assert!(refused(&[("k", "1"), ("k", "2")]).contains("given twice"));
        for bad in ["0", "-1", "1.5", "NaN", "x", "1e300"] {
            assert!(refused(&[("k", bad)]).contains("whole number from 1 to 1000000"), "{bad}");
        }
        for bad in ["0", "-0.1", "NaN", "inf"] {
            assert!(refused(&[("k", "1"), ("eps", bad)]).contains("above 0"), "{bad}");
        }
        assert!(refused(&[("k", "1"), ("law", "c")]).contains("one of a, b"));
        assert!(
            refused(&[("k", "3"), ("target", "[1, 2]")]).contains("has 2 coordinates where k = 3; write 3 numbers")
        );
    }
}
