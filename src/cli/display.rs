//! Appearance, and the screen or a report: options of every command that runs something.

use std::path::PathBuf;

use clap::Args;

use super::config::{self, Config, ThemeArg};
use super::environment::{Environment, Terminals, find_variable};
use super::usage::ConfigError;
use crate::app::Keymap;

/// The heading of the options that replace the screen.
const NO_SCREEN: &str = "Without a screen";

#[derive(Args, Debug)]
#[command(next_help_heading = super::SCREEN)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct DisplayArgs {
    /// No screen: print the times and a short report
    #[arg(long, help_heading = NO_SCREEN)]
    plain: bool,
    /// No screen: print everything measured, as one JSON document
    #[arg(long, help_heading = NO_SCREEN, conflicts_with = "plain")]
    pub(super) json: bool,
    /// No screen: sentences for a screen reader
    #[arg(long, hide_short_help = true, help_heading = NO_SCREEN, long_help = super::help::NARRATE)]
    narrate: bool,
    /// Colours: dark, light, or auto, which asks the terminal [default: auto]
    #[arg(long, hide_short_help = true, value_enum, hide_possible_values = true)]
    theme: Option<ThemeArg>,
    /// Use ASCII characters only
    #[arg(long, hide_short_help = true)]
    ascii: bool,
    /// Use the mouse: the wheel zooms, a click selects, dragging marks a range
    #[arg(long, hide_short_help = true)]
    mouse: bool,
    /// Draw at most twice per second, and jump instead of scrolling
    #[arg(long, hide_short_help = true)]
    reduced_motion: bool,
    /// Read this configuration
    #[arg(long, hide_short_help = true, value_name = "FILE", long_help = super::help::CONFIG)]
    config: Option<PathBuf>,
    /// The environment.
    #[arg(skip)]
    keys: Keymap,
    /// Set by the environment.
    #[arg(skip)]
    accessible: bool,
}

/// The appearance of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayOptions {
    /// The background that the colours are chosen for.
    pub theme: ThemeArg,
    /// If set, the screen uses ASCII characters only.
    pub ascii: bool,
    /// If set, the mouse is captured.
    pub mouse: bool,
    /// If set, motion is reduced.
    pub reduced_motion: bool,
    /// The key bindings.
    pub keys: Keymap,
}

/// The form of the progress on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No progress.
    None,
    /// A line that is redrawn in place, for a terminal.
    Line,
    /// Sentences that are never overwritten, for a screen reader.
    Sentences,
}

impl DisplayArgs {
    /// Reads the configuration, and applies it to options that the command line omits.
    pub(super) fn apply_config(
        &mut self,
        environment: Environment<'_>,
    ) -> Result<Config, ConfigError> {
        let config = Config::load(self.config.as_deref(), environment)?;
        self.theme = self.theme.or(config.theme);
        self.ascii |= config.ascii;
        self.mouse |= config.mouse;
        self.reduced_motion |= config.reduced_motion;
        self.keys.clone_from(&config.keys);
        self.accessible =
            find_variable(environment, "ACCESSIBLE").is_some_and(|value| value != "0");
        Ok(config)
    }

    /// The path of the configuration, if there is one.
    pub(super) fn config_path(&self, environment: Environment<'_>) -> Option<PathBuf> {
        config::config_path(self.config.as_deref(), environment)
    }

    /// Returns `true` if an option or the environment replaces the screen by text.
    pub(super) const fn is_plain(&self) -> bool {
        self.plain || self.narrate || self.accessible
    }

    /// The form of the progress. `ACCESSIBLE` affects only a terminal, and no scripts.
    pub(super) const fn progress(&self, terminals: Terminals) -> Progress {
        match (self.narrate, self.accessible, terminals.stderr) {
            (true, _, _) | (false, true, true) => Progress::Sentences,
            (false, false, true) => Progress::Line,
            (false, _, false) => Progress::None,
        }
    }
}

impl From<DisplayArgs> for DisplayOptions {
    fn from(args: DisplayArgs) -> Self {
        Self {
            theme: args.theme.unwrap_or(ThemeArg::Auto),
            ascii: args.ascii,
            mouse: args.mouse,
            reduced_motion: args.reduced_motion,
            keys: args.keys,
        }
    }
}
