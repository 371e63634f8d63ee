//! Lanes that are not one row high: several rows where there is room, and half a row where there is
//! none.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier, Style};

use super::gil_turns::GilTurns;
use super::lane_bar::{LOWER_EIGHTHS, LaneBar, dominant_state, eighth_glyph, text_row, two_colors};
use super::layout::draw_symbol;
use super::theme::Theme;
use crate::model::{Lane, State};

/// The half blocks of the upper and of the lower half of a row.
const HALVES: [&str; 2] = ["▀", "▄"];

impl LaneBar {
    /// Repeats the first cells of the row with text on the other rows. The last row of several stays
    /// empty, so that lanes do not touch.
    pub(super) fn fill_rows(&self, columns: usize, buf: &mut Buffer) {
        let (area, text) = (self.area, text_row(self.area));
        let others = || (area.top()..area.bottom().saturating_sub(1)).filter(|&y| y != text.y);
        for x in (area.x..area.right()).take(columns) {
            let Some(cell) = buf.cell(Position::new(x, text.y)).cloned() else { return };
            let share = LOWER_EIGHTHS.iter().position(|&glyph| glyph == cell.symbol());
            if let Some(share) = share.filter(|_| cell.bg == Color::Reset) {
                self.fill_share(x, share as u16 + 1, cell.fg, buf);
            } else if cell.symbol() != self.theme.glyph(State::Idle) {
                for y in others() {
                    if let Some(other) = buf.cell_mut(Position::new(x, y)) {
                        *other = cell.clone();
                    }
                }
            }
        }
    }

    /// Fills a share of the lane's height from its lower edge, in eighths.
    fn fill_share(&self, x: u16, share: u16, color: Color, buf: &mut Buffer) {
        let height = self.area.height.saturating_sub(1).max(1);
        let mut left = share * height;
        for y in (self.area.y..self.area.y.saturating_add(height)).rev() {
            let symbol = match left.min(8) as u8 {
                0 => " ",
                8 => "█",
                eighths => eighth_glyph(&LOWER_EIGHTHS, eighths),
            };
            left = left.saturating_sub(8);
            draw_symbol(x, y, symbol, Style::new().fg(color), buf);
        }
    }

    /// Draws two lanes on one row.
    pub(super) fn draw_pair(&self, lanes: [&Lane; 2], turns: [GilTurns<'_>; 2], buf: &mut Buffer) {
        let ([upper, lower], [first, second]) = (lanes, turns);
        let states = self.cells(upper).enumerate().zip(self.cells(lower));
        let states = states.map(|((column, upper), lower)| {
            let cells = [first.weave(column, upper), second.weave(column, lower)];
            cells.map(dominant_state)
        });
        for (x, states) in (self.area.x..).zip(states) {
            if let Some((symbol, style)) = pair_cell(states, self.theme) {
                draw_symbol(x, self.area.y, symbol, style, buf);
            }
        }
        self.draw_common_seams(lanes, buf);
    }
}

/// Returns the cell of two lanes, or `None` if both are idle.
fn pair_cell([upper, lower]: [State; 2], theme: Theme) -> Option<(&'static str, Style)> {
    let [upper_half, lower_half] = HALVES;
    match (theme.color(upper), theme.color(lower)) {
        (None, None) => None,
        _ if upper == lower && theme.is_sparse(upper) => Some(theme.state_cell(upper)),
        // A line between lanes that look alike, and one below them.
        (Some(color), Some(other)) if color == other => {
            let (_, seam) = theme.seam(color);
            Some(("─", seam.add_modifier(Modifier::UNDERLINED)))
        }
        (Some(front), back) => two_colors(Some(front), back).map(|style| (upper_half, style)),
        (None, front) => two_colors(front, None).map(|style| (lower_half, style)),
    }
}
