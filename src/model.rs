//! The data of runs: events, plans, and the state that is folded from events. Free of clocks, I/O
//! and terminal output.

pub mod allowed;
mod arrivals;
pub mod attempt;
mod distinct;
pub mod event;
mod export;
pub mod gil;
pub mod lane;
pub mod law;
pub mod level;
pub mod meaning;
pub mod page;
pub mod palette;
pub mod plan;
mod quota;
pub mod run;
pub mod scaling;
pub mod search;
pub mod stats;
pub mod sweep;
pub mod table;
pub mod tasks;
pub mod text;
pub mod time;
mod walk;

pub use allowed::{Step, Why};
pub use attempt::{Attempt, Fate};
pub use event::{
    Answer, Done, End, Event, ExitStatus, Failure, FailureKind, Kind, LaneId, Limit, LimitKind,
    Outcome, Output, Product, Profile, Quota, State, TaskId,
};
pub use export::{ExportKind, stem};
pub use gil::{Gil, HeldCell};
pub use lane::{Cell, Contents, Lane, Span, Stretch};
pub use level::Level;
pub use page::{Follower, Page};
pub use palette::Background;
pub use plan::{Choice, Compute, Mode, Plan, Selection, Simulation, Target, Work, Workload};
pub use run::{Run, Times};
pub use sweep::Sweep;
pub use tasks::FailedAttempt;
pub use time::Nanos;
