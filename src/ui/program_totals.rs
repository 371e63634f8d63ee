//! The totals of a watched program: cores, threads, its GIL, and the cost of watching it.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{HeightClass, ScreenLayout};
use super::theme::Theme;
use super::{text, totals};
use crate::analysis::plural;
use crate::app::App;
use crate::model::printable::printable;
use crate::model::{
    GilUsage, InterpreterId, LaneId, Nanos, ProgramRecord, Run, State, StateTimes, ThreadCounters,
};

/// The gap between two figures.
const GAP: &str = "   ";

/// The cost of a recorded switch to the watched program.
const SWITCH_COST: Nanos = Nanos(2_200);

/// The maximum number of calls that threads wait in now that are listed.
const MAX_CALLS: usize = 3;

/// The minimum and the maximum width of the bar of cores.
const BAR_WIDTHS: [u16; 2] = [8, 40];

/// The states of a thread that has a core, or wants one.
const CORE_STATES: [State; 4] = [State::Computing, State::Native, State::OnCpu, State::NoCore];

/// Returns the number of rows of the totals.
pub(super) fn row_count(app: &App, layout: ScreenLayout) -> u16 {
    let has_gil = app.runs().iter().any(|run| run.gil().is_some());
    match (layout.height, layout.boxed) {
        (_, true) => 3 + u16::from(has_gil),
        (HeightClass::Normal, false) => 2 + u16::from(has_gil),
        (HeightClass::Low, _) => 1 + u16::from(has_gil),
        (HeightClass::Tiny, _) => 1,
    }
}

/// Draws the rows, the most important first.
pub(super) fn draw_rows(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(run) = app.runs().first().filter(|run| run.has_started()) else { return };
    let Some(record) = run.program() else { return };
    let figures = ProgramFigures::of_run(run, record, app);
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        figures.draw_cores(theme, row, buf);
    }
    let width = usize::from(area.width);
    let gil = run.gil().map(|gil| figures.gil_parts(gil));
    let few = area.height <= 2 + u16::from(gil.is_some());
    let mut threads = figures.thread_parts();
    let cost = figures.cost_parts();
    if few {
        threads.extend(cost.iter().cloned());
    }
    let rest = gil.into_iter().chain([threads]).chain((!few).then_some(cost));
    for (parts, row) in rest.zip(rows) {
        let parts = parts.into_iter().map(|part| text::to_drawable(part, theme));
        let line = fitting_parts(parts, width);
        Line::styled(line, theme.text()).render(row, buf);
    }
}

/// Joins as many parts as fit, from the first on.
fn fitting_parts(parts: impl Iterator<Item = String>, room: usize) -> String {
    let mut line = String::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let gap = if line.is_empty() { "" } else { GAP };
        if text::width(&line) + gap.len() + text::width(&part) <= room {
            line = line + gap + &part;
        }
    }
    line
}

/// The figures of a watched program up to now.
struct ProgramFigures<'run> {
    run: &'run Run,
    record: &'run ProgramRecord,
    until: Nanos,
    counters: ThreadCounters,
    times: StateTimes,
}

impl<'run> ProgramFigures<'run> {
    fn of_run(run: &'run Run, record: &'run ProgramRecord, app: &App) -> Self {
        let until = run.elapsed(app.now());
        let mut counters = ThreadCounters::default();
        for thread in record.threads() {
            let ThreadCounters { on_cpu, no_core, switches, preempted } = thread.counters;
            counters.on_cpu = counters.on_cpu + on_cpu;
            counters.no_core = counters.no_core + no_core;
            counters.switches += switches;
            counters.preempted += preempted;
        }
        let times = run.state_times_between(Nanos::ZERO, until);
        Self { run, record, until, counters, times }
    }

    /// Returns a time as a multiple of the elapsed time.
    fn mean(&self, time: u64) -> f64 {
        time as f64 / self.until.0.max(1) as f64
    }

    /// The mean number of threads on a CPU: by the kernel's counters or, where these were not read
    /// again yet, by the states.
    fn cores(&self) -> f64 {
        let states = [State::OnCpu, State::Computing, State::Native];
        let by_states: u64 = states.iter().map(|&state| self.times[state]).sum();
        self.mean(by_states.max(self.counters.on_cpu.0))
    }

    /// The mean number of threads that wanted a core and had none.
    fn without_core(&self) -> f64 {
        self.mean(self.times[State::NoCore].max(self.counters.no_core.0))
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.until.as_secs_f64().max(1e-9)
    }

    /// Draws the cores that were used, and a bar of them.
    fn draw_cores(&self, theme: Theme, row: Rect, buf: &mut Buffer) {
        let cores = self.run.plan().work.program().map_or(1, |program| program.cores.max(1));
        let (used, wanted) = (self.cores(), self.without_core());
        let of = plural::noun(cores, "core");
        let first = format!("{used:.2} of {cores} {of}");
        let second = format!("{GAP}no core {wanted:.2}");
        let live = plural::count(self.record.live_threads(), "thread");
        let third = if self.run.is_over() {
            format!("{GAP}{}", plural::count(self.record.threads().len(), "thread"))
        } else {
            format!("{GAP}{live} now")
        };
        let room = usize::from(row.width);
        let forms = [format!("{first}{second}{third}"), format!("{first}{second}"), first];
        let text = text::first_fitting(forms, room);
        let width = text::width(&text) as u16;
        Span::styled(text, theme.strong()).render(row, buf);
        let x = row.x + width + 2;
        let [least, most] = BAR_WIDTHS;
        let bar = row.right().saturating_sub(x).min(most);
        if bar < least {
            return;
        }
        let scale = f64::from(cores).max(used + wanted);
        let eighths = |state: State| self.mean(self.times[state]) / scale * f64::from(bar) * 8.0;
        let segments: Vec<(State, u16)> =
            CORE_STATES.iter().map(|&state| (state, eighths(state).round() as u16)).collect();
        totals::draw_bar(&segments, theme, Rect { x, width: bar, ..row }, buf);
    }

    /// Returns the numbers of threads and of their switches, and what they wait for now.
    fn thread_parts(&self) -> Vec<String> {
        let (now, peak) = (self.record.live_threads(), self.record.peak_threads());
        let born = self.record.threads().len();
        let switches = self.per_second(self.counters.switches);
        let preempted = match self.counters.switches {
            0 => String::new(),
            all => {
                format!(", {:.0} % preempted", self.counters.preempted as f64 * 100.0 / all as f64)
            }
        };
        vec![
            format!("threads {now} now, {peak} at most, {born} in all"),
            format!("{switches:.0} switches/s{preempted}"),
            self.waits_text(),
        ]
    }

    /// Returns the calls in which most threads wait at the moment.
    fn waits_text(&self) -> String {
        if self.run.is_over() {
            return String::new();
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, lane) in self.run.lanes().iter().enumerate() {
            if lane.is_working() && lane.state().has_reason() {
                let reason = self.record.wait_reason(LaneId(index as u16), self.until);
                *counts.entry(reason.map_or("?", |reason| &reason.call)).or_default() += 1;
            }
        }
        let mut calls: Vec<_> = counts.into_iter().filter(|(call, _)| *call != "?").collect();
        calls.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let calls = calls.iter().take(MAX_CALLS);
        let calls: Vec<String> =
            calls.map(|(call, count)| format!("{} {count}", printable(call))).collect();
        if calls.is_empty() { String::new() } else { format!("in {}", calls.join(", ")) }
    }

    /// Returns the figures of the first GIL, the most telling first.
    fn gil_parts(&self, gil: GilUsage<'_>) -> Vec<String> {
        let held = gil.held_share(self.until) * 100.0;
        let interpreters = (0..).map(InterpreterId).zip(self.record.interpreters());
        let own = interpreters.filter(|(_, one)| one.details.switch_interval.is_some());
        let (_, interpreter) = match own.into_iter().next() {
            Some(found) => found,
            None => return Vec::new(),
        };
        let watched = self.until.since(interpreter.found).as_secs_f64().max(1e-9);
        let hand_overs = interpreter.hand_overs.max(gil.switch_count().into()) as f64 / watched;
        let longest = gil.longest_hold(self.until).map(|hold| {
            let place = self.record.place(hold.lane, hold.start + hold.length);
            let function = place.map(|(_, place)| format!(" in {}()", printable(&place.function)));
            let name = printable(&self.run.worker_name(hold.lane.0));
            format!("longest hold {}, {name}{}", hold.length, function.unwrap_or_default())
        });
        let mean = gil.mean_waiters(self.until);
        let mut parts = vec![
            format!("GIL held {held:.0} %"),
            format!("{mean:.1} waited for it"),
            format!("{hand_overs:.0} hand-overs/s"),
        ];
        parts.extend(longest);
        parts
    }

    /// Returns the cost of watching, here and in the program.
    fn cost_parts(&self) -> Vec<String> {
        let cost = self.record.cost();
        let (own, recorded) = (self.mean(cost.own.0) * 100.0, cost.recorded_switches);
        let inside = self.mean(recorded.saturating_mul(SWITCH_COST.0)) * 100.0;
        if cost.own == Nanos::ZERO && recorded == 0 {
            return Vec::new();
        }
        vec![
            format!("watching costs {own:.1} % of a core"),
            format!("and the program {inside:.1} %"),
        ]
    }
}
