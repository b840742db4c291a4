//! The errors of the crate: what was wrong, where it was, and what to write instead.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The result type of every fallible function of the crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can stop the program; [`Error::exit_code`] maps it to the process's exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A user's input that cannot be used: the message names the thing and the mend.
    #[error("{0}")]
    Input(String),

    /// A file that could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A file or folder that could not be written. What stood there before still stands.
    #[error("cannot write {}: {source}; what stood there was not changed{}", path.display(), mend(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// The run was stopped before its end; what was measured is in the checkpoints.
    #[error("{0}")]
    Interrupted(String),
}

/// What to do about a failed write.
fn mend(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ". When there is room, run again with --resume"
        }
        _ => "",
    }
}

impl Error {
    /// A user's input that cannot be used.
    pub fn input(message: impl Into<String>) -> Self {
        Error::Input(message.into())
    }

    /// Wraps the operating system's error on reading `path`.
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Error::Read { path, source }
    }

    /// Wraps the operating system's error on writing `path`.
    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Error::Write { path, source }
    }

    /// 2: bad input or usage; 4: interrupted or incomplete.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) | Error::Read { .. } => 2,
            Error::Write { .. } | Error::Interrupted(_) => 4,
        }
    }
}
