//! The claims of the paper: the [`Claim`] trait and the registry. One file a claim.

mod amplification;
mod chain;
mod channel_blocked_mask;
mod chernoff;
mod chi_square_tails;
mod conv_inequality;
mod harness;
mod kernel_error;
mod kernel_pruning;
mod layer_error;
mod lueker;
mod mrss;
mod networks;
mod normal_interval;
mod nsn_box;
mod nsn_half_normal;
mod nsn_joint_box;
mod overlap_tail;
mod planted_ticket;
mod pruned_network;
mod relu_split;
mod second_moment;
mod second_moment_method;
mod second_moment_ratio;
mod solver_error;
mod transition;
mod written;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cell::{Cell, Domain, Parameter};

pub use crate::cell::Hypothesis;
use crate::error::{Error, Result};
pub use crate::evidence::Bearing;
use crate::evidence::{Evidence, Method, median};
use crate::expression::Number;
use crate::random::{Address, Stream};
use crate::runner::store::Shelf;
use crate::tails::Tail;
use chain::last_failing;
pub use chain::{Link, first_failing};
pub(crate) use written::Names;
pub use written::{Symbols, Written};

/// On which side of the bound the measured value is claimed to lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// measured >= bound.
    AtLeast,
    /// measured <= bound.
    AtMost,
    /// measured = bound. A sample cannot prove equality: the claim is seen to hold where the whole interval lies within
    /// this relative tolerance of the bound, and is violated where the whole interval lies beside the bound's value.
    Equal {
        /// Relative tolerance.
        tolerance: f64,
    },
}

impl Relation {
    /// The relation's name in texts and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Relation::AtLeast => "at-least",
            Relation::AtMost => "at-most",
            Relation::Equal { .. } => "equal",
        }
    }

    /// Reads `at-least` or `at-most`.
    ///
    /// # Errors
    /// Says what can be written.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let known = [Relation::AtLeast, Relation::AtMost].into_iter().find(|relation| relation.name() == text);
        known.ok_or_else(|| format!("relation {text:?}: write at-least or at-most"))
    }
}

/// What kind of number is measured; it decides which bounds say nothing, and which limits an interval has by nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// A number in [0, 1].
    Probability,
    /// A non-negative number.
    Size,
}

/// A named formula's value at a cell, between ends that enclose the exact one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `printed`, or the name of a repaired formula.
    pub name: String,
    /// ln of the value; minus infinity where the value is 0 or below.
    pub ln: f64,
    /// ln of the exact value is at least this; minus infinity where that may be 0 or below.
    pub ln_lo: f64,
    /// ln of the exact value is at most this; minus infinity where that is surely 0 or below.
    pub ln_hi: f64,
    /// The value where it is surely below 0, or exactly 0; such a bound says nothing of a non-negative quantity from below.
    pub non_positive: Option<f64>,
    /// On which side of it the measured value is claimed to lie, if not on the claim's.
    pub relation: Option<Relation>,
}

impl Bound {
    /// A positive bound from its log, which was computed with no more than [`crate::numeric::ROUNDING_OF_LOGS`] of rounding.
    pub fn from_ln(name: impl Into<String>, ln: f64) -> Self {
        Self::from_number(name, Number::from_ln(ln))
    }

    /// A bound of any sign that is exactly this double.
    pub fn from_value(name: impl Into<String>, value: f64) -> Self {
        Self::from_number(name, Number::new(value))
    }

    /// A positive bound from its log and the ends between which that surely is.
    pub fn between(name: impl Into<String>, ln: f64, ln_lo: f64, ln_hi: f64) -> Self {
        Bound { name: name.into(), ln, ln_lo, ln_hi, non_positive: None, relation: None }
    }

    /// A bound of any sign.
    pub fn from_number(name: impl Into<String>, number: Number) -> Self {
        let (ln_lo, ln_hi) = number.ln_ends();
        let non_positive = match number.is_surely_negative() {
            // Below the smallest double a negative number is still negative.
            true => Some(number.value().min(-f64::MIN_POSITIVE)),
            false => (number == Number::new(0.0)).then_some(0.0),
        };
        // At most 0, but for rounding: below every other bound.
        let ln_hi = if non_positive.is_none() { ln_hi.max(f64::MIN) } else { ln_hi };
        let ln = if number.is_negative() { f64::NEG_INFINITY } else { number.ln_abs() };
        let ln = if ln.is_nan() { ln } else { ln.clamp(ln_lo, ln_hi) };
        Bound { name: name.into(), ln, ln_lo, ln_hi, non_positive, relation: None }
    }

    /// Whether the bound means something: no NaN, and a value that has a log.
    pub fn is_meaningful(&self) -> bool {
        !self.ln_lo.is_nan() && !self.ln_hi.is_nan() && self.ln < f64::INFINITY
    }
}

/// The name of the formula as the paper prints it.
pub const PRINTED: &str = "printed";

/// What a claim says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its id, as experiments and the command line write it.
    pub id: &'static str,
    /// Where it stands in the paper.
    pub source: &'static str,
    /// The statement, with its hypotheses.
    pub statement: &'static str,
    /// The printed bound as a formula.
    pub formula: &'static str,
    /// What is measured beside the bound.
    pub measured: &'static str,
    /// Its parameters, in the order of the CSV's columns.
    pub parameters: &'static [Parameter],
    /// On which side the measured value is claimed to lie.
    pub relation: Relation,
    /// What kind of number is measured.
    pub quantity: Quantity,
    /// The methods it admits, the one to take where none is asked for first.
    pub methods: &'static [Method],
    /// The parameters that are universal constants which the paper leaves open ("there is a C"). No single value of them can
    /// make such a statement false: a cell refutes that value. A larger value asks for more (a smaller one for a probability).
    pub constants: &'static [&'static str],
    /// The ways to read the printed text, where it leaves a choice.
    pub readings: &'static [Reading],
}

/// One of several ways to take what is printed, with a bound or a link of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The bound, or the link of the proof's chain, that stands for it.
    pub bound: &'static str,
    /// What it takes the text to say.
    pub text: &'static str,
    /// Whether findings are told of this one.
    pub taken: bool,
    /// Why it is taken, or is not.
    pub why: &'static str,
}

/// What one replicate says of a value in [0, 1]: exactly, or only between two limits (a search that gave up).
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
    /// Makes a sampler with its own scratch space.
    pub sampler: Box<dyn Fn() -> Sampler<'a> + Sync + 'a>,
}

/// What a construction that takes samples of its own may spend.
#[derive(Clone, Copy)]
pub struct Allowance<'a> {
    /// The chance that its limits are wrong.
    pub alpha: f64,
    /// The most replicates of one sample.
    pub replicates: u64,
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
        Estimator::Replicates(Replicates { law: Law::Proportion, ln_scale: 0.0, batch, sampler })
    }

    /// Averages values in [0, 1] times a known scale, in batches of `batch`.
    pub fn values(ln_scale: f64, batch: u64, sampler: impl Fn() -> Sampler<'a> + Sync + 'a) -> Self {
        let sampler = Box::new(sampler);
        Estimator::Replicates(Replicates { law: Law::Mean, ln_scale, batch, sampler })
    }

    /// Evaluates without chance.
    pub fn deterministic(evaluate: impl Fn() -> Result<Evidence> + Sync + 'a) -> Self {
        Estimator::Deterministic(Box::new(evaluate))
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

/// A statement that can be measured cell by cell.
pub trait Claim: Sync {
    /// What the claim says of itself.
    fn about(&self) -> &About;

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

    /// What a value on either side of the bound says of the statement at the cell.
    fn bearing(&self, cell: &Cell) -> Bearing {
        let _ = cell;
        Bearing::Decides
    }

    /// The statement's conditions as text.
    fn conditions(&self) -> &'static [Written] {
        &[]
    }

    /// The statement's conditions, each met, unmet or unknown at the cell.
    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        written::hypotheses(self.conditions(), cell, || self.symbols(cell))
    }

    /// The names of the conditions that only a constructed object can tell, which its evidence brings along.
    fn observed(&self) -> &'static [&'static str] {
        &[]
    }

    /// The bounds as text, the printed one first; a bound that is itself computed is one of the claim's symbols.
    fn formulas(&self) -> &'static [Written] {
        &[]
    }

    /// The bounds at the cell, the printed one first.
    ///
    /// # Errors
    /// Where a bound is itself computed (the identity of Lemma 9) and cannot be.
    fn bounds(&self, cell: &Cell) -> Result<Vec<Bound>> {
        written::bounds(self.formulas(), cell, || self.symbols(cell))
    }

    /// The formula of the bound of this name, as text; empty where the bound is computed otherwise.
    fn formula(&self, bound: &str) -> String {
        match written::text(self.formulas(), bound) {
            text if text.is_empty() && bound == PRINTED => self.about().formula.to_string(),
            text => text,
        }
    }

    /// What a user changed in the claim's hypotheses and relation, as text; empty for the claim itself.
    fn what_if(&self) -> String {
        String::new()
    }

    /// Named numbers at the cell, beside its parameters, that formulas for a bound may use: norms, moments, `l` layers.
    ///
    /// # Errors
    /// Where a number is itself computed and cannot be.
    fn symbols(&self, cell: &Cell) -> Result<Symbols> {
        let _ = cell;
        Ok(Vec::new())
    }

    /// The proof's links at the cell in the order of the paper, each as it is printed; none where the proof is no chain.
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

    /// From which value of its constant on a link holds that the paper claims for large enough values only, for the cell's
    /// other parameters; what the statement asks to be large (k, n) is then as small as it allows. `None` where that cannot be
    /// told.
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

    /// How to measure the cell by `method`, which is one of the claim's.
    ///
    /// # Errors
    /// [`Error::Unreachable`] where the method cannot reach this cell; the message says why and which method does.
    fn estimator<'a>(&'a self, cell: &'a Cell, method: Method) -> Result<Estimator<'a>>;
}

/// Every claim, in the order of the paper.
pub static REGISTRY: &[&dyn Claim] = &[
    &lueker::Lueker,
    &channel_blocked_mask::ChannelBlockedMask,
    &nsn_box::NsnBox,
    &nsn_joint_box::NsnJointBox,
    &second_moment::SecondMoment,
    &overlap_tail::OverlapTail,
    &second_moment_ratio::SecondMomentRatio,
    &mrss::Mrss,
    &transition::Transition,
    &solver_error::SolverError,
    &relu_split::ReluSplit,
    &kernel_pruning::KernelPruning,
    &kernel_error::KernelError,
    &layer_error::LayerError,
    &pruned_network::PrunedNetworkClaim,
    &planted_ticket::PlantedTicket,
    &normal_interval::NormalInterval,
    &second_moment_method::SecondMomentMethod,
    &chernoff::Chernoff,
    &chi_square_tails::ChiSquareTails,
    &nsn_half_normal::NsnHalfNormal,
    &amplification::Amplification,
    &conv_inequality::ConvInequality,
];

/// Claims about the harness itself, and those that are planted for it: found by their ids, and listed nowhere.
pub static HARNESS: &[&dyn Claim] =
    &[&harness::WholeRuns, &harness::Coverage, &harness::Draws, &harness::Planted, &harness::Growing];

/// Which part of a lemma on two tails.
const TAIL: Parameter = Parameter {
    name: "tail",
    domain: Domain::Word(&["upper", "lower"]),
    default: None,
    meaning: "part (1), or part (2)",
    reach: None,
};

/// The cell's tail.
fn tail(cell: &Cell) -> Tail {
    if cell.word("tail") == "upper" { Tail::Upper } else { Tail::Lower }
}

/// Which of the objects that a claim draws, such as its kernel.
const DRAW: Parameter = Parameter {
    name: "draw",
    domain: Domain::Integer(1, 1_000_000),
    default: Some("1"),
    meaning: "which random draw; the same in every run",
    reach: None,
};

/// The stream of a claim's objects of some shape at the cell's `draw`. It does not know the run's seed, so that a bound may
/// speak of the object too.
fn drawn(cell: &Cell, id: &str, shape: &str) -> Stream {
    Address { seed: cell.integer("draw"), experiment: id, cell: shape, estimator: "draw", batch: 0 }.stream()
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

/// Refuses k-subsets of fewer than k elements.
fn check_k_of_n(cell: &Cell) -> Result<()> {
    let (n, k) = (cell.integer("n"), cell.integer("k"));
    if k > n { Err(Error::input(format!("k = {k} exceeds n = {n}; write k from 1 to n"))) } else { Ok(()) }
}

/// Refuses to draw n vectors of d numbers that are more than `most` together.
fn check_numbers(cell: &Cell, most: u128) -> Result<()> {
    let (n, d) = (cell.integer("n"), cell.integer("d"));
    if u128::from(n) * u128::from(d) > most {
        return Err(Error::input(format!("n = {n}, d = {d}: keep n d at most {most}, or the draw is too large")));
    }
    Ok(())
}

/// The claim with this id.
///
/// # Errors
/// Names the known ids.
pub fn find(id: &str) -> Result<&'static dyn Claim> {
    REGISTRY.iter().chain(HARNESS).copied().find(|claim| claim.about().id == id).ok_or_else(|| {
        let known: Vec<&str> = REGISTRY.iter().map(|claim| claim.about().id).collect();
        Error::input(format!("unknown claim {id:?}; the claims are {}", known.join(", ")))
    })
}

/// The method of this name, if `claim` admits it.
///
/// # Errors
/// Names the claim's methods.
pub fn find_method(claim: &dyn Claim, name: &str) -> Result<Method> {
    let about = claim.about();
    about.methods.iter().copied().find(|method| method.name() == name).ok_or_else(|| {
        let known: Vec<&str> = about.methods.iter().map(|method| method.name()).collect();
        Error::input(format!("{} is not measured by {name:?}; it admits {}", about.id, known.join(", ")))
    })
}

/// A cell of `claim` from texts by name, with the claim's own checks.
///
/// # Errors
/// As [`Cell::new`] and [`Claim::check`].
pub fn cell_of<'a>(claim: &dyn Claim, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Cell> {
    let cell = Cell::new(claim.about().parameters, given)?;
    claim.check(&cell)?;
    Ok(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_complete_and_can_be_found() {
        for claim in REGISTRY {
            let about = claim.about();
            assert!(std::ptr::eq(find(about.id).unwrap().about(), about), "{} is registered twice", about.id);
            assert!(!about.methods.is_empty() && !about.parameters.is_empty());
            for method in about.methods {
                assert_eq!(find_method(*claim, method.name()).unwrap(), *method);
            }
        }
        assert!(find("lemma-0").err().unwrap().to_string().contains("nsn-box"));
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
            let (claim, cell) = (experiment.claim, &experiment.cells[0]);
            let links = |alpha| crate::runner::measure::chain(claim, "e", cell, 1, alpha).unwrap();
            assert_eq!(links(1e-3) != links(1e-9), claim.chain_samples(), "{}", path.display());
            seen += 1;
        }
        assert!(seen >= 10, "{seen}");
    }
}
