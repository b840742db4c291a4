//! Lemma 14: of all intervals of one width, the centred one is the most probable under a centred normal law.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::*;
use crate::enclosure::Enclosure;
use crate::enclosure::tails::normal_interval;
use crate::tickets::nsn::normal::ln_interval;

/// The claim of Lemma 14.
pub struct NormalInterval;

/// Relative rounding of an interval's probability.
const ROUNDING: f64 = 1e-12;

impl Measurand for NormalInterval {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::ClosedForm, closed_form),
            Procedure::new(Method::Proved, proved),
            Procedure::new(Method::Literal, literal),
        ]
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "centred" => centred(cell),
            _ => return Err(undeclared(name)),
        })
    }
}

fn closed_form(cell: &Cell) -> Result<Estimator<'_>> {
    let [sigma, z, eps] = ["sigma", "z", "eps"].map(|name| cell.real(name));
    Ok(Estimator::deterministic(move || Ok(Evidence::closed_form(ln_interval(z, sigma, eps), ROUNDING, 1))))
}

/// Only where the bound, the centred interval, is enclosed too.
fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    if is_wide(enclosed(cell, Enclosure::ZERO)) {
        return Err(Error::unreachable("the centred interval is less probable than any double; take closed-form"));
    }
    let z = Enclosure::new(cell.real("z"));
    Ok(Estimator::proved(move || Some((enclosed(cell, z), 1))))
}

/// ln Pr(|Y - z| <= eps).
fn enclosed(cell: &Cell, z: Enclosure) -> Enclosure {
    normal_interval(z, Enclosure::new(cell.real("eps")), Enclosure::new(cell.real("sigma"))).ln()
}

fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let [sigma, z, eps] = ["sigma", "z", "eps"].map(|name| cell.real(name));
    Ok(Estimator::events(4096, move || {
        Box::new(move |stream| {
            let x = sigma * stream.sample::<f64, _>(StandardNormal);
            Draw::event(z - eps <= x && x <= z + eps)
        })
    }))
}

/// Whether an enclosure has lost its digits among the least doubles.
fn is_wide(ln: Enclosure) -> bool {
    ln.width() > 1e-9
}

/// Pr(X in [-eps, eps]), enclosed; by its closed form in logs where that is smaller than any double.
fn centred(cell: &Cell) -> Number {
    let (enclosed, ln) = (enclosed(cell, Enclosure::ZERO), ln_interval(0.0, cell.real("sigma"), cell.real("eps")));
    if is_wide(enclosed) {
        return Evidence::closed_form(ln, ROUNDING, 1).number();
    }
    Number::between(ln.clamp(enclosed.lo(), enclosed.hi()), enclosed.lo(), enclosed.hi())
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
            let cell = claim("normal-interval").cell([("z", z), ("eps", eps)]).unwrap();
            let evidence = testing::evidence("normal-interval", &cell, Method::ClosedForm, Stream::new(1, 2), 1);
            assert!(evidence.ln_lo <= ln && ln <= evidence.ln_hi, "{z} {eps}: {evidence:?}");
        }
    }
}
