//! Certificates as JSON: written from a theorem's proof at a cell, and verified by computing all of it again.

use serde_json::{Map, Value, json};

use crate::certificate::{Point, Proof, Theorem, texts};
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::statement::{Cell, Hypothesis, position};

/// What the first field of a certificate says.
const FORMAT: &str = "lemmascope certificate";
/// The version of the format.
const VERSION: u64 = 1;
/// Where no reading is named, the text leaves no choice.
const AS_PRINTED: &str = "as printed";

/// The certificate that a bound fails at a cell: by the first of the theorems that proves it. Parameters on which the theorem does
/// not depend need not be given, and those that it chooses.
///
/// # Errors
/// Says why nothing is proved, and what is possible.
pub fn certify(claim: &Claim, theorems: &[&Theorem], bound: &str, given: &Point) -> Result<Value> {
    if !claim.what_if().is_empty() {
        return Err(Error::input(
            "a certificate speaks of the claim as it is stated: leave out --where, --without and --relation",
        ));
    }
    let own: Vec<&&Theorem> = theorems.iter().filter(|theorem| theorem.bound == bound).collect();
    if own.is_empty() {
        return Err(no_theorem(claim, theorems, bound));
    }
    let given = parsed(claim, given)?;
    let mut reasons = Vec::new();
    for theorem in own {
        match theorem.completed(&given).and_then(|point| certificate(claim, theorem, &point)) {
            Err(error) if error.is_input() => reasons.push(error.at(&theorem.id)),
            other => return other,
        }
    }
    match reasons.len() {
        1 => Err(reasons.remove(0)),
        _ => Err(Error::input(reasons.iter().map(Error::to_string).collect::<Vec<_>>().join("; "))),
    }
}

/// The point with each value as its parameter writes it.
fn parsed(claim: &Claim, given: &Point) -> Result<Point> {
    let parameters = &claim.statement().parameters;
    let mut point = Point::default();
    for (name, text) in given.iter() {
        point.set(name, parameters[position(parameters, name)?].parse(text)?);
    }
    Ok(point)
}

fn no_theorem(claim: &Claim, theorems: &[&Theorem], bound: &str) -> Error {
    let id = claim.statement().handle();
    let known = claim.statement().bound_names();
    if !known.contains(&bound) {
        return Error::input(format!("{id} has no bound {bound:?}; write one of {}", known.join(", ")));
    }
    let mut refuted: Vec<&str> = theorems.iter().map(|theorem| theorem.bound.as_str()).collect();
    refuted.dedup();
    let possible = match refuted.is_empty() {
        true => "evaluate measures it".to_string(),
        false => format!("there are certificates for {}, and evaluate measures this one", refuted.join(", ")),
    };
    Error::input(format!("{id}: no theorem refutes its bound {bound}; {possible}"))
}

/// The certificate of a bound's failure at the first of the cells at which there is one; where there is none, at a cell that agrees
/// with one of them but for parameters that a theorem chooses.
///
/// # Errors
/// Why there is none at the first cell.
pub fn certify_one<'a>(
    claim: &Claim,
    theorems: &[&Theorem],
    bound: &str,
    cells: impl IntoIterator<Item = &'a Cell>,
) -> Result<Value> {
    let points: Vec<Point> = cells.into_iter().map(point_of).collect();
    // What was found counts against the claim's own statement.
    let theorems: Vec<&Theorem> = theorems.iter().copied().filter(|theorem| theorem.statement.is_none()).collect();
    let at = |point: &Point| certify(claim, &theorems, bound, point);
    let near = |point: &Point| {
        let chosen = theorems.iter().filter(|theorem| theorem.bound == bound).flat_map(|theorem| &theorem.chooses);
        at(&point.without(&chosen.cloned().collect::<Vec<_>>())).ok()
    };
    let first =
        points.first().ok_or_else(|| Error::input("no counterexample was found: there is nothing to certify"))?;
    let found = points.iter().find_map(|point| at(point).ok()).or_else(|| points.iter().find_map(near));
    found.map_or_else(|| at(first), Ok)
}

/// The parameters of a cell with their texts.
fn point_of(cell: &Cell) -> Point {
    let mut point = Point::default();
    cell.iter().for_each(|(name, value)| point.set(name, value));
    point
}

/// The certificate of one theorem at a point.
fn certificate(claim: &Claim, theorem: &Theorem, point: &Point) -> Result<Value> {
    let cell = cell_of(claim, theorem, point)?;
    let free: Vec<String> = theorem.free.keys().cloned().collect();
    let point = point_of(&cell).without(&free);
    let hypotheses = claim.hypotheses(&cell);
    let mut made = hypotheses.iter().filter(|hypothesis| !theorem.without.contains(&hypothesis.name));
    if let Some(unmet) = made.find_map(Hypothesis::unmet) {
        return Err(Error::input(format!(
            "{}: outside the hypotheses, of which {unmet} is unmet; a certificate speaks of cells inside only",
            cell.key()
        )));
    }
    let proof = theorem.prove(&point)?;
    if !hypotheses.iter().map(|hypothesis| hypothesis.name.as_str()).eq(proof.hypotheses.iter().map(|(name, _)| *name))
    {
        return Err(Error::Defect(format!("the theorem {} checks other hypotheses than the statement's", theorem.id)));
    }
    Ok(written(claim, theorem, &point, &proof))
}

/// The cell of a point, where parameters on which the theorem does not depend may be missing.
fn cell_of(claim: &Claim, theorem: &Theorem, point: &Point) -> Result<Cell> {
    let free = texts(&theorem.free).filter(|(name, _)| point.get(name).is_none());
    claim.cell(point.iter().chain(free))
}

fn object<'a>(items: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    Value::Object(items.into_iter().map(|(name, text)| (name.to_string(), json!(text))).collect())
}

fn written(claim: &Claim, theorem: &Theorem, point: &Point, proof: &Proof) -> Value {
    let about = claim.statement();
    let readings: Vec<&str> = theorem
        .readings
        .iter()
        .filter_map(|name| about.readings.iter().find(|reading| reading.bound == *name))
        .map(|reading| reading.text.as_str())
        .collect();
    let hypotheses: Vec<Value> =
        proof.hypotheses.iter().map(|(name, checked)| json!({ "name": name, "checked": checked })).collect();
    json!({
        "format": FORMAT,
        "version": VERSION,
        "form": theorem.form,
        "claim": about.id,
        "source": theorem.source.as_deref().unwrap_or(&about.source),
        "statement": theorem.statement.as_deref().unwrap_or(&about.statement),
        "reading": if readings.is_empty() { AS_PRINTED.to_string() } else { readings.join("; ") },
        "bound": theorem.bound,
        "relation": about.relation_of(&theorem.bound).name(),
        "formula": about.formula(&theorem.bound),
        "theorem": theorem.id,
        "refutes": theorem.refutes,
        "cell": object(point.iter()),
        "region": theorem.region,
        "hypotheses": hypotheses,
        "argument": theorem.argument,
        "inequality": {
            "text": theorem.inequality,
            "left": proof.left.to_string(),
            "right": proof.right.to_string(),
        },
        "data": object(proof.data.iter().map(|(name, text)| (*name, text.as_str()))),
    })
}

/// Reads the text of a certificate.
///
/// # Errors
/// Where it is no JSON (a truncated file), another kind of file, or of another version.
pub fn read(text: &str) -> Result<Value> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Error::input(format!("this is no whole JSON document ({error}); write the certificate again"))
    })?;
    if value.get("format") != Some(&json!(FORMAT)) {
        return Err(Error::input(format!("format: a certificate says {FORMAT:?} there")));
    }
    if value.get("version") != Some(&json!(VERSION)) {
        return Err(Error::input(format!("version: this program reads version {VERSION}")));
    }
    Ok(value)
}

/// The text of a field.
///
/// # Errors
/// Names a field that is missing or holds no text.
pub fn field<'a>(certificate: &'a Value, name: &str) -> Result<&'a str> {
    let text = certificate.get(name).and_then(Value::as_str);
    text.ok_or_else(|| Error::input(format!("{name}: a certificate has a text there")))
}

/// Computes the certificate again from the claim and the cell that it names, and compares every field.
///
/// # Errors
/// Names the first field that is not what was computed, or why nothing is proved at the cell.
pub fn verify(claim: &Claim, theorems: &[&Theorem], certificate: &Value) -> Result<()> {
    let (id, bound) = (field(certificate, "theorem")?, field(certificate, "bound")?);
    let theorem = theorems.iter().find(|theorem| theorem.id == id).ok_or_else(|| {
        let known: Vec<&str> = theorems.iter().map(|theorem| theorem.id.as_str()).collect();
        Error::input(format!(
            "theorem: {id:?} refutes nothing of {}; its theorems are: {}",
            claim.id(),
            known.join(", ")
        ))
    })?;
    if theorem.bound != bound {
        return Err(Error::input(format!("bound: the theorem {id} refutes {}, not {bound}", theorem.bound)));
    }
    let cell = certificate.get("cell").and_then(Value::as_object);
    let cell = cell.ok_or_else(|| Error::input("cell: a certificate has an object there"))?;
    let point: Option<Point> = cell
        .iter()
        .map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect::<Option<Vec<_>>>()
        .map(Point::from_iter);
    let point = point.ok_or_else(|| Error::input("cell: a certificate has the parameters' texts there"))?;
    if let Some((name, value)) = texts(&theorem.only).find(|(name, value)| point.get(name) != Some(value)) {
        return Err(Error::input(format!("cell.{name}: the theorem {id} speaks of {name} = {value} only")));
    }
    let computed = self::certificate(claim, theorem, &point).map_err(|error| error.at("cell"))?;
    match difference("", &computed, certificate) {
        None => Ok(()),
        Some(place) => Err(Error::input(format!("{place}: this is not what the claim and the cell give"))),
    }
}

/// The first field in which two values differ.
fn difference(place: &str, computed: &Value, found: &Value) -> Option<String> {
    let inside = |name: &str| if place.is_empty() { name.to_string() } else { format!("{place}.{name}") };
    let in_object = |computed: &Map<String, Value>, found: &Map<String, Value>| {
        let extra = found.keys().find(|name| !computed.contains_key(*name));
        let mut differing = computed.iter().filter_map(|(name, value)| match found.get(name) {
            Some(other) => difference(&inside(name), value, other),
            None => Some(inside(name)),
        });
        differing.next().or_else(|| extra.map(|name| inside(name)))
    };
    match (computed, found) {
        (Value::Object(computed), Value::Object(found)) => in_object(computed, found),
        (Value::Array(computed), Value::Array(found)) if computed.len() == found.len() => {
            let items = computed.iter().zip(found).enumerate();
            items.into_iter().find_map(|(i, (computed, found))| difference(&inside(&i.to_string()), computed, found))
        }
        _ => (computed != found).then(|| place.to_string()),
    }
}

/// What a certificate says, in one line.
pub fn summary(certificate: &Value) -> String {
    let text = |name: &str| certificate.get(name).and_then(Value::as_str).unwrap_or_default();
    let cell = certificate.get("cell").and_then(Value::as_object).into_iter().flatten();
    let cell: Vec<String> =
        cell.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    format!(
        "{} ({}), bound {}: refuted at {} by {}; holds for {}; refutes {}",
        text("claim"),
        text("source"),
        text("bound"),
        cell.join(" "),
        text("theorem"),
        text("region"),
        text("refutes")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{find, theorems};

    /// The worst cell of Lemma 8 lies at the edge of its hypothesis, where the theorem's constants do not reach.
    #[test]
    fn where_no_cell_has_a_certificate_a_theorem_may_choose_another() {
        let claim = find("nsn-joint-box").unwrap();
        let given = [("k", "411"), ("j", "1"), ("d", "3"), ("eps", "7.348422889945765e-7")];
        let cell = claim.cell(given).unwrap();
        assert!(certify(&claim, &theorems(&claim), "printed", &given.into_iter().collect()).is_err());
        let certificate = certify_one(&claim, &theorems(&claim), "printed", [&cell]).unwrap();
        assert_eq!((&certificate["cell"]["d"], &certificate["cell"]["eps"]), (&json!("3"), &json!("1e-10")));
        assert!(verify(&claim, &theorems(&claim), &certificate).is_ok());
        assert!(certify_one(&claim, &theorems(&claim), "two-pi", [&cell]).is_err());
        assert!(certify_one(&claim, &theorems(&claim), "printed", []).is_err());
    }
}
