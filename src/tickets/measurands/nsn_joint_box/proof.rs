//! The proof of Lemma 8, Eqs. 5-6 to the end, link by link as printed.

use std::f64::consts::PI;

use super::super::*;
use super::TOLERANCE;
use crate::numeric::ln_add;
use crate::tails::{Tail, ln_chi_square_tail};
use crate::tickets::nsn::boxes::{ln_box, ln_joint_box};
use crate::tickets::nsn::c_d;
use crate::tickets::nsn::conditioned::ln_expectation;
use crate::tickets::nsn::target::Target;

/// Rounding of a formula in logs, relative.
const ROUNDING: f64 = 1e-13;
/// Of a chi-square tail, relative.
const BAD_ROUNDING: f64 = 1e-9;
/// No constant is followed to larger k.
const LARGEST: u64 = 1 << 53;

/// `times` (d/c_d) log(pi k (1-2 sqrt c_d)/(4 eps^2)): with `times` = 2 what the last sentence asks of k; with 1 what the last
/// line needs, for j = k.
fn asked_by_last_line(k: f64, d: u64, eps: f64, times: f64) -> f64 {
    let c = c_d(d);
    times * d as f64 / c * (PI * k * (1.0 - 2.0 * c.sqrt()) / (4.0 * eps * eps)).ln()
}

/// From which C on the last sentence, and the last line at the cell's j, hold for every k that the lemma admits.
pub(super) fn least_constant(cell: &Cell, link: &str) -> Option<LeastConstant> {
    let (k, j, d, eps) = (cell.integer("k"), cell.integer("j"), cell.integer("d"), cell.real("eps"));
    let block = |k: u64| if j == cell.integer("k") { k } else { j.min(k) };
    let last_k = match link {
        // x - s log(a x) falls up to s and rises from there.
        "hypothesis-k" => {
            let turn = (2.0 * d as f64 / c_d(d)) as u64;
            last_failing(turn, LARGEST, |k| k as f64 >= asked_by_last_line(k as f64, d, eps, 2.0))
        }
        // (1/j^d) + 2 x <= 3/k^d: a block of fewer than k is too large, for large k.
        "last" if j < k => f64::INFINITY,
        "last" | "last-with-j" => {
            let turn = (d as f64 / c_d(d)) as u64;
            last_failing(turn, LARGEST, |k| k as f64 >= asked_by_last_line(block(k) as f64, d, eps, 1.0))
        }
        _ => return None,
    };
    // Fewer vectors than the block has are not admitted.
    let last_k = if link == "last-with-j" && j < k && last_k < j as f64 { 0.0 } else { last_k };
    let asked = (d as f64).powi(3) * (d as f64 / eps).ln();
    (asked > 0.0).then(|| LeastConstant::above("C", last_k / asked))
}

pub(super) fn chain(cell: &Cell) -> Vec<Link> {
    let (k, j, d) = (cell.integer("k"), cell.integer("j"), cell.integer("d"));
    let (eps, target) = (cell.real("eps"), Target::of(cell));
    let (real_k, real_j, real_d, c) = (k as f64, j as f64, d as f64, c_d(d));
    let exact = |ln: f64| Evidence::closed_form(ln, ROUNDING, 1);
    let low = real_j * (1.0 - 2.0 * c.sqrt());
    let good = ln_expectation(j, low, f64::INFINITY, |_| 0.0);
    let moment = ln_expectation(j, low, f64::INFINITY, |s| real_d * ((2.0 * eps).ln() - 0.5 * (PI * s).ln()));
    // Both blocks are good with probability (1 - q)^2, so that 2 q - q^2 is left.
    let excess = -2.0 * real_j * c.sqrt();
    let ln_q = ln_chi_square_tail(real_j, excess, real_j + excess, Tail::Lower);
    let ln_bad = 2f64.ln() + ln_q + (-0.5 * ln_q.exp()).ln_1p();
    let scaled = |ln: f64, relative_error: f64, work: u64| Evidence::closed_form(ln, relative_error, work);
    let given_good = 2.0 * (moment.ln - good.ln);
    let error = 8.0 * (moment.relative_error + good.relative_error);
    let after_6 = scaled(ln_add(given_good, ln_bad), error + BAD_ROUNDING, moment.evaluations);
    let ln_base = |block: f64| real_d * (4.0 * eps * eps / (PI * (1.0 - 2.0 * c.sqrt()) * block)).ln();
    let with_j = exact(ln_add(ln_base(real_j), 2f64.ln() - c * real_j));
    let with_k = exact(ln_add(ln_base(real_j), 2f64.ln() - c * real_k));
    let threshold = asked_by_last_line(real_k, d, eps, 2.0);
    let at_most = |name, equation, text, left, right| Link::new(name, equation, text, Relation::AtMost, left, right);
    let single = ln_box(j, d, eps, &Target::Origin, TOLERANCE);
    let boxes = Evidence::closed_form(2.0 * single.ln, 8.0 * single.relative_error, single.evaluations);
    vec![
        at_most(
            "eq-5-lemma-14",
            "Eq. 5 and Lemma 14",
            "Pr(A+B, B+C in I_eps(z)) <= E[prod_i Pr(A_i in I_eps(0) | Z) Pr(C_i in I_eps(0) | Z)]",
            Evidence::quadrature(ln_joint_box(k, j, d, eps, &target, 1e-7)),
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
            "after-6-ends-overline",
            "after Eq. 6, first line",
            "E[(4 eps^2/(pi sqrt(s s')))^d | E-] <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d; Pr(not E-) is added on both sides",
            scaled(given_good, error, moment.evaluations),
            exact(ln_base(real_j)),
        ),
        at_most(
            "after-6-tail",
            "after Eq. 6, second line",
            "(4 eps^2/(pi j (1-2 sqrt c_d)))^d + Pr(E-) <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d + 2 exp(-c_d j)",
            scaled(ln_add(ln_base(real_j), 2.0 * good.ln.min(0.0)), error, 1),
            with_j.clone(),
        ),
        at_most(
            "after-6-tail-overline",
            "after Eq. 6, second line",
            "Pr(not E-) <= 2 exp(-c_d j), read with the overline; the other term is the same on both sides",
            scaled(ln_bad, BAD_ROUNDING, j),
            exact(2f64.ln() - c * real_j),
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
            with_k.clone(),
            exact(3f64.ln() + ln_base(real_k)),
        )
        .for_large("C"),
        at_most(
            "last-with-j",
            "last line",
            "exp(-d log(pi j (1-2 sqrt c_d)/(4 eps^2))) + 2 exp(-c_d k) <= 3 (4 eps^2/(pi (1-2 sqrt c_d) j))^d, with j as the lemma has it",
            with_k,
            exact(3f64.ln() + ln_base(real_j)),
        )
        .for_large("C"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn verdict(given: &[(&str, &str)], name: &str) -> Verdict {
        let cell = claim("nsn-joint-box").cell(given.iter().copied()).unwrap();
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
        assert_eq!(verdict(&given, "after-6-tail-overline"), Verdict::Holds);
        assert_eq!(verdict(&given, "after-6-ends-overline"), Verdict::Holds);
    }

    /// The last line is printed with k where the lemma has j: for blocks of j < k it is then too small for every C.
    #[test]
    fn the_last_line_with_j_holds_from_some_constant_on() {
        let given = [("k", "4000"), ("j", "1000"), ("d", "3"), ("eps", "1e-3")];
        assert_eq!(verdict(&given, "last"), Verdict::ConstantRefuted);
        assert_eq!(verdict(&given, "last-with-j"), Verdict::ConstantSuffices);
        let cell = claim("nsn-joint-box").cell(given).unwrap();
        assert_eq!(least_constant(&cell, "last").unwrap().holds, f64::INFINITY);
        for (link, block) in
            [("hypothesis-k", "1000"), ("last-with-j", "100"), ("last-with-j", "4000"), ("last", "4000")]
        {
            let cell = claim("nsn-joint-box").cell([("k", "4000"), ("j", block), ("d", "3"), ("eps", "1e-3")]).unwrap();
            let least = least_constant(&cell, link).unwrap();
            // 27 log 3000 vectors a unit of C: the last k that fails, and the first that does not.
            let fails = (least.fails * 27.0 * 3000f64.ln()).round();
            let at = |k: f64| {
                let (k, j) = (k.to_string(), if block == "4000" { k.to_string() } else { block.to_string() });
                verdict(&[("k", &k), ("j", &j), ("d", "3"), ("eps", "1e-3")], link)
            };
            assert_eq!(
                (at(fails), at(fails + 1.0)),
                (Verdict::ConstantRefuted, Verdict::ConstantSuffices),
                "{link} {block}: {fails}"
            );
        }
    }
}
