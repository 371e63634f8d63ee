//! What a sitting is a fold of, in order: the selections that were begun, and the events that came.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Session, Setup};
use crate::model::{Event, Selection};

/// So many are kept for a person who wants them afterwards: some 20 MB, pages aside, which the runs
/// have, too.
const MOST_KEPT: usize = 200_000;

/// A selection was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
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
pub enum Entry {
    /// A selection was begun.
    Begun(Arc<Begun>),
    /// Something happened in the run that goes on.
    Event(Event),
}

/// Takes down what happens, as it happens.
pub trait Tape: Debug {
    /// Takes down what happened next, and keeps nobody waiting.
    fn note(&mut self, entry: Entry);
}

/// Where a sitting takes down what happens.
#[derive(Debug, Default)]
pub(super) struct Journal {
    tape: Option<Box<dyn Tape>>,
    kept: Option<Kept>,
}

/// What happened, for whoever wants it afterwards.
#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    /// Whether the selection that runs is too long to be kept.
    skips: bool,
}

impl Kept {
    fn note(&mut self, entry: Entry) {
        let begun = if let Entry::Begun(begun) = &entry { Some(begun.selection) } else { None };
        let begins = begun.is_some();
        self.skips &= !begins;
        begun.inspect(|&selection| self.forget_former(selection));
        if self.skips {
            return;
        }
        if self.entries.len() >= MOST_KEPT {
            self.forget();
        }
        if begins || !self.entries.is_empty() {
            self.entries.push(entry);
        } else {
            self.skips = true;
        }
    }

    /// Forgets what the selection was before: the screen shows it no more, and a sitting of many runs
    /// takes no more room than one.
    fn forget_former(&mut self, selection: Selection) {
        let mut stays = true;
        self.entries.retain(|entry| {
            if let Entry::Begun(begun) = entry {
                stays = begun.selection != selection;
            }
            stays
        });
    }

    /// Forgets whole selections, the first ones, until there is room again.
    fn forget(&mut self) {
        let begun = |entry: &Entry| matches!(entry, Entry::Begun(_));
        let later = self.entries.iter().skip(MOST_KEPT / 4).position(begun);
        let first = later.map_or(self.entries.len(), |place| place + MOST_KEPT / 4);
        self.entries.drain(..first);
    }
}

impl Journal {
    fn note(&mut self, entry: impl Fn() -> Entry) {
        if let Some(tape) = &mut self.tape {
            tape.note(entry());
        }
        if let Some(kept) = &mut self.kept {
            kept.note(entry());
        }
    }
}

impl Session {
    /// What happens from now on is taken down on `tape`.
    #[must_use]
    pub fn on_tape(mut self, tape: Box<dyn Tape>) -> Self {
        self.journal.tape = Some(tape);
        self
    }

    /// What happens from now on is kept for [`Self::kept`].
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.journal.kept = Some(Kept::default());
        self
    }

    /// What happened, from a selection's beginning on: the earliest that is still kept. Nothing if it
    /// was not to be kept, or what runs is too long for that.
    pub fn kept(&self) -> &[Entry] {
        self.journal.kept.as_ref().map_or(&[], |kept| kept.entries.as_slice())
    }

    /// Adds what was taken down in another sitting.
    pub fn replay(&mut self, entry: &Entry) {
        match entry {
            Entry::Begun(begun) if self.active.is_none() => {
                self.adopt(begun);
                self.begin(begun.selection);
            }
            Entry::Begun(_) => {}
            Entry::Event(event) => _ = self.apply(event),
        }
    }

    /// Takes over what a selection was begun with in another sitting.
    pub(in crate::app) fn adopt(&mut self, begun: &Begun) {
        let simulation = begun.setup.compute.simulation;
        if simulation != self.setup.compute.simulation {
            self.simulate(simulation);
        }
        let commands = Arc::clone(&self.setup.commands);
        self.setup = Setup { commands, ..begun.setup.clone() };
        self.pages = begun.pages;
    }

    pub(super) fn note_begun(&mut self, selection: Selection) {
        let (setup, pages) = (&self.setup, self.pages);
        self.journal.note(|| {
            let setup = Setup { commands: Arc::default(), ..setup.clone() };
            Entry::Begun(Arc::new(Begun { selection, setup, pages }))
        });
    }

    pub(super) fn note_event(&mut self, event: &Event) {
        if self.active.is_some() {
            self.journal.note(|| Entry::Event(event.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, LaneId, Nanos, Workload};

    fn begun() -> Entry {
        begun_as(Selection::race(Workload::Commands))
    }

    fn begun_as(selection: Selection) -> Entry {
        let setup = Setup::commands(Arc::default(), 1);
        Entry::Begun(Arc::new(Begun { selection, setup, pages: None }))
    }

    fn event(at: u64) -> Entry {
        let kind = Kind::Put { tasks: 1 };
        Entry::Event(Event { at: Nanos(at), lane: LaneId(0), kind })
    }

    #[test]
    fn the_first_selections_are_forgotten_where_there_are_too_many() {
        let mut kept = Kept::default();
        let workloads = [Workload::Cpu, Workload::Native];
        for selection in workloads.into_iter().flat_map(Selection::all).take(9) {
            kept.note(begun_as(selection));
            (0..49_999).for_each(|at| kept.note(event(at)));
        }
        assert!((150_000..=MOST_KEPT).contains(&kept.entries.len()), "{}", kept.entries.len());
        assert!(matches!(kept.entries.first(), Some(Entry::Begun(_))));
        assert_eq!(kept.entries.last(), Some(&event(49_998)));
    }

    #[test]
    fn of_a_selection_only_the_last_time_is_kept() {
        let mut kept = Kept::default();
        let other = begun_as(Selection::race(Workload::Cpu));
        for at in 0..50 {
            kept.note(begun());
            kept.note(event(at));
            kept.note(other.clone());
            kept.note(event(at));
        }
        assert_eq!(kept.entries, [begun(), event(49), other, event(49)]);
    }

    #[test]
    fn a_selection_that_is_too_long_is_not_kept_and_the_next_is() {
        let mut kept = Kept::default();
        kept.note(begun());
        (0..MOST_KEPT as u64).for_each(|at| kept.note(event(at)));
        assert_eq!(kept.entries, []);
        kept.note(event(1));
        kept.note(begun());
        kept.note(event(2));
        assert_eq!(kept.entries, [begun(), event(2)]);
    }
}
