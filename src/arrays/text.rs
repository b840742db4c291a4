//! Numbers as text: a row a line, separated by commas, semicolons, tabs or blanks, with or without a header line.

use std::io::{BufRead, Read};

use super::{Array, failed, reserve};
use crate::error::{Error, Result};

/// The longest line that is read: a file without line ends must not fill the memory.
const LONGEST_LINE: u64 = 1 << 28;
/// What marks a line as a remark.
const REMARK: char = '#';

/// The numbers in the text of a file called `name`, always with two axes. Lines that are blank or begin with `#` are
/// passed over, and so is a first line that has no number in it.
///
/// # Errors
/// When there is no number, a line has more or fewer numbers than the first, something else than a number stands in a
/// line, the text is not UTF-8, or the numbers do not fit into memory. The message has line and column, from 1.
pub(super) fn parse(name: &str, bytes: &mut impl BufRead) -> Result<Array> {
    let mut table = Table { name, layout: None, data: Vec::new() };
    let mut bytes_of_line = Vec::new();
    for line in 1.. {
        bytes_of_line.clear();
        let count = bytes.take(LONGEST_LINE).read_until(b'\n', &mut bytes_of_line).map_err(failed(name))?;
        if count == 0 {
            break;
        }
        if count as u64 == LONGEST_LINE {
            return Err(wrong(name, line, "longer than any row of numbers: give a row a line, or a .npy file"));
        }
        let text = std::str::from_utf8(&bytes_of_line)
            .map_err(|_| wrong(name, line, "this is no UTF-8 text: give numbers as text, or a .npy file"))?;
        // Spreadsheets begin their text with a byte order mark.
        let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
        // Tabs at the ends may separate empty fields.
        let text = text.trim_matches([' ', '\r', '\n']);
        if !text.is_empty() && !text.starts_with(REMARK) {
            table.add(line, text)?;
        }
    }
    let Some(Layout { columns, .. }) = table.layout.filter(|_| !table.data.is_empty()) else {
        return Err(Error::input(format!("{name} holds no number: give a row of numbers a line")));
    };
    Ok(Array { shape: vec![table.data.len() / columns, columns], data: table.data })
}

fn wrong(name: &str, line: usize, what: &str) -> Error {
    Error::input(format!("{name}: line {line}: {what}"))
}

/// How lines fall into fields.
#[derive(Clone, Copy)]
struct Layout {
    /// What stands between the fields; none for blanks, of which there may be several.
    separator: Option<char>,
    columns: usize,
}

impl Layout {
    fn of(line: &str) -> Self {
        let separator = [';', ',', '\t'].into_iter().find(|&separator| line.contains(separator));
        Layout { separator, columns: fields(separator, line).count() }
    }
}

fn fields(separator: Option<char>, line: &str) -> impl Iterator<Item = &str> {
    // Empty pieces lie between blanks, but between other separators a number is missing.
    line.split(separator.unwrap_or(' ')).map(str::trim).filter(move |field| separator.is_some() || !field.is_empty())
}

/// The rows so far.
struct Table<'n> {
    name: &'n str,
    /// As the first line has it.
    layout: Option<Layout>,
    data: Vec<f64>,
}

impl Table<'_> {
    /// Takes a line that has something in it.
    fn add(&mut self, line: usize, text: &str) -> Result<()> {
        let Layout { separator, columns } = match self.layout {
            Some(layout) => layout,
            None => {
                let layout = *self.layout.insert(Layout::of(text));
                if fields(layout.separator, text).all(|field| field.parse::<f64>().is_err()) {
                    return Ok(());
                }
                layout
            }
        };
        let there = fields(separator, text).count();
        if there != columns {
            let what = format!(
                "{there} columns, and {columns} before: give every line as many, and begin remarks with {REMARK}"
            );
            return Err(wrong(self.name, line, &what));
        }
        if self.data.capacity() - self.data.len() < columns {
            let more = (self.data.len() / 2).max(columns);
            reserve(self.name, &mut self.data, more)?;
        }
        for (index, field) in fields(separator, text).enumerate() {
            self.data.push(field.parse().map_err(|_| no_number(self.name, line, index + 1, field))?);
        }
        Ok(())
    }
}

fn no_number(name: &str, line: usize, column: usize, field: &str) -> Error {
    let shown: String = field.chars().take(40).collect();
    Error::input(format!(
        "{name}: line {line}, column {column}: {shown:?} is not a number: write it as -1.5e-3 is written, and begin \
         remarks with {REMARK}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: impl AsRef<[u8]>) -> Result<Array> {
        parse("f.csv", &mut text.as_ref())
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
            "# by savetxt\n1 -2.5 1e-3\n# between\n4 5e300 -0\n",
        ] {
            assert_eq!(parsed(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(parsed("0.5").unwrap().shape, [1, 1]);
        assert_eq!(parsed("1\n2\n3\n").unwrap().shape, [3, 1]);
        assert!(parsed("nan,inf,1\n").unwrap().data[0].is_nan());
    }

    #[test]
    fn every_lie_is_an_input_error_with_its_place() {
        for (text, expected) in [
            ("", "f.csv holds no number"),
            ("\n# nothing\n", "f.csv holds no number"),
            ("a,b\n", "f.csv holds no number"),
            ("1,2\n3\n", "line 2: 1 columns, and 2 before"),
            ("a,b\n1,2,3\n", "line 2: 3 columns, and 2 before"),
            ("1,2\n3,x\n", "line 2, column 2: \"x\" is not a number"),
            ("1,2\n\n3,\n", "line 3, column 2: \"\" is not a number"),
            ("1\t\t3\n", "line 1, column 2: \"\" is not a number"),
            // A damaged number in the first line does not make it a header.
            ("1,2x\n3,4\n", "line 1, column 2: \"2x\" is not a number"),
            (",0,1\n0,2,3\n", "line 1, column 1: \"\" is not a number"),
            ("1;2\n1,5;2,5\n", "line 2, column 1: \"1,5\" is not a number"),
            ("1 2\n3 4 # remark\n", "line 2: 4 columns"),
        ] {
            let error = parsed(text).unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, Error::Input(_)) && message.contains("f.csv"), "{message}");
            assert!(message.contains(expected), "expected {expected}: {message}");
        }
        let message = parsed(b"1,2\n\xff\xfe1\n").unwrap_err().to_string();
        assert!(message.contains("line 2: this is no UTF-8 text"), "{message}");
    }

    #[test]
    fn no_damaged_text_panics() {
        let whole = "a,b\n1,-2.5e3\n4,\u{e9}\n";
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
