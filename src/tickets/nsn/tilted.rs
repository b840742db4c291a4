//! Averages of conditional box probabilities under tilted scales: values in [0, 1] times a known constant, at any size.
//!
//! Given its scale s, a coordinate lies in an interval of width 2 eps with probability at most 2 eps / sqrt(2 pi s). So
//! the product over coordinates is at most c s^(-alpha/2) for known c and alpha, and
//!
//! ```text
//! E[f(s)] = c E[s^(-alpha/2)] E~[ f(s) s^(alpha/2) / c ],   s ~ chi^2_k,   s ~ Gamma((k - alpha)/2, 2) under E~.
//! ```
//!
//! The last average is of values in [0, 1], so that its limits need no further assumption, however small `E[f]` is. Among
//! the (c, alpha) allowed the one with the least `c E[s^(-alpha/2)]` is taken: it makes the average largest.

use rand::RngExt;
use rand_distr::{Distribution, Gamma, Open01};
use std::f64::consts::PI;

use super::boxes::ln_product;
use super::normal::{LN_SQRT_2PI, Overlap, ln_interval_of_ln};
use super::target::Target;
use crate::numeric::ln_chi_square_moment;
use crate::random::Stream;

/// The law of ln s for s ~ chi^2_k weighted by s^(-alpha/2).
#[derive(Debug, Clone, Copy)]
pub(super) struct TiltedScale {
    /// Gamma law with shape (k - alpha)/2 + 1 and scale 2; the missing power of u^(1/shape) is drawn apart, in logs,
    /// because shapes near 0 put s far below the smallest double.
    boosted: Gamma<f64>,
    shape: f64,
    alpha: f64,
}

impl TiltedScale {
    pub(super) fn new(k: f64, alpha: f64) -> Self {
        let shape = 0.5 * (k - alpha);
        TiltedScale { boosted: Gamma::new(shape + 1.0, 2.0).expect("the shape is positive"), shape, alpha }
    }

    pub(super) fn draw_ln(&self, stream: &mut Stream) -> f64 {
        let uniform: f64 = stream.sample(Open01);
        self.boosted.sample(stream).ln() + uniform.ln() / self.shape
    }

    /// ln of the weight s^(alpha/2) that the tilt has taken away.
    pub(super) fn ln_weight(&self, ln_s: f64) -> f64 {
        0.5 * self.alpha * ln_s
    }
}

/// The conditional estimator of a box's probability (Lemma 7).
#[derive(Debug, Clone)]
pub struct TiltedBox {
    coordinates: Vec<(f64, f64)>,
    eps: f64,
    scale: TiltedScale,
    ln_envelope: f64,
    /// ln of the constant that multiplies the average.
    pub ln_constant: f64,
}

impl TiltedBox {
    /// Prepares the estimator for sums of `k` NSN vectors in R^`d`.
    pub fn new(k: u64, d: u64, eps: f64, target: &Target) -> Self {
        let coordinates = target.coordinates(k, d);
        let (k, d) = (k as f64, d as f64);
        let ln_width = (2.0 * eps).ln() - LN_SQRT_2PI;
        // sum (|z_i| - eps)_+^2: coordinates away from 0 make tiny scales improbable.
        let far: f64 = coordinates.iter().map(|&(z, count)| count * (z - eps).max(0.0).powi(2)).sum();
        // f(s) <= c s^(-alpha/2) with c = (2 eps/sqrt(2 pi))^alpha for alpha in [0, d] ...
        let near = |alpha: f64| alpha * ln_width;
        // ... and f(s) <= (2 eps/sqrt(2 pi s))^d e^(-far/2s) with e^(-far/2s) <= (b / (e far))^(b/2) s^(b/2).
        let beside = |alpha: f64| {
            let b = d - alpha;
            d * ln_width + if b > 0.0 { 0.5 * b * ((b / far).ln() - 1.0) } else { 0.0 }
        };
        let constant = |ln_c: f64, alpha: f64| ln_c + ln_chi_square_moment(k, -0.5 * alpha);
        let most = d.min(k * (1.0 - 1e-9));
        let mut alpha = minimum_of_convex(0.0, most, |a| constant(near(a), a));
        let mut ln_envelope = near(alpha);
        if far > 0.0 {
            let other = minimum_of_convex(-4.0 * (d + k + far), most, |a| constant(beside(a), a));
            if constant(beside(other), other) < constant(ln_envelope, alpha) {
                (alpha, ln_envelope) = (other, beside(other));
            }
        }
        let ln_constant = constant(ln_envelope, alpha);
        TiltedBox { coordinates, eps, scale: TiltedScale::new(k, alpha), ln_envelope, ln_constant }
    }

    /// One value in [0, 1].
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let ln_s = self.scale.draw_ln(stream);
        let ln_f = ln_product(&self.coordinates, |z| ln_interval_of_ln(z, 0.5 * ln_s, self.eps));
        in_unit(ln_f + self.scale.ln_weight(ln_s) - self.ln_envelope)
    }
}

/// The conditional estimator of a joint box's probability (Lemma 8).
#[derive(Debug, Clone)]
pub struct TiltedJointBox {
    coordinates: Vec<(f64, f64)>,
    eps: f64,
    /// The law of the scales of A and of C.
    ends: TiltedScale,
    /// The law of the scale of B, where k > j.
    shared: Option<TiltedScale>,
    ln_envelope: f64,
    /// ln of the constant that multiplies the average.
    pub ln_constant: f64,
}

/// An envelope q^d <= e^ln_c (s s')^(-alpha/2) b^(-beta/2) of the product of d rectangles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    pub(super) ln_c: f64,
    pub(super) alpha: f64,
    pub(super) beta: f64,
}

impl Envelope {
    /// A rectangle is at most 1, at most 2 eps/sqrt(2 pi b), and at most (2 eps)^2 / (2 pi sqrt(det)) with
    /// det = ss' + bs + bs' >= (ss'/w0)^w0 (bs/w)^w (bs'/w)^w for w0 + 2w = 1 (weighted means). Powers tau(1-theta) and
    /// tau theta of the last two, with tau, theta in [0, 1], bound it too.
    fn new(d: f64, eps: f64, tau: f64, theta: f64, w: f64) -> Self {
        let entropy = |x: f64| if x > 0.0 { x * x.ln() } else { 0.0 };
        let w0 = 1.0 - 2.0 * w;
        let ln_single = (2.0 * eps).ln() - LN_SQRT_2PI;
        let ln_double = 2.0 * (2.0 * eps).ln() - (2.0 * PI).ln() + 0.5 * (entropy(w0) + 2.0 * entropy(w));
        Envelope {
            ln_c: tau * d * ((1.0 - theta) * ln_single + theta * ln_double),
            alpha: tau * theta * d * (1.0 - w),
            beta: tau * d * (1.0 - theta + 2.0 * theta * w),
        }
    }

    /// ln of the constant that the envelope gives; infinite where a moment does not exist.
    fn ln_constant(&self, j: f64, shared: f64) -> f64 {
        let ends = 2.0 * ln_chi_square_moment(j, -0.5 * self.alpha);
        let middle = match (shared > 0.0, self.beta > 0.0) {
            (true, _) => ln_chi_square_moment(shared, -0.5 * self.beta),
            (false, false) => 0.0,
            (false, true) => f64::INFINITY,
        };
        self.ln_c + ends + middle
    }
}

impl TiltedJointBox {
    /// Prepares the estimator for blocks of j, k-j and j NSN vectors in R^`d`.
    pub fn new(k: u64, j: u64, d: u64, eps: f64, target: &Target) -> Self {
        let (ends, shared, dimension) = (j as f64, (k - j) as f64, d as f64);
        let envelope = best_envelope(dimension, eps, ends, shared);
        TiltedJointBox {
            coordinates: target.coordinates(k, d),
            eps,
            ends: TiltedScale::new(ends, envelope.alpha),
            shared: (k > j).then(|| TiltedScale::new(shared, envelope.beta)),
            ln_envelope: envelope.ln_c,
            ln_constant: envelope.ln_constant(ends, shared),
        }
    }

    /// One value in [0, 1].
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let (ln_s, ln_s2) = (self.ends.draw_ln(stream), self.ends.draw_ln(stream));
        let mut ln_weight = self.ends.ln_weight(ln_s) + self.ends.ln_weight(ln_s2);
        let mut b = 0.0;
        if let Some(shared) = &self.shared {
            let ln_b = shared.draw_ln(stream);
            ln_weight += shared.ln_weight(ln_b);
            b = (0.5 * ln_b).exp();
        }
        let (a, c) = ((0.5 * ln_s).exp(), (0.5 * ln_s2).exp());
        let overlap = Overlap::new(a, b, c);
        let ln_f = ln_product(&self.coordinates, |z| overlap.ln_rectangle(z, self.eps));
        in_unit(ln_f + ln_weight - self.ln_envelope)
    }
}

/// The envelope with the least constant, on a grid that is refined around its best point.
pub(super) fn best_envelope(d: f64, eps: f64, ends: f64, shared: f64) -> Envelope {
    const STEPS: i32 = 10;
    let at = |[tau, theta, w]: [f64; 3]| Envelope::new(d, eps, tau, theta, w);
    // tau = 0 is the envelope 1, which always exists.
    let mut best = [0.0, 0.0, 0.0];
    let mut radius = 0.5;
    let mut centre = [0.5, 0.5, 0.25];
    for _ in 0..8 {
        for cell in 0..(STEPS + 1).pow(3) {
            let digit = |place: u32| f64::from(cell / (STEPS + 1).pow(place) % (STEPS + 1)) / f64::from(STEPS);
            let shift = |centre: f64, reach: f64, most: f64, place: u32| {
                (centre + reach * (2.0 * digit(place) - 1.0)).clamp(0.0, most)
            };
            let point = [
                shift(centre[0], radius, 1.0, 0),
                shift(centre[1], radius, 1.0, 1),
                if shared > 0.0 { shift(centre[2], 0.5 * radius, 0.5, 2) } else { 0.0 },
            ];
            if at(point).ln_constant(ends, shared) < at(best).ln_constant(ends, shared) {
                best = point;
            }
        }
        centre = best;
        radius *= 0.4;
    }
    at(best)
}

/// The point of [low, high] where a convex function is least, by ternary search.
pub(super) fn minimum_of_convex(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..100 {
        let third = (high - low) / 3.0;
        if f(low + third) <= f(high - third) { high -= third } else { low += third }
    }
    0.5 * (low + high)
}

/// A value whose log is at most 0 but for rounding.
pub(super) fn in_unit(ln: f64) -> f64 {
    assert!(ln < 1e-6, "the envelope does not bound the product: {ln}");
    ln.min(0.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Address;
    use crate::tickets::nsn::agrees;
    use crate::tickets::nsn::boxes::{ln_box, ln_joint_box};

    fn stream() -> Stream {
        Address { seed: 11, experiment: "tilted", cell: "test", estimator: "conditional", batch: 0 }.stream()
    }

    #[test]
    fn boxes_agree_with_quadrature() {
        for (k, d, eps) in [(16, 1, 0.1), (16, 16, 0.01), (64, 12, 1e-9), (100, 100, 0.1), (16, 40, 0.2)] {
            for target in [Target::Origin, Target::Axis, Target::Spread] {
                let tilted = TiltedBox::new(k, d, eps, &target);
                let exact = ln_box(k, d, eps, &target, 1e-10).ln;
                let mut stream = stream();
                agrees(4000, format!("{k} {d} {eps} {target:?}"), tilted.ln_constant, exact, || {
                    tilted.draw(&mut stream)
                });
            }
        }
    }

    #[test]
    fn joint_boxes_agree_with_quadrature() {
        for (k, j, d, eps) in
            [(16, 1, 2, 0.1), (16, 8, 2, 0.1), (16, 16, 2, 0.1), (64, 1, 6, 1e-6), (64, 2, 8, 0.01), (64, 40, 4, 0.05)]
        {
            for target in [Target::Origin, Target::Axis] {
                let tilted = TiltedJointBox::new(k, j, d, eps, &target);
                let exact = ln_joint_box(k, j, d, eps, &target, 1e-8).ln;
                let mut stream = stream();
                agrees(4000, format!("{k} {j} {d} {eps} {target:?}"), tilted.ln_constant, exact, || {
                    tilted.draw(&mut stream)
                });
            }
        }
    }
}
