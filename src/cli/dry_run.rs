//! What a run would measure, and what that would take: nothing is measured.

use std::path::Path;

use serde::Serialize;

use crate::experiment::Experiment;
use crate::run::Plan;
use crate::run::outlook::Earlier;
use crate::show::report::gate::counted;

/// A row of records takes about so many bytes of memory while it is written.
const BYTES_A_ROW: usize = 700;
/// What the program takes besides: fonts, claims, the stack of each thread.
const BYTES_ALWAYS: usize = 30_000_000;

/// What one experiment would take.
#[derive(Debug, PartialEq, Serialize)]
pub struct Estimate {
    experiment: String,
    cells: usize,
    methods: Vec<&'static str>,
    rows: usize,
    /// The seconds of one core, as far as earlier runs tell.
    seconds: f64,
    /// Cells by one method of which no earlier run tells.
    unknown: usize,
}

/// What a plan would take.
#[derive(Debug, PartialEq, Serialize)]
pub struct Estimates {
    experiments: Vec<Estimate>,
    /// The seconds on so many threads.
    seconds: f64,
    threads: usize,
    unknown: usize,
    /// The bytes of memory, about.
    memory: usize,
}

impl Estimates {
    /// Of a plan on so many threads, by the wall times in a folder and those that came with the program.
    pub fn new(plan: &Plan, folder: &Path, threads: usize) -> Self {
        let earlier = Earlier::new(folder);
        let experiments: Vec<Estimate> =
            plan.experiments.iter().map(|experiment| estimate(experiment, &earlier)).collect();
        let sum = |of: fn(&Estimate) -> f64| experiments.iter().map(of).sum::<f64>();
        let rows = experiments.iter().map(|estimate| estimate.rows).sum::<usize>();
        // No cell is parted between threads here, so that the longest is a lower limit.
        let seconds = sum(|estimate| estimate.seconds) / threads as f64;
        let unknown = experiments.iter().map(|estimate| estimate.unknown).sum();
        Estimates { seconds, threads, unknown, memory: BYTES_ALWAYS + rows * BYTES_A_ROW, experiments }
    }

    /// The lines for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Estimate { experiment, cells, methods, rows, seconds, unknown } in &self.experiments {
            let methods = methods.join(", ");
            let unknown = if *unknown > 0 { format!(", {unknown} never timed") } else { String::new() };
            text += &format!(
                "{experiment}: {} by {methods}, {rows} rows, {seconds:.1} s{unknown}\n",
                counted(*cells, "cell")
            );
        }
        let more = if self.unknown > 0 {
            format!("more than, since {} were never timed, ", counted(self.unknown, "cell"))
        } else {
            String::new()
        };
        text + &format!(
            "all of it: {more}{:.0} s on {}, where nothing is kept from earlier runs; about {} MB of memory. Nothing was measured",
            self.seconds,
            counted(self.threads, "thread"),
            self.memory / 1_000_000
        )
    }
}

fn estimate(experiment: &Experiment, earlier: &Earlier) -> Estimate {
    let methods: Vec<&'static str> = experiment.methods.iter().map(|method| method.name()).collect();
    let (mut seconds, mut unknown) = (0.0, 0);
    for cell in &experiment.cells {
        for method in &methods {
            match earlier.of(&[experiment.name.clone(), cell.key(), method.to_string()]) {
                Some(known) => seconds += known,
                None => unknown += 1,
            }
        }
    }
    let rows = experiment.cells.len() * methods.len() * experiment.claim.statement().bound_names().len();
    Estimate { experiment: experiment.name.clone(), cells: experiment.cells.len(), methods, rows, seconds, unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Effort;

    #[test]
    fn cells_are_counted_and_what_was_never_timed_is_said() {
        let text = "claim = \"nsn-box\"\ntitle = \"\"\nmethods = [\"quadrature\", \"literal\"]\n[[grid]]\nk = [16, 64]\nd = 1\neps = 0.1\n";
        let plan = Plan {
            experiments: vec![Experiment::parse("never-measured", text).unwrap()],
            seed: 1,
            alpha: 1e-3,
            effort: Effort::Default,
            shares: Default::default(),
        };
        let folder = tempfile::tempdir().unwrap();
        let estimates = Estimates::new(&plan, folder.path(), 2);
        assert_eq!((estimates.experiments[0].cells, estimates.unknown), (2, 4));
        assert!(
            estimates
                .text()
                .starts_with("never-measured: 2 cells by quadrature, literal, 12 rows, 0.0 s, 4 never timed\n"),
            "{}",
            estimates.text()
        );
    }
}
