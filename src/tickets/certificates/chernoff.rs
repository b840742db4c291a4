//! Lemma 16 (2): the bound with mu_+ falls below a probability that does not depend on mu_+.

use num_traits::{One, Signed, ToPrimitive};

use super::*;

/// More trials make fractions that fill books.
const MOST_N: u64 = 500;

pub fn prove(point: &Point) -> Result<Proof> {
    let n = point.whole("n", MOST_N)?;
    let number = |name: &str| point.number(name);
    let (p, delta, plus, minus) = (number("p")?, number("delta")?, number("plus")?, number("minus")?);
    let one = Rational::one();
    let mu = exact::whole(n) * &p;
    let threshold = (&one - &delta) * &minus * &mu;
    let exponent = &delta * &delta * &plus * &mu / exact::whole(2);
    let hypotheses = vec![
        ("delta < 1", check_below(&delta, &one, "delta < 1")?),
        ("mu <= mu_+", check_at_most(&mu, &(&plus * &mu), "mu <= mu_+")?),
        ("mu_- <= mu", check_at_most(&(&minus * &mu), &mu, "mu_- <= mu")?),
    ];
    let probability = probability_up_to(&threshold, n, &p);
    let terms = exact::terms_of_exp(&exponent, |sum| &probability * sum > one).ok_or_else(|| {
        Error::input(
            "Pr is not shown to exceed exp(-delta^2 mu_+/2), with exponents up to 1000: a larger plus makes the bound smaller, and \
             evaluate measures the cell",
        )
    })?;
    let right = &probability * exact::exp_below(&exponent, terms);
    let data = vec![
        ("threshold", threshold.to_string()),
        ("probability", probability.to_string()),
        ("exponent", exponent.to_string()),
        ("terms", terms.to_string()),
    ];
    Ok(Proof { hypotheses, data, left: one, right })
}

/// Pr(X <= threshold) of a binomial X.
fn probability_up_to(threshold: &Rational, n: u64, p: &Rational) -> Rational {
    if threshold.is_negative() {
        return exact::whole(0);
    }
    let most = threshold.to_integer().to_u64().unwrap_or(n).min(n);
    let rest = Rational::one() - p;
    (0..=most).map(|i| exact::whole(exact::binomial(n, i)) * exact::power(p, i) * exact::power(&rest, n - i)).sum()
}
