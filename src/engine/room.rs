//! Which lanes may have a task, where not all of them may: the first ones, as many as may be in flight,
//! and one more for each that waits until it may ask again.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::model::LaneId;

/// The lanes' room in a run that finds out how many it needs.
#[derive(Debug)]
pub struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// So many lanes may have a task.
    lanes: u16,
    /// So many have one and can go on with it, or look for one.
    taken: u16,
    /// So many have one and wait until they may ask again.
    away: u16,
    /// Lanes for which the system has too little: others take their turn.
    withdrawn: Vec<LaneId>,
    /// No task is to be had any more.
    over: bool,
}

/// A lane's room, until dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Room>);

/// While a lane waits, its room is another's, until dropped.
#[derive(Debug)]
pub(super) struct Away(Arc<Room>);

impl Room {
    /// So many lanes to begin with.
    pub(super) const fn new(lanes: u16) -> Self {
        let state = State { lanes, taken: 0, away: 0, withdrawn: Vec::new(), over: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// So many lanes from now on. Those that have a task finish it.
    pub(super) fn allow(&self, lanes: u16) {
        self.state().lanes = lanes;
        self.changed.notify_all();
    }

    /// A lane takes no more tasks, as the system has too little for it; more lanes would fare no
    /// better.
    pub(super) fn withdraw(&self, lane: LaneId) {
        self.state().withdrawn.push(lane);
        self.changed.notify_all();
    }

    /// Nobody needs to wait any more.
    pub(super) fn close(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// How many lanes have room at present.
    pub(super) fn lanes(&self) -> u16 {
        self.state().lanes
    }

    /// A lane's room for a task, if there is any now.
    pub(super) fn try_take(self: &Arc<Self>, lane: LaneId) -> Option<Place> {
        let mut state = self.state();
        state.may_take(lane).then(|| self.placed(&mut state))
    }

    /// Waits until a lane may take a task; nothing once none is left.
    pub(super) fn take(self: &Arc<Self>, lane: LaneId) -> Option<Place> {
        let mut state = self.wait_until(|state| state.over || state.may_take(lane));
        (!state.over).then(|| self.placed(&mut state))
    }

    /// A place for a lane that has its first task already.
    pub(super) fn give(self: &Arc<Self>) -> Place {
        self.placed(&mut self.state())
    }

    /// A lane that has a place has to wait until it may ask again. It goes on with its task after that,
    /// even if there is no room for others then.
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

    /// Waits until there is room for more lanes than so many. Returns false once no task is left, or
    /// the system has too little for more lanes.
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

    /// So many lanes, from the first on, are needed to have as many at work as there is room for.
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
