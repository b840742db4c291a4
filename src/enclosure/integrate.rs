//! Rigorous integrals of one variable: piece by piece, each by a Taylor form with its remainder.

use super::Enclosure;
use super::taylor::Taylor;

/// Coefficients of a Taylor form. The last, over the whole piece, is the remainder's; its power is even.
pub const COEFFICIENTS: usize = 9;

/// An enclosure that is wider than rounding makes it by no more than this factor is not worth halving.
const ROUNDING_SHOWS: f64 = 3.0;

/// A part of the range, and the integral over it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// The piece.
    pub range: Enclosure,
    /// What the integral over it is.
    pub integral: Enclosure,
}

/// An integral, and the pieces of which it is the sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    /// The integral.
    pub sum: Enclosure,
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
}

/// The coefficients of a function over a piece, and at the middle of it.
pub struct Forms {
    /// They hold those of every point of the piece.
    pub over: Taylor<COEFFICIENTS>,
    /// At [`Enclosure::middle`].
    pub at_middle: Taylor<COEFFICIENTS>,
}

/// The integral of a function that is at least 0, given by its Taylor coefficients, over a finite range: each piece is halved until
/// its enclosure is no wider than its share of `width`, or hardly wider than rounding makes it, or there are `most` pieces.
pub fn integrate(function: impl Fn(Enclosure) -> Forms, range: Enclosure, width: f64, most: usize) -> Pieces {
    let mut left = vec![range];
    let mut pieces = Vec::new();
    while let Some(range_left) = left.pop() {
        let (integral, rounding) = of_piece(&function, range_left);
        let share = width * range_left.width() / range.width();
        let middle = range_left.middle();
        let can_halve = range_left.lo() < middle && middle < range_left.hi();
        if integral.width() <= share.max(ROUNDING_SHOWS * rounding)
            || pieces.len() + left.len() + 1 >= most
            || !can_halve
        {
            pieces.push(Piece { range: range_left, integral });
        } else {
            left.push(Enclosure::between(middle, range_left.hi()));
            left.push(Enclosure::between(range_left.lo(), middle));
        }
    }
    Pieces { sum: pieces.iter().map(|piece| piece.integral).sum::<Enclosure>().non_negative(), pieces }
}

/// The integral over one piece, and how wide rounding alone makes it: by the coefficients at its middle m with Lagrange's remainder
/// f(t) = sum_(n < N) c_n(m) (t - m)^n + c_N(some point of the piece) (t - m)^N, whose power is even, so that it has one sign; and no more
/// than the range of the function says.
fn of_piece(function: &impl Fn(Enclosure) -> Forms, range: Enclosure) -> (Enclosure, f64) {
    let Forms { over, at_middle } = function(range);
    let [lo, hi] = [range.lo(), range.hi()].map(Enclosure::new);
    let plain = over.0[0].non_negative() * (hi - lo);
    let remainder = over.0[COEFFICIENTS - 1];
    if !remainder.width().is_finite() || !at_middle.0[0].width().is_finite() {
        return (plain, 0.0);
    }
    let middle = Enclosure::new(range.middle());
    let mut coefficients = at_middle.0;
    coefficients[COEFFICIENTS - 1] = remainder;
    let (below, above) = (lo - middle, hi - middle);
    let form: Enclosure = (0..COEFFICIENTS)
        .map(|n| {
            let power = n as u32 + 1;
            let moment = if n % 2 == 0 {
                above.powi(power) + (-below).powi(power)
            } else {
                above.powi(power) - (-below).powi(power)
            };
            coefficients[n] * moment / Enclosure::whole(power.into())
        })
        .sum();
    (form.common(plain), coefficients[0].width() * range.width())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Form = Taylor<COEFFICIENTS>;

    fn forms(function: impl Fn(Form) -> Form) -> impl Fn(Enclosure) -> Forms {
        move |t| {
            let at = |t| function(Form::variable(t));
            Forms { over: at(t), at_middle: at(Enclosure::new(t.middle())) }
        }
    }

    #[test]
    fn integrals_are_enclosed_closely() {
        // e^t from -1 to 2, and e^(-t^2/2) from -9 to 9: sqrt(2 pi) less 2.3e-19 of it.
        let exp = forms(Form::exp);
        let found = integrate(exp, Enclosure::between(-1.0, 2.0), 1e-12, 1000);
        assert!(found.sum.holds(2f64.exp() - (-1f64).exp()) && found.sum.width() < 2e-12, "{:?}", found.sum);
        let bell = forms(|t| (t * t).times(Enclosure::new(-0.5)).exp());
        let found = integrate(bell, Enclosure::between(-9.0, 9.0), 1e-11, 1000);
        assert!(found.sum.holds(2.506_628_274_631_000_7) && found.sum.width() < 1.1e-11, "{:?}", found.sum);
        assert!(found.pieces.len() < 200, "{}", found.pieces.len());
        assert!(found.pieces.windows(2).all(|pair| pair[0].range.hi() == pair[1].range.lo()));
    }

    /// No more pieces than are allowed, and what they enclose is true all the same.
    #[test]
    fn few_pieces_make_wide_enclosures() {
        let bell = forms(|t| (t * t).times(Enclosure::new(-0.5)).exp());
        let found = integrate(bell, Enclosure::between(-9.0, 9.0), 1e-11, 4);
        assert!(found.pieces.len() <= 4 && found.sum.holds(2.506_628_274_631_000_7), "{found:?}");
        assert!(found.sum.width() > 0.1);
    }
}
