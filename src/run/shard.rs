//! Shards: a run in parts that share nothing, each of which leaves one file, and what joins them.
//!
//! A cell is measured by one shard as a whole, unless its replicates are more than the fair share of a shard. Then its batches are
//! spread: the shards draw blocks of them, as many as the experiment allows, since no shard knows at which look an unsplit run
//! would have stopped. The merge takes these looks at the batches in their order, so that its records are those of an unsplit run
//! to the last byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::Progress;
use crate::measure::Block;
use crate::store::{Refused, Store};

use super::{Conditions, Effort, Plan, Task, measure_tasks};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::measurand::Estimator;
use crate::output::writable_folder;

/// One part of a run that is split over machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// Blocks of a spread cell in the fair share of a shard: their costs need not be the same.
const BLOCKS: f64 = 8.0;

/// What shards are made of, as their files say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Label {
    design: String,
    /// From 1.
    shard: usize,
    of: usize,
    /// Whether all of it is measured.
    complete: bool,
    seed: u64,
    alpha: f64,
    effort: Effort,
    experiments: Vec<PathBuf>,
}

impl Shard {
    /// Reads `I/N`, `auto` or `auto/N`. With `auto`, I is what an engine says in the environment, as `variable` gives it: HyperQueue's
    /// `HQ_TASK_ID`, GNU parallel's `PARALLEL_SEQ` or Slurm's `SLURM_ARRAY_TASK_ID`, from 1 to N. Without N, Slurm says how many
    /// tasks its array has.
    ///
    /// # Errors
    /// Says what can be written.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> std::result::Result<Self, String> {
        let number = |name: &str| variable(name)?.parse::<usize>().ok();
        let given = match text.split_once('/') {
            Some((index, count)) => (Some(index), count.parse().ok()),
            None => (Some(text), None),
        };
        let id = || ["HQ_TASK_ID", "PARALLEL_SEQ", "SLURM_ARRAY_TASK_ID"].iter().find_map(|name| number(name));
        let (index, count) = match given {
            (Some("auto"), Some(count)) => (id(), Some(count)),
            (Some("auto"), None) if text == "auto" => {
                let first = number("SLURM_ARRAY_TASK_MIN").unwrap_or(1);
                let index = number("SLURM_ARRAY_TASK_ID").and_then(|id| (id + 1).checked_sub(first));
                (index, number("SLURM_ARRAY_TASK_COUNT"))
            }
            (Some(index), Some(count)) => (index.parse().ok(), Some(count)),
            _ => (None, None),
        };
        match (index, count) {
            (Some(index), Some(count)) if 1 <= index && index <= count => Ok(Shard { index: index - 1, count }),
            _ if text.starts_with("auto") => Err(
                "no task of an array from 1 to N is known here: auto needs SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT; \
                 auto/N needs one of HQ_TASK_ID, PARALLEL_SEQ and SLURM_ARRAY_TASK_ID from 1 to N"
                    .into(),
            ),
            _ => Err("write I/N with 1 <= I <= N, such as 1/4, or auto, or auto/N".into()),
        }
    }

    /// Where its file lies in a folder.
    pub fn path(self, out: &Path) -> PathBuf {
        out.join(format!("shard-{}-of-{}.cells", self.index + 1, self.count))
    }

    /// The tasks of a plan that are its own.
    pub fn tasks(self, plan: &Plan) -> Vec<Task> {
        split(plan, self.count).into_iter().skip(self.index).step_by(self.count).collect()
    }

    /// Opens its file, or begins a new one; also says why one that is there is not gone on with.
    ///
    /// # Errors
    /// Where the folder cannot be written, or the file is of another design and `resume` asks to go on with it.
    pub fn open(self, plan: &Plan, out: &Path, resume: bool) -> Result<(Store, Option<String>)> {
        let new = self.begin(plan, out)?;
        let path = self.path(out);
        let other = match Store::read(&path) {
            Ok(store) if read_label(&store).map(|label| label.design) == Some(plan.design()?) => {
                return Ok((store, None));
            }
            Ok(_) => format!("{} belongs to another design", path.display()),
            Err(refused) => return Ok((new, refused.text(&path))),
        };
        match resume {
            true => Err(Error::OtherDesign(format!(
                "{other}; run with the settings that it was started with, or without --resume to start again"
            ))),
            false => Ok((new, Some(format!("{other}: it is replaced")))),
        }
    }

    /// Begins its file anew.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn begin(self, plan: &Plan, out: &Path) -> Result<Store> {
        writable_folder(out)?;
        Ok(Store::new(self.path(out), text(&self.label(plan, false)?)))
    }

    /// Measures its tasks into its store, which is that of the conditions; returns its file.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn run(self, plan: &Plan, store: &Store, conditions: &Conditions) -> Result<PathBuf> {
        let conditions = Conditions { store: Some(store), ..*conditions };
        measure_tasks(plan, &conditions, &self.tasks(plan), Progress::new(), |_| Ok(()))?;
        store.relabel(text(&self.label(plan, true)?));
        store.save()?;
        Ok(self.path(conditions.out))
    }

    fn label(self, plan: &Plan, complete: bool) -> Result<Label> {
        Ok(Label {
            design: plan.design()?,
            shard: self.index + 1,
            of: self.count,
            complete,
            seed: plan.seed,
            alpha: plan.alpha,
            effort: plan.effort,
            experiments: plan.experiments.iter().map(|own| own.path.clone().unwrap_or_default()).collect(),
        })
    }
}

fn text(label: &Label) -> String {
    serde_json::to_string(label).expect("texts and numbers can be written")
}

fn read_label(store: &Store) -> Option<Label> {
    serde_json::from_str(&store.label()).ok()
}

/// The tasks of a plan for so many shards: units, and blocks of the units whose replicates are more than a shard's fair share.
fn split(plan: &Plan, shards: usize) -> Vec<Task> {
    let whole = plan.tasks();
    let budgets: Vec<(u64, u64)> = whole.iter().map(|task| budget(plan, task)).collect();
    let fair = budgets.iter().map(|(replicates, _)| *replicates as f64).sum::<f64>() / shards as f64;
    let blocks = |(task, (replicates, batches)): (Task, (u64, u64))| {
        let share = replicates as f64 / fair;
        let count = if share > 1.0 { ((BLOCKS * share).ceil() as u64).min(batches) } else { 1 };
        (0..count).map(move |index| Task { block: (count > 1).then_some(Block { index, count }), ..task })
    };
    whole.into_iter().zip(budgets).flat_map(blocks).collect()
}

/// The most replicates of a unit, and the batches they make; none where nothing is sampled in batches.
fn budget(plan: &Plan, task: &Task) -> (u64, u64) {
    let experiment = &plan.experiments[task.unit.experiment];
    let precision = plan.effort.apply(experiment.precision);
    match experiment.claim.estimator(&experiment.cells[task.unit.cell], task.unit.method) {
        Ok(Estimator::Replicates(drawn)) if !experiment.chain => {
            (precision.replicates, precision.replicates.div_ceil(drawn.batch))
        }
        _ => (0, 0),
    }
}

/// The shards of one run, all of them.
pub struct Joined {
    /// What they measured.
    pub plan: Plan,
    /// The files.
    pub files: Vec<PathBuf>,
    stores: Vec<Store>,
}

impl Joined {
    /// Moves what they measured into a store.
    pub fn into_store(self, store: &Store) -> Plan {
        self.stores.into_iter().for_each(|shard| store.absorb(shard));
        self.plan
    }
}

/// Reads the shards in these folders.
///
/// # Errors
/// Where one is damaged, unfinished, of another version, of another design or split than the others, or there twice; where one is
/// missing; and where the experiments have changed since. Each is named.
pub fn join(folders: &[PathBuf]) -> Result<Joined> {
    let mut known: BTreeMap<usize, (PathBuf, Label, Store)> = BTreeMap::new();
    for path in files(folders)? {
        let (label, store) = read(&path)?;
        if let Some((first, other, _)) = known.values().next() {
            refuse_foreign((first, other), (&path, &label))?;
        }
        if let Some((twin, ..)) = known.get(&label.shard) {
            return Err(Error::input(format!(
                "{} and {} are both shard {} of {}; leave one of them out",
                twin.display(),
                path.display(),
                label.shard,
                label.of
            )));
        }
        known.insert(label.shard, (path, label, store));
    }
    let Some((_, label, _)) = known.values().next() else {
        return Err(Error::input("no shard-I-of-N.cells is there; lemmascope run --shard I/N --out DIR writes them"));
    };
    let missing: Vec<String> =
        (1..=label.of).filter(|shard| !known.contains_key(shard)).map(|i| i.to_string()).collect();
    if !missing.is_empty() {
        let (count, is_are) = (label.of, if missing.len() == 1 { "is" } else { "are" });
        return Err(Error::input(format!(
            "of {count} shards these {is_are} missing: {}; measure them with run --shard I/{count}",
            missing.join(", ")
        )));
    }
    let plan = plan(label)?;
    let mut joined = Joined { plan, files: Vec::new(), stores: Vec::new() };
    for (path, _, store) in known.into_values() {
        joined.files.push(path);
        joined.stores.push(store);
    }
    Ok(joined)
}

/// The plan of a shard, by the experiments' files as they are now.
fn plan(label: &Label) -> Result<Plan> {
    let experiments = label.experiments.iter().map(|path| Experiment::read(path)).collect::<Result<_>>()?;
    let Label { seed, alpha, effort, .. } = *label;
    let plan = Plan { experiments, seed, alpha, effort, shares: BTreeMap::new() };
    if plan.design()? != label.design {
        return Err(Error::OtherDesign(
            "the shards belong to another design: an experiment, a file that it reads, or the program has changed since they \
             were measured; merge with what they were measured with"
                .into(),
        ));
    }
    Ok(plan)
}

/// The shards' files in some folders, by name.
fn files(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files.extend(paths.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("shard-") && name.ends_with(".cells")
        }));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<(Label, Store)> {
    let text = |why: &str| format!("the shard {} {why}", path.display());
    let again = "measure it again with run --shard";
    let store = Store::read(path).map_err(|refused| match refused {
        Refused::OtherCode => {
            Error::OtherDesign(text("was measured by another version of the program; merge with that one"))
        }
        Refused::Damaged | Refused::Missing => Error::Damaged(text(&format!("is cut short or damaged; {again}"))),
    })?;
    let label = read_label(&store).ok_or_else(|| Error::Damaged(text(&format!("is damaged; {again}"))))?;
    match label.complete {
        true => Ok((label, store)),
        false => Err(Error::input(text("is not finished; continue it by the same run --shard with --resume"))),
    }
}

fn refuse_foreign((first, known): (&Path, &Label), (path, label): (&Path, &Label)) -> Result<()> {
    if label.design != known.design || label.of != known.of {
        return Err(Error::OtherDesign(format!(
            "{} (shard {} of {}, design {:.16}) and {} (shard {} of {}, design {:.16}) are parts of different runs",
            first.display(),
            known.shard,
            known.of,
            known.design,
            path.display(),
            label.shard,
            label.of,
            label.design
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_say_which_shard_it_is() {
        let parse = |text: &str, variables: &[(&str, &str)]| {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
            Shard::parse(text, variable).map(|shard| (shard.index, shard.count)).ok()
        };
        let slurm = [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_MIN", "3"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        for (text, variables, expected) in [
            ("1/4", &[][..], Some((0, 4))),
            ("4/4", &[], Some((3, 4))),
            ("5/4", &[], None),
            ("0/4", &[], None),
            ("4", &[], None),
            ("auto", &[], None),
            ("auto/4", &[], None),
            ("automatic", &slurm, None),
            ("auto", &slurm, Some((2, 4))),
            ("auto/8", &slurm, Some((4, 8))),
            (
                "auto",
                &[("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_MIN", "0"), ("SLURM_ARRAY_TASK_COUNT", "2")],
                Some((0, 2)),
            ),
            ("auto/3", &[("HQ_TASK_ID", "3")], Some((2, 3))),
            ("auto/3", &[("HQ_TASK_ID", "0")], None),
            ("auto", &[("HQ_TASK_ID", "3")], None),
            ("auto/3", &[("PARALLEL_SEQ", "1")], Some((0, 3))),
        ] {
            assert_eq!(parse(text, variables), expected, "{text} {variables:?}");
        }
    }

    fn plan(cells: &str, replicates: u64) -> Plan {
        let text = format!(
            "claim = \"nsn-box\"\ntitle = \"t\"\nabout = \"a\"\nmethods = [\"literal\"]\n[precision]\nreplicates = \
             {replicates}\n[[grid]]\nk = {cells}\nd = 1\neps = 0.1\n"
        );
        let experiments = vec![Experiment::parse("e", &text).unwrap()];
        Plan { experiments, seed: 1, alpha: 1e-3, effort: Effort::Default, shares: BTreeMap::new() }
    }

    /// Every task belongs to one shard, whatever their number; one heavy cell spreads, and cells that are many stay whole.
    #[test]
    fn shards_share_all_tasks_out() {
        for (cells, shards, blocks) in
            [("[16]", 4, 32), ("[16]", 1, 1), ("[16, 32, 64, 128]", 2, 4), ("[16]", 1000, 391)]
        {
            let plan = plan(cells, 100_000);
            let all = split(&plan, shards);
            assert_eq!(all.len(), blocks, "{cells} {shards}");
            let shared: Vec<Task> = (0..shards).flat_map(|index| Shard { index, count: shards }.tasks(&plan)).collect();
            assert_eq!(shared.len(), all.len());
            assert!(all.iter().all(|task| shared.contains(task)));
        }
    }
}
