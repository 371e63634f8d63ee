//! The export menu, as an overlay.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::theme::Theme;
use super::{borders, text};
use crate::app::{Action, App};

/// The width of the menu, which fits its longest line.
const MENU_WIDTH: u16 = 72;

/// The width of an export kind's name.
const KIND_WIDTH: usize = 11;

/// Draws the menu with one entry selected.
pub(super) fn draw(chosen: usize, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let entries: Vec<_> = app.export_entries().collect();
    let height = entries.len() as u16 + 5;
    let place = area.centered(Constraint::Length(MENU_WIDTH), Constraint::Length(height));
    let inside =
        borders::draw_overlay_box(" export ", "", theme, place, buf).inner(Margin::new(1, 0));
    let width = usize::from(inside.width);
    // On a low screen the blank line goes first, then the keys and the description.
    let few = inside.height < height - 2;
    let [list, _, purpose, keys] = inside.layout(&Layout::vertical([
        Constraint::Length(entries.len() as u16),
        Constraint::Length(u16::from(!few)),
        Constraint::Length(1),
        Constraint::Length(1),
    ]));
    let rows = usize::from(list.height).max(1);
    let first = chosen.saturating_sub(rows - 1);
    for (row, (at, (kind, name))) in list.rows().zip(entries.iter().enumerate().skip(first)) {
        let mark = if at == chosen { ">" } else { " " };
        let style = if at == chosen { theme.strong() } else { theme.text() };
        let name = truncate_start(name, width.saturating_sub(KIND_WIDTH + 2), theme);
        let line = format!("{mark} {kind:<KIND_WIDTH$}{name}");
        Span::styled(text::truncate(line, theme, width), style).render(row, buf);
    }
    if let Some((kind, _)) = entries.get(chosen) {
        let words = text::truncate(format!("  {}", kind.description()), theme, width);
        Span::styled(words, theme.muted()).render(purpose, buf);
    }
    let hint = |action: Action, word: &str| {
        [
            Span::styled(app.key_of(action), theme.key()),
            Span::styled(format!(" {word}   "), theme.muted()),
        ]
    };
    let mut line = Line::raw("  ");
    line.extend(hint(Action::Inspect, "write"));
    line.extend(hint(Action::NextLane, "next"));
    line.extend(hint(Action::Back, "back"));
    line.render(keys, buf);
}

/// Truncates the start of a file name, because names differ at the end. They are ASCII.
fn truncate_start(name: &str, room: usize, theme: Theme) -> String {
    if name.len() <= room {
        return name.to_owned();
    }
    let dots = theme.pick("…", "...");
    let from = name.len() - room.saturating_sub(text::width(dots)).min(name.len());
    format!("{dots}{}", name.get(from..).unwrap_or_default())
}
