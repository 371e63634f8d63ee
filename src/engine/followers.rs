//! The preparing request and the pages of followers as tasks: each thread does its own network I/O
//! on itself, so that its lane shows what that thread did.

use std::sync::Arc;

use super::attempts::Attempts;
use super::cancel::Cancel;
use super::clock::Clock;
use super::event_loop::{EventLoop, connection_is_back};
use super::gate::{Gate, Pass};
use super::task::{Extent, Job, Report, Worker};
use crate::github::link::Links;
use crate::github::{Api, Client, Fault, Observe, Patience, Reply, Timeouts};
use crate::model::{Failure, Kind, Outcome, Page, Product, Quota, State, Target, TaskId};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// The user's profile.
    Profile,
    /// A page of the user's followers a task.
    Pages,
}

/// Asks one API for what a plan wants of it.
#[derive(Debug)]
pub(super) struct GithubJob {
    pub(super) api: Arc<Api>,
    pub(super) errand: Errand,
    pub(super) target: Target,
    pub(super) gate: Arc<Gate>,
    pub(super) clock: Clock,
    pub(super) patience: Patience,
}

impl Job for GithubJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let events = EventLoop::new()?;
        let timeouts = Timeouts::within(self.patience.timeout);
        let client = Client::new(Arc::clone(&self.api), timeouts, Arc::new(report.clone()))?;
        let attempts = Attempts {
            gate: Arc::clone(&self.gate),
            report,
            clock: self.clock.clone(),
            patience: self.patience,
        };
        Ok(Box::new(GithubWorker {
            events,
            client,
            attempts,
            errand: self.errand,
            target: self.target.clone(),
            pass: None,
        }))
    }
}

/// A thread's own event loop and connection.
struct GithubWorker {
    events: EventLoop,
    client: Client,
    attempts: Attempts,
    errand: Errand,
    target: Target,
    /// Leave for the next request.
    pass: Option<Pass>,
}

impl GithubWorker {
    async fn ask(&self, task: TaskId) -> Result<Reply, Fault> {
        let target = &self.target;
        let reply = match self.errand {
            Errand::Profile => self.prepare().await,
            Errand::Pages => self.client.followers(&target.user, target.per_page, task.0).await,
        };
        connection_is_back().await;
        reply
    }

    /// Asks for the profile, but first, where that counts, whether anything may be asked at all.
    async fn prepare(&self) -> Result<Reply, Fault> {
        if self.target.costs_quota {
            self.client.quota().await?;
        }
        self.client.profile(&self.target.user).await
    }

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
            // GitHub sends no links only where all is on one page: here they have been lost.
            None if task.0 > 1 || self.is_full(page) => Extent::Unknown,
            _ => Extent::Exactly(task.0),
        }
    }

    fn is_full(&self, page: &Page) -> bool {
        page.len() >= usize::from(self.target.per_page)
    }
}

impl Worker for GithubWorker {
    fn hold(&mut self, cancel: &Cancel) -> Result<(), Failure> {
        self.pass = None;
        let Attempts { gate, report, .. } = &self.attempts;
        self.pass = self.events.until_cancelled(cancel, gate.pass(report)).transpose()?;
        Ok(())
    }

    fn run(&mut self, task: TaskId, cancel: &Cancel) -> (Outcome, Extent) {
        // Without a pass it was stopped before it began.
        let Some(pass) = self.pass.take() else { return (Outcome::Stopped, Extent::Unknown) };
        let answer = self.attempts.answer(task, pass, async || self.ask(task).await);
        match self.events.until_cancelled(cancel, answer) {
            None => (Outcome::Stopped, Extent::Unknown),
            Some(Err(failure)) => (Outcome::Failed(failure), Extent::Unknown),
            Some(Ok(reply)) => {
                let extent = self.extent(task, &reply);
                (Outcome::Done(reply.done), extent)
            }
        }
    }
}

impl Observe for Report {
    fn enter(&self, state: State) {
        Self::enter(self, state);
    }

    fn quota(&self, quota: Quota) {
        self.send(Kind::Quota(quota));
    }
}
