//! The life of one thread between what the kernel recorded of it and the events that are sent.
//!
//! An edge, at which the thread's activity changes, is held back until it is certain what to say about
//! it: a look at the thread applies to a wait only if the thread did not run before the look, and the
//! time that it waited for a core after a wait is known once its counters have been read. Both take
//! until the records up to the time of the reading have come: one drain.

use std::collections::VecDeque;

use super::counter_sums::{CounterSums, WakeUp};
use super::edge::{
    Activity, Edge, EdgeKind, GilRole, LaneTask, LastSample, LookState, NameSource, ends_activity,
};
use super::event_sink::EventSink;
use crate::model::{CodePlace, LaneId, Nanos, State, TaskId, ThreadCounters};
use crate::source::program::proc_line::SchedStat;
use crate::source::program::wait_reason::Wait;

/// The maximum time for which a birth is held back until the thread has a name of its own: it begins
/// with that of its creator.
const NAME_WAIT: Nanos = Nanos::from_millis(20);

/// The minimum time without a core after a wait that is worth two events.
const MIN_WAKE_UP: Nanos = Nanos(10_000);

/// The minimum time between two reports of a thread's counters.
const COUNTER_INTERVAL: Nanos = Nanos::from_millis(950);

/// A thread from its birth to its end.
#[derive(Debug)]
pub(super) struct ThreadTimeline {
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) born: Nanos,
    /// The latest name.
    pub(super) name: String,
    /// The latest name by the kernel: the one that threads which it creates begin with.
    pub(super) kernel_name: String,
    /// The number, once the birth can be sent.
    pub(super) task: Option<TaskId>,
    /// The place, once the birth is sent.
    pub(super) place: Option<LaneTask>,
    /// The name at the time at which the birth was sent.
    pub(super) first_name: String,
    pub(super) name_source: NameSource,
    /// `true` if CPython knows the thread.
    pub(super) is_python: bool,
    /// The role after the edges that were sent.
    pub(super) role: GilRole,
    /// The functions that it was seen in, which have not been sent.
    pub(super) functions: VecDeque<(Nanos, CodePlace)>,
    pub(super) last_function: Option<CodePlace>,
    pub(super) edges: VecDeque<Edge>,
    /// The activity after all edges, and its start.
    pub(super) head: (Activity, Nanos),
    /// The activity after the edges that were sent, and its start.
    pub(super) tail: (Activity, Nanos),
    /// The last state that was sent, and its time.
    pub(super) shown: (Option<State>, Nanos),
    looks: Vec<(Nanos, Wait)>,
    /// The last reason that was sent, which `restart_syscall` continues.
    last_wait: Option<Wait>,
    look: LookState,
    pub(super) has_ended: bool,
    /// `true` if records came later than those of other threads: what they say is held back once more.
    pub(super) is_late: bool,
    pub(super) sums: CounterSums,
    counted: (Nanos, ThreadCounters),
    pub(super) last_sample: Option<LastSample>,
}

impl ThreadTimeline {
    /// Creates a thread with its counters at this time, if they are known.
    pub(super) fn new(
        (pid, tid): (u32, u32),
        name: &str,
        born: Nanos,
        activity: Activity,
        counters: Option<SchedStat>,
    ) -> Self {
        Self {
            pid,
            tid,
            born,
            name: name.to_owned(),
            kernel_name: name.to_owned(),
            task: None,
            place: None,
            first_name: String::new(),
            name_source: NameSource::Creator,
            is_python: false,
            role: GilRole::NoGil,
            functions: VecDeque::new(),
            last_function: None,
            edges: VecDeque::new(),
            head: (activity, born),
            tail: (activity, born),
            shown: (None, born),
            looks: Vec::new(),
            last_wait: None,
            look: LookState::Pending,
            has_ended: false,
            is_late: false,
            sums: CounterSums::new(counters),
            counted: (born, ThreadCounters::default()),
            last_sample: None,
        }
    }

    /// The activity by all records so far.
    pub(super) const fn activity(&self) -> Activity {
        self.head.0
    }

    /// Records that the thread entered an activity. A record from before the last one is ignored: the
    /// later one implies it.
    pub(super) fn enter(&mut self, at: Nanos, activity: Activity) {
        let (before, since) = self.head;
        if at < since || self.has_ended || (before == activity && activity == Activity::OnCpu) {
            return;
        }
        self.head = (activity, at);
        self.sums.has_run = true;
        match activity {
            Activity::Blocked => self.look = LookState::Pending,
            Activity::OnCpu if before == Activity::Blocked => self.sums.is_outdated = true,
            _ => {}
        }
        self.push(at, EdgeKind::Enter { activity, woken: Nanos::ZERO });
    }

    /// Records that the thread left its CPU.
    pub(super) fn leave(&mut self, at: Nanos, preempted: bool) {
        if at >= self.head.1 {
            self.sums.count_switch(preempted);
        }
        self.enter(at, if preempted { Activity::NoCore } else { Activity::Blocked });
    }

    /// Records a name.
    pub(super) fn rename(&mut self, at: Nanos, name: &str) {
        self.name_source = self.name_source.max(NameSource::Kernel);
        if self.name != name {
            name.clone_into(&mut self.name);
            self.push(at.max(self.head.1), EdgeKind::Renamed(name.to_owned()));
        }
    }

    /// Records the kernel's name, which is not shown while CPython knows another.
    pub(super) fn rename_by_kernel(&mut self, at: Nanos, name: &str) {
        name.clone_into(&mut self.kernel_name);
        if self.name_source != NameSource::Python {
            self.rename(at, name);
        }
    }

    /// Records the end.
    pub(super) fn end(&mut self, at: Nanos) {
        if !self.has_ended {
            self.push(at.max(self.head.1), EdgeKind::Ended);
            self.has_ended = true;
        }
    }

    fn push(&mut self, at: Nanos, kind: EdgeKind) {
        let at = at.max(self.edges.back().map_or(self.tail.1, |last| last.at));
        self.edges.push_back(Edge { at, kind, is_counted: false });
    }

    /// Records what the thread was seen to wait for, or that this may not be seen.
    pub(super) fn look(&mut self, at: Nanos, wait: Option<Wait>) {
        self.look = LookState::Done;
        self.looks.extend(wait.map(|wait| (at, wait)));
    }

    /// Returns `true` if it is not known what the thread waits for.
    pub(super) fn wants_look(&self) -> bool {
        self.head.0 == Activity::Blocked && self.look == LookState::Pending && !self.has_ended
    }

    /// Returns `true` if the counters may have grown since they were last read.
    pub(super) fn is_active(&self) -> bool {
        self.sums.has_run || self.head.0 != Activity::Blocked
    }

    /// Returns `true` if the end has been sent.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended && self.place.is_some() && self.edges.is_empty()
    }

    /// Returns `true` if nothing is held back.
    pub(super) fn is_at_rest(&self) -> bool {
        self.place.is_some()
            && self.edges.is_empty()
            && self.functions.is_empty()
            && self.looks.is_empty()
            && !self.sums.is_pending()
            && !self.wants_look()
            && !self.is_late
            && self.shown.0.is_some()
    }

    /// Returns `true` if the birth can be sent: it is not later than `limit`, and the thread has a name
    /// of its own, or blocks or ends without, or has had time to get one.
    pub(super) fn is_presentable(&self, limit: Nanos, horizon: Nanos) -> bool {
        let is_late = horizon.since(self.born) >= NAME_WAIT;
        let is_named = self.name_source > NameSource::Creator
            || self.has_ended
            || self.head.0 == Activity::Blocked;
        // Its holds come between those of other threads.
        let has_held = self.edges.iter().any(Edge::is_taking);
        self.born <= limit && (is_named || is_late || has_held)
    }

    /// Drops names from before the birth was sent.
    pub(super) fn absorb_names(&mut self) {
        self.edges.retain(|edge| !matches!(edge.kind, EdgeKind::Renamed(_)));
    }

    /// Sends what is certain: edges up to `limit`, given all records up to `horizon`.
    pub(super) fn settle(&mut self, limit: Nanos, horizon: Nanos, sink: &mut EventSink<'_>) {
        let Some(place) = self.place else { return };
        let is_late = std::mem::take(&mut self.is_late) && limit < Nanos::MAX;
        if is_late && self.shown.0.is_some() && !self.edges.is_empty() {
            return;
        }
        let was_read = self.resolve_counters(horizon);
        if self.shown.0.is_none() {
            self.send_activity(place, self.tail.1, self.tail.0, Nanos::ZERO, horizon, sink);
        }
        while self.edges.front().is_some_and(|edge| edge.at <= limit) {
            if let Some(edge) = self.edges.pop_front() {
                self.send_edge(place, edge, horizon, sink);
            }
        }
        if self.is_over() {
            return;
        }
        self.send_late_look(place, horizon, sink);
        self.send_functions(place, limit, sink);
        self.looks.retain(|(at, _)| *at > limit);
        if was_read {
            self.report_counters(place, horizon, sink);
        }
    }

    /// Sends the counters if the last time is long ago.
    pub(super) fn report_counters(&mut self, place: LaneTask, at: Nanos, sink: &mut EventSink<'_>) {
        if at.since(self.counted.0) >= COUNTER_INTERVAL {
            self.send_counters(place, at, sink);
        }
    }

    /// Records the activity of a thread whose switches are not recorded.
    pub(super) fn note_activity(&mut self, at: Nanos, activity: Activity) {
        let at = at.max(self.shown.1);
        (self.head, self.tail) = ((activity, at), (activity, at));
        self.look = LookState::Done;
    }

    /// Distributes the growth of the counters over the wake-ups before they were read.
    fn resolve_counters(&mut self, horizon: Nanos) -> bool {
        let Some(read_at) = self.sums.start_resolution(horizon) else { return false };
        let (mut activity, mut since) = self.tail;
        let mut wake_ups = Vec::new();
        for (index, edge) in self.edges.iter_mut().enumerate() {
            let EdgeKind::Enter { activity: next, .. } = edge.kind else { continue };
            if edge.at > read_at {
                break;
            }
            let length = edge.at.since(since);
            if !edge.is_counted {
                match activity {
                    Activity::NoCore => self.sums.add_known(length),
                    Activity::Blocked if next == Activity::OnCpu => {
                        wake_ups.push(WakeUp { index, length });
                    }
                    _ => {}
                }
                edge.is_counted = true;
            }
            if activity == Activity::OnCpu {
                self.sums.add_run(length);
            }
            (activity, since) = (next, edge.at);
        }
        if activity == Activity::OnCpu {
            self.sums.add_run(read_at.since(since));
        }
        for (index, time) in self.sums.finish_resolution(&wake_ups) {
            if let Some(Edge { kind: EdgeKind::Enter { woken, .. }, .. }) =
                self.edges.get_mut(index)
            {
                *woken = time;
            }
        }
        true
    }

    fn send_edge(&mut self, place: LaneTask, edge: Edge, horizon: Nanos, sink: &mut EventSink<'_>) {
        let Edge { at, kind, is_counted } = edge;
        match kind {
            EdgeKind::Enter { activity, woken } => {
                let (before, since) = self.tail;
                match before {
                    Activity::OnCpu => self.sums.sent_run(at.since(since)),
                    Activity::NoCore if !is_counted => self.sums.sent_wait(at.since(since)),
                    _ => {}
                }
                self.tail = (activity, at);
                self.send_activity(place, at, activity, woken, horizon, sink);
            }
            EdgeKind::Role(role) => self.send_role(place, at, role, sink),
            EdgeKind::Renamed(name) => sink.identify(place.lane, at, (self.tid, self.pid, &name)),
            EdgeKind::Ended => {
                self.end_run(at);
                self.finish(place, at, sink);
            }
        }
    }

    /// Sends the state of an activity that began at a time.
    fn send_activity(
        &mut self,
        place: LaneTask,
        at: Nanos,
        activity: Activity,
        woken: Nanos,
        horizon: Nanos,
        sink: &mut EventSink<'_>,
    ) {
        match activity {
            Activity::Unknown => self.send_state(place.lane, at, State::Unknown, sink),
            Activity::NoCore => self.send_state(place.lane, at, State::NoCore, sink),
            Activity::OnCpu => {
                if woken >= MIN_WAKE_UP {
                    let from = Nanos(at.0.saturating_sub(woken.0));
                    self.send_state(place.lane, from, State::NoCore, sink);
                }
                self.send_role_at(place, at, sink);
                self.send_state(place.lane, at, self.running_state(), sink);
            }
            Activity::Blocked => {
                let end = self.edges.iter().find(|edge| ends_activity(edge)).map(|edge| edge.at);
                match self.look_between(at, end, horizon) {
                    Some(wait) => self.send_wait(place.lane, at, wait, sink),
                    None => self.send_state(place.lane, at, State::Blocked, sink),
                }
            }
        }
    }

    /// Returns what was seen in a wait: a look from before its end, or from before the time up to which
    /// it is known not to have ended. A stop takes precedence over the call that it interrupted.
    fn look_between(&self, start: Nanos, end: Option<Nanos>, horizon: Nanos) -> Option<Wait> {
        let in_wait = |at: Nanos| at >= start && at <= horizon && end.is_none_or(|end| at < end);
        let mut looks = self.looks.iter().filter(|(at, _)| in_wait(*at)).map(|(_, wait)| wait);
        let first = looks.next()?;
        let stop = looks.find(|wait| wait.state == State::Stopped);
        Some(stop.unwrap_or(first).clone())
    }

    /// Sends what was seen in a wait that has already been sent, from the time of the look on.
    fn send_late_look(&mut self, place: LaneTask, horizon: Nanos, sink: &mut EventSink<'_>) {
        let (Activity::Blocked, since) = self.tail else { return };
        let end = self.edges.iter().find(|edge| ends_activity(edge));
        let end = end.map(|edge| edge.at);
        let is_news = |state: State| match self.shown.0 {
            Some(State::Blocked) => true,
            Some(State::Stopped) => false,
            _ => state == State::Stopped,
        };
        let in_wait = |at: Nanos| at >= since && at <= horizon && end.is_none_or(|end| at < end);
        let mut looks = self.looks.iter().filter(|(at, wait)| in_wait(*at) && is_news(wait.state));
        if self.last_wait_is_sent_at(since) && self.shown.0 == Some(State::Blocked) {
            return;
        }
        if let Some((at, wait)) = looks.next().cloned() {
            self.send_wait(place.lane, at, wait, sink);
        }
    }

    /// Returns `true` if the wait that began at a time has its reason: one that leaves its state open.
    fn last_wait_is_sent_at(&self, since: Nanos) -> bool {
        self.last_wait.as_ref().is_some_and(|wait| wait.state == State::Blocked)
            && self.shown.1 >= since
    }

    pub(super) fn send_wait(
        &mut self,
        lane: LaneId,
        at: Nanos,
        wait: Wait,
        sink: &mut EventSink<'_>,
    ) {
        let is_restart = wait.call.is_none() && wait.state == State::Blocked;
        let wait = if is_restart { self.last_wait.clone() } else { Some(wait) };
        let Some(wait) = wait else { return self.send_state(lane, at, State::Blocked, sink) };
        if self.shown.0 == Some(wait.state) && self.last_wait.as_ref() == Some(&wait) {
            return;
        }
        let at = at.max(self.shown.1);
        if self.shown.0 == Some(wait.state) && wait.call.is_some() {
            // Another wait in the same state: a reason belongs to the state that begins with it.
            self.shown.0 = None;
        }
        self.send_state(lane, at, wait.state, sink);
        if let Some(call) = &wait.call {
            sink.explain(lane, at, call, &wait);
            self.last_wait = Some(wait);
        }
    }

    /// Sends a state. Times do not run backwards.
    pub(super) fn send_state(
        &mut self,
        lane: LaneId,
        at: Nanos,
        state: State,
        sink: &mut EventSink<'_>,
    ) {
        let at = at.max(self.shown.1);
        if self.shown.0 != Some(state) {
            self.shown = (Some(state), at);
            sink.enter(lane, at, state);
        }
    }

    /// Sends the counters if they have changed.
    pub(super) fn send_counters(&mut self, place: LaneTask, at: Nanos, sink: &mut EventSink<'_>) {
        let counters = self.sums.totals();
        let has_changed = counters != self.counted.1;
        self.counted = (at, counters);
        if has_changed {
            sink.count(place.lane, at.max(self.shown.1), counters);
        }
    }
}
