//! What happened: pure data and folds. No clock, no I/O, no terminal below here.

mod distinct;
pub mod event;
mod export;
pub mod gil;
pub mod lane;
pub mod level;
pub mod meaning;
pub mod page;
pub mod palette;
pub mod plan;
mod quota;
pub mod run;
pub mod stats;
pub mod tasks;
pub mod text;
pub mod time;

pub use event::{
    Answer, Done, End, Event, ExitStatus, Failure, FailureKind, Kind, LaneId, Limit, LimitKind,
    Outcome, Output, Product, Profile, Quota, State, TaskId,
};
pub use export::{ExportKind, stem};
pub use gil::{Gil, HeldCell};
pub use lane::{Cell, Lane, Span, Stretch};
pub use level::Level;
pub use page::{Follower, Page};
pub use palette::Background;
pub use plan::{Choice, Compute, Mode, Plan, Selection, Simulation, Target, Work, Workload};
pub use run::Run;
pub use tasks::FailedAttempt;
pub use time::Nanos;
