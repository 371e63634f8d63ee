//! Threads of CPython in the fold: which of them holds the GIL, what they are called, and which
//! function they are in.

use super::ThreadFold;
use super::edge::{GilRole, NameSource};
use super::gil_holds::{GilLook, GilWindow, Hold, ThreadActivity};
use super::sights::read_sight;
use super::thread_timeline::ThreadTimeline;
use crate::model::{CodePlace, Event, EventKind, InterpreterId, LaneId, Nanos, PythonInterpreter};
use crate::source::program::reading::{GilAddresses, Reading, Sight};
use crate::source::program::wait_reason::Wait;

impl ThreadFold {
    /// Applies a reading of an interpreter.
    pub(super) fn apply_python(&mut self, reading: &Reading, emit: &mut dyn FnMut(Event)) {
        match reading {
            Reading::Interpreter { at, found, gil } => {
                self.add_interpreter(*at, found, *gil, emit);
            }
            Reading::Gil { at, pid, address, holder, last_holder, hand_overs } => {
                let look = GilLook {
                    at: *at,
                    holder: *holder,
                    last_holder: *last_holder,
                    hand_overs: *hand_overs,
                };
                self.python.look(*pid, *address, look);
            }
            Reading::InterpretersGone { at, pid } => self.forget_python(*at, *pid),
            Reading::PythonThread { at, tid, name, place } => {
                self.with_thread(*tid, |thread| {
                    thread.know_python(*at, name.as_deref(), place.as_ref());
                });
            }
            _ => {}
        }
    }

    fn add_interpreter(
        &mut self,
        at: Nanos,
        found: &PythonInterpreter,
        gil: Option<GilAddresses>,
        emit: &mut dyn FnMut(Event),
    ) {
        let had_gil = self.python.has_gil(found.pid);
        let Some(interpreter) = self.python.add(at, found.pid, gil) else { return };
        let kind = EventKind::InterpreterFound { interpreter, found: found.clone() };
        emit(Event { at, lane: LaneId(0), kind });
        if gil.is_some() && !had_gil {
            self.give_role(at, found.pid, GilRole::Without);
        }
    }

    /// Forgets the interpreters of a process that executes another program.
    pub(super) fn forget_python(&mut self, at: Nanos, pid: u32) {
        // All records from before are there.
        self.resolve_gils(at);
        if self.python.remove(pid) {
            self.give_role(at, pid, GilRole::NoGil);
        }
    }

    fn give_role(&mut self, at: Nanos, pid: u32, role: GilRole) {
        let of_process = |thread: &&mut ThreadTimeline| thread.pid == pid && !thread.has_ended;
        for (key, thread) in &mut self.threads {
            if of_process(&thread) {
                thread.insert_role(at, role);
                self.changed.insert(*key);
            }
        }
    }

    /// Returns the wait that a sight of a thread shows.
    pub(super) fn read_wait(&self, tid: u32, sight: &Sight) -> Option<Wait> {
        let wait = read_sight(sight)?;
        let thread = self.live.get(&tid).and_then(|key| self.threads.get(key));
        Some(match thread {
            Some(thread) => self.python.name_wait(thread.pid, tid, sight, wait),
            None => wait,
        })
    }

    /// Divides the time up to the looks from before `horizon` among the holders.
    pub(super) fn resolve_gils(&mut self, horizon: Nanos) {
        for pid in self.python.pids() {
            for index in 0..self.python.of_process(pid).len() {
                while let Some(window) = self.next_window(pid, index, horizon) {
                    self.resolve_window(pid, window);
                }
            }
        }
    }

    /// Takes the next look at a GIL, with the one before it and the number of the interpreter.
    fn next_window(
        &mut self,
        pid: u32,
        index: usize,
        horizon: Nanos,
    ) -> Option<(InterpreterId, GilLook, GilLook)> {
        let track = self.python.of_process(pid).get_mut(index)?;
        let after = *track.looks.front().filter(|look| look.at <= horizon)?;
        track.looks.pop_front();
        let before = std::mem::replace(&mut track.last, after);
        Some((track.interpreter, before, after))
    }

    fn resolve_window(
        &mut self,
        pid: u32,
        (interpreter, mut before, mut after): (InterpreterId, GilLook, GilLook),
    ) {
        // What has been sent cannot be changed.
        let told = self.told_until(pid);
        before.at = before.at.max(told);
        after.at = after.at.max(told);
        let threads = self.activities(pid, before, after);
        let holds = GilWindow { before, after, threads: &threads }.holds();
        let mut holder = before.holder;
        for Hold { tid, start, end } in holds {
            if holder != Some(tid) || start > before.at {
                self.change_holder(start, &mut holder, Some(tid), (pid, interpreter));
            }
            if end < after.at || after.holder != Some(tid) {
                self.change_holder(end, &mut holder, None, (pid, interpreter));
            }
        }
        if holder != after.holder {
            self.change_holder(after.at, &mut holder, after.holder, (pid, interpreter));
        }
    }

    /// The time up to which states of a process's threads have been sent.
    fn told_until(&self, pid: u32) -> Nanos {
        let is_told = |thread: &&ThreadTimeline| thread.pid == pid && thread.place.is_some();
        let told = self.threads.values().filter(is_told);
        let told = told.map(ThreadTimeline::told_until);
        told.fold(self.settled, Nanos::max)
    }

    /// Returns the activities of the threads that did anything between two looks. There are none
    /// without records.
    fn activities(&self, pid: u32, before: GilLook, after: GilLook) -> Vec<ThreadActivity> {
        if !self.is_exact {
            return Vec::new();
        }
        let holders = [before.holder, after.holder];
        let holders = holders.iter().flatten().filter_map(|tid| self.live.get(tid));
        let keys: std::collections::BTreeSet<u32> =
            self.changed.iter().chain(holders).copied().collect();
        let threads = keys.iter().filter_map(|key| self.threads.get(key));
        let threads = threads.filter(|thread| thread.pid == pid);
        threads.map(|thread| thread.activity_between(before.at, after.at)).collect()
    }

    fn change_holder(
        &mut self,
        at: Nanos,
        holder: &mut Option<u32>,
        next: Option<u32>,
        (pid, interpreter): (u32, InterpreterId),
    ) {
        if let Some(tid) = std::mem::replace(holder, next) {
            self.with_recent_thread(tid, |thread| {
                if thread.role_after_edges() == GilRole::Holds(interpreter) {
                    thread.insert_role(at, GilRole::Without);
                }
            });
        }
        if let Some(tid) = next {
            let mut is_held = false;
            self.with_recent_thread(tid, |thread| {
                is_held = thread.pid == pid && thread.born <= at && thread.lives_after(at);
                if is_held {
                    thread.is_python = true;
                    thread.insert_role(at, GilRole::Holds(interpreter));
                }
            });
            *holder = next.filter(|_| is_held);
        }
    }

    /// Applies a change to a thread that lives or has just ended.
    fn with_recent_thread(&mut self, tid: u32, change: impl FnOnce(&mut ThreadTimeline)) {
        let is_meant = |key: &&u32| self.threads.get(key).is_some_and(|thread| thread.tid == tid);
        let key = self.live.get(&tid).or_else(|| self.changed.iter().rev().find(is_meant)).copied();
        if let Some(key) = key
            && let Some(thread) = self.threads.get_mut(&key)
        {
            change(thread);
            self.changed.insert(key);
        }
    }

    /// Records that it is not known any more who holds a GIL.
    pub(super) fn lose_holders(&mut self, from: Nanos, to: Nanos) {
        for pid in self.python.pids() {
            for index in 0..self.python.of_process(pid).len() {
                let Some(track) = self.python.of_process(pid).get_mut(index) else { continue };
                track.looks.retain(|look| look.at > to);
                let (mut holder, interpreter) = (track.last.holder.take(), track.interpreter);
                track.last.at = track.last.at.max(to);
                let at = from.max(self.told_until(pid));
                self.change_holder(at, &mut holder, None, (pid, interpreter));
            }
        }
    }

    /// Sends how often the GILs changed hands.
    pub(super) fn count_gils(&mut self, at: Nanos, is_end: bool, emit: &mut dyn FnMut(Event)) {
        for (interpreter, hand_overs) in self.python.take_counts(at, is_end) {
            let kind = EventKind::GilCounted { interpreter, hand_overs };
            emit(Event { at, lane: LaneId(0), kind });
        }
    }

    /// Returns `true` if a thread ran, wants to run or waits for a lock, or if it is not known to be
    /// one of Python.
    pub fn wants_function(&self, tid: u32) -> bool {
        let thread = self.live.get(&tid).and_then(|key| self.threads.get(key));
        thread.is_some_and(|thread| !thread.is_python || thread.is_working())
    }

    /// Returns `true` if the thread lives, and no name that a program gave it is known.
    pub fn lacks_python_name(&self, tid: u32) -> bool {
        let thread = self.live.get(&tid).and_then(|key| self.threads.get(key));
        thread.is_some_and(|thread| thread.name_source != NameSource::Python)
    }
}

impl ThreadTimeline {
    /// Records what CPython knows of the thread.
    fn know_python(&mut self, at: Nanos, name: Option<&str>, place: Option<&CodePlace>) {
        self.is_python = true;
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.rename(at, name);
            self.name_source = NameSource::Python;
        }
        if let Some(place) = place {
            self.see_function(at, place);
        }
    }
}
