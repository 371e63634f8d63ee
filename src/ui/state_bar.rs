//! Bars that are divided by states.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::lane_bar::{LEFT_EIGHTHS, eighth_glyph, two_colors};
use super::layout::draw_symbol;
use super::theme::Theme;
use crate::model::State;

/// A part of a bar: a state, and its length in eighths of a cell.
pub(super) type Segment = (State, u16);

/// Draws a bar of these segments.
pub(super) fn draw_bar(segments: &[Segment], theme: Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let mut segments = segments.iter().copied().filter(|&(_, length)| length > 0).peekable();
    for x in area.left()..area.right() {
        let (mut room, mut parts) = (8, Vec::new());
        while let Some((state, length)) = segments.peek_mut().filter(|_| room > 0) {
            let taken = room.min(*length);
            (room, *length) = (room - taken, *length - taken);
            parts.push((*state, taken));
            segments.next_if(|&(_, length)| length == 0);
        }
        if let Some((symbol, style)) = bar_cell(&parts, theme) {
            draw_symbol(x, area.y, symbol, style, buf);
        }
    }
}

/// Returns a cell of a bar, with an exact edge between two states or at the end of the bar.
fn bar_cell(parts: &[Segment], theme: Theme) -> Option<(&'static str, Style)> {
    let &(main, _) = parts.iter().max_by_key(|&&(_, length)| length)?;
    let is_solid = |&(state, _): &Segment| !theme.is_sparse(state);
    let filled: u16 = parts.iter().map(|&(_, length)| length).sum();
    match *parts {
        _ if theme.has_patterns() => (filled >= 4).then(|| theme.state_cell(main)),
        [(left, length), ref rest @ ..] if length < 8 && parts.iter().all(is_solid) => {
            let right = match *rest {
                [] => None,
                [(right, _)] if filled == 8 => theme.color(right),
                _ => return Some(theme.state_cell(main)),
            };
            let style = two_colors(theme.color(left), right)?;
            Some((eighth_glyph(&LEFT_EIGHTHS, length as u8), style))
        }
        _ => Some(theme.state_cell(main)),
    }
}
