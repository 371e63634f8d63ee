//! Makes what a file says safe to print, where the program would print it as it is.

use std::sync::Arc;

use crate::app::session::Setup;
use crate::model::printable::escape_controls;
use crate::model::{Event, EventKind, Failure, Target, TaskOutcome, WorkSpec};
use crate::model::{Product, RunOutcome};

/// A setup's texts; commands are made safe by whoever prints them.
pub(super) fn sanitize_setup(setup: &mut Setup) {
    setup.target.iter_mut().for_each(sanitize_target);
}

/// An event's texts. Its commands are the sitting's own: not each run has a list of them.
pub(super) fn sanitize_event(event: &mut Event, commands: &Arc<[String]>) {
    match &mut event.kind {
        EventKind::RunStarted { plan } => match &mut plan.work {
            WorkSpec::Profile(one) | WorkSpec::Followers(one) => sanitize_target(one),
            WorkSpec::Commands { commands: own } => *own = Arc::clone(commands),
            WorkSpec::Cpu(_) | WorkSpec::Native(_) | WorkSpec::Mixed(_) => {}
        },
        EventKind::AttemptFailed { failure: one, .. }
        | EventKind::LaneWithdrawn { shortage: one }
        | EventKind::TaskFinished {
            outcome: TaskOutcome::Failed(one) | TaskOutcome::Requeued(one),
            ..
        }
        | EventKind::RunFinished { outcome: RunOutcome::Failed(one) } => sanitize_failure(one),
        EventKind::TaskFinished { outcome: TaskOutcome::Done(done), .. } => {
            if let Product::Profile(profile) = &mut done.product {
                escape_text(&mut profile.login);
            }
        }
        _ => {}
    }
}

fn sanitize_target(target: &mut Target) {
    escape_text(&mut target.user);
    escape_text(&mut target.api);
}

fn sanitize_failure(failure: &mut Failure) {
    escape_text(&mut failure.message);
}

fn escape_text(text: &mut String) {
    *text = escape_controls(text);
}
