//! The accent of the parts of the screen that the explanation of a lesson is about.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::theme::Theme;
use crate::app::App;
use crate::model::lesson::Highlight;

/// Gives the text in `area` the accent, if the explanation shown is about that part.
pub(super) fn draw(app: &App, part: Highlight, theme: Theme, area: Rect, buf: &mut Buffer) {
    if !app.is_highlighted(part) {
        return;
    }
    let area = area.intersection(buf.area);
    for position in area.rows().flat_map(|row| (row.left()..row.right()).map(move |x| (x, row.y))) {
        if let Some(cell) = buf.cell_mut(Position::from(position))
            && cell.symbol().starts_with(|c: char| c.is_ascii_graphic() || c.is_alphabetic())
        {
            cell.set_style(theme.accent());
        }
    }
}
