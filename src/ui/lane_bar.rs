//! The states of a lane as cells, written straight into the buffer, and the labels on them. Horizontal
//! eighths are exact edges; the height of a merged cell is the share of time that was not idle.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

use super::gil_turns::GilTurns;
use super::layout::draw_symbol;
use super::text;
use super::theme::Theme;
use crate::analysis::plural;
use crate::app::TimeWindow;
use crate::model::{Lane, LaneCell, Nanos, Run, Span, State, TaskId};

/// Left eighths of a cell, from one to seven.
pub(super) const LEFT_EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Lower eighths of a cell, from one to seven.
pub(super) const LOWER_EIGHTHS: [&str; 7] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"];

/// The number of cells that a label leaves free on its span.
const LABEL_MARGIN: usize = 1;

/// The minimum width of a task that is set apart from the one before.
const MIN_SEAMED_CELLS: usize = 2;

/// The minimum width of a truncated command.
const MIN_COMMAND_WIDTH: usize = 4;

/// The share of a merged cell, in eighths, from which on it is drawn as full.
pub(super) const FULL_EIGHTHS: u8 = 7;

/// The same for a state that is drawn as a pattern.
pub(super) const FULL_PATTERN_EIGHTHS: u8 = 4;

/// The row, the time window and the end of a lane to draw.
pub(super) struct LaneBar {
    pub(super) window: TimeWindow,
    /// The time until which the lane is drawn.
    pub(super) until: Nanos,
    pub(super) theme: Theme,
    /// The cells of the lane, on all of its rows.
    pub(super) area: Rect,
    /// The time within which the edges of states are known; zero if they are exact.
    pub(super) edge_period: Nanos,
}

/// A span with its place in the window.
struct PlacedSpan {
    span: Span,
    /// The column whose left edge is nearest to the start of the span in view.
    column: u16,
    /// The number of whole cells in view that the span is long.
    cells: usize,
}

/// Returns the row of a lane that bears its name and its labels.
pub(super) const fn text_row(area: Rect) -> Rect {
    // The last row of several is a gap.
    let above = area.height.saturating_sub(2) / 2;
    Rect { y: area.y + above, height: if area.height > 0 { 1 } else { 0 }, ..area }
}

impl LaneBar {
    /// Draws a lane's states, with a seam where one task follows another.
    pub(super) fn draw_states(&self, lane: &Lane, turns: GilTurns<'_>, buf: &mut Buffer) {
        let row = text_row(self.area);
        let mut columns = 0;
        for (x, cell) in (row.x..).zip(self.cells(lane)) {
            let (symbol, style) = lane_cell(turns.weave(columns, cell), self.theme);
            columns += 1;
            // The idle lane shows the gridline behind it.
            let behind = buf.cell(Position::new(x, row.y));
            let is_idle = cell == LaneCell::Whole(State::Idle);
            if !(is_idle && behind.is_some_and(|behind| self.theme.is_gridline(behind))) {
                draw_symbol(x, row.y, symbol, style, buf);
            }
        }
        for placed in self.placed_spans(lane).filter(|placed| placed.cells >= MIN_SEAMED_CELLS) {
            self.draw_seam(placed.column, buf);
        }
        self.fill_rows(columns, buf);
    }

    /// Returns the cells of a lane in the window.
    pub(super) fn cells(&self, lane: &Lane) -> impl Iterator<Item = LaneCell> {
        let TimeWindow { from, cell, columns } = self.window;
        let has_eighths = self.edge_period.0.saturating_mul(8) <= cell.0;
        let cells = lane.cells(from, cell, usize::from(self.area.width.min(columns)), self.until);
        cells.map(move |cell| match cell {
            LaneCell::Edge { .. } if !has_eighths => LaneCell::Whole(dominant_state(cell)),
            cell => cell,
        })
    }

    /// Draws the labels of tasks on spans that are wide enough. All spans as long as each other are
    /// treated alike, wherever they lie in their cells.
    pub(super) fn draw_labels(&self, run: &Run, lane: &Lane, buf: &mut Buffer) {
        let columns = usize::from(self.area.width.min(self.window.columns));
        let longest = text::width(&run.label(TaskId(run.progress().known_tasks().max(1))));
        for PlacedSpan { span, column, cells } in self.placed_spans(lane) {
            let first = usize::from(column) + LABEL_MARGIN;
            let text = self.span_label(run, &span, longest, cells.saturating_sub(LABEL_MARGIN));
            let text = text.filter(|text| first + text::width(text) <= columns);
            if let Some(text) = text {
                self.draw_text(first, &text, buf);
            }
        }
    }

    /// Returns the spans in view with their places.
    fn placed_spans<'lane>(&self, lane: &'lane Lane) -> impl Iterator<Item = PlacedSpan> + 'lane {
        let TimeWindow { from, cell, .. } = self.window;
        let columns = self.area.width.min(self.window.columns);
        let end = Nanos(from.0.saturating_add(cell.0.saturating_mul(columns.into())));
        let until = self.until;
        labelled_spans(lane, self.window, until.min(end)).map(move |span| {
            let (start, end) = (span.start.max(from), span.end.unwrap_or(until).min(until));
            let column = (start.since(from).0 + cell.0 / 2) / cell.0;
            let cells = usize::try_from(end.since(start).0 / cell.0).unwrap_or(usize::MAX);
            PlacedSpan { span, column: column as u16, cells }
        })
    }

    /// Returns the label of a span in this room: a number is drawn whole or not at all, and only if
    /// the longest of its run would fit; a command is truncated.
    fn span_label(&self, run: &Run, span: &Span, longest: usize, room: usize) -> Option<String> {
        let (name, again) = task_label(run, span);
        if run.plan().workload().is_command() {
            let name = text::to_drawable(name, self.theme);
            return (room >= MIN_COMMAND_WIDTH).then(|| text::truncate(name, self.theme, room));
        }
        let longest = longest.max(text::width(&name));
        let whole = room >= longest + text::width(&again);
        match again.is_empty() {
            true => whole.then_some(name),
            false if whole => Some(format!("{name}{again}")),
            false => (room >= text::width(&again)).then_some(again),
        }
    }

    /// Draws seams on a row of two lanes where both begin a task in the same column.
    pub(super) fn draw_common_seams(&self, [one, other]: [&Lane; 2], buf: &mut Buffer) {
        let columns = |lane| {
            let wide = |placed: &PlacedSpan| placed.cells >= MIN_SEAMED_CELLS;
            self.placed_spans(lane).filter(wide).map(|placed| placed.column)
        };
        let mut others = columns(other).peekable();
        for column in columns(one) {
            while others.next_if(|&other| other < column).is_some() {}
            if others.peek() == Some(&column) {
                self.draw_seam(column, buf);
            }
        }
    }

    /// Draws a thin line on the left of a column, if the cells on both sides look alike.
    fn draw_seam(&self, column: u16, buf: &mut Buffer) {
        let x = self.area.x.saturating_add(column);
        if column == 0 || column >= self.area.width {
            return;
        }
        let y = text_row(self.area).y;
        let before = buf.cell(Position::new(x - 1, y)).cloned();
        if let Some(cell) = buf.cell_mut(Position::new(x, y))
            && before.is_some_and(|before| before == *cell)
            && self.theme.is_filled(cell)
        {
            let (symbol, style) = self.theme.seam(cell.bg);
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Draws the remaining time of a lane that waits for a retry or a limit: on the end of its bar, or beside it if the bar
    /// is too short.
    pub(super) fn draw_time_left(&self, run: &Run, lane: &Lane, buf: &mut Buffer) {
        let Self { window, until, area, .. } = *self;
        let Some(left) = time_left(run, lane, until) else { return };
        let text = format!(" {} ", countdown_text(left));
        let columns = usize::from(area.width.min(window.columns));
        let edge = self.whole_cells(until);
        if until <= window.from || edge > columns {
            return;
        }
        let on = edge.checked_sub(text.len()).filter(|&first| {
            let from = Nanos(window.from.0 + window.cell.0 * first as u64);
            let mut cells = lane.cells(from, window.cell, text.len(), until);
            cells.all(|cell| matches!(cell, LaneCell::Whole(state) if state.is_held()))
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
    pub(super) fn draw_text(&self, first: usize, text: &str, buf: &mut Buffer) {
        let (mut letter, y) = ([0; 4], text_row(self.area).y);
        let mut x = self.area.x.saturating_add(first as u16);
        for c in text.chars() {
            // A wide character covers the next cell, too.
            let symbols = [c.encode_utf8(&mut letter), " "];
            for symbol in symbols.into_iter().take(c.width().unwrap_or(0)) {
                if let Some(cell) = buf.cell_mut(Position::new(x, y)) {
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
        LaneCell::Merged { main, eighths } => merged_cell(main, eighths, theme),
    }
}

/// Returns the state that fills most of a cell. A failure or a limit fills all of it.
pub(super) fn dominant_state(cell: LaneCell) -> State {
    match cell {
        LaneCell::Whole(state) => state,
        LaneCell::Edge { left, right, .. } if left.is_critical() || right.is_critical() => {
            left.max(right)
        }
        LaneCell::Edge { left, eighths: 4.., .. } => left,
        LaneCell::Edge { right, .. } => right,
        LaneCell::Merged { main, eighths } if eighths >= 4 || main.is_critical() => main,
        LaneCell::Merged { .. } => State::Idle,
    }
}

/// Returns a cell in the colour of its main state, as high as its share of time that was not idle.
fn merged_cell(main: State, eighths: u8, theme: Theme) -> (&'static str, Style) {
    let has_pattern = theme.has_patterns() || theme.is_sparse(main);
    match theme.color(main) {
        _ if main.is_critical() => theme.state_cell(main),
        _ if has_pattern && eighths < FULL_PATTERN_EIGHTHS => theme.state_cell(State::Idle),
        _ if has_pattern => theme.state_cell(main),
        Some(color) if eighths < FULL_EIGHTHS && !theme.has_patterns() => {
            (eighth_glyph(&LOWER_EIGHTHS, eighths), Style::new().fg(color))
        }
        _ => theme.state_cell(main),
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
    let patterned = |state| theme.is_sparse(state) || state == State::Error;
    let one_hue =
        [front, back].iter().all(|state| [State::Computing, State::Native].contains(state));
    if theme.has_patterns() || patterned(front) || patterned(back) || one_hue {
        let errors = front.max(back) == State::Error;
        return theme.state_cell(if errors { State::Error } else { only });
    }
    two_colors(theme.color(front), theme.color(back))
        .map_or((" ", Style::new()), |style| (glyph, style))
}

/// Returns the style of a glyph in one colour on another, or `None` without colours.
pub(super) fn two_colors(front: Option<Color>, back: Option<Color>) -> Option<Style> {
    match (front, back) {
        (Some(front), Some(back)) => Some(Style::new().fg(front).bg(back)),
        (Some(front), None) => Some(Style::new().fg(front)),
        // The colour of the terminal's background is unknown, so the other one is reversed.
        (None, Some(back)) => Some(Style::new().fg(back).add_modifier(Modifier::REVERSED)),
        (None, None) => None,
    }
}

/// Returns the glyph for one to seven eighths.
pub(super) fn eighth_glyph(glyphs: &[&'static str; 7], eighths: u8) -> &'static str {
    let index = usize::from(eighths.clamp(1, 7)) - 1;
    glyphs.get(index).copied().unwrap_or(" ")
}

/// Returns the remaining time of a lane that waits for a retry or a limit at `until`, if known.
pub(super) fn time_left(run: &Run, lane: &Lane, until: Nanos) -> Option<Nanos> {
    if run.is_over() {
        return None;
    }
    if !lane.state_at(Nanos(until.0.saturating_sub(1))).is_held() {
        return None;
    }
    let limit = run.limit_at(until).map(|limit| limit.until);
    let failed = lane.span_at(until).and_then(|span| {
        run.tasks().failed_attempts(span.task).get((span.attempt as usize).saturating_sub(1))
    });
    let end = limit.max(failed.map(|failed| failed.retry_at))?;
    (end > until).then(|| end.since(until))
}

/// Formats a countdown: `1.2 s`, `42 s`, or from two minutes on `4:10`.
pub(super) fn countdown_text(left: Nanos) -> String {
    let (tenths, seconds) = (left.0.div_ceil(100_000_000), left.0.div_ceil(1_000_000_000));
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match seconds {
        _ if tenths < 100 => format!("{}.{} s", tenths / 10, tenths % 10),
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{minutes}:{rest:02}"),
        _ => format!("{}:{:02}:{rest:02}", minutes / 60, minutes % 60),
    }
}

/// Returns the figures of a run's GIL: as many as fit, the most telling first.
pub(super) fn gil_figures(run: &Run, until: Nanos, room: usize) -> String {
    let Some(gil) = run.gil().filter(|_| run.has_started()) else { return String::new() };
    let held = (gil.held_share(until) * 100.0).round();
    let mut figures = vec![format!("GIL held {held} %")];
    // Without contention, the other figures would be noise.
    if held > 0.0 {
        // The current number of waiters is meaningless after the run: use the mean.
        figures.push(if run.is_over() {
            let mean = gil.wait_time(until).0 as f64 / until.0.max(1) as f64;
            format!("{mean:.1} threads waited for it (mean)")
        } else {
            format!("{} for it", plural::waits(gil.waiter_count(), "thread"))
        });
        figures.push(format!("{:.0} switches/s", gil.switches_per_second(until)));
        let longest = gil.longest_hold(until);
        figures.extend(
            longest.map(|hold| {
                format!("longest hold {}, {}", hold.length, run.worker_name(hold.lane.0))
            }),
        );
    }
    let forms = (0..=figures.len()).rev().filter_map(|count| figures.get(..count));
    text::first_fitting(forms.map(|some| some.join("   ")), room)
}
