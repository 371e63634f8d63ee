//! CPython's global interpreter lock on real threads: a mutex and two condition variables around
//! the decisions of protocol.rs.
//!
//! ```text
//! tasks/gil_job.rs: a job whose threads share a GIL
//!     -> ThreadState: lane events acquire and release it
//!     -> Gil: waits and wake-ups -> protocol.rs: decisions
//! ```

pub mod protocol;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use super::cancel_token::CancelToken;
use crate::model::{EventKind, LaneId, Nanos, State};
use protocol::{GilProtocol, TakeOutcome, TimedWait};

/// The minimum switch interval, as in CPython, which counts in microseconds.
const MIN_INTERVAL: Duration = Duration::from_micros(1);

/// The GIL of one run. CPython guards the forced switch with a mutex of its own; here both condition
/// variables share one, which is only held for the time of a decision.
#[derive(Debug)]
pub struct Gil {
    interval: Duration,
    protocol: Mutex<GilProtocol>,
    /// `cond`: the GIL was released.
    released: Condvar,
    /// `switch_cond`: the GIL was taken.
    switched: Condvar,
    /// `eval_breaker`: the flag that the holder polls between two turns of its work.
    eval_breaker: AtomicBool,
    watching: Once,
}

impl Gil {
    /// Creates a GIL that waiting threads request after a switch interval: `sys.setswitchinterval`.
    pub fn new(interval: Nanos) -> Self {
        Self {
            interval: Duration::from(interval).max(MIN_INTERVAL),
            protocol: Mutex::default(),
            released: Condvar::new(),
            switched: Condvar::new(),
            eval_breaker: AtomicBool::new(false),
            watching: Once::new(),
        }
    }

    /// Ends all waits once `cancel` is set.
    pub(super) fn stop_on_cancel(self: &Arc<Self>, cancel: &CancelToken) {
        self.watching.call_once(|| {
            let gil = Arc::clone(self);
            cancel.on_cancel(move || gil.stop());
        });
    }

    /// Takes the GIL if it is free. Returns whether it was.
    fn try_take(&self, lane: LaneId) -> bool {
        self.attempt(&mut self.protocol(), lane) == TakeOutcome::Taken
    }

    /// Waits for the GIL and takes it: `take_gil`. Returns `false` if the run is being stopped.
    fn take(&self, lane: LaneId) -> bool {
        let mut protocol = self.protocol();
        loop {
            match self.attempt(&mut protocol, lane) {
                TakeOutcome::Taken => return true,
                TakeOutcome::Stopped => return false,
                TakeOutcome::Wait(timed_wait) => protocol = self.wait(protocol, timed_wait),
            }
        }
    }

    fn attempt(&self, protocol: &mut GilProtocol, lane: LaneId) -> TakeOutcome {
        let take = protocol.try_take(lane);
        if take == TakeOutcome::Taken {
            self.set_breaker(protocol);
            // Ends the wait of the thread that was forced to release it.
            self.switched.notify_one();
        }
        take
    }

    /// Waits for a release, and requests one after the switch interval.
    fn wait<'gil>(
        &'gil self,
        protocol: MutexGuard<'gil, GilProtocol>,
        timed_wait: TimedWait,
    ) -> MutexGuard<'gil, GilProtocol> {
        let waited = self.released.wait_timeout(protocol, self.interval);
        let (mut protocol, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            protocol.record_timeout(timed_wait);
            self.set_breaker(&protocol);
        }
        protocol
    }

    /// Releases the GIL. If it was requested, waits until another thread has taken it: `drop_gil`.
    fn release(&self, lane: LaneId) {
        let forced = self.update_protocol(GilProtocol::release);
        self.released.notify_one();
        if forced {
            drop(self.switched.wait_while(self.protocol(), |gil| !gil.has_switched(lane)));
        }
    }

    /// Releases the GIL on a thread that ends.
    fn release_at_exit(&self) {
        self.update_protocol(GilProtocol::release_at_exit);
        self.released.notify_one();
    }

    /// Ends all waits, because the run is being stopped.
    fn stop(&self) {
        self.update_protocol(GilProtocol::stop);
        self.released.notify_all();
        self.switched.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.protocol().is_stopped()
    }

    fn update_protocol<T>(&self, decide: impl FnOnce(&mut GilProtocol) -> T) -> T {
        let mut protocol = self.protocol();
        let decision = decide(&mut protocol);
        self.set_breaker(&protocol);
        drop(protocol);
        decision
    }

    /// Sets or clears the holder's flag. Relaxed ordering suffices: the holder may see the change a few
    /// turns late.
    fn set_breaker(&self, protocol: &GilProtocol) {
        self.eval_breaker.store(protocol.requests_break(), Ordering::Relaxed);
    }

    fn protocol(&self) -> MutexGuard<'_, GilProtocol> {
        self.protocol.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The GIL state of a thread. It is attached while the thread holds the GIL, as CPython's
/// `PyThreadState` is.
#[derive(Debug)]
pub(super) struct ThreadState {
    gil: Arc<Gil>,
    lane: LaneId,
    /// Changed by the thread itself only.
    attached: AtomicBool,
}

impl ThreadState {
    pub(super) const fn new(gil: Arc<Gil>, lane: LaneId) -> Self {
        Self { gil, lane, attached: AtomicBool::new(false) }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }

    /// Sends an event with `send`: after acquiring the GIL if the lane is about to compute, and before
    /// releasing it if not. So the events never show two lanes computing at once, and a release always
    /// precedes the next acquisition.
    pub(super) fn report_event(&self, kind: EventKind, send: impl Fn(EventKind)) {
        match state_after(&kind) {
            // A run that is being stopped grants no GIL, and the lane does not report that it computes.
            Some(State::Computing) if !self.attach(&send) => {}
            Some(State::Computing) | None => send(kind),
            Some(_) => {
                send(kind);
                self.detach();
            }
        }
    }

    /// The flag that the holder polls between two turns of its work.
    pub(super) fn breaker(&self) -> &AtomicBool {
        &self.gil.eval_breaker
    }

    /// Yields the GIL on request, and waits to get it back. Returns `false` if the run is being
    /// stopped.
    pub(super) fn yield_gil(&self, send: impl Fn(EventKind)) -> bool {
        if self.gil.is_stopped() {
            return false;
        }
        send(EventKind::StateEntered { state: State::LockWait });
        self.detach();
        let taken = self.take();
        if taken {
            send(EventKind::StateEntered { state: State::Computing });
        }
        taken
    }

    /// Releases the GIL, if the thread holds it.
    pub(super) fn detach(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release(self.lane);
        }
    }

    /// Releases the GIL on a thread that ends, if it holds it.
    pub(super) fn end(&self) {
        if self.attached.swap(false, Ordering::Relaxed) {
            self.gil.release_at_exit();
        }
    }

    /// Waits for the GIL, unless the thread holds it. Returns `false` if the run is being stopped.
    fn attach(&self, send: &impl Fn(EventKind)) -> bool {
        if self.is_attached() || self.gil.try_take(self.lane) {
            self.attached.store(true, Ordering::Relaxed);
            return true;
        }
        send(EventKind::StateEntered { state: State::LockWait });
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
        EventKind::AttemptFailed { failure, .. } => Some(failure.wait_state()),
        _ => None,
    }
}
