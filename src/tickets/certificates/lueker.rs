//! Theorem 1: at small constants there are too few subset sums, or an end of [-1, 1] is missed too often.

use num_traits::One;

use super::*;

const MOST_N: u64 = 60;

/// n, eps and the hypotheses.
fn inside(point: &Point) -> Result<(u64, Rational, Named)> {
    let (n, eps, constant) = (point.whole("n", MOST_N)?, point.number("eps")?, point.number("C")?);
    let hypotheses = vec![
        ("n >= C log(1/eps)", check_exp(&(exact::whole(n) / constant), &eps.recip())?),
        ("eps < 1/3", check_below(&eps, &exact::fraction(1, 3), "eps < 1/3")?),
    ];
    Ok((n, eps, hypotheses))
}

/// 2^n intervals of length 2 eps cover no interval of length 2.
pub fn count(point: &Point) -> Result<Proof> {
    let (n, eps, hypotheses) = inside(point)?;
    let (left, right) = (exact::power(&exact::whole(2), n) * &eps, Rational::one());
    if left >= right {
        return Err(Error::input(format!("n = {n}, eps = {eps}: 2^n eps >= 1, so that counting shows nothing")));
    }
    Ok(Proof { hypotheses, data: Vec::new(), left, right })
}

/// The exact probability that an end is missed.
pub fn miss_ends(point: &Point) -> Result<Proof> {
    let (n, eps, hypotheses) = inside(point)?;
    let x = Rational::one() - &eps;
    let share = |m: u64| exact::whole(exact::binomial(n, m)) / exact::whole(exact::factorial(m));
    let one: Rational = (0..=n).map(|m| share(m) * exact::power(&x, m)).sum();
    let both: Rational = (0..=n).map(|m| share(m) / exact::whole(exact::factorial(n - m))).sum();
    let missed = (exact::whole(2) * one - both * exact::power(&x, n)) / exact::power(&exact::whole(2), n);
    if eps >= missed {
        return Err(Error::input(format!(
            "n = {n}, eps = {eps}: an end is missed with a probability of no more than eps; evaluate measures the cell"
        )));
    }
    Ok(Proof { hypotheses, data: Vec::new(), left: eps, right: missed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::claim;
    use num_traits::ToPrimitive;

    /// The measurand's closed form of the same event.
    #[test]
    fn the_ends_are_missed_as_often_as_the_measurand_says() {
        for (n, eps) in [("2", "0.3"), ("5", "0.3"), ("6", "0.2")] {
            let point: Point = [("n", n), ("eps", eps), ("C", "1")].into_iter().collect();
            let proof = miss_ends(&point).unwrap();
            let cell = claim("lueker").cell(point.iter()).unwrap();
            let known = claim("lueker").number(&cell, "unreached").unwrap().value();
            assert!((proof.right.to_f64().unwrap() / known - 1.0).abs() < 1e-12, "{n} {eps}");
        }
    }
}
