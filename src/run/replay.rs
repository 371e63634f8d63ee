//! Runs `threadline replay`.

use super::exit::Exit;
use super::headless::{self, Streams, print_error};
use super::screen_loop::{self, ExitReason};
use super::{
    CommandError, open_recording, prepare_exports, progress_mode, report_format, screen_options,
};
use crate::app::App;
use crate::cli::ReplayCommand;
use crate::http::RetryPolicy;
use crate::source::{Clock, Launcher};
use crate::terminal::signals::Signals;

pub(super) fn run(replay: &ReplayCommand, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let recording = open_recording::open(&replay.path)?;
    let exports = prepare_exports(&replay.exports, &replay.display)?;
    let defect = recording.defect().map(|defect| format!("{}: {defect}", recording.name()));
    if let Some(report_format) = report_format(replay.output_mode) {
        streams.progress_mode = progress_mode(replay.display.narration, streams.progress_mode);
        let signals = Signals::for_termination().map_err(CommandError::Signals)?;
        if let Some(defect) = &defect {
            print_error(streams.err, defect);
        }
        return Ok(headless::replay::report_recording(
            &recording,
            (report_format, exports),
            streams,
            &signals,
        )?);
    }
    let look = screen_options(&replay.display);
    let (setup, entries) = recording.into_parts();
    let app = App::for_replay(setup, entries, replay.speed, look.background.unwrap_or_default())
        .with_keymap(replay.display.keys.clone());
    let app = if look.reduced_motion { app.with_reduced_motion() } else { app };
    // A replay starts no runs; the launcher only provides the clock.
    let launcher = Launcher::new(None, RetryPolicy::default(), Clock::system());
    let signals = Signals::for_screen().map_err(CommandError::Signals)?;
    let look = (look, exports.command());
    let shown = screen_loop::run(app.with_startup_notice(defect), &launcher, look, &signals);
    let (app, left) = shown.map_err(CommandError::Screen)?;
    let received_signal = if let ExitReason::Signal(number) = left { Some(number) } else { None };
    let (session, shown) = (app.session(), app.runs_to_export());
    let others = session.all_runs();
    let (received_signal, saved) =
        exports.save_all(session, shown, others, streams.out, (&signals, received_signal));
    let exit = headless::report_exports(Exit::Success, saved?, streams.err);
    match (received_signal, left) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, ExitReason::TerminalLost(error)) => Err(CommandError::Screen(error)),
        (None, _) => Ok(exit),
    }
}
