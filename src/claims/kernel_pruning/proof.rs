//! The proof of Lemma 12, link by link, on a random pair that is drawn and pruned.
//!
//! Left out are three lines that are laws of probability and name no numbers: the complement before the union bound, the
//! removal of the condition in Eq. 26, and the joining of the two masks.

use super::*;
use crate::cnn::{Image, convolve, mask, relu};
use crate::evidence::proportion;
use crate::pruning::{ChannelResult, Split};
use crate::tails::{Tail, ln_binomial_tail};
use rand::RngExt;

/// Pairs that are drawn at most until one can be pruned as Eq. 27 asks.
const PAIRS: usize = 4;
/// Rows and columns of images beyond the kernel's side.
const MARGIN: usize = 3;
/// Two sums of the same products, in another order, count as equal within this relative difference.
const SAME: Relation = Relation::Equal { tolerance: 1e-6 };
/// Relative rounding of norms and worst cases.
const ROUNDING: f64 = 1e-11;
/// The chance that the limits of the sampled probability miss it.
const ALPHA: f64 = 1e-6;

pub(super) fn chain(cell: &Cell, stream: &mut Stream) -> Result<Vec<Link>> {
    let target = targets(cell).swap_remove(0);
    let (n, eps) = (cell.integer("n") as usize, cell.real("eps"));
    let tolerance = eps / (2.0 * target.kernel.data().len() as f64);
    let request = Request { tolerance, ..Request::default() };
    let found = |channel: &ChannelResult| channel.status == Status::Found;
    let mut pruned = PrunedKernel::draw(&target, n, &request, stream)?;
    for _ in 1..PAIRS {
        if pruned.channels().iter().all(found) {
            break;
        }
        pruned = PrunedKernel::draw(&target, n, &request, stream)?;
    }
    let event = sample(&target, n, &request, stream)?;
    let mut links = sums(&pruned, stream);
    links.extend(probabilities(n as u64, target.kernel.inputs(), eps, event));
    links.extend(approximation(&pruned, eps, pruned.channels().iter().all(found))?);
    Ok(links)
}

fn value(value: f64) -> Evidence {
    Evidence::closed_form(value.ln(), ROUNDING, 1)
}

fn link(
    name: &'static str,
    equation: &'static str,
    text: &'static str,
    relation: Relation,
    left: Evidence,
    right: Evidence,
) -> Link {
    Link { name, equation, text, relation, left, right }
}

/// Whether two images are the same: the first one's max norm, with and without their distance.
fn same(
    name: &'static str,
    equation: &'static str,
    text: &'static str,
    (one, other): (&Image, &Image),
    by: f64,
) -> Link {
    let (norm, distance) = (one.max_norm(), one.distance(other));
    let (lo, hi) = ((norm + (distance - by).max(0.0)).ln(), (norm + distance + by).ln());
    let left = Evidence::enclosed(Some((norm + distance).ln()), lo, hi, Method::ClosedForm, 1);
    link(name, equation, text, SAME, left, Evidence::closed_form(norm.ln(), 0.0, 1))
}

/// The lines before Eq. 25: what the pair computes behind the mask of Eq. 21, before filters are removed.
fn sums(pruned: &PrunedKernel, stream: &mut Stream) -> Vec<Link> {
    let (target, pair) = (pruned.target(), pruned.pair());
    let (u, inputs, n) = (pair.u(), target.kernel.inputs(), pair.n());
    let side = target.kernel.side() + MARGIN;
    let image = Image::from_fn(inputs, side, side, |_, _, _| stream.random_range(-1.0..=1.0));
    let parts = [Sign::Positive, Sign::Negative].map(|sign| {
        let mut kept = vec![false; u.inputs()];
        (0..inputs).for_each(|t| pair.candidates(t, sign, Filters::HalfBlocks).iter().for_each(|&l| kept[l] = true));
        let part = |l: usize, t: usize| if kept[l] && l / (2 * n) == t { pair.v().at(l, t, 0, 0).abs() } else { 0.0 };
        Kernel::from_fn(u.inputs(), inputs, 1, |l, t, _, _| part(l, t))
    });
    let [v_plus, v_minus] = &parts;
    let apply = |kernel: &Kernel, image: &Image| convolve(kernel, image, target.stride, target.pad);
    let add = |x: &Image, y: &Image| x.zip(y, |x, y| x + y);
    let hidden = |kernel: &Kernel, image: &Image| convolve(kernel, image, 1, 0);
    // L^+ or L^- over the first filters.
    let sum = |v: &Kernel, filters: usize| {
        Kernel::from_fn(u.outputs(), inputs, u.side(), |o, t, r, s| {
            (0..filters).map(|l| u.at(o, l, r, s) * v.at(l, t, 0, 0)).sum()
        })
    };
    let (x_plus, x_minus) = (image.positive(), image.negative());
    let pair_output = apply(u, &relu(&hidden(&v_plus.zip(v_minus, |p, m| p - m), &image)));
    let split = apply(u, &add(&hidden(v_plus, &x_plus), &hidden(v_minus, &x_minus)));
    let [whole, printed] = [u.inputs(), n * inputs]
        .map(|filters| add(&apply(&sum(v_plus, filters), &x_plus), &apply(&sum(v_minus, filters), &x_minus)));
    // A sum of N products is off by at most N roundings of the sum of their sizes.
    let products = u.inputs() * u.side() * u.side();
    let by = f64::EPSILON
        * products as f64
        * u.max_norm()
        * (v_plus.norm1() + v_minus.norm1())
        * (u.side() * u.side()) as f64;
    vec![
        same(
            "lemma-11",
            "proof of Lemma 12, first line",
            "U * phi((V . S~) * X) = U * (V~^+ * X^+ + V~^- * X^-)",
            (&pair_output, &split),
            by,
        ),
        same(
            "exchange-of-sums",
            "proof of Lemma 12, to the definition of L",
            "... = sum_(i,j,t0) (sum_(k in [2n c0]) U V~^+) X^+ + sum_(i,j,t0) (sum_(k in [2n c0]) U V~^-) X^-",
            (&split, &whole),
            by,
        ),
        same(
            "filters-of-l",
            "definition of L^+ and L^-",
            "sum_(i,j,t0) (sum_(k in [n c0]) U V~^+) X^+ + sum_(i,j,t0) (sum_(k in [n c0]) U V~^-) X^-, the line before with n \
                for 2n",
            (&whole, &printed),
            by,
        ),
    ]
}

/// Pr(E_(t0,+) | |I_+| > n/3), sampled: half blocks of one channel, of both signs, which have the same law.
fn sample(target: &Layer, n: usize, request: &Request, stream: &mut Stream) -> Result<Evidence> {
    let (kernel, side) = (&target.kernel, target.kernel.side());
    let slice = Kernel::from_fn(kernel.outputs(), 1, side, |o, _, r, s| kernel.at(o, 0, r, s));
    let layer = Layer { kernel: slice, ..*target };
    // Searches in several dimensions that find nothing are the costly ones.
    let pairs = (2000 / (n * layer.kernel.data().len())).clamp(3, 60);
    let (mut trials, mut hits, mut unknown) = (0, 0, 0);
    for _ in 0..pairs {
        let pruned = PrunedKernel::draw(&layer, n, request, stream)?;
        for channel in pruned.channels().iter().filter(|channel| 3 * channel.candidates > n) {
            trials += 1;
            match channel.status {
                Status::Found => hits += 1,
                Status::GaveUp => unknown += 1,
                Status::None => {}
            }
        }
    }
    let known = trials - unknown;
    let rate = (known > 0).then(|| (hits as f64 / known as f64).ln());
    let lo = if trials > 0 { proportion::ln_lower(hits, trials, ALPHA) } else { f64::NEG_INFINITY };
    let hi = if trials > 0 { proportion::ln_upper(hits + unknown, trials, ALPHA) } else { 0.0 };
    Ok(Evidence::enclosed(rate, lo, hi, Method::Literal, trials))
}

/// Eqs. 25 and 26.
fn probabilities(n: u64, c0: usize, eps: f64, event: Evidence) -> Vec<Link> {
    let channels = c0 as f64;
    // At most n/3 heads among n.
    let few = ln_binomial_tail(n, 0.5, n / 3, Tail::Lower).exp();
    let enough = |half_blocks: f64| Evidence::closed_form(half_blocks * (-few).ln_1p(), 1e-9 * half_blocks * few, n);
    let power = |ln: f64, times: f64| if ln == f64::NEG_INFINITY { ln } else { times * ln };
    let conditional = |ln: f64| power(ln, 2.0 * channels);
    let both = enough(2.0);
    let product = Evidence {
        ln: event.ln.map(|ln| conditional(ln) + both.ln.unwrap_or(0.0)),
        ln_lo: conditional(event.ln_lo) + both.ln_lo,
        ln_hi: conditional(event.ln_hi) + both.ln_hi,
        ..event.clone()
    };
    let half = one_minus(eps / 2.0);
    let times = |evidence: &Evidence, times: f64| Evidence {
        ln: evidence.ln.map(|ln| power(ln, times)),
        ln_lo: power(evidence.ln_lo, times),
        ln_hi: power(evidence.ln_hi, times),
        ..evidence.clone()
    };
    let square = times(&half, 2.0);
    let each = one_minus(eps / (4.0 * channels));
    vec![
        link("eq-25", "Eq. 25", "Pr(|I_+| > n/3) >= 1 - eps/4", Relation::AtLeast, enough(1.0), one_minus(eps / 4.0)),
        link(
            "corollary-19",
            "before the union bound",
            "Pr(E_(t0,+) | |I_+| > n/3) >= 1 - eps/(4 c0)",
            Relation::AtLeast,
            event,
            each.clone(),
        ),
        link(
            "union-bound",
            "union bound",
            "Pr(E | ...) >= 1 - sum_t0 (Pr(not E_(t0,+) | ...) + Pr(not E_(t0,-) | ...)), where each is eps/(4 c0)",
            Relation::AtLeast,
            times(&each, 2.0 * channels),
            half.clone(),
        ),
        // Both sides are one number: what is taken from 1 is compared.
        link(
            "union-bound-sum",
            "union bound, last line",
            "1 - 2 sum_t0 eps/(4 c0) >= 1 - eps/2",
            Relation::Equal { tolerance: 1e-9 },
            value((0..c0).map(|_| 2.0 * eps / (4.0 * channels)).sum()),
            value(eps / 2.0),
        ),
        link(
            "both-signs",
            "before Eq. 26",
            "Pr(|I_+|, |I_-| > n/3) >= 1 - eps/2, for one t0",
            Relation::AtLeast,
            both,
            half.clone(),
        ),
        link(
            "both-signs-of-all",
            "before Eq. 26",
            "Pr(|I_+|, |I_-| > n/3) >= 1 - eps/2, for all t0 at once, as E asks",
            Relation::AtLeast,
            enough(2.0 * channels),
            half,
        ),
        link(
            "eq-26-square",
            "Eq. 26, second line",
            "Pr(E | |I_+|, |I_-| > n/3) Pr(|I_+|, |I_-| > n/3) >= (1 - eps/2)^2",
            Relation::AtLeast,
            product,
            square.clone(),
        ),
        link("eq-26", "Eq. 26, third line", "(1 - eps/2)^2 >= 1 - eps", Relation::AtLeast, square, one_minus(eps)),
    ]
}

/// Eq. 27 and the lines to the end. M is any positive number: it is taken as 2 d^2 c1 c0, where a factor M that is lost shows.
fn approximation(pruned: &PrunedKernel, eps: f64, found: bool) -> Result<Vec<Link>> {
    let (target, error) = (pruned.target(), pruned.error());
    let entries = target.kernel.data().len() as f64;
    let m = 2.0 * entries;
    let side = target.kernel.side() + MARGIN;
    let zeros = target.kernel.map(|_| 0.0);
    let worst = |split: &Split| split.worst_case(side, side, m, Inputs::All, Outputs::Absolute);
    let whole = worst(&error)?;
    let plus = worst(&Split { minus: zeros.clone(), ..error.clone() })?.value;
    let minus = worst(&Split { plus: zeros, ..error.clone() })?.value;
    let max_norms = error.plus.max_norm() + error.minus.max_norm();
    let norms1 = error.plus.norm1() + error.minus.norm1();
    // The supremum is attained at this X: there, forward passes of the masked pair and of its parts.
    let x = &whole.input.image();
    let (x_plus, x_minus) = (x.positive(), x.negative());
    let by_mask = target.forward(x).zip(&pruned.forward(x), |k, p| k - p);
    let [on_plus, on_minus] = [(&x_plus, pruned.l_plus()), (&x_minus, pruned.l_minus())]
        .map(|(part, l)| (target.forward(part), convolve(l, part, target.stride, target.pad)));
    let rows = on_plus.0.zip(&on_plus.1, |k, l| k - l);
    let by_parts = rows.zip(&on_minus.0, |x, k| x - k).zip(&on_minus.1, |x, l| x - l);
    // One pair that cannot be pruned says nothing of what holds with probability 1 - eps.
    let by_eq_27 = |evidence: Evidence| Evidence {
        bearing: if found { Bearing::Decides } else { Bearing::Illustrates },
        ..evidence
    };
    let departures = mask::departures(&pruned.mask(), 2 * pruned.pair().n(), target.kernel.inputs()) as f64;
    // Rounding of the forward passes, beside an error that may be far smaller than they are.
    let masked = pruned.pair().v().zip(&pruned.mask(), |v, s| v * s);
    let sizes =
        target.kernel.norm1() + pruned.pair().u().max_norm() * masked.norm1() * (target.kernel.side().pow(2)) as f64;
    let by = f64::EPSILON * pruned.pair().u().inputs() as f64 * target.kernel.side().pow(2) as f64 * m * sizes;
    let passed = |output: &Image| {
        let norm = output.max_norm();
        Evidence::enclosed(Some(norm.ln()), (norm - by).max(0.0).ln(), (norm + by).ln(), Method::ClosedForm, 1)
    };
    let sup = value(whole.value);
    let last = "end of the proof of Lemma 12";
    Ok(vec![
        link(
            "eq-27",
            "Eq. 27",
            "norm_max(K - L^+) + norm_max(K + L^-) <= eps/(d^2 c1 c0), on one pair",
            Relation::AtMost,
            by_eq_27(value(max_norms)),
            value(eps / entries),
        ),
        link(
            "blocked-mask",
            "after Eq. 27",
            "S = S~ . S^ is a 2n-channel blocked mask (entries that depart from Definition 2)",
            Relation::Equal { tolerance: 1e-9 },
            Evidence::closed_form(departures.ln(), 0.0, 1),
            Evidence::closed_form(f64::NEG_INFINITY, 0.0, 1),
        ),
        link(
            "lemma-11-again",
            "after Eq. 27",
            "sup norm_max(K * X - U * phi((V . S~ . S^) * X)) = sup norm_max(K * (X^+ - X^-) - U * (V^^+ * X^+ + V^^- * X^-))",
            SAME,
            passed(&by_mask),
            sup.clone(),
        ),
        link(
            "distributive",
            last,
            "... = sup norm_max(K * X^+ - U * (V^^+ * X^+) - K * X^- - U * (V^^- * X^-))",
            SAME,
            sup.clone(),
            passed(&by_parts),
        ),
        link(
            "triangle",
            last,
            "... <= sup norm_max(K * X^+ - U * (V^^+ * X^+)) + sup norm_max(K * X^- + U * (V^^- * X^-))",
            Relation::AtMost,
            sup,
            value(plus + minus),
        ),
        link(
            "lemma-20",
            last,
            "... <= M norm1(K - U * V^^+) + M norm1(K + U * V^^-)",
            Relation::AtMost,
            value(plus + minus),
            value(m * norms1),
        ),
        link(
            "entries",
            last,
            "M norm1(K - U * V^^+) + M norm1(K + U * V^^-) <= d^2 c1 c0 (norm_max(K - U * V^^+) + norm_max(K + U * V^^-)), at M = \
                2 d^2 c1 c0",
            Relation::AtMost,
            value(m * norms1),
            value(entries * max_norms),
        ),
        link(
            "eq-27-used",
            last,
            "d^2 c1 c0 (norm_max(K - U * V^^+) + norm_max(K + U * V^^-)) <= d^2 c1 c0 M eps/(d^2 c1 c0), at M = 2 d^2 c1 c0",
            Relation::AtMost,
            by_eq_27(value(entries * max_norms)),
            value(entries * m * (eps / entries)),
        ),
        link(
            "thesis",
            last,
            "... = eps M",
            Relation::Equal { tolerance: 1e-9 },
            value(entries * m * (eps / entries)),
            value(eps * m),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::chain::named;
    use crate::verdict::Verdict;

    fn verdicts(given: &[(&str, &str)]) -> Vec<(&'static str, Verdict)> {
        let base = [("d", "1"), ("c0", "1"), ("c1", "1"), ("n", "60"), ("eps", "0.1")];
        let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        let cell = cell_of(&KernelPruning, rest.chain(given.iter().copied())).unwrap();
        let chain = KernelPruning.chain(&cell, &mut Stream::new(11, 12)).unwrap();
        chain.iter().map(|link| (link.name, link.verdict())).collect()
    }

    /// A wide pair for one channel. By hand: 60 candidates leave Pr(few) = e^-4.999 = 0.0067 < eps/4; filters n+1 to 2n carry all
    /// of L^-; S lacks what was removed; and with one entry norm1 = norm_max, so that M = 2 doubles the left side alone.
    #[test]
    fn a_wide_pair_passes_but_for_the_slips() {
        let chain = verdicts(&[]);
        assert_eq!(named(&chain, Verdict::Violated), ["filters-of-l", "blocked-mask", "entries"], "{chain:?}");
        for name in ["lemma-11", "exchange-of-sums", "eq-25", "both-signs", "eq-26", "eq-27", "triangle", "eq-27-used"]
        {
            assert!(named(&chain, Verdict::Holds).contains(&name), "{name} of {chain:?}");
        }
        // Both sides are one number.
        assert!(named(&chain, Verdict::Undecided).contains(&"lemma-20"), "{chain:?}");
    }

    /// By hand: at n = 3, Pr(|I_+| > 1) = 1/2 < 1 - eps/4. At n = 30, Pr(N <= 10) = 0.0494 > 0.025, and at n = 60 of 4 channels
    /// 1 - (1 - 0.0067)^8 = 0.0526 > 0.05 although for one channel 0.0134 < 0.05.
    #[test]
    fn few_candidates_fail_eq_25_and_many_channels_the_condition() {
        let narrow = verdicts(&[("n", "3")]);
        assert!(named(&narrow, Verdict::Violated).contains(&"eq-25"));
        assert!(named(&narrow, Verdict::Violated).contains(&"both-signs"));
        assert!(named(&verdicts(&[("n", "30")]), Verdict::Violated).contains(&"eq-25"));
        let channels = verdicts(&[("c0", "4")]);
        assert!(named(&channels, Verdict::Holds).contains(&"both-signs"), "{channels:?}");
        assert!(named(&channels, Verdict::Violated).contains(&"both-signs-of-all"), "{channels:?}");
    }

    /// A pair that cannot be pruned says nothing of what rests on Eq. 27; what is arithmetic stands at the smallest eps too.
    #[test]
    fn one_unlucky_pair_decides_nothing() {
        let chain = verdicts(&[("d", "3"), ("c1", "2"), ("n", "4"), ("eps", "1e-9"), ("kernel", "flat")]);
        for name in ["eq-27", "eq-27-used"] {
            assert!(named(&chain, Verdict::Undecided).contains(&name), "{chain:?}");
        }
        for name in ["union-bound", "union-bound-sum", "eq-26", "thesis", "lemma-20", "triangle", "lemma-11-again"] {
            assert!(named(&chain, Verdict::Holds).contains(&name), "{name}: {chain:?}");
        }
    }
}
