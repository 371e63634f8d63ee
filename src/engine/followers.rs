//! The profile request and the pages of followers as tasks. Each thread does its own network I/O, so
//! that its lane shows exactly what the thread did, or delegates it to its worker process.

use std::sync::Arc;

use super::attempts::Attempts;
use super::cancel::Cancel;
use super::clock::Clock;
use super::errand::Errand;
use super::event_loop::EventLoop;
use super::exchange::Listener;
use super::gate::{Gate, Permit};
use super::process::{Remote, Starter};
use super::room::Room;
use super::task::{Extent, Job, Report, Worker};
use crate::github::link::Links;
use crate::github::{Api, Client, Fault, Patience, Remedy, Reply, Timeouts};
use crate::model::{Failure, FailureKind, Outcome, Page, Product, TaskId};

/// A job whose tasks are requests to the API.
#[derive(Debug)]
pub(super) struct GithubJob {
    pub(super) api: Arc<Api>,
    pub(super) errand: Errand,
    pub(super) gate: Arc<Gate>,
    pub(super) clock: Clock,
    pub(super) patience: Patience,
    /// The starter of the worker processes that send the requests; `None` if this process sends them.
    pub(super) starter: Option<Arc<Starter>>,
}

impl Job for GithubJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let events = EventLoop::new()?;
        let listener = Arc::new(Listener::default());
        let report = report.heard_by(Arc::clone(&listener));
        let attempts = Attempts {
            gate: Arc::clone(&self.gate),
            report: report.clone(),
            listener,
            clock: self.clock.clone(),
            patience: self.patience,
        };
        let per_page = self.errand.target.per_page;
        if let Some(starter) = &self.starter {
            let requester = Remote::start(Arc::clone(starter), report)?;
            return Ok(Box::new(GithubWorker { events, requester, attempts, per_page }));
        }
        let timeouts = Timeouts::within(self.patience.timeout);
        let client = Client::new(Arc::clone(&self.api), timeouts, Arc::new(report))?;
        let requester = LocalRequester { client, errand: self.errand.clone() };
        Ok(Box::new(GithubWorker { events, requester, attempts, per_page }))
    }

    fn room(&self) -> Option<&Arc<Room>> {
        self.gate.room()
    }
}

/// Sends the requests of a lane.
trait Requester {
    /// Waits until a request can be sent.
    async fn ready(&mut self) -> Result<(), Failure>;

    /// Sends the request of a task once.
    async fn ask(&mut self, task: TaskId) -> Result<Reply, Fault>;

    /// Cleans up after a cancelled request.
    fn cancel(&mut self);
}

/// Sends requests on the lane's own thread, over a connection of its own.
struct LocalRequester {
    client: Client,
    errand: Errand,
}

impl Requester for LocalRequester {
    async fn ready(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn ask(&mut self, task: TaskId) -> Result<Reply, Fault> {
        self.errand.ask(&self.client, task).await
    }

    /// Does nothing: dropping the future has closed the connection.
    fn cancel(&mut self) {}
}

/// Sends requests through the lane's worker process.
impl Requester for Remote {
    async fn ready(&mut self) -> Result<(), Failure> {
        Self::ready(self).await
    }

    async fn ask(&mut self, task: TaskId) -> Result<Reply, Fault> {
        let died = |failure| Err(Fault { failure, remedy: Remedy::None });
        Self::ask(self, task).await.unwrap_or_else(died)
    }

    fn cancel(&mut self) {
        self.end();
    }
}

/// A worker that does its tasks as requests.
struct GithubWorker<R> {
    events: EventLoop,
    requester: R,
    attempts: Attempts,
    /// The number of followers on a full page.
    per_page: u8,
}

impl<R> GithubWorker<R> {
    fn extent(&self, task: TaskId, reply: &Reply) -> Extent {
        let page = match &reply.done.product {
            Product::NoMore => return Extent::AtMost(task.0 - 1),
            Product::Followers(page) => page,
            Product::Profile(_) | Product::Value(_) | Product::Success => return Extent::Unknown,
        };
        match reply.links {
            Some(Links { last: Some(last), .. }) if page.is_empty() => Extent::Exactly(last),
            Some(Links { last: Some(last), .. }) => Extent::Exactly(last.max(task.0)),
            Some(Links { next: Some(next), .. }) => Extent::AtLeast(next),
            _ if page.is_empty() && task.0 > 1 => Extent::Exactly(task.0 - 1),
            // GitHub omits the Link header only if everything is on one page. If it was lost, the page
            // after a full one shows whether there are more.
            None if self.is_full(page) => match page.ids() {
                [first, ..] => Extent::PerhapsMore { first: *first },
                [] => Extent::Unknown,
            },
            None if task.0 > 1 => Extent::Unknown,
            _ => Extent::Exactly(task.0),
        }
    }

    fn is_full(&self, page: &Page) -> bool {
        page.len() >= usize::from(self.per_page)
    }
}

impl<R: Requester> Worker for GithubWorker<R> {
    fn acquire(&mut self, cancel: &Cancel) -> Result<Option<Permit>, Failure> {
        let Self { events, requester, attempts: Attempts { gate, report, .. }, .. } = self;
        let permit = events.until_cancelled(cancel, async {
            requester.ready().await?;
            let permit = gate.acquire(report).await?;
            // The wait may have been long: the process may have died meanwhile.
            requester.ready().await?;
            Ok(permit)
        });
        permit.transpose()
    }

    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        let Some(permit) = permit else { return (Outcome::Stopped, Extent::Unknown) };
        let Self { events, requester, attempts, .. } = self;
        let answer = attempts.answer(task, permit, async || requester.ask(task).await);
        match events.until_cancelled(cancel, answer) {
            None => {
                self.requester.cancel();
                (Outcome::Stopped, Extent::Unknown)
            }
            // This kind of failure is that of the process, not of the request.
            Some(Err(failure)) if failure.kind == FailureKind::Worker => {
                (Outcome::Lost(failure), Extent::Unknown)
            }
            Some(Err(failure)) => (Outcome::Failed(failure), Extent::Unknown),
            Some(Ok(reply)) => {
                let extent = self.extent(task, &reply);
                (Outcome::Done(reply.done), extent)
            }
        }
    }
}

#[cfg(test)]
mod tests;
