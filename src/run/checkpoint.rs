//! Checkpoints: what a run has measured so far, written whole, refused when damaged or of another design.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::hash::sha256_hex;
use crate::output::{csv, write_whole};
use crate::record::Row;

/// A measured unit of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its records.
    pub rows: Vec<Row>,
    /// The wall time it took.
    pub seconds: f64,
}

/// The measured units by their number in the run.
pub type Progress = BTreeMap<usize, Measured>;

/// The folder of checkpoints within a folder of results.
pub fn folder(out: &Path) -> PathBuf {
    out.join(".checkpoint")
}

const MAGIC: &str = "lemmascope-checkpoint-1";

/// Writes what has been measured, and makes the folder for it. The first line carries the design and a sum over all the rest.
///
/// # Errors
/// Where it cannot be written.
pub fn write(path: &Path, design: &str, progress: &Progress) -> Result<()> {
    let body = csv(progress.iter().flat_map(|(unit, measured)| {
        let head = [unit.to_string(), measured.seconds.to_string()].map(|text| Cow::Owned(text.into_bytes()));
        measured
            .rows
            .iter()
            .map(move |row| head.clone().into_iter().chain(row.iter().map(|text| Cow::Borrowed(text.as_bytes()))))
    }));
    let mut bytes = format!("{MAGIC},{design},{}\n", sha256_hex(&body)).into_bytes();
    bytes.extend(body);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
    }
    write_whole(path, &bytes)
}

/// Where a run of this design (or a part of it) keeps its checkpoint: runs of other designs have other files.
pub fn path(out: &Path, design: &str, part: &str) -> PathBuf {
    folder(out).join(format!("{}-{part}.csv", &design[..DIGITS]))
}

/// So many digits of the design name its files.
const DIGITS: usize = 16;

/// Reads every checkpoint of this design in a results folder: those of an interrupted run, and those of shards. `parts` are what
/// a design consists of, for the message.
///
/// # Errors
/// Where one is damaged or none is of this design but others are there: they are named, with the remedy.
pub fn read_all(out: &Path, design: &str, parts: &str) -> Result<Progress> {
    let own = own_files(out, design);
    if let (true, Some(other)) = (own.is_empty(), files(out).first()) {
        return Err(Error::OtherDesign(format!(
            "the checkpoint {} belongs to another design (other {parts}); run with the settings that it was started with, or without --resume, \
             or delete it",
            other.display()
        )));
    }
    read_own(out, design)
}

/// Reads every checkpoint of this design, if there is one.
///
/// # Errors
/// Where one is damaged.
pub fn read_own(out: &Path, design: &str) -> Result<Progress> {
    let mut progress = Progress::new();
    for path in own_files(out, design) {
        progress.extend(read(&path, design)?);
    }
    Ok(progress)
}

/// Reads one checkpoint of this design, if it is there.
///
/// # Errors
/// Where it is damaged.
pub fn read_one(path: &Path, design: &str) -> Result<Progress> {
    if path.exists() { read(path, design) } else { Ok(Progress::new()) }
}

/// The checkpoint files of this design in a results folder, by name.
pub fn own_files(out: &Path, design: &str) -> Vec<PathBuf> {
    let is_own =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&design[..DIGITS]));
    files(out).into_iter().filter(is_own).collect()
}

/// The checkpoint files of a results folder, by name.
fn files(out: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(out)).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    paths.sort();
    paths
}

fn read(path: &Path, design: &str) -> Result<Progress> {
    let damaged = || {
        Error::Damaged(format!(
            "the checkpoint {} is cut short or damaged; delete it and run again (what it held is measured again)",
            path.display()
        ))
    };
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| damaged())?;
    let body = &bytes[end + 1..];
    let [magic, its_design, sum] = head.split(',').collect::<Vec<_>>()[..] else { return Err(damaged()) };
    if magic != MAGIC || its_design != design || sum != sha256_hex(body) {
        return Err(damaged());
    }
    let mut progress = Progress::new();
    for row in csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body).records() {
        let row = row.map_err(|_| damaged())?;
        let mut fields = row.iter().map(String::from);
        let unit = fields.next().and_then(|text| text.parse().ok()).ok_or_else(damaged)?;
        let seconds = fields.next().and_then(|text| text.parse().ok()).ok_or_else(damaged)?;
        progress.entry(unit).or_insert(Measured { rows: Vec::new(), seconds }).rows.push(fields.collect());
    }
    Ok(progress)
}

/// Removes the checkpoints of a run whose results are written, and their folder where nothing else is in it.
pub fn remove(out: &Path, design: &str) {
    // A checkpoint that stays behind is taken over by the next --resume of the same design: nothing is lost.
    for path in own_files(out, design) {
        let _ = std::fs::remove_file(path);
    }
    remove_if_empty(&folder(out));
}

/// Removes a folder where nothing is in it.
pub fn remove_if_empty(folder: &Path) {
    let _ = std::fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Progress {
        let rows = vec![vec!["a".to_string(), "b, c".into()], vec!["d".into(), String::new()]];
        BTreeMap::from([
            (3, Measured { rows, seconds: 0.25 }),
            (7, Measured { rows: vec![vec!["x".into()]], seconds: 1.0 }),
        ])
    }

    const DESIGN: &str = "0123456789abcdef0123";
    const OTHER: &str = "fedcba98765432100123";

    fn written() -> (tempfile::TempDir, PathBuf) {
        let out = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder(out.path())).unwrap();
        let path = path(out.path(), DESIGN, "run");
        write(&path, DESIGN, &example()).unwrap();
        (out, path)
    }

    #[test]
    fn what_is_written_reads_back_and_is_removed_alone() {
        let (out, own) = written();
        let other = path(out.path(), OTHER, "run");
        write(&other, OTHER, &example()).unwrap();
        assert_eq!(read_all(out.path(), DESIGN, "seed").unwrap(), example());
        remove(out.path(), DESIGN);
        assert!(!own.exists() && other.exists());
        remove(out.path(), OTHER);
        assert!(!folder(out.path()).exists());
    }

    #[test]
    fn another_design_and_any_damage_are_refused() {
        let (out, path) = written();
        let message = read_all(out.path(), OTHER, "seed").unwrap_err().to_string();
        assert!(message.contains("another design (other seed)"), "{message}");
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read_all(out.path(), DESIGN, "seed").expect_err("a truncated checkpoint was taken").to_string();
            assert!(error.contains("cut short or damaged") && error.contains("-run.csv"), "{length}: {error}");
        }
    }

    #[test]
    fn no_checkpoints_are_no_progress() {
        assert!(read_all(tempfile::tempdir().unwrap().path(), DESIGN, "seed").unwrap().is_empty());
    }
}
