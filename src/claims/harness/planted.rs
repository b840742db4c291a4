//! Claims whose truth is known: what the harness says of them can be counted as right or wrong.

use rand::RngExt;

use crate::cell::{Cell, Domain, Parameter};
use crate::claims::*;

/// A value that is known beside a bound that it just reaches, or misses by a known factor.
pub struct Planted;

/// The kinds of intervals, by what is drawn.
pub const KIND: Parameter = Parameter {
    name: "kind",
    domain: Domain::Word(&["proportion", "mean", "skewed", "median"]),
    default: None,
    meaning: "events; values spread evenly; values of which a few make up the mean; sizes whose median is sought",
    reach: None,
};

/// The truth.
pub const TRUTH: Parameter = Parameter {
    name: "p",
    domain: Domain::Real(0.0, 1.0),
    default: Some("0.5"),
    meaning: "the probability, mean or median, below 1",
    reach: Some((1e-9, 0.999)),
};

/// By how much the bound is wrong.
pub const FACTOR: Parameter = Parameter {
    name: "factor",
    domain: Domain::Real(0.0, 1e9),
    default: Some("1"),
    meaning: "the bound is false by this factor; at 1 it is just reached",
    reach: Some((1.0, 10.0)),
};

static ABOUT: About = About {
    id: "planted",
    source: "the harness itself",
    statement: "A number p is on the claimed side of p over a factor (at-most), or of p times it (at-least).",
    formula: "p/factor, p factor",
    measured: "p",
    parameters: &[
        KIND,
        TRUTH,
        FACTOR,
        Parameter {
            name: "relation",
            domain: Domain::Word(&["at-least", "at-most"]),
            default: Some("at-most"),
            meaning: "what is claimed",
            reach: None,
        },
        DRAW,
    ],
    relation: Relation::AtMost,
    quantity: Quantity::Probability,
    methods: &[Method::Literal],
    constants: &[],
    readings: &[],
};

impl Claim for Planted {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_truth(cell)
    }

    fn hypotheses(&self, _cell: &Cell) -> Vec<Hypothesis> {
        Vec::new()
    }

    fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        let (ln, ln_factor) = (cell.real("p").ln(), cell.real("factor").ln());
        let (relation, ln) = match cell.word("relation") {
            "at-least" => (Relation::AtLeast, ln + ln_factor),
            _ => (Relation::AtMost, ln - ln_factor),
        };
        Ok(vec![Bound { relation: Some(relation), ..Bound::from_ln(PRINTED, ln) }])
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, _method: Method) -> Result<Estimator<'a>> {
        let (kind, p) = (cell.word("kind"), cell.real("p"));
        Ok(match kind {
            "proportion" => {
                Estimator::events(64, move || Box::new(move |stream| Draw::event(stream.random::<f64>() < p)))
            }
            "median" => Estimator::Sampled(Box::new(move |stream, allowance| {
                median_of_draws(allowance, || {
                    // Between p^2 and 1, half of it below p.
                    let value = p.powf(2.0 * stream.random::<f64>());
                    (value, value)
                })
            })),
            _ => {
                Estimator::values(0.0, 16, move || Box::new(move |stream| Draw::exact(value(kind, p, stream.random()))))
            }
        })
    }
}

/// A value in [0, 1] of mean p from a uniform number.
fn value(kind: &str, p: f64, u: f64) -> f64 {
    match kind {
        "skewed" => u.powf((1.0 - p) / p),
        _ if p <= 0.5 => 2.0 * p * u,
        _ => 1.0 - 2.0 * (1.0 - p) * u,
    }
}

/// Refuses what is no chance.
pub fn check_truth(cell: &Cell) -> Result<()> {
    if cell.real("p") < 1.0 { Ok(()) } else { Err(Error::input("p = 1: write a number below 1")) }
}

/// A probability that grows with n and is exactly 1/2 at a known one.
pub struct Growing;

static GROWING: About = About {
    id: "planted-growth",
    source: "the harness itself",
    statement: "An event of probability min(1, n/(2 star)) happens with probability at least 1/2 from n = star on.",
    formula: "1/2",
    measured: "Pr(the event)",
    parameters: &[
        Parameter {
            name: "n",
            domain: Domain::Integer(1, 1_000_000),
            default: None,
            meaning: "what the probability grows with",
            reach: Some((1.0, 1024.0)),
        },
        Parameter {
            name: "star",
            domain: Domain::Integer(1, 1_000_000),
            default: None,
            meaning: "the least n with probability 1/2",
            reach: Some((1.0, 64.0)),
        },
        DRAW,
    ],
    relation: Relation::AtLeast,
    quantity: Quantity::Probability,
    methods: &[Method::Literal],
    constants: &[],
    readings: &[],
};

impl Claim for Growing {
    fn about(&self) -> &About {
        &GROWING
    }

    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        vec![Hypothesis::new("n >= star", cell.integer("n") >= cell.integer("star"))]
    }

    fn bounds(&self, _cell: &Cell) -> Result<Vec<Bound>> {
        Ok(vec![Bound::from_value(PRINTED, 0.5)])
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        (parameter == "n").then(|| cell.real("star"))
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, _method: Method) -> Result<Estimator<'a>> {
        let p = 0.5 * cell.real("n") / cell.real("star");
        Ok(Estimator::events(64, move || Box::new(move |stream| Draw::event(stream.random::<f64>() < p))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means by the midpoint rule.
    #[test]
    fn planted_values_have_their_mean_and_their_range() {
        for (kind, p) in [("mean", 0.01), ("mean", 0.9), ("skewed", 0.2), ("skewed", 0.7)] {
            let values: Vec<f64> = (0..100_000).map(|i| value(kind, p, (f64::from(i) + 0.5) / 1e5)).collect();
            let mean = values.iter().sum::<f64>() / 1e5;
            assert!((mean - p).abs() < 1e-3, "{kind} {p}: {mean}");
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
