//! Text of a lesson: words, of which some light up with the part of the screen that they are about; figures
//! of the runs, filled in once these have ended; and keys.
//!
//! ```text
//! All [five lanes](lanes threads) waited {threads.waiting} of the time. {key run} runs it again.
//! ```

use std::str::FromStr;

use thiserror::Error;

use super::figure::{LessonFigure, ParseFigureError};
use crate::model::state::State;
use crate::model::workload::Mode;

/// The word before the name of a key.
const KEY: &str = "key ";

/// A text with figures, keys and words that light up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LessonText {
    /// The parts, in order.
    pub parts: Vec<TextPart>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Words.
    Words(String),
    /// Words that light up together with a part of the screen.
    Marked(String, Highlight),
    /// A figure of a run.
    Figure(LessonFigure),
    /// The key of an action, by the action's name in the configuration.
    Key(String),
}

/// A part of the screen that lights up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Highlight {
    /// The lanes of a mode: `lanes threads`.
    Lanes(Mode),
    /// The row of a mode in the totals: `totals threads`.
    Totals(Mode),
    /// The row of the GIL: `gil`.
    Gil,
    /// The mark of the prediction on the time axis: `mark`.
    Mark,
    /// The row of the queue: `queue`.
    Queue,
    /// The row of the tasks in flight: `in flight`.
    InFlight,
    /// A state in the legend: `state waiting`.
    State(State),
}

/// The reason why a text of a lesson cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LessonTextError {
    /// A brace or a bracket is not closed.
    #[error("{0:?} is not closed")]
    Unclosed(char),
    /// A bracket is not followed by a part of the screen.
    #[error("[{0}] needs a part of the screen after it, as in [{0}](lanes threads)")]
    NoTarget(String),
    /// There is no such part of the screen.
    #[error(
        "unknown part of the screen {0:?}; use lanes MODE, totals MODE, gil, mark, queue, in flight or \
         state STATE"
    )]
    Target(String),
    /// The figure in braces is none.
    #[error(transparent)]
    Figure(#[from] ParseFigureError),
}

impl LessonText {
    /// The figures in the text.
    pub fn figures(&self) -> impl Iterator<Item = LessonFigure> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Figure(figure) => Some(*figure),
            _ => None,
        })
    }

    /// The names of the keys in the text.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Key(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The parts of the screen that light up.
    pub fn highlights(&self) -> impl Iterator<Item = Highlight> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Marked(_, highlight) => Some(*highlight),
            _ => None,
        })
    }
}

impl FromStr for LessonText {
    type Err = LessonTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((words, opening, after)) = split_at_opening(rest) {
            if !words.is_empty() {
                parts.push(TextPart::Words(words.to_owned()));
            }
            let closing = if opening == '{' { '}' } else { ']' };
            let (inside, after) =
                after.split_once(closing).ok_or(LessonTextError::Unclosed(opening))?;
            rest = after;
            parts.push(match (opening, inside.strip_prefix(KEY)) {
                ('{', Some(name)) => TextPart::Key(name.trim().to_owned()),
                ('{', None) => TextPart::Figure(inside.trim().parse()?),
                _ => {
                    let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
                    let (target, after) =
                        target.ok_or_else(|| LessonTextError::NoTarget(inside.to_owned()))?;
                    rest = after;
                    TextPart::Marked(inside.to_owned(), target.parse()?)
                }
            });
        }
        if !rest.is_empty() {
            parts.push(TextPart::Words(rest.to_owned()));
        }
        Ok(Self { parts })
    }
}

/// Splits a text at its first opening brace or bracket.
fn split_at_opening(text: &str) -> Option<(&str, char, &str)> {
    let opening = text.chars().find(|&c| c == '{' || c == '[')?;
    let (words, after) = text.split_once(opening)?;
    Some((words, opening, after))
}

impl FromStr for Highlight {
    type Err = LessonTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || LessonTextError::Target(text.to_owned());
        let mode = |name: &str| {
            Mode::ALL.into_iter().find(|mode| mode.to_string() == name).ok_or_else(unknown)
        };
        Ok(match text.split_once(' ').unwrap_or((text, "")) {
            ("lanes", name) => Self::Lanes(mode(name)?),
            ("totals", name) => Self::Totals(mode(name)?),
            ("gil", "") => Self::Gil,
            ("mark", "") => Self::Mark,
            ("queue", "") => Self::Queue,
            ("in", "flight") => Self::InFlight,
            ("state", name) => {
                let named = |state: &State| state.label() == name;
                Self::State(State::ALL.into_iter().find(named).ok_or_else(unknown)?)
            }
            _ => return Err(unknown()),
        })
    }
}
