//! What is wrong with the arguments, each in one sentence that says what to do.

use thiserror::Error;

use super::commands::CommandsError;
use super::config::ConfigError;
use super::username::UsernameError;
use crate::github::ApiError;
use crate::model::Workload;
use crate::model::plan::MAX_TASKS;

/// Why there is no command to carry out.
#[derive(Debug, Error)]
pub enum CliError {
    /// Help or the version was asked for: clap prints it.
    #[error("{0}")]
    Help(Box<clap::Error>),
    /// The arguments cannot be used.
    #[error("{0}")]
    Malformed(String),
    /// They can be read, but not carried out.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// Arguments, or an environment, that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// No such user can exist.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// The positional USERNAME and `--username` name different users.
    #[error("USERNAME and --username name two different users: give one")]
    TwoUsers,
    /// A command's name came where a user's is expected.
    #[error(
        "{0} is a command, so it comes first, before any option; for the user {0}, give --username \
         {0}"
    )]
    CommandNotFirst(String),
    /// An API was named, but nobody to ask it for.
    #[error(
        "--api-url without a USERNAME: say whose followers to fetch, or leave --api-url away for \
         the built-in server"
    )]
    ApiWithoutUser,
    /// The API's address or the token cannot be used.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A number of threads that GitHub does not allow.
    #[error(
        "--threads {asked}: GitHub allows {most} requests at once and no more, so give 1 to {most}"
    )]
    ThreadsOnQuota {
        /// How many were asked for.
        asked: u32,
        /// How many there may be.
        most: u16,
    },
    /// A number of threads that makes no sense on this machine.
    #[error("--threads {asked}: give 1 to {most}")]
    ThreadsHere {
        /// How many were asked for.
        asked: u32,
        /// How many there may be.
        most: u16,
    },
    /// Several numbers of threads, where one is wanted.
    #[error("--threads {asked}: several counts are for a sweep: add --mode sweep, or give one")]
    CountsWithoutSweep {
        /// Which were asked for.
        asked: String,
    },
    /// One number of threads, where several are wanted.
    #[error(
        "--threads {asked}: a sweep compares several counts: give them as 1,2,4,8 or 1..{}, or leave \
         --threads away", if *asked > 1 { *asked } else { 8 }
    )]
    OneCount {
        /// Which was asked for.
        asked: u32,
    },
    /// More numbers of threads than a chart has room for.
    #[error("--threads: {asked} counts are too many for a sweep: give up to {most}, as 1,2,4,8,16")]
    TooManyCounts {
        /// How many were asked for.
        asked: usize,
        /// How many there may be.
        most: usize,
    },
    /// An option of a sweep, where there is none.
    #[error("{option} is about a sweep: add --mode sweep")]
    NoSweep {
        /// Which option.
        option: &'static str,
    },
    /// A sweep compares numbers that are known.
    #[error("--threads auto: a sweep compares counts: give them as 1,2,4,8 or 1..32")]
    AutoSweep,
    /// Nobody's queue tells how many workers help.
    #[error(
        "--threads auto watches a server's queue, and --workload {workload} asks none: give \
         --threads as many as this machine has cores"
    )]
    AutoWithoutServer {
        /// What is computed.
        workload: Workload,
    },
    /// A number of commands side by side that makes no sense.
    #[error("--jobs {asked}: give 1 to {most}")]
    Jobs {
        /// How many were asked for.
        asked: u32,
        /// How many there may be.
        most: u16,
    },
    /// The configuration file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the configuration file says cannot be carried out here.
    #[error("{error} (threads in {place})")]
    Configured {
        /// Why.
        error: Box<Self>,
        /// The file and the line.
        place: String,
    },
    /// There are no commands to run.
    #[error(transparent)]
    Commands(#[from] CommandsError),
    /// More processes than a machine has room for.
    #[error(
        "--threads {asked}: --mode processes, and a race that has it, start as many processes, so \
         give 1 to {most}, or another --mode"
    )]
    Processes {
        /// How many were asked for.
        asked: u32,
        /// How many there may be.
        most: u16,
    },
    /// An option of CPU work, where there is none.
    #[error("{option} is about tasks that are computed: add --workload cpu, native or mixed")]
    NothingComputed {
        /// Which option.
        option: &'static str,
    },
    /// `--share`, where a task is one thing.
    #[error("--share is about tasks that are mixed: add --workload mixed")]
    ShareWithoutMixed,
    /// Followers are to be fetched, and are not.
    #[error(
        "--workload {workload} computes, and fetches no followers: leave {given} away, or the \
         --workload"
    )]
    NoFollowers {
        /// What is computed.
        workload: Workload,
        /// What is about followers.
        given: &'static str,
    },
    /// Followers are to be fetched by a machine that there is not.
    #[error(
        "--simulate computes a machine, which fetches no followers: leave {given} away, or --simulate"
    )]
    SimulatedFollowers {
        /// What is about followers.
        given: &'static str,
    },
    /// Two things were to go to stdout.
    #[error("{one} and {two} - both want stdout: give {two} a file")]
    StdoutTwice {
        /// An option.
        one: &'static str,
        /// Another.
        two: &'static str,
    },
    /// Two things were to go to the same file.
    #[error("{one} and {two} name the same file: give each its own")]
    FileTwice {
        /// An option.
        one: &'static str,
        /// Another.
        two: &'static str,
    },
}

impl CliError {
    pub(super) fn from_clap(error: clap::Error) -> Self {
        if error.use_stderr() {
            Self::Malformed(join_paragraphs(&error.render().to_string()))
        } else {
            Self::Help(Box::new(error))
        }
    }
}

/// clap's several paragraphs as one sentence: what is wrong, its tip, and where to read more.
fn join_paragraphs(rendered: &str) -> String {
    let said = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut said = String::new();
    for line in
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
    {
        if line.starts_with("tip:") {
            said.push(';');
        }
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(line);
    }
    said + " (see --help)"
}

/// `--jobs`: any number, since how many are allowed is another question.
pub(super) fn parse_jobs(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_not_whole| "give a whole number from 1 up")
}

/// `--queue`.
pub(super) fn parse_queue(text: &str) -> Result<u32, String> {
    let queue = text.parse().ok().filter(|queue| (1..=MAX_TASKS).contains(queue));
    queue.ok_or_else(|| format!("give a whole number from 1 to {MAX_TASKS}"))
}

/// `--per-page`.
pub(super) fn parse_per_page(text: &str) -> Result<u8, &'static str> {
    let per_page = text.parse().ok().filter(|per_page| (1..=100).contains(per_page));
    per_page.ok_or("GitHub gives 1 to 100 followers a page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_a_sentence() {
        let rendered = "error: unexpected argument '--plane' found\n\n  tip: a similar argument \
                        exists: '--plain'\n\nUsage: threadline [OPTIONS]\n\nFor more information, \
                        try '--help'.\n";
        assert_eq!(
            join_paragraphs(rendered),
            "unexpected argument '--plane' found; tip: a similar argument exists: '--plain' (see \
             --help)"
        );
        let missing = "error: these were not provided:\n  --latency <D>\n\nUsage: threadline serve";
        assert_eq!(join_paragraphs(missing), "these were not provided: --latency <D> (see --help)");
    }

    #[test]
    fn a_queue_holds_1_or_more() {
        for text in ["0", "400001", "4294967296", "-1", "", "many"] {
            assert!(parse_queue(text).is_err(), "{text:?}");
        }
        assert_eq!((parse_queue("1"), parse_queue("400000")), (Ok(1), Ok(400_000)));
    }

    #[test]
    fn pages_hold_1_to_100() {
        for text in ["0", "101", "256", "-1", "", "ten"] {
            assert!(parse_per_page(text).is_err(), "{text:?}");
        }
        assert_eq!((parse_per_page("1"), parse_per_page("100")), (Ok(1), Ok(100)));
    }
}
