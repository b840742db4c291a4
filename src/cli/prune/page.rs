//! A page about a pruning: its figures and the picture.

use super::Ticket;

/// The page's file.
pub(super) const PAGE: &str = "page.html";

impl Ticket {
    /// The page, in one file.
    pub(super) fn page(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Pruned network</title>\n\
             <style>body {{ font-family: sans-serif; margin: 2em }} svg {{ max-width: 100%; height: auto }}</style>\n\
             <h1>A random network of width {}, pruned</h1>\n<p>{}</p>\n{}</html>\n",
            self.design.width,
            self.figures(),
            self.picture()
        )
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
             found) to {:.3e} (certified).{images}",
            total.kept,
            total.filters,
            total.pruned_weights as f64,
            total.random_weights as f64,
            total.lower,
            total.upper
        )
    }
}
