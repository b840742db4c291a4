//! Laws of one number: how it is drawn, its tails, its mean, and the laws of sums and extremes of independent copies.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use statrs::distribution::ContinuousCDF;

use super::chance::Chance;
use crate::formula::Number;
use crate::normals::{BLOCK, Normals};
use crate::numeric::ln_binomial_ends;
use crate::random::Stream;
use crate::tails::{Rounded, Tail, binomial_tail, ln_chi_square_tail, sum_of_ratios};

/// scale X + shift, for X of a standard law.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    pub scale: Number,
    pub shift: Number,
    pub base: Base,
}

/// Standard laws. Those of whole numbers have steps of 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    Bernoulli(f64),
    Binomial(u64, f64),
    Poisson(Number),
    /// Failures before the r-th success.
    Failures(u64, f64),
    Hypergeometric {
        population: u64,
        marked: u64,
        drawn: u64,
    },
    /// 0 to n - 1, each as likely.
    Integers(u64),
    /// Values, rising, with their probabilities.
    Points(Vec<f64>, Vec<f64>),
    /// On [0, 1].
    Uniform,
    Normal,
    /// Of rate 1.
    Gamma(Number),
    StudentT(f64),
    Beta(f64, f64),
    /// A law under the condition that it lies between two numbers.
    Truncated(Box<Law>, f64, f64),
    /// Laws with their weights.
    Mixture(Vec<(f64, Law)>),
    /// The absolute value.
    Magnitude(Box<Law>),
    /// The largest of n.
    Largest(Box<Law>, u64),
}

/// Draws one number after another.
pub struct Sampler(Box<Fill>);

type Fill = dyn Fn(&mut Stream, &mut [f64]) + Send + Sync;

impl Sampler {
    /// Fills a place at a time.
    pub fn each(draw: impl Fn(&mut Stream) -> f64 + Send + Sync + 'static) -> Self {
        Sampler(Box::new(move |stream, numbers| numbers.iter_mut().for_each(|x| *x = draw(stream))))
    }

    /// Draws a number for each place.
    pub fn fill(&self, stream: &mut Stream, numbers: &mut [f64]) {
        (self.0)(stream, numbers);
    }

    /// Draws one number.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let mut number = [0.0];
        self.fill(stream, &mut number);
        number[0]
    }

    /// Draws scale x + shift.
    fn moved(self, scale: f64, shift: f64) -> Self {
        if (scale, shift) == (1.0, 0.0) {
            return self;
        }
        Sampler(Box::new(move |stream, numbers| {
            self.fill(stream, numbers);
            numbers.iter_mut().for_each(|x| *x = scale * *x + shift);
        }))
    }
}

/// Fair bits, 64 of each random word, eight at a time.
fn fill_with_bits(stream: &mut Stream, numbers: &mut [f64]) {
    for block in numbers.chunks_mut(64) {
        let bytes = stream.next_u64().to_le_bytes();
        for (eight, byte) in block.chunks_mut(8).zip(bytes) {
            eight.copy_from_slice(&BITS[usize::from(byte)][..eight.len()]);
        }
    }
}

/// The bits of each byte, the lowest first.
static BITS: [[f64; 8]; 256] = {
    let mut bits = [[0.0; 8]; 256];
    let mut place = 0;
    while place < 256 * 8 {
        bits[place / 8][place % 8] = (((place / 8) >> (place % 8)) & 1) as f64;
        place += 1;
    }
    bits
};

/// Whole numbers below n, two of each random word: the upper half of n times 32 random bits, but for the lower halves that would
/// make some numbers more likely than others (Lemire 2019).
fn fill_with_integers(n: u32, stream: &mut Stream, numbers: &mut [f64]) {
    let refused = n.wrapping_neg() % n;
    let mut spare = None;
    for x in numbers {
        *x = loop {
            let bits = spare.take().unwrap_or_else(|| {
                let word = stream.next_u64();
                spare = Some((word >> 32) as u32);
                word as u32
            });
            let product = u64::from(bits) * u64::from(n);
            if product as u32 >= refused {
                break (product >> 32) as f64;
            }
        };
    }
}

/// Standard normal numbers: where they are many, in blocks.
fn fill_with_normals(stream: &mut Stream, numbers: &mut [f64]) {
    if numbers.len() < 2 * BLOCK {
        return numbers.iter_mut().for_each(|x| *x = stream.sample(StandardNormal));
    }
    let take = |block: &mut [f64], normals: [f64; BLOCK]| block.copy_from_slice(&normals[..block.len()]);
    Normals::new(stream).meet(numbers.chunks_mut(BLOCK), take);
}

/// Relative error of tails of the incomplete beta function: statrs states none; this is a hundred times what tests see.
const OF_BETA: f64 = 1e-11;
/// Relative rounding of a tail of the incomplete gamma function.
const OF_GAMMA: f64 = 1e-11;
/// Doubles below this have lost digits in the functions of statrs.
const LEAST_OF_STATRS: f64 = 1e-290;
/// Normal tails are not computed beyond: the square of a number there has no double.
const FARTHEST: f64 = 1e150;
/// Doubles above this do not hold every whole number, and of tails there nothing is known.
const MOST_WHOLE: f64 = 9e15;
/// More points than this are not folded.
const MOST_POINTS: usize = 4096;
/// Draws of a truncated law are refused above this many tries a draw on the mean.
pub const MOST_TRIES: f64 = 1e4;

impl Law {
    pub fn standard(base: Base) -> Self {
        Law { scale: Number::new(1.0), shift: Number::new(0.0), base }
    }

    /// factor X + offset.
    pub fn moved(self, factor: Number, offset: Number) -> Self {
        Law { scale: self.scale * factor, shift: self.shift * factor + offset, base: self.base }
    }

    /// Whether it is a law of whole numbers times a scale, or of a few points.
    pub fn is_discrete(&self) -> bool {
        self.base.is_discrete()
    }

    /// Between which numbers it lies.
    pub fn support(&self) -> (f64, f64) {
        let (low, high) = self.base.support();
        let end = |x: f64, number: fn((f64, f64)) -> f64| match x.is_finite() {
            true => number((self.scale * Number::new(x) + self.shift).ends()),
            false => x * self.scale.value().signum(),
        };
        let low_of = |ends: (f64, f64)| ends.0;
        let high_of = |ends: (f64, f64)| ends.1;
        if self.scale.is_negative() {
            (end(high, low_of), end(low, high_of))
        } else {
            (end(low, low_of), end(high, high_of))
        }
    }

    /// The chance of at least, or at most, a number; without the number itself if `strict`.
    pub fn tail(&self, at: Number, tail: Tail, strict: bool) -> Chance {
        let standard = (at - self.shift) / self.scale;
        let tail = match (self.scale.is_negative(), tail) {
            (false, same) => same,
            (true, Tail::Upper) => Tail::Lower,
            (true, Tail::Lower) => Tail::Upper,
        };
        let of = |at: f64| self.base.tail(at, tail, strict);
        let middle = of(standard.value());
        match standard.is_exact() {
            true => middle,
            false => middle.hull(of(standard.ends().0)).hull(of(standard.ends().1)),
        }
    }

    /// The chance of at most a number, as a double.
    pub fn cdf(&self, at: f64) -> f64 {
        match &self.base {
            Base::Normal => 0.5 * libm::erfc(-self.standard_of(at) / std::f64::consts::SQRT_2),
            Base::Uniform => self.standard_of(at).clamp(0.0, 1.0),
            _ => self.tail(Number::new(at), Tail::Lower, false).ln.exp(),
        }
    }

    fn standard_of(&self, at: f64) -> f64 {
        (at - self.shift.value()) / self.scale.value()
    }

    /// Its mean, if it has one that is known.
    pub fn mean(&self) -> Option<Number> {
        Some(self.base.mean()? * self.scale + self.shift)
    }

    /// Draws from it.
    ///
    /// # Errors
    /// Says why it cannot be drawn.
    pub fn sampler(&self) -> Result<Sampler, String> {
        let (scale, shift) = (self.scale.value(), self.shift.value());
        Ok(self.base.sampler()?.moved(scale, shift))
    }

    /// How far a drawn number may be off the value of the law that it stands for; continuous laws have no such value.
    pub fn rounding(&self) -> f64 {
        let whole = |x: f64| x.fract() == 0.0 && x.abs() < 1e9;
        if !self.is_discrete() || self.scale.value() == 1.0 && self.shift.value() == 0.0 {
            return 0.0;
        }
        if whole(self.scale.value()) && whole(self.shift.value()) && !matches!(self.base, Base::Points(..)) {
            return 0.0;
        }
        let (low, high) = self.support();
        4.0 * f64::EPSILON * low.abs().max(high.abs()).min(1e300)
    }

    /// The law of the sum of n independent copies, if it is known.
    pub fn sum_of(&self, n: u64) -> Option<Law> {
        let count = Number::whole(n);
        if n == 1 {
            return Some(self.clone());
        }
        let (scale, shift) = (self.scale, self.shift * count);
        let with = |base: Base| Some(Law { scale, shift, base });
        match &self.base {
            Base::Bernoulli(p) => with(Base::Binomial(n, *p)),
            Base::Binomial(trials, p) => with(Base::Binomial(trials.checked_mul(n).filter(|n| *n < 1 << 53)?, *p)),
            Base::Poisson(mean) => with(Base::Poisson(*mean * count)),
            Base::Failures(r, p) => with(Base::Failures(r.checked_mul(n).filter(|n| *n < 1 << 53)?, *p)),
            Base::Normal => Some(Law { scale: scale * count.sqrt(), shift, base: Base::Normal }),
            Base::Gamma(shape) => with(Base::Gamma(*shape * count)),
            Base::Points(values, probabilities) if values.len() == 2 => {
                let [low, high] = [values[0], values[1]].map(Number::new);
                let base = Base::Binomial(n, probabilities[1]);
                Some(Law { scale: scale * (high - low), shift: shift + scale * low * count, base })
            }
            Base::Points(..) | Base::Integers(..) => with(self.base.folded(n)?),
            _ => None,
        }
    }

    /// The law of the largest (or smallest) of n independent copies.
    pub fn extreme_of(&self, n: u64, largest: bool) -> Law {
        let minus = Number::new(-1.0);
        let of = |law: Law| Law::standard(Base::Largest(Box::new(law), n));
        match largest {
            true => of(self.clone()),
            false => of(self.clone().moved(minus, Number::new(0.0))).moved(minus, Number::new(0.0)),
        }
    }

    /// The values with their chances, if there are at most so many.
    pub fn outcomes(&self, most: usize) -> Option<Vec<(Number, Chance)>> {
        let value = |x: f64| self.scale * Number::new(x) + self.shift;
        match &self.base {
            Base::Points(values, chances) if values.len() <= most => {
                let chance = |p: &f64| Chance::of_value(*p, self.base.relative_of_points(), 0.0);
                Some(values.iter().map(|x| value(*x)).zip(chances.iter().map(chance)).collect())
            }
            base if base.is_discrete() => {
                let (low, high) = base.support();
                if high - low >= most as f64 {
                    return None;
                }
                let whole = (0..=(high - low) as u64).map(|i| low + i as f64);
                Some(whole.map(|x| (value(x), base.point(x))).collect())
            }
            _ => None,
        }
    }
}

impl Base {
    fn is_discrete(&self) -> bool {
        match self {
            Base::Uniform | Base::Normal | Base::Gamma(_) | Base::StudentT(_) | Base::Beta(..) => false,
            Base::Truncated(law, ..) | Base::Magnitude(law) | Base::Largest(law, _) => law.is_discrete(),
            Base::Mixture(parts) => parts.iter().any(|(_, law)| law.is_discrete()),
            _ => true,
        }
    }

    /// Whether its values are whole numbers.
    pub fn is_whole(&self) -> bool {
        use Base::*;
        matches!(self, Bernoulli(_) | Binomial(..) | Poisson(_) | Failures(..) | Hypergeometric { .. } | Integers(_))
    }

    /// Whether sums of its values are exact in doubles.
    pub fn has_whole_values(&self) -> bool {
        match self {
            Base::Points(values, _) => values.iter().all(|x| x.fract() == 0.0 && x.abs() < 1e6),
            other => other.is_whole(),
        }
    }

    fn support(&self) -> (f64, f64) {
        match self {
            Base::Bernoulli(_) | Base::Uniform | Base::Beta(..) => (0.0, 1.0),
            Base::Binomial(n, _) => (0.0, *n as f64),
            Base::Poisson(_) | Base::Failures(..) | Base::Gamma(_) => (0.0, f64::INFINITY),
            Base::Hypergeometric { population, marked, drawn } => {
                ((marked + drawn).saturating_sub(*population) as f64, *marked.min(drawn) as f64)
            }
            Base::Integers(n) => (0.0, (n - 1) as f64),
            Base::Points(values, _) => (values[0], values[values.len() - 1]),
            Base::Normal | Base::StudentT(_) => (f64::NEG_INFINITY, f64::INFINITY),
            Base::Truncated(law, low, high) => (law.support().0.max(*low), law.support().1.min(*high)),
            Base::Mixture(parts) => parts
                .iter()
                .map(|(_, law)| law.support())
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b))),
            Base::Magnitude(law) => {
                let (low, high) = law.support();
                (low.max(-high).max(0.0), high.max(-low))
            }
            Base::Largest(law, _) => law.support(),
        }
    }

    fn mean(&self) -> Option<Number> {
        let new = Number::new;
        Some(match self {
            Base::Bernoulli(p) => new(*p),
            Base::Binomial(n, p) => Number::whole(*n) * new(*p),
            Base::Poisson(mean) => *mean,
            Base::Failures(r, p) => Number::whole(*r) * (new(1.0) - new(*p)) / new(*p),
            Base::Hypergeometric { population, marked, drawn } => {
                Number::whole(*drawn) * Number::whole(*marked) / Number::whole(*population)
            }
            Base::Integers(n) => Number::whole(n - 1) / new(2.0),
            Base::Points(values, chances) => {
                values.iter().zip(chances).fold(new(0.0), |sum, (x, p)| sum + new(*x) * new(*p))
            }
            Base::Uniform => new(0.5),
            Base::Normal => new(0.0),
            Base::Gamma(shape) => *shape,
            Base::StudentT(degrees) if *degrees > 1.0 => new(0.0),
            Base::Beta(a, b) => new(*a) / (new(*a) + new(*b)),
            Base::Mixture(parts) => {
                let part = |(weight, law): &(f64, Law)| Some(new(*weight) * law.mean()?);
                parts.iter().map(part).try_fold(new(0.0), |sum, part| Some(sum + part?))?
            }
            _ => return None,
        })
    }

    /// Draws from it.
    ///
    /// # Errors
    /// Says why it cannot be drawn.
    pub fn sampler(&self) -> Result<Sampler, String> {
        fn of<D: Distribution<f64> + Send + Sync + 'static>(law: D) -> Sampler {
            Sampler::each(move |stream| law.sample(stream))
        }
        fn counted<D: Distribution<u64> + Send + Sync + 'static>(law: D) -> Sampler {
            Sampler::each(move |stream| law.sample(stream) as f64)
        }
        let refused = |error: &dyn std::fmt::Display| format!("it cannot be drawn ({error})");
        Ok(match self {
            Base::Bernoulli(0.5) => Sampler(Box::new(fill_with_bits)),
            Base::Bernoulli(p) => {
                let p = *p;
                Sampler::each(move |stream| f64::from(u8::from(stream.random::<f64>() < p)))
            }
            Base::Binomial(n, p) => counted(rand_distr::Binomial::new(*n, *p).map_err(|e| refused(&e))?),
            Base::Poisson(mean) => of(rand_distr::Poisson::new(mean.value()).map_err(|e| refused(&e))?),
            Base::Failures(1, p) => counted(rand_distr::Geometric::new(*p).map_err(|e| refused(&e))?),
            Base::Failures(r, p) => {
                let rate = rand_distr::Gamma::new(*r as f64, (1.0 - p) / p).map_err(|e| refused(&e))?;
                Sampler::each(move |stream| {
                    let mean = rate.sample(stream);
                    rand_distr::Poisson::new(mean).map_or(0.0, |law| law.sample(stream))
                })
            }
            Base::Hypergeometric { population, marked, drawn } => {
                counted(rand_distr::Hypergeometric::new(*population, *marked, *drawn).map_err(|e| refused(&e))?)
            }
            Base::Integers(n) => {
                let n = *n;
                match u32::try_from(n) {
                    Ok(n) => Sampler(Box::new(move |stream, numbers| fill_with_integers(n, stream, numbers))),
                    Err(_) => Sampler::each(move |stream| stream.random_range(0..n) as f64),
                }
            }
            Base::Points(values, chances) => points_sampler(values.clone(), chances),
            Base::Uniform => Sampler::each(|stream| stream.random::<f64>()),
            Base::Normal => Sampler(Box::new(fill_with_normals)),
            Base::Gamma(shape) => of(rand_distr::Gamma::new(shape.value(), 1.0).map_err(|e| refused(&e))?),
            Base::StudentT(degrees) => of(rand_distr::StudentT::new(*degrees).map_err(|e| refused(&e))?),
            Base::Beta(a, b) => of(rand_distr::Beta::new(*a, *b).map_err(|e| refused(&e))?),
            Base::Truncated(law, low, high) => {
                let (inner, low, high) = (law.sampler()?, *low, *high);
                Sampler::each(move |stream| {
                    loop {
                        let x = inner.draw(stream);
                        if low <= x && x <= high {
                            return x;
                        }
                    }
                })
            }
            Base::Mixture(parts) => {
                let samplers = parts.iter().map(|(_, law)| law.sampler()).collect::<Result<Vec<_>, _>>()?;
                let weights: Vec<f64> = parts.iter().map(|(weight, _)| *weight).collect();
                let place = points_sampler((0..parts.len()).map(|i| i as f64).collect(), &weights);
                Sampler::each(move |stream| samplers[place.draw(stream) as usize].draw(stream))
            }
            Base::Magnitude(law) => {
                let inner = law.sampler()?;
                Sampler::each(move |stream| inner.draw(stream).abs())
            }
            Base::Largest(law, n) => {
                let (inner, n) = (law.sampler()?, *n);
                Sampler::each(move |stream| (0..n).map(|_| inner.draw(stream)).fold(f64::NEG_INFINITY, f64::max))
            }
        })
    }

    /// The chance of at least, or at most, a number.
    pub fn tail(&self, at: f64, tail: Tail, strict: bool) -> Chance {
        if !at.is_finite() {
            return Chance::UNKNOWN;
        }
        let (low, high) = self.support();
        let none = |inside: bool| if inside { Chance::ALWAYS } else { Chance::NEVER };
        // Beyond the support nothing is to be computed.
        match tail {
            Tail::Upper if at < low || at == low && !strict => return none(true),
            Tail::Upper if at > high || at == high && strict => return none(false),
            Tail::Lower if at > high || at == high && !strict => return none(true),
            Tail::Lower if at < low || at == low && strict => return none(false),
            _ => {}
        }
        if self.is_whole() && at.abs() > MOST_WHOLE {
            return Chance::UNKNOWN;
        }
        if self.is_whole() {
            return self.tail_of_whole(whole_threshold(at, tail, strict), tail);
        }
        self.tail_inside(at, tail, strict)
    }

    fn tail_inside(&self, at: f64, tail: Tail, strict: bool) -> Chance {
        match self {
            Base::Points(values, chances) => self.tail_of_points(values, chances, at, tail, strict),
            Base::Uniform if tail == Tail::Upper => Chance::of_value(1.0 - at, f64::EPSILON, 0.0),
            Base::Uniform => Chance::of_value(at, f64::EPSILON, 0.0),
            Base::Normal => normal_tail(if tail == Tail::Upper { at } else { -at }),
            Base::Gamma(shape) => of_shape(*shape, |shape| gamma_tail(shape, at, tail)),
            Base::StudentT(degrees) => {
                of_statrs(statrs::distribution::StudentsT::new(0.0, 1.0, *degrees).ok(), at, tail)
            }
            Base::Beta(a, b) => of_statrs(statrs::distribution::Beta::new(*a, *b).ok(), at, tail),
            Base::Truncated(law, low, high) => {
                let [low, high, at] = [*low, *high, at].map(Number::new);
                let above = |x: Number, strict| law.tail(x, Tail::Upper, strict);
                let all = above(low, false).without(above(high, true));
                let part = match tail {
                    Tail::Upper => above(at, strict).without(above(high, true)),
                    Tail::Lower => above(low, false).without(above(at, !strict)),
                };
                Chance { ln: part.ln - all.ln, lo: part.lo - all.hi, hi: (part.hi - all.lo).min(0.0) }
            }
            Base::Mixture(parts) => parts.iter().fold(Chance::NEVER, |sum, (weight, law)| {
                let part = law.tail(Number::new(at), tail, strict);
                sum.or(part.and(Chance::of_value(*weight, f64::EPSILON, 0.0)))
            }),
            Base::Magnitude(law) => {
                let beyond = |strict| {
                    let above = law.tail(Number::new(at), Tail::Upper, strict);
                    above.or(law.tail(Number::new(-at), Tail::Lower, strict))
                };
                if tail == Tail::Upper { beyond(strict) } else { beyond(!strict).not() }
            }
            Base::Largest(law, n) => {
                let below = |strict| {
                    let lower = law.tail(Number::new(at), Tail::Lower, strict);
                    let upper = law.tail(Number::new(at), Tail::Upper, !strict);
                    // The smaller of the two has the digits.
                    if upper.ln < lower.ln { upper.not() } else { lower }
                };
                let n = *n as f64;
                match tail {
                    Tail::Lower => below(strict).power(n),
                    Tail::Upper => any_of(law.tail(Number::new(at), Tail::Upper, strict), n, below(!strict)),
                }
            }
            _ => unreachable!("laws of whole numbers are looked at before"),
        }
    }

    /// The chance of at least, or at most, m, which lies within the support.
    fn tail_of_whole(&self, m: f64, tail: Tail) -> Chance {
        let m = m as u64;
        match self {
            Base::Bernoulli(p) => Base::Binomial(1, *p).tail_of_whole(m as f64, tail),
            Base::Binomial(n, p) => {
                sure(*p, *n, m, tail).unwrap_or_else(|| Chance::new(binomial_tail(*n, *p, m, tail)))
            }
            Base::Poisson(mean) => of_shape(*mean, |mean| poisson_tail(mean, m, tail)),
            Base::Failures(r, p) => failures_tail(*r, *p, m, tail),
            Base::Hypergeometric { population, marked, drawn } => {
                hypergeometric_tail([*population, *marked, *drawn], m, tail)
            }
            Base::Integers(n) => {
                let count = if tail == Tail::Upper { n - m } else { m + 1 };
                Chance::of_value(count as f64 / *n as f64, f64::EPSILON, 0.0)
            }
            _ => unreachable!("only laws of whole numbers come here"),
        }
    }

    fn tail_of_points(&self, values: &[f64], chances: &[f64], at: f64, tail: Tail, strict: bool) -> Chance {
        let counts = |x: f64| match tail {
            Tail::Upper => x > at || x == at && !strict,
            Tail::Lower => x < at || x == at && !strict,
        };
        let sum: f64 = values.iter().zip(chances).filter(|(x, _)| counts(**x)).map(|(_, p)| p).sum();
        Chance::of_value(sum, self.relative_of_points(), 0.0)
    }

    /// Relative error of the probabilities of points and of their sums.
    fn relative_of_points(&self) -> f64 {
        match self {
            // A folded law: a product and a sum for every point, at each of some sixty foldings.
            Base::Points(values, _) if values.len() > 2 => 128.0 * values.len() as f64 * f64::EPSILON,
            _ => 4.0 * f64::EPSILON,
        }
    }

    /// The chance of one whole number.
    fn point(&self, x: f64) -> Chance {
        let rounded = |(ln, error): (f64, f64)| Chance::new(Rounded { ln, error });
        match self {
            Base::Bernoulli(p) => Base::Binomial(1, *p).point(x),
            Base::Binomial(n, p) => {
                let (choose, error) = ln_binomial_ends(*n as f64, x);
                let logs = [power(p.ln(), x), power((-p).ln_1p(), *n as f64 - x)];
                let size = logs.iter().map(|ln| ln.abs()).sum::<f64>();
                match logs.contains(&f64::NEG_INFINITY) {
                    true => Chance::NEVER,
                    false => rounded((choose + logs[0] + logs[1], error + 8.0 * f64::EPSILON * (size + choose.abs()))),
                }
            }
            Base::Hypergeometric { population, marked, drawn } => {
                rounded(ln_hypergeometric([*population, *marked, *drawn], x as u64))
            }
            Base::Integers(n) => Chance::of_value(1.0 / *n as f64, f64::EPSILON, 0.0),
            other => other.tail(x, Tail::Lower, false).without(other.tail(x, Tail::Lower, true)),
        }
    }

    /// The law of the sum of n, by folding: for points at whole numbers that are not too many.
    fn folded(&self, n: u64) -> Option<Base> {
        let (first, mut law) = self.whole_points()?;
        if (law.len() as u64 - 1).checked_mul(n)? >= MOST_POINTS as u64 {
            return None;
        }
        let (mut sum, mut rest) = (vec![1.0], n);
        while rest > 0 {
            if rest % 2 == 1 {
                sum = folded(&sum, &law);
            }
            rest /= 2;
            if rest > 0 {
                law = folded(&law, &law);
            }
        }
        let values = (0..sum.len()).map(|i| first * n as f64 + i as f64).collect();
        Some(Base::Points(values, sum))
    }

    /// The least value and the chances of the whole numbers from there on.
    fn whole_points(&self) -> Option<(f64, Vec<f64>)> {
        match self {
            Base::Integers(n) if *n as usize <= MOST_POINTS => Some((0.0, vec![1.0 / *n as f64; *n as usize])),
            Base::Points(values, chances) => {
                let (first, last) = self.support();
                let fits = values.iter().all(|x| x.fract() == 0.0) && last - first < MOST_POINTS as f64;
                let mut all = vec![0.0; if fits { (last - first) as usize + 1 } else { return None }];
                values.iter().zip(chances).for_each(|(x, p)| all[(x - first) as usize] += p);
                Some((first, all))
            }
            _ => None,
        }
    }
}

fn folded(one: &[f64], other: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; one.len() + other.len() - 1];
    for (i, p) in one.iter().enumerate() {
        for (j, q) in other.iter().enumerate() {
            sum[i + j] += p * q;
        }
    }
    sum
}

/// n ln, where 0 times minus infinity is 0.
fn power(ln: f64, n: f64) -> f64 {
    if n == 0.0 { 0.0 } else { n * ln }
}

/// The whole number from which, or up to which, a tail counts.
fn whole_threshold(at: f64, tail: Tail, strict: bool) -> f64 {
    match (tail, strict) {
        (Tail::Upper, false) => at.ceil(),
        (Tail::Upper, true) => at.floor() + 1.0,
        (Tail::Lower, false) => at.floor(),
        (Tail::Lower, true) => at.ceil() - 1.0,
    }
}

/// Draws one of the values by the inverse of the distribution function.
fn points_sampler(values: Vec<f64>, chances: &[f64]) -> Sampler {
    let mut sum = 0.0;
    let reached: Vec<f64> = chances
        .iter()
        .map(|p| {
            sum += p;
            sum
        })
        .collect();
    Sampler::each(move |stream| {
        let u = stream.random::<f64>() * sum;
        values[reached.partition_point(|reached| *reached <= u).min(values.len() - 1)]
    })
}

/// A tail of a binomial law whose outcome is sure.
fn sure(p: f64, n: u64, m: u64, tail: Tail) -> Option<Chance> {
    let outcome = if p == 0.0 { 0 } else { n };
    let happens = if tail == Tail::Upper { outcome >= m } else { outcome <= m };
    (p == 0.0 || p == 1.0).then_some(if happens { Chance::ALWAYS } else { Chance::NEVER })
}

/// Pr(N >= x).
fn normal_tail(x: f64) -> Chance {
    if x < 1.5 {
        return Chance::of_value(0.5 * libm::erfc(x / std::f64::consts::SQRT_2), 1e-14, 0.0);
    }
    if x > FARTHEST {
        return Chance { ln: f64::NEG_INFINITY, lo: f64::NEG_INFINITY, hi: -0.5 * FARTHEST * FARTHEST };
    }
    // Half the tail of the chi-square law of one degree.
    let ln = ln_chi_square_tail(1.0, x * x - 1.0, x * x, Tail::Upper) - std::f64::consts::LN_2;
    Chance::new(Rounded { ln, error: OF_GAMMA + 8.0 * f64::EPSILON * x * x })
}

/// A tail that grows or falls with a parameter which is known up to its rounding.
fn of_shape(shape: Number, tail: impl Fn(f64) -> Chance) -> Chance {
    let middle = tail(shape.value());
    match shape.is_exact() {
        true => middle,
        false => middle.hull(tail(shape.ends().0)).hull(tail(shape.ends().1)),
    }
}

fn gamma_tail(shape: f64, at: f64, tail: Tail) -> Chance {
    let over = at - shape;
    let direct = |tail: Tail| {
        let ln = ln_chi_square_tail(2.0 * shape, 2.0 * over, 2.0 * at, tail);
        Chance::new(Rounded { ln, error: OF_GAMMA + 4.0 * f64::EPSILON * (ln.abs() + over.abs()) })
    };
    // Each side has the tail that does not hold the mean.
    match (tail, over >= 0.0) {
        (Tail::Upper, true) | (Tail::Lower, false) => direct(tail),
        (Tail::Upper, false) => direct(Tail::Lower).not(),
        (Tail::Lower, true) => direct(Tail::Upper).not(),
    }
}

/// At least m points come before the time `mean` just if the m-th does.
fn poisson_tail(mean: f64, m: u64, tail: Tail) -> Chance {
    match tail {
        Tail::Upper if m == 0 => Chance::ALWAYS,
        Tail::Upper => gamma_tail(m as f64, mean, Tail::Lower),
        Tail::Lower => gamma_tail((m + 1) as f64, mean, Tail::Upper),
    }
}

/// At least m failures precede the r-th success just if the first m + r - 1 trials have at most r - 1 successes.
fn failures_tail(r: u64, p: f64, m: u64, tail: Tail) -> Chance {
    match tail {
        Tail::Upper if m == 0 || p == 1.0 => {
            if m == 0 {
                Chance::ALWAYS
            } else {
                Chance::NEVER
            }
        }
        Tail::Lower if p == 1.0 => Chance::ALWAYS,
        Tail::Upper => Chance::new(binomial_tail(m + r - 1, p, r - 1, Tail::Lower)),
        Tail::Lower => Chance::new(binomial_tail(m + r, p, r, Tail::Upper)),
    }
}

/// ln of the chance of m marked ones, and its error.
fn ln_hypergeometric([population, marked, drawn]: [u64; 3], m: u64) -> (f64, f64) {
    let choose = |n: u64, k: u64| ln_binomial_ends(n as f64, k as f64);
    let parts = [choose(marked, m), choose(population - marked, drawn - m), choose(population, drawn)];
    let error = parts.iter().map(|(ln, error)| error + 4.0 * f64::EPSILON * ln.abs()).sum();
    (parts[0].0 + parts[1].0 - parts[2].0, error)
}

fn hypergeometric_tail([population, marked, drawn]: [u64; 3], m: u64, tail: Tail) -> Chance {
    let (least, most) = ((marked + drawn).saturating_sub(population), marked.min(drawn));
    let up = |i: u64| {
        let (i, more) = (i as f64, (population - marked) as f64);
        (marked as f64 - i) / (i + 1.0) * ((drawn as f64 - i) / (more - drawn as f64 + i + 1.0))
    };
    let from = |m: u64, ratios: &mut dyn Iterator<Item = f64>| {
        let (ln, error) = ln_hypergeometric([population, marked, drawn], m);
        let sum = sum_of_ratios(ln, ratios);
        Chance::new(Rounded { error: sum.error + error, ..sum })
    };
    let above = m as f64 * population as f64 > marked as f64 * drawn as f64;
    match (tail, above) {
        (Tail::Upper, true) => from(m, &mut (m..most).map(up)),
        (Tail::Lower, false) => from(m, &mut (least..m).rev().map(|i| 1.0 / up(i))),
        (Tail::Upper, false) if m <= least => Chance::ALWAYS,
        (Tail::Lower, true) if m >= most => Chance::ALWAYS,
        (Tail::Upper, false) => hypergeometric_tail([population, marked, drawn], m - 1, Tail::Lower).not(),
        (Tail::Lower, true) => hypergeometric_tail([population, marked, drawn], m + 1, Tail::Upper).not(),
    }
}

/// 1 - (1 - q)^n from q and its opposite.
fn any_of(one: Chance, n: f64, none: Chance) -> Chance {
    // n q (1 - n q / 2) <= 1 - (1 - q)^n <= n q.
    let small = one.hi + n.ln();
    if small < -30.0 {
        let ln = one.ln + n.ln();
        return Chance { ln, lo: one.lo + n.ln() - 0.6 * small.exp(), hi: small }.and(Chance::ALWAYS);
    }
    none.power(n).not()
}

fn of_statrs<D: ContinuousCDF<f64, f64>>(law: Option<D>, at: f64, tail: Tail) -> Chance {
    let Some(law) = law else { return Chance::UNKNOWN };
    let value = if tail == Tail::Upper { law.sf(at) } else { law.cdf(at) };
    Chance::of_value(value, OF_BETA, LEAST_OF_STATRS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn laws() -> Vec<(&'static str, Law)> {
        let standard = Law::standard;
        let two = || Law::standard(Base::Points(vec![-1.0, 2.0, 5.0], vec![0.5, 0.25, 0.25]));
        vec![
            ("bernoulli", standard(Base::Bernoulli(0.3))),
            ("binomial", standard(Base::Binomial(20, 0.3))),
            ("poisson", standard(Base::Poisson(Number::new(4.5)))),
            ("failures", standard(Base::Failures(3, 0.4))),
            ("hypergeometric", standard(Base::Hypergeometric { population: 30, marked: 12, drawn: 9 })),
            ("integers", standard(Base::Integers(6)).moved(Number::new(1.0), Number::new(1.0))),
            ("points", two()),
            ("folded", two().sum_of(4).unwrap()),
            ("uniform", standard(Base::Uniform).moved(Number::new(-2.0), Number::new(1.0))),
            ("normal", standard(Base::Normal)),
            ("gamma", standard(Base::Gamma(Number::new(2.5)))),
            ("student", standard(Base::StudentT(3.0))),
            ("beta", standard(Base::Beta(2.0, 0.5))),
            ("truncated", standard(Base::Truncated(Box::new(standard(Base::Normal)), 0.0, 2.0))),
            ("mixture", standard(Base::Mixture(vec![(0.3, standard(Base::Normal)), (0.7, standard(Base::Uniform))]))),
            ("magnitude", standard(Base::Magnitude(Box::new(standard(Base::Normal))))),
            ("largest", standard(Base::Normal).extreme_of(5, true)),
            ("fair", standard(Base::Bernoulli(0.5))),
            ("integers", standard(Base::Integers(9))),
            ("smallest", two().extreme_of(3, false)),
        ]
    }

    /// Draws fall below each of some thresholds as often as the tails say, and their neighbours are not alike: 20000 draws, some of
    /// them one by one, 5.5 standard deviations, 20 laws with 9 thresholds: a false alarm has probability below 1e-4.
    #[test]
    fn draws_and_tails_agree() {
        let draws = 20_000;
        for (name, law) in laws() {
            let mut stream = Stream::new(11, 12);
            let sampler = law.sampler().unwrap();
            let mut sample = vec![0.0; draws];
            let (single, filled) = sample.split_at_mut(draws / 4);
            single.iter_mut().for_each(|x| *x = sampler.draw(&mut stream));
            filled.chunks_mut(101).for_each(|block| sampler.fill(&mut stream, block));
            for at in [-1.0, 0.0, 0.4, 0.9, 1.0, 2.0, 3.5, 5.0, 8.0] {
                for (tail, strict) in [(Tail::Upper, false), (Tail::Upper, true), (Tail::Lower, false)] {
                    let p = law.tail(Number::new(at), tail, strict).ln.exp();
                    let counts = |x: &&f64| match tail {
                        Tail::Upper => **x > at || **x == at && !strict,
                        Tail::Lower => **x <= at,
                    };
                    let share = sample.iter().filter(counts).count() as f64 / draws as f64;
                    let allowed = 5.5 * (p * (1.0 - p) / draws as f64).sqrt() + 1e-12;
                    assert!((share - p).abs() <= allowed, "{name} {at} {tail:?} {strict}: {share} {p}");
                    for lag in [1, 2, 64] {
                        let both =
                            sample.iter().zip(&sample[lag..]).filter(|(x, y)| counts(x) && counts(y)).count() as f64;
                        // Overlapping pairs: their variance is at most three times that of as many independent ones.
                        let allowed = 5.5 * (3.0 * draws as f64 * p * p * (1.0 - p * p)).sqrt() + 1e-9;
                        assert!((both - (draws - lag) as f64 * p * p).abs() <= allowed, "{name} {at} {lag}: {both}");
                    }
                }
            }
            if let Some(mean) = law.mean() {
                let sum: f64 = sample.iter().sum();
                assert!((sum / draws as f64 - mean.value()).abs() < 0.15, "{name}");
            }
        }
    }

    /// The two tails of each law add up to 1, within their limits.
    #[test]
    fn tails_add_up() {
        for (name, law) in laws() {
            for at in [-3.3, -1.0, 0.25, 1.0, 2.5, 4.0] {
                let at = Number::new(at);
                let (upper, lower) = (law.tail(at, Tail::Upper, false), law.tail(at, Tail::Lower, true));
                let (least, most) = (upper.lo.exp() + lower.lo.exp(), upper.hi.exp() + lower.hi.exp());
                assert!(least <= 1.0 + 1e-12 && most >= 1.0 - 1e-12 && most - least < 1e-8, "{name}: {least} {most}");
            }
        }
    }

    /// By mpmath 1.3 with 40 digits: log(erfc(x/sqrt(2))/2), log(betainc(2, 1/2, 0.9, 1, regularized)),
    /// log(betainc(3/2, 1/2, 0, 3/(3 + 400), regularized)/2), and log of the regularized incomplete gamma function.
    #[test]
    fn tails_agree_with_reference_values() {
        let check = |law: Law, at: f64, tail: Tail, ln: f64| {
            let found = law.tail(Number::new(at), tail, false);
            assert!(found.lo <= ln && ln <= found.hi && found.hi - found.lo < 1e-9, "{law:?} {at}: {found:?} {ln}");
        };
        check(Law::standard(Base::Normal), 1.0, Tail::Upper, -1.841_021_645_009_263_7);
        check(Law::standard(Base::Normal), 40.0, Tail::Upper, -804.608_442_013_753_9);
        check(Law::standard(Base::Poisson(Number::new(10.0))), 0.0, Tail::Lower, -10.0);
        check(Law::standard(Base::Failures(1, 0.25)), 8.0, Tail::Upper, 8.0 * 0.75f64.ln());
    }

    #[test]
    fn folded_sums_agree_with_closed_ones() {
        let coin = Law::standard(Base::Points(vec![0.0, 1.0, 2.0], vec![0.25, 0.5, 0.25])).sum_of(30).unwrap();
        let binomial = Law::standard(Base::Binomial(60, 0.5));
        for at in [0.0, 10.0, 30.0, 59.0, 60.0] {
            let [one, other] = [&coin, &binomial].map(|law| law.tail(Number::new(at), Tail::Upper, false));
            assert!(one.lo <= other.hi && other.lo <= one.hi, "{at}: {one:?} {other:?}");
        }
        let total = coin.outcomes(100).unwrap().iter().fold(Chance::NEVER, |sum, (_, chance)| sum.or(*chance));
        assert!(total.hi - total.lo < 1e-9 && total.lo.abs() < 1e-9);
    }
}
