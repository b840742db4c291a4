//! What searches for counterexamples printed as JSON.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::order;
use crate::numeric::number;

/// A search of one claim.
#[derive(Deserialize)]
pub struct Search {
    pub(super) claim: String,
    pub(super) command: String,
    pub(super) bounds: Vec<Searched>,
}

/// The same for one bound. Numbers may lie far outside the range of doubles: they stay text.
#[derive(Deserialize)]
pub(super) struct Searched {
    pub bound: String,
    #[serde(default)]
    pub relation: String,
    #[serde(default)]
    pub formula: String,
    #[serde(default)]
    pub what_if: String,
    pub found: bool,
    smallest: bool,
    #[serde(default)]
    order: Vec<String>,
    pub cell: Option<serde_json::Map<String, serde_json::Value>>,
    slack_log10: Option<Size>,
    confirmed_by: Option<String>,
    least_slack: Option<Least>,
    best_constant: Option<Size>,
    evaluations: u64,
    region: String,
}

#[derive(Deserialize)]
struct Least {
    cell: serde_json::Map<String, serde_json::Value>,
    slack_log10: Option<Size>,
}

/// A number as it was printed, or between which two it lies.
#[derive(Deserialize)]
#[serde(transparent)]
struct Size(Box<RawValue>);

impl Size {
    fn text(&self) -> String {
        let end = |end: &Option<Box<RawValue>>, open: &str| end.as_ref().map_or(open.into(), |raw| short(raw));
        match serde_json::from_str::<[Option<Box<RawValue>>; 2]>(self.0.get()) {
            Ok([lo, hi]) => format!("between {} and {}", end(&lo, "any size below"), end(&hi, "any size above")),
            Err(_) => short(&self.0),
        }
    }
}

/// A cell as JSON, for people.
pub(super) fn object(cell: &serde_json::Map<String, serde_json::Value>) -> String {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    cell.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}

/// A number as it was printed, to five digits.
fn short(raw: &RawValue) -> String {
    match raw.get().parse::<f64>() {
        Ok(value) if value.is_finite() && value != 0.0 => {
            format!("{value:.4e}").parse().map(number).unwrap_or_default()
        }
        _ => raw.get().to_string(),
    }
}

impl Searched {
    /// The smaller counterexample first.
    pub fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let order = |searched: &Self| {
            let number = |name: &str| searched.cell.as_ref()?.get(name)?.as_f64();
            order(number, searched.cell.as_ref().map(object).unwrap_or_default().len())
        };
        order(self).partial_cmp(&order(other)).unwrap_or(std::cmp::Ordering::Equal)
    }

    /// How the counterexample is known, in a few words.
    pub fn evidence(&self) -> String {
        let slack = self.slack_log10.as_ref().map_or(String::new(), |slack| format!("slack {}; ", slack.text()));
        match &self.confirmed_by {
            Some(method) => format!("{slack}searched, confirmed by {method}"),
            None => format!("{slack}searched, no second method could decide there"),
        }
    }

    /// What was searched and found; `constant` where the claim says only that there is one.
    pub fn text(&self, constant: bool) -> String {
        let slack = |size: &Option<Size>| size.as_ref().map_or("not a number".into(), Size::text);
        let cell = self.cell.as_ref().map(object).unwrap_or_default();
        let formula =
            if self.formula.is_empty() { String::new() } else { format!("{} `{}`", self.relation, self.formula) };
        let parts: Vec<&str> =
            [&formula, &self.what_if].into_iter().map(String::as_str).filter(|x| !x.is_empty()).collect();
        let what = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) };
        let mut text = format!("\n- searched, **{}**{what}: ", self.bound);
        text += &match self.found {
            true => {
                let word = if constant { "a constant is refuted" } else { "a counterexample" };
                let smallest = match (self.smallest, self.order.split_first()) {
                    (true, Some((first, rest))) => {
                        format!("; it was made small, {first} first, then {}", rest.join(", "))
                    }
                    _ => String::new(),
                };
                format!("{word} at `{cell}` ({}){smallest}.", self.evidence())
            }
            false if self.cell.is_none() => "no counterexample; measured or claimed is 0 at every cell.".into(),
            false => {
                let least = self.least_slack.as_ref().map_or(&self.slack_log10, |least| &least.slack_log10);
                format!("no counterexample; the least slack found is {} at `{cell}`.", slack(least))
            }
        };
        if let Some(least) = self.least_slack.as_ref().filter(|_| self.found) {
            text += &format!(" The least slack found is {} at `{}`.", slack(&least.slack_log10), object(&least.cell));
        }
        if let Some(constant) = &self.best_constant {
            text +=
                &format!(" The factor with which the bound just holds at every cell measured is {}.", constant.text());
        }
        text + &format!(" {} cells of `{}`.\n", self.evaluations, self.region)
    }
}
