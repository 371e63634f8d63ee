//! The pages of a list of any API as tasks. The parent knows the address of each page, follows redirects
//! and counts requests; a lane's own thread or its worker process sends them.
//!
//! ```text
//! list_source.rs: the list for all runs of the session
//! content_tally.rs: the kinds of the bodies of a run
//! address_book.rs: the address of each page, as far as the pages before have told it
//! ../page_client.rs: one request and its response
//! ```

mod address_book;
mod content_tally;
pub mod list_source;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use url::Url;

use super::page_client::{PageClient, PageResponse};
use super::process::{Answer, ProcessStarter, RemoteWorker, TaskAssignment};
use super::requests::{Reply, RequestWorker, Requester, SharedRequestState};
use crate::http::{RequestError, RequestTimeouts, SecretUrl};
use crate::model::{EventKind, Failure, FailureKind, TaskId};
use crate::source::{Job, LaneReporter, LaneSlots, Worker};
use address_book::FoundPages;
use content_tally::ContentTally;
use list_source::ListSource;

/// The maximum number of redirects from one page.
const MAX_REDIRECTS: u32 = 5;

/// A job whose tasks are the pages of a list.
#[derive(Debug)]
pub(in crate::source) struct PagesJob {
    source: Arc<ListSource>,
    shared: SharedRequestState,
    /// The starter of the worker processes that send the requests; `None` if this process sends them.
    starter: Option<Arc<ProcessStarter>>,
    /// The run has reported that the address of each page is in the page before.
    has_reported_chain: Arc<AtomicBool>,
    contents: Arc<ContentTally>,
}

impl PagesJob {
    /// Creates the job of a run.
    pub(in crate::source) fn new(
        source: Arc<ListSource>,
        shared: SharedRequestState,
        starter: Option<Arc<ProcessStarter>>,
    ) -> Self {
        Self {
            source,
            shared,
            starter,
            has_reported_chain: Arc::default(),
            contents: Arc::default(),
        }
    }

    fn worker<F: Fetcher + 'static>(
        &self,
        fetcher: F,
        reporter: LaneReporter,
    ) -> Result<Box<dyn Worker>, Failure> {
        let requester = PageRequester {
            fetcher,
            source: Arc::clone(&self.source),
            reporter: reporter.clone(),
            has_reported_chain: Arc::clone(&self.has_reported_chain),
            contents: Arc::clone(&self.contents),
        };
        Ok(Box::new(RequestWorker::new(&self.shared, reporter, requester)?))
    }
}

impl Job for PagesJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let reporter = reporter.with_request_timing();
        if let Some(starter) = &self.starter {
            let process = RemoteWorker::start(Arc::clone(starter), reporter.clone())?;
            return self.worker(process, reporter);
        }
        let timeouts = RequestTimeouts::with_total(self.shared.retry_policy.timeout);
        let observer = Arc::new(reporter.clone());
        self.worker(PageClient::new(&self.source.server, timeouts, observer)?, reporter)
    }

    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.shared.rate_limiter.lane_slots()
    }

    fn mismatch(&self) -> Option<Failure> {
        let message = self.contents.mismatch(&self.source.server.host())?;
        Some(Failure::new(FailureKind::Server, message))
    }

    fn redact(&self, text: &str) -> String {
        self.source.redact(text)
    }
}

/// Sends the requests of a lane, one for each address.
trait Fetcher {
    /// Waits until a request can be sent.
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Requests a page once.
    async fn fetch(&mut self, task: TaskId, url: &Url) -> Result<PageResponse, RequestError>;

    /// Cleans up after a cancelled request.
    fn cancel(&mut self) {}
}

impl Fetcher for PageClient {
    async fn fetch(&mut self, task: TaskId, url: &Url) -> Result<PageResponse, RequestError> {
        self.get(task, url).await
    }
}

impl Fetcher for RemoteWorker {
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Self::wait_until_ready(self).await
    }

    async fn fetch(&mut self, task: TaskId, url: &Url) -> Result<PageResponse, RequestError> {
        let assignment = TaskAssignment { task, url: Some(SecretUrl(url.clone())) };
        let page = self.send_request(assignment, |answer| match answer {
            Answer::Page(response) => Some(response),
            _ => None,
        });
        page.await
    }

    fn cancel(&mut self) {
        self.discard_process();
    }
}

/// Finds the address of each page, follows its redirects, and reads from it where further pages are.
struct PageRequester<F> {
    fetcher: F,
    source: Arc<ListSource>,
    reporter: LaneReporter,
    has_reported_chain: Arc<AtomicBool>,
    contents: Arc<ContentTally>,
}

impl<F: Fetcher> Requester for PageRequester<F> {
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        self.fetcher.wait_until_ready().await
    }

    async fn send(&mut self, task: TaskId) -> Result<Reply, RequestError> {
        let source = Arc::clone(&self.source);
        let mut url = source.addresses.url(task).ok_or_else(|| {
            let message = format!("the address of page {} is not known", task.0);
            RequestError::permanent(FailureKind::Server, message)
        })?;
        for _ in 0..=MAX_REDIRECTS {
            source.budget.spend_one()?;
            let response = self.fetcher.fetch(task, &url).await;
            match response.map_err(|error| source.classify_content(task, error))? {
                PageResponse::Redirect(target) => {
                    url = source.server.redirect_target(task, &url, target)?;
                }
                PageResponse::Page { done, links } => {
                    let FoundPages { task_count, is_chained } =
                        source.addresses.record(task, links).map_err(|reason| {
                            source.server.unexpected_response(task, FailureKind::Content, &reason)
                        })?;
                    if is_chained && !self.has_reported_chain.swap(true, Ordering::Relaxed) {
                        self.reporter.send(EventKind::PagesChained);
                    }
                    source.record_success(task);
                    self.contents.record(task, &done.product);
                    return Ok(Reply { done, task_count });
                }
            }
        }
        let reason = format!("it redirects more than {MAX_REDIRECTS} times");
        Err(source.server.unexpected_response(task, FailureKind::Server, &reason))
    }

    fn cancel(&mut self) {
        self.fetcher.cancel();
    }
}
