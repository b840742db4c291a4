//! Target networks by name: random ones of the theorem's class, and trained ones in files.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::random::Stream;
use crate::tickets::cnn::{LayerShape, Network, weights};
use crate::tickets::pruning::random_target;

/// Networks named so are drawn at random.
const RANDOM: &str = "random-";
/// The most layers of a random network.
const MOST_LAYERS: usize = 32;

/// The file that is read for a network, unless it is a random one.
pub(super) fn file(name: &str) -> Option<PathBuf> {
    (!name.starts_with(RANDOM)).then(|| name.into())
}

/// The shapes of a network's layers.
///
/// # Errors
/// When the name is none, or the file cannot be read.
pub(super) fn shapes(name: &str) -> Result<Vec<LayerShape>> {
    let Some(layers) = name.strip_prefix(RANDOM) else {
        let network = weights::read(Path::new(name))?;
        if network.depth() < network.layers().len() {
            return Err(Error::input(format!(
                "network = {name}: it has average pooling, which the statement does not cover"
            )));
        }
        return Ok(network.layers().iter().map(|layer| layer.shape()).collect());
    };
    let layers = layers.parse::<usize>().ok().filter(|layers| (1..=MOST_LAYERS).contains(layers));
    let layers = layers.ok_or_else(|| {
        Error::input(format!(
            "network = {name}: write random-1 to random-{MOST_LAYERS}, or the path of a .safetensors file"
        ))
    })?;
    let shape = |index: usize| LayerShape { cin: if index == 0 { 1 } else { 2 }, cout: 2, k: 3, stride: 1, pad: 1 };
    Ok((0..layers).map(shape).collect())
}

/// The network of this name: read as it is, or drawn from the stream.
///
/// # Errors
/// As [`shapes`].
pub(super) fn network(name: &str, stream: &mut Stream) -> Result<Network> {
    match file(name) {
        Some(file) => weights::read(&file),
        None => random_target(&shapes(name)?, stream),
    }
}
