//! lemmascope puts lemmas about random quantities to the test: it measures each claim, sets the measured value beside the stated
//! bound, and gives a verdict whose error is controlled.
//!
//! A [`claim::Claim`] is a [`statement::Statement`], which is data (parameters, hypotheses, bounds, read from TOML), beside a
//! [`measurand::Measurand`], which is code: how the measured side is drawn, computed or searched. The runner owns seeds, stopping and
//! intervals, so that no claim can choose its own statistics. The first subject is one paper, in [`tickets`].
//!
//! A user declares lemmas of their own in TOML, with a draw and an event, mean or quantile of it: [`measurand::declared`] measures them, and
//! `experiments/textbook/` holds 27 such lemmas.
//!
//! The handbook is in [`guide`]. Each number of the paper is found by `lemmascope claims --index`: it names the claim, whose
//! statement is `src/tickets/statements/CLAIM.toml` and whose measurand is `src/tickets/measurands/CLAIM.rs`, or the link of the
//! claim's proof.
//!
//! # Data flow
//!
//! [`formula`] -> [`statement`] -> [`evidence`] -> [`verdict`] -> [`measurand`] -> [`claim`] -> [`measure`] -> [`record`];
//! [`experiment`] -> [`run`] -> CSV -> [`show`]. No module uses a later one, and nothing outside [`tickets`] knows the paper:
//! `tests/architecture.rs` checks both. The modules that show results read records only; those that measure do not depend on how results
//! are shown.
//!
//! Beside measurements stand proofs: [`certificate`] has theorems that refute a bound by an inequality between rational numbers, and
//! [`falsify::certify`] writes and verifies them.
//!
//! # A new claim
//!
//! A statement and a measurand. This one says Pr(N >= x) <= exp(-x^2/2) for a standard normal N, exactly and by counting:
//!
//! ```
//! use lemmascope::claim::Claim;
//! use lemmascope::error::{Error, Result};
//! use lemmascope::evidence::{Evidence, Method};
//! use lemmascope::measurand::{Draw, Estimator, Measurand, Procedure};
//! use lemmascope::measure::{Job, Precision, Sampling, Until, measure};
//! use lemmascope::statement::{Cell, Statement};
//! use lemmascope::verdict::{Verdict, pronounce};
//! use rand::RngExt;
//! use std::sync::atomic::AtomicBool;
//!
//! const STATEMENT: &str = r#"
//!     [claim]
//!     id = "normal-tail"
//!     source = "textbook"
//!     statement = "For a standard normal N and x > 0: Pr(N >= x) <= exp(-x^2/2)."
//!     measured = "Pr(N >= x)"
//!     relation = "at-most"
//!     quantity = "probability"
//!     hypotheses = ["x > 0"]
//!     parameters.x = { domain = "-30<..30", meaning = "threshold", search = "1e-3..10" }
//!     bounds.printed = "exp(-x^2/2)"
//! "#;
//!
//! struct NormalTail;
//!
//! impl Measurand for NormalTail {
//!     fn procedures(&self) -> Vec<Procedure<'_>> {
//!         vec![Procedure::new(Method::ClosedForm, exact), Procedure::new(Method::Literal, counted)]
//!     }
//! }
//!
//! fn exact(cell: &Cell) -> Result<Estimator<'_>> {
//!     let tail = 0.5 * libm::erfc(cell.real("x") / std::f64::consts::SQRT_2);
//!     Ok(Estimator::deterministic(move || Ok(Evidence::closed_form(tail.ln(), 1e-13, 1))))
//! }
//!
//! fn counted(cell: &Cell) -> Result<Estimator<'_>> {
//!     let x = cell.real("x");
//!     Ok(Estimator::events(256, move || {
//!         Box::new(move |stream| Draw::event(stream.sample::<f64, _>(rand_distr::StandardNormal) >= x))
//!     }))
//! }
//!
//! let claim = Claim::new(Statement::from_toml(STATEMENT)?, NormalTail);
//! let cell = claim.cell([("x", "1")])?;
//! let bounds = claim.bounds(&cell)?;
//! let precision = Precision { relative: 0.1, replicates: 20_000, until: Until::Decided };
//! let sampling = Sampling { seed: 1, alpha: 1e-6, precision };
//! for method in claim.methods() {
//!     let job = Job { claim: &claim, experiment: "example", cell: &cell, method, bounds: &bounds };
//!     let evidence = measure(&job, &sampling, &AtomicBool::new(false))?;
//!     assert_eq!(pronounce(claim.statement(), &evidence, &bounds[0]), Verdict::Holds);
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! [`registry::register`] makes it known to experiments, which are TOML files, and with them to sweeps, plots, findings and gates.
//!
//! # Features
//!
//! `cli` (the program), `plot` (figures) and `tickets` (the paper) are on by default. A crate that uses the library alone can leave
//! them out with `default-features = false`.
#![forbid(unsafe_code)]

pub mod arrays;
pub mod certificate;
pub mod claim;
#[cfg(feature = "cli")]
pub mod cli;
pub mod enclosure;
pub mod error;
pub mod evidence;
pub mod experiment;
pub mod falsify;
pub mod formula;
pub mod guide;
pub mod harness;
pub mod hash;
pub mod measurand;
pub mod measure;
mod normals;
pub mod numeric;
pub mod output;
pub mod random;
pub mod record;
pub mod registry;
pub mod run;
pub mod show;
mod simd;
pub mod statement;
pub mod store;
pub mod subject;
pub mod subset_sum;
pub mod tails;
#[cfg(feature = "tickets")]
pub mod tickets;
pub mod verdict;
