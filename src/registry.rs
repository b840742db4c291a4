//! The claims that are known by their ids.

use std::path::Path;
use std::sync::LazyLock;

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::harness;
use crate::measurand::declared;
use crate::tickets;

/// Every claim of the papers, in their order.
pub fn claims() -> &'static [Claim] {
    &tickets::CLAIMS
}

/// Claims about the program itself, and those that are planted for it: found by their ids, and listed nowhere.
static HARNESS: LazyLock<Vec<Claim>> = LazyLock::new(harness::claims);

/// The claim with this id; or that which a file `FILE.toml` declares, `FILE.toml:ID` where it declares several.
///
/// # Errors
/// Names the known ids, or what is wrong in the file.
pub fn find(id: &str) -> Result<Claim> {
    if let Some((file, id)) = file_of(id) {
        let path = Path::new(file);
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        return declared::claim(&text, path, id).map_err(|error| error.at(file));
    }
    let found = claims().iter().chain(HARNESS.iter()).find(|claim| claim.id() == id);
    found.cloned().ok_or_else(|| Error::UnknownClaim {
        name: id.to_string(),
        known: claims().iter().map(|claim| claim.id().to_string()).collect(),
    })
}

/// The file, and the id within it, if a claim is named by its file.
fn file_of(name: &str) -> Option<(&str, Option<&str>)> {
    match name.split_once(".toml:") {
        Some((file, id)) => Some((&name[..file.len() + ".toml".len()], Some(id))),
        None => name.ends_with(".toml").then_some((name, None)),
    }
}

/// The claim with this id, which is there.
#[cfg(test)]
pub(crate) fn claim(id: &str) -> &'static Claim {
    claims().iter().find(|claim| claim.id() == id).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_complete_and_can_be_found() {
        for claim in claims() {
            assert!(find(claim.id()).unwrap().statement().parameters.len() == claim.statement().parameters.len());
            assert!(!claim.methods().is_empty() && !claim.statement().parameters.is_empty());
            for method in claim.methods() {
                assert_eq!(claim.method(method.name()).unwrap(), *method);
            }
        }
        assert!(find("lemma-0").unwrap_err().to_string().contains("nsn-box"));
    }

    /// What a claim says of its chain is true: without samples, no link depends on the chance of error.
    #[test]
    fn chains_without_samples_are_the_same_for_every_alpha() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
        let mut seen = 0;
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if !path.to_string_lossy().ends_with("-proof.toml") {
                continue;
            }
            let experiment = crate::experiment::Experiment::read(&path).unwrap();
            let (claim, cell) = (&experiment.claim, &experiment.cells[0]);
            let links = |alpha| crate::runner::measure::chain(claim, "e", cell, 1, alpha).unwrap();
            assert_eq!(links(1e-3) != links(1e-9), claim.chain_samples(), "{}", path.display());
            seen += 1;
        }
        assert!(seen >= 10, "{seen}");
    }
}
