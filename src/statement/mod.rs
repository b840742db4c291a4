//! Statements as data: parameters, hypotheses, bounds with their readings, relation and quantifier, read from TOML.
//!
//! The text that is shown is the text that is evaluated. What is measured beside a bound is a measurand's.

mod bound;
mod cell;
mod domain;
mod names;
mod read;
mod written;

use std::sync::Arc;

pub use bound::Bound;
pub use cell::{Cell, Hypothesis, Value};
pub use domain::{Domain, Interval, Parameter, position};
pub use names::{Names, Symbol};
pub use written::{Command, Located, Origin, Written};

use crate::error::{Error, Result};
use crate::formula::{Condition, Formula};

/// On which side of the bound the measured value is claimed to lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// measured >= bound.
    AtLeast,
    /// measured <= bound.
    AtMost,
    /// measured = bound. A sample cannot prove equality: the claim is seen to hold where the whole interval lies within
    /// this relative tolerance of the bound, and is violated where the whole interval lies beside the bound's value.
    Equal {
        /// Relative tolerance.
        tolerance: f64,
    },
}

impl Relation {
    /// The relation's name in texts and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Relation::AtLeast => "at-least",
            Relation::AtMost => "at-most",
            Relation::Equal { .. } => "equal",
        }
    }

    /// Reads `at-least` or `at-most`.
    ///
    /// # Errors
    /// Says what can be written.
    pub fn parse(text: &str) -> Result<Self> {
        let known = [Relation::AtLeast, Relation::AtMost].into_iter().find(|relation| relation.name() == text);
        known.ok_or_else(|| Error::input(format!("relation {text:?}: write at-least or at-most")))
    }
}

/// What kind of number is measured; it decides which bounds say nothing, and which limits an interval has by nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// A number in [0, 1].
    Probability,
    /// A non-negative number.
    Size,
}

/// The name of the formula as the source prints it.
pub const PRINTED: &str = "printed";

/// A bound's formula, and where it stands for the bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The bound's name.
    pub name: String,
    /// Its formula.
    pub formula: Formula,
    /// The cells at which it is the bound; all if there is no condition.
    pub at: Option<Condition>,
    /// Its own relation, if it is not the statement's.
    pub relation: Option<Relation>,
    /// Whether a user drafted it: a draft may mean nothing outside the hypotheses.
    pub is_draft: bool,
}

impl Clause {
    /// The bound's value at a cell; none for a draft that is not a number there, outside the hypotheses.
    ///
    /// # Errors
    /// Names the bound that cannot be evaluated.
    pub fn bound_at(&self, cell: &Cell, names: &Names, is_inside: &impl Fn() -> bool) -> Result<Option<Bound>> {
        match self.formula.evaluate(&|name| names.number(name)) {
            Ok(value) => Ok(Some(Bound { relation: self.relation, ..Bound::from_number(&self.name, value) })),
            Err(error) => {
                let is_unknown = self.formula.names().any(|name| names.number(name).is_none());
                if self.is_draft && !is_unknown && !is_inside() {
                    return Ok(None);
                }
                Err(names.error(|| error.at(format!("bound {}, at {}", self.name, cell.key()))))
            }
        }
    }

    /// The printed bound, where it is one name.
    pub fn printed(name: &str) -> Self {
        let formula = Formula::parse(name).expect("a name is a formula");
        Clause { name: PRINTED.into(), formula, at: None, relation: None, is_draft: false }
    }
}

/// A hypothesis, and where it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Premise {
    /// The hypothesis as the source writes it.
    pub name: String,
    /// The condition that is evaluated.
    pub condition: Condition,
    /// The cells at which it is asked for; all if there is no condition.
    pub at: Option<Condition>,
    /// Whether a user added it.
    pub is_added: bool,
}

/// One of several ways to take what is printed, with a bound or a link of its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The bound, or the link of the proof's chain, that stands for it.
    pub bound: String,
    /// What it takes the text to say.
    pub text: String,
    /// Whether findings are reported of this one.
    pub taken: bool,
    /// Why it is taken, or is not.
    pub why: String,
}

/// A statement about a measured number.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its id, as experiments and the command line write it.
    pub id: String,
    /// Where it stands.
    pub source: String,
    /// The statement in words, with its hypotheses.
    pub statement: String,
    /// What is measured beside the bound.
    pub measured: String,
    /// Its parameters, in the order of the CSV's columns.
    pub parameters: Arc<[Parameter]>,
    /// On which side the measured value is claimed to lie.
    pub relation: Relation,
    /// What kind of number is measured.
    pub quantity: Quantity,
    /// The parameters that are universal constants which the source leaves open ("there is a C"). No single value of them can
    /// make such a statement false: a cell refutes that value. A larger value asks for more (a smaller one for a probability).
    pub constants: Vec<String>,
    /// The parameters that a counterexample is made small in first, in this order.
    pub smallest: Vec<String>,
    /// Names for formulas, in the order in which they may use each other.
    pub lets: Vec<(String, Formula)>,
    /// The numbers that the measurand computes for formulas, each with its meaning.
    pub symbols: Vec<(String, String)>,
    /// The hypotheses that are formulas.
    pub hypotheses: Vec<Premise>,
    /// The names of the hypotheses that only the measurand decides at a cell; they come first.
    pub computed: Vec<String>,
    /// The names of the hypotheses that only a constructed object decides; its evidence brings them along.
    pub observed: Vec<String>,
    /// The bounds, the printed one first.
    pub bounds: Vec<Clause>,
    /// The ways to read the printed text, where it leaves a choice.
    pub readings: Vec<Reading>,
    /// The hypotheses that a user dropped, by name.
    pub without: Vec<String>,
    /// What a user changed in the hypotheses and the relation, as text; empty for the statement itself.
    pub what_if: String,
    /// The file that declares it, if it is a user's.
    pub origin: Option<Origin>,
}

impl Statement {
    /// How the command line names its claim.
    pub fn handle(&self) -> &str {
        self.origin.as_ref().map_or(&self.id, |origin| &origin.handle)
    }

    /// All that says what is measured: its words, and of a user's statement its declaration.
    pub fn identity(&self) -> String {
        self.statement.clone() + self.origin.as_ref().map_or("", |origin| &origin.toml)
    }

    /// The formulas of the bound of this name, joined.
    pub fn formula(&self, bound: &str) -> String {
        let texts = self.bounds.iter().filter(|clause| clause.name == bound).map(|clause| clause.formula.text());
        texts.collect::<Vec<_>>().join(", or ")
    }

    /// The relation that is claimed for the bound of this name: its own, or the statement's.
    pub fn relation_of(&self, bound: &str) -> Relation {
        let own = self.bounds.iter().find(|clause| clause.name == bound && clause.relation.is_some());
        own.and_then(|clause| clause.relation).unwrap_or(self.relation)
    }

    /// Whether a constant stands in this bound, and in no hypothesis, by its own name or by a `let`.
    pub fn is_in_bound_only(&self, bound: &str, constant: &str) -> bool {
        let of_bound = self.bounds.iter().filter(|clause| clause.name == bound);
        let conditions = self.hypotheses.iter().flat_map(|premise| [Some(&premise.condition), premise.at.as_ref()]);
        let conditions = conditions.chain(self.bounds.iter().map(|clause| clause.at.as_ref())).flatten();
        of_bound.flat_map(|clause| clause.formula.names()).any(|name| self.stands_for(name, constant))
            && !conditions.flat_map(Condition::names).any(|name| self.stands_for(name, constant))
    }

    /// Whether a name in a formula is this one, or a `let` that uses it.
    pub fn stands_for(&self, name: &str, wanted: &str) -> bool {
        let known = self.lets.iter().find(|(known, _)| known == name);
        name == wanted || known.is_some_and(|(_, formula)| formula.names().any(|name| self.stands_for(name, wanted)))
    }

    /// The names of the bounds, each once.
    pub fn bound_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.bounds.iter().map(|clause| clause.name.as_str()).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    /// The names of all hypotheses, dropped ones too.
    pub fn hypothesis_names(&self) -> Vec<&str> {
        let written = self.hypotheses.iter().map(|premise| premise.name.as_str());
        self.computed
            .iter()
            .map(String::as_str)
            .chain(written)
            .chain(self.observed.iter().map(String::as_str))
            .collect()
    }

    /// The hypotheses at a cell, but for the dropped ones: first the `computed` ones. One that cannot be evaluated there is
    /// unknown.
    pub fn hypotheses_at(&self, computed: Vec<Hypothesis>, names: &Names) -> Vec<Hypothesis> {
        let written = self.hypotheses.iter().filter(|premise| applies(premise.at.as_ref(), names));
        let written = written.map(|premise| {
            let met = premise.condition.is_met(&|name| names.number(name), &|name| names.word(name));
            Hypothesis::new(premise.name.clone(), met.ok().flatten())
        });
        computed.into_iter().chain(written).filter(|hypothesis| !self.without.contains(&hypothesis.name)).collect()
    }

    /// The bounds at a cell, the printed one first. A draft that is not a number there is left out where `is_inside` says that
    /// the cell is outside the hypotheses.
    ///
    /// # Errors
    /// Names the bound or the condition that cannot be evaluated.
    pub fn bounds_at(&self, cell: &Cell, names: &Names, is_inside: impl Fn() -> bool) -> Result<Vec<Bound>> {
        self.check_added(cell, names)?;
        let clauses = self.bounds.iter().filter(|clause| applies(clause.at.as_ref(), names));
        clauses.filter_map(|clause| clause.bound_at(cell, names, &is_inside).transpose()).collect()
    }

    /// Whether there is a bound of this name at the cell of the names.
    pub fn has_bound_at(&self, name: &str, names: &Names) -> bool {
        self.bounds.iter().any(|clause| clause.name == name && applies(clause.at.as_ref(), names))
    }

    /// Evaluates the conditions that a user added.
    ///
    /// # Errors
    /// Marks a name that is unknown there.
    pub fn check_added(&self, cell: &Cell, names: &Names) -> Result<()> {
        self.hypotheses.iter().filter(|premise| premise.is_added).try_for_each(|premise| {
            let met = premise.condition.is_met(&|name| names.number(name), &|name| names.word(name));
            met.map(|_| ()).map_err(|error| names.error(|| error.at(format!("where, at {}", cell.key()))))
        })
    }
}

/// Whether a condition on words or numbers is known to be met.
fn applies(condition: Option<&Condition>, names: &Names) -> bool {
    let met = |condition: &Condition| condition.is_met(&|name| names.number(name), &|name| names.word(name));
    condition.is_none_or(|condition| met(condition).ok().flatten() == Some(true))
}
