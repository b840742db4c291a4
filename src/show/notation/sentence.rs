//! Formulas among words: which parts of a sentence are formulas.

use super::Style;
use super::parse::{greek, is_function, latex, product_of_letters};
use super::token::{Kind, Token, tokens};

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words as they are written.
    Words(String),
    /// What stands between backticks.
    Code(String),
    /// A formula, as LaTeX.
    Formula(String),
}

/// The parts of a sentence, in order.
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 1 {
            parts.push(Part::Code(piece.into()));
        } else {
            within(piece, &mut parts);
        }
    }
    parts
}

/// What a token can be part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Word,
    Formula,
    /// Either, by what stands around it.
    Either,
}

fn within(text: &str, parts: &mut Vec<Part>) {
    let tokens = tokens(text);
    let uses = uses(&tokens);
    let blank = |index: usize| if tokens[index].apart_before && index > 0 { " " } else { "" };
    let mut words = if text.starts_with(char::is_whitespace) { " ".to_string() } else { String::new() };
    let mut index = 0;
    while index < tokens.len() {
        let end = end_of_run(&tokens, &uses, index);
        match formula(&tokens[index..end], &uses[index..end]) {
            Some((length, formula)) => {
                words += blank(index);
                put(parts, Part::Words(std::mem::take(&mut words)));
                parts.push(Part::Formula(formula));
                index += length;
            }
            None => {
                words += blank(index);
                let is_sign = tokens[index].apart_before && !tokens[index].apart_after;
                words += match tokens[index].text.as_str() {
                    // Before a number, and not between words.
                    "-" if is_sign && tokens.get(index + 1).is_some_and(|next| next.kind == Kind::Number) => "−",
                    ">=" => "≥",
                    "<=" => "≤",
                    "..." => "…",
                    text => text,
                };
                index += 1;
            }
        }
    }
    if !tokens.is_empty() && text.ends_with(char::is_whitespace) {
        words += " ";
    }
    put(parts, Part::Words(words));
}

fn put(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (_, Part::Words(words)) if words.is_empty() => {}
        (Some(Part::Words(known)), Part::Words(words)) => *known += &words,
        (_, part) => parts.push(part),
    }
}

/// The longest formula at the beginning of a run, and how many tokens it takes.
fn formula(run: &[Token], uses: &[Use]) -> Option<(usize, String)> {
    // `(1)` before a formula numbers it.
    let is_number = run.len() > 3 && run[0].text == "(" && run[1].kind == Kind::Number && run[2].text == ")";
    let most = if is_number { 0 } else { run.len() };
    (1..=most).rev().find_map(|length| {
        let run = &run[..length];
        if !says_more_than_words(run, &uses[..length]) {
            return None;
        }
        latex(run, Style::Printed).map(|latex| (length, latex))
    })
}

/// A lone number, or numbers in brackets, are words.
fn says_more_than_words(run: &[Token], uses: &[Use]) -> bool {
    let joins = |token: &Token| ["^", "x", "="].contains(&token.text.as_str());
    uses.contains(&Use::Formula) || (run.len() > 2 && run[1..].iter().any(joins) && run[0].kind == Kind::Number)
}

/// Where the run of tokens that may be one formula ends: before a word, and before a comma outside brackets.
fn end_of_run(tokens: &[Token], uses: &[Use], start: usize) -> usize {
    let mut depth = 0i32;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        if uses[index] == Use::Word {
            return index;
        }
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 0 => return index,
            _ => {}
        }
        if depth < 0 {
            return index;
        }
    }
    tokens.len()
}

/// How each token can be used.
fn uses(tokens: &[Token]) -> Vec<Use> {
    let mut uses: Vec<Use> = (0..tokens.len()).map(|index| alone(tokens, index)).collect();
    // Whether words stand within brackets decides on these, the inner ones first.
    for (open, close) in pairs(tokens) {
        let inside = open + 1..close;
        let is_and = |at: &usize| tokens[*at].text == "and";
        if inside.clone().all(|at| is_and(&at) || uses[at] != Use::Word) && uses[inside.clone()].contains(&Use::Formula)
        {
            inside.clone().filter(is_and).for_each(|at| uses[at] = Use::Either);
        }
        if uses[inside.clone()].contains(&Use::Word) {
            (uses[open], uses[close]) = (Use::Word, Use::Word);
        } else if uses[inside].contains(&Use::Formula) && !is_remark(tokens, &uses, open) {
            (uses[open], uses[close]) = (Use::Formula, Use::Formula);
        }
    }
    for index in 0..tokens.len() {
        if tokens[index].text == "in" {
            let is_near =
                |other: Option<usize>| other.is_some_and(|at| uses.get(at).is_some_and(|use_| *use_ != Use::Word));
            let after =
                is_near(Some(index + 1)) && tokens.get(index + 1).is_some_and(|token| token.kind != Kind::Number);
            let before = index
                .checked_sub(1)
                .filter(|at| uses[*at] == Use::Formula || tokens[*at].text == ")" || tokens[*at].text == "}");
            uses[index] = if before.is_some() && after { Use::Formula } else { Use::Word };
        }
    }
    uses
}

/// Whether brackets hold a remark: they stand behind a word, and hold one name or formula.
fn is_remark(tokens: &[Token], uses: &[Use], open: usize) -> bool {
    open > 0 && tokens[open].apart_before && uses[open - 1] == Use::Word && tokens[open].text == "("
}

/// The places of matching brackets, inner ones first.
fn pairs(tokens: &[Token]) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => pairs.extend(open.pop().map(|start| (start, index))),
            _ => {}
        }
    }
    pairs
}

fn alone(tokens: &[Token], index: usize) -> Use {
    let token = &tokens[index];
    let (before, after) = (index.checked_sub(1).and_then(|at| tokens.get(at)), tokens.get(index + 1));
    let joined_before = before.filter(|_| !token.apart_before);
    let joined_after = after.filter(|_| !token.apart_after);
    let is_sign = |token: Option<&Token>, sign: &str| token.is_some_and(|token| token.text == sign);
    let is_word = |token: Option<&Token>| token.is_some_and(|token| is_plain_word(&token.text));
    match token.kind {
        Kind::Number => Use::Either,
        // The s of "target's", the parts of "i.i.d." and of "chi-square".
        Kind::Name if is_sign(joined_before, "'") => Use::Word,
        Kind::Name if is_sign(joined_before, "^") => Use::Formula,
        Kind::Name if is_abbreviation(tokens, index) || is_hyphened(tokens, index) => Use::Word,
        Kind::Name => match token.text.as_str() {
            "in" => Use::Either,
            "and" => Use::Word,
            "x" => Use::Formula,
            "cap" | "cup" => Use::Formula,
            "a" | "A" | "I" => {
                let is_article =
                    joined_after.is_none() && after.is_some_and(|next| next.kind == Kind::Name && next.text != "x");
                let is_article = is_article
                    || (token.text == "a" && is_word(after))
                    || (token.text == "a"
                        && joined_after.is_none()
                        && after.is_some_and(|next| next.kind == Kind::Number));
                if is_article { Use::Word } else { Use::Formula }
            }
            name if is_function(name) => {
                let is_called =
                    joined_after.is_some_and(|next| ["(", "_", "^", "[", "|"].contains(&next.text.as_str()));
                let is_root =
                    ["sqrt", "log", "ln"].contains(&name) && after.is_some_and(|next| !is_plain_word(&next.text));
                let is_sum = ["sum", "prod"].contains(&name)
                    && !is_sign(after, "in")
                    && before.is_some_and(|before| ["=", "[", "(", "-", "<="].contains(&before.text.as_str()));
                let is_norm = ["norm1", "norm2"].contains(&name);
                if is_called || is_root || is_sum || is_norm || name == "Pr" { Use::Formula } else { Use::Word }
            }
            name if is_plain_word(name) => Use::Word,
            _ => Use::Formula,
        },
        Kind::Sign => match token.text.as_str() {
            "^" | ">=" | "<=" | "==" | "!=" | "..." | "|" => Use::Either,
            "+" | "/" | "*" | "=" | "<" | ">" | "_" | "(" | "[" | "{" | ")" | "]" | "}" | "," => Use::Either,
            "~" => Use::Either,
            "!" if joined_before.is_some_and(|before| before.text.len() == 1) => Use::Either,
            ":" if joined_before.is_some_and(|before| ["(", ","].contains(&before.text.as_str())) => Use::Either,
            "." if token.apart_before && token.apart_after && after.is_some() => Use::Either,
            "-" if joined_before.is_some() && is_word(joined_after) => Use::Word,
            "-" if before.is_some_and(|before| before.kind == Kind::Number && !token.apart_before)
                && joined_after.is_some_and(|after| after.kind == Kind::Number) =>
            {
                Use::Either
            }
            "-" => Use::Either,
            "'" if joined_before
                .is_some_and(|before| before.kind == Kind::Name || [")", "'", "]"].contains(&before.text.as_str()))
                && !joined_after.is_some_and(|after| after.kind == Kind::Name) =>
            {
                Use::Either
            }
            _ => Use::Word,
        },
    }
}

/// A name of several letters that is no symbol.
fn is_plain_word(name: &str) -> bool {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_letters = name.starts_with(char::is_alphabetic);
    is_letters
        && base.chars().count() > 1
        && greek(base).is_none()
        && !is_function(name)
        && product_of_letters(name).is_none()
        && name != "cap"
        && name != "cup"
}

/// `i.i.d.`: letters with points between them.
fn is_abbreviation(tokens: &[Token], index: usize) -> bool {
    let is_point = |at: Option<usize>| at.and_then(|at| tokens.get(at)).is_some_and(|token| token.text == ".");
    let token = &tokens[index];
    let before = is_point(index.checked_sub(1))
        && !token.apart_before
        && index.checked_sub(2).is_some_and(|at| tokens[at].kind == Kind::Name && !tokens[at].apart_after);
    let after = is_point(Some(index + 1))
        && !token.apart_after
        && tokens.get(index + 2).is_some_and(|next| next.kind == Kind::Name && !next.apart_before);
    before || after
}

/// A name that is one word with what a hyphen joins to it: `chi-square`, `half-normal`; but not the k of `k-subset`.
fn is_hyphened(tokens: &[Token], index: usize) -> bool {
    let token = &tokens[index];
    let at = |at: usize, sign: bool| tokens.get(at).filter(|token| (token.text == "-") == sign);
    let is_word_after = !token.apart_after
        && at(index + 1, true).is_some_and(|hyphen| !hyphen.apart_after)
        && at(index + 2, false).is_some_and(|next| is_plain_word(&next.text));
    let is_word_before = index >= 2
        && !token.apart_before
        && at(index - 1, true).is_some_and(|hyphen| !hyphen.apart_before)
        && at(index - 2, false).is_some_and(|before| is_plain_word(&before.text));
    is_word_before || (is_word_after && token.text.len() > 1 && greek(&token.text).is_some())
}
