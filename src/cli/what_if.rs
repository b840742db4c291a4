//! The options by which verbs change a claim: further bounds, other hypotheses, the relation turned round.

use crate::claim::Claim;
use crate::error::Result;
use crate::measure::what_if::{Changes, changed};
use crate::registry::find;
use crate::statement::Relation;

#[derive(clap::Args)]
pub struct WhatIfArguments {
    /// A bound of your own, as NAME=EXPR over the parameters, c_d, pi, e, + - * / ^, sqrt exp ln min max lgamma; NAME>=EXPR or NAME<=EXPR claims a relation of its own (repeatable).
    #[arg(long = "bound", value_name = "NAME=EXPR")]
    bounds: Vec<String>,
    /// A further hypothesis, such as 'k >= d^2' (repeatable).
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// The name of a printed hypothesis to drop (repeatable).
    #[arg(long, value_name = "HYPOTHESIS")]
    without: Vec<String>,
    /// Claim this relation instead of the printed one: at-least or at-most.
    #[arg(long, value_name = "RELATION", value_parser = Relation::parse)]
    relation: Option<Relation>,
}

impl WhatIfArguments {
    /// The claim with the changes that were asked for, and these.
    pub fn claim(&self, id: &str) -> Result<(Claim, Changes)> {
        let mut changes = Changes {
            conditions: self.conditions.clone(),
            without: self.without.clone(),
            relation: self.relation,
            ..Changes::default()
        };
        self.bounds.iter().try_for_each(|text| changes.add_bound(text))?;
        Ok((changed(&find(id)?, &changes)?, changes))
    }
}
