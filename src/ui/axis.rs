//! The axis: ticks and their times, the same for all runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::app::Window;
use crate::model::Nanos;

/// Draws a tick and its time every so many cells.
pub(super) fn draw(window: Window, theme: Theme, area: Rect, buf: &mut Buffer) {
    let step = tick(window.cell);
    let first = window.from.0.div_ceil(step.0) * step.0;
    let room = u64::from(area.width.min(window.columns));
    let mut at = Nanos(first);
    loop {
        let column = at.since(window.from).0 / window.cell.0;
        let text = format!("{}{}", theme.pick("╵", "'"), tick_text(at, step));
        if column + text.chars().count() as u64 > room {
            return;
        }
        let x = area.x + column as u16;
        let width = area.right().saturating_sub(x);
        Line::styled(text, theme.quiet()).render(Rect { x, width, ..area }, buf);
        at = at + step;
    }
}

/// The time between two ticks: about ten cells, in steps of 1, 2 and 5.
fn tick(cell: Nanos) -> Nanos {
    let least = cell.0.saturating_mul(9);
    let mut power = 1_000;
    loop {
        for step in [1, 2, 5] {
            if step * power >= least {
                return Nanos(step * power);
            }
        }
        power *= 10;
    }
}

/// A tick's time, with as many digits as its neighbours need.
fn tick_text(at: Nanos, step: Nanos) -> String {
    match step.0 {
        ..1_000_000 => format!("{} us", at.0 / 1_000),
        1_000_000..100_000_000 if at.0 < 1_000_000_000 => format!("{} ms", at.0 / 1_000_000),
        1_000_000..10_000_000 => format!("{:.3} s", at.as_secs_f64()),
        10_000_000..100_000_000 => format!("{:.2} s", at.as_secs_f64()),
        100_000_000..1_000_000_000 => format!("{:.1} s", at.as_secs_f64()),
        _ => format!("{:.0} s", at.as_secs_f64()),
    }
}
