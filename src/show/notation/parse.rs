//! From tokens to LaTeX, by precedence climbing: lists, relations, sums, products, powers.

use super::Style;
use super::token::{Kind, Token};

/// The LaTeX of all tokens; none where they are no formula.
pub fn latex(tokens: &[Token], style: Style) -> Option<String> {
    let mut parser = Parser { tokens, next: 0, style, depth: 0, in_script: false };
    let list = parser.list()?;
    (parser.next == tokens.len() && !tokens.is_empty()).then_some(list)
}

/// Formulas are nested no deeper than this.
const DEEPEST: usize = 64;

/// Names with a sign of their own.
const LETTERS: [&str; 27] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi",
    "rho", "sigma", "tau", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Sigma", "Phi", "Omega",
];

/// The LaTeX of a Greek letter's name.
pub fn greek(name: &str) -> Option<String> {
    match name {
        "eps" => Some("\\varepsilon".into()),
        "epsilon" => Some("\\varepsilon".into()),
        "phi" => Some("\\varphi".into()),
        "infinity" => Some("\\infty".into()),
        _ => LETTERS.contains(&name).then(|| format!("\\{name}")),
    }
}

/// Functions that stand before their argument, with their LaTeX.
const FUNCTIONS: [(&str, &str); 16] = [
    ("exp", "\\exp"),
    ("ln", "\\ln"),
    ("log", "\\log"),
    ("min", "\\min"),
    ("max", "\\max"),
    ("sup", "\\sup"),
    ("Pr", "\\Pr"),
    ("sum", "\\sum"),
    ("prod", "\\prod"),
    ("median", "\\operatorname{median}"),
    ("expm1", "\\operatorname{expm1}"),
    ("log1p", "\\operatorname{log1p}"),
    ("lgamma", "\\ln\\Gamma"),
    ("relu", "\\operatorname{relu}"),
    ("support", "\\operatorname{supp}"),
    ("KL", "\\operatorname{KL}"),
];

/// Functions that stand around their argument.
const AROUND: [(&str, &str, &str); 8] = [
    ("sqrt", "\\sqrt{", "}"),
    ("abs", "\\lvert ", "\\rvert"),
    ("ceil", "\\lceil ", "\\rceil"),
    ("floor", "\\lfloor ", "\\rfloor"),
    ("norm", "\\lVert ", "\\rVert"),
    ("norm1", "\\lVert ", "\\rVert_{1}"),
    ("norm2", "\\lVert ", "\\rVert_{2}"),
    ("norm_max", "\\lVert ", "\\rVert_{\\max}"),
];

/// Whether a name is that of a function.
pub fn is_function(name: &str) -> bool {
    name == "binom"
        || FUNCTIONS.iter().any(|(known, _)| *known == name)
        || AROUND.iter().any(|(known, ..)| known.split('_').next() == Some(name))
}

const RELATIONS: [(&str, &str); 11] = [
    (">=", "\\ge"),
    ("<=", "\\le"),
    ("==", "="),
    ("!=", "\\ne"),
    ("=", "="),
    (">", ">"),
    ("<", "<"),
    ("~", "\\sim"),
    ("in", "\\in"),
    ("and", "\\text{ and }"),
    ("&&", "\\text{ and }"),
];

/// What joins two factors.
const TIMES: [(&str, &str); 4] = [("x", "\\times"), (".", "\\cdot"), ("cap", "\\cap"), ("cup", "\\cup")];

/// Functions that papers write without parentheses.
const BARE: [&str; 2] = ["ln", "log"];

/// A part of a formula.
struct Set {
    latex: String,
    /// The same without the parentheses around it, if it has some.
    inner: Option<String>,
    /// Whether it begins with a digit: a product of two needs a sign.
    is_number: bool,
    /// What stands above and below the line, if it is a fraction.
    fraction: Option<(String, String)>,
}

impl Set {
    fn plain(latex: impl Into<String>) -> Self {
        Set { latex: latex.into(), inner: None, is_number: false, fraction: None }
    }

    fn fraction(above: String, below: String) -> Self {
        // A sign stands before a fraction, not in it.
        let (sign, above) = match above.strip_prefix('-') {
            Some(above) => ("-", above.to_string()),
            None => ("", above),
        };
        let latex = format!("{sign}\\frac{{{above}}}{{{below}}}");
        Set { fraction: Some((format!("{sign}{above}"), below)), ..Set::plain(latex) }
    }

    fn bare(self) -> String {
        self.inner.unwrap_or(self.latex)
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    style: Style,
    depth: usize,
    /// Within an index or an exponent fractions stand on one line.
    in_script: bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn is(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| token.text == text)
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.is(text).then(|| self.next += 1)
    }

    /// One of several signs, with its LaTeX.
    fn one_of(&mut self, known: &[(&str, &'static str)]) -> Option<&'static str> {
        let (_, latex) = known.iter().find(|(text, _)| self.is(text))?;
        self.next += 1;
        Some(latex)
    }

    /// Formulas with commas between them.
    fn list(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut list = self.relations()?;
        while self.take(",").is_some() {
            list += &format!(", {}", self.relations()?);
        }
        self.depth -= 1;
        Some(list)
    }

    fn relations(&mut self) -> Option<String> {
        let mut all = self.sum()?;
        while let Some(relation) = self.one_of(&RELATIONS) {
            let right = self.sum()?;
            all = joined(&format!("{all}{relation}"), &right);
        }
        Some(all)
    }

    fn sum(&mut self) -> Option<String> {
        let mut sum = self.product()?;
        while let Some(sign) = self.peek().filter(|token| token.text == "+" || token.text == "-") {
            self.next += 1;
            sum += &format!("{}{}", sign.text, self.product()?);
        }
        Some(sum)
    }

    /// Factors and quotients: a quotient's numerator is what stands before it since the last one.
    fn product(&mut self) -> Option<String> {
        let mut done: Vec<Set> = Vec::new();
        let first = self.lone_fraction().map_or_else(|| self.signed(), Some)?;
        let mut factors = vec![first];
        loop {
            if self.take("/").is_some() {
                let below = self.denominator()?;
                let above = match factors.is_empty() {
                    true => vec![done.pop()?],
                    false => std::mem::take(&mut factors),
                };
                done.push(self.quotient(above, below));
            } else if self.is("*") {
                self.next += 1;
                if self.style == Style::Printed {
                    factors.push(Set::plain("\\ast "));
                }
                factors.push(self.lone_fraction().map_or_else(|| self.signed(), Some)?);
            } else if let Some(times) = self.times() {
                factors.push(Set::plain(format!("{times} ")));
                factors.push(self.signed()?);
            } else if self.style == Style::Printed && self.begins_a_factor() {
                let is_argument = self.peek().is_some_and(|token| !token.apart_before)
                    && self.tokens[self.next - 1].kind == Kind::Name;
                let lone = if is_argument { None } else { self.lone_fraction() };
                factors.push(lone.map_or_else(|| self.power(), Some)?);
            } else {
                done.extend(factors);
                return Some(match &done[..] {
                    // A small fraction that stands alone is read on one line.
                    [Set { fraction: Some((above, below)), .. }]
                        if self.style == Style::Printed && is_atom(above) && is_atom(below) =>
                    {
                        format!("{above}/{below}")
                    }
                    _ => side_by_side(done),
                });
            }
        }
    }

    /// A fraction in parentheses, which beside other factors needs none.
    fn lone_fraction(&mut self) -> Option<Set> {
        let start = self.next;
        let found = self.take("(").and_then(|()| {
            let above = self.power()?;
            self.take("/")?;
            let below = self.denominator()?;
            self.take(")")?;
            let is_alone = !self.in_script && !self.is("^") && !self.is("_");
            is_alone.then(|| Set::fraction(above.bare(), below.bare()))
        });
        if found.is_none() {
            self.next = start;
        }
        found
    }

    /// What stands below a fraction: also the whole of `2l`, which has no blank.
    fn denominator(&mut self) -> Option<Set> {
        let first = self.signed()?;
        let is_close = |token: &Token| token.kind == Kind::Name && !token.apart_before;
        if self.style == Style::Printed && first.is_number && self.peek().is_some_and(is_close) {
            let second = self.power()?;
            return Some(Set::plain(side_by_side(vec![first, second])));
        }
        Some(first)
    }

    fn quotient(&self, above: Vec<Set>, below: Set) -> Set {
        if self.in_script {
            return Set::plain(format!("{}/{}", side_by_side(above), below.latex));
        }
        if let [Set { fraction: Some((first, second)), .. }] = &above[..] {
            return Set::fraction(first.clone(), joined(second, &below.latex));
        }
        let above = match above.len() {
            1 => above.into_iter().map(Set::bare).collect(),
            _ => side_by_side(above),
        };
        Set::fraction(above, below.bare())
    }

    /// A sign between two factors, with its LaTeX.
    fn times(&mut self) -> Option<&'static str> {
        let sign = self.peek()?;
        let factor = self.tokens.get(self.next + 1)?;
        let is_letter = sign.text == "x" && self.style == Style::Evaluated;
        let is_between = factor.kind != Kind::Sign || ["(", "[", "|"].contains(&factor.text.as_str());
        if is_letter || !is_between { None } else { self.one_of(&TIMES) }
    }

    fn begins_a_factor(&self) -> bool {
        self.peek().is_some_and(|token| match token.kind {
            Kind::Number => true,
            Kind::Name => !["in", "and", "cap", "cup"].contains(&token.text.as_str()),
            Kind::Sign => {
                ["(", "[", "{", "..."].contains(&token.text.as_str()) || (token.text == "|" && self.opens_bar())
            }
        })
    }

    /// Whether a bar begins what it encloses: something is right behind it, and nothing right before.
    fn opens_bar(&self) -> bool {
        self.peek().is_some_and(|token| !token.apart_after && token.apart_before)
    }

    fn signed(&mut self) -> Option<Set> {
        if self.take("-").is_some() {
            self.depth += 1;
            let inner = (self.depth <= DEEPEST).then(|| self.signed())??;
            self.depth -= 1;
            return Some(Set::plain(format!("-{}", inner.latex)));
        }
        self.power()
    }

    /// A part with its indices, exponents and primes.
    fn power(&mut self) -> Option<Set> {
        let set = self.primary()?;
        if !self.scripts_follow() {
            return Some(set);
        }
        let is_number = set.is_number;
        let mut latex = set.latex;
        while self.scripts_follow() {
            let sign = self.peek()?.text.clone();
            self.next += 1;
            match sign.as_str() {
                "'" | "!" => latex += &sign,
                "+" | "-" => latex += &format!("^{{{sign}}}"),
                "~" => latex = format!("\\tilde{{{latex}}}"),
                "^" if !self.script_follows() => latex = format!("\\hat{{{latex}}}"),
                _ => latex += &format!("{sign}{{{}}}", self.script()?),
            }
        }
        Some(Set { is_number, ..Set::plain(latex) })
    }

    fn scripts_follow(&self) -> bool {
        let is_close = |token: &Token| !token.apart_before && (token.text != "~" || token.apart_after);
        self.peek().is_some_and(|token| match token.text.as_str() {
            "^" => true,
            "_" | "'" | "!" | "~" => is_close(token),
            // The positive or negative part: nothing is added.
            "+" | "-" => is_close(token) && !self.is_followed_by_a_term(),
            _ => false,
        })
    }

    /// Whether something stands behind a sign that it adds.
    fn is_followed_by_a_term(&self) -> bool {
        self.style == Style::Evaluated
            || self.tokens.get(self.next + 1).is_some_and(|term| match term.text.as_str() {
                // A bar opens only before what it encloses.
                "|" => {
                    !term.apart_after && self.tokens.get(self.next + 2).is_some_and(|inside| inside.kind != Kind::Sign)
                }
                sign => term.kind != Kind::Sign || ["(", "[", "-", "..."].contains(&sign),
            })
    }

    /// Whether what stands behind `^` is an exponent.
    fn script_follows(&self) -> bool {
        let is_before = self.tokens.get(self.next.wrapping_sub(1)).is_some_and(|sign| !sign.apart_after);
        let is_sign = |text: &str| ["(", "{", "+", "-"].contains(&text);
        self.style == Style::Evaluated
            || (is_before && self.peek().is_some_and(|token| token.kind != Kind::Sign || is_sign(&token.text)))
    }

    fn script(&mut self) -> Option<String> {
        let outer = std::mem::replace(&mut self.in_script, true);
        let script = self.script_inside();
        self.in_script = outer;
        script
    }

    fn script_inside(&mut self) -> Option<String> {
        for (open, close) in [("{", "}"), ("(", ")")] {
            if self.take(open).is_some() {
                let inner = self.list()?;
                self.take(close)?;
                return Some(inner);
            }
        }
        let sign = self.peek().filter(|token| token.text == "+" || token.text == "-");
        if let Some(sign) = sign {
            self.next += 1;
            let has_number = self.peek().is_some_and(|token| !token.apart_before && token.kind != Kind::Sign);
            let number = if has_number { self.primary()?.latex } else { String::new() };
            return Some(format!("{}{number}", sign.text));
        }
        match self.style {
            // An exponent may have a sign or an exponent of its own.
            Style::Evaluated => self.signed().map(Set::bare),
            Style::Printed => self.primary().map(Set::bare),
        }
    }

    fn primary(&mut self) -> Option<Set> {
        let token = self.peek()?;
        self.next += 1;
        match (token.kind, token.text.as_str()) {
            (Kind::Number, text) => Some(Set { is_number: true, ..Set::plain(decimal(text)) }),
            (Kind::Name, _) => self.name(token),
            (_, "...") => Some(Set::plain("\\ldots")),
            (_, ":") => Some(Set::plain("{:}")),
            (_, "(") => {
                let inner = self.list()?;
                self.take(")")?;
                let latex = fenced("(", &inner, ")");
                Some(Set { inner: Some(inner), ..Set::plain(latex) })
            }
            (_, open @ ("[" | "{")) => {
                let inner = self.list()?;
                self.take(if open == "[" { "]" } else { "}" })?;
                let (left, right) = if open == "[" { ("[", "]") } else { ("\\{", "\\}") };
                Some(Set::plain(fenced(left, &inner, right)))
            }
            (_, "|") => {
                let inner = self.list()?;
                self.take("|")?;
                Some(Set::plain(format!("\\lvert {inner}\\rvert")))
            }
            _ => None,
        }
    }

    fn name(&mut self, token: &Token) -> Option<Set> {
        let whole = self.whole_name(token);
        if let Some(set) = self.call(&whole) {
            return set.map(Set::plain);
        }
        let parts: Vec<&str> = whole.split('_').collect();
        if let [name, below] = parts[..] {
            let below = match below {
                "plus" => Some("+".into()),
                "minus" => Some("-".into()),
                below => symbol(below),
            };
            if let (Some(name), Some(below)) = (symbol(name), below) {
                return Some(Set::plain(format!("{name}_{{{below}}}")));
            }
        }
        if let Some(symbol) = symbol(&whole) {
            let is_space = whole == "R" && self.is("^");
            return Some(Set::plain(if is_space { "\\mathbb{R}".into() } else { symbol }));
        }
        let letters: Option<String> = match self.style {
            Style::Printed => product_of_letters(&whole),
            Style::Evaluated => None,
        };
        Some(Set::plain(letters.unwrap_or_else(|| format!("\\mathrm{{{}}}", super::escaped(&whole)))))
    }

    /// A name with what underscores join to it; as papers print, one sign is an index and no part of the name.
    fn whole_name(&mut self, token: &Token) -> String {
        let mut whole = token.text.clone();
        let is_close = |token: Option<&Token>| token.is_some_and(|token| !token.apart_before);
        while self.is("_") && is_close(self.peek()) {
            let after = self.tokens.get(self.next + 1).filter(|token| token.kind == Kind::Name && !token.apart_before);
            let is_norm = whole == "norm" && after.is_some_and(|after| after.text == "max");
            let Some(after) = after.filter(|_| self.style == Style::Evaluated || is_norm) else { break };
            whole += &format!("_{}", after.text);
            self.next += 2;
        }
        whole
    }

    /// A function of what stands in parentheses behind it.
    fn call(&mut self, name: &str) -> Option<Option<String>> {
        let is_open = |parser: &Self| parser.peek().is_some_and(|token| token.text == "(" && !token.apart_before);
        if name == "E" && (self.is("[") || self.is("|")) && self.peek().is_some_and(|token| !token.apart_before) {
            return Some(self.primary().map(|inside| format!("\\mathbb{{E}}{}", inside.latex)));
        }
        if name == "binom" && is_open(self) {
            return Some(self.binomial());
        }
        // A parameter may have the name of a function.
        if self.style == Style::Evaluated && !is_open(self) {
            return None;
        }
        if let Some((_, left, right)) = AROUND.iter().find(|(known, ..)| *known == name) {
            let inner = match name {
                _ if is_open(self) => self.primary().map(Set::bare),
                // A root may stand before one letter, and a norm is spoken of without an argument.
                "sqrt" => self.power().map(Set::bare),
                _ => Some("\\cdot".into()),
            };
            return Some(inner.map(|inner| format!("{left}{inner}{right}")));
        }
        let (_, latex) = FUNCTIONS.iter().find(|(known, _)| *known == name)?;
        let mut latex = latex.to_string();
        while self.scripts_follow() {
            let sign = self.peek()?.text.clone();
            self.next += 1;
            latex += &format!("{sign}{{{}}}", self.script()?);
        }
        if is_open(self) {
            return Some(self.primary().map(|inside| format!("{latex}{}", inside.latex)));
        }
        if BARE.contains(&name) && self.begins_a_factor() {
            return Some(self.power().map(|argument| joined(&latex, &argument.latex)));
        }
        Some(Some(latex))
    }

    fn binomial(&mut self) -> Option<String> {
        self.take("(")?;
        let above = self.relations()?;
        self.take(",")?;
        let below = self.relations()?;
        self.take(")")?;
        Some(format!("\\binom{{{above}}}{{{below}}}"))
    }
}

/// One letter, with digits as its index; or a Greek one.
fn symbol(name: &str) -> Option<String> {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let letter = greek(base).or_else(|| (base.chars().count() == 1).then(|| base.to_string()))?;
    Some(match &name[base.len()..] {
        "" => letter,
        digits => format!("{letter}_{{{digits}}}"),
    })
}

/// Two letters side by side that are no word: `nc`.
pub fn product_of_letters(name: &str) -> Option<String> {
    let is_factor = |c: char| c.is_ascii_lowercase() && !"aeiouy".contains(c);
    (name.len() == 2 && name != "vs" && name.chars().all(is_factor)).then(|| name.to_string())
}

/// Whether LaTeX is one number or one letter.
fn is_atom(latex: &str) -> bool {
    let name = latex.strip_prefix('\\').unwrap_or(latex);
    let is_number = latex.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number || latex.len() == 1 || (name.len() < latex.len() && name.chars().all(char::is_alphabetic))
}

/// A number as LaTeX: `1e-9` is a power of ten.
fn decimal(text: &str) -> String {
    match text.split_once('e') {
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some((digits, power)) => format!("{digits}\\cdot 10^{{{power}}}"),
        None => text.into(),
    }
}

/// A text in brackets, which grow where something in it is high.
fn fenced(left: &str, inner: &str, right: &str) -> String {
    let is_high = ["\\frac", "\\binom", "\\sum", "\\sqrt"].iter().any(|high| inner.contains(high));
    if is_high { format!("\\left{left}{inner}\\right{right}") } else { format!("{left}{inner}{right}") }
}

/// Two texts; a blank ends a command before a letter.
fn joined(left: &str, right: &str) -> String {
    let ends_a_command = left.rfind('\\').is_some_and(|at| left[at + 1..].chars().all(char::is_alphabetic));
    let blank = if ends_a_command && right.starts_with(char::is_alphanumeric) { " " } else { "" };
    format!("{left}{blank}{right}")
}

fn side_by_side(factors: Vec<Set>) -> String {
    let mut all = String::new();
    for factor in factors {
        let meets_digit = all.ends_with(|c: char| c.is_ascii_digit()) && factor.is_number;
        all = if meets_digit { format!("{all}\\cdot {}", factor.latex) } else { joined(&all, &factor.latex) };
    }
    all
}
