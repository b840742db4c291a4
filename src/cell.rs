//! Parameters, cells (one assignment of a claim's parameters, checked against what the claim declares) and conditions.

use crate::error::{Error, Result};
use crate::nsn::Target;
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
    /// A target z.
    Target(Target),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            Value::Real(value) => f.write_str(&number(*value)),
            Value::Word(word) => f.write_str(word),
            Value::Target(target) => write!(f, "{target}"),
        }
    }
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Whole numbers from the first to the second, both included.
    Integer(u64, u64),
    /// Finite real numbers above the first, up to the second, which is included.
    Real(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `origin`, `axis`, `spread` or a list of numbers.
    Target,
    /// Any text; this says which ones mean something.
    Text(&'static str),
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Domain::Integer(min, max) => write!(f, "a whole number from {min} to {max}"),
            Domain::Real(above, max) if above.is_infinite() && max.is_infinite() => f.write_str("a finite number"),
            Domain::Real(above, max) if above.is_infinite() => write!(f, "a number of at most {}", number(*max)),
            Domain::Real(above, max) if max.is_infinite() => write!(f, "a finite number above {}", number(*above)),
            Domain::Real(above, max) => write!(f, "a number above {} and at most {}", number(*above), number(*max)),
            Domain::Word(words) => write!(f, "one of {}", words.join(", ")),
            Domain::Text(permitted) => f.write_str(permitted),
            Domain::Target => f.write_str("origin, axis, spread or a list of d numbers such as [0.5, -1]"),
        }
    }
}

/// A parameter that a claim declares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name, as experiments, `--set` and the CSV write it.
    pub name: &'static str,
    /// What it may be.
    pub domain: Domain,
    /// Its value where none is given.
    pub default: Option<&'static str>,
    /// What it stands for.
    pub meaning: &'static str,
    /// Between which values a search for the worst cell looks, evenly in the logs; `None` keeps a number or text at its
    /// default. Words and targets are searched all.
    pub reach: Option<(f64, f64)>,
}

impl Parameter {
    /// Reads a value of this parameter.
    ///
    /// # Errors
    /// Names the parameter, the text and what is permitted.
    pub fn parse(&self, text: &str) -> Result<Value> {
        let refused = || Error::input(format!("{} = {text}: write {}", self.name, self.domain));
        match self.domain {
            Domain::Integer(min, max) => {
                // 1e6 is a whole number too.
                let value = text.parse::<u64>().ok().or_else(|| {
                    text.parse::<f64>().ok().filter(|x| x.trunc() == *x && (0.0..=9e15).contains(x)).map(|x| x as u64)
                });
                value.filter(|v| (min..=max).contains(v)).map(Value::Integer).ok_or_else(refused)
            }
            Domain::Real(above, max) => {
                let value = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x > above && *x <= max);
                value.map(Value::Real).ok_or_else(refused)
            }
            Domain::Word(words) => {
                words.iter().find(|w| **w == text).map(|w| Value::Word(w.to_string())).ok_or_else(refused)
            }
            Domain::Target => Target::parse(text).map(Value::Target),
            // A semicolon would end the parameter in the cell's key.
            Domain::Text(_) if text.is_empty() || text.contains([';', '\n']) => Err(refused()),
            Domain::Text(_) => Ok(Value::Word(text.to_string())),
        }
    }
}

/// One assignment of a claim's parameters, in the claim's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    values: Vec<(&'static str, Value)>,
}

impl Cell {
    /// A cell from texts by name; parameters that are not given take their default.
    ///
    /// # Errors
    /// Names an unknown parameter (with the known ones), one given twice, a missing one, or a value that is not
    /// permitted.
    pub fn new<'a>(
        parameters: &'static [Parameter],
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let mut values: Vec<Option<Value>> = vec![None; parameters.len()];
        for (name, text) in given {
            let position = position(parameters, name)?;
            if values[position].is_some() {
                return Err(Error::input(format!("{name} is given twice; give it once")));
            }
            values[position] = Some(parameters[position].parse(text)?);
        }
        let complete = parameters.iter().zip(values).map(|(parameter, value)| match (value, parameter.default) {
            (Some(value), _) => Ok((parameter.name, value)),
            (None, Some(default)) => Ok((parameter.name, parameter.parse(default)?)),
            (None, None) => Err(Error::input(format!(
                "{} is missing ({}); give it as {}=... ({})",
                parameter.name, parameter.meaning, parameter.name, parameter.domain
            ))),
        });
        Ok(Cell { values: complete.collect::<Result<_>>()? })
    }

    /// A cell from one permitted value for each parameter, in their order.
    pub(crate) fn of_values(parameters: &'static [Parameter], values: Vec<Value>) -> Self {
        Cell { values: parameters.iter().map(|parameter| parameter.name).zip(values).collect() }
    }

    /// The cell with another value of the parameter at a position.
    pub(crate) fn with(&self, position: usize, value: Value) -> Self {
        let mut other = self.clone();
        other.values[position].1 = value;
        other
    }

    /// The parameters with their values, in the claim's order.
    pub fn values(&self) -> &[(&'static str, Value)] {
        &self.values
    }

    /// The value of a parameter, if the claim has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
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

    /// The target that the claim declares as `target`.
    pub fn target(&self) -> &Target {
        match self.get("target") {
            Some(Value::Target(target)) => target,
            other => panic!("the claim reads its target, but declares {other:?}"),
        }
    }

    /// The cell's key: `k=64;d=4;eps=0.1;target=axis`. Streams, checkpoints and messages name the cell by it.
    pub fn key(&self) -> String {
        let items: Vec<String> = self.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        items.join(";")
    }
}

/// One named condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hypothesis {
    /// The condition as the paper writes it.
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

/// Where `name` stands among `parameters`.
pub fn position(parameters: &[Parameter], name: &str) -> Result<usize> {
    parameters.iter().position(|p| p.name == name).ok_or_else(|| {
        let known: Vec<&str> = parameters.iter().map(|p| p.name).collect();
        Error::input(format!("unknown parameter {name:?}; this claim has {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter {
            name: "k",
            domain: Domain::Integer(1, 1_000_000),
            default: None,
            meaning: "vectors in the sum",
            reach: None,
        },
        Parameter {
            name: "eps",
            domain: Domain::Real(0.0, f64::INFINITY),
            default: Some("0.1"),
            meaning: "half-width",
            reach: None,
        },
        Parameter {
            name: "law",
            domain: Domain::Word(&["a", "b"]),
            default: Some("a"),
            meaning: "a word",
            reach: None,
        },
        Parameter { name: "target", domain: Domain::Target, default: Some("origin"), meaning: "target", reach: None },
    ];

    #[test]
    fn cells_have_a_canonical_key() {
        let cell = Cell::new(PARAMETERS, [("eps", "1e-9"), ("k", "1e3")]).unwrap();
        assert_eq!(cell.key(), "k=1000;eps=1e-9;law=a;target=origin");
        assert_eq!((cell.integer("k"), cell.real("eps"), cell.word("law")), (1000, 1e-9, "a"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |given: &[(&str, &str)]| Cell::new(PARAMETERS, given.iter().copied()).unwrap_err().to_string();
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
    }
}
