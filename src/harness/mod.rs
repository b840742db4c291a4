//! Claims about the harness itself, measured by the harness: how often whole runs are wrong, how often intervals miss, and how
//! many draws it takes until a false bound is found. They are no statements of the paper and stand outside its registry.

mod planted;

use std::collections::BTreeMap;
use std::path::Path;

use rand::RngExt;

use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use crate::claim::Claim;
use crate::error::{Error, Result};
use crate::evidence::Method;
use crate::evidence::proportion;
use crate::experiment::Experiment;
use crate::formula::Number;
use crate::measurand::{Draw, Estimator, Measurand, Procedure, undeclared};
use crate::measure::{Job, Sampling, measure};
use crate::measure::{Precision, Until};
use crate::random::Stream;
use crate::run::{Conditions, Effort, Plan, Takes, rows};
use crate::statement::{Cell, Relation, Statement};
use crate::verdict::{Verdict, judge};
use planted::{Growing, Planted, check_truth};

static NEVER: AtomicBool = AtomicBool::new(false);

/// The claim whose truth is known.
static PLANTED: LazyLock<Claim> = LazyLock::new(|| claim(include_str!("planted.toml"), Planted));

fn claim(toml: &str, measurand: impl Measurand + 'static) -> Claim {
    let statement = Statement::from_toml(toml).unwrap_or_else(|error| panic!("a statement of the program: {error}"));
    Claim::new(statement, measurand)
}

/// The claims, in no order that matters.
pub fn claims() -> Vec<Claim> {
    vec![
        claim(include_str!("harness-verdicts.toml"), WholeRuns),
        claim(include_str!("harness-coverage.toml"), Coverage),
        claim(include_str!("harness-draws.toml"), Draws),
        PLANTED.clone(),
        claim(include_str!("planted-growth.toml"), Growing),
    ]
}

/// The claim that a whole run says anything wrong with probability at most alpha.
pub struct WholeRuns;

impl Measurand for WholeRuns {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, whole_runs)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_truth(cell)
    }
}

fn whole_runs(cell: &Cell) -> Result<Estimator<'_>> {
    let experiment = Experiment::parse("planted", &at_equality(cell))?;
    Ok(Estimator::events(4, move || {
        let mut plan = Plan {
            experiments: vec![experiment.clone()],
            seed: 0,
            alpha: cell.real("level"),
            effort: Effort::Default,
            shares: BTreeMap::new(),
        };
        Box::new(move |stream| {
            plan.seed = stream.random();
            let conditions = Conditions {
                out: Path::new(""),
                takes: Takes::Nothing,
                store: None,
                timings: Path::new(""),
                interrupted: &NEVER,
                progress: &|_, _| {},
            };
            let rows = rows(&plan, &conditions).expect("planted cells can be measured");
            let is_decided = |row: &Vec<String>| row.iter().any(|text| text == "holds" || text == "violated");
            Draw::event(rows.iter().any(is_decided))
        })
    }))
}

/// The experiment that is run: cells whose value is exactly the bound.
fn at_equality(cell: &Cell) -> String {
    let [cells, replicates] = ["cells", "replicates"].map(|name| cell.integer(name));
    let head = |claim: &str| format!("claim = \"{claim}\"\ntitle = \"\"\nabout = \"\"\n");
    let precision = format!("[precision]\nreplicates = {replicates}\nrelative = 1e-9\n[[grid]]\n");
    match cell.word("kind") {
        "threshold" => {
            let question = "[threshold]\nfind = \"n\"\nprobability = 0.5\nwithin = [1, 64]\n";
            format!("{}{question}{precision}star = 12\ndraw = \"1..{cells}\"\n", head("planted-growth"))
        }
        kind => {
            let p = cell.real("p");
            let relations = "claimed = [\"at-least\", \"at-most\"]";
            format!(
                "{}{precision}kind = \"{kind}\"\np = {p:e}\n{relations}\ndraw = \"1..{}\"\n",
                head("planted"),
                cells / 2
            )
        }
    }
}

/// The claim that an interval misses at any of its looks with probability at most alpha.
pub struct Coverage;

impl Measurand for Coverage {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, coverage)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_truth(cell)
    }
}

fn coverage(cell: &Cell) -> Result<Estimator<'_>> {
    let (kind, p, alpha) = (cell.word("kind"), cell.real("p"), cell.real("level"));
    if kind == "proportion" {
        return Ok(Estimator::events(16, move || Box::new(move |stream| Draw::event(misses(p, alpha, stream)))));
    }
    let planted = planted(kind, p, 1.0)?;
    let replicates = cell.integer("replicates");
    Ok(Estimator::events(16, move || {
        let planted = planted.clone();
        Box::new(move |stream| {
            Draw::event(decided(&planted, alpha, replicates, stream.random()).0 != Verdict::Undecided)
        })
    }))
}

/// Rarer outcomes after which a proportion is looked at no more.
const MOST_RARE: u64 = 300;

/// Whether the limits of a proportion exclude it before or after any of its rarer outcomes, where they come nearest to it. From
/// one to the next the trials are passed over by a geometric variable.
fn misses(p: f64, alpha: f64, stream: &mut Stream) -> bool {
    let mirrored = p > 0.5;
    // 1 - p is exact there.
    let rare = if mirrored { 1.0 - p } else { p };
    let ln_p = if mirrored { (-rare).ln_1p() } else { p.ln() };
    let excluded = |seen: u64, n: u64| {
        let hits = if mirrored { n - seen } else { seen };
        n > 0
            && (proportion::ln_lower(hits, n, 0.5 * alpha) > ln_p || proportion::ln_upper(hits, n, 0.5 * alpha) < ln_p)
    };
    let mut n = 0;
    (1..=MOST_RARE).any(|seen| {
        n += 1 + ((1.0 - stream.random::<f64>()).ln() / (-rare).ln_1p()) as u64;
        excluded(seen - 1, n - 1) || excluded(seen, n)
    })
}

/// The claim that no method finds a false bound in fewer draws than information allows.
pub struct Draws;

/// A search for a violation ends after this multiple of the limit.
const MOST: f64 = 16.0;

impl Measurand for Draws {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, draws_to_decide)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        check_truth(cell)
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        if name == "limit" { Ok(Number::new(limit(cell))) } else { Err(undeclared(name)) }
    }
}

fn draws_to_decide(cell: &Cell) -> Result<Estimator<'_>> {
    let (p, factor, alpha) = (cell.real("p"), cell.real("factor"), cell.real("level"));
    let most = (MOST * limit(cell)).max(1e4).ceil();
    if most > 1e9 {
        return Err(Error::unreachable("no violation is to be found in 10^9 draws; write a larger factor"));
    }
    let planted = planted("proportion", p, factor)?;
    // The last batch may pass the limit.
    let scale = most + 64.0;
    Ok(Estimator::values(scale.ln(), 1, move || {
        let planted = planted.clone();
        Box::new(move |stream| Draw::exact(decided(&planted, alpha, most as u64, stream.random()).1 as f64 / scale))
    }))
}

/// ln(1/level)/KL(p, p/factor).
fn limit(cell: &Cell) -> f64 {
    let (p, factor) = (cell.real("p"), cell.real("factor"));
    let (q, claimed) = (1.0 - p, p / factor);
    -cell.real("level").ln() / (p * factor.ln() + q * (q / (1.0 - claimed)).ln())
}

/// A cell of [`Planted`].
fn planted(kind: &str, p: f64, factor: f64) -> Result<Cell> {
    let [p, factor] = [p, factor].map(|x| format!("{x:e}"));
    PLANTED.cell([("kind", kind), ("p", &p), ("factor", &factor)])
}

/// The runner's verdict on a planted cell, and the replicates that it took.
fn decided(cell: &Cell, alpha: f64, replicates: u64, seed: u64) -> (Verdict, u64) {
    let bounds = PLANTED.bounds(cell).expect("a planted bound is a formula");
    let precision = Precision { relative: f64::MIN_POSITIVE, replicates, until: Until::Decided };
    let job = Job { claim: &PLANTED, experiment: "planted", cell, method: Method::Literal, bounds: &bounds };
    let evidence = measure(&job, &Sampling { seed, alpha, precision }, &NEVER).expect("a planted cell can be measured");
    (judge(&evidence, &bounds[0], Relation::AtMost), evidence.work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{find, register};

    /// A claim of the harness, which its own runs find by its id too.
    fn registered(id: &str) -> Claim {
        claims().into_iter().try_for_each(register).unwrap();
        find(id).unwrap()
    }

    #[test]
    fn the_information_limit_by_hand() {
        let cell = registered("harness-draws").cell([("p", "0.5"), ("factor", "2"), ("level", "0.05")]).unwrap();
        // KL(1/2, 1/4) = 1/2 ln 2 + 1/2 ln(2/3).
        let kl = 0.5 * 2f64.ln() + 0.5 * (2.0f64 / 3.0).ln();
        assert!((limit(&cell) - 20f64.ln() / kl).abs() < 1e-9);
    }

    /// At alpha = 0.5 and p = 0.3 more than a tenth of the sequences miss: fewer than 20 of 400 would have probability below 1e-5
    /// then, and more than 240 where a half does.
    #[test]
    fn misses_are_seen_where_there_are_some() {
        let mut stream = Stream::new(3, 4);
        let missed = (0..400).filter(|_| misses(0.3, 0.5, &mut stream)).count();
        assert!((20..=240).contains(&missed), "{missed} of 400");
    }

    #[test]
    fn a_planted_run_has_cells_on_both_sides() {
        for kind in ["proportion", "threshold"] {
            let cell = registered("harness-verdicts").cell([("kind", kind), ("cells", "6")]).unwrap();
            assert_eq!(Experiment::parse("planted", &at_equality(&cell)).unwrap().cells.len(), 6);
        }
    }
}
