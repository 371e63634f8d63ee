//! Finding, on the screen's last row: what is entered, and what a hit is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::text;
use super::theme::Theme;
use crate::app::{Action, App, Line as Entered, Told};
use crate::model::search::Found;
use crate::model::text::{escaped, printable};

/// What stands before it, whichever key began it.
const PROMPT: &str = "find: ";

/// What may be entered, the longest form first. In text these keys are what they always are.
const HINTS: [&str; 5] = [
    "a page, a login, a status, words of an error or a command   Enter finds  Esc closes ",
    "page, login, status, error   Enter finds  Esc closes ",
    "Enter finds  Esc closes ",
    "Enter finds ",
    "",
];

/// Draws it on the last row of `area`, over what is there, if there is something to say.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some((told, row)) = app.told().zip(area.rows().next_back()) else { return };
    Clear.render(row, buf);
    let room = usize::from(row.width);
    match told {
        Told::Line(line) => entered(line, theme, row, buf),
        Told::Nothing(sought) => {
            let again = app.key_of(Action::Find);
            let quoted = format!("\"{}\"", shown(sought, theme));
            let forms = [
                format!(" nothing has {quoted}: {again} looks for something else"),
                format!(" nothing has {quoted}"),
            ];
            let said = text::cut(text::fitting(forms, room), theme, room);
            Line::styled(said, theme.strong()).render(row, buf);
        }
        Told::Hit { text: sought, number, all, task, worker, found } => {
            let place = format!(" {number} of {all}");
            let sought = shown(sought, theme);
            let (next, previous) =
                (app.key_of(Action::NextFound), app.key_of(Action::PreviousFound));
            let task = shown(&task, theme);
            let what = what(&found, theme);
            let forms = [
                format!(" for \"{sought}\": {task} on {worker}{what}   {next}/{previous} go on"),
                format!(" for \"{sought}\": {task} on {worker}{what}"),
                format!(": {task} on {worker}{what}"),
                format!(": {task}{what}"),
            ];
            let rest = text::fitting(forms, room.saturating_sub(place.len()));
            let rest = text::cut(rest, theme, room.saturating_sub(place.len()));
            let spans = vec![Span::styled(place, theme.strong()), Span::styled(rest, theme.text())];
            Line::from(spans).render(row, buf);
        }
    }
}

/// What is entered, of which the place where it goes on is always in view, and a hint.
fn entered(line: &Entered, theme: Theme, row: Rect, buf: &mut Buffer) {
    let (before, after) = line.parts();
    let [before, after] = [before, after].map(|part| text::drawable(escaped(part), theme));
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
    let hint = text::fitting(HINTS.map(str::to_owned), free);
    let width = (text::width(&hint) as u16).min(row.width);
    let right = Rect { x: row.right() - width, width, ..row };
    Line::styled(hint, theme.quiet()).render(right, buf);
}

/// What of an attempt was found, where its name does not tell.
fn what(found: &Found, theme: Theme) -> String {
    match found {
        Found::Task => String::new(),
        Found::Status(status) => format!(", answered with {status}"),
        Found::Failure(message) => format!(": {}", shown(message, theme)),
        Found::Login(login, 0) => format!(": {}", shown(login, theme)),
        Found::Login(login, more) => format!(": {} and {more} more", shown(login, theme)),
    }
}

/// A text of a person's or a server's, as it can be drawn.
fn shown(words: &str, theme: Theme) -> String {
    text::drawable(printable(words), theme)
}
