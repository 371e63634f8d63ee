//! Maps a cell of the screen to the lane and the time that it shows, for the mouse.

use ratatui::layout::{Position, Rect, Size};

use super::layout::ScreenLayout;
use super::status_line::StatusLine;
use super::sweep::SweepChart;
use super::theme::Theme;
use super::timeline_rows::TimelineRow;
use super::{detail_pane, inner_width, split_screen, timeline, timeline_area};
use crate::app::{App, PointerTarget};
use crate::model::Nanos;

/// Returns the target at a column and a row (from 0) of a screen of this size. The target is empty
/// outside the timeline and under an overlay.
pub fn pointer_target(app: &App, theme: Theme, size: Size, column: u16, row: u16) -> PointerTarget {
    let (area, position) = (Rect::from(size), Position::new(column, row));
    let Some(layout) = ScreenLayout::for_size(size).filter(|_| !detail_pane::is_overlay(app, area))
    else {
        return PointerTarget::default();
    };
    let status_line = StatusLine::for_app(app, layout, theme, inner_width(layout, area).into());
    let chart = SweepChart::for_app(app, layout, theme);
    let [.., part, _legend, _keys] = split_screen(app, layout, &status_line, chart.as_ref(), area);
    let (layout, [part, _beside]) = detail_pane::split_area(app, layout, part);
    let lanes = timeline_area(layout, part, area);
    if !lanes.contains(position) {
        return PointerTarget::default();
    }
    let areas = timeline::arrange(app, layout, lanes);
    // A gap belongs to the lane above.
    let above = areas.rows.iter().filter(|(_, area)| area.y <= row);
    let lane = above.rev().find(|(row, _)| !matches!(row, TimelineRow::Gap)).and_then(
        |(row, _)| match row {
            TimelineRow::Lane { place, .. } => Some(*place),
            _ => None,
        },
    );
    let (bars, window) = (timeline::bar_area(layout, lanes), app.picture().viewport().window());
    let cell = column.checked_sub(bars.x).filter(|&cell| cell < bars.width.min(window.columns));
    let at = |cell| Nanos(window.from.0.saturating_add(window.cell.0.saturating_mul(cell)));
    PointerTarget { lane, at: cell.map(|cell| at(cell.into())) }
}
