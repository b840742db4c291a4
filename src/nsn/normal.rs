//! Probabilities of intervals and rectangles under normal laws, in logs and to full relative accuracy.

use gauss_quad::GaussLegendre;
use libm::{erf, ilogb, ldexp};
use std::f64::consts::{LN_2, SQRT_2};
use std::sync::LazyLock;

use crate::numeric::ln_sum_exp;

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
    if sigma == 0.0 {
        return ln_point(z.abs(), eps);
    }
    let ln_width = || LN_2 + eps.ln() - sigma.ln();
    if USUAL.contains(&sigma) && USUAL.contains(&eps) && z.abs() < USUAL.end {
        return ln_interval_scaled([z.abs(), sigma, eps], ln_width);
    }
    // Powers of 2 put sigma near 1 and change no digit, but of what is then negligible.
    let power = -ilogb(sigma);
    let scaled = [z.abs(), sigma, eps].map(|x| ldexp(x, power));
    if scaled[0].is_infinite() && scaled[2].is_infinite() {
        return ln_point(z.abs(), eps).max(f64::MIN);
    }
    ln_interval_scaled(scaled, ln_width)
}

/// Between these no quotient of two lengths, nor its square, leaves the range of doubles.
const USUAL: std::ops::Range<f64> = 1e-70..1e70;

/// As [`ln_interval`], from the log of sigma, which may lie outside the range of doubles.
pub fn ln_interval_of_ln(z: f64, ln_sigma: f64, eps: f64) -> f64 {
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
    ln_interval_scaled(scaled, || LN_2 + eps.ln() - ln_sigma)
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

/// ln Pr(|Y - z| <= eps) where no quotient of the three overflows; `ln_width` is ln(2 eps/sigma), also where eps has underflown.
fn ln_interval_scaled([z, sigma, eps]: [f64; 3], ln_width: impl Fn() -> f64) -> f64 {
    let scale = 1.0 / (SQRT_2 * sigma);
    if eps >= z {
        return match eps * scale < NARROW {
            true => ln_width() - LN_SQRT_2PI,
            false => (0.5 * (erf((eps - z) * scale) + erf((eps + z) * scale))).ln(),
        };
    }
    let edge = (z - eps) / sigma;
    let reach = 2.0 * NEGLIGIBLE / (edge + (edge * edge + 2.0 * NEGLIGIBLE).sqrt());
    let whole = 2.0 * eps / sigma;
    let width = whole.min(reach);
    let folds = width * (edge + 0.5 * width);
    // The rule of n nodes is off by (n!)^4 / ((2n+1) (2n)!^3) times the 2n-th derivative: folds^(2n) far out, and (2n-1)!! width^(2n)
    // at the mode. All of these are below 2e-13.
    let rule = if folds < 0.2 && width < 0.15 {
        &RULE_4
    } else if folds < 3.0 && width < 1.4 {
        &RULE_8
    } else if folds < 10.0 && width < 3.3 {
        &RULE_12
    } else {
        &RULE_28
    };
    let integral: f64 = rule
        .iter()
        .map(|&(x, w)| {
            let t = width * x;
            w * (-t * (edge + 0.5 * t)).exp()
        })
        .sum();
    // A width that has underflown has its log.
    let is_narrow = whole < NARROW.min(reach);
    let ln_integral = if is_narrow { ln_width() + integral.ln() } else { (width * integral).ln() };
    (ln_integral - 0.5 * edge * edge - LN_SQRT_2PI).max(f64::MIN)
}

/// ln Pr(A+B and B+C both within `eps` of `z`) for independent normals A, B, C with mean 0 and standard deviations `a`, `b`, `c`.
///
/// One variable is integrated over its interval of width 2 eps, the other is a conditional normal interval:
/// with y = A+B ~ N(0, sigma^2), B+C | y ~ N(rho y, v), rho = b^2/sigma^2, v = c^2 + a^2 rho. Lengths, not variances, are added
/// up, so that nothing underflows down to the least double.
pub fn ln_rectangle(a: f64, b: f64, c: f64, z: f64, eps: f64) -> f64 {
    // The larger conditional variance gives the smoother inner function.
    let (a, c) = if a <= c { (a, c) } else { (c, a) };
    let z = z.abs();
    let sigma = a.hypot(b);
    if sigma == 0.0 {
        // A and B vanish: the first event is |z| <= eps.
        return if z <= eps { ln_interval(z, c, eps) } else { f64::NEG_INFINITY };
    }
    let (share_a, share_b) = (a / sigma, b / sigma);
    let rho = share_b * share_b;
    // In t = y - z, the distance from z to the conditional mean is z a^2/sigma^2 - rho t: written so, it keeps its digits
    // where eps is far below z.
    let lag = z * share_a * share_a;
    let inner_sigma = c.hypot(a * share_b);
    let mut terms: Vec<f64> = Vec::with_capacity(64);
    let mut cuts = [0.0; 12];
    let count = panel_edges(z, eps, sigma, (lag, rho, inner_sigma), &mut cuts);
    let smallest = sigma.min(inner_sigma).min(sigma * (sigma / (z - eps).max(sigma)));
    for edges in cuts[..count].windows(2) {
        let width = edges[1] - edges[0];
        let rule = match width / smallest {
            r if r < 0.2 => &RULE_4,
            r if r < 1.0 => &RULE_8,
            r if r < 4.0 => &RULE_12,
            _ => &RULE_20,
        };
        for &(x, w) in rule.iter() {
            let t = edges[0] + width * x;
            let outer = -0.5 * ((z + t) / sigma) * ((z + t) / sigma);
            terms.push(outer + ln_interval(lag - rho * t, inner_sigma, eps) + (w * width).ln());
        }
    }
    ln_sum_exp(&terms) - sigma.ln() - LN_SQRT_2PI
}

/// Cuts [-eps, eps], the range of t, where the integrand of [`ln_rectangle`] changes its scale; returns how many edges
/// were written. `inner` is (lag, rho, standard deviation) of the conditional law.
fn panel_edges(z: f64, eps: f64, sigma: f64, inner: (f64, f64, f64), cuts: &mut [f64; 12]) -> usize {
    let mut count = 0;
    let mut cut = |at: f64| {
        if at.abs() < eps {
            cuts[count] = at;
            count += 1;
        }
    };
    // The outer density lives within a few sigma of y = 0, or decays from the near edge.
    if z > eps {
        let decay = sigma.min(sigma * (sigma / (z - eps)));
        cut(5.0 * decay - eps);
        cut(NEGLIGIBLE * decay - eps);
    } else {
        for m in [-9.0, -3.0, 3.0, 9.0] {
            cut(m * sigma - z);
        }
    }
    // The inner interval's edges pass by where |lag - rho t| = eps.
    let (lag, rho, inner_sigma) = inner;
    if rho > 0.0 {
        for side in [-1.0, 1.0] {
            for m in [2.0, 8.0] {
                cut((lag + side * (eps - m * inner_sigma)) / rho);
            }
        }
    }
    cuts[count] = -eps;
    cuts[count + 1] = eps;
    let count = count + 2;
    cuts[..count].sort_by(f64::total_cmp);
    count
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
