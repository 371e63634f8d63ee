//! Area charts below the lanes, for requests in flight, the queue and the quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::lane_bar::{LOWER_EIGHTHS, eighth_glyph};
use super::theme::Theme;
use crate::app::TimeWindow;
use crate::model::{LevelSeries, Nanos};

/// The ASCII glyphs of a level: the level itself or, for a peak of 10 or more, its share in ninths.
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Draws the mean level of each cell until `until`. The height of the area stands for the peak.
pub(super) fn draw(
    tasks: LevelSeries<'_>,
    window: TimeWindow,
    until: Nanos,
    theme: Theme,
    style: Style,
    area: Rect,
    buf: &mut Buffer,
) {
    let area = area.intersection(buf.area);
    let peak = f64::from(tasks.peak().max(1));
    let mut start = window.from;
    for x in area.left()..area.right().min(area.left() + window.columns) {
        let end = start + window.cell;
        if start >= until {
            return;
        }
        let mean = tasks.mean(start, end.min(until));
        let share = mean / peak;
        let digit = if peak < 10.0 { mean } else { share * 9.0 }.round() as usize;
        let eighths = (share * f64::from(area.height) * 8.0).round() as u16;
        // Any level above 0 is visible.
        let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
        for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
            let symbol = match eighths.saturating_sub(row as u16 * 8).min(8) as u8 {
                0 => break,
                _ if theme.is_ascii() => DIGITS.get(digit.max(1)).copied().unwrap_or("9"),
                8 => "█",
                level => eighth_glyph(&LOWER_EIGHTHS, level),
            };
            if let Some(cell) = buf.cell_mut(Position::new(x, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
        start = end;
    }
}
