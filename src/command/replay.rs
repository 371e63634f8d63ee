//! Carries out `threadline replay`.

use super::{CommandError, exports, look, shape};
use crate::app::App;
use crate::cli::Replay;
use crate::engine::{Clock, Launcher};
use crate::exit::Exit;
use crate::github::Patience;
use crate::headless::{Streams, complain, replay};
use crate::recording;
use crate::signals::Signals;
use crate::tui::{self, Left};

pub(super) fn run(replay: &Replay, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let recording = recording::open(&replay.path)?;
    let exports = exports(&replay.exports, &replay.picture)?;
    let flaw = recording.flaw().map(|flaw| format!("{}: {flaw}", recording.name()));
    if let Some(shape) = shape(replay.way) {
        let signals = Signals::that_end().map_err(CommandError::Signals)?;
        if let Some(flaw) = &flaw {
            complain(streams.err, flaw);
        }
        return Ok(replay::report(&recording, (shape, exports), streams, &signals)?);
    }
    let look = look(&replay.picture);
    let (setup, entries) = recording.into_parts();
    let app = App::replaying(setup, entries, replay.speed, look.background.unwrap_or_default())
        .with_keymap(replay.picture.keys.clone());
    // Nothing is ever started: it has the clock.
    let launcher = Launcher::new(None, Patience::default(), Clock::system());
    let signals = Signals::for_a_screen().map_err(CommandError::Signals)?;
    let shown = tui::run(app.noticing(flaw), &launcher, (look, exports.command()), &signals);
    match shown.map_err(CommandError::Screen)? {
        (_, Left::Quit) => Ok(Exit::Whole),
        (_, Left::Signal(number)) => Ok(Exit::Signal(number)),
        (_, Left::Lost(error)) => Err(CommandError::Screen(error)),
    }
}
