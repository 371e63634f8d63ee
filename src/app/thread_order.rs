//! The order of the threads of a watched program, and what it depends on.

use crate::model::{Lane, Nanos, ProgramRecord, Run};

/// The time after which the first order is corrected once: what a program starts with is rarely what works.
const SETTLING: Nanos = Nanos::from_millis(1_000);

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThreadOrder {
    /// By the time on a CPU, without a core or waiting for a lock, the longest first.
    #[default]
    Work,
    /// By name, and by the number in it.
    Name,
    /// By birth.
    Age,
}

impl ThreadOrder {
    /// The word for the order.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Name => "name",
            Self::Age => "age",
        }
    }

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Work => Self::Name,
            Self::Name => Self::Age,
            Self::Age => Self::Work,
        }
    }
}

/// The moment of a run for which rows were sorted: they are sorted anew after its beginning, at its end,
/// and for another interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SortedFor {
    is_over: bool,
    is_settled: bool,
    interpreters: usize,
}

impl SortedFor {
    pub(super) fn new(run: &Run, until: Nanos) -> Self {
        let (is_over, is_settled) = (run.is_over(), until >= SETTLING);
        Self { is_over, is_settled, interpreters: interpreter_count(run) }
    }
}

/// Returns the time in [a, b) that a lane was on a CPU, or wanted to be.
pub(super) fn work_between(lane: &Lane, a: Nanos, b: Nanos) -> u64 {
    let times = lane.state_times_between(a, b);
    times.spent().filter(|(state, _)| state.has_work()).map(|(_, time)| time).sum()
}

/// Returns the last number in a name.
pub(super) fn number_in(name: &str) -> u64 {
    let end = name.trim_end_matches(|c: char| !c.is_ascii_digit());
    let start = end.trim_end_matches(|c: char| c.is_ascii_digit());
    end.get(start.len()..).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Returns the number of interpreters that have a GIL.
fn interpreter_count(run: &Run) -> usize {
    interpreter_pids(run).count()
}

/// Returns the process of a lane's latest thread if that is one of several interpreters: its threads are
/// listed together. Returns 0 for all other lanes.
pub(super) fn process_of(run: &Run, lane: &Lane) -> u32 {
    let task = lane.spans().next_back().map(|span| span.task);
    let thread = task.and_then(|task| run.program()?.thread(task));
    let pid = thread.map_or(0, |thread| thread.identity.pid);
    let is_listed = interpreter_count(run) > 1 && interpreter_pids(run).any(|one| one == pid);
    if is_listed { pid } else { 0 }
}

fn interpreter_pids(run: &Run) -> impl Iterator<Item = u32> {
    let found = run.program().into_iter().flat_map(ProgramRecord::interpreters);
    let found = found.filter(|found| found.details.switch_interval.is_some());
    found.map(|found| found.details.pid)
}
