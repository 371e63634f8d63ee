//! ASCII-only JSON: all other characters and all controls are escaped, so that a terminal cannot
//! interpret any of them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// Writes a value as one line of JSON.
pub(crate) fn write_compact<W: Write + ?Sized>(
    out: &mut W,
    value: &impl Serialize,
) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, AsciiFormatter(CompactFormatter)))?)
}

/// Writes a value as indented JSON.
pub(super) fn write_pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value
        .serialize(&mut Serializer::with_formatter(out, AsciiFormatter(PrettyFormatter::new())))?)
}

/// A formatter that escapes strings to ASCII and delegates the layout to another formatter.
struct AsciiFormatter<F>(F);

/// Delegates layout methods to the inner formatter.
macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<W: ?Sized + Write>(&mut self, out: &mut W, $($argument: $type),*) -> io::Result<()> {
            self.0.$method(out, $($argument),*)
        }
    )*};
}

impl<F: Formatter> Formatter for AsciiFormatter<F> {
    delegate! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // Most texts need no escape, and a million of them are written at once.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(text.as_bytes());
        }
        let is_escaped = |c: char| !c.is_ascii() || c.is_ascii_control();
        for piece in text.split_inclusive(is_escaped) {
            let plain = piece.trim_end_matches(is_escaped);
            out.write_all(plain.as_bytes())?;
            let Some(c) = piece.chars().next_back().filter(|&c| is_escaped(c)) else { continue };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_printable_ascii_and_round_trips() {
        let text = "a\"\\\n\u{1b}[2J \u{7f} \u{9b}31m é \u{202e} 🦀";
        let (mut compact, mut pretty) = (Vec::new(), Vec::new());
        write_compact(&mut compact, &text).unwrap();
        write_pretty(&mut pretty, &text).unwrap();
        for out in [compact, pretty] {
            assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)), "{out:?}");
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
