//! Certificates: what a theorem proves against a bound at a cell, in exact rational numbers that others can compute again.
//!
//! A [`Theorem`] turns the failure of a bound into one inequality between rational numbers; a [`Proof`] is its two sides at a
//! cell. Which theorems there are is the business of each paper. Numbers of a cell are read as the exact decimals they are
//! written as: eps = 0.1 is one tenth.

pub mod exact;

use serde::Deserialize;

use crate::error::{Error, Result};
use exact::Rational;

/// The names of some parameters with a text each, in order.
pub type Texts = toml::map::Map<String, toml::Value>;

/// How a certificate proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// By one inequality between whole or rational numbers.
    IntegersAndRationals,
    /// By a sum over pieces of an integral, each with an upper bound.
    IntervalPieces,
    /// By a sum over finitely many cases, each of which is a rational number.
    FiniteEnumeration,
}

/// A theorem that refutes a bound wherever its inequality holds, as it is written down for people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Its name, unique within the claim.
    pub id: String,
    /// The claim.
    pub claim: String,
    /// The bound that it refutes.
    pub bound: String,
    /// How it proves.
    pub form: Form,
    /// The readings of the text on which it stands.
    #[serde(default)]
    pub readings: Vec<String>,
    /// What is refuted: the statement, or a constant of it.
    pub refutes: String,
    /// Of a theorem on another statement with the same event and bound: where it stands in the source.
    pub source: Option<String>,
    /// And the statement.
    pub statement: Option<String>,
    /// The claim's hypotheses that this other statement does not make.
    #[serde(default)]
    pub without: Vec<String>,
    /// Parameters of which it speaks at these values only.
    #[serde(default)]
    pub only: Texts,
    /// Parameters on which it does not depend, with a value that stands for all that the hypotheses allow.
    #[serde(default)]
    pub free: Texts,
    /// Parameters that it chooses where they are not given.
    #[serde(default)]
    pub chooses: Vec<String>,
    /// For what else than its own cell a certificate holds.
    pub region: String,
    /// The inequality, left < right.
    pub inequality: String,
    /// Why the bound fails where the inequality holds.
    pub argument: String,
}

/// A theorem: its words, and how its inequality is evaluated.
pub struct Theorem {
    words: Words,
    prove: fn(&Point) -> Result<Proof>,
    complete: fn(&Point) -> Result<Point>,
}

impl std::ops::Deref for Theorem {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.words
    }
}

impl Theorem {
    /// A theorem that proves by `prove`.
    pub fn new(words: Words, prove: fn(&Point) -> Result<Proof>) -> Self {
        Theorem { words, prove, complete: |point| Ok(point.clone()) }
    }

    /// The same theorem; `complete` chooses parameters that are not given.
    pub fn completed_by(self, complete: fn(&Point) -> Result<Point>) -> Self {
        Theorem { complete, ..self }
    }

    /// Its inequality at a point.
    ///
    /// # Errors
    /// Says why nothing is proved there, and what is possible.
    pub fn prove(&self, point: &Point) -> Result<Proof> {
        let proof = (self.prove)(point)?;
        match proof.left < proof.right {
            true => Ok(proof),
            false => Err(Error::Defect(format!("the theorem {} returns a false inequality", self.id))),
        }
    }

    /// The point, with a choice for what is not given, as far as the theorem makes one.
    ///
    /// # Errors
    /// Where there is none, or a parameter is given at which the theorem says nothing.
    pub fn completed(&self, given: &Point) -> Result<Point> {
        let mut point = given.clone();
        for (name, value) in texts(&self.only) {
            match point.get(name) {
                Some(text) if text != value => {
                    return Err(Error::input(format!(
                        "{name} = {text}: the theorem {} speaks of {name} = {value} only",
                        self.id
                    )));
                }
                Some(_) => {}
                None => point.set(name, value),
            }
        }
        (self.complete)(&point)
    }
}

/// Names and texts of a table.
pub fn texts(table: &Texts) -> impl Iterator<Item = (&str, &str)> {
    table.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// Names of hypotheses or numbers, each with a text.
pub type Named = Vec<(&'static str, String)>;

/// An inequality left < right that proves that a bound fails, with what was checked on the way.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Each hypothesis, and how it was checked.
    pub hypotheses: Named,
    /// Further numbers, each with its name.
    pub data: Named,
    /// The left side.
    pub left: Rational,
    /// The right side.
    pub right: Rational,
}

/// Some parameters, each with its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point(Vec<(String, String)>);

impl Point {
    /// The parameters with their texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The text of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// The point without some parameters.
    pub fn without(&self, names: &[String]) -> Self {
        Point(self.0.iter().filter(|(name, _)| !names.contains(name)).cloned().collect())
    }

    /// Adds a parameter.
    pub fn set(&mut self, name: &str, text: impl ToString) {
        self.0.push((name.into(), text.to_string()));
    }

    /// A number, exactly as it is written.
    ///
    /// # Errors
    /// Names a parameter that is missing, or is no decimal number.
    pub fn number(&self, name: &str) -> Result<Rational> {
        let text = self.get(name).ok_or_else(|| Error::input(format!("{name} is missing; give it as {name}=...")))?;
        exact::decimal(text)
            .ok_or_else(|| Error::input(format!("{name} = {text}: write a decimal number such as 0.1 or 1e-9")))
    }

    /// A whole number, at most `most`: larger ones make inequalities that nobody can print.
    ///
    /// # Errors
    /// Names a parameter that is missing, no whole number, or too large.
    pub fn whole(&self, name: &str, most: u64) -> Result<u64> {
        let number = self.number(name)?;
        let value = number.is_integer().then(|| u64::try_from(number.to_integer()).ok()).flatten();
        value
            .filter(|value| *value <= most)
            .ok_or_else(|| Error::input(format!("{name} = {number}: certificates are written up to {name} = {most}")))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Point {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(items: I) -> Self {
        Point(items.into_iter().map(|(name, text)| (name.to_string(), text.to_string())).collect())
    }
}
