//! Images in certificates: nested lists, and of large images only the part that is not the same everywhere.

use std::ops::Range;

use serde::Serialize;

use crate::tickets::cnn::{Image, Patch};

/// Channel, row, column.
type Lists = Vec<Vec<Vec<f64>>>;

/// Values beyond which an image is cut to its window.
const MOST: usize = 1024;

/// An image as a certificate writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Picture {
    /// All of it.
    Whole(Lists),
    /// The window outside which each channel is one value, as inputs that attain a worst case are.
    Window {
        /// Rows and columns of the whole image.
        side: (usize, usize),
        /// Where the window begins, from 0: row and column.
        at: (usize, usize),
        /// Each channel's value outside the window.
        elsewhere: Vec<f64>,
        /// The window.
        pixels: Lists,
    },
}

impl Picture {
    /// The picture of an image.
    pub fn new(patch: &Patch) -> Self {
        if patch.values() <= MOST {
            let image = patch.image();
            return Picture::Whole(lists(&image, 0..image.rows(), 0..image.columns()));
        }
        let (window, elsewhere) = (&patch.window, patch.elsewhere.clone());
        let differs =
            |row, column| (0..window.channels()).any(|channel| window.at(channel, row, column) != elsewhere[channel]);
        let down = span((0..window.rows()).filter(|&row| (0..window.columns()).any(|column| differs(row, column))));
        let across = span((0..window.columns()).filter(|&column| (0..window.rows()).any(|row| differs(row, column))));
        let at = (patch.at.0 + down.start, patch.at.1 + across.start);
        let pixels = lists(window, down, across);
        Picture::Window { side: patch.size, at, elsewhere, pixels }
    }

    /// The image.
    pub fn image(&self) -> Image {
        match self {
            Picture::Whole(lists) => {
                Image::from_fn(lists.len(), lists[0].len(), lists[0][0].len(), |c, r, s| lists[c][r][s])
            }
            Picture::Window { side, at, elsewhere, pixels } => {
                Image::from_fn(elsewhere.len(), side.0, side.1, |c, r, s| {
                    let pixel = r.checked_sub(at.0).zip(s.checked_sub(at.1));
                    pixel.and_then(|(r, s)| pixels[c].get(r)?.get(s)).copied().unwrap_or(elsewhere[c])
                })
            }
        }
    }
}

fn lists(image: &Image, rows: Range<usize>, columns: Range<usize>) -> Lists {
    let channel = |channel| rows.clone().map(|row| image.row(channel, row)[columns.clone()].to_vec()).collect();
    (0..image.channels()).map(channel).collect()
}

/// From the first to the last.
fn span(mut indices: impl Iterator<Item = usize>) -> Range<usize> {
    let first = indices.next();
    first.map_or(0..0, |first| first..indices.last().unwrap_or(first) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_cut_to_what_is_in_them() {
        let mut image = Image::zeros(2, 100, 60);
        image.data_mut()[6000..].fill(1.0);
        let picture = |image: &Image| Picture::new(&Patch::whole(image.clone()).with_last_ones(1));
        assert_eq!(picture(&image).image(), image);
        for (row, column) in [(3, 1), (40, 30), (95, 55)] {
            for (r, s) in [(row, column), (row + 4, column + 2)] {
                image.data_mut()[r * 60 + s] = -1.0;
            }
            let picture = picture(&image);
            assert_eq!(picture.image(), image);
            let Picture::Window { at, elsewhere, pixels, .. } = picture else { panic!("12000 values are many") };
            assert_eq!((at, elsewhere), ((3, 1), vec![0.0, 1.0]));
            assert_eq!((pixels.len(), pixels[0].len(), pixels[0][0].len()), (2, row + 2, column + 2));
        }
    }

    #[test]
    fn small_images_are_nested_lists() {
        let image = Image::from_fn(2, 2, 1, |c, r, _| (2 * c + r) as f64);
        let picture = Picture::new(&Patch::whole(image.clone()));
        assert_eq!(serde_json::to_string(&picture).unwrap(), "[[[0.0],[1.0]],[[2.0],[3.0]]]");
        assert_eq!(picture.image(), image);
    }
}
