//! Lemma 20: a convolution enlarges the max norm by at most the norm1 of its kernel.

use rand::RngExt;

use super::*;
use crate::numeric::{CompensatedSum, exact_sum};
use crate::tickets::cnn::{Image, Kernel, convolve};

/// The claim of Lemma 20.
pub struct ConvInequality;

/// Kernels and images of more entries than this are not built.
const MOST_ENTRIES: u64 = 4_000_000;
/// Relative rounding of compensated sums and of their logs.
const ROUNDING: f64 = 1e-14;
/// Random images that a search looks at, beside the one that attains the supremum.
const IMAGES: usize = 8;

impl Measurand for ConvInequality {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::ClosedForm, closed_form), Procedure::new(Method::Search, search)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let product = |names: &[&str]| names.iter().map(|name| u128::from(cell.integer(name))).product::<u128>();
        // A rectangular kernel stands in a square one.
        let side = u128::from(cell.integer("d").max(cell.integer("d2")));
        let entries = (side * side * product(&["c0", "c1"])).max(product(&["D", "D2", "c0"]));
        if entries > u128::from(MOST_ENTRIES) {
            return Err(Error::input(format!(
                "the kernel or the image would have {entries} entries; keep max(d, d2)^2 c0 c1 and D D2 c0 at most {MOST_ENTRIES}"
            )));
        }
        Ok(())
    }

    /// Norms of K: `norm1_filter` of the filter where it is largest, `norm1_window` of what of that filter fits into the
    /// image.
    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        let convolution = Convolution::of(cell);
        let kernel = &convolution.kernel;
        let filters = (0..kernel.outputs()).map(|l| sum(convolution.filter(l, kernel.side(), kernel.side())));
        Ok(match name {
            "norm1_K" => rounded(convolution.norm1()).number(),
            "norm1_filter" => rounded(filters.fold(0.0, f64::max)).number(),
            "norm1_window" => rounded(convolution.largest().1).number(),
            "norm_max_K" => Number::new(kernel.max_norm()),
            "norm2_K" => rounded(kernel.data().iter().map(|x| x * x).sum::<f64>().sqrt()).number(),
            _ => return Err(undeclared(name)),
        })
    }

    /// The proof at an X with entries drawn uniformly from [-1, 1]. The index sets stand as they are printed: j <= D and
    /// j' <= d, where j <= D' and j' <= d' are meant.
    fn chain(&self, cell: &Cell, stream: &mut Stream, _alpha: f64) -> Result<Vec<Link>> {
        let convolution = Convolution::of(cell);
        let image = convolution.random_image(stream);
        let (d, side) = (cell.integer("d") as usize, cell.integer("D") as usize);
        let max_x = image.max_norm();
        let link = |name, text, relation, left, right| {
            Link::new(name, "proof of Lemma 20", text, relation, rounded(left), rounded(right))
        };
        let absolute = convolution.largest_absolute_sum(&image, d, side);
        let filters = (0..convolution.kernel.outputs()).map(|l| sum(convolution.filter(l, d, d))).fold(0.0, f64::max);
        let norm1 = convolution.norm1();
        Ok(vec![
            link(
                "absolute-values",
                "norm_max(K * X) <= max_(i,j in [D], l in [c1]) sum_(i',j' in [d], k in [c]) |K_(i',j',k,l) X_(i-i'+1,j-j'+1,k)|",
                Relation::AtMost,
                convolution.forward(&image).max_norm(),
                absolute,
            ),
            link(
                "max-of-x",
                "... <= max_(i,j in [D], l in [c1]) (sum_(i',j' in [d], k in [c]) |K_(i',j',k,l)|) norm_max(X)",
                Relation::AtMost,
                absolute,
                filters * max_x,
            ),
            link(
                "norm-of-filter",
                "... <= max_(i,j in [D], l in [c_i]) norm1(K) norm_max(X)",
                Relation::AtMost,
                filters * max_x,
                norm1 * max_x,
            ),
            link(
                "nothing-left-to-choose",
                "... = norm1(K) norm_max(X)",
                Relation::Equal { tolerance: 1e-9 },
                norm1 * max_x,
                norm1 * max_x,
            ),
        ])
    }
}

fn asks_for_ratio(cell: &Cell) -> bool {
    cell.word("quantity") == "ratio"
}

fn closed_form(cell: &Cell) -> Result<Estimator<'_>> {
    let ratio = asks_for_ratio(cell);
    Ok(Estimator::deterministic(move || {
        let convolution = Convolution::of(cell);
        let value = if ratio { convolution.largest().1 } else { convolution.excess() };
        let rounding = if ratio { ROUNDING } else { f64::EPSILON };
        Ok(Evidence::closed_form(value.ln(), rounding, convolution.kernel.data().len() as u64))
    }))
}

/// The largest of what images are found to attain.
fn search(cell: &Cell) -> Result<Estimator<'_>> {
    let ratio = asks_for_ratio(cell);
    Ok(Estimator::Constructed(Box::new(move |stream, _| {
        let convolution = Convolution::of(cell);
        let mut images = vec![convolution.attaining()];
        images.extend((0..IMAGES).map(|_| convolution.random_image(stream)));
        let ratios = images.iter().map(|image| convolution.forward(image).max_norm() / image.max_norm());
        let found = ratios.filter(|ratio| !ratio.is_nan()).fold(0.0, f64::max);
        // Plain sums of as many products as the kernel has entries, and the decimals in which limits are recorded.
        let products = convolution.kernel.data().len() as f64;
        let rounding = (2.0 * f64::EPSILON * products + ROUNDING) * convolution.norm1();
        let offset = if ratio { 0.0 } else { convolution.norm1() };
        let [lo, hi] = [found - rounding, convolution.largest().1 + rounding].map(|x| (x - offset).max(0.0).ln());
        let value = (found - offset).max(0.0).ln();
        Ok(Evidence::enclosed(Some(value), lo, hi, Method::Search, images.len() as u64))
    })))
}

/// A number that plain sums have rounded.
fn rounded(value: f64) -> Evidence {
    Evidence::closed_form(value.ln(), 1e-12, 1)
}

fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sum = CompensatedSum::default();
    terms.for_each(|term| sum.add(term));
    sum.value()
}

/// A kernel of the lemma with the size of the images that it meets.
struct Convolution {
    /// d x d' entries of K in the upper left corner of a square, whose other entries are 0.
    kernel: Kernel,
    rows: usize,
    columns: usize,
}

impl Convolution {
    fn of(cell: &Cell) -> Self {
        let size = |name: &str| cell.integer(name) as usize;
        let (d, d2, inputs, outputs) = (size("d"), size("d2"), size("c0"), size("c1"));
        let shape = format!("{d}x{d2}x{inputs}x{outputs}");
        let normal = Kernel::normal(outputs, inputs, d.max(d2), &mut drawn(cell, "conv-inequality", &shape));
        let word = cell.word("kernel");
        let kernel = Kernel::from_fn(outputs, inputs, d.max(d2), |l, k, i, j| {
            let first = (l, k, i, j) == (0, 0, 0, 0);
            let last = (l, k, i, j) == (outputs - 1, inputs - 1, d - 1, d2 - 1);
            let one = match word {
                "random" => return if i < d && j < d2 { normal.at(l, k, i, j) } else { 0.0 },
                "one-filter" if l + 1 == outputs && i < d && j < d2 => return normal.at(l, k, i, j),
                "flat" => i < d && j < d2,
                "spike" => first,
                "far-spike" => last,
                _ => false,
            };
            if one { 1.0 } else { 0.0 }
        });
        Convolution { kernel, rows: size("D"), columns: size("D2") }
    }

    fn norm1(&self) -> f64 {
        sum(self.kernel.data().iter().map(|x| x.abs()))
    }

    /// The absolute values of a filter's first rows and columns.
    fn filter(&self, output: usize, rows: usize, columns: usize) -> impl Iterator<Item = f64> {
        let side = self.kernel.side();
        let at = move |input, i, j| self.kernel.at(output, input, i, j).abs();
        (0..self.kernel.inputs()).flat_map(move |input| {
            (0..rows.min(side)).flat_map(move |i| (0..columns.min(side)).map(move |j| at(input, i, j)))
        })
    }

    /// The filter that can be pushed farthest, and how far. An output pixel (i, j) reads the first i rows and j columns of the
    /// kernel, so the last pixel reads most: all of the filter that fits into the image.
    fn largest(&self) -> (usize, f64) {
        let filters = (0..self.kernel.outputs()).map(|l| (l, sum(self.filter(l, self.rows, self.columns))));
        filters.reduce(|best, next| if next.1 > best.1 { next } else { best }).expect("a kernel has a filter")
    }

    /// How much the supremum for norm_max(X) = 1 exceeds norm1(K); 0 if it does not. The difference of the two sums is taken
    /// without rounding.
    fn excess(&self) -> f64 {
        let window = self.filter(self.largest().0, self.rows, self.columns);
        exact_sum(window.chain(self.kernel.data().iter().map(|x| -x.abs()))).max(0.0)
    }

    /// The image of max norm 1 that attains the supremum, at the last pixel.
    fn attaining(&self) -> Image {
        let filter = self.largest().0;
        Image::from_fn(self.kernel.inputs(), self.rows, self.columns, |k, row, column| {
            let (i, j) = (self.rows - 1 - row, self.columns - 1 - column);
            let is_inside = i.max(j) < self.kernel.side();
            if is_inside { if self.kernel.at(filter, k, i, j) < 0.0 { -1.0 } else { 1.0 } } else { 0.0 }
        })
    }

    fn random_image(&self, stream: &mut Stream) -> Image {
        Image::from_fn(self.kernel.inputs(), self.rows, self.columns, |_, _, _| stream.random_range(-1.0..=1.0))
    }

    /// K * X as the proof writes it: a cross-correlation with the kernel turned round, at the first D x D' places.
    fn forward(&self, image: &Image) -> Image {
        let side = self.kernel.side();
        let turned = Kernel::from_fn(self.kernel.outputs(), self.kernel.inputs(), side, |l, k, i, j| {
            self.kernel.at(l, k, side - 1 - i, side - 1 - j)
        });
        let full = convolve(&turned, image, 1, side - 1);
        Image::from_fn(self.kernel.outputs(), self.rows, self.columns, |l, i, j| full.at(l, i, j))
    }

    /// The largest over i, j <= `side` and l of the sum over i', j' <= `d` and k of |K_(i',j',k,l) X_(i-i'+1,j-j'+1,k)|.
    fn largest_absolute_sum(&self, image: &Image, d: usize, side: usize) -> f64 {
        let d = d.min(self.kernel.side());
        let mut largest = 0.0f64;
        for l in 0..self.kernel.outputs() {
            for i in 0..side {
                for j in 0..side {
                    let mut sum = 0.0;
                    for k in 0..self.kernel.inputs() {
                        for (di, dj) in (0..d.min(i + 1)).flat_map(|di| (0..d.min(j + 1)).map(move |dj| (di, dj))) {
                            if i - di < self.rows && j - dj < self.columns {
                                sum += (self.kernel.at(l, k, di, dj) * image.at(k, i - di, j - dj)).abs();
                            }
                        }
                    }
                    largest = largest.max(sum);
                }
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn cell(given: &[(&str, &str)]) -> Cell {
        let base = [("d", "3"), ("d2", "2"), ("c0", "2"), ("c1", "3")];
        let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        claim("conv-inequality").cell(rest.chain(given.iter().copied())).unwrap()
    }

    fn evidence(cell: &Cell, method: Method) -> Evidence {
        testing::evidence("conv-inequality", cell, method, Stream::new(3, 4), 1)
    }

    fn verdict(cell: &Cell, method: Method) -> Verdict {
        testing::verdict("conv-inequality", cell, &evidence(cell, method))
    }

    /// The proof's convolution entry by entry.
    fn naive(convolution: &Convolution, image: &Image) -> Image {
        let kernel = &convolution.kernel;
        Image::from_fn(kernel.outputs(), convolution.rows, convolution.columns, |l, i, j| {
            let mut sum = 0.0;
            for k in 0..kernel.inputs() {
                for di in 0..=i.min(kernel.side() - 1) {
                    for dj in 0..=j.min(kernel.side() - 1) {
                        sum += kernel.at(l, k, di, dj) * image.at(k, i - di, j - dj);
                    }
                }
            }
            sum
        })
    }

    #[test]
    fn the_supremum_is_attained_and_never_exceeded() {
        let mut stream = Stream::new(1, 2);
        for (rows, columns) in [("1", "1"), ("2", "5"), ("3", "2"), ("7", "4")] {
            for kernel in ["random", "one-filter", "flat", "spike", "far-spike", "zeros"] {
                let cell = cell(&[("D", rows), ("D2", columns), ("kernel", kernel)]);
                let convolution = Convolution::of(&cell);
                let (filter, largest) = convolution.largest();
                let attaining = convolution.attaining();
                let output = convolution.forward(&attaining);
                assert!(output.distance(&naive(&convolution, &attaining)) < 1e-12);
                assert!((output.max_norm() - largest).abs() < 1e-12, "{}", cell.key());
                let last = output.at(filter, convolution.rows - 1, convolution.columns - 1);
                assert!((last - largest).abs() < 1e-12);
                for _ in 0..50 {
                    let vertex = convolution.random_image(&mut stream).map(f64::signum);
                    assert!(convolution.forward(&vertex).max_norm() <= largest + 1e-12);
                }
                let (exact, found) = (evidence(&cell, Method::ClosedForm), evidence(&cell, Method::Search));
                let ln = exact.ln.unwrap();
                assert!(found.ln_lo <= ln && ln <= found.ln_hi, "{found:?} {exact:?}");
            }
        }
    }

    /// Only what fits into the image counts: on 2 x 1 pixels, the first 2 rows and the first column.
    #[test]
    fn small_images_read_a_corner_of_the_kernel() {
        let symbols = |given: &[(&str, &str)]| {
            let names = ["norm1_K", "norm1_filter", "norm1_window", "norm_max_K", "norm2_K"];
            names.map(|name| ConvInequality.symbol(&cell(given), name).unwrap().value())
        };
        // 18 entries in each of 3 flat filters is a wrong count: 3 x 2 x 2 = 12, of which 2 x 1 x 2 = 4 fit.
        let flat = symbols(&[("kernel", "flat"), ("D", "2"), ("D2", "1")]);
        assert_eq!(flat[..4], [36.0, 12.0, 4.0, 1.0]);
        assert!((flat[4] - 6.0).abs() < 1e-12);
        assert_eq!(symbols(&[("kernel", "far-spike"), ("D", "2"), ("D2", "1")])[..4], [1.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn equality_touches_as_a_ratio_and_is_decided_as_an_excess() {
        for kernel in ["spike", "one-filter"] {
            let ratio = cell(&[("kernel", kernel)]);
            assert_eq!(verdict(&ratio, Method::ClosedForm), Verdict::Undecided, "{kernel}");
            let excess = cell(&[("kernel", kernel), ("quantity", "excess")]);
            assert_eq!(evidence(&excess, Method::ClosedForm).ln, Some(f64::NEG_INFINITY));
            assert_eq!(verdict(&excess, Method::ClosedForm), Verdict::Holds, "{kernel}");
            assert_eq!(verdict(&excess, Method::Search), Verdict::Undecided, "forward passes round");
        }
        assert_eq!(verdict(&cell(&[]), Method::ClosedForm), Verdict::Holds);
        assert_eq!(verdict(&cell(&[("kernel", "zeros")]), Method::ClosedForm), Verdict::Holds);
    }

    /// With d' > d or D' > D the printed index sets lose terms: the first link fails. On squares every link stands.
    #[test]
    fn the_chain_loses_terms_of_wide_kernels() {
        let verdicts = |given: &[(&str, &str)]| {
            let chain = claim("conv-inequality").chain(&cell(given), &mut Stream::new(5, 6), 1e-6).unwrap();
            chain.iter().map(|link| (link.name, link.verdict())).collect::<Vec<_>>()
        };
        let square = verdicts(&[("d2", "3")]);
        assert!(square.iter().all(|(_, verdict)| *verdict == Verdict::Holds), "{square:?}");
        let wide = verdicts(&[("d", "1"), ("d2", "6")]);
        assert_eq!(wide[0], ("absolute-values", Verdict::Violated));
        assert!(wide[1..].iter().all(|(_, verdict)| *verdict == Verdict::Holds), "{wide:?}");
        // With one pixel and one entry both sides of each inequality are one number.
        let one = verdicts(&[("d", "1"), ("d2", "1"), ("c0", "1"), ("c1", "1"), ("D", "1"), ("D2", "1")]);
        assert!(one.iter().all(|(_, verdict)| *verdict != Verdict::Violated), "{one:?}");
    }

    #[test]
    fn kernels_are_those_of_the_draw() {
        let norm1 = |draw: &str| Convolution::of(&cell(&[("draw", draw)])).norm1();
        assert_eq!(norm1("1"), norm1("1"));
        assert_ne!(norm1("1"), norm1("2"));
        let refused = claim("conv-inequality").cell([("d", "4096"), ("d2", "1"), ("c0", "1"), ("c1", "1")]);
        assert!(refused.unwrap_err().to_string().contains("at most 4000000"));
    }
}
