//! The I/O of a mixed task: fetches a page from a server on this machine, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use crate::github::{Api, Client};
use crate::http::{RequestTimeouts, RetryPolicy};
use crate::model::{Failure, FailureKind, Nanos, ResponseSummary, TaskId, TaskOutcome};
use crate::server::DEFAULT_USER;
use crate::source::CancelToken;
use crate::source::event_loop::EventLoop;
use crate::source::pool::lane_reporter::LaneReporter;

/// The size of a page: small, because the time to parse it adds to the task's computing time.
const PER_PAGE: u8 = 10;

/// The number of pages. Tasks beyond the last page start again at the first.
const PAGES: u32 = 100;

/// The number of followers that the server must have.
pub(super) const FOLLOWERS: u32 = PAGES * PER_PAGE as u32;

/// Fetches pages with a thread's own event loop and connection.
pub(super) struct PageFetcher {
    events: EventLoop,
    client: Client,
}

impl PageFetcher {
    /// Creates a client for the server at `url`, which responds after `latency`.
    pub(super) fn new(url: &str, latency: Nanos, reporter: LaneReporter) -> Result<Self, Failure> {
        let api = Api::new(url, None)
            .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
        let connect = RetryPolicy::default().timeout;
        let total = connect.saturating_add(Duration::from(latency));
        let timeouts = RequestTimeouts { connect, first_byte: total, total };
        let client = Client::new(Arc::new(api), timeouts, Arc::new(reporter))?;
        Ok(Self { events: EventLoop::new()?, client })
    }

    /// Fetches the page of a task. Fails with the task's outcome if it is stopped or the request fails.
    pub(super) fn fetch_page(
        &self,
        task: TaskId,
        cancel: &CancelToken,
    ) -> Result<Option<ResponseSummary>, TaskOutcome> {
        let page = task.0.saturating_sub(1) % PAGES + 1;
        let asked = self.client.fetch_followers(DEFAULT_USER, PER_PAGE, page);
        let reply = self.events.run_until_cancelled(cancel, asked).ok_or(TaskOutcome::Stopped)?;
        Ok(reply.map_err(|fault| TaskOutcome::Failed(fault.failure))?.done.response)
    }
}
