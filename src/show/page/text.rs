//! Texts as HTML: words escaped, formulas as MathML, Markdown by its own parser.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeStream, html};
use pulldown_latex::{Parser as Latex, RenderConfig, Storage, push_mathml};

use crate::show::markup::escape;
use crate::show::notation::{Part, Style, latex, parts};

/// A sentence: formulas typeset, what stands between backticks as code.
pub fn sentence(text: &str) -> String {
    let html = |part| match part {
        Part::Words(words) => escape(&words),
        Part::Code(code) => format!("<code>{}</code>", escape(&code)),
        Part::Formula(latex) => long(&latex).unwrap_or_else(|| escape(text)),
    };
    parts(text).into_iter().map(html).collect()
}

/// A formula as it is evaluated; as code where it is none.
pub fn formula(text: &str) -> String {
    let typeset = latex(text, Style::Evaluated).and_then(|latex| long(&latex));
    typeset.unwrap_or_else(|| format!("<code>{}</code>", escape(text)))
}

/// A claim on a line of its own: what is measured, on which side of which bound.
pub fn claimed(measured: &str, relation: &str, bound: &str) -> Option<String> {
    let measured = match &parts(measured)[..] {
        [Part::Formula(latex)] => latex.clone(),
        // Its words stand below.
        _ => "\\text{measured}".into(),
    };
    let sign = match relation {
        "at-least" => "\\ge",
        "at-most" => "\\le",
        _ => "=",
    };
    long(&format!("{measured}\\;{sign}\\;{}", latex(bound, Style::Evaluated)?))
}

/// Formulas with more LaTeX than this may be wider than a phone, and scroll there.
const LONG: usize = 40;

/// MathML that no page is too narrow for.
fn long(latex: &str) -> Option<String> {
    let set = mathml(latex)?;
    let is_long = latex.len() > LONG;
    Some(if is_long { format!("<span class=\"long\" tabindex=\"0\">{set}</span>") } else { set })
}

/// The room before a function's name.
const ROOM: &str = "<mspace width=\"0.1667em\" />";

/// MathML; none for LaTeX that cannot be set.
fn mathml(latex: &str) -> Option<String> {
    let storage = Storage::new();
    let events: Vec<_> = Latex::new(latex, &storage).collect();
    if events.iter().any(Result::is_err) {
        return None;
    }
    let mut text = String::new();
    push_mathml(&mut text, events.into_iter(), RenderConfig::default()).ok()?;
    // The setter takes a fraction's stroke for an operator with room around it, has the sign of millionths for a letter, and sets the room
    // before a function's name, `log^3`, where its name should be.
    let text = text.replace("<mo>/</mo>", "<mo lspace=\"0\" rspace=\"0\">/</mo>").replace('\u{b5}', "\u{3bc}");
    let scripts = ["<msup>", "<msub>", "<msubsup>"];
    Some(scripts.iter().fold(text, |text, script| text.replace(&format!("{script}{ROOM}"), &format!("{ROOM}{script}"))))
}

/// Markdown without formulas.
pub fn prose(text: &str) -> String {
    set(text, 0, escape, |_| String::new())
}

/// Markdown, whose headings stand `deeper` levels below its own; pictures are what `picture` has for their files.
pub fn markdown(text: &str, deeper: usize, picture: impl Fn(&str) -> String) -> String {
    set(text, deeper, sentence, picture)
}

fn set(text: &str, deeper: usize, words: fn(&str) -> String, picture: impl Fn(&str) -> String) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    // A formula may go on in the next line.
    let events = events.map(|event| if event == Event::SoftBreak { Event::Text(" ".into()) } else { event });
    let mut in_code = false;
    let mut in_picture = false;
    let mut shown: Vec<Event> = Vec::new();
    for event in TextMergeStream::new(events) {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                in_picture = true;
                shown.push(Event::InlineHtml(picture(&dest_url).into()));
            }
            Event::End(TagEnd::Image) => in_picture = false,
            _ if in_picture => {}
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = true;
                shown.push(Event::Start(Tag::CodeBlock(kind)));
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                shown.push(Event::End(TagEnd::CodeBlock));
            }
            Event::Text(text) if !in_code => shown.push(Event::InlineHtml(words(&text).into())),
            Event::Start(Tag::Heading { level, id, classes, attrs }) => {
                shown.push(Event::Start(Tag::Heading { level: below(level, deeper), id, classes, attrs }));
            }
            Event::End(TagEnd::Heading(level)) => shown.push(Event::End(TagEnd::Heading(below(level, deeper)))),
            Event::Start(Tag::Table(columns)) => {
                shown.push(Event::Html(WIDE.into()));
                shown.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                shown.push(Event::End(TagEnd::Table));
                shown.push(Event::Html(CowStr::Borrowed("</div>\n")));
            }
            // What looks like HTML is a user's text.
            Event::Html(text) | Event::InlineHtml(text) => shown.push(Event::Text(text)),
            // Links between the pages of the handbook lead nowhere from here.
            Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link) => {}
            other => shown.push(other),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, shown.into_iter());
    out
}

/// What a table stands in that may be wider than the page.
pub const WIDE: &str = "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"table\">\n";

fn below(level: HeadingLevel, deeper: usize) -> HeadingLevel {
    HeadingLevel::try_from((level as usize + deeper).min(6)).unwrap_or(level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::claims;

    /// What the notation makes of every claim's texts and formulas can be set.
    #[test]
    fn every_formula_of_the_claims_is_set() {
        let mut seen = 0;
        for claim in claims() {
            let about = claim.statement();
            let names = about.hypotheses.iter().map(|premise| premise.name.as_str());
            for text in names.chain([about.statement.as_str(), about.measured.as_str(), about.source.as_str()]) {
                for part in parts(text) {
                    if let Part::Formula(latex) = part {
                        let set = mathml(&latex);
                        let misplaced = ["<msup><mspace", "<msub><mspace", "<msubsup><mspace", "merror"];
                        let is_well_made = |set: &String| !misplaced.iter().any(|part| set.contains(part));
                        assert!(set.as_ref().is_some_and(is_well_made), "{text}: {latex}");
                        seen += 1;
                    }
                }
            }
            for clause in &about.bounds {
                let set = formula(clause.formula.text());
                assert!(set.contains("<math"), "{}: {set}", clause.formula.text());
                assert!(claimed(&about.measured, about.relation.name(), clause.formula.text()).is_some());
            }
        }
        assert!(seen > 200, "{seen}");
    }

    #[test]
    fn markdown_is_set_with_its_formulas() {
        let text = "# Title\n\nk >= 2 and `x_1` at <b>\n\n| a |\n| --- |\n| eps\\|1 |\n\n- **bold** c\n\n      run me\n\n![alt](x/y.svg) [l](m.md)\n";
        let html = markdown(text, 1, |file| format!("<i>{file}</i>"));
        for part in [
            "<h2>Title</h2>",
            "<math",
            "&lt;b&gt;",
            "<code>x_1</code>",
            "<strong>bold</strong>",
            "<pre><code>run me",
            "<i>x/y.svg</i>",
            WIDE,
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("alt") && !html.contains("href"), "{html}");
    }
}
