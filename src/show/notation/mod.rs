//! From plain notation to LaTeX: `1/16*(2*eps/sqrt(pi*k))^d` as formulas are evaluated, and sentences in which formulas stand
//! among words, `with n >= C log(1/eps) there is a subset S_z of [n]`.
//!
//! What a reader sees is made from the text that is evaluated, so that the two cannot differ. A part that is no formula stays as it is.

mod parse;
mod sentence;
mod token;

pub use sentence::{Part, parts};

/// How formulas are written: products with a `*`, or side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As they are evaluated: `*` is a product, and a name of several letters is one name.
    Evaluated,
    /// As papers print them: letters side by side are a product, and `*` is a convolution.
    Printed,
}

/// The LaTeX of a formula, a condition, or a list of them; none for a text that is no such thing.
pub fn latex(text: &str, style: Style) -> Option<String> {
    parse::latex(&token::tokens(text), style)
}

/// The LaTeX of a sentence: formulas between dollars, words with LaTeX's own signs escaped.
pub fn latex_sentence(text: &str) -> String {
    let part = |part: Part| match part {
        Part::Words(words) => escaped(&words),
        Part::Code(code) => format!("\\texttt{{{}}}", escaped(&code)),
        Part::Formula(formula) => format!("${formula}$"),
    };
    parts(text).into_iter().map(part).collect()
}

/// Words for LaTeX, whose own signs would mean something else.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '−' => escaped.push_str("$-$"),
            '≥' => escaped.push_str("$\\ge$"),
            '≤' => escaped.push_str("$\\le$"),
            '…' => escaped.push_str("\\ldots{}"),
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluated_formulas_are_typeset() {
        for (plain, set) in [
            ("1 - eps", "1-\\varepsilon"),
            ("1/16*(2*eps/sqrt(2*k))^d", "\\frac{1}{16}\\left(\\frac{2\\varepsilon}{\\sqrt{2k}}\\right)^{d}"),
            ("exp(-2*t^2/n)", "\\exp\\left(-\\frac{2t^{2}}{n}\\right)"),
            ("min(1, mean)", "\\min(1, \\mathrm{mean})"),
            ("c1^6*ln(1/eps)^3", "c_{1}^{6}\\ln\\left(\\frac{1}{\\varepsilon}\\right)^{3}"),
            ("a/b*c/d", "\\frac{a}{b}\\frac{c}{d}"),
            ("a - (b - c)", "a-(b-c)"),
            ("2*3^4", "2\\cdot 3^{4}"),
            ("mu_plus/3", "\\frac{\\mu_{+}}{3}"),
            ("expm1(i*log1p(x))", "\\operatorname{expm1}(i\\operatorname{log1p}(x))"),
            ("1 <= d <= k", "1\\le d\\le k"),
            ("1e-9", "10^{-9}"),
            ("2.5e7", "2.5\\cdot 10^{7}"),
            ("norm", "\\mathrm{norm}"),
            ("half_limit", "\\mathrm{half\\_limit}"),
            ("binom(n, k)", "\\binom{n}{k}"),
        ] {
            assert_eq!(latex(plain, Style::Evaluated).as_deref(), Some(set), "{plain}");
        }
        for wrong in ["", "1 +", "(a", "a)", "^2", "a b)"] {
            assert_eq!(latex(wrong, Style::Evaluated), None, "{wrong}");
        }
    }

    #[test]
    fn printed_formulas_are_typeset() {
        for (plain, set) in [
            ("Pr(X_1 + ... + X_k in I_eps(z))", "\\Pr(X_{1}+\\ldots+X_{k}\\in I_{\\varepsilon}(z))"),
            ("C d^3 log(d/eps)", "Cd^{3}\\log(d/\\varepsilon)"),
            ("log^3(1/x)", "\\log^{3}(1/x)"),
            ("norm1(z) <= sqrt(k)", "\\lVert z\\rVert_{1}\\le\\sqrt{k}"),
            ("(1-delta) mu_-", "(1-\\delta)\\mu_{-}"),
            ("|S cap S'| >= k/d", "\\lvert S\\cap S'\\rvert\\ge k/d"),
            ("E[T^2]", "\\mathbb{E}[T^{2}]"),
            ("sum_{i in S} X_i", "\\sum_{i\\in S}X_{i}"),
            ("K * X", "K\\ast X"),
            ("{0,1}^(d x d)", "\\{0, 1\\}^{d\\times d}"),
            ("S~", "\\tilde{S}"),
            ("X in R^d", "X\\in\\mathbb{R}^{d}"),
            ("c_{i-1}", "c_{i-1}"),
            ("t/v exp(-t^2)/sqrt(2 pi)", "\\frac{t}{v}\\frac{\\exp(-t^{2})}{\\sqrt{2\\pi}}"),
            ("E[Z]^2/E[Z^2]", "\\frac{\\mathbb{E}[Z]^{2}}{\\mathbb{E}[Z^{2}]}"),
            ("h(t/v)", "h(t/v)"),
            ("(1/16) (a/b)^d", "\\frac{1}{16}(a/b)^{d}"),
            ("3 ln n/ln ln n", "\\frac{3\\ln n}{\\ln\\ln n}"),
            ("a^2/b^2/c", "\\frac{a^{2}}{b^{2}c}"),
            ("eps/2l", "\\frac{\\varepsilon}{2l}"),
            ("sqrt(k x)", "\\sqrt{kx}"),
            ("e^(x/2)", "e^{x/2}"),
        ] {
            assert_eq!(latex(plain, Style::Printed).as_deref(), Some(set), "{plain}");
        }
    }

    #[test]
    fn formulas_are_found_among_words() {
        for (plain, set) in [
            ("For a set S_z of [n] with n >= 2 k, d <= k.", "For a set $S_{z}$ of $[n]$ with $n\\ge 2k$, $d\\le k$."),
            ("eps in (0, 1/4) and any z", "$\\varepsilon\\in(0, 1/4)$ and any $z$"),
            ("a 2n-channel mask, i.i.d. and in [0, 1]", "a $2n$-channel mask, i.i.d. and in [0, 1]"),
            ("Lemma 7, Eqs. 15-17: 100 % of it", "Lemma 7, Eqs. 15-17: 100 \\% of it"),
            ("the pi of a k-subset's sum", "the $\\pi$ of a $k$-subset's sum"),
            ("slack -0.5 at -1", "slack $-$0.5 at $-$1"),
            ("`two-pi` is 2 pi", "\\texttt{two-pi} is $2\\pi$"),
            ("Pr(some k of n)", "$\\Pr$(some $k$ of $n$)"),
            ("sizes 3x3 and 1 x 1 x c", "sizes $3\\times 3$ and $1\\times 1\\times c$"),
        ] {
            assert_eq!(latex_sentence(plain), set, "{plain}");
        }
    }
}
