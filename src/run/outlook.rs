//! How long a run will still take: cells differ a thousandfold in cost, so each one's is learned.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{Event, Plan, Task};

/// The file of wall times beside the records.
pub const TIMINGS: &str = "timings.csv";

/// A line of that file: experiment, cell, method, seconds.
pub type Timing = [String; 4];

/// The wall times that earlier runs left in a folder; none where they cannot be read.
pub fn timings(folder: &Path) -> Vec<Timing> {
    csv::Reader::from_path(folder.join(TIMINGS)).map_or_else(|_| Vec::new(), lines)
}

fn lines(mut reader: csv::Reader<impl Read>) -> Vec<Timing> {
    let fields = |row: csv::StringRecord| row.iter().map(String::from).collect::<Vec<_>>().try_into().ok();
    reader.records().filter_map(|row| fields(row.ok()?)).collect()
}

/// The wall times of a whole run of the crate's own experiments: a line for each cell of a quarter of a second or more, and one with
/// the mean of the others of an experiment and method, whose cell is `*`. It is made from the file of such a run by
///
/// ```text
/// awk -F, 'NR == 1 || $4 >= 0.25 {print; next} {n[$1 "," $3]++; s[$1 "," $3] += $4}
///   END {for (k in n) {split(k, a, ","); printf "%s,*,%s,%.6f\n", a[1], a[2], s[k]/n[k]}}' results/timings.csv | sort
/// ```
const SHIPPED: &[u8] = include_bytes!("../../experiments/timings.csv");

/// What cells took in earlier runs, in seconds.
pub struct Earlier(HashMap<[String; 3], f64>);

impl Earlier {
    /// What is known from a folder, and of its own experiments to the program.
    pub fn new(folder: &Path) -> Self {
        let seconds = |[experiment, cell, method, seconds]: Timing| {
            let seconds = seconds.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
            Some(([experiment, cell, method], seconds))
        };
        Earlier(
            lines(csv::Reader::from_reader(SHIPPED)).into_iter().chain(timings(folder)).filter_map(seconds).collect(),
        )
    }

    /// The seconds of a cell, by experiment, cell and method; those that others of its experiment and method take, where it alone is
    /// not known.
    pub fn of(&self, key: &[String; 3]) -> Option<f64> {
        let [experiment, _, method] = key;
        let others = || self.0.get(&[experiment.clone(), "*".into(), method.clone()]);
        self.0.get(key).or_else(others).copied()
    }
}

/// What is known of a run under way.
pub struct Outlook {
    units: Vec<About>,
    state: Mutex<State>,
    kept: Condvar,
}

/// What a unit's cost is guessed from.
struct About {
    /// Its seconds in an earlier run, or those of others of its experiment and method.
    earlier: Option<f64>,
    /// What it has in common with others, the nearest first: experiment and method, claim and method.
    kinds: [String; 2],
}

#[derive(Default)]
struct State {
    start: Option<Instant>,
    open: BTreeMap<usize, Option<Instant>>,
    measured: BTreeMap<usize, f64>,
    known: usize,
    is_kept: bool,
}

/// How much time is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// The seconds, as far as is known.
    pub seconds: f64,
    /// Open cells of which nothing is known: none of their claim and method was ever measured.
    pub unknown: usize,
}

/// A sum and how many terms it has.
#[derive(Default, Clone, Copy)]
struct Sum {
    sum: f64,
    count: usize,
}

impl Sum {
    fn add(&mut self, x: f64) {
        self.sum += x;
        self.count += 1;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Outlook {
    /// Before these tasks of a plan are measured; `folder` may hold the wall times of an earlier run.
    pub fn new(plan: &Plan, tasks: &[Task], folder: &Path) -> Self {
        let known = Earlier::new(folder);
        let about = |task: &Task| {
            let claim = plan.experiments[task.unit.experiment].claim.id();
            let key = plan.key(task);
            let kinds = [&*key[0], claim].map(|name| format!("{name} by {}", key[2]));
            About { earlier: known.of(&key), kinds }
        };
        Outlook { units: tasks.iter().map(about).collect(), state: Mutex::default(), kept: Condvar::new() }
    }

    /// Takes note of what a run does.
    pub fn note(&self, event: Event, unit: usize) {
        let mut state = self.state();
        match event {
            Event::Known => state.known += 1,
            Event::Open => {
                state.start.get_or_insert_with(Instant::now);
                state.open.insert(unit, None);
            }
            Event::Begun => {
                state.open.insert(unit, Some(Instant::now()));
            }
            Event::Measured(seconds) => {
                state.open.remove(&unit);
                state.measured.insert(unit, seconds);
            }
            Event::Kept => {
                state.is_kept = true;
                self.kept.notify_all();
            }
        }
    }

    /// How many units are measured, and of how many.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state();
        let done = state.known + state.measured.len();
        (done, done + state.open.len())
    }

    /// Whether anything is still to be measured.
    pub fn is_open(&self) -> bool {
        !self.state().open.is_empty()
    }

    /// Waits until an interrupted run has kept what it has measured, but not for ever.
    pub fn wait_until_kept(&self, most: Duration) {
        let waiting = |state: &mut State| !state.is_kept;
        drop(self.kept.wait_timeout_while(self.state(), most, waiting));
    }

    /// How long it will still take; `None` before anything is known.
    pub fn left(&self) -> Option<Left> {
        let state = self.state();
        let elapsed = state.start?.elapsed().as_secs_f64();
        let under_way = state.open.values().flatten().map(|begun| begun.elapsed().as_secs_f64());
        let spent = state.measured.values().sum::<f64>() + under_way.sum::<f64>();
        // Work that is done at once; measured cells include what their threads did for others while they waited.
        let at_once = (spent / elapsed).max(1.0);
        let costs = Costs::new(&self.units, &state.measured);
        let (mut sum, mut longest, mut unknown) = (0.0, 0.0, 0);
        for (unit, begun) in &state.open {
            let so_far = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
            let left = match costs.of(&self.units[*unit]) {
                Some(cost) if cost > so_far => cost - so_far,
                // It takes longer than was thought: as long again is the least that can be said.
                Some(_) => so_far,
                None => {
                    unknown += 1;
                    so_far
                }
            };
            sum += left;
            longest = f64::max(longest, left);
        }
        let seconds = f64::max(sum / at_once, longest);
        (sum > 0.0 || state.open.is_empty()).then_some(Left { seconds, unknown })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

/// What cells cost, by what has been measured.
struct Costs<'a> {
    kinds: HashMap<&'a str, Sum>,
    /// Seconds here for a second of an earlier run.
    pace: f64,
}

impl<'a> Costs<'a> {
    fn new(units: &'a [About], measured: &BTreeMap<usize, f64>) -> Self {
        let mut kinds: HashMap<&str, Sum> = HashMap::new();
        let (mut here, mut earlier) = (0.0, 0.0);
        for (unit, seconds) in measured {
            let about = &units[*unit];
            about.kinds.iter().for_each(|kind| kinds.entry(kind).or_default().add(*seconds));
            if let Some(known) = about.earlier {
                (here, earlier) = (here + seconds, earlier + known);
            }
        }
        Costs { kinds, pace: if here > 0.0 && earlier > 0.0 { here / earlier } else { 1.0 } }
    }

    fn of(&self, about: &About) -> Option<f64> {
        let kind = || about.kinds.iter().find_map(|kind| self.kinds.get(kind.as_str())?.mean());
        about.earlier.map(|seconds| seconds * self.pace).or_else(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::run::Effort;

    fn plan() -> Plan {
        let text = "claim = \"nsn-box\"\ntitle = \"t\"\nabout = \"a\"\nmethods = [\"quadrature\", \"literal\"]\n[[grid]]\nk = \
                    [16, 32]\nd = 1\neps = 0.1\n";
        let experiments = vec![Experiment::parse("e", text).unwrap()];
        Plan { experiments, seed: 1, alpha: 1e-3, effort: Effort::Default, shares: BTreeMap::new() }
    }

    fn opened(folder: &Path) -> Outlook {
        let plan = plan();
        let outlook = Outlook::new(&plan, &plan.tasks(), folder);
        (0..4).for_each(|unit| outlook.note(Event::Open, unit));
        std::thread::sleep(Duration::from_millis(20));
        outlook
    }

    /// Units alternate between the methods. One second for one cell's quadrature says that the other takes one too, and
    /// nothing of the literal counts.
    #[test]
    fn costs_are_learned_a_claim_and_method() {
        let outlook = opened(tempfile::tempdir().unwrap().path());
        assert_eq!(outlook.left(), None);
        outlook.note(Event::Measured(0.02), 0);
        let left = outlook.left().unwrap();
        assert_eq!(left.unknown, 2);
        assert!((left.seconds - 0.02).abs() < 1e-9, "{left:?}");
        outlook.note(Event::Measured(20.0), 1);
        let left = outlook.left().unwrap();
        assert_eq!(left.unknown, 0);
        // The longest cell alone takes 20 s, however many threads there are.
        assert!((left.seconds - 20.0).abs() < 1e-9, "{left:?}");
        assert_eq!(outlook.counts(), (2, 4));
    }

    #[test]
    fn an_earlier_run_knows_every_cell() {
        let folder = tempfile::tempdir().unwrap();
        let cells = plan().experiments[0].cells.iter().map(|cell| cell.key()).collect::<Vec<_>>();
        let text = format!(
            "experiment,cell,method,seconds\ne,{0},quadrature,0.1\ne,{0},literal,2\ne,{1},quadrature,0.2\ne,{1},literal,300\n",
            cells[0], cells[1]
        );
        std::fs::write(folder.path().join(TIMINGS), text).unwrap();
        let outlook = opened(folder.path());
        assert!((outlook.left().unwrap().seconds - 302.3).abs() < 1e-6);
        // This machine is twice as fast; the longest cell decides.
        outlook.note(Event::Measured(1.0), 1);
        assert!((outlook.left().unwrap().seconds - 150.0).abs() < 1e-6, "{:?}", outlook.left());
    }

    /// The times that ship know every experiment of the crate, so that the first run says what is left, and begins with the longest.
    #[test]
    fn the_first_run_knows_the_shipped_experiments() {
        let earlier = Earlier::new(tempfile::tempdir().unwrap().path());
        for path in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments")).unwrap() {
            let path = path.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "toml") {
                continue;
            }
            let experiment = Experiment::read(&path).unwrap();
            let cell = experiment.cells[0].key();
            let key = [experiment.name.clone(), cell, experiment.methods[0].name().to_string()];
            assert!(earlier.of(&key).is_some(), "{key:?}: make experiments/timings.csv again");
        }
    }
}
