//! Text from outside made safe to print, and figures made short.

use std::fmt::Write as _;

/// The most characters of a foreign message that a sentence quotes.
const LONGEST: usize = 200;

/// The most characters of a line of [`lines`].
const LINE: usize = 256;

/// `text` with every character that a terminal could act on (controls, escape sequences,
/// direction overrides, zero-width marks) written out as `\u{..}`, on one line, cut at 200
/// characters.
pub fn printable(text: &str) -> String {
    printable_within(text, LONGEST)
}

/// The same, cut at so many characters.
pub fn printable_within(text: &str, longest: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(longest));
    for (count, c) in text.trim().chars().enumerate() {
        if count == longest {
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

/// A text's lines, without what ends them; of one that is longer than 256 characters, each further
/// 256 are a line of their own.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let text = rest?;
            let cut = if text.len() <= LINE { None } else { text.char_indices().nth(LINE) };
            let (line, more) = cut.map_or((text, None), |(at, _)| {
                (text.get(..at).unwrap_or_default(), text.get(at..))
            });
            rest = more;
            Some(line)
        })
    })
}

fn escape(c: char, safe: &mut String) {
    match c {
        '\'' | '"' | '\\' => safe.push(c),
        // Writing to a String cannot fail.
        _ => _ = write!(safe, "{}", c.escape_debug()),
    }
}

/// Three digits that count: `1234`, `150`, `89.9`, `0.0278`, `1.04e-4`.
pub fn figure(value: f64) -> String {
    // The exponent after rounding: 99.96 has 2.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_several() {
        assert_eq!(lines("a\r\n\nb").collect::<Vec<_>>(), ["a", "", "b"]);
        assert_eq!(lines("").count(), 0);
        let long = "é".repeat(2 * LINE + 1);
        let pieces: Vec<&str> = lines(&long).collect();
        assert_eq!(
            pieces.iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(),
            [LINE, LINE, 1]
        );
        assert_eq!(pieces.concat(), long);
        assert_eq!(lines(&"x".repeat(LINE)).count(), 1);
    }

    #[test]
    fn figures_have_three_digits() {
        for (value, text) in [
            (1234.4, "1234"),
            (150.0, "150"),
            (99.96, "100"),
            (89.949, "89.9"),
            (0.027_73, "0.0277"),
            (-0.002_26, "-0.00226"),
            (1.0437e-4, "1.04e-4"),
            (0.0, "0.00"),
            (1.5e9, "1.50e9"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
