//! Sends the events of threads.

use std::collections::HashMap;

use super::edge::LaneTask;
use crate::model::{
    Completion, Event, EventKind, LaneId, Nanos, Product, State, TaskId, TaskOutcome,
    ThreadCounters, ThreadIdentity, WaitReason,
};
use crate::source::program::wait_reason::Wait;

/// The receiver of events, with the facts about all threads.
pub(super) struct EventSink<'a> {
    pub(super) emit: &'a mut dyn FnMut(Event),
    /// The tasks of the threads that live, by thread ID.
    pub(super) tasks: &'a HashMap<u32, TaskId>,
}

impl EventSink<'_> {
    pub(super) fn send(&mut self, lane: LaneId, at: Nanos, kind: EventKind) {
        (self.emit)(Event { at, lane, kind });
    }

    pub(super) fn enter(&mut self, lane: LaneId, at: Nanos, state: State) {
        self.send(lane, at, EventKind::StateEntered { state });
    }

    pub(super) fn explain(&mut self, lane: LaneId, at: Nanos, call: &str, wait: &Wait) {
        let holder = wait.holder.and_then(|tid| self.tasks.get(&tid)).copied();
        let reason = WaitReason { call: call.to_owned(), object: wait.object.clone(), holder };
        self.send(lane, at, EventKind::WaitExplained(reason));
    }

    pub(super) fn identify(&mut self, lane: LaneId, at: Nanos, (tid, pid, name): (u32, u32, &str)) {
        let identity = ThreadIdentity { tid, pid, name: name.to_owned() };
        self.send(lane, at, EventKind::ThreadIdentified(identity));
    }

    pub(super) fn count(&mut self, lane: LaneId, at: Nanos, counters: ThreadCounters) {
        self.send(lane, at, EventKind::ThreadCounted(counters));
    }

    /// Sends the end of a thread, or of the time for which it was watched.
    pub(super) fn finish(&mut self, place: LaneTask, at: Nanos, has_ended: bool) {
        let done = Completion { response: None, product: Product::Success };
        let outcome = if has_ended { TaskOutcome::Done(done) } else { TaskOutcome::Stopped };
        self.send(place.lane, at, EventKind::TaskFinished { task: place.task, outcome });
    }
}
