//! The report: one page of HTML that opens from disk, made from records alone. It loads nothing, and reads without scripts.

mod claim;
mod findings;
mod pruned;
mod text;
mod verdicts;

use rayon::prelude::*;

use crate::error::Result;
use crate::experiment::Experiment;
use crate::hash::sha256_hex;
use crate::record::{REVISION, Record};
use crate::show::markup::escape;
use crate::show::plot;
use crate::show::report::joined::Set;
use crate::show::report::{Section, constants, standing, subjects};
use crate::show::summary::Tally;
use crate::subject::{Item, Status, Subject};
pub use pruned::Pruned;
use text::{WIDE, markdown, prose, sentence};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// A subset of Latin Modern Math (licence beside it), so that brackets and roots grow where no such font is installed; made by fonttools 4:
/// `pyftsubset latinmodern-math.otf --flavor=woff2 --no-hinting --obfuscate-names --layout-features=ssty` with `--unicodes=` of Latin and
/// Greek, also in italics, and of the signs that [`crate::show::notation`] knows.
const FONT: &[u8] = include_bytes!("math.woff2");
const METHODOLOGY: &str = include_str!("../../guide/methodology.md");

/// What the page is made of.
pub struct Report<'a> {
    /// What is known of each claim.
    pub sections: &'a [Section<'a>],
    /// The verdict table.
    pub tallies: &'a [Tally],
    /// Experiments with their records.
    pub sets: &'a [Set<'a>],
    /// How the records were made.
    pub origin: &'a str,
    /// Pruned networks.
    pub pruned: &'a [Pruned],
    /// The SVG of a picture of the handbook, by its file's name, where it was drawn.
    pub picture: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// A part of the page: the id of its heading, the heading, and what stands below.
struct Part {
    id: &'static str,
    heading: &'static str,
    html: String,
}

impl Report<'_> {
    /// The page.
    ///
    /// # Errors
    /// Where a plot cannot be drawn.
    pub fn html(&self) -> Result<String> {
        let parts: Vec<Part> = self.parts()?.into_iter().filter(|part| !part.html.is_empty()).collect();
        let subjects: Vec<String> = subjects(self.sections).iter().map(|subject| prose(subject.text)).collect();
        let links: String = parts
            .iter()
            .map(|Part { id, heading, .. }| format!("<li><a href=\"#{id}\">{heading}</a></li>\n"))
            .collect();
        let body: String = parts
            .iter()
            .map(|Part { id, heading, html }| {
                format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{html}</section>\n")
            })
            .collect();
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>lemmascope: what was found</title>\n<style>\n@font-face {{ font-family: report-math; src: url(data:font/woff2;base64,{}) format(\"woff2\") }}\n{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n\
             <header>\n<h1>What was found</h1>\n{}<p class=\"origin\">{}</p>\n</header>\n\
             <nav aria-label=\"contents\">\n<ul>\n{links}</ul>\n</nav>\n<main>\n{body}</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
            base64(FONT),
            subjects.concat(),
            escape(self.origin)
        ))
    }

    fn parts(&self) -> Result<Vec<Part>> {
        let claims: Vec<String> =
            self.sections.par_iter().map(|section| claim::html(section)).collect::<Result<_>>()?;
        let part = |id, heading, html| Part { id, heading, html };
        let picture = |file: &str| (self.picture)(file).map(|svg| figure(&svg, "")).unwrap_or_default();
        // The handbook's page begins with its own heading.
        let methodology = METHODOLOGY.split_once('\n').map_or("", |(_, rest)| rest);
        Ok(vec![
            part("findings", "Findings", findings::html(self.sections)),
            part(
                "stands",
                "What stands, and constants",
                markdown(&(standing(self.sections) + &constants(self.sections)), 1, picture),
            ),
            part("verdicts", "Verdicts", verdicts::html(self.tallies)),
            part("claims", "Claim by claim", claims.concat()),
            part(
                "pruned",
                "Pruned networks",
                pruned::comparisons(self.pruned).into_iter().chain(self.pruned.iter().map(Pruned::html)).collect(),
            ),
            part("index", "Index of the paper", subjects(self.sections).into_iter().map(index).collect()),
            part("methodology", "Methodology", markdown(methodology, 1, picture)),
            part("provenance", "Provenance", self.provenance()),
        ])
    }

    /// Which program made which records, by which design.
    fn provenance(&self) -> String {
        let row = |(experiment, records): &Set| {
            let first = records.first();
            let text = |of: fn(&Record) -> &String| first.map_or("", |record| of(record).as_str());
            format!(
                "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td><code>{}</code></td><td><code>{}</code></td></tr>\n",
                escape(&experiment.name),
                escape(&experiment.title),
                experiment.cells.len(),
                records.len(),
                escape(text(|record| &record.seed)),
                escape(text(|record| &record.design)),
                escape(text(|record| &record.revision)),
            )
        };
        let rows: String = self.sets.iter().map(row).collect();
        let names: Vec<&str> = self.sets.iter().map(|(experiment, _)| experiment.name.as_str()).collect();
        format!(
            "<p>{}</p>\n<p>This page was written by lemmascope {} (source <code>{REVISION}</code>) for {} on {}. Records of the same \
             design and seed are byte-identical on every machine of one kind, for any number of threads; the hash of the list of \
             experiments is <code>{}</code>. The tables beside this page (<code>EXPERIMENT.csv</code>) have every number.</p>\n\
             {WIDE}<table>\n<thead><tr><th scope=\"col\">experiment</th><th scope=\"col\">title</th><th scope=\"col\">cells</th>\
             <th scope=\"col\">records</th><th scope=\"col\">seed</th><th scope=\"col\">design</th><th scope=\"col\">program</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
            escape(self.origin),
            env!("CARGO_PKG_VERSION"),
            std::env::consts::ARCH,
            std::env::consts::OS,
            &sha256_hex(names.join("\n").as_bytes())[..16],
        )
    }
}

/// The index of a paper, with links to the claims that judge it.
fn index(subject: &Subject) -> String {
    let index = subject.index();
    let judge = |judge: &String| {
        let claim = judge.split('/').next().unwrap_or(judge);
        format!("<a href=\"#{}\"><code>{}</code></a>", escape(claim), escape(judge))
    };
    let row = |item: &Item| {
        let by = match item.status() {
            Status::Judged => item.by.iter().map(judge).collect::<Vec<_>>().join(", "),
            Status::Definition => sentence(item.defines.as_deref().unwrap_or_default()),
            Status::NotJudged => sentence(item.because.as_deref().unwrap_or_default()),
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{by}</td></tr>\n",
            sentence(&item.place),
            item.status().text()
        )
    };
    let table = |items: &[Item]| {
        format!(
            "{WIDE}<table>\n<thead><tr><th scope=\"col\">place</th><th scope=\"col\">status</th><th scope=\"col\">by</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n",
            items.iter().map(row).collect::<String>()
        )
    };
    let [judged, definitions, open] =
        [Status::Judged, Status::Definition, Status::NotJudged].map(|status| index.count(status));
    format!(
        "<p>Of {} numbered statements, equations and footnotes {judged} are judged, {definitions} are definitions, and {open} are not \
         judged. A judge is a claim, or a link of a claim’s proof as <code>claim/link</code>.</p>\n{}<h3>Lines without a number</h3>\n{}",
        index.numbered.len(),
        table(&index.numbered),
        table(&index.lines)
    )
}

/// Bytes as text.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        let digit =
            |at: usize| if at <= three.len() { char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]) } else { '=' };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The plots of an experiment.
fn plots(experiment: &Experiment, records: &[Record]) -> Result<String> {
    let draw =
        |plot| Ok(figure(&plot::draw(experiment, plot, records)?.svg(), &format!("{}.{}", experiment.name, plot.name)));
    experiment.plots.iter().map(draw).collect()
}

/// A picture that may be wider than the page, with the name of its file where it has one.
fn figure(svg: &str, name: &str) -> String {
    let caption = match name {
        "" => String::new(),
        name => format!("<figcaption><code>{}</code></figcaption>\n", escape(name)),
    };
    format!(
        "<figure>\n<div class=\"drawn\" tabindex=\"0\" role=\"group\" aria-label=\"figure {}\">\n{svg}</div>\n{caption}</figure>\n",
        escape(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    /// Every colour of figures has one of its own in the dark, or is seen on both.
    #[test]
    fn figures_are_seen_in_the_dark() {
        let seen_on_both = ["#e69f00", "#cc79a7", "#56b4e9", "#999933"];
        let marks = include_str!("../plot/marks.rs").split("#[cfg(test)]").next().unwrap_or_default();
        let colours = marks.split("Colour(").skip(1).filter_map(|rest| {
            let numbers: Option<Vec<u8>> =
                rest.split(')').next()?.split(", ").map(|number| number.parse().ok()).collect();
            Some(numbers?.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        });
        let colours: Vec<String> = colours.map(|digits| format!("#{digits}")).collect();
        assert!(colours.len() > 15, "{colours:?}");
        for colour in colours.iter().filter(|colour| !seen_on_both.contains(&colour.as_str())) {
            assert!(STYLE.contains(&format!("[fill=\"{colour}\"]")), "{colour} has no colour in the dark");
        }
    }
}
