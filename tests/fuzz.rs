//! Mutated files for every reader: each is read, or refused with a message, in bounded time and memory.
//!
//! One function a reader. The mutations are seeded, and the seconds bound how many of them are tried.

use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use lemmascope::arrays::{self, FirstColumn, FirstLine, Reading};
use lemmascope::experiment::Experiment;
use lemmascope::formula::{Condition, Formula, Number};
use lemmascope::hash::sha256_hex;
use lemmascope::random::Stream;
use lemmascope::record;
use lemmascope::run::checkpoint;
use lemmascope::show::report::{self, Search};
use lemmascope::store::{CODE, Store};
use rand::RngExt;

/// What each reader gets.
const SECONDS: Duration = Duration::from_secs(3);
/// So many mutants are tried on a slow machine, too.
const LEAST_MUTANTS: usize = 400;
/// The longest that one small file may take on a busy machine.
const MOST_SECONDS: Duration = Duration::from_secs(5);
/// By how much the memory of the whole process may grow.
const MOST_MEMORY_KB: u64 = 1 << 19;

/// Valid files of one format, and words that mean something in it.
struct Seeds {
    files: Vec<Vec<u8>>,
    words: Vec<&'static [u8]>,
}

impl Seeds {
    /// A file with up to four mutations.
    fn mutant(&self, stream: &mut Stream) -> Vec<u8> {
        let mut bytes = self.pick(stream).clone();
        for _ in 0..stream.random_range(1..=4) {
            self.mutate(&mut bytes, stream);
        }
        bytes
    }

    fn pick(&self, stream: &mut Stream) -> &Vec<u8> {
        &self.files[stream.random_range(0..self.files.len())]
    }

    fn mutate(&self, bytes: &mut Vec<u8>, stream: &mut Stream) {
        let at = stream.random_range(0..=bytes.len());
        let end = (at + stream.random_range(0..=8)).min(bytes.len());
        match stream.random_range(0..7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..end),
            3 => drop(bytes.splice(at..end, self.words[stream.random_range(0..self.words.len())].iter().copied())),
            4 => {
                let other = self.pick(stream);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[at.min(other.len())..]);
            }
            5 => drop(bytes.splice(at..at, std::iter::repeat_n(stream.random(), stream.random_range(1..300)))),
            _ => bytes[at..end].iter_mut().for_each(|byte| *byte = stream.random()),
        }
    }

    /// Reads mutants until the time is over; `read` returns the message of a refusal.
    fn try_on(&self, read: impl Fn(&Path) -> Result<(), String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mutant");
        let mut stream = Stream::new(51, 52);
        let (start, before) = (Instant::now(), peak_memory_kb());
        let (mut taken, mut refused) = (0, 0);
        while start.elapsed() < SECONDS || taken + refused < LEAST_MUTANTS {
            let bytes = self.mutant(&mut stream);
            std::fs::write(&path, &bytes).unwrap();
            let begin = Instant::now();
            let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&path)));
            assert!(begin.elapsed() < MOST_SECONDS, "{:?} for {:?}", begin.elapsed(), bytes.escape_ascii().to_string());
            match read {
                Ok(Ok(())) => taken += 1,
                Ok(Err(message)) => {
                    assert!(message.len() > 10, "{message:?} for {:?}", bytes.escape_ascii().to_string());
                    refused += 1;
                }
                Err(_) => panic!("a panic for {:?}", bytes.escape_ascii().to_string()),
            }
        }
        println!("{} mutants: {taken} read, {refused} refused", taken + refused);
        assert!(taken > 20 && refused > 20, "{taken} read, {refused} refused: the mutants try nothing");
        let grown = peak_memory_kb().saturating_sub(before);
        assert!(grown < MOST_MEMORY_KB, "{grown} kB more");
    }
}

/// The most memory that this process ever held, where the operating system reports it.
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn npy(descr: &str, shape: &str, fortran: bool, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn npy_files() -> Vec<Vec<u8>> {
    vec![
        npy("<f8", "(2, 3)", false, &[1; 48]),
        npy(">f4", "(2, 2)", true, &[63; 16]),
        npy("|u1", "(5,)", false, &[1, 2, 3, 4, 5]),
        npy("<i8", "()", false, &7i64.to_le_bytes()),
    ]
}

#[test]
fn npy_is_read_or_refused() {
    let words = [
        &b"9999999999"[..],
        b"99999999999999999999",
        b"(((((((((((((((",
        b"[('a', '<f8')]",
        b"<c16",
        b"True",
        b"L",
        b"\xff\xff\xff\xff",
        b"\x02\x00",
        b"'",
    ];
    let seeds = Seeds { files: npy_files(), words: words.to_vec() };
    seeds.try_on(|path| arrays::read(path, Reading::default()).map(drop).map_err(|error| error.to_string()));
}

#[test]
fn npz_is_read_or_refused() {
    let archive = |method| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in ["x.npy", "y.npy"].into_iter().zip(npy_files()) {
            writer.start_file(name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(&bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let files = vec![archive(zip::CompressionMethod::Stored), archive(zip::CompressionMethod::Deflated)];
    let words = [&b"PK\x03\x04"[..], b"PK\x05\x06", b"\xff\xff\xff\xff", b"x.npy", b"../x", b"99999999", b"\x00\x00"];
    Seeds { files, words: words.to_vec() }.try_on(|path| {
        arrays::members(path).map_err(|error| error.to_string())?;
        arrays::read_members(path, ["x", "y"]).map(drop).map_err(|error| error.to_string())
    });
}

#[test]
fn text_is_read_or_refused() {
    let files = [
        "x,y\n1,-2.5e3\n4,0.125\n",
        ",x,y\n0,0.62,-1.31\n1,-0.48,0.17\n",
        "\"x\" \"y\"\n\"1\" 0,62 -1,31\n\"2\" -0,48 0,17\n",
        "0,62;-1,31;\r\n-0,48;0,17;\r\n",
        "# remark\n1\t2\t\n\n3\t4\t\n",
        "0.62\n-0.48\n1.05\n",
    ];
    let words = [
        &b","[..],
        b";",
        b"\t",
        b" ",
        b"\"",
        b"\n",
        b"\r",
        b"NA",
        b"inf",
        b"1e999",
        b"1e-999",
        b"-0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"#",
        b"1.000,00",
        b"1e2147483648",
        b"99999999999999999999999999999999999999999999",
    ];
    let seeds = Seeds { files: files.map(|text| text.as_bytes().to_vec()).to_vec(), words: words.to_vec() };
    let readings = [
        Reading::default(),
        Reading { decimal: true, ..Reading::default() },
        Reading { first_line: Some(FirstLine::Header), first_column: Some(FirstColumn::Index), decimal: false },
        Reading { first_line: Some(FirstLine::Data), first_column: Some(FirstColumn::Data), decimal: true },
    ];
    seeds.try_on(|path| {
        let read = readings.map(|reading| arrays::read(path, reading));
        for table in read.iter().flatten() {
            let product: usize = table.array.shape.iter().product();
            assert!(product == table.array.data.len() && product > 0, "{table:?}");
            assert!(table.array.data.iter().all(|x| x.is_finite()), "{table:?}");
            assert!(table.decimals.is_empty() || table.decimals.len() == product, "{table:?}");
        }
        let [read, ..] = read;
        read.map(drop).map_err(|error| error.to_string())
    });
}

/// Files of the repository that end so, at most a few kilobytes of each.
fn files_of(folder: &str, ending: &str, most: usize) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| bytes.len() <= most).collect()
}

#[test]
fn experiments_are_read_or_refused() {
    let words = [
        &b"\"1..1000000\""[..],
        b"\"1..k log 8\"",
        b"[1, 2, 3]",
        b"1e308",
        b"-0.0",
        b"nan",
        b"\n[[grid]]\n",
        b"\n[[plot]]\n",
        b"\n[threshold]\nfind = \"n\"\n",
        b"where = [\"k == axis\"]\n",
        b"chain = true\n",
        b"\"\"\"",
        b"[[[[[[[[[[[[",
        b"\xff",
        b"{ name = \"x\", expr = \"k^k\" }",
    ];
    let seeds = Seeds { files: files_of("experiments", "toml", 3000), words: words.to_vec() };
    seeds.try_on(|path| Experiment::read(path).map(drop).map_err(|error| error.to_string()));
}

#[test]
fn formulas_and_conditions_are_read_or_refused() {
    let files = [
        "1-exp(-eps^2*k/(2*d))",
        "(2*eps/sqrt(2*pi*2*k))^d/16",
        "min(1, max(lgamma(k), ln(d)))-c_d*e",
        "k >= d^2",
        "n == 4 and k < 2*d",
        "1e-300^k",
    ];
    let words = [
        &b"("[..],
        b")",
        b"((((((((((((((((((((((((((((((((((",
        b"-",
        b"^^",
        b"1e999",
        b"lgamma(",
        b"sqrt(",
        b",",
        b"<=",
        b"\xc3\xa9",
        b"0/0",
        b"^1e9^1e9",
        b"--------",
    ];
    let names = |_: &str| Some(Number::new(3.0));
    let word = |_: &str| None;
    let seeds = Seeds { files: files.map(|text| text.as_bytes().to_vec()).to_vec(), words: words.to_vec() };
    seeds.try_on(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let formula = Formula::parse(&text).and_then(|formula| formula.evaluate(&names).map(drop));
        let condition = Condition::parse(&text).and_then(|condition| condition.is_met(&names, &word).map(drop));
        formula.or(condition).map_err(|error| error.to_string())
    });
}

const DESIGN: &str = "0123456789abcdef0123456789abcdef";

/// The sum is made right again after the mutation, most of the time: what is behind it is to be read too.
#[test]
fn checkpoints_are_read_or_refused() {
    let bodies = ["3,0.25,a,\"b, c\"\n3,0.25,d,\n7,1,x\n", "0,1e-3,nsn-box,e,16,1,0.1,origin,0.5\n"];
    let signed =
        |body: &[u8]| [format!("lemmascope-checkpoint-1,{DESIGN},{}\n", sha256_hex(body)).as_bytes(), body].concat();
    let words = [&b","[..], b"\"", b"\n", b"\r", b"-1", b"99999999999999999999", b"nan", b"\xff", b"\n\n,,\n"];
    let files = bodies.map(|body| signed(body.as_bytes())).to_vec();
    Seeds { files, words: words.to_vec() }.try_on(|path| {
        let bytes = std::fs::read(path).unwrap();
        if let (Some(end), true) = (bytes.iter().position(|byte| *byte == b'\n'), bytes.len() % 4 > 0) {
            std::fs::write(path, signed(&bytes[end + 1..])).unwrap();
        }
        checkpoint::read_one(path, DESIGN).map(drop).map_err(|error| error.to_string())
    });
}

/// Pieces of any kind behind a sum that is right, most of the time.
#[test]
fn stores_are_read_or_refused() {
    let piece = |numbers: &[f64], texts: &[&str]| {
        let mut bytes = vec![7; 32];
        bytes.extend((numbers.len() as u64).to_le_bytes());
        bytes.extend((texts.len() as u64).to_le_bytes());
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        texts.iter().for_each(|text| bytes.extend((text.len() as u64).to_le_bytes().iter().chain(text.as_bytes())));
        bytes
    };
    let bodies = [
        [b"label\n", &piece(&[1.0, f64::NAN], &["a", ""])[..]].concat(),
        [b"\n", &piece(&[], &[])[..], &piece(&[0.5; 9], &["b"])].concat(),
    ];
    let signed = |body: &[u8]| [format!("lemmascope-cells-1,{CODE},{}\n", sha256_hex(body)).as_bytes(), body].concat();
    let words = [&b"\n"[..], &[0; 8], &[0xff; 8], b"\x01\0\0\0\0\0\0\0", &[0; 7], b"\xff"];
    let files = bodies.iter().map(|body| signed(body)).collect();
    Seeds { files, words: words.to_vec() }.try_on(|path| {
        let bytes = std::fs::read(path).unwrap();
        if let (Some(end), true) = (bytes.iter().position(|byte| *byte == b'\n'), bytes.len() % 4 > 0) {
            std::fs::write(path, signed(&bytes[end + 1..])).unwrap();
        }
        Store::read(path).map(drop).map_err(|refused| refused.text(path).unwrap())
    });
}

#[test]
fn records_are_read_or_refused() {
    let words = [
        &b","[..],
        b"\"",
        b"\n",
        b"violated",
        b"failed",
        b"1e-99999",
        b"-e5",
        b"NaN",
        b"inf",
        b"true",
        b"k=1;d=",
        b"\xff",
        b"99999999999999999999",
    ];
    let files = files_of("results", "csv", 20_000);
    // A few rows are as good as many, and quicker.
    let heads =
        files.iter().map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n').take(4).collect::<Vec<_>>().concat());
    let seeds = Seeds { files: heads.collect(), words: words.to_vec() };
    seeds.try_on(|path| record::read(path).map(drop).map_err(|error| error.to_string()));
}

/// What is read is shown, too: a page must not fail on what a search printed.
#[test]
fn searches_are_read_or_refused() {
    let words = [
        &b"null"[..],
        b"[null, 1]",
        b"[[[[[[[[[[",
        b"1e999999",
        b"-1e-99999",
        b"\"\"",
        b"{}",
        b"}",
        b"\"found\": true",
        b"\\ud800",
        b"\xff",
        b"18446744073709551616",
    ];
    let seeds = Seeds { files: files_of("results/falsify", "json", 20_000), words: words.to_vec() };
    seeds.try_on(|path| {
        let search: Search =
            serde_json::from_slice(&std::fs::read(path).unwrap()).map_err(|error| error.to_string())?;
        assert!(report::markdown(&report::sections(&[], &[search]), "").starts_with("# What was found"));
        Ok(())
    });
}
