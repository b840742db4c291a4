//! The findings: the grave ones as texts, the slips as a table.

use super::text::{WIDE, markdown, sentence};
use crate::show::markup::escape;
use crate::show::report::{Finding, KINDS, Section, findings};
use crate::subject::Kind;

/// All findings by their kinds.
pub fn html(sections: &[Section]) -> String {
    let findings = findings(sections);
    if findings.is_empty() {
        return "<p>No record shows anything that is wrong.</p>\n".into();
    }
    let (slips, grave): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.kind == Kind::Slip);
    let mut html = markdown(KINDS, 0, |_| String::new());
    html += &grave.into_iter().map(article).collect::<String>();
    if !slips.is_empty() {
        html += &format!(
            "<h3>Slips of the pen</h3>\n{WIDE}<table class=\"texts\">\n<thead><tr><th scope=\"col\">where</th><th scope=\"col\">consequence</th>\
             <th scope=\"col\">shown at</th><th scope=\"col\">repair</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n",
            slips.into_iter().map(slip).collect::<String>()
        );
    }
    html
}

/// The class by which a kind has its colour.
fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::StatementFalse => "false",
        Kind::ProofGap => "open",
        Kind::ProofStepFalse => "step",
        Kind::Slip => "slip",
    }
}

fn article(finding: &Finding) -> String {
    let Finding { id, claim, statement, reading, kind, consequence, counterexample, evidence, repair } = finding;
    let reading = reading.as_ref().map_or(String::new(), |reading| entry("Reading", &sentence(reading)));
    let entries = [
        entry("Consequence", &sentence(consequence)),
        reading,
        entry("Counterexample", &format!("<code>{}</code>", escape(counterexample))),
        entry("Evidence", &sentence(evidence)),
        entry("Least repair", &sentence(repair)),
        entry("More", &format!("<a href=\"#{0}\"><code>{0}</code></a>", escape(claim))),
    ];
    format!(
        "<article class=\"finding {}\" id=\"finding-{}\">\n<p class=\"kind\">{}</p>\n<h3>{}</h3>\n<dl>\n{}</dl>\n</article>\n",
        class(*kind),
        escape(id),
        kind.text(),
        sentence(statement),
        entries.concat()
    )
}

fn entry(name: &str, html: &str) -> String {
    format!("<dt>{name}</dt><dd>{html}</dd>\n")
}

fn slip(finding: &Finding) -> String {
    let Finding { id, claim, statement, reading, consequence, counterexample, evidence, repair, .. } = finding;
    let reading = reading.as_ref().map_or(String::new(), |reading| format!("<br>Reading: {}", sentence(reading)));
    format!(
        "<tr id=\"finding-{}\"><td>{}{reading}<br><a href=\"#{}\"><code>{}</code></a></td><td>{}</td><td><code>{}</code><br>{}</td><td>{}</td></tr>\n",
        escape(id),
        sentence(statement),
        escape(claim),
        escape(claim),
        sentence(consequence),
        escape(counterexample),
        sentence(evidence),
        sentence(repair)
    )
}
