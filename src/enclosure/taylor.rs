//! Taylor coefficients in enclosures: of a function at a point, or over an interval, where each holds all of them there.

use std::array;
use std::ops::{Add, Mul, Sub};

use super::Enclosure;

/// The coefficients f, f', f''/2, ... up to the `N`-th.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taylor<const N: usize>(pub [Enclosure; N]);

impl<const N: usize> Taylor<N> {
    /// Those of a constant.
    pub fn constant(value: Enclosure) -> Self {
        Taylor(array::from_fn(|n| if n == 0 { value } else { Enclosure::ZERO }))
    }

    /// Those of t itself, at t.
    pub fn variable(t: Enclosure) -> Self {
        Taylor(array::from_fn(|n| match n {
            0 => t,
            1 => Enclosure::ONE,
            _ => Enclosure::ZERO,
        }))
    }

    /// Those of the multiple.
    pub fn times(self, factor: Enclosure) -> Self {
        Taylor(self.0.map(|x| x * factor))
    }

    /// n f_n: the coefficients that a differential equation is about.
    fn slopes(&self) -> [Enclosure; N] {
        array::from_fn(|n| self.0[n] * Enclosure::whole(n as u64))
    }

    /// Those of a function whose derivative is `factor` times that of this one, and whose value is given; coefficient after
    /// coefficient, since the factor may depend on the function: it is asked for those that are known.
    fn solve(&self, value: Enclosure, factor: impl Fn(&Self, usize) -> Enclosure) -> Self {
        let slopes = self.slopes();
        // Of a line there is but one.
        let last = (1..N).rev().find(|&n| slopes[n] != Enclosure::ZERO).unwrap_or(0);
        let mut solution = Taylor::constant(value);
        for n in 1..N {
            let sum: Enclosure = (1..=n.min(last)).map(|i| slopes[i] * factor(&solution, n - i)).sum();
            solution.0[n] = sum / Enclosure::whole(n as u64);
        }
        solution
    }

    /// e^f.
    pub fn exp(self) -> Self {
        self.solve(self.0[0].exp(), |exp, n| exp.0[n])
    }

    /// ln f, by f (ln f)' = f'.
    pub fn ln(self) -> Self {
        let (mut ln, mut slopes) = (Taylor::constant(self.0[0].ln()), [Enclosure::ZERO; N]);
        for n in 1..N {
            let known: Enclosure = (1..n).map(|i| slopes[i] * self.0[n - i]).sum();
            let whole = Enclosure::whole(n as u64);
            slopes[n] = (self.0[n] * whole - known) / self.0[0];
            ln.0[n] = slopes[n] / whole;
        }
        ln
    }

    /// erf f.
    pub fn erf(self) -> Self {
        let slope = self.slope_of_erf();
        self.solve(self.0[0].erf(), |_, n| slope.0[n])
    }

    /// erfc f.
    pub fn erfc(self) -> Self {
        let slope = self.slope_of_erf();
        self.solve(self.0[0].erfc(), |_, n| -slope.0[n])
    }

    /// 2/sqrt(pi) e^(-f^2).
    fn slope_of_erf(self) -> Self {
        let mut square = self * self;
        square.0[0] = self.0[0].square();
        square.times(-Enclosure::ONE).exp().times(Enclosure::new(2.0) / Enclosure::PI.sqrt())
    }
}

impl<const N: usize> Add for Taylor<N> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Taylor(array::from_fn(|n| self.0[n] + other.0[n]))
    }
}

impl<const N: usize> Sub for Taylor<N> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Taylor(array::from_fn(|n| self.0[n] - other.0[n]))
    }
}

impl<const N: usize> Mul for Taylor<N> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Taylor(array::from_fn(|n| (0..=n).map(|i| self.0[i] * other.0[n - i]).sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Coefficients at 0.5 by hand, or by the binomial series.
    #[test]
    fn coefficients_are_those_of_the_functions() {
        let t = Taylor::<6>::variable(Enclosure::new(0.5));
        let check = |found: Taylor<6>, wanted: [f64; 6]| {
            for (found, wanted) in found.0.iter().zip(wanted) {
                let near = wanted.abs() * 1e-14;
                assert!(found.lo() <= wanted + near && wanted - near <= found.hi(), "{found:?} {wanted}");
                assert!(found.width() < 1e-14 * wanted.abs().max(10.0), "{found:?}");
            }
        };
        let exp = 0.5f64.exp();
        check(t.exp(), [exp, exp, exp / 2.0, exp / 6.0, exp / 24.0, exp / 120.0]);
        check(t.ln(), [0.5f64.ln(), 2.0, -2.0, 8.0 / 3.0, -4.0, 6.4]);
        check(t * t, [0.25, 1.0, 1.0, 0.0, 0.0, 0.0]);
        // erf' = g, g' = -2 t g, g'' = (4 t^2 - 2) g, g''' = (12 t - 8 t^3) g, g'''' = (12 - 48 t^2 + 16 t^4) g.
        let g = 2.0 / std::f64::consts::PI.sqrt() * (-0.25f64).exp();
        let erf = [libm::erf(0.5), g, -g / 2.0, -g / 6.0, 5.0 * g / 24.0, g / 120.0];
        check(t.erf(), erf);
        check(t.erfc(), [libm::erfc(0.5), -erf[1], -erf[2], -erf[3], -erf[4], -erf[5]]);
    }

    /// Over an interval each coefficient holds those at every point.
    #[test]
    fn coefficients_over_an_interval_hold_those_inside() {
        let function = |t: Enclosure| {
            let t = Taylor::<5>::variable(t);
            (t * t).erfc() * t.ln().exp() - (t * t).ln()
        };
        let all = function(Enclosure::between(1.0, 1.5));
        for step in 0..=10 {
            let inside = function(Enclosure::new(1.0 + 0.05 * f64::from(step)));
            for (all, inside) in all.0.iter().zip(inside.0) {
                assert!(all.lo() <= inside.lo() && inside.hi() <= all.hi(), "{all:?} {inside:?}");
            }
        }
    }
}
