//! Lemma 12: at C = 1 too few filters have either sign for all K at once.

use num_bigint::BigInt;

use super::*;

/// More filters make counts that fill pages.
const MOST_N: u64 = 500;

pub fn prove(point: &Point) -> Result<Proof> {
    let (n, eps, constant) = (point.whole("n", MOST_N)?, point.number("eps")?, point.number("C")?);
    // log(1/eps) <= root, and root^3 <= n/C.
    let root = exact::cube_root_below(&(exact::whole(n) / constant));
    let hypotheses = vec![
        ("n >= C d^12 c1^6 log^3(d^2 c1 c0/eps)", check_exp(&root, &eps.recip())?),
        ("eps < 1/4", check_below(&eps, &exact::fraction(1, 4), "eps < 1/4")?),
    ];
    let one = exact::whole(1);
    let covers = |m: u64| exact::power(&exact::whole(2), m) * &eps >= one;
    let counts: BigInt =
        (0..=2 * n).filter(|&m| covers(m) && covers(2 * n - m)).map(|m| exact::binomial(2 * n, m)).sum();
    let (left, right) = (exact::whole(counts), (&one - &eps) * exact::power(&exact::whole(4), n));
    if left >= right {
        return Err(Error::input(format!(
            "n = {n}, eps = {eps}: so many sign patterns leave enough filters of either sign that counting shows nothing; it does \
             at n = 3 and n = 4 with eps just below 1/4"
        )));
    }
    Ok(Proof { hypotheses, data: vec![("root", root.to_string())], left, right })
}
