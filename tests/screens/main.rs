//! The screen from outside: fabricated runs go in, pictures and effects come out.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/app_driver.rs"]
mod app_driver;

mod auto;
mod closely;
mod compare;
mod compute_words;
mod exports;
mod find;
mod keys;
mod lab;
mod limits;
mod mouse;
mod recording_keys;
mod recordings;
mod rows;
mod sizes;
mod snapshots;
mod sweep;
mod table;
mod trust;
mod verdict;
mod view_keys;
