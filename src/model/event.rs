//! `Event`: at once channel message, wire format, recording and test fixture.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::allowed::Why;
use super::page::Page;
use super::plan::Plan;
use super::time::Nanos;

/// The version of the wire format; a change that an older reader would misread raises it.
pub const VERSION: u32 = 3;

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, on the run's own clock, stamped by the thread that it happened on.
    pub at: Nanos,
    /// On which lane; lane 0 for what concerns the whole run.
    pub lane: LaneId,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// A lane's place in its run, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u16);

/// A task's number in its run, counted from 1; for followers, the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Kind {
    /// The run begins; its clock stands at zero.
    RunStarted {
        /// What is to be run.
        plan: Plan,
    },
    /// The run has this many tasks, as far as is known now: said at the start, and when it changes.
    Queued {
        /// Tasks 1 to this number exist.
        tasks: u32,
    },
    /// Another task was put into a bounded queue; a queue without a bound holds all at once.
    Put {
        /// How many were put into it so far.
        tasks: u32,
    },
    /// The lane's worker is a process, which runs from now on.
    Process {
        /// Its number.
        pid: u32,
    },
    /// The lane took a task from the queue.
    Started {
        /// Which one.
        task: TaskId,
    },
    /// The lane does something else from now on.
    Entered {
        /// What it does now.
        state: State,
    },
    /// A request of the lane's task failed, and is made again: until then the lane is held back.
    AttemptFailed {
        /// Which task.
        task: TaskId,
        /// Why.
        failure: Failure,
        /// When it is to be made again.
        again: Nanos,
    },
    /// The lane makes its task's request again.
    Retried {
        /// Which task.
        task: TaskId,
    },
    /// What a command wrote, to both its outputs, and how it ended: said before it is finished.
    Output {
        /// Which one.
        task: TaskId,
        /// What.
        output: Output,
    },
    /// The lane is done with its task, well or not.
    Finished {
        /// Which one.
        task: TaskId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The lane takes no more tasks, as the system has too little for it.
    Withdrawn {
        /// What it has too little of.
        shortage: Failure,
    },
    /// The server said how much may still be asked of it.
    Quota(Quota),
    /// The server has had too many requests: until its limit ends, none leaves.
    Limited(Limit),
    /// No more requests than this are in flight at once from now on: said whenever it changes, and
    /// where it is found while fetching, at the start.
    Allowed {
        /// How many.
        in_flight: u16,
        /// Why.
        why: Why,
    },
    /// No task is left, or the run was given up.
    RunFinished {
        /// How it ended.
        end: End,
    },
}

/// What a lane does at a moment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No task.
    #[default]
    Idle,
    /// A worker process starts.
    Starting,
    /// A task, or what came of it, is on its way between two processes.
    HandOver,
    /// DNS, TCP and TLS.
    Connecting,
    /// The request is out, the answer has not begun.
    Waiting,
    /// The answer's body is coming in.
    Receiving,
    /// A command runs; what it does is its own business.
    Running,
    /// Between two events of ours on the CPU's account: parsing, computing. Under a GIL: holding it.
    Computing,
    /// CPU work of an extension, which needs no GIL.
    Native,
    /// Waiting for the GIL or another lock.
    LockWait,
    /// Held back by a rate limit or a back-off.
    Throttled,
    /// A task failed here.
    Error,
}

impl State {
    /// Every state, in the order of the legend; of several in one cell, the last one leads.
    pub const ALL: [Self; 12] = [
        Self::Idle,
        Self::Starting,
        Self::HandOver,
        Self::Connecting,
        Self::Waiting,
        Self::Receiving,
        Self::Running,
        Self::Computing,
        Self::Native,
        Self::LockWait,
        Self::Throttled,
        Self::Error,
    ];

    /// The word a person reads.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::HandOver => "hand-over",
            Self::Connecting => "connecting",
            Self::Waiting => "waiting",
            Self::Receiving => "receiving",
            Self::Running => "running",
            Self::Computing => "computing",
            Self::Native => "native",
            Self::LockWait => "lock wait",
            Self::Throttled => "throttled",
            Self::Error => "error",
        }
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Done(Done),
    /// Badly, and why.
    Failed(Failure),
    /// The worker could not go on with it: its process died, or the system has too little of what
    /// it needs ([`FailureKind::Exhausted`]). The task goes back to the queue.
    Lost(Failure),
    /// A person stopped the run.
    Stopped,
}

/// What a task that went well brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The server's answer, where one was asked.
    pub answer: Option<Answer>,
    /// What came of it.
    pub product: Product,
}

/// A server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Bytes of the body, after any decompression.
    pub bytes: u64,
    /// Whether a connection was opened for it, rather than the lane's own one used again.
    pub connected: bool,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// The user's profile.
    Profile(Profile),
    /// One page of followers, in the server's order.
    Followers(Arc<Page>),
    /// Nothing: the API shows no page as far back as this one.
    NoMore,
    /// The number that CPU work came to, the same whoever does it.
    Value(u64),
    /// A command ended with status 0.
    Success,
}

/// What a command wrote, as far as it is kept, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text; bytes that are none are replaced by U+FFFD, and where some were left out, a line
    /// says so. Not safe to print.
    pub text: Arc<str>,
    /// Bytes that it wrote.
    pub bytes: u64,
    /// Bytes that were left out of the middle.
    pub left_out: u64,
    /// How it ended.
    pub status: ExitStatus,
}

/// How a command's shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// By itself, with this number: 0 for well.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// What the preparing request tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The login as the server spells it.
    pub login: String,
    /// How many followers the profile claims; the list may hide some of them.
    pub followers: u64,
}

/// How much may still be asked of a server in the present window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests a window.
    pub limit: u32,
    /// Requests left in this one.
    pub remaining: u32,
    /// When the next one begins, in seconds since 1970 (UTC).
    pub reset: u64,
}

/// A rate limit that a server said was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Which one.
    pub kind: LimitKind,
    /// When it ends, on the run's clock.
    pub until: Nanos,
    /// The same in seconds since 1970 (UTC).
    pub until_utc: u64,
}

/// GitHub's two kinds of rate limits:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// So many requests an hour: the quota is used up.
    Primary,
    /// Too many at once, or too close upon each other.
    Secondary,
}

/// Why a task, or a whole run, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind, which decides the exit code and whether the run goes on.
    pub kind: FailureKind,
    /// What happened, to what, and what to do now, in a person's words, safe to print.
    pub message: String,
    /// The HTTP status that a server refused with, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Failure {
    /// A failure that no server's answer tells of.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None }
    }

    /// The same, after an answer with an HTTP status.
    #[must_use]
    pub fn with_status(self, status: impl Into<Option<u16>>) -> Self {
        Self { status: status.into(), ..self }
    }
}

/// The kinds of failure that a person handles differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// There is no such user.
    NotFound,
    /// The server does not accept the token, or forbids the request.
    Refused,
    /// The server's rate limit is used up.
    RateLimited,
    /// No connection, or a broken one.
    Unreachable,
    /// The server took too long.
    TimedOut,
    /// The server answered with an error of its own, or not as GitHub's API does.
    Server,
    /// A worker process could not be started, or dies again and again.
    Worker,
    /// The system has too little of what a worker needs, such as open files.
    Exhausted,
    /// A command ended with another status than 0, by a signal, or could not be started.
    Command,
    /// A defect of this program: the task panicked.
    Panicked,
    /// A recording ends before the run does: what came of it is not known.
    Unrecorded,
}

impl FailureKind {
    /// Whether asking for the next page would fail alike, so that the run ends here.
    pub const fn ends_run(self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::Refused | Self::RateLimited | Self::Worker | Self::Exhausted
        )
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every task was handed out and came back.
    Finished,
    /// A person stopped it.
    Stopped,
    /// It was given up.
    Failed(Failure),
}

/// As a page; [`super::Plan::label`] knows better.
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
