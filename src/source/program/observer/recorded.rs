//! Watching by the kernel's records.

use std::collections::HashSet;

use rustix::io::Errno;

use super::{Method, Observer, ThreadRing};
use crate::model::{Event, Nanos};
use crate::source::program::kernel_record::{KernelRecord, RecordKind};
use crate::source::program::process_table::descendants;
use crate::source::program::reading::Reading;
use crate::source::program::switch_records::{RingFailure, RingTarget, online_cpus};
use crate::source::program::thread_files::ReadFailure;
use crate::source::program::thread_fold::LiveThread;

/// The time for which a record may be on its way into its ring: the kernel stamps it before.
const RECORD_DELAY: Nanos = Nanos(100_000);

/// The number of drains without a record after which the ring of a thread counts as quiet.
const QUIET_DRAINS: u8 = 32;

/// Quiet rings are drained in turns: one of so many at each drain.
const QUIET_TURNS: usize = 8;

/// The number of rings up to which all are drained each time.
const FEW_RINGS: usize = 64;

impl Observer {
    /// Opens a ring on each CPU for a held process.
    pub(super) fn open_cpu_rings(&self) -> Result<Vec<ThreadRing>, RingFailure> {
        let open = |cpu| {
            let ring = (self.system.open_ring)(RingTarget::ProcessOnCpu { pid: self.pid, cpu })?;
            Ok(ThreadRing::new(None, ring))
        };
        online_cpus().into_iter().map(open).collect()
    }

    /// Opens a ring for each thread of a running process and of those that come from it, also for
    /// threads that are born meanwhile.
    pub(super) fn open_thread_rings(&mut self) -> Result<Vec<ThreadRing>, RingFailure> {
        let mut rings: Vec<ThreadRing> = Vec::new();
        let mut tried: HashSet<u32> = HashSet::new();
        loop {
            let before = rings.len();
            self.children = descendants(self.pid);
            let processes: Vec<u32> = [self.pid].into_iter().chain(self.children.clone()).collect();
            for pid in processes {
                let threads = self.readers.process(pid).threads().unwrap_or_default();
                for tid in threads.into_iter().filter(|tid| tried.insert(*tid)) {
                    match (self.system.open_ring)(RingTarget::Thread { tid }) {
                        Ok(ring) => rings.push(ThreadRing::new(Some(tid), ring)),
                        Err(RingFailure::Event(Errno::SRCH)) => {}
                        // A process that it created may run with other rights.
                        Err(RingFailure::Event(Errno::ACCESS | Errno::PERM)) if pid != self.pid => {
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            }
            if rings.len() == before {
                self.children.retain(|pid| rings.iter().any(|ring| ring.tid == Some(*pid)));
                return Ok(rings);
            }
        }
    }

    /// Drains the rings, then reads what the records leave open.
    pub(super) fn poll_records(&mut self, emit: &mut dyn FnMut(Event)) {
        let horizon = Nanos(self.clock.now().0.saturating_sub(RECORD_DELAY.0));
        self.drain(horizon, emit);
        self.python.poll(&self.clock, &mut self.fold, emit);
        self.read_waits(emit);
        self.read_outdated_counters(emit);
    }

    /// Applies all records from before `horizon`.
    pub(super) fn drain(&mut self, horizon: Nanos, emit: &mut dyn FnMut(Event)) {
        let Method::Recorded { rings, pending, per_thread, turn } = &mut self.method else {
            return;
        };
        let per_thread = *per_thread;
        let known = pending.len();
        *turn = (*turn + 1) % QUIET_TURNS;
        // A GIL is taken by threads that were quiet: there, no record may be late.
        let is_selective =
            rings.len() > FEW_RINGS && horizon < Nanos::MAX && !self.fold.has_interpreters();
        for (index, ring) in rings.iter_mut().enumerate() {
            if is_selective && ring.quiet >= QUIET_DRAINS && index % QUIET_TURNS != *turn {
                continue;
            }
            let before = pending.len();
            ring.ring.drain(pending);
            ring.quiet = if pending.len() > before { 0 } else { ring.quiet.saturating_add(1) };
        }
        for record in pending.iter_mut().skip(known) {
            record.at = record.at.since(self.zero);
            if let RecordKind::Lost { since, .. } = &mut record.kind {
                *since = since.since(self.zero);
            }
        }
        pending.sort_by_key(|record| record.at);
        let count = pending.partition_point(|record| record.at <= horizon);
        let records: Vec<KernelRecord> = pending.drain(..count).collect();
        let at = records.last().map_or(horizon, |last| last.at.max(horizon.min(self.clock.now())));
        let mut has_lost = false;
        for record in records {
            has_lost |= matches!(record.kind, RecordKind::Lost { .. });
            self.apply_record(record, per_thread, emit);
        }
        self.fold.apply(&Reading::Drained { at: at.min(self.clock.now()) }, emit);
        if has_lost {
            self.find_threads(emit);
            self.find_deaths(emit);
        }
    }

    fn apply_record(
        &mut self,
        record: KernelRecord,
        per_thread: bool,
        emit: &mut dyn FnMut(Event),
    ) {
        let (pid, tid) = (record.pid, record.tid);
        let is_birth = matches!(record.kind, RecordKind::Fork { .. });
        match record.kind {
            RecordKind::Exit => {
                self.readers.forget(tid);
                if let Method::Recorded { rings, .. } = &mut self.method {
                    rings.retain(|ring| ring.tid != Some(tid));
                }
            }
            RecordKind::Fork { .. } => self.readers.forget(tid),
            RecordKind::Renamed { exec: true, .. } => {
                self.is_held = false;
                self.readers.renew(pid);
                self.python.renew(pid);
            }
            _ => {}
        }
        self.fold.apply(&Reading::Record(record), emit);
        if per_thread && is_birth {
            self.follow(LiveThread { pid, tid }, emit);
        }
    }

    /// Opens a ring for a thread that was born since the program is watched.
    fn follow(&mut self, thread: LiveThread, emit: &mut dyn FnMut(Event)) {
        let opened = (self.system.open_ring)(RingTarget::Thread { tid: thread.tid });
        match opened {
            Ok(ring) => {
                if let Method::Recorded { rings, .. } = &mut self.method {
                    rings.push(ThreadRing::new(Some(thread.tid), ring));
                }
                self.find_thread(thread, emit);
            }
            Err(RingFailure::Event(Errno::SRCH)) => {
                let at = self.clock.now();
                self.fold.apply(&Reading::Gone { at, tid: thread.tid }, emit);
            }
            Err(failure) => {
                self.sample_from_now_on((self.system.restrictions)().explain_rings(failure));
            }
        }
    }

    /// Looks at the threads that were blocked by the latest records.
    fn read_waits(&mut self, emit: &mut dyn FnMut(Event)) {
        let blocked: Vec<LiveThread> = self.fold.unexplained_threads().collect();
        for thread in blocked {
            if let Ok(sight) = self.readers.sight(thread) {
                // The look is certain if the thread has not run until now.
                let at = self.clock.now();
                self.fold.apply(&Reading::Look { at, tid: thread.tid, sight }, emit);
            }
        }
    }

    fn read_outdated_counters(&mut self, emit: &mut dyn FnMut(Event)) {
        let outdated: Vec<LiveThread> = self.fold.outdated_threads().collect();
        for thread in outdated {
            self.read_counters(thread, emit);
        }
    }

    /// Reads the counters of all threads that may have run.
    pub(super) fn read_all_counters(&mut self, emit: &mut dyn FnMut(Event)) {
        if let Method::Recorded { .. } = self.method {
            let active: Vec<LiveThread> = self.fold.active_threads().collect();
            for thread in active {
                self.read_counters(thread, emit);
            }
        }
    }

    fn read_counters(&mut self, thread: LiveThread, emit: &mut dyn FnMut(Event)) {
        // Growth from before this moment is certainly in the counters.
        let at = self.clock.now();
        if let Ok(counters) = self.readers.counters(thread) {
            self.fold.apply(&Reading::Counters { at, tid: thread.tid, counters }, emit);
        }
    }

    /// Finds threads that are not known yet.
    pub(super) fn find_threads(&mut self, emit: &mut dyn FnMut(Event)) {
        let mut processes: Vec<u32> = self.fold.live_processes().collect();
        processes.push(self.pid);
        processes.append(&mut self.children);
        processes.sort_unstable();
        processes.dedup();
        for pid in processes {
            let mut threads = self.readers.process(pid).threads().unwrap_or_default();
            threads.sort_unstable();
            for tid in threads {
                if !self.fold.is_live(tid) {
                    self.find_thread(LiveThread { pid, tid }, emit);
                }
            }
        }
    }

    /// Reads the name and the state of a thread.
    pub(super) fn find_thread(&mut self, thread: LiveThread, emit: &mut dyn FnMut(Event)) {
        let LiveThread { pid, tid } = thread;
        let at = self.clock.now();
        match self.readers.stat(thread) {
            Ok(stat) => {
                let counters = self.readers.counters(thread).ok();
                let at = self.clock.now();
                let (name, letter) = (stat.name, stat.letter);
                self.fold.apply(&Reading::Found { at, pid, tid, name, letter, counters }, emit);
            }
            Err(ReadFailure::Gone) => self.fold.apply(&Reading::Gone { at, tid }, emit),
            Err(ReadFailure::Denied(_)) => {}
        }
    }

    /// Finds the deaths of threads whose records were lost.
    pub(super) fn find_deaths(&mut self, emit: &mut dyn FnMut(Event)) {
        let live: Vec<LiveThread> = self.fold.live_threads().collect();
        for thread in live {
            if self.readers.stat(thread) == Err(ReadFailure::Gone) {
                let (at, tid) = (self.clock.now(), thread.tid);
                self.readers.forget(tid);
                self.fold.apply(&Reading::Gone { at, tid }, emit);
            }
        }
    }
}
