//! The log of a session, kept in memory.

use std::cell::RefCell;
use std::rc::Rc;

use threadline::app::Session;
use threadline::model::{LogEntry, LogSink};

/// The entries of a session's log so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryLog(Rc<RefCell<Vec<LogEntry>>>);

impl MemoryLog {
    /// Logs all further entries of a session here.
    pub(crate) fn attach(&self, session: Session) -> Session {
        session.with_log_sink(Box::new(self.clone()))
    }

    /// Returns the entries so far.
    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.0.borrow().clone()
    }
}

impl LogSink for MemoryLog {
    fn record(&mut self, entry: LogEntry) {
        self.0.borrow_mut().push(entry);
    }
}
