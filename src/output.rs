//! Files are written whole or not at all: to a temporary file beside the place, then renamed.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};

/// How half-written files begin.
const PREFIX: &str = ".writing-";

/// Replaces `path` by `bytes`; what stood there stays until all of it is on disk.
///
/// # Errors
/// Where the folder cannot be written or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        // Temporary files are private; results are not.
        #[cfg(unix)]
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(Error::write(path))
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
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        // A folder in the file's place cannot be replaced.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("inner")).unwrap();
        let error = write_whole(&taken, b"x").unwrap_err();
        assert!(error.to_string().contains("what stood there was not changed"), "{error}");
        assert!(taken.join("inner").is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    }
}
