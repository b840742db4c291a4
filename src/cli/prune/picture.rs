//! What a pruning looks like, as SVG: each layer's kernel as it is wanted, as it was found, their difference, and the filters kept.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Ticket;
use crate::show::markup::escape;
use crate::tickets::cnn::Kernel;

/// Rows and columns of a kernel's picture, at most; of larger ones it shows the first.
const MOST: usize = 60;
/// The places of a block are counted in so many bins.
const BINS: usize = 48;
/// Steps of a scale of colours to each side of 0.
const STEPS: i32 = 12;
/// The width of a panel, the distance of panels, and the height of a line of text, in pixels.
const PANEL: usize = 190;
const GAP: usize = 16;
const LINE: usize = 16;

/// A weight by its output, input, row and column.
type Weight<'a> = dyn Fn(usize, usize, usize, usize) -> f64 + 'a;

/// Squares of one colour, by colour.
type Squares = BTreeMap<String, String>;

impl Ticket {
    /// The picture of all layers.
    pub(super) fn picture(&self) -> String {
        let mut body = String::new();
        let mut top = LINE / 2;
        let masks = self.masks();
        let approximation = self.pruned.approximation();
        for ((&index, layer), mask) in self.places().iter().zip(&self.assessment.layers).zip(&masks.layers) {
            // What the filters kept make of a positive input; of a negative one it is near the same.
            let (target, found) =
                (&self.pruned.target().layers()[index].kernel, &approximation.responses()[index].plus);
            let shape = layer.shape;
            let title = format!(
                "{}: {}×{} {}→{}, {} of {} filters kept",
                layer.name, shape.k, shape.k, shape.cin, shape.cout, layer.kept, mask.filters
            );
            text(&mut body, 0, top + LINE / 2, 13, &title);
            top += LINE + LINE / 2;
            let wanted = |o, i, r, c| target.at(o, i, r, c);
            let pruned = |o, i, r, c| found.at(o, i, r, c);
            let apart = |o, i, r, c| found.at(o, i, r, c) - target.at(o, i, r, c);
            let weights: [(&str, &Weight); 3] = [("target", &wanted), ("pruned", &pruned), ("difference", &apart)];
            let mut height = 0;
            for (place, (name, weight)) in weights.into_iter().enumerate() {
                let (squares, size, most) = kernel(target, weight);
                let left = place * (PANEL + GAP);
                text(&mut body, left, top, 11, &format!("{name}, up to ±{}{}", brief(most), part(target)));
                panel(&mut body, (left, top + LINE / 2), &squares, size);
                height = height.max(size.1);
            }
            let (squares, size) = kept(mask.block, mask.filters, &mask.kept);
            let left = 3 * (PANEL + GAP);
            text(&mut body, left, top, 11, "filters kept in each half block (shade: share)");
            panel(&mut body, (left, top + LINE / 2), &squares, size);
            top += height.max(size.1) + LINE / 2 + 2 * LINE;
        }
        text(
            &mut body,
            0,
            top,
            11,
            "A tile a pair of an input channel (down) and an output (across); red above 0, blue below. Half blocks: positive part, negative part.",
        );
        top += LINE;
        let width = 4 * PANEL + 3 * GAP + 90;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} {top}\" \
             font-family=\"'DejaVu Sans Condensed', Arial, Helvetica, sans-serif\">\n<title>Kernels of the target and of the pruned network, \
             and the filters kept</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }

    /// The places of the layers that were pruned.
    fn places(&self) -> Vec<usize> {
        self.pruned.target().places().collect()
    }
}

fn text(body: &mut String, x: usize, y: usize, size: usize, words: &str) {
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{y}\" font-size=\"{size}\" fill=\"#333333\">{}</text>",
        x + 1,
        escape(words)
    );
}

fn panel(body: &mut String, (x, y): (usize, usize), squares: &Squares, (width, height): (usize, usize)) {
    let _ = writeln!(body, "<g transform=\"translate({} {y})\">", x + 1);
    for (colour, path) in squares {
        let _ = writeln!(body, "<path fill=\"{colour}\" d=\"{path}\"/>");
    }
    let _ = writeln!(body, "<path fill=\"none\" stroke=\"#8c8c8c\" d=\"M0 0h{width}v{height}h-{width}z\"/>\n</g>");
}

/// A number with three digits.
fn brief(most: f64) -> String {
    if (0.01..1000.0).contains(&most) { format!("{most:.2}") } else { format!("{most:.1e}") }
}

/// What a picture says where it shows a part only.
fn part(kernel: &Kernel) -> &'static str {
    let is_part = kernel.outputs().max(kernel.inputs()) * kernel.side() > MOST;
    if is_part { " (the first of all)" } else { "" }
}

/// A kernel's weights: a tile a pair of an output (across) and an input (down); its size in pixels, and the largest weight.
fn kernel(kernel: &Kernel, weight: &Weight) -> (Squares, (usize, usize), f64) {
    let side = kernel.side();
    let shown = |count: usize| count.min((MOST / side).max(1));
    let (outputs, inputs) = (shown(kernel.outputs()), shown(kernel.inputs()));
    let pixels = (PANEL / (outputs.max(inputs) * side)).clamp(1, 9);
    let places = || {
        let tiles = (0..outputs).flat_map(move |output| (0..inputs).map(move |input| (output, input)));
        tiles.flat_map(move |(output, input)| (0..side * side).map(move |at| (output, input, at / side, at % side)))
    };
    let most = places().map(|(o, i, r, c)| weight(o, i, r, c).abs()).fold(0.0, f64::max);
    let mut squares = Squares::new();
    for (output, input, row, column) in places() {
        let value = weight(output, input, row, column);
        let (x, y) = ((output * side + column) * pixels, (input * side + row) * pixels);
        let path = squares.entry(diverging(if most > 0.0 { value / most } else { 0.0 })).or_default();
        let _ = write!(path, "M{x} {y}h{pixels}v{pixels}h-{pixels}z");
    }
    (squares, (outputs * side * pixels, inputs * side * pixels), most)
}

/// The filters kept: a row a half block, the positive one first; a column a bin of its places.
fn kept(block: usize, filters: usize, kept: &[usize]) -> (Squares, (usize, usize)) {
    let half = (block / 2).max(1);
    let (rows, bins) = ((filters / half).min(MOST), BINS.min(half));
    let (across, down) = ((PANEL / bins).max(1), if rows > 24 { 4 } else { 8 });
    let mut counts = vec![vec![0usize; bins]; rows];
    for filter in kept {
        if let Some(row) = counts.get_mut(filter / half) {
            row[filter % half * bins / half] += 1;
        }
    }
    let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1);
    let mut squares = Squares::new();
    for (y, row) in counts.iter().enumerate() {
        for (x, count) in row.iter().enumerate() {
            let path = squares.entry(shade(*count as f64 / most as f64)).or_default();
            let _ = write!(path, "M{} {}h{across}v{down}h-{across}z", x * across, y * down);
        }
    }
    (squares, (bins * across, rows * down))
}

/// Blue below 0, near white there, red above.
fn diverging(part: f64) -> String {
    let step = (part.clamp(-1.0, 1.0) * f64::from(STEPS)).round() / f64::from(STEPS);
    let end = if step < 0.0 { (33.0, 102.0, 172.0) } else { (178.0, 24.0, 43.0) };
    mixed(end, step.abs())
}

fn shade(part: f64) -> String {
    mixed((0.0, 68.0, 27.0), (part * f64::from(STEPS)).round() / f64::from(STEPS))
}

/// A colour between near white and another.
fn mixed((red, green, blue): (f64, f64, f64), part: f64) -> String {
    let mix = |end: f64| (250.0 + (end - 250.0) * part).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(red), mix(green), mix(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_filters_are_in_their_places() {
        let square = Kernel::from_fn(
            2,
            1,
            2,
            |output, _, row, column| if (output, row, column) == (1, 0, 1) { -3.0 } else { 0.0 },
        );
        let (squares, size, most) = kernel(&square, &|o, i, r, c| square.at(o, i, r, c));
        assert_eq!((size, most), ((36, 18), 3.0));
        assert_eq!(squares[&diverging(-1.0)], "M27 0h9v9h-9z");
        assert_eq!(squares[&diverging(0.0)].matches('M').count(), 7);
        let (squares, _) = kept(4, 8, &[0, 5]);
        assert_eq!(squares[&shade(1.0)], format!("M0 0h95v8h-95zM95 16h95v8h-95z"));
    }
}
