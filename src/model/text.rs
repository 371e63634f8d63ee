//! Text from outside made safe to print.

use std::fmt::Write as _;

/// The most characters of a foreign message that a sentence quotes.
const LONGEST: usize = 200;

/// `text` with every character that a terminal could act on (controls, escape sequences,
/// direction overrides, zero-width marks) written out as `\u{..}`, on one line, cut at 200
/// characters.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len().min(LONGEST));
    for (count, c) in text.trim().chars().enumerate() {
        if count == LONGEST {
            safe.push_str("...");
            break;
        }
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            _ => escape(c, &mut safe),
        }
    }
    safe
}

/// All of `text`, with every character that a terminal could act on written out as `\u{..}`.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    text.chars().for_each(|c| escape(c, &mut safe));
    safe
}

fn escape(c: char, safe: &mut String) {
    match c {
        '\'' | '"' | '\\' => safe.push(c),
        // Writing to a String cannot fail.
        _ => _ = write!(safe, "{}", c.escape_debug()),
    }
}
