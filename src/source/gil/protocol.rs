//! The protocol by which CPython's threads hand over the GIL, as decisions alone: no clock, no threads,
//! no waiting.
//!
//! The source is `take_gil` and `drop_gil` of CPython 3.12 (`PythonProcess/ceval_gil.c`, built with
//! `FORCE_SWITCHING`, as all builds are). The comments give its names:
//! <https://github.com/python/cpython/blob/3.12/Python/ceval_gil.c>.

use crate::model::LaneId;

/// CPython's `struct _gil_runtime_state`, plus a stop, which CPython does not have.
#[derive(Clone, Debug, Default)]
pub struct GilProtocol {
    /// `locked`: a thread holds the GIL.
    locked: bool,
    /// `last_holder`: the thread that took it last, even if it has released it since.
    last_holder: Option<LaneId>,
    /// `switch_number`: the number of times that it was taken by another thread than before.
    switches: u64,
    /// `gil_drop_request`: a thread has waited for the switch interval.
    drop_request: bool,
    /// Set while the run is being stopped: no thread takes the GIL or waits for it.
    stopped: bool,
}

/// The next step of a thread that wants the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeOutcome {
    /// The thread has the GIL. The caller signals the thread that waits for a switch.
    Taken,
    /// Wait for a release, at most for the switch interval, and try again.
    Wait(TimedWait),
    /// Give up: the run is being stopped.
    Stopped,
}

/// The state of a waiting thread: `saved_switchnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedWait {
    switches: u64,
}

impl GilProtocol {
    /// Tries to take the GIL: one iteration of `take_gil`'s loop.
    pub fn try_take(&mut self, lane: LaneId) -> TakeOutcome {
        if self.stopped {
            return TakeOutcome::Stopped;
        }
        if self.locked {
            return TakeOutcome::Wait(TimedWait { switches: self.switches });
        }
        self.locked = true;
        if self.last_holder != Some(lane) {
            self.last_holder = Some(lane);
            self.switches += 1;
        }
        self.drop_request = false;
        TakeOutcome::Taken
    }

    /// Requests the GIL after a wait for the switch interval, unless it was switched meanwhile: after a
    /// switch, every thread waits for a whole interval again.
    pub const fn record_timeout(&mut self, timed_wait: TimedWait) {
        if self.locked && self.switches == timed_wait.switches {
            self.drop_request = true;
        }
    }

    /// Releases the GIL: `drop_gil`. The caller signals one thread that waits for a release. Returns
    /// whether the holder must then wait until [`Self::has_switched`]: a thread that was forced to
    /// release the GIL may not take it again at once.
    pub const fn release(&mut self) -> bool {
        self.locked = false;
        std::mem::replace(&mut self.drop_request, false) && !self.stopped
    }

    /// Releases the GIL for a thread that ends, and so will not take it again: `final_release`, 3.13.
    pub const fn release_at_exit(&mut self) {
        // A request is left standing: the thread that takes the GIL next clears it.
        self.locked = false;
    }

    /// Returns whether another thread has taken the GIL since `lane`, which completes a forced switch.
    pub fn has_switched(&self, lane: LaneId) -> bool {
        self.stopped || self.last_holder != Some(lane)
    }

    /// Stops the protocol. The caller wakes all waiting threads.
    pub const fn stop(&mut self) {
        self.stopped = true;
    }

    /// Returns whether the holder must interrupt its work: `eval_breaker`.
    pub const fn requests_break(&self) -> bool {
        self.drop_request || self.stopped
    }

    /// Returns whether the run is being stopped.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }
}
