//! Arrays of numbers from files: NumPy's `.npy` and `.npz`, and numbers as text.

mod decimal;
mod npy;
mod npz;
mod rows;
mod text;

pub use decimal::{Decimal, decimal_text, in_common_unit};
pub use npz::{members, read_member, read_members, read_text, shapes};
pub use rows::Rows;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// An array of numbers in row-major order, whatever the order in its file was.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The length of each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// The numbers, the last axis running fastest. They may be NaN or infinite.
    pub data: Vec<f64>,
}

impl Array {
    /// The shape as NumPy writes it, for messages.
    pub fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }
}

/// A shape as NumPy writes it, for messages.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    match shape {
        [length] => format!("({length},)"),
        shape => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// All bytes of a file, if memory holds them and the numbers that they may become.
///
/// # Errors
/// When it does not, or the file cannot be read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let (_, length) = open(path)?;
    if let Some((length, free)) = length.and_then(|length| Some((length, lacking_memory(length)?))) {
        return Err(Error::TooLarge(format!(
            "{} has {}, and {} of memory are free: give a smaller file",
            path.display(),
            gigabytes(length),
            gigabytes(free)
        )));
    }
    std::fs::read(path).map_err(Error::read(path))
}

/// What is known of a text beyond what stands in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// What the first line is; the text decides where nothing else does.
    pub first_line: Option<FirstLine>,
    /// What the first column is; the text decides where nothing else does.
    pub first_column: Option<FirstColumn>,
    /// Whether the numbers are kept as decimals too.
    pub decimal: bool,
}

/// What the first line of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLine {
    /// Names of the columns.
    Header,
    /// Numbers.
    Data,
}

/// What the first column of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstColumn {
    /// Names or numbers of the rows.
    Index,
    /// Numbers.
    Data,
}

/// The numbers of a file, and what else is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The numbers.
    pub array: Array,
    /// The same numbers exactly as written, where they were asked for.
    pub decimals: Vec<Decimal>,
    /// What was passed over, and what may be meant otherwise, each in a sentence.
    pub notes: Vec<String>,
    /// Whether a number is written as a short decimal that no float64 equals, such as 0.1.
    pub rounded: bool,
}

/// What a `.npy` file begins with.
const NPY: &[u8] = b"\x93NUMPY";
/// What a zip archive begins with, as a `.npz` file is one.
pub(crate) const ZIP: &[u8] = b"PK";

/// Reads the array in a `.npy` file, or in text: a row a line, its numbers separated by commas, semicolons, tabs or
/// blanks. Text has always two axes. What the file begins with decides, not its name.
///
/// # Errors
/// When the file cannot be read, does not fit into memory, is damaged, holds anything but real numbers, is text that can be
/// taken in two ways, or holds binary numbers where decimals are asked for.
pub fn read(path: &Path, reading: Reading) -> Result<Table> {
    let name = path.display().to_string();
    let (mut file, length) = open(path)?;
    let mut start = Vec::new();
    (&mut file).take(NPY.len() as u64).read_to_end(&mut start).map_err(Error::read(path))?;
    if start.is_empty() {
        return Err(Error::Damaged(format!("{name} is empty: give a .npy file, or numbers as text")));
    }
    if start.starts_with(ZIP) {
        return Err(Error::Damaged(format!(
            "{name} is an archive, as .npz and .xlsx files are: give one array, saved with np.save('x.npy', x), or a spreadsheet's \
             table saved as CSV"
        )));
    }
    let is_npy = start == NPY || path.extension().is_some_and(|ending| ending == "npy");
    let mut bytes = BufReader::new(start.chain(file));
    if !is_npy {
        return text::parse(&name, &mut bytes, reading);
    }
    if reading.decimal {
        return Err(Error::input(format!(
            "{name} holds binary numbers, and --decimal asks for decimals as they are written: give text, for example by \
             np.savetxt('x.csv', x, fmt='%.2f', delimiter=','), or leave out --decimal"
        )));
    }
    let array = npy::parse(&name, &mut bytes, length)?;
    Ok(Table { array, decimals: Vec::new(), notes: Vec::new(), rounded: false })
}

/// Opens a file, and returns its length where it has one: pipes have none.
fn open(path: &Path) -> Result<(File, Option<u64>)> {
    let file = File::open(path).map_err(Error::read(path))?;
    let metadata = file.metadata().map_err(Error::read(path))?;
    if metadata.is_dir() {
        return Err(Error::input(format!("{} is a folder: name a file in it", path.display())));
    }
    Ok((file, metadata.is_file().then_some(metadata.len())))
}

/// What the operating system said while a file called `name` was read.
fn failed(name: &str) -> impl FnOnce(std::io::Error) -> Error {
    Error::read(Path::new(name))
}

/// Makes room for `more` numbers. Where memory is handed out that is not there, running short of it would end the
/// process, so how much is there is asked first.
fn reserve(name: &str, numbers: &mut Vec<f64>, more: usize) -> Result<()> {
    let bytes = |numbers: usize| (numbers as u64).saturating_mul(size_of::<f64>() as u64);
    let all = gigabytes(bytes(numbers.len().saturating_add(more)));
    let lack = |free: String| {
        Error::TooLarge(format!("{name} does not fit into memory: its numbers take {all} as float64{free}: give fewer"))
    };
    if let Some(free) = lacking_memory(bytes(more)) {
        return Err(lack(format!(", and {} are free", gigabytes(free))));
    }
    numbers.try_reserve_exact(more).map_err(|_| lack(String::new()))
}

/// So many bytes for people, in GB or, where these are few, in MB.
pub(crate) fn gigabytes(bytes: u64) -> String {
    const FEW: u64 = 100_000_000;
    if bytes < FEW { format!("{:.1} MB", bytes as f64 / 1e6) } else { format!("{:.1} GB", bytes as f64 / 1e9) }
}

/// So few bytes (16 MiB) are always there: asking takes longer than what they are for.
const ALWAYS_FREE: u64 = 1 << 24;

/// The bytes of memory that can be had without swapping, where these are fewer than so many, as far as the operating system says.
pub(crate) fn lacking_memory(bytes: u64) -> Option<u64> {
    if bytes <= ALWAYS_FREE {
        return None;
    }
    free_memory().filter(|&free| bytes > free)
}

fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes: u64 =
        text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_begins_with_decides() {
        let folder = tempfile::tempdir().unwrap();
        let read_bytes = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            read(&path, Reading::default()).map(|table| table.array)
        };
        let one = npy::tests::file("'<f8'", "(1,)", false, &1.5f64.to_le_bytes());
        assert_eq!(read_bytes("x.txt", &one).unwrap(), Array { shape: vec![1], data: vec![1.5] });
        assert_eq!(read_bytes("x.csv", b"1,2\n").unwrap(), Array { shape: vec![1, 2], data: vec![1.0, 2.0] });
        for (name, bytes, expected) in [
            ("x.npy", &b""[..], "x.npy is empty"),
            ("x.npy", b"1,2\n", "x.npy does not begin as a .npy file"),
            ("x.npy", &one[..3], "x.npy does not begin as a .npy file"),
            ("x.npz", b"PK\x03\x04", "saved with np.save"),
        ] {
            let message = read_bytes(name, bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(read(folder.path(), Reading::default()).unwrap_err().to_string().contains("is a folder: name a file"));
        assert!(matches!(read(&folder.path().join("none.npy"), Reading::default()), Err(Error::Read { .. })));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_refused_and_nothing_aborts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.npy");
        let header = npy::tests::file("'|u1'", "(274877906944,)", false, &[]);
        std::fs::write(&path, &header).unwrap();
        let length = header.len() as u64 + (1 << 38);
        // The file takes no room: it is a hole.
        if File::options().write(true).open(&path).unwrap().set_len(length).is_ok() {
            let message = read(&path, Reading::default()).unwrap_err().to_string();
            assert!(message.contains("large.npy does not fit into memory: its numbers take 2199.0 GB"), "{message}");
        }
        assert!(reserve("x", &mut Vec::new(), usize::MAX).is_err());
    }

    #[test]
    fn shapes_are_written_as_numpy_does() {
        let text = |shape: &[usize]| Array { shape: shape.to_vec(), data: vec![] }.shape_text();
        assert_eq!([text(&[]), text(&[3]), text(&[3, 0])], ["()", "(3,)", "(3, 0)"]);
    }
}
