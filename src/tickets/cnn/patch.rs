//! Large images that hold one value a channel outside a window, without the room that they would take.

use super::Image;

/// An image that is one value a channel outside a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Rows and columns of the whole image.
    pub size: (usize, usize),
    /// Where the window begins, from 0: row and column.
    pub at: (usize, usize),
    /// The window, which must lie inside the image.
    pub window: Image,
    /// Each channel's value outside the window.
    pub elsewhere: Vec<f64>,
}

impl Patch {
    /// A whole image as a window of itself.
    pub fn whole(image: Image) -> Self {
        let (size, elsewhere) = ((image.rows(), image.columns()), vec![0.0; image.channels()]);
        Patch { size, at: (0, 0), window: image, elsewhere }
    }

    /// The number of values of the whole image.
    pub fn values(&self) -> usize {
        self.elsewhere.len().saturating_mul(self.size.0).saturating_mul(self.size.1)
    }

    /// The whole image.
    pub fn image(&self) -> Image {
        Image::from_fn(self.elsewhere.len(), self.size.0, self.size.1, |channel, row, column| {
            let inside = |at: usize, start: usize, length: usize| at.checked_sub(start).filter(|&at| at < length);
            let row = inside(row, self.at.0, self.window.rows());
            let pixel = row.zip(inside(column, self.at.1, self.window.columns()));
            pixel.map_or(self.elsewhere[channel], |(row, column)| self.window.at(channel, row, column))
        })
    }

    /// The same image with its last `ones` channels 1 throughout.
    pub fn with_last_ones(mut self, ones: usize) -> Self {
        let free = self.window.channels() - ones;
        let area = self.window.rows() * self.window.columns();
        self.window.data_mut()[free * area..].fill(1.0);
        self.elsewhere[free..].fill(1.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_its_window_and_one_value_elsewhere() {
        let window = Image::from_fn(2, 2, 1, |c, r, _| (10 * c + r) as f64 + 2.0);
        let patch = Patch { size: (3, 3), at: (1, 2), window: window.clone(), elsewhere: vec![0.0, 1.0] };
        let image = patch.image();
        assert_eq!(image.channel(0), [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0]);
        assert_eq!(image.channel(1), [1.0, 1.0, 1.0, 1.0, 1.0, 12.0, 1.0, 1.0, 13.0]);
        assert_eq!(patch.values(), 18);
        assert_eq!(patch.with_last_ones(1).image().channel(1), [1.0; 9]);
        assert_eq!(Patch::whole(window.clone()).image(), window);
    }
}
