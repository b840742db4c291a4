//! The n-channel-blocked mask of Definition 2.

use super::Kernel;

/// The n-channel-blocked mask in {0, 1}^(d x d x c x cn) of Definition 2, as a kernel of cn outputs and c inputs whose
/// entries are 0 and 1: output l (from 1\) reads input k (from 1) if and only if ceil(l / n) = k.
///
/// Theorem 3 masks the 1x1 kernel from c_(i-1) to 2 c_(i-1) n_i channels by `channel_blocked(2 * n, c, 1)`. (The
/// theorem prints the mask's size as 1 x 1 x n_i x c_i, which is not the size of the tensor it masks.)
pub fn channel_blocked(n: usize, channels: usize, side: usize) -> Kernel {
    Kernel::from_fn(channels * n, channels, side, |l, k, _, _| if l / n == k { 1.0 } else { 0.0 })
}

/// Where a tensor departs from Definition 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Departure {
    /// The outputs are not n times the inputs.
    Shape {
        /// Outputs that Definition 2 asks for.
        expected: usize,
        /// Outputs found.
        found: usize,
    },
    /// An entry is not what Definition 2 says.
    Entry {
        /// Output channel, from 0.
        output: usize,
        /// Input channel, from 0.
        input: usize,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The entry found.
        found: f64,
    },
}

/// Checks a tensor against Definition 2, entry by entry, and returns the first departure; none when the tensor is
/// n-channel-blocked.
pub fn departure(mask: &Kernel, n: usize) -> Option<Departure> {
    let expected = n * mask.inputs();
    if n == 0 || mask.outputs() != expected {
        return Some(Departure::Shape { expected, found: mask.outputs() });
    }
    for output in 0..mask.outputs() {
        for input in 0..mask.inputs() {
            for row in 0..mask.side() {
                for column in 0..mask.side() {
                    let found = mask.at(output, input, row, column);
                    // The paper counts from 1: ceil(l / n) = k.
                    let blocked = (output + 1).div_ceil(n) == input + 1;
                    if found != f64::from(u8::from(blocked)) {
                        return Some(Departure::Entry { output, input, row, column, found });
                    }
                }
            }
        }
    }
    None
}

/// In how many entries a tensor departs from the n-channel-blocked mask of Definition 2 for so many input channels. Where one of
/// the two is smaller, its missing entries count as 0.
pub fn departures(mask: &Kernel, n: usize, channels: usize) -> usize {
    let (outputs, inputs) = (mask.outputs().max(channels * n), mask.inputs().max(channels));
    let windows = (0..outputs).flat_map(|output| (0..inputs).map(move |input| (output, input)));
    windows
        .map(|(output, input)| {
            let inside = output < mask.outputs() && input < mask.inputs();
            let blocked = f64::from(output < channels * n && output / n == input);
            let area = mask.side() * mask.side();
            if !inside {
                return if blocked == 0.0 { 0 } else { area };
            }
            mask.window(output, input).iter().filter(|found| **found != blocked).count()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_masks_meet_the_definition() {
        for (n, channels, side) in [(1, 1, 1), (2, 3, 1), (5, 4, 3), (8, 1, 2)] {
            assert_eq!(departure(&channel_blocked(n, channels, side), n), None);
        }
    }

    #[test]
    fn the_pattern_is_the_one_printed() {
        let mask = channel_blocked(2, 2, 1);
        assert_eq!(mask.data(), [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn departures_are_counted() {
        let mask = channel_blocked(2, 3, 2);
        assert_eq!(departures(&mask, 2, 3), 0);
        assert_eq!(departures(&Kernel::zeros(6, 3, 2), 2, 3), 6 * 4);
        assert_eq!(departures(&mask.map(|x| 1.0 - x), 2, 3), 6 * 3 * 4);
        // Blocks of 1 and 2 share output 1 at input 1; outputs 2 and 3 differ twice, outputs 4 to 6 lack one each.
        assert_eq!(departures(&channel_blocked(1, 3, 1), 2, 3), 2 * 2 + 3);
        // A mask of another size: input 2 and outputs 3 to 6 are missing.
        assert_eq!(departures(&channel_blocked(2, 1, 1), 2, 3), 4);
        assert_eq!(departures(&channel_blocked(2, 3, 1), 2, 1), 4);
    }

    #[test]
    fn every_single_wrong_entry_is_seen() {
        let mask = channel_blocked(2, 3, 2);
        for index in 0..mask.data().len() {
            let mut data = mask.data().to_vec();
            data[index] = 1.0 - data[index];
            assert!(matches!(
                departure(&Kernel::new(6, 3, 2, data).unwrap(), 2),
                Some(Departure::Entry { output, .. }) if output == index / 12
            ));
        }
        assert_eq!(departure(&mask, 3), Some(Departure::Shape { expected: 9, found: 6 }));
    }
}
