//! Boxes of sums of NSN vectors, enclosed: integrals over ln s by Taylor forms, with what is left out.

use std::array;

use crate::enclosure::Enclosure;
use crate::enclosure::integrate::{COEFFICIENTS, Forms, Pieces, integrate};
use crate::enclosure::taylor::Taylor;

use super::boxes::ln_box;
use super::target::Target;

/// A function of u = ln s, s being the scale.
pub type Form = Taylor<COEFFICIENTS>;

/// What is left out on either side is at most this share of the value.
const LEFT_OUT: f64 = 1e-12;
/// ln of the mass beyond the end of an expectation without one, where f is no larger than at the median.
const LN_LEFT_OUT: f64 = -60.0;
/// A third of the range goes each time, down to about 1e-12 of it.
const HALVINGS: usize = 70;
/// Pieces, at most.
const MOST_PIECES: usize = 3_000;
/// The quadrature that says where to look need not be closer.
pub(super) const ROUGH: f64 = 1e-6;
/// Of a narrow box, terms of the series in eps (|z| + eps/2)/s, which is taken up to 1.
const TERMS: usize = 25;

/// From so many terms on, what follows the first of the rest falls by half and more, in every coefficient.
const LEAST_TERMS: usize = 8;

/// A probability in logs, and the pieces of which its integral is made.
pub struct EnclosedBox {
    /// ln Pr.
    pub ln: Enclosure,
    /// The pieces, of the integral divided by e^ln_scale.
    pub pieces: Pieces,
}

/// Pr(X_1 + ... + X_k in I_eps(z)) for NSN vectors in R^d, up to about this relative width where rounding allows it. The quadrature says
/// how large it is about: it only decides where to cut.
pub fn enclosed_box(k: u64, d: u64, eps: f64, target: &Target, width: f64) -> EnclosedBox {
    let ln_about = ln_box(k, d, eps, target, ROUGH).ln;
    enclosed_box_around(k, target.enclosed(k, d), eps, ln_about, width)
}

/// As [`enclosed_box`], around any centre, given by the absolute values of its coordinates, each with how often it comes; `ln_about` is about
/// the log of the probability.
pub fn enclosed_box_around(k: u64, centre: Vec<(Enclosure, u64)>, eps: f64, ln_about: f64, width: f64) -> EnclosedBox {
    if !ln_about.is_finite() {
        return EnclosedBox { ln: Enclosure::ALL, pieces: Pieces { sum: Enclosure::ALL, pieces: Vec::new() } };
    }
    let law = LogChiSquare::new(k);
    let scale = Enclosure::new(ln_about);
    let ends = law.range(ln_about + LEFT_OUT.ln());
    let range = Enclosure::between(ends[0], ends[1]);
    let pieces = integral(&law, ln_box_given_scale(centre, eps), scale, range, width);
    // Each coordinate's probability is at most 1. The scale comes off in logs: either mass may be below every double.
    let left_out: Enclosure = ends.into_iter().map(|end| (law.ln_chernoff(end) - scale).exp()).sum();
    let left_out = left_out.hull(Enclosure::ZERO);
    let ln = (pieces.sum + left_out).ln() + scale;
    // It is a probability.
    EnclosedBox { ln: Enclosure::between(ln.lo().min(0.0), ln.hi().min(0.0)), pieces }
}

/// The log of the box's probability given the scale, as a function of ln s.
pub fn ln_box_given_scale(centre: Vec<(Enclosure, u64)>, eps: f64) -> impl Fn(Form) -> Form {
    let eps = Enclosure::new(eps);
    ln_product(coordinates(centre, eps, eps))
}

fn coordinates(centre: Vec<(Enclosure, u64)>, eps: Enclosure, size: Enclosure) -> Vec<Coordinate> {
    centre.into_iter().map(|z| Coordinate::new(z, eps, size)).collect()
}

fn ln_product(coordinates: Vec<Coordinate>) -> impl Fn(Form) -> Form {
    move |u| {
        let terms = coordinates.iter().map(|coordinate| coordinate.ln_probability(u));
        terms.fold(Form::constant(Enclosure::ZERO), |sum, term| sum + term)
    }
}

/// ln E[f(s)] over `low` <= s <= `high` for s ~ chi^2_k, where f is given by its log as a function of ln s, and the pieces that this took.
/// Without `high` f must not grow.
pub fn ln_expectation(
    k: u64,
    low: Enclosure,
    high: Option<Enclosure>,
    ln_f: impl Fn(Form) -> Form,
    width: f64,
) -> (Enclosure, u64) {
    let law = LogChiSquare::new(k);
    let far = law.range(LN_LEFT_OUT)[1];
    let (from, to) = (low.ln(), high.map_or(Enclosure::new(far), Enclosure::ln));
    // Ends are no NaN.
    if from.hi() >= to.lo() {
        return (Enclosure::ALL, 0);
    }
    let at = |u: f64| {
        let u = Enclosure::new(u);
        law.ln_density(u).0[0] + ln_f(Form::variable(u)).0[0]
    };
    let highest = at(highest(from.hi(), to.lo(), |u| at(u).middle())).middle();
    if !highest.is_finite() {
        return (Enclosure::ALL, 0);
    }
    let scale = Enclosure::new(highest);
    let over = |range: Enclosure, width: f64| integral(&law, &ln_f, scale, range, width);
    // The bulk has about this width; of the ends, which are known up to rounding, all or nothing may count.
    let bulk = law.half_k.middle().recip().sqrt().min(1.0);
    let inner = over(Enclosure::between(from.hi(), to.lo()), width * bulk);
    let ends: Enclosure = [from, to].map(|end| over(end, width * bulk).sum.hull(Enclosure::ZERO)).into_iter().sum();
    let beyond = match high {
        Some(_) => Enclosure::ZERO,
        None => (ln_f(Form::variable(to)).0[0] + law.ln_chernoff(far) - scale).exp().hull(Enclosure::ZERO),
    };
    ((inner.sum + ends + beyond).ln() + scale, inner.pieces.len() as u64)
}

/// About where a function with one hill is highest between two ends.
fn highest(mut low: f64, mut high: f64, height: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..HALVINGS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if height(left) < height(right) { low = left } else { high = right }
    }
    0.5 * (low + high)
}

/// The integral over ln s of a function given by its log, divided by e^scale.
fn integral(law: &LogChiSquare, ln_f: impl Fn(Form) -> Form, scale: Enclosure, range: Enclosure, width: f64) -> Pieces {
    let ln_integrand = |u: Enclosure| law.ln_density(u) - Form::constant(scale) + ln_f(Form::variable(u));
    let integrand = |u: Enclosure| {
        let middle = Enclosure::new(u.middle());
        let (mut over, at_middle) = (ln_integrand(u), ln_integrand(middle));
        // Large terms of the log cancel: by the mean value theorem it is known more closely than term by term.
        over.0[0] = over.0[0].common(at_middle.0[0] + over.0[1] * (u - middle));
        Forms { over: over.exp(), at_middle: at_middle.exp() }
    };
    integrate(integrand, range, width, MOST_PIECES)
}

/// A number that ln(Pr(box)/(2 eps)^d) is at least, for every z with norm1(z) <= sqrt(k) and every eps up to `most`.
///
/// Of all such z a vertex of the cross-polytope has the least probability, (sqrt(k), 0, ..., 0): given s, each coordinate's probability
/// falls with |z_i|, and its log is concave in it, so that the product is least at a vertex, at the same one for every s. The size of the box
/// is an interval in what follows; small s, where the box is wide, are left out.
pub fn ln_least_density(k: u64, d: u64, most: f64) -> f64 {
    let (eps, half) = (Enclosure::between(0.0, most), Enclosure::new(0.5));
    let coordinates = coordinates(Target::Axis.enclosed(k, d), eps, half);
    let law = LogChiSquare::new(k);
    let ln_about = ln_box(k, d, ROUGH, &Target::Axis, ROUGH).ln - d as f64 * (2.0 * ROUGH).ln();
    let widest = coordinates.iter().map(|coordinate| coordinate.reach.hi()).fold(0.0, f64::max);
    let [low, high] = law.range(LN_LEFT_OUT_OF_DENSITY);
    let scale = Enclosure::new(ln_about);
    let range = Enclosure::between(low.max(widest.ln() + f64::EPSILON.sqrt()), high);
    let pieces = integral(&law, ln_product(coordinates), scale, range, WIDTH_OF_DENSITY);
    (pieces.sum.ln() + scale).lo()
}

/// How far Lemma 7 with 2 pi for pi is on the safe side at k and d, for every z and eps: ln of the probability over the bound, at least.
pub fn slack_of_repair(k: u64, d: u64) -> f64 {
    let (m, d_whole) = (Enclosure::whole(d.max(4)), Enclosure::whole(d));
    // 1 + 2 sqrt(c_d) + 2 c_d.
    let a = Enclosure::ONE + Enclosure::new(2.0) / m + Enclosure::new(2.0) / m.square();
    let variance = Enclosure::new(2.0) * Enclosure::PI * a * Enclosure::whole(k);
    let ln_bound = -Enclosure::new(16.0).ln() - d_whole.scaled(0.5) * variance.ln();
    (Enclosure::new(ln_least_density(k, d, 0.25)) - ln_bound).lo()
}

/// A lower bound may leave out more.
const LN_LEFT_OUT_OF_DENSITY: f64 = -40.0;
/// Its width.
const WIDTH_OF_DENSITY: f64 = 1e-10;

/// The law of ln s for s ~ chi^2_k, by v = ln s - ln k: its log density is (k/2)(1 + v - e^v) and what does not depend on s.
struct LogChiSquare {
    half_k: Enclosure,
    ln_k: Enclosure,
    ln_constant: Enclosure,
}

impl LogChiSquare {
    fn new(k: u64) -> Self {
        let half_k = Enclosure::whole(k).scaled(0.5);
        LogChiSquare { half_k, ln_k: Enclosure::whole(k).ln(), ln_constant: half_k.ln_stirling_ratio() }
    }

    /// At ln s = u.
    fn ln_density(&self, u: Enclosure) -> Form {
        let v = u - self.ln_k;
        let exp = Form::variable(v).exp();
        let mut form = Form::variable(v) - exp;
        form.0[0] = v.less_exp_m1();
        form.0[1] = -v.exp_m1();
        form.times(self.half_k) + Form::constant(self.ln_constant)
    }

    /// ln of Chernoff's bound on the mass on the far side of e^u: (k/2)(1 - x + ln x) at x = e^u/k.
    fn ln_chernoff(&self, u: f64) -> Enclosure {
        self.half_k * (Enclosure::new(u) - self.ln_k).less_exp_m1()
    }

    /// Ends of ln s with at most this mass, by its log, beyond each.
    fn range(&self, ln_mass: f64) -> [f64; 2] {
        let bulk = self.ln_k.middle();
        let step = self.half_k.middle().sqrt().recip();
        [-1.0, 1.0].map(|side| {
            // The bound falls ever faster above, and like a power below.
            let mut far = step;
            while self.ln_chernoff(bulk + side * far).hi() > ln_mass {
                far *= 1.1;
            }
            bulk + side * far
        })
    }
}

/// Coordinates of one |z|, and what their probability Pr(|N(0, s) - z| <= eps) is made of.
struct Coordinate {
    z: Enclosure,
    count: Enclosure,
    eps: Enclosure,
    /// Of a box that is narrow beside s: by w = 1/s it is size sqrt(2 w/pi) e^(-z^2 w/2) sum_j m_j (unit w)^j.
    ln_constant: Enclosure,
    moments: [Enclosure; TERMS],
    /// A power of 2 near `reach`: powers of either alone may lie beyond the doubles.
    unit: f64,
    /// eps (|z| + eps/2): the series falls like the exponential series of this times w.
    reach: Enclosure,
}

impl Coordinate {
    /// The size is eps, or 1/2 where the probability is divided by 2 eps.
    fn new((z, count): (Enclosure, u64), eps: Enclosure, size: Enclosure) -> Self {
        let ln_constant = ((Enclosure::new(2.0) / Enclosure::PI).sqrt() * size).ln();
        let (slope, curvature) = (z * eps, eps.square().scaled(0.5));
        let reach = slope + curvature;
        let unit = power_of_two_near(reach.hi());
        let (slope, curvature) = (slope.scaled(unit.recip()), curvature.scaled(unit.recip()));
        // Half the integral of e^(-slope w y - curvature w y^2) over y from -1 to 1, power by power: odd powers of y vanish.
        let mut moments = [Enclosure::ZERO; TERMS];
        let mut linear = Enclosure::ONE;
        for a in 0..TERMS {
            if a > 0 {
                linear = linear * slope / Enclosure::whole(a as u64);
            }
            let mut term = linear;
            for b in 0..TERMS - a {
                if b > 0 {
                    term = -(term * curvature / Enclosure::whole(b as u64));
                }
                if a % 2 == 0 {
                    moments[a + b] = moments[a + b] + term / Enclosure::whole((a + 2 * b + 1) as u64);
                }
            }
        }
        Coordinate { z, count: Enclosure::whole(count), eps, ln_constant, moments, unit, reach }
    }

    /// The log of the probability at s = e^u, to the power of how many coordinates there are.
    fn ln_probability(&self, u: Form) -> Form {
        let w = u.times(-Enclosure::ONE).exp();
        let ln = if (self.reach * w.0[0]).hi() <= 1.0 { self.ln_narrow(u, w) } else { self.ln_wide(u) };
        ln.times(self.count)
    }

    fn ln_narrow(&self, u: Form, w: Form) -> Form {
        let reach = self.reach * w.0[0];
        let terms = terms_for(reach.hi());
        // The sum of m_j (unit w)^j: w^j has the coefficients (-j)^n/n! w^j in u.
        let variable = w.0[0].scaled(self.unit);
        let mut addends = [Enclosure::ZERO; TERMS];
        let mut power = Enclosure::ONE;
        for (addend, moment) in addends.iter_mut().zip(&self.moments[..terms]) {
            *addend = *moment * power;
            power = power * variable;
        }
        let mut factorial = Enclosure::ONE;
        let mut series = Taylor(array::from_fn(|n| {
            if n > 0 {
                factorial = factorial * Enclosure::whole(n as u64);
                let with_j = |(j, addend): (usize, &mut Enclosure)| *addend = -(*addend * Enclosure::whole(j as u64));
                addends[..terms].iter_mut().enumerate().for_each(with_j);
            }
            addends[..terms].iter().copied().sum::<Enclosure>() / factorial
        }));
        // What follows the last term is at most twice its first, in every coefficient.
        let mut first = reach.powi(terms as u32);
        (1..=terms as u64).for_each(|i| first = first / Enclosure::whole(i));
        for (n, coefficient) in series.0.iter_mut().enumerate() {
            let rest = first.scaled(2.0);
            *coefficient = *coefficient + rest.hull(-rest);
            first = first * Enclosure::whole(terms as u64) / Enclosure::whole(n as u64 + 1);
        }
        series.ln() + Form::constant(self.ln_constant)
            - u.times(Enclosure::new(0.5))
            - w.times(self.z.square().scaled(0.5))
    }

    /// By the error function at the box's edges in units of sqrt(2 s).
    fn ln_wide(&self, u: Form) -> Form {
        let inverse = u.times(Enclosure::new(-0.5)).exp().times(Enclosure::ONE / Enclosure::new(2.0).sqrt());
        let (far, near) = (inverse.times(self.z + self.eps), inverse.times(self.z - self.eps));
        let twice = if (self.z - self.eps).lo() > 0.0 { near.erfc() - far.erfc() } else { far.erf() - near.erf() };
        twice.times(Enclosure::new(0.5)).ln()
    }
}

/// A power of 2 that is at most twice as large or small, and neither huge nor tiny.
fn power_of_two_near(x: f64) -> f64 {
    x.log2().round().clamp(-1000.0, 1000.0).exp2()
}

/// So many terms leave less than rounding does, also of the last coefficient.
fn terms_for(reach: f64) -> usize {
    let mut left = 1.0;
    let is_enough = |terms: &usize| {
        let m = *terms as f64;
        left *= reach / m;
        left * m.powi(COEFFICIENTS as i32 - 1) < f64::EPSILON
    };
    (1..TERMS).find(is_enough).unwrap_or(TERMS).max(LEAST_TERMS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::ln_chi_square_moment;

    /// `nsn_boxes.csv` of the reference values: k, d, eps, target, ln Pr and the printed bound's ln, by mpmath at 60 digits.
    const ORACLE: &str = include_str!("../../../tests/oracles/nsn_boxes.csv");

    #[test]
    fn the_box_of_the_counterexample_is_enclosed_closely() {
        let found = enclosed_box(124, 10, 0.1, &Target::Axis, 1e-10);
        assert!(found.ln.width() < 1e-9 && found.pieces.pieces.len() < 200, "{:?}", found.ln);
        assert!(found.ln.holds(ln_box(124, 10, 0.1, &Target::Axis, 1e-12).ln));
    }

    /// Moments of chi^2_k, and Pr(8 <= chi^2_16 <= 26) by mpmath's regularised incomplete gamma at 30 digits.
    #[test]
    fn expectations_hold_moments_and_the_law_s_probability() {
        for k in [3, 16, 64, 1000, 1_000_000u64] {
            for power in [-1.0, 0.0] {
                let ln_f = |u: Form| u.times(Enclosure::new(power));
                let (found, _) = ln_expectation(k, Enclosure::new(1e-30), None, ln_f, 1e-9);
                let exact = ln_chi_square_moment(k as f64, power);
                assert!(found.lo() <= exact + 1e-12 && exact - 1e-12 <= found.hi(), "{k} {power}: {found:?} {exact}");
                assert!(found.width() < 1e-7, "{k} {power}: {found:?}");
            }
        }
        let one = |_| Form::constant(Enclosure::ZERO);
        let between =
            |low: f64, high: f64| ln_expectation(16, Enclosure::new(low), Some(Enclosure::new(high)), one, 1e-10).0;
        let found = between(8.0, 26.0).exp();
        assert!(found.holds(0.894_838_135_816_248) && found.width() < 1e-9, "{found:?}");
        assert_eq!(between(8.0, 8.0), Enclosure::ALL);
    }

    /// Lemma 7 with 2 pi, for every z and every eps below 1/4: at each d up to 12 and each k from max(16, d) to d^2, from which on the paper's
    /// proof needs no more than 2 pi. `tests/long.rs` goes on to d = 32.
    #[test]
    fn the_repaired_lemma_is_proved_below_d_squared() {
        for d in 1..=12u64 {
            for k in d.max(16)..=(d * d).max(16) {
                let slack = slack_of_repair(k, d);
                assert!(slack > 0.1, "{k} {d}: {slack}");
            }
        }
        // It is a lower bound of what the quadrature finds, and close to it for a narrow box.
        for (k, d) in [(16, 1), (16, 16), (124, 10), (400, 20)] {
            let at = |eps: f64| ln_box(k, d, eps, &Target::Axis, 1e-12).ln - d as f64 * (2.0 * eps).ln();
            let (wide, narrow) = (ln_least_density(k, d, 0.25), ln_least_density(k, d, 1e-4));
            assert!(
                [0.25, 0.1, 1e-4].iter().all(|eps| wide < at(*eps)) && narrow < at(1e-4) && at(1e-4) < narrow + 1e-4
            );
        }
    }

    #[test]
    fn enclosures_hold_the_oracle() {
        let (mut widest, mut wide, mut rows) = (0.0f64, 0, 0);
        for row in csv::Reader::from_reader(ORACLE.as_bytes()).deserialize() {
            let (k, d, eps, target, ln, _bound): (u64, u64, f64, String, f64, f64) = row.unwrap();
            let found = enclosed_box(k, d, eps, &Target::named(&target), 1e-10);
            rows += 1;
            // The oracle's log is the double nearest to it.
            let rounding = ln.abs() * f64::EPSILON;
            assert!(
                found.ln.lo() <= ln + rounding && ln - rounding <= found.ln.hi(),
                "{k} {d} {eps} {target}: {:?} {ln}",
                found.ln
            );
            if found.ln.width() < 1e-7 { widest = widest.max(found.ln.width()) } else { wide += 1 }
        }
        // The oracle's boxes reach to parameters of 1e15 and to the least doubles: what is wide there is true all the same.
        assert!(rows > 200 && wide < 20 && widest < 1e-7, "{wide} of {rows} are wide, {widest:e}");
    }
}
