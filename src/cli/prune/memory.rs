//! How much memory a certificate takes, asked before any of it is taken.

use super::files::MOST_DENSE;
use crate::arrays::{gigabytes, lacking_memory};
use crate::error::{Error, Result};
use crate::tickets::cnn::{Images, Layer, Miniature, Network};
use crate::tickets::pruning::Design;

/// Copies of a layer's input and output that a pass through it holds at once.
const COPIES: f64 = 4.0;
/// Copies of a pair's hidden layer: before and after the ReLU.
const HIDDEN_COPIES: f64 = 2.0;
/// Numbers that are kept of every hidden value, and that each thread holds of a layer's values, while the error is bounded.
const RANGES: f64 = 4.0;
const FORMS: f64 = 8.0;

/// Checks that memory holds what certifies errors over inputs of `side`, which is searched on the miniature and seen as a whole
/// without hidden layers, and compares networks on images.
///
/// # Errors
/// When it does not, or a kernel does not fit into its padded input.
pub(super) fn check(design: &Design, target: &Network, side: (usize, usize), images: Option<&Images>) -> Result<()> {
    let (rows, columns) = side;
    let miniature = Miniature::new(target, rows, columns).size();
    let threads = rayon::current_num_threads() as f64;
    let (all, largest) = values(target, miniature)?;
    let dense =
        if design.weights_about(target) <= MOST_DENSE as f64 { hidden(design, target, miniature)? } else { 0.0 };
    let certifying = pass(target, miniature)? + dense + RANGES * all + threads * FORMS * largest;
    enough(
        &format!("certifying errors over {rows} x {columns} pixels"),
        certifying,
        "--side or --width, or less padding",
    )?;
    let Some(images) = images else { return Ok(()) };
    let comparing = threads * pass(target, images.size())?;
    enough(&format!("comparing networks on images on {threads} threads"), comparing, "--threads")
}

fn enough(what: &str, bytes: f64, remedy: &str) -> Result<()> {
    let bytes = bytes as u64;
    match lacking_memory(bytes) {
        Some(free) => Err(Error::TooLarge(format!(
            "{what} takes about {}, and {} are free: give a smaller {remedy}",
            gigabytes(bytes),
            gigabytes(free)
        ))),
        None => Ok(()),
    }
}

/// The bytes that the largest layer takes while an image passes through it, and through the sums that stand for it.
fn pass(target: &Network, side: (usize, usize)) -> Result<f64> {
    let shapes = target.shapes(side.0, side.1)?;
    let of_layer = |(layer, ends): (&Layer, &[(usize, usize)])| {
        COPIES * (bytes(layer.kernel.inputs(), ends[0]) + bytes(layer.kernel.outputs(), ends[1]))
    };
    Ok(target.layers().iter().zip(shapes.windows(2)).map(of_layer).fold(0.0, f64::max))
}

/// The bytes that the largest hidden layer of a pruned pair takes.
fn hidden(design: &Design, target: &Network, side: (usize, usize)) -> Result<f64> {
    let shapes = target.shapes(side.0, side.1)?;
    let of_place = |index: usize| {
        let shape = if design.direct { shapes[index + 1] } else { shapes[index] };
        HIDDEN_COPIES * bytes(design.kept_about(&target.layers()[index]), shape)
    };
    Ok(target.places().map(of_place).fold(0.0, f64::max))
}

/// The bytes of the inputs of all layers and of the output, and of the largest of these.
fn values(target: &Network, side: (usize, usize)) -> Result<(f64, f64)> {
    let shapes = target.shapes(side.0, side.1)?;
    let inputs = target.layers().iter().zip(&shapes).map(|(layer, &shape)| bytes(layer.kernel.inputs(), shape));
    let each: Vec<f64> = inputs.chain([bytes(target.outputs(), shapes[shapes.len() - 1])]).collect();
    Ok((each.iter().sum(), each.iter().copied().fold(0.0, f64::max)))
}

fn bytes(channels: usize, (rows, columns): (usize, usize)) -> f64 {
    8.0 * channels as f64 * rows as f64 * columns as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::cnn::Kernel;

    #[test]
    fn the_hidden_layer_counts_and_what_is_too_large_is_refused() {
        let layer = Layer { kernel: Kernel::zeros(3, 2, 3), stride: 2, pad: 0 };
        let target = Network::new(vec![layer]).unwrap();
        let design = Design { size: Some(5), ..Design::new(1000) };
        assert_eq!(pass(&target, (9, 9)).unwrap(), 8.0 * 4.0 * (2.0 * 81.0 + 3.0 * 16.0));
        assert_eq!(hidden(&design, &target, (9, 9)).unwrap(), 8.0 * 2.0 * 20.0 * 81.0);
        let direct = Design { direct: true, ..design };
        assert_eq!(hidden(&direct, &target, (9, 9)).unwrap(), 8.0 * 2.0 * 180.0 * 16.0);
        assert!(check(&Design::new(1000), &target, (9, 9), None).is_ok());
        let refused = enough("certifying errors over 4096 x 4096 pixels", 1e18, "--side or --width, or less padding");
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("certifying errors over 4096 x 4096 pixels takes about"), "{message}");
        assert!(message.contains("give a smaller --side"), "{message}");
    }
}
