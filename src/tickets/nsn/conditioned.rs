//! Expectations over a chi-square scale that is kept between two ends, as proofs do when they condition on a good event.

use gauss_quad::GaussLegendre;
use std::sync::LazyLock;

use crate::evidence::quadrature::Integral;
use crate::numeric::{ln_chi_square_log_density, ln_sum_exp};

/// Nodes and weights on [0, 1].
static RULE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    GaussLegendre::new(16.try_into().expect("16 > 0")).iter().map(|&(x, w)| (0.5 * (1.0 + x), 0.5 * w)).collect()
});

/// Panels are this share of the width of chi^2_k in ln s.
const PANEL: f64 = 0.5;
/// The fewest panels.
const FEWEST: f64 = 8.0;
/// Rounding of the density's log, as far as the panels cannot see it.
const ROUNDING: f64 = 1e-12;
/// Beyond k + 2 sqrt(k t) + 2t with this t, the scale has probability below e^-t.
const FAR: f64 = 1000.0;

/// ln E[f(s) 1(lo <= s <= hi)] for s ~ chi^2_k and 0 < lo, by Gauss-Legendre on panels in ln s; the error is estimated by
/// halving the panels. An infinite `hi` is for an f that does not grow.
pub fn ln_expectation(k: u64, lo: f64, hi: f64, ln_f: impl Fn(f64) -> f64) -> Integral {
    let k = k as f64;
    let hi = hi.min(k + 2.0 * (k * FAR).sqrt() + 2.0 * FAR);
    if lo >= hi {
        return Integral { ln: f64::NEG_INFINITY, relative_error: 0.0, evaluations: 1 };
    }
    let (from, to) = (lo.ln(), hi.ln());
    let panels = ((to - from) / (PANEL * (2.0 / k).sqrt()).min(0.25)).ceil().max(FEWEST) as usize;
    let with = |panels: usize| {
        let width = (to - from) / panels as f64;
        let nodes = (0..panels).flat_map(|panel| {
            RULE.iter().map(move |&(x, weight)| (from + (panel as f64 + x) * width, (weight * width).ln()))
        });
        let terms: Vec<f64> =
            nodes.map(|(u, ln_weight)| ln_weight + ln_chi_square_log_density(k, u) + ln_f(u.exp())).collect();
        ln_sum_exp(&terms)
    };
    let (coarse, fine) = (with(panels), with(2 * panels));
    let rounding = ROUNDING + 4e-15 * k.sqrt();
    Integral { ln: fine, relative_error: (coarse - fine).exp_m1().abs() + rounding, evaluations: 48 * panels as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::ln_chi_square_moment;

    #[test]
    fn without_ends_the_moments_come_out() {
        for k in [3, 16, 64, 1000, 1_000_000u64] {
            for power in [-1.0, 0.0] {
                let found = ln_expectation(k, 1e-30, f64::INFINITY, |s| power * s.ln());
                let exact = ln_chi_square_moment(k as f64, power);
                assert!((found.ln - exact).abs() < 10.0 * found.relative_error, "{k} {power}: {found:?} {exact}");
            }
        }
    }

    /// Pr(8 <= chi^2_16 <= 26), by mpmath's regularised incomplete gamma at 30 digits.
    #[test]
    fn between_ends_it_is_the_law_s_probability() {
        let found = ln_expectation(16, 8.0, 26.0, |_| 0.0).ln.exp();
        assert!((found - BETWEEN).abs() < 1e-12, "{found}");
        assert_eq!(ln_expectation(16, 8.0, 8.0, |_| 0.0).ln, f64::NEG_INFINITY);
    }

    const BETWEEN: f64 = 0.894_838_135_816_248;
}
