//! The sheet that figures are drawn on: shapes and texts in pixels, kept until they are written as SVG or PNG.

use std::fmt::{Display, Formatter};

use super::text::{self, Face, Type};
use crate::show::markup::escape;

/// A place in pixels, y downwards.
pub type Place = (f64, f64);

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Display for Colour {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// A line's colour and width in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke(pub Colour, pub f64);

impl Stroke {
    fn svg(self) -> String {
        format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"", self.0, px(self.1))
    }
}

/// A broken line: pixels drawn, pixels left out, and where in that pattern the line begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dash {
    /// Pixels drawn.
    pub on: f64,
    /// Pixels left out.
    pub off: f64,
    /// Pixels of the pattern that are skipped at the line's beginning.
    pub skip: f64,
}

impl Dash {
    /// The pattern, a little longer or shorter, so that a line of this length begins and ends with what is drawn.
    pub fn fitted(self, length: f64) -> Self {
        let times = ((length + self.off) / (self.on + self.off)).round().max(1.0);
        let scale = length / (times * (self.on + self.off) - self.off);
        Dash { on: scale * self.on, off: scale * self.off, skip: 0.0 }
    }

    /// The pattern of one of `count` lines that lie on each other: they take turns, so that each is seen.
    pub fn shared(self, rank: usize, count: usize) -> Self {
        let period = self.on + self.off;
        let (rank, count) = (rank as f64, count as f64);
        Dash { on: self.on, off: count * period - self.on, skip: self.skip + (count - rank) * period }
    }

    fn svg(self) -> String {
        format!(" stroke-dasharray=\"{} {}\" stroke-dashoffset=\"{}\"", px(self.on), px(self.off), px(self.skip))
    }
}

/// A shape on the sheet.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled polygon.
    Fill(Vec<Place>, Colour),
    /// A line through places: closed or not, broken or not.
    Line {
        /// The places.
        places: Vec<Place>,
        /// Whether it goes back to the first place.
        is_closed: bool,
        /// Its colour and width.
        stroke: Stroke,
        /// How it is broken.
        dash: Option<Dash>,
    },
    /// A filled disc: its centre and radius.
    Disc(Place, f64, Colour),
    /// A circle: its centre and radius.
    Circle(Place, f64, Stroke),
}

impl Shape {
    fn svg(&self) -> String {
        match self {
            Shape::Fill(corners, colour) => format!("<polygon points=\"{}\" fill=\"{colour}\"/>", points(corners)),
            Shape::Line { places, is_closed, stroke, dash } => {
                let element = if *is_closed { "polygon" } else { "polyline" };
                format!(
                    "<{element} points=\"{}\" {}{}/>",
                    points(places),
                    stroke.svg(),
                    dash.map_or(String::new(), Dash::svg)
                )
            }
            Shape::Disc((x, y), radius, colour) => {
                format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{colour}\"/>", px(*x), px(*y), px(*radius))
            }
            Shape::Circle((x, y), radius, stroke) => {
                format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>", px(*x), px(*y), px(*radius), stroke.svg())
            }
        }
    }
}

/// A picture: its shapes, and its texts above them.
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    title: String,
    size: Place,
    face: Face,
    /// The points of print in a pixel, where the picture has a size on paper.
    points: Option<f64>,
    shapes: Vec<Shape>,
    texts: Vec<(String, Place, Type)>,
}

impl Canvas {
    /// A white sheet of this size in pixels.
    pub fn new(title: &str, size: Place) -> Self {
        Canvas { title: title.into(), size, face: Face::Sans, points: None, shapes: Vec::new(), texts: Vec::new() }
    }

    /// The same sheet for a paper: texts in this face, a pixel of so many points.
    pub fn on_paper(self, face: Face, points: Option<f64>) -> Self {
        Canvas { face, points, ..self }
    }

    /// The face of its texts.
    pub fn face(&self) -> Face {
        self.face
    }

    /// The points of print in a pixel; by default there are 96 pixels to an inch.
    pub fn points_per_pixel(&self) -> f64 {
        self.points.unwrap_or(72.0 / 96.0)
    }

    /// A line through `places`.
    pub fn line(&mut self, places: &[Place], stroke: Stroke) {
        self.shapes.push(Shape::Line { places: places.to_vec(), is_closed: false, stroke, dash: None });
    }

    /// A broken line through `places`.
    pub fn dashed(&mut self, places: &[Place], dash: Dash, stroke: Stroke) {
        self.shapes.push(Shape::Line { places: places.to_vec(), is_closed: false, stroke, dash: Some(dash) });
    }

    /// A closed line.
    pub fn outline(&mut self, corners: &[Place], stroke: Stroke) {
        self.shapes.push(Shape::Line { places: corners.to_vec(), is_closed: true, stroke, dash: None });
    }

    /// A filled polygon.
    pub fn fill(&mut self, corners: &[Place], colour: Colour) {
        self.shapes.push(Shape::Fill(corners.to_vec(), colour));
    }

    /// A filled disc.
    pub fn disc(&mut self, centre: Place, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc(centre, radius, colour));
    }

    /// A circle.
    pub fn circle(&mut self, centre: Place, radius: f64, stroke: Stroke) {
        self.shapes.push(Shape::Circle(centre, radius, stroke));
    }

    /// A text.
    pub fn text(&mut self, text: &str, place: Place, set: Type) {
        if !text.is_empty() {
            self.texts.push((text.into(), place, set));
        }
    }

    /// The picture's width and height in pixels.
    pub fn size(&self) -> Place {
        self.size
    }

    /// The shapes, from the lowest up.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The texts, above all shapes: each with its place and how it is set.
    pub fn texts(&self) -> &[(String, Place, Type)] {
        &self.texts
    }

    /// The picture as SVG whose texts are texts: they can be searched, read aloud and edited.
    pub fn svg(&self) -> String {
        let (width, height) = (px(self.size.0), px(self.size.1));
        let side =
            |pixels: f64| self.points.map_or(px(pixels).to_string(), |points| format!("{}pt", px(pixels * points)));
        let shapes: String = self.shapes.iter().map(|shape| shape.svg() + "\n").collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" \
             width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<g stroke-linejoin=\"round\">\n{shapes}</g>\n{}</svg>\n",
            side(self.size.0),
            side(self.size.1),
            escape(&self.title),
            text::elements(self.face, &self.texts),
        )
    }
}

fn points(places: &[Place]) -> String {
    let point = |(x, y): &Place| format!("{},{}", px(*x), px(*y));
    places.iter().map(point).collect::<Vec<_>>().join(" ")
}

/// Pixels to a hundredth, without zeros at the end.
pub fn px(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_is_white_and_closed() {
        let mut canvas = Canvas::new("a < b", (30.0, 20.0));
        canvas.disc((10.0, 9.999), 3.0, Colour(1, 2, 255));
        let svg = canvas.svg();
        assert!(svg.contains("viewBox=\"0 0 30 20\"") && svg.contains("<title>a &lt; b</title>"));
        assert!(svg.contains("<circle cx=\"10\" cy=\"10\" r=\"3\" fill=\"#0102ff\""), "{svg}");
        assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1));
    }

    #[test]
    fn short_lines_end_with_a_whole_dash() {
        for length in [3.0, 18.0, 27.1, 61.0] {
            let Dash { on, off, .. } = Dash { on: 4.5, off: 2.5, skip: 1.0 }.fitted(length);
            let periods = (length + off) / (on + off);
            assert!((periods - periods.round()).abs() < 1e-9 && periods > 0.5, "{length}");
        }
    }

    #[test]
    fn lines_on_each_other_take_turns() {
        let dash = Dash { on: 4.0, off: 2.0, skip: 0.0 };
        assert_eq!(dash.shared(0, 1), Dash { skip: 6.0, ..dash });
        // The drawn stretches of two lines, over one period of 12 pixels, do not meet.
        let drawn = |rank: usize, at: f64| (at + dash.shared(rank, 2).skip).rem_euclid(12.0) < 4.0;
        assert!((0..120).all(|i| !(drawn(0, f64::from(i) / 10.0) && drawn(1, f64::from(i) / 10.0))));
        assert!(drawn(0, 1.0) && drawn(1, 7.0));
    }
}
