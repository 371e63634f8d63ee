//! The row of a group of threads: what its lanes did in each cell, stacked from those on a CPU at the
//! bottom to those that rest, which have no colour.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::lane_bar::{FULL_PATTERN_EIGHTHS, LOWER_EIGHTHS, LaneBar, eighth_glyph, two_colors};
use super::layout::draw_symbol;
use crate::app::ThreadGroup;
use crate::model::{Nanos, State, StateTimes};

/// The states of a stack from its bottom to its top.
const STACK: [State; 9] = [
    State::Computing,
    State::Native,
    State::OnCpu,
    State::NoCore,
    State::LockWait,
    State::Waiting,
    State::Stopped,
    State::Unknown,
    State::Error,
];

/// The minimum share of a cell's time that is drawn, as a fraction: a sixteenth of a row.
const MIN_PART: u64 = 16;

impl LaneBar {
    /// Draws the stack of a group on all rows of the area but the last of several.
    pub(super) fn draw_stack(&self, group: &ThreadGroup, buf: &mut Buffer) {
        let columns = self.area.width.min(self.window.columns);
        for column in 0..columns {
            let start = self.window.from.0 + self.window.cell.0 * u64::from(column);
            let Some(times) = group.times_in_cell(Nanos(start)) else { continue };
            if times.total() == 0 {
                continue;
            }
            let x = self.area.x + column;
            if self.theme.can_stack() {
                self.draw_stack_cell(x, times, buf);
            } else {
                self.draw_plain_stack_cell(x, times, buf);
            }
        }
    }

    /// Draws the stack of one cell in colours.
    fn draw_stack_cell(&self, x: u16, times: &StateTimes, buf: &mut Buffer) {
        let height = self.area.height.saturating_sub(1).max(1);
        let bottom = self.area.y + height - 1;
        let levels = stack_levels(times, u64::from(height) * 8);
        if levels.iter().all(|&(state, height)| state.is_none() || height == 0) {
            let (symbol, style) = self.theme.state_cell(pattern_state(times));
            return draw_symbol(x, bottom, symbol, style, buf);
        }
        for row in 0..height {
            let parts = parts_from(&levels, u64::from(row) * 8);
            self.draw_parts(x, bottom - row, &parts, buf);
        }
    }

    /// Draws the stack of one cell where colours cannot tell all states apart: one state per row, as high as
    /// all that do not rest, or as a pattern.
    fn draw_plain_stack_cell(&self, x: u16, times: &StateTimes, buf: &mut Buffer) {
        let height = self.area.height.saturating_sub(1).max(1);
        let bottom = self.area.y + height - 1;
        let levels = stack_levels(times, u64::from(height) * 8);
        let is_empty = levels.iter().all(|&(state, height)| state.is_none() || height == 0);
        if is_empty || (height == 1 && self.theme.has_patterns()) {
            let (symbol, style) = self.theme.state_cell(pattern_state(times));
            return draw_symbol(x, bottom, symbol, style, buf);
        }
        for row in 0..height {
            let parts = parts_from(&levels, u64::from(row) * 8);
            let filled = parts.iter().filter_map(|&(state, height)| Some((state?, height)));
            let all: u64 = filled.clone().map(|(_, height)| height).sum();
            let Some((state, _)) = filled.max_by_key(|&(_, height)| height) else { break };
            let has_pattern = self.theme.has_patterns() || self.theme.is_sparse(state);
            let (symbol, style) = match self.theme.color(state) {
                Some(color) if all < 8 && !has_pattern => {
                    (eighth_glyph(&LOWER_EIGHTHS, all as u8), Style::new().fg(color))
                }
                _ if row > 0 && all < u64::from(FULL_PATTERN_EIGHTHS) => break,
                _ => self.theme.state_cell(state),
            };
            draw_symbol(x, bottom - row, symbol, style, buf);
        }
    }

    /// Draws up to two states in a cell, from its lower edge up.
    fn draw_parts(&self, x: u16, y: u16, parts: &[StackPart], buf: &mut Buffer) {
        let color = |state: Option<State>| state.and_then(|state| self.theme.color(state));
        let (symbol, style) = match *parts {
            [(lower, eighths), (upper, _)] => (
                eighth_glyph(&LOWER_EIGHTHS, eighths as u8),
                two_colors(color(lower), color(upper)),
            ),
            [(Some(state), _)] => {
                (" ", self.theme.color(state).map(|color| Style::new().bg(color)))
            }
            _ => return,
        };
        if let Some(style) = style {
            draw_symbol(x, y, symbol, style, buf);
        }
    }
}

/// A state in a stack, or `None` for what rests, and its height in eighths of a row.
type StackPart = (Option<State>, u64);

/// Returns the stack of a cell that is `all` eighths high. Any work is visible.
fn stack_levels(times: &StateTimes, all: u64) -> Vec<StackPart> {
    let (mut spent, mut level) = (0, 0);
    let mut levels: Vec<StackPart> = Vec::new();
    for state in STACK.into_iter().filter(|&state| times[state] > 0) {
        spent += times[state];
        let least = level + u64::from(state.has_work() && levels.is_empty() && is_visible(times));
        let top = round_share(spent, times.total(), all).max(least).min(all);
        levels.push((Some(state), top - level));
        level = top;
    }
    levels.push((None, all - level));
    levels
}

/// Returns whether the work in a cell is long enough to be drawn.
fn is_visible(times: &StateTimes) -> bool {
    let work = times.spent().filter(|(state, _)| state.has_work());
    work.map(|(_, time)| time).sum::<u64>() * MIN_PART >= times.total()
}

/// Returns the parts of a stack in the row that begins `floor` eighths above its foot: at most two. The
/// smallest of more gives way to the one below it.
fn parts_from(levels: &[StackPart], floor: u64) -> Vec<StackPart> {
    let (mut parts, mut from): (Vec<StackPart>, u64) = (Vec::new(), 0);
    for &(state, height) in levels {
        let to = from + height;
        let inside = to.min(floor + 8).saturating_sub(from.max(floor));
        if inside > 0 {
            parts.push((state, inside));
        }
        from = to;
    }
    while parts.len() > 2 {
        let least = (0..parts.len()).min_by_key(|&at| parts.get(at).map(|&(_, height)| height));
        let Some((_, height)) = least.map(|at| parts.remove(at)) else { break };
        let below = least.map_or(0, |at| at.saturating_sub(1));
        if let Some((_, more)) = parts.get_mut(below) {
            *more += height;
        }
    }
    parts
}

/// Returns `part` of `whole` as a share of `all`, rounded.
fn round_share(part: u64, whole: u64, all: u64) -> u64 {
    let whole = u128::from(whole.max(1));
    ((u128::from(part) * u128::from(all) + whole / 2) / whole) as u64
}

/// Returns the state that stands for a cell where states differ by pattern: the main one of those that
/// work, if they do so for a sixteenth of the time, or else the main one.
fn pattern_state(times: &StateTimes) -> State {
    let by_time = |&(_, time): &(State, u64)| time;
    let works = is_visible(times);
    let shown = times.spent().filter(|(state, _)| !works || state.has_work());
    shown.max_by_key(by_time).map_or(State::Idle, |(state, _)| state)
}
