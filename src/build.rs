//! Hashes the source, so that records, checkpoints and kept measurements say which code made them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

/// What a record can depend on: code, the data it includes, and the versions of its dependencies.
const PARTS: [&str; 3] = ["src", "Cargo.toml", "Cargo.lock"];

/// The ends of files that tests alone read: the variants beside each statement.
const TESTED: &str = ".mutants.toml";

/// What only shows records, so that no measured number depends on it; a test of the store sees that nothing else uses it.
const SHOWING: [&str; 4] = ["src/cli/", "src/show/", "src/guide/", "src/main.rs"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut files = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={part}");
        collect(&root.join(part), &mut files)?;
    }
    files.sort();
    let (mut all, mut measuring) = (Sha256::new(), Sha256::new());
    measuring.update(env::var("TARGET").expect("cargo sets it"));
    for file in files {
        let name = file.strip_prefix(&root).expect("it is below the root").to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&file)?;
        let shows = SHOWING.iter().any(|part| name.starts_with(part));
        for hash in [Some(&mut all), Some(&mut measuring).filter(|_| !shows)].into_iter().flatten() {
            hash.update(format!("{name} {}\n", bytes.len()));
            hash.update(&bytes);
        }
    }
    println!("cargo::rustc-env=LEMMASCOPE_SOURCE={}", digits(all));
    println!("cargo::rustc-env=LEMMASCOPE_CODE={}", digits(measuring));
    println!("cargo::rustc-env=LEMMASCOPE_SHOWING={}", SHOWING.join(" "));
    Ok(())
}

fn digits(hash: Sha256) -> String {
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The files at or below a path; none where there is nothing (a package may lack its lock file).
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() && !path.to_string_lossy().ends_with(TESTED) {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}
