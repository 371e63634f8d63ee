//! The meaning of a lesson's runs: the figures that its texts name, whether its conditions hold, and how a
//! prediction compares with what happened.

mod figures;
mod filled_text;
mod outcome;

pub use figures::LessonRuns;
pub use filled_text::{FilledPart, FilledText, figure_text};
pub use outcome::{LessonOutcome, Prediction, StatementResult};
