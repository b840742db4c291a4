//! The largest distance of two laws' distribution functions.

use super::law::Law;
use crate::formula::Number;
use crate::tails::Tail;

/// Laws with more values than this are not compared.
const MOST_VALUES: usize = 1_000_000;
/// How far the difference of two distribution functions may be off.
const ROUNDING: f64 = 1e-10;

/// The distance of a discrete law to another law: it is attained at one of the values, or just before it.
pub fn distance(discrete: &Law, law: &Law) -> Result<Number, String> {
    let values = discrete.outcomes(MOST_VALUES).ok_or(
        "the distance of two laws is computed where the first has finitely many values, at most a million; \
         ks(iid(n, law), law) draws a sample",
    )?;
    let mut pairs: Vec<(f64, f64)> = values.iter().map(|(x, chance)| (x.value(), chance.ln.exp())).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut most) = (0.0, 0.0f64);
    for (x, p) in pairs {
        let before = match law.is_discrete() {
            true => law.tail(Number::new(x), Tail::Lower, true).ln.exp(),
            false => law.cdf(x),
        };
        most = most.max((below - before).abs());
        below += p;
        most = most.max((below - law.cdf(x)).abs());
    }
    let ends = [most - ROUNDING, most, most + ROUNDING].map(|x| x.max(0.0).ln());
    Ok(Number::between(ends[1], ends[0], ends[2]))
}

#[cfg(test)]
mod tests {
    use super::super::law::Base;
    use super::*;

    /// One fair sign beside a normal law: F jumps from 0 to 1/2 at -1, where Phi = 0.15866, and Phi(1) = 0.84134.
    #[test]
    fn one_sign_is_a_third_from_the_normal_law() {
        let sign = Law::standard(Base::Bernoulli(0.5)).moved(Number::new(2.0), Number::new(-1.0));
        let found = distance(&sign, &Law::standard(Base::Normal)).unwrap();
        assert!((found.value() - 0.341_344_746_068_543).abs() < 1e-10, "{found:?}");
        assert!(distance(&Law::standard(Base::Normal), &sign).is_err());
    }
}
