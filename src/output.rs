//! Files are written whole or not at all: to a temporary file beside the place, then renamed.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Replaces `path` by `bytes`; what stood there stays until all of it is on disk.
///
/// # Errors
/// Where the folder cannot be written or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
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

/// Makes the folder and tries that files can be written there, before any work is spent.
///
/// # Errors
/// Where it cannot be made or written.
pub fn writable_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(drop)).map_err(|error| {
        Error::input(format!("cannot write into {} ({error}); name another folder with --out", folder.display()))
    })
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
        assert!(error.to_string().contains("nothing that stood there was changed"), "{error}");
        assert!(taken.join("inner").is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    }
}
