//! `threadline watch`: the program to start, or the process that runs already, and how it is watched.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::{DisplayArgs, ExportArgs, OutputMode, OutputOptions, Progress};
use super::replay::RecordArgs;
use super::values::parse_with_unit;
use super::{Environment, Terminals, UsageError};
use crate::model::Workload;

#[derive(Args, Debug)]
pub(super) struct WatchArgs {
    /// The program to start, and its arguments
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
    /// Watch a process that runs: its ID or its name
    #[arg(short, long, value_name = "PID|NAME", conflicts_with = "command")]
    process: Option<String>,
    /// Print what can be seen here, and why not more
    #[arg(long, conflicts_with_all = ["plain", "json", "narrate", "record", "duration"])]
    check: bool,
    /// Watch for this time only, as 500ms, 30s or 5m
    ///
    /// CMD is then asked to end (SIGTERM).
    #[arg(long, value_name = "TIME", value_parser = parse_with_unit)]
    duration: Option<Duration>,
    /// Watch exactly, or by counters alone [default: as exactly as the system allows]
    #[arg(long, value_enum, value_name = "HOW", hide_short_help = true)]
    accuracy: Option<AccuracyArg>,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    export: ExportArgs,
    #[command(flatten)]
    record: RecordArgs,
}

/// The arguments of a holder, which this program gives to itself.
#[derive(Args, Clone, Debug)]
pub struct HoldArgs {
    /// The path of the pipe that takes an error
    pub status: PathBuf,
    /// Take the terminal on stdout
    #[arg(long)]
    pub terminal: bool,
    /// The program, and its arguments
    #[arg(last = true)]
    pub command: Vec<OsString>,
}

/// `--accuracy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccuracyArg {
    /// By the kernel's switch records, or not at all
    Exact,
    /// By the kernel's counters, which are read at intervals
    Counted,
}

/// The program of `threadline watch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchedArg {
    /// A program to start, and its arguments; none if any program is meant.
    Command(Vec<OsString>),
    /// The ID of a process that runs already.
    Pid(u32),
    /// The name of a process that runs already.
    Name(String),
}

/// The arguments of `threadline watch`.
#[derive(Clone, Debug)]
pub struct WatchCommand {
    /// The program.
    pub watched: WatchedArg,
    /// Only prints what can be seen of it.
    pub is_check: bool,
    /// The time after which watching ends.
    pub duration: Option<Duration>,
    /// The accuracy, if it is not to be the best one.
    pub accuracy: Option<AccuracyArg>,
    /// The output.
    pub output: OutputOptions,
    /// The standard streams that are terminals.
    pub terminals: Terminals,
}

impl WatchArgs {
    /// Resolves the options.
    pub(super) fn resolve(
        mut self,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<WatchCommand, UsageError> {
        self.display.apply_config(environment)?;
        let watched = match self.process {
            Some(process) => process_arg(process),
            None if self.command.iter().any(|word| !word.is_empty()) => {
                WatchedArg::Command(self.command)
            }
            None if self.check && self.command.is_empty() => WatchedArg::Command(Vec::new()),
            None => return Err(UsageError::NothingToWatch),
        };
        let exports = self.export.paths(None, Workload::Program);
        let mut output = OutputOptions::resolve(
            self.display,
            exports,
            self.record.record,
            &[],
            environment,
            terminals,
        )?;
        // Without a screen, the program itself writes to stderr.
        if let (WatchedArg::Command(_), OutputMode::Plain(progress) | OutputMode::Json(progress)) =
            (&watched, &mut output.mode)
            && *progress == Progress::Line
        {
            *progress = Progress::None;
        }
        let (is_check, duration, accuracy) = (self.check, self.duration, self.accuracy);
        Ok(WatchCommand { watched, is_check, duration, accuracy, output, terminals })
    }
}

/// Returns the process that a word names: digits are an ID.
fn process_arg(word: String) -> WatchedArg {
    word.parse().map_or_else(|_not_a_number| WatchedArg::Name(word), WatchedArg::Pid)
}
