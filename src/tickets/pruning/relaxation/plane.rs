//! Planes above what a ReLU makes of a number z of the target and of its distance e from the pruned network's number.

use crate::numeric::larger_or_nan;
use crate::tickets::pruning::worst_case::Range;

/// The ranges of a neuron's z and e.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    pub(super) target: Range,
    pub(super) error: Range,
    /// Whether z - e, the pruned network's number, is known to be at least 0 (true) or at most 0 (false).
    pub(super) other: Option<bool>,
}

/// How much of z^+ and of z^+ - (z - e)^+ there is in a linear form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weights {
    pub(super) rectified: f64,
    pub(super) difference: f64,
}

/// A linear function of z and e that nowhere on a region is below a weighted sum of z^+ and z^+ - (z - e)^+.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plane {
    pub(super) target: f64,
    pub(super) error: f64,
    pub(super) constant: f64,
    /// Where it touches the sum: z and e.
    pub(super) at: (f64, f64),
}

/// Which line through 0 stands below x^+ on a range: its slope, from 0 to 1.
pub(super) type SlopeBelow = fn(Range) -> f64;

/// No one of them is best for all forms: the nearest on the range as a whole, the line 0, and the one parallel to the line above.
pub(super) const SLOPES_BELOW: [SlopeBelow; 3] =
    [|(low, high)| if high > -low { 1.0 } else { 0.0 }, |_| 0.0, |(low, high)| high / (high - low)];

/// The slopes of a plane in parts of the weights, so that they suit whatever these become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tilt {
    /// In z, in parts of a weight of z^+ below and from 0 on.
    pub(super) rectified: [f64; 2],
    /// In z, in parts of a weight of the difference, times e's width over z's.
    pub(super) coupled: [f64; 2],
    /// In e, in parts of a weight of the difference.
    pub(super) difference: [f64; 2],
    /// In z and in e whatever the weights are, over their widths: the prices of signs that z and z - e are known to have.
    pub(super) prices: [f64; 2],
}

/// `z^+ - (z - e)^+`, whose rounding is in proportion to e.
pub(super) fn difference(z: f64, e: f64) -> f64 {
    if z >= 0.0 { z.min(e) } else { (e - z).min(0.0) }
}

fn width((low, high): Range) -> f64 {
    high - low
}

fn contains((low, high): Range, x: f64) -> bool {
    low <= x && x <= high
}

/// The larger absolute value of the two ends.
pub(super) fn largest((low, high): Range) -> f64 {
    larger_or_nan(low.abs(), high.abs())
}

impl Region {
    /// Whether z has one sign.
    pub(super) fn is_stable(&self) -> bool {
        self.target.0 >= 0.0 || self.target.1 <= 0.0
    }

    /// Whether z - e has one sign.
    pub(super) fn is_other_stable(&self) -> bool {
        let Region { target, error, other } = *self;
        other.is_some() || target.0 - error.1 >= 0.0 || target.1 - error.0 <= 0.0
    }

    /// What z's slope has to be multiplied by to weigh as much as one in e.
    fn coupling(&self) -> f64 {
        let ratio = width(self.error) / width(self.target);
        if ratio.is_finite() { ratio } else { 0.0 }
    }

    /// One over the widths of z and e; 0 where they have none.
    fn per_width(&self) -> [f64; 2] {
        [self.target, self.error].map(|range| {
            let inverse = width(range).recip();
            if inverse.is_finite() { inverse } else { 0.0 }
        })
    }

    /// Visits the corners of the pieces on which both functions are linear: of the box, and of where the lines z = 0 and z = e meet it
    /// and each other.
    fn corners(&self, mut visit: impl FnMut(f64, f64)) {
        let Region { target, error, other } = *self;
        let mut visit = |z: f64, e: f64| {
            if other.is_none_or(|positive| if positive { z >= e } else { z <= e }) {
                visit(z, e);
            }
        };
        let zero = target.0 < 0.0 && target.1 > 0.0;
        for e in [error.0, error.1] {
            visit(target.0, e);
            visit(target.1, e);
            if zero {
                visit(0.0, e);
            }
            if contains(target, e) {
                visit(e, e);
            }
        }
        for z in [target.0, target.1] {
            if contains(error, z) {
                visit(z, z);
            }
        }
        if zero && contains(error, 0.0) {
            visit(0.0, 0.0);
        }
    }

    /// The lowest plane of these slopes: a piecewise linear function is highest above it at a corner.
    pub(super) fn plane(&self, weights: Weights, (target, error): (f64, f64)) -> Plane {
        let mut plane = Plane { target, error, constant: f64::NEG_INFINITY, at: (0.0, 0.0) };
        self.corners(|z, e| {
            let above = weights.at(z, e) - target * z - error * e;
            if above > plane.constant {
                plane.at = (z, e);
            }
            plane.constant = larger_or_nan(above, plane.constant);
        });
        plane
    }
}

impl Weights {
    pub(super) fn at(&self, z: f64, e: f64) -> f64 {
        self.rectified * z.max(0.0) + self.difference * difference(z, e)
    }

    /// Which slope of each pair applies.
    pub(super) fn sides(&self) -> (usize, usize) {
        (usize::from(self.rectified >= 0.0), usize::from(self.difference >= 0.0))
    }
}

impl Tilt {
    /// The slopes that fit each function alone.
    pub(super) fn new(region: &Region, below: SlopeBelow) -> Self {
        let Region { target: z, error: e, .. } = *region;
        let other = (z.0 - e.1, z.1 - e.0);
        let unstable = |(low, high): Range| low < 0.0 && high > 0.0;
        // The chord of x^+ over a range.
        let chord = |(low, high): Range| match (low, high) {
            _ if high <= 0.0 => 0.0,
            _ if low >= 0.0 => 1.0,
            _ => high / (high - low),
        };
        // Where z has one sign, the difference is at most e or at most 0, and else at most e^+; where z - e has one, at least that,
        // and else at least -(-e)^+.
        let of_difference = |x: Range, e: Range| if unstable(x) { chord(e) } else { chord(x) };
        Tilt {
            rectified: [if unstable(z) { below(z) } else { chord(z) }, chord(z)],
            coupled: [0.0; 2],
            difference: [of_difference(other, (-e.1, -e.0)), of_difference(z, e)],
            prices: [0.0; 2],
        }
    }

    /// The slopes in z and in e.
    pub(super) fn slopes(&self, region: &Region, weights: Weights) -> (f64, f64) {
        let (rectified, difference) = weights.sides();
        let coupled = weights.difference * self.coupled[difference] * region.coupling();
        let [of_target, of_error] = region.per_width();
        let target = weights.rectified * self.rectified[rectified] + coupled + self.prices[0] * of_target;
        (target, weights.difference * self.difference[difference] + self.prices[1] * of_error)
    }
}

/// What a step of the slopes changes, and what comes out of the ReLU along the plane.
pub(super) struct Pull {
    /// The derivatives of the plane's height at (z, e) by the slopes in force: rectified, coupled, difference, and the two prices.
    pub(super) by: [f64; 5],
    /// Those by the weights: the values that take the places of z^+ and of the difference.
    pub(super) values: (f64, f64),
}

impl Tilt {
    /// How the height of the plane at (z, e) changes.
    pub(super) fn pull(&self, region: &Region, weights: Weights, at: (f64, f64), (z, e): (f64, f64)) -> Pull {
        let (rectified, coupled) = weights.sides();
        let (right, up) = (z - at.0, e - at.1);
        let (coupling, [of_target, of_error]) = (region.coupling(), region.per_width());
        let by = [
            weights.rectified * right,
            weights.difference * right * coupling,
            weights.difference * up,
            right * of_target,
            up * of_error,
        ];
        let values = (
            at.0.max(0.0) + self.rectified[rectified] * right,
            difference(at.0, at.1) + self.coupled[coupled] * coupling * right + self.difference[coupled] * up,
        );
        Pull { by, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    fn random_region(stream: &mut Stream) -> Region {
        let mut range = || {
            let (x, y) = (stream.random_range(-1.0..=1.0f64), stream.random_range(-1.0..=1.0));
            (x.min(y), x.max(y))
        };
        let (target, error) = (range(), range());
        let narrow = [1.0, 1.0, 1e-3][stream.random_range(0..3)];
        let other = [None, Some(true), Some(false)][stream.random_range(0..3)];
        Region { target, error: (error.0 * narrow, error.1 * narrow), other }
    }

    /// Whatever the slopes are, planes lie above and touch.
    #[test]
    fn planes_lie_above_what_they_stand_for() {
        let mut stream = Stream::new(93, 94);
        let mut inside = 0;
        for _ in 0..20_000 {
            let region = random_region(&mut stream);
            let [rectified, difference_weight] = [(); 2].map(|()| stream.random_range(-2.0..=2.0));
            let weights = Weights { rectified, difference: difference_weight };
            let mut tilt = Tilt::new(&region, SLOPES_BELOW[stream.random_range(0..SLOPES_BELOW.len())]);
            if stream.random() {
                tilt.coupled = [(); 2].map(|()| stream.random_range(-1.0..=1.0));
                tilt.prices = [(); 2].map(|()| stream.random_range(-1.0..=1.0));
            }
            let plane = region.plane(weights, tilt.slopes(&region, weights));
            let height = |z: f64, e: f64| plane.target * z + plane.error * e + plane.constant - weights.at(z, e);
            for _ in 0..100 {
                let at = |range: Range, part: f64| range.0 + width(range) * part;
                let (z, e) = (at(region.target, stream.random()), at(region.error, stream.random()));
                let allowed = region.other.is_none_or(|positive| if positive { z >= e } else { z <= e });
                if allowed {
                    inside += 1;
                    assert!(height(z, e) >= -1e-12, "{region:?} {weights:?} {tilt:?} {z} {e}");
                }
            }
            if plane.constant.is_finite() {
                assert!(height(plane.at.0, plane.at.1).abs() < 1e-12);
            }
        }
        assert!(inside > 500_000, "{inside}");
    }

    #[test]
    fn differences_are_as_exact_as_e() {
        assert_eq!(difference(1e9, 1e-9), 1e-9);
        assert_eq!(difference(-1.0, 0.5), 0.0);
        assert_eq!((difference(0.25, 0.5), difference(-0.25, -0.5), difference(0.25, -0.5)), (0.25, -0.25, -0.5));
    }
}
