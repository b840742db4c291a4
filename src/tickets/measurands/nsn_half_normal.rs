//! Lemma 18: a half-normal scale gives the same law as a normal one.

use rand::RngExt;
use rand_distr::{Exp1, StandardNormal};

use super::*;
use crate::evidence::quadrature::integrate;
use crate::numeric::ln_chi_square_moment;
use crate::tickets::nsn::boxes::{ln_box, ln_box_of_scale};
use crate::tickets::nsn::sampling::{add_nsn_vector, in_box};

/// The claim of Lemma 18.
pub struct NsnHalfNormal;

/// How far the measured value may be from that of the NSN law and count as equal.
const EQUAL: f64 = 0.02;
/// Relative tolerance of the quadratures: far below what counts as equal.
const TOLERANCE: f64 = 1e-9;
const BUDGET: u64 = 1_000_000;

impl Measurand for NsnHalfNormal {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Quadrature, quadrature), Procedure::new(Method::Literal, literal)]
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "nsn" => of_nsn(cell)?,
            _ => return Err(undeclared(name)),
        })
    }
}

fn quadrature(cell: &Cell) -> Result<Estimator<'_>> {
    let of_box = match cell.word("statistic") {
        "overlap" => {
            return Err(Error::unreachable(
                "the overlap of two samples is measured by literal; quadrature measures box and moment",
            ));
        }
        statistic => statistic == "box",
    };
    Ok(Estimator::deterministic(move || {
        Ok(Evidence::quadrature(if of_box { box_probability(cell) } else { moment(cell) }))
    }))
}

fn literal(cell: &Cell) -> Result<Estimator<'_>> {
    match cell.word("statistic") {
        "box" => Ok(literal_box(cell)),
        "overlap" => Ok(Estimator::Sampled(Box::new(move |stream, allowance| Ok(overlap(cell, stream, allowance))))),
        _ => Err(Error::unreachable("a moment has no limits from a sample; take quadrature")),
    }
}

/// The number as it is for an NSN vector.
fn of_nsn(cell: &Cell) -> Result<Number> {
    let d = cell.integer("d");
    match cell.word("statistic") {
        "box" => {
            let integral = ln_box(1, d, cell.real("eps"), &Target::of(cell), TOLERANCE);
            let near = integral.relative_error < EQUAL * 1e-3;
            near.then(|| Evidence::quadrature(integral).number())
                .ok_or_else(|| Error::unreachable("the quadrature does not converge; take parameters nearer to 1"))
        }
        // The scale's moment: (Z^2)^(power d/2) under chi-square with 1 degree of freedom.
        "moment" => {
            let ln_scale = ln_chi_square_moment(1.0, 0.5 * d as f64 * cell.real("power"));
            Ok(Number::from_ln(ln_scale) * Number::from_ln(ln_normal_moments(cell)))
        }
        _ => Ok(Number::new(1.0)),
    }
}

/// ln prod_i E|Z_i|^power.
fn ln_normal_moments(cell: &Cell) -> f64 {
    cell.real("d") * ln_chi_square_moment(1.0, 0.5 * cell.real("power"))
}

/// ln of the density of ln Z at `u`.
fn ln_density_of_log(scale: &str, u: f64) -> f64 {
    match scale {
        "half-normal" => 0.5 * (2.0 / std::f64::consts::PI).ln() + u - 0.5 * (2.0 * u).exp(),
        _ => u - u.exp(),
    }
}

/// Pr(Y in I_eps(z)) as an integral over the scale's own law.
fn box_probability(cell: &Cell) -> crate::evidence::quadrature::Integral {
    let scale = cell.word("scale");
    // s = Z^2: a half of the density at ln s / 2.
    let ln_density = |ln_s: f64| ln_density_of_log(scale, 0.5 * ln_s) - std::f64::consts::LN_2;
    ln_box_of_scale(1, cell.integer("d"), cell.real("eps"), &Target::of(cell), TOLERANCE, ln_density)
}

/// E[prod |Y_i|^power] as an integral over the scale's own law.
fn moment(cell: &Cell) -> crate::evidence::quadrature::Integral {
    let (scale, power) = (cell.word("scale"), cell.real("d") * cell.real("power"));
    let ln_f = |u: &[f64; 1]| ln_density_of_log(scale, u[0]) + power * u[0];
    let mut integral = integrate(ln_f, &[[0.5 * power.ln()]], TOLERANCE, BUDGET);
    integral.ln += ln_normal_moments(cell);
    integral
}

/// Adds Y to a vector of zeros.
fn add_scaled(scale: &str, vector: &mut [f64], stream: &mut Stream) {
    let z: f64 =
        if scale == "half-normal" { stream.sample::<f64, _>(StandardNormal).abs() } else { stream.sample(Exp1) };
    for entry in vector {
        let normal: f64 = stream.sample(StandardNormal);
        *entry += z * normal;
    }
}

fn literal_box(cell: &Cell) -> Estimator<'_> {
    let d = cell.integer("d");
    let (eps, z, scale) = (cell.real("eps"), Target::of(cell).vector(1, d), cell.word("scale"));
    Estimator::events(1024, move || {
        let (mut vector, z) = (vec![0.0; d as usize], z.clone());
        Box::new(move |stream| {
            vector.fill(0.0);
            add_scaled(scale, &mut vector, stream);
            Draw::event(in_box(&vector, &z, eps))
        })
    })
}

/// 1 minus the largest distance between the two laws' distribution functions of the norm and of the coordinates' sum, by as
/// many vectors of each. An empirical distribution function is further than sqrt(ln(2/beta)/(2m)) from its law with
/// probability at most beta (Massart 1990); four of them share alpha.
fn overlap(cell: &Cell, stream: &mut Stream, allowance: &Allowance) -> Evidence {
    let (d, scale) = (cell.integer("d") as usize, cell.word("scale"));
    let m = allowance.replicates.max(1);
    let mut sample = |add: &dyn Fn(&mut [f64], &mut Stream)| {
        let mut vector = vec![0.0; d];
        let views = (0..m).map(|_| {
            vector.fill(0.0);
            add(&mut vector, stream);
            let square: f64 = vector.iter().map(|y| y * y).sum();
            [square, vector.iter().sum()]
        });
        let views: Vec<[f64; 2]> = views.collect();
        [0, 1].map(|view| sorted(views.iter().map(|values| values[view])))
    };
    let nsn = sample(&|vector, stream| add_nsn_vector(vector, stream));
    let scaled = sample(&|vector, stream| add_scaled(scale, vector, stream));
    let distance = (0..2).map(|view| largest_distance(&nsn[view], &scaled[view])).fold(0.0, f64::max);
    let margin = 2.0 * ((8.0 / allowance.alpha).ln() / (2.0 * m as f64)).sqrt();
    let (lo, hi) = (1.0 - distance - margin, (1.0 - distance + margin).min(1.0));
    Evidence::enclosed(Some((1.0 - distance).ln()), lo.max(0.0).ln(), hi.ln(), Method::Literal, 2 * m)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The largest distance between two empirical distribution functions of as many values.
fn largest_distance(one: &[f64], other: &[f64]) -> f64 {
    let (mut i, mut j, mut largest) = (0, 0, 0usize);
    while i < one.len() && j < other.len() {
        if one[i] <= other[j] {
            i += 1
        } else {
            j += 1
        }
        largest = largest.max(i.abs_diff(j));
    }
    largest as f64 / one.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("nsn-half-normal").cell(given.iter().copied()).unwrap()
    }

    fn compared(given: &[(&str, &str)]) -> f64 {
        let cell = cell(given);
        let integral = if cell.word("statistic") == "box" { box_probability(&cell) } else { moment(&cell) };
        (integral.ln - of_nsn(&cell).unwrap().ln_abs()).abs()
    }

    #[test]
    fn boxes_and_moments_are_those_of_nsn_vectors() {
        for d in ["1", "3", "16", "200"] {
            for target in ["origin", "axis", "spread"] {
                let given = [("d", d), ("eps", "1e-4"), ("target", target)];
                assert!(compared(&given) < 1e-7, "{given:?}");
            }
            for power in ["1", "2", "5"] {
                assert!(compared(&[("d", d), ("statistic", "moment"), ("power", power)]) < 1e-7, "{d} {power}");
            }
        }
        assert!(compared(&[("d", "3"), ("scale", "exponential")]) > 0.1);
    }

    #[test]
    fn distances_of_small_samples() {
        assert_eq!(largest_distance(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(largest_distance(&[1.0, 3.0], &[2.0, 4.0]), 0.5);
        assert_eq!(largest_distance(&[1.0, 2.0, 3.0, 4.0], &[1.5, 2.5, 3.5, 4.5]), 0.25);
    }

    /// A false alarm has probability 1e-3 by Massart's inequality, and the seed is fixed.
    #[test]
    fn samplers_of_one_law_overlap_and_of_two_do_not() {
        let stream =
            || Address { seed: 3, experiment: "half", cell: "normal", estimator: "overlap", batch: 0 }.stream();
        let allowance = Allowance { replicates: 20_000, ..Allowance::TEST };
        let same = overlap(&cell(&[("d", "4"), ("statistic", "overlap")]), &mut stream(), &allowance);
        assert!(same.ln_hi == 0.0 && same.ln_lo > 0.9f64.ln(), "{same:?}");
        let given = [("d", "4"), ("statistic", "overlap"), ("scale", "exponential")];
        let other = overlap(&cell(&given), &mut stream(), &allowance);
        assert!(other.ln_hi < 0.0, "{other:?}");
    }
}
