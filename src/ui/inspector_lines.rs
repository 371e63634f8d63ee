//! The lines that the inspectors of attempts and of threads have in common.

use ratatui::text::{Line, Span as Piece};

use super::pane_content::field_lines;
use super::theme::Theme;
use super::timeline;
use crate::analysis::plural;
use crate::app::{App, SelectedLane};
use crate::model::{GilCell, Nanos, State, StateTimes, TaskKind};

/// Returns the time in each state, with a bar for its share of the whole.
pub(super) fn state_lines(sums: &StateTimes, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let whole = sums.total().max(1);
    let room = width.saturating_sub(30);
    let line = |(state, time): (State, u64)| {
        let bar = (time as f64 / whole as f64 * room as f64).round() as usize;
        let (glyph, style) = theme.state_cell(state);
        let millis = format!("{:>12.3} ms  ", Nanos(time).as_secs_f64() * 1e3);
        Line::from(vec![
            Piece::styled(format!("{:<13}", state.label()), theme.muted()),
            Piece::styled(millis, theme.text()),
            Piece::styled(glyph.repeat(bar), style),
        ])
    };
    sums.spent().map(line).collect()
}

/// Returns the state of the lane under the cursor, and a summary of the cell there.
pub(super) fn cursor_lines(
    app: &App,
    selected: &SelectedLane<'_>,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let Some(at) = app.picture().cursor() else { return Vec::new() };
    let SelectedLane { lane, until, .. } = *selected;
    if at > until {
        let place = if selected.run.is_over() { "after the run" } else { "not reached yet" };
        return field_lines(
            "cursor",
            &format!("{}, {place}", timeline::exact_time(at)),
            theme,
            width,
        );
    }
    let state = lane.state_at(at);
    let holder = selected.run.gil().filter(|_| state == State::LockWait);
    let holder = holder.and_then(|gil| gil.cells(at, Nanos(1), 1, until).next());
    let holder = match holder {
        Some(GilCell::Whole(Some(holder))) => {
            format!(", {} holds the GIL", selected.run.worker_name(holder.0))
        }
        _ => String::new(),
    };
    let state = format!("{}{holder}", state.label());
    let (from, to) = app.picture().viewport().window().cell_bounds(at);
    let cell = lane.summarize_range(from, to.min(until));
    let errors = match cell.errors {
        0 => "no error".to_owned(),
        errors => format!("{}, shown", plural::count(errors, "error")),
    };
    let what = match selected.run.plan().workload().kind() {
        TaskKind::Page => "request",
        TaskKind::Thread => "thread",
        TaskKind::Computation | TaskKind::Command => "task",
    };
    let changes = plural::count(cell.changes, "change");
    let cell = format!("{changes}, {}, {errors}", plural::count(cell.attempts, what));
    let mut lines =
        field_lines("cursor", &format!("{}, {state}", timeline::exact_time(at)), theme, width);
    lines.extend(field_lines("this cell", &cell, theme, width));
    lines
}
