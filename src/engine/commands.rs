//! The user's commands as tasks: a shell runs each one in a process group of its own, and its output
//! is captured.

mod capture;
mod child;
mod groups;
mod trimmer;

use std::sync::Arc;

use super::cancel::Cancel;
use super::gate::Permit;
use super::task::{Extent, Job, Report, Worker};
use crate::model::text::printable_within;
use crate::model::{
    Done, ExitStatus, Failure, FailureKind, Kind, Outcome, Output, Plan, Product, State, TaskId,
};
use crate::resources;
use capture::Captured;
use child::{Child, Ended};
use groups::Groups;
use trimmer::Trimmer;

/// The maximum number of characters of a command that a message quotes.
const QUOTED: usize = 60;

/// Runs a plan's commands.
pub(super) struct CommandsJob {
    plan: Plan,
    groups: Arc<Groups>,
    trimmer: Trimmer,
}

impl CommandsJob {
    /// Creates the job of `plan`.
    pub(super) fn new(plan: &Plan) -> Self {
        Self { plan: plan.clone(), groups: Arc::default(), trimmer: Trimmer::start() }
    }
}

impl Job for CommandsJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(CommandsWorker {
            plan: self.plan.clone(),
            groups: Arc::clone(&self.groups),
            trimmer: self.trimmer.clone(),
            report,
            can_be_stopped: false,
        }))
    }

    fn abandon(&self) {
        self.groups.kill();
    }
}

/// A worker that runs one command at a time.
struct CommandsWorker {
    plan: Plan,
    groups: Arc<Groups>,
    trimmer: Trimmer,
    report: Report,
    /// Set once the hook that stops running commands is registered.
    can_be_stopped: bool,
}

impl CommandsWorker {
    fn outcome(&self, task: TaskId) -> Outcome {
        let command = self.plan.command(task).unwrap_or_default();
        let named = format!("command {}, \"{}\",", task.0, printable_within(command, QUOTED));
        let ended = match Child::start(command, &self.groups, &self.trimmer) {
            Ok(child) => child.wait(),
            Err(error) => {
                if let Some(shortage) = resources::spawn_shortage(&error) {
                    return exhausted(&named, &shortage);
                }
                Err(error)
            }
        };
        let Ended { status, captured, signalled, wanted_terminal } = match ended {
            Ok(ended) => ended,
            Err(error) => return failed(format!("{named} cannot be run by sh: {error}")),
        };
        let Captured { text, bytes, left_out } = captured;
        let output = Output { text, bytes, left_out, status };
        self.report.send(Kind::Output { task, output });
        match status {
            _ if wanted_terminal => failed(format!(
                "{named} was stopped because it tried to use the terminal, which commands here do \
                 not have; make it non-interactive, or run it on its own"
            )),
            _ if signalled => Outcome::Stopped,
            ExitStatus::Code(0) => Outcome::Done(Done { answer: None, product: Product::Success }),
            ExitStatus::Code(_) => failed(format!("{named} ended with {status}")),
            ExitStatus::Signal(_) => failed(format!("{named} was killed by {status}")),
        }
    }
}

impl Worker for CommandsWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        if !std::mem::replace(&mut self.can_be_stopped, true) {
            let groups = Arc::clone(&self.groups);
            cancel.on_cancel(move || groups.stop());
        }
        self.report.enter(State::Running);
        (self.outcome(task), Extent::Unknown)
    }
}

fn failed(message: String) -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Command, message))
}

/// Returns the outcome of a command that was not started, so that another worker can still run it.
fn exhausted(named: &str, shortage: &str) -> Outcome {
    let message = format!("{named} cannot be started: {shortage}; lower --jobs or raise the limit");
    Outcome::Failed(Failure::new(FailureKind::Exhausted, message))
}
