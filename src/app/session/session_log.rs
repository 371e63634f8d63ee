//! The log of a session: the selections that were started and the events of their runs, in order.
//! Replaying the log rebuilds the session.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Session, Setup};
use crate::model::{Event, Selection};

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

impl Session {
    /// Sends all further entries to `sink`.
    #[must_use]
    pub fn with_log_sink(mut self, sink: Box<dyn LogSink>) -> Self {
        self.log = Some(sink);
        self
    }

    /// Applies an entry of another session's log.
    pub fn replay_entry(&mut self, entry: &LogEntry) {
        match entry {
            LogEntry::Start(start) if self.active.is_none() => {
                self.adopt_setup(start);
                self.start_selection(start.selection);
            }
            LogEntry::Start(_) => {}
            LogEntry::Event(event) => _ = self.apply(event),
        }
    }

    /// Adopts the setup that a selection had in another session.
    pub(in crate::app) fn adopt_setup(&mut self, start: &SelectionStart) {
        let simulation = start.setup.compute.simulation;
        if simulation != self.setup.compute.simulation {
            self.set_simulation(simulation);
        }
        let commands = Arc::clone(&self.setup.commands);
        self.setup = Setup { commands, ..start.setup.clone() };
        self.pages = start.pages;
    }

    pub(super) fn log_start(&mut self, selection: Selection) {
        if let Some(log) = &mut self.log {
            let setup = Setup { commands: Arc::default(), ..self.setup.clone() };
            let pages = self.pages;
            log.record(LogEntry::Start(Arc::new(SelectionStart { selection, setup, pages })));
        }
    }

    pub(super) fn log_event(&mut self, event: &Event) {
        if let (Some(log), Some(_)) = (&mut self.log, self.active) {
            log.record(LogEntry::Event(event.clone()));
        }
    }
}
