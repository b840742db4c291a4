//! Corollary 19: with a log(1/eps) times as many vectors, a subset near the target exists with probability 1 - eps.

use super::mrss::{Search, check_draw, check_method, draw_vectors, least_size, mean};
use super::*;

/// The claim of Corollary 19.
pub struct Amplification;

impl Measurand for Amplification {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::Literal, |cell| by_groups(cell, Method::Literal)),
            Procedure::new(Method::Enumeration, |cell| by_groups(cell, Method::Enumeration)),
        ]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_draw(cell)
    }

    /// The corollary speaks of any subset, its proof of one within a group.
    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("argument") == "groups" { Bearing::Lower } else { Bearing::Decides }
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "norm1_squared" => norm1_squared(cell),
            "mean" => mean(cell),
            "groups" => Number::whole(groups(cell).0),
            "group" => Number::whole(groups(cell).1),
            _ => return Err(undeclared(name)),
        })
    }

    fn chain(&self, cell: &Cell, _stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        let (groups, size) = groups(cell);
        let square = 2.0 * cell.real("k").ln();
        // ln(1 - x) from ln x: near 1 what matters is x.
        let one_minus = |ln_x: f64| {
            let ln = (-ln_x.exp()).ln_1p();
            Evidence::enclosed(Some(ln), ln * (1.0 + ROUNDING), ln * (1.0 - ROUNDING), Method::ClosedForm, 1)
        };
        let mut chain = vec![Link::new(
            "group-size",
            "Corollary 19, the proof's partition",
            "n >= C1 k^2 log(1/eps) vectors make s = ceil(C1 log(1/eps)) groups of at least k^2 vectors each",
            Relation::AtLeast,
            Evidence::closed_form((size as f64).ln(), 0.0, 1),
            Evidence::closed_form(square, 0.0, 1),
        )];
        // The corollary speaks of eps <= 1/4; from 1 on, 1 - eps is no bound.
        if cell.real("eps") < 1.0 {
            chain.push(
                Link::new(
                    "last-line",
                    "Corollary 19, the proof's last line",
                    "1 - (1-c)^ceil(C1 log(1/eps)) >= 1 - eps",
                    Relation::AtLeast,
                    one_minus(groups as f64 * (-cell.real("c")).ln_1p()),
                    one_minus(cell.real("eps").ln()),
                )
                .for_large("C1"),
            );
        }
        Ok(chain)
    }

    /// The last line needs s >= log(eps)/log(1-c) groups.
    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        let (eps, c) = (cell.real("eps"), cell.real("c"));
        if link != "last-line" || eps >= 1.0 {
            return Ok(None);
        }
        let least = if c == 0.0 { f64::INFINITY } else { (eps.ln() / (-c).ln_1p()).ceil().max(1.0) };
        Ok(Some(LeastConstant::above("C1", (least - 1.0) / -eps.ln())))
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        match parameter {
            "n" => Some(asked_n(cell)),
            "k" => Some(least_size(cell.real("C2"), cell)),
            _ => None,
        }
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

/// Counts draws of n vectors in which some group of them, or all of them together, have a subset near the target.
fn by_groups(cell: &Cell, method: Method) -> Result<Estimator<'_>> {
    let [n, k, d] = ["n", "k", "d"].map(|name| cell.integer(name));
    check_method(method, n, k)?;
    let (count, size) = match cell.word("argument") {
        "groups" => groups(cell),
        _ => (1, n),
    };
    let search = Search::new(cell, size, method);
    Ok(Estimator::events(16, move || {
        let (mut vectors, mut search) = (vec![0.0; (n * d) as usize], search.clone());
        Box::new(move |stream| {
            draw_vectors(&mut vectors, d as usize, stream);
            // The vectors that are left over when n is divided belong to no group.
            let whole_groups = vectors.chunks_exact(((size * d) as usize).max(1)).take(count as usize);
            any(whole_groups.map(|group| search.decide(group, stream)))
        })
    }))
}

/// Relative rounding of the logs of the last line's sides.
const ROUNDING: f64 = 1e-13;

/// C1 k^2 log(1/eps), what the corollary asks of n.
fn asked_n(cell: &Cell) -> f64 {
    -cell.real("C1") * cell.real("k").powi(2) * cell.real("eps").ln()
}

/// The proof's s = ceil(C1 log(1/eps)), at least 1, and the floor(n/s) vectors that every group has.
fn groups(cell: &Cell) -> (u64, u64) {
    let count = (-cell.real("C1") * cell.real("eps").ln()).ceil().max(1.0) as u64;
    (count, cell.integer("n") / count)
}

/// Whether any of the answers is yes; unknown where none is, and some are unknown.
fn any(answers: impl Iterator<Item = Option<bool>>) -> Draw {
    let mut draw = Draw::event(false);
    for answer in answers {
        match answer {
            Some(true) => return Draw::event(true),
            Some(false) => {}
            None => draw = Draw::unknown(),
        }
    }
    draw
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use crate::verdict::Verdict;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("amplification").cell(given.iter().copied()).unwrap()
    }

    fn stream(batch: u64) -> Stream {
        Address { seed: 3, experiment: "test", cell: "amplification", estimator: "literal", batch }.stream()
    }

    #[test]
    fn hypotheses_and_asked_n_are_the_printed_ones() {
        // k = 4, eps = 0.1: 16 * 2.302585 = 36.84.
        let at = |n: &str| cell(&[("n", n), ("k", "4"), ("d", "1"), ("eps", "0.1")]);
        assert!((claim("amplification").asks(&at("37"), "n").unwrap() - 36.841_361_487_904_73).abs() < 1e-12);
        let met = |n: &str| claim("amplification").hypotheses(&at(n)).iter().filter(|h| h.is_met()).count();
        assert_eq!((met("37"), met("36")), (4, 3));
        assert!((claim("amplification").bounds(&at("37")).unwrap()[0].ln - 0.9f64.ln()).abs() < 1e-15);
    }

    /// At the least n that the corollary admits for C1 = 1 and eps = 0.1, s = 3 groups of 37 vectors have 12 each, and not
    /// 16: the ceiling takes more groups than the vectors are enough for. With C1 log(1/eps) whole there is nothing to lose.
    #[test]
    fn the_ceiling_leaves_groups_that_are_too_small() {
        let chain = |cell: Cell| claim("amplification").chain(&cell, &mut stream(0), 1e-6).unwrap();
        let verdicts = |given: &[(&str, &str)]| chain(cell(given)).iter().map(Link::verdict).collect::<Vec<_>>();
        let tight = [("n", "37"), ("k", "4"), ("d", "1"), ("eps", "0.1")];
        assert_eq!(groups(&cell(&tight)), (3, 12));
        // One group of Theorem 5's proved constant is far from 1 - eps, at C1 = 1.
        assert_eq!(verdicts(&tight), [Verdict::Violated, Verdict::ConstantRefuted]);
        // 1 - (1/2)^3 = 0.875 < 0.9, and 1 - (1/2)^4 = 0.9375.
        assert_eq!(verdicts(&[&tight[..], &[("c", "0.5")]].concat())[1], Verdict::ConstantRefuted);
        let enough = [("n", "64"), ("k", "3"), ("d", "1"), ("eps", "0.1"), ("c", "0.5"), ("C1", "1.5")];
        assert_eq!(groups(&cell(&enough)), (4, 16));
        assert_eq!(verdicts(&enough), [Verdict::Holds, Verdict::ConstantSuffices]);
    }

    /// Near 1 the last line is compared by what is missing: (1-c)^s = 1e-17 and 1e-19 beside eps = 1e-18.
    #[test]
    fn the_last_line_is_told_apart_beyond_doubles() {
        let verdict = |factor: &str, count: u64| {
            let cell = cell(&[("n", "64"), ("k", "1"), ("d", "1"), ("eps", "1e-18"), ("C1", factor), ("c", "0.9")]);
            assert_eq!(groups(&cell).0, count);
            claim("amplification").chain(&cell, &mut stream(0), 1e-6).unwrap()[1].verdict()
        };
        assert_eq!(verdict("0.4", 17), Verdict::ConstantRefuted);
        assert_eq!(verdict("0.45", 19), Verdict::ConstantSuffices);
    }

    /// 1 - (1/2)^3 = 0.875 < 0.9: four groups are needed, which C1 = 3/log(10) does not give and a larger one does.
    #[test]
    fn the_last_line_holds_from_some_constant_on() {
        let at =
            |factor: &str| cell(&[("n", "64"), ("k", "3"), ("d", "1"), ("eps", "0.1"), ("c", "0.5"), ("C1", factor)]);
        let least = claim("amplification").least_constant(&at("1"), "last-line").unwrap().unwrap();
        assert!((least.holds - 3.0 / 10f64.ln()).abs() < 1e-12);
        let verdict = |factor: f64| {
            let chain = claim("amplification").chain(&at(&factor.to_string()), &mut stream(0), 1e-6).unwrap();
            chain.iter().find(|link| link.for_large.is_some()).unwrap().verdict()
        };
        assert_eq!(
            (verdict(least.fails - 1e-9), verdict(least.holds + 1e-9)),
            (Verdict::ConstantRefuted, Verdict::ConstantSuffices)
        );
        assert!(claim("amplification").least_constant(&at("1"), "group-size").unwrap().is_none());
    }

    /// A subset within a group is a subset: on the same draws the groups never find more.
    #[test]
    fn groups_ask_more_than_the_whole() {
        let draws = |argument: &str| {
            let cell = cell(&[("n", "21"), ("k", "3"), ("d", "1"), ("eps", "0.1"), ("argument", argument)]);
            let Ok(Estimator::Replicates(replicates)) = claim("amplification").estimator(&cell, Method::Literal) else {
                panic!()
            };
            (0..200).map(|batch| (replicates.sampler)()(&mut stream(batch))).collect::<Vec<Draw>>()
        };
        let (whole, groups) = (draws("whole"), draws("groups"));
        assert!(whole.iter().zip(&groups).all(|(whole, groups)| groups.lo <= whole.hi));
        let yes = |draws: &[Draw]| draws.iter().filter(|draw| draw.lo == 1.0).count();
        assert!(0 < yes(&groups) && yes(&groups) < yes(&whole), "{} {}", yes(&groups), yes(&whole));
    }

    #[test]
    fn answers_are_joined() {
        assert_eq!(any([Some(false), None, Some(true)].into_iter()), Draw::event(true));
        assert_eq!(any([Some(false), None].into_iter()), Draw::unknown());
        assert_eq!(any([Some(false), Some(false)].into_iter()), Draw::event(false));
    }
}
