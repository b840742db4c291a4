//! One claim: its statement typeset, what was measured and how, its plots, and the commands that measure it again.

use super::plots;
use super::text::{WIDE, claimed, formula, markdown, sentence};
use crate::certificate::{Texts, Theorem, texts};
use crate::claim::Claim;
use crate::error::Result;
use crate::registry::theorems;
use crate::show::markup::escape;
use crate::show::report::Section;
use crate::show::report::joined::{Counts, Least};
use crate::statement::{Clause, PRINTED, Statement};

/// The section of a claim.
///
/// # Errors
/// Where a plot cannot be drawn.
pub fn html(section: &Section) -> Result<String> {
    let about = section.claim.statement();
    let figures =
        section.sets().iter().map(|(experiment, records)| plots(experiment, records)).collect::<Result<String>>()?;
    Ok(format!(
        "<article class=\"claim\">\n<h3 id=\"{0}\">{1} <code>{0}</code></h3>\n<p class=\"statement\">{2}</p>\n{3}{4}<h4>Figures</h4>\n{5}</article>\n",
        escape(section.id()),
        sentence(&about.source),
        sentence(&about.statement),
        entries(section),
        measured(section),
        if figures.is_empty() { "<p>None is drawn of it.</p>\n".into() } else { figures },
    ))
}

/// What is claimed, and what is known of it in short.
fn entries(section: &Section) -> String {
    let (claim, about) = (section.claim, section.claim.statement());
    let cells = section.joined(PRINTED);
    let mut entries =
        vec![("Bounds", bounds(about)), ("Hypotheses", hypotheses(about)), ("Parameters", parameters(about))];
    if !about.constants.is_empty() {
        entries.push((
            "Says only that there is",
            about.constants.iter().map(|name| formula(name)).collect::<Vec<_>>().join(", "),
        ));
    }
    entries.push(("Measured", format!("{}, by {}", sentence(&about.measured), methods(claim))));
    let counts = Counts::of(&cells);
    entries.push((
        "Found",
        match counts.inside() {
            0 => "The printed bound was measured at no cell inside the hypotheses.".into(),
            _ => format!("The printed bound {}", escape(&counts.sentence())),
        },
    ));
    if let Some(least) = Least::of(&cells) {
        entries.push((
            "Worst cell",
            format!("slack {} at <code>{}</code>", escape(&least.text()), escape(&least.cell.replace(';', " "))),
        ));
    }
    let certificates: String = theorems(claim).into_iter().map(theorem).collect();
    if !certificates.is_empty() {
        entries.push((
            "Certificate",
            certificates
                + &format!("<pre><code>lemmascope falsify {} --certify FILE</code></pre>", escape(about.handle())),
        ));
    }
    let entries: String = entries.iter().map(|(name, html)| format!("<dt>{name}</dt><dd>{html}</dd>\n")).collect();
    format!("<dl>\n{entries}</dl>\n")
}

fn methods(claim: &Claim) -> String {
    claim.methods().iter().map(|method| method.name()).collect::<Vec<_>>().join(", ")
}

/// The bounds with their names, the printed one first; computed ones have the name of their number.
fn bounds(about: &Statement) -> String {
    let line = |clause: &Clause| {
        let text = clause.formula.text();
        let relation = clause.relation.unwrap_or(about.relation).name();
        let at = clause.at.as_ref().map_or(String::new(), |at| format!(" where <code>{}</code>", escape(at.text())));
        let set = claimed(&about.measured, relation, text).unwrap_or_else(|| formula(text));
        format!(
            "<div class=\"bound\"><span class=\"name\"><code>{}</code>{at}</span>{set}</div>\n",
            escape(&clause.name)
        )
    };
    about.bounds.iter().map(line).collect()
}

fn hypotheses(about: &Statement) -> String {
    let names: Vec<String> = about.hypothesis_names().into_iter().map(sentence).collect();
    if names.is_empty() { "none".into() } else { names.join("; ") }
}

fn parameters(about: &Statement) -> String {
    let line = |parameter: &crate::statement::Parameter| {
        format!("{}: {}", formula(&parameter.name), sentence(&parameter.meaning))
    };
    about.parameters.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn theorem(theorem: &Theorem) -> String {
    let values =
        |table: &Texts| texts(table).map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
    let only = if theorem.only.is_empty() {
        String::new()
    } else {
        format!(" (for <code>{}</code>)", escape(&values(&theorem.only)))
    };
    format!(
        "<p><strong>{}</strong>{only} refutes {}: {}. It holds for {}.</p>\n",
        escape(&theorem.id),
        sentence(&theorem.refutes),
        sentence(&theorem.inequality),
        sentence(&theorem.region)
    )
}

/// What the records say, in full.
fn measured(section: &Section) -> String {
    let body = markdown(&section.body(), 3, |_| String::new());
    // Tables of a page within a page would need names of their own.
    debug_assert!(!body.contains(WIDE), "the body of a section has no tables");
    format!("<h4>What was measured</h4>\n{body}")
}
