//! The figures of a watched program for the screen. They come from all of its threads, so they are
//! computed a few times a second, not for each frame.

use std::cmp::Reverse;

use crate::analysis::ProgramSummary;
use crate::analysis::program::{GilSummary, ProgramTotals};
use crate::analysis::verdict::Conclusion;
use crate::model::{CodePlace, LaneId, Nanos, ProgramRecord, Run, State, TaskId};

/// The time for which figures stand while the program runs.
const PERIOD: Nanos = Nanos::from_millis(250);

/// The figures of a watched program at a moment.
#[derive(Clone, Debug)]
pub struct ProgramFigures {
    /// The totals.
    pub totals: ProgramTotals,
    /// The number of cores that it may use.
    pub cores: u16,
    /// The GIL, of several the one that threads waited for most.
    pub gil: Option<GilFigures>,
    /// The waits at the moment, those of most threads first. Empty once the run is over.
    pub waits: Vec<WaitCount>,
    /// The conclusion.
    pub conclusion: Conclusion,
}

/// The figures of a GIL.
#[derive(Clone, Debug)]
pub struct GilFigures {
    /// The process, if it is one of several with a GIL.
    pub pid: Option<u32>,
    /// The share of the time in which it was held, 0 to 1.
    pub held: f64,
    /// The mean number of threads that waited for it.
    pub waiters_mean: f64,
    /// The number of times per second that it changed hands.
    pub hand_overs_per_second: f64,
    /// The thread that kept it longest, the time, and its function. Not safe to print.
    pub longest_hold: Option<(TaskId, Nanos, Option<CodePlace>)>,
}

/// The threads that wait alike at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitCount {
    /// The state.
    pub state: State,
    /// The call of threads that wait in [`State::Waiting`]. Not safe to print.
    pub call: Option<String>,
    /// The number of threads.
    pub threads: usize,
}

/// The latest figures, and what they were computed from.
#[derive(Debug, Default)]
pub(super) struct ProgramFiguresCache {
    figures: Option<ProgramFigures>,
    computed: FigureSource,
    /// The time that the run showed at the latest frame.
    shown: Nanos,
}

/// The state of a run that figures were computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FigureSource {
    elapsed: Nanos,
    events: u64,
    is_over: bool,
}

impl ProgramFiguresCache {
    pub(super) const fn figures(&self) -> Option<&ProgramFigures> {
        self.figures.as_ref()
    }

    /// Brings the figures up to date with a run whose clock shows `now`. They may lag behind by
    /// [`PERIOD`] while time advances, and not at all once it stands still.
    pub(super) fn refresh(&mut self, run: Option<&Run>, now: Nanos) {
        let Some(run) = run.filter(|run| run.has_started()) else {
            self.figures = None;
            return;
        };
        let (elapsed, events) = (run.elapsed(now), run.timing().event_count());
        let source = FigureSource { elapsed, events, is_over: run.is_over() };
        let stands_still = elapsed == self.shown;
        self.shown = elapsed;
        let before = self.computed;
        let is_recent = elapsed >= before.elapsed && elapsed < before.elapsed + PERIOD;
        let is_fresh =
            before == source || (is_recent && !stands_still && before.is_over == source.is_over);
        if self.figures.is_none() || !is_fresh {
            self.figures = ProgramFigures::of_run(run, now);
            self.computed = source;
        }
    }
}

impl ProgramFigures {
    fn of_run(run: &Run, now: Nanos) -> Option<Self> {
        let summary = ProgramSummary::shown(run, now)?;
        let waits = run.program().filter(|_| !run.is_over());
        Some(Self {
            totals: summary.totals,
            cores: summary.program.cores,
            gil: GilFigures::of_program(&summary),
            waits: waits.map(|record| waits_at(run, record, summary.end)).unwrap_or_default(),
            conclusion: Conclusion::of_program(&summary, run.is_over()),
        })
    }
}

impl GilFigures {
    fn of_program(summary: &ProgramSummary<'_>) -> Option<Self> {
        let wanted = |gil: &GilSummary<'_>| gil.held + gil.waiters_mean;
        // The first one wins a tie.
        let most =
            summary.gils.iter().rev().max_by(|one, other| wanted(one).total_cmp(&wanted(other)));
        most.map(|gil| Self::of_gil(gil, summary.gils.len() == 1))
    }

    fn of_gil(gil: &GilSummary<'_>, is_alone: bool) -> Self {
        Self {
            pid: (!is_alone).then_some(gil.details.pid),
            held: gil.held,
            waiters_mean: gil.waiters_mean,
            hand_overs_per_second: gil.hand_overs_per_second,
            longest_hold: gil.longest_hold.map(|hold| (hold.task, hold.time, hold.place.cloned())),
        }
    }
}

/// Counts the threads that wait at a moment by what they wait for.
fn waits_at(run: &Run, record: &ProgramRecord, at: Nanos) -> Vec<WaitCount> {
    let mut waits: Vec<WaitCount> = Vec::new();
    for (id, lane) in (0..).map(LaneId).zip(run.lanes()) {
        let state = lane.state();
        if !lane.is_working() || !state.has_reason() {
            continue;
        }
        let reason = (state == State::Waiting).then(|| record.wait_reason(id, at)).flatten();
        let call = reason.map(|reason| &reason.call);
        match waits.iter_mut().find(|wait| wait.state == state && wait.call.as_ref() == call) {
            Some(wait) => wait.threads += 1,
            None => waits.push(WaitCount { state, call: call.cloned(), threads: 1 }),
        }
    }
    waits.sort_by_key(|wait| Reverse(wait.threads));
    waits
}
