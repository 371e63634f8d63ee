//! What a sitting is a fold of, in order: the selections that were begun, and the events that came.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Session, Setup};
use crate::model::{Event, Selection};

/// So many are kept for a person who wants them afterwards: some 20 MB, pages aside, which the runs
/// have, too.
const MAX_BUFFERED_ENTRIES: usize = 200_000;

/// A selection was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectionStart {
    /// Which one.
    #[serde(rename = "begin")]
    pub selection: Selection,
    /// The sitting's setup as it stood then; its commands, which never change, are left out.
    pub setup: Setup,
    /// How many pages of followers there were, as far as was known.
    pub pages: Option<u32>,
}

/// Something that a sitting is a fold of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LogEntry {
    /// A selection was begun.
    Start(Arc<SelectionStart>),
    /// Something happened in the run that goes on.
    Event(Event),
}

/// Takes down what happens, as it happens.
pub trait LogSink: Debug {
    /// Takes down what happened next, and keeps nobody waiting.
    fn record(&mut self, entry: LogEntry);
}

/// Where a sitting takes down what happens.
#[derive(Debug, Default)]
pub(super) struct SessionLog {
    sink: Option<Box<dyn LogSink>>,
    buffer: Option<LogBuffer>,
}

/// What happened, for whoever wants it afterwards.
#[derive(Debug, Default)]
struct LogBuffer {
    entries: Vec<LogEntry>,
    /// Whether the selection that runs is too long to be kept.
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

    /// Forgets what the selection was before: the screen shows it no more, and a sitting of many runs
    /// takes no more room than one.
    fn drop_earlier(&mut self, selection: Selection) {
        let mut stays = true;
        self.entries.retain(|entry| {
            if let LogEntry::Start(start) = entry {
                stays = start.selection != selection;
            }
            stays
        });
    }

    /// Forgets whole selections, the first ones, until there is room again.
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
    /// What happens from now on is taken down on `sink`.
    #[must_use]
    pub fn with_log_sink(mut self, sink: Box<dyn LogSink>) -> Self {
        self.log.sink = Some(sink);
        self
    }

    /// What happens from now on is kept for [`Self::log_entries`].
    #[must_use]
    pub fn with_log_buffer(mut self) -> Self {
        self.log.buffer = Some(LogBuffer::default());
        self
    }

    /// What happened, from a selection's beginning on: the earliest that is still kept. Nothing if it
    /// was not to be kept, or what runs is too long for that.
    pub fn log_entries(&self) -> &[LogEntry] {
        self.log.buffer.as_ref().map_or(&[], |buffer| buffer.entries.as_slice())
    }

    /// Adds what was taken down in another sitting.
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

    /// Takes over what a selection was begun with in another sitting.
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
        let kind = EventKind::TaskEnqueued { tasks: 1 };
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
