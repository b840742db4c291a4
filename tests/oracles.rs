//! Every enclosure holds the reference value: closed forms, quadratures, printed bounds and formulas at random and extreme
//! cells, against `oracles/*.csv` of `oracles/recipe.py`. All failures of a table are listed at once.

use std::sync::atomic::AtomicBool;

use lemmascope::error::Error;
use lemmascope::evidence::Method;
use lemmascope::formula::{Formula, Number};
use lemmascope::measure::{Job, Sampling, measure};
use lemmascope::measure::{Precision, Until};
use lemmascope::numeric::{
    LogChiSquare, ROUNDING_OF_LOGS, ln_binomial, ln_binomial_ends, ln_chi_square_moment, ln_gamma_ratio,
};
use lemmascope::registry::find;
use lemmascope::tails::{Rounded, Tail, binomial_tail, poisson_binomial_tail};

/// The rows of a table, as texts by the header's names.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(text: &str) -> Table {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().iter().map(str::to_string).collect();
        let rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_string).collect()).collect();
        assert!(rows.len() >= 200, "{} rows", rows.len());
        Table { header, rows }
    }
}

/// What was found wrong in a table, and the largest width beside what was allowed.
struct Tally {
    failures: Vec<String>,
    widest: f64,
}

impl Tally {
    fn new() -> Self {
        Tally { failures: Vec::new(), widest: 0.0 }
    }

    /// The ends, both logs, hold the value, and are no further apart than `width` times 1 + |ln| and the value's condition.
    fn check(&mut self, name: &str, value: &str, (lo, hi): (f64, f64), width: f64, condition: f64) {
        // The text has more digits than a double: it is rounded by half an ulp.
        let ln: f64 = value.parse().unwrap();
        let underflow = ln == f64::NEG_INFINITY && value != "-inf";
        let holds = match underflow {
            // e^-1e400 is no 0, and below every log that a double holds.
            true => lo == f64::NEG_INFINITY && hi >= f64::MIN,
            false => lo <= ln.next_up() && ln.next_down() <= hi,
        };
        if !holds {
            self.failures.push(format!("{name}: {value} is outside {lo:?} .. {hi:?}"));
        }
        if ln.is_infinite() {
            let tight = if underflow { hi < 0.5 * f64::MIN } else { hi == f64::NEG_INFINITY };
            if !tight {
                self.failures.push(format!("{name}: {value}, but the upper end is {hi:?}"));
            }
            return;
        }
        let (allowed, found) = (width * (1.0 + ln.abs()) * condition, hi - lo);
        // Where all digits may be lost the lower end may be at 0, and the upper one counts.
        let lost = condition > 2.0 && allowed > 0.5;
        let wide = if lost { hi - ln > (2.0 * allowed).ln_1p() } else { found > allowed };
        if !lost {
            self.widest = self.widest.max(width * found / allowed);
        }
        if wide || found.is_nan() {
            self.failures.push(format!("{name}: {value} within {lo:?} .. {hi:?} is {found:e} wide, not {allowed:e}"));
        }
    }

    fn end(self, table: &str) {
        println!("{table}: widest {:.1e}", self.widest);
        let failures = self.failures;
        assert!(failures.is_empty(), "{table}: {} failures\n{}", failures.len(), failures.join("\n"));
    }
}

/// A printed bound is a formula of a few operations, each to a power of up to d.
const FORMULA_WIDTH: f64 = 1e-12;

/// A claim's deterministic method and printed bound at every cell of a table, through the public frame; no cell is refused. `width` is
/// that of the evidence, `bound_width` that of the bound.
fn claim(id: &str, method: Method, table: &str, width: f64, bound_width: f64) {
    let claim = &find(id).unwrap();
    let table = Table::read(table);
    let parameters = table.header.len() - 2;
    let mut tally = Tally::new();
    let precision = Precision { relative: 0.1, replicates: 1, until: Until::Decided };
    let sampling = Sampling { seed: 1, alpha: 1e-6, precision };
    for row in &table.rows {
        let given = table.header.iter().map(String::as_str).zip(row.iter().map(String::as_str)).take(parameters);
        let result = claim.cell(given).and_then(|cell| {
            let bounds = claim.bounds(&cell)?;
            let job = Job { claim, experiment: "oracles", cell: &cell, method, bounds: &bounds };
            Ok::<_, Error>((measure(&job, &sampling, &AtomicBool::new(false)), bounds[0].clone()))
        });
        let name = format!("{} {}", id, row[..parameters].join(","));
        match result {
            Ok((evidence, bound)) => {
                match evidence {
                    Ok(evidence) => tally.check(&name, &row[parameters], (evidence.ln_lo, evidence.ln_hi), width, 1.0),
                    Err(error) => tally.failures.push(format!("{name}: {}: {error}", row[parameters])),
                }
                let name = format!("{name} bound");
                tally.check(&name, &row[parameters + 1], (bound.ln_lo, bound.ln_hi), bound_width, 1.0);
            }
            Err(error) => tally.failures.push(format!("{name}: {error}")),
        }
    }
    tally.end(id);
}

#[test]
fn normal_intervals() {
    // The bound is a closed form too, stated to 1e-12 on either side.
    claim("normal-interval", Method::ClosedForm, include_str!("oracles/normal_intervals.csv"), 1e-11, 3e-12);
}

#[test]
fn chi_square_tails() {
    claim("chi-square-tails", Method::ClosedForm, include_str!("oracles/chi_square_tails.csv"), 1e-10, FORMULA_WIDTH);
}

#[test]
fn chernoff() {
    claim("chernoff", Method::ClosedForm, include_str!("oracles/chernoff.csv"), 1e-9, FORMULA_WIDTH);
}

#[test]
fn overlap_tails() {
    claim("overlap-tail", Method::ClosedForm, include_str!("oracles/overlap_tails.csv"), 1e-10, FORMULA_WIDTH);
}

#[test]
fn nsn_boxes() {
    claim("nsn-box", Method::Quadrature, include_str!("oracles/nsn_boxes.csv"), 1e-9, FORMULA_WIDTH);
}

#[test]
fn nsn_joint_boxes() {
    claim("nsn-joint-box", Method::Quadrature, include_str!("oracles/nsn_joint_boxes.csv"), 1e-5, FORMULA_WIDTH);
}

fn tail(name: &str) -> Tail {
    if name == "upper" { Tail::Upper } else { Tail::Lower }
}

/// The tails alone, with the errors that they state.
fn tails(name: &str, table: &str, tail: impl Fn(&[String]) -> Rounded) {
    let table = Table::read(table);
    let mut tally = Tally::new();
    for row in &table.rows {
        let (given, value) = (&row[..4], &row[4]);
        let Rounded { ln, error } = tail(given);
        tally.check(&format!("{name} {}", given.join(",")), value, (ln - error, ln + error), 4e-11, 1.0);
    }
    tally.end(name);
}

#[test]
fn binomial_tails() {
    tails("binomial", include_str!("oracles/binomial_tails.csv"), |row| {
        binomial_tail(row[0].parse().unwrap(), row[1].parse().unwrap(), row[2].parse().unwrap(), tail(&row[3]))
    });
}

#[test]
fn poisson_binomial_tails() {
    tails("Poisson-binomial", include_str!("oracles/poisson_binomial_tails.csv"), |row| {
        let period: Vec<f64> = row[0].split(' ').map(|p| p.parse().unwrap()).collect();
        let probabilities = period.repeat(row[1].parse().unwrap());
        poisson_binomial_tail(&probabilities, row[2].parse().unwrap(), tail(&row[3]))
    });
}

/// Logs of numeric.rs: no further off than formulas and quadratures take them to be.
#[test]
fn logs_of_numeric() {
    let table = Table::read(include_str!("oracles/numeric.csv"));
    let mut tally = Tally::new();
    for row in &table.rows {
        let (x, y): (f64, f64) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        let (ln, extra) = match row[0].as_str() {
            "ln_gamma_ratio" => (ln_gamma_ratio(x, y), 0.0),
            "ln_chi_square_moment" => (ln_chi_square_moment(x, y), 0.0),
            // The rounding of u - ln k, times the slope there: the quadratures add as much.
            "ln_chi_square_log_density" => {
                (LogChiSquare::new(x).ln_density(y), 4e-15 * 0.5 * x * (y - x.ln()).exp_m1().abs())
            }
            _ => {
                let (ln, error) = ln_binomial_ends(x, y);
                assert_eq!(ln, ln_binomial(x as u64, y as u64));
                let name = format!("ends of {}", row.join(" "));
                tally.check(&name, &row[3], (ln - error, ln + error), 1e-13, 1.0);
                (ln, 0.0)
            }
        };
        let error = ROUNDING_OF_LOGS * (1.0 + ln.abs()) + extra;
        let width = 2.1 * ROUNDING_OF_LOGS + 2.0 * extra / (1.0 + ln.abs());
        tally.check(&row[..3].join(" "), &row[3], (ln - error, ln + error), width, 1.0);
    }
    tally.end("numeric");
}

/// Formulas as users write them. The condition is how much larger the terms are than their sum.
#[test]
fn formulas() {
    let table = Table::read(include_str!("oracles/formulas.csv"));
    let mut tally = Tally::new();
    for row in &table.rows {
        let [text, sign, value, condition] = &row[..] else { panic!("{row:?}") };
        let number = match Formula::parse(text).and_then(|formula| formula.evaluate(&|_| None)) {
            Ok(number) => number,
            Err(error) => {
                tally.failures.push(format!("{text}: {value}: {error}"));
                continue;
            }
        };
        let number = if sign == "-1" { -number } else { number };
        if sign == "0" {
            if number.equals(Number::new(0.0)) == Some(false) {
                tally.failures.push(format!("{text} is 0, not {number:?}"));
            }
            continue;
        }
        tally.check(text, value, number.ln_ends(), 1e-13, condition.parse().unwrap());
    }
    tally.end("formulas");
}
