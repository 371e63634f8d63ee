//! The I/O of a mixed task: a page from a server on this machine, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Cancel;
use crate::engine::event_loop::EventLoop;
use crate::engine::task::Report;
use crate::github::server::DEFAULT_USER;
use crate::github::{Api, Client, Patience, Timeouts};
use crate::model::{Answer, Failure, FailureKind, Nanos, Outcome, TaskId};

/// Small pages: what is to be computed comes on top of parsing them.
const PER_PAGE: u8 = 10;

/// Tasks beyond the last page begin again at the first.
const PAGES: u32 = 100;

/// What the server must have.
pub(super) const FOLLOWERS: u32 = PAGES * PER_PAGE as u32;

/// A thread's own event loop and connection.
pub(super) struct Fetch {
    events: EventLoop,
    client: Client,
}

impl Fetch {
    /// Asks the server at `url`, which takes `latency` to answer.
    pub(super) fn new(url: &str, latency: Nanos, report: Report) -> Result<Self, Failure> {
        let api = Api::new(url, None)
            .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
        let patience = Patience::default().timeout;
        let whole = patience.saturating_add(Duration::from(latency));
        let timeouts = Timeouts { connect: patience, first_byte: whole, whole };
        let client = Client::new(Arc::new(api), timeouts, Arc::new(report))?;
        Ok(Self { events: EventLoop::new()?, client })
    }

    /// Fetches a task's page; or how the task ended instead.
    pub(super) fn page(&self, task: TaskId, cancel: &Cancel) -> Result<Option<Answer>, Outcome> {
        let page = task.0.saturating_sub(1) % PAGES + 1;
        let asked = self.client.followers(DEFAULT_USER, PER_PAGE, page);
        let reply = self.events.until_cancelled(cancel, asked).ok_or(Outcome::Stopped)?;
        Ok(reply.map_err(|fault| Outcome::Failed(fault.failure))?.done.answer)
    }
}
