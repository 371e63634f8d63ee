//! The GIL of one interpreter in figures.

use super::time_sums::grouped;
use super::{Detail, ProgramRecord, ThreadSummary};
use crate::model::{
    CodePlace, GilHold, GilUsage, InterpreterId, InterpreterRecord, LaneId, Nanos,
    PythonInterpreter, Run, TaskId,
};

/// The GIL of one interpreter in figures.
#[derive(Clone, Debug)]
pub struct GilSummary<'run> {
    /// The number of the interpreter.
    pub interpreter: InterpreterId,
    /// The interpreter's process, version and switch interval.
    pub details: &'run PythonInterpreter,
    /// The share of the time in which the GIL was held, 0 to 1.
    pub held: f64,
    /// The mean number of threads that waited for it.
    pub waiters_mean: f64,
    /// The number of times per second that it changed hands.
    pub hand_overs_per_second: f64,
    /// The longest time that one thread kept it.
    pub longest_hold: Option<LongestHold<'run>>,
    /// The threads that held it, with their shares of the time, the largest first.
    pub holders: Vec<(TaskId, f64)>,
}

/// The longest time that one thread kept a GIL.
#[derive(Clone, Copy, Debug)]
pub struct LongestHold<'run> {
    /// The thread.
    pub task: TaskId,
    /// The time.
    pub time: Nanos,
    /// The function that the thread was last seen in by the end of that time. Not safe to print.
    pub place: Option<&'run CodePlace>,
}

impl<'run> GilSummary<'run> {
    /// Summarizes the GILs of all interpreters that have one in [a, b).
    pub(super) fn of_interpreters(
        run: &'run Run,
        record: &'run ProgramRecord,
        threads: &[ThreadSummary<'run>],
        (a, b): (Nanos, Nanos),
        detail: Detail,
    ) -> Vec<Self> {
        let found = (0..).map(InterpreterId).zip(record.interpreters());
        let with_gil = found.filter(|(_, found)| found.details.switch_interval.is_some());
        let one = |(id, found): (InterpreterId, &'run InterpreterRecord)| {
            let usage = run.interpreter_gil(id)?;
            let part = GilPart { run, record, id, found, usage, from: a.max(found.found), to: b };
            Some(part.summary(threads, part.from.max(detail.from), detail.is_whole))
        };
        with_gil.filter_map(one).collect()
    }

    /// The share of the time in which a thread held the GIL, 0 to 1.
    pub fn share_of(&self, task: TaskId) -> f64 {
        self.holders.iter().find(|(holder, _)| *holder == task).map_or(0.0, |&(_, share)| share)
    }
}

/// A part of the life of an interpreter.
struct GilPart<'run> {
    run: &'run Run,
    record: &'run ProgramRecord,
    id: InterpreterId,
    found: &'run InterpreterRecord,
    usage: GilUsage<'run>,
    from: Nanos,
    to: Nanos,
}

impl<'run> GilPart<'run> {
    /// `from` is the start of the part whose single holds are searched.
    fn summary(
        &self,
        threads: &[ThreadSummary<'run>],
        from: Nanos,
        is_whole: bool,
    ) -> GilSummary<'run> {
        let seconds = self.to.since(self.from).as_secs_f64().max(1e-9);
        let holds = || self.usage.holds_between(from, self.to);
        let longest = if is_whole {
            self.usage.longest_hold(self.to)
        } else {
            holds().max_by_key(|hold| hold.length)
        };
        let counted = Some(self.found.hand_overs).filter(|&count| is_whole && count > 0);
        let hand_overs = counted.unwrap_or_else(|| {
            if is_whole {
                self.usage.switch_count().into()
            } else {
                hand_overs(holds().map(|hold| hold.lane))
            }
        });
        let waited: u64 = threads
            .iter()
            .filter(|thread| self.is_of(thread))
            .map(|thread| thread.gil_wait().0)
            .sum();
        GilSummary {
            interpreter: self.id,
            details: &self.found.details,
            held: self.usage.share_between(self.from, self.to).share,
            waiters_mean: Nanos(waited).as_secs_f64() / seconds,
            hand_overs_per_second: hand_overs as f64 / seconds,
            longest_hold: longest.and_then(|hold| self.longest_hold(hold)),
            holders: self.holders(from),
        }
    }

    /// Returns `true` if the thread waits for this GIL when it waits for one. Of several interpreters in
    /// one process, that is the first: the reason for a wait does not say which.
    fn is_of(&self, thread: &ThreadSummary<'run>) -> bool {
        let pid = self.found.details.pid;
        let earlier = self.record.interpreters().iter().take(usize::from(self.id.0));
        let has_earlier = earlier
            .into_iter()
            .any(|other| other.details.pid == pid && other.details.switch_interval.is_some());
        thread.identity.pid == pid && !has_earlier
    }

    fn holders(&self, from: Nanos) -> Vec<(TaskId, f64)> {
        let holds = self.usage.holds_between(from, self.to);
        let times = grouped(holds.filter_map(|hold| Some((self.task(&hold)?, hold.length))));
        let all = self.to.since(from).0.max(1) as f64;
        times.into_iter().map(|(task, time)| (task, time.0 as f64 / all)).collect()
    }

    fn longest_hold(&self, hold: GilHold) -> Option<LongestHold<'run>> {
        let end = hold.start + hold.length;
        let place = self.record.place(hold.lane, end).map(|(_, place)| place);
        Some(LongestHold { task: self.task(&hold)?, time: hold.length, place })
    }

    /// The thread that was on the lane during the hold.
    fn task(&self, hold: &GilHold) -> Option<TaskId> {
        let lane = self.run.lanes().get(usize::from(hold.lane.0))?;
        Some(lane.span_at(hold.start)?.task)
    }
}

/// Counts the changes of the holder.
fn hand_overs(holders: impl Iterator<Item = LaneId>) -> u64 {
    let mut last = None;
    let changes =
        holders.filter(|holder| last.replace(*holder).is_some_and(|last| last != *holder));
    changes.count() as u64
}
