//! One cell by one method: batches from addressed streams, reduced in order, until the interval says enough. Combinators on claims
//! stand beside it: what-ifs and thresholds; and what measured cells say of open constants.

pub mod constants;
mod precision;
pub mod threshold;
pub mod what_if;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use precision::{Precision, Until};

use crate::claim::Claim;
use crate::error::{Error, Result, guarded};
use crate::evidence::{Evidence, Method, mean, proportion};
use crate::measurand::{Allowance, Draw, Estimator, Law, Link, Replicates};
use crate::random::{Address, Stream};
use crate::statement::Cell;
use crate::statement::{Bound, Quantity};
use crate::store::{CODE, Keeps, Piece, Shelf, Store, code_of_relation, numbers_of_bound};
use crate::verdict::{Verdict, compare};

/// How a sample is seeded, when it is large enough, and which chance of error its interval may take.
#[derive(Debug, Clone, Copy)]
pub struct Sampling {
    /// The run's seed.
    pub seed: u64,
    /// The chance that the interval misses the truth at any moment at which it is looked at.
    pub alpha: f64,
    /// When the sample is large enough.
    pub precision: Precision,
}

/// A mean's limits are computed from about this many values; more replicates are averaged in groups of a size that the budget
/// fixes beforehand, up to a batch.
const MOST_VALUES: u64 = 16_384;
/// At most so many values are kept: averages of several batches where there are more. Fewer would bound how narrow a mean's
/// interval becomes (relative to the mean about ln(1/alpha) over their number).
const MOST_KEPT: u64 = 1 << 18;
/// Batches that are drawn before they are reduced.
const MOST_DRAWN: u64 = 4096;
/// Batches in the first wave, and by which factor their number grows from look to look.
const FIRST_WAVE: u64 = 4;
const GROWTH: f64 = 1.5;

/// One of the blocks into which a unit's batches are split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// From 0.
    pub index: u64,
    /// How many there are.
    pub count: u64,
}

/// What is measured: one cell of a claim by one method, beside its bounds.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// The experiment's name, for the addresses of the random streams.
    pub experiment: &'a str,
    /// The cell.
    pub cell: &'a Cell,
    /// The method.
    pub method: Method,
    /// The bounds that a sample may be stopped for once they are decided.
    pub bounds: &'a [Bound],
}

impl Job<'_> {
    /// Where the store keeps what the job's evidence is made of, for a seed. The address holds the code, the claim, the experiment,
    /// the cell, the method, the seed, and the contents of the files that the cell reads; what else a piece depends on is added by
    /// its own name.
    ///
    /// # Errors
    /// Where one of the files cannot be read.
    pub fn shelf<'a>(&self, store: Option<&'a Store>, seed: u64) -> Result<Shelf<'a>> {
        let Some(store) = store else { return Ok(Shelf::NONE) };
        let about = self.claim.statement();
        let mut hash = Sha256::new();
        for text in [CODE, &about.id, &about.identity(), self.experiment, &self.cell.key(), self.method.name()] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(seed.to_le_bytes());
        for path in self.claim.files(self.cell) {
            hash.update(std::fs::read(&path).map(|bytes| Sha256::digest(&bytes)).map_err(Error::read(&path))?);
        }
        Ok(Shelf::new(store, hash.finalize().into()))
    }
}

/// Measures until every bound is decided, the precision is reached, or the replicates are spent.
///
/// # Errors
/// [`Error::Unreachable`] where the method cannot reach the cell, [`Error::Defect`] where it breaks a promise (a panic, a replicate
/// outside [0, 1]), [`Error::Interrupted`] where `interrupted` is set.
pub fn measure(job: &Job, sampling: &Sampling, interrupted: &AtomicBool) -> Result<Evidence> {
    measure_observed(job, sampling, interrupted, &|_| {})
}

/// As [`measure`]; `observe` is given the evidence of a growing sample at each look, which its interval covers too.
///
/// # Errors
/// As [`measure`].
pub fn measure_observed(
    job: &Job,
    sampling: &Sampling,
    interrupted: &AtomicBool,
    observe: Observer,
) -> Result<Evidence> {
    measure_kept(job, sampling, interrupted, observe, None)
}

/// As [`measure_observed`], with a store of what earlier measurements were made of: it changes no number.
///
/// # Errors
/// As [`measure`].
pub fn measure_kept(
    job: &Job,
    sampling: &Sampling,
    interrupted: &AtomicBool,
    observe: Observer,
    store: Option<&Store>,
) -> Result<Evidence> {
    let place = || format!("{} by {} at {}", job.claim.statement().id, job.method.name(), job.cell.key());
    let observe_capped = |evidence: &Evidence| observe(&capped(job, evidence.clone()));
    guarded(place, || {
        let shelf = job.shelf(store, sampling.seed)?;
        let evidence = capped(job, sample(job, sampling, interrupted, &observe_capped, &shelf)?);
        check_meaning(job, &evidence)?;
        Ok(evidence)
    })
}

/// Is given the evidence of a growing sample.
pub type Observer<'a> = &'a dyn Fn(&Evidence);

/// The evidence with what the claim says about it: no probability exceeds 1.
fn capped(job: &Job, mut evidence: Evidence) -> Evidence {
    // Hypotheses that a user dropped are dropped among those that only the constructed object decides, too.
    evidence.observed.retain(|hypothesis| !job.claim.statement().without.contains(&hypothesis.name));
    let cap = match job.claim.statement().quantity {
        Quantity::Probability => 0.0,
        Quantity::Size => f64::INFINITY,
    };
    Evidence { ln_hi: evidence.ln_hi.min(cap), bearing: job.claim.bearing(job.cell), ..evidence }
}

fn check_meaning(job: &Job, evidence: &Evidence) -> Result<()> {
    let numbers = [evidence.ln.unwrap_or(0.0), evidence.ln_lo, evidence.ln_hi];
    // A size may have no upper limit.
    let overflows = numbers[..2].contains(&f64::INFINITY);
    let meaningless = numbers.iter().any(|ln| ln.is_nan()) || overflows || evidence.ln_lo > evidence.ln_hi;
    if meaningless || !job.bounds.iter().all(Bound::is_meaningful) {
        return Err(Error::unreachable(format!(
            "the numbers overflow: measured {} by {}, which means nothing; take parameters nearer to 1",
            numbers.map(|ln| format!("e^{ln}")).join(", "),
            job.method.name()
        )));
    }
    Ok(())
}

/// A proof's links at a cell; what they draw comes from a stream of the cell's own, and the limits of what is sampled among
/// them miss with chance at most `alpha` together.
///
/// # Errors
/// [`Error::Unreachable`] where a side cannot be evaluated or means nothing, [`Error::Defect`] on a panic.
pub fn chain(claim: &Claim, experiment: &str, cell: &Cell, seed: u64, alpha: f64) -> Result<Vec<Link>> {
    let key = cell.key();
    let address = Address { seed, experiment, cell: &key, estimator: "chain", batch: 0 };
    let links = guarded(
        || format!("the proof of {} at {key}", claim.statement().id),
        || claim.chain(cell, &mut address.stream(), alpha),
    )?;
    for link in &links {
        let (left, right) = link.sides();
        if left.ln_lo.is_nan() || left.ln_hi.is_nan() || !right.is_meaningful() {
            return Err(Error::unreachable(format!(
                "{}: the numbers overflow; take parameters nearer to 1",
                link.name
            )));
        }
    }
    Ok(links)
}

/// As [`chain`] for a job's cell, with the constants above which its links hold (NaN where there is none), and with a store.
///
/// # Errors
/// As [`chain`], and where such a constant cannot be evaluated.
pub fn chain_kept(job: &Job, seed: u64, alpha: f64, store: Option<&Store>) -> Result<(Vec<Link>, Vec<f64>)> {
    let (claim, cell) = (job.claim, job.cell);
    let shelf = job.shelf(store, seed)?;
    let depends = if claim.chain_samples() { vec![alpha] } else { Vec::new() };
    let links = shelf.or_measure("links", &depends, || chain(claim, job.experiment, cell, seed, alpha))?;
    let least = |link: &Link| match link.for_large {
        Some(_) => Ok(claim.least_constant(cell, link.name)?.map_or(f64::NAN, |least| least.holds)),
        None => Ok(f64::NAN),
    };
    let constants = shelf.or_measure("constants", &[], || links.iter().map(least).collect())?;
    Ok((links, constants))
}

/// As [`measure_observed`], before it is asked what the evidence can show.
fn sample(
    job: &Job,
    sampling: &Sampling,
    interrupted: &AtomicBool,
    observe: Observer,
    shelf: &Shelf,
) -> Result<Evidence> {
    let Sampling { alpha, precision: Precision { replicates, relative, .. }, .. } = *sampling;
    match job.claim.estimator(job.cell, job.method)? {
        Estimator::Deterministic(evaluate) => shelf.or_measure("value", &[], evaluate),
        Estimator::Constructed(construct) => {
            // It is right of its object whatever the chance of error is, so that it knows none.
            let allowance = Allowance { alpha: f64::MIN_POSITIVE, replicates: 1, relative, interrupted, shelf: *shelf };
            let measure = || construct(&mut stream(job, &job.cell.key(), sampling.seed, 0), &allowance);
            shelf.or_measure("object", &[relative], measure)
        }
        Estimator::Sampled(construct) => {
            let allowance = Allowance { alpha, replicates, relative, interrupted, shelf: *shelf };
            let measure = || construct(&mut stream(job, &job.cell.key(), sampling.seed, 0), &allowance);
            shelf.or_measure("statistic", &[alpha, replicates as f64, relative], measure)
        }
        Estimator::Replicates(drawn) => {
            let measure = || grow(job, sampling, &drawn, interrupted, observe, shelf);
            shelf.or_measure("interval", &stops_at(job, sampling), measure)
        }
    }
}

/// The stream of a batch; `key` is the cell's.
fn stream(job: &Job, key: &str, seed: u64, batch: u64) -> Stream {
    Address { seed, experiment: job.experiment, cell: key, estimator: job.method.name(), batch }.stream()
}

/// All that says where a sample stops, and how wide its interval is.
fn stops_at(job: &Job, sampling: &Sampling) -> Vec<f64> {
    let Precision { relative, replicates, until } = sampling.precision;
    let mut numbers = vec![sampling.alpha, relative, replicates as f64];
    if until == Until::Decided {
        numbers.push(code_of_relation(Some(job.claim.statement().relation)));
        numbers.extend(job.bounds.iter().flat_map(numbers_of_bound));
    }
    numbers
}

/// Draws batches from look to look, until the interval says enough. Looks at which an earlier measurement has been are taken over,
/// and what is drawn is kept, also of a sample that is interrupted.
fn grow(
    job: &Job,
    sampling: &Sampling,
    replicates: &Replicates,
    interrupted: &AtomicBool,
    observe: Observer,
    shelf: &Shelf,
) -> Result<Evidence> {
    let precision = sampling.precision;
    let enough = |evidence: &Evidence| {
        let relation = job.claim.statement().relation;
        let precise = evidence.relative_width() <= precision.relative;
        let decided = || job.bounds.iter().all(|bound| compare(evidence, bound, relation) != Verdict::Undecided);
        precise || precision.until == Until::Decided && decided()
    };
    let size = Size::of(replicates, precision);
    let Size { budget, group, span } = size;
    let mut looks: Looks = shelf.find(LOOKS, &[group as f64, span as f64]).unwrap_or_default();
    let known = looks.len();
    let blocks = Blocks::find(shelf, size);
    let key = job.cell.key();
    let draw = |batch| match blocks.batch(batch) {
        Some(drawn) => Ok(drawn),
        None => Sample::draw(replicates, group, &mut stream(job, &key, sampling.seed, batch), interrupted),
    };
    let mut sample = Sample::default();
    let mut done = 0;
    let mut look = FIRST_WAVE.min(budget);
    let outcome = loop {
        sample = match looks.remove(&look) {
            Some(known) => known,
            None => match sample.grown(done..look, span, draw) {
                Ok(grown) => grown,
                Err(error) => break Err(error),
            },
        };
        done = look;
        let evidence = sample.evidence(replicates, job.method, sampling.alpha);
        let ends = done == budget || enough(&evidence);
        if !shelf.is_none() {
            looks.insert(done, sample.clone());
        }
        if ends {
            break Ok(evidence);
        }
        observe(&evidence);
        look = ((done as f64 * GROWTH).ceil() as u64).min(budget);
    };
    if looks.len() > known {
        shelf.keep(LOOKS, &[group as f64, span as f64], &looks);
    }
    outcome
}

/// How large a sample may become.
#[derive(Clone, Copy)]
struct Size {
    /// The most batches.
    budget: u64,
    /// How many replicates of a batch are averaged.
    group: u64,
    /// How many such averages are averaged to a value of a mean; above 1 only if each is that of a batch.
    span: u64,
}

impl Size {
    fn of(replicates: &Replicates, precision: Precision) -> Self {
        let budget = precision.replicates.div_ceil(replicates.batch).max(1);
        Size {
            budget,
            group: precision.replicates.div_ceil(MOST_VALUES).clamp(1, replicates.batch),
            span: budget.div_ceil(MOST_KEPT),
        }
    }

    /// The batches of a block.
    fn range(self, Block { index, count }: Block) -> Range<u64> {
        let start = |index: u64| (u128::from(self.budget) * u128::from(index) / u128::from(count)) as u64;
        start(index)..start(index + 1)
    }

    /// What a block's piece depends on.
    fn depends(self, Block { index, count }: Block) -> [f64; 4] {
        [self.budget, self.group, count, index].map(|number| number as f64)
    }
}

/// Draws a block of a cell's batches and keeps them for a merge.
///
/// # Errors
/// As [`measure`]; and where the cell is not sampled in batches.
pub fn draw_block(job: &Job, sampling: &Sampling, interrupted: &AtomicBool, store: &Store, block: Block) -> Result<()> {
    let Estimator::Replicates(replicates) = job.claim.estimator(job.cell, job.method)? else {
        return Err(Error::Defect(format!("{} is not sampled in batches", job.cell.key())));
    };
    let shelf = job.shelf(Some(store), sampling.seed)?;
    let size = Size::of(&replicates, sampling.precision);
    let key = job.cell.key();
    let draw = |batch| Sample::draw(&replicates, size.group, &mut stream(job, &key, sampling.seed, batch), interrupted);
    let drawn = || size.range(block).into_par_iter().map(draw).collect::<Result<Vec<Sample>>>().map(Batches);
    shelf.or_measure(BLOCK, &size.depends(block), drawn)?;
    shelf.keep(BLOCKS, &[size.budget as f64, size.group as f64], &vec![block.count as f64]);
    Ok(())
}

/// The name of a block's batches in the store, and that of the number of blocks.
const BLOCK: &str = "block";
const BLOCKS: &str = "blocks";

/// Batches one after another, all of one size.
struct Batches(Vec<Sample>);

impl Keeps for Batches {
    fn to_piece(&self) -> Piece {
        let first = self.0.first().cloned().unwrap_or_default();
        let is_known =
            self.0.iter().all(|sample| sample.sum_lo == sample.sum_hi && sample.values_lo == sample.values_hi);
        let ends = if is_known { 1.0 } else { 2.0 };
        let mut numbers = vec![first.count as f64, first.values_lo.len() as f64, ends];
        for Sample { sum_lo, sum_hi, values_lo, values_hi, .. } in &self.0 {
            numbers.push(*sum_lo);
            numbers.extend(values_lo);
            if !is_known {
                numbers.push(*sum_hi);
                numbers.extend(values_hi);
            }
        }
        Piece { numbers, texts: Vec::new() }
    }

    fn from_piece(piece: &Piece) -> Option<Self> {
        let length = piece.numbers.len().checked_sub(3)?;
        let (_, values, ends) = batch_layout(&piece.numbers)?;
        let whole = (1 + values).checked_mul(ends).filter(|stride| length % stride == 0)?;
        (0..length / whole).map(|index| batch_at(&piece.numbers, index)).collect::<Option<_>>().map(Batches)
    }
}

/// The replicates of a batch, its values, and the ends of each that are kept.
fn batch_layout(numbers: &[f64]) -> Option<(u64, usize, usize)> {
    let [count, values, ends] = *numbers.first_chunk::<3>()?;
    (ends == 1.0 || ends == 2.0).then_some((count as u64, values as usize, ends as usize))
}

/// One of the batches of a piece.
fn batch_at(numbers: &[f64], index: usize) -> Option<Sample> {
    let (count, values, ends) = batch_layout(numbers)?;
    let stride = (1 + values).checked_mul(ends)?;
    let (from, to) = (index.checked_mul(stride)?.checked_add(3)?, (1 + values) * (ends - 1));
    let own = numbers.get(from..from.checked_add(stride)?)?;
    let (lo, hi) = (own.get(..=values)?, own.get(to..)?);
    let (values_lo, values_hi) = (lo[1..].to_vec(), hi[1..].to_vec());
    Some(Sample { count, sum_lo: lo[0], sum_hi: hi[0], values_lo, values_hi, ..Sample::default() })
}

/// The batches of a cell that shards have drawn.
struct Blocks {
    size: Size,
    pieces: Vec<Option<Piece>>,
}

impl Blocks {
    fn find(shelf: &Shelf, size: Size) -> Self {
        let count = shelf.find::<Vec<f64>>(BLOCKS, &[size.budget as f64, size.group as f64]);
        let count = count.and_then(|count| count.first().copied()).unwrap_or(0.0) as u64;
        let piece = |index| shelf.look_at(BLOCK, &size.depends(Block { index, count }));
        Blocks { size, pieces: (0..count).map(piece).collect() }
    }

    fn batch(&self, batch: u64) -> Option<Sample> {
        let count = self.pieces.len() as u64;
        // The last block that does not begin behind it.
        let guess = u128::from(batch) * u128::from(count) / u128::from(self.size.budget);
        let index = (guess as u64..count).take_while(|index| self.range(*index).start <= batch).last()?;
        let piece = self.pieces.get(index as usize)?.as_ref()?;
        batch_at(&piece.numbers, (batch - self.range(index).start) as usize)
    }

    fn range(&self, index: u64) -> Range<u64> {
        self.size.range(Block { index, count: self.pieces.len() as u64 })
    }
}

/// The name of a sample's looks in the store. What a look holds depends on the size of the groups alone.
const LOOKS: &str = "looks";

/// Samples by the number of batches after which they were looked at.
type Looks = BTreeMap<u64, Sample>;

impl Keeps for Looks {
    fn to_piece(&self) -> Piece {
        let numbers = self.iter().flat_map(|(batches, sample)| {
            let Sample { count, sum_lo, sum_hi, values_lo, values_hi, open: Open { count: opened, lo, hi } } = sample;
            // Values are known, most of the time.
            let values_hi: &[f64] = if values_lo == values_hi { &[] } else { values_hi };
            let lengths = [values_lo.len() as f64, values_hi.len() as f64];
            let head = [*batches as f64, *count as f64, *sum_lo, *sum_hi, *opened as f64, *lo, *hi];
            head.into_iter().chain(lengths).chain(values_lo.iter().chain(values_hi).copied()).collect::<Vec<f64>>()
        });
        Piece { numbers: numbers.collect(), texts: Vec::new() }
    }

    fn from_piece(piece: &Piece) -> Option<Self> {
        let (mut looks, mut rest) = (Looks::new(), &piece.numbers[..]);
        while let Some(([batches, count, sum_lo, sum_hi, opened, lo, hi, los, his], after)) =
            rest.split_first_chunk::<9>()
        {
            let (values_lo, after) = after.split_at_checked(*los as usize)?;
            let (values_hi, after) = after.split_at_checked(*his as usize)?;
            let values_hi = if values_hi.is_empty() { values_lo } else { values_hi };
            rest = after;
            let sample = Sample {
                count: *count as u64,
                sum_lo: *sum_lo,
                sum_hi: *sum_hi,
                values_lo: values_lo.to_vec(),
                values_hi: values_hi.to_vec(),
                open: Open { count: *opened as u64, lo: *lo, hi: *hi },
            };
            looks.insert(*batches as u64, sample);
        }
        rest.is_empty().then_some(looks)
    }
}

/// What a sample keeps of its replicates: sums for a proportion, (grouped) values for a mean. Its size does not grow with their number.
#[derive(Debug, Default, Clone, PartialEq)]
struct Sample {
    count: u64,
    sum_lo: f64,
    sum_hi: f64,
    values_lo: Vec<f64>,
    values_hi: Vec<f64>,
    open: Open,
}

/// The averages that wait for the others of their value. No limit counts them: looks see the beginnings of one sequence of values.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Open {
    count: u64,
    lo: f64,
    hi: f64,
}

impl Sample {
    fn draw(replicates: &Replicates, group: u64, stream: &mut Stream, interrupted: &AtomicBool) -> Result<Self> {
        let mut sampler = (replicates.sampler)();
        let mut sample = Sample { count: replicates.batch, ..Sample::default() };
        for _ in 0..replicates.batch {
            if interrupted.load(Ordering::Relaxed) {
                return Err(Error::Interrupted("interrupted".into()));
            }
            let Draw { lo, hi } = sampler(stream);
            // Every interval rests on this.
            let in_range = 0.0 <= lo && lo <= hi && hi <= 1.0;
            if !in_range {
                return Err(Error::Defect(format!(
                    "a replicate lies in [{lo}, {hi}], where all have to lie in [0, 1]"
                )));
            }
            sample.sum_lo += lo;
            sample.sum_hi += hi;
            if replicates.law == Law::Mean {
                sample.average(lo, hi, group);
            }
        }
        sample.close();
        match replicates.failure.as_ref().and_then(|failure| failure.get()) {
            Some(failure) => Err(Error::input(failure.clone())),
            None => Ok(sample),
        }
    }

    /// Adds to the value that is open, which is whole as an average of `most`.
    fn average(&mut self, lo: f64, hi: f64, most: u64) {
        self.open = Open { count: self.open.count + 1, lo: self.open.lo + lo, hi: self.open.hi + hi };
        if self.open.count == most {
            self.close();
        }
    }

    /// Makes a value of what is open.
    fn close(&mut self) {
        let Open { count, lo, hi } = std::mem::take(&mut self.open);
        if count > 0 {
            self.values_lo.push(lo / count as f64);
            self.values_hi.push(hi / count as f64);
        }
    }

    /// The sample with further batches: drawn in any order, some at a time, and reduced in theirs.
    fn grown(self, batches: Range<u64>, span: u64, draw: impl Fn(u64) -> Result<Self> + Sync) -> Result<Self> {
        batches.clone().step_by(MOST_DRAWN as usize).try_fold(self, |sample, start| {
            let some = start..batches.end.min(start + MOST_DRAWN);
            let drawn = some.into_par_iter().map(&draw).collect::<Result<Vec<Self>>>()?;
            Ok(drawn.iter().fold(sample, |sample, batch| sample.with(batch, span)))
        })
    }

    /// The sample with the next batch, of whose averages `span` make a value.
    fn with(mut self, batch: &Sample, span: u64) -> Self {
        self.count += batch.count;
        self.sum_lo += batch.sum_lo;
        self.sum_hi += batch.sum_hi;
        for (lo, hi) in batch.values_lo.iter().zip(&batch.values_hi) {
            self.average(*lo, *hi, span);
        }
        self
    }

    fn evidence(&self, replicates: &Replicates, method: Method, alpha: f64) -> Evidence {
        // Each side takes half of the chance of error.
        let side = 0.5 * alpha;
        let (ln_lo, ln_hi) = match replicates.law {
            // Outwards to whole hits, where a replicate is no event.
            Law::Proportion => (
                proportion::ln_lower(self.sum_lo.floor() as u64, self.count, side),
                proportion::ln_upper(self.sum_hi.ceil() as u64, self.count, side),
            ),
            Law::Mean => (mean::lower(&self.values_lo, side).ln(), mean::upper(&self.values_hi, side).ln()),
        };
        // Unknown replicates count for neither side: the value is the mean of those that are known.
        let known = self.count as f64 - (self.sum_hi - self.sum_lo);
        let ln = (known > 0.0).then(|| (self.sum_lo / known).ln() + replicates.ln_scale);
        let ln_scale = replicates.ln_scale;
        Evidence::enclosed(ln, ln_lo + ln_scale, ln_hi + ln_scale, method, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    fn sampling(seed: u64, replicates: u64, until: Until) -> Sampling {
        Sampling { seed, alpha: 1e-4, precision: Precision { relative: 0.02, replicates, until } }
    }

    fn nsn_box(given: &[(&'static str, &'static str)], method: Method, sampling: &Sampling) -> Evidence {
        measure_cell("nsn-box", given, method, sampling)
    }

    fn measure_cell(id: &str, given: &[(&'static str, &'static str)], method: Method, sampling: &Sampling) -> Evidence {
        let claim = &find(id).unwrap();
        let cell = claim.cell(given.iter().copied()).unwrap();
        let bounds = claim.bounds(&cell).unwrap();
        let job = Job { claim, experiment: "test", cell: &cell, method, bounds: &bounds };
        measure(&job, sampling, &AtomicBool::new(false)).unwrap()
    }

    const CELL: [(&str, &str); 3] = [("k", "16"), ("d", "2"), ("eps", "0.2")];

    /// The four levels of evidence of both boxes: every interval (chance of error 1e-4 each, 6e-4 in all) holds the
    /// quadrature's value.
    #[test]
    fn the_levels_of_evidence_agree() {
        let joint = [("k", "16"), ("j", "3"), ("d", "1"), ("eps", "0.5"), ("target", "axis")];
        for (id, given) in [("nsn-box", &CELL[..]), ("nsn-joint-box", &joint[..])] {
            let measured =
                |method, replicates| measure_cell(id, given, method, &sampling(1, replicates, Until::Precise));
            let exact = measured(Method::Quadrature, 1).ln.unwrap();
            for method in [Method::Conditional, Method::Importance, Method::Collapsed, Method::Literal] {
                let evidence = measured(method, 250_000);
                assert!(evidence.ln_lo < exact && exact < evidence.ln_hi, "{id} {method:?}: {evidence:?} for {exact}");
                assert!(evidence.relative_width() < 2.0, "{id} {method:?}: too wide to decide anything");
            }
        }
    }

    #[test]
    fn a_decided_sample_stops_and_a_precise_one_goes_on() {
        let decided = nsn_box(&CELL, Method::Collapsed, &sampling(1, 60_000, Until::Decided));
        let precise = nsn_box(&CELL, Method::Collapsed, &sampling(1, 60_000, Until::Precise));
        assert!(decided.work < precise.work, "{} {}", decided.work, precise.work);
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| nsn_box(&CELL, Method::Conditional, &sampling(9, 20_000, Until::Precise)))
        };
        assert_eq!(on(1), on(5));
    }

    #[test]
    fn seeds_do() {
        // Means, which do not meet by chance.
        let with = |seed| nsn_box(&CELL, Method::Conditional, &sampling(seed, 3000, Until::Precise));
        assert_ne!(with(1).ln, with(2).ln);
    }

    fn kept_cell(
        given: &[(&'static str, &'static str)],
        method: Method,
        sampling: &Sampling,
        kept: (&Store, bool),
    ) -> Result<Evidence> {
        let claim = &find("nsn-box").unwrap();
        let cell = claim.cell(given.iter().copied()).unwrap();
        let bounds = claim.bounds(&cell).unwrap();
        let job = Job { claim, experiment: "test", cell: &cell, method, bounds: &bounds };
        let (store, may_draw) = kept;
        measure_kept(&job, sampling, &AtomicBool::new(!may_draw), &|_| {}, Some(store))
    }

    /// Whatever was measured before, with another chance of error, budget or end: the evidence is that of a first measurement.
    #[test]
    fn a_store_changes_no_bit() {
        let variants = [
            (1e-4, 8000, Until::Decided),
            (1e-9, 8000, Until::Decided),
            (1e-2, 8000, Until::Precise),
            (1e-4, 20_000, Until::Precise),
            (1e-4, 5000, Until::Precise),
            (1e-4, 40_000, Until::Precise),
        ];
        let of = |(alpha, replicates, until)| Sampling { alpha, ..sampling(3, replicates, until) };
        for method in [Method::Quadrature, Method::Conditional, Method::Literal] {
            let store = Store::new("", "");
            for variant in variants {
                let fresh = nsn_box(&CELL, method, &of(variant));
                assert_eq!(
                    kept_cell(&CELL, method, &of(variant), (&store, true)).unwrap(),
                    fresh,
                    "{method:?} {variant:?}"
                );
                // Nothing is drawn a second time.
                assert_eq!(
                    kept_cell(&CELL, method, &of(variant), (&store, false)).unwrap(),
                    fresh,
                    "{method:?} {variant:?}"
                );
            }
            // Nor for a wider interval than those before.
            assert!(kept_cell(&CELL, method, &of((0.5, 8000, Until::Precise)), (&store, false)).is_ok(), "{method:?}");
            let narrower = kept_cell(&CELL, method, &of((1e-4, 800_000, Until::Precise)), (&store, false));
            assert_eq!(narrower.is_err(), method != Method::Quadrature, "{method:?}: nothing was to be drawn");
        }
    }

    /// Blocks that shards have drawn, in any order, are the batches of an unsplit sample.
    #[test]
    fn blocks_are_the_batches_of_a_whole_sample() {
        let claim = &find("nsn-box").unwrap();
        let cell = claim.cell(CELL).unwrap();
        for (method, count) in [(Method::Literal, 7), (Method::Conditional, 40), (Method::Conditional, 79)] {
            let sampling = sampling(5, 20_000, Until::Precise);
            let job = Job { claim, experiment: "test", cell: &cell, method, bounds: &[] };
            let store = Store::new("", "");
            for index in (0..count).rev() {
                draw_block(&job, &sampling, &AtomicBool::new(false), &store, Block { index, count }).unwrap();
            }
            let merged = kept_cell(&CELL, method, &sampling, (&store, false)).unwrap();
            assert_eq!(merged, nsn_box(&CELL, method, &sampling), "{method:?} {count}");
        }
    }

    /// Batches with ends that differ, and none at all.
    #[test]
    fn batches_come_back_to_the_last_bit() {
        let sample = |x: f64, y: f64| Sample {
            count: 3,
            sum_lo: x,
            sum_hi: y,
            values_lo: vec![x, 0.1],
            values_hi: vec![y, 0.1],
            open: Open::default(),
        };
        for batches in [vec![], vec![sample(0.5, 0.5), sample(0.25, 0.25)], vec![sample(0.5, 0.75), sample(0.0, 1.0)]] {
            let piece = Batches(batches).to_piece();
            let Batches(read) = Batches::from_piece(&piece).unwrap();
            assert_eq!(Batches(read).to_piece(), piece);
            let short = Piece { numbers: piece.numbers[..piece.numbers.len() - 1].to_vec(), ..piece };
            assert!(Batches::from_piece(&short).is_none());
        }
        let open = Open { count: 2, lo: 0.25, hi: 0.5 };
        let looks = Looks::from([(4, sample(0.5, 0.5)), (6, Sample { open, ..sample(0.5, 0.75) })]);
        assert_eq!(Looks::from_piece(&looks.to_piece()), Some(looks));
    }

    /// A value is an average of whole batches, and what waits for others is in none: values at a look are the first of those at a later one.
    #[test]
    fn values_of_several_batches_are_few_and_stay() {
        let batch = |i: u64| Sample {
            count: 2,
            sum_lo: i as f64,
            values_lo: vec![i as f64],
            values_hi: vec![i as f64 + 1.0],
            ..Sample::default()
        };
        let to = |n: u64| Sample::default().grown(0..n, 3, |i| Ok(batch(i))).unwrap();
        assert!(to(2).values_lo.is_empty());
        assert_eq!((to(8).values_lo, to(8).values_hi), (vec![1.0, 4.0], vec![2.0, 5.0]));
        assert_eq!((to(8).count, to(8).sum_lo, to(8).open), (16, 28.0, Open { count: 2, lo: 13.0, hi: 15.0 }));
        assert_eq!(to(8).grown(8..20, 3, |i| Ok(batch(i))).unwrap(), to(20));
        // More than are drawn at once.
        assert_eq!(to(MOST_DRAWN + 5).count, 2 * (MOST_DRAWN + 5));
        let size = |replicates| {
            let drawn = Replicates {
                law: Law::Mean,
                ln_scale: 0.0,
                batch: 256,
                sampler: Box::new(|| unreachable!()),
                failure: None,
            };
            let Size { budget, group, span } = Size::of(&drawn, sampling(1, replicates, Until::Precise).precision);
            (group, span, budget * 256 / (group * span))
        };
        assert_eq!(size(1000), (1, 1, 1024));
        assert_eq!(size(10_000_000), (256, 1, 39_063));
        for replicates in [100_000_000, 1_000_000_000, 1_000_000_000_000] {
            let (group, span, values) = size(replicates);
            assert!(group == 256 && span > 1 && (MOST_KEPT / 2..=MOST_KEPT).contains(&values), "{span} {values}");
        }
    }

    #[test]
    fn what_gave_up_counts_for_neither_side() {
        let replicates = Replicates {
            law: Law::Proportion,
            ln_scale: 0.0,
            batch: 90,
            sampler: Box::new(|| {
                let mut turn = 0;
                Box::new(move |_| {
                    turn += 1;
                    [Draw::unknown(), Draw::event(true), Draw::event(false)][turn % 3]
                })
            }),
            failure: None,
        };
        let mut stream = Address { seed: 0, experiment: "", cell: "", estimator: "", batch: 0 }.stream();
        let sample = Sample::draw(&replicates, 1, &mut stream, &AtomicBool::new(false)).unwrap();
        let evidence = sample.evidence(&replicates, Method::Literal, 1e-2);
        assert_eq!(evidence.ln, Some(0.5f64.ln()));
        assert!(evidence.ln_lo.exp() < 1.0 / 3.0 && evidence.ln_hi.exp() > 2.0 / 3.0);
    }
}
