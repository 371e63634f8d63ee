//! The JSON report: one document with everything measured. The types here are its shape; a change
//! that a reader would stumble over raises [`VERSION`].

mod fill;

use std::io::{self, Write};

use serde::Serialize;

use super::ascii;
use crate::model::{FailureKind, LimitKind, Mode, Run, Target};

/// The shape's version.
pub const VERSION: u32 = 1;

/// The document. Times are in seconds; moments count from their run's start. What does not apply is
/// null.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Always `threadline.report`.
    pub format: &'static str,
    /// The shape's version; a reader should refuse a higher one.
    pub version: u32,
    /// Whose followers, and where.
    pub target: Option<TargetReport>,
    /// The preparing request, which counts in no run; null if it was not made.
    pub profile: Option<ProfileReport>,
    /// The runs, in the order in which they ran.
    pub runs: Vec<RunReport>,
    /// Threads against sequential; null unless both ran.
    pub comparison: Option<ComparisonReport>,
}

/// Whose followers, and where.
#[derive(Clone, Debug, Serialize)]
pub struct TargetReport {
    /// The user's login.
    pub user: String,
    /// The API's host, or `built-in server`.
    pub api: String,
    /// Followers a page.
    pub per_page: u8,
    /// Whether the requests count against somebody's rate limit.
    pub costs_quota: bool,
}

/// The preparing request.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileReport {
    /// The login as the server spells it; null if the request failed.
    pub login: Option<String>,
    /// How many followers the profile claims; the list may hide some of them.
    pub followers: Option<u64>,
    /// How long the request took.
    pub elapsed_s: f64,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// `sequential` or `threads`.
    pub mode: Mode,
    /// How many worker threads; 1 in sequential mode.
    pub workers: u16,
    /// From the run's start to its last request's end.
    pub elapsed_s: f64,
    /// How many pages there are, as far as the run found.
    pub pages: u32,
    /// How many of them it got.
    pub pages_done: u32,
    /// How many followers they hold, each counted once.
    pub followers: u64,
    /// How many entries on them were left out, as their account was there before.
    pub duplicates: u64,
    /// Requests made; above `pages` if some were made again, or pages were asked for that turned out
    /// not to exist.
    pub requests: u32,
    /// How many of them were made again after they failed.
    pub retries: u32,
    /// The limits that the server said were reached.
    pub rate_limits: Vec<RateLimitReport>,
    /// The last page that the API shows, where it said that it shows no more; else null.
    pub last_page_shown: Option<u32>,
    /// Bytes of all bodies, decompressed.
    pub bytes: u64,
    /// `pages_done` a second.
    pub requests_per_second: f64,
    /// `finished` (every page was tried), `stopped` or `failed` (given up).
    pub end: &'static str,
    /// Whether no page is missing.
    pub whole: bool,
    /// Why it was given up.
    pub error: Option<ErrorReport>,
    /// How long its requests took; null if none ended.
    pub request_time: Option<RequestTime>,
    /// The workers.
    pub lanes: Vec<LaneReport>,
    /// The requests, by page and attempt.
    pub tasks: Vec<TaskReport>,
}

/// A rate limit that was waited for, or not.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RateLimitReport {
    /// `primary` or `secondary`.
    pub kind: LimitKind,
    /// When it was to end.
    pub until_s: f64,
}

/// How long requests took: nearest-rank percentiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RequestTime {
    /// The quickest.
    pub min_s: f64,
    /// Half took no longer.
    pub median_s: f64,
    /// 95 % took no longer.
    pub p95_s: f64,
    /// The slowest.
    pub max_s: f64,
}

/// One worker.
#[derive(Clone, Debug, Serialize)]
pub struct LaneReport {
    /// Its thread's name.
    pub name: String,
    /// How many requests it made.
    pub tasks: usize,
    /// How long it was in each state; the sum is the run's `elapsed_s`.
    pub seconds: StateSeconds,
}

/// Seconds by state.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StateSeconds {
    /// Without a task.
    pub idle: f64,
    /// Its process starting.
    pub starting: f64,
    /// A task, or what came of it, on its way between processes.
    pub hand_over: f64,
    /// DNS, TCP, TLS.
    pub connecting: f64,
    /// The request is out, the answer has not begun.
    pub waiting: f64,
    /// The body comes in.
    pub receiving: f64,
    /// A command running.
    pub running: f64,
    /// Parsing.
    pub computing: f64,
    /// CPU work that needs no GIL.
    pub native: f64,
    /// Waiting for a lock.
    pub lock_wait: f64,
    /// Held back by a rate limit.
    pub throttled: f64,
    /// After a failure, until the task was put away.
    pub error: f64,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct TaskReport {
    /// The page.
    pub page: u32,
    /// Which request for it, from 1.
    pub attempt: u32,
    /// The worker, by its place in `lanes`, from 0.
    pub lane: u16,
    /// `done`, `failed`, `stopped`, or `retried` if it failed and another was made.
    pub outcome: &'static str,
    /// The HTTP status; null if the request did not go well.
    pub status: Option<u16>,
    /// When the worker took it.
    pub started_s: f64,
    /// When the worker was done with it.
    pub finished_s: Option<f64>,
    /// Bytes of the body, decompressed.
    pub bytes: Option<u64>,
    /// How many followers are on the page, those included that were there before.
    pub followers: Option<u64>,
    /// Whether a connection was opened for it, rather than the worker's own used again.
    pub new_connection: Option<bool>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// A failure.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// `not_found`, `refused`, `rate_limited`, `unreachable`, `timed_out`, `server` or `panicked`.
    pub kind: FailureKind,
    /// In words for a person.
    pub message: String,
}

/// Threads against sequential.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonReport {
    /// T(sequential) / T(threads); null unless both runs are whole.
    pub speed_up: Option<f64>,
    /// `speed_up` / workers.
    pub efficiency: Option<f64>,
    /// ceil(pages / workers): the rounds that the threads needed.
    pub waves: u32,
    /// Workers without a page in the last wave.
    pub idle_in_last_wave: u32,
    /// Whether both runs brought the same.
    pub agreement: AgreementReport,
}

/// Whether both runs brought the same.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AgreementReport {
    /// `same` (in the same order), `reordered`, `different`, or `incomplete` (not both are whole).
    pub verdict: &'static str,
    /// How many accounts only the sequential run brought; null when incomplete.
    pub only_sequential: Option<u64>,
    /// How many accounts only the threads brought.
    pub only_threads: Option<u64>,
}

impl Report {
    /// Of what ran: the preparing request and the runs after it. Runs that have not begun are left
    /// out.
    pub fn of(target: Option<&Target>, profile: Option<&Run>, runs: &[Run]) -> Self {
        let target = target.map(|target| {
            let Target { user, api, per_page, costs_quota } = target.clone();
            TargetReport { user, api, per_page, costs_quota }
        });
        Self {
            format: "threadline.report",
            version: VERSION,
            target,
            profile: profile.map(ProfileReport::of),
            runs: runs.iter().filter(|run| run.has_begun()).map(RunReport::of).collect(),
            comparison: ComparisonReport::of(runs),
        }
    }

    /// Writes the document, as ASCII, so that no text from outside can act on a terminal.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        ascii::pretty(out, self)?;
        out.write_all(b"\n")
    }
}
