//! Wraps the lines of a report at words, so that a terminal does not break them within words.

use std::io::{self, Write};

/// The indentation of a continued line: the width of a label in the plain report.
const INDENT: usize = 13;

/// A writer that wraps lines which are longer than a terminal is wide.
pub(super) struct WordWrap<'out> {
    out: &'out mut dyn Write,
    width: usize,
    /// The bytes of the current line.
    line: Vec<u8>,
}

impl<'out> WordWrap<'out> {
    /// Creates a writer for a terminal of `width` columns; without one, lines stay as they are.
    pub(super) fn new(out: &'out mut dyn Write, width: Option<u16>) -> Self {
        let width = width.map(usize::from).filter(|&width| width > 2 * INDENT);
        Self { out, width: width.unwrap_or(usize::MAX), line: Vec::new() }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        if visible_width(&text) <= self.width || text.starts_with(' ') {
            return self.out.write_all(&line);
        }
        // A line with a label continues under its text, a sentence at the left edge.
        let has_label = text.chars().take(INDENT).collect::<String>().contains("  ");
        let indent = if has_label { INDENT } else { 0 };
        let (mut used, mut gap) = (0, 0);
        // Keeps the spaces between a label and its text.
        for word in text.split_inclusive(' ') {
            let letters = word.trim_end();
            if letters.is_empty() {
                gap += word.len();
                continue;
            }
            let width = visible_width(letters);
            if used > indent && used + gap + width > self.width {
                write!(self.out, "\n{:indent$}{letters}", "")?;
                used = indent + width;
            } else {
                write!(self.out, "{:gap$}{letters}", "")?;
                used += gap + width;
            }
            gap = word.len() - letters.len();
        }
        Ok(())
    }
}

/// Returns the number of characters of a text, without the sequences that set its style (SGR of
/// ECMA-48).
fn visible_width(text: &str) -> usize {
    let mut pieces = text.split('\x1b');
    let before = pieces.next().map_or(0, |piece| piece.chars().count());
    let after = pieces.filter_map(|piece| piece.split_once('m'));
    before + after.map(|(_, piece)| piece.chars().count()).sum::<usize>()
}

impl Write for WordWrap<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, is_whole) =
                part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            self.line.extend_from_slice(text);
            if is_whole {
                self.write_line()?;
                self.out.write_all(b"\n")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_line()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: Option<u16>) -> String {
        let mut out = Vec::new();
        let mut wrap = WordWrap::new(&mut out, width);
        wrap.write_all(text.as_bytes()).unwrap();
        wrap.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_lines_break_between_words_and_continue_under_their_text() {
        let text = "speed-up     4.43x with 5 threads, efficiency 89 %\nwaves        one\n";
        assert_eq!(
            wrapped(text, Some(34)),
            "speed-up     4.43x with 5 threads,\n             efficiency 89 %\nwaves        one\n"
        );
        assert_eq!(wrapped(text, Some(80)), text);
        assert_eq!(wrapped(text, None), text);
    }

    #[test]
    fn sentences_continue_at_the_left_edge_and_styles_take_no_room() {
        let text = "\x1b[1m4 threads were 3.9x faster: they computed side by side.\x1b[0m\n";
        assert_eq!(
            wrapped(text, Some(32)),
            "\x1b[1m4 threads were 3.9x faster: they\ncomputed side by side.\x1b[0m\n"
        );
        assert_eq!(wrapped(text, Some(55)), text);
    }
}
