//! Runs commands without a screen and reports the results on stdout and stderr.

use std::io;

use super::{
    ExportTargets, ReportFormat, SavedExport, Streams, drive, new_progress, print_error,
    report_exports,
};
use crate::app::Session;
use crate::model::{Run, Selection};
use crate::report::commands::{self, failure_messages, json};
use crate::run::exit::Exit;
use crate::source::Launcher;
use crate::terminal::signals::Signals;

/// The maximum number of failed commands named on stderr. The report lists all of them.
const MAX_NAMED_FAILURES: usize = 20;

/// Runs the selection, then reports the results. Fails only if stdout does.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (report_format, exports): (ReportFormat, ExportTargets),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut progress = new_progress(streams);
    let received = signals.receiver();
    let received_signal = drive::drive_session(
        &mut session,
        selection,
        launcher,
        received,
        &mut progress,
        streams.err,
    );
    progress.clear_line();
    progress.narrate_lanes(session.runs(selection));
    let (aside, runs) = (exports.has_stdout_target(), session.runs(selection));
    let (received_signal, saved) = exports.save_all(
        &session,
        (runs, None),
        std::iter::empty(),
        streams.out,
        (signals, received_signal),
    );
    report_commands(runs, (report_format, aside), saved, streams, received_signal)
}

/// Names the failed commands on stderr and writes the report. The reader of a pipe may block the
/// write forever, so the caller must already have let signals end the program. Fails only if stdout
/// does.
pub(crate) fn report_commands(
    runs: &[Run],
    (report_format, aside): (ReportFormat, bool),
    saved: io::Result<Vec<SavedExport>>,
    streams: &mut Streams<'_>,
    received_signal: Option<i32>,
) -> io::Result<Exit> {
    let failures = failure_messages(runs);
    for failure in failures.iter().take(MAX_NAMED_FAILURES) {
        print_error(streams.err, failure);
    }
    if let Some(more) = failures.len().checked_sub(MAX_NAMED_FAILURES).filter(|&more| more > 0) {
        print_error(
            streams.err,
            &format!("{more} more commands failed; the report lists them all"),
        );
    }
    let exit = saved.map(|saved| report_exports(Exit::for_commands(runs), saved, streams.err));
    let written = match report_format {
        ReportFormat::Json => json::CommandsReport::from_runs(runs).write(streams.out),
        ReportFormat::Plain if aside => commands::write(streams.err, runs).or(Ok(())),
        ReportFormat::Plain => commands::write(streams.out, runs),
    };
    let written = written.and_then(|()| streams.out.flush());
    match received_signal {
        // If the terminal disappears, the writes fail too, but the signal is the better reason.
        Some(signal) => Ok(Exit::Signal(signal)),
        None => written.and(exit),
    }
}
