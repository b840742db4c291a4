//! The rows of a large `.npy` file, read one by one when they are asked for.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use super::npy::{self, Dtype};
use super::{NPY, open};
use crate::error::{Error, Result};

/// An n x d array of numbers in a file, of which nothing is held but where they are.
#[derive(Debug)]
pub struct Rows {
    name: String,
    file: Mutex<File>,
    dtype: Dtype,
    /// Where the numbers begin.
    start: u64,
    rows: usize,
    columns: usize,
}

impl Rows {
    /// Opens a `.npy` file of two axes in row-major order; none where it is something else, which must be read as a whole.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged, or its numbers are not real ones.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let name = path.display().to_string();
        let (mut file, Some(length)) = open(path)? else { return Ok(None) };
        let mut start = Vec::new();
        (&mut file).take(NPY.len() as u64).read_to_end(&mut start).map_err(Error::read(path))?;
        if start != NPY {
            return Ok(None);
        }
        let (header, start) = npy::read_header(&name, &mut BufReader::new(start.chain(&mut file)))?;
        let (&[rows, columns], false) = (&header.shape[..], header.fortran_order) else { return Ok(None) };
        let dtype = npy::real_dtype(&name, &header)?;
        npy::check_size(&name, &header, &dtype, Some(length - start))?;
        Ok(Some(Rows { name, file: Mutex::new(file), dtype, start, rows, columns }))
    }

    /// How many rows, and numbers in each.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Sets `row`, of as many numbers as there are columns, to row `index`, from 0.
    ///
    /// # Errors
    /// When it cannot be read, or a number is not finite, or an integer no float64.
    pub fn read(&self, index: usize, row: &mut [f64]) -> Result<()> {
        let width = self.dtype.width();
        let mut bytes = vec![0; row.len() * width];
        let at = self.start + (index * self.columns * width) as u64;
        let mut file = self.file.lock().expect("no holder of the lock panics");
        let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut bytes));
        drop(file);
        read.map_err(Error::read(Path::new(&self.name)))?;
        self.dtype.decode(&self.name, &mut bytes, row)?;
        match row.iter().position(|x| !x.is_finite()) {
            Some(entry) => Err(Error::input(format!(
                "{}: entry {entry} of vector {index} (both from 0) is {}: give finite numbers",
                self.name, row[entry]
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrays::{Reading, read};

    /// A file of version 1 with a header of this type and shape.
    fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn rows_are_those_of_the_whole_array() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let numbers: Vec<f32> = (0..35).map(|i| i as f32 * 0.5 - 3.0).collect();
        let big: Vec<u8> = numbers.iter().flat_map(|x| x.to_be_bytes()).collect();
        let little: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        for (descr, data) in [(">f4", &big), ("<f4", &little)] {
            std::fs::write(&path, npy(descr, "False", "(7, 5)", data)).unwrap();
            let rows = Rows::open(&path).unwrap().unwrap();
            assert_eq!(rows.shape(), (7, 5));
            let whole = read(&path, Reading::default()).unwrap().array.data;
            let mut row = [0.0; 5];
            for index in [6, 0, 3] {
                rows.read(index, &mut row).unwrap();
                assert_eq!(row, whole[5 * index..5 * index + 5]);
            }
        }
    }

    #[test]
    fn what_is_no_array_of_rows_is_none_and_damage_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let open = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Rows::open(&path)
        };
        let data = [0; 32];
        assert!(open(b"1,2\n3,4\n").unwrap().is_none());
        assert!(open(&npy("<f8", "True", "(2, 2)", &data)).unwrap().is_none());
        assert!(open(&npy("<f8", "False", "(4,)", &data)).unwrap().is_none());
        let cut = open(&npy("<f8", "False", "(3, 2)", &data)).unwrap_err().to_string();
        assert!(cut.contains("asks for 48 bytes of numbers, and 32 are there"), "{cut}");
        assert!(open(&npy("<c16", "False", "(1, 2)", &data)).unwrap_err().to_string().contains("complex numbers"));
        let mut with_nan = npy("<f8", "False", "(2, 2)", &data[..24]);
        with_nan.extend(f64::NAN.to_le_bytes());
        let rows = open(&with_nan).unwrap().unwrap();
        let message = rows.read(1, &mut [0.0; 2]).unwrap_err().to_string();
        assert!(message.contains("entry 1 of vector 1 (both from 0) is NaN"), "{message}");
    }
}
