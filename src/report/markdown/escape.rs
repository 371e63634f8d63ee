//! Escapes untrusted text for Markdown, so that it contains no links, mentions, headings or table
//! columns.

use std::fmt::Write as _;

use crate::model::printable::{escape_controls, printable};

/// Formats text as inline code, so that it contains no mentions, links or elements. A code span with a
/// long enough fence suffices, except for `|`, which separates table columns even inside code.
pub(super) fn escape_inline(text: &str) -> String {
    let text = printable(text);
    if text.contains('|') || text.is_empty() {
        return escape_entities(&text);
    }
    let fence = code_fence(&text, 1);
    // A backtick next to the fence would extend it. Markdown strips the space.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Formats text as a `<code>` element with all special characters of Markdown as entities.
fn escape_entities(text: &str) -> String {
    let mut safe = String::from("<code>");
    for (at, c) in text.char_indices() {
        let is_www = || text.get(..at).is_some_and(|before| before.ends_with("www"));
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '@' | '!'
            | ':' | '$' => push_entity(c, &mut safe),
            '.' if is_www() => push_entity(c, &mut safe),
            _ => safe.push(c),
        }
    }
    safe + "</code>"
}

fn push_entity(c: char, safe: &mut String) {
    // Writing to a String cannot fail.
    _ = write!(safe, "&#{};", u32::from(c));
}

/// Returns at least `least` backticks, and more than any run of backticks in the text.
fn code_fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// Formats a code block whose fence cannot occur in the text.
pub(super) fn code_block(language: &str, text: &str) -> String {
    let fence = code_fence(text, 3);
    let lines: Vec<String> = text.lines().map(escape_controls).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_text_contains_no_markdown() {
        let hostile = "a|b `c` [d](http://e) <b> @f #1 **g** www.h \u{1b}[2J\n# i";
        assert_eq!(
            escape_inline(hostile),
            "<code>a&#124;b &#96;c&#96; &#91;d&#93;(http&#58;//e) &#60;b&#62; &#64;f &#35;1 \
             &#42;&#42;g&#42;&#42; www&#46;h &#92;u{1b}&#91;2J &#35; i</code>"
        );
        let hostile = "b `c` [d](http://e) <b> @f ```g``` \u{1b}[2J\n# i";
        assert_eq!(
            escape_inline(hostile),
            "````b `c` [d](http://e) <b> @f ```g``` \\u{1b}[2J # i````"
        );
        assert_eq!(escape_inline("http://127.0.0.1:1/$a"), "`http://127.0.0.1:1/$a`");
        assert_eq!(escape_inline("`"), "`` ` ``");
        assert_eq!(escape_inline("octo-cat.1"), "`octo-cat.1`");
    }

    #[test]
    fn text_cannot_end_a_code_block() {
        assert_eq!(code_block("sh", "a\n```\n\u{1b}b"), "````sh\na\n```\n\\u{1b}b\n````\n");
        assert_eq!(code_block("", "a"), "```\na\n```\n");
    }
}
