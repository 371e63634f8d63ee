//! The figures of runs that a lesson asks for, and conditions on them, as they are written in its file:
//! `threads.seconds`, `gil.lock-wait`, `threads.seconds < 0.3 * sequential.seconds`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::model::state::State;
use crate::model::workload::Mode;

/// The prefix of a figure of the runs of the question before.
const EARLIER: &str = "before.";

/// A figure of one of a question's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LessonFigure {
    /// `true` for the runs of the question before.
    pub is_earlier: bool,
    /// The mode of the run.
    pub mode: Mode,
    /// The quantity.
    pub quantity: Quantity,
}

/// A quantity of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// The duration of the run, in seconds.
    Seconds,
    /// The speed-up over the sequential run beside it, or else over the sequential run of the question
    /// before.
    SpeedUp,
    /// The number of workers.
    Workers,
    /// The number of tasks.
    Tasks,
    /// The number of waves in which the workers do the tasks.
    Waves,
    /// The median time of a task, in seconds.
    TaskSeconds,
    /// The longest time that a task waited in the queue, in seconds.
    LongestQueue,
    /// The mean time that a task waited in the queue, in seconds.
    MeanQueue,
    /// The maximum number of tasks in work at the same time.
    MostInWork,
    /// The share of the workers' time in a state, from 0 to 1.
    Share(State),
    /// The mean number of lanes that were on a CPU or computed.
    Cores,
    /// The share of the time in which the GIL was held, from 0 to 1.
    GilHeld,
    /// The mean number of threads that waited for the GIL.
    GilWaiters,
    /// The number of times per second that the GIL changed hands.
    HandOvers,
    /// The longest time that a thread kept the GIL, in seconds.
    LongestHold,
}

/// The unit of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureUnit {
    /// Seconds.
    Seconds,
    /// A factor.
    Times,
    /// A share from 0 to 1.
    Share,
    /// A number of things.
    Count,
    /// A mean number of cores.
    Cores,
    /// A number per second.
    PerSecond,
}

impl Quantity {
    /// The quantities that are no share of a state, with their names.
    const NAMED: [(&'static str, Self); 14] = [
        ("seconds", Self::Seconds),
        ("speed-up", Self::SpeedUp),
        ("workers", Self::Workers),
        ("tasks", Self::Tasks),
        ("waves", Self::Waves),
        ("task-seconds", Self::TaskSeconds),
        ("longest-queue", Self::LongestQueue),
        ("mean-queue", Self::MeanQueue),
        ("most-in-work", Self::MostInWork),
        ("cores", Self::Cores),
        ("gil-held", Self::GilHeld),
        ("gil-waiters", Self::GilWaiters),
        ("hand-overs", Self::HandOvers),
        ("longest-hold", Self::LongestHold),
    ];

    /// The unit.
    pub const fn unit(self) -> FigureUnit {
        match self {
            Self::Seconds
            | Self::TaskSeconds
            | Self::LongestQueue
            | Self::MeanQueue
            | Self::LongestHold => FigureUnit::Seconds,
            Self::SpeedUp => FigureUnit::Times,
            Self::Share(_) | Self::GilHeld => FigureUnit::Share,
            Self::HandOvers => FigureUnit::PerSecond,
            Self::Workers | Self::Tasks | Self::Waves | Self::MostInWork | Self::GilWaiters => {
                FigureUnit::Count
            }
            Self::Cores => FigureUnit::Cores,
        }
    }
}

/// The name in a file: `seconds`, or a state with hyphens: `lock-wait`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Share(state) = self {
            return f.write_str(&state_name(*state));
        }
        let named = Self::NAMED.iter().find(|(_, quantity)| quantity == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// The reason why a text is no figure or no condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseFigureError {
    /// The mode before the dot is unknown.
    #[error("unknown mode {0:?}; use sequential, threads, gil or processes, as in threads.seconds")]
    Mode(String),
    /// The quantity after the dot is unknown.
    #[error("unknown quantity {name:?}; use one of {}", quantity_names())]
    Quantity {
        /// The text.
        name: String,
    },
    /// A condition has no comparison.
    #[error(
        "{0:?} compares nothing; use <, <=, > or >=, as in threads.seconds < 0.5 * sequential.seconds"
    )]
    NoComparison(String),
    /// A number is not one.
    #[error("{0:?} is no number")]
    Number(String),
}

impl FromStr for LessonFigure {
    type Err = ParseFigureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (is_earlier, rest) =
            text.strip_prefix(EARLIER).map_or((false, text), |rest| (true, rest));
        let (mode, quantity) = rest.split_once('.').unwrap_or((rest, ""));
        let found = Mode::ALL.into_iter().find(|one| one.to_string() == mode);
        let mode = found.ok_or_else(|| ParseFigureError::Mode(mode.to_owned()))?;
        let named = Quantity::NAMED.into_iter().find(|(name, _)| *name == quantity);
        let share = || State::ALL.into_iter().find(|&state| state_name(state) == quantity);
        let found = named.map(|(_, found)| found).or_else(|| share().map(Quantity::Share));
        let quantity =
            found.ok_or_else(|| ParseFigureError::Quantity { name: quantity.to_owned() })?;
        Ok(Self { is_earlier, mode, quantity })
    }
}

impl fmt::Display for LessonFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let earlier = if self.is_earlier { EARLIER } else { "" };
        write!(f, "{earlier}{}.{}", self.mode, self.quantity)
    }
}

fn state_name(state: State) -> String {
    state.label().replace(' ', "-").to_lowercase()
}

fn quantity_names() -> String {
    let mut names: Vec<String> =
        Quantity::NAMED.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.push("a state, as lock-wait".to_owned());
    names.join(", ")
}

/// A condition that a sentence of an explanation rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LessonCondition {
    /// The left side.
    pub left: ConditionSide,
    /// The comparison.
    pub comparison: LessonComparison,
    /// The right side.
    pub right: ConditionSide,
}

/// A side of a condition: a number, a figure, or a figure times a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConditionSide {
    /// The factor, or the number itself if there is no figure.
    pub factor: f64,
    /// The figure.
    pub figure: Option<LessonFigure>,
}

/// The comparison of the sides of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LessonComparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl LessonComparison {
    /// All comparisons; a longer sign comes before its beginning.
    const SIGNS: [(&'static str, Self); 4] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("<", Self::Less), (">", Self::More)];

    /// Returns `true` if the sides compare so.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl FromStr for LessonCondition {
    type Err = ParseFigureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let signs = LessonComparison::SIGNS.into_iter();
        let mut split = signs.filter_map(|(sign, one)| Some((text.split_once(sign)?, one)));
        let ((left, right), comparison) =
            split.next().ok_or_else(|| ParseFigureError::NoComparison(text.to_owned()))?;
        Ok(Self { left: left.parse()?, comparison, right: right.parse()? })
    }
}

impl FromStr for ConditionSide {
    type Err = ParseFigureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let text = text.trim();
            let parsed = text.parse::<f64>().ok().filter(|number| number.is_finite());
            parsed.ok_or_else(|| ParseFigureError::Number(text.to_owned()))
        };
        if let Some((factor, figure)) = text.split_once('*') {
            let figure = Some(figure.trim().parse()?);
            return Ok(Self { factor: number(factor)?, figure });
        }
        match text.trim() {
            text if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                Ok(Self { factor: 1.0, figure: Some(text.parse()?) })
            }
            text => Ok(Self { factor: number(text)?, figure: None }),
        }
    }
}

impl fmt::Display for LessonCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = LessonComparison::SIGNS.iter().find(|(_, one)| *one == self.comparison);
        write!(f, "{} {} {}", self.left, sign.map_or("", |(sign, _)| sign), self.right)
    }
}

impl fmt::Display for ConditionSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            None => write!(f, "{}", self.factor),
            Some(figure) if self.factor.to_bits() == 1.0_f64.to_bits() => figure.fmt(f),
            Some(figure) => write!(f, "{} * {figure}", self.factor),
        }
    }
}
