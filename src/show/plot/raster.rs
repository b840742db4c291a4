//! The same picture in pixels, as PNG.

use ab_glyph::OutlineCurve;
use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};
use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke as Pen, StrokeDash, Transform};

use super::canvas::{Canvas, Colour, Dash, Place, Shape, Stroke};
use super::text;
use crate::error::{Error, Result};

/// Pixels of the sheet in an inch, as CSS has it, and of the PNG, as journals ask for.
const SHEET_PER_INCH: f32 = 96.0;
const PNG_PER_INCH: f32 = 300.0;
/// Inches in a metre, in which PNG gives its resolution.
const PER_METRE: f32 = 1.0 / 0.0254;

/// Rasterises a figure on white, at 300 pixels an inch, which it says.
///
/// # Errors
/// Where the picture is too large for memory.
pub fn png(picture: &Canvas) -> Result<Vec<u8>> {
    let pixels = pixels(picture).ok_or_else(|| {
        Error::input("the figure is too large to be rasterised; ask for fewer panels or a smaller legend")
    })?;
    // On white every pixel is opaque.
    let colours: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    encode(&colours, pixels.width(), pixels.height())
        .map_err(|error| Error::input(format!("the figure cannot be rasterised: {error}")))
}

fn encode(colours: &[u8], width: u32, height: u32) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let per_metre = (PNG_PER_INCH * PER_METRE).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(colours)?;
    writer.finish()?;
    Ok(bytes)
}

/// The picture drawn; `None` where it is too large.
fn pixels(picture: &Canvas) -> Option<Pixmap> {
    let scale = PNG_PER_INCH / SHEET_PER_INCH;
    let (width, height) = picture.size();
    let whole = |length: f64| (length as f32 * scale).ceil() as u32;
    let mut sheet =
        Sheet { pixels: Pixmap::new(whole(width), whole(height))?, scale: Transform::from_scale(scale, scale) };
    sheet.pixels.fill(Color::WHITE);
    picture.shapes().iter().for_each(|shape| sheet.shape(shape));
    for (words, place, set) in picture.texts() {
        sheet.fill(glyphs(&text::outlines(words, *place, *set)), set.colour);
    }
    Some(sheet.pixels)
}

struct Sheet {
    pixels: Pixmap,
    scale: Transform,
}

impl Sheet {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Fill(corners, colour) => self.fill(line(corners, true), *colour),
            Shape::Line { places, is_closed, stroke, dash } => self.stroke(line(places, *is_closed), *stroke, *dash),
            Shape::Disc(centre, radius, colour) => self.fill(circle(*centre, *radius), *colour),
            Shape::Circle(centre, radius, stroke) => self.stroke(circle(*centre, *radius), *stroke, None),
        }
    }

    /// A path without an extent, as of no glyphs, leaves nothing.
    fn fill(&mut self, path: Option<Path>, colour: Colour) {
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint(colour), FillRule::Winding, self.scale, None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, Stroke(colour, width): Stroke, dash: Option<Dash>) {
        let dash = dash.and_then(|Dash { on, off, skip }| StrokeDash::new(vec![on as f32, off as f32], skip as f32));
        let pen = Pen { width: width as f32, line_join: LineJoin::Round, dash, ..Pen::default() };
        if let Some(path) = path {
            self.pixels.stroke_path(&path, &paint(colour), &pen, self.scale, None);
        }
    }
}

fn paint(Colour(red, green, blue): Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

fn line(places: &[Place], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, (x, y)) in places.iter().enumerate() {
        let (x, y) = (*x as f32, *y as f32);
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if is_closed {
        path.close();
    }
    path.finish()
}

fn circle((x, y): Place, radius: f64) -> Option<Path> {
    PathBuilder::from_circle(x as f32, y as f32, radius as f32)
}

/// The contours of glyphs: each begins where a curve does not go on from the one before.
fn glyphs(curves: &[OutlineCurve]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut pen = None;
    for curve in curves {
        let (OutlineCurve::Line(start, end)
        | OutlineCurve::Quad(start, _, end)
        | OutlineCurve::Cubic(start, _, _, end)) = curve;
        if pen != Some(*start) {
            path.close();
            path.move_to(start.x, start.y);
        }
        match curve {
            OutlineCurve::Line(_, b) => path.line_to(b.x, b.y),
            OutlineCurve::Quad(_, b, c) => path.quad_to(b.x, b.y, c.x, c.y),
            OutlineCurve::Cubic(_, b, c, d) => path.cubic_to(b.x, b.y, c.x, c.y, d.x, d.y),
        }
        pen = Some(*end);
    }
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::plot::text::{Anchor, small};

    /// The colour at a place of the sheet.
    fn at(pixels: &Pixmap, (x, y): Place) -> [u8; 3] {
        let scale = f64::from(PNG_PER_INCH / SHEET_PER_INCH);
        let pixel = pixels.pixel((x * scale) as u32, (y * scale) as u32).unwrap();
        [pixel.red(), pixel.green(), pixel.blue()]
    }

    #[test]
    fn every_shape_is_drawn_in_its_place() {
        const WHITE: [u8; 3] = [255; 3];
        let mut canvas = Canvas::new("shapes", (96.0, 48.0));
        canvas.fill(&[(2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0)], Colour(255, 0, 0));
        canvas.disc((24.0, 6.0), 4.0, Colour(0, 255, 0));
        canvas.circle((40.0, 6.0), 4.0, Stroke(Colour(0, 0, 255), 2.0));
        canvas.dashed(&[(50.0, 6.0), (90.0, 6.0)], Dash { on: 4.0, off: 4.0, skip: 0.0 }, Stroke(Colour(9, 9, 9), 2.0));
        canvas.text("HHHH", (10.0, 30.0), small(Anchor::Start));
        let pixels = pixels(&canvas).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (300, 150));
        assert_eq!([at(&pixels, (6.0, 6.0)), at(&pixels, (24.0, 6.0))], [[255, 0, 0], [0, 255, 0]]);
        assert_eq!([at(&pixels, (40.0, 6.0)), at(&pixels, (44.0, 6.0))], [WHITE, [0, 0, 255]]);
        assert_eq!([at(&pixels, (52.0, 6.0)), at(&pixels, (56.0, 6.0))], [[9; 3], WHITE]);
        let dark = |x: u32| pixels.pixel(x, 94).unwrap().red() < 128;
        assert!(
            (32..110).any(dark) && !(0..31).any(dark) && !(150..300).any(dark),
            "the text is not where it should be"
        );
    }

    #[test]
    fn the_file_says_its_resolution_and_what_is_too_large_is_refused() {
        let decoder = png::Decoder::new(std::io::Cursor::new(png(&Canvas::new("white", (96.0, 96.0))).unwrap()));
        let info = decoder.read_info().unwrap();
        assert_eq!((info.info().width, info.info().pixel_dims.unwrap().xppu), (300, 11_811));
        assert!(png(&Canvas::new("vast", (1e9, 1e9))).unwrap_err().to_string().contains("too large"));
    }
}
