//! The region that a search covers: for each parameter an interval, a choice of values, or all vectors.

use std::sync::Arc;

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::numeric::number;
use crate::statement::{Cell, Domain, Parameter, Value, position};

/// Where one parameter may lie.
#[derive(Debug, Clone, PartialEq)]
pub enum Axis {
    /// Whole numbers from the first to the second, both included.
    Whole(u64, u64),
    /// Real numbers from the first to the second, both included.
    Real(f64, f64),
    /// One of these values, the plainest first.
    Choice(Vec<Value>),
    /// Every vector, the named ones among them.
    Vectors(Vec<Value>),
}

impl Axis {
    /// Whether it is an interval of numbers with more than one point.
    pub fn is_interval(&self) -> bool {
        match self {
            Axis::Whole(lo, hi) => lo < hi,
            Axis::Real(lo, hi) => lo < hi,
            Axis::Choice(_) | Axis::Vectors(_) => false,
        }
    }

    /// The place of a number in the interval, from 0 to 1, evenly in the logs where the interval is positive.
    pub fn unit(&self, value: &Value) -> f64 {
        let x = match value {
            Value::Integer(x) => *x as f64,
            Value::Real(x) => *x,
            _ => return 0.0,
        };
        let Some((lo, hi, log)) = self.scale() else { return 0.0 };
        let (lo, hi, x) = if log { (lo.ln(), hi.ln(), x.ln()) } else { (lo, hi, x) };
        if hi > lo { ((x - lo) / (hi - lo)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The number at a place from 0 to 1.
    pub fn at(&self, unit: f64) -> Option<Value> {
        let (lo, hi, log) = self.scale()?;
        let mix = |lo: f64, hi: f64| lo + (hi - lo) * unit.clamp(0.0, 1.0);
        let x = if log { mix(lo.ln(), hi.ln()).exp() } else { mix(lo, hi) };
        Some(match self {
            Axis::Whole(lo, hi) => Value::Integer((x.round() as u64).clamp(*lo, *hi)),
            _ => Value::Real(if unit <= 0.0 {
                lo
            } else if unit >= 1.0 {
                hi
            } else {
                x.clamp(lo, hi)
            }),
        })
    }

    /// The ends, and whether the interval is even in its logs.
    fn scale(&self) -> Option<(f64, f64, bool)> {
        match self {
            Axis::Whole(lo, hi) => Some((*lo as f64, *hi as f64, *lo > 0)),
            Axis::Real(lo, hi) => Some((*lo, *hi, *lo > 0.0)),
            _ => None,
        }
    }

    /// Whether the value lies on the axis.
    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Axis::Whole(lo, hi), Value::Integer(x)) => lo <= x && x <= hi,
            (Axis::Real(lo, hi), Value::Real(x)) => lo <= x && x <= hi,
            (Axis::Choice(values), value) => values.contains(value),
            (Axis::Vectors(_), Value::Word(_) | Value::List(_)) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Axis::Whole(lo, hi) if lo == hi => write!(f, "{lo}"),
            Axis::Whole(lo, hi) => write!(f, "{lo}..{hi}"),
            Axis::Real(lo, hi) if lo == hi => f.write_str(&number(*lo)),
            Axis::Real(lo, hi) => write!(f, "{}..{}", number(*lo), number(*hi)),
            Axis::Choice(values) => {
                let texts: Vec<String> = values.iter().map(Value::to_string).collect();
                f.write_str(&texts.join("|"))
            }
            Axis::Vectors(_) => f.write_str("any"),
        }
    }
}

/// One axis for each parameter of a claim, in their order.
#[derive(Debug, Clone)]
pub struct Region {
    parameters: Arc<[Parameter]>,
    axes: Vec<Axis>,
    smallest: Vec<String>,
}

impl Region {
    /// The region of a claim's parameters' reach, overridden by `within`: `name=lo..hi` for numbers, `name=value` or
    /// `name=a|b|c` for any parameter, separated by commas.
    ///
    /// # Errors
    /// Names the item that cannot be read and what to write; or the parameter that has neither a reach nor a default.
    pub fn of(claim: &Claim, within: &str) -> Result<Self> {
        let parameters = Arc::clone(&claim.statement().parameters);
        let mut given: Vec<Option<Axis>> = vec![None; parameters.len()];
        for item in items(within) {
            let wrong = |text: &str| Error::input(format!("--within: {item:?}: {text}"));
            let form = "write NAME=LO..HI, NAME=VALUE or NAME=A|B, separated by commas";
            let (name, text) = item.split_once('=').ok_or_else(|| wrong(form))?;
            let index = position(&parameters, name.trim()).map_err(|error| wrong(&error.to_string()))?;
            if given[index].is_some() {
                return Err(wrong("the parameter is given twice; give it once"));
            }
            let axis = axis(&parameters[index], text.trim()).map_err(|error| wrong(&error.to_string()))?;
            given[index] = Some(axis);
        }
        let complete = parameters.iter().zip(given).map(|(parameter, axis)| match axis {
            Some(axis) => Ok(axis),
            None => default_axis(parameter),
        });
        let axes = complete.collect::<Result<_>>()?;
        Ok(Region { parameters, axes, smallest: claim.statement().smallest.clone() })
    }

    /// The axes, in the order of the parameters.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The claim's parameters.
    pub fn parameters(&self) -> &Arc<[Parameter]> {
        &self.parameters
    }

    /// The parameters that a counterexample is made small in first, in this order.
    pub fn smallest(&self) -> &[String] {
        &self.smallest
    }

    /// The region with one parameter fixed.
    pub fn fixed(&self, index: usize, value: &Value) -> Region {
        let mut axes = self.axes.clone();
        axes[index] = match value {
            Value::Integer(x) => Axis::Whole(*x, *x),
            Value::Real(x) => Axis::Real(*x, *x),
            other => Axis::Choice(vec![other.clone()]),
        };
        Region { axes, ..self.clone() }
    }

    /// The positions of the parameters that are intervals.
    pub fn intervals(&self) -> Vec<usize> {
        (0..self.axes.len()).filter(|index| self.axes[*index].is_interval()).collect()
    }

    /// Whether the cell lies in the region, whatever the hypotheses say.
    pub fn contains(&self, cell: &Cell) -> bool {
        self.axes.iter().zip(cell.values()).all(|(axis, value)| axis.contains(value))
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named =
            self.parameters.iter().zip(&self.axes).map(|(parameter, axis)| format!("{}={axis}", parameter.name));
        f.write_str(&named.collect::<Vec<_>>().join(", "))
    }
}

/// The items between commas; a comma inside a target's brackets separates nothing. A text of blanks has none.
fn items(text: &str) -> Vec<&str> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let mut depth = 0;
    let outer = |c: char| {
        depth += match c {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        c == ',' && depth <= 0
    };
    text.split(outer).map(str::trim).collect()
}

fn axis(parameter: &Parameter, text: &str) -> Result<Axis> {
    let numeric = parameter.domain.is_numeric();
    if let (true, Some((lo, hi))) = (numeric, text.split_once("..")) {
        let ends = (parameter.parse(lo.trim())?, parameter.parse(hi.trim())?);
        let (axis, ordered) = match ends {
            (Value::Integer(lo), Value::Integer(hi)) => (Axis::Whole(lo, hi), lo <= hi),
            (Value::Real(lo), Value::Real(hi)) => (Axis::Real(lo, hi), lo <= hi),
            _ => unreachable!("numbers were parsed"),
        };
        return if ordered { Ok(axis) } else { Err(Error::input("write the smaller end first")) };
    }
    if let (Domain::Vector { words, .. }, "any") = (&parameter.domain, text) {
        return Ok(Axis::Vectors(words.iter().cloned().map(Value::Word).collect()));
    }
    let values: Vec<Value> = text.split('|').map(|one| parameter.parse(one.trim())).collect::<Result<_>>()?;
    Ok(match values[..] {
        [Value::Integer(x)] => Axis::Whole(x, x),
        [Value::Real(x)] => Axis::Real(x, x),
        _ => Axis::Choice(values),
    })
}

fn default_axis(parameter: &Parameter) -> Result<Axis> {
    let default = parameter.default.as_ref().map(|text| parameter.parse(text)).transpose()?;
    Ok(match (&parameter.domain, parameter.search, default) {
        (Domain::Vector { words, .. }, ..) => Axis::Vectors(words.iter().cloned().map(Value::Word).collect()),
        (Domain::Word(words), _, default) => {
            let others = words.iter().map(|word| Value::Word(word.to_string()));
            let others = others.filter(|word| Some(word) != default.as_ref());
            Axis::Choice(default.iter().cloned().chain(others).collect())
        }
        (Domain::Integer(min, max), Some((lo, hi)), _) => {
            Axis::Whole((lo.ceil() as u64).clamp(*min, *max), (hi.floor() as u64).clamp(*min, *max))
        }
        (Domain::Real(interval), Some((lo, hi)), _) => {
            let (least, most) = interval.ends();
            Axis::Real(lo.max(least).min(most), hi.min(most))
        }
        (Domain::Integer(..), None, Some(Value::Integer(x))) => Axis::Whole(x, x),
        (Domain::Real(..), None, Some(Value::Real(x))) => Axis::Real(x, x),
        (_, _, Some(value)) => Axis::Choice(vec![value]),
        (_, _, None) => {
            return Err(Error::input(format!(
                "no search reaches over {} by itself ({}); say where it lies with --within '{}=...' ({})",
                parameter.name, parameter.meaning, parameter.name, parameter.domain
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    fn region(claim: &str, within: &str) -> Result<Region> {
        Region::of(&find(claim).unwrap(), within)
    }

    #[test]
    fn the_default_region_is_the_parameters_reach() {
        let text = region("nsn-box", "").unwrap().to_string();
        assert_eq!(text, "k=1..1000000, d=1..256, eps=1e-12..1, target=any");
        let text = region("kernel-pruning", " ").unwrap().to_string();
        assert!(text.contains("kernel=spike|flat|net|all, event=exists|found") && text.ends_with("C=1"), "{text}");
    }

    #[test]
    fn items_override_it_and_commas_in_a_target_do_not_split() {
        let within = "d=2, k=16..4096,eps=1e-9..0.25,target=[0.5, -1]|axis";
        assert_eq!(
            region("nsn-box", within).unwrap().to_string(),
            "k=16..4096, d=2, eps=1e-9..0.25, target=[0.5, -1]|axis"
        );
    }

    #[test]
    fn errors_point_at_the_item() {
        for (within, expected) in [
            ("k=16..4096,d", "\"d\": write NAME=LO..HI"),
            ("k=16..4096,,d=1", "\"\": write NAME=LO..HI"),
            ("q=1", "\"q=1\": unknown parameter \"q\"; this claim has k, d, eps, target"),
            ("k=1,k=2", "\"k=2\": the parameter is given twice"),
            ("k=64..16", "\"k=64..16\": write the smaller end first"),
            ("eps=0..0.25", "\"eps=0..0.25\": eps = 0: write a finite number above 0"),
            ("d=1.5", "\"d=1.5\": d = 1.5: write a whole number"),
            ("target=centre", "target = centre: write origin, axis, spread, or a list of d numbers"),
        ] {
            let error = region("nsn-box", within).unwrap_err().to_string();
            assert!(error.starts_with("--within: ") && error.contains(expected), "{within}: {error}");
        }
    }

    #[test]
    fn places_and_numbers_belong_together() {
        let axis = Axis::Whole(1, 1_000_000);
        for x in [1, 2, 17, 999, 999_999, 1_000_000] {
            assert_eq!(axis.at(axis.unit(&Value::Integer(x))), Some(Value::Integer(x)));
        }
        let axis = Axis::Real(1e-12, 1.0);
        assert_eq!((axis.at(0.0), axis.at(1.0)), (Some(Value::Real(1e-12)), Some(Value::Real(1.0))));
        // An interval that reaches to 0 or below is even in its numbers.
        assert_eq!(Axis::Real(-1.0, 1.0).at(0.5), Some(Value::Real(0.0)));
    }
}
