//! The pane with the inspector or the figures of a range: beside the timeline, below it, or as an
//! overlay if there is no room for either.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::layout::{HeightClass, ScreenLayout, WidthClass};
use super::theme::Theme;
use super::{inspector, range_pane};
use crate::analysis::stats::Quantiles;
use crate::app::{App, DetailPane};
use crate::model::Nanos;

/// The minimum inner width for two columns.
const MIN_TWO_COLUMN_WIDTH: u16 = 74;

/// The gap between two columns.
const GAP: u16 = 2;

/// The width of a figure.
const FIGURE_WIDTH: usize = 9;

/// The width of a table of quantiles, and so of the narrower column.
const QUANTILES_WIDTH: u16 = 37;

/// The column of a part of a pane. Without room for two columns, parts are stacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaneSide {
    Left,
    Right,
}

/// The size of a pane.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaneSize {
    /// The width of the column with quantiles.
    pub(super) narrow: usize,
    /// The width of the other column.
    pub(super) wide: usize,
    pub(super) columns: u16,
    pub(super) height: usize,
}

/// The content of a pane: a title with captions, and groups of lines, the most important first.
#[derive(Default)]
pub(super) struct PaneContent {
    pub(super) title: String,
    pub(super) captions: String,
    pub(super) parts: Vec<(PaneSide, Vec<Line<'static>>)>,
}

/// Splits an area between the timeline and the pane. Returns the layout of the timeline, too.
pub(super) fn split_area(app: &App, layout: ScreenLayout, area: Rect) -> (ScreenLayout, [Rect; 2]) {
    let whole = (layout, [area, Rect::ZERO]);
    if app.detail_pane().is_none() || !has_room(app, layout) {
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
    let content = match app.detail_pane() {
        Some(DetailPane::Inspector) => inspector::content(app, theme, room),
        Some(DetailPane::Range(from, to)) => range_pane::content(app, from, to, theme, room),
        None => return,
    };
    let heading = Some((content.title, content.captions));
    let area = super::draw_part(area, heading, layout, theme, buf);
    if room.columns == 1 {
        return draw_column(content.parts.into_iter().map(|(_, part)| part).collect(), area, buf);
    }
    let (left, right): (Vec<_>, Vec<_>) =
        content.parts.into_iter().partition(|&(side, _)| side == PaneSide::Left);
    let widths = match app.detail_pane() {
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
    let layout =
        ScreenLayout { height: HeightClass::Normal, width: WidthClass::Tiny, boxed: false };
    draw(app, layout, theme, area, buf);
}

/// Returns whether the pane is drawn as an overlay. While a range is being selected it is not,
/// because the timeline must stay visible.
pub(super) fn is_overlay(app: &App, area: Rect) -> bool {
    let has_room =
        ScreenLayout::for_size(area.as_size()).is_some_and(|layout| has_room(app, layout));
    app.detail_pane().is_some() && !app.is_selecting_range() && !has_room
}

/// Returns whether this layout has room for a pane and lanes. Below a sweep's chart they need boxes.
fn has_room(app: &App, layout: ScreenLayout) -> bool {
    layout.boxed || (layout.height == HeightClass::Normal && !app.selection().is_sweep())
}

/// Returns a label and its text, wrapped between words into lines of `width` cells.
pub(super) fn field_lines(
    label: &str,
    text: &str,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    const LABEL_WIDTH: usize = 11;
    let mut rows = vec![String::new()];
    let room = width.saturating_sub(LABEL_WIDTH).max(1);
    for word in text.split(' ') {
        let word = super::text::truncate(word.to_owned(), theme, room);
        match rows.last_mut() {
            Some(row) if row.is_empty() => *row = word,
            Some(row) if super::text::width(row) + 1 + super::text::width(&word) <= room => {
                *row = format!("{row} {word}");
            }
            _ => rows.push(word),
        }
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let row = |(label, row)| {
        let label = Span::styled(format!("{label:<LABEL_WIDTH$}"), theme.muted());
        Line::from(vec![label, Span::styled(row, theme.text())])
    };
    labels.zip(rows).map(row).collect()
}

/// Returns a table of quantiles, one line per row, headed by the number of samples.
pub(super) fn quantile_lines(
    of: &str,
    rows: [(&str, Option<Quantiles>); 2],
    every: usize,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    const NAME_WIDTH: usize = 10;
    let n = rows.iter().filter_map(|(_, row)| *row).map(|row| row.count).max().unwrap_or(0);
    let has_p99 = rows.iter().any(|(_, row)| row.is_some_and(|row| row.p99.is_some()));
    let sampled = if every > 1 { format!(", 1 in {every} sampled") } else { String::new() };
    let mut lines = vec![Line::styled(format!("{of}  n {n}{sampled}"), theme.muted())];
    if n == 0 {
        return lines;
    }
    let wide = has_p99 && width >= NAME_WIDTH + 4 * FIGURE_WIDTH;
    let line = |name: &str, figures: [String; 4]| {
        let [p50, p95, p99, max] = figures;
        let p99 = if wide { format!("{p99:>FIGURE_WIDTH$}") } else { String::new() };
        format!(
            "{name:<NAME_WIDTH$}{p50:>FIGURE_WIDTH$}{p95:>FIGURE_WIDTH$}{p99}{max:>FIGURE_WIDTH$}"
        )
    };
    let captions = ["p50", "p95", "p99", "max"].map(str::to_owned);
    lines.push(Line::styled(line("", captions), theme.muted()));
    for (name, row) in rows {
        let Some(Quantiles { p50, p95, p99, max, .. }) = row else { continue };
        let figures = [Some(p50), Some(p95), p99, Some(max)]
            .map(|time| time.map_or_else(String::new, short_time));
        lines.push(Line::styled(line(name, figures), theme.text()));
    }
    lines
}

/// Formats a time in at most eight cells.
pub(super) fn short_time(time: Nanos) -> String {
    match time.0 {
        0..10_000_000_000 => time.to_string(),
        10_000_000_000..1_000_000_000_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{:.0} s", time.as_secs_f64()),
    }
}
