//! Carries out `threadline replay`.

use super::{CommandError, exports, follow, look, shape};
use crate::app::App;
use crate::cli::Replay;
use crate::engine::{Clock, Launcher};
use crate::exit::Exit;
use crate::github::Patience;
use crate::headless::{self, Streams, complain};
use crate::recording;
use crate::signals::Signals;
use crate::tui::{self, Left};

pub(super) fn run(replay: &Replay, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let recording = recording::open(&replay.path)?;
    let exports = exports(&replay.exports, &replay.picture)?;
    let flaw = recording.flaw().map(|flaw| format!("{}: {flaw}", recording.name()));
    if let Some(shape) = shape(replay.way) {
        streams.follow = follow(replay.picture.narrate, streams.follow);
        let signals = Signals::that_end().map_err(CommandError::Signals)?;
        if let Some(flaw) = &flaw {
            complain(streams.err, flaw);
        }
        return Ok(headless::replay::report(&recording, (shape, exports), streams, &signals)?);
    }
    let look = look(&replay.picture);
    let (setup, entries) = recording.into_parts();
    let app = App::replaying(setup, entries, replay.speed, look.background.unwrap_or_default())
        .with_keymap(replay.picture.keys.clone());
    let app = if look.reduced_motion { app.calm() } else { app };
    // Nothing is ever started: it has the clock.
    let launcher = Launcher::new(None, Patience::default(), Clock::system());
    let signals = Signals::for_a_screen().map_err(CommandError::Signals)?;
    let look = (look, exports.command());
    let shown = tui::run(app.noticing(flaw), &launcher, look, &signals);
    let (app, left) = shown.map_err(CommandError::Screen)?;
    let came = if let Left::Signal(number) = left { Some(number) } else { None };
    let (session, shown) = (app.session(), app.taken_along());
    let others = session.all_runs();
    let (came, saved) = exports.save(session, shown, others, streams.out, (&signals, came));
    let exit = headless::told(Exit::Whole, saved?, streams.err);
    match (came, left) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, Left::Lost(error)) => Err(CommandError::Screen(error)),
        (None, _) => Ok(exit),
    }
}
