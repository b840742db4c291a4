//! Probabilities of intervals and rectangles under normal laws, in logs and to full relative accuracy.

use gauss_quad::GaussLegendre;
use libm::{erf, ilogb, ldexp};
use std::f64::consts::{LN_2, SQRT_2};
use std::sync::LazyLock;

/// ln sqrt(2 pi).
pub const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// Nodes and weights of a Gauss-Legendre rule on [0, 1].
type Rule = Vec<(f64, f64)>;

fn rule(order: usize) -> Rule {
    let order = std::num::NonZeroUsize::new(order).expect("the orders are literals above 0");
    GaussLegendre::new(order).iter().map(|&(x, w)| (0.5 * (1.0 + x), 0.5 * w)).collect()
}

static RULE_4: LazyLock<Rule> = LazyLock::new(|| rule(4));
static RULE_8: LazyLock<Rule> = LazyLock::new(|| rule(8));
static RULE_12: LazyLock<Rule> = LazyLock::new(|| rule(12));
static RULE_20: LazyLock<Rule> = LazyLock::new(|| rule(20));
static RULE_28: LazyLock<Rule> = LazyLock::new(|| rule(28));

/// Beyond this many e-folds below its edge a normal tail adds nothing to a double.
const NEGLIGIBLE: f64 = 40.0;

/// ln Pr(|Y - z| <= eps) for Y ~ N(0, sigma^2); `z` may have either sign, `sigma` and `eps` are positive, up to the ends of the
/// range of doubles. Where the log itself has no double, the lowest one stands for it: such a probability is not 0.
///
/// An interval around 0 is a sum of two erf's; one beside 0 is its density at the near edge times an integral of
/// positive terms. Neither subtracts, so that tiny and far intervals keep all their digits.
pub fn ln_interval(z: f64, sigma: f64, eps: f64) -> f64 {
    if sigma == 0.0 { ln_point(z.abs(), eps) } else { ln_of_parts(interval_parts(z, sigma, eps)) }
}

/// The log of a probability in parts; where it has no double, the lowest one.
fn ln_of_parts((factor, exponent): (f64, f64)) -> f64 {
    (factor.ln() + exponent).max(f64::MIN)
}

/// As [`ln_interval`], as a factor and the exponent of e that it is to be multiplied with.
fn interval_parts(z: f64, sigma: f64, eps: f64) -> (f64, f64) {
    let ln_width = || LN_2 + eps.ln() - sigma.ln();
    if USUAL.contains(&sigma) && USUAL.contains(&eps) && z.abs() < USUAL.end {
        return interval_scaled([z.abs(), sigma, eps], ln_width);
    }
    // Powers of 2 put sigma near 1 and change no digit, but of what is then negligible.
    let power = -ilogb(sigma);
    let scaled = [z.abs(), sigma, eps].map(|x| ldexp(x, power));
    if scaled[0].is_infinite() && scaled[2].is_infinite() {
        return (1.0, ln_point(z.abs(), eps).max(f64::MIN));
    }
    interval_scaled(scaled, ln_width)
}

/// Between these no quotient of two lengths, nor its square, leaves the range of doubles.
const USUAL: std::ops::Range<f64> = 1e-70..1e70;

/// As [`ln_interval`], from the log of sigma, which may lie outside the range of doubles.
pub fn ln_interval_of_ln(z: f64, ln_sigma: f64, eps: f64) -> f64 {
    if ln_sigma.abs() < 150.0 {
        return ln_interval(z, ln_sigma.exp(), eps);
    }
    let power = -(ln_sigma / LN_2).round();
    // Beyond, every z and eps of a double is as good as infinite, or 0.
    let Some(power) = (power.abs() < 3000.0).then_some(power) else {
        return if ln_sigma > 0.0 { LN_2 + eps.ln() - ln_sigma - LN_SQRT_2PI } else { ln_point(z.abs(), eps) };
    };
    let sigma = (ln_sigma + power * LN_2).exp();
    let scaled = [ldexp(z.abs(), power as i32), sigma, ldexp(eps, power as i32)];
    if scaled[0].is_infinite() && scaled[2].is_infinite() {
        return ln_point(z.abs(), eps).max(f64::MIN);
    }
    ln_of_parts(interval_scaled(scaled, || LN_2 + eps.ln() - ln_sigma))
}

/// The law is a point at 0; an edge there takes half of it, as the limit of narrow laws does.
fn ln_point(z: f64, eps: f64) -> f64 {
    match eps.total_cmp(&z) {
        std::cmp::Ordering::Greater => 0.0,
        std::cmp::Ordering::Equal => -LN_2,
        std::cmp::Ordering::Less => f64::NEG_INFINITY,
    }
}

/// Intervals narrower than this in units of sigma are their density times their width, to all digits.
const NARROW: f64 = 1e-9;

/// Pr(|Y - z| <= eps), as a factor and the exponent of e that it is to be multiplied with, where no quotient of the three
/// overflows; `ln_width` is ln(2 eps/sigma), also where eps has underflown.
fn interval_scaled([z, sigma, eps]: [f64; 3], ln_width: impl Fn() -> f64) -> (f64, f64) {
    let scale = 1.0 / (SQRT_2 * sigma);
    if eps >= z {
        return match eps * scale < NARROW {
            true => (1.0, ln_width() - LN_SQRT_2PI),
            false if z == 0.0 => (erf(eps * scale), 0.0),
            false => (0.5 * (erf((eps - z) * scale) + erf((eps + z) * scale)), 0.0),
        };
    }
    let edge = (z - eps) / sigma;
    let reach = 2.0 * NEGLIGIBLE / (edge + (edge * edge + 2.0 * NEGLIGIBLE).sqrt());
    let whole = 2.0 * eps / sigma;
    let width = whole.min(reach);
    let integral: f64 =
        rule_of_tail(width, edge).iter().map(|&(x, w)| w * (-width * x * (edge + 0.5 * width * x)).exp()).sum();
    let exponent = -0.5 * edge * edge - LN_SQRT_2PI;
    // A width that has underflown has its log.
    if whole < NARROW.min(reach) { (integral, exponent + ln_width()) } else { (width * integral, exponent) }
}

/// The rule for e^(-t (edge + t/2)) on 0 <= t <= `width`.
///
/// The rule of n nodes is off by (n!)^4 / ((2n+1) (2n)!^3) times the 2n-th derivative: folds^(2n) far out, and (2n-1)!! width^(2n)
/// at the mode. All of these are below 2e-13.
fn rule_of_tail(width: f64, edge: f64) -> &'static Rule {
    let folds = width * (edge + 0.5 * width);
    if folds < 0.2 && width < 0.15 {
        &RULE_4
    } else if folds < 3.0 && width < 1.4 {
        &RULE_8
    } else if folds < 10.0 && width < 3.3 {
        &RULE_12
    } else {
        &RULE_28
    }
}

/// Two overlapping sums A+B and B+C of independent normals with mean 0, and standard deviations a, b and c, given by their difference
/// D = A - C and their middle: D ~ N(0, gap^2) with gap^2 = a^2 + c^2, and given D the middle is normal with mean `tilt` D/2, tilt =
/// (c^2 - a^2)/gap^2 or its negative, and variance sigma^2 = b^2 + (a c/gap)^2.
pub struct Overlap {
    gap: f64,
    sigma: f64,
    tilt: f64,
}

impl Overlap {
    /// Lengths, not variances, are added up, so that nothing underflows down to the least double.
    pub fn new(a: f64, b: f64, c: f64) -> Self {
        let (a, c) = (a.min(c), a.max(c));
        let gap = a.hypot(c);
        if gap == 0.0 {
            return Overlap { gap, sigma: b, tilt: 0.0 };
        }
        let (share_a, share_c) = (a / gap, c / gap);
        Overlap { gap, sigma: b.hypot(a * share_c), tilt: (share_c - share_a) * (share_c + share_a) }
    }

    /// From the gap, b, and the shares a^2 and c^2 have in gap^2, where no square leaves the range of doubles.
    pub fn of_shares(gap: f64, b: f64, [p, q]: [f64; 2]) -> Self {
        Overlap { gap, sigma: (b * b + gap * gap * p * q).sqrt(), tilt: (p - q).abs() }
    }

    /// ln Pr(A+B and B+C both within `eps` of `z`): the middle has to be within eps - |D|/2 of z, and D is integrated.
    pub fn ln_rectangle(&self, z: f64, eps: f64) -> f64 {
        let z = z.abs();
        if self.sigma == 0.0 {
            // B and one of A and C vanish: the event of that one is |z| <= eps.
            return if z <= eps { ln_interval(z, self.gap, eps) } else { f64::NEG_INFINITY };
        }
        if z > eps && z / self.sigma > FARTHEST {
            return f64::MIN;
        }
        // What is so much shorter than eps is a point.
        let [gap, sigma] = [self.gap, self.sigma].map(|length| length.max(eps / FARTHEST));
        let folds = 2.0 * (eps / gap);
        let middle = Middle { z, sigma, eps, tilt: self.tilt };
        let (factor, exponent) = match middle.curvature() < FLAT {
            true => middle.sides_by_expansion(folds),
            false => middle.away_from_the_least_doubles().sides_by_panels(folds),
        };
        let ln_product = if folds < TINY { LN_2 + eps.ln() - gap.ln() + factor.ln() } else { (folds * factor).ln() };
        ln_product + exponent - LN_SQRT_2PI
    }
}

/// ln Pr(A+B and B+C both within `eps` of `z`) for independent normals A, B, C with mean 0 and standard deviations `a`, `b`, `c`.
pub fn ln_rectangle(a: f64, b: f64, c: f64, z: f64, eps: f64) -> f64 {
    Overlap::new(a, b, c).ln_rectangle(z, eps)
}

/// Quotients of lengths have squares that are doubles.
const FARTHEST: f64 = 1e150;
/// Quotients below have no digits to spare: their logs are those of the lengths.
const TINY: f64 = 1e-140;
/// Where the density of the middle changes by less than this over the box, four terms of its Taylor series leave out less than
/// 945/10! times the fifth power: 1e-12.
const FLAT: f64 = 0.02;
/// Normal densities beyond this many standard deviations add nothing to a double.
const GAUSSIAN_REACH: f64 = 9.0;

/// The middle of A+B and B+C given their difference D: it has mean `tilt` D/2 and standard deviation `sigma`, and has to be within
/// eps - |D|/2 of `z`. Distances are measured by r = |D|/(2 eps), and `folds` is 2 eps in standard deviations of D.
struct Middle {
    z: f64,
    sigma: f64,
    eps: f64,
    tilt: f64,
}

impl Middle {
    /// All lengths longer by a power of 2, where parts of `eps` would have no digits.
    fn away_from_the_least_doubles(self) -> Self {
        let power = if self.eps < USUAL.start { 200 } else { 0 };
        let [z, sigma, eps] = [self.z, self.sigma, self.eps].map(|x| ldexp(x, power));
        Middle { z, sigma, eps, ..self }
    }

    /// How far the density changes over the box, to second order.
    fn curvature(&self) -> f64 {
        let (flat, far) = (self.eps / self.sigma, self.z / self.sigma);
        (flat * flat) * (1.0 + far * far)
    }

    /// The integral of e^(-(folds r)^2/2) Pr(the middle is near) over -1 <= r <= 1 in parts, by the Taylor series of the middle's density
    /// f at z: Pr = 2 eps (1-r) f (1 + sum over m of He_2m(z/sigma) (eps/sigma)^2m/(2m)! M_2m(r)), the mean over both signs of D,
    /// with M_2m the moments of a uniform variable of mean tilt r and half-width 1-r.
    fn sides_by_expansion(&self, folds: f64) -> (f64, f64) {
        let (flat, far) = (self.eps / self.sigma, self.z / self.sigma);
        let (f, x) = (flat * flat, (flat * far) * (flat * far));
        let hermite = [
            (x - f) / 2.0,
            (x * (x - 6.0 * f) + 3.0 * f * f) / 24.0,
            (x * (x * (x - 15.0 * f) + 45.0 * f * f) - 15.0 * f * f * f) / 720.0,
            (x * (x * (x * (x - 28.0 * f) + 210.0 * f * f) - 420.0 * f * f * f) + 105.0 * f * f * f * f) / 40320.0,
        ];
        let width = folds.min(GAUSSIAN_REACH);
        let reach = (GAUSSIAN_REACH / folds).min(1.0);
        let term = |&(x, w): &(f64, f64)| {
            let (r, t) = (reach * x, width * x);
            let (s, h) = ((self.tilt * r) * (self.tilt * r), (1.0 - r) * (1.0 - r));
            let moments = [
                s + h / 3.0,
                s * (s + 2.0 * h) + h * h / 5.0,
                s * (s * (s + 5.0 * h) + 3.0 * h * h) + h * h * h / 7.0,
                s * (s * (s * (s + 28.0 / 3.0 * h) + 14.0 * h * h) + 4.0 * h * h * h) + h * h * h * h / 9.0,
            ];
            let series: f64 = hermite.iter().zip(moments).map(|(c, moment)| c * moment).sum();
            w * (1.0 - r) * (1.0 + series) * (-0.5 * t * t).exp()
        };
        let factor = 4.0 * reach * rule_of_tail(width, 0.0).iter().map(term).sum::<f64>();
        let exponent = -0.5 * far * far - LN_SQRT_2PI;
        if flat < TINY { (factor, exponent + self.eps.ln() - self.sigma.ln()) } else { (factor * flat, exponent) }
    }

    /// The same where the density is not flat. Both signs of D are alike at z = 0, and where nothing is tilted.
    fn sides_by_panels(&self, folds: f64) -> (f64, f64) {
        let ln_top = interval_parts(self.z, self.sigma, self.eps).1;
        let first = self.side_by_panels(folds, ln_top);
        let is_even = self.z == 0.0 || self.tilt == 0.0;
        let mirrored = Middle { tilt: -self.tilt, ..*self };
        let second = if is_even { first } else { mirrored.side_by_panels(folds, ln_top) };
        (first + second, ln_top)
    }

    /// The integral over 0 <= r <= 1, where both factors fall, times e^-ln_top.
    fn side_by_panels(&self, folds: f64, ln_top: f64) -> f64 {
        let mut cuts = [0.0; 12];
        let (count, smallest) = self.panels(folds, &mut cuts);
        let panel = |edges: &[f64]| {
            let width = edges[1] - edges[0];
            let rule = match width / smallest {
                r if r < 0.2 => &RULE_4,
                r if r < 1.0 => &RULE_8,
                r if r < 3.3 => &RULE_12,
                _ => &RULE_20,
            };
            let term = |&(x, w): &(f64, f64)| {
                let r = edges[0] + width * x;
                let interval = [(self.z - self.tilt * self.eps * r).abs(), self.sigma, self.eps * (1.0 - r)];
                let (factor, exponent) = interval_scaled(interval, || LN_2 + interval[2].ln() - self.sigma.ln());
                w * factor * (exponent - ln_top - 0.5 * (folds * r) * (folds * r)).exp()
            };
            width * rule.iter().map(term).sum::<f64>()
        };
        cuts[..count].windows(2).map(panel).sum()
    }

    /// Cuts the range of r where the integrand changes its scale, up to where it no longer matters; returns how many edges were
    /// written, and the shortest scale.
    fn panels(&self, folds: f64, cuts: &mut [f64; 12]) -> (usize, f64) {
        // In units of sigma, the interval's near edge moves up and its far edge down.
        let half = self.eps / self.sigma;
        let (near, far) = ((self.z - self.eps) / self.sigma, self.z / self.sigma + half);
        let (rise, fall) = ((1.0 - self.tilt) * half, (1.0 + self.tilt) * half);
        let reach = if near > 0.0 {
            2.0 * NEGLIGIBLE / (near + (near * near + 2.0 * NEGLIGIBLE).sqrt())
        } else {
            GAUSSIAN_REACH - near
        };
        let end = (reach / rise).min((far + GAUSSIAN_REACH) / fall).min(GAUSSIAN_REACH / folds).min(1.0);
        cuts[1] = end;
        let mut count = 2;
        let mut cut = |at: f64| {
            if 0.0 < at && at < end {
                cuts[count] = at;
                count += 1;
            }
        };
        cut(3.0 / folds);
        for level in [-8.0, -2.0, 3.0] {
            cut((level - near) / rise);
            cut((far + level) / fall);
        }
        // Beside 0 the density falls by an e-fold over 1/near: from the near edge up, and until the interval is that short.
        let folds_beside = (rise + fall) * near.max(0.0);
        for fold in [12.0, NEGLIGIBLE] {
            cut(1.0 - fold / folds_beside);
        }
        cut(12.0 / (rise * near));
        cuts[..count].sort_by(f64::total_cmp);
        let smallest = 1.0 / folds.max(rise + fall).max(folds_beside);
        (count, smallest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::erfc;

    #[test]
    fn intervals_agree_with_erfc_where_it_has_digits() {
        for (z, sigma, eps) in [(0.0, 1.0, 0.5), (0.3, 1.0, 0.5), (2.0, 1.0, 0.5), (3.0, 2.0, 1.0), (1.0, 0.3, 0.2)] {
            let tail = |x: f64| 0.5 * erfc(x / (sigma * SQRT_2));
            let direct: f64 = tail(z - eps) - tail(z + eps);
            let ln = ln_interval(z, sigma, eps);
            assert!((ln.exp() / direct - 1.0).abs() < 1e-12, "{z} {sigma} {eps}: {} {direct}", ln.exp());
            assert_eq!(ln, ln_interval(-z, sigma, eps));
        }
    }

    #[test]
    fn intervals_keep_their_digits_in_the_corners() {
        // Tiny: the density times the width, to second order (mpmath: 5.3990966513188e-12... * 2).
        let ln = ln_interval(3.0, 1.0, 1e-9);
        let density = -4.5 - LN_SQRT_2PI + 2e-9f64.ln();
        assert!((ln - density).abs() < 1e-13);
        // Far: ln Pr(N > 100) = -5005.5242086942050886 (mpmath).
        assert!((ln_interval(1100.0, 1.0, 1000.0) + 5_005.524_208_694_205).abs() < 1e-9);
        // No width at all: the mass is at 0.
        assert_eq!(ln_interval(0.5, 0.0, 1.0), 0.0);
        assert!((ln_interval(1.0, 1e-320, 1.0) + LN_2).abs() < 1e-15);
        assert_eq!(ln_interval(2.0, 0.0, 1.0), f64::NEG_INFINITY);
        // Wide: all the mass.
        assert!(ln_interval(0.0, 1.0, 60.0).abs() < 1e-15);
    }

    /// By mpmath at 40 digits; the logs of the last two are -0.5 (z/sigma)^2 and beyond the least double.
    #[test]
    fn intervals_reach_to_the_ends_of_the_doubles() {
        for (z, sigma, eps, ln) in [
            (1.7e308, 1.7e308, 0.85e308, -1.419_932_482_156_626_3),
            (0.0, 1.7e308, 0.85e308, -0.959_916_333_695_622_3),
            (1e-310, 1e-310, 1e-310, -0.739_715_092_852_335_5),
            (0.0, 1e200, 1e-200, -921.259_828_550_263),
            (0.0, 1.0, 1e-320, -737.053_032_243_618_6),
            (1e18, 1e8, 0.5, -5e19),
        ] {
            let found = ln_interval(z, sigma, eps);
            assert!((found - ln).abs() < 1e-12 * (1.0 + ln.abs()), "{z} {sigma} {eps}: {found} {ln}");
            let by_ln = ln_interval_of_ln(z, f64::ln(sigma), eps);
            assert!((by_ln - ln).abs() < 1e-10 * (1.0 + ln.abs()), "{z} {sigma} {eps}: {by_ln} {ln}");
        }
        assert_eq!(ln_interval(1e200, 1e-200, 1.0), f64::MIN);
        assert!((ln_interval_of_ln(0.0, -800.0, 5e-324) - ln_interval(0.0, 1.0, 5e-324 * 800f64.exp())).abs() < 1e-9);
    }

    #[test]
    fn rectangles_factor_when_nothing_is_shared() {
        for (s, s2, z, eps) in
            [(1.0, 2.0, 0.4, 0.1), (1e-3, 4.0, 0.0, 0.2), (1e-6, 1e-7, 0.0, 0.1), (0.5, 0.5, 3.0, 0.2)]
        {
            let product = ln_interval(z, f64::sqrt(s), eps) + ln_interval(z, f64::sqrt(s2), eps);
            let joint = ln_rectangle(s.sqrt(), 0.0, s2.sqrt(), z, eps);
            assert!((joint - product).abs() < 1e-11 * (1.0 + product.abs()), "{s} {s2} {z} {eps}: {joint} {product}");
        }
    }

    /// By mpmath at 40 digits, as integrals over the value of B.
    #[test]
    fn rectangles_agree_with_integrals_over_the_shared_part() {
        for (a, b, c, z, eps, ln) in [
            (0.001, 0.05, 3.0, 0.5, 0.3, -12.891_388_990_910_02),
            (0.3, 1.0, 0.3, 1.0, 0.5, -1.830_126_231_090_304_3),
            (1.0, 0.2, 2.0, 0.0, 0.5, -2.605_135_776_273_259_6),
            (0.5, 20.0, 0.7, 30.0, 1.0, -4.761_838_724_707_068),
            (0.02, 0.05, 0.02, 0.25, 0.2, -2.102_237_596_595_063),
            (4.0, 0.01, 0.01, 0.4, 0.3, -30.714_833_912_696_315),
        ] {
            let found = ln_rectangle(a, b, c, z, eps);
            assert!((found - ln).abs() < 1e-11, "{a} {b} {c} {z} {eps}: off by {:e}", found - ln);
        }
    }

    /// The Taylor series and the panels, on both sides of where the one gives way to the other, down to eps = 1e-300.
    #[test]
    fn expansions_agree_with_panels() {
        for (z, sigma, eps, tilt, folds) in [
            (0.0, 1.0, 0.1, 0.0, 0.3),
            (2.0, 1.0, 0.05, 0.9, 3.0),
            (1.0, 1.0, 0.09, 1.0, 40.0),
            (1e-299, 2e-299, 1e-300, 0.5, 1e-3),
        ] {
            let middle = || Middle { z, sigma, eps, tilt };
            assert!(middle().curvature() < FLAT);
            let series = ln_of_parts(middle().sides_by_expansion(folds));
            let panels = ln_of_parts(middle().away_from_the_least_doubles().sides_by_panels(folds));
            assert!((series - panels).abs() < 1e-11, "{z} {sigma} {eps}: {series} {panels}");
        }
    }

    #[test]
    fn rectangles_become_intervals_when_all_is_shared() {
        for (b, z, eps) in [(1.0, 0.4, 0.1), (4.0, 0.0, 0.25), (1e-4, 0.0, 0.1)] {
            let joint = ln_rectangle(1e-13, f64::sqrt(b), 1e-13, z, eps);
            let interval = ln_interval(z, f64::sqrt(b), eps);
            assert!((joint - interval).abs() < 1e-9, "{b} {z} {eps}: {joint} {interval}");
        }
    }

    #[test]
    fn rectangles_do_not_depend_on_the_order_of_the_blocks() {
        for (s, b, s2) in [(1.0, 2.0, 3.0), (1e-4, 5.0, 0.2), (1e-5, 1e-3, 1e-4)] {
            assert_eq!(ln_rectangle(s, b, s2, 0.3, 0.1), ln_rectangle(s2, b, s, 0.3, 0.1));
        }
    }
}
