//! The content of responses, with GitHub's messages as recorded.

use super::latency::ResponseTiming;
use super::server_limits::LimitRefusal;
use super::timed_response::reason_phrase;

const JSON: &str = "application/json; charset=utf-8";

const NO_AGENT: &str = "Request forbidden by administrative rules. Please make sure your request \
    has a User-Agent header \
    (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
    Check https://developer.github.com for other possible causes.";

const OVER_QUOTA: &str = r#"{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)","documentation_url":"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting"}"#;

const SECONDARY: &str = "You have exceeded a secondary rate limit. Please wait a few minutes before \
    you try again. For more on scraping GitHub and how it may affect your rights, please review our \
    Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service) \
    If you reach out to GitHub Support for help, please include the request ID ";

const SECONDARY_ABOUT: &str = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";

const FOLLOWERS_ABOUT: &str =
    "https://docs.github.com/rest/users/followers#list-followers-of-a-user";

const VERSION: &str = r#"{"message":"The version you specified is not a supported version.","errors":"Supported versions are 2022-11-28.","documentation_url":"https://docs.github.com"}"#;

const UNICORN: &str = "<!DOCTYPE html>\n<html>\n  <head>\n    <title>Unicorn! &middot; GitHub</title>\n  \
    </head>\n  <body>\n    <p><strong>We had issues producing the response to your request.</strong>\
    </p>\n    <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>\n  \
    </body>\n</html>\n";

/// The part of a response that depends on the request.
#[derive(Clone, Debug)]
pub(super) struct ResponseDraft {
    /// The HTTP status code.
    pub(super) status: u16,
    /// The `Content-Type`.
    pub(super) content_type: &'static str,
    /// The `Link` header, if any.
    pub(super) link: Option<String>,
    /// Headers that only some responses have.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The bytes after the head.
    pub(super) body: Vec<u8>,
    /// The timing.
    pub(super) timing: ResponseTiming,
}

impl ResponseDraft {
    /// Creates a response that is sent at once and without links.
    pub(super) fn with_body(
        status: u16,
        content_type: &'static str,
        body: impl Into<String>,
    ) -> Self {
        Self {
            status,
            content_type,
            link: None,
            headers: Vec::new(),
            body: body.into().into_bytes(),
            timing: ResponseTiming::default(),
        }
    }

    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::with_body(status, JSON, body)
    }

    /// Refuses a request without a `User-Agent`.
    pub(super) fn missing_user_agent() -> Self {
        Self::with_body(403, "text/html", NO_AGENT)
    }

    /// Reports a missing resource. `about` is the part of the documentation that GitHub links to.
    pub(super) fn not_found(about: &str) -> Self {
        let about = format!("https://docs.github.com/rest{about}");
        Self::json(404, error_body("Not Found", Some(&about), 404))
    }

    /// Refuses the request with this ID because of a limit.
    pub(super) fn limit_refusal(refused: LimitRefusal, id: &str) -> Self {
        match refused {
            LimitRefusal::Primary { status } => Self::json(status, OVER_QUOTA),
            LimitRefusal::Secondary { status, retry_after } => {
                let text = format!("{SECONDARY}{id}.");
                let body = error_body(&text, Some(SECONDARY_ABOUT), status);
                Self::json(status, body).with_retry_after(retry_after)
            }
        }
    }

    /// Creates an error with GitHub's message, or with `words`.
    pub(super) fn error(status: u16, words: Option<&str>) -> Self {
        let about = match status {
            401 => Some("https://docs.github.com/rest"),
            422 => Some("https://docs.github.com/v3/#pagination"),
            500.. => None,
            _ => Some(FOLLOWERS_ABOUT),
        };
        let text = match (words, status) {
            (Some(words), _) => words,
            (_, 304) => return Self::json(304, ""),
            (_, 400) => return Self::json(400, VERSION),
            (_, 401) => "Bad credentials",
            (_, 403) => "Resource not accessible by personal access token",
            (_, 422) => {
                "In order to keep the API fast for everyone, pagination is limited for this resource."
            }
            (_, 503 | 504) => return Self::with_body(status, "text/html", UNICORN),
            (_, 500..) => "Server Error",
            _ => reason_phrase(status),
        };
        Self::json(status, error_body(text, about, status))
    }

    /// Adds a `Retry-After` header, if the number of seconds is given.
    pub(super) fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.headers.extend(seconds.map(|seconds| ("retry-after", seconds.to_string())));
        self
    }
}

/// Returns an error body in GitHub's format.
fn error_body(text: &str, about: Option<&str>, status: u16) -> String {
    let text = serde_json::Value::from(text);
    let about = about.map(|about| format!(r#""documentation_url":"{about}","#)).unwrap_or_default();
    format!(r#"{{"message":{text},{about}"status":"{status}"}}"#)
}
