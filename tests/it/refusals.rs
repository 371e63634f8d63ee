//! The number of requests at once above which a server refuses, from the attempts of a run.

use threadline::analysis::refusals::Refusals;
use threadline::analysis::verdict::Verdict;
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, LimitKind, Mode, Nanos, Plan,
    Product, ReachedLimit, Run, RunOutcome, State, TaskId, TaskOutcome, WorkSpec,
};

/// An attempt: its lane, its start and its end in milliseconds, and whether the server refused it.
type AttemptFixture = (u16, u64, u64, bool);

/// A secondary limit: the times in milliseconds from which and until which no request is sent.
type LimitFixture = (u64, u64);

/// Builds a run of these attempts. A lane retries a refused one with its next.
fn run(attempts: &[AttemptFixture], limits: &[LimitFixture]) -> Run {
    let lanes = attempts.iter().map(|&(lane, ..)| lane + 1).max().unwrap();
    let tasks = attempts.iter().filter(|(.., refused)| !refused).count() as u32;
    let work = WorkSpec::Followers(crate::fabricated_runs::target());
    let plan = Plan::new(work, Mode::Threads, lanes, tasks);
    let mut events = Vec::new();
    let mut event = |at: u64, order: u8, lane: u16, kind| events.push((at, order, lane, kind));
    for &(at, until) in limits {
        let until = Nanos::from_millis(until);
        let limit = ReachedLimit { kind: LimitKind::Secondary, until, until_utc: 0 };
        event(at, 2, 0, EventKind::RateLimited(limit));
    }
    let (mut open, mut next) = (vec![None; lanes.into()], 1);
    for &(lane, start, end, refused) in attempts {
        let retried = open[usize::from(lane)].take();
        let task = TaskId(retried.unwrap_or(next));
        next += u32::from(retried.is_none());
        let begin = match retried {
            Some(_) => EventKind::TaskRetried { task },
            None => EventKind::TaskStarted { task },
        };
        event(start, 1, lane, begin);
        event(start, 1, lane, EventKind::StateEntered { state: State::Waiting });
        if refused {
            open[usize::from(lane)] = Some(task.0);
            let failure = Failure::new(FailureKind::RateLimited, "refused");
            let retry_at = Nanos::from_millis(end);
            event(end, 0, lane, EventKind::AttemptFailed { task, failure, retry_at });
        } else {
            let completion = Completion { response: None, product: Product::PastLastPage };
            let outcome = TaskOutcome::Done(completion);
            event(end, 0, lane, EventKind::TaskFinished { task, outcome });
        }
    }
    let last = attempts.iter().map(|&(_, _, end, _)| end).max().unwrap();
    event(last, 3, 0, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
    events.sort_by_key(|&(at, order, ..)| (at, order));
    let mut run = Run::opened(plan.clone());
    let at = |at, lane, kind| Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind };
    run.apply(&at(0, 0, EventKind::RunStarted { plan }));
    for (time, _, lane, kind) in events {
        run.apply(&at(time, lane, kind));
    }
    run
}

/// Returns requests of lanes from the first on that are sent together, and take 50 ms.
fn answered(lanes: u16, start: u64) -> impl Iterator<Item = AttemptFixture> {
    (0..lanes).map(move |lane| (lane, start, start + 50, false))
}

/// Six answers beside a refusal, twice; then the refused request alone.
fn refused_above_six() -> Vec<AttemptFixture> {
    let refused = [(6, 0, 1, true), (6, 100, 101, true)];
    let last = [(6, 200, 250, false)];
    answered(6, 0).chain(answered(6, 100)).chain(refused).chain(last).collect()
}

fn ceiling(attempts: &[AttemptFixture]) -> Option<u32> {
    Refusals::of_run(&run(attempts, &[])).ceiling()
}

#[test]
fn highest_answered_number_below_each_refusal_is_the_ceiling() {
    let refusals = Refusals::of_run(&run(&refused_above_six(), &[]));
    assert_eq!((refusals.ceiling(), refusals.times), (Some(6), 2));
}

/// It is told, but nothing follows from it.
#[test]
fn single_refusal_is_a_remark_and_shows_no_ceiling() {
    let once = answered(6, 0).chain([(6, 0, 1, true), (6, 200, 2_000, false)]);
    let once = once.collect::<Vec<_>>();
    assert_eq!(ceiling(&once), None);
    let runs = [run(&once, &[(1, 1_001)])];
    let conclusion = Verdict::new(&runs, None).conclusion().unwrap();
    let remark = "the server refused once, above 6 at once, costing 1 of 2 s";
    assert!(conclusion.checks().contains(remark), "{}", conclusion.checks());
    assert!(!conclusion.sentence().contains("refused"), "{}", conclusion.sentence());
}

/// A limit of requests per minute that is met among answers at the same number.
#[test]
fn single_refusal_at_a_number_that_was_answered_is_not_told() {
    let once = answered(7, 0).chain([(6, 100, 101, true), (6, 200, 250, false)]);
    let once = once.chain((0..6).map(|lane| (lane, 100, 150, false)));
    let runs = [run(&once.collect::<Vec<_>>(), &[])];
    let conclusion = Verdict::new(&runs, None).conclusion().unwrap();
    assert!(!conclusion.checks().contains("refused once"), "{}", conclusion.checks());
}

#[test]
fn refusal_at_a_lower_number_is_no_ceiling() {
    let mut attempts = refused_above_six();
    attempts.truncate(attempts.len() - 1);
    attempts.extend([(6, 300, 301, true), (6, 400, 450, false)]);
    assert_eq!(ceiling(&attempts), None);
}

/// A limit of requests per minute refuses what it answered at another time.
#[test]
fn number_that_was_also_answered_is_no_ceiling() {
    let mut attempts = refused_above_six();
    attempts.extend(answered(7, 300));
    assert_eq!(ceiling(&attempts), None);
}

/// The limits overlap, and the second one outlasts the run.
#[test]
fn ceiling_that_costs_much_leads_the_conclusion_with_its_cost() {
    let mut attempts = refused_above_six();
    attempts.push((6, 5_000, 10_000, false));
    let costly = [run(&attempts, &[(1, 2_001), (101, 4_001)])];
    let conclusion = Verdict::new(&costly, None).conclusion().unwrap();
    let sentence = "The server refused more than 6 at once, 2 times, costing 4 of 10 s: use 6; ";
    assert!(conclusion.sentence().starts_with(sentence), "{}", conclusion.sentence());
    assert!(!conclusion.checks().contains("refused"), "{}", conclusion.checks());
}

#[test]
fn ceiling_that_costs_little_is_a_remark() {
    let mut attempts = refused_above_six();
    attempts.push((6, 5_000, 100_000, false));
    let cheap = [run(&attempts, &[(1, 1_001), (1_500, 2_500)])];
    let conclusion = Verdict::new(&cheap, None).conclusion().unwrap();
    assert!(!conclusion.sentence().contains("refused"), "{}", conclusion.sentence());
    let remark = "the server refused more than 6 at once, 2 times, costing 2 s of 2 min: use 6";
    assert!(conclusion.checks().contains(remark), "{}", conclusion.checks());
}

/// Six threads are never refused; one of seven is.
#[test]
fn sweep_advises_the_number_that_the_server_accepts() {
    let mut sweep = threadline::analysis::Sweep::new(vec![6, 7], 1);
    sweep.add_run(&run(&answered(6, 0).collect::<Vec<_>>(), &[]));
    sweep.add_run(&run(&refused_above_six(), &[(1, 100), (101, 200)]));
    let advice = sweep.advice(threadline::model::Workload::Followers, Mode::Threads).unwrap();
    assert!(advice.contains("Above 6 at once the server refused: stay at 6 or below."), "{advice}");
}

/// A ceiling between two measured counts: none between three and seven was tried.
#[test]
fn sweep_advises_the_last_count_without_a_refusal() {
    let mut sweep = threadline::analysis::Sweep::new(vec![3, 7], 1);
    sweep.add_run(&run(&answered(3, 0).collect::<Vec<_>>(), &[]));
    let refused = answered(3, 0).chain((3..7).map(|lane| (lane, 0, 1, true)));
    let retried = (3..7).map(|lane| (lane, 100, 150, false));
    sweep.add_run(&run(&refused.chain(retried).collect::<Vec<_>>(), &[(1, 100)]));
    let advice = sweep.advice(threadline::model::Workload::Followers, Mode::Threads).unwrap();
    let sentence = "With 7 threads the server refused, with 3 it did not: stay below 7.";
    assert!(advice.contains(sentence), "{advice}");
}

/// The first trial has pages of 50 ms, the second of 150 ms.
#[test]
fn point_of_a_sweep_has_the_quantiles_of_the_tasks_of_all_trials() {
    let mut sweep = threadline::analysis::Sweep::new(vec![4], 2);
    for millis in [50, 150] {
        let attempts: Vec<_> = (0..4).map(|lane| (lane, 0, millis, false)).collect();
        sweep.add_run(&run(&attempts, &[]));
    }
    let service = sweep.points()[0].service.unwrap();
    let quantiles = (service.count, service.p50, service.p95, service.p99);
    assert_eq!(quantiles, (8, Nanos::from_millis(50), Nanos::from_millis(150), None));
}

/// Two counts of two trials each; the second trial of the second count has run for 20 ms.
#[test]
fn time_left_is_the_sum_of_the_medians() {
    let mut sweep = threadline::analysis::Sweep::new(vec![1, 2], 2);
    let one_page = |lanes: u16| run(&answered(lanes, 0).collect::<Vec<_>>(), &[]);
    sweep.add_run(&one_page(1));
    assert_eq!(sweep.time_left(Nanos::ZERO), None, "two threads were not measured");
    sweep.add_run(&one_page(2));
    assert_eq!(sweep.time_left(Nanos::from_millis(20)), Some(Nanos::from_millis(80)));
}
