//! A thread under the GIL: it holds the GIL exactly while its lane reports that it computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Gil;
use crate::model::{EventKind, LaneId, State};

/// The GIL state of a thread. It is attached while the thread holds the GIL, as CPython's
/// `PyThreadState` is.
#[derive(Debug)]
pub(in crate::source) struct ThreadState {
    gil: Arc<Gil>,
    lane: LaneId,
    /// Changed by the thread itself only.
    attached: AtomicBool,
}

impl ThreadState {
    pub(in crate::source) const fn new(gil: Arc<Gil>, lane: LaneId) -> Self {
        Self { gil, lane, attached: AtomicBool::new(false) }
    }

    pub(in crate::source) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }

    /// Sends an event with `tell`: after acquiring the GIL if the lane is about to compute, and before
    /// releasing it if not. So the events never show two lanes computing at once, and a release always
    /// precedes the next acquisition.
    pub(in crate::source) fn report_event(&self, kind: EventKind, tell: impl Fn(EventKind)) {
        match state_after(&kind) {
            // A run that is being stopped grants no GIL, and the lane does not report that it computes.
            Some(State::Computing) if !self.attach(&tell) => {}
            Some(State::Computing) | None => tell(kind),
            Some(_) => {
                tell(kind);
                self.detach();
            }
        }
    }

    /// The flag that the holder polls between two turns of its work.
    pub(in crate::source) fn breaker(&self) -> &AtomicBool {
        &self.gil.eval_breaker
    }

    /// Yields the GIL on request, and waits to get it back. Returns `false` if the run is being
    /// stopped.
    pub(in crate::source) fn yield_gil(&self, tell: impl Fn(EventKind)) -> bool {
        if self.gil.is_stopped() {
            return false;
        }
        tell(EventKind::StateEntered { state: State::LockWait });
        self.detach();
        let taken = self.take();
        if taken {
            tell(EventKind::StateEntered { state: State::Computing });
        }
        taken
    }

    /// Releases the GIL, if the thread holds it.
    pub(in crate::source) fn detach(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release(self.lane);
        }
    }

    /// Releases the GIL on a thread that ends, if it holds it.
    pub(in crate::source) fn end(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release_at_exit();
        }
    }

    /// Waits for the GIL, unless the thread holds it. Returns `false` if the run is being stopped.
    fn attach(&self, tell: &impl Fn(EventKind)) -> bool {
        if self.is_attached() || self.gil.try_take(self.lane) {
            self.attached.store(true, Ordering::Relaxed);
            return true;
        }
        tell(EventKind::StateEntered { state: State::LockWait });
        self.take()
    }

    fn take(&self) -> bool {
        let taken = self.gil.take(self.lane);
        self.attached.store(taken, Ordering::Relaxed);
        taken
    }
}

/// The lane's state after an event, or `None` if the event does not change it.
const fn state_after(kind: &EventKind) -> Option<State> {
    match kind {
        EventKind::StateEntered { state } => Some(*state),
        EventKind::TaskStarted { .. } | EventKind::TaskRetried { .. } => Some(State::Computing),
        EventKind::AttemptFailed { .. } => Some(State::Throttled),
        _ => None,
    }
}
