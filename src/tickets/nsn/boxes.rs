//! Box probabilities of sums of NSN vectors by quadrature over the scales.
//!
//! Given the scales, the coordinates are independent normals: X | Z ~ N(0, s I) with s = sum Z_i^2 ~ chi^2_k. The box of
//! Lemma 7 is a one-dimensional integral over ln s, the joint box of Lemma 8 a three-dimensional one.

use std::f64::consts::{LN_2, PI};

use crate::evidence::quadrature::{Integral, integrate, integrate_even};
use crate::numeric::{LogChiSquare, ln_add, ln_gamma_ratio};

use super::normal::{Overlap, ln_interval_of_ln};
use super::target::Target;

/// Evaluations that a box, and a joint box, may cost before the quadrature reports what it has.
const BUDGET: u64 = 1_000_000;

/// A product of d coordinates' probabilities: ln of the box's probability given the scales.
///
/// `coordinates` are (|z_i|, multiplicity) pairs, `ln_coordinate` is ln Pr of one coordinate's event.
pub fn ln_product(coordinates: &[(f64, f64)], ln_coordinate: impl Fn(f64) -> f64) -> f64 {
    coordinates.iter().map(|&(z, count)| count * ln_coordinate(z)).sum()
}

/// Pr(X_1 + ... + X_k in I_eps(z)) for NSN vectors X_i in R^d (the left side of Lemma 7).
pub fn ln_box(k: u64, d: u64, eps: f64, target: &Target, tolerance: f64) -> Integral {
    let scale = LogChiSquare::new(k as f64);
    ln_box_of_scale(k, d, eps, target, tolerance, |ln_s| scale.ln_density(ln_s))
}

/// As [`ln_box`], for any law of the scale whose bulk is near k: `ln_density` is ln of the density of ln s at ln s.
pub fn ln_box_of_scale(
    k: u64,
    d: u64,
    eps: f64,
    target: &Target,
    tolerance: f64,
    ln_density: impl Fn(f64) -> f64,
) -> Integral {
    let coordinates = target.coordinates(k, d);
    let (k, d) = (k as f64, d as f64);
    let narrowest = near_edges(&coordinates, eps).fold(eps, f64::min);
    // Below, all coordinates lie near z but for e^(-10 (1 + ln d)).
    let knee = (2.0 * narrowest.ln() - d.ln().ln_1p()).min(k.ln()) - 3.0;
    let ln_f = |t: &[f64; 1]| {
        let (u, ln_du) = if k < FALLS_FAST { bend(t[0], knee) } else { (t[0], 0.0) };
        ln_density(u) + ln_du + ln_product(&coordinates, |z| ln_interval_of_ln(z, 0.5 * u, eps))
    };
    let starts = combinations(&coordinates, eps, [k.ln()]);
    honest(integrate(ln_f, &starts, tolerance, BUDGET), k, &coordinates, eps)
}

/// Below this share of the target a box is so small that the sums' density is constant over it, to all digits, up to 1e5 dimensions.
const FLAT: f64 = 1e-13;

/// ln of a box's probability, or of a sum of such, from ln eps, which may lie below every double: `ln_of` at eps where that is not
/// tiny, and below falling like eps^d, as the density near a target other than 0 has it (around 0, that of sums of more than d vectors).
pub fn ln_of_any_eps(ln_eps: f64, target: &[f64], ln_of: impl Fn(f64) -> f64) -> f64 {
    let largest = target.iter().fold(0.0, |max: f64, z| max.max(z.abs()));
    let ln_flat = FLAT.ln() + if largest > 0.0 { largest.ln().min(0.0) } else { 0.0 };
    ln_of(ln_eps.max(ln_flat).exp()) + target.len() as f64 * (ln_eps - ln_flat).min(0.0)
}

/// Where the integrand may have a mode, along one log scale: at the bulk of chi^2, where the box is about as wide as the
/// law, and for each coordinate with z just inside the box, where its near edge is.
///
/// For z = 0 and for |z| >= eps a coordinate's probability is log-concave in ln s; for 0 < |z| < eps it falls in two steps,
/// and with many coordinates the steps part.
fn basins(coordinates: &[(f64, f64)], eps: f64, bulk: f64) -> Vec<f64> {
    let edges = near_edges(coordinates, eps).map(|gap| 2.0 * gap.ln());
    [bulk, 2.0 * eps.ln()].into_iter().chain(edges).take(MOST_BASINS).collect()
}

/// eps - z of the coordinates with 0 < z < eps.
fn near_edges(coordinates: &[(f64, f64)], eps: f64) -> impl Iterator<Item = f64> {
    coordinates.iter().filter(move |(z, _)| 0.0 < *z && *z < eps).map(move |(z, _)| eps - z)
}

/// The starts of a search for modes over several log scales whose bulks are given: every combination of basins where a
/// coordinate is near an edge, and elsewhere all scales in the bulk, or all as tiny as the box.
fn combinations<const D: usize>(coordinates: &[(f64, f64)], eps: f64, bulks: [f64; D]) -> Vec<[f64; D]> {
    if near_edges(coordinates, eps).next().is_none() {
        return vec![bulks, [2.0 * eps.ln(); D]];
    }
    let mut starts = vec![bulks];
    for i in 0..D {
        let along = basins(coordinates, eps, bulks[i]);
        starts = starts
            .iter()
            .flat_map(|start| {
                along.iter().map(move |u| {
                    let mut start = *start;
                    start[i] = *u;
                    start
                })
            })
            .collect();
    }
    starts
}

/// Starts along one axis.
const MOST_BASINS: usize = 8;

/// Adds to the error what the lattices cannot see: the rounding of ln s, a factor of 1 + sqrt(k) ulp(ln k) in each point's
/// density; and everything, where so many different coordinates are near an edge that not every basin was searched.
fn honest(integral: Integral, k: f64, coordinates: &[(f64, f64)], eps: f64) -> Integral {
    let unsearched = near_edges(coordinates, eps).count() + 2 > MOST_BASINS;
    let unseen = if unsearched { f64::INFINITY } else { 4e-15 * k.sqrt() };
    Integral { relative_error: integral.relative_error + unseen, ..integral }
}

/// Pr(A+B and B+C both in I_eps(z)) for sums A, B, C of j, k-j and j NSN vectors (the left side of Lemma 8; 1 <= j <= k).
///
/// The scales s, s' and b of A, C and B are given by w = s + s' ~ chi^2_2j and b ~ chi^2_(k-j), on whose logs the two boxes depend
/// most, and p = s/w ~ Beta(j/2, j/2), on which they depend little where b is large, and evenly around 1/2.
pub fn ln_joint_box(k: u64, j: u64, d: u64, eps: f64, target: &Target, tolerance: f64) -> Integral {
    if j == k {
        // Nothing is shared: two independent boxes.
        let Integral { ln, relative_error, evaluations } = ln_box(k, d, eps, target, 0.5 * tolerance);
        return Integral { ln: 2.0 * ln, relative_error: relative_error * (2.0 + relative_error), evaluations };
    }
    let coordinates = target.coordinates(k, d);
    let (shared, j, d) = ((k - j) as f64, j as f64, d as f64);
    let (ends, middle, share) = (LogChiSquare::new(2.0 * j), LogChiSquare::new(shared), LogitOfBeta::new(0.5 * j));
    // Never above the bulk, which a large box holds.
    let knee = (2.0 * eps.ln() - d.ln()).min(j.min(shared).ln()) - 3.0;
    // Nothing depends on p as long as b is large. By how much smaller scales of B matter, its degrees of freedom say.
    let small = 0.1 * (-4.0 / shared).exp() / (1.0 + 2.0 * d * j / shared);
    let ln_f = |t: &[f64; 3]| {
        let (u, ln_du) = bend(t[0], knee);
        let (v, ln_dv) = bend(t[1], knee);
        let [gap, b] = [u, v].map(|ln_s| (0.5 * ln_s).exp());
        let (logit, slope) = fold(t[2], small);
        let (ln_share, shares) = share.at(logit);
        let ln_scales = ends.ln_density(u) + middle.ln_density(v) + ln_share + ln_du + ln_dv + slope.ln();
        let overlap = Overlap::of_shares(gap, b, shares);
        ln_scales + ln_product(&coordinates, |z| overlap.ln_rectangle(z, eps))
    };
    let starts: Vec<[f64; 3]> = combinations(&coordinates, eps, [j.ln(), j.ln(), shared.ln()])
        .into_iter()
        .map(|[s, s2, b]| [ln_add(s, s2), b, s - s2])
        .collect();
    honest(integrate_even(ln_f, &starts, tolerance, BUDGET), k as f64, &coordinates, eps)
}

/// With so many degrees of freedom the density of ln s falls fast enough below every box.
const FALLS_FAST: f64 = 3.0;

/// u = t - e^{knee - t} and ln du/dt: the identity above the knee, doubly exponential below it, where nothing depends on a scale
/// any more and its density falls only like a power.
fn bend(t: f64, knee: f64) -> (f64, f64) {
    let fold = (knee - t).exp();
    (t - fold, fold.ln_1p())
}

/// t + 2 `small` sinh t and its slope: the identity as far as ln(1/small) on both sides, exponential beyond.
fn fold(t: f64, small: f64) -> (f64, f64) {
    let (up, down) = (t.exp(), (-t).exp());
    (t + small * (up - down), 1.0 + small * (up + down))
}

/// The law of t = ln(p/(1-p)) for p ~ Beta(a, a).
struct LogitOfBeta {
    a: f64,
    ln_top: f64,
}

impl LogitOfBeta {
    fn new(a: f64) -> Self {
        // B(a, a) 4^a = 2 B(1/2, a).
        let ln_beta = LN_2 + 0.5 * PI.ln() - ln_gamma_ratio(a + 0.5, a);
        LogitOfBeta { a, ln_top: -ln_beta }
    }

    /// ln of the density at t, and both shares.
    fn at(&self, t: f64) -> (f64, [f64; 2]) {
        let small = (-t.abs()).exp();
        let (p, q) = (1.0 / (1.0 + small), small / (1.0 + small));
        // 4 p q = 1 - tanh(t/2)^2.
        let tanh = (1.0 - small) / (1.0 + small);
        let ln_pq = if tanh < 0.5 { (-tanh * tanh).ln_1p() } else { (4.0 * p * q).ln() };
        (self.a * ln_pq + self.ln_top, [p, q])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `nsn_box.csv` of the reference values: mpmath quadrature at 30 digits over ln s; k, d, eps, target, ln Pr.
    const BOX: &str = include_str!("../../../tests/oracles/nsn_box.csv");
    /// `nsn_joint_box.csv`: Gauss-Legendre in ln s, ln s', ln b; k, j, d, eps, target, Pr, relative precision.
    const JOINT_BOX: &str = include_str!("../../../tests/oracles/nsn_joint_box.csv");

    #[test]
    fn boxes_agree_with_the_oracle() {
        let mut rows = csv::Reader::from_reader(BOX.as_bytes());
        for row in rows.deserialize() {
            let (k, d, eps, target, probability, _ln): (u64, u64, f64, String, f64, f64) = row.unwrap();
            let found = ln_box(k, d, eps, &Target::named(&target), 1e-12);
            let error = (found.ln.exp() / probability - 1.0).abs();
            assert!(error < 1e-10, "k={k} d={d} eps={eps} {target}: off by {error:.1e}, {found:?}");
        }
    }

    /// A target a hair inside the box's edge in every coordinate, with d > k: most of the mass sits at scales below
    /// (eps - z)^2, far from the bulk. Reference: mpmath at 30 digits over both basins.
    #[test]
    fn both_basins_of_a_target_near_the_edge_are_found() {
        let target = |gap: f64| Target::Listed(vec![0.68 * (1.0 - gap); 100]);
        let single = ln_box(2, 100, 0.68, &target(1e-10), 1e-10);
        assert!((single.ln - NEAR_EDGE_BOX).abs() < 1e-8, "{single:?}");
        let joint = ln_joint_box(2, 2, 100, 0.68, &target(1e-11), 1e-8);
        assert!((joint.ln - NEAR_EDGE_JOINT).abs() < 1e-7, "{joint:?}");
    }

    /// More basins than are searched leave the error unknown, and the limits of a probability at 0 and 1.
    #[test]
    fn unsearched_basins_are_not_passed_over_in_silence() {
        let coordinates = |count: u32| Target::Listed((1..=count).map(|i| 0.5 - 0.1f64.powi(i as i32)).collect());
        assert!(ln_box(16, 6, 0.5, &coordinates(6), 1e-10).relative_error < 1e-9);
        let unknown = ln_box(16, 7, 0.5, &coordinates(7), 1e-10);
        assert_eq!(unknown.relative_error, f64::INFINITY);
        assert_eq!(crate::evidence::Evidence::quadrature(unknown).ln_lo, f64::NEG_INFINITY);
    }

    const NEAR_EDGE_BOX: f64 = -49.270_522_027_144_67;
    /// Two independent boxes, since j = k.
    const NEAR_EDGE_JOINT: f64 = -107.751_384_378_853_39;

    #[test]
    fn joint_boxes_agree_with_the_oracle() {
        let mut rows = csv::Reader::from_reader(JOINT_BOX.as_bytes());
        for row in rows.deserialize() {
            let (k, j, d, eps, target, probability, precision): (u64, u64, u64, f64, String, f64, f64) = row.unwrap();
            let found = ln_joint_box(k, j, d, eps, &Target::named(&target), 1e-9);
            let error = (found.ln.exp() / probability - 1.0).abs();
            eprintln!("{k} {j} {d} {error:.2e} {found:?}");
            assert!(
                error < 1e-8f64.max(2.0 * precision),
                "k={k} j={j} d={d} eps={eps} {target}: {error:.1e}, {found:?}"
            );
        }
    }
}
