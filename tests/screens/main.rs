//! The screen from outside: fabricated runs go in, pictures and effects come out.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/fabricate.rs"]
mod fabricate;

mod auto;
mod closely;
mod compare;
mod exports;
mod find;
mod keys;
mod lab;
mod lab_words;
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
