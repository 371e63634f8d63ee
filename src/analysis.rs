//! The meaning of runs: statistics, baselines, scaling models, conclusions. Folds of [`crate::model`],
//! free of clocks, I/O and terminal output.

pub mod attempt;
pub mod attempt_table;
pub mod latency;
pub mod lesson;
pub mod plural;
pub mod program;
pub mod rate_limit_hold;
pub mod refusals;
pub mod scaling;
pub mod search;
pub mod stats;
pub mod sweep;
pub mod time_share;
pub mod verdict;

pub use attempt::{Attempt, AttemptOutcome};
pub use latency::LatencySummary;
pub use program::ProgramSummary;
pub use rate_limit_hold::RateLimitHold;
pub use sweep::Sweep;
pub use time_share::TimeShare;
