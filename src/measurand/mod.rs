//! Measurands: how the measured side of a claim is drawn, computed or searched. The runner owns seeds, stopping and intervals.

mod chain;
pub mod declared;
pub mod outside;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::enclosure::Enclosure;
use crate::error::{Error, Result};
use crate::evidence::{Bearing, Evidence, Method, median};
use crate::formula::Number;
use crate::random::Stream;
use crate::statement::{Cell, Hypothesis};
use crate::store::Shelf;

#[cfg(test)]
pub(crate) use chain::named;
pub use chain::{Link, first_failing, last_failing};

/// What one replicate says about a value in [0, 1]: exactly, or only between two limits (a search that gave up).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// The value is at least this.
    pub lo: f64,
    /// The value is at most this.
    pub hi: f64,
}

impl Draw {
    /// A value that is known.
    pub fn exact(value: f64) -> Self {
        Draw { lo: value, hi: value }
    }

    /// Whether an event happened.
    pub fn event(happened: bool) -> Self {
        Self::exact(if happened { 1.0 } else { 0.0 })
    }

    /// Nothing is known: counted for neither side.
    pub fn unknown() -> Self {
        Draw { lo: 0.0, hi: 1.0 }
    }
}

/// Whether replicates are events or values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Each replicate is 0 or 1 (or unknown).
    Proportion,
    /// Each replicate is a value in [0, 1].
    Mean,
}

/// Draws one replicate after another; it may keep scratch space between them, but no state.
pub type Sampler<'a> = Box<dyn FnMut(&mut Stream) -> Draw + 'a>;

/// Independent replicates in [0, 1] whose mean, times a known scale, is the measured quantity.
pub struct Replicates<'a> {
    /// Events or values.
    pub law: Law,
    /// ln of the scale.
    pub ln_scale: f64,
    /// How many replicates make a batch: the unit of work that has a stream of its own.
    pub batch: u64,
    /// Makes a sampler with its own scratch space, for one batch.
    pub sampler: Box<dyn Fn() -> Sampler<'a> + Sync + 'a>,
    /// Is set where a sampler from outside failed, with the reason: what was drawn counts for nothing then.
    pub failure: Option<Arc<OnceLock<String>>>,
}

/// What a construction that takes samples of its own may spend.
#[derive(Clone, Copy)]
pub struct Allowance<'a> {
    /// The chance that its limits are wrong.
    pub alpha: f64,
    /// The most replicates of one sample.
    pub replicates: u64,
    /// The width of the interval, relative to its lower end, that is precise enough.
    pub relative: f64,
    /// Set from outside to stop it.
    pub interrupted: &'a AtomicBool,
    /// Where it may keep what its limits are made of.
    pub shelf: Shelf<'a>,
}

#[cfg(test)]
impl Allowance<'static> {
    /// For constructions that take no samples of their own.
    pub(crate) const TEST: Allowance<'static> = Allowance {
        alpha: 1e-3,
        replicates: 1,
        relative: f64::MIN_POSITIVE,
        interrupted: {
            static NEVER: AtomicBool = AtomicBool::new(false);
            &NEVER
        },
        shelf: Shelf::NONE,
    };
}

/// Constructs and measures one random object, or takes a statistic, from a stream.
pub type Construct<'a> = Box<dyn Fn(&mut Stream, &Allowance) -> Result<Evidence> + Sync + 'a>;

/// How a claim measures a cell by one method. The runner owns seeds, stopping and intervals.
pub enum Estimator<'a> {
    /// The same value at every call.
    Deterministic(Box<dyn Fn() -> Result<Evidence> + Sync + 'a>),
    /// A sample of replicates.
    Replicates(Replicates<'a>),
    /// One random object, constructed from one stream and measured with certified limits: they are right of that object
    /// whatever the stream was.
    Constructed(Construct<'a>),
    /// A statistic (a median, a threshold) with limits of its own, which miss the truth with the chance that it is allowed.
    Sampled(Construct<'a>),
}

impl<'a> Estimator<'a> {
    /// Counts events, in batches of `batch`.
    pub fn events(batch: u64, sampler: impl Fn() -> Sampler<'a> + Sync + 'a) -> Self {
        let sampler = Box::new(sampler);
        Estimator::Replicates(Replicates { law: Law::Proportion, ln_scale: 0.0, batch, sampler, failure: None })
    }

    /// Averages values in [0, 1] times a known scale, in batches of `batch`.
    pub fn values(ln_scale: f64, batch: u64, sampler: impl Fn() -> Sampler<'a> + Sync + 'a) -> Self {
        let sampler = Box::new(sampler);
        Estimator::Replicates(Replicates { law: Law::Mean, ln_scale, batch, sampler, failure: None })
    }

    /// Encloses the log of what is measured, with its work (the pieces of an integral, or 1); `None` where it would take too many terms.
    pub fn proved(enclose: impl Fn() -> Option<(Enclosure, u64)> + Sync + 'a) -> Self {
        Self::deterministic(move || match enclose() {
            Some((ln, work)) if ln.hi() < f64::INFINITY => Ok(Evidence::proved(ln, work)),
            Some(_) => Err(Error::unreachable("the enclosure has no upper end here; take another method")),
            None => Err(Error::unreachable("an enclosure would take too many terms here; take another method")),
        })
    }

    /// Evaluates without chance.
    pub fn deterministic(evaluate: impl Fn() -> Result<Evidence> + Sync + 'a) -> Self {
        Estimator::Deterministic(Box::new(evaluate))
    }
}

/// One of a measurand's methods, and how a cell is measured by it.
pub struct Procedure<'a> {
    method: Method,
    estimator: Box<dyn Fn(&'a Cell) -> Result<Estimator<'a>> + 'a>,
}

impl<'a> Procedure<'a> {
    /// A method, and what measures a cell by it: [`Error::Unreachable`] where the method cannot reach this cell; the message says
    /// why and which method does.
    pub fn new(method: Method, estimator: impl Fn(&'a Cell) -> Result<Estimator<'a>> + 'a) -> Self {
        Procedure { method, estimator: Box::new(estimator) }
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// How to measure the cell.
    ///
    /// # Errors
    /// Where the method cannot reach it.
    pub fn estimator(&self, cell: &'a Cell) -> Result<Estimator<'a>> {
        (self.estimator)(cell)
    }
}

/// Where a link begins to hold, as its constant grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeastConstant {
    /// The constant's name.
    pub constant: &'static str,
    /// The link fails at this value; 0 where it never fails, infinite where it always does.
    pub fails: f64,
    /// The link holds at every value above this one; infinite where that is not known.
    pub holds: f64,
}

impl LeastConstant {
    /// A constant beyond which the link holds, and at which it fails.
    pub fn above(constant: &'static str, value: f64) -> Self {
        LeastConstant { constant, fails: value, holds: value }
    }
}

/// What is measured cell by cell, beside the bounds of a statement.
pub trait Measurand: Send + Sync {
    /// The methods that it admits, each with how it measures a cell; first the one that is taken where none is asked for.
    fn procedures(&self) -> Vec<Procedure<'_>>;

    /// Refuses cells that mean nothing (j > k), beyond what the parameters' domains say. Cells outside the hypotheses
    /// are not refused: they are measured, and marked.
    ///
    /// # Errors
    /// Names the parameters and what to write.
    fn check(&self, cell: &Cell) -> Result<()> {
        let _ = cell;
        Ok(())
    }

    /// The files that the cell's measurement reads: their contents belong to a run's design.
    fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        let _ = cell;
        Vec::new()
    }

    /// What a value on either side of the bound says about the statement at the cell.
    fn bearing(&self, cell: &Cell) -> Bearing {
        let _ = cell;
        Bearing::Decides
    }

    /// The hypotheses that no formula decides, each met, unmet or unknown at the cell: those that the statement calls `computed`.
    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        let _ = cell;
        Vec::new()
    }

    /// One of the numbers that the statement declares under `symbols`, for its formulas and those of users.
    ///
    /// # Errors
    /// Where it cannot be computed.
    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let _ = cell;
        Err(undeclared(name))
    }

    /// The proof's links at the cell in the order of the source, each as it is printed; none where the proof is no chain.
    /// Links that the proof states only for some cells (d > 1) are left out elsewhere. The stream is for links on an
    /// object that is drawn, `alpha` is the chance of error that the limits of sampled links may take together.
    ///
    /// # Errors
    /// Where a side cannot be evaluated.
    fn chain(&self, cell: &Cell, stream: &mut Stream, alpha: f64) -> Result<Vec<Link>> {
        let _ = (cell, stream, alpha);
        Ok(Vec::new())
    }

    /// Whether links of the chain are sampled, so that they depend on `alpha`.
    fn chain_samples(&self) -> bool {
        false
    }

    /// From which value of its constant on a link holds that the source claims for large enough values only, for the cell's
    /// other parameters; what the statement asks to be large (k, n) is then as small as it allows. `None` where that is not
    /// known.
    ///
    /// # Errors
    /// Where a side cannot be evaluated.
    fn least_constant(&self, cell: &Cell, link: &str) -> Result<Option<LeastConstant>> {
        let _ = (cell, link);
        Ok(None)
    }

    /// What the statement asks of a numeric parameter, the others as they are in the cell: the right side of `n >= ...`.
    fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
        let _ = (cell, parameter);
        None
    }

    /// Vectors that a search for the worst cell should try for a vector parameter, beside the named ones.
    fn trials(&self, cell: &Cell, parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        let _ = (cell, parameter, stream);
        Vec::new()
    }
}

/// A symbol that a statement declares and its measurand does not compute.
pub fn undeclared(name: &str) -> Error {
    Error::Defect(format!("the measurand computes no {name}"))
}

/// No sample for a median is larger: its limits are then within a few places.
const MOST_DRAWS: u64 = 1000;

/// The median of a random size between limits, from as many draws as the allowance has replicates, but no fewer than limits
/// take, and no more than [`MOST_DRAWS`]. Each draw's value lies between the two numbers returned.
///
/// # Errors
/// When interrupted.
pub(crate) fn median_of_draws(allowance: &Allowance, mut draw: impl FnMut() -> (f64, f64)) -> Result<Evidence> {
    let draws = median::fewest(allowance.alpha).max(allowance.replicates.min(MOST_DRAWS) as usize);
    // Their number alone depends on the chance of error, and only where that is tiny.
    let ends = allowance.shelf.or_measure("draws", &[draws as f64], || {
        let mut ends = Vec::with_capacity(2 * draws);
        for _ in 0..draws {
            if allowance.interrupted.load(Ordering::Relaxed) {
                return Err(Error::Interrupted("a sample for a median was interrupted".into()));
            }
            let (lo, hi) = draw();
            ends.extend([lo, hi]);
        }
        Ok(ends)
    })?;
    let end = |which: usize| ends.iter().skip(which).step_by(2).copied().collect::<Vec<f64>>();
    let (mut least, mut most) = (end(0), end(1));
    least.sort_by(f64::total_cmp);
    most.sort_by(f64::total_cmp);
    let (low, high) = median::places(draws, allowance.alpha).expect("there are as many draws as limits take");
    let middle = 0.5 * (least[draws / 2].ln() + most[draws / 2].ln());
    Ok(Evidence::enclosed(
        Some(middle).filter(|ln| ln.is_finite()),
        least[low].ln(),
        most[high].ln(),
        Method::Search,
        draws as u64,
    ))
}
