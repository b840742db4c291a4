//! Lemma 14: of all intervals of one width, the centred one is the most probable under a centred normal law.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::*;
use crate::nsn::normal::ln_interval;

/// The claim of Lemma 14.
pub struct NormalInterval;

static ABOUT: About = About {
    id: "normal-interval",
    source: "Lemma 14",
    statement: "For X normal with mean 0 and variance sigma^2 (the paper writes phi^2) and any real z, eps: Pr(X in [z-eps, \
        z+eps]) <= Pr(X in [-eps, eps]). At z = 0 both sides are one number, which no interval tells apart; for eps <= 0 both \
        are 0.",
    formula: "Pr(X in [-eps, eps])",
    measured: "Pr(X in [z-eps, z+eps])",
    parameters: &[
        positive("sigma", "standard deviation of X", Some("1"), None),
        Parameter {
            name: "z",
            domain: Domain::Real(f64::NEG_INFINITY, f64::INFINITY),
            default: None,
            meaning: "middle of the interval",
            reach: Some((1e-3, 1e3)),
        },
        positive("eps", "half-width of the interval", None, Some((1e-12, 1e3))),
    ],
    relation: Relation::AtMost,
    quantity: Quantity::Probability,
    methods: &[Method::ClosedForm, Method::Literal],
    constants: &[],
    readings: &[],
};

const fn positive(
    name: &'static str,
    meaning: &'static str,
    default: Option<&'static str>,
    reach: Option<(f64, f64)>,
) -> Parameter {
    Parameter { name, domain: Domain::Real(0.0, f64::INFINITY), default, meaning, reach }
}

/// Relative rounding of an interval's probability.
const ROUNDING: f64 = 1e-12;

const FORMULAS: &[Written] = &[Written::new(PRINTED, "centred")];

impl Claim for NormalInterval {
    fn about(&self) -> &About {
        &ABOUT
    }

    /// The lemma has none.
    fn hypotheses(&self, _cell: &Cell) -> Vec<Hypothesis> {
        Vec::new()
    }

    fn formulas(&self) -> &'static [Written] {
        FORMULAS
    }

    /// The bound itself.
    fn symbols(&self, cell: &Cell) -> Result<Symbols> {
        Ok(vec![("centred", centred(cell))])
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let (sigma, z, eps) = (cell.real("sigma"), cell.real("z"), cell.real("eps"));
        if method == Method::ClosedForm {
            return Ok(Estimator::deterministic(move || {
                Ok(Evidence::closed_form(ln_interval(z, sigma, eps), ROUNDING, 1))
            }));
        }
        Ok(Estimator::events(4096, move || {
            Box::new(move |stream| {
                let x = sigma * stream.sample::<f64, _>(StandardNormal);
                Draw::event(z - eps <= x && x <= z + eps)
            })
        }))
    }
}

/// Pr(X in [-eps, eps]).
fn centred(cell: &Cell) -> Number {
    Evidence::closed_form(ln_interval(0.0, cell.real("sigma"), cell.real("eps")), ROUNDING, 1).number()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By mpmath at 50 digits: log((erfc((z-eps)/sqrt 2) - erfc((z+eps)/sqrt 2))/2) at the doubles z and eps.
    #[test]
    fn limits_hold_the_exact_logs() {
        for (z, eps, ln) in [
            ("100.00245", "0.00245", -5006.472477902497),
            ("10.02", "0.02", -54.33139695600936),
            ("1000.0002", "0.0002", -500008.9363267678),
        ] {
            let cell = cell_of(&NormalInterval, [("z", z), ("eps", eps)]).unwrap();
            let Ok(Estimator::Deterministic(evaluate)) = NormalInterval.estimator(&cell, Method::ClosedForm) else {
                panic!("the closed form is deterministic");
            };
            let evidence = evaluate().unwrap();
            assert!(evidence.ln_lo <= ln && ln <= evidence.ln_hi, "{z} {eps}: {evidence:?}");
        }
    }
}
