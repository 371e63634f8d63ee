//! A list and its server, as all runs of a session use them: the real addresses and headers, the number of
//! requests that the user allows, and the content that has been seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::address_book::AddressBook;
use crate::http::{ListAddresses, RequestError};
use crate::model::{FailureKind, TaskId};
use crate::source::tasks::page_client::list_server::ListServer;

/// The page that shows whether the list can be used.
const FIRST_PAGE: TaskId = TaskId(1);

/// A list, with all that is needed to request its pages.
#[derive(Debug)]
pub struct ListSource {
    pub(super) addresses: AddressBook,
    pub(in crate::source) server: Arc<ListServer>,
    pub(super) budget: RequestBudget,
    /// Set once the first page has had the expected content, in any run.
    is_first_usable: AtomicBool,
}

impl ListSource {
    /// Creates the source of a list. `max_requests` is the maximum number of requests of the session.
    pub fn new(addresses: ListAddresses, server: ListServer, max_requests: Option<u64>) -> Self {
        let budget = RequestBudget { max: max_requests, spent: AtomicU64::new(0) };
        let addresses = AddressBook::new(addresses);
        Self {
            addresses,
            server: Arc::new(server),
            budget,
            is_first_usable: AtomicBool::new(false),
        }
    }

    /// Returns a text of this program, such as the message of a panic, without the secrets of the list.
    pub fn redact(&self, text: &str) -> String {
        self.server.redact(&self.addresses.secret_urls(), text)
    }

    /// Records that a page had the expected content.
    pub(super) fn record_success(&self, task: TaskId) {
        if task == FIRST_PAGE {
            self.is_first_usable.store(true, Ordering::Relaxed);
        }
    }

    /// Unexpected content ends the run only if it is that of the first page: any other page differs from
    /// the rest of the list, which is worth fetching. It does not matter which page arrives first.
    pub(super) fn classify_content(&self, task: TaskId, mut error: RequestError) -> RequestError {
        let is_list_unusable = task == FIRST_PAGE && !self.is_first_usable.load(Ordering::Relaxed);
        if error.failure.kind == FailureKind::Content && !is_list_unusable {
            error.failure.kind = FailureKind::Server;
        }
        error
    }
}

/// The number of requests that the session may send.
#[derive(Debug)]
pub(super) struct RequestBudget {
    max: Option<u64>,
    spent: AtomicU64,
}

impl RequestBudget {
    /// Counts a request. Fails if there were as many as allowed.
    pub(super) fn spend_one(&self) -> Result<(), RequestError> {
        let Some(max) = self.max else { return Ok(()) };
        let spent = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |spent| {
            (spent < max).then_some(spent + 1)
        });
        spent.map(|_| ()).map_err(|_used_up| {
            let message =
                format!("the {max} requests of --max-requests are used up; raise it for the rest");
            RequestError::permanent(FailureKind::RequestLimit, message)
        })
    }
}
