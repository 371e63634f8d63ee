//! `threadline exec`: the user's commands, from the arguments or one per line from a file, and how they
//! run.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output::{DisplayArgs, ExportArgs, NamedPath, OutputOptions};
use super::replay::RecordArgs;
use super::shell::{missing_program, shell_quoted};
use super::usage::{CommandsError, MAX_LIST_BYTES};
use super::values::parse_jobs;
use super::{Environment, Terminals, UsageError, find_variable};
use crate::model::plan::MAX_TASKS;
use crate::model::printable::printable;
use crate::model::setup::max_workers;
use crate::model::{Mode, ModeChoice, Workload};

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
        value_parser = parse_jobs,
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
            Some(path) => commands_from_file(path)?,
            None => commands_from_arguments(self.commands)?,
        };
        if let Some(path) = find_variable(environment, "PATH") {
            check_programs(&commands, &path, self.from.is_none())?;
        }
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
        let output = OutputOptions::resolve(
            self.display,
            self.export.paths(None, Workload::Commands),
            self.record.record,
            &[NamedPath { name: "--from", path: self.from.as_deref() }],
            environment,
            terminals,
        )?;
        Ok(ExecCommand { commands: commands.into(), jobs, choice, output })
    }
}

/// Returns the commands given as arguments, one each.
fn commands_from_arguments(arguments: Vec<OsString>) -> Result<Vec<String>, CommandsError> {
    if arguments.is_empty() {
        return Err(CommandsError::None);
    }
    let command = |(number, argument): (usize, OsString)| {
        let command = argument.into_string().map_err(|_not_text| CommandsError::NotText(number))?;
        if command.trim().is_empty() { Err(CommandsError::Empty(number)) } else { Ok(command) }
    };
    check_count((1..).zip(arguments).map(command).collect::<Result<_, _>>()?)
}

/// Returns an error for a command whose program does not exist: likely a word of another command, if
/// the commands are arguments.
fn check_programs(
    commands: &[String],
    path: &OsStr,
    are_arguments: bool,
) -> Result<(), CommandsError> {
    let Some(program) = commands.iter().find_map(|command| missing_program(command, path)) else {
        return Ok(());
    };
    let program = printable(program);
    let is_word = |command: &String| !command.contains(char::is_whitespace);
    if are_arguments && commands.len() > 1 && commands.first().is_some_and(is_word) {
        let words: Vec<String> = commands.iter().map(|word| shell_quoted(word)).collect();
        let command = printable(&shell_quoted(&words.join(" ")));
        return Err(CommandsError::Words { program, command });
    }
    Err(CommandsError::NoProgram { program })
}

/// Reads one command per line, skipping blank lines and those that begin with #. `-` is stdin.
fn commands_from_file(path: &Path) -> Result<Vec<String>, CommandsError> {
    let (place, text) = if path.as_os_str() == "-" {
        ("stdin".to_owned(), read_bounded(io::stdin().lock()))
    } else {
        (path.display().to_string(), File::open(path).and_then(read_bounded))
    };
    let text = text.map_err(|error| CommandsError::Unreadable {
        place: place.clone(),
        reason: error.to_string(),
    })?;
    if text.len() as u64 > MAX_LIST_BYTES {
        return Err(CommandsError::TooMany);
    }
    check_count(parse_list(&text, &place)?)
}

fn read_bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(MAX_LIST_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn parse_list(text: &[u8], place: &str) -> Result<Vec<String>, CommandsError> {
    /// The byte order mark that some editors write before the first line.
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut commands = Vec::new();
    for (line, bytes) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let text = str::from_utf8(bytes)
            .map_err(|_not_text| CommandsError::LineNotText { place: place.to_owned(), line })?;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if text.contains('\0') {
            return Err(CommandsError::Nul { place: place.to_owned(), line });
        }
        commands.push(text.to_owned());
    }
    if commands.is_empty() {
        return Err(CommandsError::NoneIn(place.to_owned()));
    }
    Ok(commands)
}

fn check_count(commands: Vec<String>) -> Result<Vec<String>, CommandsError> {
    if commands.len() > MAX_TASKS as usize { Err(CommandsError::TooMany) } else { Ok(commands) }
}
