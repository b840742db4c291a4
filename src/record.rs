//! Records: one row a cell, method and bound. The only schema between measuring and showing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cell::{Cell, Parameter};
use crate::claims::{About, Bound, Claim, Hypothesis, Link, Quantity, Relation};
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Method};
use crate::numeric::{decimal, ln_of_decimal, number};
use crate::verdict::{judge, slack_log10, vacuous};

/// The columns before and after the claim's parameters.
const BEFORE: [&str; 2] = ["claim", "experiment"];
const AFTER: [&str; 16] = [
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
];

/// One row: text by column, as the CSV has it.
pub type Row = Vec<String>;

/// The columns of a claim's CSV.
pub fn header(parameters: &[Parameter]) -> Row {
    let middle = parameters.iter().map(|parameter| parameter.name);
    BEFORE.into_iter().chain(middle).chain(AFTER).map(String::from).collect()
}

/// The rows of a measured cell, one a bound.
pub fn rows(
    claim: &dyn Claim,
    experiment: &str,
    cell: &Cell,
    evidence: &Evidence,
    bounds: &[Bound],
    seed: u64,
) -> Vec<Row> {
    let About { relation, quantity, .. } = *claim.about();
    let hypotheses = hypotheses(claim, cell, evidence);
    let row = |bound| row(claim, experiment, cell, &hypotheses, evidence, bound, (relation, quantity), seed);
    bounds.iter().map(row).collect()
}

/// The rows of a proof's links at a cell: the left side is what is measured, the right side the bound.
pub fn link_rows(claim: &dyn Claim, experiment: &str, cell: &Cell, links: &[Link], seed: u64) -> Vec<Row> {
    let hypotheses = claim.hypotheses(cell);
    let row = |link: &Link| {
        let (left, right) = link.sides();
        row(claim, experiment, cell, &hypotheses, left, &right, (link.relation, Quantity::Size), seed)
    };
    links.iter().map(row).collect()
}

#[expect(clippy::too_many_arguments, reason = "a row is made of all of these")]
fn row(
    claim: &dyn Claim,
    experiment: &str,
    cell: &Cell,
    hypotheses: &[Hypothesis],
    evidence: &Evidence,
    bound: &Bound,
    (relation, quantity): (Relation, Quantity),
    seed: u64,
) -> Row {
    let unmet: Vec<String> = hypotheses.iter().filter_map(Hypothesis::unmet).collect();
    let finite = |ln: f64| if ln.is_finite() { number(ln) } else { String::new() };
    let mut row = vec![claim.about().id.to_string(), experiment.to_string()];
    row.extend(cell.values().iter().map(|(_, value)| value.to_string()));
    row.extend([
        evidence.ln.map(decimal).unwrap_or_default(),
        evidence.ln.map(finite).unwrap_or_default(),
        decimal(evidence.ln_lo),
        if evidence.ln_hi == f64::INFINITY { String::new() } else { decimal(evidence.ln_hi) },
        evidence.method.name().to_string(),
        evidence.work.to_string(),
        bound.name.clone(),
        bound.non_positive.map(number).unwrap_or_else(|| decimal(bound.ln)),
        finite(bound.ln),
        slack_log10(evidence, bound, relation).map(number).unwrap_or_default(),
        unmet.is_empty().to_string(),
        unmet.join("; "),
        vacuous(bound, relation, quantity).to_string(),
        judge(evidence, bound, relation).name().to_string(),
        seed.to_string(),
        env!("CARGO_PKG_VERSION").to_string(),
    ]);
    row
}

/// The statement's conditions at the cell, and those that only the constructed object could tell.
pub fn hypotheses(claim: &dyn Claim, cell: &Cell, evidence: &Evidence) -> Vec<Hypothesis> {
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
    /// `holds`, `violated` or `undecided`.
    pub verdict: String,
}

impl Record {
    /// Whether a hypothesis is unmet.
    pub fn outside(&self) -> bool {
        !self.unmet.is_empty()
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        self.columns.get("method").map(String::as_str).unwrap_or_default()
    }

    /// The place of the record's method among all, the most exact one first.
    pub fn rank(&self) -> usize {
        Method::ALL.iter().position(|known| known.name() == self.method()).unwrap_or(usize::MAX)
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
        .map_err(|error| Error::input(format!("{}: {error}; measure it again with lemmascope run", path.display())))
}

fn parse(text: &str) -> Result<Vec<Record>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| Error::input(format!("not a CSV of records ({error})"));
    let columns: Row = reader.headers().map_err(unreadable)?.iter().map(String::from).collect();
    if let Some(missing) = BEFORE.iter().chain(&AFTER).find(|name| !columns.iter().any(|c| c == *name)) {
        return Err(Error::input(format!("the column {missing} is missing")));
    }
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, |position| position.line());
        let record = record(&columns, &row).map_err(|error| Error::input(format!("line {line}: {error}")))?;
        records.push(record);
    }
    Ok(records)
}

fn record(columns: &[String], row: &csv::StringRecord) -> Result<Record> {
    let text = |name: &str| {
        let index = columns.iter().position(|column| column == name);
        index.and_then(|index| row.get(index)).unwrap_or_default()
    };
    let wrong = |name: &str| Error::input(format!("{name} = {:?} cannot be read", text(name)));
    let ln = |name: &str| ln_of_decimal(text(name)).ok_or_else(|| wrong(name));
    let optional = |name: &str| match text(name) {
        "" => Ok(None),
        value => value.parse::<f64>().map(Some).map_err(|_| wrong(name)),
    };
    let parameters = &columns[BEFORE.len()..columns.len() - AFTER.len()];
    let ln_measured = match (text("measured"), optional("ln_measured")?) {
        ("", _) => None,
        (_, Some(ln)) => Some(ln),
        (_, None) => Some(ln("measured")?),
    };
    let key: Vec<String> = parameters.iter().map(|name| format!("{name}={}", text(name))).collect();
    let shown = parameters.iter().map(String::as_str).chain(["method"]);
    Ok(Record {
        claim: text("claim").into(),
        columns: shown.map(|name| (name.to_string(), text(name).to_string())).collect(),
        key: key.join(";"),
        ln_measured,
        ln_lo: ln("lo")?,
        ln_hi: if text("hi").is_empty() { f64::INFINITY } else { ln("hi")? },
        bound: text("bound").into(),
        ln_bound: optional("ln_bound")?,
        slack_log10: optional("slack_log10")?,
        unmet: text("unmet").split("; ").filter(|name| !name.is_empty()).map(String::from).collect(),
        vacuous: text("vacuous") == "true",
        verdict: text("verdict").into(),
    })
}

/// The CSV text of rows under a claim's header.
pub fn to_csv(parameters: &[Parameter], rows: &[Row]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let all = std::iter::once(header(parameters)).chain(rows.iter().cloned());
    for row in all {
        writer.write_record(row).expect("every row has the header's length, and a Vec takes what it is given");
    }
    writer.into_inner().expect("a Vec takes what it is given")
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
    use crate::claims::{PRINTED, cell_of, find};
    use crate::evidence::Method;

    fn round_trip(evidence: &Evidence, bound: Bound) -> (String, Record) {
        let claim = find("nsn-box").unwrap();
        let cell = cell_of(claim, [("k", "8"), ("d", "2"), ("eps", "0.1"), ("target", "[0.5, -1]")]).unwrap();
        let rows = rows(claim, "test", &cell, evidence, &[bound], 7);
        let text = String::from_utf8(to_csv(claim.about().parameters, &rows)).unwrap();
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
        assert_eq!(record.verdict, "violated");
        assert_eq!(record.key, "k=8;d=2;eps=0.1;target=[0.5, -1]");
        assert!(text.starts_with("claim,experiment,k,d,eps,target,measured,ln_measured,lo,hi,method,work,bound,"));
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
