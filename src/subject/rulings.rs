//! The rulings on the paper, one a cause: what kind of fault it is, what depends on it, and the least repair. Where it shows, and
//! by how much, comes from the records.

use serde::Deserialize;

use super::Subject;

/// How grave a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The statement fails within its own hypotheses, and no admissible constant saves it.
    StatementFalse,
    /// A step has no proof; neither it nor the statement is shown to be false.
    ProofGap,
    /// A step of the proof fails as it is printed, and the statement stands.
    ProofStepFalse,
    /// An index, a sign or a word is wrong, plainly from the context.
    Slip,
}

impl Kind {
    /// The kind in words.
    pub fn text(self) -> &'static str {
        match self {
            Kind::StatementFalse => "statement false",
            Kind::ProofGap => "step without a proof, not shown false",
            Kind::ProofStepFalse => "proof step false, statement stands",
            Kind::Slip => "slip of the pen",
        }
    }
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// Its name, unique.
    pub id: String,
    /// Where it stands in the paper, and what is printed there.
    pub statement: String,
    /// How grave it is.
    pub kind: Kind,
    /// The reading that was taken, and why, where the text leaves a choice.
    pub reading: Option<String>,
    /// What in the paper depends on it, and whether that is harmed.
    pub consequence: String,
    /// The least repair.
    pub repair: String,
    /// The claim whose records show it.
    pub claim: String,
    /// The bound of the claim that fails, if a bound does.
    pub bound: Option<String>,
    /// The parameter, with its value, of the cells that show it, where not all do: `source=theorem-3`.
    pub only: Option<String>,
    /// The links of the proof that fail by this cause, the one that shows it best first.
    #[serde(default)]
    pub links: Vec<String>,
    /// Links of other claims' proofs that fail by this cause, as `claim/link`.
    #[serde(default)]
    pub also: Vec<String>,
    /// The bound of the claim that is the repair, if there is one.
    pub repaired_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    ruling: Vec<Ruling>,
}

impl Subject {
    /// Every ruling, the gravest kinds first, and then in the order of the paper.
    pub fn rulings(&self) -> Vec<Ruling> {
        let wire: Wire = toml::from_str(self.rulings).expect("the rulings are part of the program and tested");
        let mut rulings = wire.ruling;
        rulings.sort_by_key(|ruling| ruling.kind);
        rulings
    }
}

impl Ruling {
    /// Whether a link of a claim's proof fails by this cause.
    pub fn is_on(&self, claim: &str, link: &str) -> bool {
        (self.claim == claim && self.links.iter().any(|known| known == link))
            || self.also.contains(&format!("{claim}/{link}"))
    }
}
