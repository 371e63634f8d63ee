//! The texts on the rows of a watched program: the names of threads and groups, what they wait for or
//! compute, and what they did beside them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::lane_bar::{FULL_EIGHTHS, FULL_PATTERN_EIGHTHS, LaneBar, text_row};
use super::layout::WidthClass;
use super::text;
use super::theme::Theme;
use super::thread_layout::interpreters_with_gil;
use super::timeline::Timeline;
use crate::analysis::program::{function_text, lane_times};
use crate::analysis::{TimeShare, plural};
use crate::app::{Action, ProgramRow};
use crate::model::printable::printable_up_to;
use crate::model::{
    InterpreterId, Lane, LaneCell, LaneId, Nanos, ProgramRecord, Run, State, TaskId, WaitReason,
};

/// The minimum share of a lane's life that it worked, in percent, to be shown although it waited longer.
const MIN_WORK_SHARE: u32 = 25;

/// The number of cells around a text on a lane.
const TEXT_MARGIN: usize = 2;

/// The minimum width of a text on a lane.
const MIN_TEXT_WIDTH: usize = 4;

/// The minimum width of a text on a lane that is cut: `held by ind…`.
const MIN_CUT_WIDTH: usize = 12;

/// The minimum width of a name beside the thread's ID.
const MIN_NAME_WIDTH: usize = 6;

/// The maximum length of a name of a thread or a function, in characters.
const MAX_NAME_CHARS: usize = 80;

/// The time over which the threads of a group on a CPU are counted.
const GROUP_PERIOD: Nanos = Nanos::from_millis(1_000);

/// Returns the label of the row of a GIL: with the version of CPython or, of several, the process.
pub(super) fn gil_label(run: &Run, interpreter: Option<InterpreterId>) -> String {
    let number = interpreter.map_or(0, |id| usize::from(id.0));
    let found = run.program().and_then(|record| record.interpreters().get(number));
    if let Some(found) = found.filter(|_| interpreters_with_gil(run).count() > 1) {
        return format!("  GIL {}", found.details.pid);
    }
    let version = found.map(|found| printable_up_to(&found.details.version, MAX_NAME_CHARS));
    format!("  GIL {}", version.unwrap_or_default())
}

/// Formats a mean number of threads: `0.9`, `2`, `12`.
fn mean_text(mean: f64) -> String {
    let text = if mean < 9.95 { format!("{mean:.1}") } else { format!("{mean:.0}") };
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// Returns the name of a thread.
pub(super) fn thread_name(run: &Run, task: TaskId) -> String {
    let thread = run.program().and_then(|record| record.thread(task));
    thread.map_or_else(
        || run.label(task),
        |thread| printable_up_to(&thread.identity.name, MAX_NAME_CHARS),
    )
}

/// Returns what a thread waits for, from the longest form to the shortest: `held by main`, `read pipe`,
/// `read`.
pub(super) fn reason_texts(run: &Run, state: State, reason: &WaitReason) -> Vec<String> {
    let call = printable_up_to(&reason.call, MAX_NAME_CHARS);
    let object = reason.object.as_ref().map(|object| printable_up_to(object, MAX_NAME_CHARS));
    let holder = reason.holder.map(|holder| thread_name(run, holder));
    let mut forms = Vec::new();
    match (state, &object, holder) {
        (State::LockWait, Some(object), Some(holder)) => {
            forms.extend([format!("{object} held by {holder}"), format!("held by {holder}")]);
        }
        (State::LockWait, None, Some(holder)) => forms.push(format!("held by {holder}")),
        (State::LockWait, Some(object), None) => forms.push(object.clone()),
        (_, Some(object), Some(holder)) => {
            forms.extend([format!("{call} {object} of {holder}"), format!("{call} {object}")]);
        }
        (_, Some(object), None) => forms.push(format!("{call} {object}")),
        (_, None, _) => {}
    }
    if state != State::LockWait || forms.is_empty() {
        forms.push(call);
    }
    forms
}

impl Timeline<'_> {
    /// Returns the name of the thread of a lane: with its number as holder of the GIL, if there is one,
    /// and with its ID if another thread has the same name.
    pub(super) fn thread_label(&self, run: &Run, index: u16, room: usize) -> String {
        let lane = run.lanes().get(usize::from(index));
        let task = lane.and_then(|lane| lane.spans().next_back()).map(|span| span.task);
        let thread = task.and_then(|task| run.program()?.thread(task));
        let name = printable_up_to(lane.map_or("", Lane::name), MAX_NAME_CHARS);
        let name = text::to_drawable(name, self.theme);
        let number = if run.gil().is_some() { format!("{} ", index + 1) } else { String::new() };
        let is_ambiguous = self.app.picture().threads().is_ambiguous(LaneId(index));
        let tid = thread.filter(|_| is_ambiguous).map(|thread| thread.identity.tid.to_string());
        // Numbered names differ at their end.
        let is_numbered = name.ends_with(|c: char| c.is_ascii_digit());
        let cut = if is_numbered { text::truncate_middle } else { text::truncate };
        let whole = format!("{number}{name}");
        match tid {
            None => cut(whole, self.theme, room),
            // IDs differ at their end.
            Some(tid) => {
                let rest = room.saturating_sub(tid.len() + 1);
                if rest < MIN_NAME_WIDTH {
                    return text::truncate(whole, self.theme, room);
                }
                format!("{} {tid}", text::truncate(whole, self.theme, rest))
            }
        }
    }

    /// Returns what the thread of a lane did for most of its life, work before waiting, or `None` for
    /// a lane of another run.
    pub(super) fn thread_share(run: &Run, lane: &Lane, until: Nanos) -> Option<TimeShare> {
        let record = run.program()?;
        let born = lane.opened()?;
        let end = lane.closed().unwrap_or(until).min(until);
        let times = lane_times(record, lane, until);
        let whole = end.since(born).0.max(1) as f64;
        let longest = |works: bool| {
            let spent = times.spent().filter(|&(state, _)| state != State::Idle);
            let (state, time) = spent
                .filter(|(state, _)| state.has_work() || !works)
                .max_by_key(|&(_, time)| time)?;
            Some(TimeShare { state, percent: (time as f64 * 100.0 / whole).round() as u32 })
        };
        longest(true).filter(|share| share.percent >= MIN_WORK_SHARE).or_else(|| longest(false))
    }

    /// Draws the row of a group of threads: the states of its lanes on top of each other.
    pub(super) fn draw_group(
        &self,
        run: &Run,
        until: Nanos,
        index: usize,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let picture = self.app.picture();
        let threads = picture.threads();
        let Some(group) = threads.group(index) else { return };
        let text_area = text_row(area);
        let chosen = picture.selected_row() == Some(ProgramRow::Group(index));
        let mark = if chosen { ">" } else { " " };
        let fold = if threads.is_open(group) {
            self.theme.pick("▾", "v")
        } else {
            self.theme.pick("▸", "+")
        };
        let (count, room) = (group.lanes.len(), self.name_width().saturating_sub(3));
        let name = printable_up_to(&group.name, MAX_NAME_CHARS);
        let name = text::to_drawable(name, self.theme);
        // Beside the row is their number, too. Without figures there, it yields to a whole name.
        let times = match self.layout.width {
            WidthClass::Tiny => format!(" {}{count}", self.theme.pick("×", "x")),
            _ => String::new(),
        };
        let is_short =
            text::width(&name) <= room && text::width(&name) + text::width(&times) > room;
        let times = if is_short { String::new() } else { times };
        let name = text::truncate(name, self.theme, room.saturating_sub(text::width(&times)));
        let style = if chosen { self.theme.strong() } else { self.theme.text() };
        self.draw_name(&format!("{mark}{fold} {name}{times}"), style, text_area, buf);
        self.lane_bar(until, self.bar_area(area)).draw_stack(group, buf);
        self.draw_group_figures(run, until, &group.lanes, text_area, buf);
    }

    /// Draws the mean number of threads of a group on a CPU: of the latest second or, once the run is over,
    /// of all of it. A count of the moment would be too low: at that moment, threadline has a core.
    fn draw_group_figures(
        &self,
        run: &Run,
        until: Nanos,
        lanes: &[LaneId],
        area: Rect,
        buf: &mut Buffer,
    ) {
        let own = || lanes.iter().filter_map(|lane| run.lanes().get(usize::from(lane.0)));
        let all = lanes.len();
        let from = if run.is_over() { Nanos::ZERO } else { until.since(GROUP_PERIOD) };
        let record = run.program();
        let on_cpu = own().map(|lane| {
            let times = match record.filter(|_| run.is_over()) {
                Some(record) => lane_times(record, lane, until),
                None => lane.state_times_between(from, until),
            };
            let running = [State::OnCpu, State::Computing, State::Native];
            running.map(|state| times[state]).iter().sum::<u64>()
        });
        let mean = on_cpu.sum::<u64>() as f64 / until.since(from).0.max(1) as f64;
        let count = mean_text(mean);
        let forms = [
            format!("{count} of {all} on CPU"),
            format!("{count}/{all} on CPU"),
            format!("{count}/{all}"),
        ];
        let room = area.right().saturating_sub(self.bar_area(area).right());
        self.draw_shares(&text::first_fitting(forms, room.min(16).into()), "", area, buf);
    }

    /// Returns the text for the threads without a row.
    pub(super) fn hidden_threads_text(&self, worked: usize, waited: usize, room: usize) -> String {
        let keys = |action| self.app.key_of(action);
        let move_keys = format!("{}/{}", keys(Action::NextLane), keys(Action::PreviousLane));
        let hint = if self.app.picture().threads().hides_waiting() && worked == 0 {
            format!("  {} shows them", keys(Action::HideWaiting))
        } else {
            format!("  {move_keys}")
        };
        let forms = match (worked, waited) {
            (0, waited) => {
                [format!(" + {waited} that only waited{hint}"), format!(" + {waited} waiting")]
            }
            (worked, 0) => {
                let lanes = plural::count(worked, "thread");
                [format!(" + {lanes}{hint}"), format!(" + {lanes}")]
            }
            (worked, waited) => [
                format!(" + {worked} that worked, {waited} that only waited{hint}"),
                format!(" + {worked} that worked, {waited} waiting"),
            ],
        };
        text::first_fitting(forms, room)
    }
}

impl LaneBar {
    /// Draws the texts on a lane: of a thread, with its uncertain edges, or the labels of tasks.
    pub(super) fn draw_details(&self, run: &Run, lane: &Lane, id: LaneId, buf: &mut Buffer) {
        match run.program() {
            Some(record) => {
                self.hatch_edges(lane, buf);
                self.draw_reasons(run, record, lane, id, buf);
            }
            None => self.draw_labels(run, lane, buf),
        }
    }

    /// Draws what a thread waits for, or the function that it is in, on stretches of one state that are
    /// wide enough.
    fn draw_reasons(
        &self,
        run: &Run,
        record: &ProgramRecord,
        lane: &Lane,
        id: LaneId,
        buf: &mut Buffer,
    ) {
        let states: Vec<Option<State>> =
            self.cells(lane).map(|cell| looks_like(cell, self.theme)).collect();
        let mut first = 0;
        for alike in states.chunk_by(|one, next| one == next) {
            let room = alike.len().saturating_sub(TEXT_MARGIN);
            if let (Some(&Some(state)), MIN_TEXT_WIDTH..) = (alike.first(), room) {
                let moments = [0, alike.len() / 2, alike.len() - 1].map(|column| {
                    let cell = self.window.cell.0;
                    let start = self.window.from.0 + cell.saturating_mul((first + column) as u64);
                    Nanos(start + cell / 2).min(Nanos(self.until.0.saturating_sub(1)))
                });
                let text = text_on_state(run, record, id, state, moments, room);
                let text = text.map(|text| text::to_drawable(text, self.theme));
                if let Some(text) = text.filter(|text| may_cut(text, room)) {
                    let text = text::truncate(text, self.theme, room);
                    self.draw_text_on(state, first + 1, &text, buf);
                }
            }
            first += alike.len();
        }
    }

    /// Draws a text on cells of a state. A pattern leaves a gap around it.
    fn draw_text_on(&self, state: State, first: usize, text: &str, buf: &mut Buffer) {
        if self.theme.has_patterns() || self.theme.is_sparse(state) {
            self.draw_text(first, &format!(" {text} "), buf);
        } else {
            self.draw_text(first, text, buf);
        }
    }
}

/// Returns the state that a cell shows from edge to edge, or `None` if it shows more than that.
fn looks_like(cell: LaneCell, theme: Theme) -> Option<State> {
    match cell {
        LaneCell::Whole(state) => Some(state),
        LaneCell::Merged { main, eighths } => {
            let has_pattern = theme.has_patterns() || theme.is_sparse(main);
            let full = if has_pattern { FULL_PATTERN_EIGHTHS } else { FULL_EIGHTHS };
            (eighths >= full).then_some(main)
        }
        LaneCell::Edge { .. } => None,
    }
}

/// Returns `true` if a text says enough in this room, even if it is cut.
fn may_cut(text: &str, room: usize) -> bool {
    text::width(text) <= room || room >= MIN_CUT_WIDTH
}

/// Returns the text on a stretch of a state, given its first, a middle and its last moment: what the thread
/// waits for all the time, or the function in the middle.
fn text_on_state(
    run: &Run,
    record: &ProgramRecord,
    lane: LaneId,
    state: State,
    moments: [Nanos; 3],
    room: usize,
) -> Option<String> {
    let [first, middle, last] = moments;
    if state.has_reason() {
        let reason = record.wait_reason(lane, middle)?;
        let is_same = |at| record.wait_reason(lane, at) == Some(reason);
        let forms = reason_texts(run, state, reason);
        return (is_same(first) && is_same(last)).then(|| text::first_fitting(forms, room));
    }
    match state {
        State::OnCpu | State::Computing | State::Native => {
            let (_, place) = record.place(lane, middle)?;
            Some(function_text(&place.function))
        }
        _ => None,
    }
}
