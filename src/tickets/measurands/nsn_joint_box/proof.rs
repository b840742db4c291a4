//! The proof of Lemma 8, Eqs. 5-6 to the end, link by link as printed.

use std::f64::consts::PI;

use super::super::*;
use crate::enclosure::Enclosure;
use crate::enclosure::tails::ln_chi_square_tail;
use crate::tails::Tail;
use crate::tickets::nsn::enclosed::{Form, enclosed_box, ln_expectation};
use crate::tickets::nsn::enclosed_joint::enclosed_joint_box;
use crate::tickets::nsn::target::Target;
use crate::tickets::nsn::{c_d, root_c_d};

/// The relative width of an integral.
const WIDTH: f64 = 1e-7;
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
    let number = Enclosure::new;
    let (real_k, real_j, real_d, root) = (Enclosure::whole(k), Enclosure::whole(j), Enclosure::whole(d), root_c_d(d));
    let (c, two) = (root.square(), number(2.0));
    let exact = |ln: Enclosure| Evidence::proved(ln, 1);
    let typical = Enclosure::ONE - two * root;
    let low = real_j * typical;
    // A block is good with probability 1 - q, both with (1 - q)^2, so that 2 q - q^2 is left.
    let tail = |tail: Tail| ln_chi_square_tail(real_j, low, tail).unwrap_or(Enclosure::ALL);
    let (ln_good, ln_q) = (tail(Tail::Upper), tail(Tail::Lower));
    let ln_bad = two.ln() + ln_q + (-ln_q.exp().scaled(0.5)).ln_1p();
    let ln_eps = (two * number(eps)).ln();
    // ((2 eps)^2/(pi s))^(d/2), s = e^u.
    let ln_density =
        |u: Form| Form::constant(real_d * (ln_eps - Enclosure::PI.ln().scaled(0.5))) - u.times(real_d.scaled(0.5));
    let (moment, pieces) = ln_expectation(j, low, None, ln_density, WIDTH);
    let given_good = (moment - ln_good).scaled(2.0);
    let given = |ln: Enclosure| Evidence::proved(ln, pieces);
    let after_6 = given(ln_sum(given_good, ln_bad));
    let ln_base = |block: Enclosure| real_d * (ln_eps.scaled(2.0) - (Enclosure::PI * typical * block).ln());
    let with = |block: Enclosure| exact(ln_sum(ln_base(real_j), two.ln() - c * block));
    let (with_j, with_k) = (with(real_j), with(real_k));
    // What the last sentence asks of k.
    let asked = two * real_d / c * ((Enclosure::PI * real_k * typical).ln() - ln_eps.scaled(2.0));
    let asked = if asked.hi() > 0.0 { asked.non_negative().ln() } else { number(f64::NEG_INFINITY) };
    let at_most = |name, equation, text, left, right| Link::new(name, equation, text, Relation::AtMost, left, right);
    let (joint, joint_pieces) = enclosed_joint_box(k, j, d, eps, &target);
    let single = enclosed_box(j, d, eps, &Target::Origin, WIDTH);
    let boxes = Evidence::proved(single.ln.scaled(2.0), single.pieces.pieces.len() as u64);
    let ends = given(ln_sum(ln_base(real_j), ln_good.scaled(2.0)));
    vec![
        at_most(
            "eq-5-lemma-14",
            "Eq. 5 and Lemma 14",
            "Pr(A+B, B+C in I_eps(z)) <= E[prod_i Pr(A_i in I_eps(0) | Z) Pr(C_i in I_eps(0) | Z)]",
            Evidence::proved(joint, joint_pieces),
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
            ends.clone(),
        ),
        at_most(
            "after-6-ends-overline",
            "after Eq. 6, first line",
            "E[(4 eps^2/(pi sqrt(s s')))^d | E-] <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d; Pr(not E-) is added on both sides",
            given(given_good),
            exact(ln_base(real_j)),
        ),
        at_most(
            "after-6-tail",
            "after Eq. 6, second line",
            "(4 eps^2/(pi j (1-2 sqrt c_d)))^d + Pr(E-) <= (4 eps^2/(pi j (1-2 sqrt c_d)))^d + 2 exp(-c_d j)",
            ends,
            with_j.clone(),
        ),
        at_most(
            "after-6-tail-overline",
            "after Eq. 6, second line",
            "Pr(not E-) <= 2 exp(-c_d j), read with the overline; the other term is the same on both sides",
            exact(ln_bad),
            exact(two.ln() - c * real_j),
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
            exact(asked),
            exact(real_k.ln()),
        )
        .for_large("C"),
        at_most(
            "last",
            "last line",
            "exp(-d log(pi j (1-2 sqrt c_d)/(4 eps^2))) + 2 exp(-c_d k) <= 3 (4 eps^2/(pi (1-2 sqrt c_d) k))^d",
            with_k.clone(),
            exact(number(3.0).ln() + ln_base(real_k)),
        )
        .for_large("C"),
        at_most(
            "last-with-j",
            "last line",
            "exp(-d log(pi j (1-2 sqrt c_d)/(4 eps^2))) + 2 exp(-c_d k) <= 3 (4 eps^2/(pi (1-2 sqrt c_d) j))^d, with j as the lemma has it",
            with_k,
            exact(number(3.0).ln() + ln_base(real_j)),
        )
        .for_large("C"),
    ]
}

/// ln(e^a + e^b).
fn ln_sum(a: Enclosure, b: Enclosure) -> Enclosure {
    let (more, less) = if a.middle() >= b.middle() { (a, b) } else { (b, a) };
    more + (less - more).exp().ln_1p()
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
