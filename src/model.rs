//! The data of runs: events, plans, and the state that is folded from events. Free of clocks, I/O
//! and terminal output.

pub mod event;
pub mod exactness;
mod export_kind;
mod failure;
pub mod follower_page;
pub mod gil;
pub mod identifiers;
pub mod item_page;
pub mod json_pointer;
pub mod lane;
pub mod lesson;
mod machine_load;
mod mode_set;
pub mod paged_list;
pub mod palette;
pub mod plan;
pub mod printable;
mod quota;
pub mod run;
mod selection;
pub mod setup;
pub mod state;
pub mod tasks;
pub mod time;
pub mod time_series;
pub mod watched_program;
pub mod workload;

pub use event::{
    ChangeReason, CloseReason, CommandOutput, Completion, Event, EventKind, ExitStatus, Gap,
    GapScope, Product, ResponseSummary, RunOutcome, TaskOutcome,
};
pub use exactness::Exactness;
pub use export_kind::{ExportKind, file_stem};
pub use failure::{Failure, FailureKind};
pub use follower_page::{Follower, FollowerPage};
pub use gil::{GilCell, GilHold, GilUsage};
pub use identifiers::{LaneId, RunId, TaskId};
pub use item_page::{ItemPage, ItemPointers, ItemsError};
pub use json_pointer::JsonPointer;
pub use lane::{Lane, LaneCell, RangeSummary, Span, StateInterval};
pub use lesson::{Lesson, LessonFigure, LessonQuestion};
pub use machine_load::MachineLoad;
pub use mode_set::ModeSet;
pub use paged_list::{PageAddressing, PagedList};
pub use palette::Background;
pub use plan::{ComputeSpec, Plan, PlannedRun, Simulation, Target, Waves, WorkSpec};
pub use quota::{LimitKind, Quota, QuotaCheck, ReachedLimit};
pub use run::{
    InterpreterRecord, LimitChange, Limits, Losses, Processes, ProgramRecord, Run, RunProgress,
    ThreadRecord, Timing,
};
pub use selection::{Selection, SweepSetup};
pub use setup::{LogEntry, LogSink, SelectionStart, Setup};
pub use state::{ColorRole, State, StateCategory, StateTimes};
pub use tasks::{FailedAttempt, Tasks};
pub use time::Nanos;
pub use time_series::LevelSeries;
pub use watched_program::{
    Accuracy, CodePlace, CpuQuota, InterpreterId, PythonInterpreter, ReasonSource, ThreadCounters,
    ThreadIdentity, WaitReason, WatchCost, WatchedProgram, name_stem,
};
pub use workload::{Mode, ModeChoice, TaskKind, Workload, WorkloadSpec};
