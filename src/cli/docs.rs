//! The documentation: its pages, for rustdoc too, `threadline help`, and the pager.

mod text;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _};

use super::{Cli, CliError, Environment, find_variable};

/// The commands with help, in the order of the list.
const COMMANDS: [&str; 7] = ["exec", "watch", "learn", "replay", "serve", "completions", "man"];

/// The exit codes of a shell that cannot run the pager.
const NOT_RUN: [i32; 2] = [126, 127];

/// A page of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The word after `threadline help`.
    pub name: &'static str,
    /// The subject of the page, in a few words.
    pub about: &'static str,
    /// The name of its file in `assets/docs`.
    pub file: &'static str,
    markdown: &'static str,
}

impl Topic {
    /// Returns the page for a terminal or a pipe: plain text of 80 columns.
    pub fn plain_text(&self) -> String {
        text::from_markdown(self.markdown)
    }
}

/// Defines each topic as an entry of [`TOPICS`] and as a module that rustdoc shows.
macro_rules! topics {
    (@file $name:ident) => { stringify!($name) };
    (@file $name:ident $file:literal) => { $file };
    ($($name:ident $(in $file:literal)?: $about:literal,)+) => {
        /// Every page, in reading order.
        pub const TOPICS: &[Topic] = &[$(Topic {
            name: stringify!($name),
            about: $about,
            file: concat!(topics!(@file $name $($file)?), ".md"),
            markdown: include_str!(concat!("../../assets/docs/", topics!(@file $name $($file)?), ".md")),
        },)+];

        $(#[doc = include_str!(concat!("../../assets/docs/", topics!(@file $name $($file)?), ".md"))]
        pub mod $name {})+
    };
}

topics! {
    guide: "the screen: rows, states, figures, looking closer",
    keys: "every key and its name in the configuration",
    followers: "tokens, rate limits, retries, proxies, GitHub Enterprise Server",
    apis: "any list of any API: pages, headers, items, limits",
    threads: "how many threads: sweeps, --threads auto, processes",
    lessons: "threadline learn: predict, run, compare; a lesson of your own",
    gil: "Python's global interpreter lock, simulation, slow motion",
    programs in "watch": "watching the threads of your own program",
    commands: "running your own commands with threadline exec",
    export: "pictures, traces, reports, follower lists",
    recording: "recording, replay, the file format",
    automation: "scripts: plain output, exit codes, the JSON documents",
    server: "the built-in server and its faults",
    configuration: "settings, key bindings, completion, screen readers, colours",
    figures: "promises and measurements",
    changelog: "what changed in which version",
}

#[derive(Args, Debug)]
pub(super) struct HelpArgs {
    /// A topic or a command; without one, lists them
    #[arg(value_name = "TOPIC", value_parser = PossibleValuesParser::new(words()), hide_possible_values = true)]
    word: Option<String>,
}

/// A text to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The text, in lines of 80 columns.
    pub text: String,
    /// The pager for it, if it is long.
    pub pager: Option<Pager>,
}

fn words() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name).chain(COMMANDS)
}

impl HelpArgs {
    /// Finds the text of a topic, or clap's help for a command.
    pub(super) fn resolve(self, environment: Environment<'_>) -> Result<Help, CliError> {
        let Some(word) = self.word else { return Ok(Help { text: overview(), pager: None }) };
        if let Some(topic) = TOPICS.iter().find(|topic| topic.name == word) {
            let is_dumb = find_variable(environment, "TERM").is_some_and(|term| term == "dumb");
            let pager = Pager::from_variable(environment("PAGER").as_deref());
            return Ok(Help { text: topic.plain_text(), pager: pager.filter(|_| !is_dumb) });
        }
        // clap returns the help of a command as an error.
        match Cli::command().try_get_matches_from(["threadline", &word, "--help"]) {
            Err(help) => Err(CliError::from_clap(help, &[])),
            Ok(_) => Ok(Help { text: overview(), pager: None }),
        }
    }
}

/// The list of topics and commands.
fn overview() -> String {
    let topic = |topic: &Topic| format!("  {:14} {}\n", topic.name, topic.about);
    let command = Cli::command();
    let about = |name: &str| {
        let about = command.find_subcommand(name).and_then(clap::Command::get_about);
        format!("  {name:14} {}\n", about.map(ToString::to_string).unwrap_or_default())
    };
    let topics: String = TOPICS.iter().map(topic).collect();
    let commands: String = COMMANDS.iter().map(|name| about(name)).collect();
    format!(
        "Usage: threadline help [TOPIC]\n\nTopics:\n{topics}\nCommands:\n{commands}\n\
         threadline -h shows the most important options, threadline --help all of them.\n"
    )
}

/// The program that shows long texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pager {
    /// `less`, which ends by itself if the text fits on the screen.
    Less,
    /// The value of `PAGER`, for a shell.
    Shell(OsString),
}

impl Pager {
    /// Returns the pager for a value of `PAGER`. An empty value, and `cat`, mean that there is none.
    pub fn from_variable(value: Option<&OsStr>) -> Option<Self> {
        match value {
            None => Some(Self::Less),
            Some(value) if value.is_empty() || value == "cat" => None,
            Some(value) => Some(Self::Shell(value.to_owned())),
        }
    }

    /// Shows a text and waits until the pager ends. Returns `false` if there is no such pager.
    pub fn show(&self, text: &str) -> bool {
        let Ok(mut child) = self.start() else { return false };
        // The terminal sends Ctrl-C to both programs; the pager decides what it means.
        #[cfg(unix)]
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default());
        if let Some(mut stdin) = child.stdin.take() {
            // A pager that is quit before it has read everything closes the pipe.
            _ = stdin.write_all(text.as_bytes());
        }
        let status = child.wait().ok().and_then(|status| status.code());
        !status.is_some_and(|code| NOT_RUN.contains(&code))
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = match self {
            Self::Less => Command::new("less"),
            Self::Shell(_) => Command::new("sh"),
        };
        match self {
            Self::Less => command.args(["-F", "-X"]),
            Self::Shell(pager) => command.arg("-c").arg(pager),
        };
        command.stdin(Stdio::piped()).spawn()
    }
}
