//! CPython's global interpreter lock on real threads: a mutex and two condition variables around
//! the decisions of protocol.rs.
//!
//! ```text
//! under.rs: a job whose threads share a GIL -> thread.rs: lane events acquire and release it
//!     -> gil.rs: waits and wake-ups -> protocol.rs: decisions
//! ```

pub mod protocol;
pub(super) mod thread;
pub mod under;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use super::cancel::Cancel;
use crate::model::{LaneId, Nanos};
use protocol::{Protocol, Take, Waiting};

/// The minimum switch interval, as in CPython, which counts in microseconds.
const SHORTEST_INTERVAL: Duration = Duration::from_micros(1);

/// The GIL of one run. CPython guards the forced switch with a mutex of its own; here both condition
/// variables share one, which is only held for the time of a decision.
#[derive(Debug)]
pub struct Gil {
    interval: Duration,
    protocol: Mutex<Protocol>,
    /// `cond`: the GIL was released.
    released: Condvar,
    /// `switch_cond`: the GIL was taken.
    switched: Condvar,
    /// `eval_breaker`: the flag that the holder polls between two turns of its work.
    breaker: AtomicBool,
    watching: Once,
}

impl Gil {
    /// Creates a GIL that waiting threads request after a switch interval: `sys.setswitchinterval`.
    pub fn new(interval: Nanos) -> Self {
        Self {
            interval: Duration::from(interval).max(SHORTEST_INTERVAL),
            protocol: Mutex::default(),
            released: Condvar::new(),
            switched: Condvar::new(),
            breaker: AtomicBool::new(false),
            watching: Once::new(),
        }
    }

    /// Ends all waits once `cancel` is set.
    fn stop_on(self: &Arc<Self>, cancel: &Cancel) {
        self.watching.call_once(|| {
            let gil = Arc::clone(self);
            cancel.on_cancel(move || gil.stop());
        });
    }

    /// Takes the GIL if it is free. Returns whether it was.
    fn try_take(&self, me: LaneId) -> bool {
        self.attempt(&mut self.protocol(), me) == Take::Taken
    }

    /// Waits for the GIL and takes it: `take_gil`. Returns `false` if the run is being stopped.
    fn take(&self, me: LaneId) -> bool {
        let mut protocol = self.protocol();
        loop {
            match self.attempt(&mut protocol, me) {
                Take::Taken => return true,
                Take::Stopped => return false,
                Take::Wait(waiting) => protocol = self.wait(protocol, waiting),
            }
        }
    }

    fn attempt(&self, protocol: &mut Protocol, me: LaneId) -> Take {
        let take = protocol.try_take(me);
        if take == Take::Taken {
            self.set_breaker(protocol);
            // Ends the wait of the thread that was forced to release it.
            self.switched.notify_one();
        }
        take
    }

    /// Waits for a release, and requests one after the switch interval.
    fn wait<'gil>(
        &'gil self,
        protocol: MutexGuard<'gil, Protocol>,
        waiting: Waiting,
    ) -> MutexGuard<'gil, Protocol> {
        let waited = self.released.wait_timeout(protocol, self.interval);
        let (mut protocol, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            protocol.timed_out(waiting);
            self.set_breaker(&protocol);
        }
        protocol
    }

    /// Releases the GIL. If it was requested, waits until another thread has taken it: `drop_gil`.
    fn release(&self, me: LaneId) {
        let forced = self.decide(Protocol::release);
        self.released.notify_one();
        if forced {
            drop(self.switched.wait_while(self.protocol(), |gil| !gil.has_switched(me)));
        }
    }

    /// Releases the GIL on a thread that ends.
    fn release_finally(&self) {
        self.decide(Protocol::release_finally);
        self.released.notify_one();
    }

    /// Ends all waits, because the run is being stopped.
    fn stop(&self) {
        self.decide(Protocol::stop);
        self.released.notify_all();
        self.switched.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.protocol().is_stopped()
    }

    fn decide<T>(&self, decide: impl FnOnce(&mut Protocol) -> T) -> T {
        let mut protocol = self.protocol();
        let decision = decide(&mut protocol);
        self.set_breaker(&protocol);
        drop(protocol);
        decision
    }

    /// Sets or clears the holder's flag. Relaxed ordering suffices: the holder may see the change a few
    /// turns late.
    fn set_breaker(&self, protocol: &Protocol) {
        self.breaker.store(protocol.breaks_eval(), Ordering::Relaxed);
    }

    fn protocol(&self) -> MutexGuard<'_, Protocol> {
        self.protocol.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
