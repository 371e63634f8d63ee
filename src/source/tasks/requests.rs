//! Workers whose tasks are requests: each waits for a permit, sends the request of a task through its
//! [`Requester`], and retries it. The requester knows the API: followers and lists of pages are two.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::http::{RequestError, RetryPolicy};
use crate::model::{Completion, Failure, FailureKind, Quota, QuotaCheck, TaskId, TaskOutcome};
use crate::source::cancel_token::EventLoop;
use crate::source::pool::rate_limiter::RateLimiter;
use crate::source::pool::retry_loop::RetryLoop;
use crate::source::{CancelToken, LaneReporter, Permit, TaskCount, TaskResult, Worker};

/// The state that the requests of all lanes of a run share.
#[derive(Clone, Debug)]
pub(in crate::source) struct SharedRequestState {
    pub(in crate::source) rate_limiter: Arc<RateLimiter>,
    pub(in crate::source) retry_policy: RetryPolicy,
    pub(in crate::source) quota_guard: Arc<QuotaGuard>,
}

/// A successful reply to the request of a task.
pub(in crate::source) struct Reply {
    /// The result of the task.
    pub(in crate::source) done: Completion,
    /// The number of tasks, as far as the reply reveals it.
    pub(in crate::source) task_count: TaskCount,
}

/// Sends the requests of a lane.
pub(in crate::source) trait Requester {
    /// Waits until a request can be sent.
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Sends the request of a task once.
    async fn send(&mut self, task: TaskId) -> Result<Reply, RequestError>;

    /// Cleans up after a cancelled request. A connection needs nothing: dropping the future has closed
    /// it.
    fn cancel(&mut self) {}
}

/// A worker that does its tasks as requests.
pub(in crate::source) struct RequestWorker<R> {
    events: EventLoop,
    requester: R,
    retry_loop: RetryLoop,
    quota_guard: Arc<QuotaGuard>,
}

impl<R: Requester> RequestWorker<R> {
    /// Creates the worker of a lane. `reporter` observes the requests of the lane.
    pub(in crate::source) fn new(
        shared: &SharedRequestState,
        reporter: LaneReporter,
        requester: R,
    ) -> Result<Self, Failure> {
        let SharedRequestState { rate_limiter, retry_policy, quota_guard } = shared.clone();
        let retry_loop = RetryLoop { rate_limiter, reporter, retry_policy };
        Ok(Self { events: EventLoop::new()?, requester, retry_loop, quota_guard })
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

impl<R: Requester> Worker for RequestWorker<R> {
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
            Some(Ok(Reply { done, task_count })) => match self.quota_shortage(task, task_count) {
                Some(failure) => TaskOutcome::Failed(failure),
                None => return TaskResult { outcome: TaskOutcome::Done(done), task_count },
            },
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
