//! What is proved of a repaired bound: Lemma 7 with 2 pi, by enclosures over every target and every size of the box at once.

use lemmascope::tickets::nsn::enclosed::slack_of_repair;
use rayon::prelude::*;

/// At each d up to 32: every k from max(16, d) to d^2, and d^2 times powers of 2 up to about 1e6.
#[test]
fn lemma_7_with_two_pi_holds_for_every_target_and_size_up_to_d_32() {
    let pairs: Vec<(u64, u64)> = (1..=32u64)
        .flat_map(|d| {
            let square = (d * d).max(16);
            (d.max(16)..=square).chain((1..=10).map(move |i| square << i)).map(move |k| (k, d))
        })
        .collect();
    let least =
        pairs.par_iter().map(|&(k, d)| (slack_of_repair(k, d), k, d)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert!(pairs.len() > 11_000 && least.0 > 0.1, "{} pairs, least {least:?}", pairs.len());
    println!("{} pairs of k and d, least ln slack {:.4} at k = {}, d = {}", pairs.len(), least.0, least.1, least.2);
}
