//! HTTP requests of any API: timing, proxies, time-outs, retries and limits.

pub mod client;
pub mod error;
pub mod general_limits;
pub mod link_header;
pub mod list_request;
pub mod next_pointer;
pub mod origin;
pub mod page_parameter;
pub(crate) mod peer;
pub mod redactor;
pub(crate) mod retry;
pub mod secret_headers;
pub mod secret_url;
pub mod system_limits;
pub(crate) mod transport;
pub mod url_range;
pub mod url_text;

pub use client::{ClientOptions, HttpClient, HttpResponse, RequestObserver};
pub use error::{ConnectStep, HttpError, HttpErrorKind};
pub use general_limits::GeneralLimits;
pub use link_header::{LinkError, LinkSet};
pub use list_request::{ListAddresses, ListRequest};
pub use next_pointer::{NextError, NextPage, NextPointer};
pub use page_parameter::PageParameter;
pub use redactor::Redactor;
pub use retry::{
    LimitPolicy, RateLimit, Refusal, RequestError, RequestTimeouts, RetryAction, RetryAfter,
    RetryPolicy, Suspension,
};
pub use secret_headers::{HeaderError, SecretHeaders};
pub use secret_url::SecretUrl;
pub use transport::{ProxyError, ProxySettings};
pub use url_range::{UrlRange, UrlRangeError};

#[cfg(test)]
mod tests;
