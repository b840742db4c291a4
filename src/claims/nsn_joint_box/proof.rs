//! The proof of Lemma 8, Eqs. 5-6 to the end, link by link as printed.

use std::f64::consts::PI;

use super::super::*;
use super::TOLERANCE;
use crate::nsn::boxes::{ln_box, ln_joint_box};
use crate::nsn::c_d;
use crate::nsn::conditioned::ln_expectation;
use crate::nsn::target::Target;
use crate::numeric::{ln_add, ln_sub};

/// Rounding of a formula in logs, relative.
const ROUNDING: f64 = 1e-13;

pub(super) fn chain(cell: &Cell) -> Vec<Link> {
    let (k, j, d) = (cell.integer("k"), cell.integer("j"), cell.integer("d"));
    let (eps, target) = (cell.real("eps"), cell.target());
    let (real_k, real_j, real_d, c) = (k as f64, j as f64, d as f64, c_d(d));
    let exact = |ln: f64| Evidence::closed_form(ln, ROUNDING, 1);
    let low = real_j * (1.0 - 2.0 * c.sqrt());
    let good = ln_expectation(j, low, f64::INFINITY, |_| 0.0);
    let moment = ln_expectation(j, low, f64::INFINITY, |s| real_d * ((2.0 * eps).ln() - 0.5 * (PI * s).ln()));
    // Both blocks are good with probability good^2.
    let ln_bad = ln_sub(0.0, 2.0 * good.ln.min(0.0));
    let scaled = |ln: f64, relative_error: f64, work: u64| Evidence::closed_form(ln, relative_error, work);
    let given_good = 2.0 * (moment.ln - good.ln);
    let error = 8.0 * (moment.relative_error + good.relative_error);
    // Where the good event is nearly sure, its complement is a difference that loses its digits: an interval says so.
    let bad_error = error / ln_bad.exp().max(f64::MIN_POSITIVE);
    let sum_error = if ln_bad < -25.0 { f64::INFINITY } else { error + bad_error.min(1.0) };
    let after_6 = {
        let ln = ln_add(given_good, ln_bad);
        match sum_error.is_finite() {
            true => scaled(ln, sum_error, moment.evaluations),
            // At least the first term, at most that and e^-20.
            false => Evidence::enclosed(
                Some(ln),
                given_good - error,
                ln_add(given_good + error, -20.0),
                Method::Quadrature,
                1,
            ),
        }
    };
    let ln_base = |block: f64| real_d * (4.0 * eps * eps / (PI * (1.0 - 2.0 * c.sqrt()) * block)).ln();
    let with_j = exact(ln_add(ln_base(real_j), 2f64.ln() - c * real_j));
    let with_k = exact(ln_add(ln_base(real_j), 2f64.ln() - c * real_k));
    let threshold = 2.0 * real_d / c * (PI * real_k * (1.0 - 2.0 * c.sqrt()) / (4.0 * eps * eps)).ln();
    let at_most = |name, equation, text, left, right| Link::new(name, equation, text, Relation::AtMost, left, right);
    let single = ln_box(j, d, eps, &Target::Origin, TOLERANCE);
    let boxes = Evidence::closed_form(2.0 * single.ln, 8.0 * single.relative_error, single.evaluations);
    vec![
        at_most(
            "eq-5-lemma-14",
            "Eq. 5 and Lemma 14",
            "Pr(A+B, B+C in I_eps(z)) <= E[prod_i Pr(A_i in I_eps(0) | Z) Pr(C_i in I_eps(0) | Z)]",
            Evidence::quadrature(ln_joint_box(k, j, d, eps, target, 1e-7)),
            boxes.clone(),
        ),
        at_most(
            "eq-6",
            "Eq. 6 and the law of total probability",
            "... <= E[(4 eps^2/(pi sqrt(s s')))^d | E-] + Pr(not E-), s and s' the sums of squares of the blocks of j",
            boxes,
            after_6.clone(),
        ),
        at_most(
            "after-6-ends",
            "after Eq. 6, first line",
            "... <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d + Pr(E-), where the complement of E- is meant",
            after_6,
            scaled(ln_add(ln_base(real_j), 2.0 * good.ln.min(0.0)), error, 1),
        ),
        at_most(
            "after-6-tail",
            "after Eq. 6, second line",
            "(4 eps^2/(pi j (1-2 sqrt c_d)))^d + Pr(E-) <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d + 2 exp(-c_d j)",
            scaled(ln_add(ln_base(real_j), 2.0 * good.ln.min(0.0)), error, 1),
            with_j.clone(),
        ),
        Link::new(
            "after-6-k-for-j",
            "after Eq. 6, third line",
            "(4 eps^2/(pi j (1-2 sqrt c_d)))^d + 2 exp(-c_d j) = exp(-d log(pi j (1-2 sqrt c_d)/(4 eps^2))) + 2 exp(-c_d k)",
            Relation::Equal { tolerance: 1e-9 },
            with_j,
            with_k.clone(),
        ),
        at_most(
            "hypothesis-k",
            "last sentence",
            "for a large enough C, k >= 2 (d/c_d) log(pi k (1-2 sqrt c_d)/(4 eps^2))",
            if threshold > 0.0 { exact(threshold.ln()) } else { exact(f64::NEG_INFINITY) },
            exact(real_k.ln()),
        )
        .for_large("C"),
        at_most(
            "last",
            "last line",
            "exp(-d log(pi j (1-2 sqrt c_d)/(4 eps^2))) + 2 exp(-c_d k) <= 3 (4 eps^2/(pi (1-2 sqrt c_d) k))^d",
            with_k,
            exact(3f64.ln() + ln_base(real_k)),
        )
        .for_large("C"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::NsnJointBox;
    use super::*;
    use crate::verdict::Verdict;

    fn verdict(given: &[(&str, &str)], name: &str) -> Verdict {
        let cell = cell_of(&NsnJointBox, given.iter().copied()).unwrap();
        chain(&cell).iter().find(|link| link.name == name).unwrap().verdict()
    }

    #[test]
    fn small_blocks_break_the_line_that_puts_k_for_j() {
        let given = [("k", "4000"), ("j", "1"), ("d", "3"), ("eps", "1e-3")];
        assert_eq!(verdict(&given, "eq-5-lemma-14"), Verdict::Holds);
        assert_eq!(verdict(&given, "after-6-k-for-j"), Verdict::Violated);
        assert_eq!(verdict(&given, "last"), Verdict::ConstantRefuted);
    }

    #[test]
    fn whole_blocks_keep_it() {
        let given = [("k", "4000"), ("j", "4000"), ("d", "3"), ("eps", "1e-3")];
        assert_eq!(verdict(&given, "after-6-k-for-j"), Verdict::Holds);
        assert_eq!(verdict(&given, "last"), Verdict::ConstantSuffices);
        assert_eq!(verdict(&given, "hypothesis-k"), Verdict::ConstantSuffices);
        // Pr(E-), which is near 1, is printed where its complement is meant.
        assert_eq!(verdict(&given, "after-6-tail"), Verdict::Violated);
    }
}
