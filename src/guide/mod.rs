//! The handbook, page by page.

#[doc = include_str!("verbs.md")]
pub mod verbs {}

#[doc = include_str!("experiment.md")]
pub mod experiment {}

#[doc = include_str!("your-own-lemma.md")]
pub mod your_own_lemma {}

#[doc = include_str!("export.md")]
pub mod export {}

#[doc = include_str!("gate.md")]
pub mod gate {}

#[doc = include_str!("records.md")]
pub mod records {}

#[doc = include_str!("cluster.md")]
pub mod cluster {}

#[doc = include_str!("methodology.md")]
pub mod methodology {}

#[doc = include_str!("certificates.md")]
pub mod certificates {}

#[doc = include_str!("solve.md")]
pub mod solve {}

#[doc = include_str!("prune.md")]
pub mod prune {}

#[doc = include_str!("limits.md")]
pub mod limits {}
