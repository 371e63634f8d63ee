//! The life of one thread of CPython: when it holds the GIL, and which functions it is in.

use super::edge::{Activity, Edge, EdgeKind, GilRole, LaneTask, NameSource};
use super::event_sink::EventSink;
use super::gil_holds::{Stretch, ThreadActivity};
use super::thread_timeline::ThreadTimeline;
use crate::model::{CodePlace, EventKind, Nanos, State};

impl ThreadTimeline {
    /// The state of the thread while it is on a CPU. All threads of a process with a GIL work natively
    /// without it, also those that CPython does not know: a thread pool of an extension, say.
    pub(super) const fn running_state(&self) -> State {
        match self.role {
            GilRole::NoGil => State::OnCpu,
            GilRole::Without => State::Native,
            GilRole::Holds(_) => State::Computing,
        }
    }

    /// The time up to which states have been sent.
    pub(super) fn told_until(&self) -> Nanos {
        self.tail.1
    }

    /// Returns `true` if the thread runs, wants to run, or waits for a lock.
    pub(super) fn is_working(&self) -> bool {
        matches!(self.head.0, Activity::OnCpu | Activity::NoCore)
            || self.shown.0 == Some(State::LockWait)
    }

    /// Records a role from a time on, after the other edges of the same time.
    pub(super) fn insert_role(&mut self, at: Nanos, role: GilRole) {
        let end = self.edges.iter().position(|edge| matches!(edge.kind, EdgeKind::Ended));
        let latest = end.and_then(|end| self.edges.get(end)).map_or(at, |end| at.min(end.at));
        let at = latest.max(self.tail.1);
        let index = self.edges.partition_point(|edge| edge.at <= at);
        let index = end.map_or(index, |end| index.min(end));
        self.edges.insert(index, Edge { at, kind: EdgeKind::Role(role), is_counted: false });
    }

    /// Sends the role that the thread has from `at` on, before its state.
    pub(super) fn send_role_at(&mut self, place: LaneTask, at: Nanos, sink: &mut EventSink<'_>) {
        while self.edges.front().is_some_and(|edge| edge.at == at && edge.is_role())
            && let Some(edge) = self.edges.pop_front()
        {
            if let EdgeKind::Role(role) = edge.kind {
                self.send_role(place, at, role, sink);
            }
        }
    }

    /// The role after all edges.
    pub(super) fn role_after_edges(&self) -> GilRole {
        let role = self.edges.iter().rev().find_map(|edge| match edge.kind {
            EdgeKind::Role(role) => Some(role),
            _ => None,
        });
        role.unwrap_or(self.role)
    }

    /// Returns the activities in [a, b). After its end, a thread is as good as blocked.
    pub(super) fn activity_between(&self, a: Nanos, b: Nanos) -> ThreadActivity {
        let mut stretches = Vec::new();
        let (mut activity, mut start) = self.tail;
        let mut push = |activity, start: Nanos, end: Nanos| {
            let (start, end) = (start.max(a), end.min(b));
            if start < end {
                stretches.push(Stretch { activity, start, end });
            }
        };
        for edge in &self.edges {
            let next = match edge.kind {
                EdgeKind::Enter { activity, .. } => activity,
                EdgeKind::Ended => Activity::Blocked,
                EdgeKind::Renamed(_) | EdgeKind::Role(_) => continue,
            };
            push(activity, start, edge.at);
            (activity, start) = (next, edge.at);
        }
        push(activity, start, b);
        ThreadActivity { tid: self.tid, is_python: self.is_python, stretches }
    }

    /// Sends a role. Without records, the next sample sends the state.
    pub(super) fn send_role(
        &mut self,
        place: LaneTask,
        at: Nanos,
        role: GilRole,
        sink: &mut EventSink<'_>,
    ) {
        let before = std::mem::replace(&mut self.role, role);
        if before == role {
            return;
        }
        if let GilRole::Holds(interpreter) = before {
            sink.send(place.lane, at, EventKind::GilReleased { interpreter });
        }
        if self.tail.0 == Activity::OnCpu && self.last_sample.is_none() {
            self.send_state(place.lane, at, self.running_state(), sink);
        }
        if let GilRole::Holds(interpreter) = role {
            sink.send(place.lane, at, EventKind::GilTaken { interpreter });
        }
    }

    /// The name by which the thread's lane is used again: threads of Python get their own names only after
    /// their births.
    pub(super) fn lane_name(&self) -> &str {
        if self.name_source == NameSource::Python { &self.first_name } else { &self.name }
    }

    /// Records the function that the thread is in.
    pub(super) fn see_function(&mut self, at: Nanos, place: &CodePlace) {
        if self.last_function.as_ref() != Some(place) {
            self.last_function = Some(place.clone());
            self.functions.push_back((at, place.clone()));
        }
    }

    /// Sends the functions that were seen until `limit`.
    pub(super) fn send_functions(
        &mut self,
        place: LaneTask,
        limit: Nanos,
        sink: &mut EventSink<'_>,
    ) {
        while self.functions.front().is_some_and(|(at, _)| *at <= limit)
            && let Some((at, function)) = self.functions.pop_front()
        {
            sink.send(place.lane, at, EventKind::FunctionSeen(function));
        }
    }
}
