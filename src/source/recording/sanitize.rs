//! Escapes the control characters in those texts of a recording that are printed without further
//! escaping.

use std::sync::Arc;

use crate::model::printable::escape_controls;
use crate::model::{
    CloseReason, Event, EventKind, Failure, RunOutcome, Setup, Target, TaskOutcome, WorkSpec,
};

/// Escapes the texts of a setup, except its commands, which are escaped where they are printed.
pub(super) fn sanitize_setup(setup: &mut Setup) {
    setup.target.iter_mut().for_each(sanitize_target);
}

/// Escapes the texts of an event. Its commands are replaced by the session's, so that the runs
/// share one list.
pub(super) fn sanitize_event(event: &mut Event, commands: &Arc<[String]>) {
    match &mut event.kind {
        EventKind::RunStarted { plan } => {
            plan.work.target_mut().into_iter().for_each(sanitize_target);
            if let WorkSpec::Commands { commands: own } = &mut plan.work {
                *own = Arc::clone(commands);
            }
        }
        EventKind::LaneOpened { name } => escape_text(name),
        EventKind::AttemptFailed { failure: one, .. }
        | EventKind::LaneClosed { reason: CloseReason::Shortage(one) }
        | EventKind::TaskFinished {
            outcome: TaskOutcome::Failed(one) | TaskOutcome::Requeued(one),
            ..
        }
        | EventKind::RunFinished { outcome: RunOutcome::Failed(one) } => sanitize_failure(one),
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
