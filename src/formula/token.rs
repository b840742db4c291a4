//! From the text of a formula to its tokens, each with its place.

use std::ops::Range;

use super::SyntaxError;

/// One word of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A number such as `1e-9`.
    Number(f64),
    /// A name: letters, digits and `_`.
    Name(String),
    /// An operator, parenthesis, bracket or comma.
    Symbol(&'static str),
}

/// Longer symbols first, so that `>=` is not read as `>`.
const SYMBOLS: [&str; 17] = [">=", "<=", "==", "!=", "&&", ">", "<", "=", "+", "-", "*", "/", "^", "(", ")", "[", "]"];

/// A token and where it stands in the text, in bytes.
type Placed = (Token, Range<usize>);

/// Splits a formula.
fn tokens(text: &str) -> Result<Vec<Placed>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_digit() || first == '.' {
            let length = number_length(rest);
            let value = rest[..length].parse::<f64>().ok().filter(|value| value.is_finite());
            let value =
                value.ok_or_else(|| SyntaxError::new(at..at + length, "this is not a number; write 0.1 or 1e-9"))?;
            (Token::Number(value), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest[..length].to_string()), length)
        } else if first == ',' {
            (Token::Symbol(","), 1)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            let place = at..at + first.len_utf8();
            return Err(SyntaxError::new(
                place,
                "this means nothing here; formulas are made of numbers, names, + - * / ^ ( ) and ,",
            ));
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// Takes the tokens of a text one after another.
pub struct Cursor {
    tokens: Vec<Placed>,
    next: usize,
    length: usize,
}

impl Cursor {
    /// Before the first token.
    pub fn new(text: &str) -> Result<Self, SyntaxError> {
        Ok(Cursor { tokens: tokens(text)?, next: 0, length: text.len() })
    }

    /// Where a token stands, counted from 0, if there are so many.
    pub fn place_of(&self, index: usize) -> Option<Range<usize>> {
        self.tokens.get(index).map(|(_, place)| place.clone())
    }

    /// The next token.
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    /// Where the next token stands, or the text's end.
    pub fn place(&self) -> Range<usize> {
        self.place_of(self.next).unwrap_or(self.length..self.length)
    }

    /// Takes the next token, whatever it is.
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// Takes the next token if it is one of these symbols.
    pub fn take(&mut self, symbols: &[&'static str]) -> Option<&'static str> {
        let taken = symbols.iter().copied().find(|symbol| self.peek() == Some(&Token::Symbol(symbol)))?;
        self.next += 1;
        Some(taken)
    }

    /// Takes the next token if it is this word.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.next += usize::from(found);
        found
    }

    /// Takes `and` or `&&`.
    pub fn take_and(&mut self) -> bool {
        self.take_word("and") || self.take(&["&&"]).is_some()
    }

    /// Takes the closing symbol; returns where it ends.
    pub fn close(&mut self, symbol: &'static str) -> Result<usize, SyntaxError> {
        let end = self.place().end;
        self.take(&[symbol]).map(|_| end).ok_or_else(|| self.wrong(&format!("a {symbol} is missing before this")))
    }

    /// Refuses what is left.
    pub fn end(&self, message: &str) -> Result<(), SyntaxError> {
        if self.next < self.tokens.len() { Err(self.wrong(message)) } else { Ok(()) }
    }

    /// What is wrong at the next token.
    pub fn wrong(&self, message: &str) -> SyntaxError {
        SyntaxError::new(self.place(), message)
    }
}

/// How many bytes of the text's beginning make a number: digits, a point, and an exponent that has digits.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let mantissa = digits(0);
    let bytes = text.as_bytes();
    if !matches!(bytes.get(mantissa), Some(b'e' | b'E')) {
        return mantissa;
    }
    let sign = usize::from(matches!(bytes.get(mantissa + 1), Some(b'+' | b'-')));
    match digits(mantissa + 1 + sign) {
        0 => mantissa,
        exponent => mantissa + 1 + sign + exponent,
    }
}
