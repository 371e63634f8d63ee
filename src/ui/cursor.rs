//! The cursor and the range: their times on the axis, and vertical lines through the lanes that
//! preserve the colours of states.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::timeline::{self, Timeline};
use crate::model::Nanos;

/// The cursor's time on the axis.
pub(super) struct CursorLabel {
    text: String,
    /// Its cells, counted from the left of the axis.
    pub(super) columns: Range<u16>,
}

impl Timeline<'_> {
    /// Returns the label of the cursor on an axis of `room` cells: its time and, if it is out of
    /// view, its direction.
    pub(super) fn cursor_label(&self, room: u16) -> Option<CursorLabel> {
        let at = self.app.picture().cursor()?;
        let is_fine = self.window.cell < Nanos::from_millis(1);
        let time = if is_fine { timeline::exact_time(at) } else { at.to_string() };
        let down = self.theme.pick("▼", "v");
        let width = time.chars().count() as u16 + 1;
        let last = room.saturating_sub(width);
        let (text, first) = match self.window.column(at).filter(|&column| column < room) {
            Some(column) if column <= last => (format!("{down}{time}"), column),
            Some(column) => (format!("{time}{down}"), (column + 1).saturating_sub(width)),
            None if at < self.window.from => (format!("<{time}"), 0),
            None => (format!("{time}>"), last),
        };
        Some(CursorLabel { text, columns: first..first + width })
    }

    /// Draws the range and the label of the cursor on the axis.
    pub(super) fn draw_on_axis(&self, label: Option<CursorLabel>, axis: Rect, buf: &mut Buffer) {
        if let Some(CursorLabel { text, columns }) = label {
            let x = axis.x.saturating_add(columns.start);
            let width = axis.right().saturating_sub(x);
            Line::styled(text, self.theme.strong()).render(Rect { x, width, ..axis }, buf);
        }
        let Some((from, to)) = self.app.picture().range() else { return };
        if to < self.window.from || from >= self.window.end() {
            return;
        }
        let first = self.window.column(from).unwrap_or(0);
        let last = self.window.column(to).unwrap_or(u16::MAX);
        for column in first..=last.min(axis.width.saturating_sub(1)) {
            if let Some(cell) = buf.cell_mut(Position::new(axis.x + column, axis.y)) {
                cell.modifier |= Modifier::REVERSED;
            }
        }
    }

    /// Draws vertical lines through `area` at the cursor and at both ends of the range.
    pub(super) fn draw_cursor_lines(&self, area: Rect, buf: &mut Buffer) {
        let (cursor, theme) = (self.app.picture().cursor(), self.theme);
        let range = self.app.picture().range();
        for end in range.into_iter().flat_map(|(from, to)| [from, to]) {
            if Some(end) != cursor {
                self.draw_vertical_line(end, theme.pick("┊", ":"), area, buf);
            }
        }
        if let Some(at) = cursor {
            self.draw_vertical_line(at, theme.pick("│", "|"), area, buf);
        }
    }

    pub(super) fn draw_vertical_line(
        &self,
        at: Nanos,
        symbol: &'static str,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let bars = self.bar_area(area);
        let column = self.window.column(at).filter(|&column| column < bars.width);
        let Some(column) = column else { return };
        let x = bars.x + column;
        for y in area.top()..area.bottom() {
            let beside = [x.saturating_sub(1), x.saturating_add(1)];
            let in_text = beside.into_iter().any(|x| is_text_cell(buf.cell(Position::new(x, y))));
            if let Some(cell) = buf.cell_mut(Position::new(x, y))
                && !(in_text && cell.symbol() == " " && cell.bg == Color::Reset)
            {
                self.cross_cell(cell, symbol);
            }
        }
    }

    /// Draws a line through a cell: an empty cell gets the line on its own colour, any other is
    /// underlined.
    fn cross_cell(&self, cell: &mut Cell, symbol: &'static str) {
        let idle = self.theme.glyph(crate::model::State::Idle);
        let cut_out = cell.modifier.contains(Modifier::REVERSED);
        let is_empty = [" ", idle].contains(&cell.symbol()) || self.theme.is_gridline(cell);
        if cut_out || !is_empty {
            cell.modifier |= Modifier::UNDERLINED;
            return;
        }
        cell.modifier = Modifier::empty();
        let style = match cell.bg {
            Color::Reset => self.theme.strong(),
            color => self.theme.label_style(color),
        };
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Returns whether a cell is part of plain text, where a line would look like another letter.
fn is_text_cell(cell: Option<&Cell>) -> bool {
    cell.is_some_and(|cell| {
        cell.bg == Color::Reset && cell.symbol().contains(|c: char| c.is_alphanumeric() || c == '+')
    })
}
