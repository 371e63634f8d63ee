//! Search and task table of the largest runs: a million logins, 400,000 tasks. Both process a run
//! once, and then only its new entries.

use std::sync::Arc;

use divan::{Bencher, black_box};
use threadline::analysis::attempt_table::AttemptTable;
use threadline::analysis::search::Search;
use threadline::model::{
    Completion, Event, EventKind, Follower, FollowerPage, LaneId, Mode, Nanos, Plan, Product,
    ResponseSummary, Run, State, Target, TaskId, TaskOutcome, WorkSpec,
};

fn main() {
    divan::main();
}

/// Returns a run of `pages` pages with `per_page` followers each, on 16 lanes.
fn run(pages: u32, per_page: u32) -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 100,
        costs_quota: false,
    };
    let plan = Plan::new(WorkSpec::Followers(target), Mode::Threads, 16, pages);
    let mut run = Run::opened(plan.clone());
    let mut apply = |at: u32, lane: u16, kind| {
        run.apply(&Event { at: Nanos(u64::from(at) * 1_000), lane: LaneId(lane), kind });
    };
    apply(0, 0, EventKind::RunStarted { plan });
    apply(0, 0, EventKind::TaskCountChanged { tasks: pages });
    for task in 1..=pages {
        let (at, lane, task) = (task * 10, (task % 16) as u16, TaskId(task));
        apply(at, lane, EventKind::TaskStarted { task });
        apply(at + 1, lane, EventKind::StateEntered { state: State::Waiting });
        let response =
            ResponseSummary { status: 200, bytes: u64::from(at % 977), connected: false };
        let product = Product::Followers(Arc::new(page(task.0, per_page)));
        let outcome = TaskOutcome::Done(Completion { response: Some(response), product });
        apply(at + 2 + at % 7, lane, EventKind::TaskFinished { task, outcome });
    }
    run
}

fn page(page: u32, per_page: u32) -> FollowerPage {
    (0..per_page)
        .map(|index| {
            let id = u64::from(page * per_page + index);
            let login = format!("follower-{id}");
            let html_url = format!("https://github.com/{login}").into();
            Follower { id, login: login.into(), html_url }
        })
        .collect()
}

/// Searches a million logins for one that does not exist.
#[divan::bench]
fn search_a_million_logins(bencher: Bencher<'_, '_>) {
    let run = run(10_000, 100);
    let visible = [(&run, run.elapsed(Nanos(u64::MAX)))];
    bencher.bench_local(|| {
        let Some(mut search) = Search::new(black_box("Octocat-99")) else { return 0 };
        search.refresh(&visible);
        search.hits().len()
    });
}

/// Refreshes a search without new logins, as every frame does.
#[divan::bench]
fn refresh_search_of_a_million_logins(bencher: Bencher<'_, '_>) {
    let run = run(10_000, 100);
    let visible = [(&run, run.elapsed(Nanos(u64::MAX)))];
    let Some(mut search) = Search::new("follower") else { return };
    search.refresh(&visible);
    bencher.bench_local(|| search.refresh(black_box(&visible)));
}

/// Opens the table of 400,000 tasks.
#[divan::bench]
fn open_table(bencher: Bencher<'_, '_>) {
    let run = run(400_000, 0);
    let visible = [(&run, run.elapsed(Nanos(u64::MAX)))];
    bencher.bench_local(|| {
        let mut table = AttemptTable::default();
        table.refresh(black_box(&visible));
        table.len()
    });
}

/// Sorts the table by its next column; all eleven take turns.
#[divan::bench]
fn sort_table_by_next_column(bencher: Bencher<'_, '_>) {
    let run = run(400_000, 0);
    let visible = [(&run, run.elapsed(Nanos(u64::MAX)))];
    let mut table = AttemptTable::default();
    table.refresh(&visible);
    bencher.bench_local(|| table.sort_by_next(true, black_box(&visible)));
}

/// Refreshes the table without new tasks, as every frame does.
#[divan::bench]
fn refresh_table(bencher: Bencher<'_, '_>) {
    let run = run(400_000, 0);
    let visible = [(&run, run.elapsed(Nanos(u64::MAX)))];
    let mut table = AttemptTable::default();
    table.refresh(&visible);
    bencher.bench_local(|| table.refresh(black_box(&visible)));
}
