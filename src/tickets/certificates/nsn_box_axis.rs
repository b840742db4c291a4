//! Lemma 7 on the axis: an upper bound of the probability, by Bessel functions of half-integer order, or piece by piece.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive};

use super::*;

/// Beyond these the numbers fill books.
const MOST_D: u64 = 64;
const MOST_K: u64 = 1000;
/// Sums over pieces are whole multiples of this many decimal places.
const PLACES: u32 = 25;
/// Values of the integrand are rounded to so many places.
const PLACES_OF_VALUE: u32 = 40;
/// Exponents are rounded to so many places.
const PLACES_OF_EXPONENT: u32 = 15;
/// pi, from both sides.
const PI_BELOW: (u32, u32) = (333, 106);
const PI_ABOVE: (u32, u32) = (355, 113);

/// A cell on the axis.
struct Axis {
    k: u64,
    d: u64,
    eps: Rational,
}

impl Axis {
    fn read(point: &Point) -> Result<Self> {
        let (k, d) = (point.whole("k", MOST_K)?, point.whole("d", MOST_D)?);
        match d + 2 <= k {
            true => Ok(Axis { k, d, eps: point.number("eps")? }),
            false => Err(Error::input(format!("k = {k}, d = {d}: the theorems on the axis take k of at least d + 2"))),
        }
    }

    fn hypotheses(&self) -> Result<Named> {
        let (k, quarter) = (exact::whole(self.k), exact::fraction(1, 4));
        Ok(vec![
            ("k >= 16", check_at_most(&exact::whole(16), &k, "k >= 16")?),
            ("d <= k", check_at_most(&exact::whole(self.d), &k, "d <= k")?),
            ("eps < 1/4", check_below(&self.eps, &quarter, "eps < 1/4")?),
            ("norm1(z) <= sqrt(k)", "norm1(z) = sqrt(k) on the axis".into()),
        ])
    }

    /// 2^k Gamma(k/2)^2 without its factor 2 pi, which it has for odd k.
    fn gamma(&self) -> Rational {
        match self.k.is_multiple_of(2) {
            true => {
                exact::power(&exact::whole(2), self.k)
                    * exact::power(&exact::whole(exact::factorial(self.k / 2 - 1)), 2)
            }
            false => exact::power(&(1..self.k / 2).map(|i| exact::whole(2 * i + 1)).product(), 2),
        }
    }

    fn two_pi(bound: (u32, u32)) -> Rational {
        exact::fraction(2 * bound.0, bound.1)
    }

    fn not_below(&self, theorem: &str) -> Error {
        Error::input(format!(
            "k = {}, d = {}, eps = {}: {theorem} does not show that the printed bound fails on the axis; evaluate measures the cell",
            self.k, self.d, self.eps
        ))
    }
}

/// A = 1 + 2 sqrt(c_d) + 2 c_d.
fn a(d: u64) -> Rational {
    let m = d.max(4);
    exact::fraction(m * m + 2 * m + 2, m * m)
}

/// The reverse Bessel polynomial of degree m: x^(m + 1/2) K_(m + 1/2)(x) e^x over sqrt(pi/2).
fn bessel_polynomial(m: u64, x: &Rational) -> Rational {
    // By theta_(m + 1) = (2m + 1) theta_m + x^2 theta_(m - 1), times the denominator to the power of the degree, in whole numbers.
    let (p, q) = (x.numer(), x.denom());
    let (square, mut last, mut next) = (p * p, BigInt::one(), q + p);
    for i in 1..=m {
        let following = q * (2 * i + 1) * &next + &square * &last;
        (last, next) = (next, following);
    }
    Rational::from(last) / exact::power(&Rational::from(q.clone()), m)
}

/// By Bessel functions at two radii.
pub fn by_bessel(point: &Point) -> Result<Proof> {
    let axis = Axis::read(point)?;
    let (k, d) = (axis.k, axis.d);
    let hypotheses = axis.hypotheses()?;
    let reach = exact::whole(2) * &axis.eps * exact::square_root_above(&exact::whole(k));
    let radii = [exact::whole(k) - &reach, exact::whole(k) + &reach].map(|square| exact::square_root_below(&square));
    let mean = |m: u64| {
        let sum: Rational =
            radii.iter().map(|x| bessel_polynomial(m, x) / exact::exp_below(x, exact::MOST_TERMS)).sum();
        exact::rounded_up(&(sum / exact::whole(2)), PLACES_OF_EXPONENT)
    };
    let (more, fewer) = ((k - d) / 2, (k - d - 1) / 2);
    let (g, h) = (mean(more), mean(fewer));
    let pi = if k.is_multiple_of(2) { Axis::two_pi(PI_ABOVE) } else { exact::whole(1) };
    let left = exact::whole(256) * exact::power(&(a(d) * exact::whole(k) / exact::whole(2)), d) * pi * &g * &h;
    let right = axis.gamma();
    if left >= right {
        return Err(axis.not_below("the bound by Bessel functions"));
    }
    let data = vec![
        ("reach", reach.to_string()),
        ("near", radii[0].to_string()),
        ("far", radii[1].to_string()),
        ("g", g.to_string()),
        ("h", h.to_string()),
    ];
    Ok(Proof { hypotheses, data, left, right })
}

/// Where k is not given, the least at which the Bessel functions show it.
pub fn complete(given: &Point) -> Result<Point> {
    let mut point = given.clone();
    if point.get("k").is_some() {
        return Ok(point);
    }
    let d = point.whole("d", MOST_D)?;
    let proves = |k: &u64| {
        let mut point = given.clone();
        point.set("k", k);
        by_bessel(&point).is_ok()
    };
    point.number("eps")?;
    // As k grows the left side over the right falls to 256 (A/2)^d/e.
    let limit = exact::whole(256) * exact::power(&(a(d) / exact::whole(2)), d);
    let is_open = limit < exact::exp_below(&exact::whole(1), 0);
    let k = if is_open { (d.max(14) + 2..=MOST_K).find(proves) } else { None };
    point.set("k", k.ok_or_else(|| {
        Error::input(format!(
            "d = {d}: no k up to {MOST_K} refutes the lemma on the axis at this eps; there is one for each d from 10 on where eps is small"
        ))
    })?);
    Ok(point)
}

/// The integrand v^n exp((k/2)(1 - v) - 1/(2v) + c/v^2) beside its log's slope, at rational places.
struct Integrand {
    n: u64,
    half_k: Rational,
    c: Rational,
}

impl Integrand {
    fn new(axis: &Axis) -> Self {
        let c = &axis.eps * &axis.eps / exact::whole(6 * axis.k);
        Integrand { n: (axis.k - axis.d) / 2 - 1, half_k: exact::fraction(axis.k, 2), c }
    }

    /// Not below v^n e^y.
    fn above(&self, v: &Rational, y: Rational) -> Rational {
        let exp = exact::exp_above(&exact::rounded_up(&y, PLACES_OF_EXPONENT));
        exact::product_rounded_up(&exact::power(v, self.n), &exp, PLACES_OF_VALUE)
    }

    /// Not below the integral over the piece around `middle`: the log is concave, so that it lies below its tangent there, and
    /// sinh(x)/x <= 1 + x^2/6 + x^4/100 up to x = 1. None for a longer piece.
    fn piece(&self, middle: &Rational, radius: &Rational) -> Option<Rational> {
        let (one, two) = (Rational::one(), exact::whole(2));
        let inverse = &one / middle;
        let y = &self.half_k * (&one - middle) - &inverse / &two + &self.c * &inverse * &inverse;
        let slope = exact::whole(self.n) * &inverse - &self.half_k + &inverse * &inverse / &two
            - &two * &self.c * exact::power(&inverse, 3);
        let square = exact::power(&(slope * radius), 2);
        let growth = &one + &square / exact::whole(6) + &square * &square / exact::whole(100);
        (square <= one).then(|| exact::rounded_up(&(self.above(middle, y) * two * radius * growth), PLACES))
    }

    /// Not below the integrals beyond both ends, where 1/(2v) and c/v^2 are left out: below because the coordinate on the axis has no
    /// more than the density's largest value, above because c/v^2 < 1/(2v).
    fn tails(&self, ends: [&Rational; 2]) -> Option<Rational> {
        let slopes = ends.map(|v| exact::whole(self.n) / v - &self.half_k);
        (slopes[0].is_positive() && slopes[1].is_negative()).then_some(())?;
        let tail = |v: &Rational, slope: &Rational| self.above(v, &self.half_k * (Rational::one() - v)) / slope.abs();
        Some(exact::rounded_up(&(tail(ends[0], &slopes[0]) + tail(ends[1], &slopes[1])), PLACES))
    }

    /// Whether the log is concave from v on.
    fn is_concave_from(&self, v: &Rational) -> bool {
        exact::whole(6) * &self.c <= exact::whole(self.n) * v * v + v && &self.c * exact::whole(2) <= *v
    }
}

/// Numbers of pieces that are tried.
const COUNTS: [u64; 6] = [128, 256, 512, 1024, 2048, 4096];

/// Piece by piece, for k - d even.
pub fn by_pieces(point: &Point) -> Result<Proof> {
    let axis = Axis::read(point)?;
    let hypotheses = axis.hypotheses()?;
    if !(axis.k - axis.d).is_multiple_of(2) || axis.k < axis.d + 4 {
        return Err(Error::input(format!("k = {}, d = {}: the pieces take even k - d of at least 4", axis.k, axis.d)));
    }
    let right = axis.gamma()
        * exact::exp_below(&exact::whole(axis.k), 0)
        * if axis.k.is_multiple_of(2) { exact::whole(1) } else { Axis::two_pi(PI_BELOW) };
    let factor = exact::whole(256)
        * exact::power(&(a(axis.d) / exact::whole(2)), axis.d)
        * exact::power(&exact::whole(axis.k), axis.k);
    let [from, to] = ends(&axis);
    let prove = |count: u64| {
        let (pieces, rest) = pieces(&Integrand::new(&axis), [&from, &to], count)?;
        let sum = pieces.iter().sum::<Rational>() + &rest;
        let left = &factor * exact::power(&sum, 2);
        let unit = exact::power(&exact::whole(10), PLACES.into());
        let texts: Vec<String> = pieces.iter().map(|piece| (piece * &unit).to_string()).collect();
        let data = vec![
            ("from", from.to_string()),
            ("to", to.to_string()),
            ("count", count.to_string()),
            ("pieces", texts.join(" ")),
            ("rest", rest.to_string()),
            ("sum", sum.to_string()),
        ];
        (left < right).then(|| Proof { hypotheses: hypotheses.clone(), data, left, right: right.clone() })
    };
    COUNTS.into_iter().find_map(prove).ok_or_else(|| axis.not_below("the sum over pieces"))
}

/// Between which v the pieces lie, in hundredths: the bulk of s/k, and several standard deviations on both sides.
fn ends(axis: &Axis) -> [Rational; 2] {
    let (k, d) = (axis.k as f64, axis.d as f64);
    let (bulk, spread) = ((k - d) / k, (2.0 / k).sqrt());
    let low = (100.0 * (bulk - 7.0 * spread)).floor().max(5.0);
    let high = (100.0 * (bulk + 8.0 * spread)).ceil();
    [low, high].map(|hundredths| exact::fraction(hundredths.to_u64().unwrap_or(5), 100))
}

/// Upper bounds of the integral over each piece, and beyond them; none where a piece is too long, or the log not concave.
fn pieces(integrand: &Integrand, ends: [&Rational; 2], count: u64) -> Option<(Vec<Rational>, Rational)> {
    integrand.is_concave_from(ends[0]).then_some(())?;
    let radius = (ends[1] - ends[0]) / exact::whole(2 * count);
    let piece = |i: u64| integrand.piece(&(ends[0] + &radius * exact::whole(2 * i + 1)), &radius);
    Some(((0..count).map(piece).collect::<Option<_>>()?, integrand.tails(ends)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::nsn::boxes::ln_box;
    use crate::tickets::nsn::target::Target;

    fn point(k: u64, d: u64, eps: &str) -> Point {
        [("k", k.to_string().as_str()), ("d", d.to_string().as_str()), ("eps", eps), ("target", "axis")]
            .into_iter()
            .collect()
    }

    fn ratio(proof: &Proof) -> f64 {
        (&proof.left / &proof.right).to_f64().unwrap()
    }

    /// The squared quotient of the two sides is at least that of the probability and the bound by quadrature, and hardly more.
    #[test]
    fn both_bounds_lie_closely_above_the_probability() {
        let claim = crate::registry::claim("nsn-box");
        let measured = |k: u64, d: u64, eps: &str| {
            let (ks, ds) = (k.to_string(), d.to_string());
            let cell = claim.cell([("k", ks.as_str()), ("d", &ds), ("eps", eps), ("target", "axis")]).unwrap();
            (2.0 * (ln_box(k, d, eps.parse().unwrap(), &Target::Axis, 1e-12).ln - claim.bounds(&cell).unwrap()[0].ln))
                .exp()
        };
        for (k, d, eps) in [(125, 10, "0.1"), (127, 10, "0.01"), (255, 12, "0.2"), (100, 13, "1e-9"), (101, 16, "0.05")]
        {
            let (found, at_least) = (ratio(&by_bessel(&point(k, d, eps)).unwrap()), measured(k, d, eps));
            assert!(at_least <= found && found < 1.002 * at_least, "{k} {d} {eps}: {found} {at_least}");
        }
        for (k, d, eps) in [(124, 10, "0.1"), (124, 12, "1e-9"), (301, 11, "0.2")] {
            let (found, at_least) = (ratio(&by_pieces(&point(k, d, eps)).unwrap()), measured(k, d, eps));
            assert!(at_least <= found && found < 1.01 * at_least, "{k} {d} {eps}: {found} {at_least}");
        }
    }

    #[test]
    fn polynomials_are_those_of_bessel() {
        // theta_2 = x^2 + 3x + 3 and theta_3 = x^3 + 6x^2 + 15x + 15.
        let x = exact::fraction(1, 2);
        assert_eq!(bessel_polynomial(0, &x), exact::whole(1));
        assert_eq!(bessel_polynomial(2, &x), exact::fraction(19, 4));
        assert_eq!(bessel_polynomial(3, &x), exact::fraction(1 + 12 + 60 + 120, 8));
    }

    #[test]
    fn the_least_k_by_bessel_functions() {
        let least = |d: u64, eps: &str| {
            let given = [("d", d.to_string().as_str()), ("eps", eps), ("target", "axis")].into_iter().collect();
            complete(&given).map(|point| point.get("k").unwrap().to_string())
        };
        let found = [least(10, "0.1"), least(10, "1e-9"), least(11, "0.1"), least(12, "0.1")].map(Result::unwrap);
        assert_eq!(found, ["125", "125", "57", "43"]);
        assert!(least(9, "1e-9").is_err());
    }
}
