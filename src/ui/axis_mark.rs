//! The mark of a lesson on the time axis: the prediction, or the simulated figure beside a real one; and
//! its line through the lanes.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::text;
use super::timeline::Timeline;
use crate::model::lesson::Highlight;

/// The label of the mark on the axis.
pub(super) struct MarkLabel {
    text: String,
    /// Its cells, counted from the left of the axis.
    pub(super) columns: Range<u16>,
}

impl Timeline<'_> {
    /// Returns the label of the mark on an axis of `room` cells, unless it would touch the cells `taken`;
    /// if the mark is out of view, with its direction.
    pub(super) fn mark_label(&self, taken: &Range<u16>, room: u16) -> Option<MarkLabel> {
        let mark = self.app.axis_mark()?;
        let words = format!("{}: {}", mark.name, mark.at);
        let down = self.theme.pick("▼", "v");
        let width = text::width(&words) as u16 + 1;
        let last = room.checked_sub(width)?;
        let (text, first) = match self.window.column(mark.at).filter(|&column| column < room) {
            Some(column) if column <= last => (format!("{down}{words}"), column),
            Some(column) => (format!("{words}{down}"), (column + 1).saturating_sub(width)),
            None if mark.at < self.window.from => (format!("<{words}"), 0),
            None => (format!("{words}>"), last),
        };
        let columns = first..first + width;
        let touches = !taken.is_empty() && columns.start <= taken.end && taken.start <= columns.end;
        (!touches).then_some(MarkLabel { text, columns })
    }

    /// Draws the label of the mark on the axis.
    pub(super) fn draw_mark_label(&self, label: Option<MarkLabel>, axis: Rect, buf: &mut Buffer) {
        let Some(MarkLabel { text, columns }) = label else { return };
        let is_meant = self.app.is_highlighted(Highlight::Mark);
        let style = if is_meant { self.theme.accent() } else { self.theme.strong() };
        let x = axis.x.saturating_add(columns.start);
        let width = (columns.end - columns.start).min(axis.right().saturating_sub(x));
        Span::styled(text, style).render(Rect { x, width, ..axis }, buf);
    }

    /// Draws a line through the lanes at the mark.
    pub(super) fn draw_mark_line(&self, area: Rect, buf: &mut Buffer) {
        if let Some(mark) = self.app.axis_mark() {
            self.draw_vertical_line(mark.at, self.theme.pick("╏", ";"), area, buf);
        }
    }
}
