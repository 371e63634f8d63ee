//! Drives a session's runs until none is left or a signal comes.

use crossbeam_channel::{Receiver, select};

use super::progress::Progress;
use crate::app::Session;
use crate::engine::{Launcher, RunHandle};
use crate::model::{Plan, Selection};

/// Runs the selection whole, or until a signal comes: then stops, keeps what was fetched, and
/// returns the signal's number.
pub(super) fn to_end(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut Progress,
) -> Option<i32> {
    let mut next = session.begin(selection);
    while let Some(plan) = next.take() {
        let over = watch(session, &launcher.start(plan), launcher, signals, progress);
        if over.signal.is_some() {
            return over.signal;
        }
        next = over.next;
    }
    None
}

/// How a run went.
struct Over {
    /// What is to run next.
    next: Option<Plan>,
    /// The signal that ended it.
    signal: Option<i32>,
}

/// Follows a run to its last event.
fn watch(
    session: &mut Session,
    run: &RunHandle,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut Progress,
) -> Over {
    let elapsed = || launcher.now().since(run.started());
    let ticks = progress.ticks();
    let mut over = Over { next: None, signal: None };
    progress.draw(session, elapsed());
    loop {
        select! {
            recv(run.events()) -> event => match event {
                Ok(event) => over.next = session.apply(&event).or(over.next),
                Err(_closed) => return over,
            },
            recv(signals) -> signal => {
                over.signal = signal.ok().or(over.signal);
                run.stop();
            }
            recv(ticks) -> _ => progress.draw_again(session, elapsed()),
        }
    }
}
