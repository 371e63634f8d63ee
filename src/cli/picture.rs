//! What a person wants to see, and how it is to look: options of every command that runs something.

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
pub(super) struct PictureArgs {
    /// No screen: print the times and a short report
    #[arg(long)]
    pub(super) plain: bool,
    /// No screen: print everything measured as one JSON document
    #[arg(long, conflicts_with = "plain")]
    pub(super) json: bool,
    /// Colours for a dark or a light background; auto asks the terminal
    #[arg(long, value_enum, default_value_t = Theme::Auto)]
    theme: Theme,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
}

/// How the screen is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Which background the screen's colours are for.
    pub theme: Theme,
    /// Only ASCII characters on the screen.
    pub ascii: bool,
}

/// `--theme`: which background the screen's colours are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// The terminal is asked
    Auto,
    /// Light text on dark
    Dark,
    /// Dark text on light
    Light,
}

/// What a person wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The screen, if there is a terminal; else [`Self::Plain`].
    Screen,
    /// The times and a short report.
    Plain,
    /// One JSON document.
    Json,
}

impl PictureArgs {
    /// What a person wants to see.
    pub(super) const fn way(&self) -> Way {
        match (self.json, self.plain) {
            (true, _) => Way::Json,
            (false, true) => Way::Plain,
            (false, false) => Way::Screen,
        }
    }
}

impl From<PictureArgs> for Picture {
    fn from(args: PictureArgs) -> Self {
        Self { theme: args.theme, ascii: args.ascii }
    }
}
