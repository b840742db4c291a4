//! The `.npz` format: a zip archive of `.npy` files, stored or deflated, one for each named array.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::{Array, npy, open};
use crate::error::{Error, Result};

/// Reads the arrays called `members` of a `.npz` file.
///
/// # Errors
/// When the file cannot be read, is no zip archive, lacks an array, or an array cannot be read.
pub fn read_members<const N: usize>(path: &Path, members: [&str; N]) -> Result<[Array; N]> {
    let mut archive = open_archive(path)?;
    let missing = |member: &&&str| entry_index(&archive, member).is_none();
    if let Some(member) = members.iter().find(missing) {
        let all: Vec<String> = members.iter().map(|member| format!("{member}={member}")).collect();
        return Err(Error::input(format!(
            "{} has no array {member}, but {}: save it with np.savez('x.npz', {})",
            path.display(),
            listed(&archive),
            all.join(", ")
        )));
    }
    let arrays = members.iter().map(|member| read_entry(path, &mut archive, member)).collect::<Result<Vec<Array>>>()?;
    Ok(arrays.try_into().expect("one array for each name"))
}

/// Reads the array called `member` of a `.npz` file.
///
/// # Errors
/// As for [`read_members`].
pub fn read_member(path: &Path, member: &str) -> Result<Array> {
    read_members(path, [member]).map(|[array]| array)
}

type Archive = ZipArchive<BufReader<File>>;

fn open_archive(path: &Path) -> Result<Archive> {
    let (file, _) = open(path)?;
    ZipArchive::new(BufReader::new(file)).map_err(damaged(path))
}

fn damaged(path: &Path) -> impl Fn(ZipError) -> Error {
    move |error| {
        Error::Damaged(format!("{} is not a whole .npz file ({error}): write it again with np.savez", path.display()))
    }
}

/// Where the array called `member` is. NumPy calls its file `member.npy`, and reads one that is called just so too.
fn entry_index(archive: &Archive, member: &str) -> Option<usize> {
    archive.index_for_name(&format!("{member}.npy")).or_else(|| archive.index_for_name(member))
}

fn entry<'a>(path: &Path, archive: &'a mut Archive, member: &str) -> Result<(String, ZipFile<'a, BufReader<File>>)> {
    let index = entry_index(archive, member).ok_or_else(|| {
        Error::input(format!("{} has no array {member}: write it again with np.savez", path.display()))
    })?;
    Ok((format!("{}: {member}", path.display()), archive.by_index(index).map_err(damaged(path))?))
}

fn read_entry(path: &Path, archive: &mut Archive, member: &str) -> Result<Array> {
    let (name, mut entry) = entry(path, archive, member)?;
    let length = entry.size();
    npy::parse(&name, &mut entry, Some(length))
}

/// The names and shapes of all arrays of a `.npz` file, in its order, of which nothing but headers is unpacked.
///
/// # Errors
/// As for [`read_members`].
pub fn shapes(path: &Path) -> Result<Vec<(String, Vec<usize>)>> {
    let mut archive = open_archive(path)?;
    let shape = |member: String| {
        let (name, mut entry) = entry(path, &mut archive, &member)?;
        let (_, shape) = npy::header(&name, &mut entry)?;
        Ok((member, shape))
    };
    members(path)?.into_iter().map(shape).collect()
}

/// The longest text that is read from an array.
const LONGEST_TEXT: u64 = 1 << 20;

/// The text in the array `member`, such as `np.array(json.dumps(...))`; none where it holds numbers.
///
/// # Errors
/// As for [`read_members`], and for more than one text.
pub fn read_text(path: &Path, member: &str) -> Result<Option<String>> {
    let mut archive = open_archive(path)?;
    let (name, mut entry) = entry(path, &mut archive, member)?;
    let (descr, shape) = npy::header(&name, &mut entry)?;
    let kind = descr.trim_start_matches(['<', '>', '=', '|']);
    if !kind.starts_with(['U', 'S']) {
        return Ok(None);
    }
    if shape.iter().product::<usize>() != 1 {
        return Err(Error::Shape(format!(
            "{name} holds texts of the shape {}: save one, np.array(json.dumps(arch))",
            super::shape_text(&shape)
        )));
    }
    let mut bytes = Vec::new();
    entry.take(LONGEST_TEXT).read_to_end(&mut bytes).map_err(super::failed(&name))?;
    let text: String = if kind.starts_with('S') {
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        let (words, _) = bytes.as_chunks::<4>();
        let number = if descr.starts_with('>') { u32::from_be_bytes } else { u32::from_le_bytes };
        words.iter().map(|word| char::from_u32(number(*word)).unwrap_or('?')).collect()
    };
    Ok(Some(text.trim_end_matches('\0').to_string()))
}

/// The names of the arrays in a `.npz` file.
///
/// # Errors
/// When the file cannot be read or is no zip archive.
pub fn members(path: &Path) -> Result<Vec<String>> {
    open_archive(path).map(|archive| names(&archive))
}

fn names(archive: &Archive) -> Vec<String> {
    archive.file_names().map(|name| name.strip_suffix(".npy").unwrap_or(name).to_string()).collect()
}

fn listed(archive: &Archive) -> String {
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
            let path = folder.path().join("a.npz");
            let message = read_members(&path, ["x", "z"]).unwrap_err().to_string();
            assert!(
                message.contains("has no array z, but x, y: save it with np.savez('x.npz', x=x, z=z)"),
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
