//! The threads that live, and which of them are worth a look.

use super::ThreadFold;
use super::edge::Activity;
use super::thread_timeline::ThreadTimeline;

/// A live thread of a watched program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveThread {
    /// The process ID.
    pub pid: u32,
    /// The thread ID.
    pub tid: u32,
}

impl ThreadFold {
    /// The threads that live.
    pub fn live_threads(&self) -> impl Iterator<Item = LiveThread> {
        let live = self.live.values().filter_map(|key| self.threads.get(key));
        live.map(|thread| LiveThread { pid: thread.pid, tid: thread.tid })
    }

    /// The processes with threads that live.
    pub fn live_processes(&self) -> impl Iterator<Item = u32> {
        self.processes.keys().copied()
    }

    /// Returns the number of threads of a process that live.
    pub fn process_threads(&self, pid: u32) -> usize {
        self.processes.get(&pid).copied().unwrap_or_default()
    }

    /// Counts a thread of a process that has ended.
    pub(super) fn leave_process(&mut self, pid: u32) {
        if let Some(count) = self.processes.get_mut(&pid) {
            *count -= 1;
            if *count == 0 {
                self.processes.remove(&pid);
            }
        }
    }

    /// Returns `true` if a CPython interpreter was found in a process.
    pub fn has_interpreters(&self) -> bool {
        !self.python.is_empty()
    }

    /// The number of threads that live.
    pub fn live_count(&self) -> usize {
        self.live.len()
    }

    /// Returns `true` if the thread lives.
    pub fn is_live(&self, tid: u32) -> bool {
        self.live.contains_key(&tid)
    }

    /// The threads that are blocked by the latest records, for a reason that has not been read.
    pub fn unexplained_threads(&self) -> impl Iterator<Item = LiveThread> {
        self.changed_threads(ThreadTimeline::wants_look)
    }

    /// The threads that ended a wait since their counters were last read.
    pub fn outdated_threads(&self) -> impl Iterator<Item = LiveThread> {
        self.changed_threads(|thread| thread.sums.is_outdated && !thread.has_ended)
    }

    /// The threads whose counters may have changed since they were last read.
    pub fn active_threads(&self) -> impl Iterator<Item = LiveThread> {
        let active = |thread: &&ThreadTimeline| thread.is_active() && !thread.has_ended;
        let threads = self.threads.values().filter(active);
        threads.map(|thread| LiveThread { pid: thread.pid, tid: thread.tid })
    }

    /// Returns `true` if the thread was seen to wait, and has not run since: it had been put on a CPU
    /// as many times.
    pub fn waits_since(&self, tid: u32, slices: Option<u64>) -> bool {
        let thread = self.live.get(&tid).and_then(|key| self.threads.get(key));
        thread.is_some_and(|thread| {
            thread.activity() == Activity::Blocked && thread.sums.slices() == slices
        })
    }

    fn changed_threads(
        &self,
        is_meant: impl Fn(&ThreadTimeline) -> bool,
    ) -> impl Iterator<Item = LiveThread> {
        let threads = self.changed.iter().filter_map(|key| self.threads.get(key));
        let meant = threads.filter(move |thread| is_meant(thread));
        meant.map(|thread| LiveThread { pid: thread.pid, tid: thread.tid })
    }
}
