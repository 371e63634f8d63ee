//! Events folded into runs and lanes, against slower and plainer reckonings of the same.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod cells;
mod gil;
mod gil_cells;
mod legal;
mod littles_law;
mod nonsense;
mod oracle;
mod pages;
mod run;
mod time_series;
mod timing;

use proptest::test_runner::Config;

/// Without a file of earlier failures: a failure is shown whole, and becomes a test of its own.
fn config() -> Config {
    Config { failure_persistence: None, ..Config::default() }
}
