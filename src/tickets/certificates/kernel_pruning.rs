//! Lemma 12 and Theorem 3: too few filters have the signs that all K need at once.

use num_bigint::BigInt;

use super::*;

/// More filters make counts that fill pages.
const MOST_N: u64 = 500;

/// n and eps of a cell, with the check of what is asked of n, and the root by which it was checked: log(1/eps) <= root, and
/// root^3 <= n/C.
fn width(point: &Point) -> Result<(u64, Rational, (&'static str, String), Rational)> {
    let (n, eps, constant) = (point.whole("n", MOST_N)?, point.number("eps")?, point.number("C")?);
    let root = exact::cube_root_below(&(exact::whole(n) / constant));
    let checked = ("n >= C d^12 c1^6 log^3(d^2 c1 c0/eps)", check_exp(&root, &eps.recip())?);
    Ok((n, eps, checked, root))
}

/// The count of the sign patterns that can be pruned at all, if it is less than the promised share of all of them, which are a power of
/// `times` with exponent n.
fn proof(
    n: u64,
    eps: &Rational,
    counted: BigInt,
    hypotheses: Vec<(&'static str, String)>,
    root: &Rational,
    times: u64,
) -> Option<Proof> {
    let (left, right) = (exact::whole(counted), (exact::whole(1) - eps) * exact::power(&exact::whole(times), n));
    (left < right).then(|| Proof { hypotheses, data: vec![("root", root.to_string())], left, right })
}

/// Lemma 12: either sign of v needs enough filters for all K.
pub fn count_each_sign(point: &Point) -> Result<Proof> {
    let (n, eps, checked, root) = width(point)?;
    let small = ("eps < 1/4", check_below(&eps, &exact::fraction(1, 4), "eps < 1/4")?);
    let one = exact::whole(1);
    let covers = |m: u64| exact::power(&exact::whole(2), m) * &eps >= one;
    let counts = (0..=2 * n).filter(|&m| covers(m) && covers(2 * n - m)).map(|m| exact::binomial(2 * n, m)).sum();
    proof(n, &eps, counts, vec![checked, small], &root, 4).ok_or_else(|| {
        Error::input(format!(
            "n = {n}, eps = {eps}: so many sign patterns leave enough filters of either sign that counting shows nothing; it does \
             at n = 3 and n = 4 with eps just below 1/4"
        ))
    })
}

/// Theorem 3: all four pairs of signs must occur.
pub fn count_four_signs(point: &Point) -> Result<Proof> {
    let (n, eps, checked, root) = width(point)?;
    check_below(&eps, &exact::whole(1), "eps < 1")?;
    let free = ("eps < 1/4", "not asked by Theorem 3".to_string());
    let onto = |i: u64| exact::binomial(4, i) * BigInt::from(4 - i).pow(2 * n as u32) * (-1i32).pow(i as u32);
    proof(n, &eps, (0..=4).map(onto).sum(), vec![checked, free], &root, 16).ok_or_else(|| {
        Error::input(format!(
            "n = {n}, eps = {eps}: all four pairs of signs occur with probability 1 - eps; leave n and eps out, and n = 1 is taken with \
             an eps just below 1"
        ))
    })
}

/// One block of two filters, and an eps below 1 at which C asks for no more.
pub fn complete(given: &Point) -> Result<Point> {
    let mut point = given.clone();
    if point.get("C").is_none() {
        point.set("C", 1);
    }
    if point.get("n").is_none() {
        point.set("n", 1);
    }
    point.whole("n", MOST_N)?;
    if point.get("eps").is_none() {
        let nines = (1..=MOST_NINES).map(|nines| format!("0.{}", "9".repeat(nines)));
        let with = |eps: String| {
            let mut point = point.clone();
            point.set("eps", eps);
            point
        };
        let found = nines.map(with).find(|point| count_four_signs(point).is_ok());
        point = found.ok_or_else(|| {
            Error::input(format!(
                "no eps = 0.9 to 1 - 1e-{MOST_NINES} is shown to refute this C with this n; leave n out, and write a C from 1e-9 to 1e18"
            ))
        })?;
    }
    Ok(point)
}

/// A double knows no more of them.
const MOST_NINES: usize = 15;
