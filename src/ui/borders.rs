//! Boxes and headings, written straight into the buffer, because ratatui's `Block` visits every cell
//! inside at every frame.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::theme::Theme;

/// Draws a box along the edge of `area`, and returns the inside.
pub(super) fn draw_box(theme: Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    draw_rule(theme, area, buf);
    draw_rule(theme, Rect { y: bottom, ..area }, buf);
    for y in area.y..=bottom {
        for x in [area.x, right] {
            draw_symbol(x, y, theme.pick("│", "|"), theme, buf);
        }
    }
    let corners =
        [(area.x, area.y, "┌"), (right, area.y, "┐"), (area.x, bottom, "└"), (right, bottom, "┘")];
    for (x, y, corner) in corners {
        draw_symbol(x, y, theme.pick(corner, "+"), theme, buf);
    }
    let inside = Rect { x: area.x + 1, y: area.y + 1, ..area };
    Rect { width: area.width.saturating_sub(2), height: area.height.saturating_sub(2), ..inside }
        .intersection(area)
}

/// Clears an area, draws a box with a heading around it, and returns the inside.
pub(super) fn draw_overlay_box(
    title: &str,
    captions: &str,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    let inside = draw_box(theme, area, buf);
    draw_heading(title, captions, theme, area, buf);
    inside
}

/// Draws a line along the top of `area`.
pub(super) fn draw_rule(theme: Theme, area: Rect, buf: &mut Buffer) {
    if !area.is_empty() {
        for x in area.left()..area.right() {
            draw_symbol(x, area.y, theme.pick("─", "-"), theme, buf);
        }
    }
}

fn draw_symbol(x: u16, y: u16, symbol: &'static str, theme: Theme, buf: &mut Buffer) {
    if let Some(cell) = buf.cell_mut(Position::new(x, y)) {
        cell.set_symbol(symbol).set_style(theme.border());
    }
}

/// Draws a heading on the top line of `area`: a title on the left and captions on the right, which
/// are omitted if both do not fit.
pub(super) fn draw_heading(
    title: &str,
    captions: &str,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let row = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    let row = row.intersection(area);
    Line::from(Span::styled(title, theme.strong())).render(row, buf);
    let width = captions.chars().count();
    if title.chars().count() + width >= usize::from(row.width) {
        return;
    }
    let row = Rect { x: row.right() - width as u16, width: width as u16, ..row };
    for (words, x) in split_at_rules(captions) {
        let words = Span::styled(words, theme.muted());
        words.render(Rect { x: row.x + x, width: row.width - x, ..row }, buf);
    }
}

/// Splits a heading at its rule characters, so that the line shows through; returns each part with
/// its column.
fn split_at_rules(heading: &str) -> impl Iterator<Item = (&str, u16)> {
    let mut column = 0;
    heading.split('─').filter_map(move |part| {
        let at = column;
        column += part.chars().count() as u16 + 1;
        (!part.is_empty()).then_some((part, at))
    })
}
