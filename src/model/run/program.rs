//! The facts about a watched program beyond the states of its lanes: its threads with the
//! kernel's counters, the reasons of waits, functions, interpreters and their GILs, the exactness and
//! the cost of watching.

use std::collections::HashMap;
use std::hash::Hash;

use crate::model::event::{EventKind, ExitStatus};
use crate::model::gil::GilHolds;
use crate::model::identifiers::{LaneId, TaskId};
use crate::model::state::State;
use crate::model::time::Nanos;
use crate::model::watched_program::{
    Accuracy, CodePlace, CpuQuota, InterpreterId, PythonInterpreter, ThreadCounters,
    ThreadIdentity, WaitReason, WatchCost,
};

/// The index of no value.
const NO_VALUE: u32 = u32::MAX;

/// The maximum number of bytes of a program's output that are kept.
const MAX_OUTPUT: usize = 1 << 20;

/// The threads of a watched program, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct ProgramRecord {
    threads: Vec<ThreadRecord>,
    reasons: StampedValues<WaitReason>,
    places: StampedValues<CodePlace>,
    interpreters: Vec<InterpreterRecord>,
    accuracy: Vec<(Nanos, Accuracy)>,
    cost: WatchCost,
    quota: Option<CpuQuota>,
    output: ProgramOutput,
    exit: Option<ExitStatus>,
    live: usize,
    peak: usize,
}

/// One thread of a watched program. Its task is the thread's place in the order of birth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRecord {
    /// The thread's IDs and its latest name.
    pub identity: ThreadIdentity,
    /// The lane on which it is drawn.
    pub lane: LaneId,
    /// The time of its birth, or of the first look at it.
    pub born: Nanos,
    /// The time of its end, or `None` while it lives.
    pub ended: Option<Nanos>,
    /// The kernel's counters since `born`.
    pub counters: ThreadCounters,
    /// The time of the latest counters, or `None` before the first.
    pub counted: Option<Nanos>,
}

/// An interpreter, with the use of its GIL.
#[derive(Clone, Debug)]
pub struct InterpreterRecord {
    /// The properties of the interpreter that are known.
    pub details: PythonInterpreter,
    /// The time at which it was found.
    pub found: Nanos,
    /// The number of times that the GIL changed hands since then, by its own count.
    pub hand_overs: u64,
    pub(super) holds: GilHolds,
}

/// The beginning of a program's output, up to [`MAX_OUTPUT`] bytes.
#[derive(Clone, Debug, Default)]
struct ProgramOutput {
    text: String,
    omitted: u64,
}

/// Values that lanes have from a moment on, each distinct value stored once.
#[derive(Clone, Debug)]
struct StampedValues<T> {
    values: Vec<T>,
    indices: HashMap<T, u32>,
    stamps: Vec<Vec<(u64, u32)>>,
}

impl ProgramRecord {
    /// Records an event that concerns the program rather than the states of a lane. `task` is the
    /// task of the event's lane, if it has one.
    pub(super) fn record(
        &mut self,
        at: Nanos,
        lane: LaneId,
        task: Option<TaskId>,
        kind: &EventKind,
    ) {
        match kind {
            EventKind::ThreadIdentified(identity) => {
                if let Some(task) = task {
                    self.identify_thread(at, lane, task, identity);
                }
            }
            EventKind::ThreadCounted(counters) => {
                if let Some(thread) = task.and_then(|task| self.thread_mut(task)) {
                    thread.counters = *counters;
                    thread.counted = Some(at);
                }
            }
            EventKind::WaitExplained(reason) => self.reasons.record(at, lane, reason),
            EventKind::FunctionSeen(place) => self.places.record(at, lane, place),
            EventKind::InterpreterFound { interpreter, found } => {
                self.add_interpreter(at, *interpreter, found);
            }
            EventKind::GilTaken { interpreter } => {
                self.record_holder(at, *interpreter, lane, State::Computing);
            }
            EventKind::GilReleased { interpreter } => {
                self.record_holder(at, *interpreter, lane, State::Idle);
            }
            EventKind::GilCounted { interpreter, hand_overs } => {
                if let Some(found) = self.interpreters.get_mut(usize::from(interpreter.0)) {
                    found.hand_overs = *hand_overs;
                }
            }
            EventKind::AccuracyChanged(accuracy) => self.accuracy.push((at, accuracy.clone())),
            EventKind::CostMeasured(cost) => self.cost = *cost,
            EventKind::QuotaUsed(quota) => self.quota = Some(*quota),
            EventKind::ProgramOutput { text } => self.output.push(text),
            EventKind::ProgramExited { status } => self.exit = Some(*status),
            _ => {}
        }
    }

    /// Records the end of a thread, which no longer holds anything.
    pub(super) fn end_thread(&mut self, at: Nanos, task: TaskId) {
        let Some(thread) = self.thread_mut(task).filter(|thread| thread.ended.is_none()) else {
            return;
        };
        thread.ended = Some(at);
        let lane = thread.lane;
        self.live -= 1;
        for interpreter in &mut self.interpreters {
            interpreter.holds.record_state(at, lane, State::Idle, false);
        }
    }

    fn identify_thread(&mut self, at: Nanos, lane: LaneId, task: TaskId, new: &ThreadIdentity) {
        if let Some(thread) = self.thread_mut(task) {
            thread.identity.clone_from(new);
        } else if task.0 as usize == self.threads.len() + 1 {
            let counters = ThreadCounters::default();
            let identity = new.clone();
            let (born, ended, counted) = (at, None, None);
            self.threads.push(ThreadRecord { identity, lane, born, ended, counters, counted });
            // Another thread may have used the lane before.
            self.reasons.clear(at, lane);
            self.places.clear(at, lane);
            self.live += 1;
            self.peak = self.peak.max(self.live);
        }
    }

    /// Interpreters are numbered in the order of discovery; one out of order is ignored.
    fn add_interpreter(&mut self, at: Nanos, id: InterpreterId, details: &PythonInterpreter) {
        if usize::from(id.0) == self.interpreters.len() {
            self.interpreters.push(InterpreterRecord {
                details: details.clone(),
                found: at,
                hand_overs: 0,
                holds: GilHolds::default(),
            });
        }
    }

    fn record_holder(&mut self, at: Nanos, id: InterpreterId, lane: LaneId, state: State) {
        if let Some(interpreter) = self.interpreters.get_mut(usize::from(id.0)) {
            interpreter.holds.record_state(at, lane, state, false);
        }
    }

    fn thread_mut(&mut self, task: TaskId) -> Option<&mut ThreadRecord> {
        self.threads.get_mut((task.0 as usize).checked_sub(1)?)
    }

    /// The threads in the order of birth. The thread of task n has index n - 1.
    pub fn threads(&self) -> &[ThreadRecord] {
        &self.threads
    }

    /// Returns the thread of a task.
    pub fn thread(&self, task: TaskId) -> Option<&ThreadRecord> {
        self.threads.get((task.0 as usize).checked_sub(1)?)
    }

    /// The number of threads that live.
    pub const fn live_threads(&self) -> usize {
        self.live
    }

    /// The maximum number of threads that lived at the same time.
    pub const fn peak_threads(&self) -> usize {
        self.peak
    }

    /// Returns the latest reason that was read on the lane until `at`: that of its wait, if the lane is
    /// then in a state that has reasons ([`State::has_reason`]).
    pub fn wait_reason(&self, lane: LaneId, at: Nanos) -> Option<&WaitReason> {
        self.reasons.at(lane, at).map(|(_, reason)| reason)
    }

    /// Returns the latest reasons that were read on a lane during [a, b), in the order of time, each with
    /// its part of that time.
    pub fn reasons_between(
        &self,
        lane: LaneId,
        a: Nanos,
        b: Nanos,
    ) -> impl Iterator<Item = (Nanos, Nanos, &WaitReason)> {
        self.reasons.between(lane, a, b)
    }

    /// Returns the function that the lane's thread was last seen in before or at `at`, with the time
    /// since when.
    pub fn place(&self, lane: LaneId, at: Nanos) -> Option<(Nanos, &CodePlace)> {
        self.places.at(lane, at)
    }

    /// Returns the functions that a lane's threads were seen in, in the order of time, each with the
    /// time from which on.
    pub fn places(&self, lane: LaneId) -> impl Iterator<Item = (Nanos, &CodePlace)> {
        self.places.of_lane(lane)
    }

    /// Returns the functions that a lane's threads were last seen in during [a, b), in the order of time,
    /// each with its part of that time.
    pub fn places_between(
        &self,
        lane: LaneId,
        a: Nanos,
        b: Nanos,
    ) -> impl Iterator<Item = (Nanos, Nanos, &CodePlace)> {
        self.places.between(lane, a, b)
    }

    /// The interpreters in the order of discovery.
    pub fn interpreters(&self) -> &[InterpreterRecord] {
        &self.interpreters
    }

    /// The exactness of the latest events, or `None` before it is known.
    pub fn accuracy(&self) -> Option<&Accuracy> {
        self.accuracy.last().map(|(_, accuracy)| accuracy)
    }

    /// The exactness over time: each from a moment on.
    pub fn accuracies(&self) -> &[(Nanos, Accuracy)] {
        &self.accuracy
    }

    /// The cost of watching so far.
    pub const fn cost(&self) -> WatchCost {
        self.cost
    }

    /// The use of the program's CPU quota so far, or `None` if it has none or it cannot be read.
    pub const fn quota(&self) -> Option<CpuQuota> {
        self.quota
    }

    /// The beginning of the program's output, and the number of bytes that are not kept. Not safe to
    /// print.
    pub fn output(&self) -> (&str, u64) {
        (&self.output.text, self.output.omitted)
    }

    /// The exit status of the program's first process, once it has ended.
    pub const fn exit(&self) -> Option<ExitStatus> {
        self.exit
    }
}

impl ProgramOutput {
    fn push(&mut self, text: &str) {
        let space = text.len().min(MAX_OUTPUT - self.text.len());
        let end = (0..=space).rfind(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let (kept, omitted) = text.split_at(end);
        self.text.push_str(kept);
        self.omitted += omitted.len() as u64;
    }
}

impl<T> Default for StampedValues<T> {
    fn default() -> Self {
        Self { values: Vec::new(), indices: HashMap::new(), stamps: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> StampedValues<T> {
    /// Gives the lane a value from `at` on. The one that it has already is not stored again: most
    /// threads wait in the same place over and over.
    fn record(&mut self, at: Nanos, lane: LaneId, value: &T) {
        let index = self.indices.get(value).copied().unwrap_or_else(|| {
            let index = self.values.len() as u32;
            self.values.push(value.clone());
            self.indices.insert(value.clone(), index);
            index
        });
        let lane = usize::from(lane.0);
        if self.stamps.len() <= lane {
            self.stamps.resize(lane + 1, Vec::new());
        }
        if let Some(stamps) = self.stamps.get_mut(lane)
            && stamps.last().is_none_or(|last| last.1 != index)
        {
            let at = stamps.last().map_or(at.0, |last| at.0.max(last.0));
            stamps.push((at, index));
        }
    }

    /// Takes the lane's value away from `at` on.
    fn clear(&mut self, at: Nanos, lane: LaneId) {
        if let Some(stamps) = self.stamps.get_mut(usize::from(lane.0))
            && let Some(last) = stamps.last().map(|last| last.0)
        {
            stamps.push((at.0.max(last), NO_VALUE));
        }
    }

    /// Returns the lane's values in [a, b) in the order of time, each with its part of that time.
    fn between(
        &self,
        lane: LaneId,
        a: Nanos,
        b: Nanos,
    ) -> impl Iterator<Item = (Nanos, Nanos, &T)> {
        let stamps = self.stamps.get(usize::from(lane.0)).map_or(&[][..], Vec::as_slice);
        let first = stamps.partition_point(|stamp| stamp.0 <= a.0).saturating_sub(1);
        let stamps = stamps.get(first..).unwrap_or(&[]);
        let ends = stamps.iter().skip(1).map(|stamp| stamp.0).chain([u64::MAX]);
        stamps.iter().zip(ends).filter_map(move |(&(start, value), end)| {
            let (start, end) = (Nanos(start).max(a), Nanos(end).min(b));
            let value = self.values.get(value as usize)?;
            (start < end).then_some((start, end, value))
        })
    }

    /// Returns the lane's value at a moment, with the time from which on it has it.
    fn at(&self, lane: LaneId, at: Nanos) -> Option<(Nanos, &T)> {
        let stamps = self.stamps.get(usize::from(lane.0))?;
        let index = stamps.partition_point(|stamp| stamp.0 <= at.0).checked_sub(1)?;
        let (since, value) = stamps.get(index)?;
        Some((Nanos(*since), self.values.get(*value as usize)?))
    }

    fn of_lane(&self, lane: LaneId) -> impl Iterator<Item = (Nanos, &T)> {
        let stamps = self.stamps.get(usize::from(lane.0)).into_iter().flatten();
        stamps.filter_map(|(at, value)| Some((Nanos(*at), self.values.get(*value as usize)?)))
    }
}
