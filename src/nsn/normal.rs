//! Probabilities of intervals and rectangles under normal laws, in logs and to full relative accuracy.

use gauss_quad::GaussLegendre;
use libm::erf;
use std::f64::consts::SQRT_2;
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

/// ln Pr(|Y - z| <= eps) for Y ~ N(0, sigma^2); `z` may have either sign, `sigma` and `eps` are positive.
///
/// An interval around 0 is a sum of two erf's; one beside 0 is its density at the near edge times an integral of
/// positive terms. Neither subtracts, so that tiny and far intervals keep all their digits.
pub fn ln_interval(z: f64, sigma: f64, eps: f64) -> f64 {
    let z = z.abs();
    let scale = 1.0 / (SQRT_2 * sigma);
    if scale == f64::INFINITY {
        // All mass at 0, up to half of it at an edge there.
        return if eps > z {
            0.0
        } else if eps == z {
            -std::f64::consts::LN_2
        } else {
            f64::NEG_INFINITY
        };
    }
    if eps >= z {
        return (0.5 * (erf((eps - z) * scale) + erf((eps + z) * scale))).ln();
    }
    let edge = (z - eps) / sigma;
    let reach = 2.0 * NEGLIGIBLE / (edge + (edge * edge + 2.0 * NEGLIGIBLE).sqrt());
    let width = (2.0 * eps / sigma).min(reach);
    let folds = width * (edge + 0.5 * width);
    let rule = match folds {
        // Four nodes are off by 6e-10 f^8.
        f if f < 0.2 => &RULE_4,
        f if f < 3.0 => &RULE_8,
        f if f < 10.0 => &RULE_12,
        _ => &RULE_28,
    };
    let integral: f64 = rule
        .iter()
        .map(|&(x, w)| {
            let t = width * x;
            w * (-t * (edge + 0.5 * t)).exp()
        })
        .sum();
    (width * integral).ln() - 0.5 * edge * edge - LN_SQRT_2PI
}

/// ln Pr(A+B and B+C both within `eps` of `z`) for independent normals A, B, C with mean 0 and variances `s`, `b`, `s2`.
///
/// One variable is integrated over its interval of width 2 eps, the other is a conditional normal interval:
/// with y = A+B ~ N(0, s+b), B+C | y ~ N(rho y, v), rho = b/(s+b), v = s2 + s rho.
pub fn ln_rectangle(s: f64, b: f64, s2: f64, z: f64, eps: f64) -> f64 {
    // The larger conditional variance gives the smoother inner function.
    let (s, s2) = if s <= s2 { (s, s2) } else { (s2, s) };
    let z = z.abs();
    let variance = s + b;
    if variance == 0.0 {
        // A and B vanish: the first event is |z| <= eps.
        return if z <= eps { ln_interval(z, s2.sqrt(), eps) } else { f64::NEG_INFINITY };
    }
    let sigma = variance.sqrt();
    let rho = b / variance;
    // In t = y - z, the distance from z to the conditional mean is z s/(s+b) - rho t: written so, it keeps its digits
    // where eps is far below z.
    let lag = z * (s / variance);
    let inner_sigma = (s2 + s * rho).sqrt();
    let mut terms: Vec<f64> = Vec::with_capacity(64);
    let mut cuts = [0.0; 12];
    let count = panel_edges(z, eps, sigma, (lag, rho, inner_sigma), &mut cuts);
    let smallest = sigma.min(inner_sigma).min(variance / (z - eps).max(sigma));
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
        let decay = sigma.min(sigma * sigma / (z - eps));
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
        assert_eq!(ln_interval(1.0, 1e-320, 1.0), -std::f64::consts::LN_2);
        assert_eq!(ln_interval(2.0, 0.0, 1.0), f64::NEG_INFINITY);
        // Wide: all the mass.
        assert!(ln_interval(0.0, 1.0, 60.0).abs() < 1e-15);
    }

    #[test]
    fn rectangles_factor_when_nothing_is_shared() {
        for (s, s2, z, eps) in
            [(1.0, 2.0, 0.4, 0.1), (1e-3, 4.0, 0.0, 0.2), (1e-6, 1e-7, 0.0, 0.1), (0.5, 0.5, 3.0, 0.2)]
        {
            let product = ln_interval(z, f64::sqrt(s), eps) + ln_interval(z, f64::sqrt(s2), eps);
            let joint = ln_rectangle(s, 0.0, s2, z, eps);
            assert!((joint - product).abs() < 1e-11 * (1.0 + product.abs()), "{s} {s2} {z} {eps}: {joint} {product}");
        }
    }

    #[test]
    fn rectangles_become_intervals_when_all_is_shared() {
        for (b, z, eps) in [(1.0, 0.4, 0.1), (4.0, 0.0, 0.25), (1e-4, 0.0, 0.1)] {
            let joint = ln_rectangle(1e-26, b, 1e-26, z, eps);
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
