//! `Event`: a channel message, and at the same time the wire format and the content of a recording.

use std::fmt;
use std::iter;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::follower_page::FollowerPage;
use super::identifiers::{LaneId, TaskId};
use super::item_page::ItemPage;
use super::machine_load::MachineLoad;
use super::plan::Plan;
use super::quota::{Quota, ReachedLimit};
use super::state::State;
use super::time::Nanos;
use super::watched_program::{
    Accuracy, CodePlace, CpuQuota, InterpreterId, PythonInterpreter, ThreadCounters,
    ThreadIdentity, WaitReason, WatchCost,
};

/// The version of the wire format. It increases with every change that an older reader would
/// misread.
pub const VERSION: u32 = 4;

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The time on the run's clock, taken by the thread on which the event occurred.
    pub at: Nanos,
    /// The lane; 0 for events that concern the whole run.
    pub lane: LaneId,
    /// The kind of event, with its data.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kind of an event, with its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run starts, with its clock at zero.
    RunStarted {
        /// The workload, the mode and the number of workers.
        plan: Plan,
    },
    /// The number of tasks that are known so far. Sent at the start and whenever it changes.
    #[serde(rename = "queued")]
    TaskCountChanged {
        /// Tasks 1 to this number exist.
        tasks: u32,
    },
    /// The lane begins. Events on a lane before this one are ignored.
    LaneOpened {
        /// The name of its thread.
        name: String,
    },
    /// The lane ends, and takes no more tasks. Ignored while it has one.
    LaneClosed {
        /// The reason.
        reason: CloseReason,
    },
    /// The lane's worker process has started, and gives the lane its label.
    #[serde(rename = "process")]
    ProcessStarted {
        /// The process ID.
        pid: u32,
    },
    /// The lane took a task from the queue.
    #[serde(rename = "started")]
    TaskStarted {
        /// The task.
        task: TaskId,
    },
    /// The lane changed its state.
    #[serde(rename = "entered")]
    StateEntered {
        /// The new state.
        state: State,
    },
    /// A request of the lane's task failed and will be retried. Until then the lane waits, for the
    /// retry or for the end of a rate limit.
    AttemptFailed {
        /// The task.
        task: TaskId,
        /// The reason for the failure.
        failure: Failure,
        /// The time of the next attempt.
        #[serde(rename = "again")]
        retry_at: Nanos,
    },
    /// The lane retries its task's request.
    #[serde(rename = "retried")]
    TaskRetried {
        /// The task.
        task: TaskId,
    },
    /// The output and the exit status of a command. Sent before [`EventKind::TaskFinished`].
    #[serde(rename = "output")]
    CommandOutput {
        /// The task.
        task: TaskId,
        /// The output.
        output: CommandOutput,
    },
    /// The lane finished its task, successfully or not.
    #[serde(rename = "finished")]
    TaskFinished {
        /// The task.
        task: TaskId,
        /// The outcome of the task.
        outcome: TaskOutcome,
    },
    /// The server reported its remaining quota.
    #[serde(rename = "quota")]
    QuotaReported(Quota),
    /// The server reported a rate limit. No requests are sent until it expires.
    #[serde(rename = "limited")]
    RateLimited(ReachedLimit),
    /// The concurrency limit changed: the maximum number of requests in flight. An adaptive limit
    /// is also reported at the start.
    #[serde(rename = "allowed")]
    ConcurrencyChanged {
        /// The new limit.
        in_flight: u16,
        /// The reason for the change.
        #[serde(rename = "why")]
        reason: ChangeReason,
    },
    /// The address of each page is in the page before, so that no two pages can be fetched at once.
    #[serde(rename = "chained")]
    PagesChained,
    /// The thread of the lane's task, in a watched program: at its birth, and when it is renamed.
    #[serde(rename = "thread")]
    ThreadIdentified(ThreadIdentity),
    /// The reason for the state that the lane entered last.
    #[serde(rename = "reason")]
    WaitExplained(WaitReason),
    /// The kernel's counters of the lane's thread, which are exact sums: the times of the states'
    /// events are not.
    #[serde(rename = "counted")]
    ThreadCounted(ThreadCounters),
    /// The function of the user's code that the lane's thread is in.
    #[serde(rename = "function")]
    FunctionSeen(CodePlace),
    /// An interpreter was found in the watched program.
    #[serde(rename = "interpreter")]
    InterpreterFound {
        /// Its number.
        interpreter: InterpreterId,
        /// The properties that are known.
        #[serde(flatten)]
        found: PythonInterpreter,
    },
    /// The lane's thread took an interpreter's GIL.
    GilTaken {
        /// The interpreter.
        interpreter: InterpreterId,
    },
    /// The lane's thread released an interpreter's GIL.
    GilReleased {
        /// The interpreter.
        interpreter: InterpreterId,
    },
    /// The number of times that an interpreter's GIL changed hands, by its own count.
    GilCounted {
        /// The interpreter.
        interpreter: InterpreterId,
        /// The number since it was found.
        hand_overs: u64,
    },
    /// The exactness of the events from now on.
    #[serde(rename = "accuracy")]
    AccuracyChanged(Accuracy),
    /// The cost of watching so far.
    #[serde(rename = "cost")]
    CostMeasured(WatchCost),
    /// The use of the program's CPU quota so far.
    #[serde(rename = "quota_use")]
    QuotaUsed(CpuQuota),
    /// A piece of the watched program's output, with U+FFFD in place of invalid UTF-8. Not safe to
    /// print.
    #[serde(rename = "program_output")]
    ProgramOutput {
        /// The text.
        text: Arc<str>,
    },
    /// The watched program's first process ended.
    #[serde(rename = "exited")]
    ProgramExited {
        /// Its exit status.
        status: ExitStatus,
    },
    /// Events were lost.
    Gap(Gap),
    /// All tasks are finished, or the run was stopped or aborted.
    RunFinished {
        /// The result of the run.
        #[serde(rename = "end")]
        outcome: RunOutcome,
        /// The load of the machine during the run, if it was measured.
        #[serde(rename = "machine", default, skip_serializing_if = "Option::is_none")]
        machine_load: Option<MachineLoad>,
    },
}

impl Plan {
    /// Returns the events that begin a run of this plan: its start, then the opening of each lane.
    pub fn opening(&self) -> impl Iterator<Item = (LaneId, EventKind)> + use<> {
        let start = EventKind::RunStarted { plan: self.clone() };
        let lanes = self.lanes().map(|(lane, name)| (lane, EventKind::LaneOpened { name }));
        iter::once((LaneId(0), start)).chain(lanes)
    }
}

/// The reason for the end of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// No task is left for it.
    Finished,
    /// The system lacks a resource that the lane needs.
    Shortage(Failure),
}

/// The outcome of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// The task succeeded.
    Done(Completion),
    /// The task failed.
    Failed(Failure),
    /// The worker could not continue the task, because its process died or the system lacks
    /// resources ([`super::FailureKind::Exhausted`]). The task returns to the queue.
    #[serde(rename = "lost")]
    Requeued(Failure),
    /// The user stopped the run.
    Stopped,
}

/// The result of a successful task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The server's response, if the task sent a request.
    #[serde(rename = "answer")]
    pub response: Option<ResponseSummary>,
    /// The data that the task produced.
    pub product: Product,
}

/// A server's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseSummary {
    /// The HTTP status.
    pub status: u16,
    /// The size of the body in bytes, after decompression.
    pub bytes: u64,
    /// `true` if a new connection was opened for the request, `false` if the lane reused its own.
    pub connected: bool,
}

/// The data that a task produced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// One page of followers, in the server's order.
    Followers(Arc<FollowerPage>),
    /// One page of a list, in the server's order.
    Items(Arc<ItemPage>),
    /// No page: the API does not list followers this far back.
    #[serde(rename = "no_more")]
    PastLastPage,
    /// The result of CPU work. It does not depend on the worker.
    Value(u64),
    /// The command exited with status 0, or the thread of a watched program ended.
    Success,
}

/// The output of a command, as far as it is kept, with its exit status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutput {
    /// The text, with U+FFFD in place of invalid UTF-8 and a line that marks any omission. Not safe
    /// to print.
    pub text: Arc<str>,
    /// The number of bytes written.
    pub bytes: u64,
    /// The number of bytes omitted from the middle.
    #[serde(rename = "left_out")]
    pub omitted: u64,
    /// The exit status.
    pub status: ExitStatus,
}

/// The exit status of a command's shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// The shell exited with this code; 0 means success.
    Code(i32),
    /// The shell was killed by this signal.
    Signal(i32),
}

/// The reason for a change of the concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeReason {
    /// The run starts.
    Start,
    /// The server's queue is almost empty.
    NoQueue {
        /// The estimated number of queued requests, in tenths.
        tenths: u32,
    },
    /// The server's queue is too long.
    Queue {
        /// The estimated number of queued requests, in tenths.
        tenths: u32,
    },
    /// The limit is lowered for a moment to measure the latency without queueing.
    Probe,
    /// The measurement is complete: the limit returns to its previous value.
    #[serde(rename = "probed")]
    ProbeEnd,
    /// The server reported a secondary rate limit: too many concurrent requests.
    RateLimit,
    /// The server answered with an error.
    ServerError,
    /// A request timed out.
    TimedOut,
    /// A connection failed or could not be established.
    Broken,
    /// The quota allows no more than this number of requests.
    Quota,
    /// A round succeeded after a rate limit.
    Recovered,
}

/// A loss of events. It is sent before later events of its lanes, which are in [`State::Unknown`]
/// from its start until their next event.
///
/// [`State::Unknown`]: super::State::Unknown
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The time of the last event before the loss.
    pub from: Nanos,
    /// The time from which on events are complete again.
    pub to: Nanos,
    /// The number of lost events.
    pub lost: u64,
    /// The lanes that lost events.
    pub scope: GapScope,
}

/// The lanes that a gap affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapScope {
    /// The lane of the event.
    Lane,
    /// All lanes of the run.
    Run,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// All tasks were processed.
    Finished,
    /// The user stopped the run.
    Stopped,
    /// The run was aborted.
    Failed(Failure),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

impl ChangeReason {
    /// The reason in words, without figures: `no queue`, `queue`, `rate limit`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Start => "start",
            Self::NoQueue { .. } => "no queue",
            Self::Probe => "probe",
            Self::ProbeEnd => "probed",
            Self::RateLimit => "rate limit",
            Self::ServerError => "server error",
            Self::TimedOut => "timed out",
            Self::Broken => "broken connection",
            Self::Quota => "quota",
            Self::Recovered => "recovered",
        }
    }
}

/// The reason in words: `no queue`, `queue 2.3`, `rate limit`.
impl fmt::Display for ChangeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { tenths } => write!(f, "queue {}.{}", tenths / 10, tenths % 10),
            _ => f.pad(self.label()),
        }
    }
}
