//! Lemma 12: one convolution is approximated by pruning a random pair of layers.

mod proof;

use std::cmp::Reverse;

use super::*;
use crate::arrays::{gigabytes, lacking_memory};
use crate::subset_sum::{covers_unit_interval, sums_cover_unit_interval};
use crate::tickets::cnn::{Kernel, Layer};
use crate::tickets::pruning::design::USUAL;
use crate::tickets::pruning::{
    Filters, Inputs, Outputs, Pair, PrunedKernel, RandomPair, Request, Sign, come_near, least_width,
};

/// The claim of Lemma 12.
pub struct KernelPruning;

/// Random pairs of more numbers than this (1.6 GB) are not drawn.
const MOST_WEIGHTS: u128 = 200_000_000;

/// Refuses targets K that no shape of this size has.
pub(super) fn check_kernel(cell: &Cell) -> Result<()> {
    let one = ["d", "c0", "c1"].iter().all(|name| cell.integer(name) == 1);
    let kernel = cell.word("kernel");
    if kernel == "all" && !one {
        return Err(Error::input("kernel = all is decided for d = c0 = c1 = 1 only; write spike, flat or net"));
    }
    let entries = cell.integer("d").pow(2) * cell.integer("c1");
    if kernel == "net" && (cell.integer("c0") > 1 || entries > MOST_ENTRIES_IN_NET) {
        return Err(Error::input(format!(
            "kernel = net is for c0 = 1 and d^2 c1 up to {MOST_ENTRIES_IN_NET}; write spike or flat"
        )));
    }
    Ok(())
}

/// Refuses random pairs that would not fit into memory, with the searches on them, of which so many run at once.
pub(super) fn check_size(n: u64, d: usize, c0: usize, c1: usize, at_once: usize) -> Result<()> {
    let [n, d, c0, c1] = [n as u128, d as u128, c0 as u128, c1 as u128];
    let weights = 2 * n * c0 * (c0 + d * d * c1);
    if weights > MOST_WEIGHTS {
        return Err(Error::input(format!(
            "n = {n}: the random pair would have {weights} weights; keep 2 n c0 (c0 + d^2 c1) at most {MOST_WEIGHTS}"
        )));
    }
    let dimension = d * d * c1;
    let numbers = PAIRS * weights + KERNELS * c0 * dimension + COVARIANCES * dimension * dimension;
    let bytes = u64::try_from(8 * numbers * at_once as u128).unwrap_or(u64::MAX);
    match lacking_memory(bytes) {
        Some(free) => Err(Error::input(format!(
            "d = {d}, c1 = {c1}: searches of {dimension} dimensions take about {} ({at_once} at once), and {} are free; give a \
             smaller d or c1, or a smaller n",
            gigabytes(bytes),
            gigabytes(free)
        ))),
        None => Ok(()),
    }
}

/// Copies of a pair's weights, of kernels of the target's shape, and of the covariance that guides a search, that are held at
/// once.
const PAIRS: u128 = 3;
const KERNELS: u128 = 8;
const COVARIANCES: u128 = 3;

/// Widths up to which the subsets of either sign's candidates, about n, are listed by enumeration.
const MOST_LISTED: usize = 16;
/// Kernels in a net, at most, ...
const MOST_IN_NET: usize = 200;
/// ... which the corners of the norm_1 ball and its centre must not exceed.
const MOST_ENTRIES_IN_NET: u64 = 99;

impl Measurand for KernelPruning {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, literal), Procedure::new(Method::Enumeration, enumerated)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_kernel(cell)?;
        if (cell.word("kernel"), cell.word("event")) == ("all", "found") {
            return Err(Error::input("kernel = all is decided without a beam; write event = exists, or kernel = net"));
        }
        let [d, c0, c1] = ["d", "c0", "c1"].map(|name| cell.integer(name) as usize);
        check_size(cell.integer("n"), d, c0, c1, rayon::current_num_threads())
    }

    fn bearing(&self, cell: &Cell) -> Bearing {
        match (cell.word("kernel"), cell.word("event")) {
            ("all", _) => Bearing::Decides,
            (_, "exists") => Bearing::Upper,
            _ => Bearing::Illustrates,
        }
    }

    /// The width that the lemma asks for, and the number d^2 c1 c0 of K's entries.
    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let [d, c0, c1] = ["d", "c0", "c1"].map(|name| Number::whole(cell.integer(name)));
        let entries = d * d * c0 * c1;
        let power = |x: Number, power: f64| x.pow(Number::new(power));
        let log = (entries / Number::new(cell.real("eps"))).ln();
        Ok(match name {
            "least_n" => Number::new(cell.real("C")) * power(d, 12.0) * power(c1, 6.0) * power(log, 3.0),
            "entries" => entries,
            _ => return Err(undeclared(name)),
        })
    }

    fn chain_samples(&self) -> bool {
        true
    }

    fn chain(&self, cell: &Cell, stream: &mut Stream, alpha: f64) -> Result<Vec<Link>> {
        proof::chain(cell, stream, alpha)
    }

    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        proof::least_constant(cell, link)
    }

    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        (parameter == "n").then(|| asked_width(cell))
    }
}

/// Draws the weights, and decides by search whether they can be pruned.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
    let targets = targets(cell);
    let is_found = cell.word("event") == "found";
    Ok(Estimator::events(8, move || {
        let targets = targets.clone();
        match cell.word("kernel") {
            "all" => Box::new(move |stream| prunable_for_all(&targets[0], n, eps, stream)),
            _ if is_found => Box::new(move |stream| found(&targets, n, eps, stream)),
            _ => Box::new(move |stream| prunable(&targets, n, eps, stream)),
        }
    }))
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

/// The targets K, each as a layer whose padding keeps the image's size (for odd d). Of kernel = all it is 1, which only names
/// the shape.
pub(super) fn targets(cell: &Cell) -> Vec<Layer> {
    let size = |name: &str| cell.integer(name) as usize;
    let (side, inputs, outputs) = (size("d"), size("c0"), size("c1"));
    let middle = (side - 1) / 2;
    let entries = side * side * outputs;
    let spike = |o: usize, _, r, s| if (o, r, s) == (0, middle, middle) { 1.0 } else { 0.0 };
    let flat = |o: usize, i: usize, r: usize, s: usize| if (o + i + r + s).is_multiple_of(2) { 1.0 } else { -1.0 };
    let kernels = match cell.word("kernel") {
        "flat" => vec![Kernel::from_fn(outputs, inputs, side, |o, i, r, s| flat(o, i, r, s) / entries as f64)],
        "net" => {
            let of =
                |point: Vec<f64>| Kernel::new(outputs, 1, side, point).expect("a point has an entry for each weight");
            net(entries).into_iter().map(of).collect()
        }
        _ => vec![Kernel::from_fn(outputs, inputs, side, spike)],
    };
    kernels.into_iter().map(|kernel| Layer { kernel, stride: 1, pad: middle }).collect()
}

/// A net of the norm_1 ball: all points whose coordinates are multiples of 1/m, with the largest m of which there are at most
/// [`MOST_IN_NET`]; the farthest first, which is the soonest missed.
fn net(dimension: usize) -> Vec<Vec<f64>> {
    let lattices = (1..=MOST_IN_NET).map(|mesh| (mesh, lattice_points(dimension, mesh)));
    let (mesh, mut points) =
        lattices.take_while(|(_, points)| points.len() <= MOST_IN_NET).last().expect("see `check`");
    points.sort_by_key(|point| Reverse(point.iter().map(|x| x * x).sum::<i64>()));
    points.into_iter().map(|point| point.into_iter().map(|x| x as f64 / mesh as f64).collect()).collect()
}

/// The points with whole coordinates whose norm_1 is at most `radius`; where there are more than [`MOST_IN_NET`], some.
fn lattice_points(dimension: usize, radius: usize) -> Vec<Vec<i64>> {
    let mut points = vec![Vec::new()];
    for _ in 0..dimension {
        let longer = |point: &Vec<i64>| {
            let left = radius as i64 - point.iter().map(|x| x.abs()).sum::<i64>();
            let point = point.clone();
            (-left..=left).map(move |x| [point.as_slice(), &[x]].concat())
        };
        points = points.iter().flat_map(longer).take(MOST_IN_NET + 1).collect();
    }
    points
}

/// Whether one drawn pair can be pruned to within eps of each K for every X: no if some channel and sign has no subset within eps
/// of one of them (an error of more than eps in one entry is an error of more than eps for the X that has only that entry), yes
/// if for each a pruning's exact worst case over X says so, unknown otherwise.
fn prunable(targets: &[Layer], n: usize, eps: f64, stream: &mut Stream) -> Draw {
    let kernel = &targets[0].kernel;
    let pair = RandomPair::draw(kernel, n, stream).expect("the width is at least 1");
    let near = come_near(targets, &pair, Filters::WholeBlock, eps, stream).expect("eps is finite");
    match near {
        Some(false) => Draw::event(false),
        // The worst case over X is then the largest of these errors.
        Some(true) if kernel.side() * kernel.inputs() == 1 => Draw::event(true),
        _ if targets.iter().all(|target| is_prunable(target, &pair, eps, stream)) => Draw::event(true),
        _ => Draw::unknown(),
    }
}

/// Whether a pruning is found whose worst case over X is within eps.
fn is_prunable(target: &Layer, pair: &RandomPair, eps: f64, stream: &mut Stream) -> bool {
    // The proof's tolerance makes the worst case at most eps; where it is not reached, the best found may do still.
    let strict = eps / (2.0 * target.kernel.data().len() as f64);
    [strict, eps].into_iter().any(|tolerance| {
        let request = Request { tolerance, filters: Filters::WholeBlock, ..Request::default() };
        let pruned = PrunedKernel::prune(target, pair, &request, stream);
        worst_error(&pruned.expect("the pair was drawn for this target")) < eps
    })
}

/// Whether narrow beams prune one drawn pair to within eps of each K for every X.
fn found(targets: &[Layer], n: usize, eps: f64, stream: &mut Stream) -> Draw {
    let pair = RandomPair::draw(&targets[0].kernel, n, stream).expect("the width is at least 1");
    let is_near = worst_errors_by_beam(targets, &pair, 0.0, stream).all(|error| error < eps);
    Draw::event(is_near)
}

/// The worst cases of a pair that is pruned for each K by narrow beams, which end at the tolerance.
pub(super) fn worst_errors_by_beam(
    targets: &[Layer],
    pair: &RandomPair,
    tolerance: f64,
    stream: &mut Stream,
) -> impl Iterator<Item = f64> {
    let request = Request { tolerance, filters: Filters::WholeBlock, solver: Some(&USUAL), ..Request::default() };
    let pruned = PrunedKernel::prune_each(targets, pair, request, stream);
    pruned.map(|pruned| worst_error(&pruned.expect("the pair was drawn for these targets")))
}

/// Whether one drawn pair with 1x1 kernels and single channels can be pruned for every K in [-1, 1]. The worst case over
/// X is the larger of |K - L^+| and |K + L^-| there, so this asks that the subset sums of either sign's candidates come
/// within eps of every point of [-1, 1].
fn prunable_for_all(target: &Layer, n: usize, eps: f64, stream: &mut Stream) -> Draw {
    let pair = RandomPair::draw(&target.kernel, n, stream).expect("the width is at least 1");
    match is_near_all(&pair, eps) {
        Some(is_near) => Draw::event(is_near),
        None => Draw::unknown(),
    }
}

/// The same for a pair that was drawn; `None` where that is not decided.
pub(super) fn is_near_all(pair: &RandomPair, eps: f64) -> Option<bool> {
    let covered = Sign::BOTH.map(|sign| covers_unit_interval(&numbers(pair, sign), eps));
    match covered {
        [Some(true), Some(true)] => Some(true),
        [Some(false), _] | [_, Some(false)] => Some(false),
        _ => None,
    }
}

/// What the candidates of a sign add to the one entry of a 1x1 kernel with single channels.
pub(super) fn numbers(pair: &RandomPair, sign: Sign) -> Vec<f64> {
    let candidates = pair.candidates(0, sign, Filters::WholeBlock);
    candidates.iter().map(|filter| pair.vector(*filter)[0]).collect()
}

/// The same for 1x1 kernels and single channels by listing all subset sums of either sign's candidates: the worst case over X
/// is the larger of |K - L^+| and |K + L^-| there.
fn enumerated(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, eps, targets) = (cell.integer("n") as usize, cell.real("eps"), targets(cell));
    let (all, kernel) = (cell.word("kernel") == "all", targets[0].kernel.clone());
    if kernel.data().len() > 1 || n > MOST_LISTED || cell.word("event") == "found" {
        return Err(Error::unreachable(format!(
            "subsets are listed for d = c0 = c1 = 1, n up to {MOST_LISTED} and event = exists only; take literal"
        )));
    }
    let weights: Vec<f64> = targets.iter().map(|target| target.kernel.data()[0]).collect();
    Ok(Estimator::events(8, move || {
        let (kernel, weights) = (kernel.clone(), weights.clone());
        Box::new(move |stream| {
            let pair = RandomPair::draw(&kernel, n, stream).expect("the width is at least 1");
            Draw::event([(Sign::Positive, 1.0), (Sign::Negative, -1.0)].into_iter().all(|(sign, side)| {
                let values = numbers(&pair, sign);
                match all {
                    true => sums_cover_unit_interval(&values, eps),
                    false => weights.iter().all(|weight| comes_near(&values, side * weight, eps)),
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
pub(super) fn worst_error(pruned: &PrunedKernel<impl Pair>) -> f64 {
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
        claim("kernel-pruning").cell(rest.chain(given.iter().copied())).unwrap()
    }

    fn known(cell: &Cell, seed: u64) -> Vec<Draw> {
        let targets = targets(cell);
        let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
        let address = Address { seed, experiment: "test", cell: &cell.key(), estimator: "literal", batch: 0 };
        let mut stream = address.stream();
        (0..40).map(|_| prunable(&targets, n, eps, &mut stream)).collect()
    }

    /// Both methods draw the same pairs from one stream, as long as the solver draws nothing: what they decide is the same.
    #[test]
    fn listing_all_subsets_decides_as_the_solver_does() {
        for (n, kernel) in [("6", "spike"), ("10", "all")] {
            let cell = cell(&[("n", n), ("kernel", kernel), ("eps", "0.2")]);
            let rate = |method| {
                let draws = testing::draws("kernel-pruning", &cell, method, Stream::new(5, 7), 2000);
                draws.iter().filter(|draw| draw.lo == 1.0).count() as f64 / 2000.0
            };
            // Should the draws differ after all: 6 standard errors of a difference of two proportions.
            let (solved, listed) = (rate(Method::Literal), rate(Method::Enumeration));
            assert!((solved - listed).abs() < 0.07 && (0.1..0.99).contains(&listed), "{n} {kernel}: {solved} {listed}");
        }
    }

    #[test]
    fn targets_are_in_the_lemmas_class() {
        for (d, kernel) in [("3", "spike"), ("3", "flat"), ("2", "flat")] {
            let layer = &targets(&cell(&[("d", d), ("c0", "2"), ("c1", "3"), ("kernel", kernel)]))[0];
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

    /// What is within eps of every K is within eps of each K of a net, and what is within eps of these is within eps of K = 1:
    /// draw by draw, on the same streams.
    #[test]
    fn all_kernels_ask_more_than_one() {
        let draws = |kernel: &str| {
            let cell = cell(&[("n", "9"), ("kernel", kernel)]);
            let targets = targets(&cell);
            let draw = |batch: u64| {
                let address = Address { seed: 4, experiment: "test", cell: "pair", estimator: "literal", batch };
                match kernel {
                    "all" => prunable_for_all(&targets[0], 9, 0.1, &mut address.stream()),
                    _ => prunable(&targets, 9, 0.1, &mut address.stream()),
                }
            };
            (0..60).map(draw).collect::<Vec<_>>()
        };
        let (all, net, one) = (draws("all"), draws("net"), draws("spike"));
        assert!(all.iter().zip(&net).all(|(all, net)| all.lo <= net.hi));
        assert!(net.iter().zip(&one).all(|(net, one)| net.lo <= one.hi));
        let yes = |draws: &[Draw]| draws.iter().filter(|draw| draw.lo == 1.0).count();
        assert!(0 < yes(&all) && yes(&net) < yes(&one), "{} {} {}", yes(&all), yes(&net), yes(&one));
        assert_eq!(claim("kernel-pruning").bearing(&cell(&[("kernel", "all")])), Bearing::Decides);
        assert_eq!(claim("kernel-pruning").bearing(&cell(&[("kernel", "net")])), Bearing::Upper);
        assert_eq!(claim("kernel-pruning").bearing(&cell(&[("event", "found")])), Bearing::Illustrates);
    }

    /// What a beam finds is there: draw by draw, on the same streams, which begin with the pair.
    #[test]
    fn what_is_found_exists() {
        for (kernel, d, n) in [("spike", "1", 12), ("net", "1", 30), ("spike", "2", 40)] {
            let targets = targets(&cell(&[("d", d), ("kernel", kernel)]));
            let stream =
                |batch| Address { seed: 6, experiment: "test", cell: kernel, estimator: "literal", batch }.stream();
            let both =
                |batch| (found(&targets, n, 0.1, &mut stream(batch)), prunable(&targets, n, 0.1, &mut stream(batch)));
            let draws: Vec<(Draw, Draw)> = (0..10).map(both).collect();
            assert!(draws.iter().all(|(found, exists)| found.lo <= exists.hi), "{kernel} {d} {n}");
            assert!(draws.iter().any(|(found, _)| found.lo == 1.0), "{kernel} {d} {n}");
        }
    }

    #[test]
    fn nets_are_in_the_lemmas_class_and_hold_its_corners() {
        for (dimension, points) in [(1, 199), (2, 181), (4, 129), (9, 181), (18, 37), (99, 199)] {
            let net = net(dimension);
            assert_eq!(net.len(), points, "{dimension}");
            assert!(net.iter().all(|point| point.iter().map(|x| x.abs()).sum::<f64>() <= 1.0 + 1e-12));
            let corner = |sign: f64| (0..dimension).map(|i| if i == 0 { sign } else { 0.0 }).collect::<Vec<f64>>();
            assert!(net.contains(&corner(1.0)) && net.contains(&corner(-1.0)) && net.contains(&corner(0.0)));
        }
    }

    #[test]
    fn what_is_not_decided_is_refused() {
        let refused = |given: &[(&'static str, &'static str)]| {
            let base = [("d", "1"), ("c0", "1"), ("c1", "1")];
            let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
            let given = rest.chain(given.iter().copied()).chain([("n", "9"), ("eps", "0.1")]);
            claim("kernel-pruning").cell(given).unwrap_err().to_string()
        };
        assert!(refused(&[("d", "3"), ("kernel", "all")]).contains("write spike, flat or net"));
        assert!(refused(&[("kernel", "all"), ("event", "found")]).contains("write event = exists"));
        assert!(refused(&[("c0", "2"), ("kernel", "net")]).contains("kernel = net is for c0 = 1"));
        assert!(refused(&[("d", "10"), ("kernel", "net")]).contains("d^2 c1 up to 99"));
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
        let met = |n: &str| claim("kernel-pruning").hypotheses(&cell(&[("n", n)]))[0].is_met();
        assert!(!met("12") && met("13"));
    }
}
