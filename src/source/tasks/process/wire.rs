//! The protocol between a worker process and the program that started it: one JSON message per line.

use std::io::{self, BufRead, Read as _, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::github::{ApiResponse, Client};
use crate::http::{ListRequest, RequestError, SecretUrl};
use crate::model::{Completion, Failure, Nanos, Quota, State, Target, TaskId};
use crate::source::tasks::compute::ComputeJob;
use crate::source::tasks::page_client::PageResponse;

/// The protocol version. It can differ within one run: if the executable is replaced meanwhile, the
/// new worker processes are of another version.
pub(super) const VERSION: u32 = 3;

/// The interval between two heartbeats ([`WorkerMessage::Alive`]) of a worker.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(250);

/// The maximum length of a line, in bytes, unless it has a page of a list.
pub(super) const MAX_LINE_BYTES: u64 = 33 << 20;

/// The maximum length of the answer with a page of a list, as a multiple of its body. The items are the
/// text of strings: an empty one, `""` and a comma, becomes `"\"\"",`. The identities of items may be as
/// long as these.
const MAX_PAGE_EXPANSION: u64 = 5;

/// The first line to a worker: the handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Handshake {
    /// [`VERSION`]. The other fields may be read only if the versions match.
    pub(super) version: u32,
    /// The run's start on the machine-wide monotonic clock, or `None` if the platform has none.
    pub(super) zero: Option<Nanos>,
    /// The kind of the tasks.
    #[serde(rename = "order")]
    pub(super) job: JobSpec,
}

/// The kind of a worker's tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::source) enum JobSpec {
    /// Tasks to compute.
    Compute(ComputeJob),
    /// Tasks to request from the API, one request each.
    Ask(RequestSpec),
    /// Tasks to request from the server of a list, each at the address that it is assigned with.
    Fetch {
        /// The requests.
        request: Box<ListRequest>,
        /// The timeout of a request.
        timeout: Duration,
    },
}

impl JobSpec {
    /// The maximum length of a line from a worker, in bytes.
    pub(super) fn max_line(&self) -> u64 {
        match self {
            Self::Compute(_) | Self::Ask(_) => MAX_LINE_BYTES,
            // Besides the items, an answer has addresses, which the headers of a response limit.
            Self::Fetch { request, .. } => {
                MAX_LINE_BYTES.max(request.max_body_size as u64 * MAX_PAGE_EXPANSION + (1 << 20))
            }
        }
    }
}

/// The requests of a run. The token is not included: a worker reads it from the same place as its
/// parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::source) struct RequestSpec {
    /// The base URL of the API.
    pub(in crate::source) base: String,
    /// Set if requests carry the token.
    pub(in crate::source) with_token: bool,
    /// The timeout of a request.
    pub(in crate::source) timeout: Duration,
    /// The target of the requests.
    #[serde(rename = "errand")]
    pub(in crate::source) request: GithubRequest,
}

/// The requests of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::source) struct GithubRequest {
    /// The user and the page size.
    pub(in crate::source) target: Target,
}

impl GithubRequest {
    /// Sends the request of a task once.
    pub(in crate::source) async fn send(
        &self,
        client: &Client,
        task: TaskId,
    ) -> Result<ApiResponse, RequestError> {
        client.fetch_followers(&self.target.user, self.target.per_page, task.0).await
    }
}

/// Every other line to a worker: a task to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::source) struct TaskAssignment {
    pub(in crate::source) task: TaskId,
    /// The address of the page, if the task is one of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::source) url: Option<SecretUrl>,
}

impl From<TaskId> for TaskAssignment {
    fn from(task: TaskId) -> Self {
        Self { task, url: None }
    }
}

/// The result of a successful task, as its job needs it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::source) enum Answer {
    /// The result of CPU work.
    Computed(Completion),
    /// A page of followers.
    Followers(ApiResponse),
    /// A page of a list.
    Page(PageResponse),
}

/// A line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WorkerMessage {
    /// The worker is ready for tasks. If the version is not [`VERSION`], it cannot be used.
    Ready { version: u32 },
    /// The worker could not be set up.
    Unable(Failure),
    /// The worker has entered a state.
    Entered { at: Nanos, state: State },
    /// A server reported its quota.
    Quota { at: Nanos, quota: Quota },
    /// A heartbeat: the worker is still busy with its task.
    Alive,
    /// The result of a task.
    Answered { at: Nanos, task: TaskId, answer: Result<Answer, RequestError> },
}

/// The reason why a message could not be read.
#[derive(Debug, Error)]
pub(super) enum WireError {
    /// Reading from the pipe failed.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// The line exceeds the maximum length.
    #[error("a line longer than {} MB", .0 >> 20)]
    TooLong(u64),
    /// The line is not a valid message.
    #[error("{0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Reads a line of at most `longest` bytes. Returns `None` at the end of input, and also for a line that the
/// end cuts off.
pub(super) fn read_line(
    input: &mut impl BufRead,
    longest: u64,
) -> Result<Option<Vec<u8>>, WireError> {
    let mut line = Vec::new();
    input.take(longest).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() as u64 == longest => Err(WireError::TooLong(longest)),
        _ => Ok(None),
    }
}

/// Reads a message of at most `longest` bytes. Returns `None` at the end of input.
pub(super) fn read<T: DeserializeOwned>(
    input: &mut impl BufRead,
    longest: u64,
) -> Result<Option<T>, WireError> {
    let line = read_line(input, longest)?;
    Ok(line.map(|line| serde_json::from_slice(&line)).transpose()?)
}

/// Writes a message in one piece. The caller flushes the output.
pub(super) fn write(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Product;
    use crate::model::item_page::{ItemPage, ItemPointers};
    use crate::source::tasks::page_client::Neighbors;

    /// Bodies of the shortest items, and of those that grow most when they are escaped.
    #[test]
    fn answer_expands_a_body_by_no_more_than_the_limit() {
        for item in [r#""""#, "1", r#""\\""#, r#""\"""#, r#""\u0001""#, "\"\u{7f}\"", "{}", "[]"] {
            let pointers = ItemPointers { items: None, id: Some("".parse().unwrap()) };
            let body = format!("[{}{item}]", format!("{item},").repeat(1 << 17));
            let page = ItemPage::from_json(body.as_bytes(), &pointers).unwrap();
            let done = Completion { response: None, product: Product::Items(Arc::new(page)) };
            let answer = Ok(Answer::Page(PageResponse::Page { done, links: Neighbors::default() }));
            let message = WorkerMessage::Answered { at: Nanos::ZERO, task: TaskId(1), answer };
            let mut line = Vec::new();
            write(&mut line, &message).unwrap();
            let longest = body.len() as u64 * MAX_PAGE_EXPANSION;
            assert!(line.len() as u64 <= longest, "{item}: {} of {}", line.len(), body.len());
        }
    }
}
