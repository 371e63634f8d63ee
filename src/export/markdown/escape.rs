//! Text from outside made safe for Markdown: nothing in it is a link, a mention, a heading or a
//! column.

use std::fmt::Write as _;

use crate::model::text::{escaped, printable};

/// Text inside a line or a cell of a table, as code: there GitHub looks for no mentions or issues,
/// and what Markdown would act on is written as an entity.
pub(super) fn inline(text: &str) -> String {
    let mut safe = String::from("<code>");
    let printable = printable(text);
    for (at, c) in printable.char_indices() {
        let is_www = || printable.get(..at).is_some_and(|before| before.ends_with("www"));
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '@' | '!'
            | ':' | '$' => entity(c, &mut safe),
            '.' if is_www() => entity(c, &mut safe),
            _ => safe.push(c),
        }
    }
    safe + "</code>"
}

fn entity(c: char, safe: &mut String) {
    // Writing to a String cannot fail.
    _ = write!(safe, "&#{};", u32::from(c));
}

/// A block of code, with a fence that nothing in it can end.
pub(super) fn block(language: &str, text: &str) -> String {
    let mut longest = 2;
    for run in text.split(|c| c != '`') {
        longest = longest.max(run.len());
    }
    let fence = "`".repeat(longest + 1);
    let lines: Vec<String> = text.lines().map(escaped).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markdown() {
        let hostile = "a|b `c` [d](http://e) <b> @f #1 **g** www.h \u{1b}[2J\n# i";
        assert_eq!(
            inline(hostile),
            "<code>a&#124;b &#96;c&#96; &#91;d&#93;(http&#58;//e) &#60;b&#62; &#64;f &#35;1 \
             &#42;&#42;g&#42;&#42; www&#46;h &#92;u{1b}&#91;2J &#35; i</code>"
        );
        assert_eq!(inline("octo-cat.1"), "<code>octo-cat.1</code>");
    }

    #[test]
    fn nothing_ends_a_block_early() {
        assert_eq!(block("sh", "a\n```\n\u{1b}b"), "````sh\na\n```\n\\u{1b}b\n````\n");
        assert_eq!(block("", "a"), "```\na\n```\n");
    }
}
