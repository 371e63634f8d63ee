//! The user's commands as tasks: a shell runs each one in a process group of its own, and its output
//! is captured.

mod output_capture;
mod running_command;

use std::sync::Arc;

use crate::http::system_limits;
use crate::model::printable::printable_up_to;
use crate::model::{
    Completion, EventKind, ExitStatus, Failure, FailureKind, Plan, Product, State, TaskId,
    TaskOutcome,
};
use crate::source::{CancelToken, Job, LaneReporter, Permit, TaskResult, Worker};
use output_capture::Trimmer;
use running_command::{CommandExit, ProcessGroups, RunningCommand};

/// The maximum number of characters of a command that a message quotes.
const MAX_QUOTED_CHARS: usize = 60;

/// Runs a plan's commands.
#[derive(Clone)]
pub(in crate::source) struct CommandsJob {
    plan: Plan,
    process_groups: Arc<ProcessGroups>,
    trimmer: Trimmer,
}

impl CommandsJob {
    /// Creates the job of `plan`.
    pub(in crate::source) fn new(plan: &Plan) -> Self {
        Self { plan: plan.clone(), process_groups: Arc::default(), trimmer: Trimmer::start() }
    }
}

impl Job for CommandsJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(CommandsWorker { job: self.clone(), reporter, can_be_stopped: false }))
    }

    fn abandon(&self) {
        self.process_groups.kill();
    }
}

/// A worker that runs one command at a time.
struct CommandsWorker {
    job: CommandsJob,
    reporter: LaneReporter,
    /// Set once the hook that stops running commands is registered.
    can_be_stopped: bool,
}

impl CommandsWorker {
    fn run_command(&self, task: TaskId) -> TaskOutcome {
        let CommandsJob { plan, process_groups, trimmer } = &self.job;
        let command = plan.command(task).unwrap_or_default();
        let named =
            format!("command {}, \"{}\",", task.0, printable_up_to(command, MAX_QUOTED_CHARS));
        let ended = match RunningCommand::start(command, process_groups, trimmer) {
            Ok(child) => child.wait(),
            Err(error) => {
                if let Some(shortage) = system_limits::spawn_shortage(&error) {
                    // Another worker can still run it.
                    let message = format!(
                        "{named} cannot be started: {shortage}; lower --jobs or raise the limit"
                    );
                    return TaskOutcome::Failed(Failure::new(FailureKind::Exhausted, message));
                }
                Err(error)
            }
        };
        let CommandExit { output, signalled, wanted_terminal } = match ended {
            Ok(ended) => ended,
            Err(error) => return failed_outcome(format!("{named} cannot be run by sh: {error}")),
        };
        let status = output.status;
        self.reporter.send(EventKind::CommandOutput { task, output });
        match status {
            _ if wanted_terminal => failed_outcome(format!(
                "{named} was stopped because it tried to use the terminal, which commands here do \
                 not have; make it non-interactive, or run it on its own"
            )),
            _ if signalled => TaskOutcome::Stopped,
            ExitStatus::Code(0) => {
                TaskOutcome::Done(Completion { response: None, product: Product::Success })
            }
            ExitStatus::Code(_) => failed_outcome(format!("{named} ended with {status}")),
            ExitStatus::Signal(_) => failed_outcome(format!("{named} was killed by {status}")),
        }
    }
}

impl Worker for CommandsWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        if !std::mem::replace(&mut self.can_be_stopped, true) {
            let process_groups = Arc::clone(&self.job.process_groups);
            cancel.on_cancel(move || process_groups.terminate());
        }
        self.reporter.enter_state(State::Running);
        self.run_command(task).into()
    }
}

fn failed_outcome(message: String) -> TaskOutcome {
    TaskOutcome::Failed(Failure::new(FailureKind::Command, message))
}
