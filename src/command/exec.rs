//! Carries out `threadline exec`.

use std::sync::Arc;

use super::{CommandError, cores, exports, follow, look, record, shape};
use crate::app::session::{Setup, most_workers};
use crate::app::{App, Session};
use crate::cli::Exec;
use crate::engine::{Clock, Launcher};
use crate::exit::Exit;
use crate::github::Patience;
use crate::headless::commands::{self, tell};
use crate::headless::{Exports, Shape, Streams};
use crate::model::{Selection, Workload};
use crate::signals::Signals;
use crate::tui::{self, Left, Look};

pub(super) fn run(exec: &Exec, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let selection = Selection { workload: Workload::Commands, choice: exec.choice };
    let jobs = exec.jobs.or_else(cores).unwrap_or(1).min(most_workers(false));
    let setup = Setup { queue: exec.queue, ..Setup::commands(Arc::clone(&exec.commands), jobs) };
    let exports = exports(&exec.exports, &exec.picture)?;
    let (session, taping) = record::begin(exec.record.as_deref(), Session::new(setup))?;
    let done = sit(session, selection, exec, exports, streams);
    taping.finish(done, streams)
}

fn sit(
    session: Session,
    selection: Selection,
    exec: &Exec,
    exports: Exports,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let launcher = Launcher::new(None, Patience::default(), Clock::system());
    streams.follow = follow(exec.picture.narrate, streams.follow);
    if let Some(shape) = shape(exec.way) {
        let signals = Signals::that_end().map_err(CommandError::Signals)?;
        let (shape, streams) = ((shape, exports), streams);
        return Ok(commands::run(session, selection, &launcher, shape, streams, &signals)?);
    }
    let look = Look { guarded: true, ..look(&exec.picture) };
    let signals = Signals::for_a_screen().map_err(CommandError::Signals)?;
    let app = App::new(session.keeping(), selection, look.background.unwrap_or_default())
        .with_keymap(exec.picture.keys.clone());
    let app = if look.reduced_motion { app.calm() } else { app };
    let (app, left) = tui::run(app, &launcher, (look, exports.command()), &signals)
        .map_err(CommandError::Screen)?;
    let session = app.session();
    // What goes on when the screen is left was stopped there.
    let runs = match session.active() {
        Some(selection) => session.runs(selection),
        None => session.latest_runs(),
    };
    let came = if let Left::Signal(number) = left { Some(number) } else { None };
    let aside = exports.have_stdout();
    let (came, saved) =
        exports.save(session, (runs, None), std::iter::empty(), streams.out, (&signals, came));
    let exit = tell(runs, (Shape::Plain, aside), saved, streams, came);
    match left {
        Left::Lost(error) => Err(CommandError::Screen(error)),
        Left::Quit | Left::Signal(_) => Ok(exit?),
    }
}
