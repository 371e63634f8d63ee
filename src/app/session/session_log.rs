//! The log of a session: the selections that were started and the events of their runs, in order.
//! Replaying the log rebuilds the session.

use std::sync::Arc;

use super::Session;
use crate::model::{Event, LogEntry, LogSink, Selection, SelectionStart, Setup};

impl Session {
    /// Sends all further entries to `sink`.
    #[must_use]
    pub fn with_log_sink(mut self, sink: Box<dyn LogSink>) -> Self {
        self.log = Some(sink);
        self
    }

    /// Rebuilds a session from the setup that it began with and its log.
    pub fn from_log(setup: &Setup, entries: &[LogEntry]) -> Self {
        let mut session = Self::new(setup.clone());
        for entry in entries {
            session.replay_entry(entry);
        }
        session
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

    /// Returns the log entry of a selection that starts now.
    pub(in crate::app) fn selection_start(&self, selection: Selection) -> SelectionStart {
        let setup = Setup { commands: Arc::default(), ..self.setup.clone() };
        SelectionStart { selection, setup, pages: self.pages }
    }

    pub(super) fn log_start(&mut self, selection: Selection) {
        let start = self.selection_start(selection);
        if let Some(log) = &mut self.log {
            log.record(LogEntry::Start(Arc::new(start)));
        }
    }

    pub(super) fn log_event(&mut self, event: &Event) {
        if let (Some(log), Some(_)) = (&mut self.log, self.active) {
            log.record(LogEntry::Event(event.clone()));
        }
    }
}
