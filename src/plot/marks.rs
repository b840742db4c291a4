//! Marks: one colour and one shape a series, and what is seen of a verdict on them.

use plotters::style::RGBColor;

use crate::error::Result;
use crate::verdict::Verdict;

use super::canvas::{Canvas, Place, Stroke};
use super::selection::Point;

/// Text, and whatever belongs to no series.
pub const INK: RGBColor = RGBColor(51, 51, 51);
/// The grid.
pub const GRID: RGBColor = RGBColor(228, 228, 228);
/// Frames.
pub const FRAME: RGBColor = RGBColor(140, 140, 140);
/// Behind cells that meet no statement's hypotheses.
pub const UNMET: RGBColor = RGBColor(242, 242, 242);
/// Behind the violated side.
pub const WRONG_SIDE: RGBColor = RGBColor(253, 234, 232);
/// Violations: no series has a colour like it.
pub const RED: RGBColor = RGBColor(214, 0, 0);
const WHITE: RGBColor = RGBColor(255, 255, 255);

/// Okabe and Ito's colours, without the vermilion that is too near to the red of violations and the yellow that is too
/// faint on white, and after them Paul Tol's muted ones.
const COLOURS: [RGBColor; 10] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(136, 34, 85),
    RGBColor(153, 153, 51),
    RGBColor(51, 34, 136),
    RGBColor(17, 119, 51),
];

/// How a marker is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The series whose colour and shape it has; none is grey and round.
    pub series: Option<usize>,
    /// What was found: a violation is ringed, an undecided marker is hollow.
    pub verdict: Verdict,
    /// Pale with a grey edge.
    pub outside: bool,
    /// Dotted.
    pub vacuous: bool,
}

impl Mark {
    /// The marker of a cell that holds, inside the hypotheses.
    pub fn plain(series: Option<usize>) -> Self {
        Mark { series, verdict: Verdict::Holds, outside: false, vacuous: false }
    }

    /// The marker of a point.
    pub fn of(point: &Point) -> Self {
        let Point { series, verdict, outside, vacuous, .. } = *point;
        Mark { series: Some(series), verdict, outside, vacuous }
    }

    /// The colour of what belongs to the marker: lines and bars.
    pub fn colour(&self) -> RGBColor {
        let colour = self.series.map_or(RGBColor(120, 120, 120), |series| COLOURS[series % COLOURS.len()]);
        if self.outside { pale(colour) } else { colour }
    }

    /// Draws the marker.
    pub fn draw(&self, canvas: &mut Canvas, at: Place) -> Result<()> {
        let hollow = self.verdict == Verdict::Undecided;
        let fill = if hollow { WHITE } else { self.colour() };
        let edge = match (self.outside, hollow) {
            (true, false) => Stroke(FRAME, 0.8),
            (_, true) => Stroke(self.colour(), 1.2),
            (false, false) => Stroke(WHITE, 0.5),
        };
        // Shapes come round again later than colours, so that twice as many series still differ.
        match self.series.map(|series| (series + series / COLOURS.len()) % SHAPES) {
            None | Some(0) => {
                canvas.disc(at, 3.3, fill)?;
                canvas.circle(at, 3.3, edge)?;
            }
            Some(shape) => {
                let corners: Vec<Place> =
                    corners(shape).iter().map(|(x, y)| (at.0 + 3.3 * x, at.1 + 3.3 * y)).collect();
                canvas.fill(&corners, fill)?;
                canvas.outline(&corners, edge)?;
            }
        }
        if self.vacuous {
            canvas.disc(at, 1.2, if hollow { INK } else { WHITE })?;
        }
        Ok(())
    }

    /// Draws the ring of a violation: above all markers, so that none hides it.
    pub fn draw_ring(&self, canvas: &mut Canvas, at: Place) -> Result<()> {
        match (self.verdict, self.outside) {
            (Verdict::Violated, true) => canvas.circle(at, 5.8, Stroke(pale(RED), 1.2)),
            (Verdict::Violated, false) => canvas.circle(at, 5.8, Stroke(RED, 1.5)),
            _ => Ok(()),
        }
    }
}

/// Half way to white.
fn pale(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let paler = |part: u8| (u16::from(part) * 2 / 5 + 153) as u8;
    RGBColor(paler(red), paler(green), paler(blue))
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
