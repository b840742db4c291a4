//! The `.npy` format, versions 1 to 3: a magic number, a Python dict literal with type, order and shape, then numbers.

use std::io::Read;

use half::f16;

use super::{Array, NPY, failed, reserve};
use crate::error::{Error, Result};

/// The longest header that is read; NumPy itself writes less than a hundredth of it for numbers.
const LONGEST_HEADER: u64 = 1 << 20;
/// Bytes that are read at once: a multiple of every type's width.
const CHUNK: usize = 1 << 16;
/// What to do about damage.
const AGAIN: &str = "write it again with np.save('x.npy', x)";

/// The array in the bytes of a `.npy` file called `name`, of which there are `length` in all, if that is known.
///
/// # Errors
/// When the header is not NumPy's, the type is not one of real numbers, there are more or fewer numbers than the shape
/// says or more than fit into memory, or an integer is not exact as a float64.
pub(super) fn parse(name: &str, bytes: &mut impl Read, length: Option<u64>) -> Result<Array> {
    let (header, header_length) = read_header(name, bytes)?;
    let dtype = real_dtype(name, &header)?;
    let (count, size) = check_size(name, &header, &dtype, length.map(|length| length.saturating_sub(header_length)))?;
    let mut data = Vec::new();
    reserve(name, &mut data, count)?;
    let mut order = header.fortran_order.then(|| {
        data.resize(count, 0.0);
        Fortran::new(&header.shape)
    });
    let place = |number| match &mut order {
        Some(order) => data[order.next()] = number,
        None => data.push(number),
    };
    read_numbers(name, bytes, &dtype, size, place)?;
    Ok(Array { shape: header.shape, data })
}

/// The type of the numbers.
///
/// # Errors
/// When they are not real.
pub(super) fn real_dtype(name: &str, header: &Header) -> Result<Dtype> {
    Dtype::parse(&header.descr).ok_or_else(|| Error::input(format!("{name}: {}", refusal(&header.descr))))
}

/// How many numbers the shape asks for, and bytes; `there` is how many bytes there are, if that is known.
///
/// # Errors
/// When that is another number, or more than any memory holds.
pub(super) fn check_size(name: &str, header: &Header, dtype: &Dtype, there: Option<u64>) -> Result<(usize, u64)> {
    let shape = &header.shape;
    let too_large =
        || Error::Damaged(format!("{name}: its header gives the shape {shape:?}, larger than any memory: {AGAIN}"));
    let count = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
    let count = count.ok_or_else(too_large)?;
    let size = (count as u64).checked_mul(dtype.width as u64).ok_or_else(too_large)?;
    match there.filter(|&there| there != size) {
        Some(there) => Err(Error::Damaged(format!(
            "{name} is damaged: the shape {shape:?} asks for {size} bytes of numbers, and {there} are there: {AGAIN}"
        ))),
        None => Ok((count, size)),
    }
}

/// The type and the shape that a header gives; of a structured type an empty text.
pub(super) fn header(name: &str, bytes: &mut impl Read) -> Result<(String, Vec<usize>)> {
    let (header, _) = read_header(name, bytes)?;
    let descr = match header.descr {
        Descr::Plain(descr) => descr,
        Descr::Structured => String::new(),
    };
    Ok((descr, header.shape))
}

/// Decodes `size` bytes, which must be the last ones.
fn read_numbers(name: &str, bytes: &mut impl Read, dtype: &Dtype, size: u64, mut place: impl FnMut(f64)) -> Result<()> {
    let mut left = size;
    let mut chunk = vec![0; CHUNK];
    while left > 0 {
        let chunk = &mut chunk[..left.min(CHUNK as u64) as usize];
        bytes.read_exact(chunk).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Error::Damaged(format!("{name} is cut short: it lacks up to {left} bytes of numbers: {AGAIN}"))
            }
            _ => failed(name)(error),
        })?;
        for word in chunk.chunks_exact_mut(dtype.width) {
            place(dtype.number(name, word)?);
        }
        left -= chunk.len() as u64;
    }
    match bytes.take(1).read_to_end(&mut Vec::new()).map_err(failed(name))? {
        0 => Ok(()),
        _ => Err(Error::Damaged(format!("{name} holds more numbers than its shape says: {AGAIN}"))),
    }
}

/// A type of real numbers.
#[derive(Debug)]
pub(super) struct Dtype {
    width: usize,
    big_endian: bool,
    decode: Decode,
}

/// From the little-endian bytes of one number; none where it is no float64.
type Decode = fn(&[u8]) -> Option<f64>;

impl Dtype {
    /// Bytes of a number.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Sets numbers to those of as many words of bytes, which are spoilt.
    pub(super) fn decode(&self, name: &str, bytes: &mut [u8], numbers: &mut [f64]) -> Result<()> {
        for (word, number) in bytes.chunks_exact_mut(self.width).zip(numbers) {
            *number = self.number(name, word)?;
        }
        Ok(())
    }

    fn number(&self, name: &str, word: &mut [u8]) -> Result<f64> {
        if self.big_endian {
            word.reverse();
        }
        (self.decode)(word).ok_or_else(|| {
            Error::input(format!(
                "{name} holds an integer beyond 2^53 that is no float64: save x.astype(np.float64), which rounds it"
            ))
        })
    }

    /// The type that NumPy calls so, such as `<f8`; none for what is not a real number of up to 8 bytes.
    fn parse(descr: &Descr) -> Option<Dtype> {
        let Descr::Plain(descr) = descr else { return None };
        let (endianness, kind) = match descr.strip_prefix(['<', '>', '=', '|']) {
            Some(kind) => (&descr[..1], kind),
            None => ("=", descr.as_str()),
        };
        let (width, decode): (usize, Decode) = match kind {
            "f8" => (8, |bytes| Some(f64::from_le_bytes(word(bytes)))),
            "f4" => (4, |bytes| Some(f32::from_le_bytes(word(bytes)).into())),
            "f2" => (2, |bytes| Some(f16::from_le_bytes(word(bytes)).into())),
            "i8" => (8, |bytes| exact(i64::from_le_bytes(word(bytes)).into())),
            "i4" => (4, |bytes| Some(i32::from_le_bytes(word(bytes)).into())),
            "i2" => (2, |bytes| Some(i16::from_le_bytes(word(bytes)).into())),
            "i1" => (1, |bytes| Some(i8::from_le_bytes(word(bytes)).into())),
            "u8" => (8, |bytes| exact(u64::from_le_bytes(word(bytes)).into())),
            "u4" => (4, |bytes| Some(u32::from_le_bytes(word(bytes)).into())),
            "u2" => (2, |bytes| Some(u16::from_le_bytes(word(bytes)).into())),
            "u1" => (1, |bytes| Some(u8::from_le_bytes(word(bytes)).into())),
            "b1" | "?" => (1, |bytes| Some(if bytes == [0] { 0.0 } else { 1.0 })),
            _ => return None,
        };
        let big_endian = match endianness {
            ">" => true,
            "=" => cfg!(target_endian = "big"),
            // No order means nothing for more than one byte.
            "|" if width > 1 => return None,
            _ => false,
        };
        Some(Dtype { width, big_endian, decode })
    }
}

fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a word has the width of its type")
}

/// An integer of up to 64 bits as a float64 of the same value, if there is one.
fn exact(integer: i128) -> Option<f64> {
    let float = integer as f64;
    (float as i128 == integer).then_some(float)
}

/// Why a type is not taken, and what to save instead.
fn refusal(descr: &Descr) -> String {
    let Descr::Plain(descr) = descr else {
        return "its dtype is structured: save one array of numbers, such as x['field'].astype(np.float64)".into();
    };
    let what = match descr.trim_start_matches(['<', '>', '=', '|']).chars().next() {
        Some('c') => "complex numbers: save x.real or x.imag",
        Some('O') => "Python objects: save x.astype(np.float64), if they are numbers",
        Some('U' | 'S' | 'a') => "texts: save x.astype(np.float64), if they are numbers",
        _ => "not float16 to float64, int8 to uint64 or bool: save x.astype(np.float64)",
    };
    format!("its dtype is {descr:?}, {what}")
}

/// The row-major places of the numbers of a Fortran-ordered file, in which the first axis runs fastest.
struct Fortran {
    /// For each axis its length, its row-major stride and the index on it.
    axes: Vec<(usize, usize, usize)>,
    place: usize,
}

impl Fortran {
    fn new(shape: &[usize]) -> Self {
        let mut stride = 1;
        let mut axes: Vec<_> = shape
            .iter()
            .rev()
            .map(|&length| {
                let axis = (length, stride, 0);
                stride *= length;
                axis
            })
            .collect();
        axes.reverse();
        Fortran { axes, place: 0 }
    }

    fn next(&mut self) -> usize {
        let place = self.place;
        for (length, stride, index) in &mut self.axes {
            *index += 1;
            self.place += *stride;
            if *index < *length {
                break;
            }
            self.place -= *index * *stride;
            *index = 0;
        }
        place
    }
}

/// What the header's dict says.
pub(super) struct Header {
    descr: Descr,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

/// The type of the numbers, as the header writes it.
enum Descr {
    /// A text such as `<f8`.
    Plain(String),
    /// A list of fields.
    Structured,
}

/// Reads up to the first number; returns how many bytes that were.
pub(super) fn read_header(name: &str, bytes: &mut impl Read) -> Result<(Header, u64)> {
    let damaged = |what: &str| Error::Damaged(format!("{name}: {what}: {AGAIN}"));
    let mut take = |count: u64| -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        bytes.take(count).read_to_end(&mut taken).map_err(failed(name))?;
        Ok(taken)
    };
    let start = take(NPY.len() as u64 + 2)?;
    let Some(&[major, _]) = start.strip_prefix(NPY) else {
        return Err(Error::Damaged(format!("{name} does not begin as a .npy file does: {AGAIN}")));
    };
    let width = match major {
        1 => 2,
        2 | 3 => 4,
        _ => return Err(damaged(&format!("its format has the version {major}, and 1 to 3 are known"))),
    };
    let length_bytes = take(width)?;
    let length = length_bytes.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte));
    if length_bytes.len() as u64 != width || length > LONGEST_HEADER {
        return Err(damaged("it is damaged: the length of its header is cut short or too large"));
    }
    let text = take(length)?;
    if text.len() as u64 != length {
        return Err(damaged("it is cut short: its header is longer than the file"));
    }
    let text = String::from_utf8_lossy(&text);
    let header = Literal { rest: &text }.header().map_err(|what| damaged(&format!("its header {what}")))?;
    Ok((header, NPY.len() as u64 + 2 + width + length))
}

/// A Python literal, as far as headers need it. There is no recursion, so no depth of brackets is too deep.
struct Literal<'a> {
    rest: &'a str,
}

type Parsed<T> = std::result::Result<T, String>;

impl<'a> Literal<'a> {
    /// `{'descr': ..., 'fortran_order': ..., 'shape': ...}`, in any order.
    fn header(mut self) -> Parsed<Header> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.skip('}') {
            let key = self.text()?;
            self.expect(':')?;
            match key {
                "descr" => descr = Some(self.descr()?),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => shape = Some(self.shape()?),
                _ => return Err(format!("has an unknown key {key:?}")),
            }
            // The fields of a structured type are not read, nor what follows them.
            if let Some(Descr::Structured) = descr {
                return Ok(Header { descr: Descr::Structured, fortran_order: false, shape: Vec::new() });
            }
            if !self.skip(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(format!("continues after its end with {:?}", self.excerpt()));
        }
        Ok(Header {
            descr: descr.ok_or("lacks descr")?,
            fortran_order: fortran_order.ok_or("lacks fortran_order")?,
            shape: shape.ok_or("lacks shape")?,
        })
    }

    fn descr(&mut self) -> Parsed<Descr> {
        if self.skip('[') { Ok(Descr::Structured) } else { Ok(Descr::Plain(self.text()?.into())) }
    }

    fn boolean(&mut self) -> Parsed<bool> {
        let rest = self.rest.trim_start();
        let found = [("True", true), ("False", false)]
            .into_iter()
            .find_map(|(word, value)| rest.strip_prefix(word).map(|rest| (rest, value)));
        let (rest, value) = found.ok_or_else(|| self.unexpected("True or False"))?;
        self.rest = rest;
        Ok(value)
    }

    fn shape(&mut self) -> Parsed<Vec<usize>> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.skip(')') {
            shape.push(self.integer()?);
            if !self.skip(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn integer(&mut self) -> Parsed<usize> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let value = rest[..end].parse().map_err(|_| self.unexpected("the length of an axis"))?;
        // Python 2 marked long integers.
        self.rest = rest[end..].strip_prefix('L').unwrap_or(&rest[end..]);
        Ok(value)
    }

    fn text(&mut self) -> Parsed<&'a str> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|quote| ['\'', '"'].contains(quote));
        let inner = quote.and_then(|quote| rest[1..].split_once(quote));
        let (text, rest) = inner.ok_or_else(|| self.unexpected("a quoted text"))?;
        self.rest = rest;
        Ok(text)
    }

    fn skip(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, sign: char) -> Parsed<()> {
        if self.skip(sign) { Ok(()) } else { Err(self.unexpected(&format!("{sign:?}"))) }
    }

    fn unexpected(&self, expected: &str) -> String {
        format!("has {:?} where {expected} belongs", self.excerpt())
    }

    /// What comes next, short enough for a message.
    fn excerpt(&self) -> String {
        self.rest.trim().chars().take(20).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A `.npy` file of version 1, as NumPy writes it.
    pub(in crate::arrays) fn file(descr: &str, shape: &str, fortran: bool, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        with_header(&format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"), data)
    }

    fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
        let padded = format!("{header:<117}\n");
        [NPY, &[1, 0], &(padded.len() as u16).to_le_bytes(), padded.as_bytes(), data].concat()
    }

    fn parsed(bytes: &[u8]) -> Result<Array> {
        let known = parse("f.npy", &mut &bytes[..], Some(bytes.len() as u64));
        let piped = parse("f.npy", &mut &bytes[..], None);
        assert_eq!(known.is_ok(), piped.is_ok(), "the length changes what is taken: {known:?}, {piped:?}");
        known
    }

    fn numbers(descr: &str, words: &[&[u8]]) -> Vec<f64> {
        let array = parsed(&file(descr, &format!("({},)", words.len()), false, &words.concat())).unwrap();
        assert_eq!(array.shape, [words.len()]);
        array.data
    }

    #[test]
    fn every_type_of_real_numbers_is_exact() {
        assert_eq!(numbers("'<f8'", &[&0.1f64.to_le_bytes(), &(-0.0f64).to_le_bytes()]), [0.1, -0.0]);
        assert_eq!(numbers("'>f8'", &[&0.1f64.to_be_bytes()]), [0.1]);
        assert_eq!(numbers("'=f8'", &[&0.1f64.to_ne_bytes()]), [0.1]);
        assert_eq!(numbers("'f8'", &[&0.1f64.to_ne_bytes()]), [0.1]);
        assert_eq!(numbers("'<f4'", &[&0.1f32.to_le_bytes()]), [f64::from(0.1f32)]);
        assert_eq!(
            numbers("'>f4'", &[&0.1f32.to_be_bytes(), &f32::MAX.to_be_bytes()]),
            [f64::from(0.1f32), f32::MAX.into()]
        );
        // 1.5, the least positive number, the greatest, minus infinity.
        let halves = [0x3e00u16, 0x0001, 0x7bff, 0xfc00];
        let expected = [1.5, 2f64.powi(-24), 65504.0, f64::NEG_INFINITY];
        assert_eq!(numbers("'<f2'", &halves.map(u16::to_le_bytes).each_ref().map(|half| &half[..])), expected);
        assert_eq!(numbers("'|i1'", &[&[0x80], &[0x7f]]), [-128.0, 127.0]);
        assert_eq!(numbers("'|u1'", &[&[0xff]]), [255.0]);
        assert_eq!(numbers("'<i2'", &[&(-2i16).to_le_bytes()]), [-2.0]);
        assert_eq!(numbers("'>u2'", &[&65535u16.to_be_bytes()]), [65535.0]);
        assert_eq!(numbers("'>i4'", &[&i32::MIN.to_be_bytes()]), [-2147483648.0]);
        assert_eq!(numbers("'<u4'", &[&u32::MAX.to_le_bytes()]), [4294967295.0]);
        assert_eq!(numbers("'<i8'", &[&(-(1i64 << 53)).to_le_bytes()]), [-9007199254740992.0]);
        assert_eq!(numbers("'<i8'", &[&i64::MIN.to_le_bytes()]), [-9223372036854775808.0]);
        assert_eq!(numbers("'>u8'", &[&(1u64 << 63).to_be_bytes()]), [9223372036854775808.0]);
        assert_eq!(numbers("'|b1'", &[&[0], &[1]]), [0.0, 1.0]);
        assert!(numbers("'<f8'", &[&f64::NAN.to_le_bytes()])[0].is_nan());
    }

    #[test]
    fn integers_that_are_no_float64_are_refused() {
        for (descr, bytes) in [
            ("'<i8'", ((1i64 << 53) + 1).to_le_bytes()),
            ("'<i8'", i64::MAX.to_le_bytes()),
            ("'<u8'", u64::MAX.to_le_bytes()),
        ] {
            let message = parsed(&file(descr, "(1,)", false, &bytes)).unwrap_err().to_string();
            assert!(message.contains("f.npy holds an integer beyond 2^53"), "{message}");
        }
    }

    #[test]
    fn fortran_order_becomes_row_major() {
        // The entry at (a, b, c) is 100 a + 10 b + c.
        let entry = |a: u8, b: u8, c: u8| 100 * a + 10 * b + c;
        let mut stored = Vec::new();
        let mut expected = Vec::new();
        for c in 0..4 {
            for b in 0..3 {
                stored.extend((0..2).map(|a| entry(a, b, c)));
            }
        }
        for a in 0..2 {
            for b in 0..3 {
                expected.extend((0..4).map(|c| f64::from(entry(a, b, c))));
            }
        }
        let array = parsed(&file("'|u1'", "(2, 3, 4)", true, &stored)).unwrap();
        assert_eq!(array, Array { shape: vec![2, 3, 4], data: expected });
        let row_major = parsed(&file("'|u1'", "(2, 3, 4)", false, &stored)).unwrap();
        assert_eq!(row_major.data, stored.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        for (shape, count) in [("()", 1), ("(0,)", 0), ("(3, 0)", 0), ("(1, 2)", 2)] {
            assert_eq!(parsed(&file("'|u1'", shape, true, &stored[..count])).unwrap().data.len(), count);
        }
    }

    #[test]
    fn more_than_one_chunk_is_read() {
        let stored: Vec<u8> = (0..CHUNK as u32 / 2).flat_map(u32::to_le_bytes).collect();
        let array = parsed(&file("'<u4'", "(2, 16384)", false, &stored)).unwrap();
        assert_eq!(array.shape, [2, 16384]);
        assert!(array.data.iter().enumerate().all(|(index, &x)| x == index as f64));
    }

    #[test]
    fn headers_may_be_written_otherwise() {
        for header in [
            "{'descr':'|u1','fortran_order':False,'shape':(2,1)}",
            "{ \"shape\" : ( 2L , 1L , ) ,\n \"fortran_order\" : True , \"descr\" : \"|u1\" , }",
        ] {
            assert_eq!(
                parsed(&with_header(header, &[7, 8])).unwrap(),
                Array { shape: vec![2, 1], data: vec![7.0, 8.0] }
            );
        }
        for version in [2, 3] {
            let header = b"{'descr': '|u1', 'fortran_order': False, 'shape': ()}";
            let length = (header.len() as u32).to_le_bytes();
            let bytes = [NPY, &[version, 0], &length, header, &[9]].concat();
            assert_eq!(parsed(&bytes).unwrap(), Array { shape: vec![], data: vec![9.0] });
        }
    }

    #[test]
    fn every_lie_is_an_input_error_that_names_the_file() {
        let dtype = |descr| file(descr, "(1,)", false, &[0; 16]);
        let header = |text: &str| with_header(text, &[]);
        let cases = [
            ("does not begin as a .npy file", b"\x93NUMPX\x01\x00".to_vec()),
            ("the version 4", [NPY, &[4, 0]].concat()),
            ("the length of its header", [NPY, &[1, 0, 9]].concat()),
            ("the length of its header", [NPY, &[2, 0, 255, 255, 255, 255]].concat()),
            ("longer than the file", [NPY, &[1, 0, 9, 0, b'{']].concat()),
            ("has \"\" where a quoted text", header("{")),
            ("has \"[]\" where '{'", header("[]")),
            ("an unknown key \"a\"", header("{'a': 1}")),
            ("lacks descr", header("{}")),
            ("lacks shape", header("{'descr': '<f8', 'fortran_order': False}")),
            ("where True or False", header("{'fortran_order': 0}")),
            ("where the length of an axis", header("{'shape': (-1,)}")),
            ("where the length of an axis", header("{'shape': (99999999999999999999,)}")),
            ("where '(' belongs", header(&format!("{{'shape': {}", "[".repeat(60_000)))),
            ("where '}' belongs", header("{'shape': (1,) 'descr'")),
            ("continues after its end", header("{'descr': '<f8', 'fortran_order': False, 'shape': ()} + 1")),
            ("larger than any memory", file("'<f8'", "(4294967296, 4294967296)", false, &[])),
            ("larger than any memory", file("'<f8'", "(4611686018427387904,)", false, &[])),
            ("structured", dtype("[('a', '<f8'), ('b', [('c', '<i4')])]")),
            ("complex numbers: save x.real", dtype("'<c16'")),
            ("Python objects", dtype("'|O'")),
            ("texts", dtype("'<U4'")),
            ("save x.astype(np.float64)", dtype("'<f16'")),
            ("save x.astype(np.float64)", dtype("'|f8'")),
            ("save x.astype(np.float64)", dtype("'<M8[ns]'")),
            ("save x.astype(np.float64)", dtype("''")),
            ("save x.astype(np.float64)", dtype("'é'")),
        ];
        for (what, bytes) in cases {
            let error = parsed(&bytes).unwrap_err();
            let message = error.to_string();
            assert!(error.is_input() && message.contains("f.npy"), "{message}");
            assert!(message.contains(what), "expected {what}: {message}");
        }
        for (length, known, piped) in
            [(15, "asks for 16 bytes", "is cut short"), (17, "and 17 are there", "more numbers")]
        {
            let bytes = file("'<f8'", "(2,)", false, &vec![0; length]);
            let message = |length| parse("f.npy", &mut &bytes[..], length).unwrap_err().to_string();
            let (known_message, piped_message) = (message(Some(bytes.len() as u64)), message(None));
            assert!(known_message.contains(known), "{known_message}");
            assert!(piped_message.contains(piped), "{piped_message}");
        }
    }

    #[test]
    fn no_damaged_file_panics() {
        let whole = file("'<i8'", "(2, 3)", true, &[1; 48]);
        assert!(parsed(&whole).is_err(), "0x0101010101010101 is no float64");
        let whole = file("'<f8'", "(2, 3)", true, &[1; 48]);
        assert!(parsed(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(parsed(&whole[..length]).is_err(), "cut to {length} bytes");
        }
        for index in 0..whole.len() {
            for flip in [0x01, 0x15, 0x80, 0xff] {
                let mut flipped = whole.clone();
                flipped[index] ^= flip;
                let _ = parsed(&flipped);
            }
        }
    }
}
