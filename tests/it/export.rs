//! Tests of the exports: fabricated runs as plain, JSON and Markdown reports, trace, SVG and lists.

mod commands_report;
mod computed_report;
mod follower_list;
mod followers_report;
mod lesson_caption;
mod perfetto;
mod program_report;
mod report;
mod svg;
mod sweep_report;
mod trace;

use crate::app_driver::{AppDriver, Scenario};
use threadline::model::ChangeReason;
use threadline::model::{
    Background, Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, LaneId, LimitKind,
    Mode, Nanos, Plan, Product, Run, RunOutcome, Selection, Simulation, State, Target, TaskId,
    TaskOutcome, WorkSpec, Workload,
};
use threadline::report::ReportSubject;

/// Characters that no viewer, terminal or browser may interpret.
const HOSTILE: &str = "a\u{1b}[2J\"<b>&'|`\n\\ \u{202e}]]>";

/// Returns the finished race of the default scenario.
fn race() -> AppDriver {
    AppDriver::race().play_to_end()
}

/// Returns a finished race against a real API, with a rate limit and three attempts at page 3.
fn race_with_failures() -> AppDriver {
    let scenario = Scenario {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, LimitKind::Secondary)),
        bad_page: Some((Mode::Sequential, 7)),
        ..Scenario::default()
    };
    AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end()
}

/// Returns finished CPU work in four modes, in which a worker process dies.
fn cpu_race_with_crash() -> AppDriver {
    let scenario = Scenario { lost: Some(2), ..Scenario::default() };
    AppDriver::new(scenario, Selection::race(Workload::Cpu)).play_to_end()
}

/// Returns a race whose second run is in progress.
fn running_race() -> AppDriver {
    AppDriver::race().play_until(Mode::Threads, 700)
}

/// Returns the subject of a report on a session.
fn subject(driver: &AppDriver, background: Background) -> ReportSubject<'_> {
    let session = driver.app.session();
    ReportSubject {
        target: session.target(),
        runs: driver.app.runs(),
        sweep: None,
        fetched: None,
        now: driver.app.now(),
        cores: session.setup().cores(),
        background,
        command: "threadline octocat",
        lesson: None,
    }
}

/// Returns a run of commands with hostile names and failure messages.
fn hostile_commands() -> Run {
    let work = WorkSpec::Commands { commands: [HOSTILE.to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, Mode::Threads, 2, 2);
    let mut run = Run::opened(plan.clone());
    let mut apply = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    apply(0, 0, EventKind::RunStarted { plan });
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        apply(0, lane, EventKind::TaskStarted { task });
        apply(0, lane, EventKind::StateEntered { state: State::Running });
    }
    let failure = Failure::new(FailureKind::Command, HOSTILE);
    apply(
        500,
        0,
        EventKind::TaskFinished { task: TaskId(1), outcome: TaskOutcome::Failed(failure) },
    );
    apply(700, 1, EventKind::TaskFinished { task: TaskId(2), outcome: TaskOutcome::Stopped });
    apply(700, 0, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
    run
}

/// Returns a run of two commands of one second each, the first of which fails.
fn commands(mode: Mode, workers: u16) -> Run {
    let work = WorkSpec::Commands { commands: ["false".to_owned(), "true".to_owned()].into() };
    let plan = Plan::new(work, mode, workers, 2);
    let mut run = Run::opened(plan.clone());
    let mut apply = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    apply(0, 0, EventKind::RunStarted { plan });
    let failure = Failure::new(FailureKind::Command, "ended with exit status 1".to_owned());
    let done = TaskOutcome::Done(Completion { response: None, product: Product::Success });
    for (index, outcome) in [TaskOutcome::Failed(failure), done].into_iter().enumerate() {
        let (lane, task) = (index as u16 % workers, TaskId(index as u32 + 1));
        let begin = index as u64 / u64::from(workers) * 1_000;
        apply(begin, lane, EventKind::TaskStarted { task });
        apply(begin, lane, EventKind::StateEntered { state: State::Running });
        apply(begin + 1_000, lane, EventKind::TaskFinished { task, outcome });
    }
    apply(
        2_000 / u64::from(workers),
        0,
        EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    );
    run
}

/// Returns CPU work on a simulated machine that has just begun.
fn simulated_run() -> Run {
    let simulation = Some(Simulation { seed: 7, cores: 8 });
    let work = WorkSpec::Cpu(ComputeSpec { simulation, ..ComputeSpec::default() });
    let plan = Plan::new(work, Mode::Threads, 2, 4);
    let mut run = Run::opened(plan.clone());
    run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind: EventKind::RunStarted { plan } });
    run
}

/// Returns a run with `--threads auto` that used two of 50 workers.
fn auto_run() -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let plan = Plan { auto: true, ..Plan::new(WorkSpec::Followers(target), Mode::Threads, 50, 2) };
    let mut run = Run::opened(plan.clone());
    let mut apply = |at: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    };
    apply(0, 0, EventKind::RunStarted { plan });
    apply(0, 0, EventKind::ConcurrencyChanged { in_flight: 1, reason: ChangeReason::Start });
    apply(
        100,
        0,
        EventKind::ConcurrencyChanged { in_flight: 2, reason: ChangeReason::NoQueue { tenths: 3 } },
    );
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        apply(100, lane, EventKind::TaskStarted { task });
        apply(100, lane, EventKind::StateEntered { state: State::Waiting });
    }
    for (lane, task) in [(0, TaskId(1)), (1, TaskId(2))] {
        apply(300, lane, EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped });
    }
    apply(300, 0, EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None });
    run
}

/// Returns a run of `lanes` lanes with `tasks` back-to-back tasks each.
fn wide_run(lanes: u16, tasks: u32) -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 30,
        costs_quota: true,
    };
    let all = u32::from(lanes) * tasks;
    let plan = Plan::new(WorkSpec::Followers(target), Mode::Threads, lanes, all);
    let mut run = Run::opened(plan.clone());
    let mut apply = |at: u32, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos(u64::from(at) * 1_000), lane: LaneId(lane), kind });
    };
    apply(0, 0, EventKind::RunStarted { plan });
    for round in 0..tasks {
        for lane in 0..lanes {
            let task = TaskId(round * u32::from(lanes) + u32::from(lane) + 1);
            let at = round * 100 + u32::from(lane) % 40;
            apply(at, lane, EventKind::TaskStarted { task });
            apply(at, lane, EventKind::StateEntered { state: State::Waiting });
            apply(at + 60, lane, EventKind::StateEntered { state: State::Receiving });
        }
        for lane in 0..lanes {
            let task = TaskId(round * u32::from(lanes) + u32::from(lane) + 1);
            let at = round * 100 + u32::from(lane) % 40 + 80;
            apply(at, lane, EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped });
        }
    }
    apply(
        tasks * 100 + 100,
        0,
        EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None },
    );
    run
}

/// Returns the subject of a report on these runs alone.
fn runs_subject(runs: &[Run]) -> ReportSubject<'_> {
    ReportSubject {
        target: None,
        runs,
        sweep: None,
        fetched: None,
        now: Nanos::ZERO,
        cores: None,
        background: Background::Light,
        command: "threadline exec",
        lesson: None,
    }
}
