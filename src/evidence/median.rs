//! Limits of a median from the order statistics of a sample whose size is fixed beforehand.

/// The places, from 0, of the values of a rising sample of `n` between which the median lies, wrongly with probability at
/// most `alpha` (W. R. Thompson, 1936): as many values lie below the median as heads fall in `n` throws. `None` where even
/// the least and the largest value are not apart enough.
pub fn places(n: usize, alpha: f64) -> Option<(usize, usize)> {
    // Pr(at most `below` heads), each way.
    let (mut ln_term, mut tail, mut below) = (-(n as f64) * std::f64::consts::LN_2, 0.0, None);
    for heads in 0..n {
        tail += ln_term.exp();
        if 2.0 * tail > alpha {
            break;
        }
        below = Some(heads);
        ln_term += ((n - heads) as f64 / (heads + 1) as f64).ln();
    }
    below.map(|below| (below, n - 1 - below))
}

/// The size of the smallest sample that has limits: its least and its largest value.
pub fn fewest(alpha: f64) -> usize {
    (1.0 - alpha.log2()).ceil().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    #[test]
    fn by_hand() {
        // Among 6 values the median lies outside with probability 2/64, and outside the middle 4 with 14/64.
        assert_eq!(places(6, 0.03), None);
        assert_eq!(places(6, 0.032), Some((0, 5)));
        assert_eq!(places(6, 0.22), Some((1, 4)));
        assert_eq!(places(0, 0.5), None);
        assert_eq!(places(25, 1e-7), Some((0, 24)));
        for alpha in [0.5, 0.1, 1e-3, 1.9e-6, 1e-9] {
            let fewest = fewest(alpha);
            assert!(places(fewest, alpha).is_some() && places(fewest - 1, alpha).is_none(), "{alpha}");
        }
    }

    /// At alpha = 0.1 and 30 values the limits miss with probability 0.0987 at most; more than 0.13 of 4000 samples has
    /// probability below 1e-9.
    #[test]
    fn the_limits_miss_as_seldom_as_promised() {
        let mut stream = Stream::new(5, 6);
        let (low, high) = places(30, 0.1).unwrap();
        let missed = (0..4000).filter(|_| {
            let mut sample: Vec<f64> = (0..30).map(|_| stream.random::<f64>()).collect();
            sample.sort_by(f64::total_cmp);
            sample[low] > 0.5 || sample[high] < 0.5
        });
        let share = missed.count() as f64 / 4000.0;
        assert!(share < 0.13, "{share}");
        assert!(share > 0.02, "{share}: wider than they need to be");
    }
}
