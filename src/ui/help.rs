//! Overlays: the table of keys, and the confirmation before quitting.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::theme::Theme;
use super::{borders, self_check};
use crate::app::keymap::{Key, KeyBinding};
use crate::app::{Action, App};

/// The width of a column of keys.
const COLUMN_WIDTH: u16 = 54;

/// Draws the table of keys, in two columns if they fit. If only a part fits, it starts at row `first`
/// and wraps around.
pub(super) fn draw_keys(app: &App, first: usize, theme: Theme, area: Rect, buf: &mut Buffer) {
    let columns = if area.width > 2 * COLUMN_WIDTH + 4 { 2 } else { 1 };
    let table = app.keymap().bindings();
    let rows = table.len().div_ceil(columns);
    let width = (COLUMN_WIDTH * columns as u16 + 4).min(area.width);
    let check_rows = self_check::height(app, theme, width.saturating_sub(2));
    let overlay =
        area.centered(Constraint::Length(width), Constraint::Length(rows as u16 + 2 + check_rows));
    let room = overlay.height.saturating_sub(2);
    // On a low screen keys take precedence over the self-check.
    let check_rows = check_rows.min(room / 3);
    let fits = room - check_rows >= rows as u16;
    let title = if fits {
        " keys ".to_owned()
    } else {
        format!(
            " keys: {}/{} for more ",
            app.key_of(Action::NextLane),
            app.key_of(Action::PreviousLane)
        )
    };
    let inner = borders::draw_overlay_box(&title, "", theme, overlay, buf);
    let [inner, below] =
        inner.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(check_rows)]));
    self_check::draw(app, theme, below, buf);
    let first = if fits { 0 } else { first };
    let rows = rows.min(usize::from(inner.height)).max(1);
    let bindings: Vec<&KeyBinding> = table.iter().cycle().skip(first).take(table.len()).collect();
    for (column, bindings) in bindings.chunks(rows).take(columns).enumerate() {
        let x = inner.x + COLUMN_WIDTH * column as u16;
        for (binding, row) in bindings.iter().zip(inner.rows()) {
            let area = Rect { x, width: COLUMN_WIDTH, ..row }.intersection(inner);
            binding_line(binding, theme).render(area, buf);
        }
    }
}

fn binding_line(binding: &KeyBinding, theme: Theme) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(Key::to_string).collect();
    Line::from(vec![
        Span::styled(format!(" {:>11}  ", keys.join(" ")), theme.key()),
        Span::styled(binding.help, theme.text()),
    ])
}

/// Draws the confirmation before quitting during a run.
pub(super) fn draw_quit_question(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let (quit, back) = (app.key_of(Action::Quit), app.key_of(Action::Back));
    let overlay = area.centered(Constraint::Length(44), Constraint::Length(4));
    let inner = borders::draw_overlay_box("", "", theme, overlay, buf);
    Paragraph::new(vec![
        Line::styled("Still running. Quit anyway?", theme.strong()),
        Line::from(vec![
            Span::styled(quit, theme.key()),
            Span::raw(" quit   "),
            Span::styled(back, theme.key()),
            Span::raw(" stay"),
        ]),
    ])
    .centered()
    .wrap(Wrap { trim: true })
    .render(inner, buf);
}
