//! The pages of followers as tasks. Each thread does its own network I/O, so
//! that its lane shows exactly what the thread did, or delegates it to its worker process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::process::{GithubRequest, ProcessStarter, RemoteWorker};
use crate::github::page_links::PageLinks;
use crate::github::{Api, ApiResponse, Client};
use crate::http::{RequestError, RequestTimeouts, RetryAction, RetryPolicy};
use crate::model::{Failure, FailureKind, Product, Quota, QuotaCheck, TaskId, TaskOutcome};
use crate::source::cancel_token::EventLoop;
use crate::source::pool::rate_limiter::RateLimiter;
use crate::source::pool::retry_loop::RetryLoop;
use crate::source::{
    CancelToken, Job, LaneReporter, LaneSlots, Permit, TaskCount, TaskResult, Worker,
};

/// A job whose tasks are requests to the API.
#[derive(Debug)]
pub(in crate::source) struct GithubJob {
    pub(in crate::source) api: Arc<Api>,
    pub(in crate::source) request: GithubRequest,
    pub(in crate::source) rate_limiter: Arc<RateLimiter>,
    pub(in crate::source) retry_policy: RetryPolicy,
    pub(in crate::source) quota_guard: Arc<QuotaGuard>,
    /// The starter of the worker processes that send the requests; `None` if this process sends them.
    pub(in crate::source) starter: Option<Arc<ProcessStarter>>,
}

impl Job for GithubJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let events = EventLoop::new()?;
        let reporter = reporter.with_request_timing();
        let retry_loop = RetryLoop {
            rate_limiter: Arc::clone(&self.rate_limiter),
            reporter: reporter.clone(),
            retry_policy: self.retry_policy,
        };
        let per_page = self.request.target.per_page;
        let quota_guard = Arc::clone(&self.quota_guard);
        if let Some(starter) = &self.starter {
            let requester = RemoteWorker::start(Arc::clone(starter), reporter)?;
            let worker = GithubWorker { events, requester, retry_loop, quota_guard, per_page };
            return Ok(Box::new(worker));
        }
        let timeouts = RequestTimeouts::with_total(self.retry_policy.timeout);
        let client = Client::new(Arc::clone(&self.api), timeouts, Arc::new(reporter))?;
        let requester = LocalRequester { client, request: self.request.clone() };
        Ok(Box::new(GithubWorker { events, requester, retry_loop, quota_guard, per_page }))
    }

    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.rate_limiter.lane_slots()
    }
}

/// Sends the requests of a lane.
trait Requester {
    /// Waits until a request can be sent.
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Sends the request of a task once.
    async fn send(&mut self, task: TaskId) -> Result<ApiResponse, RequestError>;

    /// Cleans up after a cancelled request. A connection needs nothing: dropping the future has closed
    /// it.
    fn cancel(&mut self) {}
}

/// Sends requests on the lane's own thread, over a connection of its own.
struct LocalRequester {
    client: Client,
    request: GithubRequest,
}

impl Requester for LocalRequester {
    async fn send(&mut self, task: TaskId) -> Result<ApiResponse, RequestError> {
        self.request.send(&self.client, task).await
    }
}

/// Sends requests through the lane's worker process.
impl Requester for RemoteWorker {
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Self::wait_until_ready(self).await
    }

    async fn send(&mut self, task: TaskId) -> Result<ApiResponse, RequestError> {
        let died = |failure| Err(RequestError { failure, retry_action: RetryAction::None });
        Self::run_task(self, task).await.unwrap_or_else(died)
    }

    fn cancel(&mut self) {
        self.discard_process();
    }
}

/// A worker that does its tasks as requests.
struct GithubWorker<R> {
    events: EventLoop,
    requester: R,
    retry_loop: RetryLoop,
    quota_guard: Arc<QuotaGuard>,
    /// The number of followers on a full page.
    per_page: u8,
}

impl<R> GithubWorker<R> {
    fn task_count(&self, task: TaskId, reply: &ApiResponse) -> TaskCount {
        let page = match &reply.done.product {
            Product::PastLastPage => return TaskCount::AtMost(task.0 - 1),
            Product::Followers(page) => page,
            Product::Value(_) | Product::Success => return TaskCount::Unknown,
        };
        match reply.links {
            Some(PageLinks { last: Some(last), .. }) if page.is_empty() => TaskCount::Exactly(last),
            Some(PageLinks { last: Some(last), .. }) => TaskCount::Exactly(last.max(task.0)),
            Some(PageLinks { next: Some(next), .. }) => TaskCount::AtLeast(next),
            _ if page.is_empty() && task.0 > 1 => TaskCount::FewerThanThis,
            // GitHub omits the Link header only if everything is on one page. If it was lost, the page
            // after a full one shows whether there are more.
            None if page.len() >= usize::from(self.per_page) => match page.ids() {
                [first, ..] => TaskCount::PerhapsMore { first: *first },
                [] => TaskCount::Unknown,
            },
            None if task.0 > 1 => TaskCount::Unknown,
            _ => TaskCount::Exactly(task.0),
        }
    }

    /// Returns the failure of the run if the quota, which the first page reports, is too small for the
    /// remaining pages.
    fn quota_shortage(&self, task: TaskId, task_count: TaskCount) -> Option<Failure> {
        match task_count {
            TaskCount::Exactly(pages) if task.0 == 1 => {
                self.quota_guard.shortage(pages, self.retry_loop.reporter.last_request().quota?)
            }
            _ => None,
        }
    }
}

impl<R: Requester> Worker for GithubWorker<R> {
    fn acquire(&mut self, cancel: &CancelToken) -> Result<Option<Permit>, Failure> {
        let Self {
            events, requester, retry_loop: RetryLoop { rate_limiter, reporter, .. }, ..
        } = self;
        let permit = events.run_until_cancelled(cancel, async {
            requester.wait_until_ready().await?;
            let permit = rate_limiter.acquire(reporter).await?;
            // The wait may have been long: the process may have died meanwhile.
            requester.wait_until_ready().await?;
            Ok(permit)
        });
        permit.transpose()
    }

    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        let Some(permit) = permit else { return TaskOutcome::Stopped.into() };
        let Self { events, requester, retry_loop, quota_guard, .. } = self;
        quota_guard.record_request();
        let answer = retry_loop.run(task, permit, async || requester.send(task).await);
        let outcome = match events.run_until_cancelled(cancel, answer) {
            None => {
                self.requester.cancel();
                TaskOutcome::Stopped
            }
            // This kind of failure is that of the process, not of the request.
            Some(Err(failure)) if failure.kind == FailureKind::Worker => {
                TaskOutcome::Requeued(failure)
            }
            Some(Err(failure)) => TaskOutcome::Failed(failure),
            Some(Ok(reply)) => {
                let task_count = self.task_count(task, &reply);
                match self.quota_shortage(task, task_count) {
                    Some(failure) => TaskOutcome::Failed(failure),
                    None => {
                        return TaskResult { outcome: TaskOutcome::Done(reply.done), task_count };
                    }
                }
            }
        };
        outcome.into()
    }
}

/// Ends a run whose first page shows that the quota is too small for the rest.
#[derive(Debug)]
pub(in crate::source) struct QuotaGuard {
    check: Option<QuotaCheck>,
    /// The number of requests that the run has sent.
    sent: AtomicU32,
}

impl QuotaGuard {
    /// Creates a guard; without a check, it never ends the run.
    pub(in crate::source) const fn new(check: Option<QuotaCheck>) -> Self {
        Self { check, sent: AtomicU32::new(0) }
    }

    /// Records that a page is requested. The requests of the first wave are in flight when the first
    /// response arrives, and are no longer to be paid for.
    fn record_request(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the failure of the run if the quota is too small for the remaining pages.
    fn shortage(&self, pages: u32, quota: Quota) -> Option<Failure> {
        self.check.as_ref()?.shortage(pages, self.sent.load(Ordering::Relaxed), quota)
    }
}

#[cfg(test)]
mod tests;
