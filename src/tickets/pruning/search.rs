//! The search for a bad input: from vertex to vertex along slopes, then pixel by pixel.

use std::sync::atomic::Ordering;

use rand::RngExt;

use super::design::Watch;
use super::worst_case::{Range, best_pixel_of};
use crate::error::Result;
use crate::random::Stream;
use crate::tickets::cnn::{Image, Layer, Miniature, Network};

/// Forward passes that the search for the worst input may take.
const EVALUATIONS: usize = 10_000;

/// Products that these passes may take together, and the fewest passes that are worth it.
const MOST_PRODUCTS: f64 = 2e10;
const FEWEST: f64 = 100.0;

/// How a bad input is searched for.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Forward passes that may be taken, at least one.
    pub evaluations: usize,
    /// Inputs in [-1, 1] to begin at, besides the first layer's worst.
    pub starts: &'a [Image],
    /// The last so many channels are 1 throughout.
    pub ones: usize,
    /// The lowest and the highest value of each pixel; -1 and 1 without.
    pub within: Option<&'a [Range]>,
    /// Called at every forward pass; stops the search when interrupted, with the best input so far.
    pub watch: Watch<'a>,
}

impl Search<'static> {
    /// A search that nobody watches, with no other starts and no channels of ones.
    pub fn of(evaluations: usize) -> Self {
        Search { evaluations, starts: &[], ones: 0, within: None, watch: Watch::NOBODY }
    }

    /// Forward passes that the search for the worst input may take over inputs of this size.
    pub(super) fn evaluations(target: &Network, side: (usize, usize)) -> Result<usize> {
        let least = Miniature::new(target, side.0, side.1).size();
        let shapes = target.shapes(least.0, least.1)?;
        let products = |(layer, (rows, columns)): (&Layer, &(usize, usize))| {
            layer.kernel.data().len() as f64 * *rows as f64 * *columns as f64
        };
        // The target's, and those of the two halves of what stands in for it.
        let pass = 3.0 * target.layers().iter().zip(&shapes[1..]).map(products).sum::<f64>();
        Ok((MOST_PRODUCTS / pass.max(1.0)).clamp(FEWEST, EVALUATIONS as f64) as usize)
    }
}

/// An input found by search, and what it shows: a lower bound of a supremum.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The value at the input, by forward passes.
    pub value: f64,
    /// The input, of max norm at most 1.
    pub input: Image,
}

impl Witness {
    fn or(self, other: Witness) -> Witness {
        if other.value > self.value { other } else { self }
    }
}

/// The slopes of an objective at an image: what it gains by a pixel's positive and by its negative part, as far as it is linear
/// in them.
pub(super) type Slopes<'a> = &'a dyn Fn(&Image) -> [Image; 2];

/// The share of pixels that is shaken to leave a local maximum but not its surroundings.
const SHAKEN: f64 = 0.2;

/// A search under way.
pub(super) struct Climber<'a, F> {
    objective: F,
    slopes: Option<Slopes<'a>>,
    search: Search<'a>,
    left: usize,
    stream: &'a mut Stream,
}

impl<'a, F: Fn(&Image) -> f64> Climber<'a, F> {
    pub(super) fn new(objective: F, slopes: Option<Slopes<'a>>, search: Search<'a>, stream: &'a mut Stream) -> Self {
        Climber { objective, slopes, search, left: search.evaluations, stream }
    }

    /// The image in [-1, 1] with the largest objective that is found. With slopes, half of the evaluations are for ascents, and half
    /// of these for ascents from random vertices.
    pub(super) fn search(mut self, starts: &[Image]) -> Witness {
        let mut best = self.ascent(starts[0].clone());
        for start in &starts[1..] {
            best = best.or(self.ascent(start.clone()));
        }
        let all = self.search.evaluations;
        while self.slopes.is_some() && 2 * self.left > all && !self.is_over() {
            let share = if 4 * self.left > 3 * all { 1.0 } else { SHAKEN };
            let start = self.shaken(&best.input, share);
            best = best.or(self.ascent(start));
        }
        best = self.climb(best);
        while !self.is_over() {
            let start = self.shaken(&best.input, if self.slopes.is_some() { SHAKEN } else { 1.0 });
            let found = self.ascent(start);
            best = best.or(self.climb(found));
        }
        best
    }

    fn is_over(&self) -> bool {
        self.left == 0 || self.search.watch.interrupted.load(Ordering::Relaxed)
    }

    /// Counts a forward pass.
    fn pass(&mut self) {
        self.left = self.left.saturating_sub(1);
        (self.search.watch.advanced)();
    }

    fn evaluate(&mut self, input: Image) -> Witness {
        self.pass();
        Witness { value: (self.objective)(&input), input }
    }

    /// The pixels that are not 1 throughout are the first.
    fn free(&self, image: &Image) -> usize {
        image.data().len() - self.search.ones * image.rows() * image.columns()
    }

    fn range(&self, pixel: usize) -> Range {
        self.search.within.map_or((-1.0, 1.0), |ranges| ranges[pixel])
    }

    /// The image with a random share of its pixels moved to random ends: all of them make a random vertex.
    fn shaken(&mut self, image: &Image, share: f64) -> Image {
        let (mut image, free) = (image.clone(), self.free(image));
        for pixel in 0..free {
            if self.stream.random_bool(share) {
                let (low, high) = self.range(pixel);
                image.data_mut()[pixel] = if self.stream.random() { high } else { low };
            }
        }
        image
    }

    /// Goes where the slopes point as long as that helps.
    fn ascent(&mut self, start: Image) -> Witness {
        let mut best = self.evaluate(start);
        while let Some(slopes) = self.slopes.filter(|_| !self.is_over()) {
            self.pass();
            match self.step(&best, &slopes(&best.input)) {
                Some(better) => best = better,
                None => break,
            }
        }
        best
    }

    /// Moves each pixel to its best value, an end of its range or 0, by the slopes; where that does not help, only the half of the pixels that
    /// promises most, and so on.
    fn step(&mut self, from: &Witness, [plus, minus]: &[Image; 2]) -> Option<Witness> {
        let promise = |pixel: usize| {
            let (x, p, q) = (from.input.data()[pixel], plus.data()[pixel], minus.data()[pixel]);
            let (to, best) = best_pixel_of(self.range(pixel), p, q);
            (best - if x > 0.0 { p * x } else { -q * x }, pixel, to)
        };
        let mut moves: Vec<(f64, usize, f64)> = (0..self.free(&from.input)).map(promise).collect();
        moves.retain(|(gain, ..)| *gain > 0.0);
        moves.sort_by(|x, y| y.0.total_cmp(&x.0));
        while !moves.is_empty() && !self.is_over() {
            let mut input = from.input.clone();
            moves.iter().for_each(|&(_, pixel, to)| input.data_mut()[pixel] = to);
            let found = self.evaluate(input);
            if found.value > from.value {
                return Some(found);
            }
            moves.truncate(moves.len() / 2);
        }
        None
    }

    /// Sets random pixels to an end of their range, or to what is nearest to 0, as long as that helps.
    fn climb(&mut self, mut best: Witness) -> Witness {
        let pixels = self.free(&best.input);
        let mut failures = 0;
        while !self.is_over() && failures < 3 * pixels {
            let pixel = self.stream.random_range(0..pixels);
            let before = best.input.data()[pixel];
            let (low, high) = self.range(pixel);
            best.input.data_mut()[pixel] = [low, 0.0f64.clamp(low, high), high][self.stream.random_range(0..3)];
            self.pass();
            let value = (self.objective)(&best.input);
            if value > best.value {
                best.value = value;
                failures = 0;
            } else {
                best.input.data_mut()[pixel] = before;
                failures += 1;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;

    /// A concave objective of each pixel alone, and its slopes.
    fn weighed(weights: &Image, image: &Image) -> f64 {
        weights.zip(image, |w, x| w * x - 0.5 * x.abs()).data().iter().sum()
    }

    fn weights() -> Image {
        let mut stream = Stream::new(95, 96);
        Image::from_fn(2, 3, 4, |_, _, _| stream.random_range(-2.0..=2.0))
    }

    #[test]
    fn one_ascent_finds_the_best_of_a_split_function() {
        let (weights, mut stream) = (weights(), Stream::new(97, 98));
        let passes = Cell::new(0);
        let objective = |image: &Image| {
            passes.set(passes.get() + 1);
            weighed(&weights, image)
        };
        let slopes = |_: &Image| [weights.map(|w| w - 0.5), weights.map(|w| -w - 0.5)];
        let climber = Climber::new(objective, Some(&slopes), Search::of(3), &mut stream);
        let found = climber.search(&[Image::zeros(2, 3, 4)]);
        let best: f64 = weights.data().iter().map(|w| (w.abs() - 0.5).max(0.0)).sum();
        assert!((found.value - best).abs() < 1e-12, "{} {best}", found.value);
        assert!(passes.get() <= 3);
    }

    #[test]
    fn without_slopes_it_climbs_pixel_by_pixel() {
        let (weights, mut stream) = (weights(), Stream::new(99, 100));
        let search = |evaluations, stream: &mut Stream| {
            Climber::new(|image: &Image| weighed(&weights, image), None, Search::of(evaluations), stream)
                .search(&[Image::zeros(2, 3, 4)])
                .value
        };
        let best: f64 = weights.data().iter().map(|w| (w.abs() - 0.5).max(0.0)).sum();
        assert!((search(1000, &mut stream) - best).abs() < 1e-12);
        assert_eq!(search(1, &mut stream), 0.0);
    }

    #[test]
    fn channels_of_ones_stay_and_an_interruption_ends_it() {
        let (weights, mut stream) = (weights(), Stream::new(101, 102));
        let (interrupted, passes) = (AtomicBool::new(false), AtomicUsize::new(0));
        let advanced = || {
            let done = passes.fetch_add(1, Ordering::Relaxed) + 1;
            interrupted.store(done >= 50, Ordering::Relaxed);
        };
        let watch = Watch { interrupted: &interrupted, advanced: &advanced };
        let search = Search { ones: 1, watch, ..Search::of(1000) };
        let mut start = Image::zeros(2, 3, 4);
        start.data_mut()[12..].fill(1.0);
        let found = Climber::new(|image: &Image| weighed(&weights, image), None, search, &mut stream).search(&[start]);
        assert!(found.input.data()[12..].iter().all(|&x| x == 1.0));
        assert_eq!(passes.load(Ordering::Relaxed), 50);
    }
}
