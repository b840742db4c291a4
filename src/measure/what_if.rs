//! What-if: a claim with further bounds, other hypotheses or the relation turned round, as a user writes them.

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::formula::{Condition, Formula};
use crate::statement::{Clause, Domain, Premise, Relation, Statement};

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

/// The claim with these changes: another statement about the same measurand.
///
/// # Errors
/// Names what is wrong: a formula (with the place marked), a name that is taken, an unknown name or hypothesis.
pub fn changed(claim: &Claim, changes: &Changes) -> Result<Claim> {
    if *changes == Changes::default() {
        return Ok(claim.clone());
    }
    let mut statement = claim.statement().clone();
    check_dropped(&statement, &changes.without)?;
    for Draft { name, expr, relation } in &changes.bounds {
        check_name(name)?;
        if let Some(taken) = statement.bounds.iter().find(|clause| clause.name == *name) {
            return Err(Error::input(match taken.is_draft {
                true => format!("two bounds are named {name}; rename one"),
                false => format!("the claim has a bound named {name}; give the draft another name"),
            }));
        }
        let formula = Formula::parse(expr).map_err(|error| error.at(format!("bound {name}")))?;
        let clause = Clause { name: name.clone(), formula, at: None, relation: *relation, is_draft: true };
        statement.bounds.push(clause);
    }
    for text in &changes.conditions {
        let condition = Condition::parse(text).map_err(|error| error.at("where"))?;
        check_words(&statement, &condition)?;
        statement.hypotheses.push(Premise { name: text.clone(), condition, at: None, is_added: true });
    }
    statement.relation = changes.relation.unwrap_or(statement.relation);
    statement.without = changes.without.clone();
    statement.what_if = changes.text();
    Ok(claim.restated(statement))
}

/// Refuses dropped hypotheses that the claim does not have.
fn check_dropped(statement: &Statement, without: &[String]) -> Result<()> {
    let known = statement.hypothesis_names();
    match without.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) if known.is_empty() => {
            Err(Error::input(format!("without {name:?}: {} has no hypotheses to drop", statement.id)))
        }
        Some(name) => Err(Error::input(format!(
            "without {name:?}: {} has no such hypothesis; write one of {}",
            statement.id,
            known.iter().map(|known| format!("{known:?}")).collect::<Vec<_>>().join(", ")
        ))),
        None => Ok(()),
    }
}

/// Refuses words that a parameter of the claim never takes: such a condition would be met nowhere, or everywhere.
fn check_words(statement: &Statement, condition: &Condition) -> Result<()> {
    for (name, word) in condition.pairs_of_names() {
        let parameter = statement.parameters.iter().find(|parameter| parameter.name == name);
        let takes_words = |domain: &Domain| matches!(domain, Domain::Word(_) | Domain::Vector { .. });
        if let Some(parameter) = parameter.filter(|parameter| takes_words(&parameter.domain)) {
            parameter.parse(word).map_err(|error| error.at(format!("where {}", condition.text())))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;
    use crate::statement::{Cell, PRINTED};

    fn what_if(id: &str, bounds: &[(&str, &str)], conditions: &[&str], without: &[&str]) -> Result<Claim> {
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
        changed(&find(id)?, &changes)
    }

    fn cell(claim: &Claim, given: &[(&str, &str)]) -> Cell {
        claim.cell(given.iter().copied()).unwrap()
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
            let at = |claim: Claim| claim.bounds(&cell(&claim, &CELL)).map(|_| ());
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
