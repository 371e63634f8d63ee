//! Runs without a screen: drives a session to its end and writes reports to stdout and messages to
//! stderr.

pub mod commands;
mod consent;
mod drive;
mod export_targets;
mod narrator;
mod progress_reporter;
pub mod replay;

use std::io::{self, Write};

use crossbeam_channel::Receiver;

use super::exit::Exit;
use crate::app::Session;
use crate::model::{Mode, Run, RunOutcome, Selection};
use crate::report::json::JsonReport;
use crate::report::plain;
use crate::source::Launcher;
use crate::terminal::signals::Signals;
use crate::terminal::writer::Writer;
use consent::Consent;
pub use export_targets::ExportTargets;
pub(crate) use export_targets::{SavedExport, report_exports};
use progress_reporter::ProgressReporter;

/// The format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// A short text. It goes to stderr if an export goes to stdout.
    Plain,
    /// One JSON document.
    Json,
}

/// The output streams.
pub struct Streams<'a> {
    /// Reports and data.
    pub out: &'a mut dyn Write,
    /// Messages and progress. Write errors are ignored: there is no other stream to report them on.
    pub err: &'a mut dyn Write,
    /// The form of the progress on stderr.
    pub progress_mode: ProgressMode,
}

/// The form of the progress on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// No progress.
    Nothing,
    /// A line that is redrawn in place, for a terminal.
    Line,
    /// Sentences, for a screen reader.
    Sentences,
}

/// Runs the selection, then writes the exports, the messages and the report. Fails only if stdout
/// does.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (report_format, exports): (ReportFormat, ExportTargets),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let consent = if session.awaits_confirmation(selection) {
        consent::ask_consent(&session, selection, signals.receiver(), streams)
    } else {
        Consent::Granted
    };
    let received_signal = match consent {
        Consent::Granted => {
            run_to_end(&mut session, selection, launcher, streams, signals.receiver())
        }
        Consent::Refused => return Ok(Exit::Usage),
        Consent::Signal(signal) => Some(signal),
    };
    let (aside, shown) =
        (exports.has_stdout_target(), (session.runs(selection), session.sweep(selection)));
    let (received_signal, saved) = exports.save_all(
        &session,
        shown,
        std::iter::empty(),
        streams.out,
        (signals, received_signal),
    );
    let exit = report_results(&session, selection, (report_format, aside), saved, streams);
    // If the terminal disappears, the writes fail too, but the signal is the better reason.
    received_signal.map_or(exit, |signal| Ok(Exit::Signal(signal)))
}

/// Runs the selection to its end, or until a signal arrives, which is returned.
fn run_to_end(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    streams: &mut Streams<'_>,
    signals: &Receiver<i32>,
) -> Option<i32> {
    let mut progress = new_progress(streams);
    let received_signal =
        drive::drive_session(session, selection, launcher, signals, &mut progress, streams.err);
    progress.clear_line();
    // The runs of a sweep are those of its last trial only.
    match session.sweep(selection) {
        Some(sweep) => progress.narrate_advice(sweep, selection.workload),
        None => progress.narrate_lanes(session.runs(selection)),
    }
    received_signal
}

fn new_progress(streams: &Streams<'_>) -> ProgressReporter {
    // If the thread cannot be started, no progress is shown.
    let writer = || Writer::start(io::stderr()).ok();
    match streams.progress_mode {
        ProgressMode::Nothing => ProgressReporter::new(None),
        ProgressMode::Line => ProgressReporter::new(writer()),
        ProgressMode::Sentences => ProgressReporter::with_narrator(writer()),
    }
}

/// Reports the results. The report is written last, so that a broken pipe does not cost the files.
fn report_results(
    session: &Session,
    selection: Selection,
    (report_format, aside): (ReportFormat, bool),
    saved: io::Result<Vec<SavedExport>>,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let runs = session.runs(selection);
    if let Some(trouble) = failure_summary(runs) {
        print_error(
            streams.err,
            &(trial_prefix(session, selection).unwrap_or_default() + &trouble),
        );
    }
    let exit = match (Exit::for_runs(runs), session.sweep(selection)) {
        // A sweep whose last trial brought nothing still has its earlier trials.
        (Exit::Failed, Some(sweep)) if !sweep.trials().is_empty() => Exit::Partial,
        (exit, _) => exit,
    };
    let exit = report_exports(exit, saved?, streams.err);
    match report_format {
        ReportFormat::Json => write_json(session, selection, streams.out)?,
        ReportFormat::Plain if was_refused(session, selection) => {}
        ReportFormat::Plain if aside => _ = write_plain(session, selection, streams.err),
        ReportFormat::Plain => write_plain(session, selection, streams.out)?,
    }
    streams.out.flush()?;
    Ok(exit)
}

/// Returns whether the first response ended the runs: the plain report would have nothing to say.
fn was_refused(session: &Session, selection: Selection) -> bool {
    let runs = session.runs(selection);
    let is_refusal = |run: &Run| matches!(run.outcome(), Some(RunOutcome::Failed(_)));
    let is_counted = session.task_count(selection.workload).is_some();
    runs.iter().all(|run| run.done_tasks() == 0) && (!is_counted || runs.iter().any(is_refusal))
}

/// Names the trial that ended a sweep early: `trial 3 of 15 ended the sweep: `.
fn trial_prefix(session: &Session, selection: Selection) -> Option<String> {
    let sweep = session.sweep(selection)?;
    session.runs(selection).first().filter(|run| run.has_started())?;
    Some(format!(
        "trial {} of {} ended the sweep: ",
        sweep.trials().len() + 1,
        sweep.planned_trials()
    ))
}

fn write_json(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let runs = session.runs(selection);
    let report = JsonReport::from_runs(session.target(), runs, session.setup().cores());
    match session.sweep(selection) {
        Some(sweep) => report.with_sweep(sweep, selection.workload, Mode::Threads).write(out),
        None => report.write(out),
    }
}

fn write_plain(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let runs = session.runs(selection);
    match session.sweep(selection) {
        Some(sweep) => plain::sweep::write(out, sweep, selection.workload, Mode::Threads),
        None => plain::write(out, session.target(), runs, session.setup().cores()),
    }
}

/// Prints an error to stderr, in one line.
pub fn print_error(err: &mut dyn Write, sentence: &str) {
    // An error is ignored: there is no other stream to report it on.
    _ = writeln!(err, "threadline: {sentence}");
}

/// Returns what is missing from the first incomplete run, and the reason.
pub fn failure_summary(runs: &[Run]) -> Option<String> {
    let mut started = runs.iter().filter(|run| run.has_started());
    let run = started.find(|run| !run.is_complete())?;
    let nothing = runs.iter().all(|run| run.done_tasks() == 0);
    Some(match run.failure() {
        Some(failure) if nothing => failure.to_string(),
        None if nothing && run.plan().workload().is_computed() => {
            "stopped before any task was done".to_owned()
        }
        None if nothing => "stopped before anything was fetched".to_owned(),
        _ => format!("{}: {}", run.plan().mode, plain::incomplete_reason(run)),
    })
}
