//! The data of runs: events, plans, and the state that is folded from events. Free of clocks, I/O
//! and terminal output.

pub mod concurrency_limit;
mod distinct_accounts;
mod enqueue_times;
pub mod event;
pub mod exactness;
mod export_kind;
pub mod follower_page;
pub mod gil;
pub mod lane;
pub mod palette;
pub mod plan;
pub mod printable;
pub mod quota_check;
mod quota_history;
pub mod run;
mod session_log;
pub mod setup;
pub mod state;
pub mod tasks;
pub mod time;
pub mod time_series;
mod waves;
pub mod workload;

pub use concurrency_limit::{ChangeReason, LimitChange};
pub use event::{
    CloseReason, CommandOutput, Completion, Event, EventKind, ExitStatus, Failure, FailureKind,
    LaneId, LimitKind, Product, Quota, ReachedLimit, ResponseSummary, RunOutcome, TaskId,
    TaskOutcome,
};
pub use exactness::{Exactness, Gap, GapScope, Losses};
pub use export_kind::{ExportKind, file_stem};
pub use follower_page::{Follower, FollowerPage};
pub use gil::{GilCell, GilUsage};
pub use lane::{Lane, LaneCell, RangeSummary, Span, StateInterval};
pub use palette::Background;
pub use plan::{ComputeSpec, Mode, ModeChoice, Plan, Selection, Simulation, Target, WorkSpec};
pub use quota_check::QuotaCheck;
pub use run::Run;
pub use session_log::{LogEntry, LogSink, SelectionStart};
pub use setup::{Setup, SweepSetup};
pub use state::{ColorRole, State, StateCategory, StateTimes};
pub use tasks::FailedAttempt;
pub use time::Nanos;
pub use time_series::LevelSeries;
pub use waves::Waves;
pub use workload::{TaskKind, Workload, WorkloadSpec};
