//! Lemma 12 solved for eps: how near one convolution a pruned random pair of a given width comes.

use super::kernel_pruning::{check_kernel, check_size, is_near_all, targets, worst_errors_by_beam};
use super::*;
use crate::tickets::pruning::RandomPair;

/// The claim of Lemma 12 on the error at a width.
pub struct KernelError;

/// Up to this width the error over all K is enclosed.
const MOST_FOR_ALL: u64 = 32;
/// An error over all K is enclosed to this factor, ...
const CLOSE: f64 = 1.01;
/// ... and not followed below this.
const SMALLEST: f64 = 1e-3;
/// Rounding of worst cases, relative.
const ROUNDING: f64 = 1e-11;

impl Measurand for KernelError {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, search)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let [d, c0, c1] = ["d", "c0", "c1"].map(|name| cell.integer(name) as usize);
        check_size(cell.integer("n"), d, c0, c1, 1)?;
        check_kernel(cell)?;
        if cell.word("kernel") == "all" && cell.integer("n") > MOST_FOR_ALL {
            return Err(Error::input(format!(
                "n = {}: kernel = all is enclosed for n up to {MOST_FOR_ALL}; write kernel = net",
                cell.integer("n")
            )));
        }
        Ok(())
    }

    fn bearing(&self, cell: &Cell) -> Bearing {
        if cell.word("kernel") == "all" { Bearing::Decides } else { Bearing::Illustrates }
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "eps_n" => Number::from_ln(ln_eps_of_width(cell)),
            "entries" => Number::new(entries(cell)),
            _ => return Err(undeclared(name)),
        })
    }
}

/// The median of the least worst-case error over draws of the weights.
fn search(cell: &Cell) -> Result<Estimator<'_>> {
    let (targets, n) = (targets(cell), cell.integer("n") as usize);
    let tolerance = cell.real("eps") / (2.0 * entries(cell));
    Ok(Estimator::Sampled(Box::new(move |stream, allowance| {
        median_of_draws(allowance, || {
            let pair = RandomPair::draw(&targets[0].kernel, n, stream).expect("the width is at least 1");
            if cell.word("kernel") == "all" {
                return least_for_all(&pair);
            }
            let worst = worst_errors_by_beam(&targets, &pair, tolerance, stream).fold(0.0, f64::max);
            (worst * (1.0 - ROUNDING), worst * (1.0 + ROUNDING))
        })
    })))
}

/// d^2 c1 c0.
fn entries(cell: &Cell) -> f64 {
    cell.real("d").powi(2) * cell.real("c1") * cell.real("c0")
}

/// ln of the eps for which the lemma asks for just this width.
fn ln_eps_of_width(cell: &Cell) -> f64 {
    let least = cell.real("C") * cell.real("d").powi(12) * cell.real("c1").powi(6);
    entries(cell).ln() - (cell.real("n") / least).cbrt()
}

/// Between which numbers the least eps lies for which a pair with 1x1 kernels and single channels comes within eps of every K:
/// by bisection of its log, as far as that is decided.
fn least_for_all(pair: &RandomPair) -> (f64, f64) {
    // The empty subset is within 1 of every K.
    let (mut low, mut high) = (0.0, 1.0);
    while high > SMALLEST && high > CLOSE * low {
        let middle = if low > 0.0 { (low * high).sqrt() } else { high / 2.0 };
        match is_near_all(pair, middle) {
            Some(true) => high = middle,
            Some(false) => low = middle,
            None => break,
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::super::kernel_pruning::numbers;
    use super::*;
    use crate::random::Address;
    use crate::subset_sum::sums_cover_unit_interval;
    use crate::tickets::pruning::Sign;

    fn cell(given: &[(&str, &str)]) -> Cell {
        let base = [("d", "1"), ("c0", "1"), ("c1", "1"), ("n", "12")];
        let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        claim("kernel-error").cell(rest.chain(given.iter().copied())).unwrap()
    }

    fn measured(given: &[(&str, &str)]) -> Evidence {
        let cell = cell(given);
        let address = Address { seed: 1, experiment: "test", cell: "any", estimator: "search", batch: 0 };
        testing::evidence("kernel-error", &cell, Method::Search, address.stream(), 15)
    }

    #[test]
    fn the_bound_is_the_lemmas_width_solved_for_eps() {
        for (d, c0, c1, n) in [(1.0, 1.0, 1.0, 40.0), (3.0, 2.0, 4.0, 1e6)] {
            let [side, inputs, outputs, width] = [d, c0, c1, n].map(|x: f64| x.to_string());
            let cell = cell(&[("d", &side), ("c0", &inputs), ("c1", &outputs), ("n", &width), ("C", "1.5")]);
            let eps = claim("kernel-error").bounds(&cell).unwrap()[0].ln.exp();
            let width = crate::tickets::pruning::least_width(1.5, d, c0, c1, 1.0, eps);
            assert!((width / n - 1.0).abs() < 1e-9, "{width} {n}");
        }
    }

    /// The gaps of the sums of three numbers, by hand.
    #[test]
    fn the_error_over_all_kernels_is_half_the_widest_gap() {
        let pair = |seed| RandomPair::draw(&targets(&cell(&[]))[0].kernel, 4, &mut Stream::new(seed, 5)).unwrap();
        for seed in 0..20 {
            let pair = pair(seed);
            let (low, high) = least_for_all(&pair);
            let by_listing =
                |eps: f64| Sign::BOTH.into_iter().all(|sign| sums_cover_unit_interval(&numbers(&pair, sign), eps));
            assert!(low < high && high <= CLOSE * low, "{low} {high}");
            assert!(by_listing(high * 1.0001) && !by_listing(low * 0.9999), "{low} {high}");
        }
    }

    /// On the same pairs: all K ask more than a net, a net more than one K, and more filters help.
    #[test]
    fn more_kernels_are_harder_and_wider_pairs_better() {
        let [all, net, one] = ["all", "net", "spike"].map(|kernel| measured(&[("kernel", kernel)]));
        assert!(one.ln < net.ln, "{one:?} {net:?}");
        assert!(all.ln_lo <= all.ln_hi && all.ln_lo < net.ln_hi, "{all:?} {net:?}");
        let wide = measured(&[("d", "2"), ("n", "400")]);
        let narrow = measured(&[("d", "2"), ("n", "40")]);
        assert!(wide.ln_hi < narrow.ln_lo, "{wide:?} {narrow:?}");
    }

    #[test]
    fn a_search_ends_at_what_it_is_asked_for() {
        let [coarse, fine] = ["0.2", "1e-9"].map(|eps| measured(&[("d", "2"), ("n", "400"), ("eps", eps)]));
        assert!(coarse.ln_hi < 0.2f64.ln() && coarse.ln > fine.ln, "{coarse:?} {fine:?}");
    }

    #[test]
    fn wide_pairs_for_all_kernels_are_refused() {
        let given = [("d", "1"), ("c0", "1"), ("c1", "1"), ("n", "33"), ("kernel", "all")];
        assert!(claim("kernel-error").cell(given).unwrap_err().to_string().contains("n up to 32"));
    }

    #[test]
    fn what_memory_does_not_hold_is_refused_with_what_it_takes() {
        let given = [("d", "15"), ("c0", "1"), ("c1", "1024"), ("n", "16")];
        let message = claim("kernel-error").cell(given).unwrap_err().to_string();
        assert!(message.contains("searches of 230400 dimensions take about 1274"), "{message}");
    }
}
