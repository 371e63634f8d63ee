//! The row of the GIL: the holder in each cell, by colour and number; and its figures.

use std::iter::repeat_n;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Modifier, Style};

use super::lane_bar::{LEFT_EIGHTHS, LOWER_EIGHTHS, LaneBar, eighth_glyph};
use super::text;
use super::theme::Theme;
use crate::model::{GilCell, GilUsage, LaneId, Nanos, Run, State};

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
    /// Draws the holders of the GIL.
    pub(super) fn draw_gil_holders(&self, gil: GilUsage<'_>, buf: &mut Buffer) {
        let Self { window, area, until, theme } = *self;
        let columns = usize::from(area.width.min(window.columns));
        let cells: Vec<GilCell> = gil.cells(window.from, window.cell, columns, until).collect();
        for (x, &cell) in (area.x..).zip(&cells) {
            if let Some(target) = buf.cell_mut(Position::new(x, area.y)) {
                let (symbol, style) = holder_cell(cell, theme);
                target.set_symbol(symbol).set_style(style);
            }
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
            if let Some(cell) = buf.cell_mut(Position::new(x, self.area.y)) {
                cell.set_symbol(digit.encode_utf8(&mut letter))
                    .set_fg(self.theme.text_on_holder(lane));
            }
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
            match [left, right].map(|lane| lane.and_then(|lane| theme.holder_color(lane))) {
                [Some(left), Some(right)] => (glyph, Style::new().fg(left).bg(right)),
                [Some(left), None] => (glyph, Style::new().fg(left)),
                // The colour of the terminal's background is unknown, so the other is reversed.
                [None, Some(right)] => {
                    (glyph, Style::new().fg(right).add_modifier(Modifier::REVERSED))
                }
                [None, None] => theme.state_cell(State::Idle),
            }
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
