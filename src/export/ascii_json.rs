//! JSON in ASCII alone: every other character is escaped, so that none can act on a terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// Writes a value on one line.
pub(crate) fn write_compact(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, AsciiFormatter(CompactFormatter)))?)
}

/// Writes a value on many lines.
pub(super) fn write_pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value
        .serialize(&mut Serializer::with_formatter(out, AsciiFormatter(PrettyFormatter::new())))?)
}

/// Another formatter's layout, with strings in ASCII.
struct AsciiFormatter<F>(F);

/// Passes a layout method on.
macro_rules! pass {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<W: ?Sized + Write>(&mut self, out: &mut W, $($argument: $type),*) -> io::Result<()> {
            self.0.$method(out, $($argument),*)
        }
    )*};
}

impl<F: Formatter> Formatter for AsciiFormatter<F> {
    pass! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
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
    fn nothing_but_ascii_comes_out_and_it_reads_back_the_same() {
        let text = "a\"\\\n\u{1b}[2J \u{7f} \u{9b}31m é \u{202e} 🦀";
        for write in [write_compact, write_pretty] {
            let mut out = Vec::new();
            write(&mut out, &text).unwrap();
            assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)), "{out:?}");
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
