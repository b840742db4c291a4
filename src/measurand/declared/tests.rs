//! Declared claims as a whole: what is read, what is refused, and that the methods agree.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::measure::{Job, Precision, Sampling, Until, measure};

/// A claim with these lines for its draw and what is measured.
fn declared(parameters: &str, lines: &str) -> Result<Claim> {
    let text = format!(
        "[claim]\nid = \"toy\"\nparameters = {{ {parameters} }}\n{lines}\nbounds = {{ printed = \"1\" }}\nrelation = \"at-most\"\n"
    );
    claim(&text, Path::new("toy.toml"), None)
}

fn evidence(claim: &Claim, set: &[(&str, &str)], method: Method) -> Result<Evidence> {
    let cell = claim.cell(set.iter().copied())?;
    let bounds = claim.bounds(&cell)?;
    let job = Job { claim, experiment: "e", cell: &cell, method, bounds: &bounds };
    let precision = Precision { relative: 0.02, replicates: 20_000, until: Until::Precise };
    measure(&job, &Sampling { seed: 1, alpha: 1e-6, precision }, &AtomicBool::new(false))
}

/// Every method that the claim admits agrees with this value at the cell; returns their names.
fn agree(parameters: &str, lines: &str, set: &[(&str, &str)], value: f64) -> Vec<&'static str> {
    let claim = declared(parameters, lines).unwrap();
    for method in claim.methods() {
        let found = evidence(&claim, set, method).unwrap();
        let (lo, hi) = (found.ln_lo.exp() * (1.0 - 1e-9), found.ln_hi.exp() * (1.0 + 1e-9));
        assert!(lo <= value && value <= hi, "{lines}: {} gives {lo} to {hi}, not {value}", method.name());
    }
    claim.methods().iter().map(|method| method.name()).collect()
}

/// Values by hand, from finite sums, and by scipy 1.17.
#[test]
fn all_methods_agree_with_known_values() {
    let n = "n = \"1..1e9\"";
    let coins = "draw = { X = \"iid(n, bernoulli(1/2))\", S = \"sum(X)\" }\n";
    let of_four = [("n", "4")];
    assert_eq!(
        agree(n, &format!("{coins}event = \"S >= 3\""), &of_four, 5.0 / 16.0),
        ["closed-form", "importance", "collapsed", "literal", "enumeration"]
    );
    agree(n, &format!("{coins}event = \"S - n/2 >= 1 or S - n/2 <= -1\""), &of_four, 10.0 / 16.0);
    agree(n, &format!("{coins}event = \"abs(S - n/2) < 1\""), &of_four, 6.0 / 16.0);
    agree(n, &format!("{coins}event = \"mean(X) > 1/2\""), &of_four, 5.0 / 16.0);
    agree(n, &format!("{coins}event = \"not S == 2\""), &of_four, 10.0 / 16.0);
    agree(n, &format!("{coins}event = \"max(cumsum(2*X - 1)) >= 2\""), &of_four, 5.0 / 16.0 + 1.0 / 16.0);
    agree(n, &format!("{coins}mean = \"abs(2*S - n)\""), &of_four, 1.5);
    agree(n, "draw = { P = \"permutation(n)\" }\nevent = \"sum(P == range(n)) == 0\"", &of_four, 9.0 / 24.0);
    agree(n, "draw = { X = \"iid(n, integers(1, 6))\" }\nevent = \"distinct(X) < n\"", &of_four, 1.0 - 360.0 / 1296.0);
    agree(n, "draw = { X = \"iid(n, integers(1, 6))\" }\nevent = \"sum(X) <= 5\"", &of_four, 5.0 / 1296.0);
    agree(n, "draw = { X = \"sample(n, range(10) <= 4)\" }\nevent = \"sum(X) >= 3\"", &of_four, 25.0 / 210.0);
    agree(
        n,
        "draw = { X = \"iid(n, integers(0, 1))\" }\ngiven = \"sum(X) >= 1\"\nevent = \"sum(X) == n\"",
        &of_four,
        1.0 / 15.0,
    );
    agree(n, "draw = { X = \"iid(n, normal(0, 1))\" }\nevent = \"sum(X) >= 2\"", &of_four, 0.158_655_253_931_457_05);
    agree(n, "draw = { X = \"iid(n, normal(0, 1))\" }\nevent = \"max(X) <= 0\"", &of_four, 1.0 / 16.0);
    agree(n, "draw = { X = \"iid(n, normal(0, 1))\" }\nevent = \"norm2(X) >= 2\"", &of_four, 3.0 * f64::exp(-2.0));
    agree(n, "draw = { X = \"iid(n, exponential(2))\" }\nevent = \"sum(X) >= 2\"", &of_four, 0.433_470_120_366_709_06);
    agree(n, "draw = { X = \"iid(n, uniform(0, 1))\" }\nmean = \"max(X)\"", &of_four, 0.8);
    agree(n, "draw = { T = \"geometric(1/n)\" }\nevent = \"T > 3\"", &of_four, 27.0 / 64.0);
    agree(n, "mean = \"lgamma(n + 1)\"", &of_four, f64::ln(24.0));
    // log of the sample median of |N|; E max of 4 normal numbers by integration.
    agree(
        n,
        "draw = { X = \"normal(0, 1)\" }\nquantile = { of = \"abs(X)\", level = 0.5 }",
        &of_four,
        0.674_489_750_196_081_7,
    );
    agree(n, "draw = { X = \"iid(n, normal(0, 1))\" }\nmean = \"max(X)\"", &of_four, 1.029_375_373_003_964);
}

/// Over the textbook, at the cells that are small enough for it: what one method says of a cell agrees with what every other says. Some
/// 200 sampled intervals of chance of error 1e-9.
#[test]
fn methods_agree_over_the_textbook() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/textbook");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut pairs = 0;
    for file in files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let experiment = crate::experiment::Experiment::read(&file).unwrap();
        let claim = &experiment.claim;
        let is_small = |cell: &&Cell| cell.values().iter().all(|value| !matches!(value, Given::Integer(n) if *n > 10));
        for cell in experiment.cells.iter().filter(is_small).step_by(2) {
            let by = |method: &Method| {
                let job = Job { claim, experiment: "e", cell, method: *method, bounds: &[] };
                let precision = Precision { relative: 0.05, replicates: 2000, until: Until::Precise };
                match measure(&job, &Sampling { seed: 1, alpha: 1e-9, precision }, &AtomicBool::new(false)) {
                    Ok(evidence) => Some(evidence),
                    Err(Error::Unreachable(_)) => None,
                    Err(error) => panic!("{} {}: {error}", claim.id(), cell.key()),
                }
            };
            let found: Vec<Evidence> = claim.methods().iter().filter_map(by).collect();
            for (index, one) in found.iter().enumerate() {
                for other in &found[..index] {
                    let agree = one.ln_lo <= other.ln_hi + 1e-9 && other.ln_lo <= one.ln_hi + 1e-9;
                    assert!(agree, "{} at {}: {one:?} {other:?}", claim.id(), cell.key());
                    pairs += 1;
                }
            }
        }
    }
    assert!(pairs > 100, "{pairs}");
}

/// Tails that are far out: tilting agrees with the exact tail at e^-500.
#[test]
fn tilting_reaches_where_no_draw_does() {
    let cases = [
        ("bernoulli(0.1)", "6*n/10", -500.0),
        ("poisson(1)", "3*n", -500.0),
        ("exponential(1)", "3*n", -300.0),
        ("normal(0, 1)", "n", -200.0),
        ("rademacher()", "9*n/10", -200.0),
        ("geometric(0.5)", "4*n", -200.0),
        ("points([0, 1, 3], [0.5, 0.25, 0.25])", "5*n/2", -200.0),
    ];
    for (law, from, least) in cases {
        for event in [format!("sum(X) >= {from}"), format!("sum(-X) <= -{from}")] {
            let lines = format!("draw = {{ X = \"iid(n, {law})\" }}\nevent = \"{event}\"");
            let claim = declared("n = \"1..1e9\"", &lines).unwrap();
            let set = [("n", "700")];
            let exact = evidence(&claim, &set, Method::ClosedForm).unwrap();
            let tilted = evidence(&claim, &set, Method::Importance).unwrap();
            assert!(exact.ln.unwrap() < least, "{law}: {exact:?}");
            let agrees = tilted.ln_lo <= exact.ln_hi && exact.ln_lo <= tilted.ln_hi;
            assert!(agrees && tilted.ln_hi - tilted.ln_lo < 1.0, "{lines}: {tilted:?} {exact:?}");
        }
    }
    let uniform =
        declared("n = \"1..1e9\"", "draw = { X = \"iid(n, uniform(0, 1))\" }\nevent = \"sum(X) <= 1\"").unwrap();
    let found = evidence(&uniform, &[("n", "50")], Method::Importance).unwrap();
    // 1/50!
    let ln = -libm::lgamma(51.0);
    assert!(found.ln_lo <= ln && ln <= found.ln_hi && found.ln_hi - found.ln_lo < 1.0, "{found:?} {ln}");
}

/// At 1e-9 tilting takes at least 1e5 times fewer draws than counting hits, to the same relative width: the number of hits that a
/// proportion's interval needs for it, over the probability.
#[test]
fn tilting_saves_many_draws() {
    let lines = "draw = { X = \"iid(n, rademacher())\" }\nevent = \"sum(X) >= 59\"";
    let claim = declared("n = \"1..1e9\"", lines).unwrap();
    let cell = claim.cell([("n", "100")]).unwrap();
    let (alpha, relative) = (1e-6, 0.1);
    let precision = Precision { relative, replicates: 1_000_000, until: Until::Precise };
    let job = Job { claim: &claim, experiment: "e", cell: &cell, method: Method::Importance, bounds: &[] };
    let tilted = measure(&job, &Sampling { seed: 1, alpha, precision }, &AtomicBool::new(false)).unwrap();
    let p = evidence(&claim, &[("n", "100")], Method::ClosedForm).unwrap().ln.unwrap().exp();
    assert!(p < 1e-9 && tilted.relative_width() <= relative, "{p} {tilted:?}");
    let width = |hits: u64| {
        let n = (hits as f64 / p) as u64;
        use crate::evidence::proportion::{ln_lower, ln_upper};
        (ln_upper(hits, n, 0.5 * alpha) - ln_lower(hits, n, 0.5 * alpha)).exp_m1()
    };
    let hits = (0..40).map(|power| 1 << power).find(|hits| width(*hits) <= relative).unwrap() / 2;
    let ratio = hits as f64 / p / tilted.work as f64;
    println!(
        "Pr = {p:.3e}: {} draws, tilted; more than {:.2e} literal ones, {ratio:.2e} times as many",
        tilted.work,
        hits as f64 / p
    );
    assert!(ratio >= 1e5, "{ratio}");
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_column() {
    let n = "n = \"1..1e9\", p = \"0..2<\"";
    let refused = |lines: &str| match declared("n = \"1..1e9\", p = \"0.0..2.0\"", lines) {
        Err(error) => error.to_string(),
        Ok(claim) => claim.cell([("n", "4"), ("p", "1.5")]).unwrap_err().to_string(),
    };
    assert!(declared(n, "event = \"1 > 0\"").is_err());
    for (lines, expected) in [
        (
            "draw = { X = \"iid(n, bernuli(p))\" }\nevent = \"sum(X) > 1\"",
            "line 4, column 22: bernuli is no law or function; did you mean bernoulli?",
        ),
        (
            "draw = { Xs = \"iid(n, normal(0, 1))\" }\nevent = \"sum(Xt) > 1\"",
            "line 5, column 14: Xt is unknown; did you mean Xs?",
        ),
        (
            "draw = { X = \"iid(n, bernoulli(p))\" }\nevent = \"sum(X) > 1\"",
            "line 4, column 32: this is 1.5; write a probability from 0 to 1",
        ),
        (
            "draw = { X = \"iid(n, normal(0, 1))\" }\nevent = \"X > 1\"",
            "line 5, column 10: this is a vector of 4 numbers; write a comparison",
        ),
        (
            "draw = { X = \"iid(n, normal(0, 1))\" }\nevent = \"sum(X)\"",
            "line 5, column 10: this is a number; write a comparison such as",
        ),
        (
            "draw = { X = \"iid(n, normal(0, 1))\", Y = \"iid(n+1, normal(0, 1))\" }\nevent = \"dot(X, Y) > 1\"",
            "a vector of 4 numbers and a vector of 5 numbers",
        ),
        ("draw = { X = \"Y + 1\", Y = \"X + 1\" }\nevent = \"X > 1\"", "line 4, column 15: draw.X is circular"),
        ("draw = { X = \"normal(0, 1)\" }\nevent = \"n > 1\"", "line 5, column 10: the event depends on no draw"),
        (
            "draw = { X = \"normal(0, -1)\" }\nevent = \"X > 1\"",
            "line 4, column 25: this is -1; write a standard deviation above 0",
        ),
        ("draw = { X = \"iid(p, normal(0, 1))\" }\nevent = \"max(X) > 1\"", "write a whole number of at least 1"),
        ("draw = { n = \"normal(0, 1)\" }\nevent = \"n > 1\"", "draw.n: this name means something else already"),
        (
            "draw = { X = \"normal(0, 1)\", Z = \"normal(X, 1)\" }\nevent = \"Z > 1\"",
            "laws and sizes are made of parameters only",
        ),
        ("event = \"normal(0, 1) > 1\"", "laws are scaled and shifted by numbers; give the draw a name"),
        ("draw = { X = \"normal(0, 1)\" }", "write one of event = "),
        (
            "draw = { X = \"normal(0, 1)\" }\nquantile = { of = \"X\", level = 2.0 }",
            "line 5: level = 2: write a number between 0 and 1",
        ),
        ("draw = { X = \"points([1, 2], [0.5, 0.4])\" }\nevent = \"X > 1\"", "add up to 1 are needed; these give 0.9"),
        ("draw = { X = \"truncated(normal(0, 1), 40, 41)\" }\nevent = \"X > 1\"", "at least 1e-4 is needed"),
        (
            "draw = { X = \"any(bounded(0, 1), mean = p)\" }\nevent = \"X > 1/2\"",
            "line 4, column 41: this is 1.5; write a mean from 0 to 1",
        ),
        (
            "draw = { X = \"any(bounded(1, 0))\" }\nevent = \"X > 1\"",
            "line 4, column 30: this is 0; write a number above 1",
        ),
        (
            "draw = { X = \"any(bounded(0, 1), variance <= 0)\" }\nevent = \"X > 1\"",
            "line 4, column 46: this is 0; write a variance above 0",
        ),
        (
            "draw = { X = \"any(bounded(0, 1), mean <= 0.1, mean >= 0.2)\" }\nevent = \"X > 1\"",
            "no law meets all conditions",
        ),
        (
            "draw = { X = \"any(bounded(0, 1))\", Y = \"any(bounded(0, 1))\" }\nevent = \"X > Y\"",
            "line 4, column 41: there is one family already",
        ),
        (
            "draw = { X = \"any(bounded(0, 1))\" }\nquantile = { of = \"X\", level = 0.5 }",
            "an event or a mean is measured",
        ),
        (
            "draw = { X = \"any(bounded(-1, 1))\" }\nmean = \"X\"",
            "line 5, column 9: for any law of a family the mean is of",
        ),
    ] {
        let error = refused(lines);
        assert!(error.contains(expected), "{lines}\n{error}");
    }
}

/// A constant that exists is a real parameter of a bound, and what is measured does not depend on it.
#[test]
fn constants_that_say_nothing_are_refused() {
    let refused = |domain: &str, event: &str, bound: &str, relation: &str| {
        let text = format!(
            "[claim]\nid = \"toy\"\nexists = [\"C\"]\nparameters = {{ n = \"1..9\", C = \"{domain}\" }}\ndraw = {{ X = \"iid(n, normal(0, 1))\" }}\n\
             event = \"{event}\"\nbounds = {{ printed = \"{bound}\" }}\nrelation = {relation}\n"
        );
        claim(&text, Path::new("toy.toml"), None).map(|claim| claim.statement().constants.clone())
    };
    let at_most = "\"at-most\"";
    assert_eq!(refused("0<..9", "sum(X) > n", "C/n", at_most).unwrap(), ["C"]);
    for (domain, event, bound, relation, expected) in [
        ("1..9", "sum(X) > n", "C/n", at_most, "line 3: exists: C is no real number; write its domain as \"0<..100\""),
        ("-1<..9", "sum(X) > n", "C/n", at_most, "line 3: exists: C may be below 0"),
        ("0<..9", "sum(X) > n", "1/n", at_most, "line 3: exists: C stands in no bound and no hypothesis"),
        ("0<..9", "sum(X) > n", "C/n", "{ equal = 0.1 }", "line 3: exists: C: an equality has no least constant"),
        ("0<..9", "sum(X) > C*n", "C/n", at_most, "line 6, column 19: C exists for all cells"),
    ] {
        let error = refused(domain, event, bound, relation).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}\n{error}");
    }
}

/// A formula of the statement does not see a draw.
#[test]
fn hypotheses_and_bounds_see_parameters_only() {
    let error =
        declared("n = \"1..9\"", "draw = { X = \"normal(0, 1)\" }\nevent = \"X > 1\"\nhypotheses = [\"X > 0\"]");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("X is drawn, and this is a formula of the cell's numbers"), "{error}");
}

/// For any law of a family the worst that is found is measured, which may refute the statement and never confirms it.
#[test]
fn the_worst_law_of_a_family_is_measured() {
    let measured = |parameters: &str, draw: &str, event: &str, relation: &str, set: &[(&str, &str)], method: Method| {
        let text = format!(
            "[claim]\nid = \"toy\"\nparameters = {{ {parameters} }}\ndraw = {{ X = \"{draw}\" }}\nevent = \"{event}\"\n\
             bounds = {{ printed = \"0.3\", loose = \"0.9\" }}\nrelation = \"{relation}\"\n"
        );
        let claim = claim(&text, Path::new("toy.toml"), None).unwrap();
        assert_eq!(claim.methods(), [Method::Search, Method::Literal]);
        let found = evidence(&claim, set, method).unwrap();
        let bounds = claim.bounds(&claim.cell(set.iter().copied()).unwrap()).unwrap();
        let verdicts = bounds.iter().map(|bound| crate::verdict::pronounce(claim.statement(), &found, bound).name());
        (found.clone(), verdicts.collect::<Vec<_>>())
    };
    let n = "n = \"1..1e9\", m = \"-1<..<1\"";
    let (signs, sum) = ("iid(n, any(bounded(-1, 1), mean = m))", "sum(X) - n*m >= 2");
    let set = [("n", "4"), ("m", "0")];
    let (found, verdicts) = measured(n, signs, sum, "at-most", &set, Method::Search);
    assert!((found.ln.unwrap().exp() - 5.0 / 16.0).abs() < 1e-9, "{found:?}");
    assert_eq!(found.law.as_deref(), Some("points([-1, 1], [0.5, 0.5])"));
    assert_eq!(verdicts, ["violated", "undecided"]);
    let (drawn, _) = measured(n, signs, sum, "at-most", &set, Method::Literal);
    assert!(drawn.ln_lo <= found.ln_hi && found.ln_lo <= drawn.ln_hi, "{drawn:?}");
    // Outcomes are listed where no statistic has a known law: the path reaches 2 in 6 of 16 cases.
    let (found, _) = measured(n, signs, "max(cumsum(X)) >= 2", "at-most", &set, Method::Search);
    assert!(found.ln.unwrap().exp() >= 6.0 / 16.0 - 1e-9, "{found:?}");
    // The least chance of at least 1/5 at the mean 1/2 is (1/2 - 1/5)/(1 - 1/5), as near as one likes.
    let of_one = "any(bounded(0, 1), mean = m)";
    let (found, verdicts) = measured(n, of_one, "X >= 0.2", "at-least", &[("n", "1"), ("m", "0.5")], Method::Search);
    assert!((found.ln.unwrap().exp() - 0.375).abs() < 1e-6, "{found:?}");
    assert_eq!(verdicts, ["undecided", "violated"]);
    // Chebyshev: the chance of deviating by 1/2 is at most 4 times the variance, with three points.
    let of_variance = "any(bounded(0, 1), mean = 1/2, variance <= 1/16)";
    let (found, _) = measured(n, of_variance, "abs(X - 1/2) >= 1/2", "at-most", &set, Method::Search);
    assert!((found.ln.unwrap().exp() - 0.25).abs() < 1e-9, "{found:?}");
}

/// A method that cannot reach a cell says which one does.
#[test]
fn what_cannot_be_reached_is_said() {
    let unreached = |lines: &str, method: Method, n: &str| {
        let claim = declared("n = \"1..1e9\"", lines).unwrap();
        let cell = claim.cell([("n", n)]).unwrap();
        let error = match claim.estimator(&cell, method) {
            Ok(Estimator::Deterministic(evaluate)) => evaluate().unwrap_err(),
            Ok(_) => panic!("{lines} is reached"),
            Err(error) => error,
        };
        assert!(matches!(error, Error::Unreachable(_) | Error::UnknownMethod { .. }), "{error}");
        error.to_string()
    };
    let coins = "draw = { X = \"iid(n, bernoulli(1/2))\" }\nevent = \"sum(X) >= n\"";
    assert!(unreached(coins, Method::Literal, "1e9").contains("take closed-form or collapsed"));
    assert!(unreached(coins, Method::Enumeration, "100").contains("more than 4e6 outcomes"));
    let normal = "draw = { X = \"iid(n, normal(0, 1))\" }\nmean = \"max(X)\"";
    // A mean of what may be below 0 is no sample of values in [0, 1].
    assert!(unreached(normal, Method::Literal, "4").contains("is not measured by \"literal\"; it admits quadrature"));
    let paths = "draw = { X = \"iid(n, any(bounded(0, 1)))\" }\nevent = \"max(cumsum(X) - range(n)/2) >= 1\"";
    assert!(unreached(paths, Method::Search, "100").contains("of a law of two points nothing is known exactly here"));
    assert!(unreached(normal, Method::ClosedForm, "4").contains("it admits quadrature"));
    let square =
        declared("n = \"1..1e9\"", "draw = { X = \"iid(n, student_t(3))\" }\nmean = \"max(cumsum(X)^2)\"").unwrap_err();
    assert!(square.to_string().contains("no known upper limit"), "{square}");
    let square = "draw = { X = \"iid(n, normal(0, 1))\" }\nmean = \"max(X^2)\"";
    assert!(unreached(square, Method::Literal, "4").contains("is not measured by \"literal\""));
}

/// Texts that are made by the grammar, whatever they mean, are read or refused, and what is read can be measured: 3000 texts.
#[test]
fn no_text_panics() {
    let mut stream = crate::random::Stream::new(3, 4);
    let mut read = 0;
    for _ in 0..3000 {
        let [drawn, left, right] = [0, 0, 1].map(|depth| text_of(&mut stream, depth));
        let lines =
            format!("draw = {{ X = \"iid(n, uniform(0, 1))\", Y = \"{drawn}\" }}\nevent = \"{left} >= {right}\"");
        let Ok(claim) = declared("n = \"1..9\", p = \"0.0..1.0\"", &lines) else { continue };
        read += 1;
        for (n, p) in [("1", "0"), ("2", "0.25"), ("5", "1")] {
            let Ok(cell) = claim.cell([("n", n), ("p", p)]) else { continue };
            for method in claim.methods() {
                match claim.estimator(&cell, method) {
                    Ok(Estimator::Deterministic(evaluate)) if method == Method::ClosedForm => drop(evaluate()),
                    Ok(Estimator::Replicates(replicates)) => {
                        let draw = (replicates.sampler)()(&mut crate::random::Stream::new(1, 2));
                        assert!(0.0 <= draw.lo && draw.lo <= draw.hi && draw.hi <= 1.0, "{lines}: {draw:?}");
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(read > 100, "{read}");
}

/// A random text of the grammar.
fn text_of(stream: &mut crate::random::Stream, depth: usize) -> String {
    use rand::RngExt;
    let leaves = ["X", "Y", "n", "p", "0", "2.5", "1e300", "-1", "X", "sum(X)", "max(X)", "range(n)", "Y"];
    let laws =
        ["normal(0, 1)", "bernoulli(p)", "poisson(n)", "integers(0, n)", "points([0, 1], [p, 1-p])", "geometric(p)"];
    if depth > 3 || stream.random_range(0..4) == 0 {
        return leaves[stream.random_range(0..leaves.len())].into();
    }
    let law = laws[stream.random_range(0..laws.len())];
    let mut part = || text_of(stream, depth + 1);
    let (a, b) = (part(), part());
    let forms = [
        format!("({a} + {b})"),
        format!("({a} - {b})"),
        format!("{a}*{b}"),
        format!("({a})/({b})"),
        format!("({a})^2"),
        format!("abs({a})"),
        format!("sqrt({a})"),
        format!("floor({a})"),
        format!("exp({a})"),
        format!("sum({a})"),
        format!("max({a}, {b})"),
        format!("cumsum({a})"),
        format!("distinct({a})"),
        format!("({a} >= {b})"),
        format!("dot({a}, {b})"),
        format!("ks({a}, {law})"),
        format!("iid(n, {law})"),
        format!("sum(iid(n, 2*{law} - 1))"),
        format!("truncated({law}, 0, 1)"),
        format!("var({a})"),
        format!("sorted({a})"),
        format!("tail({law}, {a})"),
        law.to_string(),
    ];
    forms[stream.random_range(0..forms.len())].clone()
}
