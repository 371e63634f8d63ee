//! Runs `threadline exec`.

use std::sync::Arc;

use super::exit::Exit;
use super::headless::commands::{self, report_commands};
use super::headless::{ExportTargets, ReportFormat, Streams};
use super::screen_loop::{self, ExitReason};
use super::{
    CommandError, available_cores, prepare_exports, progress_mode, recording_guard, report_format,
    screen_options,
};
use crate::app::{App, Session};
use crate::cli::ExecCommand;
use crate::http::RetryPolicy;
use crate::model::setup::max_workers;
use crate::model::{Selection, Setup, Workload};
use crate::source::{Clock, Launcher};
use crate::terminal::screen::ScreenOptions;
use crate::terminal::signals::Signals;

pub(super) fn run(exec: &ExecCommand, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let selection = Selection { workload: Workload::Commands, choice: exec.choice };
    let jobs = exec.jobs.or_else(available_cores).unwrap_or(1).min(max_workers(false));
    let setup = Setup::commands(Arc::clone(&exec.commands), jobs);
    let exports = prepare_exports(&exec.exports, &exec.display)?;
    let (session, recording_guard) =
        recording_guard::start_recording(exec.record.as_deref(), Session::new(setup))?;
    let done = run_session(session, selection, exec, exports, streams);
    recording_guard.finish_recording(done, streams)
}

fn run_session(
    session: Session,
    selection: Selection,
    exec: &ExecCommand,
    exports: ExportTargets,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let launcher = Launcher::new(None, RetryPolicy::default(), Clock::system());
    streams.progress_mode = progress_mode(exec.display.narration, streams.progress_mode);
    if let Some(report_format) = report_format(exec.output_mode) {
        let signals = Signals::for_termination().map_err(CommandError::Signals)?;
        let (report_format, streams) = ((report_format, exports), streams);
        return Ok(commands::run(session, selection, &launcher, report_format, streams, &signals)?);
    }
    let look = ScreenOptions { guarded: true, ..screen_options(&exec.display) };
    let signals = Signals::for_screen().map_err(CommandError::Signals)?;
    let app = App::new(session, selection, look.background.unwrap_or_default())
        .with_keymap(exec.display.keys.clone());
    let app = if look.reduced_motion { app.with_reduced_motion() } else { app };
    let (app, left) = screen_loop::run(app, &launcher, (look, exports.command()), &signals)
        .map_err(CommandError::Screen)?;
    let session = app.session();
    // A selection that was still active when the screen was left has been stopped.
    let runs = match session.active() {
        Some(selection) => session.runs(selection),
        None => session.latest_runs(),
    };
    let received_signal = if let ExitReason::Signal(number) = left { Some(number) } else { None };
    let aside = exports.has_stdout_target();
    let (received_signal, saved) = exports.save_all(
        session,
        (runs, None),
        std::iter::empty(),
        streams.out,
        (&signals, received_signal),
    );
    let exit = report_commands(runs, (ReportFormat::Plain, aside), saved, streams, received_signal);
    match left {
        ExitReason::TerminalLost(error) => Err(CommandError::Screen(error)),
        ExitReason::Quit | ExitReason::Signal(_) => Ok(exit?),
    }
}
