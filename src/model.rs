//! The data of runs: events, plans, and the state that is folded from events. Free of clocks, I/O
//! and terminal output.

pub mod event;
mod export_kind;
mod failure;
pub mod follower_page;
pub mod gil;
pub mod lane;
mod mode;
pub mod palette;
pub mod plan;
pub mod printable;
mod quota;
pub mod quota_check;
pub mod run;
mod selection;
mod session_log;
pub mod setup;
pub mod state;
mod sweep_setup;
pub mod tasks;
pub mod time;
pub mod time_series;
mod waves;
pub mod workload;

pub use event::{
    ChangeReason, CloseReason, CommandOutput, Completion, Event, EventKind, ExitStatus, Gap,
    GapScope, Product, ResponseSummary, RunOutcome, TaskOutcome,
};
pub use export_kind::{ExportKind, file_stem};
pub use failure::{Failure, FailureKind};
pub use follower_page::{Follower, FollowerPage};
pub use gil::{GilCell, GilUsage};
pub use lane::{Lane, LaneCell, RangeSummary, Span, StateInterval};
pub use mode::{Mode, ModeChoice};
pub use palette::Background;
pub use plan::{ComputeSpec, Exactness, LaneId, Plan, Simulation, Target, TaskId, WorkSpec};
pub use quota::{LimitKind, Quota, ReachedLimit};
pub use quota_check::QuotaCheck;
pub use run::{LimitChange, Limits, Losses, Processes, Run, RunProgress, Timing};
pub use selection::Selection;
pub use session_log::{LogEntry, LogSink, SelectionStart};
pub use setup::Setup;
pub use state::{ColorRole, State, StateCategory, StateTimes};
pub use sweep_setup::SweepSetup;
pub use tasks::{FailedAttempt, Tasks};
pub use time::Nanos;
pub use time_series::LevelSeries;
pub use waves::Waves;
pub use workload::{TaskKind, Workload, WorkloadSpec};
