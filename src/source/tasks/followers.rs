//! The pages of followers as tasks. Each thread does its own network I/O, so
//! that its lane shows exactly what the thread did, or delegates it to its worker process.

use std::sync::Arc;

use super::github_request::GithubRequest;
use super::process::{ProcessStarter, RemoteWorker};
use super::quota_guard::QuotaGuard;
use crate::github::page_links::PageLinks;
use crate::github::{Api, ApiResponse, Client};
use crate::http::{RequestError, RequestTimeouts, RetryAction, RetryPolicy};
use crate::model::{Failure, FailureKind, FollowerPage, Product, TaskId, TaskOutcome};
use crate::source::cancel_token::CancelToken;
use crate::source::clock::Clock;
use crate::source::event_loop::EventLoop;
use crate::source::pool::lane_reporter::LaneReporter;
use crate::source::pool::lane_slots::LaneSlots;
use crate::source::pool::rate_limiter::{Permit, RateLimiter};
use crate::source::pool::request_timing::TimingObserver;
use crate::source::pool::retry_loop::RetryLoop;
use crate::source::pool::task::{Job, TaskCount, Worker};

/// A job whose tasks are requests to the API.
#[derive(Debug)]
pub(in crate::source) struct GithubJob {
    pub(in crate::source) api: Arc<Api>,
    pub(in crate::source) request: GithubRequest,
    pub(in crate::source) rate_limiter: Arc<RateLimiter>,
    pub(in crate::source) clock: Clock,
    pub(in crate::source) retry_policy: RetryPolicy,
    pub(in crate::source) quota_guard: Arc<QuotaGuard>,
    /// The starter of the worker processes that send the requests; `None` if this process sends them.
    pub(in crate::source) starter: Option<Arc<ProcessStarter>>,
}

impl Job for GithubJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let events = EventLoop::new()?;
        let timing_observer = Arc::new(TimingObserver::default());
        let reporter = reporter.with_observer(Arc::clone(&timing_observer));
        let retry_loop = RetryLoop {
            rate_limiter: Arc::clone(&self.rate_limiter),
            reporter: reporter.clone(),
            timing_observer,
            clock: self.clock.clone(),
            retry_policy: self.retry_policy,
        };
        let per_page = self.request.target.per_page;
        let quota_guard = Arc::clone(&self.quota_guard);
        if let Some(starter) = &self.starter {
            let requester = RemoteWorker::start(Arc::clone(starter), reporter)?;
            return Ok(Box::new(GithubWorker {
                events,
                requester,
                retry_loop,
                quota_guard,
                per_page,
            }));
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
    async fn wait_until_ready(&mut self) -> Result<(), Failure>;

    /// Sends the request of a task once.
    async fn send(&mut self, task: TaskId) -> Result<ApiResponse, RequestError>;

    /// Cleans up after a cancelled request.
    fn cancel(&mut self);
}

/// Sends requests on the lane's own thread, over a connection of its own.
struct LocalRequester {
    client: Client,
    request: GithubRequest,
}

impl Requester for LocalRequester {
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn send(&mut self, task: TaskId) -> Result<ApiResponse, RequestError> {
        self.request.send(&self.client, task).await
    }

    /// Does nothing: dropping the future has closed the connection.
    fn cancel(&mut self) {}
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
            None if self.is_full(page) => match page.ids() {
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
                let (_, quota) = self.retry_loop.timing_observer.last();
                self.quota_guard.shortage(pages, quota?)
            }
            _ => None,
        }
    }

    fn is_full(&self, page: &FollowerPage) -> bool {
        page.len() >= usize::from(self.per_page)
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

    fn run(
        &mut self,
        task: TaskId,
        permit: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount) {
        let Some(permit) = permit else { return (TaskOutcome::Stopped, TaskCount::Unknown) };
        let Self { events, requester, retry_loop, quota_guard, .. } = self;
        quota_guard.record_request();
        let answer = retry_loop.run(task, permit, async || requester.send(task).await);
        match events.run_until_cancelled(cancel, answer) {
            None => {
                self.requester.cancel();
                (TaskOutcome::Stopped, TaskCount::Unknown)
            }
            // This kind of failure is that of the process, not of the request.
            Some(Err(failure)) if failure.kind == FailureKind::Worker => {
                (TaskOutcome::Requeued(failure), TaskCount::Unknown)
            }
            Some(Err(failure)) => (TaskOutcome::Failed(failure), TaskCount::Unknown),
            Some(Ok(reply)) => {
                let task_count = self.task_count(task, &reply);
                if let Some(failure) = self.quota_shortage(task, task_count) {
                    return (TaskOutcome::Failed(failure), TaskCount::Unknown);
                }
                (TaskOutcome::Done(reply.done), task_count)
            }
        }
    }
}

#[cfg(test)]
mod tests;
