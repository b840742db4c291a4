//! How much room on disk a pruning takes, asked before anything is searched for.

use std::path::Path;

use super::files::MOST_DENSE;
use crate::arrays::gigabytes;
use crate::error::{Error, Result};
use crate::output::free_disk;
use crate::tickets::cnn::Network;
use crate::tickets::pruning::Design;

/// Bytes of a number in the written networks.
const NUMBER: f64 = 8.0;
/// Bytes of a filter kept: in the masks, and in the checkpoint beside them.
const KEPT: f64 = 2.0 * 9.0;
/// Bytes of the certificate, the records, the picture and the page, at most about.
const REST: f64 = (1 << 22) as f64;

/// Checks that the disk holds what will be written into the folder, which need not be there yet.
///
/// # Errors
/// When it does not, as far as the operating system says.
pub(super) fn check(design: &Design, target: &Network, folder: &Path) -> Result<()> {
    free_disk(folder).map_or(Ok(()), |free| enough(folder, bytes(design, target), free))
}

/// About the bytes of all files and of the checkpoint.
fn bytes(design: &Design, target: &Network) -> u64 {
    let layers = || target.places().map(|index| &target.layers()[index]);
    let dense = design.weights_about(target);
    // Kernels for the positive and for the negative part of each input.
    let responses = || 2.0 * layers().map(|layer| layer.kernel.data().len() as f64).sum::<f64>();
    let numbers = if dense <= MOST_DENSE as f64 { dense } else { responses() };
    let kept: f64 = layers().map(|layer| design.kept_about(layer) as f64).sum();
    (NUMBER * numbers + KEPT * kept + REST) as u64
}

fn enough(folder: &Path, needed: u64, free: u64) -> Result<()> {
    if needed <= free {
        return Ok(());
    }
    Err(Error::TooLarge(format!(
        "{}: what is written takes about {} on disk, and {} are free: name a folder on another disk with --out, or give a smaller --width",
        folder.display(),
        gigabytes(needed),
        gigabytes(free)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::cnn::{Kernel, Layer};

    fn target(outputs: usize) -> Network {
        Network::new(vec![Layer { kernel: Kernel::zeros(outputs, 2, 3), stride: 1, pad: 1 }]).unwrap()
    }

    /// A pruned network of 2 (2 + 27) numbers a filter kept; and where that is too large to be written, kernels alone.
    #[test]
    fn room_is_that_of_the_files() {
        let design = Design { size: Some(1000), ..Design::new(10_000) };
        let (rest, kept) = (REST as u64, 4000);
        assert_eq!(bytes(&design, &target(3)), 8 * kept * (2 + 27) + 18 * kept + rest);
        let wide = Design { size: Some(1_000_000), ..Design::new(10_000_000) };
        assert_eq!(bytes(&wide, &target(3)), 8 * 2 * 54 + 18 * 4_000_000 + rest);
    }

    #[test]
    fn too_little_room_is_refused_with_what_is_needed() {
        assert!(enough(Path::new("out"), 100, 100).is_ok());
        let refused = enough(Path::new("out"), 3_000_000_000, 200_000_000).unwrap_err();
        assert!(matches!(refused, Error::TooLarge(_)));
        let message = refused.to_string();
        assert!(message.contains("out: what is written takes about 3.0 GB on disk, and 0.2 GB are free"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("not/yet");
        assert!(check(&Design::new(1000), &target(3), &inside).is_ok() && !inside.exists());
    }
}
