//! Puts the lemmas of a paper to the test: A. da Cunha, F. d'Amore and E. Natale, *Convolutional neural networks contain
//! structured strong lottery tickets*, HAL hal-04143024 v1 of 27 June 2023. Its cover names a v2 of 16 November 2023, and the
//! version in the proceedings of NeurIPS 2023 has another title (*Polynomially over-parameterized convolutional neural networks
//! contain structured strong winning lottery tickets*); neither was compared. "The paper" is v1 throughout.
//!
//! Each statement of the paper is a [`claims::Claim`]: hypotheses, a printed bound, and ways to measure what the bound
//! speaks of. The frame measures it over a grid of cells, sets the measured interval beside the bound, and gives a verdict
//! whose error is controlled over the whole run.
//!
//! | claim | in the paper | module | experiments |
//! |---|---|---|---|
//! | `lueker` | Theorem 1 | `claims/lueker.rs`, [`subset_sum`] | `lueker`, `lueker-growth`, `lueker-promise` |
//! | `channel-blocked-mask` | Definition 2 | `claims/channel_blocked_mask.rs`, [`cnn::mask`] | `channel-blocked-mask` |
//! | `nsn-box` | Lemma 7 | `claims/nsn_box.rs`, [`nsn`] | `nsn-box`, `nsn-box-methods` |
//! | `nsn-joint-box` | Lemma 8 | `claims/nsn_joint_box.rs`, [`nsn`] | `nsn-joint-box`, `nsn-joint-box-methods` |
//! | `second-moment` | Lemma 9, Eqs. 8-9 | `claims/second_moment.rs`, [`subset_sum`] | `second-moment` |
//! | `overlap-tail` | Eqs. 15-17 | `claims/overlap_tail.rs` | `overlap-tail`, `overlap-tail-methods` |
//! | `second-moment-ratio` | Eqs. 10-20 | `claims/second_moment_ratio.rs`, [`nsn`] | `second-moment-ratio` |
//! | `mrss` | Theorem 5 | `claims/mrss.rs`, [`subset_sum`] | `mrss`, `mrss-growth` |
//! | `transition` | Markov, Lemma 15 | `claims/transition.rs`, [`subset_sum`] | `transition` |
//! | `solver-error` | Markov | `claims/solver_error.rs`, [`subset_sum`] | `solver-error`, `first-moment-limit` |
//! | `relu-split` | Lemma 11 | `claims/relu_split.rs`, [`cnn`] | `relu-split` |
//! | `kernel-pruning` | Lemma 12 | `claims/kernel_pruning.rs`, [`pruning`] | `kernel-pruning`, `kernel-growth`, `kernel-width` |
//! | `kernel-error` | Lemma 12 | `claims/kernel_error.rs`, [`pruning`] | `kernel-error` |
//! | `layer-error` | Theorem 3, Eqs. 31-36 | `claims/layer_error.rs`, [`pruning`], [`cnn`] | `layer-error` |
//! | `pruned-network` | Theorem 3 | `claims/pruned_network.rs`, [`pruning`], [`cnn`] | `pruned-network`, `pruned-depth`, `pruned-outside` |
//! | `planted-ticket` | Markov | `claims/planted_ticket.rs`, [`subset_sum`] | `planted-ticket` |
//! | `normal-interval` | Lemma 14 | `claims/normal_interval.rs`, [`nsn::normal`] | `normal-interval` |
//! | `second-moment-method` | Lemma 15 | `claims/second_moment_method.rs` | `second-moment-method`, `second-moment-method-sums` |
//! | `chernoff` | Lemma 16 | `claims/chernoff.rs`, [`tails`] | `chernoff`, `chernoff-methods` |
//! | `chi-square-tails` | Lemma 17 | `claims/chi_square_tails.rs`, [`tails`] | `chi-square-tails`, `chi-square-tails-methods` |
//! | `nsn-half-normal` | Lemma 18 | `claims/nsn_half_normal.rs`, [`nsn`] | `nsn-half-normal`, `nsn-half-normal-samplers` |
//! | `amplification` | Corollary 19 | `claims/amplification.rs`, [`subset_sum`] | `amplification`, `amplification-growth` |
//! | `conv-inequality` | Lemma 20 | `claims/conv_inequality.rs`, [`cnn`] | `conv-inequality`, `conv-inequality-methods` |
//!
//! Experiments named `-proof` evaluate the links of a claim's proof, those named `-counterexample` measure again what
//! [`falsify`] found.
//!
//! A user declares lemmas of their own in TOML, with a draw and an event, mean or quantile of it: [`measurand::declared`] measures them, and
//! `experiments/textbook/` holds 27 such lemmas.
//!
//! The data goes one way: [`experiment`] -> [`runner`] -> [`evidence`] -> [`verdict`] -> [`record`] (CSV) -> [`plot`], [`fit`],
//! [`summary`]. What shows reads records only; what measures does not know how it is shown.
//!
//! # A new claim
//!
//! One file in `src/claims/`, one line in its registry, one TOML in `experiments/`. This one says
//! Pr(N >= x) <= exp(-x^2/2) for a standard normal N, exactly and by counting:
//!
//! ```
//! use lemmascope::statement::{Cell, Domain, Parameter};
//! use lemmascope::claims::*;
//! use lemmascope::error::Result;
//! use lemmascope::evidence::{Evidence, Method};
//! use lemmascope::experiment::{Precision, Until};
//! use lemmascope::runner::measure::{Job, Sampling, measure};
//! use lemmascope::verdict::{Verdict, judge};
//! use rand::RngExt;
//! use std::sync::atomic::AtomicBool;
//!
//! struct NormalTail;
//!
//! static ABOUT: About = About {
//!     id: "normal-tail",
//!     source: "textbook",
//!     statement: "For a standard normal N and x > 0: Pr(N >= x) <= exp(-x^2/2).",
//!     formula: "exp(-x^2/2)",
//!     measured: "Pr(N >= x)",
//!     parameters: &[Parameter { name: "x", domain: Domain::Real(0.0, 30.0), default: None, meaning: "threshold", reach: None }],
//!     relation: Relation::AtMost,
//!     quantity: Quantity::Probability,
//!     methods: &[Method::ClosedForm, Method::Literal],
//!     constants: &[],
//!     readings: &[],
//! };
//!
//! impl Claim for NormalTail {
//!     fn about(&self) -> &About {
//!         &ABOUT
//!     }
//!     fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
//!         vec![Hypothesis::new("x > 0", cell.real("x") > 0.0)]
//!     }
//!     fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
//!         Ok(vec![Bound::from_ln(PRINTED, -0.5 * cell.real("x").powi(2))])
//!     }
//!     fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>> {
//!         let x = cell.real("x");
//!         Ok(match method {
//!             Method::ClosedForm => Estimator::deterministic(move || {
//!                 let tail = 0.5 * libm::erfc(x / std::f64::consts::SQRT_2);
//!                 Ok(Evidence::closed_form(tail.ln(), 1e-13, 1))
//!             }),
//!             _ => Estimator::events(256, move || {
//!                 Box::new(move |stream| Draw::event(stream.sample::<f64, _>(rand_distr::StandardNormal) >= x))
//!             }),
//!         })
//!     }
//! }
//!
//! let cell = NormalTail.cell([("x", "1")])?;
//! let bounds = NormalTail.bounds(&cell)?;
//! let precision = Precision { relative: 0.1, replicates: 20_000, until: Until::Decided };
//! let sampling = Sampling { seed: 1, alpha: 1e-6, precision };
//! for method in ABOUT.methods {
//!     let job = Job { claim: &NormalTail, experiment: "example", cell: &cell, method: *method, bounds: &bounds };
//!     let evidence = measure(&job, &sampling, &AtomicBool::new(false))?;
//!     assert_eq!(judge(&evidence, &bounds[0], ABOUT.relation), Verdict::Holds);
//! }
//! # Ok::<(), lemmascope::error::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod arrays;
pub mod claim;
pub mod cli;
pub mod error;
pub mod evidence;
pub mod experiment;
pub mod falsify;
pub mod fit;
pub mod formula;
pub mod guide;
mod harness;
pub mod hash;
pub mod measurand;
pub mod numeric;
pub mod output;
pub mod plot;
pub mod random;
pub mod record;
pub mod registry;
pub mod report;
pub mod runner;
pub mod statement;
pub mod subset_sum;
pub mod summary;
pub mod tails;
pub mod tickets;
pub mod verdict;
pub mod what_if;
