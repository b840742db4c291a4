//! Plain formulas typeset: `10^-9`, `mu_+`, `norm_max(X)`, `c1` and `S cap S'` become what they stand for.

/// Where a piece of a formula stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// On the line.
    Line,
    /// A subscript.
    Below,
    /// A superscript.
    Above,
    /// A sign between two things, larger than letters and with room at either side.
    Operator,
}

const GREEK: [(&str, &str); 29] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("eps", "ε"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Omega", "Ω"),
];

/// Signs of several characters.
const SIGNS: [(&str, &str); 7] =
    [(">=", "≥"), ("<=", "≤"), ("!=", "≠"), ("...", "…"), ("sqrt(", "√("), (" in [", " ∈ ["), (" in I_", " ∈ I_")];

/// What came last, as far as the sign after it depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A number.
    Number,
    /// A variable: one letter, or a Greek one.
    Symbol,
    /// A word.
    Word,
    /// The end of something in brackets.
    Closing,
    /// A space, an opening bracket, a sign, or nothing.
    Open,
}

/// Splits a text into pieces, each with its level; signs and names become what they stand for. Prose stays as it is.
pub fn pieces(text: &str) -> Vec<(String, Level)> {
    let mut text = norms(text);
    for (plain, sign) in SIGNS {
        text = text.replace(plain, sign);
    }
    let mut setter = Setter { pieces: Vec::new(), last: Last::Open };
    let mut rest = text.as_str();
    while let Some(taken) = setter.take(rest) {
        rest = &rest[taken..];
    }
    setter.pieces
}

struct Setter {
    pieces: Vec<(String, Level)>,
    last: Last,
}

impl Setter {
    fn put(&mut self, text: &str, level: Level, last: Last) {
        match self.pieces.last_mut() {
            Some((piece, same)) if *same == level => piece.push_str(text),
            _ => self.pieces.push((text.into(), level)),
        }
        self.last = last;
    }

    /// Sets what the text begins with and returns its length; nothing at the end.
    fn take(&mut self, rest: &str) -> Option<usize> {
        let first = rest.chars().next()?;
        if let Some(taken) = self.script(rest).or_else(|| self.operator(rest)).or_else(|| self.number(rest)) {
            return Some(taken);
        }
        let word = word(rest);
        if !word.is_empty() {
            self.word(word);
            return Some(word.len());
        }
        let after = &rest[first.len_utf8()..];
        match first {
            '-' => self.hyphen(after),
            '\'' if self.last == Last::Symbol && !after.starts_with(char::is_alphabetic) => {
                self.put("′", Level::Line, Last::Symbol);
            }
            '\'' if self.last != Last::Open => self.put("’", Level::Line, Last::Open),
            ')' | ']' | '|' | '‖' | '}' => self.put(&rest[..first.len_utf8()], Level::Line, Last::Closing),
            _ => self.put(&rest[..first.len_utf8()], Level::Line, Last::Open),
        }
        Some(first.len_utf8())
    }

    /// What is raised or lowered: after `^`, and after `_` behind a variable; in braces, whatever is in them.
    fn script(&mut self, rest: &str) -> Option<usize> {
        let (level, after) = match (rest.strip_prefix('^'), rest.strip_prefix('_')) {
            (Some(after), _) => (Level::Above, after),
            (_, Some(after)) if self.last == Last::Symbol || after.starts_with('{') => (Level::Below, after),
            _ => return None,
        };
        if let Some(inner) = after.strip_prefix('{') {
            let end = inner.find('}')?;
            self.put(&set_script(&inner[..end]), level, Last::Closing);
            return Some(end + 3);
        }
        let script = match level {
            Level::Above => exponent(after),
            _ => subscript(after),
        };
        if script.is_empty() {
            return None;
        }
        self.put(&set_script(script), level, Last::Closing);
        Some(1 + script.len())
    }

    /// `cap` and `cup` between two things, and `x` or `*` between two factors.
    fn operator(&mut self, rest: &str) -> Option<usize> {
        for (name, sign) in [(" cap ", "∩"), (" cup ", "∪")] {
            if rest.starts_with(name) && self.last != Last::Open {
                self.put(sign, Level::Operator, Last::Open);
                return Some(name.len());
            }
        }
        if self.last == Last::Open || self.last == Last::Word {
            return None;
        }
        let factor = |after: &str| {
            let word = word(after);
            is_number(word) || (is_symbol(word) && !after[word.len()..].starts_with('\''))
        };
        if let Some(after) = rest.strip_prefix(" x ").filter(|after| factor(after)) {
            self.put(" × ", Level::Line, Last::Open);
            return Some(rest.len() - after.len());
        }
        if let Some(after) = rest.strip_prefix(" * ").filter(|after| factor(after)) {
            self.put(" ∗ ", Level::Line, Last::Open);
            return Some(rest.len() - after.len());
        }
        None
    }

    /// A number: `1e-9` as a power of ten, `3x3` as a product.
    fn number(&mut self, rest: &str) -> Option<usize> {
        if matches!(self.last, Last::Word | Last::Symbol) || !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let digits = decimal(rest);
        let after = &rest[digits.len()..];
        if let Some(power) =
            after.strip_prefix('e').map(exponent).filter(|power| is_number(power.trim_start_matches('-')))
        {
            if digits != "1" {
                self.put(&format!("{digits}×"), Level::Line, Last::Number);
            }
            self.put("10", Level::Line, Last::Number);
            self.put(&set_script(power), Level::Above, Last::Closing);
            return Some(digits.len() + 1 + power.len());
        }
        if let Some(factor) = after.strip_prefix('x').map(word).filter(|word| is_number(word)) {
            self.put(&format!("{digits}×{factor}"), Level::Line, Last::Number);
            return Some(digits.len() + 1 + factor.len());
        }
        let whole = word(rest);
        if whole.len() > digits.len() && !digits.contains('.') {
            self.put(whole, Level::Line, Last::Word);
            return Some(whole.len());
        }
        self.put(digits, Level::Line, Last::Number);
        Some(digits.len())
    }

    fn word(&mut self, word: &str) {
        if let Some(greek) = greek(word) {
            return self.put(greek, Level::Line, Last::Symbol);
        }
        let (letter, digits) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        if digits.is_empty() {
            let is_digit = letter.starts_with(|c: char| c.is_numeric());
            return self.put(word, Level::Line, if is_digit { Last::Number } else { Last::Symbol });
        }
        if letter.starts_with(char::is_alphabetic) && is_number(digits) {
            self.put(letter, Level::Line, Last::Symbol);
            return self.put(digits, Level::Below, Last::Closing);
        }
        self.put(word, Level::Line, Last::Word);
    }

    /// A `-` is a minus before and between what is computed with, and a hyphen in words; between numbers it is a range.
    fn hyphen(&mut self, after: &str) {
        let next = word(after);
        let computed = is_number(next) || is_symbol(next) || after.starts_with(['(', '|', '√', '.']);
        let (sign, last) = match self.last {
            Last::Open if after.starts_with(' ') || computed => ("−", Last::Open),
            Last::Number if is_number(next) => ("–", Last::Open),
            Last::Number | Last::Symbol | Last::Closing if computed => ("−", Last::Open),
            _ => ("-", Last::Word),
        };
        self.put(sign, Level::Line, last);
    }
}

/// `norm_max(X)` and `norm1(K)` between double bars.
fn norms(text: &str) -> String {
    let mut text = text.to_string();
    for (name, below) in [("norm_max(", "max"), ("norm1(", "1")] {
        let mut from = 0;
        while let Some(begin) = text[from..].find(name).map(|at| from + at) {
            let inner = begin + name.len();
            let Some(end) = closing(&text[inner..]).map(|at| inner + at) else { break };
            text = format!("{}‖{}‖_{{{below}}}{}", &text[..begin], &text[inner..end], &text[end + 1..]);
            from = begin + '‖'.len_utf8();
        }
    }
    text.replace("norm_max", "max-norm")
}

/// Where the bracket closes that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(at, c)| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        (depth == 0).then_some(at)
    })
}

fn set_script(text: &str) -> String {
    greek(text).unwrap_or(text).replace('-', "−")
}

fn greek(word: &str) -> Option<&'static str> {
    GREEK.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word is a variable: a letter, a Greek one, or either with digits behind it.
fn is_symbol(word: &str) -> bool {
    let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
    greek(name).is_some() || (name.chars().count() == 1 && name.starts_with(char::is_alphabetic))
}

/// The letters and digits at the beginning of a text.
fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())]
}

/// The digits, with a decimal point and what follows it, at the beginning of a text.
fn decimal(text: &str) -> &str {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let decimals = text[whole..].strip_prefix('.').map_or(0, digits);
    if decimals > 0 { &text[..whole + 1 + decimals] } else { &text[..whole] }
}

/// A word or number at the beginning of a text, that may have a sign.
fn exponent(text: &str) -> &str {
    let sign = text.chars().next().filter(|c| "-−".contains(*c)).map_or(0, char::len_utf8);
    let word = word(&text[sign..]);
    if word.is_empty() {
        return "";
    }
    let number = decimal(&text[sign..]);
    let length = if is_number(word) { number.len() } else { word.len() };
    &text[..sign + length]
}

/// A word, or a sign that no word follows.
fn subscript(text: &str) -> &str {
    let word = word(text);
    if word.is_empty() && text.starts_with(['+', '-']) && !text[1..].starts_with(char::is_alphanumeric) {
        return &text[..1];
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces with `_` before what is lowered, `^` before what is raised and `@` before operators.
    fn typeset(text: &str) -> String {
        let mark = |level| match level {
            Level::Line => "",
            Level::Below => "_",
            Level::Above => "^",
            Level::Operator => "@",
        };
        pieces(text).iter().map(|(piece, level)| format!("{}{piece}|", mark(*level))).collect()
    }

    #[test]
    fn formulas_are_typeset() {
        for (plain, set) in [
            ("10^-200", "10|^−200|"),
            ("d^1.52", "d|^1.52|"),
            ("d^2.", "d|^2|.|"),
            ("I_eps(z)", "I|_ε|(z)|"),
            ("a 2^k, b", "a 2|^k|, b|"),
            ("log(1/eps)^1.20 [-1.25, 0.75]", "log(1/ε)|^1.20| [−1.25, 0.75]|"),
            ("eps >= 1 - delta", "ε ≥ 1 − δ|"),
            ("Pr(X <= (1-delta) mu_-)", "Pr(X ≤ (1−δ) μ|_−|)|"),
            ("mu_+", "μ|_+|"),
            ("X in [z-eps, z+eps]", "X ∈ [z−ε, z+ε]|"),
            ("Pr(|S cap S'| >= k/d)", "Pr(|S|@∩|S′| ≥ k/d)|"),
            ("norm_max(K * X)/norm_max(X)", "‖K ∗ X‖|_max|/‖X‖|_max|"),
            ("product of norm1(K)", "product of ‖K‖|_1|"),
            ("n = 1e5, p = 2.5e-7", "n = 10|^5|, p = 2.5×10|^−7|"),
            ("c1 = 3", "c|_1| = 3|"),
            ("a 3x3 kernel, 3 x 5, d x d", "a 3×3 kernel, 3 × 5, d × d|"),
            ("sqrt(d t)", "√(d t)|"),
            ("10^{−2×10⁶}", "10|^−2×10⁶|"),
            ("-3", "−3|"),
        ] {
            assert_eq!(typeset(plain), set, "{plain}");
        }
    }

    #[test]
    fn prose_stays() {
        for prose in [
            "snake_case",
            "digits_full",
            "x ^ y",
            "_",
            "^",
            "a_",
            "steps",
            "Zoë — ∞",
            "k-subsets",
            "max-norm",
            "random-1",
            "[0.5, 1]",
            "half-normal",
            "0.25",
        ] {
            assert_eq!(typeset(prose), format!("{prose}|"));
        }
        assert_eq!(typeset("Eqs. 15-17: the overlap's tail"), "Eqs. 15–17: the overlap’s tail|");
        assert_eq!(typeset(""), "");
    }
}
