//! The time axis: ticks with their times, and gridlines below them, which no bar hides behind.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::draw_symbol;
use super::timeline::{Timeline, decimal_places};
use crate::app::TimeWindow;
use crate::model::Nanos;

/// The minimum number of cells between two ticks.
const MIN_TICK_CELLS: u64 = 9;

impl Timeline<'_> {
    /// Draws ticks with their times, except those that would touch any of the cells `taken`.
    pub(super) fn draw_axis(&self, taken: &[Range<u16>], area: Rect, buf: &mut Buffer) {
        let room = area.width.min(self.window.columns);
        let step = tick_step(self.window, room);
        for (column, at) in ticks(self.window, step, room) {
            let text = format!("{}{}", self.theme.pick("▏", "'"), tick_label(at, step));
            let after = column + text.chars().count() as u16;
            if after > room {
                return;
            }
            let touches = |taken: &Range<u16>| {
                !taken.is_empty() && column <= taken.end && taken.start <= after
            };
            if taken.iter().any(touches) {
                continue;
            }
            let x = area.x + column;
            let width = area.right().saturating_sub(x);
            Line::styled(text, self.theme.muted()).render(Rect { x, width, ..area }, buf);
        }
    }

    /// Draws a thin line at each tick through `area`, before anything else is drawn there.
    pub(super) fn draw_gridlines(&self, area: Rect, buf: &mut Buffer) {
        let bars = self.bar_area(area);
        let Some((symbol, style)) = self.theme.gridline() else { return };
        let room = bars.width.min(self.window.columns);
        for (column, _) in ticks(self.window, tick_step(self.window, room), room) {
            for y in bars.top()..bars.bottom() {
                draw_symbol(bars.x + column, y, symbol, style, buf);
            }
        }
    }
}

/// Returns the column on whose left edge each tick is drawn, with its time.
fn ticks(window: TimeWindow, step: Nanos, room: u16) -> impl Iterator<Item = (u16, Nanos)> {
    let TimeWindow { from, cell, .. } = window;
    let first = from.0.div_ceil(step.0).saturating_mul(step.0);
    let times = (0..).map(move |tick: u64| Nanos(first.saturating_add(tick * step.0)));
    let columns = times.map(move |at| ((at.since(from).0 + cell.0 / 2) / cell.0, at));
    let in_view = columns.take_while(move |&(column, _)| column < u64::from(room));
    in_view.map(|(column, at)| (column as u16, at))
}

/// Returns the time between two ticks whose labels do not touch, in a window of `room` cells.
fn tick_step(window: TimeWindow, room: u16) -> Nanos {
    let TimeWindow { from, cell, .. } = window;
    let end = Nanos(from.0.saturating_add(cell.0.saturating_mul(room.into())));
    // Dense ticks late in a long run need many digits, and so more room.
    let digits = tick_label(end, round_step(cell, MIN_TICK_CELLS)).len() as u64;
    round_step(cell, MIN_TICK_CELLS.max(digits + 2))
}

/// Returns the duration of at least `cells` cells, rounded up to 1, 2 or 5 times a power of ten.
fn round_step(cell: Nanos, cells: u64) -> Nanos {
    let least = cell.0.saturating_mul(cells);
    let mut power = 1_000_u64;
    loop {
        for step in [1, 2, 5] {
            let step = power.saturating_mul(step);
            if step >= least {
                return Nanos(step);
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Formats the time of a tick with as many digits as its neighbours need.
fn tick_label(at: Nanos, step: Nanos) -> String {
    match (step.0, at.0) {
        (..1_000_000, ..1_000_000) => format!("{} us", at.0 / 1_000),
        (..1_000_000, ..1_000_000_000) => format!("{:.3} ms", at.0 as f64 / 1e6),
        (1_000_000..100_000_000, ..1_000_000_000) => format!("{} ms", at.0 / 1_000_000),
        _ => format!("{:.*} s", decimal_places(step), at.as_secs_f64()),
    }
}
