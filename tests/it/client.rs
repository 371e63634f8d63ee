//! Tests of the GitHub client on real threads and sockets, against normal and misbehaving servers.

mod broken_connections;
mod connection_reuse;
mod error_statuses;
mod lane_states;
mod page_links;
mod proxy_settings;
mod rate_limits;
mod redirects;
mod requests;
mod response_bodies;
mod stop;
mod unsolicited_data;

use std::sync::Arc;
use std::time::Duration;

use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{
    Event, EventKind, Failure, LaneId, Mode, Plan, Run, State, Target, TaskId, WorkSpec,
};
use threadline::source::{Clock, Launcher, RunHandle};

/// A test that waits longer than this has hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

fn plan(workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    Plan::new(WorkSpec::Followers(target), mode, workers, tasks)
}

/// Returns a sequential plan for pages of one user's followers.
fn pages(tasks: u32) -> Plan {
    plan(1, tasks)
}

/// A run in progress, and its events so far.
struct ClientRun {
    handle: RunHandle,
    run: Run,
    events: Vec<Event>,
}

impl ClientRun {
    fn start(api: Api, plan: Plan) -> Self {
        let no_retries =
            RetryPolicy { retries: 0, max_wait: Duration::ZERO, ..RetryPolicy::default() };
        Self::with_retry_policy(api, plan, no_retries)
    }

    fn with_retry_policy(api: Api, plan: Plan, retry_policy: RetryPolicy) -> Self {
        let run = Run::new(plan.clone());
        let handle = Launcher::new(Some(Arc::new(api)), retry_policy, Clock::system()).start(plan);
        Self { handle, run, events: Vec::new() }
    }

    fn next(&mut self) -> &Event {
        let event = self.handle.events().recv_timeout(HANG_TIMEOUT).unwrap();
        self.run.apply(&event);
        self.events.push(event);
        self.events.last().unwrap()
    }

    /// Waits until a lane enters this state.
    fn wait_for_state(&mut self, state: State) {
        while self.next().kind != (EventKind::StateEntered { state }) {}
    }

    fn wait_for_end(mut self) -> Self {
        while !matches!(self.next().kind, EventKind::RunFinished { .. }) {}
        self
    }

    /// Returns the states that a lane entered during a task, in order.
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

    /// Returns the tasks that opened a connection, with their lanes.
    fn connecting_tasks(&self) -> Vec<(LaneId, TaskId)> {
        let done = self.run.tasks().iter().filter_map(|(task, record)| match &record.outcome {
            Some(threadline::model::TaskOutcome::Done(done))
                if done.response.is_some_and(|response| response.connected) =>
            {
                Some((record.lane, task))
            }
            _ => None,
        });
        done.collect()
    }
}

fn run_to_end(url: &str, plan: Plan) -> ClientRun {
    ClientRun::start(Api::new(url, None).unwrap(), plan).wait_for_end()
}

/// Returns the failure of a run that fetches one page.
fn page_failure(url: &str) -> Failure {
    run_failure(&run_to_end(url, pages(1)))
}

fn run_failure(client_run: &ClientRun) -> Failure {
    let failure = client_run.run.failure().unwrap().clone();
    let message = &failure.message;
    assert!((20..600).contains(&message.len()), "not a sentence: {message:?}");
    assert!(!message.chars().any(is_unsafe_to_print), "{message:?}");
    failure
}

/// Returns true for control characters, direction overrides and zero-width characters.
fn is_unsafe_to_print(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn follower_json(id: u32) -> String {
    format!(r#"{{"login":"user{id}","id":{id},"html_url":"https://github.com/user{id}"}}"#)
}

/// Returns the body of a page with `count` followers, whose ids start at 1,000 times its number.
fn page_body(page: u32, count: u32) -> String {
    let followers: Vec<String> =
        (0..count).map(|index| follower_json(page * 1_000 + index)).collect();
    format!("[{}]", followers.join(","))
}
