//! The output of a watched program, after the screen: made safe to print, because nothing that a program
//! writes may reach the terminal as more than text.

use std::io::{self, Write};

use crate::model::printable::escape_controls;

/// The beginning of a control sequence (ECMA-48).
const CONTROL_SEQUENCE: &str = "\u{1b}[";

/// Writes the output, of which `omitted` bytes were not kept.
pub fn write(out: &mut dyn Write, text: &str, omitted: u64) -> io::Result<()> {
    for line in text.lines() {
        writeln!(out, "{}", safe_line(line))?;
    }
    if omitted > 0 {
        writeln!(out, "[threadline: {omitted} more bytes of output are left out]")?;
    }
    Ok(())
}

/// Returns a line as a terminal would show it at last, without its colours: what a carriage return
/// overwrites is left out. Any other control character is escaped, but for tabs.
fn safe_line(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let last = line.rsplit('\r').next().unwrap_or_default();
    let plain = without_styles(last);
    let fields: Vec<String> = plain.split('\t').map(escape_controls).collect();
    fields.join("\t")
}

/// Returns a line without the sequences that select colours and styles (SGR).
fn without_styles(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(CONTROL_SEQUENCE) {
        plain.push_str(before);
        let is_parameter = |c: char| c.is_ascii_digit() || c == ';' || c == ':';
        match after.trim_start_matches(is_parameter).strip_prefix('m') {
            Some(styled) => rest = styled,
            None => {
                plain.push_str(CONTROL_SEQUENCE);
                rest = after;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, omitted: u64) -> String {
        let mut out = Vec::new();
        write(&mut out, text, omitted).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn colours_are_left_out_and_other_sequences_escaped() {
        assert_eq!(printed("\x1b[1;38:5:9mred\x1b[m\tplain", 0), "red\tplain\n");
        assert_eq!(printed("\x1b[2J\x1b[31mx", 0), "\\u{1b}[2Jx\n");
        assert_eq!(printed("\x1b]0;title\x07\u{202e}", 0), "\\u{1b}]0;title\\u{7}\\u{202e}\n");
    }

    #[test]
    fn overwritten_progress_is_left_out() {
        assert_eq!(printed("10 %\r20 %\rdone\r\nnext", 0), "done\nnext\n");
    }

    #[test]
    fn omission_is_told() {
        let note = "a\n[threadline: 7 more bytes of output are left out]\n";
        assert_eq!(printed("a", 7), note);
    }
}
