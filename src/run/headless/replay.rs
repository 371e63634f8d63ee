//! Reports the last selection of a recording without a screen.

use std::io;

use super::{
    ExportTargets, ProgressMode, ReportFormat, Streams, commands, new_progress, print_error,
    report_results,
};
use crate::app::Session;
use crate::model::{Event, EventKind, Failure, FailureKind, LaneId, LogEntry, Run, RunOutcome};
use crate::run::exit::Exit;
use crate::source::recording::Recording;
use crate::terminal::signals::Signals;

/// Writes the exports and the report of the selection that was started last, as after the original
/// run. Fails only if stdout does.
pub fn report_recording(
    recording: &Recording,
    (report_format, exports): (ReportFormat, ExportTargets),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut session = replay_session(recording, streams);
    let ends_early = session.active().is_some();
    if session.active_run().is_some_and(Run::has_started) {
        // The recording does not contain the outcome of this run.
        let message = "the recording ends here".to_owned();
        let failure = Failure::new(FailureKind::Unrecorded, message);
        let kind = EventKind::RunFinished { outcome: RunOutcome::Failed(failure) };
        session.apply(&Event { at: recording.end_time(), lane: LaneId(0), kind });
    }
    let selection = recording.last_selection();
    let others = recording.selection_starts().filter(|start| start.selection != selection).count();
    if others > 0 {
        let name = recording.name();
        print_error(
            streams.err,
            &format!(
                "{name}: reporting {selection}, which ran last; the screen shows the earlier runs"
            ),
        );
    }
    let (report_format, runs) =
        ((report_format, exports.has_stdout_target()), session.runs(selection));
    let (received_signal, saved) = exports.save_all(
        &session,
        (runs, session.sweep(selection)),
        session.all_runs(),
        streams.out,
        (signals, None),
    );
    let exit = if selection.workload.is_command() {
        commands::report_commands(runs, report_format, saved, streams, received_signal)?
    } else {
        let exit = report_results(&session, selection, report_format, saved, streams);
        received_signal.map_or(exit, |signal| Ok(Exit::Signal(signal)))?
    };
    // The runs present may be complete, but others are missing.
    Ok(if ends_early && exit == Exit::Success { Exit::Partial } else { exit })
}

/// Rebuilds the session in its final state. If sentences are enabled, the last selection is
/// narrated.
fn replay_session(recording: &Recording, streams: &Streams<'_>) -> Session {
    if streams.progress_mode != ProgressMode::Sentences {
        return Session::from_log(recording.setup(), recording.entries());
    }
    let mut progress = new_progress(streams);
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
