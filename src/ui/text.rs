//! Text fitted to a number of cells. A character may take two cells, or none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::Theme;

/// Returns the width of a text in cells.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Truncates a text to `room` cells.
pub(super) fn truncate(text: String, theme: Theme, room: usize) -> String {
    if text.width() <= room {
        return text;
    }
    let mark = theme.pick("…", "...");
    let mut used = mark.width();
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    kept.chain(mark.chars()).collect()
}

/// Truncates the middle of a text to fit `room` cells, because its end may be a file name.
pub(super) fn truncate_middle(text: String, theme: Theme, room: usize) -> String {
    if text.width() <= room {
        return text;
    }
    let tail = room / 2;
    let mut behind: Vec<char> = Vec::new();
    let mut used = 0;
    for c in text.chars().rev() {
        used += c.width().unwrap_or(0);
        if used > tail {
            break;
        }
        behind.push(c);
    }
    let behind: String = behind.into_iter().rev().collect();
    let kept = room.saturating_sub(behind.width());
    truncate(text, theme, kept) + &behind
}

/// Replaces characters that the theme cannot draw.
pub(super) fn to_drawable(text: String, theme: Theme) -> String {
    if theme.is_ascii() { text.replace(|c: char| !c.is_ascii(), "?") } else { text }
}

/// Returns as many words of a text as fit on `lines` lines of `width` cells before the whole of
/// `tail`; at least one.
pub(super) fn fit_words(
    text: &str,
    tail: &str,
    theme: Theme,
    width: usize,
    lines: usize,
) -> String {
    let whole = format!("{text}{tail}");
    if line_count(&whole, width) <= lines {
        return whole;
    }
    let mark = theme.pick("…", "...");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    loop {
        words.pop();
        let kept = words.join(" ");
        let shorter = format!("{}{mark}{tail}", kept.trim_end_matches([',', ';', ':', '.']));
        if words.len() <= 1 || line_count(&shorter, width) <= lines {
            return shorter;
        }
    }
}

/// Returns as many leading parts of a text as fit on `lines` lines of `width` cells: clauses that end
/// with `; `, or sentences that end with `. `. If the first does not fit, it is cut between words.
pub(super) fn fit_parts(
    whole: &str,
    end: &str,
    theme: Theme,
    width: usize,
    lines: usize,
) -> String {
    let ends = whole.rmatch_indices(end).map(|(at, _)| at);
    let mut forms = std::iter::once(whole.len()).chain(ends).filter_map(|end| whole.get(..end));
    let fitting = forms.by_ref().find(|form| line_count(form, width) <= lines);
    let first = whole.split(end).next().unwrap_or_default();
    fitting.map_or_else(|| fit_words(first, "", theme, width, lines), str::to_owned)
}

/// Returns the number of lines of a text that is wrapped between words, and within words that are
/// longer than a line.
pub(super) fn line_count(text: &str, width: usize) -> usize {
    let width = width.max(1);
    let (mut lines, mut used) = (1, 0);
    for word in text.split_whitespace().map(UnicodeWidthStr::width) {
        if used > 0 && used + 1 + word > width {
            lines += 1;
            used = 0;
        }
        used += word + usize::from(used > 0);
        lines += used.saturating_sub(1) / width;
        used -= used.saturating_sub(1) / width * width;
    }
    lines
}

/// Returns the first form that fits, or else the last.
pub(super) fn first_fitting(forms: impl IntoIterator<Item = String>, room: usize) -> String {
    let mut last = String::new();
    for form in forms {
        if form.width() <= room {
            return form;
        }
        last = form;
    }
    last
}

/// Formats a number with thousands separators: `4,988`.
pub(super) fn group_thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
