//! The JSON report: one document with all measurements, in ASCII. The types here define its format;
//! every incompatible change increments [`VERSION`].

mod from_runs;
mod list;
mod program;
mod sweep;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::analysis::Sweep;
use crate::model::{FailureKind, LimitKind, Mode, Run, Target, Workload};
pub use list::ListReport;
pub use program::ProgramReport;
pub use sweep::{FitReport, KneeReport, ParameterReport, PointReport, SweepReport, TrialReport};

/// The version of the format.
pub const VERSION: u32 = 2;

/// The document. Times are in seconds, counted from the start of their run. Fields that do not apply
/// are null.
#[derive(Clone, Debug, Serialize)]
pub struct JsonReport {
    /// Always `threadline.report`.
    pub format: &'static str,
    /// The version of the format; readers should reject a higher one.
    pub version: u32,
    /// The workload; null if no run started.
    pub workload: Option<Workload>,
    /// The user and the API; null for CPU workloads.
    pub target: Option<TargetReport>,
    /// The list of pages; null for other workloads.
    pub list: Option<ListReport>,
    /// The CPU work and the machine; null for other workloads.
    pub compute: Option<ComputeReport>,
    /// The runs, in the order of their modes.
    pub runs: Vec<RunReport>,
    /// `true` if the runs started at the same moment; otherwise they followed one another.
    pub simultaneous: bool,
    /// The sweep that the runs belong to, if any.
    pub sweep: Option<SweepReport>,
}

/// The user and the API whose followers are fetched.
#[derive(Clone, Debug, Serialize)]
pub struct TargetReport {
    /// The login of the user.
    pub user: String,
    /// The host of the API, or `built-in server`.
    pub api: String,
    /// The number of followers per page.
    pub per_page: u8,
    /// `true` if the requests count against a rate limit.
    pub costs_quota: bool,
}

/// The CPU work and the machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ComputeReport {
    /// The approximate duration of a task that runs alone.
    pub size_s: f64,
    /// The loop iterations of CPU work that take this long; null if they were not calibrated.
    pub turns: Option<u64>,
    /// The percentage of a mixed task that is CPU work.
    pub share: Option<u8>,
    /// The time that a thread waits for the GIL before it requests a switch.
    pub switch_interval_s: f64,
    /// The number of cores of the real or simulated machine; null if unknown.
    pub cores: Option<u16>,
    /// The seed of the simulated machine; null for a real one.
    pub seed: Option<u64>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// `sequential`, `threads`, `gil` or `processes`.
    pub mode: Mode,
    /// The number of workers: 1 in sequential mode, the maximum if `auto`.
    pub workers: u16,
    /// `true` if the run adjusted its concurrency automatically.
    pub auto: bool,
    /// All changes of the concurrency limit.
    pub allowed: Vec<LimitChangeReport>,
    /// The time from the start of the run to the end of its last task.
    pub elapsed_s: f64,
    /// The number of tasks that the run discovered: for followers, the pages.
    pub tasks_known: u32,
    /// The number of successful tasks.
    pub tasks_done: u32,
    /// Successful tasks per second.
    pub tasks_per_second: f64,
    /// The number of distinct followers on the pages.
    pub followers: Option<u64>,
    /// The number of distinct items on the pages of a list, or `None` if bodies are not JSON.
    pub items: Option<u64>,
    /// The number of entries skipped because their account or identity occurred before.
    pub duplicates: Option<u64>,
    /// The number of attempts. It exceeds `tasks_known` after retries, or if pages were requested that
    /// do not exist.
    pub attempts: u32,
    /// The number of pages that were requested before they turned out not to exist. They count in
    /// `attempts` alone.
    pub requests_past_end: u32,
    /// The number of attempts that were retries after a failure.
    pub retries: u32,
    /// The number of times that a task was requeued because its worker process died or the system ran
    /// out of resources for the worker.
    pub lost: u32,
    /// The number of workers that quit because the system ran out of resources for them.
    pub workers_missing: usize,
    /// The time in which a rate limit held back at least one worker; 0 if that is less than 1 % of
    /// `elapsed_s`. A speed-up of such a run, or over it, means little.
    pub held_back_s: f64,
    /// The rate limits that the server reported as reached.
    pub rate_limits: Vec<RateLimitReport>,
    /// The last page that the API returns, if it caps the list; else null.
    pub last_page_shown: Option<u32>,
    /// The size of all response bodies in bytes, decompressed.
    pub bytes: u64,
    /// `finished` (all tasks were tried), `stopped` or `failed` (given up).
    pub end: &'static str,
    /// `true` if no task is missing.
    pub whole: bool,
    /// The reason if the run was given up.
    pub error: Option<ErrorReport>,
    /// ceil(tasks / workers): the rounds that the workers need if all tasks are equal; null if the
    /// number of workers changed.
    pub waves: Option<u32>,
    /// The number of workers without a task in the last wave.
    pub idle_in_last_wave: Option<u32>,
    /// The comparison with the sequential run; null for that run itself, and unless both are over.
    pub against_sequential: Option<ComparisonReport>,
    /// The load of the machine; null if it was not measured.
    pub machine: Option<MachineReport>,
    /// The use of the GIL; null in modes without a shared one.
    pub gil: Option<GilReport>,
    /// The durations of the attempts; null if none ended.
    pub attempt_time: Option<AttemptTime>,
    /// The workers.
    pub lanes: Vec<LaneReport>,
    /// The attempts, ordered by task.
    pub tasks: Vec<TaskReport>,
}

/// A change of the maximum number of requests in flight.
#[derive(Clone, Debug, Serialize)]
pub struct LimitChangeReport {
    /// The time of the change.
    pub at_s: f64,
    /// The new maximum.
    pub in_flight: u16,
    /// The reason: `start`, `no queue`, `queue`, `probe`, `probed`, `rate limit`, `server error`,
    /// `timed out`, `broken connection`, `quota` or `recovered`.
    pub why: String,
    /// The estimated number of requests queued at the server; null if the queue was not the reason.
    pub queue: Option<f64>,
}

/// A rate limit that was reached.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RateLimitReport {
    /// `primary` or `secondary`.
    pub kind: LimitKind,
    /// The announced end of the limit.
    pub until_s: f64,
}

/// The load of the machine during a run: the number of its cores in use, on average.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MachineReport {
    /// The number of cores.
    pub cores: u16,
    /// Cores that threadline and its processes used.
    pub own_cores: f64,
    /// Cores that other programs used.
    pub other_cores: f64,
    /// Cores that the host of a virtual machine took from it.
    pub stolen_cores: f64,
}

/// The use of the GIL in a run.
#[derive(Clone, Debug, Serialize)]
pub struct GilReport {
    /// The fraction of time during which a thread held the GIL.
    pub held: f64,
    /// The average number of threads that waited for the GIL.
    pub mean_waiters: f64,
    /// The number of times that the GIL passed to a different thread.
    pub switches: u32,
    /// Switches per second.
    pub switches_per_second: f64,
    /// The longest uninterrupted hold; null if no thread held the GIL.
    pub longest_hold: Option<HoldReport>,
    /// The time that threads waited for the GIL, summed over all threads.
    pub cost_s: f64,
    /// The number of times that a thread took the GIL while another one held it. Anything but 0 is a
    /// bug.
    pub violations: u32,
}

/// A period during which one thread held the GIL.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HoldReport {
    /// The thread as an index into `lanes`.
    pub lane: u16,
    /// The start of the hold.
    pub start_s: f64,
    /// The duration of the hold.
    pub length_s: f64,
}

/// The durations of attempts: nearest-rank percentiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AttemptTime {
    /// The minimum.
    pub min_s: f64,
    /// The median.
    pub median_s: f64,
    /// The 95th percentile.
    pub p95_s: f64,
    /// The maximum.
    pub max_s: f64,
}

/// A worker.
#[derive(Clone, Debug, Serialize)]
pub struct LaneReport {
    /// The name of the worker; for a thread, also its name in the system.
    pub name: String,
    /// The process IDs of the worker; all processes but the last died.
    pub pids: Vec<u32>,
    /// The number of attempts by this worker.
    pub attempts: usize,
    /// The time in each state; the sum is the run's `elapsed_s`.
    pub seconds: StateSeconds,
}

/// Seconds by state.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StateSeconds {
    /// Without a task.
    pub idle: f64,
    /// Starting the process.
    pub starting: f64,
    /// Transferring a task or its result between processes.
    pub hand_over: f64,
    /// Connecting: DNS, TCP and TLS.
    pub connecting: f64,
    /// Waiting for the first byte of the response.
    pub waiting: f64,
    /// Receiving the response body.
    pub receiving: f64,
    /// Running a command.
    pub running: f64,
    /// Parsing or computing, holding the GIL if there is one.
    pub computing: f64,
    /// CPU work that does not need the GIL.
    pub native: f64,
    /// Waiting for the GIL.
    pub lock_wait: f64,
    /// Waiting to retry a request that failed for another reason than a rate limit.
    pub retry_wait: f64,
    /// Held back by a rate limit.
    pub throttled: f64,
    /// Not known, because events were lost.
    pub unknown: f64,
    /// Handling a failure.
    pub error: f64,
}

/// An attempt at a task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskReport {
    /// The number of the task: for followers, the page.
    pub task: u32,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The worker as an index into `lanes`.
    pub lane: u16,
    /// `done`, `past_end` for a page beyond the last one, `failed`, `stopped`, `retried` if it failed
    /// and another attempt followed, or `lost` if the worker process died.
    pub outcome: &'static str,
    /// The HTTP status, also of a failed request; null if the server did not respond.
    pub status: Option<u16>,
    /// The start time.
    pub started_s: f64,
    /// The end time.
    pub finished_s: Option<f64>,
    /// The size of the response body in bytes, decompressed.
    pub bytes: Option<u64>,
    /// The number of followers on the page, including duplicates.
    pub followers: Option<u64>,
    /// The number of items on the page, including duplicates, or `None` if its body is not JSON.
    pub items: Option<u64>,
    /// The value of CPU work in 16 hexadecimal digits, because it may exceed the integers that all JSON
    /// readers represent exactly.
    pub value: Option<String>,
    /// `true` if the request opened a connection, `false` if it reused one.
    pub new_connection: Option<bool>,
    /// The error if the attempt failed.
    pub error: Option<ErrorReport>,
}

/// A failure.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// `not_found`, `refused`, `rate_limited`, `unreachable`, `timed_out`, `server`, `content`,
    /// `request_limit`, `worker`, `panicked` or `unrecorded`.
    pub kind: FailureKind,
    /// The error message.
    pub message: String,
}

/// A comparison of a run with the sequential one.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonReport {
    /// T(sequential) / T(this); null unless both runs are complete.
    pub speed_up: Option<f64>,
    /// `speed_up` / workers.
    pub efficiency: Option<f64>,
    /// `same` (in the same order), `reordered`, `different`, or `incomplete` (tasks are missing).
    pub verdict: &'static str,
    /// The number of accounts or values that only the sequential run has; null if incomplete.
    pub only_sequential: Option<u64>,
    /// The number of accounts or values that only this run has; null if incomplete.
    pub only_here: Option<u64>,
}

impl JsonReport {
    /// Builds the document from all started runs. `cores` is the number of cores of this machine, if
    /// known.
    pub fn from_runs(target: Option<&Target>, runs: &[Run], cores: Option<u16>) -> Self {
        let plan = runs.first().map(Run::plan);
        let workload = runs.first().map(|run| run.plan().workload());
        let target = target.filter(|_| workload.is_none_or(|workload| !workload.is_computed()));
        Self {
            format: "threadline.report",
            version: VERSION,
            workload,
            target: target.map(TargetReport::from_target),
            list: plan.and_then(|plan| plan.work.list()).map(ListReport::from_list),
            compute: plan.and_then(|plan| ComputeReport::from_plan(plan, cores)),
            runs: runs
                .iter()
                .filter(|run| run.has_started())
                .map(|run| RunReport::from_run(runs, run))
                .collect(),
            simultaneous: false,
            sweep: None,
        }
    }

    /// Sets whether the runs started at the same moment.
    #[must_use]
    pub fn with_simultaneous_runs(self, simultaneous: bool) -> Self {
        Self { simultaneous, ..self }
    }

    /// Adds the sweep that the runs belong to, over a workload in a mode.
    #[must_use]
    pub fn with_sweep(self, sweep: &Sweep, workload: Workload, mode: Mode) -> Self {
        Self { sweep: Some(SweepReport::from_sweep(sweep, workload, mode)), ..self }
    }

    /// Writes the document as ASCII, so that a terminal cannot interpret untrusted text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write_document(out, self)
    }
}

/// Writes a value as one line of JSON.
pub(crate) fn write_compact<W: Write + ?Sized>(
    out: &mut W,
    value: &impl Serialize,
) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, AsciiFormatter(CompactFormatter)))?)
}

/// Writes a value as indented JSON, and an end of line.
pub(super) fn write_document(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = AsciiFormatter(PrettyFormatter::new());
    value.serialize(&mut Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// A formatter that escapes strings to ASCII and delegates the layout to another formatter. All other
/// characters and all controls are escaped, so that a terminal cannot interpret any of them.
struct AsciiFormatter<F>(F);

/// Delegates layout methods to the inner formatter.
macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<W: ?Sized + Write>(&mut self, out: &mut W, $($argument: $type),*) -> io::Result<()> {
            self.0.$method(out, $($argument),*)
        }
    )*};
}

impl<F: Formatter> Formatter for AsciiFormatter<F> {
    delegate! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // Most texts need no escape, and a million of them are written at once.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(text.as_bytes());
        }
        let is_escaped = |c: char| !c.is_ascii() || c.is_ascii_control();
        for piece in text.split_inclusive(is_escaped) {
            let plain = piece.trim_end_matches(is_escaped);
            out.write_all(plain.as_bytes())?;
            let Some(c) = piece.chars().next_back().filter(|&c| is_escaped(c)) else { continue };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_printable_ascii_and_round_trips() {
        let text = "a\"\\\n\u{1b}[2J \u{7f} \u{9b}31m é \u{202e} 🦀";
        let (mut compact, mut pretty) = (Vec::new(), Vec::new());
        write_compact(&mut compact, &text).unwrap();
        write_document(&mut pretty, &text).unwrap();
        assert_eq!(pretty.pop(), Some(b'\n'));
        for out in [compact, pretty] {
            assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)), "{out:?}");
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
