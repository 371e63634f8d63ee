//! A thread under the GIL: it holds it exactly while its lane says that it computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Gil;
use crate::model::{Kind, LaneId, State};

/// A thread's standing with the GIL. CPython's `PyThreadState` is called attached while its thread
/// holds it.
#[derive(Debug)]
pub(in crate::engine) struct ThreadState {
    gil: Arc<Gil>,
    me: LaneId,
    /// Only the thread itself changes it.
    attached: AtomicBool,
}

impl ThreadState {
    pub(super) const fn new(gil: Arc<Gil>, me: LaneId) -> Self {
        Self { gil, me, attached: AtomicBool::new(false) }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }

    /// Has `tell` stamp what the lane is about to do, after it was given the GIL where that needs it,
    /// before it gives it back where not. So no two lanes ever say at once that they compute, and who
    /// gave it back says so before who took it.
    pub(in crate::engine) fn tell(&self, kind: Kind, tell: impl Fn(Kind)) {
        match state_after(&kind) {
            // A run that stops has no GIL to give, and the lane does not say that it computes.
            Some(State::Computing) if !self.attach(&tell) => {}
            Some(State::Computing) | None => tell(kind),
            Some(_) => {
                tell(kind);
                self.detach();
            }
        }
    }

    /// What the holder looks at between two turns of its work.
    pub(in crate::engine) fn breaker(&self) -> &AtomicBool {
        &self.gil.breaker
    }

    /// The holder looks up from its work: it hands the GIL over if it was asked for, and goes on once
    /// it has it again. False where the run is to stop.
    pub(in crate::engine) fn check(&self, tell: impl Fn(Kind)) -> bool {
        if self.gil.is_stopped() {
            return false;
        }
        tell(Kind::Entered { state: State::LockWait });
        self.detach();
        let taken = self.take();
        if taken {
            tell(Kind::Entered { state: State::Computing });
        }
        taken
    }

    /// Gives the GIL back, if the thread has it.
    pub(super) fn detach(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release(self.me);
        }
    }

    /// The same on a thread that ends.
    pub(super) fn end(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release_finally();
        }
    }

    /// Waits for the GIL, unless the thread has it. False where the run is to stop.
    fn attach(&self, tell: &impl Fn(Kind)) -> bool {
        if self.is_attached() || self.gil.try_take(self.me) {
            self.attached.store(true, Ordering::Relaxed);
            return true;
        }
        tell(Kind::Entered { state: State::LockWait });
        self.take()
    }

    fn take(&self) -> bool {
        let taken = self.gil.take(self.me);
        self.attached.store(taken, Ordering::Relaxed);
        taken
    }
}

/// What the lane does after an event, where that changes.
const fn state_after(kind: &Kind) -> Option<State> {
    match kind {
        Kind::Entered { state } => Some(*state),
        Kind::Started { .. } | Kind::Retried { .. } => Some(State::Computing),
        Kind::AttemptFailed { .. } => Some(State::Throttled),
        _ => None,
    }
}
