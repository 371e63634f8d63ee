//! How many requests may be in flight, where that is found while fetching: a line over those that are,
//! and each change with its reason.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::text;
use super::theme::Theme;
use super::timeline::Timeline;
use crate::app::TimeWindow;
use crate::model::{LevelSeries, LimitChange, Nanos, Run};

/// A line low, in the middle and high in its cell.
const LINE: [(&str, &str); 3] = [("▁", "_"), ("─", "-"), ("▔", "^")];

impl Timeline<'_> {
    /// The changes of the limit until a moment, the last ones, as many as fit: in the place of the
    /// lane that is chosen.
    pub(super) fn limit_changes(
        &self,
        run: &Run,
        until: Nanos,
        width: usize,
    ) -> Option<Line<'static>> {
        let last = run.limit_change_at(until).filter(|_| run.plan().auto)?;
        let name = format!(" concurrency limit {}", last.to);
        // Away from the box.
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

/// The last changes until a moment, the latest first, each in forms to choose from.
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

/// The latest first; what it began with is none.
fn changes_until(run: &Run, until: Nanos) -> impl Iterator<Item = &LimitChange> {
    let so_far = run.limit_changes().iter().rev().filter(move |step| step.at <= until);
    so_far.filter(|step| step.from.is_some())
}

/// `8→9 no queue`.
fn describe_change(step: &LimitChange, theme: Theme) -> String {
    format!("{} {}", limit_text(step, theme), step.reason)
}

/// `8→9`.
fn limit_text(step: &LimitChange, theme: Theme) -> String {
    let LimitChange { from, to, .. } = step;
    from.map_or_else(|| to.to_string(), |from| format!("{from}{}{to}", theme.pick("→", "->")))
}

/// Draws a limit until `until` over what was drawn of the level below it; the area's height stands for
/// the highest. On a single line there is no room for a line: there each change is marked.
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
        // Where a cell has several, the last one holds.
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

/// On which row the line is at a level, and where on it.
fn line_position(now: u32, peak: u32, area: Rect, theme: Theme) -> Option<(u16, &'static str)> {
    let steps = LINE.len() as u32 * u32::from(area.height);
    // The top of what is filled to the same level.
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

/// How to write on a cell that is filled, or is not: the fill stays to be seen.
fn overlay_style(symbol: &str, fill: Color, theme: Theme) -> Style {
    let filled = matches!(symbol, "█" | "▇" | "▆" | "▅");
    match fill {
        _ if !filled => theme.strong(),
        Color::Reset => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        fill => theme.label_style(fill).add_modifier(Modifier::BOLD),
    }
}
