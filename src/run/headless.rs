//! Follows a session without a screen: runs its selection to the end, or reads a recording, with the
//! progress on stderr.

mod consent;
mod drive;
mod narrator;
mod progress_reporter;

use std::io;

use crossbeam_channel::Receiver;

use super::ended_session::{EndedSession, EndedState};
use super::opened_session::OpenedContent;
use super::{Streams, print_error, recordings};
use crate::app::Session;
use crate::cli::Progress;
use crate::model::{
    Event, EventKind, Failure, FailureKind, LaneId, LogEntry, Run, RunOutcome, Selection,
};
use crate::source::Launcher;
use crate::source::recording::Recording;
use crate::terminal::writer::Writer;
use consent::Consent;
use progress_reporter::ProgressReporter;

/// Follows a session to its end, or until a signal arrives. Returns `None` if the user does not agree
/// to its cost.
pub(super) fn follow(
    content: OpenedContent,
    launcher: &Launcher,
    progress: Progress,
    signals: &Receiver<i32>,
    streams: &mut Streams<'_>,
) -> Option<EndedSession> {
    match content {
        OpenedContent::Live { session, selection, .. } => {
            let live = LiveRun { selection, launcher, progress, signals };
            live.follow(session, streams)
        }
        OpenedContent::Recorded { recording, .. } => {
            Some(read_to_end(&recording, progress, streams))
        }
    }
}

/// A selection that runs without a screen.
struct LiveRun<'a> {
    selection: Selection,
    launcher: &'a Launcher,
    progress: Progress,
    signals: &'a Receiver<i32>,
}

impl LiveRun<'_> {
    fn follow(&self, mut session: Box<Session>, streams: &mut Streams<'_>) -> Option<EndedSession> {
        let selection = self.selection;
        let consent = if session.awaits_confirmation(selection) {
            consent::ask_consent(&session, selection, self.signals, streams)
        } else {
            Consent::Granted
        };
        let signal = match consent {
            Consent::Granted => self.run_to_end(&mut session, streams),
            Consent::Refused => return None,
            Consent::Signal(signal) => Some(signal),
        };
        let state = EndedState::Headless { session, selection, is_cut_off: false };
        Some(EndedSession { state, signal, terminal_error: None })
    }

    /// Runs the selection to its end, or until a signal arrives, which is returned.
    fn run_to_end(&self, session: &mut Session, streams: &mut Streams<'_>) -> Option<i32> {
        let (selection, launcher) = (self.selection, self.launcher);
        let mut progress = new_reporter(self.progress);
        let signal = drive::drive_session(
            session,
            selection,
            launcher,
            self.signals,
            &mut progress,
            streams.err,
        );
        progress.clear_line();
        // The runs of a sweep are those of its last trial only.
        match session.sweep(selection) {
            Some(sweep) => progress.narrate_advice(sweep, selection.workload),
            None => progress.narrate_lanes(session.runs(selection)),
        }
        signal
    }
}

fn new_reporter(progress: Progress) -> ProgressReporter {
    // If the thread cannot be started, no progress is shown.
    let writer = || Writer::start(io::stderr()).ok();
    match progress {
        Progress::None => ProgressReporter::new(None),
        Progress::Line => ProgressReporter::new(writer()),
        Progress::Sentences => ProgressReporter::with_narrator(writer()),
    }
}

/// Reads a recording to its end, as after the original run of the selection that was started last.
fn read_to_end(
    recording: &Recording,
    progress: Progress,
    streams: &mut Streams<'_>,
) -> EndedSession {
    if let Some(defect) = recordings::defect_message(recording) {
        print_error(streams.err, &defect);
    }
    let mut session = replay_session(recording, progress);
    let is_cut_off = session.active().is_some();
    if session.active_run().is_some_and(Run::has_started) {
        // The recording does not contain the outcome of this run.
        let message = "the recording ends here".to_owned();
        let failure = Failure::new(FailureKind::Unrecorded, message);
        let kind = EventKind::RunFinished { outcome: RunOutcome::Failed(failure) };
        session.apply(&Event { at: recording.end_time(), lane: LaneId(0), kind });
    }
    let (name, selection) = (recording.name(), recording.last_selection());
    if recording.selection_starts().any(|start| start.selection != selection) {
        print_error(
            streams.err,
            &format!(
                "{name}: reporting {selection}, which ran last; the screen shows the earlier runs"
            ),
        );
    }
    let state = EndedState::Headless { session: Box::new(session), selection, is_cut_off };
    EndedSession { state, signal: None, terminal_error: None }
}

/// Rebuilds the session in its final state. If sentences are enabled, the last selection is
/// narrated.
fn replay_session(recording: &Recording, progress: Progress) -> Session {
    if progress != Progress::Sentences {
        return Session::from_log(recording.setup(), recording.entries());
    }
    let mut progress = new_reporter(progress);
    let mut session = Session::new(recording.setup().clone());
    let is_start = |entry: &LogEntry| matches!(entry, LogEntry::Start(_));
    let last = recording.entries().iter().rposition(is_start).unwrap_or(0);
    for (place, entry) in recording.entries().iter().enumerate() {
        session.replay_entry(entry);
        if let (LogEntry::Event(event), true) = (entry, place > last) {
            progress.narrate_event(&session, event);
        }
    }
    if session.sweep(recording.last_selection()).is_none() {
        progress.narrate_lanes(session.runs(recording.last_selection()));
    }
    progress.clear_line();
    session
}
