//! The decisions of the GIL protocol, for given steps and for any schedule of threads.

use proptest::prelude::*;
use threadline::model::LaneId;
use threadline::source::gil::protocol::{GilProtocol, TakeOutcome, TimedWait};

const A: LaneId = LaneId(0);
const B: LaneId = LaneId(1);
const C: LaneId = LaneId(2);

fn waiting(protocol: &mut GilProtocol, who: LaneId) -> TimedWait {
    match protocol.try_take(who) {
        TakeOutcome::Wait(timed_wait) => timed_wait,
        other => panic!("expected a wait, got {other:?}"),
    }
}

#[test]
fn waiting_for_an_interval_without_a_switch_requests_the_gil() {
    let mut protocol = GilProtocol::default();
    assert_eq!(protocol.try_take(A), TakeOutcome::Taken);
    let b = waiting(&mut protocol, B);
    assert!(!protocol.requests_break(), "waiting alone is no request");
    protocol.record_timeout(b);
    assert!(protocol.requests_break());
}

#[test]
fn switch_restarts_the_interval_of_all_waiting_threads() {
    let mut protocol = GilProtocol::default();
    protocol.try_take(A);
    let c = waiting(&mut protocol, C);
    protocol.release();
    protocol.try_take(B);
    protocol.record_timeout(c);
    assert!(!protocol.requests_break(), "B has not had a whole interval yet");
    let c = waiting(&mut protocol, C);
    protocol.record_timeout(c);
    assert!(protocol.requests_break());
}

#[test]
fn forced_release_waits_until_another_thread_takes_the_gil() {
    let mut protocol = GilProtocol::default();
    protocol.try_take(A);
    let b = waiting(&mut protocol, B);
    protocol.record_timeout(b);
    assert!(protocol.release(), "forced");
    assert!(!protocol.has_switched(A) && !protocol.requests_break());
    protocol.try_take(B);
    assert!(protocol.has_switched(A));
}

/// As after a short call: without a request, the first thread to try takes the GIL.
#[test]
fn voluntary_release_may_retake_the_gil() {
    let mut protocol = GilProtocol::default();
    protocol.try_take(A);
    let b = waiting(&mut protocol, B);
    assert!(!protocol.release());
    assert_eq!(protocol.try_take(A), TakeOutcome::Taken);
    protocol.record_timeout(b);
    assert!(protocol.requests_break(), "taking it back was no switch");
}

#[test]
fn final_release_never_waits() {
    let mut protocol = GilProtocol::default();
    protocol.try_take(A);
    let b = waiting(&mut protocol, B);
    protocol.record_timeout(b);
    protocol.release_at_exit();
    assert_eq!(protocol.try_take(B), TakeOutcome::Taken);
    assert!(!protocol.requests_break(), "B's request is settled");
}

#[test]
fn stop_ends_every_wait() {
    let mut protocol = GilProtocol::default();
    protocol.try_take(A);
    let b = waiting(&mut protocol, B);
    protocol.record_timeout(b);
    assert!(protocol.release());
    protocol.stop();
    assert!(protocol.has_switched(A) && protocol.requests_break());
    assert_eq!(
        (protocol.try_take(A), protocol.try_take(B)),
        (TakeOutcome::Stopped, TakeOutcome::Stopped)
    );
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thread {
    /// In I/O or native code, or without a task.
    Without,
    /// In the timed wait.
    Waiting(TimedWait),
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
    protocol: GilProtocol,
    threads: Vec<Thread>,
}

impl Threads {
    fn new(threads: usize) -> Self {
        Self { protocol: GilProtocol::default(), threads: vec![Thread::Without; threads] }
    }

    fn step(&mut self, index: usize, what: Move) {
        let lane = LaneId(index as u16);
        self.threads[index] = match (self.threads[index], what) {
            (Thread::Without, Move::End) => Thread::Ended,
            (Thread::Without | Thread::Waiting(_), Move::GoOn) => self.take(lane),
            (Thread::Waiting(timed_wait), Move::TimeOut) => {
                self.protocol.record_timeout(timed_wait);
                self.take(lane)
            }
            (Thread::Holding, Move::GoOn) if self.protocol.is_stopped() => Thread::Without,
            (Thread::Holding, Move::GoOn) if self.protocol.requests_break() => {
                self.release(lane, true)
            }
            (Thread::Holding, Move::DoWithout) => self.release(lane, false),
            (Thread::Holding, Move::End) => {
                self.protocol.release_at_exit();
                Thread::Ended
            }
            (Thread::Forced { wants }, Move::GoOn) if self.protocol.has_switched(lane) => {
                if wants {
                    self.take(lane)
                } else {
                    Thread::Without
                }
            }
            (same, _) => same,
        };
    }

    fn take(&mut self, lane: LaneId) -> Thread {
        match self.protocol.try_take(lane) {
            TakeOutcome::Taken => Thread::Holding,
            TakeOutcome::Wait(timed_wait) => Thread::Waiting(timed_wait),
            TakeOutcome::Stopped => Thread::Ended,
        }
    }

    fn release(&mut self, lane: LaneId, wants: bool) -> Thread {
        match (self.protocol.release(), wants) {
            (true, _) => Thread::Forced { wants },
            (false, true) => self.take(lane),
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
        for (index, thread) in self.threads.iter().enumerate() {
            let stuck = matches!(thread, Thread::Forced { .. })
                && !self.protocol.has_switched(LaneId(index as u16));
            let others = self.count(|thread| matches!(thread, Thread::Waiting(_)));
            prop_assert!(!stuck || others > 0, "no thread wakes {index}: {:?}", self.threads);
            prop_assert!(!stuck || holders == 0, "{index} missed it: {:?}", self.threads);
        }
        Ok(())
    }

    /// Lets all threads work and end, one turn each at a time.
    fn drain(&mut self) -> bool {
        for turn in 0..10 * self.threads.len() {
            for index in 0..self.threads.len() {
                let ends = turn % 3 == 2;
                let what = match self.threads[index] {
                    Thread::Waiting(_) => Move::TimeOut,
                    Thread::Holding if ends => Move::End,
                    Thread::Without if self.protocol.is_stopped() => Move::End,
                    _ => Move::GoOn,
                };
                self.step(index, what);
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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Holds for any schedule of the threads, and for a stop at any moment.
    #[test]
    fn gil_has_at_most_one_holder_and_never_deadlocks(
        threads in 1..=5_usize,
        moves in moves(),
        stop in prop::option::of(0..200_usize),
    ) {
        let mut all = Threads::new(threads);
        for (at, &(index, what)) in moves.iter().enumerate() {
            if stop == Some(at) {
                all.protocol.stop();
            }
            all.step(index % threads, what);
            all.check()?;
        }
        prop_assert!(all.drain(), "{:?}", all.threads);
    }
}
