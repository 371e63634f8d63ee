//! Sends the events of several threads in the order of time: a GIL is released before it is taken.

use std::collections::HashMap;

use crate::model::{Event, EventKind, InterpreterId, LaneId, Nanos};

/// The place of an event: its time, then releases before other events, and takings after them.
type Rank = (Nanos, u8);

/// Events that have not been sent, in the order in which they were made.
#[derive(Default)]
pub(super) struct EventOrder {
    events: Vec<(Rank, Event)>,
    /// The last event of each lane: those of one lane stay in their order.
    lanes: HashMap<LaneId, Rank>,
    /// The last birth: threads are numbered in the order of their births.
    birth: Rank,
}

impl EventOrder {
    pub(super) fn push(&mut self, event: Event) {
        let is_birth = matches!(
            event.kind,
            EventKind::LaneOpened { .. }
                | EventKind::TaskCountChanged { .. }
                | EventKind::TaskStarted { .. }
        );
        let order = match event.kind {
            EventKind::GilReleased { .. } => 0,
            EventKind::GilTaken { .. } => 2,
            _ => 1,
        };
        // The number of threads concerns no lane.
        let is_of_run = matches!(event.kind, EventKind::TaskCountChanged { .. });
        let mut of_run = Rank::default();
        let lane = if is_of_run { &mut of_run } else { self.lanes.entry(event.lane).or_default() };
        let mut rank = (event.at, order).max(*lane);
        if is_birth {
            rank = rank.max(self.birth);
            self.birth = rank;
        }
        *lane = rank;
        self.events.push((rank, event));
    }

    /// Sends the events in the order of time, the changes of holders as `ledger` allows them.
    pub(super) fn send(mut self, ledger: &mut HolderLedger, emit: &mut dyn FnMut(Event)) {
        self.events.sort_by_key(|(rank, _)| *rank);
        self.events.into_iter().for_each(|(_, event)| ledger.send(event, emit));
    }
}

/// The holder of each GIL by the events sent so far. What is read of a program may contradict itself, as
/// a memory that changes while it is read does; the events never give a GIL two holders.
#[derive(Default)]
pub(super) struct HolderLedger {
    holders: HashMap<InterpreterId, LaneId>,
    /// The time of the last change.
    changed: Nanos,
}

impl HolderLedger {
    /// The time of the last change of a holder.
    pub(super) const fn last_change(&self) -> Nanos {
        self.changed
    }

    fn send(&mut self, mut event: Event, emit: &mut dyn FnMut(Event)) {
        match event.kind {
            EventKind::GilTaken { interpreter } => {
                event.at = self.advance(event.at);
                let before = self.holders.insert(interpreter, event.lane);
                if let Some(lane) = before.filter(|lane| *lane != event.lane) {
                    let kind = EventKind::GilReleased { interpreter };
                    emit(Event { at: event.at, lane, kind });
                }
                if before == Some(event.lane) {
                    return;
                }
            }
            EventKind::GilReleased { interpreter } => {
                event.at = self.advance(event.at);
                if self.holders.get(&interpreter) != Some(&event.lane) {
                    return;
                }
                self.holders.remove(&interpreter);
            }
            _ => {}
        }
        emit(event);
    }

    fn advance(&mut self, at: Nanos) -> Nanos {
        self.changed = self.changed.max(at);
        self.changed
    }
}
