//! The log of a session: the selections that were started and the events of their runs, in order.
//! Replaying the log rebuilds the session.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Session, Setup};
use crate::model::{Event, Selection};

/// The maximum number of entries kept in memory for a later export: about 20 MB, not counting page
/// contents, which are shared with the runs.
const MAX_BUFFERED_ENTRIES: usize = 200_000;

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

/// The log of a session: an optional sink and an optional buffer.
#[derive(Debug, Default)]
pub(super) struct SessionLog {
    sink: Option<Box<dyn LogSink>>,
    buffer: Option<LogBuffer>,
}

/// The latest entries, kept for a later export.
#[derive(Debug, Default)]
struct LogBuffer {
    entries: Vec<LogEntry>,
    /// The active selection does not fit, so its entries are dropped.
    overflowed: bool,
}

impl LogBuffer {
    fn push(&mut self, entry: LogEntry) {
        let starts = if let LogEntry::Start(start) = &entry { Some(start.selection) } else { None };
        let is_start = starts.is_some();
        self.overflowed &= !is_start;
        starts.inspect(|&selection| self.drop_earlier(selection));
        if self.overflowed {
            return;
        }
        if self.entries.len() >= MAX_BUFFERED_ENTRIES {
            self.drop_oldest();
        }
        if is_start || !self.entries.is_empty() {
            self.entries.push(entry);
        } else {
            self.overflowed = true;
        }
    }

    /// Drops the previous runs of the selection: the screen no longer shows them, and repeated runs
    /// must not use more memory than one.
    fn drop_earlier(&mut self, selection: Selection) {
        let mut stays = true;
        self.entries.retain(|entry| {
            if let LogEntry::Start(start) = entry {
                stays = start.selection != selection;
            }
            stays
        });
    }

    /// Drops at least a quarter of the entries, oldest first, up to the start of a selection.
    fn drop_oldest(&mut self) {
        let is_start = |entry: &LogEntry| matches!(entry, LogEntry::Start(_));
        let later = self.entries.iter().skip(MAX_BUFFERED_ENTRIES / 4).position(is_start);
        let first = later.map_or(self.entries.len(), |place| place + MAX_BUFFERED_ENTRIES / 4);
        self.entries.drain(..first);
    }
}

impl SessionLog {
    fn record(&mut self, entry: impl Fn() -> LogEntry) {
        if let Some(sink) = &mut self.sink {
            sink.record(entry());
        }
        if let Some(buffer) = &mut self.buffer {
            buffer.push(entry());
        }
    }
}

impl Session {
    /// Sends all further entries to `sink`.
    #[must_use]
    pub fn with_log_sink(mut self, sink: Box<dyn LogSink>) -> Self {
        self.log.sink = Some(sink);
        self
    }

    /// Keeps all further entries in memory for [`Self::log_entries`].
    #[must_use]
    pub fn with_log_buffer(mut self) -> Self {
        self.log.buffer = Some(LogBuffer::default());
        self
    }

    /// The buffered entries, beginning with the start of a selection. Empty without a buffer, or if
    /// the active selection is too long for it.
    pub fn log_entries(&self) -> &[LogEntry] {
        self.log.buffer.as_ref().map_or(&[], |buffer| buffer.entries.as_slice())
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
        let (setup, pages) = (&self.setup, self.pages);
        self.log.record(|| {
            let setup = Setup { commands: Arc::default(), ..setup.clone() };
            LogEntry::Start(Arc::new(SelectionStart { selection, setup, pages }))
        });
    }

    pub(super) fn log_event(&mut self, event: &Event) {
        if self.active.is_some() {
            self.log.record(|| LogEntry::Event(event.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventKind, LaneId, Nanos, Workload};

    fn start() -> LogEntry {
        start_of(Selection::race(Workload::Commands))
    }

    fn start_of(selection: Selection) -> LogEntry {
        let setup = Setup::commands(Arc::default(), 1);
        LogEntry::Start(Arc::new(SelectionStart { selection, setup, pages: None }))
    }

    fn event(at: u64) -> LogEntry {
        let kind = EventKind::TaskCountChanged { tasks: 1 };
        LogEntry::Event(Event { at: Nanos(at), lane: LaneId(0), kind })
    }

    #[test]
    fn oldest_selections_are_dropped_from_a_full_buffer() {
        let mut buffer = LogBuffer::default();
        let workloads = [Workload::Cpu, Workload::Native];
        for selection in workloads.into_iter().flat_map(Selection::all).take(9) {
            buffer.push(start_of(selection));
            (0..49_999).for_each(|at| buffer.push(event(at)));
        }
        assert!(
            (150_000..=MAX_BUFFERED_ENTRIES).contains(&buffer.entries.len()),
            "{}",
            buffer.entries.len()
        );
        assert!(matches!(buffer.entries.first(), Some(LogEntry::Start(_))));
        assert_eq!(buffer.entries.last(), Some(&event(49_998)));
    }

    #[test]
    fn only_the_latest_start_of_a_selection_is_buffered() {
        let mut buffer = LogBuffer::default();
        let other = start_of(Selection::race(Workload::Cpu));
        for at in 0..50 {
            buffer.push(start());
            buffer.push(event(at));
            buffer.push(other.clone());
            buffer.push(event(at));
        }
        assert_eq!(buffer.entries, [start(), event(49), other, event(49)]);
    }

    #[test]
    fn oversized_selection_is_dropped_and_the_next_is_buffered() {
        let mut buffer = LogBuffer::default();
        buffer.push(start());
        (0..MAX_BUFFERED_ENTRIES as u64).for_each(|at| buffer.push(event(at)));
        assert_eq!(buffer.entries, []);
        buffer.push(event(1));
        buffer.push(start());
        buffer.push(event(2));
        assert_eq!(buffer.entries, [start(), event(2)]);
    }
}
