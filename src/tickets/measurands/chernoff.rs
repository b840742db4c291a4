//! Lemma 16: the two Chernoff-Hoeffding tails, as they are printed, beside the exact tails of sums of events.

use rand::RngExt;
use rand_distr::{Binomial, Distribution};

use super::*;
use crate::enclosure::{Enclosure, tails};
use crate::tails::{Rounded, binomial_tail, poisson_binomial_tail};

/// The claim of Lemma 16.
pub struct Chernoff;

/// Most events of a spread law, and what the rounding of their probabilities, from `LEAST_SPREAD` to 1/2 on the mean, may do to a
/// tail: 2 eps p/p_i for each.
const MOST_FOLDED: u64 = 5000;
const SPREAD: f64 = 1e-10;
const LEAST_SPREAD: f64 = 1e-280;
/// How far rounding may move a threshold that is meant to be a whole number.
const THRESHOLD_ROUNDING: f64 = 8.0 * f64::EPSILON;

/// mu = n p.
fn mu(cell: &Cell) -> Number {
    Number::whole(cell.integer("n")) * Number::new(cell.real("p"))
}

impl Measurand for Chernoff {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![
            Procedure::new(Method::ClosedForm, |cell| Ok(Estimator::deterministic(move || Ok(exact(cell))))),
            Procedure::new(Method::Proved, proved),
            Procedure::new(Method::Literal, literal),
        ]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let n = cell.integer("n");
        if cell.word("law") == "spread" && n > MOST_FOLDED {
            return Err(Error::input(format!("n = {n}: a spread law is folded up to n = {MOST_FOLDED} only")));
        }
        Ok(())
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "mu" => mu(cell),
            "mu_plus" => mu(cell) * Number::new(cell.real("plus")),
            "mu_minus" => mu(cell) * Number::new(cell.real("minus")),
            _ => return Err(undeclared(name)),
        })
    }
}

/// The tail, enclosed. A threshold whose enclosure holds a whole number is taken on either side of it.
fn proved(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, p, tail, is_binomial) = (cell.integer("n"), cell.real("p"), tail(cell), cell.word("law") == "binomial");
    let beyond = move |m: u64| match is_binomial {
        true => tails::ln_binomial_tail(n, p, m, tail),
        false => Some(tails::ln_poisson_binomial_tail(&enclosed_spread(n, p), m as usize, tail)),
    };
    let at = move |threshold: f64| match tail {
        Tail::Upper if threshold > n as f64 => Some(Enclosure::new(f64::NEG_INFINITY)),
        Tail::Lower if threshold >= n as f64 => Some(Enclosure::ZERO),
        // X = n surely.
        Tail::Upper if p == 1.0 => Some(Enclosure::ZERO),
        Tail::Lower if p == 1.0 => Some(Enclosure::new(f64::NEG_INFINITY)),
        Tail::Upper => beyond(threshold.ceil() as u64),
        Tail::Lower => beyond(threshold.floor() as u64),
    };
    Ok(Estimator::proved(move || {
        let threshold = enclosed_threshold(cell);
        Some((at(threshold.lo())?.hull(at(threshold.hi())?), 1))
    }))
}

/// (1 + delta) mu_+ or (1 - delta) mu_-.
fn enclosed_threshold(cell: &Cell) -> Enclosure {
    let [p, delta, plus, minus] = ["p", "delta", "plus", "minus"].map(|name| Enclosure::new(cell.real(name)));
    let mean = Enclosure::whole(cell.integer("n")) * p;
    let threshold = match tail(cell) {
        Tail::Upper => (Enclosure::ONE + delta) * mean * plus,
        Tail::Lower => (Enclosure::ONE - delta) * mean * minus,
    };
    threshold.non_negative()
}

/// Draws sums, and counts those beyond the threshold.
fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    let (n, p) = (cell.integer("n"), cell.real("p"));
    let law = cell.word("law") == "binomial";
    let binomial =
        Binomial::new(n, p).map_err(|error| Error::unreachable(format!("p = {p}: {error}; take closed-form")))?;
    let batch = if law { 1024 } else { (65_536 / n).clamp(16, 1024) };
    let threshold = threshold(cell);
    let tail = tail(cell);
    Ok(Estimator::events(batch, move || {
        let probabilities = if law { Vec::new() } else { spread(n, p) };
        Box::new(move |stream| {
            let sum = match law {
                true => binomial.sample(stream),
                false => probabilities.iter().filter(|p| stream.random::<f64>() < **p).count() as u64,
            } as f64;
            Draw::event(if tail == Tail::Upper { sum >= threshold } else { sum <= threshold })
        })
    }))
}

fn mean(cell: &Cell) -> f64 {
    cell.real("n") * cell.real("p")
}

fn threshold(cell: &Cell) -> f64 {
    let delta = cell.real("delta");
    match tail(cell) {
        Tail::Upper => (1.0 + delta) * mean(cell) * cell.real("plus"),
        Tail::Lower => (1.0 - delta) * mean(cell) * cell.real("minus"),
    }
}

/// Probabilities around `p`, evenly spaced, as far apart as [0, 1] permits.
fn spread(n: u64, p: f64) -> Vec<f64> {
    let reach = p.min(1.0 - p) / n as f64;
    (1..=n).map(|i| p + reach * (2.0 * i as f64 - n as f64 - 1.0)).collect()
}

/// The same, exactly.
fn enclosed_spread(n: u64, p: f64) -> Vec<Enclosure> {
    let (p, all) = (Enclosure::new(p), Enclosure::whole(n));
    let rest = Enclosure::ONE - p;
    let reach = if p.lo() < 0.5 { p } else { rest } / all;
    let step = |i: u64| Enclosure::whole(2 * i) - all - Enclosure::ONE;
    (1..=n).map(|i| p + reach * step(i)).collect()
}

/// The tail of events with spread probabilities, counted by those of at most 1/2 on the mean.
fn spread_tail(n: u64, p: f64, m: u64, tail: Tail) -> Rounded {
    if p > 0.5 {
        let other = if tail == Tail::Upper { Tail::Lower } else { Tail::Upper };
        return spread_tail(n, 1.0 - p, n - m, other);
    }
    // Below, the probabilities have lost their digits.
    if p < LEAST_SPREAD {
        return Rounded { ln: f64::MIN, error: f64::INFINITY };
    }
    let folded = poisson_binomial_tail(&spread(n, p), m, tail);
    Rounded { error: folded.error + SPREAD, ..folded }
}

/// The tail's probability. A threshold that may be a whole number, but for rounding, is taken on either side of it.
fn exact(cell: &Cell) -> Evidence {
    let (n, p, tail) = (cell.integer("n"), cell.real("p"), tail(cell));
    let certain = |ln| Rounded { ln, error: 0.0 };
    let of_threshold = |threshold: f64| {
        let m = if tail == Tail::Upper { threshold.ceil() } else { threshold.floor() };
        if m > n as f64 {
            return certain(if tail == Tail::Upper { f64::NEG_INFINITY } else { 0.0 });
        }
        let m = m as u64;
        // X = n surely.
        if p == 1.0 {
            return certain(if tail == Tail::Upper || m == n { 0.0 } else { f64::NEG_INFINITY });
        }
        match cell.word("law") {
            "binomial" => binomial_tail(n, p, m, tail),
            _ => spread_tail(n, p, m, tail),
        }
    };
    let known = |tail: Rounded| Evidence::closed_form(tail.ln, tail.error, n);
    let at = threshold(cell);
    let ends = [at * (1.0 - THRESHOLD_ROUNDING), at * (1.0 + THRESHOLD_ROUNDING)].map(of_threshold).map(known);
    Evidence {
        ln: Some(of_threshold(at).ln),
        ln_lo: ends[0].ln_lo.min(ends[1].ln_lo),
        ln_hi: ends[0].ln_hi.max(ends[1].ln_hi),
        ..ends[0].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Verdict, judge};

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("chernoff").cell(given.iter().copied()).unwrap()
    }

    /// By scipy: binom.cdf(1000 * 0.0001, 100000, 1e-4) = Pr(X = 0) = (1 - 1e-4)^100000 = e^-10.0005; the printed bound is
    /// exp(-0.99^2 * 30 / 2) = e^-14.7.
    #[test]
    fn part_2_as_printed_is_false_far_above_the_mean() {
        let cell = cell(&[("tail", "lower"), ("n", "100000"), ("p", "1e-4"), ("delta", "0.99"), ("plus", "3")]);
        let evidence = exact(&cell);
        assert!((evidence.ln.unwrap() + 10.000_500_03).abs() < 1e-8, "{evidence:?}");
        let bounds = claim("chernoff").bounds(&cell).unwrap();
        assert!(claim("chernoff").hypotheses(&cell).iter().all(Hypothesis::is_met));
        let verdicts: Vec<Verdict> = bounds.iter().map(|bound| judge(&evidence, bound, Relation::AtMost)).collect();
        assert_eq!(verdicts, [Verdict::Violated, Verdict::Holds]);
    }

    /// (1 + 0.1) 50 is 55, but 55.00000000000001 in doubles.
    #[test]
    fn a_whole_threshold_is_not_lost_to_rounding() {
        let evidence = exact(&cell(&[("tail", "upper"), ("n", "100"), ("p", "0.5"), ("delta", "0.1")]));
        // Pr(X >= 55) and Pr(X >= 56) of 100 fair coins.
        assert!((evidence.ln_hi.exp() - 0.184_100_808_663_348).abs() < 1e-9, "{evidence:?}");
        assert!((evidence.ln_lo.exp() - 0.135_626_512_036_917).abs() < 1e-9, "{evidence:?}");
    }

    #[test]
    fn spread_probabilities_are_permitted_and_have_their_mean() {
        for (n, p) in [(1, 0.3), (2, 0.9), (7, 0.5), (100, 0.01)] {
            let all = spread(n, p);
            assert!(all.iter().all(|p| (0.0..1.0).contains(p) && *p > 0.0), "{all:?}");
            assert!((all.iter().sum::<f64>() - n as f64 * p).abs() < 1e-12);
        }
    }
}
