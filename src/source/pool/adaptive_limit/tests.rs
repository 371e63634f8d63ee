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
    capacity: usize,
    /// The time of a request in milliseconds, and its variation up or down in per cent.
    latency: u64,
    jitter: u64,
    seed: u64,
}

const FIFTY: Service = Service { capacity: 8, latency: 50, jitter: 0, seed: 1 };

/// The result of a run, in virtual time.
struct ServiceRun {
    duration: u64,
    limits: Vec<u16>,
}

impl ServiceRun {
    fn last_limit(&self) -> u16 {
        *self.limits.last().unwrap()
    }
}

impl Service {
    /// Requests `pages` pages. `limit` is called with each response, and returns the number of requests
    /// that may be in flight.
    fn request_pages(
        self,
        pages: u64,
        mut limit: impl FnMut(Option<(RequestTiming, u16)>) -> u16,
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
            while served.len() < self.capacity
                && let Some(sent) = queue.pop_front()
            {
                let share = 100 - self.jitter + chance.u64(0..=2 * self.jitter);
                served.push(Reverse((now + self.latency * MILLI * share / 100, sent)));
            }
            let Some(Reverse((done, sent))) = served.pop() else { return (now, limits) };
            now = done;
            let timing = RequestTiming { sent: Nanos(sent), received: Nanos(done) };
            allowed = limit(Some((timing, in_flight)));
            in_flight -= 1;
            limits.push(allowed);
        }
    }

    fn run_adaptive(self, pages: u64, max: u16) -> ServiceRun {
        let mut adaptive_limit = AdaptiveLimit::new(max);
        let (duration, limits) = self.request_pages(pages, |answer| {
            if let Some((timing, in_flight)) = answer {
                adaptive_limit.record_response(timing, in_flight);
            }
            adaptive_limit.limit()
        });
        ServiceRun { duration, limits }
    }

    fn run_fixed(self, pages: u64, workers: u16) -> u64 {
        self.request_pages(pages, |_| workers).0
    }

    fn best_time(self, pages: u64) -> u64 {
        (1..=64).map(|workers| self.run_fixed(pages, workers)).min().unwrap()
    }
}

/// 60 pages of 50 ms from a service that handles 8 at a time.
#[test]
fn limit_converges_to_the_capacity_of_the_service_at_little_cost() {
    let run = FIFTY.run_adaptive(60, 60);
    assert_eq!((run.last_limit(), run.limits.iter().max()), (9, Some(&16)));
    assert!(run.duration * 100 <= FIFTY.best_time(60) * 115, "{} ns", run.duration);
    // It stays there in longer runs.
    for pages in [120, 600, 6_000] {
        let end = FIFTY.run_adaptive(pages, 64).last_limit();
        assert!((7..=10).contains(&end), "{end} after {pages} pages");
    }
}

#[test]
fn limit_converges_for_any_capacity() {
    for (capacity, ends) in [(1, 1..=5), (3, 3..=6), (20, 20..=26), (1_000, 64..=64)] {
        let service = Service { capacity, ..FIFTY };
        let run = service.run_adaptive(600, 64);
        assert!(ends.contains(&run.last_limit()), "{capacity} at once: {}", run.last_limit());
        // The first rounds cost little of 600 pages, except against a service without a limit.
        let worst = if capacity > 64 { 135 } else { 115 };
        assert!(run.duration * 100 <= service.best_time(600) * worst, "{capacity} at once");
    }
}

#[test]
fn jitter_is_not_taken_for_a_queue() {
    for seed in 0..40 {
        for jitter in [1, 10] {
            let service = Service { jitter, seed, ..FIFTY };
            let run = service.run_adaptive(60, 60);
            let end = run.last_limit();
            assert!((7..=10).contains(&end), "{end} with {jitter} %, seed {seed}");
            assert!(run.duration * 100 <= service.best_time(60) * 115, "{jitter} %, seed {seed}");
        }
        let wide = Service { capacity: 1_000, jitter: 10, seed, ..FIFTY };
        assert_eq!(wide.run_adaptive(600, 64).last_limit(), 64, "seed {seed}");
    }
}

/// A service that becomes slower has no longer queue because of that, as the next probe shows.
#[test]
fn probes_detect_a_slower_service() {
    let mut adaptive_limit = AdaptiveLimit::new(64);
    let mut reasons = Vec::new();
    let mut now = 0;
    for round in 0..100 {
        let takes = if round < 20 { 50 } else { 100 } * MILLI;
        for _ in 0..adaptive_limit.limit().max(4) {
            let timing = RequestTiming { sent: Nanos(now), received: Nanos(now + takes) };
            reasons.extend(
                adaptive_limit
                    .record_response(timing, adaptive_limit.limit())
                    .map(|(_, reason)| reason),
            );
        }
        now += takes;
    }
    assert_eq!(reasons.iter().filter(|&&reason| reason == ChangeReason::Probe).count(), 3);
    assert_eq!(adaptive_limit.limit(), 64, "{reasons:?}");
}

fn answer(adaptive_limit: &mut AdaptiveLimit, sent: u64, done: u64) -> Option<LimitUpdate> {
    let timing = RequestTiming { sent: Nanos(sent * MILLI), received: Nanos(done * MILLI) };
    adaptive_limit.record_response(timing, adaptive_limit.limit())
}

/// Eight workers meet the same failure; only requests sent after the halving count again.
#[test]
fn failures_halve_once_a_round_then_growth_is_linear() {
    for reason in [
        ChangeReason::RateLimit,
        ChangeReason::ServerError,
        ChangeReason::TimedOut,
        ChangeReason::Broken,
    ] {
        let mut adaptive_limit = AdaptiveLimit::new(64);
        let grown = (0..4).filter_map(|_| answer(&mut adaptive_limit, 0, 50)).last();
        assert_eq!(grown, Some((8, ChangeReason::NoQueue { tenths: 0 })));
        let fail = |adaptive_limit: &mut AdaptiveLimit, sent: u64| {
            let failures = (0..8)
                .map(|late| adaptive_limit.record_failure(Nanos(sent), Nanos(sent + late), reason));
            failures.flatten().collect::<Vec<_>>()
        };
        assert_eq!(fail(&mut adaptive_limit, 50), [(4, reason)]);
        for round in 0..3_u64 {
            let start = 100 * (round + 1);
            let wanted = adaptive_limit.limit();
            let steps = (0..wanted).filter_map(|_| answer(&mut adaptive_limit, start, start + 50));
            assert_eq!(
                steps.collect::<Vec<_>>(),
                [(wanted + 1, ChangeReason::NoQueue { tenths: 0 })]
            );
        }
        assert_eq!(fail(&mut adaptive_limit, 500 * MILLI), [(3, reason)]);
    }
}

/// Server errors count as chance up to half of the limit per round; rate limits and timeouts halve the
/// limit at once.
#[test]
fn few_failures_per_round_keep_the_limit() {
    for reason in [ChangeReason::ServerError, ChangeReason::Broken] {
        let mut adaptive_limit = AdaptiveLimit::new(64);
        let mut fail = |sent| adaptive_limit.record_failure(Nanos(sent), Nanos(sent), reason);
        assert_eq!((fail(1), fail(2), fail(3)), (None, None, Some((2, reason))));
    }
    for reason in [ChangeReason::RateLimit, ChangeReason::TimedOut] {
        assert_eq!(
            AdaptiveLimit::new(64).record_failure(Nanos(1), Nanos(1), reason),
            Some((2, reason))
        );
    }
}

/// A failure during a probe halves the limit from before the probe.
#[test]
fn failure_during_a_probe_halves_once() {
    let mut adaptive_limit = AdaptiveLimit::new(4);
    let mut round = 0;
    let probes = |(_, reason)| reason == ChangeReason::Probe;
    while !(0..4).filter_map(|_| answer(&mut adaptive_limit, round, round + 50)).any(probes) {
        round += 50;
    }
    assert_eq!(adaptive_limit.limit(), 2);
    let sent = Nanos((round + 51) * MILLI);
    assert_eq!(
        (adaptive_limit.record_failure(sent, sent, ChangeReason::TimedOut), adaptive_limit.limit()),
        (None, 2)
    );
}

#[test]
fn remaining_quota_caps_the_limit_until_it_resets() {
    let quota = |remaining, reset| Quota { limit: 60, remaining, reset };
    let mut adaptive_limit = AdaptiveLimit::new(64);
    assert_eq!(
        (adaptive_limit.update_quota(quota(3, 9)), adaptive_limit.update_quota(quota(5, 9))),
        (Some((3, ChangeReason::Quota)), None)
    );
    assert_eq!(
        (adaptive_limit.update_quota(quota(0, 9)), adaptive_limit.limit()),
        (Some((1, ChangeReason::Quota)), 1)
    );
    assert_eq!(adaptive_limit.update_quota(quota(59, 10)), Some((4, ChangeReason::Quota)));
}

/// An input of the adaptive limit.
#[derive(Clone, Copy, Debug)]
enum ServiceEvent {
    Answer { duration: u64, in_flight: u16 },
    Failure,
    Left(u32),
}

fn next() -> impl Strategy<Value = ServiceEvent> {
    prop_oneof![
        8 => (0..400_u64, 0..100_u16).prop_map(|(duration, in_flight)| ServiceEvent::Answer { duration, in_flight }),
        1 => Just(ServiceEvent::Failure),
        1 => (0..80_u32).prop_map(ServiceEvent::Left),
    ]
}

proptest! {
    #[test]
    fn limit_stays_in_range_and_grows_only_when_used(
        most in 0..80_u16,
        what in prop::collection::vec(next(), 0..400),
    ) {
        let mut adaptive_limit = AdaptiveLimit::new(most);
        let (mut now, mut reset, mut busiest) = (0, 0, 0);
        for next in what {
            let before = adaptive_limit.limit();
            now += 1;
            let change = match next {
                ServiceEvent::Answer { duration, in_flight } => {
                    let sent = Nanos((now * 400_u64).saturating_sub(duration));
                    busiest = busiest.max(in_flight);
                    adaptive_limit.record_response(RequestTiming { sent, received: Nanos(now * 400) }, in_flight)
                }
                ServiceEvent::Failure => adaptive_limit.record_failure(Nanos(now * 400), Nanos(now * 400), ChangeReason::Broken),
                ServiceEvent::Left(remaining) => {
                    reset += 1;
                    adaptive_limit.update_quota(Quota { limit: 80, remaining, reset })
                }
            };
            let after = adaptive_limit.limit();
            prop_assert!((1..=most.max(1)).contains(&after), "{after} of {most}");
            prop_assert_eq!(change.map(|(limit, _)| limit), (after != before).then_some(after));
            if let Some((_, ChangeReason::NoQueue { .. })) = change {
                prop_assert!(after > before && busiest >= before.div_ceil(2));
            }
            // A change because of the quota does not end the round.
            if change.is_some_and(|(_, reason)| reason != ChangeReason::Quota) {
                busiest = 0;
            }
        }
    }
}
