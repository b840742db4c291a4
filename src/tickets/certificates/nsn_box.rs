//! Lemma 7: the bound exceeds the largest probability that any box of its size has.

use super::*;

/// Beyond this dimension the numbers fill books.
const MOST_D: u64 = 1024;
const MOST_K: u64 = 1_000_000_000;

/// Both sides at k and d, where E[s^(-d/2)] is finite.
fn sides(k: u64, d: u64) -> Option<(Rational, Rational)> {
    let (a, b, m) = (d / 2, d.div_ceil(2), d.max(4));
    let product = |m: u64| (1..=m).map(|i| exact::whole(k - 2 * i)).product::<Rational>();
    (k > 2 * b).then(|| {
        let left = exact::whole(256) * exact::power(&(exact::whole(m * m + 2 * m + 2) * exact::whole(k)), d);
        (left, exact::power(&exact::whole(2 * m * m), d) * product(a) * product(b))
    })
}

fn is_false(k: u64, d: u64) -> bool {
    sides(k, d).is_some_and(|(left, right)| left < right)
}

/// The least k at which the inequality holds; it holds for every larger one too. None where even the limit of large k does not
/// satisfy it: 256 (A/2)^d < 1.
fn least_k(d: u64) -> Option<u64> {
    let m = d.max(4);
    let limit = exact::power(&exact::fraction(m * m + 2 * m + 2, 2 * m * m), d);
    if limit * exact::whole(256) >= exact::whole(1) {
        return None;
    }
    let (mut below, mut at) = (0, d.max(16));
    while !is_false(at, d) {
        (below, at) = (at, 2 * at);
    }
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if is_false(middle, d) { at = middle } else { below = middle }
    }
    Some(at)
}

fn least_k_or_why(d: u64) -> Result<u64> {
    least_k(d).ok_or_else(|| {
        Error::input(format!(
            "d = {d}: no k refutes the lemma for every z and every eps, as it does for each d from 11 on; evaluate and falsify \
             measure single cells"
        ))
    })
}

/// Where k is not given, the least.
pub fn complete(given: &Point) -> Result<Point> {
    let mut point = given.clone();
    if point.get("k").is_none() {
        point.set("k", least_k_or_why(given.whole("d", MOST_D)?)?);
    }
    Ok(point)
}

pub fn prove(point: &Point) -> Result<Proof> {
    let (k, d) = (point.whole("k", MOST_K)?, point.whole("d", MOST_D)?);
    let least = least_k_or_why(d)?;
    let (left, right) = sides(k, d).filter(|(left, right)| left < right).ok_or_else(|| {
        Error::input(format!(
            "k = {k}, d = {d}: the lemma is refuted for every z and every eps from k = {least} on; evaluate and falsify measure \
             single cells"
        ))
    })?;
    let whole = |value: u64| exact::whole(value);
    let hypotheses = vec![
        ("k >= 16", check_at_most(&whole(16), &whole(k), "k >= 16")?),
        ("d <= k", check_at_most(&whole(d), &whole(k), "d <= k")?),
        ("eps < 1/4", "every such eps".into()),
        ("norm1(z) <= sqrt(k)", "every such z".into()),
    ];
    Ok(Proof { hypotheses, data: vec![("least_k", least.to_string())], left, right })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::claim;

    #[test]
    fn the_least_k_is_least_and_no_dimension_below_11_has_one() {
        assert!((1..=10).all(|d| least_k(d).is_none()));
        for (d, k) in [(11, 813), (12, 113), (16, 47), (19, 43), (33, 52), (64, 84)] {
            assert_eq!(least_k(d), Some(k), "{d}");
            assert!(is_false(k, d) && !is_false(k - 1, d) && is_false(k + 1, d) && is_false(1000 * k, d));
        }
    }

    /// The tables of the Coq file and of the handbook are those of the program, and cover every k >= d^2 from d = 12 on.
    #[test]
    fn the_tables_are_the_least_k() {
        let coq = include_str!("../../../tests/checkers/universal.v");
        let guide = include_str!("../../guide/certificates.md");
        let row = |name: &str| {
            let lines = guide.lines().filter(|line| line.starts_with(&format!("| {name} |")));
            let numbers =
                lines.flat_map(|line| line.split('|').filter_map(|x| x.trim().trim_matches('*').parse().ok()));
            numbers.collect::<Vec<u64>>()
        };
        let table: Vec<(u64, u64)> = (11..=64).map(|d| (d, least_k(d).unwrap())).collect();
        assert_eq!(row("d").into_iter().zip(row("**k**")).collect::<Vec<_>>(), table);
        let listed: Vec<String> = table.iter().map(|(d, k)| format!("({d}%nat, {k})")).collect();
        assert!(listed.iter().all(|row| coq.contains(row)) && coq.matches("%nat, ").count() == table.len());
        assert!(table.iter().all(|&(d, k)| k <= d * d || d == 11));
        // For larger d, by 256 (A/2)^d < 1 - (d + 1)^2/(2 d^2) <= P(a) P(b)/k^d.
        for d in 13..400u64 {
            let (x, limit) = (d as f64, 1.0 + 2.0 / d as f64 + 2.0 / (d * d) as f64);
            assert!(256.0 * (0.5 * limit).powi(d as i32) < 1.0 - (x + 1.0).powi(2) / (2.0 * x * x), "{d}");
        }
    }

    /// At the least k, the quadrature finds the lemma false at every target and size that is tried, as it is proved to be.
    #[test]
    fn the_quadrature_agrees() {
        use crate::evidence::Method;
        use crate::measurand::Estimator;
        for (d, k) in [("11", "813"), ("12", "113"), ("16", "47"), ("33", "52")] {
            for eps in ["0.249", "0.01", "1e-6"] {
                for target in ["origin", "axis", "spread"] {
                    let claim = claim("nsn-box");
                    let cell = claim.cell([("k", k), ("d", d), ("eps", eps), ("target", target)]).unwrap();
                    let Ok(Estimator::Deterministic(measure)) = claim.estimator(&cell, Method::Quadrature) else {
                        panic!("quadrature is deterministic")
                    };
                    let bound = &claim.bounds(&cell).unwrap()[0];
                    assert!(measure().unwrap().ln_hi < bound.ln_lo, "{d} {k} {eps} {target}");
                }
            }
        }
    }
}
