//! The I/O of a mixed task: fetches a page from a server on this machine, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Cancel;
use crate::engine::event_loop::EventLoop;
use crate::engine::task::Report;
use crate::github::server::DEFAULT_USER;
use crate::github::{Api, Client, Patience, Timeouts};
use crate::model::{Answer, Failure, FailureKind, Nanos, Outcome, TaskId};

/// The size of a page: small, because the time to parse it adds to the task's computing time.
const PER_PAGE: u8 = 10;

/// The number of pages. Tasks beyond the last page start again at the first.
const PAGES: u32 = 100;

/// The number of followers that the server must have.
pub(super) const FOLLOWERS: u32 = PAGES * PER_PAGE as u32;

/// Fetches pages with a thread's own event loop and connection.
pub(super) struct Fetch {
    events: EventLoop,
    client: Client,
}

impl Fetch {
    /// Creates a client for the server at `url`, which responds after `latency`.
    pub(super) fn new(url: &str, latency: Nanos, report: Report) -> Result<Self, Failure> {
        let api = Api::new(url, None)
            .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
        let patience = Patience::default().timeout;
        let whole = patience.saturating_add(Duration::from(latency));
        let timeouts = Timeouts { connect: patience, first_byte: whole, whole };
        let client = Client::new(Arc::new(api), timeouts, Arc::new(report))?;
        Ok(Self { events: EventLoop::new()?, client })
    }

    /// Fetches the page of a task. Fails with the task's outcome if it is stopped or the request fails.
    pub(super) fn page(&self, task: TaskId, cancel: &Cancel) -> Result<Option<Answer>, Outcome> {
        let page = task.0.saturating_sub(1) % PAGES + 1;
        let asked = self.client.followers(DEFAULT_USER, PER_PAGE, page);
        let reply = self.events.until_cancelled(cancel, asked).ok_or(Outcome::Stopped)?;
        Ok(reply.map_err(|fault| Outcome::Failed(fault.failure))?.done.answer)
    }
}
