//! Errors in the arguments. A message states the problem and, after a semicolon, the remedy.

use std::ffi::OsString;

use thiserror::Error;

use super::lesson_file::LessonFileError;
use super::malformed;
use super::values::UsernameError;
use crate::github::ApiError;
use crate::http::{HeaderError, UrlRangeError};
use crate::model::Workload;
use crate::model::plan::MAX_TASKS;

/// The maximum size of a list of commands. `--from /dev/zero` would never end.
pub(super) const MAX_LIST_BYTES: u64 = 64 << 20;

/// The reason that parsing returned no command.
#[derive(Debug, Error)]
pub enum CliError {
    /// Help or the version, which clap prints.
    #[error("{0}")]
    Help(Box<clap::Error>),
    /// The arguments cannot be parsed.
    #[error("{problem}")]
    Malformed {
        /// The problem, then the remedy.
        problem: String,
        /// The usage of the command.
        usage: String,
    },
    /// The arguments can be parsed, but not used.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// An error in the arguments or the environment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// An invalid username.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// The positional USERNAME and `--username` differ.
    #[error("USERNAME and --username name two different users; give one of them")]
    TwoUsers,
    /// A command in the place of a USERNAME.
    #[error(
        "{0} is a command and comes first; put it before the options, or use --username {0} for \
         the user {0}"
    )]
    CommandNotFirst(String),
    /// A word in the place of a USERNAME that is likelier meant as a command.
    #[error("there is no command {word}; did you mean {meant}? For the user: --username {word}")]
    WordAsUser {
        /// The word.
        word: String,
        /// The command line that does the same.
        meant: String,
    },
    /// The page of a user in the place of a USERNAME.
    #[error("{url} is a web address; use the name of the user: threadline {user}")]
    UserPage {
        /// The address.
        url: String,
        /// The user.
        user: String,
    },
    /// A URL that cannot be fetched.
    #[error(transparent)]
    Url(#[from] UrlRangeError),
    /// A header that cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// An error in a list of URLs.
    #[error(transparent)]
    List(#[from] ListError),
    /// An option of lists without a list.
    #[error("{option} applies to lists only; add a URL, or leave out {option}")]
    NoList {
        /// The option.
        option: &'static str,
    },
    /// An option that a list does not have.
    #[error("{option} does not apply to the pages of a URL; leave it out")]
    NotForLists {
        /// The option.
        option: &'static str,
    },
    /// An API without a user.
    #[error("--api-url needs a USERNAME; add one, or leave out --api-url for the built-in server")]
    ApiWithoutUser,
    /// An invalid API address or token.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// More threads than GitHub allows.
    #[error(
        "--threads {asked} is out of range; use 1 to {most}: GitHub allows {most} requests at once"
    )]
    ThreadsOnQuota {
        /// The number given.
        asked: u32,
        /// The maximum.
        most: u16,
    },
    /// A number of threads out of range.
    #[error("--threads {asked} is out of range; use 1 to {most}")]
    ThreadsHere {
        /// The number given.
        asked: u32,
        /// The maximum.
        most: u16,
    },
    /// Several thread counts without a sweep.
    #[error("--threads {asked} has several counts; add --mode sweep, or give one count")]
    CountsWithoutSweep {
        /// The counts given.
        asked: String,
    },
    /// One thread count for a sweep.
    #[error(
        "--threads {asked} is a single count; give a sweep several, such as 1,2,4,8 or 1..{}",
        if *asked > 1 { *asked } else { 8 }
    )]
    OneCount {
        /// The count given.
        asked: u32,
    },
    /// More thread counts than a sweep accepts.
    #[error("{asked} counts are too many for a sweep; give up to {most}, such as 1,2,4,8,16")]
    TooManyCounts {
        /// The number of counts given.
        asked: usize,
        /// The maximum.
        most: usize,
    },
    /// An option of a sweep without a sweep.
    #[error("{option} applies to sweeps only; add --mode sweep")]
    NoSweep {
        /// The option.
        option: &'static str,
    },
    /// `--threads auto` for a sweep.
    #[error("--threads auto is not for sweeps; give several counts, such as 1,2,4,8 or 1..32")]
    AutoSweep,
    /// `--threads auto` without a server.
    #[error(
        "--threads auto does not apply to --workload {workload}; use as many threads as this \
         machine has cores"
    )]
    AutoWithoutServer {
        /// The workload.
        workload: Workload,
    },
    /// A number of jobs out of range.
    #[error("--jobs {asked} is out of range; use 1 to {most}")]
    Jobs {
        /// The number given.
        asked: u32,
        /// The maximum.
        most: u16,
    },
    /// An error in the configuration file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A setting of the configuration file that cannot be used here.
    #[error("threads in {place}: {error}")]
    Configured {
        /// The reason.
        error: Box<Self>,
        /// The file and the line.
        place: String,
    },
    /// An error in the list of commands.
    #[error(transparent)]
    Commands(#[from] CommandsError),
    /// Neither a program nor a process for `threadline watch`.
    #[error(
        "watch needs a program or a process; use threadline watch -- CMD, as in threadline watch -- \
         python app.py, or threadline watch -p PID"
    )]
    NothingToWatch,
    /// No such lesson.
    #[error("there is no lesson {word}; {hint}")]
    NoLesson {
        /// The word in the place of a lesson.
        word: String,
        /// The lesson that is likely meant, or all lessons.
        hint: String,
    },
    /// A lesson that cannot be read.
    #[error(transparent)]
    LessonFile(#[from] LessonFileError),
    /// `--json` for a lesson.
    #[error("a lesson has no JSON document; leave out --json, or use --plain for text")]
    NoLessonReport,
    /// More processes than the machine can run.
    #[error(
        "--threads {asked} is out of range for processes; use 1 to {most}, or a --mode without \
         processes"
    )]
    Processes {
        /// The number given.
        asked: u32,
        /// The maximum.
        most: u16,
    },
    /// An option of CPU work without CPU work.
    #[error("{option} applies to CPU work only; add --workload cpu, native or mixed")]
    NothingComputed {
        /// The option.
        option: &'static str,
    },
    /// `--share` for tasks that are not mixed.
    #[error("--share applies to mixed tasks only; add --workload mixed")]
    ShareWithoutMixed,
    /// An option of followers for CPU work.
    #[error("--workload {workload} fetches no followers; leave out {given} or --workload")]
    NoFollowers {
        /// The workload.
        workload: Workload,
        /// The option.
        given: &'static str,
    },
    /// An option of followers for a simulation.
    #[error("--simulate fetches no followers; leave out {given} or --simulate")]
    SimulatedFollowers {
        /// The option.
        given: &'static str,
    },
    /// An option that only works with another.
    #[error("{option} needs {needed}; add {needed}")]
    Needs {
        /// The option.
        option: &'static str,
        /// The other option.
        needed: &'static str,
    },
    /// Two outputs to stdout.
    #[error("{one} and {two} - both write to stdout; give {two} a file")]
    StdoutTwice {
        /// An option.
        one: &'static str,
        /// Another option.
        two: &'static str,
    },
    /// Two options for the same file.
    #[error("{one} and {two} name the same file; give each its own")]
    FileTwice {
        /// An option.
        one: &'static str,
        /// Another option.
        two: &'static str,
    },
}

impl CliError {
    pub(super) fn from_clap(error: clap::Error, args: &[OsString]) -> Self {
        if !error.use_stderr() {
            return Self::Help(Box::new(error));
        }
        if let Some(name) = malformed::command_after_option(&error, args) {
            return UsageError::CommandNotFirst(name).into();
        }
        if let Some(expanded) = malformed::expanded_range(args) {
            return UsageError::Url(expanded).into();
        }
        let problem = malformed::problem(&error, args);
        Self::Malformed { problem, usage: malformed::usage(args) }
    }

    /// Returns the usage, if the arguments could not be parsed.
    pub fn usage(&self) -> Option<&str> {
        match self {
            Self::Malformed { usage, .. } => Some(usage),
            _ => None,
        }
    }
}

/// An error in the URLs of a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// An unreadable file.
    #[error("cannot read the URLs in {place}: {reason}")]
    Unreadable {
        /// The file.
        place: String,
        /// The system's error.
        reason: String,
    },
    /// A file of blank lines and comments only.
    #[error("{0} contains no URLs; put one on each line")]
    NoUrls(String),
    /// A line that is no URL.
    #[error("{place}, line {line}: {error}")]
    Line {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
        /// The reason.
        error: UrlRangeError,
    },
    /// URLs of two servers.
    #[error(
        "{place}, line {line}, is on {other}, and the first URL on {first}; fetch the URLs of each \
         server on their own"
    )]
    TwoServers {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
        /// The first server.
        first: String,
        /// The other one.
        other: String,
    },
    /// More URLs than a run accepts.
    #[error("{0} contains more than {MAX_TASKS} URLs; fetch them in several parts")]
    TooMany(String),
    /// A URL and a file of URLs.
    #[error("--urls and a URL exclude each other; leave out one of them")]
    UrlAndFile,
    /// `--next` with addresses that are known.
    #[error("--next is for a single URL; leave it out, or the range or --urls")]
    NextOfKnown,
}

/// An error in the list of commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandsError {
    /// No commands, neither as arguments nor in a file.
    #[error(
        "exec needs at least one command; put each in quotes after --, as in threadline exec -- \
         'sleep 1' 'make test', or use --from FILE"
    )]
    None,
    /// A file of blank lines and comments only.
    #[error("{0} contains no commands; put one on each line")]
    NoneIn(String),
    /// An empty argument.
    #[error("command {0} is empty; remove it")]
    Empty(usize),
    /// A command whose program does not exist.
    #[error("there is no program {program}; check its name, or the PATH")]
    NoProgram {
        /// The program.
        program: String,
    },
    /// Words of one command as commands of their own.
    #[error(
        "there is no program {program}: each argument is a command of its own; put a command in \
         quotes: threadline exec -- {command}"
    )]
    Words {
        /// The word that is no program.
        program: String,
        /// All words as one command, quoted.
        command: String,
    },
    /// An argument that is not Unicode.
    #[error("command {0} is not UTF-8; put it into a script and run that")]
    NotText(usize),
    /// An unreadable file.
    #[error("cannot read the commands in {place}: {reason}")]
    Unreadable {
        /// The file that contains them.
        place: String,
        /// The system's error.
        reason: String,
    },
    /// A line that is not Unicode.
    #[error("{place}, line {line}, is not UTF-8; put the command into a script and run that")]
    LineNotText {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// A line with a NUL byte, which no argument can contain.
    #[error("{place}, line {line}, contains a NUL byte; remove it")]
    Nul {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// More commands than a run accepts.
    #[error("more than {MAX_TASKS} commands or {} MB; run them in several parts", MAX_LIST_BYTES >> 20)]
    TooMany,
}

/// An error in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// An unreadable file.
    #[error("cannot read the configuration in {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's error.
        reason: String,
    },
    /// An invalid setting.
    #[error("{file}, line {line}: {what}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The problem, and the values that are allowed.
        what: String,
    },
}

/// Splits a message at its first semicolon outside of quotes into problem and remedy.
pub fn split_hint(message: &str) -> (&str, Option<&str>) {
    let outside = |at: usize| {
        message.get(..at).is_some_and(|before| before.matches('"').count().is_multiple_of(2))
    };
    let mut semicolons = message.match_indices("; ").map(|(at, _)| at);
    let split = semicolons.find(|&at| outside(at)).and_then(|at| message.split_at_checked(at));
    match split {
        Some((problem, hint)) => (problem, hint.strip_prefix("; ")),
        None => (message, None),
    }
}
