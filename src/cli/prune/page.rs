//! A page with pictures of a pruning: kernels of the target, what the pruned pairs have in their place, and the difference.

use super::Ticket;
use crate::tickets::cnn::Kernel;

/// The page's file.
pub(super) const PAGE: &str = "page.html";

/// Entries of a picture along an axis, at most: of larger kernels the first windows are shown.
const MOST_ENTRIES: usize = 40;
/// Pixels of an entry, and between windows.
const ENTRY: usize = 6;
const GAP: usize = 2;

impl Ticket {
    /// The page, in one file.
    pub(super) fn page(&self) -> String {
        let (target, approximation) = (self.pruned.target(), self.pruned.approximation());
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Pruned network</title>\n\
             <style>body {{ font-family: sans-serif; margin: 2em }} td {{ padding: 0 1em 0 0; vertical-align: top }}</style>\n\
             <h1>A random network of width {}, pruned</h1>\n<p>{}</p>\n",
            self.design.width,
            self.figures()
        );
        for (figures, index) in self.assessment.layers.iter().zip(target.places()) {
            let (kernel, pruned) = (&target.layers()[index].kernel, &approximation.responses()[index].plus);
            let difference = kernel.zip(pruned, |k, p| p - k);
            let share = figures.kept as f64 / figures.filters as f64;
            page += &format!(
                "<h2>{}: {} x {} from {} to {}</h2>\n<p>{} of {} filters are kept:</p>{}\n<table><tr>",
                escaped(&figures.name),
                kernel.side(),
                kernel.side(),
                kernel.inputs(),
                kernel.outputs(),
                figures.kept,
                figures.filters,
                bar(share)
            );
            let largest = kernel.max_norm();
            let titled = [
                ("target", kernel, largest),
                ("pruned, for what is positive", pruned, largest),
                ("difference", &difference, difference.max_norm()),
            ];
            for (title, kernel, scale) in titled {
                page += &format!("<td>{title}, full colour at {scale:.3e}<br>{}</td>", picture(kernel, scale));
            }
            page += "</tr></table>\n";
        }
        page + "</html>\n"
    }

    fn figures(&self) -> String {
        let total = &self.assessment.total;
        let images = self.images.as_ref().map_or(String::new(), |images| {
            format!(
                " Of {} images the target has {} right and the pruned network {}; {} are decided differently.",
                images.count, images.target_right, images.pruned_right, images.decisions_that_differ
            )
        });
        format!(
            "{} of {} filters are kept, {:.3e} of {:.3e} weights. The error over all inputs in [-1, 1] is from {:.3e} (an input \
             found) to {:.3e} (certified).{images} Of large kernels the first windows are shown: outputs downwards, inputs to the right.",
            total.kept,
            total.filters,
            total.pruned_weights as f64,
            total.random_weights as f64,
            total.lower,
            total.upper
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A bar of which a share is filled.
fn bar(share: f64) -> String {
    format!(
        "<svg width=\"302\" height=\"14\"><rect x=\"1\" y=\"1\" width=\"300\" height=\"12\" fill=\"none\" stroke=\"#888\"/><rect x=\"1\" \
         y=\"1\" width=\"{:.1}\" height=\"12\" fill=\"#3366cc\"/></svg>",
        300.0 * share
    )
}

/// A kernel's first windows as squares of colour: outputs downwards, inputs to the right.
fn picture(kernel: &Kernel, scale: f64) -> String {
    let side = kernel.side();
    let windows = (MOST_ENTRIES / side).max(1);
    let (outputs, inputs) = (kernel.outputs().min(windows), kernel.inputs().min(windows));
    let window = side * ENTRY + if side > 1 { GAP } else { 0 };
    let mut svg = format!("<svg width=\"{}\" height=\"{}\">", inputs * window, outputs * window);
    for output in 0..outputs {
        for input in 0..inputs {
            for row in 0..side {
                for column in 0..side {
                    let (x, y) = (input * window + column * ENTRY, output * window + row * ENTRY);
                    let fill = colour(kernel.at(output, input, row, column) / scale);
                    svg += &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{ENTRY}\" height=\"{ENTRY}\" fill=\"{fill}\"/>");
                }
            }
        }
    }
    svg + "</svg>"
}

/// From blue at -1 over white to red at 1.
fn colour(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
    let faded = (255.0 * (1.0 - value.abs())).round() as u8;
    if value > 0.0 { format!("#ff{faded:02x}{faded:02x}") } else { format!("#{faded:02x}{faded:02x}ff") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_from_blue_to_red() {
        assert_eq!(
            [-1.0, 0.0, 0.5, 1.0, 7.0, f64::NAN].map(colour),
            ["#0000ff", "#ffffff", "#ff8080", "#ff0000", "#ff0000", "#ffffff"]
        );
    }

    #[test]
    fn of_large_kernels_the_first_windows_are_shown() {
        let count = |kernel: &Kernel| picture(kernel, 1.0).matches("<rect").count();
        assert_eq!(count(&Kernel::zeros(3, 2, 5)), 3 * 2 * 25);
        assert_eq!(count(&Kernel::zeros(100, 9, 5)), 8 * 8 * 25);
        assert_eq!(count(&Kernel::zeros(100, 9, 1)), 40 * 9);
        assert_eq!(count(&Kernel::zeros(1, 1, 50)), 2500);
    }
}
