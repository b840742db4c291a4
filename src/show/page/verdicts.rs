//! The verdict table: a row a bound; scripts, where there are some, sort and filter it.

use super::text::WIDE;
use crate::show::markup::escape;
use crate::show::summary::{Kind, LEGEND, Tally};

const COLUMNS: [&str; 9] = ["claim", "bound", "verdict", "cells", "met", "missed", "undecided", "least slack", "at"];

/// The bounds of the claims, and below them the links of the proofs.
pub fn html(tallies: &[Tally]) -> String {
    let (links, bounds): (Vec<&Tally>, Vec<&Tally>) = tallies.iter().partition(|tally| tally.kind == Kind::Link);
    if tallies.is_empty() {
        return String::new();
    }
    let mut html = table("bounds of the claims", &bounds);
    if !links.is_empty() {
        html += &format!("<h3>Links of the proofs</h3>\n{}", table("links of the proofs", &links));
    }
    html + &format!("<p>{}</p>\n", escape(LEGEND))
}

fn table(name: &str, tallies: &[&Tally]) -> String {
    let head: String = COLUMNS.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    format!(
        "{}<table class=\"sortable\" data-name=\"{name}\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n",
        WIDE.replace("\"table\"", &format!("\"{name}\"")),
        tallies.iter().map(|tally| row(tally)).collect::<String>()
    )
}

/// In a word, what all cells inside the hypotheses say.
fn verdict(tally: &Tally) -> &'static str {
    let counts = tally.counts;
    match tally.kind {
        _ if counts.inside() == 0 => "outside",
        _ if counts.violated > 0 => "violated",
        _ if counts.refuted > 0 => "constant refuted",
        _ if counts.met() == 0 => "undecided",
        Kind::Constant => "constant suffices",
        _ => "holds",
    }
}

fn row(tally: &Tally) -> String {
    let counts = tally.counts;
    let (slack, sorted, cell) = match &tally.least {
        Some(least) => (least.text(), least.hi.to_string(), least.cell.replace(';', " ")),
        None => (String::new(), String::new(), String::new()),
    };
    let verdict = verdict(tally);
    let number = |count: usize| format!("<td class=\"n\">{count}</td>");
    let what_if = if tally.kind == Kind::WhatIf { " <small>(what-if)</small>" } else { "" };
    format!(
        "<tr><td><a href=\"#{0}\"><code>{0}</code></a></td><td><code>{1}</code>{what_if}</td><td class=\"{2}\">{verdict}</td>{3}{4}{5}{6}\
         <td class=\"n\" data-sort=\"{sorted}\">{slack}</td><td><code>{7}</code></td></tr>\n",
        escape(&tally.claim),
        escape(&tally.bound),
        verdict.split(' ').next_back().unwrap_or_default(),
        number(counts.cells),
        number(counts.met()),
        number(counts.missed()),
        number(counts.undecided),
        escape(&cell),
    )
}
