//! Events folded into runs and lanes, checked against simpler and slower implementations.

mod event_history;
mod follower_page;
mod gil_cells;
mod gil_usage;
mod invalid_events;
mod lane_cells;
mod lane_oracle;
mod level_series;
mod littles_law;
mod program_summary;
mod quota;
mod run;
mod time_share;
mod timing;

use proptest::test_runner::Config;

/// A configuration without a file of earlier failures: each failure becomes a test of its own.
fn config() -> Config {
    Config { failure_persistence: None, ..Config::default() }
}
