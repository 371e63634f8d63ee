//! The command line: turns arguments and environment into a [`Command`].

mod api;
mod command_words;
mod completions;
mod compute;
mod config;
pub mod docs;
mod exec;
mod help;
mod learn;
mod lesson_command;
mod lesson_file;
mod list_options;
mod malformed;
mod manual;
mod output;
mod pages;
mod replay;
mod serve;
mod shell;
mod threads;
mod toml_file;
mod usage;
mod user_folder;
mod values;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use api::ApiSource;
use api::{proxies, token};
pub use completions::{Shell, write_completions};
pub use compute::ComputeOptions;
pub use config::ThemeArg;
pub use docs::Help;
pub use exec::ExecCommand;
pub use learn::{LearnCommand, LearnTask, find_lesson};
pub use lesson_command::lesson_command;
pub use lesson_file::{
    LessonFileError, LessonProblem, MAX_PANEL_WORDS, built_in_lessons, parse_lesson, read_lesson,
    real_program_recording, real_program_script,
};
pub use list_options::ListOptions;
pub use manual::write_manual;
use output::NamedPath;
pub use output::{DisplayOptions, ExportPaths, OutputMode, OutputOptions, Progress};
pub use replay::ReplayCommand;
pub use serve::{LatencyArg, ServeCommand};
pub use shell::shell_quoted;
use threads::{ModeArg, ThreadOptions, ThreadsArg};
pub use usage::{CliError, CommandsError, ConfigError, ListError, UsageError, split_hint};
use values::first_given;
pub use values::{DurationError, UsernameError};
pub use watch::{AccuracyArg, HoldArgs, WatchCommand, WatchedArg};

use crate::app::Keymap;
use crate::github::Token;
use crate::http::{ProxySettings, RetryPolicy};
use crate::model::{Selection, SweepSetup, Workload};

/// The page size of GitHub's API.
const DEFAULT_PER_PAGE: u8 = 30;

/// The heading of the options for GitHub's API.
const GITHUB_OPTIONS: &str = "GitHub";

/// The heading of the options for the screen.
const SCREEN: &str = "Screen";

/// The arguments as parsed by clap; [`parse`] turns them into a [`Command`].
#[derive(Debug, Parser)]
#[command(
    name = "threadline",
    version,
    about = help::ABOUT,
    long_about = help::LONG_ABOUT,
    after_long_help = help::AFTER_LONG,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<SubArgs>,
    #[command(flatten)]
    fetch: FetchArgs,
}

#[derive(Debug, Subcommand)]
enum SubArgs {
    /// Run your own commands, one by one and side by side
    #[command(long_about = help::EXEC, after_long_help = help::EXEC_AFTER)]
    Exec(exec::ExecArgs),
    /// Watch the threads of a program of yours
    #[command(long_about = help::WATCH, after_long_help = help::WATCH_AFTER)]
    Watch(watch::WatchArgs),
    /// Predict what threads do, run it, and compare: nine lessons
    #[command(
        long_about = help::LEARN,
        after_long_help = help::LEARN_AFTER,
        mut_arg("json", |arg| arg.hide(true)),
        mut_arg("plain", |arg| arg.help("No screen: the lesson as text, with answers from stdin")),
        mut_arg("narrate", |arg| arg.long_help(help::LEARN_NARRATE))
    )]
    Learn(learn::LearnArgs),
    /// Play a recording, or print its report
    #[command(after_long_help = help::REPLAY_AFTER)]
    Replay(replay::ReplayArgs),
    /// Run the built-in server alone
    #[command(long_about = help::SERVE, after_long_help = help::serve_after())]
    Serve(serve::ServeArgs),
    /// Print shell completions
    #[command(long_about = help::COMPLETIONS, after_long_help = help::COMPLETIONS_AFTER)]
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    #[command(after_long_help = help::MAN_AFTER)]
    Man,
    /// Show a page of the documentation
    Help(docs::HelpArgs),
    /// Run as a worker process of another threadline
    #[command(hide = true)]
    Worker,
    /// Hold a program for another threadline until it may begin
    #[command(hide = true)]
    Hold(watch::HoldArgs),
    /// Keep the terminal of a program open that another threadline let go
    #[command(hide = true)]
    Keep,
}

#[derive(Args, Debug)]
struct FetchArgs {
    /// The GitHub user whose followers to fetch, or the URL of a list; without either, a demo
    #[arg(value_name = "USERNAME|URL")]
    user: Option<String>,
    /// The GitHub user, as an option
    #[arg(long = "username", value_name = "USERNAME")]
    user_option: Option<String>,
    /// The mode to run
    #[arg(long, value_enum, default_value_t = ModeArg::Race)]
    mode: ModeArg,
    /// Number of workers, or auto; for a sweep several: 1,2,4 or 1..32 [default: one per page, up
    /// to 8; 4 for CPU work]
    #[arg(long, value_name = "N", value_parser = ThreadsArg::parse, allow_negative_numbers = true)]
    threads: Option<ThreadsArg>,
    #[command(flatten)]
    display: output::DisplayArgs,
    /// Print the key bindings, in the format of the configuration
    #[arg(long, help_heading = SCREEN)]
    print_keys: bool,
    #[command(flatten)]
    sweep: threads::SweepArgs,
    #[command(flatten)]
    compute: compute::ComputeArgs,
    #[command(flatten)]
    simulate: compute::SimulateArgs,
    /// Followers per page, 1 to 100 [default: 30]
    #[arg(
        long,
        help_heading = GITHUB_OPTIONS,
        value_name = "N",
        value_parser = values::parse_per_page,
        allow_negative_numbers = true
    )]
    per_page: Option<u8>,
    #[arg(
        long,
        help_heading = GITHUB_OPTIONS,
        value_name = "URL",
        help = help::API_URL,
        long_help = help::API_URL_LONG
    )]
    api_url: Option<String>,
    #[command(flatten)]
    pages: pages::PagesArgs,
    #[command(flatten)]
    retry_policy: api::RetryArgs,
    /// Write the followers to FILE (.csv, .json or .ndjson), or the items (.json or .ndjson)
    #[arg(short, long, help_heading = output::FILES, value_name = "FILE", long_help = help::OUTPUT)]
    output: Option<PathBuf>,
    #[command(flatten)]
    export: output::ExportArgs,
    #[command(flatten)]
    record: replay::RecordArgs,
    #[command(flatten)]
    compare: replay::CompareArgs,
}

/// The command that the arguments describe.
#[derive(Debug)]
pub enum Command {
    /// Runs a workload.
    Followers(FollowersCommand),
    /// Runs the user's commands.
    Exec(ExecCommand),
    /// Watches a program.
    Watch(WatchCommand),
    /// Plays the lessons.
    Learn(Box<LearnCommand>),
    /// Plays a recording.
    Replay(ReplayCommand),
    /// Runs the built-in server alone.
    Serve(ServeCommand),
    /// Prints the key bindings.
    PrintKeys(Keymap),
    /// Prints a completion script.
    Completions(Shell),
    /// Prints the manual page.
    Man,
    /// Shows a page of the documentation.
    Help(Help),
    /// Runs as a worker process of another threadline.
    Worker {
        /// The token for requests that need it.
        token: Option<Token>,
        /// The proxies for requests.
        proxies: ProxySettings,
    },
    /// Holds a program for another threadline until it may begin.
    Hold(HoldArgs),
    /// Keeps the terminal of a program open that another threadline let go.
    Keep,
}

/// The arguments of a run, with or without a screen.
#[derive(Debug)]
pub struct FollowersCommand {
    /// The source of the followers.
    pub source: ApiSource,
    /// The selection that runs first.
    pub selection: Selection,
    /// The computed workload, if there is one.
    pub compute_options: ComputeOptions,
    /// The number of workers, if given.
    pub workers: Option<u16>,
    /// The setup of a sweep.
    pub sweep: SweepSetup,
    /// Adapts the number of workers while fetching.
    pub auto: bool,
    /// Followers a page.
    pub per_page: u8,
    /// Time-outs and retries.
    pub retry_policy: RetryPolicy,
    /// Starts runs without asking, even if the quota is too small for them.
    pub agreed: bool,
    /// The output.
    pub output: OutputOptions,
    /// The recording to compare with.
    pub compare: Option<PathBuf>,
    /// The factor by which simulated runs are slower than real time.
    pub slow: u32,
}

/// Returns the value of an environment variable if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The standard streams that are terminals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminals {
    /// Keys can be read.
    pub stdin: bool,
    /// The screen can be drawn.
    pub stdout: bool,
    /// Progress can be drawn.
    pub stderr: bool,
}

/// Parses the arguments, of which the first is the program's name. The environment and the terminals
/// decide what they omit.
///
/// # Errors
///
/// Returns an error for any invalid argument, variable or configuration, before anything is started.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    environment: Environment<'_>,
    terminals: Terminals,
) -> Result<Command, CliError> {
    let args = command_words::expand(args);
    let stop = |error| CliError::from_clap(error, &args);
    let matches = match Cli::command().try_get_matches_from(&args) {
        Err(error) if error.kind() == ErrorKind::DisplayHelp && is_summary(&args) => {
            return Ok(Command::Help(Help { text: help::SHORT.to_owned(), pager: None }));
        }
        matches => matches.map_err(stop)?,
    };
    let cli = Cli::from_arg_matches(&matches).map_err(stop)?;
    let command = match cli.command {
        Some(SubArgs::Serve(args)) => Command::Serve(args.try_into()?),
        Some(SubArgs::Exec(args)) => Command::Exec(args.resolve(environment, terminals)?),
        Some(SubArgs::Watch(args)) => Command::Watch(args.resolve(environment, terminals)?),
        Some(SubArgs::Learn(args)) => {
            Command::Learn(Box::new(args.resolve(environment, terminals)?))
        }
        Some(SubArgs::Hold(args)) => Command::Hold(args),
        Some(SubArgs::Keep) => Command::Keep,
        Some(SubArgs::Replay(args)) => Command::Replay(args.resolve(environment, terminals)?),
        // The parent has already refused an invalid token, if it is needed.
        Some(SubArgs::Worker) => Command::Worker {
            token: token(environment).unwrap_or_default(),
            proxies: proxies(environment),
        },
        Some(SubArgs::Completions(args)) => Command::Completions(args.shell),
        Some(SubArgs::Man) => Command::Man,
        Some(SubArgs::Help(args)) => Command::Help(args.resolve(environment)?),
        None => cli.fetch.resolve(environment, terminals)?,
    };
    Ok(command)
}

impl FetchArgs {
    fn resolve(
        mut self,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<Command, UsageError> {
        let config = self.display.apply_config(environment)?;
        if self.print_keys {
            return Ok(Command::PrintKeys(config.keys));
        }
        let compute_options = self.compute.resolve(self.simulate.simulation()?)?;
        let (choice, has_output) = (self.mode.into(), self.output.is_some());
        let (source, workload) = if self.has_list() {
            let url = self.check_list(compute_options.workload)?;
            let (url, api_url) = (url.as_deref(), self.api_url.as_deref());
            let list = self.pages.resolve(url, api_url, has_output, environment)?;
            (ApiSource::List(Box::new(list)), Workload::Pages)
        } else {
            let source = self.resolve_source(compute_options.workload, environment)?;
            (source, compute_options.workload)
        };
        let selection = Selection { workload, choice };
        let exports = self.export.paths(self.output, workload);
        let (record, compare) = (self.record.record, self.compare.compare);
        let read = [NamedPath { name: "--compare", path: compare.as_deref() }];
        let output =
            OutputOptions::resolve(self.display, exports, record, &read, environment, terminals)?;
        let costs_quota = match &source {
            ApiSource::BuiltIn => false,
            ApiSource::Api { api, .. } => !api.is_local(),
            ApiSource::List(list) => list.list.costs_quota,
        };
        let threads = match (self.threads, config.threads) {
            (Some(asked), _) => asked.resolve(costs_quota, selection)?,
            // A single number does not say which counts to compare.
            (None, Some(usual)) if !selection.is_sweep() => {
                let workers = usual.validate(costs_quota, selection)?;
                ThreadOptions { workers: Some(workers), ..ThreadOptions::default() }
            }
            _ => ThreadOptions::default(),
        };
        Ok(Command::Followers(FollowersCommand {
            source,
            selection,
            compute_options,
            workers: threads.workers,
            auto: threads.auto,
            sweep: self.sweep.resolve(threads.counts, selection)?,
            per_page: self.per_page.or(config.per_page).unwrap_or(DEFAULT_PER_PAGE),
            agreed: self.retry_policy.yes,
            retry_policy: self.retry_policy.into(),
            slow: self.simulate.slow_factor(selection),
            output,
            compare,
        }))
    }

    /// Returns `true` if the arguments name a list.
    fn has_list(&self) -> bool {
        let url = self.user.as_deref().filter(|_| self.user_option.is_none());
        self.pages.has_file() || url.is_some_and(pages::is_url)
    }

    /// Refuses options that lists do not have, and returns the URL.
    fn check_list(&self, workload: Workload) -> Result<Option<String>, UsageError> {
        let given = first_given([
            (!workload.has_accounts(), "--workload"),
            (self.user_option.is_some(), "--username"),
            (self.per_page.is_some(), "--per-page"),
        ]);
        if let Some(option) = given {
            return Err(UsageError::NotForLists { option });
        }
        match self.user.as_deref().and_then(command_words::user_page_error) {
            Some(error) => Err(error),
            None => Ok(self.user.clone()),
        }
    }

    /// Refuses options of followers for computed workloads.
    fn check_followers(&self, workload: Workload) -> Result<(), UsageError> {
        let given = first_given([
            (self.user.is_some(), "a USERNAME"),
            (self.user_option.is_some(), "--username"),
            (self.api_url.is_some(), "--api-url"),
            (self.output.is_some(), "--output"),
        ]);
        match given.filter(|_| workload.is_computed()) {
            Some(given) if self.simulate.simulate => Err(UsageError::SimulatedFollowers { given }),
            Some(given) => Err(UsageError::NoFollowers { workload, given }),
            None => Ok(()),
        }
    }

    fn resolve_source(
        &self,
        workload: Workload,
        environment: Environment<'_>,
    ) -> Result<ApiSource, UsageError> {
        if let (Some(word), None) = (&self.user, &self.user_option) {
            command_words::check(word)?;
        }
        if let Some(option) = self.pages.given() {
            return Err(UsageError::NoList { option });
        }
        self.check_followers(workload)?;
        let (user, user_option) = (self.user.as_deref(), self.user_option.as_deref());
        ApiSource::resolve(user, user_option, self.api_url.as_deref(), environment)
    }
}

/// Returns whether help was asked for with `-h`, and not of a command.
fn is_summary(args: &[OsString]) -> bool {
    let first = args.get(1).and_then(|arg| arg.to_str()).unwrap_or_default();
    let asked = args.iter().find(|arg| *arg == "-h" || *arg == "--help");
    asked.is_some_and(|arg| arg == "-h") && !is_command(first)
}

/// Returns whether clap knows the command. After an option, clap takes its name for the USERNAME.
fn is_command(name: &str) -> bool {
    Cli::command().find_subcommand(name).is_some()
}

/// Returns a variable that is set and not empty.
fn find_variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

/// Returns a value as text, with replacement characters where it is not Unicode.
fn into_lossy_string(value: OsString) -> String {
    value.into_string().unwrap_or_else(|value| value.to_string_lossy().into_owned())
}
