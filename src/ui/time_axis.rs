//! The time axis, which all runs share.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::app::TimeWindow;
use crate::model::Nanos;

/// The minimum number of cells between two ticks.
const MIN_TICK_CELLS: u64 = 9;

/// Draws ticks with their times, except those that would touch the cells `taken`.
pub(super) fn draw(
    window: TimeWindow,
    theme: Theme,
    taken: &Range<u16>,
    area: Rect,
    buf: &mut Buffer,
) {
    let room = u64::from(area.width.min(window.columns));
    let end = Nanos(window.from.0.saturating_add(window.cell.0.saturating_mul(room)));
    // Dense ticks late in a long run need many digits, and so more room.
    let digits = tick_label(end, tick_step(window.cell, MIN_TICK_CELLS)).len() as u64;
    let step = tick_step(window.cell, MIN_TICK_CELLS.max(digits + 2));
    let mut at = Nanos(window.from.0.div_ceil(step.0).saturating_mul(step.0));
    loop {
        let column = at.since(window.from).0 / window.cell.0;
        let text = format!("{}{}", theme.pick("╵", "'"), tick_label(at, step));
        if column + text.chars().count() as u64 > room {
            return;
        }
        at = at + step;
        let (column, after) = (column as u16, column as u16 + text.chars().count() as u16);
        if !taken.is_empty() && column <= taken.end && taken.start <= after {
            continue;
        }
        let x = area.x + column;
        let width = area.right().saturating_sub(x);
        Line::styled(text, theme.muted()).render(Rect { x, width, ..area }, buf);
    }
}

/// Returns the time between two ticks that are at least `cells` apart, rounded up to 1, 2 or 5 times
/// a power of ten.
fn tick_step(cell: Nanos, cells: u64) -> Nanos {
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

/// Formats a time to the microsecond without trailing zeros: `0.926 s`, `1.204318 s`.
pub(super) fn exact_time(at: Nanos) -> String {
    let micros = format!("{}.{:06}", at.0 / 1_000_000_000, at.0 / 1_000 % 1_000_000);
    let millis = micros.len() - 3;
    let (kept, last) = micros.split_at_checked(millis).unwrap_or((&micros, ""));
    format!("{kept}{} s", last.trim_end_matches('0'))
}

/// Returns the number of decimal places that distinguish times in seconds that are `step` apart.
pub(super) fn decimal_places(step: Nanos) -> usize {
    match step.0 {
        ..1_000_000 => 6,
        1_000_000..10_000_000 => 3,
        10_000_000..100_000_000 => 2,
        100_000_000..1_000_000_000 => 1,
        _ => 0,
    }
}
