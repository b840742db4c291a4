//! The claims that are known by their ids.

use std::path::Path;
use std::sync::{PoisonError, RwLock};

use crate::certificate::Theorem;
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::measurand::declared;
use crate::subject::Subject;
#[cfg(feature = "tickets")]
use crate::tickets;

/// The papers that the program puts to the test.
pub static SUBJECTS: &[&Subject] = &[
    #[cfg(feature = "tickets")]
    &tickets::SUBJECT,
];

/// Every claim of the papers, in their order.
pub fn claims() -> impl Iterator<Item = &'static Claim> {
    SUBJECTS.iter().flat_map(|subject| (subject.claims)())
}

/// The theorems by which a claim of the papers is refuted with certificates.
pub fn theorems(claim: &Claim) -> Vec<&'static Theorem> {
    // A claim of a user's file may have the id of another.
    let is_known = claims().any(|known| known.id() == claim.id()) && claim.statement().origin.is_none();
    let theorems = SUBJECTS.iter().flat_map(|subject| (subject.theorems)());
    theorems.filter(|theorem| is_known && theorem.claim == claim.id()).collect()
}

/// Claims that were registered: found by their ids, and listed nowhere.
static REGISTERED: RwLock<Vec<Claim>> = RwLock::new(Vec::new());

/// Registers a claim, so that experiments and verbs find it by its id. One of the same id that was registered is replaced.
///
/// # Errors
/// Where a paper has a claim of this id.
pub fn register(claim: Claim) -> Result<()> {
    if claims().any(|known| known.id() == claim.id()) {
        return Err(Error::input(format!("there is a claim {} already; give yours another id", claim.id())));
    }
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    registered.retain(|known| known.id() != claim.id());
    registered.push(claim);
    Ok(())
}

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
    let all = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    let registered = all.iter().find(|claim| claim.id() == id);
    claims().find(|claim| claim.id() == id).or(registered).cloned().ok_or_else(|| Error::UnknownClaim {
        name: id.to_string(),
        known: claims().map(|claim| claim.id().to_string()).collect(),
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
    claims().find(|claim| claim.id() == id).unwrap()
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
                assert_eq!(claim.method(method.name()).unwrap(), method);
            }
        }
        assert!(find("lemma-0").unwrap_err().to_string().contains("nsn-box"));
    }

    /// What a claim says about its chain is true: without samples, no link depends on the chance of error.
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
            let links = |alpha| crate::measure::chain(claim, "e", cell, 1, alpha).unwrap();
            assert_eq!(links(1e-3) != links(1e-9), claim.chain_samples(), "{}", path.display());
            seen += 1;
        }
        assert!(seen >= 10, "{seen}");
    }
}
