//! The states of a lane as cells, written straight into the buffer, and the holders of a GIL in the
//! same way. Horizontal eighths are exact edges; vertical eighths are shares of a merged cell.

use std::iter::repeat_n;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

use super::layout::draw_symbol;
use super::text;
use super::theme::{self, Theme};
use crate::app::TimeWindow;
use crate::model::{GilCell, GilUsage, Lane, LaneCell, LaneId, Nanos, Run, Span, State};

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

/// The numbers of holders that fit into one cell. Lanes beyond these share [`SEVERAL`].
const DIGITS: [&str; 35] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
    "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
];

/// The glyph for several holders in an ASCII cell, or for a lane beyond [`DIGITS`].
const SEVERAL: &str = "+";

/// The number of eighths of a cell that a holder's number leaves free.
const LABEL_MARGIN_EIGHTHS: usize = 8;

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
            let (symbol, style) = lane_cell(cell, self.theme);
            draw_symbol(x, area.y, symbol, style, buf);
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
    two_colors(theme.color(front), theme.color(back))
        .map_or((" ", Style::new()), |style| (glyph, style))
}

/// Returns the style of a glyph in one colour on another, or `None` without colours.
fn two_colors(front: Option<Color>, back: Option<Color>) -> Option<Style> {
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

/// Returns the remaining time of a lane that is throttled at `until`, if known.
pub(super) fn time_left(run: &Run, lane: &Lane, until: Nanos) -> Option<Nanos> {
    if run.is_over() {
        return None;
    }
    let throttled =
        lane.state_times_between(Nanos(until.0.saturating_sub(1)), until)[State::Throttled];
    if throttled == 0 {
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

impl LaneBar {
    pub(super) fn draw_gil_holders(&self, gil: GilUsage<'_>, buf: &mut Buffer) {
        let Self { window, area, until, theme } = *self;
        let columns = usize::from(area.width.min(window.columns));
        let cells: Vec<GilCell> = gil.cells(window.from, window.cell, columns, until).collect();
        for (x, &cell) in (area.x..).zip(&cells) {
            let (symbol, style) = holder_cell(cell, theme);
            draw_symbol(x, area.y, symbol, style, buf);
        }
        if theme.has_holder_digits() {
            return;
        }
        let mut first = 0;
        for alike in cells.chunk_by(|one, next| one == next) {
            let next = first + alike.len();
            if let Some(GilCell::Whole(Some(lane))) = alike.first() {
                let before = first.checked_sub(1).and_then(|before| cells.get(before));
                let beside = holder_eighths(before, *lane) + holder_eighths(cells.get(next), *lane);
                self.draw_holder_number(*lane, first, alike.len(), beside, buf);
            }
            first = next;
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
            draw_symbol(x, self.area.y, digit.encode_utf8(&mut letter), style, buf);
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

/// Returns the figures of a run's GIL: as many as fit, the most telling first.
pub(super) fn gil_figures(run: &Run, until: Nanos, room: usize) -> String {
    let Some(gil) = run.gil().filter(|_| run.has_started()) else { return String::new() };
    let longest = gil.longest_hold(until);
    let longest = longest.map(|hold| (hold.length, run.worker_name(hold.lane.0)));
    let (length, whose) = longest.unwrap_or_default();
    let (held, rate, cost) =
        (gil.held_share(until) * 100.0, gil.switches_per_second(until), gil.wait_time(until));
    // The current number of waiters is meaningless after the run: use the mean.
    let [waiting, wait] = if run.is_over() {
        let mean = cost.0 as f64 / until.0.max(1) as f64;
        [format!("{mean:.1} waiting (mean)"), format!("{mean:.1} wait")]
    } else {
        [format!("{} waiting", gil.waiter_count()), format!("{} wait", gil.waiter_count())]
    };
    let long = [
        format!("held {held:.0} %"),
        waiting,
        format!("{rate:.0} switches/s"),
        format!("waits cost {cost}"),
        format!("longest hold {length}, {whose}"),
    ];
    let short = [
        format!("held {held:.0} %"),
        wait,
        format!("{rate:.0}/s"),
        format!("cost {cost}"),
        format!("longest {length}"),
    ];
    let fewer = (1..short.len()).rev().map(|count| short.iter().take(count));
    let [held, waiting, switches, cost, _] = &long;
    let [.., longest] = &short;
    let middle = [held, waiting, switches, cost, longest].map(String::as_str);
    let forms = [long.join("   "), middle.join("   "), short.join("  ")].into_iter();
    let forms = forms.chain(fewer.map(|some| some.cloned().collect::<Vec<_>>().join("  ")));
    text::first_fitting(forms.chain(repeat_n(String::new(), 1)), room)
}
