//! The `.npz` format: a zip archive of `.npy` files, stored or deflated, one for each named array.

use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;

use super::{Array, npy, open};
use crate::error::{Error, Result};

/// Reads the array called `member` of a `.npz` file.
///
/// # Errors
/// When the file cannot be read, is no zip archive, has no such array, or the array cannot be read.
pub fn read_member(path: &Path, member: &str) -> Result<Array> {
    let name = path.display();
    let (file, _) = open(path)?;
    let damaged = |error| {
        Error::input(format!(
            "{name} is not a whole .npz file ({error}): write it again with np.savez('x.npz', {member}={member})"
        ))
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let entry = format!("{member}.npy");
    if archive.index_for_name(&entry).is_none() {
        return Err(Error::input(format!(
            "{name} has no array {member}, but {}: save it with np.savez('x.npz', {member}={member})",
            listed(&archive)
        )));
    }
    let mut entry = archive.by_name(&entry).map_err(damaged)?;
    let length = entry.size();
    npy::parse(&format!("{name}: {member}"), &mut entry, Some(length))
}

/// The names of the arrays in a `.npz` file.
///
/// # Errors
/// When the file cannot be read or is no zip archive.
pub fn members(path: &Path) -> Result<Vec<String>> {
    let (file, _) = open(path)?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
        Error::input(format!(
            "{} is not a whole .npz file ({error}): write it again with np.savez('x.npz', x=x)",
            path.display()
        ))
    })?;
    Ok(names(&archive))
}

fn names<R: std::io::Read + std::io::Seek>(archive: &ZipArchive<R>) -> Vec<String> {
    archive.file_names().flatten().map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_string()).collect()
}

fn listed<R: std::io::Read + std::io::Seek>(archive: &ZipArchive<R>) -> String {
    let names = names(archive);
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn archive(method: CompressionMethod) -> Vec<u8> {
        let x = npy::tests::file("'|u1'", "(2, 2)", true, &[1, 2, 3, 4]);
        let y = npy::tests::file("'<i8'", "(1,)", false, &7i64.to_le_bytes());
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in [("x.npy", x), ("y.npy", y)] {
            writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(&bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read_bytes(bytes: &[u8], member: &str) -> Result<Array> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        std::fs::write(&path, bytes).unwrap();
        read_member(&path, member)
    }

    #[test]
    fn named_arrays_are_read_stored_and_deflated() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = archive(method);
            let x = Array { shape: vec![2, 2], data: vec![1.0, 3.0, 2.0, 4.0] };
            assert_eq!(read_bytes(&bytes, "x").unwrap(), x);
            assert_eq!(read_bytes(&bytes, "y").unwrap(), Array { shape: vec![1], data: vec![7.0] });
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("a.npz"), &bytes).unwrap();
            assert_eq!(members(&folder.path().join("a.npz")).unwrap(), ["x", "y"]);
            let message = read_bytes(&bytes, "z").unwrap_err().to_string();
            assert!(
                message.contains("a.npz has no array z, but x, y: save it with np.savez('x.npz', z=z)"),
                "{message}"
            );
        }
        for bytes in [&b""[..], b"PK\x03\x04", b"1,2\n"] {
            let message = read_bytes(bytes, "x").unwrap_err().to_string();
            assert!(message.contains("a.npz is not a whole .npz file"), "{message}");
        }
    }

    #[test]
    fn no_damaged_archive_panics() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let whole = archive(method);
            for length in 0..whole.len() {
                assert!(read_bytes(&whole[..length], "y").is_err(), "cut to {length} bytes");
            }
            for index in 0..whole.len() {
                for flip in [0x01, 0x15, 0xff] {
                    let mut flipped = whole.clone();
                    flipped[index] ^= flip;
                    let _ = read_bytes(&flipped, "x");
                }
            }
        }
    }
}
