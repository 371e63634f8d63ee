//! GitHub's client on real threads and real sockets, against servers of every kind.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod bodies;
mod breaks;
mod elsewhere;
mod idle;
#[path = "../common/peer.rs"]
mod peer;
mod requests;
mod reuse;
mod states;
mod statuses;
mod stop;

use std::sync::Arc;
use std::time::Duration;

use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::{Api, RetryPolicy};
use threadline::model::{
    Event, EventKind, Failure, LaneId, Mode, Plan, Run, State, Target, TaskId, WorkSpec, Workload,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

fn plan(workload: Workload, workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    let work = match workload {
        Workload::Profile => WorkSpec::Profile(target),
        _ => WorkSpec::Followers(target),
    };
    Plan::new(work, mode, workers, tasks)
}

/// The pages of one user's followers, one after another.
fn pages(tasks: u32) -> Plan {
    plan(Workload::Followers, 1, tasks)
}

/// A run that is on, and what has happened in it.
struct ClientRun {
    handle: RunHandle,
    run: Run,
    events: Vec<Event>,
}

impl ClientRun {
    fn start(api: Api, plan: Plan) -> Self {
        let once = RetryPolicy { retries: 0, max_wait: Duration::ZERO, ..RetryPolicy::default() };
        Self::with_retry_policy(api, plan, once)
    }

    fn with_retry_policy(api: Api, plan: Plan, retry_policy: RetryPolicy) -> Self {
        let run = Run::new(plan.clone());
        let handle = Launcher::new(Some(Arc::new(api)), retry_policy, Clock::system()).start(plan);
        Self { handle, run, events: Vec::new() }
    }

    fn next(&mut self) -> &Event {
        let event = self.handle.events().recv_timeout(HANGS).unwrap();
        self.run.apply(&event);
        self.events.push(event);
        self.events.last().unwrap()
    }

    /// Goes on until a lane does this.
    fn until(&mut self, state: State) {
        while self.next().kind != (EventKind::StateEntered { state }) {}
    }

    fn wait_for_end(mut self) -> Self {
        while !matches!(self.next().kind, EventKind::RunFinished { .. }) {}
        self
    }

    /// What a lane said to be doing in a task, in order.
    fn states(&self, task: u32) -> Vec<State> {
        let (mut lane, mut states) = (None, Vec::new());
        for event in &self.events {
            match event.kind {
                EventKind::TaskStarted { task: TaskId(started) } if started == task => {
                    lane = Some(event.lane);
                }
                EventKind::TaskFinished { task: TaskId(finished), .. } if finished == task => {
                    lane = None;
                }
                EventKind::StateEntered { state } if lane == Some(event.lane) => states.push(state),
                _ => {}
            }
        }
        states
    }

    /// Which tasks opened a connection, with their lanes.
    fn connected(&self) -> Vec<(LaneId, TaskId)> {
        let done = self.run.tasks().filter_map(|(task, record)| match &record.outcome {
            Some(threadline::model::TaskOutcome::Done(done))
                if done.response.is_some_and(|answer| answer.connected) =>
            {
                Some((record.lane, task))
            }
            _ => None,
        });
        done.collect()
    }
}

fn run(url: &str, plan: Plan) -> ClientRun {
    ClientRun::start(Api::new(url, None).unwrap(), plan).wait_for_end()
}

/// Why one page could not be had.
fn failure(url: &str) -> Failure {
    failure_of(&run(url, pages(1)))
}

fn failure_of(client_run: &ClientRun) -> Failure {
    let failure = client_run.run.failure().unwrap().clone();
    let message = &failure.message;
    assert!((20..600).contains(&message.len()), "no sentence: {message:?}");
    assert!(!message.chars().any(unsafe_to_print), "{message:?}");
    failure
}

/// Controls, direction overrides, zero-width marks.
fn unsafe_to_print(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn follower(id: u32) -> String {
    format!(r#"{{"login":"user{id}","id":{id},"html_url":"https://github.com/user{id}"}}"#)
}

/// A page's body: `count` followers, numbered after the page.
fn body(page: u32, count: u32) -> String {
    let followers: Vec<String> = (0..count).map(|place| follower(page * 1_000 + place)).collect();
    format!("[{}]", followers.join(","))
}
