//! Figures as PDF, for papers: vectors, texts that are texts, and the font embedded. The same figure is the same file.

use std::collections::BTreeMap;
use std::io::Write;

use ab_glyph::{Font, GlyphId};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, LineJoinStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};

use super::canvas::{Canvas, Colour, Place, Shape, Stroke};
use super::text::{CAPITALS, EM, Face, Type, line};

const FONT: Name = Name(b"F");
const ADOBE: SystemInfo = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A circle is drawn by four curves, whose handles have this length for a radius of 1.
const HANDLE: f32 = 0.552_284_8;

/// The picture as PDF.
pub fn pdf(canvas: &Canvas) -> Vec<u8> {
    let scale = canvas.points_per_pixel() as f32;
    let (width, height) = (canvas.size().0 as f32 * scale, canvas.size().1 as f32 * scale);
    let mut content = Content::new();
    // The sheet's pixels, y downwards, on paper, whose y goes upwards.
    content.transform([scale, 0.0, 0.0, -scale, 0.0, height]);
    content.set_line_join(LineJoinStyle::RoundJoin);
    canvas.shapes().iter().for_each(|shape| draw(&mut content, shape));
    let mut used = BTreeMap::new();
    for (text, place, set) in canvas.texts() {
        write(&mut content, canvas.face(), (text, *place, *set), &mut used);
    }
    let mut pdf = Pdf::new();
    let [catalog, pages, page, body] = [1, 2, 3, 4].map(Ref::new);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(body);
    sheet.resources().fonts().pair(FONT, Ref::new(5));
    sheet.finish();
    let content = deflated(&content.finish());
    pdf.stream(body, &content).filter(Filter::FlateDecode);
    embed(&mut pdf, canvas.face(), &used);
    pdf.finish()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a Vec takes what it is given")
}

fn part(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

fn fill_colour(content: &mut Content, Colour(red, green, blue): Colour) {
    content.set_fill_rgb(part(red), part(green), part(blue));
}

fn pen(content: &mut Content, Stroke(Colour(red, green, blue), width): Stroke) {
    content.set_stroke_rgb(part(red), part(green), part(blue)).set_line_width(width as f32);
}

fn path(content: &mut Content, places: &[Place]) {
    for (index, (x, y)) in places.iter().enumerate() {
        let (x, y) = (*x as f32, *y as f32);
        if index == 0 {
            content.move_to(x, y)
        } else {
            content.line_to(x, y)
        };
    }
}

fn circle(content: &mut Content, (x, y): Place, radius: f64) {
    let (x, y, r) = (x as f32, y as f32, radius as f32);
    let h = HANDLE * r;
    content.move_to(x + r, y);
    content.cubic_to(x + r, y + h, x + h, y + r, x, y + r);
    content.cubic_to(x - h, y + r, x - r, y + h, x - r, y);
    content.cubic_to(x - r, y - h, x - h, y - r, x, y - r);
    content.cubic_to(x + h, y - r, x + r, y - h, x + r, y);
    content.close_path();
}

fn draw(content: &mut Content, shape: &Shape) {
    match shape {
        Shape::Fill(corners, colour) => {
            fill_colour(content, *colour);
            path(content, corners);
            content.close_path().fill_nonzero();
        }
        Shape::Line { places, is_closed, stroke, dash } => {
            pen(content, *stroke);
            match dash {
                Some(dash) => content.set_dash_pattern([dash.on as f32, dash.off as f32], dash.skip as f32),
                None => content.set_dash_pattern([], 0.0),
            };
            path(content, places);
            if *is_closed {
                content.close_and_stroke()
            } else {
                content.stroke()
            };
        }
        Shape::Disc(centre, radius, colour) => {
            fill_colour(content, *colour);
            circle(content, *centre, *radius);
            content.fill_nonzero();
        }
        Shape::Circle(centre, radius, stroke) => {
            pen(content, *stroke);
            content.set_dash_pattern([], 0.0);
            circle(content, *centre, *radius);
            content.stroke();
        }
    }
}

/// A text, glyph by glyph in runs of one height and size; what it uses is noted.
fn write(
    content: &mut Content,
    face: Face,
    (text, place, set): (&str, Place, Type),
    used: &mut BTreeMap<GlyphId, char>,
) {
    let (glyphs, length) = line(face, text);
    let unit = set.size as f32 / EM;
    let start = set.anchor.start(length);
    let drop = 0.5 * CAPITALS as f32 * EM;
    fill_colour(content, set.colour);
    content.begin_text();
    for glyph in glyphs {
        used.insert(glyph.id, glyph.character);
        let (along, down) = ((start + glyph.x) * unit, (drop - glyph.rise) * unit);
        let (x, y) = if set.upwards { (down, -along) } else { (along, down) };
        let (x, y) = (place.0 as f32 + x, place.1 as f32 + y);
        // The sheet's y goes downwards, glyphs' upwards.
        let matrix = if set.upwards { [0.0, -1.0, -1.0, 0.0, x, y] } else { [1.0, 0.0, 0.0, -1.0, x, y] };
        content.set_font(FONT, set.size as f32 * glyph.scale).set_text_matrix(matrix);
        content.show(Str(&glyph.id.0.to_be_bytes()));
    }
    content.end_text();
}

/// The font, with the widths and the characters of the glyphs that are used.
fn embed(pdf: &mut Pdf, face: Face, used: &BTreeMap<GlyphId, char>) {
    let [font, cid, descriptor, file, cmap] = [5, 6, 7, 8, 9].map(Ref::new);
    let name = match face {
        Face::Sans => Name(b"LEMMAS+DejaVuSansCondensed"),
        Face::Serif => Name(b"LEMMAS+DejaVuSerifCondensed"),
    };
    let thousandths = |units: f32| units * 1000.0 / EM;
    pdf.type0_font(font).base_font(name).encoding_predefined(Name(b"Identity-H")).descendant_font(cid).to_unicode(cmap);
    let mut cid_font = pdf.cid_font(cid);
    cid_font.subtype(CidFontType::Type2).base_font(name).system_info(ADOBE).font_descriptor(descriptor);
    cid_font.cid_to_gid_map_predefined(Name(b"Identity")).default_width(0.0);
    let mut widths = cid_font.widths();
    for id in used.keys() {
        widths.consecutive(id.0, [thousandths(face.font().h_advance_unscaled(*id))]);
    }
    widths.finish();
    cid_font.finish();
    let flags = if face == Face::Serif { FontFlags::SYMBOLIC | FontFlags::SERIF } else { FontFlags::SYMBOLIC };
    let font = face.font();
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(flags)
        .bbox(Rect::new(-1000.0, -400.0, 2000.0, 1300.0))
        .italic_angle(0.0)
        .ascent(thousandths(font.ascent_unscaled()))
        .descent(thousandths(font.descent_unscaled()))
        .cap_height(CAPITALS as f32 * 1000.0)
        .stem_v(90.0)
        .font_file2(file);
    let bytes = face.file();
    let packed = deflated(bytes);
    pdf.stream(file, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), bytes.len() as i32);
    let mut characters = UnicodeCmap::new(Name(b"Characters"), ADOBE);
    used.iter().for_each(|(id, character)| characters.pair(id.0, *character));
    pdf.cmap(cmap, &characters.finish());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::plot::text::{Anchor, small};

    #[test]
    fn texts_are_texts_in_an_embedded_font() {
        let mut canvas = Canvas::new("t", (100.0, 50.0)).on_paper(Face::Serif, Some(0.8));
        canvas.disc((10.0, 10.0), 3.0, Colour(255, 0, 0));
        canvas.text("eps^2 = 10^-9", (50.0, 20.0), small(Anchor::Middle));
        let bytes = pdf(&canvas);
        assert_eq!(bytes, pdf(&canvas));
        let text = String::from_utf8_lossy(&bytes);
        for part in ["%PDF-1.", "/MediaBox [0 0 80 40]", "/ToUnicode", "/FontFile2", "LEMMAS+DejaVuSerifCondensed"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(text.trim_end().ends_with("%%EOF"));
    }
}
