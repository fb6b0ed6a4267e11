//! Text from elsewhere, made fit for a terminal.

/// The text in one line, without characters that a terminal acts on.
pub(crate) fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\r' | '\t' => ' ',
        // Quotes and backslashes have escapes too, but are harmless.
        '"' | '\'' | '\\' => character,
        _ if character.escape_debug().len() > 1 => '\u{fffd}',
        _ => character,
    };
    text.chars().map(shown).collect()
}

/// A count and its noun.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_safe() {
        assert_eq!(
            harmless("é 'x' \"y\" \\ 猫\n\u{1b}[31m\u{202e}"),
            "é 'x' \"y\" \\ 猫 \u{fffd}[31m\u{fffd}"
        );
    }
}
