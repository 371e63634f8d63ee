//! The states of a lane as cells, written straight into the buffer. Horizontal eighths are exact
//! edges; vertical eighths are shares of a merged cell.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

use super::theme::{self, Theme};
use super::{rate_limits, text};
use crate::app::TimeWindow;
use crate::model::{Lane, LaneCell, Nanos, Run, Span, State};

/// Left eighths of a cell, from one to seven.
pub(super) const LEFT_EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Lower eighths of a cell, from one to seven.
pub(super) const LOWER_EIGHTHS: [&str; 7] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"];

/// The number of cells that a label leaves free on its span.
const LABEL_MARGIN: usize = 1;

/// The minimum width of a label, such as `p1` or `#2`.
const MIN_LABEL_WIDTH: usize = 2;

/// The minimum width of a truncated command.
const MIN_COMMAND_WIDTH: usize = 4;

/// The row, the time window and the end of a lane to draw.
pub(super) struct LaneBar {
    pub(super) window: TimeWindow,
    /// The time until which the lane is drawn.
    pub(super) until: Nanos,
    pub(super) theme: Theme,
    /// The cells of the lane: one row.
    pub(super) area: Rect,
}

impl LaneBar {
    /// Draws a lane's states.
    pub(super) fn draw_states(&self, lane: &Lane, buf: &mut Buffer) {
        let Self { window, area, .. } = *self;
        let columns = usize::from(area.width.min(window.columns));
        let cells = lane.cells(window.from, window.cell, columns, self.until);
        for (x, cell) in (area.x..).zip(cells) {
            if let Some(target) = buf.cell_mut(Position::new(x, area.y)) {
                let (symbol, style) = lane_cell(cell, self.theme);
                target.set_symbol(symbol).set_style(style);
            }
        }
    }

    /// Draws the labels of tasks on spans that are wide enough.
    pub(super) fn draw_labels(&self, run: &Run, lane: &Lane, buf: &mut Buffer) {
        let window = self.window;
        let columns = u64::from(self.area.width.min(window.columns));
        let end = Nanos(window.from.0.saturating_add(window.cell.0.saturating_mul(columns)));
        for span in labelled_spans(lane, window, self.until.min(end)) {
            self.draw_label(run, &span, buf);
        }
    }

    /// Draws the label of a task at the start of its span, on the colour already there. A command is
    /// truncated to fit; a number is drawn whole or not at all.
    fn draw_label(&self, run: &Run, span: &Span, buf: &mut Buffer) {
        let Self { window, until, area, theme } = *self;
        // A cell with an edge belongs to the previous span, too.
        let first = span.start.since(window.from).0.div_ceil(window.cell.0) as usize;
        let end = span.end.unwrap_or(until).min(until);
        let last = self.whole_cells(end).min(usize::from(area.width));
        let room = last.saturating_sub(first + LABEL_MARGIN);
        if room < MIN_LABEL_WIDTH {
            return;
        }
        let (name, again) = task_label(run, span);
        if run.plan().workload().is_command() && room >= MIN_COMMAND_WIDTH {
            let name = text::to_drawable(name, theme);
            return self.draw_text(first, &text::truncate(name, theme, room), buf);
        }
        let fits = |text: &&String| text::width(text) <= room;
        if let Some(text) = [&format!("{name}{again}"), &again].into_iter().find(fits) {
            self.draw_text(first, text, buf);
        }
    }

    /// Draws the remaining time of a throttled lane: on the end of its bar, or beside it if the bar
    /// is too short.
    pub(super) fn draw_time_left(&self, run: &Run, lane: &Lane, buf: &mut Buffer) {
        let Self { window, until, area, .. } = *self;
        let Some(left) = rate_limits::time_left(run, lane, until) else { return };
        let text = format!(" {} ", rate_limits::countdown_text(left));
        let columns = usize::from(area.width.min(window.columns));
        let edge = self.whole_cells(until);
        if until <= window.from || edge > columns {
            return;
        }
        let on = edge.checked_sub(text.len()).filter(|&first| {
            let from = Nanos(window.from.0 + window.cell.0 * first as u64);
            let mut cells = lane.cells(from, window.cell, text.len(), until);
            cells.all(|cell| cell == LaneCell::Whole(State::Throttled))
        });
        match on {
            Some(first) => self.draw_text(first, &text, buf),
            // The next cell may already be drawn in part.
            None if edge + 1 + text.len() <= columns => self.draw_text(edge + 1, &text, buf),
            None => {}
        }
    }

    /// Marks a lane whose worker the system could not start, after its last span.
    pub(super) fn draw_missing(&self, lane: &Lane, buf: &mut Buffer) {
        const TEXT: &str = " system limit";
        let Self { window, area, .. } = *self;
        let end =
            lane.spans().next_back().map_or(window.from, |span| span.end.unwrap_or(span.start));
        let first = self.whole_cells(end) + 1;
        let columns = usize::from(area.width.min(window.columns));
        if end >= window.from && first + TEXT.len() <= columns {
            self.draw_text(first, TEXT, buf);
        }
    }

    /// Returns the number of whole cells before `t`.
    const fn whole_cells(&self, t: Nanos) -> usize {
        (t.since(self.window.from).0 / self.window.cell.0) as usize
    }

    /// Draws text from a cell on, on the colours already there.
    fn draw_text(&self, first: usize, text: &str, buf: &mut Buffer) {
        let mut letter = [0; 4];
        let mut x = self.area.x.saturating_add(first as u16);
        for c in text.chars() {
            // A wide character covers the next cell, too.
            let symbols = [c.encode_utf8(&mut letter), " "];
            for symbol in symbols.into_iter().take(c.width().unwrap_or(0)) {
                if let Some(cell) = buf.cell_mut(Position::new(x, self.area.y)) {
                    cell.set_symbol(symbol);
                    let style = self.theme.label_style(cell.bg);
                    cell.modifier = Modifier::empty();
                    cell.set_style(style);
                }
                x = x.saturating_add(1);
            }
        }
    }
}

/// Returns the label of a task and, from the second attempt on, the label of the attempt: `p3`, `#2`.
pub(super) fn task_label(run: &Run, span: &Span) -> (String, String) {
    let again = if span.attempt > 1 { format!("#{}", span.attempt) } else { String::new() };
    (run.label(span.task), again)
}

/// Returns the spans in view, but at most one of those that start in the same cell.
fn labelled_spans(
    lane: &Lane,
    window: TimeWindow,
    until: Nanos,
) -> impl Iterator<Item = Span> + '_ {
    let reaches = |span: &Span| span.end.unwrap_or(until) > window.from;
    let mut next =
        lane.span_at(window.from).filter(reaches).or_else(|| lane.span_from(window.from));
    std::iter::from_fn(move || {
        let span = next.filter(|span| span.start < until)?;
        let cell_end = (span.start.0 / window.cell.0 + 1).saturating_mul(window.cell.0);
        let resume = span.end.map_or(until.0, |end| end.0).max(cell_end);
        next = lane.span_from(Nanos(resume)).filter(|later| later.start > span.start);
        Some(span)
    })
}

/// Returns the glyph and style of a cell.
fn lane_cell(cell: LaneCell, theme: Theme) -> (&'static str, Style) {
    match cell {
        LaneCell::Whole(state) => theme.state_cell(state),
        LaneCell::Notched(state) => {
            mixed_cell(eighth_glyph(&LOWER_EIGHTHS, 7), state, State::Idle, state, theme)
        }
        LaneCell::Edge { left, right, eighths } => {
            let glyph = eighth_glyph(&LEFT_EIGHTHS, eighths);
            let only = match (left, right) {
                // A task that is still running must not look idle.
                (State::Idle, busy) | (busy, State::Idle) => busy,
                _ if eighths >= 4 => left,
                _ => right,
            };
            mixed_cell(glyph, left, right, only, theme)
        }
        LaneCell::Merged { top, under, eighths } => {
            mixed_cell(eighth_glyph(&LOWER_EIGHTHS, eighths), top, under, top, theme)
        }
    }
}

/// Returns a cell with two states: `front` in the glyph, `back` around it. Patterns cannot be cut, so
/// only one state is drawn for them.
fn mixed_cell(
    glyph: &'static str,
    front: State,
    back: State,
    only: State,
    theme: Theme,
) -> (&'static str, Style) {
    let patterned = |state| theme::is_sparse(state) || state == State::Error;
    let one_hue =
        [front, back].iter().all(|state| [State::Computing, State::Native].contains(state));
    if theme.has_patterns() || patterned(front) || patterned(back) || one_hue {
        let errors = front.max(back) == State::Error;
        return theme.state_cell(if errors { State::Error } else { only });
    }
    match (theme.color(front), theme.color(back)) {
        (Some(front), Some(back)) => (glyph, Style::new().fg(front).bg(back)),
        (Some(front), None) => (glyph, Style::new().fg(front)),
        // The colour of the terminal's background is unknown, so the other one is reversed.
        (None, Some(back)) => (glyph, Style::new().fg(back).add_modifier(Modifier::REVERSED)),
        (None, None) => (" ", Style::new()),
    }
}

/// Returns the glyph for one to seven eighths.
pub(super) fn eighth_glyph(glyphs: &[&'static str; 7], eighths: u8) -> &'static str {
    let index = usize::from(eighths.clamp(1, 7)) - 1;
    glyphs.get(index).copied().unwrap_or(" ")
}
