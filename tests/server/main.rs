//! The built-in server from outside: what a client gets to see, over plain sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod broken;
mod client;
mod connections;
mod hostile;
mod limits;
mod moving;
mod pages;
mod properties;
mod refusals;
mod scripts;
mod wrong;
