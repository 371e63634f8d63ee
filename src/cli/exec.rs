//! `threadline exec`: the user's commands and how they run.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::display::DisplayArgs;
use super::output::{ExportArgs, OutputMode, OutputOptions};
use super::path_conflicts::{self, CONFIGURATION, NamedPath};
use super::replay::RecordArgs;
use super::usage::{self, UsageError};
use super::{Environment, Terminals, commands};
use crate::model::setup::max_workers;
use crate::model::{Mode, ModeChoice};

#[derive(Args, Debug)]
pub(super) struct ExecArgs {
    /// The commands, one per argument, each for sh -c
    #[arg(last = true, value_name = "CMD")]
    commands: Vec<OsString>,
    /// Number of commands at once [default: number of cores]
    #[arg(
        short,
        long,
        value_name = "N",
        value_parser = usage::parse_jobs,
        allow_negative_numbers = true
    )]
    jobs: Option<u32>,
    /// Run only this way
    ///
    /// By default the commands run both ways, so each runs twice.
    #[arg(long, value_enum, value_name = "WAY")]
    only: Option<OnlyArg>,
    /// Read the commands from FILE, one per line; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "commands")]
    from: Option<PathBuf>,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    export: ExportArgs,
    #[command(flatten)]
    record: RecordArgs,
}

/// `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnlyArg {
    /// One after another
    Sequential,
    /// Up to N at once
    Parallel,
}

/// The arguments of `threadline exec`.
#[derive(Clone, Debug)]
pub struct ExecCommand {
    /// The commands for the shell, at least one.
    pub commands: Arc<[String]>,
    /// The number of commands that run at once, if given.
    pub jobs: Option<u16>,
    /// Sequential, parallel, or both.
    pub choice: ModeChoice,
    /// The output.
    pub output: OutputOptions,
}

impl ExecArgs {
    /// Reads the commands from the arguments or the file.
    pub(super) fn resolve(
        mut self,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<ExecCommand, UsageError> {
        self.display.apply_config(environment)?;
        let commands = match &self.from {
            Some(path) => commands::from_file(path)?,
            None => commands::from_arguments(self.commands)?,
        };
        let most = max_workers(false);
        let jobs = |asked| match u16::try_from(asked) {
            Ok(jobs) if (1..=most).contains(&jobs) => Ok(jobs),
            _ => Err(UsageError::Jobs { asked, most }),
        };
        let jobs = self.jobs.map(jobs).transpose()?;
        let choice = match self.only {
            None => ModeChoice::Race,
            Some(OnlyArg::Sequential) => ModeChoice::Only(Mode::Sequential),
            Some(OnlyArg::Parallel) => ModeChoice::Only(Mode::Threads),
        };
        let exports = self.export.paths(None);
        let mode = OutputMode::resolve(&self.display, &exports, environment, terminals)?;
        let configuration = self.display.config_path(environment);
        let read = [
            NamedPath { name: CONFIGURATION, path: configuration.as_deref() },
            NamedPath { name: "--from", path: self.from.as_deref() },
        ];
        path_conflicts::check_conflicts(&read, &exports, self.record.record.as_deref())?;
        let (record, display) = (self.record.record, self.display.into());
        let output = OutputOptions { mode, exports, record, display };
        Ok(ExecCommand { commands: commands.into(), jobs, choice, output })
    }
}
