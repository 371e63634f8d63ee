//! The pane with the inspector or the figures of a range: beside the timeline, below it, or as an
//! overlay if there is no room for either.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::layout::{HeightClass, ScreenLayout, WidthClass, draw_part};
use super::pane_content::{PaneSide, PaneSize};
use super::theme::Theme;
use super::{inspector, range_pane};
use crate::app::{App, DetailPane};

/// The minimum inner width for two columns.
const MIN_TWO_COLUMN_WIDTH: u16 = 74;

/// The gap between two columns.
const GAP: u16 = 2;

/// The width of a table of quantiles, and so of the narrower column.
const QUANTILES_WIDTH: u16 = 37;

/// Splits an area between the timeline and the pane. Returns the layout of the timeline, too.
pub(super) fn split_area(app: &App, layout: ScreenLayout, area: Rect) -> (ScreenLayout, [Rect; 2]) {
    let whole = (layout, [area, Rect::ZERO]);
    if app.picture().detail_pane().is_none() || !has_room(app, layout) {
        return whole;
    }
    if !layout.boxed {
        let height = area.height.div_ceil(2).min(12);
        let rows = Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]);
        return (layout, area.layout(&rows));
    }
    let pane = (area.width / 8 * 3).clamp(42, 64);
    let columns = Layout::horizontal([Constraint::Fill(1), Constraint::Length(pane)]);
    let width = match area.width.saturating_sub(pane) {
        110.. => WidthClass::Wide,
        80.. => WidthClass::Normal,
        _ => WidthClass::Narrow,
    };
    (ScreenLayout { width, ..layout }, area.layout(&columns))
}

/// Draws the pane into `area`.
pub(super) fn draw(app: &App, layout: ScreenLayout, theme: Theme, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let frame = if layout.boxed { (4, 2) } else { (2, 1) };
    let inside = area.width.saturating_sub(frame.0);
    let height = usize::from(area.height.saturating_sub(frame.1));
    let room = if inside >= MIN_TWO_COLUMN_WIDTH {
        let wide = usize::from(inside - QUANTILES_WIDTH - GAP);
        PaneSize { narrow: QUANTILES_WIDTH.into(), wide, columns: 2, height }
    } else {
        PaneSize { narrow: inside.into(), wide: inside.into(), columns: 1, height }
    };
    let content = match app.picture().detail_pane() {
        Some(DetailPane::Inspector) => inspector::content(app, theme, room),
        Some(DetailPane::Range(from, to)) => range_pane::content(app, from, to, theme, room),
        None => return,
    };
    let area = draw_part(area, Some(&content.heading), layout, theme, buf);
    if room.columns == 1 {
        return draw_column(content.parts.into_iter().map(|(_, part)| part).collect(), area, buf);
    }
    let (left, right): (Vec<_>, Vec<_>) =
        content.parts.into_iter().partition(|&(side, _)| side == PaneSide::Left);
    let widths = match app.picture().detail_pane() {
        Some(DetailPane::Inspector) => [Constraint::Fill(1), Constraint::Length(QUANTILES_WIDTH)],
        _ => [Constraint::Length(QUANTILES_WIDTH), Constraint::Fill(1)],
    };
    let columns: [Rect; 2] = area.layout(&Layout::horizontal(widths).spacing(GAP));
    for (parts, area) in [left, right].into_iter().zip(columns) {
        draw_column(parts.into_iter().map(|(_, part)| part).collect(), area, buf);
    }
}

/// Draws parts below each other, with blank lines between them if all lines still fit.
fn draw_column(parts: Vec<Vec<Line<'static>>>, area: Rect, buf: &mut Buffer) {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let lines = parts.iter().map(Vec::len).sum::<usize>() + parts.len();
    let apart = lines <= usize::from(area.height) + 1;
    let mut rows = area.rows();
    for part in parts {
        for (line, row) in part.into_iter().zip(rows.by_ref()) {
            line.render(row, buf);
        }
        if apart {
            rows.next();
        }
    }
}

/// Draws the pane over everything but the keys, if it has no area of its own.
pub(super) fn draw_as_overlay(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    if !is_overlay(app, area) {
        return;
    }
    let keys = u16::from(ScreenLayout::for_size(area.as_size()).is_some());
    let area = Rect { height: area.height.saturating_sub(keys), ..area };
    Clear.render(area, buf);
    let layout = ScreenLayout {
        height: HeightClass::Normal,
        width: WidthClass::Tiny,
        boxed: false,
        has_threads: false,
    };
    draw(app, layout, theme, area, buf);
}

/// Returns whether the pane is drawn as an overlay. While a range is being selected it is not,
/// because the timeline must stay visible.
pub(super) fn is_overlay(app: &App, area: Rect) -> bool {
    let has_room =
        ScreenLayout::for_size(area.as_size()).is_some_and(|layout| has_room(app, layout));
    app.picture().detail_pane().is_some() && !app.picture().is_selecting_range() && !has_room
}

/// Returns whether this layout has room for a pane and lanes. Below a sweep's chart they need boxes.
fn has_room(app: &App, layout: ScreenLayout) -> bool {
    layout.boxed || (layout.height == HeightClass::Normal && !app.selection().is_sweep())
}
