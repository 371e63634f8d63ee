//! `threadline help`: the list of topics, a topic, or the help of a command.

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _};

use super::docs::{TOPICS, Topic};
use super::environment::{Environment, find_variable};
use super::pager::Pager;
use super::{Cli, CliError};

/// The commands with help, in the order of the list.
const COMMANDS: [&str; 5] = ["exec", "replay", "serve", "completions", "man"];

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
