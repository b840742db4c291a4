//! Marks: one colour and one shape a series, and what is seen of a verdict on them.

use super::canvas::{Canvas, Colour, Place, Stroke};
use super::selection::{Found, Point};

/// Text, and whatever belongs to no series.
pub const INK: Colour = Colour(51, 51, 51);
/// The grid.
pub const GRID: Colour = Colour(228, 228, 228);
/// Frames.
pub const FRAME: Colour = Colour(140, 140, 140);
/// Behind cells that meet no statement's hypotheses.
pub const UNMET: Colour = Colour(242, 242, 242);
/// Behind the violated side.
pub const WRONG_SIDE: Colour = Colour(253, 234, 232);
/// Behind the side on which a constant is refuted.
pub const OTHER_SIDE: Colour = Colour(236, 240, 244);
/// Violations: no series has a colour like it.
pub const RED: Colour = Colour(214, 0, 0);
/// What is found outside the hypotheses.
pub const GREY: Colour = Colour(120, 120, 120);
/// How far a sign around a marker reaches.
pub const RING: f64 = 5.2;
/// How far a marker reaches.
pub const RADIUS: f64 = 3.3;
const WHITE: Colour = Colour(255, 255, 255);

/// Okabe and Ito's colours, without the vermilion that is too near to the red of violations and the yellow that is too
/// faint on white, and after them Paul Tol's muted ones.
const COLOURS: [Colour; 10] = [
    Colour(0, 114, 178),
    Colour(230, 159, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(86, 180, 233),
    Colour(0, 0, 0),
    Colour(136, 34, 85),
    Colour(153, 153, 51),
    Colour(51, 34, 136),
    Colour(17, 119, 51),
];

/// How a marker is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The series whose colour and shape it has; none is grey and round.
    pub series: Option<usize>,
    /// What was found: a violation is ringed, a refuted constant is framed, an undecided marker is hollow.
    pub found: Found,
    /// The ring of a violation is grey: no hypothesis is met there.
    pub outside: bool,
    /// Crossed by a stroke: outside the hypotheses, where other cells at its place are inside.
    pub struck: bool,
    /// Dotted.
    pub vacuous: bool,
}

impl Mark {
    /// The marker of a cell that holds, inside the hypotheses.
    pub fn plain(series: Option<usize>) -> Self {
        Mark { series, found: Found::Holds, outside: false, struck: false, vacuous: false }
    }

    /// The marker of a point.
    pub fn of(point: &Point) -> Self {
        let Point { series, found, outside, struck, vacuous, .. } = *point;
        Mark { series: Some(series), found, outside, struck, vacuous }
    }

    /// The colour of what belongs to the marker: lines and bars.
    pub fn colour(&self) -> Colour {
        self.series.map_or(GREY, |series| COLOURS[series % COLOURS.len()])
    }

    /// Whether a sign is drawn around it.
    pub fn has_ring(&self) -> bool {
        matches!(self.found, Found::Violated | Found::ConstantRefuted)
    }

    /// Draws the marker.
    pub fn draw(&self, canvas: &mut Canvas, at: Place) {
        if self.struck {
            // Behind the marker, whose shape stays to be seen.
            canvas.line(&[(at.0 - 6.0, at.1 + 6.0), (at.0 + 6.0, at.1 - 6.0)], Stroke(INK, 1.0));
        }
        let hollow = self.found == Found::Undecided;
        let (fill, edge) = match hollow {
            true => (WHITE, Stroke(self.colour(), 1.3)),
            false => (self.colour(), Stroke(WHITE, 0.5)),
        };
        // Shapes come round again later than colours, so that twice as many series still differ.
        match self.series.map(|series| (series + series / COLOURS.len()) % SHAPES) {
            None | Some(0) => {
                canvas.disc(at, RADIUS, fill);
                canvas.circle(at, RADIUS, edge);
            }
            Some(shape) => {
                let corners: Vec<Place> =
                    corners(shape).iter().map(|(x, y)| (at.0 + RADIUS * x, at.1 + RADIUS * y)).collect();
                canvas.fill(&corners, fill);
                canvas.outline(&corners, edge);
            }
        }
        if self.vacuous {
            canvas.disc(at, 1.2, if hollow { INK } else { WHITE });
        }
    }

    /// Draws the sign around it, above all markers, so that none hides it.
    pub fn draw_ring(&self, canvas: &mut Canvas, (x, y): Place) {
        match self.found {
            Found::Violated if self.outside => canvas.circle((x, y), RING, Stroke(GREY, 1.1)),
            Found::Violated => canvas.circle((x, y), RING, Stroke(RED, 1.4)),
            Found::ConstantRefuted => {
                let (left, right, top, bottom) = (x - RING, x + RING, y - RING, y + RING);
                canvas.outline(&[(left, top), (right, top), (right, bottom), (left, bottom)], Stroke(INK, 1.0));
            }
            Found::Holds | Found::Undecided => {}
        }
    }
}

/// How many shapes there are; shape 0 is the disc.
const SHAPES: usize = 10;

/// The corners of a shape around the origin, y downwards, about as large as the disc of radius 1.
fn corners(shape: usize) -> Vec<Place> {
    match shape {
        1 => regular(4, 1.2, 0.5),
        2 => regular(3, 1.35, 0.0),
        3 => regular(4, 1.3, 0.0),
        4 => regular(3, 1.35, 0.5),
        5 => star(5, 1.75, 0.75),
        6 => cross(0.45, 1.35),
        7 => regular(3, 1.35, 0.25),
        8 => regular(6, 1.15, 0.0),
        _ => regular(3, 1.35, 0.75),
    }
}

/// A regular polygon with a corner above the centre, turned by a part of the angle between two corners.
fn regular(corners: usize, radius: f64, turned: f64) -> Vec<Place> {
    let corner = |i: usize| polar(radius, (i as f64 + turned) / corners as f64);
    (0..corners).map(corner).collect()
}

fn star(points: usize, outer: f64, inner: f64) -> Vec<Place> {
    let corner = |i: usize| polar(if i.is_multiple_of(2) { outer } else { inner }, i as f64 / (2 * points) as f64);
    (0..2 * points).map(corner).collect()
}

fn cross(half: f64, reach: f64) -> Vec<Place> {
    let quarter = [(half, reach), (half, half), (reach, half)];
    let turned = |turns: usize| quarter.map(|place| (0..turns).fold(place, |(x, y), _| (y, -x)));
    (0..4).flat_map(turned).collect()
}

/// A place at a part of a whole turn from above, clockwise.
fn polar(radius: f64, part: f64) -> Place {
    let angle = std::f64::consts::TAU * part;
    (radius * angle.sin(), -radius * angle.cos())
}
