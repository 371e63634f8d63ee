//! A session that a command has opened, to be followed by a frontend; the recordings that it is read from,
//! compared with, and written to.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use super::exit::{CommandError, Exit, print_error};
use super::panic_report;
use crate::app::Session;
use crate::app::playback::{DEFAULT_SLOWDOWN, PlaybackSpeed};
use crate::cli::{ApiSource, ExecCommand, FollowersCommand, ListOptions, ReplayCommand};
use crate::github::Api;
use crate::http::RetryPolicy;
use crate::model::setup::max_workers;
use crate::model::{Mode, Run, Selection, Setup, Target, Workload};
use crate::server::{
    DEFAULT_FOLLOWERS, DEFAULT_USER, FaultScript, Latency, LatencyProfile, Server, ServerSettings,
};
use crate::source::clock::wall_clock;
use crate::source::recording::{
    self, ReadRecordingError, Recorder, Recording, WriteRecordingError,
};
use crate::source::tasks::page_client::list_server::ListServer;
use crate::source::tasks::pages::list_source::ListSource;
use crate::source::{Clock, Launcher};

/// A session, and the objects that it needs.
pub struct OpenedSession {
    pub(super) content: OpenedContent,
    pub(super) launcher: Launcher,
    /// Stops when it is dropped.
    pub(super) server: Option<Server>,
}

/// The content of a session.
pub(super) enum OpenedContent {
    /// A selection, which is still to run.
    Live {
        session: Box<Session>,
        selection: Selection,
        /// The speed of simulated runs.
        speed: PlaybackSpeed,
    },
    /// A recording, which is played on the screen, or read to its end without one.
    Recorded { recording: Box<Recording>, speed: PlaybackSpeed },
}

impl OpenedSession {
    /// Opens the session of a workload: starts the built-in server, unless an API is given, and loads
    /// the baseline.
    pub(super) fn for_followers(
        followers: &FollowersCommand,
        err: &mut dyn Write,
    ) -> Result<Self, CommandError> {
        let (user, api, name, server) = match &followers.source {
            ApiSource::List(list) => return Self::for_list(followers, list, err),
            ApiSource::BuiltIn => {
                let server = Server::start(example_server())?;
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
        let mut session = Session::new(Setup {
            sweep: followers.sweep.clone(),
            auto: followers.auto,
            compute: followers.compute_options.compute,
            tasks: followers.compute_options.tasks,
            agreed: followers.agreed,
            cores: available_cores(),
            has_token,
            ..Setup::followers(target, followers.workers)
        });
        if server.is_some() {
            // The list of the built-in server is known without a request.
            session = session.with_pages(DEFAULT_FOLLOWERS.div_ceil(followers.per_page.into()));
        }
        let panicking = Arc::clone(&api);
        panic_report::install(move |text| panicking.redact(text));
        let launcher = Launcher::with_processes(
            Some(api),
            followers.retry_policy,
            Clock::system(),
            std::env::current_exe().ok(),
        );
        if let Some(path) = &followers.compare {
            load_baseline(path, &mut session, err)?;
        }
        let selection = followers.selection;
        let speed = PlaybackSpeed::from_slowdown(followers.slow);
        let content = OpenedContent::Live { session: Box::new(session), selection, speed };
        Ok(Self { content, launcher, server })
    }

    /// Opens the session of a list.
    fn for_list(
        options: &FollowersCommand,
        list: &ListOptions,
        err: &mut dyn Write,
    ) -> Result<Self, CommandError> {
        let ListOptions { list, addresses, request, token, proxies, max_requests } = list.clone();
        let server = ListServer::new(request, token, &proxies)?;
        let mut session = Session::new(Setup {
            sweep: options.sweep.clone(),
            auto: options.auto,
            agreed: options.agreed,
            cores: available_cores(),
            has_token: server.has_token(),
            ..Setup::pages(list, options.workers)
        });
        if let Some(pages) = addresses.count() {
            session = session.with_pages(pages);
        }
        let source = Arc::new(ListSource::new(addresses, server, max_requests));
        let panicking = Arc::clone(&source);
        panic_report::install(move |text| panicking.redact(text));
        let launcher = Launcher::for_list(
            source,
            options.retry_policy,
            Clock::system(),
            std::env::current_exe().ok(),
        );
        if let Some(path) = &options.compare {
            load_baseline(path, &mut session, err)?;
        }
        let speed = PlaybackSpeed::from_slowdown(options.slow);
        let selection = options.selection;
        let content = OpenedContent::Live { session: Box::new(session), selection, speed };
        Ok(Self { content, launcher, server: None })
    }

    /// Opens the session of the user's commands.
    pub(super) fn for_commands(exec: &ExecCommand) -> Self {
        let jobs = exec.jobs.or_else(available_cores).unwrap_or(1).min(max_workers(false));
        Self::without_api(OpenedContent::Live {
            session: Box::new(Session::new(Setup::commands(Arc::clone(&exec.commands), jobs))),
            selection: Selection { workload: Workload::Commands, choice: exec.choice },
            speed: PlaybackSpeed::from_slowdown(DEFAULT_SLOWDOWN),
        })
    }

    /// Opens the session of a program that `launcher` watches.
    pub(super) fn for_program(setup: Setup, launcher: Launcher) -> Self {
        let content = OpenedContent::Live {
            session: Box::new(Session::new(setup)),
            selection: Selection::only(Workload::Program, Mode::Threads),
            speed: PlaybackSpeed::from_slowdown(DEFAULT_SLOWDOWN),
        };
        Self { content, launcher, server: None }
    }

    /// Opens a recording.
    pub(super) fn for_replay(replay: &ReplayCommand) -> Result<Self, CommandError> {
        Ok(Self::recorded(open_recording(&replay.path)?, replay.speed))
    }

    /// The session in a recording. It starts no runs; its launcher only provides the clock.
    pub fn recorded(recording: Recording, speed: PlaybackSpeed) -> Self {
        Self::without_api(OpenedContent::Recorded { recording: Box::new(recording), speed })
    }

    fn without_api(content: OpenedContent) -> Self {
        let launcher = Launcher::new(None, RetryPolicy::default(), Clock::system());
        Self { content, launcher, server: None }
    }

    /// Records the session from now on, if a path is given.
    pub(super) fn record(
        self,
        path: Option<&Path>,
    ) -> Result<(Self, RecordingGuard), WriteRecordingError> {
        let OpenedContent::Live { session, selection, speed } = self.content else {
            return Ok((self, RecordingGuard::default()));
        };
        let (session, guard) = RecordingGuard::start(path, *session)?;
        let session = Box::new(session);
        Ok((Self { content: OpenedContent::Live { session, selection, speed }, ..self }, guard))
    }
}

/// Returns the number of cores available to this process.
pub(super) fn available_cores() -> Option<u16> {
    u16::try_from(std::thread::available_parallelism().ok()?.get()).ok()
}

/// Returns the settings of the server that answers if no USERNAME is given.
pub(super) fn example_server() -> ServerSettings {
    ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: DEFAULT_FOLLOWERS,
        latency: Latency::Profile(LatencyProfile::built_in()),
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock,
    }
}

/// Opens a recording; `-` is stdin.
///
/// # Errors
///
/// Fails if the file cannot be read, is not a recording, or contains no run that has started.
pub fn open_recording(path: &Path) -> Result<Recording, ReadRecordingError> {
    check(recording::open(path)?)
}

/// Reads a recording as [`open_recording`] does. `name` is used in errors.
///
/// # Errors
///
/// As [`open_recording`].
pub fn read_recording(name: &str, reader: impl BufRead) -> Result<Recording, ReadRecordingError> {
    check(recording::read(name, reader)?)
}

/// Marks a recording without another defect as unfinished if its last run has no end.
fn check(mut recording: Recording) -> Result<Recording, ReadRecordingError> {
    if recording.defect().is_some() {
        return Ok(recording);
    }
    let session = Session::from_log(recording.setup(), recording.entries());
    if session.active().is_none() && !session.all_runs().any(Run::has_started) {
        let name = recording.name().to_owned();
        return Err(ReadRecordingError::NoRuns { name, why: String::new() });
    }
    if let Some(stage) = session.stage() {
        recording.mark_unfinished(stage);
    }
    Ok(recording)
}

/// Returns the defect of a recording as a message, if it has one.
pub(super) fn defect_message(recording: &Recording) -> Option<String> {
    recording.defect().map(|defect| format!("{}: {defect}", recording.name()))
}

/// Loads the runs of a recording as the baseline of a session.
fn load_baseline(
    path: &Path,
    session: &mut Session,
    err: &mut dyn Write,
) -> Result<(), ReadRecordingError> {
    let recording = open_recording(path)?;
    if let Some(defect) = defect_message(&recording) {
        print_error(err, &defect);
    }
    let recorded = Session::from_log(recording.setup(), recording.entries());
    let runs = recorded.runs(recording.last_selection()).to_vec();
    session.set_external_baseline(runs, recording.name().to_owned());
    Ok(())
}

/// The recorder of a session, if it is recorded.
#[derive(Default)]
pub(super) struct RecordingGuard(Option<Recorder>);

impl RecordingGuard {
    /// Records the session from now on, if a path is given.
    pub(super) fn start(
        path: Option<&Path>,
        session: Session,
    ) -> Result<(Session, Self), WriteRecordingError> {
        let Some(path) = path else { return Ok((session, Self(None))) };
        let (recorder, sink) = Recorder::create(path, session.setup())?;
        Ok((session.with_log_sink(sink), Self(Some(recorder))))
    }

    /// Finishes the recording and reports the result. If the recording is incomplete, a successful or
    /// partial exit becomes a failure; other exits of the runs take precedence.
    pub(super) fn finish(
        self,
        done: Result<Exit, CommandError>,
        err: &mut dyn Write,
    ) -> Result<Exit, CommandError> {
        let Some(recorder) = self.0 else { return done };
        let name = recorder.name();
        match (recorder.finish_file(), done) {
            (Ok(lines), done) => {
                // An error is ignored: there is no other stream to report it on.
                _ = writeln!(err, "{lines} lines recorded in {name}");
                done
            }
            (Err(error), done) => {
                print_error(err, &error.to_string());
                done.map(|exit| match exit {
                    Exit::Success | Exit::Partial => Exit::Failed,
                    exit => exit,
                })
            }
        }
    }
}
