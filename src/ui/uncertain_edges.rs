//! The edges of states that are known only to a period: where that is wider than a cell, the cells in which
//! the state may have changed are hatched.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Style;

use super::lane_bar::{LaneBar, two_colors};
use super::layout::draw_symbol;
use super::theme::Theme;
use crate::app::TimeWindow;
use crate::model::{Lane, Nanos, State};

/// The glyph of two states that cannot be told apart, in their colours.
pub(super) const HATCH: &str = "▒";

impl LaneBar {
    /// Hatches the cells before each edge in which the state may already have been the next one.
    pub(super) fn hatch_edges(&self, lane: &Lane, buf: &mut Buffer) {
        let TimeWindow { from, cell, columns } = self.window;
        if self.edge_period < cell || cell == Nanos::ZERO {
            return;
        }
        let columns = self.area.width.min(columns);
        let end = Nanos(from.0.saturating_add(cell.0.saturating_mul(columns.into())));
        let mut before: Option<State> = None;
        let reach = end.min(self.until);
        for interval in lane.state_intervals_between(from, reach) {
            let states = before.replace(interval.state).map(|before| [before, interval.state]);
            let hatch = states.and_then(|states| hatch(states, self.theme));
            let Some((symbol, style)) = hatch else { continue };
            let earliest = Nanos(interval.start.0.saturating_sub(self.edge_period.0)).max(from);
            let column = |at: Nanos| at.since(from).0.div_ceil(cell.0) as u16;
            for x in column(earliest)..column(interval.start).min(columns) {
                self.draw_on_rows(self.area.x.saturating_add(x), symbol, style, buf);
            }
        }
    }

    /// Draws a cell on all rows of a lane but the last of several.
    fn draw_on_rows(&self, x: u16, symbol: &str, style: Style, buf: &mut Buffer) {
        let last = self.area.bottom().saturating_sub(1).max(self.area.y + 1);
        for y in self.area.y..last {
            if let Some(cell) = buf.cell_mut(Position::new(x, y)) {
                cell.reset();
            }
            draw_symbol(x, y, symbol, style, buf);
        }
    }
}

/// Returns the cell of two states that may both be there, or `None` if neither is filled with a colour.
fn hatch(states: [State; 2], theme: Theme) -> Option<(&'static str, Style)> {
    if theme.has_patterns() {
        return Some((theme.glyph(State::Unknown), Style::new()));
    }
    let color = |state: State| theme.color(state).filter(|_| !theme.is_sparse(state));
    let [earlier, later] = states.map(color);
    let style = match (earlier, later) {
        // Reversed, the half-tone would be the other half.
        (Some(only), None) | (None, Some(only)) => Style::new().fg(only),
        (earlier, later) => two_colors(later, earlier)?,
    };
    Some((HATCH, style))
}
