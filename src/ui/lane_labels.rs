//! The texts about runs and lanes: the names on their rows, and the summary of the selected lane on
//! one line, with its last failure, or the failure under the cursor, and its time in each state.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{WidthClass, draw_symbol};
use super::thread_labels::gil_label;
use super::timeline::{Timeline, hidden_lanes_text, margins};
use super::timeline_rows::LaneTitle;
use super::{lane_bar, text};
use crate::analysis::program::lane_times;
use crate::app::{Action, App, ProgramRow, SelectedLane};
use crate::model::printable::printable;
use crate::model::{
    self, InterpreterId, Lane, LaneId, Mode, ModeChoice, Nanos, Plan, Run, Selection, StateTimes,
};

/// Returns the name of a mode, a shorter and a short name, and one as short as a lane's.
pub(super) fn mode_names(selection: Selection) -> [String; 4] {
    let name = selection.to_string();
    let [shorter, short, shortest] = match selection.choice {
        ModeChoice::Only(Mode::Sequential) => [&name, "seq", "seq"],
        ModeChoice::Only(Mode::Threads) if selection.workload.is_command() => [&name, "par", "par"],
        ModeChoice::Only(Mode::Threads) => ["threads", "threads", "thr"],
        // The row of the GIL is called GIL.
        ModeChoice::Only(Mode::Gil) => [&name, "GIL", "GIL"],
        ModeChoice::Only(Mode::Processes) => [&name, "proc", "proc"],
        ModeChoice::Race | ModeChoice::Sweep => [name.as_str(); 3],
    }
    .map(str::to_owned);
    [name, shorter, short, shortest]
}

impl Timeline<'_> {
    /// Draws the name of a run, the number of its hidden lanes, and the figures of its GIL.
    pub(super) fn draw_run_name(&self, run: &Run, hidden: usize, area: Rect, buf: &mut Buffer) {
        let name = format!(" {}", self.app.run_name(run.plan()));
        let (left, _) = margins(self.layout);
        let from = left.max(text::width(&name) as u16 + 2).min(area.width);
        Span::styled(name, self.theme.strong()).render(area, buf);
        let mut rest = Rect { x: area.x + from, width: area.width - from, ..area };
        if hidden > 0 {
            let hidden = format!("{}   ", hidden_lanes_text(self.app, hidden).trim_start());
            let width = (text::width(&hidden) as u16).min(rest.width);
            Span::styled(hidden, self.theme.muted()).render(rest, buf);
            rest = Rect { x: rest.x + width, width: rest.width - width, ..rest };
        }
        let figures = lane_bar::gil_figures(run, run.elapsed(self.app.now()), rest.width.into());
        Span::styled(figures, self.theme.muted()).render(rest, buf);
    }

    /// Draws the name of a lane, with a mark if it is selected, and with its colour as holder of the
    /// GIL if there is one.
    pub(super) fn draw_lane_name(
        &self,
        run: &Run,
        index: u16,
        title: LaneTitle,
        chosen: bool,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let indent = match title {
            LaneTitle::Indented => 1,
            LaneTitle::Worker if self.layout.width != WidthClass::Tiny => 1,
            LaneTitle::Worker | LaneTitle::Mode { .. } => 0,
        };
        let style = if chosen { self.theme.strong() } else { self.theme.text() };
        let mark = if chosen { ">" } else { " " };
        let room = self.name_width().saturating_sub(1 + indent);
        let name = match title {
            LaneTitle::Mode { hidden } => mode_label(self.app, run.plan(), hidden, room),
            LaneTitle::Indented | LaneTitle::Worker if run.program().is_some() => {
                self.thread_label(run, index, room)
            }
            LaneTitle::Indented | LaneTitle::Worker => worker_label(run, index, room),
        };
        self.draw_name(&format!("{mark}{:indent$}{name}", ""), style, area, buf);
        if let (Some(_), 1, false) = (run.gil(), indent, self.theme.has_holder_digits())
            && let Some(color) = self.theme.holder_color(LaneId(index))
        {
            draw_symbol(area.x + 1, area.y, "▌", Style::new().fg(color), buf);
        }
    }

    /// Draws the name of the GIL's row, or that of its run if it has no other row for it.
    pub(super) fn draw_gil_name(
        &self,
        run: &Run,
        title: LaneTitle,
        interpreter: Option<InterpreterId>,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let name = match title {
            LaneTitle::Worker if interpreter.is_some() => gil_label(run, interpreter),
            LaneTitle::Mode { hidden } => {
                let room = self.name_width().saturating_sub(1);
                format!(" {}", mode_label(self.app, run.plan(), hidden, room))
            }
            LaneTitle::Indented => "  GIL".to_owned(),
            LaneTitle::Worker => " GIL".to_owned(),
        };
        self.draw_name(&name, self.theme.text(), area, buf);
    }

    /// Draws the names of two lanes on one row, or that of the chosen one.
    pub(super) fn draw_pair_name(
        &self,
        run: &Run,
        index: u16,
        title: LaneTitle,
        chosen: Option<u16>,
        area: Rect,
        buf: &mut Buffer,
    ) {
        if let Some(chosen) = chosen {
            let title = LaneTitle::Worker;
            return self.draw_lane_name(run, index + chosen, title, true, area, buf);
        }
        if let LaneTitle::Mode { .. } = title {
            return self.draw_lane_name(run, index, title, false, area, buf);
        }
        let room = self.name_width().saturating_sub(2);
        let [upper, lower] = [index, index + 1].map(|index| worker_label(run, index, 0));
        let short = format!("{upper} +1");
        let name = text::first_fitting([format!("{upper} {lower}"), short], room);
        self.draw_name(&format!("  {name}"), self.theme.text(), area, buf);
    }

    /// Draws the name of a row.
    pub(super) fn draw_name(&self, text: &str, style: Style, area: Rect, buf: &mut Buffer) {
        let area = Rect { width: (self.name_width() as u16).min(area.width), ..area };
        Line::styled(text.to_owned(), style).render(area, buf);
    }

    pub(super) fn name_width(&self) -> usize {
        let (left, _) = margins(self.layout);
        usize::from(left).saturating_sub(1)
    }
}

/// Returns the mode of a run in place of a lane's name, and the number of hidden lanes.
fn mode_label(app: &App, plan: &Plan, hidden: usize, room: usize) -> String {
    let more = if hidden > 0 { format!(" +{hidden}") } else { String::new() };
    let [name, shorter, _, shortest] = mode_names(plan.selection());
    let name = if app.names_gil() { name } else { shorter.clone() };
    text::first_fitting([name, shorter, shortest].map(|name| name + &more), room)
}

/// Returns the name of a worker, or a short one if not all names of the run fit.
pub(super) fn worker_label(run: &Run, index: u16, room: usize) -> String {
    let name = run.worker_name(index);
    let longest = run.lanes().last().map_or(0, |lane| lane.label().len());
    if longest.max(name.len()) <= room {
        return name;
    }
    match run.plan().mode {
        Mode::Sequential => name,
        // Part of a process's number would be another process's.
        _ => name.replace("worker", "w").replace("pid ", ""),
    }
}

impl Timeline<'_> {
    /// Returns the hint on selecting a lane.
    pub(super) fn selection_hint(&self) -> Line<'static> {
        let (next, previous) =
            (self.app.key_of(Action::NextLane), self.app.key_of(Action::PreviousLane));
        let noun = if self.layout.has_threads { "thread" } else { "lane" };
        Line::styled(format!(" {next}/{previous} select a {noun}"), self.theme.muted())
    }

    /// Returns the summary of the selected lane: its name, a failure, and as many states as fit, the
    /// longest first.
    pub(super) fn lane_summary(&self, width: u16) -> Option<Line<'static>> {
        let picture = self.app.picture();
        let selected = picture.selected_lane(self.app.session())?;
        let SelectedLane { run, until, lane, index } = selected;
        let width = usize::from(width);
        if let Some(ProgramRow::Group(group)) = picture.selected_row() {
            let group = picture.threads().group(group)?;
            let own = group.lanes.iter().filter_map(|lane| run.lanes().get(usize::from(lane.0)));
            let mut sums = StateTimes::default();
            own.for_each(|lane| sums.add_all(&shown_times(run, lane, until)));
            let name = format!(" {}", printable(&group.name));
            let name = Line::from(Span::styled(name, self.theme.strong()));
            return Some(self.with_times(name, &sums, width));
        }
        let name = format!(" {}", printable(&run.worker_name(index)));
        let mut summary = Line::from(Span::styled(name, self.theme.strong()));
        let room = width.saturating_sub(summary.width() + 2);
        let failed = match picture.cursor() {
            Some(at) => failed_span_at(&selected, at),
            None => self.failed_span_in_view(&selected),
        };
        let text = failed
            .and_then(|span| self.describe_failure(&selected, span, room))
            .or_else(|| self.shortage(&selected, room));
        if let Some(text) = text {
            summary.push_span(Span::styled(format!("  {text}"), self.theme.text()));
        }
        let sums = shown_times(run, lane, until);
        Some(self.with_times(summary, &sums, width))
    }

    /// Adds the longest times in a state to a summary, as many as fit.
    fn with_times(
        &self,
        mut summary: Line<'static>,
        sums: &StateTimes,
        width: usize,
    ) -> Line<'static> {
        let mut times: Vec<_> = sums.spent().collect();
        times.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        for (state, time) in times {
            let (glyph, style) = self.theme.state_cell(state);
            let share = time as f64 * 100.0 / sums.total().max(1) as f64;
            let text = format!(" {} {} ({share:.0} %)", state.label(), Nanos(time));
            if summary.width() + 3 + text.len() > width {
                break;
            }
            let text = Span::styled(text, self.theme.muted());
            summary.extend([Span::raw("  "), Span::styled(glyph, style), text]);
        }
        summary
    }

    /// Returns why the lane takes no tasks, if the system has too little for it.
    fn shortage(&self, selected: &SelectedLane<'_>, room: usize) -> Option<String> {
        let SelectedLane { run, index, .. } = selected;
        let is_missing = run.processes().missing_workers().contains(&LaneId(*index));
        let shortage = run.processes().shortage().filter(|_| is_missing)?;
        Some(text::fit_words(&shortage.message, "", self.theme, room, 1))
    }

    /// Returns the last span in view on the lane that ended with a failure.
    fn failed_span_in_view(&self, selected: &SelectedLane<'_>) -> Option<model::Span> {
        let SelectedLane { run, until, lane, .. } = *selected;
        let from = self.window.from;
        let end = until.min(self.window.end());
        let times = lane.state_times_between(from, end);
        let was_held = times.spent().any(|(state, _)| state.is_held());
        if !was_held && run.failed_task().is_none() && run.processes().requeue_count() == 0 {
            return None;
        }
        let mut next = end;
        for span in lane.spans().rev().skip_while(|span| span.start >= end) {
            if next <= from {
                return None;
            }
            let is_over = span.end.is_some_and(|over| over <= end);
            if is_over && run.attempt_failure(&span).is_some() {
                return Some(span);
            }
            next = span.start;
        }
        None
    }

    /// Describes the failure of a span, with the time until its retry.
    fn describe_failure(
        &self,
        selected: &SelectedLane<'_>,
        span: model::Span,
        room: usize,
    ) -> Option<String> {
        let SelectedLane { run, until, lane, .. } = *selected;
        let message = &run.attempt_failure(&span)?.message;
        let failed = if run.plan().workload().is_command() {
            // The message names the command already.
            message.clone()
        } else {
            let (task, again) = lane_bar::task_label(run, &span);
            format!("{task}{again} failed: {message}")
        };
        let left =
            lane_bar::time_left(run, lane, until).filter(|_| lane.span_at(until) == Some(span));
        let whole =
            left.map(|left| format!("{failed}; retry in {}", lane_bar::countdown_text(left)));
        let whole = whole.filter(|whole| text::width(whole) <= room);
        Some(whole.unwrap_or_else(|| text::fit_words(&failed, "", self.theme, room, 1)))
    }
}

/// Returns the time of a lane in each state: that of a watched program by the kernel's counters.
fn shown_times(run: &Run, lane: &Lane, until: Nanos) -> StateTimes {
    match run.program() {
        Some(record) => lane_times(record, lane, until),
        None => lane.state_times_between(Nanos::ZERO, until),
    }
}

/// Returns the span under the cursor, if it has ended with a failure.
fn failed_span_at(selected: &SelectedLane<'_>, cursor: Nanos) -> Option<model::Span> {
    let SelectedLane { run, until, lane, .. } = *selected;
    let span = lane.span_at(cursor.min(until))?;
    let is_over = span.end.is_some_and(|end| end <= until);
    (is_over && run.attempt_failure(&span).is_some()).then_some(span)
}
