//! What a pruning shows: a table of its layers, the bounds, and the images.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Ticket, files, print};
use crate::cli::json::pretty;
use crate::error::Result;
use crate::numeric::for_people;

/// What --json prints: the certificate without the inputs, the time and the folder.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    certificate: files::Certificate<'a>,
    seconds: f64,
    out: String,
    files: &'a [&'a str],
}

const COLUMNS: [&str; 9] =
    ["layer", "kernel", "dimension", "candidates", "kept", "factor", "sum error", "expected limit", "worst error"];

impl Ticket {
    pub(super) fn print(
        &self,
        arguments: &Arguments,
        names: &[&str],
        agreement: files::Agreement,
        time: Duration,
    ) -> Result<()> {
        if arguments.json {
            return print(&pretty(&Report {
                certificate: self.certificate(self.assessment.clone().without_inputs(), agreement),
                seconds: (time.as_secs_f64() * 1e3).round() / 1e3,
                out: arguments.out.display().to_string(),
                files: names,
            }));
        }
        if arguments.quiet { Ok(()) } else { print(&self.text(arguments, names, agreement, time)) }
    }

    fn text(&self, arguments: &Arguments, names: &[&str], agreement: files::Agreement, time: Duration) -> String {
        let total = &self.assessment.total;
        let mut lines = vec![self.table()];
        lines.push(format!("kept      {} of {} filters, n = {}", total.kept, total.filters, self.design.width));
        lines.push(format!(
            "weights   {:.3e} of the random network's {:.3e}; the target has {}",
            total.pruned_weights as f64,
            total.random_weights as f64,
            self.pruned
                .target()
                .places()
                .map(|index| self.pruned.target().layers()[index].kernel.data().len())
                .sum::<usize>()
        ));
        lines.push(format!(
            "error     over all X in [-1, 1]^({} x {} x {}): at least {:.4e} (an input found), at most {:.4e} (certified)",
            self.pruned.target().inputs(),
            total.side.0,
            total.side.1,
            total.lower,
            total.upper
        ));
        let asked = match total.theorem {
            Some(theorem) => format!("at most eps x product of norm1 = {theorem:.4e}; "),
            None => String::new(),
        };
        lines.push(format!(
            "theorem   {asked}from the layers' errors {:.4e}; every layer is within eps/(2l) from eps = {:.4e} on",
            total.propagated, total.eps_reached
        ));
        if let Some(images) = &self.images {
            lines.push(format!(
                "images    right: target {} of {}, pruned {}; {} decisions differ; largest error of the output {:.4e}, of a \
                 logit {:.4e}",
                images.target_right,
                images.count,
                images.pruned_right,
                images.decisions_that_differ,
                images.output_error,
                images.logit_error
            ));
            if let Some(outside) = images.outside(total.side) {
                lines.push(format!("          they {outside}: the error over all X does not cover them"));
            }
        }
        if let Some(balls) = &self.balls {
            lines.push(format!(
                "balls     both networks put one class first on all inputs within {} of an image: certified for {} of {}",
                balls.radius,
                balls.certified.len(),
                balls.images
            ));
            for around in &balls.around {
                let class = match around.one_class {
                    Some(true) => "one class first (certified)",
                    Some(false) => "not always one class first (an input found)",
                    None => "one class first: not shown",
                };
                lines.push(format!(
                    "          error around image {}: at least {:.4e}, at most {:.4e}; {class}",
                    around.image, around.lower, around.upper
                ));
            }
        }
        if let Some(proof) = &self.proof {
            let around = self.balls.as_ref().and_then(|balls| balls.around.first());
            let inputs = around.map_or("all inputs".into(), |around| format!("inputs around image {}", around.image));
            lines.push(format!(
                "proof     error over {inputs} at most {:.4e}, in {}: verify it, or run tests/checkers/network.py",
                proof.bound,
                files::PROOF
            ));
        }
        lines.push(format!(
            "written   {} in {}; the pruned network is the masked random one within \
             {:.1e}; {:.1} s",
            names.join(", "),
            arguments.out.display(),
            agreement.difference,
            time.as_secs_f64()
        ));
        lines.join("\n")
    }

    fn table(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(COLUMNS);
        for layer in &self.assessment.layers {
            let shape = layer.shape;
            table.add_row([
                layer.name.clone(),
                format!("{0}x{0} {1}->{2}", shape.k, shape.cin, shape.cout),
                layer.dimension.to_string(),
                layer.candidates.to_string(),
                layer.kept.to_string(),
                power_of_two(layer.factor),
                format!("{:.3e}", layer.subset_sum_error),
                short(layer.ln_first_moment_limit),
                format!("{:.3e}", layer.worst_error),
            ]);
        }
        table.to_string()
    }
}

/// A power of two: as it is where few digits write it, otherwise as 2^k.
fn power_of_two(x: f64) -> String {
    let text = x.to_string();
    if text.len() <= 7 { text } else { format!("2^{}", x.log2().round()) }
}

/// A number with few digits, also far below f64's range.
fn short(ln: f64) -> String {
    if ln.is_nan() {
        return "unknown".into();
    }
    let text = for_people(ln);
    match (ln.exp() > 0.0, text.split_once('e')) {
        (false, Some((digits, exponent))) => format!("{digits:.5}e{exponent}"),
        _ => format!("{:.3e}", ln.exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_take_few_digits() {
        let shown = [8.0, 1.0, 0.0625, 2f64.powi(-36), 2f64.powi(-500), 2f64.powi(60)].map(power_of_two);
        assert_eq!(shown, ["8", "1", "0.0625", "2^-36", "2^-500", "2^60"]);
    }
}
