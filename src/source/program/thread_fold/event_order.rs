//! Sends the events of several threads in the order of time: a GIL is released before it is taken.

use std::collections::HashMap;

use crate::model::{Event, EventKind, LaneId, Nanos};

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

    pub(super) fn send(mut self, emit: &mut dyn FnMut(Event)) {
        self.events.sort_by_key(|(rank, _)| *rank);
        self.events.into_iter().for_each(|(_, event)| emit(event));
    }
}
