//! The GitHub REST API: a client for one page, and a server that answers as GitHub does.

pub mod api;
pub mod client;
mod connect;
mod failure;
pub mod link;
mod patience;
mod proxy;
mod quota;
pub mod server;

pub use api::{Api, ApiError, Token};
pub use client::{Client, Reply};
pub use connect::Observe;
pub use failure::{Fault, Remedy, asked_to_wait, limited_for_ever, not_waited_for};
pub use patience::{Patience, Timeouts};
pub use proxy::{ProxyError, ProxySettings};
pub use quota::{RateLimit, Wait};
