//! The same picture in pixels: PNG from SVG.

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::{Error, Result};

use super::canvas::Canvas;

/// Pixels of the SVG in an inch, as CSS has it, and of the PNG, as journals ask for.
const SVG_PER_INCH: f32 = 96.0;
const PNG_PER_INCH: f32 = 300.0;
/// Inches in a metre, in which PNG gives its resolution.
const PER_METRE: f32 = 1.0 / 0.0254;

/// Rasterises a figure on white, at 300 pixels an inch, which it says.
///
/// # Errors
/// Where the picture is too large for memory.
pub fn png(picture: &Canvas) -> Result<Vec<u8>> {
    let refused = |error: &dyn std::fmt::Display| Error::input(format!("the figure cannot be rasterised: {error}"));
    let tree = Tree::from_str(&picture.outlined(), &Options::default()).map_err(|error| refused(&error))?;
    let scale = PNG_PER_INCH / SVG_PER_INCH;
    let size = tree.size().to_int_size().scale_by(scale).ok_or_else(|| refused(&"it has no size"))?;
    let (width, height) = (size.width(), size.height());
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| refused(&"it is too large"))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    // On white every pixel is opaque.
    let colours: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let per_metre = (PNG_PER_INCH * PER_METRE).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    let mut writer = encoder.write_header().map_err(|error| refused(&error))?;
    writer.write_image_data(&colours).map_err(|error| refused(&error))?;
    writer.finish().map_err(|error| refused(&error))?;
    Ok(bytes)
}
