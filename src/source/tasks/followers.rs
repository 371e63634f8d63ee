//! The pages of followers as tasks. Each thread does its own network I/O, so
//! that its lane shows exactly what the thread did, or delegates it to its worker process.

use std::sync::Arc;

use super::process::{Answer, GithubRequest, ProcessStarter, RemoteWorker};
use super::requests::{Reply, RequestWorker, Requester, SharedRequestState};
use crate::github::page_links::PageLinks;
use crate::github::{Api, ApiResponse, Client};
use crate::http::{RequestError, RequestTimeouts};
use crate::model::{Failure, Product, TaskId};
use crate::source::{Job, LaneReporter, LaneSlots, TaskCount, Worker};

/// A job whose tasks are pages of a user's followers.
#[derive(Debug)]
pub(in crate::source) struct FollowersJob {
    pub(in crate::source) api: Arc<Api>,
    pub(in crate::source) request: GithubRequest,
    pub(in crate::source) shared: SharedRequestState,
    /// The starter of the worker processes that send the requests; `None` if this process sends them.
    pub(in crate::source) starter: Option<Arc<ProcessStarter>>,
}

impl Job for FollowersJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let reporter = reporter.with_request_timing();
        let per_page = self.request.target.per_page;
        if let Some(starter) = &self.starter {
            let process = RemoteWorker::start(Arc::clone(starter), reporter.clone())?;
            let requester = RemoteRequester { process, per_page };
            return Ok(Box::new(RequestWorker::new(&self.shared, reporter, requester)?));
        }
        let timeouts = RequestTimeouts::with_total(self.shared.retry_policy.timeout);
        let client = Client::new(Arc::clone(&self.api), timeouts, Arc::new(reporter.clone()))?;
        let requester = LocalRequester { client, request: self.request.clone() };
        Ok(Box::new(RequestWorker::new(&self.shared, reporter, requester)?))
    }

    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.shared.rate_limiter.lane_slots()
    }

    fn redact(&self, text: &str) -> String {
        self.api.redact(text)
    }
}

/// Sends requests on the lane's own thread, over a connection of its own.
struct LocalRequester {
    client: Client,
    request: GithubRequest,
}

impl Requester for LocalRequester {
    async fn send(&mut self, task: TaskId) -> Result<Reply, RequestError> {
        let response = self.request.send(&self.client, task).await?;
        Ok(reply(task, response, self.request.target.per_page))
    }
}

/// Sends requests through the lane's worker process.
struct RemoteRequester {
    process: RemoteWorker,
    per_page: u8,
}

impl Requester for RemoteRequester {
    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        self.process.wait_until_ready().await
    }

    async fn send(&mut self, task: TaskId) -> Result<Reply, RequestError> {
        let answer = self.process.send_request(task.into(), |answer| match answer {
            Answer::Followers(response) => Some(response),
            _ => None,
        });
        Ok(reply(task, answer.await?, self.per_page))
    }

    fn cancel(&mut self) {
        self.process.discard_process();
    }
}

fn reply(task: TaskId, response: ApiResponse, per_page: u8) -> Reply {
    Reply { task_count: task_count(task, &response, per_page), done: response.done }
}

/// Returns the number of pages, as far as the response to one reveals it. `per_page` is the number of
/// followers on a full page.
fn task_count(task: TaskId, response: &ApiResponse, per_page: u8) -> TaskCount {
    let page = match &response.done.product {
        Product::PastLastPage => return TaskCount::AtMost(task.0 - 1),
        Product::Followers(page) => page,
        _ => return TaskCount::Unknown,
    };
    match response.links {
        Some(PageLinks { last: Some(last), .. }) if page.is_empty() => TaskCount::Exactly(last),
        Some(PageLinks { last: Some(last), .. }) => TaskCount::Exactly(last.max(task.0)),
        Some(PageLinks { next: Some(next), .. }) => TaskCount::AtLeast(next),
        _ if page.is_empty() && task.0 > 1 => TaskCount::FewerThanThis,
        // GitHub omits the Link header only if everything is on one page. If it was lost, the page
        // after a full one shows whether there are more.
        None if page.len() >= usize::from(per_page) => match page.ids() {
            [first, ..] => TaskCount::PerhapsMore { first: *first },
            [] => TaskCount::Unknown,
        },
        None if task.0 > 1 => TaskCount::Unknown,
        _ => TaskCount::Exactly(task.0),
    }
}

#[cfg(test)]
mod tests;
