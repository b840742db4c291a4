//! A run: every cell of every experiment by every method, on all cores, resumable, and the same to the last byte.

pub mod checkpoint;
pub mod measure;
pub mod outlook;
pub mod threshold;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::cell::Cell;
use crate::error::{Error, Result, guarded};
use crate::evidence::Method;
use crate::experiment::{Experiment, Precision};
use crate::hash::sha256_hex;
use crate::output::{writable_folder, write_whole};
use crate::record::{self, Origin};
use crate::verdict::share_of_error;
use checkpoint::{Measured, Progress};
use measure::{Job, Sampling, chain, measure};
use outlook::{TIMINGS, Timing, timings};

/// How many replicates are spent, relative to what the experiments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A tenth.
    Quick,
    /// As they say.
    Default,
    /// Twenty times as many.
    Paper,
}

impl Effort {
    fn apply(self, precision: Precision) -> Precision {
        let replicates = match self {
            Effort::Quick => precision.replicates.div_ceil(10),
            Effort::Default => precision.replicates,
            Effort::Paper => precision.replicates.saturating_mul(20),
        };
        Precision { replicates, ..precision }
    }
}

/// One part of a run that is split over machines: the units whose number is `index` modulo `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// What is measured, and with which chance of error: everything that the records depend on.
pub struct Plan {
    /// The experiments, by name.
    pub experiments: Vec<Experiment>,
    /// The seed of every stream.
    pub seed: u64,
    /// The chance that any verdict of the run is wrong.
    pub alpha: f64,
    /// How many replicates are spent.
    pub effort: Effort,
    /// The chance of error of each cell of an experiment, by its name, where a baseline fixes it; the other experiments' cells
    /// share `alpha`.
    pub shares: BTreeMap<String, f64>,
}

/// How a run's chance of error is split.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Shares {
    /// The chance that any interval of the run misses.
    pub alpha: f64,
    /// The intervals: one for each cell and method.
    pub intervals: usize,
    /// The share of each.
    pub each: f64,
    /// What the promise is about.
    pub covers: &'static str,
}

/// What the promise of a run is about.
const COVERS: &str = "every interval of this run: of cells, of thresholds with all the values they try, and of all sampled links of a \
                      chain's cell together; searches and other runs have their own";

/// One cell of one experiment by one method.
#[derive(Debug, Clone, Copy)]
struct Unit {
    experiment: usize,
    cell: usize,
    method: Method,
}

impl Plan {
    /// The chance of error that a cell of an experiment may take.
    fn share(&self, experiment: &Experiment, units: usize) -> f64 {
        self.shares.get(&experiment.name).copied().unwrap_or_else(|| share_of_error(self.alpha, units))
    }

    /// How its chance of error is split over its intervals.
    pub fn shares(&self) -> Shares {
        let intervals = self.units().len();
        let (alpha, each) = (self.alpha, share_of_error(self.alpha, intervals));
        Shares { alpha, intervals, each, covers: COVERS }
    }

    fn units(&self) -> Vec<Unit> {
        let of = |(index, experiment): (usize, &Experiment)| {
            let cells = 0..experiment.cells.len();
            let methods = experiment.methods.clone();
            cells
                .flat_map(move |cell| methods.clone().into_iter().map(move |method| (cell, method)))
                .map(move |(cell, method)| Unit { experiment: index, cell, method })
        };
        self.experiments.iter().enumerate().flat_map(of).collect()
    }

    /// A hash of everything that the records depend on: a checkpoint of another design is never taken over.
    ///
    /// # Errors
    /// Where a file that a cell reads cannot be read.
    pub fn design(&self) -> Result<String> {
        let mut text = format!("{} {} {:?} {:?}\n", record::REVISION, self.seed, self.alpha, self.effort);
        for experiment in &self.experiments {
            let share = self.shares.get(&experiment.name);
            text += &format!("{} {} {share:?}\n", experiment.name, experiment.design);
            let files: BTreeSet<PathBuf> =
                experiment.cells.iter().flat_map(|cell| experiment.claim.files(cell)).collect();
            for path in files {
                let bytes = std::fs::read(&path).map_err(Error::read(&path))?;
                text += &format!("{} {}\n", path.display(), sha256_hex(&bytes));
            }
        }
        Ok(sha256_hex(text.as_bytes()))
    }
}

/// Where and how a plan is carried out: nothing here changes a record.
pub struct Conditions<'a> {
    /// The folder of the results.
    pub out: &'a Path,
    /// The part that is measured here, if the run is split.
    pub shard: Option<Shard>,
    /// Whether to take over what checkpoints hold.
    pub resume: bool,
    /// Set from outside to stop the run; what is measured by then is kept in a checkpoint.
    pub interrupted: &'a AtomicBool,
    /// Told what happens to each unit, by its number.
    pub progress: &'a (dyn Fn(Event, usize) + Sync),
}

/// What happens to a unit of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A checkpoint holds it.
    Known,
    /// It is to be measured here.
    Open,
    /// Its measurement begins.
    Begun,
    /// It is measured, after so many seconds.
    Measured(f64),
    /// The run was interrupted, and all that was measured until then is kept; said once.
    Kept,
}

/// What a run left behind.
#[derive(Debug, PartialEq)]
pub enum Finished {
    /// All records are written: one CSV an experiment, in the order of the experiments. The checkpoints are still there:
    /// see [`checkpoint::remove`].
    Complete(Vec<PathBuf>),
    /// A shard is measured; its checkpoint waits for the others.
    Shard(PathBuf),
}

/// How long measured units may wait for a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// How soon an interruption is noticed while cells are under way.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a plan's design consists of.
const DESIGN_PARTS: &str = "experiments, seed, alpha, effort, the program's source or files that they read";

/// Measures a plan.
///
/// # Errors
/// Where the results cannot be written, a checkpoint is refused, a file cannot be read, a formula means nothing at a cell, or the
/// run is interrupted. A cell that a method does not reach, or at which the program has a defect, is a row with its reason. Results of earlier runs stay as they were until all new ones are there.
pub fn run(plan: &Plan, conditions: &Conditions) -> Result<Finished> {
    writable_folder(conditions.out)?;
    let units = plan.units();
    let design = plan.design()?;
    let part = match conditions.shard {
        None => "run".to_string(),
        Some(Shard { index, count }) => format!("shard-{}-of-{count}", index + 1),
    };
    let path = checkpoint::path(conditions.out, &design, &part);
    // What an interrupted run of this design has kept is taken over, asked or not: it would be measured alike again.
    let known = match (conditions.resume, conditions.shard) {
        (true, _) => checkpoint::read_all(conditions.out, &design, DESIGN_PARTS)?,
        // One that is damaged is no loss: it is measured again.
        (false, None) => checkpoint::read_own(conditions.out, &design).unwrap_or_default(),
        (false, Some(_)) => checkpoint::read_one(&path, &design).unwrap_or_default(),
    };
    let here = |unit: &usize| conditions.shard.is_none_or(|shard| unit % shard.count == shard.index);
    let open: Vec<usize> = (0..units.len()).filter(here).filter(|unit| !known.contains_key(unit)).collect();
    let save = |progress: &Progress| checkpoint::write(&path, &design, progress);
    let progress = measure_units(plan, conditions, &units, &open, known, save)?;
    // Until everything that is made of the records is written too, a full disk costs no measurement.
    save(&progress)?;
    if progress.len() < units.len() {
        return Ok(Finished::Shard(path));
    }
    Ok(Finished::Complete(write_results(plan, conditions.out, &units, &progress)?))
}

/// The rows of a plan's records, with nothing written: neither results nor checkpoints.
///
/// # Errors
/// As [`run`].
pub fn rows(plan: &Plan, conditions: &Conditions) -> Result<Vec<record::Row>> {
    let units = plan.units();
    let open: Vec<usize> = (0..units.len()).collect();
    let progress = measure_units(plan, conditions, &units, &open, Progress::new(), |_| Ok(()))?;
    Ok(progress.into_values().flat_map(|measured| measured.rows).collect())
}

/// Measures the open units, saving as it goes; returns them with the known ones. On an interruption what is measured is kept at
/// once, whatever the cells under way still take.
fn measure_units(
    plan: &Plan,
    conditions: &Conditions,
    units: &[Unit],
    open: &[usize],
    known: Progress,
    save: impl Fn(&Progress) -> Result<()> + Sync,
) -> Result<Progress> {
    let total = known.len() + open.len();
    known.keys().for_each(|unit| (conditions.progress)(Event::Known, *unit));
    open.iter().for_each(|unit| (conditions.progress)(Event::Open, *unit));
    let state = Mutex::new((known, Instant::now()));
    let measure = |&index: &usize| {
        (conditions.progress)(Event::Begun, index);
        let alpha = plan.share(&plan.experiments[units[index].experiment], units.len());
        let measured = measure_unit(plan, &units[index], alpha, conditions.interrupted)?;
        (conditions.progress)(Event::Measured(measured.seconds), index);
        let mut state = state.lock().expect("no holder of the lock panics");
        let (progress, saved) = &mut *state;
        progress.insert(index, measured);
        if saved.elapsed() > CHECKPOINT_EVERY {
            save(progress)?;
            *saved = Instant::now();
        }
        Ok(())
    };
    let keep = || save(&state.lock().expect("no holder of the lock panics").0);
    let outcome = std::thread::scope(|scope| {
        // When the cells end, in whatever way, the sender is gone, and the other thread ends too.
        let (_measuring, ended) = mpsc::channel::<()>();
        scope.spawn(|| keep_on_interruption(ended, conditions, keep));
        open.par_iter().with_max_len(1).try_for_each(measure)
    });
    let (progress, _) = state.into_inner().expect("no holder of the lock panics");
    match outcome {
        Ok(()) => Ok(progress),
        Err(error) => {
            save(&progress)?;
            Err(match error {
                Error::Interrupted(_) => interruption(progress.len(), total),
                other => other,
            })
        }
    }
}

/// The error of a run that was interrupted and has kept what it measured.
pub fn interruption(measured: usize, total: usize) -> Error {
    Error::Interrupted(format!("interrupted: {measured} of {total} cells are measured and kept; go on with --resume"))
}

/// Waits for an interruption, and saves then.
fn keep_on_interruption(ended: mpsc::Receiver<()>, conditions: &Conditions, keep: impl Fn() -> Result<()>) {
    while ended.recv_timeout(LOOK_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        if conditions.interrupted.load(Ordering::Relaxed) {
            // The end of the run saves again, and reports what hinders it.
            if keep().is_ok() {
                (conditions.progress)(Event::Kept, 0);
            }
            return;
        }
    }
}

fn measure_unit(plan: &Plan, unit: &Unit, alpha: f64, interrupted: &AtomicBool) -> Result<Measured> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::Interrupted("interrupted".into()));
    }
    let start = Instant::now();
    let experiment = &plan.experiments[unit.experiment];
    let (claim, cell) = (experiment.claim, &experiment.cells[unit.cell]);
    let precision = plan.effort.apply(experiment.precision);
    let sampling = Sampling { seed: plan.seed, alpha, precision };
    let origin = Origin { experiment: &experiment.name, design: &experiment.design, seed: plan.seed, alpha };
    let mut bounds = Vec::new();
    let rows = guarded(cell_place(experiment, cell), || {
        if experiment.chain {
            let links = chain(claim, &experiment.name, cell, plan.seed, alpha)?;
            return record::link_rows(claim, &origin, cell, &links);
        }
        bounds = claim.bounds(cell)?;
        let job = Job { claim, experiment: &experiment.name, cell, method: unit.method, bounds: &bounds };
        let evidence = measure(&job, &sampling, interrupted)?;
        Ok(record::rows(claim, &origin, cell, &evidence, &bounds))
    });
    let rows = match rows {
        Ok(rows) => rows,
        // The other cells have nothing to do with it.
        Err(error @ (Error::Unreachable(_) | Error::Defect(_))) => {
            record::failed_rows(claim, &origin, cell, unit.method, &bounds, &error.to_string())
        }
        Err(error) => return Err(error.at(cell_place(experiment, cell)())),
    };
    Ok(Measured { rows, seconds: start.elapsed().as_secs_f64() })
}

/// How messages name a cell.
fn cell_place<'a>(experiment: &'a Experiment, cell: &'a Cell) -> impl Fn() -> String + 'a {
    move || format!("{}: cell {}", experiment.name, cell.key())
}

/// One CSV an experiment; wall times stand beside the records, not in them.
fn write_results(plan: &Plan, out: &Path, units: &[Unit], progress: &Progress) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (index, experiment) in plan.experiments.iter().enumerate() {
        let its = progress.iter().filter(|(unit, _)| units[**unit].experiment == index);
        let rows: Vec<record::Row> = its.flat_map(|(_, measured)| measured.rows.iter().cloned()).collect();
        let path = out.join(format!("{}.csv", experiment.name));
        write_whole(&path, &record::to_csv(experiment.claim.about().parameters, &rows))?;
        written.push(path);
    }
    write_whole(&out.join(TIMINGS), &timings_csv(plan, out, units, progress))?;
    Ok(written)
}

/// The wall times of a plan's units, after those of other experiments in the folder.
fn timings_csv(plan: &Plan, out: &Path, units: &[Unit], progress: &Progress) -> Vec<u8> {
    let of_others = |timing: &Timing| plan.experiments.iter().all(|own| own.name != timing[0]);
    let mut times = csv::Writer::from_writer(Vec::new());
    let mut line = |fields: Timing| times.write_record(fields).expect("a Vec takes what it is given");
    line(["experiment", "cell", "method", "seconds"].map(String::from));
    timings(out).into_iter().filter(of_others).for_each(&mut line);
    for (index, measured) in progress {
        let Unit { experiment, cell, method } = units[*index];
        let experiment = &plan.experiments[experiment];
        let (key, seconds) = (experiment.cells[cell].key(), format!("{:.6}", measured.seconds));
        line([experiment.name.clone(), key, method.name().into(), seconds]);
    }
    times.into_inner().expect("a Vec takes what it is given")
}
