//! Pieces of JSON that several verbs print.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::evidence::Evidence;
use crate::numeric::{self, number};
use crate::statement::{Cell, Value};

/// A number as JSON text, which reaches where f64 does not.
pub type Number = Box<RawValue>;

/// Decimal text as a JSON number.
pub fn json_number(text: String) -> Number {
    RawValue::from_string(text).expect("decimal text is JSON")
}

/// The number of a log; none where it has no decimal digits.
pub fn printed(ln: f64) -> Option<Number> {
    numeric::decimal(ln).map(json_number)
}

/// A log, if it is finite.
pub fn finite(ln: f64) -> Option<Number> {
    ln.is_finite().then(|| json_number(number(ln)))
}

/// A number, or the limits between which it lies.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Span {
    /// Known but for rounding.
    Number(Option<Number>),
    /// Sampled, or only partly known; an end that is open is null.
    Limits([Option<Number>; 2]),
}

/// A measured value with its limits.
#[derive(Clone, Serialize)]
pub struct Measured {
    pub value: Option<Number>,
    pub ln: Option<Number>,
    /// Missing where it has no decimal digits: its log has them.
    pub lo: Option<Number>,
    /// Missing where there is no upper limit, or it has no decimal digits.
    pub hi: Option<Number>,
    pub ln_lo: Option<Number>,
    pub ln_hi: Option<Number>,
    pub method: &'static str,
    pub work: u64,
    /// The law of which it is, where a search chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

impl From<&Evidence> for Measured {
    fn from(evidence: &Evidence) -> Self {
        Measured {
            value: evidence.ln.and_then(printed),
            ln: evidence.ln.and_then(finite),
            lo: printed(evidence.ln_lo),
            hi: printed(evidence.ln_hi).filter(|_| evidence.ln_hi < f64::INFINITY),
            ln_lo: finite(evidence.ln_lo),
            ln_hi: finite(evidence.ln_hi),
            method: evidence.method.name(),
            work: evidence.work,
            law: evidence.law.clone(),
        }
    }
}

/// A cell as an object.
pub fn cell_object(cell: &Cell) -> serde_json::Map<String, serde_json::Value> {
    let value = |value: &Value| match value {
        Value::Integer(value) => serde_json::json!(value),
        // 1 stays 1, as in the records.
        Value::Real(value) => serde_json::from_str(&number(*value)).expect("decimal text is JSON"),
        other => serde_json::json!(other.to_string()),
    };
    cell.iter().map(|(name, v)| (name.to_string(), value(v))).collect()
}

/// A number that may be missing, for people.
pub fn shown(number: &Option<Number>) -> String {
    number.as_ref().map_or("unknown", |n| n.get()).to_string()
}

/// A number for people, or its log where it has no decimal digits.
pub fn shown_or_ln(number: &Option<Number>, ln: &Option<Number>) -> String {
    match (number, ln) {
        (None, Some(ln)) => format!("e^{}", ln.get()),
        (number, _) => shown(number),
    }
}

/// A report as JSON text.
pub fn pretty(report: &impl Serialize) -> String {
    serde_json::to_string_pretty(report).expect("a report has only texts and numbers")
}
