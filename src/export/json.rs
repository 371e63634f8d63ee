//! The JSON report: one document with everything measured. The types here are its shape; a change
//! that a reader would stumble over raises [`VERSION`].

mod compute_report;
mod from_runs;
mod limit_change_report;
mod sweep;

use std::io::{self, Write};

use serde::Serialize;

use super::ascii_json;
use crate::model::{FailureKind, LimitKind, Mode, Run, Sweep, Target, Workload};
pub use compute_report::{ComputeReport, GilReport, HoldReport};
pub use limit_change_report::LimitChangeReport;
pub use sweep::{FitReport, KneeReport, ParameterReport, PointReport, SweepReport, TrialReport};

/// The shape's version.
pub const VERSION: u32 = 2;

/// The document. Times are in seconds; moments count from their run's start. What does not apply is
/// null.
#[derive(Clone, Debug, Serialize)]
pub struct JsonReport {
    /// Always `threadline.report`.
    pub format: &'static str,
    /// The shape's version; a reader should refuse a higher one.
    pub version: u32,
    /// What the tasks are; null if nothing was begun.
    pub workload: Option<Workload>,
    /// Whose followers, and where; null where no followers are fetched.
    pub target: Option<TargetReport>,
    /// What is computed, and where; null where nothing is.
    pub compute: Option<ComputeReport>,
    /// The preparing request, which counts in no run; null if it was not made.
    pub profile: Option<ProfileReport>,
    /// The runs, in the order in which they ran.
    pub runs: Vec<RunReport>,
    /// The sweep that they belong to; null where it is none.
    pub sweep: Option<SweepReport>,
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
    /// `sequential`, `threads`, `gil` or `processes`.
    pub mode: Mode,
    /// How many workers; 1 in sequential mode, and where `auto`, the most that there might be.
    pub workers: u16,
    /// Whether it was found while fetching how many of them were at work.
    pub auto: bool,
    /// How many requests might be in flight at once, each time that it changed.
    pub allowed: Vec<LimitChangeReport>,
    /// How many tasks the queue held at most; null for no bound.
    pub queue: Option<u32>,
    /// From the run's start to its last task's end.
    pub elapsed_s: f64,
    /// How many tasks there are, as far as the run found: for followers, the pages.
    pub tasks_known: u32,
    /// How many of them went well.
    pub tasks_done: u32,
    /// The same a second.
    pub tasks_per_second: f64,
    /// How many followers the pages hold, each counted once.
    pub followers: Option<u64>,
    /// How many entries on them were left out, as their account was there before.
    pub duplicates: Option<u64>,
    /// Attempts at tasks; above `tasks_known` if some were made again, or pages were asked for that
    /// turned out not to exist.
    pub attempts: u32,
    /// How many of them were requests made again after one failed.
    pub retries: u32,
    /// How often a task went back into the queue because its worker could not go on: its process
    /// died, or the system had too little for it.
    pub lost: u32,
    /// Workers that took no more tasks because the system has too little for them.
    pub workers_missing: usize,
    /// The limits that the server said were reached.
    pub rate_limits: Vec<RateLimitReport>,
    /// The last page that the API shows, where it said that it shows no more; else null.
    pub last_page_shown: Option<u32>,
    /// Bytes of all bodies, decompressed.
    pub bytes: u64,
    /// `finished` (every task was tried), `stopped` or `failed` (given up).
    pub end: &'static str,
    /// Whether no task is missing.
    pub whole: bool,
    /// Why it was given up.
    pub error: Option<ErrorReport>,
    /// ceil(tasks / workers): the rounds that the workers need if all tasks are equal; null where
    /// their number changes.
    pub waves: Option<u32>,
    /// Workers without a task in the last wave.
    pub idle_in_last_wave: Option<u32>,
    /// The run against the sequential one; null for that one, and unless both are over.
    pub against_sequential: Option<ComparisonReport>,
    /// What the threads' GIL did; null in a mode without one for all.
    pub gil: Option<GilReport>,
    /// How long attempts took; null if none ended.
    pub attempt_time: Option<AttemptTime>,
    /// The workers.
    pub lanes: Vec<LaneReport>,
    /// The attempts, by task.
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

/// How long attempts took: nearest-rank percentiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AttemptTime {
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
    /// Its name; for a thread, the system's, too.
    pub name: String,
    /// The numbers of its processes: each but the last died.
    pub pids: Vec<u32>,
    /// How many attempts it made.
    pub attempts: usize,
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
    /// Parsing or computing: holding the GIL, where there is one.
    pub computing: f64,
    /// CPU work that needs no GIL.
    pub native: f64,
    /// Waiting for the GIL.
    pub lock_wait: f64,
    /// Held back by a rate limit.
    pub throttled: f64,
    /// After a failure, until the task was put away.
    pub error: f64,
}

/// One attempt at a task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskReport {
    /// The task's number: for followers, the page.
    pub task: u32,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The worker, by its place in `lanes`, from 0.
    pub lane: u16,
    /// `done`, `failed`, `stopped`, `retried` if it failed and another was made, or `lost` if the
    /// worker process died over it.
    pub outcome: &'static str,
    /// The HTTP status, also of a request that failed; null if no server answered.
    pub status: Option<u16>,
    /// When the worker took it.
    pub started_s: f64,
    /// When the worker was done with it.
    pub finished_s: Option<f64>,
    /// Bytes of the body, decompressed.
    pub bytes: Option<u64>,
    /// How many followers are on the page, those included that were there before.
    pub followers: Option<u64>,
    /// What CPU work came to: the number in 16 hexadecimal digits, as it may be larger than every
    /// reader of JSON can tell.
    pub value: Option<String>,
    /// Whether a connection was opened for it, rather than the worker's own used again.
    pub new_connection: Option<bool>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// A failure.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// `not_found`, `refused`, `rate_limited`, `unreachable`, `timed_out`, `server`, `worker` or
    /// `panicked`, `unrecorded`.
    pub kind: FailureKind,
    /// In words for a person.
    pub message: String,
}

/// A run against the sequential one.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonReport {
    /// T(sequential) / T(this); null unless both runs are whole.
    pub speed_up: Option<f64>,
    /// `speed_up` / workers.
    pub efficiency: Option<f64>,
    /// `same` (in the same order), `reordered`, `different`, or `incomplete` (not both are whole).
    pub verdict: &'static str,
    /// How many accounts or values only the sequential run brought; null when incomplete.
    pub only_sequential: Option<u64>,
    /// How many only this one brought.
    pub only_here: Option<u64>,
}

impl JsonReport {
    /// Of what ran: the preparing request and the runs after it, on a machine that has so many cores,
    /// as far as is known. Runs that have not begun are left out.
    pub fn from_runs(
        target: Option<&Target>,
        profile: Option<&Run>,
        runs: &[Run],
        cores: Option<u16>,
    ) -> Self {
        let plan = runs.first().or(profile).map(Run::plan);
        let workload = runs.first().map(|run| run.plan().workload());
        let target = target.filter(|_| workload.is_none_or(|workload| !workload.is_computed()));
        Self {
            format: "threadline.report",
            version: VERSION,
            workload,
            target: target.map(TargetReport::from_target),
            compute: plan.and_then(|plan| ComputeReport::from_plan(plan, cores)),
            profile: profile.map(ProfileReport::from_run),
            runs: runs
                .iter()
                .filter(|run| run.has_started())
                .map(|run| RunReport::from_run(runs, run))
                .collect(),
            sweep: None,
        }
    }

    /// The same, with the sweep that the runs belong to, over a workload in a mode.
    #[must_use]
    pub fn with_sweep(self, sweep: &Sweep, workload: Workload, mode: Mode) -> Self {
        Self { sweep: Some(SweepReport::from_sweep(sweep, workload, mode)), ..self }
    }

    /// Writes the document, as ASCII, so that no text from outside can act on a terminal.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        ascii_json::write_pretty(out, self)?;
        out.write_all(b"\n")
    }
}
