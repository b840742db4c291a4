//! Importance sampling of box probabilities: points drawn in the box under tilted scales, weighed by the plain normal
//! density.
//!
//! A check on the other methods: no interval's, rectangle's or chi-square probability is evaluated here, only densities
//! at points and one ratio of Gamma functions. Given the scales, each draw takes the least spread of these unbiased
//! values of the conditional probability: the density at points uniform in the box times its volume, at most
//! (2 eps / sqrt(2 pi s))^d for one box; or the indicator of points drawn from the law itself, at most 1; or, for the joint
//! box, one of them for the first sum and the other for the second. They obey the envelopes of [`super::tilted`], so that
//! the weighted values lie in [0, 1] and their limits need no further assumption.

use libm::lgamma;
use rand::RngExt;
use rand_distr::StandardNormal;
use std::f64::consts::PI;

use super::target::Target;
use super::tilted::{TiltedScale, best_envelope, in_unit, minimum_of_convex};
use crate::error::{Error, Result};
use crate::numeric::number;
use crate::random::Stream;

/// Squares of smaller half-widths leave the range of doubles.
const LEAST_EPS: f64 = 1e-140;

/// Refuses half-widths whose squares would underflow.
///
/// # Errors
/// [`Error::Unreachable`], with the methods that reach further.
pub fn check_eps(eps: f64) -> Result<()> {
    if eps < LEAST_EPS {
        return Err(Error::unreachable(format!(
            "eps = {}: importance samples squares of eps, from eps = {LEAST_EPS:e} on; take quadrature or conditional",
            number(eps)
        )));
    }
    Ok(())
}

/// ln E[s^(-alpha/2)] for s ~ chi-square with `k` degrees of freedom; infinite where alpha >= k.
fn ln_inverse_moment(k: f64, alpha: f64) -> f64 {
    if alpha == 0.0 {
        return 0.0;
    }
    if alpha >= k {
        return f64::INFINITY;
    }
    -0.5 * alpha * 2f64.ln() + lgamma(0.5 * (k - alpha)) - lgamma(0.5 * k)
}

/// A point uniform in the box's interval around `z`.
fn inside(z: f64, eps: f64, stream: &mut Stream) -> f64 {
    z + eps * (2.0 * stream.random::<f64>() - 1.0)
}

/// A normal number of this variance.
fn normal(variance: f64, stream: &mut Stream) -> f64 {
    variance.sqrt() * stream.sample::<f64, _>(StandardNormal)
}

/// The importance sampler of a box's probability (Lemma 7).
#[derive(Debug, Clone)]
pub struct ImportanceBox {
    z: Vec<f64>,
    eps: f64,
    scale: TiltedScale,
    ln_envelope: f64,
    /// ln of the constant that multiplies the average.
    pub ln_constant: f64,
}

impl ImportanceBox {
    /// Prepares the sampler for sums of `k` NSN vectors in R^`d`.
    pub fn new(k: u64, d: u64, eps: f64, target: &Target) -> Self {
        let z = target.vector(k, d);
        let (k, d) = (k as f64, d as f64);
        let ln_width = (2.0 * eps / (2.0 * PI).sqrt()).ln();
        // The least spread value is at most min(1, width/sqrt(s))^d, so at most width^alpha s^(-alpha/2), alpha in [0, d].
        let constant = |alpha: f64| alpha * ln_width + ln_inverse_moment(k, alpha);
        let alpha = minimum_of_convex(0.0, d.min(k * (1.0 - 1e-9)), constant);
        let ln_envelope = alpha * ln_width;
        ImportanceBox { z, eps, scale: TiltedScale::new(k, alpha), ln_envelope, ln_constant: constant(alpha) }
    }

    /// One value in [0, 1].
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let ln_s = self.scale.draw_ln(stream);
        let s = ln_s.exp();
        let ln_uniform = self.z.len() as f64 * ((2.0 * self.eps / (2.0 * PI).sqrt()).ln() - 0.5 * ln_s);
        let ln_value = if ln_uniform <= 0.0 {
            let square: f64 = self.z.iter().map(|z| inside(*z, self.eps, stream).powi(2)).sum();
            ln_uniform - 0.5 * square / s
        } else if self.z.iter().all(|z| (normal(s, stream) - z).abs() <= self.eps) {
            0.0
        } else {
            return 0.0;
        };
        in_unit(ln_value + self.scale.ln_weight(ln_s) - self.ln_envelope)
    }
}

/// The importance sampler of a joint box's probability (Lemma 8).
#[derive(Debug, Clone)]
pub struct ImportanceJointBox {
    z: Vec<f64>,
    eps: f64,
    /// The law of the scales of A and of C.
    ends: TiltedScale,
    /// The law of the scale of B, where k > j.
    shared: Option<TiltedScale>,
    ln_envelope: f64,
    /// ln of the constant that multiplies the average.
    pub ln_constant: f64,
}

impl ImportanceJointBox {
    /// Prepares the sampler for blocks of j, k-j and j NSN vectors in R^`d`.
    pub fn new(k: u64, j: u64, d: u64, eps: f64, target: &Target) -> Self {
        let (ends, shared) = (j as f64, (k - j) as f64);
        let envelope = best_envelope(d as f64, eps, ends, shared);
        let middle = if shared > 0.0 { ln_inverse_moment(shared, envelope.beta) } else { 0.0 };
        ImportanceJointBox {
            z: target.vector(k, d),
            eps,
            ends: TiltedScale::new(ends, envelope.alpha),
            shared: (k > j).then(|| TiltedScale::new(shared, envelope.beta)),
            ln_envelope: envelope.ln_c,
            ln_constant: envelope.ln_c + 2.0 * ln_inverse_moment(ends, envelope.alpha) + middle,
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
            b = ln_b.exp();
        }
        let ln_value = self.ln_conditional(ln_s.exp(), b, ln_s2.exp(), stream);
        if ln_value == f64::NEG_INFINITY { 0.0 } else { in_unit(ln_value + ln_weight - self.ln_envelope) }
    }

    /// ln of an unbiased value of Pr(A+B and B+C in the box) given the scales; the two sums are y and y'.
    fn ln_conditional(&self, s: f64, b: f64, s2: f64, stream: &mut Stream) -> f64 {
        let eps = self.eps;
        // Which of the ends is called A does not matter; the larger variance gives the smaller density.
        let (s, s2) = if s >= s2 { (s, s2) } else { (s2, s) };
        let variance = s + b;
        let determinant = s * s2 + b * s + b * s2;
        let ln_one = (2.0 * eps / (2.0 * PI * variance).sqrt()).ln();
        let ln_both = (4.0 * eps * eps / (2.0 * PI)).ln() - 0.5 * determinant.ln();
        let mut ln_value = 0.0;
        for &z in &self.z {
            if ln_both <= ln_one && ln_both <= 0.0 {
                let (y, y2) = (inside(z, eps, stream), inside(z, eps, stream));
                let form = (s2 * y * y + s * y2 * y2 + b * (y - y2).powi(2)) / determinant;
                ln_value += ln_both - 0.5 * form;
                continue;
            }
            let (y, y2) = if ln_one <= 0.0 {
                let y = inside(z, eps, stream);
                ln_value += ln_one - 0.5 * y * y / variance;
                let share = b / variance;
                (y, share * y + normal(s2 + s * share, stream))
            } else {
                let middle = normal(b, stream);
                (middle + normal(s, stream), middle + normal(s2, stream))
            };
            if (y - z).abs() > eps || (y2 - z).abs() > eps {
                return f64::NEG_INFINITY;
            }
        }
        ln_value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::ln_chi_square_moment;
    use crate::random::Address;
    use crate::tickets::nsn::agrees;
    use crate::tickets::nsn::boxes::{ln_box, ln_joint_box};

    fn stream() -> Stream {
        Address { seed: 11, experiment: "importance", cell: "test", estimator: "importance", batch: 0 }.stream()
    }

    #[test]
    fn boxes_agree_with_quadrature() {
        for (k, d, eps) in [(16, 1, 0.1), (16, 16, 0.01), (64, 12, 1e-9), (100, 60, 0.1), (1_000_000, 9, 1e-3)] {
            for target in [Target::Origin, Target::Axis, Target::Spread] {
                let sampler = ImportanceBox::new(k, d, eps, &target);
                let exact = ln_box(k, d, eps, &target, 1e-10).ln;
                let mut stream = stream();
                agrees(20_000, format!("{k} {d} {eps} {target:?}"), sampler.ln_constant, exact, || {
                    sampler.draw(&mut stream)
                });
            }
        }
    }

    #[test]
    fn joint_boxes_agree_with_quadrature() {
        for (k, j, d, eps) in [(16, 1, 2, 0.1), (16, 8, 2, 0.1), (16, 16, 2, 0.1), (64, 1, 3, 1e-6), (64, 40, 4, 0.05)]
        {
            for target in [Target::Origin, Target::Axis, Target::Spread] {
                let sampler = ImportanceJointBox::new(k, j, d, eps, &target);
                let exact = ln_joint_box(k, j, d, eps, &target, 1e-8).ln;
                let mut stream = stream();
                agrees(20_000, format!("{k} {j} {d} {eps} {target:?}"), sampler.ln_constant, exact, || {
                    sampler.draw(&mut stream)
                });
            }
        }
    }

    #[test]
    fn the_moment_is_that_of_the_tilted_samplers() {
        for (k, alpha) in [(16.0, 1.0), (64.0, 60.0), (1e6, 256.0), (5.0, 4.999)] {
            let (own, other) = (ln_inverse_moment(k, alpha), ln_chi_square_moment(k, -0.5 * alpha));
            assert!((own - other).abs() < 1e-7, "{k} {alpha}: {own} {other}");
        }
        assert_eq!(ln_inverse_moment(4.0, 4.0), f64::INFINITY);
    }
}
