//! Makes what a file says safe to print, where the program would print it as it is.

use std::sync::Arc;

use crate::app::session::Setup;
use crate::model::text::escaped;
use crate::model::{End, Product};
use crate::model::{Event, Failure, Kind, Outcome, Target, Work};

/// A setup's texts; commands are made safe by whoever prints them.
pub(super) fn setup(setup: &mut Setup) {
    setup.target.iter_mut().for_each(target);
}

/// An event's texts. Its commands are the sitting's own: not each run has a list of them.
pub(super) fn event(event: &mut Event, commands: &Arc<[String]>) {
    match &mut event.kind {
        Kind::RunStarted { plan } => match &mut plan.work {
            Work::Profile(one) | Work::Followers(one) => target(one),
            Work::Commands { commands: own } => *own = Arc::clone(commands),
            Work::Cpu(_) | Work::Native(_) | Work::Mixed(_) => {}
        },
        Kind::AttemptFailed { failure: one, .. }
        | Kind::Withdrawn { shortage: one }
        | Kind::Finished { outcome: Outcome::Failed(one) | Outcome::Lost(one), .. }
        | Kind::RunFinished { end: End::Failed(one) } => failure(one),
        Kind::Finished { outcome: Outcome::Done(done), .. } => {
            if let Product::Profile(profile) = &mut done.product {
                safe(&mut profile.login);
            }
        }
        _ => {}
    }
}

fn target(target: &mut Target) {
    safe(&mut target.user);
    safe(&mut target.api);
}

fn failure(failure: &mut Failure) {
    safe(&mut failure.message);
}

fn safe(text: &mut String) {
    *text = escaped(text);
}
