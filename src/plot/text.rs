//! Text as glyph outlines of one embedded font: a figure looks the same on a machine without any font.
//!
//! The font is a subset of DejaVu Sans Condensed 2.37 (licence beside it), made by fonttools 4 with
//!
//! ```text
//! pyftsubset DejaVuSansCondensed.ttf --layout-features='' --no-hinting --notdef-outline --legacy-kern
//!   --drop-tables+=GPOS,GSUB,GDEF,MATH,FFTM,gasp --output-file=dejavu-sans-condensed.ttf
//!   --unicodes=U+20-7E,U+A0-17F,U+391-3C9,U+3D1,U+3D5,U+3F5,U+2013,U+2014,U+2018,U+2019,U+201C,U+201D,U+2026,U+2030,
//!   U+2032,U+2033,U+2070-209C,U+2102,U+2113,U+2115,U+211D,U+2190-2194,U+21D2,U+2200-2265,U+226A-226B,U+2282-2287,
//!   U+2308-230B,U+27E8,U+27E9,U+25A1,U+25CB,U+25CF
//! ```
//!
//! Plain formulas are typeset a little: `10^-9`, `X_1`, `I_eps`, `>=`. A character that the font lacks is a box.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, Outline, OutlineCurve, Point};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("dejavu-sans-condensed.ttf")).expect("the embedded font is a font")
});

/// Font units of one em.
const EM: f32 = 2048.0;
/// The height of capitals, as a part of the em: what centres text on a line.
const CAPITALS: f64 = 0.729;
/// The size of subscripts and superscripts beside the line's.
const SCRIPT: f32 = 0.7;

/// Where a text stands relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// The em in pixels.
    pub size: f64,
    /// Where it stands relative to its place, along its line; across the line its capitals are centred there.
    pub anchor: Anchor,
    /// Whether it runs upwards.
    pub upwards: bool,
    /// `#rrggbb`.
    pub colour: &'static str,
}

/// The em of ticks and the legend, in pixels.
pub const SMALL: f64 = 10.0;

/// Text as ticks and the legend have it.
pub fn small(anchor: Anchor) -> Type {
    Type { size: SMALL, anchor, upwards: false, colour: "#333333" }
}

/// A glyph on its line, in font units.
struct Placed {
    id: GlyphId,
    x: f32,
    rise: f32,
    scale: f32,
}

/// How wide a text is, in pixels.
pub fn width(text: &str, size: f64) -> f64 {
    f64::from(line(text).1 / EM) * size
}

/// Breaks a text between words into lines of at most `room` pixels; a single word may be longer.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if width(&format!("{last} {word}"), size) <= room => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// All the texts of one figure: every glyph is defined once and used by its place.
#[derive(Debug, Default)]
pub struct Letters {
    glyphs: BTreeSet<u16>,
    uses: String,
}

impl Letters {
    /// Sets a text at a place in pixels.
    pub fn put(&mut self, text: &str, (x, y): (f64, f64), set: Type) {
        let (glyphs, length) = line(text);
        let scale = set.size / f64::from(EM);
        let start = match set.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * length,
            Anchor::End => -length,
        };
        let turn = if set.upwards { " rotate(-90)" } else { "" };
        let drop = 0.5 * CAPITALS * f64::from(EM);
        let _ = writeln!(
            self.uses,
            "<g aria-label=\"{}\" fill=\"{}\" transform=\"translate({x:.2} {y:.2}){turn} scale({scale:.6}) translate({start:.0} {drop:.0})\">",
            escape(text),
            set.colour,
        );
        for glyph in glyphs {
            self.glyphs.insert(glyph.id.0);
            let (id, x) = (glyph.id.0, glyph.x);
            let _ = if glyph.scale == 1.0 {
                writeln!(self.uses, "<use xlink:href=\"#glyph{id}\" x=\"{x:.0}\"/>")
            } else {
                let (rise, scale) = (-glyph.rise, glyph.scale);
                writeln!(
                    self.uses,
                    "<use xlink:href=\"#glyph{id}\" transform=\"translate({x:.0} {rise:.0}) scale({scale})\"/>"
                )
            };
        }
        self.uses.push_str("</g>\n");
    }

    /// The SVG elements of all texts.
    pub fn finish(self) -> String {
        let mut svg = String::from("<defs>\n");
        for id in self.glyphs {
            let outline = FONT.outline(GlyphId(id)).map(path).unwrap_or_default();
            let _ = writeln!(svg, "<path id=\"glyph{id}\" d=\"{outline}\"/>");
        }
        svg + "</defs>\n" + &self.uses
    }
}

/// A text with the characters that XML reserves written as entities.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The glyphs of a line and its length.
fn line(text: &str) -> (Vec<Placed>, f32) {
    let (mut glyphs, mut x) = (Vec::new(), 0.0);
    for (piece, level) in pieces(text) {
        let (scale, rise) = match level {
            Level::Line => (1.0, 0.0),
            Level::Below => (SCRIPT, -0.16 * EM),
            Level::Above => (SCRIPT, 0.36 * EM),
        };
        let mut before = None;
        for character in piece.chars() {
            let id = FONT.glyph_id(character);
            x += before.map_or(0.0, |before| FONT.kern_unscaled(before, id)) * scale;
            glyphs.push(Placed { id, x, rise, scale });
            x += FONT.h_advance_unscaled(id) * scale;
            before = Some(id);
        }
    }
    (glyphs, x)
}

/// Where a piece of a formula stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Line,
    Below,
    Above,
}

/// Splits a text at `^` and at the `_` after a one-letter name; signs and `eps` become what they stand for.
fn pieces(text: &str) -> Vec<(String, Level)> {
    let text =
        text.replace(">=", "≥").replace("<=", "≤").replace("...", "…").replace(" - ", " − ").replace(" cap ", " ∩ ");
    let mut pieces = vec![(String::new(), Level::Line)];
    let mut rest = text.as_str();
    while let Some(character) = rest.chars().next() {
        let on_line = &pieces.last().map_or("", |(piece, _)| piece.as_str());
        let level = match character {
            '^' => Level::Above,
            '_' if one_letter(on_line) => Level::Below,
            _ => Level::Line,
        };
        let sign = if level == Level::Line { 0 } else { character.len_utf8() };
        let script = word(&rest[sign..], level == Level::Above);
        if level != Level::Line && !script.is_empty() {
            pieces.push((greek(script).replace('-', "−"), level));
            pieces.push((String::new(), Level::Line));
            rest = &rest[sign + script.len()..];
            continue;
        }
        let plain = word(rest, false);
        let taken = if plain.is_empty() { &rest[..character.len_utf8()] } else { plain };
        if let Some((piece, _)) = pieces.last_mut() {
            piece.push_str(greek(taken));
        }
        rest = &rest[taken.len()..];
    }
    pieces
}

/// The letters and digits at the beginning of a text; as an exponent it may have a sign and a decimal point.
fn word(text: &str, exponent: bool) -> &str {
    let length = |text: &str| text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let sign = usize::from(exponent && text.starts_with('-'));
    let whole = length(&text[sign..]);
    if whole == 0 {
        return "";
    }
    let end = sign + whole;
    let decimals = text[end..].strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let is_number = text[sign..end].bytes().all(|byte| byte.is_ascii_digit());
    if exponent && is_number && decimals > 0 { &text[..end + 1 + decimals] } else { &text[..end] }
}

/// Whether the text ends in a name of one letter.
fn one_letter(text: &str) -> bool {
    let mut backwards = text.chars().rev();
    backwards.next().is_some_and(char::is_alphabetic)
        && !backwards.next().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

fn greek(word: &str) -> &str {
    if word == "eps" { "ε" } else { word }
}

/// SVG path data with y downwards. The outlines of a font are filled by the non-zero rule, SVG's own.
fn path(outline: Outline) -> String {
    let mut data = String::new();
    let mut pen: Option<Point> = None;
    let point = |p: Point| format!("{} {}", p.x, -p.y);
    for curve in outline.curves {
        let (start, step, end) = match curve {
            OutlineCurve::Line(a, b) => (a, format!("L{}", point(b)), b),
            OutlineCurve::Quad(a, b, c) => (a, format!("Q{} {}", point(b), point(c)), c),
            OutlineCurve::Cubic(a, b, c, d) => (a, format!("C{} {} {}", point(b), point(c), point(d)), d),
        };
        if pen != Some(start) {
            let close = if pen.is_some() { "Z" } else { "" };
            let _ = write!(data, "{close}M{}", point(start));
        }
        data += &step;
        pen = Some(end);
    }
    if pen.is_some() { data + "Z" } else { data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typeset(text: &str) -> Vec<(String, Level)> {
        pieces(text).into_iter().filter(|(piece, _)| !piece.is_empty()).collect()
    }

    #[test]
    fn formulas_are_typeset_and_prose_is_not() {
        let piece = |text: &str, level| (text.to_string(), level);
        assert_eq!(typeset("10^-200"), [piece("10", Level::Line), piece("−200", Level::Above)]);
        assert_eq!(typeset("d^1.52"), [piece("d", Level::Line), piece("1.52", Level::Above)]);
        assert_eq!(typeset("d^2."), [piece("d", Level::Line), piece("2", Level::Above), piece(".", Level::Line)]);
        assert_eq!(typeset("I_eps(z)"), [piece("I", Level::Line), piece("ε", Level::Below), piece("(z)", Level::Line)]);
        assert_eq!(
            typeset("a 2^k, b"),
            [piece("a 2", Level::Line), piece("k", Level::Above), piece(", b", Level::Line)]
        );
        for prose in ["snake_case", "x ^ y", "_", "^", "a_", "steps", "Zoë — ∞"] {
            assert_eq!(typeset(prose), [piece(prose, Level::Line)]);
        }
        assert_eq!(typeset("eps >= 1"), [piece("ε ≥ 1", Level::Line)]);
    }

    #[test]
    fn a_missing_glyph_is_a_box() {
        assert_eq!(FONT.glyph_id('漢'), GlyphId(0));
        assert!(FONT.outline(GlyphId(0)).is_some_and(|outline| outline.curves.len() >= 8));
        assert!(width("漢", 10.0) > 3.0);
    }

    #[test]
    fn every_claim_can_be_written() {
        for claim in crate::claims::REGISTRY {
            let about = claim.about();
            let names = about.parameters.iter().map(|parameter| parameter.name);
            for text in names.chain([about.measured, about.source, about.formula, about.id]) {
                for (piece, _) in pieces(text) {
                    let missing: Vec<char> = piece.chars().filter(|c| FONT.glyph_id(*c).0 == 0).collect();
                    assert!(missing.is_empty(), "{missing:?} in {text}");
                }
            }
        }
        for character in "log₁₀−×…≥≤εαβδ√∈∩∪≠∞·".chars() {
            assert!(FONT.glyph_id(character).0 != 0, "{character}");
        }
    }

    #[test]
    fn outlines_keep_their_holes() {
        let outline = |c| path(FONT.outline(FONT.glyph_id(c)).unwrap());
        assert_eq!(outline('o').matches('M').count(), 2);
        assert_eq!(outline('8').matches('Z').count(), 3);
        assert_eq!(outline('l').matches('M').count(), 1);
    }

    #[test]
    fn long_texts_break_between_words() {
        let lines = wrap("one two three four", 10.0, width("one two", 10.0) + 0.1);
        assert_eq!(lines, ["one two", "three", "four"]);
        assert!(wrap("  ", 10.0, 5.0).is_empty());
    }
}
