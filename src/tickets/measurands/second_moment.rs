//! Lemma 9 and Eqs. 8-9: the first two moments of the subset-sum number T against their identities.

use super::*;
use crate::evidence::quadrature::Integral;
use crate::numeric::ln_binomial;
use crate::subset_sum::KSubsetCounter;
use crate::tickets::nsn::boxes::{ln_box, ln_joint_box};
use crate::tickets::nsn::sampling::add_nsn_vector;

/// The claim of Lemma 9.
pub struct SecondMoment;

/// Relative tolerance of the quadratures in the identity: far below what a sample resolves.
const TOLERANCE: f64 = 1e-7;
/// An identity whose quadratures are further off than this is refused.
const NEAR: f64 = 1e-4;
/// Draws of more subsets than this are not enumerated.
const MOST_SUBSETS: f64 = 1e7;
/// How far the measured moment may be from the identity and count as equal.
const EQUAL: f64 = 0.05;

impl Measurand for SecondMoment {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, literal)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_k_of_n(cell)?;
        let (n, k) = (cell.integer("n"), cell.integer("k"));
        // A product of min(k, n-k) factors above 1: long before it is summed up it is too large.
        let subsets = if k.min(n - k) > 64 { f64::INFINITY } else { ln_binomial(n, k).exp().round() };
        if subsets > MOST_SUBSETS {
            return Err(Error::input(format!(
                "n = {n}, k = {k}: {subsets:.3e} subsets are too many to enumerate; keep binom(n,k) below {MOST_SUBSETS:.0e}"
            )));
        }
        Ok(())
    }

    /// Pr(box), E[T] and E[T^2] by their identities, and what E[T^2] were for subsets of any size.
    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "norm1_squared" => norm1_squared(cell),
            "box" => identity(cell, "first")? / binomial(cell.integer("n"), cell.integer("k")),
            "first" => identity(cell, "first")?,
            "second" => sum_over(cell, &joints(cell)?, overlap),
            "any" => sum_over(cell, &joints(cell)?, overlap_of_any),
            _ => return Err(undeclared(name)),
        })
    }

    /// Two lines of the proof of Lemma 9: S and S' of the fourth are drawn with probability binom(n,k)^-2.
    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        let second = identity(cell, "second")?.ln_abs();
        let ln_pairs = 2.0 * ln_binomial(cell.integer("n"), cell.integer("k"));
        let exact = |ln: f64| Evidence::closed_form(ln, NEAR, 1);
        let equal = |name, equation, text, left, right| {
            Link::new(name, equation, text, Relation::Equal { tolerance: EQUAL }, exact(left), exact(right))
        };
        Ok(vec![
            equal(
                "conditioned",
                "proof of Lemma 9, fourth line",
                "sum_(S,S') Pr(E_S and E_S') = sum_(S,S') Pr(E_S and E_S' | S, S' are drawn) Pr(S, S' are drawn)",
                second,
                second - ln_pairs,
            ),
            equal(
                "conditioned-times-pairs",
                "proof of Lemma 9, fourth line",
                "the same with binom(n,k)^2 before the sum, as the fifth line has it",
                second,
                second,
            ),
        ])
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

/// Draws the vectors, and counts the subsets near the target by enumeration.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, k, d) = (cell.integer("n"), cell.integer("k"), cell.integer("d") as usize);
    let (eps, z) = (cell.real("eps"), Target::of(cell).vector(k, d as u64));
    let power = power(cell);
    let subsets = ln_binomial(n, k).exp().round();
    let batch = (2e6 / subsets).clamp(1.0, 256.0) as u64;
    Ok(Estimator::values(f64::from(power) * subsets.ln(), batch, move || {
        let (mut vectors, z) = (vec![0.0; n as usize * d], z.clone());
        let mut counter = KSubsetCounter::new(d, k as usize);
        Box::new(move |stream| {
            vectors.fill(0.0);
            for vector in vectors.chunks_mut(d) {
                add_nsn_vector(vector, stream);
            }
            let count = counter.count(&vectors, &z, eps);
            Draw::exact((count as f64 / subsets).powi(power))
        })
    }))
}

fn power(cell: &Cell) -> i32 {
    if cell.word("moment") == "first" { 1 } else { 2 }
}

/// The binomial coefficient between its ends.
fn binomial(n: u64, k: u64) -> Number {
    Number::whole(n).binomial(Number::whole(k))
}

/// The right side of the identity for the `first` or `second` moment.
///
/// # Errors
/// Where a quadrature in it does not come near enough.
pub(super) fn identity(cell: &Cell, moment: &str) -> Result<Number> {
    match moment {
        "first" => Ok(binomial(cell.integer("n"), cell.integer("k")) * near(single(cell))?),
        _ => Ok(sum_over(cell, &joints(cell)?, overlap)),
    }
}

fn single(cell: &Cell) -> Integral {
    ln_box(cell.integer("k"), cell.integer("d"), cell.real("eps"), &Target::of(cell), TOLERANCE)
}

/// The joint probability at each j of which there are two such subsets, from 0 on.
fn joints(cell: &Cell) -> Result<Vec<Number>> {
    let (n, k, d) = (cell.integer("n"), cell.integer("k"), cell.integer("d"));
    let joint = |j: u64| match j {
        0 => near(single(cell)),
        _ => near(ln_joint_box(k, j, d, cell.real("eps"), &Target::of(cell), TOLERANCE)),
    };
    (0..=k.min(n - k)).map(joint).collect()
}

/// binom(n,k)^2 Pr(|S cap S'| = k-j) for two uniform k-subsets: binom(n,k) binom(k,j) binom(n-k,j).
fn overlap(n: u64, k: u64, j: u64) -> Number {
    binomial(n, k) * binomial(k, j) * binomial(n - k, j)
}

/// The same for uniform subsets of any size, which share each element with probability 1/4.
fn overlap_of_any(n: u64, k: u64, j: u64) -> Number {
    let (shared, subsets) = (k - j, binomial(n, k));
    let power = |base: f64, count: u64| Number::new(base).pow(Number::whole(count));
    subsets * subsets * binomial(n, shared) * power(0.25, shared) * power(0.75, n - shared)
}

/// The sum over j of the law of the overlap times the joint probability.
fn sum_over(cell: &Cell, joints: &[Number], law: fn(u64, u64, u64) -> Number) -> Number {
    let (n, k) = (cell.integer("n"), cell.integer("k"));
    let terms = (0..).zip(joints).map(|(j, joint)| law(n, k, j) * *joint);
    terms.fold(Number::new(0.0), |sum, term| sum + term)
}

/// An integral that is near enough.
fn near(integral: Integral) -> Result<Number> {
    match integral.relative_error < NEAR {
        true => Ok(Evidence::quadrature(integral).number()),
        false => Err(Error::unreachable("a quadrature of the identity does not converge; take parameters nearer to 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 pairs of pairs of 5 vectors: a factor of 100 is missing.
    #[test]
    fn the_fourth_line_of_the_proof_lacks_a_factor() {
        let cell = claim("second-moment").cell([("n", "5"), ("k", "2"), ("d", "1"), ("eps", "0.3")]).unwrap();
        let chain = claim("second-moment").chain(&cell, &mut Stream::new(1, 2), 1e-6).unwrap();
        assert!((chain[0].slack_log10().unwrap() + 2.0).abs() < 0.05, "{chain:?}");
        let verdicts: Vec<_> = chain.iter().map(Link::verdict).collect();
        assert_eq!(verdicts, [crate::verdict::Verdict::Violated, crate::verdict::Verdict::Holds]);
    }

    /// `existence.csv` of the reference values: E[T] and E[T^2] by brute force over 20000 draws, with standard errors.
    const ORACLE: &str = include_str!("../../../tests/oracles/existence.csv");

    #[derive(serde::Deserialize)]
    struct Row {
        k: u64,
        n: u64,
        d: u64,
        eps: f64,
        target: String,
        mean_t: f64,
        mean_t_se: f64,
        mean_t2: f64,
        mean_t2_se: f64,
    }

    /// The identity within 4.5 standard errors of the six brute-force means: false alarm below 5e-5.
    #[test]
    fn the_identity_agrees_with_brute_force() {
        for row in csv::Reader::from_reader(ORACLE.as_bytes()).deserialize() {
            let Row { k, n, d, eps, target, mean_t, mean_t_se, mean_t2, mean_t2_se } = row.unwrap();
            for (moment, mean, error) in [("first", mean_t, mean_t_se), ("second", mean_t2, mean_t2_se)] {
                let texts = [n.to_string(), k.to_string(), d.to_string(), eps.to_string()];
                let names = ["n", "k", "d", "eps"];
                let given = names.into_iter().zip(texts.iter().map(String::as_str));
                let given = given.chain([("target", target.as_str()), ("moment", moment)]);
                let identity = identity(&claim("second-moment").cell(given).unwrap(), moment).unwrap().value();
                assert!((identity - mean).abs() < 4.5 * error, "{moment} {n} {k}: {identity} for {mean} +- {error}");
            }
        }
    }

    #[test]
    fn all_vectors_make_one_subset() {
        // n = k: T is 0 or 1, so E[T^2] = E[T] = Pr(box).
        let moment = |moment: &str| {
            let given = [("n", "5"), ("k", "5"), ("d", "2"), ("eps", "0.3"), ("moment", moment)];
            identity(&claim("second-moment").cell(given).unwrap(), moment).unwrap().ln_abs()
        };
        assert!((moment("first") - moment("second")).abs() < 1e-12);
    }
}
