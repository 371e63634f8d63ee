//! What comes to the app, and what it asks for.

use ratatui::crossterm::event::KeyEvent;

use crate::model::{Background, Event, ExportKind, Nanos, Plan};

/// What came.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something, there.
    Mouse(Gesture, PointerTarget),
    /// Something happened in the run that goes on.
    Event(Event),
    /// The terminal told its background.
    Background(Background),
    /// What it costs to send, receive and fold an event was measured.
    EventOverhead(Nanos),
    /// A frame was drawn, in this time.
    FrameDrawn(Nanos),
    /// Names that no file has, for what can be taken along.
    ExportNames(Vec<(ExportKind, String)>),
    /// What became of something that was to be written.
    ExportFinished(String),
    /// The program slept, and all its threads with it.
    Resumed(Nanos),
    /// A frame is about to be drawn.
    Frame {
        /// How far the run that goes on is, by its own clock; where a recording is played, what the
        /// time is, on any clock.
        now: Nanos,
        /// How many cells the timeline has.
        columns: u16,
    },
}

/// What a person does with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The button goes down.
    Press,
    /// The mouse moves while it is down.
    Drag,
    /// The button goes up.
    Release,
    /// The wheel, away from the hand.
    ScrollUp,
    /// The wheel, towards the hand.
    ScrollDown,
}

/// What the mouse points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerTarget {
    /// The lane, counted through all runs shown.
    pub lane: Option<usize>,
    /// The moment on the time axis.
    pub at: Option<Nanos>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start a run.
    Start(Plan),
    /// Stop the run that goes on.
    Stop,
    /// Have the run that goes on, if it is simulated, be so many times slower than real time.
    SetSlowdown(u32),
    /// Find a name that no file has for each kind of export: this one, a number, and an ending.
    FindExportNames(String),
    /// Write what is taken along to a file of that name.
    Export {
        /// What.
        kind: ExportKind,
        /// The file's name, without a number or an ending.
        stem: String,
    },
    /// Hand the terminal to the shell until it calls back.
    Suspend,
    /// Leave.
    Quit,
    /// Leave as if by SIGINT.
    Interrupt,
}
