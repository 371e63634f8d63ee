//! A session that a command has opened, to be followed by a frontend.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::recordings::{self, RecordingGuard};
use super::{CommandError, serve};
use crate::app::Session;
use crate::app::playback::{DEFAULT_SLOWDOWN, PlaybackSpeed};
use crate::cli::{ApiSource, ExecCommand, FollowersCommand, ReplayCommand};
use crate::github::Api;
use crate::http::RetryPolicy;
use crate::model::setup::max_workers;
use crate::model::{Selection, Setup, Target, Workload};
use crate::server::{DEFAULT_FOLLOWERS, DEFAULT_USER, Server};
use crate::source::recording::{Recording, WriteRecordingError};
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
        let launcher = Launcher::with_processes(
            Some(api),
            followers.retry_policy,
            Clock::system(),
            std::env::current_exe().ok(),
        );
        if let Some(path) = &followers.compare {
            recordings::load_baseline(path, &mut session, err)?;
        }
        let selection = followers.selection;
        let speed = PlaybackSpeed::from_slowdown(followers.slow);
        let content = OpenedContent::Live { session: Box::new(session), selection, speed };
        Ok(Self { content, launcher, server })
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

    /// Opens a recording.
    pub(super) fn for_replay(replay: &ReplayCommand) -> Result<Self, CommandError> {
        Ok(Self::recorded(recordings::open(&replay.path)?, replay.speed))
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
fn available_cores() -> Option<u16> {
    u16::try_from(std::thread::available_parallelism().ok()?.get()).ok()
}
