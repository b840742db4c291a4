//! Families of laws on an interval, of which a statement speaks all: their two- and three-point laws, which are the extreme ones of
//! bounds like Hoeffding's, and a search for the worst of these. What is measured is one law's, so that it may refute and never confirms.

use std::collections::BTreeSet;

use super::law::{Base, Law};
use crate::evidence::{Evidence, Method};
use crate::formula::Number;
use crate::numeric::number;

/// All laws on an interval with conditions on their mean and variance.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub low: f64,
    pub high: f64,
    /// Between which numbers the mean lies.
    pub mean: (f64, f64),
    /// How far the mean may be off by the rounding of the number that was given.
    pub rounding: f64,
    /// The largest variance.
    pub variance: f64,
}

/// A law of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub law: Law,
    /// Its probabilities are those of a law of the family up to this relative error.
    pub error: f64,
    /// As a declaration writes it.
    pub text: String,
}

/// Places of a two-point law along each of its coordinates in the first look, and from how many of the best one goes on.
const PLACES: usize = 9;
const STARTS: usize = 3;
/// The last step of a pattern search, which halves its steps.
const LAST_STEP: f64 = 1e-9;
/// Three-point laws have their points at so many places of the interval, and weights of so many parts.
const LATTICE: usize = 8;
const WEIGHTS: usize = 8;
/// Probabilities below this are those of a law with a point less.
const LEAST: f64 = 1e-6;
/// Larger relative errors of probabilities are refused.
const MOST_ERROR: f64 = 1e-6;

impl Family {
    /// A two-point law by its coordinates from 0 to 1: the mean, how far the upper point lies above it, and the lower one below it.
    fn two(&self, [of_mean, of_upper, of_lower]: [f64; 3]) -> Option<Member> {
        let mean = self.mean.0 + of_mean * (self.mean.1 - self.mean.0);
        let upper = (mean + of_upper * (self.high - mean)).clamp(mean, self.high);
        let most = match upper > mean {
            // A little less than the variance allows, whatever is rounded.
            true => (mean - self.low).min(self.variance * (1.0 - 8.0 * f64::EPSILON) / (upper - mean)),
            false => 0.0,
        };
        let lower = (mean - of_lower * most).clamp(self.low, mean);
        let chance = if upper > lower { (mean - lower) / (upper - lower) } else { 1.0 };
        self.member(Number::new(1.0), Number::new(0.0), &[(lower, 1.0 - chance), (upper, chance)])
    }

    /// A three-point law with its points on the lattice.
    fn three(&self, mean: f64, places: [usize; 3], weight: f64) -> Option<Member> {
        let step = (Number::new(self.high) - Number::new(self.low)) / Number::whole(LATTICE as u64);
        let at = places.map(|place| self.low + place as f64 * step.value());
        let upper = (mean - weight * at[1] - (1.0 - weight) * at[0]) / (at[2] - at[0]);
        let chances = [1.0 - weight - upper, weight, upper];
        let variance: f64 = at.iter().zip(chances).map(|(x, p)| p * (x - mean).powi(2)).sum();
        if !chances.iter().all(|p| *p >= LEAST) || variance > self.variance * (1.0 - 1e-12) {
            return None;
        }
        let points: Vec<(f64, f64)> = places.iter().map(|place| *place as f64).zip(chances).collect();
        self.member(step, Number::new(self.low), &points)
    }

    /// The weight of the middle point with which the variance is as large as it may be, but for rounding.
    fn least_weight(&self, mean: f64, places: [usize; 3]) -> f64 {
        let [first, middle, last] =
            places.map(|place| self.low + (self.high - self.low) * place as f64 / LATTICE as f64);
        let without = (mean - first) * (last - mean);
        (without - self.variance * (1.0 - 1e-11)) / ((middle - first) * (last - middle))
    }

    /// The law of some points times a scale and shifted, with how exactly it is one of the family.
    fn member(&self, scale: Number, shift: Number, points: &[(f64, f64)]) -> Option<Member> {
        let points: Vec<(f64, f64)> = points.iter().copied().filter(|(_, p)| *p > 0.0).collect();
        let (values, chances): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let place = |x: f64| scale.value() * x + shift.value();
        let width = place(*values.last()?) - place(*values.first()?);
        let size = self.low.abs().max(self.high.abs());
        // The probabilities that give the mean itself differ by so much.
        let moved = match width > 0.0 {
            true => (self.rounding + 8.0 * f64::EPSILON * size) / width + 8.0 * f64::EPSILON,
            false if self.rounding > 0.0 => f64::INFINITY,
            false => 0.0,
        };
        let least = chances.iter().copied().fold(1.0, f64::min);
        let list = |numbers: Vec<f64>| numbers.into_iter().map(number).collect::<Vec<_>>().join(", ");
        let text =
            format!("points([{}], [{}])", list(values.iter().map(|x| place(*x)).collect()), list(chances.clone()));
        let law = Law::standard(Base::Points(values, chances)).moved(scale, shift);
        (moved / least <= MOST_ERROR).then_some(Member { law, error: moved / least, text })
    }

    /// Any of its laws.
    pub fn example(&self) -> Option<Member> {
        [0.5, 1.0, 0.0].iter().find_map(|of_mean| self.two([*of_mean, 1.0, 1.0]))
    }

    /// The law that is worst by `measure`, with its evidence: of the greatest lower limit, or else of the least upper one. A law of
    /// which nothing is known exactly is passed over; `None` where all are. Laws of three points are looked at `with_three` only.
    pub fn worst(
        &self,
        greatest: bool,
        with_three: bool,
        measure: impl Fn(&Member) -> Option<Evidence>,
    ) -> Option<(Member, Evidence)> {
        let mut search = Search { family: self, greatest, measure, best: None, laws: 0 };
        let mut seen: Vec<([f64; 3], f64)> = Vec::new();
        let places = |count: usize| (0..count).map(move |i| i as f64 / (count - 1) as f64);
        let means: Vec<f64> = if self.mean.0 == self.mean.1 { vec![0.0] } else { places(PLACES).collect() };
        for &of_mean in &means {
            for (of_upper, of_lower) in places(PLACES).flat_map(|upper| places(PLACES).map(move |lower| (upper, lower)))
            {
                let at = [of_mean, of_upper, of_lower];
                seen.extend(search.two(at).map(|size| (at, size)));
            }
        }
        seen.sort_by(|a, b| b.1.total_cmp(&a.1));
        seen.iter().take(STARTS).for_each(|(at, size)| search.climb(*at, *size));
        for of_mean in BTreeSet::from([0, means.len() / 2, means.len() - 1]).into_iter().filter(|_| with_three) {
            search.three(self.mean.0 + means[of_mean] * (self.mean.1 - self.mean.0));
        }
        let laws = search.laws;
        search.best.map(|(member, evidence, _)| (member, Evidence { method: Method::Search, work: laws, ..evidence }))
    }
}

struct Search<'a, F> {
    family: &'a Family,
    greatest: bool,
    measure: F,
    best: Option<(Member, Evidence, f64)>,
    laws: u64,
}

impl<F: Fn(&Member) -> Option<Evidence>> Search<'_, F> {
    /// How bad a law is, on a scale on which more is worse.
    fn look(&mut self, member: Member) -> Option<f64> {
        let evidence = (self.measure)(&member)?;
        self.laws += 1;
        let size = if self.greatest { evidence.ln_lo } else { -evidence.ln_hi };
        if self.best.as_ref().is_none_or(|(.., best)| size > *best) {
            self.best = Some((member, evidence, size));
        }
        Some(size)
    }

    fn two(&mut self, at: [f64; 3]) -> Option<f64> {
        let member = self.family.two(at)?;
        self.look(member)
    }

    /// A pattern search: steps along each coordinate, halved where none is better.
    fn climb(&mut self, mut at: [f64; 3], mut size: f64) {
        let first = usize::from(self.family.mean.0 == self.family.mean.1);
        let mut step = 1.0 / (PLACES - 1) as f64;
        while step > LAST_STEP {
            let before = size;
            for (index, sign) in (first..3).flat_map(|index| [(index, 1.0), (index, -1.0)]) {
                let mut next = at;
                next[index] = (at[index] + sign * step).clamp(0.0, 1.0);
                if let Some(found) = self.two(next).filter(|found| *found > size) {
                    (at, size) = (next, found);
                }
            }
            if size == before {
                step *= 0.5;
            }
        }
    }

    fn three(&mut self, mean: f64) {
        let triples =
            (0..=LATTICE).flat_map(|i| (i + 1..=LATTICE).flat_map(move |j| (j + 1..=LATTICE).map(move |k| [i, j, k])));
        for places in triples {
            let weights = (1..WEIGHTS).map(|part| part as f64 / WEIGHTS as f64);
            for weight in weights.chain([self.family.least_weight(mean, places)]) {
                if let Some(member) = self.family.three(mean, places, weight) {
                    self.look(member);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(mean: (f64, f64), variance: f64) -> Family {
        Family { low: 0.0, high: 1.0, mean, rounding: 0.0, variance }
    }

    /// All laws that are looked at lie in the interval and meet the conditions.
    #[test]
    fn laws_belong_to_their_family() {
        let family = unit((0.2, 0.3), 0.05);
        let worst = family.worst(true, true, |member| {
            let (low, high) = member.law.support();
            let mean = member.law.mean().unwrap().value();
            let points = member.law.outcomes(9).unwrap();
            let variance: f64 = points.iter().map(|(x, p)| p.ln.exp() * (x.value() - mean).powi(2)).sum();
            assert!(low >= -1e-15 && high <= 1.0 + 1e-15 && variance <= 0.05 + 1e-12, "{member:?}");
            assert!((0.2 - 1e-12..=0.3 + 1e-12).contains(&mean) && member.error < 1e-9, "{member:?}");
            Some(Evidence::closed_form(variance.max(1e-300).ln(), 0.0, 1))
        });
        let (_, evidence) = worst.unwrap();
        assert!((evidence.ln.unwrap().exp() - 0.05).abs() < 1e-6 && evidence.work > 500, "{evidence:?}");
    }

    /// The chance of 1 is greatest for the law on 0 and 1, that of 0 least for the law that is 0.3.
    #[test]
    fn the_worst_law_is_found() {
        let family = unit((0.3, 0.3), f64::INFINITY);
        let chance = |member: &Member, at: f64| {
            let chance = member.law.tail(Number::new(at), crate::tails::Tail::Upper, false);
            Some(chance.evidence(Method::ClosedForm, 1))
        };
        let (member, evidence) = family.worst(true, true, |member| chance(member, 1.0)).unwrap();
        assert_eq!((member.text.as_str(), evidence.ln.map(f64::exp)), ("points([0, 1], [0.7, 0.3])", Some(0.3)));
        let (member, _) = family.worst(true, true, |member| chance(member, 0.6)).unwrap();
        assert!(member.text.starts_with("points([0, 0.6"), "{}", member.text);
    }
}
