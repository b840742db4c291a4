//! Numbers of formulas: an enclosure of the exact value, beside the value that ordinary rounding gives.
//!
//! A double stands where one is in range, and the log of the absolute value beyond it: (1e-9)^256 is a number, not zero.
//! Every operation rounds its ends outward, so that digits that are lost (1 - (1 - 1e-20)^5) show as a wide enclosure.
//! Numbers of a formula's text and parameters of a cell are exact: they mean the double nearest to what is written.

use std::cmp::Ordering;

use crate::enclosure::Enclosure;
use crate::numeric::{ROUNDING_OF_LOGS, ln_add, ln_binomial_ends, ln_sub, step, sum_of_two};

/// A real number between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    lo: Real,
    /// The value by ordinary rounding.
    point: Real,
    hi: Real,
}

/// An end, or the value: a double, or outside the range of normal doubles a sign and a log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Real {
    Double(f64),
    /// An infinite log is an end that is not known.
    Log {
        negative: bool,
        ln: f64,
    },
}

/// To which side a result is rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Down,
    Nearest,
    Up,
}

use Real::{Double, Log};
use Side::{Down, Nearest, Up};

impl Side {
    fn other(self) -> Side {
        match self {
            Down => Up,
            Nearest => Nearest,
            Up => Down,
        }
    }

    /// The side to which the absolute value of a number of this sign is rounded.
    fn of_magnitude(self, negative: bool) -> Side {
        if negative { self.other() } else { self }
    }

    /// The `ulps`-th double beyond `value` on this side.
    fn step(self, value: f64, ulps: u32) -> f64 {
        match self {
            Down => step(value, -(ulps as i32)),
            Nearest => value,
            Up => step(value, ulps as i32),
        }
    }

    /// A function's value rounded to this side: by ordinary rounding, or the end of its enclosure.
    fn of(self, x: f64, nearest: fn(f64) -> f64, enclose: fn(Enclosure) -> Enclosure) -> f64 {
        match self {
            Nearest => nearest(x),
            _ if x.is_nan() => x,
            _ => self.end(enclose(Enclosure::new(x))),
        }
    }

    fn end(self, enclosure: Enclosure) -> f64 {
        if self == Down { enclosure.lo() } else { enclosure.hi() }
    }

    /// ln(e^x + e^y).
    fn ln_add(self, x: f64, y: f64) -> f64 {
        let (most, least) = (x.max(y), x.min(y));
        if self == Nearest || !(most - least).is_finite() {
            return ln_add(x, y);
        }
        let (most, least) = (Enclosure::new(most), Enclosure::new(least));
        self.end(most + (least - most).exp().ln_1p())
    }

    /// ln(e^x - e^y) for x > y.
    fn ln_sub(self, x: f64, y: f64) -> f64 {
        if self == Nearest || !(x - y).is_finite() {
            return ln_sub(x, y);
        }
        let (x, y) = (Enclosure::new(x), Enclosure::new(y));
        self.end(x + (-(y - x).exp_m1()).non_negative().ln())
    }
}

/// Doubles below this do not show by a fused multiplication whether a result is exact: the rest may underflow.
const SHOWS_THE_REST: f64 = 1e-280;

impl Real {
    /// e^ln with a sign, its absolute value rounded to `side`.
    fn from_ln(negative: bool, ln: f64, side: Side) -> Real {
        let value = ln.exp();
        let rounded = side.of(ln, f64::exp, Enclosure::exp);
        if ln == f64::NEG_INFINITY || ln.is_nan() {
            return Double(value);
        }
        if value.is_normal() && rounded.is_finite() {
            return Double(if negative { -rounded } else { rounded });
        }
        Log { negative, ln }
    }

    /// ln of the absolute value, rounded to `side`.
    fn ln(self, side: Side) -> f64 {
        match self {
            Double(x) if x.abs() == 1.0 => 0.0,
            Double(x) => side.of(x.abs(), f64::ln, Enclosure::ln),
            Log { ln, .. } => ln,
        }
    }

    fn is_negative(self) -> bool {
        match self {
            Double(x) => x < 0.0,
            Log { negative, .. } => negative,
        }
    }

    fn is_zero(self) -> bool {
        self == Double(0.0)
    }

    fn is_nan(self) -> bool {
        match self {
            Double(x) => x.is_nan(),
            Log { ln, .. } => ln.is_nan(),
        }
    }

    /// -1, 0 or 1.
    fn sign(self) -> i8 {
        if self.is_zero() { 0 } else { 1 - 2 * i8::from(self.is_negative()) }
    }

    fn neg(self) -> Real {
        match self {
            Double(x) => Double(0.0 - x),
            Log { negative, ln } => Log { negative: !negative, ln },
        }
    }

    /// The order of two numbers, up to the rounding of a log where just one is a log.
    fn order(self, other: Real) -> Ordering {
        match (self, other) {
            (Double(x), Double(y)) => x.total_cmp(&y),
            _ => self.sign().cmp(&other.sign()).then_with(|| {
                let order = self.ln(Nearest).total_cmp(&other.ln(Nearest));
                if self.is_negative() { order.reverse() } else { order }
            }),
        }
    }

    /// Whether this is surely below `other`.
    fn is_below(self, other: Real) -> bool {
        match (self, other) {
            (Double(x), Double(y)) => x < y,
            _ if self.sign() != other.sign() => self.sign() < other.sign(),
            _ if self.is_negative() => self.ln(Down) > other.ln(Up),
            _ => self.ln(Up) < other.ln(Down),
        }
    }

    /// The lower (on the side `Down`) or the higher of two ends; what is no number does not count.
    fn extreme(self, other: Real, side: Side) -> Real {
        if self.is_nan() || other.is_nan() {
            return if self.is_nan() { other } else { self };
        }
        let wanted = if side == Down { Ordering::Less } else { Ordering::Greater };
        let (first, second) = if other.order(self) == wanted { (other, self) } else { (self, other) };
        let mixed = matches!(first, Double(_)) != matches!(second, Double(_));
        let near = (first.ln(Nearest) - second.ln(Nearest)).abs() < 1e-12 * first.ln(Nearest).abs();
        if mixed && first.sign() == second.sign() && near {
            // A double and a log that lie within their rounding.
            let negative = first.is_negative();
            let outward = 1e-12 * first.ln(Nearest).abs();
            let up = side.of_magnitude(negative) == Up;
            return Log { negative, ln: first.ln(Nearest) + if up { outward } else { -outward } };
        }
        first
    }

    fn sum(self, other: Real, side: Side) -> Real {
        match (self, other) {
            (Double(x), Double(y)) => {
                let (sum, exact) = sum_of_two(x, y);
                let rounded = if exact { sum } else { side.step(sum, 1) };
                if rounded.is_finite() || rounded.is_nan() {
                    return Double(rounded);
                }
            }
            (Double(x), tiny @ Log { ln, .. }) | (tiny @ Log { ln, .. }, Double(x)) => {
                if x == 0.0 {
                    return tiny;
                }
                if x.abs() > SHOWS_THE_REST && ln < 0.0 {
                    let away = side == if tiny.is_negative() { Down } else { Up };
                    return Double(if away { side.step(x, 1) } else { x });
                }
            }
            _ => {}
        }
        if self.is_negative() == other.is_negative() {
            let side = side.of_magnitude(self.is_negative());
            let ln = side.ln_add(self.ln(side), other.ln(side));
            return Real::from_ln(self.is_negative(), ln, side);
        }
        let (plus, minus) = if self.is_negative() { (other, self) } else { (self, other) };
        let (plus, minus) = (plus.ln(side), minus.ln(side.other()));
        match plus.total_cmp(&minus) {
            Ordering::Equal => Double(0.0),
            Ordering::Greater => Real::from_ln(false, side.ln_sub(plus, minus), side),
            Ordering::Less => Real::from_ln(true, side.other().ln_sub(minus, plus), side.other()),
        }
    }

    fn product(self, other: Real, side: Side) -> Real {
        if self.is_zero() || other.is_zero() {
            // Also beside an end that is not known.
            return Double(0.0);
        }
        if let (Double(x), Double(y)) = (self, other) {
            let product = x * y;
            let exact = product.abs() > SHOWS_THE_REST && x.mul_add(y, -product) == 0.0;
            let rounded = if exact { product } else { side.step(product, 1) };
            if product.is_nan() || product.is_normal() && rounded.is_finite() {
                return Double(rounded);
            }
        }
        let negative = self.is_negative() != other.is_negative();
        let side = side.of_magnitude(negative);
        Real::from_ln(negative, side.step(self.ln(side) + other.ln(side), 1), side)
    }

    /// NaN for a division by 0.
    fn quotient(self, other: Real, side: Side) -> Real {
        if other.is_zero() || self.is_nan() || other.is_nan() {
            return Double(f64::NAN);
        }
        if self.is_zero() {
            return self;
        }
        if let (Double(x), Double(y)) = (self, other) {
            let quotient = x / y;
            let shows = quotient.abs() > SHOWS_THE_REST && x.abs() > SHOWS_THE_REST;
            let exact = shows && quotient.mul_add(-y, x) == 0.0;
            let rounded = if exact { quotient } else { side.step(quotient, 1) };
            if quotient.is_normal() && rounded.is_finite() {
                return Double(rounded);
            }
        }
        let negative = self.is_negative() != other.is_negative();
        let side = side.of_magnitude(negative);
        Real::from_ln(negative, side.step(self.ln(side) - other.ln(side.other()), 1), side)
    }

    fn exp(self, side: Side) -> Real {
        match self {
            Double(0.0) => Double(1.0),
            Double(x) => Real::from_ln(false, x, side),
            Log { ln, .. } if ln < 0.0 => Double(side.step(1.0, 1)),
            Log { negative: false, .. } => Log { negative: false, ln: f64::INFINITY },
            // Beyond every log, yet not 0.
            Log { negative: true, .. } if side == Up => Log { negative: false, ln: f64::MIN },
            Log { negative: true, .. } => Double(0.0),
        }
    }

    /// ln of a non-negative number; for 0 the end that is not known.
    fn natural_log(self, side: Side) -> Real {
        match self {
            Double(x) if x < 0.0 => Double(f64::NAN),
            Double(0.0) => Log { negative: true, ln: f64::INFINITY },
            Log { negative: true, .. } => Double(f64::NAN),
            Log { ln, .. } if ln.is_infinite() => Log { negative: false, ln },
            _ => Double(self.ln(side)),
        }
    }

    /// A number this near to one below the normal doubles, which is nearer than a log can resolve.
    fn nearly(self, side: Side) -> Real {
        let side = side.of_magnitude(self.is_negative());
        Log { negative: self.is_negative(), ln: side.step(self.ln(side), 1) }
    }

    /// e^x - 1 = x(1 + x/2 + ...).
    fn exp_m1(self, side: Side) -> Real {
        match self {
            Double(x) if x.is_subnormal() => self.nearly(side),
            Double(x) if x == 0.0 || x.exp_m1().is_finite() => {
                Double(side.of(x, f64::exp_m1, Enclosure::exp_m1).max(-1.0))
            }
            Log { ln, .. } if ln < 0.0 => self.nearly(side),
            _ => self.exp(side).sum(Double(-1.0), side),
        }
    }

    /// ln(1 + x).
    fn ln_1p(self, side: Side) -> Real {
        match self {
            Double(x) if x < -1.0 => Double(f64::NAN),
            Double(-1.0) => Log { negative: true, ln: f64::INFINITY },
            Double(0.0) => self,
            Double(x) if x.is_subnormal() => self.nearly(side),
            Double(x) => Double(side.of(x, f64::ln_1p, Enclosure::ln_1p)),
            Log { ln, .. } if ln < 0.0 => self.nearly(side),
            Log { negative: true, .. } => Double(f64::NAN),
            Log { ln, .. } => Double(side.step(ln, 1)),
        }
    }

    fn sqrt(self, side: Side) -> Real {
        match self {
            Double(x) => {
                let root = x.sqrt();
                let exact = x == 0.0 || x > SHOWS_THE_REST && root.mul_add(root, -x) == 0.0;
                Double(if exact { root } else { side.step(root, 1) })
            }
            Log { negative: true, .. } => Double(f64::NAN),
            Log { ln, .. } => Real::from_ln(false, 0.5 * ln, side),
        }
    }

    /// x^y for x >= 0.
    fn power(self, y: Real, side: Side) -> Real {
        if y.is_zero() || self == Double(1.0) {
            return Double(1.0);
        }
        if self.is_zero() {
            return if y.is_negative() { Log { negative: false, ln: f64::INFINITY } } else { self };
        }
        if let (Double(x), Double(y)) = (self, y) {
            if let Some(exact) = exact_power(x, y) {
                return Double(exact);
            }
            let power = x.powf(y);
            if power.is_nan() || side == Nearest && power.is_normal() {
                return Double(power);
            }
            let rounded = side.end(enclosed_power(x, y));
            if power.is_normal() && rounded.is_finite() {
                return Double(rounded);
            }
        }
        let by = |end: Side| y.product(Double(self.ln(end)), side);
        let exponent = if side == Nearest { by(Nearest) } else { by(Down).extreme(by(Up), side) };
        exponent.exp(side)
    }
}

/// Whole powers up to this are products.
const MOST_FACTORS: f64 = 1024.0;

/// x^y for x > 0: whole powers, whose logs lose more digits, by products.
fn enclosed_power(x: f64, y: f64) -> Enclosure {
    if y.trunc() != y || y.abs() > MOST_FACTORS {
        return Enclosure::new(x).pow(Enclosure::new(y));
    }
    let factors = y.abs() as u32;
    let power = close_power(x, factors).unwrap_or_else(|| Enclosure::new(x).powi(factors));
    if y < 0.0 { Enclosure::ONE / power } else { power }
}

/// The power between neighbours of the double nearest to it: by products of unevaluated sums of two doubles (Dekker 1971), each
/// off by less than 8 u^2, so that 1024 are off by far less than u. None near the ends of the range, where the rest of a product may
/// underflow.
fn close_power(x: f64, mut factors: u32) -> Option<Enclosure> {
    let times = |(a, b): (f64, f64), (c, d): (f64, f64)| {
        let product = a * c;
        let rest = a.mul_add(c, -product) + (a * d + b * c);
        let sum = product + rest;
        (sum, rest - (sum - product))
    };
    let is_safe = |(x, _): (f64, f64)| (SHOWS_THE_REST..SHOWS_THE_REST.recip()).contains(&x);
    let (mut power, mut factor) = ((1.0, 0.0), (x, 0.0));
    while factors > 0 {
        if factors % 2 == 1 {
            power = times(power, factor);
        }
        factors /= 2;
        if factors > 0 {
            factor = times(factor, factor);
        }
        if !is_safe(power) || !is_safe(factor) {
            return None;
        }
    }
    Some(Enclosure::between(power.0.next_down(), power.0.next_up()))
}

/// x^y for a whole y from 2 to 64, where every product on the way is exact.
fn exact_power(x: f64, y: f64) -> Option<f64> {
    if y.trunc() != y || !(2.0..=64.0).contains(&y) {
        return None;
    }
    let mut power = x;
    for _ in 1..y as u32 {
        let next = power * x;
        if !next.is_finite() || next.abs() < SHOWS_THE_REST || power.mul_add(x, -next) != 0.0 {
            return None;
        }
        power = next;
    }
    Some(power)
}

/// Where Gamma has its minimum on the positive axis, and a little less than the log of that.
const GAMMA_MINIMUM: (f64, f64) = (1.461_632_144_968_362_3, -0.121_486_290_535_849_7);

/// The rounding of the crate libm's lgamma for positive arguments, in ulps: near its zeros at 1 and 2 an enclosure by Stirling's series
/// has no digits.
const LGAMMA_ULPS: u32 = 8;

/// Beyond this, lnGamma(x) is x (ln x - 1) to the last digit of a double.
const STIRLING_ALONE: f64 = 1e17;

impl Number {
    /// Exactly this double.
    pub fn new(value: f64) -> Self {
        Self::exactly(if value.is_infinite() {
            Log { negative: value < 0.0, ln: f64::INFINITY }
        } else {
            // Adding 0 turns -0 into 0.
            Double(value + 0.0)
        })
    }

    fn exactly(value: Real) -> Self {
        Number { lo: value, point: value, hi: value }
    }

    /// A whole number, rounded where a double has no room for it.
    pub fn whole(value: u64) -> Self {
        let nearest = value as f64;
        if nearest as u64 == value && value < u64::MAX - 1024 { Self::new(nearest) } else { Self::rounded(nearest) }
    }

    /// A constant of which this is the nearest double.
    fn rounded(value: f64) -> Self {
        Number { lo: Double(step(value, -1)), point: Double(value), hi: Double(step(value, 1)) }
    }

    /// The ratio of a circle's circumference to its diameter.
    pub fn pi() -> Self {
        Self::rounded(std::f64::consts::PI)
    }

    /// Euler's number.
    pub fn e() -> Self {
        Self::rounded(std::f64::consts::E)
    }

    /// A non-negative number from its log, which was computed with no more than [`ROUNDING_OF_LOGS`] of rounding.
    pub fn from_ln(ln: f64) -> Self {
        let error = ROUNDING_OF_LOGS * (1.0 + ln.abs());
        Self::between(ln, ln - error, ln + error)
    }

    /// A non-negative number from its log and the ends between which that surely is.
    pub fn between(ln: f64, ln_lo: f64, ln_hi: f64) -> Self {
        Number {
            lo: Real::from_ln(false, ln_lo, Down),
            point: Real::from_ln(false, ln, Nearest),
            hi: Real::from_ln(false, ln_hi, Up),
        }
    }

    /// The value as a double: 0 or infinite outside its range.
    pub fn value(self) -> f64 {
        match self.point {
            Double(value) => value,
            Log { negative: false, ln } => ln.exp(),
            Log { negative: true, ln } => -ln.exp(),
        }
    }

    /// Doubles between which the number surely lies; infinite for an end that is not known, or beyond their range.
    pub fn ends(self) -> (f64, f64) {
        let double = |end: Real, side: Side, unknown: f64| match end {
            Double(value) if value.is_nan() => unknown,
            Double(value) => value,
            Log { ln, .. } if ln.is_nan() => unknown,
            Log { negative, ln } => {
                let size = side.of_magnitude(negative).of(ln, f64::exp, Enclosure::exp).max(0.0);
                if negative { -size } else { size }
            }
        };
        (double(self.lo, Down, f64::NEG_INFINITY), double(self.hi, Up, f64::INFINITY))
    }

    /// ln of the absolute value; minus infinity for 0.
    pub fn ln_abs(self) -> f64 {
        self.point.ln(Nearest)
    }

    /// The logs of the two ends; minus infinity for an end that is not above 0. An end that is not known (two
    /// infinities met in it) stands for every value.
    pub fn ln_ends(self) -> (f64, f64) {
        let ln = |end: Real, side| if end.sign() > 0 { end.ln(side) } else { f64::NEG_INFINITY };
        let known = |end: Real| !end.ln(Nearest).is_nan();
        let lo = if known(self.lo) { ln(self.lo, Down) } else { f64::NEG_INFINITY };
        let hi = if known(self.hi) { ln(self.hi, Up) } else { f64::INFINITY };
        (lo, hi)
    }

    /// Whether the value by ordinary rounding is below 0.
    pub fn is_negative(self) -> bool {
        self.point.is_negative()
    }

    /// Whether the number is below 0 wherever it lies between its ends.
    pub fn is_surely_negative(self) -> bool {
        self.hi.is_negative()
    }

    /// Whether both ends are one: nothing was rounded.
    pub fn is_exact(self) -> bool {
        self.lo == self.hi
    }

    /// Whether the number means something: no NaN, no infinite log.
    pub fn is_meaningful(self) -> bool {
        match self.point {
            Double(value) => value.is_finite(),
            Log { ln, .. } => ln.is_finite(),
        }
    }

    /// A function that does not fall.
    fn monotone(self, f: impl Fn(Real, Side) -> Real) -> Self {
        Number { lo: f(self.lo, Down), point: f(self.point, Nearest), hi: f(self.hi, Up) }
    }

    /// A function that is monotone in each argument: its extremes are at the corners.
    fn at_corners(self, other: Self, f: impl Fn(Real, Real, Side) -> Real) -> Self {
        let extreme = |side| {
            let corners = [(self.lo, other.lo), (self.lo, other.hi), (self.hi, other.lo), (self.hi, other.hi)];
            let values = corners.map(|(x, y)| f(x, y, side));
            values.into_iter().reduce(|x, y| x.extreme(y, side)).expect("there are four corners")
        };
        Number { lo: extreme(Down), point: f(self.point, other.point, Nearest), hi: extreme(Up) }
    }

    /// The number without the part below 0 that only rounding gives it; NaN where all of it is below 0.
    fn clamped(self) -> Self {
        if self.is_surely_negative() {
            return Self::new(f64::NAN);
        }
        let clamp = |end: Real| if end.is_negative() { Double(0.0) } else { end };
        Number { lo: clamp(self.lo), point: clamp(self.point), hi: self.hi }
    }

    /// Whether the ends lie on both sides of 0, or at it.
    fn may_be_zero(self) -> bool {
        !self.is_surely_negative() && self.lo.sign() <= 0
    }

    /// e^x.
    pub fn exp(self) -> Self {
        self.monotone(Real::exp)
    }

    /// ln x; NaN below 0.
    pub fn ln(self) -> Self {
        self.clamped().monotone(Real::natural_log)
    }

    /// e^x - 1, with the digits that the subtraction would lose.
    pub fn exp_m1(self) -> Self {
        self.monotone(Real::exp_m1)
    }

    /// ln(1 + x), with the digits that the addition would lose; NaN below -1.
    pub fn ln_1p(self) -> Self {
        let clamp = |end: Real| if end.is_below(Double(-1.0)) { Double(-1.0) } else { end };
        if self.hi.is_below(Double(-1.0)) {
            return Self::new(f64::NAN);
        }
        Number { lo: clamp(self.lo), point: clamp(self.point), hi: self.hi }.monotone(Real::ln_1p)
    }

    /// The square root; NaN below 0.
    pub fn sqrt(self) -> Self {
        self.clamped().monotone(Real::sqrt)
    }

    /// The absolute value.
    pub fn abs(self) -> Self {
        let point = if self.is_negative() { self.point.neg() } else { self.point };
        if self.is_surely_negative() {
            return -self;
        }
        if self.lo.is_negative() {
            return Number { lo: Double(0.0), point, hi: self.lo.neg().extreme(self.hi, Up) };
        }
        self
    }

    /// ln |Gamma(x)|; NaN at its poles.
    pub fn lgamma(self) -> Self {
        if self.lo.is_negative() {
            return self.lgamma_below_0();
        }
        let at = |x: Real, side: Side| match x {
            Double(x) if x <= STIRLING_ALONE => Self::new(side.step(libm::lgamma(x), LGAMMA_ULPS)).point,
            // Far below every double Gamma(x) is 1/x.
            Log { ln, .. } if ln < 0.0 => Double(-ln),
            huge => huge.product(huge.natural_log(side).sum(Double(-1.0), side), side),
        };
        let below = self.lo.is_below(Double(GAMMA_MINIMUM.0));
        let above = Double(GAMMA_MINIMUM.0).is_below(self.hi);
        let extreme = |side| at(self.lo, side).extreme(at(self.hi, side), side);
        let lo = if below && above { Double(GAMMA_MINIMUM.1) } else { extreme(Down) };
        Number { lo, point: at(self.point, Nearest), hi: extreme(Up) }
    }

    /// Below 0 by the reflection formula, for an exact argument; of another one nothing is known.
    fn lgamma_below_0(self) -> Self {
        let Double(x) = self.point else { return Self::new(f64::NAN) };
        let value = libm::lgamma(x);
        if !self.is_exact() {
            let unknown = |negative| Log { negative, ln: f64::INFINITY };
            return Number { lo: unknown(true), point: Double(value), hi: unknown(false) };
        }
        // ln(pi / |x sin(pi x)|) - lnGamma(-x): the terms may cancel, and the sine of a whole number's neighbour is rough.
        let fraction = x - x.round();
        let terms = libm::lgamma(-x).abs() + x.abs().ln().abs() + fraction.abs().ln().abs() + 2.0;
        let error = 32.0 * f64::EPSILON * terms;
        Number { lo: Double(value - error), point: Double(value), hi: Double(value + error) }
    }

    /// The binomial coefficient of whole numbers; 0 where k > n, NaN where one of them is no whole number from 0.
    pub fn binomial(self, k: Self) -> Self {
        let whole = |number: Number| match number.point {
            Double(x) if number.is_exact() && x >= 0.0 && x.trunc() == x => Some(x),
            _ => None,
        };
        let (Some(n), Some(k)) = (whole(self), whole(k)) else { return Self::new(f64::NAN) };
        if k > n {
            return Self::new(0.0);
        }
        if let Some(exact) = exact_binomial(n, k) {
            return Self::new(exact);
        }
        let (ln, error) = ln_binomial_ends(n, k);
        Self::between(ln, ln - error, ln + error)
    }

    /// x^y. A negative x needs a whole y.
    pub fn pow(self, power: Self) -> Self {
        let whole = match power.point {
            Double(y) if power.is_exact() => Some(y).filter(|y| y.trunc() == *y),
            _ => None,
        };
        match whole {
            _ if !self.lo.is_negative() => self.at_corners(power, Real::power),
            None => self.clamped().at_corners(power, Real::power),
            Some(0.0) => Self::new(1.0),
            Some(y) if y < 0.0 && self.may_be_zero() => Self::new(1.0) / self.pow(-power),
            Some(y) => {
                let size = self.abs().at_corners(power, Real::power);
                let odd = y.rem_euclid(2.0) == 1.0;
                match (odd, self.is_surely_negative()) {
                    (false, _) => size,
                    (true, true) => -size,
                    // On both sides of 0, and y > 0.
                    (true, false) => {
                        let signed = |end: Real, side: Side| match end.is_negative() {
                            true => end.neg().power(Double(y), side.other()).neg(),
                            false => end.power(Double(y), side),
                        };
                        self.monotone(signed)
                    }
                }
            }
        }
    }

    /// The lesser of two numbers.
    pub fn min(self, other: Self) -> Self {
        let least = |x: Real, y: Real| x.extreme(y, Down);
        Number { lo: least(self.lo, other.lo), point: least(self.point, other.point), hi: least(self.hi, other.hi) }
    }

    /// The larger of two numbers.
    pub fn max(self, other: Self) -> Self {
        -(-self).min(-other)
    }

    /// Whether this is below `other`; `None` where rounding leaves it open.
    pub fn less(self, other: Self) -> Option<bool> {
        if self.hi.is_below(other.lo) {
            return Some(true);
        }
        other.at_most_surely(self).then_some(false)
    }

    /// Whether this is at most `other`; `None` where rounding leaves it open.
    pub fn at_most(self, other: Self) -> Option<bool> {
        other.less(self).map(|less| !less)
    }

    /// Whether both are one number; `None` where rounding leaves it open.
    pub fn equals(self, other: Self) -> Option<bool> {
        if self.is_exact() && self == other {
            return Some(true);
        }
        (self.hi.is_below(other.lo) || other.hi.is_below(self.lo)).then_some(false)
    }

    fn at_most_surely(self, other: Self) -> bool {
        self.hi.is_below(other.lo) || self.hi == other.lo && !self.hi.is_nan()
    }
}

/// The binomial coefficient where every step of its product is below 2^53.
fn exact_binomial(n: f64, k: f64) -> Option<f64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n >= EXACT {
        return (k == 0.0).then_some(1.0);
    }
    let k = k.min(n - k);
    if k > 64.0 {
        return None;
    }
    let mut value: u128 = 1;
    for i in 1..=k as u128 {
        value = value * (n as u128 - k as u128 + i) / i;
        if value >= EXACT as u128 {
            return None;
        }
    }
    Some(value as f64)
}

impl std::ops::Neg for Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number { lo: self.hi.neg(), point: self.point.neg(), hi: self.lo.neg() }
    }
}

impl std::ops::Add for Number {
    type Output = Number;
    fn add(self, other: Number) -> Number {
        Number {
            lo: self.lo.sum(other.lo, Down),
            point: self.point.sum(other.point, Nearest),
            hi: self.hi.sum(other.hi, Up),
        }
    }
}

impl std::ops::Sub for Number {
    type Output = Number;
    fn sub(self, other: Number) -> Number {
        self + -other
    }
}

impl std::ops::Mul for Number {
    type Output = Number;
    fn mul(self, other: Number) -> Number {
        self.at_corners(other, Real::product)
    }
}

impl std::ops::Div for Number {
    type Output = Number;
    fn div(self, other: Number) -> Number {
        if other.may_be_zero() {
            // Where the divisor is exactly 0 the value is NaN; near 0 it is anything.
            let unknown = |negative| Log { negative, ln: f64::INFINITY };
            let point = self.point.quotient(other.point, Nearest);
            return Number { lo: unknown(true), point, hi: unknown(false) };
        }
        self.at_corners(other, Real::quotient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(value: f64) -> Number {
        Number::new(value)
    }

    #[test]
    fn what_is_exact_stays_exact() {
        for (number, value) in [
            (new(12.0) * new(12.0), 144.0),
            (new(3.0).pow(new(30.0)), 205_891_132_094_649.0),
            (new(0.5).pow(new(64.0)), 0.5f64.powi(64)),
            (new(1.0) / new(16.0), 0.0625),
            (new(1e15) + new(1.0), 1e15 + 1.0),
            (new(144.0).sqrt(), 12.0),
            (new(-2.0).pow(new(3.0)), -8.0),
            (new(0.0).exp(), 1.0),
            (new(1.0).ln(), 0.0),
            (new(50.0).binomial(new(25.0)), 126_410_606_437_752.0),
            (new(3.0).binomial(new(4.0)), 0.0),
            (new(-3.0).abs().min(new(4.0)).max(new(2.0)), 3.0),
            (Number::whole(1 << 60), (1u64 << 60) as f64),
        ] {
            assert_eq!(number, new(value));
        }
        for rounded in [new(1.0) / new(3.0), new(2.0).sqrt(), new(1e16) + new(1.0), Number::whole((1 << 60) + 1)] {
            assert!(!rounded.is_exact(), "{rounded:?}");
        }
    }

    #[test]
    fn comparisons_know_three_answers() {
        let third = new(1.0) / new(3.0);
        assert_eq!((third * new(3.0)).equals(new(1.0)), None);
        assert_eq!((third * new(3.0)).less(new(1.0)), None);
        assert_eq!(third.less(new(0.4)), Some(true));
        assert_eq!(third.at_most(new(0.3)), Some(false));
        assert_eq!(new(4.0).at_most(new(4.0)), Some(true));
        assert_eq!(new(4.0).less(new(4.0)), Some(false));
        assert_eq!(new(5e-324).equals(new(5e-324)), Some(true));
        // Beyond the doubles on either side, of either sign.
        let (tiny, huge) = (new(-5000.0).exp(), new(5000.0).exp());
        assert_eq!(tiny.less(new(5e-324)), Some(true));
        assert_eq!((-huge).less(-tiny), Some(true));
        assert_eq!(new(0.0).less(tiny), Some(true));
        assert_eq!(new(f64::NAN).less(tiny), None);
    }

    #[test]
    fn lost_digits_show() {
        let one = new(1.0);
        let lost = one - (one - new(1e-20)).pow(new(5.0));
        assert_eq!(lost.less(new(1e-15)), Some(true));
        assert_eq!(lost.less(new(5e-20)), None);
        assert_eq!(new(-1e-20).exp_m1().less(new(-0.999e-20)), Some(true));
        assert_eq!((one - new(-1e-20).exp()).less(new(1e-20)), None);
        let (lo, hi) = (new(5.0) * (-new(1e-20)).ln_1p()).exp_m1().abs().ln_ends();
        assert!(lo < 5e-20f64.ln() && 5e-20f64.ln() < hi && hi - lo < 1e-13);
    }

    #[test]
    fn what_has_no_value_is_not_meaningful() {
        for number in [
            new(-1.0).sqrt(),
            new(-1.0).ln(),
            new(0.0).ln(),
            new(1.0) / new(0.0),
            new(0.0).pow(new(-1.0)),
            new(-2.0).pow(new(0.5)),
            new(0.0).lgamma(),
            new(-3.0).lgamma(),
            new(2.5).binomial(new(1.0)),
            new(1e300).exp().exp(),
            new(-2.0).ln_1p(),
        ] {
            assert!(!number.is_meaningful(), "{number:?}");
        }
        // Yet never 0 where it only falls below every log.
        let least = (-new(1e300).exp()).exp();
        assert!(least.is_meaningful() && new(0.0).equals(least).is_none());
    }
}
