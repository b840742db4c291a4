//! What a user declares beside a statement, as it is written: texts with their places.

use crate::error::Error;
use crate::formula::SyntaxError;

/// The file that declares a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// How the command line names the claim: `lemmas.toml`, or `lemmas.toml:ID` where the file declares several.
    pub handle: String,
    /// The declaration alone, as TOML with a `[claim]`.
    pub toml: String,
}

/// A text of a file, and the line and column, from 1, at which it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Its line.
    pub line: usize,
    /// Its column.
    pub column: usize,
}

impl Located {
    /// Where it begins, for messages.
    pub fn place(&self) -> String {
        format!("line {}, column {}", self.line, self.column)
    }

    /// What is wrong within it, with the line and the column.
    pub(crate) fn error(&self, error: &SyntaxError) -> Error {
        let before = &self.text[..error.place().start];
        let (line, column) = match before.rsplit_once('\n') {
            None => (self.line, self.column + before.chars().count()),
            Some((lines, last)) => (self.line + 1 + lines.matches('\n').count(), 1 + last.chars().count()),
        };
        error.shown(&self.text).at(format!("line {line}, column {column}"))
    }
}

/// A command that draws, as a user declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Between which numbers each value lies; `None` where it is 0 or 1, for an event.
    pub range: Option<(f64, f64)>,
    /// The seconds that an answer may take.
    pub timeout: f64,
}

impl Command {
    /// Whether a value is one of those that are declared.
    pub fn admits(&self, value: f64) -> bool {
        match self.range {
            None => value == 0.0 || value == 1.0,
            Some((low, high)) => low <= value && value <= high,
        }
    }
}

/// A draw, and what is measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Names and what is drawn for them, in the order of the file.
    pub draws: Vec<(Located, Located)>,
    /// The event under whose condition all is drawn.
    pub given: Option<Located>,
    /// The event whose probability is measured.
    pub event: Option<Located>,
    /// The number whose mean is measured.
    pub mean: Option<Located>,
    /// The number whose quantile is measured, and at which level.
    pub quantile: Option<(Located, f64)>,
    /// The command that draws instead.
    pub command: Option<Command>,
}
