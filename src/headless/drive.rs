//! Drives a session's runs until none is left or a signal comes.

use std::io::Write;

use crossbeam_channel::{Receiver, after, never, select};

use super::progress_reporter::ProgressReporter;
use crate::app::Session;
use crate::app::session::QuotaEstimate;
use crate::engine::run_handle::STOP_GRACE;
use crate::engine::{Launcher, RunHandle};
use crate::model::time::time_of_day;
use crate::model::{Plan, Selection, Workload};

/// So many events are taken at a time, before anything else has its turn.
const MAX_BATCH: usize = 1_000;

/// Runs the selection whole, or until a signal comes: then stops, keeps what was fetched, and
/// returns the signal's number. What it takes of somebody's quota is said before.
pub(super) fn drive_session(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut ProgressReporter,
    err: &mut dyn Write,
) -> Option<i32> {
    // Whoever was asked whether to begin knows what it costs.
    let mut told = session.profile().is_some();
    let mut next = session.start_selection(selection);
    while let Some(plan) = next.take() {
        if plan.workload() == Workload::Followers && !std::mem::replace(&mut told, true) {
            progress.clear_line();
            print_quota_estimate(session, selection, err);
        }
        let over = follow_run(session, &launcher.start(plan), launcher, signals, progress);
        if over.signal.is_some() {
            return over.signal;
        }
        next = over.next;
    }
    None
}

fn print_quota_estimate(session: &Session, selection: Selection, err: &mut dyn Write) {
    if let (Some(QuotaEstimate { requests, quota }), Some(target)) =
        (session.quota_estimate(selection), session.target())
    {
        let (api, left, reset) = (&target.api, quota.remaining, time_of_day(quota.reset));
        // If stderr takes nothing, there is nobody to tell.
        _ = writeln!(
            err,
            "{selection} takes {requests} more requests of the {left} left at {api} until {reset} UTC"
        );
    }
}

/// How a run went.
struct FollowedRun {
    /// What is to run next.
    next: Option<Plan>,
    /// The signal that ended it.
    signal: Option<i32>,
}

/// Follows a run to its last event.
fn follow_run(
    session: &mut Session,
    run: &RunHandle,
    launcher: &Launcher,
    signals: &Receiver<i32>,
    progress: &mut ProgressReporter,
) -> FollowedRun {
    let elapsed = || run.elapsed(launcher.now());
    let ticks = progress.draw_ticks();
    let mut over = FollowedRun { next: None, signal: None };
    let mut late = never();
    progress.draw_line(session, elapsed());
    loop {
        select! {
            recv(run.events()) -> event => match event {
                Ok(event) => {
                    let more = run.events().try_iter().take(MAX_BATCH);
                    for event in std::iter::once(event).chain(more) {
                        over.next = session.apply(&event).or(over.next);
                        progress.narrate_event(session, &event);
                    }
                }
                Err(_closed) => return over,
            },
            recv(signals) -> signal => {
                over.signal = signal.ok().or(over.signal);
                run.stop();
                late = after(STOP_GRACE);
            }
            // A worker that does not get to see the stop is not waited for.
            recv(late) -> _ => return over,
            recv(ticks) -> _ => progress.redraw_line(session, elapsed()),
        }
    }
}
