//! Lane slots: the limit of lanes that may have a task, for runs that adjust it automatically. The
//! first lanes get the slots, and one more lane for each that waits to retry its request.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::model::LaneId;

/// The lane slots of a run that adjusts their number automatically.
#[derive(Debug)]
pub struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// The number of slots.
    lanes: u16,
    /// The number of slots in use, by lanes that have a task or wait for one.
    taken: u16,
    /// The number of lanes that have a task and wait to retry its request, without a slot.
    away: u16,
    /// The lanes that withdrew for lack of system resources. Later lanes take their place.
    withdrawn: Vec<LaneId>,
    /// Set once no task is left.
    over: bool,
}

/// A lane's slot, released when dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Room>);

/// A lane that has released its slot while it waits. Dropping this takes a slot again.
#[derive(Debug)]
pub(super) struct Away(Arc<Room>);

impl Room {
    /// Creates the given number of slots.
    pub(super) const fn new(lanes: u16) -> Self {
        let state = State { lanes, taken: 0, away: 0, withdrawn: Vec::new(), over: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Changes the number of slots. Lanes that have a task finish it.
    pub(super) fn allow(&self, lanes: u16) {
        self.state().lanes = lanes;
        self.changed.notify_all();
    }

    /// Records that a lane takes no more tasks for lack of system resources. No more lanes are started
    /// from now on.
    pub(super) fn withdraw(&self, lane: LaneId) {
        self.state().withdrawn.push(lane);
        self.changed.notify_all();
    }

    /// Ends all waits, because no task is left.
    pub(super) fn close(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// The number of slots.
    pub(super) fn lanes(&self) -> u16 {
        self.state().lanes
    }

    /// Takes a slot for a lane, or returns `None` if none is free for it.
    pub(super) fn try_take(self: &Arc<Self>, lane: LaneId) -> Option<Place> {
        let mut state = self.state();
        state.may_take(lane).then(|| self.placed(&mut state))
    }

    /// Waits for a slot for a lane. Returns `None` once no task is left.
    pub(super) fn take(self: &Arc<Self>, lane: LaneId) -> Option<Place> {
        let mut state = self.wait_until(|state| state.over || state.may_take(lane));
        (!state.over).then(|| self.placed(&mut state))
    }

    /// Takes a slot for a lane that has its first task already.
    pub(super) fn give(self: &Arc<Self>) -> Place {
        self.placed(&mut self.state())
    }

    /// Releases a lane's slot while the lane waits to retry its request. Afterwards it continues with
    /// its task even if all slots are in use.
    pub(super) fn leave(self: &Arc<Self>) -> Away {
        let mut state = self.state();
        (state.taken, state.away) = (state.taken - 1, state.away + 1);
        drop(state);
        self.changed.notify_all();
        Away(Arc::clone(self))
    }

    fn placed(self: &Arc<Self>, state: &mut State) -> Place {
        state.taken += 1;
        Place(Arc::clone(self))
    }

    /// Waits until more than `lanes` lanes may have a task. Returns `false` once no task is left, or
    /// system resources are too short for more lanes.
    pub(super) fn outgrows(&self, lanes: u16) -> bool {
        let ends = |state: &State| state.over || !state.withdrawn.is_empty();
        !ends(&self.wait_until(|state| ends(state) || state.reach() > lanes))
    }

    fn wait_until(&self, holds: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_while(self.state(), |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_take(&self, lane: LaneId) -> bool {
        let withdrawn = self.withdrawn.iter().filter(|other| other.0 < lane.0).count();
        usize::from(lane.0) - withdrawn < usize::from(self.reach()) && self.taken < self.lanes
    }

    /// The number of lanes, counted from the first, that are needed to use all slots.
    const fn reach(&self) -> u16 {
        self.lanes.saturating_add(self.away)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.taken, state.away) = (state.taken + 1, state.away - 1);
    }
}
