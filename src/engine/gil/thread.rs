//! A thread under the GIL: it holds the GIL exactly while its lane reports that it computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Gil;
use crate::model::{Kind, LaneId, State};

/// The GIL state of a thread. It is attached while the thread holds the GIL, as CPython's
/// `PyThreadState` is.
#[derive(Debug)]
pub(in crate::engine) struct ThreadState {
    gil: Arc<Gil>,
    me: LaneId,
    /// Changed by the thread itself only.
    attached: AtomicBool,
}

impl ThreadState {
    pub(super) const fn new(gil: Arc<Gil>, me: LaneId) -> Self {
        Self { gil, me, attached: AtomicBool::new(false) }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }

    /// Sends an event with `tell`: after acquiring the GIL if the lane is about to compute, and before
    /// releasing it if not. So the events never show two lanes computing at once, and a release always
    /// precedes the next acquisition.
    pub(in crate::engine) fn tell(&self, kind: Kind, tell: impl Fn(Kind)) {
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
    pub(in crate::engine) fn breaker(&self) -> &AtomicBool {
        &self.gil.breaker
    }

    /// Yields the GIL on request, and waits to get it back. Returns `false` if the run is being
    /// stopped.
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

    /// Releases the GIL, if the thread holds it.
    pub(super) fn detach(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release(self.me);
        }
    }

    /// Releases the GIL on a thread that ends, if it holds it.
    pub(super) fn end(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release_finally();
        }
    }

    /// Waits for the GIL, unless the thread holds it. Returns `false` if the run is being stopped.
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

/// The lane's state after an event, or `None` if the event does not change it.
const fn state_after(kind: &Kind) -> Option<State> {
    match kind {
        Kind::Entered { state } => Some(*state),
        Kind::Started { .. } | Kind::Retried { .. } => Some(State::Computing),
        Kind::AttemptFailed { .. } => Some(State::Throttled),
        _ => None,
    }
}
