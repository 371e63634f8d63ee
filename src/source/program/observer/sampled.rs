//! Watching by regular looks at each thread, where switches may not be recorded.

use super::{Observer, command_line};
use crate::model::{Event, ReasonSource};
use crate::source::program::proc_line::SchedStat;
use crate::source::program::process_table::group_members;
use crate::source::program::reading::{Reading, Sight};
use crate::source::program::thread_files::{ReadFailure, ThreadFile};
use crate::source::program::thread_fold::LiveThread;

impl Observer {
    /// Looks at each thread once.
    pub(super) fn poll_samples(&mut self, emit: &mut dyn FnMut(Event)) {
        if self.is_held {
            self.is_held = command_line(self.pid) == self.held_command;
            if self.is_held {
                return;
            }
            self.readers.renew(self.pid);
            self.find_brief_process(emit);
        }
        self.python.poll(&self.clock, &mut self.fold, emit);
        if self.has_births() {
            self.find_threads(emit);
        }
        let threads: Vec<LiveThread> = self.fold.live_threads().collect();
        for thread in threads {
            if let Err(ReadFailure::Gone) = self.sample_thread(thread, emit) {
                let (at, tid) = (self.clock.now(), thread.tid);
                self.readers.forget(tid);
                self.fold.apply(&Reading::Gone { at, tid }, emit);
            }
        }
    }

    /// Finds a held process that has already ended when it is first seen to have begun.
    fn find_brief_process(&mut self, emit: &mut dyn FnMut(Event)) {
        let (pid, tid) = (self.pid, self.pid);
        let thread = LiveThread { pid, tid };
        let Ok(stat) = self.readers.stat(thread) else { return };
        if matches!(stat.letter, 'Z' | 'X') {
            let counters = self.readers.counters(thread).ok();
            let (at, name, letter) = (self.clock.now(), stat.name, 'R');
            self.fold.apply(&Reading::Found { at, pid, tid, name, letter, counters }, emit);
            self.fold.apply(&Reading::Gone { at, tid }, emit);
        }
    }

    /// Finds the processes that a held process has left behind: nothing else shows that it created
    /// them.
    pub(super) fn find_left_behind(&mut self, emit: &mut dyn FnMut(Event)) {
        let Some(group) = self.group else { return };
        for member in group_members(group) {
            let pid = member.as_raw_nonzero().get().unsigned_abs();
            if !self.fold.is_live(pid) {
                self.find_thread(LiveThread { pid, tid: pid }, emit);
            }
        }
    }

    /// Returns `true` if a process has another number of threads than are known.
    fn has_births(&mut self) -> bool {
        let Self { readers, fold, .. } = self;
        fold.live_processes().chain([self.pid]).any(|pid| {
            let count = readers.process(pid).thread_count();
            count.is_some_and(|count| count != fold.process_threads(pid))
        })
    }

    fn sample_thread(
        &mut self,
        thread: LiveThread,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), ReadFailure> {
        let counters = match self.readers.counters(thread) {
            Err(ReadFailure::Gone) if self.readers.stat(thread).is_err() => {
                return Err(ReadFailure::Gone);
            }
            counters => counters.ok(),
        };
        let sight = self.regular_sight(thread, counters)?;
        let (at, tid) = (self.clock.now(), thread.tid);
        self.fold.apply(&Reading::Sample { at, tid, counters, sight }, emit);
        Ok(())
    }

    /// Looks at a thread, unless it has not run since it was seen to wait: then it still does.
    fn regular_sight(
        &mut self,
        thread: LiveThread,
        counters: Option<SchedStat>,
    ) -> Result<Sight, ReadFailure> {
        let slices = counters.map(|counters| counters.slices);
        if slices.is_some() && self.fold.waits_since(thread.tid, slices) {
            return Ok(Sight::Unchanged);
        }
        if self.readers.reasons == ReasonSource::Syscall {
            return self.readers.sight(thread);
        }
        // The kernel function of a thread that runs says nothing.
        let letter = self.readers.stat(thread)?.letter;
        match letter {
            'Z' | 'X' => Err(ReadFailure::Gone),
            'S' | 'D' if self.readers.reasons == ReasonSource::Wchan => self.readers.sight(thread),
            _ => Ok(Sight::Letter(letter)),
        }
    }

    /// Finds the processes that the threads have created.
    pub(super) fn find_children(&mut self, emit: &mut dyn FnMut(Event)) {
        let threads: Vec<LiveThread> = self.fold.live_threads().collect();
        for thread in threads {
            let children = self.readers.text(thread, ThreadFile::Children).unwrap_or_default();
            for pid in children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()) {
                if !self.fold.is_live(pid) {
                    self.find_thread(LiveThread { pid, tid: pid }, emit);
                }
            }
        }
    }

    pub(super) fn read_names(&mut self, emit: &mut dyn FnMut(Event)) {
        let threads: Vec<LiveThread> = self.fold.live_threads().collect();
        for thread in threads {
            if let Ok(name) = self.readers.text(thread, ThreadFile::Comm) {
                let (at, tid) = (self.clock.now(), thread.tid);
                let name = name.trim_end_matches('\n').to_owned();
                self.fold.apply(&Reading::Name { at, tid, name }, emit);
            }
        }
    }
}
