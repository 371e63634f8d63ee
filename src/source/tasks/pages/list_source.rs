//! A list and its server, as all runs of a session use them: the real addresses and headers, the number of
//! requests that the user allows, and the content that has been seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::address_book::AddressBook;
use crate::http::{ListAddresses, RequestError};
use crate::model::{FailureKind, Product};
use crate::source::tasks::page_client::list_server::ListServer;

/// A list, with all that is needed to request its pages.
#[derive(Debug)]
pub struct ListSource {
    pub(super) addresses: AddressBook,
    pub(in crate::source) server: Arc<ListServer>,
    pub(super) budget: RequestBudget,
    /// Set by the first page: `true` if bodies are JSON.
    is_json: OnceLock<bool>,
}

impl ListSource {
    /// Creates the source of a list. `max_requests` is the maximum number of requests of the session.
    pub fn new(addresses: ListAddresses, server: ListServer, max_requests: Option<u64>) -> Self {
        let budget = RequestBudget { max: max_requests, spent: AtomicU64::new(0) };
        let addresses = AddressBook::new(addresses);
        Self { addresses, server: Arc::new(server), budget, is_json: OnceLock::new() }
    }

    /// Records that the body of a page could be used. Fails with the reason if it is JSON and those before
    /// were not, or the other way around: nothing would say that items are missing.
    pub(super) fn record_content(&self, product: &Product) -> Result<(), &'static str> {
        let Product::Items(page) = product else { return Ok(()) };
        let is_json = page.opaque_bytes().is_none();
        match (is_json, *self.is_json.get_or_init(|| is_json)) {
            (false, true) => Err("the body is not JSON, as that of an earlier page was"),
            (true, false) => Err("the body is JSON, and that of an earlier page was not"),
            _ => Ok(()),
        }
    }

    /// Unexpected content ends the run only before any page had the expected one: else the pages of the
    /// list differ, and the others are worth fetching.
    pub(super) fn classify_content(&self, mut error: RequestError) -> RequestError {
        if error.failure.kind == FailureKind::Content && self.is_json.get().is_some() {
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
