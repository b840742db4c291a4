//! Files are written whole or not at all: to a temporary file beside the place, then renamed.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::{NamedTempFile, TempPath};

use crate::error::{Error, Result};

/// How half-written files begin.
const PREFIX: &str = ".writing-";

/// The bytes of a CSV; rows may differ in length.
pub fn csv(rows: impl IntoIterator<Item = impl IntoIterator<Item = impl AsRef<[u8]>>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    rows.into_iter().for_each(|row| writer.write_record(row).expect("a Vec takes what it is given"));
    writer.into_inner().expect("a Vec takes what it is given")
}

/// Replaces `path` by `bytes`; what stood there stays until all of it is on disk.
///
/// # Errors
/// Where a folder stands there, the folder around it cannot be written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    write_together(&[(path, bytes)])
}

/// Replaces several files, as [`write_whole`] does one: what stood there stays until all of them are on disk, and comes back where
/// one of them cannot be put in its place. A file that holds these bytes already is left alone.
///
/// # Errors
/// As for [`write_whole`].
pub fn write_together(files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> Result<()> {
    files.iter().try_for_each(|(path, _)| refuse_folder(path.as_ref()))?;
    let files: Vec<_> = files.iter().filter(|(path, bytes)| !holds(path.as_ref(), bytes.as_ref())).collect();
    let written: Vec<NamedTempFile> = files
        .iter()
        .map(|(path, bytes)| write_beside(path.as_ref(), bytes.as_ref()).map_err(Error::write(path.as_ref())))
        .collect::<Result<_>>()?;
    // Alone, a file is in its place or it is not.
    let kept = if files.len() > 1 { &files[..] } else { &[] };
    let before: Vec<Option<TempPath>> = kept
        .iter()
        .map(|(path, _)| keep_beside(path.as_ref()).map_err(Error::write(path.as_ref())))
        .collect::<Result<_>>()?;
    for (index, (file, (path, _))) in written.into_iter().zip(&files).enumerate() {
        if let Err(error) = file.persist(path) {
            let replaced = files.iter().zip(before).take(index);
            replaced.for_each(|((path, _), before)| put_back(path.as_ref(), before));
            return Err(Error::write(path.as_ref())(error.error));
        }
    }
    Ok(())
}

/// The bytes that are free on the disk of a folder, or of the nearest one around it that is there; none where that is not known.
#[cfg(unix)]
pub fn free_disk(folder: &Path) -> Option<u64> {
    let inside = std::path::absolute(folder).ok()?;
    let disk = inside.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok())?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// The operating system is not asked.
#[cfg(not(unix))]
pub fn free_disk(_: &Path) -> Option<u64> {
    None
}

/// Whether a file holds these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let is_as_long = path.metadata().is_ok_and(|data| data.len() == bytes.len() as u64);
    is_as_long && std::fs::read(path).is_ok_and(|known| known == bytes)
}

/// A second name of what stands at `path`, if something does.
fn keep_beside(path: &Path) -> std::io::Result<Option<TempPath>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let kept = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder_of(path))?.into_temp_path();
    std::fs::remove_file(&kept)?;
    // Not every file system has second names.
    std::fs::hard_link(path, &kept).or_else(|_| std::fs::copy(path, &kept).map(drop))?;
    Ok(Some(kept))
}

/// Undoes a replacement.
fn put_back(path: &Path, before: Option<TempPath>) {
    let undone = match before {
        Some(before) => before.persist(path).map_err(|error| error.error),
        None => std::fs::remove_file(path),
    };
    // The error that led here is what is reported.
    let _ = undone;
}

/// Refuses a place where a folder stands, which no file can replace.
///
/// # Errors
/// When a folder stands there.
pub fn refuse_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::input(format!(
            "{} is a folder, and a file is to be written there: move it away",
            path.display()
        )));
    }
    Ok(())
}

/// A temporary file with these bytes in the folder of `path`.
fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // Temporary files are private; results are not.
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the folder and tries that files can be written there, before any work is spent. What a killed run left half
/// written there is swept away.
///
/// # Errors
/// Where it cannot be made or written.
pub fn writable_folder(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::input(format!("{} is a file; name a folder with --out", folder.display())));
    }
    sweep(folder);
    std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(drop)).map_err(|error| {
        Error::input(format!("cannot write into {} ({error}); name another folder with --out", folder.display()))
    })
}

/// The file by which a process holds a folder of results.
const LOCK: &str = ".lock";

/// A folder that one process writes into; others are refused until it is dropped, or the process ends in any way.
pub struct FolderLock(File);

impl FolderLock {
    /// Makes the folder, tries that files can be written there, and takes it.
    ///
    /// # Errors
    /// As [`writable_folder`]; and where another process holds it, which is named.
    pub fn take(folder: &Path) -> Result<Self> {
        writable_folder(folder)?;
        let path = folder.join(LOCK);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(Error::write(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(Error::InUse(format!(
                    "{} is in use by {}; wait for its end, or name another folder",
                    folder.display(),
                    if holder.is_empty() { "another process" } else { holder.trim() }
                )));
            }
            // Not every file system has locks; two runs into one folder are rare there too.
            Err(TryLockError::Error(_)) => return Ok(FolderLock(file)),
        }
        let command = std::env::args().skip(1).take(3).collect::<Vec<_>>().join(" ");
        let named = format!("process {} (lemmascope {command})\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(named.as_bytes())).map_err(Error::write(&path))?;
        Ok(FolderLock(file))
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The name of a process that has gone would mislead; the lock itself ends with the file's handle.
        let _ = self.0.set_len(0);
    }
}

/// Half-written files older than this belong to no process that is still writing.
const ABANDONED: Duration = Duration::from_secs(600);

fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let half_written = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if half_written && age.is_some_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        let written = || path.metadata().unwrap().modified().unwrap();
        let before = written();
        write_whole(&path, b"new").unwrap();
        assert_eq!(written(), before, "what is there already was written again");
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        // A folder in the file's place cannot be replaced.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("inner")).unwrap();
        let error = write_whole(&taken, b"x").unwrap_err();
        assert!(error.to_string().contains("taken is a folder"), "{error}");
        assert!(taken.join("inner").is_dir());
        let error = write_whole(&path.join("b"), b"x").unwrap_err();
        assert!(error.to_string().contains("what stood there was not changed"), "{error}");
        assert!(!error.to_string().contains("room"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    }

    #[test]
    fn files_are_replaced_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, taken] = ["a", "b", "taken"].map(|name| folder.path().join(name));
        write_together(&[(&first, b"1"), (&second, b"2")]).unwrap();
        std::fs::create_dir(&taken).unwrap();
        for unwritable in [&taken, &first.join("inner")] {
            assert!(write_together(&[(&first, b"3"), (unwritable, b"4")]).is_err());
            assert_eq!(std::fs::read(&first).unwrap(), b"1");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "a temporary file was left behind");
    }

    /// No file can have so long a name: its rename fails when others are already in their places.
    #[test]
    fn a_rename_that_fails_midway_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new, too_long] =
            ["old".into(), "new".into(), "x".repeat(300)].map(|name: String| folder.path().join(name));
        write_whole(&old, b"1").unwrap();
        assert!(write_together(&[(&old, b"2"), (&new, b"3"), (&too_long, b"4")]).is_err());
        assert_eq!(std::fs::read(&old).unwrap(), b"1");
        assert!(!new.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left behind");
        write_together(&[(&old, b"2"), (&new, b"3")]).unwrap();
        assert_eq!([&old, &new].map(|path| std::fs::read(path).unwrap()), [b"2", b"3"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    }
}
