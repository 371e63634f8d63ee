//! Runs as tests want them: made of events, without a clock.

use std::sync::Arc;

use crate::model::sweep::Trial;
use crate::model::{
    Answer, Compute, Done, End, Event, Failure, FailureKind, Follower, Kind, LaneId, Mode, Nanos,
    Outcome, Plan, Product, Profile, Run, State, Sweep, Target, TaskId, Work,
};

/// How a page goes: well, with these accounts, or not.
pub(crate) type Page<'a> = Result<&'a [u64], FailureKind>;

/// How long each page takes.
const PAGE: u64 = 1_000;

pub(crate) fn target() -> Target {
    Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 2,
        costs_quota: true,
    }
}

/// A run of `mode` in which each page took a second, on as many lanes as there are workers, in
/// waves.
pub(crate) fn run(mode: Mode, workers: u16, pages: &[Page<'_>]) -> Run {
    let end = pages.iter().find_map(|page| {
        let kind = page.err().filter(|kind| kind.ends_run())?;
        Some(End::Failed(failure(kind)))
    });
    ended(mode, workers, pages, end.unwrap_or(End::Finished))
}

/// The same, with an end of its own.
pub(crate) fn ended(mode: Mode, workers: u16, pages: &[Page<'_>], end: End) -> Run {
    let plan = Plan::new(Work::Followers(target()), mode, workers, pages.len() as u32);
    let mut run = Run::new(plan.clone());
    let mut at = |millis: u64, lane: u16, kind: Kind| {
        run.apply(&Event { at: Nanos::from_millis(millis), lane: LaneId(lane), kind });
    };
    at(0, 0, Kind::RunStarted { plan });
    for (wave, pages) in pages.chunks(workers.into()).enumerate() {
        let begin = wave as u64 * PAGE;
        for (lane, page) in (0..).zip(pages) {
            let task = TaskId(wave as u32 * u32::from(workers) + u32::from(lane) + 1);
            at(begin, lane, Kind::Started { task });
            at(begin, lane, Kind::Entered { state: State::Waiting });
            at(begin + PAGE, lane, Kind::Finished { task, outcome: outcome(*page) });
        }
    }
    at(pages.len().div_ceil(workers.into()) as u64 * PAGE, 0, Kind::RunFinished { end });
    run
}

/// A run of CPU work that came to these values, on as many lanes as there are workers, in waves: each
/// task took a second, and was the only one to be computed in it if there is a GIL. Processes took
/// 0.2 s to start, and 0.1 s to be handed a task.
pub(crate) fn computed(mode: Mode, workers: u16, values: &[u64]) -> Run {
    let work = Work::Cpu(Compute { turns: 9_000_000, ..Compute::default() });
    let plan = Plan::new(work, mode, workers, values.len() as u32);
    let mut events = vec![(0, 0, Kind::RunStarted { plan: plan.clone() })];
    let mut begin = 0;
    let enter = |at, lane, state| (at, lane, Kind::Entered { state });
    for lane in (0..workers).filter(|_| mode == Mode::Processes) {
        events.push((0, lane, Kind::Process { pid: 7_000 + u32::from(lane) }));
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
            events.push((start, lane, Kind::Started { task }));
            if mode == Mode::Processes {
                events.push(enter(start, lane, State::HandOver));
                start += 100;
                events.push(enter(start, lane, State::Computing));
            }
            end = start + PAGE;
            let done = Done { answer: None, product: Product::Value(value) };
            events.push((end, lane, Kind::Finished { task, outcome: Outcome::Done(done) }));
        }
        begin = end;
    }
    events.push((begin, 0, Kind::RunFinished { end: End::Finished }));
    events.sort_by_key(|(at, ..)| *at);
    let mut run = Run::new(plan);
    for (at, lane, kind) in events {
        run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind });
    }
    run
}

/// The preparing request, which found so many followers, or failed.
pub(crate) fn profile(followers: Result<u64, FailureKind>) -> Run {
    let plan = Plan::new(Work::Profile(target()), Mode::Sequential, 1, 1);
    let (outcome, end) = match followers {
        Ok(followers) => {
            let profile = Profile { login: "octocat".to_owned(), followers };
            (done(Product::Profile(profile)), End::Finished)
        }
        Err(kind) => (Outcome::Failed(failure(kind)), End::Failed(failure(kind))),
    };
    let mut run = Run::new(plan.clone());
    let task = TaskId(1);
    for kind in [
        Kind::RunStarted { plan },
        Kind::Started { task },
        Kind::Finished { task, outcome },
        Kind::RunFinished { end },
    ] {
        run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    }
    run
}

/// A run laid out, of which nothing has happened.
pub(crate) fn not_begun(mode: Mode) -> Run {
    Run::new(Plan::new(Work::Followers(target()), mode, 2, 2))
}

fn outcome(page: Page<'_>) -> Outcome {
    match page {
        Err(kind) => Outcome::Failed(failure(kind)),
        Ok(ids) => {
            let page = ids.iter().map(|&id| follower(id)).collect();
            done(Product::Followers(Arc::new(page)))
        }
    }
}

fn done(product: Product) -> Outcome {
    let answer = Some(Answer { status: 200, bytes: 100, connected: false });
    Outcome::Done(Done { answer, product })
}

fn follower(id: u64) -> Follower<'static> {
    let login = format!("user{id}").into();
    Follower { id, login, html_url: format!("https://github.com/user{id}").into() }
}

pub(crate) fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "api.example broke: try again")
}

/// A sweep over 60 pages of 50 ms from a service that answers eight requests at once: the second trial
/// of each number of workers was 2 % quicker.
pub(crate) fn sweep(counts: &[u16]) -> Sweep {
    let mut sweep = Sweep::new(counts.to_vec(), 3);
    for (place, &workers) in sweep.schedule().collect::<Vec<_>>().iter().enumerate() {
        let waves = 60_u64.div_ceil(workers.min(8).into());
        let millis = if place / counts.len() == 1 { 49 } else { 50 };
        sweep.add(Trial { workers, took: Nanos::from_millis(waves * millis), tasks: 60 });
    }
    sweep
}
