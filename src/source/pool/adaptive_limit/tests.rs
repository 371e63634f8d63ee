//! The adaptive limit against services in virtual time, and against arbitrary input.

mod refusals;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use proptest::prelude::*;

use super::*;

const MILLI: u64 = 1_000_000;

/// The backoff: the mean of the first one, so that no long one dominates the time of a run.
const BACK_OFF: u64 = 250 * MILLI;

/// A service that handles `capacity` requests at a time, and queues the others in order of arrival.
#[derive(Clone, Copy, Debug)]
struct Service {
    capacity: usize,
    /// The time of a request in milliseconds, and its variation up or down in per cent.
    latency: u64,
    jitter: u64,
    seed: u64,
    faults: FaultPattern,
}

const FIFTY: Service =
    Service { capacity: 8, latency: 50, jitter: 0, seed: 1, faults: FaultPattern::None };

/// The failing requests of a service.
#[derive(Clone, Copy, Debug)]
enum FaultPattern {
    None,
    /// The first attempt of each of the first five pages, and every nth request.
    Every(u64),
    /// A random share, in per cent.
    PerCent(u64),
    /// Requests beyond eight in flight, which fail at once.
    Excess,
    /// Requests beyond six in flight, which the server refuses at once with a secondary limit.
    Refusal,
}

/// A page and the number of the attempt.
type Request = (u64, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RequestEvent {
    Ends { request: Request, sent: u64, well: bool },
    Again(Request),
}

/// A run with a fixed or an adaptive number of requests in flight. Requests that wait to be retried
/// are not in flight.
struct ServiceRun {
    service: Service,
    chance: fastrand::Rng,
    adaptive_limit: Option<AdaptiveLimit>,
    workers: u64,
    requests: u64,
    in_flight: u64,
    backing_off: u64,
    now: u64,
    next: BinaryHeap<Reverse<(u64, RequestEvent)>>,
    /// The times at which each slot of the service becomes free.
    free: BinaryHeap<Reverse<u64>>,
    limits: Vec<u64>,
    reasons: Vec<ChangeReason>,
}

impl Service {
    fn run(self, pages: u64, adaptive_limit: Option<AdaptiveLimit>, workers: u64) -> ServiceRun {
        let run = ServiceRun {
            service: self,
            chance: fastrand::Rng::with_seed(self.seed),
            adaptive_limit,
            workers,
            requests: 0,
            in_flight: 0,
            backing_off: 0,
            now: 0,
            next: BinaryHeap::new(),
            free: (0..self.capacity).map(|_| Reverse(0)).collect(),
            limits: Vec::new(),
            reasons: Vec::new(),
        };
        run.request_pages(pages)
    }

    fn run_adaptive(self, pages: u64, max: u16) -> ServiceRun {
        self.run(pages, Some(AdaptiveLimit::new(max)), max.into())
    }

    fn best_time(self, pages: u64) -> u64 {
        (1..=64).map(|workers| self.run(pages, None, workers).now).min().unwrap()
    }
}

impl ServiceRun {
    fn request_pages(mut self, pages: u64) -> Self {
        let (mut waiting, mut begun) = (VecDeque::new(), 0);
        loop {
            self.limits.push(self.limit());
            while self.in_flight < self.limit() {
                if waiting.is_empty() && begun < pages && self.may_begin() {
                    begun += 1;
                    waiting.push_back((begun, 1));
                }
                let Some(request) = waiting.pop_front() else { break };
                self.send(request);
            }
            let Some(Reverse((at, next))) = self.next.pop() else { return self };
            self.now = at;
            match next {
                RequestEvent::Again(request) => {
                    self.backing_off -= 1;
                    waiting.push_back(request);
                }
                RequestEvent::Ends { request, sent, well } => self.end(request, sent, well),
            }
        }
    }

    fn limit(&self) -> u64 {
        self.adaptive_limit.as_ref().map_or(self.workers, |limit| limit.limit().into())
    }

    fn last_limit(&self) -> u64 {
        *self.limits.last().unwrap()
    }

    /// A fixed number of workers has at most as many open pages, including those that wait to retry.
    fn may_begin(&self) -> bool {
        self.adaptive_limit.is_some() || self.in_flight + self.backing_off < self.workers
    }

    fn send(&mut self, (page, time): Request) {
        self.requests += 1;
        self.in_flight += 1;
        let failed = match self.service.faults {
            FaultPattern::None => false,
            FaultPattern::Every(nth) => {
                (page <= 5 && time == 1) || self.requests.is_multiple_of(nth)
            }
            FaultPattern::PerCent(share) => self.chance.u64(0..100) < share,
            FaultPattern::Excess => self.in_flight > 8,
            FaultPattern::Refusal => self.in_flight > 6,
        };
        let is_quick = matches!(self.service.faults, FaultPattern::Excess | FaultPattern::Refusal);
        let ends = if failed && is_quick {
            self.now + MILLI
        } else {
            let Service { latency, jitter, .. } = self.service;
            let share = match jitter {
                0 => 100,
                _ => 100 - jitter + self.chance.u64(0..=2 * jitter),
            };
            let Reverse(free) = self.free.pop().unwrap();
            let ends = free.max(self.now) + latency * MILLI * share / 100;
            self.free.push(Reverse(ends));
            ends
        };
        let ended = RequestEvent::Ends { request: (page, time), sent: self.now, well: !failed };
        self.next.push(Reverse((ends, ended)));
    }

    fn end(&mut self, (page, time): Request, sent: u64, well: bool) {
        let (sent, received) = (Nanos(sent), Nanos(self.now));
        let in_flight = self.in_flight as u16;
        self.in_flight -= 1;
        if !well {
            self.backing_off += 1;
            self.next.push(Reverse((self.now + BACK_OFF, RequestEvent::Again((page, time + 1)))));
        }
        if let Some(adaptive_limit) = &mut self.adaptive_limit {
            let change = if well {
                adaptive_limit.record_response(RequestTiming { sent, received }, in_flight)
            } else {
                let reason = match self.service.faults {
                    FaultPattern::Refusal => ChangeReason::RateLimit,
                    _ => ChangeReason::ServerError,
                };
                adaptive_limit.record_failure(sent, received, reason)
            };
            self.reasons.extend(change.map(|update| update.reason));
        }
    }
}

/// 60 pages of 50 ms from a service that handles 8 at a time.
#[test]
fn limit_converges_to_the_capacity_of_the_service_at_little_cost() {
    let run = FIFTY.run_adaptive(60, 60);
    assert_eq!((run.last_limit(), run.limits.iter().max()), (9, Some(&16)));
    assert!(run.now * 100 <= FIFTY.best_time(60) * 115, "{} ns", run.now);
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
        assert!(run.now * 100 <= service.best_time(600) * worst, "{capacity} at once");
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
            assert!(run.now * 100 <= service.best_time(60) * 115, "{jitter} %, seed {seed}");
        }
        let wide = Service { capacity: 1_000, jitter: 10, seed, ..FIFTY };
        assert_eq!(wide.run_adaptive(600, 64).last_limit(), 64, "seed {seed}");
    }
}

#[test]
fn occasional_failures_do_not_keep_the_limit_low() {
    for seed in 0..20 {
        let shares =
            [(3, 130), (10, 150), (20, 200)].map(|(n, worst)| (FaultPattern::PerCent(n), worst));
        for (failing, worst) in [(FaultPattern::Every(10), 150)].into_iter().chain(shares) {
            let service = Service { faults: failing, ..FIFTY };
            let duration = Service { seed, ..service }.run_adaptive(600, 64).now;
            let best = service.best_time(600);
            assert!(
                duration * 100 <= best * worst,
                "{failing:?}, seed {seed}: {duration} ns of {best} ns"
            );
        }
    }
}

#[test]
fn service_that_rejects_excess_gets_few_excess_requests() {
    let service = Service { faults: FaultPattern::Excess, ..FIFTY };
    let run = service.run_adaptive(600, 64);
    assert!(run.now * 100 <= service.best_time(600) * 130, "{} ns", run.now);
    assert!(run.requests <= 720, "{} requests", run.requests);
}

/// Each probe comes at least 32 rounds of four responses after the one before, however many failures
/// there are in between, and most probes complete.
#[test]
fn failures_do_not_make_probes_more_frequent() {
    for seed in 0..20 {
        for share in [3, 10, 20, 30] {
            let service = Service { faults: FaultPattern::PerCent(share), seed, ..FIFTY };
            let run = service.run_adaptive(2_000, 64);
            let count = |wanted| run.reasons.iter().filter(|&&reason| reason == wanted).count();
            let (probes, ended) = (count(ChangeReason::Probe), count(ChangeReason::ProbeEnd));
            assert!((1..=2_000 / 32 / 4).contains(&probes), "{share} %, seed {seed}: {probes}");
            assert!(share > 10 || ended * 2 >= probes, "{share} %, seed {seed}: {ended}");
        }
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
                    .map(|update| update.reason),
            );
        }
        now += takes;
    }
    assert_eq!(reasons.iter().filter(|&&reason| reason == ChangeReason::Probe).count(), 3);
    assert_eq!(adaptive_limit.limit(), 64, "{reasons:?}");
}

const fn update(max_in_flight: u16, reason: ChangeReason) -> LimitUpdate {
    LimitUpdate { max_in_flight, reason }
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
        assert_eq!(grown, Some(update(8, ChangeReason::NoQueue { tenths: 0 })));
        let fail = |adaptive_limit: &mut AdaptiveLimit, sent: u64| {
            let failures = (0..8)
                .map(|late| adaptive_limit.record_failure(Nanos(sent), Nanos(sent + late), reason));
            failures.flatten().collect::<Vec<_>>()
        };
        assert_eq!(fail(&mut adaptive_limit, 50), [update(4, reason)]);
        for round in 0..3_u64 {
            let start = 100 * (round + 1);
            let wanted = adaptive_limit.limit();
            let steps = (0..wanted).filter_map(|_| answer(&mut adaptive_limit, start, start + 50));
            assert_eq!(
                steps.collect::<Vec<_>>(),
                [update(wanted + 1, ChangeReason::NoQueue { tenths: 0 })]
            );
        }
        assert_eq!(fail(&mut adaptive_limit, 500 * MILLI), [update(3, reason)]);
    }
}

/// Server errors count as chance up to half of the limit per round; rate limits and timeouts halve the
/// limit at once.
#[test]
fn few_failures_per_round_keep_the_limit() {
    for reason in [ChangeReason::ServerError, ChangeReason::Broken] {
        let mut adaptive_limit = AdaptiveLimit::new(64);
        let mut fail = |sent| adaptive_limit.record_failure(Nanos(sent), Nanos(sent), reason);
        assert_eq!((fail(1), fail(2), fail(3)), (None, None, Some(update(2, reason))));
    }
    for reason in [ChangeReason::RateLimit, ChangeReason::TimedOut] {
        assert_eq!(
            AdaptiveLimit::new(64).record_failure(Nanos(1), Nanos(1), reason),
            Some(update(2, reason))
        );
    }
}

/// A failure during a probe halves the limit from before the probe.
#[test]
fn failure_during_a_probe_halves_once() {
    let mut adaptive_limit = AdaptiveLimit::new(4);
    let mut round = 0;
    let probes = |update: LimitUpdate| update.reason == ChangeReason::Probe;
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
        (Some(update(3, ChangeReason::Quota)), None)
    );
    assert_eq!(
        (adaptive_limit.update_quota(quota(0, 9)), adaptive_limit.limit()),
        (Some(update(1, ChangeReason::Quota)), 1)
    );
    assert_eq!(adaptive_limit.update_quota(quota(59, 10)), Some(update(4, ChangeReason::Quota)));
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
            prop_assert_eq!(change.map(|update| update.max_in_flight), (after != before).then_some(after));
            if let Some(LimitUpdate { reason: ChangeReason::NoQueue { .. }, .. }) = change {
                prop_assert!(after > before && busiest >= before.div_ceil(2));
            }
            // A change because of the quota does not end the round.
            if change.is_some_and(|update| update.reason != ChangeReason::Quota) {
                busiest = 0;
            }
        }
    }
}
