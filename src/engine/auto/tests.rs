//! The adaptive limit against services in virtual time, and against arbitrary input.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use proptest::prelude::*;

use super::*;

mod failing;

const MILLI: u64 = 1_000_000;

/// A service that handles `at_once` requests at a time, and queues the others in order of arrival.
#[derive(Clone, Copy, Debug)]
struct Service {
    at_once: usize,
    /// The time of a request in milliseconds, and its variation up or down in per cent.
    takes: u64,
    jitter: u64,
    seed: u64,
}

const FIFTY: Service = Service { at_once: 8, takes: 50, jitter: 0, seed: 1 };

/// The result of a run, in virtual time.
struct Went {
    took: u64,
    limits: Vec<u16>,
}

impl Went {
    fn end(&self) -> u16 {
        *self.limits.last().unwrap()
    }
}

impl Service {
    /// Requests `pages` pages. `limit` is called with each response, and returns the number of requests
    /// that may be in flight.
    fn ask(
        self,
        pages: u64,
        mut limit: impl FnMut(Option<(Exchange, u16)>) -> u16,
    ) -> (u64, Vec<u16>) {
        let mut chance = fastrand::Rng::with_seed(self.seed);
        let (mut queue, mut served) = (VecDeque::new(), BinaryHeap::new());
        let (mut now, mut asked, mut in_flight, mut allowed) = (0, 0, 0, limit(None));
        let mut limits = vec![allowed];
        loop {
            while in_flight < allowed && asked < pages {
                queue.push_back(now);
                (asked, in_flight) = (asked + 1, in_flight + 1);
            }
            while served.len() < self.at_once
                && let Some(sent) = queue.pop_front()
            {
                let share = 100 - self.jitter + chance.u64(0..=2 * self.jitter);
                served.push(Reverse((now + self.takes * MILLI * share / 100, sent)));
            }
            let Some(Reverse((done, sent))) = served.pop() else { return (now, limits) };
            now = done;
            let exchange = Exchange { sent: Nanos(sent), done: Nanos(done) };
            allowed = limit(Some((exchange, in_flight)));
            in_flight -= 1;
            limits.push(allowed);
        }
    }

    fn auto(self, pages: u64, most: u16) -> Went {
        let mut auto = Auto::new(most);
        let (took, limits) = self.ask(pages, |answer| {
            if let Some((exchange, in_flight)) = answer {
                auto.answered(exchange, in_flight);
            }
            auto.limit()
        });
        Went { took, limits }
    }

    fn fixed(self, pages: u64, workers: u16) -> u64 {
        self.ask(pages, |_| workers).0
    }

    fn best(self, pages: u64) -> u64 {
        (1..=64).map(|workers| self.fixed(pages, workers)).min().unwrap()
    }
}

/// 60 pages of 50 ms from a service that handles 8 at a time.
#[test]
fn limit_converges_to_the_capacity_of_the_service_at_little_cost() {
    let went = FIFTY.auto(60, 60);
    assert_eq!((went.end(), went.limits.iter().max()), (9, Some(&16)));
    assert!(went.took * 100 <= FIFTY.best(60) * 115, "{} ns", went.took);
    // It stays there in longer runs.
    for pages in [120, 600, 6_000] {
        let end = FIFTY.auto(pages, 64).end();
        assert!((7..=10).contains(&end), "{end} after {pages} pages");
    }
}

#[test]
fn limit_converges_for_any_capacity() {
    for (at_once, ends) in [(1, 1..=5), (3, 3..=6), (20, 20..=26), (1_000, 64..=64)] {
        let service = Service { at_once, ..FIFTY };
        let went = service.auto(600, 64);
        assert!(ends.contains(&went.end()), "{at_once} at once: {}", went.end());
        // The first rounds cost little of 600 pages, except against a service without a limit.
        let worst = if at_once > 64 { 135 } else { 115 };
        assert!(went.took * 100 <= service.best(600) * worst, "{at_once} at once");
    }
}

#[test]
fn jitter_is_not_taken_for_a_queue() {
    for seed in 0..40 {
        for jitter in [1, 10] {
            let service = Service { jitter, seed, ..FIFTY };
            let went = service.auto(60, 60);
            let end = went.end();
            assert!((7..=10).contains(&end), "{end} with {jitter} %, seed {seed}");
            assert!(went.took * 100 <= service.best(60) * 115, "{jitter} %, seed {seed}");
        }
        let wide = Service { at_once: 1_000, jitter: 10, seed, ..FIFTY };
        assert_eq!(wide.auto(600, 64).end(), 64, "seed {seed}");
    }
}

/// A service that becomes slower has no longer queue because of that, as the next probe shows.
#[test]
fn probes_detect_a_slower_service() {
    let mut auto = Auto::new(64);
    let mut whys = Vec::new();
    let mut now = 0;
    for round in 0..100 {
        let takes = if round < 20 { 50 } else { 100 } * MILLI;
        for _ in 0..auto.limit().max(4) {
            let exchange = Exchange { sent: Nanos(now), done: Nanos(now + takes) };
            whys.extend(auto.answered(exchange, auto.limit()).map(|(_, why)| why));
        }
        now += takes;
    }
    assert_eq!(whys.iter().filter(|&&why| why == Why::Probe).count(), 3);
    assert_eq!(auto.limit(), 64, "{whys:?}");
}

fn answer(auto: &mut Auto, sent: u64, done: u64) -> Option<Change> {
    let exchange = Exchange { sent: Nanos(sent * MILLI), done: Nanos(done * MILLI) };
    auto.answered(exchange, auto.limit())
}

/// Eight workers meet the same failure; only requests sent after the halving count again.
#[test]
fn failures_halve_once_a_round_then_growth_is_linear() {
    for why in [Why::RateLimit, Why::ServerError, Why::TimedOut, Why::Broken] {
        let mut auto = Auto::new(64);
        let grown = (0..4).filter_map(|_| answer(&mut auto, 0, 50)).last();
        assert_eq!(grown, Some((8, Why::NoQueue { tenths: 0 })));
        let fail = |auto: &mut Auto, sent: u64| {
            let failures = (0..8).map(|late| auto.failed(Nanos(sent), Nanos(sent + late), why));
            failures.flatten().collect::<Vec<_>>()
        };
        assert_eq!(fail(&mut auto, 50), [(4, why)]);
        for round in 0..3_u64 {
            let start = 100 * (round + 1);
            let wanted = auto.limit();
            let steps = (0..wanted).filter_map(|_| answer(&mut auto, start, start + 50));
            assert_eq!(steps.collect::<Vec<_>>(), [(wanted + 1, Why::NoQueue { tenths: 0 })]);
        }
        assert_eq!(fail(&mut auto, 500 * MILLI), [(3, why)]);
    }
}

/// Server errors count as chance up to half of the limit per round; rate limits and timeouts halve the
/// limit at once.
#[test]
fn few_failures_per_round_keep_the_limit() {
    for why in [Why::ServerError, Why::Broken] {
        let mut auto = Auto::new(64);
        let mut fail = |sent| auto.failed(Nanos(sent), Nanos(sent), why);
        assert_eq!((fail(1), fail(2), fail(3)), (None, None, Some((2, why))));
    }
    for why in [Why::RateLimit, Why::TimedOut] {
        assert_eq!(Auto::new(64).failed(Nanos(1), Nanos(1), why), Some((2, why)));
    }
}

/// A failure during a probe halves the limit from before the probe.
#[test]
fn failure_during_a_probe_halves_once() {
    let mut auto = Auto::new(4);
    let mut round = 0;
    let probes = |(_, why)| why == Why::Probe;
    while !(0..4).filter_map(|_| answer(&mut auto, round, round + 50)).any(probes) {
        round += 50;
    }
    assert_eq!(auto.limit(), 2);
    let sent = Nanos((round + 51) * MILLI);
    assert_eq!((auto.failed(sent, sent, Why::TimedOut), auto.limit()), (None, 2));
}

#[test]
fn remaining_quota_caps_the_limit_until_it_resets() {
    let quota = |remaining, reset| Quota { limit: 60, remaining, reset };
    let mut auto = Auto::new(64);
    assert_eq!((auto.left(quota(3, 9)), auto.left(quota(5, 9))), (Some((3, Why::Quota)), None));
    assert_eq!((auto.left(quota(0, 9)), auto.limit()), (Some((1, Why::Quota)), 1));
    assert_eq!(auto.left(quota(59, 10)), Some((4, Why::Quota)));
}

/// An input of the adaptive limit.
#[derive(Clone, Copy, Debug)]
enum Next {
    Answer { took: u64, in_flight: u16 },
    Failure,
    Left(u32),
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        8 => (0..400_u64, 0..100_u16).prop_map(|(took, in_flight)| Next::Answer { took, in_flight }),
        1 => Just(Next::Failure),
        1 => (0..80_u32).prop_map(Next::Left),
    ]
}

proptest! {
    #[test]
    fn limit_stays_in_range_and_grows_only_when_used(
        most in 0..80_u16,
        what in prop::collection::vec(next(), 0..400),
    ) {
        let mut auto = Auto::new(most);
        let (mut now, mut reset, mut busiest) = (0, 0, 0);
        for next in what {
            let before = auto.limit();
            now += 1;
            let change = match next {
                Next::Answer { took, in_flight } => {
                    let sent = Nanos((now * 400_u64).saturating_sub(took));
                    busiest = busiest.max(in_flight);
                    auto.answered(Exchange { sent, done: Nanos(now * 400) }, in_flight)
                }
                Next::Failure => auto.failed(Nanos(now * 400), Nanos(now * 400), Why::Broken),
                Next::Left(remaining) => {
                    reset += 1;
                    auto.left(Quota { limit: 80, remaining, reset })
                }
            };
            let after = auto.limit();
            prop_assert!((1..=most.max(1)).contains(&after), "{after} of {most}");
            prop_assert_eq!(change.map(|(limit, _)| limit), (after != before).then_some(after));
            if let Some((_, Why::NoQueue { .. })) = change {
                prop_assert!(after > before && busiest >= before.div_ceil(2));
            }
            // A change because of the quota does not end the round.
            if change.is_some_and(|(_, why)| why != Why::Quota) {
                busiest = 0;
            }
        }
    }
}
