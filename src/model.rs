//! What happened: pure data and folds. No clock, no I/O, no terminal below here.

pub mod event;
pub mod lane;
pub mod level;
pub mod plan;
mod quota;
pub mod run;
pub mod stats;
pub mod tasks;
pub mod text;
pub mod time;

pub use event::{
    Done, End, Event, Failure, FailureKind, Follower, Kind, LaneId, Limit, LimitKind, Outcome,
    Product, Profile, Quota, State, TaskId,
};
pub use lane::{Cell, Lane, Span};
pub use level::Level;
pub use plan::{Mode, Plan, Selection, Target, Workload};
pub use run::Run;
pub use tasks::FailedAttempt;
pub use time::Nanos;
