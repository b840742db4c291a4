//! Definition 2: the pattern of a channel-blocked mask, and which of the paper's masks have it.

use super::*;
use crate::tickets::cnn::{Kernel, Layer, mask};
use crate::tickets::pruning::{Filters, Pair, PrunedKernel, RandomPair, Request, Sign};

/// The claim of Definition 2, of every mask that the paper says has its pattern.
pub struct ChannelBlockedMask;

/// What Remark 13 presumes, which only the pruned layer decides.
const EQUAL_COUNTS: &str = "each channel and sign keeps m filters";
/// Masks and random pairs of more entries than this are not built.
const MOST_ENTRIES: u128 = 4_000_000;
/// Candidates of a channel among which filters are looked for.
const MOST_CANDIDATES: u64 = 4096;

impl Measurand for ChannelBlockedMask {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        vec![Procedure::new(Method::Search, counted)]
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        let [d, c, c1, n] = ["d", "c", "c1", "n"].map(|name| u128::from(cell.integer(name)));
        let source = cell.word("source");
        if source != "definition" && d > 1 {
            return Err(Error::input(format!("d = {d} with source = {source}: those masks are 1x1; write d = 1")));
        }
        if cell.word("source") != "definition" && n > u128::from(MOST_CANDIDATES) {
            return Err(Error::input(format!("n = {n} with source = {source}: write n up to {MOST_CANDIDATES}")));
        }
        let entries = (2 * n * d * d * c * (c + c1)).max(n * c1);
        if entries > MOST_ENTRIES {
            return Err(Error::input(format!(
                "the mask and its layers would have {entries} entries; keep 2 n d^2 c (c + c1) at most {MOST_ENTRIES}"
            )));
        }
        Ok(())
    }

    fn symbol(&self, cell: &Cell, name: &str) -> Result<Number> {
        Ok(match name {
            "block" => Number::new(block(cell) as f64),
            "m" => Number::new(kept_by_remark_13(cell) as f64),
            _ => return Err(undeclared(name)),
        })
    }
}

/// Counts the entries of the mask. It is a function of the cell: its stream is that of its draw.
fn counted(cell: &Cell) -> Result<Estimator<'_>> {
    Ok(Estimator::Constructed(Box::new(move |_, _| {
        let (mask, observed) = built(cell)?;
        let count = match cell.word("quantity") {
            "ones" => mask.norm1(),
            "entries" => mask.data().len() as f64,
            _ => mask::departures(&mask, block(cell), cell.integer("c") as usize) as f64,
        };
        let counted = Evidence::closed_form(count.ln(), f64::EPSILON, mask.data().len() as u64);
        Ok(Evidence { method: Method::Search, observed: observed.into_iter().collect(), ..counted })
    })))
}

/// Remark 13's m = sqrt(n/(C1 log(1/eps))), a whole number of at least 1.
fn kept_by_remark_13(cell: &Cell) -> usize {
    let log = -cell.real("eps").ln();
    let m = (cell.real("n") / (cell.real("C1") * log)).sqrt();
    // From eps = 1 the remark says nothing.
    if log > 0.0 { (m as usize).clamp(1, cell.integer("n") as usize) } else { 1 }
}

/// The length of a block that Definition 2 should have for this mask.
fn block(cell: &Cell) -> usize {
    let n = cell.integer("n") as usize;
    match cell.word("source") {
        "definition" => n,
        "removed" | "removed-sized" => 2 * kept_by_remark_13(cell),
        _ => 2 * n,
    }
}

/// The mask as a kernel of zeros and ones, and what Remark 13 presumes of it.
fn built(cell: &Cell) -> Result<(Kernel, Option<Hypothesis>)> {
    let size = |name: &str| cell.integer(name) as usize;
    let (d, c, c1, n) = (size("d"), size("c"), size("c1"), size("n"));
    let source = cell.word("source");
    match source {
        "definition" => return Ok((mask::channel_blocked(n, c, d), None)),
        "theorem-3" => {
            // The pattern in a tensor of n inputs and c_i outputs.
            return Ok((Kernel::from_fn(c1, n, 1, |l, k, _, _| f64::from(l / (2 * n) == k)), None));
        }
        _ => {}
    }
    let mut stream = drawn(cell, "channel-blocked-mask", &format!("{c}x{c1}x{n}"));
    let target = target(c, c1, &mut stream);
    let pair = RandomPair::draw(&target.kernel, n, &mut stream)?;
    if source == "sign-pruned" {
        let signs = [Sign::Positive, Sign::Negative];
        let kept = |t: usize| signs.map(|sign| pair.candidates(t, sign, Filters::HalfBlocks)).concat();
        let mut mask = vec![0.0; 2 * n * c * c];
        (0..c).for_each(|t| kept(t).into_iter().for_each(|l| mask[l * c + t] = 1.0));
        return Ok((Kernel::new(2 * n * c, c, 1, mask)?, None));
    }
    let m = kept_by_remark_13(cell);
    let size = (source == "removed-sized").then_some(m);
    let tolerance = cell.real("eps") / (2.0 * target.kernel.data().len() as f64);
    let pruned = PrunedKernel::prune(&target, pair, &Request { tolerance, size, ..Request::default() }, &mut stream)?;
    if source == "pruned" {
        return Ok((pruned.mask(), None));
    }
    let equal = pruned.channels().iter().all(|channel| channel.kept.len() == m);
    let [v, _] = pruned.dense();
    let support = v.kernel.map(|x| f64::from(x != 0.0));
    Ok((support, Some(Hypothesis::new(EQUAL_COUNTS, equal))))
}

/// A 1x1 layer of normal entries whose input channels have norm1 = 1, as Lemma 12 asks.
fn target(inputs: usize, outputs: usize, stream: &mut Stream) -> Layer {
    let normal = Kernel::normal(outputs, inputs, 1, stream);
    let norms: Vec<f64> = (0..inputs).map(|t| normal.input_slice(t).iter().map(|x| x.abs()).sum()).collect();
    let kernel = Kernel::from_fn(outputs, inputs, 1, |l, t, _, _| normal.at(l, t, 0, 0) / norms[t]);
    Layer { kernel, stride: 1, pad: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn cell(given: &[(&str, &str)]) -> Cell {
        let base = [("c", "3"), ("n", "12")];
        let rest = base.into_iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        claim("channel-blocked-mask").cell(rest.chain(given.iter().copied())).unwrap()
    }

    fn measured(given: &[(&str, &str)]) -> (f64, Verdict, bool) {
        let cell = cell(given);
        let evidence = testing::evidence("channel-blocked-mask", &cell, Method::Search, Stream::new(1, 2), 1);
        let verdict = testing::verdict("channel-blocked-mask", &cell, &evidence);
        (evidence.ln.unwrap().exp().round(), verdict, evidence.observed.iter().all(Hypothesis::is_met))
    }

    #[test]
    fn the_mask_of_the_definition_has_its_pattern() {
        for (quantity, value) in [("departures", 0.0), ("ones", 4.0 * 36.0), ("entries", 4.0 * 108.0)] {
            assert_eq!(measured(&[("quantity", quantity), ("d", "2")]), (value, Verdict::Holds, true));
        }
    }

    /// By hand: Eq. 21 keeps about half of the 72 ones; what it leaves out departs.
    #[test]
    fn masks_of_the_proofs_lack_ones() {
        for source in ["sign-pruned", "pruned"] {
            let (ones, verdict, _) = measured(&[("source", source), ("quantity", "ones")]);
            assert!(ones < 60.0 && verdict == Verdict::Violated, "{source}: {ones}");
            assert_eq!(measured(&[("source", source)]), (72.0 - ones, Verdict::Violated, true));
            assert_eq!(measured(&[("source", source), ("quantity", "entries")]).1, Verdict::Holds);
        }
        // Every filter has the right sign with probability 2^-2 at n = c = 1.
        let whole = (1..40).filter(|draw| {
            measured(&[("source", "sign-pruned"), ("c", "1"), ("n", "1"), ("draw", &draw.to_string())]).0 == 0.0
        });
        assert!((1..30).contains(&whole.count()));
    }

    /// By hand: sqrt(12/ln 10) = 2.28, so m = 2, in blocks of 4. Subsets of that size give Remark 13's pattern; each sign's own
    /// count does not.
    #[test]
    fn remark_13_needs_subsets_of_one_size() {
        assert_eq!(kept_by_remark_13(&cell(&[])), 2);
        for (quantity, value) in [("departures", 0.0), ("ones", 12.0), ("entries", 36.0)] {
            let sized = measured(&[("source", "removed-sized"), ("quantity", quantity)]);
            assert_eq!(sized, (value, Verdict::Holds, true));
        }
        let (departures, verdict, equal) = measured(&[("source", "removed")]);
        assert!(departures > 0.0 && verdict == Verdict::Violated && !equal, "{departures}");
    }

    /// By hand: n = 12 inputs and c_i = 5 outputs hold 5 of Definition 2's 2 n c = 72 ones, and 60 of its 2 n c^2 = 216 entries.
    #[test]
    fn the_size_of_theorem_3_is_another() {
        let at = |quantity| measured(&[("source", "theorem-3"), ("c1", "5"), ("quantity", quantity)]);
        assert_eq!(at("ones"), (5.0, Verdict::Violated, true));
        assert_eq!(at("departures"), (67.0, Verdict::Violated, true));
        assert_eq!(at("entries"), (60.0, Verdict::Violated, true));
        // The number of entries is that of L^(2i-1) where c_i = 2 c_(i-1)^2; the pattern still is not.
        let at = |quantity| measured(&[("source", "theorem-3"), ("c1", "18"), ("quantity", quantity)]);
        assert_eq!(at("entries").1, Verdict::Holds);
        assert_eq!(at("departures").1, Verdict::Violated);
    }

    #[test]
    fn masks_that_mean_nothing_are_refused() {
        let refused =
            |given: &[(&str, &str)]| claim("channel-blocked-mask").cell(given.iter().copied()).unwrap_err().to_string();
        assert!(refused(&[("c", "1"), ("n", "1"), ("d", "3"), ("source", "pruned")]).contains("write d = 1"));
        assert!(refused(&[("c", "4096"), ("n", "1000")]).contains("at most 4000000"));
    }
}
