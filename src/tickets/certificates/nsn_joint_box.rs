//! Lemma 8: for j < d/2 the joint probability is of a lower order in eps than the bound.

use super::*;
use num_traits::ToPrimitive;

const MOST_D: u64 = 256;
const MOST_K: u64 = 1_000_000_000;
/// The smallest eps that is tried where none is given: 10 to the power of minus this.
const MOST_PLACES: u32 = 100;
/// How far above its estimate a least k is looked for.
const MOST_STEPS: u64 = 1000;

/// k/(C d^3), whose exponential is to be at least d/eps.
fn exponent(k: u64, d: u64, constant: &Rational) -> Rational {
    exact::whole(k) / (constant * exact::power(&exact::whole(d), 3))
}

/// Both sides: the squares of the bound and of the least that the probability can be, times pi^(2d). None where the moment that
/// bounds the latter is not finite, or says nothing.
fn sides(k: u64, j: u64, d: u64, eps: &Rational) -> Option<(Rational, Rational)> {
    let whole = |value: u64| exact::whole(value);
    let (square, w) = (eps * eps, k.checked_sub(j)?);
    let q = whole(1) - exact::fraction(2, d.max(4));
    let bound = whole(9) * exact::power(&(whole(4) * &square / (q * whole(j))), 2 * d);
    let half_t = exact::fraction(j, 8 * (j + 2 * d)) * &square;
    let gammas = exact::whole(exact::factorial(j / 2) * exact::factorial(j.div_ceil(2)));
    let variances = exact::power(&(whole(1) - &half_t), 2) * exact::power(&half_t, j) / gammas;
    let near = exact::power(&exact::fraction(2 * d, j + 2 * d), 2 * d);
    let rest = Some(square * exact::fraction(d, 8 * w.checked_sub(d + 2).filter(|rest| *rest > 0)?));
    let shared = whole(1) - rest.filter(|rest| *rest < whole(1))?;
    let density = exact::power(&(eps * eps * exact::fraction(333, 212 * w)), d);
    Some((bound, exact::power(&(variances * near * shared), 2) * density))
}

pub fn prove(point: &Point) -> Result<Proof> {
    let (k, j, d) = (point.whole("k", MOST_K)?, point.whole("j", MOST_K)?, point.whole("d", MOST_D)?);
    let (eps, constant) = (point.number("eps")?, point.number("C")?);
    check_order(j, d)?;
    let hypothesis = check_exp(&exponent(k, d, &constant), &(exact::whole(d) / &eps))?;
    let sides = sides(k, j, d, &eps).filter(|(left, right)| left < right && eps <= exact::whole(1));
    let (left, right) = sides.ok_or_else(|| {
        Error::input(format!(
            "eps = {}: too large for the proof's constants at k = {k}, j = {j}, d = {d}; give a smaller eps, or leave eps and k \
             out and the largest power of 10 that will do is taken",
            point.get("eps").unwrap_or_default()
        ))
    })?;
    Ok(Proof { hypotheses: vec![("k >= C d^3 log(d/eps)", hypothesis)], data: Vec::new(), left, right })
}

/// eps^(d + 2j) is above eps^(2d) for small eps where 2 j < d.
fn check_order(j: u64, d: u64) -> Result<()> {
    match 2 * j < d {
        true => Ok(()),
        false => Err(Error::input(format!(
            "j = {j}, d = {d}: the probability is of order eps^(d + 2j) and the bound of order eps^(2d), so that only j < d/2 is \
             refuted by small eps; write a smaller j, or d from 3 on"
        ))),
    }
}

/// Where eps is not given, the largest power of ten that will do; where k is not given, about the least that the hypothesis allows.
pub fn complete(given: &Point) -> Result<Point> {
    if given.get("eps").is_some() && given.get("k").is_some() {
        return Ok(given.clone());
    }
    let mut base = given.clone();
    if base.get("C").is_none() {
        base.set("C", 1);
    }
    let (j, d) = (base.whole("j", MOST_K)?, base.whole("d", MOST_D)?);
    check_order(j, d)?;
    let powers: Vec<String> = match base.get("eps") {
        Some(eps) => vec![eps.into()],
        None => (1..=MOST_PLACES).map(|places| format!("1e-{places}")).collect(),
    };
    let with_eps = powers.iter().map(|eps| {
        let mut point = base.clone();
        if point.get("eps").is_none() {
            point.set("eps", eps);
        }
        point
    });
    let mut complete = with_eps.filter_map(with_k);
    complete.find(|point| prove(point).is_ok()).ok_or_else(|| {
        Error::input(format!("no eps = 1e-1 to 1e-{MOST_PLACES} with k up to {MOST_K} refutes this C by the theorem"))
    })
}

/// The point with a k that satisfies the hypothesis, if it has none. It need not be the least: what is found is checked.
fn with_k(mut point: Point) -> Option<Point> {
    if point.get("k").is_none() {
        let (d, eps, constant) = (point.whole("d", MOST_D).ok()?, point.number("eps").ok()?, point.number("C").ok()?);
        let needed = exact::whole(d) / &eps;
        let estimate = constant.to_f64()? * (d as f64).powi(3) * needed.to_f64()?.ln();
        let estimate = Some(estimate.ceil()).filter(|k| *k < MOST_K as f64)? as u64;
        // The proof's bound of exp is a little below exp.
        let steps = (0..MOST_STEPS).map(|step| estimate + step + step * estimate / 1_000_000);
        let k = steps.into_iter().find(|&k| check_exp(&exponent(k, d, &constant), &needed).is_ok())?;
        point.set("k", k);
    }
    Some(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Method;
    use crate::measurand::Estimator;
    use crate::registry::claim;

    fn completed(given: &[(&str, &str)]) -> Point {
        complete(&given.iter().copied().collect()).unwrap()
    }

    /// The least that the theorem says the probability can be is at most what the quadrature measures, and the bound is below it.
    #[test]
    fn the_quadrature_agrees() {
        for (d, j, constant) in [("3", "1", "1"), ("4", "1", "1"), ("5", "2", "1"), ("7", "3", "1"), ("6", "1", "100")]
        {
            let point = completed(&[("d", d), ("j", j), ("C", constant)]);
            let proof = prove(&point).unwrap();
            let claim = claim("nsn-joint-box");
            let cell = claim.cell(point.iter()).unwrap();
            let Ok(Estimator::Deterministic(measure)) = claim.estimator(&cell, Method::Quadrature) else {
                panic!("quadrature is deterministic")
            };
            let measured = measure().unwrap();
            let bound = &claim.bounds(&cell).unwrap()[0];
            let d: f64 = d.parse().unwrap();
            let ln = |side: &Rational| {
                let ln = |x: &num_bigint::BigInt| x.bits() as f64 * std::f64::consts::LN_2;
                ln(side.numer()) - ln(side.denom())
            };
            // The logs are known within a bit of numerator and denominator each.
            let rounding = 2.0 * std::f64::consts::LN_2;
            let ln_pi = std::f64::consts::PI.ln();
            assert!((ln(&proof.left) - 2.0 * d * ln_pi - 2.0 * bound.ln).abs() < rounding, "{point:?}");
            let least = 0.5 * (ln(&proof.right) - 2.0 * d * ln_pi);
            assert!(
                least < measured.ln_lo + rounding && bound.ln_hi < measured.ln_lo,
                "{point:?}: {least} {measured:?}"
            );
        }
    }

    #[test]
    fn what_small_eps_does_not_refute_is_refused() {
        let refused = |given: &[(&str, &str)]| complete(&given.iter().copied().collect()).unwrap_err().to_string();
        assert!(refused(&[("d", "4"), ("j", "2")]).contains("only j < d/2"));
        assert!(refused(&[("d", "2"), ("j", "1")]).contains("d from 3 on"));
        assert!(refused(&[("d", "200"), ("j", "99")]).contains("refutes this C"));
    }
}
