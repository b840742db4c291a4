//! Corollary 19: with a log(1/eps) times as many vectors, a subset near the target exists with probability 1 - eps.

use super::mrss::{
    DIMENSION, N, NEAR, PROVED, SIZE, SMALL_EPS, Search, check_draw, check_method, draw_vectors, least_size, mean,
};
use super::nsn_box::{SMALL_NORM, TARGET};
use super::*;
use crate::cell::Domain;

/// The claim of Corollary 19.
pub struct Amplification;

static ABOUT: About = About {
    id: "amplification",
    source: "Corollary 19, Eq. 37",
    statement: "For 0 < eps <= 1/4, n >= C1 k^2 log(1/eps), k >= C2 d^3 log(d/eps), i.i.d. NSN vectors X_1, ..., X_n in R^d \
        and any z with norm1(z) <= sqrt(k): with probability at least 1 - eps there is a subset S of size k with max norm of \
        (sum_{i in S} X_i) - z at most eps. The proof looks for it in one of ceil(C1 log(1/eps)) disjoint groups \
        (argument = groups).",
    formula: "1 - eps",
    measured: "Pr(some k of the n vectors, or of one group, add up to within eps of z), each draw decided by search",
    parameters: &[
        N,
        SIZE,
        DIMENSION,
        NEAR,
        TARGET,
        Parameter { name: "C1", meaning: "the universal constant before k^2 log(1/eps)", ..super::nsn_joint_box::C },
        Parameter { name: "C2", meaning: "the universal constant before d^3 log(d/eps)", ..super::nsn_joint_box::C },
        Parameter {
            name: "argument",
            domain: Domain::Word(&["whole", "groups"]),
            default: Some("whole"),
            meaning: "where the subset may lie: anywhere, as the corollary says, or within one of the ceil(C1 log(1/eps)) \
                groups of floor(n / ceil(C1 log(1/eps))) vectors, as its proof asks",
            reach: None,
        },
        Parameter {
            name: "c",
            domain: Domain::Real(0.0, 1.0),
            default: Some(PROVED),
            meaning: "the constant of Theorem 5 in Eq. 37; by default what its proof ends with. Only the chain reads it",
            reach: None,
        },
    ],
    relation: Relation::AtLeast,
    quantity: Quantity::Probability,
    methods: &[Method::Literal, Method::Enumeration],
    constants: &["C1", "C2", "c"],
    readings: &[],
};

const CONDITIONS: &[Written] = &[
    Written::new("n >= C1 k^2 log(1/eps)", "n >= C1*k^2*ln(1/eps)"),
    Written::new("k >= C2 d^3 log(d/eps)", "k >= C2*d^3*ln(d/eps)"),
    SMALL_EPS,
    SMALL_NORM,
];

const FORMULAS: &[Written] = &[Written::new(PRINTED, "1 - eps")];

impl Claim for Amplification {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_draw(cell)
    }

    fn conditions(&self) -> &'static [Written] {
        CONDITIONS
    }

    fn formulas(&self) -> &'static [Written] {
        FORMULAS
    }

    /// The corollary speaks of any subset, its proof of one within a group.
    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("argument") == "groups" { Bearing::Lower } else { Bearing::Decides }
    }

    /// `mean`: E[T] over all n vectors. `groups` and `group`: how many groups, of how many vectors.
    fn symbols(&self, cell: &Cell) -> Result<Symbols> {
        let (groups, size) = groups(cell);
        let number = |count: u64| Number::new(count as f64);
        Ok(vec![("mean", mean(cell)), ("groups", number(groups)), ("group", number(size))])
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

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
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
        cell_of(&Amplification, given.iter().copied()).unwrap()
    }

    fn stream(batch: u64) -> Stream {
        Address { seed: 3, experiment: "test", cell: "amplification", estimator: "literal", batch }.stream()
    }

    #[test]
    fn hypotheses_and_asked_n_are_the_printed_ones() {
        // k = 4, eps = 0.1: 16 * 2.302585 = 36.84.
        let at = |n: &str| cell(&[("n", n), ("k", "4"), ("d", "1"), ("eps", "0.1")]);
        assert!((Amplification.asks(&at("37"), "n").unwrap() - 36.841_361_487_904_73).abs() < 1e-12);
        let met = |n: &str| Amplification.hypotheses(&at(n)).iter().filter(|h| h.is_met()).count();
        assert_eq!((met("37"), met("36")), (4, 3));
        assert!((Amplification.bounds(&at("37")).unwrap()[0].ln - 0.9f64.ln()).abs() < 1e-15);
    }

    /// At the least n that the corollary admits for C1 = 1 and eps = 0.1, s = 3 groups of 37 vectors have 12 each, and not
    /// 16: the ceiling takes more groups than the vectors are enough for. With C1 log(1/eps) whole there is nothing to lose.
    #[test]
    fn the_ceiling_leaves_groups_that_are_too_small() {
        let chain = |cell: Cell| Amplification.chain(&cell, &mut stream(0), 1e-6).unwrap();
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
            Amplification.chain(&cell, &mut stream(0), 1e-6).unwrap()[1].verdict()
        };
        assert_eq!(verdict("0.4", 17), Verdict::ConstantRefuted);
        assert_eq!(verdict("0.45", 19), Verdict::ConstantSuffices);
    }

    /// 1 - (1/2)^3 = 0.875 < 0.9: four groups are needed, which C1 = 3/log(10) does not give and a larger one does.
    #[test]
    fn the_last_line_holds_from_some_constant_on() {
        let at =
            |factor: &str| cell(&[("n", "64"), ("k", "3"), ("d", "1"), ("eps", "0.1"), ("c", "0.5"), ("C1", factor)]);
        let least = Amplification.least_constant(&at("1"), "last-line").unwrap().unwrap();
        assert!((least.holds - 3.0 / 10f64.ln()).abs() < 1e-12);
        let verdict = |factor: f64| {
            let chain = Amplification.chain(&at(&factor.to_string()), &mut stream(0), 1e-6).unwrap();
            chain.iter().find(|link| link.for_large.is_some()).unwrap().verdict()
        };
        assert_eq!(
            (verdict(least.fails - 1e-9), verdict(least.holds + 1e-9)),
            (Verdict::ConstantRefuted, Verdict::ConstantSuffices)
        );
        assert!(Amplification.least_constant(&at("1"), "group-size").unwrap().is_none());
    }

    /// A subset within a group is a subset: on the same draws the groups never find more.
    #[test]
    fn groups_ask_more_than_the_whole() {
        let draws = |argument: &str| {
            let cell = cell(&[("n", "21"), ("k", "3"), ("d", "1"), ("eps", "0.1"), ("argument", argument)]);
            let Ok(Estimator::Replicates(replicates)) = Amplification.estimator(&cell, Method::Literal) else {
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
