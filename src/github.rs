//! The GitHub REST API: a client for one page, and a server that answers as GitHub does.

pub mod api;
pub mod client;
mod connect;
mod failure;
pub mod link;
mod quota;
pub mod server;

pub use api::{Api, ApiError, Token};
pub use client::{Client, Reply};
pub use connect::Observe;
