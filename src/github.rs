//! The GitHub REST API: pages, quotas, limits and errors.

pub mod api;
pub mod client;
pub mod page_links;
mod rate_limit;
mod request_error;

pub use api::{Api, ApiError, Token};
pub(crate) use client::github_headers;
pub use client::{ApiObserver, ApiResponse, Client};
pub use rate_limit::GithubLimits;
pub(crate) use rate_limit::quota_from_headers as github_quota;
pub(crate) use request_error::github_limit;
