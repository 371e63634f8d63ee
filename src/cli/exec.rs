//! `threadline exec`: which commands, how many at once, and what is to be seen of them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::export::{ExportArgs, Exports};
use super::picture::{Picture, PictureArgs, Way};
use super::places::{self, CONFIGURATION};
use super::replay::RecordArgs;
use super::usage::UsageError;
use super::{Environment, commands, usage};
use crate::app::session::most_workers;
use crate::model::{Choice, Mode};

#[derive(Args, Debug)]
pub(super) struct ExecArgs {
    /// How many commands run side by side [default: as many as there are cores]
    #[arg(
        short,
        long,
        value_name = "N",
        value_parser = usage::jobs,
        allow_negative_numbers = true
    )]
    jobs: Option<u32>,
    /// Run them this way alone; else one at a time and then N side by side, so each runs twice
    #[arg(long, value_enum, value_name = "WAY")]
    only: Option<OnlyArg>,
    /// Take the commands from FILE, one a line; - for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "commands")]
    from: Option<PathBuf>,
    /// The queue holds N commands at most [default: all]
    #[arg(long, value_name = "N", value_parser = usage::queue, allow_negative_numbers = true)]
    queue: Option<u32>,
    #[command(flatten)]
    picture: PictureArgs,
    #[command(flatten)]
    export: ExportArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// The commands, an argument each; a shell (sh -c) runs them
    #[arg(last = true, value_name = "CMD")]
    commands: Vec<OsString>,
}

/// `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnlyArg {
    /// One at a time
    Sequential,
    /// N side by side
    Parallel,
}

/// A person's commands, and how they are to be run.
#[derive(Clone, Debug)]
pub struct Exec {
    /// For the shell, at least one.
    pub commands: Arc<[String]>,
    /// How many run side by side, where that was said.
    pub jobs: Option<u16>,
    /// One at a time, side by side, or both.
    pub choice: Choice,
    /// How many the queue holds at most.
    pub queue: Option<u32>,
    /// What a person wants to see.
    pub way: Way,
    /// What is taken along.
    pub exports: Exports,
    /// Where the recording goes.
    pub record: Option<PathBuf>,
    /// How the screen is to look.
    pub picture: Picture,
}

impl ExecArgs {
    /// Reads the commands, wherever they are.
    pub(super) fn resolve(mut self, environment: Environment<'_>) -> Result<Exec, UsageError> {
        self.picture.configure(environment)?;
        let commands = match &self.from {
            Some(path) => commands::from_file(path)?,
            None => commands::from_arguments(self.commands)?,
        };
        let most = most_workers(false);
        let jobs = |asked| match u16::try_from(asked) {
            Ok(jobs) if (1..=most).contains(&jobs) => Ok(jobs),
            _ => Err(UsageError::Jobs { asked, most }),
        };
        let jobs = self.jobs.map(jobs).transpose()?;
        let choice = match self.only {
            None => Choice::Race,
            Some(OnlyArg::Sequential) => Choice::Only(Mode::Sequential),
            Some(OnlyArg::Parallel) => Choice::Only(Mode::Threads),
        };
        let (exports, way) = self.export.resolve(None, self.picture.way())?;
        let configuration = self.picture.configuration(environment);
        let read = [(CONFIGURATION, configuration.as_deref()), ("--from", self.from.as_deref())];
        places::check(&read, &exports, self.record.record.as_deref())?;
        let picture = self.picture.into();
        let (commands, queue, record) = (commands.into(), self.queue, self.record.record);
        Ok(Exec { commands, jobs, choice, queue, way, exports, record, picture })
    }
}
