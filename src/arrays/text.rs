//! Numbers as text: a row a line, separated by commas, semicolons, tabs or blanks, with or without a header line.
//!
//! A table is read right or refused with line and column: what it is taken for never hangs on a guess that could be wrong
//! without a word.

use std::collections::HashSet;
use std::io::{BufRead, Read};

use super::{Array, Decimal, FirstColumn, FirstLine, Reading, Table, failed, reserve};
use crate::error::{Error, Result};

/// The longest line that is read: a file without line ends must not fill the memory.
const LONGEST_LINE: u64 = 1 << 28;
/// What marks a line as a remark.
const REMARK: char = '#';
/// What stands between fields, the surest sign first: a comma may be a decimal one.
const SEPARATORS: [char; 3] = [';', '\t', ','];
/// Names of columns that number or name the rows, in lower case.
const INDEX_NAMES: [&str; 13] = [
    "index",
    "idx",
    "id",
    "row",
    "rows",
    "rowname",
    "rownames",
    "row.names",
    "row_names",
    "nr",
    "no",
    "level_0",
    "unnamed: 0",
];
/// What spreadsheets write in place of a number that they cannot work out; a line that begins so is no remark.
const SPREADSHEET_ERRORS: [&str; 7] = ["#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"];
/// What to do about a first column that may be an index.
const FIRST_COLUMN: &str = "delete the column or write --first-column index if it is an index, and write --first-column data if \
                            it belongs to the vectors";

/// The numbers in the text of a file called `name`, always with two axes. Lines that are blank or begin with `#` are
/// passed over, and so are a header and a column that is known to be an index.
///
/// # Errors
/// When there is no number, a line has more or fewer numbers than the first, something else than a finite number stands
/// in a line, the text can be taken in two ways, is not UTF-8, or the numbers do not fit into memory. The message has line
/// and column, from 1.
pub(super) fn parse(name: &str, bytes: &mut impl BufRead, reading: Reading) -> Result<Table> {
    let mut lines = Lines { name, bytes, buffer: Vec::new(), number: 0 };
    let Some(first) = lines.next()? else { return Err(no_number(name)) };
    let mut next = lines.next()?;
    let layout = Layout::of(name, &first, next.as_ref(), reading)?;
    let mut rows = Rows::new(name, layout, reading);
    if rows.layout.names.is_none() {
        rows.add(&first)?;
    }
    while let Some(line) = next {
        rows.add(&line)?;
        next = lines.next()?;
    }
    rows.finish()
}

fn no_number(name: &str) -> Error {
    Error::Damaged(format!("{name} holds no number: give a row of numbers a line"))
}

fn wrong(name: &str, line: usize, what: &str) -> Error {
    Error::Damaged(format!("{name}: line {line}: {what}"))
}

/// Where a field stands, both from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn wrong(self, name: &str, what: &str) -> Error {
        Error::Damaged(format!("{name}: line {}, column {}: {what}", self.line, self.column))
    }
}

/// A line with something in it, and its number.
struct Line {
    number: usize,
    text: String,
}

/// The lines that have something in them.
struct Lines<'n, R> {
    name: &'n str,
    bytes: R,
    buffer: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> Result<Option<Line>> {
        loop {
            self.buffer.clear();
            let mut bytes = (&mut self.bytes).take(LONGEST_LINE);
            let count = bytes.read_until(b'\n', &mut self.buffer).map_err(failed(self.name))?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            let number = self.number;
            let refuse = |what: &str| Err(wrong(self.name, number, what));
            if count as u64 == LONGEST_LINE {
                return refuse("longer than any row of numbers: give a row a line, or a .npy file");
            }
            if number == 1 && (self.buffer.starts_with(b"\xff\xfe") || self.buffer.starts_with(b"\xfe\xff")) {
                return refuse("this is UTF-16 text: save it as UTF-8");
            }
            let Ok(text) = std::str::from_utf8(&self.buffer) else {
                return refuse("this is no UTF-8 text: give numbers as text, or a .npy file");
            };
            // Spreadsheets begin their text with a byte order mark.
            let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
            // Tabs at the ends may separate empty fields.
            let text = text.trim_matches([' ', '\r', '\n']);
            if text.contains('\r') {
                return refuse("a carriage return stands inside the line: end lines with a line feed");
            }
            if text.contains('\0') {
                return refuse("a zero byte stands in the line, as in UTF-16 text: save it as UTF-8");
            }
            let names_separator = number == 1 && text.to_ascii_lowercase().starts_with("sep=") && text.len() <= 5;
            if !text.trim().is_empty() && !names_separator && !is_remark(text) {
                return Ok(Some(Line { number, text: text.to_string() }));
            }
        }
    }
}

fn is_remark(line: &str) -> bool {
    let small = line.to_ascii_lowercase();
    line.starts_with(REMARK) && !SPREADSHEET_ERRORS.iter().any(|error| small.starts_with(error))
}

/// A piece of a line.
#[derive(Debug, Clone, Copy)]
struct Field<'l> {
    text: &'l str,
    quoted: bool,
}

impl Field<'_> {
    fn is_blank(&self) -> bool {
        self.text.is_empty() && !self.quoted
    }
}

/// Splits a line into its fields; no separator stands for blanks, of which there may be several.
fn split<'l>(name: &str, line: &'l Line, separator: Option<char>) -> Result<Vec<Field<'l>>> {
    let mut fields = Vec::new();
    let mut rest = line.text.as_str();
    loop {
        rest = rest.trim_start_matches(' ');
        let after = if let Some(inner) = rest.strip_prefix('"') {
            let end = closing_quote(inner).filter(|&end| {
                let after = &inner[end + 1..];
                let ends =
                    separator.map_or(after.starts_with(' '), |sign| after.trim_start_matches(' ').starts_with(sign));
                ends || after.trim().is_empty()
            });
            let Some(end) = end else {
                let place = Place { line: line.number, column: fields.len() + 1 };
                return Err(place.wrong(name, "a quotation mark is not closed, or text follows it: close it"));
            };
            fields.push(Field { text: inner[..end].trim(), quoted: true });
            &inner[end + 1..]
        } else {
            let end = rest.find(separator.unwrap_or(' ')).unwrap_or(rest.len());
            fields.push(Field { text: rest[..end].trim(), quoted: false });
            &rest[end..]
        };
        let after = after.trim_start_matches(' ');
        if after.is_empty() {
            return Ok(fields);
        }
        rest = separator.map_or(after, |separator| &after[separator.len_utf8()..]);
    }
}

/// Where a quoted text ends; two quotation marks stand for one inside it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            return Some(at);
        }
        at += 2;
    }
}

/// What stands between the fields of a line; none for blanks.
fn separator_of(line: &str) -> Option<char> {
    let bare = line.split('"').step_by(2).collect::<Vec<_>>();
    let separator = SEPARATORS.into_iter().find(|&separator| bare.iter().any(|part| part.contains(separator)));
    // Blanks between numbers with decimal commas.
    let pieces = || bare.iter().flat_map(|part| part.split_ascii_whitespace());
    let inside = |piece: &str| !piece.starts_with(',') && !piece.ends_with(',');
    let decimal = |piece: &str| piece.contains(',') && number_of(Field { text: piece, quoted: false }).is_some();
    let blanks = separator == Some(',')
        && bare.iter().any(|part| part.trim().contains(' '))
        && pieces().all(inside)
        && pieces().any(decimal);
    separator.filter(|_| !blanks)
}

/// What stands for a number that is missing or not finite, as programs write it.
fn is_missing(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    ["", "na", "n/a", "<na>", "nan", "null", "none", "missing", "inf", "infinity", ".", "?"].contains(&text.as_str())
        || SPREADSHEET_ERRORS.contains(&text.as_str())
}

/// A finite number as Rust writes it, with a comma in place of the point if need be; none for anything else.
fn number_of(field: Field) -> Option<f64> {
    field.text.replacen(',', ".", 1).parse::<f64>().ok().filter(|_| !is_missing(field.text))
}

/// Whether this is a number with something before or behind it, such as $12 or 1.000,00, rather than a name.
fn begins_as_number(text: &str) -> bool {
    text.chars().find(|sign| sign.is_alphanumeric()).is_some_and(|sign| sign.is_ascii_digit())
}

/// Digits only, but for a sign.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the fields are whole numbers that count on from 0 or 1.
fn count_on(fields: &[Field]) -> bool {
    let numbers: Option<Vec<u64>> = fields.iter().map(|field| field.text.parse().ok()).collect();
    numbers.is_some_and(|numbers| {
        numbers.first().is_some_and(|&first| first <= 1) && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1])
    })
}

/// How lines fall into fields, and what the fields are.
struct Layout {
    separator: Option<char>,
    /// Fields of a line, those of an index too.
    width: usize,
    index: Option<Index>,
    /// The number of the header line, if there is one, and its names.
    names: Option<(usize, Vec<String>)>,
}

/// Why the first column is not part of the vectors.
#[derive(Clone, Copy, PartialEq)]
enum Index {
    /// It has an empty name, as an index of pandas and row names of R have.
    Unnamed,
    /// The header has no name for it, as R's write.table writes row names.
    RowNames,
    /// It alone is quoted.
    Quoted,
    /// The caller says so.
    Given,
}

impl Layout {
    /// The layout that the first two lines imply.
    fn of(name: &str, first: &Line, second: Option<&Line>, reading: Reading) -> Result<Layout> {
        let own = separator_of(&first.text);
        let has_header = match (reading.first_line, second) {
            (Some(FirstLine::Data), _) | (Some(FirstLine::Header), None) => false,
            (Some(FirstLine::Header), Some(_)) => true,
            (None, _) => is_header(name, &split(name, first, own)?, second)?,
        };
        if !has_header {
            let fields = without_empty_end(split(name, first, own)?, 1);
            let width = fields.len();
            let index = match reading.first_column {
                Some(FirstColumn::Index) => Some(Index::Given),
                Some(FirstColumn::Data) => None,
                None => labels_first(&fields).then_some(Index::Quoted),
            };
            return Layout { separator: own, width, index, names: None }.checked(name, first);
        }
        let second = second.ok_or_else(|| no_number(name))?;
        let separator = separator_of(&second.text);
        let fields = split(name, second, separator)?;
        let names = match (separator, fields.len()) {
            // The name of a single column may have blanks in it.
            (None, 1) => vec![Field { text: first.text.trim_matches('"'), quoted: false }],
            _ => without_empty_end(split(name, first, separator)?, 1),
        };
        let fields = without_empty_end(fields, names.len());
        let width = fields.len();
        if let [Field { text: "", .. }, Field { text: "", .. }, ..] = names[..] {
            let what = "the first two columns have no name, as an index of several columns has none: delete them if they are one, \
                        and give them names if they belong to the vectors";
            return Err(Place { line: first.number, column: 2 }.wrong(name, what));
        }
        let one_short = names.len() + 1 == width;
        // A header that is separated in another way has as many names by accident only.
        let alike = own == separator || own.is_none() && names.len() == 1 && !names[0].text.contains(' ');
        let index = match reading.first_column {
            Some(FirstColumn::Index) => Some(Index::Given),
            Some(FirstColumn::Data) => None,
            None if one_short && alike => Some(Index::RowNames),
            None if width > 1 && names.len() == width && names[0].text.is_empty() => Some(Index::Unnamed),
            None => labels_first(&fields).then_some(Index::Quoted),
        };
        if names.len() != width && !(one_short && index.is_some()) {
            let (names, header) = (names.len(), first.number);
            return Err(wrong(
                name,
                second.number,
                &format!(
                    "{width} columns, but the header, line {header}, names {names}: give every column a name, or none, \
                     write decimal points instead of decimal commas, and begin remarks with {REMARK}"
                ),
            ));
        }
        let names = names.iter().map(|field| field.text.to_string()).collect();
        Layout { separator, width, index, names: Some((first.number, names)) }.checked(name, second)
    }

    /// Whether numbers are left beside the index.
    fn checked(self, name: &str, line: &Line) -> Result<Layout> {
        if self.index.is_some() && self.width < 2 {
            return Err(wrong(
                name,
                line.number,
                "there is one column only, so it is no index: leave out --first-column",
            ));
        }
        Ok(self)
    }
}

/// Whether the first field alone is quoted.
fn labels_first(fields: &[Field]) -> bool {
    let [first, others @ ..] = fields else { return false };
    first.quoted && !others.is_empty() && others.iter().all(|field| !field.quoted)
}

/// The fields without the empty ones that separators at the end of a line make, but at least as many as asked for.
fn without_empty_end(mut fields: Vec<Field>, least: usize) -> Vec<Field> {
    while fields.len() > least && fields.last().is_some_and(Field::is_blank) {
        fields.pop();
    }
    fields
}

/// Whether the first line names the columns: it has no number, not even a damaged one, or is quoted throughout while the next is not, or names an
/// index by an empty text and the others by counting.
fn is_header(name: &str, fields: &[Field], second: Option<&Line>) -> Result<bool> {
    let is_number = |field: &Field| number_of(*field).is_some();
    if !fields.iter().any(is_number) {
        let is_name = |field: &Field| !is_missing(field.text) && !begins_as_number(field.text);
        return Ok(fields.iter().any(is_name) && !fields.iter().any(|field| begins_as_number(field.text)));
    }
    if let [Field { text: "", .. }, names @ ..] = fields {
        return Ok(count_on(names));
    }
    let Some(second) = second.filter(|_| fields.iter().all(|field| field.quoted)) else { return Ok(false) };
    Ok(split(name, second, separator_of(&second.text))?.iter().any(|field| is_number(field) && !field.quoted))
}

/// The rows so far, and what they imply for the whole.
struct Rows<'n> {
    name: &'n str,
    reading: Reading,
    layout: Layout,
    data: Vec<f64>,
    decimals: Vec<Decimal>,
    /// Whether a short decimal is no float64.
    rounded: bool,
    /// The number of the first line with numbers.
    first_line: usize,
    /// The first row without any, as spreadsheets leave below a table.
    blank: Option<Place>,
    /// Labels of an index that are numbers.
    labels: Vec<f64>,
    /// Whether a label is quoted or no number.
    named: bool,
    signs: Signs,
}

/// What reveals a header of numbers, an index or a decimal comma.
#[derive(Default)]
struct Signs {
    /// Whether a number that is not whole stands behind the first column.
    fraction_behind_first: bool,
    /// Whether no number after the first line is whole, and whether all are.
    later_fractions: Option<bool>,
    all_whole: Option<bool>,
    first_row_whole: bool,
    /// The first number with a comma, and whether one of them is surely a decimal comma.
    comma: Option<Place>,
    decimal_comma: bool,
    /// The first number with a point, and whether one of them is surely a decimal point.
    point: Option<Place>,
    decimal_point: bool,
    /// The first number such as 05 or -0, which may be what follows or leads a decimal comma.
    padded: Option<Place>,
    /// The digits of every number in an even column, where they are equally many.
    tail: Option<usize>,
    tails_differ: bool,
}

impl<'n> Rows<'n> {
    fn new(name: &'n str, layout: Layout, reading: Reading) -> Self {
        Rows {
            name,
            reading,
            layout,
            data: Vec::new(),
            decimals: Vec::new(),
            rounded: false,
            first_line: 0,
            blank: None,
            labels: Vec::new(),
            named: false,
            signs: Signs::default(),
        }
    }

    /// Numbers a row.
    fn columns(&self) -> usize {
        self.layout.width - usize::from(self.layout.index.is_some())
    }

    fn rows(&self) -> usize {
        self.data.len() / self.columns()
    }

    /// Takes a line that has something in it.
    fn add(&mut self, line: &Line) -> Result<()> {
        let width = self.layout.width;
        let fields = without_empty_end(split(self.name, line, self.layout.separator)?, width);
        if width > 1 && !self.data.is_empty() && fields.iter().all(Field::is_blank) {
            self.blank.get_or_insert(Place { line: line.number, column: 1 });
            return Ok(());
        }
        if let Some(place) = self.blank {
            return Err(place.wrong(self.name, "the row is empty, and rows follow: fill it in, or leave it out"));
        }
        if fields.len() != width {
            let there = fields.len();
            let what = format!(
                "{there} columns, and {width} before: give every line as many, and begin remarks with {REMARK}"
            );
            return Err(wrong(self.name, line.number, &what));
        }
        self.refuse_loose_commas(line)?;
        if self.data.is_empty() {
            self.first_line = line.number;
        }
        let columns = self.columns();
        if self.data.capacity() - self.data.len() < columns {
            let more = (self.data.len() / 2).max(columns);
            reserve(self.name, &mut self.data, more)?;
        }
        let mut numbers = &fields[..];
        if let Some(index) = self.layout.index {
            self.add_label(index, line.number, fields[0])?;
            numbers = &fields[1..];
        }
        for (place, &field) in numbers.iter().enumerate() {
            let column = place + 1 + fields.len() - numbers.len();
            self.add_number(Place { line: line.number, column }, place, field)?;
        }
        Ok(())
    }

    /// Commas with and without blanks in one line may be decimal ones and others.
    fn refuse_loose_commas(&self, line: &Line) -> Result<()> {
        if self.layout.separator != Some(',') || line.text.contains(['.', '"']) {
            return Ok(());
        }
        let loose = line.text.matches(", ").count();
        if loose == 0 || loose == line.text.matches(',').count() {
            return Ok(());
        }
        let what = "commas with and without a blank behind them stand here: write decimal points, not decimal commas, and \
                    separate all numbers alike";
        Err(wrong(self.name, line.number, what))
    }

    fn add_label(&mut self, index: Index, line: usize, field: Field) -> Result<()> {
        match number_of(field) {
            Some(label) if index == Index::Unnamed && label.fract() != 0.0 => Err(Place { line, column: 1 }.wrong(
                self.name,
                &format!("{:?} is no row number, but the first column has no name: {FIRST_COLUMN}", field.text),
            )),
            Some(label) => {
                self.named |= field.quoted;
                self.labels.push(label);
                Ok(())
            }
            None => {
                self.named = true;
                Ok(())
            }
        }
    }

    /// Takes the number in column `column` of the vectors, from 0.
    fn add_number(&mut self, place: Place, column: usize, field: Field) -> Result<()> {
        let refuse = |what: &str| {
            let shown: String = field.text.chars().take(40).collect();
            Err(place.wrong(self.name, &format!("{shown:?} is {what}")))
        };
        if is_missing(field.text) {
            let finite = if field.text.to_ascii_lowercase().contains("inf") { "not finite" } else { "not a number" };
            return refuse(&format!("{finite}: write a finite number, or leave the row out"));
        }
        let comma = field.text.contains(',');
        // A comma is a decimal one where it separates nothing.
        let value = number_of(field).filter(|_| !comma || self.layout.width > 1 || field.quoted);
        let Some(value) = value else {
            let header = match self.layout.names {
                None if place.line == self.first_line => "; --first-line header passes over the first line",
                _ => "",
            };
            let index = match place.column {
                1 if self.layout.width > 1 => "; --first-column index passes over the first column",
                _ => "",
            };
            return refuse(&format!(
                "not a number: write it as -1.5e-3 is written, without thousands separators, and begin remarks with \
                 {REMARK}{header}{index}"
            ));
        };
        if value.is_infinite() {
            return refuse("too large for a float64: write a smaller number");
        }
        self.see_comma_or_point(place, field.text)?;
        self.see_digits(place, column, field.text);
        if !is_whole(field.text) || self.reading.decimal {
            let decimal = Decimal::parse(&field.text.replacen(',', ".", 1));
            self.rounded |= decimal.is_some_and(Decimal::is_rounded);
            if self.reading.decimal {
                let Some(decimal) = decimal else {
                    return refuse("beyond 38 digits: write fewer, or leave out --decimal");
                };
                self.decimals.push(decimal);
            }
        }
        self.data.push(value);
        Ok(())
    }

    fn see_comma_or_point(&mut self, place: Place, text: &str) -> Result<()> {
        let signs = &mut self.signs;
        if text.contains(',') {
            signs.comma.get_or_insert(place);
            signs.decimal_comma |= !could_be_thousands(text, ',');
        } else if text.contains('.') {
            signs.point.get_or_insert(place);
            signs.decimal_point |= !could_be_thousands(text, '.');
        }
        match (signs.comma, signs.point) {
            (Some(_), Some(_)) => Err(place.wrong(
                self.name,
                &format!("{text:?}, but decimal commas and decimal points stand in one file: write points everywhere"),
            )),
            _ => Ok(()),
        }
    }

    fn see_digits(&mut self, place: Place, column: usize, text: &str) {
        let is_first_row = self.rows() == 0;
        let signs = &mut self.signs;
        let whole = is_whole(text);
        signs.fraction_behind_first |= !whole && column > 0;
        signs.all_whole = Some(whole && signs.all_whole.unwrap_or(true));
        match is_first_row {
            true if column == 0 => signs.first_row_whole = whole,
            true => signs.first_row_whole &= whole,
            false => signs.later_fractions = Some(!whole && signs.later_fractions.unwrap_or(true)),
        }
        let digits = text.trim_start_matches(['+', '-']);
        if digits.len() > 1 && digits.starts_with('0') || text == "-0" {
            signs.padded.get_or_insert(place);
        }
        if column % 2 == 1 {
            signs.tails_differ |= text != digits || signs.tail.is_some_and(|tail| tail != digits.len());
            signs.tail = Some(digits.len());
        }
    }

    /// The table, unless all its lines together can be taken in two ways.
    fn finish(self) -> Result<Table> {
        if self.data.is_empty() {
            return Err(no_number(self.name));
        }
        let mut notes = Vec::new();
        match self.layout.index {
            Some(index) => notes.push(self.judge_index(index)?),
            None => notes.extend(self.judge_first_column()?),
        }
        notes.extend(self.judge_first_line()?);
        notes.extend(self.judge_commas()?);
        let shape = vec![self.rows(), self.columns()];
        let array = Array { shape, data: self.data };
        Ok(Table { array, decimals: self.decimals, notes, rounded: self.rounded })
    }

    /// Whether the index is one; says that it is passed over.
    fn judge_index(&self, index: Index) -> Result<String> {
        let place = Place { line: self.first_line, column: 1 };
        let refuse = |what: &str| Err(place.wrong(self.name, &format!("{what}: {FIRST_COLUMN}")));
        let distinct: HashSet<u64> = self.labels.iter().map(|label| label.to_bits()).collect();
        match index {
            Index::Unnamed if distinct.len() < self.labels.len() => {
                return refuse("the first column has no name, but a number twice");
            }
            Index::RowNames if !self.named && !self.labels_count_rows() => {
                return refuse(&format!(
                    "{} columns, but the header names {}, and the first column does not count the rows",
                    self.layout.width,
                    self.columns()
                ));
            }
            _ => {}
        }
        Ok(format!("{}: the first column is taken for an index and skipped", self.name))
    }

    /// Whether the labels number the rows, and are surely not what leads decimal commas.
    fn labels_count_rows(&self) -> bool {
        let decimal_commas = self.layout.separator == Some(',') && self.signs.all_whole == Some(true);
        self.rows() > 1 && counts_rows(self.labels.iter().copied()) && !decimal_commas
    }

    /// Whether the first column may be an index that nothing else reveals; a word on it where that is unlikely.
    fn judge_first_column(&self) -> Result<Option<String>> {
        let (rows, columns) = (self.rows(), self.columns());
        if columns < 2 || self.reading.first_column == Some(FirstColumn::Data) {
            return Ok(None);
        }
        let first = || self.data.iter().step_by(columns).copied();
        let place = Place { line: self.first_line, column: 1 };
        let names = self.layout.names.as_ref().map(|(_, names)| names[0].to_ascii_lowercase());
        let distinct: HashSet<u64> = match &names {
            Some(first_name) if INDEX_NAMES.contains(&first_name.as_str()) => first().map(f64::to_bits).collect(),
            _ => HashSet::new(),
        };
        if distinct.len() == rows && first().all(|x| x.fract() == 0.0) {
            let name = names.unwrap_or_default();
            return Err(place.wrong(self.name, &format!("the first column is called {name:?}: {FIRST_COLUMN}")));
        }
        if rows < 2 || !counts_rows(first()) {
            return Ok(None);
        }
        let what = "the first column counts the rows";
        if names.is_none() && rows > 2 && self.signs.fraction_behind_first {
            return Err(place.wrong(self.name, &format!("{what}: {FIRST_COLUMN}")));
        }
        Ok(Some(format!("{}: {what}, and is read as data; if it is an index, write --first-column index", self.name)))
    }

    /// Whether the first line may be a header of numbers; a word on it where that is unlikely.
    fn judge_first_line(&self) -> Result<Option<String>> {
        if self.layout.names.is_some() || self.reading.first_line.is_some() || self.rows() < 2 {
            return Ok(None);
        }
        let row = &self.data[..self.columns()];
        let signs = &self.signs;
        let rising = row.len() > 1 && row.windows(2).all(|pair| pair[0] < pair[1]);
        let counts = (row.len() > 1 || row == [0.0]) && counts_rows(row.iter().copied());
        let unlike = signs.later_fractions == Some(true);
        if !signs.first_row_whole || !(counts || rising && unlike && self.rows() > 2) {
            return Ok(None);
        }
        let what = "is a row of whole numbers that may be a header";
        if signs.all_whole == Some(false) {
            let what = format!("this {what}: write --first-line header or --first-line data, whichever it is");
            return Err(wrong(self.name, self.first_line, &what));
        }
        let line = self.first_line;
        Ok(Some(format!(
            "{}: line {line} {what}, and is read as data; if it is one, write --first-line header",
            self.name
        )))
    }

    /// Whether commas and points may be meant otherwise; a word on it where that is unlikely.
    fn judge_commas(&self) -> Result<Option<String>> {
        let signs = &self.signs;
        if let Some(place) = signs.comma.filter(|_| !signs.decimal_comma) {
            return Err(place.wrong(
                self.name,
                "the comma may be a decimal one or separate thousands: write a decimal point, or no comma",
            ));
        }
        let continental = self.layout.separator == Some(';');
        if let Some(place) = signs.point.filter(|_| continental && !signs.decimal_point) {
            return Err(place.wrong(
                self.name,
                "between semicolons the point may be a decimal one or separate thousands: write no point for thousands, and \
                 four digits or more behind a decimal point, such as 1.2340",
            ));
        }
        let pairs = self.layout.separator == Some(',') && self.columns().is_multiple_of(2);
        if !pairs || signs.all_whole != Some(true) {
            return Ok(None);
        }
        if let Some(place) = signs.padded {
            return Err(place.wrong(
                self.name,
                "this may be a part of a number with a decimal comma: write decimal points, and whole numbers without a \
                 leading 0",
            ));
        }
        let alike = !signs.tails_differ && signs.tail.is_some_and(|tail| tail > 1) && self.rows() > 2;
        let (name, columns) = (self.name, self.columns());
        Ok(alike.then(|| {
            format!("{name}: the commas separate {columns} columns; if they are decimal commas, write decimal points")
        }))
    }
}

/// Whether the comma or point of this number may separate thousands.
fn could_be_thousands(text: &str, sign: char) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let parts = digits.split_once(sign).filter(|(whole, _)| !whole.starts_with('0') && (1..=3).contains(&whole.len()));
    parts.is_some_and(|(whole, tail)| tail.len() == 3 && is_whole(whole) && tail.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the numbers are 0, 1, 2 and so on, or 1, 2, 3 and so on.
fn counts_rows(mut numbers: impl Iterator<Item = f64>) -> bool {
    let Some(first) = numbers.next().filter(|&first| first == 0.0 || first == 1.0) else { return false };
    numbers.enumerate().all(|(index, number)| number == first + (index + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>, reading: Reading) -> Result<Table> {
        parse("f.csv", &mut text.as_ref(), reading)
    }

    fn parsed(text: impl AsRef<[u8]>) -> Result<Array> {
        read(text, Reading::default()).map(|table| table.array)
    }

    fn refusal(text: &str) -> String {
        let error = parsed(text).expect_err(text);
        assert!(error.is_input(), "{error}");
        error.to_string()
    }

    #[test]
    fn every_separator_header_and_line_end_gives_the_same_numbers() {
        let expected = Array { shape: vec![2, 3], data: vec![1.0, -2.5, 0.001, 4.0, 5e300, -0.0] };
        for text in [
            "1,-2.5,1e-3\n4,5e300,-0\n",
            "1, -2.5, 1e-3\n 4, 5e300, -0",
            "1;-2.5;1E-3\r\n4;5e+300;-0\r\n",
            "1\t-2.5\t.001\n\n4\t5e300\t-0\n\n",
            "  1   -2.5 1e-3\n4 5e300    -0  \n",
            "a,b,c\n1,-2.5,1e-3\n4,5e300,-0\n",
            "\u{feff}\"a\",\"b\",\"c\"\n1,-2.5,1e-3\n4,5e300,-0\n",
            "sep=;\n1;-2.5;1e-3\n4;5e300;-0\n",
            "a,b,c,,\n1,-2.5,1e-3,,\n4,5e300,-0,,\n,,,,\n,,,,\n",
            "1,-2.5,1e-3,,\n4,5e300,-0,,\n",
            "a name,another one,c\n1,-2.5,1e-3\n4,5e300,-0\n",
            "1.000;-2.5;.001\n4.000;5e300;-0\n",
            "# by savetxt\n1 -2.5 1e-3\n# between\n4 5e300 -0\n",
            "\"1\",\"-2.5\",\"1e-3\"\n\"4\",\"5e300\",\"-0\"\n",
            "1,-2.5,1e-3,\n4,5e300,-0,\n",
            "1\t-2.5\t1e-3\t\r\n4\t5e300\t-0\t\r\n",
            "a;b;c;\n1;-2.5;1e-3;\n4;5e300;-0;\n",
            "a,b,c\n1,-2.5,1e-3,\n4,5e300,-0,\n",
            "1;-2,5;1e-3\n4;5e300;-0\n",
            "1\t-2,5\t0,001\n4\t5e300\t-0\n",
            "1 -2,5 0,001\n4 5e300 -0\n",
            "\"1\",\"-2,5\",\"0,001\"\n\"4\",\"5e300\",\"-0\"\n",
            "name (m; s) , b,\"c,\"\"d\"\"\"\n1,-2.5,1e-3\n4,5e300,-0\n",
        ] {
            assert_eq!(parsed(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(parsed("0.5").unwrap().shape, [1, 1]);
        assert_eq!(parsed("1\n2\n3\n").unwrap().shape, [3, 1]);
        assert_eq!(parsed("Amount (EUR)\n1\n2\n3\n").unwrap().shape, [3, 1]);
    }

    #[test]
    fn an_index_is_passed_over_with_a_word() {
        let expected = Array { shape: vec![2, 2], data: vec![0.62, -1.31, -0.48, 0.17] };
        for text in [
            ",x,y\n0,0.62,-1.31\n1,-0.48,0.17\n",
            ",0,1\n0,0.62,-1.31\n1,-0.48,0.17\n",
            "\"\",\"x\",\"y\"\n\"a\",0.62,-1.31\n\"b\",-0.48,0.17\n",
            ",x,y\n7,0.62,-1.31,\n3,-0.48,0.17,\n",
            ";x;y\n2020-01-01;0,62;-1,31\n2020-01-02;-0,48;0,17\n",
            "\"x\" \"y\"\n\"1\" 0.62 -1.31\n\"2\" -0.48 0.17\n",
            "\"x\" \"y\"\n\"first one\" 0.62 -1.31\n\"second\" -0.48 0.17\n",
            "\"x\"\t\"y\"\n\"1\"\t0,62\t-1,31\n\"2\"\t-0,48\t0,17\n",
            "\"x\" \"y\"\n\"1\" 0,62 -1,31\n\"2\" -0,48 0,17\n",
            "x y\n1 0.62 -1.31\n2 -0.48 0.17\n",
            "x,y\na,0.62,-1.31\nb,-0.48,0.17\n",
            "\"1\" 0.62 -1.31\n\"2\" -0.48 0.17\n",
        ] {
            let table = read(text, Reading::default()).expect(text);
            assert_eq!(table.array, expected, "{text:?}");
            assert_eq!(table.notes, ["f.csv: the first column is taken for an index and skipped"], "{text:?}");
        }
        let one = parsed("\"x\"\n\"1\" 0.62\n\"2\" -0.48\n").unwrap();
        assert_eq!(one, Array { shape: vec![2, 1], data: vec![0.62, -0.48] });
    }

    #[test]
    fn what_may_be_an_index_is_refused_or_told() {
        for text in [
            "0,0.62,-1.31\n1,-0.48,0.17\n2,1.05,0.93\n",
            "1;0,62\n2;-0,48\n3;1,05\n",
            "id,x\n10,0.62\n17,-0.48\n",
            "Index,x,y\n0,0.4,0.3\n",
            "Unnamed: 0,x,y\n0,0.4,0.3\n",
            ",x\n0.5,0.62\n1,-0.48\n",
            ",x\n1,0.62\n1,-0.48\n",
            "x,y\n3,0.62,1\n7,-0.48,2\n",
        ] {
            let message = refusal(text);
            assert!(message.contains("column 1: ") && message.contains("write --first-column index"), "{message}");
        }
        let table = |text: &str, first_column| {
            read(text, Reading { first_column: Some(first_column), ..Reading::default() }).expect(text)
        };
        let text = "0,0.62\n1,-0.48\n2,1.05\n";
        let index = table(text, FirstColumn::Index);
        assert_eq!(index.array, Array { shape: vec![3, 1], data: vec![0.62, -0.48, 1.05] });
        let data = table(text, FirstColumn::Data);
        assert_eq!((data.array.shape, data.notes.len()), (vec![3, 2], 0));
        // Columns that are data by their name, or among whole numbers.
        for text in ["k,x\n1,0.62\n2,-0.48\n3,1.05\n", "1,7\n2,3\n3,8\n", "0,0.5\n1,2.5\n"] {
            let table = read(text, Reading::default()).unwrap();
            assert_eq!(table.array.shape[1], 2);
            assert!(
                table.notes[0].contains("the first column counts the rows, and is read as data"),
                "{:?}",
                table.notes
            );
        }
        let message = read("1\n2\n", Reading { first_column: Some(FirstColumn::Index), ..Reading::default() });
        assert!(message.unwrap_err().to_string().contains("line 1: there is one column only"));
    }

    #[test]
    fn a_header_of_numbers_is_refused_or_told() {
        for text in [
            "0,1\n0.62,-1.31\n-0.48,0.17\n",
            "1;2\n0,62;-1,31\n-0,48;0,17\n",
            "0\n0.62\n-0.48\n",
            "2019,2020,2022\n0.62,-1.31,0.5\n-0.48,0.17,0.5\n",
        ] {
            let message = refusal(text);
            assert!(
                message.contains("line 1: ") && message.contains("--first-line header or --first-line data"),
                "{message}"
            );
            let told =
                |line| read(text, Reading { first_line: Some(line), ..Reading::default() }).unwrap().array.shape[0];
            assert_eq!((told(FirstLine::Header), told(FirstLine::Data)), (2, 3));
        }
        // Quoted, while no number is.
        assert_eq!(parsed("\"1\",\"2\"\n0.62,-1.31\n").unwrap().shape, [1, 2]);
        let table = read("1,2\n30,40\n", Reading::default()).unwrap();
        assert_eq!(table.array.shape, [2, 2]);
        assert!(table.notes[0].contains("line 1 is a row of whole numbers that may be a header"), "{:?}", table.notes);
        // The only line is no header.
        let told = Reading { first_line: Some(FirstLine::Header), ..Reading::default() };
        assert_eq!(read("0.4,0.3\n", told).unwrap().array.shape, [1, 2]);
    }

    #[test]
    fn decimal_commas_are_read_right_or_refused() {
        for (text, expected) in [
            ("1,234;2,345\n", "line 1, column 1: the comma may be a decimal one or separate thousands"),
            ("1,5;2.5\n", "line 1, column 2: \"2.5\", but decimal commas and decimal points"),
            ("\"1,000.00\"\n", "line 1, column 1: \"1,000.00\" is not a number"),
            ("1.000,00;2\n", "line 1, column 1: \"1.000,00\" is not a number"),
            ("0,62, -1,31\n-0,48, 0,17\n", "line 1: commas with and without a blank"),
            ("0,62,-1,31\n1,05,0,93\n", "line 2, column 2: this may be a part of a number with a decimal comma"),
            ("0,62\n-0,48\n", "line 2, column 1: this may be a part of a number with a decimal comma"),
            ("x\n0,62\n1,45\n", "line 2, column 1: 2 columns, but the header names 1"),
        ] {
            let message = refusal(text);
            assert!(message.contains(expected), "expected {expected}: {message}");
        }
        assert_eq!(parsed("0,125;1,500\n").unwrap().data, [0.125, 1.5]);
        let table = read("1,25\n3,50\n2,75\n", Reading::default()).unwrap();
        assert!(table.notes[0].contains("if they are decimal commas, write decimal points"), "{:?}", table.notes);
    }

    #[test]
    fn decimals_are_kept_where_asked() {
        let table = read("x\n12.50\n\"-0,1\"\n3\n", Reading { decimal: true, ..Reading::default() });
        assert!(table.unwrap_err().to_string().contains("decimal commas and decimal points"));
        let table = read("12.50\n-0.1\n3\n", Reading { decimal: true, ..Reading::default() }).unwrap();
        assert_eq!(table.decimals, ["12.5", "-.1", "3"].map(|text| Decimal::parse(text).unwrap()));
        let rounded = |text: &str| read(text, Reading::default()).unwrap().rounded;
        assert!(rounded("0.5\n0.1\n") && !rounded("0.5\n3\n") && !rounded("0.1000000000000000055511151231\n"));
        let long = format!("{}\n", "1".repeat(40));
        let message = read(long, Reading { decimal: true, ..Reading::default() }).unwrap_err().to_string();
        assert!(message.contains("beyond 38 digits"), "{message}");
    }

    #[test]
    fn every_lie_is_an_input_error_with_its_place() {
        for (text, expected) in [
            ("", "f.csv holds no number"),
            ("\n# nothing\n", "f.csv holds no number"),
            ("a,b\n", "f.csv holds no number"),
            ("1,2\n3\n", "line 2: 1 columns, and 2 before"),
            ("a,b\n1,2,3\n", "line 2, column 1: 3 columns, but the header names 2"),
            ("a,b\n1,2,3,4\n", "line 2: 4 columns, but the header, line 1, names 2"),
            ("1,2\n3,x\n", "line 2, column 2: \"x\" is not a number"),
            ("1,2\n\n3,\n", "line 3, column 2: \"\" is not a number"),
            ("1,2,\n3,4,5\n", "line 2: 3 columns, and 2 before"),
            ("a,b,c\n1,2,\n", "line 2, column 3: \"\" is not a number"),
            ("1\t\t3\n", "line 1, column 2: \"\" is not a number"),
            (",\n", "line 1, column 1: \"\" is not a number"),
            // A damaged number in the first line does not make it a header.
            ("1,2x\n3,4\n", "line 1, column 2: \"2x\" is not a number"),
            ("$12.50\n13\n", "line 1, column 1: \"$12.50\" is not a number"),
            ("12 EUR;x\n13;14\n", "line 1, column 1: \"12 EUR\" is not a number"),
            ("\u{2212}1\n2\n", "line 1, column 1: \"\u{2212}1\" is not a number"),
            ("NA,nan\n3,4\n", "line 1, column 1: \"NA\" is not a number"),
            (",5,1\n0,2,3\n", "line 1, column 1: \"\" is not a number"),
            ("1,2\n#N/A,4\n", "line 2, column 1: \"#N/A\" is not a number"),
            ("#DIV/0!,2\n3,4\n", "line 1, column 1: \"#DIV/0!\" is not a number"),
            ("1,2\n,\n3,4\n", "line 2, column 1: the row is empty, and rows follow"),
            (",,x\n0,0,0.5\n", "line 1, column 2: the first two columns have no name"),
            ("% remark\n1,2,3\n", "begin remarks with #"),
            ("1\0\n", "line 1: a zero byte stands in the line, as in UTF-16 text"),
            ("1.234;2\n2.000;3\n", "line 1, column 1: between semicolons the point may be a decimal one"),
            ("x\n1\nNULL\n", "line 3, column 1: \"NULL\" is not a number"),
            ("1,-inf\n", "line 1, column 2: \"-inf\" is not finite"),
            ("1e999\n", "line 1, column 1: \"1e999\" is too large"),
            ("1 2\n3 4 # remark\n", "line 2: 4 columns"),
            ("1,\"2\n", "line 1, column 2: a quotation mark is not closed"),
            ("1,\"2\"3\n", "line 1, column 2: a quotation mark is not closed"),
            ("1,2\r3,4\n", "line 1: a carriage return"),
            ("x,y\na,1\n", "line 2, column 1: \"a\" is not a number"),
        ] {
            let message = refusal(text);
            assert!(message.contains("f.csv") && message.contains(expected), "expected {expected}: {message}");
        }
        let message = parsed(b"1,2\n\xff\xfe1\n").unwrap_err().to_string();
        assert!(message.contains("line 2: this is no UTF-8 text"), "{message}");
        let message = parsed(b"\xff\xfe1\x00\n\x00").unwrap_err().to_string();
        assert!(message.contains("line 1: this is UTF-16 text"), "{message}");
    }

    #[test]
    fn no_damaged_text_panics() {
        let whole = ",\"b\"\n1,-2.5e3\n\"4\",\u{e9}\n";
        for index in 0..whole.len() {
            let _ = parsed(&whole.as_bytes()[..index]);
            for byte in 0..=u8::MAX {
                let mut flipped = whole.as_bytes().to_vec();
                flipped[index] = byte;
                let _ = parsed(&flipped);
            }
        }
    }
}
