//! What a cell of the screen shows: what the mouse points at there.

use ratatui::layout::{Position, Rect, Size};

use super::layout::Layout;
use super::rows::Row;
use super::sweep::Chart;
use super::theme::Theme;
use super::verdict::Verdict;
use super::{inside, pane, parts, timeline, timeline_rows};
use crate::app::{App, Pointed};
use crate::model::Nanos;

/// What is at a column and a row of a screen of this size, counted from 0; nothing outside of the
/// timeline, or where something lies over it.
pub fn pointed_at(app: &App, theme: Theme, size: Size, column: u16, row: u16) -> Pointed {
    let (area, position) = (Rect::from(size), Position::new(column, row));
    let Some(layout) = Layout::of(size).filter(|_| !pane::is_over(app, area)) else {
        return Pointed::default();
    };
    let verdict = Verdict::of(app, layout, theme, inside(layout, area).into());
    let chart = Chart::of(app, layout, theme);
    let [.., part, _legend, _keys] = parts(app, layout, (&verdict, chart.as_ref()), area);
    let (layout, [part, _beside]) = pane::split(app, layout, part);
    let lanes = timeline_rows(layout, part, area);
    if !lanes.contains(position) {
        return Pointed::default();
    }
    let placed = timeline::place(app, layout, lanes);
    // A gap belongs to the lane above.
    let above = placed.rows.iter().filter(|(_, area)| area.y <= row);
    let lane =
        above.rev().find(|(row, _)| !matches!(row, Row::Gap)).and_then(|(row, _)| match row {
            Row::Lane { place, .. } => Some(*place),
            _ => None,
        });
    let (bars, window) = (timeline::bars(layout, lanes), app.viewport().window());
    let cell = column.checked_sub(bars.x).filter(|&cell| cell < bars.width.min(window.columns));
    let at = |cell| Nanos(window.from.0.saturating_add(window.cell.0.saturating_mul(cell)));
    Pointed { lane, at: cell.map(|cell| at(cell.into())) }
}
