//! Threads as a fold of [`Reading`]s: a pure function from what was read about a program to the events
//! of its run. A thread's life is a task, and threads with the same name stem use a lane one after
//! another.

mod counter_sums;
mod edge;
mod event_order;
mod event_sink;
mod gil_fold;
mod gil_holds;
mod gil_role;
mod lane_pool;
mod live_threads;
mod python_processes;
mod sampling;
mod sights;
mod thread_end;
mod thread_timeline;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::kernel_record::{KernelRecord, RecordKind};
use super::proc_line::SchedStat;
use super::reading::{Reading, Sight};
use super::wait_reason::Wait;
use crate::model::plan::MAX_TASKS;
use crate::model::{
    Accuracy, CloseReason, Event, EventKind, Exactness, Gap, GapScope, LaneId, Nanos, TaskId,
};
use edge::{Activity, GilRole, LaneTask, NameSource};
use event_order::{EventOrder, HolderLedger};
use event_sink::EventSink;
use lane_pool::{LaneChoice, LanePool};
pub use live_threads::LiveThread;
use python_processes::PythonProcesses;
use sights::is_stop;
use thread_timeline::ThreadTimeline;

/// The threads of a watched program, as far as they have been read.
#[derive(Default)]
pub struct ThreadFold {
    /// The threads that live or whose end has not been sent, in the order of birth.
    threads: BTreeMap<u32, ThreadTimeline>,
    /// The numbers of the threads that live, by thread ID.
    live: HashMap<u32, u32>,
    /// The tasks of the threads that live, by thread ID.
    tasks: HashMap<u32, TaskId>,
    /// The numbers of threads that live, by process.
    processes: BTreeMap<u32, usize>,
    /// The threads with something to send.
    changed: BTreeSet<u32>,
    lanes: LanePool,
    births: u32,
    last_birth: Nanos,
    task_count: u32,
    horizon: Nanos,
    /// The time up to which everything has been sent.
    settled: Nanos,
    is_exact: bool,
    /// `true` if the switches of a new thread are recorded from its birth on.
    from_birth: bool,
    switches: u64,
    python: PythonProcesses,
    holders: HolderLedger,
}

impl ThreadFold {
    /// Applies the next reading. Readings that contradict the earlier ones are ignored.
    pub fn apply(&mut self, reading: &Reading, emit: &mut dyn FnMut(Event)) {
        match reading {
            Reading::Method { at, accuracy, from_birth } => {
                self.change_method(*at, accuracy, *from_birth, emit);
            }
            Reading::Record(record) => self.apply_record(record, emit),
            Reading::Drained { at } => self.settle(*at, emit),
            Reading::Found { at, pid, tid, name, letter, counters } => {
                self.find_thread((*at, *pid, *tid), name, *letter, *counters, emit);
            }
            Reading::Counters { at, tid, counters } => {
                self.with_thread(*tid, |thread| thread.sums.read(*at, *counters));
            }
            Reading::Look { at, tid, sight } => {
                let wait = self.read_wait(*tid, sight);
                self.with_thread(*tid, |thread| match wait {
                    Some(wait) => thread.look(*at, Some(wait)),
                    None if *sight == Sight::Denied => thread.look(*at, None),
                    None => {}
                });
            }
            Reading::Letter { at, pid, letter } => self.apply_letter(*at, *pid, *letter),
            Reading::Sample { at, tid, counters, sight } => {
                // The records say more.
                if !self.is_exact {
                    self.sample(*at, *tid, *counters, sight, emit);
                }
            }
            Reading::Name { at, tid, name } => self.rename(*at, *tid, name),
            Reading::Gone { at, tid } => self.end_thread(*tid, *at),
            Reading::Interpreter { .. }
            | Reading::Gil { .. }
            | Reading::InterpretersGone { .. }
            | Reading::PythonThread { .. } => self.apply_python(reading, emit),
        }
        if !self.is_exact {
            self.flush(reading.at(), emit);
        }
    }

    fn change_method(
        &mut self,
        at: Nanos,
        accuracy: &Accuracy,
        from_birth: bool,
        emit: &mut dyn FnMut(Event),
    ) {
        self.flush(at, emit);
        self.is_exact = accuracy.edges == Exactness::Exact;
        self.from_birth = from_birth;
        let kind = EventKind::AccuracyChanged(accuracy.clone());
        emit(Event { at, lane: LaneId(0), kind });
    }

    fn apply_record(&mut self, record: &KernelRecord, emit: &mut dyn FnMut(Event)) {
        let KernelRecord { at, pid, tid, ref kind } = *record;
        // Changes of a GIL's holder are sent in the order of time, so that none can be held back.
        if at <= self.horizon && self.python.is_unknown() {
            self.with_thread(tid, |thread| thread.is_late = true);
        }
        match kind {
            RecordKind::SwitchIn => {
                if !self.live.contains_key(&tid) {
                    // The record of its birth was lost.
                    self.add_thread((at, pid, tid), "", Activity::OnCpu, None);
                }
                self.with_thread(tid, |thread| thread.enter(at, Activity::OnCpu));
            }
            RecordKind::SwitchOut { preempted } => {
                self.switches += 1;
                self.with_thread(tid, |thread| thread.leave(at, *preempted));
            }
            RecordKind::Fork { parent_tid, .. } => {
                self.end_thread(tid, at);
                let parent = self.live.get(parent_tid).and_then(|key| self.threads.get(key));
                let name = parent.map_or_else(String::new, |parent| parent.kernel_name.clone());
                let (activity, counters) = if self.from_birth {
                    (Activity::NoCore, Some(SchedStat::default()))
                } else {
                    (Activity::Unknown, None)
                };
                self.add_thread((at, pid, tid), &name, activity, counters);
            }
            RecordKind::Exit => self.end_thread(tid, at),
            RecordKind::Renamed { name, exec: false } => {
                self.rename(at, tid, name);
            }
            RecordKind::Renamed { name, exec: true } => self.execute((at, pid, tid), name),
            RecordKind::Lost { count, since, one_thread } => {
                let gap =
                    Gap { from: (*since).min(at), to: at, lost: *count, scope: GapScope::Run };
                self.lose(gap, one_thread.then_some(tid), emit);
            }
        }
    }

    /// Records that a process executes another program, whichever of its threads asked for it: all but
    /// the first thread have ended, and that one continues.
    fn execute(&mut self, (at, pid, tid): (Nanos, u32, u32), name: &str) {
        let others = self.threads.values().filter(|thread| thread.pid == pid && thread.tid != tid);
        let others: Vec<u32> = others.map(|thread| thread.tid).collect();
        for other in others {
            self.end_thread(other, at);
        }
        if !self.live.contains_key(&tid) {
            self.add_thread((at, pid, tid), name, Activity::OnCpu, None);
        }
        self.forget_python(at, pid);
        self.with_thread(tid, |thread| {
            (thread.is_python, thread.name_source) = (false, NameSource::Kernel);
            thread.rename_by_kernel(at, name);
            thread.enter(at, Activity::OnCpu);
        });
    }

    /// Records the kernel's name of a thread.
    fn rename(&mut self, at: Nanos, tid: u32, name: &str) {
        self.with_thread(tid, |thread| thread.rename_by_kernel(at, name));
    }

    fn find_thread(
        &mut self,
        (at, pid, tid): (Nanos, u32, u32),
        name: &str,
        letter: char,
        counters: Option<SchedStat>,
        emit: &mut dyn FnMut(Event),
    ) {
        let activity = match letter {
            'Z' | 'X' => return self.end_thread(tid, at),
            'R' => Activity::OnCpu,
            _ => Activity::Blocked,
        };
        if !self.live.contains_key(&tid) {
            self.add_thread((at, pid, tid), name, activity, counters);
        }
        let is_exact = self.is_exact;
        self.rename(at, tid, name);
        self.with_thread(tid, |thread| {
            if thread.activity() == Activity::Unknown {
                thread.enter(at, activity);
            }
            if is_exact && let Some(counters) = counters {
                thread.sums.read(at, counters);
            }
            if is_stop(letter) {
                thread.look(at, Some(Wait::STOPPED));
            }
        });
        if !is_exact {
            self.sample(at, tid, counters, &Sight::Letter(letter), emit);
        }
    }

    fn add_thread(
        &mut self,
        (at, pid, tid): (Nanos, u32, u32),
        name: &str,
        activity: Activity,
        counters: Option<SchedStat>,
    ) {
        // Of CPython, the events of all threads are sent in the order of time: a thread whose record came
        // late is not born before one that has been numbered.
        let born = if self.python.is_unknown() { at } else { at.max(self.last_birth) };
        self.last_birth = born.max(self.last_birth);
        let key = self.births;
        self.births = self.births.saturating_add(1);
        let mut thread = ThreadTimeline::new((pid, tid), name, born, activity, counters);
        if self.python.has_gil(pid) {
            thread.role = GilRole::Without;
        }
        self.threads.insert(key, thread);
        self.live.insert(tid, key);
        *self.processes.entry(pid).or_default() += 1;
        self.changed.insert(key);
    }

    fn end_thread(&mut self, tid: u32, at: Nanos) {
        if let Some(key) = self.live.remove(&tid) {
            if let Some(thread) = self.threads.get_mut(&key) {
                thread.end(at);
                let pid = thread.pid;
                self.leave_process(pid);
            }
            self.tasks.remove(&tid);
            self.changed.insert(key);
        }
    }

    fn apply_letter(&mut self, at: Nanos, pid: u32, letter: char) {
        if !is_stop(letter) {
            return;
        }
        for (key, thread) in &mut self.threads {
            if thread.pid == pid && thread.activity() == Activity::Blocked {
                thread.look(at, Some(Wait::STOPPED));
                self.changed.insert(*key);
            }
        }
    }

    /// Applies a change to a live thread, and lists it among those with something to send.
    fn with_thread(&mut self, tid: u32, change: impl FnOnce(&mut ThreadTimeline)) {
        if let Some(&key) = self.live.get(&tid)
            && let Some(thread) = self.threads.get_mut(&key)
        {
            change(thread);
            self.changed.insert(key);
        }
    }

    /// Sends what is certain now that all records from before `horizon` are there.
    fn settle(&mut self, horizon: Nanos, emit: &mut dyn FnMut(Event)) {
        let limit = self.horizon;
        self.resolve_gils(horizon);
        self.horizon = horizon.max(limit);
        self.settle_in_order(limit, horizon, emit);
        self.settled = limit.max(self.settled);
        self.count_gils(horizon, false, emit);
    }

    /// Sends all that is held back.
    fn flush(&mut self, horizon: Nanos, emit: &mut dyn FnMut(Event)) {
        for key in self.changed.clone() {
            self.number(key, Nanos::MAX, Nanos::MAX);
        }
        self.resolve_gils(Nanos::MAX);
        self.settle_in_order(Nanos::MAX, horizon, emit);
        self.settled = horizon.max(self.settled);
        self.count_gils(horizon, false, emit);
    }

    fn settle_in_order(&mut self, limit: Nanos, horizon: Nanos, emit: &mut dyn FnMut(Event)) {
        if self.python.is_unknown() {
            return self.settle_changed(limit, horizon, emit);
        }
        let mut order = EventOrder::default();
        self.settle_changed(limit, horizon, &mut |event| order.push(event));
        order.send(&mut self.holders, emit);
        // A change of holder that has been sent cannot be preceded by another.
        self.settled = self.settled.max(self.holders.last_change());
    }

    fn settle_changed(&mut self, limit: Nanos, horizon: Nanos, emit: &mut dyn FnMut(Event)) {
        let changed = std::mem::take(&mut self.changed);
        // A reason may name a thread that is only born now.
        for &key in &changed {
            self.number(key, limit, horizon);
        }
        for key in changed {
            self.present(key, emit);
            self.settle_thread(key, limit, horizon, emit);
        }
    }

    fn settle_thread(
        &mut self,
        key: u32,
        limit: Nanos,
        horizon: Nanos,
        emit: &mut dyn FnMut(Event),
    ) {
        let Some(thread) = self.threads.get_mut(&key) else { return };
        thread.settle(limit, horizon, &mut EventSink { emit, tasks: &self.tasks });
        if thread.is_over() {
            if let (Some(place), Some(thread)) = (thread.place, self.threads.remove(&key)) {
                self.lanes.release(place.lane, thread.lane_name(), thread.shown.1);
            }
        } else if !thread.is_at_rest() {
            self.changed.insert(key);
        }
    }

    /// Numbers a thread whose birth can be sent.
    fn number(&mut self, key: u32, limit: Nanos, horizon: Nanos) {
        let Some(thread) = self.threads.get_mut(&key) else { return };
        if thread.task.is_some() || !thread.is_presentable(limit, horizon) {
            return;
        }
        let tid = thread.tid;
        if self.task_count >= MAX_TASKS {
            // More threads than a run can number: the rest is not drawn.
            let pid = thread.pid;
            self.threads.remove(&key);
            if self.live.remove(&tid).is_some() {
                self.leave_process(pid);
            }
            return;
        }
        self.task_count += 1;
        let task = TaskId(self.task_count);
        thread.task = Some(task);
        if !thread.has_ended {
            self.tasks.insert(tid, task);
        }
    }

    /// Sends the birth of a thread that has a number.
    fn present(&mut self, key: u32, emit: &mut dyn FnMut(Event)) {
        let Some(thread) = self.threads.get_mut(&key).filter(|one| one.place.is_none()) else {
            return;
        };
        let Some(task) = thread.task else { return };
        let Some(LaneChoice { lane, is_new }) = self.lanes.take(&thread.name, thread.born) else {
            // More threads at once than there are numbers for lanes.
            thread.task = None;
            return;
        };
        thread.place = Some(LaneTask { lane, task });
        thread.absorb_names();
        let (at, name) = (thread.born, thread.name.clone());
        thread.first_name.clone_from(&name);
        let mut sink = EventSink { emit, tasks: &self.tasks };
        if is_new {
            sink.send(lane, at, EventKind::LaneOpened { name: name.clone() });
        }
        sink.send(LaneId(0), at, EventKind::TaskCountChanged { tasks: task.0 });
        sink.send(lane, at, EventKind::TaskStarted { task });
        sink.identify(lane, at, (thread.tid, thread.pid, &name));
    }

    /// Records that records of one thread or of all of them were lost.
    fn lose(&mut self, mut gap: Gap, tid: Option<u32>, emit: &mut dyn FnMut(Event)) {
        self.lose_holders(gap.from, gap.to);
        let keys: Vec<u32> = match tid {
            Some(tid) => self.live.get(&tid).copied().into_iter().collect(),
            None => self.threads.keys().copied().collect(),
        };
        self.flush(gap.from, emit);
        let mut lane = LaneId(0);
        if tid.is_some() {
            let place = keys.first().and_then(|key| self.threads.get(key)?.place);
            let Some(place) = place else { return };
            (gap.scope, lane) = (GapScope::Lane, place.lane);
        } else {
            self.lanes.record_gap(gap.from);
        }
        emit(Event { at: gap.to, lane, kind: EventKind::Gap(gap) });
        for key in keys {
            if let Some(thread) = self.threads.get_mut(&key).filter(|thread| !thread.has_ended) {
                thread.lose(gap.from);
            }
        }
    }

    /// Ends all events: threads that live are stopped, and all lanes are closed.
    pub fn finish(&mut self, at: Nanos, emit: &mut dyn FnMut(Event)) {
        self.flush(at, emit);
        self.count_gils(at, true, emit);
        let mut order = EventOrder::default();
        let mut push = |event| order.push(event);
        let mut sink = EventSink { emit: &mut push, tasks: &self.tasks };
        for thread in self.threads.values_mut() {
            thread.stop(at, &mut sink);
        }
        order.send(&mut self.holders, emit);
        let mut sink = EventSink { emit, tasks: &self.tasks };
        for lane in self.lanes.lanes() {
            sink.send(lane, at, EventKind::LaneClosed { reason: CloseReason::Finished });
        }
        self.threads.clear();
        self.live.clear();
        self.processes.clear();
    }

    /// The number of threads that have been seen.
    pub const fn birth_count(&self) -> u32 {
        self.births
    }

    /// The number of switches that the kernel has recorded.
    pub const fn recorded_switches(&self) -> u64 {
        self.switches
    }
}
