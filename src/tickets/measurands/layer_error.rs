//! Theorem 3, Eqs. 31-36: how per-layer errors add up through the layers of a network.

mod proof;

use std::path::PathBuf;

use super::kernel_pruning::check_size;
use super::networks::{self, shapes};
use super::*;
use crate::tickets::cnn::{LayerShape, Network};
use crate::tickets::pruning::design::USUAL;
use crate::tickets::pruning::{Approximation, Bounds, Direction, PrunedNetwork, inject_error};

/// The claim of Theorem 3's proof.
pub struct LayerError;

/// Forward passes that the search for the worst input may take.
const EVALUATIONS: usize = 1000;
/// Rounding of the forward passes and worst cases, relative.
const ROUNDING: f64 = 1e-11;
/// Eq. 31 for all layers, which only the constructed network decides.
const SMALL_LAYERS: &str = "every layer's error < eps/(2l)";

impl Measurand for LayerError {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, search)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let shapes = shapes(cell.word("network"))?;
        let (i, layers) = (cell.integer("i") as usize, shapes.len());
        if i > layers {
            return Err(Error::input(format!(
                "i = {i} where {} has {layers} layers; write i from 1 to {layers}",
                cell.word("network")
            )));
        }
        if cell.word("error") == "injected" {
            return match cell.word("quantity") {
                "layer" => Err(Error::input(
                    "quantity = layer is what was injected, with error = injected; write total or norm, or error = pruned",
                )),
                _ => Ok(()),
            };
        }
        shapes.iter().try_for_each(|shape| check_size(cell.integer("n"), shape.k, shape.cin, shape.cout, 1))
    }

    /// Eq. 31 says that with high probability a layer can be pruned: one draw, pruned by one search, illustrates that.
    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("quantity") == "layer" { Bearing::Illustrates } else { Bearing::Decides }
    }

    fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        networks::file(cell.word("network")).into_iter().collect()
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let shapes = shapes(cell.word("network"))?;
        let LayerShape { cin, cout, k, .. } = shapes[cell.integer("i") as usize - 1];
        let count = match name {
            "l" => shapes.len(),
            "k_i" => k,
            "c_i" => cout,
            "c_before" => cin,
            _ => return Err(undeclared(name)),
        };
        Ok(Number::whole(count as u64))
    }

    fn chain(&self, cell: &Cell, stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        proof::chain(cell, stream)
    }

    /// Of the link that an eps near 1 fails: C log^3(1/eps) > 1, which no C gives for every eps.
    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        let log = -cell.real("eps").ln();
        let known = link == "theorem-3-eps" && log > 0.0;
        Ok(known.then(|| LeastConstant::above("C", log.powi(-3))))
    }
}

/// Prunes or perturbs one network, and bounds its error between what a search for the worst input attains and a certificate.
fn search(cell: &Cell) -> Result<Estimator<'_>> {
    Ok(Estimator::Constructed(Box::new(move |stream, _| {
        let target = network(cell)?;
        let approximation = approximation(cell, &target, stream)?;
        let (side, i) = (cell.integer("side") as usize, cell.integer("i") as usize);
        // The layers' own errors are exact there; what adds up is bounded below, where it is asked for.
        let certificate = approximation.chain(side, side)?;
        let bounds = match cell.word("quantity") {
            "layer" => (certificate.layer_errors[i - 1].value, certificate.layer_errors[i - 1].value),
            "norm" => ends(&approximation.norm_growth(i, side, side, EVALUATIONS, stream)?),
            _ => ends(&approximation.first(i)?.total_error(side, side, EVALUATIONS, stream)?),
        };
        // A small error is a difference of two outputs of order 1.
        let absolute = certificate.rounding();
        let (lo, hi) = ((bounds.0 * (1.0 - ROUNDING) - absolute).max(0.0), bounds.1 * (1.0 + ROUNDING) + absolute);
        let mut evidence = Evidence::enclosed(Some(bounds.0.ln()), lo.ln(), hi.ln(), Method::Search, 1);
        if cell.word("quantity") != "layer" {
            let step = cell.real("eps") / (2.0 * target.layers().len() as f64);
            let within = certificate.layer_errors.iter().all(|worst| worst.value * (1.0 + ROUNDING) < step);
            evidence.observed.push(Hypothesis::new(SMALL_LAYERS, within));
        }
        Ok(evidence)
    })))
}

fn ends(bounds: &Bounds) -> (f64, f64) {
    (bounds.lower.value, bounds.upper)
}

/// The target network, each layer scaled to norm1 = 1, which changes its output by one known factor. A random one is the same for
/// all errors, so that these can be compared.
fn network(cell: &Cell) -> Result<Network> {
    let name = cell.word("network");
    Ok(networks::network(name, &mut drawn(cell, "layer-error", name))?.scaled()?.0)
}

fn approximation(cell: &Cell, target: &Network, stream: &mut Stream) -> Result<Approximation> {
    let eps = cell.real("eps");
    if cell.word("error") == "pruned" {
        let width = cell.integer("n") as usize;
        // As the verb prune does: by narrow beams.
        return Ok(PrunedNetwork::prune(target, width, eps, None, Some(&USUAL), stream)?.approximation());
    }
    let delta = cell.real("share") * eps / (2.0 * target.layers().len() as f64);
    let side = cell.integer("side") as usize;
    let direction = match cell.word("sign") {
        "growing" => Direction::Growing,
        "shrinking" => Direction::Shrinking,
        _ => Direction::Random,
    };
    Ok(Approximation::by_network(target, &inject_error(target, delta, direction, (side, side), stream)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/targets/digits_gap.safetensors");

    fn measured(given: &[(&str, &str)]) -> (Cell, Evidence) {
        let cell = claim("layer-error").cell(given.iter().copied()).unwrap();
        let stream = testing::stream(1, &cell, Method::Search);
        let evidence = testing::evidence("layer-error", &cell, Method::Search, stream, 1);
        (cell, evidence)
    }

    #[test]
    fn a_layers_bound_is_eps_over_2l_and_injecting_it_is_refused() {
        let base = [("network", "random-3"), ("eps", "0.6"), ("quantity", "layer"), ("i", "2")];
        let cell = claim("layer-error").cell(base).unwrap();
        assert!((claim("layer-error").bounds(&cell).unwrap()[0].ln - 0.1f64.ln()).abs() < 1e-12);
        let refused = claim("layer-error").cell(base.into_iter().chain([("error", "injected")])).unwrap_err();
        assert!(refused.to_string().contains("write total or norm"));
    }

    /// Below the rounding of forward passes nothing can be said, and nothing is.
    #[test]
    fn tiny_errors_decide_nothing() {
        for eps in ["1e-6", "1e-9", "1e-12", "1e-15", "1e-20"] {
            for network in ["random-1", "random-4"] {
                let (cell, evidence) =
                    measured(&[("network", network), ("error", "injected"), ("eps", eps), ("i", "1")]);
                assert!(evidence.ln_lo <= evidence.ln_hi, "{eps}: {evidence:?}");
                let verdict = testing::verdict("layer-error", &cell, &evidence);
                let may_hold = eps.parse::<f64>().unwrap() >= 1e-12;
                assert!(verdict == crate::verdict::Verdict::Undecided || may_hold, "{network} {eps}: {verdict:?}");
            }
        }
    }

    #[test]
    fn what_follows_from_the_layers_errors_has_them_as_its_hypothesis() {
        for (share, met) in [("0.99", true), ("1.5", false)] {
            let (_, evidence) =
                measured(&[("network", FILE), ("error", "injected"), ("share", share), ("eps", "0.1"), ("i", "3")]);
            assert_eq!(evidence.observed.len(), 1);
            assert_eq!(evidence.observed[0].met, Some(met), "share {share}");
            assert!(evidence.ln_lo <= evidence.ln_hi);
        }
    }

    /// Along the kernels, the first of three layers' largest output grows by just what is injected; against them it shrinks by that.
    #[test]
    fn errors_along_the_kernels_move_the_norm() {
        let norm = |sign, share| {
            let set = [("network", FILE), ("error", "injected"), ("eps", "0.6"), ("quantity", "norm"), ("i", "1")];
            measured(&[set.as_slice(), &[("sign", sign), ("share", share)]].concat()).1.ln.unwrap().exp()
        };
        let [plain, grown, shrunk] =
            [("growing", "1e-9"), ("growing", "0.99"), ("shrinking", "0.99")].map(|(s, x)| norm(s, x));
        assert!((grown - plain - 0.99 * 0.1).abs() < 1e-6, "{grown} {plain}");
        assert!((plain - shrunk - 0.99 * 0.1).abs() < 1e-6, "{shrunk} {plain}");
    }

    #[test]
    fn unknown_networks_and_layers_are_refused() {
        let refused = |network: &str, i: &str| {
            claim("layer-error").cell([("network", network), ("eps", "0.1"), ("i", i)]).unwrap_err().to_string()
        };
        assert!(refused("random-0", "1").contains("write random-1 to random-32"));
        assert!(refused("random-2", "3").contains("write i from 1 to 2"));
        assert!(refused("no/such.safetensors", "1").contains("no/such.safetensors"));
    }
}
