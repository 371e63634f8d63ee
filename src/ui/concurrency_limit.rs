//! The adaptive concurrency limit: a line over the requests in flight, and each change with its
//! reason.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::text;
use super::theme::Theme;
use super::timeline::Timeline;
use crate::app::TimeWindow;
use crate::model::{LevelSeries, LimitChange, Nanos, Run};

/// The glyphs of a line low, in the middle and high in its cell.
const LINE: [(&str, &str); 3] = [("▁", "_"), ("─", "-"), ("▔", "^")];

impl Timeline<'_> {
    /// Returns the limit with its latest changes until a time, as many as fit. It is shown while no
    /// lane is selected.
    pub(super) fn limit_changes(
        &self,
        run: &Run,
        until: Nanos,
        width: usize,
    ) -> Option<Line<'static>> {
        let last = run.limits().concurrency_change_at(until).filter(|_| run.plan().auto)?;
        let name = format!(" concurrency limit {}", last.to);
        // Keeps one cell between the text and the box.
        let mut room = width.saturating_sub(text::width(&name) + 1);
        let mut spans = Vec::new();
        for step in changes_until(run, until) {
            let change = format!("  {} {}", step.at, describe_change(step, self.theme));
            let Some(left) = room.checked_sub(text::width(&change)) else { break };
            room = left;
            spans.push(Span::styled(change, self.theme.muted()));
        }
        spans.push(Span::styled(name, self.theme.strong()));
        spans.reverse();
        Some(Line::from(spans))
    }
}

/// Returns the changes until a time, the latest first, each from the longest form to the shortest.
pub(super) fn latest_changes(
    run: &Run,
    until: Nanos,
    theme: Theme,
) -> impl Iterator<Item = [String; 4]> {
    changes_until(run, until).map(move |step| {
        let (change, numbers) = (describe_change(step, theme), limit_text(step, theme));
        let [change, numbers] = [change, numbers].map(|text| format!(" {text}"));
        [format!(" {change}"), change, numbers, String::new()]
    })
}

/// Returns the changes until a time, the latest first, without the initial limit.
fn changes_until(run: &Run, until: Nanos) -> impl Iterator<Item = &LimitChange> {
    let so_far =
        run.limits().concurrency_changes().iter().rev().filter(move |step| step.at <= until);
    so_far.filter(|step| step.from.is_some())
}

/// Returns a change with its reason: `8→9 no queue`.
fn describe_change(step: &LimitChange, theme: Theme) -> String {
    format!("{} {}", limit_text(step, theme), step.reason)
}

/// Returns a change: `8→9`.
fn limit_text(step: &LimitChange, theme: Theme) -> String {
    let LimitChange { from, to, .. } = step;
    from.map_or_else(|| to.to_string(), |from| format!("{from}{}{to}", theme.pick("→", "->")))
}

/// Draws a limit until `until` over the level already drawn. The height of the area stands for the
/// peak. A single row has no room for a line, so only changes are marked there.
pub(super) fn draw(
    limit: LevelSeries<'_>,
    window: TimeWindow,
    until: Nanos,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let area = area.intersection(buf.area);
    let mut start = window.from;
    let mut before = limit.value_at(start);
    for x in area.left()..area.right().min(area.left() + window.columns) {
        if start >= until {
            return;
        }
        let end = (start + window.cell).min(until);
        // A cell with several values shows the last.
        let now = limit.value_at(Nanos(end.0.saturating_sub(1)));
        let mark = if area.height > 1 {
            line_position(now, limit.peak(), area, theme)
        } else {
            change_arrow(before, now, theme).map(|symbol| (area.top(), symbol))
        };
        if let Some((y, symbol)) = mark
            && let Some(cell) = buf.cell_mut(Position::new(x, y))
        {
            let style = overlay_style(cell.symbol(), cell.fg, theme);
            cell.set_symbol(symbol).set_style(style);
        }
        (start, before) = (start + window.cell, now);
    }
}

/// Returns the row of the line at a level, and the glyph for its height within the row.
fn line_position(now: u32, peak: u32, area: Rect, theme: Theme) -> Option<(u16, &'static str)> {
    let steps = LINE.len() as u32 * u32::from(area.height);
    // The top of an area filled to the same level.
    let place = (now * steps).div_ceil(peak.max(1)).checked_sub(1)?.min(steps - 1);
    let (row, part) = (place / LINE.len() as u32, place % LINE.len() as u32);
    let (unicode, ascii) = LINE.get(part as usize)?;
    Some((area.bottom().saturating_sub(1 + row as u16), theme.pick(unicode, ascii)))
}

fn change_arrow(before: u32, now: u32, theme: Theme) -> Option<&'static str> {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater if before > 0 => Some(theme.pick("▲", "^")),
        std::cmp::Ordering::Less => Some(theme.pick("▼", "v")),
        _ => None,
    }
}

/// Returns the style for drawing on a cell such that its fill remains visible.
fn overlay_style(symbol: &str, fill: Color, theme: Theme) -> Style {
    let filled = matches!(symbol, "█" | "▇" | "▆" | "▅");
    match fill {
        _ if !filled => theme.strong(),
        Color::Reset => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        fill => theme.label_style(fill).add_modifier(Modifier::BOLD),
    }
}
