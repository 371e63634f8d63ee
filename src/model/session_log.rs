//! The entries of a session's log, which is also the content of a recording.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::selection::Selection;
use super::setup::Setup;

/// The start of a selection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectionStart {
    /// The selection.
    #[serde(rename = "begin")]
    pub selection: Selection,
    /// The setup of the session at that time, without the commands, which never change.
    pub setup: Setup,
    /// The number of pages of followers, if known at that time.
    pub pages: Option<u32>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LogEntry {
    /// A selection was started.
    Start(Arc<SelectionStart>),
    /// An event of the active run.
    Event(Event),
}

/// A destination for log entries as they occur.
pub trait LogSink: Debug {
    /// Records the next entry. Must not block.
    fn record(&mut self, entry: LogEntry);
}
