//! Statements from TOML: the form in which they are written, checked and turned into what is evaluated.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::{Spanned, Table, Value as Wire};

use super::domain::{Domain, Parameter};
use super::{Clause, Command, Located, Origin, PRINTED, Premise, Quantity, Reading, Relation, Statement, Written};
use crate::error::{Error, Result, line_of};
use crate::formula::{Condition, Formula};

/// A file that declares a claim.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    claim: WireStatement,
}

/// A file of a user that declares a claim, beside what else stands there.
#[derive(Deserialize)]
struct WireOne {
    claim: WireStatement,
}

/// A file of a user that declares several claims.
#[derive(Deserialize)]
struct WireSeveral {
    claim: Vec<WireStatement>,
}

/// A claim as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireStatement {
    id: String,
    #[serde(default)]
    source: String,
    statement: Option<String>,
    measured: Option<String>,
    relation: Spanned<WireRelation>,
    quantity: Option<Quantity>,
    #[serde(default)]
    draw: BTreeMap<Spanned<String>, Spanned<String>>,
    given: Option<Spanned<String>>,
    event: Option<Spanned<String>>,
    mean: Option<Spanned<String>>,
    quantile: Option<WireQuantile>,
    command: Option<Spanned<Vec<String>>>,
    values: Option<Spanned<String>>,
    timeout: Option<Spanned<f64>>,
    /// A user's statement calls them what exists.
    #[serde(default, alias = "exists")]
    constants: Vec<Spanned<String>>,
    #[serde(default)]
    smallest: Vec<Spanned<String>>,
    #[serde(default)]
    hypotheses: Vec<Spanned<WirePremise>>,
    #[serde(default)]
    computed: Vec<String>,
    #[serde(default)]
    observed: Vec<String>,
    parameters: Table,
    #[serde(default, rename = "let")]
    lets: Table,
    #[serde(default)]
    symbols: Table,
    bounds: Spanned<Table>,
    #[serde(default)]
    readings: Vec<Reading>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireQuantile {
    of: Spanned<String>,
    level: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireRelation {
    Named(String),
    Equal { equal: f64 },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WirePremise {
    Plain(String),
    Named {
        name: String,
        condition: String,
        #[serde(rename = "where")]
        at: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireParameter {
    domain: WireDomain,
    default: Option<Wire>,
    #[serde(default)]
    meaning: String,
    search: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireDomain {
    Interval(String),
    Words(Vec<String>),
    Vector { vector: String, words: Vec<String> },
    Text { text: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireClauses {
    Plain(String),
    One(WireClause),
    Several(Vec<WireClause>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireClause {
    formula: String,
    #[serde(rename = "where")]
    at: Option<String>,
    relation: Option<String>,
}

impl Statement {
    /// Reads a statement from the text of a TOML file with a `[claim]`.
    ///
    /// # Errors
    /// Names the line, the key and what to write.
    pub fn from_toml(text: &str) -> Result<Self> {
        let wire: WireFile = parsed(text)?;
        match written(&wire.claim, text)? {
            None => Self::from_wire(wire.claim, text),
            Some(_) => Err(Error::input("[claim]: a claim of the program is measured by its own code, not by a draw")),
        }
    }

    /// Reads a statement and its draw from a file of a user's: the only claim there, or that of this id among several.
    ///
    /// # Errors
    /// Names the line, the key and what to write.
    pub fn declared(text: &str, path: &Path, id: Option<&str>) -> Result<(Self, Written)> {
        let table: Table = parsed(text)?;
        let (claims, is_alone) = match table.get("claim") {
            Some(Wire::Table(_)) => (vec![parsed::<WireOne>(text)?.claim], true),
            Some(Wire::Array(_)) => (parsed::<WireSeveral>(text)?.claim, false),
            _ => {
                return Err(Error::input(
                    "no claim is declared here; write one below [claim], or several below [[claim]]",
                ));
            }
        };
        let known: Vec<String> = claims.iter().map(|claim| claim.id.clone()).collect();
        let place = match id {
            Some(id) => known.iter().position(|known| known == id),
            None => Some(0).filter(|_| known.len() == 1),
        };
        let Some(place) = place else {
            let file = path.display();
            return Err(Error::input(format!(
                "name one of the claims that are declared here: {file}:{}",
                known.join(&format!(", {file}:"))
            )));
        };
        let wire = claims.into_iter().nth(place).ok_or_else(|| Error::Defect("a claim was lost".into()))?;
        let Some(written) = written(&wire, text)? else {
            return Err(Error::input(
                "[claim]: write what is measured: event = \"S >= t\", mean = \"abs(S)\", quantile or command",
            ));
        };
        let symbols = !(wire.symbols.is_empty() && wire.computed.is_empty() && wire.observed.is_empty());
        if symbols {
            return Err(Error::input(
                "[claim]: symbols, computed and observed are for claims of the program; write let",
            ));
        }
        if !wire.bounds.get_ref().contains_key(PRINTED) {
            let message = format!("bounds: call the bound that is claimed {PRINTED}; others have names of your own");
            return Err(Error::input(message).at(line(text, &wire.bounds.span())));
        }
        let declaration = match &table["claim"] {
            Wire::Array(claims) => claims[place].clone(),
            claim => claim.clone(),
        };
        let handle = path.display().to_string() + &if is_alone { String::new() } else { format!(":{}", wire.id) };
        let toml = toml::to_string(&Table::from_iter([("claim".to_string(), declaration)]));
        let toml = toml.map_err(|error| Error::Defect(format!("a claim cannot be written: {error}")))?;
        let place = |constant: &Spanned<String>| line(text, &constant.span());
        let places: Vec<String> = wire.constants.iter().map(place).collect();
        let statement = Self::from_wire(inferred(wire, &written), text)?;
        statement
            .constants
            .iter()
            .zip(places)
            .try_for_each(|(name, place)| statement.check_constant(name).map_err(|error| error.at(place)))?;
        Ok((Statement { origin: Some(Origin { handle, toml }), ..statement }.searched(), written))
    }

    /// Refuses a constant of a user's that no cell can say anything of.
    fn check_constant(&self, name: &str) -> Result<()> {
        let refused = |text: &str| Err(Error::input(format!("exists: {name}{text}")));
        let is_used = |used: &str| self.stands_for(used, name);
        let in_bounds = self.bounds.iter().flat_map(|clause| clause.formula.names());
        let in_hypotheses = self.hypotheses.iter().flat_map(|premise| premise.condition.names());
        let parameter = &self.parameters[super::position(&self.parameters, name)?];
        match (&parameter.domain, self.relation) {
            (Domain::Real(interval), _) if interval.low < 0.0 => {
                refused(" may be below 0; write a domain such as \"0<..100\"")
            }
            (Domain::Real(_), Relation::Equal { .. }) => {
                refused(": an equality has no least constant; write the relation at-most or at-least")
            }
            (Domain::Real(_), _) if in_bounds.chain(in_hypotheses).any(is_used) => Ok(()),
            (Domain::Real(_), _) => {
                refused(" stands in no bound and no hypothesis; write it there, as in \"C*sqrt(n)\"")
            }
            _ => refused(" is no real number; write its domain as \"0<..100\""),
        }
    }

    /// The statement with the domains of numbers as the ranges of searches where none are given. A default is for a search the only
    /// value, but of a constant that is sought.
    fn searched(mut self) -> Self {
        let with_search = |parameter: &Parameter| {
            let is_open = parameter.default.is_none() || self.constants.contains(&parameter.name);
            let search = match &parameter.domain {
                Domain::Integer(low, high) if is_open => Some((*low as f64, *high as f64)),
                Domain::Real(interval) if is_open => {
                    let (low, high) = interval.ends();
                    let (low, high) = (low.max(-MOST_SEARCHED), high.min(MOST_SEARCHED));
                    let is_open_at_0 = interval.low == 0.0 && !interval.with_low;
                    Some((if is_open_at_0 { LEAST_SEARCHED * interval.high.min(1.0) } else { low }, high))
                }
                _ => None,
            };
            Parameter { search: parameter.search.or(search), ..parameter.clone() }
        };
        self.parameters = self.parameters.iter().map(with_search).collect();
        self
    }

    fn from_wire(wire: WireStatement, text: &str) -> Result<Self> {
        let drawn: Vec<String> = wire.draw.keys().map(|name| name.get_ref().clone()).collect();
        let missing = |key: &str| Error::input(format!("[claim]: {key} is missing"));
        let parameters = wire.parameters.into_iter().map(|(name, wire)| parameter(name, wire));
        let parameters: Vec<Parameter> = parameters.collect::<Result<_>>()?;
        let relation = match wire.relation.get_ref() {
            WireRelation::Named(name) => Relation::parse(name),
            WireRelation::Equal { equal } => Ok(Relation::Equal { tolerance: *equal }),
        };
        let relation = relation.map_err(|error| error.at(line(text, &wire.relation.span())))?;
        let texts = |key: &str, table: Table| -> Result<Vec<(String, String)>> {
            let pair = |(name, value): (String, Wire)| match value {
                Wire::String(text) => Ok((name, text)),
                other => Err(Error::input(format!("{key}.{name} = {other}: write a text in quotation marks"))),
            };
            table.into_iter().map(pair).collect()
        };
        let lets = texts("let", wire.lets)?;
        let lets = lets.into_iter().map(|(name, text)| {
            let formula = Formula::parse(&text).map_err(|error| error.at(format!("let.{name}")))?;
            Ok((name, formula))
        });
        let symbols = texts("symbols", wire.symbols)?;
        let hypotheses = wire.hypotheses.into_iter().map(|premise| {
            let place = line(text, &premise.span());
            premise_of(premise.into_inner()).map_err(|error| error.at(place))
        });
        let at_bounds = line(text, &wire.bounds.span());
        let bounds = wire.bounds.into_inner().into_iter().map(|(name, wire)| clauses(&name, wire));
        let bounds: Vec<Vec<Clause>> = bounds.collect::<Result<_>>().map_err(|error| error.at(at_bounds))?;
        let constants: Vec<Spanned<String>> = wire.constants;
        for constant in constants.iter().chain(&wire.smallest) {
            super::position(&parameters, constant.get_ref()).map_err(|error| error.at(line(text, &constant.span())))?;
        }
        let statement = Statement {
            id: wire.id,
            source: wire.source,
            statement: wire.statement.ok_or_else(|| missing("statement"))?,
            measured: wire.measured.ok_or_else(|| missing("measured"))?,
            relation,
            quantity: wire.quantity.ok_or_else(|| missing("quantity"))?,
            constants: constants.into_iter().map(Spanned::into_inner).collect(),
            smallest: wire.smallest.into_iter().map(Spanned::into_inner).collect(),
            lets: lets.collect::<Result<_>>()?,
            symbols,
            hypotheses: hypotheses.collect::<Result<_>>()?,
            computed: wire.computed,
            observed: wire.observed,
            parameters: parameters.into(),
            bounds: bounds.concat(),
            readings: wire.readings,
            without: Vec::new(),
            what_if: String::new(),
            origin: None,
        };
        statement.check_names(&drawn)?;
        Ok(statement)
    }

    /// Refuses names in formulas that stand for nothing, or for a draw.
    fn check_names(&self, drawn: &[String]) -> Result<()> {
        let mut known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        known.extend(self.symbols.iter().map(|(name, _)| name.as_str()).chain(["pi", "e"]));
        let check = |known: &[&str], name: &str, place: String| match known.contains(&name) {
            true => Ok(()),
            false if drawn.iter().any(|drawn| drawn == name) => {
                let message = format!(
                    "{name} is drawn, and this is a formula of the cell's numbers; known are {}",
                    known.join(", ")
                );
                Err(Error::input(message).at(place))
            }
            false => Err(Error::input(format!("{name} is unknown; known are {}", known.join(", "))).at(place)),
        };
        for (name, formula) in &self.lets {
            formula.names().try_for_each(|used| check(&known, used, format!("let.{name}")))?;
            known.push(name);
        }
        for clause in &self.bounds {
            clause.formula.names().try_for_each(|used| check(&known, used, format!("bounds.{}", clause.name)))?;
        }
        let conditions = self.hypotheses.iter().flat_map(|premise| [Some(&premise.condition), premise.at.as_ref()]);
        for condition in conditions.chain(self.bounds.iter().map(|clause| clause.at.as_ref())).flatten() {
            let words: Vec<&str> = condition
                .pairs_of_names()
                .filter(|(name, _)| self.takes_words(name))
                .flat_map(|(_, word)| word.split('-'))
                .collect();
            let names = condition.names().filter(|name| !words.contains(name));
            names.into_iter().try_for_each(|used| check(&known, used, condition.text().to_string()))?;
        }
        Ok(())
    }

    /// Whether the parameter of this name has values that are words.
    fn takes_words(&self, name: &str) -> bool {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
        parameter.is_some_and(|parameter| !parameter.domain.is_numeric())
    }
}

/// Searches look at numbers between these where a domain has no ends.
const MOST_SEARCHED: f64 = 1e6;
const LEAST_SEARCHED: f64 = 1e-6;

/// Reads TOML; an error has its line.
fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| Error::toml(text, &error))
}

/// The draw that is declared beside a statement; `None` where nothing is.
fn written(wire: &WireStatement, text: &str) -> Result<Option<Written>> {
    let located = |spanned: &Spanned<String>| located(text, spanned);
    let quantile = match &wire.quantile {
        Some(WireQuantile { of, level }) if (0.0..1.0).contains(level.get_ref()) && *level.get_ref() > 0.0 => {
            Some((located(of), *level.get_ref()))
        }
        Some(WireQuantile { level, .. }) => {
            let message = format!("level = {}: write a number between 0 and 1", level.get_ref());
            return Err(Error::input(message).at(line(text, &level.span())));
        }
        None => None,
    };
    let mut draws: Vec<(&Spanned<String>, &Spanned<String>)> = wire.draw.iter().collect();
    draws.sort_by_key(|(name, _)| name.span().start);
    let written = Written {
        draws: draws.into_iter().map(|(name, drawn)| (located(name), located(drawn))).collect(),
        given: wire.given.as_ref().map(located),
        event: wire.event.as_ref().map(located),
        mean: wire.mean.as_ref().map(located),
        quantile,
        command: command(wire, text)?,
    };
    let is_some = !written.draws.is_empty()
        || [&written.given, &written.event, &written.mean].into_iter().any(Option::is_some)
        || written.quantile.is_some();
    match (is_some, &written.command, &wire.command) {
        (true, Some(_), Some(command)) => {
            let message =
                "command: the command draws, so that draw, given, event, mean and quantile say nothing; leave them out";
            Err(Error::input(message).at(line(text, &command.span())))
        }
        (_, command, _) => Ok((is_some || command.is_some()).then_some(written)),
    }
}

/// The command that draws, if there is one.
fn command(wire: &WireStatement, text: &str) -> Result<Option<Command>> {
    let refused = |key: &str, message: &str, span: Range<usize>| {
        Err(Error::input(format!("{key}: {message}")).at(line(text, &span)))
    };
    let Some(command) = &wire.command else {
        return match (&wire.values, &wire.timeout) {
            (Some(values), _) => refused(
                "values",
                "it belongs to a command, as in command = [\"python3\", \"sampler.py\"]",
                values.span(),
            ),
            (_, Some(timeout)) => refused("timeout", "it belongs to a command", timeout.span()),
            _ => Ok(None),
        };
    };
    if command.get_ref().first().is_none_or(String::is_empty) {
        return refused(
            "command",
            "write the program and its arguments, as in [\"python3\", \"sampler.py\"]",
            command.span(),
        );
    }
    let range = match &wire.values {
        None => None,
        Some(values) if values.get_ref() == "event" => None,
        Some(values) => {
            let ends = match Domain::parse(values.get_ref()) {
                Ok(Domain::Integer(low, high)) => Some((low as f64, high as f64)),
                Ok(Domain::Real(interval)) => Some((interval.low, interval.high)),
                _ => None,
            };
            match ends.filter(|(low, high)| *low >= 0.0 && *low < *high && high.is_finite()) {
                Some(ends) => Some(ends),
                None => {
                    let message = "write \"event\" for values that are 0 or 1, or between which numbers from 0 on they lie, as in \"0..10\"";
                    return refused("values", message, values.span());
                }
            }
        }
    };
    let timeout = match &wire.timeout {
        None => TIMEOUT,
        Some(seconds) if *seconds.get_ref() > 0.0 && *seconds.get_ref() <= MOST_SECONDS => *seconds.get_ref(),
        Some(seconds) => {
            return refused("timeout", "write the seconds that an answer may take, up to 86400", seconds.span());
        }
    };
    Ok(Some(Command { words: command.get_ref().clone(), range, timeout }))
}

/// The seconds that an answer of a command may take where nothing is said, and the most that can be said.
const TIMEOUT: f64 = 30.0;
const MOST_SECONDS: f64 = 86_400.0;

/// A text with the place of its first letter.
fn located(text: &str, spanned: &Spanned<String>) -> Located {
    let start = spanned.span().start;
    let rest = &text[start..];
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes)).map_or(0, str::len);
    // A line break right after three quotes belongs to the quotes.
    let is_next_line = quotes == 3 && rest[quotes..].starts_with('\n');
    let start = start + quotes + usize::from(is_next_line);
    let before = &text[..start];
    let column = 1 + before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    Located { text: spanned.get_ref().clone(), line: 1 + before.matches('\n').count(), column }
}

/// What a declaration tells of a statement, where it is not written.
fn inferred(wire: WireStatement, written: &Written) -> WireStatement {
    let (measured, quantity) = match (&written.event, &written.mean, &written.quantile) {
        (Some(event), ..) => (format!("Pr({})", event.text), Quantity::Probability),
        (_, Some(mean), _) => (format!("E[{}]", mean.text), Quantity::Size),
        (.., Some((of, level))) => (format!("{level}-quantile of {}", of.text), Quantity::Size),
        _ if written.command.as_ref().is_some_and(|command| command.range.is_none()) => {
            ("Pr(the sampler's event)".into(), Quantity::Probability)
        }
        _ if written.command.is_some() => ("E[the sampler's value]".into(), Quantity::Size),
        _ => (String::new(), Quantity::Size),
    };
    let measured = wire.measured.unwrap_or(measured);
    let printed = wire.bounds.get_ref().get(PRINTED).and_then(Wire::as_str).unwrap_or(PRINTED);
    let relation = match wire.relation.get_ref() {
        WireRelation::Named(name) => name.replace('-', " "),
        WireRelation::Equal { .. } => "equal to".into(),
    };
    let statement = wire.statement.unwrap_or_else(|| format!("{measured} is {relation} {printed}."));
    let source = if wire.source.is_empty() { wire.id.clone() } else { wire.source };
    let quantity = Some(wire.quantity.unwrap_or(quantity));
    WireStatement { source, statement: Some(statement), measured: Some(measured), quantity, ..wire }
}

fn parameter(name: String, wire: Wire) -> Result<Parameter> {
    let here = |error: Error| error.at(format!("parameters.{name}"));
    let wire = match wire {
        Wire::String(domain) => {
            WireParameter { domain: WireDomain::Interval(domain), default: None, meaning: String::new(), search: None }
        }
        Wire::Array(_) => WireParameter {
            domain: wire.try_into().map_err(|error: toml::de::Error| here(Error::toml("", &error)))?,
            default: None,
            meaning: String::new(),
            search: None,
        },
        other => other.try_into().map_err(|error: toml::de::Error| here(Error::toml("", &error)))?,
    };
    let domain = match wire.domain {
        WireDomain::Interval(text) => Domain::parse(&text).map_err(here)?,
        WireDomain::Words(words) => Domain::Word(words),
        WireDomain::Vector { vector, words } => Domain::Vector { words, length: vector },
        WireDomain::Text { text } => Domain::Text(text),
    };
    let search = wire.search.map(|text| match Domain::parse(&text)? {
        Domain::Integer(low, high) => Ok((low as f64, high as f64)),
        Domain::Real(interval) => Ok((interval.low, interval.high)),
        _ => Err(Error::input("search: write an interval such as \"1..1e6\"")),
    });
    let default = wire.default.map(|value| match value {
        Wire::String(text) => text,
        other => other.to_string(),
    });
    let parameter = Parameter {
        search: search.transpose().map_err(here)?,
        name: name.clone(),
        domain,
        default,
        meaning: wire.meaning,
    };
    parameter.default.as_ref().map(|text| parameter.parse(text)).transpose().map_err(here)?;
    Ok(parameter)
}

fn premise_of(wire: WirePremise) -> Result<Premise> {
    let (name, condition, at) = match wire {
        WirePremise::Plain(text) => (text.clone(), text, None),
        WirePremise::Named { name, condition, at } => (name, condition, at),
    };
    let at = at.map(|text| Condition::parse(&text)).transpose()?;
    Ok(Premise { name, condition: Condition::parse(&condition)?, at, is_added: false })
}

fn clauses(name: &str, wire: Wire) -> Result<Vec<Clause>> {
    let wire: WireClauses = wire.try_into().map_err(|_| {
        Error::input(
            "write a formula in quotation marks, or { formula = \"...\", where = \"...\" }, or a list of these",
        )
        .at(format!("bounds.{name}"))
    })?;
    let plain = |formula: String| WireClause { formula, at: None, relation: None };
    let wire = match wire {
        WireClauses::Plain(text) => vec![plain(text)],
        WireClauses::One(one) => vec![one],
        WireClauses::Several(several) => several,
    };
    let clause = |wire: WireClause| {
        Ok(Clause {
            name: name.to_string(),
            formula: Formula::parse(&wire.formula)?,
            at: wire.at.map(|text| Condition::parse(&text)).transpose()?,
            relation: wire.relation.map(|text| Relation::parse(&text)).transpose()?,
            is_draft: false,
        })
    };
    wire.into_iter().map(|wire| clause(wire).map_err(|error: Error| error.at(format!("bounds.{name}")))).collect()
}

/// The line, from 1, at which a span begins, as a place.
fn line(text: &str, span: &Range<usize>) -> String {
    format!("line {}", line_of(text, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[claim]
id = "toy"
source = "a test"
statement = "words"
measured = "Pr(X)"
relation = "at-most"
quantity = "probability"
hypotheses = ["k >= 2", { name = "small", condition = "eps < half", where = "law == half-normal" }]

[claim.parameters]
k = "1..10"
eps = { domain = "0<..<1", default = 0.5, search = "1e-3..0.5" }
law = ["normal", "half-normal"]

[claim.let]
half = "1/2"

[claim.bounds]
printed = "exp(-k)"
other = [
    { formula = "eps", where = "law == normal" },
    { formula = "half", where = "law == half-normal", relation = "at-least" },
]
"#;

    #[test]
    fn a_statement_is_read_whole() {
        let statement = Statement::from_toml(TEXT).unwrap();
        assert_eq!(statement.parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["k", "eps", "law"]);
        assert_eq!(statement.parameters[1].search, Some((1e-3, 0.5)));
        assert_eq!(
            (statement.bound_names(), statement.formula("other")),
            (vec!["printed", "other"], "eps, or half".into())
        );
        assert_eq!(statement.hypothesis_names(), ["k >= 2", "small"]);
        assert_eq!(["printed", "other"].map(|bound| statement.relation_of(bound).name()), ["at-most", "at-least"]);
    }

    #[test]
    fn errors_name_the_place_and_what_to_write() {
        let refused = |from: &str, to: &str| {
            assert!(TEXT.contains(from), "{from}");
            Statement::from_toml(&TEXT.replace(from, to)).unwrap_err().to_string()
        };
        for (from, to, expected) in [
            ("relation = \"at-most\"", "relation = \"below\"", "line 7: relation \"below\": write at-least or at-most"),
            ("id = \"toy\"", "di = \"toy\"", "line 3: unknown field `di`"),
            ("\"1..10\"", "\"10..1\"", "parameters.k: the domain \"10..1\": write whole numbers as"),
            ("\"k >= 2\"", "\"k >\"", "line 9: "),
            ("exp(-k)", "exp(-q)", "bounds.printed: q is unknown; known are k, eps, law, pi, e, half"),
            ("eps < half", "eps < quarter", "eps < quarter: quarter is unknown"),
            ("default = 0.5", "default = 2", "parameters.eps: eps = 2: write a number above 0 and below 1"),
            ("\"1/2\"", "\"1/\"", "let.half: "),
        ] {
            let error = refused(from, to);
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
