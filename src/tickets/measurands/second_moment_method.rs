//! Lemma 15: the second-moment method, on textbook variables and on the subset-sum number T.

use rand::RngExt;
use rand_distr::{Binomial, Distribution, Poisson};

use super::second_moment::{SecondMoment, identity};
use super::*;
use crate::subset_sum::KSubsetCounter;
use crate::tickets::nsn::sampling::add_nsn_vector;

/// The claim of Lemma 15.
pub struct SecondMomentMethod;

/// A textbook variable with its exact moments.
struct Textbook {
    positive: Number,
    mean: Number,
    second: Number,
}

impl Textbook {
    /// `None` for the subset-sum number.
    fn of(cell: &Cell) -> Option<Self> {
        let (p, n, one) = (Number::new(cell.real("p")), Number::whole(cell.integer("n")), Number::new(1.0));
        let of = |positive, mean, second| Some(Textbook { positive, mean, second });
        let missed = |ln_each: Number| -(n * ln_each).exp_m1();
        match cell.word("variable") {
            "indicator" => of(p, p, p),
            // At p = 1 it is n.
            "binomial" if p == one => of(one, n, n * n),
            "binomial" => of(missed((-p).ln_1p()), n * p, n * p * (one - p) + n * p * (n * p)),
            "poisson" => of(missed(-p), n * p, n * p + n * p * (n * p)),
            // Infinite at p = 1, which is refused.
            "geometric" => of(p, p / (one - p), p * (one + p) / ((one - p) * (one - p))),
            "uniform" => of(p, p / Number::new(2.0), p / Number::new(3.0)),
            "exponential" => of(p, p, p * Number::new(2.0)),
            "negative" => of(Number::new(0.0), -p, p),
            _ => None,
        }
    }
}

/// |E[Z]| and E[Z^2].
fn moments(cell: &Cell) -> Result<(Number, Number)> {
    match Textbook::of(cell) {
        Some(textbook) => Ok((textbook.mean.abs(), textbook.second)),
        None => Ok((identity(cell, "first")?, identity(cell, "second")?)),
    }
}

impl Measurand for SecondMomentMethod {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::ClosedForm, closed_form), Procedure::new(Method::Literal, literal)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        match cell.word("variable") {
            "subset-sums" => SecondMoment.check(cell),
            "geometric" if cell.real("p") == 1.0 => {
                Err(Error::input("a geometric variable with p = 1 never ends; write p below 1"))
            }
            _ => Ok(()),
        }
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "norm1_squared" => norm1_squared(cell),
            "mean" => moments(cell)?.0,
            "second" => moments(cell)?.1,
            _ => return Err(undeclared(name)),
        })
    }

    fn trials(&self, cell: &Cell, _parameter: &str, stream: &mut Stream) -> Vec<Vec<f64>> {
        target_trials(cell, stream)
    }
}

fn closed_form(cell: &Cell) -> Result<Estimator<'_>> {
    let textbook = Textbook::of(cell).ok_or_else(|| {
        Error::unreachable("Pr(T > 0) has no closed form; take literal, which enumerates all k-subsets")
    })?;
    Ok(Estimator::deterministic(move || Ok(Evidence::of_number(textbook.positive, Method::ClosedForm, 1))))
}

fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    if cell.word("variable") == "subset-sums" { Ok(literal_sums(cell)) } else { literal_textbook(cell) }
}

/// Draws the variable, and asks whether it is positive.
fn literal_textbook<'a>(cell: &Cell) -> Result<Estimator<'a>> {
    let (p, n) = (cell.real("p"), cell.integer("n"));
    let unlike =
        |error: String| Error::unreachable(format!("p = {p}, n = {n}: no such law ({error}); take closed-form"));
    let binomial = Binomial::new(n, p).map_err(|error| unlike(error.to_string()))?;
    let poisson = Poisson::new(n as f64 * p).map_err(|error| unlike(error.to_string()))?;
    let variable = cell.word("variable").to_string();
    Ok(Estimator::events(4096, move || {
        let variable = variable.clone();
        Box::new(move |stream| {
            let positive = match variable.as_str() {
                "binomial" => binomial.sample(stream) > 0,
                "poisson" => poisson.sample(stream) > 0.0,
                "negative" => false,
                // An event of probability p comes first; what follows it is positive.
                _ => stream.random::<f64>() < p,
            };
            Draw::event(positive)
        })
    }))
}

/// Draws the vectors, and asks whether any k-subset's sum lies in the box.
fn literal_sums(cell: &Cell) -> Estimator<'_> {
    let (n, k, d) = (cell.integer("n"), cell.integer("k"), cell.integer("d") as usize);
    let (eps, z) = (cell.real("eps"), Target::of(cell).vector(k, d as u64));
    Estimator::events(64, move || {
        let (mut vectors, z) = (vec![0.0; n as usize * d], z.clone());
        let mut counter = KSubsetCounter::new(d, k as usize);
        Box::new(move |stream| {
            vectors.fill(0.0);
            vectors.chunks_mut(d).for_each(|vector| add_nsn_vector(vector, stream));
            Draw::event(counter.count(&vectors, &z, eps) > 0)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(variable: &str, p: f64) -> Cell {
        claim("second-moment-method").cell([("variable", variable), ("p", &p.to_string()), ("n", "3")]).unwrap()
    }

    /// The moments by summing over the laws, to where their terms vanish.
    #[test]
    fn moments_are_those_of_the_laws() {
        let (p, mean) = (0.3f64, 0.9f64);
        let law = |name: &str, i: i32| match name {
            "binomial" => [0.343, 0.441, 0.189, 0.027].get(i as usize).copied().unwrap_or(0.0),
            "poisson" => (f64::from(i) * mean.ln() - mean - libm::lgamma(f64::from(i) + 1.0)).exp(),
            _ => p.powi(i) * (1.0 - p),
        };
        for name in ["binomial", "poisson", "geometric"] {
            let moment = |power: i32| (0..200).map(|i| f64::from(i).powi(power) * law(name, i)).sum::<f64>();
            let textbook = Textbook::of(&cell(name, p)).unwrap();
            assert!((textbook.mean.value() - moment(1)).abs() < 1e-12, "{name}");
            assert!((textbook.second.value() - moment(2)).abs() < 1e-12, "{name}");
            assert!((textbook.positive.value() - (1.0 - law(name, 0))).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn the_hypothesis_is_needed() {
        let cell = cell("negative", 0.5);
        assert!(!claim("second-moment-method").hypotheses(&cell)[0].is_met());
        assert!((claim("second-moment-method").bounds(&cell).unwrap()[0].ln - 0.5f64.ln()).abs() < 1e-15);
    }
}
