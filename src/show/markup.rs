//! Texts inside XML and HTML.

/// A text as XML and HTML have it: reserved characters as entities, and control characters, which XML refuses, as spaces.
pub fn escape(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() && !c.is_whitespace() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn reserved_and_control_characters_are_replaced() {
        assert_eq!(super::escape("a<b> & \"c\"\u{1b}[0m\n"), "a&lt;b&gt; &amp; &quot;c&quot; [0m\n");
    }
}
