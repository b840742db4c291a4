//! The errors of the crate: what was wrong, where it was, and what to write instead.

use std::io::ErrorKind;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The result type of every fallible function of the crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can stop the program; [`Error::exit_code`] maps it to the process's exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A user's input that cannot be used, where no other kind of error says more: the message names the thing and the remedy.
    #[error("{0}")]
    Input(String),

    /// A name that no claim has.
    #[error("unknown claim {name:?}; the claims are {}", known.join(", "))]
    UnknownClaim {
        /// The name.
        name: String,
        /// The claims that are known.
        known: Vec<String>,
    },

    /// A name that no parameter of the claim has.
    #[error("unknown parameter {name:?}; this claim has {}", known.join(", "))]
    UnknownParameter {
        /// The name.
        name: String,
        /// The claim's parameters.
        known: Vec<String>,
    },

    /// A parameter without a value and without a default.
    #[error("{name} is missing{}; give it as {name}=... ({permitted})", in_brackets(meaning))]
    MissingParameter {
        /// The parameter.
        name: String,
        /// What it stands for.
        meaning: String,
        /// What it may be.
        permitted: String,
    },

    /// A value that its parameter may not have.
    #[error("{parameter} = {value}: write {permitted}")]
    Value {
        /// The parameter.
        parameter: String,
        /// The value as it was written.
        value: String,
        /// What it may be.
        permitted: String,
    },

    /// A method that does not measure the claim.
    #[error("{claim} is not measured by {name:?}; it admits {}", known.join(", "))]
    UnknownMethod {
        /// The claim.
        claim: String,
        /// The method's name.
        name: String,
        /// The claim's methods.
        known: Vec<String>,
    },

    /// A formula or condition that cannot be read or evaluated.
    #[error("{message}\n{marked}")]
    Formula {
        /// What is wrong.
        message: String,
        /// The bytes of the text that are wrong.
        place: Range<usize>,
        /// The text, and below it a mark at the place.
        marked: String,
    },

    /// A text that is no TOML, or has keys or values that do not belong there.
    #[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Toml {
        /// The line of the fault, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },

    /// Arrays, lists or layers whose shapes do not fit what is asked, or one another.
    #[error("{0}")]
    Shape(String),

    /// A file that is cut short, damaged, or of another format than it is taken for. Written again, it may be read.
    #[error("{0}")]
    Damaged(String),

    /// A checkpoint, shard or record of another design, or of another version of the program.
    #[error("{0}")]
    OtherDesign(String),

    /// Work or data that memory does not hold.
    #[error("{0}")]
    TooLarge(String),

    /// A folder that another process writes into.
    #[error("{0}")]
    InUse(String),

    /// Another error, and where it arose: a file, a line, a key.
    #[error("{place}: {error}")]
    At {
        /// The place.
        place: String,
        /// The error.
        error: Box<Error>,
    },

    /// A file that could not be read.
    #[error("cannot read {}: {source}{}", path.display(), remedy_for_read(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A file or folder that could not be written. What stood there before still stands.
    #[error("cannot write {}: {source}; what stood there was not changed{}", path.display(), remedy(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// Standard output could not be written: what was to be shown is lost, and no file was to change.
    #[error("cannot write to standard output: {0}")]
    Print(std::io::Error),

    /// The work was stopped before its end; the message says what is kept.
    #[error("{0}")]
    Interrupted(String),

    /// A method that cannot reach a cell: the message says why, and which one does. The only error that a search steps over.
    #[error("{0}")]
    Unreachable(String),

    /// A guarantee of the program's own that did not hold: no input is to blame.
    #[error("{0} (a defect of this program, not of the input: please report it)")]
    Defect(String),
}

/// Carries out `work`; a panic inside it is a defect that `what` names.
///
/// # Errors
/// Those of `work`, and the panic.
pub fn guarded<T>(what: impl FnOnce() -> String, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the work has changed until it panicked is dropped with it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Error::Defect(format!("{}: panicked: {}", what(), text.unwrap_or("without a message"))))
    })
}

/// What is known, in brackets.
fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// What to do about a failed write.
fn remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ". When there is room, run again with --resume"
        }
        _ => "",
    }
}

/// What to do about a failed read.
fn remedy_for_read(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::InvalidData => ": save it as UTF-8 text",
        _ => "",
    }
}

impl Error {
    /// A user's input that cannot be used.
    pub fn input(message: impl Into<String>) -> Self {
        Error::Input(message.into())
    }

    /// What reading a text as TOML ended with.
    pub(crate) fn toml(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_of(text, &span));
        Error::Toml { line, message: error.message().to_string() }
    }

    /// A method that cannot reach a cell.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Error::Unreachable(message.into())
    }

    /// The same error with the place in front of its text.
    pub fn at(self, place: impl std::fmt::Display) -> Self {
        match self {
            Error::Input(text) => Error::Input(format!("{place}: {text}")),
            Error::Unreachable(text) => Error::Unreachable(format!("{place}: {text}")),
            Error::Defect(text) => Error::Defect(format!("{place}: {text}")),
            typed if typed.is_input() || matches!(typed.cause(), Error::Read { .. }) => {
                Error::At { place: place.to_string(), error: Box::new(typed) }
            }
            other => other,
        }
    }

    /// The error itself, without the places around it.
    pub fn cause(&self) -> &Error {
        match self {
            Error::At { error, .. } => error.cause(),
            other => other,
        }
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

    /// Whether the input is to blame, and nothing else.
    pub fn is_input(&self) -> bool {
        self.kind() == "input"
    }

    /// What kind of error it is, in a word, for programs.
    pub fn kind(&self) -> &'static str {
        match self.cause() {
            Error::Input(_)
            | Error::UnknownClaim { .. }
            | Error::UnknownParameter { .. }
            | Error::MissingParameter { .. }
            | Error::Value { .. }
            | Error::UnknownMethod { .. }
            | Error::Formula { .. }
            | Error::Toml { .. }
            | Error::Shape(_)
            | Error::Damaged(_)
            | Error::OtherDesign(_)
            | Error::TooLarge(_)
            | Error::InUse(_)
            | Error::At { .. } => "input",
            Error::Read { .. } => "read",
            Error::Write { .. } | Error::Print(_) => "write",
            Error::Interrupted(_) => "interrupted",
            Error::Unreachable(_) => "unreachable",
            Error::Defect(_) => "defect",
        }
    }

    /// 2: bad input or usage, also a method that cannot reach the cell; 4: interrupted or incomplete; 5: a defect of this
    /// program.
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            "write" | "interrupted" => INCOMPLETE,
            "defect" => FAILED,
            _ => 2,
        }
    }
}

/// The line, from 1, at which a part of a text begins.
pub(crate) fn line_of(text: &str, span: &Range<usize>) -> usize {
    1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
}

/// The known name that is nearest to an unknown one, if it is near.
pub(crate) fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    let length = name.chars().count();
    (distance <= 1 + length / 3 && distance < length).then_some(nearest)
}

/// The exit code of what was stopped before its end, or could not be written.
pub const INCOMPLETE: u8 = 4;

/// The exit code of a defect, and of a run in which a cell could not be measured.
pub const FAILED: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_another_encoding_is_to_be_saved_again() {
        let failed = |kind: ErrorKind| Error::read(Path::new("f.toml"))(kind.into()).to_string();
        assert!(failed(ErrorKind::InvalidData).ends_with(": save it as UTF-8 text"));
        assert!(!failed(ErrorKind::NotFound).contains("UTF-8"));
    }

    /// What a caller can act on stays what it is, whatever places are put in front of its text.
    #[test]
    fn places_keep_the_kind_of_an_error() {
        let broken = "a = 1\nb = \n";
        let error = Error::toml(broken, &toml::from_str::<toml::Table>(broken).unwrap_err()).at("f.toml");
        assert!(matches!(error.cause(), Error::Toml { line: Some(2), .. }), "{error:?}");
        assert!(error.to_string().starts_with("f.toml: line 2: "), "{error}");
        let error = Error::read(Path::new("g.toml"))(ErrorKind::NotFound.into()).at("line 3");
        assert_eq!((error.kind(), error.to_string().starts_with("line 3: cannot read g.toml")), ("read", true));
        assert!(matches!(Error::Shape("2 x 3".into()).at("x").at("y").cause(), Error::Shape(_)));
        assert_eq!(Error::Defect("lost".into()).at("x").kind(), "defect");
    }

    #[test]
    fn a_panic_is_a_defect_that_names_its_place() {
        let error = guarded(|| "cell k=1".into(), || -> Result<()> { panic!("index {} of 3", 7) }).unwrap_err();
        assert_eq!(error.exit_code(), FAILED);
        let text = error.to_string();
        assert!(text.starts_with("cell k=1: panicked: index 7 of 3 (a defect of this program"), "{text}");
        assert!(matches!(guarded(String::new, || Err::<(), _>(Error::input("x"))), Err(Error::Input(_))));
        assert_eq!(guarded(String::new, || Ok(3)).unwrap(), 3);
    }
}
