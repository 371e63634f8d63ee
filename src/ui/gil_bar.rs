//! The holders of a GIL as cells, with their numbers.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Style};

use super::gil_turns::MAIN_EIGHTHS;
use super::lane_bar::{
    FULL_EIGHTHS, LEFT_EIGHTHS, LOWER_EIGHTHS, LaneBar, dominant_state, eighth_glyph, text_row,
    two_colors,
};
use super::layout::draw_symbol;
use super::theme::Theme;
use crate::model::{GilCell, InterpreterId, LaneId, Run, State};

/// The numbers of holders that fit into one cell. Lanes beyond these share [`SEVERAL`].
const DIGITS: [&str; 35] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
    "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
];

/// The glyph for several holders in an ASCII cell, or for a lane beyond [`DIGITS`].
const SEVERAL: &str = "+";

/// The number of eighths of a cell that a holder's number leaves free.
const LABEL_MARGIN_EIGHTHS: usize = 8;

impl LaneBar {
    /// Draws the holders of a GIL, and for that of an interpreter in which cells they have no core.
    pub(super) fn draw_gil(
        &self,
        run: &Run,
        interpreter: Option<InterpreterId>,
        cells: &[GilCell],
        buf: &mut Buffer,
    ) {
        self.draw_holders(cells, buf);
        if interpreter.is_some() {
            self.mark_holders_without_core(run, cells, buf);
        }
    }

    fn draw_holders(&self, cells: &[GilCell], buf: &mut Buffer) {
        let (row, theme) = (text_row(self.area), self.theme);
        for (x, &cell) in (row.x..).zip(cells) {
            let (symbol, style) = holder_cell(cell, theme);
            draw_symbol(x, row.y, symbol, style, buf);
        }
        self.fill_rows(cells.len(), buf);
        if theme.has_holder_digits() {
            return;
        }
        let mut first = 0;
        for alike in cells.chunk_by(|one, next| filled_by(*one) == filled_by(*next)) {
            let next = first + alike.len();
            if let Some(lane) = alike.first().copied().and_then(filled_by) {
                let before = first.checked_sub(1).and_then(|before| cells.get(before));
                let beside = holder_eighths(before, lane) + holder_eighths(cells.get(next), lane);
                self.draw_holder_number(lane, first, alike.len(), beside, buf);
            }
            first = next;
        }
    }

    /// Marks the cells in which the holder has no core: no thread can use the GIL there.
    fn mark_holders_without_core(&self, run: &Run, cells: &[GilCell], buf: &mut Buffer) {
        let mut states: BTreeMap<LaneId, Vec<State>> = BTreeMap::new();
        let row = text_row(self.area);
        for (column, cell) in cells.iter().enumerate() {
            let Some(holder) = filled_by(*cell) else { continue };
            let Some(lane) = run.lanes().get(usize::from(holder.0)) else { continue };
            let own = states
                .entry(holder)
                .or_insert_with(|| self.cells(lane).map(dominant_state).collect());
            if own.get(column) == Some(&State::NoCore)
                && let Some(cell) = buf.cell_mut(Position::new(row.x + column as u16, row.y))
            {
                let color = self.theme.holder_color(holder);
                cell.set_symbol(self.theme.glyph(State::NoCore));
                cell.set_style(
                    color.map_or(Style::new(), |color| Style::new().fg(color).bg(Color::Reset)),
                );
            }
        }
    }

    /// Draws the number of a lane on the cells in which it holds the GIL, if there is room: a number
    /// of whole cells, and of eighths in the cells beside them.
    fn draw_holder_number(
        &self,
        lane: LaneId,
        first: usize,
        whole: usize,
        beside: usize,
        buf: &mut Buffer,
    ) {
        let number = (u32::from(lane.0) + 1).to_string();
        if number.len() > whole || number.len() * 8 + LABEL_MARGIN_EIGHTHS > whole * 8 + beside {
            return;
        }
        let mut letter = [0; 4];
        for (x, digit) in (first..).zip(number.chars()) {
            let x = self.area.x.saturating_add(x as u16);
            let style = Style::new().fg(self.theme.text_on_holder(lane));
            draw_symbol(x, text_row(self.area).y, digit.encode_utf8(&mut letter), style, buf);
        }
    }
}

/// Returns the eighths of an edge cell that belong to a lane.
fn holder_eighths(cell: Option<&GilCell>, lane: LaneId) -> usize {
    match cell {
        Some(GilCell::Edge { left, eighths, .. }) if *left == Some(lane) => (*eighths).into(),
        Some(GilCell::Edge { right, eighths, .. }) if *right == Some(lane) => {
            usize::from(8 - *eighths)
        }
        _ => 0,
    }
}

/// Returns the glyph and style of a cell.
fn holder_cell(cell: GilCell, theme: Theme) -> (&'static str, Style) {
    match cell {
        GilCell::Whole(None) => theme.state_cell(State::Idle),
        GilCell::Whole(Some(lane)) => whole_holder_cell(lane, theme),
        GilCell::Edge { left, right, eighths } if theme.has_holder_digits() => {
            let (one, other) = if eighths >= 4 { (left, right) } else { (right, left) };
            // A current holder must not look as if it had released the GIL.
            one.or(other).map_or_else(
                || theme.state_cell(State::Idle),
                |lane| whole_holder_cell(lane, theme),
            )
        }
        GilCell::Edge { left, right, eighths } => {
            let glyph = eighth_glyph(&LEFT_EIGHTHS, eighths);
            let color = |lane: Option<LaneId>| theme.holder_color(lane?);
            two_colors(color(left), color(right))
                .map_or_else(|| theme.state_cell(State::Idle), |style| (glyph, style))
        }
        GilCell::Merged { lane: Some(lane), eighths } if is_full(eighths, theme) => {
            whole_holder_cell(lane, theme)
        }
        GilCell::Merged { lane, eighths } => {
            let color = lane.and_then(|lane| theme.holder_color(lane));
            let style = color.map_or(theme.shared_holder(), |color| Style::new().fg(color));
            match (eighths, lane) {
                _ if theme.is_ascii() => (lane.map_or(SEVERAL, holder_digit), style),
                (8.., _) => ("█", style),
                _ => (eighth_glyph(&LOWER_EIGHTHS, eighths), style),
            }
        }
    }
}

/// Returns whether a merged cell is drawn as if its main holder held the GIL for all of it.
fn is_full(eighths: u8, theme: Theme) -> bool {
    eighths >= if theme.has_holder_digits() { MAIN_EIGHTHS } else { FULL_EIGHTHS }
}

/// Returns the lane whose colour fills a cell.
const fn filled_by(cell: GilCell) -> Option<LaneId> {
    match cell {
        GilCell::Whole(lane) | GilCell::Merged { lane, eighths: FULL_EIGHTHS.. } => lane,
        GilCell::Edge { .. } | GilCell::Merged { .. } => None,
    }
}

/// Returns a cell that one lane holds from edge to edge.
fn whole_holder_cell(lane: LaneId, theme: Theme) -> (&'static str, Style) {
    match theme.holder_color(lane) {
        Some(color) if theme.has_holder_digits() => (holder_digit(lane), Style::new().fg(color)),
        Some(color) => (" ", Style::new().bg(color)),
        None => (holder_digit(lane), Style::new()),
    }
}

fn holder_digit(lane: LaneId) -> &'static str {
    DIGITS.get(usize::from(lane.0)).copied().unwrap_or(SEVERAL)
}
