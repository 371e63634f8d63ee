//! The GitHub REST API: pages, quotas, limits and errors.

pub mod api;
pub mod client;
pub mod page_links;
mod rate_limit;
mod request_error;

pub use api::{Api, ApiError, Token};
pub use client::{ApiResponse, Client};
pub use rate_limit::{RateLimit, RetryAfter};
pub use request_error::{
    RequestError, RetryAction, limit_exceeds_max_wait, limit_persists, retry_after_exceeds_max_wait,
};
