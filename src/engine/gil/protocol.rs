//! The protocol by which CPython's threads hand over the GIL, as decisions alone: no clock, no threads,
//! no waiting.
//!
//! The source is `take_gil` and `drop_gil` of CPython 3.12 (`Python/ceval_gil.c`, built with
//! `FORCE_SWITCHING`, as all builds are). The comments give its names:
//! <https://github.com/python/cpython/blob/3.12/Python/ceval_gil.c>.

use crate::model::LaneId;

/// CPython's `struct _gil_runtime_state`, plus a stop, which CPython does not have.
#[derive(Clone, Debug, Default)]
pub struct Protocol {
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
pub enum Take {
    /// The thread has the GIL. The caller signals the thread that waits for a switch.
    Taken,
    /// Wait for a release, at most for the switch interval, and try again.
    Wait(Waiting),
    /// Give up: the run is being stopped.
    Stopped,
}

/// The state of a waiting thread: `saved_switchnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    switches: u64,
}

impl Protocol {
    /// Tries to take the GIL: one iteration of `take_gil`'s loop.
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

    /// Requests the GIL after a wait for the switch interval, unless it was switched meanwhile: after a
    /// switch, every thread waits for a whole interval again.
    pub const fn timed_out(&mut self, waiting: Waiting) {
        if self.locked && self.switches == waiting.switches {
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
    pub const fn release_finally(&mut self) {
        // A request is left standing: the thread that takes the GIL next clears it.
        self.locked = false;
    }

    /// Returns whether another thread has taken the GIL since `me`, which completes a forced switch.
    pub fn has_switched(&self, me: LaneId) -> bool {
        self.stopped || self.last_holder != Some(me)
    }

    /// Stops the protocol. The caller wakes all waiting threads.
    pub const fn stop(&mut self) {
        self.stopped = true;
    }

    /// Returns whether the holder must interrupt its work: `eval_breaker`.
    pub const fn breaks_eval(&self) -> bool {
        self.drop_request || self.stopped
    }

    /// Returns whether the run is being stopped.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: LaneId = LaneId(0);
    const B: LaneId = LaneId(1);
    const C: LaneId = LaneId(2);

    fn waiting(protocol: &mut Protocol, who: LaneId) -> Waiting {
        match protocol.try_take(who) {
            Take::Wait(waiting) => waiting,
            other => panic!("expected a wait, got {other:?}"),
        }
    }

    #[test]
    fn waiting_for_an_interval_without_a_switch_requests_the_gil() {
        let mut protocol = Protocol::default();
        assert_eq!(protocol.try_take(A), Take::Taken);
        let b = waiting(&mut protocol, B);
        assert!(!protocol.breaks_eval(), "waiting alone is no request");
        protocol.timed_out(b);
        assert!(protocol.breaks_eval());
    }

    #[test]
    fn switch_restarts_the_interval_of_all_waiting_threads() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let c = waiting(&mut protocol, C);
        protocol.release();
        protocol.try_take(B);
        protocol.timed_out(c);
        assert!(!protocol.breaks_eval(), "B has not had a whole interval yet");
        let c = waiting(&mut protocol, C);
        protocol.timed_out(c);
        assert!(protocol.breaks_eval());
    }

    #[test]
    fn forced_release_waits_until_another_thread_takes_the_gil() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        assert!(protocol.release(), "forced");
        assert!(!protocol.has_switched(A) && !protocol.breaks_eval());
        protocol.try_take(B);
        assert!(protocol.has_switched(A));
    }

    /// As after a short call: without a request, the first thread to try takes the GIL.
    #[test]
    fn voluntary_release_may_retake_the_gil() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        assert!(!protocol.release());
        assert_eq!(protocol.try_take(A), Take::Taken);
        protocol.timed_out(b);
        assert!(protocol.breaks_eval(), "taking it back was no switch");
    }

    #[test]
    fn final_release_never_waits() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        protocol.release_finally();
        assert_eq!(protocol.try_take(B), Take::Taken);
        assert!(!protocol.breaks_eval(), "B's request is settled");
    }

    #[test]
    fn stop_ends_every_wait() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        assert!(protocol.release());
        protocol.stop();
        assert!(protocol.has_switched(A) && protocol.breaks_eval());
        assert_eq!((protocol.try_take(A), protocol.try_take(B)), (Take::Stopped, Take::Stopped));
    }

    /// The state of a thread.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Thread {
        /// In I/O or native code, or without a task.
        Without,
        /// In the timed wait.
        Waiting(Waiting),
        Holding,
        /// In the forced wait. Afterwards it takes the GIL again (`wants`) or continues without.
        Forced {
            wants: bool,
        },
        Ended,
    }

    /// An event that may happen to a thread at any moment.
    #[derive(Clone, Copy, Debug)]
    enum Move {
        /// It continues: a wake-up, real or spurious; a turn of its work; the end of its I/O.
        GoOn,
        /// Its wait times out.
        TimeOut,
        /// It begins I/O.
        DoWithout,
        /// It ends.
        End,
    }

    /// Threads that share a GIL, moved one at a time.
    struct Threads {
        protocol: Protocol,
        threads: Vec<Thread>,
    }

    impl Threads {
        fn new(threads: usize) -> Self {
            Self { protocol: Protocol::default(), threads: vec![Thread::Without; threads] }
        }

        fn step(&mut self, place: usize, what: Move) {
            let me = LaneId(place as u16);
            self.threads[place] = match (self.threads[place], what) {
                (Thread::Without, Move::End) => Thread::Ended,
                (Thread::Without | Thread::Waiting(_), Move::GoOn) => self.take(me),
                (Thread::Waiting(waiting), Move::TimeOut) => {
                    self.protocol.timed_out(waiting);
                    self.take(me)
                }
                (Thread::Holding, Move::GoOn) if self.protocol.is_stopped() => Thread::Without,
                (Thread::Holding, Move::GoOn) if self.protocol.breaks_eval() => {
                    self.release(me, true)
                }
                (Thread::Holding, Move::DoWithout) => self.release(me, false),
                (Thread::Holding, Move::End) => {
                    self.protocol.release_finally();
                    Thread::Ended
                }
                (Thread::Forced { wants }, Move::GoOn) if self.protocol.has_switched(me) => {
                    if wants { self.take(me) } else { Thread::Without }
                }
                (same, _) => same,
            };
        }

        fn take(&mut self, me: LaneId) -> Thread {
            match self.protocol.try_take(me) {
                Take::Taken => Thread::Holding,
                Take::Wait(waiting) => Thread::Waiting(waiting),
                Take::Stopped => Thread::Ended,
            }
        }

        fn release(&mut self, me: LaneId, wants: bool) -> Thread {
            match (self.protocol.release(), wants) {
                (true, _) => Thread::Forced { wants },
                (false, true) => self.take(me),
                (false, false) => Thread::Without,
            }
        }

        fn count(&self, is: impl Fn(&Thread) -> bool) -> usize {
            self.threads.iter().filter(|thread| is(thread)).count()
        }

        fn check(&self) -> Result<(), TestCaseError> {
            let holders = self.count(|thread| *thread == Thread::Holding);
            prop_assert!(holders < 2, "{:?}", self.threads);
            // A wait without a timeout needs another thread that ends it: the requester still wants the
            // GIL, and takes it next or has already had it.
            for (place, thread) in self.threads.iter().enumerate() {
                let stuck = matches!(thread, Thread::Forced { .. })
                    && !self.protocol.has_switched(LaneId(place as u16));
                let others = self.count(|thread| matches!(thread, Thread::Waiting(_)));
                prop_assert!(!stuck || others > 0, "no thread wakes {place}: {:?}", self.threads);
                prop_assert!(!stuck || holders == 0, "{place} missed it: {:?}", self.threads);
            }
            Ok(())
        }

        /// Lets all threads work and end, one turn each at a time.
        fn drain(&mut self) -> bool {
            for turn in 0..10 * self.threads.len() {
                for place in 0..self.threads.len() {
                    let ends = turn % 3 == 2;
                    let what = match self.threads[place] {
                        Thread::Waiting(_) => Move::TimeOut,
                        Thread::Holding if ends => Move::End,
                        Thread::Without if self.protocol.is_stopped() => Move::End,
                        _ => Move::GoOn,
                    };
                    self.step(place, what);
                }
            }
            self.count(|thread| *thread != Thread::Ended) == 0
        }
    }

    fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
        let what = prop_oneof![
            5 => Just(Move::GoOn),
            3 => Just(Move::TimeOut),
            2 => Just(Move::DoWithout),
            1 => Just(Move::End),
        ];
        prop::collection::vec((0..5_usize, what), 0..200)
    }

    proptest! {
        /// Holds for any schedule of the threads, and for a stop at any moment.
        #[test]
        fn gil_has_at_most_one_holder_and_never_deadlocks(
            threads in 1..=5_usize,
            moves in moves(),
            stop in prop::option::of(0..200_usize),
        ) {
            let mut all = Threads::new(threads);
            for (at, &(place, what)) in moves.iter().enumerate() {
                if stop == Some(at) {
                    all.protocol.stop();
                }
                all.step(place % threads, what);
                all.check()?;
            }
            prop_assert!(all.drain(), "{:?}", all.threads);
        }
    }
}
