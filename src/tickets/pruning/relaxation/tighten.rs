//! Time spent on the gap: the layers' ranges one after the other, then the outputs, by branch and bound.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::branch::Bounded;
use super::{Form, MOST_WORK, Part, Relaxation, class};
use crate::tickets::cnn::Image;
use crate::tickets::pruning::approximation::Approximation;
use crate::tickets::pruning::worst_case::Range;

/// The part of the time that is for the ranges of hidden layers.
const FOR_RANGES: f64 = 0.4;

impl<'a> Relaxation<'a> {
    /// The relaxation whose ranges were bounded in about this time. None where even the plain bounds take too long.
    pub(in crate::tickets::pruning) fn in_time(
        approximation: &'a Approximation,
        shapes: &'a [(usize, usize)],
        inputs: Option<Vec<Range>>,
        time: Duration,
        interrupted: &'a AtomicBool,
    ) -> Option<Self> {
        let mut relaxation = Relaxation::new(approximation, shapes, inputs, interrupted);
        let work: f64 = (0..=relaxation.last()).map(|layer| relaxation.work(layer)).sum();
        if work > MOST_WORK {
            return None;
        }
        // The first layer's ranges take no time.
        let each = time.mul_f64(FOR_RANGES / relaxation.last().saturating_sub(1).max(1) as f64);
        for layer in 0..relaxation.last() {
            relaxation.bound_layer(layer, Some(each));
        }
        Some(relaxation)
    }

    /// Bounds the largest absolute error of an output, knowing that it is at least `found`.
    pub(in crate::tickets::pruning) fn largest_error(&self, found: f64, until: Instant) -> Bounded {
        let (rows, columns) = self.shapes[self.last() + 1];
        let pixels = self.approximation.target().outputs() * rows * columns;
        let both = |pixel| [1.0, -1.0].map(|direction| self.single(self.last(), Part::Error, (pixel, direction)));
        let forms: Vec<Form> = (0..pixels).flat_map(both).collect();
        self.branch(self.last(), &forms, found, until)
    }

    /// Whether both networks put the class first that the target puts first at an image: true where that is shown, false where an input
    /// shows the contrary. Forward passes may get each mean wrong by `rounding`.
    pub(in crate::tickets::pruning) fn one_class(&self, image: &Image, rounding: f64, until: Instant) -> Option<bool> {
        let first = class(&self.approximation.target().forward(image));
        if self.keeps_first(first, rounding) {
            return Some(true);
        }
        let off = 2.0 * rounding;
        let bounded = self.branch(self.last(), &self.excesses(first), -2.0 * off, until);
        match bounded {
            _ if bounded.upper + off < 0.0 => Some(true),
            _ if bounded.lower > off => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::tickets::cnn::{Kernel, Layer, Network};
    use crate::tickets::pruning::worst_case::Split;
    use crate::tickets::pruning::{Search, Watch};
    use rand::RngExt;

    static NEVER: AtomicBool = AtomicBool::new(false);

    /// A random network of these channels and what stands in for its layers, of which the halves differ.
    fn random(channels: &[usize], side: usize, leak: f64, apart: f64, stream: &mut Stream) -> Approximation {
        let (mut layers, mut splits) = (Vec::new(), Vec::new());
        for pair in channels.windows(2) {
            let mut kernel = || Kernel::normal(pair[1], pair[0], side, stream);
            let (own, noise) = (kernel(), [kernel(), kernel()]);
            let pad = usize::from(side == 3);
            let [plus, minus] = [1.0, -1.0].map(|sign| own.map(|x| sign * x));
            let plus = plus.zip(&noise[0], |x, e| x + apart * e);
            let minus = minus.zip(&noise[1], |x, e| x + apart * e);
            splits.push(Split { plus, minus, stride: 1, pad });
            layers.push(Layer { kernel: own, stride: 1, pad });
        }
        Approximation::new(Network::new(layers).unwrap().with_leak(leak).unwrap(), splits)
    }

    /// A random image in the ball around one.
    fn near(image: &Image, radius: f64, stream: &mut Stream) -> Image {
        let mut near = image.clone();
        for x in near.data_mut() {
            *x = (*x + radius * stream.random_range(-1.0..=1.0)).clamp(-1.0, 1.0);
        }
        near
    }

    /// The largest error over x in [-1, 1] of a network that reads one pixel x and 1: between the places where some number of
    /// either network changes its sign it is linear.
    fn by_enumeration(approximation: &Approximation) -> f64 {
        let image = |x: f64| Image::new(2, 1, 1, vec![x, 1.0]).unwrap();
        let mut places = vec![-1.0, 0.0, 1.0];
        for layer in 0..approximation.target().layers().len() - 1 {
            let numbers = |x: f64| {
                let (target, other) = approximation.up_to(layer, &image(x));
                [target.data(), other.data()].concat()
            };
            let crossings = places.windows(2).flat_map(|ends| {
                let (low, high) = (numbers(ends[0]), numbers(ends[1]));
                let crossing =
                    |(p, q): (&f64, &f64)| (p * q < 0.0).then(|| ends[0] + (ends[1] - ends[0]) * p / (p - q));
                low.iter().zip(&high).filter_map(crossing).collect::<Vec<_>>()
            });
            let mut all: Vec<f64> = places.iter().copied().chain(crossings).collect();
            all.sort_by(f64::total_cmp);
            places = all;
        }
        places.iter().map(|&x| approximation.error_at(&image(x))).fold(0.0, f64::max)
    }

    /// Where all signs are known, slopes are searched for by small steps, which do not always arrive: nearly always they do.
    #[test]
    fn the_bound_of_a_small_network_is_its_exact_maximum() {
        let mut stream = Stream::new(111, 112);
        let (mut reached, mut open) = (0, 0);
        for round in 0..40 {
            let leak = [0.0, 0.2][round % 2];
            let approximation = random(&[2, 3, 3, 2], 1, leak, [0.3, 0.01][round / 2 % 2], &mut stream);
            let exact = by_enumeration(&approximation);
            let (shapes, inputs) = ([(1, 1); 4], Some(vec![(-1.0, 1.0), (1.0, 1.0)]));
            let time = Duration::from_millis(20);
            let relaxation = Relaxation::in_time(&approximation, &shapes, inputs, time, &NEVER).unwrap();
            let plain = relaxation.largest_error(0.0, Instant::now()).upper;
            let bounded = relaxation.largest_error(0.0, Instant::now() + Duration::from_secs(60));
            assert!(bounded.upper >= exact && bounded.upper <= plain, "{round}: {} {exact} {plain}", bounded.upper);
            assert!(bounded.lower <= exact * (1.0 + 1e-12), "{round}: {} {exact}", bounded.lower);
            reached += usize::from(bounded.upper <= exact * 1.002 + 1e-12);
            open += usize::from(plain > exact * 1.05 + 1e-12);
        }
        assert!(reached >= 35 && open >= 15, "{reached} {open}");
    }

    #[test]
    fn no_input_exceeds_a_bound_brought_nearer() {
        let mut stream = Stream::new(113, 114);
        let mut nearer = 0.0;
        for round in 0..30 {
            let leak = [0.0, 0.0, 0.1][round % 3];
            let approximation = random(&[1, 2, 3, 2], 3, leak, 10f64.powi(-(round as i32 % 8)), &mut stream);
            let time = Duration::from_millis(100);
            let search = Search::of(200);
            let found = approximation.worst_found((4, 4), &search, &mut stream).unwrap();
            let plain = approximation.certify(4, 4).unwrap().total_error_upper();
            let (found, upper) = approximation.tighten((4, 4), (found, &search), time, &mut stream).unwrap().unwrap();
            assert!((approximation.error_at(&found.input.image()) - found.value).abs() <= 1e-12 * found.value);
            let image = Image::from_fn(1, 4, 4, |_, _, _| stream.random_range(-1.0..=1.0));
            let radius = 0.1;
            let ball = approximation.around((&image, radius, 0), time, &Watch::NOBODY).unwrap().unwrap();
            assert!(ball.lower.input.distance(&image) <= radius * (1.0 + 1e-12));
            assert!(found.value <= upper && ball.lower.value <= ball.upper && ball.upper <= upper.max(plain));
            for _ in 0..300 {
                let vertex = Image::from_fn(1, 4, 4, |_, _, _| if stream.random() { 1.0 } else { -1.0 });
                assert!(approximation.error_at(&vertex) <= upper, "{round}");
                let near = near(&image, radius, &mut stream);
                assert!(approximation.error_at(&near) <= ball.upper, "{round}");
            }
            nearer += (upper / plain).ln() / 30.0;
        }
        assert!(nearer < -0.01, "{nearer}");
    }

    /// A class that is said to be first everywhere is, and one that is said not to be is not.
    #[test]
    fn classes_in_balls_are_told_apart() {
        let mut stream = Stream::new(115, 116);
        let mut counts = [0; 3];
        for round in 0..60 {
            let approximation = random(&[1, 2, 3, 2], 3, 0.0, 0.01, &mut stream);
            let image = Image::from_fn(1, 4, 4, |_, _, _| stream.random_range(-1.0..=1.0));
            let radius = [0.01, 0.1, 0.5][round % 3];
            let time = Duration::from_millis(30);
            let ball = approximation.around((&image, radius, 0), time, &Watch::NOBODY).unwrap().unwrap();
            let first = class(&approximation.target().forward(&image));
            let same = (0..200).all(|_| {
                let near = near(&image, radius, &mut stream);
                class(&approximation.target().forward(&near)) == first && class(&approximation.forward(&near)) == first
            });
            assert!(same || ball.one_class != Some(true), "{round}");
            counts[match ball.one_class {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            }] += 1;
        }
        assert!(counts[0] > 20 && counts[1] > 3, "{counts:?}");
    }

    /// No bound is lost where numbers overflow.
    #[test]
    fn bounds_that_overflow_are_infinite() {
        let layer = |weight: f64| Layer { kernel: Kernel::new(1, 1, 1, vec![weight]).unwrap(), stride: 1, pad: 0 };
        let network = |weights: [f64; 3]| Network::new(weights.map(layer).to_vec()).unwrap();
        let approximation = Approximation::by_network(&network([1e160, 1e160, 1.0]), &network([-1e160, 1e160, 0.0]));
        let time = Duration::from_millis(20);
        let relaxation = Relaxation::in_time(&approximation, &[(1, 1); 4], None, time, &NEVER).unwrap();
        assert_eq!(relaxation.largest_error(0.0, Instant::now() + time).upper, f64::INFINITY);
    }
}
