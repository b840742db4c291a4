//! The joint box of Lemma 8, enclosed: between products of boxes of single sums.

use crate::enclosure::Enclosure;

use super::boxes::ln_box;
use super::enclosed::{ROUGH, enclosed_box, enclosed_box_around};
use super::target::Target;

/// Relative width of the single boxes: the products lie further apart.
const WIDTH: f64 = 1e-6;

/// ln Pr(A + B in I_eps(z), B + C in I_eps(z)) for A, C sums of j and B one of k - j NSN vectors in R^d, 1 <= j <= k, and the pieces
/// that this took.
///
/// Let p(m, z, eps) be the probability of the box for the sum of m vectors. Given B both events are independent and alike, of
/// probability p(B), say, whose mean is p(k, z, eps); for j = k the probability is its square. From below,
///
/// - E[p(B)^2] >= E[p(B)]^2;
/// - for any r, B is in I_r(z) with probability p(k - j, z, r), where p(B) is at least p(j, (r, ..., r), eps), since given its scale A is
///   normal around 0: p(k - j, z, r) p(j, (r, ..., r), eps)^2.
///
/// From above,
///
/// - p(B) is at most p(j, 0, eps): p(j, 0, eps) p(k, z, eps);
/// - the density of B is at most E[(2 pi s)^(-d/2)], s ~ chi^2_(k - j), and the volume of all B that keep both sums in the box is at
///   most (2 eps)^d, and 0 unless A - C, which is a sum of 2j vectors, is in I_(2 eps)(0).
///
/// Pr is of order eps^(d + 2j) for small j, and of order eps^(2d) for large j, and so are both limits where
/// k - j > d: beyond, the density of B has no bound.
pub fn enclosed_joint_box(k: u64, j: u64, d: u64, eps: f64, target: &Target) -> (Enclosure, u64) {
    let mut pieces = 0;
    let single = |pieces: &mut u64, vectors: u64, eps: f64, target: &Target| {
        let found = enclosed_box(vectors, d, eps, target, WIDTH);
        *pieces += found.pieces.pieces.len() as u64;
        found.ln
    };
    let one = single(&mut pieces, k, eps, target);
    if j == k {
        return (one.scaled(2.0), pieces);
    }
    let (mut lo, mut hi) = (one.scaled(2.0).lo(), (one + single(&mut pieces, j, eps, &Target::Origin)).hi());
    // The product is largest near one of these, where A is of the size of the box, and where it is of its own.
    let shares = 2.0 * j.min(d) as f64 / d as f64;
    for r in [eps / (1.0 + shares), (0.5 * j as f64).sqrt()] {
        // The named target is that of k vectors, not of k - j.
        let ln_about = ln_box(k - j, d, r, &Target::Listed(target.vector(k, d)), ROUGH).ln;
        let around = enclosed_box_around(k - j, target.enclosed(k, d), r, ln_about, WIDTH);
        pieces += around.pieces.pieces.len() as u64;
        let apart = single(&mut pieces, j, eps, &Target::Listed(vec![r; d as usize]));
        lo = lo.max((around.ln + apart.scaled(2.0)).lo());
    }
    if k - j > d {
        let volume = Enclosure::whole(d) * (Enclosure::new(2.0) * Enclosure::new(eps)).ln();
        let near = single(&mut pieces, 2 * j, 2.0 * eps, &Target::Origin);
        hi = hi.min((ln_largest_density(k - j, d) + volume + near).hi());
    }
    (Enclosure::between(lo, hi), pieces)
}

/// ln E[(2 pi s)^(-d/2)] for s ~ chi^2_k and k > d: Gamma((k - d)/2)/((4 pi)^(d/2) Gamma(k/2)).
fn ln_largest_density(k: u64, d: u64) -> Enclosure {
    let half = |x: u64| Enclosure::whole(x).scaled(0.5);
    half(k - d).ln_gamma() - half(k).ln_gamma() - half(d) * Enclosure::PI.scaled(4.0).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::nsn::boxes::ln_joint_box;

    /// The quadrature lies between the limits, which are a factor of at most e^(4d) apart.
    #[test]
    fn the_quadrature_lies_between_the_limits() {
        for target in [Target::Origin, Target::Axis, Target::Spread] {
            for (k, d, eps) in [(16, 1, 0.25), (100, 2, 0.1), (4096, 3, 1e-9), (4096, 8, 0.1), (1 << 20, 16, 1e-3)] {
                for j in [1, 2, d.min(k / 2), k / 4, k / 2, k - 1, k] {
                    let (found, pieces) = enclosed_joint_box(k, j, d, eps, &target);
                    let expected = ln_joint_box(k, j, d, eps, &target, 1e-7);
                    let error = 4.0 * expected.relative_error;
                    assert!(
                        found.lo() <= expected.ln + error && expected.ln - error <= found.hi(),
                        "{k} {j} {d} {eps} {target:?}: {found:?} {expected:?}"
                    );
                    let is_narrow = found.width() < 4.0 * d as f64;
                    assert!(pieces > 0 && is_narrow, "{k} {j} {d} {eps} {target:?}: {found:?} {expected:?}");
                }
            }
        }
    }

    /// Around a target whose coordinates have fewer digits than the box is wide, too.
    #[test]
    fn tiny_boxes_far_out_are_enclosed() {
        for eps in [1e-12, 1e-30] {
            let (found, _) = enclosed_joint_box(1_000_000_000, 1, 5, eps, &Target::Axis);
            assert!(found.width() < 20.0, "{eps}: {found:?}");
        }
    }

    /// Lemma 8 fails at j = 1 and d = 3 for small eps, whatever the constant, and this proves it at a cell.
    #[test]
    fn the_order_in_eps_is_that_of_the_probability() {
        let at = |eps: f64| enclosed_joint_box(1895, 1, 3, eps, &Target::Origin).0;
        let (small, smaller) = (at(1e-10), at(1e-20));
        // d + 2j = 5, of ten powers of ten.
        let fall = 50.0 * std::f64::consts::LN_10;
        assert!(
            (small.lo() - smaller.lo() - fall).abs() < 0.1 && (small.hi() - smaller.hi() - fall).abs() < 0.1,
            "{small:?} {smaller:?}"
        );
    }
}
