//! Theorem 3 at work: a trained network approximated by pruning a random one that is never stored.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::tickets::cnn::{Images, Network, weights};
use crate::tickets::pruning::{Design, Filters, Law, PrunedNetwork, Scale, Search, SeededPair, Watch, least_width};

/// The claim of Theorem 3 on a network that is really pruned.
pub struct PrunedNetworkClaim;

/// Forward passes that the search for the worst input may take.
const EVALUATIONS: usize = 1000;
/// Rounding of the product of the norms, relative.
const ROUNDING: f64 = 1e-12;
/// What the images of a network are called beside it.
const IMAGES: &str = "_test.npz";

/// What Theorem 3 asks for.
const CONDITIONS: [&str; 6] = [
    "norm1(K) <= 1",
    "n >= C d^12 c_i^6 log^3(d^2 c_i c_{i-1} l/eps)",
    "normal weights",
    "ReLU",
    "no biases",
    "the 1x1 kernel first",
];

impl Measurand for PrunedNetworkClaim {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, search)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let target = target(cell)?;
        let side = cell.integer("side") as usize;
        target.shapes(side, side)?;
        if cell.word("quantity") == "decisions" && networks::file(cell.word("network")).is_none() {
            return Err(Error::input("a random network has no images to decide on; write quantity = error or kept"));
        }
        design(cell).check(&target)
    }

    fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        let images = (cell.word("quantity") == "decisions").then(|| images_path(cell));
        networks::file(cell.word("network")).into_iter().chain(images).collect()
    }

    /// One draw, where the theorem speaks of a probability; but how many filters there are at most is sure.
    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("quantity") == "kept" { Bearing::Decides } else { Bearing::Illustrates }
    }

    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        let Ok(target) = target(cell) else { return CONDITIONS.map(|name| Hypothesis::new(name, None)).into() };
        let (design, depth) = (design(cell), target.depth() as f64);
        let wide = target.places().all(|index| {
            let shape = target.layers()[index].shape();
            let [side, inputs, outputs] = [shape.k, shape.cin, shape.cout].map(|x| x as f64);
            cell.real("n") >= least_width(cell.real("C"), side, inputs, outputs, depth, cell.real("eps"))
        });
        let small = target.places().all(|index| design.scaled(&target, index).kernel.norm1() <= 1.0);
        let met = [small, wide, design.law == Law::Normal, target.leak() == 0.0, !has_biases(cell), !design.direct];
        CONDITIONS.into_iter().zip(met).map(|(name, met)| Hypothesis::new(name, met)).collect()
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let target = target(cell)?;
        Ok(Number::new(match name {
            "norms" => norms(&target),
            "filters" => filters(&target, cell.real("n")),
            "near" => near_share(cell, &target)?,
            _ => return Err(undeclared(name)),
        }))
    }
}

/// Prunes one random network.
fn search(cell: &Cell) -> Result<Estimator<'_>> {
    Ok(Estimator::Constructed(Box::new(move |stream, allowance| {
        let target = target(cell)?;
        let watch = Watch { interrupted: allowance.interrupted, ..Watch::NOBODY };
        let pruned = prune(&design(cell), &target, &watch)?;
        let (lo, hi) = match cell.word("quantity") {
            "error" => error(cell, &pruned, stream)?,
            "kept" => {
                let kept = pruned.layers().iter().map(|layer| layer.kept().len()).sum::<usize>() as f64;
                (kept, kept)
            }
            _ => {
                // By Lemma 11 the outputs of the dense network, which has hundreds of times the weights.
                let approximation = pruned.approximation();
                let comparison = images(cell, &target)?.compare_with(&target, |image| approximation.forward(image));
                let share = comparison.differ as f64 / comparison.images as f64;
                (share, share)
            }
        };
        Ok(Evidence::enclosed(Some(lo.ln()), lo.ln(), hi.ln(), Method::Search, 1))
    })))
}

/// Networks that are kept of those that were pruned last: the cells that measure one of them follow each other.
const MOST_KEPT: usize = 4;

type Pruned = Arc<PrunedNetwork<SeededPair>>;

/// What the design makes of a target, which depends on nothing else: taken from those pruned last, if it is there.
fn prune(design: &Design, target: &Network, watch: &Watch) -> Result<Pruned> {
    static LAST: Mutex<VecDeque<(Design, Pruned)>> = Mutex::new(VecDeque::new());
    // Nothing panics between the two changes of the list.
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let known = last().iter().find(|(other, pruned)| other == design && pruned.target() == target).cloned();
    if let Some((_, pruned)) = known {
        return Ok(pruned);
    }
    let pruned = design.prune(target, watch)?;
    let pruned = Arc::new(pruned.ok_or_else(|| Error::Interrupted("a pruning was interrupted".into()))?);
    let mut last = last();
    last.truncate(MOST_KEPT - 1);
    last.push_front((design.clone(), pruned.clone()));
    Ok(pruned)
}

/// The sup of the error over the product of the norms, between an input that was found and a certificate.
fn error(cell: &Cell, pruned: &PrunedNetwork<SeededPair>, stream: &mut Stream) -> Result<(f64, f64)> {
    let side = cell.integer("side") as usize;
    let approximation = pruned.approximation();
    let certificate = approximation.certify(side, side)?;
    let search = Search { ones: has_biases(cell).into(), ..Search::of(EVALUATIONS) };
    let lower = approximation.worst_found((side, side), &search, stream)?.value;
    let (norms, rounding) = (norms(pruned.target()), certificate.rounding());
    let (lower, upper) = ((lower - rounding).max(0.0), certificate.total_error_upper());
    Ok((lower * (1.0 - ROUNDING) / norms, upper * (1.0 + ROUNDING) / norms))
}

fn target(cell: &Cell) -> Result<Network> {
    let name = cell.word("network");
    let target = match networks::file(name).filter(|_| has_biases(cell)) {
        Some(file) => weights::read_with_biases(&file)?,
        None => networks::network(name, &mut drawn(cell, "pruned-network", name))?,
    };
    target.with_leak(cell.real("leak"))
}

fn has_biases(cell: &Cell) -> bool {
    cell.word("biases") == "yes"
}

fn images_path(cell: &Cell) -> PathBuf {
    let name = cell.word("network");
    format!("{}{IMAGES}", name.strip_suffix(".safetensors").unwrap_or(name)).into()
}

fn images(cell: &Cell, target: &Network) -> Result<Images> {
    Images::read(&images_path(cell), target, has_biases(cell))
}

/// The share of images whose margin is at most 2 eps.
fn near_share(cell: &Cell, target: &Network) -> Result<f64> {
    let margins = images(cell, target)?.margins(target);
    let near = margins.iter().filter(|margin| **margin <= 2.0 * cell.real("eps") * norms(target)).count();
    Ok(near as f64 / margins.len() as f64)
}

/// The random network is the one of seed `draw`, whatever the run's seed is, so that the program `prune` finds the same.
fn design(cell: &Cell) -> Design {
    let scale = match cell.word("scale") {
        "theorem" => Scale::THEOREM,
        "none" => Scale::None,
        _ => Scale::Auto,
    };
    let size = cell.integer("size") as usize;
    Design {
        size: (size > 0).then_some(size),
        scale,
        seed: cell.integer("draw"),
        filters: if cell.word("filters") == "half-blocks" { Filters::HalfBlocks } else { Filters::WholeBlock },
        law: cell.word("law").parse().expect("its words are the laws' names"),
        direct: cell.word("pair") == "direct",
        ..Design::new(cell.integer("n") as usize)
    }
}

/// The product of all norm_1(K).
fn norms(target: &Network) -> f64 {
    target.places().map(|index| target.layers()[index].kernel.norm1()).product()
}

/// All filters of a random network of this width.
fn filters(target: &Network, n: f64) -> f64 {
    target.places().map(|index| 2.0 * n * target.layers()[index].kernel.inputs() as f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/targets/digits_gap.safetensors");

    fn cell(given: &[(&str, &str)]) -> Cell {
        let width = if given.iter().any(|(name, _)| *name == "n") { None } else { Some(&("n", "400")) };
        let given = [("network", FILE)].iter().chain(width).chain(given).copied();
        claim("pruned-network").cell(given).unwrap()
    }

    fn measured(cell: &Cell) -> Evidence {
        testing::evidence("pruned-network", cell, Method::Search, testing::stream(1, cell, Method::Search), 1)
    }

    #[test]
    fn scaling_up_lowers_the_error_and_keeps_more() {
        let of =
            |scale: &str, quantity: &str| measured(&cell(&[("n", "1000"), ("scale", scale), ("quantity", quantity)]));
        let (theorem, auto) = (of("theorem", "error"), of("auto", "error"));
        assert!(auto.ln_hi < theorem.ln_hi && auto.ln < theorem.ln, "{auto:?} {theorem:?}");
        assert!(auto.ln_lo < auto.ln_hi);
        assert!(of("auto", "kept").ln > of("theorem", "kept").ln);
        assert!(of("auto", "decisions").ln_hi.exp() <= 1.0);
    }

    #[test]
    fn what_was_pruned_last_is_not_pruned_again() {
        let cell = cell(&[("n", "300")]);
        let (target, other) = (target(&cell).unwrap(), networks::network("random-1", &mut Stream::new(1, 2)).unwrap());
        let pruned = |width: usize, target: &Network| prune(&Design::new(width), target, &Watch::NOBODY).unwrap();
        let first = pruned(300, &target);
        assert!(Arc::ptr_eq(&first, &pruned(300, &target)));
        assert!(!Arc::ptr_eq(&first, &pruned(301, &target)) && !Arc::ptr_eq(&first, &pruned(300, &other)));
        assert_eq!(*first, Design::new(300).prune(&target, &Watch::NOBODY).unwrap().unwrap());
    }

    /// Of ReLUs, leaky ones, biases and d x d kernels first.
    #[test]
    fn decisions_are_those_of_the_dense_network() {
        let bias = FILE.replace("digits_gap", "digits_bias");
        for given in [
            [("leak", "0"), ("pair", "paper"), ("network", FILE)],
            [("leak", "0.3"), ("pair", "direct"), ("network", FILE)],
            [("biases", "yes"), ("n", "500"), ("network", bias.as_str())],
        ] {
            let given: Vec<(&str, &str)> = given.into_iter().chain([("scale", "auto")]).collect();
            let width = given.iter().all(|(name, _)| *name != "n").then_some(("n", "400"));
            let cell = claim("pruned-network").cell(given.into_iter().chain(width)).unwrap();
            let (target, images) = (target(&cell).unwrap(), images(&cell, &target(&cell).unwrap()).unwrap());
            let pruned = prune(&design(&cell), &target, &Watch::NOBODY).unwrap();
            let approximation = pruned.approximation();
            let dense = images.compare(&target, pruned.dense());
            let split = images.compare_with(&target, |image| approximation.forward(image));
            assert_eq!(
                (dense.images, dense.differ, dense.pruned_right),
                (split.images, split.differ, split.pruned_right)
            );
            assert!((dense.output_error / split.output_error - 1.0).abs() < 1e-6, "{dense:?} {split:?}");
        }
    }

    #[test]
    fn bounds_and_hypotheses_are_the_theorems() {
        let unmet = |given: &[(&str, &str)]| {
            let all = claim("pruned-network").hypotheses(&cell(given)).into_iter();
            all.filter(|hypothesis| !hypothesis.is_met()).map(|hypothesis| hypothesis.name).collect::<Vec<_>>()
        };
        let wide = "n >= C d^12 c_i^6 log^3(d^2 c_i c_{i-1} l/eps)";
        assert_eq!(unmet(&[("scale", "auto")]), ["norm1(K) <= 1", wide]);
        assert_eq!(unmet(&[("scale", "theorem")]), [wide]);
        assert!(unmet(&[("scale", "theorem"), ("C", "1e-15")]).is_empty());
        let bound = |given: &[(&str, &str)]| claim("pruned-network").bounds(&cell(given)).unwrap()[0].ln.exp();
        // Inputs: 1, 4 and 8 channels.
        assert!((bound(&[("quantity", "kept")]) - 2.0 * 400.0 * 13.0).abs() < 1e-6);
        assert!((bound(&[("eps", "0.25")]) - 0.25).abs() < 1e-12);
        assert_eq!(bound(&[("quantity", "decisions"), ("eps", "1000")]), 1.0);
        assert_eq!(bound(&[("quantity", "decisions"), ("eps", "1e-9")]), 0.0);
    }

    #[test]
    fn what_lies_outside_is_marked() {
        for (given, name) in [
            (("law", "kaiming"), "normal weights"),
            (("leak", "0.1"), "ReLU"),
            (("pair", "direct"), "the 1x1 kernel first"),
        ] {
            let unmet = |given: &[(&str, &str)]| {
                let all = claim("pruned-network").hypotheses(&cell(given));
                all.iter().any(|hypothesis| hypothesis.name == name && !hypothesis.is_met())
            };
            assert!(unmet(&[given]) && !unmet(&[]), "{name}");
        }
    }

    /// The error and the decisions of a target with biases, whose last input channel is one throughout.
    #[test]
    fn biases_are_taken_or_refused() {
        let file = FILE.replace("digits_gap", "digits_bias");
        let given = |biases| [("network", file.as_str()), ("n", "2000"), ("scale", "auto"), ("biases", biases)];
        let cell = |more: &[(&str, &str)]| claim("pruned-network").cell([&given("yes"), more].concat()).unwrap();
        let evidence = measured(&cell(&[]));
        assert!(evidence.ln_lo < evidence.ln_hi, "{evidence:?}");
        assert!(measured(&cell(&[("quantity", "decisions")])).ln_hi.exp() < 0.5);
        let refused = claim("pruned-network").cell(given("no")).unwrap_err().to_string();
        assert!(refused.contains("bias"), "{refused}");
    }

    #[test]
    fn random_networks_have_errors_and_no_images() {
        let given = |quantity| [("network", "random-2"), ("n", "400"), ("scale", "none"), ("quantity", quantity)];
        assert!(measured(&claim("pruned-network").cell(given("error")).unwrap()).ln_hi.exp() < 1.0);
        let refused = claim("pruned-network").cell(given("decisions")).unwrap_err().to_string();
        assert!(refused.contains("no images"), "{refused}");
    }
}
