//! What-if: a claim with further bounds, other hypotheses or the relation turned round, as a user writes them.

use std::path::PathBuf;

use crate::cell::{Cell, Domain};
use crate::claims::{About, Bearing, Bound, Claim, Estimator, Hypothesis, LeastConstant, Link, Names, Relation};
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Method};
use crate::expression::{Condition, Formula, Number};
use crate::random::Stream;

/// What a user changes in a claim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Further bounds.
    pub bounds: Vec<Draft>,
    /// Conditions that are added to the hypotheses.
    pub conditions: Vec<String>,
    /// Printed hypotheses that are dropped, by their names.
    pub without: Vec<String>,
    /// The relation that is claimed instead of the printed one.
    pub relation: Option<Relation>,
}

/// A bound of the user's.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Its formula.
    pub expr: String,
    /// The relation that is claimed for it, if not the claim's.
    pub relation: Option<Relation>,
}

impl Changes {
    /// The relation that is claimed for the bound of this name, if it has its own.
    pub fn relation_of(&self, bound: &str) -> Option<Relation> {
        self.bounds.iter().find(|draft| draft.name == bound).and_then(|draft| draft.relation)
    }

    /// Whether the bound of this name is a draft.
    pub fn drafts(&self, bound: &str) -> bool {
        self.bounds.iter().any(|draft| draft.name == bound)
    }

    /// What is changed in the hypotheses and the relation, as text; empty where nothing is.
    pub fn text(&self) -> String {
        let added = self.conditions.iter().map(|condition| format!("where {condition}"));
        let dropped = self.without.iter().map(|name| format!("without {name}"));
        let relation = self.relation.iter().map(|relation| format!("relation {}", relation.name()));
        added.chain(dropped).chain(relation).collect::<Vec<_>>().join("; ")
    }

    /// Adds a bound from `NAME=EXPR`, or with a relation of its own from `NAME>=EXPR` or `NAME<=EXPR`.
    ///
    /// # Errors
    /// Where there is no name.
    pub fn add_bound(&mut self, text: &str) -> Result<()> {
        let (name, expr) = text.split_once('=').ok_or_else(|| {
            Error::input(format!("--bound {text}: write --bound NAME=EXPR, such as --bound 'draft=2*eps/sqrt(k)'"))
        })?;
        let (name, relation) = match (name.strip_suffix('>'), name.strip_suffix('<')) {
            (Some(name), _) => (name, Some(Relation::AtLeast)),
            (_, Some(name)) => (name, Some(Relation::AtMost)),
            _ => (name, None),
        };
        self.bounds.push(Draft { name: name.trim().into(), expr: expr.trim().into(), relation });
        Ok(())
    }
}

/// A claim as a user has changed it; without changes it is the claim itself.
pub struct WhatIf {
    claim: &'static dyn Claim,
    about: About,
    bounds: Vec<(String, Formula, Option<Relation>)>,
    conditions: Vec<Condition>,
    without: Vec<String>,
    changes: Changes,
}

impl WhatIf {
    /// The claim with these changes.
    ///
    /// # Errors
    /// Names what is wrong: a formula (with the place marked), a name that is taken, an unknown name or hypothesis.
    pub fn new(claim: &'static dyn Claim, changes: &Changes) -> Result<Self> {
        let mut bounds: Vec<(String, Formula, Option<Relation>)> = Vec::new();
        for Draft { name, expr, relation } in &changes.bounds {
            check_name(name)?;
            if bounds.iter().any(|(known, ..)| known == name) {
                return Err(Error::input(format!("two bounds are named {name}; rename one")));
            }
            let formula = Formula::parse(expr).map_err(|error| Error::input(format!("bound {name}: {error}")))?;
            bounds.push((name.clone(), formula, *relation));
        }
        let condition = |text: &String| Condition::parse(text).map_err(|error| Error::input(format!("where: {error}")));
        let conditions = changes.conditions.iter().map(condition).collect::<Result<Vec<_>>>()?;
        conditions.iter().try_for_each(|condition| check_words(claim, condition))?;
        let relation = changes.relation.unwrap_or(claim.about().relation);
        let about = About { relation, ..*claim.about() };
        Ok(WhatIf { claim, about, bounds, conditions, without: changes.without.clone(), changes: changes.clone() })
    }

    /// What the user changed.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    fn is_met(condition: &Condition, cell: &Cell, names: &Names) -> Result<Option<bool>> {
        let named = |error: Error| names.error(|| Error::input(format!("where, at {}: {error}", cell.key())));
        condition.is_met(&|name| names.number(name), &|name| names.word(name)).map_err(named)
    }

    /// Refuses dropped hypotheses that the claim does not have.
    fn check_dropped(&self, cell: &Cell) -> Result<()> {
        let mut known: Vec<String> =
            self.claim.hypotheses(cell).into_iter().map(|hypothesis| hypothesis.name).collect();
        known.extend(self.claim.observed().iter().map(|name| name.to_string()));
        match self.without.iter().find(|name| !known.contains(name)) {
            Some(name) if known.is_empty() => {
                Err(Error::input(format!("without {name:?}: {} has no hypotheses to drop", self.about.id)))
            }
            Some(name) => Err(Error::input(format!(
                "without {name:?}: {} has no such hypothesis; write one of {}",
                self.about.id,
                known.iter().map(|known| format!("{known:?}")).collect::<Vec<_>>().join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// Evidence without the dropped conditions among those that the constructed object was judged by.
    fn stripped(&self, mut evidence: Evidence) -> Evidence {
        evidence.observed.retain(|hypothesis| !self.without.contains(&hypothesis.name));
        evidence
    }
}

/// Refuses words that a parameter of the claim never takes: such a condition would be met nowhere, or everywhere.
fn check_words(claim: &dyn Claim, condition: &Condition) -> Result<()> {
    for (name, word) in condition.pairs_of_names() {
        let parameter = claim.about().parameters.iter().find(|parameter| parameter.name == name);
        let takes_words = |domain| matches!(domain, Domain::Word(_) | Domain::Target);
        if let Some(parameter) = parameter.filter(|parameter| takes_words(parameter.domain)) {
            parameter.parse(word).map_err(|error| Error::input(format!("where {}: {error}", condition.text())))?;
        }
    }
    Ok(())
}

/// A bound's name becomes a column's entry and a legend's.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Error::input(format!("the bound's name {name:?}: use letters, digits, '-', '_' and '.'")));
    }
    Ok(())
}

impl Claim for WhatIf {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        self.claim.check(cell)
    }

    fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        self.claim.files(cell)
    }

    fn bearing(&self, cell: &Cell) -> Bearing {
        self.claim.bearing(cell)
    }

    fn observed(&self) -> &'static [&'static str] {
        self.claim.observed()
    }

    fn formula(&self, bound: &str) -> String {
        let draft = self.changes.bounds.iter().find(|draft| draft.name == bound);
        draft.map_or_else(|| self.claim.formula(bound), |draft| draft.expr.clone())
    }

    fn what_if(&self) -> String {
        self.changes.text()
    }

    fn symbols(&self, cell: &Cell) -> Result<Vec<(&'static str, Number)>> {
        self.claim.symbols(cell)
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        self.claim.asks(cell, parameter)
    }

    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        self.claim.least_constant(cell, link)
    }

    fn chain_samples(&self) -> bool {
        self.claim.chain_samples()
    }

    fn chain(&self, cell: &Cell, stream: &mut Stream, alpha: f64) -> Result<Vec<Link>> {
        self.claim.chain(cell, stream, alpha)
    }

    /// The printed hypotheses that are not dropped, and the added conditions. A condition that cannot be evaluated is unknown
    /// here; [`WhatIf::bounds`] refuses one with an unknown name.
    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        let printed = self.claim.hypotheses(cell).into_iter().filter(|known| !self.without.contains(&known.name));
        if self.conditions.is_empty() {
            return printed.collect();
        }
        let names = Names::new(cell, || self.claim.symbols(cell));
        let added = self
            .conditions
            .iter()
            .map(|condition| Hypothesis::new(condition.text(), Self::is_met(condition, cell, &names).ok().flatten()));
        printed.chain(added).collect()
    }

    /// The claim's bounds, and then the drafted ones. A draft that is not a number at a cell is left out where the cell is
    /// outside the hypotheses, and refused inside.
    fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        self.check_dropped(cell)?;
        let mut bounds = self.claim.bounds(cell)?;
        if self.bounds.is_empty() && self.conditions.is_empty() {
            return Ok(bounds);
        }
        let names = Names::new(cell, || self.claim.symbols(cell));
        for condition in &self.conditions {
            Self::is_met(condition, cell, &names)?;
        }
        for (name, formula, relation) in &self.bounds {
            if bounds.iter().any(|bound| bound.name == *name) {
                return Err(Error::input(format!("the claim has a bound named {name}; give the draft another name")));
            }
            match formula.evaluate(&|name| names.number(name)) {
                Ok(value) => bounds.push(Bound { relation: *relation, ..Bound::from_number(name, value) }),
                Err(error) => {
                    let unknown = formula.names().any(|name| names.number(name).is_none());
                    if unknown || self.hypotheses(cell).iter().all(Hypothesis::is_met) {
                        return Err(names.error(|| Error::input(format!("bound {name}, at {}: {error}", cell.key()))));
                    }
                }
            }
        }
        Ok(bounds)
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        Ok(match self.claim.estimator(cell, method)? {
            Estimator::Constructed(construct) if !self.without.is_empty() => {
                Estimator::Constructed(Box::new(move |stream, allowance| {
                    Ok(self.stripped(construct(stream, allowance)?))
                }))
            }
            Estimator::Sampled(construct) if !self.without.is_empty() => {
                Estimator::Sampled(Box::new(move |stream, allowance| Ok(self.stripped(construct(stream, allowance)?))))
            }
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{PRINTED, cell_of, find};

    fn what_if(id: &str, bounds: &[(&str, &str)], conditions: &[&str], without: &[&str]) -> Result<WhatIf> {
        let texts = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        let changes = Changes {
            bounds: bounds
                .iter()
                .map(|(name, text)| Draft { name: name.to_string(), expr: text.to_string(), relation: None })
                .collect(),
            conditions: texts(conditions),
            without: texts(without),
            relation: None,
        };
        WhatIf::new(find(id)?, &changes)
    }

    fn cell(claim: &WhatIf, given: &[(&str, &str)]) -> Cell {
        cell_of(claim, given.iter().copied()).unwrap()
    }

    const CELL: [(&str, &str); 3] = [("k", "64"), ("d", "64"), ("eps", "1e-9")];

    #[test]
    fn the_printed_formula_written_as_a_draft_is_the_printed_bound() {
        let formula = "1/16 * (2*eps/sqrt(pi*(1 + 2*sqrt(c_d) + 2*c_d)*k))^d";
        let claim = what_if("nsn-box", &[("draft", formula)], &[], &[]).unwrap();
        let bounds = claim.bounds(&cell(&claim, &CELL)).unwrap();
        let names: Vec<&str> = bounds.iter().map(|bound| bound.name.as_str()).collect();
        assert_eq!(names, [PRINTED, "two-pi", "k-outside-root", "draft"]);
        assert!((bounds[3].ln / bounds[0].ln - 1.0).abs() < 1e-14 && bounds[0].ln < -1000.0);
    }

    #[test]
    fn conditions_are_added_and_hypotheses_dropped() {
        let claim = what_if("nsn-box", &[], &["k >= d^2", "target == origin"], &["d <= k"]).unwrap();
        let at = |given: &[(&str, &str)]| {
            let unmet = claim.hypotheses(&cell(&claim, given)).into_iter().filter(|hypothesis| !hypothesis.is_met());
            unmet.map(|hypothesis| hypothesis.name).collect::<Vec<_>>()
        };
        assert!(at(&[("k", "16"), ("d", "4"), ("eps", "0.1")]).is_empty());
        assert_eq!(
            at(&[("k", "16"), ("d", "40"), ("eps", "0.1"), ("target", "axis")]),
            ["k >= d^2", "target == origin"]
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_marked() {
        let refused = |bounds: &[(&str, &str)], conditions: &[&str], without: &[&str]| {
            let at = |claim: WhatIf| claim.bounds(&cell(&claim, &CELL)).map(|_| ());
            what_if("nsn-box", bounds, conditions, without).and_then(at).unwrap_err().to_string()
        };
        assert!(refused(&[("a", "2 eps")], &[], &[]).contains("bound a: "));
        assert!(refused(&[("a", "2*n")], &[], &[]).contains("n is unknown"));
        assert!(refused(&[("a", "1"), ("a", "2")], &[], &[]).contains("two bounds are named a"));
        assert!(refused(&[("two-pi", "1")], &[], &[]).contains("another name"));
        assert!(refused(&[("a b", "1")], &[], &[]).contains("use letters"));
        assert!(refused(&[("a", "1/(k-64)")], &[], &[]).contains("k=64;d=64"));
        assert!(refused(&[], &["k >"], &[]).contains("where: "));
        assert!(refused(&[], &["n > 1"], &[]).contains("n is unknown"));
        assert!(refused(&[], &[], &["d < k"]).contains("\"d <= k\""));
    }

    #[test]
    fn a_draft_without_a_value_is_left_out_outside_the_hypotheses() {
        let claim = what_if("nsn-box", &[("a", "1/(k-64)")], &["k > d"], &[]).unwrap();
        let drafted =
            |given: &[(&str, &str)]| claim.bounds(&cell(&claim, given)).unwrap().iter().any(|b| b.name == "a");
        assert!(!drafted(&CELL));
        assert!(drafted(&[("k", "65"), ("d", "2"), ("eps", "0.1")]));
    }

    #[test]
    fn drafts_of_any_sign_are_bounds() {
        let claim = what_if("nsn-box", &[("neg", "1 - k"), ("zero", "k - k"), ("tiny", "-eps^k")], &[], &[]).unwrap();
        let bounds = claim.bounds(&cell(&claim, &CELL)).unwrap();
        let signs: Vec<Option<f64>> = bounds[3..].iter().map(|bound| bound.non_positive).collect();
        assert_eq!(signs[..2], [Some(-63.0), Some(0.0)]);
        assert!(signs[2].unwrap() < 0.0);
    }
}
