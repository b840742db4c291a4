//! Planted tickets: a kernel that some filters of a random pair add up to exactly must be found again.

use super::kernel_pruning::check_size;
use super::*;
use crate::subset_sum::{Budget, Outcome, Problem, solve};
use crate::tickets::cnn::Kernel;
use crate::tickets::nsn::Target;
use crate::tickets::nsn::boxes::ln_box;
use crate::tickets::pruning::{Filters, Pair, RandomPair, Sign};

/// The claim that the engine finds what is there.
pub struct PlantedTicket;

/// Relative tolerance of the quadratures.
const TOLERANCE: f64 = 1e-6;

impl Measurand for PlantedTicket {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Literal, |cell| {
            Ok(Estimator::events(8, move || Box::new(move |stream| Draw::event(is_found(cell, stream)))))
        })]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let at_once = rayon::current_num_threads();
        check_size(cell.integer("n"), cell.integer("d") as usize, 1, cell.integer("c1") as usize, at_once)
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "others" => others(cell),
            "entries" => Number::new(entries(cell) as f64),
            _ => return Err(undeclared(name)),
        })
    }
}

/// d^2 c1.
fn entries(cell: &Cell) -> u64 {
    cell.integer("d").pow(2) * cell.integer("c1")
}

/// E. The sums of two subsets differ by the vectors that are in one of them only, with signs, which change nothing in law; each
/// of the n filters reads the positive part with probability 1/2.
fn others(cell: &Cell) -> Number {
    let (n, d, eps) = (cell.integer("n"), entries(cell), cell.real("eps"));
    let term = |j: u64| {
        let near = Evidence::quadrature(ln_box(j, d, eps, &Target::Origin, TOLERANCE));
        Number::whole(n).binomial(Number::whole(j)) * Number::new(0.5).pow(Number::whole(j)) * near.number()
    };
    (1..=n).map(term).fold(Number::new(0.0), |sum, term| sum + term)
}

/// Plants a ticket in a pair that is drawn, and searches it.
fn is_found(cell: &Cell, stream: &mut Stream) -> bool {
    let [n, side, outputs] = ["n", "d", "c1"].map(|name| cell.integer(name) as usize);
    let shape = Kernel::zeros(outputs, 1, side);
    let pair = RandomPair::draw(&shape, n, stream).expect("the width is at least 1");
    let candidates = pair.candidates(0, Sign::Positive, Filters::HalfBlocks);
    let vectors: Vec<f64> = candidates.iter().flat_map(|&filter| pair.vector(filter)).collect();
    let size = candidates.len().min(cell.integer("m") as usize);
    let mut planted = rand::seq::index::sample(stream, candidates.len(), size).into_vec();
    planted.sort_unstable();
    let dimension = shape.data().len();
    let mut ticket = vec![0.0; dimension];
    for &index in &planted {
        ticket.iter_mut().zip(&vectors[index * dimension..]).for_each(|(sum, x)| *sum += x);
    }
    let problem = Problem::new(&vectors, dimension, &ticket, cell.real("eps"), None).expect("what was drawn is finite");
    match solve(&problem, stream, &Budget::COUNTED).outcome {
        Outcome::Found(solution) => cell.word("quantity") == "found" || solution.subset == planted,
        Outcome::None => unreachable!("the ticket is there"),
        Outcome::GaveUp { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;

    fn cell(given: &[(&str, &str)]) -> Cell {
        claim("planted-ticket").cell(given.iter().copied()).unwrap()
    }

    fn hits(cell: &Cell, draws: u64) -> usize {
        let stream = |batch| Address { seed: 3, experiment: "test", cell: "any", estimator: "literal", batch }.stream();
        (0..draws).filter(|&batch| is_found(cell, &mut stream(batch))).count()
    }

    #[test]
    fn what_was_planted_is_found_whatever_its_size() {
        for given in [
            [("n", "30"), ("d", "1"), ("m", "5"), ("eps", "1e-9")],
            [("n", "24"), ("d", "3"), ("m", "0"), ("eps", "1e-3")],
            [("n", "40"), ("d", "2"), ("m", "40"), ("eps", "1e-9")],
            [("n", "1"), ("d", "2"), ("m", "1"), ("eps", "1e-9")],
        ] {
            assert_eq!(hits(&cell(&given), 12), 12, "{given:?}");
        }
    }

    /// Where no other subset is near, the one found is the one planted; where many are, another one is.
    #[test]
    fn the_ticket_itself_comes_back_where_it_is_alone() {
        let same = |n, eps| cell(&[("n", n), ("d", "1"), ("eps", eps), ("quantity", "same")]);
        assert!(others(&same("16", "1e-9")).ln_abs() < -14.0 && hits(&same("16", "1e-9"), 30) == 30);
        assert!(others(&same("40", "1e-2")).ln_abs() > 5.0 && hits(&same("40", "1e-2"), 30) < 10);
    }

    /// The expected number of others by counting all subsets of 300 pairs: 5 standard errors of the mean (chance of failing
    /// 1e-6).
    #[test]
    fn others_are_counted() {
        let cell = cell(&[("n", "14"), ("d", "1"), ("c1", "2"), ("m", "3"), ("eps", "0.05")]);
        let mut stream = Stream::new(15, 16);
        let counts: Vec<f64> = (0..300)
            .map(|_| {
                let pair = RandomPair::draw(&Kernel::zeros(2, 1, 1), 14, &mut stream).unwrap();
                let candidates = pair.candidates(0, Sign::Positive, Filters::HalfBlocks);
                let vectors: Vec<f64> = candidates.iter().flat_map(|&filter| pair.vector(filter)).collect();
                let ticket: Vec<f64> = (0..2).map(|i| vectors.chunks(2).take(3).map(|v| v[i]).sum()).collect();
                let problem = Problem::new(&vectors, 2, &ticket, 0.05, None);
                problem.map_or(0.0, |problem| crate::subset_sum::exact::count(&problem) as f64 - 1.0)
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / 300.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 299.0;
        let expected = others(&cell).value();
        assert!((mean - expected).abs() < 5.0 * (variance / 300.0).sqrt(), "{mean} {expected}");
    }
}
