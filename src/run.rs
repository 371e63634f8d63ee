//! Runs a parsed command: picks the server, runs it on the screen or headless, and writes the
//! exports.

mod background;
mod command_line;
mod event_overhead;
mod exec;
pub mod exit;
mod export_jobs;
pub mod headless;
pub mod open_recording;
mod recording_guard;
mod replay;
pub mod screen_loop;
pub mod serve;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::app::{App, Session};
use crate::cli::{
    self, ApiSource, Command, DisplayOptions, FollowersCommand, Help, Narration, OutputMode,
    ThemeArg,
};
use crate::github::{Api, ApiError};
use crate::http::system_limits::raise_file_limit;
use crate::model::{Background, ExportKind, Setup, Target};
use crate::report::ExportError;
use crate::server::{DEFAULT_FOLLOWERS, DEFAULT_USER, Server, ServerError};
use crate::source::process::child::{self, WorkerError};
use crate::source::recording::{ReadRecordingError, WriteRecordingError};
use crate::source::{Clock, Launcher};
use crate::terminal::screen::ScreenOptions;
use crate::terminal::signals::Signals;
use crate::ui::theme::{ColorDepth, GlyphSet};
use exit::Exit;
use headless::{ExportTargets, ProgressMode, ReportFormat, Streams};
use screen_loop::ExitReason;
use serve::ServeError;

/// An error that ends a command before its runs can determine the exit code.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The destination of an export cannot be used.
    #[error(transparent)]
    Output(#[from] ExportError),
    /// The destination of the recording cannot be used.
    #[error(transparent)]
    Record(#[from] WriteRecordingError),
    /// The recording to replay cannot be read.
    #[error(transparent)]
    Recording(#[from] ReadRecordingError),
    /// The built-in server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The address of the built-in server is invalid: a defect.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// `threadline serve` did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// `threadline worker` was not started by threadline.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// `--compare` was given, but the screen is not shown.
    #[error("--compare needs the screen; run it in a terminal, or leave it out")]
    CompareWithoutScreen,
    /// The terminal cannot be used.
    #[error("cannot use this terminal; --plain works without one")]
    Screen(#[source] io::Error),
    /// The system refuses to register signal handlers: too many files or threads are open.
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
    /// stdout cannot be written to.
    #[error("cannot write to stdout")]
    Stdout(#[from] io::Error),
}

impl CommandError {
    /// Returns `true` if stdout is a pipe that its reader closed, as `| head` does. Such an error
    /// is not printed.
    pub fn is_broken_pipe(&self) -> bool {
        let (Self::Stdout(error) | Self::Serve(ServeError::System(error))) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }

    /// Returns the program's exit code for this error.
    pub fn exit(&self) -> Exit {
        /// The signal that ends a program which writes to a closed pipe.
        const SIGPIPE: i32 = 13;
        match self {
            _ if self.is_broken_pipe() => Exit::Signal(SIGPIPE),
            Self::Output(error) if error.is_usage() => Exit::Usage,
            Self::Record(error) if error.is_usage() => Exit::Usage,
            Self::Worker(WorkerError::NoParent) | Self::CompareWithoutScreen => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Runs a command.
pub fn run(command: Command, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    match command {
        Command::Serve(serve) => {
            raise_file_limit();
            serve::run_server(&serve, streams.out)?;
            Ok(Exit::Success)
        }
        Command::Worker { .. } if io::stdin().is_terminal() => Err(WorkerError::NoParent.into()),
        Command::Worker { token, proxies } => {
            child::serve(io::stdin(), io::stdout(), token, &proxies)?;
            Ok(Exit::Success)
        }
        Command::PrintKeys(keys) => write_output(streams, |out| write!(out, "{keys}")),
        Command::Completions(shell) => {
            write_output(streams, |out| cli::write_completions(shell, out))
        }
        Command::Man => write_output(streams, cli::write_manual),
        Command::Help(help) => show(&help, streams),
        Command::Followers(followers) => run_followers(&followers, streams),
        Command::Exec(exec) => exec::run(&exec, streams),
        Command::Replay(replay) => replay::run(&replay, streams),
    }
}

fn write_output(
    streams: &mut Streams<'_>,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Exit, CommandError> {
    write(streams.out)?;
    streams.out.flush()?;
    Ok(Exit::Success)
}

/// Shows a text in the pager if there is a terminal, else prints it.
fn show(help: &Help, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let pager = help.pager.as_ref().filter(|_| io::stdout().is_terminal());
    if pager.is_some_and(|pager| pager.show(&help.text)) {
        return Ok(Exit::Success);
    }
    write_output(streams, |out| out.write_all(help.text.as_bytes()))
}

fn run_followers(
    followers: &FollowersCommand,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    // Not done for `exec`: its commands would inherit the raised limit.
    raise_file_limit();
    if followers.compare.is_some() && report_format(followers.output_mode).is_some() {
        return Err(CommandError::CompareWithoutScreen);
    }
    let RunContext { mut session, launcher, server } = RunContext::open(followers)?;
    recording_guard::load_baseline(followers.compare.as_deref(), &mut session, streams)?;
    let exports = prepare_exports(&followers.exports, &followers.display)?;
    let (session, recording_guard) =
        recording_guard::start_recording(followers.record.as_deref(), session)?;
    streams.progress_mode = progress_mode(followers.display.narration, streams.progress_mode);
    let done = run_session(session, &launcher, followers, exports, streams);
    drop(server);
    recording_guard.finish_recording(done, streams)
}

fn run_session(
    session: Session,
    launcher: &Launcher,
    followers: &FollowersCommand,
    exports: ExportTargets,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let selection = followers.selection;
    if let Some(report_format) = report_format(followers.output_mode) {
        let signals = Signals::for_termination().map_err(CommandError::Signals)?;
        let report_format = (report_format, exports);
        return Ok(headless::run(session, selection, launcher, report_format, streams, &signals)?);
    }
    let look = screen_options(&followers.display);
    let app = App::new(session, selection, look.background.unwrap_or_default())
        .with_keymap(followers.display.keys.clone());
    let app = if look.reduced_motion { app.with_reduced_motion() } else { app };
    let given = app.external_baseline_notice();
    run_screen(
        app.with_slowdown(followers.slow).with_startup_notice(given),
        launcher,
        look,
        exports,
        streams,
    )
}

/// The objects that a run needs.
struct RunContext {
    session: Session,
    launcher: Launcher,
    /// Stops when it is dropped.
    server: Option<Server>,
}

impl RunContext {
    fn open(followers: &FollowersCommand) -> Result<Self, CommandError> {
        let (user, api, name, server) = match &followers.source {
            ApiSource::BuiltIn => {
                let server = serve::start_example()?;
                let api = Arc::new(Api::new(&server.url(), None)?);
                (DEFAULT_USER, api, Target::BUILT_IN.to_owned(), Some(server))
            }
            ApiSource::Api { user, api } => (user.as_str(), Arc::clone(api), api.host(), None),
        };
        let has_token = api.token().is_some();
        let target = Target {
            user: user.to_owned(),
            api: name,
            per_page: followers.per_page,
            costs_quota: !api.is_local(),
        };
        let session = Session::new(Setup {
            sweep: followers.sweep.clone(),
            auto: followers.auto,
            compute: followers.compute_options.compute,
            tasks: followers.compute_options.tasks,
            agreed: followers.agreed,
            cores: available_cores(),
            has_token,
            ..Setup::followers(target, followers.workers)
        });
        // The list of the built-in server is known without a request.
        let pages = DEFAULT_FOLLOWERS.div_ceil(followers.per_page.into());
        let session = if server.is_some() { session.with_pages(pages) } else { session };
        Ok(Self {
            session,
            launcher: Launcher::with_processes(
                Some(api),
                followers.retry_policy,
                Clock::system(),
                std::env::current_exe().ok(),
            ),
            server,
        })
    }
}

/// Returns the report written to stdout, or `None` if the screen is shown.
fn report_format(output_mode: OutputMode) -> Option<ReportFormat> {
    match output_mode {
        OutputMode::Screen if can_show_screen() => None,
        OutputMode::Screen | OutputMode::Plain => Some(ReportFormat::Plain),
        OutputMode::Json => Some(ReportFormat::Json),
    }
}

/// Returns the number of cores available to this process.
fn available_cores() -> Option<u16> {
    u16::try_from(std::thread::available_parallelism().ok()?.get()).ok()
}

fn can_show_screen() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

/// Prepares the exports. A picture is for a page, so its background is light unless an option says
/// otherwise.
fn prepare_exports(
    places: &[(ExportKind, PathBuf)],
    display: &DisplayOptions,
) -> Result<ExportTargets, ExportError> {
    let background = match display.theme {
        ThemeArg::Dark => Background::Dark,
        ThemeArg::Auto | ThemeArg::Light => Background::Light,
    };
    ExportTargets::prepare(places, background, command_line::command_line(std::env::args_os()))
}

/// Returns the progress mode that an option selects; `usual` is the default.
const fn progress_mode(narration: Narration, usual: ProgressMode) -> ProgressMode {
    match (narration, usual) {
        (Narration::Always, _) | (Narration::OnTerminal, ProgressMode::Line) => {
            ProgressMode::Sentences
        }
        _ => usual,
    }
}

fn screen_options(display: &DisplayOptions) -> ScreenOptions {
    let variable = |name: &str| std::env::var(name).ok();
    let depth = ColorDepth::from_env(variable);
    ScreenOptions {
        background: match display.theme {
            ThemeArg::Auto => background::known(depth, variable),
            ThemeArg::Dark => Some(Background::Dark),
            ThemeArg::Light => Some(Background::Light),
        },
        depth,
        glyphs: if display.ascii { GlyphSet::Ascii } else { GlyphSet::Unicode },
        guarded: false,
        mouse: display.mouse,
        reduced_motion: display.reduced_motion,
    }
}

/// Shows the screen. Afterwards writes the exports and the reason if the last run failed.
fn run_screen(
    app: App,
    launcher: &Launcher,
    look: ScreenOptions,
    exports: ExportTargets,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let signals = Signals::for_screen().map_err(CommandError::Signals)?;
    let (app, left) = screen_loop::run(app, launcher, (look, exports.command()), &signals)
        .map_err(CommandError::Screen)?;
    let received_signal = if let ExitReason::Signal(number) = left { Some(number) } else { None };
    let session = app.session();
    // The runs on the screen come before the others.
    let (shown, others) = (app.runs_to_export(), session.all_runs());
    let (received_signal, saved) =
        exports.save_all(session, shown, others, streams.out, (&signals, received_signal));
    // A run that the user stopped is not a failure.
    let latest = session.latest_runs();
    let failed = latest.iter().find(|run| run.failure().is_some() && !run.is_complete());
    if let Some(trouble) = failed.and_then(|_| headless::failure_summary(latest)) {
        headless::print_error(streams.err, &trouble);
    }
    let exit = failed.map_or(Exit::Success, |_| Exit::for_runs(latest));
    let exit = headless::report_exports(exit, saved?, streams.err);
    match (received_signal, left) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, ExitReason::TerminalLost(error)) => Err(CommandError::Screen(error)),
        (None, _) => Ok(exit),
    }
}
