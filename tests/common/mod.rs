//! What several tests through the binary share.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Waits until a folder has a checkpoint, and returns it.
pub fn wait_for_checkpoint(out: &Path) -> PathBuf {
    let start = Instant::now();
    loop {
        let files = std::fs::read_dir(out.join(".checkpoint")).into_iter().flatten().flatten();
        if let Some(path) = files.map(|file| file.path()).find(|path| path.extension().is_some_and(|e| e == "csv")) {
            return path;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no checkpoint appeared");
        std::thread::sleep(Duration::from_millis(5));
    }
}
