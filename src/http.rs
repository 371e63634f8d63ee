//! HTTP requests of any API: timing, proxies, time-outs, retries and limits.

pub mod client;
pub mod error;
pub(crate) mod headers;
pub mod limit_policy;
pub(crate) mod proxy;
pub(crate) mod request_error;
pub(crate) mod request_observer;
pub(crate) mod retry_policy;
pub mod system_limits;
pub(crate) mod transport;

pub use client::{ClientOptions, HttpClient, HttpResponse};
pub use error::{ConnectStep, HttpError, HttpErrorKind};
pub use limit_policy::{LimitPolicy, RateLimit, Refusal, RetryAfter, Suspension};
pub use proxy::{ProxyError, ProxySettings};
pub use request_error::{RequestError, RetryAction, retry_after_exceeds_max_wait};
pub use request_observer::RequestObserver;
pub use retry_policy::{RequestTimeouts, RetryPolicy};
