//! Drives the runs of a session until none is left or a signal arrives.

use std::io::Write;

use crossbeam_channel::{Receiver, after, never, select};

use super::progress_reporter::ProgressReporter;
use crate::app::Session;
use crate::app::session::QuotaEstimate;
use crate::model::time::time_of_day;
use crate::model::{Nanos, Plan, Selection};
use crate::source::STOP_GRACE;
use crate::source::{Launcher, RunHandle};

/// The maximum number of events to apply before signals and ticks are checked again.
const MAX_BATCH: usize = 1_000;

/// Runs the selection to its end, or until a signal arrives. In that case stops the run, keeps its
/// results and returns the number of the signal. Announces the use of a quota once it is known.
pub(super) fn drive_session(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut ProgressReporter,
    err: &mut dyn Write,
) -> Option<i32> {
    let mut notice = QuotaNotice { selection, is_due: true, err };
    let mut next = session.start_selection(selection);
    while let Some(plan) = next.take() {
        let run = launcher.start(plan);
        let over = follow_run(session, &run, launcher, signals, progress, &mut notice);
        if over.signal.is_some() {
            return over.signal;
        }
        next = over.next;
    }
    None
}

/// The notice on the quota that the selection still needs, which is printed once.
struct QuotaNotice<'streams> {
    selection: Selection,
    is_due: bool,
    err: &'streams mut dyn Write,
}

impl QuotaNotice<'_> {
    /// Prints the notice if the need is known and not nothing.
    fn print_once(&mut self, session: &Session, progress: &mut ProgressReporter) {
        if !self.is_due {
            return;
        }
        let estimate = session.quota_estimate().filter(|estimate| estimate.requests > 0);
        let (Some(QuotaEstimate { requests, quota }), Some(target)) = (estimate, session.target())
        else {
            return;
        };
        self.is_due = false;
        progress.clear_line();
        let (api, left, reset) = (&target.api, quota.remaining, time_of_day(quota.reset));
        let (selection, plural) = (self.selection, if requests == 1 { "" } else { "s" });
        // An error is ignored: there is no other stream to report it on.
        _ = writeln!(
            self.err,
            "{selection} takes {requests} more request{plural} of the {left} left at {api} until \
             {reset} UTC"
        );
    }
}

/// The result of following a run.
struct FollowedRun {
    /// The next run.
    next: Option<Plan>,
    /// The signal that ended the run.
    signal: Option<i32>,
}

/// Follows a run until its last event.
fn follow_run(
    session: &mut Session,
    run: &RunHandle,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut ProgressReporter,
    notice: &mut QuotaNotice<'_>,
) -> FollowedRun {
    let elapsed = |session: &Session| match session.active_run() {
        // Simulated time passes from event to event.
        Some(active) if active.plan().is_simulated() => active.elapsed(Nanos::ZERO),
        _ => run.elapsed(launcher.now()),
    };
    let ticks = progress.draw_ticks();
    let mut over = FollowedRun { next: None, signal: None };
    let mut late = never();
    progress.draw_line(session, elapsed(session));
    loop {
        select! {
            recv(run.events()) -> event => match event {
                Ok(event) => {
                    let more = run.events().try_iter().take(MAX_BATCH);
                    for event in std::iter::once(event).chain(more) {
                        over.next = session.apply(&event).or(over.next);
                        progress.narrate_event(session, &event);
                        notice.print_once(session, progress);
                    }
                }
                Err(_closed) => return over,
            },
            recv(signals) -> signal => {
                over.signal = signal.ok().or(over.signal);
                run.stop();
                late = after(STOP_GRACE);
            }
            // A worker that does not react to the stop is abandoned.
            recv(late) -> _ => return over,
            recv(ticks) -> _ => progress.redraw_line(session, elapsed(session)),
        }
    }
}
