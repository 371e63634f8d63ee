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
            other => panic!("{other:?} is no wait"),
        }
    }

    #[test]
    fn who_waited_for_an_interval_without_a_switch_asks() {
        let mut protocol = Protocol::default();
        assert_eq!(protocol.try_take(A), Take::Taken);
        let b = waiting(&mut protocol, B);
        assert!(!protocol.breaks_eval(), "to wait is not to ask");
        protocol.timed_out(b);
        assert!(protocol.breaks_eval());
    }

    #[test]
    fn a_switch_meanwhile_makes_everybody_wait_for_a_whole_interval_again() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let c = waiting(&mut protocol, C);
        protocol.release();
        protocol.try_take(B);
        protocol.timed_out(c);
        assert!(!protocol.breaks_eval(), "B has had no interval yet");
        let c = waiting(&mut protocol, C);
        protocol.timed_out(c);
        assert!(protocol.breaks_eval());
    }

    #[test]
    fn who_was_asked_waits_until_another_has_it() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        assert!(protocol.release(), "forced");
        assert!(!protocol.has_switched(A) && !protocol.breaks_eval());
        protocol.try_take(B);
        assert!(protocol.has_switched(A));
    }

    /// As after a short call: nobody asked, so whoever is first has it.
    #[test]
    fn who_was_not_asked_may_win_it_back() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        assert!(!protocol.release());
        assert_eq!(protocol.try_take(A), Take::Taken);
        protocol.timed_out(b);
        assert!(protocol.breaks_eval(), "and that was no switch");
    }

    #[test]
    fn a_thread_that_ends_waits_for_nobody() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        protocol.release_finally();
        assert_eq!(protocol.try_take(B), Take::Taken);
        assert!(!protocol.breaks_eval(), "B got what it asked for");
    }

    #[test]
    fn a_stop_ends_every_wait() {
        let mut protocol = Protocol::default();
        protocol.try_take(A);
        let b = waiting(&mut protocol, B);
        protocol.timed_out(b);
        assert!(protocol.release());
        protocol.stop();
        assert!(protocol.has_switched(A) && protocol.breaks_eval());
        assert_eq!((protocol.try_take(A), protocol.try_take(B)), (Take::Stopped, Take::Stopped));
    }

    /// What a thread does, and so what it can do next.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Thread {
        /// I/O, native code, or no task.
        Without,
        /// In the timed wait.
        Waiting(Waiting),
        Holding,
        /// In the forced wait, and then to try again or to do without, as it was about to.
        Forced {
            wants: bool,
        },
        Ended,
    }

    /// What may happen to a thread at any moment.
    #[derive(Clone, Copy, Debug)]
    enum Move {
        /// It goes on: a wake-up, true or spurious; a turn of its work; the end of its I/O.
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
            // A wait without a time-out needs somebody who ends it: who asked still wants the GIL, and
            // either has it next or already had it.
            for (place, thread) in self.threads.iter().enumerate() {
                let stuck = matches!(thread, Thread::Forced { .. })
                    && !self.protocol.has_switched(LaneId(place as u16));
                let others = self.count(|thread| matches!(thread, Thread::Waiting(_)));
                prop_assert!(!stuck || others > 0, "nobody wakes {place}: {:?}", self.threads);
                prop_assert!(!stuck || holders == 0, "{place} missed it: {:?}", self.threads);
            }
            Ok(())
        }

        /// Lets everybody work and end, a turn each.
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
        /// In whatever order threads are scheduled, wherever a stop comes.
        #[test]
        fn never_two_holders_and_never_nobody_who_can_go_on(
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
