//! Lemma 17: the two tails of a chi-square law.

use rand_distr::{ChiSquared, Distribution};

use super::*;
use crate::enclosure::{Enclosure, tails};
use crate::tails::ln_chi_square_tail;

/// The claim of Lemma 17.
pub struct ChiSquareTails;

/// Relative rounding of a tail, beside that of its threshold.
const ROUNDING: f64 = 1e-11;

impl Measurand for ChiSquareTails {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::ClosedForm, closed_form),
            Procedure::new(Method::Proved, proved),
            Procedure::new(Method::Literal, literal),
        ]
    }
}

fn closed_form(cell: &Cell) -> Result<Estimator<'_>> {
    let (d, t, tail) = (cell.real("d"), cell.real("t"), tail(cell));
    Ok(Estimator::deterministic(move || Ok(exact(d, t, tail))))
}

fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    let (tail, [d, t]) = (tail(cell), ["d", "t"].map(|name| Enclosure::new(cell.real(name))));
    Ok(Estimator::proved(move || {
        let root = (d * t).sqrt().scaled(2.0);
        let threshold = if tail == Tail::Upper { d + root + t.scaled(2.0) } else { d - root };
        Some((tails::ln_chi_square_tail(d, threshold, tail)?, 1))
    }))
}

/// Draws chi-square variables, and counts those beyond the threshold.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let (d, t, tail) = (cell.real("d"), cell.real("t"), tail(cell));
    let excess = excess(d, t, tail);
    Ok(Estimator::events(1024, move || {
        let law = ChiSquared::new(d).expect("d is positive");
        Box::new(move |stream| {
            let over = law.sample(stream) - d;
            Draw::event(if tail == Tail::Upper { over >= excess } else { over <= excess })
        })
    }))
}

/// How far the threshold lies from d.
fn excess(d: f64, t: f64, tail: Tail) -> f64 {
    match tail {
        Tail::Upper => 2.0 * (d * t).sqrt() + 2.0 * t,
        Tail::Lower => -2.0 * (d * t).sqrt(),
    }
}

/// The tail at a threshold that is known up to the rounding of its excess over d: the log's slope there is at most 1 above d
/// (the hazard rate of the law), and at most d/(2 x) at x below d (by the series of the incomplete gamma function). Near 0 the
/// threshold itself is known up to its rounding, by d - 2 sqrt(d t) = d (d - 4 t)/(d + 2 sqrt(d t)).
fn exact(d: f64, t: f64, tail: Tail) -> Evidence {
    let excess = excess(d, t, tail);
    let at = if tail == Tail::Upper { d + excess } else { d * (d - 4.0 * t) / (d - excess) };
    let ln = ln_chi_square_tail(d, excess, at, tail);
    let rounding = match tail {
        Tail::Upper => excess,
        Tail::Lower => (-excess * (1.0 + d / at)).min(d),
    };
    Evidence::closed_form(ln, ROUNDING + 4.0 * f64::EPSILON * rounding, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Near the lower end of the law the threshold is what is left of a cancellation. By mpmath at 60 digits:
    /// log(gammainc(d/2, 0, x/2, regularized=True)) at x = d - 2 sqrt(d t).
    #[test]
    fn limits_hold_where_the_threshold_is_rounded() {
        for (d, t, ln) in [(1000.0, 249.99, -4_913.920_531_519_179), (1e6, 249_999.9, -7_212_481.765_290_274)] {
            let evidence = exact(d, t, Tail::Lower);
            assert!(evidence.ln_lo <= ln && ln <= evidence.ln_hi, "{d} {t}: {evidence:?}");
            assert!(evidence.ln_hi - evidence.ln_lo < 1e-7, "{d} {t}: {evidence:?}");
        }
    }
}
