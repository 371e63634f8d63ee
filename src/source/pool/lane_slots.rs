//! Lane slots: the limit of lanes that may have a task, for runs that adjust it automatically. The
//! first lanes get the slots, and one more lane for each that waits to retry its request.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::model::LaneId;

/// The lane slots of a run that adjusts their number automatically.
#[derive(Debug)]
pub struct LaneSlots {
    state: Mutex<SlotCounts>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SlotCounts {
    /// The number of slots.
    limit: u16,
    /// The number of slots in use, by lanes that have a task or wait for one.
    taken: u16,
    /// The number of lanes that have a task and wait to retry its request, without a slot.
    suspended: u16,
    /// The lanes that withdrew for lack of system resources. Later lanes take their place.
    withdrawn: Vec<LaneId>,
    /// Set once no task is left.
    is_closed: bool,
}

/// A lane's slot, released when dropped.
#[derive(Debug)]
pub(super) struct LaneSlot(Arc<LaneSlots>);

/// A lane that has released its slot while it waits. Dropping this takes a slot again.
#[derive(Debug)]
pub(super) struct SuspendedSlot(Arc<LaneSlots>);

impl LaneSlots {
    /// Creates the given number of slots.
    pub(super) fn new(limit: u16) -> Self {
        let state = SlotCounts { limit, ..SlotCounts::default() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Changes the number of slots. Lanes that have a task finish it.
    pub(super) fn set_limit(&self, limit: u16) {
        self.state().limit = limit;
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
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// The number of slots.
    pub(super) fn limit(&self) -> u16 {
        self.state().limit
    }

    /// Takes a slot for a lane, or returns `None` if none is free for it.
    pub(super) fn try_take(self: &Arc<Self>, lane: LaneId) -> Option<LaneSlot> {
        let mut state = self.state();
        state.may_take(lane).then(|| self.occupy(&mut state))
    }

    /// Waits for a slot for a lane. Returns `None` once no task is left.
    pub(super) fn take(self: &Arc<Self>, lane: LaneId) -> Option<LaneSlot> {
        let mut state = self.wait_until(|state| state.is_closed || state.may_take(lane));
        (!state.is_closed).then(|| self.occupy(&mut state))
    }

    /// Takes a slot for a lane that has its first task already.
    pub(super) fn take_unconditionally(self: &Arc<Self>) -> LaneSlot {
        self.occupy(&mut self.state())
    }

    /// Releases a lane's slot while the lane waits to retry its request. Afterwards it continues with
    /// its task even if all slots are in use.
    pub(super) fn suspend(self: &Arc<Self>) -> SuspendedSlot {
        let mut state = self.state();
        (state.taken, state.suspended) = (state.taken - 1, state.suspended + 1);
        drop(state);
        self.changed.notify_all();
        SuspendedSlot(Arc::clone(self))
    }

    fn occupy(self: &Arc<Self>, state: &mut SlotCounts) -> LaneSlot {
        state.taken += 1;
        LaneSlot(Arc::clone(self))
    }

    /// Waits until more than `lanes` lanes may have a task. Returns `false` once no task is left, or
    /// system resources are too short for more lanes.
    pub(super) fn wait_for_more_than(&self, lanes: u16) -> bool {
        let ends = |state: &SlotCounts| state.is_closed || !state.withdrawn.is_empty();
        !ends(&self.wait_until(|state| ends(state) || state.eligible_lanes() > lanes))
    }

    fn wait_until(&self, holds: impl Fn(&SlotCounts) -> bool) -> MutexGuard<'_, SlotCounts> {
        let waited = self.changed.wait_while(self.state(), |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, SlotCounts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotCounts {
    fn may_take(&self, lane: LaneId) -> bool {
        let withdrawn = self.withdrawn.iter().filter(|other| other.0 < lane.0).count();
        usize::from(lane.0) - withdrawn < usize::from(self.eligible_lanes())
            && self.taken < self.limit
    }

    /// The number of lanes, counted from the first, that are needed to use all slots.
    const fn eligible_lanes(&self) -> u16 {
        self.limit.saturating_add(self.suspended)
    }
}

impl Drop for LaneSlot {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for SuspendedSlot {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.taken, state.suspended) = (state.taken + 1, state.suspended - 1);
    }
}
