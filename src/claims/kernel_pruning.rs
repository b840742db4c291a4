//! Lemma 12: one convolution is approximated by pruning a random pair of layers.

mod proof;

use super::nsn_box::EPS;
use super::nsn_joint_box::C;
use super::*;
use crate::cell::Domain;
use crate::cnn::{Kernel, Layer};
use crate::pruning::{Filters, Inputs, Outputs, Pair, PrunedKernel, RandomPair, Request, Sign, Status, least_width};
use crate::subset_sum::{covers_unit_interval, sums_cover_unit_interval};

/// The claim of Lemma 12.
pub struct KernelPruning;

static ABOUT: About = About {
    id: "kernel-pruning",
    source: "Lemma 12, Eqs. 25-27",
    statement: "For n >= C d^12 c1^6 log^3(d^2 c1 c0 / eps), eps in (0, 1/4), U ~ N^(d x d x 2n c0 x c1), V ~ N^(1 x 1 x c0 x 2n c0) \
        and the 2n-channel-blocked mask S: with probability at least 1 - eps, for all K with norm1(K_t0) <= 1 for each input \
        channel t0, filters (any of the 2n of each input channel) can be removed from U * relu((V . S) * X) so that it is within eps M of K * X for every X with \
        max norm at most M. Measured with M = 1 (both sides scale with M), for all K at once where d = c0 = c1 = 1, and for \
        one K elsewhere: one K asks less than all, so that its probability can refute the lemma but not confirm it.",
    formula: "1 - eps",
    measured: "Pr(the pruned pair is within eps of K for every X)",
    parameters: &[
        Parameter {
            name: "d",
            domain: Domain::Integer(1, 15),
            default: None,
            meaning: "side of the kernel",
            reach: Some((1.0, 3.0)),
        },
        Parameter {
            name: "c0",
            domain: Domain::Integer(1, 1024),
            default: None,
            meaning: "input channels",
            reach: Some((1.0, 2.0)),
        },
        Parameter {
            name: "c1",
            domain: Domain::Integer(1, 1024),
            default: None,
            meaning: "output channels",
            reach: Some((1.0, 2.0)),
        },
        WIDTH,
        EPS,
        Parameter {
            name: "kernel",
            domain: Domain::Word(&["spike", "flat", "all"]),
            default: Some("spike"),
            meaning: "the target K: norm 1 of each input channel in one entry, in all entries alike with changing sign, or \
                all K at once (for d = c0 = c1 = 1)",
            reach: None,
        },
        C,
    ],
    relation: Relation::AtLeast,
    quantity: Quantity::Probability,
    methods: &[Method::Literal, Method::Enumeration],
};

/// The paper's n.
pub(super) const WIDTH: Parameter = Parameter {
    name: "n",
    domain: Domain::Integer(1, 1_000_000),
    default: None,
    meaning: "width: each input channel has a block of 2n filters, about half of which have the right sign for either sign",
    reach: Some((1.0, 64.0)),
};

/// Random pairs of more numbers than this (1.6 GB) are not drawn.
const MOST_WEIGHTS: u128 = 200_000_000;

/// Refuses random pairs that would not fit into memory.
pub(super) fn check_size(n: u64, d: usize, c0: usize, c1: usize) -> Result<()> {
    let [n, d, c0, c1] = [n as u128, d as u128, c0 as u128, c1 as u128];
    let weights = 2 * n * c0 * (c0 + d * d * c1);
    if weights > MOST_WEIGHTS {
        return Err(Error::input(format!(
            "n = {n}: the random pair would have {weights} weights; keep 2 n c0 (c0 + d^2 c1) at most {MOST_WEIGHTS}"
        )));
    }
    Ok(())
}

/// Widths up to which the subsets of either sign's candidates, about n, are listed by enumeration.
const MOST_LISTED: usize = 16;

impl Claim for KernelPruning {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let one = ["d", "c0", "c1"].iter().all(|name| cell.integer(name) == 1);
        if cell.word("kernel") == "all" && !one {
            return Err(Error::input("kernel = all is decided for d = c0 = c1 = 1 only; write spike or flat"));
        }
        let [d, c0, c1] = ["d", "c0", "c1"].map(|name| cell.integer(name) as usize);
        check_size(cell.integer("n"), d, c0, c1)
    }

    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("kernel") == "all" { Bearing::Decides } else { Bearing::Refutes }
    }

    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        vec![
            Hypothesis::new("n >= C d^12 c1^6 log^3(d^2 c1 c0/eps)", cell.real("n") >= asked_width(cell)),
            Hypothesis::new("eps < 1/4", cell.real("eps") < 0.25),
        ]
    }

    fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        Ok(vec![Bound::from_value(PRINTED, 1.0 - cell.real("eps"))])
    }

    /// The width that the lemma asks for, and the number d^2 c1 c0 of K's entries.
    fn symbols(&self, cell: &Cell) -> Result<Vec<(&'static str, Number)>> {
        let (d, c0, c1, eps) = (cell.real("d"), cell.real("c0"), cell.real("c1"), cell.real("eps"));
        let least = least_width(cell.real("C"), d, c0, c1, 1.0, eps);
        Ok(vec![("least_n", Number::new(least)), ("entries", Number::new(d * d * c0 * c1))])
    }

    fn chain(&self, cell: &Cell, stream: &mut Stream) -> Result<Vec<Link>> {
        proof::chain(cell, stream)
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        (parameter == "n").then(|| asked_width(cell))
    }

    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
        let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
        let target = target(cell);
        if method == Method::Enumeration {
            return enumerated(cell, target, n, eps);
        }
        Ok(Estimator::events(8, move || {
            let target = target.clone();
            match cell.word("kernel") {
                "all" => Box::new(move |stream| prunable_for_all(&target, n, eps, stream)),
                _ => Box::new(move |stream| prunable(&target, n, eps, stream)),
            }
        }))
    }
}

/// The probability 1 - x, whose log keeps the digits of a small x; 0 where x is 1 or more.
pub(super) fn one_minus(x: f64) -> Evidence {
    Evidence::closed_form(if x < 1.0 { (-x).ln_1p() } else { f64::NEG_INFINITY }, f64::EPSILON * x, 1)
}

/// What Lemma 12 asks of the width at a cell.
fn asked_width(cell: &Cell) -> f64 {
    let (d, c0, c1, eps) = (cell.real("d"), cell.real("c0"), cell.real("c1"), cell.real("eps"));
    least_width(cell.real("C"), d, c0, c1, 1.0, eps)
}

/// The target K as a layer whose padding keeps the image's size (for odd d).
fn target(cell: &Cell) -> Layer {
    let size = |name: &str| cell.integer(name) as usize;
    let (side, inputs, outputs) = (size("d"), size("c0"), size("c1"));
    let middle = (side - 1) / 2;
    let kernel = if cell.word("kernel") == "spike" {
        Kernel::from_fn(outputs, inputs, side, |o, _, r, s| if (o, r, s) == (0, middle, middle) { 1.0 } else { 0.0 })
    } else {
        let entry = 1.0 / (side * side * outputs) as f64;
        Kernel::from_fn(outputs, inputs, side, |o, i, r, s| if (o + i + r + s) % 2 == 0 { entry } else { -entry })
    };
    Layer { kernel, stride: 1, pad: middle }
}

/// Whether one drawn pair can be pruned to within eps of K for every X: yes if a pruning's exact worst case over X says
/// so, no if some channel and sign has no subset within eps (an error of more than eps in one entry is an error of more
/// than eps for the X that has only that entry), unknown otherwise.
fn prunable(target: &Layer, n: usize, eps: f64, stream: &mut Stream) -> Draw {
    let kernel = &target.kernel;
    let prune = |pair: RandomPair, tolerance: f64, stream: &mut Stream| {
        let request = Request { tolerance, filters: Filters::WholeBlock, ..Request::default() };
        PrunedKernel::prune(target, pair, &request, stream).expect("the pair was drawn for this target")
    };
    // The proof's tolerance makes the worst case at most eps; where it is not reached, the best found may do still.
    let strict = eps / (2.0 * kernel.data().len() as f64);
    let pair = RandomPair::draw(kernel, n, stream).expect("the width is at least 1");
    let fine = prune(pair, strict, stream);
    if worst_error(&fine) < eps {
        return Draw::event(true);
    }
    let coarse = prune(fine.pair().clone(), eps, stream);
    if coarse.channels().iter().any(|channel| channel.status == Status::None) {
        return Draw::event(false);
    }
    if worst_error(&coarse) < eps { Draw::event(true) } else { Draw::unknown() }
}

/// Whether one drawn pair with 1x1 kernels and single channels can be pruned for every K in [-1, 1]. The worst case over
/// X is the larger of |K - L^+| and |K + L^-| there, so this asks that the subset sums of either sign's candidates come
/// within eps of every point of [-1, 1].
fn prunable_for_all(target: &Layer, n: usize, eps: f64, stream: &mut Stream) -> Draw {
    let pair = RandomPair::draw(&target.kernel, n, stream).expect("the width is at least 1");
    let covered = [Sign::Positive, Sign::Negative].map(|sign| {
        let candidates = pair.candidates(0, sign, Filters::WholeBlock);
        let values: Vec<f64> = candidates.iter().map(|filter| pair.vector(*filter)[0]).collect();
        covers_unit_interval(&values, eps)
    });
    match covered {
        [Some(true), Some(true)] => Draw::event(true),
        [Some(false), _] | [_, Some(false)] => Draw::event(false),
        _ => Draw::unknown(),
    }
}

/// The same for 1x1 kernels and single channels by listing all subset sums of either sign's candidates: the worst case over X
/// is the larger of |K - L^+| and |K + L^-| there.
fn enumerated(cell: &Cell, target: Layer, n: usize, eps: f64) -> Result<Estimator<'_>> {
    if target.kernel.data().len() > 1 || n > MOST_LISTED {
        return Err(Error::input(format!(
            "subsets are listed for d = c0 = c1 = 1 and n up to {MOST_LISTED} only; take literal"
        )));
    }
    let all = cell.word("kernel") == "all";
    Ok(Estimator::events(8, move || {
        let target = target.clone();
        Box::new(move |stream| {
            let pair = RandomPair::draw(&target.kernel, n, stream).expect("the width is at least 1");
            Draw::event([(Sign::Positive, 1.0), (Sign::Negative, -1.0)].into_iter().all(|(sign, side)| {
                let candidates = pair.candidates(0, sign, Filters::WholeBlock);
                let values: Vec<f64> = candidates.iter().map(|filter| pair.vector(*filter)[0]).collect();
                match all {
                    true => sums_cover_unit_interval(&values, eps),
                    false => comes_near(&values, side * target.kernel.data()[0], eps),
                }
            }))
        })
    }))
}

/// Whether some subset sum of the values is within eps of z.
fn comes_near(values: &[f64], z: f64, eps: f64) -> bool {
    match values.split_first() {
        None => z.abs() < eps,
        Some((first, rest)) => comes_near(rest, z, eps) || comes_near(rest, z - first, eps),
    }
}

/// The exact worst case over all X with max norm at most 1, on an image that has full windows.
fn worst_error(pruned: &PrunedKernel) -> f64 {
    let side = 2 * pruned.target().kernel.side();
    let worst = pruned.error().worst_case(side, side, 1.0, Inputs::All, Outputs::Absolute);
    worst.expect("the kernel fits into an image of twice its side").value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;

    fn cell(given: &[(&str, &str)]) -> Cell {
        let base = [("d", "1"), ("c0", "1"), ("c1", "1"), ("n", "16"), ("eps", "0.1")];
        let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        cell_of(&KernelPruning, rest.chain(given.iter().copied())).unwrap()
    }

    fn known(cell: &Cell, seed: u64) -> Vec<Draw> {
        let target = target(cell);
        let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
        let address = Address { seed, experiment: "test", cell: &cell.key(), estimator: "literal", batch: 0 };
        let mut stream = address.stream();
        (0..40).map(|_| prunable(&target, n, eps, &mut stream)).collect()
    }

    /// Both methods draw the same pairs from one stream, as long as the solver draws nothing: what they decide is the same.
    #[test]
    fn listing_all_subsets_decides_as_the_solver_does() {
        for (n, kernel) in [("6", "spike"), ("10", "all")] {
            let cell = cell(&[("n", n), ("kernel", kernel), ("eps", "0.2")]);
            let rate = |method| {
                let Ok(Estimator::Replicates(replicates)) = KernelPruning.estimator(&cell, method) else {
                    panic!("the claim is sampled");
                };
                let (mut stream, mut sampler) = (crate::random::Stream::new(5, 7), (replicates.sampler)());
                let hits = (0..2000).filter(|_| sampler(&mut stream).lo == 1.0).count();
                hits as f64 / 2000.0
            };
            // Should the draws differ after all: 6 standard errors of a difference of two proportions.
            let (solved, listed) = (rate(Method::Literal), rate(Method::Enumeration));
            assert!((solved - listed).abs() < 0.07 && (0.1..0.99).contains(&listed), "{n} {kernel}: {solved} {listed}");
        }
    }

    #[test]
    fn targets_are_in_the_lemmas_class() {
        for (d, kernel) in [("3", "spike"), ("3", "flat"), ("2", "flat")] {
            let layer = target(&cell(&[("d", d), ("c0", "2"), ("c1", "3"), ("kernel", kernel)]));
            for t0 in 0..2 {
                let norm1: f64 = layer.kernel.input_slice(t0).iter().map(|x| x.abs()).sum();
                assert!((norm1 - 1.0).abs() < 1e-12);
            }
        }
    }

    /// With one channel and 1x1 kernels the worst case is the larger of the two subset-sum errors, so nothing is unknown.
    #[test]
    fn small_cases_are_decided_by_exact_search() {
        let draws = known(&cell(&[]), 1);
        assert!(draws.iter().all(|draw| draw.lo == draw.hi));
        assert!(draws.contains(&Draw::event(true)) && draws.contains(&Draw::event(false)));
    }

    /// What is within eps of every K is within eps of K = 1: draw by draw, on the same streams.
    #[test]
    fn all_kernels_ask_more_than_one() {
        let draws = |kernel: &str| {
            let cell = cell(&[("n", "9"), ("kernel", kernel)]);
            let target = target(&cell);
            let draw = |batch: u64| {
                let address = Address { seed: 4, experiment: "test", cell: "pair", estimator: "literal", batch };
                match kernel {
                    "all" => prunable_for_all(&target, 9, 0.1, &mut address.stream()),
                    _ => prunable(&target, 9, 0.1, &mut address.stream()),
                }
            };
            (0..60).map(draw).collect::<Vec<_>>()
        };
        let (all, one) = (draws("all"), draws("spike"));
        assert!(all.iter().zip(&one).all(|(all, one)| all.lo <= one.hi));
        let yes = |draws: &[Draw]| draws.iter().filter(|draw| draw.lo == 1.0).count();
        assert!(0 < yes(&all) && yes(&all) < yes(&one), "{} {}", yes(&all), yes(&one));
        assert_eq!(KernelPruning.bearing(&cell(&[("kernel", "all")])), Bearing::Decides);
        assert_eq!(KernelPruning.bearing(&cell(&[])), Bearing::Refutes);
        let refused = cell_of(
            &KernelPruning,
            [("d", "3"), ("c0", "1"), ("c1", "1"), ("n", "9"), ("eps", "0.1"), ("kernel", "all")],
        );
        assert!(refused.unwrap_err().to_string().contains("write spike or flat"));
    }

    #[test]
    fn a_width_of_one_fails_and_a_large_one_succeeds() {
        assert!(known(&cell(&[("n", "1")]), 2).iter().filter(|draw| draw.hi == 0.0).count() >= 30);
        assert!(known(&cell(&[("n", "60")]), 3).iter().all(|draw| draw.lo == 1.0));
    }

    #[test]
    fn the_asked_width_is_the_printed_one() {
        // d = 3, c1 = 2, c0 = 1, eps = 0.1: 3^12 2^6 log^3(180).
        let by_hand = 531_441.0 * 64.0 * 180f64.ln().powi(3);
        assert!((least_width(1.0, 3.0, 1.0, 2.0, 1.0, 0.1) / by_hand - 1.0).abs() < 1e-12);
        let met = |n: &str| KernelPruning.hypotheses(&cell(&[("n", n)]))[0].met;
        assert!(!met("12") && met("13"));
    }
}
