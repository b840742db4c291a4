//! A run: every cell of every experiment by every method, on all cores, resumable, and the same to the last byte.

pub mod checkpoint;
pub mod outlook;
pub mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::error::{Error, Result, guarded};
use crate::evidence::Method;
use crate::experiment::Experiment;
use crate::hash::sha256_hex;
use crate::measure::Precision;
use crate::measure::{Block, Job, Sampling, chain_kept, draw_block, measure_kept};
use crate::output::{csv, writable_folder, write_whole};
use crate::record::{self, Origin};
use crate::statement::Bound;
use crate::statement::Cell;
use crate::store::{Shelf, Store};
use crate::verdict::share_of_error;
use checkpoint::{Measured, Progress};
use outlook::{Earlier, TIMINGS, Timing, timings};

/// How many replicates to spend, relative to what the experiments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// What is measured, and with which chance of error: everything that the records depend on.
pub struct Plan {
    /// The experiments, by name.
    pub experiments: Vec<Experiment>,
    /// The seed of every stream.
    pub seed: u64,
    /// The chance that any verdict of the run is wrong.
    pub alpha: f64,
    /// How many replicates to spend.
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
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unit {
    experiment: usize,
    cell: usize,
    method: Method,
}

/// What is measured in one go: a unit, or one block of its batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task {
    /// The unit's number in the plan.
    number: usize,
    unit: Unit,
    block: Option<Block>,
}

impl Plan {
    /// The chance of error that a cell of an experiment may take; what is proved takes none.
    fn share(&self, experiment: &Experiment, method: Method, intervals: usize) -> f64 {
        if method == Method::Proved {
            return 0.0;
        }
        self.shares.get(&experiment.name).copied().unwrap_or_else(|| share_of_error(self.alpha, intervals))
    }

    /// How its chance of error is split over its intervals.
    pub fn shares(&self) -> Shares {
        let intervals = self.intervals();
        let (alpha, each) = (self.alpha, share_of_error(self.alpha, intervals));
        Shares { alpha, intervals, each, covers: COVERS }
    }

    /// How many intervals share the chance of error.
    fn intervals(&self) -> usize {
        self.units().iter().filter(|unit| unit.method != Method::Proved).count()
    }

    /// Every unit as a whole.
    pub fn tasks(&self) -> Vec<Task> {
        let whole = |(number, unit)| Task { number, unit, block: None };
        self.units().into_iter().enumerate().map(whole).collect()
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

    /// How wall times name a task's unit: experiment, cell, method.
    fn key(&self, task: &Task) -> [String; 3] {
        let Unit { experiment, cell, method } = task.unit;
        let experiment = &self.experiments[experiment];
        [experiment.name.clone(), experiment.cells[cell].key(), method.name().into()]
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
    /// Which checkpoints are taken over.
    pub takes: Takes,
    /// What earlier runs have measured, and where what is measured now is kept.
    pub store: Option<&'a Store>,
    /// The folder with the wall times of an earlier run, by which the longest cells come first.
    pub timings: &'a Path,
    /// Set from outside to stop the run; what is measured by then is kept in a checkpoint.
    pub interrupted: &'a AtomicBool,
    /// Called with what happens to each unit, by its number.
    pub progress: &'a (dyn Fn(Event, usize) + Sync),
}

/// Which checkpoints a run takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// None: everything is measured.
    Nothing,
    /// What an interrupted run of the same design has kept.
    Own,
    /// The same, where checkpoints of other designs alone are refused.
    OwnOrRefuses,
}

impl Takes {
    /// What the options `--resume` and `--fresh` ask for.
    pub fn of(resume: bool, fresh: bool) -> Self {
        match (resume, fresh) {
            (true, _) => Takes::OwnOrRefuses,
            (false, true) => Takes::Nothing,
            (false, false) => Takes::Own,
        }
    }
}

/// What happens to a task of a run, by its place among them.
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

/// How long measured units may wait for a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// How soon an interruption is noticed while cells are under way.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a plan's design consists of.
const DESIGN_PARTS: &str = "experiments, seed, alpha, effort, the program's source or files that they read";

/// Measures a plan and writes all records: one CSV an experiment, in the order of the experiments. The checkpoints are still there:
/// see [`checkpoint::remove`].
///
/// # Errors
/// Where the results cannot be written, a checkpoint is refused, a file cannot be read, a formula means nothing at a cell, or the
/// run is interrupted. A cell that a method does not reach, or at which the program has a defect, is a row with its reason. Results of earlier runs stay as they were until all new ones are there.
pub fn run(plan: &Plan, conditions: &Conditions) -> Result<Vec<PathBuf>> {
    writable_folder(conditions.out)?;
    let design = plan.design()?;
    let path = checkpoint::path(conditions.out, &design, "run");
    let known = match conditions.takes {
        Takes::Nothing => Progress::new(),
        // One that is damaged is no loss: it is measured again.
        Takes::Own => checkpoint::read_own(conditions.out, &design).unwrap_or_default(),
        Takes::OwnOrRefuses => checkpoint::read_all(conditions.out, &design, DESIGN_PARTS)?,
    };
    let save = |progress: &Progress| checkpoint::write(&path, &design, progress);
    let tasks = plan.tasks();
    let progress = measure_tasks(plan, conditions, &tasks, known, save)?;
    // Until everything that is made of the records is written too, a full disk costs no measurement. A store has them all.
    if conditions.store.is_none() {
        save(&progress)?;
    }
    write_results(plan, conditions.out, &tasks, &progress)
}

/// The rows of a plan's records, with nothing written: neither results nor checkpoints.
///
/// # Errors
/// As [`run`].
pub fn rows(plan: &Plan, conditions: &Conditions) -> Result<Vec<record::Row>> {
    let progress = measure_tasks(plan, conditions, &plan.tasks(), Progress::new(), |_| Ok(()))?;
    Ok(progress.into_values().flat_map(|measured| measured.rows).collect())
}

/// Measures the tasks that are not known, the longest first, saving as it goes; returns them with the known ones, by their places. On
/// an interruption what is measured is kept at once, whatever the cells under way still take.
fn measure_tasks(
    plan: &Plan,
    conditions: &Conditions,
    tasks: &[Task],
    known: Progress,
    save: impl Fn(&Progress) -> Result<()> + Sync,
) -> Result<Progress> {
    let open =
        longest_first(plan, tasks, conditions.timings, (0..tasks.len()).filter(|place| !known.contains_key(place)));
    known.keys().for_each(|place| (conditions.progress)(Event::Known, *place));
    open.iter().for_each(|place| (conditions.progress)(Event::Open, *place));
    let intervals = plan.intervals();
    let state = Mutex::new((known, Instant::now()));
    let measure = |place: usize| {
        (conditions.progress)(Event::Begun, place);
        let start = Instant::now();
        let measured = measure_task(plan, &tasks[place], intervals, conditions)?;
        (conditions.progress)(Event::Measured(start.elapsed().as_secs_f64()), place);
        let mut state = state.lock().expect("no holder of the lock panics");
        let (progress, saved) = &mut *state;
        progress.insert(place, measured);
        if saved.elapsed() > CHECKPOINT_EVERY {
            save(progress)?;
            *saved = Instant::now();
        }
        conditions.store.map_or(Ok(()), |store| store.save_at_times(CHECKPOINT_EVERY))
    };
    let keep = || {
        save(&state.lock().expect("no holder of the lock panics").0)?;
        conditions.store.map_or(Ok(()), Store::save)
    };
    let outcome = std::thread::scope(|scope| {
        // When the cells end, in whatever way, the sender is gone, and the other thread ends too.
        let (_measuring, ended) = mpsc::channel::<()>();
        scope.spawn(|| keep_on_interruption(ended, conditions, keep));
        one_after_another(&open, measure)
    });
    let saved = match outcome {
        Ok(()) => conditions.store.map_or(Ok(()), Store::save),
        Err(_) => keep(),
    };
    let (progress, _) = state.into_inner().expect("no holder of the lock panics");
    match outcome {
        Ok(()) => saved.map(|()| progress),
        Err(Error::Interrupted(_)) => saved.and(Err(interruption(progress.len(), tasks.len()))),
        Err(other) => saved.and(Err(other)),
    }
}

/// Does this for each place in their order, each thread of the pool taking the next one when it is free. Threads for which none
/// is left help those that are still at work.
fn one_after_another(places: &[usize], work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = |_: rayon::BroadcastContext| {
        while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = work(*place) {
                // The others begin nothing more.
                next.store(places.len(), Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    };
    rayon::broadcast(worker).into_iter().collect()
}

/// The places with the longest tasks first: by the wall times of an earlier run, where it had the cell, and before those by what is
/// known of the methods. Those of later cells, which grids let grow, come before others.
fn longest_first(plan: &Plan, tasks: &[Task], folder: &Path, open: impl Iterator<Item = usize>) -> Vec<usize> {
    let earlier = Earlier::new(folder);
    let cost = |task: &Task| {
        let rank = match task.unit.method {
            Method::Search => 2,
            Method::Proved | Method::ClosedForm | Method::Quadrature => 0,
            _ => 1,
        };
        match earlier.of(&plan.key(task)) {
            Some(seconds) => (0, seconds),
            None => (rank, f64::INFINITY),
        }
    };
    let mut costs: Vec<((i32, f64), usize)> = open.map(|place| (cost(&tasks[place]), place)).collect();
    costs.sort_by(|((rank, x), i), ((other, y), j)| y.total_cmp(x).then(other.cmp(rank)).then(j.cmp(i)));
    costs.into_iter().map(|(_, place)| place).collect()
}

/// The error of a run that was interrupted and has kept what it measured.
pub fn interruption(measured: usize, total: usize) -> Error {
    Error::Interrupted(format!(
        "interrupted: {measured} of {total} cells are measured and kept; continue with --resume"
    ))
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

/// Measures a task; the `intervals` of the plan share the chance of error.
fn measure_task(plan: &Plan, task: &Task, intervals: usize, conditions: &Conditions) -> Result<Measured> {
    let Conditions { interrupted, store, .. } = *conditions;
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::Interrupted("interrupted".into()));
    }
    let start = Instant::now();
    let Unit { experiment, cell, method } = task.unit;
    let experiment = &plan.experiments[experiment];
    let (claim, cell) = (&experiment.claim, &experiment.cells[cell]);
    let alpha = plan.share(experiment, method, intervals);
    let sampling = Sampling { seed: plan.seed, alpha, precision: plan.effort.apply(experiment.precision) };
    let origin = Origin { experiment: &experiment.name, design: &experiment.design, seed: plan.seed, alpha };
    let job = Job { claim, experiment: &experiment.name, cell, method, bounds: &[] };
    let mut bounds = Vec::new();
    let rows = guarded(cell_place(experiment, cell), || {
        if let (Some(block), Some(store)) = (task.block, store) {
            draw_block(&job, &sampling, interrupted, store, block)?;
            return Ok(Vec::new());
        }
        if experiment.chain {
            let (links, constants) = chain_kept(&job, plan.seed, alpha, store)?;
            return Ok(record::link_rows(claim, &origin, cell, &links, &constants));
        }
        bounds = bounds_kept(experiment, &job, plan.seed, store)?;
        let evidence = measure_kept(&Job { bounds: &bounds, ..job }, &sampling, interrupted, &|_| {}, store)?;
        Ok(record::rows(claim, &origin, cell, &evidence, &bounds))
    });
    let rows = match rows {
        Ok(rows) => rows,
        // The other cells have nothing to do with it.
        Err(error @ (Error::Unreachable(_) | Error::Defect(_))) => {
            record::failed_rows(claim, &origin, cell, method, &bounds, &error.to_string())
        }
        Err(error) => return Err(error.at(cell_place(experiment, cell)())),
    };
    let seconds = seconds_kept(&job.shelf(store, plan.seed)?, start.elapsed().as_secs_f64());
    Ok(Measured { rows, seconds })
}

/// Bounds that take longer to compute than to read are kept.
const COSTLY: Duration = Duration::from_micros(20);

/// The bounds of a job's cell.
fn bounds_kept(experiment: &Experiment, job: &Job, seed: u64, store: Option<&Store>) -> Result<Vec<Bound>> {
    let shelf = job.shelf(store, seed)?;
    let part = format!("bounds {:?}", experiment.changes);
    if let Some(bounds) = shelf.find(&part, &[]) {
        return Ok(bounds);
    }
    let start = Instant::now();
    let bounds = job.claim.bounds(job.cell)?;
    if start.elapsed() > COSTLY {
        shelf.keep(&part, &[], &bounds);
    }
    Ok(bounds)
}

/// The seconds that a cell took when it was measured: what is read from the store takes none.
fn seconds_kept(shelf: &Shelf, seconds: f64) -> f64 {
    match shelf.find::<Vec<f64>>("seconds", &[]).as_deref() {
        Some([earlier]) if *earlier >= seconds => *earlier,
        _ => {
            shelf.keep("seconds", &[], &vec![seconds]);
            seconds
        }
    }
}

/// How messages name a cell.
fn cell_place<'a>(experiment: &'a Experiment, cell: &'a Cell) -> impl Fn() -> String + 'a {
    move || format!("{}: cell {}", experiment.name, cell.key())
}

/// One CSV an experiment; wall times stand beside the records, not in them.
fn write_results(plan: &Plan, out: &Path, tasks: &[Task], progress: &Progress) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (index, experiment) in plan.experiments.iter().enumerate() {
        let its = progress.iter().filter(|(place, _)| tasks[**place].unit.experiment == index);
        let rows = its.flat_map(|(_, measured)| &measured.rows);
        let path = out.join(format!("{}.csv", experiment.name));
        write_whole(&path, &record::to_csv(&experiment.claim.statement().parameters, rows))?;
        written.push(path);
    }
    write_whole(&out.join(TIMINGS), &timings_csv(plan, out, tasks, progress))?;
    Ok(written)
}

/// The wall times of a plan's units, after those of other experiments in the folder.
fn timings_csv(plan: &Plan, out: &Path, tasks: &[Task], progress: &Progress) -> Vec<u8> {
    let of_others = |timing: &Timing| plan.experiments.iter().all(|own| own.name != timing[0]);
    let header = ["experiment", "cell", "method", "seconds"].map(String::from);
    let own = progress.iter().map(|(place, measured)| {
        let [experiment, cell, method] = plan.key(&tasks[*place]);
        [experiment, cell, method, format!("{:.6}", measured.seconds)]
    });
    csv([header].into_iter().chain(timings(out).into_iter().filter(of_others)).chain(own))
}
