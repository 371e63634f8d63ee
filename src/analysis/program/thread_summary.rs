//! One thread in figures, with the rule that makes its seconds add up.
//!
//! A record of a switch is written before the switch is done, so that each stretch on a CPU is up to 16 µs
//! short in the records, and the wait beside it as much too long. The kernel's counters are exact. So the
//! time on a CPU and without a core are the counters; the rest of the thread's life is divided among the
//! other states in proportion to their times in the records; and the sum is the life. In a part of the run,
//! the records' share of the counters stands for that part. Without counters, the records stand.

use super::function_share::{self, FunctionShare};
use super::time_sums::{grouped, scaled};
use super::wait_sum::{self, WaitSum};
use super::{Detail, ProgramRecord};
use crate::model::{
    Lane, LaneId, Nanos, Run, State, StateTimes, TaskId, ThreadIdentity, ThreadRecord,
};

/// The states of a thread in reports, in their order. Time on a CPU is [`State::OnCpu`], with or without a
/// GIL.
pub const THREAD_STATES: [State; 10] = [
    State::OnCpu,
    State::NoCore,
    State::Waiting,
    State::LockWait,
    State::Parked,
    State::Sleeping,
    State::Events,
    State::Blocked,
    State::Stopped,
    State::Unknown,
];

/// The minimum share of its life in which a thread ran, or wanted to, that is more than waiting.
const MIN_ACTIVE_SHARE: f64 = 0.01;

/// One thread in figures.
#[derive(Clone, Debug)]
pub struct ThreadSummary<'run> {
    /// The task: the thread's place in the order of birth.
    pub task: TaskId,
    /// The IDs and the latest name. Not safe to print.
    pub identity: &'run ThreadIdentity,
    /// The lane on which it is drawn.
    pub lane: LaneId,
    /// The time of its birth, or of the first look at it.
    pub born: Nanos,
    /// The time of its end, or `None` if it outlived the watching.
    pub ended: Option<Nanos>,
    /// The time at which it ended or was last seen.
    pub until: Nanos,
    /// The part of its life that the figures are about.
    pub life: Nanos,
    /// The time in each of [`THREAD_STATES`]; the sum is `life`.
    pub times: StateTimes,
    /// The part of [`State::OnCpu`] without the GIL, in a program that has one.
    pub native: Nanos,
    /// The number of times that it left a CPU.
    pub switches: u64,
    /// The number of those at which it was preempted.
    pub preempted: u64,
    /// The waits whose reasons were read, the longest first.
    pub waits: Vec<WaitSum<'run>>,
    /// The functions that it was seen in, the largest share first.
    pub functions: Vec<FunctionShare<'run>>,
}

/// A part of a thread's life, and its records and counters up to the latest count.
pub(super) struct ThreadPart<'run> {
    pub(super) lane: &'run Lane,
    pub(super) thread: &'run ThreadRecord,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

impl<'run> ThreadSummary<'run> {
    /// Summarizes the part of a thread's life in [a, b), or returns `None` if it did not live then.
    pub(super) fn of_thread(
        run: &'run Run,
        record: &'run ProgramRecord,
        (task, thread): (TaskId, &'run ThreadRecord),
        (a, b): (Nanos, Nanos),
        detail: Detail,
    ) -> Option<Self> {
        let lane = run.lanes().get(usize::from(thread.lane.0))?;
        let until = thread.ended.unwrap_or_else(|| run.elapsed(b)).max(thread.born);
        let (from, to) = (thread.born.max(a), until.min(b));
        let is_moment = thread.born == until && (a..=b).contains(&until);
        if from >= to && !is_moment {
            return None;
        }
        let part = ThreadPart { lane, thread, from, to };
        let times = part.times();
        let seen = (from.max(detail.from), to);
        let [switches, preempted] = part.switches();
        Some(Self {
            task,
            identity: &thread.identity,
            lane: thread.lane,
            born: thread.born,
            ended: thread.ended.filter(|_| !run.tasks().is_stopped(task)),
            until,
            life: to.since(from),
            native: part.native(&times),
            switches,
            preempted,
            waits: wait_sum::of_lane(record, (thread.lane, lane), seen, &times, detail.max_states),
            functions: function_share::of_lane(record, (thread.lane, lane), seen),
            times,
        })
    }

    /// The share of its life in a state, 0 to 1.
    pub fn share(&self, state: State) -> f64 {
        self.share_of(Nanos(self.times[state]))
    }

    /// The share of its life that a time is, 0 to 1.
    pub fn share_of(&self, time: Nanos) -> f64 {
        time.0 as f64 / self.life.0.max(1) as f64
    }

    /// The time in which it ran, wanted to run, or waited for a lock.
    pub fn active(&self) -> Nanos {
        let states = [State::OnCpu, State::NoCore, State::LockWait];
        Nanos(states.iter().map(|&state| self.times[state]).sum())
    }

    /// Returns `true` if it did more than wait.
    pub fn is_active(&self) -> bool {
        self.share_of(self.active()) >= MIN_ACTIVE_SHARE
    }

    /// The time of waiting for the GIL.
    pub fn gil_wait(&self) -> Nanos {
        let waits = self.lock_waits().filter(|wait| wait.reason.is_gil());
        Nanos(waits.map(|wait| wait.time.0).sum())
    }

    /// Returns the waits for locks, the longest first.
    pub fn lock_waits(&self) -> impl Iterator<Item = &WaitSum<'run>> {
        self.waits.iter().filter(|wait| wait.state == State::LockWait)
    }

    /// Returns the time in each call, the longest first. Not safe to print.
    pub fn calls(&self) -> Vec<(&'run str, Nanos)> {
        grouped(self.waits.iter().map(|wait| (wait.reason.call.as_str(), wait.time)))
    }

    /// Returns the threads that it waited for, with the time, the longest first.
    pub fn waited_for(&self) -> Vec<(TaskId, Nanos)> {
        let held = self.waits.iter().filter_map(|wait| Some((wait.reason.holder?, wait.time)));
        grouped(held)
    }
}

/// Returns the times in [`THREAD_STATES`]. What a thread cannot be in is not known.
fn thread_times(recorded: &StateTimes) -> StateTimes {
    let mut times = StateTimes::default();
    for (state, time) in recorded.spent() {
        let state = match state {
            State::Computing | State::Native => State::OnCpu,
            state if THREAD_STATES.contains(&state) => state,
            _ => State::Unknown,
        };
        times.add(state, time);
    }
    times
}

impl ThreadPart<'_> {
    fn life(&self) -> u64 {
        self.to.since(self.from).0
    }

    /// The time in each of [`THREAD_STATES`].
    pub(super) fn times(&self) -> StateTimes {
        let recorded = thread_times(&self.lane.state_times_between(self.from, self.to));
        let Some(counted) = self.thread.counted else { return recorded };
        let counters = self.thread.counters;
        let known = thread_times(&self.lane.state_times_between(self.thread.born, counted));
        let since = counted.since(self.thread.born).0;
        let counted = |state: State, counter: Nanos| match known[state] {
            // Too short for the records, which is to say: evenly.
            0 => scaled(counter.0, self.life(), since),
            known => scaled(counter.0, recorded[state], known),
        };
        let life = self.life();
        let on_cpu = counted(State::OnCpu, counters.on_cpu).min(life);
        let no_core = counted(State::NoCore, counters.no_core).min(life - on_cpu);
        let mut times = StateTimes::default();
        times.add(State::OnCpu, on_cpu);
        times.add(State::NoCore, no_core);
        divide(life - on_cpu - no_core, &recorded, &mut times);
        times
    }

    fn native(&self, times: &StateTimes) -> Nanos {
        let recorded = self.lane.state_times_between(self.from, self.to);
        let all = thread_times(&recorded)[State::OnCpu];
        Nanos(scaled(times[State::OnCpu], recorded[State::Native], all))
    }

    /// The number of switches, and of preemptions among them. In a part of a life, the records' changes
    /// there stand for them.
    fn switches(&self) -> [u64; 2] {
        let counters = self.thread.counters;
        let numbers = [counters.switches, counters.preempted];
        let counted = self.thread.counted.unwrap_or(self.to);
        if self.from <= self.thread.born && self.to >= counted {
            return numbers;
        }
        let changes = |a, b| self.lane.summarize_range(a, b).changes as u64;
        let all = changes(self.thread.born, counted);
        let here = changes(self.from, self.to).min(all);
        numbers.map(|number| scaled(number, here, all))
    }
}

/// Divides a time among the states of waiting, in proportion to the records. The rest of the rounding goes
/// to the longest; what no record explains is not known.
fn divide(rest: u64, recorded: &StateTimes, times: &mut StateTimes) {
    let waits = || recorded.spent().filter(|(state, _)| !is_counted(*state));
    let all = waits().map(|(_, time)| time).sum();
    let mut left = rest;
    for (state, time) in waits() {
        let part = scaled(rest, time, all);
        times.add(state, part);
        left -= part;
    }
    let longest = waits().max_by_key(|&(_, time)| time).map(|(state, _)| state);
    times.add(longest.unwrap_or(State::Unknown), left);
}

/// Returns `true` if the kernel counts the time in the state.
const fn is_counted(state: State) -> bool {
    matches!(state, State::OnCpu | State::NoCore)
}
