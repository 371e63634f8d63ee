//! Text from outside made safe for Markdown: nothing in it is a link, a mention, a heading or a
//! column.

use std::fmt::Write as _;

use crate::model::printable::{escape_controls, printable};

/// Text inside a line or a cell of a table, as code: nothing in it is a mention, a link or an element.
/// A fence that nothing in it can end is enough, but for `|`, which begins a column even there.
pub(super) fn escape_inline(text: &str) -> String {
    let text = printable(text);
    if text.contains('|') || text.is_empty() {
        return escape_entities(&text);
    }
    let fence = code_fence(&text, 1);
    // Beside the text's own backtick the fence would be a longer one; Markdown takes the space away.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The same as an element, where what Markdown would act on is written as an entity.
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

/// So many backticks, or more, that no run of them within is as long.
fn code_fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// A block of code, with a fence that nothing in it can end.
pub(super) fn code_block(language: &str, text: &str) -> String {
    let fence = code_fence(text, 3);
    let lines: Vec<String> = text.lines().map(escape_controls).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markdown() {
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
    fn nothing_ends_a_block_early() {
        assert_eq!(code_block("sh", "a\n```\n\u{1b}b"), "````sh\na\n```\n\\u{1b}b\n````\n");
        assert_eq!(code_block("", "a"), "```\na\n```\n");
    }
}
