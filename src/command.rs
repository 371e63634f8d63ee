//! Carries out a command: who is asked, on the screen or without one, and what is left afterwards.

mod background;
mod exec;
mod record;
mod replay;
mod typed;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::app::session::Setup;
use crate::app::{App, Background, Session};
use crate::cli::{self, Command, Followers, Narrate, Picture, Source, Theme, Way};
use crate::engine::process::child::{self, WorkerError};
use crate::engine::{Clock, Launcher};
use crate::exit::Exit;
use crate::export::OutputError;
use crate::github::server::{DEFAULT_USER, Server, ServerError};
use crate::github::{Api, ApiError};
use crate::headless::serve::{self, ServeError};
use crate::headless::{self, Exports, Follow, Shape, Streams};
use crate::model::{ExportKind, Target};
use crate::recording::{RecordError, RecordingError};
use crate::resources::raise_file_limit;
use crate::signals::Signals;
use crate::tui::{self, Left, Look};
use crate::ui::theme::{Depth, Glyphs};

/// Why a command ended without an exit code of its runs.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The followers have no place to go.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The recording has no place to go.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is no recording to replay.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The built-in server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The built-in server's address is none: a defect.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// `threadline serve` did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// `threadline worker` had nothing to do.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// Nobody would see what is compared.
    #[error(
        "--compare is for the screen, and there is none here: run it in a terminal, or leave it out"
    )]
    CompareUnseen,
    /// The screen cannot be shown.
    #[error("the terminal cannot be drawn on; --plain needs none")]
    Screen(#[source] io::Error),
    /// The system lets no signal be watched: too many files or threads are open.
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
    /// stdout takes nothing.
    #[error("cannot write to stdout")]
    Stdout(#[from] io::Error),
}

impl CommandError {
    /// Whether there is nobody who would read a word on it: `| head` has had enough.
    pub fn is_hang_up(&self) -> bool {
        let (Self::Stdout(error) | Self::Serve(ServeError::System(error))) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }

    /// How the program ends.
    pub fn exit(&self) -> Exit {
        /// What a program that does not handle it is ended by.
        const SIGPIPE: i32 = 13;
        match self {
            _ if self.is_hang_up() => Exit::Signal(SIGPIPE),
            Self::Output(error) if error.is_usage() => Exit::Usage,
            Self::Record(error) if error.is_usage() => Exit::Usage,
            Self::Worker(WorkerError::NoParent) | Self::CompareUnseen => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Carries out a command.
pub fn run(command: Command, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    match command {
        Command::Serve(serve) => {
            raise_file_limit();
            serve::run(&serve, streams.out)?;
            Ok(Exit::Whole)
        }
        Command::Worker { .. } if io::stdin().is_terminal() => Err(WorkerError::NoParent.into()),
        Command::Worker { token, proxies } => {
            child::serve(io::stdin(), io::stdout(), token, &proxies)?;
            Ok(Exit::Whole)
        }
        Command::PrintKeys(keys) => print(streams, |out| write!(out, "{keys}")),
        Command::Completions(shell) => print(streams, |out| cli::completions(shell, out)),
        Command::Man => print(streams, cli::manual),
        Command::Followers(followers) => fetch(&followers, streams),
        Command::Exec(exec) => exec::run(&exec, streams),
        Command::Replay(replay) => replay::run(&replay, streams),
    }
}

fn print(
    streams: &mut Streams<'_>,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Exit, CommandError> {
    write(streams.out)?;
    streams.out.flush()?;
    Ok(Exit::Whole)
}

fn fetch(followers: &Followers, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    // Commands of `exec` would inherit it: they keep the limit that they know.
    raise_file_limit();
    if followers.compare.is_some() && shape(followers.way).is_some() {
        return Err(CommandError::CompareUnseen);
    }
    let Sitting { mut session, launcher, server } = Sitting::open(followers)?;
    record::compare(followers.compare.as_deref(), &mut session, streams)?;
    let exports = exports(&followers.exports, &followers.picture)?;
    let (session, taping) = record::begin(followers.record.as_deref(), session)?;
    streams.follow = follow(followers.picture.narrate, streams.follow);
    let done = sit(session, &launcher, followers, exports, streams);
    drop(server);
    taping.finish(done, streams)
}

fn sit(
    session: Session,
    launcher: &Launcher,
    followers: &Followers,
    exports: Exports,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let selection = followers.selection;
    if let Some(shape) = shape(followers.way) {
        let signals = Signals::that_end().map_err(CommandError::Signals)?;
        let shape = (shape, exports);
        return Ok(headless::run(session, selection, launcher, shape, streams, &signals)?);
    }
    let look = look(&followers.picture);
    let app = App::new(session.keeping(), selection, look.background.unwrap_or_default())
        .with_keymap(followers.picture.keys.clone());
    let app = if look.reduced_motion { app.calm() } else { app };
    let given = app.on_given();
    on_screen(app.slowed(followers.slow).noticing(given), launcher, look, exports, streams)
}

/// What a sitting needs.
struct Sitting {
    session: Session,
    launcher: Launcher,
    /// Stops when it is dropped.
    server: Option<Server>,
}

impl Sitting {
    fn open(followers: &Followers) -> Result<Self, CommandError> {
        let (user, api, name, server) = match &followers.source {
            Source::BuiltIn => {
                let server = serve::example()?;
                let api = Arc::new(Api::new(&server.url(), None)?);
                (DEFAULT_USER, api, Target::BUILT_IN.to_owned(), Some(server))
            }
            Source::Api { user, api } => (user.as_str(), Arc::clone(api), api.host(), None),
        };
        let target = Target {
            user: user.to_owned(),
            api: name,
            per_page: followers.per_page,
            costs_quota: !api.is_local(),
        };
        Ok(Self {
            session: Session::new(Setup {
                sweep: followers.sweep.clone(),
                queue: followers.queue,
                auto: followers.auto,
                compute: followers.lab.compute,
                tasks: followers.lab.tasks,
                force: followers.force,
                cores: cores(),
                ..Setup::followers(target, followers.workers)
            }),
            launcher: Launcher::with_processes(
                Some(api),
                followers.patience,
                Clock::system(),
                std::env::current_exe().ok(),
            ),
            server,
        })
    }
}

/// What goes to stdout where there is to be no screen, or none is possible.
fn shape(way: Way) -> Option<Shape> {
    match way {
        Way::Screen if screen_is_possible() => None,
        Way::Screen | Way::Plain => Some(Shape::Plain),
        Way::Json => Some(Shape::Json),
    }
}

/// How many cores this machine lets the program have.
fn cores() -> Option<u16> {
    u16::try_from(std::thread::available_parallelism().ok()?.get()).ok()
}

fn screen_is_possible() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

/// What is taken along. A picture is for a page, which is light, unless a person says otherwise.
fn exports(places: &[(ExportKind, PathBuf)], picture: &Picture) -> Result<Exports, OutputError> {
    let background = match picture.theme {
        Theme::Dark => Background::Dark,
        Theme::Auto | Theme::Light => Background::Light,
    };
    Exports::prepare(places, background, typed::command(std::env::args_os()))
}

/// How stderr says how far it is, where it says `usual` for everybody.
const fn follow(narrate: Narrate, usual: Follow) -> Follow {
    match (narrate, usual) {
        (Narrate::Always, _) | (Narrate::ToPerson, Follow::Line) => Follow::Sentences,
        _ => usual,
    }
}

fn look(picture: &Picture) -> Look {
    let variable = |name: &str| std::env::var(name).ok();
    let depth = Depth::of(variable);
    Look {
        background: match picture.theme {
            Theme::Auto => background::known(depth, variable),
            Theme::Dark => Some(Background::Dark),
            Theme::Light => Some(Background::Light),
        },
        depth,
        glyphs: if picture.ascii { Glyphs::Ascii } else { Glyphs::Unicode },
        guarded: false,
        mouse: picture.mouse,
        reduced_motion: picture.reduced_motion,
    }
}

/// Shows the screen; afterwards writes what is taken along, and says why the last run failed, if it did.
fn on_screen(
    app: App,
    launcher: &Launcher,
    look: Look,
    exports: Exports,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let signals = Signals::for_a_screen().map_err(CommandError::Signals)?;
    let (app, left) = tui::run(app, launcher, (look, exports.command()), &signals)
        .map_err(CommandError::Screen)?;
    let came = if let Left::Signal(number) = left { Some(number) } else { None };
    let session = app.session();
    // What is shown goes before what was run besides.
    let (shown, others) = (app.taken_along(), session.all_runs());
    let (came, saved) = exports.save(session, shown, others, streams.out, (&signals, came));
    // A run that a person stopped is no failure.
    let latest = session.latest_runs();
    let failed = latest.iter().find(|run| run.failure().is_some() && !run.is_whole());
    if let Some(trouble) = failed.and_then(|_| headless::trouble(None, latest)) {
        headless::complain(streams.err, &trouble);
    }
    let exit = failed.map_or(Exit::Whole, |_| Exit::of(None, latest));
    let exit = headless::told(exit, saved?, streams.err);
    match (came, left) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, Left::Lost(error)) => Err(CommandError::Screen(error)),
        (None, _) => Ok(exit),
    }
}
