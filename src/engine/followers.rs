//! The preparing request and the pages of followers as tasks: each thread does its own network I/O
//! on itself, so that its lane shows what that thread did, or has its worker process do it.

use std::sync::Arc;

use super::attempts::Attempts;
use super::cancel::Cancel;
use super::clock::Clock;
use super::errand::Errand;
use super::event_loop::EventLoop;
use super::exchange::Listener;
use super::gate::{Gate, Pass};
use super::process::{Remote, Starter};
use super::room::Room;
use super::task::{Extent, Job, Report, Worker};
use crate::github::link::Links;
use crate::github::{Api, Client, Fault, Patience, Remedy, Reply, Timeouts};
use crate::model::{Failure, FailureKind, Outcome, Page, Product, TaskId};

/// Asks one API for what a plan wants of it.
#[derive(Debug)]
pub(super) struct GithubJob {
    pub(super) api: Arc<Api>,
    pub(super) errand: Errand,
    pub(super) gate: Arc<Gate>,
    pub(super) clock: Clock,
    pub(super) patience: Patience,
    /// Of the processes that make the requests, where it is not this one.
    pub(super) starter: Option<Arc<Starter>>,
}

impl Job for GithubJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let events = EventLoop::new()?;
        let listener = Arc::new(Listener::default());
        let report = report.heard_by(Arc::clone(&listener));
        let asker = if let Some(starter) = &self.starter {
            Asker::There(Remote::start(Arc::clone(starter), report.clone())?)
        } else {
            let timeouts = Timeouts::within(self.patience.timeout);
            let client = Client::new(Arc::clone(&self.api), timeouts, Arc::new(report.clone()))?;
            Asker::Here { client, errand: self.errand.clone() }
        };
        let attempts = Attempts {
            gate: Arc::clone(&self.gate),
            report,
            listener,
            clock: self.clock.clone(),
            patience: self.patience,
        };
        let per_page = self.errand.target.per_page;
        Ok(Box::new(GithubWorker { events, asker, attempts, per_page, pass: None }))
    }

    fn room(&self) -> Option<&Arc<Room>> {
        self.gate.room()
    }
}

/// Who makes a lane's requests.
enum Asker {
    /// The lane's thread, on a connection of its own.
    Here { client: Client, errand: Errand },
    /// The lane's worker process.
    There(Remote),
}

impl Asker {
    /// Waits until a request can be made.
    async fn ready(&mut self) -> Result<(), Failure> {
        match self {
            Self::Here { .. } => Ok(()),
            Self::There(remote) => remote.ready().await,
        }
    }

    async fn ask(&mut self, task: TaskId) -> Result<Reply, Fault> {
        match self {
            Self::Here { client, errand } => errand.ask(client, task).await,
            Self::There(remote) => {
                let died = |failure| Err(Fault { failure, remedy: Remedy::None });
                remote.ask(task).await.unwrap_or_else(died)
            }
        }
    }

    /// The run is to stop.
    fn end(&mut self) {
        match self {
            Self::Here { .. } => {}
            Self::There(remote) => remote.end(),
        }
    }
}

/// A thread's own event loop, and who asks for it.
struct GithubWorker {
    events: EventLoop,
    asker: Asker,
    attempts: Attempts,
    /// Followers on a full page.
    per_page: u8,
    /// Leave for the next request.
    pass: Option<Pass>,
}

impl GithubWorker {
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
            // GitHub sends no links only where all is on one page. Here they may have been lost: the
            // page after a full one shows whether there are more.
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

impl Worker for GithubWorker {
    fn hold(&mut self, cancel: &Cancel) -> Result<(), Failure> {
        self.pass = None;
        let Self { events, asker, attempts: Attempts { gate, report, .. }, .. } = self;
        let pass = events.until_cancelled(cancel, async {
            asker.ready().await?;
            let pass = gate.pass(report).await?;
            // That may have taken long.
            asker.ready().await?;
            Ok(pass)
        });
        self.pass = pass.transpose()?;
        Ok(())
    }

    fn run(&mut self, task: TaskId, cancel: &Cancel) -> (Outcome, Extent) {
        // Without a pass it was stopped before it began.
        let Some(pass) = self.pass.take() else { return (Outcome::Stopped, Extent::Unknown) };
        let Self { events, asker, attempts, .. } = self;
        let answer = attempts.answer(task, pass, async || asker.ask(task).await);
        match events.until_cancelled(cancel, answer) {
            None => {
                self.asker.end();
                (Outcome::Stopped, Extent::Unknown)
            }
            // No request fails like this, only who makes it.
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
