//! Text: how wide it is, where it breaks, its SVG, and its glyph outlines in one embedded font.
//!
//! The outlines make the PNG the same on every machine. The fonts are subsets of DejaVu Sans Condensed and DejaVu Serif Condensed 2.37
//! (licence beside them), made by fonttools 4 with
//!
//! ```text
//! pyftsubset DejaVuSansCondensed.ttf --layout-features='' --no-hinting --notdef-outline --legacy-kern
//!   --drop-tables+=GPOS,GSUB,GDEF,MATH,FFTM,gasp --output-file=dejavu-sans-condensed.ttf
//!   --unicodes=U+20-7E,U+A0-17F,U+391-3C9,U+3D1,U+3D5,U+3F5,U+2013,U+2014,U+2016,U+2018,U+2019,U+201C,U+201D,U+2026,
//!   U+2030,U+2032,U+2033,U+2070-209C,U+2102,U+2113,U+2115,U+211D,U+2190-2194,U+21D2,U+2200-2265,U+226A-226B,
//!   U+2282-2287,U+2308-230B,U+27E8,U+27E9,U+25A1,U+25CB,U+25CF
//! ```
//!
//! Texts are typeset as [`super::typeset`] says. A character that the font lacks is a box.

use crate::show::markup::escape;
use std::fmt::Write;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point, point};

use super::canvas::{Colour, Place, px};
use super::marks::INK;
use super::typeset::{Level, pieces};

/// The faces in which figures are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// Without serifs.
    #[default]
    Sans,
    /// With serifs, as most papers are set.
    Serif,
}

static SANS: LazyLock<FontRef<'static>> = LazyLock::new(|| font(Face::Sans));
static SERIF: LazyLock<FontRef<'static>> = LazyLock::new(|| font(Face::Serif));

fn font(face: Face) -> FontRef<'static> {
    FontRef::try_from_slice(face.file()).expect("the embedded font is a font")
}

impl Face {
    /// The font.
    pub(super) fn font(self) -> &'static FontRef<'static> {
        match self {
            Face::Sans => &SANS,
            Face::Serif => &SERIF,
        }
    }

    /// The font's file.
    pub(super) fn file(self) -> &'static [u8] {
        match self {
            Face::Sans => include_bytes!("dejavu-sans-condensed.ttf"),
            Face::Serif => include_bytes!("dejavu-serif-condensed.ttf"),
        }
    }

    /// The fonts that an SVG asks for: the embedded one, then those of about its width.
    fn family(self) -> &'static str {
        match self {
            Face::Sans => "'DejaVu Sans Condensed', Arial, Helvetica, sans-serif",
            Face::Serif => "'DejaVu Serif Condensed', 'Times New Roman', Times, serif",
        }
    }
}
/// Font units of one em.
pub(super) const EM: f32 = 2048.0;
/// The height of capitals, as a part of the em: what centres text on a line.
pub(super) const CAPITALS: f64 = 0.729;

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

impl Anchor {
    /// Where a line of this length begins, from its place on.
    pub(super) fn start(self, length: f32) -> f32 {
        match self {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * length,
            Anchor::End => -length,
        }
    }
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
    /// Its colour.
    pub colour: Colour,
}

/// The em of ticks and the legend, in pixels.
pub const SMALL: f64 = 10.0;

/// Text as ticks and the legend have it.
pub fn small(anchor: Anchor) -> Type {
    Type { size: SMALL, anchor, upwards: false, colour: INK }
}

/// How a level is set: its size beside the line's, how far it is raised, and the room at either side, in ems of the line.
fn setting(level: Level) -> (f32, f32, f32) {
    match level {
        Level::Line => (1.0, 0.0, 0.0),
        Level::Below => (0.7, -0.16, 0.0),
        Level::Above => (0.7, 0.36, 0.0),
        Level::Operator => (1.25, -0.08, 0.28),
    }
}

/// How wide a text is, in pixels.
pub fn width(face: Face, text: &str, size: f64) -> f64 {
    f64::from(line(face, text).1 / EM) * size
}

/// A text cut, where it is longer than `room` pixels, to what fits, and an ellipsis.
pub fn cut(face: Face, text: &str, size: f64, room: f64) -> String {
    if width(face, text, size) <= room {
        return text.into();
    }
    let mut kept: Vec<char> = text.chars().collect();
    // The width grows by a quarter of an em a letter or more: one measurement at most four times too long.
    kept.truncate((room / (0.2 * size)).max(1.0) as usize);
    loop {
        let shorter: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
        if kept.len() <= 1 || width(face, &shorter, size) <= room {
            return shorter;
        }
        kept.pop();
    }
}

/// Breaks a text between words into at most `most` lines of at most `room` pixels; what is longer is cut. Lines break where
/// the sense does: outside brackets, not after a word such as `of`, and about evenly.
pub fn wrap(face: Face, text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    // More words than fit in any case are not worth breaking.
    const MOST_WORDS: usize = 200;
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS).collect();
    let penalties = break_penalties(&words);
    // The least cost of the words before each place, and where its last line begins.
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0)];
    for end in 1..=words.len() {
        let line = |begin: usize| {
            let free = (room - width(face, &words[begin..end].join(" "), size)) / room;
            let ragged = if free < 0.0 { 1e4 * (1.0 - free) } else { 1.0 + 0.3 * free * free };
            let breaks = if end < words.len() { penalties[end - 1] } else { 0.0 };
            (best[begin].0 + ragged + breaks, begin)
        };
        let shortest = (0..end).rev().take(40).map(line).min_by(|a, b| a.0.total_cmp(&b.0));
        best.push(shortest.unwrap_or_default());
    }
    let (mut lines, mut end) = (Vec::new(), words.len());
    while end > 0 {
        let begin = best[end].1;
        lines.push(words[begin..end].join(" "));
        end = begin;
    }
    lines.reverse();
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines.iter().map(|line| cut(face, line, size, room)).collect()
}

/// What a break after each word costs, beside 1 for a line.
fn break_penalties(words: &[&str]) -> Vec<f64> {
    const BINDING: [&str; 22] = [
        "of", "the", "a", "an", "in", "to", "by", "for", "with", "and", "or", "at", "from", "=", "+", "-", "*", "/",
        "cap", "<=", ">=", "−",
    ];
    let mut depth = 0i32;
    let penalty = |(i, word): (usize, &&str)| {
        depth += word.chars().map(|c| i32::from("([".contains(c)) - i32::from(")]".contains(c))).sum::<i32>();
        let next = words.get(i + 1).copied().unwrap_or_default();
        let bound = BINDING.contains(word) || ["=", "+", "-", "*", "/", "cap", "<=", ">=", "−"].contains(&next);
        let bracket = if depth > 0 { 100.0 } else { 0.0 };
        bracket + if bound { 20.0 } else { 0.0 }
    };
    words.iter().enumerate().map(penalty).collect()
}

/// The SVG of texts, as texts.
pub fn elements(face: Face, texts: &[(String, Place, Type)]) -> String {
    let mut svg = format!("<g font-family=\"{}\" xml:space=\"preserve\">\n", face.family());
    for (text, (x, y), set) in texts {
        let anchor = match set.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let drop = px(0.5 * CAPITALS * set.size);
        let place = if set.upwards {
            format!("transform=\"translate({} {}) rotate(-90)\" y=\"{drop}\"", px(*x), px(*y))
        } else {
            format!("x=\"{}\" y=\"{}\"", px(*x), px(y + drop))
        };
        let (size, colour) = (set.size, set.colour);
        let _ = writeln!(
            svg,
            "<text {place} font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{}</text>",
            spans(text, size)
        );
    }
    svg + "</g>\n"
}

/// The content of a text element: what is not on the line has its own size and is shifted.
fn spans(text: &str, size: f64) -> String {
    let (mut svg, mut height) = (String::new(), 0.0);
    for (piece, level) in pieces(text) {
        let (scale, rise, room) = setting(level);
        let shift = px((height - f64::from(rise)) * size);
        height = f64::from(rise);
        let piece = escape(&piece);
        if level == Level::Line && shift == 0.0 {
            svg += &piece;
            continue;
        }
        let dy = if shift == 0.0 { String::new() } else { format!(" dy=\"{shift}\"") };
        let own = if scale == 1.0 { String::new() } else { format!(" font-size=\"{}\"", px(f64::from(scale) * size)) };
        // A sign has a thin space at either side.
        let piece = if room > 0.0 { format!("\u{2009}{piece}\u{2009}") } else { piece };
        let _ = write!(svg, "<tspan{dy}{own}>{piece}</tspan>");
    }
    svg
}

/// A glyph on its line, in font units.
pub(super) struct Placed {
    pub id: GlyphId,
    pub character: char,
    pub x: f32,
    pub rise: f32,
    pub scale: f32,
}

/// A text as the outlines of its glyphs, in pixels of the sheet. Like those of any font, they are filled by the non-zero rule.
pub fn outlines(text: &str, (x, y): Place, set: Type) -> Vec<OutlineCurve> {
    let (glyphs, length) = line(Face::Sans, text);
    let scale = set.size as f32 / EM;
    let start = set.anchor.start(length);
    let drop = 0.5 * CAPITALS as f32 * EM;
    // From font units, y upwards, to the sheet.
    let place = |glyph: &Placed, at: Point| {
        let along = (start + glyph.x + glyph.scale * at.x) * scale;
        let down = (drop - glyph.rise - glyph.scale * at.y) * scale;
        let (right, down) = if set.upwards { (down, -along) } else { (along, down) };
        point(x as f32 + right, y as f32 + down)
    };
    let curves = |glyph: &Placed| {
        let place = |at| place(glyph, at);
        let map = |curve| match curve {
            OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
            OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
            OutlineCurve::Cubic(a, b, c, d) => OutlineCurve::Cubic(place(a), place(b), place(c), place(d)),
        };
        SANS.outline(glyph.id).into_iter().flat_map(|outline| outline.curves).map(map).collect::<Vec<_>>()
    };
    glyphs.iter().flat_map(curves).collect()
}

/// The glyphs of a line and its length.
pub(super) fn line(face: Face, text: &str) -> (Vec<Placed>, f32) {
    let font = face.font();
    let (mut glyphs, mut x) = (Vec::new(), 0.0);
    for (piece, level) in pieces(text) {
        let (scale, rise, room) = setting(level);
        x += room * EM;
        let mut before = None;
        for character in piece.chars() {
            let id = font.glyph_id(character);
            x += before.map_or(0.0, |before| font.kern_unscaled(before, id)) * scale;
            glyphs.push(Placed { id, character, x, rise: rise * EM, scale });
            x += font.h_advance_unscaled(id) * scale;
            before = Some(id);
        }
        x += room * EM;
    }
    (glyphs, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> String {
        elements(Face::Sans, &[(text.into(), (10.0, 20.0), small(Anchor::Middle))])
    }

    #[test]
    fn texts_are_texts_with_a_generic_family() {
        let svg = set("a < b");
        assert!(
            svg.contains("sans-serif") && svg.contains(">a &lt; b</text>") && svg.contains("text-anchor=\"middle\"")
        );
        // A subscript is lowered and what follows it is back on the line.
        assert!(
            set("I_eps(z)")
                .contains(">I<tspan dy=\"1.6\" font-size=\"7\">ε</tspan><tspan dy=\"-1.6\">(z)</tspan></text>")
        );
        assert!(set("S cap S'").contains("font-size=\"12.5\">\u{2009}∩\u{2009}</tspan>"), "{}", set("S cap S'"));
        assert!(!set("a\u{1}b").contains('\u{1}'));
    }

    #[test]
    fn a_missing_glyph_is_a_box() {
        assert_eq!(SANS.glyph_id('漢'), GlyphId(0));
        assert!(SANS.outline(GlyphId(0)).is_some_and(|outline| outline.curves.len() >= 8));
        assert!(width(Face::Sans, "漢", 10.0) > 3.0);
    }

    #[test]
    fn every_claim_can_be_written() {
        for claim in crate::registry::claims() {
            let about = claim.statement();
            let names = about.parameters.iter().map(|parameter| parameter.name.clone());
            let texts = [&about.measured, &about.source, &about.id].map(String::clone);
            for text in &names.chain(texts).collect::<Vec<_>>() {
                for (piece, _) in pieces(text) {
                    let missing: Vec<char> = piece.chars().filter(|c| SANS.glyph_id(*c).0 == 0).collect();
                    assert!(missing.is_empty(), "{missing:?} in {text}");
                }
            }
        }
        for character in "log₁₀−×…≥≤εαβδμ√∈∩∪≠∞·‖∗′’–".chars() {
            assert!(SANS.glyph_id(character).0 != 0, "{character}");
        }
    }

    /// Contours begin where a curve does not go on from the one before.
    #[test]
    fn outlines_keep_their_holes_and_their_place() {
        let ends = |curve: &OutlineCurve| match *curve {
            OutlineCurve::Line(a, b) | OutlineCurve::Quad(a, _, b) | OutlineCurve::Cubic(a, _, _, b) => (a, b),
        };
        let contours = |text: &str| {
            let curves = outlines(text, (0.0, 0.0), small(Anchor::Start));
            1 + curves.windows(2).filter(|pair| ends(&pair[0]).1 != ends(&pair[1]).0).count()
        };
        assert_eq!([contours("o"), contours("8"), contours("l")], [2, 3, 1]);
        let span = |set: Type, of: fn(Point) -> f32| {
            let at: Vec<f32> = outlines("HH", (100.0, 50.0), set).iter().map(|curve| of(ends(curve).0)).collect();
            at.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)))
        };
        let (left, right) = span(small(Anchor::End), |at| at.x);
        assert!(85.0 < left && left < 90.0 && 98.0 < right && right < 100.0, "{left} {right}");
        let (top, bottom) = span(small(Anchor::End), |at| at.y);
        assert!((top + bottom - 100.0).abs() < 0.1, "capitals are centred: {top} {bottom}");
        let (top, bottom) = span(Type { upwards: true, ..small(Anchor::Start) }, |at| at.y);
        assert!(35.0 < top && top < 40.0 && 48.0 < bottom && bottom < 50.0, "{top} {bottom}");
    }

    #[test]
    fn long_texts_break_where_the_sense_does() {
        let room = |text: &str| width(Face::Sans, text, 10.0) + 0.1;
        let lines = wrap(Face::Sans, "one two three four", 10.0, room("one two"), 9);
        assert_eq!(lines, ["one two", "three", "four"]);
        assert!(wrap(Face::Sans, "  ", 10.0, 5.0, 3).is_empty());
        let slack = "slack = log₁₀(bound / measured) (log scale beyond ±1)";
        let lines = wrap(Face::Sans, slack, 10.0, room("slack = log₁₀(bound / measured) (log"), 3);
        assert_eq!(lines, ["slack = log₁₀(bound / measured)", "(log scale beyond ±1)"]);
        let lines = wrap(Face::Sans, "probability of a subset within 1/4", 10.0, room("probability of"), 9);
        assert!(lines.iter().all(|line| !line.ends_with(" of") && line != "of" && !line.ends_with(" a")), "{lines:?}");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert!(width(Face::Sans, &cut(Face::Sans, &"long".repeat(10_000), 10.0, 100.0), 10.0) <= 100.0);
        assert_eq!(cut(Face::Sans, "short", 10.0, 100.0), "short");
        let lines = wrap(Face::Sans, &"word ".repeat(5000), 10.0, 100.0, 3);
        assert!(
            lines.len() == 3
                && lines[2].ends_with('…')
                && lines.iter().all(|line| width(Face::Sans, line, 10.0) <= 100.0)
        );
        assert_eq!(wrap(Face::Sans, &"w".repeat(5000), 10.0, 100.0, 3).len(), 1);
    }
}
