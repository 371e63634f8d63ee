//! What is taken along, from outside: fabricated runs go in, files come out.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/app_driver.rs"]
#[expect(dead_code, reason = "pictures and single events are for the tests of the screen")]
mod app_driver;

mod perfetto;
mod picture;
mod report;
mod trace;

use app_driver::{AppDriver, Scenario};
use threadline::export::ReportSubject;
use threadline::model::concurrency_limit::ChangeReason;
use threadline::model::{
    Background, Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, LaneId, LimitKind,
    Mode, Nanos, Plan, Product, Run, RunOutcome, Selection, Simulation, State, Target, TaskId,
    TaskOutcome, WorkSpec, Workload,
};

/// What no viewer, terminal or browser may act on.
const HOSTILE: &str = "a\u{1b}[2J\"<b>&'|`\n\\ \u{202e}]]>";

/// The example's race.
fn race() -> AppDriver {
    AppDriver::race().play_to_end()
}

/// A real API, where a limit is reached and page 3 is asked for three times.
fn troubled() -> AppDriver {
    let job = Scenario {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, LimitKind::Secondary)),
        bad_page: Some((Mode::Sequential, 7)),
        ..Scenario::default()
    };
    AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end()
}

/// CPU work in four modes, where a worker process dies.
fn computed() -> AppDriver {
    let job = Scenario { lost: Some(2), ..Scenario::default() };
    AppDriver::new(job, Selection::race(Workload::Cpu)).play_to_end()
}

/// A race that a person looks at while its second run goes on.
fn going_on() -> AppDriver {
    AppDriver::race().play_until(Mode::Threads, 700)
}

/// What a person takes along of a sitting.
fn subject(driver: &AppDriver, background: Background) -> ReportSubject<'_> {
    let session = driver.app.session();
    ReportSubject {
        target: session.target(),
        profile: session.profile(),
        runs: driver.app.runs(),
        sweep: None,
        followers: None,
        now: driver.app.now(),
        cores: session.setup().cores(),
        background,
        command: "threadline octocat",
    }
}

/// Commands whose names, and whose failures, are hostile.
fn hostile() -> Run {
    let work = WorkSpec::Commands { commands: [HOSTILE.to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, Mode::Threads, 2, 2);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, EventKind::RunStarted { plan });
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(0, lane, EventKind::TaskStarted { task });
        tell(0, lane, EventKind::StateEntered { state: State::Running });
    }
    let failure = Failure::new(FailureKind::Command, HOSTILE);
    tell(
        500,
        0,
        EventKind::TaskFinished { task: TaskId(1), outcome: TaskOutcome::Failed(failure) },
    );
    tell(700, 1, EventKind::TaskFinished { task: TaskId(2), outcome: TaskOutcome::Stopped });
    tell(700, 0, EventKind::RunFinished { outcome: RunOutcome::Finished });
    run
}

/// Two commands of a second each, the first of which failed.
fn commands(mode: Mode, workers: u16) -> Run {
    let work = WorkSpec::Commands { commands: ["false".to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, mode, workers, 2);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, EventKind::RunStarted { plan });
    let failure = Failure::new(FailureKind::Command, "ended with exit status 1".to_owned());
    let done = TaskOutcome::Done(Completion { response: None, product: Product::Success });
    for (place, outcome) in [TaskOutcome::Failed(failure), done].into_iter().enumerate() {
        let (lane, task) = (place as u16 % workers, TaskId(place as u32 + 1));
        let begin = place as u64 / u64::from(workers) * 1_000;
        tell(begin, lane, EventKind::TaskStarted { task });
        tell(begin, lane, EventKind::StateEntered { state: State::Running });
        tell(begin + 1_000, lane, EventKind::TaskFinished { task, outcome });
    }
    tell(2_000 / u64::from(workers), 0, EventKind::RunFinished { outcome: RunOutcome::Finished });
    run
}

/// CPU work on a machine that is only computed, which has just begun.
fn simulated() -> Run {
    let simulation = Some(Simulation { seed: 7, cores: 8 });
    let work = WorkSpec::Cpu(ComputeSpec { simulation, ..ComputeSpec::default() });
    let plan = Plan::new(work, Mode::Threads, 2, 4);
    let mut run = Run::new(plan.clone());
    run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind: EventKind::RunStarted { plan } });
    run
}

/// A run that found how many requests at once are worth it: two of 50 workers were.
fn found() -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let plan = Plan { auto: true, ..Plan::new(WorkSpec::Followers(target), Mode::Threads, 50, 2) };
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, EventKind::RunStarted { plan });
    tell(0, 0, EventKind::ConcurrencyChanged { in_flight: 1, reason: ChangeReason::Start });
    tell(
        100,
        0,
        EventKind::ConcurrencyChanged { in_flight: 2, reason: ChangeReason::NoQueue { tenths: 3 } },
    );
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(100, lane, EventKind::TaskStarted { task });
        tell(100, lane, EventKind::StateEntered { state: State::Waiting });
    }
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(300, lane, EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped });
    }
    tell(300, 0, EventKind::RunFinished { outcome: RunOutcome::Stopped });
    run
}

/// As many lanes as there may be, each with so many tasks without a pause.
fn wide(lanes: u16, tasks: u32) -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 30,
        costs_quota: true,
    };
    let all = u32::from(lanes) * tasks;
    let plan = Plan::new(WorkSpec::Followers(target), Mode::Threads, lanes, all);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u32, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos(u64::from(at) * 1_000), lane: LaneId(lane), kind });
    };
    tell(0, 0, EventKind::RunStarted { plan });
    for turn in 0..tasks {
        for lane in 0..lanes {
            let task = TaskId(turn * u32::from(lanes) + u32::from(lane) + 1);
            let at = turn * 100 + u32::from(lane) % 40;
            tell(at, lane, EventKind::TaskStarted { task });
            tell(at, lane, EventKind::StateEntered { state: State::Waiting });
            tell(at + 60, lane, EventKind::StateEntered { state: State::Receiving });
        }
        for lane in 0..lanes {
            let task = TaskId(turn * u32::from(lanes) + u32::from(lane) + 1);
            let at = turn * 100 + u32::from(lane) % 40 + 80;
            tell(at, lane, EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped });
        }
    }
    tell(tasks * 100 + 100, 0, EventKind::RunFinished { outcome: RunOutcome::Stopped });
    run
}

/// Of such runs alone.
fn alone(runs: &[Run]) -> ReportSubject<'_> {
    ReportSubject {
        target: None,
        profile: None,
        runs,
        sweep: None,
        followers: None,
        now: Nanos::ZERO,
        cores: None,
        background: Background::Light,
        command: "threadline exec",
    }
}
