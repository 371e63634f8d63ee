//! The adaptive limit against failing services, in virtual time. Requests that wait to be retried are
//! not in flight.

use super::*;

/// The backoff: the mean of the first one, so that no long one dominates the time of a run.
const BACK_OFF: u64 = 250 * MILLI;

/// The failing requests of a service that handles eight at a time in 50 ms.
#[derive(Clone, Copy, Debug)]
enum FaultPattern {
    /// The first attempt of each of the first five pages, and every nth request.
    Every(u64),
    /// A random share, in per cent.
    PerCent(u64),
    /// Requests beyond eight in flight, which fail at once.
    Excess,
}

/// A page and the number of the attempt.
type Request = (u64, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RequestEvent {
    Ends { request: Request, sent: u64, well: bool },
    Again(Request),
}

/// A run with a fixed or an adaptive number of requests in flight.
struct FailingRun {
    failing: FaultPattern,
    chance: fastrand::Rng,
    adaptive_limit: Option<AdaptiveLimit>,
    workers: u64,
    requests: u64,
    in_flight: u64,
    backing_off: u64,
    now: u64,
    next: BinaryHeap<Reverse<(u64, RequestEvent)>>,
    /// The times at which each of the eight slots becomes free.
    free: BinaryHeap<Reverse<u64>>,
    reasons: Vec<ChangeReason>,
}

impl FailingRun {
    fn new(
        failing: FaultPattern,
        adaptive_limit: Option<AdaptiveLimit>,
        workers: u64,
        seed: u64,
    ) -> Self {
        Self {
            failing,
            chance: fastrand::Rng::with_seed(seed),
            adaptive_limit,
            workers,
            requests: 0,
            in_flight: 0,
            backing_off: 0,
            now: 0,
            next: BinaryHeap::new(),
            free: (0..8).map(|_| Reverse(0)).collect(),
            reasons: Vec::new(),
        }
    }

    /// Requests all pages.
    fn run(mut self, pages: u64) -> Self {
        let (mut waiting, mut begun) = (VecDeque::new(), 0);
        loop {
            while self.may_send() {
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

    fn may_send(&self) -> bool {
        self.in_flight
            < self
                .adaptive_limit
                .as_ref()
                .map_or(self.workers, |adaptive_limit| adaptive_limit.limit().into())
    }

    /// A fixed number of workers has at most as many open pages, including those that wait to retry.
    fn may_begin(&self) -> bool {
        self.adaptive_limit.is_some() || self.in_flight + self.backing_off < self.workers
    }

    fn send(&mut self, (page, time): Request) {
        self.requests += 1;
        self.in_flight += 1;
        let failed = match self.failing {
            FaultPattern::Every(nth) => {
                (page <= 5 && time == 1) || self.requests.is_multiple_of(nth)
            }
            FaultPattern::PerCent(share) => self.chance.u64(0..100) < share,
            FaultPattern::Excess => self.in_flight > 8,
        };
        let ends = if failed && matches!(self.failing, FaultPattern::Excess) {
            self.now + MILLI
        } else {
            let Reverse(free) = self.free.pop().unwrap();
            let ends = free.max(self.now) + 50 * MILLI;
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
                adaptive_limit.record_failure(sent, received, ChangeReason::ServerError)
            };
            self.reasons.extend(change.map(|(_, reason)| reason));
        }
    }
}

impl FaultPattern {
    fn run_adaptive(self, pages: u64, seed: u64) -> FailingRun {
        FailingRun::new(self, Some(AdaptiveLimit::new(64)), 64, seed).run(pages)
    }

    fn best_time(self, pages: u64) -> u64 {
        let fixed = |workers| FailingRun::new(self, None, workers, 1).run(pages).now;
        (1..=64).map(fixed).min().unwrap()
    }
}

#[test]
fn occasional_failures_do_not_keep_the_limit_low() {
    for seed in 0..20 {
        let shares =
            [(3, 130), (10, 150), (20, 200)].map(|(n, worst)| (FaultPattern::PerCent(n), worst));
        for (failing, worst) in [(FaultPattern::Every(10), 150)].into_iter().chain(shares) {
            let (duration, best) = (failing.run_adaptive(600, seed).now, failing.best_time(600));
            assert!(
                duration * 100 <= best * worst,
                "{failing:?}, seed {seed}: {duration} ns of {best} ns"
            );
        }
    }
}

#[test]
fn service_that_rejects_excess_gets_few_excess_requests() {
    let run = FaultPattern::Excess.run_adaptive(600, 1);
    assert!(run.now * 100 <= FaultPattern::Excess.best_time(600) * 130, "{} ns", run.now);
    assert!(run.requests <= 720, "{} requests", run.requests);
}

/// Each probe comes at least 32 rounds of four responses after the one before, however many failures
/// there are in between, and most probes complete.
#[test]
fn failures_do_not_make_probes_more_frequent() {
    for seed in 0..20 {
        for share in [3, 10, 20, 30] {
            let run = FaultPattern::PerCent(share).run_adaptive(2_000, seed);
            let count = |wanted| run.reasons.iter().filter(|&&reason| reason == wanted).count();
            let (probes, ended) = (count(ChangeReason::Probe), count(ChangeReason::ProbeEnd));
            assert!((1..=2_000 / 32 / 4).contains(&probes), "{share} %, seed {seed}: {probes}");
            assert!(share > 10 || ended * 2 >= probes, "{share} %, seed {seed}: {ended}");
        }
    }
}
