//! The same picture in pixels: PNG from SVG.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::{Error, Result};

/// Pixels of the PNG per pixel of the SVG, each way.
const SCALE: f32 = 2.0;

/// Rasterises a figure on white, at twice its size.
///
/// # Errors
/// Where the text is not SVG, or the picture is too large for memory.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let refused = |error: &dyn std::fmt::Display| Error::input(format!("the SVG cannot be rasterised: {error}"));
    let tree = Tree::from_str(svg, &Options::default()).map_err(|error| refused(&error))?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| refused(&"it has no size"))?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| refused(&"it is too large"))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| refused(&error))
}
