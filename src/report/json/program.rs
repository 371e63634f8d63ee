//! The JSON report of a watched program: a document of its own. The types here define its format; every
//! incompatible change increments [`VERSION`].

use std::io::{self, Write};

use serde::Serialize;

use super::write_document;
use crate::analysis::ProgramSummary;
use crate::analysis::program::{FunctionShare, GilSummary, ThreadSummary};
use crate::analysis::verdict::Verdict;
use crate::model::{Accuracy, Exactness, Nanos, ReasonSource, Run, State, TaskId};

/// The version of the format.
const VERSION: u32 = 1;

/// The document. Times are in seconds; moments count from the start of watching. Fields that do not apply
/// are null.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramReport {
    /// Always `threadline.program`.
    pub format: &'static str,
    /// The version of the format; readers should reject a higher one.
    pub version: u32,
    /// The command line, or the name of the process.
    pub command: String,
    /// The process ID of its first process.
    pub pid: u32,
    /// The number of cores that the program may use.
    pub cores: u16,
    /// The time for which it was watched.
    pub elapsed_s: f64,
    /// The exactness of the figures; null if nothing was seen.
    pub accuracy: Option<AccuracyReport>,
    /// The threads in the order of birth.
    pub threads: Vec<ThreadReport>,
    /// The totals.
    pub totals: ProgramTotalsReport,
    /// The GILs, one per interpreter; null if there is none.
    pub gil: Option<Vec<ProgramGilReport>>,
    /// The conclusion in a sentence; null if nothing was seen.
    pub verdict: Option<String>,
}

/// The exactness of the figures. The seconds on a CPU and without a core are the kernel's sums and always
/// exact.
#[derive(Clone, Debug, Serialize)]
pub struct AccuracyReport {
    /// `exact`, `counted` or `coarse`: the moments at which states begin and end.
    pub edges: &'static str,
    /// The time between two readings, if `counted`.
    pub period_s: Option<f64>,
    /// The source of the reasons: `syscall`, `wchan` or `none`.
    pub reasons: ReasonSource,
    /// Why the edges are not exact, and what would make them so.
    pub why: Option<String>,
}

/// One thread.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadReport {
    /// The thread ID.
    pub tid: u32,
    /// The process ID.
    pub pid: u32,
    /// The latest name.
    pub name: String,
    /// The time of its birth, or of the first look at it.
    pub started_s: f64,
    /// The time of its end; null if it outlived the watching.
    pub ended_s: Option<f64>,
    /// The time in each state; the sum is its life.
    pub seconds: ThreadSeconds,
    /// The number of times that it left a CPU.
    pub switches: u64,
    /// The number of those at which it was preempted.
    pub preempted: u64,
    /// The system calls, or kernel functions, that it waited in.
    pub calls: Vec<CallReport>,
    /// The threads that it waited for.
    pub waited_for: Vec<WaitedForReport>,
    /// The functions that it was seen in.
    pub functions: Vec<FunctionReport>,
}

/// Seconds by state.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ThreadSeconds {
    /// On a CPU.
    pub on_cpu: f64,
    /// Ready to run, and no core was free.
    pub no_core: f64,
    /// In an I/O call.
    pub waiting: f64,
    /// For a lock or the GIL.
    pub lock_wait: f64,
    /// For another thread, or for what cannot be seen.
    pub parked: f64,
    /// For time to pass.
    pub sleeping: f64,
    /// For events: idle.
    pub events: f64,
    /// Off the CPU, too briefly to see why.
    pub blocked: f64,
    /// Stopped by a signal or a debugger.
    pub stopped: f64,
    /// Not known, because records were lost.
    pub unknown: f64,
}

/// A call that a thread waited in.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// The system call, or the kernel function.
    pub call: String,
    /// The time.
    pub seconds: f64,
}

/// A thread that another one waited for, because it held a lock or had to end first.
#[derive(Clone, Debug, Serialize)]
pub struct WaitedForReport {
    /// The thread ID.
    pub tid: u32,
    /// The latest name.
    pub name: String,
    /// The time.
    pub seconds: f64,
}

/// A function that a thread was seen in.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionReport {
    /// The name.
    pub name: String,
    /// The path of the file.
    pub file: String,
    /// The line, if it is known.
    pub line: Option<u32>,
    /// The share of the time in which the thread ran or wanted to, 0 to 1.
    pub share: f64,
}

/// The totals.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ProgramTotalsReport {
    /// The mean number of cores in use.
    pub on_cpu_cores: f64,
    /// The mean number of threads that had no core.
    pub no_core_mean: f64,
    /// The number of threads.
    pub threads_born: usize,
    /// The maximum number of threads at the same time.
    pub threads_peak: usize,
    /// The number of times per second that a thread left a CPU.
    pub switches_per_second: f64,
    /// The cost of the records to the program.
    pub cost_to_program_cores: f64,
    /// The CPU time of threadline.
    pub own_cores: f64,
    /// The CPU quota of the program's control group.
    pub cpu_quota: Option<CpuQuotaReport>,
}

/// The CPU quota of a control group, and its use.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CpuQuotaReport {
    /// The quota.
    pub cores: f64,
    /// The number of the kernel's periods in which the group wanted to run.
    pub periods: u64,
    /// The number of those in which the quota was used up.
    pub used_up: u64,
}

/// The GIL of one interpreter.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramGilReport {
    /// The process ID.
    pub pid: u32,
    /// The version of CPython.
    pub python: String,
    /// The share of the time in which a thread held it, 0 to 1.
    pub held: f64,
    /// The mean number of threads that waited for it.
    pub waiters_mean: f64,
    /// The number of times per second that it changed hands.
    pub hand_overs_per_second: f64,
    /// CPython's switch interval.
    pub switch_interval_s: f64,
    /// The longest time that one thread kept it; null if none held it.
    pub longest_hold: Option<LongestHoldReport>,
    /// The threads that held it, the longest first.
    pub holders: Vec<HolderReport>,
}

/// The longest time that one thread kept a GIL.
#[derive(Clone, Debug, Serialize)]
pub struct LongestHoldReport {
    /// The thread ID.
    pub tid: u32,
    /// The time.
    pub seconds: f64,
    /// The function that the thread was in, if that was seen.
    pub function: Option<String>,
}

/// A thread that held a GIL.
#[derive(Clone, Debug, Serialize)]
pub struct HolderReport {
    /// The thread ID.
    pub tid: u32,
    /// The latest name.
    pub name: String,
    /// The share of the time in which it held the GIL, 0 to 1.
    pub share: f64,
}

impl ProgramReport {
    /// Builds the document of a run, or returns `None` if it watches no program.
    pub fn from_run(run: &Run) -> Option<Self> {
        let summary = ProgramSummary::new(run, Nanos::ZERO)?;
        let totals = summary.totals;
        let gils: Vec<ProgramGilReport> =
            summary.gils.iter().map(|gil| ProgramGilReport::from_gil(gil, &summary)).collect();
        let conclusion = Verdict::new(std::slice::from_ref(run), None).conclusion();
        Some(Self {
            format: "threadline.program",
            version: VERSION,
            command: summary.program.command.clone(),
            pid: summary.program.pid,
            cores: summary.program.cores,
            elapsed_s: summary.elapsed().as_secs_f64(),
            accuracy: summary.accuracy.map(AccuracyReport::from_accuracy),
            threads: summary
                .threads
                .iter()
                .map(|thread| ThreadReport::from_thread(thread, &summary))
                .collect(),
            totals: ProgramTotalsReport {
                on_cpu_cores: totals.on_cpu_cores,
                no_core_mean: totals.no_core_mean,
                threads_born: totals.threads_born,
                threads_peak: totals.threads_peak,
                switches_per_second: totals.switches_per_second,
                cost_to_program_cores: totals.cost_to_program_cores,
                own_cores: totals.own_cores,
                cpu_quota: totals.quota.map(|quota| CpuQuotaReport {
                    cores: quota.cores(),
                    periods: quota.periods,
                    used_up: quota.used_up,
                }),
            },
            gil: (!gils.is_empty()).then_some(gils),
            verdict: conclusion.map(|conclusion| conclusion.sentence() + "."),
        })
    }

    /// Writes the document as ASCII, so that a terminal cannot interpret untrusted text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write_document(out, self)
    }
}

impl AccuracyReport {
    fn from_accuracy(accuracy: &Accuracy) -> Self {
        let (edges, period) = match accuracy.edges {
            Exactness::Exact => ("exact", None),
            Exactness::Counted { period } => ("counted", Some(period)),
            Exactness::Coarse => ("coarse", None),
        };
        Self {
            edges,
            period_s: period.map(Nanos::as_secs_f64),
            reasons: accuracy.reasons,
            why: accuracy.why.clone(),
        }
    }
}

/// Returns the thread ID and the name of a task's thread.
fn identity(task: TaskId, summary: &ProgramSummary<'_>) -> (u32, String) {
    let thread = summary.thread(task);
    thread.map(|thread| (thread.identity.tid, thread.identity.name.clone())).unwrap_or_default()
}

impl ThreadReport {
    fn from_thread(thread: &ThreadSummary<'_>, summary: &ProgramSummary<'_>) -> Self {
        let waited_for = thread.waited_for().into_iter().map(|(task, time)| {
            let (tid, name) = identity(task, summary);
            WaitedForReport { tid, name, seconds: time.as_secs_f64() }
        });
        let calls = thread.calls().into_iter();
        Self {
            tid: thread.identity.tid,
            pid: thread.identity.pid,
            name: thread.identity.name.clone(),
            started_s: thread.born.as_secs_f64(),
            ended_s: thread.ended.map(Nanos::as_secs_f64),
            seconds: ThreadSeconds::from_thread(thread),
            switches: thread.switches,
            preempted: thread.preempted,
            calls: calls
                .map(|(call, time)| CallReport {
                    call: call.to_owned(),
                    seconds: time.as_secs_f64(),
                })
                .collect(),
            waited_for: waited_for.collect(),
            functions: thread.functions.iter().map(FunctionReport::from_share).collect(),
        }
    }
}

impl ThreadSeconds {
    fn from_thread(thread: &ThreadSummary<'_>) -> Self {
        let seconds = |state: State| Nanos(thread.times[state]).as_secs_f64();
        Self {
            on_cpu: seconds(State::OnCpu),
            no_core: seconds(State::NoCore),
            waiting: seconds(State::Waiting),
            lock_wait: seconds(State::LockWait),
            parked: seconds(State::Parked),
            sleeping: seconds(State::Sleeping),
            events: seconds(State::Events),
            blocked: seconds(State::Blocked),
            stopped: seconds(State::Stopped),
            unknown: seconds(State::Unknown),
        }
    }
}

impl FunctionReport {
    fn from_share(function: &FunctionShare<'_>) -> Self {
        let place = function.place.clone();
        Self { name: place.function, file: place.file, line: place.line, share: function.share }
    }
}

impl ProgramGilReport {
    fn from_gil(gil: &GilSummary<'_>, summary: &ProgramSummary<'_>) -> Self {
        let holders = gil.holders.iter().map(|&(task, share)| {
            let (tid, name) = identity(task, summary);
            HolderReport { tid, name, share }
        });
        Self {
            pid: gil.details.pid,
            python: gil.details.version.clone(),
            held: gil.held,
            waiters_mean: gil.waiters_mean,
            hand_overs_per_second: gil.hand_overs_per_second,
            switch_interval_s: gil.details.switch_interval.unwrap_or_default().as_secs_f64(),
            longest_hold: gil.longest_hold.map(|hold| LongestHoldReport {
                tid: identity(hold.task, summary).0,
                seconds: hold.time.as_secs_f64(),
                function: hold.place.map(|place| place.function.clone()),
            }),
            holders: holders.collect(),
        }
    }
}
