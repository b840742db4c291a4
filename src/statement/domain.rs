//! Parameters that a statement declares, and what they may be.

use super::cell::Value;
use crate::error::{Error, Result};
use crate::numeric::number;

/// What a parameter may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Whole numbers from the first to the second, both included.
    Integer(u64, u64),
    /// Finite real numbers.
    Real(Interval),
    /// One of these words.
    Word(Vec<String>),
    /// One of these words, or a list of as many numbers as the parameter `length` says.
    Vector {
        /// The named vectors, the plainest first.
        words: Vec<String>,
        /// The whole-number parameter that is the vector's length.
        length: String,
    },
    /// Any text; this says which ones mean something.
    Text(String),
}

/// An interval of real numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end; minus infinity where there is none.
    pub low: f64,
    /// The upper end; infinity where there is none.
    pub high: f64,
    /// Whether the lower end belongs to it.
    pub with_low: bool,
    /// Whether the upper end belongs to it.
    pub with_high: bool,
}

impl Interval {
    /// All numbers above the first, up to the second, which is included.
    pub fn above(low: f64, high: f64) -> Self {
        Interval { low, high, with_low: false, with_high: true }
    }

    /// Whether a number is finite and lies in it.
    pub fn contains(&self, x: f64) -> bool {
        let from = if self.with_low { x >= self.low } else { x > self.low };
        let to = if self.with_high { x <= self.high } else { x < self.high };
        x.is_finite() && from && to
    }

    /// The least and the greatest double in it.
    pub fn ends(&self) -> (f64, f64) {
        let low = if self.with_low { self.low } else { self.low.next_up() };
        let high = if self.with_high { self.high } else { self.high.next_down() };
        (low.max(f64::MIN), high.min(f64::MAX))
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let low = format!("{} {}", if self.with_low { "of at least" } else { "above" }, number(self.low));
        let high = format!("{} {}", if self.with_high { "at most" } else { "below" }, number(self.high));
        match (self.low.is_finite(), self.high.is_finite()) {
            (false, false) => f.write_str("a finite number"),
            (false, true) => write!(f, "a number of {high}"),
            (true, false) => write!(f, "a finite number {low}"),
            (true, true) => write!(f, "a number {low} and {high}"),
        }
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Domain::Integer(min, max) => write!(f, "a whole number from {min} to {max}"),
            Domain::Real(interval) => write!(f, "{interval}"),
            Domain::Word(words) => write!(f, "one of {}", words.join(", ")),
            Domain::Vector { words, length } => {
                let words: String = words.iter().map(|word| format!("{word}, ")).collect();
                write!(f, "{}or a list of {length} numbers such as [0.5, -1]", words)
            }
            Domain::Text(permitted) => f.write_str(permitted),
        }
    }
}

impl Domain {
    /// Reads `"1..1e6"` (whole numbers), `"0<..1"`, `"0<..<1"` or `"-inf..inf"` (real numbers: an end is left out by `<`).
    ///
    /// An interval whose ends are whole, written without a point, and both included is one of whole numbers.
    ///
    /// # Errors
    /// Says what to write.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::input(format!(
                "the domain {text:?}: write whole numbers as \"1..1e6\", real ones as \"0<..<1\", \"0.0..1.0\" or \"-inf..inf\", \
                 where `<` leaves an end out, or a list of words"
            ))
        };
        let (low, high) = text.split_once("..").ok_or_else(refused)?;
        let (low, high) = (low.trim(), high.trim());
        let (with_low, with_high) = (!low.ends_with('<'), !high.starts_with('<'));
        let (low, high) = (low.trim_end_matches('<').trim(), high.trim_start_matches('<').trim());
        let whole = |text: &str| !text.contains('.') && whole(text).is_some();
        if with_low && with_high && whole(low) && whole(high) {
            let ends = [low, high].map(|end| self::whole(end).expect("it was looked at"));
            return if ends[0] <= ends[1] { Ok(Domain::Integer(ends[0], ends[1])) } else { Err(refused()) };
        }
        let end = |text: &str| text.parse::<f64>().ok().filter(|x| !x.is_nan()).ok_or_else(refused);
        let (low, high) = (end(low)?, end(high)?);
        if low < high { Ok(Domain::Real(Interval { low, high, with_low, with_high })) } else { Err(refused()) }
    }

    /// Whether its values are numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Domain::Integer(..) | Domain::Real(..))
    }
}

/// A whole number; 1e6 is one too.
fn whole(text: &str) -> Option<u64> {
    text.parse::<u64>()
        .ok()
        .or_else(|| text.parse::<f64>().ok().filter(|x| x.trunc() == *x && (0.0..=9e15).contains(x)).map(|x| x as u64))
}

/// A parameter that a statement declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, as experiments, `--set` and the CSV write it.
    pub name: String,
    /// What it may be.
    pub domain: Domain,
    /// Its value where none is given.
    pub default: Option<String>,
    /// What it stands for.
    pub meaning: String,
    /// Between which values a search for the worst cell looks, evenly in the logs; `None` keeps a number or text at its
    /// default. Words and vectors are searched all.
    pub search: Option<(f64, f64)>,
}

/// Entries of a vector beyond this would overflow when they are squared.
const LARGEST: f64 = 1e100;

impl Parameter {
    /// Reads a value of this parameter.
    ///
    /// # Errors
    /// Names the parameter, the text and what is permitted.
    pub fn parse(&self, text: &str) -> Result<Value> {
        let refused = || Error::Value {
            parameter: self.name.clone(),
            value: text.to_string(),
            permitted: self.domain.to_string(),
        };
        match &self.domain {
            Domain::Integer(min, max) => {
                whole(text).filter(|v| (min..=max).contains(&v)).map(Value::Integer).ok_or_else(refused)
            }
            Domain::Real(interval) => {
                let value = text.parse::<f64>().ok().filter(|x| interval.contains(*x));
                value.map(Value::Real).ok_or_else(refused)
            }
            Domain::Word(words) => {
                words.iter().find(|word| *word == text).map(|word| Value::Word(word.clone())).ok_or_else(refused)
            }
            Domain::Vector { words, .. } => match text.trim() {
                word if words.iter().any(|known| known == word) => Ok(Value::Word(word.to_string())),
                list => list
                    .strip_prefix('[')
                    .and_then(|list| list.strip_suffix(']'))
                    .ok_or_else(refused)?
                    .split(',')
                    .map(|item| match item.trim().parse::<f64>() {
                        Ok(number) if number.abs() <= LARGEST => Ok(number),
                        _ => Err(Error::input(format!(
                            "{} {text:?}: {:?} is not a number of at most 1e100; write a list such as [0.5, -1]",
                            self.name,
                            item.trim()
                        ))),
                    })
                    .collect::<Result<_>>()
                    .map(Value::List),
            },
            // A semicolon would end the parameter in the cell's key.
            Domain::Text(_) if text.is_empty() || text.contains([';', '\n']) => Err(refused()),
            Domain::Text(_) => Ok(Value::Word(text.to_string())),
        }
    }
}

/// Where `name` stands among `parameters`.
///
/// # Errors
/// Names the known ones.
pub fn position(parameters: &[Parameter], name: &str) -> Result<usize> {
    parameters.iter().position(|parameter| parameter.name == name).ok_or_else(|| Error::UnknownParameter {
        name: name.to_string(),
        known: parameters.iter().map(|parameter| parameter.name.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector() -> Parameter {
        let words = ["origin", "axis", "spread"].map(String::from).to_vec();
        Parameter {
            name: "z".into(),
            domain: Domain::Vector { words, length: "d".into() },
            default: None,
            meaning: "a vector".into(),
            search: None,
        }
    }

    #[test]
    fn domains_are_read_as_they_are_written() {
        let real = |low, high, with_low, with_high| Domain::Real(Interval { low, high, with_low, with_high });
        for (text, expected) in [
            ("1..1e6", Domain::Integer(1, 1_000_000)),
            ("0..0", Domain::Integer(0, 0)),
            ("0<..<1", real(0.0, 1.0, false, false)),
            ("0<..inf", real(0.0, f64::INFINITY, false, true)),
            ("-inf..inf", real(f64::NEG_INFINITY, f64::INFINITY, true, true)),
            ("0.0..1", real(0.0, 1.0, true, true)),
            ("-1..1", real(-1.0, 1.0, true, true)),
        ] {
            assert_eq!(Domain::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "1", "2..1", "a..b", "nan..1", "1<..1"] {
            assert!(Domain::parse(text).unwrap_err().to_string().contains("write whole numbers as"), "{text}");
        }
    }

    #[test]
    fn intervals_say_what_they_hold() {
        let shown = |text| Domain::parse(text).unwrap().to_string();
        assert_eq!(shown("0<..inf"), "a finite number above 0");
        assert_eq!(shown("0<..<1"), "a number above 0 and below 1");
        assert_eq!(shown("0.0..1"), "a number of at least 0 and at most 1");
        assert_eq!(shown("-inf..3.5"), "a number of at most 3.5");
        let Domain::Real(interval) = Domain::parse("0<..<1").unwrap() else { panic!("it is real") };
        assert!(!interval.contains(0.0) && !interval.contains(1.0) && interval.contains(f64::MIN_POSITIVE));
        assert!(interval.contains(interval.ends().0) && interval.contains(interval.ends().1));
    }

    #[test]
    fn every_vector_reads_back() {
        for text in ["origin", "axis", "spread", "[0.5, -1, 1e-9]"] {
            assert_eq!(vector().parse(text).unwrap().to_string(), text);
        }
        for text in ["Origin", "", "[1, x]", "[NaN]", "[1", "[2e100]"] {
            assert!(vector().parse(text).is_err(), "{text}");
        }
    }
}
