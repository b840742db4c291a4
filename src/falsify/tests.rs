//! Toy claims whose least slack and smallest counterexample are known.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::lab::Lab;
use super::region::Region;
use super::*;
use crate::claim::Claim;
use crate::evidence::{Evidence, Method};
use crate::formula::Number;
use crate::measurand::{Draw, Estimator, Measurand, Procedure, median_of_draws};
use crate::random::Stream;
use crate::statement::{Cell, PRINTED, Quantity, Statement};
use rand::RngExt;

/// A claim `measured <= bound`, made of functions.
struct Toy {
    methods: &'static [Method],
    relation: Relation,
    quantity: Quantity,
    inside: fn(&Cell) -> bool,
    ln_bound: fn(&Cell) -> f64,
    ln_measured: fn(&Cell) -> f64,
    /// The probability that a literal draw hits.
    rate: fn(&Cell) -> f64,
    /// What measuring it exactly ends with.
    fails: fn(&Cell) -> Option<Error>,
}

const STATEMENT: &str = r#"
    [claim]
    id = "toy"
    source = "a test"
    statement = ""
    measured = ""
    relation = "at-most"
    quantity = "size"
    smallest = ["d", "k"]
    computed = ["inside"]
    parameters.k = { domain = "1..1e12", search = "1..1e6" }
    parameters.d = { domain = "1..1e12", search = "1..256" }
    parameters.eps = { domain = "0<..inf", search = "1e-12..1" }
    symbols.bound = "as the test says"
    bounds.printed = "bound"
"#;

const TOY: Toy = Toy {
    methods: &[Method::ClosedForm],
    relation: Relation::AtMost,
    quantity: Quantity::Size,
    inside: |_| true,
    ln_bound: |_| 0.0,
    ln_measured: |_| -1.0,
    rate: |_| 0.5,
    fails: |_| None,
};

fn claim(toy: Toy) -> Claim {
    let statement = Statement::from_toml(STATEMENT).unwrap();
    Claim::new(Statement { relation: toy.relation, quantity: toy.quantity, ..statement }, toy)
}

impl Measurand for Toy {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        let all = vec![
            Procedure::new(Method::ClosedForm, |cell| Ok(self.closed_form(cell))),
            Procedure::new(Method::Search, |_| Ok(median_of_uniform())),
            Procedure::new(Method::Literal, |cell| Ok(self.literal(cell))),
        ];
        all.into_iter().filter(|procedure| self.methods.contains(&procedure.method())).collect()
    }
    fn hypotheses(&self, cell: &Cell) -> Vec<Hypothesis> {
        vec![Hypothesis::new("inside", (self.inside)(cell))]
    }
    fn symbol(&self, cell: &Cell, _name: &str) -> Result<Number> {
        Ok(Number::from_ln((self.ln_bound)(cell)))
    }
}

impl Toy {
    fn closed_form<'a>(&'a self, cell: &'a Cell) -> Estimator<'a> {
        let value = move || Ok(Evidence::closed_form((self.ln_measured)(cell), 1e-12, 1));
        Estimator::deterministic(move || (self.fails)(cell).map_or_else(value, Err))
    }

    fn literal(&self, cell: &Cell) -> Estimator<'_> {
        let rate = (self.rate)(cell);
        let draw = move |stream: &mut Stream| Draw::event(stream.random::<f64>() < rate);
        Estimator::events(64, move || Box::new(draw))
    }
}

/// The median of a uniform variable.
fn median_of_uniform<'a>() -> Estimator<'a> {
    Estimator::Sampled(Box::new(|stream, allowance| {
        median_of_draws(allowance, || {
            let value = stream.random::<f64>();
            (value, value)
        })
    }))
}

fn plan(claim: &Claim, within: &str, evaluations: u64) -> Plan {
    Plan {
        region: Region::of(claim, within).unwrap(),
        seed: 1,
        alpha: 1e-6,
        evaluations: Some(evaluations),
        // Never reached: the evaluations end the search.
        time: Duration::from_secs(600),
        first: false,
    }
}

fn search(claim: &Claim, plan: &Plan) -> Result<Finding> {
    let lab = Lab::new(claim, 1, "toy-counterexample");
    falsify(&lab, PRINTED, plan, &AtomicBool::new(false), &|_, _, _| {})
}

fn found(claim: &Claim, within: &str, evaluations: u64) -> Finding {
    search(claim, &plan(claim, within, evaluations)).unwrap()
}

fn key(finding: &Finding) -> String {
    finding.best.as_ref().unwrap().cell.key()
}

/// False exactly where d >= 7, k >= 3 d^2 + 5 and eps < 0.037: the smallest counterexample and its plainest eps are known.
#[test]
fn a_counterexample_is_shrunk_to_the_smallest() {
    let toy = claim(Toy {
        ln_measured: |cell| {
            let (k, d, eps) = (cell.integer("k"), cell.integer("d"), cell.real("eps"));
            if d >= 7 && k >= 3 * d * d + 5 && eps < 0.037 { 1.0 } else { -1.0 }
        },
        ..TOY
    });
    let finding = found(&toy, "", 4000);
    assert!(finding.found && finding.smallest, "{finding:?}");
    assert_eq!(key(&finding), "k=152;d=7;eps=0.01");
    assert!(finding.evaluations <= 4000);
    // No second method: nothing is claimed to be confirmed.
    assert_eq!((finding.confirmed_by(), finding.verdict()), (None, Verdict::Violated));
}

/// The hypotheses leave a thin shell, at whose lower border alone the bound fails.
#[test]
fn the_border_of_the_hypotheses_is_searched() {
    let toy = claim(Toy {
        inside: |cell| cell.real("k") >= 10.0 * cell.real("d").powi(3),
        ln_measured: |cell| -(cell.real("k") / (10.0 * cell.real("d").powi(3))).ln(),
        ln_bound: |cell| if cell.integer("d") >= 5 { -1e-3 } else { 1.0 },
        ..TOY
    });
    assert_eq!(key(&found(&toy, "eps=0.5", 1500)), "k=1250;d=5;eps=0.5");
}

/// False within 3 % of k = 4321 and eps = 3.3e-5 only: less than a hundred-thousandth of the region.
#[test]
fn a_needle_is_found_by_climbing() {
    let toy = claim(Toy {
        ln_measured: |cell| {
            let (x, y) = ((cell.real("k") / 4321.0).ln(), (cell.real("eps") / 3.3e-5).ln());
            1e-3 - x * x - y * y
        },
        ..TOY
    });
    let finding = found(&toy, "", 3000);
    assert!(finding.found, "{finding:?}");
    let worst = finding.worst.unwrap().cell;
    assert!(
        (worst.real("k") / 4321.0 - 1.0).abs() < 0.01 && (worst.real("eps") / 3.3e-5 - 1.0).abs() < 0.01,
        "{worst:?}"
    );
}

/// measured = bound / 2 at best, at d = 3: twice the bound's half would do.
#[test]
fn the_best_constant_is_the_known_one() {
    let toy =
        claim(Toy { ln_measured: |cell| 0.5f64.ln() - (cell.real("d") / 3.0).ln().powi(2), ln_bound: |_| 0.0, ..TOY });
    let finding = found(&toy, "", 2000);
    assert!(!finding.found && finding.verdict() == Verdict::Holds && finding.confirmed_by().is_none());
    let constant = finding.constant.unwrap();
    assert!(!constant.sampled && (constant.ln_hi - 0.5f64.ln()).abs() < 1e-9, "{constant:?}");
    assert_eq!(finding.best.unwrap().cell.integer("d"), 3);
}

const SAMPLED: Toy = Toy { methods: &[Method::Literal], quantity: Quantity::Probability, ..TOY };

/// Hits with probability 0.6 from d = 5 on, where at most 0.5 is claimed. A false alarm has probability 1e-6.
#[test]
fn a_sampled_counterexample_is_measured_again() {
    let rate = |cell: &Cell| if cell.integer("d") >= 5 { 0.6 } else { 0.4 };
    let toy = claim(Toy { rate, ln_bound: |_| 0.5f64.ln(), ..SAMPLED });
    let finding = found(&toy, "k=1..64", 4000);
    assert!(finding.found, "{finding:?}");
    assert_eq!(key(&finding), "k=1;d=5;eps=0.1");
    assert_eq!(finding.confirmed_by(), None);
}

/// Among hundreds of cells at the bound itself some samples lie above it by chance; none is a counterexample.
#[test]
fn the_winner_of_many_is_not_believed() {
    let toy = claim(Toy { rate: |_| 0.5, ln_bound: |_| 0.5f64.ln(), ..SAMPLED });
    let finding = found(&toy, "", 600);
    assert!(!finding.found && finding.verdict() == Verdict::Undecided, "{finding:?}");
}

/// The least slack among many equal cells is 0.3 in truth: the sample that looks worst of hundreds is off, and what is said about it
/// is not. 20 searches at alpha = 1e-6.
#[test]
fn what_is_said_of_the_least_slack_is_valid_after_selection() {
    let toy = claim(Toy { rate: |_| 0.25, ln_bound: |_| 0.5f64.ln(), ..SAMPLED });
    for seed in 0..20 {
        let finding = search(&toy, &Plan { seed, ..plan(&toy, "", 400) }).unwrap();
        let (lo, hi) = finding.worst.as_ref().unwrap().limits;
        let slack = 2f64.log10();
        assert!(finding.sampled && lo < slack && slack < hi && hi - lo < 0.1, "{lo} {hi}");
        let constant = finding.constant.unwrap();
        assert!(constant.sampled && constant.ln_lo < 0.5f64.ln() && 0.5f64.ln() < constant.ln_hi, "{constant:?}");
        assert!(constant.ln_lo > f64::NEG_INFINITY && constant.ln_hi < 1.0, "{constant:?}");
    }
}

/// A median that a claim draws for itself is a sample too: at the bound, none of 40 searches may find it violated (each does
/// with chance 1e-6), where the worst of some hundred looks lies beside it.
#[test]
fn medians_at_the_bound_are_no_counterexamples() {
    const MEDIAN: Toy = Toy { methods: &[Method::Search], relation: Relation::AtLeast, ..TOY };
    let toy = claim(Toy { ln_bound: |_| 0.5f64.ln(), ..MEDIAN });
    for seed in 0..40 {
        let lab = Lab::new(&toy, seed, "toy-counterexample");
        let plan = Plan { seed, ..plan(&toy, "", 100) };
        let finding = falsify(&lab, PRINTED, &plan, &AtomicBool::new(false), &|_, _, _| {}).unwrap();
        assert!(finding.sampled && !finding.found, "{finding:?}");
    }
    // And one that is below it is found, on fresh streams.
    let finding = found(&claim(Toy { ln_bound: |_| 0.8f64.ln(), ..MEDIAN }), "", 100);
    assert!(finding.found && finding.best.unwrap().evidence.work == 1000);
}

/// Of a claim's errors only "this method does not reach the cell" is stepped over.
#[test]
fn errors_that_are_not_the_cells_end_the_search() {
    let with = |fails: fn(&Cell) -> Option<Error>| claim(Toy { fails, ..TOY });
    let some = found(&with(|cell| (cell.integer("d") > 3).then(|| Error::unreachable("too far"))), "", 200);
    assert!(some.refused > 0 && some.reason.unwrap().contains("too far") && some.best.is_some());
    let search_of = |toy: &Claim| search(toy, &plan(toy, "", 200)).err();
    let defect = with(|cell| (cell.integer("d") > 3).then(|| Error::Defect("wrong".into())));
    assert!(matches!(search_of(&defect), Some(Error::Defect(_))));
    let input = with(|cell| (cell.integer("d") > 3).then(|| Error::input("no such file")));
    assert!(matches!(search_of(&input), Some(Error::Input(_))));
    let panics = with(|cell| if cell.integer("d") > 3 { panic!("d = {}", cell.integer("d")) } else { None });
    let Some(Error::Defect(text)) = search_of(&panics) else { panic!() };
    assert!(text.contains("panicked: d = ") && text.contains("toy by closed-form at k="), "{text}");
}

const TWO: Toy = Toy { methods: &[Method::ClosedForm, Method::Literal], quantity: Quantity::Probability, ..TOY };

#[test]
fn a_second_method_confirms_or_contradicts() {
    let toy =
        |rate: fn(&Cell) -> f64| claim(Toy { ln_measured: |_| 0.6f64.ln(), ln_bound: |_| 0.5f64.ln(), rate, ..TWO });
    let confirmed = found(&toy(|_| 0.6), "", 100);
    assert_eq!((confirmed.found, confirmed.confirmed_by()), (true, Some("literal")));
    let contradicted = found(&toy(|_| 0.4), "", 100);
    assert_eq!((contradicted.found, contradicted.confirmed_by()), (false, None));
    assert!(contradicted.contradicted() && contradicted.verdict() == Verdict::Undecided);
    // Neither: no sample separates 0.5 from 0.5.
    let silent = found(&toy(|_| 0.5), "", 100);
    assert_eq!((silent.found, silent.confirmed_by(), silent.contradicted()), (true, None, false));
}

#[test]
fn the_same_seed_searches_the_same_cells() {
    let toy = claim(Toy { ln_measured: |cell| cell.real("d").ln().sin() - cell.real("eps"), ..TOY });
    let outcome = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let finding = pool.install(|| found(&toy, "", 700));
        (key(&finding), finding.evaluations, finding.constant)
    };
    assert_eq!(outcome(1), outcome(3));
}

#[test]
fn an_empty_region_is_refused_and_an_interruption_is_told() {
    let toy = claim(Toy { inside: |_| false, ..TOY });
    let error = search(&toy, &plan(&toy, "", 100)).unwrap_err().to_string();
    assert!(error.contains("unmet: inside") && error.contains("widen --within"), "{error}");
    let toy = claim(TOY);
    let lab = Lab::new(&toy, 1, "toy-counterexample");
    let stopped = falsify(&lab, PRINTED, &plan(&toy, "", 100), &AtomicBool::new(true), &|_, _, _| {}).unwrap();
    assert!(stopped.interrupted && !stopped.found && stopped.best.is_none());
}

#[test]
fn the_first_counterexample_ends_a_hurried_search() {
    let toy = claim(Toy { ln_measured: |_| 1.0, ..TOY });
    let finding = search(&toy, &Plan { first: true, ..plan(&toy, "", 5000) }).unwrap();
    assert!(finding.found && finding.evaluations <= 64, "{}", finding.evaluations);
}
