//! Thresholds: the least value of a parameter at which a claim's probability reaches a level, between certified limits.
//!
//! The probability is taken to grow with the parameter (more vectors never hurt). Values are tried from the least one up,
//! by doubling, until one is proved to reach the level; then between those that are proved to lie below and above. Every
//! trial takes an equal share of the chance of error, so that all of them are right together: the threshold lies above
//! every value proved below, and not above any value proved to reach the level. A value that stays undecided within its
//! replicates is left behind, and the search goes on towards both sides of it, until the limits are as near to each other as was
//! asked.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use rand::RngExt;

use super::{Job, Precision, Sampling, Until, measure_kept};
use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::evidence::{Bearing, Evidence, Method};
use crate::formula::Number;
use crate::measurand::{Allowance, Construct, Estimator, Measurand, Procedure};
use crate::numeric::number;
use crate::registry::claims;
use crate::statement::{Bound, Clause, Hypothesis, PRINTED, Quantity, Relation, Statement};
use crate::statement::{Cell, Domain, Parameter, position};
use crate::store::Shelf;

/// At most so many values are tried; each takes this part of the chance of error.
pub const MOST_TRIALS: usize = 64;
/// So many undecided values, each of which takes all its replicates, end the search.
const MOST_UNDECIDED: usize = 6;
/// So many undecided values one after the other end the way upwards.
const MOST_UNDECIDED_UPWARDS: usize = 3;
/// The factor from value to value on the way upwards.
const DOUBLING: f64 = 2.0;
const REAL_STEP: f64 = 4.0;
/// Real thresholds are searched to within this ratio.
const REAL_RATIO: f64 = 1.02;

/// The level where a claim promises less than this, or nothing from below.
const EVEN: f64 = 0.5;

/// The claim that the least value of a parameter at which another claim's probability reaches a level is at most what the
/// other one asks of it. Its parameters are the other's without that one.
#[derive(Clone)]
pub struct Threshold {
    claim: Claim,
    find: Parameter,
    level: Option<f64>,
    range: (f64, f64),
    method: Method,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The parameter whose least value is sought.
    pub find: String,
    /// The probability that is to be reached; without it, what the claim promises, and 1/2 where that is less.
    pub probability: Option<f64>,
    /// Between which values, both included; without it, as far as the parameter's reach goes.
    pub within: Option<(f64, f64)>,
}

/// On which side of the level a value is proved to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Side {
    /// The probability is below the level.
    Below,
    /// The probability reaches the level.
    Reached,
    /// Neither is proved.
    Undecided,
}

impl Side {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One value that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The parameter's value.
    pub value: f64,
    /// ln of the level there.
    pub ln_level: f64,
    /// What was measured there.
    pub evidence: Evidence,
    /// What that proves.
    pub side: Side,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The estimate, interpolated between measured probabilities; `None` where they never reach the level.
    pub estimate: Option<f64>,
    /// The threshold is at least this.
    pub lo: f64,
    /// The threshold is at most this; `None` where no value is proved to reach the level.
    pub hi: Option<f64>,
    /// The values that were tried, from the least up.
    pub trials: Vec<Trial>,
}

impl Threshold {
    /// The question about a claim, measured by one of the claim's methods.
    ///
    /// # Errors
    /// Where the claim measures no probability, the parameter is no number, or level or range mean nothing.
    pub fn new(claim: &Claim, question: &Question, method: Method) -> Result<Self> {
        let about = claim.statement();
        if about.quantity != Quantity::Probability {
            let instead = match about.origin {
                Some(_) => "declare an event".into(),
                None => format!("choose one of {}", probabilities().join(", ")),
            };
            let id = &about.id;
            return Err(Error::input(format!("{id} measures no probability, so that it reaches no level; {instead}")));
        }
        let find = about.parameters[position(&about.parameters, &question.find)?].clone();
        if let Some(level) = question.probability.filter(|level| !(*level > 0.0 && *level < 1.0)) {
            return Err(Error::input(format!("probability = {level}: write a number between 0 and 1, such as 0.5")));
        }
        let range = range(&find, question.within)?;
        Ok(Threshold { claim: claim.clone(), find, level: question.probability, range, method })
    }

    /// The claim that the threshold is at most what is asked of the parameter.
    pub fn into_claim(self) -> Claim {
        let (about, name) = (self.claim.statement(), &self.find.name);
        let level = self.level.map_or_else(|| promised(about), number);
        let within = format!("{}..{}", number(self.range.0), number(self.range.1));
        let asked = format!("asked_{name}");
        let statement = Statement {
            id: format!("{}-least-{name}", about.id),
            source: about.source.clone(),
            statement: format!(
                "The least {name} in {within} at which {} is at least {level} is at most what {} asks for. Inside it: {}",
                about.measured, about.source, about.statement
            ),
            measured: format!("least {name} with probability at least {level}"),
            parameters: about.parameters.iter().filter(|parameter| parameter.name != *name).cloned().collect(),
            relation: Relation::AtMost,
            quantity: Quantity::Size,
            constants: about.constants.clone(),
            smallest: about.smallest.clone(),
            lets: Vec::new(),
            symbols: vec![(asked.clone(), format!("what {} asks of {name}", about.source))],
            hypotheses: Vec::new(),
            computed: Vec::new(),
            observed: Vec::new(),
            bounds: vec![Clause::printed(&asked)],
            readings: Vec::new(),
            without: Vec::new(),
            what_if: String::new(),
            origin: about.origin.clone(),
        };
        Claim::new(statement, self)
    }

    /// What the claim asks of the parameter at a cell: for a whole number the least that its theorem speaks of.
    pub fn asks(&self, cell: &Cell) -> Option<f64> {
        let inner = self.least_inner(cell).ok()?;
        let asked = self.claim.asks(&inner, &self.find.name)?;
        Some(if self.is_whole() { asked.ceil().max(1.0) } else { asked })
    }

    /// Searches the threshold at a cell. The streams are addressed by `seed` and the values' cells.
    ///
    /// # Errors
    /// Where no value of the range means anything, a value cannot be measured, or the search is interrupted.
    pub fn search(&self, cell: &Cell, seed: u64, allowance: &Allowance) -> Result<Crossing> {
        self.search_observed(cell, seed, allowance, &|_| {})
    }

    /// As [`Threshold::search`]; `observe` is given what is known after each trial, which the chance of error covers too.
    ///
    /// # Errors
    /// As [`Threshold::search`].
    pub fn search_observed(
        &self,
        cell: &Cell,
        seed: u64,
        allowance: &Allowance,
        observe: &dyn Fn(Crossing),
    ) -> Result<Crossing> {
        let mut hunt = Hunt { threshold: self, cell, seed, allowance, observe, trials: Vec::new() };
        hunt.upwards(self.least(cell)?)?;
        hunt.between()?;
        Ok(hunt.crossing())
    }

    fn is_whole(&self) -> bool {
        matches!(self.find.domain, Domain::Integer(..))
    }

    /// How often the values between the limits of a search can still be halved; `None` while it has no upper limit.
    pub fn halvings(&self, crossing: &Crossing) -> Option<f64> {
        let (lo, hi) = (crossing.lo, crossing.hi?);
        let values = if self.is_whole() { hi - lo } else { (hi / lo).ln() / REAL_RATIO.ln() };
        Some(values.max(1.0).log2().ceil())
    }

    /// The claim's own cell at a value of the parameter.
    fn inner(&self, cell: &Cell, value: f64) -> Result<Cell> {
        let mut given: Vec<(&str, String)> = cell.iter().map(|(name, value)| (name, value.to_string())).collect();
        given.push((&self.find.name, number(value)));
        self.claim.cell(given.iter().map(|(name, text)| (*name, text.as_str())))
    }

    /// Whether the claim speaks of that value at all (n >= k).
    fn admits(&self, cell: &Cell, value: f64) -> Result<bool> {
        match self.inner(cell, value) {
            Ok(_) => Ok(true),
            Err(error) if error.is_input() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The least value of the range that the claim does not refuse (n >= k).
    fn least(&self, cell: &Cell) -> Result<f64> {
        let (from, to) = self.range;
        if self.admits(cell, from)? {
            return Ok(from);
        }
        let (mut refused_at, mut value) = (from, self.step(from).min(to));
        while !self.admits(cell, value)? {
            if value == to {
                return self.inner(cell, from).map(|_| from);
            }
            (refused_at, value) = (value, self.step(value).min(to));
        }
        while self.is_open((refused_at, value)) {
            let middle = self.middle((refused_at, value));
            if self.admits(cell, middle)? { value = middle } else { refused_at = middle }
        }
        Ok(value)
    }

    /// The claim's own cell at that value.
    fn least_inner(&self, cell: &Cell) -> Result<Cell> {
        self.inner(cell, self.least(cell)?)
    }

    fn step(&self, value: f64) -> f64 {
        value * if self.is_whole() { DOUBLING } else { REAL_STEP }
    }

    fn is_open(&self, (low, high): (f64, f64)) -> bool {
        if self.is_whole() { high - low > 1.0 } else { high / low > REAL_RATIO }
    }

    /// The value in the middle of the logs, strictly between.
    fn middle(&self, (low, high): (f64, f64)) -> f64 {
        let middle = (low.ln() * 0.5 + high.ln() * 0.5).exp();
        if self.is_whole() { middle.round().clamp(low + 1.0, high - 1.0) } else { middle }
    }

    /// ln of the probability to be reached at one of the claim's cells.
    fn ln_level(&self, inner: &Cell) -> Result<f64> {
        if let Some(level) = self.level {
            return Ok(level.ln());
        }
        let bounds = self.claim.bounds(inner)?;
        let promised = bounds.first().filter(|_| self.claim.statement().relation == Relation::AtLeast);
        Ok(promised.map_or(EVEN.ln(), |bound| bound.ln.max(EVEN.ln())))
    }
}

/// How a claim's own level is named in texts.
fn promised(about: &Statement) -> String {
    if about.relation == Relation::AtLeast { format!("max({}, {EVEN})", about.formula(PRINTED)) } else { number(EVEN) }
}

/// The claims that measure a probability.
fn probabilities() -> Vec<&'static str> {
    let all = claims().map(|claim| claim.statement());
    all.filter(|about| about.quantity == Quantity::Probability).map(|about| about.id.as_str()).collect()
}

/// The values among which a threshold is sought.
fn range(find: &Parameter, within: Option<(f64, f64)>) -> Result<(f64, f64)> {
    let name = &find.name;
    if !find.domain.is_numeric() {
        return Err(Error::input(format!("{name} is no number: name a parameter that is {}", "a number to be found")));
    }
    let (from, to) = within.or(find.search).ok_or_else(|| {
        Error::input(format!("between which values is {name} to be sought? Write the range, as in --within 0.1..100"))
    })?;
    for end in [from, to] {
        find.parse(&number(end))?;
    }
    if from >= to {
        return Err(Error::input(format!("{name} within {from}..{to}: write the smaller end first")));
    }
    Ok((from, to))
}

/// A search under way.
struct Hunt<'a> {
    threshold: &'a Threshold,
    cell: &'a Cell,
    seed: u64,
    allowance: &'a Allowance<'a>,
    observe: &'a dyn Fn(Crossing),
    trials: Vec<Trial>,
}

/// The experiment's name in the addresses of the trials' streams.
const EXPERIMENT: &str = "threshold";

impl Hunt<'_> {
    fn try_value(&mut self, value: f64) -> Result<Side> {
        let Threshold { claim, method, .. } = self.threshold;
        let cell = self.threshold.inner(self.cell, value)?;
        let ln_level = self.threshold.ln_level(&cell)?;
        // Nothing but the level's side ends a sample before its replicates.
        let precision =
            Precision { relative: f64::MIN_POSITIVE, replicates: self.allowance.replicates, until: Until::Decided };
        let sampling = Sampling { seed: self.seed, alpha: self.allowance.alpha / MOST_TRIALS as f64, precision };
        let bounds = [Bound::from_ln("level", ln_level)];
        let job = Job { claim, experiment: EXPERIMENT, cell: &cell, method: *method, bounds: &bounds };
        let Allowance { interrupted, shelf, .. } = self.allowance;
        let evidence = measure_kept(&job, &sampling, interrupted, &|_| {}, shelf.store())?;
        let side = match () {
            () if evidence.ln_lo >= ln_level => Side::Reached,
            () if evidence.ln_hi < ln_level => Side::Below,
            () => Side::Undecided,
        };
        self.trials.push(Trial { value, ln_level, evidence, side });
        (self.observe)(self.crossing());
        Ok(side)
    }

    /// From the least value up until one reaches the level.
    fn upwards(&mut self, least: f64) -> Result<()> {
        let most = self.threshold.range.1;
        let (mut value, mut undecided) = (least, 0);
        loop {
            match self.try_value(value) {
                Ok(Side::Reached) => return Ok(()),
                Ok(Side::Undecided) => undecided += 1,
                Ok(Side::Below) => undecided = 0,
                // Beyond some size the method reaches no cell.
                Err(Error::Unreachable(_)) if !self.trials.is_empty() => return Ok(()),
                Err(error) => return Err(error),
            }
            let next = self.threshold.step(value).min(most);
            // Beyond some size a claim refuses its cells: nothing can be proved there.
            let ends = value == most || undecided == MOST_UNDECIDED_UPWARDS || self.trials.len() == MOST_TRIALS;
            if ends || !self.threshold.admits(self.cell, next)? {
                return Ok(());
            }
            value = next;
        }
    }

    /// Between what is proved below and what is proved to reach the level, on both sides of what stays undecided.
    fn between(&mut self) -> Result<()> {
        let mut undecided = 0;
        while self.trials.len() < MOST_TRIALS && undecided < MOST_UNDECIDED && !self.is_precise() {
            let ratio = |(low, high): &(f64, f64)| high / low;
            let gaps = self.gaps().into_iter().filter(|gap| self.threshold.is_open(*gap));
            let Some(widest) = gaps.max_by(|a, b| ratio(a).total_cmp(&ratio(b))) else { return Ok(()) };
            if self.try_value(self.threshold.middle(widest))? == Side::Undecided {
                undecided += 1;
            }
        }
        Ok(())
    }

    /// Whether the limits are as near to each other as was asked. All values' limits hold together, so that the search may end
    /// whenever it likes what it sees.
    fn is_precise(&self) -> bool {
        let hi = self.reached().unwrap_or(f64::INFINITY);
        hi - self.lo() <= self.allowance.relative * self.lo()
    }

    /// The threshold is at least this.
    fn lo(&self) -> f64 {
        match self.below() {
            // A whole threshold above 3 is at least 4.
            Some(below) if self.threshold.is_whole() => below + 1.0,
            Some(below) => below,
            // Nothing below the range's least value counts.
            None => self.trials.iter().map(|trial| trial.value).fold(f64::INFINITY, f64::min),
        }
    }

    /// Where the limits can still be moved: up to two gaps.
    fn gaps(&self) -> Vec<(f64, f64)> {
        let (below, reached) = (self.below(), self.reached());
        let inside = |value: &f64| below.is_none_or(|b| *value > b) && reached.is_none_or(|r| *value < r);
        let undecided = self.values(Side::Undecided).filter(inside);
        let (first, last) = undecided.fold((None, None), |(first, last): (Option<f64>, Option<f64>), value| {
            (Some(first.map_or(value, |f| f.min(value))), Some(last.map_or(value, |l| l.max(value))))
        });
        let gap = |low: Option<f64>, high: Option<f64>| Some((low?, high?));
        match first {
            None => gap(below, reached).into_iter().collect(),
            Some(_) => [gap(below, first), gap(last, reached)].into_iter().flatten().collect(),
        }
    }

    fn values(&self, side: Side) -> impl Iterator<Item = f64> {
        self.trials.iter().filter(move |trial| trial.side == side).map(|trial| trial.value)
    }

    /// The greatest value that is proved below.
    fn below(&self) -> Option<f64> {
        self.values(Side::Below).reduce(f64::max)
    }

    /// The least value that is proved to reach the level.
    fn reached(&self) -> Option<f64> {
        self.values(Side::Reached).reduce(f64::min)
    }

    fn crossing(&self) -> Crossing {
        let mut trials = self.trials.clone();
        trials.sort_by(|a, b| a.value.total_cmp(&b.value));
        let (lo, hi) = (self.lo(), self.reached());
        let estimate =
            estimate(&trials, self.threshold.is_whole()).map(|value| value.max(lo).min(hi.unwrap_or(f64::INFINITY)));
        Crossing { estimate, lo, hi, trials }
    }
}

/// Where the measured probabilities cross the level for good, linear in the parameter's log between two trials.
fn estimate(trials: &[Trial], whole: bool) -> Option<f64> {
    let above = |trial: &Trial| Some((trial.value, trial.evidence.ln?.exp() - trial.ln_level.exp()));
    let known: Vec<(f64, f64)> = trials.iter().filter_map(above).collect();
    let Some(last) = known.iter().rposition(|(_, above)| *above < 0.0) else {
        return known.first().map(|(value, _)| *value);
    };
    let ((x, under), (y, over)) = (known[last], *known.get(last + 1)?);
    let value = (x.ln() + under / (under - over) * (y / x).ln()).exp();
    Some(if whole { value.ceil().clamp(x + 1.0, y) } else { value })
}

impl Crossing {
    /// The replicates of all trials.
    pub fn work(&self) -> u64 {
        self.trials.iter().map(|trial| trial.evidence.work).sum()
    }

    /// The threshold as evidence of a size.
    pub fn evidence(&self) -> Evidence {
        let ln_hi = self.hi.map_or(f64::INFINITY, f64::ln);
        Evidence::enclosed(self.estimate.map(f64::ln), self.lo.ln(), ln_hi, Method::Search, self.work())
    }
}

impl Threshold {
    fn estimator<'a>(&'a self, cell: &'a Cell) -> Result<Estimator<'a>> {
        let inner = self.least_inner(cell)?;
        let exact = matches!(self.claim.estimator(&inner, self.method)?, Estimator::Deterministic(_));
        let search: Construct =
            Box::new(move |stream, allowance| Ok(self.search(cell, stream.random(), allowance)?.evidence()));
        Ok(if exact { Estimator::Constructed(search) } else { Estimator::Sampled(search) })
    }
}

impl Measurand for Threshold {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, |cell| self.estimator(cell))]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        self.least_inner(cell).map(|_| ())
    }

    fn files(&self, cell: &Cell) -> Vec<PathBuf> {
        self.least_inner(cell).map_or_else(|_| Vec::new(), |inner| self.claim.files(&inner))
    }

    /// The claim's conditions that do not speak of the parameter.
    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        let Ok(inner) = self.least_inner(cell) else { return Vec::new() };
        let speaks_of = |name: &str| name.split(|c: char| !c.is_alphanumeric()).any(|word| word == self.find.name);
        self.claim.hypotheses(&inner).into_iter().filter(|condition| !speaks_of(&condition.name)).collect()
    }

    /// As for the probability: where that cannot confirm what is claimed, no threshold can.
    fn bearing(&self, cell: &Cell) -> Bearing {
        self.least_inner(cell).map_or(Bearing::Illustrates, |inner| self.claim.bearing(&inner).of_threshold())
    }

    fn symbol(&self, cell: &Cell, _name: &str) -> Result<Number> {
        let asked = self.asks(cell).ok_or_else(|| {
            let (source, name) = (&self.claim.statement().source, &self.find.name);
            Error::input(format!("{source} asks nothing of {name} by itself; find another parameter"))
        })?;
        Ok(Number::new(asked))
    }
}

/// What a search from the command line may spend.
pub fn allowance(alpha: f64, replicates: u64, interrupted: &AtomicBool) -> Allowance<'_> {
    Allowance { alpha, replicates, relative: f64::MIN_POSITIVE, interrupted, shelf: Shelf::NONE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurand::Draw;

    /// Pr = 1 - e^{-n/x}, by counting or exactly: the least n with Pr >= level is ceil(x ln(1/(1-level))).
    struct Waiting;

    const STATEMENT: &str = r#"
        [claim]
        id = "waiting"
        source = "textbook"
        statement = ""
        measured = "Pr(wait < n)"
        relation = "at-least"
        quantity = "probability"
        hypotheses = ["n > x", "x > 3"]
        parameters.n = { domain = "1..1e12", search = "1..4096" }
        parameters.x = { domain = "0<..inf", search = "0.001..1000" }
        parameters.word = { domain = ["a"], default = "a" }
        bounds.printed = "0.25"
    "#;

    fn waiting() -> Claim {
        Claim::new(Statement::from_toml(STATEMENT).unwrap(), Waiting)
    }

    impl Measurand for Waiting {
        fn procedures(&self) -> Vec<Procedure<'_>> {
            vec![
                Procedure::new(Method::ClosedForm, |cell| {
                    let p = -(-rate(cell)).exp_m1();
                    Ok(Estimator::deterministic(move || Ok(Evidence::closed_form(p.ln(), 1e-14, 1))))
                }),
                Procedure::new(Method::Literal, |cell| {
                    Ok(Estimator::events(64, move || {
                        Box::new(move |stream| Draw::event(stream.random::<f64>() > (-rate(cell)).exp()))
                    }))
                }),
            ]
        }
        fn check(&self, cell: &Cell) -> Result<()> {
            if cell.real("n") < cell.real("x") / 16.0 { Err(Error::input("n is too small")) } else { Ok(()) }
        }
        fn asks(&self, cell: &Cell, parameter: &str) -> Option<f64> {
            (parameter == "n").then(|| 1.5 * cell.real("x"))
        }
    }

    fn rate(cell: &Cell) -> f64 {
        cell.real("n") / cell.real("x")
    }

    fn question(find: &str, probability: Option<f64>, within: Option<(f64, f64)>) -> Question {
        Question { find: find.into(), probability, within }
    }

    /// Samples of up to 16000 replicates separate a probability from 1/2 where it is 0.02 off.
    fn search(question: &Question, method: Method, given: (&str, &str), seed: u64) -> (Threshold, Cell, Crossing) {
        let threshold = Threshold::new(&waiting(), question, method).unwrap();
        let cell = threshold.clone().into_claim().cell([given]).unwrap();
        let interrupted = AtomicBool::new(false);
        let crossing = threshold.search(&cell, seed, &allowance(1e-3, 16_000, &interrupted)).unwrap();
        (threshold, cell, crossing)
    }

    #[test]
    fn whole_thresholds_of_exact_probabilities_are_exact() {
        for (x, level) in [("100", 0.5), ("1000", 0.9), ("7", 0.01), ("0.1", 0.5), ("33.3", 0.999)] {
            let exact = (-x.parse::<f64>().unwrap() * (1.0f64 - level).ln()).ceil();
            let (.., crossing) = search(&question("n", Some(level), None), Method::ClosedForm, ("x", x), 1);
            // Nothing below n = x/16 is permitted.
            let least = (x.parse::<f64>().unwrap() / 16.0).ceil();
            let exact = exact.max(least);
            assert_eq!((crossing.lo, crossing.hi), (exact, Some(exact)), "x = {x}, level = {level}");
            assert_eq!(crossing.estimate, Some(exact));
        }
    }

    /// With a level of 1/2 (the claim's own 1/4 is less), the threshold is ceil(x ln 2). 40 searches at alpha = 1e-3: a false
    /// alarm has probability at most 0.04 in all, were the seeds not fixed.
    #[test]
    fn sampled_intervals_hold_the_threshold() {
        for seed in 0..40 {
            let (.., crossing) = search(&question("n", None, None), Method::Literal, ("x", "100"), seed);
            let hi = crossing.hi.unwrap();
            assert!(crossing.lo <= 70.0 && 70.0 <= hi && hi / crossing.lo < 1.3, "{} {hi}", crossing.lo);
            let estimate = crossing.estimate.unwrap();
            assert!(crossing.lo <= estimate && estimate <= hi && (estimate - 70.0).abs() < 10.0, "{estimate}");
            assert!(crossing.trials.windows(2).all(|pair| pair[0].value < pair[1].value));
        }
    }

    /// What is asked for ends the search, and its limits hold all the same: 40 searches at alpha = 1e-3, as above.
    #[test]
    fn a_search_ends_once_its_limits_are_near_enough() {
        let threshold = Threshold::new(&waiting(), &question("n", None, None), Method::Literal).unwrap();
        let cell = threshold.clone().into_claim().cell([("x", "100")]).unwrap();
        let interrupted = AtomicBool::new(false);
        for seed in 0..40 {
            let with = |relative| {
                let allowance = Allowance { relative, ..allowance(1e-3, 16_000, &interrupted) };
                threshold.search(&cell, seed, &allowance).unwrap()
            };
            let (coarse, fine) = (with(1.0), with(f64::MIN_POSITIVE));
            let hi = coarse.hi.unwrap();
            assert!(coarse.lo <= 70.0 && 70.0 <= hi && hi <= 2.0 * coarse.lo, "{} {hi}", coarse.lo);
            assert!(coarse.work() < fine.work() && coarse.trials.len() < fine.trials.len());
        }
    }

    /// The probability falls with x, so that the least x has it: the range's end. Read against 1/n it grows.
    #[test]
    fn real_parameters_are_found_to_within_a_ratio() {
        let (.., crossing) = search(&question("x", Some(0.5), None), Method::ClosedForm, ("n", "10"), 1);
        assert_eq!((crossing.lo, crossing.hi), (1e-3, Some(1e-3)));
        let (.., crossing) = search(&question("n", Some(0.5), Some((1.0, 8.0))), Method::ClosedForm, ("x", "100"), 1);
        // Refused below 7, and never reached up to 8.
        assert_eq!((crossing.lo, crossing.hi, crossing.estimate), (9.0, None, None));
        assert_eq!(crossing.evidence().ln_hi, f64::INFINITY);
    }

    #[test]
    fn as_a_claim_it_has_the_other_parameters_and_conditions() {
        let (threshold, cell, _) = search(&question("n", None, None), Method::ClosedForm, ("x", "2.5"), 1);
        let claim = threshold.into_claim();
        let names: Vec<&str> = claim.statement().parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!((names, claim.id()), (vec!["x", "word"], "waiting-least-n"));
        assert_eq!(claim.hypotheses(&cell), [Hypothesis::new("x > 3", false)]);
        // 3.75 asks for 4.
        assert_eq!(claim.bounds(&cell).unwrap(), [Bound::from_value(PRINTED, 4.0)]);
        let other = Threshold::new(&waiting(), &question("x", None, None), Method::ClosedForm).unwrap().into_claim();
        let cell = other.cell([("n", "3")]).unwrap();
        assert!(other.bounds(&cell).unwrap_err().to_string().contains("asks nothing of x"));
    }

    #[test]
    fn questions_that_mean_nothing_are_refused() {
        let refused = |claim: &Claim, question: Question| {
            Threshold::new(claim, &question, Method::Literal).err().unwrap().to_string()
        };
        for (question, expected) in [
            (question("q", None, None), "unknown parameter \"q\"; this claim has n, x, word"),
            (question("word", None, None), "word is no number"),
            (question("n", Some(1.0), None), "between 0 and 1"),
            (question("n", Some(f64::NAN), None), "between 0 and 1"),
            (question("n", None, Some((0.0, 9.0))), "a whole number from 1"),
            (question("n", None, Some((1.5, 9.0))), "a whole number from 1"),
            (question("n", None, Some((9.0, 9.0))), "the smaller end first"),
        ] {
            assert!(refused(&waiting(), question.clone()).contains(expected), "{question:?}");
        }
        let size = crate::registry::claim("second-moment");
        assert!(refused(size, question("n", None, None)).contains("measures no probability"));
    }
}
