//! Escaping of untrusted text, and compact formatting of numbers.

use std::fmt::Write as _;

/// The maximum number of characters of a foreign message within a sentence.
const MAX_QUOTED_CHARS: usize = 200;

/// The maximum length of a line of [`lines`], in characters.
const MAX_LINE_CHARS: usize = 256;

/// Makes `text` safe to print on one line: escapes every character that a terminal could interpret
/// (control characters, escape sequences, bidirectional overrides, zero-width characters) as
/// `\u{..}`, and truncates the text to 200 characters.
pub fn printable(text: &str) -> String {
    printable_up_to(text, MAX_QUOTED_CHARS)
}

/// Makes `text` safe to print like [`printable`], truncated to `longest` characters.
pub fn printable_up_to(text: &str, max_chars: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(max_chars));
    for (count, c) in text.trim().chars().enumerate() {
        if count == max_chars {
            safe.push_str("...");
            break;
        }
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            _ => push_escaped(c, &mut safe),
        }
    }
    safe
}

/// Escapes every character of `text` that a terminal could interpret as `\u{..}`.
pub fn escape_controls(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(c, &mut safe));
    safe
}

/// Splits a text into lines without their terminators. Lines of more than 256 characters are split
/// further.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let text = rest?;
            let cut = if text.len() <= MAX_LINE_CHARS {
                None
            } else {
                text.char_indices().nth(MAX_LINE_CHARS)
            };
            let (line, more) = cut.map_or((text, None), |(at, _)| {
                (text.get(..at).unwrap_or_default(), text.get(at..))
            });
            rest = more;
            Some(line)
        })
    })
}

fn push_escaped(c: char, safe: &mut String) {
    match c {
        '\'' | '"' | '\\' => safe.push(c),
        // Writing to a String cannot fail.
        _ => _ = write!(safe, "{}", c.escape_debug()),
    }
}

/// Formats a number with three significant digits: `1234`, `150`, `89.9`, `0.0278`, `1.04e-4`.
pub fn three_digits(value: f64) -> String {
    // The exponent after rounding: that of 99.96 is 2.
    let scientific = format!("{value:.2e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok());
    match exponent {
        Some(exponent @ -3_i32..7) => {
            let digits = usize::try_from(2 - exponent).unwrap_or(0);
            format!("{value:.digits$}")
        }
        _ => scientific,
    }
}
