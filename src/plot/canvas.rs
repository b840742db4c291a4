//! The sheet that figures are drawn on: shapes go through plotters into SVG, texts become outlines above them.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::Drawable;
use plotters::prelude::{Circle, IntoDrawingArea, PathElement, Polygon, SVGBackend};
use plotters::style::{Color, RGBColor, ShapeStyle};

use crate::error::{Error, Result};

use super::text::{Letters, Type, escape};

/// plotters draws at whole numbers: these many of them make a pixel.
pub const UNITS: f64 = 10.0;

/// A place in pixels, y downwards.
pub type Place = (f64, f64);

/// A line's colour and width in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke(pub RGBColor, pub f64);

impl Stroke {
    fn style(self) -> ShapeStyle {
        self.0.stroke_width((self.1 * UNITS).round() as u32)
    }
}

/// A sheet of a fixed size.
pub struct Canvas<'a> {
    sheet: DrawingArea<SVGBackend<'a>, Shift>,
    letters: Letters,
}

/// Draws a picture of this size, in pixels, and returns its SVG.
///
/// # Errors
/// As `picture`.
pub fn draw(title: &str, (width, height): Place, picture: impl FnOnce(&mut Canvas) -> Result<()>) -> Result<String> {
    let mut shapes = String::new();
    let size = (units(width) as u32, units(height) as u32);
    let letters = {
        let sheet = SVGBackend::with_string(&mut shapes, size).into_drawing_area();
        let mut canvas = Canvas { sheet, letters: Letters::default() };
        picture(&mut canvas)?;
        canvas.sheet.present().map_err(failed)?;
        canvas.letters
    };
    let body = shapes.split_once("\">\n").map_or("", |(_, body)| body).trim_end().trim_end_matches("</svg>");
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" \
         width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <g transform=\"scale({})\" stroke-linejoin=\"round\">\n{body}</g>\n{}</svg>\n",
        escape(title),
        1.0 / UNITS,
        letters.finish()
    ))
}

impl Canvas<'_> {
    /// A line through `places`.
    pub fn line(&mut self, places: &[Place], stroke: Stroke) -> Result<()> {
        self.put(&PathElement::new(whole(places), stroke.style()))
    }

    /// A broken line through `places`: `on` pixels drawn, `off` pixels left out.
    pub fn dashed(&mut self, places: &[Place], (on, off): (f64, f64), stroke: Stroke) -> Result<()> {
        for dash in dashes(places, on, off) {
            self.line(&dash, stroke)?;
        }
        Ok(())
    }

    /// A closed line.
    pub fn outline(&mut self, corners: &[Place], stroke: Stroke) -> Result<()> {
        let closed: Vec<Place> = corners.iter().chain(corners.first()).copied().collect();
        self.line(&closed, stroke)
    }

    /// A filled polygon.
    pub fn fill(&mut self, corners: &[Place], colour: RGBColor) -> Result<()> {
        self.put(&Polygon::new(whole(corners), colour.filled()))
    }

    /// A filled disc.
    pub fn disc(&mut self, centre: Place, radius: f64, colour: RGBColor) -> Result<()> {
        self.put(&Circle::new(whole(&[centre])[0], units(radius), colour.filled()))
    }

    /// A circle.
    pub fn circle(&mut self, centre: Place, radius: f64, stroke: Stroke) -> Result<()> {
        self.put(&Circle::new(whole(&[centre])[0], units(radius), stroke.style()))
    }

    /// A text.
    pub fn text(&mut self, text: &str, place: Place, set: Type) {
        self.letters.put(text, place, set);
    }

    fn put<'e, 'b: 'e, E>(&self, element: &'e E) -> Result<()>
    where
        &'e E: plotters::element::PointCollection<'e, (i32, i32)>,
        E: for<'x> Drawable<SVGBackend<'x>>,
    {
        self.sheet.draw(element).map_err(failed)
    }
}

fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

fn whole(places: &[Place]) -> Vec<(i32, i32)> {
    places.iter().map(|(x, y)| (units(*x), units(*y))).collect()
}

fn failed(error: DrawingAreaErrorKind<std::io::Error>) -> Error {
    Error::input(format!("the figure cannot be drawn: {error}"))
}

/// The drawn parts of a broken line, bent where the line bends.
fn dashes(places: &[Place], on: f64, off: f64) -> Vec<Vec<Place>> {
    let (mut dashes, mut drawing, mut left) = (Vec::new(), true, on);
    let mut dash: Vec<Place> = places.first().copied().into_iter().collect();
    for pair in places.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        let length = (to_x - x).hypot(to_y - y);
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let here = (x + (to_x - x) * gone / length, y + (to_y - y) * gone / length);
            if drawing {
                dash.push(here);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash.push(here);
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - gone;
        if drawing {
            dash.push((to_x, to_y));
        }
    }
    if dash.len() >= 2 {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_lines_are_broken_evenly_and_bend() {
        let dashes = dashes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 4.0, 4.0);
        let expected =
            [vec![(0.0, 0.0), (4.0, 0.0)], vec![(8.0, 0.0), (10.0, 0.0), (10.0, 2.0)], vec![(10.0, 6.0), (10.0, 10.0)]];
        assert_eq!(dashes, expected);
    }

    #[test]
    fn the_sheet_is_white_and_closed() {
        let svg = draw("a < b", (30.0, 20.0), |canvas| canvas.disc((10.0, 10.0), 3.0, RGBColor(1, 2, 3))).unwrap();
        assert!(svg.contains("viewBox=\"0 0 30 20\"") && svg.contains("<title>a &lt; b</title>"));
        assert!(svg.contains("<circle cx=\"100\" cy=\"100\" r=\"30\""), "{svg}");
        assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1));
    }
}
