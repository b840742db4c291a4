//! The tokens of plain notation, each with the blanks around it.

/// A token, and whether blanks stand before and after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// As it is written.
    pub text: String,
    /// Whether a blank, or the beginning, is before it.
    pub apart_before: bool,
    /// Whether a blank, or the end, is after it.
    pub apart_after: bool,
}

/// Kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digits, with decimals and an exponent of ten.
    Number,
    /// Letters and digits, a letter first.
    Name,
    /// An operator, a bracket, or a sign of any other kind.
    Sign,
}

/// Signs of several characters.
const LONG: [&str; 6] = ["...", ">=", "<=", "==", "!=", "&&"];

/// The tokens of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    let mut is_apart = true;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            is_apart = true;
            if let Some(last) = tokens.last_mut() {
                last.apart_after = true;
            }
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let is_behind_number = !is_apart && tokens.last().is_some_and(|token| token.kind == Kind::Number);
        let (kind, length) =
            match is_behind_number && first == 'x' && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
                // The x of `3x3`.
                true => (Kind::Name, 1),
                false => first_token(rest, first),
            };
        let (token, after) = rest.split_at(length);
        tokens.push(Token { kind, text: token.into(), apart_before: is_apart, apart_after: after.is_empty() });
        (rest, is_apart) = (after, false);
    }
    tokens
}

fn first_token(rest: &str, first: char) -> (Kind, usize) {
    if first.is_ascii_digit() {
        return (Kind::Number, number(rest));
    }
    if first.is_alphabetic() {
        return (Kind::Name, rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
    }
    let long = LONG.into_iter().find(|sign| rest.starts_with(sign));
    (Kind::Sign, long.map_or(first.len_utf8(), str::len))
}

/// The length of the number at the beginning: `12`, `0.5`, `1e-9`.
fn number(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    let decimals = text[length..].strip_prefix('.').map_or(0, digits);
    length += if decimals > 0 { 1 + decimals } else { 0 };
    let exponent = text[length..].strip_prefix('e').map_or(0, |after| {
        let sign = usize::from(after.starts_with(['-', '+']));
        let count = digits(&after[sign..]);
        if count > 0 { 1 + sign + count } else { 0 }
    });
    length + exponent
}
