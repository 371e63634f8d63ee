//! The messages that `App::update` handles, and the effects that it returns.

use ratatui::crossterm::event::KeyEvent;

use super::keymap::Action;
use crate::model::{Background, Event, ExportKind, Nanos, PlannedRun, RunId};

/// A message to the app.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used, at this target.
    Mouse(Gesture, PointerTarget),
    /// An event of an active run. One of a simulated run is applied when it is due.
    Event(RunId, Event),
    /// The terminal reported its background.
    Background(Background),
    /// The measured cost of sending, receiving and applying an event.
    EventOverhead(Nanos),
    /// A frame was drawn; it took this long.
    FrameDrawn(Nanos),
    /// Unused file names for the exports.
    ExportNames(Vec<(ExportKind, String)>),
    /// An export has ended; the text reports the result.
    ExportFinished(String),
    /// The program that is watched cannot be let go; the text has the reason.
    LetGoFailed(String),
    /// It cannot be kept that a lesson is done; the text has the reason.
    LessonNotKept(String),
    /// The program resumed after a suspension of this duration.
    Resumed(Nanos),
    /// The time of the screen's clock, before each frame.
    Clock(Nanos),
    /// A frame is about to be drawn.
    Frame {
        /// The elapsed time of the active runs. During playback, the time of any monotonic clock.
        now: Nanos,
        /// The width of the timeline in cells.
        columns: u16,
    },
}

/// A mouse gesture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The button is pressed.
    Press,
    /// The mouse moves while the button is down.
    Drag,
    /// The button is released.
    Release,
    /// The wheel turns up, away from the user.
    ScrollUp,
    /// The wheel turns down, towards the user.
    ScrollDown,
}

/// The position that the mouse points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerTarget {
    /// The index of the lane, counted across all runs shown.
    pub lane: Option<usize>,
    /// The time on the axis.
    pub at: Option<Nanos>,
    /// The action of the mode or the key.
    pub action: Option<Action>,
}

/// An effect for the caller to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Starts these runs at the same moment.
    Start(Vec<PlannedRun>),
    /// Stops the active runs.
    Stop,
    /// Asks the program that is watched to end (SIGTERM).
    TerminateProgram,
    /// Kills the program that is watched (SIGKILL).
    KillProgram,
    /// Lets the program that is watched go on without this one.
    LetProgramGo {
        /// Quits afterwards.
        quits: bool,
    },
    /// Finds an unused file name for each kind of export: this stem, a number and an extension.
    FindExportNames(String),
    /// Writes an export to a file.
    Export {
        /// The kind of export.
        kind: ExportKind,
        /// The file name without number and extension.
        stem: String,
    },
    /// Remembers that the lesson with this name was played to its end.
    LessonDone(String),
    /// Suspends the program and returns the terminal to the shell.
    Suspend,
    /// Quits.
    Quit,
    /// Quits as if by SIGINT.
    Interrupt,
}
