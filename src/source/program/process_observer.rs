//! A stand-in for the observer of switch records: the first thread of a process is its only lane.

use std::time::Duration;

use super::process_table::find_process;
use super::thread_observer::{PollStatus, ThreadObserver};
use crate::model::{
    CloseReason, Event, EventKind, LaneId, State, TaskId, TaskOutcome, ThreadIdentity,
};
use crate::source::Clock;

pub(super) struct ProcessObserver {
    pid: u32,
    clock: Clock,
    name: Option<String>,
}

impl ProcessObserver {
    pub(super) const fn new(pid: u32, clock: Clock) -> Self {
        Self { pid, clock, name: None }
    }

    fn send(&self, emit: &mut dyn FnMut(Event), kind: EventKind) {
        emit(Event { at: self.clock.now(), lane: LaneId(0), kind });
    }
}

impl ThreadObserver for ProcessObserver {
    fn poll(&mut self, emit: &mut dyn FnMut(Event)) -> PollStatus {
        let found = find_process(self.pid).filter(|one| !one.is_zombie);
        let threads_alive = found.is_some();
        if let Some(found) = found
            && self.name.as_ref() != Some(&found.name)
        {
            let name = found.name;
            if self.name.is_none() {
                self.send(emit, EventKind::LaneOpened { name: name.clone() });
                self.send(emit, EventKind::TaskCountChanged { tasks: 1 });
                self.send(emit, EventKind::TaskStarted { task: TaskId(1) });
                self.send(emit, EventKind::StateEntered { state: State::Blocked });
            }
            let (tid, pid) = (self.pid, self.pid);
            let identity = ThreadIdentity { tid, pid, name: name.clone() };
            self.send(emit, EventKind::ThreadIdentified(identity));
            self.name = Some(name);
        }
        PollStatus { wait: Duration::from_millis(20), threads_alive }
    }

    fn finish(&mut self, emit: &mut dyn FnMut(Event)) {
        if self.name.is_some() {
            let outcome = TaskOutcome::Stopped;
            self.send(emit, EventKind::TaskFinished { task: TaskId(1), outcome });
            self.send(emit, EventKind::LaneClosed { reason: CloseReason::Finished });
        }
    }
}
