//! The texts of a lesson with the figures of its runs filled in.

use super::figures::LessonRuns;
use crate::model::lesson::{FigureUnit, Highlight, LessonFigure, LessonText, TextPart};

/// A text as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilledText(pub Vec<FilledPart>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledPart {
    /// The words.
    pub text: String,
    /// The part of the screen that they are about.
    pub highlight: Option<Highlight>,
}

impl FilledText {
    /// Fills in the figures of `runs`, and for each action's name the key that `key` returns. A figure that
    /// the runs have not is a question mark.
    pub fn new(text: &LessonText, runs: LessonRuns<'_>, key: &dyn Fn(&str) -> String) -> Self {
        let part = |part: &TextPart| match part {
            TextPart::Words(words) => FilledPart { text: words.clone(), highlight: None },
            TextPart::Marked(words, highlight) => {
                FilledPart { text: words.clone(), highlight: Some(*highlight) }
            }
            TextPart::Figure(figure) => FilledPart {
                text: runs
                    .measure(*figure)
                    .map_or_else(|| "?".to_owned(), |value| figure_text(*figure, value)),
                highlight: None,
            },
            TextPart::Key(name) => FilledPart { text: key(name), highlight: None },
        };
        Self(text.parts.iter().map(part).collect())
    }

    /// The text without its highlights.
    pub fn plain(&self) -> String {
        self.0.iter().map(|part| part.text.as_str()).collect()
    }
}

/// Returns a figure with its unit: `1.05 s`, `120 ms`, `4.4x`, `75 %`, `200 times per second`, `5`.
pub fn figure_text(figure: LessonFigure, value: f64) -> String {
    match figure.quantity.unit() {
        FigureUnit::Seconds if value < 0.1 => format!("{:.0} ms", value * 1_000.0),
        FigureUnit::Seconds => format!("{value:.2} s"),
        FigureUnit::Times => format!("{value:.1}x"),
        FigureUnit::Share if value > 0.0 && value < 0.005 => "less than 1 %".to_owned(),
        FigureUnit::Share => format!("{:.0} %", value * 100.0),
        FigureUnit::PerSecond => format!("{value:.0} times per second"),
        FigureUnit::Cores => format!("{value:.1} cores"),
        FigureUnit::Count if (value - value.round()).abs() < 0.05 => format!("{value:.0}"),
        FigureUnit::Count => format!("{value:.1}"),
    }
}
