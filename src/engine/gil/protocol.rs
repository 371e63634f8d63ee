//! CPython's hand-over of the GIL as decisions alone: no clock, no threads, no waiting.
//!
//! The source is `take_gil` and `drop_gil` of CPython 3.12 (`Python/ceval_gil.c`, built with
//! `FORCE_SWITCHING`, as all builds are); its names stand beside these:
//! <https://github.com/python/cpython/blob/3.12/Python/ceval_gil.c>.

use crate::model::LaneId;

/// CPython's `struct _gil_runtime_state`, and a stop that CPython does not have.
#[derive(Clone, Debug, Default)]
pub struct Protocol {
    /// `locked`: somebody holds the GIL.
    locked: bool,
    /// `last_holder`: who took it last, whether it still holds it or not.
    last_holder: Option<LaneId>,
    /// `switch_number`: how often it was taken by another than the last time.
    switches: u64,
    /// `gil_drop_request`: a thread has waited long enough.
    drop_request: bool,
    /// Nobody takes it any more, and nobody waits.
    stopped: bool,
}

/// What a thread that wants the GIL is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// Go on: it has the GIL now. Whoever waits for a switch is to be told.
    Taken,
    /// Wait for a release, but no longer than the switch interval, and try again.
    Wait(Waiting),
    /// Give up: the run is to stop.
    Stopped,
}

/// What a waiting thread remembers: `saved_switchnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    switches: u64,
}

impl Protocol {
    /// A thread wants the GIL: one turn of `take_gil`'s loop.
    pub fn try_take(&mut self, me: LaneId) -> Take {
        if self.stopped {
            return Take::Stopped;
        }
        if self.locked {
            return Take::Wait(Waiting { switches: self.switches });
        }
        self.locked = true;
        if self.last_holder != Some(me) {
            self.last_holder = Some(me);
            self.switches += 1;
        }
        self.drop_request = false;
        Take::Taken
    }

    /// A thread has waited for the switch interval: it asks for the GIL if nobody else was given it
    /// meanwhile. Every switch makes everybody wait for a whole interval again.
    pub const fn timed_out(&mut self, waiting: Waiting) {
        if self.locked && self.switches == waiting.switches {
            self.drop_request = true;
        }
    }

    /// The holder gives the GIL back: `drop_gil`. A thread is to be told that waits for a release.
    /// Whether the holder must then wait, too, until [`Self::has_switched`]: whoever was asked for the
    /// GIL may not win it back at once.
    pub const fn release(&mut self) -> bool {
        self.locked = false;
        std::mem::replace(&mut self.drop_request, false) && !self.stopped
    }

    /// The same for a thread that ends, and so will not try to win it back: `final_release`, 3.13.
    pub const fn release_finally(&mut self) {
        // The request stands: whoever made it takes the GIL now, which settles it.
        self.locked = false;
    }

    /// Whether another thread has taken the GIL since this one, so that a forced switch is made.
    pub fn has_switched(&self, me: LaneId) -> bool {
        self.stopped || self.last_holder != Some(me)
    }

    /// The run is to stop: everybody who waits is to be told.
    pub const fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether the holder is to look up from its work: `eval_breaker`.
    pub const fn breaks_eval(&self) -> bool {
        self.drop_request || self.stopped
    }

    /// Whether the run is to stop.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }
}
