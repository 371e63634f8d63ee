//! Runs for tests, folded from events without a clock.

use std::sync::Arc;

use threadline::analysis::Sweep;
use threadline::analysis::sweep::Trial;
use threadline::model::{
    CommandOutput, Completion, ComputeSpec, Event, EventKind, ExitStatus, Failure, FailureKind,
    Follower, LaneId, Mode, Nanos, Plan, Product, ResponseSummary, Run, RunOutcome, State, Target,
    TaskId, TaskOutcome, WorkSpec, Workload,
};

use crate::samples::{list, watched_program};

/// The outcome of a page: account numbers, or a failure.
pub(crate) type PageFixture<'a> = Result<&'a [u64], FailureKind>;

/// The duration of a page in milliseconds.
const PAGE: u64 = 1_000;

pub(crate) fn target() -> Target {
    Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 2,
        costs_quota: true,
    }
}

/// Builds a run in which each page takes one second, in waves over one lane per worker.
pub(crate) fn run(mode: Mode, workers: u16, pages: &[PageFixture<'_>]) -> Run {
    let end = pages.iter().find_map(|page| {
        let kind = page.err().filter(|kind| kind.ends_run())?;
        Some(RunOutcome::Failed(failure(kind)))
    });
    ended(mode, workers, pages, end.unwrap_or(RunOutcome::Finished))
}

/// Builds the same run with the given outcome.
pub(crate) fn ended(mode: Mode, workers: u16, pages: &[PageFixture<'_>], end: RunOutcome) -> Run {
    let plan = Plan::new(WorkSpec::Followers(target()), mode, workers, pages.len() as u32);
    let mut run = Run::opened(plan.clone());
    let mut at = |millis: u64, lane: u16, kind: EventKind| {
        run.apply(&Event { at: Nanos::from_millis(millis), lane: LaneId(lane), kind });
    };
    at(0, 0, EventKind::RunStarted { plan });
    for (wave, pages) in pages.chunks(workers.into()).enumerate() {
        let begin = wave as u64 * PAGE;
        for (lane, page) in (0..).zip(pages) {
            let task = TaskId(wave as u32 * u32::from(workers) + u32::from(lane) + 1);
            at(begin, lane, EventKind::TaskStarted { task });
            at(begin, lane, EventKind::StateEntered { state: State::Waiting });
            at(begin + PAGE, lane, EventKind::TaskFinished { task, outcome: outcome(*page) });
        }
    }
    at(
        pages.len().div_ceil(workers.into()) as u64 * PAGE,
        0,
        EventKind::RunFinished { outcome: end, machine_load: None },
    );
    run
}

/// Builds a run of CPU work with these values, in waves over one lane per worker. Each task takes one
/// second, and tasks run one after another under a GIL. Processes take 0.2 s to start and 0.1 s to
/// receive a task.
pub(crate) fn computed(mode: Mode, workers: u16, values: &[u64]) -> Run {
    let work = WorkSpec::Cpu(ComputeSpec { turns: 9_000_000, ..ComputeSpec::default() });
    let plan = Plan::new(work, mode, workers, values.len() as u32);
    let mut events = vec![(0, 0, EventKind::RunStarted { plan: plan.clone() })];
    let mut begin = 0;
    let enter = |at, lane, state| (at, lane, EventKind::StateEntered { state });
    for lane in (0..workers).filter(|_| mode == Mode::Processes) {
        events.push((0, lane, EventKind::ProcessStarted { pid: 7_000 + u32::from(lane) }));
        events.push(enter(0, lane, State::Starting));
        begin = 200;
    }
    for (wave, values) in values.chunks(workers.into()).enumerate() {
        let mut end = begin;
        for (lane, &value) in (0..).zip(values) {
            let task = TaskId(wave as u32 * u32::from(workers) + u32::from(lane) + 1);
            let mut start = begin;
            if mode == Mode::Gil {
                start += u64::from(lane) * PAGE;
                events.push(enter(begin, lane, State::LockWait));
            }
            events.push((start, lane, EventKind::TaskStarted { task }));
            if mode == Mode::Processes {
                events.push(enter(start, lane, State::HandOver));
                start += 100;
                events.push(enter(start, lane, State::Computing));
            }
            end = start + PAGE;
            let done = Completion { response: None, product: Product::Value(value) };
            events.push((
                end,
                lane,
                EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) },
            ));
        }
        begin = end;
    }
    events.push((
        begin,
        0,
        EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    ));
    events.sort_by_key(|(at, ..)| *at);
    let mut run = Run::opened(plan);
    for (at, lane, kind) in events {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    }
    run
}

/// Builds a run that has not started.
pub(crate) fn not_begun(mode: Mode) -> Run {
    Run::new(Plan::new(WorkSpec::Followers(target()), mode, 2, 2))
}

fn outcome(page: PageFixture<'_>) -> TaskOutcome {
    match page {
        Err(kind) => TaskOutcome::Failed(failure(kind)),
        Ok(ids) => {
            let page = ids.iter().map(|&id| follower(id)).collect();
            done(Product::Followers(Arc::new(page)))
        }
    }
}

fn done(product: Product) -> TaskOutcome {
    let response = Some(ResponseSummary { status: 200, bytes: 100, connected: false });
    TaskOutcome::Done(Completion { response, product })
}

fn follower(id: u64) -> Follower<'static> {
    let login = format!("user{id}").into();
    Follower { id, login, html_url: format!("https://github.com/user{id}").into() }
}

pub(crate) fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "api.example broke; try again")
}

/// Builds a sweep over 60 pages of 50 ms from a service that answers eight requests at once. The second
/// trial of each number of workers is 2 % faster.
pub(crate) fn sweep(counts: &[u16]) -> Sweep {
    let mut sweep = Sweep::new(counts.to_vec(), 3);
    for (place, &workers) in sweep.schedule().collect::<Vec<_>>().iter().enumerate() {
        let waves = 60_u64.div_ceil(workers.min(8).into());
        let millis = if place / counts.len() == 1 { 49 } else { 50 };
        sweep.add_trial(Trial {
            workers,
            duration: Nanos::from_millis(waves * millis),
            tasks: 60,
            is_held_back: false,
        });
    }
    sweep
}

/// Returns the plan of a trial of a sweep over a workload.
pub(crate) fn sweep_plan(workload: Workload) -> Plan {
    let compute = ComputeSpec::default();
    let work = match workload {
        Workload::Followers => WorkSpec::Followers(target()),
        Workload::Cpu => WorkSpec::Cpu(compute),
        Workload::Native => WorkSpec::Native(compute),
        Workload::Mixed => WorkSpec::Mixed(compute),
        Workload::Commands => WorkSpec::Commands { commands: Arc::new([]) },
        Workload::Pages => WorkSpec::Pages(list()),
        Workload::Program => WorkSpec::Program(watched_program()),
    };
    Plan::new(work, Mode::Threads, 1, 60)
}

/// Builds a run in which each command takes one second, with one lane per worker. A command is
/// its text, its exit status and its output; a command without a status was stopped.
pub(crate) fn commands_run(
    mode: Mode,
    workers: u16,
    commands: &[(&str, Option<i32>, &str)],
    end: RunOutcome,
) -> Run {
    let texts: Arc<[String]> = commands.iter().map(|(text, ..)| (*text).to_owned()).collect();
    let work = WorkSpec::Commands { commands: texts };
    let plan = Plan::new(work, mode, workers, commands.len() as u32);
    let mut run = Run::opened(plan.clone());
    let mut at = |seconds: u64, lane: u16, kind: EventKind| {
        let at = Nanos::from_millis(seconds * 1_000);
        run.apply(&Event { at, lane: LaneId(lane), kind });
    };
    at(0, 0, EventKind::RunStarted { plan });
    for (place, (_, status, text)) in commands.iter().enumerate() {
        let (lane, wave) = (place as u16 % workers, (place as u16 / workers).into());
        let task = TaskId(place as u32 + 1);
        at(wave, lane, EventKind::TaskStarted { task });
        at(wave, lane, EventKind::StateEntered { state: State::Running });
        let (bytes, text) = (text.len() as u64, Arc::from(*text));
        let status = status.map_or(ExitStatus::Signal(15), ExitStatus::Code);
        let output = CommandOutput { text, bytes, omitted: 0, status };
        at(wave + 1, lane, EventKind::CommandOutput { task, output });
        let outcome = match status {
            ExitStatus::Code(0) => {
                TaskOutcome::Done(Completion { response: None, product: Product::Success })
            }
            ExitStatus::Code(_) => TaskOutcome::Failed(Failure::new(
                FailureKind::Command,
                format!("command {} ended with {status}", task.0),
            )),
            ExitStatus::Signal(_) => TaskOutcome::Stopped,
        };
        at(wave + 1, lane, EventKind::TaskFinished { task, outcome });
    }
    at(
        commands.len().div_ceil(workers.into()) as u64,
        0,
        EventKind::RunFinished { outcome: end, machine_load: None },
    );
    run
}
