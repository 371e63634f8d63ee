//! A session that has been followed to its end: its runs, the exports that were written, its report and
//! its exit code.

use std::io::{self, Write};

use super::exit::{Exit, print_error};
use super::word_wrap::WordWrap;
use super::{Streams, screen_summary};
use crate::analysis::{Sweep, verdict};
use crate::app::{App, Session};
use crate::cli::{OutputMode, Progress};
use crate::model::{Mode, ProgramRecord, Run, RunOutcome, Selection};
use crate::report::commands::{self, failure_messages};
use crate::report::json::{JsonReport, ProgramReport};
use crate::report::{
    ExportError, ExportOutcome, ExportTarget, ReportSubject, plain, program_output,
};

/// The maximum number of failed commands named on stderr. The report lists all of them.
const MAX_NAMED_FAILURES: usize = 20;

/// The signal of Ctrl-C.
const SIGINT: i32 = 2;

/// A session that has been followed to its end.
pub(super) struct EndedSession {
    pub(super) state: EndedState,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    /// The reason why the terminal was lost.
    pub(super) terminal_error: Option<io::Error>,
}

/// The final state of a session.
pub(super) enum EndedState {
    /// The screen was left.
    Screen(Box<App>),
    /// The selection has run, or its recording has been read.
    Headless {
        session: Box<Session>,
        selection: Selection,
        /// The recording ends before the runs do.
        is_cut_off: bool,
    },
}

/// The exports after they were written.
pub(super) struct SavedExports {
    pub(super) results: io::Result<Vec<SavedExport>>,
    /// An export went to stdout, so no report does.
    pub(super) stdout_taken: bool,
    /// The signal that arrived by now.
    pub(super) signal: Option<i32>,
}

impl SavedExports {
    /// Reports the written exports, and returns the exit code for the runs and the exports together.
    /// Fails only if stdout did.
    pub(super) fn report(self, run: Exit, err: &mut dyn Write) -> io::Result<Exit> {
        Ok(self.results?.into_iter().fold(run, |run, SavedExport { exit, words }| {
            match (words, exit) {
                (Some(words), Exit::Success) => _ = writeln!(err, "{words}"),
                (Some(words), _) => print_error(err, &words),
                (None, _) => {}
            }
            worst_exit(run, exit)
        }))
    }
}

/// The result of writing an export.
pub(super) struct SavedExport {
    exit: Exit,
    words: Option<String>,
}

impl SavedExport {
    /// Writes an export. Fails only if stdout does.
    pub(super) fn write(
        output: ExportTarget,
        subject: &ReportSubject<'_>,
        out: &mut dyn Write,
    ) -> io::Result<Self> {
        let (place, is_stdout) = (output.display_name(), output.is_stdout());
        let (exit, words) = match output.write(subject, out) {
            Ok(ExportOutcome::Whole { .. }) if is_stdout => (Exit::Success, None),
            Ok(written) => {
                let exit = match written {
                    ExportOutcome::Whole { .. } => Exit::Success,
                    ExportOutcome::Partial { .. } => Exit::Partial,
                    ExportOutcome::Nothing { .. } => Exit::Failed,
                };
                (exit, Some(written.describe(&place)))
            }
            Err(ExportError::Stdout(error)) => return Err(error),
            Err(error) => (Exit::Failed, Some(error.to_string())),
        };
        Ok(Self { exit, words })
    }
}

/// Returns the worse of two exit codes. The reason of a failed run takes precedence over the result
/// of the exports; a failed export takes precedence over a partial run.
const fn worst_exit(run: Exit, written: Exit) -> Exit {
    match (run, written) {
        (Exit::Success | Exit::Partial, Exit::Failed) => Exit::Failed,
        (Exit::Success, written) => written,
        (run, _) => run,
    }
}

impl EndedSession {
    pub(super) fn session(&self) -> &Session {
        match &self.state {
            EndedState::Screen(app) => app.session(),
            EndedState::Headless { session, .. } => session,
        }
    }

    /// The runs to report and export.
    pub(super) fn runs(&self) -> &[Run] {
        match &self.state {
            EndedState::Screen(app) if is_exec(app) => {
                let session = app.session();
                // A selection that was still active when the screen was left has been stopped.
                let active = session.active().map(|selection| session.runs(selection));
                active.unwrap_or_else(|| session.latest_runs())
            }
            EndedState::Screen(app) => app.runs_to_export().0,
            EndedState::Headless { session, selection, .. } => session.runs(*selection),
        }
    }

    /// The sweep that the runs belong to.
    pub(super) fn sweep(&self) -> Option<&Sweep> {
        match &self.state {
            EndedState::Screen(app) => app.runs_to_export().1,
            EndedState::Headless { session, selection, .. } => session.sweep(*selection),
        }
    }

    /// Reports the failures, the exports and the results. The report is written last, so that a broken
    /// pipe does not cost the files. Its write may block forever, so signals must already end the
    /// program. Fails only if stdout does.
    pub(super) fn report(
        &self,
        output_mode: OutputMode,
        saved: SavedExports,
        streams: &mut Streams<'_>,
    ) -> io::Result<Exit> {
        match &self.state {
            EndedState::Screen(app) if is_exec(app) => {
                report_commands(self.runs(), OutputMode::Plain(Progress::None), saved, streams)
            }
            EndedState::Screen(app) if is_watch(app) => self.report_watch(saved, streams),
            EndedState::Screen(app) => {
                self.print_summary(saved.stdout_taken, streams);
                if app.replay_progress().is_some() {
                    return saved.report(Exit::Success, streams.err);
                }
                report_failure(app.session(), saved, streams.err)
            }
            EndedState::Headless { session, selection, is_cut_off } => {
                let exit = if selection.workload.is_command() {
                    report_commands(self.runs(), output_mode, saved, streams)
                } else if selection.workload.is_program() {
                    report_program(self.runs(), output_mode, saved, streams)
                } else {
                    report_results(session, *selection, output_mode, saved, streams)
                };
                // The runs present may be complete, but others are missing.
                exit.map(
                    |exit| if *is_cut_off && exit == Exit::Success { Exit::Partial } else { exit },
                )
            }
        }
    }
}

impl EndedSession {
    /// Prints the output of the program that was watched on the screen, then the summary.
    fn report_watch(&self, saved: SavedExports, streams: &mut Streams<'_>) -> io::Result<Exit> {
        let runs = self.runs();
        let (text, omitted) =
            runs.first().and_then(Run::program).map_or(("", 0), ProgramRecord::output);
        if saved.stdout_taken {
            // An error is ignored: there is no other stream to report it on.
            _ = program_output::write(streams.err, text, omitted);
        } else {
            program_output::write(streams.out, text, omitted)?;
            streams.out.flush()?;
        }
        self.print_summary(saved.stdout_taken, streams);
        report_program_failure(runs, streams.err);
        saved.report(Exit::for_program(runs), streams.err)
    }

    /// Prints the verdict and the totals after the screen, unless the terminal is gone or another
    /// program ends this one.
    fn print_summary(&self, stdout_taken: bool, streams: &mut Streams<'_>) {
        let was_left = self.signal.is_none_or(|signal| signal == SIGINT);
        if was_left && self.terminal_error.is_none() {
            let cores = self.session().setup().cores();
            screen_summary::print(self.runs(), self.sweep(), cores, stdout_taken, streams);
        }
    }
}

/// Returns `true` if the screen ran the user's commands.
fn is_exec(app: &App) -> bool {
    app.selection().workload.is_command() && app.replay_progress().is_none()
}

/// Returns `true` if the screen watched a program.
fn is_watch(app: &App) -> bool {
    app.selection().workload.is_program() && app.replay_progress().is_none()
}

/// Names the reason if a program could not be watched to its end.
fn report_program_failure(runs: &[Run], err: &mut dyn Write) {
    if let Some(RunOutcome::Failed(failure)) = runs.first().and_then(Run::outcome) {
        print_error(err, &failure.message);
    }
}

/// Reports the reason if the latest run failed, after a screen that has shown everything else.
fn report_failure(session: &Session, saved: SavedExports, err: &mut dyn Write) -> io::Result<Exit> {
    let latest = session.latest_runs();
    // A run that the user stopped is not a failure.
    let has_failed = latest.iter().any(|run| run.failure().is_some() && !run.is_complete());
    if !has_failed {
        return saved.report(Exit::Success, err);
    }
    if let Some(summary) = verdict::failure_summary(latest) {
        print_error(err, &summary);
    }
    saved.report(Exit::for_runs(latest), err)
}

/// Names the failed commands on stderr and writes their report.
fn report_commands(
    runs: &[Run],
    output_mode: OutputMode,
    saved: SavedExports,
    streams: &mut Streams<'_>,
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
    let stdout_taken = saved.stdout_taken;
    let exit = saved.report(Exit::for_commands(runs), streams.err);
    match output_mode {
        OutputMode::Json(_) => {
            commands::CommandsReport::from_runs(runs).write(streams.out)?;
        }
        _ if stdout_taken => _ = commands::write(streams.err, runs),
        _ => commands::write(streams.out, runs)?,
    }
    streams.out.flush()?;
    exit
}

/// Writes the report of a watched program.
fn report_program(
    runs: &[Run],
    output_mode: OutputMode,
    saved: SavedExports,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    report_program_failure(runs, streams.err);
    let stdout_taken = saved.stdout_taken;
    let exit = saved.report(Exit::for_program(runs), streams.err)?;
    match output_mode {
        OutputMode::Json(_) => {
            let report = runs.first().and_then(ProgramReport::from_run);
            report.map_or(Ok(()), |report| report.write(streams.out))?;
        }
        _ if stdout_taken => _ = plain::write(streams.err, None, runs, None),
        _ => {
            let mut out = WordWrap::new(streams.out, streams.width);
            plain::write(&mut out, None, runs, None)?;
            out.flush()?;
        }
    }
    streams.out.flush()?;
    Ok(exit)
}

/// Reports the results of any other selection.
fn report_results(
    session: &Session,
    selection: Selection,
    output_mode: OutputMode,
    saved: SavedExports,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let runs = session.runs(selection);
    if let Some(summary) = verdict::failure_summary(runs) {
        print_error(
            streams.err,
            &(trial_prefix(session, selection).unwrap_or_default() + &summary),
        );
    }
    let exit = match (Exit::for_runs(runs), session.sweep(selection)) {
        // A sweep whose last trial brought nothing still has its earlier trials.
        (Exit::Failed, Some(sweep)) if !sweep.trials().is_empty() => Exit::Partial,
        (exit, _) => exit,
    };
    let stdout_taken = saved.stdout_taken;
    let exit = saved.report(exit, streams.err)?;
    match output_mode {
        OutputMode::Json(_) => write_json(session, selection, streams.out)?,
        _ if was_refused(session, selection) => {}
        _ if stdout_taken => _ = write_plain(session, selection, streams.err),
        _ => {
            let mut out = WordWrap::new(streams.out, streams.width);
            write_plain(session, selection, &mut out)?;
            out.flush()?;
        }
    }
    streams.out.flush()?;
    Ok(exit)
}

/// Returns whether the first response ended the runs: the plain report would have nothing to say.
fn was_refused(session: &Session, selection: Selection) -> bool {
    let runs = session.runs(selection);
    let is_refusal = |run: &Run| matches!(run.outcome(), Some(RunOutcome::Failed(_)));
    let is_counted = session.task_count(selection.workload).is_some();
    runs.iter().all(|run| run.progress().done_tasks() == 0)
        && (!is_counted || runs.iter().any(is_refusal))
}

/// Names the trial that ended a sweep early: `trial 3 of 15 ended the sweep: `.
fn trial_prefix(session: &Session, selection: Selection) -> Option<String> {
    let sweep = session.sweep(selection)?;
    session.runs(selection).first().filter(|run| run.has_started())?;
    Some(format!("{} ended the sweep: ", sweep.trial_text()))
}

fn write_json(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let runs = session.runs(selection);
    let report = JsonReport::from_runs(session.target(), runs, session.setup().cores())
        .with_simultaneous_runs(session.setup().is_simultaneous(selection));
    match session.sweep(selection) {
        Some(sweep) => report.with_sweep(sweep, selection.workload, Mode::Threads).write(out),
        None => report.write(out),
    }
}

fn write_plain(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let runs = session.runs(selection);
    match (session.sweep(selection), runs.first()) {
        (Some(sweep), Some(run)) => plain::sweep::write(out, sweep, run.plan()),
        _ => plain::write(out, session.target(), runs, session.setup().cores()),
    }
}
