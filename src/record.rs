//! Records: one row a cell, method and bound. The only schema between measuring and showing.

use std::collections::{BTreeMap, HashMap};
use std::f64::consts::LN_10;
use std::path::Path;
use strum::VariantArray;

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Method};
use crate::measurand::Link;
use crate::numeric::{decimal, ln_of_decimal, number};
use crate::output::csv;
use crate::statement::{Bound, Hypothesis, PRINTED, Quantity, Relation};
use crate::statement::{Cell, Parameter};
use crate::verdict::{Verdict, pronounce, slack_log10, vacuous};

/// The columns before and after the claim's parameters.
const BEFORE: [&str; 2] = ["claim", "experiment"];
const AFTER: [&str; 27] = [
    "measured",
    "ln_measured",
    "lo",
    "hi",
    "method",
    "work",
    "bound",
    "bound_value",
    "ln_bound",
    "slack_log10",
    "hypotheses_met",
    "unmet",
    "vacuous",
    "verdict",
    "seed",
    "version",
    "relation",
    "formula",
    "what_if",
    "ln_lo",
    "ln_hi",
    "alpha",
    "design",
    "revision",
    "least_constant",
    "reason",
    "worst_law",
];

/// One row: text by column, as the CSV has it.
pub type Row = Vec<String>;

/// The hash of the source from which the program was built.
pub const REVISION: &str = env!("LEMMASCOPE_SOURCE");

/// Where a record comes from: what its experiment was, and what chance of error its interval took.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The experiment's name.
    pub experiment: &'a str,
    /// The hash of the experiment's design: the claim with its changes, cells, methods, precision.
    pub design: &'a str,
    /// The run's seed.
    pub seed: u64,
    /// The cell's share of the chance of error.
    pub alpha: f64,
}

/// The columns of a claim's CSV.
pub fn header(parameters: &[Parameter]) -> Row {
    let middle = parameters.iter().map(|parameter| parameter.name.as_str());
    BEFORE.into_iter().chain(middle).chain(AFTER).map(String::from).collect()
}

/// Whether records have a column of this name, which no parameter may have then.
pub fn is_column(name: &str) -> bool {
    BEFORE.contains(&name) || AFTER.contains(&name)
}

/// The rows of a measured cell, one a bound.
pub fn rows(claim: &Claim, origin: &Origin, cell: &Cell, evidence: &Evidence, bounds: &[Bound]) -> Vec<Row> {
    let about = claim.statement();
    let hypotheses = hypotheses(claim, cell, evidence);
    let row = |bound: &Bound| {
        let judged = Judged {
            evidence,
            bound,
            relation: bound.relation.unwrap_or(about.relation),
            quantity: about.quantity,
            formula: claim.formula(&bound.name),
            verdict: pronounce(claim.statement(), evidence, bound),
            least_constant: None,
        };
        row(claim, origin, cell, &hypotheses, &judged)
    };
    bounds.iter().map(row).collect()
}

/// The rows of a proof's links at a cell: the left side is what is measured, the right side the bound. `constants` are those above
/// which the links hold, of those that are claimed for large constants; NaN or infinite where there is none.
pub fn link_rows(claim: &Claim, origin: &Origin, cell: &Cell, links: &[Link], constants: &[f64]) -> Vec<Row> {
    let hypotheses = claim.hypotheses(cell);
    let row = |(link, constant): (&Link, &f64)| {
        let (left, right) = link.sides();
        let judged = Judged {
            evidence: left,
            bound: &right,
            relation: link.relation,
            quantity: Quantity::Size,
            formula: link.text.to_string(),
            verdict: link.verdict(),
            least_constant: Some(*constant).filter(|constant| constant.is_finite()),
        };
        // What is proved takes no chance of error.
        let alpha = if link.is_proved() { 0.0 } else { origin.alpha };
        row(claim, &Origin { alpha, ..*origin }, cell, &hypotheses, &judged)
    };
    links.iter().zip(constants).map(row).collect()
}

/// A measured value beside a bound, with the verdict on it.
struct Judged<'a> {
    evidence: &'a Evidence,
    bound: &'a Bound,
    relation: Relation,
    quantity: Quantity,
    formula: String,
    verdict: Verdict,
    least_constant: Option<f64>,
}

fn row(claim: &Claim, origin: &Origin, cell: &Cell, hypotheses: &[Hypothesis], judged: &Judged) -> Row {
    let Judged { evidence, bound, relation, quantity, formula, verdict, least_constant } = judged;
    let unmet: Vec<String> = hypotheses.iter().filter_map(Hypothesis::unmet).collect();
    let finite = |ln: f64| if ln.is_finite() { number(ln) } else { String::new() };
    let mut row = vec![claim.statement().id.to_string(), origin.experiment.to_string()];
    row.extend(cell.values().iter().map(ToString::to_string));
    row.extend([
        evidence.ln.and_then(decimal).unwrap_or_default(),
        evidence.ln.map(finite).unwrap_or_default(),
        decimal(evidence.ln_lo).unwrap_or_default(),
        if evidence.ln_hi == f64::INFINITY { String::new() } else { decimal(evidence.ln_hi).unwrap_or_default() },
        evidence.method.name().to_string(),
        evidence.work.to_string(),
        bound.name.clone(),
        bound.non_positive.map_or_else(|| decimal(bound.ln).unwrap_or_default(), number),
        finite(bound.ln),
        slack_log10(evidence, bound, *relation).map(number).unwrap_or_default(),
        unmet.is_empty().to_string(),
        unmet.join("; "),
        vacuous(bound, *relation, *quantity).to_string(),
        verdict.name().to_string(),
        origin.seed.to_string(),
        env!("CARGO_PKG_VERSION").to_string(),
        relation.name().to_string(),
        formula.clone(),
        claim.what_if().to_string(),
        finite(evidence.ln_lo),
        finite(evidence.ln_hi),
        number(origin.alpha),
        origin.design.to_string(),
        REVISION.to_string(),
        least_constant.map(number).unwrap_or_default(),
        String::new(),
        evidence.law.clone().unwrap_or_default(),
    ]);
    row
}

/// The rows of a cell that could not be measured, one a bound (or one for the printed bound, where none is known), with the
/// reason.
pub fn failed_rows(
    claim: &Claim,
    origin: &Origin,
    cell: &Cell,
    method: Method,
    bounds: &[Bound],
    reason: &str,
) -> Vec<Row> {
    let relation = claim.statement().relation;
    let row = |name: &str, relation: Relation| {
        let known = |column: &str| match column {
            "claim" => claim.statement().id.to_string(),
            "experiment" => origin.experiment.to_string(),
            "method" => method.name().to_string(),
            "bound" => name.to_string(),
            "verdict" => Verdict::Failed.name().to_string(),
            "seed" => origin.seed.to_string(),
            "version" => env!("CARGO_PKG_VERSION").to_string(),
            "relation" => relation.name().to_string(),
            "formula" => claim.formula(name),
            "what_if" => claim.what_if().to_string(),
            "alpha" => number(origin.alpha),
            "design" => origin.design.to_string(),
            "revision" => REVISION.to_string(),
            "reason" => reason.to_string(),
            parameter => cell.get(parameter).map(ToString::to_string).unwrap_or_default(),
        };
        header(&claim.statement().parameters).iter().map(|column| known(column)).collect()
    };
    match bounds {
        [] => vec![row(PRINTED, relation)],
        _ => bounds.iter().map(|bound| row(&bound.name, bound.relation.unwrap_or(relation))).collect(),
    }
}

/// The statement's conditions at the cell, and those that only the constructed object decides.
pub fn hypotheses(claim: &Claim, cell: &Cell, evidence: &Evidence) -> Vec<Hypothesis> {
    claim.hypotheses(cell).into_iter().chain(evidence.observed.iter().cloned()).collect()
}

/// A record as it is read back: what plots, reports and tables are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The claim's id.
    pub claim: String,
    /// The claim's parameters and the method, as text by column.
    pub columns: BTreeMap<String, String>,
    /// The cell's key: the parameters in the claim's order.
    pub key: String,
    /// ln of the measured value; minus infinity for 0, `None` where nothing was decided.
    pub ln_measured: Option<f64>,
    /// ln of the lower limit; minus infinity for 0.
    pub ln_lo: f64,
    /// ln of the upper limit; infinite where there is none.
    pub ln_hi: f64,
    /// The bound's name.
    pub bound: String,
    /// ln of the bound; `None` where the bound is 0 or negative.
    pub ln_bound: Option<f64>,
    /// log10 of how far the measured value is on the claimed side.
    pub slack_log10: Option<f64>,
    /// The names of the unmet hypotheses; empty inside.
    pub unmet: Vec<String>,
    /// Whether the bound says nothing.
    pub vacuous: bool,
    /// What the evidence says about the bound.
    pub verdict: Verdict,
    /// On which side of the bound the measured value is claimed to lie, by name.
    pub relation: String,
    /// The bound's formula as text, or the link as it is printed.
    pub formula: String,
    /// What was changed in the claim's hypotheses and relation; empty for the claim itself.
    pub what_if: String,
    /// The share of the chance of error that the interval took.
    pub alpha: f64,
    /// The hash of the experiment's design.
    pub design: String,
    /// The run's seed.
    pub seed: String,
    /// The program's version and the hash of its source.
    pub revision: String,
}

/// What a record's verdict is about: records of one identity may be counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The claim's id.
    pub claim: String,
    /// The bound's name.
    pub bound: String,
    /// The relation's name.
    pub relation: String,
    /// The formula.
    pub formula: String,
    /// What was changed in the claim's hypotheses and relation.
    pub what_if: String,
}

impl Record {
    /// What the verdict is about.
    pub fn identity(&self) -> Identity {
        let Record { claim, bound, relation, formula, what_if, .. } = self.clone();
        Identity { claim, bound, relation, formula, what_if }
    }

    /// Whether the verdict is about this.
    pub fn is_of(&self, identity: &Identity) -> bool {
        self.bound == identity.bound
            && self.claim == identity.claim
            && self.relation == identity.relation
            && self.formula == identity.formula
            && self.what_if == identity.what_if
    }

    /// Between which numbers the true slack lies, as far as the measured limits go; infinite where an end is open. `None`
    /// beside a bound that is not positive.
    pub fn slack_limits(&self) -> Option<(f64, f64)> {
        let bound = self.ln_bound?;
        let (lo, hi) = (self.ln_lo - bound, self.ln_hi - bound);
        let (lo, hi) = match self.relation.as_str() {
            "at-least" => (lo, hi),
            "at-most" => (-hi, -lo),
            // The tolerance is what the slack and the difference add up to.
            _ => {
                let tolerance = self.slack_log10? * LN_10 + (self.ln_measured? - bound).abs();
                let nearest = if lo <= 0.0 && hi >= 0.0 { 0.0 } else { lo.abs().min(hi.abs()) };
                (tolerance - lo.abs().max(hi.abs()), tolerance - nearest)
            }
        };
        Some((lo / LN_10 + 0.0, hi / LN_10 + 0.0))
    }

    /// Whether a hypothesis is unmet.
    pub fn outside(&self) -> bool {
        !self.unmet.is_empty()
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        self.columns.get("method").map(String::as_str).unwrap_or_default()
    }

    /// The constant above which a link holds that is claimed for large ones, where it is known.
    pub fn least_constant(&self) -> Option<f64> {
        self.columns.get("least_constant")?.parse().ok()
    }

    /// Why nothing was measured; empty where something was.
    pub fn reason(&self) -> &str {
        self.columns.get("reason").map(String::as_str).unwrap_or_default()
    }

    /// The place of the record's method among all, the most exact one first.
    pub fn rank(&self) -> usize {
        Method::VARIANTS.iter().position(|known| known.name() == self.method()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
impl Record {
    /// A record for tests: measured 1 beside a bound of 1, inside the hypotheses.
    pub(crate) fn example(claim: &str, key: &str, bound: &str, verdict: Verdict) -> Self {
        let columns = key.split(';').filter_map(|item| item.split_once('=')).chain([("method", "quadrature")]);
        Record {
            claim: claim.into(),
            columns: columns.map(|(name, text)| (name.to_string(), text.to_string())).collect(),
            key: key.into(),
            ln_measured: Some(0.0),
            ln_lo: 0.0,
            ln_hi: 0.0,
            bound: bound.into(),
            ln_bound: Some(0.0),
            slack_log10: Some(0.0),
            unmet: Vec::new(),
            vacuous: false,
            verdict,
            relation: "at-least".into(),
            formula: "f".into(),
            what_if: String::new(),
            alpha: 1e-6,
            design: "0123".into(),
            seed: "1".into(),
            revision: "0".into(),
        }
    }
}

/// Reads an experiment's records.
///
/// # Errors
/// Where the file cannot be read, or a column is missing or unreadable: with the file, the line and the column.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    if !path.exists() {
        return Err(Error::input(format!("cannot read {}: no such file; lemmascope run writes it", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    parse(&text)
        .map_err(|error| Error::Damaged(format!("{}: {error}; measure it again with lemmascope run", path.display())))
}

/// Whether a file begins as records do.
pub fn is_records(path: &Path) -> bool {
    use std::io::Read;
    let start = format!("{},", BEFORE.join(","));
    let mut bytes = vec![0; start.len()];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok() && bytes == start.as_bytes()
}

fn parse(text: &str) -> Result<Vec<Record>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| Error::Damaged(format!("not a CSV of records ({error})"));
    let columns: Row = reader.headers().map_err(unreadable)?.iter().map(String::from).collect();
    if let Some(missing) = BEFORE.iter().chain(&AFTER).find(|name| !columns.iter().any(|c| c == *name)) {
        return Err(Error::input(format!("the column {missing} is missing")));
    }
    let places = columns.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, |position| position.line());
        let record = record(&columns, &places, &row).map_err(|error| error.at(format!("line {line}")))?;
        records.push(record);
    }
    Ok(records)
}

fn record(columns: &[String], places: &HashMap<&str, usize>, row: &csv::StringRecord) -> Result<Record> {
    let text = |name: &str| places.get(name).and_then(|place| row.get(*place)).unwrap_or_default();
    let wrong = |name: &str| Error::input(format!("{name} = {:?} cannot be read", text(name)));
    let ln = |name: &str| ln_of_decimal(text(name)).ok_or_else(|| wrong(name));
    let optional = |name: &str| match text(name) {
        "" => Ok(None),
        value => value.parse::<f64>().map(Some).map_err(|_| wrong(name)),
    };
    let parameters = &columns[BEFORE.len()..columns.len() - AFTER.len()];
    let ln_measured = match (text("measured"), optional("ln_measured")?) {
        // A number may be out of print where its log is not.
        (_, Some(ln)) => Some(ln),
        ("", None) => None,
        (_, None) => Some(ln("measured")?),
    };
    let key: Vec<String> = parameters.iter().map(|name| format!("{name}={}", text(name))).collect();
    let shown = parameters.iter().map(String::as_str).chain(["method", "least_constant", "reason"]);
    let lo = if text("lo").is_empty() { f64::NEG_INFINITY } else { ln("lo")? };
    Ok(Record {
        claim: text("claim").into(),
        columns: shown.map(|name| (name.to_string(), text(name).to_string())).collect(),
        key: key.join(";"),
        ln_measured,
        // A limit of 0 has no log; the text of a decimal has fewer digits than its log.
        ln_lo: optional("ln_lo")?.unwrap_or(lo),
        ln_hi: optional("ln_hi")?.unwrap_or(if text("hi").is_empty() { f64::INFINITY } else { ln("hi")? }),
        bound: text("bound").into(),
        ln_bound: optional("ln_bound")?,
        slack_log10: optional("slack_log10")?,
        unmet: text("unmet").split("; ").filter(|name| !name.is_empty()).map(String::from).collect(),
        vacuous: text("vacuous") == "true",
        verdict: Verdict::parse(text("verdict")).ok_or_else(|| wrong("verdict"))?,
        relation: text("relation").into(),
        formula: text("formula").into(),
        what_if: text("what_if").into(),
        alpha: text("alpha").parse().map_err(|_| wrong("alpha"))?,
        design: text("design").into(),
        seed: text("seed").into(),
        revision: format!("{} {}", text("version"), text("revision")),
    })
}

/// The CSV text of rows under a claim's header.
pub fn to_csv<'a>(parameters: &[Parameter], rows: impl IntoIterator<Item = &'a Row>) -> Vec<u8> {
    let header = header(parameters);
    csv([header.as_slice()].into_iter().chain(rows.into_iter().map(|row| row.as_slice())))
}

/// The records of the experiments of these names from a folder, in their order.
///
/// # Errors
/// As [`read`].
pub fn read_all<'a>(names: impl IntoIterator<Item = &'a str>, folder: &Path) -> Result<Vec<Vec<Record>>> {
    names.into_iter().map(|name| read(&folder.join(format!("{name}.csv")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Method;
    use crate::registry::find;
    use crate::statement::PRINTED;

    fn round_trip(evidence: &Evidence, bound: Bound) -> (String, Record) {
        let claim = &find("nsn-box").unwrap();
        let cell = claim.cell([("k", "8"), ("d", "2"), ("eps", "0.1"), ("target", "[0.5, -1]")]).unwrap();
        let origin = Origin { experiment: "test", design: "0123", seed: 7, alpha: 1e-5 };
        let rows = rows(claim, &origin, &cell, evidence, &[bound]);
        let text = String::from_utf8(to_csv(&claim.statement().parameters, &rows)).unwrap();
        let record = parse(&text).unwrap().remove(0);
        (text, record)
    }

    #[test]
    fn a_record_reads_back_also_far_below_f64() {
        let evidence = Evidence::enclosed(Some(-2000.0), -2001.0, -1999.0, Method::Literal, 3);
        let (text, record) = round_trip(&evidence, Bound::from_ln(PRINTED, -1500.0));
        assert!((record.ln_measured.unwrap() + 2000.0).abs() < 1e-9);
        assert!((record.ln_lo + 2001.0).abs() < 1e-8 && (record.ln_hi + 1999.0).abs() < 1e-8);
        assert_eq!(record.unmet, ["k >= 16"]);
        assert_eq!(record.verdict, Verdict::Violated);
        assert_eq!((record.relation.as_str(), record.alpha, record.design.as_str()), ("at-least", 1e-5, "0123"));
        assert_eq!(record.key, "k=8;d=2;eps=0.1;target=[0.5, -1]");
        assert!(text.starts_with("claim,experiment,k,d,eps,target,measured,ln_measured,lo,hi,method,work,bound,"));
    }

    #[test]
    fn a_cell_that_failed_is_a_row_with_its_reason() {
        let claim = &find("nsn-box").unwrap();
        let cell = claim.cell([("k", "8"), ("d", "2"), ("eps", "0.1"), ("target", "axis")]).unwrap();
        let origin = Origin { experiment: "test", design: "0123", seed: 7, alpha: 1e-5 };
        let rows =
            failed_rows(claim, &origin, &cell, Method::Literal, &claim.bounds(&cell).unwrap(), "too far, \"there\"");
        let text = String::from_utf8(to_csv(&claim.statement().parameters, &rows)).unwrap();
        let records = parse(&text).unwrap();
        assert!(records.len() > 1 && records.iter().all(|record| record.verdict == Verdict::Failed));
        assert_eq!((records[0].reason(), records[0].method()), ("too far, \"there\"", "literal"));
        assert_eq!(
            (records[0].ln_measured, records[0].ln_lo, records[0].ln_hi),
            (None, f64::NEG_INFINITY, f64::INFINITY)
        );
        assert_eq!(records[0].key, "k=8;d=2;eps=0.1;target=axis");
        assert!(!text.contains("inf") && !text.contains("NaN"));
        assert_eq!(failed_rows(claim, &origin, &cell, Method::Literal, &[], "x").len(), 1);
    }

    #[test]
    fn a_link_takes_its_share_of_the_chance_of_error_unless_both_sides_are_proved() {
        let claim = &find("nsn-box").unwrap();
        let cell = claim.cell([("k", "16"), ("d", "2"), ("eps", "0.1")]).unwrap();
        let origin = Origin { experiment: "test", design: "0123", seed: 7, alpha: 1e-5 };
        let proved = Evidence::enclosed(Some(-1.0), -1.0, -1.0, Method::Proved, 1);
        let measured = Evidence::closed_form(-2.0, 0.0, 1);
        let link = |left: &Evidence, right: &Evidence| {
            Link::new("one", "Eq. 1", "a >= b", Relation::AtLeast, left.clone(), right.clone())
        };
        let links = [link(&proved, &proved), link(&proved, &measured), link(&measured, &proved)];
        let rows = link_rows(claim, &origin, &cell, &links, &[f64::NAN; 3]);
        let records = parse(&String::from_utf8(to_csv(&claim.statement().parameters, &rows)).unwrap()).unwrap();
        assert_eq!(records.iter().map(|record| record.alpha).collect::<Vec<_>>(), [0.0, 1e-5, 1e-5]);
    }

    #[test]
    fn what_is_missing_is_empty() {
        let evidence = Evidence::enclosed(None, f64::NEG_INFINITY, 0.0, Method::Literal, 3);
        let (text, record) = round_trip(&evidence, Bound::from_value(PRINTED, -0.5));
        let row = text.lines().nth(1).unwrap();
        assert!(row.contains(",,,0,1,literal,3,printed,-0.5,,,false,"), "{row}");
        assert_eq!((record.ln_measured, record.ln_bound, record.slack_log10), (None, None, None));
        assert!(record.vacuous);
    }

    #[test]
    fn damaged_files_are_named_by_line_and_column() {
        assert!(parse("a,b\n1,2\n").unwrap_err().to_string().contains("column claim is missing"));
        let evidence = Evidence::closed_form(-1.0, 0.0, 1);
        let (text, _) = round_trip(&evidence, Bound::from_ln(PRINTED, -1.5));
        let damaged = text.replace("0.367879", "x");
        assert!(parse(&damaged).unwrap_err().to_string().contains("line 2: lo = "), "{}", parse(&damaged).unwrap_err());
        let cut = &text[..text.len() - 20];
        assert!(parse(cut).is_err());
    }
}
