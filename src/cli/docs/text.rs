//! Markdown as plain text. It covers the Markdown of our own pages: headings, paragraphs, lists, code
//! blocks and tables, links, and images on a line of their own.

use super::TOPICS;

/// The width of the text.
const WIDTH: usize = 80;

/// The space between two columns of a table.
const GAP: usize = 2;

/// Returns the text without its markup.
pub(super) fn from_markdown(markdown: &str) -> String {
    let mut text = Text::default();
    let mut lines = markdown.lines().peekable();
    let mut in_code = false;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            text.push(&format!("    {line}"));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            rows.retain(|row| !row.iter().all(|cell| cell == "---"));
            text.push_all(&table(&rows));
        } else if let Some(heading) = line.strip_prefix("# ").or(line.strip_prefix("## ")) {
            text.push(&heading.to_uppercase());
        } else if line.is_empty() || line.starts_with("### ") {
            text.push(line.trim_start_matches("### "));
        } else if !is_hidden(line) {
            let mut paragraph = line.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                paragraph = format!("{paragraph} {}", more.trim());
            }
            text.push_all(&fill(&paragraph));
        }
    }
    text.0
}

/// Lines, with never more than one blank line in a row.
#[derive(Default)]
struct Text(String);

impl Text {
    fn push(&mut self, line: &str) {
        if line.trim().is_empty() && (self.0.is_empty() || self.0.ends_with("\n\n")) {
            return;
        }
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn push_all(&mut self, lines: &[String]) {
        for line in lines {
            self.push(line);
        }
    }
}

/// Returns whether a line is a comment or an image.
fn is_hidden(line: &str) -> bool {
    line.starts_with("<!--") || line.starts_with("![")
}

/// Returns whether a line continues the paragraph or list item above it.
fn continues(line: &str) -> bool {
    let starts = ["- ", "|", "#", "```", "1. "];
    !line.is_empty() && !is_hidden(line) && !starts.iter().any(|start| line.starts_with(start))
}

/// Fills the lines of a paragraph; those of a list item are indented.
fn fill(paragraph: &str) -> Vec<String> {
    let indent = if paragraph.starts_with("- ") { "  " } else { "" };
    let mut lines = wrap(&inline(paragraph), WIDTH - indent.len());
    lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, indent));
    lines
}

/// Replaces links by their text, and bold text by plain. The address is added if it is not that of
/// another page.
fn inline(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        let parts = link.split_once("](").and_then(|(label, after)| {
            let (address, after) = after.split_once(')')?;
            (!label.contains(['[', ']', '`'])).then_some((label, address, after))
        });
        let Some((label, address, after)) = parts else {
            text = text + before + "[";
            rest = link;
            continue;
        };
        text = text + before + label;
        if !is_page(address) {
            text = format!("{text} ({})", address.replace("../", "assets/"));
        }
        rest = after;
    }
    (text + rest).replace("**", "")
}

/// Returns whether an address is that of another page.
fn is_page(address: &str) -> bool {
    TOPICS.iter().any(|topic| address.strip_suffix(".md") == Some(topic.name))
}

/// Returns the cells of a row; `\|` is a bar within a cell.
fn cells(row: &str) -> Vec<String> {
    const BAR: &str = "\u{1}";
    let row = row.replace("\\|", BAR);
    let row = row.trim().trim_matches('|');
    row.split('|').map(|cell| inline(cell.trim()).replace(BAR, "|")).collect()
}

/// Lays a table out: the widest columns shrink until the table fits, and their cells wrap.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let longest = |column: usize, of: fn(&str) -> usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| of(cell)).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..columns).map(|column| longest(column, width)).collect();
    let least: Vec<usize> = (0..columns).map(|column| longest(column, longest_word)).collect();
    while widths.iter().sum::<usize>() + GAP * columns > WIDTH {
        let widest = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
        let Some((width, _)) = widest.max_by_key(|(width, _)| **width) else { break };
        *width -= 1;
    }
    rows.iter().flat_map(|row| lay_out(row, &widths)).collect()
}

/// Returns the lines of a row.
fn lay_out(row: &[String], widths: &[usize]) -> Vec<String> {
    let wrapped = row.iter().zip(widths).map(|(cell, &width)| wrap(cell, width));
    let wrapped: Vec<Vec<String>> = wrapped.collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
    let line = |index: usize| {
        let cells = wrapped.iter().zip(widths).map(|(lines, &column)| {
            let cell = lines.get(index).map_or("", String::as_str);
            format!("{cell}{}", " ".repeat((column + GAP).saturating_sub(width(cell))))
        });
        format!("  {}", cells.collect::<String>().trim_end())
    };
    (0..height).map(line).collect()
}

fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= limit => {
                *line = format!("{line} {word}");
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn longest_word(text: &str) -> usize {
    text.split(' ').map(width).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_plain_text() {
        let markdown = "# Title\n\nSee\n[keys](keys.md) and **[Perfetto](https://ui.perfetto.dev)**.\n\n\
                        ![a picture](../a.png)\n\n<!-- note -->\n## Next\n\n`runs[]` [x]\n\n```sh\nls  -l\n```\n";
        let text = "TITLE\n\nSee keys and Perfetto (https://ui.perfetto.dev).\n\nNEXT\n\n\
                    `runs[]` [x]\n\n    ls  -l\n";
        assert_eq!(from_markdown(markdown), text);
    }

    #[test]
    fn tables_wrap_their_widest_column() {
        let long = "word ".repeat(30);
        let markdown = format!("| key | meaning |\n| --- | --- |\n| `a\\|b` | {long} |\n");
        let text = from_markdown(&markdown);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  key    meaning");
        assert!(lines[1].starts_with("  `a|b`  word word"), "{text}");
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines.iter().all(|line| width(line) <= WIDTH), "{text}");
    }

    #[test]
    fn pages_fit_80_columns_except_for_samples() {
        for topic in TOPICS {
            let text = topic.plain_text();
            for line in text.lines().filter(|line| !line.starts_with("    ")) {
                assert!(width(line) <= WIDTH, "{}: {line}", topic.name);
            }
        }
    }

    #[test]
    fn list_items_are_filled_and_indented() {
        let words = "word ".repeat(20);
        let text = from_markdown(&format!("- one\n  two\n- {words}\n"));
        assert!(text.starts_with("- one two\n- word word"), "{text}");
        assert!(text.ends_with("\n  word word word word word\n"), "{text}");
    }
}
