//! The GitHub REST API: a client for followers and profiles, and a server that answers like GitHub.

pub mod api;
pub mod client;
mod connect_observer;
pub mod page_links;
mod proxy;
mod rate_limit;
mod request_error;
mod retry_policy;
pub mod server;

pub use api::{Api, ApiError, Token};
pub use client::{ApiResponse, Client};
pub use connect_observer::RequestObserver;
pub use proxy::{ProxyError, ProxySettings};
pub use rate_limit::{RateLimit, RetryAfter};
pub use request_error::{
    RequestError, RetryAction, limit_exceeds_max_wait, limit_persists, retry_after_exceeds_max_wait,
};
pub use retry_policy::{RequestTimeouts, RetryPolicy};
