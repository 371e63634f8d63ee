//! The inspector of a thread of a watched program: what it does at the cursor or now, what it waits for
//! and what the thread that it waits for does, and the kernel's counters.

use ratatui::text::Line;

use super::inspector_lines;
use super::layout::Heading;
use super::pane_content::{PaneContent, PaneSide, PaneSize, field_lines};
use super::text;
use super::theme::Theme;
use super::thread_labels::{reason_texts, thread_name};
use super::timeline::exact_time;
use crate::analysis::program::place_text;
use crate::app::{App, SelectedLane};
use crate::model::printable::printable;
use crate::model::{
    LaneId, Nanos, ProgramRecord, Run, State, TaskId, ThreadCounters, ThreadRecord,
};

/// The thread that is inspected, at a moment.
struct ThreadInspector<'run> {
    run: &'run Run,
    record: &'run ProgramRecord,
    selected: SelectedLane<'run>,
    at: Nanos,
    theme: Theme,
    room: PaneSize,
}

/// Returns the content of the inspector.
pub(super) fn content(
    app: &App,
    selected: &SelectedLane<'_>,
    record: &ProgramRecord,
    theme: Theme,
    room: PaneSize,
) -> PaneContent {
    let SelectedLane { run, until, lane, .. } = *selected;
    let newest = Nanos(until.0.saturating_sub(1));
    let at = app.picture().cursor().map_or(newest, |at| at.min(newest));
    let inspector = ThreadInspector { run, record, selected: *selected, at, theme, room };
    let Some(task) = lane.span_at(at).map(|span| span.task) else {
        let nothing = vec![Line::styled("No thread has run on this lane yet.", theme.text())];
        let heading = Heading { title: " thread ".to_owned(), ..Heading::default() };
        return PaneContent { heading, parts: vec![(PaneSide::Left, nothing)] };
    };
    let name = text::to_drawable(thread_name(run, task), theme);
    let number = format!(" thread {} of {} ", task.0, record.threads().len());
    let heading = Heading { title: format!(" {name} "), captions: number };
    let Some(thread) = record.thread(task) else {
        return PaneContent { heading, parts: Vec::new() };
    };
    let end = thread.ended.unwrap_or(until).min(until);
    let times = lane.state_times_between(thread.born, end);
    let cursor = inspector_lines::cursor_lines(app, selected, theme, room.wide);
    let parts = vec![
        (PaneSide::Left, inspector.moment_lines()),
        (PaneSide::Right, inspector_lines::state_lines(&times, theme, room.narrow)),
        (PaneSide::Left, inspector.life_lines(thread, end)),
        (PaneSide::Right, inspector.counter_lines(thread, end)),
        (PaneSide::Left, cursor),
    ];
    PaneContent { heading, parts }
}

impl ThreadInspector<'_> {
    fn field(&self, label: &str, text: &str) -> Vec<Line<'static>> {
        let text = text::to_drawable(text.to_owned(), self.theme);
        field_lines(label, &text, self.theme, self.room.wide)
    }

    /// Returns the state at the moment, since when, what for, and the function.
    fn moment_lines(&self) -> Vec<Line<'static>> {
        let SelectedLane { lane, until, index, .. } = self.selected;
        let interval = lane.interval_at(self.at, until);
        let took = interval.end.since(interval.start);
        let since =
            format!("{}, since {}, {took}", interval.state.label(), exact_time(interval.start));
        let mut lines = self.field("state", &since);
        let reason = self.record.wait_reason(LaneId(index), self.at);
        if let Some(reason) = reason.filter(|_| interval.state.has_reason()) {
            let whole = reason_texts(self.run, interval.state, reason);
            let call = printable(&reason.call);
            let words = match whole.first() {
                Some(words) if !words.starts_with(&call) => format!("{words} ({call})"),
                Some(words) => words.clone(),
                None => call,
            };
            lines.extend(self.field("waits for", &words));
            lines.extend(reason.holder.into_iter().flat_map(|holder| self.holder_lines(holder)));
        }
        if let Some((since, place)) = self.record.place(LaneId(index), self.at) {
            let text = format!("{}, seen since {}", place_text(place), exact_time(since));
            lines.extend(self.field("function", &text));
        }
        lines
    }

    /// Returns what the thread that is waited for does meanwhile.
    fn holder_lines(&self, holder: TaskId) -> Vec<Line<'static>> {
        let Some(thread) = self.record.thread(holder) else { return Vec::new() };
        let lane = self.run.lanes().get(usize::from(thread.lane.0));
        let state = lane.map_or(State::Unknown, |lane| lane.state_at(self.at));
        let reason = self.record.wait_reason(thread.lane, self.at).filter(|_| state.has_reason());
        let reason =
            reason.and_then(|reason| reason_texts(self.run, state, reason).into_iter().next());
        let reason = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
        let name = thread_name(self.run, holder);
        self.field("meanwhile", &format!("{name}: {}{reason}", state.label()))
    }

    /// Returns the IDs of the thread, its birth and its end.
    fn life_lines(&self, thread: &ThreadRecord, end: Nanos) -> Vec<Line<'static>> {
        let ids = format!("tid {}, pid {}", thread.identity.tid, thread.identity.pid);
        let life = end.since(thread.born);
        let until = match thread.ended.filter(|&ended| ended <= end) {
            Some(ended) => format!("ended {}", exact_time(ended)),
            None => "alive".to_owned(),
        };
        let mut lines = self.field("thread", &ids);
        let life = format!("born {}, {until}, {life}", exact_time(thread.born));
        lines.extend(self.field("life", &life));
        lines
    }

    /// Returns the kernel's counters over the life of the thread, up to the latest count: not the moment of
    /// the picture, which may be paused.
    fn counter_lines(&self, thread: &ThreadRecord, end: Nanos) -> Vec<Line<'static>> {
        let ThreadCounters { on_cpu, no_core, switches, preempted } = thread.counters;
        let counted = thread.counted.unwrap_or(end);
        let life = counted.since(thread.born).0.max(1) as f64;
        let share = |time: Nanos| format!("{time}, {:.1} %", time.0 as f64 * 100.0 / life);
        let switches = format!("{switches}, of which {preempted} preempted");
        let field =
            |label: &str, text: &str| field_lines(label, text, self.theme, self.room.narrow);
        let heading = if thread.ended.is_some() {
            "by the kernel's counters".to_owned()
        } else {
            format!("by the kernel's counters at {}", exact_time(counted))
        };
        let heading = vec![Line::styled(heading, self.theme.muted())];
        let lines = [field("on CPU", &share(on_cpu)), field("no core", &share(no_core))];
        let switches = field("switches", &switches);
        heading.into_iter().chain(lines.into_iter().flatten()).chain(switches).collect()
    }
}
