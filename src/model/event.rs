//! `Event`: a channel message, and at the same time the wire format and the content of a recording.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::concurrency_limit::ChangeReason;
use super::exactness::Gap;
use super::follower_page::FollowerPage;
use super::plan::Plan;
use super::state::State;
use super::time::Nanos;

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

/// The index of a lane in its run, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u16);

/// The number of a task in its run, counted from 1. For followers, the page number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

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
    /// A request of the lane's task failed and will be retried. Until then the lane is throttled.
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
    /// Events were lost.
    Gap(Gap),
    /// All tasks are finished, or the run was stopped or aborted.
    RunFinished {
        /// The result of the run.
        #[serde(rename = "end")]
        outcome: RunOutcome,
    },
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
    /// resources ([`FailureKind::Exhausted`]). The task returns to the queue.
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
    /// No page: the API does not list followers this far back.
    #[serde(rename = "no_more")]
    PastLastPage,
    /// The result of CPU work. It does not depend on the worker.
    Value(u64),
    /// The command exited with status 0.
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

/// A server's rate limit quota in the current window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The maximum number of requests per window.
    pub limit: u32,
    /// The number of requests left in this window.
    pub remaining: u32,
    /// The start of the next window, in seconds since 1970 (UTC).
    pub reset: u64,
}

/// A rate limit that the server reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedLimit {
    /// The kind of limit.
    pub kind: LimitKind,
    /// The end of the limit, on the run's clock.
    pub until: Nanos,
    /// The end of the limit, in seconds since 1970 (UTC).
    pub until_utc: u64,
}

/// The two kinds of rate limits of GitHub:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// The quota of requests per hour is used up.
    Primary,
    /// Too many requests at once or in quick succession.
    Secondary,
}

/// The failure of a task or of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind of failure, which determines the exit code and whether the run continues.
    pub kind: FailureKind,
    /// The message for the user: the problem, the object and the remedy. Safe to print.
    pub message: String,
    /// The HTTP status of the rejection, if the server sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Failure {
    /// Creates a failure without an HTTP status.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None }
    }

    /// Adds the HTTP status of a response to the failure.
    #[must_use]
    pub fn with_status(self, status: impl Into<Option<u16>>) -> Self {
        Self { status: status.into(), ..self }
    }
}

/// The kinds of failure that call for different reactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The user does not exist.
    NotFound,
    /// The server rejected the token or the request.
    Refused,
    /// The server's rate limit is used up.
    RateLimited,
    /// The connection failed or could not be established.
    Unreachable,
    /// The server did not respond in time.
    TimedOut,
    /// The server answered with an error or an invalid response.
    Server,
    /// A worker process could not be started, or crashed repeatedly.
    Worker,
    /// The system lacks a resource that a worker needs, such as open files.
    Exhausted,
    /// A command could not be started, was killed by a signal, or exited with a status other than
    /// 0.
    Command,
    /// The task panicked: a bug in this program.
    Panicked,
    /// The recording ends before the run does, so the outcome is unknown.
    Unrecorded,
}

impl FailureKind {
    /// Returns `true` if further requests would fail in the same way, so that the run ends.
    pub const fn ends_run(self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::Refused | Self::RateLimited | Self::Worker | Self::Exhausted
        )
    }
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

/// The label of a page, `p3`. [`super::Plan::label`] covers all workloads.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}
