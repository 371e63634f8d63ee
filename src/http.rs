//! HTTP requests of any API: timing, proxies, time-outs and retries.

pub(crate) mod proxy;
pub(crate) mod request_observer;
pub(crate) mod retry_policy;
pub mod system_limits;

pub use proxy::{ProxyError, ProxySettings};
pub use request_observer::RequestObserver;
pub use retry_policy::{RequestTimeouts, RetryPolicy};
