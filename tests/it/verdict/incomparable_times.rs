//! Times that are not comparable: a rate limit held back a run, or something slowed the sequential one.

use threadline::analysis::verdict::{Verdict, efficiency_percent};
use threadline::analysis::{RateLimitHold, stats};
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, LimitKind, Mode, Nanos, Plan,
    Product, ReachedLimit, Run, RunOutcome, State, TaskId, TaskOutcome,
};

use super::followers;

/// The number of pages of every run.
const PAGES: u32 = 12;

/// A run whose lanes fetch their pages one after another.
struct RunFixture<'a> {
    mode: Mode,
    workers: u16,
    /// The duration of a page in milliseconds.
    page: u64,
    /// The idle time after a page in milliseconds.
    pause: u64,
    /// The reason why the second page of a lane waits for another attempt.
    reason: FailureKind,
    /// The length of that wait in milliseconds, for each of the first lanes.
    waits: &'a [u64],
}

const SEQUENTIAL: RunFixture<'_> = RunFixture {
    mode: Mode::Sequential,
    workers: 1,
    page: 1_000,
    pause: 0,
    reason: FailureKind::RateLimited,
    waits: &[],
};

const THREADS: RunFixture<'_> = RunFixture { mode: Mode::Threads, workers: 4, ..SEQUENTIAL };

impl RunFixture<'_> {
    /// Returns the events of a lane with their times in milliseconds.
    fn lane_events(&self, lane: u16) -> Vec<(u64, EventKind)> {
        let wait = self.waits.get(usize::from(lane)).copied().unwrap_or_default();
        let (mut at, mut events) = (0, Vec::new());
        for (place, page) in (u32::from(lane)..PAGES).step_by(self.workers.into()).enumerate() {
            let task = TaskId(page + 1);
            events.push((at, EventKind::TaskStarted { task }));
            if place == 1 && wait > 0 {
                let (failure, retry_at) =
                    (Failure::new(self.reason, "refused"), Nanos::from_millis(at + wait));
                events.push((at, EventKind::AttemptFailed { task, failure, retry_at }));
                if self.reason == FailureKind::RateLimited {
                    let limit =
                        ReachedLimit { kind: LimitKind::Secondary, until: retry_at, until_utc: 0 };
                    events.push((at, EventKind::RateLimited(limit)));
                }
                at += wait;
                events.push((at, EventKind::TaskRetried { task }));
            }
            events.push((at, EventKind::StateEntered { state: State::Waiting }));
            at += self.page;
            let done = Completion { response: None, product: Product::PastLastPage };
            let outcome = TaskOutcome::Done(done);
            events.push((at, EventKind::TaskFinished { task, outcome }));
            at += self.pause;
        }
        events
    }

    fn run(&self) -> Run {
        let plan = Plan::new(followers(), self.mode, self.workers, PAGES);
        let mut run = Run::opened(plan.clone());
        let mut events = vec![(0, LaneId(0), EventKind::RunStarted { plan })];
        for lane in 0..self.workers {
            let own = self.lane_events(lane).into_iter();
            events.extend(own.map(|(at, kind)| (at, LaneId(lane), kind)));
        }
        events.sort_by_key(|&(at, ..)| at);
        let end = events.last().unwrap().0;
        events.push((
            end,
            LaneId(0),
            EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
        ));
        for (at, lane, kind) in events {
            run.apply(&Event { at: Nanos::from_millis(at), lane, kind });
        }
        assert!(run.is_complete());
        run
    }
}

/// Returns the sentence and the checks about these runs.
fn conclude(fixtures: &[RunFixture<'_>]) -> (String, String) {
    let runs: Vec<Run> = fixtures.iter().map(RunFixture::run).collect();
    let conclusion = Verdict::new(&runs, None).conclusion().unwrap();
    (conclusion.sentence(), conclusion.checks())
}

#[test]
fn sequential_run_behind_a_limit_is_no_baseline() {
    let sequential = RunFixture { waits: &[4_000], ..SEQUENTIAL };
    let (sentence, checks) = conclude(&[sequential, THREADS]);
    let held = "Not comparable: sequential was held back 4.0 s by a rate limit";
    assert_eq!(sentence, format!("{held} (without: 4.0x)"));
    assert!(!checks.contains("efficiency"), "{checks}");
}

#[test]
fn threads_that_stood_still_together_would_have_had_a_speed_up() {
    let threads = RunFixture { waits: &[2_000; 4], ..THREADS };
    let (sentence, _) = conclude(&[SEQUENTIAL, threads]);
    let held = "Not comparable: 4 threads were held back 2.0 s by a rate limit";
    assert_eq!(sentence, format!("{held} (without: 4.0x)"));
}

#[test]
fn no_figure_is_derived_if_only_some_threads_stood_still() {
    let threads = RunFixture { waits: &[2_000, 500], ..THREADS };
    let (sentence, _) = conclude(&[SEQUENTIAL, threads]);
    assert_eq!(sentence, "Not comparable: 4 threads were held back 2.0 s by a rate limit");
}

#[test]
fn every_run_behind_a_limit_is_named() {
    let sequential = RunFixture { waits: &[500], ..SEQUENTIAL };
    let threads = RunFixture { waits: &[2_000; 4], ..THREADS };
    let gil = RunFixture { mode: Mode::Gil, ..THREADS };
    let (sentence, _) = conclude(&[sequential, threads, gil]);
    assert_eq!(
        sentence,
        "Not comparable: sequential was held back 500 ms by a rate limit, 4 threads 2.0 s \
         (without: 4 threads 4.0x, 4 GIL threads 4.0x)"
    );
}

#[test]
fn runs_without_a_limit_are_still_compared() {
    let threads = RunFixture { waits: &[2_000; 4], ..THREADS };
    let gil = RunFixture { mode: Mode::Gil, ..THREADS };
    let (sentence, _) = conclude(&[SEQUENTIAL, threads, gil]);
    assert_eq!(
        sentence,
        "Not comparable: 4 threads were held back 2.0 s by a rate limit (without: 4.0x); \
         4 GIL threads were 4.0x faster: they waited for the server side by side"
    );
}

#[test]
fn more_workers_are_not_suggested_against_a_limit() {
    let options = |waits| {
        let runs = [SEQUENTIAL.run(), RunFixture { waits, ..THREADS }.run()];
        Verdict::new(&runs, None).conclusion().unwrap().options_text()
    };
    assert!(options(&[]).contains("workers (--threads "), "{}", options(&[]));
    assert_eq!(options(&[2_000; 4]), "Next: threadline learn, CPU work (--workload cpu)");
}

#[test]
fn limit_that_costs_less_than_one_percent_changes_nothing() {
    let threads = RunFixture { waits: &[20], ..THREADS };
    let (sentence, _) = conclude(&[SEQUENTIAL, threads]);
    assert_eq!(sentence, "4 threads were 4.0x faster: they waited for the server side by side");
}

#[test]
fn run_that_is_not_compared_says_that_it_was_held_back() {
    let (sentence, checks) = conclude(&[RunFixture { waits: &[4_000], ..SEQUENTIAL }]);
    assert!(!sentence.contains("not comparable"), "{sentence}");
    assert!(checks.starts_with("held back 4.0 s by a rate limit; "), "{checks}");
}

#[test]
fn hold_is_measured_while_any_lane_is_held_back() {
    let hold = |waits| RateLimitHold::of_run(&RunFixture { waits, ..THREADS }.run());
    let time = |waits| hold(waits).map(|hold: RateLimitHold| hold.time);
    assert_eq!(time(&[2_000, 500]), Some(Nanos::from_millis(2_000)));
    assert_eq!(time(&[]), None);
    let retried = RunFixture { reason: FailureKind::Server, waits: &[2_000], ..THREADS };
    assert_eq!(RateLimitHold::of_run(&retried.run()), None, "a retry is no limit");
}

/// Returns the efficiency of threads beside a sequential run, and the checks.
fn efficiency(sequential: &RunFixture<'_>) -> (Option<u32>, String) {
    let runs = [sequential.run(), THREADS.run()];
    let times = stats::speed_up(runs[0].duration().unwrap(), runs[1].duration().unwrap());
    let percent = efficiency_percent(&runs, &runs[1], times.unwrap(), Nanos::ZERO);
    (percent, Verdict::new(&runs, None).conclusion().unwrap().checks())
}

#[test]
fn efficiency_above_one_hundred_percent_has_a_measured_reason() {
    let (percent, checks) = efficiency(&RunFixture { page: 1_500, ..SEQUENTIAL });
    let reason = "efficiency over 100 %: a page took 1.50x as long in the sequential run";
    assert!(percent == Some(150) && checks.contains(reason), "{percent:?} {checks}");
    let retried = RunFixture { reason: FailureKind::Server, waits: &[4_000], ..SEQUENTIAL };
    let (percent, checks) = efficiency(&retried);
    let reason = "efficiency over 100 %: sequential waited 4.0 s to retry";
    assert!(percent == Some(133) && checks.contains(reason), "{percent:?} {checks}");
}

#[test]
fn efficiency_above_one_hundred_percent_without_a_reason_is_not_shown() {
    let (percent, checks) = efficiency(&RunFixture { pause: 500, ..SEQUENTIAL });
    assert!(percent.is_none() && !checks.contains("efficiency"), "{percent:?} {checks}");
    let (percent, checks) = efficiency(&SEQUENTIAL);
    assert!(percent == Some(100) && !checks.contains("efficiency"), "{percent:?} {checks}");
}
