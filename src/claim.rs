//! Claims: a statement, which is data, beside a measurand, which is code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::evidence::{Bearing, Method};
use crate::formula::Number;
use crate::measurand::{Estimator, LeastConstant, Link, Measurand, Procedure};
use crate::random::Stream;
use crate::statement::{Bound, Cell, Hypothesis, Names, Statement};

/// A statement that can be measured cell by cell. It is cheap to clone.
#[derive(Clone)]
pub struct Claim {
    statement: Arc<Statement>,
    measurand: Arc<dyn Measurand>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Claim").field(&self.statement.id).finish()
    }
}

impl Claim {
    /// The claim that a measurand lies on the stated side of the statement's bounds.
    pub fn new(statement: Statement, measurand: impl Measurand + 'static) -> Self {
        Claim { statement: Arc::new(statement), measurand: Arc::new(measurand) }
    }

    /// Another statement about the same measurand.
    pub fn restated(&self, statement: Statement) -> Self {
        Claim { statement: Arc::new(statement), measurand: Arc::clone(&self.measurand) }
    }

    /// What is claimed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The claim's id.
    pub fn id(&self) -> &str {
        &self.statement.id
    }

    /// The formulas of the bound of this name, joined.
    pub fn formula(&self, bound: &str) -> String {
        self.statement.formula(bound)
    }

    /// What a user changed in the hypotheses and the relation, as text; empty for the claim itself.
    pub fn what_if(&self) -> &str {
        &self.statement.what_if
    }

    /// The methods that it admits; first the one that is taken where none is asked for.
    pub fn methods(&self) -> Vec<Method> {
        self.measurand.procedures().iter().map(Procedure::method).collect()
    }

    /// The method of this name.
    ///
    /// # Errors
    /// Names the claim's methods.
    pub fn method(&self, name: &str) -> Result<Method> {
        self.methods().into_iter().find(|method| method.name() == name).ok_or_else(|| self.unknown_method(name))
    }

    fn unknown_method(&self, name: &str) -> Error {
        Error::UnknownMethod {
            claim: self.id().to_string(),
            name: name.to_string(),
            known: self.methods().iter().map(|method| method.name().to_string()).collect(),
        }
    }

    /// A cell from texts by name, with the measurand's own checks.
    ///
    /// # Errors
    /// As [`Cell::new`] and [`Measurand::check`].
    pub fn cell<'a>(&self, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Cell> {
        let cell = Cell::new(&self.statement.parameters, given)?;
        self.check(&cell)?;
        Ok(cell)
    }

    /// See [`Measurand::check`].
    ///
    /// # Errors
    /// Names the parameters and what to write.
    pub fn check(&self, cell: &Cell) -> Result<()> {
        self.measurand.check(cell)
    }

    /// See [`Measurand::files`].
    pub fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        self.measurand.files(cell)
    }

    /// See [`Measurand::bearing`].
    pub fn bearing(&self, cell: &Cell) -> Bearing {
        self.measurand.bearing(cell)
    }

    fn with_names<T>(&self, cell: &Cell, work: impl FnOnce(&Names) -> T) -> T {
        let symbol = |name: &str| self.measurand.symbol(cell, name);
        work(&Names::new(&self.statement, cell, &symbol))
    }

    /// The statement's hypotheses, each met, unmet or unknown at the cell.
    pub fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        self.with_names(cell, |names| self.statement.hypotheses_at(self.measurand.hypotheses(cell), names))
    }

    /// The bounds at the cell, the printed one first.
    ///
    /// # Errors
    /// Where a bound cannot be evaluated.
    pub fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        let is_inside = || self.hypotheses(cell).iter().all(Hypothesis::is_met);
        self.with_names(cell, |names| self.statement.bounds_at(cell, names, is_inside))
    }

    /// Whether the claim has a bound of this name at the cell.
    pub fn has_bound(&self, cell: &Cell, name: &str) -> bool {
        self.with_names(cell, |names| self.statement.has_bound_at(name, names))
    }

    /// Evaluates what a user changed at the cell, and nothing else.
    ///
    /// # Errors
    /// Names the draft or the condition that cannot be evaluated.
    pub fn check_changes(&self, cell: &Cell) -> Result<()> {
        let is_inside = || self.hypotheses(cell).iter().all(Hypothesis::is_met);
        self.with_names(cell, |names| {
            self.statement.check_added(cell, names)?;
            let mut drafts = self.statement.bounds.iter().filter(|clause| clause.is_draft);
            drafts.try_for_each(|clause| clause.bound_at(cell, names, &is_inside).map(|_| ()))
        })
    }

    /// The number that a name stands for in formulas at the cell.
    pub fn number(&self, cell: &Cell, name: &str) -> Option<Number> {
        self.with_names(cell, |names| names.number(name))
    }

    /// See [`Measurand::chain`].
    ///
    /// # Errors
    /// Where a side cannot be evaluated.
    pub fn chain(&self, cell: &Cell, stream: &mut Stream, alpha: f64) -> Result<Vec<Link>> {
        self.measurand.chain(cell, stream, alpha)
    }

    /// See [`Measurand::chain_samples`].
    pub fn chain_samples(&self) -> bool {
        self.measurand.chain_samples()
    }

    /// See [`Measurand::least_constant`].
    ///
    /// # Errors
    /// Where a side cannot be evaluated.
    pub fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        self.measurand.least_constant(cell, link)
    }

    /// See [`Measurand::asks`].
    pub fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        self.measurand.asks(cell, parameter)
    }

    /// See [`Measurand::trials`].
    pub fn trials(&self, cell: &Cell, parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        self.measurand.trials(cell, parameter, stream)
    }

    /// How to measure the cell by a method.
    ///
    /// # Errors
    /// Where the method is none of the claim's, or cannot reach this cell.
    pub fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let its = self.measurand.procedures().into_iter().find(|procedure| procedure.method() == method);
        its.ok_or_else(|| self.unknown_method(method.name()))?.estimator(cell)
    }
}
