//! What the pool's workers do: `Job` makes a `Worker` on each thread, which reports on its lane.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::Sender;

use super::cancel::Cancel;
use super::clock::Clock;
use super::exchange::Listener;
use super::gate::Permit;
use super::gil::thread::ThreadState;
use super::room::Room;
use crate::model::{Event, Failure, Kind, LaneId, Nanos, Outcome, State, TaskId};

/// A kind of work, shared by the threads of a run.
pub trait Job: Send + Sync {
    /// Sets up what one thread needs, on that thread.
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure>;

    /// Which lanes may have a task, where not all of them may.
    fn room(&self) -> Option<&Arc<Room>> {
        None
    }

    /// The run was stopped, and is not waited for any longer: ends what would outlive the program.
    fn abandon(&self) {}
}

/// One thread's means to do tasks.
pub trait Worker {
    /// Waits until the lane's task may start, or until the run is cancelled, and returns the permit
    /// for it. The permit belongs to the task: whatever becomes of that, it is given back with it.
    /// `None` if the run is cancelled, or if this kind of work needs no permit. Fails, and the task
    /// with it, if the wait would be too long.
    fn acquire(&mut self, cancel: &Cancel) -> Result<Option<Permit>, Failure> {
        _ = cancel;
        Ok(None)
    }

    /// No task is at hand: gives back what others may need meanwhile.
    fn rest(&mut self) {}

    /// Does a task with the permit that was acquired for it, or stops soon after `cancel` says so.
    /// Also returns how many tasks there are, as far as the task showed it.
    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent);
}

/// How many tasks a workload turns out to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The task did not show it.
    Unknown,
    /// This many at the least.
    AtLeast(u32),
    /// This many.
    Exactly(u32),
    /// Nobody knows, but there is room for one more after this task.
    PerhapsMore {
        /// The first thing of those that the task brought. A server that gives the same for every
        /// task has no more.
        first: u64,
    },
    /// No more than this many, whatever other tasks say.
    AtMost(u32),
}

/// A lane's voice: stamps what happens on it, when it happens.
#[derive(Clone, Debug)]
pub struct Report {
    lane: LaneId,
    clock: Clock,
    start: Nanos,
    events: Sender<Event>,
    /// Under a GIL, what the lane does decides who holds it.
    thread: Option<Arc<ThreadState>>,
    listener: Option<Arc<Listener>>,
}

impl Report {
    /// The voice of `lane` in a run that started when `clock` stood at `start`.
    pub const fn new(lane: LaneId, clock: Clock, start: Nanos, events: Sender<Event>) -> Self {
        Self { lane, clock, start, events, thread: None, listener: None }
    }

    /// Another lane's voice in the same run.
    #[must_use]
    pub fn on(&self, lane: LaneId) -> Self {
        Self { lane, thread: None, listener: None, ..self.clone() }
    }

    /// The same lane's, on a thread that needs the GIL to compute.
    pub(super) fn under(&self, thread: Arc<ThreadState>) -> Self {
        Self { thread: Some(thread), ..self.clone() }
    }

    /// The same lane's, heard by somebody on this side of the channel, too.
    pub(super) fn heard_by(&self, listener: Arc<Listener>) -> Self {
        Self { listener: Some(listener), ..self.clone() }
    }

    /// The lane that it speaks for.
    pub const fn lane(&self) -> LaneId {
        self.lane
    }

    /// A moment of the clock, as the run's.
    pub const fn moment(&self, clock: Nanos) -> Nanos {
        clock.since(self.start)
    }

    /// This happened now. Under a GIL, waits for it where the lane is to compute, and gives it back
    /// where it does anything else.
    pub fn send(&self, kind: Kind) {
        match &self.thread {
            None => self.stamp(kind),
            Some(thread) => thread.tell(kind, |kind| self.stamp(kind)),
        }
    }

    /// This happened now, whoever holds the GIL.
    pub(super) fn stamp(&self, kind: Kind) {
        self.tell(self.now(), kind);
    }

    /// This happened at a moment of the run: another process stamped it.
    pub(super) fn tell(&self, at: Nanos, kind: Kind) {
        if let Some(listener) = &self.listener {
            listener.hear(at, &kind);
        }
        // Nobody listens any more once the screen has moved on to another run.
        _ = self.events.send(Event { at, lane: self.lane, kind });
    }

    /// The run's moment now.
    pub(super) fn now(&self) -> Nanos {
        self.moment(self.clock.now())
    }

    /// The run's start on the clock that all processes of this machine share, where there is one.
    pub(super) fn zero(&self) -> Option<Nanos> {
        self.clock.zero().map(|zero| zero + self.start)
    }

    /// The lane does this from now on.
    pub fn enter(&self, state: State) {
        self.send(Kind::Entered { state });
    }

    /// What to look at between two turns of computing: while it is set, [`Self::check`] has
    /// something to do.
    pub fn breaker<'flag>(&'flag self, cancel: &'flag Cancel) -> &'flag AtomicBool {
        self.thread.as_ref().map_or(cancel.flag(), |thread| thread.breaker())
    }

    /// Hands the GIL over if another thread asked for it, and waits until it comes back. False where
    /// the run is to stop.
    pub fn check(&self, cancel: &Cancel) -> bool {
        match &self.thread {
            Some(thread) if !cancel.is_cancelled() => thread.check(|kind| self.stamp(kind)),
            _ => !cancel.is_cancelled(),
        }
    }
}
