//! The last messages: a notice, the match of a search, or its input. A message stands beside the keys, or
//! on the row above them if it is too long. Only the input of a search takes the place of the keys,
//! because keys are text then.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::text;
use super::theme::Theme;
use crate::analysis::program::function_text;
use crate::analysis::search::SearchMatch;
use crate::app::{Action, App, SearchStatus};
use crate::model::printable::{escape_controls, printable};

/// The prompt of the search.
const PROMPT: &str = "find: ";

/// The hint on the input, from the longest form to the shortest. Enter and Esc cannot be rebound
/// here.
const HINTS: [&str; 5] = [
    "a page, a login, a status, words of an error or a command   Enter finds  Esc closes ",
    "page, login, status, error   Enter finds  Esc closes ",
    "Enter finds  Esc closes ",
    "Enter finds ",
    "",
];

/// The longest hint on the input for a watched program.
const PROGRAM_HINT: &str = "a thread, a call or a function   Enter finds  Esc closes ";

/// Returns the message now, in its longest form that fits on a row of `room` cells.
pub(super) fn line(app: &App, theme: Theme, room: usize) -> Option<Line<'static>> {
    if app.overlay().is_some() {
        return None;
    }
    if let Some(notice) = app.notice() {
        let text = text::truncate_middle(notice.to_owned(), theme, room);
        return Some(Line::styled(text, theme.strong()));
    }
    match app.picture().search_status(app.session())? {
        SearchStatus::Input { .. } => None,
        SearchStatus::NoMatch(query) => {
            let again = app.key_of(Action::Find);
            let quoted = format!("\"{}\"", printable_text(query, theme));
            let forms = [
                format!("no match for {quoted}: {again} searches again"),
                format!("no match for {quoted}"),
            ];
            let text = text::truncate(text::first_fitting(forms, room), theme, room);
            Some(Line::styled(text, theme.strong()))
        }
        SearchStatus::Hit { text: query, number, all, task, worker, found } => {
            let place = format!("{number} of {all}");
            let query = printable_text(query, theme);
            let (next, previous) =
                (app.key_of(Action::NextFound), app.key_of(Action::PreviousFound));
            let task = printable_text(&task, theme);
            let what = describe_match(&found, theme);
            let forms = [
                format!(" for \"{query}\": {task} on {worker}{what}   {next}/{previous} browse"),
                format!(" for \"{query}\": {task} on {worker}{what}"),
                format!(": {task} on {worker}{what}"),
                format!(": {task}{what}"),
            ];
            let rest = text::first_fitting(forms, room.saturating_sub(place.len()));
            let rest = text::truncate(rest, theme, room.saturating_sub(place.len()));
            Some(Line::from(vec![
                Span::styled(place, theme.strong()),
                Span::styled(rest, theme.text()),
            ]))
        }
    }
}

/// Draws a message on the row above the keys.
pub(super) fn draw_above(message: Line<'_>, area: Rect, buf: &mut Buffer) {
    if let Some(row) = area.rows().rev().nth(1) {
        Clear.render(row, buf);
        message.render(Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row }, buf);
    }
}

/// Draws the input of the search over the last row of `area`, if it is open.
pub(super) fn draw_input(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let status = app.picture().search_status(app.session());
    let Some(row) = area.rows().next_back() else { return };
    if let Some(SearchStatus::Input { before, after }) = status {
        Clear.render(row, buf);
        let is_program = app.selection().workload.is_program();
        let [_, _, rest @ ..] = HINTS;
        let hints = if is_program {
            [PROGRAM_HINT].into_iter().chain(rest).collect()
        } else {
            HINTS.to_vec()
        };
        draw_input_line([before, after], &hints, theme, row, buf);
    }
}

/// Draws the input before and after the cursor, scrolled so that the cursor is in view, and a hint.
fn draw_input_line(parts: [&str; 2], hints: &[&str], theme: Theme, row: Rect, buf: &mut Buffer) {
    let [before, after] = parts.map(|part| text::to_drawable(escape_controls(part), theme));
    let room = usize::from(row.width).saturating_sub(PROMPT.len() + 3);
    let mut kept = before.as_str();
    while text::width(kept) > room {
        let mut rest = kept.chars();
        rest.next();
        kept = rest.as_str();
    }
    let mut behind = after.chars();
    let under = behind.next().map_or_else(|| " ".to_owned(), String::from);
    let spans = vec![
        Span::styled(format!(" {PROMPT}"), theme.key()),
        Span::styled(kept.to_owned(), theme.text()),
        Span::styled(under, Style::new().add_modifier(Modifier::REVERSED)),
        Span::styled(behind.as_str().to_owned(), theme.text()),
    ];
    let line = Line::from(spans);
    let free = usize::from(row.width).saturating_sub(line.width() + 3);
    line.render(row, buf);
    let hint = text::first_fitting(hints.iter().map(|&hint| hint.to_owned()), free);
    let width = (text::width(&hint) as u16).min(row.width);
    let right = Rect { x: row.right() - width, width, ..row };
    Line::styled(hint, theme.muted()).render(right, buf);
}

/// Describes the match, unless the label of the task is the match.
fn describe_match(found: &SearchMatch, theme: Theme) -> String {
    match found {
        SearchMatch::Task => String::new(),
        SearchMatch::Status(status) => format!(", status {status}"),
        SearchMatch::Failure(message) => format!(": {}", printable_text(message, theme)),
        SearchMatch::Login(login, 0) => format!(": {}", printable_text(login, theme)),
        SearchMatch::Login(login, more) => {
            format!(": {} and {more} more", printable_text(login, theme))
        }
        SearchMatch::Call(call) => format!(", waits in {}", printable_text(call, theme)),
        SearchMatch::Function(function) => {
            format!(", in {}", text::to_drawable(function_text(function), theme))
        }
    }
}

/// Escapes a text from the user or a server for drawing.
fn printable_text(words: &str, theme: Theme) -> String {
    text::to_drawable(printable(words), theme)
}
