//! One cell by one method: batches from addressed streams, reduced in order, until the interval says enough.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::cell::Cell;
use crate::claims::{Allowance, Bound, Claim, Draw, Estimator, Law, Link, Quantity, Replicates};
use crate::error::{Error, Result, guarded};
use crate::evidence::{Evidence, Method, mean, proportion};
use crate::experiment::{Precision, Until};
use crate::random::{Address, Stream};
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

/// A mean's limits are computed from at most about this many values; more replicates are averaged in groups of a size
/// that the budget fixes beforehand.
const MOST_VALUES: u64 = 16_384;
/// Batches in the first wave, and by which factor their number grows from look to look.
const FIRST_WAVE: u64 = 4;
const GROWTH: f64 = 1.5;

/// What is measured: one cell of a claim by one method, beside its bounds.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The claim.
    pub claim: &'a dyn Claim,
    /// The experiment's name, for the addresses of the random streams.
    pub experiment: &'a str,
    /// The cell.
    pub cell: &'a Cell,
    /// The method.
    pub method: Method,
    /// The bounds that a sample may be stopped for once they are decided.
    pub bounds: &'a [Bound],
}

/// Measures until every bound is decided, the precision is reached, or the replicates are spent.
///
/// # Errors
/// [`Error::Unreachable`] where the method cannot reach the cell, [`Error::Defect`] where it breaks a promise (a panic, a replicate
/// outside [0, 1]), [`Error::Interrupted`] where `interrupted` is set.
pub fn measure(job: &Job, sampling: &Sampling, interrupted: &AtomicBool) -> Result<Evidence> {
    measure_told(job, sampling, interrupted, &|_| {})
}

/// As [`measure`]; `tell` is given the evidence of a growing sample at each look, which its interval covers too.
///
/// # Errors
/// As [`measure`].
pub fn measure_told(job: &Job, sampling: &Sampling, interrupted: &AtomicBool, tell: Tell) -> Result<Evidence> {
    let place = || format!("{} by {} at {}", job.claim.about().id, job.method.name(), job.cell.key());
    let tell_capped = |evidence: &Evidence| tell(&capped(job, evidence.clone()));
    guarded(place, || {
        let evidence = capped(job, sample(job, sampling, interrupted, &tell_capped)?);
        check_meaning(job, &evidence)?;
        Ok(evidence)
    })
}

/// Is given the evidence of a growing sample.
pub type Tell<'a> = &'a dyn Fn(&Evidence);

/// The evidence with what the claim says of it: no probability exceeds 1.
fn capped(job: &Job, evidence: Evidence) -> Evidence {
    let cap = match job.claim.about().quantity {
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
pub fn chain(claim: &dyn Claim, experiment: &str, cell: &Cell, seed: u64, alpha: f64) -> Result<Vec<Link>> {
    let key = cell.key();
    let address = Address { seed, experiment, cell: &key, estimator: "chain", batch: 0 };
    let links = guarded(
        || format!("the proof of {} at {key}", claim.about().id),
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

/// As [`measure_told`], before it is asked what the evidence can show.
fn sample(job: &Job, sampling: &Sampling, interrupted: &AtomicBool, tell: Tell) -> Result<Evidence> {
    let Job { claim, experiment, cell, method, bounds } = *job;
    let key = cell.key();
    let stream = |batch: u64| {
        let address = Address { seed: sampling.seed, experiment, cell: &key, estimator: method.name(), batch };
        address.stream()
    };
    let replicates = match claim.estimator(cell, method)? {
        Estimator::Deterministic(evaluate) => return evaluate(),
        Estimator::Constructed(construct) | Estimator::Sampled(construct) => {
            let Precision { replicates, relative, .. } = sampling.precision;
            return construct(&mut stream(0), &Allowance { alpha: sampling.alpha, replicates, relative, interrupted });
        }
        Estimator::Replicates(replicates) => replicates,
    };
    let about = claim.about();
    let precision = sampling.precision;
    let enough = |evidence: &Evidence| {
        let precise = evidence.relative_width() <= precision.relative;
        let decided = || bounds.iter().all(|bound| compare(evidence, bound, about.relation) != Verdict::Undecided);
        precise || precision.until == Until::Decided && decided()
    };
    let budget = precision.replicates.div_ceil(replicates.batch).max(1);
    let group = precision.replicates.div_ceil(MOST_VALUES).clamp(1, replicates.batch);
    let mut sample = Sample::default();
    let mut done = 0;
    let mut look = FIRST_WAVE.min(budget);
    loop {
        // Batches run in any order, and are reduced in theirs.
        let draw = |batch| Sample::draw(&replicates, group, &mut stream(batch), interrupted);
        let wave: Vec<Sample> = (done..look).into_par_iter().map(draw).collect::<Result<_>>()?;
        wave.iter().for_each(|batch| sample.append(batch));
        done = look;
        let evidence = sample.evidence(&replicates, method, sampling.alpha);
        if done == budget || enough(&evidence) {
            return Ok(evidence);
        }
        tell(&evidence);
        look = ((done as f64 * GROWTH).ceil() as u64).min(budget);
    }
}

/// What a sample keeps of its replicates: sums for a proportion, (grouped) values for a mean.
#[derive(Debug, Default, Clone)]
struct Sample {
    count: u64,
    sum_lo: f64,
    sum_hi: f64,
    values_lo: Vec<f64>,
    values_hi: Vec<f64>,
}

impl Sample {
    fn draw(replicates: &Replicates, group: u64, stream: &mut Stream, interrupted: &AtomicBool) -> Result<Self> {
        let mut sampler = (replicates.sampler)();
        let draw = |_| match interrupted.load(Ordering::Relaxed) {
            true => Err(Error::Interrupted("interrupted".into())),
            false => Ok(sampler(stream)),
        };
        let draws: Vec<Draw> = (0..replicates.batch).map(draw).collect::<Result<_>>()?;
        // Every interval rests on this.
        let in_range = |draw: &&Draw| 0.0 <= draw.lo && draw.lo <= draw.hi && draw.hi <= 1.0;
        if let Some(Draw { lo, hi }) = draws.iter().find(|draw| !in_range(draw)) {
            return Err(Error::Defect(format!("a replicate lies in [{lo}, {hi}], where all have to lie in [0, 1]")));
        }
        let sum = |end: fn(&Draw) -> f64| draws.iter().map(end).sum::<f64>();
        let grouped = |end: fn(&Draw) -> f64| -> Vec<f64> {
            draws.chunks(group as usize).map(|g| g.iter().map(end).sum::<f64>() / g.len() as f64).collect()
        };
        let is_mean = replicates.law == Law::Mean;
        Ok(Sample {
            count: replicates.batch,
            sum_lo: sum(|draw| draw.lo),
            sum_hi: sum(|draw| draw.hi),
            values_lo: if is_mean { grouped(|draw| draw.lo) } else { Vec::new() },
            values_hi: if is_mean { grouped(|draw| draw.hi) } else { Vec::new() },
        })
    }

    fn append(&mut self, batch: &Sample) {
        self.count += batch.count;
        self.sum_lo += batch.sum_lo;
        self.sum_hi += batch.sum_hi;
        self.values_lo.extend_from_slice(&batch.values_lo);
        self.values_hi.extend_from_slice(&batch.values_hi);
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
    use crate::claims::{cell_of, find};

    fn sampling(seed: u64, replicates: u64, until: Until) -> Sampling {
        Sampling { seed, alpha: 1e-4, precision: Precision { relative: 0.02, replicates, until } }
    }

    fn nsn_box(given: &[(&'static str, &'static str)], method: Method, sampling: &Sampling) -> Evidence {
        measure_cell("nsn-box", given, method, sampling)
    }

    fn measure_cell(id: &str, given: &[(&'static str, &'static str)], method: Method, sampling: &Sampling) -> Evidence {
        let claim = find(id).unwrap();
        let cell = cell_of(claim, given.iter().copied()).unwrap();
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
                assert!(evidence.relative_width() < 2.0, "{id} {method:?}: too wide to tell anything");
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
        let with = |seed| nsn_box(&CELL, Method::Literal, &sampling(seed, 3000, Until::Precise));
        assert_ne!(with(1).ln, with(2).ln);
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
        };
        let mut stream = Address { seed: 0, experiment: "", cell: "", estimator: "", batch: 0 }.stream();
        let sample = Sample::draw(&replicates, 1, &mut stream, &AtomicBool::new(false)).unwrap();
        let evidence = sample.evidence(&replicates, Method::Literal, 1e-2);
        assert_eq!(evidence.ln, Some(0.5f64.ln()));
        assert!(evidence.ln_lo.exp() < 1.0 / 3.0 && evidence.ln_hi.exp() > 2.0 / 3.0);
    }
}
