//! The first subject: a paper on structured strong lottery tickets. Its statements are data, in `statements/`, each
//! with false and true variants beside it in `ID.mutants.toml`, which test the search for counterexamples; its first experiment is
//! `experiments/ID.toml`. What is measured of the statements is in `measurands/`.
//! What is proved against them in exact numbers is in `certificates/`.

mod certificates;
pub mod cnn;
mod measurands;
pub mod nsn;
pub mod pruning;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use measurands::*;

use crate::claim::Claim;
use crate::measurand::Measurand;
use crate::statement::Statement;
use crate::subject::Subject;

/// The paper.
pub static SUBJECT: Subject = Subject {
    text: "The text is HAL hal-04143024 v1 of 27 June 2023, as extracted from its PDF (single glyphs can be wrong). Its \
        cover names a v2 of 16 November 2023, and the proceedings' version has another title (*Polynomially over-parameterized \
        convolutional neural networks contain structured strong winning lottery tickets*); neither was compared.",
    claims: || &CLAIMS,
    theorems: || &certificates::THEOREMS,
    rulings: include_str!("rulings.toml"),
    index: include_str!("index.toml"),
};

/// The claim of a statement that is part of the program.
fn claim_of(toml: &str, measurand: impl Measurand + 'static) -> Claim {
    let statement =
        Statement::from_toml(toml).unwrap_or_else(|error| panic!("a statement of the program: {error}\n{toml}"));
    Claim::new(statement, measurand)
}

macro_rules! claims {
    ($($file:literal => $measurand:expr),* $(,)?) => {
        vec![$(claim_of(include_str!(concat!("statements/", $file, ".toml")), $measurand)),*]
    };
}

/// The paper's claims, in its order.
static CLAIMS: LazyLock<Vec<Claim>> = LazyLock::new(|| {
    claims![
        "lueker" => Lueker,
        "channel-blocked-mask" => ChannelBlockedMask,
        "nsn-box" => NsnBox,
        "nsn-joint-box" => NsnJointBox,
        "second-moment" => SecondMoment,
        "overlap-tail" => OverlapTail,
        "second-moment-ratio" => SecondMomentRatio,
        "mrss" => Mrss,
        "transition" => Transition,
        "solver-error" => SolverError,
        "relu-split" => ReluSplit,
        "kernel-pruning" => KernelPruning,
        "kernel-error" => KernelError,
        "layer-error" => LayerError,
        "pruned-network" => PrunedNetworkClaim,
        "planted-ticket" => PlantedTicket,
        "normal-interval" => NormalInterval,
        "second-moment-method" => SecondMomentMethod,
        "chernoff" => Chernoff,
        "chi-square-tails" => ChiSquareTails,
        "nsn-half-normal" => NsnHalfNormal,
        "amplification" => Amplification,
        "conv-inequality" => ConvInequality,
    ]
});
