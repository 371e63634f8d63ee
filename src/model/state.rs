//! The states of a lane: one table of their words, categories and roles of colour, and the time spent
//! in each.

use std::ops::Index;

use serde::{Deserialize, Serialize};

/// The state of a lane at a moment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The lane has no task.
    #[default]
    Idle,
    /// Waiting for another thread, or for something that cannot be seen.
    Parked,
    /// Waiting for time to pass.
    Sleeping,
    /// Waiting for events: the idleness of an event loop.
    Events,
    /// The worker process is starting.
    Starting,
    /// A task or its result is being passed between two processes.
    HandOver,
    /// DNS, TCP and TLS.
    Connecting,
    /// The request has been sent, and the response has not begun. In a watched program: waiting in an
    /// I/O call.
    Waiting,
    /// The response body is being received.
    Receiving,
    /// Off the CPU too briefly for the reason to be read.
    Blocked,
    /// Stopped by a signal or a debugger.
    Stopped,
    /// A command is running. Its own states are unknown.
    Running,
    /// Ready to run, but no core is free.
    NoCore,
    /// On a CPU, as the kernel reports it.
    OnCpu,
    /// CPU work in this program, such as parsing. Under a GIL, the lane holds it.
    Computing,
    /// CPU work of an extension, which needs no GIL.
    Native,
    /// Waiting for the GIL or another lock.
    LockWait,
    /// Waiting to retry a request that failed for another reason than a rate limit.
    RetryWait,
    /// Held back by a rate limit.
    Throttled,
    /// Events of the lane were lost, so that its state is not known.
    Unknown,
    /// A task failed here.
    Error,
}

/// A group of states that analyses treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateCategory {
    /// The lane makes progress on a CPU.
    Running,
    /// The lane could compute, but another one holds what it needs.
    WantsToRun,
    /// The lane waits for a server, another process or the passing of time.
    Waiting,
    /// The lane has nothing to do.
    Idle,
    /// A task failed.
    Error,
    /// The state is not known; it counts neither as work nor as idleness.
    Unknown,
}

/// A role of colour. States with the same role differ by pattern or never occur in the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorRole {
    /// No colour: the background.
    Blank,
    /// Waiting that is no obstacle.
    Rest,
    /// A process starts.
    Start,
    /// Data passes between processes.
    Transfer,
    /// A server has not responded yet.
    Request,
    /// Data arrives, or a command runs.
    Response,
    /// Waiting for a reason that is not known.
    Block,
    /// Stopped from outside.
    Halt,
    /// Waiting for a core.
    CoreWait,
    /// CPU work.
    Compute,
    /// Waiting for a lock.
    Lock,
    /// Waiting for a retry, or for the end of a rate limit.
    Throttle,
    /// Not known.
    Gap,
    /// Failed.
    Failure,
}

impl State {
    /// All states in the order of the legend. If several states share a cell, the later one takes
    /// precedence.
    pub const ALL: [Self; 21] = [
        Self::Idle,
        Self::Parked,
        Self::Sleeping,
        Self::Events,
        Self::Starting,
        Self::HandOver,
        Self::Connecting,
        Self::Waiting,
        Self::Receiving,
        Self::Blocked,
        Self::Stopped,
        Self::Running,
        Self::NoCore,
        Self::OnCpu,
        Self::Computing,
        Self::Native,
        Self::LockWait,
        Self::RetryWait,
        Self::Throttled,
        Self::Unknown,
        Self::Error,
    ];

    /// The table of states: label, category and role of colour.
    const fn row(self) -> (&'static str, StateCategory, ColorRole) {
        match self {
            Self::Idle => ("idle", StateCategory::Idle, ColorRole::Blank),
            Self::Parked => ("parked", StateCategory::Waiting, ColorRole::Rest),
            Self::Sleeping => ("sleeping", StateCategory::Waiting, ColorRole::Rest),
            Self::Events => ("events", StateCategory::Waiting, ColorRole::Rest),
            Self::Starting => ("starting", StateCategory::Waiting, ColorRole::Start),
            Self::HandOver => ("hand-over", StateCategory::Waiting, ColorRole::Transfer),
            Self::Connecting => ("connecting", StateCategory::Waiting, ColorRole::Request),
            Self::Waiting => ("waiting", StateCategory::Waiting, ColorRole::Request),
            Self::Receiving => ("receiving", StateCategory::Waiting, ColorRole::Response),
            Self::Blocked => ("blocked", StateCategory::Waiting, ColorRole::Block),
            Self::Stopped => ("stopped", StateCategory::Waiting, ColorRole::Halt),
            Self::Running => ("running", StateCategory::Running, ColorRole::Response),
            Self::NoCore => ("no core", StateCategory::WantsToRun, ColorRole::CoreWait),
            Self::OnCpu => ("on CPU", StateCategory::Running, ColorRole::Compute),
            Self::Computing => ("computing", StateCategory::Running, ColorRole::Compute),
            Self::Native => ("native", StateCategory::Running, ColorRole::Compute),
            Self::LockWait => ("lock wait", StateCategory::WantsToRun, ColorRole::Lock),
            Self::RetryWait => ("retry wait", StateCategory::Waiting, ColorRole::Throttle),
            Self::Throttled => ("rate limited", StateCategory::Waiting, ColorRole::Throttle),
            Self::Unknown => ("unknown", StateCategory::Unknown, ColorRole::Gap),
            Self::Error => ("error", StateCategory::Error, ColorRole::Failure),
        }
    }

    /// The state's label.
    pub const fn label(self) -> &'static str {
        self.row().0
    }

    /// The group of states that this one belongs to.
    pub const fn category(self) -> StateCategory {
        self.row().1
    }

    /// The state's role of colour.
    pub const fn color_role(self) -> ColorRole {
        self.row().2
    }

    /// Returns `true` if the state stays visible in a cell, however short it is.
    pub fn is_critical(self) -> bool {
        self >= Self::RetryWait
    }

    /// Returns `true` if the lane waits for a moment that is known: a retry, or the end of a limit.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::RetryWait | Self::Throttled)
    }

    /// Returns `true` if a thread of a watched program in this state waits for a reason that was read.
    pub const fn has_reason(self) -> bool {
        matches!(
            self,
            Self::Parked | Self::Sleeping | Self::Events | Self::Waiting | Self::LockWait
        )
    }

    /// Returns `true` if the lane waits, and has nothing to do: such a wait is no obstacle.
    pub const fn is_rest(self) -> bool {
        matches!(self.color_role(), ColorRole::Rest)
    }

    /// Returns `true` if the lane has something to do on a CPU, and does it or wants to.
    pub const fn has_work(self) -> bool {
        matches!(self.category(), StateCategory::Running | StateCategory::WantsToRun)
    }

    /// Returns `true` if the lane works on a task or waits for something that the task needs.
    pub const fn is_busy(self) -> bool {
        !matches!(self.category(), StateCategory::Idle | StateCategory::Unknown)
    }
}

/// The time spent in each state, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateTimes([u64; State::ALL.len()]);

impl StateTimes {
    /// Adds time in a state.
    pub fn add(&mut self, state: State, time: u64) {
        if let Some(sum) = self.0.get_mut(state as usize) {
            *sum = sum.saturating_add(time);
        }
    }

    /// Adds the times of another lane or run.
    pub fn add_all(&mut self, other: &Self) {
        for (sum, time) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(time);
        }
    }

    /// Returns the times since `earlier`.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        for (sum, time) in self.0.iter_mut().zip(earlier.0) {
            *sum = sum.saturating_sub(time);
        }
        self
    }

    /// Returns the states with any time, in the order of the legend.
    pub fn spent(&self) -> impl Iterator<Item = (State, u64)> {
        State::ALL.into_iter().zip(self.0).filter(|&(_, time)| time > 0)
    }

    /// The time in all states.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Index<State> for StateTimes {
    type Output = u64;

    fn index(&self, state: State) -> &u64 {
        self.0.get(state as usize).unwrap_or(&0)
    }
}
