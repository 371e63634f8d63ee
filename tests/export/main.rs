//! What is taken along, from outside: fabricated runs go in, files come out.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/fabricate.rs"]
#[expect(dead_code, reason = "pictures and single events are for the tests of the screen")]
mod fabricate;

mod perfetto;
mod picture;
mod report;
mod trace;

use fabricate::{Job, Sitting};
use threadline::export::Subject;
use threadline::model::allowed::Why;
use threadline::model::{
    Background, Compute, Done, End, Event, Failure, FailureKind, Kind, LaneId, LimitKind, Mode,
    Nanos, Outcome, Plan, Product, Run, Selection, Simulation, State, Target, TaskId, Work,
    Workload,
};

/// What no viewer, terminal or browser may act on.
const HOSTILE: &str = "a\u{1b}[2J\"<b>&'|`\n\\ \u{202e}]]>";

/// The example's race.
fn race() -> Sitting {
    Sitting::race().finished()
}

/// A real API, where a limit is reached and page 3 is asked for three times.
fn troubled() -> Sitting {
    let job = Job {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, LimitKind::Secondary)),
        bad_page: Some((Mode::Sequential, 7)),
        ..Job::default()
    };
    Sitting::new(job, Selection::race(Workload::Followers)).finished()
}

/// CPU work in four modes, where a worker process dies.
fn computed() -> Sitting {
    let job = Job { lost: Some(2), ..Job::default() };
    Sitting::new(job, Selection::race(Workload::Cpu)).finished()
}

/// A race that a person looks at while its second run goes on.
fn going_on() -> Sitting {
    Sitting::race().until(Mode::Threads, 700)
}

/// What a person takes along of a sitting.
fn subject(sitting: &Sitting, background: Background) -> Subject<'_> {
    let session = sitting.app.session();
    Subject {
        target: session.target(),
        profile: session.profile(),
        runs: sitting.app.runs(),
        sweep: None,
        followers: None,
        now: sitting.app.now(),
        cores: session.setup().cores(),
        background,
        command: "threadline octocat",
    }
}

/// Commands whose names, and whose failures, are hostile.
fn hostile() -> Run {
    let work = Work::Commands { commands: [HOSTILE.to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, Mode::Threads, 2, 2);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: Kind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, Kind::RunStarted { plan });
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(0, lane, Kind::Started { task });
        tell(0, lane, Kind::Entered { state: State::Running });
    }
    let failure = Failure::new(FailureKind::Command, HOSTILE);
    tell(500, 0, Kind::Finished { task: TaskId(1), outcome: Outcome::Failed(failure) });
    tell(700, 1, Kind::Finished { task: TaskId(2), outcome: Outcome::Stopped });
    tell(700, 0, Kind::RunFinished { end: End::Finished });
    run
}

/// Two commands of a second each, the first of which failed.
fn commands(mode: Mode, workers: u16) -> Run {
    let work = Work::Commands { commands: ["false".to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, mode, workers, 2);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: Kind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, Kind::RunStarted { plan });
    let failure = Failure::new(FailureKind::Command, "ended with exit status 1".to_owned());
    let done = Outcome::Done(Done { answer: None, product: Product::Success });
    for (place, outcome) in [Outcome::Failed(failure), done].into_iter().enumerate() {
        let (lane, task) = (place as u16 % workers, TaskId(place as u32 + 1));
        let begin = place as u64 / u64::from(workers) * 1_000;
        tell(begin, lane, Kind::Started { task });
        tell(begin, lane, Kind::Entered { state: State::Running });
        tell(begin + 1_000, lane, Kind::Finished { task, outcome });
    }
    tell(2_000 / u64::from(workers), 0, Kind::RunFinished { end: End::Finished });
    run
}

/// CPU work on a machine that is only computed, which has just begun.
fn simulated() -> Run {
    let simulation = Some(Simulation { seed: 7, cores: 8 });
    let work = Work::Cpu(Compute { simulation, ..Compute::default() });
    let plan = Plan::new(work, Mode::Threads, 2, 4);
    let mut run = Run::new(plan.clone());
    run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind: Kind::RunStarted { plan } });
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
    let plan = Plan { auto: true, ..Plan::new(Work::Followers(target), Mode::Threads, 50, 2) };
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u64, lane: u16, kind: Kind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    tell(0, 0, Kind::RunStarted { plan });
    tell(0, 0, Kind::Allowed { in_flight: 1, why: Why::Start });
    tell(100, 0, Kind::Allowed { in_flight: 2, why: Why::NoQueue { tenths: 3 } });
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(100, lane, Kind::Started { task });
        tell(100, lane, Kind::Entered { state: State::Waiting });
    }
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        tell(300, lane, Kind::Finished { task, outcome: Outcome::Stopped });
    }
    tell(300, 0, Kind::RunFinished { end: End::Stopped });
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
    let plan = Plan::new(Work::Followers(target), Mode::Threads, lanes, all);
    let mut run = Run::new(plan.clone());
    let mut tell = |at: u32, lane: u16, kind: Kind| {
        run.apply(&Event { at: Nanos(u64::from(at) * 1_000), lane: LaneId(lane), kind });
    };
    tell(0, 0, Kind::RunStarted { plan });
    for turn in 0..tasks {
        for lane in 0..lanes {
            let task = TaskId(turn * u32::from(lanes) + u32::from(lane) + 1);
            let at = turn * 100 + u32::from(lane) % 40;
            tell(at, lane, Kind::Started { task });
            tell(at, lane, Kind::Entered { state: State::Waiting });
            tell(at + 60, lane, Kind::Entered { state: State::Receiving });
        }
        for lane in 0..lanes {
            let task = TaskId(turn * u32::from(lanes) + u32::from(lane) + 1);
            let at = turn * 100 + u32::from(lane) % 40 + 80;
            tell(at, lane, Kind::Finished { task, outcome: Outcome::Stopped });
        }
    }
    tell(tasks * 100 + 100, 0, Kind::RunFinished { end: End::Stopped });
    run
}

/// Of such runs alone.
fn alone(runs: &[Run]) -> Subject<'_> {
    Subject {
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
